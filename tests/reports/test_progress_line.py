"""The one line that is rewritten while a run goes on."""

from __future__ import annotations

import io

from scimrig_reports.console import Console


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True

    def shown(self) -> str:
        """What stands on the last line, as a terminal would show it."""
        line = ""
        for piece in self.getvalue().split("\n")[-1].split("\r"):
            line = piece + line[len(piece) :]
        return line.rstrip()


def test_it_shows_how_far_the_run_is_and_how_many_cases_fail(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    screen = Screen()
    Console(screen, width=80).progress(3, 40, "lifecycle/leaver[okta]", 2)
    assert screen.shown() == "3/40 · 2 FAIL · lifecycle/leaver[okta]"


def test_a_shorter_line_leaves_nothing_of_a_longer_one(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    screen = Screen()
    console = Console(screen, width=80)
    console.progress(3, 40, "a/long/name/of/a/case[okta]", 0)
    console.progress(4, 40, "short[okta]", 0)
    assert screen.shown() == "4/40 · no fail · short[okta]"
    console.clear()
    assert screen.shown() == ""


def test_it_never_wraps(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    screen = Screen()
    Console(screen, width=40).progress(3, 40, "x" * 300, 0)
    assert len(screen.shown()) < 40


def test_the_report_takes_it_away(monkeypatch, make):
    from scimrig.verdicts import ExitCode

    monkeypatch.setenv("TERM", "xterm")
    screen = Screen()
    console = Console(screen, width=80, color=False)
    console.progress(3, 40, "lifecycle/leaver[okta]", 0)
    console.report(make.result(make.case()), replay_dir=None, log_path=None, exit_code=ExitCode.OK)
    assert not any("leaver" in line.split("\r")[-1] for line in screen.getvalue().split("\n"))


def test_a_file_or_a_pipe_gets_nothing():
    stream = io.StringIO()
    console = Console(stream)
    console.progress(3, 40, "lifecycle/leaver[okta]", 0)
    console.clear()
    assert stream.getvalue() == ""


def test_a_dumb_terminal_gets_nothing(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    screen = Screen()
    Console(screen).progress(3, 40, "lifecycle/leaver[okta]", 0)
    assert screen.getvalue() == ""
