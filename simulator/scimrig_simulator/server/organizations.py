"""Organizations and their directories: who is provisioned into which, what they have switched on, whom they let in.

A directory is a tenant of the store, as the API and events know it. Each belongs to one organization, which owns the
domains, the default role and the switches. The tenant without a name is ``dir_ref`` of ``org_ref``; a tenant NAME is
``dir_NAME`` of ``org_NAME``; what is made by the API has ids of its own.

Rule: everything is read from the database at each request, since another process may have changed it. May not import
``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from scimrig_simulator.calls import Door
from scimrig_simulator.clock import Clock
from scimrig_simulator.server.store import Store

ORGANIZATION_DOMAIN = "ORGANIZATION_DOMAIN"
ALLOWED_EMAIL_DOMAIN = "ALLOWED_EMAIL_DOMAIN"
REGISTERED = ("VERIFIED", "AUTO_VERIFIED")
PENDING = "PENDING"


@dataclass(frozen=True, slots=True)
class Organization:
    """An organization. created, modified: milliseconds since the epoch.  scim: whether anybody is provisioned at all.

    features: further switches by name.  metadata: what its owner notes of it.
    """

    number: int
    id: str
    name: str
    external_id: str | None
    region: str
    created: int
    modified: int
    scim: bool
    features: Mapping[str, bool]
    default_role: str
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DirectoryRecord:
    """A directory. organization: its number.  synced: when a write was last accepted, None for never.

    provider: "" where it is a custom one.  mappings: ``{"key": SCIM path, "map_to": name}`` each (CAP-25).
    allowed: the networks that may reach it as CIDRs, none = all of them (CAP-20).
    """

    tenant: int
    organization: int
    id: str
    name: str
    type: str
    provider: str
    enabled: bool
    created: int
    modified: int
    synced: int | None
    email: str
    mappings: Sequence[Mapping[str, str]]
    allowed: Sequence[str]


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain of an organization, in canonical form."""

    id: str
    organization: int
    domain: str
    type: str
    status: str
    created: int
    modified: int


_ORGANIZATION, _DIRECTORY = ([one.name for one in fields(kind)] for kind in (Organization, DirectoryRecord))
"""Columns, which are called as they are above."""


class Organizations:
    """The register of organizations. Safe to share by threads. Writing methods are a transaction, or part of one."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    # Organizations

    def organization(self, id: str) -> Organization | None:
        """An organization by its id."""
        return self._one("id = ?", id)

    def numbered(self, number: int) -> Organization | None:
        """An organization by its number."""
        return self._one("number = ?", number)

    def by_external_id(self, external_id: str) -> Organization | None:
        """An organization by the id that its owner knows it by."""
        return self._one("external_id = ?", external_id)

    def of(self, tenant: int) -> Organization:
        """The organization that a tenant's directory belongs to. Raises LookupError where there is no such tenant."""
        found = self._one("number = (SELECT organization FROM directory WHERE tenant = ?)", tenant)
        if found is None:
            raise LookupError(f"tenant {tenant} has no organization")
        return found

    def organizations(self) -> list[Organization]:
        """All organizations, oldest first."""
        return self._organizations("TRUE")

    def create(
        self,
        name: str,
        external_id: str | None = None,
        region: str = "US",
        metadata: Mapping[str, str] | None = None,
        id: str = "",
    ) -> Organization:
        """A new organization. Raises ValueError where the external id is another's."""
        now = self._now()
        id = id or f"org_{uuid.uuid4().hex}"
        with self._store.transaction():
            if external_id is not None and self.by_external_id(external_id) is not None:
                raise ValueError(f"Another organization has the external_id {external_id!r}.")
            sql = """INSERT INTO organization (id, name, external_id, region, created, modified, metadata)
                     VALUES (?, ?, ?, ?, ?, ?, ?)"""
            values = (id, name, external_id, region, now, now, json.dumps(dict(metadata or {})))
            self._store.execute(sql, values)
            made = self.organization(id)
        assert made is not None
        return made

    def change(self, organization: Organization, **values: Any) -> Organization:
        """Set columns of an organization (name, external_id, region, scim, features, default_role, metadata)."""
        self._change("organization", "number", organization.number, values)
        changed = self.organization(organization.id)
        assert changed is not None
        return changed

    def remove(self, organization: Organization) -> None:
        """Remove an organization that has no directory any more; what it has done stays on record."""
        with self._store.transaction():
            for table in ("domain", "invited", "portal_link", "portal_session"):
                self._store.execute(f"DELETE FROM {table} WHERE organization = ?", (organization.number,))
            self._store.execute("DELETE FROM organization WHERE number = ?", (organization.number,))

    def beside(self, number: int, forward: bool, limit: int) -> list[Organization]:
        """At most ``limit`` organizations after a number, or (not ``forward``) before it, nearest first."""
        where, order = ("number > ?", "number") if forward else ("number < ?", "number DESC")
        return self._organizations(where, number, order=order, limit=limit)

    def count(self) -> int:
        """How many organizations there are."""
        with self._store.lock:
            return int(self._store.execute("SELECT COUNT(*) FROM organization").fetchone()[0])

    # Directories

    def directory(self, id: str) -> DirectoryRecord | None:
        """A directory by its id."""
        found = self._directories("id = ?", id)
        return found[0] if found else None

    def record(self, tenant: int) -> DirectoryRecord | None:
        """The directory that a tenant is."""
        found = self._directories("tenant = ?", tenant)
        return found[0] if found else None

    def directories(self, organization: Organization) -> list[DirectoryRecord]:
        """The directories of an organization, oldest first."""
        return self._directories("organization = ?", organization.number)

    def open(
        self, organization: Organization, tenant: int, name: str, type: str = "SCIM", provider: str = "", id: str = ""
    ) -> DirectoryRecord:
        """Make a tenant a directory of an organization."""
        now = self._now()
        with self._store.transaction():
            sql = """INSERT INTO directory (tenant, organization, id, name, type, provider, created, modified)
                     VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
            id = id or f"dir_{uuid.uuid4().hex}"
            self._store.execute(sql, (tenant, organization.number, id, name, type, provider, now, now))
            made = self.record(tenant)
        assert made is not None
        return made

    def adjust(self, directory: DirectoryRecord, **values: Any) -> DirectoryRecord:
        """Set columns of a directory (name, provider, enabled, email, mappings, allowed)."""
        self._change("directory", "tenant", directory.tenant, values)
        changed = self.record(directory.tenant)
        assert changed is not None
        return changed

    def door(self, tenant: int, address: str) -> Door:
        """What stands between a valid token and a directory for a client; of one that isn't there, a shut door."""
        sql = "SELECT scim, enabled, allowed FROM directory JOIN organization ON number = organization WHERE tenant = ?"
        with self._store.lock:
            found = self._store.execute(sql, (tenant,)).fetchone()
        if found is None:
            return Door(enabled=False, address=address)
        scim, enabled, allowed = found
        return Door(bool(scim), bool(enabled), () if allowed == "[]" else tuple(json.loads(allowed)), address)

    def synced(self, tenant: int) -> None:
        """A write has been accepted. In its transaction."""
        self._store.execute("UPDATE directory SET synced = ? WHERE tenant = ?", (self._now(), tenant))

    # Domains

    def domains(self, organization: int) -> list[Domain]:
        """The domains of an organization, of every type, in the order of their names."""
        sql = "SELECT * FROM domain WHERE organization = ? ORDER BY domain, id"
        with self._store.lock:
            return [Domain(*row) for row in self._store.execute(sql, (organization,)).fetchall()]

    def registered(self, organization: int) -> tuple[str, ...]:
        """The domains whose users may be provisioned: its own, and verified (CAP-01)."""
        return tuple(
            held.domain
            for held in self.domains(organization)
            if held.type == ORGANIZATION_DOMAIN and held.status in REGISTERED
        )

    def register(
        self, organization: int, domain: str, type: str = ORGANIZATION_DOMAIN, status: str = "VERIFIED"
    ) -> Domain:
        """Add a domain in canonical form; one that is there with this type is returned as it is."""
        now = self._now()
        with self._store.transaction():
            held = next((one for one in self.domains(organization) if (one.domain, one.type) == (domain, type)), None)
            if held is not None:
                return held
            made = Domain(f"dom_{uuid.uuid4().hex}", organization, domain, type, status, now, now)
            values = (made.id, organization, domain, type, status, now, now)
            self._store.execute("INSERT INTO domain VALUES (?, ?, ?, ?, ?, ?, ?)", values)
        return made

    def verify(self, domain: Domain) -> None:
        """Have a domain count as verified."""
        with self._store.transaction():
            sql = "UPDATE domain SET status = ?, modified = ? WHERE id = ?"
            self._store.execute(sql, (REGISTERED[0], self._now(), domain.id))

    def unregister(self, organization: int, id: str) -> bool:
        """Remove a domain. Who is here stays (CAP-03). False where there is none of this id."""
        with self._store.transaction():
            sql = "DELETE FROM domain WHERE organization = ? AND id = ?"
            return self._store.execute(sql, (organization, id)).rowcount > 0

    def have_domains(self, organization: int, domains: Sequence[str]) -> None:
        """Have these and no other domains of its own."""
        with self._store.transaction():
            for held in self.domains(organization):
                if held.type == ORGANIZATION_DOMAIN and held.domain not in domains:
                    self.unregister(organization, held.id)
            for domain in domains:
                held = self.register(organization, domain)
                if held.status not in REGISTERED:
                    self.verify(held)

    # Rows

    def _one(self, where: str, value: object) -> Organization | None:
        found = self._organizations(where, value)
        return found[0] if found else None

    def _organizations(self, where: str, *values: object, order: str = "number", limit: int = -1) -> list[Organization]:
        with self._store.lock:
            sql = f"SELECT {', '.join(_ORGANIZATION)} FROM organization WHERE {where} ORDER BY {order} LIMIT {limit}"
            found = self._store.execute(sql, values).fetchall()
        return [_organization(*row) for row in found]

    def _directories(self, where: str, *values: object) -> list[DirectoryRecord]:
        with self._store.lock:
            sql = f"SELECT {', '.join(_DIRECTORY)} FROM directory WHERE {where} ORDER BY created, tenant"
            found = self._store.execute(sql, values).fetchall()
        return [_directory(*row) for row in found]

    def _change(self, table: str, key: str, value: int, columns: Mapping[str, Any]) -> None:
        told = {
            name: json.dumps(held) if isinstance(held, (dict, list, tuple)) else held for name, held in columns.items()
        }
        settings = ", ".join(f"{name} = ?" for name in (*told, "modified"))
        with self._store.transaction():
            sql = f"UPDATE {table} SET {settings} WHERE {key} = ?"
            self._store.execute(sql, (*told.values(), self._now(), value))

    def _now(self) -> int:
        return round(self._clock.now() * 1000)


def _organization(*row: Any) -> Organization:
    held = dict(zip(_ORGANIZATION, row, strict=True))
    for name in ("features", "metadata"):
        held[name] = json.loads(held[name])
    return Organization(**{**held, "scim": bool(held["scim"])})


def _directory(*row: Any) -> DirectoryRecord:
    held = dict(zip(_DIRECTORY, row, strict=True))
    for name in ("mappings", "allowed"):
        held[name] = json.loads(held[name])
    return DirectoryRecord(**{**held, "enabled": bool(held["enabled"])})
