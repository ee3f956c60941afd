"""Consumer mode finds what is broken and nothing else: each fault of the sample receiver has its case.

By URL the receivers are in another process; which case catches which fault is written down in ``catchers.toml``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from scimrig.consumer.cases import Case, chosen
from scimrig.declarations import Declarations
from scimrig.verdicts import RunResult, Status
from scimrig_simulator.receivers import fault_names, variant_names

from .conftest import HERE, failing, played

CATCHERS: dict[str, str] = tomllib.loads((HERE / "catchers.toml").read_text(encoding="utf-8"))


def caught_by(result: RunResult, case_id: str) -> bool:
    return any(case.findings for case in result.cases if case.scenario == case_id)


def test_each_fault_has_a_case_that_must_catch_it() -> None:
    assert set(CATCHERS) == set(fault_names())


def test_a_sound_receiver_passes_every_case(judged: Callable[..., RunResult]) -> None:
    result = judged()
    assert failing(result) == {}
    assert result.exit_code() == 0


@pytest.mark.parametrize("name", variant_names())
def test_a_sound_but_awkward_receiver_passes_every_case(judged: Callable[..., RunResult], name: str) -> None:
    assert failing(judged(f"ref:variant={name}")) == {}


@pytest.mark.parametrize("name", fault_names())
def test_a_fault_is_caught_by_its_case(judged: Callable[..., RunResult], name: str) -> None:
    assert caught_by(judged(f"ref:fault={name}", CATCHERS[name]), CATCHERS[name])


@pytest.mark.slow
def test_each_case_in_each_row_catches_some_fault(judged: Callable[..., RunResult], cases: tuple[Case, ...]) -> None:
    for case in cases:
        likely = sorted(fault_names(), key=lambda name: CATCHERS[name] != case.id)
        found = (judged(f"ref:fault={name}", case.name) for name in likely)
        assert any(one.findings for result in found for one in result.cases if one.case == case.name), case.name


@pytest.mark.slow
def test_by_url_a_sound_receiver_passes_and_is_left_as_it_was_found(
    receivers: Mapping[str, str], target_at: Any, cases: tuple[Case, ...]
) -> None:
    few = chosen(cases, ["consumer/genuine/returner", "consumer/order/update-before", "consumer/hybrid/dropped"], ())
    for name, some in (("", cases), ("variant=works-later", few), ("variant=busy-at-first", few)):
        result, _ = played(_patient(target_at(receivers[name])), some)
        assert failing(result) == {}, name
        assert result.leftovers == ()


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in fault_names() if name != "too-slow"])
def test_by_url_a_fault_is_caught_by_its_case(
    receivers: Mapping[str, str], target_at: Any, cases: tuple[Case, ...], name: str
) -> None:
    result, _ = played(target_at(receivers[f"fault={name}"]), chosen(cases, [CATCHERS[name]], ()))
    assert caught_by(result, CATCHERS[name]), failing(result)


@pytest.mark.slow
def test_by_url_a_receiver_that_answers_too_late_is_caught(
    receivers: Mapping[str, str], target_at: Any, cases: tuple[Case, ...]
) -> None:
    target = target_at(receivers["fault=too-slow"])
    hasty = replace(target, declared=_with(target.declared, timeout_s=0.3))
    result, _ = played(hasty, chosen(cases, [CATCHERS["too-slow"]], ()))
    (case,) = result.cases
    assert case.status is Status.FAIL
    assert case.findings[0].check == "consumer/silent"


def _patient(target: Any) -> Any:
    return replace(target, declared=_with(target.declared, within_s=5))


def _with(declared: Declarations, **changes: Any) -> Declarations:
    return replace(declared, data={**declared.data, "consumer": {**declared.data["consumer"], **changes}})
