"""Sorted lists (RFC 7644 §3.4.2.3)."""

from __future__ import annotations

from typing import Any

import pytest

SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

PEOPLE: list[dict[str, Any]] = [
    {"user_name": "eve", "title": "b", "active": True, "name": {"familyName": "Young"}},
    {"user_name": "Ada", "active": False, "externalId": "b", "emails": [{"value": "z@x.y"}]},
    {"user_name": "cyn", "title": "A", "displayName": "Ärmel", ENTERPRISE: {"department": "Sales"}},
    {"user_name": "BEN", "title": "c", "displayName": "zebra", "externalId": "B", "name": {"familyName": "adams"}},
    {"user_name": "dee", "active": False, "emails": [{"value": "y@x.y"}, {"value": "B@x.y", "primary": True}]},
]
READ_AND_MATCHED = 'title pr or not (title pr)'
"""Fits everybody, and no index knows it."""


@pytest.fixture(scope="module")
def people(client_class: Any) -> Any:
    client = client_class()
    for person in PEOPLE:
        client.user(**person)
        client.clock.sleep(1)
    yield client
    client.close()


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("userName", "Ada BEN cyn dee eve"),
        ("USERNAME", "Ada BEN cyn dee eve"),
        ("urn:ietf:params:scim:schemas:core:2.0:User:userName", "Ada BEN cyn dee eve"),
        ("title", "cyn eve BEN Ada dee"),
        ("displayName", "BEN cyn eve Ada dee"),
        ("externalId", "BEN Ada eve cyn dee"),
        ("active", "Ada dee eve cyn BEN"),
        ("name.familyName", "BEN eve Ada cyn dee"),
        ("emails.value", "dee Ada eve cyn BEN"),
        ("emails", "dee Ada eve cyn BEN"),
        (f"{ENTERPRISE}:department", "cyn eve Ada BEN dee"),
        ("meta.created", "eve Ada cyn BEN dee"),
        ("meta.lastModified", "eve Ada cyn BEN dee"),
        ("meta.resourceType", "eve Ada cyn BEN dee"),
        ("groups.value", "eve Ada cyn BEN dee"),
    ],
)
@pytest.mark.parametrize("text", [None, "id pr", READ_AND_MATCHED])
def test_sorting(people: Any, by: str, expected: str, text: str | None) -> None:
    asked = {"sortBy": by} | ({"filter": text} if text else {})
    assert people.names(**asked) == expected.split()
    assert people.names(**asked, sortOrder="ascending") == expected.split()
    assert people.names(**asked, sortOrder="descending") == expected.split()[::-1]
    assert [name for start in "135" for name in people.names(**asked, startIndex=start, count="2")] == expected.split()


def test_a_sorted_page_counts_all(people: Any) -> None:
    page = people.get("/Users", sortBy="title", startIndex="2", count="2")
    assert (page["totalResults"], page["startIndex"], page["itemsPerPage"]) == (5, 2, 2)


def test_a_filter_and_an_order_go_together(people: Any) -> None:
    assert people.names(filter="title pr", sortBy="userName") == ["BEN", "cyn", "eve"]
    assert people.names(filter='userName ne "eve" and active eq true', sortBy="title") == []
    backwards = people.names(filter='userName gt "b"', sortBy="userName", sortOrder="descending")
    assert backwards == ["eve", "dee", "cyn", "BEN"]


def test_search_by_post_sorts_alike(people: Any) -> None:
    body = {"schemas": [SEARCH], "sortBy": "title", "sortOrder": "descending", "count": 3}
    found = people.send("POST", "/Users/.search", body=body)
    assert found.status == 200
    assert [user["userName"] for user in found.resource()["Resources"]] == ["dee", "Ada", "BEN"]


def test_the_root_sorts_all_types_together(client: Any) -> None:
    client.user("ada", displayName="m")
    client.group("b")
    client.user("ben")
    client.group("Z")
    for by, expected in [("displayName", ["b", "m", "Z", None]), ("userName", ["ada", "ben", None, None])]:
        assert [item.get(by) for item in client.get("/", sortBy=by)["Resources"]] == expected


def test_an_order_without_an_attribute_changes_nothing(people: Any) -> None:
    assert people.names(sortOrder="descending") == ["eve", "Ada", "cyn", "BEN", "dee"]


@pytest.mark.parametrize(
    "by", ["nonsense", "password", "name", "addresses", "meta", "members", "", "userName desc", "userName.first",
           'emails[type eq "work"]', "x509Certificates.value", "urn:example:nobody:userName", "a" * 10_000],
)  # fmt: skip
def test_what_nothing_can_be_sorted_by_is_refused(people: Any, by: str) -> None:
    reply = people.send("GET", "/Users", {"sortBy": by})
    assert (reply.status, reply.resource()["scimType"]) == (400, "invalidPath")


@pytest.mark.parametrize("asked", [{"sortBy": "userName"}, {}])
@pytest.mark.parametrize("word", ["sideways", "", "desc"])
def test_an_order_that_is_none_is_refused(people: Any, word: str, asked: dict[str, str]) -> None:
    reply = people.send("GET", "/Users", asked | {"sortOrder": word})
    assert (reply.status, reply.resource()["scimType"]) == (400, "invalidValue")


@pytest.mark.parametrize("wrong", [{"sortBy": 1}, {"sortBy": ["userName"]}, {"sortOrder": True}])
def test_an_order_of_the_wrong_type_is_refused(people: Any, wrong: dict[str, Any]) -> None:
    reply = people.send("POST", "/Users/.search", body={"schemas": [SEARCH], **wrong})
    assert (reply.status, reply.resource()["scimType"]) == (400, "invalidValue")
