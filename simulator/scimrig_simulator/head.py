"""What both transports agree on: the base URL, the request as it leaves us, the body as a client reads it.

A request that HTTP cannot carry (a line break in a header, a blank in the path) is our caller's mistake and raises
ValueError before anything is sent; it is never reported as the target's failure.

Rule: no I/O. Imports ``wire`` only.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlsplit

from scimrig_simulator.wire import Reply, Send

RawHeaders: TypeAlias = list[tuple[bytes, bytes]]

BODY_LIMIT = 64 * 1024 * 1024
"""Largest reply body in bytes, after decoding. No SCIM answer comes near it; a runaway stream does."""

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110 §5.6.2
_FIELD_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")  # RFC 9110 §5.5
_VISIBLE = re.compile(r"[\x21-\x7e]*")
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class BaseUrl:
    """Where the SCIM service starts. ``host`` without brackets, ``path`` without a slash at its end."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The value of the Host header: no port where it is the scheme's own (RFC 9110 §7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"


def parse_base_url(text: str) -> BaseUrl:
    """``https://host:port/scim/v2`` → its parts. Raises ValueError saying what to write instead."""
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError as error:
        raise ValueError(f"base URL {text!r} cannot be read: {error}") from None
    if parts.scheme not in _DEFAULT_PORTS:
        raise ValueError(f"base URL {text!r} must start with http:// or https://")
    if not parts.hostname:
        raise ValueError(f"base URL {text!r} names no host: write http://HOST[:PORT]/PATH")
    if parts.username is not None or parts.password is not None:
        raise ValueError("the base URL must not hold a user name or password: give the token separately")
    if parts.query or parts.fragment:
        raise ValueError(f"base URL {text!r} must end before '?' and '#': requests append their own path and query")
    path = parts.path.rstrip("/")
    if not _VISIBLE.fullmatch(path):
        raise ValueError(f"the path of base URL {text!r} must be percent-encoded")
    return BaseUrl(parts.scheme, _ascii_host(parts.hostname), port or _DEFAULT_PORTS[parts.scheme], path)


def _ascii_host(host: str) -> str:
    if host.isascii():
        if not _VISIBLE.fullmatch(host):
            raise ValueError(f"host {host!r} holds a blank or a control character")
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise ValueError(f"host {host!r} is not a valid international name: {error}") from None


def checked_credentials(credentials: str | None) -> str | None:
    """A whole Authorization value, fit for a header. Raises ValueError without repeating the secret."""
    if credentials is not None and not _FIELD_VALUE.fullmatch(credentials):
        raise ValueError("the credentials hold a character that no header can carry (a line break?): check the token")
    return credentials


def request_target(base: BaseUrl, request: Send) -> bytes:
    """Path and query of the request line, byte for byte as given. Raises ValueError where they need encoding."""
    if request.path and not request.path.startswith("/"):
        raise ValueError(f"path {request.path!r} must start with '/': it is appended to {base}")
    if "?" in request.path or "#" in request.target:
        raise ValueError(f"{request.target!r}: the query belongs in Send.query, and a fragment is never sent")
    target = base.path + request.target
    if not _VISIBLE.fullmatch(target):
        raise ValueError(f"{request.target!r} must be percent-encoded: see wire.segment and wire.QueryStyle")
    return (target if target.startswith("/") else "/" + target).encode("ascii")


def request_head(base: BaseUrl, request: Send, credentials: str | None) -> RawHeaders:
    """The header block: Host in front where the request names none, a Content-Length at the end where a body lacks one.

    Everything else keeps its order and its case. Raises ValueError for a line that HTTP cannot carry.
    """
    if not _TOKEN.fullmatch(request.method):
        raise ValueError(f"{request.method!r} is not an HTTP method")
    lines = [_header_line(name, value) for name, value in request.header_lines(credentials)]
    names = {name.lower() for name, _ in lines}
    if b"host" not in names:
        lines.insert(0, (b"Host", base.authority.encode("ascii")))
    content = request.content
    if content is not None:
        length = str(len(content)).encode("ascii")
        if names.isdisjoint({b"content-length", b"transfer-encoding"}):
            lines.append((b"Content-Length", length))
        if any(name.lower() == b"content-length" and value != length for name, value in lines):
            raise ValueError(f"HTTP cannot carry a Content-Length that is not the body's {len(content)} bytes")
    return lines


def _header_line(name: str, value: str) -> tuple[bytes, bytes]:
    if not _TOKEN.fullmatch(name):
        raise ValueError(f"{name!r} is not a header name")
    if not _FIELD_VALUE.fullmatch(value):
        shown = "its value" if name.lower() == "authorization" else repr(value)
        raise ValueError(f"header {name}: {shown} holds a character that no header can carry")
    return name.encode("ascii"), value.strip(" \t").encode("latin-1")


def header_text(lines: RawHeaders) -> tuple[tuple[str, str], ...]:
    """Reply headers as text, order and case as they came."""
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in lines)


class BadBody(Exception):
    """A reply's body cannot be read as its headers promise; the text says why."""


def decode_body(raw: bytes, reply: Reply) -> bytes:
    """Undo gzip and deflate as every real client does; any other coding is left as it came.

    Headers stay as they were sent, so Content-Length counts the coded bytes. Raises BadBody.
    """
    codings = (reply.header("Content-Encoding") or "").lower().split(",")
    for coding in (name.strip() for name in reversed(codings)):
        if coding in ("gzip", "x-gzip", "deflate") and raw:
            raw = _inflate(raw, coding)
        elif coding not in ("", "identity"):
            break
    return raw


def _inflate(raw: bytes, coding: str) -> bytes:
    # RFC 9110 §8.4.1.2: deflate is zlib-wrapped, but some servers send it bare
    bare = coding == "deflate" and (raw[0] & 0x0F) != 8
    plain = b""
    while raw:
        inflater = zlib.decompressobj(-zlib.MAX_WBITS if bare else zlib.MAX_WBITS | 32)
        try:
            plain += inflater.decompress(raw, BODY_LIMIT + 1 - len(plain))
        except zlib.error as error:
            raise BadBody(f"Content-Encoding says {coding}, but the body is something else ({error})") from None
        if len(plain) > BODY_LIMIT:
            raise BadBody(f"the body unpacks to more than {BODY_LIMIT // 2**20} MiB")
        if not inflater.eof:
            raise BadBody(f"the {coding} body ends too early")
        raw = inflater.unused_data.lstrip(b"\x00")
    return plain
