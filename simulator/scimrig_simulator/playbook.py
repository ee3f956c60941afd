"""Test a flow without a server: say what it must send, step by step, and what it gets for an answer.

    playbook(engine.assign(ada), [
        (expect("GET", "/Users", query='filter=…'), answer(200, {"totalResults": 0})),
        (expect("POST", "/Users", body={…}), answer(201, {"id": "7"})),
    ])

Rule: no transport, no clock. Everything that does not fit raises AssertionError with both sides shown.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import EllipsisType
from typing import TypeAlias, TypeVar

from scimrig_simulator.wire import (
    BY_THE_BOOK,
    SCIM_JSON,
    Flow,
    Headers,
    Json,
    Pause,
    Reply,
    Send,
    encode_json,
)

T = TypeVar("T")

Body: TypeAlias = Json | bytes | EllipsisType


@dataclass(frozen=True, slots=True)
class Expected:
    """One request that the flow must send. Made by ``expect``."""

    method: str
    path: str
    query: str = ""
    body: Body = ...
    headers: Headers | Mapping[str, str | None] | None = None


Entry: TypeAlias = tuple[Expected | Send | Pause, Reply | None]


def expect(
    method: str,
    path: str,
    query: str = "",
    body: Body = ...,
    headers: Headers | Mapping[str, str | None] | None = None,
) -> Expected:
    """A request that must be sent.

    query:   compared as it stands, encoding included
    body:    a JSON value (compared strictly: true is not 1; key order is free), bytes (compared byte for byte), None
             (no body at all); left out: any body with POST, PUT and PATCH, none with other methods
    headers: a tuple of pairs is the whole block, order and case included, slots unfilled; a mapping names some lines
             (names in any case), None as a value = that line must not be there; left out: not compared
    """
    return Expected(method, path, query, body, headers)


def answer(status: int, body: Json | bytes = None, headers: Iterable[tuple[str, str]] = ()) -> Reply:
    """A reply: JSON is sent as application/scim+json unless ``headers`` say otherwise; bytes go as they are."""
    lines = tuple(headers)
    if body is None or isinstance(body, bytes):
        return Reply(status, lines, body or b"")
    if not any(name.lower() == "content-type" for name, _ in lines):
        lines = (("Content-Type", SCIM_JSON), *lines)
    return Reply(status, lines, encode_json(body))


def playbook(flow: Flow[T], entries: Sequence[Entry]) -> T:
    """Play a flow against written answers and return its result; the flow is closed whatever happens.

    An entry is ``(expect(…), answer(…))``, or ``(Pause(seconds), None)`` whose ``why`` is compared where it is given.
    A Send in place of ``expect(…)`` is compared whole; its headers only where they are not the default ones.
    Raises AssertionError where a step differs, where the flow goes on after the last entry or ends before it.
    """
    reply: Reply | None = None
    try:
        for number, (wanted, following) in enumerate(entries, 1):
            try:
                step = flow.send(reply)
            except StopIteration as end:
                missing = "\n".join(f"  {_title(entry)}" for entry, _ in entries[number - 1 :])
                raise AssertionError(
                    f"the flow ended after {number - 1} of {len(entries)} steps with {end.value!r}; still expected:\n"
                    f"{missing}"
                ) from None
            _compare(number, wanted, step)
            reply = _checked_reply(number, wanted, following)
        try:
            step = flow.send(reply)
        except StopIteration as end:
            result: T = end.value
            return result
        raise AssertionError(f"the flow goes on after the last of {len(entries)} steps:\n  {_title(step)}")
    finally:
        flow.close()


def _checked_reply(number: int, wanted: Expected | Send | Pause, reply: Reply | None) -> Reply | None:
    if isinstance(wanted, Pause) != (reply is None):
        raise TypeError(f"entry {number}: a request is answered with a Reply, a Pause with None")
    return reply


def _compare(number: int, wanted: Expected | Send | Pause, step: Send | Pause) -> None:
    if isinstance(wanted, Send):
        headers = None if wanted.headers == BY_THE_BOOK else wanted.headers
        wanted = Expected(wanted.method, wanted.path, wanted.query, wanted.body, headers)
    if isinstance(wanted, Pause) or isinstance(step, Pause):
        problems = [] if _same_pause(wanted, step) else [_two_sides(_title(wanted), _title(step))]
    else:
        problems = [*_line_problems(wanted, step), *_body_problems(wanted, step), *_header_problems(wanted, step)]
    if problems:
        raise AssertionError("\n".join([f"step {number} differs: {_title(step)}", *problems]))


def _same_pause(wanted: Expected | Pause, step: Send | Pause) -> bool:
    if not isinstance(wanted, Pause) or not isinstance(step, Pause):
        return False
    return wanted.seconds == step.seconds and wanted.why in ("", step.why)


def _line_problems(wanted: Expected, step: Send) -> list[str]:
    pairs = [("method", wanted.method, step.method), ("path", wanted.path, step.path)]
    pairs.append(("query", wanted.query, step.query))
    return [f" {name}:\n{_two_sides(one, other)}" for name, one, other in pairs if one != other]


def _body_problems(wanted: Expected, step: Send) -> list[str]:
    if wanted.body is ...:
        if step.content is None or step.method in ("POST", "PUT", "PATCH"):
            return []
        return [" body:\n" + _two_sides("no body", repr(step.body))]
    if wanted.body is None or isinstance(wanted.body, bytes):
        same = wanted.body == step.content
        return [] if same else [" body:\n" + _two_sides(repr(wanted.body), repr(step.content))]
    one, other = _pretty(wanted.body), _pretty(_parsed(step))
    if one == other:
        return []
    lines = difflib.unified_diff(one.splitlines(), other.splitlines(), "expected", "sent", lineterm="", n=3)
    return [" body:\n" + "\n".join(f"  {line}" for line in lines)]


def _header_problems(wanted: Expected, step: Send) -> list[str]:
    if wanted.headers is None:
        return []
    if not isinstance(wanted.headers, Mapping):
        one = "\n".join(f"{name}: {value}" for name, value in wanted.headers)
        other = "\n".join(f"{name}: {value}" for name, value in step.headers)
        return [] if one == other else [" headers:\n" + _two_sides(one, other)]
    sent: dict[str, str] = {}
    for name, value in step.headers:
        sent.setdefault(name.lower(), value)
    return [
        f" header {name}:\n{_two_sides(repr(value), repr(sent.get(name.lower())))}"
        for name, value in wanted.headers.items()
        if sent.get(name.lower()) != value
    ]


def _parsed(step: Send) -> Json | bytes:
    if not isinstance(step.body, bytes):
        return step.body
    try:
        parsed: Json = json.loads(step.body)
    except ValueError:
        return step.body
    return parsed


def _pretty(value: Json | bytes) -> str:
    # two JSON values are the same exactly where this text is: true, 1 and 1.0 stay apart
    if isinstance(value, bytes):
        return repr(value)
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)


def _two_sides(wanted: str, sent: str) -> str:
    def indented(text: str) -> str:
        return text.replace("\n", "\n            ")

    return f"  expected: {indented(wanted)}\n  sent:     {indented(sent)}"


def _title(step: Expected | Send | Pause) -> str:
    if isinstance(step, Pause):
        return f"pause of {step.seconds:g} s" + (f" ({step.why})" if step.why else "")
    target = f"{step.path}?{step.query}" if step.query else step.path
    purpose = f" ({step.purpose})" if isinstance(step, Send) and step.purpose else ""
    return f"{step.method} {target}{purpose}"
