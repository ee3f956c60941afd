"""Which rows on the target are ours: the guard that keeps writes to them, and the journal that finds them again.

The journal is written before and after every create, line by line, so that a crash at any moment leaves a trail that
``scimrig sweep`` can follow. Rows that scimrig did not make are never touched: a look-up that answers with a stranger's
row would otherwise make an engine overwrite a real account.

Rule: it knows paths and names, not people, scenarios or verdicts.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import unquote

from scimrig.evidence import Leftover
from scimrig_simulator.wire import PERCENT_20, Flow, Reply, Send, decode_json, filter_string, segment, send

_COLLECTIONS = {"users": ("/Users", "userName"), "groups": ("/Groups", "displayName")}
_WRITES = frozenset({"PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True)
class Row:
    """A row we made, or tried to. ``id`` is "" where a create was sent and its answer never told the id."""

    collection: str
    id: str
    name: str
    case: str

    @property
    def path(self) -> str:
        return f"{self.collection}/{segment(self.id)}"


class JournalError(Exception):
    """The journal cannot be written (a full disk): what could not be found again after a crash is not created."""


class Rows:
    """Our rows, by case; safe to share by threads. ``journal`` None keeps nothing on disk (tests).

    Raises JournalError where the journal cannot be made, and from ``sending`` once it cannot be written any more.
    """

    def __init__(self, journal: Path | None = None, header: dict[str, Any] | None = None) -> None:
        self._lock = threading.Lock()
        self._known: set[str] = set()
        self._open: dict[tuple[str, str], Row] = {}
        self._kept: set[Row] = set()
        self._file: TextIO | None = None
        self._unwritable = ""
        if journal is not None:
            self._write_to(journal, header or {})

    def _write_to(self, journal: Path, header: dict[str, Any]) -> None:
        try:
            journal.parent.mkdir(parents=True, exist_ok=True)
            self._file = journal.open("a", encoding="utf-8")
        except OSError as error:
            raise JournalError(f"cannot write {journal}: {error.strerror or error}") from None
        self._note({"event": "run", **header})

    def mint(self, unknown: str) -> str:
        """Declare an id that no resource has, so that probes may write at it. Returns it."""
        self._known.add(unknown)
        return unknown

    def refusal(self, request: Send) -> str:
        """Why a request must not be sent, "" where it may. Only writes to rows that are not ours are held back."""
        located = _locate(request.path)
        if request.method not in _WRITES or located is None or not located[1]:
            return ""
        if located[1] in self._known:
            return ""
        return f"{request.method} {request.path} would change a row that scimrig did not make"

    def sending(self, request: Send, case: str) -> None:
        """Note a create before it leaves: its answer may never come."""
        collection, name = _created(request)
        if collection:
            with self._lock:
                self._note({"event": "sending", "collection": collection, "name": name, "case": case})
                if self._unwritable:
                    raise JournalError(self._unwritable)
                self._open[(collection, f"?{name}")] = Row(collection, "", name, case)

    def answered(self, request: Send, reply: Reply, case: str) -> None:
        """Learn from an answer which row exists now, and which is gone."""
        collection, name = _created(request)
        if collection:
            self._learn(collection, name, reply, case)
            return
        located = _locate(request.path)
        if located is not None and located[1] and reply.status == 404 and request.method == "GET":
            self.gone(*located)

    def _learn(self, collection: str, name: str, reply: Reply, case: str) -> None:
        identifier = reply.resource().get("id")
        with self._lock:
            if reply.ok and isinstance(identifier, str) and identifier:
                self._known.add(identifier)
                self._open[(collection, identifier)] = Row(collection, identifier, name, case)
                self._note({"event": "made", "collection": collection, "id": identifier, "name": name, "case": case})
            elif reply.ok or reply.failure is not None or reply.status >= 500:
                return  # perhaps made, id unknown: cleared away by name
            self._open.pop((collection, f"?{name}"), None)
            self._note({"event": "settled", "collection": collection, "name": name})

    def gone(self, collection: str, identifier: str) -> None:
        """A row is known not to be there any more."""
        with self._lock:
            if self._open.pop((collection, identifier), None) is not None:
                self._note({"event": "gone", "collection": collection, "id": identifier})

    def adopt(self, collection: str, identifier: str, name: str, case: str) -> None:
        """A row found by its name is ours after all."""
        with self._lock:
            self._known.add(identifier)
            self._open[(collection, identifier)] = Row(collection, identifier, name, case)
            self._open.pop((collection, f"?{name}"), None)
            self._note({"event": "made", "collection": collection, "id": identifier, "name": name, "case": case})

    def open(self, case: str | None = None) -> tuple[Row, ...]:
        """Rows that may still be deleted, newest first; of one case, or of all."""
        with self._lock:
            rows = [row for row in self._open.values() if case is None or row.case == case]
            return tuple(row for row in reversed(rows) if row not in self._kept)

    def keeps(self, row: Row) -> None:
        """The target would not let a row go: it stays open for sweep, and this run does not ask again."""
        with self._lock:
            self._kept.add(row)

    def close(self) -> None:
        """Close the journal; where nothing is left behind, it is removed, so that sweep has nothing to read."""
        if self._file is None:
            return
        path = Path(self._file.name)
        with contextlib.suppress(OSError):  # a full disk again; ``sending`` has told
            self._file.close()
        self._file = None
        if not self._open:
            path.unlink(missing_ok=True)

    def _note(self, event: dict[str, Any]) -> None:
        """Write one line. A failure is kept for the next create: rows that are there must still be cleared away."""
        if self._file is None or self._unwritable:
            return
        try:
            self._file.write(json.dumps(event) + "\n")
            self._file.flush()
        except OSError as error:
            self._unwritable = f"cannot write {self._file.name}: {error.strerror or error}"

    @classmethod
    def reopened(cls, journal: Path) -> tuple[Rows, dict[str, Any]]:
        """The rows a crashed run left open, and its header. Raises ValueError where the file is no journal."""
        rows, header = cls(), {}
        for event in _events(journal):
            kind, collection, name = event.get("event"), event.get("collection", ""), event.get("name", "")
            if kind == "run":
                header = event
            elif kind == "sending":
                rows._open[(collection, f"?{name}")] = Row(collection, "", name, event.get("case", ""))
            elif kind == "made":
                rows.adopt(collection, event["id"], name, event.get("case", ""))
            elif kind == "settled":
                rows._open.pop((collection, f"?{name}"), None)
            elif kind == "gone":
                rows._open.pop((collection, event["id"]), None)
        if not header:
            raise ValueError(f"{journal} is no journal of scimrig's")
        return rows, header

    @classmethod
    def continued(cls, journal: Path, header: dict[str, Any]) -> Rows:
        """The rows that a journal knows, and the journal goes on; a new one where there is none yet.

        Raises JournalError, and ValueError where the file is no journal.
        """
        if not journal.exists():
            return cls(journal, header)
        rows, _ = cls.reopened(journal)
        if not journal.read_bytes().endswith(b"\n"):  # a crash cut its last line short
            with journal.open("a", encoding="utf-8") as file:
                file.write("\n")
        rows._write_to(journal, header)
        return rows


def clear(rows: Rows, case: str | None = None) -> Flow[list[Leftover]]:
    """Delete our rows, newest first, groups before users, and return those that stay. Never raises on odd answers.

    A row that stays is told once: clearing again does not ask for it again.
    """
    left: list[Leftover] = []
    for row in sorted(rows.open(case), key=lambda row: row.collection):  # "/Groups" < "/Users"
        if not row.id:
            left.extend((yield from _clear_by_name(rows, row)))
        else:
            left.extend((yield from _delete(rows, row)))
    return left


def _clear_by_name(rows: Rows, row: Row) -> Flow[list[Leftover]]:
    attribute = next(name for path, name in _COLLECTIONS.values() if path == row.collection)
    query = PERCENT_20.encode([("filter", f"{attribute} eq {filter_string(row.name)}")])
    reply = yield from send(Send("GET", row.collection, query, purpose="find a row whose create was never answered"))
    if not reply.ok:
        rows.keeps(row)
        return [Leftover(row.collection, row.name, "its create was never answered and it cannot be looked up")]
    found = reply.resource().get("Resources")
    left: list[Leftover] = []
    for resource in found if isinstance(found, list) else []:
        if isinstance(resource, dict) and str(resource.get(attribute)).casefold() == row.name.casefold():
            rows.adopt(row.collection, str(resource.get("id")), row.name, row.case)
            left.extend((yield from _delete(rows, Row(row.collection, str(resource.get("id")), row.name, row.case))))
    rows.gone(row.collection, f"?{row.name}")
    return left


def _delete(rows: Rows, row: Row) -> Flow[list[Leftover]]:
    """[] when the row is gone, else the row with the reason why it is not."""
    reason = yield from _why_it_stays(row)
    if reason:
        rows.keeps(row)
        return [Leftover(row.path, row.name, reason)]
    rows.gone(row.collection, row.id)
    return []


def _why_it_stays(row: Row) -> Flow[str]:
    reply = yield from send(Send("DELETE", row.path, purpose="clear away"))
    if reply.failure is not None:
        return f"no answer to DELETE: {reply.failure.detail}"
    if reply.ok:
        seen = yield from send(Send("GET", row.path, purpose="is it gone?"))
        if seen.ok:
            return f"DELETE answered {reply.status}, yet the row is still there"
    elif reply.status not in (404, 410):
        return f"DELETE answered {reply.status}"
    return ""


def _created(request: Send) -> tuple[str, str]:
    """(collection, name) of a create, ("", "") for anything else. A name is what clearing by name would look for."""
    located = _locate(request.path)
    if request.method != "POST" or located is None or located[1]:
        return "", ""
    attribute = next(name for path, name in _COLLECTIONS.values() if path == located[0])
    body = request.body
    if isinstance(body, bytes):
        try:
            body = decode_json(body.decode("utf-8", "replace"))
        except ValueError:
            return located[0], ""
    if not isinstance(body, dict):
        return located[0], ""
    name = next((value for key, value in body.items() if key.lower() == attribute.lower()), "")
    return located[0], name if isinstance(name, str) else ""


def _locate(path: str) -> tuple[str, str] | None:
    """(collection, id) that a path below the base URL means; id "" for the collection; None for other paths."""
    parts = [part for part in unquote(path).split("/") if part and part != "."]
    if not parts or parts[0].lower() not in _COLLECTIONS:
        return None
    collection = _COLLECTIONS[parts[0].lower()][0]
    if len(parts) == 1:
        return collection, ""
    return (collection, parts[1]) if parts[1] != ".search" else None


def _events(journal: Path) -> Iterator[dict[str, Any]]:
    for line in journal.read_text(encoding="utf-8").splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue  # the line that a crash cut short; whatever it said was not sent yet
        if isinstance(event, dict):
            yield event
