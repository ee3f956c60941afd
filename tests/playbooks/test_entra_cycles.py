"""Microsoft Entra about many at once: a cycle, account discovery, and on demand one by one. Literals: Entra 1-7, 10."""

from __future__ import annotations

import dataclasses

import pytest

from scimrig_simulator.clock import VirtualClock
from scimrig_simulator.drive import InProcessTransport, play
from scimrig_simulator.idp import engage
from scimrig_simulator.idp.acts import Directory
from scimrig_simulator.playbook import answer, expect, playbook
from scimrig_simulator.server.app import Settings, build
from scimrig_simulator.wire import overheard
from scimrig_simulator.workforce.company import Company
from scimrig_simulator.workforce.team import Team

PATCH = '{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[%s]}'
NO_MEMBERS = "excludedAttributes=members"
BEN_ROW = {
    "id": "u-2", "externalId": "ben", "userName": "ben@example.com", "active": True, "displayName": "Ben Sample",
    "emails": [{"type": "work", "value": "ben@example.com"}], "title": "Tester",
    "name": {"formatted": "Ben Sample", "familyName": "Sample", "givenName": "Ben"},
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"employeeNumber": "701", "department": "QA"},
}
ADA_ROW = {
    "id": "u-1", "externalId": "ada", "userName": "ada@example.com", "active": True, "displayName": "Ada Sample",
    "emails": [{"type": "work", "value": "ada@example.com"}], "preferredLanguage": "en-US",
    "name": {"formatted": "Ada Sample", "familyName": "Sample", "givenName": "Ada"},
}


@pytest.fixture
def test_query():
    """The request that begins every cycle, and every run on demand."""
    return expect("GET", "/Users", next(engage("entra", 7).connect()).query, body=None)


@pytest.fixture
def crowd(person):
    return [person(f"p{number}", number, user_name=f"p{number}@example.com") for number in range(1, 8)]


# Cycles --------------------------------------------------------------------------------------------------------------


@pytest.mark.cites("entra", "object-order", "members-read-back", "group-create", "group-read", "group-look-up")
def test_a_cycle_brings_users_then_groups_then_references(ada, ben, blue, test_query, empty, exactly):
    led = dataclasses.replace(ada, manager=ben.number)
    engine = engage("entra", 7)
    engine.adopt(led, "u-1")
    manager = exactly(PATCH % '{"op":"Add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",'
                              '"value":"u-2"}')
    name = exactly(PATCH % '{"op":"Replace","path":"displayName","value":"Ada Sample"}')
    outcome = playbook(engine.play("cycle", directory=Directory([led, ben], [(blue, [led])])), [
        (test_query, empty),
        (expect("GET", "/Users/u-1"), answer(200, {**ADA_ROW, "displayName": "A"})),
        (expect("PATCH", "/Users/u-1", body=name), answer(204)),
        (expect("GET", "/Users", "filter=userName+eq+%22ben%40example.com%22"), empty),
        (expect("POST", "/Users"), answer(201, {"id": "u-2"})),
        (expect("GET", "/Groups", f"{NO_MEMBERS}&filter=displayName+eq+%22Team+Blue%22"), empty),
        (expect("POST", "/Groups"), answer(201, {"id": "g-1"})),
        (expect("GET", "/Groups/g-1", NO_MEMBERS), answer(200, {"id": "g-1"})),
        (expect("PATCH", "/Groups/g-1"), answer(204)),
        (expect("PATCH", "/Users/u-1", body=manager), answer(204)),
    ])
    assert (outcome.state, outcome.ok, outcome.words) == ("updated", True, "3 of 3 objects changed")


@pytest.mark.cites("entra", "group-delete", "disable-once")
def test_who_is_known_and_not_in_the_directory_is_out_of_scope(ada, ben, blue, test_query, empty, exactly):
    engine = engage("entra", 7)
    engine.adopt(ada, "u-1")
    engine.adopt(ben, "u-2")
    engine.adopt_group(blue, "g-1", [ada])
    off = exactly(PATCH % '{"op":"Replace","path":"active","value":"False"}')
    outcome = playbook(engine.cycle(Directory([ben])), [
        (test_query, empty),
        (expect("GET", "/Users/u-2"), answer(200, BEN_ROW)),
        (expect("PATCH", "/Users/u-1", body=off), answer(204)),
        (expect("DELETE", "/Groups/g-1", body=None), answer(204)),
    ])
    assert outcome.words == "2 of 3 objects changed"
    again = playbook(engine.cycle(Directory([ben])), [
        (test_query, empty), (expect("GET", "/Users/u-2"), answer(200, BEN_ROW)),
    ])
    assert (again.state, again.ok, again.words) == ("unchanged", True, "0 of 1 objects changed")
    assert playbook(engine.delete(ada), []).state == "unchanged"  # unassigned, and so no longer followed


def test_who_is_in_the_directory_again_is_switched_on(ben, test_query, empty, exactly):
    engine = engage("entra", 7)
    engine.adopt(ben, "u-2")
    playbook(engine.unassign(ben), [(expect("PATCH", "/Users/u-2"), answer(204))])
    on = exactly(PATCH % '{"op":"Replace","path":"active","value":"True"}')
    playbook(engine.cycle(Directory([ben])), [
        (test_query, empty),
        (expect("GET", "/Users/u-2"), answer(200, {**BEN_ROW, "active": False})),
        (expect("PATCH", "/Users/u-2", body=on), answer(204)),
    ])


@pytest.mark.cites("entra", "accidental-deletions")
def test_too_many_deletions_at_once_are_held_back(crowd, test_query, empty):
    for threshold, fine in (("6", False), ("7", True)):
        engine = engage("entra", 7, accidental_deletions=threshold)
        for number, one in enumerate(crowd, 1):
            engine.adopt(one, f"u-{number}")
        gone = [(expect("PATCH", f"/Users/u-{number}"), answer(204)) for number in range(1, 8)]
        outcome = playbook(engine.cycle(Directory([])), [(test_query, empty), *(gone if fine else [])])
        assert outcome.ok is fine
        assert ("7 users would be switched off" in outcome.words) is not fine


@pytest.mark.parametrize("settings", [{"out_of_scope": "leave"}, {"deactivate": "off"}])
def test_nobody_is_switched_off_where_the_admin_has_it_so(settings, ben, blue, test_query, empty):
    engine = engage("entra", 7, groups="off", **settings)
    engine.adopt(ben, "u-2")
    engine.adopt_group(blue, "g-1")
    assert playbook(engine.cycle(Directory([])), [(test_query, empty)]).ok


@pytest.mark.cites("entra", "any failure on an object")
def test_an_object_that_fails_does_not_end_the_cycle(ada, ben, test_query, empty):
    engine = engage("entra", 7)
    engine.adopt(ada, "u-1")
    engine.adopt(ben, "u-2")
    outcome = playbook(engine.cycle(Directory([ada, ben])), [
        (test_query, empty),
        (expect("GET", "/Users/u-1"), answer(500)),
        (expect("GET", "/Users/u-2"), answer(200, BEN_ROW)),
    ])
    assert (outcome.state, outcome.ok) == ("object-error", False)
    assert outcome.words.startswith("1 of 2 objects failed; the first: ")
    assert outcome.means.startswith("Entra reads this as: not now.")


def test_credentials_that_go_bad_end_the_cycle(ada, ben, test_query, empty):
    engine = engage("entra", 7)
    engine.adopt(ada, "u-1")
    engine.adopt(ben, "u-2")
    outcome = playbook(engine.cycle(Directory([ada, ben])), [
        (test_query, empty), (expect("GET", "/Users/u-1"), answer(401)),
    ])
    assert outcome.state == "quarantined"
    assert playbook(engine.cycle(Directory([ada, ben])), [(test_query, answer(404))]).state == "quarantined"


@pytest.mark.parametrize("dialect", ["entra", "entra-flag", "entra:roles=single", "entra-flag:roles=assertive"])
def test_a_second_identical_cycle_writes_nothing(dialect):
    company = Company(5)
    people = [dataclasses.replace(company.person(number, f"p{number}"), manager=number - 1 if number % 3 else None)
              for number in range(1, 8)]
    teams = [(company.team(number, f"t{number}"), people[number:]) for number in (1, 2)]
    clock = VirtualClock()
    transport = InProcessTransport(build(Settings(token="t", clock=clock)), "http://x/scim/v2", "Bearer t", clock, 5.0)
    engine = engage(dialect, 7)
    written = []
    for _ in range(2):
        methods: list[str] = []
        flow = overheard(engine.cycle(Directory(people, teams)), lambda step, _, seen=methods: seen.append(step.method))
        assert play(flow, transport, clock).ok
        written.append([method for method in methods if method != "GET"])
    transport.close()
    assert written[0].count("POST") == 9
    assert written[1] == []


# Account discovery ---------------------------------------------------------------------------------------------------


@pytest.mark.cites("entra", "account-discovery", "import-count")
def test_account_discovery_pages_through_the_users():
    def page(total, *ids):
        return answer(200, {"totalResults": total, "Resources": [{"id": id} for id in ids]})

    engine = engage("entra", 7, import_count="2")
    assert engine.imported == frozenset()
    outcome = playbook(engine.import_users(), [
        (expect("GET", "/Users", "startIndex=1&count=2"), page(3, "a", "b")),
        (expect("GET", "/Users", "startIndex=3&count=2"), page(3, "c")),
    ])
    assert (outcome.ok, outcome.words, engine.imported) == (True, "3 accounts found", {"a", "b", "c"})
    assert engine.inferred("import_users") == ("import-count",)
    same = playbook(engine.import_users(), [
        (expect("GET", "/Users", "startIndex=1&count=2"), page(9, "a", "b")),
        (expect("GET", "/Users", "startIndex=3&count=2"), page(9, "a", "b")),
    ])
    assert same.ok  # a server that shows the same page for ever is left alone
    assert next(engage("entra", 7).import_users()).query == "startIndex=1&count=100"
    assert not playbook(engine.import_users(), [(expect("GET", "/Users", "startIndex=1&count=2"), answer(200))]).ok
    assert not playbook(engine.import_users(), [(expect("GET", "/Users", "startIndex=1&count=2"), answer(500))]).ok


# On demand -----------------------------------------------------------------------------------------------------------


@pytest.mark.cites("entra-on-demand", "test-repeated", "flag", "duration")
def test_on_demand_every_act_begins_with_the_test_query_and_goes_on_without_the_flag(ben, test_query, empty, exactly):
    engine = engage("entra-on-demand", 7)
    playbook(engine.assign(ben), [
        (test_query, empty),
        (expect("GET", "/Users", "filter=userName+eq+%22ben%40example.com%22"), empty),
        (expect("POST", "/Users"), answer(201, {"id": "u-2"})),
    ])
    off = exactly(PATCH % '{"op":"Replace","path":"active","value":"False"}')
    playbook(engine.deactivate(ben), [(test_query, empty), (expect("PATCH", "/Users/u-2", body=off), answer(204))])
    for flow in (engine.update(ben), engine.delete(ben), engine.unassign(ben)):
        assert playbook(flow, [(test_query, answer(404))]).state == "quarantined"
    assert engine.dialect.knob("flag").value == "does not apply"
    assert engine.dialect.knob("duration").value == "under 30 seconds"


def test_on_demand_there_are_no_cycles_and_no_discovery():
    engine = engage("entra-on-demand", 7)
    assert engine.can("cycle") == "Microsoft Entra on demand does not do cycle"
    assert engine.can("import_users")
    assert not engine.can("assign")


@pytest.mark.cites("entra-on-demand", "members-limit")
def test_on_demand_a_run_changes_five_members_of_a_group_at_most(crowd, test_query, empty):
    engine = engage("entra-on-demand", 7)
    team = Team(1, "blue", "Team Blue")
    for number, one in enumerate(crowd, 1):
        engine.adopt(one, f"u-{number}")
    held = {"id": "g-1", **engine.expected_group(team, []).values}
    read = (expect("GET", "/Groups/g-1", NO_MEMBERS), answer(200, held))

    def change(op, *numbers):
        value = [{"$ref": None, "value": f"u-{number}"} for number in numbers]
        body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                "Operations": [{"op": op, "path": "members", "value": value}]}
        return expect("PATCH", "/Groups/g-1", body=body), answer(204)

    outcome = playbook(engine.push_group(team, crowd), [
        (test_query, empty),
        (expect("GET", "/Groups", f"{NO_MEMBERS}&filter=displayName+eq+%22Team+Blue%22"), empty),
        (expect("POST", "/Groups"), answer(201, {"id": "g-1"})),
        read, change("Add", 1, 2, 3, 4, 5),
        (test_query, empty), read, change("Add", 6, 7),
    ])
    assert outcome.state == "created"
    playbook(engine.set_members(team, []), [
        (test_query, empty), read, change("Remove", 1, 2, 3, 4, 5),
        (test_query, empty), read, change("Remove", 6, 7),
    ])
    playbook(engine.set_members(team, crowd), [
        (test_query, empty), read, change("Add", 1, 2, 3, 4, 5), (test_query, answer(401)),
    ])
