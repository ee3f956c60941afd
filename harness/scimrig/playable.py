"""Whether a scenario can be played on a target about which its owner declares this and nothing else.

What is undeclared is skipped with the key to add, what is declared otherwise with the declaration; nothing is judged
that nobody has promised.

Rule: it decides before anything is sent, from the scenario and the declarations alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scimrig.declarations import Declarations
from scimrig.scenario.model import Scenario, Step

_CHANNEL = ("webhooks.signing", "webhooks.register|webhooks.public_url")
_NEEDS: Mapping[str, tuple[str, ...]] = {
    "hook": ("hooks.map_group", "roles.assignable"),
    "roles": ("roles.readback", "roles.default"),
    "access": ("deprovision.access_probe",),
    "sink": _CHANNEL,
    "await": _CHANNEL,
    "silence": _CHANNEL,
}
"""Verb → the declarations without which it cannot be played."""


def undeclared(scenario: Scenario, declared: Declarations) -> str:
    """What must be declared, or declared otherwise, for a scenario to be played; "" where nothing is missing.

    One thing after the other, the means before what they are to show: so the stories that lack one have one reason.
    """
    for keys in _wanted(scenario):
        missing = declared.missing(_settled(key, declared) for key in keys)
        if missing:
            return missing
    roles = declared.value("roles.assignable") or ()
    asked = max((rank(step.argument["map_group"]) for step in scenario.steps if step.verb == "hook"), default=0)
    if asked > len(roles):
        return f"declared otherwise: roles.assignable names {len(roles)}, and this needs {asked} roles"
    return ""


def barred(need: str, declared: Declarations) -> str:
    """Why the target's own promises rule out what a scenario needs, "" where they do not."""
    promises = declared.promises
    if need == "email-change" and promises.email_change != "allow":
        return f'the target declares policy.email_change = "{promises.email_change}"'
    if need == "any-domain" and promises.domains is not None:
        return "the target declares policy.allowed_domains"
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
    yield [f"webhooks.events.{step.argument['event']}" for step in scenario.steps if step.verb == "await"]
    yield scenario.promises


def _settled(promise: str, declared: Declarations) -> str:
    """A promise as it is asked for; where one of several values will do and is declared, that one."""
    name, _, values = promise.partition("=")
    held = declared.value(name)
    return f"{name}={held}" if isinstance(held, str) and held in values.split("|") else promise
