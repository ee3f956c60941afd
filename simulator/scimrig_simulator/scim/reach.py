"""Which members of a group a PATCH can have to do with, so that nobody has to read ten thousand others.

Rule: pure, and never less than the truth: whatever isn't plainly about members that it names reaches all of them.
"""

from __future__ import annotations

from typing import Any

from scimrig_simulator.scim.compare import member
from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.scim.expressions import Compare, Filter, Or
from scimrig_simulator.scim.messages import Operation, patch_ops
from scimrig_simulator.scim.paths import parse_path
from scimrig_simulator.scim.schemas import ResourceType
from scimrig_simulator.scim.tolerances import REMOVE_VALUE, Tolerance

_MEMBERS = "members"


def members_named(body: Any, kind: ResourceType, leniency: frozenset[Tolerance]) -> tuple[str, ...] | None:
    """Ids of the members that the operations of a PATCH body can find, add, change or remove; None for all.

    A body that can't be read reaches all: whether it will be refused isn't known here.
    """
    reached: dict[str, None] = {}
    try:
        for operation in patch_ops(body, leniency):
            named = _operation(operation, kind, leniency)
            if named is None or not all(id == id.lower() for id in named):  # members.value isn't caseExact, ids are
                return None
            reached.update(dict.fromkeys(named))
    except ScimError:
        return None
    return tuple(reached)


def _operation(operation: Operation, kind: ResourceType, leniency: frozenset[Tolerance]) -> list[str] | None:
    if operation.path is None:
        return _whole(operation, kind)
    container = kind.container(operation.path)
    if container is not None:
        return None if container is kind.schema else []
    path = parse_path(operation.path)
    located = kind.locate(path.attr)
    if located is None or located.extension is not None or located.attribute.name != _MEMBERS:
        return []
    if path.filter is not None:
        return _by_filter(path.filter)
    if path.attr.sub is not None or operation.op == "replace":
        return None
    if operation.op == "remove" and REMOVE_VALUE not in leniency:
        return None
    return _values(operation.value)


def _whole(operation: Operation, kind: ResourceType) -> list[str] | None:
    """An operation without a path: its members count where it adds; keys that are paths reach all."""
    if not isinstance(operation.value, dict):
        return []
    named: list[str] = []
    for key, value in operation.value.items():
        attribute = kind.attribute(key)
        if attribute is None:
            return None
        if attribute.name == _MEMBERS:
            found = _values(value) if operation.op == "add" else None
            if found is None:
                return None
            named += found
    return named


def _by_filter(condition: Filter) -> list[str] | None:
    if isinstance(condition, Or):
        left, right = _by_filter(condition.left), _by_filter(condition.right)
        return None if left is None or right is None else left + right
    if not isinstance(condition, Compare) or condition.op != "eq" or condition.attr.name.lower() != "value":
        return None
    return [condition.value] if isinstance(condition.value, str) else None


def _values(value: Any) -> list[str] | None:
    """The ids in a list of members, or in a single one; None where there is anything else."""
    items = value if isinstance(value, list) else [value]
    ids = [item if isinstance(item, str) else member(item, "value") for item in items]
    return [id for id in ids if isinstance(id, str)] if all(isinstance(id, str) for id in ids) else None
