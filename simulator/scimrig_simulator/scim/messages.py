"""The messages of RFC 7644 around resources: lists, errors, PATCH requests.

Rule: form only; what the operations of a PATCH do is ``patch``'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from scimrig_simulator import limits
from scimrig_simulator.scim import tolerances, urns
from scimrig_simulator.scim.errors import INVALID_PATH, ScimError, invalid_syntax
from scimrig_simulator.scim.tolerances import Leniency

_OPS = ("add", "remove", "replace")
_ENVELOPE = {"schemas": "schemas", "operations": "Operations"}
_OPERATION = {"op": "op", "path": "path", "value": "value"}


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a PATCH: ``op`` in lower case, ``path`` None where there is none.

    ``valued`` tells a ``value`` of null from no ``value``. ``number`` is 1-based.
    """

    number: int
    op: str
    path: str | None
    value: Any
    valued: bool


def list_response(
    resources: Iterable[Mapping[str, Any]], total: int, start_index: int | None, items: int | None = None,
    cursors: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """A ListResponse (RFC 7644 §3.4.2). ``start_index`` is 1-based; ``items`` is the number returned unless given.

    cursors: ``nextCursor`` and ``previousCursor``, as far as there are any (RFC 9865 §2); there is no index then.
    """
    page = [dict(resource) for resource in resources]
    place: dict[str, Any] = {} if start_index is None else {"startIndex": start_index}
    return {
        "schemas": [urns.LIST_RESPONSE], "totalResults": total, **place,
        "itemsPerPage": len(page) if items is None else items, **(cursors or {}), "Resources": page,
    }


def error_body(status: int, detail: str, scim_type: str | None = None) -> dict[str, Any]:
    """An error message (RFC 7644 §3.12); ``status`` becomes a string."""
    return ScimError(status, scim_type, detail).body()


def patch_ops(body: Any, leniency: Leniency = tolerances.STANDARD) -> tuple[Operation, ...]:
    """The operations of a PATCH body in order. Raises ScimError: 400 ``invalidSyntax`` or ``invalidPath`` (§3.5.2)."""
    if not isinstance(body, dict):
        raise invalid_syntax("A PATCH body is a JSON object with schemas and Operations")
    message = _members(body, _ENVELOPE, leniency, "The body")
    schemas = message.get("schemas")
    known = [urn.lower() for urn in schemas if isinstance(urn, str)] if isinstance(schemas, list) else []
    if urns.PATCH_OP.lower() not in known:
        raise invalid_syntax(f"schemas of a PATCH body must hold {urns.PATCH_OP}")
    operations = message.get("Operations")
    if not isinstance(operations, list) or not operations:
        raise invalid_syntax("Operations must be an array with one operation at least")
    if len(operations) > limits.PATCH_OPERATIONS:
        detail = f"A PATCH may have {limits.PATCH_OPERATIONS} operations at most; this one has {len(operations)}."
        raise ScimError(413, None, detail)
    return tuple(_operation(item, number, leniency) for number, item in enumerate(operations, 1))


def _operation(item: Any, number: int, leniency: Leniency) -> Operation:
    if not isinstance(item, dict):
        raise invalid_syntax(f"Operation {number} must be an object with op, path and value")
    members = _members(item, _OPERATION, leniency, f"Operation {number}")
    op = members.get("op")
    word = op.lower() if isinstance(op, str) and tolerances.CAPITAL_OP in leniency else op
    if word not in _OPS:
        raise invalid_syntax(f"Operation {number}: op must be one of {', '.join(_OPS)}, not {op!r}")
    path = members.get("path")
    if path is not None and not isinstance(path, str):
        raise ScimError(400, INVALID_PATH, f"Operation {number}: path must be a string")
    return Operation(number, word, path, members.get("value"), "value" in members)


def _members(body: Mapping[str, Any], names: Mapping[str, str], leniency: Leniency, where: str) -> dict[str, Any]:
    """The members of a message by their printed names; what else is there means nothing.

    By the letter a ``Path`` is none, and an operation without its path would go elsewhere: so it is refused.
    """
    found: dict[str, Any] = {}
    for key, value in body.items():
        name = names.get(key.lower())
        if name is None:
            continue
        if key != name and tolerances.ENVELOPE_CASE not in leniency:
            raise invalid_syntax(f"{where}: write '{name}', not '{key}'")
        if name in found:
            raise invalid_syntax(f"{where}: '{name}' is given more than once")
        found[name] = value
    return found
