"""The target file (``scimrig.toml``): what its owner declares, about every server at once or in ``[targets.NAME]``.

What stands at the top holds for every target that the file is used with; a key of a table in ``[targets.NAME]``
replaces the same key of the same table at the top. Under both lies the preset that the file ``extends``.

Rule: strict. An unknown key is an error with a suggestion, every mistake of the structure is told at once, and no value
that may be a secret is repeated. jsonschema decides (``scenarios/target-file.schema.json``), this file puts it into
words; what keys mean together is the business of ``target_meaning.py``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scimrig import presets
from scimrig.suggestion import did_you_mean
from scimrig.target_error import TargetError

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

FILE_NAME = "scimrig.toml"
SCHEMA_NAME = "target-file.schema.json"

_SECRETS = frozenset({"token", "secret"})
_GUARDED = frozenset({*_SECRETS, "headers"})
_ROUTE = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class TargetFile:
    """A loaded target file.

    shared:  what stands at the top, but for ``targets``
    targets: name → table, laid over what stands at the top
    """

    path: Path
    shared: Mapping[str, Any]
    targets: Mapping[str, Mapping[str, Any]]

    def where(self, name: str | None = None) -> str:
        """What stands before a key in a message: ``scimrig.toml: [targets.staging]``, without a name the file alone."""
        return f"{self.path}:" if name is None else f"{self.path}: [targets.{name}]"


def load_target_file(path: Path) -> TargetFile:
    """Read and check a target file. Raises TargetError naming file, key and what would be right."""
    from scimrig.target_meaning import mistakes

    data = _read(path)
    found = list(_structure(data))
    if not found:
        top = {key: value for key, value in data.items() if key != "targets"}
        shared = overlaid(presets.tables(top.get("extends", "")), top)
        targets = {name: _named(top, table) for name, table in data.get("targets", {}).items()}
        file = TargetFile(path, shared, targets)
        for name, table in targets.items():
            found += [f"[targets.{name}] {mistake}" for mistake in mistakes(table)]
        if not targets:
            found += mistakes(shared)
        if not found:
            return file
    raise TargetError("\n".join(f"{path}: {mistake}" for mistake in found))


def _named(top: Mapping[str, Any], table: Mapping[str, Any]) -> dict[str, Any]:
    """What holds for one target: its table over what stands at the top, and both over the nearer one's preset."""
    preset = presets.tables(table.get("extends", top.get("extends", "")))
    return overlaid(overlaid(preset, top), table)


def overlaid(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """``above`` over ``below``: tables key by key, everything in them as a whole."""
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        merged[key] = {**under, **value} if isinstance(under, Mapping) and isinstance(value, Mapping) else value
    return merged


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise TargetError(f"cannot read {path}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TargetError(f"{path} is not TOML: {error}") from None


def _structure(data: Mapping[str, Any]) -> Iterator[str]:
    from scimrig.scenario.load import scenario_root
    from scimrig.scenario.structure import validator

    errors = validator(scenario_root() / SCHEMA_NAME).iter_errors(data)
    for error in sorted(errors, key=lambda error: [str(part) for part in error.absolute_path]):
        yield from _words(error)


def _words(error: ValidationError) -> Iterator[str]:
    """One complaint of jsonschema's in our words, key first."""
    route: _ROUTE = tuple(error.absolute_path)
    instance: Any = error.instance
    schema: Any = error.schema
    if "propertyNames" in error.relative_schema_path:
        yield f"{_place((*route, instance))}: expected {schema['description']} as a name"
    elif error.validator == "additionalProperties":
        known = list(schema["properties"])
        for key in sorted(set(instance) - set(known)):
            yield f"{_place(route)} has an unknown key {key!r}{_hint(key, known, route)}"
    elif error.validator == "required":
        # One error names one missing key, and its message is the only place where it stands by itself.
        (missing,) = (key for key in schema["required"] if error.message.startswith(f"'{key}'"))
        yield f"{_place(route)} lacks {missing}{_lacking(missing)}"
    elif error.validator == "uniqueItems":
        yield f"{_place(route)} names something twice"
    elif route and route[-1] in _SECRETS:
        what = "a token" if route[-1] == "token" else "a secret"
        yield (
            f"{_place(route)}: {what} itself does not belong in this file, which gets committed and shared;"
            ' write where it is: "env:NAME", "file:PATH" or "cmd:COMMAND"'
        )
    else:
        yield f"{_place(route)}: expected {_expected(error)}{_found(route, instance)}{_choices(error)}"


def _place(route: _ROUTE) -> str:
    """``[targets.staging] hooks.before_run[0].path`` of a route into the data."""
    table, rest = "", route
    if len(route) > 1 and route[0] == "targets":
        table, rest = f"[targets.{route[1]}]", route[2:]
    dotted = ""
    for part in rest:
        dotted += f"[{part}]" if isinstance(part, int) else f".{part}" if dotted else part
    return " ".join(part for part in (table, dotted) if part) or "the top level"


def _hint(key: str, known: list[str], route: _ROUTE) -> str:
    if key == "base_url" and not route:
        return "; it stands in a table of its own: [targets.NAME]"
    return did_you_mean(key, known)


def _lacking(key: str) -> str:
    examples = {
        "base_url": 'base_url = "https://api.example.com/scim/v2"', "method": 'method = "GET"', "path": 'path = "/…"',
        "read": 'read = "/roles/*": where in the answer to look',
    }
    return f", e.g. {examples[key]}"


def _expected(error: ValidationError) -> str:
    schema: Any = error.schema
    return str(schema.get("description", error.message))


def _found(route: _ROUTE, instance: Any) -> str:
    from scimrig.scenario.matchers import show

    if _GUARDED.intersection(part for part in route if isinstance(part, str)):
        return ""
    return f", not {show(instance)}"


def _choices(error: ValidationError) -> str:
    if error.validator != "enum" or not isinstance(error.instance, str):
        return ""
    schema: Any = error.schema
    hint = did_you_mean(error.instance, [str(choice) for choice in schema["enum"]])
    return hint if "did you mean" in hint else ""
