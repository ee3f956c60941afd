"""References to what a bulk job is about to create: ``bulkId:x`` in place of an id (RFC 7644 §3.7.1, §3.7.2).

A reference is a whole string (``members.value``, ``manager.value``, a path's segment), the end of a URI (``$ref``), or
a string inside the filter of a PATCH path. A password is never one.

Rule: pure; finds references, puts ids in their place, and says what has to be done first. Doing it is the server's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from typing import Any
from urllib.parse import quote, unquote

from scimrig_simulator.wire import Json

MARK = "bulkId:"

_IN_URI = re.compile(r"(\S*/)bulkId:([^/?#\s]*)")
_IN_FILTER = re.compile(r'"bulkId:((?:[^"\\]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*)"')


def named(value: Json) -> frozenset[str]:
    """The bulkIds that a JSON value refers to."""
    names: set[str] = set()

    def note(name: str) -> str:
        names.add(name)
        return name

    _mapped(value, note)
    return frozenset(names)


def whole(text: str) -> str | None:
    """The bulkId that a text is a reference to and nothing else; None where it is anything else."""
    return text[len(MARK) :] if text.startswith(MARK) else None


def resolved(value: Json, ids: Mapping[str, str]) -> Json:
    """The same value with ids in place of bulkIds. Raises KeyError for one that ``ids`` doesn't hold."""
    return _mapped(value, ids.__getitem__)


def parted(resource: Mapping[str, Any], pending: Set[str], prefix: str = "") -> tuple[dict[str, Any], list[Json]]:
    """A resource without the values that refer to ``pending`` bulkIds, and the PATCH operations that add them to it.

    A value is an element of a multi-valued attribute, or a whole attribute of the resource or of an extension.
    """
    kept: dict[str, Any] = {}
    later: list[Json] = []
    stays: Any
    goes: Any
    for name, value in resource.items():
        if not prefix and ":" in name and isinstance(value, dict):
            stays, more = parted(value, pending, f"{name}:")
            goes = None
            later += more
        elif isinstance(value, list):
            goes = [item for item in value if named(item) & pending]
            stays = [item for item in value if not named(item) & pending] if goes else value
        else:
            goes = value if named(value) & pending else None
            stays = None if goes else value
        if goes:
            later.append({"op": "add", "path": prefix + name, "value": goes})
        if stays or stays == value:
            kept[name] = stays
    return kept, later


def rounds(start: int, needs: Callable[[int], Sequence[int]]) -> list[tuple[int, ...]]:
    """What is to be done for ``start``, in this order: whatever it needs, directly or not, and then itself.

    Those that need each other in a circle are one round, in ascending order; everything else is a round of its own.
    These are Tarjan's strongly connected components, with a stack of our own: a chain may be as long as the job.
    """
    found: list[tuple[int, ...]] = []
    met = {start: 0}
    lowest = {start: 0}
    unplaced = {start: None}  # in the order in which they were met
    path: list[tuple[int, Iterator[int]]] = [(start, iter(needs(start)))]
    while path:
        node, rest = path[-1]
        need = next(rest, None)
        if need is None:
            path.pop()
            if path:
                above = path[-1][0]
                lowest[above] = min(lowest[above], lowest[node])
            if lowest[node] == met[node]:
                found.append(_cut(unplaced, node))
        elif need not in met:
            met[need] = lowest[need] = len(met)
            unplaced[need] = None
            path.append((need, iter(needs(need))))
        elif need in unplaced:
            lowest[node] = min(lowest[node], met[need])
    return found


def _cut(unplaced: dict[int, None], node: int) -> tuple[int, ...]:
    """Take ``node`` and whatever was met after it."""
    taken = [unplaced.popitem()[0]]
    while taken[-1] != node:
        taken.append(unplaced.popitem()[0])
    return tuple(sorted(taken))


def _mapped(value: Json, replace: Callable[[str], str], key: str = "") -> Json:
    if isinstance(value, dict):
        return {name: _mapped(item, replace, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_mapped(item, replace, key) for item in value]
    if isinstance(value, str) and MARK in value and key.lower() != "password":
        return _replaced(value, replace, key.lower())
    return value


def _replaced(text: str, replace: Callable[[str], str], key: str) -> str:
    name = whole(text)
    if name is not None:
        return replace(name)
    if uri := _IN_URI.fullmatch(text):
        return uri[1] + quote(replace(unquote(uri[2])), safe="")
    if key == "path":
        return _IN_FILTER.sub(lambda found: json.dumps(replace(json.loads(f'"{found[1]}"', strict=False))), text)
    return text
