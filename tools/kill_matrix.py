"""The kill matrix, measured: plays the whole suite on every fault, in this process, and says who catches it.

    python tools/kill_matrix.py [FAULT…]           fault → who catches it, and how badly
    python tools/kill_matrix.py --write [FAULT…]   the same, kept in tests/kill-matrix.snapshot.toml
    python tools/kill_matrix.py --gaps             which faults, scenarios and checks have no partner in the snapshot

The snapshot is reviewed like code: a scenario that vanishes from a fault has lost its sight. Run it after faults,
scenarios, checks or the judge have changed; the tests of ``tests/kill`` hold the rest to it.

Rule: it measures and never decides. Who *must* catch a fault stands in ``tests/kill-matrix.toml``, written by hand.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TypeAlias

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / folder) for folder in ("simulator", "harness", "reports")]

from scimrig import checks  # noqa: E402
from scimrig.judge import Judge  # noqa: E402
from scimrig.plan import Plan, plan_cases  # noqa: E402
from scimrig.runner import Run  # noqa: E402
from scimrig.scenario.load import load  # noqa: E402
from scimrig.target import from_argument, load_target_file  # noqa: E402
from scimrig.verdicts import RunResult, Status  # noqa: E402
from scimrig_simulator import idp  # noqa: E402
from scimrig_simulator.faults import FAULTS, fault  # noqa: E402

Bands: TypeAlias = dict[Status, tuple[str, ...]]
Matrix: TypeAlias = dict[str, Bands]

SNAPSHOT = ROOT / "tests" / "kill-matrix.snapshot.toml"
PROMISES = {"scalekit": ROOT / "examples" / "scalekit.toml"}
"""Policy preset → the target file that declares what it promises."""
SEED = 1
WORKERS = 2
BANDS = (Status.FAIL, Status.WARN, Status.INFO)

HEAD = """\
# Who catches which fault, in the whole suite: written by tools/kill_matrix.py, reviewed like code.
# fail, warn and info name scenarios (in at least one dialect), standing checks (check:ID), and the kinds of finding
# (frame/…, outcome, expect, check, survey/…) at the worst status that they reached.
"""


def play(target: str, select: tuple[str, ...] = (), target_file: Path | None = None) -> RunResult:
    """The whole suite (or the cases that ``select`` fits) on a target that ``scimrig run`` would take."""
    dialects = tuple(idp.CORE)
    found = from_argument(target, None if target_file is None else load_target_file(target_file), {})
    plan = Plan(
        target=found, dialects=dialects, counted=found.dialects, cases=plan_cases(load(), dialects, select),
        seed=SEED, jobs=1, timeout=30.0, run="kill-matrix", prefix="rig-", domain=found.email_domain, folder=None,
    )
    judge = Judge()
    for record in Run(plan):
        judge.feed(record)
    return judge.result()


def caught(result: RunResult) -> Bands:
    """Who found something, by the worst status that each reached; sorted."""
    worst: dict[str, int] = {}
    for catcher, status in _catchers(result):
        worst[catcher] = min(worst.get(catcher, len(BANDS)), BANDS.index(status))
    return {
        band: tuple(sorted(catcher for catcher, rank in worst.items() if rank == at)) for at, band in enumerate(BANDS)
    }


def _catchers(result: RunResult) -> Iterator[tuple[str, Status]]:
    for case in result.cases:
        for finding in case.findings:
            yield case.scenario, finding.status
            yield finding.check, finding.status
    for verdict in result.checks:
        for finding in verdict.findings:
            yield f"check:{verdict.check}", finding.status
    for finding in result.survey_findings:
        yield finding.check, finding.status


def measured(faults: Iterable[str]) -> Iterator[tuple[str, Bands]]:
    """(fault, who catches it), in the order given, a few at a time."""
    names = list(faults)
    with ProcessPoolExecutor(WORKERS) as pool:
        yield from zip(names, pool.map(_measure, names), strict=True)


def _measure(name: str) -> Bands:
    return caught(play(f"ref:fault={name}", target_file=PROMISES.get(fault(name).policy)))


def written(matrix: Matrix) -> str:
    """The snapshot as TOML."""
    tables = []
    for name, bands in sorted(matrix.items()):
        lines = [f"[{name}]"]
        for band, catchers in bands.items():
            if catchers:
                lines += [f"{band} = [", *(f'  "{catcher}",' for catcher in catchers), "]"]
        tables.append("\n".join(lines))
    return HEAD + "\n" + "\n\n".join(tables) + "\n"


def read() -> Matrix:
    """The snapshot as it stands; empty where there is none."""
    if not SNAPSHOT.is_file():
        return {}
    tables = tomllib.loads(SNAPSHOT.read_text(encoding="utf-8"))
    return {name: {band: tuple(table.get(band, ())) for band in BANDS} for name, table in tables.items()}


def gaps(matrix: Matrix) -> Iterator[str]:
    """What has no partner: a fault that nothing catches, a scenario or standing check that no fault needs."""
    for name, bands in matrix.items():
        if not any(bands.values()):
            yield f"nothing catches the fault {name}"
    seen = {catcher for bands in matrix.values() for catchers in bands.values() for catcher in catchers}
    wanted = [scenario.id for scenario in load()] + [f"check:{check.id}" for check in checks.all()]
    yield from (f"no fault makes {catcher} find anything" for catcher in wanted if catcher not in seen)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faults", nargs="*", metavar="FAULT", help="only these (default: all)")
    parser.add_argument("--gaps", action="store_true", help="name what has no partner in the snapshot")
    parser.add_argument("--write", action="store_true", help="keep it in the snapshot")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.faults) - set(FAULTS))
    if unknown:
        parser.error(f"unknown fault {unknown[0]!r}; `scimrig list faults` has them")
    if arguments.gaps:
        print(*gaps(read()), sep="\n")
        return
    matrix = read() if arguments.faults else {}
    for name, bands in measured(arguments.faults or FAULTS):
        matrix[name] = bands
        print(f"{name}: {'; '.join(f'{band} {_words(who)}' for band, who in bands.items() if who) or '-'}", flush=True)
    if arguments.write:
        SNAPSHOT.write_text(written({name: matrix[name] for name in FAULTS if name in matrix}), encoding="utf-8")


def _words(catchers: tuple[str, ...]) -> str:
    return f"{' '.join(catchers)} ({len(catchers)})"


if __name__ == "__main__":
    main()
