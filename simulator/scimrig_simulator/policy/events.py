"""What the reference server tells a webhook endpoint: events about users and groups (policy page §2.4).

An event is made from a resource as SCIM represents it, by the same table for every IdP. What a user has not is left
out, never null. Deactivation is told as ``user_deleted`` with a reason, reactivation as ``user_created`` (D4).

Rule: no password leaves here, whatever the resource holds. Knows no seam, store or socket.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from scimrig_simulator.clock import printed
from scimrig_simulator.policy.rules import primary_email
from scimrig_simulator.wire import encode_json

Resource: TypeAlias = Mapping[str, Any]

USER_CREATED = "organization.directory.user_created"
USER_UPDATED = "organization.directory.user_updated"
USER_DELETED = "organization.directory.user_deleted"
GROUP_CREATED = "organization.directory.group_created"
GROUP_UPDATED = "organization.directory.group_updated"
GROUP_DELETED = "organization.directory.group_deleted"

DEACTIVATED = "deactivated"
DELETED = "deleted"

# The reference server has one of each.
ENVIRONMENT_ID = "env_ref"
ORGANIZATION_ID = "org_ref"
DIRECTORY_ID = "dir_ref"

_ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

_PLAIN = {  # name in an event → SCIM attribute
    "preferred_username": "userName",
    "nickname": "nickName",
    "locale": "locale",
    "language": "preferredLanguage",
    "zoneinfo": "timezone",
    "title": "title",
    "user_type": "userType",
    "profile": "profileUrl",
}
_NAME = {"given_name": "givenName", "family_name": "familyName"}
_WORK = {
    "employee_id": "employeeNumber",
    "department": "department",
    "cost_center": "costCenter",
    "division": "division",
    "organization": "organization",
}
_ADDRESS = {
    "formatted": "formatted",
    "street_address": "streetAddress",
    "locality": "locality",
    "region": "region",
    "postal_code": "postalCode",
    "country": "country",
}


@dataclass(frozen=True, slots=True)
class Event:
    """Something that has happened. id: ``evt_…``, unique.  occurred_at: seconds since the epoch.

    object: ``DirectoryUser`` or ``DirectoryGroup``.  data: what is told of it, JSON.
    """

    id: str
    type: str
    occurred_at: float
    object: str
    data: Mapping[str, Any]


def user_event(type: str, user: Resource, *, now: float, reason: str = "", roles: Sequence[str] = ()) -> Event:
    """An event about a user as represented: afterwards, or before a deletion.

    reason: why it is ``USER_DELETED``, ``DEACTIVATED`` or ``DELETED``, whose data is an excerpt.
    roles: the roles that the user has.
    """
    whole = type != USER_DELETED
    data = _user(user, roles) if whole else {**_who(user), "active": False, "reason": reason or DELETED}
    return Event(_new_id(), type, now, "DirectoryUser", data)


def group_event(type: str, group: Resource, *, now: float) -> Event:
    """An event about a group as represented: afterwards, or before a deletion. Its members aren't told."""
    raw = {name: value for name, value in group.items() if name != "members"}
    data = {
        "id": f"dirgroup_{group['id']}",
        "organization_id": ORGANIZATION_ID,
        "directory_id": DIRECTORY_ID,
        "display_name": group.get("displayName", ""),
        "external_id": group.get("externalId"),
        **_known({"dp_id": group.get("externalId")}),
        "raw_attributes": raw,
    }
    return Event(_new_id(), type, now, "DirectoryGroup", data)


def payload(event: Event) -> bytes:
    """The body of a delivery: compact JSON in UTF-8, the envelope around the data."""
    return encode_json(
        {
            "spec_version": "1",
            "id": event.id,
            "type": event.type,
            "occurred_at": printed(event.occurred_at),
            "environment_id": ENVIRONMENT_ID,
            "organization_id": ORGANIZATION_ID,
            "object": event.object,
            "display_name": _label(event.type),
            "data": dict(event.data),
        }
    )


def _new_id() -> str:
    return f"evt_{uuid.uuid4().hex}"  # no "." in it: that is what parts the signed text


def _label(type: str) -> str:
    """``organization.directory.user_created`` → ``Directory User Created``."""
    return " ".join(word.capitalize() for word in type.removeprefix("organization.").replace("_", ".").split("."))


def _who(user: Resource) -> dict[str, Any]:
    known = _known({"dp_id": user.get("externalId"), "email": primary_email(user)})
    return {"id": f"diruser_{user['id']}", "organization_id": ORGANIZATION_ID, **known}


def _user(user: Resource, roles: Sequence[str]) -> dict[str, Any]:
    name = _part(user, "name")
    work = _part(user, _ENTERPRISE)
    told = {
        "name": _whole_name(user, name),
        **{key: name.get(attribute) for key, attribute in _NAME.items()},
        **{key: user.get(attribute) for key, attribute in _PLAIN.items()},
        "picture": _main(user, "photos").get("value"),
        "phone_number": _main(user, "phoneNumbers").get("value"),
        **{key: work.get(attribute) for key, attribute in _WORK.items()},
        "address": _known({key: _main(user, "addresses").get(attribute) for key, attribute in _ADDRESS.items()}),
    }
    return {
        **_who(user),
        "active": user.get("active") is not False,
        **_known(told),
        "groups": [{"id": f"dirgroup_{group['value']}", "name": group["display"]} for group in user.get("groups", ())],
        "roles": [{"role_name": role} for role in roles],
        "custom_attributes": {},
        "raw_attributes": {key: value for key, value in user.items() if key != "password"},
    }


def _whole_name(user: Resource, name: Mapping[str, Any]) -> Any:
    parts = " ".join(str(name[key]) for key in ("givenName", "familyName") if name.get(key))
    return name.get("formatted") or user.get("displayName") or parts


def _part(user: Resource, name: str) -> Mapping[str, Any]:
    part = user.get(name)
    return part if isinstance(part, Mapping) else {}


def _main(user: Resource, name: str) -> Mapping[str, Any]:
    """The primary value of a multi-valued attribute, else the first; an empty one where there is none."""
    values: Sequence[Mapping[str, Any]] = user.get(name) or [{}]
    return next((value for value in values if value.get("primary") is True), values[0])


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in (None, "", {})}
