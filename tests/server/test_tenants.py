"""Tenants: each has its place, its tokens and its resources, and learns nothing of the others, not even their names."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from scimrig_simulator.server.tenants import Tenants
from scimrig_simulator.wire import Posted

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
ORIGIN = "http://127.0.0.1:8080"


def total(client: Any, path: str = "/Users", **query: str) -> int:
    return int(client.get(path, **query)["totalResults"])


def locations(value: Any) -> list[str]:
    """Every URI of a resource in an answer."""
    if isinstance(value, list):
        return [uri for item in value for uri in locations(item)]
    if not isinstance(value, dict):
        return []
    here = [uri for name, uri in value.items() if name in ("location", "$ref")]
    return here + [uri for item in value.values() for uri in locations(item)]


# Where tenants are


def test_a_tenant_is_served_behind_its_name_and_the_one_without_as_ever(house: Any) -> None:
    for client, base in ((house, "/scim/v2"), (house.guests["acme"], "/acme/scim/v2")):
        reply = client.send("POST", "/Users", body={"schemas": [USER], "userName": "ada"})
        ada = reply.resource()
        assert reply.header("Location") == ada["meta"]["location"] == f"{ORIGIN}{base}/Users/{ada['id']}"
        group = client.group("Crew", ada)
        shown = [group, client.get(f"/Users/{ada['id']}"), client.get("/Groups"), client.get("/Users")]
        shown += [client.get(path) for path in ("/ServiceProviderConfig", "/ResourceTypes", "/Schemas")]
        found = [uri for answer in shown for uri in locations(answer)]
        assert len(found) > 10
        assert [uri for uri in found if not uri.startswith(f"{ORIGIN}{base}/")] == []


def test_a_public_url_is_the_tenant_s_with_its_name_in_it(make_house: Callable[..., Any]) -> None:
    house = make_house("acme", public_url="https://id.example.com/scim/v2/")
    for client, base in ((house, "/scim/v2"), (house.guests["acme"], "/acme/scim/v2")):
        assert client.user()["meta"]["location"].startswith(f"https://id.example.com{base}/Users/")


def test_the_base_path_can_be_another(make_house: Callable[..., Any]) -> None:
    house = make_house("acme", base_url=f"{ORIGIN}/api", base_path="/api")
    assert house.user()["meta"]["location"].startswith(f"{ORIGIN}/api/Users/")
    assert house.managed("/tenants")["tenants"][1] == {"name": "acme", "path": "/acme/api"}


@pytest.mark.parametrize("name", ["a", "0", "acme-2", "a" * 63, "scim2", "users", "default-2", "x--y-"])
def test_a_name_may_be_letters_digits_and_hyphens(house: Any, name: str) -> None:
    assert total(house.let(name)) == 0


@pytest.mark.parametrize(
    "name",
    ["scim", "manage", "livez", "readyz", "openapi.json", "default", "-a", "a" * 64, "Acme", "a.b", "a_b", "a%20b",
     "a%2Fb", "%C3%A4", "a%0A", "%00", "a;b"],
)  # fmt: skip
def test_other_names_and_those_of_the_server_s_own_paths_are_refused(house: Any, name: str) -> None:
    before = house.managed("/tenants")
    reply = house.manage("PUT", f"/tenants/{name}")
    assert (reply.status, list(reply.resource())) == (400, ["error"])
    assert house.managed("/tenants") == before


def test_tenants_are_made_once_and_listed(house: Any) -> None:
    acme = house.guests["acme"]
    ada = acme.user("ada")
    reply = house.manage("PUT", "/tenants/acme")
    assert (reply.status, reply.resource()) == (200, {"name": "acme", "path": "/acme/scim/v2"})
    assert acme.get(f"/Users/{ada['id']}") == ada
    assert house.managed("/tenants") == {
        "tenants": [
            {"name": "default", "path": "/scim/v2"},
            {"name": "acme", "path": "/acme/scim/v2"},
            {"name": "beta", "path": "/beta/scim/v2"},
        ]
    }


@pytest.mark.parametrize("body", [{"name": "x"}, [], b"{"])
def test_a_tenant_has_nothing_to_be_set(house: Any, body: Any) -> None:
    assert house.manage("PUT", "/tenants/gamma", body).status == 400
    assert house.manage("DELETE", "/tenants/gamma").status == 404


def test_the_tenant_without_a_name_can_t_be_removed(house: Any) -> None:
    house.user("ada")
    assert house.manage("DELETE", "/tenants/default").status == 400
    assert total(house) == 1


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_no_tenant_hides_how_the_server_is(make_house: Callable[..., Any], path: str) -> None:
    house = make_house(base_url=ORIGIN)
    assert house.send("GET", path, headers={"Authorization": None}).status == 200


# What strangers learn

PLACES = [
    "/scim/v2/Users", "/scim/v2/Users/x", "/scim/v2/Groups", "/scim/v2/.search", "/scim/v2/Bulk", "/scim/v2/Me",
    "/scim/v2/ServiceProviderConfig", "/scim/v2/Schemas", "/scim/v2/ResourceTypes/User", "/scim/v2/nowhere", "/scim/v2",
    "/scim/v2/", "/scim", "/nowhere", "/", "", "/manage", "/manage/domains", "/manage/tenants", "/manage/webhook",
    "/livez",
]  # fmt: skip


@pytest.mark.parametrize("policy", ["open", "scalekit"])
@pytest.mark.parametrize("credentials", [None, "Bearer wrong", "Bearer", "Basic x", "beta's", "default's"])
def test_a_stranger_can_t_tell_a_tenant_from_a_name_that_nobody_has(
    make_house: Callable[..., Any], policy: str, credentials: str | None
) -> None:
    house = make_house("acme", "beta", base_url=ORIGIN, policy=policy, poster=lambda *_: pytest.fail("not to be sent"))
    tokens = {"beta's": house.guests["beta"].token, "default's": house.issue("default")["token"]}
    given = f"Bearer {tokens[credentials]}" if credentials in tokens else credentials
    answers = set()
    for place in PLACES:
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE"):
            body = {} if method in ("POST", "PUT", "PATCH") else None
            here, nowhere = (
                house.send(method, f"/{name}{place}", body=body, headers={"Authorization": given})
                for name in ("acme", "icme")  # as long as each other, so that Content-Length is too
            )
            assert here.status == nowhere.status
            assert here.headers == nowhere.headers
            assert here.body == nowhere.body.replace(b"icme", b"acme")
            answers.add(here.status)
    assert 401 in answers
    assert answers <= {200, 401, 405}, "200 and 405 are for discovery, which holds nothing of a tenant"


def test_the_token_of_the_start_learns_that_nobody_is_there(house: Any) -> None:
    nobody = house.guest("nobody", "s3cret")
    for path in ("/Users", "/Users/x", "/.search", "/nowhere"):
        reply = nobody.send("GET", path)
        assert (reply.status, reply.resource()["schemas"]) == (404, [ERROR])
    assert house.guest("acme", "s3cret").send("GET", "/Users").status == 401


def test_the_names_of_the_server_s_own_paths_are_no_tenants(make_house: Callable[..., Any]) -> None:
    house = make_house(base_url=ORIGIN)
    for name in ("scim", "manage", "livez", "default", "", "ACME", "..", "%61cme"):
        reply = house.send("GET", f"/{name}/scim/v2/Users")
        assert (reply.status, reply.resource()["schemas"]) == (404, [ERROR])
        assert house.send("GET", f"/{name}/scim/v2/Users", headers={"Authorization": None}).status == 401


# What one tenant sees of another: nothing


def test_the_same_names_are_nobody_s_conflict(house: Any) -> None:
    """SEC-07: a 409 would tell that an account exists elsewhere."""
    clients = [house, *house.guests.values()]
    assert len({client.user("ada", externalId="1")["id"] for client in clients}) == 3
    assert len({client.group("Crew")["id"] for client in clients}) == 3
    for client in clients:
        assert client.send("POST", "/Users", body={"schemas": [USER], "userName": "ADA"}).status == 409
        assert (total(client), total(client, "/Groups")) == (1, 1)


@pytest.mark.parametrize("kind", ["Users", "Groups"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE"])
def test_another_s_id_is_answered_like_one_that_nobody_has(house: Any, kind: str, method: str) -> None:
    """SEC-01."""
    acme, beta = house.guests["acme"], house.guests["beta"]
    ada = acme.user("ada", title="Lead")
    crew = acme.group("Crew", ada)
    theirs = {"Users": acme.get(f"/Users/{ada['id']}"), "Groups": crew}[kind]
    name = {"Users": {"schemas": [USER], "userName": "ada"}, "Groups": {"schemas": [GROUP], "displayName": "Crew"}}
    operation = {"op": "replace", "path": "displayName", "value": "taken"}
    bodies = {"PUT": name[kind], "PATCH": {"schemas": [PATCH_OP], "Operations": [operation]}}
    nobody = "0" * 8 + theirs["id"][8:]
    for other in (beta, house):
        for headers in ({}, {"If-Match": theirs["meta"]["version"]}, {"If-None-Match": theirs["meta"]["version"]}):
            known, unknown = (
                other.send(method, f"/{kind}/{id}", body=bodies.get(method), headers=headers)
                for id in (theirs["id"], nobody)
            )
            assert (known.status, known.body) == (404, unknown.body.replace(nobody.encode(), theirs["id"].encode()))
            assert known.headers == unknown.headers
    assert acme.get(f"/{kind}/{theirs['id']}") == theirs


def test_no_search_finds_another_s(house: Any) -> None:
    acme, beta = house.guests["acme"], house.guests["beta"]
    mail = [{"value": "ada@acme.test"}]
    ada = acme.user("ada", externalId="e1", displayName="Ada", emails=mail, active=True)
    crew = acme.group("Crew", ada)
    beta.group("Lone")
    filters = [
        'userName eq "ada"', 'userName sw "a"', 'userName co "d"', "userName pr", 'userName ne "x"', "active eq true",
        f'id eq "{ada["id"]}"', 'externalId eq "e1"', 'displayName eq "Ada"', 'emails.value eq "ada@acme.test"',
        'emails[value co "acme"]', f'groups.value eq "{crew["id"]}"', "not (userName pr)", 'title pr or userName pr',
        'meta.created gt "2000-01-01T00:00:00Z"', 'meta.resourceType eq "User"',
    ]  # fmt: skip
    for text in filters:
        assert total(acme, filter=text) == (0 if text.startswith("not") else 1), text
        for path in ("/Users", "/"):
            assert total(beta, path, filter=f"({text}) and userName pr") == 0, text
        body = {"schemas": [SEARCH], "filter": f"({text}) and userName pr"}
        for path in ("/.search", "/Users/.search"):
            assert beta.send("POST", path, body=body).resource()["totalResults"] == 0, text
    held = f'members[value eq "{ada["id"]}"]'
    assert (total(acme, "/Groups", filter=held), total(beta, "/Groups", filter=held)) == (1, 0)
    assert total(beta, "/") == 1


def test_a_group_can_t_hold_another_s_people(house: Any) -> None:
    """SEC-02."""
    acme, beta = house.guests["acme"], house.guests["beta"]
    ada, ben = acme.user("ada"), beta.user("ben")
    crew = beta.group("Crew", ben)
    theirs, nobody = [{"value": ada["id"]}], [{"value": "0" * 8 + ada["id"][8:]}]

    def refusals(members: list[dict[str, str]]) -> list[tuple[int, bytes]]:
        replies = [
            beta.send("POST", "/Groups", body={"schemas": [GROUP], "displayName": "X", "members": members}),
            beta.put(crew, members=members),
            beta.patch(f"/Groups/{crew['id']}", {"op": "add", "path": "members", "value": members}),
            beta.patch(f"/Groups/{crew['id']}", {"op": "replace", "value": {"members": members}}),
        ]
        return [(reply.status, reply.body.replace(members[0]["value"].encode(), b"ID")) for reply in replies]

    assert refusals(theirs) == refusals(nobody)
    assert {status for status, _ in refusals(theirs)} == {400}
    assert beta.get(f"/Groups/{crew['id']}") == crew
    assert total(beta, "/Groups") == 1
    assert "groups" not in acme.get(f"/Users/{ada['id']}")


def test_pages_and_totals_are_counted_for_each(house: Any) -> None:
    acme, beta = house.guests["acme"], house.guests["beta"]
    for number in range(7):
        acme.user(f"a{number}")
        beta.user(f"b{number}")
    acme.user("a7")
    for client, names in ((acme, [f"a{n}" for n in range(8)]), (beta, [f"b{n}" for n in range(7)]), (house, [])):
        pages = [client.get("/Users", startIndex=str(start), count="3") for start in (1, 4, 7, 10)]
        assert [page["totalResults"] for page in pages] == [len(names)] * 4
        assert [user["userName"] for page in pages for user in page.get("Resources", [])] == names


def test_a_cursor_leads_nowhere_else(house: Any) -> None:
    """RFC 9865 §2: a cursor is the server's own word; another tenant gets no page by it, or one of its own."""
    acme, beta = house.guests["acme"], house.guests["beta"]
    for number in range(5):
        acme.user(f"a{number}")
        beta.user(f"b{number}")
    first = acme.get("/Users", cursor="", count="2")
    reply = beta.send("GET", "/Users", {"cursor": first["nextCursor"], "count": "2"})
    assert reply.status in (200, 400)
    assert all(user["userName"].startswith("b") for user in reply.resource().get("Resources", []))
    second = acme.get("/Users", cursor=first["nextCursor"], count="2")
    assert [user["userName"] for user in second["Resources"]] == ["a2", "a3"]


def test_bulk_reaches_nobody_else(house: Any) -> None:
    acme, beta = house.guests["acme"], house.guests["beta"]
    ada = acme.user("ada")
    patch = {"schemas": [PATCH_OP], "Operations": [{"op": "replace", "path": "title", "value": "taken"}]}
    operations = [
        {"method": "PATCH", "path": f"/Users/{ada['id']}", "data": patch},
        {"method": "PUT", "path": f"/Users/{ada['id']}", "data": {"schemas": [USER], "userName": "taken"}},
        {"method": "POST", "path": "/Groups", "bulkId": "g",
         "data": {"schemas": [GROUP], "displayName": "X", "members": [{"value": ada["id"]}]}},
        {"method": "DELETE", "path": f"/Users/{ada['id']}"},
        {"method": "DELETE", "path": f"/../../acme/scim/v2/Users/{ada['id']}"},
        {"method": "POST", "path": "/Users", "bulkId": "u", "data": {"schemas": [USER], "userName": "ada"}},
    ]  # fmt: skip
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations}
    reply = beta.send("POST", "/Bulk", body=body)
    done = reply.resource()["Operations"]
    assert [operation["status"] for operation in done] == ["404", "404", "400", "404", "404", "201"]
    assert done[-1]["location"].startswith(f"{ORIGIN}/beta/scim/v2/Users/")
    assert acme.get(f"/Users/{ada['id']}") == ada
    assert total(beta, "/Groups") == 0


# Promises


def test_what_a_policy_sets_and_sends_is_the_tenant_s_own(make_house: Callable[..., Any]) -> None:
    posted: list[tuple[str, str]] = []

    def post(url: str, headers: Any, body: bytes, timeout: float) -> Any:
        posted.append((url, json.loads(body)["data"]["email"]))
        return Posted(200)

    house = make_house("acme", "beta", policy="scalekit", poster=post)
    clients = {"default": house, **house.guests}
    secrets = set()
    for name, client in clients.items():
        assert client.manage("PUT", "/domains", {"domains": [f"{name}.test"]}).status == 200
        assert client.manage("PUT", "/roles", {"default": f"{name}-role"}).status == 200
        told = client.manage("PUT", "/webhook", {"url": f"http://127.0.0.1:9/{name}"}).resource()
        secrets.add(told["secret"])
    assert len(secrets) == 3
    users = {
        name: client.user("ada", emails=[{"value": f"ada@{name}.test", "primary": True}])
        for name, client in clients.items()
    }
    house.clock.sleep(5)
    assert sorted(posted) == sorted((f"http://127.0.0.1:9/{name}", f"ada@{name}.test") for name in clients)
    for name, client in clients.items():
        assert client.managed("/domains") == {"domains": [f"{name}.test"]}
        assert client.managed("/webhook") == {"url": f"http://127.0.0.1:9/{name}"}
        assert len(client.managed("/deliveries")["deliveries"]) == 1
        assert client.managed(f"/users/{users[name]['id']}/roles") == {"roles": [f"{name}-role"]}
        others = [user["id"] for other, user in users.items() if other != name]
        assert [client.manage("GET", f"/users/{id}/roles").status for id in others] == [404, 404]
        assert [client.managed(f"/users/{id}/access")["reason"] for id in others] == ["unknown", "unknown"]
        stranger = {"schemas": [USER], "userName": "eve", "emails": [{"value": "eve@elsewhere.test"}]}
        assert client.send("POST", "/Users", body=stranger).status == 400
    assert house.guests["acme"].manage("DELETE", "/webhook").status == 204
    assert house.guests["beta"].manage("GET", "/webhook").status == 200


def test_a_group_of_one_tenant_maps_no_role_in_another(make_house: Callable[..., Any]) -> None:
    house = make_house("acme", "beta", policy="scalekit", poster=lambda *_: pytest.fail("nothing is to be sent"))
    crew = house.guests["acme"].group("Crew")
    assert house.guests["beta"].manage("PUT", f"/roles/map/{crew['id']}", {"role": "admin"}).status == 404
    assert house.guests["acme"].manage("PUT", f"/roles/map/{crew['id']}", {"role": "admin"}).status == 200
    assert house.guests["beta"].managed("/roles")["map"] == {}


def test_what_waits_to_be_sent_is_sent_for_every_tenant_by_the_next_server(
    make_house: Callable[..., Any], tmp_path: Any
) -> None:
    path = str(tmp_path / "db")
    first = make_house("acme", policy="scalekit", db=path, poster=lambda *_: Posted(200))
    for client, name in ((first, "default"), (first.guests["acme"], "acme")):
        client.manage("PUT", "/domains", {"domains": [f"{name}.test"]})
        client.manage("PUT", "/webhook", {"url": f"http://127.0.0.1:9/{name}"})
        client.user("ada", emails=[{"value": f"ada@{name}.test"}])
    told: list[str] = []
    second = make_house(policy="scalekit", db=path, poster=lambda url, *_: told.append(url) or Posted(200))
    second.clock.sleep(5)
    assert sorted(told) == ["http://127.0.0.1:9/acme", "http://127.0.0.1:9/default"]


# Removed


def test_a_tenant_is_removed_with_all_that_it_has_and_nothing_of_others(
    make_house: Callable[..., Any], tmp_path: Any
) -> None:
    path = tmp_path / "db"
    house = make_house("acme", "beta", policy="scalekit", db=str(path), poster=lambda *_: pytest.fail("too early"))
    for client in (house, *house.guests.values()):
        client.manage("PUT", "/domains", {"domains": ["acme.test"]})
        client.manage("PUT", "/webhook", {"url": "http://127.0.0.1:9/hook"})
        ada = client.user("ada", externalId="1", emails=[{"value": "ada@acme.test"}])
        crew = client.group("Crew", ada)
        client.manage("PUT", f"/roles/map/{crew['id']}", {"role": "admin"})
    kept = {name: client.get("/") for name, client in (("default", house), ("beta", house.guests["beta"]))}
    with sqlite3.connect(path) as file:
        tables = [name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        columns = {table: {row[1] for row in file.execute(f"PRAGMA table_info({table})")} for table in tables}
        owned = [table for table in tables if "tenant" in columns[table] and table != "audit"]
        (number,) = file.execute("SELECT number FROM tenant WHERE name = 'acme'").fetchone()

        def rows(table: str) -> int:
            return int(file.execute(f"SELECT COUNT(*) FROM {table} WHERE tenant = ?", (number,)).fetchone()[0])

        for table in [table for table in owned if not rows(table)]:  # what nothing that is done above fills
            values = [number if column == "tenant" else 1 for column in columns[table]]
            names, marks = ", ".join(columns[table]), ", ".join("?" * len(values))
            file.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", values)
        file.commit()
        told = rows("audit")
        assert house.manage("DELETE", "/tenants/acme").status == 204
        assert {table: rows(table) for table in owned} == dict.fromkeys(owned, 0)
        assert rows("audit") == told + 1, "what was done stays on record, and so does this"
    file.close()
    assert house.manage("DELETE", "/tenants/acme").status == 404
    assert house.guests["acme"].send("GET", "/Users").status == 401
    assert kept == {"default": house.get("/"), "beta": house.guests["beta"].get("/")}
    assert [tenant["name"] for tenant in house.managed("/tenants")["tenants"]] == ["default", "beta"]


def test_whoever_has_the_name_next_starts_anew_with_other_tokens(house: Any) -> None:
    """AUTH-08: a token dies with its tenant."""
    before = house.guests["acme"]
    ada = before.user("ada")
    house.manage("DELETE", "/tenants/acme")
    after = house.let("acme")
    assert before.send("GET", "/Users").status == 401
    assert total(after) == 0
    assert after.send("GET", f"/Users/{ada['id']}").status == 404
    assert [token["suffix"] for token in house.managed("/tenants/acme/tokens")["tokens"]] == [after.token[-4:]]


def test_events_of_a_tenant_that_is_gone_are_not_sent(make_house: Callable[..., Any]) -> None:
    house = make_house("acme", policy="scalekit", poster=lambda *_: pytest.fail("nobody is there to be told of"))
    acme = house.guests["acme"]
    acme.manage("PUT", "/domains", {"domains": ["acme.test"]})
    acme.manage("PUT", "/webhook", {"url": "http://127.0.0.1:9/hook"})
    acme.user("ada", emails=[{"value": "ada@acme.test"}])
    house.manage("DELETE", "/tenants/acme")
    house.clock.sleep(60)
    assert house.manage("PUT", "/tenants/acme").status == 200
    house.clock.sleep(60)


@pytest.mark.parametrize("path", ["/tenants/acme", "/tenants/acme/tokens/{id}"])
def test_a_body_that_comes_when_its_tenant_or_token_has_gone_is_not_stored(house: Any, path: str) -> None:
    """A slow upload is let in by its head; what let it in is looked at again when it is complete."""
    token = house.issue("acme")
    scope = {
        "type": "http", "method": "POST", "path": "/acme/scim/v2/Users", "raw_path": b"/acme/scim/v2/Users",
        "query_string": b"", "scheme": "http", "server": ("127.0.0.1", 8080),
        "headers": [(b"authorization", f"Bearer {token['token']}".encode())],
    }  # fmt: skip
    sent: list[dict[str, Any]] = []

    def remove() -> None:
        assert house.manage("DELETE", path.format(id=token["id"])).status == 204

    async def receive() -> dict[str, Any]:
        await asyncio.to_thread(remove)
        return {"type": "http.request", "body": json.dumps({"schemas": [USER], "userName": "late"}).encode()}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(house.app(scope, receive, send))
    assert sent[0]["status"] == 401
    assert total(house.let("acme")) == 0


# The register can't be read


def test_a_register_that_can_t_be_read_is_a_scim_error_and_no_verdict(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: Any) -> Any:
        error = sqlite3.OperationalError("database is locked")
        error.sqlite_errorcode = sqlite3.SQLITE_BUSY
        raise error

    monkeypatch.setattr(Tenants, "number", busy)
    reply = house.guests["acme"].send("GET", "/Users")
    assert (reply.status, reply.resource()["schemas"], reply.header("Retry-After")) == (503, [ERROR], "1")
    assert house.manage("GET", "/tenants/acme/tokens").status == 503
    assert house.send("GET", "/Users").status == 200


# In any order

NAMES = ("ada", "ben", "cy")


class Neighbours(RuleBasedStateMachine):
    """Three tenants with people of the same names, whatever they do to their own ids and to those of others.

    The model is a dictionary for each of them: id → userName, and id → (displayName, ids of members).
    """

    make: Callable[..., Any]

    @initialize()
    def open(self) -> None:
        self.house = type(self).make("acme", "beta")
        self.users: dict[str, dict[str, str]] = {"default": {}, "acme": {}, "beta": {}}
        self.groups: dict[str, dict[str, tuple[str, frozenset[str]]]] = {"default": {}, "acme": {}, "beta": {}}
        self.ids: list[str] = ["00000000-0000-4000-8000-000000000000"]

    def client(self, tenant: str) -> Any:
        return self.house if tenant == "default" else self.house.guests[tenant]

    tenants = st.sampled_from(("default", "acme", "beta"))
    names = st.sampled_from(NAMES)
    places = st.integers(min_value=0, max_value=10_000)

    @rule(tenant=tenants, name=names)
    def come(self, tenant: str, name: str) -> None:
        reply = self.client(tenant).send("POST", "/Users", body={"schemas": [USER], "userName": name})
        assert reply.status == (409 if name in self.users[tenant].values() else 201)
        if reply.status == 201:
            self.users[tenant][reply.resource()["id"]] = name
            self.ids.append(reply.resource()["id"])

    @rule(tenant=tenants, place=places)
    def go(self, tenant: str, place: int) -> None:
        id = self.ids[place % len(self.ids)]
        reply = self.client(tenant).send("DELETE", f"/Users/{id}")
        assert reply.status == (204 if id in self.users[tenant] else 404)
        if reply.status == 204:
            del self.users[tenant][id]
            self.groups[tenant] = {
                group: (name, members - {id}) for group, (name, members) in self.groups[tenant].items()
            }

    @rule(tenant=tenants, place=places, name=names, method=st.sampled_from(("PUT", "PATCH")))
    def rename(self, tenant: str, place: int, name: str, method: str) -> None:
        id = self.ids[place % len(self.ids)]
        operation = {"op": "replace", "path": "userName", "value": name}
        body = {
            "PUT": {"schemas": [USER], "userName": name},
            "PATCH": {"schemas": [PATCH_OP], "Operations": [operation]},
        }[method]
        reply = self.client(tenant).send(method, f"/Users/{id}", body=body)
        taken = name in [held for other, held in self.users[tenant].items() if other != id]
        assert reply.status == (404 if id not in self.users[tenant] else 409 if taken else 200)
        if reply.status == 200:
            self.users[tenant][id] = name

    @rule(tenant=tenants, chosen=st.lists(places, max_size=3))
    def gather(self, tenant: str, chosen: list[int]) -> None:
        members = {self.ids[place % len(self.ids)] for place in chosen}
        body = {"schemas": [GROUP], "displayName": "Crew", "members": [{"value": id} for id in sorted(members)]}
        reply = self.client(tenant).send("POST", "/Groups", body=body)
        assert reply.status == (201 if members <= self.users[tenant].keys() else 400)
        if reply.status == 201:
            self.groups[tenant][reply.resource()["id"]] = ("Crew", frozenset(members))

    @rule(tenant=st.sampled_from(("acme", "beta")))
    def move_out(self, tenant: str) -> None:
        assert self.house.manage("DELETE", f"/tenants/{tenant}").status == 204
        assert self.client(tenant).send("GET", "/Users").status == 401
        self.house.guests.pop(tenant).close()
        self.house.let(tenant)
        self.users[tenant], self.groups[tenant] = {}, {}

    @invariant()
    def each_holds_what_it_was_given(self) -> None:
        for tenant, users in self.users.items():
            listed = self.client(tenant).get("/Users")
            assert {user["id"]: user["userName"] for user in listed["Resources"]} == users
            assert listed["totalResults"] == len(users)
            for name in NAMES:
                wanted = [id for id, held in users.items() if held == name]
                found = self.client(tenant).get("/Users", filter=f'userName eq "{name}"')
                assert [user["id"] for user in found.get("Resources", [])] == wanted
            groups = self.client(tenant).get("/Groups")["Resources"]
            held = {
                group["id"]: (group["displayName"], frozenset(member["value"] for member in group.get("members", ())))
                for group in groups
            }
            assert held == self.groups[tenant]

    def teardown(self) -> None:
        if hasattr(self, "house"):
            self.house.close()


@pytest.mark.slow
def test_neighbours_never_meet(make_house: Callable[..., Any]) -> None:
    effort = settings(max_examples=30, stateful_step_count=30)
    run_state_machine_as_test(type("Here", (Neighbours,), {"make": staticmethod(make_house)}), settings=effort)
