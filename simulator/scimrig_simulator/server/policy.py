"""The policy presets, and what one has to do with a write: to admit it, and to tell of it.

A user counts from when there is an active one until there isn't: whoever hears of events hears that one has come,
changed or gone, and nothing about who is switched off (policy page D4). Roles are never kept: they follow from the
memberships, whenever somebody looks (D3).

Rule: what a promise means is for ``seams`` and ``scimrig_simulator.policy``; when they are asked, and with what, stands
here. Events are recorded in the transaction of the write that causes them. May not import ``faults``, ``idp`` or
``drive``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scimrig_simulator.clock import Clock
from scimrig_simulator.policy.events import (
    DEACTIVATED,
    DELETED,
    GROUP_CREATED,
    GROUP_DELETED,
    GROUP_UPDATED,
    USER_CREATED,
    USER_DELETED,
    USER_UPDATED,
    Event,
    group_event,
    user_event,
)
from scimrig_simulator.policy.rules import DEFAULT_ROLE, Rules
from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.seams import Call, Resource, Seams, present
from scimrig_simulator.server.desk import Desk
from scimrig_simulator.server.outbox import Outbox
from scimrig_simulator.server.store import Store

OPEN = "open"
SCALEKIT = "scalekit"
PRESETS = (OPEN, SCALEKIT)

USER = "User"
GROUP = "Group"

_DOMAINS = "domains"
_DEFAULT_ROLE = "default role"


@dataclass(frozen=True, slots=True)
class Policy:
    """The policy of one server, as far as it is set: no domain, no mapped group and no webhook at first."""

    store: Store
    seams: Seams
    clock: Clock
    outbox: Outbox

    def rules(self) -> Rules:
        """What is set now. Under the store's lock."""
        domains = tuple(self.store.setting(_DOMAINS) or ())
        return Rules(domains, self.store.setting(_DEFAULT_ROLE) or DEFAULT_ROLE, self.store.mapped_roles())

    def set_domains(self, domains: Sequence[str]) -> None:
        """Have these and no other domains registered. Who is here stays (CAP-03)."""
        with self.store.transaction():
            self.store.set(_DOMAINS, list(domains))

    def set_default_role(self, role: str) -> None:
        """The role of whoever is in no mapped group, from now on."""
        with self.store.transaction():
            self.store.set(_DEFAULT_ROLE, role)

    def map_role(self, group_id: str, role: str | None) -> None:
        """Have a group give a role, or (None) none any more."""
        with self.store.transaction():
            self.store.map_role(group_id, role)

    def roles(self, user: Resource, rules: Rules) -> Sequence[str]:
        """The roles of a user, whole as the desk shows one."""
        return self.seams.roles(user["id"], [group["value"] for group in user.get("groups", ())], rules)

    # During a write, in its transaction

    def admit(self, call: Call, before: Resource | None, after: Resource) -> Resource:
        """What may be stored. Raises ScimError 400."""
        return self.seams.admit(call, before, after, self.rules()) if call.kind.name == USER else after

    def wrote(self, call: Call, desk: Desk, before: Resource | None, after: Resource | None) -> None:
        """A resource has come (``before`` None), gone (``after`` None), changed, or not (both the same object)."""
        if call.kind.name not in (USER, GROUP):
            return  # nothing is promised about other resources
        gone = after is None and before is not None and desk.fetch(call.kind, before["id"]) is None
        told: list[Event] = []
        if gone and before is not None:
            self.store.map_role(before["id"], None)  # a group that isn't there gives no role
        if gone or (after is not None and after is not before):
            told = self._about_user(before, after) if call.kind.name == USER else self._about_group(desk, before, after)
        self.outbox.record(self.seams.announce(call, told))

    def _about_user(self, before: Resource | None, after: Resource | None) -> list[Event]:
        was = before is not None and present(before)
        if after is not None and present(after):
            return self._told(USER_UPDATED if was else USER_CREATED, [after])
        if before is not None and was:
            return self._told(USER_DELETED, [after or before], DEACTIVATED if after else DELETED)
        return []

    def _about_group(self, desk: Desk, before: Resource | None, after: Resource | None) -> list[Event]:
        """The group, and whoever came into it or left it by this write, also inside a group that did."""
        group = after or before or {}
        type = GROUP_DELETED if after is None else GROUP_CREATED if before is None else GROUP_UPDATED
        moved = sorted(_member_ids(before) ^ _member_ids(after))
        users = [user for user in desk.portraits(self.store.users_below(moved)) if present(user)]
        return [group_event(type, group, now=self.clock.now()), *self._told(USER_UPDATED, users)]

    def _told(self, type: str, users: Sequence[Resource], reason: str = "") -> list[Event]:
        rules = self.rules()
        return [
            user_event(type, user, now=self.clock.now(), reason=reason, roles=self.roles(user, rules)) for user in users
        ]

    # After a write

    def committed(self) -> None:
        """A write has succeeded: what it has to tell may go."""
        self.outbox.kick()

    def refused(self, call: Call, error: ScimError) -> None:
        """A write was refused, and nothing has happened."""
        told = self.seams.refused(call, error)
        if told:
            with self.store.transaction():
                self.outbox.record(told)
            self.outbox.kick()


def _member_ids(group: Resource | None) -> set[str]:
    return {member["value"] for member in (group or {}).get("members", ())}
