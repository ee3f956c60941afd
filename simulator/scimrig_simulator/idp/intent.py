"""What an act is meant to leave behind, and what the IdP makes of the answer.

The expected state comes from here, never from re-reading a request: an engine knows the person and its own mapping.

Rule: plain data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from scimrig_simulator.wire import Json


@dataclass(frozen=True, slots=True)
class Intent:
    """What a sound server holds after an act.

    kind:    "User" or "Group"
    exists:  False after a delete
    values:  SCIM path → value, for every attribute that this IdP maps: ``userName``, ``name.givenName``,
             ``emails[type eq "work"].value``, ``active``, ``urn:…:User:department`` … A None value = unassigned.
    members: ids of the members of a group, None for users
    fate:    applied | refused | ignored: what a sound server does with it, given what the target promises. A refused
             act is answered 4xx; ``exists`` and ``values`` are then what held before it
    key:     the promise that decides a fate other than applied ("policy.email_change"), "" otherwise
    whole:   the resource is sent whole, so that what ``values`` does not name may be gone (RFC 7644 §3.5.1)
    """

    kind: str
    exists: bool = True
    values: Mapping[str, Json] = field(default_factory=dict)
    members: frozenset[str] | None = None
    fate: str = "applied"
    key: str = ""
    whole: bool = False

    def to_json(self) -> dict[str, Any]:
        """As it stands in the log; members sorted."""
        members = None if self.members is None else sorted(self.members)
        return {
            "kind": self.kind, "exists": self.exists, "values": dict(self.values), "members": members,
            "fate": self.fate, "key": self.key, **({"whole": True} if self.whole else {}),
        }


def in_force(held: Intent | None, intent: Intent) -> Intent:
    """What is meant to hold once an act has come to ``intent``, given what held before it (None: nothing).

    An act names only what it sends, so that what it leaves alone is kept from before.
    """
    kept = held.values if held is not None and held.exists and intent.exists else {}
    return replace(intent, values={**kept, **intent.values}, fate="applied", key="")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an act ended, in the IdP's own terms.

    state: done | created | linked | updated | unchanged | skipped | rescheduled | task-failed | object-error |
           reference-error | quarantined | unsupported
    ok:    True where the IdP believes that its act succeeded
    words: what an admin would read ("Automatic provisioning of user … failed: …"), "" where it succeeded silently
    id:    the resource the IdP has linked, "" where none
    means: the consequence, as a finding prints it: what the IdP makes of the answer that ended the act (``Reaction``)
    """

    state: str
    ok: bool
    words: str = ""
    id: str = ""
    means: str = ""

    def to_json(self) -> dict[str, Any]:
        """As it stands in the log."""
        return {"state": self.state, "ok": self.ok, "words": self.words, "id": self.id, "means": self.means}
