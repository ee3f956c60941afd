"""Pages by cursor (RFC 9865)."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scimrig_simulator.seams import Seams

SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
NAMES = ["dee", "ada", "cyn", "ben", "eve", "Fay", "gus"]
MATCHED_ONE_BY_ONE = "title pr or not (title pr)"

ORDERS: list[dict[str, str]] = [
    {}, {"sortBy": "userName"}, {"sortBy": "userName", "sortOrder": "descending"}, {"sortBy": "displayName"},
    {"sortBy": "displayName", "sortOrder": "descending"}, {"sortBy": "active"}, {"sortBy": "title"},
    {"sortBy": "title", "sortOrder": "descending"}, {"filter": 'userName gt "b"'}, {"filter": MATCHED_ONE_BY_ONE},
    {"filter": MATCHED_ONE_BY_ONE, "sortBy": "userName"}, {"filter": "displayName pr", "sortBy": "id"},
]  # fmt: skip


class Asked(Seams):
    """Sound, and yet a saboteur to the server: all seams are asked."""


def crowd(client: Any) -> Any:
    for number, name in enumerate(NAMES):
        some = {"displayName": "Same"} if number % 2 else {"title": f"t{number % 3}"} if number % 3 else {}
        client.user(name, active=number % 3 == 0, **some)
    return client


@pytest.fixture
def seven(client: Any) -> Any:
    return crowd(client)


def pages(client: Any, count: str | None, **asked: str) -> list[dict[str, Any]]:
    """All pages, by ``nextCursor`` from the first one on."""
    every = asked | ({} if count is None else {"count": count})
    found = [client.get("/Users", cursor="", **every)]
    while "nextCursor" in found[-1]:
        found.append(client.get("/Users", cursor=found[-1]["nextCursor"], **every))
        assert len(found) < 50
    return found


def names(page: dict[str, Any]) -> list[str]:
    return [user["userName"] for user in page["Resources"]]


def refused(client: Any, **query: str) -> tuple[int, str]:
    reply = client.send("GET", "/Users", query)
    return reply.status, reply.resource()["scimType"]


@pytest.mark.parametrize("saboteur", [None, Asked()])
@pytest.mark.parametrize("count", ["1", "2", "3", "7", "8", "200"])
@pytest.mark.parametrize("asked", ORDERS)
def test_following_cursors_visits_every_match_once_and_in_order(
    make_client: Callable[..., Any], asked: dict[str, str], count: str, saboteur: Seams | None
) -> None:
    client = crowd(make_client(seams=saboteur))
    found = pages(client, count, **asked)
    assert [name for page in found for name in names(page)] == client.names(**asked)
    assert [len(page["Resources"]) for page in found[:-1]] == [int(count)] * (len(found) - 1)
    assert {page["totalResults"] for page in found} == {client.get("/Users", **asked)["totalResults"]}
    assert all(page["itemsPerPage"] == len(page["Resources"]) for page in found)


@pytest.mark.parametrize("asked", ORDERS)
def test_previous_cursors_lead_back_page_by_page(seven: Any, asked: dict[str, str]) -> None:
    there = pages(seven, "2", **asked)
    back = there[-1:]
    while "previousCursor" in back[-1]:
        back.append(seven.get("/Users", cursor=back[-1]["previousCursor"], count="2", **asked))
    assert [names(page) for page in back] == [names(page) for page in there[::-1]]
    forth = seven.get("/Users", cursor=back[-1]["nextCursor"], count="2", **asked)
    assert names(forth) == names(there[1])


@pytest.mark.parametrize("query", ["cursor=&count=2", "cursor&count=2", "count=2&cursor="])
def test_an_empty_cursor_asks_for_the_first_page(seven: Any, query: str) -> None:
    page = seven.send("GET", "/Users", query).resource()
    assert names(page) == ["dee", "ada"]
    assert "previousCursor" not in page
    assert "nextCursor" in page
    assert "startIndex" not in page


def test_nobody_is_sent_a_cursor_who_asks_for_none(seven: Any) -> None:
    page = seven.get("/Users", count="2")
    assert page["startIndex"] == 1
    assert not {"nextCursor", "previousCursor"} & page.keys()


def test_the_last_page_has_no_next_one(seven: Any) -> None:
    assert "nextCursor" not in seven.get("/Users", cursor="", count="7")
    assert "nextCursor" not in seven.get("/Users", cursor="")
    assert "nextCursor" not in seven.get("/Users", cursor="", filter='userName eq "nobody"')


@pytest.mark.parametrize("count", ["0", "-1", "-99999999999999999999"])
def test_a_count_of_none_counts_only(seven: Any, count: str) -> None:
    page = seven.get("/Users", cursor="", count=count)
    assert (page["totalResults"], page["Resources"]) == (7, [])
    assert not {"nextCursor", "previousCursor"} & page.keys()


def test_cursors_are_url_safe_and_tell_nothing(seven: Any) -> None:
    found = pages(seven, "1", sortBy="userName")
    cursors = [page[end] for page in found for end in ("nextCursor", "previousCursor") if end in page]
    assert len(cursors) == 12
    for cursor in cursors:
        assert re.fullmatch(r"[A-Za-z0-9._~-]+", cursor)
        plain = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        assert not [name for name in NAMES if name.lower().encode() in plain]


def test_rows_that_come_and_go_in_between_hide_and_repeat_nobody(seven: Any) -> None:
    first = seven.get("/Users", cursor="", count="3", sortBy="userName")
    assert names(first) == ["ada", "ben", "cyn"]
    by_name = {user["userName"]: user["id"] for user in seven.get("/Users")["Resources"]}
    for gone in ("ada", "cyn", "dee"):  # behind the place, at it, and ahead of it
        seven.send("DELETE", f"/Users/{by_name[gone]}")
    seven.user("aaa")
    seven.user("dan")
    second = seven.get("/Users", cursor=first["nextCursor"], count="3", sortBy="userName")
    assert names(second) == ["dan", "eve", "Fay"]
    back = seven.get("/Users", cursor=second["previousCursor"], count="3", sortBy="userName")
    assert names(back) == ["aaa", "ben"]


def test_a_way_back_to_what_is_gone_begins_again(seven: Any) -> None:
    first = seven.get("/Users", cursor="", count="2")
    second = seven.get("/Users", cursor=first["nextCursor"], count="2")
    for user in first["Resources"]:
        seven.send("DELETE", f"/Users/{user['id']}")
    back = seven.get("/Users", cursor=second["previousCursor"], count="2")
    assert (names(back), "previousCursor" in back) == ([], False)
    assert names(seven.get("/Users", cursor=back["nextCursor"], count="2")) == names(second)


def test_the_last_page_may_have_become_empty(seven: Any) -> None:
    first = seven.get("/Users", cursor="", count="6")
    gus = seven.get("/Users", filter='userName eq "gus"')["Resources"][0]
    seven.send("DELETE", f"/Users/{gus['id']}")
    last = seven.get("/Users", cursor=first["nextCursor"], count="6")
    assert (names(last), "nextCursor" in last, last["totalResults"]) == ([], False, 6)


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(
    start=st.lists(st.tuples(st.sampled_from("aAbB"), st.integers(0, 99)), min_size=1, max_size=9, unique_by=str),
    changes=st.lists(st.lists(st.integers(-9, 9), max_size=3), max_size=8),
    asked=st.sampled_from(ORDERS[:8]),
    count=st.integers(1, 3),
)
def test_who_is_there_all_the_while_is_met_once(
    client_class: Any, start: list[tuple[str, int]], changes: list[list[int]], asked: dict[str, str], count: int
) -> None:
    """Between two pages users come (negative numbers) and go (others), wherever they are in the order."""
    client = client_class()
    ids = {}
    for number, (letter, digits) in enumerate(start):
        some = {"displayName": letter} if digits % 3 else {}
        user = client.user(f"{letter}{digits}-{number}", active=digits % 2 == 0, title=letter, **some)
        ids[user["userName"]] = user["id"]
    stayed, met = set(ids), []
    page = client.get("/Users", cursor="", count=str(count), **asked)
    met += names(page)
    rounds = iter(changes)
    while "nextCursor" in page:
        for change in next(rounds, []):
            if change < 0:
                client.user(f"x{change}-{len(met)}-{client.clock.now()}", displayName="b")
                client.clock.sleep(1)
            elif change < len(start) and list(ids)[change] in stayed:
                name = list(ids)[change]
                stayed.discard(name)
                client.send("DELETE", f"/Users/{ids[name]}")
        page = client.get("/Users", cursor=page["nextCursor"], count=str(count), **asked)
        met += names(page)
    assert len(met) == len(set(met))
    assert stayed <= set(met)
    client.close()


# What is no cursor, or not this one


def test_what_was_tampered_with_is_refused(seven: Any) -> None:
    cursor = seven.get("/Users", cursor="", count="2")["nextCursor"]
    assert refused(seven, cursor="garbage") == (400, "invalidCursor")
    for place in range(0, len(cursor) - 1, 3):  # the last character may hold bits that mean nothing
        other = "A" if cursor[place] != "A" else "B"
        forged = cursor[:place] + other + cursor[place + 1 :]
        assert refused(seven, cursor=forged, count="2") == (400, "invalidCursor")
    for forged in (cursor[:-4], cursor + "AAAA", cursor + "\x00", "é" * 40, "=" * 40, "A" * 100_000, cursor[::-1]):
        assert refused(seven, cursor=forged, count="2") == (400, "invalidCursor")


def test_a_cursor_of_another_search_is_refused_as_a_forged_one_is(seven: Any) -> None:
    seven.group("Crew")
    seven.group("Band")
    asked = {"count": "1", "sortBy": "userName", "filter": "active eq true"}
    cursor = seven.get("/Users", cursor="", **asked)["nextCursor"]
    others = [
        ("/Groups", {**asked, "sortBy": "displayName"}), ("/", asked), ("/Users", {**asked, "sortBy": "title"}),
        ("/Users", {**asked, "sortOrder": "descending"}), ("/Users", {**asked, "filter": "active eq false"}),
        ("/Users", {"count": "1"}),
    ]  # fmt: skip
    forged = seven.send("GET", "/Users", {**asked, "cursor": "A" * 60}).body
    for place, other in others:
        reply = seven.send("GET", place, {**other, "cursor": cursor})
        assert (reply.status, reply.body) == (400, forged)
    assert seven.get("/Users", cursor=cursor, **asked)["Resources"]


def test_a_cursor_of_another_tenant_is_refused_as_a_forged_one_is(make_house: Callable[..., Any]) -> None:
    house = make_house()
    one, other = house.let("one"), house.let("other")
    for guest in (one, other):
        guest.user("ada")
        guest.user("ben")
    cursor = one.get("/Users", cursor="", count="1")["nextCursor"]
    assert names(one.get("/Users", cursor=cursor, count="1")) == ["ben"]
    foreign = other.send("GET", "/Users", {"cursor": cursor, "count": "1"})
    forged = other.send("GET", "/Users", {"cursor": "A" * 60, "count": "1"})
    assert (foreign.status, foreign.body) == (400, forged.body)


def test_a_cursor_lasts_as_long_as_it_says(seven: Any) -> None:
    lasts = seven.get("/ServiceProviderConfig")["pagination"]["cursorTimeout"]
    cursor = seven.get("/Users", cursor="", count="2")["nextCursor"]
    seven.clock.sleep(lasts - 1)
    fresh = seven.get("/Users", cursor=cursor, count="2")["nextCursor"]
    seven.clock.sleep(3)
    assert refused(seven, cursor=cursor, count="2") == (400, "expiredCursor")
    assert names(seven.get("/Users", cursor=fresh, count="2")) == ["eve", "Fay"]


def test_a_cursor_outlives_its_server(make_client: Callable[..., Any], tmp_path: Path) -> None:
    one = crowd(make_client(db=str(tmp_path / "store.db")))
    other = make_client(db=str(tmp_path / "store.db"))
    cursor = one.get("/Users", cursor="", count="2")["nextCursor"]
    assert names(other.get("/Users", cursor=cursor, count="2")) == ["cyn", "ben"]


def test_pages_are_of_one_length(seven: Any) -> None:
    cursor = seven.get("/Users", cursor="", count="2")["nextCursor"]
    assert refused(seven, cursor=cursor, count="3") == (400, "invalidCount")
    assert names(seven.get("/Users", cursor=cursor)) == ["cyn", "ben"]
    assert names(seven.get("/Users", cursor=cursor, count="2")) == ["cyn", "ben"]


def test_no_page_is_longer_than_declared(client: Any) -> None:
    for number in range(203):
        client.user(f"u{number}")
    most = client.get("/ServiceProviderConfig")["pagination"]["maxPageSize"]
    assert [len(page["Resources"]) for page in pages(client, "500")] == [most, 3]
    usual = client.get("/ServiceProviderConfig")["pagination"]["defaultPageSize"]
    assert [len(page["Resources"]) for page in pages(client, None)] == [usual, usual, 3]


@pytest.mark.parametrize("count", ["two", "", "1.5", "\x00"])
def test_a_count_that_is_no_number_is_refused(seven: Any, count: str) -> None:
    assert refused(seven, cursor="", count=count) == (400, "invalidCount")


def test_a_place_is_given_by_index_or_by_cursor(seven: Any) -> None:
    assert refused(seven, cursor="", startIndex="3") == (400, "invalidValue")
    assert names(seven.get("/Users", cursor="", startIndex="1", count="1")) == ["dee"]


# Elsewhere


def test_search_by_post_goes_by_cursor_too(seven: Any) -> None:
    body = {"schemas": [SEARCH], "cursor": "", "count": 4, "filter": "active eq false", "attributes": ["userName"]}
    first = seven.send("POST", "/Users/.search", body=body).resource()
    assert names(first) == ["ada", "cyn", "eve", "Fay"]
    rest = {**body, "filter": "userName pr"}
    forged = seven.send("POST", "/Users/.search", body={**rest, "cursor": "x" * 40})
    assert (forged.status, forged.resource()["scimType"]) == (400, "invalidCursor")
    second = seven.send("POST", "/Users/.search", body={**rest, "count": 4}).resource()
    third = seven.send("POST", "/Users/.search", body={**rest, "cursor": second["nextCursor"]}).resource()
    assert names(second) + names(third) == NAMES
    assert all("active" not in user for user in third["Resources"])
    wrong = seven.send("POST", "/Users/.search", body={**body, "cursor": 1})
    assert (wrong.status, wrong.resource()["scimType"]) == (400, "invalidValue")
    wrong = seven.send("POST", "/Users/.search", body={**body, "count": "4"})
    assert (wrong.status, wrong.resource()["scimType"]) == (400, "invalidCount")


def test_get_and_post_are_one_search(seven: Any) -> None:
    cursor = seven.get("/Users", cursor="", count="3", sortBy="userName")["nextCursor"]
    body = {"schemas": [SEARCH], "cursor": cursor, "count": 3, "sortBy": "userName"}
    assert names(seven.send("POST", "/Users/.search", body=body).resource()) == ["dee", "eve", "Fay"]


def test_the_root_goes_by_cursor_too(seven: Any) -> None:
    seven.group("Crew")
    seven.user("zoe")
    first = seven.get("/", cursor="", count="6")
    second = seven.get("/", cursor=first["nextCursor"], count="6")
    assert [item["meta"]["resourceType"] for item in second["Resources"]] == ["User", "Group", "User"]
    assert "nextCursor" not in second


def test_the_configuration_tells_of_both_ways(client: Any) -> None:
    assert client.get("/ServiceProviderConfig")["pagination"] == {
        "cursor": True, "index": True, "defaultPaginationMethod": "index", "defaultPageSize": 100, "maxPageSize": 200,
        "cursorTimeout": 3600,
    }  # fmt: skip
    schemas = {schema["name"]: schema for schema in client.get("/Schemas")["Resources"]}
    described = next(
        attribute for attribute in schemas["ServiceProviderConfig"]["attributes"]
        if attribute["name"] == "pagination"
    )  # fmt: skip
    assert {sub["name"] for sub in described["subAttributes"]} == set(
        client.get("/ServiceProviderConfig")["pagination"]
    )
