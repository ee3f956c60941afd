"""The Okta catalogue app, request by request. Literals are typed off idp-dialects.md, Okta 1-10."""

from __future__ import annotations

import json
import re

import pytest

from scimrig_simulator.idp import engage
from scimrig_simulator.playbook import answer, expect, playbook
from scimrig_simulator.wire import CREDENTIALS, LENGTH, Pause, Reply, Send

LOOK_UP = "filter=userName%20eq%20%22ada%40example.com%22&startIndex=1&count=100"
OFF = ('{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],'
       '"Operations":[{"op":"replace","value":{"active":false}}]}')
ON = OFF.replace("false", "true")
ROW = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "u-1001", "userName": "ada@example.com",
    "name": {"givenName": "Ada", "middleName": "Augusta", "familyName": "Sample"},
    "emails": [{"primary": True, "value": "ada@example.com", "type": "work", "display": "ada@example.com"}],
    "active": True, "groups": [], "meta": {"resourceType": "User"},
}


@pytest.fixture
def okta():
    return engage("okta", 7)


@pytest.fixture
def linked(okta, ada):
    okta.adopt(ada, "u-1001")
    return okta


@pytest.mark.cites("okta", "test-requests")
def test_connect_reads_users_then_groups_with_constant_numbers(okta, found):
    outcome = playbook(okta.connect(), [
        (expect("GET", "/Users", "startIndex=1&count=2"), found(ROW)),
        (expect("GET", "/Groups", "startIndex=1&count=100"), found()),
    ])
    assert (outcome.state, outcome.ok) == ("done", True)


@pytest.mark.cites("okta", "groups")
def test_connect_without_group_push_leaves_groups_alone(found):
    outcome = playbook(engage("okta", 7, groups="off").connect(), [
        (expect("GET", "/Users", "startIndex=1&count=2"), found()),
    ])
    assert outcome.ok


@pytest.mark.cites("okta", "list-numbers", "no totalResults", "totalResults no integer")
@pytest.mark.parametrize(("body", "said"), [
    ({"totalResults": "0", "Resources": []}, "totalResults is a JSON string"),
    ({"Resources": []}, "totalResults is missing"),
    ({"totalResults": 0, "Resources": [], "itemsPerPage": "100"}, "itemsPerPage is a JSON string"),
    ({"totalResults": 2, "Resources": {}}, "Resources is a JSON object"),
    (b"<html>sign in</html>", "Unrecognized token '<html>sign'"),
])
def test_connect_wants_a_list_response_with_integers(okta, body, said):
    outcome = playbook(okta.connect(), [(expect("GET", "/Users", "startIndex=1&count=2"), answer(200, body))])
    assert not outcome.ok
    assert outcome.words.startswith("Test API Credentials failed")
    assert said in outcome.words


@pytest.mark.cites("okta", "group-probe")
def test_connect_that_fails_on_groups_alone_rests_on_inference(okta, found, refused):
    assert okta.inferred("connect") == ()
    outcome = playbook(okta.connect(), [
        (expect("GET", "/Users", "startIndex=1&count=2"), found()),
        (expect("GET", "/Groups", "startIndex=1&count=100"), refused(404, "no groups here")),
    ])
    assert not outcome.ok
    assert okta.inferred("connect") == ("group-probe",)


@pytest.mark.cites("okta", "headers", "user-agent", "content-type")
def test_header_block_in_order_and_case(okta, ada, empty):
    flow = okta.assign(ada)
    look_up = next(flow)
    post = flow.send(empty)
    flow.close()
    assert look_up.headers == (
        ("Accept", "application/scim+json"), ("Accept-Charset", "utf-8"), ("User-Agent", "Okta SCIM Client 1.0.0"),
        ("Authorization", CREDENTIALS), ("Connection", "Keep-Alive"), ("Accept-Encoding", "gzip,deflate"),
    )
    assert post.headers == (
        ("Accept", "application/scim+json"), ("Accept-Charset", "utf-8"),
        ("Content-Type", "application/scim+json; charset=utf-8"), ("User-Agent", "Okta SCIM Client 1.0.0"),
        ("Authorization", CREDENTIALS), ("Content-Length", LENGTH), ("Connection", "Keep-Alive"),
        ("Accept-Encoding", "gzip,deflate"),
    )
    assert okta.headers(body=True) == post.headers
    assert okta.headers(body=False) == look_up.headers


@pytest.mark.cites("okta", "look-up", "look-up-none", "paging-parameters", "query-encoding",
                   "create-body", "password", "locale", "external-id", "404 to a look-up")
@pytest.mark.parametrize("nobody", [Reply(200, (), b'{"totalResults":0,"Resources":[]}'), Reply(404, (), b"{}")])
def test_create_after_an_empty_list_or_a_404(okta, ada, exactly, nobody):
    flow = okta.assign(ada)
    look_up = next(flow)
    assert (look_up.method, look_up.path, look_up.query) == ("GET", "/Users", LOOK_UP)
    post = flow.send(nobody)
    assert isinstance(post, Send)
    assert (post.method, post.path, post.query) == ("POST", "/Users", "")
    sent = json.loads(post.content)
    assert re.fullmatch("00u[A-Za-z0-9]{17}", sent["externalId"])
    assert sent["externalId"] == okta.external_id(ada)
    assert re.fullmatch("[A-Za-z0-9]{8}", sent["password"])
    as_in_the_paper = {**sent, "externalId": "00u1exampleAAAAAA0h7", "password": "q7Rt2mXa"}
    assert json.dumps(as_in_the_paper, separators=(",", ":")).encode() == exactly("""
        {"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada@example.com",
         "name":{"givenName":"Ada","familyName":"Sample"},
         "emails":[{"primary":true,"value":"ada@example.com","type":"work"}],
         "displayName":"Ada Sample","locale":"en-US","externalId":"00u1exampleAAAAAA0h7",
         "groups":[],"password":"q7Rt2mXa","active":true}""")
    with pytest.raises(StopIteration) as end:
        flow.send(answer(201, {"id": "u-1001"}))
    outcome = end.value.value
    assert (outcome.state, outcome.ok, outcome.id) == ("created", True, "u-1001")
    assert okta.id_of(ada) == "u-1001"


def test_throw_away_values_follow_from_the_seed(ada):
    one, same, other = engage("okta", 7), engage("okta", 7), engage("okta", 8)
    assert one.external_id(ada) == same.external_id(ada) != other.external_id(ada)


def test_what_a_create_is_meant_to_leave_behind(okta, ada, empty):
    playbook(okta.assign(ada), [
        (expect("GET", "/Users", LOOK_UP), empty),
        (expect("POST", "/Users"), answer(201, {"id": "u-1001"})),
    ])
    assert okta.expected_user(ada, "assign").to_json() == {
        "kind": "User", "exists": True, "fate": "applied", "key": "", "members": None,
        "values": {
            "userName": "ada@example.com", "name.givenName": "Ada", "name.familyName": "Sample",
            'emails[type eq "work"].value': "ada@example.com", "displayName": "Ada Sample", "locale": "en-US",
            "externalId": okta.external_id(ada), "active": True,
        },
    }


@pytest.mark.cites("okta", "link", "profile-update", "mapped-attributes")
def test_found_is_linked_and_updated_with_oktas_external_id(okta, ada, found, exactly):
    put = exactly("""
        {"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"u-1001","userName":"ada@example.com",
         "externalId":"<00u>","name":{"givenName":"Ada","familyName":"Sample","middleName":"","honorificPrefix":"Dr"},
         "emails":[{"value":"ada@example.com","type":"work"}],"nickName":"Lace","active":true,
         "displayName":"Ada Sample","locale":"en-US"}""", **{"00u": okta.external_id(ada)})
    held = {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "u-1001", "userName": "ADA@example.com",
        "externalId": "of another IdP",
        "name": {"givenName": "A", "familyName": "S", "middleName": "X", "honorificPrefix": "Dr"},
        "emails": [{"value": "old@example.com", "type": "work"}], "nickName": "Lace", "active": True,
    }
    outcome = playbook(okta.assign(ada), [
        (expect("GET", "/Users", LOOK_UP), found(held)),
        (expect("GET", "/Users/u-1001", body=None), answer(200, held)),
        (expect("PUT", "/Users/u-1001", body=put), answer(200, held)),
    ])
    assert (outcome.state, outcome.ok, outcome.id) == ("linked", True, "u-1001")
    expected = okta.expected_user(ada, "assign").values
    assert expected["name.middleName"] is None
    assert expected["active"] is True


@pytest.mark.cites("okta", "several matches")
def test_first_resource_is_linked_blindly_and_a_held_back_write_fails_the_task(okta, ada, found, held_back):
    stranger = {**ROW, "id": "u-9", "userName": "somebody.else@example.com"}
    outcome = playbook(okta.assign(ada), [
        (expect("GET", "/Users", LOOK_UP), found(stranger, ROW)),
        (expect("GET", "/Users/u-9"), answer(200, stranger)),
        (expect("PUT", "/Users/u-9"), held_back),
    ])
    assert (outcome.state, outcome.ok) == ("task-failed", False)
    assert "held back" in outcome.words


@pytest.mark.cites("okta", "activate", "inactive found")
def test_found_and_inactive_is_activated_before_the_push(okta, ada, found, exactly):
    asleep = {**ROW, "active": False}
    outcome = playbook(okta.assign(ada), [
        (expect("GET", "/Users", LOOK_UP), found(asleep)),
        (expect("PATCH", "/Users/u-1001", body=exactly(ON)), answer(200, ROW)),
        (expect("GET", "/Users/u-1001"), answer(200, ROW)),
        (expect("PUT", "/Users/u-1001"), answer(200, ROW)),
    ])
    assert (outcome.state, outcome.ok) == ("linked", True)


@pytest.mark.cites("okta", "still-inactive", "still inactive")
@pytest.mark.parametrize("patched", [answer(200, {**ROW, "active": False}), answer(204)])
def test_still_inactive_after_activation_is_rescheduled(linked, ada, found, patched):
    asleep = {**ROW, "active": False}
    book = [
        (expect("GET", "/Users", LOOK_UP), found(asleep)),
        (expect("PATCH", "/Users/u-1001"), patched),
    ]
    if patched.status == 204:
        book.append((expect("GET", "/Users/u-1001"), answer(200, asleep)))
    outcome = playbook(linked.reactivate(ada), book)
    assert not outcome.ok
    assert "failed due to delay in reactivating remote User. Rescheduling provision job." in outcome.words


def test_reactivate_is_the_assignment_flow_again(linked, ada, found, exactly):
    asleep = {**ROW, "active": False}
    playbook(linked.deactivate(ada), [(expect("PATCH", "/Users/u-1001"), answer(204))])
    outcome = playbook(linked.reactivate(ada), [
        (expect("GET", "/Users", LOOK_UP), found(asleep)),
        (expect("PATCH", "/Users/u-1001", body=exactly(ON)), answer(204)),
        (expect("GET", "/Users/u-1001"), answer(200, ROW)),
        (expect("PUT", "/Users/u-1001"), answer(200, ROW)),
    ])
    assert outcome.ok
    assert linked.expected_user(ada, "reactivate").values["active"] is True
    assert linked.expected_user(ada, "update").values["active"] is True


@pytest.mark.cites("okta", "inactive hidden from the look-up")
def test_hidden_inactive_users_end_in_a_conflict(linked, ada, empty, refused):
    outcome = playbook(linked.reactivate(ada), [
        (expect("GET", "/Users", LOOK_UP), empty),
        (expect("POST", "/Users"), refused(409, "userName is taken")),
    ])
    assert not outcome.ok
    assert outcome.words.endswith("Conflict. Errors reported by remote server: userName is taken")


@pytest.mark.cites("okta", "empty-value")
def test_update_sends_the_object_read_with_empty_strings_for_what_is_gone(linked, person, exactly):
    ada = person("ada", given_name="Ada", family_name="Example", user_name="ada@example.com", email="ada@example.com")
    put = exactly("""
        {"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"u-1001","userName":"ada@example.com",
         "name":{"givenName":"Ada","middleName":"","familyName":"Example"},
         "emails":[{"primary":true,"value":"ada@example.com","type":"work","display":"ada@example.com"}],
         "active":true,"groups":[],"meta":{"resourceType":"User"}}""")
    outcome = playbook(linked.update(ada), [
        (expect("GET", "/Users/u-1001", body=None), answer(200, ROW)),
        (expect("PUT", "/Users/u-1001", body=put), answer(200, ROW)),
    ])
    assert (outcome.state, outcome.ok) == ("updated", True)
    assert linked.expected_user(ada, "update").values == {
        "userName": "ada@example.com", "name.givenName": "Ada", "name.middleName": None, "name.familyName": "Example",
        'emails[type eq "work"].value': "ada@example.com",
    }


@pytest.mark.cites("okta", "active-in-push")
def test_unchanged_profiles_are_pushed_all_the_same(linked, ada):
    held = {**ROW, "name": {"givenName": "Ada", "familyName": "Sample"}, "displayName": "Ada Sample", "locale": "en-US"}
    playbook(linked.update(ada), [
        (expect("GET", "/Users/u-1001"), answer(200, held)),
        (expect("PUT", "/Users/u-1001", body=held), answer(200, held)),
    ])


def test_rename_changes_user_name_and_first_email_without_a_look_up(linked, ada, exactly):
    renamed = ada.changed({"userName": "ada.example@example.com", "email": "ada.example@example.com",
                           "familyName": "Example"})
    body = exactly("""
        {"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"u-1001","userName":"ada.example@example.com",
         "name":{"givenName":"Ada","middleName":"","familyName":"Example"},
         "emails":[{"primary":true,"value":"ada.example@example.com","type":"work","display":"ada@example.com"}],
         "active":true,"groups":[],"meta":{"resourceType":"User"},"displayName":"Ada Example","locale":"en-US"}""")
    outcome = playbook(linked.rename(renamed), [
        (expect("GET", "/Users/u-1001"), answer(200, ROW)),
        (expect("PUT", "/Users/u-1001", body=body), answer(200, ROW)),
    ])
    assert outcome.ok


@pytest.mark.cites("okta", "unknown-id", "404 to a read")
def test_a_known_id_that_is_gone_fails_the_task_and_nothing_is_created(linked, ada, refused):
    outcome = playbook(linked.update(ada), [
        (expect("GET", "/Users/u-1001"), refused(404, "no such user")),
    ])
    assert not outcome.ok
    assert "Matching user not found" in outcome.words
    assert "no such user" in outcome.words


def test_nobody_is_updated_before_they_are_assigned(okta, ada):
    for flow in (okta.update(ada), okta.deactivate(ada)):
        outcome = playbook(flow, [])
        assert not outcome.ok
        assert "assign it first" in outcome.words


@pytest.mark.cites("okta", "deactivation", "204 to an update")
def test_deactivate_is_a_patch_without_a_path(linked, ada, exactly):
    outcome = playbook(linked.deactivate(ada), [
        (expect("PATCH", "/Users/u-1001", body=exactly(OFF)), answer(204)),
    ])
    assert outcome.ok
    assert linked.expected_user(ada, "deactivate").to_json() == {
        "kind": "User", "exists": True, "fate": "applied", "key": "", "members": None, "values": {"active": False},
    }


@pytest.mark.cites("okta", "501 to an update")
def test_deactivate_never_falls_back_to_put(linked, ada, refused):
    outcome = playbook(linked.deactivate(ada), [(expect("PATCH", "/Users/u-1001"), refused(501, "no PATCH"))])
    assert not outcome.ok
    assert "Not Implemented. Errors reported by remote server: no PATCH" in outcome.words


@pytest.mark.cites("okta", "delete")
def test_delete_is_a_deactivation_and_never_a_delete(linked, ada, exactly):
    outcome = playbook(linked.delete(ada), [(expect("PATCH", "/Users/u-1001", body=exactly(OFF)), answer(200, ROW))])
    assert outcome.ok
    intent = linked.expected_user(ada, "delete")
    assert intent.exists
    assert intent.values == {"active": False}


def test_deleting_somebody_who_is_deactivated_sends_nothing(linked, ada):
    playbook(linked.deactivate(ada), [(expect("PATCH", "/Users/u-1001"), answer(204))])
    assert playbook(linked.delete(ada), []).state == "unchanged"


# Reactions -----------------------------------------------------------------------------------------------------------


@pytest.mark.cites("okta", "401 to a look-up", "403", "5xx")
@pytest.mark.parametrize(("status", "phrase"), [(401, "Unauthorized"), (403, "Forbidden"),
                                                (500, "Internal Server Error"), (400, "Bad Request")])
def test_a_look_up_that_fails_stops_the_task(okta, ada, status, phrase):
    outcome = playbook(okta.assign(ada), [(expect("GET", "/Users", LOOK_UP), answer(status))])
    assert outcome.state == "task-failed"
    assert outcome.words.endswith(f"Error while verifying if user ada@example.com exists: {phrase}. "
                                  f"Errors reported by remote server: {phrase}")


@pytest.mark.cites("okta", "timeout", "answer-within")
def test_a_look_up_that_times_out_stops_the_task(okta, ada, timeout):
    outcome = playbook(okta.assign(ada), [(expect("GET", "/Users", LOOK_UP), timeout)])
    assert not outcome.ok
    assert "Read timed out" in outcome.words


@pytest.mark.cites("okta", "no JSON")
@pytest.mark.parametrize(("body", "said"), [
    (b"Internal error, sorry", "Unrecognized token 'Internal'"),
    (b"", "the body is empty"),
    ([], "a JSON array, not an object"),
    ({"Resources": [ROW]}, "totalResults is missing"),
    ({"totalResults": "1", "Resources": [ROW]}, "totalResults is a JSON string"),
    ({"totalResults": 1, "Resources": []}, "there are no Resources"),
    ({"totalResults": 1, "Resources": [{"userName": "ada@example.com"}]}, "has no id"),
    (b"[" * 100_000, "Unrecognized token"),
])
def test_a_look_up_that_is_no_list_response_stops_the_task(okta, ada, body, said):
    outcome = playbook(okta.assign(ada), [(expect("GET", "/Users", LOOK_UP), answer(200, body))])
    assert not outcome.ok
    assert said in outcome.words


@pytest.mark.cites("okta", "empty-201", "conflict", "empty body", "no id", "409 to a create")
@pytest.mark.parametrize(("reply", "said"), [
    (answer(201), "Create new user returned empty user."),
    (answer(201, {"userName": "ada@example.com"}), "Create new user returned empty user."),
    (answer(201, b"created"), "Unrecognized token 'created'"),
    (answer(409, {"detail": "exists"}), "Conflict. Errors reported by remote server: exists"),
    (answer(500, b"<h1>oops</h1>"), "Errors reported by remote server: Unrecognized token '<h1>oops</h1>'"),
])
def test_a_create_that_fails_is_told_in_oktas_words(okta, ada, empty, reply, said):
    outcome = playbook(okta.assign(ada), [(expect("GET", "/Users", LOOK_UP), empty), (expect("POST", "/Users"), reply)])
    assert (outcome.state, outcome.ok) == ("task-failed", False)
    assert outcome.words.startswith("Automatic provisioning of user ada@example.com to app SCIM failed: "
                                    "Error while creating user")
    assert said in outcome.words
    assert okta.id_of(ada) == ""


@pytest.mark.cites("okta", "created-with-200", "200 to a create with the user that is there")
def test_200_to_a_post_is_success(okta, ada, empty):
    outcome = playbook(okta.assign(ada), [
        (expect("GET", "/Users", LOOK_UP), empty), (expect("POST", "/Users"), answer(200, {"id": "u-7"})),
    ])
    assert (outcome.state, outcome.ok, outcome.id) == ("linked", True, "u-7")


def test_a_profile_that_is_refused_or_answered_with_html_fails_the_task(linked, ada, refused):
    for reply, said in ((refused(400, "meta is read-only"), "meta is read-only"),
                        (answer(200, b"<p>thanks</p>"), "Unrecognized token")):
        outcome = playbook(linked.update(ada), [
            (expect("GET", "/Users/u-1001"), answer(200, ROW)), (expect("PUT", "/Users/u-1001"), reply),
        ])
        assert not outcome.ok
        assert said in outcome.words


@pytest.mark.cites("okta", "rate-limit", "429 with Retry-After in seconds")
def test_an_integer_retry_after_is_honoured_exactly(linked, ada):
    outcome = playbook(linked.deactivate(ada), [
        (expect("PATCH", "/Users/u-1001"), answer(429, headers=[("Retry-After", "120")])),
        (Pause(120), None),
        (expect("PATCH", "/Users/u-1001"), answer(204)),
    ])
    assert outcome.ok


@pytest.mark.cites("okta", "429 with Retry-After as a date",
                   "429 with a malformed Retry-After", "429 without Retry-After")
def test_other_429s_wait_five_minutes_then_twice_as_long(linked, ada):
    date = [("Retry-After", "Fri, 02 Jan 2026 00:00:00 GMT")]
    outcome = playbook(linked.deactivate(ada), [
        (expect("PATCH", "/Users/u-1001"), answer(429)), (Pause(300), None),
        (expect("PATCH", "/Users/u-1001"), answer(429, headers=date)), (Pause(600), None),
        (expect("PATCH", "/Users/u-1001"), answer(429, headers=[("Retry-After", "1.5")])), (Pause(1200), None),
        (expect("PATCH", "/Users/u-1001"), answer(204)),
    ])
    assert outcome.ok


def test_ten_attempts_and_then_the_task_fails(okta, ada):
    limited = answer(429, headers=[("Retry-After", "1")])
    book = [(expect("GET", "/Users", LOOK_UP), limited), (Pause(1), None)] * 9
    outcome = playbook(okta.assign(ada), [*book, (expect("GET", "/Users", LOOK_UP), limited)])
    assert not outcome.ok
    assert "Too Many Requests" in outcome.words


# The wide mapping ----------------------------------------------------------------------------------------------------


@pytest.mark.cites("okta", "wide-mapping")
def test_the_wide_mapping_is_inferred_and_says_so(ben, empty):
    okta = engage("okta", 7, wide_mapping="on")
    look_up = "filter=userName%20eq%20%22ben%40example.com%22&startIndex=1&count=100"
    flow = okta.assign(ben)
    assert next(flow).query == look_up
    sent = json.loads(flow.send(empty).content)
    flow.close()
    urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
    assert sent["schemas"] == ["urn:ietf:params:scim:schemas:core:2.0:User", urn]
    assert sent[urn] == {"employeeNumber": "701", "department": "QA"}
    assert okta.inferred("assign") == ("wide-mapping",)
