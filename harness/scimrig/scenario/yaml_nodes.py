"""YAML read strictly: plain data, and where each piece of it stands.

Rules: only ``true``/``false``, JSON's decimal numbers and ``null`` (or nothing at all) are typed; every other plain
word is a string, so that ``no``, ``12:30``, ``0777`` and ``2026-01-01`` stay what their author wrote. A key that
stands twice, a tag, and an alias that holds itself are mistakes. ``<<`` is a key like any other. Nothing here knows
what a scenario is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import yaml

from scimrig.scenario.errors import ScenarioError
from scimrig.scenario.model import Place

Route: TypeAlias = tuple[str | int, ...]
"""The way to a piece of data: ``("steps", 2, "expect")``."""

_STRING_TAG = "tag:yaml.org,2002:str"
_PLAIN_TAGS = frozenset({_STRING_TAG, "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?\Z")
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None, "": None}
_MAX_NODES = 20_000  # of one document, aliases multiplied out: a scenario has some hundred
_MAX_DEPTH = 60
_MAX_DIGITS = 400

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]  # which base it has depends on how PyYAML was built
    """libyaml's composer where it is there, with YAML 1.1's guesses about plain words switched off."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  # PyYAML's own name and shape


@dataclass(slots=True)
class Document:
    """One document of a file.

    data:   what it says, as plain data; mapping keys are always strings
    places: where the value at a route begins; keys: where the key that leads to it stands (mappings only)
    errors: mistakes met while reading it; data is then incomplete
    """

    file: str
    data: Any = None
    places: dict[Route, Place] = field(default_factory=dict)
    keys: dict[Route, Place] = field(default_factory=dict)
    errors: list[ScenarioError] = field(default_factory=list)

    def place(self, route: Route) -> Place:
        """Where the value at a route begins, or the nearest thing around it that is there."""
        while route not in self.places and route:
            route = route[:-1]
        return self.places.get(route, Place(self.file, 1, 1))

    def key_place(self, route: Route) -> Place:
        """Where the key stands that leads to a route; the value's place where there is no key."""
        return self.keys.get(route) or self.place(route)


def read_documents(text: str, file: str) -> tuple[list[Document], list[ScenarioError]]:
    """The documents of a file, up to the first syntax error, and that error if there is one. Empty documents are
    left out."""
    documents: list[Document] = []
    try:
        for node in _compose(text):
            document = Document(file)
            _Reader(document).read(node)
            documents.append(document)
    except yaml.YAMLError as broken:
        return documents, [_syntax_error(broken, text, file)]
    return documents, []


def _compose(text: str) -> Iterator[yaml.Node]:
    loader = _Loader(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            if node is not None and not _is_empty(node):
                yield node
    finally:
        loader.dispose()


def _is_empty(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and not node.style and node.value == ""


def _syntax_error(broken: yaml.YAMLError, text: str, file: str) -> ScenarioError:
    mark = getattr(broken, "problem_mark", None) or getattr(broken, "context_mark", None)
    if mark is not None:
        place = Place(file, mark.line + 1, mark.column + 1)
        parts = (getattr(broken, "context", None), getattr(broken, "problem", None))
        words = ": ".join(part for part in parts if part)
        return ScenarioError(place, f"this is not YAML: {words or broken}")
    offset = getattr(broken, "position", 0) or 0  # a character that YAML does not allow
    before = text[:offset]
    place = Place(file, before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1)
    return ScenarioError(place, f"this is not YAML: {getattr(broken, 'reason', broken)}")


class _Reader:
    """Turns the nodes of one document into data; keeps count, so that aliases cannot blow it up."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._above: list[yaml.Node] = []
        self._count = 0

    def read(self, node: yaml.Node) -> None:
        try:
            self._document.data = self._value(node, ())
        except _TooMuchError as much:
            self._complain(much.node, str(much))

    def _value(self, node: yaml.Node, route: Route) -> Any:
        self._count += 1
        if self._count > _MAX_NODES:
            raise _TooMuchError(node, f"too much for one scenario (over {_MAX_NODES} values, aliases multiplied out)")
        if len(route) > _MAX_DEPTH:
            raise _TooMuchError(node, f"nested too deeply (over {_MAX_DEPTH} levels)")
        self._document.places[route] = self._place(node)
        if node.tag not in _PLAIN_TAGS:
            self._complain(node, f"YAML tags are not used here: leave out '{node.tag}'")
            return None
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if any(node is outer for outer in self._above):
            self._complain(node, "an alias may not hold itself")
            return None
        self._above.append(node)
        try:
            return self._mapping(node, route) if isinstance(node, yaml.MappingNode) else self._sequence(node, route)
        finally:
            self._above.pop()

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        text: str = node.value
        if node.style:  # quoted or a block: a string, whatever it looks like
            return text
        if text in _WORDS:
            return _WORDS[text]
        number = _NUMBER.match(text)
        if number is None:
            return text
        if len(text) > _MAX_DIGITS:
            self._complain(node, f"a number of over {_MAX_DIGITS} digits; quote it if it is meant as text")
            return None
        if number.group(1) is None and number.group(2) is None:
            return int(text)
        value = float(text)
        if value in (float("inf"), float("-inf")):
            self._complain(node, f"{text} is out of range; quote it if it is meant as text")
            return None
        return value

    def _sequence(self, node: Any, route: Route) -> list[Any]:
        return [self._value(child, (*route, index)) for index, child in enumerate(node.value)]

    def _mapping(self, node: yaml.MappingNode, route: Route) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._complain(key_node, "a key must be a word or a quoted string")
                continue
            key: str = key_node.value
            inner = (*route, key)
            if key in data:
                first = self._document.keys[inner].line
                self._complain(key_node, f"the key '{key}' stands twice here (first in line {first})")
                continue
            self._document.keys[inner] = self._place(key_node)
            data[key] = self._value(value_node, inner)
        return data

    def _place(self, node: yaml.Node) -> Place:
        mark = node.start_mark
        return Place(self._document.file, mark.line + 1, mark.column + 1)

    def _complain(self, node: yaml.Node, message: str) -> None:
        self._document.errors.append(ScenarioError(self._place(node), message))


class _TooMuchError(Exception):
    def __init__(self, node: yaml.Node, message: str) -> None:
        super().__init__(message)
        self.node = node
