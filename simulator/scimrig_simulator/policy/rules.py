"""The rules of the preset ``scalekit``: a user's address, the domains that may come in, the roles that follow.

Rule: answers questions and refuses nothing: what a "no" becomes on the wire is for ``seams.py``. Imports nothing of
this project. Decisions D1 to D3 and CAP-04 of the provisioning policy page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

DEFAULT_ROLE = "member"

_LONGEST = 253  # RFC 1035 §2.3.4: 255 octets with the lengths of its labels

_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")
_DOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*")


@dataclass(frozen=True, slots=True)
class Rules:
    """What one tenant has set.

    domains: registered e-mail domains; none of them = nobody can be provisioned (D2)
    default_role: the role of who is in no mapped group (D3).  roles: group id → role
    """

    domains: tuple[str, ...] = ()
    default_role: str = DEFAULT_ROLE
    roles: Mapping[str, str] = field(default_factory=dict)


def primary_email(user: Mapping[str, Any]) -> str:
    """The address a user is known by: the primary e-mail, else the first, else a userName that is one, else ""."""
    holder, name = _source(user)
    found = holder.get(name)
    return found if isinstance(found, str) else ""


def same_email(one: str, other: str) -> bool:
    """True where two addresses differ in case at most."""
    return one.lower() == other.lower()


def with_email(user: Mapping[str, Any], address: str) -> dict[str, Any]:
    """``user`` with ``address`` where ``primary_email`` finds it; what was passed in stays as it is."""
    source, name = _source(user)
    if source is user:
        return {**user, name: address}
    return {**user, "emails": [{**entry, name: address} if entry is source else entry for entry in user["emails"]]}


def _source(user: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    """The mapping, and the name in it, under which a user's address stands (CAP-04)."""
    entries = [entry for entry in user.get("emails") or () if entry.get("value")]
    entry = next((entry for entry in entries if entry.get("primary") is True), entries[0] if entries else None)
    if entry is not None:
        return entry, "value"
    name = user.get("userName")
    return (user, "userName") if isinstance(name, str) and _ADDRESS.fullmatch(name) else ({}, "value")


def registered(email: str, rules: Rules) -> bool:
    """True where the domain of an address is a registered one, exactly: a sub-domain is somebody else's (D2)."""
    local, at, domain = email.partition("@")
    name = canonical_domain(domain)
    return bool(local and at and name) and name in {canonical_domain(known) for known in rules.domains}


def canonical_domain(text: str) -> str:
    """A domain as it is compared: lower case, IDNA 2008, without the trailing dot; "" where it is none."""
    return _canonical(text) if len(text) <= _LONGEST + 1 else ""


@lru_cache(maxsize=1024)
def _canonical(text: str) -> str:
    name = text[:-1] if text.endswith(".") else text
    if not name.isascii():
        import idna  # a tenth of the start-up time, for few

        try:
            name = idna.encode(name, uts46=True).decode()
        except idna.IDNAError:
            return ""
    name = name.lower()
    return name if len(name) <= _LONGEST and _DOMAIN.fullmatch(name) else ""


def roles_of(group_ids: Iterable[str], rules: Rules) -> tuple[str, ...]:
    """All roles of the mapped groups, sorted; the default where there is none: a fallback, no addition (D3)."""
    mapped = {rules.roles[id] for id in group_ids if id in rules.roles}
    return tuple(sorted(mapped)) or (rules.default_role,)
