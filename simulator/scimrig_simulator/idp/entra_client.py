"""Entra's side of the wire: headers, the test query, how an act begins and how it ends in Entra's words.

Rule: a flow never raises on an answer; every one ends in an outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from scimrig_simulator.idp import answers, entra_knobs, entra_reading
from scimrig_simulator.idp.engine import Engine
from scimrig_simulator.idp.entra_patch import Shape
from scimrig_simulator.idp.intent import Outcome
from scimrig_simulator.idp.knobs import Dialect
from scimrig_simulator.idp.memory import Memory
from scimrig_simulator.idp.subjects import guid
from scimrig_simulator.wire import (
    CREDENTIALS,
    LENGTH,
    PLUS,
    Flow,
    Headers,
    Json,
    Reply,
    Send,
    filter_string,
    pause,
    send,
)

if TYPE_CHECKING:
    from scimrig_simulator.workforce.person import Person

NO_MEMBERS = ("excludedAttributes", "members")

_IN_EVERY_REQUEST = frozenset({"accept", "adscimversion", "flag-on-the-wire"})


class EntraClient(Engine):
    """What every act of Entra's has in common."""

    query = PLUS

    def __init__(
        self, seed: int, dialect: Dialect, memory: Memory | None = None, settings: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(seed, dialect, memory, settings)
        self._shape = Shape(self.setting)
        self._on_demand = "cycle" not in dialect.acts
        self._matching = entra_knobs.MATCHING[self.setting("matching")]
        self._turned = _IN_EVERY_REQUEST & set(settings or {})
        self._flag = entra_knobs.FLAG if self._settings.get("flag-on-the-wire") == "sent" else ""
        self._writes = 0  # requests other than GET, for a cycle's account of itself

    def headers(self, body: bool) -> Headers:
        version = self.setting("adscimversion")
        if version == "date-and-activity":
            version = f"2024-03-01 {guid(self.seed, 'activity')}"
        lines = [("Authorization", CREDENTIALS), ("ADSCIMVersion", version)]
        if self.setting("accept") != "none":
            lines.append(("Accept", self.setting("accept")))
        if body:
            lines += [("Content-Type", entra_knobs.CONTENT_TYPE), ("Content-Length", LENGTH)]
        return tuple(lines)

    def connect(self) -> Flow[Outcome]:
        self._begin("connect")
        return (yield from self._test())

    def _run(self, act: str, turn: Callable[[], Flow[Outcome]]) -> Flow[Outcome]:
        """One act. On demand, the connection is tested before each (entra:2 [M7; observed M17])."""
        self._begin(act)
        if self._on_demand:
            tested = yield from self._test()
            if not tested.ok:
                return tested
        return (yield from turn())

    def _test(self) -> Flow[Outcome]:
        """Look somebody up whom nobody can know (entra:2)."""
        nobody = filter_string(guid(self.seed, "test query"))
        name = self._matching[0]
        query = [("filter", f"{name} eq {nobody}")]
        reply = yield from self._send("GET", "/Users", f"test query: nobody has this {name}", query=query)
        outcome = entra_reading.test(reply)
        if outcome.ok and self.setting("group-probe") == "on" and self.on("groups"):
            query = [NO_MEMBERS, ("filter", f"displayName eq {nobody}")]
            reply = yield from self._send("GET", "/Groups", "test query: no group has this displayName", query=query)
            outcome = entra_reading.test(reply)
        return replace(outcome, means=self.reads_as("404 on the test query")) if reply.status == 404 else outcome

    def _unlinked(self, person: Person) -> Outcome:
        """The end of an act on somebody whom Entra has never brought to the target."""
        if not self.on("create"):
            return Outcome("skipped", True, f"{person.user_name} was never created: create is switched off")
        return Outcome("object-error", False, f"{person.user_name} is not linked at the target; assign it first")

    def _begin(self, act: str) -> None:
        super()._begin(act)
        for knob in self._turned:
            self._touch(knob)

    def _send(self, method: str, path: str, purpose: str, *, query: Sequence[tuple[str, str]] = (),
              body: Json = None) -> Flow[Reply]:
        text = "&".join(part for part in (self._flag, self.query.encode(query)) if part)
        request = Send(method, path, text, self.headers(body is not None), body, purpose)
        self._writes += method != "GET"
        reply = yield from send(request)
        seconds = answers.retry_after(reply) if reply.status == 429 else None
        if seconds is not None and self.setting("retry-after") == "obeyed":
            self._touch("retry-after")
            yield from pause(seconds, "Retry-After")
            reply = yield from send(request)
        return reply
