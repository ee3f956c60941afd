"""Broken lists: form, arithmetic, duplicates, empty results; and what a page may look like while the store moves."""

from __future__ import annotations

from typing import Any

import pytest

OFFERED = {"offers": {"groups": {"state": "yes", "why": ""}}}


def _list(line: str, *ids: str, **values: Any) -> Any:
    """A list of users with these ids, answering ``line``; values replace members of the ListResponse."""

    def make(m: Any) -> Any:
        kept = {name: m.GONE if value is Gone else value for name, value in values.items()}
        return m.exchange(line, 200, m.listing(*(m.user(identifier) for identifier in ids), **kept))

    return make


class Gone:
    """Stands for a member that is left out."""


SHAPE: dict[str, tuple[Any, str, str, str]] = {
    "an array": (lambda m: m.exchange("GET /Users", 200, [m.user()]), "list-shape", "fail", "no ListResponse"),
    "a bare array of schemas": (lambda m: m.exchange("GET /Schemas", 200, []), "list-shape", "fail", "no ListResponse"),
    "no URN": (_list("GET /Users", "1", schemas=Gone), "list-shape", "fail", "no ListResponse"),
    "no totalResults": (_list("GET /Users", "1", totalResults=Gone), "list-shape", "fail", "no totalResults"),
    "a string for a total": (_list("GET /Users", "1", totalResults="1"), "list-shape", "fail", 'totalResults is "1"'),
    "a fraction": (_list("GET /Users", "1", totalResults=1.0), "list-shape", "fail", "expected an integer"),
    "a boolean": (_list("GET /Users", "1", startIndex=True), "list-shape", "fail", "startIndex is true"),
    "a string for a page": (_list("GET /Users", "1", itemsPerPage="1"), "list-shape", "fail", "itemsPerPage"),
    "no Resources": (
        _list("GET /Users", totalResults=3, Resources=Gone, itemsPerPage=Gone),
        "list-shape",
        "fail",
        "there is no Resources",
    ),
    "resources": (
        _list("GET /Users", totalResults=1, Resources=Gone, itemsPerPage=Gone, resources=[{}]),
        "list-shape",
        "fail",
        "no Resources",
    ),
    "null for nothing": (_list("GET /Users", Resources=None), "list-shape", "warn", "null"),
    "an object": (_list("GET /Users", Resources={"1": {}}), "list-shape", "fail", "no array"),
    "ids for resources": (
        lambda m: m.exchange("GET /Users", 200, m.listing("7a", "8b")),
        "list-shape",
        "fail",
        "no object",
    ),
    "a part without startIndex": (
        _list("GET /Users", "1", totalResults=3, startIndex=Gone),
        "list-shape",
        "fail",
        "startIndex",
    ),
    "a part without itemsPerPage": (
        _list("GET /Users", "1", totalResults=3, itemsPerPage=Gone),
        "list-shape",
        "fail",
        "itemsPerPage",
    ),
}
ARITHMETIC: dict[str, tuple[Any, str, str, str]] = {
    "more than count": (_list("GET /Users?count=2", "1", "2", "3"), "list-arithmetic", "fail", "count=2"),
    "rows for count 0": (_list("GET /Users?count=0", "1"), "list-arithmetic", "fail", "count=0"),
    "rows for a negative count": (_list("GET /Users?count=-1", "1"), "list-arithmetic", "fail", "count=-1"),
    "the count asked for": (
        _list("GET /Users?count=9", "1", itemsPerPage=9),
        "list-arithmetic",
        "warn",
        "itemsPerPage is 9",
    ),
    "another start": (
        _list("GET /Users?startIndex=3&count=1", "3", totalResults=9),
        "list-arithmetic",
        "fail",
        "startIndex=3",
    ),
    "startIndex 0 echoed": (
        _list("GET /Users?startIndex=0", "1", startIndex=0),
        "list-arithmetic",
        "fail",
        "startIndex=0",
    ),
    "a total of nothing": (_list("GET /Users", "1", totalResults=0), "list-arithmetic", "fail", "totalResults is 0"),
    "the page's length as total, far on": (
        _list("GET /Users?startIndex=11&count=2", "11", "12", startIndex=11),
        "list-arithmetic",
        "fail",
        "totalResults is 2",
    ),
    "a total short of a filtered page": (
        _list("GET /Users?filter=active%20eq%20true", "1", "2", totalResults=1),
        "list-arithmetic",
        "fail",
        "totalResults is 1",
    ),
    "a total a row short, unfiltered": (
        _list("GET /Users", "1", "2", totalResults=1),
        "list-arithmetic",
        "warn",
        "totalResults",
    ),
    "half the schemas": (
        lambda m: m.exchange(
            "GET /ResourceTypes",
            200,
            m.listing(
                {
                    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
                    "name": "User",
                    "endpoint": "/Users",
                    "schema": "u",
                },
                totalResults=2,
            ),
        ),
        "list-arithmetic",
        "fail",
        "1 of 2",
    ),
    "an id twice": (_list("GET /Users", "1", "2", "1"), "duplicates-in-list", "fail", "twice"),
    "404 to a filter": (
        lambda m: m.exchange("GET /Users?filter=userName+eq+%22x%22", 404, m.error(404)),
        "empty-result",
        "fail",
        "404",
    ),
    "404 past the end": (
        lambda m: m.exchange("GET /Users?filter=userName+pr&startIndex=90", 404, m.error(404)),
        "empty-result",
        "warn",
        "404",
    ),
}
BROKEN = SHAPE | ARITHMETIC


@pytest.mark.parametrize("name", BROKEN)
def test_one_defect_is_one_finding(name: str, m: Any) -> None:
    make, check, status, words = BROKEN[name]
    found = m.examine(make(m))[1]
    assert [(finding.check, finding.status.value) for finding in found] == [(check, status)]
    assert words in f"{found[0].title} {found[0].shape}"
    assert found[0].expected != found[0].actual


def test_a_misspelt_member_is_named(m: Any) -> None:
    [finding] = m.examine(SHAPE["resources"][0](m))[1]
    assert finding.actual == "`resources`"


def test_an_empty_look_up_of_groups_counts_where_groups_are_offered(m: Any) -> None:
    answer = m.exchange("GET /Groups?filter=displayName+eq+%22x%22", 404, m.error(404))
    assert m.found(answer, OFFERED) == [("empty-result", "fail")]
    assert m.found(answer) == []


def test_the_count_of_a_search_stands_in_its_body(m: Any) -> None:
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "count": 1}
    answer = m.exchange("POST /Users/.search", 200, m.listing(m.user("1"), m.user("2")), sent=body)
    assert m.found(answer) == [("list-arithmetic", "fail")]


@pytest.mark.parametrize("line", ["GET /Users/7a", "DELETE /Users/7a", "GET /Me"])
def test_what_is_no_list_is_not_reached(line: str, m: Any) -> None:
    reached = set(m.examine(m.exchange(line, 200, m.user()))[0])
    assert not reached & {"list-shape", "list-arithmetic", "duplicates-in-list", "empty-result"}
