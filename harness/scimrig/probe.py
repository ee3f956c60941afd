"""A scenario's own bytes: makes the request that a ``send`` step describes, in its dialect's transport.

Rule: what the scenario writes is what is sent. Only what it leaves out (headers, query encoding, credentials) comes
from the dialect.
"""

from __future__ import annotations

from typing import Any

from scimrig.cast import Cast
from scimrig_simulator.idp.engine import Engine
from scimrig_simulator.wire import CREDENTIALS, Headers, Json, Send

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
WRONG_TOKEN = "Bearer scimrig-no-such-token"


def probe(argument: dict[str, Any], engine: Engine, purpose: str) -> Send:
    """The request of a ``send`` step, templates filled in. Raises ValueError where it names no method."""
    method = next((name for name in METHODS if name in argument), None)
    if method is None:
        raise ValueError(f"a send step needs one of {', '.join(METHODS)}")
    body: Json | bytes = argument.get("body")
    if "raw" in argument:
        body = str(argument["raw"]).encode("utf-8", "surrogatepass")
    query = argument.get("query", "")
    if isinstance(query, dict):
        query = engine.query.encode([(name, _text(value)) for name, value in query.items()])
    headers = _headers(engine.headers(body is not None), argument)
    path, _, written = str(argument[method]).partition("?")  # a query may stand in the path, as it goes on the wire
    return Send(method, path, "&".join(part for part in (written, str(query)) if part), headers, body, purpose)


def subject_of(argument: dict[str, Any], cast: Cast) -> str:
    """Whom a request is about: said by ``about`` or ``creates``, else whose id stands in its path."""
    for name in ("about", "creates"):
        if name in argument:
            return str(argument[name])
    path = next((str(argument[name]) for name in METHODS if name in argument), "")
    return next((player.key for player in cast if player.id and player.id in path), "")


def _headers(headers: Headers, argument: dict[str, Any]) -> Headers:
    changes = {name.lower(): (name, value) for name, value in argument.get("headers", {}).items()}
    lines: list[tuple[str, str]] = []
    for name, value in headers:
        if name.lower() in changes:
            given = changes.pop(name.lower())
            if given[1] is not None:
                lines.append((given[0], str(given[1])))
        elif value == CREDENTIALS and "token" in argument:
            lines.extend(_credentials(name, argument["token"]))
        else:
            lines.append((name, value))
    lines.extend((name, str(value)) for name, value in changes.values() if value is not None)
    return tuple(lines)


def _credentials(name: str, token: str) -> Headers:
    if token == "none":
        return ()
    if token in ("own", "second_tenant"):  # whose it is, is decided where it is sent
        return ((name, CREDENTIALS),)
    return ((name, WRONG_TOKEN if token == "wrong" else token),)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
