"""Filling in ``${{ a.b }}``: a dotted look-up in what the runner knows, never code.

Rule: pure. A string that is one template alone takes the value's type; inside a longer string the value is written out
as text. Keys of mappings are filled in too (SCIM paths hold ids).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from scimrig.suggestion import did_you_mean

TEMPLATE = re.compile(r"\$\{\{([^{}]*)\}\}")
_NAME = re.compile(r"[A-Za-z_][\w-]*(?:\.[A-Za-z_$][\w$-]*)+\Z")


class UnknownName(LookupError):
    """A template names something that is not there (or not yet: an id before its user was created)."""


def resolve(value: Any, namespace: Mapping[str, Any]) -> Any:
    """``value`` with every template filled in; containers are copied. Raises UnknownName."""
    if isinstance(value, str):
        return _text(value, namespace)
    if isinstance(value, Mapping):
        return {_written(_text(key, namespace)): resolve(inner, namespace) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [resolve(inner, namespace) for inner in value]
    return value


def names_in(value: Any) -> Iterator[str]:
    """The dotted names of every template in ``value``, keys of mappings included: ``ada.id``."""
    if isinstance(value, str):
        for found in TEMPLATE.finditer(value):
            yield found.group(1).strip()
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from names_in(key)
            yield from names_in(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from names_in(inner)


def well_formed(name: str) -> bool:
    """True for a dotted name (``ada.id``); a template holds nothing else."""
    return _NAME.match(name) is not None


def _text(text: str, namespace: Mapping[str, Any]) -> Any:
    alone = TEMPLATE.fullmatch(text)
    if alone is not None:
        return _look_up(alone.group(1).strip(), namespace)
    if "${{" not in text:
        return text
    return TEMPLATE.sub(lambda found: _written(_look_up(found.group(1).strip(), namespace)), text)


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _look_up(name: str, namespace: Mapping[str, Any]) -> Any:
    here: Any = namespace
    walked: list[str] = []
    for part in name.split("."):
        if not isinstance(here, Mapping) or part not in here:
            around = ".".join(walked) or "a template"
            known = here.keys() if isinstance(here, Mapping) else ()
            raise UnknownName(f"'{name}' names nothing: {around} has no '{part}'{did_you_mean(part, map(str, known))}")
        here = here[part]
        walked.append(part)
    return here
