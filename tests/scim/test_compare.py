"""When two values are the same (RFC 7643 §2.2 to §2.5)."""

from __future__ import annotations

from typing import Any
from unicodedata import normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scimrig_simulator.scim.compare import fold, instant, member, same_value
from scimrig_simulator.scim.paths import parse_attr_path
from scimrig_simulator.scim.schemas import Attribute, builtin


def attribute(path: str) -> Attribute:
    found = [builtin().resource_type(kind).find(parse_attr_path(path)) for kind in ("User", "Group")]
    return next(item for item in found if item is not None)


@pytest.mark.parametrize(
    ("path", "one", "other"),
    [
        ("userName", "Ada", "aDA"),
        ("displayName", "Straße", "STRASSE"),
        ("displayName", "e\u0301", "É"),
        ("meta.created", "2024-01-01T00:00:00Z", "2024-01-01T01:00:00.000+01:00"),
        ("title", None, []),
        ("displayName", "İ", "i\u0307"),
        ("displayName", "ﬁn", "FIN"),
        ("displayName", "ᾳ\u0301", "\u03b1\u0301\u0345"),
        ("userName", "Ａｄａ", "ada"),
        ("userName", "ｶﾞ", "ガ"),
        ("emails", None, []),
        ("emails", [], [{}]),
        ("emails", [{"value": "a"}, {"value": "b"}], [{"value": "B"}, {"value": "A"}]),
        ("emails", [{"value": "a", "primary": False}], [{"value": "a"}]),
        ("emails", [{"value": "a", "type": None}], [{"VALUE": "a"}]),
        ("name", {}, None),
        ("name", {"givenName": None}, None),
    ],
)
def test_values_that_are_the_same(path: str, one: Any, other: Any) -> None:
    assert same_value(one, other, attribute(path))
    assert same_value(other, one, attribute(path))


@pytest.mark.parametrize(
    ("path", "one", "other"),
    [
        ("externalId", "Ada", "ada"),
        ("id", "a", "A"),
        ("title", "", None),
        ("active", False, None),
        ("active", False, "False"),
        ("active", True, 1),
        ("emails", [{"value": "a"}], [{"value": "a"}, {"value": "a"}]),
        ("emails", [{"value": "a", "type": "work"}], [{"value": "a"}]),
        ("emails", [{"value": "a"}], {"value": "a"}),
        ("emails", [{"value": "a", "primary": True}], [{"value": "a"}]),
        ("meta.created", "2024-01-01T00:00:00Z", "2024-01-01T00:00:00+01:00"),
        ("meta.created", "2024-01-01T00:00:00Z", "today"),
        ("userName", "ada", ["ada"]),
    ],
)
def test_values_that_differ(path: str, one: Any, other: Any) -> None:
    assert not same_value(one, other, attribute(path))
    assert not same_value(other, one, attribute(path))


def test_without_a_definition_values_compare_as_json() -> None:
    assert same_value({"a": [1, 2], "b": None}, {"a": [2, 1]})
    assert same_value([1.0, 10**22, 11], [1e22, 11, 1])
    assert not same_value("a", "A")


def test_several_points_in_time_are_the_same_in_any_order_and_offset() -> None:
    times = Attribute("times", "dateTime", multi_valued=True)
    one = ["2024-01-01T00:00:00Z", "2024-01-01T00:30:00Z"]
    other = ["2023-12-31T23:30:00-01:00", "2024-01-01T01:00:00.0+01:00"]
    assert same_value(one, other, times)
    assert not same_value(one, other[:1], times)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.text("aA1", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["value", "primary", "x"]), inner),
    max_leaves=5,
)


@settings(max_examples=60)
@given(json_values, json_values, st.sampled_from(["emails", "userName", "name", "active", "meta.created"]))
def test_sameness_is_symmetric_and_every_value_is_its_own_same(one: Any, other: Any, path: str) -> None:
    assert same_value(one, one, attribute(path))
    assert same_value(one, other, attribute(path)) is same_value(other, one, attribute(path))


@given(st.text(max_size=8))
def test_folding_twice_is_folding_once_and_does_not_see_how_letters_are_composed(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    for form in ("NFC", "NFD"):
        assert fold(normalize(form, text)) == fold(text)


# XML Schema 1.0 part 2 §3.2.7.1 is what RFC 7643 §2.3.5 refers to; of its years, the four-digit ones.
@pytest.mark.parametrize(
    "text",
    [
        "2024-01-01", "yesterday", "1717200000", "", "2024-13-01T00:00:00Z", "2024-01-01T00:00:00+1",
        "2023-02-29T00:00:00Z", "2024-01-01T00:00:60Z", "2024-01-01T24:00:01Z", "2024-01-01T24:01:00Z",
        "0000-01-01T00:00:00Z", "-0001-01-01T00:00:00Z", "12024-01-01T00:00:00Z", "9999-12-31T24:00:00Z",
        "2024-01-01T00:00:00+14:01", "2024-01-01T00:00:00-15:00", "2024-01-01T00:00:00+01:60", "2024-01-01T00:00:00.Z",
        "2024-01-01T00:00:00,5Z", "2024-01-01t00:00:00Z", "2024-01-01T00:00:00z", "2024-01-01T00:00:00Z\n",
        "٢٠٢٤-01-01T00:00:00Z",
    ],
)
def test_what_is_no_date_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="dateTime"):
        instant(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2024-02-29T24:00:00Z", "2024-03-01T00:00:00Z"),
        ("2023-12-31T24:00:00.000-05:00", "2024-01-01T05:00:00Z"),
        ("2024-01-01T00:00:00.5Z", "2024-01-01T00:00:00.500000000Z"),
        ("2024-01-01T00:00:00+14:00", "2023-12-31T10:00:00Z"),
        ("2024-01-01T00:00:00-00:00", "2024-01-01T00:00:00+00:00"),
    ],
)
def test_two_spellings_of_one_instant_are_equal(one: str, other: str) -> None:
    assert instant(one) == instant(other)


def test_instants_at_the_ends_of_the_calendar_can_be_compared() -> None:
    first, last = instant("0001-01-01T00:00:00+14:00"), instant("9999-12-31T23:59:59.999999-14:00")
    assert first < instant("2024-01-01T00:00:00Z") < last
    assert hash(first) != hash(last)


def test_a_date_time_without_an_offset_is_utc() -> None:
    assert instant("2024-01-01T00:00:00") == instant("2024-01-01T02:00:00+02:00")


def test_a_member_is_found_in_any_case_the_exact_one_first() -> None:
    assert member({"USERNAME": 1, "userName": 2}, "userName") == 2
    assert member({"USERNAME": 1}, "userName") == 1
    assert member([1], "userName") is None
