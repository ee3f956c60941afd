"""Lists: filters, pages, projections, searches by POST (RFC 7644 §3.4.2, §3.4.3)."""

from __future__ import annotations

from typing import Any

import pytest

LIST_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"


@pytest.fixture
def five(client: Any) -> Any:
    for name in ("ada", "ben", "cyn", "dee", "eve"):
        client.user(name, active=name != "eve")
    return client


def test_an_empty_list_is_200(client: Any) -> None:
    assert client.get("/Users") == {
        "schemas": [LIST_RESPONSE], "totalResults": 0, "startIndex": 1, "itemsPerPage": 0, "Resources": [],
    }
    assert client.get("/Users", filter='userName eq "nobody"')["totalResults"] == 0


@pytest.mark.parametrize(
    ("start", "count", "expected"),
    [
        ("1", "2", ["ada", "ben"]),
        ("2", "2", ["ben", "cyn"]),
        ("5", "2", ["eve"]),
        ("6", "2", []),
        ("0", "1", ["ada"]),
        ("-3", "1", ["ada"]),
        ("1", "0", []),
        ("1", "-1", []),
        ("1", "99999999999999999999", ["ada", "ben", "cyn", "dee", "eve"]),
        ("99999999999999999999", "1", []),
    ],
)
@pytest.mark.parametrize("text", [None, "userName pr"])
def test_pages(five: Any, start: str, count: str, expected: list[str], text: str | None) -> None:
    query = {"startIndex": start, "count": count} | ({"filter": text} if text else {})
    page = five.get("/Users", **query)
    assert [user["userName"] for user in page["Resources"]] == expected
    assert page["totalResults"] == 5
    assert page["itemsPerPage"] == len(expected)
    assert page["startIndex"] == min(2**31, max(1, int(start)))


@pytest.mark.parametrize("name", ["startIndex", "count"])
def test_a_page_that_is_no_number_is_refused(client: Any, name: str) -> None:
    reply = client.send("GET", "/Users", {name: "two"})
    assert (reply.status, reply.resource()["scimType"]) == (400, "invalidValue")


def test_a_page_holds_200_at_most(client: Any) -> None:
    for number in range(201):
        client.user(f"u{number}")
    assert client.get("/Users", count="500")["itemsPerPage"] == 200
    assert client.get("/Users")["itemsPerPage"] == 100
    assert [user["userName"] for user in client.get("/Users", startIndex="201")["Resources"]] == ["u200"]


def test_the_order_stays_while_rows_change(five: Any) -> None:
    ben = five.get("/Users", filter='userName eq "ben"')["Resources"][0]
    five.patch(f"/Users/{ben['id']}", {"op": "replace", "path": "title", "value": "Lead"})
    assert five.names() == ["ada", "ben", "cyn", "dee", "eve"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('userName eq "BEN"', ["ben"]),
        ('USERNAME EQ "ben"', ["ben"]),
        ('userName eq "ben" and active eq true', ["ben"]),
        ('active eq true and userName eq "eve"', []),
        ('not (userName eq "ben") and active eq true', ["ada", "cyn", "dee"]),
        ('userName eq "ben" or userName eq "eve"', ["ben", "eve"]),
        ("active eq false", ["eve"]),
        ('nonsense eq "x"', []),
        ('urn:ietf:params:scim:schemas:core:2.0:User:userName eq "ada"', ["ada"]),
        ('displayName eq "x"', []),
    ],
)
def test_filters(five: Any, text: str, expected: list[str]) -> None:
    assert five.names(filter=text) == expected


def test_a_value_with_quotes_and_wildcards_is_only_itself(client: Any) -> None:
    names = ["o'brien", 'a"b', "a\\b", "100%", "x_y", "zoë", "a+b@example.com", "李"]
    for name in names:
        client.user(name)
    for name in names:
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        assert client.names(filter=f'userName eq "{escaped}"') == [name]
    assert client.names(filter='userName eq "%"') == []


def test_entra_s_plus_for_a_blank_is_understood(five: Any) -> None:
    assert five.send("GET", "/Users", "filter=userName+eq+%22ben%22").resource()["totalResults"] == 1


@pytest.mark.parametrize(
    "text", ["", "(", 'userName xx "a"', "userName eq", 'userName eq "a', "(" * 5000, "not (" * 5000, "active gt true"]
)
def test_a_filter_that_can_t_be_served_is_400_and_never_everybody(client: Any, text: str) -> None:
    reply = client.send("GET", "/Users", {"filter": text})
    assert (reply.status, reply.resource()["scimType"]) == (400, "invalidFilter")


def test_the_list_shows_what_a_read_shows(five: Any) -> None:
    for user in five.get("/Users")["Resources"]:
        assert five.get(f"/Users/{user['id']}") == user


def test_projection_cuts_down_a_list(five: Any) -> None:
    first = five.get("/Users", attributes="active")["Resources"][0]
    assert first["active"] is True
    assert "userName" not in first
    assert "id" in first


def test_search_by_post_means_the_same_as_get(five: Any) -> None:
    body = {"schemas": [SEARCH], "filter": "active eq true", "startIndex": 2, "count": 2, "attributes": ["userName"]}
    found = five.send("POST", "/Users/.search", body=body)
    assert found.status == 200
    assert found.resource() == five.get(
        "/Users", filter="active eq true", startIndex="2", count="2", attributes="userName"
    )


@pytest.mark.parametrize("wrong", [{"count": "2"}, {"startIndex": True}, {"filter": 1}, {"attributes": "userName"}])
def test_a_search_request_of_the_wrong_types_is_refused(client: Any, wrong: dict[str, Any]) -> None:
    reply = client.send("POST", "/Users/.search", body={"schemas": [SEARCH], **wrong})
    assert (reply.status, reply.resource()["scimType"]) == (400, "invalidValue")


def test_the_root_spans_all_types(five: Any) -> None:
    five.group("Crew")
    assert five.get("/")["totalResults"] == 6
    body = {"schemas": [SEARCH], "filter": 'displayName eq "crew" or userName eq "ada"'}
    found = five.send("POST", "/.search", body=body).resource()["Resources"]
    assert [item["meta"]["resourceType"] for item in found] == ["User", "Group"]
    assert five.get("/", filter='meta.resourceType eq "Group"')["totalResults"] == 1


def test_inactive_users_stay_readable(five: Any) -> None:
    eve = five.get("/Users", filter='userName eq "eve"')["Resources"][0]
    assert five.get(f"/Users/{eve['id']}")["active"] is False
