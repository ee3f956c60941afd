"""Waiting for webhooks: until they have come, no longer than promised, on virtual and on wall time."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimrig.awaiting import SILENCE, LastAct, Waiting, surest
from scimrig.courier import PauseTooLongError, Stopped
from scimrig.declarations import Declarations
from scimrig.sink import Sink, SinkSettings
from scimrig_simulator.clock import Clock, SystemClock, VirtualClock

ADA = ("ada@acme.test",)
WEBHOOKS: dict[str, Any] = {
    "signing": "standard-webhooks", "events": {"user_created": "created", "user_deleted": "deleted"},
    "retry_schedule": [0, 5, 300], "success": [200],
}


def declared(**webhooks: Any) -> Declarations:
    return Declarations({"webhooks": {**WEBHOOKS, **webhooks}})


class Scene:
    """A sink, a clock, and a sender that tells what the test wants told."""

    def __init__(self, clock: Clock | None = None, **webhooks: Any) -> None:
        self.clock = clock or VirtualClock(1000.0)
        self.sink = Sink(self.clock, lambda delivered: None, str, SinkSettings(in_process=True))
        self.declared = declared(**webhooks)
        self.waiting = Waiting(self.sink, self.clock, self.declared)

    def tell(
        self, after: float, type: str = "created", id: str = "e1", who: str = ADA[0], *,
        schedule: tuple[float, ...] = (0, 5, 300), **more: Any,
    ) -> None:
        """Have an event told ``after`` seconds from now, and again by the schedule as long as it fails."""
        body = json.dumps({"type": type, "data": {"email": who, **more}}).encode()

        def attempt(number: int) -> None:
            posted = self.sink.post(self.sink.url, (("webhook-id", id),), body, 10.0)
            waited = 10.0 if "timeout" in posted.failure else 0.0  # as it would be with a socket between them
            if posted.status != 200 and number < len(schedule):
                self.clock.at(self.clock.now() + waited + schedule[number], lambda: attempt(number + 1))

        self.clock.at(self.clock.now() + after, lambda: attempt(1))

    def act(self, words: str = "assign", status: int = 201) -> LastAct:
        return LastAct(words, status, self.clock.now(), self.sink.position)


def test_waiting_ends_when_the_event_has_come() -> None:
    scene = Scene()
    scene.tell(3.0)
    seen = scene.waiting.await_event(ADA, "user_created", 1, scene.act())
    assert seen["act"] == {"words": "assign", "status": 201, "answered": 1000.0, "position": 0}
    assert seen["until"] == pytest.approx(1003.0, abs=0.2)
    assert (seen["limit"], seen["since"], seen["last"], seen["marks"]) == (10.0, 0, 1, ["ada@acme.test"])
    assert json.loads(json.dumps(seen)) == seen


def test_waiting_ends_at_the_limit_where_nothing_or_something_else_comes() -> None:
    scene = Scene(max_first_attempt_ms=4000)
    scene.tell(1.0, "updated")
    scene.tell(1.5, who="ben@acme.test")
    seen = scene.waiting.await_event(ADA, "user_created", 1, scene.act())
    assert seen["until"] == pytest.approx(1004.0, abs=0.01)


def test_time_that_went_by_since_the_act_counts_but_a_last_look_is_always_taken() -> None:
    scene = Scene()
    act = scene.act()
    scene.clock.sleep(8.0)
    assert scene.waiting.await_event(ADA, "user_created", 1, act)["until"] == pytest.approx(1010.0, abs=0.01)
    scene.tell(0.5)
    scene.waiting.await_event(ADA, "user_created", 1, act)
    assert scene.sink.position == 1


def test_what_was_told_before_the_act_is_not_what_is_awaited() -> None:
    scene = Scene()
    scene.tell(0.0)
    scene.clock.sleep(1.0)
    act = scene.act()
    scene.tell(2.0, id="e1")  # a repeat
    scene.tell(4.0, id="e2", at="later")
    assert scene.waiting.await_event(ADA, "user_created", 1, act)["until"] == pytest.approx(1005.0, abs=0.2)


@given(st.integers(2, 3))
def test_attempts_are_waited_for_along_the_whole_ladder(attempts: int) -> None:
    scene = Scene()
    scene.waiting.set_answers(ADA, [500] * (attempts - 1))
    scene.tell(1.0)
    seen = scene.waiting.await_event(ADA, "user_created", attempts, scene.act())
    assert [one.answered for one in scene.sink.about(ADA)] == ["500"] * (attempts - 1) + ["200"]
    assert seen["until"] == pytest.approx(1001.0 + sum([5, 300][: attempts - 1]), rel=0.01)


def test_a_sender_that_waits_for_an_answer_in_vain_is_waited_for_in_turn() -> None:
    scene = Scene()
    scene.waiting.set_answers(ADA, ["slow", "close"])
    scene.tell(0.0)
    scene.waiting.await_event(ADA, "user_created", 3, scene.act())
    assert [one.at for one in scene.sink.about(ADA)] == pytest.approx([1000.0, 1015.0, 1315.0])


def test_who_does_not_try_again_is_given_up_once_that_is_certain() -> None:
    scene = Scene()
    scene.waiting.set_answers(ADA, [500])
    scene.tell(0.0, schedule=(0,))
    seen = scene.waiting.await_event(ADA, "user_created", 2, scene.act())
    assert seen["until"] == pytest.approx(1007.0, abs=0.3)


def test_a_ladder_longer_than_anybody_waits_is_no_verdict() -> None:
    scene = Scene()
    impatient = Waiting(scene.sink, scene.clock, scene.declared, patience=60.0)
    with pytest.raises(PauseTooLongError, match="60 s at most"):
        impatient.await_event(ADA, "user_created", 3, scene.act())
    scene.tell(0.0)
    impatient.await_event(ADA, "user_created", 1, scene.act())


def test_a_promise_longer_than_anybody_waits_is_no_verdict_unless_it_is_kept_early() -> None:
    scene = Scene(max_first_attempt_ms=600_000)
    impatient = Waiting(scene.sink, scene.clock, scene.declared, patience=60.0)
    scene.tell(5.0)
    impatient.await_event(ADA, "user_created", 1, scene.act())
    with pytest.raises(PauseTooLongError):
        impatient.await_event(ADA, "user_created", 1, scene.act())


def test_silence_lasts_its_time_and_ends_when_it_is_broken() -> None:
    scene = Scene()
    scene.tell(1.0, who="ben@acme.test")
    assert scene.waiting.keep_silence(ADA, scene.act())["until"] == pytest.approx(1000.0 + SILENCE, abs=0.01)
    scene.tell(0.5)
    assert scene.waiting.keep_silence(ADA, scene.act())["until"] == pytest.approx(1002.5 + 0.0, abs=0.1)


def test_a_late_repeat_of_something_old_does_not_break_the_silence() -> None:
    scene = Scene()
    scene.tell(0.0)
    scene.clock.sleep(0.0)
    act = scene.act()
    scene.tell(1.0)
    assert scene.waiting.keep_silence(ADA, act)["until"] == pytest.approx(1002.0, abs=0.01)


def test_settling_waits_for_the_announcement_of_what_was_done_before() -> None:
    scene = Scene()
    scene.tell(4.0)
    scene.tell(4.5, id="e2")
    scene.waiting.settle(ADA, announced=True)
    assert scene.sink.position == 2
    assert scene.clock.now() == pytest.approx(1005.5, abs=0.3)


def test_settling_waits_for_nothing_in_particular_where_nothing_was_done() -> None:
    scene = Scene()
    scene.waiting.settle(ADA)
    assert scene.clock.now() == pytest.approx(1001.0, abs=0.2)


def test_settling_ends_although_somebody_never_stops_talking() -> None:
    scene = Scene()
    for tenth in range(1, 600):
        scene.tell(tenth / 10, id=f"e{tenth}")
    scene.waiting.settle(ADA)
    assert scene.clock.now() < 1030.0


def test_a_short_id_is_nobody_s_for_certain() -> None:
    assert surest(["12", "ada@acme.test"]) == ("ada@acme.test",)
    assert surest(["12", "9"]) == ("12", "9")


def test_waiting_ends_when_the_run_is_asked_to() -> None:
    scene = Scene()
    waiting = Waiting(scene.sink, scene.clock, scene.declared, lambda: scene.clock.now() > 1002.0)
    for play in (
        lambda: waiting.await_event(ADA, "user_created", 1, scene.act()),
        lambda: waiting.keep_silence(ADA, scene.act()),
        lambda: waiting.settle(ADA),
    ):
        with pytest.raises(Stopped):
            play()


def test_on_wall_time_others_may_tell_meanwhile() -> None:
    scene = Scene(SystemClock())
    scene.tell(0.2)
    scene.waiting.await_event(ADA, "user_created", 1, scene.act())
    assert scene.sink.position == 1


def test_on_virtual_time_nobody_s_patience_is_used_up_by_others_who_sleep() -> None:
    """Two cases wait at once, one for ten minutes: what the other waits for comes in time all the same."""
    clock = VirtualClock(1000.0)
    scene = Scene(clock)
    begun, gate = threading.Event(), threading.Event()

    def slow_sender() -> None:
        begun.set()
        gate.wait(5.0)  # a sender takes real time, however still the clock stands
        scene.sink.post(scene.sink.url, (), b'{"type":"created","to":"ada@acme.test"}', 1.0)

    clock.at(1000.0, slow_sender)
    other = threading.Thread(target=lambda: clock.sleep(600.0))
    other.start()
    assert begun.wait(5.0)
    threading.Timer(0.2, gate.set).start()
    scene.waiting.await_event(ADA, "user_created", 1, LastAct("assign", 201, 1000.0, 0))
    other.join()
    assert [one.at for one in scene.sink.about(ADA)] == [1000.0]


def test_where_the_targets_clock_can_be_moved_a_ladder_of_hours_is_climbed_in_small_steps() -> None:
    """Steps are far below what a receiver allows a timestamp to be off, and short waits are really slept."""
    scene, steps = Scene(retry_schedule=[0, 5, 300, 36000]), []

    def advance(seconds: float) -> None:
        steps.append(seconds)
        scene.clock.sleep(seconds)

    waiting = Waiting(scene.sink, scene.clock, scene.declared, advance=advance)
    waiting.set_answers(ADA, [500, 500, 500])
    scene.tell(0.1, schedule=(0, 5, 300, 36000))
    seen = waiting.await_event(ADA, "user_created", 4, scene.act())
    assert (seen["last"], max(steps) <= 120, min(steps) >= 0.2) == (4, True, True)
    assert len(steps) < 1000
