"""Broken HTTP: each defect is one finding, by one check, with its grade."""

from __future__ import annotations

from typing import Any

import pytest

HTML = "<!DOCTYPE html><h1>Not found</h1>"

BROKEN: dict[str, tuple[Any, str, str, str]] = {
    "500": (lambda m: m.exchange("GET /Users/7a", 500, m.error(500)), "server-error", "fail", "answered with 500"),
    "500 without a body": (lambda m: m.exchange("PATCH /Users/7a", 500), "server-error", "fail", "500"),
    "502 of an unknown endpoint": (lambda m: m.exchange("GET /Bulk", 502, HTML), "server-error", "fail", "502"),
    "HTML": (lambda m: m.exchange("GET /Users/7a", 200, HTML, kind="text/html"), "json-body", "fail", "not JSON"),
    "NaN": (lambda m: m.exchange("GET /Users/7a", 200, '{"id": NaN}'), "json-body", "fail", "not JSON"),
    "two objects": (lambda m: m.exchange("PUT /Users/7a", 200, "{}{}"), "json-body", "fail", "not JSON"),
    "a string": (lambda m: m.exchange("GET /Users/7a", 200, '"7a"'), "json-body", "fail", "not an object"),
    "no body": (lambda m: m.exchange("GET /Users/7a", 200), "json-body", "fail", "no body"),
    "no list": (lambda m: m.exchange("GET /Users", 200, " \r\n"), "json-body", "fail", "no body"),
    "json for scim+json": (
        lambda m: m.exchange("GET /Users/7a", 200, m.user(), kind="application/json"),
        "media-type",
        "fail",
        "asked for",
    ),
    "json for anything": (
        lambda m: m.exchange("GET /Users/7a", 200, m.user(), accept="*/*", kind="application/json"),
        "media-type",
        "warn",
        "application/json",
    ),
    "json for no Accept": (
        lambda m: m.exchange("GET /Users/7a", 200, m.user(), accept=None, kind="application/json"),
        "media-type",
        "warn",
        "application/json",
    ),
    "the type turned round": (
        lambda m: m.exchange("GET /Users/7a", 200, m.user(), kind="application/json+scim"),
        "media-type",
        "fail",
        "json+scim",
    ),
    "JSON called HTML": (
        lambda m: m.exchange("GET /Users", 200, m.listing(), accept=None, kind="text/html"),
        "media-type",
        "fail",
        "text/html",
    ),
    "no Content-Type": (
        lambda m: m.exchange("GET /Users/7a", 200, m.user(), kind=None),
        "media-type",
        "warn",
        "no Content-Type",
    ),
    "an error in json": (
        lambda m: m.exchange("GET /Users/zz", 404, m.error(404), kind="application/json"),
        "media-type",
        "warn",
        "error",
    ),
    "an error called text": (
        lambda m: m.exchange("GET /Users/zz", 404, m.error(404), kind="text/plain"),
        "media-type",
        "fail",
        "text/plain",
    ),
    "latin-1": (
        lambda m: m.exchange(
            "GET /Users/7a", 200, m.user(displayName="Zoë"), kind="application/scim+json; charset=latin1"
        ),
        "media-type",
        "fail",
        "latin1",
    ),
    "401 without a challenge": (lambda m: m.exchange("GET /Users", 401, m.error(401)), "auth-challenge", "fail", "401"),
    "401 with a challenge for Basic": (
        lambda m: m.exchange("GET /Users", 401, m.error(401), headers={"WWW-Authenticate": 'Basic realm="Bearer"'}),
        "auth-challenge",
        "warn",
        "other scheme",
    ),
    "401 without invalid_token": (
        lambda m: m.exchange("GET /Users", 401, m.error(401), headers={"WWW-Authenticate": "Bearer"}),
        "auth-challenge",
        "warn",
        "not called invalid",
    ),
    "401 with an error code for nobody": (
        lambda m: m.exchange(
            "GET /Users",
            401,
            m.error(401),
            authorization=None,
            headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
        ),
        "auth-challenge",
        "warn",
        "without credentials",
    ),
    "405 without Allow": (lambda m: m.exchange("PUT /Users", 405, m.error(405)), "method-not-allowed", "fail", "Allow"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_one_defect_is_one_finding(name: str, m: Any) -> None:
    make, check, status, words = BROKEN[name]
    found = m.examine(make(m))[1]
    assert [(finding.check, finding.status.value) for finding in found] == [(check, status)]
    assert words in f"{found[0].title} {found[0].shape}"
    assert found[0].expected != found[0].actual


def test_a_byte_order_mark_is_read_over_and_reported(m: Any) -> None:
    assert m.found(m.exchange("DELETE /Users/7a", 204)) == []
    marked = m.exchange("GET /Users/7a", 200, "\ufeff" + m.exchange("GET /Users/7a", 200, m.user()).reply_body)
    assert m.found(marked) == [("json-body", "warn")]


@pytest.mark.parametrize("check", ["json-body", "media-type", "error-body", "auth-challenge", "method-not-allowed"])
def test_what_is_not_of_its_kind_is_not_reached(check: str, m: Any) -> None:
    assert check not in m.examine(m.exchange("DELETE /Users/7a", 204))[0]
