"""Broken projections, secrets, versions and discovery: each defect is one finding, by one check, with its grade."""

from __future__ import annotations

from typing import Any

import pytest

ETAGS = {"advertised": {"etag": True}}
CONFIG_URN = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
SCHEMA_URN = "urn:ietf:params:scim:schemas:core:2.0:Schema"
TYPE_URN = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
FEATURES: dict[str, Any] = {
    "patch": {"supported": True},
    "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
    "filter": {"supported": True, "maxResults": 200},
    "changePassword": {"supported": False},
    "sort": {"supported": False},
    "etag": {"supported": False},
}
SCHEME = {"type": "oauthbearertoken", "name": "Bearer", "description": "A token"}
NAME = {"givenName": "Ada", "familyName": "Lovelace"}
EMAILS = [{"type": "work", "value": "ada@example.com"}]


def _part(query: str, status: int = 200, **values: Any) -> Any:
    return lambda m: m.exchange(f"GET /Users/7a?{query}", status, m.user(**values))


def _config(**values: Any) -> Any:
    body = {"schemas": [CONFIG_URN], **FEATURES, "authenticationSchemes": [SCHEME], **values}
    return lambda m: m.exchange("GET /ServiceProviderConfig", 200, {k: v for k, v in body.items() if v != "gone"})


def _tagged(header: str | None, version: str | None, line: str = "GET /Users/7a") -> Any:
    def make(m: Any) -> Any:
        meta = m.user()["meta"] | ({} if version is None else {"version": version})
        return m.exchange(line, 200, m.user(meta=meta), headers={} if header is None else {"ETag": header})

    return make


PROJECTION: dict[str, tuple[Any, str, str, str]] = {
    "members, excluded": (
        lambda m: m.exchange("GET /Groups/9f?excludedAttributes=members", 200, m.group(members=[{"value": "7a"}])),
        "projection",
        "fail",
        "members is returned",
    ),
    "members, excluded from a list, name in odd case": (
        lambda m: m.exchange(
            "GET /Groups?excludedAttributes=MEMBERS", 200, m.listing(m.group(members=[{"value": "7a"}]))
        ),
        "projection",
        "fail",
        "Resources[0]: members",
    ),
    "part of a name, excluded": (
        _part("excludedAttributes=name.familyName", name=NAME),
        "projection",
        "fail",
        "name.familyName",
    ),
    "an extension, excluded": (
        lambda m: m.exchange(
            f"GET /Users/7a?excludedAttributes={m.ENTERPRISE}",
            200,
            m.user(schemas=[*m.user()["schemas"], m.ENTERPRISE], **{m.ENTERPRISE: {"department": "X"}}),
        ),
        "projection",
        "fail",
        "department",
    ),
    "e-mails not asked for": (
        _part(
            "attributes=userName", emails=EMAILS, active=None, schemas=["urn:ietf:params:scim:schemas:core:2.0:User"]
        ),
        "projection",
        "fail",
        "emails is returned",
    ),
    "active, which a server may always return": (
        _part("attributes=userName"),
        "projection",
        "warn",
        "active is returned",
    ),
    "more of a name than asked for": (
        lambda m: m.exchange("GET /Users/7a?attributes=name.givenName", 200, {"id": "7a", "name": NAME}),
        "projection",
        "fail",
        "familyName",
    ),
}
SECRETS: dict[str, tuple[Any, str, str, str]] = {
    "a password": (
        lambda m: m.exchange("GET /Users/7a", 200, m.user(password="[redacted]")),
        "returned-never",
        "fail",
        "a password",
    ),
    "a password hashed, in a list": (
        lambda m: m.exchange("GET /Users", 200, m.listing(m.user(), m.user("8", PASSWORD="$2b$12$"))),
        "returned-never",
        "fail",
        "Resources[1]: a password",
    ),
    "a password in a detail": (
        lambda m: m.exchange(
            "PATCH /Users/7a",
            400,
            m.error(400, detail="'s3cret\"pass' is too weak"),
            sent={"Operations": [{"op": "replace", "path": "password", "value": 's3cret"pass'}]},
        ),
        "returned-never",
        "fail",
        "body of a 400",
    ),
    "the token in a body": (
        lambda m: m.exchange(
            "GET /Users",
            401,
            m.error(401, detail="Unknown token [redacted]"),
            headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
        ),
        "secret-echo",
        "fail",
        "body of a 401",
    ),
    "the token in a header": (
        lambda m: m.exchange("GET /Users/7a", 200, m.user(), headers={"X-Debug": "auth=[redacted]"}),
        "secret-echo",
        "fail",
        "X-Debug",
    ),
}
VERSIONS: dict[str, tuple[Any, str, str, str]] = {
    "no quotes": (_tagged("3", None), "etag-agrees", "fail", "form"),
    "lower-case w": (_tagged('w/"3"', None), "etag-agrees", "fail", "form"),
    "two tags, perhaps a proxy's": (_tagged('"4"', '"3"'), "etag-agrees", "warn", "differ"),
    "one tag, weakened": (_tagged('W/"3"', '"3"'), "etag-agrees", "warn", "spelt"),
    "one tag, quotes lost": (_tagged('"3"', "3"), "etag-agrees", "warn", "spelt"),
}
DISCOVERY: dict[str, tuple[Any, str, str, str]] = {
    "a configuration as a list": (
        lambda m: m.exchange("GET /ServiceProviderConfig", 200, m.listing()),
        "discovery-shape",
        "fail",
        "a list",
    ),
    "a configuration without URN": (_config(schemas=["urn:x"]), "discovery-shape", "fail", "lacks its URN"),
    "a schema without schemas": (
        lambda m: m.exchange("GET /Schemas", 200, m.listing({"id": "urn:x", "attributes": []})),
        "discovery-shape",
        "fail",
        "§8.7",
    ),
    "a schema without id": (
        lambda m: m.exchange("GET /Schemas", 200, m.listing({"schemas": [SCHEMA_URN]})),
        "discovery-shape",
        "fail",
        "no id",
    ),
    "a message among the schemas": (
        lambda m: m.exchange(
            "GET /Schemas",
            200,
            m.listing({"schemas": [SCHEMA_URN], "id": "urn:ietf:params:scim:api:messages:2.0:PatchOp"}),
        ),
        "discovery-shape",
        "fail",
        "message",
    ),
    "another schema": (
        lambda m: m.exchange("GET /Schemas/urn:a", 200, {"schemas": [SCHEMA_URN], "id": "urn:b"}),
        "discovery-shape",
        "fail",
        "another",
    ),
    "a resource type without endpoint": (
        lambda m: m.exchange(
            "GET /ResourceTypes/User", 200, {"schemas": [TYPE_URN], "name": "User", "schema": "urn:x"}
        ),
        "discovery-shape",
        "fail",
        "no endpoint",
    ),
    "no filter": (_config(filter="gone"), "config-members", "fail", "no filter"),
    "supported as a string": (_config(patch={"supported": "true"}), "config-members", "fail", "patch.supported"),
    "no maxResults": (_config(filter={"supported": True}), "config-members", "fail", "filter.maxResults"),
    "no authenticationSchemes": (
        _config(authenticationSchemes="gone"),
        "config-members",
        "fail",
        "authenticationSchemes",
    ),
    "a scheme without type": (
        _config(authenticationSchemes=[SCHEME, {"name": "x", "description": "y"}]),
        "config-members",
        "fail",
        "authenticationSchemes[1] has no type",
    ),
}
BROKEN = PROJECTION | SECRETS | VERSIONS | DISCOVERY


@pytest.mark.parametrize("name", BROKEN)
def test_one_defect_is_one_finding(name: str, m: Any) -> None:
    make, check, status, words = BROKEN[name]
    found = [finding for finding in m.examine(make(m))[1] if finding.check != "nulls"]
    assert [(finding.check, finding.status.value) for finding in found] == [(check, status)]
    assert words in f"{found[0].title} {found[0].shape}"
    assert found[0].expected != found[0].actual


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("attributes=emails.value,userName,active", {"emails": EMAILS}),
        ("attributes=urn:ietf:params:scim:schemas:core:2.0:User", {"emails": EMAILS}),
        ("attributes=userName&excludedAttributes=emails", {"emails": EMAILS}),
        ("attributes=", {"emails": EMAILS}),
        ("attributes=a..b", {"emails": EMAILS}),
        ("attributes=userName,ACTIVE", {"favouriteColour": "red"}),
        ("excludedAttributes=id,meta,schemas,emails", {"emails": []}),
    ],
)
def test_projections_that_are_obeyed_or_open(query: str, values: dict[str, Any], m: Any) -> None:
    assert "projection" not in [
        check for check, _ in m.found(m.exchange(f"GET /Users/7a?{query}", 200, m.user(**values)))
    ]


def test_a_whole_representation_is_no_matter_for_projection(m: Any) -> None:
    assert "projection" not in m.examine(m.exchange("GET /Users/7a", 200, m.user()))[0]


@pytest.mark.parametrize("name", SECRETS)
def test_a_finding_never_repeats_the_secret(name: str, m: Any) -> None:
    [finding] = m.examine(SECRETS[name][0](m))[1]
    words = f"{finding.title} {finding.expected} {finding.actual} {finding.shape}"
    assert "s3cret" not in words
    assert "$2b$" not in words


@pytest.mark.parametrize(
    ("sent", "reply"),
    [
        ({"displayName": "[redacted]"}, {"displayName": "[redacted]"}),  # a token that is also a name
        (None, {"nickName": "invalid_[redacted]"}),  # a token that is part of a word
    ],
)
def test_a_marker_that_is_no_echo(sent: Any, reply: dict[str, Any], m: Any) -> None:
    assert m.found(m.exchange("PUT /Users/7a", 200, m.user(**reply), sent=sent)) == []


@pytest.mark.parametrize(
    ("header", "version", "line", "status"),
    [
        (None, '"3"', "GET /Users/7a", "fail"),
        (None, '"3"', "PUT /Users/7a", "warn"),
        ('"3"', None, "GET /Users/7a", "warn"),
        ('"4"', '"3"', "GET /Users/7a", "fail"),
    ],
)
def test_whoever_advertises_etags_owes_them(header: str, version: str, line: str, status: str, m: Any) -> None:
    assert m.found(_tagged(header, version, line)(m), ETAGS) == [("etag-agrees", status)]
