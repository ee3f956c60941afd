"""The shipped scenarios, as a whole: sound, complete, and honest about what they rest on."""

from __future__ import annotations

import importlib.util
import json
import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

from scimrig import checks
from scimrig.scenario.load import load, scenario_root
from scimrig.scenario.model import ACTS, PROMISED, Scenario, Step
from scimrig_simulator.faults import FAULTS, fault
from scimrig_simulator.idp import CORE

SCENARIOS = load()
BY_ID = {scenario.id: scenario for scenario in SCENARIOS}
PROBES = [scenario for scenario in SCENARIOS if scenario.dialects]
STORIES = [scenario for scenario in SCENARIOS if not scenario.dialects]
BUGS: dict[str, dict[str, str]] = json.loads((scenario_root() / "bug-classes.json").read_text(encoding="utf-8"))
ROOT = Path(__file__).resolve().parents[2]
COVERAGE = ROOT / "docs" / "coverage.md"


def cited(kind: str, scenarios: list[Scenario] | tuple[Scenario, ...] = SCENARIOS) -> Counter[str]:
    return Counter(
        cite.partition(":")[2] for scenario in scenarios for cite in scenario.cites if cite.startswith(f"{kind}:")
    )


def argued(step: Step) -> dict[str, Any]:
    return step.argument if step.verb == "send" else {}


def outcomes(scenario: Scenario) -> list[dict[str, Any]]:
    return [outcome for step in scenario.steps for outcome in step.expect]


def test_the_catalogue_of_bug_classes_is_whole() -> None:
    assert len(BUGS) == 152
    assert Counter(entry["priority"] for entry in BUGS.values()) == {"A": 67, "B": 63, "C": 22}


def test_most_of_what_matters_and_shows_on_the_wire_is_probed() -> None:
    wanted = {name for name, entry in BUGS.items() if entry["priority"] == "A" and entry["needs"] == "wire only"}
    assert len(wanted) == 50
    assert len(wanted & set(cited("bug"))) >= 36, sorted(wanted - set(cited("bug")))


def test_every_dialect_has_probes_and_is_there() -> None:
    spoken = {dialect for scenario in PROBES for dialect in scenario.dialects}
    assert spoken == set(CORE)


def test_stories_are_made_of_acts_and_checks_and_play_every_act() -> None:
    verbs = {step.verb for scenario in STORIES for step in scenario.steps}
    assert verbs <= {"act", "check", *PROMISED}
    assert {step.act for scenario in STORIES for step in scenario.steps if step.act} == set(ACTS)


def test_a_story_about_promises_stands_in_a_file_of_its_own_and_cites_one() -> None:
    """Where nothing is declared, everything else must be played as if there were no promises."""
    for scenario in SCENARIOS:
        beyond = any(step.verb in PROMISED or "at" in argued(step) for step in scenario.steps)
        about = bool(scenario.promises) or beyond
        assert about is (scenario.area in ("policy", "webhooks")), scenario.id
        assert about is any(cite.startswith("policy:") for cite in scenario.cites), scenario.id


def test_every_request_of_a_probe_is_expected_to_have_some_outcome_and_may_pass() -> None:
    requests = [step for probe in PROBES for step in probe.steps if step.verb == "send"]
    assert [str(step.place) for step in requests if not step.expect] == []
    assert [str(step.place) for step in requests if step.expect[0].get("grade", "pass") != "pass"] == []


def test_a_probe_rests_on_an_authority_for_each_of_its_dialects() -> None:
    """A promise is one in every dialect, whoever breaks it."""
    for probe in PROBES:
        assert any(cite.startswith("bug:") for cite in probe.cites), probe.id
        for dialect in () if any(cite.startswith("policy:") for cite in probe.cites) else probe.dialects:
            needed = "rfc:" if dialect == "rfc" else f"idp:{dialect.removesuffix('-flag')}"
            assert any(cite.startswith(needed) for cite in probe.cites), f"{probe.id} cites no {needed}… for {dialect}"


def test_a_refusal_that_the_rfc_allows_is_no_rfc_failure() -> None:
    """An outcome graded ``fail`` is one that is legal by the RFC and breaks an IdP: it must say so."""
    for probe in PROBES:
        for outcome in outcomes(probe):
            if outcome.get("grade") == "fail":
                assert outcome["authority"].startswith("idp:"), f"{probe.id}: {outcome}"
                assert "rfc" not in probe.dialects, probe.id


def test_probes_of_idps_never_fail_in_another_dialects_name() -> None:
    for probe in PROBES:
        for outcome in outcomes(probe):
            kind, _, rest = outcome.get("authority", "").partition(":")
            family = rest.partition(":")[0].removesuffix("-flag")
            assert kind != "idp" or family in {dialect.removesuffix("-flag") for dialect in probe.dialects}


def test_totals_of_unfiltered_lists_are_never_counted() -> None:
    """The target may hold other people's rows: only what a filter narrows to our own has a known total."""
    for probe in PROBES:
        for step in probe.steps:
            narrowed = "filter" in str(step.argument)
            for outcome in step.expect:
                total = outcome.get("body", {}).get("/totalResults")
                assert narrowed or not isinstance(total, int) or outcome.get("grade") == "warn", f"{step.place}"


def test_every_name_made_on_the_target_carries_the_runs_prefix() -> None:
    ours = re.compile(r"\$\{\{ (?:run\.prefix|\w+\.(?:userName\w*|displayName)) \}\}")
    for probe in PROBES:
        for step in probe.steps:
            body = step.argument.get("body") if step.verb == "send" else None
            for name in ("userName", "USERNAME"):
                if isinstance(body, dict) and name in body:
                    assert ours.search(body[name]), f"{step.place}: {body[name]}"


def test_the_table_of_capabilities_is_true() -> None:
    """Where it is not: ``python tools/policy_table.py`` writes it anew."""
    spec = importlib.util.spec_from_file_location("policy_table", ROOT / "tools" / "policy_table.py")
    assert spec is not None
    assert spec.loader is not None
    table = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(table)
    assert (ROOT / "docs" / "policy.md").read_text(encoding="utf-8") == table.page()
    known = set(json.loads((scenario_root() / "capabilities.json").read_text(encoding="utf-8")))
    assert known == set(cited("cap")) | set(table.REASONS), "asked for by a scenario, or a reason why not"
    assert not set(cited("cap")) & set(table.REASONS)
    assert all((ROOT / "tests" / name).is_file() for names in table.TESTS.values() for name in names)


def test_every_capability_that_a_scenario_asks_for_is_proved_by_a_fault() -> None:
    matrix = tomllib.loads((ROOT / "tests" / "kill-matrix.toml").read_text(encoding="utf-8"))
    needed = {catcher for entry in matrix.values() for catcher in entry["caught_by"]}
    proved = cited("cap", [scenario for scenario in SCENARIOS if scenario.id in needed])
    assert set(proved) == set(cited("cap"))


def rows_of_coverage() -> list[tuple[str, list[str], list[str]]]:
    """(bug class, scenario ids, faults) of each row of the table in docs/coverage.md."""
    rows = []
    for line in COVERAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) == 4 and re.fullmatch(r"[A-Z]+-\d+", cells[0]):
            rows.append((cells[0], re.findall(r"`([^`]+)`", cells[2]), re.findall(r"`([^`]+)`", cells[3])))
    return rows


def test_the_coverage_table_is_true() -> None:
    """Where it is not: ``python tools/coverage_table.py`` writes it anew."""
    table = {bug: (scenarios, faults) for bug, scenarios, faults in rows_of_coverage()}
    assert set(table) >= set(cited("bug")), "a class that a scenario cites is missing"
    for bug, (scenarios, faults) in table.items():
        listed = {name for name in scenarios if "/" in name and not name.startswith("check:")}
        assert listed == {scenario.id for scenario in SCENARIOS if f"bug:{bug}" in scenario.cites}, bug
        watching = {name.removeprefix("check:") for name in scenarios if name.startswith("check:")}
        assert watching <= {check.id for check in checks.all()}, bug
        assert set(faults) == {name for name in FAULTS if bug in fault(name).bugs}, bug
