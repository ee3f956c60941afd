"""The messages of RFC 7644 around resources: lists, errors, PATCH requests.

Rule: form only; what the operations of a PATCH do is ``patch``'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from scimrig_simulator.scim import tolerances, urns
from scimrig_simulator.scim.compare import member
from scimrig_simulator.scim.errors import INVALID_PATH, ScimError, invalid_syntax
from scimrig_simulator.scim.tolerances import Tolerance

_OPS = ("add", "remove", "replace")


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
    resources: Iterable[Mapping[str, Any]], total: int, start_index: int, items: int | None = None
) -> dict[str, Any]:
    """A ListResponse (RFC 7644 §3.4.2). ``start_index`` is 1-based; ``items`` is the number returned unless given."""
    page = [dict(resource) for resource in resources]
    return {
        "schemas": [urns.LIST_RESPONSE], "totalResults": total, "startIndex": start_index,
        "itemsPerPage": len(page) if items is None else items, "Resources": page,
    }


def error_body(status: int, detail: str, scim_type: str | None = None) -> dict[str, Any]:
    """An error message (RFC 7644 §3.12); ``status`` becomes a string."""
    return ScimError(status, scim_type, detail).body()


def patch_ops(body: Any, leniency: frozenset[Tolerance] = tolerances.STANDARD) -> tuple[Operation, ...]:
    """The operations of a PATCH body in order. Raises ScimError: 400 ``invalidSyntax`` or ``invalidPath`` (§3.5.2)."""
    if not isinstance(body, dict):
        raise invalid_syntax("A PATCH body is a JSON object with schemas and Operations")
    schemas = _member(body, "schemas", leniency)
    known = [urn.lower() for urn in schemas if isinstance(urn, str)] if isinstance(schemas, list) else []
    if urns.PATCH_OP.lower() not in known:
        raise invalid_syntax(f"schemas of a PATCH body must hold {urns.PATCH_OP}")
    operations = _member(body, "Operations", leniency)
    if not isinstance(operations, list) or not operations:
        raise invalid_syntax("Operations must be an array with one operation at least")
    return tuple(_operation(item, number, leniency) for number, item in enumerate(operations, 1))


def _operation(item: Any, number: int, leniency: frozenset[Tolerance]) -> Operation:
    if not isinstance(item, dict):
        raise invalid_syntax(f"Operation {number} must be an object with op, path and value")
    op = _member(item, "op", leniency)
    word = op.lower() if isinstance(op, str) and tolerances.CAPITAL_OP in leniency else op
    if word not in _OPS:
        raise invalid_syntax(f"Operation {number}: op must be one of {', '.join(_OPS)}, not {op!r}")
    path = _member(item, "path", leniency)
    if path is not None and not isinstance(path, str):
        raise ScimError(400, INVALID_PATH, f"Operation {number}: path must be a string")
    valued = "value" in item or (
        tolerances.ENVELOPE_CASE in leniency and any(key.lower() == "value" for key in item)
    )
    return Operation(number, word, path, _member(item, "value", leniency), valued)


def _member(body: Mapping[str, Any], name: str, leniency: frozenset[Tolerance]) -> Any:
    return member(body, name) if tolerances.ENVELOPE_CASE in leniency else body.get(name)
