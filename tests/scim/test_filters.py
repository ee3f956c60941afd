"""Filters beyond the corpus: places of errors, limits, what no data set shows (RFC 7644 §3.4.2.2)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from scimrig_simulator.scim import urns
from scimrig_simulator.scim.filters import (
    MAX_DEPTH,
    MAX_LENGTH,
    MAX_TERMS,
    FilterError,
    matches,
    parse_filter,
    predicate,
    to_text,
)
from scimrig_simulator.scim.schemas import Extension, builtin, schema_from_json

USER = builtin().resource_type("User")


@pytest.mark.parametrize("word", ["EQ", "eQ"])
def test_operators_compare_without_case(word: str) -> None:
    spelled = f'NOT (title {word} "a") AND (title PR OR title Sw "b")'
    assert to_text(parse_filter(spelled)) == 'not (title eq "a") and (title pr or title sw "b")'


# --- places of errors


@pytest.mark.parametrize(
    ("text", "position", "expected"),
    [
        ("", 1, "attribute name"),
        ("userName", 9, "space and an operator"),
        ("userName is", 10, "operator"),
        ('userName eq "a', 13, "JSON string"),
        ('userName eq "a\\x"', 15, "JSON string"),
        ("userName eq ", 13, "a value"),
        ("userName eq bjensen", 13, "double quotes"),
        ("userName eq TRUE", 13, "true, false or null"),
        ("userName eq 042", 14, "'and', 'or' or the end"),
        ('userName  eq "a"', 10, "behind one space"),
        ('userName eq "a" and', 16, "'and', 'or' or the end"),
        ('userName eq "a" and ', 21, "attribute name"),
        ('userName eq "a")', 16, "'and', 'or' or the end"),
        ('(userName eq "a"', 17, "')'"),
        ("not title pr", 5, "operator"),
        ("not ()", 6, "attribute name"),
        ('emails[type eq "work" and addresses[type pr]]', 36, "can't hold another one"),
        ('emails[type eq "work"].value eq "x"', 23, "'and', 'or' or the end"),
        ("name.givenName.first pr", 15, "one sub-attribute at most"),
        ("members.$ref pr", 9, "name of a sub-attribute"),
        ('userName eq "\\ud800"', 13, "surrogate"),
        ("id eq 1e999", 7, "too large"),
    ],
)
def test_an_error_names_the_place_and_what_was_expected(text: str, position: int, expected: str) -> None:
    with pytest.raises(FilterError) as refused:
        parse_filter(text)
    assert refused.value.position == position
    assert expected in refused.value.detail
    assert f"character {position}" in refused.value.body()["detail"]


@pytest.mark.parametrize(
    ("text", "position", "expected"),
    [
        ('title pr and active eq "true"', 14, "true or false"),
        ("title pr and active gt true", 14, "boolean"),
        ("title eq 1", 1, "double quotes"),
        ('meta.created gt "2024-06-01"', 1, "dateTime"),
        ('name eq "Lee"', 1, "name.formatted"),
        ('userName[value eq "lee"]', 1, "without [ ]"),
        ("title gt null", 1, "null takes eq and ne only"),
        ("emails[type pr and primary gt false]", 20, "boolean"),
        ('x509Certificates.value co "a"', 1, "binary"),
    ],
)
def test_a_bad_combination_is_refused_before_any_resource_is_seen(text: str, position: int, expected: str) -> None:
    with pytest.raises(FilterError) as refused:
        predicate(parse_filter(text), USER)
    assert refused.value.position == position
    assert expected in refused.value.detail


def test_a_bad_combination_is_refused_even_where_another_operand_decides() -> None:
    with pytest.raises(FilterError):
        matches(parse_filter("userName pr or active gt true"), {"userName": "x"}, USER)


# --- limits


@pytest.mark.parametrize(
    "text",
    [
        "(" * 10_000 + "a pr" + ")" * 10_000,
        "not (" * 10_000 + "a pr" + ")" * 10_000,
        "(" * (MAX_DEPTH + 1) + "a pr" + ")" * (MAX_DEPTH + 1),
        "not(" * (MAX_DEPTH + 1) + "a pr" + ")" * (MAX_DEPTH + 1),
        "(" * MAX_DEPTH + "emails[type pr]" + ")" * MAX_DEPTH,
        " or ".join(["a pr"] * (MAX_TERMS + 1)),
        "(a pr or " * 1_000 + "a pr" + ")" * 1_000,
        "a" * MAX_LENGTH + " pr",
        "[" * 10_000,
        'userName eq "' + "\\" * 10_001,
        "userName eq " + "9" * 10_000,
        "a." * 5_000 + "b pr",
    ],
)
def test_what_is_too_deep_or_too_long_is_refused_before_it_is_all_read(text: str) -> None:
    with pytest.raises(FilterError):
        parse_filter(text)


def test_what_is_just_within_the_limits_works() -> None:
    deep = parse_filter("(" * MAX_DEPTH + "userName pr" + ")" * MAX_DEPTH)
    wide = parse_filter(" or ".join(['userName eq "x"'] * (MAX_TERMS - 1) + ['userName eq "ada"']))
    for expression in (deep, wide, parse_filter("not (" * MAX_DEPTH + "title pr" + ")" * MAX_DEPTH)):
        assert parse_filter(to_text(expression)) == expression
        assert predicate(expression, USER)({"userName": "ada", "title": "x"})


# --- what the corpus leaves out


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("emails.primary pr", False),  # absent counts as false for eq, but it is no value
        ("emails.primary ne true", True),
        ("roles.primary ne false", True),  # there is no role at all, so nothing that is absent from one
        ("roles.primary eq false", False),
        ("emails[primary eq false]", True),
        ('schemas[value eq "urn:x"]', True),
        (f'{urns.USER}:schemas eq "urn:x"', True),
        ('userName eq "ﬁ\u0301"', False),
        ('displayName eq "STRASSE"', True),
        ('nickName eq "e\u0301"', True),  # é in two characters
        ('title ne "x"', True),
        ("title eq null", True),
        ('password eq "secret"', False),
        ('password ne "secret"', True),
        ("password pr", False),
    ],
)
def test_a_rule_of_its_own(text: str, holds: bool) -> None:
    user = {
        "schemas": ["urn:x"], "userName": "ada", "displayName": "Straße", "nickName": "É", "password": "secret",
        "emails": [{"value": "a@example.com"}],
    }
    assert matches(parse_filter(text), user, USER) is holds


@pytest.mark.parametrize(
    "odd", [{"userName": 7}, {"userName": {"a": "a"}}, {"emails": "a"}, {"emails": [3]}, {"meta": []}]
)
def test_what_a_resource_wrongly_holds_is_no_error(odd: dict[str, Any]) -> None:
    after = 'meta.created gt "2024-01-01T00:00:00Z"'
    for text in ('userName co "a"', 'emails.value gt "a"', 'emails[type eq "a"]', after):
        assert not matches(parse_filter(text), odd, USER)


# --- what is never returned (RFC 7643 §7; RFC 7644 §7.5.2)


@pytest.mark.parametrize(
    "text",
    [
        'X:keys.secret eq "s"', 'X:keys.secret sw "s"', "X:keys.secret pr", 'X:keys[secret sw "s"]',
        "X:keys[secret pr]", "X:keys pr", "X:keys ne null", 'X:keys[id eq "1" or secret pr]', 'X:vault eq "v"',
        "X:vault pr", "X:vault ne null", 'X:vault.value eq "v"', 'X:vault[value eq "v"]', "X:vault.value pr",
        'X:pins eq "p"', 'X:pins co "p"', 'X:pins.value sw "p"', "X:pins pr", 'X:pins[value eq "p"]',
    ],
)
def test_nothing_that_is_never_returned_can_be_found_out(text: str) -> None:
    several, secret = {"type": "complex", "multiValued": True}, {"returned": "never"}
    lab = schema_from_json({"id": "urn:x:lab:2.0:User", "attributes": [
        {**several, "name": "keys", "subAttributes": [{"name": "id"}, {"name": "secret", **secret}]},
        {**several, "name": "vault", **secret, "subAttributes": [{"name": "value"}]},
        {**several, "name": "pins", "subAttributes": [{"name": "value", **secret}, {"name": "type"}]},
    ]})
    kind = replace(USER, extensions=(Extension(lab),))
    user = {lab.id: {"keys": [{"secret": "s"}], "vault": [{"value": "v"}], "pins": [{"value": "p"}]}}
    assert not matches(parse_filter(text.replace("X:", f"{lab.id}:")), user, kind)


def test_a_complex_attribute_without_parts_is_refused_like_any_other() -> None:
    lab = schema_from_json({"id": "urn:x:lab:2.0:User", "attributes": [{"name": "box", "type": "complex"}]})
    with pytest.raises(FilterError, match="is complex"):
        matches(parse_filter(f'{lab.id}:box eq "x"'), {}, replace(USER, extensions=(Extension(lab),)))


def test_a_simple_sub_attribute_of_several_values_takes_a_value_path() -> None:
    many = {"name": "many", "multiValued": True}
    lab = schema_from_json(
        {"id": "urn:x:lab:2.0:User", "attributes": [{"name": "box", "type": "complex", "subAttributes": [many]}]}
    )
    kind, user = replace(USER, extensions=(Extension(lab),)), {lab.id: {"box": {"many": ["a", "b"]}}}
    assert matches(parse_filter(f'{lab.id}:box.many[value eq "B"]'), user, kind)
    assert not matches(parse_filter(f'{lab.id}:box.many[value eq "a" and value eq "b"]'), user, kind)
