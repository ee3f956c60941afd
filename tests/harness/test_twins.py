"""Twins: the same change by two dialects leaves the same behind; what each maps in its own way is no defect."""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from scimrig.evidence import (
    CaseEnded,
    CaseStarted,
    Evidence,
    Exchange,
    Observed,
    Reading,
    Record,
    RunEnded,
    RunStarted,
    Sight,
    StepPlayed,
    Surveyed,
    from_json,
    to_json,
)
from scimrig.judge import Judge
from scimrig.plan import Plan, plan_cases, plan_twins
from scimrig.runner import Run
from scimrig.scenario.load import load, load_text
from scimrig.scenario.model import Scenario
from scimrig.survey import COMPOSED, SURVEYED, Survey
from scimrig.target import from_argument, load_target_file
from scimrig.twins import differences, read
from scimrig.verdicts import Finding, RunResult, Severity, Status
from scimrig_simulator import idp
from scimrig_simulator.faults import variant

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "scalekit.toml"
PAIR = ("entra", "entra-flag")
RUN = RunStarted("0", "r1", "ref:", "http://localhost", "rig-", 1, PAIR, PAIR, "", twins=PAIR)
SURVEY = Survey(kept=SURVEYED)
MEANT: dict[str, Any] = {"userName": "rig-?-ada@example.com", "active": True, "title": "Analyst"}
ROW: dict[str, Any] = {"userName": "rig-?-ada@example.com", "active": True, "title": "Analyst"}

Step = tuple[dict[str, Any] | None, dict[str, Any] | None]
"""What an act meant (None: it failed), and the row that was found after it (None: there is none)."""


# Evidence made by hand ------------------------------------------------------------------------------------------------


def twin(side: int, *steps: Step, fate: str = "applied", kind: str = "User") -> Evidence:
    """A case of one twin, by acts on ada; "?" in a text stands for the twin's own mark, and in ids for its side."""
    dialect, mark = PAIR[side], "ab"[side]
    case = CaseStarted(f"s[{dialect}]", "s", dialect, {}, "A story", "update", "security", (), (), "somebody", False)
    evidence = Evidence(case, ended=CaseEnded(case.case, "played"))
    for number, (meant, held) in enumerate(steps, start=1):
        name = f"s{number}"
        sent, seen = 100 * side + 10 * number, 100 * side + 10 * number + 1
        evidence.exchanges[sent] = exchange(sent, case.case, name, "PATCH", "idp", dialect, mark)
        evidence.exchanges[seen] = exchange(seen, case.case, name, "GET", "observer", "rfc", mark)
        evidence.observed[name] = Observed(case.case, name, sights(marked(held, mark), kind, mark), (seen,))
        evidence.steps.append(step(case.case, name, marked(meant, mark), fate, kind))
    return evidence


def step(case: str, name: str, meant: dict[str, Any] | None, fate: str, kind: str) -> StepPlayed:
    members = None if meant is None else meant.pop("members", None)
    intent = None if meant is None else {
        "kind": kind, "exists": meant.pop("exists", True), "whole": meant.pop("whole", False),
        "values": meant, "members": members, "fate": fate, "key": "",
    }
    ok = intent is not None and fate != "refused"
    outcome = {"state": "updated" if ok else "object-error", "ok": ok, "words": "", "id": ""}
    number = 100 * PAIR.index(case[2:-1]) + 10 * int(name[1:])
    ground = {"idp": "Microsoft Entra", "chapter": 4, "inferred": []}
    return StepPlayed(case, name, "update ada", "act", "update", "ada", intent, outcome, [], ground, (number,))


def exchange(number: int, case: str, name: str, method: str, by: str, dialect: str, mark: str) -> Exchange:
    path = f"/Users/ada-{mark}"
    return Exchange(number, case, name, by, dialect, "", method, path, "", (), "{}", 200, (), "{}", 0.01)


def sights(row: dict[str, Any] | None, kind: str, mark: str) -> tuple[Sight, ...]:
    found = Reading("absent") if row is None else Reading("found", {"id": f"ada-{mark}", **row}, 1)
    ben = Reading("found", {"id": f"ben-{mark}", "userName": "ben"}, 1)
    return (
        Sight("ada", kind, f"ada-{mark}", False, found, found, found),
        Sight("ben", "User", f"ben-{mark}", False, ben, ben, ben),
    )


def marked(value: Any, mark: str) -> Any:
    return json.loads(json.dumps(value).replace("?", mark))


def compared(one: Sequence[Step], other: Sequence[Step], survey: Survey = SURVEY, **how: Any) -> list[Finding]:
    return list(differences(twin(0, *one, **how), twin(1, *other, **how), RUN, survey))


def held(**values: Any) -> list[Step]:
    return [(dict(MEANT), {**ROW, **values})]


def test_what_both_brought_about_alike_is_no_finding() -> None:
    assert compared(held(), held()) == []


def test_a_value_that_arrived_by_one_alone_names_both_dialects_the_attribute_and_both_values() -> None:
    (finding,) = compared(held(title="Clerk"), held())
    assert finding.title == "after update, title of ada is Clerk by entra and Analyst by entra-flag"
    assert finding.expected == "title Analyst, by whomever it is sent"
    assert finding.actual == "title Clerk by entra, Analyst by entra-flag"
    assert (finding.check, finding.status, finding.severity) == ("twin/differs", Status.FAIL, Severity.SECURITY)
    assert finding.hurts == (
        "an organisation that switches from Microsoft Entra (entra-flag) to Microsoft Entra (entra)"
        " finds title Clerk after the same change"
    )


def test_the_authority_and_the_telling_exchange_are_those_of_the_change_that_went_astray() -> None:
    (first,) = compared(held(title="Clerk"), held())
    assert (first.authority, first.exchanges) == ("idp:entra:4", (10, 110, 11, 111))
    (second,) = compared(held(), held(title="Clerk"))
    assert (second.authority, second.exchanges) == ("idp:entra-flag:4", (110, 10, 111, 11))
    assert (first.case, second.case) == ("s[entra-flag]", "s[entra-flag]")  # that of the twin that is played last


def test_ids_meta_and_the_prefix_are_expected_to_differ() -> None:
    mine = {"meta": {"version": "1", "location": "http://localhost/Users/ada-?"}}
    assert compared(held(**mine), held(**{**mine, "meta": {"version": "7"}})) == []


def test_a_prefix_in_capitals_is_a_prefix() -> None:
    assert compared(held(userName="RIG-A-ada@example.com"), held()) == []


def test_members_are_those_whom_the_ids_mean() -> None:
    team = {"displayName": "rig-?-analysts"}
    meant = {**team, "members": ["ben-?"]}
    rows = {**team, "members": [{"value": "ben-?", "display": "whatever ?"}]}
    assert compared([(meant, rows)], [(meant, rows)], kind="Group") == []
    (finding,) = compared([(meant, rows)], [(meant, team)], kind="Group")
    assert finding.actual == "members ben by entra, nobody by entra-flag"


def test_a_reference_means_whom_its_id_means() -> None:
    boss = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
    meant = {**MEANT, f"{boss}:manager.value": "ben-?"}
    row = {**ROW, boss: {"manager": {"value": "ben-?", "$ref": "http://localhost/Users/ben-?"}}}
    survey = Survey(kept=(*SURVEYED, f"{boss}:manager.value"))
    assert compared([(meant, row)], [(meant, row)], survey) == []
    (finding,) = compared([(meant, row)], [(meant, {**row, boss: {"manager": {"value": "ada-?"}}})], survey)
    assert finding.title.startswith(f"after update, {boss}:manager.value of ada is ben-a by entra")


def test_what_the_two_map_differently_is_not_compared() -> None:
    one = [({**MEANT, "externalId": "x", "locale": "de"}, {**ROW, "externalId": "x", "locale": "de"})]
    other = [({**MEANT, "externalId": "y"}, {**ROW, "externalId": "y", "nickName": ""})]
    assert compared(one, other) == []


def test_what_one_clears_and_the_other_leaves_alone_is_not_compared() -> None:
    cleared = [(dict(MEANT), ROW), ({"title": None}, {**ROW, "title": None})]
    left = [(dict(MEANT), ROW), ({"active": True}, ROW)]
    assert compared(cleared, left) == []


def test_what_was_brought_about_earlier_is_still_meant() -> None:
    sound, lost = (dict(MEANT), ROW), ({"active": False}, {**ROW, "active": False, "title": ""})
    (finding,) = compared([sound, ({"active": False}, {**ROW, "active": False})], [sound, lost])
    assert (finding.step, finding.actual) == ("s2", "title Analyst by entra, unassigned by entra-flag")


def test_values_compare_by_the_rules_of_the_schema() -> None:
    assert compared(held(title="ANALYST", phoneNumbers=[]), held(phoneNumbers=None)) == []


def test_what_a_server_may_recompute_is_not_compared_unless_both_sent_it() -> None:
    shown = {"displayName": "Ada King", "name": {"formatted": "Ada M. King"}}
    assert compared(held(**shown), held(displayName="Ada")) == []
    both = {**MEANT, "displayName": "Ada"}
    (finding,) = compared([(both, {**ROW, "displayName": "Ada"})], [(both, {**ROW, **shown})])
    assert finding.actual == "displayName Ada by entra, 'Ada King' by entra-flag"


def test_what_neither_sent_is_there_for_both_or_for_neither_whatever_it_is() -> None:
    assert compared(held(userType="a", photos=[{"value": "x"}]), held(userType="b", photos=[{"value": "y"}])) == []
    (finding,) = compared(held(), held(userType="Employee"))
    assert (finding.status, finding.actual) == (Status.FAIL, "userType unassigned by entra, Employee by entra-flag")
    assert finding.expected == "userType alike by both, since neither has sent it"


def test_what_neither_sent_only_warns_where_it_may_come_of_something_that_one_of_them_sent() -> None:
    (finding,) = compared(held(), [({**MEANT, "locale": "de"}, {**ROW, "locale": "de", "timezone": "Europe/Berlin"})])
    assert (finding.status, finding.shape) == (Status.WARN, "timezone, entra beside entra-flag")


def test_what_one_of_them_has_replaced_whole_may_be_without_what_neither_has_sent_by_then() -> None:
    kept = {**ROW, "userType": "Employee", "locale": "de"}
    first: Step = ({**MEANT, "locale": "de"}, kept)
    whole: Step = ({**MEANT, "whole": True}, {**ROW, "active": True})
    assert compared([first, (dict(MEANT), kept)], [first, whole]) == []
    (finding,) = compared([first, (dict(MEANT), kept)], [first, (whole[0], {**ROW, "title": "Clerk"})])
    assert finding.shape == "title, entra beside entra-flag"


def test_a_value_that_one_of_them_has_twice_is_a_finding() -> None:
    path = 'phoneNumbers[type eq "work"].value'
    once = [{"value": "+1", "type": "work"}]
    meant = {**MEANT, path: "+1"}
    (finding,) = compared(
        [(meant, {**ROW, "phoneNumbers": [*once, {"value": "+1", "type": "other"}]})],
        [(meant, {**ROW, "phoneNumbers": once})],
    )
    assert (finding.authority, finding.shape) == ("idp:entra:4", "phoneNumbers, entra beside entra-flag")


def test_a_row_that_is_there_by_one_alone_is_a_finding() -> None:
    (finding,) = compared(held(), [(dict(MEANT), None)])
    assert finding.title == "after update, ada is there by entra and not there by entra-flag"
    assert finding.authority == "idp:entra-flag:4"
    gone: Step = ({"exists": False}, None)
    (finding,) = compared([(dict(MEANT), ROW), gone], [(dict(MEANT), ROW), ({"exists": False}, ROW)])
    assert finding.actual == "not there by entra, there by entra-flag"


def test_one_who_deletes_and_one_who_only_switches_off_are_not_compared() -> None:
    assert compared([({"exists": False}, None)], [({"active": False}, {**ROW, "active": False})]) == []


def test_an_act_that_one_of_them_knows_to_have_failed_is_told_by_itself() -> None:
    assert compared([(None, {**ROW, "title": "Clerk"})], held()) == []


def test_a_refusal_that_is_promised_is_no_failure() -> None:
    (finding,) = compared(held(), held(title="Clerk"), fate="refused")
    assert finding.step == "s1"


def test_the_first_step_that_differs_ends_it() -> None:
    wrong = ({"title": "Boss"}, {**ROW, "title": "Clerk"})
    right = ({"title": "Boss"}, {**ROW, "title": "Boss"})
    assert [finding.step for finding in compared([*held(), wrong, wrong], [*held(), right, right])] == ["s2"]


@pytest.mark.parametrize(
    "survey", [Survey(kept=("userName",), dropped=("title",)), Survey(kept=SURVEYED, normalised={"title": COMPOSED})]
)
def test_what_the_survey_has_told_of_every_create_is_not_told_again(survey: Survey) -> None:
    assert compared(held(title="Clerk"), held(), survey) == []


# The judge ------------------------------------------------------------------------------------------------------------


def records(*cases: Evidence) -> list[Record]:
    found: list[Record] = [RUN, Surveyed(SURVEY.to_json())]
    for evidence in cases:
        assert evidence.ended is not None
        found += [evidence.started, *evidence.exchanges.values(), *evidence.observed.values(), *evidence.steps]
        found.append(evidence.ended)
    return [*found, RunEnded("complete", "", 2, 0, 0.1)]


def judged(found: Sequence[Record]) -> RunResult:
    judge = Judge()
    for record in found:
        judge.feed(from_json(json.loads(json.dumps(to_json(record)))))
    return judge.result()


def told(result: RunResult) -> list[str]:
    return [finding.title for finding in result.findings if finding.check == "twin/differs"]


def test_the_twin_that_ends_last_bears_what_differs() -> None:
    twins = twin(0, *held(userType="Employee")), twin(1, *held())
    result = judged(records(*twins))
    assert {case.case: case.status for case in result.cases} == {
        "s[entra]": Status.PASS, "s[entra-flag]": Status.FAIL}
    assert told(result) == ["after update, userType of ada is Employee by entra and unassigned by entra-flag"]
    assert told(judged(records(*reversed(twins)))) == [
        "after update, userType of ada is unassigned by entra-flag and Employee by entra"]


def test_a_twin_that_was_not_played_or_not_yet_is_compared_with_nobody() -> None:
    skipped = twin(1, *held())
    skipped.ended = CaseEnded("s[entra-flag]", "skip", "it needs patch")
    assert told(judged(records(twin(0, *held(userType="Employee")), skipped))) == []
    assert told(judged(records(twin(0, *held(userType="Employee"))))) == []


# Which cases there are ------------------------------------------------------------------------------------------------

PACK = """
scenario: pack/story
title: A story
area: update
severity: security
cites: [idp:okta:5]
given: {ada: {}, crew: {kind: team}}
steps:
  - assign: ada
  - check: {user: ada, has: {active: true}}
---
scenario: pack/rows
title: A story with a matrix
area: update
severity: security
cites: [idp:entra:5]
given: {ada: {title: "${{ matrix.title }}"}}
matrix: {title: [Clerk, Boss]}
steps:
  - assign: ada
---
scenario: pack/watched
title: What is watched beside SCIM
area: policy
severity: security
cites: [policy:roles.default]
given: {ada: {}}
steps:
  - assign: ada
  - roles: {ada: default}
---
scenario: pack/probe
title: A probe
area: update
severity: security
cites: [rfc:RFC7644-3.3-R03]
dialect: [entra, entra-flag, okta]
steps:
  - send: {GET: /Users}
    expect: {status: 200}
"""


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("entra,entra-flag", ("entra", "entra-flag")),
        (" okta , rfc ", ("okta", "rfc")),
        ("okta:groups=off,create=off,rfc", ("okta:groups=off,create=off", "rfc")),
        ("okta,okta:groups=off,create=off", ("okta", "okta:groups=off,create=off")),
    ],
)
def test_two_dialects_are_read_with_the_knobs_that_are_turned(text: str, pair: tuple[str, str]) -> None:
    assert read(text, lambda name: name) == pair


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("entra", "two dialects were expected, such as entra,entra-flag, not 'entra'"),
        ("entra,okta,rfc", "two dialects were expected"),
        ("entra,", "two dialects were expected"),
        ("okta,okta", "'okta' twice"),
        ("okta,entro", "did you mean 'entra'"),
    ],
)
def test_what_is_no_pair_is_refused_with_what_would_be_one(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read(text, lambda name: idp.engage(name, 0))


def test_twins_play_the_stories_that_have_acts_and_checks_alone_one_right_after_the_other() -> None:
    assert [case.name for case in plan_twins(load_text(PACK), PAIR)] == [
        "pack/story[entra]", "pack/story[entra-flag]",
        'pack/rows[entra,title="Clerk"]', 'pack/rows[entra-flag,title="Clerk"]',
        'pack/rows[entra,title="Boss"]', 'pack/rows[entra-flag,title="Boss"]',
    ]


def test_what_selects_one_twin_selects_both() -> None:
    assert len(plan_twins(load_text(PACK), PAIR, ["story[entra-flag]"])) == 2


def test_twins_are_the_same_people_whoever_the_other_is_and_make_their_ids_of_different_seeds() -> None:
    one, other = plan_twins(load_text(PACK), PAIR, ["story"])
    third, _ = plan_twins(load_text(PACK), ("rfc", "okta"), ["story"])
    assert one.person_number("ada", 7) == other.person_number("ada", 7) == third.person_number("ada", 7)
    assert one.engine_seed(7) != other.engine_seed(7)


def test_a_case_without_a_twin_is_about_people_of_its_own() -> None:
    one, other = plan_cases(load_text(PACK), PAIR, ["story"])
    assert one.person_number("ada", 7) != other.person_number("ada", 7)


# Runs in this process -------------------------------------------------------------------------------------------------


ESSENCE = (
    "lifecycle/found-and-linked[", "lifecycle/new-phone[", "lifecycle/whole-career[", "groups/member-leaves[",
)
"""Stories with every kind of act; all of them on all pairs and variants would take minutes."""


@functools.cache
def shipped() -> tuple[Scenario, ...]:
    return load(None)


def played(target: str, pair: tuple[str, str], select: Sequence[str] = (), file: Path | None = None) -> list[Record]:
    found = from_argument(target, None if file is None else load_target_file(file), {})
    plan = Plan(
        found, pair, pair, plan_twins(shipped(), pair, select), seed=3, jobs=1, timeout=30, run="r1", prefix="rig-",
        domain=found.email_domain, folder=None, twins=pair,
    )
    return list(Run(plan))


def result_of(found: Sequence[Record]) -> RunResult:
    judge = Judge()
    for record in found:
        judge.feed(record)
    return judge.result()


def statuses(result: RunResult) -> set[Status]:
    return {case.status for case in result.cases}


def test_twins_are_on_the_target_under_names_that_differ_in_their_mark_alone() -> None:
    found = played("ref:", PAIR, ["lifecycle/renamed["])
    shown = [
        sight.by_id.resource["userName"]
        for one in found if isinstance(one, Observed)
        for sight in one.sights if sight.key == "ada" and sight.by_id.resource
    ]
    names = list(dict.fromkeys(shown))
    assert len(names) == 4  # two twins, before and after the new name
    assert [name.replace("rig-a-", "rig-b-") for name in names[:2]] == names[2:]
    assert names[0].startswith("rig-a-")


def test_a_story_that_one_twin_cannot_play_is_skipped_by_both_with_the_reason() -> None:
    result = result_of(played("ref:", ("okta", "google"), ["groups/push["]))
    assert [(case.case, case.status) for case in result.cases] == [
        ("groups/push[google]", Status.SKIP), ("groups/push[okta]", Status.SKIP)]
    assert result.cases[1].reason.startswith("its twin in google cannot be played: ")


FAULTS = {
    "truthy-false": (PAIR, "lifecycle/leaver[", "active true by entra, false by entra-flag", "idp:entra:5"),
    "dotted-keys-literal": (
        PAIR, "lifecycle/new-name[", "name.givenName Adeline by entra, ", "idp:entra-flag:4"),
    "remove-value-ignored": (
        PAIR, "groups/member-leaves[", "members ada, ben, cleo by entra, ada, cleo by entra-flag", "idp:entra:6"),
}
"""Fault → twins, story, words of the finding, its authority: booleans as text, keys with dots, members by value."""


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_breaks_one_dialect_alone_makes_its_twin_differ(fault: str) -> None:
    pair, story, words, authority = FAULTS[fault]
    result = result_of(played(f"ref:fault={fault}", pair, [story]))
    (finding,) = [finding for finding in result.findings if finding.check == "twin/differs"]
    assert words in finding.actual
    assert finding.authority == authority
    assert all(name in finding.title for name in pair)


@pytest.mark.slow
@pytest.mark.parametrize("pair", list(itertools.combinations(idp.CORE, 2)), ids=",".join)
def test_on_the_sound_server_no_twins_differ(pair: tuple[str, str]) -> None:
    result = result_of(played("ref:", pair, ESSENCE))
    assert Status.PASS in statuses(result) <= {Status.PASS, Status.SKIP}
    assert not [case for case in result.cases if case.findings]


@pytest.mark.slow
def test_on_the_sound_server_no_story_differs() -> None:
    result = result_of(played("ref:", PAIR))
    assert statuses(result) == {Status.PASS, Status.SKIP}
    assert not [case for case in result.cases if case.findings]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "pair"), [("put-only", ("google", "rfc")), ("lower-casing", ("okta", "entra")), ("patch-204", PAIR)]
)
def test_on_a_sound_but_awkward_server_no_twins_differ(name: str, pair: tuple[str, str]) -> None:
    assert not variant(name).declares
    result = result_of(played(f"ref:variant={name}", pair, ESSENCE))
    assert Status.PASS in statuses(result)
    assert not [case for case in result.cases if case.findings]


@pytest.mark.slow
def test_where_a_change_of_address_is_promised_to_be_refused_no_twins_differ() -> None:
    result = result_of(played("ref:", ("okta", "entra"), ["policy/", "renamed"], EXAMPLE))
    assert statuses(result) == {Status.PASS, Status.SKIP}
    assert not [case for case in result.cases if case.findings]
