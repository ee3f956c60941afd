"""Saboteurs of membership.

Rule: each class overrides what it breaks and asks ``super()`` for the rest. May not import ``server`` or ``idp``.
"""

from __future__ import annotations

from typing import Any

from scimrig_simulator.calls import Call, Resource, Rows
from scimrig_simulator.faults.patching import Operation, op_of, operations, path_of, rewritten
from scimrig_simulator.faults.sabotage import Fault
from scimrig_simulator.scim import urns
from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.scim.schemas import ResourceType
from scimrig_simulator.seams import Seams


def _removes_one(operation: Operation) -> bool:
    return op_of(operation) == "remove" and path_of(operation).lower().startswith("members[")


def _removes_listed(operation: Operation) -> bool:
    return op_of(operation) == "remove" and "value" in operation


def _sets(operation: Operation, op: str) -> bool:
    return op_of(operation) == op and path_of(operation).lower() == "members"


def _ids(members: Any) -> list[Any]:
    listed = members if isinstance(members, list) else [members]
    return [member.get("value") for member in listed if isinstance(member, dict)]


class _RemoveOneRemovesAll(Seams):
    def patch(self, call: Call, resource: Resource, body: Resource) -> Resource:
        whole = rewritten(body, lambda operation: _whole(operation) if _removes_one(operation) else operation)
        return super().patch(call, resource, whole)


def _whole(operation: Operation) -> Operation:
    return {"op": "remove", "path": "members"}


REMOVE_ONE_REMOVES_ALL = Fault(
    "remove-one-removes-all", "Removing one member removes all of them",
    'remove members[value eq "…"] empties the group.',
    ("GRP-03",), _RemoveOneRemovesAll,
)


class _RemoveOneIgnored(Seams):
    def patch(self, call: Call, resource: Resource, body: Resource) -> Resource:
        rest = rewritten(body, lambda operation: None if _removes_one(operation) else operation)
        return super().patch(call, resource, rest) if rest["Operations"] else resource


REMOVE_ONE_IGNORED = Fault(
    "remove-one-ignored", "Removing one member answers 200 and removes nobody",
    'remove members[value eq "…"] is taken for done; the person keeps what the group gives.',
    ("GRP-01",), _RemoveOneIgnored,
)


class _RemoveValueIgnored(Seams):
    def patch(self, call: Call, resource: Resource, body: Resource) -> Resource:
        rest = rewritten(body, lambda operation: None if _removes_listed(operation) else operation)
        return super().patch(call, resource, rest) if rest["Operations"] else resource


REMOVE_VALUE_IGNORED = Fault(
    "remove-value-ignored", "remove with a list of values removes nobody",
    "Entra without its flag removes members with path members and a value array; they all stay.",
    ("GRP-02",), _RemoveValueIgnored,
)


class _RemoveValueRemovesAll(Seams):
    def patch(self, call: Call, resource: Resource, body: Resource) -> Resource:
        whole = rewritten(body, lambda operation: _whole_path(operation) if _removes_listed(operation) else operation)
        return super().patch(call, resource, whole)


def _whole_path(operation: Operation) -> Operation:
    return {name: value for name, value in operation.items() if name != "value"}


REMOVE_VALUE_REMOVES_ALL = Fault(
    "remove-value-removes-all", "remove with a list of values removes everybody",
    "Entra without its flag takes one person out, and the whole group is empty.",
    ("GRP-02",), _RemoveValueRemovesAll,
)


class _AddReplacesMembers(Seams):
    def patch(self, call: Call, resource: Resource, body: Resource) -> Resource:
        def change(operation: Operation) -> Operation:
            return {**operation, "op": "replace"} if _sets(operation, "add") else operation

        return super().patch(call, resource, rewritten(body, change))


ADD_REPLACES_MEMBERS = Fault(
    "add-replaces-members", "Adding a member drops the others",
    "add members leaves only the new ones in the group.",
    ("GRP-03",), _AddReplacesMembers,
)


class _ReplaceAddsMembers(Seams):
    def patch(self, call: Call, resource: Resource, body: Resource) -> Resource:
        def change(operation: Operation) -> Operation | None:
            if not _sets(operation, "replace"):
                return operation
            return {**operation, "op": "add"} if operation.get("value") else None

        rest = rewritten(body, change)
        return super().patch(call, resource, rest) if rest["Operations"] else resource


REPLACE_ADDS_MEMBERS = Fault(
    "replace-adds-members", "Replacing the members keeps the old ones",
    "Who is not in the new list stays in the group, and keeps what it gives.",
    ("GRP-04",), _ReplaceAddsMembers,
)


class _MemberTwice(Seams):
    def patch(self, call: Call, resource: Resource, body: Resource) -> Resource:
        after = super().patch(call, resource, body)
        held = _ids(resource.get("members", []))
        for operation in operations(body):
            for id in _ids(operation.get("value")) if _sets(operation, "add") else ():
                if id in held:
                    after["members"].append({"value": id})
        return after

    def store(self, call: Call, before: Resource | None, after: Resource) -> Resource:
        return after


MEMBER_TWICE = Fault(
    "member-twice", "Adding a member twice stores it twice",
    "A group lists the same person several times after IdPs have replayed an add.",
    ("GRP-05",), _MemberTwice,
)


class _SecondAdd409(Seams):
    def patch(self, call: Call, resource: Resource, body: Resource) -> Resource:
        held = _ids(resource.get("members", []))
        for operation in operations(body):
            if _sets(operation, "add") and any(id in held for id in _ids(operation.get("value"))):
                raise ScimError(409, "uniqueness", "This user is a member already.")
        return super().patch(call, resource, body)


SECOND_ADD_409 = Fault(
    "second-add-409", "Adding a member who is one already is answered 409",
    "Okta and Entra replay adds; the second one fails and stalls the group.",
    ("GRP-05",), _SecondAdd409,
)


class _MirrorMissing(Seams):
    def render(self, call: Call, resource: Resource, resource_type: ResourceType) -> Resource:
        shown = super().render(call, resource, resource_type)
        if resource_type.schema.id == urns.USER:
            shown.pop("groups", None)
        return shown


MIRROR_MISSING = Fault(
    "mirror-missing", "groups of a user stays empty",
    "A group lists the user, and the user lists no group.",
    ("GRP-12",), _MirrorMissing,
)


class _MemberValueMissing(Seams):
    def render(self, call: Call, resource: Resource, resource_type: ResourceType) -> Resource:
        shown = super().render(call, resource, resource_type)
        if "members" in shown:
            shown["members"] = [
                {name: value for name, value in member.items() if name != "value"} for member in shown["members"]
            ]
        return shown


MEMBER_VALUE_MISSING = Fault(
    "member-value-missing", "Members are shown without their ids",
    "An IdP that compares memberships can't tell who is in the group.",
    ("GRP-07",), _MemberValueMissing,
)


class _DanglingMembers(Seams):
    def __init__(self) -> None:
        self._ghosts: dict[str, list[Resource]] = {}

    def delete(self, call: Call, rows: Rows) -> None:
        held = call.before.get("groups", []) if call.before is not None else []
        super().delete(call, rows)
        for group in held:
            self._ghosts.setdefault(group["value"], []).append({"value": call.id, "type": "User"})

    def render(self, call: Call, resource: Resource, resource_type: ResourceType) -> Resource:
        shown = super().render(call, resource, resource_type)
        ghosts = self._ghosts.get(str(resource["id"]), [])
        left_out = call.projection.leaves_out("members")
        return {**shown, "members": [*shown.get("members", []), *ghosts]} if ghosts and not left_out else shown


DANGLING_MEMBERS = Fault(
    "dangling-members", "Who is deleted stays listed as a member",
    "Groups name ids that lead nowhere; IdPs that resolve them fail on 404.",
    ("GRP-12",), _DanglingMembers,
)
