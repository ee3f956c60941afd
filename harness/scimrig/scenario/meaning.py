"""What the names in a scenario mean, checked after its structure: subjects, templates, cites, kept values, matrix rows.

Rule: it reads a document whose structure is sound, and only collects mistakes; making the scenario is the business of
``load.py``. It may use ``scim.paths`` to parse paths, never SCIM semantics.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from scimrig.declarations import KEYS
from scimrig.declared_calls import CALLS
from scimrig.scenario.errors import ScenarioError
from scimrig.scenario.matchers import instant
from scimrig.scenario.model import ACTS, PROMISED
from scimrig.scenario.resolve import TEMPLATE, well_formed
from scimrig.scenario.yaml_nodes import Document, Route
from scimrig.suggestion import did_you_mean
from scimrig_simulator.idp import DIALECTS
from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.scim.paths import parse_path
from scimrig_simulator.workforce.person import FIELDS

VERBS = (*ACTS, "send", "check", "aside", *PROMISED)
BESIDE_A_CALL = ("about", "with", "expect", "finds")
_CALL = ("call",)
_EXTRAS = {"expect": ("send", "call"), "keep": ("send", "call"), "about": _CALL, "with": _CALL, "finds": _CALL}
DIALECTS_WITH_CHAPTERS = tuple(name for name in DIALECTS if name != "rfc")
CHAPTERS = range(1, 11)
PERSON_FIELDS = (*FIELDS, "manager")
_TEAM_FIELDS = ("displayName",)
_PERSON_NAMES = frozenset({*PERSON_FIELDS, "id", "externalId", "userNameUpper", "userNameLower"})
_TEAM_NAMES = frozenset({*_TEAM_FIELDS, "id"})
_FIXED_ROOTS: Mapping[str, frozenset[str]] = {
    "run": frozenset({"prefix", "domain", "id"}),
    "nobody": frozenset({"id", "userName"}),
    "promised": frozenset({"domain", "domainUpper", "domainAlike", "foreign", "role", "otherRole", "tokenEndpoint"}),
}
_RESERVED = frozenset({*_FIXED_ROOTS, "matrix", "kept"})


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What cites may point at: ids of requirements (``RFC7644-3.5.2-R13``), bug classes (``LIFE-01``), capabilities
    (``CAP-32``).
    """

    requirements: frozenset[str]
    bugs: frozenset[str]
    capabilities: frozenset[str]


@dataclass(slots=True)
class _Names:
    """What the document has named so far."""

    kinds: dict[str, str] = field(default_factory=dict)  # subject → person | team
    matrix: frozenset[str] = frozenset()
    kept: set[str] = field(default_factory=set)
    made: set[str] = field(default_factory=set)  # subjects that have an id by now
    mapped: set[str] = field(default_factory=set)  # teams to whom a hook has given a role
    used: set[str] = field(default_factory=set)  # names of the matrix


def meaning_errors(document: Document, catalogue: Catalogue) -> list[ScenarioError]:
    """Everything that is wrong about the names in a structurally sound document."""
    return list(_Meaning(document, catalogue).check())


class _Meaning:
    def __init__(self, document: Document, catalogue: Catalogue) -> None:
        self._document = document
        self._data: dict[str, Any] = document.data
        self._catalogue = catalogue
        self._names = _Names(matrix=frozenset(self._data.get("matrix", {})))

    def check(self) -> Iterator[ScenarioError]:
        yield from self._cites()
        yield from self._promises()
        yield from self._given()
        yield from self._kind_of_scenario()
        seen: dict[str, int] = {}
        for number, step in enumerate(self._data["steps"]):
            route: Route = ("steps", number)
            if "id" in step:
                if step["id"] in seen:
                    yield self._at((*route, "id"), f"step {seen[step['id']] + 1} has the id '{step['id']}' already")
                seen.setdefault(step["id"], number)
            yield from self._step(step, route)
            self._names.kept.update(step.get("keep", {}))
            self._names.made.update(_makes(step))
        for name in sorted(self._names.matrix - self._names.used):
            yield self._at_key(("matrix", name), f"no step uses '${{{{ matrix.{name} }}}}'")

    # Cites

    def _cites(self) -> Iterator[ScenarioError]:
        for name in ("cites", "against"):
            for number, cite in enumerate(self._data.get(name, ())):
                yield from self._cite(cite, (name, number))

    def _cite(self, cite: str, route: Route) -> Iterator[ScenarioError]:
        kind, _, rest = cite.partition(":")
        requirements, bugs = self._catalogue.requirements, self._catalogue.bugs
        if kind == "rfc" and rest not in requirements:
            yield self._at(route, f"no requirement '{rest}' in requirements.yaml{did_you_mean(rest, requirements)}")
        elif kind == "bug" and rest not in bugs:
            yield self._at(route, f"no bug class '{rest}' in bug-classes.json{did_you_mean(rest, bugs)}")
        elif kind == "cap" and rest not in self._catalogue.capabilities:
            words = did_you_mean(rest, self._catalogue.capabilities)
            yield self._at(route, f"no capability '{rest}' in capabilities.json{words}")
        elif kind == "idp":
            dialect, _, chapter = rest.partition(":")
            if dialect not in DIALECTS_WITH_CHAPTERS:
                words = did_you_mean(dialect, DIALECTS_WITH_CHAPTERS)
                yield self._at(route, f"no dialect '{dialect}' has chapters{words}")
            elif int(chapter) not in CHAPTERS:
                yield self._at(route, f"chapters run from {CHAPTERS[0]} to {CHAPTERS[-1]}, so there is no {cite}")

        elif kind == "policy" and rest not in KEYS:
            yield self._at(route, f"nothing is declared as '{rest}'{did_you_mean(rest, KEYS)}")

    def _promises(self) -> Iterator[ScenarioError]:
        for number, promise in enumerate(self._data.get("promises", ())):
            for name in promise.partition("=")[0].split("|"):
                if name not in KEYS and name.rpartition(".")[0] not in KEYS:
                    route: Route = ("promises", number)
                    yield self._at(route, f"nothing is declared as '{name}'{did_you_mean(name, KEYS)}")

    # Subjects

    def _given(self) -> Iterator[ScenarioError]:
        for key, about in self._data.get("given", {}).items():
            route: Route = ("given", key)
            kind = about.get("kind", "person")
            self._names.kinds[key] = kind
            if about.get("exists"):
                self._names.made.add(key)
            if key in _RESERVED:
                yield self._at_key(route, f"'{key}' is a word of templates; call the subject something else")
            known = PERSON_FIELDS if kind == "person" else _TEAM_FIELDS
            for name, value in about.items():
                if name in ("kind", "exists"):
                    continue
                if name == "manager" and kind == "person" and value is not None:
                    yield from self._subject(value, (*route, name), "person")
                if name not in known:
                    yield self._at_key((*route, name), f"a {kind} has no '{name}'{did_you_mean(name, known)}")
                yield from self._templates(value, (*route, name), subjects=False)

    def _subject(
        self, key: str, route: Route, kind: str | None = None, *, is_key: bool = False
    ) -> Iterator[ScenarioError]:
        place = self._at_key if is_key else self._at
        if key not in self._names.kinds:
            yield place(route, f"'{key}' is not given{did_you_mean(key, self._names.kinds)}")
        elif kind is not None and self._names.kinds[key] != kind:
            yield place(route, f"'{key}' is a {self._names.kinds[key]}; a {kind} belongs here")

    # Story or probe

    def _kind_of_scenario(self) -> Iterator[ScenarioError]:
        sends = [number for number, step in enumerate(self._data["steps"]) if "send" in step]
        if sends and "dialect" not in self._data:
            message = "a 'send' makes this a probe, and a probe names the dialect it speaks: add 'dialect: rfc'"
            yield self._at_key(("steps", sends[0], "send"), message)
        if not sends and "dialect" in self._data:
            message = "a story has no 'send' and is played in every dialect: leave 'dialect' out"
            yield self._at_key(("dialect",), message)

    # Steps

    def _step(self, step: dict[str, Any], route: Route) -> Iterator[ScenarioError]:
        verb = next(name for name in VERBS if name in step)
        argument, inner = step[verb], (*route, verb)
        yield from self._extras(verb, step, route)
        if verb == "send":
            yield from self._send(argument, inner)
        elif verb == "check":
            yield from self._assertion(argument, inner)
        elif verb == "call":
            yield from self._call(step, route)
        elif verb in PROMISED:
            yield from self._about_promises(verb, argument, inner)
        elif argument is not True:
            yield from self._act(verb, argument, inner)
        yield from self._templates(argument, inner)
        for number, outcome in _listed(None if verb == "call" else step.get("expect")):
            where = (*route, "expect") if number is None else (*route, "expect", number)
            yield from self._outcome(outcome, where)
            yield from self._templates(outcome, where)
            if "rate" in outcome and "times" not in argument:
                yield self._at_key((*where, "rate"), "a rate takes several requests: add 'times' to the send")

    def _act(self, act: str, argument: Any, route: Route) -> Iterator[ScenarioError]:
        if act in ("push_group", "set_members"):
            for team, members in argument.items():
                yield from self._subject(team, (*route, team), "team", is_key=True)
                for number, member in enumerate(members):
                    yield from self._subject(member, (*route, team, number), "person")
        elif act == "rename_group":
            for team in argument:
                yield from self._subject(team, (*route, team), "team", is_key=True)
        elif act in ("update", "rename"):
            for person, changes in argument.items():
                yield from self._subject(person, (*route, person), "person", is_key=True)
                for name in changes:
                    if name not in PERSON_FIELDS:
                        where = (*route, person, name)
                        yield self._at_key(where, f"a person has no '{name}'{did_you_mean(name, PERSON_FIELDS)}")
                    if name == "manager" and changes[name] is not None:
                        yield from self._subject(changes[name], (*route, person, name), "person")
        else:
            yield from self._subject(argument, route, "team" if act == "delete_group" else "person")

    def _extras(self, verb: str, step: dict[str, Any], route: Route) -> Iterator[ScenarioError]:
        """What stands beside a verb belongs to it: to a send, to a call, or to both in a form of its own."""
        for extra, owners in _EXTRAS.items():
            if extra in step and verb not in owners:
                told = " or a ".join(f"'{owner}'" for owner in owners)
                yield self._at_key((*route, extra), f"'{extra}' belongs to a {told}, not to '{verb}'")
        if verb in ("send", "call") and "expect" in step and isinstance(step["expect"], str) != (verb == "call"):
            words = "accepted or refused" if verb == "call" else "an outcome, {status: 200}"
            yield self._at((*route, "expect"), f"'expect' of a {verb} is {words}")
        for name, place in step.get("keep", {}).items():
            if verb in ("send", "call") and (place == "read") != (verb == "call"):
                words = "read" if verb == "call" else "a JSON Pointer or header:NAME"
                yield self._at((*route, "keep", name), f"a {verb} keeps {words}, not {place!r}")

    def _call(self, step: dict[str, Any], route: Route) -> Iterator[ScenarioError]:
        kind = CALLS.get(step["call"])
        if kind is None or not kind.playable:
            known = [name for name, one in CALLS.items() if one.playable]
            yield self._at((*route, "call"), f"'{step['call']}' is no call{did_you_mean(step['call'], known)}")
            return
        about = step.get("about")
        if about is not None:
            yield from self._subject(about, (*route, "about"))
        if about is None and {"user_id", "group_id"} & set(kind.needs):
            yield self._at((*route, "call"), f"'{step['call']}' is about somebody: add 'about'")
        for name, value in step.get("with", {}).items():
            if name not in kind.variables:
                words = did_you_mean(name, kind.variables) or "; it knows none"
                yield self._at_key((*route, "with", name), f"'{name}' is no variable of {step['call']}{words}")
            yield from self._templates(value, (*route, "with", name))
        if "finds" in step:
            yield from self._matcher(step["finds"], (*route, "finds"))
            yield from self._templates(step["finds"], (*route, "finds"))

    def _about_promises(self, verb: str, argument: Any, route: Route) -> Iterator[ScenarioError]:
        if verb == "wait":
            return
        if verb == "reconcile":
            for number, person in enumerate(argument):
                yield from self._subject(person, (*route, number), "person")
        elif verb == "audited":
            yield from self._subject(argument["about"], (*route, "about"))
        elif verb == "profile":
            ((person, profile),) = argument.items()
            yield from self._subject(person, (*route, person), "person", is_key=True)
            for name, spec in profile.items():
                yield from self._matcher(spec, (*route, person, name))
        elif verb == "silence":
            yield from self._subject(argument, route, "person")
        elif verb == "await":
            yield from self._subject(
                argument["about"], (*route, "about"), "team" if argument["event"].startswith("group_") else "person"
            )
        elif verb == "hook":
            team, inner = argument["map_group"], (*route, "map_group")
            plain = isinstance(team, str)
            key = team if plain else next(iter(team))
            where = inner if plain else (*inner, key)
            yield from self._subject(key, where, "team", is_key=not plain)
            if self._names.kinds.get(key) == "team" and key not in self._names.made:
                place = self._at if plain else self._at_key
                yield place(where, f"'{key}' has no id yet: let an earlier step push it")
            self._names.mapped.add(key)
        else:
            ((person, wanted),) = argument.items()
            yield from self._subject(person, (*route, person), "person", is_key=True)
            for number, team in enumerate(wanted if verb == "roles" and wanted != "default" else ()):
                where = (*route, person, number)
                yield from self._subject(team, where, "team")
                if self._names.kinds.get(team) == "team" and team not in self._names.mapped:
                    yield self._at(where, f"no earlier step gives '{team}' a role: add 'hook: {{map_group: {team}}}'")

    def _send(self, argument: dict[str, Any], route: Route) -> Iterator[ScenarioError]:
        if "body" in argument and "raw" in argument:
            yield self._at_key((*route, "raw"), "a request has one body: 'body' (JSON) or 'raw' (text), not both")
        if "times" in argument and "GET" not in argument:
            yield self._at_key((*route, "times"), "only a GET is sent several times: a write would be another one each")
        if "at_once" in argument and "times" not in argument:
            yield self._at_key((*route, "at_once"), "'at_once' says how many of 'times' are under way: add 'times'")
        for name in ("creates", "about"):
            if name in argument:
                yield from self._subject(argument[name], (*route, name))

    def _outcome(self, outcome: dict[str, Any], route: Route) -> Iterator[ScenarioError]:
        for number, then in _listed(outcome.get("then")):
            yield from self._assertion(then, (*route, "then") if number is None else (*route, "then", number))
        for number, key in _listed(outcome.get("unchanged")):
            yield from self._subject(key, (*route, "unchanged") if number is None else (*route, "unchanged", number))
        if "authority" in outcome:
            yield from self._cite(outcome["authority"], (*route, "authority"))
        if outcome.get("grade", "pass") != "pass" and "because" not in outcome:
            yield self._at_key((*route, "grade"), "a grade other than pass needs a reason: add 'because'")
        for name in ("headers", "body"):
            for key, spec in outcome.get(name, {}).items():
                yield from self._matcher(spec, (*route, name, key))

    def _assertion(self, check: dict[str, Any], route: Route) -> Iterator[ScenarioError]:
        for name, kind in (("user", "person"), ("group", "team")):
            if name in check:
                yield from self._subject(check[name], (*route, name), kind)
        if "members" in check and "user" in check:
            yield self._at_key((*route, "members"), "a user has no members: check a 'group'")
        for number, member in enumerate(check.get("members", ())):
            yield from self._subject(member, (*route, "members", number), "person")
        if not check.keys() & {"found_by", "absent_by", "has", "changed", "members"}:
            yield self._at(route, "this checks nothing: add found_by, absent_by, has or members")
        for name in ("has", "changed"):
            for path, spec in check.get(name, {}).items():
                yield from self._path(path, (*route, name, path))
                yield from self._matcher(spec, (*route, name, path))

    # Paths, matchers, templates

    def _path(self, path: str, route: Route) -> Iterator[ScenarioError]:
        try:
            parse_path(TEMPLATE.sub("x", path))
        except ScimError as wrong:
            yield self._at_key(route, f"'{path}' is no SCIM path: {wrong.detail}")

    def _matcher(self, spec: Any, route: Route) -> Iterator[ScenarioError]:
        if not isinstance(spec, Mapping):
            return
        for word, argument in spec.items():
            inner = (*route, word)
            if word == "matches":
                try:
                    re.compile(argument)
                except re.error as wrong:
                    yield self._at(inner, f"this is no regular expression: {wrong}")
            elif word in ("before", "after") and "${{" not in argument and instant(argument) is None:
                yield self._at(inner, f"'{argument}' is no instant: write 2026-01-31T09:00:00Z")
            elif word in ("not", "size"):
                yield from self._matcher(argument, inner)

    def _templates(self, value: Any, route: Route, *, subjects: bool = True) -> Iterator[ScenarioError]:
        if isinstance(value, str):
            yield from self._text(value, route, self._at, subjects)
        elif isinstance(value, Mapping):
            for key, inner in value.items():
                yield from self._text(key, (*route, key), self._at_key, subjects)
                yield from self._templates(inner, (*route, key), subjects=subjects)
        elif isinstance(value, list):
            for number, inner in enumerate(value):
                yield from self._templates(inner, (*route, number), subjects=subjects)

    def _text(
        self, text: str, route: Route, at: Callable[[Route, str], ScenarioError], subjects: bool
    ) -> Iterator[ScenarioError]:
        if "${{" not in text:
            return
        if "${{" in TEMPLATE.sub("", text):
            yield at(route, "a template that does not end: write ${{ ada.id }}")
        for found in TEMPLATE.finditer(text):
            name = found.group(1).strip()
            wrong = self._name(name, subjects)
            if wrong:
                yield at(route, wrong)

    def _name(self, name: str, subjects: bool) -> str:
        """"" where a template's name is known, else what is wrong with it."""
        if not well_formed(name):
            return f"'{name}' is no dotted name such as ada.id; a template is a look-up, never code"
        root, _, rest = name.partition(".")
        first = rest.partition(".")[0]
        if root == "matrix":
            self._names.used.add(first)
            known = self._names.matrix
        elif root == "kept":
            known = frozenset(self._names.kept)
            if first not in known:
                return f"no earlier step keeps '{first}'{did_you_mean(first, known)}"
        elif root in _FIXED_ROOTS:
            known = _FIXED_ROOTS[root]
        elif root in self._names.kinds and subjects:
            known = _PERSON_NAMES if self._names.kinds[root] == "person" else _TEAM_NAMES
            if first == "id" and root not in self._names.made:
                return f"'{root}' has no id yet: let an earlier step create it, or give it 'exists: true'"
        elif root in self._names.kinds:
            return "what is given may only speak of run, matrix, nobody and promised"
        else:
            return f"'{root}' names nothing here{did_you_mean(root, {*self._names.kinds, *_RESERVED})}"
        return "" if first in known else f"{root} has no '{first}'{did_you_mean(first, known)}"

    def _at(self, route: Route, message: str) -> ScenarioError:
        return ScenarioError(self._document.place(route), message)

    def _at_key(self, route: Route, message: str) -> ScenarioError:
        return ScenarioError(self._document.key_place(route), message)


def _makes(step: dict[str, Any]) -> Iterator[str]:
    """The subjects that have an id after a step."""
    for act in ("assign", "push_group", "reactivate"):
        if act in step:
            yield from [step[act]] if isinstance(step[act], str) else step[act]
    if "creates" in step.get("send", {}):
        yield step["send"]["creates"]


def _listed(value: Any) -> Iterator[tuple[int | None, Any]]:
    """The one thing (number None) or the several that stand at a place where either may stand."""
    if isinstance(value, list):
        yield from enumerate(value)
    elif value is not None:
        yield None, value

