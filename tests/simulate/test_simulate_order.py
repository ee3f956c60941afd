"""What ``scimrig simulate`` is asked, what it says where that cannot be, and how time passes."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from scimrig.cli.main import main
from scimrig.courier import PATIENCE, Stopped
from scimrig.simulating.chaos import KINDS, RATE
from scimrig.simulating.figures import Histogram
from scimrig.simulating.order import OrderError, Part, chaos, parts, rate
from scimrig.simulating.pace import Pace, TargetClock
from scimrig_simulator.clock import VirtualClock

BAD = [
    ([], "say who provisions"),
    (["--idp", "octa"], "did you mean 'okta'?"),
    (["--idp", "okta@"], "after @ stands a URL"),
    (["--idp", "okta:create=maybe"], "create cannot be 'maybe'"),
    (["--idp", "okta", "--idp", "okta"], "names okta twice for one target"),
    (["--idp", "okta", "--idp", "entra", "--state", "s.sqlite"], "--state names one file"),
    (["--idp", "okta", "--idp", "entra@http://127.0.0.1:1/scim"], "ref: lives inside this command"),
    (["--idp", "okta", "--people", "0"], "from 1 up"),
    (["--idp", "okta", "--days", "many"], "from 1 up"),
    (["--idp", "okta", "--speed", "0"], "simulated seconds a second"),
    (["--idp", "okta", "--speed", "10", "--flat-out"], "not allowed with"),
    (["--idp", "okta", "--rate", "fast"], "such as 25/s"),
    (["--idp", "okta", "--rate", "0/s"], "such as 25/s"),
    (["--idp", "okta", "--chaos", "los"], "did you mean 'lost'?"),
    (["--idp", "okta", "--chaos", "lost=2"], "up to 1"),
    (["--idp", "okta", "--chaos", "all=0.5"], "together"),
    (["--idp", "okta", "--resume"], "gone with the command"),
    (["http://127.0.0.1:1/scim", "--idp", "okta", "--resume", "--sweep"], "give one of them"),
    (["http://127.0.0.1:1/scim", "--idp", "okta", "--resume"], "nothing to go on with"),
    (["http://scim.example.com/", "--idp", "okta"], "say so with --yes"),
]


@pytest.mark.parametrize(("words", "said"), BAD)
def test_a_slip_is_said_in_words_before_anything_is_sent(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["simulate", *words]) == 2
    assert said in capsys.readouterr().err


def test_a_target_that_does_not_answer_could_not_be_decided(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["simulate", "http://127.0.0.1:1/scim/v2", "--idp", "okta"]) == 3
    assert "does not answer" in capsys.readouterr().err
    assert not list(tmp_path.rglob("*.sqlite"))  # so that the next try is a first one


def test_an_idp_is_a_dialect_with_knobs_and_a_target() -> None:
    assert parts(["okta", "entra:create=off@staging", "okta@http://127.0.0.1:1/a@b"]) == (
        Part("okta"), Part("entra:create=off", "staging"), Part("okta", "http://127.0.0.1:1/a@b"),
    )


def test_chaos_is_kinds_with_rates() -> None:
    assert chaos(["lost", "slow=0.5"]) == {"lost": RATE, "slow": 0.5}
    assert chaos(["all"]) == dict.fromkeys(KINDS, RATE)
    assert chaos(["all=0.1", "lost=0.2"])["lost"] == 0.2
    with pytest.raises(OrderError):
        chaos(["lost="])


@pytest.mark.parametrize(("text", "wanted"), [("25/s", 25.0), ("0.5", 0.5), (" 3/s ", 3.0)])
def test_a_rate_is_requests_a_second(text: str, wanted: float) -> None:
    assert rate(text) == wanted


def test_simulated_time_waits_for_the_wall_and_never_hurries_past_it() -> None:
    wall, stop = VirtualClock(0.0), threading.Event()
    pace = Pace(1440.0, stop, wall)
    pace.start(86_400.0)
    wall.sleep(60.0)
    assert pace.reach(2 * 86_400.0)  # a day a minute: it is due just now
    assert pace.shown(0.0) == 2 * 86_400.0
    assert pace.behind(86_400.0) == 86_400.0
    stop.set()
    assert not pace.reach(3 * 86_400.0)
    assert not Pace(None, stop, wall).reach(1.0)


def test_a_target_is_waited_for_with_limited_patience_and_told_of() -> None:
    stop, told = threading.Event(), list[float]()
    clock = TargetClock(stop, told.append)
    stop.set()
    with pytest.raises(Stopped):
        clock.sleep(PATIENCE + 1)
    assert told == [PATIENCE + 1]


def test_percentiles_are_right_to_a_bucket() -> None:
    histogram = Histogram()
    for milliseconds in range(1, 1001):
        histogram.add(milliseconds / 1000)
    for share in (0.5, 0.95, 0.99):
        assert share <= histogram.percentile(share) <= share * 1.16
    assert Histogram().percentile(0.5) == 0.0
