"""Faults of the mirror: who is shown, and what a reconciliation does to it.

Rule: each class overrides what it breaks and asks ``super()`` for the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scimrig_simulator.receivers.mirror import Mirror, Moment, Row, moment


class UpdatesIgnored(Mirror):
    def told(self, type: str, data: Mapping[str, Any], at: Moment) -> None:
        if type != "user_updated":
            super().told(type, data, at)


class UpdateOfUnknownDropped(Mirror):
    def told(self, type: str, data: Mapping[str, Any], at: Moment) -> None:
        if type != "user_updated" or str(data["id"]) in self.rows:
            super().told(type, data, at)


class DeletedIgnored(Mirror):
    def told(self, type: str, data: Mapping[str, Any], at: Moment) -> None:
        if type != "user_deleted":
            super().told(type, data, at)


class DeactivatedIgnored(Mirror):
    def leave(self, row: Row, data: Mapping[str, Any], at: Moment) -> None:
        if data.get("reason") != "deactivated":
            super().leave(row, data, at)


class NoReturn(Mirror):
    def told(self, type: str, data: Mapping[str, Any], at: Moment) -> None:
        if type != "user_created" or str(data["id"]) not in self.rows:
            super().told(type, data, at)


class NoTombstone(Mirror):
    def leave(self, row: Row, data: Mapping[str, Any], at: Moment) -> None:
        super().leave(row, data, at)
        row.at = (0, "")


class WholeSeconds(Mirror):
    def outdated(self, row: Row, at: Moment) -> bool:
        return at[0] < row.at[0]


class ForgetsDeletions(Mirror):
    def reconciled(self, users: list[Mapping[str, Any]], since: Moment) -> None:
        kept = {key: row for key, row in self.rows.items() if row.present}
        listed = {str(user["id"]) for user in users}
        super().reconciled(users, since)
        for key, row in kept.items():
            if key not in listed:
                row.present = row.active = True


class OnlyMissing(Mirror):
    """Adds who is missing, and compares nothing."""

    def reconciled(self, users: list[Mapping[str, Any]], since: Moment) -> None:
        known = [{"id": row.id, "updated_at": "1970-01-01T00:00:00Z"} for row in self.rows.values()]
        listed = {str(user["id"]) for user in users}
        new = [user for user in users if str(user["id"]) not in self.rows]
        super().reconciled([*new, *(one for one in known if one["id"] in listed)], since)


class InactiveStays(Mirror):
    def reconciled(self, users: list[Mapping[str, Any]], since: Moment) -> None:
        super().reconciled([{**user, "active": True} for user in users], since)


class ReconciledWithoutTime(Mirror):
    def reconciled(self, users: list[Mapping[str, Any]], since: Moment) -> None:
        super().reconciled(users, since)
        for row in self.rows.values():
            row.at = (0, "") if row.present else row.at


class ReconciledWithoutTombstone(Mirror):
    def reconciled(self, users: list[Mapping[str, Any]], since: Moment) -> None:
        super().reconciled(users, since)
        for key in [key for key, row in self.rows.items() if not row.present]:
            del self.rows[key]


class ReconcileOverwrites(Mirror):
    """Takes the listing for the last word, though a webhook knew more while it was read."""

    def reconciled(self, users: list[Mapping[str, Any]], since: Moment) -> None:
        for user in users:
            row = self.rows.setdefault(str(user["id"]), Row(str(user["id"])))
            self.keep(row, user, moment(str(user["updated_at"])))
        super().reconciled(users, since)


class LastWins(Mirror):
    def outdated(self, row: Row, at: Moment) -> bool:
        return False


class Forgetful(Mirror):
    """Keeps no row of who has left beyond the time of it: GET /state answers 404."""

    def __init__(self) -> None:
        super().__init__()
        self._left: dict[str, Moment] = {}

    def told(self, type: str, data: Mapping[str, Any], at: Moment) -> None:
        id = str(data["id"])
        if id not in self.rows and at < self._left.get(id, (0, "")):
            return
        super().told(type, data, at)
        self._forget()

    def reconciled(self, users: list[Mapping[str, Any]], since: Moment) -> None:
        super().reconciled(users, since)
        self._forget()

    def _forget(self) -> None:
        for key in [key for key, row in self.rows.items() if not row.present]:
            self._left[key] = self.rows.pop(key).at
