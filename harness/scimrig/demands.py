"""What a target requires of a user besides userName, and which cases can't be played on it for that.

RFC 7643 §7 lets a schema require more than §4.1.1 does. The survey believes /Schemas where a create without is refused
indeed, and tries the usual attributes one by one where there is no schema to ask. A case whose own request leaves such
an attribute out would be told 400 and learn nothing of what it asks about: it is skipped.

Rule: what a server requires and does not declare, while it has a schema to declare it in, is not excused here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scimrig.scenario.model import Step
from scimrig_simulator.scim import urns
from scimrig_simulator.scim.compare import member
from scimrig_simulator.wire import Flow, Json, Reply, Send, send

DECLARED = "its /Schemas says so"
REFUSED = "it refuses a user without"

_OF_COURSE = frozenset({"username", "schemas", "id", "meta"})
"""Attributes that need no word: RFC 7643 requires the first two, and a server makes the others."""

_USUAL = ("displayName", "name", "name.familyName", "name.givenName", "emails", "externalId", "active")
"""What servers are known to require (bug CREA-09), in the order in which it is tried."""


# What is required


def declared(catalogue: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Paths that the schema of users in /Schemas calls required, besides userName; None where it has no such schema.

    ``name.familyName``: required of a name that is there.
    """
    listed = catalogue.get("Resources")
    for schema in listed if isinstance(listed, list) else []:
        if isinstance(schema, dict) and str(schema.get("id")).lower() == urns.USER.lower():
            return tuple(_required(schema.get("attributes"), ""))
    return None


def _required(attributes: Any, above: str) -> Iterator[str]:
    for attribute in attributes if isinstance(attributes, list) else []:
        if not isinstance(attribute, dict) or attribute.get("mutability") == "readOnly":
            continue
        name = str(attribute.get("name"))
        if attribute.get("required") is True and (above or name.lower() not in _OF_COURSE):
            yield f"{above}{name}"
        if not above:
            yield from _required(attribute.get("subAttributes"), f"{name}.")


def find_out(whole: Mapping[str, Any], catalogue: Mapping[str, Any]) -> Flow[dict[str, str]]:
    """What the target requires: path → how it is known. The caller clears the rows away.

    whole:     a user that the target has taken
    catalogue: what /Schemas answered, {} where it is not there
    """
    said = declared(catalogue)
    if said == ():
        return {}
    bare = {"schemas": [urns.USER], "userName": whole["userName"]}
    if not (yield from _refused(bare, "bare", "nothing but a userName")):
        return {}
    if said is not None:
        return dict.fromkeys(said, DECLARED)
    found: dict[str, str] = {}
    for path in _USUAL:
        rest = _without(whole, path)
        if rest is not None and (yield from _refused(rest, path.replace(".", "-"), f"no {path}")):
            found[path] = REFUSED
    return found


def _refused(body: Mapping[str, Any], mark: str, what: str) -> Flow[bool]:
    """Whether a create is refused for what it lacks. Each has a userName of its own: the row before may still be there.
    """
    local, at, domain = str(body["userName"]).partition("@")
    named = {**body, "userName": f"{local}-{mark.lower()}{at}{domain}"}
    reply: Reply = yield from send(Send("POST", "/Users", body=named, purpose=f"survey: create a user with {what}"))
    return reply.status in (400, 422)


def _without(whole: Mapping[str, Any], path: str) -> dict[str, Any] | None:
    """The user without what a path names; None where it isn't there anyhow."""
    name, _, part = path.partition(".")
    if name not in whole or (part and part not in whole[name]):
        return None
    if not part:
        return {key: value for key, value in whole.items() if key != name}
    return {**whole, name: {key: value for key, value in whole[name].items() if key != part}}


# What can't be played


def unmet(steps: Sequence[Step], required: Mapping[str, str]) -> str:
    """Why a case can't be played: a request of its own leaves out, or removes, what the target requires. "" = it can.

    Requests that are no objects, or are made of what was read, are sent as they are.
    """
    for step in steps:
        lacked = [path for path in required if step.verb == "send" and _lacks(step.argument, path)]
        if lacked:
            return f"the target requires {' and '.join(lacked)} ({required[lacked[0]]})"
    return ""


def _lacks(argument: Mapping[str, Any], path: str) -> bool:
    method, place = next(((key, str(value).lower()) for key, value in argument.items() if key.isupper()), ("", ""))
    body = argument.get("body")
    if not isinstance(body, dict) or "token" in argument:  # without the right token no server reads that far
        return False
    if (method == "POST" and place.rstrip("/") == "/users") or (method == "PUT" and place.startswith("/users/")):
        return _absent(body, path)
    if method == "PATCH" and place.startswith("/users/"):
        operations = member(body, "Operations")
        listed = operations if isinstance(operations, list) else []
        return any(isinstance(one, dict) and _removes(one, path) for one in listed)
    return False


def _absent(resource: Mapping[str, Any], path: str) -> bool:
    name, _, part = path.partition(".")
    held = member(resource, name)
    if not part:
        return _unassigned(held)
    values = held if isinstance(held, list) else [held]
    return any(_unassigned(member(value, part)) for value in values if isinstance(value, dict))


def _removes(operation: Mapping[str, Any], path: str) -> bool:
    """Whether an operation takes the whole attribute away; one value of several is not the whole."""
    op, target, value = (member(operation, name) for name in ("op", "path", "value"))
    if not isinstance(target, str):
        given = {key.lower(): item for key, item in value.items()} if isinstance(value, dict) else {}
        return any(name in given and _unassigned(given[name]) for name in _names(path))
    if target.removeprefix(f"{urns.USER}:").lower() not in _names(path):
        return False
    return str(op).lower() == "remove" or _unassigned(value)


def _names(path: str) -> tuple[str, ...]:
    """The paths whose loss is the loss of this one: its own, and that of the attribute that it is a part of."""
    whole = path.lower()
    return tuple(dict.fromkeys((whole, whole.partition(".")[0])))


def _unassigned(value: Json) -> bool:
    return value is None or value in ("", [], {})
