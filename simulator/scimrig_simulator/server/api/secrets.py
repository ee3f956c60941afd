"""The bearer tokens of a directory over the API, where they are called secrets (CAP-14, CAP-15, policy page §3.2).

Rule: a secret's text stands in the answer that makes it, and nowhere else. May not import ``faults``, ``idp`` or
``drive``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scimrig_simulator.clock import printed
from scimrig_simulator.server.api.listings import PLACE, directory_of
from scimrig_simulator.server.house import House
from scimrig_simulator.server.operations import Asked, Body, Code, Operation, known, refusal
from scimrig_simulator.server.organizations import DirectoryRecord
from scimrig_simulator.server.steward import Steward
from scimrig_simulator.server.tenants import Token

LIFE = 365 * 86_400
"""Seconds for which a secret is good."""

MOST = 2
"""Secrets of a directory that may be good at a time, so that one can follow another without a gap."""


def operations(house: House) -> tuple[Operation, ...]:
    """The table."""
    desk = _Secrets(house, Steward(house))
    place = f"{PLACE}/secrets"
    return (
        Operation("CreateDirectorySecret", "POST", place, desk.create, 201),
        Operation("RegenerateDirectorySecret", "POST", f"{place}:regenerate", desk.regenerate, 201),
    )


@dataclass(frozen=True, slots=True)
class _Secrets:
    house: House
    steward: Steward

    def create(self, asked: Asked) -> Body:
        """POST: one more."""
        record = self._record(asked)
        try:
            token, plain = self.steward.issue(asked, record, LIFE, MOST)
        except ValueError as error:
            words = f"{error} Regenerate them, or let one of them expire."
            raise refusal(Code.FAILED_PRECONDITION, words, "TOO_MANY_SECRETS") from None
        return {"plain_secret": plain, "secret": shown(token, record)}

    def regenerate(self, asked: Asked) -> Body:
        """POST: a new one; the earlier ones are INACTIVE at once."""
        record = self._record(asked)
        token, plain = self.steward.regenerate(asked, record, LIFE)
        return {"plain_secret": plain, "secret": shown(token, record)}

    def _record(self, asked: Asked) -> DirectoryRecord:
        known(asked.body)
        return directory_of(self.house, asked)


def shown(token: Token, directory: DirectoryRecord) -> Mapping[str, Any]:
    """A secret as the API shows it; ACTIVE is its status' zero value, and is said all the same."""
    times = {"expire_time": token.expires, "last_used_time": token.used}
    return {
        "id": token.id,
        "directory_id": directory.id,
        "create_time": printed(token.created),
        "secret_suffix": token.suffix,
        "status": "ACTIVE" if token.active else "INACTIVE",
        **{name: printed(moment) for name, moment in times.items() if moment is not None},
    }
