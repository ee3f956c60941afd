"""A client by the book (RFC 7643, RFC 7644), request by request, updating by PATCH or by PUT."""

from __future__ import annotations

import pytest

from scimrig_simulator.idp import engage
from scimrig_simulator.playbook import answer, expect, playbook
from scimrig_simulator.wire import BY_THE_BOOK

LOOK_UP = "filter=userName%20eq%20%22ben%40example.com%22"
GROUP_LOOK_UP = "filter=displayName%20eq%20%22Team%20Blue%22"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = '{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[%s]}'


@pytest.fixture
def rfc():
    return engage("rfc", 7)


@pytest.fixture
def linked(rfc, ben):
    rfc.adopt(ben, "u-1")
    return rfc


@pytest.fixture
def row(rfc, ben):
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE], "id": "u-1",
        "externalId": rfc.external_id(ben), "userName": "ben@example.com",
        "name": {"formatted": "Ben Sample", "familyName": "Sample", "givenName": "Ben"},
        "displayName": "Ben Sample", "title": "Tester", "active": True,
        "emails": [{"value": "ben@example.com", "type": "work", "primary": True}],
        ENTERPRISE: {"employeeNumber": "701", "department": "QA"},
        "meta": {"resourceType": "User", "location": "https://scim.example.com/v2/Users/u-1"},
    }


@pytest.fixture
def teamed(linked, ada, ben, blue):
    linked.adopt(ada, "u-1001")
    linked.adopt_group(blue, "g-1", [ben])
    return linked


@pytest.mark.cites("rfc", "test-request", "accept")
def test_connect_reads_one_user(rfc, found):
    outcome = playbook(rfc.connect(), [
        (expect("GET", "/Users", "startIndex=1&count=1", headers=BY_THE_BOOK[:2]), found({"id": "x"})),
    ])
    assert (outcome.state, outcome.ok) == ("done", True)


@pytest.mark.cites("rfc", "no JSON", "401")
@pytest.mark.parametrize(("reply", "said"), [
    (answer(401), "401 Unauthorized"), (answer(404), "404 Not Found"), (answer(200, b"<html>"), "Unrecognized token"),
])
def test_connect_that_fails_says_what_came_back(rfc, reply, said):
    outcome = playbook(rfc.connect(), [(expect("GET", "/Users", "startIndex=1&count=1"), reply)])
    assert (outcome.state, outcome.ok) == ("object-error", False)
    assert said in outcome.words


@pytest.mark.cites("rfc", "content-type", "query-encoding", "look-up", "look-up-none", "schemas", "external-id")
def test_create(rfc, ben, empty, row, exactly):
    body = exactly("""
        {"schemas":["urn:ietf:params:scim:schemas:core:2.0:User",
                    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
         "externalId":"<guid>","userName":"ben@example.com",
         "name":{"formatted":"Ben Sample","familyName":"Sample","givenName":"Ben"},
         "displayName":"Ben Sample","title":"Tester","active":true,
         "emails":[{"value":"ben@example.com","type":"work","primary":true}],
         "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":"701","department":"QA"}}
        """, guid=rfc.external_id(ben))
    outcome = playbook(rfc.assign(ben), [
        (expect("GET", "/Users", LOOK_UP), empty),
        (expect("POST", "/Users", body=body, headers=BY_THE_BOOK), answer(201, row)),
    ])
    assert (outcome.state, outcome.ok, outcome.id) == ("created", True, "u-1")
    assert rfc.expected_user(ben, "assign").values == {
        "externalId": rfc.external_id(ben), "userName": "ben@example.com", "name.formatted": "Ben Sample",
        "name.familyName": "Sample", "name.givenName": "Ben", "displayName": "Ben Sample", "title": "Tester",
        'emails[type eq "work"].value': "ben@example.com", f"{ENTERPRISE}:employeeNumber": "701",
        f"{ENTERPRISE}:department": "QA", "active": True,
    }


@pytest.mark.cites("rfc", "creation", "empty body", "no id")
def test_a_201_without_a_body_is_read_from_location(rfc, ben, empty):
    location = [("Location", "https://scim.example.com/v2/Users/u%2F1")]
    outcome = playbook(rfc.assign(ben), [
        (expect("GET", "/Users", LOOK_UP), empty), (expect("POST", "/Users"), answer(201, headers=location)),
    ])
    assert (outcome.state, outcome.id) == ("created", "u/1")
    playbook(rfc.delete(ben), [(expect("DELETE", "/Users/u%2F1"), answer(204))])


@pytest.mark.cites("rfc", "409 to a create", "400", "5xx", "no id")
@pytest.mark.parametrize(("reply", "said"), [
    (answer(201), "neither the body's id nor Location"), (answer(409, {"detail": "taken"}), "409 Conflict"),
    (answer(400, b"no"), "400 Bad Request, body: no"), (answer(500), "500 Internal Server Error"),
])
def test_a_create_that_fails_links_nobody(rfc, ben, empty, reply, said):
    outcome = playbook(rfc.assign(ben), [(expect("GET", "/Users", LOOK_UP), empty), (expect("POST", "/Users"), reply)])
    assert not outcome.ok
    assert said in outcome.words
    assert rfc.id_of(ben) == ""


@pytest.mark.cites("rfc", "404 to a look-up", "401", "403", "5xx", "no totalResults", "totalResults no integer")
@pytest.mark.parametrize(("reply", "said"), [
    (answer(404), "404 Not Found"), (answer(401), "401"), (answer(403), "403"), (answer(500), "500"),
    (answer(200, {"Resources": []}), "totalResults is missing"), (answer(200, []), "JSON array"),
    (answer(200, {"totalResults": "0"}), "totalResults is a JSON string"),
    (answer(200, {"totalResults": 1, "Resources": [{}]}), "the first of Resources has no id"),
])
def test_a_look_up_is_answered_by_a_list_even_where_it_is_empty(rfc, ben, reply, said):
    outcome = playbook(rfc.assign(ben), [(expect("GET", "/Users", LOOK_UP), reply)])
    assert (outcome.state, outcome.ok) == ("object-error", False)
    assert said in outcome.words


@pytest.mark.cites("rfc", "profile-update", "204 to an update")
def test_found_is_linked_and_updated(rfc, ben, row, found, exactly):
    held = {**row, "active": False, "externalId": "of another"}
    body = exactly(PATCH % """{"op":"replace","path":"externalId","value":"<guid>"},
        {"op":"replace","path":"active","value":true}""", guid=rfc.external_id(ben))
    outcome = playbook(rfc.assign(ben), [
        (expect("GET", "/Users", LOOK_UP), found(held)),
        (expect("GET", "/Users/u-1"), answer(200, held)),
        (expect("PATCH", "/Users/u-1", body=body), answer(204)),
    ])
    assert (outcome.state, outcome.ok) == ("linked", True)


def test_update_replaces_by_simple_paths_and_removes_what_is_gone(linked, ben, row, exactly):
    changed = ben.changed({"familyName": "Example", "department": "Support", "title": None, "mobile": "+1 202 555 0101",
                           "email": "ben.e@example.com"})
    held = {**row, "phoneNumbers": [{"value": "+1 202 555 0199", "type": "home"}]}
    body = exactly(PATCH % """
        {"op":"replace","path":"name.formatted","value":"Ben Example"},
        {"op":"replace","path":"name.familyName","value":"Example"},
        {"op":"replace","path":"displayName","value":"Ben Example"},
        {"op":"remove","path":"title"},
        {"op":"replace","path":"emails","value":[{"value":"ben.e@example.com","type":"work","primary":true}]},
        {"op":"replace","path":"phoneNumbers","value":[{"value":"+1 202 555 0199","type":"home"},
                                                       {"value":"+1 202 555 0101","type":"mobile"}]},
        {"op":"replace","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
         "value":"Support"}""")
    outcome = playbook(linked.update(changed), [
        (expect("GET", "/Users/u-1"), answer(200, held)), (expect("PATCH", "/Users/u-1", body=body), answer(200, held)),
    ])
    assert (outcome.state, outcome.ok) == ("updated", True)
    values = linked.expected_user(changed, "update").values
    assert values["title"] is None
    assert values['phoneNumbers[type eq "mobile"].value'] == "+1 202 555 0101"
    assert "locale" not in values  # never sent, so nothing is expected of it


def test_the_last_phone_that_goes_takes_the_attribute_along(linked, ben, row, exactly):
    held = {**row, "phoneNumbers": [{"value": "+1 202 555 0101", "type": "mobile"}]}
    playbook(linked.update(ben), [
        (expect("GET", "/Users/u-1"), answer(200, held)),
        (expect("PATCH", "/Users/u-1", body=exactly(PATCH % '{"op":"remove","path":"phoneNumbers"}')), answer(204)),
    ])


def test_update_of_equal_copies_sends_nothing(linked, ben, row):
    assert playbook(linked.update(ben), [(expect("GET", "/Users/u-1"), answer(200, row))]).state == "unchanged"


def test_rename(linked, ben, row, exactly):
    renamed = ben.changed({"userName": "ben.example@example.com"})
    body = exactly(PATCH % '{"op":"replace","path":"userName","value":"ben.example@example.com"}')
    assert playbook(linked.rename(renamed), [
        (expect("GET", "/Users/u-1"), answer(200, row)), (expect("PATCH", "/Users/u-1", body=body), answer(204)),
    ]).ok


@pytest.mark.cites("rfc", "active")
@pytest.mark.parametrize(("act", "text", "active"), [("deactivate", "false", False), ("reactivate", "true", True)])
def test_the_switch_is_one_replace_of_active(linked, ben, exactly, act, text, active):
    body = exactly(PATCH % '{"op":"replace","path":"active","value":<on>}', on=text)
    assert playbook(getattr(linked, act)(ben), [(expect("PATCH", "/Users/u-1", body=body), answer(204))]).ok
    assert linked.expected_user(ben, act).values == {"active": active}


@pytest.mark.cites("rfc", "delete")
def test_delete(linked, ben):
    assert playbook(linked.delete(ben), [(expect("DELETE", "/Users/u-1", body=None), answer(204))]).ok
    assert linked.expected_user(ben, "delete").exists is False


@pytest.mark.cites("rfc", "404 to a delete")
def test_delete_of_what_is_not_there_is_an_error(linked, ben, refused):
    outcome = playbook(linked.delete(ben), [(expect("DELETE", "/Users/u-1"), refused(404, "gone"))])
    assert not outcome.ok
    assert "404 Not Found" in outcome.words


@pytest.mark.cites("rfc", "404 to a read", "timeout")
def test_a_known_id_that_is_gone_is_an_error_and_nothing_is_created(linked, ben, refused, timeout):
    for reply, said in ((refused(404, "gone"), "404 Not Found"), (timeout, "Read timed out"),
                        (answer(200), "the body is empty")):
        outcome = playbook(linked.update(ben), [(expect("GET", "/Users/u-1"), reply)])
        assert not outcome.ok
        assert said in outcome.words


def test_nobody_is_changed_before_they_are_assigned(rfc, ben):
    for flow in (rfc.update(ben), rfc.deactivate(ben), rfc.reactivate(ben), rfc.delete(ben)):
        assert "assign the person first" in playbook(flow, []).words


# By PUT --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def putting(ben):
    engine = engage("rfc", 7, profile_update="put")
    engine.adopt(ben, "u-1")
    return engine


@pytest.mark.cites("rfc", "profile-update")
def test_put_sends_the_object_read_with_the_changes_in_it(putting, ben, row):
    changed = ben.changed({"department": None, "employeeNumber": None, "title": "Lead"})
    wanted = {name: value for name, value in {**row, "title": "Lead"}.items() if name != ENTERPRISE}
    outcome = playbook(putting.update(changed), [
        (expect("GET", "/Users/u-1"), answer(200, row)),
        (expect("PUT", "/Users/u-1", body=wanted), answer(200, wanted)),
    ])
    assert (outcome.state, outcome.ok) == ("updated", True)
    assert putting.expected_user(changed, "update").values[f"{ENTERPRISE}:department"] is None


@pytest.mark.cites("rfc", "active")
@pytest.mark.parametrize(("act", "active"), [("deactivate", False), ("reactivate", True)])
def test_the_switch_by_put_changes_active_alone(putting, ben, row, act, active):
    held = {**row, "active": not active, "title": "of somebody else"}
    assert playbook(getattr(putting, act)(ben), [
        (expect("GET", "/Users/u-1"), answer(200, held)),
        (expect("PUT", "/Users/u-1", body={**held, "active": active}), answer(200, held)),
    ]).ok


def test_needs_follow_from_the_option(rfc, putting):
    assert rfc.dialect.acts["update"].needs == {"users", "patch"}
    assert putting.dialect.acts["update"].needs == {"users", "put"}
    with pytest.raises(ValueError, match="profile-update cannot be 'post': it is one of patch, put"):
        engage("rfc", 7, profile_update="post")


# Groups --------------------------------------------------------------------------------------------------------------


@pytest.mark.cites("rfc", "group-create", "member-object")
def test_push_creates_the_group_with_its_members(linked, ada, ben, blue, empty, exactly):
    external = linked.expected_group(blue, []).values["externalId"]
    body = exactly("""
        {"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"externalId":"<guid>","displayName":"Team Blue",
         "members":[{"value":"u-1"}]}""", guid=external)
    outcome = playbook(linked.push_group(blue, [ben, ada]), [
        (expect("GET", "/Groups", GROUP_LOOK_UP), empty),
        (expect("POST", "/Groups", body=body), answer(201, {"id": "g-1"})),
    ])
    assert (outcome.state, outcome.ok, outcome.id) == ("created", True, "g-1")
    assert linked.expected_group(blue, [ben, ada]).members == {"u-1"}
    assert playbook(linked.push_group(blue, [ben]), []).state == "unchanged"


def test_push_links_a_group_and_makes_its_members_ours(linked, ben, blue, found, exactly):
    external = linked.expected_group(blue, []).values["externalId"]
    body = exactly(PATCH % r"""{"op":"replace","path":"externalId","value":"<guid>"},
        {"op":"remove","path":"members[value eq \"u-8\"]"},
        {"op":"add","path":"members","value":[{"value":"u-1"}]}""", guid=external)
    held = {"id": "g-1", "displayName": "Team Blue", "members": [{"value": "u-8"}, "odd", {"value": 3}]}
    outcome = playbook(linked.push_group(blue, [ben]), [
        (expect("GET", "/Groups", GROUP_LOOK_UP), found(held)),
        (expect("PATCH", "/Groups/g-1", body=body), answer(204)),
    ])
    assert (outcome.state, outcome.ok) == ("linked", True)


@pytest.mark.cites("rfc", "membership")
def test_members_are_removed_by_value_path_and_added_at_once(teamed, ada, blue, exactly):
    body = exactly(PATCH % r"""{"op":"remove","path":"members[value eq \"u-1\"]"},
        {"op":"add","path":"members","value":[{"value":"u-1001"}]}""")
    outcome = playbook(teamed.set_members(blue, [ada]), [(expect("PATCH", "/Groups/g-1", body=body), answer(204))])
    assert (outcome.state, outcome.ok) == ("updated", True)
    assert playbook(teamed.set_members(blue, [ada]), []).state == "unchanged"


def test_a_new_name_of_the_team_is_a_replace(linked, ben, blue, empty, exactly):
    playbook(linked.push_group(blue, [ben]), [
        (expect("GET", "/Groups", GROUP_LOOK_UP), empty), (expect("POST", "/Groups"), answer(201, {"id": "g-1"})),
    ])
    navy = type(blue)(blue.number, blue.key, "Team Navy")
    body = exactly(PATCH % '{"op":"replace","path":"displayName","value":"Team Navy"}')
    assert playbook(linked.set_members(navy, [ben]), [(expect("PATCH", "/Groups/g-1", body=body), answer(204))]).ok


def test_a_group_of_other_origin_keeps_its_name_and_external_id(teamed, ada, blue):
    assert playbook(teamed.set_members(blue, [ada]), [(expect("PATCH", "/Groups/g-1"), answer(204))]).ok
    assert teamed.expected_group(blue, [ada]).to_json() == {
        "kind": "Group", "exists": True, "fate": "applied", "key": "", "values": {}, "members": ["u-1001"],
    }


def test_a_change_that_is_refused_is_not_believed(teamed, ada, blue, refused):
    for reply, fine in ((refused(400, "no"), False), (answer(204), True)):
        assert playbook(teamed.set_members(blue, [ada]), [(expect("PATCH", "/Groups/g-1"), reply)]).ok is fine
