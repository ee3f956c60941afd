"""How a resource is filed: the keys that it is found by, and the texts that are kept of it.

Rule: pure; decides nothing about the protocol. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from scimrig_simulator.calls import Resource
from scimrig_simulator.scim.compare import fold
from scimrig_simulator.scim.keys import comparable, unique_values, values_at
from scimrig_simulator.scim.paths import parse_attr_path
from scimrig_simulator.scim.projection import project
from scimrig_simulator.scim.schemas import Attribute, Located, ResourceType
from scimrig_simulator.server.store import Keys

_APART = frozenset({"id", "schemas", "meta", "members", "groups"})
_EMAIL = "emails.value"
_printed = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def filed(resource: Resource, kind: ResourceType) -> tuple[Keys, str, str | None]:
    """(keys, document, whole) of a resource, as ``Store.insert`` takes them. Links and meta are kept elsewhere."""
    whole = {"schemas": resource["schemas"], "id": resource["id"]}
    whole.update({name: value for name, value in resource.items() if name not in _APART})
    if not _holds_apart(whole, kind):
        return _keys(resource, kind), _printed(whole), None
    return _keys(resource, kind), _printed(project(whole, kind)), _printed(whole)


def _keys(resource: Resource, kind: ResourceType) -> Keys:
    display, user = (_text(resource.get(name)) for name in ("displayName", "userName"))
    active = resource.get("active")
    return Keys(
        user_name=None if user is None else fold(user),
        external_id=_text(resource.get("externalId")),
        display_name=None if display is None else fold(display),
        label=display or user or resource["id"],
        active=active if isinstance(active, bool) else None,
        terms=tuple(dict.fromkeys(_terms(resource, kind))),
    )


def _terms(resource: Resource, kind: ResourceType) -> Iterator[tuple[str, str]]:
    yield from unique_values(resource, kind)
    email = place_of(kind, _EMAIL)
    if email is not None:
        texts = (comparable(value, email.leaf) for value in values_at(resource, email))
        yield from ((_EMAIL, text) for text in texts if text is not None)


@lru_cache(maxsize=1024)
def place_of(kind: ResourceType, name: str) -> Located | None:
    """Where the path of an attribute leads in a resource type, None where there is none of that name."""
    return kind.locate(parse_attr_path(name))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _holds_apart(resource: Mapping[str, Any], kind: ResourceType) -> bool:
    """Whether a resource may hold what isn't sent by default."""
    return any(name in resource for name in _apart(kind))


@lru_cache(maxsize=256)
def _apart(kind: ResourceType) -> tuple[str, ...]:
    """Attributes and extensions in which something is returned on request only, or never."""
    own = tuple(attribute.name for attribute in kind.schema.attributes if _is_apart(attribute))
    return own + tuple(
        extension.schema.id for extension in kind.extensions if any(map(_is_apart, extension.schema.attributes))
    )


def _is_apart(attribute: Attribute) -> bool:
    return attribute.returned in ("never", "request") or any(map(_is_apart, attribute.sub_attributes))
