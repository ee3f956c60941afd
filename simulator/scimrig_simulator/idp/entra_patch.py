"""The shapes of Entra's PATCH operations: E0 (capital op, a path each, strings) and E1 (lower-case, merged), by knob.

Rule: pure functions of the differences found; what is different is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from scimrig_simulator.scim.urns import ENTERPRISE, PATCH_OP
from scimrig_simulator.wire import Json, filter_string, segment

Change: TypeAlias = tuple[str, Json, Json]
"""(path, wanted, held); held None = the server's copy has no value, wanted "" = the value is to go."""

Operation: TypeAlias = dict[str, Json]

MANAGER = f"{ENTERPRISE}:manager"


class Shape:
    """How differences become operations. ``setting``: the value of a knob by name."""

    def __init__(self, setting: Callable[[str], str]) -> None:
        self._setting = setting
        self._merged = setting("patch-shape") == "merged"
        self._lone = setting("lone-change") == "merged"
        self._verbs = ("add", "replace") if setting("both-verbs") == "adds-first" else ("replace", "add")

    def body(self, operations: Sequence[Operation]) -> dict[str, Json]:
        """The envelope of a PATCH; its member order is not stable between published logs (entra:4)."""
        whole: dict[str, Json] = {"schemas": [PATCH_OP], "Operations": list(operations)}
        return whole if self._setting("envelope") == "schemas-first" else dict(reversed(whole.items()))

    def user(self, changes: Sequence[Change]) -> list[Operation]:
        """Operations that bring a user up to date: filtered paths and ``active`` first where the rest is merged."""
        return self._bring(changes, merge=self._merged)

    def group(self, changes: Sequence[Change]) -> list[Operation]:
        """Operations that bring a group's name and externalId up to date."""
        return self._bring(changes, merge=self._setting("group-rename") == "merged")

    def replace(self, path: str, value: Json) -> Operation:
        """Replace one attribute, whatever the server holds."""
        return {"op": self._op("replace"), "path": path, "value": self._text(value)}

    def roles(self, verb: str, value: list[Json]) -> Operation:
        """The whole of ``roles`` as one value."""
        return {"op": self._op(verb), "path": "roles", "value": value}

    def manager(self, id: str, held: str) -> Operation:
        """Set the manager, or take them away for no id. ``held``: the id that the server has, "" for none."""
        if self._setting("manager") == "checked":
            value: Json = [{"$ref": f"../Users/{segment(id)}", "value": id}]
            path = "manager"
        else:
            path, value = MANAGER, id
        if id:
            return {"op": self._op(self._verb(held or None)), "path": path, "value": value}
        bare: Operation = {"op": self._op("remove"), "path": path}
        return {**bare, "value": ""} if self._setting("manager-removal") == "remove-empty" else bare

    def join(self, ids: Sequence[str]) -> list[Operation]:
        """Operations that add members."""
        return [{"op": self._op("add"), "path": "members", "value": self._members(ids)}]

    def leave(self, ids: Sequence[str]) -> list[Operation]:
        """Operations that take members out."""
        if self._setting("remove-member") == "filter-path":
            return [{"op": self._op("remove"), "path": f"members[value eq {filter_string(id)}]"} for id in ids]
        return [{"op": self._op("remove"), "path": "members", "value": self._members(ids)}]

    def unusual(self, changes: Sequence[Change]) -> list[str]:
        """Inferred knobs that these changes bring into play."""
        made = any(held is None and "[" in path for path, _, held in changes)
        verbs = {self._verb(held) for path, wanted, held in changes if _mergeable(path, wanted)}
        lone = self._merged and not self._lone and len([c for c in changes if _mergeable(c[0], c[1])]) == 1
        names = {"create-element": made, "both-verbs": self._merged and len(verbs) > 1, "lone-change": lone}
        return [name for name, in_play in names.items() if in_play]

    def _bring(self, changes: Sequence[Change], *, merge: bool) -> list[Operation]:
        rest = [change for change in changes if merge and _mergeable(change[0], change[1])]
        if len(rest) == 1 and not self._lone:
            rest = []
        single = [change for change in changes if change not in rest]
        if merge:
            single.sort(key=_rank)
        merged = (operation for verb in self._verbs for operation in self._merge(verb, rest))
        return [*(self._single(change) for change in single), *merged]

    def _single(self, change: Change) -> Operation:
        path, wanted, held = change
        if wanted == "":
            return {"op": self._op("remove"), "path": path}
        return {"op": self._op(self._verb(held)), "path": path, "value": self._text(wanted)}

    def _merge(self, verb: str, changes: Sequence[Change]) -> list[Operation]:
        value = {path: wanted for path, wanted, held in changes if self._verb(held) == verb}
        return [{"op": self._op(verb), "value": value}] if value else []

    def _verb(self, held: Json) -> str:
        fixed = self._setting("add-or-replace")
        return fixed if fixed != "by-copy" else "add" if held is None else "replace"

    def _op(self, verb: str) -> str:
        return verb.capitalize() if self._setting("op-case") == "capital" else verb

    def _text(self, value: Json) -> Json:
        return str(value) if isinstance(value, bool) and self._setting("boolean") == "string" else value

    def _members(self, ids: Sequence[str]) -> list[Json]:
        if self._setting("member-object") == "value-only":
            return [{"value": id} for id in ids]
        return [{"$ref": None, "value": id} for id in ids]


def _mergeable(path: str, wanted: Json) -> bool:
    """Whether a change can stand in an op without a path; ``active`` keeps its own (entra:4 [M2])."""
    return path != "active" and "[" not in path and wanted != ""


def _rank(change: Change) -> int:
    """Filtered paths, then ``active``, then what has a path of its own for another reason."""
    return 0 if "[" in change[0] else 1 if change[0] == "active" else 2
