"""The file of cases is read strictly: each mistake is told with its place, and ids mean something."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scimrig.consumer.cases import Case, chosen, load
from scimrig.consumer.run import _needs
from scimrig.consumer.signer import Signer
from scimrig.consumer.target import ConsumerTarget, from_argument
from scimrig.declarations import KEYS, Declarations
from scimrig.scenario.errors import ScenarioErrors
from scimrig.scenario.load import scenario_root
from scimrig.signing_hmac import WORKOS, Scheme
from scimrig.target import load_target_file
from scimrig.target_error import TargetError

from .conftest import SECRET

SOUND = """
case: consumer/tiny/one
title: One
area: genuine
severity: security
promise: consumer.signing
cites: [cap:CAP-44]
hurts: nobody
before:
  - {deliver: user_created, about: ada, as: hired}
steps:
  - {deliver: user_updated, about: ada, answer: refused, row: true}
  - still: {ada: hired}
rows: {a: {skew: 1}, b: {skew: -tolerance-1}}
"""


def read(folder: Path, text: str) -> tuple[Case, ...]:
    file = folder / "consumer.yaml"
    file.write_text(text, encoding="utf-8")
    return load(file)


def test_rows_are_laid_over_their_step_and_named(tmp_path: Path) -> None:
    first, second = read(tmp_path, SOUND)
    assert (first.name, second.name) == ("consumer/tiny/one[row=a]", "consumer/tiny/one[row=b]")
    assert first.steps[0]["with"] == {"skew": 1}
    assert "with" not in first.steps[1]


@pytest.mark.parametrize(
    ("was", "becomes", "words"),
    [
        ("answer: refused", "anser: refused", "'anser' is no key of a step; did you mean 'answer'"),
        ("still: {ada: hired}", "still: {ada: hire}", "no delivery before is called 'hire'"),
        ("about: ada, answer", "answer", "a delivery needs 'about'"),
        (", row: true", "", "no step says 'row: true'"),
        ("consumer.signing", "consumer.singing", "'consumer.singing' is no key of a target file"),
        ("area: genuine", "area: genuin", "unknown value"),
        ("deliver: user_updated", "deliver: user_upgraded", "unknown value"),
        ("title: One\n", "", "needs 'title'"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, was: str, becomes: str, words: str) -> None:
    assert was in SOUND
    with pytest.raises(ScenarioErrors, match=r"consumer\.yaml:\d+") as told:
        read(tmp_path, SOUND.replace(was, becomes))
    assert words in str(told.value)


def test_the_shipped_cases_cite_capabilities_and_promises_that_exist(cases: tuple[Case, ...]) -> None:
    known = json.loads((scenario_root() / "capabilities.json").read_text(encoding="utf-8"))
    for case in cases:
        assert {cite.removeprefix("cap:") for cite in case.cites} <= set(known), case.id
        assert case.promise in KEYS


def test_names_are_unique_and_selection_is_by_part_glob_or_tag(cases: tuple[Case, ...]) -> None:
    names = [case.name for case in cases]
    assert len(set(names)) == len(names)
    assert {case.id for case in chosen(cases, ["consumer/answers/get"], ())} == {"consumer/answers/get"}
    assert {case.area for case in chosen(cases, ["consumer/hybrid/*"], ())} == {"hybrid"}
    assert all("smoke" in case.tags for case in chosen(cases, (), ["smoke"]))


def test_what_a_family_cannot_carry_is_skipped_with_the_reason(cases: tuple[Case, ...]) -> None:
    plain = Signer("s", "hmac-sha256", Scheme("x-signature"))
    workos = Signer("s", "workos", WORKOS)
    by_name = {case.name: case for case in cases}
    stale, changed_id = by_name["consumer/forged/stale[row=a-day]"], by_name["consumer/forged/changed-id"]
    rotation, joiner = by_name["consumer/genuine/rotation[row=right-first]"], by_name["consumer/genuine/joiner"]
    assert "carry no timestamp" in stale.unsendable(plain.parts, plain.family)
    assert stale.unsendable(workos.parts, workos.family) == ""
    assert "carry no id" in changed_id.unsendable(workos.parts, workos.family)
    assert "no versions" in rotation.unsendable(workos.parts, workos.family)
    assert all(joiner.unsendable(one.parts, one.family) == "" for one in (plain, workos))
    assert all(case.unsendable(Signer("").parts, "svix") == "" for case in cases)


def test_the_example_of_a_receiver_declares_what_every_case_needs(cases: tuple[Case, ...]) -> None:
    file = load_target_file(scenario_root().parent / "examples" / "consumer.toml")
    target = from_argument("app", file, {"WEBHOOK_SECRET": SECRET})
    assert [case.name for case in cases if target.declared.missing(case.needs)] == []


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('url = "app.test"', "consumer.url: 'app.test' is no base URL; it looks like https://api.example.com/webhooks"),
        ('url = "https://app.test/w"\npublic_url = "https://t.test"', "add listen ="),
        ('url = "https://app.test/w"\nsigning = "hmac-sha256"', "needs consumer.hmac"),
        ('url = "https://app.test/w"\nstate_probe = {method = "GET", path = "/s"}', "consumer.state_probe"),
        ('url = "https://app.test/w"\nreconcile = {method = "GET", path = "/{user_id}"}', "{user_id} is no variable"),
        ('url = "https://app.test/w"\norder = "newest"', "consumer.order: expected one of"),
        ('url = "https://app.test/w"\nstate = {nam = "/x"}', "did you mean 'name'"),
    ],
)
def test_a_mistake_about_a_receiver_is_told_before_anything_is_sent(tmp_path: Path, lines: str, words: str) -> None:
    file = tmp_path / "scimrig.toml"
    file.write_text(f'[targets.app.consumer]\nsecret = "env:WEBHOOK_SECRET"\n{lines}\n', encoding="utf-8")
    with pytest.raises(TargetError) as told:
        from_argument("app", load_target_file(file), {"WEBHOOK_SECRET": SECRET})
    assert words in str(told.value)


def test_a_receiver_elsewhere_needs_a_way_to_the_directory_api(cases: tuple[Case, ...]) -> None:
    target = ConsumerTarget("x", "https://app.test/w", SECRET, Declarations({"consumer": {"reconcile": {}}}, True))
    needed = {need for case in cases for need in _needs(case, target)}
    assert "consumer.public_url" in needed
