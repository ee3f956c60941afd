"""Who plays in a case: the people and teams it names, what is known of them, and what templates may say of them.

Rule: it sends nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from scimrig.declarations import NOTHING, Declarations
from scimrig.observe import Watch
from scimrig.plan import Case, Plan
from scimrig.playable import mapped
from scimrig.scenario.resolve import resolve
from scimrig_simulator.idp.acts import Directory
from scimrig_simulator.idp.attributes import WORK_EMAIL
from scimrig_simulator.idp.engine import Engine
from scimrig_simulator.idp.intent import Intent
from scimrig_simulator.scim import urns
from scimrig_simulator.workforce.company import Company
from scimrig_simulator.workforce.person import FIELDS, Person
from scimrig_simulator.workforce.team import Team

BEGINS = frozenset({"assign", "reactivate", "push_group", "set_members", "rename_group"})
ENDS = frozenset({"deactivate", "unassign", "delete", "delete_group"})
"""Acts after which somebody has the app, or a team is pushed; and those after which that is over."""

_LOOK_ALIKES = str.maketrans("aceopxy", "асеорху")  # Latin letters, and the Cyrillic ones that look like them


@dataclass(slots=True)
class Player:
    """A person or a team of the case.

    id:    the target's, "" until an answer told it
    held:  what is meant to hold of a person by now (``intent.in_force``), None before anything was
    tried: a target that takes not everybody has refused to create them: what came of it is looked up by name
    scope: a person has the app as far as the IdP is concerned, a team is pushed
    members: of a team: keys of the people who were last said to be in it
    """

    key: str
    who: Person | Team
    exists: bool
    id: str = ""
    held: Intent | None = None
    tried: bool = False
    scope: bool = False
    members: tuple[str, ...] = ()

    @property
    def watch(self) -> Watch:
        kind = "User" if isinstance(self.who, Person) else "Group"
        return Watch(self.key, kind, self.id, name_of(self.who))


class Cast:
    """The players of one case by key. Raises KeyError for a key that the scenario does not give."""

    def __init__(self, case: Case, plan: Plan, engine: Engine, declared: Declarations = NOTHING) -> None:
        self._engine, self._plan, self._row, self._declared = engine, plan, case.row, declared
        self._case = case
        self._prefix = plan.prefix + case.mark
        digest = uuid.uuid5(uuid.NAMESPACE_URL, f"{plan.run}/{plan.seed}/{case.people}/nobody")
        self.nobody = str(digest)
        self.kept: dict[str, Any] = {}
        company = Company(plan.seed, plan.domain, self._prefix)
        mapping = mapped(case.scenario, declared)
        self._players: dict[str, Player] = {}
        for subject in case.scenario.given:
            number = self._number(subject.key)
            fields = resolve(subject.fields, self._common())
            if subject.kind == "team":
                team = company.team(number, subject.key)
                if subject.key in mapping:  # the product knows the group by this name, whatever the story calls it
                    fields = {**fields, "displayName": mapping[subject.key][0]}
                who: Person | Team = team.changed(fields) if fields else team
            else:
                who = changed(company.person(number, subject.key), fields, self._number)
            self._players[subject.key] = Player(subject.key, who, subject.exists)

    def _number(self, key: str) -> int:
        return self._case.person_number(key, self._plan.seed)

    def change(self, key: str, fields: Mapping[str, Any]) -> Person:
        """The person of that key as they are from now on. Raises TypeError where the key means a team."""
        self._players[key].who = person = changed(self.person(key), fields, self._number)
        return person

    def __iter__(self) -> Iterator[Player]:
        return iter(self._players.values())

    def __getitem__(self, key: str) -> Player:
        return self._players[key]

    def person(self, key: str) -> Person:
        """Raises TypeError where the key means a team."""
        who = self._players[key].who
        if not isinstance(who, Person):
            raise TypeError(f"{key} is a team; a person is wanted here")
        return who

    def team(self, key: str) -> Team:
        """Raises TypeError where the key means a person."""
        who = self._players[key].who
        if not isinstance(who, Team):
            raise TypeError(f"{key} is a person; a team is wanted here")
        return who

    def directory(self) -> Directory:
        """What the IdP's own directory holds of the case: who has the app, and which teams are pushed."""
        people = [self.person(player.key) for player in self if player.scope and isinstance(player.who, Person)]
        teams = [
            (player.who, [self.person(key) for key in player.members])
            for player in self if player.scope and isinstance(player.who, Team)
        ]
        return Directory(people, teams)

    def watches(self) -> list[Watch]:
        """The players to look at: those that are on the target, or may be."""
        return [player.watch for player in self if player.id or player.tried]

    def namespace(self) -> dict[str, Any]:
        """What templates may name. A player without an id has none to name yet."""
        names = {**self._common(), "kept": self.kept}
        names.update((player.key, self._facts(player)) for player in self)
        return names

    def _common(self) -> dict[str, Any]:
        """What templates may name before anybody is on the target; what is ``given`` may speak of nothing else."""
        stranger = f"{self._prefix}nobody-{self.nobody[:8]}@{self._plan.domain}"
        return {
            "matrix": self._row,
            "run": {"prefix": self._prefix, "domain": self._plan.domain, "id": self._plan.run},
            "nobody": {"id": self.nobody, "userName": stranger},
            "promised": self._promised(),
        }

    def _promised(self) -> dict[str, str]:
        """A domain whose people are taken and one whose people are not, and the first two roles that may be given;
        stories that tell them apart need both.
        """
        allowed = self._declared.promises.domains
        foreign = str(self._declared.setting("policy.foreign_domain"))
        domain = allowed[0] if allowed else self._plan.domain
        roles = dict(zip(("role", "otherRole"), self._declared.value("roles.assignable") or (), strict=False))
        alike = domain.translate(_LOOK_ALIKES)
        endpoint = self._declared.value("oauth.token_url")
        roles |= {} if endpoint is None else {"tokenEndpoint": str(endpoint)}
        return {"domain": domain, "domainUpper": domain.upper(), "domainAlike": alike, "foreign": foreign, **roles}

    def _facts(self, player: Player) -> dict[str, Any]:
        facts: dict[str, Any] = {"id": player.id} if player.id else {}
        if isinstance(player.who, Team):
            return {**facts, "displayName": player.who.display_name}
        person = player.who
        facts.update({name: getattr(person, field) for name, field in FIELDS.items()})
        facts["userNameUpper"], facts["userNameLower"] = person.user_name.upper(), person.user_name.lower()
        facts["externalId"] = self._engine.external_id(person)
        return facts


def changed(person: Person, fields: Mapping[str, Any], number_of: Callable[[str], int]) -> Person:
    """The person with these fields; ``manager`` is the key of another one, whom ``number_of`` knows, or None."""
    plain = {name: value for name, value in fields.items() if name != "manager"}
    made = person.changed(plain) if plain else person
    if "manager" not in fields:
        return made
    boss = fields["manager"]
    return replace(made, manager=None if boss is None else number_of(str(boss)))


def name_of(who: Person | Team) -> str:
    """The name a row of theirs is found by: userName, or displayName of a group."""
    return who.user_name if isinstance(who, Person) else who.display_name


def plain_intent(person: Person) -> Intent:
    """What is in force of somebody whom the keeper has made by ``plain_body``, as far as promises ask about it."""
    return Intent("User", values={"userName": person.user_name, WORK_EMAIL: person.email, "active": True})


def plain_body(who: Person | Team, members: tuple[str, ...] = ()) -> dict[str, Any]:
    """A resource by the book with what every IdP sends and nothing more; for rows that the keeper makes."""
    if isinstance(who, Team):
        body: dict[str, Any] = {"schemas": [urns.GROUP], "displayName": who.display_name}
        return {**body, "members": [{"value": member} for member in members]} if members else body
    return {
        "schemas": [urns.USER],
        "userName": who.user_name,
        "name": {"givenName": who.given_name, "familyName": who.family_name, "formatted": who.formatted},
        "displayName": who.display_name,
        "emails": [{"value": who.email, "type": "work", "primary": True}],
        "phoneNumbers": [{"value": who.phone_work, "type": "work"}],
        "active": True,
    }
