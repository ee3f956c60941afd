"""How many of a vendor's assertions hold: each request of a pack counts its assertions one by one.

A vendor's test goes on after an assertion that fails, and says how many held. So an outcome is taken to pieces, of
which each asks one thing: the status, one place in the body, one header, the time, one path of a row afterwards.

Rule: pure, and it finds nothing: what is wrong, and how bad that is, is in ``expectations.py`` and ``bar.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scimrig import expectations
from scimrig.evidence import Exchange, Observed, StepPlayed
from scimrig.scenario.model import Step
from scimrig.survey import Survey
from scimrig.verdicts import Asserted


def countable(step: Step | StepPlayed) -> bool:
    """Whether a step is a request of the vendor's: its own bytes, an act of its engine, or one that stays with it.

    A request of which nothing is expected only finds out what another one speaks of.
    """
    return step.verb in ("act", "aside") or (step.verb == "send" and bool(step.expect))


def pieces(outcome: Mapping[str, Any]) -> list[dict[str, Any]]:
    """An outcome as outcomes that each ask one thing."""
    return list(_pieces(outcome))


def _pieces(outcome: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield from ({name: outcome[name]} for name in ("status", "scimType", "within") if name in outcome)
    if "rate" in outcome:  # of the answers that have this status
        yield {name: outcome[name] for name in ("status", "rate") if name in outcome}
    for name in ("headers", "body"):
        yield from ({name: {key: one}} for key, spec in outcome.get(name, {}).items() for one in _each(spec))
    for check in expectations.as_list(outcome.get("then")):
        subject = {key: check[key] for key in ("user", "group") if key in check}
        for name in ("found_by", "absent_by"):
            yield from ({"then": {**subject, name: [way]}} for way in check.get(name, ()))
        for path, spec in check.get("has", {}).items():
            yield from ({"then": {**subject, "has": {path: one}}} for one in _each(spec))
        yield from ({"then": {**subject, "changed": {path: spec}}} for path, spec in check.get("changed", {}).items())
        if "members" in check:
            yield {"then": {**subject, "members": check["members"]}}
    yield from ({"unchanged": key} for key in expectations.as_list(outcome.get("unchanged")))


def _each(spec: Any) -> list[Any]:
    """What is said of one value, each matcher by itself."""
    return [{word: argument} for word, argument in spec.items()] if isinstance(spec, Mapping) else [spec]


def asserted(
    step: StepPlayed, sent: Sequence[Exchange], before: Observed, after: Observed, survey: Survey
) -> Asserted:
    """How many assertions of a played request hold; of an act there is one: that the IdP got its way."""
    if step.verb != "send":
        went_well = step.verb == "aside" or bool(step.outcome and step.outcome["ok"])
        return Asserted(step.step, step.name, int(went_well), 1)
    asked = pieces(step.expect[0])
    held = sum(expectations.fits(piece, step, sent, before, after, survey) for piece in asked) if sent else 0
    return Asserted(step.step, step.name, held, len(asked))
