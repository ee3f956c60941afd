"""The database behind the store: statements, transactions, and the file they end up in.

``Database`` is all that the store asks of one, in SQL that knows no product; ``SqliteDatabase`` is the one there is.
Rule: knows no table by name. May import ``layout`` of this project and nothing else.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, Protocol

from scimrig_simulator.server.layout import LayoutError, prepare

MEMORY = ":memory:"

PATIENCE = 10
"""Seconds for which a write waits for another process that holds the file."""


class StoreError(Exception):
    """The database can't be opened or isn't ours; the message says which file, and what to do."""


class Found(Protocol):
    """What a statement has found."""

    @property
    def lastrowid(self) -> int | None: ...
    @property
    def rowcount(self) -> int: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Any]: ...
    def __iter__(self) -> Iterator[Any]: ...


class Database(Protocol):
    """Statements with ``?`` for values. Whoever uses one from several threads holds ``lock``.

    durable: what is committed outlives the process.
    """

    lock: Any
    durable: bool

    def execute(self, sql: str, values: Sequence[Any] = ()) -> Found: ...
    def executemany(self, sql: str, values: Iterable[Sequence[Any]]) -> None: ...
    def transaction(self, lasting: bool = True) -> AbstractContextManager[None]: ...
    def reading(self) -> AbstractContextManager[None]: ...
    def ready(self, patience: float) -> bool: ...
    def close(self) -> None: ...


class SqliteDatabase:
    """One connection to a SQLite file (write-ahead log, synced at each commit), or to nothing but memory."""

    def __init__(self, path: str) -> None:
        self.lock = threading.RLock()
        self.durable = path != MEMORY
        try:
            self._connection = sqlite3.connect(
                path, isolation_level=None, check_same_thread=False, timeout=PATIENCE, cached_statements=512
            )
            with self.transaction():
                prepare(self._connection)
            if self.durable:
                self._connection.execute("PRAGMA journal_mode = WAL")
                self._connection.execute("PRAGMA synchronous = FULL")
        except (sqlite3.Error, LayoutError) as error:
            raise StoreError(f"{path}: {error}. Name a writable file, or one that this scimrig can read.") from None

    def execute(self, sql: str, values: Sequence[Any] = ()) -> Found:
        """One statement."""
        return self._connection.execute(sql, values)

    def executemany(self, sql: str, values: Iterable[Sequence[Any]]) -> None:
        """One statement for many rows."""
        self._connection.executemany(sql, values)

    @contextmanager
    def transaction(self, lasting: bool = True) -> Iterator[None]:
        """All or nothing, alone: also another process sharing the file waits at the door.

        Inside another one it is a part of that: an error has to leave both. One that isn't ``lasting`` doesn't wait for
        the disk: it outlives the process at once, and the machine as soon as a later one that is lasting does.
        """
        with self.lock:
            if self._connection.in_transaction:
                yield
                return
            if not lasting and self.durable:
                self._connection.execute("PRAGMA synchronous = NORMAL")
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # SQLite ends it by itself where the disk is full, say
                    self._connection.execute("ROLLBACK")
                raise
            finally:
                if not lasting and self.durable:
                    self._connection.execute("PRAGMA synchronous = FULL")

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Several statements that see one state, whatever other processes write meanwhile."""
        with self.lock:
            if not self.durable or self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                self._connection.execute("COMMIT")

    def ready(self, patience: float) -> bool:
        """Whether it can be read and written to, found out within about ``patience`` seconds. Changes nothing."""
        if not self.lock.acquire(timeout=patience):
            return False
        try:
            self._wait_at_most(patience)
            with self.transaction():
                self._connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        except sqlite3.Error:
            return False
        else:
            return True
        finally:
            self._wait_at_most(PATIENCE)
            self.lock.release()

    def _wait_at_most(self, seconds: float) -> None:
        with suppress(sqlite3.ProgrammingError):  # of a connection that is closed, there is nothing to wait for
            self._connection.execute(f"PRAGMA busy_timeout = {round(seconds * 1000)}")

    def close(self) -> None:
        """Close the connection; nothing works afterwards."""
        with self.lock:
            self._connection.close()
