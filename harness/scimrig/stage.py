"""Plays one case on the target: sets it up, plays its steps, reads the state back after each, clears away.

It yields evidence and judges nothing. A step that cannot be played any more (no id to speak of, an act that the IdP
itself calls failed) ends the case; what that means is for the judge.

Rule: it knows engines by their protocol only, no IdP by name.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from scimrig import demands, expectations, frame
from scimrig.cast import BEGINS, ENDS, Cast, Player, plain_body, plain_intent
from scimrig.courier import PATIENCE, Courier, PauseTooLongError, Stopped
from scimrig.declarations import NOTHING, Declarations
from scimrig.evidence import CaseEnded, CaseStarted, Observed, Record, StepPlayed
from scimrig.hooks import HookError
from scimrig.observe import Watch, look
from scimrig.plan import Case, Plan
from scimrig.playable import alone, barred, beyond_leaving, beyond_patience, mapped, undeclared
from scimrig.pointer import find
from scimrig.probe import probe, subject_of
from scimrig.promised import Promised
from scimrig.rows import clear
from scimrig.scenario.model import PROMISED, Step
from scimrig.scenario.resolve import UnknownName, resolve
from scimrig.settling import Goal, no_goal, settled
from scimrig.survey import Offer, Survey
from scimrig_simulator import wire
from scimrig_simulator.clock import SystemClock
from scimrig_simulator.idp.acts import GROUP_ACTS, LONE_ACTS
from scimrig_simulator.idp.engine import Engine
from scimrig_simulator.idp.intent import Intent, Outcome, in_force
from scimrig_simulator.wire import PERCENT_20, Flow, Reply, Send, filter_string, overheard, send
from scimrig_simulator.workforce.person import Person

if TYPE_CHECKING:
    from scimrig.sink import Sink


class UnsendableError(Exception):
    """A scenario asks for bytes that no HTTP request can carry (a line break in a header, an unencoded path)."""


class Stage:
    """One case, to be played once.

    declared: what the target's owner promises, by which acts are refused and stories are skipped
    sink:     receives the target's webhooks; None where it cannot
    twin:     an engine such as the case's twin is played with, to be asked what it can; None where there is no twin
    """

    def __init__(
        self, case: Case, plan: Plan, survey: Survey, engine: Engine, courier: Courier,
        bystanders: Sequence[Watch], emit: Callable[[Record], None],
        declared: Declarations = NOTHING, sink: Sink | None = None, twin: Engine | None = None,
    ) -> None:
        self.case, self.survey, self.engine, self.courier = case, survey, engine, courier
        self.bystanders, self.emit = tuple(bystanders), emit
        self.declared, self._twin = declared, twin
        self.cast = Cast(case, plan, engine, declared)
        engine.nobody = self.cast.namespace()["nobody"]["userName"]
        patience = PATIENCE if plan.target.ref is None else math.inf
        self._status = 0  # of the last answer
        self.last = Observed(case.name, "", (), ())
        self.promised = Promised(
            declared, courier, sink, courier.clock, engine, self.cast, patience, lambda: self.last.sights,
            mapped(case.scenario, declared), alone(case.scenario, declared),
        )
        self._patience = patience
        self._last_act = ""
        self._unsent = ""  # why an act of the story is never sent, as the admin has set the IdP up
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
            except (PauseTooLongError, HookError) as undecidable:
                state, reason = "error", str(undecidable)
            except (UnknownName, UnsendableError) as unplayable:
                state, reason = "blocked", str(unplayable)
            finally:
                for leftover in self.promised.put_back():
                    self.emit(leftover)
                left, _ = self.courier.play(clear(self.courier.rows, self.case.name), "keeper")
                for leftover in left:
                    self.emit(leftover)
        self.emit(CaseEnded(self.case.name, state, reason))

    def _play(self) -> tuple[str, str]:
        for name, _ in mapped(self.case.scenario, self.declared).values():
            if self._taken(name):
                return "skip", f"a group called {name!r} is on the target already, and roles.mapping gives its roles"
        for player in self.cast:
            if player.exists and not self._make(player):
                return "blocked", f"{player.key} could not be created by the book beforehand"
        self._observe("")
        steps = self.case.scenario.steps
        for number, step in enumerate(steps):
            if not self._step(step, steps[number + 1 :]):
                break
        return ("skip", self._unsent) if self._unsent else ("played", "")

    def _obstacle(self) -> tuple[str, str]:
        """Why the case cannot be played: by itself, or since its twin cannot, so that there is nothing to compare."""
        state, reason = self._obstacle_to(self.engine)
        if state or self._twin is None or self.case.twin is None:
            return state, reason
        state, reason = self._obstacle_to(self._twin)
        return state, reason and f"its twin in {self.case.twin.other} cannot be played: {reason}"

    def _obstacle_to(self, engine: Engine) -> tuple[str, str]:
        """Why an engine cannot play it: the IdP has no such act, or the target lacks or rules out what it needs."""
        scenario = self.case.scenario
        at_bar = bool(scenario.bar)  # a vendor plays its tests whatever a target lacks, but for what it says itself
        needs = set(scenario.needs) if at_bar else {"users", *scenario.needs, *sent_needs(scenario.steps)}
        for step in scenario.steps:
            if step.verb == "act":
                reason = engine.can(step.act)
                if reason:
                    return "skip", reason
                needs |= set() if at_bar else engine.dialect.acts[step.act].needs
        missing = (
            undeclared(scenario, self.declared) or beyond_leaving(scenario.steps, self.declared)
            or beyond_patience(scenario.steps, self.declared, self._patience)
        )
        if missing:
            return "skip", missing
        for state, word in (("broken", "blocked"), ("no", "skip")):
            for need in sorted(needs):
                offer = self._offer(need)
                if offer.state == state:
                    return word, f"it needs {need}: {offer.why}"
        if at_bar:
            return "", ""
        unmet = demands.unmet(scenario.steps, self.survey.required)
        return ("skip", unmet) if unmet else ("", "")

    def _offer(self, need: str) -> Offer:
        ruled_out = barred(need, self.declared)
        return Offer("no", ruled_out) if ruled_out else self.survey.offer(need)

    def _step(self, step: Step, following: Sequence[Step]) -> bool:
        """Play one step; False where there is no point in going on."""
        namespace = self.cast.namespace()
        if step.verb == "check":
            check = resolve(step.argument, namespace)
            subject = str(check.get("user") or check.get("group"))
            self.emit(self._played(step, subject, [check], ()))
            return True
        if step.verb == "aside":
            self.emit(self._played(step, "", [], ()))
            return True
        if step.verb in PROMISED:
            played = self.promised.play(step, resolve(step.argument, namespace))
            self.emit(self._played(step, played.subject, [played.expect], played.exchanges, seen=played.seen))
            return True
        if step.verb == "send":
            self._send(step, namespace, following)
            return True
        return self._act(step, namespace, following)

    def _act(self, step: Step, namespace: dict[str, Any], following: Sequence[Step]) -> bool:
        """Play an act; False where it did not go as it should have, so that what follows would be about nothing."""
        player, flow, finish = self._begin(step, resolve(step.argument, namespace))
        self.promised.before(following)
        outcome, numbers = self.courier.play(overheard(flow, self._hear), "idp", step.id)
        if outcome.ok and player is not None:
            self._learn_ids(player, outcome)
        self.promised.answered(step.act.replace("_", " "), self._status)
        intent = finish()
        refused = intent is not None and intent.fate == "refused"
        if not outcome.ok and (intent is None or intent.fate == "applied"):
            intent = None
        if player is not None and intent is not None and (outcome.ok or refused):
            player.held = in_force(player.held, intent)
            player.tried = player.tried or refused
        if player is not None and (outcome.ok or player.id or refused):
            self._observe(step.id, self._meant(player.key, intent))
        subject = player.key if player is not None else ""
        self.emit(self._played(step, subject, [], numbers, intent, outcome, self._seen(step)))
        self._unsent = outcome.words if outcome.state == "skipped" else ""
        return outcome.ok is not refused and not self._unsent

    def _seen(self, step: Step) -> dict[str, Any]:
        """What an act about nobody in particular is judged by: whom an import has missed, what a cycle follows."""
        before, self._last_act = self._last_act, step.act
        if step.act == "cycle":
            return {"again": before == "cycle"}
        if step.act != "import_users":
            return {}
        there = [player for player in self.cast if player.scope and player.id and isinstance(player.who, Person)]
        return {"missed": sorted(player.key for player in there if player.id not in self.engine.imported)}

    def _begin(self, step: Step, argument: Any) -> tuple[Player | None, Flow[Outcome], Callable[[], Intent | None]]:
        """The act's flow, whom it is about, and what to ask for its intent once it has been played."""
        engine, act = self.engine, step.act
        if act in LONE_ACTS:
            return None, engine.play(act, directory=self.cast.directory()), lambda: None
        key, changes = next(iter(argument.items())) if isinstance(argument, dict) else (str(argument), {})
        player = self.cast[key]
        if act in BEGINS or act in ENDS:
            player.scope = act in BEGINS
        if act in GROUP_ACTS:
            if act in ("push_group", "set_members"):
                player.members = tuple(changes)
            elif changes:
                player.who = self.cast.team(key).changed(changes)
            team, members = self.cast.team(key), [self.cast.person(name) for name in player.members]
            return player, engine.play(act, team, members), lambda: engine.expected_group(team, members, act)
        person = self.cast.change(key, changes)
        promises, held = self.declared.promises, player.held
        return player, engine.play(act, person), lambda: engine.expected_user(person, act, promises, held)

    def _learn_ids(self, player: Player, outcome: Outcome) -> None:
        who = player.who
        known = self.engine.id_of(who) if isinstance(who, Person) else self.engine.group_id(who)
        player.id = known or outcome.id or player.id

    def _hear(self, step: wire.Step, reply: Reply | None) -> None:
        self._status = reply.status if reply is not None else self._status

    def _send(self, step: Step, namespace: dict[str, Any], following: Sequence[Step]) -> None:
        argument = resolve(step.argument, namespace)
        expect = resolve(list(step.expect), namespace)
        request = self.promised.elsewhere(step, probe(argument, self.engine, step.name), argument)
        self.promised.before(following)
        seen: dict[str, Any] = {}
        try:
            if "times" in argument:
                reply, numbers, seen = self._burst(request, argument, step)
            else:
                reply, numbers = self.courier.play(send(request), "probe", step.id)
        except ValueError as unsendable:  # the transport: HTTP cannot carry this
            raise UnsendableError(f"step {step.id}: {unsendable}") from None
        self._bind(argument, reply)
        self.promised.answered_elsewhere(request, reply)
        self.promised.answered(f"{request.method} {request.path}", reply.status)
        for name, place in step.keep.items():
            self.cast.kept[name] = _kept(place, reply)
        self._observe(step.id, expectations.hoped(expect, reply, self.last.sights, self.survey))
        self.emit(self._played(step, subject_of(argument, self.cast), expect, numbers, seen=seen))

    def _burst(
        self, request: Send, argument: dict[str, Any], step: Step
    ) -> tuple[Reply, tuple[int, ...], dict[str, Any]]:
        """Send a request several times, some at a time; the last answer, the exchanges, and the seconds that all took.

        A clock that is held still knows nothing of how quick a server is, and the one on the wall nothing of how slow
        it makes itself: what took longer by either counts.
        """
        wall, own = SystemClock(), self.courier.clock
        began, own_began = wall.stopwatch(), own.stopwatch()
        flows = [send(request) for _ in range(argument["times"])]
        replies, numbers = self.courier.play_all(flows, argument.get("at_once", 1), "probe", step.id)
        seconds = max(wall.stopwatch() - began, own.stopwatch() - own_began)
        return replies[-1], numbers, {"seconds": round(seconds, 3)}

    def _bind(self, argument: dict[str, Any], reply: Reply) -> None:
        """A create by a probe tells the id of the subject that it ``creates``."""
        identifier = reply.resource().get("id")
        key = argument.get("creates")
        if key is None or not reply.ok or not isinstance(identifier, str):
            return
        player = self.cast[key]
        player.id = identifier
        if isinstance(player.who, Person):
            player.held = plain_intent(player.who)
            self.engine.adopt(player.who, identifier)
        else:
            self.engine.adopt_group(player.who, identifier)

    def _taken(self, name: str) -> bool:
        """Whether the target has a group of that name: it is not ours, so nobody is put into it."""
        query = PERCENT_20.encode([("filter", f"displayName eq {filter_string(name)}")])
        request = Send("GET", "/Groups", query, purpose=f"is there a group called {name} already?")
        reply, _ = self.courier.play(send(request), "keeper")
        return bool(reply.resource().get("Resources"))

    def _make(self, player: Player) -> bool:
        """Create a row by the book, as the keeper."""
        path = "/Users" if isinstance(player.who, Person) else "/Groups"
        request = Send("POST", path, body=plain_body(player.who), purpose=f"{player.key} exists beforehand")
        reply, _ = self.courier.play(send(request), "keeper")
        identifier = reply.resource().get("id")
        player.id = identifier if reply.ok and isinstance(identifier, str) else ""
        if isinstance(player.who, Person) and player.id:
            player.held = plain_intent(player.who)
        return bool(player.id)

    def _meant(self, key: str, intent: Intent | None) -> Goal:
        """Whether a state is the one that an act is meant to leave; what is refused only has to stay as it is."""
        if intent is None or intent.fate == "refused":
            return no_goal
        before = next((sight for sight in self.last.sights if sight.key == key), None)
        wanted, whole = (intent.kind, intent.exists, intent.values, intent.members), intent.whole
        return lambda sights: not any(
            frame.missed(*wanted, before, sight, self.survey, whole=whole) for sight in sights if sight.key == key
        )

    def _observe(self, step: str, goal: Goal = no_goal) -> None:
        watches = [*self.cast.watches(), *self.bystanders]
        filters = self.survey.offer("filter").state == "yes"
        sights, numbers = settled(
            lambda: self.courier.play(look(watches, filters=filters), "observer", step),
            float(self.declared.setting("consistency.within")), self.courier.clock, goal,
        )
        self.last = Observed(self.case.name, step, sights, numbers)
        self._take(watches)
        self.emit(self.last)

    def _take(self, watches: Sequence[Watch]) -> None:
        """What was made although its create was refused, and found by its name, is ours to clear away too."""
        names = {watch.key: watch for watch in watches if not watch.id}
        for sight in self.last.sights:
            for reading in (sight.by_filter, sight.in_list):
                identifier = (reading.resource or {}).get("id")
                if sight.key in names and isinstance(identifier, str) and identifier:
                    watch = names[sight.key]
                    self.courier.rows.adopt(watch.collection, identifier, watch.name, self.case.name)

    def _played(
        self, step: Step, subject: str, expect: list[dict[str, Any]], numbers: tuple[int, ...],
        intent: Intent | None = None, outcome: Outcome | None = None, seen: dict[str, Any] | None = None,
    ) -> StepPlayed:
        ground: dict[str, Any] = {"idp": self.engine.dialect.title}
        if step.verb == "act":
            ground["chapter"] = self.engine.dialect.acts[step.act].chapter
            ground["inferred"] = list(self.engine.inferred(step.act))
        return StepPlayed(
            self.case.name, step.id, step.name, step.verb, step.act, subject,
            None if intent is None else intent.to_json(), None if outcome is None else outcome.to_json(),
            expect, ground, numbers, seen or {},
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
