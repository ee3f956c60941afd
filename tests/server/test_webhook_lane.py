"""The lane that webhooks go out by: in order, each when it is due, and none waits for a slow one."""

from __future__ import annotations

import logging
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimrig_simulator.clock import SystemClock, VirtualClock
from scimrig_simulator.server.lane import BESIDE, PATIENCE, Lane

PATIENT = 10.0  # seconds a test waits for a thread before it gives up


@given(st.lists(st.tuples(st.floats(0, 50), st.floats(0, 50)), max_size=25))
def test_each_job_is_done_once_and_when_it_is_due(plan: list[tuple[float, float]]) -> None:
    """plan: when a job is added, and how much later it is due."""
    clock, done = VirtualClock(0.0), []
    lane = Lane(clock, lambda key: done.append((clock.now(), key)))
    for number, (added, wait) in enumerate(sorted(plan)):
        clock.sleep(added - clock.now())
        lane.add(added + wait, f"job {number}")
    clock.sleep(101.0)
    due = {f"job {number}": added + wait for number, (added, wait) in enumerate(sorted(plan))}
    assert {key: at for at, key in done} == pytest.approx(due)
    assert len(done) == len(plan)


@given(
    st.lists(st.floats(0, 3), max_size=12),
    st.lists(st.floats(0, 3), max_size=12),
)
def test_jobs_begin_in_the_order_in_which_they_came_however_long_one_takes(
    durations: list[float], more: list[float]
) -> None:
    clock, begun, ended = VirtualClock(0.0), [], []
    lasts = dict(enumerate([*durations, *more]))

    def work(key: str) -> None:
        begun.append((int(key), clock.now()))
        clock.sleep(lasts[int(key)])
        ended.append(int(key))

    lane = Lane(clock, work)
    for number in range(len(durations)):
        lane.add(0.0, str(number))
    clock.sleep(1.0)
    later = clock.now()
    for number in range(len(durations), len(lasts)):
        lane.add(later, str(number))
    clock.sleep(100.0)
    assert [number for number, _ in begun] == list(range(len(lasts)))
    assert sorted(ended) == list(range(len(lasts)))


def test_one_that_takes_long_holds_up_the_rest_once_and_briefly() -> None:
    clock, begun = VirtualClock(0.0), []

    def work(key: str) -> None:
        begun.append((key, clock.now()))
        clock.sleep(10.0)

    lane = Lane(clock, work)
    for key in ("a", "b", "c", "d"):
        lane.add(0.0, key)
    clock.sleep(0.0)
    assert begun == [("a", 0.0), ("b", PATIENCE), ("c", PATIENCE), ("d", PATIENCE)]


def test_who_comes_later_does_not_wait_for_a_slow_one_either() -> None:
    clock, begun = VirtualClock(0.0), []

    def work(key: str) -> None:
        begun.append((key, clock.now()))
        clock.sleep(10.0 if key == "slow" else 0.0)

    lane = Lane(clock, work)
    lane.add(0.0, "slow")
    clock.at(5.0, lambda: lane.add(5.0, "later"))
    clock.sleep(0.0)
    assert begun == [("slow", 0.0), ("later", 5.0)]


def test_what_falls_due_while_another_is_at_it_gives_that_one_its_time_first() -> None:
    clock, begun = VirtualClock(0.0), []

    def work(key: str) -> None:
        begun.append((key, round(clock.now(), 6)))
        clock.sleep(0.3)

    lane = Lane(clock, work)
    lane.add(5.0, "second")
    lane.add(4.9, "first")
    clock.sleep(10.0)
    assert begun == [("first", 4.9), ("second", 5.2)]


def test_where_one_was_slow_and_others_are_quick_again_order_comes_first_again() -> None:
    clock, begun = VirtualClock(0.0), []
    lasts = {"slow": 10.0, "waits": 0.0, "quick": 0.0, "first": 0.3, "second": 0.0}

    def work(key: str) -> None:
        begun.append((key, round(clock.now(), 6)))
        clock.sleep(lasts[key])

    lane = Lane(clock, work)
    lane.add(0.0, "slow")
    lane.add(0.0, "waits")
    for when, key in ((11.0, "quick"), (12.0, "first"), (12.0, "second")):
        clock.at(when, lambda when=when, key=key: lane.add(when, key))
    clock.sleep(20.0)
    assert begun == [("slow", 0.0), ("waits", PATIENCE), ("quick", 11.0), ("first", 12.0), ("second", 12.3)]


def test_no_more_than_so_many_go_on_beside_the_lane_and_the_next_follows_when_one_ends() -> None:
    release, under_way = threading.Semaphore(0), threading.Semaphore(0)
    done: list[str] = []

    def work(key: str) -> None:
        under_way.release()
        assert release.acquire(timeout=PATIENT)
        done.append(key)

    clock = SystemClock()
    lane = Lane(clock, work)
    for number in range(BESIDE + 3):
        lane.add(clock.now(), str(number))
    assert all(under_way.acquire(timeout=PATIENT) for _ in range(BESIDE + 1))
    assert not under_way.acquire(timeout=2 * PATIENCE)
    release.release()
    assert under_way.acquire(timeout=PATIENT)
    release.release(BESIDE + 2)
    wait_until(lambda: len(done) == BESIDE + 3)
    assert sorted(map(int, done)) == list(range(BESIDE + 3))


def test_on_wall_time_a_job_that_hangs_lets_the_next_one_by() -> None:
    clock, others, go_on = SystemClock(), [], threading.Event()
    finished = threading.Event()

    def work(key: str) -> None:
        if key == "hangs":
            assert go_on.wait(PATIENT)
            finished.set()
        else:
            others.append(key)

    lane = Lane(clock, work)
    for key in ("hangs", "a", "b", "c"):
        lane.add(clock.now(), key)
    wait_until(lambda: len(others) == 3)
    assert others == ["a", "b", "c"]
    go_on.set()
    assert finished.wait(PATIENT)


def test_added_by_many_threads_at_once_each_job_is_done_once() -> None:
    clock, done = SystemClock(), []
    lane = Lane(clock, done.append)

    def add(name: str) -> None:
        for number in range(100):
            lane.add(clock.now(), f"{name} {number}")

    threads = [threading.Thread(target=add, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_until(lambda: len(done) >= 400)
    assert sorted(done) == sorted(f"{name} {number}" for name in "abcd" for number in range(100))


def test_a_job_that_raises_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    clock, done = VirtualClock(0.0), []

    def work(key: str) -> None:
        if key == "bad":
            raise LookupError("gone")
        done.append(key)

    lane = Lane(clock, work)
    for key in ("bad", "good"):
        lane.add(0.0, key)
    with caplog.at_level(logging.ERROR):
        clock.sleep(0.0)
    assert done == ["good"]
    assert "gone" in caplog.text


def test_a_closed_lane_begins_nothing_more() -> None:
    clock, done = VirtualClock(0.0), []
    lane = Lane(clock, done.append)
    lane.add(0.0, "before")
    lane.close()
    lane.add(0.0, "after")
    clock.sleep(10.0)
    assert done == []


def wait_until(true: Any) -> None:
    pause = threading.Event()
    for _ in range(int(PATIENT * 100)):
        if true():
            return
        pause.wait(0.01)
    raise AssertionError("waited in vain")
