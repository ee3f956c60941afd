"""Which operation a path and a method ask for (RFC 7644 §3.2).

Rule: segments arrive split before they are decoded, so that an id may hold any character; nothing here looks a resource
up. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from scimrig_simulator.calls import Answer, Call
from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.scim.schemas import Definitions, ResourceType
from scimrig_simulator.server import bulk
from scimrig_simulator.server.directory import Directory
from scimrig_simulator.server.discovery import Discovery
from scimrig_simulator.server.search import Search

Handler: TypeAlias = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """What may be done at a path: method → operation, and what the path names.

    public: needs no token.  in_bulk: its operations may be part of a bulk job.
    """

    methods: Mapping[str, Handler]
    resource_type: ResourceType | None = None
    id: str | None = None
    public: bool = False
    in_bulk: bool = False

    def handler(self, method: str) -> Handler:
        """The operation of a method. Raises ScimError 405 that names the ones there are."""
        if method not in self.methods:
            allowed = ", ".join(f"{name}, HEAD" if name == "GET" else name for name in self.methods)
            raise ScimError(405, None, f"{method} is not possible; this path takes {allowed}.", (("Allow", allowed),))
        return self.methods[method]


@dataclass(frozen=True, slots=True)
class Routes:
    """The paths below the base URL."""

    definitions: Definitions
    directory: Directory
    search: Search
    discovery: Discovery

    def find(self, segments: Sequence[str]) -> Route:
        """The route of a path, its segments decoded. Raises ScimError 404, and 501 for /Me (RFC 7644 §3.11)."""
        match segments:
            case []:
                return Route({"GET": self.search.browse})
            case [".search"]:
                return Route({"POST": self.search.search})
            case ["ServiceProviderConfig" | "ResourceTypes" | "Schemas" as name, *rest]:
                return self._discovery(name, rest)
            case ["Me"]:
                raise ScimError(501, None, "/Me is not supported: a provisioning token stands for no user.")
            case ["Bulk"]:
                return Route({"POST": lambda call: bulk.process(call, self.find, self.directory)})
            case [name, *rest] if kind := self.definitions.by_endpoint(f"/{name}"):
                return self._resources(kind, rest)
        raise _nothing_there(segments)

    def _resources(self, kind: ResourceType, rest: Sequence[str]) -> Route:
        directory = self.directory
        match rest:
            case []:
                return Route({"GET": self.search.browse, "POST": directory.create}, kind, in_bulk=True)
            case [".search"]:
                return Route({"POST": self.search.search}, kind)
            case [id] if id:
                one: dict[str, Handler] = {
                    "GET": directory.read, "PUT": directory.put, "PATCH": directory.patch, "DELETE": directory.delete
                }  # fmt: skip
                return Route(one, kind, id, in_bulk=True)
        raise _nothing_there([kind.endpoint[1:], *rest])

    def _discovery(self, name: str, rest: Sequence[str]) -> Route:
        discovery = self.discovery
        match name, rest:
            case "ServiceProviderConfig", []:
                return Route({"GET": discovery.config}, public=True)
            case "ResourceTypes", []:
                return Route({"GET": discovery.resource_types}, public=True)
            case "ResourceTypes", [id] if id:
                return Route({"GET": discovery.resource_type}, id=id, public=True)
            case "Schemas", []:
                return Route({"GET": discovery.schemas}, public=True)
            case "Schemas", [id] if id:
                return Route({"GET": discovery.schema}, id=id, public=True)
        raise _nothing_there([name, *rest])


def _nothing_there(segments: Sequence[str]) -> ScimError:
    return ScimError(404, None, f"There is nothing at /{'/'.join(segments)} below the base URL.")
