"""The ``rfc`` dialect over a whole directory: leaving the scope, dissolving teams, importing, cycles; its toggles."""

from __future__ import annotations

import pytest

from scimrig_simulator.idp import engage
from scimrig_simulator.idp.acts import Directory
from scimrig_simulator.playbook import answer, expect, playbook
from scimrig_simulator.wire import FailureKind, Reply, TransportFailure

LOOK_UP = "filter=userName%20eq%20%22ada%40example.com%22"
PATCH = '{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[%s]}'
OFF = PATCH % '{"op":"replace","path":"active","value":false}'


@pytest.fixture
def rfc():
    return engage("rfc", 7)


@pytest.fixture
def row(rfc, ada):
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "u-1", "externalId": rfc.external_id(ada),
        "userName": "ada@example.com", "displayName": "Ada Sample", "locale": "en-US", "active": True,
        "name": {"formatted": "Ada Sample", "familyName": "Sample", "givenName": "Ada"},
        "emails": [{"value": "ada@example.com", "type": "work", "primary": True}],
    }


def linked(ada, **settings):
    engine = engage("rfc", 7, **settings)
    engine.adopt(ada, "u-1")
    return engine


@pytest.mark.cites("rfc", "out-of-scope")
def test_who_leaves_the_scope_is_switched_off_deleted_or_left_alone(ada, exactly):
    off = (expect("PATCH", "/Users/u-1", body=exactly(OFF)), answer(204))
    gone = (expect("DELETE", "/Users/u-1", body=None), answer(204))
    for value, entries in (("deactivate", [off]), ("delete", [gone]), ("leave", [])):
        engine = linked(ada, out_of_scope=value)
        assert playbook(engine.play("unassign", ada), entries).ok
        held = engine.expected_user(ada, "update")
        assert engine.expected_user(ada, "unassign", held=held).exists is (value != "delete")


@pytest.mark.cites("rfc", "create", "update", "deactivate", "groups")
def test_what_is_switched_off_is_never_sent(ada, blue, empty, found):
    assert playbook(engage("rfc", 7, create="off").play("assign", ada), [
        (expect("GET", "/Users", LOOK_UP), empty)]).state == "skipped"
    engine = engage("rfc", 7, update="off", deactivate="off", groups="off")
    linking = [(expect("GET", "/Users", LOOK_UP), found({"id": "u-1", "userName": "ada@example.com"}))]
    assert playbook(engine.play("assign", ada), linking).state == "linked"
    assert engine.expected_user(ada, "assign").values == {}
    for act, who in (("update", ada), ("rename", ada), ("deactivate", ada), ("unassign", ada), ("delete", ada),
                     ("push_group", blue), ("set_members", blue), ("rename_group", blue), ("delete_group", blue)):
        assert playbook(engine.play(act, who, [ada]), []).state == "skipped"


@pytest.mark.cites("rfc", "group-rename", "group-delete", "404 to a delete")
def test_a_team_is_renamed_and_dissolved(ada, blue, exactly, refused):
    engine = linked(ada)
    engine.adopt_group(blue, "g-1", [ada])
    green = blue.changed({"displayName": "Team Green"})
    body = exactly(PATCH % '{"op":"replace","path":"displayName","value":"Team Green"}')
    assert playbook(engine.rename_group(green, [ada]), [(expect("PATCH", "/Groups/g-1", body=body), answer(204))]).ok
    assert engine.expected_group(green, [ada], "rename_group").values["displayName"] == "Team Green"
    gone = expect("DELETE", "/Groups/g-1", body=None)
    assert not playbook(engine.delete_group(green), [(gone, refused(404, "gone"))]).ok
    assert playbook(engine.delete_group(green), [(gone, answer(204))]).ok
    assert playbook(engine.delete_group(green), []).state == "unchanged"


@pytest.mark.cites("rfc", "import", "page-size")
def test_an_import_reads_page_after_page(rfc):
    page = {"totalResults": 3, "Resources": [{"id": "u-1"}, {"id": "u-2"}]}
    first = expect("GET", "/Users", "startIndex=1&count=100")
    second = expect("GET", "/Users", "startIndex=3&count=100")
    last = answer(200, {**page, "Resources": [{"id": "u-3"}]})
    assert playbook(rfc.import_users(), [(first, answer(200, page)), (second, last)]).ok
    assert rfc.imported == {"u-1", "u-2", "u-3"}
    assert not playbook(rfc.import_users(), [(first, answer(200, page)), (second, answer(500))]).ok
    fresh = engage("rfc", 7, page_size="2")
    end = answer(200, {"totalResults": 0, "Resources": []})
    assert playbook(fresh.import_users(), [(expect("GET", "/Users", "startIndex=1&count=2"), end)]).ok


@pytest.mark.cites("rfc", "cycle", "cadence", "task-retry", "several matches")
def test_a_cycle_reads_and_compares_and_writes_what_differs(rfc, ada, blue, row, found, empty, exactly):
    assert (rfc.setting("cadence"), rfc.setting("task-retry")) == ("0", "never")
    read = (expect("GET", "/Users/u-1"), answer(200, row))
    team = (expect("GET", "/Groups", "filter=displayName%20eq%20%22Team%20Blue%22"), empty)
    create = (expect("POST", "/Groups"), answer(201, {"id": "g-1"}))
    everybody = Directory([ada], [(blue, [ada])])
    two = found(row, {"id": "u-2"})
    assert playbook(rfc.cycle(everybody), [(expect("GET", "/Users", LOOK_UP), two), read, team, create]).ok
    assert playbook(rfc.cycle(everybody), [read]).ok, "the second one writes nothing"
    lead = PATCH % '{"op":"replace","path":"title","value":"Lead"}'
    patch = (expect("PATCH", "/Users/u-1", body=exactly(lead)), answer(204))
    assert playbook(rfc.cycle(Directory([ada.changed({"title": "Lead"})], [(blue, [ada])])), [read, patch]).ok
    off = (expect("PATCH", "/Users/u-1", body=exactly(OFF)), answer(204))
    dissolve = (expect("DELETE", "/Groups/g-1"), answer(204))
    assert playbook(rfc.cycle(Directory([])), [off, dissolve]).ok
    assert playbook(rfc.cycle(Directory([])), []).ok


def test_by_put_who_is_gone_is_read_and_sent_back_inactive(ada, row):
    engine = linked(ada, profile_update="put")
    write = expect("PUT", "/Users/u-1", body={**row, "active": False})
    read = (expect("GET", "/Users/u-1"), answer(200, row))
    assert playbook(engine.cycle(Directory([])), [read, (write, answer(200))]).ok
    broken = linked(ada, profile_update="put")
    for reply in (answer(404), answer(200, b"<html>")):
        assert "1 failed" in playbook(broken.cycle(Directory([])), [(expect("GET", "/Users/u-1"), reply)]).words


@pytest.mark.cites("rfc", "400", "401", "403", "404 to an update", "409", "412", "501", "4xx", "5xx", "timeout",
                   "reset", "no answer", "429 with Retry-After in seconds", "429 with Retry-After as a date",
                   "429 with a malformed Retry-After", "429 without Retry-After")
@pytest.mark.parametrize("reply", [
    *(answer(status) for status in (400, 401, 403, 404, 409, 412, 413, 501, 503)),
    *(answer(429, headers=[("Retry-After", said)]) for said in ("120", "Thu, 01 Jan 2026 00:00:00 GMT", "soon")),
    answer(429), *(Reply(0, failure=TransportFailure(kind, "lost"))
                   for kind in (FailureKind.TIMEOUT, FailureKind.RESET, FailureKind.REFUSED)),
])
def test_whatever_is_refused_fails_the_act_and_is_not_sent_again(ada, reply):
    outcome = playbook(linked(ada).play("deactivate", ada), [(expect("PATCH", "/Users/u-1"), reply)])
    assert (outcome.state, outcome.ok) == ("object-error", False)
    assert ("is not known" in outcome.means) is (reply.failure is not None)
