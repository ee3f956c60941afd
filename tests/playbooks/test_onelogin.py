"""OneLogin, request by request. Literals are typed off idp-dialects.md, OneLogin 1-10."""

from __future__ import annotations

import json

import pytest

from scimrig_simulator.idp import engage
from scimrig_simulator.playbook import answer, expect, playbook

LOOK_UP = "filter=userName+eq+%22di%40example.com%22"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
TEMPLATE = """
    {"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"di@example.com","active":"true","id":null,
     "name":{"familyName":"Sample","givenName":"Di","formatted":"Di Sample"},
     "emails":[{"value":"di@example.com","type":"work","primary":true}],"title":"<title>","meta":{"resourceType":"User"}}"""


@pytest.fixture
def di(person):
    return person("di", 4, given_name="Di", family_name="Sample", display_name="Di Sample", formatted="Di Sample",
                  user_name="di@example.com", email="di@example.com", login="di", title="Clerk", department="QA",
                  manager=9)


@pytest.fixture
def chief(person):
    return person("chief", 9, given_name="Cy", family_name="Sample", display_name="Cy Sample",
                  user_name="cy@example.com", email="cy@example.com", login="cy")


def posted(di, empty, **settings):
    """The body of the create."""
    engine = engage("onelogin", 7, **settings)
    flow = engine.assign(di)
    next(flow)
    step = flow.send(empty)
    flow.close()
    return json.loads(step.content)


@pytest.mark.cites("onelogin", "look-up", "body", "active", "emails", "id", "external-id", "app", "manager")
def test_create_sends_the_template(di, empty, exactly):
    engine = engage("onelogin", 7)
    outcome = playbook(engine.assign(di), [
        (expect("GET", "/Users", LOOK_UP), empty),
        (expect("POST", "/Users", body=exactly(TEMPLATE, title="Clerk")), answer(201, {"id": "u-1"})),
    ])
    assert (outcome.state, outcome.id) == ("created", "u-1")
    assert engine.external_id(di) == ""
    assert engine.expected_user(di, "assign").values["active"] is True


@pytest.mark.cites("onelogin", "empty-value")
def test_an_empty_parameter_is_an_empty_string(di, empty, exactly):
    engine = engage("onelogin", 7)
    playbook(engine.assign(di.changed({"title": None})), [
        (expect("GET", "/Users", LOOK_UP), empty),
        (expect("POST", "/Users", body=exactly(TEMPLATE, title="")), answer(201, {"id": "u-1"})),
    ])


def test_update_puts_the_template_and_asks_nothing_before(di, exactly):
    engine = engage("onelogin", 7)
    engine.adopt(di, "u-1")
    lead = di.changed({"title": "Lead"})
    assert playbook(engine.update(lead), [
        (expect("PUT", "/Users/u-1", body=exactly(TEMPLATE, title="Lead")), answer(200, {"id": "u-1"})),
    ]).state == "updated"
    body = exactly(TEMPLATE.replace('"active":"true"', '"active":"false"'), title="Lead")
    assert playbook(engine.deactivate(lead), [(expect("PUT", "/Users/u-1", body=body), answer(200))]).ok


@pytest.mark.cites("onelogin", "active", "emails")
def test_templates_differ(di, empty):
    mail = {"value": "di@example.com", "type": "work"}
    assert posted(di, empty, active="boolean")["active"] is True
    assert posted(di, empty, emails="object")["emails"] == mail
    assert posted(di, empty, emails="not-primary")["emails"] == [mail]


@pytest.mark.cites("onelogin", "app", "manager")
def test_the_enterprise_app_has_a_department_and_perhaps_the_manager(di, chief, empty):
    assert posted(di, empty, app="enterprise")[ENTERPRISE] == {"department": "QA"}
    assert posted(di, empty, app="enterprise")["schemas"][1] == ENTERPRISE
    for how in ("value", "managerId"):
        engine = engage("onelogin", 7, app="enterprise", manager=how)
        playbook(engine.assign(chief), [
            (expect("GET", "/Users", LOOK_UP.replace("di", "cy")), empty),
            (expect("POST", "/Users"), answer(201, {"id": "u-9"})),
        ])
        engine.adopt(di, "u-1")
        flow = engine.update(di)
        sent = json.loads(next(flow).content)
        flow.close()
        assert sent[ENTERPRISE]["manager"] == {how: "u-9", "displayName": "Cy Sample"}
        known = f"{ENTERPRISE}:manager.value" in engine.expected_user(di, "update").values
        assert known is (how == "value")


@pytest.mark.cites("onelogin", "answer-type", "approval")
def test_any_json_is_taken_and_every_action_is_approved(di, empty):
    reply = answer(201, b'{"id":"u-1"}', [("Content-Type", "application/scim+json")])
    entries = [(expect("GET", "/Users", LOOK_UP), empty), (expect("POST", "/Users"), reply)]
    assert playbook(engage("onelogin", 7).assign(di), entries).ok


@pytest.mark.cites("onelogin", "op-case", "group-create", "group-look-up")
def test_a_group_is_created_by_name_and_then_gets_its_members(di, blue, empty, exactly):
    engine = engage("onelogin", 7)
    engine.adopt(di, "u-1001")
    outcome = playbook(engine.push_group(blue, [di]), [
        (expect("GET", "/Groups"), empty),
        (expect("POST", "/Groups", body=exactly(
            '{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Team Blue"}')),
         answer(201, {"id": "g-1"})),
        (expect("PATCH", "/Groups/g-1", body=exactly(
            '{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":'
            '[{"op":"add","path":"members","value":[{"value":"u-1001"}]}]}')), answer(204)),
    ])
    assert outcome.state == "created"


def test_groups_are_neither_renamed_nor_deleted(di, blue):
    engine = engage("onelogin", 7)
    for act in ("rename_group", "delete_group", "cycle"):
        assert engine.can(act)
        assert playbook(engine.play(act, blue, [di]), []).state == "unsupported"
    engine.adopt_group(blue, "g-1", [])
    assert playbook(engine.set_members(blue.changed({"displayName": "Green"}), []), []).state == "unchanged"
    assert engine.expected_group(blue.changed({"displayName": "Green"}), []).values == {}


@pytest.mark.cites("onelogin, jumpcloud", "import")
@pytest.mark.parametrize("name", ["onelogin", "jumpcloud"])
def test_an_import_reads_users_and_groups(name, found, refused):
    engine = engage(name, 7)
    page = {"totalResults": 3, "Resources": [{"id": "u-1"}, {"id": "u-2"}]}
    pages = [(expect("GET", "/Users"), answer(200, page)),
             (expect("GET", "/Users", "startIndex=3"), answer(200, {**page, "Resources": [{"id": "u-3"}]}))]
    assert playbook(engine.import_users(), [*pages, (expect("GET", "/Groups"), found({"id": "g-1"}))]).ok
    assert engine.imported == {"u-1", "u-2", "u-3"}
    assert not playbook(engine.import_users(), [(expect("GET", "/Users"), refused(401, "who?"))]).ok
    page["totalResults"] = 9
    same = [(expect("GET", "/Users", query), answer(200, page)) for query in ("", "startIndex=3")]
    assert playbook(engine.import_users(), [*same, (expect("GET", "/Groups"), found())]).ok, "no page twice"
