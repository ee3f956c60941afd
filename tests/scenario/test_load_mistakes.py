"""What an author is told about each kind of mistake: its line and column, and a way out. Never a traceback."""

from __future__ import annotations

import copy
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from scimrig.scenario.errors import ScenarioError, ScenarioErrors
from scimrig.scenario.load import load_text

EXAMPLES = Path(__file__).parent / "examples"
STORY = (EXAMPLES / "story.yaml").read_text(encoding="utf-8")
PROBE = (EXAMPLES / "probe.yaml").read_text(encoding="utf-8")
PROMISES = (EXAMPLES / "promises.yaml").read_text(encoding="utf-8")


def errors_of(text: str) -> list[str]:
    """The mistakes in a text, as the user reads them."""
    with pytest.raises(ScenarioErrors) as raised:
        load_text(text, "s.yaml")
    return [str(error) for error in raised.value.errors]


def changed(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, f"{old!r} must stand once"
    return text.replace(old, new)


HERE = "▶"
"""Stands in a text where a mistake is to be told; taken out before loading."""

MISTAKES: dict[str, tuple[str, str, str, list[str]]] = {
    # what is wrong: the text it is made from, what stands there, what stands there instead, what is told
    "unknown key": (
        STORY, "severity: security", "▶severty: security",
        ["'severty' is no key of a scenario; did you mean 'severity'?"],
    ),
    "missing key": (STORY, STORY, "▶" + STORY.replace("severity: security\n", ""), ["a scenario needs 'severity'"]),
    "unknown act": (
        STORY, "- deactivate: ada", "- ▶deactivte: ada",
        ["'deactivte' is no key of a step; did you mean 'deactivate'?"],
    ),
    "unknown matcher": (
        STORY, "has: {active: false}", "has: {active: {▶start: f}}",
        ["'start' is no key of an object of matchers; did you mean 'starts'?"],
    ),
    "unknown area": (
        STORY, "area: deactivation", "area: ▶deactivate",
        ["'area': unknown value \"deactivate\"; did you mean 'deactivation'?"],
    ),
    "unknown dialect": (
        PROBE, "dialect: entra", "dialect: [entra, ▶otka]",
        ["'dialect': unknown value \"otka\"; did you mean 'okta'?"],
    ),
    "two verbs": (
        STORY, "  - deactivate: ada", "  - ▶deactivate: ada\n    assign: ada",
        ["a step has exactly one of these; this one has assign and deactivate"],
    ),
    "no verb": (
        STORY, "  - deactivate: ada", "  - ▶name: nothing",
        ["a step needs one of connect, assign, update, rename, deactivate, reactivate, unassign, delete, push_group, "
         "set_members, rename_group, delete_group, import_users, cycle, send, check, hook, roles, access, sink, await, "
         "silence"],
    ),
    "step that is a word": (STORY, "- deactivate: ada", "- ▶deactivate", [
        "'steps' must be a step: one verb and what belongs to it, not \"deactivate\""]),
    "two methods": (
        PROBE, 'send: {GET: "/Users/${{ ada.id }}",', 'send: ▶{GET: "/Users/${{ ada.id }}", PUT: "/Users",',
        ["a send has exactly one of these; this one has GET and PUT"],
    ),
    "wrong type": (
        STORY, "title: A leaver is switched off", "title: ▶7", ["'title' must be of type string, not 7"],
    ),
    "number where text belongs": (
        STORY, "{department: Analysis}", "{employeeNumber: ▶701}",
        ["'employeeNumber' must be text (quote what looks like a number), not 701"],
    ),
    "bad status": (
        PROBE, "{status: 304}", "{status: ▶2yy}",
        ["'status' must be a status (204) or a class (2xx, 3xx, 4xx, 5xx), not \"2yy\""],
    ),
    "bad id": (
        STORY, "scenario: pack/leaver", "scenario: ▶Leaver",
        ["'scenario' must be an id of two to four parts in lower case: area/name, not \"Leaver\""],
    ),
    "malformed cite": (
        STORY, "bug:LIFE-01", "▶LIFE-01",
        ["'cites' must be rfc:RFC7644-3.5.2-R13, idp:okta:5, bug:LIFE-01, cap:CAP-32 or policy:policy.email_change, "
         "not \"LIFE-01\""],
    ),
    "empty list": (STORY, "[idp:okta:5, bug:LIFE-01]", "▶[]", ["'cites' must not be empty"]),
    "twice in a list": (
        STORY, "[idp:okta:5, bug:LIFE-01]", "▶[idp:okta:5, idp:okta:5]", ["'cites' names something twice"],
    ),
    "key that is no name": (
        STORY, "given: {ada: ", "given: {▶1st: {}, ada: ",
        ["the key '1st' must be a name: letters, digits, '_' and '-', a letter first"],
    ),
    "connect with an argument": (
        STORY, "- deactivate: ada", "- connect: ▶ada", ["'connect' takes true only, not \"ada\""],
    ),
    "change of two people": (
        STORY, "- deactivate: ada", "- update: ▶{ada: {title: X}, ben: {title: X}}",
        ["'update' holds 2 entries; it must be one person and what changes: {ada: {title: X}}"],
    ),
    "not a mapping": (
        STORY, STORY, "▶- scenario\n", ["a scenario must be a mapping (scenario: area/name, title: …), not "],
    ),
    "duplicate key": (
        STORY, "title: A leaver is switched off", "title: A\n▶title: B",
        ["the key 'title' stands twice here (first in line 2)"],
    ),
    "tag": (
        STORY, "title: A leaver", "title: ▶!!binary A leaver",
        ["YAML tags are not used here: leave out 'tag:yaml.org,2002:binary'"],
    ),
    "endless alias": (
        STORY, "given: {ada: {department: Analysis}}", "given: ▶&all {ada: *all}", ["an alias may not hold itself"],
    ),
    "list as a key": (
        STORY, "given: {ada: ", "given: {▶[eve]: {}, ada: ", ["a key must be a word or a quoted string"],
    ),
    "number out of range": (
        PROBE, "{status: 304}", "{status: ▶1e999}", ["1e999 is out of range; quote it if it is meant as text"],
    ),
    "unknown subject": (
        STORY, "- deactivate: ada", "- deactivate: ▶adda", ["'adda' is not given; did you mean 'ada'?"],
    ),
    "team where a person belongs": (
        PROBE, "  - send: {GET", "  - assign: ▶analysts\n  - send: {GET",
        ["'analysts' is a team; a person belongs here"],
    ),
    "unknown field": (
        STORY, "{department", "{▶departement", ["a person has no 'departement'; did you mean 'department'?"],
    ),
    "unknown field in an update": (
        STORY, "- deactivate: ada", "- update: {ada: {▶familyname: X}}",
        ["a person has no 'familyname'; did you mean 'familyName'?"],
    ),
    "reserved name": (
        STORY, "given: {ada: ", "given: {▶run: {}, ada: ",
        ["'run' is a word of templates; call the subject something else"],
    ),
    "unknown requirement": (
        PROBE, "rfc:RFC7643-2.3.2-R01", "▶rfc:RFC7643-2.3.2-R99",
        ["no requirement 'RFC7643-2.3.2-R99' in requirements.yaml; did you mean 'RFC7643-"],
    ),
    "unknown bug class": (
        STORY, "bug:LIFE-01", "▶bug:LIFE-91",
        ["no bug class 'LIFE-91' in bug-classes.json; did you mean 'LIFE-"],
    ),
    "unknown capability": (
        STORY, "bug:LIFE-01", "▶cap:CAP-99",
        ["no capability 'CAP-99' in capabilities.json; did you mean 'CAP-"],
    ),
    "unknown chapter": (
        STORY, "idp:okta:5", "▶idp:okta:11", ["chapters run from 1 to 10, so there is no idp:okta:11"],
    ),
    "dialect without chapters": (
        STORY, "idp:okta:5", "▶idp:rfc:5",
        ["no dialect 'rfc' has chapters; known are ad-connect, entra, entra-flag"],
    ),
    "unknown authority": (
        PROBE, 'authority: "idp:entra:5"', 'authority: ▶"idp:entrra:5"',
        ["no dialect 'entrra' has chapters; did you mean 'entra'?"],
    ),
    "probe without a dialect": (
        PROBE, PROBE, PROBE.replace("dialect: entra\n", "").replace("    send:", "    ▶send:"),
        ["a 'send' makes this a probe, and a probe names the dialect it speaks: add 'dialect: rfc'"],
    ),
    "story with a dialect": (
        STORY, "severity: security", "severity: security\n▶dialect: okta",
        ["a story has no 'send' and is played in every dialect: leave 'dialect' out"],
    ),
    "expect at an act": (
        STORY, "- deactivate: ada", "- deactivate: ada\n    ▶expect: {status: 200}",
        ["'expect' belongs to a 'send' or a 'call', not to 'deactivate'"],
    ),
    "two bodies": (
        PROBE, "headers: {If-None-Match:", "▶raw: '', body: {}, headers: {If-None-Match:",
        ["a request has one body: 'body' (JSON) or 'raw' (text), not both"],
    ),
    "a rate of one request": (
        PROBE, "    expect: {status: 304}", "    expect: {status: 304, ▶rate: 25}",
        ["a rate takes several requests: add 'times' to the send"],
    ),
    "a write several times": (
        PROBE, 'PATCH: "/Users/${{ ada.id }}"', 'PATCH: "/Users/${{ ada.id }}"\n      ▶times: 50',
        ["only a GET is sent several times: a write would be another one each"],
    ),
    "some of one request": (
        PROBE, "headers: {If-None-Match:", "▶at_once: 5, headers: {If-None-Match:",
        ["'at_once' says how many of 'times' are under way: add 'times'"],
    ),
    "a clause that there is not": (
        STORY, "steps:", "against: [▶rfc:RFC7644-3.3-R99]\nsteps:", ["no requirement 'RFC7644-3.3-R99'"],
    ),
    "grade without a reason": (
        PROBE, 'grade: fail, authority: "idp:entra:5", because: it breaks Entra', "▶grade: fail",
        ["a grade other than pass needs a reason: add 'because'"],
    ),
    "check of nothing": (
        STORY, "{user: ada, found_by: [id], has: {active: false}}", "▶{user: ada}",
        ["this checks nothing: add found_by, absent_by, has or members"],
    ),
    "members of a user": (
        STORY, "has: {active: false}", "▶members: [ada]", ["a user has no members: check a 'group'"],
    ),
    "broken SCIM path": (
        STORY, "has: {active: false}", "has: {▶'emails[type eq': x}", ["'emails[type eq' is no SCIM path: "],
    ),
    "broken regular expression": (
        STORY, "has: {active: false}", "has: {active: {matches: ▶'('}}", ["this is no regular expression: "],
    ),
    "no instant": (
        STORY, "has: {active: false}", "has: {meta.created: {after: ▶2026-01-01}}",
        ["'2026-01-01' is no instant: write 2026-01-31T09:00:00Z"],
    ),
    "unknown template root": (
        PROBE, '{GET: "/Users/${{ ada.id }}"', '{GET: ▶"/Users/${{ aida.id }}"',
        ["'aida' names nothing here; did you mean 'ada'?"],
    ),
    "unknown template name": (
        PROBE, '{GET: "/Users/${{ ada.id }}"', '{GET: ▶"/Users/${{ ada.surname }}"',
        ["ada has no 'surname'; did you mean 'userName'?"],
    ),
    "code in a template": (
        PROBE, '{GET: "/Users/${{ ada.id }}"', '{GET: ▶"/Users/${{ ada.id + 1 }}"',
        ["'ada.id + 1' is no dotted name such as ada.id; a template is a look-up, never code"],
    ),
    "template that does not end": (
        PROBE, '{GET: "/Users/${{ ada.id }}"', '{GET: ▶"/Users/${{ ada.id"',
        ["a template that does not end: write ${{ ada.id }}"],
    ),
    "value that was not kept": (
        PROBE, '"${{ kept.tag }}"', '▶"${{ kept.tags }}"', ["no earlier step keeps 'tags'; did you mean 'tag'?"],
    ),
    "id before its row": (
        PROBE, '{GET: "/Users/${{ ada.id }}"', '{GET: ▶"/Groups/${{ analysts.id }}"',
        ["'analysts' has no id yet: let an earlier step create it, or give it 'exists: true'"],
    ),
    "matrix that is not used": (
        PROBE, "times: [1, 2]}", "times: [1, 2], ▶idle: [1]}", ["no step uses '${{ matrix.idle }}'"],
    ),
    "id of a step twice": (
        PROBE, "  - send: {GET", "  - id: ▶switch\n    send: {GET", ["step 1 has the id 'switch' already"],
    ),
    "id of a scenario twice": (
        STORY, STORY, f"{STORY}---\nscenario: ▶{STORY.removeprefix('scenario: ')}",
        ["the id 'pack/leaver' is taken already by s.yaml:1:11"],
    ),
    "promise in words of its own": (
        PROMISES, "webhooks.retry_schedule]", "▶retries]",
        ["'promises' must be a declaration, with the value that it must have where that matters: "
         "policy.email_change=reject, not \"retries\""],
    ),
    "promise that nobody can make": (
        PROMISES, "[policy.email_change=reject", "[▶policy.email_changes=reject",
        ["nothing is declared as 'policy.email_changes'; did you mean 'policy.email_change'?"],
    ),
    "cite of a promise that nobody can make": (
        PROMISES, "policy:roles.default", "▶policy:roles.defaults",
        ["nothing is declared as 'roles.defaults'; did you mean 'roles.default'?"],
    ),
    "need that no target has": (
        PROMISES, "any-domain", "▶any-domains", ["'needs': unknown value \"any-domains\"; did you mean 'any-domain'?"],
    ),
    "unknown name of what is promised": (
        PROMISES, '"${{ run.prefix }}joe@${{ promised.foreign }}"', '▶"joe@${{ promised.foreigner }}"',
        ["promised has no 'foreigner'; did you mean 'foreign'?"],
    ),
    "hook that nobody may call": (
        PROMISES, "{map_group: eng}", "{map_group: eng, ▶before_run: eng}",
        ["'before_run' is no key of a hook; known are map_group"],
    ),
    "role for a person": (
        PROMISES, "{eng: 2}", "{▶joe: 2}", ["'joe' is a person; a team belongs here"],
    ),
    "role number nought": (
        PROMISES, "{eng: 2}", "{eng: ▶0}", ["'eng' must be the number of a role among roles.assignable, not 0"],
    ),
    "role for a group that is not pushed": (
        PROMISES, "{eng: 2}", "{▶ops: 2}", ["'ops' has no id yet: let an earlier step push it"],
    ),
    "role of a group to which none was given": (
        PROMISES, "  - hook: {map_group: eng}\n  - roles: {joe: [eng]}", "  - roles: {joe: [▶eng]}",
        ["no earlier step gives 'eng' a role: add 'hook: {map_group: eng}'"],
    ),
    "role of a group that is a person": (
        PROMISES, "roles: {joe: [eng]}", "roles: {joe: [▶joe]}", ["'joe' is a person; a team belongs here"],
    ),
    "role by its own name": (
        PROMISES, "roles: {joe: default}", "roles: {joe: ▶member}", ["'joe' takes \"default\" only, not \"member\""],
    ),
    "access of a team": (
        PROMISES, "access: {joe", "access: {▶eng", ["'eng' is a team; a person belongs here"],
    ),
    "access that is neither": (
        PROMISES, "joe: allowed", "joe: ▶granted", ["'joe': unknown value \"granted\"; known are allowed, refused"],
    ),
    "answer that is none": (
        PROMISES, "close]", "▶hang-up]", ["'joe' must be a status, slow or close, not \"hang-up\""],
    ),
    "event that nobody tells": (
        PROMISES, "event: user_created", "event: ▶user_create",
        ["'event': unknown value \"user_create\"; did you mean 'user_created'?"],
    ),
    "await of nobody": (
        PROMISES, "await: {about: joe, ", "await: ▶{", ["an await needs 'about'"],
    ),
    "silence about a team": (PROMISES, "silence: joe", "silence: ▶eng", ["'eng' is a team; a person belongs here"]),
    "not YAML": (STORY, "title: A leaver", "title: A▶: leaver", ["this is not YAML: "]),
    "a control character": (STORY, "title: A leaver", "title: A▶\x07leaver", ["this is not YAML: "]),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_with_its_place_and_a_way_out(mistake: str) -> None:
    text, old, new, expected = MISTAKES[mistake]
    marked = changed(text, old, new)
    before = marked[: marked.index(HERE)]
    place = f"s.yaml:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"
    told = errors_of(marked.replace(HERE, ""))
    if mistake == "unknown key":
        told = [line for line in told if "needs" not in line]  # that the right key is missing is told too
    assert len(told) == len(expected), told
    for line, wanted in zip(told, expected, strict=True):
        assert line.startswith(f"{place}: {wanted}")


def test_aliases_cannot_blow_a_document_up() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    (told,) = errors_of("\n".join(lines))
    assert "too much for one scenario" in told


def test_deep_nesting_is_a_mistake_and_no_crash() -> None:
    (told,) = errors_of("a: " + "[" * 200 + "]" * 200)
    assert "nested too deeply" in told


_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-9, 999), st.text(max_size=8),
    st.sampled_from(["ada", "${{ ada.id }}", "2xx", "/Users"]),
    st.lists(st.text(max_size=4), max_size=2), st.dictionaries(st.text(max_size=4), st.text(max_size=4), max_size=2),
)


def _routes(data: Any, route: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [route] * bool(route) + [found for key, value in inner for found in _routes(value, (*route, key))]


def _mutated(text: str, draw: st.DataObject) -> str:
    """The text with one value replaced, one key renamed or one thing taken out."""
    data = copy.deepcopy(yaml.safe_load(text))
    route = draw.draw(st.sampled_from(_routes(data)))
    holder = data
    for part in route[:-1]:
        holder = holder[part]
    how = draw.draw(st.sampled_from(["replace", "rename", "remove"]))
    if how == "replace":
        holder[route[-1]] = draw.draw(_VALUES)
    else:
        value = holder.pop(route[-1])
        if how == "rename" and isinstance(holder, dict):
            holder[draw.draw(st.text(max_size=6))] = value
    return yaml.safe_dump(data, allow_unicode=True, sort_keys=False)


def assert_told_or_loaded(text: str) -> None:
    """Any other exception than ScenarioErrors is a defect, and so is a mistake without a place inside the text."""
    told: tuple[ScenarioError, ...] = ()
    try:
        load_text(text, "s.yaml")
    except ScenarioErrors as mistakes:
        told = mistakes.errors or pytest.fail("no mistake is told")
    lines = text.count("\n") + 2
    assert all(1 <= error.place.line <= lines and error.place.column >= 1 and error.message for error in told)


@settings(max_examples=150, deadline=None)
@given(draw=st.data(), text=st.sampled_from([STORY, PROBE, PROMISES]))
def test_any_mutation_loads_or_is_told_with_its_place(draw: st.DataObject, text: str) -> None:
    assert_told_or_loaded(_mutated(text, draw))


@settings(max_examples=100, deadline=None)
@given(text=st.text(alphabet=st.sampled_from("ab:- {}[]\"'&*!|>\n\t#?%@`,${}0é\x07"), max_size=60))
def test_any_text_loads_or_is_told_with_its_place(text: str) -> None:
    assert_told_or_loaded(dedent(text))
