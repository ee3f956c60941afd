"""Memberships over the API: who is a user of which organization (CAP-35; policy page §3.1).

Rule: reads and answers; where users are is for ``server/people.py``. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scimrig_simulator.policy.entries import changes
from scimrig_simulator.server.api.organizations import found
from scimrig_simulator.server.api.users import call_of, recorded, role_names, shown, texts
from scimrig_simulator.server.house import House
from scimrig_simulator.server.operations import Asked, Body, Code, Operation, known, refusal
from scimrig_simulator.server.people import People

PLACE = "/api/v1/memberships/organizations/{organization_id}/users/{id}"


def operations(house: House) -> tuple[Operation, ...]:
    """The table."""
    memberships = _Memberships(house, People(house))
    return (
        Operation("DeleteMembership", "DELETE", PLACE, memberships.delete),
        Operation("UpdateMembership", "PATCH", PLACE, memberships.update),
    )


@dataclass(frozen=True, slots=True)
class _Memberships:
    house: House
    people: People

    def delete(self, asked: Asked) -> None:
        """DELETE: the user is gone, from SCIM too. An IdP that still has it makes a new one when it comes again."""
        with self.house.store.transaction():
            organization = found(self.house, asked.path["organization_id"])
            person = self.people.find(asked.path["id"], organization)
            self.people.remove(person, call_of(self.house, self.people, person, "DELETE", asked))
            recorded(self.house, asked, ("DELETE", PLACE), "user.delete", person, [])
        if person.row is not None:
            self.people.policy(person).committed()

    def update(self, asked: Asked) -> Body:
        """PATCH: these roles and no others, and what is noted of the membership."""
        body = known(asked.body, "roles", "metadata")
        roles, metadata = role_names(body.get("roles") or []), texts(body, "metadata")
        if "roles" in body and not roles:
            words = "A user has one role at least; name those that are to stay."
            raise refusal(Code.INVALID_ARGUMENT, words, "INVALID_ROLE")
        with self.house.store.transaction():
            organization = found(self.house, asked.path["organization_id"])
            person = self.people.find(asked.path["id"], organization)
            before: dict[str, object] = {"roles": list(self.people.roles(person))}
            held = self.people.notes(person)
            if roles:
                call = call_of(self.house, self.people, person, "PATCH", asked)
                person = self.people.set_roles(person, roles, call.base_url)
            after: dict[str, object] = {"roles": list(self.people.roles(person))}
            if "metadata" in body:
                before["metadata"], after["metadata"] = _metadata(held), metadata
                person = self.people.note(person, {**held, "membership": metadata})
            recorded(self.house, asked, ("PATCH", PLACE), "membership.update", person, changes(before, after))
            answer = {"user": shown(self.people, person)}
        if person.row is not None:
            self.people.policy(person).committed()
        return answer


def _metadata(notes: Mapping[str, object]) -> object:
    return notes.get("membership", {})
