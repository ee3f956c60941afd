"""Groups of Microsoft Entra without the flag (E0). Literals are typed off idp-dialects.md, Entra 6 and 10."""

from __future__ import annotations

import pytest

from scimrig_simulator.idp import engage
from scimrig_simulator.playbook import answer, expect, playbook

GROUP_LOOK_UP = "excludedAttributes=members&filter=displayName+eq+%22Team+Blue%22"
PATCH = '{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[%s]}'


@pytest.fixture
def entra():
    return engage("entra", 7)


@pytest.fixture
def linked(entra, ben):
    entra.adopt(ben, "u-1")
    return entra


@pytest.fixture
def teamed(linked, ada, ben, blue):
    linked.adopt(ada, "u-1001")
    linked.adopt_group(blue, "g-1", [ben])
    return linked


def test_push_creates_without_members_then_reads_and_adds(linked, ada, ben, blue, empty, exactly):
    linked.adopt(ada, "u-1001")
    external = linked.expected_group(blue, []).values["externalId"]
    assert len(external) == 36
    create = exactly("""
        {"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group",
                    "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
         "externalId":"<guid>","displayName":"Team Blue","meta":{"resourceType":"Group"}}""", guid=external)
    add = exactly(PATCH % '{"op":"Add","path":"members","value":[{"$ref":null,"value":"u-1001"}]}')
    outcome = playbook(linked.push_group(blue, [ada]), [
        (expect("GET", "/Groups", GROUP_LOOK_UP), empty),
        (expect("POST", "/Groups", body=create), answer(201, {"id": "g-1"})),
        (expect("GET", "/Groups/g-1", "excludedAttributes=members"), answer(200, {"id": "g-1"})),
        (expect("PATCH", "/Groups/g-1", body=add), answer(204)),
    ])
    assert (outcome.state, outcome.ok, outcome.id) == ("created", True, "g-1")
    assert linked.expected_group(blue, [ada]).to_json() == {
        "kind": "Group", "exists": True, "fate": "applied", "key": "", "members": ["u-1001"],
        "values": {"displayName": "Team Blue", "externalId": external},
    }


def test_push_links_a_group_of_that_name(linked, ben, blue, found, exactly):
    external = linked.expected_group(blue, []).values["externalId"]
    claim = exactly(PATCH % '{"op":"Add","path":"externalId","value":"<guid>"}', guid=external)
    add = exactly(PATCH % '{"op":"Add","path":"members","value":[{"$ref":null,"value":"u-1"}]}')
    outcome = playbook(linked.push_group(blue, [ben]), [
        (expect("GET", "/Groups", GROUP_LOOK_UP), found({"id": "g-1", "displayName": "Team Blue"})),
        (expect("PATCH", "/Groups/g-1", body=claim), answer(204)),
        (expect("GET", "/Groups/g-1", "excludedAttributes=members"), answer(200, {"id": "g-1"})),
        (expect("PATCH", "/Groups/g-1", body=add), answer(204)),
    ])
    assert (outcome.state, outcome.ok) == ("linked", True)


def test_members_are_added_and_removed_by_value_arrays(teamed, ada, blue, exactly):
    held = {"id": "g-1", **teamed.expected_group(blue, []).values}
    add = exactly(PATCH % '{"op":"Add","path":"members","value":[{"$ref":null,"value":"u-1001"}]}')
    remove = exactly(PATCH % '{"op":"Remove","path":"members","value":[{"$ref":null,"value":"u-1"}]}')
    outcome = playbook(teamed.set_members(blue, [ada]), [
        (expect("GET", "/Groups/g-1", "excludedAttributes=members"), answer(200, held)),
        (expect("PATCH", "/Groups/g-1", body=add), answer(204)),
        (expect("PATCH", "/Groups/g-1", body=remove), answer(204)),
    ])
    assert (outcome.state, outcome.ok) == ("updated", True)
    again = playbook(teamed.set_members(blue, [ada]), [
        (expect("GET", "/Groups/g-1", "excludedAttributes=members"), answer(200, held)),
    ])
    assert again.state == "unchanged"


def test_a_new_name_is_a_replace_of_display_name(teamed, ben, blue, exactly):
    navy = type(blue)(blue.number, blue.key, "Team Navy")
    held = {"id": "g-1", **teamed.expected_group(blue, []).values}
    body = exactly(PATCH % '{"op":"Replace","path":"displayName","value":"Team Navy"}')
    playbook(teamed.set_members(navy, [ben]), [
        (expect("GET", "/Groups/g-1", "excludedAttributes=members"), answer(200, held)),
        (expect("PATCH", "/Groups/g-1", body=body), answer(204)),
    ])


@pytest.mark.parametrize(("reply", "said"), [
    (answer(404), "HTTP/404 Not Found"),
    (answer(200, {"totalResults": 2, "Resources": [{"id": "a"}, {"id": "b"}]}), "DuplicateTargetEntries"),
    (answer(200, {"totalResults": 0.5}), "totalResults is a JSON number, not an integer"),
])
def test_a_group_look_up_that_fails_ends_the_turn(entra, blue, reply, said):
    outcome = playbook(entra.push_group(blue, []), [(expect("GET", "/Groups", GROUP_LOOK_UP), reply)])
    assert not outcome.ok
    assert said in outcome.words


def test_a_membership_that_is_refused_is_not_believed(teamed, ada, ben, blue, refused):
    held = {"id": "g-1", **teamed.expected_group(blue, []).values}
    for reply, fine in ((refused(400, "members?"), False), (answer(204), True)):
        outcome = playbook(teamed.set_members(blue, [ada, ben]), [
            (expect("GET", "/Groups/g-1", "excludedAttributes=members"), answer(200, held)),
            (expect("PATCH", "/Groups/g-1"), reply),
        ])
        assert outcome.ok is fine


def test_an_add_that_was_not_answered_may_have_come_through_so_who_leaves_is_taken_out(
    linked, ada, ben, blue, timeout, exactly
):
    linked.adopt(ada, "u-1001")
    linked.adopt_group(blue, "g-1")
    held = {"id": "g-1", **linked.expected_group(blue, []).values}
    read = (expect("GET", "/Groups/g-1", "excludedAttributes=members"), answer(200, held))
    assert not playbook(linked.set_members(blue, [ada, ben]), [read, (expect("PATCH", "/Groups/g-1"), timeout)]).ok
    add = exactly(PATCH % '{"op":"Add","path":"members","value":[{"$ref":null,"value":"u-1"}]}')
    remove = exactly(PATCH % '{"op":"Remove","path":"members","value":[{"$ref":null,"value":"u-1001"}]}')
    playbook(linked.set_members(blue, [ben]), [
        read, (expect("PATCH", "/Groups/g-1", body=add), answer(204)),
        (expect("PATCH", "/Groups/g-1", body=remove), answer(204)),
    ])
    assert playbook(linked.set_members(blue, [ben]), [read]).state == "unchanged"


def test_a_known_group_that_is_gone_is_created_again_with_all_members(teamed, ben, blue, empty, refused):
    outcome = playbook(teamed.set_members(blue, [ben]), [
        (expect("GET", "/Groups/g-1", "excludedAttributes=members"), refused(404, "gone")),
        (expect("GET", "/Groups", GROUP_LOOK_UP), empty),
        (expect("POST", "/Groups"), answer(201, {"id": "g-2"})),
        (expect("GET", "/Groups/g-2", "excludedAttributes=members"), answer(200, {"id": "g-2"})),
        (expect("PATCH", "/Groups/g-2"), answer(204)),
    ])
    assert (outcome.state, outcome.id) == ("created", "g-2")
