"""Presets: what products of a kind promise, to build a target file on (``extends = "scalekit"``).

Each is a TOML file of the tables of a target file, ``scenarios/presets/NAME.toml``; its first line is its title. The
file's own keys are laid over it. A preset names no path of a call: those are the product's own.

Rule: reads data files and nothing else.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

_TITLE = "# Title: "


def names() -> tuple[str, ...]:
    """The presets that there are."""
    return tuple(sorted(path.stem for path in _folder().glob("*.toml")))


def title(name: str) -> str:
    """What a preset promises, one line."""
    return _text(name).partition("\n")[0].removeprefix(_TITLE)


@cache
def tables(name: str) -> Mapping[str, Any]:
    """What a preset declares; nothing for "". Raises ValueError for an unknown name."""
    if not name:
        return {}
    if name not in names():
        raise ValueError(f"there is no preset {name!r}")
    return tomllib.loads(_text(name))


def _text(name: str) -> str:
    return (_folder() / f"{name}.toml").read_text(encoding="utf-8")


def _folder() -> Path:
    from scimrig.scenario.load import scenario_root  # not before: it takes longer to import than a server to start

    return scenario_root() / "presets"
