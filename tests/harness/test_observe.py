"""The observer: by id, by filter and in the list; what it asks, and how it reads every kind of answer."""

from __future__ import annotations

from typing import Any

import pytest

from scimrig.observe import Watch, look
from scimrig_simulator.playbook import answer, expect, playbook
from scimrig_simulator.wire import Reply

ADA = Watch("ada", "User", "u1", "ada@example.com")
ROW = {"id": "u1", "userName": "ada@example.com"}
OTHER = {"id": "u2", "userName": "ben@example.com"}
LIST = expect("GET", "/Users", query="startIndex=1&count=100")
BY_ID = expect("GET", "/Users/u1")
BY_NAME = expect("GET", "/Users", query="filter=userName%20eq%20%22ada%40example.com%22")


def listing(*rows: dict[str, Any], total: int | None = None) -> Reply:
    return answer(200, {"totalResults": len(rows) if total is None else total, "Resources": list(rows)})


def states(listed: Reply, by_id: Reply, by_filter: Reply) -> tuple[str, str, str]:
    (sight,) = playbook(look([ADA]), [(LIST, listed), (BY_ID, by_id), (BY_NAME, by_filter)])
    return sight.in_list.state, sight.by_id.state, sight.by_filter.state


def test_a_row_is_looked_for_in_three_ways() -> None:
    assert states(listing(OTHER, ROW), answer(200, ROW), listing(ROW)) == ("found", "found", "found")


@pytest.mark.parametrize(
    ("reply", "state"),
    [
        (answer(404), "absent"),
        (answer(410), "absent"),
        (answer(500), "unreadable"),
        (answer(200), "unreadable"),
        (answer(401), "unreadable"),
    ],
)
def test_how_an_answer_by_id_is_read(reply: Reply, state: str) -> None:
    assert states(listing(ROW), reply, listing(ROW))[1] == state


@pytest.mark.parametrize(
    ("reply", "state"),
    [
        (listing(), "absent"),
        (listing(OTHER), "absent"),
        (answer(404), "absent"),
        (answer(400), "unreadable"),
        (answer(200, {"hello": 1}), "unreadable"),
        (answer(200, {"totalResults": 0}), "absent"),
    ],
)
def test_how_an_answer_to_a_filter_is_read(reply: Reply, state: str) -> None:
    assert states(listing(ROW), answer(200, ROW), reply)[2] == state


def test_a_filter_that_finds_others_too_tells_how_many() -> None:
    (sight,) = playbook(
        look([ADA]), [(LIST, listing(ROW)), (BY_ID, answer(200, ROW)), (BY_NAME, listing(OTHER, ROW))]
    )
    assert (sight.by_filter.state, sight.by_filter.count) == ("found", 2)


def test_a_row_is_looked_up_by_the_name_it_shows_itself() -> None:
    renamed = {"id": "u1", "userName": "new@example.com"}
    by_new_name = expect("GET", "/Users", query="filter=userName%20eq%20%22new%40example.com%22")
    playbook(
        look([ADA]), [(LIST, listing(renamed)), (BY_ID, answer(200, renamed)), (by_new_name, listing(renamed))]
    )


def test_the_list_is_walked_by_what_each_page_really_held() -> None:
    second = expect("GET", "/Users", query="startIndex=2&count=100")
    (sight,) = playbook(
        look([ADA], filters=False),
        [(LIST, listing(OTHER, total=2)), (second, listing(ROW, total=2)), (BY_ID, answer(200, ROW))],
    )
    assert (sight.in_list.state, sight.by_filter.state) == ("found", "not-looked")


def test_a_list_that_repeats_itself_ends_the_walk() -> None:
    second = expect("GET", "/Users", query="startIndex=2&count=100")
    again = [(LIST, listing(OTHER, total=9)), (second, listing(OTHER, total=9))]
    (sight,) = playbook(look([ADA], filters=False), [*again, (BY_ID, answer(200, ROW)), *again])
    assert sight.in_list.state == "absent"


def test_a_row_that_slipped_between_two_pages_is_looked_for_once_more() -> None:
    second = expect("GET", "/Users", query="startIndex=2&count=100")
    (sight,) = playbook(
        look([ADA], filters=False),
        [
            (LIST, listing(OTHER, total=2)), (second, listing(total=1)), (BY_ID, answer(200, ROW)),
            (LIST, listing(ROW, total=1)),
        ],
    )
    assert sight.in_list.state == "found"


def test_somebody_elses_ten_thousand_rows_are_not_walked() -> None:
    (sight,) = playbook(
        look([ADA], filters=False), [(LIST, listing(OTHER, total=10_000)), (BY_ID, answer(200, ROW))]
    )
    assert sight.in_list.state == "not-looked"
    assert "10000" in sight.in_list.note


def test_a_bystander_that_the_list_shows_costs_no_further_request() -> None:
    crew = Watch("the group", "Group", "g1", "Crew", bystander=True)
    groups = expect("GET", "/Groups", query="startIndex=1&count=100")
    (sight,) = playbook(look([crew]), [(groups, listing({"id": "g1", "displayName": "Crew"}))])
    assert (sight.in_list.state, sight.by_id.state, sight.bystander) == ("found", "not-looked", True)


def test_a_bystander_that_the_list_hides_is_read_by_id() -> None:
    somebody = Watch("the bystander", "User", "u1", "ada@example.com", bystander=True)
    (sight,) = playbook(look([somebody]), [(LIST, listing()), (BY_ID, answer(404))])
    assert (sight.in_list.state, sight.by_id.state) == ("absent", "absent")


def test_a_row_without_an_id_is_looked_for_by_its_name() -> None:
    nameless = Watch("ada", "User", "", "Ada@Example.com")
    by_name = expect("GET", "/Users", query="filter=userName%20eq%20%22Ada%40Example.com%22")
    (sight,) = playbook(look([nameless]), [(LIST, listing(ROW)), (by_name, listing(ROW))])
    assert (sight.by_id.state, sight.by_filter.state, sight.in_list.state) == ("not-looked", "found", "found")
