"""The state of one IdP's simulation: one SQLite file, which holds all that must outlive the process.

    .scimrig/simulate/127.0.0.1-8080-1f0c2a33d8/okta.sqlite       what it believes, its job, what became of its acts
    .scimrig/simulate/127.0.0.1-8080-1f0c2a33d8/okta.log.ndjson   what it did, task by task (``simlog.py``)

Rule: what is committed together is true together, so that a killed run goes on from a moment that there was. A file of
another version, or of other parameters, is an error, never a guess.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import sqlite3
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from scimrig.runlog import STATE_DIR
from scimrig.simulating.table import SqliteTable

SIMULATE_DIR = STATE_DIR / "simulate"
VERSION = 1
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


class StateError(Exception):
    """What was kept cannot be read, written or trusted; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """What decides every byte of a simulation. ``start``: the date of day 0; ``chaos``: kind → rate.

    prefix: in front of every name on the target, so that its rows can be told from everybody else's
    """

    dialect: str
    base_url: str
    people: int
    days: int
    seed: int
    start: str
    domain: str
    prefix: str
    chaos: Mapping[str, float] = field(default_factory=dict)

    def unlike(self, asked: Mapping[str, Any]) -> list[str]:
        """What was asked for differently, in words; None asks for nothing."""
        mine = asdict(self)
        return [
            f"{name} is {mine[name]!r}, not {value!r}"
            for name, value in asked.items()
            if value is not None and mine[name] != value
        ]


class StateFile:
    """The file. Safe to share by threads; one process at a time has it. Raises StateError, sqlite3.Error."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._tables: dict[str, SqliteTable] = {}
        try:
            _make_folder(path.parent)
            self._file = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0.5)
            for pragma in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = NORMAL"):
                self._file.execute(f"PRAGMA {pragma}")
            path.chmod(0o600)
            self._file.execute("BEGIN IMMEDIATE")
        except (OSError, sqlite3.Error) as error:
            raise StateError(_unusable(path, error)) from None
        self._run = self.table("run")

    def table(self, name: str) -> SqliteTable:
        """The table of that name; the same one each time."""
        with self._lock:
            table = self._tables.get(name)
            if table is None:
                table = self._tables[name] = SqliteTable(self._file, self._lock, name)
            return table

    @property
    def parameters(self) -> Parameters | None:
        """Of the simulation in this file, None for a new one. Raises StateError for a file of another version."""
        held = self._run.get("parameters")
        if held is None:
            return None
        if self._run.get("version") != VERSION:
            raise StateError(f"{self.path} was written by another version of scimrig; sweep with that, or remove it")
        return Parameters(**held)

    def begin(self, parameters: Parameters) -> None:
        """Note what is simulated, before anything is."""
        self._run.update({"version": VERSION, "parameters": asdict(parameters)})
        self.commit()

    def mark(self, name: str, value: Any) -> None:
        """Note how far it has come."""
        self._run[name] = value

    def marked(self, name: str, default: Any = None) -> Any:
        """What ``mark`` has noted."""
        return self._run.get(name, default)

    def commit(self) -> None:
        """Make everything so far safe, all of it together."""
        with self._lock:
            for table in self._tables.values():
                table.flush()
            self._file.execute("COMMIT")
            self._file.execute("BEGIN IMMEDIATE")

    def close(self) -> None:
        """Commit and close."""
        with self._lock:
            try:
                self.commit()
            finally:
                self._file.close()

    def discard(self) -> None:
        """Close and remove the file."""
        with self._lock:
            self._file.close()
        for suffix in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)


class Shelf:
    """Some tables of a file, apart from the others: an engine's ``Memory``."""

    def __init__(self, file: StateFile, name: str) -> None:
        self._file, self._name = file, name

    def table(self, name: str) -> SqliteTable:
        """A table of this shelf."""
        return self._file.table(f"{self._name}/{name}")


def folder_of(base_url: str) -> Path:
    """Where the simulations on one target are kept: readable, and different for every base URL."""
    parts = urlsplit(base_url)
    host = re.sub(r"[^A-Za-z0-9.-]+", "-", parts.netloc).strip("-.") or "target"
    return SIMULATE_DIR / f"{host}-{hashlib.blake2b(base_url.encode(), digest_size=5).hexdigest()}"


def fresh_prefix() -> str:
    """What nobody else's names begin with: "rig4k7xm-"."""
    return "rig" + "".join(secrets.choice(_LETTERS) for _ in range(5)) + "-"


def _make_folder(folder: Path) -> None:
    """Private to its owner and out of version control, as the folders of runs are."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    ignore = STATE_DIR / ".gitignore"
    if folder.is_relative_to(STATE_DIR) and not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")


def _unusable(path: Path, error: Exception) -> str:
    if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
        return f"{path} is in use by another simulation; wait for it, or name another file with --state"
    if isinstance(error, sqlite3.DatabaseError) and "not a database" in str(error):
        return f"{path} is no state of a simulation; name another file with --state"
    return f"cannot use {path}: {getattr(error, 'strerror', None) or error}"
