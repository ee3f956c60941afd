"""The two Entra dialects as tables: without the flag (E0) and with ``aadOptscim062020`` in the tenant URL (E1).

Rule: data only; ``entra.py`` is the state machine. Chapters are those of Entra in idp-dialects.md.
"""

from __future__ import annotations

from scimrig_simulator.idp.knobs import Dialect, Knob, ground, toggles

CONTENT_TYPE = "application/scim+json; charset=utf-8"

_COMMON = (
    Knob("headers", "Authorization, ADSCIMVersion, on bodies Content-Type and Content-Length", "observed",
         "entra:1 [X1, M12]"),
    Knob("user-agent", "none", "observed", "entra:1 [M15]"),
    Knob("accept", "none", "inferred", "entra:1"),
    Knob("adscimversion", "a date and an activity id", "observed", "entra:1 [M16]"),
    Knob("content-type", f"{CONTENT_TYPE}, on bodies only", "observed", "entra:1 [M12, M13, M14]"),
    Knob("query-encoding", "+ %22 %40", "observed", "entra:1 [M22, M18]"),
    Knob("paging-parameters", "none on look-ups", "doc", "entra:1 [M1]"),
    Knob("flag-on-the-wire", "not sent", "inferred", "entra:1"),
    Knob("test-query", "userName eq a random GUID; played by connect", "doc", "entra:2 [M1]"),
    Knob("test-404", "quarantine", "observed", "entra:2 [M18]"),
    Knob("look-up", "userName eq", "doc", "entra:3 [M1, M3, M5]"),
    Knob("look-up-many", "DuplicateTargetEntries, skipped", "doc", "entra:3 [M30]"),
    Knob("look-up-compared", "differences are taken from the look-up's own answer", "inferred", "entra:3"),
    Knob("create-body", "schemas externalId userName active displayName emails meta name … roles", "doc",
         "entra:3 [M1]"),
    Knob("both-urns", "core and enterprise URN always", "doc", "entra:3 [M1]"),
    Knob("default-mapping", "as the mapping table of M1; mailNickname to externalId", "doc", "entra:3 [M1]"),
    Knob("null-values", "left out, never cleared", "doc", "entra:3, entra:4 [M1, M5]"),
    Knob("empty-201", "SystemForCrossDomainIdentityManagementServiceIncompatible", "observed",
         "entra:3, entra:8 [M19]"),
    Knob("conflict", "object error, tried again in a later cycle", "inferred", "entra:3, entra:8 [M3]"),
    Knob("profile-update", "GET by id, PATCH of the differences, nothing when equal", "doc", "entra:4 [M1, M3]"),
    Knob("add-or-replace", "Add where the server's copy has no value, Replace where it has", "doc", "entra:4 [M28]"),
    Knob("create-element", "Add with a value filter makes the element", "inferred", "entra:4 [M26]"),
    Knob("op-order", "that of the mapping table", "inferred", "entra:4"),
    Knob("unknown-id", "forget it, look up again, POST when nobody is found", "inferred", "entra:3"),
    Knob("disable-once", "PATCH of active alone, not repeated", "doc", "entra:5 [M1, M3]"),
    Knob("hard-delete", "disabled first, then DELETE", "doc", "entra:5 [M1, M3]"),
    Knob("delete-404", "taken as done", "inferred", "entra:8"),
    Knob("group-look-up", "excludedAttributes=members, then filter=displayName eq", "doc", "entra:6 [M1]"),
    Knob("group-create", "schemas externalId displayName meta; no members", "doc", "entra:6 [M1]"),
    Knob("group-read", "GET with excludedAttributes=members before every change", "doc", "entra:6 [M1]"),
    Knob("member-object", '{"$ref":null,"value":id}', "doc", "entra:6 [M1; observed M34]"),
    Knob("members-read-back", "never; who belongs is tracked at the IdP", "inferred", "entra:6"),
    Knob("replace-all", "the sum of adds and removes, in two requests", "inferred", "entra:10, EN-GROUP-REPLACE-ALL"),
    Knob("transient", "retried in the next cycle", "doc", "entra:8 [M3]"),
    *toggles("doc", "entra:5 [M1, M3, M9]", out_of_scope="deactivate", others=("leave",)),
)

_E0 = (
    Knob("op-case", "Add Replace Remove", "doc", "entra:4 [M2]"),
    Knob("patch-shape", "one operation an attribute, each with a path", "doc", "entra:4 [M2]"),
    Knob("boolean", '"True" "False" as strings', "doc", "entra:4, entra:5 [M2]"),
    Knob("remove-member", "path members with a value array", "doc", "entra:6 [M1, M2; observed M23, M35, M36]"),
    Knob("group-rename", "Replace with path displayName", "doc", "entra:6 [M1]"),
)

_E1 = (
    Knob("op-case", "add replace remove", "doc", "entra:4 [M2]"),
    Knob("patch-shape", "filtered paths first, the rest merged into an op without a path", "doc", "entra:4 [M2]"),
    Knob("boolean", "true false, with a path", "doc", "entra:4 [M2]"),
    Knob("both-verbs", "one merged op for adds, then one for replaces", "inferred", "entra:10, EN-UPDATE"),
    Knob("remove-member", 'path members[value eq "id"], no value', "doc", "entra:6 [M2]"),
    Knob("group-rename", "replace with path displayName, not merged", "inferred", "entra:10, EN-GROUP-RENAME"),
)

# accept, adscimversion's value, op-order and the like stand in no ground: no sound server's answer can turn on them.
_WIRE = "headers user-agent content-type query-encoding"
_FIND = f"{_WIRE} paging-parameters look-up look-up-many"
_PATCH = "profile-update add-or-replace op-case patch-shape boolean default-mapping null-values"
_GROUP = f"{_WIRE} group-look-up group-create group-read member-object op-case"


def _dialect(name: str, title: str, shapes: tuple[Knob, ...]) -> Dialect:
    users = ground(4, "users patch", f"{_WIRE} {_PATCH}")
    return Dialect(name, title, _COMMON + shapes, {
        "connect": ground(2, "users filter", f"{_WIRE} paging-parameters test-query test-404"),
        "assign": ground(3, "users filter", f"{_FIND} create-body both-urns default-mapping null-values empty-201"),
        "update": users,
        "rename": users,
        "deactivate": ground(5, "users patch", f"{_WIRE} disable-once op-case boolean"),
        "reactivate": ground(5, "users patch", f"{_WIRE} {_PATCH}"),
        "delete": ground(5, "users patch delete", f"{_WIRE} disable-once hard-delete op-case boolean"),
        "push_group": ground(6, "users groups filter patch", _GROUP),
        "set_members": ground(6, "users groups patch", f"{_GROUP} remove-member"),
    })


ENTRA = _dialect("entra", "Microsoft Entra", _E0)
ENTRA_FLAG = _dialect("entra-flag", "Microsoft Entra with aadOptscim062020", _E1)
