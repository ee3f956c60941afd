"""Who says so: the clause behind a finding, in words a reader can look up.

Rule: it reads the catalogue of requirements and names chapters; it grades nothing.
"""

from __future__ import annotations

from scimrig import requirements

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


def clause(authority: str) -> str:
    """``rfc:RFC7644-3.6-R04`` → "RFC 7644 §3.6 (MUST, RFC7644-3.6-R04): …"; other kinds in their own words."""
    kind, _, rest = authority.partition(":")
    if kind == "rfc":
        return _requirement(rest)
    if kind == "idp":  # a variation such as entra-flag stands in the chapters of its family
        dialect, _, chapter = rest.partition(":")
        subject = f": {_CHAPTERS[chapter]}" if chapter in _CHAPTERS else ""
        family = dialect.partition("-")[0]
        return f"{_IDENTITY_PROVIDERS.get(family, family)} {chapter}{subject} (docs/idp-dialects.md)"
    if kind == "policy":
        return f"the target file declares {rest}"
    return authority


def _requirement(identifier: str) -> str:
    known = requirements.catalogue().get(identifier)
    if known is None:
        return f"{identifier} (not in the catalogue of requirements)"
    return f"{known.clause} ({known.level}, {known.id}): {known.text}"
