"""Webhooks over /manage: endpoints are made, shown, changed, rotated and removed, deliveries listed and repeated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from scimrig_simulator.policy.samples import TYPES
from scimrig_simulator.wire import BY_THE_BOOK, Posted, Send

URL = "https://app.acme.test/hook"
CREATED = "organization.directory.user_created"


@pytest.fixture
def alone(make_client: Callable[..., Any]) -> Any:
    """A server with a policy where nobody is registered, and what was posted: (URL, headers)."""
    posted: list[tuple[str, dict[str, str]]] = []

    def post(url: str, headers: Any, body: bytes, timeout: float) -> Posted:
        posted.append((url, dict(headers)))
        return Posted(500 if "bad" in url else 200, answer=b"thanks")

    client = make_client(policy="scalekit", poster=post)
    client.manage("PUT", "/domains", {"domains": ["acme.test"]})
    client.posted = posted
    return client


def ask(client: Any, method: str, path: str, body: Any = None) -> Any:
    reply = client.manage(method, path, body)
    assert reply.status < 300, reply.body
    return reply.resource() if reply.body else None


def test_an_endpoint_is_told_its_secret_once_and_shown_without_it(alone: Any) -> None:
    reply = alone.manage("POST", "/webhooks", {"url": URL, "description": "CRM", "events": [CREATED]})
    made = reply.resource()
    secret = made.pop("secret")
    assert reply.status == 201
    assert made == {
        "id": made["id"], "url": URL, "description": "CRM", "events": [CREATED], "enabled": True,
        "created": made["created"], "secrets": [{"suffix": secret[-4:]}],
    }  # fmt: skip
    assert made["id"].startswith("ep_")
    assert secret.startswith("whsec_")
    assert ask(alone, "GET", "/webhooks") == {"webhooks": [made]}
    assert ask(alone, "GET", f"/webhooks/{made['id']}") == made


def test_what_is_not_said_of_an_endpoint_is_everything_switched_on(alone: Any) -> None:
    made = ask(alone, "POST", "/webhooks", {"url": URL})
    assert (made["description"], made["events"], made["enabled"]) == ("", [], True)


def test_an_endpoint_is_changed_in_what_is_said_and_in_nothing_else(alone: Any) -> None:
    made = ask(alone, "POST", "/webhooks", {"url": URL, "events": [CREATED]})
    before = ask(alone, "GET", f"/webhooks/{made['id']}")
    place = f"/webhooks/{made['id']}"
    assert ask(alone, "PATCH", place, {"description": "CRM"}) == {**before, "description": "CRM"}
    assert ask(alone, "PATCH", place, {"enabled": False, "events": []}) == {
        **before, "description": "CRM", "enabled": False, "events": [],
    }  # fmt: skip
    assert ask(alone, "PATCH", place, {"url": "https://other.test/"})["url"] == "https://other.test/"


def test_an_endpoint_is_removed(alone: Any) -> None:
    made = ask(alone, "POST", "/webhooks", {"url": URL})
    assert alone.manage("DELETE", f"/webhooks/{made['id']}").status == 204
    for method in ("GET", "PATCH", "DELETE"):
        assert alone.manage(method, f"/webhooks/{made['id']}", {}).status == 404
    assert ask(alone, "GET", "/webhooks") == {"webhooks": []}


def test_the_main_endpoint_is_one_of_all(alone: Any) -> None:
    ask(alone, "PUT", "/webhook", {"url": URL})
    (shown,) = ask(alone, "GET", "/webhooks")["webhooks"]
    assert shown["url"] == URL
    ask(alone, "DELETE", f"/webhooks/{shown['id']}")
    assert alone.manage("GET", "/webhook").status == 404


@pytest.mark.parametrize("rotate", ["/webhook/secret:rotate", "/webhooks/{id}/secrets:rotate"])
def test_a_rotated_secret_is_told_once_and_both_are_shown_by_their_ends_for_a_day(alone: Any, rotate: str) -> None:
    first = ask(alone, "PUT", "/webhook", {"url": URL})["secret"]
    (shown,) = ask(alone, "GET", "/webhooks")["webhooks"]
    second = ask(alone, "POST", rotate.format(id=shown["id"]))["secret"]
    assert second.startswith("whsec_")
    assert second != first
    place = f"/webhooks/{shown['id']}"
    assert ask(alone, "GET", place)["secrets"] == [{"suffix": second[-4:]}, {"suffix": first[-4:]}]
    alone.clock.sleep(86_400)
    assert ask(alone, "GET", place)["secrets"] == [{"suffix": second[-4:]}]


def test_there_is_nothing_to_rotate_where_nobody_is_registered(alone: Any) -> None:
    assert alone.manage("POST", "/webhook/secret:rotate").status == 404
    assert alone.manage("POST", "/webhooks/ep_1/secrets:rotate").status == 404


@pytest.mark.parametrize("url", [
    "http://app.acme.test/hook", "http://10.0.0.1/", "https://u:p@app.test/", "https://app.test/#x", "ftp://localhost/",
    "hook", "", None, 7, ["https://app.test/"], "https://app.test/\n",
])  # fmt: skip
@pytest.mark.parametrize(("method", "path"), [("POST", "/webhooks"), ("PATCH", "/webhooks/{id}"), ("PUT", "/webhook")])
def test_people_s_data_leaves_this_machine_encrypted_or_not_at_all(
    alone: Any, url: Any, method: str, path: str
) -> None:
    made = ask(alone, "POST", "/webhooks", {"url": URL})
    reply = alone.manage(method, path.format(id=made["id"]), {"url": url})
    assert (reply.status, list(reply.resource())) == (400, ["error"])
    assert [one["url"] for one in ask(alone, "GET", "/webhooks")["webhooks"]] == [URL]


@pytest.mark.parametrize("body", [
    {"url": URL, "events": "all"}, {"url": URL, "events": [1]}, {"url": URL, "events": [""]},
    {"url": URL, "secret": "x"}, {"url": URL, "enabled": "yes"}, {"url": URL, "description": 1},
    {"url": URL, "events": ["x"] * 101}, {},
])  # fmt: skip
def test_what_makes_no_sense_is_refused_in_words(alone: Any, body: Any) -> None:
    reply = alone.manage("POST", "/webhooks", body)
    assert (reply.status, list(reply.resource())) == (400, ["error"])


def test_deliveries_are_listed_by_state_and_paged(alone: Any) -> None:
    for url in ("https://good.test/", "https://bad.test/"):
        ask(alone, "POST", "/webhooks", {"url": url})
    for name in ("ada", "ben"):
        alone.user(f"{name}@acme.test", active=True)
    alone.clock.sleep(200_000.0)
    listed = ask(alone, "GET", "/deliveries")
    assert [one["state"] for one in listed["deliveries"]] == ["delivered", "failed"] * 2
    failed = [one for one in listed["deliveries"] if one["state"] == "failed"]
    assert managed(alone, "/deliveries", state="failed") == {"deliveries": failed, "next": ""}
    first = managed(alone, "/deliveries", limit="3")
    assert first == {"deliveries": listed["deliveries"][:3], "next": listed["deliveries"][2]["id"]}
    assert managed(alone, "/deliveries", limit="3", after=first["next"]) == {
        "deliveries": listed["deliveries"][3:], "next": "",
    }  # fmt: skip
    assert {attempt["response"] for one in listed["deliveries"] for attempt in one["attempts"]} == {"thanks"}


@pytest.mark.parametrize("query", [{"state": "lost"}, {"after": "evt_x.1"}, {"after": "x"}, {"limit": "many"}])
def test_a_page_that_cannot_be_is_refused_in_words(alone: Any, query: dict[str, str]) -> None:
    text = "&".join(f"{name}={value}" for name, value in query.items())
    reply = queried(alone, "/deliveries", text)
    assert (reply.status, list(reply.resource())) == (400, ["error"])


def test_a_failed_delivery_is_sent_again(alone: Any) -> None:
    made = ask(alone, "POST", "/webhooks", {"url": "https://bad.test/"})
    alone.user("ada@acme.test", active=True)
    alone.clock.sleep(200_000.0)
    ask(alone, "PATCH", f"/webhooks/{made['id']}", {"url": "https://repaired.test/"})
    (failed,) = managed(alone, "/deliveries", state="failed")["deliveries"]
    again = ask(alone, "POST", f"/deliveries/{failed['id']}:redeliver")["deliveries"]
    assert [(one["id"], one["state"]) for one in again] == [(failed["id"], "pending")]
    alone.clock.sleep(0.0)
    assert managed(alone, "/deliveries")["deliveries"][0]["state"] == "delivered"
    assert {headers["webhook-id"] for _, headers in alone.posted} == {failed["event_id"]}
    assert alone.posted[-1][0] == "https://repaired.test/"


def test_what_cannot_be_sent_again_is_refused_in_words(alone: Any) -> None:
    made = ask(alone, "POST", "/webhooks", {"url": URL})
    alone.user("ada@acme.test", active=True)
    alone.clock.sleep(1.0)
    (delivery,) = managed(alone, "/deliveries")["deliveries"]
    ask(alone, "DELETE", f"/webhooks/{made['id']}")
    assert alone.manage("POST", f"/deliveries/{delivery['id']}:redeliver").status == 409
    assert alone.manage("POST", "/deliveries/evt_x:redeliver").status == 404


@pytest.mark.parametrize("type", TYPES)
def test_a_test_event_goes_to_whoever_hears_of_its_type(alone: Any, type: str) -> None:
    ask(alone, "POST", "/webhooks", {"url": URL, "events": [type]})
    ask(alone, "POST", "/webhooks", {"url": "https://deaf.test/", "events": ["organization.directory_enabled"]})
    reply = alone.api("POST", f"/webhooks/test-event/{type}")
    assert reply.status == 200, reply.body
    alone.clock.sleep(0.0)
    assert [(url, headers["webhook-id"]) for url, headers in alone.posted] == [(URL, reply.resource()["event_id"])]


def test_a_test_event_that_is_not_there_is_refused(alone: Any) -> None:
    assert alone.api("POST", "/webhooks/test-event/organization.lost").status == 400
    assert alone.api("POST", f"/webhooks/test-event/{CREATED}", {"directory_id": "dir_lost"}).status == 404


def queried(client: Any, path: str, query: str) -> Any:
    return client.management.exchange(Send("GET", path, query, BY_THE_BOOK, None))


def managed(client: Any, path: str, **query: str) -> Any:
    reply = queried(client, path, "&".join(f"{name}={value}" for name, value in query.items()))
    assert reply.status == 200, reply.body
    return reply.resource()
