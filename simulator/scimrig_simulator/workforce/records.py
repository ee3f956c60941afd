"""A person as HR's records have them at a second.

Rule: a pure function of the company, the person's life and the second.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from scimrig_simulator.workforce.company import Company
from scimrig_simulator.workforce.happenings import STANDING_AFTER, Kind, Standing
from scimrig_simulator.workforce.lives import MARRIED_EARLY, REMEMBERED, Lives
from scimrig_simulator.workforce.person import Person, whole_names
from scimrig_simulator.workforce.spelling import login
from scimrig_simulator.workforce.splitmix import draw, high, low
from scimrig_simulator.workforce.vocabulary import Name, vocabulary

FOREIGN_DOMAIN = "contractor.example.net"
"""Of contractors' addresses, whatever the company's is (RFC 2606 §3)."""

# One field, one number; they never change.
_NAMESAKE, _POST, _SPOUSE, _TOMBSTONE, _TOMBSTONE_TOO = range(120, 125)
_NAMES = ("given_name", "middle_name", "family_name", "display_name", "formatted", "locale")


class Records:
    """The records of a company whose first staff counts ``people``."""

    def __init__(self, company: Company, people: int, lives: Lives) -> None:
        self._company, self._people, self._lives = company, people, lives
        self._after = lru_cache(maxsize=REMEMBERED // 2)(self._made)

    def person(self, n: int, at: int, manager: int | None) -> Person:
        """``n`` as of that second. Raises ValueError for somebody who is not hired by then."""
        life = self._lives.life(n) if n < self._lives.intake.total else ()
        if not life or life[0][0] > at:
            raise ValueError(f"person {n} is not hired by second {at}")
        return self._after(sum(when <= at for when, _ in life), n, manager)

    def _made(self, events: int, n: int, manager: int | None) -> Person:
        """``n`` after so many events of their life."""
        life = self._lives.life(n)[:events]
        person = self._company.person(n, "", manager)
        changes = self._hired(person, life[0][1])
        standing = Standing.EMPLOYED
        for when, kind in life:
            standing = STANDING_AFTER.get(kind, standing)
            if kind is Kind.MOVED:
                changes |= self._moved(n, when, changes.get("title", person.title))
            elif kind is Kind.MARRIED:
                changes |= self._married(dataclasses.replace(person, **changes), when)
            elif kind is Kind.TOMBSTONED:
                alive = changes.get("user_name", person.user_name)
                changes["user_name"] = self._tombstone(n) + alive
            elif kind is Kind.REHIRED:
                changes["user_name"] = changes.get("user_name", person.user_name).removeprefix(self._tombstone(n))
        if standing is not Standing.EMPLOYED:
            changes["active"] = False
        return dataclasses.replace(person, **changes) if changes else person

    def _hired(self, person: Person, kind: Kind) -> dict[str, Any]:
        """What makes somebody a namesake or a contractor."""
        n, changes = person.number, {}
        if self._lives.is_namesake(n):
            other = high(draw(self._lives.intake.row(n), _NAMESAKE), self._people)
            twin = self._company.person(other)
            changes = {name: getattr(twin, name) for name in _NAMES}
            changes["login"] = f"{twin.login.removesuffix(f'.{other}')}.{n}"
        if changes or kind is Kind.CONTRACTED:
            domain = FOREIGN_DOMAIN if kind is Kind.CONTRACTED else self._company.domain
            changes["user_name"] = changes["email"] = f"{changes.get('login', person.login)}@{domain}"
        return changes

    def _moved(self, n: int, at: int, title: str) -> dict[str, Any]:
        words = vocabulary()
        bits = draw(self._lives.intake.row(n) ^ at, _POST)
        index = high(bits, len(words.titles))
        if words.titles[index] == title:
            index = (index + 1) % len(words.titles)
        return {"title": words.titles[index], "department": words.departments[low(bits, len(words.departments))]}

    def _married(self, person: Person, at: int) -> dict[str, Any]:
        local, domain = person.user_name.rsplit("@", 1)
        given = person.login.removeprefix(self._company.prefix).partition(".")[0]
        spouses = [(family, self._local(given, spelled, person)) for family, spelled in self._spouses(person, at)]
        family, renamed = next((name for name in spouses if name[1] != local), spouses[0])
        display, formatted = whole_names(person.given_name, person.middle_name, family, person.locale)
        address = f"{renamed}@{domain}"
        return {
            "family_name": family, "display_name": display, "formatted": formatted,
            "user_name": address, "email": address,
        }  # fmt: skip

    def _local(self, given: str, family: str, person: Person) -> str:
        return f"{self._company.prefix}{login(given, family)}.{person.number}"

    def _spouses(self, person: Person, at: int) -> Sequence[Name]:
        """Whose name could be taken, the likeliest first; at least two."""
        words = vocabulary()
        place = words.by_locale.get(person.locale, words.places[0])
        index = high(draw(self._lives.intake.row(person.number) ^ at, _SPOUSE), len(place.family))
        drawn = (place.family[index], place.family[index - 1])
        return (words.every_character, *drawn) if person.number == MARRIED_EARLY else drawn

    def _tombstone(self, n: int) -> str:
        row = self._lives.intake.row(n)
        return f"{draw(row, _TOMBSTONE):016x}{draw(row, _TOMBSTONE_TOO):016x}"
