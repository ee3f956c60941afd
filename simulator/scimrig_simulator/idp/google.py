"""Google Workspace's automatic provisioning: look up, GET, PUT. Google pushes no groups.

Google publishes no protocol page: but for the look-up's line and the headers everything here is inferred, and says so
(google:10). What a sound server refuses in this dialect can't be blamed with certainty.

Rule: the table and the mapping; ``replacing.py`` is the state machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scimrig_simulator.idp import attributes
from scimrig_simulator.idp import replacing_knobs as common
from scimrig_simulator.idp.acts import GROUP_ACTS
from scimrig_simulator.idp.knobs import NUMBER, TEXT, Choice, Knob, Knobs, toggles
from scimrig_simulator.idp.mapping import Values
from scimrig_simulator.idp.replacing import ReplacingEngine
from scimrig_simulator.idp.replacing_reactions import usual

if TYPE_CHECKING:
    from scimrig_simulator.workforce.person import Person

_NEVER = {
    **dict.fromkeys(GROUP_ACTS, "Google pushes no groups: they only narrow who is provisioned (google:6)"),
    "import_users": "Google imports nobody (google:7)",
}
_HOURS = "14400"


def _delay(name: str, what: str) -> Knob:
    days = {"86400": "a day", "604800": "7 days", "2592000": "30 days"}
    choices = tuple(Choice(value, f"{what} after {words}", "doc", "google:5 [G2]") for value, words in days.items())
    return Knob(name, "0", "doc", "google:5 [G2]", f"{what} within 24 hours, with the next changes", choices, NUMBER)


KNOBS: Knobs = (
    Knob("user-agent", "Google-Auto-Provisioning", "observed", "google:1 [G3]", free=TEXT),
    Knob("accept", "none", "inferred", "google:1", "no such header is sent", free=TEXT),
    common.one_of("content-type", "application/json", "observed", "google:1 [G3]", common.CONTENT),
    Knob("header-order", "Authorization, User-Agent, Content-Type, Content-Length", "inferred", "google:1"),
    common.one_of("query-encoding", "%20", "observed", "google:1 [G4]", common.ENCODING),
    *common.cadence(_HOURS, _HOURS, "doc", "google:1, hours; the number is ours [G1]"),
    common.one_of("test-request", "read", "inferred", "google:2", common.TEST),
    Knob("look-up", "userName eq the primary e-mail", "observed", "google:3 [G4]"),
    Knob("paging-parameters", "startIndex=1", "observed", "google:3 [G4]", "no count", free=TEXT),
    Knob("link-or-create", "found: update; nobody: POST", "inferred", "google:3"),
    Knob("create-body", "schemas userName name emails active, then what is mapped", "inferred", "google:3"),
    Knob("external-id", "none", "inferred", "google:3"),
    common.one_of("profile-update", "read-put", "inferred", "google:4", common.UPDATE),
    common.one_of("look-up-first", "on", "inferred", "google:10, GW-UPDATE", common.LOOK_FIRST),
    Knob("empty-value", "left out of the PUT", "inferred", "google:4"),
    *toggles("inferred", "google:5 [G2]", out_of_scope="deactivate", others=("delete",), groups=False),
    common.one_of("on-suspend", "deactivate", "inferred", "google:5 [G2]", common.DELETED),
    common.one_of("on-delete", "delete", "inferred", "google:5 [G2]", common.DELETED),
    _delay("deactivate-delay", "who is unassigned or suspended goes"),
    _delay("delete-delay", "who is deleted goes"),
    Knob("archived", "archived users are not handled", "doc", "google:5 [G1]"),
    Knob("groups", "none", "doc", "google:6 [G1, G2; observed G5]"),
    Knob("errors", "shown in the app's provisioning log; retries unknown", "inferred", "google:7"),
    *common.unknowns("google:7"),
)

REACTIONS = usual("Google", "google:7", "until Google tries again, nobody knows when")

GOOGLE = common.table("google", "Google Workspace", KNOBS, _NEVER, REACTIONS)


class GoogleEngine(ReplacingEngine):
    """Speaks ``google``."""

    dialect = GOOGLE
    never = _NEVER
    order = ("schemas", "userName", "name", "emails", "active", "title", "addresses", "phoneNumbers")
    unconnected = "The app's token or endpoint URL could not be verified: {why}"

    def _values(self, person: Person) -> Values:
        return {
            "userName": person.user_name,
            "name.givenName": person.given_name,
            "name.familyName": person.family_name,
            attributes.WORK_EMAIL: person.email,
            "title": person.title,
            **attributes.addresses(person),
            **attributes.phones(person),
            **attributes.enterprise(person),
        }
