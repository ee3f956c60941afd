"""What is delivered: an event about somebody, spelt as JSON, and how the delivery of it goes wrong on purpose.

Rule: pure. A letter is data that the log keeps, so that a delivery can be made again with a signature of its own time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from scimrig.consumer.signer import Signer
from scimrig_simulator.wire import LENGTH, Headers, Send

USER = "organization.directory.user_"
TYPES: Mapping[str, tuple[str, str]] = {
    "user_created": (f"{USER}created", "DirectoryUser"),
    "user_updated": (f"{USER}updated", "DirectoryUser"),
    "user_deleted": (f"{USER}deleted", "DirectoryUser"),
    "user_deactivated": (f"{USER}deleted", "DirectoryUser"),  # D4: both are told as deleted, with a reason
    "group_created": ("organization.directory.group_created", "DirectoryGroup"),
    "unheard_of": ("organization.directory.badge_printed", "DirectoryBadge"),
}
"""What a case calls an event → type and object of Scalekit's envelope (policy page §2.4)."""

_SPELLINGS: Mapping[str, dict[str, Any]] = {
    "compact": {"separators": (",", ":"), "ensure_ascii": False},
    "spaced": {"ensure_ascii": False},
    "escaped": {"separators": (",", ":")},
    "indented": {"indent": 2, "ensure_ascii": False},
    "sorted": {"separators": (",", ":"), "ensure_ascii": False, "sort_keys": True},
}


@dataclass(frozen=True, slots=True)
class Letter:
    """One delivery, and how it is made.

    event, about: what it tells, of whom (key);  id: of the delivery;  body: the text that is signed
    sent:     the text that is sent instead, "" = what was signed
    sent_id, sent_skew: likewise of the id, and of the timestamp (None = what was signed)
    skew:     seconds by which the timestamp lies before (negative) or after now
    stamp:    how the timestamp is written: seconds | milliseconds | iso | fraction | ``=TEXT``
    entries:  what stands in the signature header (``Signer.entry``), blank by blank
    omit:     parts whose header is left out;  title_case: header names as ``Webhook-Id``
    """

    event: str
    about: str
    id: str
    body: str
    sent: str = ""
    sent_id: str = ""
    sent_skew: float | None = None
    skew: float = 0.0
    stamp: str = "seconds"
    entries: tuple[str, ...] = ("own",)
    omit: tuple[str, ...] = ()
    title_case: bool = False

    def to_json(self) -> dict[str, Any]:
        """As the log keeps it."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Letter:
        """The letter that a log keeps."""
        values: dict[str, Any] = {name: tuple(one) if isinstance(one, list) else one for name, one in data.items()}
        return cls(**values)

    def _entries(self, signer: Signer, now: float) -> list[str]:
        stamp, body = written(self.stamp, now + self.skew, signer.milliseconds), self.body.encode("utf-8")
        return [signer.entry(kind, self.id, stamp, body) for kind in self.entries]

    def posted(self, url: str, signer: Signer, now: float, purpose: str) -> Send:
        """The request. now: seconds since the epoch."""
        skew = self.skew if self.sent_skew is None else self.sent_skew
        stamp = written(self.stamp, now + skew, signer.milliseconds)
        lines = signer.headers(self.sent_id or self.id, stamp, self._entries(signer, now), self.omit)
        named = [("-".join(map(str.capitalize, name.split("-"))), value) for name, value in lines]
        headers: Headers = (
            ("content-type", "application/json"), ("user-agent", "scimrig"), ("content-length", LENGTH),
            *(named if self.title_case else lines),
        )
        path, _, query = url.partition("?")
        return Send("POST", path, query, headers, (self.sent or self.body).encode("utf-8"), purpose)

    def right_answer(self, signer: Signer, now: float) -> str:
        """The signature that would have made it genuine, without its version: no receiver may tell it."""
        skew = self.skew if self.sent_skew is None else self.sent_skew
        sent = replace(self, id=self.sent_id or self.id, body=self.sent or self.body, skew=skew, entries=("own",))
        entry = sent._entries(signer, now)[0]
        return entry.partition(",")[2] or entry


def written(stamp: str, at: float, milliseconds: bool = False) -> str:
    """A moment as a timestamp header spells it. milliseconds: what the scheme counts where nothing is wrong."""
    if stamp.startswith("="):
        return stamp[1:]
    if (stamp == "milliseconds") is not milliseconds and stamp in ("seconds", "milliseconds"):
        return str(int(at * 1000))  # the other unit than the scheme's, or its own where that is milliseconds
    if stamp == "iso":
        return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"{at:.3f}" if stamp == "fraction" else str(int(at))


def spelt(value: Mapping[str, Any], spelling: str) -> str:
    """JSON, written in one of the ways in which senders write it."""
    return json.dumps(value, **_SPELLINGS[spelling])


def occurred(at: float, digits: int = 3) -> str:
    """A moment of an event: RFC 3339, UTC, with so many digits behind the second; senders vary (policy page §2.4)."""
    whole = int(at // 1)
    text = datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f"{round((at - whole) * 10**6):06d}".ljust(9, "0")[:digits]
    return f"{text}.{fraction}Z" if digits else f"{text}Z"


def skew_of(how: Mapping[str, Any], tolerance: float) -> float:
    """Seconds by which ``with`` has the timestamp off: a number, or ``-tolerance-1`` and its like."""
    skew = how.get("skew", 0)
    if not isinstance(skew, str):
        return float(skew)
    sign, rest = (-1, skew[1:]) if skew.startswith("-") else (1, skew)
    return sign * tolerance + float(rest.removeprefix("tolerance"))


def altered(letter: Letter, how: Mapping[str, Any], tolerance: float) -> Letter:
    """The letter as ``with`` of a case has it delivered. tolerance: seconds by which a timestamp may be off."""
    letter = replace(
        letter, skew=skew_of(how, tolerance), stamp=str(how.get("stamp", "seconds")),
        entries=tuple(how.get("entries", ("own",))), omit=tuple(how.get("omit", ())),
        title_case=bool(how.get("title_case", False)),
    )
    match how.get("changed"):
        case "bit":  # in the first letter of a value, so that it stays JSON
            head, mark, rest = letter.body.partition('"email":"')
            return replace(letter, sent=f"{head}{mark}{chr(ord(rest[0]) ^ 1)}{rest[1:]}")
        case "name":
            return replace(letter, sent=letter.body.replace('"name":"', '"name":"Not '))
        case "spelling":
            return replace(letter, sent=letter.body.replace('","', '", "'))
        case "id":
            return replace(letter, sent_id=f"{letter.id}x")
        case "timestamp":
            return replace(letter, sent_skew=letter.skew + 7)
    return letter


def described(letter: Letter, step: Mapping[str, Any]) -> str:
    """What a delivery is, in words: ``user_updated about ada, one bit of its body changed``."""
    words = [f"{letter.event} about {step['about']}" if "about" in step else f"the delivery {step['again']!r} again"]
    words += [_HOW[name](value) for name, value in step.get("with", {}).items() if name in _HOW]
    return ", ".join(words)


_ENTRIES: Mapping[str, str] = {
    "own": "the right one", "foreign": "one with another secret", "keyless": "one with no key at all",
    "own-v1a": "the right one under v1a", "own-v2": "the right one under v2", "ed25519": "an asymmetric one",
}

_HOW: Mapping[str, Callable[[Any], str]] = {
    "changed": lambda what: {
        "bit": "one bit of its body changed", "name": "its body changed", "spelling": "its body printed again",
        "id": "under another id than was signed", "timestamp": "with another timestamp than was signed",
    }[what],
    "entries": lambda entries: f"its signatures: {' and '.join(_ENTRIES.get(one, repr(one[1:])) for one in entries)}",
    "omit": lambda parts: f"without the header of its {' and its '.join(parts)}",
    "skew": lambda skew: f"its timestamp off by {skew} s",
    "stamp": lambda stamp: f"its timestamp written as {stamp.removeprefix('=')}",
    "spelling": lambda spelling: f"{spelling} JSON",
    "title_case": lambda _: "header names in capitals",
    "kilobytes": lambda size: f"up to {size} kB",
    "more": lambda _: "with members that are new",
}
