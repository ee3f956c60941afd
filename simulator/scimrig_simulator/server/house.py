"""What the parts of a server share beside SCIM: the store, the registers, and the policy of each directory.

Rule: holds things together and does nothing with them. A directory has one policy and one outbox, by however many paths
it is reached. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import partial

from scimrig_simulator.clock import Clock
from scimrig_simulator.scim.schemas import Definitions
from scimrig_simulator.seams import Seams
from scimrig_simulator.server.audit import Audit
from scimrig_simulator.server.desk import Desk
from scimrig_simulator.server.organizations import DirectoryRecord, Organization, Organizations
from scimrig_simulator.server.outbox import Outbox
from scimrig_simulator.server.policy import Policy
from scimrig_simulator.server.sender import Sender
from scimrig_simulator.server.store import Store
from scimrig_simulator.server.tenants import Tenants
from scimrig_simulator.server.witness import Witness

DIRECTORIES = "/api/v1/directories"
SCIM = "/scim/v2"


@dataclass(frozen=True, slots=True)
class House:
    """A server with a policy. token: the server's own, with which everything can be administered.

    public_url: where the server is as clients see it, without SCIM's base path; None = the host that a request names.
    """

    token: str = field(repr=False)
    public_url: str | None
    store: Store
    clock: Clock
    seams: Seams
    definitions: Definitions
    tenants: Tenants
    organizations: Organizations
    audit: Audit
    sender: Sender
    _policies: dict[int, Policy] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def policy(self, tenant: int) -> Policy:
        """The policy of a directory, by the number of its tenant."""
        with self._lock:
            if tenant not in self._policies:
                store = self.store.of(tenant)
                outbox = Outbox(store, self.clock, self.seams, self.sender)
                self._policies[tenant] = Policy(
                    store, self.seams, self.clock, outbox, self.organizations, self._witness(tenant),
                    self.definitions,
                )
            return self._policies[tenant]

    def policies(self, organization: Organization) -> list[Policy]:
        """Those of all directories of an organization."""
        return [self.policy(record.tenant) for record in self.organizations.directories(organization)]

    def _witness(self, tenant: int) -> Witness:
        organization, record = self.organizations.of(tenant), self.organizations.record(tenant)
        assert record is not None
        why = partial(self.tenants.reason, tenant)
        return Witness(self.audit, self.clock, tenant, organization.number, organization.id, record.id, why)

    def desk(self, tenant: int, base_url: str = "") -> Desk:
        """The resources of a directory; their locations begin with ``base_url``."""
        return Desk(self.store.of(tenant), self.definitions, self.clock, base_url)

    def endpoint(self, directory: DirectoryRecord, origin: str) -> str:
        """Where a directory speaks SCIM; ``origin`` is that of a request."""
        return f"{self.public_url or origin}{DIRECTORIES}/{directory.id}{SCIM}"

    def gone(self, tenant: int) -> None:
        """A directory has been removed: nothing more is sent for it."""
        with self._lock:
            policy = self._policies.pop(tenant, None)
        if policy is not None:
            policy.outbox.close()

    def resume(self) -> None:
        """At the start: have sent what an earlier process left to be sent, for every directory."""
        with self.store.lock:
            tenants = [tenant for (tenant,) in self.store.execute("SELECT tenant FROM directory").fetchall()]
        for tenant in tenants:
            self.policy(tenant).outbox.resume()

    def close(self) -> None:
        """Send nothing more."""
        with self._lock:
            policies = list(self._policies.values())
        for policy in policies:
            policy.outbox.close()
