"""The audit log: one entry for each thing that was done or refused, never changed afterwards (CAP-54).

An entry is written in the transaction of what it tells of; a refusal, of which nothing else is kept, has one of its
own. The sequence of an organization has no gaps: a number belongs to an entry that was committed. What an organization
has done stays on record when its directory is removed.

Rule: knows entries, not what they are about. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from scimrig_simulator.calls import Call
from scimrig_simulator.clock import printed
from scimrig_simulator.policy.entries import IDP, SUCCESS, Entry
from scimrig_simulator.scim.compare import fold
from scimrig_simulator.seams import Seams
from scimrig_simulator.server.store import Store

REFUSED = "refused"
"""Every outcome but success."""

_printed = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_INSERT = f"""INSERT INTO audit (organization, sequence, at, tenant, action, outcome, reason, actor, target_type,
                target_id, email, user_name, external_id, entry)
              SELECT ?1, COALESCE(MAX(sequence), 0) + 1, {", ".join(f"?{place}" for place in range(2, 14))}
              FROM audit WHERE organization = ?1"""

# Whom an address stands for. It is filed where it comes and goes, not with each change of whoever has it.
_BEARERS = "SELECT target_id FROM audit WHERE organization = ? AND email = ? AND outcome = 'success'"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries are looked for; what is empty doesn't matter. since, until: seconds, the latter not included.

    outcome: one of ``entries.OUTCOMES``, or ``REFUSED``.
    actor: type, id, or last characters of a token.  target: id or e-mail address.  ids: of those who have it now.
    email, user_name, external_id: of somebody whom a request was about, or would have been.
    """

    since: float | None = None
    until: float | None = None
    actor: str = ""
    target: str = ""
    ids: Sequence[str] = ()
    outcome: str = ""
    action: str = ""
    reason: str = ""
    tenant: int | None = None
    email: str = ""
    user_name: str = ""
    external_id: str = ""


@dataclass(frozen=True, slots=True)
class Audit:
    """The log of all organizations. Safe to share by threads."""

    store: Store
    seams: Seams

    def record(self, organization: int, tenant: int | None, entry: Entry, call: Call | None = None) -> None:
        """Add an entry, in the transaction under way or in one of its own. call: the SCIM request, where it is one."""
        kept = self.seams.audit(call, entry)
        if kept:
            with self.store.transaction():
                for one in kept:
                    self.store.execute(_INSERT, _row(organization, tenant, one))

    def entries(
        self, organization: int, wanted: Wanted, limit: int, after: int = 0, newest: bool = False
    ) -> list[tuple[int, dict[str, Any]]]:
        """(sequence, entry as it is told) of those after a sequence, oldest first; or (newest) the last ones first."""
        terms = list(_terms(organization, wanted))
        where = " AND ".join(["organization = ? AND sequence > ?", *(term for term, _ in terms)])
        values = [organization, after, *(value for _, held in terms for value in held)]
        order = "DESC" if newest else "ASC"
        sql = f"SELECT sequence, at, entry FROM audit WHERE {where} ORDER BY sequence {order} LIMIT ?"
        with self.store.lock:
            found = self.store.execute(sql, (*values, limit)).fetchall()
        return [(sequence, _shown(organization, sequence, *row)) for sequence, *row in found]


def _terms(organization: int, wanted: Wanted) -> Iterator[tuple[str, Sequence[Any]]]:
    """Conditions, each with its values."""
    if wanted.since is not None:
        yield "at >= ?", (round(wanted.since * 1000),)
    if wanted.until is not None:
        yield "at < ?", (round(wanted.until * 1000),)
    if wanted.tenant is not None:
        yield "tenant = ?", (wanted.tenant,)
    if wanted.actor:
        told = " OR ".join(f"entry ->> '$.actor.{name}' = ?" for name in ("id", "token_suffix"))
        yield f"(actor = ? OR {told})", (wanted.actor,) * 3
    if wanted.target:
        ids = (wanted.target, *wanted.ids)
        address = fold(wanted.target)
        told = f"target_id IN ({', '.join('?' * len(ids))}) OR email = ? OR target_id IN ({_BEARERS})"
        yield f"({told})", (*ids, address, organization, address)
    if wanted.outcome == REFUSED:
        yield f"outcome <> '{SUCCESS}'", ()
    elif wanted.outcome:
        few = "" if wanted.outcome == SUCCESS else f"outcome <> '{SUCCESS}' AND "  # which has an index
        yield f"{few}outcome = ?", (wanted.outcome,)
    for column, value in (("action", wanted.action), ("reason", wanted.reason)):
        if value:
            yield f"{column} = ?", (value,)
    email, user_name = fold(wanted.email), fold(wanted.user_name)
    named: dict[str, tuple[object, ...]] = {
        "email = ?": (email,) * bool(email),
        f"target_id IN ({_BEARERS})": (organization, email) * bool(email),
        "user_name = ?": (user_name,) * bool(user_name),
        "external_id = ?": (wanted.external_id,) * bool(wanted.external_id),
    }
    named = {term: values for term, values in named.items() if values}
    if named:
        yield f"({' OR '.join(named)})", [value for values in named.values() for value in values]


def _row(organization: int, tenant: int | None, entry: Entry) -> tuple[object, ...]:
    target, name = entry.target, entry.wanted.get("user_name")
    return (
        organization, round(entry.occurred_at * 1000), tenant, entry.action, entry.outcome, entry.reason,
        entry.actor.get("type", ""), target.get("type", ""), target.get("id", ""), _address(entry),
        name and fold(name), entry.wanted.get("external_id"), _printed(_told(entry)),
    )  # fmt: skip


def _address(entry: Entry) -> str | None:
    """The address that an entry is filed under; None where the id of its target is enough."""
    stays = entry.outcome == SUCCESS and not entry.action.endswith((".create", ".delete"))
    if stays and entry.actor.get("type") == IDP:
        return None
    address = entry.wanted.get("email") or entry.target.get("email")
    return fold(address) if address else None


def _shown(organization: int, sequence: int, at: int, entry: str) -> dict[str, Any]:
    id = f"aud_{organization}_{sequence}"
    return {"id": id, "sequence": sequence, "occurred_at": printed(at / 1000), **json.loads(entry)}


def _told(entry: Entry) -> dict[str, Any]:
    told = {
        "organization_id": entry.organization_id,
        "directory_id": entry.directory_id,
        "actor": entry.actor,
        "action": entry.action,
        "target": entry.target,
        "outcome": entry.outcome,
        "reason": entry.reason,
        "request": entry.request,
        "changes": entry.changes,
    }
    return {**told, "wanted": entry.wanted} if entry.wanted else told
