"""A company: any number of people and teams, each computed from the seed and its number alone.

The vocabulary is frozen and the arithmetic is our own, so a seed means the same people on every Python, for good.

Rule: no I/O but reading the vocabulary. Imports the other modules of ``workforce`` only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache

from scimrig_simulator.workforce.person import Draft, Person, whole_names
from scimrig_simulator.workforce.spelling import login
from scimrig_simulator.workforce.splitmix import draw, halves, high, low, mix
from scimrig_simulator.workforce.team import Team
from scimrig_simulator.workforce.vocabulary import Place, Vocabulary, vocabulary

# One field, one number; they never change.
_PLACE, _NAME, _MORE_NAMES, _WORK, _PHONE, _MOBILE, _TEAM = range(1, 8)

_DRAWS = halves((_PLACE, _NAME, _WORK, _PHONE, _MOBILE))  # all that everybody needs

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

    def person(self, n: int, key: str = "", manager: int | None = None) -> Person:
        """Person ``n`` (0, 1, 2 …), whoever was asked for before. Raises ValueError for a negative number."""
        if n < 0:
            raise _negative(n)
        row, words = mix(self._start ^ n), vocabulary()
        where, which, family, given, department, title, work, works, mobile, mobiles = _DRAWS(row)
        if n % _EVERY == 3:
            names = _awkward_names((n // _EVERY + self._start) % len(words.awkward))
        else:
            names = _drawn_names(row, words.places[which * len(words.places) >> 32], given, family, words)
        given_name, middle_name, family_name, display_name, formatted, spelled, locale, office = names
        local = f"{self.prefix}{spelled}.{n}"
        address = f"{local}@{self.domain}"
        street, locality, region, postal_code = office.addresses[where * len(office.addresses) >> 32]
        work_phone, work_count = office.work_phones[works * len(office.work_phones) >> 32]
        mobile_phone, mobile_count = office.mobile_phones[mobiles * len(office.mobile_phones) >> 32]
        person: Person = Draft(
            n, key, given_name, middle_name, family_name, display_name, formatted, address, address, True,
            words.titles[title * len(words.titles) >> 32],
            words.departments[department * len(words.departments) >> 32],
            str(n).zfill(6),
            work_phone % (work * work_count >> 32),
            mobile_phone % (mobile * mobile_count >> 32),
            locale, street, locality, region, postal_code, office.country, local, manager,
        )  # fmt: skip
        person.__class__ = Person
        return person

    def team(self, n: int, key: str = "", version: int = 0) -> Team:
        """Team ``n`` (0, 1, 2 …), renamed ``version`` times. Raises ValueError for a negative number."""
        if n < 0:
            raise _negative(n)
        bits = draw(mix(self._start ^ n), _TEAM)
        words = vocabulary()
        first = words.team_first[(high(bits, len(words.team_first)) + version) % len(words.team_first)]
        second = words.team_second[(low(bits, len(words.team_second)) + version) % len(words.team_second)]
        return Team(n, key, f"{self.prefix}{first} {second} {n}")


@cache
def _awkward_names(which: int) -> _Names:
    """Of one of the frozen few whose names break naive code."""
    words = vocabulary()
    someone = words.awkward[which]
    (given, given_ascii), (family, family_ascii) = someone.given, someone.family
    display, formatted = whole_names(given, someone.middle, family, someone.locale)
    spelled = login(given_ascii, "" if someone.mononym else family_ascii)
    office = words.by_locale[someone.office]
    return given, someone.middle, family, display, formatted, spelled, someone.locale, office


def _negative(n: int) -> ValueError:
    return ValueError(f"people and teams are numbered from 0, not {n}")


_Names = tuple[str, str, str, str, str, str, str, Place]
"""Given, middle and family name, display name, formatted name, login, locale; the place of the office."""


def _drawn_names(row: int, place: Place, given_half: int, family_half: int, words: Vocabulary) -> _Names:
    given, given_ascii = place.given[given_half * len(place.given) >> 32]
    family, family_ascii = place.family[family_half * len(place.family) >> 32]
    locale, middle = place.locale, ""
    if locale in words.two_surnames:
        second = place.family[high(draw(row, _MORE_NAMES), len(place.family))]
        family, family_ascii = f"{family} {second[0]}", f"{family_ascii}-{second[1]}"
    elif row & 3 == 0 and locale not in words.family_first:
        middle = place.given[high(draw(row, _MORE_NAMES), len(place.given))][0]
    display = formatted = f"{given} {family}"
    if middle or given == family or locale in words.family_first:
        display, formatted = whole_names(given, middle, family, locale)
    return given, middle, family, display, formatted, login(given_ascii, family_ascii), locale, place
