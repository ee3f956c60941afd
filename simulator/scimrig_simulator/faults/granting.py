"""Saboteurs of roles under the preset ``scalekit``: what a group leaves behind, and who else may give a role.

Rule: each class overrides what it breaks and asks ``super()`` for the rest. May not import ``server`` or ``idp``.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from scimrig_simulator.calls import Call, Resource, Rows
from scimrig_simulator.faults.sabotage import Fault
from scimrig_simulator.policy.rules import Rules
from scimrig_simulator.scim import urns
from scimrig_simulator.seams import Seams, present

_POLICY = "scalekit"

# Groups that give a role


class _KeptWithoutGroup(Seams):
    """Remembers which role a group gave, and who was in it when it was deleted."""

    def __init__(self) -> None:
        self._given: dict[str, str] = {}
        self._orphans: dict[str, set[str]] = {}

    def roles(self, user_id: str, group_ids: Sequence[str], rules: Rules) -> tuple[str, ...]:
        self._given.update(rules.roles)
        kept = {self._given[id] for id in self._orphans.get(user_id, ()) if id in self._given}
        held = super().roles(user_id, group_ids, rules)
        return tuple(sorted({*kept, *(role for role in held if not kept or role != rules.default_role)}))

    def delete(self, call: Call, rows: Rows) -> None:
        for member in (rows.fetch(call.kind, call.id or "") or {}).get("members", ()):
            self._orphans.setdefault(member["value"], set()).add(call.id or "")
        super().delete(call, rows)


ROLE_KEPT_WITHOUT_GROUP = Fault(
    "role-kept-without-group", "A group that is deleted leaves its role with everybody who was in it",
    "The team is dissolved, and what it could do its people can do for ever.",
    ("SEC-06", "GRP-12"), _KeptWithoutGroup, policy=_POLICY,
)


class _KeptWithoutMapping(Seams):
    def __init__(self) -> None:
        self._given: dict[str, str] = {}

    def roles(self, user_id: str, group_ids: Sequence[str], rules: Rules) -> tuple[str, ...]:
        self._given.update(rules.roles)
        kept = tuple(sorted({self._given[id] for id in group_ids if id in self._given}))
        return kept or super().roles(user_id, group_ids, rules)


ROLE_KEPT_WITHOUT_MAPPING = Fault(
    "role-kept-without-mapping", "A role that is taken from a group stays with those who are in it",
    "The administrator takes a right from a team, and only newcomers are without it.",
    ("SEC-06",), _KeptWithoutMapping, policy=_POLICY,
)


class _MappedByName(Seams):
    def __init__(self) -> None:
        self._renamed: set[str] = set()

    def store(self, call: Call, before: Resource | None, after: Resource) -> Resource:
        group = before if call.kind.schema.id == urns.GROUP else None
        if group is not None and group.get("displayName") != after.get("displayName"):
            self._renamed.add(group["id"])
        return super().store(call, before, after)

    def roles(self, user_id: str, group_ids: Sequence[str], rules: Rules) -> tuple[str, ...]:
        return super().roles(user_id, [id for id in group_ids if id not in self._renamed], rules)


ROLE_MAPPED_BY_NAME = Fault(
    "role-mapped-by-name", "A role is mapped to the name of a group",
    "The group is renamed, and its people lose what it gave them.",
    ("GRP-10", "EVNT-03"), _MappedByName, policy=_POLICY,
)


class _LostOnReturn(Seams):
    def __init__(self) -> None:
        self._left: set[str] = set()

    def store(self, call: Call, before: Resource | None, after: Resource) -> Resource:
        if before is not None and call.kind.schema.id == urns.USER and not present(after):
            self._left.add(before["id"])
        return super().store(call, before, after)

    def roles(self, user_id: str, group_ids: Sequence[str], rules: Rules) -> tuple[str, ...]:
        return super().roles(user_id, () if user_id in self._left else group_ids, rules)


ROLE_LOST_ON_RETURN = Fault(
    "role-lost-on-return", "Who is switched on again has the default role, whatever group they are in",
    "The IdP still shows the membership, so nobody sends it again, and nobody sees what is missing.",
    ("LIFE-06", "POLI-04"), _LostOnReturn, policy=_POLICY,
)

# Who else gives roles


class _SentRolesHonoured(Seams):
    """A new user gets its id here, so that what was sent can be remembered by it."""

    def __init__(self) -> None:
        self._sent: dict[str, list[str]] = {}

    def store(self, call: Call, before: Resource | None, after: Resource) -> Resource:
        stored = super().store(call, before, after)
        if call.kind.schema.id != urns.USER:
            return stored
        id = before["id"] if before is not None else stored.get("id") or str(uuid.uuid4())
        self._sent[id] = [str(role.get("value")) for role in stored.get("roles") or ()]
        return {**stored, "id": id}

    def roles(self, user_id: str, group_ids: Sequence[str], rules: Rules) -> tuple[str, ...]:
        return tuple(sorted(self._sent.get(user_id, ()))) or super().roles(user_id, group_ids, rules)


SENT_ROLES_HONOURED = Fault(
    "sent-roles-honoured", "The SCIM attribute roles gives roles",
    "Whoever may edit a field at the IdP makes administrators of the product.",
    ("SEC-06",), _SentRolesHonoured, policy=_POLICY,
)


class _GrantsLost(Seams):
    def grant(self, before: Sequence[str], after: Sequence[str]) -> Sequence[str]:
        return before


GRANTED_ROLES_LOST = Fault(
    "granted-roles-lost", "A role that the API gives or takes is answered 200, and nothing changes",
    "Roles come from groups alone, and nobody says so to whoever gives them by hand.",
    ("EVNT-03",), _GrantsLost, policy=_POLICY,
)


class _GrantsForEver(Seams):
    def forgets(self, user_id: str) -> bool:
        return False


GRANTED_ROLES_FOR_EVER = Fault(
    "granted-roles-for-ever", "Once the API has set somebody's roles their groups have no say any more",
    "A right that was given for a day is there after the team, the job and the contract are gone.",
    ("SEC-06",), _GrantsForEver, policy=_POLICY,
)
