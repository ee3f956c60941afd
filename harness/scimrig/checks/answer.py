"""An exchange read once for all checks: what was addressed, what was asked for, what the answer holds.

Rule: it reads and never judges. Whatever the bytes are, reading doesn't raise: a body that can't be read is BROKEN,
a query that can be read in two ways is not ``clear``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any
from urllib.parse import parse_qsl, unquote

from scimrig.checks.check import Known
from scimrig.evidence import Exchange
from scimrig_simulator.scim import urns
from scimrig_simulator.scim.schemas import ResourceType
from scimrig_simulator.wire import Json

SEARCH_SEGMENT = ".search"
CATALOGUES = {"Schemas": urns.SCHEMA, "ResourceTypes": urns.RESOURCE_TYPE}


class Place(Enum):
    """What kind of URL was addressed (RFC 7644 §3.2)."""

    COLLECTION = auto()  # /Users
    RESOURCE = auto()  # /Users/{id}
    SEARCH = auto()  # /Users/.search, /.search
    CONFIG = auto()  # /ServiceProviderConfig
    CATALOGUE = auto()  # /Schemas, /ResourceTypes
    ENTRY = auto()  # /Schemas/{id}, /ResourceTypes/{id}
    OTHER = auto()  # /Me, /Bulk, the base URL, anything else


DISCOVERY = frozenset({Place.CONFIG, Place.CATALOGUE, Place.ENTRY})


class Body(Enum):
    """What the body of the answer is."""

    EMPTY = auto()
    JSON = auto()
    BROKEN = auto()


@dataclass(frozen=True, slots=True)
class Target:
    """What was addressed. ``id``: decoded last segment of a RESOURCE or ENTRY. ``words``: ``/Users/{id}``."""

    place: Place
    endpoint: str
    id: str
    words: str
    resource_type: ResourceType | None


@dataclass(frozen=True, slots=True)
class Asked:
    """Parameters of a read, from the query or from the body of a ``.search``; None = not given.

    clear: False where a parameter stands twice or its encoding can be read in two ways ("+" beside "%20").
    """

    filter: str | None = None
    attributes: tuple[str, ...] | None = None
    excluded: tuple[str, ...] | None = None
    start_index: int | None = None
    count: int | None = None
    cursor: bool = False
    clear: bool = True

    @property
    def whole(self) -> bool:
        """True where nothing narrows the representation."""
        return self.attributes is None and self.excluded is None


@dataclass(frozen=True, slots=True)
class Row:
    """A User or Group in an answer. ``where``: "" for the whole body, else ``Resources[3]: ``."""

    resource: Mapping[str, Any]
    resource_type: ResourceType
    where: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An exchange and everything that checks ask of it. ``why``: what makes a body BROKEN."""

    exchange: Exchange
    known: Known
    target: Target
    asked: Asked
    body_state: Body
    body: Json
    why: str
    rows: tuple[Row, ...] = field(default=())

    @property
    def status(self) -> int:
        return self.exchange.status

    @property
    def method(self) -> str:
        return self.exchange.method

    @property
    def place(self) -> Place:
        return self.target.place

    @property
    def ok(self) -> bool:
        return self.exchange.ok

    @property
    def object(self) -> Mapping[str, Any] | None:
        """The body where it is a JSON object."""
        return self.body if isinstance(self.body, dict) else None

    @property
    def is_error(self) -> bool:
        return self.object is not None and has_urn(self.object, urns.ERROR)

    @property
    def is_list(self) -> bool:
        return self.object is not None and has_urn(self.object, urns.LIST_RESPONSE)

    @property
    def listing(self) -> bool:
        """True for a 200 to a query: the body should be a ListResponse."""
        if self.status != 200:
            return False
        reads = self.method == "GET" and self.place in (Place.COLLECTION, Place.CATALOGUE)
        return reads or (self.method == "POST" and self.place is Place.SEARCH)

    @property
    def listed(self) -> list[Any]:
        """``Resources`` of a list, [] where there is none."""
        found = self.object.get("Resources") if self.object is not None else None
        return found if isinstance(found, list) else []

    @property
    def operation(self) -> str:
        """``PATCH /Users/{id}``: part of a finding's cause."""
        looked_up = "?filter=…" if self.asked.filter is not None and self.method == "GET" else ""
        return f"{self.method} {self.target.words}{looked_up}"


def read(exchange: Exchange, known: Known) -> Answer:
    """Read an exchange. Never raises."""
    target = _target(exchange.path, known)
    asked = _asked(exchange, target)
    state, body, why = _body(exchange)
    bare = Answer(exchange, known, target, asked, state, body, why)
    rows = tuple(_rows(bare))
    return Answer(exchange, known, target, asked, state, body, why, rows) if rows else bare


def same(one: str, other: str) -> bool:
    """Names and URNs are compared without regard to case (RFC 7644 §3.10)."""
    return one.casefold() == other.casefold()


def has_urn(holder: Mapping[str, Any], urn: str) -> bool:
    """True where ``schemas`` names a URN."""
    found = holder.get("schemas")
    return isinstance(found, list) and any(isinstance(item, str) and same(item, urn) for item in found)


def unassigned(value: Any) -> bool:
    """Absent, null, [] and {} are one state (RFC 7643 §2.5)."""
    return value is None or value == [] or value == {}


def shown(value: Any, limit: int = 80) -> str:
    """A value as JSON for a report, cut to ``limit`` characters."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (ValueError, RecursionError):
        text = f"a {type(value).__name__}"
    return clip(text, limit)


def clip(text: str, limit: int = 80) -> str:
    """One printable line, cut to ``limit`` characters; lone surrogates escaped."""
    line = " ".join(text[: limit * 4].encode("utf-8", "backslashreplace").decode().split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _target(path: str, known: Known) -> Target:
    segments = path.removeprefix("/").removesuffix("/").split("/")
    first, rest = segments[0], segments[1:]
    words = "/" + "/".join([first, *("…" for _ in rest)])
    if segments == [SEARCH_SEGMENT]:
        return Target(Place.SEARCH, "", "", "/.search", None)
    if first == "ServiceProviderConfig" and not rest:
        return Target(Place.CONFIG, "/ServiceProviderConfig", "", "/ServiceProviderConfig", None)
    if first in CATALOGUES and len(rest) < 2 and rest != [""]:
        place = Place.ENTRY if rest else Place.CATALOGUE
        return Target(place, f"/{first}", unquote(rest[0]) if rest else "", f"/{first}" + "/{id}" * len(rest), None)
    kind = known.definitions.by_endpoint(f"/{first}") if first else None
    if kind is None or len(rest) > 1 or rest == [""]:
        return Target(Place.OTHER, f"/{first}", "", words, None)
    if rest == [SEARCH_SEGMENT]:
        return Target(Place.SEARCH, f"/{first}", "", f"/{first}/.search", kind)
    if rest:
        return Target(Place.RESOURCE, f"/{first}", unquote(rest[0]), f"/{first}/{{id}}", kind)
    return Target(Place.COLLECTION, f"/{first}", "", f"/{first}", kind)


def _asked(exchange: Exchange, target: Target) -> Asked:
    if target.place is Place.SEARCH and exchange.method == "POST":
        body, _ = parse(exchange.request_body or "")
        return _asked_in_body(body) if isinstance(body, dict) else Asked()
    if not exchange.query:
        return Asked()
    try:
        pairs = parse_qsl(exchange.query, keep_blank_values=True)
    except ValueError:
        return Asked(clear=False)
    names = [name for name, _ in pairs]
    values = dict(pairs)
    twofold = len(set(names)) < len(names) or ("+" in exchange.query and "%20" in exchange.query)
    return Asked(
        values.get("filter") or None,
        _names(values.get("attributes")),
        _names(values.get("excludedAttributes")),
        _integer(values.get("startIndex")),
        _integer(values.get("count")),
        "cursor" in values,
        not twofold and not any("�" in value for value in values.values()),
    )


def _asked_in_body(body: Mapping[str, Any]) -> Asked:
    wanted = body.get("filter")
    return Asked(
        wanted if isinstance(wanted, str) and wanted else None,
        _strings(body.get("attributes")),
        _strings(body.get("excludedAttributes")),
        _whole_number(body.get("startIndex")),
        _whole_number(body.get("count")),
        "cursor" in body,
        # RFC 7644 §3.4.3 makes lists of these; a comma list in a string is a broken request
        not any(isinstance(body.get(name), str) for name in ("attributes", "excludedAttributes")),
    )


def _names(text: str | None) -> tuple[str, ...] | None:
    found = tuple(name.strip() for name in (text or "").split(",") if name.strip())
    return found or None


def _strings(value: Any) -> tuple[str, ...] | None:
    found = tuple(item for item in value if isinstance(item, str) and item) if isinstance(value, list) else ()
    return found or None


def _integer(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r"[+-]?[0-9]{1,15}", text) else None


def _whole_number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def parse(text: str) -> tuple[Json, str]:
    """JSON by the letter: (value, "") or (None, what is wrong). NaN and infinities are none; a BOM is passed over."""
    try:
        found: Json = json.loads(text.removeprefix("\ufeff"), parse_constant=_no_constant)
    except RecursionError:
        return None, "nested too deep to be read"
    except ValueError as why:
        return None, str(why)
    return found, ""


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _body(exchange: Exchange) -> tuple[Body, Json, str]:
    text = exchange.reply_body
    if exchange.method == "HEAD" or not text.strip("\ufeff \t\r\n"):
        return Body.EMPTY, None, ""
    found, why = parse(text)
    return (Body.BROKEN, None, why) if why else (Body.JSON, found, "")


def _rows(answer: Answer) -> Iterator[Row]:
    body = answer.object
    if body is None or not answer.ok or answer.is_error:
        return
    kind = answer.target.resource_type
    if answer.listing:
        for index, item in enumerate(answer.listed):
            item_kind = kind or _kind_of(item, answer.known)
            if isinstance(item, dict) and item_kind is not None and answer.place is not Place.CATALOGUE:
                yield Row(item, item_kind, f"Resources[{index}]: ")
    elif kind is not None and not answer.is_list and _represents(answer):
        yield Row(body, kind, "")


def _represents(answer: Answer) -> bool:
    """A 2xx whose body is the resource itself."""
    if answer.place is Place.RESOURCE:
        return answer.method in ("GET", "PUT", "PATCH")
    return answer.place is Place.COLLECTION and answer.method == "POST"


def _kind_of(item: Any, known: Known) -> ResourceType | None:
    """What a row of a search over all types is (RFC 7644 §3.4.2.1)."""
    if not isinstance(item, dict):
        return None
    return next((kind for kind in known.definitions.resource_types if has_urn(item, kind.schema.id)), None)
