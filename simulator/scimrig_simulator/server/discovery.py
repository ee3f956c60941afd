"""What the server says about itself: /ServiceProviderConfig, /ResourceTypes, /Schemas (RFC 7644 §4).

All of it follows from the definitions that the server was built with, loaded ones too, and never changes while it runs;
query parameters other than a filter are ignored.

Rule: every flag here is true of the server; a feature is switched on here when it is done, not before. Readable without
a token (RFC 7643 §5 asks it for the authentication schemes; the rest holds nothing of a tenant either), but a wrong
token is refused here as everywhere. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

from dataclasses import dataclass

from scimrig_simulator import limits
from scimrig_simulator.calls import Answer, Call, Resource
from scimrig_simulator.scim import messages, urns
from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.scim.schemas import Definitions
from scimrig_simulator.seams import LARGEST_PAGE, Seams


@dataclass(frozen=True, slots=True)
class Discovery:
    """The three discovery endpoints of one server."""

    seams: Seams
    definitions: Definitions

    def config(self, call: Call) -> Answer:
        """GET /ServiceProviderConfig."""
        self.seams.discover(call)
        return Answer(200, service_provider_config(f"{call.base_url}/ServiceProviderConfig"))

    def resource_types(self, call: Call) -> Answer:
        """GET /ResourceTypes."""
        return self._list(call, [self._resource_type(call, kind.name) for kind in self.definitions.resource_types])

    def resource_type(self, call: Call) -> Answer:
        """GET /ResourceTypes/{name}, the name in any case."""
        self.seams.discover(call)
        return Answer(200, self._resource_type(call, call.id or ""))

    def schemas(self, call: Call) -> Answer:
        """GET /Schemas."""
        return self._list(call, [self._schema(call, schema.id) for schema in self.definitions.schemas])

    def schema(self, call: Call) -> Answer:
        """GET /Schemas/{urn}, the URN in any case."""
        self.seams.discover(call)
        return Answer(200, self._schema(call, call.id or ""))

    def _list(self, call: Call, items: list[Resource]) -> Answer:
        self.seams.discover(call)
        return Answer(200, messages.list_response(items, len(items), 1))

    def _resource_type(self, call: Call, name: str) -> Resource:
        kind = next((kind for kind in self.definitions.resource_types if kind.name.lower() == name.lower()), None)
        if kind is None:
            raise ScimError(404, None, f"There is no resource type {name!r}; /ResourceTypes lists them.")
        return kind.to_json(f"{call.base_url}/ResourceTypes/{kind.name}")

    def _schema(self, call: Call, urn: str) -> Resource:
        schema = self.definitions.schema(urn)
        if schema is None:
            raise ScimError(404, None, f"There is no schema {urn!r}; /Schemas lists them.")
        return schema.to_json(f"{call.base_url}/Schemas/{schema.id}")


def service_provider_config(location: str) -> Resource:
    """The server's features (RFC 7643 §5). ``location`` is the document's own URI."""
    return {
        "schemas": [urns.SERVICE_PROVIDER_CONFIG],
        "documentationUri": "https://www.rfc-editor.org/rfc/rfc7644",
        "patch": {"supported": True},
        "bulk": {"supported": True, "maxOperations": limits.BULK_OPERATIONS, "maxPayloadSize": limits.BODY},
        "filter": {"supported": True, "maxResults": LARGEST_PAGE},
        "changePassword": {"supported": True},
        "sort": {"supported": True},
        "pagination": {
            "cursor": True,
            "index": True,
            "defaultPaginationMethod": "index",
            "defaultPageSize": limits.USUAL_PAGE,
            "maxPageSize": limits.LARGEST_PAGE,
            "cursorTimeout": limits.CURSOR_LIFETIME,
        },
        "etag": {"supported": True},
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "Bearer token",
                "description": "A token of the tenant, sent in the Authorization header",
                "specUri": "https://www.rfc-editor.org/rfc/rfc6750",
                "primary": True,
            }
        ],
        "meta": {"resourceType": "ServiceProviderConfig", "location": location},
    }
