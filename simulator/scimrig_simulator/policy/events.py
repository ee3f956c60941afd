"""What the reference server tells a webhook endpoint: events about users and groups (policy page §2.4).

An event is made from a resource as SCIM represents it; of a user it tells the profile (``profile.py``), the same for
every IdP. What a user has not is left out, never null. Deactivation is told as ``user_deleted`` with a reason,
reactivation as ``user_created`` (D4).

Rule: no password leaves here, whatever the resource holds. Knows no seam, store or socket.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from scimrig_simulator.clock import printed
from scimrig_simulator.policy.profile import normalised
from scimrig_simulator.wire import encode_json

Resource: TypeAlias = Mapping[str, Any]

USER_CREATED = "organization.directory.user_created"
USER_UPDATED = "organization.directory.user_updated"
USER_DELETED = "organization.directory.user_deleted"
GROUP_CREATED = "organization.directory.group_created"
GROUP_UPDATED = "organization.directory.group_updated"
GROUP_DELETED = "organization.directory.group_deleted"
DIRECTORY_ENABLED = "organization.directory_enabled"
DIRECTORY_DISABLED = "organization.directory_disabled"

DEACTIVATED = "deactivated"
DELETED = "deleted"

ENVIRONMENT_ID = "env_ref"

UNSPECIFIED = "DIRECTORY_PROVIDER_UNSPECIFIED"
"""What the provider of a custom directory is called."""

@dataclass(frozen=True, slots=True)
class Source:
    """Where something has happened."""

    organization_id: str = "org_ref"
    directory_id: str = "dir_ref"


REFERENCE = Source()
"""The directory that is served without a name."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that has happened. id: ``evt_…``, unique.  occurred_at: seconds since the epoch.

    object: ``DirectoryUser``, ``DirectoryGroup`` or ``Directory``.  data: what is told of it, JSON.
    """

    id: str
    type: str
    occurred_at: float
    object: str
    data: Mapping[str, Any]
    source: Source = REFERENCE


def user_event(
    type: str,
    user: Resource,
    *,
    now: float,
    reason: str = "",
    roles: Sequence[str] = (),
    source: Source = REFERENCE,
    profile: Mapping[str, Any] | None = None,
) -> Event:
    """An event about a user as represented: afterwards, or before a deletion.

    reason: why it is ``USER_DELETED``, ``DEACTIVATED`` or ``DELETED``, whose data is an excerpt.
    roles: the roles that the user has.  profile: as ``normalised`` makes it, with custom attributes.
    """
    profile = normalised(user) if profile is None else profile
    who = {"id": f"diruser_{user['id']}", "organization_id": source.organization_id}
    if type == USER_DELETED:
        known = {name: profile[name] for name in ("dp_id", "email") if name in profile}
        data = {**who, **known, "active": False, "reason": reason or DELETED}
    else:
        data = {**who, **whole_user(user, profile, roles)}
    return Event(_new_id(), type, now, "DirectoryUser", data, source)


def group_event(type: str, group: Resource, *, now: float, source: Source = REFERENCE) -> Event:
    """An event about a group as represented: afterwards, or before a deletion. Its members aren't told."""
    raw = {name: value for name, value in group.items() if name != "members"}
    data = {
        "id": f"dirgroup_{group['id']}",
        "organization_id": source.organization_id,
        "directory_id": source.directory_id,
        "display_name": group.get("displayName", ""),
        "external_id": group.get("externalId"),
        **_known({"dp_id": group.get("externalId")}),
        "raw_attributes": raw,
    }
    return Event(_new_id(), type, now, "DirectoryGroup", data, source)


def directory_event(type: str, kind: str, provider: str, *, now: float, source: Source = REFERENCE) -> Event:
    """That a directory was switched on or off. kind: SCIM, LDAP or POLL.  provider: "" for a custom one (CAP-08)."""
    data = {
        "id": source.directory_id,
        "organization_id": source.organization_id,
        "directory_type": kind,
        "provider": provider or UNSPECIFIED,
        "enabled": type == DIRECTORY_ENABLED,
        "updated_at": printed(now),
    }
    return Event(_new_id(), type, now, "Directory", data, source)


def payload(event: Event) -> bytes:
    """The body of a delivery: compact JSON in UTF-8, the envelope around the data."""
    return encode_json(
        {
            "spec_version": "1",
            "id": event.id,
            "type": event.type,
            "occurred_at": printed(event.occurred_at),
            "environment_id": ENVIRONMENT_ID,
            "organization_id": event.source.organization_id,
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


def whole_user(user: Resource, profile: Mapping[str, Any], roles: Sequence[str]) -> dict[str, Any]:
    """All that is told of a user: the profile, the groups, the roles, and what the IdP has sent but for a password."""
    return {
        **profile,
        "groups": [{"id": f"dirgroup_{group['value']}", "name": group["display"]} for group in user.get("groups", ())],
        "roles": [{"role_name": role} for role in roles],
        "raw_attributes": {key: value for key, value in user.items() if key != "password"},
    }


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in (None, "", {})}
