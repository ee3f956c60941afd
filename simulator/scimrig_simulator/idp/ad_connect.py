"""Active Directory by way of a connector: full PUT, externalId a name such as CN=Ada Sample,OU=QA,DC=example,DC=com.

Rule: the table and the form of the name; ``gateway.py`` has what is not its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scimrig_simulator.idp import gateway
from scimrig_simulator.idp import replacing_knobs as common
from scimrig_simulator.idp.replacing_reactions import usual

if TYPE_CHECKING:
    from scimrig_simulator.workforce.person import Person

_EVERY = "1800"

AD_CONNECT = common.table(
    "ad-connect", "AD Connect", gateway.knobs("CN=Ada Sample,OU=QA,DC=example,DC=com", _EVERY), gateway.NEVER,
    usual("AD Connect", gateway.SOURCE, "until a later synchronisation succeeds"),
)


class AdConnectEngine(gateway.GatewayEngine):
    """Speaks ``ad-connect``."""

    dialect = AD_CONNECT

    def _name(self, person: Person) -> str:
        called = person.display_name or person.user_name
        return gateway.name(("CN", called), ("OU", person.department), *gateway.components(person))
