"""Microsoft Entra without the flag (E0), request by request. Literals are typed off idp-dialects.md, Entra 1-10."""

from __future__ import annotations

import pytest

from scimrig_simulator.idp import engage
from scimrig_simulator.playbook import answer, expect, playbook
from scimrig_simulator.wire import CREDENTIALS, LENGTH

LOOK_UP = "filter=userName+eq+%22ben%40example.com%22"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = '{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[%s]}'
OFF = PATCH % '{"op":"Replace","path":"active","value":"False"}'
ON = PATCH % '{"op":"Replace","path":"active","value":"True"}'
ROW = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE], "id": "u-1", "externalId": "ben",
    "userName": "ben@example.com", "active": True, "displayName": "Ben Sample",
    "emails": [{"primary": True, "type": "work", "value": "ben@example.com"}],
    "name": {"formatted": "Ben Sample", "familyName": "Sample", "givenName": "Ben"}, "title": "Tester",
    ENTERPRISE: {"employeeNumber": "701", "department": "QA"},
}


@pytest.fixture
def entra():
    return engage("entra", 7)


@pytest.fixture
def linked(entra, ben):
    entra.adopt(ben, "u-1")
    return entra


def test_connect_asks_for_a_random_guid_that_follows_from_the_seed(entra, empty):
    flow = entra.connect()
    query = next(flow).query
    guid = query.removeprefix("filter=userName+eq+%22").removesuffix("%22")
    assert [len(part) for part in guid.split("-")] == [8, 4, 4, 4, 12]
    assert next(engage("entra", 7).connect()).query == query
    assert next(engage("entra", 8).connect()).query != query
    with pytest.raises(StopIteration) as end:
        flow.send(empty)
    assert end.value.value.ok


@pytest.mark.parametrize(("reply", "said"), [
    (answer(404, {"detail": "none"}), "HTTP/404 Not Found response was returned rather than the expected HTTP/200"),
    (answer(401, {"detail": "bad token"}), "401 Unauthorized"),
    (answer(403), "403 Forbidden"),
    (answer(500, b"oops"), "500 Internal Server Error, body: oops"),
    (answer(200, b"<html>"), "We are not able to deserialize the resource"),
    (answer(200, {"Resources": []}), "totalResults is missing"),
    (answer(200, {"totalResults": "0"}), "totalResults is a JSON string"),
])
def test_connect_that_fails_puts_the_job_in_quarantine(entra, reply, said):
    query = next(engage("entra", 7).connect()).query
    outcome = playbook(entra.connect(), [(expect("GET", "/Users", query), reply)])
    assert (outcome.state, outcome.ok) == ("quarantined", False)
    assert outcome.words.startswith("EncounteredQuarantineException: ")
    assert said in outcome.words


@pytest.mark.cites("entra", "headers", "user-agent", "adscimversion")
def test_headers_carry_adscimversion_and_no_user_agent(entra, ben, empty):
    flow = entra.assign(ben)
    look_up = next(flow)
    post = flow.send(empty)
    flow.close()
    assert [name for name, _ in look_up.headers] == ["Authorization", "ADSCIMVersion"]
    assert look_up.headers[0] == ("Authorization", CREDENTIALS)
    assert post.headers[2:] == (
        ("Content-Type", "application/scim+json; charset=utf-8"), ("Content-Length", LENGTH),
    )


@pytest.mark.cites("entra", "create-body", "both-urns", "null-values")
def test_create_sends_both_urns_and_no_null(entra, ben, empty, exactly):
    body = exactly("""
        {"schemas":["urn:ietf:params:scim:schemas:core:2.0:User",
                    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
         "externalId":"ben","userName":"ben@example.com","active":true,"displayName":"Ben Sample",
         "emails":[{"primary":true,"type":"work","value":"ben@example.com"}],
         "meta":{"resourceType":"User"},
         "name":{"formatted":"Ben Sample","familyName":"Sample","givenName":"Ben"},
         "title":"Tester",
         "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":"701","department":"QA"},
         "roles":[]}""")
    outcome = playbook(entra.assign(ben), [
        (expect("GET", "/Users", LOOK_UP, body=None), empty),
        (expect("POST", "/Users", body=body), answer(201, ROW)),
    ])
    assert (outcome.state, outcome.ok, outcome.id) == ("created", True, "u-1")
    assert entra.expected_user(ben, "assign").to_json() == {
        "kind": "User", "exists": True, "fate": "applied", "key": "", "members": None,
        "values": {
            "displayName": "Ben Sample", 'emails[type eq "work"].value': "ben@example.com",
            "userName": "ben@example.com", "name.givenName": "Ben", "name.familyName": "Sample",
            "name.formatted": "Ben Sample", "title": "Tester", "externalId": "ben",
            f"{ENTERPRISE}:employeeNumber": "701", f"{ENTERPRISE}:department": "QA", "active": True,
        },
    }


@pytest.mark.cites("entra", "default-mapping")
def test_create_carries_phones_address_and_language_by_the_default_mapping(entra, ben, empty, exactly):
    ben = ben.changed({
        "phone": "+1 202 555 0100", "mobile": "+1 202 555 0101", "locale": "de-DE", "street": "Gasse 1",
        "locality": "Ulm", "region": "BW", "postalCode": "89073", "country": "DE", "department": None,
        "employeeNumber": None,
    })
    body = exactly("""
        {"schemas":["urn:ietf:params:scim:schemas:core:2.0:User",
                    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
         "externalId":"ben","userName":"ben@example.com","active":true,"displayName":"Ben Sample",
         "emails":[{"primary":true,"type":"work","value":"ben@example.com"}],
         "meta":{"resourceType":"User"},
         "name":{"formatted":"Ben Sample","familyName":"Sample","givenName":"Ben"},
         "title":"Tester","preferredLanguage":"de-DE",
         "addresses":[{"type":"work","streetAddress":"Gasse 1","locality":"Ulm","region":"BW","postalCode":"89073",
                       "country":"DE"}],
         "phoneNumbers":[{"type":"work","value":"+1 202 555 0100"},{"type":"mobile","value":"+1 202 555 0101"}],
         "roles":[]}""")
    playbook(entra.assign(ben), [
        (expect("GET", "/Users", LOOK_UP), empty), (expect("POST", "/Users", body=body), answer(201, ROW)),
    ])


@pytest.mark.cites("entra", "look-up-compared")
def test_found_is_patched_with_the_differences_of_the_look_ups_own_answer(entra, ben, found, exactly):
    body = exactly(PATCH % """{"op":"Replace","path":"active","value":"True"},
        {"op":"Replace","path":"displayName","value":"Ben Sample"},{"op":"Add","path":"title","value":"Tester"}""")
    held = {**ROW, "displayName": "B. Sample", "title": "", "active": False}
    outcome = playbook(entra.assign(ben), [
        (expect("GET", "/Users", LOOK_UP), found(held)),
        (expect("PATCH", "/Users/u-1", body=body), answer(204)),
    ])
    assert (outcome.state, outcome.ok, outcome.id) == ("linked", True, "u-1")


def test_found_and_equal_is_linked_and_nothing_is_sent(entra, ben, found):
    outcome = playbook(entra.assign(ben), [(expect("GET", "/Users", LOOK_UP), found(ROW))])
    assert (outcome.state, outcome.ok, outcome.id) == ("linked", True, "u-1")


@pytest.mark.cites("entra", "profile-update", "op-order", "patch-shape", "add-or-replace")
def test_update_patches_the_differences_one_operation_an_attribute(linked, ben, exactly):
    changed = ben.changed({"familyName": "Example", "email": "ben.e@example.com", "department": "Support"})
    held = {**ROW, "name": {"formatted": "Ben Example", "familyName": "Sample", "givenName": "Ben"},
            ENTERPRISE: {"employeeNumber": "701"}}
    body = exactly(PATCH % r"""{"op":"Replace","path":"displayName","value":"Ben Example"},
        {"op":"Replace","path":"emails[type eq \"work\"].value","value":"ben.e@example.com"},
        {"op":"Replace","path":"name.familyName","value":"Example"},
        {"op":"Add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
         "value":"Support"}""")
    outcome = playbook(linked.update(changed), [
        (expect("GET", "/Users/u-1", body=None), answer(200, held)),
        (expect("PATCH", "/Users/u-1", body=body), answer(204)),
    ])
    assert (outcome.state, outcome.ok) == ("updated", True)
    assert linked.inferred("update") == ()
    values = linked.expected_user(changed, "update").values
    assert values[f"{ENTERPRISE}:department"] == "Support"
    assert values["active"] is True


def test_update_of_equal_copies_sends_nothing(linked, ben):
    outcome = playbook(linked.update(ben), [(expect("GET", "/Users/u-1"), answer(200, ROW))])
    assert (outcome.state, outcome.ok) == ("unchanged", True)


@pytest.mark.cites("entra", "create-element")
def test_an_element_that_is_missing_is_added_by_filter_path_and_that_is_inferred(linked, ben, exactly):
    body = exactly(PATCH % r"""{"op":"Add","path":"phoneNumbers[type eq \"mobile\"].value",
        "value":"+1 202 555 0101"}""")
    playbook(linked.update(ben.changed({"mobile": "+1 202 555 0101"})), [
        (expect("GET", "/Users/u-1"), answer(200, ROW)), (expect("PATCH", "/Users/u-1", body=body), answer(200, ROW)),
    ])
    assert linked.inferred("update") == ("create-element",)


@pytest.mark.cites("entra", "empty-values")
def test_clearing_an_attribute_sends_nothing_and_expects_nothing(linked, ben):
    cleared = ben.changed({"title": None})
    playbook(linked.update(cleared), [(expect("GET", "/Users/u-1"), answer(200, ROW))])
    assert "title" not in linked.expected_user(cleared, "update").values


def test_rename_is_an_ordinary_patch(linked, ben, exactly):
    renamed = ben.changed({"userName": "ben.example@example.com"})
    body = exactly(PATCH % '{"op":"Replace","path":"userName","value":"ben.example@example.com"}')
    outcome = playbook(linked.rename(renamed), [
        (expect("GET", "/Users/u-1"), answer(200, ROW)), (expect("PATCH", "/Users/u-1", body=body), answer(204)),
    ])
    assert outcome.ok
    assert linked.external_id(renamed) == "ben"


def test_a_known_id_that_is_gone_is_forgotten_looked_up_and_created(linked, ben, empty, refused):
    outcome = playbook(linked.update(ben), [
        (expect("GET", "/Users/u-1"), refused(404, "gone")),
        (expect("GET", "/Users", LOOK_UP), empty),
        (expect("POST", "/Users"), answer(201, {"id": "u-2"})),
    ])
    assert (outcome.state, outcome.id) == ("created", "u-2")
    assert linked.inferred("update") == ("unknown-id",)


@pytest.mark.cites("entra", "disable-once", "boolean")
def test_deactivate_sends_the_string_false_once(linked, ben, exactly):
    outcome = playbook(linked.deactivate(ben), [(expect("PATCH", "/Users/u-1", body=exactly(OFF)), answer(204))])
    assert outcome.ok
    assert linked.expected_user(ben, "deactivate").values == {"active": False}
    assert playbook(linked.deactivate(ben), []).state == "unchanged"


def test_deactivate_that_failed_is_sent_again(linked, ben):
    for reply, fine in ((answer(500), False), (answer(204), True)):
        assert playbook(linked.deactivate(ben), [(expect("PATCH", "/Users/u-1"), reply)]).ok is fine


def test_reactivate_reads_compares_and_sends_the_string_true(linked, ben, exactly):
    playbook(linked.deactivate(ben), [(expect("PATCH", "/Users/u-1"), answer(204))])
    outcome = playbook(linked.reactivate(ben), [
        (expect("GET", "/Users/u-1"), answer(200, {**ROW, "active": False})),
        (expect("PATCH", "/Users/u-1", body=exactly(ON)), answer(200, ROW)),
    ])
    assert outcome.ok
    assert linked.expected_user(ben, "reactivate").values["active"] is True


def test_an_account_disabled_in_the_source_is_a_difference_like_any_other(linked, ben, exactly):
    playbook(linked.update(ben.changed({"active": False})), [
        (expect("GET", "/Users/u-1"), answer(200, ROW)),
        (expect("PATCH", "/Users/u-1", body=exactly(OFF)), answer(204)),
    ])


@pytest.mark.cites("entra", "hard-delete")
def test_delete_disables_first_then_deletes(linked, ben, exactly):
    outcome = playbook(linked.delete(ben), [
        (expect("PATCH", "/Users/u-1", body=exactly(OFF)), answer(204)),
        (expect("DELETE", "/Users/u-1", body=None), answer(204)),
    ])
    assert outcome.ok
    assert linked.expected_user(ben, "delete").exists is False
    assert linked.id_of(ben) == "u-1"  # still readable, for whoever wants to see that it is gone


def test_delete_of_somebody_disabled_is_the_delete_alone_and_404_is_done(linked, ben, refused):
    playbook(linked.deactivate(ben), [(expect("PATCH", "/Users/u-1"), answer(204))])
    outcome = playbook(linked.delete(ben), [(expect("DELETE", "/Users/u-1"), refused(404, "gone"))])
    assert outcome.ok
    assert linked.inferred("delete") == ("delete-404",)


def test_somebody_deleted_is_looked_up_when_assigned_again(linked, ben, empty):
    playbook(linked.delete(ben), [
        (expect("PATCH", "/Users/u-1"), answer(204)), (expect("DELETE", "/Users/u-1"), answer(204)),
    ])
    outcome = playbook(linked.assign(ben), [
        (expect("GET", "/Users", LOOK_UP), empty), (expect("POST", "/Users"), answer(201, {"id": "u-3"})),
    ])
    assert (outcome.state, linked.id_of(ben)) == ("created", "u-3")


def test_nobody_is_disabled_before_they_are_assigned(entra, ben):
    for flow in (entra.deactivate(ben), entra.delete(ben)):
        assert "assign it first" in playbook(flow, []).words


# Reactions -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("reply", "state", "said"), [
    (answer(404), "object-error", "HTTP/404 Not Found response was returned rather than the expected HTTP/200"),
    (answer(401), "quarantined", "EncounteredQuarantineException: 401 Unauthorized"),
    (answer(403), "object-error", "403 Forbidden"),
    (answer(500), "object-error", "Tried again in the next cycle"),
    (answer(429, headers=[("Retry-After", "5")]), "object-error", "429 Too Many Requests"),
    (answer(400, b"bad filter"), "object-error", "SystemForCrossDomainIdentityManagementBadRequest: 400 Bad Request, "
                                                 "body: bad filter. This operation was retried 0 times. It will be "
                                                 "retried again after this date"),
    (answer(200, b"<html>"), "object-error", "SystemForCrossDomainIdentityManagementServiceIncompatible"),
    (answer(200, b""), "object-error", "the body is empty"),
    (answer(200, {"Resources": [ROW]}), "object-error", "totalResults is missing"),
    (answer(200, {"totalResults": "1", "Resources": [ROW]}), "object-error", "totalResults is a JSON string"),
    (answer(200, {"totalResults": 1, "Resources": [{}]}), "object-error", "the resource has no id"),
    (answer(200, {"totalResults": 2, "Resources": [ROW, ROW]}), "object-error", "DuplicateTargetEntries: 2 objects"),
    (answer(200, {"totalResults": 9, "Resources": [ROW]}), "object-error", "DuplicateTargetEntries: 9 objects"),
])
def test_a_look_up_that_fails_ends_the_objects_turn(entra, ben, reply, state, said):
    outcome = playbook(entra.assign(ben), [(expect("GET", "/Users", LOOK_UP), reply)])
    assert (outcome.state, outcome.ok) == (state, False)
    assert said in outcome.words


def test_no_answer_at_all_is_transient(entra, ben, timeout):
    outcome = playbook(entra.assign(ben), [(expect("GET", "/Users", LOOK_UP), timeout)])
    assert (outcome.state, outcome.ok) == ("object-error", False)
    assert "Read timed out. Tried again in the next cycle" in outcome.words


def test_a_stranger_is_linked_blindly_and_the_write_held_back(entra, ben, found, held_back):
    outcome = playbook(entra.assign(ben), [
        (expect("GET", "/Users", LOOK_UP), found({**ROW, "id": "u-9", "userName": "eve@example.com"})),
        (expect("PATCH", "/Users/u-9"), held_back),
    ])
    assert (outcome.state, outcome.ok) == ("object-error", False)
    assert "held back" in outcome.words


@pytest.mark.parametrize(("reply", "said"), [
    (answer(201), "the body is empty"),
    (answer(201, {"userName": "ben@example.com"}), "the resource has no id"),
    (answer(201, b"ok"), "Unrecognized token 'ok'"),
    (answer(409, {"detail": "exists"}), "Tried again in a later cycle"),
    (answer(400, {"detail": "no"}), "SystemForCrossDomainIdentityManagementBadRequest"),
])
def test_a_create_that_fails_is_an_object_error(entra, ben, empty, reply, said):
    outcome = playbook(entra.assign(ben), [
        (expect("GET", "/Users", LOOK_UP), empty), (expect("POST", "/Users"), reply),
    ])
    assert (outcome.state, outcome.ok) == ("object-error", False)
    assert said in outcome.words
    assert entra.id_of(ben) == ""


def test_200_to_a_post_links(entra, ben, empty):
    outcome = playbook(entra.assign(ben), [
        (expect("GET", "/Users", LOOK_UP), empty), (expect("POST", "/Users"), answer(200, ROW)),
    ])
    assert (outcome.state, outcome.ok, outcome.id) == ("linked", True, "u-1")


def test_a_known_user_that_cannot_be_read_is_an_object_error(linked, ben):
    for reply, said in ((answer(500), "500 Internal"), (answer(200, []), "We are not able to deserialize")):
        outcome = playbook(linked.update(ben), [(expect("GET", "/Users/u-1"), reply)])
        assert (outcome.state, outcome.ok) == ("object-error", False)
        assert said in outcome.words


def test_a_patch_that_is_refused_is_an_object_error(linked, ben, refused):
    outcome = playbook(linked.update(ben.changed({"title": "Lead"})), [
        (expect("GET", "/Users/u-1"), answer(200, ROW)), (expect("PATCH", "/Users/u-1"), refused(400, "op Replace?")),
    ])
    assert not outcome.ok
    assert "op Replace?" in outcome.words
