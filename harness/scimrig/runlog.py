"""The run's log on disk: records as NDJSON, one a line, closed by a footer.

Rule: a record goes in whole or not at all, and what was written reads back the same. A log that cannot be written or
read is a LogError with one line for the user, never a traceback. Knows records and files; judges and prints nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any, TextIO

from scimrig.evidence import (
    Exchange,
    Observed,
    Record,
    RunEnded,
    RunStarted,
    StepPlayed,
    from_json,
    to_json,
)

STATE_DIR = Path(".scimrig")
"""Where runs leave their traces, below the folder that scimrig is started in."""

LOG_NAME = "log.ndjson"
NO_FOOTER = "log has no footer: the run was killed or is still going; what it found so far is judged"


class LogError(Exception):
    """The log could not be written, found or understood; the text says what to do."""


_BUFFER = 1 << 16  # characters; a flush for every exchange would cost a sixth of a run
_WITHIN_A_CASE = (Exchange, Observed, StepPlayed)


class LogWriter:
    """Appends records to a new log, flushed whenever a case ends, so that a killed run leaves all finished cases.

    The file is locked while the run goes on (see ``is_live``).

    Raises LogError where the file cannot be made or a record cannot be written (a full disk); after the first failure
    the writer is closed and every later ``write`` raises the same error.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._failure: LogError | None = None
        try:
            _make_folder(path.parent)
            self._file: TextIO = path.open("x", encoding="utf-8", newline="\n", buffering=_BUFFER)
            _lock(self._file)
        except OSError as error:
            raise LogError(_unwritable(path, error)) from error

    def write(self, record: Record) -> None:
        """Write one record as a line. Raises LogError (full disk, folder gone)."""
        if self._failure is not None:
            raise self._failure
        # ASCII only: a reply may hold lone surrogates, which no UTF-8 file can.
        line = json.dumps(to_json(record), separators=(",", ":"))
        try:
            self._file.write(line + "\n")
            if not isinstance(record, _WITHIN_A_CASE):
                self._file.flush()
        except OSError as error:
            self._failure = LogError(_unwritable(self.path, error))
            self.close()
            raise self._failure from error

    def close(self) -> None:
        """Close the file. Never raises: whatever could not be flushed was reported by ``write``."""
        try:
            self._file.close()
        except OSError as error:
            self._failure = self._failure or LogError(_unwritable(self.path, error))

    def __enter__(self) -> LogWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def read(path: Path, note: Callable[[str], None] = lambda text: None) -> Iterator[Record]:
    """The records of a log, in order. ``note`` hears about a log without a footer (also one cut in its last line).

    Raises LogError: unreadable file, a line that is no record (``file:line``), a file that is no log of ours.
    """
    number, ended = 0, False
    for number, line, whole in _lines(path):
        if ended:
            raise LogError(f"{path}:{number}: more records after the footer; two logs in one file?")
        try:
            record = _record(line)
        except ValueError as error:
            if not whole and number > 1:  # the run was killed in the middle of a line
                break
            raise LogError(f"{path}:{number}: not a record of a scimrig log: {error}") from None
        if number == 1 and not isinstance(record, RunStarted):
            raise LogError(f"{path}:1: a log begins with run-started, this one with {record.type}")
        ended = isinstance(record, RunEnded)
        yield record
    if number == 0:
        raise LogError(f"{path} is empty: the run it belongs to never began")
    if not ended:
        note(NO_FOOTER)


def is_live(folder: Path) -> bool:
    """True while the run that writes the log in ``folder`` is going on. Always False where files cannot be locked."""
    try:
        with (folder / LOG_NAME).open("rb") as file:
            return not _lock(file)
    except OSError:
        return False


def run_folder(run: str, state_dir: Path = STATE_DIR) -> Path:
    """Where one run keeps its log, journal and replay scripts."""
    return state_dir / "runs" / run


def locate(name: str, state_dir: Path = STATE_DIR) -> Path:
    """The log meant by a run id, ``last``, a run's folder, or a log file. Raises LogError where there is none."""
    if name == "last":
        return _latest(state_dir)
    for candidate in (run_folder(name, state_dir), Path(name)):
        log = candidate / LOG_NAME if candidate.is_dir() else candidate
        if log.is_file():
            return log
    there = known_runs(state_dir)
    hint = f"; the last runs are {', '.join(there[-3:])}" if there else "; no run has left a log here yet"
    raise LogError(f"no run, folder or log file {name!r} (runs are looked for in {state_dir / 'runs'}){hint}")


def known_runs(state_dir: Path = STATE_DIR) -> tuple[str, ...]:
    """Ids of the runs that left a log, oldest first."""
    logs = (state_dir / "runs").glob(f"*/{LOG_NAME}")
    return tuple(log.parent.name for log in sorted(logs, key=lambda log: (log.stat().st_mtime_ns, log.parent.name)))


def _latest(state_dir: Path) -> Path:
    there = known_runs(state_dir)
    if not there:
        raise LogError(f"no run has left a log in {state_dir / 'runs'}; start one with `scimrig run`")
    return run_folder(there[-1], state_dir) / LOG_NAME


def _make_folder(folder: Path) -> None:
    """Make a run's folder. Replies may hold people's data: keep it to its owner and out of version control."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    state_dir = next((parent for parent in folder.parents if parent.name == STATE_DIR.name), None)
    if state_dir is not None and not (state_dir / ".gitignore").exists():
        (state_dir / ".gitignore").write_text("*\n", encoding="utf-8")


def _lock(file: IO[Any]) -> bool:
    """Lock a file until it is closed, or its process is gone. False where somebody else has it."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


def _unwritable(path: Path, error: OSError) -> str:
    why = error.strerror or str(error)
    return f"cannot write {path}: {why}. The log needs a writable folder with free space below the current one."


def _lines(path: Path) -> Iterator[tuple[int, str, bool]]:
    """Number (1-based), text, and whether the line came to its end."""
    try:
        with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
            for number, line in enumerate(file, start=1):
                yield number, line, line.endswith("\n")
    except OSError as error:
        raise LogError(f"cannot read {path}: {error.strerror or error}") from error


def _record(line: str) -> Record:
    data = json.loads(line)
    if not isinstance(data, dict):
        raise ValueError("a JSON object was expected")
    try:
        return from_json(data)
    except (TypeError, AttributeError) as error:  # right names, wrong shapes
        raise ValueError(str(error)) from None
