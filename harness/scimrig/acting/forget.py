"""Clears away what acts by hand have made on a target, row by row, each looked at before it is deleted.

Days may lie between an act and this: a target that was reset since may have given our ids to somebody else.

Rule: a row whose name is not one of ours is left alone, whatever the journal says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scimrig.acting.state import ACT_DIR, JOURNAL_NAME, StateError, base_url_of, drop, mark, names_known, tidy
from scimrig.evidence import Leftover
from scimrig.rows import Row, Rows, clear
from scimrig_simulator.wire import Flow, Send, send


@dataclass(frozen=True, slots=True)
class Trail:
    """What acts have left on one target. ``target``: as its user named it the last time."""

    folder: Path
    rows: Rows
    target: str
    base_url: str

    @property
    def journal(self) -> Path:
        return self.folder / JOURNAL_NAME


@dataclass(frozen=True, slots=True)
class Cleared:
    """How clearing away went: rows that are gone, rows that stay, and ids that are somebody else's by now."""

    gone: int
    left: tuple[Leftover, ...]
    strangers: tuple[str, ...]


def trails() -> Iterator[Trail]:
    """What acts have left on any target, by folder. Raises StateError for a journal that cannot be read."""
    return (trail_of(folder) for folder in sorted(ACT_DIR.glob("*")) if folder.is_dir())


def trail_of(folder: Path) -> Trail:
    """What acts have left on the target of a folder. Raises StateError."""
    journal = folder / JOURNAL_NAME
    if not journal.exists():
        return Trail(folder, Rows(), "", base_url_of(folder))
    try:
        rows, header = Rows.reopened(journal)
    except (OSError, ValueError) as error:
        raise StateError(f"{journal} cannot be read: {error}; look at the target, then remove it") from None
    return Trail(folder, rows, str(header.get("target", "")), str(header.get("base_url", "")))


def wipe(trail: Trail) -> Flow[Cleared]:
    """Delete the rows of a trail; play it as the keeper, by the book."""
    ours, names = mark(), {name.casefold() for name in names_known(trail.folder)}
    before = len(trail.rows.open())
    strangers: list[str] = []
    for row in trail.rows.open():
        owner = yield from _owner(row)
        if owner and ours not in owner.casefold() and owner.casefold() not in names:
            trail.rows.gone(row.collection, row.id)
            strangers.append(f"{row.path} is {owner!r} now")
    left = yield from clear(trail.rows)
    return Cleared(before - len(left) - len(strangers), tuple(left), tuple(strangers))


def dismiss(trail: Trail, cleared: Cleared) -> None:
    """Forget what every IdP believed of the target; the journal goes once no row of ours is left."""
    drop(trail.folder)
    if not cleared.left:
        trail.journal.unlink(missing_ok=True)
    tidy(trail.folder)


def _owner(row: Row) -> Flow[str]:
    """What a row is called on the target today, "" where that cannot be told."""
    if not row.id:
        return ""
    reply = yield from send(Send("GET", row.path, purpose="is it still ours?"))
    name = reply.resource().get("userName" if row.collection == "/Users" else "displayName") if reply.ok else None
    return name if isinstance(name, str) else ""
