"""What passes through the seams: a call and its answer, a page, and what the server knows of whoever knocks.

Rule: plain data, with no say in anything: what is done with it is for ``seams.py`` and the server. May not import
``server`` or ``faults``, which both lean on it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from scimrig_simulator.scim.schemas import ResourceType
from scimrig_simulator.wire import SCIM_JSON

Resource: TypeAlias = dict[str, Any]
Asgi: TypeAlias = Callable[..., Any]
Admits: TypeAlias = Callable[[str], bool]
"""Says whether the bearer of a token may come in."""


@dataclass(frozen=True, slots=True)
class Projection:
    """The ``attributes`` and ``excludedAttributes`` of a request, as written; None where not given.

    written: what else the answer to a write shows, since the write named it: see ``scim.written``.
    """

    attributes: tuple[str, ...] | None = None
    excluded: tuple[str, ...] | None = None
    written: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.attributes is not None or self.excluded is not None or bool(self.written)

    def leaves_out(self, name: str) -> bool:
        """True where attribute ``name`` (top level, returned by default) is not wanted: no need to load it."""
        if self.attributes is not None:
            return not any(_stem(text) == name.lower() for text in self.attributes)
        return any(text.rpartition(":")[2].lower() == name.lower() for text in self.excluded or ())


def _stem(text: str) -> str:
    return text.rpartition(":")[2].partition(".")[0].lower()


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a result is wanted: 1-based ``start``, at most ``count`` resources.

    cursor: what leads to the page instead of ``start``, empty for the first one; None where pages go by index.
    """

    start: int
    count: int
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a result: rendered resources, ``total`` matches in all, 1-based ``start``.

    cursors: of the pages beside it, as they stand in a ListResponse; None where pages go by index.
    """

    resources: list[Resource]
    total: int
    start: int
    cursors: Mapping[str, str] | None = None


@dataclass(slots=True)
class Call:
    """One request, as far as it is understood.

    headers: names in lower case.  query: first value of each parameter, decoded.  base_url: without trailing slash.
    resource_type, id: what the path names.  listing: the answer is a ListResponse.  cursor: that a search follows.
    address: of the client, "" where there is none.  token: the last four characters of the bearer token that let it in.
    request_id: "" for none.  brief: the answer to a write has no body.  half: 1, 2 = the first, the second of two
    writes that make up a create in a bulk job.
    before: the resource ahead of a write, as represented.  notes: what a saboteur wants to remember until ``emit``.
    """

    method: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    content: bytes
    base_url: str
    resource_type: ResourceType | None = None
    id: str | None = None
    listing: bool = False
    cursor: str | None = None
    address: str = ""
    token: str = ""
    request_id: str = ""
    half: int = 0
    brief: bool = False
    projection: Projection = Projection()
    before: Resource | None = None
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> ResourceType:
        """The resource type that the path names. Raises LookupError where it names none."""
        if self.resource_type is None:
            raise LookupError(f"{self.method} names no resource type")
        return self.resource_type


@dataclass(slots=True)
class Answer:
    """What goes out. ``body``: a JSON object, bytes that go out as they are, or None for an empty body."""

    status: int
    body: Resource | bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    media_type: str = SCIM_JSON


@dataclass(frozen=True, slots=True)
class Credential:
    """A token on file. tenant: whose it is.  active: not withdrawn.  expires: seconds since the epoch, None = never."""

    tenant: int
    active: bool
    expires: float | None


@dataclass(frozen=True, slots=True)
class Door:
    """What stands between a valid token and a directory (D7, CAP-20).

    scim, enabled: the switches of the organization and of the directory.  allowed: networks that may come in as CIDRs,
    none = all.  address: of the client.
    """

    scim: bool = True
    enabled: bool = True
    allowed: tuple[str, ...] = ()
    address: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A link to the portal of an organization. expires, opened: seconds since the epoch, opened None = not yet."""

    id: str
    organization: int
    expires: float
    opened: float | None


class Rows(Protocol):
    """What a seam may ask the store, and do to it."""

    def fetch(self, resource_type: ResourceType, id: str) -> Resource | None:
        """The whole representation of a resource, password hash included; None where there is none."""

    def named(self, resource_type: ResourceType, user_name: str) -> Sequence[tuple[str, str]]:
        """(id, userName) of all resources whose userName is equal but for case."""

    def holders(self, resource_type: ResourceType, name: str, value: Any) -> Sequence[str]:
        """Ids of all resources that have this value, by its case rule, in attribute ``name``, one that is unique."""

    def create(self, resource_type: ResourceType, resource: Resource) -> Resource:
        """Store a new resource (an ``id`` in it is honoured) and return its representation."""

    def remove(self, resource_type: ResourceType, id: str) -> None:
        """Delete a resource and its memberships."""
