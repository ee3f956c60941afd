"""Reads deliveries: whom one is about, which event it tells, and which of them are attempts at the same event.

Nobody prescribes what a webhook holds, so a subject is found by what is known of it — its marks: ids, user name, e-mail
address, display name — wherever in the body they stand.

Rule: pure; it reads records as they are in the log, and what it cannot tell apart it counts as the harmless thing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_plus

from scimrig.declarations import Declarations
from scimrig.evidence import Delivered
from scimrig.pointer import find

HUNG_UP = ("slow", "close")
"""Answers of the sink that are none: the sender waits in vain, or loses the connection."""

_SHORTEST = 8
"""A shorter mark, or one of digits only, may stand in any body by chance."""

_EARLY = 0.8
"""A retry may come by this part of its delay after the failure, never before."""

_OWN_IDS = frozenset({"id", "eventid", "messageid", "webhookid", "deliveryid", "attemptid", "requestid"})
"""Members at the top of a body that name the event or its attempt, without "_" and "-"; ids of subjects lie deeper."""

Leaves = tuple[tuple[str, str], ...]


def strong(mark: str) -> bool:
    """Whether a mark tells its bearer wherever it stands: an address, a name, a long id; not ``12``."""
    return "@" in mark or (len(mark) >= _SHORTEST and not mark.isdigit()) or len(mark) >= 2 * _SHORTEST


def mentions(body: str, marks: Collection[str]) -> bool:
    """Whether a body speaks of whoever has these marks, in any case of letters.

    A strong mark is looked for inside every text; a short id counts only as the whole value of a member whose name ends
    in "id", or as the end of a path (``/Users/12``).
    """
    folded = [mark.casefold() for mark in marks if mark]
    patterns = [_pattern(mark) for mark in folded if strong(mark)]
    weak = [mark for mark in folded if not strong(mark)]
    return any(
        any(pattern.search(text) for pattern in patterns)
        or any((name.endswith("id") and text == mark) or text.endswith(f"/users/{mark}") for mark in weak)
        for name, text in _leaves(body)
    )


@lru_cache(maxsize=256)
def _pattern(mark: str) -> re.Pattern[str]:
    """A mark that is not a part of a longer word; of an address, not of a longer address either."""
    before, after = (r"[\w.+%-]", r"\w|-|\.\w") if "@" in mark else (r"[^\W_]", r"[^\W_]")
    return re.compile(f"(?<!{before}){re.escape(mark)}(?!{after})")


@lru_cache(maxsize=512)
def _leaves(body: str) -> Leaves:
    """(name of the member, text) of every value in a body, folded; a body that is not JSON is one text."""
    try:
        return tuple(_walk(json.loads(body), ""))
    except (ValueError, RecursionError):
        return (("", body.casefold()), ("", unquote_plus(body).casefold()))


def _walk(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield "", key.casefold()
            yield from _walk(item, key.casefold())
    elif isinstance(value, list):
        for item in value:
            yield from _walk(item, name)
    elif isinstance(value, (str, int)) and not isinstance(value, bool):
        yield name, str(value).casefold()


def type_of(delivered: Delivered, declared: Declarations) -> str:
    """What a delivery calls its event, "" where it does not say, or not where it is declared to."""
    value = _held(delivered, declared.setting("webhooks.envelope").get("type", "/type"))
    return value if isinstance(value, str) else ""


def subject_of(delivered: Delivered, declared: Declarations) -> str:
    """The id of what an event is about, "" where that is not declared or not there."""
    value = _held(delivered, declared.setting("webhooks.envelope").get("subject", ""))
    return str(value) if isinstance(value, (str, int)) else ""


def occurred(delivered: Delivered, declared: Declarations) -> float | None:
    """When an event says that it happened: RFC 3339 or a number, to be compared with others of its sender."""
    value = _held(delivered, declared.setting("webhooks.envelope").get("time", ""))
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    try:
        return datetime.fromisoformat(value).timestamp() if isinstance(value, str) else None
    except ValueError:
        return None


def _held(delivered: Delivered, pointer: str) -> Any:
    """What stands at a pointer of the body; None where nothing does, or the pointer is ""."""
    try:
        return next((value for _, value in find(json.loads(delivered.body), pointer)), None) if pointer else None
    except (ValueError, RecursionError):
        return None


def is_event(delivered: Delivered, event: str, declared: Declarations) -> bool:
    """Whether a delivery tells an event of this name ("user_created"); any does where no name for it is declared."""
    named = declared.value(f"webhooks.events.{event}") if event else None
    return named is None or type_of(delivered, declared) == named


def failed(delivered: Delivered, declared: Declarations) -> bool:
    """Whether the answer it got means "again" to its sender. Undeclared, any 2xx may mean success."""
    if delivered.answered in HUNG_UP:
        return True
    status = int(delivered.answered)
    success = declared.value("webhooks.success")
    return not 200 <= status < 300 if success is None else status not in success


@dataclass(frozen=True, slots=True)
class Told:
    """An event as it was told.

    attempts: in order of arrival, at least one.  ids: of its headers; several where a retry took a new one
    """

    attempts: tuple[Delivered, ...]
    ids: tuple[str, ...]

    @property
    def first(self) -> Delivered:
        return self.attempts[0]

    @property
    def last(self) -> Delivered:
        return self.attempts[-1]


def told(delivered: Sequence[Delivered], declared: Declarations) -> list[Told]:
    """Deliveries as events, in order of first arrival.

    Attempts share the id in their headers and the name of their event; without ids, the body of one that failed.
    Where a schedule of retries is declared, a delivery with a new id and the body of one that failed and was never
    tried again is a retry under a new id, if it comes no earlier than a retry would.
    """
    chains: list[list[Delivered]] = []
    for one in sorted(delivered, key=lambda one: one.number):
        chain = next((chain for chain in reversed(chains) if _again(chain[-1], one, declared)), None)
        if chain is None:
            chains.append([one])
        else:
            chain.append(one)
    events: list[Told] = []
    for chain in chains:
        new = Told(tuple(chain), (_id(chain[0]),))
        old = next((old for old in events if _renewed(old, new, declared)), None)
        if old is None:
            events.append(new)
        else:
            events[events.index(old)] = Told(old.attempts + new.attempts, old.ids + new.ids)
    return events


def _again(before: Delivered, one: Delivered, declared: Declarations) -> bool:
    """Whether a delivery tells the event of the one before it once more."""
    if _id(one) != _id(before):
        return False
    if not _id(one):
        return failed(before, declared) and one.body == before.body
    same = type_of(one, declared) == type_of(before, declared)
    return same and (failed(before, declared) or one.body == before.body)


def news(about: Sequence[Delivered], position: int, declared: Declarations) -> list[Told]:
    """The events among deliveries about somebody that were first told after number ``position``."""
    return [event for event in told(about, declared) if event.first.number > position]


def unheard(about: Sequence[Delivered], position: int, declared: Declarations) -> list[Told]:
    """The news among them whose ids were never heard before: no late repeat of anything."""
    known = {_id(one) for one in about if one.number <= position} - {""}
    return [event for event in news(about, position, declared) if not known & set(event.ids)]


def delay(attempt: int, declared: Declarations) -> float | None:
    """Declared seconds between the failure before attempt ``attempt`` (1-based) and that attempt; None = no such."""
    schedule = declared.value("webhooks.retry_schedule")
    return float(schedule[attempt - 1]) if schedule is not None and attempt <= len(schedule) else None


def leeway(due: float) -> float:
    """Seconds by which a retry that is due after ``due`` seconds may be late: timers and queues are not exact."""
    return max(2.0, due / 5)


def hang(delivered: Delivered, declared: Declarations) -> float:
    """Seconds after a delivery in which its sender may still have waited for the answer."""
    return float(declared.setting("webhooks.timeout_s")) + 1 if delivered.answered == "slow" else 0.0


def overdue(event: Told, now: float, declared: Declarations) -> bool:
    """Whether an event found no ear, and by ``now`` was not tried again although that is declared.

    410 is none: it may mean to its sender that nobody wants to hear any more.
    """
    due = delay(len(event.attempts) + 1, declared)
    waited = now - event.last.at - hang(event.last, declared)
    ends = event.last.answered == "410" or not failed(event.last, declared)
    return due is not None and not ends and waited > due + leeway(due)


def too_early(gap: float, due: float) -> bool:
    """Whether ``gap`` seconds after a failure is well before a retry is due."""
    return gap < due * _EARLY


def same_content(one: Delivered, other: Delivered) -> bool:
    """Whether two bodies say the same, be it with their own ids left out: in their headers, or in the envelope."""
    return one.body == other.body or _without_ids(one) == _without_ids(other)


def _renewed(old: Told, new: Told, declared: Declarations) -> bool:
    due = delay(len(old.attempts) + 1, declared)
    gap = new.first.at - old.last.at
    return (
        due is not None and due > 0 and bool(_id(new.first)) and bool(_id(old.first)) and failed(old.last, declared)
        and new.first.number > old.last.number and not too_early(gap, due) and same_content(old.last, new.first)
    )


def _id(delivered: Delivered) -> str:
    return str(delivered.facts.get("id", ""))


def _without_ids(delivered: Delivered) -> str:
    """A body without the id in its headers, wherever that stands, and without the ids that its envelope begins with."""
    body = delivered.body.replace(_id(delivered), "") if _id(delivered) else delivered.body
    try:
        envelope = json.loads(body)
    except (ValueError, RecursionError):
        return body
    if not isinstance(envelope, dict):
        return body
    return json.dumps({name: value for name, value in envelope.items() if _folded(name) not in _OWN_IDS})


def _folded(name: str) -> str:
    return name.casefold().replace("_", "").replace("-", "")
