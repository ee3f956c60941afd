"""PingOne's outbound SCIM store. Its settings are documented, its requests are not: nearly all of this is inferred.

Rule: the table; ``replacing.py`` is the state machine.
"""

from __future__ import annotations

from scimrig_simulator.idp import replacing_knobs as common
from scimrig_simulator.idp.knobs import TEXT, Knob, Knobs, toggles
from scimrig_simulator.idp.pingfederate import PingEngine
from scimrig_simulator.idp.replacing_reactions import usual

_NEVER = {
    "import_users": "PingOne is not known to read what a target holds (pingone, Ping)",
    "cycle": "PingOne works event by event, not in cycles (pingone, knob table)",
}
_SOURCE = "pingone: Ping"

KNOBS: Knobs = (
    *common.wire("inferred", _SOURCE),
    *common.cadence("0", "never", "inferred", f"{_SOURCE}, and the knob table"),
    common.one_of("test-request", "look-up", "inferred", f"{_SOURCE} [P2]", common.TEST),
    common.one_of("identifier", "userName", "inferred", f"{_SOURCE} [P2, P4]", {
        "userName": "the userName stands in the filter expression", "workEmail": "the e-mail address stands in it",
    }),
    Knob("filter-expression", 'username Eq "%s"', "doc", f"{_SOURCE} [P2]",
         "the form of the documentation: names and operators in any case", free=TEXT),
    Knob("link-or-create", "found: PUT; nobody: POST", "inferred", _SOURCE),
    Knob("create-body", "schemas userName name displayName emails active, then what is mapped", "inferred", _SOURCE),
    Knob("external-id", "none", "inferred", _SOURCE),
    Knob("schema-extensions", "the enterprise URN where it is mapped, no other", "doc", f"{_SOURCE} [P4]"),
    Knob("empty-value", "left out", "inferred", _SOURCE),
    common.one_of("profile-update", "put", "inferred", f"{_SOURCE} [P4]", common.UPDATE),
    *toggles("doc", f"{_SOURCE} [P4]", out_of_scope="deactivate", others=("delete",)),
    common.one_of("group-look-up", "filter", "inferred", f"{_SOURCE} [P3]", common.GROUP_LOOK_UP),
    common.one_of("group-create", "bare", "inferred", f"{_SOURCE} [P3]", common.GROUP_CREATE),
    common.one_of("membership", "merge", "inferred", f"{_SOURCE} [P3, P4]", {
        "merge": "members that the target has besides stay: PATCH add and remove",
        "overwrite": "PUT of the whole group: name and all members",
    }),
    common.one_of("remove-member", "by-filter", "inferred", _SOURCE, common.REMOVAL),
    common.one_of("member-object", "value", "inferred", _SOURCE, common.MEMBER),
    Knob("group-rename", "in the request that brings the members", "inferred", f"{_SOURCE} [P3]"),
    Knob("group-delete", "DELETE by id", "inferred", f"{_SOURCE} [P3]"),
    common.paging(_SOURCE),
    *common.unknowns(_SOURCE),
)

REACTIONS = usual("PingOne", _SOURCE, "until the user changes again or an admin acts")

PINGONE = common.table("pingone", "PingOne", KNOBS, _NEVER, REACTIONS)


class PingOneEngine(PingEngine):
    """Speaks ``pingone``."""

    dialect = PINGONE
    never = _NEVER
