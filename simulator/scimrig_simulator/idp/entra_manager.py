"""The manager: a reference, which Entra brings in a request of its own once both users exist (entra:10, EN-MANAGER).

Rule: nothing here is sent with a create, and nothing before the manager's own id is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from scimrig_simulator.idp import answers, entra_reading
from scimrig_simulator.idp.entra_client import EntraClient
from scimrig_simulator.idp.entra_patch import MANAGER
from scimrig_simulator.idp.intent import Outcome
from scimrig_simulator.idp.knobs import Dialect
from scimrig_simulator.idp.mapping import slot
from scimrig_simulator.idp.memory import Memory
from scimrig_simulator.idp.subjects import label, subject_key, user_path
from scimrig_simulator.wire import Flow, Json, filter_string

if TYPE_CHECKING:
    from scimrig_simulator.workforce.person import Person


class EntraManager(EntraClient):
    """Knows who reports to whom at the target."""

    def __init__(
        self, seed: int, dialect: Dialect, memory: Memory | None = None, settings: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(seed, dialect, memory, settings)
        self._managers = self._table("managers")  # user key → manager's id as sent or read last, "" for none

    def refers(self, person: Person) -> bool:
        """Whether the manager that the server has is another than the person's, and theirs is known."""
        if self.setting("manager") == "off" or not self.on("update") or not self._linked(person):
            return False
        held = str(self._managers.get(subject_key(person), ""))
        if person.manager is None:
            return bool(held) and self.setting("manager-removal") != "not-sent"
        wanted = self.id_of_number(person.manager)
        return bool(wanted) and wanted != held

    def references(self, person: Person) -> dict[str, Json]:
        if person.manager is None or self.setting("manager") == "off" or not self.on("update"):
            return {}
        wanted = self.id_of_number(person.manager)
        return {f"{MANAGER}.value": wanted} if wanted else {}

    def bring_references(self, person: Person) -> Flow[Outcome]:
        """A PATCH of the manager alone."""
        return self._run("bring_references", lambda: self._bring_manager(person))

    def _bring_manager(self, person: Person) -> Flow[Outcome]:
        id = self._linked(person)
        if not self.refers(person):
            return Outcome("unchanged", True, id=id)
        held = str(self._managers.get(subject_key(person), ""))
        wanted = "" if person.manager is None else self.id_of_number(person.manager)
        if not wanted:
            self._touch("manager-removal")
        elif self.setting("manager") == "checked":
            there = yield from self._has_manager(person, id, wanted)
            if there is not None:
                return there
        body = self._shape.body([self._shape.manager(wanted, held)])
        purpose = f"{'set' if wanted else 'remove'} the manager of {label(person)}"
        reply = yield from self._send("PATCH", user_path(id), purpose, body=body)
        if not reply.ok:
            return replace(entra_reading.refusal(reply, id), state="reference-error")
        self._managers[subject_key(person)] = wanted
        return Outcome("updated", True, id=id)

    def _has_manager(self, person: Person, id: str, wanted: str) -> Flow[Outcome | None]:
        """The check of 2018: whether the server has this manager already; None where it has not (entra:10 [M1])."""
        both = f"id eq {filter_string(id)} and manager eq {filter_string(wanted)}"
        purpose = f"ask whether {label(person)} has this manager"
        reply = yield from self._send("GET", "/Users", purpose, query=[("filter", both), ("attributes", "id")])
        found, trouble = entra_reading.only_match(reply, both)
        if trouble is not None:
            return replace(trouble, state="reference-error", id=id)
        if found is None:
            return None
        self._managers[subject_key(person)] = wanted
        return Outcome("unchanged", True, id=id)

    def _note_manager(self, person: Person, held: Mapping[str, Any]) -> None:
        """Believe what was read, so that a manager whom the server does not show is sent again (entra:8)."""
        if person.manager is not None or subject_key(person) in self._managers:
            self._managers[subject_key(person)] = _manager_in(held)

    def _expected_manager(self, person: Person) -> dict[str, Json]:
        """What a sound server holds of the manager, as far as anything was sent about one."""
        if subject_key(person) not in self._managers or self.refers(person):
            return {}
        if person.manager is not None:
            return self.references(person)
        removed = self.setting("manager") != "off" and self.setting("manager-removal") != "not-sent"
        return {f"{MANAGER}.value": None} if removed and self.on("update") else {}


def _manager_in(held: Mapping[str, Any]) -> str:
    """The id of the manager in the server's copy, "" where it shows none."""
    value = slot(MANAGER).read(held)
    return answers.identifier({"id": value.get("value") if isinstance(value, dict) else value})
