"""The events of directories over the API (CAP-55): what webhooks were sent, in the order in which it happened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from scimrig_simulator.in_process import InProcessTransport
from scimrig_simulator.wire import BY_THE_BOOK, Reply, Send

TOKEN = "s3cret"


def ask(tenant: Any, query: str = "", token: str = TOKEN, **wanted: Any) -> Reply:
    url = "http://127.0.0.1:8080/api/v1"
    api = InProcessTransport(tenant.app, url, f"Bearer {token}", tenant.clock)
    reply = api.exchange(Send("POST", "/events/paginated", query, BY_THE_BOOK, wanted))
    api.close()
    return reply


def events(tenant: Any, **wanted: Any) -> list[dict[str, Any]]:
    reply = ask(tenant, "page_size=30", **wanted)
    assert reply.status == 200, reply.body
    return list(reply.resource()["events"])


def types(tenant: Any, **wanted: Any) -> list[str]:
    return [event["type"].rpartition(".")[2] for event in events(tenant, **wanted)]


@pytest.fixture
def busy(tenant: Any) -> Any:
    """Three events, a minute apart, the first at 00:00: ada comes, changes, and is switched off."""
    ada = tenant.person("ada")
    tenant.clock.sleep(60)
    tenant.put(ada, title="Lead")
    tenant.clock.sleep(60)
    tenant.put(ada, active=False)
    tenant.clock.sleep(5)
    return tenant


def test_what_was_sent_is_listed_as_it_was_sent(busy: Any) -> None:
    sent = busy.receiver.events
    assert len(sent) == 3
    assert events(busy) == sent


def test_events_are_kept_where_nobody_listens(tenant: Any) -> None:
    assert tenant.manage("DELETE", "/webhook").status == 204
    tenant.person("ada")
    assert types(tenant) == ["user_created"]
    assert tenant.told() == []


def test_what_was_refused_is_no_event(tenant: Any) -> None:
    tenant.send("POST", "/Users", body={"userName": "joe"})
    assert events(tenant) == []


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, [0, 1, 2]),
        ({"event_types": []}, [0, 1, 2]),
        ({"event_types": ["organization.directory.user_updated"]}, [1]),
        (
            {"event_types": ["organization.directory.user_updated", "organization.directory.user_deleted"]},
            [1, 2],
        ),
        ({"event_types": ["nonsense"]}, []),
        ({"start_time": "2026-01-01T00:01:00Z"}, [1, 2]),
        ({"end_time": "2026-01-01T00:01:00Z"}, [0]),
        ({"start_time": "2026-01-01T00:00:30Z", "end_time": "2026-01-01T00:01:30Z"}, [1]),
        ({"organization_id": "org_ref"}, [0, 1, 2]),
        ({"organization_id": "org_other"}, []),
        ({"source": "DIR_SYNC"}, [0, 1, 2]),
        ({"source": "SCALEKIT"}, []),
    ],
)
def test_events_are_found_by(busy: Any, wanted: dict[str, Any], found: list[int]) -> None:
    sent = busy.receiver.events
    assert events(busy, **wanted) == [sent[place] for place in found]


def test_events_come_in_pages_both_ways(busy: Any) -> None:
    order = [event["id"] for event in events(busy)]
    first = ask(busy, "page_size=2").resource()
    assert ([event["id"] for event in first["events"]], first["prev_page_token"]) == (order[:2], "")
    second = ask(busy, f"page_size=2&page_token={first['next_page_token']}").resource()
    assert ([event["id"] for event in second["events"]], second["next_page_token"]) == (order[2:], "")
    back = ask(busy, f"page_size=2&page_token={second['prev_page_token']}").resource()
    assert [event["id"] for event in back["events"]] == order[:2]


def test_a_page_belongs_to_its_filter(busy: Any) -> None:
    token = ask(busy, "page_size=1").resource()["next_page_token"]
    assert ask(busy, f"page_size=1&page_token={token}", source="DIR_SYNC").status == 200
    assert ask(busy, f"page_size=1&page_token={token}", organization_id="org_ref").status == 400
    assert ask(busy, "page_token=nonsense").status == 400


@pytest.mark.parametrize(
    "wanted", [{"event_types": "all"}, {"event_types": [1]}, {"start_time": "today"}, {"source": "x"}, {"colour": "x"}]
)
def test_nonsense_is_refused(tenant: Any, wanted: dict[str, Any]) -> None:
    reply = ask(tenant, **wanted)
    assert (reply.status, reply.resource()["code"]) == (400, 3)


@pytest.fixture
def house(make_house: Callable[..., Any]) -> Any:
    return make_house("acme", "beta", policy="scalekit", poster=lambda *_: None)


def test_the_owner_sees_the_events_of_every_organization_and_nobody_else_does(house: Any) -> None:
    for name in ("acme", "beta"):
        house.guests[name].group("Crew")
    assert [event["organization_id"] for event in events(house)] == ["org_acme", "org_beta"]
    assert [event["organization_id"] for event in events(house, organization_id="org_beta")] == ["org_beta"]
    assert ask(house, token=house.guests["acme"].token).status == 401
