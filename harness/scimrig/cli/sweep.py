"""Delete what interrupted runs left on a target, and list what it would not delete.

Given a TARGET, also what ``scimrig act`` has made there; without one that is left alone, since somebody may be at it.
Goes by the journals in this folder alone: rows that no journal names are never touched.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scimrig.cli.arguments import some_seconds
from scimrig.cli.complaint import ERROR, Complaint
from scimrig.cli.run import TIMEOUT, add_target, target_of
from scimrig.cli.terminal import ask_consent

if TYPE_CHECKING:
    from scimrig.evidence import Leftover
    from scimrig.rows import Rows
    from scimrig.target import Target
    from scimrig_simulator.wire import Flow

JOURNAL_NAME = "rows.ndjson"


@dataclass(frozen=True, slots=True)
class Trail:
    """What one interrupted run left open. ``target``: as its user named it."""

    journal: Path
    rows: Rows
    target: str
    base_url: str

    @property
    def run(self) -> str:
        return self.journal.parent.name


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``scimrig sweep``."""
    add_target(parser)
    parser.add_argument(
        "--timeout", type=some_seconds, default=TIMEOUT, metavar="SECONDS", help="how long an answer may take"
    )


def run(arguments: argparse.Namespace) -> int:
    """0 where nothing of ours is left on the target, 3 where something is. Raises Complaint."""
    target = target_of(arguments) if arguments.target else None
    trails = [trail for trail in _trails() if target is None or trail.base_url == target.base_url]
    left = 0
    for trail in trails:
        left += _sweep(trail, target or _target_of(trail, arguments), arguments)
    played = False
    if target is None:
        _say_what_acts_made()
    else:
        played, stayed = sweep_acts(target, arguments)
        left += stayed
    if not trails and not played:
        print("nothing to sweep: no run left anything" + (f" on {target.base_url}" if target is not None else ""))
    return ERROR if left else 0


def sweep_acts(target: Target, arguments: argparse.Namespace) -> tuple[bool, int]:
    """Clear away what acts by hand have made on a target: whether any was played there, and how many rows stay.

    What the IdPs believed of the target is forgotten with the rows. Raises Complaint.
    """
    from scimrig.acting import forget
    from scimrig.acting.state import StateError, folder_of, held
    from scimrig.survey import UnusableTarget, knock

    folder = folder_of(target.base_url)
    if not folder.is_dir():
        return False, 0
    try:
        with held(folder) as ours, _way_to(target, arguments.timeout) as play:
            assert ours  # it waits for whoever is at it
            trail = forget.trail_of(folder)
            count = len(trail.rows.open())
            if count and not target.loopback and not arguments.yes:
                ask_consent(f"delete {count} rows that acts have made", target.base_url)
            if count:
                play(knock(target.token_source))  # else it would be forgotten what nobody could delete
            cleared = play(forget.wipe(trail))
            forget.dismiss(trail, cleared)
    except (StateError, UnusableTarget) as error:
        why = f"{error} (Nothing was deleted or forgotten; where the target is gone for good, remove {folder}.)"
        raise Complaint(why, ERROR) from None
    print(f"acts on {target.base_url}: {cleared.gone} of {count} rows cleared away, what the IdPs knew forgotten")
    for stranger in cleared.strangers:
        print(f"  left alone: {stranger}")
    for row in cleared.left:
        print(f"  left: {row.path} ({row.name}): {row.reason}")
    return True, len(cleared.left)


def _say_what_acts_made() -> None:
    from scimrig.acting import forget
    from scimrig.acting.state import StateError

    try:
        for trail in forget.trails():
            if count := len(trail.rows.open()):
                url = trail.base_url
                rows = f"1 row that an act made on {url} is" if count == 1 else f"{count} rows of acts on {url} are"
                print(f"{rows} left alone: scimrig sweep {url} deletes what acts have made too")
    except StateError as error:
        raise Complaint(str(error), ERROR) from None


def _trails() -> Iterator[Trail]:
    """The journals that runs left behind, oldest first; a run that is still going keeps its rows."""
    from scimrig.rows import Rows
    from scimrig.runlog import STATE_DIR, is_live

    for journal in sorted((STATE_DIR / "runs").glob(f"*/{JOURNAL_NAME}")):
        if is_live(journal.parent):
            print(f"run {journal.parent.name} is still going: left alone")
            continue
        try:
            rows, header = Rows.reopened(journal)
        except (OSError, ValueError) as error:
            raise Complaint(f"{journal} cannot be read: {error}; look at the target, then remove it", ERROR) from None
        target = str(header.get("target", ""))
        if target.startswith("ref:") or not rows.open():
            journal.unlink()  # the embedded server died with its run
            continue
        yield Trail(journal, rows, target, str(header.get("base_url", "")))


def _target_of(trail: Trail, arguments: argparse.Namespace) -> Target:
    """The target that a run named, which must still be the same server."""
    named = target_of(argparse.Namespace(**{**vars(arguments), "target": trail.target}))
    if named.base_url != trail.base_url:
        raise Complaint(
            f"run {trail.run} wrote to {trail.base_url}, but {trail.target!r} is {named.base_url} now;"
            f" sweep it by its URL: scimrig sweep {trail.base_url}"
        )
    return named


def _sweep(trail: Trail, target: Target, arguments: argparse.Namespace) -> int:
    """Delete one run's rows; returns how many stay."""
    if not target.loopback and not arguments.yes:
        ask_consent(f"delete {len(trail.rows.open())} rows of run {trail.run}", target.base_url)
    before = len(trail.rows.open())
    left = _clear(trail, target, arguments.timeout)
    print(f"run {trail.run} on {target.base_url}: {before - len(left)} of {before} rows cleared away")
    for row in left:
        print(f"  left: {row.path} ({row.name}): {row.reason}")
    if not left:
        trail.journal.unlink()
    return len(left)


def _clear(trail: Trail, target: Target, timeout: float) -> list[Leftover]:
    from scimrig.rows import clear

    with _way_to(target, timeout) as play:
        left: list[Leftover] = play(clear(trail.rows))
        return left


@contextmanager
def _way_to(target: Target, timeout: float) -> Iterator[Callable[[Flow[Any]], Any]]:
    """What plays a flow against a target, by the book and on record nowhere."""
    from scimrig.target import open_transport
    from scimrig_simulator.clock import SystemClock
    from scimrig_simulator.drive import play

    clock = SystemClock()
    transport = open_transport(target, timeout, clock)
    try:
        yield lambda flow: play(flow, transport, clock)
    finally:
        transport.close()
