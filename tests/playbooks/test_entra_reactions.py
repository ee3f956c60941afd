"""What Microsoft Entra makes of answers, row by row: idp-dialects.md, Entra 8 and the cross-IdP table."""

from __future__ import annotations

import pytest

from scimrig_simulator.idp import engage
from scimrig_simulator.playbook import answer, expect, playbook
from scimrig_simulator.wire import FailureKind, Reply, TransportFailure

LOOK_UP = "filter=userName+eq+%22ben%40example.com%22"
ROW = {
    "id": "u-1", "externalId": "ben", "userName": "ben@example.com", "active": True, "displayName": "Ben Sample",
    "emails": [{"primary": True, "type": "work", "value": "ben@example.com"}],
    "name": {"formatted": "Ben Sample", "familyName": "Sample", "givenName": "Ben"}, "title": "Tester",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"employeeNumber": "701", "department": "QA"},
}
INCOMPATIBLE = "SystemForCrossDomainIdentityManagementServiceIncompatible"


@pytest.fixture(params=["entra", "entra-flag"])
def entra(request):
    return engage(request.param, 7)


@pytest.fixture
def linked(entra, ben):
    entra.adopt(ben, "u-1")
    return entra


def failed(kind):
    return Reply(0, failure=TransportFailure(kind, kind.value))


def limited(*after):
    return answer(429, headers=[("Retry-After", text) for text in after])


# To any request ------------------------------------------------------------------------------------------------------


@pytest.mark.cites("entra", "4xx", "400", "401", "403", "409", "412", "501", "5xx", "timeout", "reset", "no answer",
                   "429 with Retry-After in seconds", "429 with Retry-After as a date",
                   "429 with a malformed Retry-After", "429 without Retry-After", "an error in plain text")
@pytest.mark.parametrize(("reply", "state", "said", "means"), [
    (answer(418), "object-error", "Tried again in the next cycle", "Entra sends the same request again"),
    (answer(400, {"detail": "no"}), "object-error", "SystemForCrossDomainIdentityManagementBadRequest: 400 Bad Request",
     "Entra sends the same request again"),
    (answer(401), "quarantined", "EncounteredQuarantineException: 401 Unauthorized", "the whole job into quarantine"),
    (answer(403), "object-error", "403 Forbidden", "Entra sends the same request again"),
    (answer(409), "object-error", "409 Conflict", "Entra sends the same request again"),
    (answer(412), "object-error", "412 Precondition Failed", "Entra sends no If-Match"),
    (answer(501), "object-error", "501 Not Implemented", "Entra changes users by PATCH alone"),
    (answer(500, b"java.lang.Oops: at x"), "object-error", "500 Internal Server Error, body: java.lang.Oops: at x",
     "Entra reads this as: not now."),
    (answer(503), "object-error", "Tried again in the next cycle", "Entra reads this as: not now."),
    (limited("120"), "object-error", "Tried again in the next cycle", "Entra reads this as: not now."),
    (limited("Fri, 31 Dec 2027 23:59:59 GMT"), "object-error", "429", "Entra reads this as: not now."),
    (limited("soon"), "object-error", "429 Too Many Requests", "Entra reads this as: not now."),
    (limited(), "object-error", "429 Too Many Requests", "Entra reads this as: not now."),
    (failed(FailureKind.TIMEOUT), "object-error", "Read timed out", "Entra reads this as: not now."),
    (failed(FailureKind.RESET), "object-error", "reset", "Entra reads this as: not now."),
    (failed(FailureKind.REFUSED), "object-error", "Connection refused", "Entra reads this as: not now."),
])
def test_a_patch_that_is_answered_so_fails_once_and_comes_again(linked, ben, reply, state, said, means):
    changed = ben.changed({"title": "Lead"})
    outcome = playbook(linked.play("update", changed), [
        (expect("GET", "/Users/u-1"), answer(200, ROW)), (expect("PATCH", "/Users/u-1"), reply),
    ])
    assert (outcome.state, outcome.ok) == (state, False)
    assert said in outcome.words
    assert means in outcome.means
    again = playbook(linked.play("update", changed), [
        (expect("GET", "/Users/u-1"), answer(200, ROW)), (expect("PATCH", "/Users/u-1"), answer(204)),
    ])
    assert again.ok


@pytest.mark.cites("entra", "204 to an update", "update-answer")
@pytest.mark.parametrize("reply", [answer(204), answer(200, ROW), answer(200), answer(200, b"<html>")])
def test_of_the_answer_to_a_patch_the_status_alone_counts(linked, ben, reply):
    outcome = playbook(linked.play("update", ben.changed({"title": "Lead"})), [
        (expect("GET", "/Users/u-1"), answer(200, ROW)), (expect("PATCH", "/Users/u-1"), reply),
    ])
    assert outcome.ok


# To the test query, to a look-up -------------------------------------------------------------------------------------


@pytest.mark.cites("entra", "404 on the test query", "test-404", "test-query")
def test_404_to_the_test_query_is_quarantine(entra):
    query = next(engage("entra", 7).connect()).query
    outcome = playbook(entra.play("connect"), [(expect("GET", "/Users", query), answer(404))])
    assert outcome.state == "quarantined"
    assert "HTTP/404 Not Found response was returned rather than the expected HTTP/200" in outcome.words
    assert outcome.means.startswith("Entra reads this as: there is no SCIM endpoint.")


@pytest.mark.cites("entra", "404 to a look-up", "no totalResults", "totalResults no integer", "no JSON", "empty body",
                   "several matches", "look-up-many")
@pytest.mark.parametrize(("reply", "said", "means"), [
    (answer(404), "HTTP/404 Not Found response was returned", "nothing but an empty list"),
    (answer(200, {"Resources": [ROW]}), INCOMPATIBLE, "Entra cannot read this as SCIM"),
    (answer(200, {"totalResults": "1", "Resources": [ROW]}), INCOMPATIBLE, "Entra cannot read this as SCIM"),
    (answer(200, b"<html>"), INCOMPATIBLE, "Entra cannot read this as SCIM"),
    (answer(200, [ROW]), INCOMPATIBLE, "Entra cannot read this as SCIM"),
    (answer(200), INCOMPATIBLE, "Entra cannot read this as SCIM"),
    (answer(200, {"totalResults": 2, "Resources": [ROW, {**ROW, "id": "u-2"}]}), "DuplicateTargetEntries",
     "Entra reads this as: two users of one name."),
])
def test_a_look_up_that_is_answered_so_ends_the_users_turn(entra, ben, reply, said, means):
    outcome = playbook(entra.play("assign", ben), [(expect("GET", "/Users", LOOK_UP), reply)])
    assert (outcome.state, outcome.ok) == ("object-error", False)
    assert said in outcome.words
    assert means in outcome.means
    assert entra.id_of(ben) == ""


# To a create ---------------------------------------------------------------------------------------------------------


@pytest.mark.cites("entra", "409 to a create", "conflict", "no id", "empty-201")
@pytest.mark.parametrize(("reply", "said", "means"), [
    (answer(409), "Tried again in a later cycle", "the same look-up and the same POST come again in every cycle"),
    (answer(201), INCOMPATIBLE, "the user is taken for not created"),
    (answer(201, {"userName": "ben@example.com"}), INCOMPATIBLE, "creates a second one where that finds nobody"),
    (answer(201, b"created"), INCOMPATIBLE, "Entra cannot read this as SCIM"),
])
def test_a_create_that_is_answered_so_links_nobody_and_the_pair_comes_again(entra, ben, empty, reply, said, means):
    for _ in range(2):
        outcome = playbook(entra.play("assign", ben), [
            (expect("GET", "/Users", LOOK_UP), empty), (expect("POST", "/Users"), reply),
        ])
        assert (outcome.state, outcome.ok) == ("object-error", False)
        assert said in outcome.words
        assert means in outcome.means
        assert entra.id_of(ben) == ""


@pytest.mark.cites("entra", "inactive hidden from the look-up")
def test_who_is_hidden_while_inactive_is_created_again_and_clashes_every_time(entra, ben, empty):
    """The server lets nobody see Ben, who is switched off: neither by id nor by name."""
    entra.adopt(ben, "u-1")
    playbook(entra.play("deactivate", ben), [(expect("PATCH", "/Users/u-1"), answer(204))])
    first = [(expect("GET", "/Users/u-1"), answer(404))]
    for _ in range(2):
        outcome = playbook(entra.play("reactivate", ben), [
            *first, (expect("GET", "/Users", LOOK_UP), empty), (expect("POST", "/Users"), answer(409)),
        ])
        assert not outcome.ok
        first = []


# To what is known ----------------------------------------------------------------------------------------------------


@pytest.mark.cites("entra", "404 to a read", "unknown-id")
def test_who_has_vanished_is_forgotten_looked_up_and_created(linked, ben, empty, refused):
    outcome = playbook(linked.play("update", ben), [
        (expect("GET", "/Users/u-1"), refused(404, "gone")),
        (expect("GET", "/Users", LOOK_UP), empty),
        (expect("POST", "/Users"), answer(201, {"id": "u-2"})),
    ])
    assert (outcome.state, linked.id_of(ben)) == ("created", "u-2")
    assert linked.inferred("update") == ("unknown-id",)


def test_an_id_is_forgotten_only_when_the_look_up_has_found_nobody(linked, ben, timeout, found):
    gone = (expect("GET", "/Users/u-1"), answer(404))
    assert not playbook(linked.update(ben), [gone, (expect("GET", "/Users", LOOK_UP), timeout)]).ok
    assert linked.id_of_number(ben.number) == "u-1"
    assert playbook(linked.update(ben), [gone, (expect("GET", "/Users", LOOK_UP), found(ROW))]).ok


@pytest.mark.cites("entra", "404 to a delete", "delete-404")
def test_404_to_a_delete_is_taken_as_done(linked, ben, blue, refused):
    outcome = playbook(linked.play("delete", ben), [
        (expect("PATCH", "/Users/u-1"), answer(204)), (expect("DELETE", "/Users/u-1"), refused(404, "gone")),
    ])
    assert outcome.ok
    linked.adopt_group(blue, "g-1")
    assert playbook(linked.play("delete_group", blue), [(expect("DELETE", "/Groups/g-1"), refused(404, "gone"))]).ok
    assert linked.inferred("delete_group") == ("delete-404",)
    assert linked.group_id(blue) == ""
    assert "push it first" in playbook(linked.play("delete_group", blue), []).words


@pytest.mark.parametrize("reply", [answer(500), answer(403)])
def test_a_group_that_could_not_be_deleted_is_deleted_the_next_time(linked, blue, reply):
    linked.adopt_group(blue, "g-1")
    for answered, fine in ((reply, False), (answer(204), True)):
        outcome = playbook(linked.play("delete_group", blue), [(expect("DELETE", "/Groups/g-1"), answered)])
        assert outcome.ok is fine


@pytest.mark.cites("entra", "group without members")
def test_a_group_is_read_without_members_and_none_is_added_twice(linked, ben, blue):
    linked.adopt_group(blue, "g-1", [ben])
    held = {"id": "g-1", **linked.expected_group(blue, []).values}
    outcome = playbook(linked.play("set_members", blue, [ben]), [
        (expect("GET", "/Groups/g-1", "excludedAttributes=members"), answer(200, held)),
    ])
    assert outcome.state == "unchanged"


def test_what_was_accepted_before_a_refusal_is_believed(linked, ada, ben, blue):
    linked.adopt(ada, "u-3")
    linked.adopt_group(blue, "g-1", [ben])
    held = {"id": "g-1", **linked.expected_group(blue, []).values}
    read = (expect("GET", "/Groups/g-1", "excludedAttributes=members"), answer(200, held))
    patched = expect("PATCH", "/Groups/g-1")
    assert not playbook(linked.set_members(blue, [ada]), [read, (patched, answer(204)), (patched, answer(500))]).ok
    assert playbook(linked.set_members(blue, [ada]), [read, (patched, answer(204))]).ok  # the removal alone


# Of a whole job ------------------------------------------------------------------------------------------------------


@pytest.mark.cites("entra", "many failures", "quarantine", "too many escrowed objects")
@pytest.mark.parametrize(("row", "then"), [
    ("many failures", "quarantine at more than 40 % once 5,000 have failed, above 40,000, or at 60,000; "
                      "references don't count"),
    ("quarantine", "cycles after 6 h, 12 h, 24 h, then every 24 h; switched off after 28 days"),
    ("too many escrowed objects", "EncounteredEscrowProportionThreshold"),
])
def test_what_a_job_makes_of_many_failures_is_told_in_the_table(entra, row, then):
    (reaction,) = [reaction for reaction in entra.dialect.reactions if reaction.answer == row]
    assert (reaction.then, reaction.mark, reaction.source) == (then, "doc", "entra:8 [M4]")
    assert reaction.means.startswith("Entra ")
