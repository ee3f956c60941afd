"""An entry of the audit log: who did what to whom, how it ended, and what it changed (CAP-54).

Rule: no secret stands in an entry: of an attribute that nobody may read it says that it has changed, and no more. What
somebody sends can be long, and an entry can't. Knows no seam, store or socket.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Resource: TypeAlias = Mapping[str, Any]

SUCCESS = "success"
REJECTED = "rejected"
ERROR = "error"
OUTCOMES = (SUCCESS, REJECTED, ERROR)

IDP = "idp"
API = "api"
ADMIN = "admin"
SYSTEM = "system"

LONGEST = 256
"""Characters of a text that are kept."""

MOST = 50
"""Values of a list, members of a group, and attributes of a resource that are kept, each."""

CHANGED = "changed"
"""What is told of the value of a secret."""

_SILENT = frozenset({"id", "schemas", "meta", "groups"})
"""Attributes that follow from others, or never change."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is kept of one action. occurred_at: seconds since the epoch.

    action: "user.create" and the like.  outcome: ``SUCCESS``, ``REJECTED`` or ``ERROR``.  reason: one word where it
    was refused.  actor: type (idp, api, admin, system), id, token_suffix, ip, user_agent.  target: type, id,
    external_id, email.  request: id, method, path (its template), status.  changes: see ``changes``.
    wanted: email, user_name and external_id that a refused request spoke of.
    """

    action: str
    occurred_at: float
    outcome: str = SUCCESS
    reason: str = ""
    actor: Mapping[str, str] = field(default_factory=dict)
    target: Mapping[str, str] = field(default_factory=dict)
    request: Mapping[str, Any] = field(default_factory=dict)
    changes: Sequence[Mapping[str, Any]] = ()
    wanted: Mapping[str, str] = field(default_factory=dict)
    organization_id: str = ""
    directory_id: str = ""


def changes(before: Resource, after: Resource, secret: Collection[str] = ()) -> list[dict[str, Any]]:
    """What differs between two states of a resource, {} for one that wasn't or isn't there.

    ``{"attribute", "before", "after"}`` each, "name.givenName" for a part of a complex attribute; of ``members`` the
    ids in ``added`` and ``removed`` instead. secret: attributes whose values aren't told, as they are named here.
    """
    found: list[dict[str, Any]] = []
    for name, was, became in _differences(before, after):
        if len(found) == MOST:
            break
        if name == "members":
            found.append(_moved(was, became))
        elif name in secret:
            found.append({"attribute": name, "before": None, "after": CHANGED})
        else:
            found.append({"attribute": name, "before": bounded(was), "after": bounded(became)})
    return found


def bounded(value: Any) -> Any:
    """A JSON value of which an entry can be made: cut where it is long."""
    if isinstance(value, str):
        return cut(value)
    if isinstance(value, Mapping):
        return {cut(str(key)): bounded(held) for key, held in list(value.items())[:MOST]}
    if isinstance(value, Sequence):
        kept = [bounded(held) for held in value[:MOST]]
        return kept if len(value) <= MOST else [*kept, f"… and {len(value) - MOST} more"]
    return value


def cut(text: str) -> str:
    """A text that is short enough."""
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def _differences(before: Resource, after: Resource) -> Iterator[tuple[str, Any, Any]]:
    for name in sorted({*before, *after} - _SILENT):
        was, became = before.get(name), after.get(name)
        if was == became:
            continue
        if (isinstance(was, Mapping) or isinstance(became, Mapping)) and not (
            isinstance(was, Sequence) or isinstance(became, Sequence)
        ):
            mark = ":" if ":" in name else "."  # an extension, or a complex attribute
            yield from _parts(name + mark, was or {}, became or {})
        else:
            yield name, was, became


def _parts(place: str, before: Resource, after: Resource) -> Iterator[tuple[str, Any, Any]]:
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            yield place + name, before.get(name), after.get(name)


def _moved(before: Any, after: Any) -> dict[str, Any]:
    was, became = _ids(before), _ids(after)
    added, removed = sorted(became - was), sorted(was - became)
    told: dict[str, Any] = {"attribute": "members", "added": added[:MOST], "removed": removed[:MOST]}
    more = len(added[MOST:]) + len(removed[MOST:])
    return {**told, "more": more} if more else told


def _ids(members: Any) -> set[str]:
    return {member["value"] for member in members or ()}


# What a refused request spoke of


def spoken_of(body: Resource) -> dict[str, str]:
    """``email``, ``user_name`` and ``external_id`` in the body of a SCIM request, as far as it names them.

    However ill-formed it is: of a PATCH, what its operations would have set.
    """
    found = dict(_named(body))
    operations = _of(body, "operations")
    for one in operations if isinstance(operations, list) else ():
        if isinstance(one, Mapping):
            path, value = _of(one, "path"), _of(one, "value")
            told = {path: value} if isinstance(path, str) else value
            found = {**dict(_named(told)), **found} if isinstance(told, Mapping) else found
    return found


def _named(body: Resource) -> Iterator[tuple[str, str]]:
    for name, value in body.items():
        stem = name.lower().rpartition(":2.0:user:")[2]
        if stem in ("username", "externalid") and isinstance(value, str) and value:
            yield ("user_name" if stem == "username" else "external_id"), cut(value)
        elif stem.startswith("emails") and (address := _address(value)):
            yield "email", cut(address)
    name = _of(body, "username")
    if isinstance(name, str) and "@" in name and not _address(_of(body, "emails")):
        yield "email", cut(name)


def _address(value: Any) -> str:
    """The primary address among these, else the first."""
    if isinstance(value, str):
        return value if "@" in value else ""
    if isinstance(value, Mapping):
        return _address(_of(value, "value"))
    if isinstance(value, list):
        ranked = sorted(value, key=lambda one: not (isinstance(one, Mapping) and _of(one, "primary") is True))
        return next((address for one in ranked if (address := _address(one))), "")
    return ""


def _of(body: Resource, name: str) -> Any:
    return next((value for key, value in body.items() if isinstance(key, str) and key.lower() == name), None)
