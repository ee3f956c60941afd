"""The faults that no test rig may overlook, each served by a process of its own and judged by URL, as a user would.

What is played is broad, and nothing is aimed at the fault: the smoke tests of every area, or all of one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from scimrig.verdicts import ExitCode, Status

pytestmark = pytest.mark.slow

SMOKE = ("--tag", "smoke")
PAGING = ("-k", "paging/")

NAMED = {
    "noop-patch": (SMOKE, "answered 200 and changed nothing"),
    "truthy-false": (SMOKE, "answered 200 and changed nothing"),
    "remove-one-removes-all": (SMOKE, "Removing one member by a filter removes that one: not so"),
    "remove-value-ignored": (SMOKE, "PATCH /Groups/{id} answered 200 and changed nothing"),
    "filter-ignored": (SMOKE, "a row is returned that does not satisfy the filter"),
    "filter-case-sensitive": (SMOKE, "userName values are compared without regard to case: not so"),
    "duplicate-created": (SMOKE, "A second user of the same name is refused with 409: not so"),
    "total-is-page-length": (SMOKE, "totalResults counts all matches, not the page: not so"),
    "start-index-ignored": (PAGING, "startIndex=2 was asked for, the answer says 1"),
    "delete-keeps": (SMOKE, "DELETE /Users/{id} answered 204 and changed nothing"),
    "no-auth": (SMOKE, "Nobody reads users without a token: not so"),
    "update-wipes-phones": (SMOKE, 'yet phoneNumbers[type eq "work"].value is unassigned'),
    "external-id-dropped": (SMOKE, "yet externalId is unassigned"),
}
"""Fault → (what is played, the words in which the report names the defect)."""


@pytest.mark.parametrize("fault", NAMED)
def test_the_report_names_the_defect(judge_by_url: Callable[..., Any], fault: str) -> None:
    options, words = NAMED[fault]
    judged = judge_by_url("--fault", fault, options=options)
    assert judged.code == ExitCode.FAIL
    assert words in judged.printed


def test_capital_ops_refused_are_entras_trouble_and_no_breach_of_the_rfc(judge_by_url: Callable[..., Any]) -> None:
    """RFC 7644 §3.5.2 prints ops in lower case; Entra without its flag sends them with a capital (entra:4)."""
    judged = judge_by_url("--fault", "lower-case-ops-only")
    assert judged.code == ExitCode.FAIL
    findings = judged.result.findings
    failed = [finding for finding in findings if finding.status is Status.FAIL]
    assert {finding.dialect for finding in failed} == {"entra"}
    assert {finding.authority.rpartition(":")[0] for finding in failed} == {"idp:entra"}
    assert not any(finding.authority.startswith("rfc:") for finding in findings)
    assert "Replace with a capital letter is refused" in judged.printed
