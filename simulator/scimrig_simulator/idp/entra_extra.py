"""What Entra maps beside the default mapping: a custom attribute and app roles (entra:10, EN-EXTENSION, EN-ROLES).

Both stand where no other dialect looks: under a URN that ``schemas`` does not name, in an element chosen by its
``primary``, in JSON inside a string. A person has neither: their employee number and their title stand in.

Rule: pure; reading is blunt and never raises, whatever a server holds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scimrig_simulator.idp.entra_patch import Operation, Shape
from scimrig_simulator.idp.subjects import guid
from scimrig_simulator.wire import Json, filter_string

if TYPE_CHECKING:
    from scimrig_simulator.workforce.person import Person

ROLE_TYPE = "WindowsAzureActiveDirectoryRole"
PRIMARY_ROLE = 'roles[primary eq "True"].value'
"""The boolean as a quoted string: that is how Entra writes it."""

_CUSTOM = re.compile(r"(?P<urn>urn:.+):(?P<name>[A-Za-z$][\w$-]*)(?P<several>\[primary eq true\]\.value)?")


@dataclass(frozen=True, slots=True)
class Custom:
    """A custom attribute: ``urn:…:User:badge``, or ``urn:…:User:contacts[primary eq true].value``."""

    path: str
    urn: str
    name: str
    several: bool

    def read(self, held: Mapping[str, Any]) -> Json:
        """The value in the server's copy, None where there is none."""
        extension = held.get(self.urn)
        value = extension.get(self.name) if isinstance(extension, dict) else None
        return (_primary(value) if self.several else value) or None

    def write(self, body: dict[str, Any], value: Json) -> None:
        """Put the value into the body of a create; ``schemas`` stays as it is [M2, M5]."""
        element: Json = [{"primary": True, "value": value}] if self.several else value
        body.setdefault(self.urn, {})[self.name] = element


def custom(path: str) -> Custom:
    """Raises ValueError for a path of another form."""
    match = _CUSTOM.fullmatch(path)
    if match is None:
        several = "urn:…:User:contacts[primary eq true].value"
        raise ValueError(f"custom-attribute cannot be {path!r}: write urn:…:User:badge, or {several}")
    return Custom(path, match["urn"], match["name"], match["several"] is not None)


def roles_of(person: Person, form: str) -> list[str]:
    """The roles that a person has: title and department; the title alone where one role is all there can be."""
    held = [person.title] if form == "single" else [person.title, person.department]
    return list(dict.fromkeys(role for role in held if role)) if form != "none" else []


def created_roles(form: str, roles: Sequence[str]) -> tuple[list[Json], dict[str, Json]]:
    """``roles`` of a create, and what a sound server then holds: path → value."""
    if form == "single":
        return [_single(role) for role in roles], {_expected("single", role): role for role in roles}
    return [_full(role) for role in roles], {_expected(form, role): role for role in roles}


def role_changes(
    form: str, roles: Sequence[str], held: Mapping[str, Any], shape: Shape, seed: int, *, as_created: bool
) -> tuple[list[Operation], dict[str, Json]]:
    """The operations that bring the roles up to date, and what a sound server then holds: path → value.

    as_created: the PATCH says roles in the form of a create (the knob ``roles-patch``)
    """
    if not roles:
        return [], {}
    if form == "single":
        return _one_role(roles[0], held, shape, as_created)
    texts = _texts(held)
    there = {_unwrapped(text): text for text in texts}
    if form == "assertive":
        wanted: dict[str, Json] = {_expected(form, role): role for role in roles}
        whole: Operation = {"op": "replace", "path": "roles", "value": [_full(role) for role in roles]}
        return [] if set(roles) == set(there) else [whole], {**_gone(texts, roles), **wanted}
    missing = [role for role in roles if role not in there]
    sent = {role: role if as_created else _wrapped(role, seed) for role in missing}
    expected: dict[str, Json] = {_expected(form, text): text for text in (*there.values(), *sent.values())}
    if not missing:
        return [], expected
    value: list[Json] = [_full(role) for role in missing] if as_created else [{"value": sent[role]} for role in missing]
    return [shape.roles("add", value)], expected


def _one_role(
    role: str, held: Mapping[str, Any], shape: Shape, as_created: bool
) -> tuple[list[Operation], dict[str, Json]]:
    has, expected = _primary(held.get("roles")), {_expected("single", role): role}
    if has == role:
        return [], dict(expected)
    if as_created:
        gone = _gone(_texts(held), [role]) if has else {}
        return [shape.roles("replace" if has else "add", [_single(role)])], {**gone, **expected}
    return shape.user([(PRIMARY_ROLE, role, has)]), dict(expected)


def _gone(texts: Sequence[str], roles: Sequence[str]) -> dict[str, Json]:
    """What a sound server holds no longer of the roles that it had, once they are replaced as a whole."""
    return {_expected("", text): None for text in texts if text not in roles}


def _expected(form: str, text: str) -> str:
    return "roles[primary eq true].value" if form == "single" else f"roles[value eq {filter_string(text)}].value"


def _single(role: str) -> Json:
    return {"primary": True, "type": ROLE_TYPE, "value": role}


def _full(role: str) -> Json:
    return {"primary": False, "type": ROLE_TYPE, "display": role, "value": role}


def _wrapped(role: str, seed: int) -> str:
    """A role as JSON inside a string."""
    inside = {"id": guid(seed, "role", role), "value": role, "displayName": role}
    return json.dumps(inside, ensure_ascii=False, separators=(",", ":"))


def _unwrapped(text: str) -> str:
    """The role that a value names, whether the server has kept the string or taken it apart."""
    try:
        inside = json.loads(text) if text.startswith("{") else None
    except (ValueError, RecursionError):
        return text
    return str(inside["value"]) if isinstance(inside, dict) and "value" in inside else text


def _texts(held: Mapping[str, Any]) -> list[str]:
    roles = held.get("roles")
    values = [role.get("value") for role in roles if isinstance(role, dict)] if isinstance(roles, list) else []
    return [value for value in values if isinstance(value, str)]


def _primary(value: Any) -> str | None:
    """The value of the element whose ``primary`` is true."""
    elements = [element for element in value if isinstance(element, dict)] if isinstance(value, list) else []
    first = next((element.get("value") for element in elements if element.get("primary") is True), None)
    return first if isinstance(first, str) and first else None
