"""A company: any number of people and teams, each computed from the seed and its number alone.

The vocabulary is frozen and the arithmetic is our own, so a seed means the same people on every Python, for good.

Rule: no I/O but reading the vocabulary. Imports the other modules of ``workforce`` only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from scimrig_simulator.workforce.person import Person, whole_names
from scimrig_simulator.workforce.spelling import login
from scimrig_simulator.workforce.splitmix import draw, high, low, mix
from scimrig_simulator.workforce.team import Team
from scimrig_simulator.workforce.vocabulary import Name, PhonePattern, Place, Vocabulary, vocabulary

# One field, one number; they never change.
_PLACE, _NAME, _MORE_NAMES, _WORK, _PHONE, _MOBILE, _TEAM = range(1, 8)

_EVERY = 7  # every seventh person is an awkward one, so that 14 of them stand among any 100 people
_PREFIX = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*\.?)?")
_DOMAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class Company:
    """People and teams of one seed.

    seed:   any integer; its lower 64 bits count
    domain: of all e-mail addresses
    prefix: in front of every user name, e-mail and team name, so that they can be told from other people's rows

    Raises ValueError where an address could not be made of domain and prefix.
    """

    seed: int
    domain: str = "example.com"
    prefix: str = ""
    _start: int = field(init=False, repr=False, compare=False, default=0)

    def __post_init__(self) -> None:
        if not _DOMAIN.fullmatch(self.domain) or ".." in self.domain:
            raise ValueError(f"{self.domain!r} is not a domain name: write one such as example.com")
        if not _PREFIX.fullmatch(self.prefix) or len(self.prefix) > 20:
            raise ValueError(f"prefix {self.prefix!r}: take up to 20 letters, digits, '-', '_' and inner single dots")
        object.__setattr__(self, "_start", mix(self.seed & 0xFFFFFFFFFFFFFFFF))

    def person(self, n: int, key: str = "") -> Person:
        """Person ``n`` (0, 1, 2 …), whoever was asked for before. Raises ValueError for a negative number."""
        row = self._row(n)
        words = vocabulary()
        where = draw(row, _PLACE)
        names = self._awkward_names(n, words) if n % _EVERY == 3 else _drawn_names(row, where, words)
        given, middle, family, locale, office, mononym = names
        display, formatted = whole_names(given[0], middle, family[0], locale)
        local = f"{self.prefix}{login(given[1], '' if mononym else family[1])}.{n}"
        address = f"{local}@{self.domain}"
        work = draw(row, _WORK)
        street, locality, region, postal_code = office.addresses[low(where, len(office.addresses))]
        return Person(
            number=n,
            key=key,
            given_name=given[0],
            middle_name=middle,
            family_name=family[0],
            display_name=display,
            formatted=formatted,
            user_name=address,
            email=address,
            active=True,
            title=words.titles[high(work, len(words.titles))],
            department=words.departments[low(work, len(words.departments))],
            employee_number=f"{n:06d}",
            phone_work=_phone(office.work_phones, draw(row, _PHONE)),
            phone_mobile=_phone(office.mobile_phones, draw(row, _MOBILE)),
            locale=locale,
            street=street,
            locality=locality,
            region=region,
            postal_code=postal_code,
            country=office.country,
            login=local,
        )

    def team(self, n: int, key: str = "") -> Team:
        """Team ``n`` (0, 1, 2 …). Raises ValueError for a negative number."""
        bits = draw(self._row(n), _TEAM)
        words = vocabulary()
        first = words.team_first[high(bits, len(words.team_first))]
        second = words.team_second[low(bits, len(words.team_second))]
        return Team(n, key, f"{self.prefix}{first} {second} {n}")

    def _row(self, n: int) -> int:
        if n < 0:
            raise ValueError(f"people and teams are numbered from 0, not {n}")
        return mix(self._start ^ n)

    def _awkward_names(self, n: int, words: Vocabulary) -> _Names:
        someone = words.awkward[(n // _EVERY + self._start) % len(words.awkward)]
        return (
            someone.given,
            someone.middle,
            someone.family,
            someone.locale,
            words.by_locale[someone.office],
            someone.mononym,
        )


_Names = tuple[Name, str, Name, str, Place, bool]


def _drawn_names(row: int, where: int, words: Vocabulary) -> _Names:
    place = words.places[high(where, len(words.places))]
    bits = draw(row, _NAME)
    given = place.given[high(bits, len(place.given))]
    family = place.family[low(bits, len(place.family))]
    middle = ""
    if place.locale in words.two_surnames:
        second = place.family[high(draw(row, _MORE_NAMES), len(place.family))]
        family = (f"{family[0]} {second[0]}", f"{family[1]}-{second[1]}")
    elif row & 3 == 0 and place.locale not in words.family_first:
        middle = place.given[high(draw(row, _MORE_NAMES), len(place.given))][0]
    return given, middle, family, place.locale, place, False


def _phone(patterns: tuple[PhonePattern, ...], bits: int) -> str:
    text, count = patterns[high(bits, len(patterns))]
    return text % low(bits, count)
