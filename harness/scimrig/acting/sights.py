"""What the looks before and after an act show: small questions asked of sights.

Rule: reads only. A target that does not answer, or does not let us in, ends the look at once: nobody waits for each
of its requests to fail.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

from scimrig.evidence import Observed, Sight
from scimrig.survey import refused_credentials
from scimrig.target import Target
from scimrig_simulator.wire import Flow, Reply, Send, Step, overheard

T = TypeVar("T")


class UndecidedError(Exception):
    """The act could not be played, or nobody can tell what it did; the text says why and what to do."""


def strictly(flow: Flow[T], target: Target) -> Flow[T]:
    """The same flow, ended at once where the target does not answer or does not let us in. Raises UndecidedError."""

    def hear(step: Step, reply: Reply | None) -> None:
        if reply is not None and reply.failure is not None:
            raise UndecidedError(f"the target does not answer: {reply.failure.detail}")
        if reply is not None and reply.status == 401 and isinstance(step, Send):
            answer = f"{step.method} {step.path} answered {reply.status}"
            raise UndecidedError(refused_credentials(answer, target.token_source))

    return overheard(flow, hear)


def shown(sight: Sight) -> dict[str, Any]:
    """A row as whichever look-up found it shows it, {} where none did."""
    return next((one.resource for one in (sight.by_id, sight.by_filter, sight.in_list) if one.resource), {})


def name_on(sight: Sight) -> str:
    return str(shown(sight).get("userName" if sight.kind == "User" else "displayName") or "")


def linked(sight: Sight) -> Sight:
    """A row that the IdP does not know yet but finds by its name is read as if by its id."""
    found = next((one for one in (sight.by_filter, sight.in_list) if one.resource and one.resource.get("id")), None)
    if sight.id or found is None or found.resource is None:
        return sight
    return replace(sight, id=str(found.resource["id"]), by_id=found)


def row_of(key: str, seen: Observed) -> Sight | None:
    return next((sight for sight in seen.sights if sight.key == key and not sight.bystander), None)
