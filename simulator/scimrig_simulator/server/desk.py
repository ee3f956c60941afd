"""Between rows and resources: how a stored row is represented, and what of a resource is stored.

Links are kept apart from documents: ``members`` is written to the membership table, ``groups`` (RFC 7643 §4.1.2) is
read from it, so the two can't disagree. A representation comes as an object, or as the very text that is sent where
nobody wants to look into it. Rule: an object that leaves here is the whole representation, password hash included;
leaving things out is for ``Seams.render``. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scimrig_simulator.calls import Resource
from scimrig_simulator.clock import Clock
from scimrig_simulator.scim.compare import fold
from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.scim.keys import comparable
from scimrig_simulator.scim.schemas import Definitions, ResourceType
from scimrig_simulator.server import passwords, portrait
from scimrig_simulator.server.filing import filed, place_of
from scimrig_simulator.server.store import Link, Row, Store
from scimrig_simulator.wire import segment

_LINKS = ("meta", "groups", "members")


@dataclass(frozen=True, slots=True)
class Desk:
    """Resources of one server as seen under ``base_url``, for one request; the ``Rows`` that seams work with.

    only: the only members of groups that matter here, None = all of them.
    """

    store: Store
    definitions: Definitions
    clock: Clock
    base_url: str
    only: Collection[str] | None = None
    _seen: dict[str, Row] = field(default_factory=dict)
    _fresh: set[str] = field(default_factory=set)

    @property
    def _grouping(self) -> bool:
        return self.definitions.by_endpoint("/Groups") is not None

    # Reading

    def fetch(self, resource_type: ResourceType, id: str) -> Resource | None:
        """The whole representation; None where there is no such resource."""
        row = self.row(resource_type, id)
        return self.portrait(row) if row else None

    def row(self, resource_type: ResourceType, id: str) -> Row | None:
        """The stored row; None where there is no such resource."""
        row = self.store.fetch(resource_type.name, id)
        if row is not None:
            self._seen[id] = row
        return row

    def held(self, resource_type: ResourceType, id: str) -> Row:
        """The row of a resource that is there. Raises LookupError where it isn't."""
        row = self._seen.get(id) or self.row(resource_type, id)
        if row is None:
            raise LookupError(f"{resource_type.name} {id} is not in the store")
        return row

    def named(self, resource_type: ResourceType, user_name: str) -> Sequence[tuple[str, str]]:
        """(id, userName) of all resources whose userName is equal but for case."""
        rows = self.store.keyed([resource_type.name], "user_name", fold(user_name))
        return [(row.id, row.body["userName"]) for row in rows]

    def holders(self, resource_type: ResourceType, name: str, value: Any) -> Sequence[str]:
        """Ids of the resources whose attribute ``name``, one that is unique, has this value by its case rule."""
        place = place_of(resource_type, name)
        text = None if place is None else comparable(value, place.leaf)
        return [] if text is None else self.store.holders(resource_type.name, name, text)

    def portrait(self, row: Row) -> Resource:
        """The representation of one row."""
        return self.portraits([row])[0]

    def portraits(self, rows: Sequence[Row], members: bool = True, groups: bool = True) -> list[Resource]:
        """Representations of rows; their links are read together, or left out where not asked for."""
        links, places = self._links(rows, members, groups), self._places
        return [portrait.whole(row, links.get(row.id, ()), places) for row in rows]

    def texts(self, rows: Sequence[Row]) -> list[str]:
        """The JSON texts of rows as they are sent by default."""
        links, places = self._links(rows), self._places
        return [portrait.text(row, links.get(row.id, ()), places)[0] for row in rows]

    def text(self, row: Row) -> tuple[str, str]:
        """The JSON text of a row as it is sent by default, and its version."""
        return portrait.text(row, self._links([row]).get(row.id, ()), self._places)

    def _links(self, rows: Sequence[Row], members: bool = True, groups: bool = True) -> dict[str, list[Link]]:
        """Members of the groups, and groups of the users, among these."""
        crews = [row.id for row in rows if row.kind == "Group"] if members else []
        links = self.store.members(crews, self.only) if crews and self.only != () else {}
        users = [row.id for row in rows if row.kind == "User" and row.id not in self._fresh] if groups else []
        return links | self.store.groups(users) if users and self._grouping else links

    def location(self, kind: str, id: str) -> str:
        """The absolute URI of a resource."""
        return self._places[kind] + segment(id)

    @property
    def _places(self) -> Mapping[str, str]:
        return portrait.roots(self.definitions, self.base_url)

    # Writing

    def create(self, resource_type: ResourceType, resource: Resource) -> Resource:
        """Store a new resource and return its representation. Raises ScimError 400 for a bad member."""
        return self.portrait(self.insert(resource_type, resource))

    def insert(self, resource_type: ResourceType, resource: Resource) -> Row:
        """Store a new resource. Raises ScimError 400 for a bad member."""
        id = resource.get("id") or str(uuid.uuid4())
        after = self.settled(resource_type, {**resource, "id": id}, {})
        row = self._seen[id] = self.store.insert(resource_type.name, id, self._now(), *filed(after, resource_type))
        self._fresh.add(id)  # and so in no group yet
        if "members" in after:
            self.store.set_members(id, _pairs(after))
        return row

    def replace(self, resource_type: ResourceType, after: Resource) -> Row:
        """Store the new state of a resource (settled, id included)."""
        id = after["id"]
        row = self.store.update(self.held(resource_type, id), self._now(), *filed(after, resource_type))
        self._seen[id] = row
        if resource_type.name == "Group":
            self.store.set_members(id, _pairs(after), self.only)
        return row

    def settled(self, resource_type: ResourceType, after: Resource, before: Resource) -> Resource:
        """``after`` with what the server decides filled in: id, meta, links, password hash. Raises ScimError 400."""
        result = {name: value for name, value in after.items() if name not in _LINKS}
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
        self._seen.pop(id, None)

    def _members(self, group_id: str, wanted: Sequence[Resource], known: Iterable[Resource]) -> list[Resource]:
        """Members as represented. A client may say how one is displayed; $ref and type are what they are."""
        ids = [member.get("value") for member in wanted]
        have = {member["value"]: member for member in known}
        fresh = [id for id in ids if id not in have]
        links = self.store.links(id for id in fresh if isinstance(id, str))
        have.update({id: portrait.member(link, self._places) for id, link in links.items()})
        unknown = [id for id in fresh if id not in have]
        if unknown:
            detail = f"members: nobody has the id {unknown[0]!r}. Provision members before the group that holds them."
            raise ScimError(400, "invalidValue", detail)
        if group_id in links:
            raise ScimError(400, "invalidValue", "members: a group can't be a member of itself.")
        given = [{name: value for name, value in member.items() if name == "display"} for member in wanted]
        return [{**have[id], **display} for id, display in zip(ids, given, strict=True)]

    def _password(self, given: str, stored: str) -> str:
        if given == stored or passwords.verified(given, stored):
            return stored
        return passwords.hashed(given, passwords.SOUND if self.store.durable else passwords.CHEAP)

    def _now(self) -> int:
        return round(self.clock.now() * 1000)


def _pairs(group: Resource) -> list[tuple[str, str]]:
    return [(member["value"], member["display"]) for member in group.get("members", ())]
