"""Saboteurs of what the preset ``scalekit`` tells beside SCIM: profiles, the listing, the audit log, and its own API.

Rule: each class overrides what it breaks and asks ``super()`` for the rest. May not import ``server`` or ``idp``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from scimrig_simulator.calls import Call, Resource, Rows
from scimrig_simulator.faults.sabotage import Fault
from scimrig_simulator.policy.entries import REJECTED, Entry
from scimrig_simulator.seams import Seams

_POLICY = "scalekit"
_PAGE = 10

# Profiles


def _without(profile: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in profile.items() if name not in names}


class _ProfileFrozen(Seams):
    def __init__(self) -> None:
        self._first: dict[str, Mapping[str, Any]] = {}

    def profile(self, user: Resource, profile: Mapping[str, Any]) -> Mapping[str, Any]:
        told = super().profile(user, profile)
        first = self._first.setdefault(user["id"], told)
        return {**told, **{name: first[name] for name in ("name", "given_name", "family_name") if name in first}}


PROFILE_FROZEN = Fault(
    "profile-frozen", "The names of a profile are those of the day when it was made",
    "SCIM shows the new name, and the product greets people by the old one.",
    ("EVNT-03",), _ProfileFrozen, policy=_POLICY,
)


class _PhoneOfWork(Seams):
    def profile(self, user: Resource, profile: Mapping[str, Any]) -> Mapping[str, Any]:
        work = next((one.get("value") for one in user.get("phoneNumbers") or () if one.get("type") == "work"), None)
        told = _without(super().profile(user, profile), "phone_number")
        return {**told, **({"phone_number": work} if work else {})}


PROFILE_PHONE_OF_WORK = Fault(
    "profile-phone-of-work", "The phone number of a profile is the one at work, whichever is the primary one",
    "Whoever makes another number their primary one is called at the old desk.",
    ("EVNT-03", "MULT-01"), _PhoneOfWork, policy=_POLICY,
)


class _RemovedKept(Seams):
    def __init__(self) -> None:
        self._known: dict[str, dict[str, Any]] = {}

    def profile(self, user: Resource, profile: Mapping[str, Any]) -> Mapping[str, Any]:
        known = self._known.setdefault(user["id"], {})
        known.update(super().profile(user, profile))
        return dict(known)


PROFILE_REMOVED_KEPT = Fault(
    "profile-removed-kept", "What is removed in SCIM stays in the profile",
    "A title, a number, a cost centre that somebody had is shown as theirs for ever.",
    ("EVNT-03", "PATC-13"), _RemovedKept, policy=_POLICY,
)


class _CustomDropped(Seams):
    def profile(self, user: Resource, profile: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**super().profile(user, profile), "custom_attributes": {}}


CUSTOM_ATTRIBUTES_DROPPED = Fault(
    "custom-attributes-dropped", "Attributes that are mapped to a name of the customer's own never arrive under it",
    "The mapping is saved and shown, and whatever goes by it finds nothing.",
    ("EVNT-03",), _CustomDropped, policy=_POLICY,
)

# The listing


class _InactiveUnlisted(Seams):
    def listed(self, entries: list[Resource]) -> list[Resource]:
        return [entry for entry in super().listed(entries) if entry.get("active") is not False]


LISTING_OMITS_INACTIVE = Fault(
    "listing-omits-inactive", "The listing has no inactive users",
    "Whoever reconciles by it deletes people who are on leave.",
    ("READ-06",), _InactiveUnlisted, policy=_POLICY,
)


class _LastOfPageLost(Seams):
    def listed(self, entries: list[Resource]) -> list[Resource]:
        shown = super().listed(entries)
        return shown[:-1] if len(shown) >= _PAGE else shown


LISTING_SKIPS_ONE = Fault(
    "listing-skips-one", "The last one of every full page of the listing is missing",
    "One in ten is unknown to whoever reconciles by it, and never the same one.",
    ("PAGE-03", "PAGE-04"), _LastOfPageLost, policy=_POLICY,
)


class _DeletedListed(Seams):
    def __init__(self) -> None:
        self._known: dict[str, Resource] = {}
        self._deleted: list[str] = []

    def delete(self, call: Call, rows: Rows) -> None:
        super().delete(call, rows)
        self._deleted.append(f"diruser_{call.id}")

    def listed(self, entries: list[Resource]) -> list[Resource]:
        shown = super().listed(entries)
        self._known.update({entry["id"]: entry for entry in shown})
        last = len(shown) < _PAGE
        return [*shown, *(self._known[id] for id in self._deleted if last and id in self._known)]


LISTING_KEEPS_DELETED = Fault(
    "listing-keeps-deleted", "The listing goes on showing people who were deleted",
    "Whoever reconciles by it brings leavers back.",
    ("LIFE-09", "READ-07"), _DeletedListed, policy=_POLICY,
)

# The API beside SCIM


class _ApiWriteLost(Seams):
    def overwrite(self, before: Resource, after: Resource) -> Resource:
        return before


API_WRITE_LOST = Fault(
    "api-write-lost", "The API answers 200 to a new name, and keeps the one that SCIM had sent",
    "Whoever corrects a name in the product sees it change back at once, or never change.",
    ("EVNT-03",), _ApiWriteLost, policy=_POLICY,
)


class _ApiWriteOverwritten(Seams):
    """Knows of every user what SCIM has sent, and stores it all again with each write."""

    def __init__(self) -> None:
        self._sent: dict[str, Any] = {}

    def overwrite(self, before: Resource, after: Resource) -> Resource:
        self._sent.setdefault(before["id"], before.get("name"))
        return super().overwrite(before, after)

    def patch(self, call: Call, resource: Resource, body: Resource) -> Resource:
        after = super().patch(call, resource, body)
        sent = self._sent.get(resource["id"])
        return {**after, "name": sent} if sent and after.get("name") == resource.get("name") else after


API_WRITE_OVERWRITTEN = Fault(
    "api-write-overwritten", "Any SCIM write brings back what SCIM had sent before",
    "A name that was corrected in the product changes back with the next title.",
    ("EVNT-03",), _ApiWriteOverwritten, policy=_POLICY,
)

class _ApiDeleteKeeps(Seams):
    def delete(self, call: Call, rows: Rows) -> None:
        if call.headers.get("authorization"):
            super().delete(call, rows)


API_DELETE_KEEPS = Fault(
    "api-delete-keeps", "Whom the API deletes is there for SCIM as before",
    "The IdP goes on with somebody whom the product knows no longer, and may switch them on again.",
    ("EVNT-03", "LIFE-09"), _ApiDeleteKeeps, policy=_POLICY,
)

# The audit log


class _RefusalsUnaudited(Seams):
    def audit(self, call: Call | None, entry: Entry) -> Sequence[Entry]:
        return () if entry.outcome == REJECTED else super().audit(call, entry)


AUDIT_WITHOUT_REFUSALS = Fault(
    "audit-without-refusals", "What was refused leaves no entry in the audit log",
    "The administrator asks why somebody isn't in, and the log knows nothing of them.",
    ("EVNT-01",), _RefusalsUnaudited, policy=_POLICY,
)


class _AuditedTwice(Seams):
    def audit(self, call: Call | None, entry: Entry) -> Sequence[Entry]:
        return (*super().audit(call, entry), *super().audit(call, entry))


AUDIT_DOUBLED = Fault(
    "audit-doubled", "Everything stands in the audit log twice",
    "Who counts by the log counts wrong, and no entry can be told from a second attempt.",
    ("EVNT-01",), _AuditedTwice, policy=_POLICY,
)


class _ReasonUnaudited(Seams):
    def audit(self, call: Call | None, entry: Entry) -> Sequence[Entry]:
        return super().audit(call, replace(entry, reason=""))


AUDIT_WITHOUT_REASON = Fault(
    "audit-without-reason", "An entry says that something was refused, and not why",
    "The administrator knows that somebody was turned away and can do nothing about it.",
    ("EVNT-01", "POLI-01"), _ReasonUnaudited, policy=_POLICY,
)


class _BodyAudited(Seams):
    def audit(self, call: Call | None, entry: Entry) -> Sequence[Entry]:
        if call is None:
            return super().audit(call, entry)
        body = call.content.decode("utf-8", "replace")
        return super().audit(call, replace(entry, request={**entry.request, "body": body}))


AUDIT_HOLDS_PASSWORD = Fault(
    "audit-holds-password", "The audit log holds whole requests, passwords and all",
    "Everybody who may read the log reads what people type to sign in elsewhere.",
    ("EVNT-01", "CREA-05"), _BodyAudited, policy=_POLICY,
)


class _TokenAudited(Seams):
    def audit(self, call: Call | None, entry: Entry) -> Sequence[Entry]:
        if call is None:
            return super().audit(call, entry)
        sender = {**entry.actor, "id": call.headers.get("authorization", "")}
        return super().audit(call, replace(entry, actor=sender))


AUDIT_HOLDS_TOKEN = Fault(
    "audit-holds-token", "The audit log names who has sent a request by their whole token",
    "Everybody who may read the log can write the directory.",
    ("EVNT-01", "AUTH-08"), _TokenAudited, policy=_POLICY,
)
