"""Okta's group push, request by request. Literals are typed off idp-dialects.md, Okta 6 and 10."""

from __future__ import annotations

import pytest

from scimrig_simulator.idp import engage
from scimrig_simulator.playbook import answer, expect, playbook

GROUP_LOOK_UP = "filter=displayName%20eq%20%22Team%20Blue%22&startIndex=1&count=100"
PATCH = '{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[%s]}'
RENAME = PATCH % '{"op":"replace","value":{"id":"g-2001","displayName":"Team Blue"}}'


@pytest.fixture
def okta():
    return engage("okta", 7)


@pytest.fixture
def linked(okta, ada):
    okta.adopt(ada, "u-1001")
    return okta


@pytest.fixture
def teamed(linked, ben, blue):
    linked.adopt(ben, "u-1002")
    linked.adopt_group(blue, "g-2001", [ben])
    return linked


@pytest.mark.cites("okta", "group-look-up", "group-create", "member-object", "rename-request")
def test_push_creates_the_group_empty_then_names_it_and_adds_members(linked, ada, ben, blue, empty, exactly):
    create = exactly("""
        {"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Team Blue","members":[]}""")
    add = exactly(PATCH % '{"op":"add","path":"members","value":[{"value":"u-1001","display":"ada@example.com"}]}')
    outcome = playbook(linked.push_group(blue, [ada, ben]), [  # ben has no account: he is not sent
        (expect("GET", "/Groups", GROUP_LOOK_UP), empty),
        (expect("POST", "/Groups", body=create), answer(201, {"id": "g-2001"})),
        (expect("PATCH", "/Groups/g-2001", body=exactly(RENAME)), answer(200, {})),
        (expect("PATCH", "/Groups/g-2001", body=add), answer(204)),
    ])
    assert (outcome.state, outcome.ok, outcome.id) == ("created", True, "g-2001")
    assert linked.group_id(blue) == "g-2001"
    assert linked.expected_group(blue, [ada, ben]).to_json() == {
        "kind": "Group", "exists": True, "fate": "applied", "key": "", "values": {"displayName": "Team Blue"},
        "members": ["u-1001"],
    }


def test_push_of_an_empty_team_is_the_create_alone(okta, blue, empty):
    playbook(okta.push_group(blue, []), [
        (expect("GET", "/Groups", GROUP_LOOK_UP), empty),
        (expect("POST", "/Groups"), answer(201, {"id": "g-2001"})),
    ])


@pytest.mark.cites("okta", "full-push")
def test_push_links_a_group_of_that_name_and_replaces_its_members(linked, ada, blue, found, exactly):
    replace = exactly(
        PATCH % '{"op":"replace","path":"members","value":[{"value":"u-1001","display":"ada@example.com"}]}')
    outcome = playbook(linked.push_group(blue, [ada]), [
        (expect("GET", "/Groups", GROUP_LOOK_UP), found({"id": "g-2001", "displayName": "Team Blue"})),
        (expect("PATCH", "/Groups/g-2001", body=replace), answer(204)),
    ])
    assert (outcome.state, outcome.ok) == ("linked", True)


def test_push_again_names_the_group_and_replaces_all_members(teamed, ada, blue, exactly):
    replace = exactly(
        PATCH % '{"op":"replace","path":"members","value":[{"value":"u-1001","display":"ada@example.com"}]}')
    outcome = playbook(teamed.push_group(blue, [ada]), [
        (expect("PATCH", "/Groups/g-2001", body=exactly(RENAME)), answer(204)),
        (expect("PATCH", "/Groups/g-2001", body=replace), answer(204)),
    ])
    assert outcome.state == "updated"


@pytest.mark.cites("okta", "membership")
def test_membership_removes_by_filter_path_then_adds_all_joiners(teamed, ada, blue, exactly):
    change = exactly(PATCH % r"""{"op":"remove","path":"members[value eq \"u-1002\"]"},
        {"op":"add","path":"members","value":[{"value":"u-1001","display":"ada@example.com"}]}""")
    outcome = playbook(teamed.set_members(blue, [ada]), [
        (expect("PATCH", "/Groups/g-2001", body=exactly(RENAME)), answer(204)),
        (expect("PATCH", "/Groups/g-2001", body=change), answer(204)),
    ])
    assert outcome.ok
    assert playbook(teamed.set_members(blue, [ada]), []).state == "unchanged"


@pytest.mark.cites("okta", "group-rename")
def test_rename_goes_along_with_the_next_membership_change(teamed, ada, ben, blue, exactly):
    navy = type(blue)(blue.number, blue.key, "Team Navy")
    rename = exactly(PATCH % '{"op":"replace","value":{"id":"g-2001","displayName":"Team Navy"}}')
    playbook(teamed.set_members(navy, [ben, ada]), [
        (expect("PATCH", "/Groups/g-2001", body=rename), answer(204)),
        (expect("PATCH", "/Groups/g-2001"), answer(204)),
    ])
    assert teamed.expected_group(navy, [ben, ada]).values == {"displayName": "Team Navy"}


@pytest.mark.cites("okta", "push-failed", "a group push that failed")
def test_a_push_that_fails_leaves_the_mapping_in_error_state(teamed, ada, blue, refused):
    outcome = playbook(teamed.set_members(blue, [ada]), [
        (expect("PATCH", "/Groups/g-2001"), refused(400, "id is immutable")),
    ])
    assert (outcome.state, outcome.ok) == ("task-failed", False)
    assert "in Error state: Bad Request. Errors reported by remote server: id is immutable" in outcome.words
