"""Plays one case on the target: sets it up, plays its steps, reads the state back after each, clears away.

It yields evidence and judges nothing. A step that cannot be played any more (no id to speak of, an act that the IdP
itself calls failed) ends the case; what that means is for the judge.

Rule: it knows engines by their protocol only, no IdP by name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from scimrig.cast import Cast, Player, plain_body
from scimrig.courier import Courier, PauseTooLongError, Stopped
from scimrig.evidence import CaseEnded, CaseStarted, Observed, Record, StepPlayed
from scimrig.observe import Watch, look
from scimrig.plan import Case, Plan
from scimrig.pointer import find
from scimrig.probe import probe, subject_of
from scimrig.rows import clear
from scimrig.scenario.model import Step
from scimrig.scenario.resolve import UnknownName, resolve
from scimrig.survey import Survey
from scimrig_simulator.idp.engine import Engine
from scimrig_simulator.idp.intent import Intent, Outcome
from scimrig_simulator.wire import Flow, Reply, Send, send
from scimrig_simulator.workforce.person import Person


class UnsendableError(Exception):
    """A scenario asks for bytes that no HTTP request can carry (a line break in a header, an unencoded path)."""


class Stage:
    """One case, to be played once."""

    def __init__(
        self, case: Case, plan: Plan, survey: Survey, engine: Engine, courier: Courier,
        bystanders: Sequence[Watch], emit: Callable[[Record], None],
    ) -> None:
        self.case, self.survey, self.engine, self.courier = case, survey, engine, courier
        self.bystanders, self.emit = tuple(bystanders), emit
        self.cast = Cast(case, plan, engine)
        self.last = Observed(case.name, "", (), ())
        courier.rows.mint(self.cast.nobody)

    def play(self) -> None:
        """Play the case; its rows are cleared away whatever happens."""
        self.emit(started(self.case))
        state, reason = self._obstacle()
        if not state:
            try:
                state, reason = self._play()
            except Stopped:
                state, reason = "skip", "the run ended before it did"
            except PauseTooLongError as pause:
                state, reason = "error", str(pause)
            except (UnknownName, UnsendableError) as unplayable:
                state, reason = "blocked", str(unplayable)
            finally:
                left, _ = self.courier.play(clear(self.courier.rows, self.case.name), "keeper")
                for leftover in left:
                    self.emit(leftover)
        self.emit(CaseEnded(self.case.name, state, reason))

    def _play(self) -> tuple[str, str]:
        for player in self.cast:
            if player.exists and not self._make(player):
                return "blocked", f"{player.key} could not be created by the book beforehand"
        self._observe("")
        for step in self.case.scenario.steps:
            if not self._step(step):
                break
        return "played", ""

    def _obstacle(self) -> tuple[str, str]:
        """Why the case cannot be played at all: the IdP has no such act, or the target lacks what it needs."""
        scenario = self.case.scenario
        needs = {"users", *scenario.needs, *sent_needs(scenario.steps)}
        for step in scenario.steps:
            if step.verb == "act":
                reason = self.engine.can(step.act)
                if reason:
                    return "skip", reason
                needs |= self.engine.dialect.acts[step.act].needs
        for state, word in (("broken", "blocked"), ("no", "skip")):
            for need in sorted(needs):
                offer = self.survey.offer(need)
                if offer.state == state:
                    return word, f"it needs {need}: {offer.why}"
        return "", ""

    def _step(self, step: Step) -> bool:
        """Play one step; False where there is no point in going on."""
        namespace = self.cast.namespace()
        if step.verb == "check":
            check = resolve(step.argument, namespace)
            subject = str(check.get("user") or check.get("group"))
            self.emit(self._played(step, subject, None, None, [check], ()))
            return True
        if step.verb == "send":
            self._send(step, namespace)
            return True
        return self._act(step, namespace)

    def _act(self, step: Step, namespace: dict[str, Any]) -> bool:
        player, flow, finish = self._begin(step, resolve(step.argument, namespace))
        outcome, numbers = self.courier.play(flow, "idp", step.id)
        if outcome.ok and player is not None:
            self._learn_ids(player, outcome)
        intent = finish() if outcome.ok else None
        if player is not None and (outcome.ok or player.id):
            self._observe(step.id)
        subject = player.key if player is not None else ""
        self.emit(self._played(step, subject, intent, outcome, [], numbers))
        return outcome.ok

    def _begin(self, step: Step, argument: Any) -> tuple[Player | None, Flow[Outcome], Callable[[], Intent | None]]:
        """The act's flow, whom it is about, and what to ask for its intent once it has been played."""
        engine, act = self.engine, step.act
        if act == "connect":
            return None, engine.connect(), lambda: None
        if act in ("push_group", "set_members"):
            ((key, names),) = argument.items()
            members = [self.cast.person(name) for name in names]
            team = self.cast.team(key)
            play = engine.push_group if act == "push_group" else engine.set_members
            return self.cast[key], play(team, members), lambda: engine.expected_group(team, members)
        key, changes = next(iter(argument.items())) if isinstance(argument, dict) else (str(argument), {})
        player = self.cast[key]
        person = self.cast.person(key).changed(changes) if changes else self.cast.person(key)
        player.who = person
        flow: Flow[Outcome] = getattr(engine, act)(person)
        return player, flow, lambda: engine.expected_user(person, act)

    def _learn_ids(self, player: Player, outcome: Outcome) -> None:
        who = player.who
        known = self.engine.id_of(who) if isinstance(who, Person) else self.engine.group_id(who)
        player.id = known or outcome.id or player.id

    def _send(self, step: Step, namespace: dict[str, Any]) -> None:
        argument = resolve(step.argument, namespace)
        expect = resolve(list(step.expect), namespace)
        request = probe(argument, self.engine, step.name)
        try:
            reply, numbers = self.courier.play(send(request), "probe", step.id)
        except ValueError as unsendable:  # the transport: HTTP cannot carry this
            raise UnsendableError(f"step {step.id}: {unsendable}") from None
        self._bind(argument, reply)
        for name, place in step.keep.items():
            self.cast.kept[name] = _kept(place, reply)
        self._observe(step.id)
        self.emit(self._played(step, subject_of(argument, self.cast), None, None, expect, numbers))

    def _bind(self, argument: dict[str, Any], reply: Reply) -> None:
        """A create by a probe tells the id of the subject that it ``creates``."""
        identifier = reply.resource().get("id")
        key = argument.get("creates")
        if key is None or not reply.ok or not isinstance(identifier, str):
            return
        player = self.cast[key]
        player.id = identifier
        if isinstance(player.who, Person):
            self.engine.adopt(player.who, identifier)
        else:
            self.engine.adopt_group(player.who, identifier)

    def _make(self, player: Player) -> bool:
        """Create a row by the book, as the keeper."""
        path = "/Users" if isinstance(player.who, Person) else "/Groups"
        request = Send("POST", path, body=plain_body(player.who), purpose=f"{player.key} exists beforehand")
        reply, _ = self.courier.play(send(request), "keeper")
        identifier = reply.resource().get("id")
        player.id = identifier if reply.ok and isinstance(identifier, str) else ""
        return bool(player.id)

    def _observe(self, step: str) -> None:
        watches = [*self.cast.watches(), *self.bystanders]
        flow = look(watches, filters=self.survey.offer("filter").state == "yes")
        sights, numbers = self.courier.play(flow, "observer", step)
        self.last = Observed(self.case.name, step, sights, numbers)
        self.emit(self.last)

    def _played(
        self, step: Step, subject: str, intent: Intent | None, outcome: Outcome | None,
        expect: list[dict[str, Any]], numbers: tuple[int, ...],
    ) -> StepPlayed:
        ground: dict[str, Any] = {"idp": self.engine.dialect.title}
        if step.verb == "act":
            ground["chapter"] = self.engine.dialect.acts[step.act].chapter
            ground["inferred"] = list(self.engine.inferred(step.act))
        return StepPlayed(
            self.case.name, step.id, step.name, step.verb, step.act, subject,
            None if intent is None else intent.to_json(), None if outcome is None else outcome.to_json(),
            expect, ground, numbers,
        )


def sent_needs(steps: Sequence[Step]) -> set[str]:
    """What the target must offer for the bytes that a probe sends: by method and collection."""
    needs = set()
    for step in steps:
        if step.verb == "send":
            for method, path in step.argument.items():
                if method in ("PATCH", "PUT", "DELETE"):
                    needs.add(method.lower())
                if method.isupper() and str(path).lower().startswith("/groups"):
                    needs.add("groups")
    return needs


def started(case: Case) -> CaseStarted:
    """The record that begins a case."""
    scenario = case.scenario
    return CaseStarted(
        case.name, scenario.id, case.dialect, case.row, scenario.title, scenario.area, scenario.severity.value,
        scenario.cites, scenario.tags, scenario.hurts, scenario.probe,
    )


def _kept(place: str, reply: Reply) -> Any:
    if place.startswith("header:"):
        return reply.header(place.removeprefix("header:")) or ""
    try:
        return next((value for _, value in find(reply.json(), place)), None)
    except ValueError:
        return None
