"""A table on disk that behaves as a dict: what an IdP believes of a company that is larger than memory.

What is written is kept aside and goes to the file some hundred at a time; what is read is kept at hand, a bounded
number of entries. Whoever reads entries one after the other, as a queue does, gets the next ones along with the first.
Entries stand in the order in which they came, as in a dict.

Rule: one lock and one connection for all tables of a file; whoever owns the file commits. A value taken out is never
changed in place (``idp/memory.py``).
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import ItemsView, Iterator, MutableMapping, Sequence, ValuesView
from typing import Any, TypeVar, overload

T = TypeVar("T")

BATCH = 256
"""Changes that are kept aside before they go to the file."""
AT_HAND = 1024
"""Entries of a table that are kept at hand; one that has no more is kept whole."""
_AHEAD, _NEAR = 64, 2  # entries that are read along with one that comes so soon after the last one that was read
_PAGE = 256

_ABSENT: Any = object()
_UNKNOWN: Any = object()
_encoded = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode  # ASCII: a value may hold a lone surrogate


class SqliteTable(MutableMapping[str, Any]):
    """JSON values by key. ``name`` is the table's in the file. Raises sqlite3.Error where the file can't be used."""

    def __init__(self, connection: sqlite3.Connection, lock: threading.RLock, name: str) -> None:
        self._file, self._lock = connection, lock
        table = '"' + name.replace('"', '""') + '"'
        self._file.execute(
            f"CREATE TABLE IF NOT EXISTS {table} (place INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, value TEXT)"
        )
        (self._count,) = self._file.execute(f"SELECT count(*) FROM {table}").fetchone()  # in the file
        self._hand: dict[str, Any] = {}  # what is known: values, and ``_ABSENT`` for what is not there
        self._old: dict[str, Any] = {}  # what was at hand before, until it has to go
        self._whole = self._count == 0  # what is not at hand is not there
        self._changed: dict[str, Any] = {}  # what the file does not know yet, in the order of the changes
        self._again: set[str] = set()  # deleted and put once more since the last flush: they stand last now
        self._last = 0
        self._one = f"SELECT place, value FROM {table} WHERE key = ?"
        self._next = f"SELECT place, key, value FROM {table} WHERE place > ? ORDER BY place LIMIT ?"
        self._insert = f"INSERT OR IGNORE INTO {table} (key, value) VALUES (?, ?)"
        self._update = f"UPDATE {table} SET value = ? WHERE key = ?"
        self._delete = f"DELETE FROM {table} WHERE key = ?"
        self._empty = f"DELETE FROM {table}"

    def __getitem__(self, key: str) -> Any:
        value = self._hand.get(key, _UNKNOWN)
        if value is _UNKNOWN:
            value = _ABSENT if self._whole else self._fetched(key)
        if value is _ABSENT:
            raise KeyError(key)
        return value

    @overload
    def get(self, key: str, /) -> Any | None: ...
    @overload
    def get(self, key: str, /, default: T) -> Any | T: ...
    def get(self, key: str, /, default: Any = None) -> Any:
        """As a dict's, without an exception for what is not there."""
        value = self._hand.get(key, _UNKNOWN)
        if value is _UNKNOWN:
            value = _ABSENT if self._whole else self._fetched(key)
        return default if value is _ABSENT else value

    def __contains__(self, key: object) -> bool:
        value = self._hand.get(key, _UNKNOWN)  # type: ignore[call-overload]
        if value is _UNKNOWN:
            value = _ABSENT if self._whole or not isinstance(key, str) else self._fetched(key)
        return value is not _ABSENT

    def __setitem__(self, key: str, value: Any) -> None:
        with self._lock:
            if self._changed.get(key, _UNKNOWN) is _ABSENT:
                del self._changed[key]  # what was deleted and comes back stands last
                self._again.add(key)
            self._changed[key] = self._hand[key] = value
            if len(self._changed) >= BATCH:
                self.flush()

    def __delitem__(self, key: str) -> None:
        with self._lock:
            if key not in self:
                raise KeyError(key)
            self._changed.pop(key, None)
            self._changed[key] = self._hand[key] = _ABSENT
            if len(self._changed) >= BATCH:
                self.flush()

    def pop(self, key: str, default: Any = _UNKNOWN, /) -> Any:
        """As a dict's."""
        with self._lock:
            if key in self:
                value = self[key]
                del self[key]
                return value
        if default is _UNKNOWN:
            raise KeyError(key)
        return default

    def __iter__(self) -> Iterator[str]:
        return (key for key, _ in self._entries())

    def __len__(self) -> int:
        with self._lock:
            self.flush()
            return int(self._count)

    def __bool__(self) -> bool:
        return len(self) > 0

    def items(self) -> ItemsView[str, Any]:
        """As a dict's; may be walked while the table changes."""
        return _Items(self)

    def values(self) -> ValuesView[Any]:
        """As a dict's; may be walked while the table changes."""
        return _Values(self)

    def clear(self) -> None:
        """Nothing is left."""
        with self._lock:
            self._file.execute(self._empty)
            self._changed.clear()
            self._again.clear()
            self._hand, self._old = {}, {}
            self._count, self._whole, self._last = 0, True, 0

    def flush(self) -> None:
        """Hand everything that was kept aside to the file; it is safe there once the file is committed."""
        with self._lock:
            if not self._changed:
                return
            gone = [(_bytes(key),) for key, value in self._changed.items() if value is _ABSENT or key in self._again]
            put = [(_bytes(key), _encoded(value)) for key, value in self._changed.items() if value is not _ABSENT]
            self._count -= self._changes(self._delete, gone)
            fresh = self._changes(self._insert, put)
            self._count += fresh
            if fresh < len(put):
                self._changes(self._update, [(value, key) for key, value in put])
            self._again.clear()
            self._changed.clear()
            self._make_room()

    def _changes(self, sql: str, rows: Sequence[tuple[bytes | str, ...]]) -> int:
        if not rows:
            return 0
        before = self._file.total_changes
        self._file.executemany(sql, rows)
        return self._file.total_changes - before

    def _fetched(self, key: str) -> Any:
        """The value of an entry that is not at hand, or ``_ABSENT``; it is at hand then."""
        with self._lock:
            value = self._hand.get(key, _UNKNOWN)  # by another thread meanwhile
            if value is not _UNKNOWN:
                return value
            if self._whole:
                return _ABSENT
            self._make_room()
            value = self._old.get(key, _UNKNOWN)
            if value is not _UNKNOWN:
                self._hand[key] = value
                return value
            row = self._file.execute(self._one, (_bytes(key),)).fetchone()
            value = self._hand[key] = _ABSENT if row is None else json.loads(row[1])
            if row is not None:
                self._read_ahead(int(row[0]))
            return value

    def _read_ahead(self, place: int) -> None:
        """Where entries are read one after the other, the next ones will be asked for. Lock held."""
        if 0 < place - self._last <= _NEAR:
            ahead = self._file.execute(self._next, (place, _AHEAD)).fetchall()
            for _, key, value in ahead:
                self._hand.setdefault(_text(key), json.loads(value))
            place = ahead[-1][0] if ahead else place
        self._last = place

    def _make_room(self) -> None:
        """Keep what is at hand bounded. Lock held; what the file does not know stays."""
        if len(self._hand) - len(self._changed) >= AT_HAND // 2:
            self._whole = self._count == 0  # first: who finds nothing at hand asks for this next
            self._old, self._hand = self._hand, dict(self._changed)

    def _entries(self) -> Iterator[tuple[str, Any]]:
        """Keys and values, a page at a time."""
        place = -1
        while True:
            with self._lock:
                self.flush()
                page = self._file.execute(self._next, (place, _PAGE)).fetchall()
            for _, key, value in page:
                yield _text(key), json.loads(value)
            if len(page) < _PAGE:
                return
            place = page[-1][0]


class _Items(ItemsView[str, Any]):
    _mapping: SqliteTable

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return self._mapping._entries()


class _Values(ValuesView[Any]):
    _mapping: SqliteTable

    def __iter__(self) -> Iterator[Any]:
        return (value for _, value in self._mapping._entries())


def _bytes(key: str) -> bytes:
    """A key may hold what a server sent, lone surrogates among it."""
    return key.encode("utf-8", "surrogatepass")


def _text(key: bytes) -> str:
    return key.decode("utf-8", "surrogatepass")
