"""What an IdP last brought of everybody, and so which act comes next.

The act follows from how things stand, not from what has changed: from who has the app now, what the engine believes of
them, and what was last brought. Somebody of whom nothing that this IdP maps has changed needs no act at all.

Rule: nothing is sent and nothing is timed here. What was brought is in one table.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scimrig_simulator.idp.engine import Engine
from scimrig_simulator.idp.intent import Outcome
from scimrig_simulator.idp.subjects import subject_key
from scimrig_simulator.wire import Flow
from scimrig_simulator.workforce.person import Person
from scimrig_simulator.workforce.team import Team

if TYPE_CHECKING:
    from scimrig_simulator.idp.cadence import Cadence
    from scimrig_simulator.idp.job import Scope, World

PARTINGS = ("unassign", "deactivate", "delete")
_ENTRANCES = ("assign", "reactivate")
_sorted_json = json.JSONEncoder(sort_keys=True).encode


@dataclass(frozen=True, slots=True)
class Plan:
    """An act that is due. ``again``: it was tried before, in vain."""

    act: str
    who: Person | Team
    members: Sequence[Person] = ()
    again: bool = False

    def flow(self, engine: Engine) -> Flow[Outcome]:
        """The act itself."""
        if self.act == "bring_references" and isinstance(self.who, Person):
            return engine.bring_references(self.who)
        return engine.play(self.act, self.who, self.members)


class Ledger:
    """What was last brought, of people and of teams.

    A row says the last act and whether it was done. Of a person also what they were then, as mapped (``whole``) and as
    called (``name``), both as digests, "" where that isn't known; of a team its key, name and members.
    """

    def __init__(self, engine: Engine, world: World, cadence: Cadence) -> None:
        self._engine, self._world, self._cadence = engine, world, cadence
        self._rows = engine.table("job_brought")
        self._bringing: dict[str, bool] = {}  # act → whether it brings everything that is mapped

    def linked(self, number: int) -> bool:
        """Whether the person of that number has an id at the target, as far as the IdP knows."""
        return bool(self._engine.id_of_number(number))

    def plan(self, phase: str, number: int) -> Plan | None:
        """What is to be done about a person or a team whose turn has come: User, Group or Reference."""
        if phase == "User":
            return self.user(number)
        return self.group(number) if phase == "Group" else self.reference(number)

    def user(self, number: int) -> Plan | None:
        """What is to be done about a person who was told of."""
        scope = self._world.scope(number)
        if scope == "unknown":
            return None
        person, row = self._world.person(number), self._row("User", number)
        act = self._present(person, row) if scope == "in" else self._absent(person, row, scope)
        return Plan(act, person, again=row.get("act") == act) if act else None

    def reference(self, number: int) -> Plan | None:
        """What is to be done for the references of a person, now that those whom they refer to may be known."""
        if self._world.scope(number) != "in" or not self.linked(number):
            return None
        person, row = self._world.person(number), self._row("User", number)
        if self._engine.refers(person):
            return Plan("bring_references", person)
        return Plan("update", person) if row.get("whole", "") not in ("", self._whole(person)) else None

    def group(self, number: int) -> Plan | None:
        """What is to be done about a team that was told of."""
        team, row = self._world.team(number), self._row("Group", number)
        if team is None:
            return self._farewell(number, row)
        if self._engine.can("push_group"):
            return None
        members = self._world.members(number)
        if not self._engine.group_id(team) or not row.get("done"):
            return Plan("push_group", team, members)
        if row["name"] != team.display_name:
            return Plan("push_group" if self._engine.can("rename_group") else "rename_group", team, members)
        return Plan("set_members", team, members) if row["members"] != self._membership(members) else None

    def settle(self, plan: Plan, outcome: Outcome) -> bool:
        """Note how an act ended; whether it has left something undone, so that another one follows."""
        if outcome.state == "skipped":
            return False
        if isinstance(plan.who, Team):
            return self._settle_team(plan.who, plan, outcome.ok)
        if plan.act == "bring_references":
            return self._settle_references(plan.who, outcome.ok)
        return self._settle_person(plan.who, plan.act, outcome.ok)

    # People ----------------------------------------------------------------------------------------------------------

    def _present(self, person: Person, row: dict[str, Any]) -> str:
        if not self.linked(person.number):
            return "assign"
        unfinished = not row.get("done", True) and row["act"] in _ENTRANCES
        if unfinished or row.get("act") in PARTINGS or subject_key(person) in self._engine.tables["off"]:
            return "reactivate"
        if row and row["whole"] == self._whole(person) and not self._cadence.compares:
            return ""
        return "rename" if row and row["name"] != _name(person) else "update"

    def _absent(self, person: Person, row: dict[str, Any], scope: Scope) -> str:
        if not self.linked(person.number):
            return ""
        last = row.get("act", "") if row.get("done") else ""
        if scope == "deleted" and not self._engine.can("delete"):
            return "" if last == "delete" else "delete"
        if last in PARTINGS or (not row and subject_key(person) in self._engine.tables["off"]):
            return ""
        return "deactivate" if scope == "off" and not self._engine.can("deactivate") else "unassign"

    def _settle_person(self, person: Person, act: str, done: bool) -> bool:
        row, place = self._row("User", person.number), f"User:{person.number}"
        if not done:
            named = "" if act == "rename" else row.get("name", "")
            self._rows[place] = {"act": act, "done": False, "whole": "", "name": named}
            return False
        if not self.linked(person.number):
            self._rows.pop(place, None)
            return False
        whole, name = row.get("whole", ""), row.get("name", "")
        if self._brings_all(person, act):
            whole, name = self._whole(person), _name(person)
        self._rows[place] = {"act": act, "done": True, "whole": whole, "name": name}
        return act == "reactivate" and whole != self._whole(person)

    def _settle_references(self, person: Person, done: bool) -> bool:
        row = self._row("User", person.number)
        if done and row.get("done"):
            self._rows[f"User:{person.number}"] = {**row, "whole": self._whole(person)}
        return False

    def _brings_all(self, person: Person, act: str) -> bool:
        """Whether an act brings everything that is mapped, rather than ``active`` alone; the same for everybody."""
        if act not in self._bringing:
            self._bringing[act] = bool(self._mapped(person, act))
        return self._bringing[act]

    def _whole(self, person: Person) -> str:
        return _digest(self._mapped(person, "update"))

    def _mapped(self, person: Person, act: str) -> dict[str, Any]:
        """What the IdP wants the target to have of a person; whether they are active is told by the last act."""
        values = dict(self._engine.expected_user(person, act).values)
        values.pop("active", None)
        return values

    # Teams -----------------------------------------------------------------------------------------------------------

    def _farewell(self, number: int, row: dict[str, Any]) -> Plan | None:
        team = Team(number, row.get("key", ""), row.get("name", ""))
        if self._engine.can("delete_group") or not self._engine.group_id(team):
            return None
        return Plan("delete_group", team)

    def _settle_team(self, team: Team, plan: Plan, done: bool) -> bool:
        row, place = self._row("Group", team.number), f"Group:{team.number}"
        if done and plan.act == "delete_group":
            self._rows.pop(place, None)
            return False
        renamed = plan.act == "rename_group"  # the new name alone; who belongs may have changed as well
        members = row.get("members", "") if renamed else self._membership(plan.members)
        self._rows[place] = {"act": plan.act, "done": done, "key": team.key, "name": team.display_name,
                             "members": members}
        return done and renamed and members != self._membership(plan.members)

    def _membership(self, members: Sequence[Person]) -> str:
        ids = (self._engine.id_of_number(person.number) for person in members)
        return _digest(sorted(id for id in ids if id))

    def _row(self, kind: str, number: int) -> dict[str, Any]:
        row: dict[str, Any] = self._rows.get(f"{kind}:{number}", {})
        return row


def _name(person: Person) -> str:
    """What an IdP takes for a rename: userName, e-mail, or a part of the name."""
    return _digest([person.user_name, person.email, person.given_name, person.middle_name, person.family_name,
                    person.display_name])


def _digest(value: Any) -> str:
    return hashlib.blake2b(_sorted_json(value).encode(), digest_size=8).hexdigest()
