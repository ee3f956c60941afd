"""The directory as desired against the target as read back, row by row, and why each difference is there.

Both sides are streams: what the lists show lies in tables of the state file, and the company is counted through from
its first number. A list is no proof: whatever differs in it is asked for by its own address before it is told.

Rule: what should be there comes from the directory and the engine's own mapping, as if every toggle were on; values
compare by the schema's rules (``frame.py``). It judges no server, and no IdP by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from scimrig import frame
from scimrig.simulating.chaos import LOST
from scimrig.simulating.explaining import REFUSED, Reason, Records
from scimrig.simulating.gateway import COLLECTIONS, Ours
from scimrig.simulating.observer import Observer
from scimrig.simulating.report import EXAMPLES, Convergence, Difference, Example
from scimrig.simulating.state import StateFile
from scimrig.simulating.world import CompanyWorld
from scimrig_simulator.idp.engine import Engine
from scimrig_simulator.idp.intent import Intent
from scimrig_simulator.idp.job import Scope
from scimrig_simulator.idp.promises import Promises
from scimrig_simulator.scim import schemas
from scimrig_simulator.wire import Json, segment
from scimrig_simulator.workforce.team import Team

_COMPOSED = "the target makes it from the parts of the name"
_LOWERED = "the target keeps it in lower case"
_NEVER_KEPT = "the target keeps it of nobody"
_ECHO = "chaos has delivered its create twice, and names of groups need not be unique (RFC 7643 §4.2)"
_ORPHAN = "chaos has lost the answer to its create, and it left before the next try: no IdP knows of it"
_CREATING = frozenset({"assign", "reactivate", "update", "rename", "push_group", "set_members", "rename_group"})
_NOTES = 10


@dataclass(slots=True)
class Tally:
    """Of one attribute: how many rows show some value where there should be one, and how many show none."""

    kept: int = 0
    lost: int = 0


@dataclass(slots=True)
class Comparison:
    """One IdP on one target. ``engine``: a second one with the same beliefs, and every toggle on."""

    engine: Engine
    world: CompanyWorld
    records: Records
    state: StateFile
    ours: Ours
    observer: Observer
    promises: Promises
    _differences: dict[tuple[str, str, str, str], Difference] = field(default_factory=dict)
    _tallies: dict[str, Tally] = field(default_factory=dict)
    _unread: int = 0

    def compare(self) -> Convergence:
        """Read everything back and compare it."""
        rows, names = self._read_lists()
        people = exact_people = off = 0
        for number in self.world.people():
            scope = self.world.scope(number)
            wanted = scope == "in"
            fine = self._person(number, scope, rows, names)
            people, exact_people, off = people + wanted, exact_people + (wanted and fine), off + (fine and not wanted)
        teams = exact_teams = members = 0
        for number in self.world.teams() if not self.engine.can("push_group") else ():
            team = self.world.team(number)
            intent = self._intended_team(number, team)
            fine = self._team(number, intent, rows, names)
            members += len(intent.members or ())
            wanted = team is not None
            teams, exact_teams, off = teams + wanted, exact_teams + (wanted and fine), off + (fine and not wanted)
        self._strangers(rows)
        rows.clear()
        names.clear()
        return Convergence(
            people, exact_people, teams, exact_teams, off, members, self._unread, tuple(self._told()),
            tuple(self.observer.notes),
        )

    # Reading ----------------------------------------------------------------------------------------------------------

    def _read_lists(self) -> tuple[Any, Any]:
        """Our rows as the lists show them, by path; and their paths by name."""
        rows, names = self.state.table("seen"), self.state.table("seen names")
        rows.clear()
        names.clear()
        for collection, naming in COLLECTIONS.items():
            if collection == "/Groups" and self.engine.can("push_group"):
                continue
            for row in self.observer.walk(collection):
                name, id = row.get(naming), row.get("id")
                if self.ours.named(name) and isinstance(id, str):
                    path = f"{collection}/{id}"
                    rows[path] = row
                    key = f"{collection}/{str(name).casefold()}"
                    names.setdefault(key, path)
        return rows, names

    def _find(self, collection: str, id: str, name: str, rows: Any, names: Any) -> tuple[dict[str, Any] | None, bool]:
        """A row by the id that the IdP knows, else by its name; and whether a list has shown it."""
        path = f"{collection}/{id}" if id else str(names.get(f"{collection}/{name.casefold()}", ""))
        row = rows.pop(path, None) if path else None
        if row is not None:
            return row, True
        if not id:
            return self.observer.named(collection, COLLECTIONS[collection], name), False
        look = self.observer.read(f"{collection}/{segment(id)}")
        if look.state == "unreadable":
            self._unread += 1
            if len(self.observer.notes) < _NOTES:
                self.observer.notes.append(look.note)
        return look.row, False

    # People and teams -------------------------------------------------------------------------------------------------

    def _person(self, number: int, scope: Scope, rows: Any, names: Any) -> bool:
        """Whether a person is at the target as they should be."""
        person, subject, wanted = self.world.person(number), f"User:{number}", scope == "in"
        id = self.engine.id_of(person)
        if not wanted and not id:
            return True  # never was there, or is a stranger's affair: see ``_strangers``
        intent = self._intended_person(number, scope)
        if intent is None:
            rows.pop(f"/Users/{id}", None)
            return True
        row, listed = self._find("/Users", id, person.user_name, rows, names)
        if not wanted and row is None:
            return True
        return self._row(subject, person.user_name, intent, row, listed)

    def _intended_person(self, number: int, scope: Scope) -> Intent | None:
        """What should be there of somebody; None where it doesn't matter any more."""
        person = self.world.person(number)
        if scope == "in":
            intent = self.engine.expected_user(person, "update", self.promises)
            values = {**intent.values, **self.engine.references(person), "active": True}
            return replace(intent, values=values) if intent.exists else intent
        act = self._parting(number, scope)
        if act == "unassign" and self.engine.setting("out-of-scope") == "leave":
            return None
        intent = self.engine.expected_user(person, act, self.promises)
        return replace(intent, values={"active": False}) if intent.exists else intent

    def _parting(self, number: int, scope: Scope) -> str:
        """The act by which somebody goes; an IdP deletes whom it still follows, and only where it deletes at all."""
        last = self.records.last.get(f"User:{number}") or [""]
        if scope == "deleted" and last[0] == "delete":
            return "delete"
        return "deactivate" if scope == "off" and not self.engine.can("deactivate") else "unassign"

    def _intended_team(self, number: int, team: Team | None) -> Intent:
        if team is None:
            return self.engine.expected_group(Team(number, "", ""), (), "delete_group")
        return self.engine.expected_group(team, self.world.members(number))

    def _team(self, number: int, intent: Intent, rows: Any, names: Any) -> bool:
        team = self.world.team(number)
        id = self.engine.group_id(team or Team(number, "", ""))
        if team is None and (not id or self.engine.can("delete_group")):
            rows.pop(f"/Groups/{id}", None)
            return True
        name = team.display_name if team is not None else ""
        row, listed = self._find("/Groups", id, name, rows, names)
        if team is None and row is None:
            return True
        return self._row(f"Group:{number}", name or f"team {number}", intent, row, listed)

    def _row(self, subject: str, about: str, intent: Intent, row: dict[str, Any] | None, listed: bool) -> bool:
        """Whether a row is as intended; every difference is told."""
        if row is None:
            self._tell(subject, about, "missing", "", "there", "not found")
            return False
        if not intent.exists:
            self._tell(subject, about, "still there", "", "gone", str(row.get("id")))
            return False
        found = self._misses(intent, row)
        if found and listed:  # a list may be late, or show less than the row holds
            look = self.observer.read(f"/{intent.kind}s/{segment(str(row.get('id')))}")
            if look.row is not None:
                row = look.row
                found = self._misses(intent, row)
        listed = listed or f"/{intent.kind}s" in self.observer.unread
        if not listed:
            self._tell(subject, about, "not listed", "", f"in the list of /{intent.kind}s", "found by itself only")
        self._count(intent.values, found)
        fine = [self._miss(subject, about, intent, miss) for miss in found]  # each is told
        return all(fine) and listed

    def _misses(self, intent: Intent, row: Mapping[str, Any]) -> list[frame.Miss]:
        rows = schemas.builtin().resource_type(intent.kind)
        misses = frame.effect(row, intent.values, rows)
        if intent.members is not None:
            have = [str(item.get("value")) for item in _items(row.get("members")) if isinstance(item, dict)]
            lacking, surplus = len(intent.members - set(have)), len(set(have) - intent.members)
            twice = len(have) - len(set(have))
            if lacking or surplus or twice:
                parts = ((lacking, "missing"), (surplus, "too many"), (twice, "twice"))
                said = ", ".join(f"{count} {what}" for count, what in parts if count)
                misses.append(frame.Miss("effect", "members", f"{len(intent.members)} members", said))
        return misses

    def _count(self, values: Mapping[str, Json], found: Iterable[frame.Miss]) -> None:
        """Take in of which attributes the target shows any value at all."""
        wrong = {miss.path: miss for miss in found}
        for path, value in values.items():
            if not frame.unassigned(value):
                tally = self._tallies.setdefault(path, Tally())
                if path in wrong and wrong[path].actual == frame.in_words(None):
                    tally.lost += 1
                else:
                    tally.kept += 1

    # Telling ----------------------------------------------------------------------------------------------------------

    def _miss(self, subject: str, about: str, intent: Intent, miss: frame.Miss) -> bool:
        """Tell one; whether it is one that IdPs can live with."""
        what = "members" if miss.path == "members" else "attribute"
        if miss.path == "active":
            what = "inactive" if intent.values["active"] else "still active"
        harmless = _harmless(intent, miss)
        if harmless:
            self._add(subject, about, what, miss, Reason(harmless), counts=False)
            return True
        self._add(subject, about, what, miss, self.records.reason(subject, what, miss.path))
        return False

    def _tell(self, subject: str, about: str, what: str, path: str, expected: str, actual: str) -> None:
        miss = frame.Miss("found", path, expected, actual)
        self._add(subject, about, what, miss, self.records.reason(subject, what, path))

    def _add(self, subject: str, about: str, what: str, miss: frame.Miss, reason: Reason, counts: bool = True) -> None:
        kind = subject.partition(":")[0]
        key = (what, kind, miss.path, reason.why)
        difference = self._differences.get(key)
        if difference is None:
            difference = self._differences[key] = Difference(what, kind, miss.path, reason.why, counts=counts)
        difference.add(Example(about, miss.expected, miss.actual, reason.words, reason.exchange))

    def _strangers(self, rows: Any) -> None:
        """Rows of ours that nobody is linked to."""
        for path, row in rows.items():
            collection = path[: path.index("/", 1)]
            name = str(row.get(COLLECTIONS[collection]))
            subject = f"{collection[1:-1]}:{_number(name)}"
            miss = frame.Miss("found", "", "one row that the IdP is linked to", f"{path} besides")
            chaos = self._made_by_chaos(collection, path, subject)
            reason = Reason(chaos) if chaos else self.records.reason(subject, "duplicate")
            self._add(subject, name, "duplicate", miss, reason, counts=not chaos)

    def _made_by_chaos(self, collection: str, path: str, subject: str) -> str:
        """Why no IdP could know of a row that is left over, "" where one could: chaos has seen to it."""
        if collection == "/Groups" and path in self.ours.echoes:
            return _ECHO
        act, _, ok, _, _, exchange = self.records.last.get(subject) or ("", "", True, "", 0, "")
        lost = not ok and exchange.startswith("POST ") and exchange.endswith(LOST)
        return _ORPHAN if lost and act in _CREATING and not self._wanted(subject) else ""

    def _wanted(self, subject: str) -> bool:
        """Whether a person or a team still has to be there."""
        kind, _, number = subject.partition(":")
        if not number.isdigit():
            return True
        if kind == "Group":
            return self.world.team(int(number)) is not None
        return self.world.scope(int(number)) == "in"

    def _told(self) -> list[Difference]:
        """Every difference, those that count first; what the target keeps of nobody is no difference of anybody's."""
        told = []
        for difference in self._differences.values():
            tally = self._tallies.get(difference.path, Tally())
            dropped = difference.what == "attribute" and not tally.kept and not difference.why.startswith(REFUSED)
            if dropped and not _depended_on(difference.path):
                difference.why, difference.counts = _NEVER_KEPT, False
            told.append(difference)
        return sorted(_merged(told), key=lambda one: (not one.counts, one.what, -one.count))


def _merged(differences: Iterable[Difference]) -> list[Difference]:
    """One line where several have come to the same reason."""
    merged: dict[tuple[str, str, str, str], Difference] = {}
    for one in differences:
        known = merged.setdefault((one.what, one.kind, one.path, one.why), one)
        if known is not one:
            known.count += one.count
            known.examples += one.examples[: EXAMPLES - len(known.examples)]
    return list(merged.values())


def _harmless(intent: Intent, miss: frame.Miss) -> str:
    """Why a value that differs is one that every server may show, "" where it is not."""
    value = intent.values.get(miss.path)
    if not isinstance(value, str) or miss.actual == frame.in_words(None):
        return ""
    shown = miss.actual.strip("'")
    if miss.path in ("displayName", "name.formatted") and intent.kind == "User":
        parts = [str(part) for name in ("name.givenName", "name.familyName") if (part := intent.values.get(name))]
        if parts and all(part in shown for part in parts):
            return _COMPOSED
    return _LOWERED if shown == value.lower() else ""


def _depended_on(path: str) -> bool:
    return path.partition(".")[0].partition("[")[0].lower() in frame.STRICT


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _number(name: str) -> str:
    """The number in a name of ours: ``rig4k7xm-ada.17@example.com`` is person 17, ``… Team 3`` team 3."""
    return name.partition("@")[0].replace(".", " ").rpartition(" ")[2]
