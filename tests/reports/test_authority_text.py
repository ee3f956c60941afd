"""Who says so, in words that a reader can look up."""

from __future__ import annotations

import json
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimrig.declarations import KEYS, NOTHING, Declarations
from scimrig_reports.authority import clause


def test_a_promise_is_told_as_it_stands_in_the_target_file_with_what_it_means():
    text = clause("policy:policy.email_change", Declarations({"policy": {"email_change": "reject"}}))
    head, _, meaning = text.partition(": ")
    assert head == 'policy.email_change = "reject" (target file)'
    assert meaning == KEYS["policy.email_change"].title


def test_what_holds_where_nothing_is_declared_is_told_as_such():
    text = clause("policy:webhooks.tolerance_s", Declarations({"webhooks": {"signing": "svix"}}))
    assert text.startswith("webhooks.tolerance_s = 300 (the target file does not say otherwise): ")


def test_a_key_that_is_neither_declared_nor_has_a_default_is_named():
    told = clause("policy:webhooks.events", NOTHING)
    assert told.startswith("webhooks.events (not in the target file): what the target calls its events")
    assert clause("policy:unheard.of") == "unheard.of (target file)"


def test_a_long_table_is_told_as_far_as_it_fits():
    events = {f"event_{number}": f"organization.directory.event_{number}" for number in range(9)}
    text = clause("policy:webhooks.events", Declarations({"webhooks": {"events": events}}))
    assert text.startswith('webhooks.events = {event_0 = "organization.directory.event_0", …} (target file)')


@pytest.mark.parametrize("key", sorted(KEYS))
def test_every_key_of_a_target_file_has_a_meaning(key):
    assert clause(f"policy:{key}").endswith(KEYS[key].title)


@given(st.booleans() | st.integers(0, 9999) | st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30)
       | st.lists(st.integers(0, 99), max_size=5) | st.dictionaries(st.sampled_from("abc"), st.integers(0, 99)))
def test_a_short_value_is_told_as_toml_has_it(value):
    text = clause("policy:x.y", Declarations({"x": {"y": value}}))
    told = text.removeprefix("x.y = ").removesuffix(" (target file)")
    assert json.dumps(tomllib.loads(f"told = {told}")["told"]) == json.dumps(value)
