"""Sound answers, awkward ones among them: every check that is reached is silent."""

from __future__ import annotations

from typing import Any

import pytest

from scimrig import checks

NO_GROUPS = {"offers": {"groups": {"state": "no", "why": ""}}}
ETAGS = {"advertised": {"etag": True}}
CONFIG = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
    "patch": {"supported": True},
    "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
    "filter": {"supported": True, "maxResults": 200},
    "changePassword": {"supported": False},
    "sort": {"supported": False},
    "etag": {"supported": False},
    "authenticationSchemes": [{"type": "oauthbearertoken", "name": "Bearer", "description": "A token"}],
}
SCHEMA = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
    "id": "urn:ietf:params:scim:schemas:core:2.0:User",
    "name": "User",
    "attributes": [{"name": "password", "type": "string", "returned": "never"}],
}
RESOURCE_TYPE = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
    "name": "User",
    "endpoint": "/Users",
    "schema": "urn:ietf:params:scim:schemas:core:2.0:User",
}
HOME = {"type": "home", "value": "ada@home.example"}
WORK = {"type": "work", "value": "ada@example.com", "primary": True}
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"

READS: dict[str, Any] = {
    "a plain user": lambda m: m.exchange("GET /Users/7a", 200, m.user()),
    "a user with everything": lambda m: m.exchange(
        "GET /Users/7a",
        200,
        m.user(
            schemas=["urn:ietf:params:scim:schemas:core:2.0:User", m.ENTERPRISE],
            externalId="00u1",
            name={"givenName": "Ada", "familyName": "Lovelace"},
            emails=[WORK, HOME],
            groups=[{"value": "9f"}],
            phoneNumbers=[{"type": "work", "value": "tel:+1-201-555-0123"}],
            **{m.ENTERPRISE: {"employeeNumber": "7", "manager": {"value": "8", "displayName": "Ben"}}},
        ),
    ),
    "a trailing slash": lambda m: m.exchange("GET /Users/7a/", 200, m.user()),
    "an id that needs escaping": lambda m: m.exchange("GET /Users/a%2Fb%20c", 200, m.user("a/b c")),
    "a location that escapes the id": lambda m: m.exchange(
        "GET /Users/a%20b", 200, m.user("a b", meta=m.user()["meta"] | {"location": "https://x.example/Users/a%20b"})
    ),
    "URNs in another case": lambda m: m.exchange(
        "GET /Users/7a", 200, m.user(schemas=["URN:IETF:params:scim:schemas:core:2.0:user"])
    ),
    "empty arrays": lambda m: m.exchange("GET /Users/7a", 200, m.user(emails=[], groups=[])),
    "attributes of the server's own": lambda m: m.exchange(
        "GET /Users/7a",
        200,
        m.user(favouriteColour="red", tags=["a", "a"], **{"urn:acme:User": {"shoeSize": 42, "x-y": 1}}),
    ),
    "no attributes but id": lambda m: m.exchange(
        "GET /Users/7a?attributes=userName", 200, {"id": "7a", "userName": "ada@example.com"}
    ),
    "fractions of seconds, an offset, midnight": lambda m: m.exchange(
        "GET /Users/7a",
        200,
        m.user(
            meta=m.user()["meta"]
            | {
                "created": "2026-01-04T24:00:00Z",
                "lastModified": "2026-01-05T03:00:00.123456789+02:00",
            }
        ),
    ),
    "lastModified cut to seconds": lambda m: m.exchange(
        "GET /Users/7a",
        200,
        m.user(meta=m.user()["meta"] | {"created": "2026-01-05T09:00:00.900Z", "lastModified": "2026-01-05T09:00:00Z"}),
    ),
    "a weak ETag": lambda m: m.exchange(
        "GET /Users/7a", 200, m.user(meta=m.user()["meta"] | {"version": 'W/"3"'}), headers={"etag": 'W/"3"'}
    ),
    "a proxy's ETag": lambda m: m.exchange("GET /Users/7a", 200, m.user(), headers={"ETag": '"5f-abc"'}),
    "json to a client of json": lambda m: m.exchange(
        "GET /Users/7a", 200, m.user(), accept="application/json", kind="application/json; charset=utf-8"
    ),
    "json to a client of both": lambda m: m.exchange(
        "GET /Users/7a", 200, m.user(), accept="application/scim+json, application/json;q=0.5", kind="application/json"
    ),
    "a charset": lambda m: m.exchange("GET /Users/7a", 200, m.user(), kind='application/scim+json;charset="UTF-8"'),
    "HEAD": lambda m: m.exchange("HEAD /Users/7a", 200),
    "HEAD of nothing": lambda m: m.exchange("HEAD /Users/zz", 404),
    "304": lambda m: m.exchange("GET /Users/7a", 304, headers={"ETag": 'W/"3"'}),
    "a group with members": lambda m: m.exchange(
        "GET /Groups/9f",
        200,
        m.group(members=[{"value": "7a", "display": "Ada"}, {"value": "8b", "$ref": "../Users/8b"}]),
    ),
    "a page of HTML outside SCIM": lambda m: m.exchange("GET /", 200, "<html>hello</html>", kind="text/html"),
    "a detail about passwords": lambda m: m.exchange(
        "POST /Users", 400, m.error(400, detail="password is too short"), sent={"userName": "x", "password": "password"}
    ),
}
LISTS: dict[str, Any] = {
    "an empty list": lambda m: m.exchange(
        "GET /Users?filter=userName%20eq%20%22x%22",
        200,
        m.listing(Resources=m.GONE, startIndex=m.GONE, itemsPerPage=m.GONE),
    ),
    "a page in the middle": lambda m: m.exchange(
        "GET /Users?startIndex=3&count=2",
        200,
        m.listing(m.user("3"), m.user("4"), totalResults=9, startIndex=3),
    ),
    "a page shorter than asked for": lambda m: m.exchange(
        "GET /Users?startIndex=1&count=500", 200, m.listing(m.user("3"), totalResults=9, itemsPerPage=1)
    ),
    "past the end": lambda m: m.exchange(
        "GET /Users?startIndex=90", 200, m.listing(totalResults=9, Resources=m.GONE, startIndex=90)
    ),
    "count 0": lambda m: m.exchange("GET /Users?count=0", 200, m.listing(totalResults=9, Resources=m.GONE)),
    "startIndex 0 counts as 1": lambda m: m.exchange("GET /Users?startIndex=0&count=5", 200, m.listing(m.user())),
    "a count that is no number": lambda m: m.exchange("GET /Users?count=many", 200, m.listing(m.user(), m.user("8"))),
    "a count given twice": lambda m: m.exchange("GET /Users?count=1&count=2", 200, m.listing(m.user(), m.user("8"))),
    "cursor paging": lambda m: m.exchange(
        "GET /Users?cursor&count=1",
        200,
        m.listing(m.user(), totalResults=m.GONE, startIndex=m.GONE, itemsPerPage=1, nextCursor="abc"),
    ),
    "a search by POST": lambda m: m.exchange(
        "POST /Users/.search",
        200,
        m.listing(m.user()),
        sent={"schemas": [SEARCH], "filter": 'userName eq "ADA@example.com"', "count": 5},
    ),
    "a search over all types": lambda m: m.exchange(
        "POST /.search", 200, m.listing(m.user(), m.group()), sent={"schemas": [SEARCH], "filter": "displayName pr"}
    ),
    "Entra's look-up of a group": lambda m: m.exchange(
        "GET /Groups?excludedAttributes=members&filter=displayName+eq+%22Analysts%22",
        200,
        m.listing(m.group(), itemsPerPage=1),
    ),
}
WRITES: dict[str, Any] = {
    "a create": lambda m: m.created(m.user()),
    "a create with its Location spelt differently": lambda m: m.created(
        m.user(), headers={"location": "HTTPS://SCIM.example.com:443/v2/Users/7a/", "Location": m.GONE}
    ),
    "a PUT": lambda m: m.exchange("PUT /Users/7a", 200, m.user(), sent={"userName": "ada@example.com"}),
    "a PATCH, 200": lambda m: m.exchange("PATCH /Users/7a", 200, m.user(), sent={"Operations": []}),
    "a PATCH, 204": lambda m: m.exchange("PATCH /Users/7a", 204, sent={"Operations": []}),
    "a DELETE": lambda m: m.exchange("DELETE /Users/7a", 204),
}
ERRORS: dict[str, Any] = {
    "404": lambda m: m.exchange("GET /Users/zz", 404, m.error(404)),
    "400 with a keyword": lambda m: m.exchange("GET /Users?filter=x", 400, m.error(400, scimType="invalidFilter")),
    "a null keyword": lambda m: m.exchange("GET /Users/zz", 404, m.error(404, scimType=None)),
    "an error in json to a client of json": lambda m: m.exchange(
        "GET /Users/zz", 404, m.error(404), accept="application/json", kind="application/json"
    ),
    "409": lambda m: m.exchange("POST /Users", 409, m.error(409, scimType="uniqueness")),
    "401, bad token": lambda m: m.exchange(
        "GET /Users", 401, m.error(401), headers={"WWW-Authenticate": 'Bearer realm="x", error="invalid_token"'}
    ),
    "401, no token": lambda m: m.exchange(
        "GET /Users", 401, m.error(401), authorization=None, headers={"www-authenticate": "Bearer"}
    ),
    "401, empty token": lambda m: m.exchange(
        "GET /Users", 401, m.error(401), authorization="Bearer ", headers={"www-authenticate": "Basic, Bearer"}
    ),
    "405": lambda m: m.exchange("PUT /Users", 405, m.error(405), headers={"Allow": "GET, POST"}),
    "501": lambda m: m.exchange("GET /Me", 501, m.error(501)),
    "503": lambda m: m.exchange("GET /Users", 503, "<html>maintenance</html>", kind="text/html"),
}
DISCOVERY: dict[str, Any] = {
    "a configuration without id": lambda m: m.exchange("GET /ServiceProviderConfig", 200, CONFIG),
    "schemas, count ignored": lambda m: m.exchange(
        "GET /Schemas?count=1&startIndex=2", 200, m.listing(SCHEMA, SCHEMA | {"id": "urn:x"})
    ),
    "one schema": lambda m: m.exchange("GET /Schemas/urn:ietf:params:scim:schemas:core:2.0:User", 200, SCHEMA),
    "resource types": lambda m: m.exchange("GET /ResourceTypes", 200, m.listing(RESOURCE_TYPE, startIndex=m.GONE)),
    "one resource type": lambda m: m.exchange("GET /ResourceTypes/User", 200, RESOURCE_TYPE),
    "no discovery": lambda m: m.exchange("GET /Schemas", 404, m.error(404)),
}
SOUND = READS | LISTS | WRITES | ERRORS | DISCOVERY


@pytest.mark.parametrize("name", SOUND)
def test_no_check_has_anything_to_say_about(name: str, m: Any) -> None:
    found = [finding.title for finding in m.examine(SOUND[name](m))[1]]
    assert found == []


def test_every_check_is_reached_by_one_of_these(m: Any) -> None:
    reached = {check for make in SOUND.values() for check in m.examine(make(m))[0]}
    assert reached == {check.id for check in checks.all()}


def test_what_is_advertised_and_kept_is_sound_too(m: Any) -> None:
    meta = m.user()["meta"] | {"version": 'W/"3"'}
    tagged = m.exchange("GET /Users/7a", 200, m.user(meta=meta), headers={"ETag": 'W/"3"'})
    assert m.found(tagged, ETAGS) == []


def test_no_groups_is_no_broken_look_up(m: Any) -> None:
    bare = m.exchange("GET /Groups?filter=displayName%20eq%20%22x%22", 404, m.error(404))
    assert m.found(bare, NO_GROUPS) == []


def test_without_an_http_answer_nothing_is_examined(m: Any) -> None:
    assert m.examine(m.exchange("GET /Users", 0)) == ((), [])
