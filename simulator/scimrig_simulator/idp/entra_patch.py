"""The shapes of Entra's PATCH operations: E0 (capital op, a path each, strings) and E1 (lower-case, merged).

Rule: pure functions of the differences found; what is different is decided in ``entra.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeAlias

from scimrig_simulator.idp.mapping import slot
from scimrig_simulator.scim.urns import PATCH_OP
from scimrig_simulator.wire import Json, filter_string

Change: TypeAlias = tuple[str, Json, Json]
"""(path, wanted, held); held None = the server's copy has no value."""

Operation: TypeAlias = dict[str, Json]


class Shape(Protocol):
    """How differences become operations."""

    def user(self, changes: Sequence[Change]) -> list[Operation]:
        """Operations that bring a user up to date."""

    def single(self, change: Change) -> Operation:
        """One operation with a path of its own."""

    def replace(self, path: str, value: Json) -> Operation:
        """Replace one attribute, whatever the server holds."""

    def join(self, ids: Sequence[str]) -> list[Operation]:
        """Operations that add members; none for no ids."""

    def leave(self, ids: Sequence[str]) -> list[Operation]:
        """Operations that take members out; none for no ids."""

    def unusual(self, changes: Sequence[Change]) -> list[str]:
        """Inferred knobs that these changes bring into play."""


class _Plain:
    """E0: one operation an attribute, capital op, booleans as strings (entra:4 [M2])."""

    def user(self, changes: Sequence[Change]) -> list[Operation]:
        return [self.single(change) for change in changes]

    def single(self, change: Change) -> Operation:
        path, wanted, held = change
        return {"op": "Add" if held is None else "Replace", "path": path, "value": _text(wanted)}

    def replace(self, path: str, value: Json) -> Operation:
        return {"op": "Replace", "path": path, "value": _text(value)}

    def join(self, ids: Sequence[str]) -> list[Operation]:
        return [{"op": "Add", "path": "members", "value": _members(ids)}] if ids else []

    def leave(self, ids: Sequence[str]) -> list[Operation]:
        return [{"op": "Remove", "path": "members", "value": _members(ids)}] if ids else []

    def unusual(self, changes: Sequence[Change]) -> list[str]:
        return _made_elements(changes)


class _Merged:
    """E1: filtered paths first, ``active`` by its path, the rest merged into one op a verb (entra:4 [M2])."""

    def user(self, changes: Sequence[Change]) -> list[Operation]:
        filtered = [self.single(change) for change in changes if slot(change[0]).filtered]
        active = [self.single(change) for change in changes if change[0] == "active"]
        return [*filtered, *active, *self._merge("add", changes), *self._merge("replace", changes)]

    def single(self, change: Change) -> Operation:
        path, wanted, held = change
        return {"op": _verb(held), "path": path, "value": wanted}

    def replace(self, path: str, value: Json) -> Operation:
        return {"op": "replace", "path": path, "value": value}

    def join(self, ids: Sequence[str]) -> list[Operation]:
        return [{"op": "add", "path": "members", "value": _members(ids)}] if ids else []

    def leave(self, ids: Sequence[str]) -> list[Operation]:
        return [{"op": "remove", "path": f"members[value eq {filter_string(id)}]"} for id in ids]

    def unusual(self, changes: Sequence[Change]) -> list[str]:
        verbs = {_verb(held) for path, _, held in changes if _mergeable(path)}
        return [*_made_elements(changes), *(["both-verbs"] if len(verbs) > 1 else [])]

    def _merge(self, verb: str, changes: Sequence[Change]) -> list[Operation]:
        value = {path: wanted for path, wanted, held in changes if _mergeable(path) and _verb(held) == verb}
        return [{"op": verb, "value": value}] if value else []


E0: Shape = _Plain()
E1: Shape = _Merged()


def body(operations: Sequence[Operation]) -> dict[str, Json]:
    """The envelope of a PATCH (its member order is not stable between published logs: entra:4)."""
    return {"schemas": [PATCH_OP], "Operations": list(operations)}


def _members(ids: Sequence[str]) -> list[Json]:
    return [{"$ref": None, "value": id} for id in ids]


def _made_elements(changes: Sequence[Change]) -> list[str]:
    return ["create-element"] if any(held is None and slot(path).filtered for path, _, held in changes) else []


def _mergeable(path: str) -> bool:
    return path != "active" and not slot(path).filtered


def _verb(held: Json) -> str:
    return "add" if held is None else "replace"


def _text(value: Json) -> Json:
    return str(value) if isinstance(value, bool) else value
