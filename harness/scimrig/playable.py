"""Whether a scenario can be played on a target about which its owner declares this and nothing else.

What is undeclared is skipped with the key to add, what is declared otherwise with the declaration; nothing is judged
that nobody has promised.

Rule: it decides before anything is sent, from the scenario and the declarations alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scimrig.courier import PATIENCE
from scimrig.declarations import Declarations
from scimrig.declared_calls import CALLS
from scimrig.scenario.model import Scenario, Step

_CHANNEL = ("webhooks.signing", "webhooks.register|webhooks.public_url")
_NEEDS: Mapping[str, tuple[str, ...]] = {
    "hook": ("hooks.map_group|roles.mapping", "roles.assignable|roles.mapping"),
    "roles": ("roles.readback", "roles.default"),
    "access": ("deprovision.access_probe",),
    "sink": _CHANNEL,
    "await": _CHANNEL,
    "silence": _CHANNEL,
    "profile": ("normalized.readback", "normalized.map|normalized.custom"),
    "reconcile": ("directory_api.list_users", "directory_api.map|normalized.map"),
    "audited": ("audit.list", "audit.fields"),
}
"""Verb → the declarations without which it cannot be played."""

_SECOND = ("second_tenant.base_url", "second_tenant.token|hooks.issue_token")
REALLY_SLEPT = 5.0
"""Seconds that a ``wait`` may take on wall time; longer ones need a clock that can be moved."""


def undeclared(scenario: Scenario, declared: Declarations) -> str:
    """What must be declared, or declared otherwise, for a scenario to be played; "" where nothing is missing.

    One thing after the other, the means before what they are to show: so the stories that lack one have one reason.
    """
    for keys in _wanted(scenario):
        missing = declared.missing(_settled(key, declared) for key in keys)
        if missing:
            return missing
    ruled_out = _ruled_out(scenario, declared)
    if ruled_out:
        return ruled_out
    key = "roles.assignable" if declared.value("hooks.map_group") is not None else "roles.mapping"
    roles = declared.value(key) or ()
    asked = max((rank(step.argument["map_group"]) for step in scenario.steps if step.verb == "hook"), default=0)
    if asked > len(roles):
        return f"declared otherwise: {key} names {len(roles)}, and this needs {asked} roles"
    return ""


def mapped(scenario: Scenario, declared: Declarations) -> dict[str, tuple[str, str]]:
    """Team → (name that it must be pushed under, role that it then gives), where no call gives groups their roles."""
    mapping = declared.value("roles.mapping")
    if mapping is None or declared.value("hooks.map_group") is not None:
        return {}
    given = list(mapping.items())
    steps = (step.argument["map_group"] for step in scenario.steps if step.verb == "hook")
    return {one if isinstance(one, str) else next(iter(one)): given[rank(one) - 1] for one in steps}


def _ruled_out(scenario: Scenario, declared: Declarations) -> str:
    """Why what is declared leaves nothing to be seen of a scenario, "" where it does not."""
    apply, verbs = declared.setting("roles.apply"), {step.verb for step in scenario.steps}
    if apply != "continuous" and verbs & {"roles", "hook"}:
        return f'not testable: roles.apply = "{apply}", and only what follows a change of groups at once can be watched'
    if declared.value("hooks.map_group") is None and "hook" in verbs and _before_mapping(scenario):
        return "not testable: groups give their roles from the start (roles.mapping), and here one gives none at first"
    if declared.setting("deprovision.reactivate") is False and any(step.act == "reactivate" for step in scenario.steps):
        return "declared otherwise: deprovision.reactivate = false, and this is about somebody who comes back"
    return ""


def _before_mapping(scenario: Scenario) -> bool:
    """Whether roles are looked at before the last group is given its own."""
    verbs = [step.verb for step in scenario.steps]
    last = len(verbs) - 1 - verbs[::-1].index("hook")
    return "roles" in verbs[:last]


def alone(scenario: Scenario, declared: Declarations) -> bool:
    """Whether no other case may be played meanwhile: it switches something, has time pass, measures a rate, or needs
    a group's name."""
    return bool(mapped(scenario, declared)) or any(
        step.verb == "wait"
        or (step.verb == "await" and int(step.argument.get("attempts", 1)) > 2)
        or (step.verb == "call" and CALLS[step.argument["key"]].alone)
        or (step.verb == "send" and (_second(step) or "times" in step.argument))
        for step in scenario.steps
    )


def _second(step: Step) -> bool:
    return "second_tenant" in (step.argument.get("at"), step.argument.get("token"))


def beyond_patience(steps: Sequence[Step], declared: Declarations, patience: float) -> str:
    """Why a story cannot be played on a clock that nobody can move: it would take too long. "" where it would not.

    patience: seconds that anybody waits on the run's clock, endless where nobody has to
    """
    if patience == math.inf or declared.value("hooks.advance_clock") is not None:
        return ""
    waits = max((float(step.argument) for step in steps if step.verb == "wait"), default=0.0)
    attempts = max((int(step.argument.get("attempts", 1)) for step in steps if step.verb == "await"), default=1)
    ladder = sum((declared.value("webhooks.retry_schedule") or [0])[:attempts])
    if waits <= REALLY_SLEPT and ladder <= PATIENCE:
        return ""
    return declared.missing(["hooks.advance_clock"])


def barred(need: str, declared: Declarations) -> str:
    """Why the target's own promises rule out what a scenario needs, "" where they do not."""
    promises = declared.promises
    if need == "email-change" and promises.email_change != "allow":
        return f'the target declares policy.email_change = "{promises.email_change}"'
    if need == "any-domain" and promises.domains is not None:
        return "the target declares policy.allowed_domains"
    if need == "delete" and declared.setting("deprovision.delete") == "unsupported":
        return 'the target declares deprovision.delete = "unsupported"'
    return ""


def beyond_leaving(steps: Sequence[Step], declared: Declarations) -> str:
    """Why a story cannot be played where leavers are gone for good: it goes on with one. "" where it does not."""
    left: set[str] = set()
    for step in steps if not declared.promises.keeps_leavers else ():
        found = _named(step) & left
        if found:
            return f'the target declares deprovision.mode = "hard", and this goes on with {min(found)}, who has left'
        if step.act == "deactivate":
            left |= _named(step)
    return ""


def _named(step: Step) -> set[str]:
    """Those whom an act or a check is about, members of a group included."""
    argument = step.argument
    if step.verb == "check":
        return {str(argument.get("user", ""))}
    if step.verb != "act" or argument is True:
        return set()
    if isinstance(argument, str):
        return {argument}
    return {*argument, *(member for value in argument.values() if isinstance(value, list) for member in value)}


def rank(argument: Any) -> int:
    """Which of the roles that may be given, 1-based."""
    return 1 if isinstance(argument, str) else int(next(iter(argument.values())))


def _wanted(scenario: Scenario) -> Iterator[Sequence[str]]:
    verbs = [step.verb for step in scenario.steps]
    yield from (keys for verb, keys in _NEEDS.items() if verb in verbs)
    called = [step.argument["key"] for step in scenario.steps if step.verb == "call"]
    yield called
    if any(CALLS[key].second for key in called) or any(map(_second, _sends(scenario))):
        yield _SECOND
    yield [f"webhooks.events.{step.argument['event']}" for step in scenario.steps if step.verb == "await"]
    yield scenario.promises


def _sends(scenario: Scenario) -> Iterator[Step]:
    return (step for step in scenario.steps if step.verb == "send")


def _settled(promise: str, declared: Declarations) -> str:
    """A promise as it is asked for; where one of several values will do and is declared, that one."""
    name, _, values = promise.partition("=")
    held = declared.value(name)
    return f"{name}={held}" if isinstance(held, str) and held in values.split("|") else promise
