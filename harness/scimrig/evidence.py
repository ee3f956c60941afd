"""What happened in a run, as records: every judgement is made from these and from nothing else.

The runner yields records; the log writes them as NDJSON, one a line; ``scimrig judge`` reads them back. Record → JSON →
record is the identity, so a log can be judged again and finds the same. Secrets are redacted before a record is made.

Rule: plain data. Nothing here sends, judges or prints.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, ClassVar

from scimrig_simulator.wire import FailureKind, Headers, Json, TransportFailure, decode_json

REDACTED = "[redacted]"
"""Stands where a secret stood. In a *reply* it means that the target echoed one (the check ``secret-echo``)."""


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The first record. ``target`` as the user named it; ``counted`` dialects decide the exit code.

    ``options``: command-line words that a rerun needs besides target, case, dialect and seed (``--scenarios DIR``).
    ``selective``: the user narrowed what is played (``-k``, ``--tag``, ``--idp``), so that silence proves little.
    ``declared``: what the target's owner promises (``Declarations.data``); secrets are named by source only.
    ``command``: what was run: "run", or "consumer", which judges a receiver of webhooks.
    ``packs``: the vendors' packs that are played, and nothing else is (``packs.told``); empty for a run of the suite.
    ``twins``: the two dialects of a twin run, () in any other.
    """

    type: ClassVar[str] = "run-started"
    version: str
    run: str
    target: str
    base_url: str
    prefix: str
    seed: int
    dialects: tuple[str, ...]
    counted: tuple[str, ...]
    started: str
    options: tuple[str, ...] = ()
    selective: bool = False
    declared: dict[str, Any] = field(default_factory=dict)
    command: str = "run"
    twins: tuple[str, ...] = ()
    packs: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, redacted. ``number`` is 1-based and unique in the run.

    ``by`` says who sent it: ``idp`` (an engine), ``probe`` (a scenario's own bytes), ``observer``, ``survey``,
    ``sender`` (a webhook to a receiver, or a GET of it),
    ``keeper`` (sets up and clears away), ``hook`` (a call that the target's owner declared; its ``path`` is the whole
    URL, and no SCIM rule applies to it). Bodies are text; None = no body sent. ``path`` and ``query`` are below the
    base URL. ``elapsed`` in seconds. ``status`` 0 with ``failure`` set means that no HTTP answer came.
    """

    type: ClassVar[str] = "exchange"
    number: int
    case: str
    step: str
    by: str
    dialect: str
    purpose: str
    method: str
    path: str
    query: str
    request_headers: Headers
    request_body: str | None
    status: int
    reply_headers: Headers
    reply_body: str
    elapsed: float
    failure: TransportFailure | None = None

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def elsewhere(self) -> bool:
        """Whether it did not go below the base URL: a declared call, or another tenant; ``path`` is a whole URL."""
        return self.by == "hook" or "://" in self.path

    def header(self, name: str) -> str | None:
        """A reply header, name in any case."""
        return _first(self.reply_headers, name)

    def sent_header(self, name: str) -> str | None:
        """A request header, name in any case."""
        return _first(self.request_headers, name)

    def reply_json(self) -> Json:
        """The reply body as JSON. Raises ValueError where it is none."""
        return decode_json(self.reply_body)

    @property
    def line(self) -> str:
        """``PATCH /Users/4f2 → 200`` for reports."""
        target = f"{self.path}?{self.query}" if self.query else self.path
        answer = str(self.status) if self.failure is None else self.failure.kind.value
        return f"{self.method} {target} → {answer}"


@dataclass(frozen=True, slots=True)
class Surveyed:
    """What the survey found, frozen (``Survey.to_json``)."""

    type: ClassVar[str] = "surveyed"
    survey: dict[str, Any]


@dataclass(frozen=True, slots=True)
class CaseStarted:
    """A scenario in one dialect and one matrix row begins. ``case`` is its name in every report and every run."""

    type: ClassVar[str] = "case-started"
    case: str
    scenario: str
    dialect: str
    row: dict[str, Any]
    title: str
    area: str
    severity: str
    cites: tuple[str, ...]
    tags: tuple[str, ...]
    hurts: str
    probe: bool  # has at least one ``send`` step: its acts are preconditions


@dataclass(frozen=True, slots=True)
class Reading:
    """One way of looking for a row. ``state``: found | absent | unreadable | not-looked. ``count``: rows it found."""

    state: str
    resource: dict[str, Any] | None = None
    count: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Sight:
    """One row as the observer sees it: by id, by filter, in the list. ``key`` is its name in the scenario."""

    key: str
    kind: str  # "User" | "Group"
    id: str
    bystander: bool
    by_id: Reading
    by_filter: Reading
    in_list: Reading


@dataclass(frozen=True, slots=True)
class Observed:
    """The state read back after a step (``step`` = "" before the first one), and by which exchanges."""

    type: ClassVar[str] = "observed"
    case: str
    step: str
    sights: tuple[Sight, ...]
    exchanges: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class StepPlayed:
    """A step was played. Everything that judging needs is in it, templates resolved.

    verb:    act | send | check, or one of those about promises: hook | roles | access | sink | await | silence
    act:     the act's name, "" for other verbs
    subject: key of the user or group it is about, "" where there is none
    intent:  what a sound server holds afterwards (``Intent.to_json``), None for send and check
    outcome: the engine's outcome {state, ok, words}, None for send and check
    expect:  outcomes a ``send`` allows, or the one assertion of a ``check`` or of a step about promises; resolved
    ground:  {"chapter": 5, "inferred": ["knob", …], "operation": "PATCH /Users/{id}"} of the act
    exchanges: numbers of the exchanges the step made, in order
    seen:    what a step about promises saw, by verb (``promised.py``)
    """

    type: ClassVar[str] = "step-played"
    case: str
    step: str
    name: str
    verb: str
    act: str
    subject: str
    intent: dict[str, Any] | None
    outcome: dict[str, Any] | None
    expect: list[dict[str, Any]]
    ground: dict[str, Any]
    exchanges: tuple[int, ...]
    seen: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delivered:
    """One attempt at delivering a webhook, as the sink received it; redacted.

    number:   1-based, unique in the run;  at: when it had arrived in full, seconds on the run's clock
    headers:  as received;  body: as received, text
    answered: what the sink answered: a status as text ("200"), "slow" or "close"
    facts:    what only the sink could find out, since it alone knows the secret (``signing.examine``)
    """

    type: ClassVar[str] = "delivered"
    number: int
    at: float
    headers: Headers
    body: str
    answered: str
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class CaseEnded:
    """How far a case came. ``state``: played | skip | blocked | error; ``reason`` for all but played."""

    type: ClassVar[str] = "case-ended"
    case: str
    state: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Leftover:
    """A row of ours that the target would not delete."""

    type: ClassVar[str] = "leftover"
    path: str
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class RunEnded:
    """The footer. ``state``: complete | interrupted | stopped (--fail-fast) | error (``reason`` says why)."""

    type: ClassVar[str] = "run-ended"
    state: str
    reason: str
    cases: int
    exchanges: int
    elapsed: float


Record = (
    RunStarted | Exchange | Surveyed | CaseStarted | Observed | StepPlayed | Delivered | CaseEnded | Leftover | RunEnded
)
_RECORDS: Mapping[str, Any] = {
    kind.type: kind
    for kind in (
        RunStarted, Exchange, Surveyed, CaseStarted, Observed, StepPlayed, Delivered, CaseEnded, Leftover, RunEnded,
    )
}


def to_json(record: Record) -> dict[str, Any]:
    """A record as a JSON object with its ``type`` first."""
    return {"type": record.type, **{f.name: _plain(getattr(record, f.name)) for f in fields(record)}}


def from_json(data: Mapping[str, Any]) -> Record:
    """The record a JSON object stands for; an older log lacks what came later. Raises ValueError for none of ours."""
    kind = _RECORDS.get(str(data.get("type")))
    if kind is None:
        raise ValueError(f"unknown record type {data.get('type')!r}")
    try:
        told = [f for f in fields(kind) if f.name in data or (f.default is MISSING and f.default_factory is MISSING)]
        made: Record = kind(**{f.name: _revive(f.name, data[f.name]) for f in told})
    except KeyError as missing:
        raise ValueError(f"a {kind.type} record lacks {missing}") from None
    return made


def _plain(value: Any) -> Any:
    if isinstance(value, TransportFailure):
        return {"kind": value.kind.value, "detail": value.detail}
    if isinstance(value, (Sight, Reading)):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


_TUPLES = frozenset({"dialects", "counted", "cites", "tags", "exchanges", "options", "twins", "packs"})


def _revive(name: str, value: Any) -> Any:
    if name == "failure" and value is not None:
        return TransportFailure(FailureKind(value["kind"]), value["detail"])
    if name in ("request_headers", "reply_headers", "headers"):
        return tuple((key, text) for key, text in value)
    if name == "sights":
        return tuple(_sight(item) for item in value)
    if name in _TUPLES and isinstance(value, list):
        return tuple(value)
    return value


def _sight(data: Mapping[str, Any]) -> Sight:
    return Sight(
        data["key"], data["kind"], data["id"], data["bystander"],
        *(Reading(**data[name]) for name in ("by_id", "by_filter", "in_list")),
    )


def _first(headers: Headers, name: str) -> str | None:
    wanted = name.lower()
    return next((value for key, value in headers if key.lower() == wanted), None)


@dataclass(slots=True)
class Evidence:
    """A case's records, gathered."""

    started: CaseStarted
    exchanges: dict[int, Exchange] = field(default_factory=dict)
    observed: dict[str, Observed] = field(default_factory=dict)
    steps: list[StepPlayed] = field(default_factory=list)
    ended: CaseEnded | None = None
