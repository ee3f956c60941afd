"""What the dialects have in common that replace users whole: their toggles, what is unknown of them, their reactions.

Where the evidence is silent an IdP has a default and a knob to turn it; each value is played here for every dialect.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from scimrig_simulator.idp import engage
from scimrig_simulator.idp.acts import Directory
from scimrig_simulator.playbook import answer, expect, playbook
from scimrig_simulator.wire import CREDENTIALS, LENGTH, Pause

DIALECTS = ("google", "onelogin", "jumpcloud", "pingfederate", "pingone", "ad-connect", "ldap-gateway")
PUSHING = DIALECTS[1:]
CYCLING = ("google", "pingfederate", "ad-connect", "ldap-gateway")
PLAIN = "filter=userName%20eq%20%22fay%40example.com%22"
LOOK_UP = {
    "google": f"{PLAIN}&startIndex=1", "onelogin": "filter=userName+eq+%22fay%40example.com%22",
    "pingone": "filter=username%20Eq%20%22fay%40example.com%22",
}
ROW = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "u-1", "userName": "fay@example.com",
    "name": {"givenName": "Fay", "familyName": "Sample"}, "active": True,
    "emails": [{"value": "fay@example.com", "type": "work", "primary": True}],
}
every = pytest.mark.parametrize("name", DIALECTS)
pushing = pytest.mark.parametrize("name", PUSHING)


@pytest.fixture
def fay(person):
    return person("fay", 6, given_name="Fay", family_name="Sample", display_name="Fay Sample", formatted="Fay Sample",
                  user_name="fay@example.com", email="fay@example.com", login="fay")


def look(name):
    return expect("GET", "/Users", LOOK_UP.get(name, PLAIN))


def before_write(name, found):
    """What an update asks before it writes."""
    asked = [(look(name), found(ROW))] if name in ("google", "jumpcloud") else []
    return [*asked, (expect("GET", "/Users/u-1"), answer(200, ROW))] if name == "google" else asked


def linked(name, fay, **settings):
    engine = engage(name, 7, **settings)
    engine.adopt(fay, "u-1")
    return engine


def body_of(flow, *replies):
    """The body of the request that follows these answers."""
    step = next(flow)
    for reply in replies:
        step = flow.send(reply)
    flow.close()
    return json.loads(step.content)


# Transport ------------------------------------------------------------------------------------------------------------


@pytest.mark.cites("onelogin, jumpcloud, pingfederate, pingone, ad-connect, ldap-gateway",
                   "user-agent", "accept", "content-type", "header-order")
@pushing
def test_of_most_no_header_is_known_but_the_type_of_the_body(name):
    engine = engage(name, 7)
    assert engine.headers(body=False) == (("Authorization", CREDENTIALS),)
    assert engine.headers(body=True) == (
        ("Authorization", CREDENTIALS), ("Content-Type", "application/scim+json"), ("Content-Length", LENGTH))
    turned = engage(name, 7, user_agent="Client/1.0", accept="application/json", content_type="application/json")
    assert turned.headers(body=True) == (
        ("Accept", "application/json"), ("Authorization", CREDENTIALS), ("User-Agent", "Client/1.0"),
        ("Content-Type", "application/json"), ("Content-Length", LENGTH))


@pytest.mark.cites("google, onelogin, jumpcloud, pingfederate, pingone, ad-connect, ldap-gateway", "query-encoding")
@every
@pytest.mark.parametrize(("encoding", "blank"), [("%20", "%20"), ("+", "+")])
def test_a_blank_in_a_query_is_encoded_as_the_knob_has_it(name, encoding, blank, fay):
    flow = engage(name, 7, query_encoding=encoding).assign(fay)
    assert next(flow).query == LOOK_UP.get(name, PLAIN).replace("+", blank).replace("%20", blank)
    flow.close()


@pytest.mark.cites("onelogin, pingfederate, pingone, ad-connect, ldap-gateway", "test-request")
@pytest.mark.parametrize("name", ["onelogin", "pingfederate", "pingone", "ad-connect", "ldap-gateway"])
def test_the_connection_is_tested_by_looking_for_nobody(name, found, refused):
    for reply in (found(), refused(404, "nobody")):
        engine = engage(name, 7)
        engine.nobody = "nobody-1@acme.test"
        query = LOOK_UP.get(name, PLAIN).replace("fay%40example.com", "nobody-1%40acme.test")
        assert playbook(engine.connect(), [(expect("GET", "/Users", query), reply)]).ok
    for reply in (refused(401, "who?"), answer(200, {}), answer(500)):
        query = LOOK_UP.get(name, PLAIN).replace("fay", "nobody")
        assert not playbook(engage(name, 7).connect(), [(expect("GET", "/Users", query), reply)]).ok


@pytest.mark.cites("google, onelogin, jumpcloud, pingfederate, pingone, ad-connect, ldap-gateway", "test-request")
@every
def test_the_connection_may_be_tested_by_a_light_read(name, found):
    engine = engage(name, 7, test_request="read")
    assert playbook(engine.connect(), [(expect("GET", "/Users", "startIndex=1"), found(ROW))]).ok


# Look-up and create ---------------------------------------------------------------------------------------------------


@pytest.mark.cites("google, onelogin, jumpcloud, pingfederate, pingone, ad-connect, ldap-gateway",
                   "look-up-404", "404 to a look-up")
@every
@pytest.mark.parametrize("value", ["nobody", "fails"])
def test_an_empty_look_up_answered_with_404(name, value, fay, refused):
    engine = engage(name, 7, look_up_404=value)
    create = [(expect("POST", "/Users"), answer(201, ROW))] if value == "nobody" else []
    outcome = playbook(engine.assign(fay), [(look(name), refused(404, "nobody")), *create])
    assert outcome.ok is (value == "nobody")


@pytest.mark.cites("google, onelogin, jumpcloud, pingfederate, pingone, ad-connect, ldap-gateway",
                   "link-or-create", "several matches")
@every
def test_who_is_found_is_linked_and_brought_up_to_date(name, fay, found):
    other = {**ROW, "id": "u-2"}
    read = [(expect("GET", "/Users/u-1"), answer(200, ROW))] if name == "google" else []
    outcome = playbook(engage(name, 7).assign(fay), [
        (look(name), found(ROW, other)), *read, (expect("PUT", "/Users/u-1"), answer(200, ROW)),
    ])
    assert (outcome.state, outcome.id) == ("linked", "u-1")


@pytest.mark.cites("google, onelogin, jumpcloud, pingfederate, pingone, ad-connect, ldap-gateway",
                   "conflict", "409 to a create")
@every
@pytest.mark.parametrize("value", ["fails", "look-up"])
def test_a_conflict_on_create(name, value, fay, empty, found, refused):
    engine = engage(name, 7, conflict=value)
    read = [(expect("GET", "/Users/u-1"), answer(200, ROW))] if name == "google" else []
    again = [(look(name), found(ROW)), *read, (expect("PUT", "/Users/u-1"), answer(200, ROW))]
    outcome = playbook(engine.play("assign", fay), [
        (look(name), empty), (expect("POST", "/Users"), refused(409, "taken")), *(again if value == "look-up" else []),
    ])
    assert (outcome.ok, engine.id_of(fay)) == ((True, "u-1") if value == "look-up" else (False, ""))
    assert ("never links the account that is there" in outcome.means) is (value == "fails")


@pytest.mark.cites("google, onelogin, jumpcloud, pingfederate, pingone, ad-connect, ldap-gateway",
                   "empty-201", "empty body", "no id")
@every
@pytest.mark.parametrize("reply", [answer(201), answer(201, {"userName": "fay@example.com"})])
def test_a_created_user_of_whom_no_id_is_told(name, reply, fay, empty, found):
    outcome = playbook(engage(name, 7).play("assign", fay), [(look(name), empty), (expect("POST", "/Users"), reply)])
    assert not outcome.ok
    assert "has no id to link" in outcome.means
    engine = engage(name, 7, empty_201="look-up", update="off")
    outcome = playbook(engine.assign(fay), [
        (look(name), empty), (expect("POST", "/Users"), reply), (look(name), found(ROW)),
    ])
    assert (outcome.ok, outcome.id) == (True, "u-1")


@pytest.mark.cites("google, onelogin, jumpcloud, pingfederate, pingone, ad-connect, ldap-gateway",
                   "no totalResults", "totalResults no integer", "no JSON", "inactive hidden from the look-up")
@every
def test_a_look_up_that_cannot_be_read_neither_links_nor_creates(name, fay, empty, refused):
    for reply in (answer(200, {"Resources": [ROW]}), answer(200, {"totalResults": "1", "Resources": [ROW]}),
                  answer(200, b"<html>")):
        outcome = playbook(engage(name, 7).play("assign", fay), [(look(name), reply)])
        assert (outcome.ok, "neither links nor creates" in outcome.means) == (False, True)
    hidden = [(look(name), empty), (expect("POST", "/Users"), refused(409, "there is one, switched off"))]
    assert not playbook(engage(name, 7).assign(fay), hidden).ok


# Toggles --------------------------------------------------------------------------------------------------------------


@pytest.mark.cites("google, onelogin, jumpcloud, pingfederate, pingone, ad-connect, ldap-gateway", "create")
@every
def test_where_create_is_off_nobody_is_created_but_who_is_found_is_linked(name, fay, empty, found):
    engine = engage(name, 7, create="off")
    outcome = playbook(engine.play("assign", fay), [(look(name), empty)])
    assert (outcome.state, outcome.ok, engine.expected_user(fay, "assign").exists) == ("skipped", True, False)
    read = [(expect("GET", "/Users/u-1"), answer(200, ROW))] if name == "google" else []
    outcome = playbook(engine.play("assign", fay), [
        (look(name), found(ROW)), *read, (expect("PUT", "/Users/u-1"), answer(200, ROW)),
    ])
    assert outcome.id == "u-1"


@pytest.mark.cites("google, onelogin, jumpcloud, pingfederate, pingone, ad-connect, ldap-gateway", "update")
@every
def test_where_update_is_off_no_profile_is_sent(name, fay, found):
    engine = engage(name, 7, update="off")
    outcome = playbook(engine.play("assign", fay), [(look(name), found(ROW))])
    assert (outcome.state, outcome.id) == ("linked", "u-1")
    assert engine.expected_user(fay, "assign").values == {}
    for act in ("update", "rename"):
        assert playbook(engine.play(act, fay.changed({"title": "Lead"})), []).state == "skipped"


@pytest.mark.cites("google, onelogin, jumpcloud, pingfederate, pingone, ad-connect, ldap-gateway", "deactivate")
@every
def test_where_deactivate_is_off_nobody_is_switched_off_or_deleted(name, fay):
    engine = linked(name, fay, deactivate="off")
    for act in ("deactivate", "unassign", "delete"):
        assert playbook(engine.play(act, fay), []).state == "skipped"


@pytest.mark.cites("google, onelogin, jumpcloud, pingfederate, pingone, ad-connect, ldap-gateway", "out-of-scope")
@pytest.mark.parametrize(("name", "value"), [
    (name, value) for name in DIALECTS for value in ("deactivate", "delete", "leave")
    if value != "leave" or name in ("onelogin", "jumpcloud", "ad-connect", "ldap-gateway")])
def test_who_leaves_the_scope_is_switched_off_deleted_or_left_alone(name, value, fay, found):
    engine = linked(name, fay, out_of_scope=value)
    sent = {
        "deactivate": [*before_write(name, found), (expect("PUT", "/Users/u-1"), answer(200, ROW))],
        "delete": [(expect("DELETE", "/Users/u-1"), answer(204))], "leave": [],
    }
    assert playbook(engine.play("unassign", fay), sent[value]).ok
    assert engine.expected_user(fay, "unassign").exists is (value == "deactivate")
    assert engine.dialect.acts["unassign"].needs >= {"delete": {"delete"}, "deactivate": {"put"}}.get(value, set())


@pytest.mark.cites("google, jumpcloud, ad-connect, ldap-gateway", "on-delete")
@pytest.mark.parametrize("name", ["google", "jumpcloud", "ad-connect", "ldap-gateway"])
@pytest.mark.parametrize("value", ["delete", "deactivate"])
def test_who_is_deleted_goes_or_is_switched_off(name, value, fay, found):
    engine = linked(name, fay, on_delete=value, out_of_scope="delete")
    off = [*before_write(name, found), (expect("PUT", "/Users/u-1"), answer(200, ROW))]
    gone = [(expect("DELETE", "/Users/u-1"), answer(204))]
    assert playbook(engine.play("delete", fay), gone if value == "delete" else off).ok
    assert engine.expected_user(fay, "delete").exists is (value == "deactivate")
    assert engine.expected_user(fay, "unassign").exists is False


@pytest.mark.parametrize("name", ["onelogin", "pingfederate", "pingone"])
@pytest.mark.parametrize("value", ["delete", "deactivate"])
def test_one_setting_says_what_becomes_of_whoever_is_removed(name, value, fay):
    """onelogin:5 and pingfederate:5 have one remove action, for those who are deleted as well."""
    engine = linked(name, fay, out_of_scope=value)
    method = "DELETE" if value == "delete" else "PUT"
    assert playbook(engine.delete(fay), [(expect(method, "/Users/u-1"), answer(200, ROW))]).ok
    assert engine.dialect.acts["delete"].needs == {"users", "delete" if value == "delete" else "put"}


@every
def test_whoever_was_switched_off_stays_off_until_they_are_switched_on_again(name, fay, found):
    engine = linked(name, fay)
    write = (expect("PUT", "/Users/u-1"), answer(200, ROW))
    for act, active in (("deactivate", False), ("update", False), ("reactivate", True), ("update", True)):
        assert playbook(engine.play(act, fay), [*before_write(name, found), write]).ok
        assert engine.expected_user(fay, "update").values["active"] is active


# Update ---------------------------------------------------------------------------------------------------------------


@pytest.mark.cites("onelogin, jumpcloud, pingfederate, pingone, ad-connect, ldap-gateway", "profile-update",
                   "204 to an update")
@pushing
def test_a_put_carries_what_a_post_would(name, fay, empty, found):
    posted = body_of(engage(name, 7).assign(fay), empty)
    ahead = [reply for _, reply in before_write(name, found)]
    assert body_of(linked(name, fay).update(fay), *ahead) == posted
    switched = body_of(linked(name, fay).deactivate(fay), *ahead)
    assert switched["active"] in (False, "false")
    assert {**switched, "active": posted["active"]} == posted
    written = (expect("PUT", "/Users/u-1"), answer(204))
    assert playbook(linked(name, fay).update(fay), [*before_write(name, found), written]).ok


@pytest.mark.cites("google, onelogin, jumpcloud, pingfederate, pingone, ad-connect, ldap-gateway", "profile-update")
@every
def test_other_ways_to_update_can_be_chosen(name, fay, found):
    lead = fay.changed({"title": "Lead"})
    engine = linked(name, fay, profile_update="read-put")
    ahead = [(look(name), found(ROW))] if name in ("google", "jumpcloud") else []
    held = {**ROW, "nickName": "F"}
    flow = engine.update(lead)
    sent = body_of(flow, *(reply for _, reply in ahead), answer(200, held))
    assert (sent["nickName"], sent["title"], sent["id"]) == ("F", "Lead", "u-1")
    engine = linked(name, fay, profile_update="patch")
    sent = body_of(engine.update(lead), *(reply for _, reply in ahead), answer(200, held))
    assert {"op": "replace", "path": "title", "value": "Lead"} in sent["Operations"]
    assert engine.dialect.acts["update"].needs >= {"patch"}


@pytest.mark.cites("jumpcloud, google", "look-up-first")
@pytest.mark.parametrize("name", ["google", "jumpcloud"])
def test_an_update_may_begin_with_the_look_up(name, fay, empty):
    read = [(expect("GET", "/Users/u-1"), answer(200, ROW))] if name == "google" else []
    write = (expect("PUT", "/Users/u-1"), answer(200, ROW))
    assert playbook(linked(name, fay).update(fay), [(look(name), empty), *read, write]).ok
    assert playbook(linked(name, fay, look_up_first="off").update(fay), [*read, write]).ok


@pytest.mark.cites("google, onelogin, jumpcloud, pingfederate, pingone, ad-connect, ldap-gateway",
                   "unknown-id", "404 to an update", "404 to a read")
@every
def test_somebody_who_has_vanished(name, fay, found, refused):
    asked = expect("GET" if name == "google" else "PUT", "/Users/u-1")
    ahead = [(look(name), found(ROW))] if name in ("google", "jumpcloud") else []
    outcome = playbook(linked(name, fay).play("update", fay), [*ahead, (asked, refused(404, "gone"))])
    assert (outcome.ok, "an account that is gone" in outcome.means) == (False, True)
    engine = linked(name, fay, unknown_id="re-creates")
    outcome = playbook(engine.update(fay), [
        *ahead, (asked, refused(404, "gone")), (expect("POST", "/Users"), answer(201, {**ROW, "id": "u-2"})),
    ])
    assert (outcome.ok, engine.id_of(fay)) == (True, "u-2")


@pytest.mark.cites("google, onelogin, jumpcloud, pingfederate, pingone, ad-connect, ldap-gateway",
                   "delete-404", "404 to a delete")
@every
@pytest.mark.parametrize("value", ["done", "fails"])
def test_a_delete_of_somebody_who_is_not_there(name, value, fay, refused):
    engine = linked(name, fay, delete_404=value, out_of_scope="delete")
    outcome = playbook(engine.delete(fay), [(expect("DELETE", "/Users/u-1"), refused(404, "gone"))])
    assert outcome.ok is (value == "done")


@pytest.mark.cites("onelogin, jumpcloud, pingfederate, pingone, ad-connect, ldap-gateway", "empty-value")
@pushing
def test_what_somebody_lacks(name, fay, empty):
    sent = body_of(engage(name, 7).assign(fay), empty)
    assert sent.get("title", None) == ("" if name == "onelogin" else None)
    if name == "onelogin":
        assert "title" not in body_of(engage(name, 7, empty_value="left-out").assign(fay), empty)


# Reactions ------------------------------------------------------------------------------------------------------------


@pytest.mark.cites("google, onelogin, jumpcloud, pingfederate, pingone, ad-connect, ldap-gateway",
                   "400", "401", "403", "412", "4xx", "5xx", "501", "timeout", "reset", "no answer")
@every
@pytest.mark.parametrize(("status", "means"), [
    (400, "shows the change as failed"), (401, "shows the change as failed"), (403, "shows the change as failed"),
    (412, "shows the change as failed"), (413, "shows the change as failed"), (503, "shows the change as failed"),
    (501, "the change never arrives"),
])
def test_a_write_that_is_refused_fails_the_task_and_shows_the_answer(name, status, means, fay, found, timeout):
    write = expect("PUT", "/Users/u-1")
    refusal = answer(status, b"plain text it is")
    outcome = playbook(linked(name, fay).play("update", fay), [*before_write(name, found), (write, refusal)])
    assert (outcome.state, means in outcome.means) == ("task-failed", True)
    assert f"{status} " in outcome.words
    assert "plain text it is" in outcome.words
    outcome = playbook(linked(name, fay).play("update", fay), [*before_write(name, found), (write, timeout)])
    assert "does not know whether its request took effect" in outcome.means


_DATE = format_datetime(datetime(2026, 1, 1, tzinfo=UTC), usegmt=True)


@pytest.mark.cites("google, onelogin, jumpcloud, pingfederate, pingone, ad-connect, ldap-gateway",
                   "429 with Retry-After in seconds", "429 with Retry-After as a date",
                   "429 with a malformed Retry-After", "429 without Retry-After")
@every
@pytest.mark.parametrize("headers", [[("Retry-After", "120")], [("Retry-After", _DATE)], [("Retry-After", "soon")], []])
def test_being_asked_to_wait_is_a_failure(name, headers, fay):
    outcome = playbook(engage(name, 7).play("assign", fay), [(look(name), answer(429, headers=headers))])
    assert (outcome.ok, "asked to wait" in outcome.means) == (False, True)


@pytest.mark.cites("google, onelogin, jumpcloud, pingfederate, pingone, ad-connect, ldap-gateway", "rate-limit")
@every
def test_an_idp_that_waits_sends_again_twice_at_most(name, fay, empty):
    limited = answer(429, headers=[("Retry-After", "120")])
    wait = (Pause(120), None)
    outcome = playbook(engage(name, 7, rate_limit="waits").assign(fay), [
        (look(name), limited), wait, (look(name), empty), (expect("POST", "/Users"), limited), wait,
        (expect("POST", "/Users"), limited), wait, (expect("POST", "/Users"), limited),
    ])
    assert not outcome.ok
    dated = answer(429, headers=[("Retry-After", _DATE)])
    assert not playbook(engage(name, 7, rate_limit="waits").assign(fay), [(look(name), dated)]).ok


# Cycles ---------------------------------------------------------------------------------------------------------------


@pytest.mark.cites("google, onelogin, jumpcloud, pingfederate, pingone, ad-connect, ldap-gateway",
                   "cadence", "task-retry")
@pytest.mark.parametrize(("name", "every", "retry"), [
    ("google", "14400", "14400"), ("onelogin", "0", "never"), ("jumpcloud", "0", "never"), ("pingone", "0", "never"),
    ("pingfederate", "60", "60"), ("ad-connect", "1800", "1800"), ("ldap-gateway", "300", "300"),
])
def test_how_often_changes_go_out_and_when_a_failed_task_comes_again(name, every, retry):
    engine = engage(name, 7)
    assert (engine.setting("cadence"), engine.setting("task-retry")) == (every, retry)
    assert engage(name, 7, cadence="7", task_retry="9").setting("task-retry") == "9"
    assert bool(engine.can("cycle")) is (every == "0")


@pytest.mark.cites("pingfederate, ad-connect, ldap-gateway", "cycle")
@pytest.mark.parametrize("name", CYCLING)
def test_a_cycle_writes_what_has_changed_and_nothing_else(name, fay, empty, found):
    engine = engage(name, 7)
    read = [(expect("GET", "/Users/u-1"), answer(200, ROW))]
    write = (expect("PUT", "/Users/u-1"), answer(200, ROW))
    first = [(look(name), empty), (expect("POST", "/Users"), answer(201, ROW))]
    assert playbook(engine.cycle(Directory([fay])), first).ok
    assert playbook(engine.cycle(Directory([fay])), []).ok
    ahead = before_write(name, found)
    assert playbook(engine.cycle(Directory([fay.changed({"familyName": "New"})])), [*ahead, write]).ok
    assert playbook(engine.cycle(Directory([])), [*read, write]).ok
    assert playbook(engine.cycle(Directory([])), []).ok
    assert playbook(engine.cycle(Directory([fay.changed({"familyName": "New"})])), [*ahead, write]).ok


@pytest.mark.parametrize("name", CYCLING)
def test_a_cycle_tells_what_failed_and_tries_it_again_in_the_next(name, fay, empty, refused):
    engine = engage(name, 7)
    entries = [(look(name), empty), (expect("POST", "/Users"), refused(400, "no"))]
    for _ in range(2):
        outcome = playbook(engine.cycle(Directory([fay])), entries)
        assert (outcome.ok, outcome.words.startswith("1 failed: ")) == (False, True)


@pytest.mark.parametrize("name", CYCLING)
def test_who_is_gone_from_the_directory_is_deleted_where_that_is_the_setting(name, fay):
    engine = linked(name, fay, out_of_scope="delete")
    assert playbook(engine.cycle(Directory([])), [(expect("DELETE", "/Users/u-1"), answer(204))]).ok
    assert engine.id_of_number(fay.number) == ""
