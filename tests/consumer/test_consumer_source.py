"""The directory behind the webhooks of consumer mode: what its events tell, and what its API answers."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from scimrig.consumer.api import DirectoryApi
from scimrig.consumer.source import Source
from scimrig_simulator.workforce.company import Company

BASE = "/api/v1/organizations/org_1/directories/dir_1"


@pytest.fixture
def source() -> Source:
    return Source(Company(1, "acme.test", "rig-"), "m", "org_1", "dir_1")


def hire(source: Source, count: int) -> None:
    for number in range(count):
        source.happened("user_created", f"p{number}", {}, 1000.0 + number)


def listed(source: Source, query: str = "") -> list[dict[str, Any]]:
    """Every user, page by page."""
    users: list[dict[str, Any]] = []
    token = ""
    while True:
        status, page = source.answer(f"{BASE}/users?page_token={token}&{query}")
        assert status == 200
        users += page["users"]
        token = page["next_page_token"]
        if not token:
            return users


@pytest.mark.parametrize(("size", "first"), [("", 10), ("page_size=7", 7), ("page_size=50", 30)])
def test_pages_hold_ten_users_or_as_many_as_asked_but_never_more_than_thirty(
    source: Source, size: str, first: int
) -> None:
    hire(source, 65)
    _, page = source.answer(f"{BASE}/users?{size}")
    assert len(page["users"]) == first
    assert page["total_size"] == 65
    assert page["prev_page_token"] == ""
    assert len({user["id"] for user in listed(source, size)}) == 65


def test_who_is_switched_off_is_listed_as_inactive_and_who_is_deleted_is_not(source: Source) -> None:
    hire(source, 3)
    source.happened("user_deactivated", "p0", {}, 2000)
    source.happened("user_deleted", "p1", {}, 2000)
    assert [(user["id"], user["active"]) for user in listed(source)] == [("diruser_m0001", False),
                                                                         ("diruser_m0003", True)]


def test_updated_after_gives_exactly_what_has_changed_since(source: Source) -> None:
    hire(source, 3)
    source.happened("user_updated", "p1", {"name": "New"}, 5000)
    users = listed(source, "updated_after=1970-01-01T01:00:00Z&include_detail=true")
    assert [user["user_detail"]["name"] for user in users] == ["New"]


def test_an_older_event_does_not_change_the_source(source: Source) -> None:
    source.happened("user_updated", "p", {"name": "Newer"}, 20)
    source.happened("user_created", "p", {"name": "Older"}, 10)
    assert listed(source)[0]["name"] == "Newer"


@pytest.mark.parametrize(
    "target", ["/", "/api/v1/organizations/org_2/directories/dir_1/users", BASE.replace("dir_1", "dir_2") + "/users"]
)
def test_what_is_not_there_is_a_404(source: Source, target: str) -> None:
    assert source.answer(target)[0] == 404


def test_a_page_token_that_was_not_given_out_is_a_400(source: Source) -> None:
    assert source.answer(f"{BASE}/users?page_token=x")[0] == 400


def test_events_have_the_envelope_of_the_vendor_and_ids_of_their_own(source: Source) -> None:
    created, deleted = (source.event(name, "ada", {}, 1000.0) for name in ("user_created", "user_deactivated"))
    assert set(created) == {"spec_version", "id", "type", "occurred_at", "environment_id", "organization_id", "object",
                            "data"}
    assert created["id"] != deleted["id"]
    assert created["data"]["id"] == deleted["data"]["id"]
    assert deleted["type"] == "organization.directory.user_deleted"
    assert set(deleted["data"]) == {"id", "organization_id", "dp_id", "email", "active", "reason"}
    assert deleted["data"]["reason"] == "deactivated"


def test_the_same_seed_tells_the_same_people() -> None:
    made = [Source(Company(7, "acme.test", "rig-"), "m", "o", "d").event("user_created", "ada", {}, 1.0)
            for _ in range(2)]
    assert made[0] == made[1]


def test_the_api_is_served_under_a_path_that_nobody_can_guess(source: Source) -> None:
    hire(source, 1)
    api = DirectoryApi(source.answer)
    api.listen("127.0.0.1:0")
    try:
        with httpx.Client(trust_env=False) as client:
            answer = client.get(f"{api.url}{BASE}/users")
            guessed = client.get(f"{api.url.rpartition('/')[0]}{BASE}/users")
    finally:
        api.close()
    assert (answer.status_code, guessed.status_code) == (200, 404)
    assert [user["id"] for user in json.loads(answer.text)["users"]] == ["diruser_m0001"]
    assert api.asked == [f"GET {BASE}/users"]
