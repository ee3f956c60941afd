"""Broken errors: each defect is one finding, by one check, with its grade."""

from __future__ import annotations

from typing import Any

import pytest

OFFERED = {"offers": {"groups": {"state": "yes", "why": ""}}}
HTML = "<!DOCTYPE html><h1>Not found</h1>"

BROKEN: dict[str, tuple[Any, str, str, str]] = {
    "an HTML 404 of a user": (
        lambda m: m.exchange("GET /Users/zz", 404, HTML, kind="text/html"),
        "error-body",
        "fail",
        "no JSON object",
    ),
    "an empty 400": (lambda m: m.exchange("POST /Users", 400), "error-body", "fail", "no body"),
    "a framework's JSON": (
        lambda m: m.exchange("POST /Users", 422, {"detail": [{"loc": ["body"]}]}),
        "error-body",
        "fail",
        "not a SCIM Error",
    ),
    "a list of errors": (lambda m: m.exchange("POST /Users", 400, ["no"]), "error-body", "fail", "no JSON object"),
    "the URN as a string": (
        lambda m: m.exchange("GET /Users/zz", 404, m.error(404, schemas="urn:ietf:params:scim:api:messages:2.0:Error")),
        "error-body",
        "fail",
        "not a SCIM Error",
    ),
    "a gateway's 401": (
        lambda m: m.exchange(
            "GET /Users", 401, "no", kind="text/plain", headers={"WWW-Authenticate": 'Bearer error="invalid_token"'}
        ),
        "error-body",
        "warn",
        "401",
    ),
    "a bare 405": (lambda m: m.exchange("PUT /Users", 405, headers={"Allow": "GET"}), "error-body", "warn", "405"),
    "a bare 404 to a method that SCIM has no use for": (
        lambda m: m.exchange("POST /Users/zz", 404),
        "error-body",
        "warn",
        "404",
    ),
    "a bare 404 to a method that SCIM knows": (
        lambda m: m.exchange("PATCH /Users/zz", 404),
        "error-body",
        "fail",
        "404",
    ),
    "an HTML 404 elsewhere": (
        lambda m: m.exchange("GET /Nonexistents", 404, HTML, kind="text/html"),
        "error-body",
        "warn",
        "404",
    ),
    "an HTML 404 of a path with a slash too many": (
        lambda m: m.exchange("GET /Users/", 404, HTML, kind="text/html"),
        "error-body",
        "warn",
        "404",
    ),
    "an HTML 404 of discovery": (
        lambda m: m.exchange("GET /Schemas", 404, HTML, kind="text/html"),
        "error-body",
        "warn",
        "404",
    ),
    "an HTML 404 of groups, not known to exist": (
        lambda m: m.exchange("GET /Groups", 404, HTML, kind="text/html"),
        "error-body",
        "warn",
        "404",
    ),
    "no detail": (
        lambda m: m.exchange("GET /Users/zz", 404, m.error(404, detail=m.GONE)),
        "error-body",
        "info",
        "detail",
    ),
    "a detail that is a list": (
        lambda m: m.exchange("POST /Users", 400, m.error(400, detail=["no"])),
        "error-body",
        "warn",
        "detail",
    ),
    "a number for status": (
        lambda m: m.exchange("GET /Users/zz", 404, m.error(404, status=404)),
        "error-status-string",
        "fail",
        "`status` of an error is a number: 404",
    ),
    "no status": (
        lambda m: m.exchange("GET /Users/zz", 404, m.error(404, status=m.GONE)),
        "error-status-string",
        "fail",
        "no `status`",
    ),
    "another status": (
        lambda m: m.exchange("GET /Users/zz", 404, m.error(400)),
        "error-status-string",
        "fail",
        '"400" and 404',
    ),
    "a status with words": (
        lambda m: m.exchange("GET /Users/zz", 404, m.error(404, status="404 Not Found")),
        "error-status-string",
        "fail",
        "Not",
    ),
    "a keyword of their own": (
        lambda m: m.exchange("POST /Users", 400, m.error(400, scimType="badRequest")),
        "error-scim-type",
        "warn",
        "badRequest",
    ),
    "a keyword in another case": (
        lambda m: m.exchange("POST /Users", 400, m.error(400, scimType="invalidvalue")),
        "error-scim-type",
        "warn",
        "invalidvalue",
    ),
    "a keyword that is a list": (
        lambda m: m.exchange("POST /Users", 400, m.error(400, scimType=["x"])),
        "error-scim-type",
        "warn",
        "scimType",
    ),
    "a conflict without uniqueness": (
        lambda m: m.exchange("POST /Users", 409, m.error(409)),
        "error-scim-type",
        "warn",
        "uniqueness",
    ),
    "an Error as a 200": (
        lambda m: m.exchange("PATCH /Users/7a", 200, m.error(400)),
        "error-as-success",
        "fail",
        "a 200 carries a SCIM Error",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_one_defect_is_one_finding(name: str, m: Any) -> None:
    make, check, status, words = BROKEN[name]
    found = m.examine(make(m))[1]
    assert [(finding.check, finding.status.value) for finding in found] == [(check, status)]
    assert words in f"{found[0].title} {found[0].shape}"
    assert found[0].expected != found[0].actual


def test_groups_that_are_offered_owe_a_scim_error(m: Any) -> None:
    bare = m.exchange("GET /Groups/zz", 404, HTML, kind="text/html")
    assert m.found(bare, OFFERED) == [("error-body", "fail")]


def test_a_finding_names_the_operation_and_the_clause(m: Any) -> None:
    [finding] = m.examine(m.exchange("GET /Users/4f2a?attributes=userName", 404, m.error(404, status=404)))[1]
    assert (finding.operation, finding.authority) == ("any error", "rfc:RFC7644-3.12-R02")
    assert (finding.expected, finding.actual) == ('the string "404"', "404, a number")
    assert (finding.case, finding.dialect, finding.step, finding.exchanges) == ("a/case[rfc]", "rfc", "step", (1,))
    assert finding.hurts


def test_one_defect_on_many_operations_has_one_cause(m: Any) -> None:
    lines = ["GET /Users/4f2a", "PATCH /Users/8b", "DELETE /Groups/9f"]
    [first, *others] = [m.examine(m.exchange(line, 404, m.error(404, status=404)))[1][0].cause for line in lines]
    assert others == [first, first]


def test_what_one_operation_does_names_that_operation(m: Any) -> None:
    [finding] = m.examine(m.exchange("PATCH /Users/4f2a?attributes=userName", 200, m.error(404)))[1]
    assert finding.operation == "PATCH /Users/{id}"
