"""JumpCloud's custom SCIM integration: a connection test that writes, alphabetical bodies, PUT of the whole.

Rule: the table, the mapping and the connection test; ``replacing.py`` is the state machine.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from scimrig_simulator.idp import answers, attributes
from scimrig_simulator.idp import replacing_knobs as common
from scimrig_simulator.idp.intent import Outcome
from scimrig_simulator.idp.knobs import TEXT, Knob, Knobs, toggles
from scimrig_simulator.idp.mapping import Values
from scimrig_simulator.idp.replacing import ReplacingEngine, Row
from scimrig_simulator.idp.replacing_reactions import usual
from scimrig_simulator.idp.subjects import group_path, subject_key, user_path
from scimrig_simulator.scim.urns import ENTERPRISE, GROUP, USER
from scimrig_simulator.wire import Flow

if TYPE_CHECKING:
    from scimrig_simulator.workforce.person import Person

_NEVER = {"cycle": "JumpCloud works event by event, not in cycles (jumpcloud:3)"}
_LOCALE = "en-US"

KNOBS: Knobs = (
    *common.wire("inferred", "jumpcloud:1"),
    Knob("authorization", "bearer; the API-key style of header is not played", "doc", "jumpcloud:1 [J1]"),
    *common.cadence("0", "never", "inferred", "jumpcloud:8"),
    common.one_of("test-request", "write", "doc", "jumpcloud:2 [J1]", common.TEST),
    Knob("test-email", "nobody's", "doc", "jumpcloud:2 [J1]", "the admin gives one; here a name that nobody has",
         free=TEXT),
    Knob("look-up", "userName eq, no paging", "doc", "jumpcloud:3 [J1]"),
    common.one_of("look-up-first", "on", "doc", "jumpcloud:3 [J1]", common.LOOK_FIRST),
    Knob("link-or-create", "found: PUT; nobody: POST", "inferred", "jumpcloud:3 [J1]"),
    Knob("body", "keys in alphabetical order, in objects too", "observed", "jumpcloud:3 [J2]"),
    Knob("schemas", "core and enterprise, always", "observed", "jumpcloud:3 [J2]"),
    Knob("external-id", "24 hexadecimal digits", "observed", "jumpcloud:3 [J2]"),
    Knob("locale", _LOCALE, "observed", "jumpcloud:3 [J2]", "of everybody, and so is preferredLanguage"),
    Knob("phones", "one, work, primary, a tel: URI", "observed", "jumpcloud:3 [J2]"),
    Knob("title", "sent where somebody has one", "inferred", "jumpcloud:3"),
    Knob("extension", "named in schemas, never sent", "doc", "jumpcloud:3 [J1; observed J2]"),
    Knob("empty-value", "left out", "inferred", "jumpcloud:3"),
    common.one_of("profile-update", "put", "observed", "jumpcloud:4 [J2]", common.UPDATE),
    *toggles("inferred", "jumpcloud:5 [J1]", out_of_scope="deactivate", others=("delete", "leave")),
    common.one_of("on-delete", "delete", "doc", "jumpcloud:5 [J1]", common.DELETED),
    Knob("left-over-test", "a test user who is there already is used, and removed", "inferred", "jumpcloud:2"),
    Knob("staged", "staged users are not sent", "doc", "jumpcloud:5 [J1]"),
    common.one_of("group-look-up", "filter", "inferred", "jumpcloud:6", common.GROUP_LOOK_UP),
    common.one_of("group-create", "with-members", "inferred", "jumpcloud:6", common.GROUP_CREATE),
    common.one_of("membership", "put", "inferred", "jumpcloud:6 [J1]", common.MEMBERSHIP),
    common.one_of("remove-member", "by-filter", "inferred", "jumpcloud:6", common.REMOVAL),
    common.one_of("member-object", "value", "inferred", "jumpcloud:6", common.MEMBER),
    Knob("group-rename", "with the group's members", "inferred", "jumpcloud:6 [J1]"),
    Knob("group-delete", "DELETE by id", "doc", "jumpcloud:6 [J1]"),
    Knob("import", "users and groups, on demand", "doc", "jumpcloud:7 [J1]"),
    common.paging("jumpcloud:7"),
    *common.unknowns("jumpcloud:8"),
)

REACTIONS = usual("JumpCloud", "jumpcloud:8", "until an admin finds it in Directory Insights and acts")

JUMPCLOUD = common.table("jumpcloud", "JumpCloud", KNOBS, _NEVER, REACTIONS)


class JumpCloudEngine(ReplacingEngine):
    """Speaks ``jumpcloud``."""

    dialect = JUMPCLOUD
    never = _NEVER
    failed = "Directory Insights: provisioning of {who} failed: {why}"

    def external_id(self, person: Person) -> str:
        told = f"{self.seed}\x1fjumpcloud user\x1f{subject_key(person)}"
        return hashlib.blake2b(told.encode(), digest_size=12).hexdigest()

    def _values(self, person: Person) -> Values:
        return {
            "displayName": person.display_name,
            attributes.WORK_EMAIL: person.email,
            "externalId": self.external_id(person),
            "locale": _LOCALE,
            "name.familyName": person.family_name,
            "name.givenName": person.given_name,
            'phoneNumbers[type eq "work"].value': _tel(person.phone_work),
            "preferredLanguage": _LOCALE,
            "title": person.title,
            "userName": person.user_name,
        }

    def _shaped(self, body: Row, person: Person) -> Row:
        phones = [{**phone, "primary": True} for phone in body.get("phoneNumbers", ())]
        shaped: Row = {**body, "schemas": [USER, ENTERPRISE], **({"phoneNumbers": phones} if phones else {})}
        return _sorted(shaped)  # type: ignore[no-any-return]

    def _try_writing(self) -> Flow[Outcome]:
        """A user and a group come and go (jumpcloud:2): whoever cannot be deleted is switched off."""
        email = self.setting("test-email") if "@" in self.setting("test-email") else self.nobody
        user = self._test_user(email, True)
        name = f"{email.partition('@')[0]} test group"
        person, status, trouble = yield from self._made("/Users", "create a test user", user)
        if status == 409:
            person = yield from self._left_over(email)
        if trouble is not None and not person:
            return trouble
        body: Row = {"displayName": name, "members": [{"value": person}], "schemas": [GROUP]}
        group, _, trouble = yield from self._made("/Groups", "create a test group", body)
        if trouble is None:
            reply = yield from self._send("DELETE", group_path(group), "remove the test group")
            trouble = None if reply.ok else self._trouble("", reply)
        reply = yield from self._send("DELETE", user_path(person), "remove the test user")
        if not reply.ok:
            off = self._test_user(email, False)
            reply = yield from self._send("PUT", user_path(person), "switch the test user off", body=off)
        if trouble is None and not reply.ok:
            trouble = self._trouble("", reply)
        return trouble or Outcome("done", True)

    def _left_over(self, email: str) -> Flow[str]:
        """The id of a test user whom an earlier test could not remove, "" where there is none."""
        reply = yield from self._send("GET", "/Users", "is the test user there already?", query=self._query(email))
        found = answers.listing(reply) if reply.ok else answers.Listing()
        if found.first_id:
            self._touch("left-over-test")
        return found.first_id

    def _made(self, path: str, purpose: str, body: Row) -> Flow[tuple[str, int, Outcome | None]]:
        """The id of what was created, the answer's status, and what is wrong with it."""
        reply = yield from self._send("POST", path, purpose, body=body)
        held = answers.parsed(reply)
        id = answers.identifier(held.value) if reply.ok else ""
        return id, reply.status, None if id else self._trouble("", reply, held.fault or "what was made has no id")

    def _test_user(self, email: str, active: bool) -> Row:
        return {
            "active": active, "emails": [{"primary": True, "type": "work", "value": email}],
            "name": {"familyName": "User", "givenName": "Test"}, "schemas": [USER, ENTERPRISE], "userName": email,
        }


def _tel(number: str) -> str:
    """A phone number as a URI (RFC 3966): blanks become the hyphens that may stand there."""
    return f"tel:{'-'.join(number.split())}" if number else ""


def _sorted(value: Any) -> Any:
    """Objects with their keys in alphabetical order, at every depth."""
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return [_sorted(element) for element in value] if isinstance(value, list) else value
