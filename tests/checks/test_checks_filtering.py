"""Is a filter honoured? What a row shows decides; what it can't show is left open, and never a finding."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

CHECK = "list-filter-honoured"
WORK = {"type": "work", "value": "ada@example.com", "primary": True}
HOME = {"type": "home", "value": "ada@home.example"}


def _ask(m: Any, text: str, *rows: Any, more: str = "", endpoint: str = "Users") -> Any:
    return m.exchange(f"GET /{endpoint}?filter={quote(text)}{more}", 200, m.listing(*rows))


def _rows(m: Any, count: int = 2, **values: Any) -> list[Any]:
    return [m.user(str(number), **values) for number in range(count)]


def _reached(m: Any, exchange: Any) -> bool:
    return CHECK in m.examine(exchange)[0]


BROKEN: dict[str, dict[str, Any]] = {
    'userName eq "nobody@example.com"': {},
    'USERNAME EQ "nobody@example.com"': {},
    'externalId eq "no-such"': {},
    'externalId eq "00u1"': {"externalId": "00U1"},
    'userName eq "ada@example.com" and active eq false': {},
    'userName eq "ben@example.com" or userName eq "cyd@example.com"': {},
    "not (active eq true)": {},
    "active eq false": {},
    "title pr": {},
    'title sw "Chief"': {"title": "Deputy Chief"},
    'emails.value eq "ben@example.com"': {"emails": [WORK]},
    'emails co "ben"': {"emails": [WORK]},
    'emails[type eq "home" and value eq "ada@example.com"]': {"emails": [WORK, HOME]},
    'name.familyName eq "Byron"': {"name": {"familyName": "Lovelace"}},
    'urn:ietf:params:scim:schemas:core:2.0:User:userName eq "x"': {},
    'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "X"': {},
    'favouriteColour eq "red"': {},
    'meta.resourceType eq "Group"': {},
    'id eq "zz"': {},
    'userName eq "x" and meta.created gt "2026-01-01T00:00:00Z"': {},
}
OPEN: dict[str, dict[str, Any]] = {
    'userName eq "ADA@EXAMPLE.COM"': {},
    'userName eq "a\\u0064a@example.com"': {},
    'displayName eq "ZOË"': {"displayName": "zoe\u0308"},
    'title eq "chief "': {"title": "Chief"},
    'userName ne "ada@example.com"': {},
    'userName gt "zzz"': {},
    'meta.lastModified gt "2030-01-01T00:00:00Z"': {},
    "title eq null": {"title": "x"},
    'title eq ""': {"title": "x"},
    'active eq "false"': {},
    "title eq 7": {"title": "x"},
    "title pr": {"title": ""},
    'department eq "X"': {},
    'favouriteColour eq "red"': {"favouriteColour": "Red", "favouriteColour2": 1},
    'shoeSize eq "x"': {"urn:acme:User": {"shoeSize": "y"}},
    'favouriteColour co "red"': {},
    'groups.value eq "9f"': {},
    'password eq "x"': {},
    'name eq "Ada"': {"name": {"givenName": "Ben"}},
    'emails[type ne "work"]': {"emails": [WORK]},
    'emails[type eq "WORK"]': {"emails": [WORK]},
    'title co "x"': {},
    "not a filter at all": {},
    'userName  eq "x"': {},
    'userName eq "x" or title ne "y"': {},
}


@pytest.mark.parametrize("text", BROKEN)
def test_rows_that_contradict_the_filter_are_a_fail(text: str, m: Any) -> None:
    assert m.found(_ask(m, text, *_rows(m, **BROKEN[text]))) == [(CHECK, "fail")]


@pytest.mark.parametrize("text", OPEN)
def test_what_a_row_cannot_decide_is_left_open(text: str, m: Any) -> None:
    found = [check for check, _ in m.found(_ask(m, text, *_rows(m, **OPEN[text])))]
    assert CHECK not in found


def test_the_finding_shows_the_filter_and_what_the_row_holds(m: Any) -> None:
    [finding] = m.examine(_ask(m, 'userName eq "ben@example.com"', *_rows(m, 3)))[1]
    assert finding.operation == "GET /Users?filter=…"
    assert finding.authority == "rfc:RFC7644-3.4.2.2-R01"
    assert finding.expected == 'userName eq "ben@example.com"'
    assert finding.actual == '3 rows; this one has userName ["ada@example.com"]'
    assert finding.severity.value == "security"


def test_one_row_without_the_attribute_may_be_the_right_one(m: Any) -> None:
    assert m.found(_ask(m, 'externalId eq "00u1"', m.user())) == [(CHECK, "warn")]


def test_a_server_that_says_it_has_no_filters_is_warned(m: Any) -> None:
    answer = _ask(m, 'userName eq "nobody"', *_rows(m))
    assert m.found(answer, {"advertised": {"filter": False}}) == [(CHECK, "warn")]


def test_an_attribute_left_out_by_the_projection_is_open(m: Any) -> None:
    narrow = {"id": "1", "userName": "ada@example.com"}
    assert m.found(_ask(m, 'title eq "x"', narrow, more="&attributes=userName")) == []
    assert m.found(_ask(m, 'userName eq "x"', narrow, more="&attributes=userName")) == [(CHECK, "fail")]


def test_members_may_be_cut_or_left_out(m: Any) -> None:
    text = 'members.value eq "zz"'
    many = [{"value": str(number)} for number in range(100)]
    assert m.found(_ask(m, text, m.group(), endpoint="Groups")) == []
    assert m.found(_ask(m, text, m.group(members=many), endpoint="Groups")) == []
    assert m.found(_ask(m, text, m.group(members=many[:2]), endpoint="Groups")) == [(CHECK, "fail")]


@pytest.mark.parametrize("query", ["filter=userName+eq+%22ben%22", "filter=userName%20eq%20%22ben%22"])
def test_both_spellings_of_a_blank_are_understood(query: str, m: Any) -> None:
    assert m.found(m.exchange(f"GET /Users?{query}", 200, m.listing(*_rows(m)))) == [(CHECK, "fail")]


@pytest.mark.parametrize(
    "query",
    ["filter=userName%20eq%20%22a+b%22", "filter=active%20eq%20false&filter=active%20eq%20true", "filter=", "count=1"],
)
def test_a_query_that_can_be_read_in_two_ways_is_not_reached(query: str, m: Any) -> None:
    assert not _reached(m, m.exchange(f"GET /Users?{query}", 200, m.listing(m.user())))


def test_a_search_by_post_is_a_query_too(m: Any) -> None:
    answer = m.exchange("POST /Groups/.search", 200, m.listing(m.group()), sent={"filter": 'displayName eq "Nobody"'})
    assert m.found(answer) == [(CHECK, "fail")]


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="�"), min_size=1, max_size=12)


@given(wanted=TEXT, held=TEXT)
def test_equal_is_never_and_different_always_a_finding(m: Any, wanted: str, held: str) -> None:
    """For any text: the row that holds it is sound, and one that holds something plainly different is not."""
    text = f"title eq {json.dumps(wanted)}"
    assert m.found(_ask(m, text, m.user(title=wanted))) == []
    different = f"{held}-{wanted}-x"
    assert m.found(_ask(m, text, m.user(title=different))) == [(CHECK, "fail")]
