"""Directories that reach a target by a gateway: full PUT, flat groups, an externalId that is a distinguished name.

What AD (through Entra Connect) and LDAP have in common here; of either no more is known than that sentence (CAP-12).

Rule: what their tables share and the mapping; names no dialect. ``replacing.py`` is the state machine.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from scimrig_simulator.idp import attributes
from scimrig_simulator.idp import replacing_knobs as common
from scimrig_simulator.idp.knobs import Choice, Knob, Knobs, toggles
from scimrig_simulator.idp.mapping import Values
from scimrig_simulator.idp.replacing import ReplacingEngine
from scimrig_simulator.idp.subjects import guid, subject_key

if TYPE_CHECKING:
    from scimrig_simulator.workforce.person import Person

SOURCE = "cap:CAP-12"
NEVER = {"import_users": "a gateway is not known to read what a target holds (CAP-12)"}
_SPECIAL = re.compile(r'([,+"\\<>;=])')


def knobs(example: str, every: str) -> Knobs:
    """The table of a gateway. ``example``: the form of its names; ``every``: seconds between two passes."""
    return (
        *common.wire("inferred", SOURCE),
        *common.cadence(every, every, "inferred", SOURCE),
        Knob("cycle", "who is as they were when something was sent last is not sent again", "inferred", SOURCE),
        common.one_of("test-request", "look-up", "inferred", SOURCE, common.TEST),
        Knob("look-up", "userName eq, no paging", "inferred", SOURCE),
        Knob("link-or-create", "found: PUT; nobody: POST", "inferred", SOURCE),
        Knob("create-body", "schemas externalId userName name displayName emails active, then what is mapped",
             "inferred", SOURCE),
        Knob("external-id", "dn", "doc", SOURCE, f"the distinguished name, such as {example}", (
            Choice("guid", "a GUID that no move or marriage changes", "inferred", SOURCE),
        )),
        Knob("empty-value", "left out", "inferred", SOURCE),
        common.one_of("profile-update", "put", "doc", SOURCE, common.UPDATE),
        *toggles("inferred", SOURCE, out_of_scope="deactivate", others=("delete", "leave")),
        common.one_of("on-delete", "delete", "inferred", SOURCE, common.DELETED),
        Knob("nested-groups", "flat: a group holds people and no groups", "doc", SOURCE),
        common.one_of("group-look-up", "filter", "inferred", SOURCE, common.GROUP_LOOK_UP),
        common.one_of("group-create", "with-members", "inferred", SOURCE, common.GROUP_CREATE),
        common.one_of("membership", "put", "doc", SOURCE, common.MEMBERSHIP),
        common.one_of("remove-member", "by-filter", "inferred", SOURCE, common.REMOVAL),
        common.one_of("member-object", "value", "inferred", SOURCE, common.MEMBER),
        Knob("group-rename", "with the group's members", "inferred", SOURCE),
        Knob("group-delete", "DELETE by id", "inferred", SOURCE),
        common.paging(SOURCE),
        *common.unknowns(SOURCE),
    )


class GatewayEngine(ReplacingEngine):
    """A directory behind a gateway. Subclasses say how it names people."""

    never = NEVER
    order = ("schemas", "externalId", "userName", "name", "displayName", "emails", "active")
    failed = "Synchronisation of {who} failed: {why}"

    def external_id(self, person: Person) -> str:
        if self.setting("external-id") == "guid":
            return guid(self.seed, "gateway", subject_key(person))
        return self._name(person)

    def _name(self, person: Person) -> str:
        """The person's distinguished name in the directory."""
        raise NotImplementedError

    def _values(self, person: Person) -> Values:
        return {"externalId": self.external_id(person), **attributes.profile(person)}


def name(*parts: tuple[str, str]) -> str:
    """A distinguished name: types and values, most special first; empty values are left out (RFC 4514)."""
    return ",".join(f"{kind}={_escaped(value)}" for kind, value in parts if value)


def components(person: Person) -> list[tuple[str, str]]:
    """The domain of the person's address as ``DC`` parts; that of their userName where they have no address."""
    domain = (person.email or person.user_name).rpartition("@")[2]
    return [("DC", part) for part in domain.split(".")]


def _escaped(value: str) -> str:
    escaped = _SPECIAL.sub(r"\\\1", value)
    if escaped[0] in " #":
        escaped = f"\\{escaped}"
    return f"{escaped[:-1]}\\ " if escaped.endswith(" ") else escaped
