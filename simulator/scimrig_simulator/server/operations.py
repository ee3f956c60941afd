"""Operations: what can be asked for in plain JSON beside SCIM, as tables of methods, paths and what is done there.

A path is written with its variables, and may end in a verb: ``/api/v1/directories/{id}:enable``. The OpenAPI
document is made from the same tables, and whoever speaks another protocol finds the operations here too.

Rule: knows paths and bodies, and nothing of what is done. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, TypeAlias

Body: TypeAlias = Mapping[str, Any]

_VARIABLE = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. kind: "api" (a program of the owner's), "admin" (a person at /manage or in the portal).

    id: what is known of the credential, never the credential.  address: of the client, "" where it has none.
    """

    kind: str
    id: str = ""
    address: str = ""
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. path: its variables, decoded.  query: first value of each parameter.  origin: "https://host".

    route: method and path of the operation, the latter as it is written in its table.
    """

    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Body = field(default_factory=dict)
    caller: Caller = Caller("api")
    origin: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    route: tuple[str, str] | None = None


Handler: TypeAlias = Callable[[Asked], Body | None]


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked for. name: unique among all operations ("ListDirectories").

    handler: returns the answer's body, None for none (204).  public: needs no token.  form: takes a form, not JSON.
    """

    name: str
    method: str
    path: str
    handler: Handler
    status: int = 200
    public: bool = False
    form: bool = False

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables of the path, in order."""
        return tuple(_VARIABLE.findall(self.path))


class Code(IntEnum):
    """Kinds of error, by the numbers of gRPC; ``status`` is what each is over HTTP (policy page §3.1)."""

    INVALID_ARGUMENT = 3
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    UNAUTHENTICATED = 16

    @property
    def status(self) -> int:
        """The HTTP status."""
        return _STATUS[self]

    @classmethod
    def of(cls, status: int) -> Code:
        """The kind that an HTTP status stands for, where nothing else is known."""
        return _KINDS.get(status, cls.INVALID_ARGUMENT if status < 500 else cls.INTERNAL)


_STATUS = {
    Code.INVALID_ARGUMENT: 400, Code.NOT_FOUND: 404, Code.ALREADY_EXISTS: 409, Code.PERMISSION_DENIED: 403,
    Code.RESOURCE_EXHAUSTED: 429, Code.FAILED_PRECONDITION: 400, Code.ABORTED: 409, Code.OUT_OF_RANGE: 400,
    Code.UNIMPLEMENTED: 501, Code.INTERNAL: 500, Code.UNAVAILABLE: 503, Code.UNAUTHENTICATED: 401,
}  # fmt: skip
_KINDS = {
    401: Code.UNAUTHENTICATED, 403: Code.PERMISSION_DENIED, 404: Code.NOT_FOUND, 405: Code.UNIMPLEMENTED,
    409: Code.ALREADY_EXISTS, 413: Code.RESOURCE_EXHAUSTED, 429: Code.RESOURCE_EXHAUSTED, 501: Code.UNIMPLEMENTED,
    503: Code.UNAVAILABLE,
}  # fmt: skip


class Trouble(Exception):
    """A request that can't be served: status and words, with further headers.

    code, error_code: what the API says of it beside its words; by default what the status stands for.
    body: what is answered instead, where an operation's own protocol says how its errors look.
    """

    body: Body | None = None

    def __init__(
        self,
        status: int,
        words: str,
        headers: Mapping[str, str] | None = None,
        code: Code | None = None,
        error_code: str = "",
    ) -> None:
        super().__init__(words)
        self.status = status
        self.words = words
        self.headers = headers or {}
        self.code = Code.of(status) if code is None else code
        self.error_code = error_code or self.code.name


def refusal(code: Code, words: str, error_code: str = "") -> Trouble:
    """The error of an API request, by its kind. error_code: a narrower word ("DIRECTORY_NOT_FOUND")."""
    return Trouble(code.status, words, code=code, error_code=error_code)


class Operations:
    """Operations by path. Raises ValueError where two have one name, or one method at one path."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self.all = tuple(operations)
        self._at: dict[str, tuple[re.Pattern[str], dict[str, Operation]]] = {}
        names: set[str] = set()
        for one in self.all:
            _, methods = self._at.setdefault(one.path, (_pattern(one.path), {}))
            if one.method in methods or one.name in names:
                raise ValueError(f"{one.name}: {one.method} {one.path} is there already")
            methods[one.method] = one
            names.add(one.name)
        fixed = {path: len(_VARIABLE.sub("", path)) for path in self._at}
        self._at = dict(sorted(self._at.items(), key=lambda item: -fixed[item[0]]))  # {id}:verb ahead of {id}

    def find(self, segments: Sequence[str]) -> tuple[Mapping[str, Operation], Mapping[str, str]]:
        """The operations at a path by method, and its variables. Segments are decoded. Raises Trouble 404."""
        path = "/".join(("", *(segment.replace("/", "\x00") for segment in segments)))
        for pattern, methods in self._at.values():
            found = pattern.fullmatch(path)
            if found:
                return methods, {name: value.replace("\x00", "/") for name, value in found.groupdict().items()}
        raise Trouble(404, f"There is nothing at {'/'.join(('', *segments))}.")


def _pattern(path: str) -> re.Pattern[str]:
    parts = _VARIABLE.split(path)
    return re.compile("".join(re.escape(part) if n % 2 == 0 else f"(?P<{part}>[^/]+?)" for n, part in enumerate(parts)))


# Reading bodies


def only(body: Body, key: str) -> Any:
    """The one value that a body consists of. Raises Trouble 400."""
    if set(body) != {key}:
        raise Trouble(400, f"The body must hold {key!r} and nothing else.")
    return body[key]


def known(body: Body, *keys: str) -> Body:
    """A body that holds these keys at most. Raises Trouble 400."""
    strange = sorted(set(body) - set(keys))
    if strange:
        raise Trouble(400, f"{strange[0]!r} is unknown here; the body may hold {', '.join(keys) or 'nothing'}.")
    return body


def text(body: Body, key: str, default: str | None = None, longest: int = 500) -> str:
    """A string of a body; ``default`` where it is absent or null, unless None. Raises Trouble 400."""
    value = body.get(key)
    if value is None and default is not None:
        return default
    if not isinstance(value, str) or (not value.strip() and default is None):
        raise Trouble(400, f"{key!r} must be a string{'' if default is not None else ' that says something'}.")
    if len(value) > longest:
        raise Trouble(400, f"{key!r} may have {longest} characters at most.")
    return value


def flag(body: Body, key: str, default: bool | None = None) -> bool:
    """A boolean of a body. Raises Trouble 400."""
    value = body.get(key, default)
    if not isinstance(value, bool):
        raise Trouble(400, f"{key!r} must be true or false.")
    return value


def number(query: Mapping[str, str], key: str, default: int, least: int = 0, most: int = 2**31) -> int:
    """A whole number of a query, held within its bounds. Raises Trouble 400 for anything else."""
    given = query.get(key, "")
    if not given:
        return default
    try:
        value = int(given[:20]) if given.lstrip("-").isdecimal() and given.isascii() else None
    except ValueError:
        value = None
    if value is None:
        raise Trouble(400, f"{key!r} must be a whole number, not {given[:40]!r}.")
    return max(least, min(most, value))
