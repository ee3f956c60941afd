"""What an admin of Microsoft Entra may switch off, and what becomes of leavers. Literals: idp-dialects.md, Entra 5."""

from __future__ import annotations

import pytest

from scimrig_simulator.idp import engage
from scimrig_simulator.playbook import answer, expect, playbook

LOOK_UP = "filter=userName+eq+%22ben%40example.com%22"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = '{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[%s]}'
OFF = PATCH % '{"op":"Replace","path":"active","value":"False"}'
ROW = {
    "id": "u-1", "externalId": "ben", "userName": "ben@example.com", "active": True, "displayName": "Ben Sample",
    "emails": [{"primary": True, "type": "work", "value": "ben@example.com"}],
    "name": {"formatted": "Ben Sample", "familyName": "Sample", "givenName": "Ben"}, "title": "Tester",
    ENTERPRISE: {"employeeNumber": "701", "department": "QA"},
}


@pytest.fixture
def linked(ben):
    """``linked(update="off")``: an engine with these knobs, to which Ben is u-1."""

    def engaged(**settings):
        engine = engage("entra", 7, **settings)
        engine.adopt(ben, "u-1")
        return engine

    return engaged


@pytest.mark.cites("entra", "create")
def test_who_is_not_there_is_not_created_while_create_is_off(ben, empty, found):
    engine = engage("entra", 7, create="off")
    outcome = playbook(engine.play("assign", ben), [(expect("GET", "/Users", LOOK_UP), empty)])
    assert (outcome.state, outcome.ok) == ("skipped", True)
    assert engine.expected_user(ben, "assign").exists is False
    outcome = playbook(engine.play("assign", ben), [(expect("GET", "/Users", LOOK_UP), found(ROW))])
    assert outcome.state == "linked"
    for act in ("deactivate", "unassign", "delete"):
        assert playbook(engage("entra", 7, create="off").play(act, ben), []).state == "skipped"


@pytest.mark.cites("entra", "update")
def test_no_profile_is_patched_while_update_is_off(ben, found, linked, exactly):
    engine = engage("entra", 7, update="off")
    was = {**ROW, "title": "Guest", "active": False}
    on = exactly(PATCH % '{"op":"Replace","path":"active","value":"True"}')
    playbook(engine.play("assign", ben), [
        (expect("GET", "/Users", LOOK_UP), found(was)), (expect("PATCH", "/Users/u-1", body=on), answer(204)),
    ])
    held = engine.expected_user(ben.changed({"title": "Guest"}), "assign")
    assert engine.expected_user(ben, "assign", held=held).values["title"] == "Guest"
    for act in ("update", "rename"):
        assert playbook(engine.play(act, ben), []).state == "skipped"


@pytest.mark.cites("entra", "deactivate")
def test_active_is_never_patched_and_nobody_deleted_while_deactivate_is_off(ben, linked, exactly):
    engine = linked(deactivate="off")
    for act in ("deactivate", "unassign", "delete"):
        outcome = playbook(engine.play(act, ben), [])
        assert (outcome.state, outcome.ok) == ("skipped", True)
    row = {**ROW, "active": False, "title": "Guest"}
    body = exactly(PATCH % '{"op":"Replace","path":"title","value":"Tester"}')
    playbook(engine.play("reactivate", ben), [
        (expect("GET", "/Users/u-1"), answer(200, row)), (expect("PATCH", "/Users/u-1", body=body), answer(204)),
    ])
    held = engine.expected_user(ben.changed({"active": False}), "update")
    assert engine.expected_user(ben, "reactivate", held=held).values["active"] is False


@pytest.mark.cites("entra", "groups")
def test_no_group_is_spoken_of_while_groups_are_off(linked, ben, blue):
    engine = linked(groups="off")
    for act in ("push_group", "set_members", "rename_group", "delete_group"):
        assert playbook(engine.play(act, blue, [ben]), []).state == "skipped"


@pytest.mark.cites("entra", "out-of-scope")
def test_who_leaves_the_scope_is_switched_off_or_with_skip_out_of_scope_deletions_left_alone(linked, ben, exactly):
    engine = linked()
    playbook(engine.play("unassign", ben), [(expect("PATCH", "/Users/u-1", body=exactly(OFF)), answer(204))])
    assert engine.expected_user(ben, "unassign").values == {"active": False}
    engine = linked(out_of_scope="leave")
    outcome = playbook(engine.play("unassign", ben), [])
    assert (outcome.state, outcome.ok) == ("skipped", True)
    assert "SkipOutOfScopeDeletions" in outcome.words
    held = engine.expected_user(ben, "update")
    assert engine.expected_user(ben, "unassign", held=held).values["active"] is True


@pytest.mark.cites("entra", "unfollowed")
@pytest.mark.parametrize("out_of_scope", ["deactivate", "leave"])
def test_who_was_unassigned_is_no_longer_followed_so_that_no_delete_comes(out_of_scope, linked, ben, exactly):
    engine = linked(out_of_scope=out_of_scope)
    off = [(expect("PATCH", "/Users/u-1", body=exactly(OFF)), answer(204))]
    playbook(engine.unassign(ben), off if out_of_scope == "deactivate" else [])
    outcome = playbook(engine.delete(ben), [])
    assert (outcome.state, outcome.ok) == ("unchanged", True)
    assert engine.expected_user(ben, "delete").exists is True
    playbook(engine.assign(ben), [(expect("GET", "/Users/u-1"), answer(200, ROW))])
    playbook(engine.delete(ben), [
        (expect("PATCH", "/Users/u-1"), answer(204)), (expect("DELETE", "/Users/u-1"), answer(204)),
    ])
    assert engine.expected_user(ben, "delete").exists is False


@pytest.mark.cites("entra", "hard-delete")
def test_a_hard_delete_straight_after_the_soft_one_may_yield_nothing_but_the_test_query(linked, ben, empty):
    query = next(engage("entra", 7).connect()).query
    engine = linked(hard_delete="missed")
    outcome = playbook(engine.delete(ben), [(expect("GET", "/Users", query), empty)])
    assert (outcome.state, outcome.ok) == ("unchanged", True)
    assert engine.expected_user(ben, "delete").exists is True
    playbook(engine.deactivate(ben), [(expect("PATCH", "/Users/u-1"), answer(204))])
    playbook(engine.delete(ben), [(expect("DELETE", "/Users/u-1"), answer(204))])
    assert engine.expected_user(ben, "delete").exists is False
