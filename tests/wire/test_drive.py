"""A driver plays a flow to its end, whatever the flow or the transport does."""

from __future__ import annotations

import threading
import time

import pytest

from scimrig_simulator.clock import SystemClock, VirtualClock
from scimrig_simulator.drive import play, play_all
from scimrig_simulator.wire import FailureKind, Reply, Send, Transcript, TransportFailure, pause, send


class Answers:
    """A transport that answers with what ``answer(request)`` returns, and remembers who asked."""

    def __init__(self, answer=lambda request: Reply(200)):
        self.answer = answer
        self.asked = []
        self.threads = set()

    def exchange(self, request):
        self.asked.append(request.path)
        self.threads.add(threading.current_thread().name)
        return self.answer(request)

    def close(self):
        pass


def steps(*paths, closed=None, result="done"):
    """A flow that asks for each path; ``closed`` collects its name when it is closed."""
    try:
        for path in paths:
            yield from send(Send("GET", path))
        return result
    finally:
        if closed is not None:
            closed.append(paths[0])


def test_the_flow_gets_each_reply_and_its_result_comes_back():
    def flow():
        first = yield from send(Send("GET", "/a"))
        second = yield from send(Send("GET", f"/{first.status}"))
        return second.status

    statuses = iter((201, 404))
    transport = Answers(lambda request: Reply(next(statuses)))
    assert play(flow(), transport, VirtualClock()) == 404
    assert transport.asked == ["/a", "/201"]


def test_a_flow_that_sends_nothing_has_a_result_too():
    assert play(steps(result=7), Answers(), VirtualClock()) == 7


def test_a_failure_is_a_reply_like_any_other():
    gone = Reply(0, failure=TransportFailure(FailureKind.RESET, "gone"))

    def flow():
        reply = yield from send(Send("GET", "/"))
        return reply.failure.kind

    assert play(flow(), Answers(lambda request: gone), VirtualClock()) is FailureKind.RESET


def test_a_pause_moves_the_clock_and_nothing_else():
    clock = VirtualClock(start=1000.0)
    transport = Answers()

    def flow():
        yield from pause(2400, "the cycle")
        yield from send(Send("GET", "/after"))
        yield from pause(0.5, "a poll")

    started = time.monotonic()
    play(flow(), transport, clock)
    assert clock.now() == 3400.5
    assert transport.asked == ["/after"]
    assert time.monotonic() - started < 60  # of 2400 s


def test_the_listener_hears_of_each_exchange_before_the_flow_goes_on():
    events = []

    def flow():
        for path in ("/a", "/b"):
            reply = yield from send(Send("GET", path))
            events.append(("flow", reply.status))

    play(flow(), Answers(), VirtualClock(), lambda request, reply: events.append((request.path, reply.status)))
    assert events == [("/a", 200), ("flow", 200), ("/b", 200), ("flow", 200)]


def test_a_transcript_is_a_listener():
    transcript = Transcript()
    play(steps("/a", "/b"), Answers(), VirtualClock(), transcript)
    assert [(request.path, reply.status) for request, reply in transcript.exchanges] == [("/a", 200), ("/b", 200)]


@pytest.mark.parametrize("raised", [ValueError("no"), KeyboardInterrupt(), StopIteration("not a result")])
@pytest.mark.parametrize("where", ["transport", "listener"])
def test_the_flow_is_closed_when_something_raises(raised, where):
    def bad(*_):
        raise raised

    closed = []
    transport = Answers(bad) if where == "transport" else Answers()
    listen = bad if where == "listener" else None
    with pytest.raises(type(raised)):
        play(steps("/a", closed=closed), transport, VirtualClock(), listen)
    assert closed == ["/a"]


def test_what_the_flow_raises_comes_out():
    def flow():
        yield from send(Send("GET", "/"))
        raise LookupError("the flow's own")

    with pytest.raises(LookupError, match="the flow's own"):
        play(flow(), Answers(), VirtualClock())


class TestPlayAll:
    def test_results_come_in_the_order_of_the_flows(self):
        def slow_first(request):
            time.sleep(0.05 if request.path == "/0" else 0)
            return Reply(200)

        flows = [steps(f"/{number}", result=number) for number in range(9)]
        assert play_all(flows, Answers(slow_first), SystemClock(), workers=3) == list(range(9))

    def test_no_flows_no_results(self):
        assert play_all([], Answers(), VirtualClock()) == []

    def test_they_run_at_the_same_time(self):
        together = threading.Barrier(3, timeout=5)

        def meet(request):
            together.wait()
            return Reply(200)

        transport = Answers(meet)
        play_all([steps(f"/{number}") for number in range(3)], transport, VirtualClock(), workers=3)
        assert len(transport.threads) == 3

    def test_never_on_more_threads_than_asked_for(self):
        transport = Answers(lambda request: time.sleep(0.005) or Reply(200))
        play_all([steps(f"/{number}") for number in range(12)], transport, VirtualClock(), workers=2)
        assert len(transport.threads) <= 2

    def test_the_first_flow_that_raised_decides_and_all_are_closed(self):
        closed = []

        def answer(request):
            if request.path == "/2":
                raise RuntimeError("two")
            if request.path == "/1":
                time.sleep(0.05)
                raise LookupError("one")
            time.sleep(0.02)
            return Reply(200)

        flows = [steps("/0", *["/0"] * 100, closed=closed), steps("/1", closed=closed), steps("/2", closed=closed)]
        with pytest.raises(LookupError, match="one"):
            play_all(flows, Answers(answer), SystemClock(), workers=3)
        assert sorted(closed) == ["/0", "/1", "/2"]

    def test_after_a_failure_the_others_stop_before_their_next_request(self):
        def answer(request):
            if request.path == "/bad":
                raise RuntimeError("bad")
            time.sleep(0.05)
            return Reply(200)

        transport = Answers(answer)
        with pytest.raises(RuntimeError, match="bad"):
            play_all(
                [steps("/long", *["/long"] * 200), steps("/bad"), steps("/late")], transport, SystemClock(), workers=2
            )
        assert transport.asked.count("/long") < 5
        assert "/late" not in transport.asked

    def test_the_listener_hears_everything(self):
        heard = []
        lock = threading.Lock()

        def listen(request, reply):
            with lock:
                heard.append(request.path)

        play_all([steps("/a", "/b"), steps("/c")], Answers(), VirtualClock(), listen, workers=2)
        assert sorted(heard) == ["/a", "/b", "/c"]
