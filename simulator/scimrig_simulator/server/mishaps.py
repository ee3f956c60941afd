"""What went wrong inside the server: what its client is told, and what its log keeps.

A store that is busy, full or write-protected is a matter of time: 503, and when to come back. Everything else is a
mistake of ours: 500. The log gets where it happened and never with what: what a client sent may be about people.

Rule: decides and words; where the log goes is for whoever set it up. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

import sqlite3
import traceback

from scimrig_simulator.scim.errors import ScimError

RETRY_AFTER = 1
"""Seconds after which a client may try again what the store couldn't do."""

_PASSING = frozenset({
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN,
})  # fmt: skip


def as_error(mishap: Exception) -> ScimError:
    """The answer to a request that failed through no fault of its client: 503 with Retry-After, or 500."""
    if _code(mishap) in _PASSING:
        detail = f"The store can't be used just now; nothing was applied. Try again in {RETRY_AFTER} s."
        return ScimError(503, None, detail, (("Retry-After", str(RETRY_AFTER)),))
    return ScimError(500, None, "The server failed; its log says more.")


def outline(mishap: BaseException) -> str:
    """Where it happened, innermost last, and of which kind it is: file, line and name, but no value and no message.

    SQLite's own words are kept, since they name tables and columns only.
    """
    frames = traceback.extract_tb(mishap.__traceback__)
    lines = [f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    words = f": {mishap}" if isinstance(mishap, sqlite3.Error) else ""
    return "\n".join([*lines, f"{type(mishap).__name__}{words}"])


def _code(mishap: Exception) -> int | None:
    """SQLite's primary result code, None for everything that isn't about the store."""
    code = getattr(mishap, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF
