"""Roles of a user over the API (CAP-31, CAP-35; policy page §3.1).

What is given is added to what there is, what is taken is removed from it; the next change of the user's groups, or of
what they give, decides anew.

Rule: reads and answers; what a role follows from is for ``server/policy.py``. May not import ``faults``, ``idp`` or
``drive``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scimrig_simulator.policy.entries import changes
from scimrig_simulator.server.api.organizations import found
from scimrig_simulator.server.api.users import MEMBERS, call_of, recorded, role_names, roles_shown
from scimrig_simulator.server.house import House
from scimrig_simulator.server.operations import Asked, Body, Code, Operation, known, refusal
from scimrig_simulator.server.people import People, Person

PLACE = MEMBERS + "/{user_id}/roles"


def operations(house: House) -> tuple[Operation, ...]:
    """The table."""
    roles = _Roles(house, People(house))
    return (
        Operation("ListUserRoles", "GET", PLACE, roles.held),
        Operation("AssignUserRoles", "POST", PLACE, roles.assign),
        Operation("RemoveUserRole", "DELETE", PLACE + "/{role_name}", roles.remove),
    )


@dataclass(frozen=True, slots=True)
class _Roles:
    house: House
    people: People

    def held(self, asked: Asked) -> Body:
        """GET."""
        with self.house.store.reading():
            return {"roles": roles_shown(self.people.roles(self._person(asked)))}

    def assign(self, asked: Asked) -> Body:
        """POST: these as well."""
        wanted = role_names(known(asked.body, "roles").get("roles"))
        if not wanted:
            raise refusal(Code.INVALID_ARGUMENT, "'roles' must name one at least.", "INVALID_ROLE")
        with self.house.store.transaction():
            person = self._person(asked)
            held = self.people.roles(person)
            after = self._set(person, held, [*held, *wanted], ("POST", PLACE), asked)
        self._committed(person)
        return {"roles": roles_shown(after)}

    def remove(self, asked: Asked) -> None:
        """DELETE of one: who has no other is left with the default role."""
        role = asked.path["role_name"]
        with self.house.store.transaction():
            person = self._person(asked)
            held = self.people.roles(person)
            if role not in held:
                raise refusal(Code.NOT_FOUND, f"The user has no role {role!r}.", "ROLE_NOT_FOUND")
            if list(held) == [role] == [person.organization.default_role]:
                words = f"Everybody has a role: {role!r} is the default one, and goes when there is another."
                raise refusal(Code.FAILED_PRECONDITION, words, "DEFAULT_ROLE")
            rest = [one for one in held if one != role]
            self._set(person, held, rest, ("DELETE", PLACE + "/{role_name}"), asked)
        self._committed(person)

    def _set(
        self, person: Person, held: Sequence[str], roles: Sequence[str], request: tuple[str, str], asked: Asked
    ) -> Sequence[str]:
        call = call_of(self.house, self.people, person, request[0], asked)
        person = self.people.set_roles(person, roles, call.base_url)
        after = self.people.roles(person)
        told = changes({"roles": list(held)}, {"roles": list(after)})
        recorded(self.house, asked, request, "user.assign_roles" if request[0] == "POST" else "user.remove_role",
                 person, told)  # fmt: skip
        return after

    def _person(self, asked: Asked) -> Person:
        return self.people.find(asked.path["user_id"], found(self.house, asked.path["organization_id"]))

    def _committed(self, person: Person) -> None:
        if person.row is not None:
            self.people.policy(person).committed()
