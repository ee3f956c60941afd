"""Which act a job chooses, and that the target ends up with exactly the directory, whatever it answered on the way.

Engines are played against a reference server in this process. Chapters are those of idp-dialects.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scimrig_simulator import idp
from scimrig_simulator.clock import VirtualClock
from scimrig_simulator.drive import InProcessTransport, play
from scimrig_simulator.idp.job import Job, Task
from scimrig_simulator.idp.mapping import slot
from scimrig_simulator.server.app import Settings, build
from scimrig_simulator.wire import FailureKind, Reply, Send, TransportFailure

CYCLE = 2400.0
GROUPLESS = {name for name in idp.names() if idp.engage(name, 1).can("push_group")}

Spoil = Callable[[Send], str]
"""What becomes of a request: "" it is answered, "lost" it is carried out and the answer is lost, else a status."""


class Target:
    """A reference server whose answers a test may spoil. ``sent``: method and path of what was sent, newest last."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        app = build(Settings(token="t", clock=self.clock))
        self.transport = InProcessTransport(app, "http://x/scim/v2", "Bearer t", self.clock, 5.0)
        self.spoil: Spoil = lambda request: ""
        self.sent: list[str] = []
        self.unheard: list[str] = []  # bodies of creates whose answer was lost

    def exchange(self, request: Send) -> Reply:
        self.sent.append(f"{request.method} {request.path}")
        fate = self.spoil(request)
        if fate not in ("", "lost"):
            return Reply(int(fate), (), b'{"detail":"no"}')
        reply = self.transport.exchange(request)
        if fate == "lost" and request.method == "POST":
            self.unheard.append(str(request.body))
        return Reply(0, failure=TransportFailure(FailureKind.TIMEOUT, "lost")) if fate == "lost" else reply

    def close(self) -> None:
        self.transport.close()

    def rows(self, kind: str) -> list[dict[str, Any]]:
        reply = self.transport.exchange(Send("GET", f"/{kind}", "count=1000"))
        return list(reply.resource().get("Resources", []))

    @property
    def users(self) -> dict[str, bool]:
        """userName → active."""
        return {row["userName"]: row.get("active", True) for row in self.rows("Users")}

    @property
    def groups(self) -> dict[str, set[str]]:
        """displayName → userNames of the members."""
        names = {row["id"]: row["userName"] for row in self.rows("Users")}
        return {
            row["displayName"]: {names[member["value"]] for member in row.get("members", [])}
            for row in self.rows("Groups")
        }

    @property
    def writes(self) -> list[str]:
        return [line for line in self.sent if not line.startswith("GET")]


class Life:
    """A job at a target, and the time that passes for it."""

    def __init__(self, dialect: str, town: Any, target: Target) -> None:
        self.town, self.target, self.now = town, target, 0.0
        self.job = Job(idp.engage(dialect, 7), town, 0.0)

    def tell(self, *numbers: int, teams: tuple[int, ...] = ()) -> list[str]:
        """Tell of people and teams, and play what comes of it at once or in the next cycle; the acts."""
        for team in teams:
            self.job.tell("Group", team, self.now)
        for number in numbers:
            self.job.tell("User", number, self.now)
        return self.turn()

    def turn(self) -> list[str]:
        """Play what is due next; the acts, but for the test of the connection."""
        due = self.job.next(self.now)
        self.target.sent.clear()
        if due is None:
            return []
        self.now = due
        return [act for tasks in self.job.turns(due) for task in tasks if (act := self._play(task)) != "connect"]

    def amiss(self) -> list[str]:
        """What the target doesn't have as the directory has it; active strangers, too.

        No IdP knows of the account of somebody who left before the next try, after the answer to a create was lost.
        """
        engine, town = self.job.engine, self.town
        rows = {row["userName"]: row for row in self.target.rows("Users")}
        there = {p.user_name: p for n, p in town.people.items() if town.scope(n) == "in"}
        heard = [name for name in rows if not any(name in body for body in self.target.unheard)]
        found = [f"{name} is too many" for name in heard if rows[name].get("active", True) and name not in there]
        for name, person in there.items():
            wanted = engine.expected_user(person, "update").values if name in rows else {"userName": name}
            found += [f"{name}: {path} is {slot(path).read(rows.get(name, {}))!r}, not {value!r}"
                      for path, value in wanted.items() if slot(path).read(rows.get(name, {})) != value]
        return found

    def _play(self, task: Task) -> str:
        spoil = self.target.spoil
        if task.act == "connect":  # a test that writes would leave behind what it can't take away
            self.target.spoil = lambda request: spoil(request) if request.method == "GET" else ""
        self.job.ended(task, play(task.flow, self.target, self.target.clock), self.now)
        self.target.spoil = spoil
        return f"{task.act} {task.number}" if task.kind else task.act

    def calm(self) -> None:
        """The target is sound again, and the admin does what an admin can."""
        self.target.spoil = lambda request: ""
        self.job.restart(self.now)
        for _ in range(60):
            self.job.retry(self.now)
            if self.job.next(self.now) is None:
                return
            self.turn()
        raise AssertionError(f"it doesn't come to rest: {self.job.state}, {dict(self.job.trouble)}")


@pytest.fixture
def target() -> Iterator[Target]:
    made = Target()
    yield made
    made.close()


@pytest.fixture(params=idp.names())
def life(request: Any, town: Any, target: Target) -> Life:
    return Life(request.param, town, target)


@pytest.fixture
def okta(town: Any, target: Target) -> Life:
    return Life("okta", town, target)


@pytest.fixture
def entra(town: Any, target: Target) -> Life:
    return Life("entra", town, target)


# People ---------------------------------------------------------------------------------------------------------------


def test_the_act_follows_from_how_things_stand_whatever_has_changed(life: Life) -> None:
    town = life.town
    town.settle(1)
    assert life.tell(1) == ["assign 1"]
    town.change(1, title="Queen", phone_work="+44 20 7946 0100")  # one of them is mapped by everybody
    assert life.tell(1) == ["update 1"]
    town.change(1, family_name="Lovelace", email="lovelace@example.com")
    assert life.tell(1) == ["rename 1"]
    town.settle(1, scope="out")
    town.change(1, title="Empress", phone_work="+44 20 7946 0199")
    assert life.tell(1) == ["unassign 1"]
    assert life.tell(1) == []
    town.settle(1)
    back = life.tell(1)
    assert back[0] in ("reactivate 1", "assign 1")  # whoever deletes people creates them anew
    assert set(back[1:]) <= {"update 1"}
    assert life.amiss() == []


def test_whoever_was_never_in_scope_is_never_heard_of(life: Life) -> None:
    life.town.settle(1, scope="out")
    life.town.settle(2, scope="deleted")
    assert life.tell(1, 2, 3) == []
    assert life.target.users == {}


def test_an_event_driven_idp_sends_nothing_of_somebody_of_whom_nothing_has_changed(okta: Life) -> None:
    okta.town.settle(1)
    okta.tell(1)
    okta.town.change(1, department="Sales")  # isn't mapped by default (okta:3 [O1])
    assert (okta.tell(1), okta.target.sent) == ([], [])


@pytest.mark.cites("entra", "unchanged")
def test_entra_reads_and_compares_whoever_may_have_changed(entra: Life) -> None:
    """entra:4 [M1, M3]: GET by id, and no PATCH where nothing differs."""
    entra.town.settle(1)
    entra.tell(1)
    assert entra.tell(1) == ["update 1"]
    assert entra.target.sent == ["GET /Users", f"GET /Users/{entra.job.engine.id_of_number(1)}"]


@pytest.mark.cites("entra", "hard-delete")
def test_somebody_soft_deleted_is_switched_off_and_deleted_later(entra: Life) -> None:
    """entra:5 [M1, M3]."""
    entra.town.settle(1)
    entra.tell(1)
    entra.town.settle(1, scope="off")
    assert entra.tell(1) == ["deactivate 1"]
    entra.town.settle(1, scope="deleted")
    assert entra.tell(1) == ["delete 1"]
    assert entra.target.users == {}
    assert entra.tell(1) == []


@pytest.mark.cites("entra", "unfollowed")
def test_no_delete_comes_for_somebody_who_was_unassigned_before(entra: Life) -> None:
    """entra:5 [M3]: a user unassigned earlier is no longer followed."""
    entra.town.settle(1)
    entra.tell(1)
    entra.town.settle(1, scope="out")
    entra.tell(1)
    entra.town.settle(1, scope="deleted")
    entra.tell(1)
    assert entra.target.writes == []


@pytest.mark.cites("okta", "delete")
def test_okta_sends_nothing_when_somebody_deactivated_is_deleted(okta: Life) -> None:
    """okta:5 [O1, O2]."""
    okta.town.settle(1)
    okta.tell(1)
    okta.town.settle(1, scope="out")
    okta.tell(1)
    okta.town.settle(1, scope="deleted")
    okta.tell(1)
    assert okta.target.sent == []


def test_an_assignment_that_failed_half_way_is_taken_up_again_with_the_switch(okta: Life) -> None:
    """Found inactive and linked, then the PATCH that switches them on fails: a push would not (okta:4 [O2])."""
    okta.town.settle(1)
    body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "active": False,
            "userName": okta.town.person(1).user_name}
    okta.target.transport.exchange(Send("POST", "/Users", body=body))
    okta.target.spoil = lambda request: "500" if request.method == "PATCH" else ""
    assert okta.tell(1) == ["assign 1"]
    assert okta.job.state.failed == 1
    okta.calm()
    assert list(okta.target.users.values()) == [True]


def test_somebody_who_leaves_while_their_return_fails_is_switched_off_again(okta: Life) -> None:
    okta.town.settle(1)
    okta.tell(1)
    okta.town.settle(1, scope="out")
    okta.tell(1)
    okta.town.settle(1)
    okta.target.spoil = lambda request: "500" if request.method == "PUT" else ""
    assert okta.tell(1) == ["reactivate 1"]  # switched on by then
    okta.town.settle(1, scope="out")
    okta.target.spoil = lambda request: ""
    assert okta.tell(1) == ["unassign 1"]
    assert list(okta.target.users.values()) == [False]


@pytest.mark.cites("okta", "create")
def test_what_is_switched_off_is_skipped_and_not_taken_for_done(town: Any, target: Target) -> None:
    life = Life("okta:deactivate=off", town, target)
    town.settle(1)
    life.tell(1)
    town.settle(1, scope="out")
    assert (life.tell(1), target.sent) == (["unassign 1"], [])
    town.settle(1)
    assert life.tell(1) == []  # never left, as far as the target knows


# Teams ----------------------------------------------------------------------------------------------------------------


def test_teams_are_pushed_changed_renamed_and_deleted(life: Life) -> None:
    town = life.town
    town.settle(1, 2)
    town.gather(1, 1)
    pushed = life.tell(1, 2, teams=(1,))
    if life.job.engine.can("push_group"):
        assert pushed == ["assign 1", "assign 2"]
        return
    assert pushed == ["assign 1", "assign 2", "push_group 1"]
    assert life.tell(teams=(1,)) == []
    town.gather(1, 1, 2)
    assert life.tell(teams=(1,)) == ["set_members 1"]
    both = {town.person(1).user_name, town.person(2).user_name}
    assert life.target.groups == {town.team(1).display_name: both}
    before = town.team(1).display_name
    town.gather(1, 2, name="Team Navy")
    assert life.tell(teams=(1,))[-1] in ("rename_group 1", "set_members 1", "push_group 1")
    life.calm()
    kept = bool(life.job.engine.can("rename_group"))
    assert life.target.groups == {before if kept else "Team Navy": {town.person(2).user_name}}
    del town.teams[1]
    if life.job.engine.can("delete_group"):
        return
    assert life.tell(teams=(1,)) == ["delete_group 1"]
    assert life.target.groups == {}
    assert life.tell(teams=(1,)) == []


def test_a_group_gets_a_member_as_soon_as_the_member_is_linked(okta: Life) -> None:
    """okta:6 [O1]: whoever isn't assigned to the app isn't sent."""
    town = okta.town
    town.settle(1, 2)
    town.gather(1, 1, 2)
    okta.target.spoil = lambda request: "500" if town.person(2).user_name in str(request.body) else ""
    assert okta.tell(1, 2, teams=(1,)) == ["assign 1", "assign 2", "push_group 1"]
    assert okta.target.groups == {town.team(1).display_name: {town.person(1).user_name}}
    okta.target.spoil = lambda request: ""
    okta.job.retry(okta.now)
    assert okta.turn() == ["assign 2", "set_members 1"]
    assert okta.target.groups == {town.team(1).display_name: {town.person(1).user_name, town.person(2).user_name}}


# References -----------------------------------------------------------------------------------------------------------


@pytest.mark.cites("entra", "object-order", "manager")
def test_references_come_last_once_both_are_there(entra: Life) -> None:
    """entra:6, EN-MANAGER [M3, M26]."""
    entra.town.settle(1, 2)
    entra.town.change(1, manager=2)
    entra.town.gather(1, 1, 2)
    assert entra.tell(1, 2, teams=(1,)) == ["assign 1", "assign 2", "push_group 1", "bring_references 1"]
    shown = {row["userName"]: row for row in entra.target.rows("Users")}[entra.town.person(1).user_name]
    assert entra.job.engine.id_of_number(2) in json.dumps(shown)


@pytest.mark.cites("entra", "object-order")
def test_a_reference_to_somebody_who_failed_comes_in_the_cycle_that_brings_them(entra: Life) -> None:
    """entra:6 [M3]: unresolved references are retried in the next cycle."""
    entra.town.settle(1, 2)
    entra.town.change(1, manager=2)
    entra.target.spoil = lambda request: "500" if entra.town.person(2).user_name in str(request.body) else ""
    assert entra.tell(1, 2) == ["assign 1", "assign 2"]
    entra.target.spoil = lambda request: ""
    assert entra.turn() == ["assign 2", "bring_references 1"]


@pytest.mark.cites("entra", "object-order")
def test_a_manager_who_is_on_leave_is_sent_when_they_are_back(entra: Life) -> None:
    """Disabled is not out of scope."""
    entra.town.settle(1)
    entra.town.settle(2, scope="off")
    entra.town.change(1, manager=2)
    assert entra.tell(1) == ["assign 1"]
    entra.town.settle(2)
    assert entra.tell(2) == ["assign 2", "bring_references 1"]


@pytest.mark.cites("entra", "late-manager")
def test_a_manager_who_comes_into_scope_later_is_not_sent(entra: Life) -> None:
    """EN-MANAGER [M5, M6]."""
    entra.town.settle(1)
    entra.town.settle(2, scope="out")
    entra.town.change(1, manager=2)
    assert entra.tell(1) == ["assign 1"]
    entra.town.settle(2)
    assert entra.tell(2) == ["assign 2"]


# In the end -----------------------------------------------------------------------------------------------------------


FATES = st.sampled_from(["", "", "", "lost", "400", "401", "404", "409", "500", "503"])
CHANGES = st.lists(st.tuples(st.sampled_from(["title", "leave", "return", "join", "part", "tell"]),
                             st.integers(1, 4)), max_size=12)


@pytest.mark.parametrize("dialect", idp.names())
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(changes=CHANGES, fates=st.lists(FATES, max_size=60))
def test_once_the_target_is_sound_it_holds_exactly_the_directory(
    dialect: str, changes: list[tuple[str, int]], fates: list[str], town: Any
) -> None:
    target = Target()
    town.__init__()
    life = Life(dialect, town, target)
    left = iter(fates)
    target.spoil = lambda request: next(left, "")
    town.settle(1, 2)
    town.gather(1, 1, 2)
    life.tell(1, 2, teams=(1,))
    for what, number in changes:
        change(town, what, number)
        life.tell(number, teams=(1,))
    life.calm()
    try:
        assert life.amiss() == []
        if dialect not in GROUPLESS:
            assert target.groups == {town.team(1).display_name: {p.user_name for p in town.members(1)}}
        before = target.rows("Users"), target.rows("Groups")
        for number in town.people:
            life.job.tell("User", number, life.now)
        life.job.tell("Group", 1, life.now)
        life.turn()
        assert target.writes == []  # an identical pass writes nothing
        assert (target.rows("Users"), target.rows("Groups")) == before
    finally:
        target.close()


def change(town: Any, what: str, number: int) -> None:
    """Something happens in the company; who isn't there yet moves in."""
    if what == "title" and number in town.people:
        town.change(number, title=f"{town.person(number).title}!", phone_work=f"{town.person(number).phone_work}1")
    elif what in ("leave", "return") and number in town.people:
        town.settle(number, scope="out" if what == "leave" else "in")
    elif what in ("join", "part"):
        town.settle(number, scope=town.scope(number) if number in town.people else "in")
        members = {n for n in town.belongs[1] if n != number} | ({number} if what == "join" else set())
        town.gather(1, *sorted(members))
