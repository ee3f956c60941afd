"""Invited users: those whom the API has made, and whom no directory has provisioned (CAP-02, CAP-38).

Anybody may be invited, of whatever domain. Once a directory provisions the same address, the invitation has become a
user of that directory, with the same id, and is no longer kept here.

Rule: rows of organizations, read and written. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scimrig_simulator.scim.compare import fold
from scimrig_simulator.server.store import Store

_COLUMNS = "rowid, id, organization, document, created, modified"


@dataclass(frozen=True, slots=True)
class Invited:
    """An invited user. seq: the order in which they came.  created, modified: milliseconds since the epoch.

    organization: its number.  document: email, external_id, metadata, profile (names of the API), roles, membership.
    """

    seq: int
    id: str
    organization: int
    document: Mapping[str, Any]
    created: int
    modified: int

    @property
    def email(self) -> str:
        """The address, as it was written."""
        return str(self.document["email"])


@dataclass(frozen=True, slots=True)
class Invitations:
    """The register of invited users. Whoever asks holds the store's lock; whoever writes is in a transaction."""

    store: Store

    def get(self, id: str) -> Invited | None:
        """One by its id."""
        return self._one("id = ?", id)

    def by_email(self, organization: int, email: str) -> Invited | None:
        """One by the address, in any case."""
        return self._one("organization = ? AND email = ?", organization, fold(email))

    def add(self, organization: int, document: Mapping[str, Any], now: float) -> Invited:
        """Invite somebody whose address is nobody's yet."""
        id, moment = str(uuid.uuid4()), round(now * 1000)
        values = (id, organization, fold(document["email"]), _text(document), moment, moment)
        self.store.execute("INSERT INTO invited VALUES (?, ?, ?, ?, ?, ?)", values)
        made = self.get(id)
        assert made is not None
        return made

    def change(self, invited: Invited, document: Mapping[str, Any], now: float) -> Invited:
        """Have other things known of somebody; the address stays."""
        values = (_text(document), max(round(now * 1000), invited.modified + 1), invited.id)
        self.store.execute("UPDATE invited SET document = ?, modified = ? WHERE id = ?", values)
        changed = self.get(invited.id)
        assert changed is not None
        return changed

    def remove(self, id: str) -> None:
        """Keep nothing of somebody."""
        self.store.execute("DELETE FROM invited WHERE id = ?", (id,))

    def page(self, organization: int, seq: int, forward: bool, limit: int) -> list[Invited]:
        """At most ``limit`` that come after ``seq``, or (not forward) before it, nearest first."""
        sign, order = (">", "ASC") if forward else ("<", "DESC")
        where = f"organization = ? AND rowid {sign} ? ORDER BY rowid {order} LIMIT ?"
        return self._found(where, organization, seq, limit)

    def count(self, organization: int) -> int:
        """How many there are."""
        sql = "SELECT COUNT(*) FROM invited WHERE organization = ?"
        (found,) = self.store.execute(sql, (organization,)).fetchone()
        return int(found)

    def _one(self, where: str, *values: object) -> Invited | None:
        found = self._found(where, *values)
        return found[0] if found else None

    def _found(self, where: str, *values: object) -> list[Invited]:
        rows = self.store.execute(f"SELECT {_COLUMNS} FROM invited WHERE {where}", values).fetchall()
        return [Invited(seq, id, number, json.loads(text), *times) for seq, id, number, text, *times in rows]


def _text(document: Mapping[str, Any]) -> str:
    return json.dumps(dict(document), ensure_ascii=False, separators=(",", ":"))
