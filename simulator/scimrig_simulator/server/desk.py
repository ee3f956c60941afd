"""Between rows and resources: how a stored row is represented, and what of a resource is stored.

Links are kept apart from bodies: ``members`` is written to the membership table, ``groups`` (RFC 7643 §4.1.2) is read
from it, so the two can't disagree. Rule: what leaves here is the whole representation, password hash included; leaving
things out is for ``Seams.render``. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

import json
import uuid
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from scimrig_simulator.clock import Clock, printed
from scimrig_simulator.scim.compare import fold
from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.scim.schemas import Definitions, ResourceType
from scimrig_simulator.seams import Resource
from scimrig_simulator.server import passwords
from scimrig_simulator.server.store import Keys, Link, Row, Store
from scimrig_simulator.wire import segment

_APART = frozenset({"id", "meta", "members", "groups"})


@dataclass(frozen=True, slots=True)
class Desk:
    """Resources of one server as seen under ``base_url``; the ``Rows`` that seams work with."""

    store: Store
    definitions: Definitions
    clock: Clock
    base_url: str
    with_members: bool = True

    @property
    def _grouping(self) -> bool:
        return self.definitions.by_endpoint("/Groups") is not None

    # Reading

    def fetch(self, resource_type: ResourceType, id: str) -> Resource | None:
        """The whole representation; None where there is no such resource."""
        row = self.store.fetch(resource_type.name, id)
        return self.portraits([row], members=self.with_members)[0] if row else None

    def named(self, resource_type: ResourceType, user_name: str) -> Sequence[tuple[str, str]]:
        """(id, userName) of all resources whose userName is equal but for case."""
        rows = self.store.keyed([resource_type.name], "user_name", fold(user_name))
        return [(row.id, row.body["userName"]) for row in rows]

    def portraits(self, rows: Sequence[Row], members: bool = True, groups: bool = True) -> list[Resource]:
        """Representations of rows; their links are read together, or left out where not asked for."""
        of_group = self.store.members(row.id for row in rows if row.kind == "Group") if members else {}
        of_user = self.store.groups(row.id for row in rows if row.kind == "User") if groups and self._grouping else {}
        return [self._portrait(row, of_group.get(row.id, ()), of_user.get(row.id, ())) for row in rows]

    def _portrait(self, row: Row, members: Sequence[Link], groups: Sequence[Link]) -> Resource:
        resource: Resource = {"schemas": [], "id": row.id, **row.body}
        if members:
            resource["members"] = [self._member(link) for link in members]
        if groups:
            resource["groups"] = [self._group(link) for link in groups]
        resource["meta"] = {
            "resourceType": row.kind,
            "created": printed(row.created / 1000),
            "lastModified": printed(row.modified / 1000),
            "location": self.location(row.kind, row.id),
            "version": _version(row.revision, resource.get("groups")),
        }
        return resource

    def location(self, kind: str, id: str) -> str:
        """The absolute URI of a resource."""
        return f"{self.base_url}{self.definitions.resource_type(kind).endpoint}/{segment(id)}"

    def _member(self, link: Link) -> Resource:
        location = self.location(link.kind, link.id)
        return {"value": link.id, "$ref": location, "type": link.kind, "display": link.label}

    def _group(self, link: Link) -> Resource:
        location = self.location("Group", link.id)
        height = "direct" if link.direct else "indirect"
        return {"value": link.id, "$ref": location, "display": link.label, "type": height}

    # Writing

    def create(self, resource_type: ResourceType, resource: Resource) -> Resource:
        """Store a new resource and return its representation. Raises ScimError 400 for a bad member."""
        id = resource.get("id") or str(uuid.uuid4())
        after = self.settled(resource_type, {**resource, "id": id}, {})
        self.store.insert(resource_type.name, id, self._now(), _keys(after), _body(after))
        if "members" in after:
            self.store.set_members(id, _pairs(after))
        return self._present(resource_type, id)

    def replace(self, resource_type: ResourceType, after: Resource) -> Resource:
        """Store the new state of a resource (settled, id included) and return its representation."""
        id = after["id"]
        self.store.update(id, self._now(), _keys(after), _body(after))
        if resource_type.name == "Group":
            self.store.set_members(id, _pairs(after))
        return self._present(resource_type, id)

    def settled(self, resource_type: ResourceType, after: Resource, before: Resource) -> Resource:
        """``after`` with what the server decides filled in: id, meta, links, password hash. Raises ScimError 400."""
        result = {name: value for name, value in after.items() if name not in ("meta", "groups", "members")}
        result.update({name: before[name] for name in ("id", "meta", "groups") if name in before})
        if after.get("members"):
            result["members"] = self._members(result["id"], after["members"], before.get("members", ()))
        if isinstance(result.get("password"), str):
            result["password"] = self._password(result["password"], before.get("password", ""))
        return result

    def remove(self, resource_type: ResourceType, id: str) -> None:
        """Delete a resource and its memberships; the groups that lose it have changed."""
        holders = self.store.groups_holding(id)
        self.store.delete(id)
        self.store.touch(holders, self._now())

    def _present(self, resource_type: ResourceType, id: str) -> Resource:
        resource = self.fetch(resource_type, id)
        if resource is None:
            raise LookupError(f"{resource_type.name} {id} is not in the store")
        return resource

    def _members(self, group_id: str, wanted: Sequence[Resource], known: Iterable[Resource]) -> list[Resource]:
        """Members as represented. A client may say how one is displayed; $ref and type are what they are."""
        ids = [member.get("value") for member in wanted]
        have = {member["value"]: member for member in known}
        fresh = [id for id in ids if id not in have]
        links = self.store.links(id for id in fresh if isinstance(id, str))
        have.update({id: self._member(link) for id, link in links.items()})
        unknown = [id for id in fresh if id not in have]
        if unknown:
            detail = f"members: nobody has the id {unknown[0]!r}. Provision members before the group that holds them."
            raise ScimError(400, "invalidValue", detail)
        self._refuse_circles(group_id, [link.id for link in links.values() if link.kind == "Group"])
        given = [{name: value for name, value in member.items() if name == "display"} for member in wanted]
        return [{**have[id], **display} for id, display in zip(ids, given, strict=True)]

    def _refuse_circles(self, group_id: str, nested: Sequence[str]) -> None:
        if not nested:
            return
        above = {group_id, *(link.id for link in self.store.groups([group_id]).get(group_id, ()))}
        if above.intersection(nested):
            raise ScimError(400, "invalidValue", "members: a group can't hold itself, also not through other groups.")

    def _password(self, given: str, stored: str) -> str:
        if given == stored or passwords.verified(given, stored):
            return stored
        return passwords.hashed(given, passwords.SOUND if self.store.durable else passwords.CHEAP)

    def _now(self) -> int:
        return round(self.clock.now() * 1000)


def _version(revision: int, groups: Any) -> str:
    """A weak tag. ``groups`` is part of a user but changes elsewhere, so the tag covers it (RFC 9110 §8.8.1)."""
    if not groups:
        return f'W/"{revision}"'
    digest = zlib.crc32(json.dumps([(group["value"], group["display"], group["type"]) for group in groups]).encode())
    return f'W/"{revision}-{digest:08x}"'


def _pairs(group: Resource) -> list[tuple[str, str]]:
    return [(member["value"], member["display"]) for member in group.get("members", ())]


def _body(resource: Resource) -> Resource:
    return {name: value for name, value in resource.items() if name not in _APART}


def _keys(resource: Resource) -> Keys:
    display, user = (_text(resource.get(name)) for name in ("displayName", "userName"))
    return Keys(
        user_name=None if user is None else fold(user),
        external_id=_text(resource.get("externalId")),
        display_name=None if display is None else fold(display),
        label=display or user or resource["id"],
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


