"""What an engine believes: in tables of JSON values, so that an IdP goes on tomorrow where it stopped today.

    kept = remember(engine)        # ids, links, what was ever sent, who is switched off, members
    recall(engine, kept)           # a fresh engine of the same dialect and seed knows it all again

By default the tables are dicts. Whoever plays a company that is larger than memory gives the engine a ``Memory`` of its
own, on a file say; then a value that is changed must be stored again, and every engine does that.

Rule: no I/O, no dialect by name. What cannot be kept whole is an error, never a loss.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from scimrig_simulator.wire import Json

if TYPE_CHECKING:
    from scimrig_simulator.idp.engine import Engine

Table: TypeAlias = MutableMapping[str, Any]
"""Key → JSON value. A value taken out is not to be changed in place: store a new one."""


class Memory(Protocol):
    """Tables by name. A name stands for the same table for as long as the memory lives."""

    def table(self, name: str) -> Table: ...


class PlainMemory:
    """A memory in memory."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[str, Any]] = {}

    def table(self, name: str) -> Table:
        return self.tables.setdefault(name, {})


class MemoryMismatchError(ValueError):
    """The memory is not one of this engine's: another dialect's, or another version's."""


def remember(engine: Engine) -> dict[str, Json]:
    """Everything the engine believes, as a JSON object. Raises TypeError for a belief that JSON cannot carry."""
    kept: dict[str, Json] = {name: dict(table) for name, table in engine.tables.items()}
    back: dict[str, Json] = json.loads(json.dumps(kept))
    if back != kept:
        raise TypeError(f"the engine for {engine.dialect.name} has a belief that JSON cannot carry")
    return back


def recall(engine: Engine, memory: Mapping[str, Json]) -> None:
    """Make a fresh engine believe what ``memory`` holds. Raises MemoryMismatchError, and the engine is as it was."""
    tables = engine.tables
    for name, held in memory.items():
        if name not in tables:
            raise MemoryMismatchError(f"the engine for {engine.dialect.name} has no belief {name!r}")
        if not isinstance(held, dict) or "$set" in held:
            raise MemoryMismatchError(f"{name!r} is no table: another version of scimrig wrote it")
    for name, held in memory.items():
        tables[name].clear()
        tables[name].update(json.loads(json.dumps(held)))
