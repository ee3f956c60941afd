"""What an owner does to organizations and directories, each thing with the trace that it leaves.

A change, its entry in the audit log and the event that tells of it are one transaction, whichever way it was asked for.
What is as it was asked to be already is left alone: there is nothing to tell.

Rule: does what it is told; reading requests is for the tables of operations. May not import ``faults``, ``idp`` or
``drive``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scimrig_simulator.policy.entries import changes
from scimrig_simulator.policy.events import DIRECTORY_DISABLED, DIRECTORY_ENABLED, directory_event
from scimrig_simulator.server.house import House
from scimrig_simulator.server.operations import Asked
from scimrig_simulator.server.organizations import DirectoryRecord, Organization
from scimrig_simulator.server.policy import reassigning
from scimrig_simulator.server.recording import record
from scimrig_simulator.server.tenants import Token

_TOLD = ("name", "type", "provider", "enabled", "email", "allowed")


@dataclass(frozen=True, slots=True)
class Steward:
    """The steward of a house."""

    house: House

    def note(
        self,
        asked: Asked,
        action: str,
        organization: Organization,
        directory: DirectoryRecord | None = None,
        target: Mapping[str, str] | None = None,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> None:
        """Leave an entry in an organization's log, in the transaction under way (CAP-54).

        target: type and id; by default the directory, or the organization where there is none.
        """
        if target is None:
            kind, id = ("Organization", organization.id) if directory is None else ("Directory", directory.id)
            target = {"type": kind, "id": id}
        differing = changes(before or {}, after or {})
        record(self.house, asked, action, organization, directory, target, differing, asked.route)

    # Organizations

    def change(self, asked: Asked, organization: Organization, **values: Any) -> Organization:
        """Set columns of an organization, its switches among them (CAP-07)."""
        before = {name: getattr(organization, name) for name in values}
        if before == values:
            return organization
        with self.house.store.transaction():
            changed = self.house.organizations.change(organization, **values)
            self.note(asked, "organization.update", organization, before=before, after=values)
        return changed

    def set_default_role(self, asked: Asked, organization: Organization, role: str) -> Organization:
        """Have this be the role of whoever is in no mapped group; whose roles change by it are told of (CAP-32)."""
        if role == organization.default_role:
            return organization
        with reassigning(self.house.policies(organization)), self.house.store.transaction():
            return self.change(asked, organization, default_role=role)

    def set_domains(self, asked: Asked, organization: Organization, domains: Sequence[str]) -> None:
        """Have these and no other domains of its own. Who is here stays (CAP-03)."""
        with self.house.store.transaction():
            before = list(self.house.organizations.registered(organization.number))
            self.house.organizations.have_domains(organization.number, domains)
            after = list(self.house.organizations.registered(organization.number))
            if after != before:
                told = {"domains": before}, {"domains": after}
                self.note(asked, "organization.update", organization, None, None, *told)

    def disband(self, asked: Asked, organization: Organization) -> None:
        """Remove an organization with its directories. Raises ValueError where one of them is part of the server."""
        with self.house.store.transaction():
            directories = self.house.organizations.directories(organization)
            if any(directory.tenant == 0 for directory in directories):
                raise ValueError(f"The organization {organization.id!r} is part of the server and can't be removed.")
            for directory in directories:
                self._remove(asked, directory)
            self.note(asked, "organization.delete", organization)
            self.house.organizations.remove(organization)
        for directory in directories:
            self.house.gone(directory.tenant)

    # Directories

    def open(self, asked: Asked, organization: Organization, name: str, type: str, provider: str) -> DirectoryRecord:
        """A new directory of an organization."""
        with self.house.store.transaction():
            made = self.house.tenants.add(organization, name, type, provider)
            self.opened(asked, made)
        return made

    def opened(self, asked: Asked, directory: DirectoryRecord) -> None:
        """Tell of a directory that is new."""
        self.note(asked, "directory.create", self._owner(directory), directory, after=_told(directory))

    def adjust(self, asked: Asked, directory: DirectoryRecord, **values: Any) -> DirectoryRecord:
        """Set columns of a directory; of its switch there is an event (CAP-08)."""
        if all(getattr(directory, name) == value for name, value in values.items()):
            return directory
        with self.house.store.transaction():
            changed = self.house.organizations.adjust(directory, **values)
            action = "update"
            if changed.enabled != directory.enabled:
                action = "enable" if changed.enabled else "disable"
                self._announce(changed)
            before, after = _told(directory), _told(changed)
            self.note(asked, f"directory.{action}", self._owner(directory), changed, before=before, after=after)
        self.house.policy(directory.tenant).committed()
        return changed

    def _announce(self, directory: DirectoryRecord) -> None:
        type = DIRECTORY_ENABLED if directory.enabled else DIRECTORY_DISABLED
        policy = self.house.policy(directory.tenant)
        event = directory_event(
            type, directory.type, directory.provider, now=self.house.clock.now(), source=policy.source()
        )
        policy.outbox.record([event])

    def assign(self, asked: Asked, directory: DirectoryRecord, roles: Mapping[str, str]) -> None:
        """Have these groups give these roles, and no others any; whose roles change by it are told of (CAP-31)."""
        policy = self.house.policy(directory.tenant)
        with self.house.store.transaction():
            held = policy.store.mapped_roles()
            for group_id in {*held, *roles}:
                if held.get(group_id) != roles.get(group_id):
                    policy.map_role(group_id, roles.get(group_id))
            if held != dict(roles):
                owner, before, after = self._owner(directory), {"roles": held}, {"roles": dict(roles)}
                self.note(asked, "directory.assign_roles", owner, directory, before=before, after=after)
        policy.committed()

    def close(self, asked: Asked, directory: DirectoryRecord) -> None:
        """Remove a directory with all that it has. Raises ValueError for the one that is part of the server."""
        if directory.tenant == 0:
            raise ValueError(f"The directory {directory.id!r} is part of the server and can't be removed.")
        with self.house.store.transaction():
            self._remove(asked, directory)
        self.house.gone(directory.tenant)

    def _remove(self, asked: Asked, directory: DirectoryRecord) -> None:
        self.note(asked, "directory.delete", self._owner(directory), directory, before=_told(directory))
        self.house.tenants.remove(directory.tenant)

    # Tokens

    def issue(
        self, asked: Asked, directory: DirectoryRecord, expires_in: float | None, most: int | None = None
    ) -> tuple[Token, str]:
        """A further token of a directory. Raises ValueError where ``most`` of them are good already (CAP-15)."""
        with self.house.store.transaction():
            if most is not None and self.house.tenants.live(directory.tenant) >= most:
                raise ValueError(f"The directory {directory.id!r} has {most} active secrets, and may have no more.")
            made = self.house.tenants.issue(directory.tenant, expires_in)
            self._note_token(asked, "create", directory, made[0].id)
        return made

    def regenerate(self, asked: Asked, directory: DirectoryRecord, expires_in: float | None) -> tuple[Token, str]:
        """A new token of a directory; the earlier ones are good no longer (CAP-15)."""
        with self.house.store.transaction():
            made = self.house.tenants.regenerate(directory.tenant, expires_in)
            self._note_token(asked, "regenerate", directory, made[0].id)
        return made

    def revoke(self, asked: Asked, directory: DirectoryRecord, id: str) -> bool:
        """Have a token be good no longer. False where the directory has none of this id."""
        with self.house.store.transaction():
            found = self.house.tenants.revoke(directory.tenant, id)
            if found:
                self._note_token(asked, "revoke", directory, id)
        return found

    def _note_token(self, asked: Asked, deed: str, directory: DirectoryRecord, id: str) -> None:
        self.note(asked, f"secret.{deed}", self._owner(directory), directory, {"type": "Secret", "id": id})

    def _owner(self, directory: DirectoryRecord) -> Organization:
        return self.house.organizations.of(directory.tenant)


def _told(directory: DirectoryRecord) -> dict[str, Any]:
    """What of a directory its owner sets."""
    return {name: getattr(directory, name) for name in _TOLD}
