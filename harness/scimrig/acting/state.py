"""What acts by hand leave in ``.scimrig/act``: what each IdP believes of a target, and whom it is about.

One folder a target, told apart by its base URL, so that a target that moved does not inherit another server's ids:

    .scimrig/act/mark.json                               what every name of ours holds, made once for this folder
    .scimrig/act/127.0.0.1-8080-1f0c2a33d8/okta.json     one IdP: its beliefs, its people, what the target keeps
    .scimrig/act/127.0.0.1-8080-1f0c2a33d8/rows.ndjson   the journal of rows (``rows.py``), for all IdPs together

People are those of the workforce, fixed by seed and key; only their names are ours: ``ada`` is
``ada.rig4k7xm@example.com`` in every dialect, so that a second IdP finds the account that the first one made.

Rule: files are written whole or not at all, and a file of another version is an error, never a guess.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from scimrig.cast import changed
from scimrig.rows import Rows
from scimrig.runlog import STATE_DIR
from scimrig.survey import Survey
from scimrig_simulator import idp
from scimrig_simulator.idp.acts import Directory
from scimrig_simulator.idp.intent import Intent
from scimrig_simulator.workforce.company import Company
from scimrig_simulator.workforce.person import Person
from scimrig_simulator.workforce.team import Team

ACT_DIR = STATE_DIR / "act"
JOURNAL_NAME = "rows.ndjson"
VERSION = 1

KEY = re.compile(r"[a-z][a-z0-9_-]{0,29}\Z")
"""What a subject may be called; keys are folded to lower case, since userName knows no case (RFC 7643 §4.1.1)."""

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_MARK_NAME = "mark.json"
_LOCK_NAME = "lock"


class StateError(Exception):
    """What was kept cannot be read, written or trusted; the text says what to do."""


@dataclass(slots=True)
class State:
    """What one IdP knows of one target.

    beliefs: of its engine (``idp.memory``)
    people, teams: by key, as they are now; members: team key → keys of people
    scope:   keys of the people who have the app and of the teams that are pushed
    names:   every userName and displayName that was ever sent: by these a row of ours is told from a stranger's
    in_force: subject ("User ada") → what its last act has left, as far as this IdP knows
    surveys: kind ("User") → what the target has kept of what it was sent
    """

    path: Path
    base_url: str
    dialect: str
    mark: str
    domain: str
    seed: int
    beliefs: dict[str, Any] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    teams: dict[str, Team] = field(default_factory=dict)
    members: dict[str, tuple[str, ...]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    in_force: dict[str, Intent] = field(default_factory=dict)
    surveys: dict[str, Survey] = field(default_factory=dict)
    scope: set[str] = field(default_factory=set)

    def directory(self) -> Directory:
        """What the IdP's own directory holds: who has the app, and which teams are pushed."""
        people = [person for key, person in self.people.items() if key in self.scope]
        teams = [
            (team, [self.person(one) for one in self.members.get(key, ())])
            for key, team in self.teams.items() if key in self.scope
        ]
        return Directory(people, teams)

    def changed(self, key: str, changes: Mapping[str, Any]) -> Person:
        """The person of that key with some fields changed; ``manager`` is another person's key, None for nobody."""
        return changed(self.person(key), changes, lambda boss: self.person(boss).number)

    def is_ours(self, name: str) -> bool:
        """Whether a row of this name is one that we made: by the mark, or by a name that we gave it."""
        folded = name.casefold()
        return self.mark in folded or folded in {known.casefold() for known in self.names}

    def person(self, key: str) -> Person:
        """The person of that key as they are now; made up where nobody asked for them before."""
        if key not in self.people:
            self.people[key] = made_up(key, self.seed, self.mark, self.domain)
        return self.people[key]

    def team(self, key: str) -> Team:
        """The team of that key as it is now."""
        if key not in self.teams:
            self.teams[key] = Team(_number(self.seed, f"team {key}"), key, f"{_titled(key)} {self.mark}")
        return self.teams[key]

    def journal(self, target: str) -> Rows:
        """The rows that acts have made on the target, whichever IdP it was. Raises StateError, JournalError."""
        path = self.path.parent / JOURNAL_NAME
        try:
            return Rows.continued(path, {"run": "act", "target": target, "base_url": self.base_url})
        except ValueError as broken:
            raise StateError(f"{path} cannot be read: {broken}; look at the target, then remove it") from None

    def save(self) -> None:
        """Write it down. Raises StateError."""
        for person in self.people.values():
            self.names.add(person.user_name)
        for team in self.teams.values():
            self.names.add(team.display_name)
        _write(self.path, {
            "version": VERSION, "base_url": self.base_url, "dialect": self.dialect, "seed": self.seed,
            "beliefs": self.beliefs,
            "people": {key: dataclasses.asdict(person) for key, person in self.people.items()},
            "teams": {key: dataclasses.asdict(team) for key, team in self.teams.items()},
            "members": {key: list(members) for key, members in self.members.items()},
            "names": sorted(self.names),
            "in_force": {key: intent.to_json() for key, intent in self.in_force.items()},
            "surveys": {kind: survey.to_json() for kind, survey in self.surveys.items()},
            "scope": sorted(self.scope),
        })


def folder_of(base_url: str) -> Path:
    """Where everything about one target is kept: readable, and different for every base URL."""
    parts = urlsplit(base_url)
    host = re.sub(r"[^A-Za-z0-9.-]+", "-", parts.netloc).strip("-.") or "target"
    return ACT_DIR / f"{host}-{hashlib.blake2b(base_url.encode(), digest_size=5).hexdigest()}"


def load(base_url: str, dialect: str, domain: str, seed: int | None) -> State:
    """What an IdP knows of a target; nothing yet where it never acted on it. ``seed`` None = as before, else 1.

    Raises StateError: unreadable, another version's, or made with another seed.
    """
    path = folder_of(base_url) / f"{idp.base(dialect)}.json"
    if not path.exists():
        state = State(path, base_url, dialect, mark(), domain, 1 if seed is None else seed)
        state.names |= names_known(path.parent)
        return state
    data = _read(path)
    try:
        state = _revived(path, data, domain)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StateError(f"{path} cannot be understood ({error!r}); {_start_afresh(base_url)}") from None
    if seed is not None and seed != state.seed:
        raise StateError(f"{path} was made with --seed {state.seed}, not {seed}; {_start_afresh(base_url)}")
    return state


def names_known(folder: Path) -> set[str]:
    """Every name that any IdP ever gave a row of this target, as written."""
    names: set[str] = set()
    for path in _dialect_files(folder):
        names.update(str(name) for name in _read(path).get("names", ()))
    return names


def base_url_of(folder: Path) -> str:
    """Which target a folder is about, "" where no IdP left a file in it."""
    return next((str(_read(path).get("base_url", "")) for path in _dialect_files(folder)), "")


def drop(folder: Path) -> None:
    """Forget what every IdP believes of a target; the journal stays for as long as it names rows."""
    for path in _dialect_files(folder):
        path.unlink(missing_ok=True)


def mark() -> str:
    """What every name of ours in this folder holds ("rig4k7xm"); made the first time. Raises StateError."""
    path = ACT_DIR / _MARK_NAME
    if not path.exists():
        _write(path, {"version": VERSION, "mark": "rig" + "".join(secrets.choice(_LETTERS) for _ in range(5))})
    made = _read(path).get("mark")
    if not isinstance(made, str) or not re.fullmatch(r"rig[a-z0-9]{5}", made):
        raise StateError(f"{path} holds no mark; remove it, and a new one is made")
    return made


def made_up(key: str, seed: int, mark: str, domain: str) -> Person:
    """The person of the workforce that a key means, under a name that a developer recognises and that is ours."""
    person = Company(seed, domain).person(_number(seed, key), key).changed({"givenName": _titled(key)})
    address = f"{key}.{mark}@{domain}"
    return dataclasses.replace(person, user_name=address, email=address, login=f"{key}.{mark}")


@contextmanager
def held(folder: Path, *, wait: bool = True) -> Iterator[bool]:
    """Keep other calls off a target's folder meanwhile. Yields False where somebody has it and ``wait`` is off."""
    try:
        import fcntl
    except ImportError:  # no such locks here: two calls at once are then the user's affair
        yield True
        return
    _make_folder(folder)
    try:
        file = (folder / _LOCK_NAME).open("w")
    except OSError as error:
        raise StateError(f"cannot write {folder / _LOCK_NAME}: {error.strerror or error}") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        except OSError:  # a file system without locks
            pass
        yield True


def tidy(folder: Path) -> None:
    """Remove a target's folder where nothing but its lock is left in it."""
    if folder.is_dir() and {path.name for path in folder.iterdir()} <= {_LOCK_NAME}:
        (folder / _LOCK_NAME).unlink(missing_ok=True)
        folder.rmdir()


def _dialect_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.json"))


def _number(seed: int, key: str) -> int:
    digest = hashlib.blake2b(f"{seed}/act/{key}".encode(), digest_size=6).digest()
    return int.from_bytes(digest) % 10**6 + 1


def _titled(key: str) -> str:
    return key[:1].upper() + key[1:]


def _revived(path: Path, data: dict[str, Any], domain: str) -> State:
    return State(
        path, data["base_url"], data["dialect"], mark(), domain, data["seed"], data["beliefs"],
        {key: Person(**person) for key, person in data["people"].items()},
        {key: Team(**team) for key, team in data["teams"].items()},
        {key: tuple(members) for key, members in data["members"].items()},
        set(data["names"]) | names_known(path.parent),
        {key: _intent(intent) for key, intent in data["in_force"].items()},
        {kind: Survey.from_json(survey) for kind, survey in data["surveys"].items()},
        set(data.get("scope", ())),
    )


def _intent(data: dict[str, Any]) -> Intent:
    members = data["members"]
    return Intent(**{**data, "members": None if members is None else frozenset(members)})


def _start_afresh(base_url: str) -> str:
    return f"start afresh with: scimrig act --forget {base_url}"


def _read(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StateError(f"cannot read {path}: {error.strerror or error}") from None
    except ValueError:
        raise StateError(f"{path} is not JSON any more; remove it to start afresh") from None
    if not isinstance(data, dict) or data.get("version") != VERSION:
        raise StateError(f"{path} was written by another version of scimrig; remove it to start afresh")
    return data


def _write(path: Path, data: dict[str, Any]) -> None:
    """Whole or not at all: into a file beside it, then renamed."""
    try:
        _make_folder(path.parent)
        handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", dir=path.parent, text=True)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(data, file, indent=2)
                file.write("\n")
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise StateError(f"cannot write {path}: {error.strerror or error}") from None


def _make_folder(folder: Path) -> None:
    """Private to its owner and out of version control, as the folders of runs are."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        ignore = STATE_DIR / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise StateError(f"cannot write {folder}: {error.strerror or error}") from None
