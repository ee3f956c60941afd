"""Templates: a dotted look-up, never code."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimrig.scenario.resolve import UnknownName, names_in, resolve, well_formed

NAMES = {"ada": {"id": "u-1", "userName": "ada@x", "emails": [{"value": "ada@x"}]}, "matrix": {"off": False, "n": 7}}


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("${{ ada.id }}", "u-1"), ("${{ada.id}}", "u-1"), ("/Users/${{ ada.id }}/x", "/Users/u-1/x"),
        ("${{ matrix.off }}", False), ("${{ matrix.n }}", 7), ("${{ ada.emails }}", [{"value": "ada@x"}]),
        ("is ${{ matrix.off }}", "is false"), ("n=${{ matrix.n }}", "n=7"),
        ("${{ ada.id }}${{ ada.id }}", "u-1u-1"), ("no template", "no template"), ("{{ ada.id }}", "{{ ada.id }}"),
        (["${{ ada.id }}", 1], ["u-1", 1]), ({"a": {"b": "${{ ada.id }}"}}, {"a": {"b": "u-1"}}),
        ({'members[value eq "${{ ada.id }}"]': True}, {'members[value eq "u-1"]': True}),
        ({"${{ matrix.n }}": 1}, {"7": 1}), (None, None), (True, True), (1.5, 1.5),
    ],
)
def test_a_template_is_filled_in(template: Any, filled: Any) -> None:
    found = resolve(template, NAMES)
    assert found == filled
    assert type(found) is type(filled)


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("${{ eve.id }}", "'eve.id' names nothing: a template has no 'eve'; known are ada, matrix"),
        ("${{ ada.ID }}", "ada has no 'ID'; did you mean 'id'?"),
        ("x ${{ ada.user_name }}", "ada has no 'user_name'; did you mean 'userName'?"),
        ("${{ ada.id.length }}", "'ada.id.length' names nothing: ada.id has no 'length'"),
        ("${{ __import__('os') }}", "names nothing"),
    ],
)
def test_an_unknown_name_is_told_with_those_that_are_known(template: str, told: str) -> None:
    with pytest.raises(UnknownName) as raised:
        resolve(template, NAMES)
    assert told in str(raised.value)


def test_what_was_given_is_not_changed() -> None:
    before = {"a": ["${{ ada.id }}"]}
    resolve(before, NAMES)
    assert before == {"a": ["${{ ada.id }}"]}


def test_a_filled_in_value_is_not_filled_in_again() -> None:
    assert resolve("${{ a.b }}", {"a": {"b": "${{ a.b }}"}}) == "${{ a.b }}"


def test_the_names_in_a_value_are_listed() -> None:
    value = {"${{ a.b }}": ["${{ c.d }} ${{ e.f }}", 1], "x": {"y": "${{g.h}}"}}
    assert list(names_in(value)) == ["a.b", "c.d", "e.f", "g.h"]


@pytest.mark.parametrize("name", ["ada.id", "matrix.off-by-one", "kept.a.b", "ada.$ref"])
def test_a_dotted_name_is_well_formed(name: str) -> None:
    assert well_formed(name)


@pytest.mark.parametrize("name", ["ada", "ada.", ".id", "ada id", "ada.id + 1", "ada['id']", "", "f().x", "ada.id\n"])
def test_anything_else_is_not(name: str) -> None:
    assert not well_formed(name)


@given(st.text(alphabet=st.characters(exclude_characters="$"), max_size=30))
def test_text_without_a_template_stays_as_it_is(text: str) -> None:
    assert resolve(text, {}) == text


_TEMPLATED = st.text(alphabet="${} a.b", max_size=12) | st.integers()


@given(st.recursive(_TEMPLATED, lambda inner: st.lists(inner, max_size=3)))
def test_any_value_resolves_or_names_what_is_unknown(value: Any) -> None:
    try:
        resolve(value, {"a": {"b": 1}})
    except UnknownName as unknown:
        assert "names nothing" in str(unknown)  # noqa: PT017  # both ends are right
