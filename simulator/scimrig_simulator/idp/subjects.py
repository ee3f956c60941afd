"""How people, teams and their rows are named: in a path, in a transcript, in beliefs; and what is made up about them.

Rule: pure functions, the same on every machine.
"""

from __future__ import annotations

import hashlib
import uuid
from functools import lru_cache
from typing import TYPE_CHECKING

from scimrig_simulator.wire import segment

if TYPE_CHECKING:
    from scimrig_simulator.workforce.person import Person
    from scimrig_simulator.workforce.team import Team

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def user_path(id: str) -> str:
    """``/Users/{id}``, the id percent-encoded."""
    return f"/Users/{segment(id)}"


def group_path(id: str) -> str:
    """``/Groups/{id}``, the id percent-encoded."""
    return f"/Groups/{segment(id)}"


def label(person: Person) -> str:
    """How transcripts call a person: the scenario's key, else the userName."""
    return person.key or person.user_name


@lru_cache(maxsize=1024)
def token(length: int, *parts: object) -> str:
    """Letters and digits that follow from ``parts`` alone, the same on every machine."""
    digest = hashlib.blake2b("\x1f".join(map(str, parts)).encode()).digest()
    number = int.from_bytes(digest, "big") % len(_LETTERS) ** length
    letters: list[str] = []
    for _ in range(length):
        number, index = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[index])
    return "".join(letters)


@lru_cache(maxsize=1024)
def guid(*parts: object) -> str:
    """A GUID that follows from ``parts`` alone, in the form of a random one (RFC 9562 version 4)."""
    digest = hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=16).digest()
    return str(uuid.UUID(bytes=digest, version=4))


def subject_key(subject: Person | Team) -> str:
    """What tells people and teams apart through all their changes."""
    return f"{subject.number}:{subject.key}"
