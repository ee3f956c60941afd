"""What a directory's SCIM requests leave in the audit log: one entry for each write, whatever became of it (CAP-54).

A write that has been applied is told in its own transaction, a refused one afterwards. Of reads, only those are told
whose credentials or whose directory were refused: an IdP that can't read doesn't go on to write, and whoever looks for
its users has to find out why (CAP-39). Bad tokens and refused reads leave ``FLOOD`` entries a minute, directory and
process at most, or anybody could fill the disk; the next such entry says how many were ``unrecorded``. What failed
because the store can't be written to leaves none.

Rule: makes entries and decides nothing. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from scimrig_simulator.calls import Call, Resource
from scimrig_simulator.clock import Clock
from scimrig_simulator.policy.entries import ERROR, IDP, REJECTED, Entry, changes, cut, spoken_of
from scimrig_simulator.policy.rules import primary_email
from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.scim.schemas import Attribute, ResourceType
from scimrig_simulator.seams import present
from scimrig_simulator.server.audit import Audit
from scimrig_simulator.server.mishaps import outline

WRITES: Mapping[str, str] = {"POST": "create", "PUT": "update", "PATCH": "update", "DELETE": "delete"}
_WORDS = frozenset({"Bulk", ".search", "Me", "ServiceProviderConfig", "ResourceTypes", "Schemas"})
FLOOD = 30
MINUTE = 60.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Witness:
    """The witness of one directory. organization: its number.  why: what is amiss with a bearer token."""

    audit: Audit
    clock: Clock
    tenant: int
    organization: int
    organization_id: str
    directory_id: str
    why: Callable[[str], str]
    _flood: _Flood = field(default_factory=lambda: _Flood())

    def wrote(self, call: Call, before: Resource | None, after: Resource | None) -> None:
        """A write is applied, in its transaction: ``before`` None for a new resource, ``after`` for one that goes."""
        kind = call.kind
        entry = Entry(
            f"{kind.name.lower()}.{_deed(call, before, after)}",
            self.clock.now(),
            actor=_actor(call),
            target=_target(kind, after or before or {}),
            request=_request(call, 201 if before is None else 204 if after is None or call.brief else 200),
            changes=() if after is before else changes(before or {}, after or {}, _secrets(kind)),
            organization_id=self.organization_id,
            directory_id=self.directory_id,
        )
        self.audit.record(self.organization, self.tenant, entry, call)

    def refused(self, call: Call, error: ScimError, path: Sequence[str] = ()) -> None:
        """A request was refused, or failed, and has changed nothing. path: its segments, decoded, where they matter."""
        reads = call.method not in WRITES or [*path[-1:]] == [".search"]
        if error.status == 503 or (reads and error.status not in (401, 403)):
            return
        now, request = self.clock.now(), _request(call, error.status, path)
        if error.status == 401 or reads:
            unrecorded = self._flood.admit(now)
            if unrecorded is None:
                return
            request = {**request, "unrecorded": unrecorded} if unrecorded else request
        wanted = _wanted(call)
        entry = Entry(
            _attempted(call, path, reads),
            now,
            ERROR if error.status >= 500 else REJECTED,
            self._reason(call, error),
            actor=_actor(call),
            target=_meant(call, wanted),
            request=request,
            wanted=wanted,
            organization_id=self.organization_id,
            directory_id=self.directory_id,
        )
        try:
            self.audit.record(self.organization, self.tenant, entry, call)
        except sqlite3.Error as mishap:  # the refusal stands, and is answered as one
            _log.error("A refusal couldn't be recorded\n%s", outline(mishap))

    def _reason(self, call: Call, error: ScimError) -> str:
        if error.status == 401 and not error.reason:
            _, _, token = call.headers.get("authorization", "").strip().partition(" ")
            return self.why(token.strip())
        return error.reason or error.scim_type or str(error.status)


class _Flood:
    """How many refusals of a kind may be recorded. Safe to share by threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._since = float("-inf")
        self._seen = 0
        self._unrecorded = 0

    def admit(self, now: float) -> int | None:
        """None where this one is not to be recorded, else how many weren't since the last one that was."""
        with self._lock:
            if not 0 <= now - self._since < MINUTE:
                self._since, self._seen = now, 0
            self._seen += 1
            if self._seen > FLOOD:
                self._unrecorded += 1
                return None
            unrecorded, self._unrecorded = self._unrecorded, 0
            return unrecorded


def _deed(call: Call, before: Resource | None, after: Resource | None) -> str:
    if before is None or after is None:
        return "create" if before is None else "delete"
    if present(before) != present(after):
        return "reactivate" if present(after) else "deactivate"
    return "update"


def _attempted(call: Call, path: Sequence[str], reads: bool) -> str:
    """What a refused request would have done."""
    if call.resource_type is not None:
        return f"{call.resource_type.name.lower()}.{'read' if reads else WRITES[call.method]}"
    return "scim.read" if reads else "scim.bulk" if [*path] == ["Bulk"] else "scim.write"


def _actor(call: Call) -> dict[str, str]:
    agent = call.headers.get("user-agent", "")
    return {"type": IDP, "token_suffix": call.token, "ip": call.address, "user_agent": _clean(call, agent)}


def _target(kind: ResourceType, resource: Resource) -> dict[str, str]:
    told = {"type": kind.name, "id": resource["id"], "external_id": resource.get("externalId"), "email": ""}
    told["email"] = primary_email(resource) if kind.name == "User" else ""
    return {name: cut(value) for name, value in told.items() if isinstance(value, str) and value}


def _meant(call: Call, wanted: Mapping[str, str]) -> dict[str, str]:
    """Whom a refused request was about: as they are, or as they were to be."""
    if call.resource_type is None:
        return {}
    if call.before is not None:
        return _target(call.resource_type, call.before)
    told = {"type": call.resource_type.name, "id": _clean(call, call.id or "")}
    told.update({name: wanted[name] for name in ("external_id", "email") if name in wanted})
    return {name: value for name, value in told.items() if value}


def _wanted(call: Call) -> dict[str, str]:
    """Whom the body of a refused request spoke of."""
    if call.resource_type is None or call.resource_type.name != "User" or not call.content:
        return {}
    try:
        body = json.loads(call.content)
        return {name: _clean(call, text) for name, text in spoken_of(body).items()} if isinstance(body, dict) else {}
    except (ValueError, RecursionError):
        return {}


def _request(call: Call, status: int, path: Sequence[str] = ()) -> dict[str, Any]:
    kind = call.resource_type
    known = [f"/{word}" for word in path if word in _WORDS]
    place = known if kind is None else [kind.endpoint, "/{id}" if call.id else "", *known]
    return {"id": call.request_id, "method": call.method, "path": "".join(place), "status": status}


def _clean(call: Call, text: str) -> str:
    """A text of the client's choice: short, and without the token that came along with it."""
    _, _, token = call.headers.get("authorization", "").strip().partition(" ")
    token = token.strip()
    return cut(text.replace(token, "[token]") if token else text).encode("utf-8", "replace").decode()


@lru_cache(maxsize=64)
def _secrets(kind: ResourceType) -> frozenset[str]:
    """The attributes that nobody may read, as ``changes`` names them."""
    found = set(_hidden("", kind.schema.attributes))
    for extension in kind.extensions:
        found.update(_hidden(f"{extension.schema.id}:", extension.schema.attributes))
    return frozenset(found)


def _hidden(place: str, attributes: tuple[Attribute, ...]) -> list[str]:
    found = []
    for one in attributes:
        parts = [sub.name for sub in one.sub_attributes if sub.returned == "never"]
        if one.returned == "never" or (parts and (one.multi_valued or place)):
            found.append(place + one.name)
        else:
            found += [f"{place}{one.name}.{part}" for part in parts]
    return found
