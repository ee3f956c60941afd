"""Plays the steps of a scenario that are about promises: hook, roles and access; the others are handed on.

Webhooks are the business of ``awaiting.py``, any declared call that of ``calling.py``, and how the product shows people
beside SCIM that of ``watching.py``. What was seen goes into the log: ``StepPlayed.expect`` (what a sound target shows)
and ``StepPlayed.seen``. The runner gives the stage the target's declarations and, where webhooks can be received, the
sink of the run; both are handed on to here.

Rule: it judges nothing. Trouble with a declared call is ``HookError``: nobody is to blame for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scimrig import hooks
from scimrig.awaiting import LastAct, Waiting
from scimrig.caller import Caller
from scimrig.calling import Calling
from scimrig.cast import Cast, Player
from scimrig.courier import Courier
from scimrig.declarations import Declarations
from scimrig.evidence import Leftover, Sight
from scimrig.playable import rank
from scimrig.scenario.model import Step
from scimrig.watching import Watching
from scimrig_simulator.clock import Clock
from scimrig_simulator.idp.engine import Engine
from scimrig_simulator.idp.fate import address
from scimrig_simulator.wire import Reply, Send
from scimrig_simulator.workforce.person import Person

if TYPE_CHECKING:
    from scimrig.sink import Sink

_REFUSING = (401, 403)
_GONE = (404, 410)


@dataclass(frozen=True, slots=True)
class Played:
    """What a step has come to. ``expect``, ``seen``: as in ``StepPlayed``; ``exchanges``: numbers of its calls."""

    subject: str
    expect: dict[str, Any]
    seen: dict[str, Any]
    exchanges: tuple[int, ...] = ()


class Promised:
    """Plays such steps for one case.

    engine:   knows under which names and ids the IdP has somebody
    sink:     None where no webhook can be received
    patience: seconds that anybody waits for a single webhook
    sights:   the state as last read back
    mapping:  team → (its name, the role that it gives by that name)
    alone:    no other case is played meanwhile, so that time may be moved on while something is waited for
    """

    def __init__(
        self, declared: Declarations, courier: Courier, sink: Sink | None, clock: Clock, engine: Engine, cast: Cast,
        patience: float = math.inf, sights: Callable[[], Sequence[Sight]] = tuple,
        mapping: Mapping[str, tuple[str, str]] | None = None, alone: bool = False,
    ) -> None:
        self._mapping = mapping or {}
        self._declared, self._sink, self._clock, self._cast = declared, sink, clock, cast
        self._caller = Caller(declared, courier, clock, engine)
        self._calling = Calling(self._caller, cast, sink)
        self._watching = Watching(self._caller, cast, sights)
        self._given: dict[str, str] = {}  # team → the role that its members were given
        self._marks: dict[str, set[str]] = {}  # person → whatever they were ever known by
        self._start = self._position = 0 if sink is None else sink.position
        self._last = LastAct("", 0, clock.now(), self._start)
        moves = alone and self._calling.moves_clocks  # or others would find that time had jumped
        self._waiting = None if sink is None else Waiting(
            sink, clock, declared, courier.stopped, math.inf if moves else patience,
            self._move_on if moves else None,
        )

    def _wait(self, step: Step, seconds: float) -> tuple[int, ...]:
        if self._waiting is None or not self._calling.moves_clocks:
            return self._calling.wait(step, seconds)
        self._waiting.let_pass(seconds)
        return ()

    def _move_on(self, seconds: float) -> None:
        self._calling.advance(seconds)

    def before(self, following: Sequence[Step]) -> None:
        """An act or a request is about to be played, and these steps after it.

        What must not be announced is done only when everything before it has been.
        """
        self._meet()
        if self._sink is None or self._waiting is None:
            return
        for key in _silent(following):
            self._waiting.settle(self._marks[key], since=self._start, announced=bool(self._cast[key].id))
        self._position = self._sink.position

    def answered(self, words: str, status: int) -> None:
        """Its last answer has just come (``status``, 0 for none): from here on the target is on its own."""
        self._last = LastAct(words, status, self._clock.now(), self._position)
        self._meet()

    def play(self, step: Step, argument: Any) -> Played:
        """Play one step, its argument resolved. Raises HookError where a declared call cannot be made."""
        match step.verb:
            case "hook":
                return self._map_group(step, argument["map_group"])
            case "roles":
                return self._roles(step, argument)
            case "access":
                return self._access(step, argument)
            case "call":
                return Played(*self._calling.play(step, argument))
            case "profile":
                return Played(*self._watching.profile(step, argument))
            case "reconcile":
                return Played(*self._watching.reconcile(step, argument))
            case "audited":
                self._meet()
                return Played(*self._watching.audited(step, argument, self._marks[argument["about"]]))
            case "wait":
                return Played("", {"seconds": argument}, {}, self._wait(step, float(argument)))
        if self._waiting is None:
            raise hooks.HookError("no webhook can be received: there is no sink in this run")
        self._meet()
        return self._webhooks(step.verb, argument, self._waiting)

    def elsewhere(self, step: Step, request: Send, argument: Mapping[str, Any]) -> Send:
        """A probe's request as it is to go, where it is for another place or has another tenant's token."""
        return self._calling.elsewhere(step, request, argument.get("at"), argument.get("token"))

    def answered_elsewhere(self, request: Send, reply: Reply) -> None:
        """A probe has been answered: what it made at the second tenant is noted."""
        self._calling.answered(request, reply)

    def put_back(self) -> Iterator[Leftover]:
        """Put back what the case has switched; what cannot be put back is left over."""
        return self._calling.put_back()

    # Webhooks --------------------------------------------------------------------------------------------------------

    def _webhooks(self, verb: str, argument: Any, waiting: Waiting) -> Played:
        if verb == "sink":
            ((key, answers),) = argument.items()
            return Played(key, {"answers": answers}, waiting.set_answers(self._marks[key], answers))
        if verb == "await":
            key, attempts = argument["about"], int(argument.get("attempts", 1))
            event = self._event(argument["event"], self._cast[key])
            seen = waiting.await_event(self._marks[key], event, attempts, self._last)
            return Played(key, {"event": event, "attempts": attempts}, seen)
        return Played(argument, {"silence": True}, waiting.keep_silence(self._marks[argument], self._last))

    def _event(self, named: str, player: Player) -> str:
        """The event to wait for: an IdP that deletes nobody has only switched off whom it was told to delete."""
        stays = player.held is not None and player.held.exists
        off = "user_deactivated"
        return off if named == "user_deleted" and stays and self._declared.value(f"webhooks.events.{off}") else named

    def _meet(self) -> None:
        """Take in under which ids, names and addresses people are known by now, old ones too."""
        for player in self._cast:
            who = player.who
            known = {player.id, who.user_name, who.email} if isinstance(who, Person) else {player.id, who.display_name}
            known.add(address(player.held.values) if player.held is not None else "")
            marks = self._marks.setdefault(player.key, set())
            marks |= known - {""}
            if self._sink is not None and isinstance(who, Person):
                self._sink.learn(marks)

    # Calls -----------------------------------------------------------------------------------------------------------

    def _map_group(self, step: Step, argument: Any) -> Played:
        key = argument if isinstance(argument, str) else next(iter(argument))
        if key in self._mapping:
            self._given[key] = self._mapping[key][1]
            return Played(key, {}, {"role": self._given[key], "status": 0})
        role = str(self._declared.setting("roles.assignable")[rank(argument) - 1])
        answer, numbers = self._caller.call(
            step.id, "hooks.map_group", {**self._caller.variables(self._cast[key]), "role": role}
        )
        self._given[key] = role
        return Played(key, {}, {"role": role, "status": answer.status}, numbers)

    def _roles(self, step: Step, argument: Mapping[str, Any]) -> Played:
        ((key, wanted),) = argument.items()
        teams = [] if wanted == "default" else list(wanted)
        default = str(self._declared.value("roles.default"))
        besides = {default} if self._declared.setting("roles.default_mode") == "additive" else set()
        roles = sorted({self._given[team] for team in teams} | besides or {default})
        variables = self._caller.variables(self._cast[key])

        def look() -> tuple[list[str], tuple[int, ...]]:
            answer, numbers = self._caller.call(step.id, "roles.readback", variables)
            return _texts(answer.value), numbers

        within = float(self._declared.setting("consistency.within"))
        seen, waited, numbers = self._caller.until(look, lambda held: sorted(held) == roles, self._clock.now(), within)
        return Played(
            key, {"roles": roles, "teams": teams, "default": default, "within": within},
            {"roles": seen, "after": waited}, numbers,
        )

    def _access(self, step: Step, argument: Mapping[str, str]) -> Played:
        ((key, wanted),) = argument.items()
        player = self._cast[key]
        gone = player.held is not None and not player.held.exists
        variables = self._caller.variables(player)

        def look() -> tuple[str, tuple[int, ...]]:
            probe = self._declared.setting("deprovision.access_probe")
            told = (*(() if "read" in probe else _REFUSING), *(_GONE if gone else ()))
            answer, numbers = self._caller.call(step.id, "deprovision.access_probe", variables, told)
            return _access_of(answer, reads="read" in probe), numbers

        within = float(self._declared.setting("deprovision.max_latency_ms")) / 1000
        seen, waited, numbers = self._caller.until(look, lambda access: access == wanted, self._last.answered, within)
        return Played(key, {"access": wanted, "within": within}, {"access": seen, "after": waited}, numbers)


def _silent(following: Iterable[Step]) -> Collection[str]:
    """Those about whom nothing must be told until the next act or request."""
    keys = []
    for step in following:
        if step.verb in ("act", "send"):
            break
        if step.verb == "silence":
            keys.append(str(step.argument))
    return keys


def _texts(value: Any) -> list[str]:
    """The roles that a call told: what is no text is shown as it was."""
    values: Iterable[Any] = value if isinstance(value, list) else [value]
    return [item if isinstance(item, str) else repr(item) for item in values]


def _access_of(answer: hooks.HookAnswer, *, reads: bool) -> str:
    if not reads or answer.status >= 400:
        return "allowed" if answer.status < 400 else "refused"
    if not isinstance(answer.value, bool):
        raise hooks.HookError(f"deprovision.access_probe: read finds {answer.value!r}; it must be true or false")
    return "allowed" if answer.value else "refused"
