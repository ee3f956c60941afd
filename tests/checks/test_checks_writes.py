"""Broken answers to writes: each defect is one finding, by one check, with its grade."""

from __future__ import annotations

from typing import Any

import pytest

FAR = "https://scim.example.com/v2"


def _meta(**values: Any) -> Any:
    def make(m: Any) -> Any:
        meta = {name: value for name, value in {**m.user()["meta"], **values}.items() if value is not m.GONE}
        return m.exchange("GET /Users/7a", 200, m.user(meta=meta))

    return make


BROKEN: dict[str, tuple[Any, str, str, str]] = {
    "a create, 200": (lambda m: m.exchange("POST /Users", 200, m.user()), "create-answer", "fail", "200"),
    "a create, 202": (lambda m: m.exchange("POST /Users", 202), "create-answer", "warn", "202"),
    "a create, no body": (lambda m: m.created(None), "create-answer", "warn", "without the new resource"),
    "a PUT, 204": (lambda m: m.exchange("PUT /Users/7a", 204), "put-answer", "fail", "204"),
    "a PUT, 201": (lambda m: m.exchange("PUT /Users/7a", 201, m.user()), "put-answer", "fail", "created"),
    "a PUT, no body": (lambda m: m.exchange("PUT /Users/7a", 200), "put-answer", "fail", "without the resource"),
    "a PATCH, 200 and nothing": (lambda m: m.exchange("PATCH /Users/7a", 200), "patch-answer", "fail", "no body"),
    "a PATCH, 201": (lambda m: m.exchange("PATCH /Users/7a", 201, m.user()), "patch-answer", "fail", "201"),
    "a PATCH, 204 to attributes": (
        lambda m: m.exchange("PATCH /Users/7a?attributes=userName", 204),
        "patch-answer",
        "fail",
        "attributes",
    ),
    "a DELETE, 200": (lambda m: m.exchange("DELETE /Users/7a", 200), "delete-answer", "fail", "200 and no body"),
    "a DELETE, 200 with a body": (
        lambda m: m.exchange("DELETE /Users/7a", 200, m.user()),
        "delete-answer",
        "fail",
        "200 and a body",
    ),
    "a DELETE, 202": (lambda m: m.exchange("DELETE /Groups/7a", 202), "delete-answer", "warn", "202"),
    "no Location": (lambda m: m.created(m.user(), headers={"Location": m.GONE}), "location", "fail", "no Location"),
    "a relative Location": (
        lambda m: m.created(m.user(), headers={"Location": "/v2/Users/7a"}),
        "location",
        "warn",
        "Location is relative",
    ),
    "a Location elsewhere": (
        lambda m: m.created(m.user(), headers={"Location": "http://10.0.0.5:8080/Users/7a"}),
        "location",
        "fail",
        "two URIs",
    ),
    "a relative meta.location": (_meta(location="Users/7a"), "location", "warn", "meta.location is relative"),
    "a meta.location of another": (_meta(location=f"{FAR}/Users/8b"), "location", "warn", "does not end in the id"),
    "Content-Location": (
        lambda m: m.exchange("GET /Users/7a", 200, m.user(), headers={"Content-Location": f"{FAR}/people/7a"}),
        "location",
        "fail",
        "Content-Location",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_one_defect_is_one_finding(name: str, m: Any) -> None:
    make, check, status, words = BROKEN[name]
    found = m.examine(make(m))[1]
    assert [(finding.check, finding.status.value) for finding in found] == [(check, status)]
    assert words in f"{found[0].title} {found[0].shape}"
    assert found[0].expected != found[0].actual


def test_a_204_with_a_body(m: Any) -> None:
    assert m.found(m.exchange("PATCH /Users/7a", 204, m.user())) == [("patch-answer", "fail")]
    assert m.found(m.exchange("DELETE /Users/7a", 204, {})) == [("delete-answer", "fail")]
