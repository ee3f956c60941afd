"""Who says so: the clause behind a finding, in words a reader can look up.

Rule: it reads the catalogues of requirements and declarations, and names chapters; it grades nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from scimrig import packs, requirements
from scimrig.declarations import KEYS, Declarations

_IDENTITY_PROVIDERS = {
    "okta": "Okta",
    "entra": "Microsoft Entra ID",
    "google": "Google Workspace",
    "rfc": "a client by the book",
}
_CHAPTERS = {
    "1": "transport",
    "2": "testing the connection",
    "3": "matching and creating",
    "4": "update",
    "5": "deactivation",
    "6": "groups",
    "7": "reads and import",
    "8": "errors",
    "9": "musts",
    "10": "sequences",
}


_LONGEST = 60
"""Characters of a declared list or table; a longer one is told as far as it fits."""


def clause(authority: str, declared: Declarations | None = None) -> str:
    """``rfc:RFC7644-3.6-R04`` → "RFC 7644 §3.6 (MUST, RFC7644-3.6-R04): …"; other kinds in their own words.

    declared: what the target's owner promises; a promise is told as it stands in the target file. None = not at hand
    """
    kind, _, rest = authority.partition(":")
    if kind == "rfc":
        return _requirement(rest)
    if kind == "idp":  # a variation such as entra-flag stands in the chapters of its family
        dialect, _, chapter = rest.partition(":")
        subject = f": {_CHAPTERS[chapter]}" if chapter in _CHAPTERS else ""
        family = dialect.partition("-")[0]
        return f"{_IDENTITY_PROVIDERS.get(family, family)} {chapter}{subject} (docs/idp-dialects.md)"
    if kind == "vendor":
        known = packs.catalogue().get(rest)
        return f"{known.title if known is not None else rest} (mirrored, docs/vendors.md)"
    if kind == "policy":
        return _promise(rest, declared)
    return authority


def _promise(key: str, declared: Declarations | None) -> str:
    """``policy.email_change = "reject" (target file): what a write that changes an e-mail address does …``."""
    known = KEYS.get(key)
    value = None if declared is None else declared.value(key)
    if declared is None:
        said = f"{key} (target file)"
    elif value is not None:
        said = f"{key} = {_toml(value)} (target file)"
    elif known is not None and known.default is not None:
        said = f"{key} = {_toml(known.default)} (the target file does not say otherwise)"
    else:
        said = f"{key} (not in the target file)"
    return said if known is None else f"{said}: {known.title}"


def _toml(value: Any) -> str:
    """A value as it may stand in a target file."""
    if isinstance(value, Mapping):
        return f"{{{_shortened([f'{name} = {_toml(item)}' for name, item in value.items()])}}}"
    if isinstance(value, (list, tuple)):
        return f"[{_shortened(list(map(_toml, value)))}]"
    return json.dumps(value, ensure_ascii=False)


def _shortened(parts: Sequence[str]) -> str:
    """As many parts as fit, and at least one."""
    kept = list(parts)
    while len(kept) > 1 and len(", ".join(kept)) > _LONGEST:
        kept.pop()
    return ", ".join(kept if len(kept) == len(parts) else [*kept, "…"])


def _requirement(identifier: str) -> str:
    known = requirements.catalogue().get(identifier)
    if known is None:
        return f"{identifier} (not in the catalogue of requirements)"
    return f"{known.clause} ({known.level}, {known.id}): {known.text}"
