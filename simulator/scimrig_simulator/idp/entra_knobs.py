"""The Entra dialects as tables: without the flag (E0), with ``aadOptscim062020`` in the tenant URL (E1), on demand.

A knob that only says what Entra does not do, or what an endpoint must be like, is here for ``scimrig idp show``.

Rule: data only; the state machine is in ``entra_users.py``, ``entra_groups.py`` and ``entra.py``. Chapters are those of
Entra in idp-dialects.md.
"""

from __future__ import annotations

from scimrig_simulator.idp.entra_reactions import CYCLES, REACTIONS
from scimrig_simulator.idp.knobs import NUMBER, TEXT, Choice, Dialect, Knob, Knobs, ground, toggles

CONTENT_TYPE = "application/scim+json; charset=utf-8"
FLAG = "aadOptscim062020"
WORK_EMAIL = 'emails[type eq "work"].value'

MATCHING = {
    "userName": ("userName",),
    "externalId": ("externalId",),
    WORK_EMAIL: (WORK_EMAIL,),
    "externalId-then-userName": ("externalId", "userName"),
}
"""What the knob ``matching`` may be → the attributes that are looked up, in order of precedence."""

_TRANSPORT = (
    Knob("headers", "Authorization, ADSCIMVersion, on bodies Content-Type and Content-Length", "observed",
         "entra:1 [X1, M12]"),
    Knob("user-agent", "none", "observed", "entra:1 [M15]"),
    Knob("accept", "none", "inferred", "entra:1, open question 4", "no Accept header is sent", (
        Choice("application/scim+json", "as the media type of RFC 7644", "inferred", "entra:1, open question 4"),
    ), TEXT),
    Knob("adscimversion", "date-and-activity", "observed", "entra:1 [M16]", "a date, then an activity id", free=TEXT),
    Knob("content-type", f"{CONTENT_TYPE}, on bodies only", "observed", "entra:1 [M12, M13, M14]"),
    Knob("query-encoding", "+ %22 %40", "observed", "entra:1 [M22, M18]"),
    Knob("paging-parameters", "none on look-ups", "doc", "entra:1 [M1]"),
    Knob("auth", "bearer", "doc", "entra:1 [M1]",
         "the secret token, or one from OAuth; left blank, a token that Entra alone can sign; Basic is not offered"),
    Knob("tls", "1.2, RSA 2048 or ECC 256 and more, a public root", "doc", "entra:1 [M1]"),
    Knob("source-addresses", "those of the service tag AzureActiveDirectory", "doc", "entra:1 [M1]"),
    Knob("requests-per-second", "25", "doc", "entra:1 [M1]", "what an endpoint should bear for each tenant"),
    Knob("parallel", "across objects", "inferred", "entra:1"),
    Knob("retry-after", "ignored", "inferred", "entra:8, open question 4", "429 is transient like any other failure", (
        Choice("obeyed", "seconds are waited, and the request is sent once more", "inferred",
               "entra:8, open question 4"),
    )),
)

_TEST = (
    Knob("test-query", "the first matching attribute eq a random GUID", "doc", "entra:2 [M1; observed M17]"),
    Knob("test-404", "quarantine", "observed", "entra:2 [M18]"),
    Knob("group-probe", "off", "doc", "entra:2 [M1]", "the test reads users alone", (
        Choice("on", "the test asks for a group of a random name, too", "observed", "entra:2 [M17]"),
    )),
)

_CREATE = (
    Knob("matching", "userName", "doc", "entra:3 [M1, M3, M5]", "people are looked up by userName", (
        Choice("externalId", "people are looked up by externalId", "observed", "entra:3 [M21]"),
        Choice(WORK_EMAIL, "people are looked up by their work e-mail", "doc", "entra:3 [M1; observed M22]"),
        Choice("externalId-then-userName", "by externalId, and by userName where that finds nobody", "doc",
               "entra:3 [M3, M5]"),
    )),
    Knob("look-up-many", "DuplicateTargetEntries, skipped", "doc", "entra:3 [M30]"),
    Knob("look-up-compared", "look-up", "inferred", "entra:3", "differences are taken from the look-up's own answer", (
        Choice("read", "who is found is read by id before they are compared", "doc", "entra:3 [M3]"),
    )),
    Knob("create-body", "schemas externalId userName active displayName emails meta name … roles", "doc",
         "entra:3 [M1]"),
    Knob("both-urns", "core and enterprise URN always", "doc", "entra:3 [M1]"),
    Knob("default-mapping", "as the mapping table of M1; mailNickname to externalId", "doc", "entra:3 [M1]"),
    Knob("null-values", "left out of a create", "doc", "entra:3 [M1, M5]"),
    Knob("empty-201", "SystemForCrossDomainIdentityManagementServiceIncompatible", "observed",
         "entra:3, entra:8 [M19]"),
    Knob("conflict", "object error, tried again in a later cycle", "inferred", "entra:3, entra:8 [M3]"),
    Knob("unknown-id", "rematch", "inferred", "entra:3, open question 7",
         "an id that is gone is forgotten; the look-up follows, and a POST where nobody is found", (
             Choice("fail", "an id that is gone fails the object", "inferred", "entra:3, open question 7"),
         )),
    Knob("custom-attribute", "none", "doc", "entra:10, EN-EXTENSION [M2, M5]",
         "no attribute beyond the default mapping; set to urn:…:User:badge, it takes the employee number", free=TEXT),
    Knob("roles", "none", "doc", "entra:10, EN-ROLES [M5]", "an empty array on a create, nothing afterwards", (
        Choice("single", "SingleAppRoleAssignment: the title as the primary role", "doc", "entra:10, EN-ROLES [M5]"),
        Choice("complex", "AppRoleAssignmentsComplex: title and department as roles; none is taken away", "doc",
               "entra:10, EN-ROLES [M5]"),
        Choice("assertive", "AssertiveAppRoleAssignmentsComplex: title and department as all the roles there are",
               "doc", "entra:10, EN-ROLES [M5]"),
    )),
)

_UPDATE = (
    Knob("profile-update", "GET by id, PATCH of the differences, nothing when equal, never PUT", "doc",
         "entra:4 [M1, M3]"),
    Knob("add-or-replace", "by-copy", "doc", "entra:4 [M28]",
         "add where the server's copy has no value, replace where it has", (
             Choice("add", "add in either case", "inferred", "entra:4 [M28]"),
             Choice("replace", "replace in either case", "inferred", "entra:4 [M28]"),
         )),
    Knob("both-verbs", "adds-first", "inferred", "entra:10, EN-UPDATE; open question 6",
         "where both are merged, the op of the adds comes first", (
             Choice("replaces-first", "where both are merged, the op of the replaces comes first", "inferred",
                    "entra:10, EN-UPDATE; open question 6"),
         )),
    Knob("lone-change", "merged", "inferred", "entra:4, open question 6",
         "where changes are merged, a single one has no path either", (
        Choice("path", "a single change has its path", "inferred", "entra:4, open question 6"),
    )),
    Knob("create-element", "Add with a value filter makes the element", "inferred", "entra:4 [M26]"),
    Knob("op-order", "that of the mapping table", "inferred", "entra:4"),
    Knob("envelope", "schemas-first", "observed", "entra:4, open question 5", "schemas stand before Operations", (
        Choice("operations-first", "Operations stand before schemas", "observed", "entra:4, open question 5"),
    )),
    Knob("empty-values", "not-sent", "doc", "entra:4 [M5]", "what the source lost stays at the target", (
        Choice("remove", "what the source lost is removed", "inferred", "entra:4, open question 8"),
    )),
    Knob("multi-valued", "one value a type; arrays are not sorted", "doc", "entra:4 [M1]"),
    Knob("empty-strings", "never sent", "inferred", "entra:4"),
    Knob("unchanged", "compared", "doc", "entra:4 [M1, M3]", "who has changed in any way is read and compared", (
        Choice("skipped", "nobody is read of whom nothing that is mapped has changed", "inferred", "entra:4"),
    )),
    Knob("update-answer", "200 with a body or 204; the body is not read", "doc", "entra:4 [M1]"),
)

_MANAGER = (
    Knob("manager", "own-patch", "observed", "entra:10, EN-MANAGER [M26, M27, M31]",
         "a PATCH of its own with the manager's id as a bare string, once both users exist", (
             Choice("checked", "as in 2018: a look-up by id and manager, then path manager with a value array; its "
                    "$ref is relative, since an engine knows no base URL", "doc", "entra:10, EN-MANAGER [M1]"),
             Choice("off", "manager is not mapped", "doc", "entra:3 [M1]"),
         )),
    Knob("manager-removal", "remove", "inferred", "entra:10, open question 7", "Remove with the path alone", (
        Choice("remove-empty", "Remove with the value \"\", as the SCIM Validator does", "observed",
               "entra:10, SCIM Validator [M31, M16]"),
        Choice("not-sent", "like any other value that the source lost", "inferred", "entra:4, open question 7"),
    )),
    Knob("late-manager", "not sent until a restart", "doc", "entra:10, EN-MANAGER [M5, M6]",
         "a manager who comes into scope after the report"),
)

_DELETE = (
    Knob("disable-once", "PATCH of active alone, not repeated", "doc", "entra:5 [M1, M3]"),
    Knob("hard-delete", "disable-first", "doc", "entra:5 [M1, M3]", "PATCH of active, then DELETE", (
        Choice("missed", "a hard delete straight after the soft one yields nothing but the test query", "observed",
               "entra:5 [M24]"),
    )),
    Knob("hard-delete-after", "30 days from the soft one, or a purge", "doc", "entra:5 [M1, M3]"),
    Knob("unfollowed", "no DELETE for who was unassigned before", "doc", "entra:5 [M3]"),
    Knob("accidental-deletions", "off", "doc", "entra:5", "no threshold holds deletions back; a number is one",
         free=NUMBER),
    Knob("delete-404", "taken as done", "inferred", "entra:8"),
    Knob("password", "never sent", "doc", "entra:5 [M6]"),
    *toggles("doc", "entra:5 [M1, M3, M9]", out_of_scope="deactivate", others=("leave",)),
)

_GROUPS = (
    Knob("group-look-up", "excludedAttributes=members, then filter=displayName eq", "doc", "entra:6 [M1]"),
    Knob("group-create", "schemas externalId displayName meta; no members", "doc", "entra:6 [M1]"),
    Knob("group-read", "GET with excludedAttributes=members before every change", "doc", "entra:6 [M1]"),
    Knob("group-delete", "DELETE by id, when the group is unassigned or deleted", "doc", "entra:6 [M1]"),
    Knob("member-object", "with-ref", "doc", "entra:6 [M1; observed M34]", '{"$ref":null,"value":id}', (
        Choice("value-only", '{"value":id}', "observed", "entra:6 [M35, M36]"),
    )),
    Knob("members-per-request", "unbounded", "inferred", "entra:6, open question 4", "no upper bound is known",
         free=NUMBER),
    Knob("members-read-back", "never; who belongs is tracked at the IdP", "inferred", "entra:6"),
    Knob("replace-all", "the sum of adds and removes, in two requests", "inferred", "entra:10, EN-GROUP-REPLACE-ALL"),
    Knob("nested-groups", "not expanded", "doc", "entra:6 [M6]"),
    Knob("object-order", "users, then groups, then references", "doc", "entra:6 [M3]"),
)

_READS = (
    Knob("account-discovery", "pages through /Users by startIndex and count", "doc", "entra:7 [M10]"),
    Knob("unused-endpoints", "ServiceProviderConfig, Bulk, .search, Me", "doc", "entra:7 [M1]"),
    Knob("schemas-read", "never by the job", "doc", "entra:7 [M1]",
         "an admin who opens the mapping of an app that supports discovery reads /Schemas"),
)

_JOB = (
    Knob("test-repeated", "at the start of each cycle", "observed", "entra:2 [M17]"),
    Knob("cadence", "2400", "doc", "entra:1 [M3]", "seconds between two cycles", free=NUMBER),
    Knob("first-cycle", "0", "doc", "entra:1 [M3]", "seconds from the start of the job to the initial cycle",
         free=NUMBER),
    Knob("duration", "0.01 to 0.08 minutes an object", "doc", "entra:1 [M11]"),
    Knob("transient", "retried in the next cycle", "doc", "entra:8 [M3]"),
    Knob("task-retry", "never", "observed", "entra:8 [M20]", "retried 0 times; what failed waits in escrow",
         free=NUMBER),
    Knob("escrow-gap", "2400", "doc", "entra:8 [M3]", "seconds to the first retry of what failed; the gap grows",
         free=NUMBER),
    Knob("quarantine-share", "40", "doc", "entra:8 [M4]", "per cent that fail, once there are quarantine-least",
         free=NUMBER),
    Knob("quarantine-least", "5000", "doc", "entra:8 [M4]", "failures from which on the share counts", free=NUMBER),
    Knob("quarantine-most", "40000", "doc", "entra:8 [M4]", "failures above which there is quarantine", free=NUMBER),
    Knob("quarantine-absolute", "60000", "doc", "entra:8 [M4]", "failures at which there is quarantine whatever else",
         free=NUMBER),
    Knob("quarantine-cadence", "21600 43200 86400", "doc", "entra:8 [M4]",
         "seconds between cycles in quarantine: 6 h, 12 h, then always 24 h"),
    Knob("quarantine-days", "28", "doc", "entra:8 [M4]", "days of quarantine after which the job is switched off",
         free=NUMBER),
    Knob("import-count", "100", "inferred", "entra:7 [M10]", "rows that account discovery asks a page for",
         free=NUMBER),
)

_DEMAND = (
    Knob("members-limit", "5", "doc", "entra:1 [M7]", "members of a group in one run", free=NUMBER),
    Knob("test-repeated", "before every run", "doc", "entra:2 [M7; observed M17]"),
    Knob("duration", "under 30 seconds", "doc", "entra:1 [M7]"),
    Knob("flag", "does not apply", "doc", "entra:1 [M2, M7]"),
)

_OPEN_CAPITAL = (Choice("capital", "Add Replace Remove", "doc", "entra:4 [M2]"),)
_OPEN_LOWER = (Choice("lower", "add replace remove", "doc", "entra:4 [M2]"),)
_REMOVAL = "path members with a value array"
_REMOVAL_BY_PATH = 'path members[value eq "id"], no value'

_E0 = (
    Knob("op-case", "capital", "doc", "entra:4 [M2]", "Add Replace Remove", _OPEN_LOWER),
    Knob("patch-shape", "path-each", "doc", "entra:4 [M2]", "one operation an attribute, each with a path", (
        Choice("merged", "filtered paths first, the rest merged into an op without a path", "doc", "entra:4 [M2]"),
    )),
    Knob("boolean", "string", "doc", "entra:4, entra:5 [M2]", '"True" "False"', (
        Choice("json", "true false", "doc", "entra:5 [M1]"),
    )),
    Knob("remove-member", "value-array", "doc", "entra:6 [M1, M2; observed M23, M35, M36]", _REMOVAL, (
        Choice("filter-path", _REMOVAL_BY_PATH, "doc", "entra:6 [M2]"),
    )),
    Knob("group-rename", "path", "doc", "entra:6 [M1]", "Replace with path displayName"),
    Knob("roles-patch", "own-form", "doc", "entra:10, EN-ROLES [M5]", "a PATCH says roles in another form than POST"),
)

_E1 = (
    Knob("op-case", "lower", "doc", "entra:4 [M2]", "add replace remove", _OPEN_CAPITAL),
    Knob("patch-shape", "merged", "doc", "entra:4 [M2]",
         "filtered paths first, the rest merged into an op without a path", (
             Choice("path-each", "one operation an attribute, each with a path", "doc", "entra:4 [M2]"),
         )),
    Knob("boolean", "json", "doc", "entra:4 [M2]", "true false, with a path"),
    Knob("remove-member", "filter-path", "doc", "entra:6 [M2]", _REMOVAL_BY_PATH, (
        Choice("value-array", _REMOVAL, "doc", "entra:6 [M1, M2]"),
    )),
    Knob("group-rename", "path", "inferred", "entra:10, EN-GROUP-RENAME", "replace with path displayName, not merged", (
        Choice("merged", "displayName in an op without a path", "inferred", "entra:10, EN-GROUP-RENAME"),
    )),
    Knob("roles-patch", "as-created", "doc", "entra:10, EN-ROLES [M5]", "PATCH and POST say roles in the same form"),
    Knob("flag-on-the-wire", "not-sent", "inferred", "entra:1, open question 4", "the flag stays in the tenant URL", (
        Choice("sent", f"{FLAG} stands in every query, too", "inferred", "entra:1, open question 4"),
    )),
)

# accept, adscimversion's value, op-order and the like stand in no ground: no sound server's answer can turn on them.
_WIRE = "headers user-agent content-type query-encoding"
_FIND = f"{_WIRE} paging-parameters matching look-up-many"
_PATCH = "profile-update add-or-replace op-case patch-shape boolean default-mapping empty-values"
_GROUP = f"{_WIRE} group-look-up group-create group-read member-object op-case"


def _dialect(name: str, title: str, knobs: Knobs, *, job: bool = True) -> Dialect:
    users = ground(4, "users patch", f"{_WIRE} {_PATCH}")
    leaves = ground(5, "users patch", f"{_WIRE} disable-once op-case boolean")
    acts = {
        "connect": ground(2, "users filter", f"{_WIRE} paging-parameters test-query test-404"),
        "assign": ground(3, "users filter", f"{_FIND} create-body both-urns default-mapping null-values empty-201"),
        "update": users,
        "rename": users,
        "deactivate": leaves,
        "reactivate": ground(5, "users patch", f"{_WIRE} {_PATCH}"),
        "unassign": leaves,
        "delete": ground(5, "users patch delete", f"{_WIRE} disable-once hard-delete op-case boolean"),
        "push_group": ground(6, "users groups filter patch", _GROUP),
        "set_members": ground(6, "users groups patch", f"{_GROUP} remove-member"),
        "rename_group": ground(6, "users groups patch", f"{_GROUP} remove-member"),
        "delete_group": ground(6, "users groups delete", f"{_WIRE} group-delete"),
    }
    if job:
        acts["import_users"] = ground(7, "users", f"{_WIRE} account-discovery")
        acts["cycle"] = ground(4, "users filter patch", f"{_FIND} {_PATCH} create-body test-query object-order")
    common = (*_TRANSPORT, *_TEST, *_CREATE, *_UPDATE, *_MANAGER, *_DELETE, *_GROUPS, *_READS)
    return Dialect(name, title, common + knobs, acts, REACTIONS + CYCLES if job else REACTIONS)


ENTRA = _dialect("entra", "Microsoft Entra", _E0 + _JOB)
ENTRA_FLAG = _dialect("entra-flag", f"Microsoft Entra with {FLAG}", _E1 + _JOB)
ENTRA_ON_DEMAND = _dialect("entra-on-demand", "Microsoft Entra on demand", _E0 + _DEMAND, job=False)
