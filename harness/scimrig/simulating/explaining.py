"""Why a row is not as the directory wants it: by what its IdP was told, by its toggles, by its state.

Rule: it explains from what is on record (the last act on somebody, the last writes about them), and guesses nothing:
what has no reason there is unexplained.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scimrig.simulating.report import UNEXPLAINED
from scimrig_simulator.idp.engine import Engine
from scimrig_simulator.idp.job import State
from scimrig_simulator.idp.memory import Table
from scimrig_simulator.scim import paths

_TOGGLES = {
    "missing": "create", "attribute": "update", "still active": "deactivate", "still there": "deactivate",
    "inactive": "update",
}  # fmt: skip


REFUSED = (_FAILED, _WRITE_REFUSED) = ("its last act failed", "its last write was refused")
"""How reasons begin that are a refusal of the target's."""


@dataclass(frozen=True, slots=True)
class Reason:
    """``why`` is the same for all differences of one cause; ``words`` and ``exchange`` are about this one."""

    why: str
    words: str = ""
    exchange: str = ""


@dataclass(frozen=True, slots=True)
class Records:
    """What is on record. last: subject → its last act; wrote: "subject/act" → the last write of that act."""

    engine: Engine
    state: State
    last: Table
    wrote: Table

    def reason(self, subject: str, what: str, path: str = "") -> Reason:
        """Why ``what`` is so of "User:17" or "Group:3"."""
        return (
            self._toggle(subject, what) or self._trouble(subject) or self._halted(subject)
            or self._done(subject, path) or Reason(UNEXPLAINED)
        )

    def _toggle(self, subject: str, what: str) -> Reason | None:
        toggle = "groups" if subject.startswith("Group:") else _TOGGLES.get(what, "")
        if not toggle or self.engine.on(toggle):
            return None
        return Reason(f"{self.engine.dialect.title} was told so: {toggle} is switched off")

    def _trouble(self, subject: str) -> Reason | None:
        act, state, ok, words, _, exchange = self.last.get(subject) or ("", "", True, "", 0, "")
        if ok:
            return None
        said = _answer(exchange)
        return Reason(f"{_FAILED}: {act.replace('_', ' ')}, {state}" + (f", {said}" if said else ""),
                      words, exchange)

    def _halted(self, subject: str) -> Reason | None:
        if self.state.phase == "active":
            return None
        return Reason(f"{self.engine.dialect.title}'s job is {self.state.phase}", self.state.why)

    def _done(self, subject: str, path: str) -> Reason | None:
        """The last write of theirs that spoke of the attribute, where it was answered 2xx."""
        writes: list[Any] = [
            (act, *wrote) for act in _ACTS if (wrote := self.wrote.get(f"{subject}/{act}")) is not None
        ]
        named = _leaf(path)
        speaking = [write for write in writes if named in write[3]] if named else writes
        if not speaking:
            return None
        _, _, exchange, _ = max(speaking, key=lambda write: write[1])
        said = _answer(exchange)
        if not said.startswith("answered 2"):
            return Reason(f"{_WRITE_REFUSED}: {said}", exchange=exchange)
        verb = exchange.partition(" ")[0]
        return Reason(f"the target {said} to {verb} and does not hold it", exchange=exchange)


_ACTS = (
    "assign", "update", "rename", "deactivate", "reactivate", "unassign", "delete", "bring_references",
    "push_group", "set_members", "rename_group", "delete_group",
)  # fmt: skip


def _answer(exchange: str) -> str:
    """``answered 409`` of ``POST /Users answered 409``; "got no answer" where none came."""
    if " got no answer" in exchange:
        return "got no answer"
    _, answered, status = exchange.rpartition(" answered ")
    return f"answered {status}" if answered else ""


def _leaf(path: str) -> str:
    """The last name in a path: "department" of "urn:…:User:department"."""
    if not path:
        return ""
    parsed = paths.parse_path(path)
    return parsed.sub or parsed.attr.sub or parsed.attr.name
