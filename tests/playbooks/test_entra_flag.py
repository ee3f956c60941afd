"""Microsoft Entra with ``aadOptscim062020`` (E1): where its requests differ from E0. Literals: idp-dialects.md."""

from __future__ import annotations

import pytest

from scimrig_simulator.idp import engage
from scimrig_simulator.playbook import answer, expect, playbook

LOOK_UP = "filter=userName+eq+%22ben%40example.com%22"
GROUP_LOOK_UP = "excludedAttributes=members&filter=displayName+eq+%22Team+Blue%22"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = '{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[%s]}'
ROW = {
    "id": "u-1", "externalId": "ben", "userName": "ben@example.com", "active": True, "displayName": "Ben Sample",
    "emails": [{"primary": True, "type": "work", "value": "ben@example.com"}],
    "name": {"formatted": "Ben Sample", "familyName": "Sample", "givenName": "Ben"}, "title": "Tester",
    ENTERPRISE: {"employeeNumber": "701", "department": "QA"},
}


@pytest.fixture
def flagged(ben):
    engine = engage("entra-flag", 7)
    engine.adopt(ben, "u-1")
    return engine


@pytest.fixture
def teamed(flagged, ada, ben, blue):
    flagged.adopt(ada, "u-1001")
    flagged.adopt_group(blue, "g-1", [ben])
    return flagged


def test_connect_and_create_are_those_of_e0(ben, empty):
    plain, flagged = engage("entra", 7), engage("entra-flag", 7)
    assert next(flagged.connect()) == next(plain.connect())
    sent = []
    for engine in (plain, flagged):
        flow = engine.assign(ben)
        sent.append([next(flow), flow.send(empty)])
        flow.close()
    assert sent[0] == sent[1]


def test_update_puts_filtered_paths_first_and_merges_the_rest(flagged, ben, exactly):
    changed = ben.changed({"familyName": "Example", "email": "ben.e@example.com", "department": "Support"})
    held = {**ROW, "name": {"formatted": "Ben Example", "familyName": "Sample", "givenName": "Ben"}}
    body = exactly(PATCH % r"""{"op":"replace","path":"emails[type eq \"work\"].value","value":"ben.e@example.com"},
        {"op":"replace","value":{"displayName":"Ben Example","name.familyName":"Example",
         "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department":"Support"}}""")
    outcome = playbook(flagged.update(changed), [
        (expect("GET", "/Users/u-1"), answer(200, held)), (expect("PATCH", "/Users/u-1", body=body), answer(204)),
    ])
    assert outcome.ok
    assert flagged.inferred("update") == ()


def test_adds_and_replaces_are_merged_apart_and_that_is_inferred(flagged, ben, exactly):
    held = {**ROW, "displayName": "B", "title": None, "active": False}
    body = exactly(PATCH % """{"op":"replace","path":"active","value":true},
        {"op":"add","value":{"title":"Tester"}},{"op":"replace","value":{"displayName":"Ben Sample"}}""")
    playbook(flagged.update(ben), [
        (expect("GET", "/Users/u-1"), answer(200, held)), (expect("PATCH", "/Users/u-1", body=body), answer(204)),
    ])
    assert flagged.inferred("update") == ("both-verbs",)


def test_update_of_equal_copies_sends_nothing(flagged, ben):
    assert playbook(flagged.update(ben), [(expect("GET", "/Users/u-1"), answer(200, ROW))]).state == "unchanged"


def test_rename_stands_in_the_merged_object(flagged, ben, exactly):
    body = exactly(PATCH % '{"op":"replace","value":{"userName":"ben.example@example.com"}}')
    playbook(flagged.rename(ben.changed({"userName": "ben.example@example.com"})), [
        (expect("GET", "/Users/u-1"), answer(200, ROW)), (expect("PATCH", "/Users/u-1", body=body), answer(204)),
    ])


def test_active_keeps_its_path_and_is_a_boolean(flagged, ben, exactly):
    off = exactly(PATCH % '{"op":"replace","path":"active","value":false}')
    on = exactly(PATCH % '{"op":"replace","path":"active","value":true}')
    playbook(flagged.deactivate(ben), [(expect("PATCH", "/Users/u-1", body=off), answer(204))])
    playbook(flagged.reactivate(ben), [
        (expect("GET", "/Users/u-1"), answer(200, {**ROW, "active": False})),
        (expect("PATCH", "/Users/u-1", body=on), answer(204)),
    ])


def test_delete_disables_first_then_deletes(flagged, ben, exactly):
    off = exactly(PATCH % '{"op":"replace","path":"active","value":false}')
    outcome = playbook(flagged.delete(ben), [
        (expect("PATCH", "/Users/u-1", body=off), answer(204)), (expect("DELETE", "/Users/u-1"), answer(204)),
    ])
    assert outcome.ok


def test_push_adds_members_in_lower_case(flagged, ben, blue, empty, exactly):
    add = exactly(PATCH % '{"op":"add","path":"members","value":[{"$ref":null,"value":"u-1"}]}')
    outcome = playbook(flagged.push_group(blue, [ben]), [
        (expect("GET", "/Groups", GROUP_LOOK_UP), empty),
        (expect("POST", "/Groups"), answer(201, {"id": "g-1"})),
        (expect("GET", "/Groups/g-1", "excludedAttributes=members"), answer(200, {"id": "g-1"})),
        (expect("PATCH", "/Groups/g-1", body=add), answer(204)),
    ])
    assert outcome.state == "created"


def test_members_are_removed_by_filter_path_without_a_value(teamed, ada, blue, exactly):
    held = {"id": "g-1", **teamed.expected_group(blue, []).values}
    add = exactly(PATCH % '{"op":"add","path":"members","value":[{"$ref":null,"value":"u-1001"}]}')
    remove = exactly(PATCH % r'{"op":"remove","path":"members[value eq \"u-1\"]"}')
    playbook(teamed.set_members(blue, [ada]), [
        (expect("GET", "/Groups/g-1", "excludedAttributes=members"), answer(200, held)),
        (expect("PATCH", "/Groups/g-1", body=add), answer(204)),
        (expect("PATCH", "/Groups/g-1", body=remove), answer(204)),
    ])


def test_a_group_is_renamed_by_path_and_that_is_inferred(teamed, ben, blue, exactly):
    navy = type(blue)(blue.number, blue.key, "Team Navy")
    held = {"id": "g-1", **teamed.expected_group(blue, []).values}
    body = exactly(PATCH % '{"op":"replace","path":"displayName","value":"Team Navy"}')
    playbook(teamed.set_members(navy, [ben]), [
        (expect("GET", "/Groups/g-1", "excludedAttributes=members"), answer(200, held)),
        (expect("PATCH", "/Groups/g-1", body=body), answer(204)),
    ])
    assert teamed.inferred("set_members") == ("group-rename",)


def test_a_known_id_that_is_gone_is_looked_up_again(flagged, ben, found, refused):
    outcome = playbook(flagged.update(ben), [
        (expect("GET", "/Users/u-1"), refused(404, "gone")),
        (expect("GET", "/Users", LOOK_UP), found({**ROW, "id": "u-5"})),
    ])
    assert (outcome.state, outcome.id) == ("linked", "u-5")
