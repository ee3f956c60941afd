"""The portal (CAP-16, CAP-17): a link that opens once, and pages on which a directory is set up without a script."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode

import pytest

from scimrig_simulator.calls import Link
from scimrig_simulator.in_process import InProcessTransport
from scimrig_simulator.seams import Seams
from scimrig_simulator.wire import BY_THE_BOOK, Reply, Send

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ORIGIN = "http://127.0.0.1:8080"
TOKEN = "s3cret"
FORM = ("Content-Type", "application/x-www-form-urlencoded")
EVIL = "<script>alert(1)</script>\"'&"


class Page(HTMLParser):
    """What of a page a browser would act on, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, list[str]]] = {}
        self.links: dict[str, dict[str, str | None]] = {}
        self.elements: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""
        self._form: str | None = None
        self._select = ""
        self._link: dict[str, str | None] | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.elements.append(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag == "form":
            self._form = told.get("action") or ""
            self.forms.setdefault(self._form, {})
        elif tag == "a":
            self._link = told
        elif tag == "select":
            self._select = told.get("name") or ""
        elif tag == "input" and self._form is not None:
            self.forms[self._form].setdefault(told.get("name") or "", []).append(told.get("value") or "")
        elif tag == "option" and self._form is not None:
            chosen = self.forms[self._form].setdefault(self._select, [])
            if not chosen or "selected" in told:
                chosen[:] = [told.get("value") or ""]

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        if tag == "a":
            self._link = None

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._link is not None:
            self.links[data] = self._link


class Browser:
    """Somebody at the portal, with a cookie once a link was opened."""

    def __init__(self, tenant: Any, origin: str = ORIGIN) -> None:
        self.tenant = tenant
        self.transport = InProcessTransport(tenant.app, origin, None, tenant.clock)
        self.cookie = ""

    def send(self, method: str, path: str, body: Any = None, **headers: str | None) -> Reply:
        told: dict[str, str | None] = {"Cookie": self.cookie or None}
        told |= {name.replace("_", "-"): value for name, value in headers.items()}
        path, _, query = path.partition("?")
        block = [pair for pair in BY_THE_BOOK if pair[0].lower() not in {name.lower() for name in told}]
        block += [(name, value) for name, value in told.items() if value is not None]
        return self.transport.exchange(Send(method, path, query, tuple(block), body))

    def open(self, location: str) -> Reply:
        reply = self.send("GET", location.removeprefix(ORIGIN))
        if reply.status == 303:
            self.cookie = str(reply.header("Set-Cookie")).partition(";")[0]
        return reply

    def page(self, path: str) -> Page:
        reply = self.send("GET", path)
        assert reply.status == 200, reply.body
        return Page(reply.body.decode())

    def submit(self, page: Page, action: str, **fields: Any) -> Reply:
        """Send a form of a page as it stands, but for these fields."""
        values = {name: held if len(held) > 1 else held[0] for name, held in page.forms[action].items()} | fields
        body = urlencode(values, doseq=True).encode()
        return self.send("POST", action, body, **{FORM[0]: FORM[1]})

    def twin(self, method: str, path: str, body: Any = None, proof: str | None = None) -> Reply:
        if proof is None and method != "GET":
            proof = str(self.send("GET", "/portal/api/session").resource()["proof"])
        return self.send(method, f"/portal/api{path}", body, x_portal_proof=proof)


def link(tenant: Any, organization: str = "org_ref", body: Any = None) -> dict[str, Any]:
    api = InProcessTransport(tenant.app, f"{ORIGIN}/api/v1", f"Bearer {TOKEN}", tenant.clock)
    path = f"/organizations/{organization}/portal_links"
    reply = api.exchange(Send("PUT", path, "", BY_THE_BOOK, {} if body is None else body))
    api.close()
    assert reply.status == 200, reply.body
    found: dict[str, Any] = reply.resource()["link"]
    return found


@pytest.fixture
def browser(tenant: Any) -> Iterator[Browser]:
    made = Browser(tenant)
    assert made.open(link(tenant)["location"]).status == 303
    yield made
    made.transport.close()


DIRECTORY = "/portal/directories/dir_ref"


def entries(tenant: Any) -> list[dict[str, Any]]:
    reply = tenant.management.exchange(Send("GET", "/audit", "limit=500&actor=admin", BY_THE_BOOK))
    return [entry for entry in reply.resource()["entries"] if entry["actor"].get("id", "").startswith("plink_")]


# The link


def test_a_link_opens_a_session_of_six_hours(tenant: Any) -> None:
    made = link(tenant, body={"features": ["dir_sync"]})
    assert set(made) == {"id", "location", "expire_time"}
    assert made["expire_time"] == "2026-01-01T00:01:00.000Z"
    browser = Browser(tenant)
    assert browser.send("GET", "/portal/").status == 401
    reply = browser.open(made["location"])
    assert (reply.status, reply.header("Location")) == (303, "/portal/")
    tenant.clock.sleep(6 * 3600 - 1)
    assert browser.send("GET", "/portal/").status == 200
    tenant.clock.sleep(1)
    assert browser.send("GET", "/portal/").status == 401


def test_a_link_opens_once(tenant: Any) -> None:
    location = link(tenant)["location"]
    assert Browser(tenant).open(location).status == 303
    again = Browser(tenant).open(location)
    assert again.status == 410
    assert "Ask" in Page(again.body.decode()).text
    assert again.header("Set-Cookie") is None


@pytest.mark.parametrize(("seconds", "status"), [(59.9, 303), (60, 410), (61, 410)])
def test_a_link_opens_for_a_minute(tenant: Any, seconds: float, status: int) -> None:
    location = link(tenant)["location"]
    tenant.clock.sleep(seconds)
    assert Browser(tenant).open(location).status == status


def test_looking_at_a_link_leaves_it_for_who_opens_it(tenant: Any) -> None:
    location = link(tenant)["location"]
    for method in ("HEAD", "POST"):
        assert Browser(tenant).send(method, location.removeprefix(ORIGIN)).status == 405
    assert Browser(tenant).open(location).status == 303


def test_what_is_no_link_opens_nothing(tenant: Any) -> None:
    assert Browser(tenant).open("/portal/" + "x" * 43).status == 410
    assert Browser(tenant).open("/portal/nonsense").status == 401


def test_the_cookie_is_for_the_portal_alone(tenant: Any) -> None:
    cookie = str(Browser(tenant).open(link(tenant)["location"]).header("Set-Cookie"))
    parts = {part.strip() for part in cookie.split(";")[1:]}
    assert parts == {"Path=/portal", "Max-Age=21600", "HttpOnly", "SameSite=Lax"}


def test_over_tls_the_cookie_goes_nowhere_else_and_works_in_a_frame(make_tenant: Callable[..., Any]) -> None:
    tenant = make_tenant(public_url="https://scim.acme.test/scim/v2", dev=True)
    location = link(tenant)["location"]
    assert location.startswith("https://scim.acme.test/portal/")
    reply = Browser(tenant).open(location.replace("https://scim.acme.test", ORIGIN))
    parts = {part.strip() for part in str(reply.header("Set-Cookie")).split(";")[1:]}
    assert {"Secure", "HttpOnly", "SameSite=None", "Partitioned"} <= parts


def test_neither_links_nor_sessions_are_kept_in_the_clear(make_tenant: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "server.db"
    tenant = make_tenant(db=str(path))
    opened, unopened = link(tenant)["location"], link(tenant)["location"]
    browser = Browser(tenant)
    browser.open(opened)
    db = sqlite3.connect(path)
    text = "\n".join(db.iterdump())
    db.close()
    for secret in (opened, unopened, browser.cookie):
        key = secret.rpartition("/")[2].rpartition("=")[2]
        assert len(key) > 40
        assert key not in text
        assert key.encode().hex().upper() not in text.upper()


def test_a_withdrawn_link_and_its_session_are_over(tenant: Any, browser: Browser) -> None:
    api = InProcessTransport(tenant.app, f"{ORIGIN}/api/v1", f"Bearer {TOKEN}", tenant.clock)
    pending = link(tenant)
    place = "/organizations/org_ref/portal_links"
    listed = api.exchange(Send("GET", place, "", BY_THE_BOOK)).resource()["links"]
    assert [(one["id"], one["location"]) for one in listed] == [(pending["id"], "")]
    assert api.exchange(Send("DELETE", f"{place}/{pending['id']}", "", BY_THE_BOOK)).status == 204
    assert api.exchange(Send("DELETE", f"{place}/{pending['id']}", "", BY_THE_BOOK)).status == 404
    assert Browser(tenant).open(pending["location"]).status == 410
    assert browser.send("GET", "/portal/").status == 200
    assert api.exchange(Send("DELETE", place, "", BY_THE_BOOK)).status == 204
    assert browser.send("GET", "/portal/").status == 401
    api.close()


def test_there_is_no_portal_without_a_policy(client: Any) -> None:
    assert Browser(client).send("GET", "/portal/").status in (401, 404)
    assert Browser(client).open("/portal/" + "x" * 43).status in (401, 404)


# Pages


def test_a_page_needs_nothing_from_elsewhere_and_may_be_framed(browser: Browser) -> None:
    for path in ("/portal/", DIRECTORY, f"{DIRECTORY}?email=ada%40acme.test"):
        reply = browser.send("GET", path)
        policy = str(reply.header("Content-Security-Policy"))
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        assert "unsafe" not in policy
        assert "frame-ancestors *" in policy
        assert (reply.header("X-Frame-Options"), reply.header("Cache-Control")) == (None, "no-store")
        assert reply.header("Referrer-Policy") == "no-referrer", "a link's path is a secret"
        page = Page(reply.body.decode())
        assert not {"script", "img", "iframe", "link", "object"} & set(page.elements)
        assert not {name for name in page.attributes if name.startswith("on") or name in ("style", "src")}
        assert page.elements.count("h1") == 1


def test_every_field_has_a_label(browser: Browser) -> None:
    html = browser.send("GET", DIRECTORY).body.decode()

    class Labels(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.ids: set[str] = set()
            self.labelled: set[str] = set()

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            told = dict(attrs)
            if tag == "label":
                self.labelled.add(told.get("for") or "")
            if tag in ("input", "select") and told.get("type") != "hidden":
                self.ids.add(told.get("id") or "?")

    seen = Labels()
    seen.feed(html)
    assert seen.ids == seen.labelled
    assert len(seen.ids) > 5


def test_what_people_are_called_is_text(tenant: Any, browser: Browser) -> None:
    tenant.group(EVIL)
    tenant.send("POST", "/Users", body={"schemas": [USER], "userName": EVIL, "emails": [{"value": f"{EVIL}@x.test"}]})
    page = browser.page("/portal/")
    browser.submit(page, "/portal/directories", name=EVIL)
    for path in ("/portal/", DIRECTORY, f"{DIRECTORY}?{urlencode({'email': EVIL, 'done': EVIL})}"):
        reply = browser.send("GET", path)
        assert "<script" not in reply.body.decode()
        page = Page(reply.body.decode())
        assert "script" not in page.elements
        assert "<script>" in page.text


def test_there_is_a_way_out(browser: Browser) -> None:
    page = browser.page("/portal/")
    reply = browser.submit(page, "/portal/leave")
    assert "Max-Age=0" in str(reply.header("Set-Cookie"))
    assert browser.send("GET", "/portal/").status == 401


# What is done there, by forms


def test_a_directory_is_made_for_a_provider(tenant: Any, browser: Browser) -> None:
    page = browser.page("/portal/")
    reply = browser.submit(page, "/portal/directories", name="", directory_provider="OKTA")
    assert (reply.status, reply.header("Location")) == (303, "/portal/?done=made")
    page = browser.page("/portal/?done=made")
    assert "has been made" in page.text
    here = str(page.links["Okta"]["href"])
    page = browser.page(here)
    assert page.forms[f"{here}/provider"]["directory_provider"] == ["OKTA"]
    assert browser.submit(page, f"{here}/provider", name="Head office").status == 303
    assert "Head office" in browser.page("/portal/").links


def test_a_token_is_shown_once_and_can_be_kept_in_a_file(tenant: Any, browser: Browser) -> None:
    page = browser.page(DIRECTORY)
    reply = browser.submit(page, f"{DIRECTORY}/secrets")
    page = Page(reply.body.decode())
    text = unquote(str(page.links["Download as text"]["href"]).partition(",")[2])
    document = json.loads(unquote(str(page.links["Download as JSON"]["href"]).partition(",")[2]))
    assert str(page.links["Download as JSON"]["download"]).endswith(".json")
    assert str(page.links["Download as text"]["download"]).endswith(".txt")
    assert document["base_url"] == f"{ORIGIN}/api/v1/directories/dir_ref/scim/v2"
    assert document["token"] in text
    assert document["base_url"] in text
    idp = InProcessTransport(tenant.app, document["base_url"], f"Bearer {document['token']}", tenant.clock)
    assert idp.exchange(Send("GET", "/Users", "", BY_THE_BOOK)).status == 200
    assert document["token"] not in browser.send("GET", DIRECTORY).body.decode()
    assert f"…{document['token'][-4:]}" in browser.page(DIRECTORY).text
    page = browser.page(DIRECTORY)
    (revoke,) = (action for action in page.forms if action.endswith("/revoke"))
    assert browser.submit(page, revoke).status == 303
    assert idp.exchange(Send("GET", "/Users", "", BY_THE_BOOK)).status == 401
    idp.close()


def test_a_third_token_is_refused_and_all_can_be_replaced(tenant: Any, browser: Browser) -> None:
    page = browser.page(DIRECTORY)
    assert [browser.submit(page, f"{DIRECTORY}/secrets").status for _ in range(3)] == [200, 200, 400]
    assert entries(tenant)[-1]["outcome"] == "rejected"
    reply = browser.submit(page, f"{DIRECTORY}/regenerate")
    assert "Download as text" in Page(reply.body.decode()).links
    assert [entry["action"] for entry in entries(tenant)][-1] == "secret.regenerate"


def test_the_connection_is_tested(tenant: Any, browser: Browser) -> None:
    before = len(tenant.get("/Users").get("Resources", []))
    reply = browser.submit(browser.page(DIRECTORY), f"{DIRECTORY}/test")
    page = Page(reply.body.decode())
    assert "The directory answers." in page.text
    assert "not that your IdP reaches it" in page.text
    assert browser.twin("GET", "/directories/dir_ref").resource()["directory"]["secrets"] == []
    assert len(tenant.get("/Users").get("Resources", [])) == before
    assert entries(tenant)[-1]["action"] == "directory.test"


def test_custom_attributes_are_mapped(browser: Browser) -> None:
    page = browser.page(DIRECTORY)
    action = f"{DIRECTORY}/attributes"
    assert browser.submit(page, action, key=["title", "", ""], map_to=["job", "", ""]).status == 303
    page = browser.page(DIRECTORY)
    assert page.forms[action]["key"] == ["title", "", "", ""]
    assert page.forms[action]["map_to"] == ["job", "", "", ""]
    refused = browser.submit(page, action, key=["password"], map_to=["secret"])
    assert refused.status == 400
    assert "password" in Page(refused.body.decode()).text
    assert browser.submit(page, action, key=[""], map_to=[""]).status == 303
    assert browser.page(DIRECTORY).forms[action]["key"] == ["", "", ""]


def test_groups_are_given_roles(tenant: Any, browser: Browser) -> None:
    ada = tenant.person("ada")
    tenant.group("Crew", ada)
    page = browser.page(DIRECTORY)
    assert browser.submit(page, f"{DIRECTORY}/roles", role_name="developer").status == 303
    assert tenant.roles(ada) == ["developer"]
    page = browser.page(DIRECTORY)
    assert page.forms[f"{DIRECTORY}/roles"]["role_name"] == ["developer"]
    assert browser.submit(page, f"{DIRECTORY}/roles", role_name="").status == 303
    assert tenant.roles(ada) == ["member"]


def test_who_was_refused_is_shown_and_why(tenant: Any, browser: Browser) -> None:
    tenant.send("POST", "/Users", body={"schemas": [USER], "userName": "joe", "emails": [{"value": "joe@other.test"}]})
    page = browser.page(f"{DIRECTORY}?email=joe%40other.test")
    assert "joe@other.test does not appear: domain_not_registered" in page.text
    assert page.text.count("domain_not_registered") == 2, "in the list too"
    assert "acme.test" in page.text


# The JSON twin


def test_each_function_has_a_twin(tenant: Any, browser: Browser) -> None:
    twin = browser.twin
    (one,) = twin("GET", "/directories").resource()["directories"]
    assert (one["id"], one["directory_endpoint"]) == ("dir_ref", f"{ORIGIN}/api/v1/directories/dir_ref/scim/v2")
    assert one["stats"]["total_users"] == 0
    assert "OKTA" in {provider["id"] for provider in twin("GET", "/providers").resource()["providers"]}
    assert twin("POST", "/directories", {"directory_provider": "JUMPCLOUD"}).status == 201
    assert twin("PATCH", "/directories/dir_ref", {"directory_provider": "OKTA"}).status == 200
    made = twin("POST", "/directories/dir_ref/secrets", {}).resource()
    assert made["plain_secret"][-4:] == made["secret"]["secret_suffix"]
    tested = twin("POST", "/directories/dir_ref:test", {}).resource()
    assert [check["status"] for check in tested["checks"]] == [200, 200, 200]
    assert tested["passed"] is True
    assert twin("DELETE", f"/directories/dir_ref/secrets/{made['secret']['id']}").status == 204
    mapping = {"attributes": [{"key": "title", "map_to": "job"}]}
    assert twin("PUT", "/directories/dir_ref/attributes", mapping).status == 200
    assert twin("PUT", "/directories/dir_ref/groups/-/roles:assign", {"assignments": []}).status == 200
    assert [one["domain"] for one in twin("GET", "/domains").resource()["domains"]] == ["acme.test"]
    tenant.send("POST", "/Users", body={"schemas": [USER], "userName": "joe"})
    (row,) = twin("GET", "/directories/dir_ref/rejections").resource()["rejections"]
    assert (row["who"], row["reason"], row["status"]) == ("joe", "email_missing", 400)
    asked = twin("GET", "/directories/dir_ref/diagnosis?email=joe%40acme.test").resource()
    assert asked["reasons"] == ["never_sent"]


def test_a_test_of_a_directory_that_is_shut_tells_so(tenant: Any, browser: Browser) -> None:
    tenant.manage("PUT", "/tenants/default/directory", {"enabled": False})
    tested = browser.twin("POST", "/directories/dir_ref:test", {}).resource()
    assert tested["passed"] is False
    assert 403 in [check["status"] for check in tested["checks"]]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", "/directories/dir_ref:disable"),
        ("DELETE", "/directories/dir_ref"),
        ("GET", "/users"),
        ("PATCH", "/settings"),
        ("POST", "/domains"),
        ("PUT", "/portal_links"),
    ],
)
def test_the_portal_lends_no_more_than_it_needs(browser: Browser, method: str, path: str) -> None:
    assert browser.twin(method, path, {} if method != "DELETE" else None).status in (404, 405)


def test_what_is_the_owners_cant_be_set_at_the_portal(browser: Browser) -> None:
    for body in ({"enabled": False}, {"allowed_addresses": ["10.0.0.0/8"]}):
        assert browser.twin("PATCH", "/directories/dir_ref", body).status == 400


def test_another_organization_is_out_of_sight(make_house: Callable[..., Any]) -> None:
    house = make_house("acme", "beta", policy="scalekit", poster=lambda *_: None)
    browser = Browser(house)
    browser.open(link(house, "org_acme")["location"])
    assert [one["id"] for one in browser.twin("GET", "/directories").resource()["directories"]] == ["dir_acme"]
    for path in ("/directories/dir_beta", "/directories/dir_beta/rejections", "/directories/dir_ref"):
        assert browser.twin("GET", path).status == 404
    assert browser.send("GET", "/portal/directories/dir_beta").status == 404
    assert browser.twin("POST", "/directories/dir_beta:test", {}).status == 404
    assert browser.twin("POST", "/directories/dir_beta/secrets", {}).status == 404


# Whoever else has the browser ask


@pytest.mark.parametrize("proof", ["", "0" * 64, "é"])
def test_a_form_of_another_page_is_refused(tenant: Any, browser: Browser, proof: str) -> None:
    body = urlencode({"proof": proof, "name": "x"}).encode()
    assert browser.send("POST", "/portal/directories", body, **{FORM[0]: FORM[1]}).status == 403
    assert browser.twin("POST", "/directories", {}, proof="0" * 64).status == 403
    assert len(browser.twin("GET", "/directories").resource()["directories"]) == 1


def test_a_proof_is_that_of_one_session(tenant: Any, browser: Browser) -> None:
    other = Browser(tenant)
    other.open(link(tenant)["location"])
    proof = other.send("GET", "/portal/api/session").resource()["proof"]
    assert browser.twin("POST", "/directories", {}, proof=proof).status == 403


def test_without_a_session_there_is_nothing(tenant: Any) -> None:
    stranger = Browser(tenant)
    for path in ("/portal/", DIRECTORY, "/portal/x", "/portal/directories"):
        reply = stranger.send("POST", path, b"") if path.endswith("ies") else stranger.send("GET", path)
        assert reply.status == 401
        assert "Ask for a new link" in reply.body.decode()
    reply = stranger.send("GET", "/portal/api/directories")
    assert (reply.status, list(reply.resource())) == (401, ["error"])


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/portal/nowhere", None, 404),
        ("GET", "/portal/directories/nobody", None, 404),
        ("PUT", "/portal/", b"", 405),
        ("POST", "/portal/nowhere", b"", 403),
        ("GET", "/portal/api/nowhere", None, 404),
        ("PUT", "/portal/api/directories", b"{}", 405),
        ("POST", "/portal/directories", b"a&" * 40_000, 413),
        ("POST", "/portal/directories", b"\xff\xfe=%ff", 403),
        ("GET", f"{DIRECTORY}?email=%ff%00", None, 200),
    ],
)
def test_nonsense_is_refused_with_a_page(browser: Browser, method: str, path: str, body: Any, status: int) -> None:
    assert browser.send(method, path, body).status == status


def test_a_form_that_isnt_there_is_refused(browser: Browser) -> None:
    page = browser.page("/portal/")
    page.forms["/portal/nowhere"] = page.forms["/portal/leave"]
    assert browser.submit(page, "/portal/nowhere").status == 404


# On record


def test_what_is_done_at_the_portal_is_on_record(tenant: Any, browser: Browser) -> None:
    made = browser.twin("POST", "/directories/dir_ref/secrets", {}).resource()
    browser.twin("PATCH", "/directories/dir_ref", {"name": "Head office"})
    browser.twin("PATCH", "/directories/dir_ref", {"enabled": True})
    found = entries(tenant)
    assert [(entry["action"], entry["outcome"]) for entry in found] == [
        ("portal.open", "success"), ("secret.create", "success"), ("directory.update", "success"),
        ("directory.update", "rejected"),
    ]  # fmt: skip
    assert len({entry["actor"]["id"] for entry in found}) == 1
    assert {entry["actor"]["ip"] for entry in found} == {"127.0.0.1"}
    text = json.dumps(found)
    proof = browser.send("GET", "/portal/api/session").resource()["proof"]
    for secret in (made["plain_secret"], browser.cookie.partition("=")[2], proof):
        assert secret not in text


# The seam


def test_a_saboteur_may_have_a_link_open_twice(make_tenant: Callable[..., Any]) -> None:
    class Generous(Seams):
        def opens(self, link: Link, now: float) -> bool:
            return True

    tenant = make_tenant(seams=Generous())
    location = link(tenant)["location"]
    tenant.clock.sleep(3600)
    assert [Browser(tenant).open(location).status for _ in range(2)] == [303, 303]
