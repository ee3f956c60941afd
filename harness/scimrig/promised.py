"""Plays the steps of a scenario that are about promises: hook, roles, access, and those about webhooks.

Each is played through calls that the target's owner has declared, or looks at what the sink has received; what was seen
goes into the log as ``StepPlayed.expect`` (what a sound target shows) and ``StepPlayed.seen``. The runner gives the
stage the target's declarations and, where webhooks can be received, the sink of the run; both are handed on to here.

Rule: it judges nothing. Trouble with a declared call is ``HookError``: nobody is to blame for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scimrig import hooks
from scimrig.awaiting import LastAct, Waiting
from scimrig.cast import Cast, Player, name_of
from scimrig.courier import Courier
from scimrig.declarations import Declarations
from scimrig.playable import rank
from scimrig.scenario.model import Step
from scimrig_simulator.clock import Clock
from scimrig_simulator.idp.engine import Engine
from scimrig_simulator.idp.fate import address
from scimrig_simulator.workforce.person import Person

if TYPE_CHECKING:
    from scimrig.sink import Sink

POLL = 0.25
"""Seconds between two looks at something that may take its time."""

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
    """

    def __init__(
        self, declared: Declarations, courier: Courier, sink: Sink | None, clock: Clock, engine: Engine, cast: Cast,
        patience: float = math.inf,
    ) -> None:
        self._declared, self._courier, self._sink = declared, courier, sink
        self._clock, self._engine, self._cast = clock, engine, cast
        self._given: dict[str, str] = {}  # team → the role that its members were given
        self._marks: dict[str, set[str]] = {}  # person → whatever they were ever known by
        self._start = self._position = 0 if sink is None else sink.position
        self._last = LastAct("", 0, clock.now(), self._start)
        self._waiting = None if sink is None else Waiting(sink, clock, declared, courier.stopped, patience)

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
        if self._waiting is None:
            raise hooks.HookError("no webhook can be received: there is no sink in this run")
        self._meet()
        return self._webhooks(step.verb, argument, self._waiting)

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
            if isinstance(player.who, Person):
                known = {player.id, player.who.user_name, player.who.email}
                known.add(address(player.held.values) if player.held is not None else "")
                marks = self._marks.setdefault(player.key, set())
                marks |= known - {""}
                if self._sink is not None:
                    self._sink.learn(marks)

    # Calls -----------------------------------------------------------------------------------------------------------

    def _map_group(self, step: Step, argument: Any) -> Played:
        key = argument if isinstance(argument, str) else next(iter(argument))
        role = str(self._declared.setting("roles.assignable")[rank(argument) - 1])
        answer, numbers = self._call(step, "hooks.map_group", {**self._variables(self._cast[key]), "role": role})
        self._given[key] = role
        return Played(key, {}, {"role": role, "status": answer.status}, numbers)

    def _roles(self, step: Step, argument: Mapping[str, Any]) -> Played:
        ((key, wanted),) = argument.items()
        teams = [] if wanted == "default" else list(wanted)
        roles = sorted({self._given[team] for team in teams} or {str(self._declared.value("roles.default"))})
        variables = self._variables(self._cast[key])

        def look() -> tuple[list[str], tuple[int, ...]]:
            answer, numbers = self._call(step, "roles.readback", variables)
            return _texts(answer.value), numbers

        within = float(self._declared.setting("consistency.within"))
        seen, waited, numbers = self._until(look, lambda held: sorted(held) == roles, self._clock.now(), within)
        default = str(self._declared.value("roles.default"))
        return Played(
            key, {"roles": roles, "teams": teams, "default": default, "within": within},
            {"roles": seen, "after": waited}, numbers,
        )

    def _access(self, step: Step, argument: Mapping[str, str]) -> Played:
        ((key, wanted),) = argument.items()
        player = self._cast[key]
        gone = player.held is not None and not player.held.exists
        variables = self._variables(player)

        def look() -> tuple[str, tuple[int, ...]]:
            probe = self._declared.setting("deprovision.access_probe")
            told = (*(() if "read" in probe else _REFUSING), *(_GONE if gone else ()))
            answer, numbers = self._call(step, "deprovision.access_probe", variables, told)
            return _access_of(answer, reads="read" in probe), numbers

        within = float(self._declared.setting("deprovision.max_latency_ms")) / 1000
        seen, waited, numbers = self._until(look, lambda access: access == wanted, self._last.answered, within)
        return Played(key, {"access": wanted, "within": within}, {"access": seen, "after": waited}, numbers)

    def _until(
        self, look: Callable[[], tuple[Any, tuple[int, ...]]], done: Callable[[Any], bool], since: float, within: float
    ) -> tuple[Any, float, tuple[int, ...]]:
        """Look until it is as wanted, at least once and until ``within`` s after ``since``.

        Returns what was seen last, when (seconds after ``since``) and by which exchanges.
        """
        numbers: tuple[int, ...] = ()
        while True:
            asked = self._clock.now() - since
            seen, made = look()
            numbers += made
            waited = self._clock.now() - since
            if done(seen) or asked >= within:
                return seen, round(max(0.0, asked), 3), numbers
            self._clock.sleep(min(POLL, max(0.0, within - waited)))

    def _call(
        self, step: Step, key: str, variables: Mapping[str, str], telling: tuple[int, ...] = ()
    ) -> tuple[hooks.HookAnswer, tuple[int, ...]]:
        flow = hooks.call(self._declared.value(key) or {}, variables, purpose=key, telling=telling)
        return self._courier.play(flow, "hook", step.id)

    def _variables(self, player: Player) -> dict[str, str]:
        """What declared calls may speak of, by the names of the target file."""
        if not isinstance(player.who, Person):
            return {"group_id": player.id, "display_name": player.who.display_name}
        person = player.who
        return {
            **({"user_id": player.id} if player.id else {}),
            "email": person.email, "user_name": name_of(person),
            "external_id": self._engine.external_id(person), "display_name": person.display_name,
        }


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
