"""Saboteurs of creating: which answer, which id, what is asked for, what is taken in.

Rule: each class overrides what it breaks and asks ``super()`` for the rest. May not import ``server`` or ``idp``.
"""

from __future__ import annotations

import uuid
from typing import Any

from scimrig_simulator.calls import Answer, Call, Resource, Rows
from scimrig_simulator.faults.sabotage import Fault
from scimrig_simulator.scim import urns
from scimrig_simulator.scim.compare import fold, member
from scimrig_simulator.scim.errors import ScimError, invalid_value
from scimrig_simulator.scim.schemas import ResourceType
from scimrig_simulator.seams import Seams


def _is_user(call: Call) -> bool:
    return call.kind.schema.id == urns.USER


class _Create200(Seams):
    def emit(self, call: Call, answer: Answer) -> Answer:
        if call.method == "POST" and answer.status == 201:
            answer.status = 200
        return super().emit(call, answer)


CREATE_200 = Fault(
    "create-200", "A create is answered 200 instead of 201",
    "A client can't tell a new account from one that was there; strict ones report a failure.",
    ("CREA-07",), _Create200,
)


class _UserNameMissing(Seams):
    def accept(self, call: Call, body: Resource, existing: Resource | None) -> Resource:
        if not _is_user(call) or member(body, "userName"):
            return super().accept(call, body, existing)
        resource = super().accept(call, {**body, "userName": str(uuid.uuid4())}, existing)
        del resource["userName"]
        return resource


USER_NAME_MISSING = Fault(
    "user-name-missing", "A user without a userName is created",
    "userName is the one attribute that every user has; an account without it can't be matched or signed in to.",
    ("ERR-03",), _UserNameMissing,
)


class _NameRequired(Seams):
    def accept(self, call: Call, body: Resource, existing: Resource | None) -> Resource:
        resource = super().accept(call, body, existing)
        if _is_user(call) and "name" not in resource:
            raise invalid_value("name is required.")
        return resource


NAME_REQUIRED = Fault(
    "name-required", "A user without a name is refused",
    "userName is all that the RFC asks for; who sends no more gets 400.",
    ("CREA-09",), _NameRequired,
)


class _TwoPrimaries(Seams):
    def accept(self, call: Call, body: Resource, existing: Resource | None) -> Resource:
        emails = member(body, "emails")
        if not isinstance(emails, list) or not all(isinstance(email, dict) for email in emails):
            return super().accept(call, body, existing)
        plain = [{name: value for name, value in email.items() if name != "primary"} for email in emails]
        resource = super().accept(call, {**body, "emails": plain}, existing)
        marks = [email.get("primary") is True for email in emails]
        kept = zip(resource.get("emails", []), marks, strict=True)
        resource["emails"] = [{**email, "primary": True} if mark else email for email, mark in kept]
        return resource


TWO_PRIMARIES = Fault(
    "two-primaries", "Two primary e-mails are stored",
    "Two addresses of one user are both the primary one, and each reader takes another for the login.",
    ("MULT-01",), _TwoPrimaries,
)


class _UnknownAttributesKept(Seams):
    def accept(self, call: Call, body: Resource, existing: Resource | None) -> Resource:
        extra = {name: value for name, value in body.items() if ":" not in name and _unknown(name, call.kind)}
        return {**super().accept(call, body, existing), **extra}

    def render(self, call: Call, resource: Resource, resource_type: ResourceType) -> Resource:
        extra = {name: value for name, value in resource.items() if ":" not in name and _unknown(name, resource_type)}
        return {**super().render(call, resource, resource_type), **extra}


def _unknown(name: str, kind: ResourceType) -> bool:
    return name.lower() not in ("id", "schemas", "meta", "externalid") and kind.attribute(name) is None


UNKNOWN_ATTRIBUTES_KEPT = Fault(
    "unknown-attributes-kept", "Attributes that no schema has are stored with the rest",
    "Whatever a body holds goes straight into the record: isAdmin, tenantId, emailVerified.",
    ("SEC-05",), _UnknownAttributesKept,
)


class _ClientIdTaken(Seams):
    def accept(self, call: Call, body: Resource, existing: Resource | None) -> Resource:
        wanted = member(body, "id")
        resource = super().accept(call, body, existing)
        return {**resource, "id": wanted} if existing is None and isinstance(wanted, str) else resource

    def unique(self, call: Call, after: Resource, rows: Rows) -> None:
        super().unique(call, after, rows)
        if call.method == "POST" and "id" in after:
            rows.remove(call.kind, after["id"])


CLIENT_ID_TAKEN = Fault(
    "client-id-taken", "A create with an id takes the place of whoever has it",
    "The id in a body is used as the key of the row: POST with another's id overwrites that account.",
    ("SEC-04",), _ClientIdTaken,
)


class _ExternalIdAsId(Seams):
    def unique(self, call: Call, after: Resource, rows: Rows) -> None:
        super().unique(call, after, rows)
        wanted: Any = after.get("externalId")
        if call.method == "POST" and isinstance(wanted, str):
            rows.remove(call.kind, wanted)
            after["id"] = wanted


EXTERNAL_ID_AS_ID = Fault(
    "external-id-as-id", "externalId is used as the id",
    "Who writes down another's id as an externalId overwrites that account.",
    ("SEC-04",), _ExternalIdAsId,
)


class _DeletedNameReserved(Seams):
    def __init__(self) -> None:
        self._reserved: set[str] = set()

    def delete(self, call: Call, rows: Rows) -> None:
        if call.before is not None and _is_user(call):
            self._reserved.add(fold(str(call.before.get("userName"))))
        super().delete(call, rows)

    def unique(self, call: Call, after: Resource, rows: Rows) -> None:
        super().unique(call, after, rows)
        if _is_user(call) and fold(str(after.get("userName"))) in self._reserved:
            raise ScimError(409, "uniqueness", f"A user with userName {after['userName']!r} exists already.")


DELETED_NAME_RESERVED = Fault(
    "deleted-name-reserved", "The userName of somebody deleted is never free again",
    "Who is hired a second time can't be created: 409, and no account to link.",
    ("LIFE-09",), _DeletedNameReserved,
)
