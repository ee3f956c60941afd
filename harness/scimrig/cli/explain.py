"""Say what an id from a report stands for, and how to see it again.

Knows scenarios and cases, standing checks and what else finds (frame/effect, outcome …), requirements (rfc:ID), faults,
variants, dialects, chapters (idp:okta:5), bug classes (bug:LIFE-01), capabilities of a provisioning product
(cap:CAP-32), what a target file may declare (policy:KEY), vendors' packs (vendor:okta-spec), and the cases of consumer
mode.
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scimrig.cli import explain_consumer, explain_packs
from scimrig.cli.complaint import Complaint
from scimrig.cli.judgements import JUDGEMENTS
from scimrig.suggestion import did_you_mean

if TYPE_CHECKING:
    from scimrig.scenario.model import Scenario


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of thing. ``known``: its ids; ``tell``: the lines about one of them."""

    known: Callable[[], list[str]]
    tell: Callable[[str], Iterator[str]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``scimrig explain``."""
    parser.add_argument("id", metavar="ID", help="as in a report: rfc:RFC7644-3.6-R04, idp:okta:5, lifecycle/leaver …")


def run(arguments: argparse.Namespace) -> int:
    """Print what an id is; 0. Raises Complaint (exit 2) for one that nobody knows."""
    wanted = arguments.id.strip()
    names: list[str] = []
    for kind in KINDS:
        known = kind.known()
        for name in known:
            if name.lower() in _spellings(wanted):
                print("\n".join(kind.tell(name)))
                return 0
        names += known
    raise Complaint(f"nothing here is called {wanted!r}{_nearest(wanted, names)}")


def _spellings(wanted: str) -> tuple[str, ...]:
    """A case name means its scenario; the prefix of an authority or a cite may be there or not."""
    wanted = wanted.partition("[")[0].lower()
    return (wanted, *(wanted.removeprefix(prefix) for prefix in ("rfc:", "bug:", "cap:", "policy:", "vendor:")))


def _nearest(wanted: str, names: list[str]) -> str:
    hint = did_you_mean(wanted, names)
    return hint if "did you mean" in hint else "; `scimrig list` shows what there is"


def _scenarios() -> tuple[Scenario, ...]:
    from scimrig.scenario.errors import ScenarioErrors
    from scimrig.scenario.load import load

    try:
        return load()
    except ScenarioErrors as errors:
        raise Complaint(str(errors)) from None


def _tell_scenario(name: str) -> Iterator[str]:
    scenario = next(one for one in _scenarios() if one.id == name)
    yield from _told(scenario, ["scimrig", "run", "-k", scenario.id])


def _told(scenario: Scenario, rerun: Sequence[str]) -> Iterator[str]:
    kind = "probe" if scenario.probe else "story"
    yield f"{scenario.id} · {kind} · {scenario.area} · {scenario.severity}"
    yield scenario.title
    if scenario.hurts:
        yield f"Hurts: {scenario.hurts}"
    yield ""
    yield f"Played in: {', '.join(scenario.dialects) or 'every dialect'}"
    if scenario.needs:
        yield f"Needs: {', '.join(scenario.needs)}"
    if scenario.promises:
        yield f"Promises: {', '.join(scenario.promises)}"
    if len(scenario.rows) > 1:
        yield f"Rows: {len(scenario.rows)} ({', '.join(scenario.rows[0])})"
    yield "Steps:"
    yield from (f"  {number}. {step.name}" for number, step in enumerate(scenario.steps, start=1))
    yield "Cites:"
    yield from (f"  {_cite(cite)}" for cite in scenario.cites)
    yield ""
    yield f"File:  {scenario.place}"
    yield f"Rerun: {shlex.join(rerun)}"


def _cite(cite: str) -> str:
    """A cite with its clause in short."""
    kind, _, rest = cite.partition(":")
    if kind == "rfc":
        from scimrig import requirements

        known = requirements.catalogue().get(rest)
        return f"{cite} · {known.clause} · {known.level} · {known.text}" if known is not None else cite
    if kind == "cap" and rest in _capabilities():
        return f"{cite} · {_capabilities()[rest]['title']}"
    return f"{cite} · {_bugs()[rest]}" if kind == "bug" and rest in _bugs() else cite


def _tell_check(name: str) -> Iterator[str]:
    from scimrig import checks, requirements

    check = checks.get(name)
    yield f"{check.id} · standing check, asked of every exchange · {check.severity}"
    yield check.title
    yield f"Looks at: {check.examines}"
    yield f"Hurts: {check.hurts}"
    yield ""
    yield requirements.explain(check.requirement)
    yield ""
    yield "Rerun: scimrig run (standing checks examine whatever a run sends)"


def _check_ids() -> list[str]:
    from scimrig import checks

    return [check.id for check in checks.all()]


def _tell_requirement(name: str) -> Iterator[str]:
    from scimrig import checks, requirements

    yield requirements.explain(name)
    standing = [check.id for check in checks.all() if check.requirement == name]
    if standing:
        yield ""
        yield f"Standing checks: {', '.join(standing)}"
    yield from _cited_by(f"rfc:{name}")


def _requirement_ids() -> list[str]:
    from scimrig import requirements

    return list(requirements.catalogue())


def _cited_by(cite: str) -> Iterator[str]:
    """Scenarios that cite something or need it declared, and how to play them."""
    found = [scenario for scenario in _scenarios() if cite in scenario.cites or _needs(scenario, cite)]
    yield ""
    yield "Scenarios that cite it:" if found else "No scenario cites it yet."
    for scenario in found:
        yield f"  {shlex.join(['scimrig', 'run', '-k', scenario.id])}   # {scenario.title}"


def _needs(scenario: Scenario, cite: str) -> bool:
    """Whether a scenario asks for the declaration that a cite names (``policy:KEY``)."""
    return any(cite == f"policy:{promise.partition('=')[0]}" for promise in scenario.promises)


def _tell_fault(name: str) -> Iterator[str]:
    from scimrig_simulator import faults

    fault = faults.fault(name)
    yield f"{name} · fault of the reference server"
    yield fault.title
    yield f"Breaks: {fault.breaks}"
    yield from (f"  bug:{bug} · {_bugs().get(bug, 'not in the catalogue')}" for bug in fault.bugs)
    yield ""
    if not fault.policy:
        yield f"Judge it: scimrig run ref:fault={name}"
        yield f"Serve it: scimrig serve --fault {name}"
        return
    yield f"It breaks a promise of the policy {fault.policy!r}, which must be on:"
    yield f'Judge it: scimrig run ref:fault={name} --target-file FILE   # with [ref] policy = "{fault.policy}" in it'
    yield f"Serve it: scimrig serve --policy {fault.policy} --fault {name}"


def _tell_variant(name: str) -> Iterator[str]:
    from scimrig_simulator import faults

    variant = faults.variant(name)
    yield f"{name} · variant of the reference server: sound but awkward, nothing may fail on it"
    yield variant.title
    yield f"Breaks: {variant.breaks[:1].lower()}{variant.breaks[1:]}"
    for table, keys in variant.declares.items():
        yield from (f"Its owner declares {table}.{key} = {_as_toml(value)}" for key, value in keys.items())
    yield ""
    yield f"Judge it: scimrig run ref:variant={name}"
    yield f"Serve it: scimrig serve --variant {name}"


def _fault_names() -> list[str]:
    from scimrig_simulator import faults

    return sorted(faults.FAULTS)


def _variant_names() -> list[str]:
    from scimrig_simulator import faults

    return sorted(faults.VARIANTS)


def _dialect(name: str) -> Any:
    from scimrig_simulator import idp

    return idp.engage(name, 0).dialect


def _tell_dialect(name: str) -> Iterator[str]:
    from scimrig.cli.idp import page

    yield from page(name, _dialect(name))


def _dialect_names() -> list[str]:
    from scimrig_simulator import idp

    return list(idp.names())


def _chapters() -> list[str]:
    grounds = {name: _dialect(name).acts.values() for name in _dialect_names()}
    acted = {f"idp:{name}:{ground.chapter}" for name, acts in grounds.items() for ground in acts}
    cited = {cite for scenario in _scenarios() for cite in scenario.cites if cite.startswith("idp:")}
    return sorted(acted | cited)


def _tell_chapter(name: str) -> Iterator[str]:
    _, dialect_name, chapter = name.split(":")
    dialect = _dialect(dialect_name)
    acts = {act: ground for act, ground in dialect.acts.items() if str(ground.chapter) == chapter}
    yield f"{name} · what {dialect.title} does, chapter {chapter} of its dialect; not a requirement of any RFC"
    if acts:
        yield f"Acts: {', '.join(acts)}"
    in_play = {knob for ground in acts.values() for knob in ground.knobs}
    for knob in dialect.knobs:
        if knob.name in in_play:
            yield f"  {knob.name}: {knob.value} [{knob.mark}, {knob.source}]"
    yield from _cited_by(name)


def _catalogue(file: str) -> dict[str, dict[str, str]]:
    """A catalogue beside the scenarios: id → what is known of it."""
    import json

    from scimrig.scenario.load import scenario_root

    found: dict[str, dict[str, str]] = json.loads((scenario_root() / file).read_text(encoding="utf-8"))
    return found


def _bugs() -> dict[str, str]:
    """Bug class → what it is, in one line."""
    bugs = _catalogue("bug-classes.json").items()
    return {name: f"{bug['title']} ({bug['severity']}, priority {bug['priority']})" for name, bug in bugs}


def _capabilities() -> dict[str, dict[str, str]]:
    return _catalogue("capabilities.json")


def _tell_capability(name: str) -> Iterator[str]:
    capability = _capabilities()[name]
    yield f"cap:{name} · {capability['title']} · what a product that is provisioned by SCIM is expected to do"
    yield capability["behaviour"]
    yield from _cited_by(f"cap:{name}")


def _tell_bug(name: str) -> Iterator[str]:
    yield f"bug:{name} · class of defects seen in real servers"
    yield _bugs()[name]
    yield from _cited_by(f"bug:{name}")


def _tell_key(name: str) -> Iterator[str]:
    from scimrig.declarations import KEYS

    key = KEYS[name]
    table, _, rest = name.partition(".")
    yield f"policy:{name} · declared in the target file: the judge holds the target to it, no RFC asks for it"
    yield f"{name}: {key.title}"
    yield ""
    yield f"Write it as, in [{table}] or [targets.NAME.{table}]:"
    yield f"  {rest} = {key.example}"
    if key.default is not None:
        yield f"Where it is not declared: {_as_toml(key.default)}"
    yield from _cited_by(f"policy:{name}")


def _as_toml(value: Any) -> str:
    import json

    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {_as_toml(item)}" for name, item in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


def _keys() -> list[str]:
    from scimrig.declarations import KEYS

    return list(KEYS)


def _tell_judgement(name: str) -> Iterator[str]:
    yield f"{name} · what a finding of this id says"
    yield JUDGEMENTS[name]
    yield ""
    yield "The finding itself names its scenario, its authority and the command that reruns it."


KINDS = (
    Kind(lambda: list(JUDGEMENTS), _tell_judgement),
    Kind(_keys, _tell_key),
    Kind(_dialect_names, _tell_dialect),
    Kind(_fault_names, _tell_fault),
    Kind(_variant_names, _tell_variant),
    Kind(_check_ids, _tell_check),
    Kind(lambda: [scenario.id for scenario in _scenarios()], _tell_scenario),
    Kind(explain_packs.names, explain_packs.tell),
    Kind(explain_packs.tests, lambda name: _told(explain_packs.test(name), explain_packs.rerun(name))),
    Kind(lambda: [name for name, _ in explain_consumer.case_rows()], lambda n: explain_consumer.tell_case(n, _cite)),
    Kind(lambda: [name for name, _ in explain_consumer.twist_rows()], explain_consumer.tell_twist),
    Kind(lambda: list(_bugs()), _tell_bug),
    Kind(lambda: list(_capabilities()), _tell_capability),
    Kind(_requirement_ids, _tell_requirement),
    Kind(_chapters, _tell_chapter),
)
