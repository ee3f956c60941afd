"""Saboteurs of what is stored: create, replace, delete, and what any update keeps.

Rule: each class overrides what it breaks and asks ``super()`` for the rest. May not import ``server`` or ``idp``.
"""

from __future__ import annotations

from typing import Any

from scimrig_simulator.calls import Answer, Call, Resource, Rows
from scimrig_simulator.faults.sabotage import Fault
from scimrig_simulator.scim import urns
from scimrig_simulator.scim.compare import fold, member
from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.scim.schemas import ResourceType
from scimrig_simulator.seams import Seams

_NOT_CLEARED = ("id", "meta", "groups", "members", "schemas")


class _DuplicateCreated(Seams):
    def unique(self, call: Call, after: Resource, rows: Rows) -> None:
        pass


DUPLICATE_CREATED = Fault(
    "duplicate-created", "A second user with the same userName is created",
    "POST of a userName that exists is answered 201, and there are two accounts.",
    ("CREA-01",), _DuplicateCreated,
)


class _DuplicateIs400(Seams):
    def unique(self, call: Call, after: Resource, rows: Rows) -> None:
        try:
            super().unique(call, after, rows)
        except ScimError as error:
            raise ScimError(400, None, error.detail) from None


DUPLICATE_IS_400 = Fault(
    "duplicate-is-400", "A duplicate userName is answered 400 instead of 409",
    "An IdP takes it for a malformed user, and never falls back to linking the account that exists.",
    ("CREA-01",), _DuplicateIs400,
)


class _DuplicateCaseSensitive(Seams):
    def unique(self, call: Call, after: Resource, rows: Rows) -> None:
        name = after.get("userName")
        if any((name, True) == (taken, id != call.id) for id, taken in rows.named(call.kind, name or "")):
            super().unique(call, after, rows)


DUPLICATE_CASE_SENSITIVE = Fault(
    "duplicate-case-sensitive", "userNames that differ in case only are two users",
    "Ada@example.com is created beside ada@example.com.",
    ("FILT-04", "CREA-01"), _DuplicateCaseSensitive,
)


class _ExternalIdDropped(Seams):
    def store(self, call: Call, before: Resource | None, after: Resource) -> Resource:
        after.pop("externalId", None)
        return super().store(call, before, after)


EXTERNAL_ID_DROPPED = Fault(
    "external-id-dropped", "externalId is accepted and lost",
    "The IdP's own key for an account is not stored; it can't be matched by it, and is sent again for ever.",
    ("CREA-10",), _ExternalIdDropped,
)


class _UnicodeMangled(Seams):
    def store(self, call: Call, before: Resource | None, after: Resource) -> Resource:
        return super().store(call, before, {name: _ascii(value) for name, value in after.items()})


def _ascii(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _ascii(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_ascii(item) for item in value]
    return value.encode("ascii", "replace").decode() if isinstance(value, str) else value


UNICODE_MANGLED = Fault(
    "unicode-mangled", "Letters outside ASCII are stored as question marks",
    "Zoë becomes Zo?.",
    ("TYPE-02",), _UnicodeMangled,
)


class _NamesInCapitals(Seams):
    def store(self, call: Call, before: Resource | None, after: Resource) -> Resource:
        name = after.get("name", {})
        capitals = {part: value.upper() if isinstance(value, str) else value for part, value in name.items()}
        return super().store(call, before, {**after, "name": capitals} if name else after)


NAMES_IN_CAPITALS = Fault(
    "names-in-capitals", "Names are stored in capital letters",
    "Zoë Łukasiewicz comes back as ZOË ŁUKASIEWICZ, and an IdP that compares sends her name again for ever.",
    ("READ-09",), _NamesInCapitals,
)


class _AttributeNamesCaseSensitive(Seams):
    def accept(self, call: Call, body: Resource, existing: Resource | None) -> Resource:
        known = {name: value for name, value in body.items() if _spelt_right(name, call.kind)}
        return super().accept(call, known, existing)


def _spelt_right(name: str, kind: ResourceType) -> bool:
    attribute = kind.attribute(name)
    return attribute is None or attribute.name == name


ATTRIBUTE_NAMES_CASE_SENSITIVE = Fault(
    "attribute-names-case-sensitive", "Attributes of a body are ignored where their case differs",
    "username and DisplayName are taken for unknown attributes; what they hold is lost.",
    ("TYPE-01",), _AttributeNamesCaseSensitive,
)


class _DeactivateIgnored(Seams):
    def store(self, call: Call, before: Resource | None, after: Resource) -> Resource:
        if before is not None and before.get("active") is True:
            after["active"] = True
        return super().store(call, before, after)


DEACTIVATE_IGNORED = Fault(
    "deactivate-ignored", "active: false is accepted, and the user stays active",
    "A leaver keeps access: PATCH and PUT answer 200, nothing is switched off.",
    ("LIFE-01",), _DeactivateIgnored,
)


class _ReactivateFails(Seams):
    def store(self, call: Call, before: Resource | None, after: Resource) -> Resource:
        if before is not None and before.get("active") is False and after.get("active") is True:
            raise ScimError(400, "invalidValue", "A deactivated user can't be activated again.")
        return super().store(call, before, after)


REACTIVATE_FAILS = Fault(
    "reactivate-fails", "A deactivated user can't be activated again",
    "Who comes back stays locked out: active: true is answered 400.",
    ("LIFE-05",), _ReactivateFails,
)


class _RenameIgnored(Seams):
    def store(self, call: Call, before: Resource | None, after: Resource) -> Resource:
        if before is not None and "userName" in before:
            after["userName"] = before["userName"]
        return super().store(call, before, after)


RENAME_IGNORED = Fault(
    "rename-ignored", "A new userName is accepted and not stored",
    "After a marriage or a change of domain, PUT and PATCH answer 200 and the old login stays.",
    ("PUT-06", "POLI-02"), _RenameIgnored,
)


class _UpdateWipesPhones(Seams):
    def store(self, call: Call, before: Resource | None, after: Resource) -> Resource:
        if before is not None and after.get("phoneNumbers") == before.get("phoneNumbers"):
            after.pop("phoneNumbers", None)
        return super().store(call, before, after)


UPDATE_WIPES_PHONES = Fault(
    "update-wipes-phones", "Every update of a user also deletes the phone numbers",
    "A change of title or active loses phoneNumbers, which nobody asked for.",
    ("PUT-03",), _UpdateWipesPhones,
)


class _ClearedValueKept(Seams):
    def store(self, call: Call, before: Resource | None, after: Resource) -> Resource:
        if before is not None:
            after = _unclear(before, after) | {"schemas": max(before["schemas"], after["schemas"], key=len)}
        return super().store(call, before, after)


def _unclear(before: Resource, after: Resource) -> Resource:
    result = dict(after)
    for name, value in before.items():
        if name not in _NOT_CLEARED and after.get(name) in (None, "", [], {}):
            result[name] = value
        elif isinstance(value, dict) and isinstance(after.get(name), dict):
            result[name] = _unclear(value, after[name])
    return result


CLEARED_VALUE_KEPT = Fault(
    "cleared-value-kept", "A value that is removed or set empty stays",
    "remove, null and the empty string are answered 200, and the old value is still there.",
    ("PATC-13",), _ClearedValueKept,
)


class _PutIgnored(Seams):
    def accept(self, call: Call, body: Resource, existing: Resource | None) -> Resource:
        accepted = super().accept(call, body, existing)
        return accepted if existing is None else dict(existing)


PUT_IGNORED = Fault(
    "put-ignored", "PUT answers 200 and changes nothing",
    "Okta's wizard apps send every update as PUT, deactivation included.",
    ("PUT-06", "LIFE-01"), _PutIgnored,
)


class _PutReenables(Seams):
    def accept(self, call: Call, body: Resource, existing: Resource | None) -> Resource:
        resource = super().accept(call, body, existing)
        if existing is not None and call.kind.schema.id == urns.USER and member(body, "active") is None:
            resource["active"] = True
        return resource


PUT_REENABLES = Fault(
    "put-reenables", "PUT without active switches a user on again",
    "Any update of a deactivated user that doesn't name active gives access back.",
    ("PUT-04",), _PutReenables,
)


class _IdChangesOnPut(Seams):
    def render(self, call: Call, resource: Resource, resource_type: ResourceType) -> Resource:
        shown = super().render(call, resource, resource_type)
        return {**shown, "id": f"{resource['id']}-2"} if call.method == "PUT" else shown


ID_CHANGES_ON_PUT = Fault(
    "id-changes-on-put", "The answer to PUT names another id",
    "An IdP stores the new id and finds nobody under it next time.",
    ("PUT-05",), _IdChangesOnPut,
)


class _DeleteKeeps(Seams):
    def delete(self, call: Call, rows: Rows) -> None:
        pass


DELETE_KEEPS = Fault(
    "delete-keeps", "DELETE answers 204 and deletes nothing",
    "The account is still there, readable and able to sign in.",
    ("LIFE-09",), _DeleteKeeps,
)


class _DeleteTwice204(Seams):
    def fail(self, call: Call, error: ScimError) -> Answer:
        return Answer(204) if call.method == "DELETE" and error.status == 404 else super().fail(call, error)


DELETE_TWICE_204 = Fault(
    "delete-twice-204", "DELETE of what isn't there answers 204",
    "A second DELETE, or one with an unknown id, is answered as if something had been deleted.",
    ("LIFE-09",), _DeleteTwice204,
)


class _DeleteAnswers200(Seams):
    def emit(self, call: Call, answer: Answer) -> Answer:
        if call.method == "DELETE" and answer.status == 204:
            answer = Answer(200, call.before and super().render(call, call.before, call.kind))
        return super().emit(call, answer)


DELETE_ANSWERS_200 = Fault(
    "delete-answers-200", "DELETE answers 200 with the resource that was deleted",
    "204 without a body is the only success there is for DELETE.",
    ("LIFE-09",), _DeleteAnswers200,
)


class _NoopTouches(Seams):
    def changed(self, call: Call, before: Resource, after: Resource) -> bool:
        return True


NOOP_TOUCHES = Fault(
    "noop-touches", "A write that changes nothing moves lastModified and version",
    "A client that reads changes since its last visit sees everybody, every time.",
    ("PATC-09",), _NoopTouches,
)


class _GroupNameReserved(Seams):
    def __init__(self) -> None:
        self._reserved: set[str] = set()

    def store(self, call: Call, before: Resource | None, after: Resource) -> Resource:
        name = fold(str(after.get("displayName")))
        if call.kind.schema.id == urns.GROUP:
            if name in self._reserved:
                raise ScimError(409, "uniqueness", f"A group called {after['displayName']!r} exists already.")
            old = fold(before["displayName"]) if before else name
            self._reserved.update({old} - {name})
        return super().store(call, before, after)


GROUP_NAME_RESERVED = Fault(
    "group-name-reserved", "A renamed group keeps its old name reserved",
    "No group can take the name that another one has given up: 409.",
    ("GRP-10",), _GroupNameReserved,
)
