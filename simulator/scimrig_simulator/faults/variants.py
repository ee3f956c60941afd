"""Variants: servers that are sound, and awkward. Nothing may fail on them.

Rule: what a variant does, the RFC allows. May not import ``server`` or ``idp``.
"""

from __future__ import annotations

from scimrig_simulator.faults.sabotage import Fault
from scimrig_simulator.scim import urns
from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.scim.schemas import Definitions
from scimrig_simulator.seams import Answer, Call, Seams


class _Patch204(Seams):
    def emit(self, call: Call, answer: Answer) -> Answer:
        if call.method == "PATCH" and answer.status == 200 and call.projection.attributes is None:
            answer.status, answer.body = 204, None
        return super().emit(call, answer)


PATCH_204 = Fault(
    "patch-204", "PATCH is answered 204, without a body",
    "Nothing: RFC 7644 §3.5.2 leaves the choice, unless the client asks for attributes.",
    seams=_Patch204,
)


class _NoSchemas(Seams):
    def discover(self, call: Call) -> None:
        raise ScimError(404, None, "There is no discovery here.")


NO_SCHEMAS = Fault(
    "no-schemas", "There is no discovery: /Schemas, /ResourceTypes and /ServiceProviderConfig are 404",
    "Nothing that a provisioning client needs: no IdP but Entra's gallery reads them.",
    seams=_NoSchemas,
)


class _UsersOnly(Seams):
    def definitions(self, known: Definitions) -> Definitions:
        schemas = tuple(schema for schema in known.schemas if schema.id != urns.GROUP)
        kinds = tuple(kind for kind in known.resource_types if kind.schema.id != urns.GROUP)
        return Definitions(schemas, kinds)


USERS_ONLY = Fault(
    "users-only", "There are users and no groups",
    "Nothing: a server declares which resource types it has.",
    seams=_UsersOnly,
)
