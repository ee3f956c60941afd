"""What a scenario expects of a state: values that a target keeps in lower case, and what is worth waiting for."""

from __future__ import annotations

from typing import Any

import pytest

from scimrig.evidence import CaseStarted, Observed, Reading, Sight, StepPlayed
from scimrig.expectations import hoped, judge_check
from scimrig.survey import Survey
from scimrig.verdicts import Finding
from scimrig_simulator.playbook import answer
from scimrig_simulator.wire import Reply

ADA: dict[str, Any] = {
    "id": "u1", "userName": "ada@example.com", "active": True, "title": "tester",
    "emails": [{"value": "ada@example.com", "type": "work"}],
}  # fmt: skip
LOWERING = Survey(normalised={"userName": "lower-case", 'emails[type eq "work"].value': "lower-case"})


def sight(resource: dict[str, Any]) -> Sight:
    reading = Reading("found", resource, 1)
    return Sight("ada", "User", "u1", False, reading, reading, reading)


def checked(has: dict[str, Any], survey: Survey) -> list[Finding]:
    case = CaseStarted("c", "x", "rfc", {}, "t", "types", "silent-drift", (), (), "", False)
    step = StepPlayed("c", "s1", "", "check", "", "ada", None, None, [{"user": "ada", "has": has}], {}, ())
    return judge_check(case, step, Observed("c", "s1", (sight(ADA),), ()), survey)


@pytest.mark.parametrize("path", ["userName", "emails.value", 'emails[type eq "work"].value'])
def test_what_a_target_is_known_to_lower_is_compared_in_lower_case(path: str) -> None:
    assert checked({path: "Ada@Example.com"}, LOWERING) == []
    assert checked({path: "Ada@Example.com"}, Survey()) != []
    assert checked({path: "ben@example.com"}, LOWERING) != []


def test_what_else_is_lowered_is_told() -> None:
    assert checked({"title": "Tester"}, LOWERING) != []
    assert checked({"userName": {"not": "ada@example.com"}}, LOWERING) != []


OFF = {"status": [200, 204], "then": {"user": "ada", "has": {"active": False}}}
ON_STILL = {"status": 200, "then": {"user": "ada", "has": {"active": True}}, "grade": "warn"}
REFUSED = {"status": 400, "unchanged": "ada"}


@pytest.mark.parametrize(
    ("expect", "reply", "active", "expected"),
    [
        ([OFF, ON_STILL], answer(200), True, False),  # the better outcome may still come
        ([OFF, ON_STILL], answer(200), False, True),
        ([REFUSED, OFF], answer(200), True, False),
        ([REFUSED, OFF], answer(400), True, True),
        ([REFUSED], answer(400), False, False),
        ([OFF], answer(500), True, True),  # nothing to hope for
        ([], answer(200), True, True),
    ],
)
def test_the_best_outcome_that_fits_the_answer_is_waited_for(
    expect: list[dict[str, Any]], reply: Reply, active: bool, expected: bool
) -> None:
    shows = hoped(expect, reply, [sight(ADA)], Survey())
    assert shows([sight({**ADA, "active": active})]) is expected
