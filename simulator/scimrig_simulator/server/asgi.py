"""Between ASGI and the server: head, path and body of a request as they are worked with, and an answer as it is sent.

Two messages are sent by hand: a framework's request and response objects would cost more than what is served in them.

Rule: knows HTTP, neither SCIM's paths nor its resources. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, quote, unquote

from scimrig_simulator.scim.errors import ScimError

Message: TypeAlias = MutableMapping[str, Any]
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


def headers_of(scope: Scope) -> dict[str, str]:
    """Header lines by name in lower case; several of one name as one, as RFC 9110 §5.3 allows."""
    headers: dict[str, str] = {}
    repeated: dict[str, list[str]] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if name in headers:
            repeated.setdefault(name, [headers[name]]).append(value)
        else:
            headers[name] = value
    headers.update((name, ", ".join(values)) for name, values in repeated.items())  # once, however many there are
    return headers


def parameters_of(scope: Scope) -> dict[str, str]:
    """The first value of each query parameter, decoded."""
    parameters: dict[str, str] = {}
    for name, value in parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True):
        parameters.setdefault(name, value)
    return parameters


def path_of(scope: Scope) -> str:
    """The path as it was sent, percent-encoded."""
    raw = scope.get("raw_path")
    return raw.decode("latin-1") if raw else quote(scope["path"])


def origin_form(target: bytes) -> bytes:
    """The path of a request target that may be a whole URL, which every server has to take (RFC 9112 §3.2.2)."""
    scheme, parted, rest = target.partition(b"://")
    if not parted or scheme.lower() not in (b"http", b"https"):
        return target
    _, slash, path = rest.partition(b"/")
    return slash + path or b"/"


def below(place: str, path: str) -> list[str] | None:
    """Segments of a path below ``place``, split before they are decoded; None for a path elsewhere.

    A trailing slash makes no difference.
    """
    if not path.startswith(place):
        return None
    rest = path[len(place) :]
    if rest and rest[0] != "/":
        return None
    segments = [unquote(segment) for segment in rest.split("/")[1:]]
    return segments[:-1] if segments and not segments[-1] else segments


async def content_of(headers: Mapping[str, str], receive: Receive, largest: int) -> bytes:
    """The body. Raises ScimError 413 for more than ``largest`` bytes, 400 where the client has gone."""
    declared = headers.get("content-length", "")
    size = int(declared[:18]) if declared.isascii() and declared.isdigit() else 0  # or what comes is counted
    content = bytearray()
    more = size <= largest
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ScimError(400, None, "The connection was closed before the body was complete.")
        content += message.get("body", b"")
        size = len(content)
        more = message.get("more_body", False) and size <= largest
    if size > largest:
        raise ScimError(413, None, f"A request body may have {largest} bytes at most.")
    return bytes(content)


async def respond(
    send: Send, status: int, headers: Mapping[str, str], body: bytes, media_type: str, *, head: bool = False
) -> None:
    """Send an answer; 204 and 304 go without a body and what describes one, HEAD only without a body (RFC 9110 §9.3.2).

    A Content-Length or Content-Type among ``headers`` stands.
    """
    lines = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    if status in (204, 304):
        body = b""
    else:
        given = {name for name, _ in lines}
        if b"content-length" not in given:
            lines.append((b"content-length", b"%d" % len(body)))
        if b"content-type" not in given:
            lines.append((b"content-type", media_type.encode("latin-1")))
    await send({"type": "http.response.start", "status": status, "headers": lines})
    await send({"type": "http.response.body", "body": b"" if head else body})
