"""What a scenario may say of a value, matcher by matcher: what fits, what does not, and in which words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimrig.scenario.matchers import ABSENT, match, words
from scimrig.scenario.resolve import UnknownName

EMAILS = [{"type": "work", "value": "a@x", "primary": True}, {"type": "home", "value": "b@x"}]

FITS: list[tuple[Any, Any]] = [
    # a literal is equality
    ("a", "a"), (1, 1.0), (None, None), (False, False), ([1, 2], [1, 2]),
    ({"is": {"a": [1]}}, {"a": [1]}), ({"is": {}}, {}),
    ({"not": "a"}, "b"), ({"not": True}, "True"), ({"not": {"in": [0, 1, 2]}}, 3), ({"not": "a"}, ABSENT),
    ({"in": [None, ""]}, ""), ({"in": [None, ""]}, None),
    # assigned, in the sense of RFC 7643 §2.5
    ({"absent": True}, ABSENT), ({"absent": True}, None), ({"absent": True}, []),
    ({"present": True}, ""), ({"present": True}, False), ({"present": True}, 0), ({"present": True}, [None]),
    ({"type": "string"}, ""), ({"type": "boolean"}, False), ({"type": "integer"}, 7), ({"type": "number"}, 7.5),
    ({"type": "object"}, {}), ({"type": "array"}, []), ({"type": "null"}, None), ({"type": ["null", "string"]}, "x"),
    ({"matches": "b.d"}, "abcde"), ({"matches": "^a"}, "ab"), ({"starts": "ab"}, "abc"), ({"ends": "bc"}, "abc"),
    # has: a list holds an element, an object holds members
    ({"has": "a"}, ["b", "a"]), ({"has": ["a", "b"]}, ["b", "c", "a"]),
    ({"has": {"type": "work"}}, EMAILS), ({"has": {"type": "home", "value": {"ends": "@x"}}}, EMAILS),
    ({"has": {"primary": {"absent": True}}}, EMAILS), ({"has": {"starts": "b"}}, ["ab", "bc"]),
    ({"has": {"type": "work", "value": {"present": True}}}, EMAILS[0]), ({"not": {"has": "c"}}, ["a"]),
    ({"size": 2}, EMAILS), ({"size": 0}, ABSENT), ({"size": 0}, None), ({"size": 3}, "abc"), ({"size": 1}, {"a": 1}),
    ({"size": {"in": [1, 2]}}, [1]), ({"size": {"not": 0}}, [1]),
    ({"at_least": 3600}, 3600), ({"at_most": 21600}, 3600.5), ({"at_least": -1, "at_most": 1}, 0),
    ({"before": "2026-01-01T00:00:00Z"}, "2025-12-31T23:59:59.999Z"),
    ({"after": "2026-01-01T00:00:00Z"}, "2026-01-01T00:30:00+00:00"),
    ({"after": "2026-01-01T00:00:00+02:00"}, "2025-12-31T22:00:01Z"),  # instants are compared, not texts
    # several matchers must all fit
    ({"starts": "a", "ends": "c", "size": 3}, "abc"), ({"has": "a", "not": {"has": "b"}}, ["a"]),
]

MISFITS: list[tuple[Any, Any, str]] = [
    ("a", "A", '"A" is not "a"'), (True, 1, "1 is not true"), (1, True, "true is not 1"), ("1", 1, '1 is not "1"'),
    (False, None, "null is not false"), ("a", ABSENT, 'nothing is not "a"'), ([1, 2], [2, 1], "[2, 1] is not [1, 2]"),
    ({"is": {"a": 1}}, {"a": True}, '{"a": true} is not {"a": 1}'),
    ({"is": {"a": 1}}, {"a": 1, "b": 2}, '{"a": 1, "b": 2} is not {"a": 1}'),
    ({"not": "a"}, "a", '"a" is what it must not be'),
    ({"in": [1, 2]}, True, "true is none of [1, 2]"),
    ({"absent": True}, "", 'there is a value: ""'), ({"absent": True}, False, "there is a value: false"),
    ({"present": True}, ABSENT, "there is no value"), ({"present": True}, None, "there is no value"),
    ({"present": True}, [], "there is no value"),
    ({"type": "integer"}, True, "true is not of type integer"), ({"type": "integer"}, 1.5, "1.5 is not of type int"),
    ({"type": "integer"}, "1", '"1" is not of type integer'), ({"type": "number"}, False, "false is not of type num"),
    ({"type": ["null", "string"]}, 1, "1 is not of type null or string"),
    ({"type": "string"}, ABSENT, "nothing is not of type string"),
    ({"matches": "^b"}, "ab", '"ab" does not match /^b/'), ({"matches": "1"}, 1, "1 does not match /1/"),
    ({"starts": "b"}, "ab", '"ab" does not start with "b"'), ({"ends": "a"}, ABSENT, 'nothing does not end with "a"'),
    ({"has": "A"}, ["a"], '["a"] holds no "A"'), ({"has": ["a", "c"]}, ["a", "b"], '["a", "b"] holds no "c"'),
    ({"has": {"type": "other"}}, EMAILS[:1], "holds no {"), ({"has": "a"}, "abc", '"abc" does not hold "a"'),
    ({"has": {"value": "a@x", "type": "home"}}, EMAILS, "holds no {"),  # of one and the same element
    ({"has": {"value": "b@x"}}, EMAILS[0], 'value: "a@x" is not "b@x"'),
    ({"has": "a"}, ABSENT, "nothing does not hold"),
    ({"size": 1}, [], "size 0 is not 1"), ({"size": 1}, 1, "1 has no size"),
    ({"size": {"in": [1, 2]}}, [1, 2, 3], "size 3 is none of [1, 2]"),
    ({"at_least": 2}, 1, "1 is not at least 2"), ({"at_most": 2}, 3, "3 is not at most 2"),
    ({"at_least": 1}, True, "true is not at least 1"), ({"at_most": 1}, "1", '"1" is not at most 1'),
    ({"at_least": 1}, ABSENT, "nothing is not at least 1"),
    ({"before": "2026-01-01T00:00:00Z"}, "2026-01-01T00:00:00Z", "is not before"),
    ({"after": "2026-01-01T00:00:00Z"}, "2026-01-01", '"2026-01-01" is no instant'),
    ({"after": "2026-01-01T00:00:00Z"}, "2026-01-01T00:00:00", "is no instant"),  # without a zone it is none
    ({"after": "2026-01-01T00:00:00Z"}, 1, "1 is no instant"),
    ({"starts": "a", "ends": "x"}, "abc", '"abc" does not end with "x"'),
]


@pytest.mark.parametrize(("spec", "actual"), FITS)
def test_it_fits(spec: Any, actual: Any) -> None:
    assert match(spec, actual) is None


@pytest.mark.parametrize(("spec", "actual", "reason"), MISFITS)
def test_it_does_not_fit_and_says_why(spec: Any, actual: Any, reason: str) -> None:
    told = match(spec, actual)
    assert told is not None
    assert reason in told
    assert "\n" not in told


def test_every_matcher_is_shown_to_fit_and_to_fail() -> None:
    assert {word for spec, _ in FITS if isinstance(spec, dict) for word in spec} == set(words())
    assert {word for spec, _, _ in MISFITS if isinstance(spec, dict) for word in spec} == set(words())


def test_templates_are_filled_in() -> None:
    names = {"ada": {"id": "u-1"}}
    assert match({"has": {"value": "${{ ada.id }}"}}, [{"value": "u-1"}], names) is None
    with pytest.raises(UnknownName):
        match("${{ eve.id }}", "x", names)


def test_words_that_are_no_matchers_are_the_authors_mistake() -> None:
    with pytest.raises(ValueError, match="'equals' is no matcher; known are is, not, in"):
        match({"equals": 1}, 1)
    with pytest.raises(ValueError, match="'text' is no JSON type"):
        match({"type": "text"}, "x")
    with pytest.raises(ValueError, match="no ISO 8601 instant"):
        match({"after": "yesterday"}, "2026-01-01T00:00:00Z")


def test_a_long_value_is_shortened_in_the_reason() -> None:
    told = match("a", "b" * 5000)
    assert told is not None
    assert len(told) < 200


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(value=_JSON)
def test_every_value_equals_itself_and_nothing_else_than_not(value: Any) -> None:
    assert match({"is": value}, value) is None
    assert match({"not": {"is": value}}, value) is not None


@given(value=_JSON, other=_JSON)
def test_equality_is_symmetric_and_not_is_its_complement(value: Any, other: Any) -> None:
    forwards = match({"is": value}, other) is None
    assert forwards == (match({"is": other}, value) is None)
    assert forwards != (match({"not": {"is": value}}, other) is None)


@given(actual=_JSON, word=st.sampled_from(["matches", "starts", "ends", "has", "size", "present", "absent"]))
def test_a_matcher_answers_whatever_the_value_is(actual: Any, word: str) -> None:
    spec = {word: {"matches": "x", "starts": "x", "ends": "x", "has": "x", "size": 1}.get(word, True)}
    told = match(spec, actual)
    assert told is None or "\n" not in told
