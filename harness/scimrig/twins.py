"""The same change by two dialects: what the target holds afterwards must be the same.

Both twins play one story about the same people, told apart by a mark in their names. After each step that both IdPs
count as done, what both meant must be held alike: their acts say what that is, so that what the two *map* differently
is nobody's defect. Ids stand for whom they mean, and prefixes for each other. What neither of them sent must be there
for both or for neither; where the two did not send the same, a server may have made it of something that one of them
sent, so that this only warns.

Pure: two cases' evidence in, findings out. The first step that differs ends it: what follows would build on sand.

Rule: it knows rows, intents and dialects by name as they stand in the records, no engine and no scenario.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scimrig import frame
from scimrig.acts import BELIEFS, Finder
from scimrig.evidence import CaseStarted, Evidence, Exchange, RunStarted, Sight, StepPlayed
from scimrig.survey import COMPOSED, TYPED_EMAIL, Survey
from scimrig.verdicts import Finding, Severity, Status
from scimrig_simulator.idp import base
from scimrig_simulator.idp.intent import Intent, in_force
from scimrig_simulator.scim import compare, paths, schemas
from scimrig_simulator.scim.schemas import Attribute, ResourceType
from scimrig_simulator.wire import Json

CHECK = "twin/differs"
MARKS = ("a-", "b-")
"""What stands behind the run's prefix in every name of the first and of the second twin: of one length, so that no
limit meets one of them alone."""

STORY = frozenset({"act", "check"})
"""Verbs of the stories that twins play; other steps look at the target in ways of their own."""

_NOBODY = "somebody else"
_OF_IDS = ("externalId",)


def read(text: str, check: Callable[[str], object]) -> tuple[str, str]:
    """``entra,entra-flag`` → the two dialects; ``okta,okta:update=off,groups=off`` too. Raises ValueError.

    check: raises ValueError for a dialect that there is none of
    """
    names: list[str] = []
    for part in (part.strip() for part in text.split(",")):
        if names and "=" in part and ":" not in part:  # one more knob of the dialect before it
            names[-1] += f",{part}"
        else:
            names.append(part)
    if len(names) != 2 or not all(names):
        raise ValueError(f"two dialects were expected, such as entra,entra-flag, not {text!r}")
    for name in names:
        check(name)
    if names[0] == names[1]:
        raise ValueError(f"{names[0]!r} twice: a dialect is no twin of itself")
    return names[0], names[1]


def pair_of(case: CaseStarted) -> str:
    """What both twins have in common, and no other case."""
    return f"{case.scenario} {json.dumps(case.row, sort_keys=True)}"


@dataclass(frozen=True, slots=True)
class _Difference:
    """One way in which the two rows of one player differ.

    path:   of the attribute, "" where one of the rows is not there at all
    meant:  in words, "" where neither meant anything
    held:   in words, by the first twin and by the second
    astray: which of the twins' changes did not arrive (0 or 1)
    sure:   False where a sound server might have made it of what one of them sent
    """

    key: str
    path: str
    meant: str
    held: tuple[str, str]
    astray: int
    sure: bool = True


class _Twin:
    """One of the two: what it means to hold by now, whom the ids on its rows mean, and which rows it has sent whole."""

    def __init__(self, evidence: Evidence, run: RunStarted) -> None:
        self.evidence, self.case = evidence, evidence.started
        mark = MARKS[run.twins.index(self.case.dialect)]
        self._prefix = re.compile(re.escape(run.prefix + mark), re.IGNORECASE)
        self._keys: dict[str, str] = {}
        self.meant: dict[str, Intent] = {}
        self.replaced: set[str] = set()
        self.sights: dict[str, Sight] = {}

    @property
    def dialect(self) -> str:
        return self.case.dialect

    def take(self, step: StepPlayed) -> bool:
        """Go on to what holds after a step; False where nobody has looked after it."""
        seen = self.evidence.observed.get(step.step)
        if seen is not None:
            self.sights = {sight.key: sight for sight in seen.sights if not sight.bystander}
            self._keys |= {sight.id: sight.key for sight in self.sights.values() if sight.id}
        if step.intent is not None and step.subject:
            intent = Intent(**{**step.intent, "members": _as_set(step.intent["members"])})
            before = self.meant.get(step.subject)
            if intent.whole:  # what it does not name may be gone, so that nobody means it any more
                self.replaced.add(step.subject)
                before = None
            self.meant[step.subject] = in_force(before, intent)
        return seen is not None

    def neutral(self, value: Any) -> Any:
        """A value without what must differ: ids are the keys of whom they mean, and the prefix is nobody's."""
        if isinstance(value, Mapping):
            return {name: self.neutral(item) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.neutral(item) for item in value]
        if not isinstance(value, str):
            return value
        head, slash, last = value.rpartition("/")
        if last in self._keys:
            return f"{head}{slash}{{{self._keys[last]}}}"
        return self._prefix.sub("{prefix}", value)

    def members(self, ids: Iterable[object]) -> list[str]:
        """Whom ids mean, by key, in order."""
        return sorted(self._keys.get(str(id), _NOBODY) for id in ids)


def differences(first: Evidence, second: Evidence, run: RunStarted, survey: Survey) -> tuple[Finding, ...]:
    """Findings about the first step after which the target holds something else by one dialect than by the other.

    Both cases must have been judged, pass or fail; ``second`` is the case that the findings are told of.
    """
    one, other = _Twin(first, run), _Twin(second, run)
    for here, there in zip(first.steps, second.steps, strict=False):
        if here.step != there.step or not (_as_it_should(here) and _as_it_should(there)):
            break
        looked = one.take(here), other.take(there)
        if not all(looked):
            continue
        found = [*_compared(one, other, survey)]
        if found:
            graded = ([d for d in found if d.sure], [d for d in found if not d.sure])
            return tuple(_finding(alike, (one, other), (here, there)) for alike in graded if alike)
    return ()


def _as_it_should(step: StepPlayed) -> bool:
    """Whether the IdP counts its act as done, or it was refused as is promised; anything else is told by itself."""
    refused = step.intent is not None and step.intent.get("fate") == "refused"
    return step.outcome is None or bool(step.outcome["ok"]) is not refused


def _compared(one: _Twin, other: _Twin, survey: Survey) -> Iterator[_Difference]:
    for key in (key for key in one.sights if key in other.sights):
        meant = one.meant.get(key), other.meant.get(key)
        if not meant[0] or not meant[1] or meant[0].exists is meant[1].exists:
            yield from _rows(key, one, other, survey)


def _rows(key: str, one: _Twin, other: _Twin, survey: Survey) -> Iterator[_Difference]:
    """How the rows of one player differ, if at all."""
    there = _is_there(one.sights[key]), _is_there(other.sights[key])
    if None in there:
        return
    if there[0] is not there[1]:
        wanted = one.meant[key].exists if key in one.meant else True
        said = "there" if there[0] else "not there", "there" if there[1] else "not there"
        yield _Difference(key, "", "there" if wanted else "not there", said, 0 if there[0] is not wanted else 1)
        return
    held = _shown(one.sights[key]), _shown(other.sights[key])
    if held[0] is None or held[1] is None:
        return
    rows = schemas.builtin().resource_type(one.sights[key].kind)
    meant = one.meant.get(key, Intent("")), other.meant.get(key, Intent(""))
    if meant[0].members is not None and meant[1].members is not None:
        yield from _members(key, (one, other), meant[0].members, meant[1].members, held)
    alike = [*_both_meant(one, other, meant, rows)]
    for path in alike:
        if _counts(path, survey):
            yield from _values(key, path, (one, other), meant[0].values[path], held, rows)
    if key not in one.replaced | other.replaced:
        yield from _unsent(key, meant, held, alike, rows, survey)


def _members(
    key: str, twins: tuple[_Twin, _Twin], one: Iterable[str], other: Iterable[str], held: tuple[Any, Any]
) -> Iterator[_Difference]:
    wanted = twins[0].members(one)
    if wanted != twins[1].members(other):
        return
    have = [twin.members(_ids(row)) for twin, row in zip(twins, held, strict=True)]
    if have[0] != have[1]:
        said = _listed(have[0]), _listed(have[1])
        yield _Difference(key, "members", _listed(wanted), said, 0 if have[1] == wanted else 1)


def _both_meant(one: _Twin, other: _Twin, meant: tuple[Intent, Intent], rows: ResourceType) -> Iterator[str]:
    """The paths to which both mean to have brought the same value."""
    for path, value in meant[0].values.items():
        if path in meant[1].values:
            attribute = frame.leaf(path, rows)
            twin = other.neutral(meant[1].values[path])
            if compare.same_value(_none(one.neutral(value)), _none(twin), attribute):
                yield path


def _counts(path: str, survey: Survey) -> bool:
    """Whether the target can hold a value there as it is sent: the survey's findings are not told again."""
    untyped = path == TYPED_EMAIL and path in survey.dropped
    return frame.judged(path, survey) and survey.normalised.get(path) != COMPOSED and not untyped


def _values(
    key: str, path: str, twins: tuple[_Twin, _Twin], wanted: Json, held: tuple[Any, Any], rows: ResourceType
) -> Iterator[_Difference]:
    """Whether an attribute that both have brought to the same value is held alike."""
    attribute = frame.leaf(path, rows)
    found = [paths.select(dict(row), path, rows) for row in held]
    first, second = (_forms(twin.neutral(values), attribute) for twin, values in zip(twins, found, strict=True))
    if first != second:
        meant = _forms([twins[0].neutral(wanted)], attribute)
        said = _told(found[0]), _told(found[1])
        yield _Difference(key, path, frame.in_words(wanted), said, 0 if second == meant else 1)


def _unsent(
    key: str, meant: tuple[Intent, Intent], held: tuple[Any, Any], alike: Sequence[str], rows: ResourceType,
    survey: Survey,
) -> Iterator[_Difference]:
    """What is there in one of the rows and not in the other, although neither of the two has sent it.

    Values that a server makes up may differ (a picture, a number); whether there is one may not.
    """
    sent = {path for intent in meant for path in intent.values}
    same = sent - set(alike) <= set(_OF_IDS)
    spoken = [paths.parse_path(path) for path in sent]
    for name, attribute, one, other in frame.pairs(held[0], held[1], rows):
        if name == "members" or name.lower() in frame.DERIVED or name in survey.dropped:
            continue
        if not any(frame.speaks_of(path, name) for path in spoken):
            if frame.unassigned(one) is not frame.unassigned(other):
                astray = 0 if frame.unassigned(other) else 1
                yield _Difference(key, name, "", (frame.in_words(one), frame.in_words(other)), astray, same)
        elif attribute.multi_valued and same and _count(one) != _count(other):
            astray = 0 if _count(one) > _count(other) else 1
            yield _Difference(key, name, "", (frame.in_words(one), frame.in_words(other)), astray)


def _finding(
    found: Sequence[_Difference], twins: tuple[_Twin, _Twin], steps: tuple[StepPlayed, StepPlayed]
) -> Finding:
    """One finding about all that differs after a step; the first difference names it."""
    first = found[0]
    wrong, right = twins[first.astray], twins[1 - first.astray]
    step = steps[first.astray]
    act = step.act.replace("_", " ")
    what = f"{first.path} of {first.key}" if first.path else first.key
    names = [twin.dialect for twin in twins]
    case = twins[1].case
    telling, operation = _telling(wrong, step)
    shown = [telling, _telling(right, steps[1 - first.astray])[0]]
    shown += [_read_back(twin, first.key, step.step) for twin in (wrong, right)]
    return Finding(
        CHECK, Status.FAIL if first.sure else Status.WARN,
        f"idp:{base(wrong.dialect)}:{step.ground.get('chapter', 4)}", operation,
        f"{first.path or 'a row'}, {names[0]} beside {names[1]}", case.case, case.dialect, step.step,
        f"after {act}, {what} is {first.held[0]} by {names[0]} and {first.held[1]} by {names[1]}",
        "; ".join(_expected(one) for one in found),
        "; ".join(f"{_labelled(one)}{one.held[0]} by {names[0]}, {one.held[1]} by {names[1]}" for one in found),
        Severity(case.severity), tuple(dict.fromkeys(e.number for e in shown if e is not None)),
        _hurts(first, wrong, right, steps), _consequence(first, wrong, right, steps),
    )


def _telling(twin: _Twin, step: StepPlayed) -> tuple[Exchange | None, str]:
    sent = [twin.evidence.exchanges[n] for n in step.exchanges if n in twin.evidence.exchanges]
    finder = Finder(twin.case, step, sent)
    return finder.telling, finder.operation


def _read_back(twin: _Twin, key: str, step: str) -> Exchange | None:
    """The read by id that shows what the row is like after a step."""
    known = twin.evidence.exchanges
    reads = [known[number] for number in twin.evidence.observed[step].exchanges if number in known]
    return next((read for read in reads if read.path.endswith(f"/{twin.sights[key].id}")), None)


def _expected(one: _Difference) -> str:
    if one.meant:
        return f"{_labelled(one)}{one.meant}, by whomever it is sent"
    return f"{_labelled(one)}alike by both, since neither has sent it"


def _labelled(one: _Difference) -> str:
    return f"{one.path} " if one.path else ""


def _title(twin: _Twin, step: StepPlayed) -> str:
    return f"{step.ground.get('idp', 'the IdP')} ({twin.dialect})"


def _hurts(first: _Difference, wrong: _Twin, right: _Twin, steps: Sequence[StepPlayed]) -> str:
    ways = _title(right, steps[1 - first.astray]), _title(wrong, steps[first.astray])
    what = f"{first.path or first.key} {first.held[first.astray]}"
    return f"an organisation that switches from {ways[0]} to {ways[1]} finds {what} after the same change"


def _consequence(first: _Difference, wrong: _Twin, right: _Twin, steps: Sequence[StepPlayed]) -> str:
    told = "Both identity providers count their act as done."
    step = steps[first.astray]
    if first.meant and step.act in BELIEFS:
        told = BELIEFS[step.act].format(idp=_title(wrong, step))
    return f"{told} Whoever tests with {_title(right, steps[1 - first.astray])} alone sees nothing of it."


def _is_there(sight: Sight) -> bool | None:
    """Whether a row is there by the first way of looking that can tell; None where none can."""
    for reading in (sight.by_id, sight.by_filter, sight.in_list):
        if reading.state in ("found", "absent"):
            return reading.state == "found"
    return None


def _shown(sight: Sight) -> dict[str, Any] | None:
    return sight.by_id.resource or sight.by_filter.resource or sight.in_list.resource


def _forms(values: Iterable[Json], attribute: Attribute | None) -> list[Any]:
    """What values have in common with those that are the same by the schema's rules; in no order."""
    forms = (compare.normal_form(_none(value), attribute) for value in values)
    return sorted((form for form in forms if form is not None), key=repr)


def _none(value: Json) -> Json:
    return None if frame.unassigned(value) else value


def _ids(row: Mapping[str, Any]) -> list[object]:
    items = compare.member(row, "members")
    return [item.get("value") for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _as_set(members: Iterable[str] | None) -> frozenset[str] | None:
    return None if members is None else frozenset(members)


def _count(value: Json) -> int:
    return len(value) if isinstance(value, list) else int(not frame.unassigned(value))


def _listed(keys: Sequence[str]) -> str:
    return ", ".join(keys) or "nobody"


def _told(values: Sequence[Json]) -> str:
    return ", ".join(map(frame.in_words, values)) or "unassigned"
