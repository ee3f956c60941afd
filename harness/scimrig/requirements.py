"""The catalogue of requirements on a SCIM service provider: what ``rfc:ID`` points at, and how grave a breach is.

The data is ``scenarios/requirements.yaml``: in the wheel under ``scimrig/_scenarios/``, in a checkout beside
``harness/``. It is read once a process, on the first question, with libyaml where PyYAML has it.

Rule: a reader of data. It knows no check and no scenario; whoever judges asks it for a level.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from scimrig.suggestion import did_you_mean
from scimrig.verdicts import Status

FILE = "requirements.yaml"

_STATUS = {
    "MUST": Status.FAIL,
    "MUST NOT": Status.FAIL,
    "SHOULD": Status.WARN,
    "SHOULD NOT": Status.WARN,
    "MAY": Status.INFO,
}
_ID = re.compile(r"(RFC\d+)-([\d.]+)-R\d+")


class UnknownRequirement(LookupError):
    """No entry of the catalogue has this id; the message suggests one that is spelt alike."""


class CatalogueError(Exception):
    """The catalogue can't be found or read: the installation is damaged. The message names the file and the entry."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One testable sentence of an RFC, in our own words.

    level:      MUST | MUST NOT | SHOULD | SHOULD NOT | MAY
    actor:      service-provider | client (what the simulated IdP owes)
    test:       how it is tested, and grades of single outcomes
    basis:      keyword | prose | inferred: how firmly the RFC says it
    observable: yes | partly[: reason] | no: reason
    """

    id: str
    rfc: str
    section: str
    level: str
    actor: str
    feature: str
    text: str
    test: str
    condition: str
    observable: str
    basis: str
    note: str = ""

    @property
    def status(self) -> Status:
        """What a breach is, unless rfc-notes grades the outcome otherwise."""
        return _STATUS[self.level]

    @property
    def clause(self) -> str:
        """``RFC 7644 §3.5.2``, for reports."""
        return f"RFC {self.rfc.removeprefix('RFC')} §{self.section}"

    @property
    def url(self) -> str:
        """Where the clause can be read."""
        return f"https://www.rfc-editor.org/rfc/{self.rfc.lower()}#section-{self.section}"


def catalogue() -> Mapping[str, Requirement]:
    """Every requirement by id, in the order of the file. Raises CatalogueError where the file is missing or damaged."""
    return _catalogue()


def get(identifier: str) -> Requirement:
    """The requirement with an id such as ``RFC7644-3.12-R02`` (any case). Raises UnknownRequirement."""
    known = _catalogue()
    found = known.get(identifier) or known.get(identifier.upper())
    if found is None:
        raise UnknownRequirement(f"no requirement {identifier!r}{_nearest(identifier.upper(), known)}")
    return found


def status(level: str) -> Status:
    """MUST → fail, SHOULD → warn, MAY → info. Raises ValueError for a word that is no level."""
    if level not in _STATUS:
        raise ValueError(f"{level!r} is no requirement level{did_you_mean(level, _STATUS)}")
    return _STATUS[level]


def explain(identifier: str) -> str:
    """What a requirement says and how it is tested, in lines for a terminal. Raises UnknownRequirement."""
    wanted = get(identifier)
    lines = [
        f"{wanted.id} · {wanted.clause} · {wanted.level} · {wanted.actor}",
        "",
        wanted.text,
        "",
        f"Tested by:    {wanted.test}",
        f"Applies:      {wanted.condition}",
        f"A breach is:  {wanted.status.value}",
        f"Says the RFC: {_BASIS[wanted.basis]}",
    ]
    if wanted.observable != "yes":
        lines.append(f"Observable:   {wanted.observable}")
    if wanted.note:
        lines.append(f"Note:         {wanted.note}")
    return "\n".join([*lines, f"Read it:      {wanted.url}"])


_BASIS = {
    "keyword": "with a keyword of RFC 2119",
    "prose": "in plain words, without a keyword; the level is ours",
    "inferred": "not outright: it follows from other rules, tables or examples",
}


def path() -> Path:
    """The catalogue's file, of the wheel or of the checkout. Raises CatalogueError where neither is there."""
    package = Path(__file__).resolve().parent
    for folder in (package / "_scenarios", package.parent.parent / "scenarios"):
        if (folder / FILE).is_file():
            return folder / FILE
    raise CatalogueError(f"{package / '_scenarios' / FILE} is missing: install scimrig again")


@cache
def _catalogue() -> Mapping[str, Requirement]:
    return MappingProxyType(read(path()))


def read(file: Path) -> dict[str, Requirement]:
    """A catalogue from a file. Raises CatalogueError naming the entry that is wrong."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml: 30 ms in place of half a second
    try:
        with file.open(encoding="utf-8") as stream:
            entries = yaml.load(stream, Loader=loader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as why:
        raise CatalogueError(f"{file} can't be read: {why}") from None
    if not isinstance(entries, list):
        raise CatalogueError(f"{file}: the catalogue is a list of requirements, not {type(entries).__name__}")
    found: dict[str, Requirement] = {}
    for position, entry in enumerate(entries, start=1):
        made = _requirement(f"{file}: entry {position}", entry)
        if made.id in found:
            raise CatalogueError(f"{file}: entry {position}: {made.id} stands twice")
        found[made.id] = made
    return found


_KEYS = tuple(f.name for f in fields(Requirement))


def _requirement(place: str, entry: Any) -> Requirement:
    if not isinstance(entry, dict):
        raise CatalogueError(f"{place} is not an object")
    for key, value in entry.items():
        if key not in _KEYS:
            raise CatalogueError(f"{place}: unknown key {key!r}{did_you_mean(str(key), _KEYS)}")
        if not isinstance(value, str):
            raise CatalogueError(f"{place}: {key} is not text: {value!r} (quote it)")
    try:
        made = Requirement(**entry)
    except TypeError:
        missing = [key for key in _KEYS if key != "note" and key not in entry]
        raise CatalogueError(f"{place} lacks {', '.join(missing)}") from None
    matched = _ID.fullmatch(made.id)
    if matched is None or matched.groups() != (made.rfc, made.section):
        raise CatalogueError(f"{place}: {made.id!r} does not fit rfc {made.rfc!r} and section {made.section!r}")
    if made.level not in _STATUS or made.basis not in _BASIS:
        raise CatalogueError(f"{place}: level {made.level!r} or basis {made.basis!r} is none of ours")
    return made


def _nearest(identifier: str, known: Mapping[str, Requirement]) -> str:
    """Neighbours in the same section first: ids are alike to a letter, so that likeness alone says little."""
    section = identifier.rpartition("-R")[0]
    siblings = [name for name in known if name.rpartition("-R")[0] == section]
    return f"; {section} has {siblings[0]} … {siblings[-1]}" if siblings else did_you_mean(identifier, known)
