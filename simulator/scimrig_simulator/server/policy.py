"""The policy presets, and what one has to do with a write: to admit it, and to tell of it.

A user counts from when there is an active one until there isn't: whoever hears of events hears that one has come,
changed or gone, and nothing about who is switched off (policy page D4). Roles follow from the memberships, whenever
somebody looks (D3); what the API has set instead stays until the groups of that user change, or what they give
(CAP-35). A user changes with the groups: ``lastModified`` moves when one is joined or left.

Rule: what a promise means is for ``seams`` and ``scimrig_simulator.policy``; when they are asked, and with what, stands
here. Events are recorded in the transaction of the write that causes them. May not import ``faults``, ``idp`` or
``drive``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from scimrig_simulator.calls import Call, Resource
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
    Source,
    group_event,
    user_event,
)
from scimrig_simulator.policy.rules import Rules, primary_email, same_email
from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.scim.schemas import Definitions
from scimrig_simulator.seams import Seams, present
from scimrig_simulator.server.desk import Desk
from scimrig_simulator.server.invitations import Invitations, Invited
from scimrig_simulator.server.organizations import Organizations
from scimrig_simulator.server.outbox import Outbox
from scimrig_simulator.server.profiles import Profiles
from scimrig_simulator.server.standing import Standing
from scimrig_simulator.server.store import Row, Store
from scimrig_simulator.server.witness import Witness

OPEN = "open"
SCALEKIT = "scalekit"
PRESETS = (OPEN, SCALEKIT)

USER = "User"
GROUP = "Group"

NOTES = ("external_id", "metadata", "profile", "membership")
"""What the application notes of a user, provisioned or invited; ``profile`` is what SCIM has no place for."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The policy of one directory, as far as it is set: no domain, no mapped group and no webhook at first."""

    store: Store
    seams: Seams
    clock: Clock
    outbox: Outbox
    organizations: Organizations
    witness: Witness
    definitions: Definitions

    @property
    def standing(self) -> Standing:
        """What is kept of users beside their resources."""
        return Standing(self.store)

    def profiles(self) -> Profiles:
        """How users look now."""
        record = self.organizations.record(self.store.tenant)
        kind = self.definitions.resource_type(USER)
        return Profiles(self.seams, kind, record.mappings if record is not None else ())

    def rules(self) -> Rules:
        """What is set now. Under the store's lock."""
        organization = self.organizations.of(self.store.tenant)
        domains = self.organizations.registered(organization.number)
        return Rules(domains, organization.default_role, self.store.mapped_roles())

    def source(self) -> Source:
        """The directory, as events name it."""
        return Source(self.witness.organization_id, self.witness.directory_id)

    def map_role(self, group_id: str, role: str | None) -> None:
        """Have a group give a role, or (None) none any more; whoever is in it has what the groups give again.

        In a transaction, after which ``committed`` is called.
        """
        before = self.rules()
        self.store.map_role(group_id, role)
        users = self.store.users_below([group_id])
        self._tell_of_roles([users], before, [row.id for row in users])

    def grant(self, desk: Desk, user: Resource, roles: Sequence[str]) -> Sequence[str]:
        """Set the roles of a user, in the transaction of the API's write; what they are then."""
        rules = self.rules()
        before = self.roles(user, rules)
        self.standing.grant(user["id"], self.seams.grant(before, roles))
        after = self.roles(user, rules)
        if set(after) != set(before) and present(user):
            call = Call("POST", {}, {}, b"", desk.base_url, desk.definitions.resource_type(USER), user["id"])
            self.outbox.record(self.seams.announce(call, self._told(USER_UPDATED, [user])))
        return after

    def roles(self, user: Resource, rules: Rules) -> Sequence[str]:
        """The roles of a user, whole as the desk shows one."""
        return self._roles([user], rules)[user["id"]]

    def roles_of(self, users: Sequence[Resource]) -> Mapping[str, Sequence[str]]:
        """The roles of several users, by their ids."""
        return self._roles(users, self.rules())

    def _roles(self, users: Sequence[Resource], rules: Rules) -> dict[str, Sequence[str]]:
        """The roles of each: as the API has set them, the default where it has taken all; else as the groups give."""
        granted = self.standing.granted([user["id"] for user in users])
        found: dict[str, Sequence[str]] = {}
        for user in users:
            groups = [group["value"] for group in user.get("groups", ())]
            held = granted.get(user["id"])
            given = self.seams.roles(user["id"], groups, rules) if held is None else held
            found[user["id"]] = given if held != () else (rules.default_role,)
        return found

    def everybody(self, before: Rules) -> None:
        """The default role has changed: see ``reassigning``."""
        self._tell_of_roles(self.store.each([USER]), before)

    def _tell_of_roles(
        self, rows: Iterable[Sequence[Row]], before: Rules, forgotten: Collection[str] = ()
    ) -> None:
        """What a user's groups give has changed: whose roles are others now is told of. In its transaction.

        before: the rules that held.  forgotten: users whose roles aren't any more what the API has set.
        """
        desk = Desk(self.store, self.definitions, self.clock, "")
        call = Call("PUT", {}, {}, b"", "", self.definitions.resource_type(USER))
        for batch in rows:
            users = desk.portraits(batch)
            was = self._roles(users, before)
            self._forget_roles([id for id in was if id in forgotten])
            became = self._roles(users, self.rules())
            moved = [user for user in users if present(user) and set(was[user["id"]]) != set(became[user["id"]])]
            if moved:
                self.outbox.record(self.seams.announce(call, self._told(USER_UPDATED, moved)))

    def _forget_roles(self, ids: Sequence[str]) -> None:
        self.standing.forget_roles([id for id in ids if self.seams.forgets(id)])

    # During a write, in its transaction

    def admit(self, call: Call, before: Resource | None, after: Resource) -> Resource:
        """What may be stored. Raises ScimError 400, and 409 where the address is another's (CAP-06)."""
        if call.kind.name != USER:
            return after
        after = self.seams.admit(call, before, after, self.rules())
        email = primary_email(after)
        if not email or (before is not None and same_email(primary_email(before), email)):
            return after
        invitations = Invitations(self.store)
        invited = invitations.by_email(self.organizations.of(self.store.tenant).number, email)
        stranger = [] if invited is None or before is None else [invited.id]
        self.seams.taken(email, [*stranger, *self.holders(email, call.id)])
        return after if invited is None else self._adopted(invited, after)

    def holders(self, email: str, but: str | None = None) -> list[str]:
        """Ids of the users of the organization, switched off or not, who are known by an address; ``but`` is none."""
        kind = self.definitions.resource_type(USER)
        found = []
        for record in self.organizations.directories(self.organizations.of(self.store.tenant)):
            desk = Desk(self.store.of(record.tenant), self.definitions, self.clock, "")
            ids = {*desk.holders(kind, "emails.value", email), *(id for id, _ in desk.named(kind, email))} - {but}
            found += [id for id in sorted(ids) if same_email(primary_email(desk.held(kind, id).body), email)]
        return found

    def _adopted(self, invited: Invited, user: Resource) -> Resource:
        """A new user who was invited before: with the same id, and what the application has set (CAP-38)."""
        Invitations(self.store).remove(invited.id)
        held = invited.document
        self.standing.note(invited.id, {name: held[name] for name in NOTES if name in held})
        if held.get("roles"):
            self.standing.grant(invited.id, held["roles"])
        return {**user, "id": invited.id}

    def wrote(self, call: Call, desk: Desk, before: Resource | None, after: Resource | None) -> None:
        """A resource has come (``before`` None), gone (``after`` None), changed, or not (both the same object)."""
        if call.half == 1:
            return  # it is told as a whole
        before = None if call.half == 2 else before
        self.organizations.synced(self.store.tenant)
        self.witness.wrote(call, before, after)
        self.follow(call, desk, before, after)

    def follow(self, call: Call, desk: Desk, before: Resource | None, after: Resource | None) -> None:
        """What follows from a write, whoever has written."""
        if call.kind.name not in (USER, GROUP):
            return  # nothing is promised about other resources
        gone = after is None and before is not None and desk.fetch(call.kind, before["id"]) is None
        told: list[Event] = []
        if before is not None and call.kind.name == USER:
            self._let_go(before, after, gone)
        if gone and before is not None:
            self.store.map_role(before["id"], None)  # a group that isn't there gives no role
        if gone or (after is not None and after is not before):
            told = self._about_user(before, after) if call.kind.name == USER else self._about_group(desk, before, after)
        self.outbox.record(self.seams.announce(call, told))

    def _let_go(self, before: Resource, after: Resource | None, gone: bool) -> None:
        """Who is switched off has no session any more; of who is gone, nothing is kept (CAP-26, CAP-27).

        Who comes back has the roles that the groups give (CAP-29).
        """
        if after is not None and present(after) and not present(before):
            self._forget_roles([before["id"]])
        off = after is not None and present(before) and not present(after)
        ends = (off or gone) and self.seams.offboard(before["id"])
        if gone:
            self.standing.clear(before["id"], sessions=ends)
        elif ends:
            self.standing.end_sessions(before["id"])

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
        users = [user for user in desk.portraits(self._moved(moved)) if present(user)]
        told = group_event(type, group, now=self.clock.now(), source=self.source())
        return [told, *self._told(USER_UPDATED, users)]

    def _moved(self, member_ids: Sequence[str]) -> list[Row]:
        """The users among members who have come or gone, and inside those that are groups; they have changed by it."""
        rows, now = self.store.users_below(member_ids), round(self.clock.now() * 1000)
        self.store.touch([row.id for row in rows], now)
        self._forget_roles([row.id for row in rows])
        return [row._replace(revision=row.revision + 1, modified=max(now, row.modified + 1)) for row in rows]

    def _told(self, type: str, users: Sequence[Resource], reason: str = "") -> list[Event]:
        rules, source, now, profiles = self.rules(), self.source(), self.clock.now(), self.profiles()
        roles = self._roles(users, rules)
        return [
            user_event(
                type, user, now=now, reason=reason, roles=roles[user["id"]], source=source, profile=profiles.of(user)
            )
            for user in users
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


@contextmanager
def reassigning(policies: Sequence[Policy]) -> Iterator[None]:
    """Around a change of an organization's default role: tells of everybody whose roles are others by it (CAP-32).

    It is one transaction, in time and in events as large as its directories are; a batch of users at a time is held in
    memory. policies: of all its directories.
    """
    with ExitStack() as transaction:
        for policy in policies[:1]:
            transaction.enter_context(policy.store.transaction())
        before = [policy.rules() for policy in policies]
        yield
        for policy, rules in zip(policies, before, strict=True):
            policy.everybody(rules)
    for policy in policies:
        policy.committed()


def _member_ids(group: Resource | None) -> set[str]:
    return {member["value"] for member in (group or {}).get("members", ())}
