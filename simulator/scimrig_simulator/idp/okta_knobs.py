"""The Okta dialect as a table: what the catalogue (OIN) app sends, how well each trait is known, and where from.

Rule: data only; ``okta.py`` is the state machine. Chapters are those of Okta in idp-dialects.md.
"""

from __future__ import annotations

from scimrig_simulator.idp.knobs import Choice, Dialect, Knob, ground, toggles
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
PAGE = "100"
LOCALE = "en-US"
ATTEMPTS = 10
WAIT = 300  # seconds after a 429 that names no whole number of them

KNOBS = (
    Knob("headers", ", ".join(name for name, _ in HEADERS), "doc", "okta:1 [O8, O9]"),
    Knob("user-agent", USER_AGENT, "doc", "okta:1 [O1, O8]"),
    Knob("content-type", CONTENT_TYPE, "doc", "okta:1 [O8, O9]"),
    Knob("query-encoding", "%20 %22 %40", "doc", "okta:1 [O1; observed O10]"),
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
    Knob("locale", LOCALE, "doc", "okta:3 [O1]"),
    Knob("external-id", "20 characters starting 00u", "doc", "okta:3 [O1]"),
    Knob("empty-201", "task fails", "doc", "okta:3 [O1]"),
    Knob("conflict", "task fails, no second try", "doc", "okta:3 [O1]"),
    Knob("created-with-200", "taken as success", "observed", "okta:3 [O19]"),
    Knob("profile-update", "GET, then PUT of the object received, key order kept", "doc", "okta:4 [O1; observed O10]"),
    Knob("mapped-attributes", "userName name emails displayName locale title", "doc", "okta:3, okta:4 [O1]"),
    Knob("wide-mapping", "off", "doc", "okta:3 [O1]", "nothing but mapped-attributes", (
        Choice("on", "also phoneNumbers, addresses and the enterprise extension, its URN in schemas", "inferred",
               "okta:3, OK-CUSTOM-EXT [O4]"),
    )),
    Knob("empty-value", '""', "doc", "okta:4 [O1, O7]"),
    Knob("unknown-id", "task fails, never created again", "doc", "okta:4 [O16]"),
    Knob("deactivation", 'PATCH {"op":"replace","value":{"active":false}}, no path', "doc", "okta:5 [O1]"),
    Knob("activate", "the same PATCH with true, then GET and PUT", "doc", "okta:5 [O1, O2]"),
    Knob("still-inactive", "provision job is rescheduled", "observed", "okta:5 [O18]"),
    Knob("delete", "never; a deleted person is deactivated", "doc", "okta:5 [O1, O2]"),
    Knob("group-look-up", f"displayName eq, startIndex=1, count={PAGE}", "doc", "okta:6 [O1]"),
    Knob("group-create", "POST with members [], then PATCH", "doc", "okta:6 [O1; observed O10, O23]"),
    Knob("member-object", "value and display (the userName)", "doc", "okta:6 [O1]"),
    Knob("membership", "PATCH: a remove per leaver by filter path, then one add of all joiners", "doc", "okta:6 [O1]"),
    Knob("full-push", "PATCH replace of members", "doc", "okta:6 [O1]"),
    Knob("group-rename", "PATCH replace without a path, value {id, displayName}, with every membership change", "doc",
         "okta:6 [O1]"),
    Knob("rename-request", "a PATCH of its own before the membership", "inferred", "okta:10, OK-GROUP-MEMBERS"),
    Knob("batch-size", "a membership PATCH is not split", "inferred", "okta:6 [O21]"),
    Knob("push-failed", "mapping in Error state until an admin acts", "doc", "okta:6 [O13]"),
    *toggles("doc", "okta:5 [O4]", out_of_scope="deactivate"),
    Knob("rate-limit", f"integer Retry-After, else {WAIT} s doubling; {ATTEMPTS} attempts", "doc", "okta:8 [O2]"),
)

_WIRE = "headers user-agent content-type query-encoding"
_LOOK = f"{_WIRE} paging-parameters list-numbers look-up look-up-none link"
_PUSH = "profile-update mapped-attributes empty-value"
_SHAPES = "group-create member-object membership group-rename"

# rename-request and batch-size stand in no ground: whatever their value, each request is one that Okta documents.
OKTA = Dialect(
    "okta",
    "Okta",
    KNOBS,
    {
        "connect": ground(2, "users", f"{_WIRE} test-requests list-numbers"),
        "assign": ground(
            3, "users filter", f"{_LOOK} create-body password locale external-id empty-201 conflict {_PUSH}"
        ),
        "update": ground(4, "users put", f"{_WIRE} {_PUSH} unknown-id"),
        "rename": ground(4, "users put", f"{_WIRE} {_PUSH} unknown-id"),
        "deactivate": ground(5, "users patch", f"{_WIRE} deactivation unknown-id"),
        "reactivate": ground(5, "users filter patch put", f"{_LOOK} activate still-inactive {_PUSH}"),
        "delete": ground(5, "users patch", f"{_WIRE} deactivation delete"),
        "push_group": ground(6, "users groups filter patch", f"{_WIRE} group-look-up link {_SHAPES} full-push"),
        "set_members": ground(6, "users groups patch", f"{_WIRE} {_SHAPES}"),
    },
)
