"""A person as an HR system knows them, before any IdP has mapped them.

Rule: plain data and the rules by which one field follows from another. Imports ``vocabulary`` only.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scimrig_simulator.workforce.vocabulary import vocabulary

FIELDS: dict[str, str] = {
    "userName": "user_name",
    "givenName": "given_name",
    "middleName": "middle_name",
    "familyName": "family_name",
    "displayName": "display_name",
    "email": "email",
    "active": "active",
    "title": "title",
    "department": "department",
    "employeeNumber": "employee_number",
    "phone": "phone_work",
    "mobile": "phone_mobile",
    "locale": "locale",
    "street": "street",
    "locality": "locality",
    "region": "region",
    "postalCode": "postal_code",
    "country": "country",
}
"""Names that scenarios use → attributes of ``Person``."""

_NEVER_EMPTY = frozenset({"userName"})


@dataclass(frozen=True, slots=True)
class Person:
    """One employee. Every text may be "" (= nothing there) but ``user_name`` and ``login``.

    number:          their number in the company; key: what a scenario calls them ("ada")
    login:           the local part of their first user_name: ASCII, unique within the company, never changes
    user_name, email: the same address at first
    display_name:    given and family name; formatted: with the middle name. In the order of the locale
    employee_number: digits with leading zeros: a string, whatever it looks like
    locale:          a language tag ("de-DE"); country: ISO 3166-1 alpha-2 ("DE")
    manager:         number of the person they report to, None for nobody
    """

    number: int
    key: str
    given_name: str
    middle_name: str
    family_name: str
    display_name: str
    formatted: str
    user_name: str
    email: str
    active: bool
    title: str
    department: str
    employee_number: str
    phone_work: str
    phone_mobile: str
    locale: str
    street: str
    locality: str
    region: str
    postal_code: str
    country: str
    login: str
    manager: int | None = None

    def changed(self, changes: Mapping[str, Any]) -> Person:
        """The same person with some ``FIELDS`` changed; None means "" (nothing there any more).

        A new given, middle or family name makes a new display_name and formatted; a displayName in ``changes`` stands.
        A new userName leaves the e-mail as it is, and the other way round. Raises ValueError for a field that nobody
        has, or a value of the wrong type, saying what to write.
        """
        values: dict[str, Any] = {_attribute(name): _checked(name, value) for name, value in changes.items()}
        renamed = dataclasses.replace(self, **values)
        if not {"givenName", "middleName", "familyName"} & changes.keys():
            return renamed
        display, formatted = whole_names(renamed.given_name, renamed.middle_name, renamed.family_name, renamed.locale)
        if "displayName" in changes:
            display = renamed.display_name
        return dataclasses.replace(renamed, display_name=display, formatted=formatted)


Draft: Any = dataclasses.make_dataclass(
    "Draft", [(each.name, each.type, each) for each in dataclasses.fields(Person)], slots=True
)
"""A person that isn't frozen yet: filled in a sixth of the time, then made a ``Person`` by its ``__class__``."""


def whole_names(given: str, middle: str, family: str, locale: str) -> tuple[str, str]:
    """Display name and formatted name, family name first where the locale has it so; a mononym stands once."""
    if given == family:
        family = ""
    first, last = (family, given) if family and locale in vocabulary().family_first else (given, family)
    display = f"{first} {last}" if first and last else first or last
    return display, f"{first} {middle} {last}".strip() if middle else display


def _attribute(name: str) -> str:
    if name not in FIELDS:
        near = difflib.get_close_matches(name, FIELDS, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(FIELDS)}"
        raise ValueError(f"a person has no field {name!r}: {hint}")
    return FIELDS[name]


def _checked(name: str, value: Any) -> str | bool:
    if name == "active":
        if not isinstance(value, bool):
            raise ValueError(f"active must be true or false, not {value!r}")
        return value
    if value is None and name not in _NEVER_EMPTY:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"{name} must be a string, not {value!r}: put it in quotes")
    if not value and name in _NEVER_EMPTY:
        raise ValueError(f"{name} must not be empty: a person is known by it")
    return value
