"""Google Workspace, request by request. Literals are typed off idp-dialects.md, Google 1-10 (provisional there)."""

from __future__ import annotations

import pytest

from scimrig_simulator.idp import engage
from scimrig_simulator.playbook import answer, expect, playbook
from scimrig_simulator.wire import CREDENTIALS, LENGTH

LOOK_UP = "filter=userName%20eq%20%22cy%40example.com%22&startIndex=1"
ROW = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "u-1", "userName": "cy@example.com",
    "name": {"givenName": "Cy", "familyName": "Sample"},
    "emails": [{"value": "cy@example.com", "type": "work", "primary": True}], "active": True,
    "meta": {"resourceType": "User"},
}


@pytest.fixture
def cy(person):
    return person("cy", given_name="Cy", family_name="Sample", display_name="Cy Sample", user_name="cy@example.com",
                  email="cy@example.com", login="cy")


@pytest.fixture
def google():
    return engage("google", 7)


@pytest.fixture
def linked(google, cy):
    google.adopt(cy, "u-1")
    return google


def test_connect_is_one_light_read(google, found):
    outcome = playbook(google.connect(), [(expect("GET", "/Users", "startIndex=1", body=None), found(ROW))])
    assert (outcome.state, outcome.ok) == ("done", True)


@pytest.mark.parametrize("reply", [answer(401), answer(404), answer(500), answer(200, b"<html>"), answer(200, {})])
def test_connect_that_fails_says_what_to_check(google, reply):
    outcome = playbook(google.connect(), [(expect("GET", "/Users", "startIndex=1"), reply)])
    assert not outcome.ok
    assert "token or endpoint URL" in outcome.words


def test_headers_name_the_agent_and_bodies_are_plain_json(google):
    assert google.headers(body=False) == (("Authorization", CREDENTIALS), ("User-Agent", "Google-Auto-Provisioning"))
    assert google.headers(body=True)[2:] == (("Content-Type", "application/json"), ("Content-Length", LENGTH))


@pytest.mark.parametrize("nobody", [answer(200, {"totalResults": 0, "Resources": []}), answer(404)])
def test_create(google, cy, exactly, nobody):
    body = exactly("""
        {"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"cy@example.com",
         "name":{"givenName":"Cy","familyName":"Sample"},
         "emails":[{"value":"cy@example.com","type":"work","primary":true}],"active":true}""")
    outcome = playbook(google.assign(cy), [
        (expect("GET", "/Users", LOOK_UP, headers=google.headers(body=False)), nobody),
        (expect("POST", "/Users", body=body, headers=google.headers(body=True)), answer(201, ROW)),
    ])
    assert (outcome.state, outcome.ok, outcome.id) == ("created", True, "u-1")
    assert google.external_id(cy) == ""
    assert google.expected_user(cy, "assign").values == {
        "userName": "cy@example.com", "name.givenName": "Cy", "name.familyName": "Sample",
        'emails[type eq "work"].value': "cy@example.com", "active": True,
    }


def test_create_declares_the_enterprise_extension_where_it_is_mapped(google, cy, empty, exactly):
    body = exactly("""
        {"schemas":["urn:ietf:params:scim:schemas:core:2.0:User",
                    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],"userName":"cy@example.com",
         "name":{"givenName":"Cy","familyName":"Sample"},
         "emails":[{"value":"cy@example.com","type":"work","primary":true}],"active":true,"title":"Clerk",
         "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"QA"}}""")
    playbook(google.assign(cy.changed({"department": "QA", "title": "Clerk"})), [
        (expect("GET", "/Users", LOOK_UP), empty), (expect("POST", "/Users", body=body), answer(201, ROW)),
    ])


def test_found_is_linked_and_replaced(google, cy, found):
    held = {**ROW, "name": {"givenName": "C", "familyName": "S"}, "nickName": "C"}
    outcome = playbook(google.assign(cy), [
        (expect("GET", "/Users", LOOK_UP), found(held)),
        (expect("GET", "/Users/u-1"), answer(200, held)),
        (expect("PUT", "/Users/u-1", body={**ROW, "nickName": "C"}), answer(200, held)),
    ])
    assert (outcome.state, outcome.ok) == ("linked", True)


def test_update_looks_up_reads_and_replaces(linked, cy, found, exactly):
    held = {**ROW, "title": "Clerk", "displayName": "Cy"}
    body = exactly("""
        {"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"u-1","userName":"cy@example.com",
         "name":{"givenName":"Cy","familyName":"Example"},
         "emails":[{"value":"cy@example.com","type":"work","primary":true}],"active":true,
         "meta":{"resourceType":"User"},"displayName":"Cy"}""")
    changed = cy.changed({"familyName": "Example"})
    outcome = playbook(linked.update(changed), [
        (expect("GET", "/Users", LOOK_UP), found(held)),
        (expect("GET", "/Users/u-1"), answer(200, held)),
        (expect("PUT", "/Users/u-1", body=body), answer(200, held)),
    ])
    assert (outcome.state, outcome.ok) == ("updated", True)
    values = linked.expected_user(changed, "update").values
    assert values["title"] is None
    assert values["name.familyName"] == "Example"


def test_rename_looks_up_by_the_old_address_then_by_the_new_one(google, cy, empty, found):
    playbook(google.assign(cy), [
        (expect("GET", "/Users", LOOK_UP), empty), (expect("POST", "/Users"), answer(201, ROW)),
    ])
    renamed = cy.changed({"userName": "cy.new@example.com", "email": "cy.new@example.com"})
    new_row = {**ROW, "userName": "cy.new@example.com",
               "emails": [{"value": "cy.new@example.com", "type": "work", "primary": True}]}
    playbook(google.rename(renamed), [
        (expect("GET", "/Users", LOOK_UP), found(ROW)),
        (expect("GET", "/Users/u-1"), answer(200, ROW)),
        (expect("PUT", "/Users/u-1", body=new_row), answer(200, new_row)),
    ])
    flow = google.update(renamed)
    assert next(flow).query == "filter=userName%20eq%20%22cy.new%40example.com%22&startIndex=1"
    flow.close()


@pytest.mark.parametrize(("act", "active"), [("deactivate", False), ("reactivate", True)])
def test_suspending_is_the_update_with_active_changed(linked, cy, found, act, active):
    held = {**ROW, "active": not active}
    outcome = playbook(getattr(linked, act)(cy), [
        (expect("GET", "/Users", LOOK_UP), found(held)),
        (expect("GET", "/Users/u-1"), answer(200, held)),
        (expect("PUT", "/Users/u-1", body={**ROW, "active": active}), answer(200, held)),
    ])
    assert outcome.ok
    assert linked.expected_user(cy, act).values["active"] is active
    assert linked.expected_user(cy, "update").values["active"] is active


def test_who_is_known_but_hidden_from_the_look_up_is_asked_for_by_id(linked, cy, empty):
    outcome = playbook(linked.reactivate(cy), [
        (expect("GET", "/Users", LOOK_UP), empty),
        (expect("GET", "/Users/u-1"), answer(200, ROW)),
        (expect("PUT", "/Users/u-1"), answer(200, ROW)),
    ])
    assert outcome.ok


@pytest.mark.parametrize(("status", "inferred"), [(204, ()), (404, ("delete-404",))])
def test_delete(linked, cy, status, inferred):
    outcome = playbook(linked.delete(cy), [(expect("DELETE", "/Users/u-1", body=None), answer(status))])
    assert outcome.ok
    assert set(inferred) <= set(linked.inferred("delete"))
    assert linked.expected_user(cy, "delete").exists is False


def test_groups_are_not_pushed_and_the_reason_is_given(google, blue, cy):
    for act in ("push_group", "set_members", "rename_group", "delete_group"):
        assert google.can(act).startswith("Google pushes no groups")
        outcome = playbook(google.play(act, blue, [cy]), [])
        assert (outcome.state, outcome.ok) == ("unsupported", False)
        assert google.inferred(act) == ()


def test_all_but_the_look_up_and_the_headers_is_inferred(google):
    known = {knob.name for knob in google.dialect.knobs if knob.mark != "inferred"}
    assert known == {"user-agent", "content-type", "query-encoding", "look-up", "paging-parameters", "cadence",
                     "deactivate-delay", "delete-delay", "archived", "groups"}
    assert all(google.inferred(act) for act in google.dialect.acts)


# Reactions -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("reply", "said"), [
    (answer(401), "401 Unauthorized"), (answer(403), "403 Forbidden"), (answer(429), "429 Too Many Requests"),
    (answer(500, b"oops"), "500 Internal Server Error, body: oops"), (answer(200, b"<html>"), "Unrecognized token"),
    (answer(200, {"totalResults": "1", "Resources": [ROW]}), "totalResults is a JSON string"),
    (answer(200, {"totalResults": 1, "Resources": [{}]}), "has no id"),
])
def test_a_look_up_that_fails_is_logged(google, cy, reply, said):
    for act in (google.assign, google.update):
        outcome = playbook(act(cy), [(expect("GET", "/Users", LOOK_UP), reply)])
        assert outcome.words.startswith("Provisioning of cy@example.com failed: ")
        assert said in outcome.words


@pytest.mark.parametrize("reply", [answer(201), answer(201, {}), answer(409, {"detail": "exists"}), answer(500)])
def test_a_create_that_fails_links_nobody(google, cy, empty, reply):
    outcome = playbook(google.assign(cy), [
        (expect("GET", "/Users", LOOK_UP), empty), (expect("POST", "/Users"), reply),
    ])
    assert not outcome.ok
    assert google.id_of(cy) == ""


def test_a_known_id_that_is_gone_is_logged(linked, cy, empty, refused, timeout):
    for reply, said in ((refused(404, "gone"), "404 Not Found"), (timeout, "Read timed out"),
                        (answer(200, []), "JSON array")):
        outcome = playbook(linked.update(cy), [
            (expect("GET", "/Users", LOOK_UP), empty), (expect("GET", "/Users/u-1"), reply),
        ])
        assert not outcome.ok
        assert said in outcome.words


def test_a_replace_or_delete_that_is_refused_is_logged(linked, cy, found, refused):
    outcome = playbook(linked.update(cy), [
        (expect("GET", "/Users", LOOK_UP), found(ROW)), (expect("GET", "/Users/u-1"), answer(200, ROW)),
        (expect("PUT", "/Users/u-1"), refused(400, "meta is read-only")),
    ])
    assert "meta is read-only" in outcome.words
    assert not playbook(linked.delete(cy), [(expect("DELETE", "/Users/u-1"), answer(500))]).ok


def test_nobody_unknown_is_updated_or_deleted(google, cy, empty):
    assert "assign the user first" in playbook(google.update(cy), [(expect("GET", "/Users", LOOK_UP), empty)]).words
    assert "assign the user first" in playbook(google.delete(cy), []).words


# Settings ------------------------------------------------------------------------------------------------------------


@pytest.mark.cites("google", "on-suspend")
@pytest.mark.parametrize("value", ["deactivate", "delete"])
def test_who_is_suspended_is_suspended_or_deleted_in_the_app(cy, found, value):
    engine = engage("google", 7, on_suspend=value)
    engine.adopt(cy, "u-1")
    gone = [(expect("DELETE", "/Users/u-1"), answer(204))]
    off = [(expect("GET", "/Users", LOOK_UP), found(ROW)), (expect("GET", "/Users/u-1"), answer(200, ROW)),
           (expect("PUT", "/Users/u-1", body={**ROW, "active": False}), answer(200, ROW))]
    assert playbook(engine.deactivate(cy), gone if value == "delete" else off).ok
    assert engine.expected_user(cy, "deactivate").exists is (value == "deactivate")


@pytest.mark.cites("google", "deactivate-delay", "delete-delay")
@pytest.mark.parametrize("seconds", ["0", "86400", "604800", "2592000"])
def test_a_suspension_or_a_delete_may_wait_a_day_a_week_or_a_month(seconds):
    engine = engage("google", 7, deactivate_delay=seconds, delete_delay=seconds)
    for name in ("deactivate-delay", "delete-delay"):
        assert (engine.setting(name), engine.dialect.knob(name).mark) == (seconds, "doc")


@pytest.mark.cites("google", "test-request", "user-agent", "accept", "content-type", "header-order")
def test_headers_and_the_first_request_can_be_turned(cy):
    turned = engage("google", 7, content_type="application/scim+json", accept="application/json", user_agent="none")
    assert [line for line in turned.headers(body=True) if line[1] not in (CREDENTIALS, LENGTH)] == [
        ("Accept", "application/json"), ("Content-Type", "application/scim+json")]


@pytest.mark.cites("google", "paging-parameters", "look-up")
def test_the_parameters_of_the_look_up_can_be_turned(cy):
    flow = engage("google", 7, paging_parameters="startIndex=1&count=10").assign(cy)
    assert next(flow).query == f"{LOOK_UP}&count=10"
    flow.close()
    flow = engage("google", 7, paging_parameters="none").assign(cy)
    assert next(flow).query == LOOK_UP.removesuffix("&startIndex=1")
    flow.close()


@pytest.mark.cites("google", "profile-update", "empty-value", "204 to an update")
def test_update_by_patch_sends_what_differs(cy, found, exactly):
    engine = engage("google", 7, profile_update="patch")
    engine.adopt(cy, "u-1")
    body = exactly("""{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations":[{"op":"replace","path":"name.familyName","value":"Married"},{"op":"remove","path":"title"}]}""")
    held = {**ROW, "title": "Clerk"}
    ahead = [(expect("GET", "/Users", LOOK_UP), found(held)), (expect("GET", "/Users/u-1"), answer(200, held))]
    married = cy.changed({"familyName": "Married"})
    assert playbook(engine.update(married), [*ahead, (expect("PATCH", "/Users/u-1", body=body), answer(204))]).ok
    same = [(expect("GET", "/Users", LOOK_UP), found(ROW)), (expect("GET", "/Users/u-1"), answer(200, ROW))]
    assert playbook(engine.update(cy), same).state == "unchanged"


@pytest.mark.cites("google", "create-body", "external-id", "archived", "groups", "errors", "group without members")
def test_google_sends_no_external_id_and_no_group_and_reads_nobody(google, cy, empty):
    flow = google.assign(cy)
    next(flow)
    assert b"externalId" not in flow.send(empty).content
    flow.close()
    assert google.can("import_users")
    assert google.setting("groups") == "none"
