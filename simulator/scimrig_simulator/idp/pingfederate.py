"""PingFederate's SCIM Provisioner: a loop that reads its source, and sends users by PUT and members by PATCH or PUT.

Rule: the table and the mapping; ``replacing.py`` is the state machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scimrig_simulator.idp import attributes
from scimrig_simulator.idp import replacing_knobs as common
from scimrig_simulator.idp.knobs import TEXT, Choice, Knob, Knobs, toggles
from scimrig_simulator.idp.mapping import Values
from scimrig_simulator.idp.replacing import ReplacingEngine
from scimrig_simulator.idp.replacing_reactions import usual

if TYPE_CHECKING:
    from scimrig_simulator.workforce.person import Person

_NEVER = {"import_users": "PingFederate reads no users: groups are all it lists (pingfederate:7)"}
_LOOP = "60"

KNOBS: Knobs = (
    *common.wire("inferred", "pingfederate:1"),
    Knob("authorization", "what the target is given: none, Basic, a bearer token or client credentials", "doc",
         "pingfederate:1 [P1]"),
    *common.cadence(_LOOP, _LOOP, "inferred", "pingfederate:8, and the knob table"),
    Knob("cycle", "who is as they were when something was sent last is not sent again", "inferred", "pingfederate:8"),
    common.one_of("test-request", "look-up", "inferred", "pingfederate:2", common.TEST),
    common.one_of("identifier", "userName", "doc", "pingfederate:3 [P1]", {
        "userName": 'users are matched by userName eq "…"', "workEmail": 'users are matched by emails eq "…"',
    }, "doc"),
    Knob("filter-expression", "none", "doc", "pingfederate:3 [P1]", "the identifier decides; an expression with %s "
         "for the value stands in its place", free=TEXT),
    Knob("link-or-create", "found: linked and updated; nobody: POST", "doc", "pingfederate:3 [P1]"),
    Knob("create-body", "schemas userName name displayName emails active, then what is mapped", "inferred",
         "pingfederate:4"),
    Knob("external-id", "none", "inferred", "pingfederate:4"),
    Knob("custom-schema", "none is configured; groups cannot have one", "doc", "pingfederate:4 [P1]"),
    Knob("empty-value", "left out", "inferred", "pingfederate:4"),
    Knob("provision-disabled", "on", "inferred", "pingfederate:5 [P1]", "who is inactive is created, inactive", (
        Choice("off", "who is inactive is not created", "doc", "pingfederate:5 [P1]"),
    )),
    common.one_of("profile-update", "put", "doc", "pingfederate:4 [P1]", common.UPDATE),
    *toggles("doc", "pingfederate:5 [P1]", out_of_scope="deactivate", others=("delete",)),
    common.one_of("group-look-up", "walk", "doc", "pingfederate:6 [P1]", common.GROUP_LOOK_UP),
    common.one_of("group-create", "bare", "doc", "pingfederate:10, PF-GROUP [P1]", common.GROUP_CREATE),
    common.one_of("membership", "patch", "doc", "pingfederate:6 [P1]", common.MEMBERSHIP, "doc"),
    common.one_of("remove-member", "by-filter", "inferred", "pingfederate:6", common.REMOVAL),
    common.one_of("member-object", "value", "inferred", "pingfederate:6", common.MEMBER),
    Knob("group-rename", "in the request that brings the members", "doc", "pingfederate:6 [P1]"),
    Knob("group-delete", "DELETE by id", "doc", "pingfederate:6 [P1]"),
    common.paging("pingfederate:7"),
    *common.unknowns("pingfederate:8"),
)

REACTIONS = usual("PingFederate", "pingfederate:8", "until a later pass of its loop succeeds")

PINGFEDERATE = common.table("pingfederate", "PingFederate", KNOBS, _NEVER, REACTIONS)


class PingEngine(ReplacingEngine):
    """What the two products of Ping map alike."""

    order = ("schemas", "userName", "name", "displayName", "emails", "active", "title")

    def _values(self, person: Person) -> Values:
        return {
            "userName": person.user_name,
            "name.givenName": person.given_name,
            "name.familyName": person.family_name,
            "displayName": person.display_name,
            attributes.WORK_EMAIL: person.email,
            "title": person.title,
            **attributes.phones(person),
            **attributes.addresses(person),
            **attributes.enterprise(person),
        }


class PingFederateEngine(PingEngine):
    """Speaks ``pingfederate``."""

    dialect = PINGFEDERATE
    never = _NEVER
    failed = "Provisioner: {who} could not be synchronised: {why}"
