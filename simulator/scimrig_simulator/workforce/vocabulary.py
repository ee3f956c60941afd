"""The frozen words that people and teams are made of, read once from data files.

Rule: data in, tuples out; no choice is made here. Imports ``spelling`` only.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias

from scimrig_simulator.workforce.spelling import ascii_name

Name: TypeAlias = tuple[str, str]
"""A name as written, and as a login spells it."""
PhonePattern: TypeAlias = tuple[str, int]
"""A number with %0Nd for its N free digits, and how many numbers that makes."""


@dataclass(frozen=True, slots=True)
class Place:
    """What people of one locale draw from. An address is street, locality, region, postal code."""

    locale: str
    country: str
    given: tuple[Name, ...]
    family: tuple[Name, ...]
    addresses: tuple[tuple[str, str, str, str], ...]
    work_phones: tuple[PhonePattern, ...]
    mobile_phones: tuple[PhonePattern, ...]


@dataclass(frozen=True, slots=True)
class Awkward:
    """Somebody whose name breaks naive code. ``office``: the locale of the address; a mononym stands in both names."""

    given: Name
    middle: str
    family: Name
    locale: str
    office: str
    mononym: bool


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All of it. ``places`` repeats a locale as often as it weighs; ``every_character`` is a family name."""

    places: tuple[Place, ...]
    by_locale: dict[str, Place]
    family_first: frozenset[str]
    two_surnames: frozenset[str]
    awkward: tuple[Awkward, ...]
    every_character: Name
    titles: tuple[str, ...]
    departments: tuple[str, ...]
    team_first: tuple[str, ...]
    team_second: tuple[str, ...]


@cache
def vocabulary() -> Vocabulary:
    """The vocabulary, read on first use (some ten milliseconds)."""
    curated = _read("curated.json")
    by_locale = {locale: _place(locale, curated["phones"]) for locale, _ in curated["locales"]}
    return Vocabulary(
        places=tuple(by_locale[locale] for locale, weight in curated["locales"] for _ in range(weight)),
        by_locale=by_locale,
        family_first=frozenset(curated["family_first"]),
        two_surnames=frozenset(curated["two_surnames"]),
        awkward=tuple(_awkward(entry) for entry in curated["awkward"]),
        every_character=_name(curated["every_character"]),
        titles=tuple(_read("titles.json")["titles"]),
        departments=tuple(curated["departments"]),
        team_first=tuple(curated["team_first"]),
        team_second=tuple(curated["team_second"]),
    )


def _read(name: str) -> dict[str, Any]:
    text = (files("scimrig_simulator.workforce") / "data" / name).read_text(encoding="utf-8")
    content: dict[str, Any] = json.loads(text)
    return content


def _place(locale: str, phones: dict[str, dict[str, list[str]]]) -> Place:
    content = _read(f"{locale}.json")
    # only some countries have set numbers aside for fiction; the others' people carry American ones
    numbers = phones.get(content["country"], phones["US"])
    return Place(
        locale=locale,
        country=content["country"],
        given=tuple(_name(entry) for entry in content["given"]),
        family=tuple(_name(entry) for entry in content["family"]),
        addresses=tuple((street, town, region, code) for street, town, region, code in content["addresses"]),
        work_phones=_phones(numbers["work"]),
        mobile_phones=_phones(numbers["mobile"]),
    )


def _phones(patterns: list[str]) -> tuple[PhonePattern, ...]:
    counts = [(pattern.rstrip("#"), pattern.count("#")) for pattern in patterns]
    return tuple((f"{head}%0{digits}d", 10**digits) for head, digits in counts)


def _name(entry: str | list[str]) -> Name:
    written, romanized = (entry, entry) if isinstance(entry, str) else entry
    return written, ascii_name(romanized)


def _awkward(entry: dict[str, Any]) -> Awkward:
    return Awkward(
        given=_name(entry["given"]),
        middle=entry.get("middle", ""),
        family=_name(entry["family"]),
        locale=entry["locale"],
        office=entry["office"],
        mononym=entry.get("mononym", False),
    )
