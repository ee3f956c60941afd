"""The users of organizations as the users API knows them: provisioned by a directory, or invited by the API.

A provisioned user is the SCIM resource, so that a write of either side finds what the other has written last, attribute
by attribute (D8). Its id is ``usr_`` and the SCIM id; an invited user keeps that id when a directory provisions it.

Rule: finds and writes; how a user is shown is for ``api/users.py``. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from scimrig_simulator.calls import Call, Resource
from scimrig_simulator.policy.rules import primary_email, same_email
from scimrig_simulator.scim import validation
from scimrig_simulator.scim.schemas import ResourceType
from scimrig_simulator.server.house import House
from scimrig_simulator.server.invitations import Invitations, Invited
from scimrig_simulator.server.operations import Code, refusal
from scimrig_simulator.server.organizations import Organization
from scimrig_simulator.server.policy import NOTES, USER, Policy
from scimrig_simulator.server.store import Row

PREFIX = "usr_"
_FIND = """SELECT directory.tenant FROM directory CROSS JOIN resource
           ON resource.tenant = directory.tenant AND resource.id = ? AND resource.kind = 'User'"""


@dataclass(frozen=True, slots=True)
class Person:
    """A user of an organization: a row of the directory ``tenant``, or an invited one."""

    organization: Organization
    tenant: int = 0
    row: Row | None = None
    invited: Invited | None = None

    @property
    def id(self) -> str:
        """The bare id."""
        return self.row.id if self.row is not None else self.invited.id if self.invited is not None else ""

    @property
    def kept(self) -> Mapping[str, Any]:
        """What the application has noted of an invited user."""
        return self.invited.document if self.invited is not None else {}


@dataclass(frozen=True, slots=True)
class People:
    """The users of a server. Whoever asks holds the store's lock; whoever writes is in a transaction."""

    house: House

    @property
    def kind(self) -> ResourceType:
        """The resource type of users."""
        return self.house.definitions.resource_type(USER)

    @property
    def invitations(self) -> Invitations:
        """Who is invited."""
        return Invitations(self.house.store)

    # Finding

    def find(self, id: str, organization: Organization | None = None) -> Person:
        """A user by the id of the API, of this organization where one is given. Raises Trouble 404."""
        person = self._find(id.removeprefix(PREFIX)) if id.startswith(PREFIX) else None
        if person is None or (organization is not None and person.organization.number != organization.number):
            where = "" if organization is None else f" in {organization.id}"
            raise refusal(Code.NOT_FOUND, f"There is no user {id!r}{where}.", "USER_NOT_FOUND")
        return person

    def _find(self, bare: str) -> Person | None:
        organizations = self.house.organizations
        for (tenant,) in self.house.store.execute(_FIND, (bare,)).fetchall():
            row = self.house.store.of(tenant).fetch(USER, bare)
            return Person(organizations.of(tenant), tenant, row)
        invited = self.invitations.get(bare)
        if invited is None:
            return None
        owner = next(one for one in organizations.organizations() if one.number == invited.organization)
        return Person(owner, invited=invited)

    def after(self, organization: Organization, place: tuple[int, int], forward: bool, limit: int) -> list[Person]:
        """At most ``limit`` users that come after a place, or (not forward) before it, nearest first.

        place: (tenant, sequence number); the invited ones come last, under ``INVITED``.
        """
        tenants = sorted(record.tenant for record in self.house.organizations.directories(organization))
        found: list[Person] = []
        for tenant in [*tenants, INVITED] if forward else [INVITED, *reversed(tenants)]:
            if (tenant < place[0]) if forward else (tenant > place[0]):
                continue
            edge = place[1] if tenant == place[0] else 0 if forward else INVITED
            found += self._some(organization, tenant, edge, forward, limit - len(found))
            if len(found) == limit:
                break
        return found

    def _some(self, organization: Organization, tenant: int, edge: int, forward: bool, limit: int) -> list[Person]:
        if tenant == INVITED:
            page = self.invitations.page(organization.number, edge, forward, limit)
            return [Person(organization, invited=one) for one in page]
        sign, order = (">", "seq") if forward else ("<", "seq DESC")
        rows = self.house.store.of(tenant).rows(f"kind = ? AND seq {sign} ?", (USER, edge), order, limit)
        return [Person(organization, tenant, row) for row in rows]

    def count(self, organization: Organization) -> int:
        """How many users an organization has."""
        directories = self.house.organizations.directories(organization)
        provisioned = sum(self.house.store.of(record.tenant).tally([USER]) for record in directories)
        return provisioned + self.invitations.count(organization.number)

    # What is known of one

    def policy(self, person: Person) -> Policy:
        """The policy of a provisioned user's directory."""
        return self.house.policy(person.tenant)

    def resource(self, person: Person, base_url: str = "") -> Resource:
        """The SCIM resource of a provisioned user."""
        assert person.row is not None
        return self.house.desk(person.tenant, base_url).portrait(person.row)

    def notes(self, person: Person) -> dict[str, Any]:
        """What the application has noted of somebody."""
        if person.row is None:
            return {name: person.kept[name] for name in NOTES if name in person.kept}
        return self.policy(person).standing.notes(person.id)

    def roles(self, person: Person) -> Sequence[str]:
        """The roles of somebody."""
        if person.row is None:
            return list(person.kept.get("roles") or [person.organization.default_role])
        policy = self.policy(person)
        return policy.roles(self.resource(person), policy.rules())

    # Writing, in a transaction

    def note(self, person: Person, notes: Mapping[str, Any]) -> Person:
        """Keep other notes of somebody."""
        if person.row is None:
            return self._invited(person, notes)
        self.policy(person).standing.note(person.id, notes)
        return person

    def set_roles(self, person: Person, roles: Sequence[str], base_url: str = "") -> Person:
        """Set the roles of somebody, whole; of who is provisioned, until the groups change (CAP-35)."""
        if person.row is None:
            return self._invited(person, {"roles": sorted(set(roles))})
        desk = self.house.desk(person.tenant, base_url)
        self.policy(person).grant(desk, desk.portrait(person.row), roles)
        return person

    def _invited(self, person: Person, changes: Mapping[str, Any]) -> Person:
        assert person.invited is not None
        changed = self.invitations.change(person.invited, {**person.kept, **changes}, self.house.clock.now())
        return replace(person, invited=changed)

    def overwrite(
        self, person: Person, change: Callable[[Resource], Resource], call: Call
    ) -> tuple[Person, Resource, Resource]:
        """Write to a provisioned user as SCIM would; the user, and the resource before and afterwards.

        Raises Trouble 400 where the address would change, ScimError 400 or 409 where a value can't be stored.
        """
        policy, desk = self.policy(person), self.house.desk(person.tenant, call.base_url)
        before = call.before = self.resource(person, call.base_url)
        after = validation.accept(change(before), self.kind, existing=before, leniency=policy.seams.tolerances)
        after = policy.seams.overwrite(before, after)
        if not same_email(primary_email(before), primary_email(after)):
            words = "A user's e-mail address can't be changed, nor a user name that is the address."
            raise refusal(Code.INVALID_ARGUMENT, words, "EMAIL_IMMUTABLE")
        policy.seams.unique(call, policy.seams.store(call, before, after), desk)
        after = desk.settled(self.kind, after, before)
        if not policy.seams.changed(call, before, after):
            return person, before, before
        row = desk.replace(self.kind, after)
        policy.follow(call, desk, before, after := desk.portrait(row))
        return replace(person, row=row), before, after

    def remove(self, person: Person, call: Call) -> None:
        """Remove somebody from the organization: who is provisioned is gone from SCIM too (CAP-35)."""
        if person.row is None:
            self.invitations.remove(person.id)
            return
        policy, desk = self.policy(person), self.house.desk(person.tenant, call.base_url)
        before = call.before = desk.portrait(person.row)
        policy.seams.delete(call, desk)
        policy.follow(call, desk, before, None)


INVITED = 2**62
"""Stands for a directory, in the order of an organization's users, where those come that are in none."""
