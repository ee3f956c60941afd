"""Faults of look-ups: each test states what a sound server answers and what the broken one does."""

from __future__ import annotations

from typing import Any

import pytest


def status_of(reply: Any) -> tuple[int, str | None]:
    return reply.status, reply.resource().get("scimType")


def members_of(server: Any, group: str) -> int:
    return len(server.get(group).get("members", []))


@pytest.mark.breaks("filter-ignored", sound=[], broken=["ada"])
@pytest.mark.breaks("unknown-filter-returns-all", sound=[], broken=["ada"])
def test_an_unknown_attribute(server: Any, expected: Any) -> None:
    server.user("ada")
    assert server.names(filter='shoeSize eq "42"') == expected


@pytest.mark.breaks("filter-case-sensitive", sound=["Ada"], broken=[])
def test_another_case(server: Any, expected: Any) -> None:
    server.user("Ada")
    assert server.names(filter='userName eq "ada"') == expected


@pytest.mark.breaks("core-urn-unknown", sound=["ada"], broken=[])
def test_an_attribute_with_the_urn_of_its_schema(server: Any, expected: Any) -> None:
    server.user("ada")
    assert server.names(filter='userName eq "ada"') == ["ada"]
    assert server.names(filter='urn:ietf:params:scim:schemas:core:2.0:User:userName eq "ada"') == expected


@pytest.mark.breaks("operators-case-sensitive", sound=(200, None), broken=(400, "invalidFilter"))
def test_operator_in_capitals(server: Any, expected: Any) -> None:
    assert server.send("GET", "/Users", filter='userName eq "A AND B"').status == 200
    assert status_of(server.send("GET", "/Users", filter='userName EQ "ada"')) == expected


@pytest.mark.breaks("external-id-filter-unsupported", sound=(200, 1), broken=(400, None))
@pytest.mark.breaks("external-id-filter-ignored", sound=(200, 1), broken=(200, 2))
def test_by_external_id(server: Any, expected: Any) -> None:
    server.user("ada", externalId="x")
    server.user("ben")
    reply = server.send("GET", "/Users", filter='externalId eq "x"')
    assert (reply.status, reply.resource().get("totalResults")) == expected


@pytest.mark.breaks("apostrophe-breaks-filter", sound=200, broken=500)
def test_apostrophe(server: Any, expected: Any) -> None:
    assert server.send("GET", "/Users", filter='userName eq "o\'brien"').status == expected


@pytest.mark.breaks("500-on-bad-filter", sound=(400, "invalidFilter"), broken=(500, None))
def test_bad_filter(server: Any, expected: Any) -> None:
    assert status_of(server.send("GET", "/Users", filter="userName xx 1")) == expected


@pytest.mark.breaks("deep-filter-500", sound=(400, "invalidFilter"), broken=(500, None))
def test_deep_filter(server: Any, expected: Any) -> None:
    assert server.send("GET", "/Users", filter="(userName pr)").status == 200
    assert status_of(server.send("GET", "/Users", filter="(" * 500 + "userName pr" + ")" * 500)) == expected


@pytest.mark.breaks("empty-lookup-404", sound=200, broken=404)
def test_nobody_found(server: Any, expected: Any) -> None:
    assert server.send("GET", "/Users", filter='userName eq "nobody"').status == expected


@pytest.mark.breaks("inactive-hidden", sound=(200, 1, 2), broken=(404, 0, 1))
def test_an_inactive_user(server: Any, expected: Any) -> None:
    server.user("ben")
    ada = server.user("ada", active=False)
    listed = server.get("/Users", filter='userName eq "ada"')["totalResults"]
    assert (server.send("GET", ada).status, listed, server.get("/Users")["totalResults"]) == expected


def four(server: Any, **query: str) -> dict[str, Any]:
    for name in ("ada", "ben", "cyn", "dee"):
        server.user(name)
    return server.get("/Users", **query)


@pytest.mark.breaks("total-is-page-length", sound=4, broken=2)
def test_total_of_a_page(server: Any, expected: Any) -> None:
    assert four(server, count="2")["totalResults"] == expected


@pytest.mark.breaks("start-index-ignored", sound=["cyn", "dee"], broken=["ada", "ben"])
def test_the_second_page(server: Any, expected: Any) -> None:
    assert [user["userName"] for user in four(server, startIndex="3", count="2")["Resources"]] == expected


@pytest.mark.breaks("paging-cap", sound=(4, 4, ["dee"]), broken=(3, 3, []))
def test_a_long_list(server: Any, expected: Any) -> None:
    page = four(server)
    assert (page["totalResults"], len(page["Resources"]), server.names(startIndex="4", count="2")) == expected


@pytest.mark.breaks("items-per-page-wrong", sound=1, broken=50)
def test_items_on_a_page(server: Any, expected: Any) -> None:
    server.user("ada")
    assert server.get("/Users", count="50")["itemsPerPage"] == expected


@pytest.mark.breaks("list-count-string", sound=[0, 1, 0], broken=["0", "1", "0"])
def test_counts(server: Any, expected: Any) -> None:
    page = server.get("/Users")
    assert [page[name] for name in ("totalResults", "startIndex", "itemsPerPage")] == expected


@pytest.mark.breaks("list-empty-nulls", sound=[], broken=None)
def test_empty_resources(server: Any, expected: Any) -> None:
    assert server.get("/Users")["Resources"] == expected


@pytest.mark.breaks("group-members-missing-in-list", sound=(1, 1), broken=(1, 0))
def test_members_in_a_list(server: Any, expected: Any) -> None:
    group = server.group("Crew", server.user("ada"))
    listed = server.get("/Groups")["Resources"][0].get("members", [])
    assert (members_of(server, group), len(listed)) == expected


@pytest.mark.breaks("get-404-is-500", sound=404, broken=500)
@pytest.mark.breaks("unknown-id-200", sound=404, broken=200)
def test_an_unknown_id(server: Any, expected: Any) -> None:
    assert server.send("GET", "/Users/nobody").status == expected


@pytest.mark.breaks("excluded-members-ignored", sound=0, broken=1)
def test_excluded_members(server: Any, expected: Any) -> None:
    group = server.group("Crew", server.user("ada"))
    assert len(server.get(group, excludedAttributes="members").get("members", [])) == expected


@pytest.mark.breaks("attributes-drops-id", sound=True, broken=False)
def test_id_in_a_projection(server: Any, expected: Any) -> None:
    assert ("id" in server.get(server.user("ada"), attributes="userName")) is expected


@pytest.mark.breaks("count-ignored", sound=[1, 0, 4], broken=[4, 4, 4])
def test_how_many_were_asked_for(server: Any, expected: Any) -> None:
    four(server)
    assert [len(server.get("/Users", count=count)["Resources"]) for count in ("1", "0", "9")] == expected


@pytest.mark.breaks("short-pages", sound=[4, 1, 4], broken=[2, 1, 2])
def test_how_many_come_on_a_page(server: Any, expected: Any) -> None:
    four(server)
    assert [len(server.get("/Users", count=count)["Resources"]) for count in ("100", "1", "4")] == expected


@pytest.mark.breaks("list-row-twice", sound=["ada", "ben", "cyn", "dee"], broken=["ada", "ben", "cyn", "dee", "ada"])
def test_rows_of_a_list(server: Any, expected: Any) -> None:
    four(server)
    assert (server.names(), server.names(filter='userName eq "ada"')) == (expected, ["ada"])


@pytest.mark.breaks("list-summary", sound=(True, True), broken=(True, False))
def test_name_in_a_list(server: Any, expected: Any) -> None:
    ada = server.user("ada", name={"givenName": "Ada"})
    assert ("name" in server.get(ada), "name" in server.get("/Users")["Resources"][0]) == expected


@pytest.mark.breaks("id-excluded", sound=True, broken=False)
def test_id_that_is_not_wanted(server: Any, expected: Any) -> None:
    assert ("id" in server.get(server.user("ada"), excludedAttributes="id,emails")) is expected


@pytest.mark.breaks("bad-count-500", sound=[400, 400, 200], broken=[500, 500, 200])
def test_bounds_that_are_no_numbers(server: Any, expected: Any) -> None:
    queries = ({"count": "abc"}, {"startIndex": "1.5"}, {"count": "-1"})
    assert [server.send("GET", "/Users", **query).status for query in queries] == expected


@pytest.mark.breaks("long-filter-500", sound=[200, 200], broken=[500, 200])
def test_a_long_filter(server: Any, expected: Any) -> None:
    names = ("a" * 2000, "a")
    assert [server.send("GET", "/Users", filter=f'userName eq "{name}"').status for name in names] == expected


@pytest.mark.breaks("search-lags", sound=("Lead", "Lead"), broken=("Lead", None))
def test_a_change_in_a_search(server: Any, expected: Any) -> None:
    ada = server.user("ada")
    server.patch(ada, {"op": "add", "path": "title", "value": "Lead"})
    listed = server.get("/Users", filter='userName eq "ada"')["Resources"][0]
    assert (server.get(ada).get("title"), listed.get("title")) == expected


@pytest.mark.breaks("lookup-falls-back", sound=[[], ["ada"]], broken=[["owner@example.org"], ["ada"]])
def test_a_look_up_of_nobody(server: Any, expected: Any) -> None:
    server.user("ada")
    assert [server.names(filter=f'userName eq "{name}"') for name in ("ben", "ada")] == expected
