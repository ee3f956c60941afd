"""Lanes are first in, first out, whatever is dropped on the way, and leave nothing behind."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scimrig_simulator.idp.queue import NEVER, Queue

LANES = ("a", "b")


@given(st.lists(st.tuples(st.sampled_from(["put", "drop", "keep"]), st.sampled_from("vwxyz"), st.sampled_from(LANES))))
def test_lanes_are_what_lists_would_be(steps: list[tuple[str, str, str]]) -> None:
    entries: dict[str, object] = {}
    places: dict[str, object] = {}
    queue = Queue(entries, places, {})
    lists: dict[str, list[str]] = {lane: [] for lane in LANES}
    for step, item, lane in steps:
        if step == "put":
            queue.put(item, lane, 1.0)
            lists[lane] += [] if item in lists[lane] else [item]
        else:
            queue.drop(item, but=lane if step == "keep" else "")
            for other in LANES:
                if (step == "drop" or other != lane) and item in lists[other]:
                    lists[other].remove(item)
        for each in LANES:
            assert list(queue.ready(each, 1.0)) == lists[each]
            assert queue.count(each) == len(lists[each])
            assert queue.due(each) == (1.0 if lists[each] else None)
    for item in "vwxyz":
        queue.drop(item)
    assert (entries, places) == ({}, {})


def test_a_lane_gives_out_what_is_due_and_may_change_meanwhile() -> None:
    queue = Queue({}, {}, {})
    for item, due in (("x", 1.0), ("y", 2.0), ("z", NEVER)):
        queue.put(item, "a", due)
    assert list(queue.ready("a", 1.5)) == ["x"]
    given_out = []
    for item in queue.ready("a", 2.0):
        queue.drop(item)
        queue.put(item, "b", 5.0)
        given_out.append(item)
    assert (given_out, list(queue.ready("b", 5.0)), queue.due("a")) == (["x", "y"], ["x", "y"], NEVER)
