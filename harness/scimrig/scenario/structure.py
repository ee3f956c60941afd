"""The structure of a scenario, checked with ``scenarios/schema.json``, and its complaints put into words.

Rule: jsonschema decides, this file only translates: each complaint gets the place of the node it is about, and unknown
words get a suggestion. What names mean is the business of ``meaning.py``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, validators
from jsonschema.exceptions import ValidationError

from scimrig.scenario.errors import ScenarioError
from scimrig.scenario.matchers import show
from scimrig.scenario.yaml_nodes import Document, Route
from scimrig.suggestion import did_you_mean


def _one_key(_: Any, branches: list[dict[str, Any]], instance: Any, __: Any) -> Iterator[ValidationError]:
    """``oneOf`` where each branch requires one key, the only way it is used here: jsonschema's own tries every branch
    of every step, which is half of the time that a load takes."""
    if isinstance(instance, dict) and sum(branch["required"][0] in instance for branch in branches) != 1:
        yield ValidationError("it needs exactly one of these keys")


_Validator: Any = validators.extend(Draft202012Validator, {"oneOf": _one_key})  # type: ignore[no-untyped-call]


@cache
def validator(schema_file: Path) -> Draft202012Validator:
    """The validator for a schema file. Raises OSError where it is not there."""
    made: Draft202012Validator = _Validator(json.loads(schema_file.read_text(encoding="utf-8")))
    return made


def structure_errors(document: Document, schema_file: Path) -> list[ScenarioError]:
    """Everything about a document that the schema refuses."""
    found = [_Complaint(error) for error in validator(schema_file).iter_errors(document.data)]
    unknown_at = {complaint.route for complaint in found if complaint.keyword == "additionalProperties"}
    made: list[ScenarioError] = []
    for complaint in found:
        # A misspelt verb is one mistake, not two: the unknown key says it all.
        if complaint.keyword == "oneOf" and complaint.route in unknown_at and not complaint.verbs_present():
            continue
        made.extend(complaint.translated(document))
    return made


class _Complaint:
    """One error of jsonschema's, and its translation."""

    def __init__(self, error: ValidationError) -> None:
        self.keyword = str(error.validator)
        self.route: Route = tuple(error.absolute_path)
        self._instance: Any = error.instance
        self._argument: Any = error.validator_value
        schema: Any = error.schema
        self._noun = str(schema.get("title", "this"))
        self._wanted: str | None = schema.get("description")
        self._known: list[str] = list(schema.get("properties", ()))
        self._original = error.message
        self._about_a_key = "propertyNames" in error.relative_schema_path

    def verbs_present(self) -> list[str]:
        """Which of the keys that exclude each other are there (``oneOf`` is used for nothing else)."""
        return [name for name in self._verbs() if name in self._instance]

    def translated(self, document: Document) -> Iterator[ScenarioError]:
        """The complaint in our words, at its place."""
        place = document.place(self.route)
        if self._about_a_key:
            place = document.key_place((*self.route, str(self._instance)))
            yield ScenarioError(place, f"the key '{self._instance}' must be {self._wanted}")
        elif self.keyword == "additionalProperties":
            for key in sorted(set(self._instance) - set(self._known)):
                place = document.key_place((*self.route, key))
                yield ScenarioError(place, f"'{key}' is no key of {self._noun}{did_you_mean(key, self._known)}")
        elif self.keyword == "required":
            # One error names one missing key, and its message is the only place where it stands by itself.
            missing = next(key for key in self._argument if self._original.startswith(f"'{key}'"))
            yield ScenarioError(place, f"{self._noun} needs '{missing}'")
        elif self.keyword == "oneOf":
            yield ScenarioError(place, self._verb_words())
        elif self.keyword == "enum":
            choices = [str(choice) for choice in self._argument]
            words = did_you_mean(str(self._instance), choices)
            yield ScenarioError(place, f"{self._about()}: unknown value {show(self._instance)}{words}")
        else:
            yield ScenarioError(place, f"{self._about()} {self._rest()}")

    def _verbs(self) -> list[str]:
        return [branch["required"][0] for branch in self._argument]

    def _verb_words(self) -> str:
        present = self.verbs_present()
        if present:
            return f"{self._noun} has exactly one of these; this one has {' and '.join(present)}"
        return f"{self._noun} needs one of {', '.join(self._verbs())}"

    def _about(self) -> str:
        named = [part for part in self.route if isinstance(part, str)]
        return f"'{named[-1]}'" if named else "a scenario"

    def _rest(self) -> str:
        match self.keyword:
            case "const":
                return f"takes {show(self._argument)} only, not {show(self._instance)}"
            case "minItems" | "minProperties" | "minLength":
                return "must not be empty"
            case "maxProperties":
                return f"holds {len(self._instance)} entries; it must be {self._wanted}"
            case "uniqueItems":
                return "names something twice"
            case "type" if self._wanted is None:
                types = [self._argument] if isinstance(self._argument, str) else list(self._argument)
                return f"must be of type {' or '.join(types)}, not {show(self._instance)}"
            case _:
                return f"must be {self._wanted or self._original}, not {show(self._instance)}"
