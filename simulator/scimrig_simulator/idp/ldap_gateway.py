"""An LDAP directory behind a gateway: full PUT, externalId a name such as uid=ada,ou=people,dc=example,dc=com.

Rule: the table and the form of the name; ``gateway.py`` has what is not its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scimrig_simulator.idp import gateway
from scimrig_simulator.idp import replacing_knobs as common
from scimrig_simulator.idp.replacing_reactions import usual

if TYPE_CHECKING:
    from scimrig_simulator.workforce.person import Person

_EVERY = "300"

LDAP_GATEWAY = common.table(
    "ldap-gateway", "LDAP gateway", gateway.knobs("uid=ada,ou=people,dc=example,dc=com", _EVERY), gateway.NEVER,
    usual("The LDAP gateway", gateway.SOURCE, "until a later synchronisation succeeds"),
)


class LdapGatewayEngine(gateway.GatewayEngine):
    """Speaks ``ldap-gateway``."""

    dialect = LDAP_GATEWAY

    def _name(self, person: Person) -> str:
        domain = [(kind.lower(), part) for kind, part in gateway.components(person)]
        return gateway.name(("uid", person.login), ("ou", "people"), *domain)
