"""What a simulation did, task by task, as NDJSON; ``scimrig report`` renders it.

Lines: simulation-started · task … · convergence · simulation-ended. A resumed simulation goes on in the same file.

Rule: no secret and no body goes in. The file is bounded: past a number of tasks only those that failed are noted, and
past as many again the rest is counted.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

LIMIT = 100_000
"""Tasks that are noted whatever came of them."""

_encoded = json.JSONEncoder(separators=(",", ":")).encode


class SimLogError(Exception):
    """The log cannot be written or read; the text says why."""


class SimLog:
    """Appends lines. Safe to share by threads. Raises SimLogError."""

    def __init__(self, path: Path, *, fresh: bool, limit: int = LIMIT) -> None:
        self.path, self._limit = path, limit
        self._lock = threading.Lock()
        self._tasks = self._left_out = 0
        try:
            self._file: TextIO = path.open("w" if fresh else "a", encoding="utf-8", newline="\n")
        except OSError as error:
            raise SimLogError(f"cannot write {path}: {error.strerror or error}") from None

    def note(self, type: str, content: Mapping[str, Any]) -> None:
        """One line of its own, safe at once."""
        with self._lock:
            self._write({"type": type, **content}, flush=True)

    def task(self, content: Mapping[str, Any], ok: bool) -> None:
        """One act that has ended."""
        with self._lock:
            self._tasks += 1
            if self._tasks > (self._limit if ok else 2 * self._limit):
                self._left_out += 1
                return
            self._write({"type": "task", **content})

    def end(self, state: str) -> None:
        """The last line."""
        self.note("simulation-ended", {"state": state, "tasks": self._tasks, "left_out": self._left_out})

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._file.close()

    def _write(self, line: dict[str, Any], flush: bool = False) -> None:
        try:
            self._file.write(_encoded(line) + "\n")
            if flush:
                self._file.flush()
        except OSError as error:
            raise SimLogError(f"cannot write {self.path}: {error.strerror or error}") from None


def read(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a log; one that a killed run cut short ends it. Raises SimLogError where it is none."""
    try:
        with path.open(encoding="utf-8") as file:
            for number, text in enumerate(file):
                line = _line(text)
                if number == 0 and (line is None or line.get("type") != "simulation-started"):
                    raise SimLogError(f"{path} is no log of a simulation: those are called NAME.log.ndjson, below"
                                      " .scimrig/simulate")
                if line is None:
                    return
                yield line
    except (OSError, UnicodeDecodeError) as error:
        raise SimLogError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None


def _line(text: str) -> dict[str, Any] | None:
    try:
        line = json.loads(text)
    except ValueError:
        return None
    return line if isinstance(line, dict) else None
