"""What the suite has to say about the sound but awkward servers, measured: plays it on each variant, in this process.

    python tools/variant_snapshot.py [VARIANT…]           variant → what warns, what informs, what is not played and why
    python tools/variant_snapshot.py --write [VARIANT…]   the same, kept in tests/variants/snapshot.toml

The snapshot is reviewed like code, word by word: a new warning may be a false alarm, and a scenario that is newly
skipped has lost a kind of server. Run it after variants, scenarios, checks or the judge have changed; the tests of
``tests/variants`` hold the suite to it.

Rule: it measures and never decides. That nothing may fail stands in ``tests/variants``, and is no matter of snapshots.
"""

from __future__ import annotations

import argparse
import json
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / folder) for folder in ("simulator", "harness", "reports", "tools")]

from kill_matrix import BANDS, WORKERS, caught, play  # noqa: E402

from scimrig.verdicts import RunResult, Status  # noqa: E402
from scimrig_simulator.faults import VARIANTS  # noqa: E402

Told: TypeAlias = dict[str, Any]
"""A variant's entry: ``fail``, ``warn`` and ``info`` name who found something, ``unplayed`` reason → scenarios."""

SNAPSHOT = ROOT / "tests" / "variants" / "snapshot.toml"
UNPLAYED = (Status.SKIP, Status.BLOCKED, Status.ERROR)

HEAD = """\
# What the suite has to say about servers that are sound and awkward: written by tools/variant_snapshot.py, reviewed
# like code. warn and info name scenarios, standing checks (check:ID) and kinds of finding; unplayed names scenarios by
# the reason why they are not played here although they are on the plain server, [dialects] where others play them.
"""


def told(result: RunResult, plain: frozenset[str]) -> Told:
    """An entry of the snapshot. ``plain``: the cases that are not played on the plain server either."""
    found: Told = {band.value: list(who) for band, who in caught(result).items() if who}
    everywhere: dict[str, set[str]] = {}  # scenario → dialects in which the plain server has it played
    reasons: dict[str, dict[str, set[str]]] = {}
    for case in result.cases:
        if case.case not in plain:
            everywhere.setdefault(case.scenario, set()).add(case.dialect)
            if case.status in UNPLAYED:
                scenarios = reasons.setdefault(f"{case.status.value}: {case.reason}", {})
                scenarios.setdefault(case.scenario, set()).add(case.dialect)
    if reasons:
        found["unplayed"] = {
            reason: sorted(_name(scenario, dialects, everywhere[scenario]) for scenario, dialects in scenarios.items())
            for reason, scenarios in sorted(reasons.items())
        }
    return found


def unplayed(result: RunResult) -> frozenset[str]:
    """The cases of a run that were not played."""
    return frozenset(case.case for case in result.cases if case.status in UNPLAYED)


def _name(scenario: str, dialects: set[str], everywhere: set[str]) -> str:
    return scenario if dialects == everywhere else f"{scenario}[{','.join(sorted(dialects))}]"


def measured(variants: Iterable[str]) -> Iterator[tuple[str, Told]]:
    """(variant, its entry), in the order given, a few at a time."""
    names = list(variants)
    plain = unplayed(play("ref:"))
    with ProcessPoolExecutor(WORKERS) as pool:
        yield from zip(names, pool.map(partial(_measure, plain=plain), names), strict=True)


def _measure(name: str, plain: frozenset[str]) -> Told:
    return told(play(f"ref:variant={name}"), plain)


def written(entries: Mapping[str, Told]) -> str:
    """The snapshot as TOML."""
    tables = []
    for name, entry in sorted(entries.items()):
        lines = [f"[{name}]"]
        for band in (band.value for band in BANDS):
            if band in entry:
                lines += _list(band, entry[band])
        if "unplayed" in entry:
            lines += [f"[{name}.unplayed]"]
            for reason, scenarios in entry["unplayed"].items():
                lines += _list(json.dumps(reason, ensure_ascii=False), scenarios)
        tables.append("\n".join(lines))
    return HEAD + "\n" + "\n\n".join(tables) + "\n"


def _list(key: str, values: Iterable[str]) -> list[str]:
    return [f"{key} = [", *(f"  {json.dumps(value, ensure_ascii=False)}," for value in values), "]"]


def read() -> dict[str, Told]:
    """The snapshot as it stands; empty where there is none."""
    return tomllib.loads(SNAPSHOT.read_text(encoding="utf-8")) if SNAPSHOT.is_file() else {}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("variants", nargs="*", metavar="VARIANT", help="only these (default: all)")
    parser.add_argument("--write", action="store_true", help="keep it in the snapshot")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.variants) - set(VARIANTS))
    if unknown:
        parser.error(f"unknown variant {unknown[0]!r}; `scimrig list variants` has them")
    entries = read() if arguments.variants else {}
    for name, entry in measured(arguments.variants or VARIANTS):
        entries[name] = entry
        print(written({name: entry}).removeprefix(HEAD), flush=True)
    if arguments.write:
        SNAPSHOT.write_text(written({name: entries[name] for name in VARIANTS if name in entries}), encoding="utf-8")


if __name__ == "__main__":
    main()
