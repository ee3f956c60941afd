"""Makes the declared calls of one case, and looks again where what they show may take its time.

Rule: it judges nothing. Trouble with a declared call is ``HookError``: nobody is to blame for it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from scimrig import hooks
from scimrig.cast import Player, name_of
from scimrig.courier import Courier
from scimrig.declarations import Declarations
from scimrig.declared_calls import CALLS
from scimrig_simulator.clock import Clock
from scimrig_simulator.idp.engine import Engine
from scimrig_simulator.workforce.person import Person

POLL = 0.25
"""Seconds between two looks at something that may take its time."""

Numbers = tuple[int, ...]
T = TypeVar("T")


class Caller:
    """The declared calls of one case. ``engine``: knows under which ids the IdP has somebody."""

    def __init__(self, declared: Declarations, courier: Courier, clock: Clock, engine: Engine) -> None:
        self.declared, self.courier, self.clock, self._engine = declared, courier, clock, engine

    def call(
        self, step: str, key: str, variables: Mapping[str, Any], telling: Collection[int] = (),
        spec: Mapping[str, Any] | None = None,
    ) -> tuple[hooks.HookAnswer, Numbers]:
        """Make the call under a key, or one like it (``spec``); returns its answer and the numbers of its exchanges.

        telling: statuses beside 2xx that are an answer too
        """
        told = self.declared.value(key) or {} if spec is None else spec
        flow = hooks.call(told, variables, purpose=key, telling=telling, secret=CALLS[key].secret)
        return self.courier.play(flow, "hook", step)

    def variables(self, player: Player) -> dict[str, Any]:
        """What declared calls may speak of, by the names of the target file."""
        who = player.who
        if not isinstance(who, Person):
            return {**({"group_id": player.id} if player.id else {}), "display_name": name_of(who)}
        return {
            **({"user_id": player.id} if player.id else {}),
            "email": who.email, "user_name": name_of(who), "external_id": self._engine.external_id(who),
            "display_name": who.display_name, "given_name": who.given_name, "family_name": who.family_name,
        }

    def until(
        self, look: Callable[[], tuple[T, Numbers]], done: Callable[[T], bool], since: float, within: float
    ) -> tuple[T, float, Numbers]:
        """Look until it is as wanted, at least once and until ``within`` s after ``since``.

        Returns what was seen last, when (seconds after ``since``) and by which exchanges.
        """
        numbers: Numbers = ()
        while True:
            asked = self.clock.now() - since
            seen, made = look()
            numbers += made
            waited = self.clock.now() - since
            if done(seen) or asked >= within:
                return seen, round(max(0.0, asked), 3), numbers
            self.clock.sleep(min(POLL, max(0.0, within - waited)))

    @property
    def within(self) -> float:
        """Seconds after which reads must show a write."""
        return float(self.declared.setting("consistency.within"))

    def redacted(self, value: Any) -> Any:
        """Plain data without secrets, for the log."""
        return json.loads(self.courier.redactor.text(json.dumps(value)))
