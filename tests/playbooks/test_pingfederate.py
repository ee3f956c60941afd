"""PingFederate's SCIM Provisioner, request by request. Typed off idp-dialects.md, Ping."""

from __future__ import annotations

import pytest

from scimrig_simulator.idp import engage, engage_for
from scimrig_simulator.playbook import answer, expect, playbook

BODY = """
    {"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"fay@example.com",
     "name":{"givenName":"Fay","familyName":"Sample"},"displayName":"Fay Sample",
     "emails":[{"value":"fay@work.example","type":"work","primary":true}],"active":true}"""


@pytest.fixture
def fay(person):
    return person("fay", 6, given_name="Fay", family_name="Sample", display_name="Fay Sample", login="fay",
                  user_name="fay@example.com", email="fay@work.example")


@pytest.mark.cites("pingfederate", "identifier", "filter-expression", "create-body", "external-id")
@pytest.mark.parametrize(("settings", "query"), [
    ({}, "filter=userName%20eq%20%22fay%40example.com%22"),
    ({"identifier": "workEmail"}, "filter=emails%20eq%20%22fay%40work.example%22"),
    ({"filter_expression": 'nickName Sw "%s"'}, "filter=nickName%20Sw%20%22fay%40example.com%22"),
    ({"filter_expression": 'emails.value eq "%s"', "identifier": "workEmail"},
     "filter=emails.value%20eq%20%22fay%40work.example%22"),
])
def test_users_are_matched_by_an_identifier_or_an_expression(settings, query, fay, empty, exactly):
    engine = engage("pingfederate", 7, **settings)
    assert playbook(engine.assign(fay), [
        (expect("GET", "/Users", query), empty),
        (expect("POST", "/Users", body=exactly(BODY)), answer(201, {"id": "u-1"})),
    ]).state == "created"
    assert engine.external_id(fay) == ""


@pytest.mark.cites("pingfederate", "provision-disabled")
def test_who_is_inactive_is_created_where_the_admin_wants_it(fay, empty, exactly):
    asleep = fay.changed({"active": False})
    look = (expect("GET", "/Users", "filter=userName%20eq%20%22fay%40example.com%22"), empty)
    body = exactly(BODY.replace('"active":true', '"active":false'))
    created = (expect("POST", "/Users", body=body), answer(201, {"id": "u-1"}))
    assert playbook(engage("pingfederate", 7).assign(asleep), [look, created]).ok
    engine = engage("pingfederate", 7, provision_disabled="off")
    assert playbook(engine.assign(asleep), [look]).state == "skipped"
    assert engine.expected_user(asleep, "assign").exists is False


@pytest.mark.cites("pingfederate", "authorization", "custom-schema", "membership")
def test_what_a_target_must_offer_follows_the_membership_setting():
    assert engage("pingfederate", 7).dialect.acts["set_members"].needs == {"users", "groups", "patch"}
    assert engage("pingfederate", 7, membership="put").dialect.acts["set_members"].needs == {"users", "groups", "put"}


def test_for_a_target_without_patch_the_admin_has_groups_sent_whole():
    for dialect, value in (("pingfederate", "put"), ("pingone", "overwrite")):
        assert engage_for(dialect, 7, {"users", "groups", "put"}).setting("membership") == value
        assert engage_for(dialect, 7, {"users", "groups", "patch"}).setting("membership") != value
    asked = engage_for("pingfederate:membership=patch", 7, {"users", "put"})
    assert asked.setting("membership") == "patch"


def test_groups_that_are_found_keep_the_members_they_had(fay, blue, found):
    engine = engage("pingfederate", 7)
    engine.adopt(fay, "u-1")
    group = {"id": "g-1", "displayName": "Team Blue", "members": [{"value": "u-7"}, {"value": "u-8"}]}
    add = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
           "Operations": [{"op": "add", "path": "members", "value": [{"value": "u-1"}]}]}
    assert playbook(engine.push_group(blue, [fay]), [
        (expect("GET", "/Groups"), found({"id": "g-2", "displayName": "Team Bluebell"}, group)),
        (expect("PATCH", "/Groups/g-1", body=add), answer(204)),
    ]).state == "linked"
    assert engine.expected_group(blue, [fay]).members == {"u-1", "u-7", "u-8"}


def test_no_users_are_imported():
    assert "groups are all it lists" in engage("pingfederate", 7).can("import_users")
