"""AD and LDAP by way of a gateway: same SCIM, full PUT, flat groups, an externalId that is a name (CAP-12)."""

from __future__ import annotations

import json

import pytest

from scimrig_simulator.idp import engage
from scimrig_simulator.playbook import answer, expect, playbook

BODY = """
    {"schemas":["urn:ietf:params:scim:schemas:core:2.0:User",
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
     "externalId":"<name>","userName":"ada@example.com",
     "name":{"formatted":"Ada Sample","familyName":"Sample","givenName":"Ada"},"displayName":"Ada Sample",
     "emails":[{"value":"ada@example.com","type":"work","primary":true}],"active":true,"locale":"en-US",
     "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"QA"}}"""
AD, LDAP = "CN=Ada Sample,OU=QA,DC=example,DC=com", "uid=ada,ou=people,dc=example,dc=com"
both = pytest.mark.parametrize(("name", "dn"), [("ad-connect", AD), ("ldap-gateway", LDAP)])


@pytest.mark.cites("ad-connect, ldap-gateway", "look-up", "create-body", "external-id")
@both
def test_everybody_is_known_by_a_distinguished_name(name, dn, ada, empty, exactly):
    engine = engage(name, 7)
    assert playbook(engine.assign(ada.changed({"department": "QA"})), [
        (expect("GET", "/Users", "filter=userName%20eq%20%22ada%40example.com%22"), empty),
        (expect("POST", "/Users", body=exactly(BODY, name=dn)), answer(201, {"id": "u-1"})),
    ]).state == "created"


@pytest.mark.cites("ad-connect, ldap-gateway", "external-id")
@both
def test_a_name_follows_a_move_and_a_guid_does_not(name, dn, ada):
    moved = ada.changed({"familyName": "New", "department": "Ops"})
    names = [engage(name, 7).external_id(person) for person in (ada, moved)]
    assert names == (["CN=Ada Sample,DC=example,DC=com", "CN=Ada New,OU=Ops,DC=example,DC=com"]
                     if name == "ad-connect" else [LDAP, LDAP])
    guids = {engage(name, 7, external_id="guid").external_id(person) for person in (ada, moved)}
    assert [len(guid) for guid in guids] == [36]


@pytest.mark.parametrize(("called", "written"), [
    ("Sample, Ada", "Sample\\, Ada"), ("#1 <Ada>", "\\#1 \\<Ada\\>"), (" Ada ", "\\ Ada\\ "),
    ('"A"+B=C;', '\\"A\\"\\+B\\=C\\;'),
    ("back\\slash", "back\\\\slash"),
])
def test_special_characters_of_a_name_are_escaped(called, written, ada):
    """RFC 4514 §2.4."""
    person = ada.changed({"displayName": called, "givenName": "Ada"})
    assert engage("ad-connect", 7).external_id(person) == f"CN={written},DC=example,DC=com"


@pytest.mark.cites("ad-connect, ldap-gateway", "nested-groups")
@both
def test_groups_are_flat_and_sent_whole(name, dn, ada, ben, blue, empty):
    engine = engage(name, 7)
    engine.adopt(ada, "u-1")
    engine.adopt(ben, "u-2")
    group = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Team Blue"}
    first = {**group, "members": [{"value": "u-1"}, {"value": "u-2"}]}
    assert playbook(engine.push_group(blue, [ada, ben]), [
        (expect("GET", "/Groups", "filter=displayName%20eq%20%22Team%20Blue%22"), empty),
        (expect("POST", "/Groups", body=first), answer(201, {"id": "g-1"})),
    ]).ok
    flow = engine.set_members(blue, [ben])
    step = next(flow)
    assert (step.method, json.loads(step.content)) == ("PUT", {**group, "members": [{"value": "u-2"}]})
    flow.close()
