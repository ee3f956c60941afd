"""A company lived through on the reference server: what it holds in the end, and what the report says of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from scimrig.simulating.observer import Observer
from scimrig.simulating.report import UNEXPLAINED, Convergence
from scimrig.simulating.session import Simulation
from scimrig.simulating.simlog import read
from scimrig.simulating.sweeping import sweep
from scimrig_simulator.wire import Send

PREFIX = "rig-"
CHAOS = dict.fromkeys(("duplicate", "reorder", "lost", "slow", "token"), 0.06)


def converged(house: Any, simulation: Simulation) -> Convergence:
    assert house.play(simulation)
    found = simulation.compare()
    simulation.close("complete")
    return found


def held(house: Any) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """People by userName and groups by name, as the server holds them, without what it made up itself."""
    users = house.rows("/Users")
    names = {user["id"]: user["userName"] for user in users}
    people = {
        user["userName"]: json.loads(masked(json.dumps(user, sort_keys=True), names)) | {"meta": 0, "groups": 0}
        for user in users
    }
    groups = {
        group["displayName"]: sorted(names[one["value"]] for one in group.get("members", []))
        for group in house.rows("/Groups")
    }
    return people, groups


def masked(text: str, names: dict[str, str]) -> str:
    return re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f-]{21}", lambda found: names.get(found[0], "id"), text)


def said(request: Send) -> str:
    """A request without the ids and the times that the server gave."""
    text = f"{request.method} {request.path}?{request.query} {(request.content or b'').decode()}"
    text = re.sub(r'"(created|lastModified|version)":"[^"]*"', "", text.replace('W/\\"', ""))
    return re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f-]{21}", "id", text)


# Converging -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", ["okta", "entra", "entra-flag", "google", "rfc"])
def test_the_reference_server_holds_in_the_end_what_the_directory_wants(
    house: Callable[..., Any], simulation: Callable[..., Simulation], dialect: str
) -> None:
    server = house()
    one = simulation(server, dialect)
    found = converged(server, one)
    assert found.differences == ()
    assert found.exit_code == 0
    assert found.people == found.exact_people > 20  # some were hired
    timeline, end = one.world.timeline, one.life.end - 1
    employed = {timeline.person(n, end).user_name for n in timeline.numbers(end) if timeline.person(n, end).active}
    assert {user["userName"] for user in server.rows("/Users") if user["active"]} == employed
    if dialect != "google":
        assert {group["displayName"] for group in server.rows("/Groups")} == {
            team.display_name for t in timeline.teams(end) if (team := timeline.team(t, end)) is not None
        }


@pytest.mark.parametrize("dialect", ["okta", "entra", "google", "rfc"])
def test_after_chaos_it_converges_all_the_same(
    house: Callable[..., Any], simulation: Callable[..., Simulation], dialect: str
) -> None:
    server = house()
    one = simulation(server, dialect, chaos=CHAOS, workers=4)
    found = converged(server, one)
    assert [each for each in found.differences if each.counts] == []
    assert found.people == found.exact_people
    assert {kind for kind, _ in one.figures.ours} >= {"duplicate", "lost", "token"}


def test_chaos_of_one_seed_is_the_same_whenever(
    house: Callable[..., Any], simulation: Callable[..., Simulation]
) -> None:
    counts = []
    for name in ("first", "second"):
        server = house()
        one = simulation(server, "rfc", name=name, chaos={"lost": 0.1, "duplicate": 0.1})
        converged(server, one)
        counts.append(one.figures.ours)
    assert counts[0] == counts[1] != ()


# Differences ----------------------------------------------------------------------------------------------------------


def test_who_stays_active_though_answered_200_is_told_with_the_request(
    house: Callable[..., Any], simulation: Callable[..., Simulation]
) -> None:
    server = house(fault="deactivate-ignored")
    found = converged(server, simulation(server, "okta"))
    assert found.exit_code == 1
    [difference] = [one for one in found.differences if one.what == "still active"]
    assert difference.why == "the target answered 200 to PATCH and does not hold it"
    assert re.match(r"PATCH /Users/\S+ answered 200", difference.examples[0].exchange)


def test_what_is_switched_off_is_a_reason(house: Callable[..., Any], simulation: Callable[..., Simulation]) -> None:
    server = house()
    found = converged(server, simulation(server, "okta:deactivate=off,groups=off"))
    whys = {(one.what, one.kind): one.why for one in found.differences}
    assert whys[("still active", "User")] == "Okta was told so: deactivate is switched off"
    assert whys[("missing", "Group")] == "Okta was told so: groups is switched off"
    assert server.rows("/Groups") == []


def test_what_the_idp_could_not_do_is_told_in_its_own_words(
    house: Callable[..., Any], simulation: Callable[..., Simulation]
) -> None:
    server = house()
    refused = Refusing(server.tap.transport)
    server.tap.transport = refused
    found = converged(server, simulation(server, "okta"))
    [missing] = [one for one in found.differences if one.kind == "Group" and one.what == "missing"]
    assert "its last act failed: push group" in missing.why
    assert "503" in missing.why
    assert all(one.why != UNEXPLAINED for one in found.differences)


class Refusing:
    """A server that never takes a group."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport

    def exchange(self, request: Send) -> Any:
        from scimrig_simulator.wire import Reply

        if request.method == "POST" and request.path == "/Groups":
            return Reply(503, (("Content-Type", "text/plain"),), b"full")
        return self._transport.exchange(request)


def test_an_attribute_that_nobody_is_kept_is_one_line_and_no_difference(
    house: Callable[..., Any], simulation: Callable[..., Simulation]
) -> None:
    server = house()
    server.tap.transport = Forgetful(server.tap.transport)
    found = converged(server, simulation(server, "okta"))
    assert found.exit_code == 0
    assert [(one.path, one.counts) for one in found.differences] == [("title", False)]


class Forgetful:
    """A server whose users have no title."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport

    def exchange(self, request: Send) -> Any:
        import dataclasses

        body = request.body
        if isinstance(body, dict) and "title" in body:
            body = {name: value for name, value in body.items() if name != "title"}
        return self._transport.exchange(dataclasses.replace(request, body=body))


def test_a_row_that_nobody_is_linked_to_is_told(
    house: Callable[..., Any], simulation: Callable[..., Simulation]
) -> None:
    server = house()
    one = simulation(server, "rfc")
    assert server.play(one)
    body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": f"{PREFIX}Stray Team 99"}
    server.tap.exchange(Send("POST", "/Groups", body=body))
    found = one.compare()
    assert [(each.what, each.why) for each in found.differences] == [("duplicate", UNEXPLAINED)]


@pytest.mark.parametrize(("told", "counts"), [
    ("POST /Groups got no answer: the answer was lost on its way (chaos)", False),
    ("POST /Groups answered 500", True),
])
def test_a_row_of_which_no_idp_can_know_is_told_and_not_counted(
    told: str, counts: bool, house: Callable[..., Any], simulation: Callable[..., Simulation]
) -> None:
    """Chaos lost the answer to its create, and the team was dissolved before the next try."""
    server = house()
    one = simulation(server, "rfc")
    assert server.play(one)
    body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": f"{PREFIX}Brief Team 9999"}
    server.tap.exchange(Send("POST", "/Groups", body=body))
    one.state.table("last")["Group:9999"] = ["push_group", "object-error", False, "no answer", 0, told]
    found = one.compare()
    assert [(each.what, each.counts) for each in found.differences] == [("duplicate", counts)]


def test_rows_of_others_are_never_written_to(
    house: Callable[..., Any], simulation: Callable[..., Simulation]
) -> None:
    server = house()
    stranger = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ceo@example.com",
                "active": True}
    server.tap.exchange(Send("POST", "/Users", body=stranger))
    server.tap.transport = Confused(server.tap.transport)
    one = simulation(server, "okta")
    found = converged(server, one)
    assert [user["active"] for user in server.rows("/Users")] == [True]
    assert dict(one.figures.errors)["held-back"] > 0
    assert found.exit_code == 1


class Confused:
    """A server that finds the same stranger whoever is looked for."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport

    def exchange(self, request: Send) -> Any:
        import dataclasses

        if request.path == "/Users" and request.query.startswith("filter="):
            request = dataclasses.replace(request, query="filter=userName%20eq%20%22ceo%40example.com%22")
        return self._transport.exchange(request)


# Stopping and going on ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dialect", "after"), [("okta", 1), ("okta", 64), ("entra", 17), ("entra", 64), ("google", 17), ("rfc", 64)]
)
def test_whoever_is_stopped_and_goes_on_sends_what_would_have_been_sent_anyway(
    house: Callable[..., Any], simulation: Callable[..., Simulation], dialect: str, after: int
) -> None:
    whole = house()
    converged(whole, simulation(whole, dialect, name="whole"))

    broken = house()
    broken.tap.stop_at = after
    first = simulation(broken, dialect, name="broken")
    assert not broken.play(first)
    first.close("interrupted")
    sent = len(broken.tap.heard)
    assert after <= sent < len(whole.tap.heard)
    broken.tap.stop.clear()
    second = simulation(broken, dialect, name="broken")
    found = converged(broken, second)

    assert found.exit_code == 0
    assert held(broken) == held(whole)
    assert [said(one) for one in broken.tap.heard] == [said(one) for one in whole.tap.heard]


def test_the_log_tells_each_task_and_what_came_of_it(
    house: Callable[..., Any], simulation: Callable[..., Simulation]
) -> None:
    server = house()
    one = simulation(server, "entra")
    found = converged(server, one)
    lines = list(read(one.log.path))
    assert [lines[0]["type"], lines[-2]["type"], lines[-1]["type"]] == [
        "simulation-started", "convergence", "simulation-ended",
    ]
    tasks = [line for line in lines if line["type"] == "task"]
    assert len(tasks) == one.figures.acts
    assert sum(len(task["answers"]) for task in tasks) == one.figures.requests
    assert Convergence.from_json(lines[-2]) == found
    assert server.target.token not in one.log.path.read_text()


# Sweeping -------------------------------------------------------------------------------------------------------------


def test_sweeping_leaves_nothing_of_ours_and_everything_of_others(
    house: Callable[..., Any], simulation: Callable[..., Simulation]
) -> None:
    server = house()
    stranger = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ceo@example.com"}
    server.tap.exchange(Send("POST", "/Users", body=stranger))
    one = simulation(server, "rfc", chaos={"lost": 0.2})
    assert server.play(one)
    lost = next(path for path in one.ours.table if path.startswith("/Users/"))
    del one.ours.table[lost]  # as when the answer to its create was lost, and the run killed
    seen: list[tuple[int, int]] = []
    swept = sweep(one.ours, Observer(server.tap.exchange, server.clock), lambda *at: seen.append(at), lambda: False)
    assert (swept.left, swept.leftovers) == (0, [])
    assert [user["userName"] for user in server.rows("/Users")] == ["ceo@example.com"]
    assert server.rows("/Groups") == []
    assert seen


def test_what_will_not_go_is_listed(house: Callable[..., Any], simulation: Callable[..., Simulation]) -> None:
    server = house(fault="delete-keeps")
    one = simulation(server, "rfc")
    assert server.play(one)
    swept = sweep(one.ours, Observer(server.tap.exchange, server.clock), lambda *at: None, lambda: False)
    assert swept.left > 0
    assert "yet the row is still there" in swept.leftovers[0].reason
