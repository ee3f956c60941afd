"""Looking again until a write shows: for how long, what counts as settled, and nothing where nothing is declared."""

from __future__ import annotations

from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimrig.evidence import Reading, Sight
from scimrig.observe import Watch, look
from scimrig.settling import Seen, Sights, agreed, no_goal, settled
from scimrig_simulator.clock import VirtualClock
from scimrig_simulator.drive import play
from scimrig_simulator.playbook import answer
from scimrig_simulator.wire import Reply, Send

ADA = Watch("ada", "User", "u1", "ada@example.com")
BEFORE: dict[str, Any] = {"id": "u1", "userName": "ada@example.com", "displayName": "Ada", "active": True}
AFTER = {**BEFORE, "active": False}
Row: TypeAlias = dict[str, Any] | None


class Lagging:
    """A server whose list and filter show ``after`` only ``lag`` seconds from now; None is a row that is not there."""

    def __init__(self, lag: float, before: Row = BEFORE, after: Row = AFTER) -> None:
        self.clock = VirtualClock()
        self.start = self.clock.now()
        self.shows_at = self.start + lag
        self.before, self.after = before, after
        self.looks: list[float] = []

    def exchange(self, request: Send) -> Reply:
        if request.path == "/Users/u1":
            return answer(404) if self.after is None else answer(200, self.after)
        now = self.clock.now()
        if "filter" not in request.query:
            self.looks.append(now - self.start)
        row = self.after if now >= self.shows_at else self.before
        rows = [] if row is None else [row]
        return answer(200, {"totalResults": len(rows), "Resources": rows})

    def close(self) -> None: ...

    def look(self, within: float, goal: Any = no_goal) -> Sights:
        return settled(lambda: (play(look([ADA], filters=True), self, self.clock), ()), within, self.clock, goal)[0]


def listed(sights: Sights) -> dict[str, Any] | None:
    return sights[0].in_list.resource


def test_where_nothing_is_declared_one_look_is_all() -> None:
    server = Lagging(2)
    assert listed(server.look(0)) == BEFORE
    assert server.looks == [0]


def test_a_state_that_has_settled_already_is_not_looked_at_again() -> None:
    server = Lagging(0)
    assert listed(server.look(3)) == AFTER
    assert server.looks == [0]


@pytest.mark.parametrize(
    ("before", "after"), [(BEFORE, AFTER), (None, AFTER), (BEFORE, None)], ids=["changed", "created", "deleted"]
)
def test_a_write_that_shows_late_is_waited_for(before: Row, after: Row) -> None:
    server = Lagging(2, before, after)
    assert listed(server.look(3)) == after
    assert server.looks == [0, 0.25, 0.625, 1.1875, 2.03125]  # each pause is longer by half than the one before it


class LaggingThroughout(Lagging):
    """Reads by id lag, too: whenever it is looked at, all looks agree."""

    def exchange(self, request: Send) -> Reply:
        if request.path == "/Users/u1":
            return answer(200, self.after if self.clock.now() >= self.shows_at else self.before)
        return super().exchange(request)


def test_what_a_step_was_meant_to_leave_is_waited_for_even_where_all_looks_agree() -> None:
    goal = lambda sights: sights[0].by_id.resource == AFTER  # noqa: E731
    assert listed(LaggingThroughout(1).look(3)) == BEFORE
    assert listed(LaggingThroughout(1).look(3, goal)) == AFTER


@given(lag_ms=st.integers(0, 20_000), within_ms=st.integers(0, 10_000))
def test_it_waits_as_long_as_was_declared_and_no_longer(lag_ms: int, within_ms: int) -> None:
    server = Lagging(lag_ms / 1000)
    seen = listed(server.look(within_ms / 1000))
    if abs(lag_ms - within_ms) > 1:  # the clock counts in fractions that a float has not
        assert seen == (AFTER if lag_ms < within_ms else BEFORE)  # what is seen at the end is judged as it is
    assert all(look <= within_ms / 1000 + 0.001 for look in server.looks)


class Slow(Lagging):
    """Each answer takes its time, so that one look may take longer than was declared."""

    def exchange(self, request: Send) -> Reply:
        reply = super().exchange(request)
        self.clock.sleep(1.5)
        return reply


def test_the_last_look_begins_when_the_time_is_up_however_long_one_takes() -> None:
    server = Slow(2)
    assert listed(server.look(3)) == AFTER  # the first look began at once and ended after 4.5 seconds
    assert server.looks == [0, 4.5]


def sight(by_id: Reading, by_filter: Reading, in_list: Reading) -> Sight:
    return Sight("ada", "User", "u1", False, by_id, by_filter, in_list)


def found(**changes: Any) -> Reading:
    resource = {**BEFORE, **changes}
    return Reading("found", {name: value for name, value in resource.items() if value is not None}, 1)


ABSENT, FAILED, UNASKED = Reading("absent"), Reading("unreadable", note="answered 500"), Reading("not-looked")


def test_only_the_exchanges_of_the_look_that_counts_are_told() -> None:
    """What an earlier look met (an answer that never came) says nothing about the state."""
    looks = [((sight(ABSENT, ABSENT, found()),), (1, 2, 3)), ((sight(ABSENT, ABSENT, ABSENT),), (4, 5, 6))]

    def one_after_the_other() -> Seen:
        return looks.pop(0)

    assert settled(one_after_the_other, 3, VirtualClock())[1] == (4, 5, 6)


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        ((found(), found(), found()), True),
        ((ABSENT, ABSENT, ABSENT), True),
        ((found(), ABSENT, found()), False),
        ((ABSENT, found(), ABSENT), False),
        ((found(), found(), ABSENT), False),
        ((found(), found(active=False), found()), False),
        ((found(), found(), found(displayName="Other")), False),
        ((found(displayName=None), found(), found()), False),  # gone by id, and still there in a list
        ((found(), found(displayName=None), found(displayName=None)), True),  # a list may leave attributes out
        ((found(), found(userName="ADA@EXAMPLE.COM"), found()), True),  # userName is not caseExact
        ((found(), FAILED, found()), True),  # no better for waiting
        ((UNASKED, found(), found()), True),
        ((UNASKED, ABSENT, found()), False),
        ((found(), Reading("found", BEFORE, 2), found()), False),  # two rows of one name: an old one and a new one
        ((found(meta={"lastModified": "a"}), found(meta={"lastModified": "b"}), found()), False),
        ((found(meta={"lastModified": "a"}), found(meta={"lastModified": "a"}), found()), True),
        ((found(meta={"version": "1"}), found(meta={"version": "2"}), found()), True),  # a tag may be of one form only
        ((found(meta="odd"), found(meta=None), found()), True),
    ],
)
def test_when_three_looks_tell_the_same(readings: tuple[Reading, Reading, Reading], expected: bool) -> None:
    assert agreed((sight(*readings),)) is expected


def test_a_bystander_whom_the_list_shows_has_settled() -> None:
    assert agreed((Sight("the first bystander", "User", "u1", True, UNASKED, UNASKED, found()),))
    assert not agreed((Sight("the first bystander", "User", "u1", True, found(), UNASKED, ABSENT),))


def group(by_id: dict[str, Any], in_list: dict[str, Any]) -> Sight:
    readings = [Reading("found", {"id": "g1", "displayName": "Crew", **seen}, 1) for seen in (by_id, in_list)]
    return Sight("crew", "Group", "g1", False, readings[0], UNASKED, readings[1])


@pytest.mark.parametrize(
    ("by_id", "in_list", "expected"),
    [
        ({"members": [{"value": "u1"}]}, {"members": [{"value": "u1", "display": "Ada"}]}, True),
        ({"members": [{"value": "u1"}]}, {"members": [{"value": "u2"}]}, False),
        ({"members": [{"value": "u1"}]}, {}, True),  # members on request only
        ({}, {"members": [{"value": "u1"}]}, False),
    ],
)
def test_members_count_by_their_ids(by_id: dict[str, Any], in_list: dict[str, Any], expected: bool) -> None:
    assert agreed((group(by_id, in_list),)) is expected


@given(st.recursive(st.none() | st.booleans() | st.text(max_size=3), lambda inner: st.lists(inner, max_size=2)))
def test_odd_values_are_compared_and_never_raise(value: Any) -> None:
    assert agreed((sight(found(emails=value, name=value, meta=value), found(active=value), found()),)) in (True, False)
