"""An exchange as HTTP text."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scimrig_reports.transcript import answered, sent, whole

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def body(lines: list[str]) -> str:
    return "\n".join(lines[lines.index("") + 1 :])


def test_the_request_line_holds_path_and_query_below_the_base_url(make):
    lines = sent(make.exchange(1, method="GET", path="/Users", query="count=1", request_headers=(), request_body=None))
    assert lines == ["GET /Users?count=1"]


def test_a_short_body_stays_as_it_was_sent(make):
    assert body(sent(make.exchange(1, request_body='{"a" :1}'))) == '{"a" :1}'


def test_a_long_one_is_laid_out_and_what_is_short_in_it_stays_on_a_line(make):
    value = {"schemas": ["urn:one"], "emails": [{"value": "a@example.com", "type": "work"}], "displayName": "x" * 80}
    assert body(sent(make.exchange(1, request_body=json.dumps(value)))).splitlines() == [
        "{",
        '  "schemas": ["urn:one"],',
        '  "emails": [{"value": "a@example.com", "type": "work"}],',
        f'  "displayName": "{"x" * 80}"',
        "}",
    ]


@settings(max_examples=60)
@given(JSON)
def test_laying_out_changes_nothing_but_blanks(value):
    from scimrig.evidence import Exchange

    text = json.dumps({"padding": "x" * 120, "value": value})
    exchange = Exchange(1, "", "", "idp", "", "", "POST", "/Users", "", (), text, 200, (), "", 0.0)
    assert json.loads(body(sent(exchange))) == json.loads(text)


@pytest.mark.parametrize("number", ["1.0", "1e400", "123456789012345678901234567890", "-0"])
def test_numbers_and_doubled_members_are_shown_as_they_were_written(make, number):
    text = f'{{"a":{number},"a":{number},"padding":"{"x" * 120}"}}'
    assert len(re.findall(rf'"a": {re.escape(number)},', body(sent(make.exchange(1, request_body=text))))) == 2


@pytest.mark.parametrize("text", ["<html>" + "x" * 200, '{"a": ' + "1" * 200, "[" * 100_000])
def test_what_is_no_json_stays_as_it_is(make, text):
    assert body(answered(make.exchange(1, reply_body=text))) == text


def test_cut_bodies_say_how_much_is_missing(make):
    lines = answered(make.exchange(1, reply_body="\n".join("abcdefgh")), limit=3)
    assert lines[-4:] == ["a", "b", "c", "… 5 more lines"]


def test_the_whole_has_every_header(make):
    assert "< server: acme" in whole(make.exchange(1)).splitlines()
    assert "server: acme" not in answered(make.exchange(1))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("Bearer something", "Bearer [redacted]"), ("[redacted]", "[redacted]"), ("Bearer", "Bearer"),
        ("bearer [redacted]", "bearer [redacted]"), ("something", "[redacted]"), ("", ""),
    ],
)
def test_credentials_are_hidden_whoever_sent_them(make, value, shown):
    assert f"Authorization: {shown}" in sent(make.exchange(1, request_headers=(("Authorization", value),)))
