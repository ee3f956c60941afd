"""Clocks: what is planned happens when its time has come, and on virtual time that costs nothing."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from scimrig_simulator.clock import AdvancingClock, SystemClock, VirtualClock


def test_nothing_that_is_planned_happens_before_somebody_sleeps() -> None:
    clock, seen = VirtualClock(0.0), []
    clock.at(0.0, lambda: seen.append("now"))
    assert seen == []
    clock.sleep(0.0)
    assert seen == ["now"]


def test_an_action_sees_the_time_that_it_was_planned_for() -> None:
    clock, seen = VirtualClock(100.0), []
    clock.at(107.5, lambda: seen.append(clock.now()))
    clock.sleep(60.0)
    assert seen == [107.5]
    assert clock.now() == 160.0


def test_an_action_may_plan_the_next_one_within_the_same_sleep() -> None:
    clock, seen = VirtualClock(0.0), []

    def attempt() -> None:
        seen.append(clock.now())
        if len(seen) < 4:
            clock.at(clock.now() + 1.0, attempt)

    clock.at(0.0, attempt)
    clock.sleep(2.5)
    assert seen == [0.0, 1.0, 2.0]
    clock.sleep(1.0)
    assert seen == [0.0, 1.0, 2.0, 3.0]


def test_an_action_that_sleeps_itself_moves_time_for_everybody() -> None:
    clock = VirtualClock(0.0)
    clock.at(1.0, lambda: clock.sleep(10.0))
    clock.sleep(2.0)
    assert clock.now() == 11.0


@given(st.lists(st.floats(0, 100), max_size=20))
def test_actions_happen_in_the_order_of_their_times_and_of_planning(moments: list[float]) -> None:
    clock, seen = VirtualClock(0.0), []
    for number, moment in enumerate(moments):
        clock.at(moment, lambda entry=(moment, number): seen.append(entry))
    clock.sleep(100.0)
    assert seen == sorted((moment, number) for number, moment in enumerate(moments))


def test_on_wall_time_an_action_happens_by_itself() -> None:
    clock, happened = SystemClock(), threading.Event()
    clock.at(clock.now() + 0.01, happened.set)
    assert happened.wait(10.0)


def test_a_clock_that_is_moved_on_has_what_falls_due_meanwhile_happen_in_order_each_at_its_moment() -> None:
    clock, seen = AdvancingClock(), []
    start = clock.now()

    def attempt(step: float) -> None:
        seen.append(round(clock.now() - start))
        if step < 1e6:
            clock.at(clock.now() + step, lambda: attempt(step * 10))

    clock.at(start + 7200.0, lambda: seen.append("two hours"))
    clock.at(start + 100.0, lambda: attempt(1000.0))
    assert round(clock.advance(200_000.0) - start) == 200_000
    assert seen == [100, 1100, "two hours", 11_100, 111_100]
    assert round(clock.now() - start) == 200_000


def test_a_clock_that_can_be_moved_on_goes_by_itself_too() -> None:
    clock, seen = AdvancingClock(), threading.Event()
    clock.advance(1000.0)
    clock.at(clock.now() + 0.05, seen.set)
    assert seen.wait(10.0)


def test_what_is_under_way_is_done_before_time_moves_on() -> None:
    clock, begun, go_on, seen = AdvancingClock(), threading.Event(), threading.Event(), []
    start = clock.now()

    def slow() -> None:
        begun.set()
        assert go_on.wait(10.0)
        seen.append(round(clock.now() - start))
        clock.at(clock.now() + 5.0, lambda: seen.append(round(clock.now() - start)))

    clock.at(start, slow)
    assert begun.wait(10.0)
    threading.Timer(0.1, go_on.set).start()
    clock.advance(1000.0)
    assert seen == [0, 5]


def test_on_wall_time_one_that_takes_long_keeps_no_other_waiting_and_one_that_fails_stops_none() -> None:
    clock, go_on, seen = SystemClock(), threading.Event(), threading.Semaphore(0)

    def hangs() -> None:
        seen.release()
        go_on.wait(10.0)

    def fails() -> None:
        seen.release()
        raise LookupError

    for action in (*[hangs] * 20, *[fails] * 20, *[hangs] * 20):
        clock.at(clock.now(), action)
    assert all(seen.acquire(timeout=10.0) for _ in range(60))
    go_on.set()
