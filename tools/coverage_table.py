"""Writes docs/coverage.md: which bug class is found by which scenario or standing check, and which fault proves it.

Run it after scenarios or faults have changed: ``python tools/coverage_table.py``. A test holds the page to the truth.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / folder) for folder in ("simulator", "harness", "reports")]

from scimrig.scenario.load import load, scenario_root  # noqa: E402
from scimrig_simulator.faults import FAULTS, fault  # noqa: E402

CHECKS = {
    "AUTH-04": ("auth-challenge",),
    "AUTH-09": ("secret-echo",),
    "CREA-05": ("returned-never",),
    "CREA-07": ("create-answer", "location", "resource-id",),
    "DISC-02": ("config-members",),
    "DISC-03": ("discovery-shape",),
    "ERR-01": ("error-body",),
    "ERR-02": ("error-status-string",),
    "ERR-03": ("server-error",),
    "ERR-05": ("media-type",),
    "ETAG-03": ("etag-agrees",),
    "FILT-01": ("list-filter-honoured",),
    "FILT-02": ("empty-result",),
    "FILT-12": ("list-filter-honoured",),
    "LIFE-09": ("delete-answer",),
    "MULT-01": ("primary-once",),
    "MULT-03": ("values-once",),
    "PAGE-01": ("list-arithmetic",),
    "PAGE-06": ("list-shape",),
    "PATC-02": ("attribute-names",),
    "PATC-11": ("patch-answer",),
    "PROJ-01": ("projection",),
    "PROJ-03": ("projection", "resource-id",),
    "PUT-05": ("put-answer",),
    "READ-01": ("location",),
    "READ-03": ("resource-schemas",),
    "READ-04": ("nulls",),
    "TYPE-03": ("types",),
    "TYPE-04": ("resource-meta",),
}
"""Standing checks that look for a class on every exchange."""

HEAD = """\
# What the rig looks for

Bug classes of SCIM servers (`scenarios/bug-classes.json`), the scenarios that provoke each, the standing checks that
watch for it on every exchange, and the faults of the reference server that prove the rig sees it. Made by
`tools/coverage_table.py`. `scimrig explain ID` says more about any of them; who must catch which fault is in
`tests/kill-matrix.toml`.

Of the {total} classes whose priority is A and which show on the wire alone, {covered} are looked for (some in part: a
class often has more shapes than a scenario sends), {proved} of them with a fault that proves it. Of all {all} classes,
{rows} are looked for.{missing}

| class | what goes wrong | found by | proved by fault |
|---|---|---|---|
"""


def page() -> str:
    """The whole page."""
    bugs = json.loads((scenario_root() / "bug-classes.json").read_text(encoding="utf-8"))
    scenarios: dict[str, list[str]] = {}
    for scenario in load():
        for cite in scenario.cites:
            if cite.startswith("bug:"):
                scenarios.setdefault(cite[4:], []).append(scenario.id)
    faults: dict[str, list[str]] = {}
    for name in FAULTS:
        for bug in fault(name).bugs:
            faults.setdefault(bug, []).append(name)
    covered = [bug for bug in bugs if bug in scenarios or bug in CHECKS]
    wanted = [bug for bug, entry in bugs.items() if entry["priority"] == "A" and entry["needs"] == "wire only"]
    left = [bug for bug in wanted if bug not in covered]
    head = HEAD.format(
        total=len(wanted), covered=len(wanted) - len(left), all=len(bugs), rows=len(covered),
        proved=sum(bug in faults for bug in wanted if bug in covered),
        missing=f" Not looked for: {', '.join(left)}." if left else "",
    )
    return head + "".join(
        f"| {bug} | {_title(bugs[bug])} | {_found(bug, scenarios)} | {_ticked(faults.get(bug, ()))} |\n"
        for bug in covered
    )


def _title(entry: dict[str, str]) -> str:
    return f"{entry['title']} ({entry['severity']}, {entry['priority']})".replace("|", "\\|")


def _found(bug: str, scenarios: dict[str, list[str]]) -> str:
    checks = [f"check:{name}" for name in CHECKS.get(bug, ())]
    return _ticked([*scenarios.get(bug, ()), *checks])


def _ticked(names: list[str] | tuple[str, ...]) -> str:
    return " ".join(f"`{name}`" for name in names) or "–"


if __name__ == "__main__":
    (ROOT / "docs" / "coverage.md").write_text(page(), encoding="utf-8")
