"""Broken values: types, nulls, primary, duplicates. Each defect is one finding, by one check, with its grade."""

from __future__ import annotations

from typing import Any

import pytest

USER_URN = "urn:ietf:params:scim:schemas:core:2.0:User"


def _user(**values: Any) -> Any:
    return lambda m: m.exchange("GET /Users/7a", 200, m.user(**values))


BROKEN: dict[str, tuple[Any, str, str, str]] = {
    "a boolean as a string": (_user(active="false"), "types", "fail", 'active is the string "false"'),
    "a boolean as a number": (_user(active=1), "types", "fail", "active"),
    "a string as a number": (_user(externalId=7), "types", "fail", "externalId is the number 7"),
    "one e-mail, no array": (_user(emails={"value": "a"}), "types", "fail", "an array"),
    "e-mails as strings": (_user(emails=["a@example.com"]), "types", "fail", "emails"),
    "a name as a string": (_user(name="Ada"), "types", "fail", "an object"),
    "a title as an object": (_user(title={"value": "x"}), "types", "fail", "title"),
    "primary as a string": (_user(emails=[{"value": "a", "primary": "true"}]), "types", "fail", "emails.primary"),
    "manager as a string": (
        lambda m: m.exchange(
            "GET /Users/7a", 200, m.user(schemas=[USER_URN, m.ENTERPRISE], **{m.ENTERPRISE: {"manager": "8"}})
        ),
        "types",
        "fail",
        "manager",
    ),
    "null": (_user(title=None), "nulls", "info", "null"),
    "null inside": (_user(name={"givenName": None}), "nulls", "info", "null"),
    "two primaries": (
        _user(emails=[{"value": "a", "primary": True}, {"value": "b", "primary": True}]),
        "primary-once",
        "fail",
        "2 values of emails",
    ),
    "an e-mail twice": (
        _user(emails=[{"value": "a", "type": "work"}, {"value": "a", "type": "work"}]),
        "values-once",
        "warn",
        "emails",
    ),
    "a member twice": (
        lambda m: m.exchange("GET /Groups/9f", 200, m.group(members=[{"value": "7", "type": "User"}, {"value": "7"}])),
        "values-once",
        "warn",
        "a member stands twice",
    ),
    "a member without value": (
        lambda m: m.exchange("GET /Groups/9f", 200, m.group(members=[{"display": "Ada"}])),
        "membership-values",
        "fail",
        "members",
    ),
    "a group without value": (_user(groups=[{"value": ""}]), "membership-values", "fail", "groups"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_one_defect_is_one_finding(name: str, m: Any) -> None:
    make, check, status, words = BROKEN[name]
    found = m.examine(make(m))[1]
    assert [(finding.check, finding.status.value) for finding in found] == [(check, status)]
    assert words in f"{found[0].title} {found[0].shape}"
    assert found[0].expected != found[0].actual
