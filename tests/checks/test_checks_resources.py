"""Broken resources: schemas, id, names, meta. Each defect is one finding, by one check, with its grade."""

from __future__ import annotations

from typing import Any

import pytest

PATCH_URN = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
USER_URN = "urn:ietf:params:scim:schemas:core:2.0:User"


def _user(**values: Any) -> Any:
    return lambda m: m.exchange("GET /Users/7a", 200, m.user(**values))


def _meta(**values: Any) -> Any:
    def make(m: Any) -> Any:
        meta = {name: value for name, value in {**m.user()["meta"], **values}.items() if value is not m.GONE}
        return m.exchange("GET /Users/7a", 200, m.user(meta=meta))

    return make


RESOURCES: dict[str, tuple[Any, str, str, str]] = {
    "no schemas": (
        lambda m: m.exchange("GET /Users/7a", 200, m.user(schemas=m.GONE)),
        "resource-schemas",
        "fail",
        "missing",
    ),
    "empty schemas": (_user(schemas=[]), "resource-schemas", "fail", "missing"),
    "schemas as a string": (_user(schemas=USER_URN), "resource-schemas", "fail", "no list"),
    "the core URN missing": (_user(schemas=["urn:acme:User"]), "resource-schemas", "fail", "lacks the URN"),
    "a URN twice": (_user(schemas=[USER_URN, USER_URN]), "resource-schemas", "fail", "twice"),
    "a PATCH echoed": (
        lambda m: m.exchange("PATCH /Users/7a", 200, m.user(schemas=[USER_URN, PATCH_URN])),
        "resource-schemas",
        "fail",
        "the message PatchOp",
    ),
    "an extension undeclared": (
        lambda m: m.exchange("GET /Users/7a", 200, m.user(**{m.ENTERPRISE: {"department": "X"}})),
        "resource-schemas",
        "fail",
        "does not name",
    ),
    "schemas missing in a list": (
        lambda m: m.exchange("GET /Users", 200, m.listing(m.user(), m.user("8", schemas=m.GONE))),
        "resource-schemas",
        "fail",
        "Resources[1]: ",
    ),
    "no id": (lambda m: m.exchange("GET /Users/7a", 200, m.user(id=m.GONE)), "resource-id", "fail", "no id"),
    "no id in a projection": (
        lambda m: m.exchange("GET /Users/7a?attributes=userName", 200, {"userName": "ada"}),
        "resource-id",
        "fail",
        "no id",
    ),
    "a number for id": (_user(id=7), "resource-id", "fail", "number"),
    "an empty id": (_user(id=""), "resource-id", "fail", "no id"),
    "bulkId": (
        lambda m: m.exchange("GET /Users", 200, m.listing(m.user("bulkId:1"))),
        "resource-id",
        "fail",
        "contains bulkId",
    ),
    "an id in another case": (
        lambda m: m.exchange("GET /Users/7A", 200, m.user()),
        "resource-id",
        "warn",
        "other case",
    ),
    "a list for an id": (
        lambda m: m.exchange("GET /Users/zz", 200, m.listing()),
        "resource-id",
        "fail",
        "answered with a list",
    ),
    "no userName": (
        lambda m: m.exchange("GET /Users/7a", 200, m.user(userName=m.GONE)),
        "required-attributes",
        "fail",
        "userName",
    ),
    "no displayName": (
        lambda m: m.exchange("GET /Groups/9f", 200, m.group(displayName="")),
        "required-attributes",
        "warn",
        "displayName",
    ),
    "a dotted name": (_user(**{"name.givenName": "Ada"}), "attribute-names", "fail", "name.givenName"),
    "a filter as a name": (_user(**{'emails[type eq "work"].value': "a"}), "attribute-names", "fail", "emails"),
    "a URN with its attribute": (
        lambda m: m.exchange("GET /Users/7a", 200, m.user(**{f"{m.ENTERPRISE}:department": "X"})),
        "attribute-names",
        "fail",
        "department",
    ),
    "a URN cut at its dot": (
        lambda m: m.exchange("GET /Users/7a", 200, m.user(**{m.ENTERPRISE[:-6]: {"0:User:department": "X"}})),
        "attribute-names",
        "fail",
        "department",
    ),
    "an odd name": (_user(_rev="3"), "attribute-names", "warn", "_rev"),
    "two spellings": (_user(USERNAME="ada"), "attribute-names", "fail", "stands twice"),
}
META: dict[str, tuple[Any, str, str, str]] = {
    "no meta": (lambda m: m.exchange("GET /Users/7a", 200, m.user(meta=m.GONE)), "resource-meta", "fail", "no meta"),
    "meta is a string": (_user(meta="User"), "resource-meta", "fail", "no object"),
    "the wrong type": (_meta(resourceType="user"), "resource-meta", "fail", "resourceType"),
    "no type": (lambda m: _meta(resourceType=m.GONE)(m), "resource-meta", "warn", "no resourceType"),
    "no created": (lambda m: _meta(created=m.GONE)(m), "resource-meta", "warn", "no created"),
    "a Unix time": (_meta(created=1767603600), "resource-meta", "fail", "no DateTime"),
    "a date alone": (_meta(created="2026-01-05"), "resource-meta", "fail", "no DateTime"),
    "a blank for T": (_meta(created="2026-01-05 09:00:00Z"), "resource-meta", "fail", "no DateTime"),
    "30 February": (_meta(created="2026-02-30T09:00:00Z"), "resource-meta", "fail", "no time that there is"),
    "no zone": (_meta(created="2026-01-05T09:00:00"), "resource-meta", "warn", "no time zone"),
    "modified before created": (_meta(lastModified="2025-12-31T00:00:00Z"), "resource-meta", "fail", "earlier"),
    "modified at birth": (
        lambda m: m.created(m.user(meta=m.user()["meta"] | {"lastModified": "2026-01-05T09:00:30Z"})),
        "resource-meta",
        "fail",
        "just created",
    ),
    "two readings of a clock": (
        lambda m: m.created(m.user(meta=m.user()["meta"] | {"lastModified": "2026-01-05T09:00:00.004Z"})),
        "resource-meta",
        "warn",
        "just created",
    ),
}
BROKEN = RESOURCES | META


@pytest.mark.parametrize("name", BROKEN)
def test_one_defect_is_one_finding(name: str, m: Any) -> None:
    make, check, status, words = BROKEN[name]
    found = m.examine(make(m))[1]
    assert [(finding.check, finding.status.value) for finding in found] == [(check, status)]
    assert words in f"{found[0].title} {found[0].shape}"
    assert found[0].expected != found[0].actual


def test_another_id_than_the_one_addressed(m: Any) -> None:
    found = m.found(m.exchange("PUT /Users/7a", 200, m.user("8b")))
    assert found == [("resource-id", "fail")]


@pytest.mark.parametrize(
    ("name", "requirement"),
    [("a URN twice", "RFC7643-3-R04"), ("empty schemas", "RFC7643-3-R02"), ("no schemas", "RFC7643-2.1-R02")],
)
def test_the_authority_is_the_rule_that_is_broken_not_the_check(name: str, requirement: str, m: Any) -> None:
    [finding] = m.examine(RESOURCES[name][0](m))[1]
    assert (finding.check, finding.authority) == ("resource-schemas", f"rfc:{requirement}")


def test_forty_rows_with_one_defect_are_one_finding(m: Any) -> None:
    rows = [m.user(str(number), active="true") for number in range(40)]
    [finding] = m.examine(m.exchange("GET /Users", 200, m.listing(*rows)))[1]
    assert (finding.check, finding.shape) == ("types", "attribute active")
