"""The manager of Microsoft Entra: a PATCH of its own on the report. Literals: idp-dialects.md, Entra 10, EN-MANAGER."""

from __future__ import annotations

import dataclasses

import pytest

from scimrig_simulator.idp import engage
from scimrig_simulator.playbook import answer, expect, playbook

LOOK_UP = "filter=userName+eq+%22ben%40example.com%22"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = '{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[%s]}'
ADD = PATCH % f'{{"op":"Add","path":"{ENTERPRISE}:manager","value":"u-0900"}}'
ROW = {
    "id": "u-1001", "externalId": "ben", "userName": "ben@example.com", "active": True, "displayName": "Ben Sample",
    "emails": [{"primary": True, "type": "work", "value": "ben@example.com"}],
    "name": {"formatted": "Ben Sample", "familyName": "Sample", "givenName": "Ben"}, "title": "Tester",
    ENTERPRISE: {"employeeNumber": "701", "department": "QA"},
}
LED = {**ROW, ENTERPRISE: {**ROW[ENTERPRISE], "manager": {"value": "u-0900"}}}
BEN = "/Users/u-1001"


@pytest.fixture
def report(ben, ada):
    """Ben, who reports to Ada."""
    return dataclasses.replace(ben, manager=ada.number)


@pytest.fixture
def led(report, ada):
    """``led("entra")``: an engine that knows both: Ada is u-0900, Ben u-1001."""

    def engaged(dialect="entra", **settings):
        engine = engage(dialect, 7, **settings)
        engine.adopt(ada, "u-0900")
        engine.adopt(report, "u-1001")
        return engine

    return engaged


def path_of(engine, person, act="update"):
    return engine.expected_user(person, act).values.get(f"{ENTERPRISE}:manager.value", "not expected")


@pytest.mark.cites("entra", "manager", "object-order")
def test_the_manager_comes_after_the_create_in_a_patch_of_its_own(ada, report, empty, exactly):
    engine = engage("entra", 7)
    engine.adopt(ada, "u-0900")
    flow = engine.assign(report)
    next(flow)
    post = flow.send(empty)
    assert "manager" not in str(post.body)
    patch = flow.send(answer(201, ROW))
    assert (patch.method, patch.path, patch.content) == ("PATCH", BEN, exactly(ADD))
    with pytest.raises(StopIteration) as end:
        flow.send(answer(204))
    assert (end.value.value.state, end.value.value.ok) == ("created", True)
    assert path_of(engine, report, "assign") == "u-0900"
    assert not engine.refers(report)


def test_nothing_is_sent_of_a_manager_who_is_not_known_yet(ada, report, empty, exactly):
    engine = engage("entra", 7)
    playbook(engine.assign(report), [
        (expect("GET", "/Users", LOOK_UP), empty), (expect("POST", "/Users"), answer(201, ROW)),
    ])
    assert not engine.refers(report)
    assert path_of(engine, report) == "not expected"
    engine.adopt(ada, "u-0900")
    assert engine.refers(report)
    assert playbook(engine.bring_references(report), [(expect("PATCH", BEN, body=exactly(ADD)), answer(204))]).ok
    assert not engine.refers(report)
    assert playbook(engine.bring_references(report), []).state == "unchanged"


def test_with_the_flag_it_is_the_same_in_lower_case(led, report, exactly):
    body = exactly(PATCH % '{"op":"add","path":"<urn>:manager","value":"u-0900"}', urn=ENTERPRISE)
    playbook(led("entra-flag").bring_references(report), [(expect("PATCH", BEN, body=body), answer(204))])


@pytest.mark.parametrize("shown", [{"value": "u-0900"}, {"value": "u-0900", "displayName": "Ada"}, "u-0900"])
def test_a_manager_whom_the_server_shows_is_not_sent_again(led, report, shown):
    row = {**ROW, ENTERPRISE: {**ROW[ENTERPRISE], "manager": shown}}
    engine = led()
    assert playbook(engine.update(report), [(expect("GET", BEN), answer(200, row))]).state == "unchanged"
    assert path_of(engine, report) == "u-0900"


@pytest.mark.cites("entra", "manager hidden from a read")
def test_a_manager_whom_the_server_does_not_show_is_sent_again_every_time(led, report, exactly):
    engine = led()
    for _ in range(2):
        outcome = playbook(engine.update(report), [
            (expect("GET", BEN), answer(200, ROW)), (expect("PATCH", BEN, body=exactly(ADD)), answer(204)),
        ])
        assert outcome.state == "updated"


def test_another_manager_replaces_the_first(led, person, report, exactly):
    eve = person("eve", 9)
    engine = led()
    engine.adopt(eve, "u-0901")
    body = exactly(PATCH % '{"op":"Replace","path":"<urn>:manager","value":"u-0901"}', urn=ENTERPRISE)
    playbook(engine.update(dataclasses.replace(report, manager=9)), [
        (expect("GET", BEN), answer(200, LED)), (expect("PATCH", BEN, body=body), answer(204)),
    ])


@pytest.mark.cites("entra", "manager-removal")
@pytest.mark.parametrize(("removal", "operation"), [
    ("remove", '{"op":"Remove","path":"<urn>:manager"}'),
    ("remove-empty", '{"op":"Remove","path":"<urn>:manager","value":""}'),
])
def test_a_manager_who_is_gone_is_removed_and_that_is_inferred(removal, operation, led, ben, report, exactly):
    engine = led(manager_removal=removal)
    playbook(engine.update(report), [(expect("GET", BEN), answer(200, LED))])
    body = exactly(PATCH % operation, urn=ENTERPRISE)
    playbook(engine.update(ben), [
        (expect("GET", BEN), answer(200, LED)), (expect("PATCH", BEN, body=body), answer(204)),
    ])
    assert path_of(engine, ben) is None
    assert engine.inferred("update") == (("manager-removal",) if removal == "remove" else ())


def test_a_manager_who_is_gone_may_stay(led, ben, report):
    engine = led(manager_removal="not-sent")
    for who in (report, ben):
        playbook(engine.update(who), [(expect("GET", BEN), answer(200, LED))])
    assert path_of(engine, ben) == "not expected"


def test_a_manager_who_was_never_ours_is_left_alone(led, ben):
    playbook(led().update(ben), [(expect("GET", BEN), answer(200, LED))])


def test_as_in_2018_a_look_up_asks_first_and_the_value_is_an_array(led, report, empty, found, exactly):
    query = "filter=id+eq+%22u-1001%22+and+manager+eq+%22u-0900%22&attributes=id"
    body = exactly(PATCH % '{"op":"Add","path":"manager","value":[{"$ref":"../Users/u-0900","value":"u-0900"}]}')
    engine = led(manager="checked")
    playbook(engine.bring_references(report), [
        (expect("GET", "/Users", query), empty), (expect("PATCH", BEN, body=body), answer(204)),
    ])
    outcome = playbook(led(manager="checked").bring_references(report), [
        (expect("GET", "/Users", query), found({"id": "u-1001"})),
    ])
    assert (outcome.state, outcome.ok) == ("unchanged", True)
    outcome = playbook(led(manager="checked").bring_references(report), [(expect("GET", "/Users", query), answer(400))])
    assert (outcome.state, outcome.ok) == ("reference-error", False)


@pytest.mark.parametrize("settings", [{"manager": "off"}, {"update": "off"}])
def test_no_reference_is_brought_where_the_admin_has_none(settings, led, report):
    engine = led(**settings)
    assert not engine.refers(report)
    assert playbook(engine.bring_references(report), []).state == "unchanged"
    assert path_of(engine, report, "assign") == "not expected"


def test_a_reference_that_is_refused_is_no_failure_of_the_object_and_is_sent_again(led, report, refused):
    engine = led()
    for reply, fine in ((refused(400, "manager?"), False), (answer(204), True)):
        outcome = playbook(engine.bring_references(report), [(expect("PATCH", BEN), reply)])
        assert outcome.ok is fine
        assert (outcome.state == "reference-error") is not fine
