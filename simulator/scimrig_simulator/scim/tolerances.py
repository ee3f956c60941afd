"""Where the reference server bends RFC 7644 §3.5.2 so that real clients can work with it.

A tolerance never changes what a request by the book means. Where it costs something, its line says what.

Rule: one table; ``messages`` and ``patch`` ask it by name, nothing else bends the RFC.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tolerance:
    """One thing that is let pass: its name, the IdP and chapter that needs it, and what happens."""

    name: str
    source: str
    what: str


CAPITAL_OP = Tolerance("capital-op", "entra:4", "'Add', 'Replace', 'REMOVE': op in any case")
ENVELOPE_CASE = Tolerance("envelope-case", "rfc-notes:8", "'operations', 'Op': members of the message in any case")
STRING_BOOLEAN = Tolerance("string-boolean", "entra:4", '"True" and "False" for booleans, in path filters too')
PATH_KEYS = Tolerance("path-keys", "entra:4", "without a path, keys that are paths: name.givenName, urn:…:department")
REMOVE_VALUE = Tolerance("remove-value", "entra:6", "remove with a value takes away the listed values only, not all")
MISSING_ELEMENT = Tolerance(
    "missing-element", "entra:4",
    "add through a value filter that matches nothing makes the value (RFC 7644 §3.5.2.1), against noTarget of Table 9",
)
STRING_REFERENCE = Tolerance("string-reference", "entra:4", "a bare string for a complex attribute with value: manager")
READ_ONLY_ECHO = Tolerance("read-only-echo", "okta:6", "without a path, readOnly attributes with the value they have")
NESTED_READ_ONLY = Tolerance("nested-read-only", "entra:6", "readOnly sub-attributes inside a value are left out")

TOLERANCES = (
    CAPITAL_OP, ENVELOPE_CASE, STRING_BOOLEAN, PATH_KEYS, REMOVE_VALUE, MISSING_ELEMENT, STRING_REFERENCE,
    READ_ONLY_ECHO, NESTED_READ_ONLY,
)
"""Every tolerance there is."""

STANDARD = frozenset(TOLERANCES)
"""What ``tolerant=True`` stands for."""

NONE: frozenset[Tolerance] = frozenset()
"""By the letter: what ``tolerant=False`` stands for."""
