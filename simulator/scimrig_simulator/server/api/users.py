"""Users over the API: invited, listed, read and written to (CAP-02, CAP-35, CAP-38; policy page §3.1).

A provisioned user is the SCIM resource, an invited one is kept until a directory provisions it. What SCIM has no place
for (the application's own ``external_id``, ``metadata``) is noted beside; the IdP's ``externalId`` stays its own, since
IdPs find their users by it.

Rule: reads and answers; where users are is for ``server/people.py``. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scimrig_simulator.calls import Call
from scimrig_simulator.clock import printed
from scimrig_simulator.policy.entries import changes
from scimrig_simulator.policy.events import ENVIRONMENT_ID
from scimrig_simulator.policy.profile import WRITABLE, as_texts, normalised, rewritten
from scimrig_simulator.policy.rules import canonical_domain
from scimrig_simulator.seams import present
from scimrig_simulator.server.api.organizations import found
from scimrig_simulator.server.api.paging import Place, part
from scimrig_simulator.server.house import House
from scimrig_simulator.server.operations import Asked, Body, Code, Operation, known, refusal, text
from scimrig_simulator.server.organizations import Organization
from scimrig_simulator.server.people import INVITED, PREFIX, People, Person
from scimrig_simulator.server.recording import record

PLACE = "/api/v1/users/{id}"
MEMBERS = "/api/v1/organizations/{organization_id}/users"
MOST = 100
"""Users in a page, as the vendor's protocol has it here."""

_LONGEST = {"preferred_username": 512, "picture": 2048}
_ALIASES = {"first_name": "given_name", "last_name": "family_name"}
_BESIDE = ("gender",)
_MAPS = ("metadata", "custom_attributes")
_PROFILE = (*WRITABLE, *_ALIASES, *_BESIDE, *_MAPS, "groups")
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")


def operations(house: House) -> tuple[Operation, ...]:
    """The table."""
    users = _Users(house, People(house))
    return (
        Operation("CreateUserAndMembership", "POST", MEMBERS, users.create, 201),
        Operation("ListOrganizationUsers", "GET", MEMBERS, users.page),
        Operation("GetUser", "GET", PLACE, users.get),
        Operation("UpdateUser", "PATCH", PLACE, users.update),
    )


@dataclass(frozen=True, slots=True)
class _Users:
    house: House
    people: People

    def create(self, asked: Asked) -> Body:
        """POST: invite somebody, of whatever domain, whose address nobody in the organization has."""
        body = known(asked.body, "email", "external_id", "membership", "user_profile", "metadata")
        document = _invitation(body)
        with self.house.store.transaction():
            organization = found(self.house, asked.path["organization_id"])
            if self._holds(organization, document["email"]):
                words = f"{document['email']!r} is another user's of this organization."
                raise refusal(Code.ALREADY_EXISTS, words, "USER_ALREADY_EXISTS")
            invited = self.people.invitations.add(organization.number, document, self.house.clock.now())
            person = Person(organization, invited=invited)
            told = changes({}, {"emails": document["email"], **dict(document["profile"])})
            recorded(self.house, asked, ("POST", MEMBERS), "user.invite", person, told)
            return {"user": shown(self.people, person)}

    def page(self, asked: Asked) -> Body:
        """GET of all of an organization: those of each directory, then the invited ones."""
        with self.house.store.reading():
            organization = found(self.house, asked.path["organization_id"])

            def take(place: Place, forward: bool, limit: int) -> list[Person]:
                return self.people.after(organization, place, forward, limit)

            there = part(self.house, ["users", organization.id], asked, take, _place, MOST)
            users = [shown(self.people, person) for person in there.found]
            return {"users": users, "total_size": self.people.count(organization), **there.tokens}

    def get(self, asked: Asked) -> Body:
        """GET of one."""
        with self.house.store.reading():
            return {"user": shown(self.people, self.people.find(asked.path["id"]))}

    def update(self, asked: Asked) -> Body:
        """PATCH: what is named changes, and nothing else."""
        if "email" in asked.body or "email" in (asked.body.get("user_profile") or ()):
            raise refusal(Code.INVALID_ARGUMENT, "A user's e-mail address can't be changed.", "EMAIL_IMMUTABLE")
        body = known(asked.body, "external_id", "user_profile", "metadata")
        wanted, beside = _profile(body)
        with self.house.store.transaction():
            person = self.people.find(asked.path["id"])
            person, told = self._written(person, wanted, beside, asked)
            held = self.people.notes(person)
            notes = {**held, **_noted(body, beside, held)}
            if notes != held:
                person = self.people.note(person, notes)
                told += changes(held, notes)
            recorded(self.house, asked, ("PATCH", PLACE), "user.update", person, told)
            answer = {"user": shown(self.people, person)}
        if person.row is not None:
            self.people.policy(person).committed()
        return answer

    def _written(
        self, person: Person, wanted: Mapping[str, str], beside: Mapping[str, Any], asked: Asked
    ) -> tuple[Person, list[dict[str, Any]]]:
        """The profile of somebody set; what has changed by it."""
        if person.row is None:
            profile = {**person.kept.get("profile", {}), **wanted}
            kept = {name: value for name, value in profile.items() if value != ""}
            told = changes(person.kept.get("profile", {}), kept)
            return self.people.note(person, {"profile": kept}), told
        if "custom_attributes" in beside:
            words = "The custom attributes of a provisioned user are those that its directory's mappings make."
            raise refusal(Code.FAILED_PRECONDITION, words, "CUSTOM_ATTRIBUTES_MAPPED")
        if not wanted:
            return person, []
        call = call_of(self.house, self.people, person, "PATCH", asked)
        person, before, after = self.people.overwrite(person, lambda user: rewritten(user, wanted), call)
        return person, changes(before, after)

    def _holds(self, organization: Organization, email: str) -> bool:
        """Whether anybody in an organization has an address."""
        if self.people.invitations.by_email(organization.number, email) is not None:
            return True
        directories = self.house.organizations.directories(organization)
        return bool(directories) and bool(self.house.policy(directories[0].tenant).holders(email))


def call_of(house: House, people: People, person: Person, method: str, asked: Asked) -> Call:
    """The write to a provisioned user as the seams see it."""
    directory = house.organizations.record(person.tenant)
    base_url = "" if directory is None else house.endpoint(directory, asked.origin)
    return Call(method, {}, {}, b"", base_url, people.kind, person.id, address=asked.caller.address)


def recorded(
    house: House, asked: Asked, request: tuple[str, str], action: str, person: Person, told: list[dict[str, Any]]
) -> None:
    """Tell the audit log of a write to a user."""
    directory = None if person.row is None else house.organizations.record(person.tenant)
    email = person.kept.get("email", "") if person.row is None else normalised(person.row.body).get("email", "")
    target = {"type": "User", "id": person.id, "email": email}
    record(house, asked, action, person.organization, directory, target, told, request)


def _place(person: Person) -> Place:
    if person.row is not None:
        return person.tenant, person.row.seq
    return INVITED, person.invited.seq if person.invited is not None else 0


# How a user is shown


def shown(people: People, person: Person) -> dict[str, Any]:
    """A user as the API shows one."""
    notes = people.notes(person)
    if person.row is not None:
        user = people.resource(person)
        profile = dict(people.policy(person).profiles().of(user))
        profile["custom_attributes"] = as_texts(profile["custom_attributes"])
        groups = [group["display"] for group in user.get("groups", ())]
        status, created, modified = "ACTIVE" if present(user) else "INACTIVE", person.row.created, person.row.modified
    else:
        assert person.invited is not None
        profile, groups, status = {**person.kept["profile"], "email": person.kept["email"]}, [], "PENDING_INVITE"
        created, modified = person.invited.created, person.invited.modified
    beside = notes.get("profile", {})
    return {
        "id": PREFIX + person.id,
        "environment_id": ENVIRONMENT_ID,
        "create_time": printed(created / 1000),
        "update_time": printed(modified / 1000),
        "email": profile.get("email", ""),
        "external_id": notes.get("external_id", ""),
        "memberships": [_membership(people, person, status, created, notes)],
        "user_profile": _shown_profile(person, profile, beside, groups),
        "metadata": notes.get("metadata", {}),
    }


def _membership(
    people: People, person: Person, status: str, created: int, notes: Mapping[str, Any]
) -> dict[str, Any]:
    organization = person.organization
    return {
        "organization_id": organization.id,
        "join_time": printed(created / 1000),
        "membership_status": status,
        "roles": roles_shown(people.roles(person)),
        "name": organization.name,
        "display_name": organization.name,
        "metadata": notes.get("membership", {}),
        "provisioning_method": "direct_provision" if person.row is not None else "invitation",
        "permissions": [],
    }


def _shown_profile(
    person: Person, profile: Mapping[str, Any], beside: Mapping[str, Any], groups: list[str]
) -> dict[str, Any]:
    return {
        "id": PREFIX + person.id,
        **{name: profile.get(name, "") for name in WRITABLE},
        "first_name": profile.get("given_name", ""),
        "last_name": profile.get("family_name", ""),
        "gender": beside.get("gender", ""),
        "email_verified": person.row is not None,  # its domain was registered when it came
        "phone_number_verified": False,
        "groups": groups,
        "metadata": beside.get("metadata", {}),
        "custom_attributes": profile.get("custom_attributes", beside.get("custom_attributes", {})),
        "external_identities": [],
    }


def roles_shown(roles: Any) -> list[dict[str, str]]:
    """Roles as the API shows them."""
    return [{"id": f"role_{role}", "name": role, "display_name": role} for role in roles]


# What is asked for


def _invitation(body: Body) -> dict[str, Any]:
    """What is kept of somebody who is invited. Raises Trouble 400."""
    email = text(body, "email", longest=320).strip()
    if _ADDRESS.fullmatch(email) is None or not canonical_domain(email.partition("@")[2]):
        raise refusal(Code.INVALID_ARGUMENT, "'email' must be an e-mail address, as in joe@contractor.test.")
    wanted, beside = _profile(body)
    membership = body.get("membership") or {}
    if not isinstance(membership, Mapping):
        raise refusal(Code.INVALID_ARGUMENT, "'membership' must be an object.")
    known(membership, "roles", "metadata", "inviter_email")
    kept = {name: value for name, value in wanted.items() if value != ""}
    return {
        "email": email,
        "profile": kept,
        **_noted(body, beside, {"profile": kept}),
        "membership": texts(membership, "metadata"),
        "roles": role_names(membership.get("roles") or []),
    }


def _noted(body: Body, beside: Mapping[str, Any], held: Mapping[str, Any]) -> dict[str, Any]:
    """What of a request is noted beside the resource: only what it names."""
    found: dict[str, Any] = {}
    if "external_id" in body:
        found["external_id"] = text(body, "external_id", "")
    if "metadata" in body:
        found["metadata"] = texts(body, "metadata")
    if beside:
        found["profile"] = {**held.get("profile", {}), **beside}
    return found


def _profile(body: Body) -> tuple[dict[str, str], dict[str, Any]]:
    """What a request wants of a profile: what SCIM has a place for, and what it has none for. Raises Trouble 400."""
    profile = body.get("user_profile")
    if profile is None:
        return {}, {}
    if not isinstance(profile, Mapping):
        raise refusal(Code.INVALID_ARGUMENT, "'user_profile' must be an object.")
    known(profile, *_PROFILE)
    if profile.get("groups"):
        raise refusal(Code.INVALID_ARGUMENT, "Groups are those of the directory; they can't be set here.")
    named = {_ALIASES.get(name, name): name for name in sorted(profile, key=lambda name: name not in _ALIASES)}
    wanted = {
        name: text(profile, spelt, "", _LONGEST.get(name, 255)) for name, spelt in named.items() if name in WRITABLE
    }
    beside: dict[str, Any] = {name: text(profile, name, "", 255) for name in _BESIDE if name in profile}
    beside.update({name: texts(profile, name) for name in _MAPS if name in profile})
    return wanted, beside


def texts(body: Body, key: str) -> dict[str, str]:
    """An object of strings in a body, {} where it is absent. Raises Trouble 400."""
    held = body.get(key) or {}
    if not isinstance(held, Mapping) or not all(isinstance(value, str) for value in held.values()):
        raise refusal(Code.INVALID_ARGUMENT, f"{key!r} must be an object of strings.")
    if len(held) > 20 or any(len(name) > 100 or len(value) > 1000 for name, value in held.items()):
        raise refusal(Code.INVALID_ARGUMENT, f"{key!r} may have 20 entries, of 100 and 1000 characters at most.")
    return dict(held)


def role_names(roles: Any) -> list[str]:
    """The names of roles in a body: ``{"name": …}`` or ``{"role_name": …}`` each. Raises Trouble 400."""
    if not isinstance(roles, list) or not all(isinstance(one, Mapping) for one in roles):
        raise refusal(Code.INVALID_ARGUMENT, '\'roles\' must be an array of {"role_name": "…"}.')
    names = [one.get("role_name") or one.get("name") or str(one.get("id") or "").removeprefix("role_") for one in roles]
    wrong = next((name for name in names if not isinstance(name, str) or not _ROLE.fullmatch(name)), None)
    if wrong is not None:
        raise refusal(Code.INVALID_ARGUMENT, "A role has a name, of 100 characters at most.", "INVALID_ROLE")
    return sorted(set(names))


_ROLE = re.compile(r"[^\s\x00-\x1f](?:[^\x00-\x1f]{0,98}[^\s\x00-\x1f])?")
