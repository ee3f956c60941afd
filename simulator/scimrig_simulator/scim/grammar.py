"""The grammar of filters and paths: text → expressions, or where it breaks and what was expected.

RFC 7644 Figure 1 with the errata 4690 and 7322 (what stands inside ``[ ]``) and 7319 (a space after ``not`` is
optional). Exactly one space parts two tokens. Written by hand: precedence not > and > or (erratum 4670), and limits on
length, nesting, terms and digits, so that no text makes it slow or runs out of stack. Outside filters, names may be all
that RFC 7643 §2.1 lets an attribute be called (``$`` in them), and ``$ref``.

Rule: syntax only. Whether an attribute exists or takes an operator is for ``matching``.
"""

from __future__ import annotations

import json
import re
from typing import NoReturn

from scimrig_simulator import limits
from scimrig_simulator.scim.expressions import (
    COMPARISONS,
    And,
    AttrPath,
    Compare,
    Filter,
    Literal,
    Not,
    Or,
    Path,
    Present,
    ValuePath,
)

MAX_LENGTH, MAX_DEPTH, MAX_TERMS = limits.FILTER_LENGTH, limits.FILTER_DEPTH, limits.FILTER_TERMS

_WORD = re.compile(r"[^\s()\[\]\"]+")
_NOT = re.compile(r"not ?\(", re.IGNORECASE | re.ASCII)
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9:._~/?#@!$&'*+,;=%-]+")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_PATH_NAME = re.compile(r"[A-Za-z][A-Za-z0-9$_-]*")
_PATH_SUB_NAME = re.compile(r"\$[Rr][Ee][Ff]|[A-Za-z][A-Za-z0-9$_-]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_CONSTANTS: dict[str, Literal] = {"true": True, "false": False, "null": None}
_DECODER = json.JSONDecoder()


class SyntaxProblem(Exception):
    """The text breaks at ``position`` (1-based); ``words`` say what was expected and what stood there."""

    def __init__(self, position: int, words: str) -> None:
        super().__init__(words)
        self.position = position
        self.words = words


def read_filter(text: str) -> Filter:
    """A whole filter. Raises SyntaxProblem."""
    reader = _Reader(text)
    found = reader.disjunction(0, inside=False)
    reader.end("'and', 'or' or the end of the filter")
    return found


def read_attr_path(text: str) -> AttrPath:
    """An attribute path as in ``attributes=``; ``$ref`` is allowed as a sub-attribute. Raises SyntaxProblem."""
    reader = _Reader(text)
    found = reader.attr_path(_PATH_NAME, _PATH_SUB_NAME)
    reader.end("the end of the attribute name")
    return found


def read_path(text: str) -> Path:
    """The path of a PATCH operation (RFC 7644 §3.5.2, Figure 7). Raises SyntaxProblem."""
    reader = _Reader(text)
    attr = reader.attr_path(_PATH_NAME, _PATH_SUB_NAME)
    if not reader.at("["):
        reader.end("'[', or the end of the path")
        return Path(attr)
    if attr.sub is not None:  # Figure 7 lets it stand there, but no sub-attribute has sub-attributes (RFC 7643 §2.3.8)
        reader.fail("'[' can't follow a sub-attribute; expected the end of the path")
    condition = reader.bracket(1)
    sub: str | None = None
    if reader.take("."):
        sub = reader.match(_PATH_SUB_NAME, "the name of a sub-attribute")
    reader.end("'.' and a sub-attribute, or the end of the path" if sub is None else "the end of the path")
    return Path(attr, condition, sub)


class _Reader:
    """One pass over a text; ``here`` is the 0-based place of the next character."""

    def __init__(self, text: str) -> None:
        if len(text) > MAX_LENGTH:
            raise SyntaxProblem(MAX_LENGTH + 1, f"longer than {MAX_LENGTH} characters; ask in several requests")
        self.text = text
        self.here = 0
        self.terms = 0

    # --- the rules of Figure 1, weakest binding first

    def disjunction(self, depth: int, inside: bool) -> Filter:
        found = self.conjunction(depth, inside)
        while self.logical("or"):
            found = Or(found, self.conjunction(depth, inside))
        return found

    def conjunction(self, depth: int, inside: bool) -> Filter:
        found = self.factor(depth, inside)
        while self.logical("and"):
            found = And(found, self.factor(depth, inside))
        return found

    def factor(self, depth: int, inside: bool) -> Filter:
        if self.at("("):
            return self.group(depth, inside)
        negation = _NOT.match(self.text, self.here)
        if negation is not None:
            self.here = negation.end() - 1
            return Not(self.group(depth, inside))
        return self.term(depth, inside)

    def group(self, depth: int, inside: bool) -> Filter:
        self.guard(depth)
        self.here += 1
        found = self.disjunction(depth + 1, inside)
        if not self.take(")"):
            self.fail("expected 'and', 'or' or ')'")
        return found

    def term(self, depth: int, inside: bool) -> Filter:
        self.terms += 1
        if self.terms > MAX_TERMS:
            self.fail(f"more than {MAX_TERMS} terms; ask in several requests")
        start = self.here + 1
        attr = self.attr_path(_NAME, _NAME)
        if self.at("["):
            if inside:
                self.fail("a value filter can't hold another one; expected a space and an operator")
            return ValuePath(attr, self.bracket(depth), start)
        self.space("an operator")
        return self.comparison(attr, start)

    def bracket(self, depth: int) -> Filter:
        self.guard(depth)
        self.here += 1
        found = self.disjunction(depth + 1, inside=True)
        if not self.take("]"):
            self.fail("expected 'and', 'or' or ']'")
        return found

    def comparison(self, attr: AttrPath, start: int) -> Filter:
        word = self.peek()
        operator = word.lower()
        if operator == "pr":
            self.here += len(word)
            return Present(attr, start)
        if operator not in COMPARISONS:
            self.fail(f"expected an operator ({', '.join(COMPARISONS)} or pr)")
        self.here += len(word)
        self.space("a value")
        return Compare(operator, attr, self.literal(), start)

    def literal(self) -> Literal:
        if self.at('"'):
            return self.string()
        number = _NUMBER.match(self.text, self.here)
        if number is not None:
            return self.number(number.group())
        word = self.peek()
        if word not in _CONSTANTS:
            self.fail("expected a value: a string in double quotes, a number, true, false or null")
        self.here += len(word)
        return _CONSTANTS[word]

    def string(self) -> str:
        try:
            value, end = _DECODER.raw_decode(self.text, self.here)
            assert isinstance(value, str)
            value.encode("utf-8")
        except json.JSONDecodeError as problem:
            self.here = min(problem.pos, len(self.text))
            self.fail(f"the string is not a JSON string ({problem.msg[0].lower()}{problem.msg[1:]})")
        except UnicodeEncodeError:
            self.fail("the string holds half of a surrogate pair")
        self.here = end
        return value

    def number(self, digits: str) -> Literal:
        if len(digits) > limits.DIGITS:
            self.fail(f"the number has more than {limits.DIGITS} characters")
        value: int | float = float(digits) if set(digits) & set(".eE") else int(digits)
        if value in (float("inf"), float("-inf")):
            self.fail("the number is too large")
        self.here += len(digits)
        return value

    def attr_path(self, pattern: re.Pattern[str], sub_pattern: re.Pattern[str]) -> AttrPath:
        start = self.here
        word = self.peek()
        if not word:
            self.fail("expected an attribute name")
        uri, colon, rest = word.rpartition(":")
        if colon and _URI.fullmatch(uri) is None:
            self.fail("expected a schema URN before the last colon")
        self.here = start + len(uri) + len(colon)
        names = rest.split(".")
        self.name(names[0], pattern, "an attribute name")
        if len(names) > 1:
            self.here += 1
            self.name(names[1], sub_pattern, "the name of a sub-attribute")
        if len(names) > 2:
            self.fail("expected one sub-attribute at most")
        return AttrPath(uri if colon else None, names[0], names[1] if len(names) > 1 else None)

    # --- what the rules are made of

    def name(self, word: str, pattern: re.Pattern[str], wanted: str) -> None:
        found = pattern.match(word)
        if found is None or found.end() != len(word):
            self.here += found.end() if found is not None else 0
            self.fail(f"expected {wanted}: a letter, then letters, digits, '-' and '_'")
        self.here += len(word)

    def match(self, pattern: re.Pattern[str], wanted: str) -> str:
        found = pattern.match(self.text, self.here)
        if found is None:
            self.fail(f"expected {wanted}")
        self.here = found.end()
        return found.group()

    def peek(self) -> str:
        found = _WORD.match(self.text, self.here)
        return found.group() if found is not None else ""

    def at(self, character: str) -> bool:
        return self.text.startswith(character, self.here)

    def take(self, character: str) -> bool:
        if not self.at(character):
            return False
        self.here += 1
        return True

    def logical(self, word: str) -> bool:
        """Takes `` and `` or `` or `` with its two spaces, where it comes next."""
        end = self.here + len(word) + 2
        if self.text[self.here : end].lower() != f" {word} ":
            return False
        self.here = end
        return True

    def space(self, before: str) -> None:
        if not self.take(" "):
            self.fail(f"expected a space and {before}")
        if self.at(" "):
            self.fail(f"expected {before} behind one space")

    def guard(self, depth: int) -> None:
        if depth >= MAX_DEPTH:
            self.fail(f"nested more than {MAX_DEPTH} deep")

    def end(self, wanted: str) -> None:
        if self.here < len(self.text):
            self.fail(f"expected {wanted}")

    def fail(self, words: str) -> NoReturn:
        rest = self.text[self.here : self.here + 20]
        raise SyntaxProblem(self.here + 1, f"{words}, found {rest!r}" if rest else f"{words}, found the end")
