"""What a stream can carry: colour, width, characters."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scimrig_reports.terminal import Style, Terminal, visible


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _xterm(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)


def test_colour_is_for_terminals():
    assert Terminal(Screen()).color
    assert not Terminal(io.StringIO()).color


def test_no_color_is_honoured_where_nothing_else_was_asked_for(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert not Terminal(Screen()).color
    assert Terminal(Screen(), color=True).color


def test_an_empty_no_color_says_nothing(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "")
    assert Terminal(Screen()).color


def test_a_pipe_is_a_hundred_wide_and_nothing_is_narrower_than_forty():
    assert Terminal(io.StringIO()).width == 100
    assert Terminal(io.StringIO(), width=3).width == 40


def test_prose_hangs_behind_its_label():
    stream = io.StringIO()
    Terminal(stream, width=40).prose("one two three four five six seven eight", "  ", "actual  ")
    assert stream.getvalue() == "  actual  one two three four five six\n          seven eight\n"


def test_long_verbatim_lines_are_folded_and_nothing_is_lost():
    stream = io.StringIO()
    Terminal(stream, width=40).verbatim("x" * 100, "> ")
    lines = stream.getvalue().splitlines()
    assert max(map(len, lines)) == 40
    assert "".join(line.removeprefix("> ") for line in lines) == "x" * 100


def test_paint_is_words_alone_without_colour():
    assert Terminal(io.StringIO()).paint("FAIL", Style.BAD) == "FAIL"


@settings(max_examples=60)
@given(st.text())
def test_nothing_that_is_printed_can_drive_a_terminal_or_break_a_stream(text):
    raw = io.BytesIO()
    for encoding in ("utf-8", "ascii", "latin-1", "cp1252"):
        stream = io.TextIOWrapper(raw, encoding=encoding, newline="\n")
        Terminal(stream, width=60).prose(text)
        stream.flush()
        stream.detach()
    assert not any(byte < 32 and byte != 10 for byte in raw.getvalue())


def test_line_ends_stay_and_the_rest_is_shown():
    assert visible("a\nb\x1bc\ud800") == "a\nb\\x1bc\\ud800"
