"""OneLogin's SCIM apps: a body from a template that the admin writes, sent whole in POST and PUT; groups by PATCH.

The template differs from customer to customer. What is known to differ is a knob: the type of ``active``, the form of
``emails``, the manager, and whether the enterprise extension is there.

Rule: the table, the mapping and the template; ``replacing.py`` is the state machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scimrig_simulator.idp import attributes
from scimrig_simulator.idp import replacing_knobs as common
from scimrig_simulator.idp.knobs import Choice, Knob, Knobs, Reaction, toggles
from scimrig_simulator.idp.mapping import Values
from scimrig_simulator.idp.memory import Memory
from scimrig_simulator.idp.replacing import ReplacingEngine, Row
from scimrig_simulator.idp.replacing_reactions import usual
from scimrig_simulator.scim.urns import ENTERPRISE, USER

if TYPE_CHECKING:
    from scimrig_simulator.workforce.person import Person

_NEVER = {
    "cycle": "OneLogin works event by event, not in cycles (onelogin:8)",
    "rename_group": "OneLogin renames no group: groups are entitlements, given by rules (onelogin:6)",
    "delete_group": "OneLogin deletes no group: groups are entitlements, given by rules (onelogin:6)",
}
_TEMPLATE = "onelogin:3 [L3, L4]"

KNOBS: Knobs = (
    *common.wire("observed", "onelogin:1", encoding="+"),
    Knob("answer-type", "application/json, and any JSON is taken", "inferred", "onelogin:1 [L1]"),
    *common.cadence("0", "never", "inferred", "onelogin:8"),
    common.one_of("test-request", "look-up", "doc", "onelogin:2 [L1]", common.TEST),
    Knob("look-up", "userName eq, no paging", "doc", "onelogin:3 [L1]"),
    Knob("link-or-create", "found: PUT; nobody: POST", "inferred", "onelogin:3 [L1]"),
    Knob("body", "the admin's template: schemas userName active id name emails title meta", "doc", _TEMPLATE),
    common.one_of("app", "core", "doc", "onelogin: Apps [L4, L5]", {
        "core": "SCIM v2 Core: nothing but the core schema",
        "enterprise": "SCIM v2 Enterprise: department, and the manager where it is in the template",
    }, "doc"),
    common.one_of("active", "string", "doc", _TEMPLATE, {
        "string": '"active":"true", since the template has the macro in quotes', "boolean": '"active":true',
    }, "doc"),
    common.one_of("emails", "array", "doc", _TEMPLATE, {
        "array": "an array of one, type work, primary", "object": "one object in place of the array",
        "not-primary": "an array of one, without primary",
    }, "observed"),
    common.one_of("manager", "off", "doc", _TEMPLATE, {
        "off": "not in the template", "value": "manager {value, displayName}",
        "managerId": "manager {managerId, displayName}",
    }, "doc"),
    Knob("id", "null, as in the template", "doc", _TEMPLATE),
    Knob("external-id", "none", "inferred", "onelogin:3"),
    Knob("empty-value", '""', "inferred", "onelogin:3", "an empty parameter is an empty string", (
        Choice("left-out", "an empty parameter is left out", "inferred", "onelogin:3"),
    )),
    common.one_of("profile-update", "put", "doc", "onelogin:4 [L1]", common.UPDATE),
    *toggles("doc", "onelogin:5 [L1, L6]", out_of_scope="deactivate", others=("delete", "leave")),
    Knob("approval", "each action may have to be approved by an admin; here all are", "doc", "onelogin:5 [L6]"),
    common.one_of("group-look-up", "walk", "doc", "onelogin:6 [L1]", common.GROUP_LOOK_UP),
    common.one_of("group-create", "bare", "doc", "onelogin:10, OL-GROUP [L1]", common.GROUP_CREATE),
    common.one_of("membership", "patch", "doc", "onelogin:6 [L1]", common.MEMBERSHIP),
    Knob("op-case", "lower", "observed", "onelogin:10 [L8]"),
    common.one_of("remove-member", "by-filter", "inferred", "onelogin:10", common.REMOVAL),
    common.one_of("member-object", "value", "inferred", "onelogin:10", common.MEMBER),
    Knob("import", "users and groups, on entitlement refresh", "doc", "onelogin:7 [L1]"),
    common.paging("onelogin:7"),
    *common.unknowns("onelogin:8"),
)

REACTIONS = usual(
    "OneLogin", "onelogin:8", "until an admin presses Retry",
    Reaction("404 to a look-up", "accepted by the connection test; taken as nobody found", "doc", "onelogin:2 [L1]"),
)

ONELOGIN = common.table("onelogin", "OneLogin", KNOBS, _NEVER, REACTIONS)


class OneLoginEngine(ReplacingEngine):
    """Speaks ``onelogin``."""

    dialect = ONELOGIN
    never = _NEVER
    order = ("schemas", "userName", "active", "id", "name", "emails", "title", ENTERPRISE, "meta")
    failed = "The provisioning task for {who} failed: {why}"

    def __init__(self, seed: int, memory: Memory | None = None, **settings: str) -> None:
        super().__init__(seed, memory, **settings)
        self._displays = self._table("displays")  # user key → display name, for those who report to them

    def _values(self, person: Person) -> Values:
        values: Values = {
            "userName": person.user_name,
            "name.familyName": person.family_name,
            "name.givenName": person.given_name,
            "name.formatted": person.display_name,
            attributes.WORK_EMAIL: person.email,
            "title": person.title,
        }
        if self.setting("app") == "core":
            return values
        chief = {f"{ENTERPRISE}:manager.value": self._chief(person)} if self.setting("manager") == "value" else {}
        return {**values, f"{ENTERPRISE}:department": person.department, **chief}

    def _shaped(self, body: Row, person: Person) -> Row:
        shaped = {**body, "id": None, "meta": {"resourceType": "User"}}
        if self.setting("active") == "string":
            shaped["active"] = str(body["active"]).lower()
        if self.setting("emails") != "array" and "emails" in body:
            first = dict(body["emails"][0])
            first.pop("primary", None)
            shaped["emails"] = first if self.setting("emails") == "object" else [first]
        if self.setting("app") == "enterprise":
            shaped["schemas"] = [USER, ENTERPRISE]
            shaped[ENTERPRISE] = {**body.get(ENTERPRISE, {}), **self._manager(person)}
        return {name: shaped[name] for name in (*self.order, *shaped) if name in shaped}

    def _manager(self, person: Person) -> Row:
        how = self.setting("manager")
        if how == "off":
            return {}
        name = self._displays.get(self._numbers.get(str(person.manager), ""), "")
        return {"manager": {how: self._chief(person), "displayName": name}}

    def _chief(self, person: Person) -> str:
        """The manager's id at the target; "" where there is none, or not yet."""
        return "" if person.manager is None else self.id_of_number(person.manager)

    def _wrote(self, person: Person, active: bool, cleared: frozenset[str] = frozenset()) -> None:
        super()._wrote(person, active, cleared)
        if self.setting("manager") != "off":
            self._displays[self._numbers[str(person.number)]] = person.display_name
