"""The Okta dialects as tables: the catalogue (OIN) app, the catalogue's SCIM 2.0 templates, and apps made with the App
Integration Wizard. How well each trait is known, and where from.

Rule: data only; ``okta.py`` is the state machine. Chapters are those of Okta in idp-dialects.md.
"""

from __future__ import annotations

from scimrig_simulator.idp.knobs import NUMBER, ActGround, Choice, Dialect, Knob, ground, toggles
from scimrig_simulator.idp.okta_reactions import REACTIONS
from scimrig_simulator.wire import CREDENTIALS, LENGTH, Headers

USER_AGENT = "Okta SCIM Client 1.0.0"
CONTENT_TYPE = "application/scim+json; charset=utf-8"
HEADERS: Headers = (
    ("Accept", "application/scim+json"),
    ("Accept-Charset", "utf-8"),
    ("Content-Type", CONTENT_TYPE),
    ("User-Agent", USER_AGENT),
    ("Authorization", CREDENTIALS),
    ("Content-Length", LENGTH),
    ("Connection", "Keep-Alive"),
    ("Accept-Encoding", "gzip,deflate"),
)
PAGE = 100
LOCALE = "en-US"
ATTEMPTS = 10
WAIT = 300  # seconds after a 429 that names no whole number of them

_WHOLE = Choice("put", "GET, then PUT of the object received, key order kept", "doc", "okta:4 [O1; observed O10]")
_CHANGES = Choice("patch", "PATCH replace of what has changed, without a path", "doc", "okta:4 [O3; observed O12]")
_SWITCHED = Choice("patch", 'PATCH {"op":"replace","value":{"active":false}}, no path', "doc", "okta:5 [O1]")
_SWITCHED_WHOLE = Choice("put", "GET, then PUT with active changed", "doc", "okta:5 [O1]")
_EACH = Choice("patch", "PATCH: a remove per leaver by filter path, then one add of all joiners", "doc", "okta:6 [O1]")
_ROSTER = Choice("put", "PUT of displayName and all members", "doc", "okta:6 [O1]")

_COMMON = (
    Knob("headers", ", ".join(name for name, _ in HEADERS), "doc", "okta:1 [O8, O9]"),
    Knob("user-agent", USER_AGENT, "doc", "okta:1 [O1, O8]"),
    Knob("content-type", CONTENT_TYPE, "doc", "okta:1 [O8, O9]"),
    Knob("query-encoding", "%20", "doc", "okta:1 [O1; observed O10]", "%20 %22 %40", (
        Choice("+", "+ %22 %40, as in the documents of 2018", "doc", "okta:1 [O8]"),
    )),
    Knob("answer-within", "60", "doc", "okta:1, okta:8 [O4]", "seconds, after which a request has failed"),
    Knob("parallel", "requests for one user come one after the other", "observed", "okta:1 [O10]"),
    Knob("paging-parameters", f"filter, startIndex=1, count={PAGE}", "doc", "okta:1 [O1]"),
    Knob("test-requests", "GET /Users?startIndex=1&count=2", "doc", "okta:2 [O8, O12, O15]"),
    Knob("group-probe", f"GET /Groups?startIndex=1&count={PAGE} when group push is on", "inferred", "okta:2"),
    Knob("list-numbers", "totalResults, startIndex, itemsPerPage are integers", "doc", "okta:2 [O1]"),
    Knob("look-up", "userName eq, at every assignment", "doc", "okta:3 [O1; observed O10]"),
    Knob("look-up-none", "200 with totalResults 0, or 404", "doc", "okta:3 [O1]"),
    Knob("link", "id of Resources[0], taken blindly", "doc", "okta:3 [O1]"),
    Knob("create-body", "schemas userName name emails displayName locale externalId groups password active", "doc",
         "okta:3 [O1; observed O10]"),
    Knob("password", "a throw-away string of 8 characters, always sent", "doc", "okta:3 [O1]"),
    Knob("password-sync", "off", "doc", "okta:4, OK-PASSWORD [O1]", "no password but that of the create is sent", (
        Choice("on", "a password goes out with every profile push, in a PATCH of its own or in the PUT", "inferred",
               "okta:10, OK-PASSWORD [O1]"),
    )),
    Knob("locale", LOCALE, "doc", "okta:3 [O1]"),
    Knob("external-id", "20 characters starting 00u", "doc", "okta:3 [O1]"),
    Knob("empty-201", "task fails", "doc", "okta:3 [O1]"),
    Knob("conflict", "stop", "doc", "okta:3 [O1; observed O19]", "task fails, no second try", (
        Choice("retry", "the same POST about every half hour", "observed", "okta:3 [O20]"),
    )),
    Knob("created-with-200", "taken as success", "observed", "okta:3 [O19]"),
    Knob("mapped-attributes", "userName name emails displayName locale title", "doc", "okta:3, okta:4 [O1]"),
    Knob("wide-mapping", "off", "doc", "okta:3 [O1]", "nothing but mapped-attributes", (
        Choice("on", "also phoneNumbers, addresses and the enterprise extension, its URN in schemas", "inferred",
               "okta:3, OK-CUSTOM-EXT [O4]"),
    )),
    Knob("empty-value", '""', "doc", "okta:4 [O1, O7]"),
    Knob("unknown-id", "task fails, never created again", "doc", "okta:4 [O16]"),
    Knob("active-in-push", "a profile push leaves active as it is", "doc", "okta:4 [O2]"),
    Knob("activate", "switch", "doc", "okta:5 [O1, O2]", "the switch of deactivation with true, then the profile", (
        Choice("profile", "no request of its own: the profile push says active true", "inferred",
               "okta:5, open question 3"),
    )),
    Knob("still-inactive", "provision job is rescheduled", "observed", "okta:5 [O18]"),
    Knob("delete", "never; a deleted person is deactivated", "doc", "okta:5 [O1, O2]"),
    Knob("group-look-up", f"displayName eq, startIndex=1, count={PAGE}", "doc", "okta:6 [O1]"),
    Knob("group-create", "empty", "doc", "okta:6 [O1; observed O10, O23]", "POST with members [], then the members", (
        Choice("full", "POST with all members, then the same members again", "doc", "okta:6 [O1; observed O10, O23]"),
    )),
    Knob("member-object", "value and display (the userName)", "doc", "okta:6 [O1]"),
    Knob("full-push", "PATCH replace of members", "doc", "okta:6 [O1]"),
    Knob("link-renames", "off", "doc", "okta:6 [O7]", "a group that was found keeps its name", (
        Choice("on", '"Rename app groups to match"', "doc", "okta:6 [O7]"),
    )),
    Knob("group-rename", "PATCH replace without a path, value {id, displayName}, with every membership change", "doc",
         "okta:6 [O1]"),
    Knob("rename-request", "a PATCH of its own before the membership", "inferred", "okta:10, OK-GROUP-MEMBERS"),
    Knob("batch-size", "0", "inferred", "okta:6 [O21]", "members in one request; 0: all of them", free=NUMBER),
    Knob("group-delete", "delete", "doc", "okta:6 [O1, O7]", "DELETE", (
        Choice("leave", "nothing is sent, the group stays", "doc", "okta:6 [O1, O7]"),
    )),
    Knob("push-failed", "mapping in Error state until an admin acts", "doc", "okta:6 [O13]"),
    Knob("import", f"pages of {PAGE} until totalResults is covered, by {PAGE} whatever itemsPerPage says; users, then"
         " groups; active users only", "doc", "okta:7 [O1, O2, O7]"),
    Knob("short-page", "rows that a page leaves out are never asked for", "inferred", "okta:7"),
    Knob("import-every", "0", "doc", "okta:7 [O2]", "seconds between imports; 0: when an admin asks", free=NUMBER),
    Knob("entitlements", "off", "doc", "okta:7, OK-ENTITLEMENTS [O14]", "an import reads users and groups", (
        Choice("on", "an import reads /ResourceTypes, /Schemas and each typed endpoint first", "doc",
               "okta:7, OK-ENTITLEMENTS [O14]"),
    )),
    Knob("rate-limit", f"integer Retry-After, else {WAIT} s doubling; {ATTEMPTS} attempts", "doc", "okta:8 [O2]"),
    Knob("cadence", "0", "observed", "okta:1 [O10]", "seconds between cycles; 0: change by change",
         free=NUMBER),
    Knob("task-retry", "never", "doc", "okta:8 [O16, O17]", "a failed task waits until an admin presses Retry"),
    Knob("reschedule", "1800", "observed", "okta:3, okta:5 [O18, O20]",
         "seconds after which a job that was rescheduled comes again", free=NUMBER),
    *toggles("doc", "okta:5 [O4]", out_of_scope="deactivate"),
)

_WIRE = "headers user-agent content-type query-encoding"
_LOOK = f"{_WIRE} paging-parameters list-numbers look-up look-up-none link"
_PUSH = "profile-update mapped-attributes empty-value"
_SHAPES = "group-create member-object membership group-rename"


def _knob(name: str, chosen: Choice, other: Choice) -> Knob:
    return Knob(name, chosen.value, chosen.mark, chosen.source, chosen.words, (other,))


def acts(push: str, switch: str, members: str) -> dict[str, ActGround]:
    """What each act stands on; push, switch, members: patch or put, as profile-update, deactivation, membership say."""
    return {
        "connect": ground(2, "users", f"{_WIRE} test-requests list-numbers"),
        "assign": ground(
            3, "users filter", f"{_LOOK} create-body password locale external-id empty-201 conflict {_PUSH}"
        ),
        "update": ground(4, f"users {push}", f"{_WIRE} {_PUSH} unknown-id"),
        "rename": ground(4, f"users {push}", f"{_WIRE} {_PUSH} unknown-id"),
        "deactivate": ground(5, f"users {switch}", f"{_WIRE} deactivation unknown-id"),
        "reactivate": ground(5, f"users filter {switch} {push}", f"{_LOOK} activate still-inactive {_PUSH}"),
        "unassign": ground(5, f"users {switch}", f"{_WIRE} deactivation out-of-scope unknown-id"),
        "delete": ground(5, f"users {switch}", f"{_WIRE} deactivation delete"),
        "push_group": ground(6, f"users groups filter {members}", f"{_WIRE} group-look-up link {_SHAPES} full-push"),
        "set_members": ground(6, f"users groups {members}", f"{_WIRE} {_SHAPES}"),
        "rename_group": ground(6, f"users groups {members}", f"{_WIRE} group-rename"),
        "delete_group": ground(6, "groups delete", f"{_WIRE} group-delete"),
        "import_users": ground(7, "users", f"{_WIRE} import list-numbers"),
    }


def _dialect(name: str, title: str, *knobs: Knob) -> Dialect:
    by = [knob.value for knob in knobs[:3]]
    return Dialect(name, title, (*_COMMON, *knobs), acts(*by), REACTIONS)


OKTA = _dialect(
    "okta", "Okta",
    _knob("profile-update", _WHOLE, _CHANGES), _knob("deactivation", _SWITCHED, _SWITCHED_WHOLE),
    _knob("membership", _EACH, _ROSTER),
)

TEMPLATE = _dialect(
    "okta-template", "Okta's SCIM 2.0 template app",
    _knob("profile-update", _CHANGES, _WHOLE), _knob("deactivation", _SWITCHED, _SWITCHED_WHOLE),
    _knob("membership", _EACH, _ROSTER),
    Knob("patch-body", "the changed attributes in one object", "inferred", "okta:4, open question 1"),
)

WIZARD = _dialect(
    "okta-wizard", "Okta's App Integration Wizard",
    _knob("profile-update", _WHOLE, _CHANGES), _knob("deactivation", _SWITCHED_WHOLE, _SWITCHED),
    _knob("membership", _ROSTER, _EACH),
)
