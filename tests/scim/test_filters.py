"""Filters beyond the corpus: rules that hold for every filter, places of errors, limits (RFC 7644 §3.4.2.2)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scimrig_simulator.scim import urns
from scimrig_simulator.scim.filters import (
    MAX_DEPTH,
    MAX_LENGTH,
    MAX_TERMS,
    And,
    AttrPath,
    Compare,
    Filter,
    FilterError,
    Not,
    Or,
    Present,
    ValuePath,
    matches,
    parse_filter,
    predicate,
    to_text,
)
from scimrig_simulator.scim.schemas import builtin

USER = builtin().resource_type("User")
few = settings(max_examples=40)

# --- every filter

strings = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.sampled_from(["work", "Ada", "ada", ""])
plain = [("userName", "string"), ("title", "string"), ("id", "string")]
plain += [("active", "boolean"), ("meta.created", "dateTime")]
nested = [("emails.value", "string"), ("emails.type", "string"), ("emails.primary", "boolean")]
times = st.sampled_from(["2024-01-01T00:00:00Z", "2024-01-01T01:00:00+01:00", "2025-06-01T12:30:00.250Z"])
literals = {"string": strings, "boolean": st.booleans(), "dateTime": times}
operators = {
    "string": ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"],
    "boolean": ["eq", "ne"],
    "dateTime": ["eq", "ne", "gt", "ge", "lt", "le"],
}


def attr(text: str) -> AttrPath:
    name, _, sub = text.partition(".")
    return AttrPath(None, name, sub or None)


def terms(attributes: list[tuple[str, str]]) -> st.SearchStrategy[Filter]:
    def one(pair: tuple[str, str]) -> st.SearchStrategy[Filter]:
        name, kind = pair
        compare = st.builds(Compare, st.sampled_from(operators[kind]), st.just(attr(name)), literals[kind])
        return compare | st.just(Present(attr(name)))

    return st.sampled_from(attributes).flatmap(one)


def trees(leaves: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    return st.recursive(
        leaves, lambda inner: st.builds(And, inner, inner) | st.builds(Or, inner, inner) | st.builds(Not, inner),
        max_leaves=6,
    )


inside = trees(terms([("value", "string"), ("type", "string"), ("primary", "boolean")]))
filters = trees(terms(plain + nested) | st.builds(ValuePath, st.just(AttrPath(None, "emails")), inside))

emails = st.lists(
    st.fixed_dictionaries({}, optional={"value": strings, "type": strings, "primary": st.booleans()}), max_size=3
)
users = st.fixed_dictionaries(
    {"userName": strings, "id": strings},
    optional={
        "title": strings | st.none(), "active": st.booleans(), "emails": emails,
        "meta": st.fixed_dictionaries({"created": times}),
    },
)


@few
@given(filters)
def test_a_filter_survives_its_text(expression: Filter) -> None:
    assert parse_filter(to_text(expression)) == expression


@few
@given(filters, filters, users)
def test_de_morgan_twins_select_the_same(a: Filter, b: Filter, user: dict[str, Any]) -> None:
    assert matches(Not(And(a, b)), user, USER) is matches(Or(Not(a), Not(b)), user, USER)
    assert matches(Not(Or(a, b)), user, USER) is matches(And(Not(a), Not(b)), user, USER)


@few
@given(filters, users)
def test_not_is_the_complement(expression: Filter, user: dict[str, Any]) -> None:
    assert matches(Not(expression), user, USER) is not matches(expression, user, USER)


@few
@given(filters, filters, filters)
def test_and_binds_tighter_than_or(a: Filter, b: Filter, c: Filter) -> None:
    one, two, three = (f"({to_text(part)})" for part in (a, b, c))
    assert parse_filter(f"{one} or {two} and {three}") == Or(a, And(b, c))
    assert parse_filter(f"{one} and {two} or {three}") == Or(And(a, b), c)


def shouted(expression: Filter) -> Filter:
    """The same filter with every attribute name in capitals."""
    if isinstance(expression, And | Or):
        return type(expression)(shouted(expression.left), shouted(expression.right))
    if isinstance(expression, Not):
        return Not(shouted(expression.expr))
    path = expression.attr
    capital = AttrPath(path.uri, path.name.upper(), path.sub.upper() if path.sub is not None else None)
    if isinstance(expression, ValuePath):
        return ValuePath(capital, shouted(expression.filter))
    return Present(capital) if isinstance(expression, Present) else Compare(expression.op, capital, expression.value)


@few
@given(filters, users)
def test_names_compare_without_case(expression: Filter, user: dict[str, Any]) -> None:
    assert matches(shouted(expression), user, USER) is matches(expression, user, USER)


@pytest.mark.parametrize("word", ["EQ", "eQ"])
def test_operators_compare_without_case(word: str) -> None:
    spelled = f'NOT (title {word} "a") AND (title PR OR title Sw "b")'
    assert to_text(parse_filter(spelled)) == 'not (title eq "a") and (title pr or title sw "b")'


@settings(max_examples=200)
@given(st.text(max_size=40) | st.text(alphabet='ab.:[]()" eqandortpx1\\', max_size=60))
def test_any_text_parses_or_is_refused_at_a_place_in_it(text: str) -> None:
    refused: FilterError | None = None
    try:
        parse_filter(text)
    except FilterError as error:
        refused = error
    if refused is not None:
        assert 1 <= refused.position <= len(text) + 1
        assert (refused.status, refused.scim_type) == (400, "invalidFilter")


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
