"""What an engine believes, as JSON and back: so that an IdP goes on tomorrow where it stopped today.

    kept = remember(engine)        # ids, links, what was ever sent, who is switched off, members
    recall(engine, kept)           # a fresh engine of the same dialect and seed knows it all again

Beliefs are whatever containers an engine holds. How it is set up (seed, options) is for whoever engages it, and what
its last act touched is forgotten: it belongs to that act.

Rule: no I/O, no dialect by name. What cannot be kept whole is an error, never a loss.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeAlias

from scimrig_simulator.idp.engine import Engine
from scimrig_simulator.idp.intent import Intent
from scimrig_simulator.wire import Json

Container: TypeAlias = dict[Any, Any] | set[Any]

_OF_ONE_ACT = frozenset({"_touched"})
_MARKERS = _SET, _TUPLE, _INTENT = "$set", "$tuple", "$intent"


class MemoryMismatchError(ValueError):
    """The memory is not one of this engine's: another dialect's, or another version's."""


def remember(engine: Engine) -> dict[str, Json]:
    """Everything the engine believes, as a JSON object. Raises TypeError for a belief that JSON cannot carry."""
    return {name.lstrip("_"): _frozen(value) for name, value in _beliefs(engine).items()}


def recall(engine: Engine, memory: Mapping[str, Json]) -> None:
    """Make a fresh engine believe what ``memory`` holds. Raises MemoryMismatchError, and the engine is as it was."""
    beliefs = {name.lstrip("_"): value for name, value in _beliefs(engine).items()}
    thawed: dict[str, Container] = {}
    for name, value in memory.items():
        if name not in beliefs:
            raise MemoryMismatchError(f"the engine for {engine.dialect.name} has no belief {name!r}")
        belief = _thawed(value)
        if type(belief) is not type(beliefs[name]):
            raise MemoryMismatchError(f"{name!r} is a {type(beliefs[name]).__name__}, not {type(belief).__name__}")
        thawed[name] = belief
    for name, belief in thawed.items():
        beliefs[name].clear()
        beliefs[name].update(belief)


def _beliefs(engine: Engine) -> dict[str, Container]:
    held = vars(engine).items()
    return {name: value for name, value in held if isinstance(value, (dict, set)) and name not in _OF_ONE_ACT}


def _frozen(value: Any) -> Json:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) and key not in _MARKERS for key in value):
            raise TypeError(f"a belief with such keys cannot be kept: {value!r}")
        return {key: _frozen(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return {_SET: sorted((_frozen(item) for item in value), key=repr)}
    if isinstance(value, tuple):
        return {_TUPLE: [_frozen(item) for item in value]}
    if isinstance(value, list):
        return [_frozen(item) for item in value]
    if isinstance(value, Intent):
        return {_INTENT: {field.name: _frozen(getattr(value, field.name)) for field in fields(value)}}
    raise TypeError(f"a belief of type {type(value).__name__} cannot be kept")


def _thawed(value: Json) -> Any:
    if isinstance(value, list):
        return [_thawed(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {_SET}:
        return {_thawed(item) for item in value[_SET]}
    if value.keys() == {_TUPLE}:
        return tuple(_thawed(item) for item in value[_TUPLE])
    if value.keys() == {_INTENT}:
        members = {name: _thawed(item) for name, item in value[_INTENT].items()}
        if members.get("members") is not None:
            members["members"] = frozenset(members["members"])
        return Intent(**members)
    return {key: _thawed(item) for key, item in value.items()}
