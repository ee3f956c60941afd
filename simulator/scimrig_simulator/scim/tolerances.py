"""Where the reference server bends the letter of RFC 7643 and RFC 7644 so that real clients can work with it.

A tolerance never changes what a request by the book means. Each can be refused by itself (``serve --strict NAME``);
with none of them the server goes by the letter.

What the RFCs leave open is no bending and has no row: names in any case (RFC 7643 §2.1), unknown attributes of a POST
or PUT left out (rfc-notes 45), readOnly ones ignored there (RFC 7644 §3.3, §3.5.1), a sub-attribute added where there
is no value yet (§3.5.2.1).

Rule: one table; ``messages``, ``validation``, ``patch`` and what they are made of ask it by name. Nothing else bends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Tolerance:
    """One thing that is let pass.

    sources: who needs it: dialect and chapter ("okta:6"), the case of the PATCH corpus, or the client that was seen.
    what: what is let pass, and how it is taken.  otherwise: what comes of it where it is refused.
    """

    name: str
    sources: tuple[str, ...]
    what: str
    otherwise: str


Leniency: TypeAlias = frozenset[Tolerance]
"""The tolerances that are granted."""

# The message of a PATCH

CAPITAL_OP = Tolerance("capital-op", ("entra:4",), "'Add', 'Replace', 'REMOVE': op in any case", "400 invalidSyntax")
ENVELOPE_CASE = Tolerance(
    "envelope-case", ("corpus:P141",), "'operations', 'Op', 'Path': members of the message in any case",
    "400 invalidSyntax",
)

# Where an operation points

PATH_KEYS = Tolerance(
    "path-keys", ("entra:4",), "without a path, keys that are paths: name.givenName, urn:…:User:department",
    "400 invalidPath",
)
MISSING_ELEMENT = Tolerance(
    "missing-element", ("entra:4",),
    "add through a value filter that matches nothing makes the value that the filter describes (RFC 7644 §3.5.2.1)",
    "400 noTarget (Table 9)",
)
REMOVE_VALUE = Tolerance(
    "remove-value", ("entra:6",), "remove with a value takes away the listed values only",
    "all values go: remove knows no value (§3.5.2.2)",
)

# Values

STRING_BOOLEAN = Tolerance(
    "string-boolean", ("entra:4", "entra:5", "onelogin:3"),
    '"True" and "False", in any case, for booleans; in the filter of a path, too', "400 invalidValue or invalidFilter",
)
SINGLE_VALUE = Tolerance(
    "single-value", ("onelogin:3", "corpus:P116"), "one value without its array for an attribute that has several",
    "400 invalidValue",
)
STRING_REFERENCE = Tolerance(
    "string-reference", ("entra:10",), 'PATCH of manager with the bare id; "" takes the manager away',
    "400 invalidValue",
)

# What is the server's

READ_ONLY_ECHO = Tolerance(
    "read-only-echo", ("okta:6",), "PATCH without a path may hold readOnly attributes with the value they have",
    "400 mutability",
)
NESTED_READ_ONLY = Tolerance(
    "nested-read-only", ("onelogin:3",), "PATCH leaves out readOnly sub-attributes of a value: manager.displayName",
    "400 mutability",
)

# The schemas of a resource

ABSENT_SCHEMAS = Tolerance(
    "absent-schemas", ("onelogin:3", "rfc-notes:41"), "POST and PUT without schemas", "400 invalidSyntax"
)
UNKNOWN_SCHEMAS = Tolerance(
    "unknown-schemas", ("entra:6",), "schemas may name what the resource type doesn't have", "400 invalidValue"
)
UNDECLARED_EXTENSION = Tolerance(
    "undeclared-extension", ("entra:3", "entra:10"), "POST and PUT with an extension that schemas doesn't name",
    "400 invalidSyntax",
)
EXTENSION_SCHEMAS = Tolerance(
    "extension-schemas", ("scim2-models",), "PATCH may repeat schemas inside the object of an extension",
    "400 invalidPath",
)

TOLERANCES = (
    CAPITAL_OP, ENVELOPE_CASE, PATH_KEYS, MISSING_ELEMENT, REMOVE_VALUE, STRING_BOOLEAN, SINGLE_VALUE,
    STRING_REFERENCE, READ_ONLY_ECHO, NESTED_READ_ONLY, ABSENT_SCHEMAS, UNKNOWN_SCHEMAS, UNDECLARED_EXTENSION,
    EXTENSION_SCHEMAS,
)
"""Every tolerance there is."""

STANDARD: Leniency = frozenset(TOLERANCES)
"""What is granted unless somebody says otherwise."""

NONE: Leniency = frozenset()
"""By the letter."""
