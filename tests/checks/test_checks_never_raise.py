"""Rules for all inputs: no bytes make a check raise, and nothing a sound server could say is a finding."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from scimrig import checks, evidence

IDS = {check.id for check in checks.all()}
LINES = st.sampled_from(
    [
        "GET /Users",
        "GET /Users/7a",
        "POST /Users",
        "PUT /Users/7a",
        "PATCH /Users/7a",
        "DELETE /Users/7a",
        "HEAD /Users/7a",
        "GET /Groups/9f",
        "GET /Users/.search",
        "POST /.search",
        "POST /Groups/.search",
        "GET /Schemas",
        "GET /Schemas/x",
        "GET /ResourceTypes",
        "GET /ServiceProviderConfig",
        "GET /",
        "GET ",
        "GET //Users//",
        "GET /Users/%zz",
        "GET /Me/x/y",
    ]
)
QUERIES = st.one_of(
    st.just(""),
    st.text(max_size=30),
    st.sampled_from(
        [
            "filter=userName%20eq%20%22x%22",
            "filter=emails%5Btype%20eq%20%22work%22%5D",
            "attributes=userName,name.givenName",
            "excludedAttributes=members",
            "startIndex=2&count=1",
            "count=99999999999999999999",
            "filter=not%20(title%20pr)",
            "filter=urn:ietf:params:scim:schemas:core:2.0:User:emails.value%20co%20%22a%22",
            "attributes=members.value&filter=id%20pr",
        ]
    ),
)
KEYS = st.sampled_from(
    [
        "schemas",
        "id",
        "meta",
        "userName",
        "USERNAME",
        "active",
        "emails",
        "members",
        "groups",
        "name",
        "status",
        "scimType",
        "detail",
        "Resources",
        "totalResults",
        "startIndex",
        "itemsPerPage",
        "nextCursor",
        "created",
        "lastModified",
        "location",
        "resourceType",
        "version",
        "value",
        "type",
        "primary",
        "password",
        "path",
        "Operations",
        "patch",
        "filter",
        "a.b",
        "urn:x",
        "authenticationSchemes",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        "manager",
        "",
    ]
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(st.characters(), max_size=8),
    st.sampled_from(
        [
            "2026-01-05T09:00:00Z",
            "0000-99-99T99:99:99+99:99",
            "http://[",
            "urn:ietf:params:scim:api:messages:2.0:Error",
            "urn:ietf:params:scim:api:messages:2.0:ListResponse",
            "urn:ietf:params:scim:schemas:core:2.0:User",
            "7a",
            "User",
            "9999-12-31T23:59:59-14:00",
            "[redacted]",
            "\ud800",
            "404",
        ]
    ),
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=5)),
    max_leaves=20,
)
BODIES = st.one_of(st.text(max_size=40), JSON.map(json.dumps), st.dictionaries(KEYS, JSON, max_size=8).map(json.dumps))
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(["Content-Type", "ETag", "Location", "WWW-Authenticate", "Allow", "Content-Location", "X"]),
        st.one_of(st.text(max_size=12), st.sampled_from(["application/scim+json", 'W/"3"', "http://[::1/Users/7a"])),
    ),
    max_size=4,
)
STATUSES = st.sampled_from([200, 201, 202, 204, 206, 304, 308, 400, 401, 404, 405, 409, 412, 500, 501, 503, 599])
SURVEYS = st.sampled_from(
    [
        {},
        {"advertised": {"etag": True, "filter": False}, "offers": {"groups": {"state": "yes"}}},
        {"advertised": {"etag": None}},
    ]
)


@settings(max_examples=250)
@given(line=LINES, query=QUERIES, status=STATUSES, headers=HEADERS, body=BODIES, sent=BODIES, survey=SURVEYS)
def test_no_answer_makes_a_check_raise(
    line: str, query: str, status: int, headers: list[tuple[str, str]], body: str, sent: str, survey: dict[str, Any]
) -> None:
    method, _, path = line.partition(" ")
    exchange = evidence.Exchange(
        1,
        "c",
        "s",
        "probe",
        "rfc",
        "",
        method,
        path,
        query,
        (("Accept", "*/*"),),
        sent,
        status,
        tuple(headers),
        body,
        0.0,
    )
    reached, found = checks.examine(exchange, checks.Known(survey=survey))
    assert set(reached) <= IDS
    for finding in found:
        assert finding.check in reached
        assert finding.title
        assert finding.expected
        assert finding.actual
        assert "\n" not in finding.title
        assert finding.title.encode("utf-8")


def test_a_body_nested_without_end_is_no_json(m: Any) -> None:
    found = m.found(m.exchange("GET /Users/7a", 200, "[" * 200_000))
    assert found == [("json-body", "fail")]


# the marker itself would be an echo
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=10).filter(
    lambda w: "redacted" not in w
)
VALUED = st.fixed_dictionaries(
    {"value": WORDS, "type": st.sampled_from(["work", "home", "other"])}, optional={"display": WORDS}
)
USERS = st.fixed_dictionaries(
    {"id": st.uuids().map(str), "userName": WORDS},
    optional={
        "externalId": WORDS,
        "active": st.booleans(),
        "displayName": WORDS,
        "title": WORDS,
        "locale": WORDS,
        "name": st.fixed_dictionaries({"familyName": WORDS}, optional={"givenName": WORDS, "formatted": WORDS}),
        "emails": st.lists(VALUED, max_size=3, unique_by=lambda item: (item["value"], item["type"])),
        "phoneNumbers": st.lists(VALUED, max_size=2, unique_by=lambda item: (item["value"], item["type"])),
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": st.fixed_dictionaries(
            {"department": WORDS},
            optional={"manager": st.fixed_dictionaries({"value": WORDS}, optional={"displayName": WORDS})},
        ),
    },
)


def _served(m: Any, fields: dict[str, Any]) -> dict[str, Any]:
    urns = [*m.user()["schemas"], *(name for name in fields if name.startswith("urn:"))]
    user: dict[str, Any] = m.user(fields["id"], **{**fields, "schemas": urns})
    return user


@settings(max_examples=60)
@given(
    users=st.lists(USERS, max_size=4, unique_by=lambda user: user["id"]),
    start=st.integers(1, 5),
    beyond=st.integers(0, 9),
)
def test_whatever_a_sound_server_lists_is_no_finding(
    m: Any, users: list[dict[str, Any]], start: int, beyond: int
) -> None:
    rows = [_served(m, fields) for fields in users]
    total = start - 1 + len(rows) + beyond
    page = m.listing(*rows, totalResults=total, startIndex=start)
    assert m.found(m.exchange(f"GET /Users?startIndex={start}&count=9", 200, page)) == []


@settings(max_examples=60)
@given(fields=USERS, method=st.sampled_from(["GET", "PUT", "PATCH"]))
def test_whatever_a_sound_server_shows_of_a_user_is_no_finding(m: Any, fields: dict[str, Any], method: str) -> None:
    assert m.found(m.exchange(f"{method} /Users/{fields['id']}", 200, _served(m, fields))) == []


@settings(max_examples=60)
@given(fields=USERS)
def test_a_user_found_by_what_it_holds_is_no_finding(m: Any, fields: dict[str, Any]) -> None:
    texts = [f"userName eq {json.dumps(fields['userName'])}", "userName pr", "not (nickName pr)"]
    texts += [f"{name} eq {json.dumps(fields[name])}" for name in ("externalId", "active", "title") if name in fields]
    texts += [f"emails[value eq {json.dumps(mail['value'])}]" for mail in fields.get("emails", [])]
    for text in texts:
        sent = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": text}
        answer = m.exchange("POST /Users/.search", 200, m.listing(_served(m, fields)), sent=sent)
        assert m.found(answer) == [], text
