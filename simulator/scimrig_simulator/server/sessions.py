"""Below /manage: the profile of a user, and sessions of the application that a directory provisions into.

A session stands for whatever an application keeps open for somebody who has signed in: it ends with the user, at once
and for good (CAP-26, CAP-27).

Rule: reads and answers; when sessions end is for ``policy.py``. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scimrig_simulator.calls import Resource
from scimrig_simulator.server.desk import Desk
from scimrig_simulator.server.office import PLACE
from scimrig_simulator.server.operations import Asked, Body, Operation, Trouble, known
from scimrig_simulator.server.policy import USER, Policy

HEADER = "x-session"


@dataclass(frozen=True, slots=True)
class Sessions:
    """What can be asked about the users of one directory."""

    policy: Policy
    desk: Desk

    def operations(self) -> tuple[Operation, ...]:
        """The table."""
        return (
            Operation("ManageFindProfile", "GET", f"{PLACE}/normalized", self._found),
            Operation("ManageGetProfile", "GET", f"{PLACE}/normalized/{{id}}", self._profile),
            Operation("ManageOpenSession", "POST", f"{PLACE}/users/{{id}}/sessions", self._open, 201),
            Operation("ManageGetSession", "GET", f"{PLACE}/session", self._session),
        )

    def _profile(self, asked: Asked) -> Body:
        id = asked.path["id"].removeprefix("diruser_")
        with self.policy.store.reading():
            return self._shown(self._user(id), f"id {id!r}")

    def _found(self, asked: Asked) -> Body:
        email = asked.query.get("email", "")
        if not email:
            raise Trouble(400, "Say whose profile: ?email=ada@acme.test, or behind another slash, an id.")
        with self.policy.store.reading():
            mine = (self._user(id) for id in self.policy.holders(email))  # of the organization, not all of them here
            return self._shown(next((user for user in mine if user is not None), None), f"e-mail address {email!r}")

    def _shown(self, user: Resource | None, who: str) -> Mapping[str, Any]:
        if user is None:
            raise Trouble(404, f"There is no user with the {who}.")
        profile = self.policy.profiles().of(user)
        roles = self.policy.roles(user, self.policy.rules())
        return {
            "id": f"diruser_{user['id']}",
            **({"external_id": profile["dp_id"]} if "dp_id" in profile else {}),
            **profile,
            "groups": [group["display"] for group in user.get("groups", ())],
            "roles": list(roles),
        }

    def _open(self, asked: Asked) -> Body:
        id = asked.path["id"]
        known(asked.body)
        with self.policy.store.transaction():
            user = self._user(id)
            if user is None:
                raise Trouble(404, f"There is no user with id {id!r}.")
            if not self.policy.seams.access(user):
                raise Trouble(403, "The user is switched off, and can't sign in.")
            return {"token": self.policy.standing.open_session(id, self.policy.clock.now())}

    def _session(self, asked: Asked) -> Body:
        with self.policy.store.reading():
            id = self.policy.standing.session(asked.headers.get(HEADER, ""))
            user = None if id is None else self._user(id)
            if id is None or not self.policy.seams.session(user):
                raise Trouble(401, f"There is no such session; send its token in the header {HEADER}.")
        return {"user_id": id}

    def _user(self, id: str) -> Resource | None:
        return self.desk.fetch(self.desk.definitions.resource_type(USER), id)
