"""A mirror of a directory's users: what a consumer of webhooks keeps.

Deliveries come at least once and in any order, so a row remembers when its source last changed, also after a deletion.

Rule: pure but for what it holds; knows payloads, nothing of HTTP or signatures. Not safe to share by threads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Moment = tuple[int, str]
"""Whole seconds since the epoch, and the digits behind them: exact, however many there are."""


def moment(text: str) -> Moment:
    """A moment of ``2026-03-04T05:06:07.123456789Z``. Raises ValueError."""
    whole, _, rest = text.partition(".")
    digits = rest.rstrip("Zz") if rest else ""
    start = datetime.fromisoformat(f"{whole.rstrip('Zz')}+00:00")
    return int(start.timestamp()), digits.ljust(12, "0")


@dataclass(slots=True)
class Row:
    """A user. at: when the source last changed them;  present: False once deleted;  applied: events that had effect."""

    id: str
    at: Moment = (0, "")
    present: bool = False
    active: bool = False
    email: str = ""
    name: str = ""
    applied: int = 0

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id, "present": self.present, "active": self.active, "email": self.email, "name": self.name,
            "applied": self.applied,
        }


@dataclass(slots=True)
class Mirror:
    """Rows by id. Each method is one decision, which a fault may take wrongly."""

    rows: dict[str, Row] = field(default_factory=dict)

    def told(self, type: str, data: Mapping[str, Any], at: Moment) -> None:
        """Take in a user event of this type ("user_created")."""
        row = self.rows.setdefault(str(data["id"]), Row(str(data["id"])))
        if self.outdated(row, at):
            return
        row.applied += 1
        if type == "user_deleted":
            self.leave(row, data, at)
        else:
            self.keep(row, data, at)

    def outdated(self, row: Row, at: Moment) -> bool:
        """Whether the row knows something newer already."""
        return at < row.at

    def keep(self, row: Row, data: Mapping[str, Any], at: Moment) -> None:
        """Somebody is there, as told."""
        row.at, row.present, row.active = at, True, bool(data.get("active", True))
        row.email, row.name = str(data.get("email", row.email)), str(data.get("name", row.name))

    def leave(self, row: Row, data: Mapping[str, Any], at: Moment) -> None:
        """Somebody has left. The row stays, or a late event would bring them back."""
        row.at, row.present, row.active = at, False, False

    def reconciled(self, users: list[Mapping[str, Any]], since: Moment) -> None:
        """Take in the whole listing of the directory API; who is not in it is gone. since: when the pass began."""
        listed = {str(user["id"]) for user in users}
        for user in users:
            row, at = self.rows.setdefault(str(user["id"]), Row(str(user["id"]))), moment(str(user["updated_at"]))
            if not self.outdated(row, at):
                self.keep(row, user, at)
        for row in self.rows.values():
            if row.id not in listed and row.present and row.at <= since:
                self.leave(row, {}, since)
