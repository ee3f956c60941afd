"""Plays one act by hand: looks at the target, has the IdP do its act, looks again, and judges what has changed.

It is a run of one case and one step: the same courier, the same observer, the same judge. What differs is that nothing
is cleared away afterwards, and that the engine goes on where its last act has left it.

Rule: it prints nothing and knows no IdP by name. What it cannot decide it raises, and the state is kept all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from scimrig import checks, frame, judge
from scimrig.acting.compared import compared, learned, readable
from scimrig.acting.order import Order, OrderError
from scimrig.acting.played import Played
from scimrig.acting.sights import UndecidedError, linked, name_on, row_of, shown, strictly
from scimrig.acting.state import State
from scimrig.cast import BEGINS, ENDS
from scimrig.courier import Courier, PauseTooLongError, bear
from scimrig.evidence import CaseStarted, Evidence, Exchange, Observed, Sight, StepPlayed
from scimrig.observe import Watch, look
from scimrig.rows import Rows
from scimrig.settling import Seen, Sights, settled
from scimrig.survey import Survey, refused_credentials
from scimrig.target import Target
from scimrig.verdicts import Finding, Status
from scimrig_simulator import idp
from scimrig_simulator.clock import SystemClock
from scimrig_simulator.idp.engine import Engine
from scimrig_simulator.idp.intent import Intent, Outcome, in_force
from scimrig_simulator.idp.memory import MemoryMismatchError, recall, remember
from scimrig_simulator.wire import PERCENT_20, Reply, Send, segment, send
from scimrig_simulator.workforce.person import Person
from scimrig_simulator.workforce.team import Team

T = TypeVar("T")

ACT = "act"

_VERBS = {
    "connect": "tests its connection", "assign": "assigns", "update": "updates", "rename": "renames",
    "deactivate": "deactivates", "reactivate": "reactivates", "delete": "deletes",
    "unassign": "takes the app away from", "push_group": "pushes the group", "set_members": "sets the members of",
    "rename_group": "renames the group", "delete_group": "deletes the group",
    "import_users": "imports who is there", "cycle": "goes through its whole directory",
}
_NOUNS = (("/Users", "user"), ("/Groups", "group"))
_LATE = ("frame/found", "frame/stale")
_SAY_SO = (
    "By its id the row is as it should be. If look-ups may follow writes a little later on this target, say so in its"
    " target file: [consistency] within = 3"
)
_TOLD = 1.0  # seconds of a pause from which it is told
_ABSENT = frozenset({404, 405, 501})


class PatientClock(SystemClock):
    """Wall time that says what it waits for, and does not wait for ever. ``tell`` gets the seconds."""

    def __init__(self, tell: Callable[[float], None]) -> None:
        self._tell = tell

    def sleep(self, seconds: float) -> None:
        bear(seconds)
        if seconds >= _TOLD:
            self._tell(seconds)
        super().sleep(seconds)


class Hand:
    """Plays acts of one IdP on one target. ``state`` is changed and saved as the act goes on.

    address: the target as a command line names it, for hints
    """

    def __init__(self, target: Target, address: str, state: State, courier: Courier) -> None:
        self.target, self.address, self.state, self.courier = target, address, state, courier
        self._exchanges: dict[int, Exchange] = {}
        self._notes: list[str] = []
        self._advertised: dict[str, bool | None] = {}
        self._emit, courier.emit = courier.emit, self._record

    def headline(self, order: Order) -> str:
        """``Okta assigns ada (Ada Riha, ada.rig4k7xm@example.com)``."""
        state = self.state
        what = f"{_title(order)} {_VERBS[order.act]} {order.subject}".rstrip()
        if not order.subject:
            return what
        if order.of_group:
            members = order.members if order.members is not None else state.members.get(order.subject, ())
            name = state.team(order.subject).changed(order.changes).display_name
            return f"{what} ({name}): {', '.join(members) or 'nobody'}"
        person = state.changed(order.subject, order.changes)
        changes = (f"{name} = {'nothing' if value is None else value}" for name, value in order.changes.items())
        changed = f": {', '.join(changes)}" if order.changes else ""
        return f"{what} ({person.display_name}, {person.user_name}){changed}"

    def play(self, order: Order) -> Played:
        """Raises OrderError before anything is written, UndecidedError, StateError, JournalError."""
        engine = self._engine(order)
        held = self.state.in_force.get(_key(order))
        who, members = self._who(order, engine)
        before = Observed(ACT, "", (), ()) if who is None else self._before(order, who, engine)
        if who is not None:
            self.state.save()  # names are known before rows have them
        try:
            flow = engine.play(order.act, who, members, self.state.directory())
            outcome, numbers = self.courier.play(flow, "idp", ACT)
        except PauseTooLongError as pause:
            raise UndecidedError(str(pause)) from None
        finally:
            self.state.beliefs = remember(engine)
            if who is not None:
                self.state.save()
        outcome = replace(outcome, words=self.courier.redactor.text(outcome.words))
        if not outcome.ok and not numbers:  # the IdP knows nobody to do it to
            first = f"scimrig act {order.dialect} assign {order.subject} {self.address}"
            raise OrderError(f"{order.subject} is not assigned yet, so nothing was sent; first: {first}")
        intent = self._intent(order, engine, who, members, outcome, held)
        if not outcome.ok and self.target.declared.value("hooks.before_run") is not None:
            self._notes.append(f"An act does not call hooks.before_run; `scimrig doctor {self.address}` does.")
        if intent is not None and intent.fate == "refused":
            self._notes.append(f"{_title(order)} keeps what was refused, and sends it again with its next act.")
        after = before if who is None else self._after(order, who, engine, outcome, intent, before)
        played = self._judged(order, engine, outcome, intent, before, after, numbers)
        self._learn(order, played)
        return played

    # Who and how ------------------------------------------------------------------------------------------------------

    def _engine(self, order: Order) -> Engine:
        engine = idp.engage_for(order.dialect, self.state.seed, self._offers(order))
        engine.nobody = f"nobody.{self.state.mark}@{self.state.domain}"
        try:
            recall(engine, self.state.beliefs)
        except MemoryMismatchError as stale:
            raise UndecidedError(
                f"{self.state.path} does not fit this version of scimrig ({stale});"
                f" start afresh with: scimrig act --forget {self.address}"
            ) from None
        return engine

    def _offers(self, order: Order) -> set[str]:
        """What the admin of this IdP would know of the target before setting it up; only what makes a difference."""
        offers = {"patch", "groups"}
        if order.act == "connect" and idp.base(order.dialect).startswith("okta"):
            query = PERCENT_20.encode([("startIndex", "1"), ("count", "1")])
            reply = self._peek(Send("GET", "/Groups", query, purpose="are there groups?"))
            if reply.status in _ABSENT:
                offers.discard("groups")
                self._notes.append(f"GET /Groups answered {reply.status}, so Okta's group push is taken as off.")
        if idp.base(order.dialect) == "rfc" and order.act != "connect":
            said = self._peek(Send("GET", "/ServiceProviderConfig", purpose="is there PATCH?")).resource().get("patch")
            if isinstance(said, dict) and said.get("supported") is False:
                offers.discard("patch")
                self._advertised["patch"] = False
                self._notes.append("ServiceProviderConfig says that there is no PATCH, so updates go by PUT.")
        return offers

    def _peek(self, request: Send) -> Reply:
        reply, _ = self.courier.play(send(request), "survey")
        return reply

    def _who(self, order: Order, engine: Engine) -> tuple[Person | Team | None, list[Person]]:
        """The subject as it is from now on, and the members of a team."""
        state = self.state
        if not order.subject:
            return None, []
        if order.act in BEGINS or order.act in ENDS:
            (state.scope.add if order.act in BEGINS else state.scope.discard)(order.subject)
        who: Person | Team
        members: list[Person] = []
        if order.of_group:
            keys = state.members.get(order.subject, ()) if order.members is None else order.members
            members = [state.person(key) for key in keys]
            strangers = [person.key for person in members if not engine.id_of(person)]
            if strangers:
                raise OrderError(
                    f"{' and '.join(strangers)} must be assigned before they can be in a group:"
                    f" scimrig act {order.dialect} assign {strangers[0]} {self.address}"
                )
            who = state.teams[order.subject] = state.team(order.subject).changed(order.changes)
            state.members[order.subject] = tuple(keys)
        else:
            who = state.people[order.subject] = state.changed(order.subject, order.changes)
        return who, members

    def _intent(
        self, order: Order, engine: Engine, who: Person | Team | None, members: list[Person], outcome: Outcome,
        held: Intent | None,
    ) -> Intent | None:
        """What a sound server holds now; None where the IdP itself gave up on an act that nothing stands against."""
        if who is None:
            return None
        if isinstance(who, Team):
            intent = engine.expected_group(who, members, order.act)
        else:
            intent = engine.expected_user(who, order.act, self.target.declared.promises, held)
        return intent if outcome.ok or intent.fate == "refused" else None

    # Looking ----------------------------------------------------------------------------------------------------------

    def _before(self, order: Order, who: Person | Team, engine: Engine) -> Observed:
        watches = self._watches(who, engine)
        sights, numbers = self._look(watches)
        for sight in sights:
            self._recognise(sight, mine=sight.key == order.subject)
        first = sights[0]
        if watches[0].id and first.by_id.state == "absent":
            self._notes.append(
                f"{order.subject} was not there any more, under the id {watches[0].id} that the IdP knows. If the"
                f" target was reset, start afresh: scimrig act --forget {self.address}"
            )
        return Observed(ACT, "", (linked(first), *sights[1:]), numbers)

    def _after(
        self, order: Order, who: Person | Team, engine: Engine, outcome: Outcome, intent: Intent | None,
        before: Observed,
    ) -> Observed:
        """The state afterwards; looked at again where its owner says that reads follow writes late."""
        there = {sight.key for sight in before.sights}
        watches = [one for one in self._watches(who, engine, outcome.id) if not one.bystander or one.key in there]
        old = row_of(order.subject, before)

        def as_meant(sights: Sights) -> bool:
            return intent is None or not self._misses(order, intent, old, sights[0])

        within = float(self.target.declared.setting("consistency.within"))
        sights, numbers = settled(lambda: self._look(watches), within, self.courier.clock, as_meant)
        self._adopt(sights[0])
        return Observed(ACT, ACT, sights, numbers)

    def _misses(self, order: Order, intent: Intent, old: Sight | None, new: Sight) -> list[frame.Miss]:
        survey = self._survey(order, intent, new)
        wanted = intent.kind, intent.exists, intent.values, intent.members
        return frame.missed(*wanted, old, new, survey, whole=intent.whole)

    def _survey(self, order: Order, intent: Intent | None, after: Sight | None) -> Survey:
        known = replace(self.state.surveys.get(_kind(order), Survey()), advertised=self._advertised)
        return learned(known, intent, self.state.in_force.get(_key(order)), after, forced=True)

    def _look(self, watches: Sequence[Watch]) -> Seen:
        sights, numbers = self.courier.play(strictly(look(watches), self.target), "observer")
        told: list[str] = []
        seen = tuple(readable(sight, told) for sight in sights)
        self._notes += [note for note in told if note not in self._notes]
        return seen, numbers

    def _watches(self, who: Person | Team, engine: Engine, id: str = "") -> list[Watch]:
        """The act's own row first; every other row that this IdP has made there is a bystander."""
        if isinstance(who, Person):
            watches = [Watch(who.key, "User", engine.id_of(who) or id, who.user_name)]
        else:
            watches = [Watch(who.key, "Group", engine.group_id(who) or id, who.display_name)]
        for person in self.state.people.values():
            known = engine.id_of(person)
            if known and person is not who and self._ours("User", known):
                watches.append(Watch(person.key, "User", known, person.user_name, bystander=True))
        for team in self.state.teams.values():
            known = engine.group_id(team)
            if known and team is not who and self._ours("Group", known):
                watches.append(Watch(team.key, "Group", known, team.display_name, bystander=True))
        return watches

    def _ours(self, kind: str, id: str) -> bool:
        """Whether the guard would let a write to this row through."""
        return not self.courier.rows.refusal(Send("PATCH", f"/{kind}s/{segment(id)}"))

    def _recognise(self, sight: Sight, *, mine: bool) -> None:
        """Raises UndecidedError where a row is not the one that we made: its id is given away, or never was ours."""
        resource = shown(sight)
        name, id = name_on(sight), str(resource.get("id") or "")
        if sight.id and name and not self.state.is_ours(name):
            raise UndecidedError(
                f"/{sight.kind}s/{sight.id} is {name!r} now, and not {sight.key}, whom scimrig made there: was the"
                f" target reset? Nothing was sent. Start afresh with: scimrig act --forget {self.address}"
            )
        if mine:
            self._adopt(sight)
        if mine and not sight.id and id and not self._ours(sight.kind, id):
            raise UndecidedError(
                f"{name!r} is on the target already (/{sight.kind}s/{id}), and scimrig did not make it: rows of others"
                " are never written to. Give the subject another name, or delete that row"
            )

    def _adopt(self, sight: Sight) -> None:
        """A row that is found by a name with our mark came about by a create of ours whose answer said otherwise."""
        id, name = str(shown(sight).get("id") or ""), name_on(sight)
        if id and not sight.id and self.state.mark in name.casefold() and not self._ours(sight.kind, id):
            self.courier.rows.adopt(f"/{sight.kind}s", id, name, ACT)

    # Judging ----------------------------------------------------------------------------------------------------------

    def _judged(
        self, order: Order, engine: Engine, outcome: Outcome, intent: Intent | None, before: Observed, after: Observed,
        numbers: tuple[int, ...],
    ) -> Played:
        case = CaseStarted(
            ACT, ACT, order.dialect, {}, order.act, "", "breaks-provisioning", (), (), "", False
        )
        ground = {
            "idp": engine.dialect.title, "chapter": engine.dialect.acts[order.act].chapter,
            "inferred": list(engine.inferred(order.act)),
        }
        step = StepPlayed(
            ACT, ACT, order.act, "act", order.act, order.subject, None if intent is None else intent.to_json(),
            outcome.to_json(), [], ground, numbers,
        )
        old, new = row_of(order.subject, before), row_of(order.subject, after)
        survey = self._survey(order, intent, new)
        evidence = Evidence(case, self._exchanges, {"": before, ACT: after}, [step])
        verdict = judge.verdict_on(evidence, survey, self.target.declared)
        barred = next((self._exchanges[number] for number in numbers if self._exchanges[number].status == 401), None)
        if barred is not None and verdict.status is Status.ERROR:
            answer = f"{barred.method} {barred.path} answered 401"
            verdict = replace(verdict, reason=refused_credentials(answer, self.target.token_source))
        if verdict.findings and all(finding.check in _LATE for finding in verdict.findings):
            self._notes.append(_SAY_SO)
        return Played(
            order, _title(order), outcome, new.id if new is not None else "", intent, verdict,
            () if intent is None or new is None else compared(intent, old, new, survey, self._keys(engine)), old, new,
            tuple(self._besides(numbers)), tuple(self._notes), self.target.declared,
        )

    def _keys(self, engine: Engine) -> dict[str, str]:
        return {engine.id_of(person): key for key, person in self.state.people.items() if engine.id_of(person)}

    def _besides(self, numbers: tuple[int, ...]) -> list[Finding]:
        found: dict[tuple[str, str], Finding] = {}
        for number in numbers:
            for finding in checks.examine(self._exchanges[number], checks.Known())[1]:
                if finding.status in (Status.FAIL, Status.WARN):
                    found.setdefault((finding.check, finding.title), finding)
        return list(found.values())

    def _learn(self, order: Order, played: Played) -> None:
        """Remember what is in force now, and what the target has kept of what it was sent."""
        if played.intent is None or played.intent.fate == "refused" or played.done is not True:
            return
        key, kind = _key(order), _kind(order)
        held = self.state.in_force.get(key)
        known = self.state.surveys.get(kind, Survey())
        self.state.surveys[kind] = learned(known, played.intent, held, played.after, forced=False)
        self.state.in_force[key] = in_force(held, played.intent)
        self.state.save()

    def _record(self, exchange: Exchange) -> None:
        self._exchanges[exchange.number] = exchange
        self._emit(exchange)


def made(rows: Rows) -> str:
    """What is there of ours, in words: "2 users and 1 group"; "" for nothing."""
    open_rows = rows.open()
    counts = [(sum(row.collection == path for row in open_rows), noun) for path, noun in _NOUNS]
    return " and ".join(f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in counts if count)


def _title(order: Order) -> str:
    return idp.engage(order.dialect, 1).dialect.title


def _kind(order: Order) -> str:
    return "Group" if order.of_group else "User"


def _key(order: Order) -> str:
    return f"{_kind(order)} {order.subject}"
