"""A scenario as data, after loading and before playing.

Rule: plain data; templates (``${{ ada.id }}``) are still in it. ``load.py`` makes these, ``resolve.py`` fills them in.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from scimrig.verdicts import Severity

ACTS = (
    "connect", "assign", "update", "rename", "deactivate", "reactivate", "unassign", "delete",
    "push_group", "set_members", "rename_group", "delete_group", "import_users", "cycle",
)


PROMISED = (
    "hook", "roles", "access", "sink", "await", "silence", "call", "profile", "reconcile", "audited", "wait",
)
"""Verbs about what the target's owner promises; played by ``promised.py``."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a file; line and column are 1-based."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Subject:
    """Somebody or something a scenario speaks of.

    kind:   "person" or "team"
    fields: what is fixed about a person (``{"department": "Analysis"}``; names as in SCIM) or a team (``displayName``)
    exists: True where the keeper creates it, by the book, before the first step
    """

    key: str
    kind: str
    fields: dict[str, Any] = field(default_factory=dict)
    exists: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One step. ``verb``: act | send | check, one of ``PROMISED``, or ``aside``: something that the IdP does on its own
    side, so that nothing is sent. ``argument``: what stands behind it, unresolved;
    of a call ``{"key", "about", "with", "expect", "finds"}``, as far as the step has them.

    expect: outcomes that a ``send`` allows, in order of preference
    keep:   name → JSON Pointer into the reply, or ``header:NAME``; of a call: ``read``
    """

    id: str
    name: str
    verb: str
    act: str
    argument: Any
    expect: tuple[dict[str, Any], ...]
    keep: dict[str, str]
    place: Place


@dataclass(frozen=True, slots=True)
class Scenario:
    """A story (``dialects`` empty: played in every dialect) or a probe (bound to some).

    promises: declarations that it needs, ``policy.email_change=reject`` where it is about one value only
    bar:      of a test in a vendor's pack: mandatory | optional | preview | checklist | inferred; "" for all else
    against:  clauses that do not ask what this test of a vendor's asks
    """

    id: str
    title: str
    area: str
    severity: Severity
    cites: tuple[str, ...]
    tags: tuple[str, ...]
    needs: tuple[str, ...]
    promises: tuple[str, ...]
    dialects: tuple[str, ...]
    given: tuple[Subject, ...]
    rows: tuple[dict[str, Any], ...]  # the matrix multiplied out; one empty row where there is none
    steps: tuple[Step, ...]
    hurts: str
    place: Place
    bar: str = ""
    against: tuple[str, ...] = ()

    @property
    def probe(self) -> bool:
        """True where a step sends exact bytes; acts are preconditions then."""
        return any(step.verb == "send" for step in self.steps)

    def case_name(self, dialect: str, row: dict[str, Any]) -> str:
        """``entra/patch/string-boolean[entra,off=False]``: the same in every report and every run."""
        cells = [f"{name}={_cell(value)}" for name, value in row.items()]
        return f"{self.id}[{','.join([dialect, *cells])}]"


def _cell(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return str(value).lower() if value is not None else "null"
    return f'"{value}"' if isinstance(value, str) else str(value)
