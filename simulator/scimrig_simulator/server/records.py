"""What is on record about a directory, for its owner: the audit log, and why a user isn't there.

Rule: reads and answers; what an entry is stands in ``policy/entries.py``, what follows from them in ``diagnosis.py``.
May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

import base64
import binascii
from contextlib import suppress
from dataclasses import dataclass

from scimrig_simulator.policy.entries import OUTCOMES
from scimrig_simulator.scim.compare import fold, instant
from scimrig_simulator.server.audit import Wanted
from scimrig_simulator.server.diagnosis import Doctor
from scimrig_simulator.server.house import House
from scimrig_simulator.server.office import PLACE
from scimrig_simulator.server.operations import Asked, Body, Operation, Trouble, number
from scimrig_simulator.server.policy import USER

USUAL, MOST = 100, 500


@dataclass(frozen=True, slots=True)
class Records:
    """What can be read below ``PLACE`` of one directory. The log is its whole organization's."""

    house: House
    tenant: int

    def operations(self) -> tuple[Operation, ...]:
        """The table."""
        return (
            Operation("ManageListAudit", "GET", f"{PLACE}/audit", self._audit),
            Operation("ManageDiagnose", "GET", f"{PLACE}/diagnose", self._diagnose),
        )

    def _audit(self, asked: Asked) -> Body:
        query = asked.query
        wanted = Wanted(
            moment(query.get("since", ""), "since"), moment(query.get("until", ""), "until"), query.get("actor", ""),
            query.get("target", ""), self._bearers(query.get("target", "")), query.get("outcome", ""),
            query.get("action", ""), query.get("reason", ""),
        )  # fmt: skip
        if wanted.outcome not in ("", *OUTCOMES):
            raise Trouble(400, f"'outcome' must be one of {', '.join(OUTCOMES)}.")
        limit, after = number(query, "limit", USUAL, 1, MOST), place(query.get("after", ""), "after")
        organization = self.house.organizations.of(self.tenant).number
        found = self.house.audit.entries(organization, wanted, limit + 1, after)
        following = mark(found[limit - 1][0]) if len(found) > limit else ""
        return {"entries": [entry for _, entry in found[:limit]], "next": following}

    def _bearers(self, address: str) -> list[str]:
        """The ids of the users who have an address now, perhaps since before there was a log."""
        if "@" not in address:
            return []
        with self.house.store.lock:
            return self.house.store.of(self.tenant).holders(USER, "emails.value", fold(address))

    def _diagnose(self, asked: Asked) -> Body:
        named = {name: asked.query.get(name, "").strip() for name in ("email", "user_name", "external_id")}
        if not any(named.values()):
            raise Trouble(400, "Say who is missed: 'email', 'user_name' or 'external_id'.")
        return Doctor(self.house, self.tenant).diagnose(**named)


def moment(text: str, name: str) -> float | None:
    """A time of a request in seconds: RFC 3339, or seconds since the epoch; None for "". Raises Trouble 400."""
    if not text:
        return None
    with suppress(ValueError):
        return instant(text).timestamp()
    if text.replace(".", "", 1).isdecimal() and text.isascii() and len(text) < 20:
        return float(text)
    raise Trouble(400, f"{name!r} must be a time such as 2026-03-04T05:06:07Z, not {text[:40]!r}.")


def mark(sequence: int) -> str:
    """What leads to the page after a row; nobody is to build one."""
    return base64.urlsafe_b64encode(f"after {sequence}".encode()).decode().rstrip("=")


def place(text: str, name: str) -> int:
    """The row that a page comes after, 0 for "". Raises Trouble 400 for what ``mark`` didn't make."""
    if not text:
        return 0
    try:
        word, _, sequence = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition(" ")
        if word == "after" and len(sequence) < 19 and mark(int(sequence)) == text:
            return int(sequence)
    except (binascii.Error, ValueError):
        pass
    raise Trouble(400, f"{name!r} must be what an earlier answer gave.")
