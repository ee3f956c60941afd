"""The way in to a directory for whoever has a good token: switches, allow-list, and when the token was last used (D7).

Rule: stands behind ``Seams.authorize``, only where there is a policy, and is the same by whichever path the directory
is reached. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

from dataclasses import dataclass

from scimrig_simulator.calls import Call
from scimrig_simulator.seams import Seams
from scimrig_simulator.server.approach import Approach
from scimrig_simulator.server.asgi import Scope
from scimrig_simulator.server.tenants import Tenants


@dataclass(frozen=True, slots=True)
class Entrance:
    """The entrance of one directory. tenant: its number."""

    seams: Seams
    approach: Approach
    tenants: Tenants
    tenant: int

    def address(self, call: Call, scope: Scope) -> str:
        """Where a request has come from, "" where that is unknown."""
        return self.approach.address(scope, call.headers)

    def enter(self, call: Call) -> None:
        """Let a request in whose token is good, and note that the token was used. Raises ScimError 403."""
        token = call.headers.get("authorization", "").strip().partition(" ")[2].strip()
        call.token = token[-4:]
        self.seams.enter(call, self.tenants.organizations.door(self.tenant, call.address))
        self.tenants.used(token)
