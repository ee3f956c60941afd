"""Simulate a company that keeps changing, provisioned by one identity provider or several, and compare in the end.

Rule: everything that can be wrong with the command is said before anything is sent (exit 2). Whatever ends it, the
state is safe: ``--resume`` goes on, ``--sweep`` removes what was made.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scimrig.cli.arguments import at_least_one, some_seconds
from scimrig.cli.complaint import ERROR, Complaint
from scimrig.cli.run import TIMEOUT, add_target, target_of
from scimrig.cli.terminal import Outlet, ask_consent, wants_color

if TYPE_CHECKING:
    from scimrig.cli.reporters import SimulatePage
    from scimrig.simulating.figures import Snapshot
    from scimrig.simulating.order import Order, Part
    from scimrig.simulating.session import Simulation
    from scimrig.simulating.state import StateFile
    from scimrig.simulating.sweeping import Swept
    from scimrig.target import Target

INTERRUPTED = 130
EXAMPLES = """
An IdP is a dialect, with knobs and a target of its own where it needs any: okta, entra:create=off, google@staging,
okta@http://127.0.0.1:8080/acme/scim/v2. `scimrig list dialects` has them.

examples:
  scimrig simulate --idp entra --people 50 --days 10
  scimrig simulate http://127.0.0.1:8080/scim/v2 --idp okta --rate 25/s --chaos lost --chaos duplicate=0.05
  scimrig simulate staging --idp okta --resume
  scimrig simulate staging --idp okta --sweep

Exit codes: 0 converged, 1 differences, 2 usage, 3 could not decide, 130 interrupted."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``scimrig simulate``."""
    parser.epilog, parser.formatter_class = EXAMPLES, argparse.RawDescriptionHelpFormatter
    add_target(parser)
    parser.add_argument(
        "--idp", action="append", default=[], metavar="NAME[:KNOB=VALUE,..][@TARGET]",
        help="who provisions; several live side by side, each with a tenant of its own",
    )
    parser.add_argument("--people", type=at_least_one, metavar="N", help="the first staff (default 500)")
    parser.add_argument("--days", type=at_least_one, metavar="N", help="simulated days (default 30)")
    parser.add_argument("--seed", type=int, metavar="N", help="which company it is (default 1)")
    pace = parser.add_mutually_exclusive_group()
    pace.add_argument(
        "--speed", type=_speed, metavar="N", help="simulated seconds a second (default 1440: a day is a minute)"
    )
    pace.add_argument("--flat-out", action="store_true", help="as fast as the target answers (default on ref:)")
    pace.add_argument("--real-time", action="store_true", help="a simulated second is a second")
    parser.add_argument("--rate", metavar="N/s", help="requests a second at most, for each IdP")
    parser.add_argument("--workers", type=at_least_one, default=None, metavar="N", help="acts at a time (default 4)")
    parser.add_argument(
        "--chaos", action="append", metavar="KIND[=RATE]",
        help="networks misbehave: duplicate, reorder, lost, slow, token, or all (rate: 0.02 of all requests)",
    )
    parser.add_argument("--resume", action="store_true", help="go on where an earlier simulation was stopped")
    parser.add_argument("--sweep", action="store_true", help="remove everything that a simulation made, and its state")
    parser.add_argument("--state", type=Path, metavar="FILE", help="where the state is kept (default: below .scimrig)")
    parser.add_argument(
        "--timeout", type=some_seconds, default=TIMEOUT, metavar="SECONDS",
        help=f"how long an answer may take (default {TIMEOUT:.0f})",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line instead of a page")
    parser.add_argument("--no-color", action="store_true", help="no colour (also: set NO_COLOR)")


def run(arguments: argparse.Namespace) -> int:
    """0 converged, 1 differences, 3 could not decide, 130 interrupted. Raises Complaint."""
    from scimrig.simulating.order import OrderError
    from scimrig.simulating.simlog import SimLogError
    from scimrig.simulating.state import StateError
    from scimrig.survey import UnusableTarget

    if arguments.resume and arguments.sweep:
        raise Complaint("--resume goes on and --sweep clears away: give one of them")
    try:
        order, targets = _order(arguments)
        with _stopping() as stop:
            if arguments.sweep:
                return _sweep(order, targets, arguments, stop)
            return _simulate(order, targets, arguments, stop)
    except OrderError as slip:
        raise Complaint(str(slip)) from None
    except (StateError, SimLogError, UnusableTarget) as undecided:
        raise Complaint(str(undecided), ERROR) from None


# What is asked for ----------------------------------------------------------------------------------------------------


def _order(arguments: argparse.Namespace) -> tuple[Order, list[Target]]:
    from scimrig.simulating import order as orders
    from scimrig.simulating.pace import A_DAY_A_MINUTE, REAL_TIME

    if not arguments.idp:
        raise Complaint("say who provisions: --idp okta, --idp entra, ... (`scimrig list dialects` has them)")
    parts = orders.parts(arguments.idp)
    chaos = None if arguments.chaos is None else orders.chaos(arguments.chaos)
    rate = None if arguments.rate is None else orders.rate(arguments.rate)
    targets = [_target(part, arguments) for part in parts]
    embedded = {target.ref is not None for target in targets}
    if len(embedded) > 1:
        raise Complaint("ref: lives inside this command; give all IdPs a target behind a URL, or all of them ref:")
    if True in embedded and (arguments.resume or arguments.sweep):
        raise Complaint("ref: is gone with the command that used it, and all rows with it: start a new simulation")
    if arguments.state is not None and len(parts) > 1:
        raise Complaint("--state names one file, and each IdP needs its own; play them in commands of their own")
    default = None if True in embedded else A_DAY_A_MINUTE
    speed = None if arguments.flat_out else REAL_TIME if arguments.real_time else arguments.speed or default
    order = orders.Order(
        arguments.people, arguments.days, arguments.seed, chaos, speed, rate, arguments.workers or orders.WORKERS,
        arguments.timeout, parts,
    )
    return order, targets


def _target(part: Part, arguments: argparse.Namespace) -> Target:
    return target_of(argparse.Namespace(**{**vars(arguments), "target": part.target or arguments.target}))


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed <= 1e9:
        raise argparse.ArgumentTypeError(f"simulated seconds a second, above 0, were expected, not {text!r}")
    return speed


# Simulating -----------------------------------------------------------------------------------------------------------


def _simulate(order: Order, targets: list[Target], arguments: argparse.Namespace, stop: threading.Event) -> int:
    import tempfile

    from scimrig.cli.reporters import simulate_page
    from scimrig.simulating.opening import Opening
    from scimrig.simulating.session import compared, live
    from scimrig_simulator.clock import SystemClock

    outlet = Outlet(sys.stdout)
    page = _Lines(outlet) if arguments.json else simulate_page(outlet.as_text(), wants_color(arguments.no_color))
    _consent(targets, arguments)
    with tempfile.TemporaryDirectory(prefix="scimrig-") as passing:
        opening = Opening(order, targets, arguments.resume, arguments.state, Path(passing))
        opening.check()
        _knock(targets, order.timeout)
        simulations = opening.open(stop, page.note)
        state, wall = "error", SystemClock()
        try:
            page.begins([_headline(one) for one in simulations])
            done = live(simulations, stop, lambda snapshots: page.shows(snapshots, wall.stopwatch()))
            results = compared(simulations) if done else []
            done = done and not stop.is_set()
            state = "complete" if done else "interrupted"
        finally:
            for one in simulations:
                one.close(state)
    if not done:
        page.note("stopped" if targets[0].ref else f"stopped; go on with: {_again(arguments, '--resume')}")
        return INTERRUPTED
    for one, found in results:
        page.ends(one.name, one.where, found, str(one.log.path))
    trouble = outlet.trouble()
    if trouble is not None:
        raise trouble
    return max((found.exit_code for _, found in results), key=(0, ERROR, 1).index)


def _consent(targets: list[Target], arguments: argparse.Namespace) -> None:
    for url in dict.fromkeys(target.base_url for target in targets if not target.loopback):
        if not arguments.yes:
            ask_consent("create, change and delete users and groups", url)


def _knock(targets: list[Target], timeout: float) -> None:
    """Raises UnusableTarget before anything is begun."""
    from scimrig.survey import knock
    from scimrig.target import open_transport
    from scimrig_simulator.clock import SystemClock
    from scimrig_simulator.drive import play

    clock = SystemClock()
    for target in targets:
        if target.ref is None:
            transport = open_transport(target, timeout, clock)
            try:
                play(knock(target.token_source), transport, clock)
            finally:
                transport.close()


def _headline(one: Simulation) -> str:
    held = one.parameters
    chaos = f", chaos {', '.join(f'{kind} {rate:g}' for kind, rate in held.chaos.items())}" if held.chaos else ""
    return (f"{held.dialect} · {held.people:,} people · {held.days} days · seed {held.seed}{chaos}"
            f" · on {one.where} · names begin with {held.prefix}")


# Sweeping -------------------------------------------------------------------------------------------------------------


def _sweep(order: Order, targets: list[Target], arguments: argparse.Namespace, stop: threading.Event) -> int:
    """0 where nothing is left, 3 where something is."""
    from scimrig.cli.reporters import simulate_page
    from scimrig.simulating.opening import log_path, state_path
    from scimrig.simulating.state import StateFile

    page, left = simulate_page(sys.stdout, wants_color(arguments.no_color)), 0
    for part, target in zip(order.parts, targets, strict=True):
        path = state_path(part, target, arguments.state, Path())
        if not path.exists():
            page.note(f"nothing to sweep: no simulation of {part.name} was begun on {target.base_url}")
            continue
        state = StateFile(path)
        try:
            swept = _swept(state, target, order, arguments, stop, page)
        except BaseException:
            state.close()
            raise
        page.note(f"{part.name} on {target.base_url}: {swept.gone:,} rows removed, {swept.left:,} would not go")
        for leftover in swept.leftovers:
            page.note(f"  left: {leftover.path} ({leftover.name}): {leftover.reason}")
        left += swept.left
        if swept.left or stop.is_set():
            state.close()
        else:
            state.discard()
            log_path(path).unlink(missing_ok=True)
    return INTERRUPTED if stop.is_set() else ERROR if left else 0


def _swept(
    state: StateFile, target: Target, order: Order, arguments: argparse.Namespace, stop: threading.Event,
    page: SimulatePage,
) -> Swept:
    from scimrig.simulating.places import behind_url
    from scimrig.simulating.session import ours_of
    from scimrig.simulating.sweeping import keeper, sweep
    from scimrig.survey import knock
    from scimrig_simulator.drive import play

    held = state.parameters
    if held is None or held.base_url != target.base_url:
        raise Complaint(f"{state.path} is about {held.base_url if held else 'nothing'}, not about {target.base_url}")
    ours = ours_of(state, held)
    if not target.loopback and not arguments.yes:
        ask_consent(f"delete {len(ours.table):,} rows that a simulation made", target.base_url)
    place = behind_url(target, order.timeout, stop, lambda seconds: None)
    try:
        play(knock(target.token_source), place.transport, place.clock)  # else all would be told as rows that stay
        return sweep(ours, keeper(place, order.rate), page.progress, stop.is_set)
    finally:
        place.transport.close()
        place.dead.close()


# Stopping -------------------------------------------------------------------------------------------------------------


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """An event that the first SIGINT, SIGTERM or SIGHUP sets; the second leaves at once."""
    import os
    import signal

    stop = threading.Event()

    def handle(number: int, frame: object) -> None:
        if stop.is_set():
            os._exit(INTERRUPTED)
        stop.set()
        os.write(2, b"\nscimrig: stopping after the acts under way (once more to leave at once)\n")

    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    caught = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, handle) for number in caught}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _again(arguments: argparse.Namespace, what: str) -> str:
    """The same command with ``--resume`` or ``--sweep``."""
    words = ["scimrig", "simulate", *([arguments.target] if arguments.target else [])]
    for name in arguments.idp:
        words += ["--idp", name]
    for option in ("target_file", "token_env", "state"):
        value = getattr(arguments, option)
        if value is not None:
            words += [f"--{option.replace('_', '-')}", str(value)]
    return shlex.join([*words, what])


class _Lines:
    """JSON lines instead of a page."""

    def __init__(self, outlet: Outlet) -> None:
        self._outlet, self._last = outlet, float("-inf")

    def begins(self, headlines: list[str]) -> None:
        self._write({"type": "begins", "headlines": headlines})

    def shows(self, snapshots: list[Snapshot], moment: float) -> None:
        from dataclasses import asdict

        if moment - self._last >= 1:
            self._last = moment
            for one in snapshots:
                self._write({"type": "snapshot", **asdict(one)})

    def note(self, text: str) -> None:
        self._write({"type": "note", "text": text})

    def ends(self, idp: str, where: str, convergence: Any, log: str) -> None:
        self._write({"type": "convergence", "idp": idp, "base_url": where, "log": log, **convergence.to_json()})

    def _write(self, line: dict[str, Any]) -> None:
        self._outlet.write(json.dumps(line) + "\n")
        self._outlet.flush()
