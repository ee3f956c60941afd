"""The acts that identity providers play, and the directory that a cycle goes through.

Rule: plain data.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scimrig_simulator.workforce.person import Person
    from scimrig_simulator.workforce.team import Team

LONE_ACTS = ("connect", "import_users", "cycle")
USER_ACTS = ("assign", "update", "rename", "deactivate", "reactivate", "unassign", "delete")
GROUP_ACTS = ("push_group", "set_members", "rename_group", "delete_group")
ACTS = (*LONE_ACTS, *USER_ACTS, *GROUP_ACTS)
"""Acts about nobody in particular, about a person, about a team."""

PARTINGS = frozenset({"deactivate", "delete"})
"""Acts that switch somebody off, which a target must never refuse because of an address."""


@dataclass(frozen=True, slots=True)
class Directory:
    """The IdP's own directory as it is meant to be at the target: who has the app, and which teams are pushed.

    Both may be read more than once.
    """

    people: Iterable[Person]
    teams: Iterable[tuple[Team, Sequence[Person]]] = ()
