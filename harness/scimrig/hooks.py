"""Declared calls: what the owner of a target lets scimrig call beside SCIM, to set things up and to look at them.

A call is a table of the target file: ``{method, path, headers, body, read}``, or ``{command, read}``. Variables
(``{user_id}``) are percent-encoded in the path and stand as they are in the strings of headers and body; a string of a
body that is one variable alone takes its type. A command gets all of them as one JSON object, and answers one.

Rule: flows only. Whatever goes wrong with a call is ``HookError``: we could not look, so nobody is to blame for it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from scimrig.pointer import find
from scimrig_simulator.wire import CREDENTIALS, LENGTH, Flow, Headers, Json, Reply, Send, segment, send

VARIABLE = re.compile(r"\{([a-z_]+)\}")
"""A variable in a declared call; other braces are just braces."""

RUN = "RUN"
"""The method on record of a call that runs a command."""

_JSON = "application/json"
_HEADERS: Headers = (
    ("Accept", _JSON), ("Authorization", CREDENTIALS), ("Content-Type", _JSON), ("Content-Length", LENGTH),
)


class HookError(Exception):
    """A declared call did not do what it is declared to do; the text says which, and what came back."""


@dataclass(frozen=True, slots=True)
class HookAnswer:
    """What a call brought back. ``value``: what ``read`` found, a list where it holds ``*``; None without ``read``."""

    status: int
    value: Any = None


@dataclass(frozen=True, slots=True)
class HookSend(Send):
    """The request of a declared call; its path may be a whole URL.

    secret_at: JSON Pointer to a secret in the answer, which the courier must know before it records it; "" for none
    command:   the program and its arguments that is run in place of a request, () for none
    """

    secret_at: str = ""
    command: tuple[str, ...] = ()


def call(
    spec: Mapping[str, Any], variables: Mapping[str, Any], *,
    purpose: str = "", telling: Collection[int] = (), secret: bool = False,
) -> Flow[HookAnswer]:
    """Make a declared call; play it with ``Courier.play(flow, "hook", step)``. Raises HookError.

    purpose: the key it stands under ("hooks.map_group"), for the log and for replays
    telling: statuses beside 2xx that are an answer too (401 and 403 of an access probe without ``read``)
    secret:  whether ``read`` points at a secret (``webhooks.register``), which then is in no log
    """
    request = _request(spec, variables, purpose, secret)
    try:
        reply = yield from send(request)
    except ValueError as unsendable:  # the transport: HTTP cannot carry this
        raise HookError(f"{_named(request)} cannot be sent: {unsendable}") from None
    if reply.failure is not None:
        kind = "" if request.command else f"{reply.failure.kind.value} - "
        raise HookError(f"{_named(request)} got no answer: {kind}{reply.failure.detail}")
    if not reply.ok and reply.status not in telling:
        raise HookError(f"{_named(request)} answered {reply.status}")
    value = _read(request, reply, spec["read"]) if reply.ok and "read" in spec else None
    return HookAnswer(reply.status, value)


def _request(spec: Mapping[str, Any], variables: Mapping[str, Any], purpose: str, secret: bool) -> HookSend:
    read = spec.get("read", "") if secret else ""
    if "command" in spec:
        words = tuple(spec["command"])
        told = {"hook": purpose, **variables}
        return HookSend(RUN, f"command:{segment(words[0])}", "", (), told, purpose, read, words)
    encoded = {name: segment(_text(value)) for name, value in variables.items()}
    path, _, query = str(_filled(spec["path"], encoded)).partition("?")
    given = tuple((name, str(_filled(value, variables))) for name, value in spec.get("headers", {}).items())
    names = {name.lower() for name, _ in given}
    headers = (*(line for line in _HEADERS if line[0].lower() not in names), *given)
    body = _filled(spec.get("body"), variables, typed=True)
    return HookSend(spec["method"], path, query, headers, body, purpose, read)


def _filled(value: Any, variables: Mapping[str, Any], typed: bool = False) -> Any:
    """A value with the variables in its strings filled in. Raises HookError for one that nobody gave.

    typed: a string that is one variable alone becomes what that is
    """
    if isinstance(value, str):
        alone = VARIABLE.fullmatch(value) if typed else None
        if alone is not None:
            return _known(alone[1], variables)
        return VARIABLE.sub(lambda found: _text(_known(found[1], variables)), value)
    if isinstance(value, Mapping):
        return {name: _filled(item, variables, typed) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_filled(item, variables, typed) for item in value]
    return value


def _known(name: str, variables: Mapping[str, Any]) -> Any:
    if name not in variables:
        raise HookError(f"nothing is known for the variable {{{name}}} here; known are {', '.join(sorted(variables))}")
    return variables[name]


def _text(value: Any) -> str:
    """A variable inside other text: true and false as JSON spells them, a list with commas between."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(map(_text, value)) if isinstance(value, (list, tuple)) else str(value)


def _read(request: HookSend, reply: Reply, pointer: str) -> Any:
    try:
        document = reply.json()
    except (ValueError, UnicodeDecodeError):
        raise HookError(f"{_named(request)} answered {reply.status} with something that is not JSON") from None
    parts = pointer.split("/")
    if "*" in parts:
        start = "/".join(parts[: parts.index("*")])
        if not isinstance(_one(document, start), (list, dict)):  # no list is not an empty list
            raise HookError(f"{_named(request)} answered {reply.status} with no list at {start or 'the top'}")
    found = [value for _, value in find(document, pointer)]
    if None in found:
        raise HookError(f"{_named(request)} answered {reply.status} with nothing at {pointer}")
    return found if "*" in parts else found[0]


def _one(document: Json, pointer: str) -> Json:
    return next((value for _, value in find(document, pointer)), None)


def _named(request: HookSend) -> str:
    what = f"the declared call {request.method} {request.path}"
    if request.command:
        what = f"the declared command {request.command[0]}"
    return f"{what} ({request.purpose})" if request.purpose else what
