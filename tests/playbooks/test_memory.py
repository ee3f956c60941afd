"""An engine that is put away as JSON and taken out again believes whatever it believed before."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimrig_simulator import idp
from scimrig_simulator.clock import VirtualClock
from scimrig_simulator.drive import InProcessTransport, play
from scimrig_simulator.idp.engine import Engine
from scimrig_simulator.idp.memory import MemoryMismatchError, PlainMemory, recall, remember
from scimrig_simulator.server.app import Settings, build
from scimrig_simulator.wire import Flow
from scimrig_simulator.workforce.company import Company

COMPANY = Company(1)
ADA, BOB, TEAM = COMPANY.person(1, "ada"), COMPANY.person(2, "bob"), COMPANY.team(1, "team")


@pytest.fixture
def server() -> Iterator[Callable[[Flow[Any]], Any]]:
    """Plays flows against a reference server of its own."""
    clock = VirtualClock()
    transport = InProcessTransport(build(Settings(token="t", clock=clock)), "http://x/scim/v2", "Bearer t", clock, 5.0)
    yield lambda flow: play(flow, transport, clock)
    transport.close()


def put_away_and_taken_out(engine: Engine) -> Engine:
    fresh = idp.engage(engine.dialect.name, engine.seed)
    recall(fresh, json.loads(json.dumps(remember(engine))))
    return fresh


def known(engine: Engine) -> dict[str, Any]:
    return {name: dict(table) for name, table in engine.tables.items()}


def career(dialect: str) -> Iterator[Callable[[Engine], Flow[Any]]]:
    """Acts one after the other, each on whatever engine is there by then."""
    later = ADA.changed({"familyName": "Lovelace", "title": None})
    yield lambda engine: engine.assign(ADA)
    yield lambda engine: engine.assign(BOB)
    if not idp.engage(dialect, 7).can("push_group"):
        yield lambda engine: engine.push_group(TEAM, [ADA, BOB])
        yield lambda engine: engine.set_members(TEAM, [BOB])
    yield lambda engine: engine.rename(later)
    yield lambda engine: engine.deactivate(later)
    yield lambda engine: engine.reactivate(later)
    yield lambda engine: engine.delete(BOB)
    yield lambda engine: engine.delete(BOB)


@pytest.mark.parametrize("dialect", idp.names())
def test_nothing_of_a_career_is_lost_between_two_acts(dialect: str, server: Callable[[Flow[Any]], Any]) -> None:
    engine = idp.engage(dialect, 7)
    for act in career(dialect):
        server(act(engine))
        again = put_away_and_taken_out(engine)
        assert known(again) == known(engine)
        assert again.expected_user(ADA, "update") == engine.expected_user(ADA, "update")
        engine = again
    assert engine.id_of(ADA)


@given(
    ids=st.dictionaries(st.text(), st.text()),
    gone=st.dictionaries(st.text(), st.just(True)),
    paths=st.dictionaries(st.text(), st.lists(st.text())),
    members=st.dictionaries(st.text(), st.dictionaries(st.text(), st.text())),
)
def test_beliefs_come_back_whatever_a_server_has_put_into_them(
    ids: dict[str, str], gone: dict[str, bool], paths: dict[str, list[str]], members: dict[str, dict[str, str]]
) -> None:
    engine = idp.engage("rfc", 7)
    for name, held in (("users", ids), ("gone", gone), ("sent", paths), ("members", members)):
        engine.tables[name].update(held)
    assert known(put_away_and_taken_out(engine)) == known(engine)


def test_a_belief_that_json_cannot_carry_is_an_error_and_no_loss() -> None:
    engine = idp.engage("rfc", 7)
    for value in (object(), {"x"}, (1, 2), {1: "x"}):
        engine.tables["users"]["7:ada"] = value
        with pytest.raises(TypeError):
            remember(engine)


def test_beliefs_may_be_kept_elsewhere() -> None:
    """Two engines on one memory believe the same, so none holds anything beside it."""
    memory = PlainMemory()
    one, other = idp.engage("okta", 7, memory), idp.engage("okta", 7, memory)
    one.adopt(ADA, "17")
    assert (other.id_of(ADA), other.id_of_number(ADA.number)) == ("17", "17")


def test_a_memory_of_another_kind_changes_nothing() -> None:
    engine = idp.engage("google", 7)
    engine.adopt(ADA, "17")
    before = known(idp.engage("okta", 7))
    okta = idp.engage("okta", 7)
    for memory in (remember(engine), {"users": ["17"]}, {"gone": {"$set": ["1:ada"]}}, {"friends": {}}):
        with pytest.raises(MemoryMismatchError):
            recall(okta, memory)
        assert known(okta) == before
