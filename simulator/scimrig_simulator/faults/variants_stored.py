"""Variants that make something of their own of values, ids and references: sound, and awkward.

Rule: what a variant does, the RFC allows; each says where. May not import ``server`` or ``idp``.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from scimrig_simulator.calls import Answer, Call, Resource, Rows
from scimrig_simulator.faults.sabotage import Fault
from scimrig_simulator.scim import urns
from scimrig_simulator.scim.compare import fold
from scimrig_simulator.scim.errors import ScimError, invalid_value
from scimrig_simulator.scim.schemas import Definitions, Schema
from scimrig_simulator.seams import Seams

_REQUIRED = "emails"
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class _LowerCasing(Seams):
    def store(self, call: Call, before: Resource | None, after: Resource) -> Resource:
        return super().store(call, before, _lower(after))


def _lower(resource: Resource) -> Resource:
    changed = dict(resource)
    if isinstance(resource.get("userName"), str):
        changed["userName"] = resource["userName"].lower()
    if resource.get("emails"):
        changed["emails"] = [
            {**email, "value": email["value"].lower()} if isinstance(email.get("value"), str) else email
            for email in resource["emails"]
        ]
    return changed


LOWER_CASING = Fault(
    "lower-casing", "userName and e-mail addresses are stored in lower case",
    "Nothing: they are not caseExact, so that it SHOULD keep their case and need not (RFC 7643 §7).",
    seams=_LowerCasing,
)


class _RelativeLocation(Seams):
    def emit(self, call: Call, answer: Answer) -> Answer:
        root = f"{call.base_url}/"
        if isinstance(answer.body, dict):
            answer.body = _relative(answer.body, root)
        if "Location" in answer.headers:
            answer.headers["Location"] = answer.headers["Location"].removeprefix(root)
        return super().emit(call, answer)


def _relative(value: Any, root: str) -> Any:
    """A copy in which references to this server lack its base URL: ``Users/2819…``, below the root (§2.3.7)."""
    if isinstance(value, list):
        return [_relative(item, root) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: item.removeprefix(root) if name in ("location", "$ref") and isinstance(item, str)
        else _relative(item, root)
        for name, item in value.items()
    }


RELATIVE_LOCATION = Fault(
    "relative-location", "meta.location, Location and $ref are relative to the base URL",
    "Nothing: a reference may be relative, and is then below the base URL (RFC 7643 §2.3.7, RFC 9110 §10.2.2).",
    seams=_RelativeLocation,
)


class _ExtraRequired(Seams):
    def definitions(self, known: Definitions) -> Definitions:
        """The required attribute is refused by the schema itself, which /Schemas serves."""
        schemas = tuple(_demanding(schema) if schema.id == urns.USER else schema for schema in known.schemas)
        by_id = {schema.id: schema for schema in schemas}
        kinds = tuple(replace(kind, schema=by_id[kind.schema.id]) for kind in known.resource_types)
        return Definitions(schemas, kinds)


def _demanding(schema: Schema) -> Schema:
    attributes = [replace(one, required=True) if one.name == _REQUIRED else one for one in schema.attributes]
    return replace(schema, attributes=tuple(attributes))


EXTRA_REQUIRED_ATTRIBUTE = Fault(
    "extra-required-attribute", "A user needs an e-mail address besides the userName, and /Schemas says so",
    "Nothing: a server may require more if its schema declares it (RFC 7643 §7); every IdP sends e-mails.",
    seams=_ExtraRequired,
)


class _UuidIdsOnly(Seams):
    def find(self, call: Call, rows: Rows) -> Resource:
        if not _uuid(call.id):
            raise ScimError(400, None, f"{call.id!r} can't be an id here: ids are UUIDs.")
        return super().find(call, rows)

    def store(self, call: Call, before: Resource | None, after: Resource) -> Resource:
        for member in after.get("members") or ():
            if not _uuid(member.get("value")):
                raise invalid_value(f"members: {member.get('value')!r} can't be an id here: ids are UUIDs.")
        return super().store(call, before, after)


def _uuid(text: Any) -> bool:
    return isinstance(text, str) and _UUID.fullmatch(text) is not None


UUID_IDS_ONLY = Fault(
    "uuid-ids-only", "What is no UUID can't be an id: 400 in a path, 400 invalidValue as a member",
    "Nothing that a client meets: it sends back the ids it was given, and those are UUIDs. An id of another shape can "
    "belong to nobody; 404 would be plainer (RFC 7644 §3.12).",
    seams=_UuidIdsOnly,
)


class _SoftDelete404(Seams):
    """``_hidden``: userName, folded → id of the row that is still there and never shown."""

    def __init__(self) -> None:
        self._hidden: dict[str, str] = {}

    def store(self, call: Call, before: Resource | None, after: Resource) -> Resource:
        hidden = self._hidden.get(_name(after)) if before is None else None
        return super().store(call, before, {**after, "id": hidden} if hidden else after)

    def unique(self, call: Call, after: Resource, rows: Rows) -> None:
        super().unique(call, after, rows)
        if call.method == "POST":
            self._hidden.pop(_name(after), None)  # back again, under the old id

    def delete(self, call: Call, rows: Rows) -> None:
        """What is left of a row is its id and its name: a create brings everything else anew."""
        row = rows.fetch(call.kind, call.id or "")
        super().delete(call, rows)
        if row is not None and "userName" in row:
            self._hidden[_name(row)] = row["id"]


def _name(resource: Resource) -> str:
    name = resource.get("userName")
    return fold(name) if isinstance(name, str) else ""


SOFT_DELETE_404 = Fault(
    "soft-delete-404", "A deleted user is hidden (404); a create with the same userName brings the old id back",
    "Nothing: for every request the user is gone (RFC 7644 §3.6). The memberships do not come back with the id.",
    seams=_SoftDelete404,
)
