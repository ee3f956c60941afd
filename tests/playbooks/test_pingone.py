"""PingOne, request by request. Typed off idp-dialects.md, Ping: settings are documented there, requests are not."""

from __future__ import annotations

import pytest

from scimrig_simulator.idp import engage
from scimrig_simulator.playbook import answer, expect, playbook


@pytest.fixture
def gus(person):
    return person("gus", 7, given_name="Gus", family_name="Sample", display_name="Gus Sample", login="gus",
                  user_name="gus@example.com", email="gus@work.example", department="QA")


@pytest.mark.cites("pingone", "filter-expression", "identifier", "create-body", "external-id", "schema-extensions")
@pytest.mark.parametrize(("settings", "query"), [
    ({}, "filter=username%20Eq%20%22gus%40example.com%22"),
    ({"identifier": "workEmail"}, "filter=username%20Eq%20%22gus%40work.example%22"),
    ({"filter_expression": 'emails[type eq "work"].value eq "%s"', "identifier": "workEmail"},
     "filter=emails%5Btype%20eq%20%22work%22%5D.value%20eq%20%22gus%40work.example%22"),
])
def test_the_filter_expression_is_the_admins_in_any_letter_case(settings, query, gus, empty, exactly):
    engine = engage("pingone", 7, **settings)
    body = exactly("""
        {"schemas":["urn:ietf:params:scim:schemas:core:2.0:User",
                    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],"userName":"gus@example.com",
         "name":{"givenName":"Gus","familyName":"Sample"},"displayName":"Gus Sample",
         "emails":[{"value":"gus@work.example","type":"work","primary":true}],"active":true,
         "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"QA"}}""")
    assert playbook(engine.assign(gus), [
        (expect("GET", "/Users", query), empty), (expect("POST", "/Users", body=body), answer(201, {"id": "u-1"})),
    ]).state == "created"
    assert engine.external_id(gus) == ""


@pytest.mark.cites("pingone", "membership")
@pytest.mark.parametrize("value", ["merge", "overwrite"])
def test_members_that_a_group_has_besides_stay_or_go(value, gus, blue, found):
    engine = engage("pingone", 7, membership=value)
    engine.adopt(gus, "u-1")
    held = {"id": "g-1", "displayName": "Team Blue", "members": [{"value": "u-7"}]}
    look = (expect("GET", "/Groups", "filter=displayName%20eq%20%22Team%20Blue%22"), found(held))
    put = expect("PUT", "/Groups/g-1", body={
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Team Blue",
        "members": [{"value": "u-1"}]})
    add = expect("PATCH", "/Groups/g-1", body={
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "add", "path": "members", "value": [{"value": "u-1"}]}]})
    write = put if value == "overwrite" else add
    assert playbook(engine.push_group(blue, [gus]), [look, (write, answer(200))]).ok
    assert engine.expected_group(blue, [gus]).members == ({"u-1"} if value == "overwrite" else {"u-1", "u-7"})


def test_neither_cycles_nor_imports_are_known():
    assert engage("pingone", 7).can("cycle")
    assert engage("pingone", 7).can("import_users")
