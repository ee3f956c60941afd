"""What holds for every dialect: the table is complete, the registry is lazy, no answer makes an engine fall over."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scimrig_simulator import idp
from scimrig_simulator.idp.acts import ACTS, GROUP_ACTS, LONE_ACTS, Directory
from scimrig_simulator.idp.intent import Intent, Outcome
from scimrig_simulator.wire import FailureKind, Reply, Send, TransportFailure, encode_json
from scimrig_simulator.workforce.company import Company

NEEDS = {"users", "groups", "filter", "patch", "put", "delete", "enterprise"}
ENGINES = [(name, {}) for name in idp.names()] + [("rfc", {"profile_update": "put"}), ("okta", {"wide_mapping": "on"})]
every_engine = pytest.mark.parametrize(("name", "options"), ENGINES)


def test_the_dialects_that_a_run_plays_by_itself():
    assert idp.CORE == ("okta", "entra", "entra-flag", "google", "rfc")
    assert set(idp.CORE) <= set(idp.names())


def test_importing_the_registry_imports_no_engine():
    code = ("import sys, scimrig_simulator.idp as idp; idp.names();"
            "print([name for name in sys.modules if name.startswith('scimrig_simulator.idp.')])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                          env={"PYTHONPATH": ":".join(sys.path)})
    assert done.stdout.strip() == "[]"


def test_an_unknown_dialect_is_an_error_with_a_suggestion():
    with pytest.raises(ValueError, match="did you mean 'okta'"):
        idp.engage("octa", 1)
    with pytest.raises(ValueError, match=r"known are okta, .*rfc"):
        idp.engage("zzz", 1)


@pytest.mark.parametrize("name", ["entra", "google", "okta"])
def test_an_unknown_option_is_an_error(name):
    with pytest.raises(ValueError, match=f"dialect {name} has no knob .update-by."):
        idp.engage(name, 1, update_by="put")


@every_engine
def test_every_knob_has_a_value_a_mark_and_a_source(name, options):
    dialect = idp.engage(name, 1, **options).dialect
    assert dialect.name == name
    names = [knob.name for knob in dialect.knobs]
    assert len(names) == len(set(names))
    for knob in dialect.knobs:
        assert knob.value
        assert knob.mark in ("doc", "observed", "inferred")
        assert ":" in knob.source or knob.source.startswith("RFC ")


@every_engine
def test_every_act_stands_on_known_knobs_and_needs(name, options):
    engine = idp.engage(name, 1, **options)
    for act in ACTS:
        reason = engine.can(act)
        assert bool(reason) is (act not in engine.dialect.acts)
    for ground in engine.dialect.acts.values():
        assert 1 <= ground.chapter <= 10
        assert ground.needs <= NEEDS
        assert ground.knobs
        for knob in ground.knobs:
            assert engine.dialect.knob(knob).name == knob


def test_what_is_documented_rests_on_no_inference():
    for name in ("okta", "entra", "entra-flag", "rfc"):
        engine = idp.engage(name, 1)
        blameless = {act: engine.inferred(act) for act in ACTS if engine.inferred(act)}
        assert blameless == {}


def test_an_act_that_nobody_has_is_an_error():
    with pytest.raises(ValueError, match="'hire' is not an act"):
        idp.engage("okta", 1).can("hire")
    with pytest.raises(KeyError, match="has no knob"):
        idp.engage("okta", 1).dialect.knob("volume")


@every_engine
def test_nothing_of_a_person_is_sent_that_the_intent_does_not_name(name, options):
    """A create's body and the intent say the same: two independent renderings of one mapping."""
    engine = idp.engage(name, 3, **options)
    person = Company(5).person(3, "ada").changed({"middleName": "Q", "locale": "de-DE"})
    flow = engine.assign(person)
    _first(name, flow)
    sent = json.loads(flow.send(Reply(200, (), b'{"totalResults":0,"Resources":[]}')).content)
    with pytest.raises(StopIteration) as end:
        flow.send(Reply(201, (), b'{"id":"u-1"}'))
    assert end.value.value.ok
    for extra in ("schemas", "meta", "id", "roles", "groups", "password"):
        sent.pop(extra, None)
    sent["active"] = sent["active"] in (True, "true")  # a template may have it in quotes (onelogin:3)
    assert dict(engine.expected_user(person, "assign").values) == _flat(sent)


def _first(name, flow):
    """An act's first request; on demand, Entra tests the connection before it."""
    step = next(flow)
    return flow.send(Reply(200, (), b'{"totalResults":0,"Resources":[]}')) if name == "entra-on-demand" else step


def _flat(body):
    """A create's body as SCIM path → value, by the rules of RFC 7644 §3.10 and nothing else."""
    found = {}
    for name, value in body.items():
        if isinstance(value, list):
            for element in value:
                kind = element.pop("type")
                element.pop("primary", None)
                found.update({f'{name}[type eq "{kind}"].{sub}': text for sub, text in element.items()})
        elif isinstance(value, dict):
            mark = ":" if name.startswith("urn:") else "."
            found.update({f"{name}{mark}{sub}": text for sub, text in value.items()})
        else:
            found[name] = value
    return found


@every_engine
def test_ids_are_opaque_and_percent_encoded(name, options):
    engine = idp.engage(name, 3, **options)
    person = Company(5).person(3, "ada")
    engine.adopt(person, "a/b c?ü")
    flow = engine.delete(person)
    assert _first(name, flow).path == "/Users/a%2Fb%20c%3F%C3%BC"
    flow.close()


@every_engine
def test_quotes_and_backslashes_in_a_name_are_escaped_in_the_look_up(name, options):
    engine = idp.engage(name, 3, **options)
    person = Company(5).person(3, "ada").changed({"userName": 'o\'"brien\\@example.com'})
    query = _first(name, engine.assign(person)).query
    blank = "+" if name.startswith(("entra", "onelogin")) else "%20"
    literal = "%22o%27%5C%22brien%5C%5C%40example.com%22"
    assert f"filter=username{blank}eq{blank}{literal}".lower() in query.lower()


# Whatever a server answers, an act ends in an outcome ----------------------------------------------------------------

_ODD = st.sampled_from([None, True, 0, 1, -1, 2.5, "", "1", "x", [], {}, [[]], [None], {"id": None}, {"id": 7}])
_USERS = st.fixed_dictionaries({}, optional={
    "id": st.sampled_from(["u-1", "", 4, None]), "userName": _ODD, "name": _ODD, "emails": _ODD, "active": _ODD,
    "phoneNumbers": _ODD, "schemas": _ODD, "members": _ODD, "externalId": _ODD, "displayName": _ODD, "title": _ODD,
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": _ODD,
})
_LISTS = st.fixed_dictionaries({}, optional={
    "totalResults": _ODD, "Resources": st.one_of(_ODD, st.lists(_USERS, max_size=2)), "startIndex": _ODD,
})
_BODIES = st.one_of(
    st.one_of(_USERS, _LISTS, _ODD).map(encode_json),
    st.sampled_from([b"", b" ", b"<html>", b"\xff\xfe", b"[" * 5000, b'{"a":1,}', b"9" * 5000]),
)
_REPLIES = st.one_of(
    st.builds(Reply, st.sampled_from([200, 201, 204, 301, 400, 401, 404, 409, 429, 500, 501, 799]),
              st.sampled_from([(), (("Retry-After", "1"),), (("Retry-After", "²"),), (("Location", "/Users/%zz"),)]),
              _BODIES),
    st.sampled_from([Reply(0, failure=TransportFailure(kind, kind.value)) for kind in FailureKind]),
)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([(name, options, act) for name, options in ENGINES for act in idp.engage(name, 1).dialect.acts]),
       st.booleans(), st.lists(_REPLIES, min_size=1, max_size=6))
def test_no_answer_makes_an_act_raise(which, linked, replies):
    name, options, act = which
    engine = idp.engage(name, 3, **options)
    company = Company(5)
    ada, ben, team = company.person(3, "ada"), company.person(4, "ben"), company.team(1, "blue")
    if linked:
        engine.adopt(ada, "u-1")
        engine.adopt_group(team, "g-1", [ada])
    flow = _flow(engine, act, ada, ben, team)
    outcome = _play(flow, replies)
    assert isinstance(outcome, Outcome)
    assert outcome.ok or outcome.words
    intent = engine.expected_group(team, [ada]) if act in GROUP_ACTS else engine.expected_user(ada, act)
    assert isinstance(intent, Intent)
    json.dumps(intent.to_json())


def _flow(engine, act, ada, ben, team):
    who = None if act in LONE_ACTS else team if act in GROUP_ACTS else ada
    return engine.play(act, who, [ada, ben], Directory([ada, ben], [(team, [ada])]))


def _play(flow, replies):
    reply, number = None, 0
    try:
        while True:
            step = flow.send(reply)
            if isinstance(step, Send):
                reply, number = replies[number % len(replies)], number + 1
            else:
                reply = None
            assert number < 80, "the act goes on for ever"
    except StopIteration as end:
        return end.value
