"""JumpCloud, request by request. Literals are typed off idp-dialects.md, JumpCloud 1-10."""

from __future__ import annotations

import json

import pytest

from scimrig_simulator.idp import engage
from scimrig_simulator.playbook import answer, expect, playbook

LOOK_UP = "filter=userName%20eq%20%22eli%40example.com%22"
BODY = """
    {"active":true,"displayName":"Eli Sample","emails":[{"primary":true,"type":"work","value":"eli@example.com"}],
     "externalId":"<id>","locale":"en-US","name":{"familyName":"Sample","givenName":"Eli"},
     "phoneNumbers":[{"primary":true,"type":"work","value":"tel:+1-202-555-0100"}],"preferredLanguage":"en-US",
     "schemas":["urn:ietf:params:scim:schemas:core:2.0:User",
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
     "userName":"eli@example.com"}"""
TEST_USER = """
    {"active":<active>,"emails":[{"primary":true,"type":"work","value":"<mail>"}],
     "name":{"familyName":"User","givenName":"Test"},
     "schemas":["urn:ietf:params:scim:schemas:core:2.0:User",
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],"userName":"<mail>"}"""
TEST_GROUP = """
    {"displayName":"trial test group","members":[{"value":"u-9"}],
     "schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"]}"""


@pytest.fixture
def eli(person):
    return person("eli", 5, given_name="Eli", family_name="Sample", display_name="Eli Sample", login="eli",
                  user_name="eli@example.com", email="eli@example.com", phone_work="+1 202 555 0100", locale="de-DE",
                  department="QA")


@pytest.fixture
def jumpcloud():
    return engage("jumpcloud", 7)


@pytest.mark.cites("jumpcloud", "look-up", "body", "schemas", "external-id", "locale", "phones", "extension")
def test_create_sends_its_keys_in_alphabetical_order(jumpcloud, eli, empty, exactly):
    id = jumpcloud.external_id(eli)
    assert len(id) == 24
    assert set(id) <= set("0123456789abcdef")
    assert playbook(jumpcloud.assign(eli), [
        (expect("GET", "/Users", LOOK_UP), empty),
        (expect("POST", "/Users", body=exactly(BODY, id=id)), answer(201, {"id": "u-1"})),
    ]).state == "created"


@pytest.mark.cites("jumpcloud", "title")
def test_a_title_is_sent_where_there_is_one(jumpcloud, eli, empty):
    flow = jumpcloud.assign(eli.changed({"title": "Clerk"}))
    next(flow)
    sent = json.loads(flow.send(empty).content)
    flow.close()
    assert list(sent) == sorted(sent)
    assert sent["title"] == "Clerk"


def test_update_and_deactivation_are_the_look_up_and_a_put(jumpcloud, eli, found, exactly):
    jumpcloud.adopt(eli, "u-1")
    whole = exactly(BODY, id=jumpcloud.external_id(eli))
    for act, body in (("update", whole), ("deactivate", whole.replace(b'"active":true', b'"active":false'))):
        assert playbook(jumpcloud.play(act, eli), [
            (expect("GET", "/Users", LOOK_UP), found({"id": "u-1"})),
            (expect("PUT", "/Users/u-1", body=body), answer(200, {"id": "u-1"})),
        ]).ok
    assert playbook(jumpcloud.delete(eli), [(expect("DELETE", "/Users/u-1", body=None), answer(204))]).ok


@pytest.mark.cites("jumpcloud", "staged", "authorization")
def test_everybody_who_is_assigned_is_sent_and_nobody_else(jumpcloud):
    assert [name for name, _ in jumpcloud.headers(body=False)] == ["Authorization"]
    assert jumpcloud.can("cycle")


# The connection test --------------------------------------------------------------------------------------------------


def made(exactly, mail="trial@acme.test"):
    return [
        (expect("POST", "/Users", body=exactly(TEST_USER, mail=mail, active="true")), answer(201, {"id": "u-9"})),
        (expect("POST", "/Groups", body=exactly(TEST_GROUP)), answer(201, {"id": "g-9"})),
        (expect("DELETE", "/Groups/g-9", body=None), answer(204)),
    ]


@pytest.mark.cites("jumpcloud", "test-request", "test-email")
def test_the_connection_test_makes_a_user_and_a_group_and_removes_both(jumpcloud, exactly):
    jumpcloud.nobody = "trial@acme.test"
    removal = (expect("DELETE", "/Users/u-9", body=None), answer(204))
    assert playbook(jumpcloud.connect(), [*made(exactly), removal]).ok
    given = engage("jumpcloud", 7, test_email="trial@example.org")
    assert playbook(given.connect(), [*made(exactly, "trial@example.org"), removal]).ok
    assert jumpcloud.dialect.acts["connect"].needs == {"users", "groups"}


def test_a_test_user_who_cannot_be_deleted_is_switched_off(jumpcloud, exactly, refused):
    jumpcloud.nobody = "trial@acme.test"
    kept = (expect("DELETE", "/Users/u-9"), refused(501, "no DELETE here"))
    off = expect("PUT", "/Users/u-9", body=exactly(TEST_USER, mail="trial@acme.test", active="false"))
    assert playbook(jumpcloud.connect(), [*made(exactly), kept, (off, answer(200))]).ok
    outcome = playbook(jumpcloud.connect(), [*made(exactly), kept, (off, refused(500, "broken"))])
    assert outcome.words == ("The connection test failed: 500 Internal Server Error, body: "
                             '{"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "500", '
                             '"detail": "broken"}')


@pytest.mark.cites("jumpcloud", "left-over-test")
def test_a_test_user_whom_an_earlier_test_has_left_is_used_and_removed(jumpcloud, exactly, refused, found):
    """A test whose answer was lost could else never be repeated."""
    jumpcloud.nobody = "trial@acme.test"
    (create, _), *rest = made(exactly)
    removal = (expect("DELETE", "/Users/u-9"), answer(204))
    look_up = expect("GET", "/Users", "filter=userName%20eq%20%22trial%40acme.test%22")
    taken = (create, refused(409, "taken"))
    assert playbook(jumpcloud.connect(), [taken, (look_up, found({"id": "u-9"})), *rest, removal]).ok
    assert "left-over-test" in jumpcloud.inferred("connect")
    assert not playbook(jumpcloud.connect(), [taken, (look_up, found())]).ok


def test_a_connection_test_that_fails_leaves_nobody_behind(jumpcloud, exactly, refused):
    jumpcloud.nobody = "trial@acme.test"
    user, _, _ = made(exactly)
    assert not playbook(jumpcloud.connect(), [(user[0], refused(403, "not here"))]).ok
    assert not playbook(jumpcloud.connect(), [
        user, (expect("POST", "/Groups"), refused(403, "no groups")), (expect("DELETE", "/Users/u-9"), answer(204)),
    ]).ok
