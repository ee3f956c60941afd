"""PATCH where it is easy to get wrong: requests that the corpus doesn't hold, and what the RFC makes of each.

Every case says why. Unless it says otherwise a case is by the book, so it ends alike on a strict server.
RFC 7644 §3.5.2 with Table 9, §3.10; RFC 7643 §2.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import pytest

from scimrig_simulator.scim import tolerances, urns
from scimrig_simulator.scim.compare import normal_form
from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.scim.patch import apply_patch
from scimrig_simulator.scim.schemas import Extension, builtin, schema_from_json
from scimrig_simulator.scim.tolerances import NONE, STANDARD, Leniency
from scimrig_simulator.scim.validation import accept

CORE, ENT = urns.USER, urns.ENTERPRISE
LAB = "urn:example:params:scim:schemas:extension:lab:2.0:User"

_SUBS = [{"name": "value"}, {"name": "type"}, {"name": "primary", "type": "boolean"}]
LAB_SCHEMA = schema_from_json({
    "id": LAB,
    "attributes": [
        {"name": "tags", "multiValued": True},
        {"name": "badge", "mutability": "immutable"},
        {"name": "desk", "type": "complex", "mutability": "immutable",
         "subAttributes": [{"name": "room"}, {"name": "seat"}]},
        {"name": "keys", "type": "complex", "multiValued": True, "required": True, "subAttributes": _SUBS},
        {"name": "site", "type": "complex", "subAttributes": [
            {"name": "code", "required": True}, {"name": "zones", "multiValued": True}, {"name": "note"},
            {"name": "since", "mutability": "immutable"}, {"name": "owner", "mutability": "readOnly"}]},
        {"name": "level", "type": "integer"}, {"name": "score", "type": "decimal"},
        {"name": "hired", "type": "dateTime"}, {"name": "page", "type": "reference"},
        {"name": "seal", "type": "binary"}, {"name": "serial", "mutability": "readOnly"},
    ],
})  # fmt: skip
USER = builtin().resource_type("User")
USER = replace(USER, extensions=(*USER.extensions, Extension(LAB_SCHEMA)))
GROUP = builtin().resource_type("Group")

WORK = {"value": "pat@work.example", "type": "work", "primary": True}
HOME = {"value": "pat@home.example", "type": "home"}
NAME = {"formatted": "Pat Lee", "familyName": "Lee", "givenName": "Pat"}
IN_ENT = {"employeeNumber": "100", "department": "R&D", "manager": {"value": "u-boss"}}
IN_LAB = {
    "tags": ["red", "blue"], "badge": "7", "desk": {"room": "1", "seat": "a"},
    "keys": [{"value": "k1", "type": "door"}],
    "site": {"code": "N", "zones": ["z1"], "note": "x", "since": "2020"}, "level": 3,
}  # fmt: skip
PAT: dict[str, Any] = {
    **accept({
        "schemas": [CORE, ENT], "userName": "pat", "externalId": "x-1", "name": NAME, "title": "Engineer",
        "active": True, "password": "pw", "emails": [WORK, HOME], "roles": [{"value": "reader"}, {"value": "writer"}],
        "x509Certificates": [{"value": "MIIB", "type": "a"}], ENT: IN_ENT,
    }, USER),
    "id": "u-1", "groups": [{"value": "g-1"}],
    "meta": {"resourceType": "User", "created": "2024-01-01T00:00:00Z", "version": 'W/"1"'},
}  # fmt: skip
LAB_PAT = accept({"schemas": [CORE, LAB], "userName": "pat", LAB: IN_LAB}, USER)
MIN = accept({"schemas": [CORE], "userName": "min"}, USER)
CREW = {
    **accept({"schemas": [urns.GROUP], "displayName": "Crew", "members": [{"value": "a"}, {"value": "b"}]}, GROUP),
    "id": "g-1",
}


@dataclass(frozen=True)
class Case:
    """Operations on a resource. changed: attribute → new value, None = unassigned; refused: the keywords that fit."""

    why: str
    operations: list[dict[str, Any]]
    changed: dict[str, Any] | None = None
    refused: str = ""
    on: str = "pat"
    leniency: Leniency = NONE


RESOURCES: dict[str, Any] = {"pat": (PAT, USER), "lab": (LAB_PAT, USER), "min": (MIN, USER), "crew": (CREW, GROUP)}


def add(path: str | None, value: Any) -> dict[str, Any]:
    return {"op": "add", **({} if path is None else {"path": path}), "value": value}


def put(path: str | None, value: Any) -> dict[str, Any]:
    return {"op": "replace", **({} if path is None else {"path": path}), "value": value}


def drop(path: str) -> dict[str, Any]:
    return {"op": "remove", "path": path}


def ent(**changes: Any) -> dict[str, Any]:
    return {ENT: {name: value for name, value in {**IN_ENT, **changes}.items() if value is not None}}


def lab(**changes: Any) -> dict[str, Any]:
    return {LAB: {name: value for name, value in {**IN_LAB, **changes}.items() if value is not None}}


CASES = [
    # --- one sub-attribute: §3.5.2.1 to §3.5.2.3 name it by attrPath, and nothing beside it is meant
    Case("null unassigns the sub-attribute, not its parent (RFC 7643 §2.5)", [put("name.givenName", None)],
         {"name": {"formatted": "Pat Lee", "familyName": "Lee"}}),
    Case("the last sub-attribute gone leaves the parent unassigned",
         [drop("name.givenName"), drop("name.familyName"), drop("name.formatted")], {"name": None}),
    Case("adding null adds nothing", [add("name.givenName", None), add("title", None), add("emails", None)], {}),
    Case("an empty object names no sub-attribute, so all of them stay (§3.5.2.3)", [put("name", {})], {}),
    Case("sub-attributes in any case (§3.10)", [put("NAME.GIVENNAME", "Zoe")], {"name": {**NAME, "givenName": "Zoe"}}),
    Case("replace of a sub-attribute whose parent isn't there acts as add", [put("name.givenName", "Q")],
         {"name": {"givenName": "Q"}}, on="min"),
    Case("no attribute has three levels (Figure 1)", [put("name.givenName.first", "x")], refused="invalidPath"),
    Case("a simple attribute has no sub-attribute", [put("title.value", "x")], refused="invalidPath"),

    # --- value paths
    Case("both terms of a filter must hold for one value",
         [put('emails[type eq "work" and primary eq true].value', "z@work.example")],
         {"emails": [{**WORK, "value": "z@work.example"}, HOME]}),
    Case("no value is home and primary: noTarget is a SHALL (§3.5.2.3)",
         [put('emails[type eq "home" and primary eq true].value', "z")], refused="noTarget"),
    Case("or, parentheses and not inside the brackets",
         [drop('emails[(type eq "home" or type eq "other") and not (primary eq true)]')], {"emails": [WORK]}),
    Case("operators other than eq select as they do in filters", [drop('emails[value co "HOME"]')], {"emails": [WORK]}),
    Case("an absent primary counts as false (RFC 7643 §2.4)", [drop("emails[primary eq false]")], {"emails": [WORK]}),
    Case("ne selects values that lack the sub-attribute", [drop('roles[type ne "x"]')], {"roles": None}),
    Case("a value path with the URN of the core schema (§3.10)",
         [put(f'{CORE}:emails[type eq "home"].value', "z@home.example")],
         {"emails": [WORK, {**HOME, "value": "z@home.example"}]}),
    Case("one sub-attribute of a matched value goes, the value stays", [drop('emails[type eq "work"].primary')],
         {"emails": [{"value": "pat@work.example", "type": "work"}, HOME]}),
    Case("null through a filter takes matched values away", [put('emails[type eq "home"]', None)], {"emails": [WORK]}),
    Case("a matched value is replaced whole, so it loses primary (§3.5.2.3)",
         [put('emails[type eq "work"]', {"value": "n@x.example", "type": "other"})],
         {"emails": [{"value": "n@x.example", "type": "other"}, HOME]}),
    Case("adding to a matched value sets the given sub-attributes only (§3.5.2.1)",
         [add('emails[type eq "home"]', {"display": "Home"})], {"emails": [WORK, {**HOME, "display": "Home"}]}),
    Case("a matched value takes an object, not an array", [put('emails[type eq "home"]', [{"value": "x"}])],
         refused="invalidValue"),
    Case("an attribute with one value has none to select", [put('name[familyName eq "Lee"].givenName', "x")],
         refused="invalidPath"),
    Case("nor has manager", [drop(f'{ENT}:manager[value eq "u-boss"]')], refused="invalidPath"),
    Case("a filter about what the value can't have selects nothing", [drop('emails[colour eq "red"]')],
         refused="noTarget"),
    Case("and must not select everything by its negation", [drop("emails[not (colour pr)]")], refused="noTarget"),
    Case("replace with such a filter finds no record (SHALL)", [put('emails[colour eq "red"].value', "x")],
         refused="noTarget"),
    Case("booleans have no order", [drop("emails[primary gt false]")], refused="invalidFilter"),
    Case("a number isn't comparable with a string", [drop("emails[type eq 5]")], refused="invalidFilter"),
    Case("brackets can't be empty", [drop("emails[]")], refused="invalidPath"),
    Case("nor hold brackets (errata 4690, 7322)", [drop('emails[type eq "work" and addresses[type eq "x"]]')],
         refused="invalidPath"),
    Case("nothing follows the sub-attribute", [put('emails[type eq "work"].value.x', "v")], refused="invalidPath"),
    Case("a blank before the dot is none of the grammar's", [put('emails[type eq "work"] .value', "v")],
         refused="invalidPath"),
    Case("an unknown sub-attribute of matched values", [put('emails[type eq "work"].colour', "v")],
         refused="invalidPath"),

    # --- several values
    Case("an empty array unassigns (RFC 7643 §2.5)", [put("emails", []), put(None, {"roles": []})],
         {"emails": None, "roles": None}),
    Case("null unassigns", [put("emails", None)], {"emails": None}),
    Case("adding an empty array adds nothing", [add("emails", []), add(None, {"roles": []})], {}),
    Case("nulls inside an array are no values", [add("emails", [None, {"value": "o@x.example"}])],
         {"emails": [WORK, HOME, {"value": "o@x.example"}]}),
    Case("one address may have several types (RFC 7643 §2.4)", [add("emails", [{**HOME, "type": "other"}])],
         {"emails": [WORK, HOME, {**HOME, "type": "other"}]}),
    Case("a pair of type and value stands once, within one request too",
         [add("emails", [{"value": "o@x.example", "type": "other"}, {"value": "O@X.example", "type": "OTHER"}])],
         {"emails": [WORK, HOME, {"value": "o@x.example", "type": "other"}]}),
    Case("adding what is there with another primary moves the mark", [add("emails", [{**HOME, "primary": True}])],
         {"emails": [{**WORK, "primary": False}, {**HOME, "primary": True}]}),
    Case("primary false marks nobody else", [put('emails[type eq "work"].primary', False)],
         {"emails": [{**WORK, "primary": False}, HOME]}),
    Case("adding a value that isn't primary leaves the mark where it is", [add("emails", [{"value": "o@x.example"}])],
         {"emails": [WORK, HOME, {"value": "o@x.example"}]}),
    Case("two primaries in one add",
         [add("emails", [{"value": "1", "primary": True}, {"value": "2", "primary": True}])], refused="invalidValue"),
    Case("several operations build one value (bug PATC-05)",
         [add("addresses", [{"type": "work", "streetAddress": "1 Rd"}]),
          add('addresses[type eq "work"].locality', "Oslo"), add('addresses[type eq "work"].country', "NO")],
         {"addresses": [{"type": "work", "streetAddress": "1 Rd", "locality": "Oslo", "country": "NO"}]}),
    Case("the same, where nothing is there at first: one address, not three",
         [add('addresses[type eq "work"].streetAddress', "1 Rd"), add('addresses[type eq "work"].locality', "Oslo"),
          add('addresses[type eq "work"].country', "NO")],
         {"addresses": [{"type": "work", "streetAddress": "1 Rd", "locality": "Oslo", "country": "NO"}]},
         leniency=frozenset({tolerances.MISSING_ELEMENT})),
    Case("an object that names no sub-attribute would leave nothing behind", [put("emails", [{"mail": "x@y.example"}])],
         refused="invalidValue"),
    Case("an empty object neither", [put("emails", [{}])], refused="invalidValue"),
    Case("unknown sub-attributes beside known ones are left out, as in a POST (rfc-notes 45)",
         [add("emails", [{"value": "o@x.example", "colour": "red"}])],
         {"emails": [WORK, HOME, {"value": "o@x.example"}]}),
    Case("a bare string is no e-mail", [put("emails", ["x@y.example"])], refused="invalidValue"),
    Case("the same name twice in one value", [add("emails", [{"value": "1", "VALUE": "2"}])], refused="invalidSyntax"),
    Case("every value of a list without a filter", [put("roles.type", "app")],
         {"roles": [{"value": "reader", "type": "app"}, {"value": "writer", "type": "app"}]}),

    Case("a certificate is base64", [put('x509Certificates[type eq "a"].value', "MIIB!")], refused="invalidValue"),
    Case("whose padding may be left off", [put('x509Certificates[type eq "a"].value', "MIIBqA")],
         {"x509Certificates": [{"value": "MIIBqA", "type": "a"}]}),

    # --- simple attributes with several values
    Case("simple values are added once", [add(f"{LAB}:tags", ["green", "RED"])],
         lab(tags=["red", "blue", "green"]), on="lab"),
    Case("replaced", [put(f"{LAB}:tags", ["green"])], lab(tags=["green"]), on="lab"),
    Case("removed by value", [drop(f'{LAB}:tags[value eq "RED"]')], lab(tags=["blue"]), on="lab"),
    Case("replaced by value", [put(f'{LAB}:tags[value sw "r"]', "green")], lab(tags=["green", "blue"]), on="lab"),
    Case("removed altogether", [drop(f"{LAB}:tags")], lab(tags=None), on="lab"),
    Case("each has its type", [add(f"{LAB}:tags", ["green", 5])], on="lab", refused="invalidValue"),
    Case("those that a remove lists, where that is tolerated",
         [{"op": "remove", "path": f"{LAB}:tags", "value": ["RED"]}], lab(tags=["blue"]), on="lab",
         leniency=frozenset({tolerances.REMOVE_VALUE})),
    Case("sub-attributes may have several values, too, and add appends", [add(f"{LAB}:site.zones", ["z2", "z1"])],
         lab(site={**IN_LAB["site"], "zones": ["z1", "z2"]}), on="lab"),
    Case("a single one stands without its array where that is tolerated", [add(f"{LAB}:tags", "green")],
         lab(tags=["red", "blue", "green"]), on="lab", leniency=frozenset({tolerances.SINGLE_VALUE})),

    # --- extensions: URN and names in any case, the dot in 2.0 is the URN's (§3.10; bug EXTN-01)
    Case("a sub-attribute in an extension", [put(f"{ENT}:manager.value", "u-2")], ent(manager={"value": "u-2"})),
    Case("and one that is a reference", [add(f"{ENT}:manager.$ref", "../Users/u-boss")],
         ent(manager={"value": "u-boss", "$ref": "../Users/u-boss"})),
    Case("in odd case", [put(f"{ENT.upper()}:MANAGER.VALUE", "u-2")], ent(manager={"value": "u-2"})),
    Case("a complex value in an extension merges", [put(f"{ENT}:manager", {"$ref": "../Users/u-boss"})],
         ent(manager={"value": "u-boss", "$ref": "../Users/u-boss"})),
    Case("the extension by its URN as the path", [put(ENT, {"department": "Ops"})], ent(department="Ops")),
    Case("the extension inside value, URN in odd case", [add(None, {ENT.upper(): {"DEPARTMENT": "Ops"}})],
         ent(department="Ops")),
    Case("null for one of its attributes", [put(None, {ENT: {"department": None}})], ent(department=None)),
    Case("null for the whole", [put(None, {ENT: None})], {ENT: None, "schemas": [CORE]}),
    Case("adding null to it adds nothing", [add(None, {ENT: None}), add(ENT, None)], {}),
    Case("its last attribute gone takes the container and its URN away",
         [drop(f"{ENT}:employeeNumber"), drop(f"{ENT}:department"), drop(f"{ENT}:manager")],
         {ENT: None, "schemas": [CORE]}),
    Case("the first attribute brings the URN into schemas (SHALL)", [put(f"{ENT}:division", "x")],
         {ENT: {"division": "x"}, "schemas": [CORE, ENT]}, on="min"),
    Case("an extension's attribute needs its URN (§3.10)", [put("department", "x")], refused="invalidPath"),
    Case("a core attribute isn't in the extension", [put(f"{ENT}:title", "x")], refused="invalidPath"),
    Case("a URN with a dot for its last colon is no path", [put(f"{ENT}.department", "x")], refused="invalidPath"),
    Case("an unknown attribute in the object of an extension", [put(ENT, {"department": "x", "colour": "red"})],
         refused="invalidPath"),
    Case("an extension takes an object", [put(ENT, "x")], refused="invalidValue"),
    Case("an unknown extension in value", [put(None, {"urn:example:none:2.0:User": {"x": 1}})], refused="invalidPath"),
    Case("the core schema by its URN holds the resource's own attributes",
         [put(None, {CORE: {"title": "Lead", "externalId": "x-2"}})], {"title": "Lead", "externalId": "x-2"}),
    Case("a value path in an extension", [put(f'{LAB}:keys[value eq "k1"].type', "safe")],
         lab(keys=[{"value": "k1", "type": "safe"}]), on="lab"),

    # --- mutability and required
    Case("an explicit path to what is readOnly, even to its own value (rfc-notes 14)", [put("id", "u-1")],
         refused="mutability"),
    Case("readOnly parts of meta", [put("meta.created", "2024-01-01T00:00:00Z")], refused="mutability"),
    Case("by the URN of the core schema", [put(f"{CORE}:meta.version", "x")], refused="mutability"),
    Case("groups through a filter", [drop('groups[value eq "g-1"]')], refused="mutability"),
    Case("groups without a path", [add(None, {"groups": [{"value": "g-2"}]})], refused="mutability"),
    Case("a readOnly attribute of an extension", [put(f"{LAB}:serial", "1")], on="lab", refused="mutability"),
    Case("a readOnly sub-attribute", [put(f"{LAB}:site.owner", "x")], on="lab", refused="mutability"),
    Case("alone in an object it is still refused where others are left out",
         [put(f"{ENT}:manager", {"displayName": "Bo"})], refused="mutability",
         leniency=frozenset({tolerances.NESTED_READ_ONLY})),
    Case("a required attribute can't be removed (§3.5.2.2)", [drop("userName")], refused="mutability"),
    Case("nor a required sub-attribute", [drop(f"{LAB}:site.code")], on="lab", refused="mutability"),
    Case("nor the last value of a required one", [drop(f'{LAB}:keys[type eq "door"]')], on="lab", refused="mutability"),
    Case("nor can it be emptied by replace", [put(f"{LAB}:keys", [])], on="lab", refused="invalidValue"),
    Case("a value that lacks what it requires", [put(f"{LAB}:site", {"code": None})], on="lab", refused="invalidValue"),
    Case("only the result counts: required again by the end of the request (bug PATC-14)",
         [put("userName", None), put("userName", "zed")], {"userName": "zed"}),
    Case("an immutable attribute keeps its value", [put(f"{LAB}:badge", "8")], on="lab", refused="mutability"),
    Case("and may be given it again", [add(f"{LAB}:badge", "7"), put(f"{LAB}:badge", "7")], {}, on="lab"),
    Case("it takes a first value (§3.5.2)", [add(LAB, {"badge": "9", "keys": [{"value": "k"}]})],
         {LAB: {"badge": "9", "keys": [{"value": "k"}]}, "schemas": [CORE, LAB]}, on="min"),
    Case("it can't be removed", [drop(f"{LAB}:badge")], on="lab", refused="mutability"),
    Case("nor in part", [drop(f"{LAB}:desk.seat")], on="lab", refused="mutability"),
    Case("nor completed", [put(f"{LAB}:desk.seat", "b")], on="lab", refused="mutability"),
    Case("nor with its extension", [drop(LAB)], on="lab", refused="mutability"),
    Case("an immutable sub-attribute", [put(f"{LAB}:site", {"since": "2021"})], on="lab", refused="mutability"),
    Case("password is writeOnly: it may be removed", [drop("password")], {"password": None}),

    # --- schemas follow from the attributes
    Case("schemas can't be removed", [drop("schemas")], refused="mutability"),
    Case("naming an extension that isn't used changes nothing", [add("schemas", [ENT])], {}, on="min"),
    Case("a schema of another resource type", [add("schemas", [urns.GROUP])], refused="invalidValue"),
    Case("no URN at all", [put(None, {"schemas": [5]})], refused="invalidValue"),

    # --- members (RFC 7643 §4.2; bugs GRP-03, GRP-04, GRP-05, GRP-07)
    Case("a member twice in one list", [add("members", [{"value": "c"}, {"value": "c", "display": "C"}])],
         {"members": [{"value": "a"}, {"value": "b"}, {"value": "c"}]}, on="crew"),
    Case("a null $ref is no value", [add("members", [{"$ref": None, "value": "c"}])],
         {"members": [{"value": "a"}, {"value": "b"}, {"value": "c"}]}, on="crew"),
    Case("ids are told apart by their filter", [drop('members[value eq "a" or value eq "b"]')], {"members": None},
         on="crew"),
    Case("who isn't there can't leave, and that is fine (§3.5.2.2)", [drop('members[value eq "z"]')], {}, on="crew"),
    Case("the whole list replaced without a path", [put(None, {"members": [{"value": "b"}]})],
         {"members": [{"value": "b"}]}, on="crew"),
    Case("a member without an id", [add("members", [{"display": "Zoe"}])], on="crew", refused="invalidValue"),
    Case("an id that is a number", [add("members", [{"value": 5}])], on="crew", refused="invalidValue"),
    Case("an id can't become another", [put('members[value eq "a"].value', "z")], on="crew", refused="mutability"),
    Case("nor one member another, whole", [put('members[value eq "a"]', {"value": "z"})], on="crew",
         refused="mutability"),
    Case("but it may be said anew", [put('members[value eq "a"]', {"value": "a", "display": "Al"})],
         {"members": [{"value": "a", "display": "Al"}, {"value": "b"}]}, on="crew"),
    Case("nor can ids be taken from members", [drop("members.value")], on="crew", refused="mutability"),
    Case("nobody is made up", [add('members[value eq "z"].display', "Zoe")], on="crew", refused="noTarget",
         leniency=STANDARD),
    Case("one leaves, one comes, one stays", [drop('members[value eq "a"]'), add("members", [{"value": "c"}])],
         {"members": [{"value": "b"}, {"value": "c"}]}, on="crew"),

    # --- operations on one another's results
    Case("removed and added again", [drop("emails"), add("emails", [HOME])], {"emails": [HOME]}),
    Case("a value is renamed, then found by its new name",
         [put('emails[type eq "home"].type', "other"), put('emails[type eq "other"].value', "o@x.example")],
         {"emails": [WORK, {"value": "o@x.example", "type": "other"}]}),
    Case("a value is removed, then not found",
         [drop('emails[type eq "home"]'), put('emails[type eq "home"].value', "x")], refused="noTarget"),
    Case("an extension is removed, then begun anew", [drop(ENT), add(f"{ENT}:division", "x")],
         {ENT: {"division": "x"}}),

    # --- the form of an operation
    Case("without a path, value holds attributes", [put(None, "x")], refused="invalidValue"),
    Case("an array holds none", [put(None, [{"title": "x"}])], refused="invalidValue"),
    Case("an empty object asks for nothing", [put(None, {}), add(None, {})], {}),
    Case("an attribute twice in odd case", [put(None, {"title": "x", "TITLE": "y"})], refused="invalidSyntax"),
    Case("an unknown attribute (rfc-notes 45: refused rather than lost)", [put(None, {"colour": "red"})],
         refused="invalidPath"),
    Case("an empty path", [put("", "x")], refused="invalidPath"),
    Case("a path that is only blank", [put(" ", "x")], refused="invalidPath"),
    Case("remove without a path, whatever its value", [{"op": "remove", "value": {"title": "x"}}], refused="noTarget"),
    Case("replace without a value", [{"op": "replace", "path": "title"}], refused="invalidValue"),
    Case("no op", [{"path": "title", "value": "x"}], refused="invalidSyntax"),
    Case("an op that is no string", [{"op": ["add"], "path": "title", "value": "x"}], refused="invalidSyntax"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.why)
def test_an_operation_does_what_the_rfc_says_and_nothing_else(case: Case) -> None:
    resource, kind = RESOURCES[case.on]
    before = deepcopy(resource)
    body = {"schemas": [urns.PATCH_OP], "Operations": case.operations}
    for leniency in (case.leniency, STANDARD):
        if case.refused:
            with pytest.raises(ScimError) as error:
                apply_patch(resource, body, kind, leniency=leniency)
            assert (error.value.status, error.value.scim_type) == (400, case.refused)
        else:
            assert case.changed is not None
            after = apply_patch(resource, body, kind, leniency=leniency)
            wanted = {**before, **case.changed}
            for name in after.keys() | wanted.keys():
                verbatim = [normal_form(one.get(name), verbatim=True) for one in (after, wanted)]
                assert verbatim[0] == verbatim[1], name
        assert resource == before


VALUES: list[tuple[str, list[Any], list[Any]]] = [
    ("title", ["", "x", "é \U0001f600"], [5, 1.5, True, ["x"], {"x": 1}, "\ud800"]),
    ("active", [True, False], [1, 0, "yes", "1", "", [True], {}]),
    (f"{LAB}:level", [0, -5, 10**30], [1.5, 3.0, "3", True, [3], float("nan")]),
    (f"{LAB}:score", [0, 2.5, -1e-7], ["2.5", False, float("inf"), [2.5]]),
    (
        f"{LAB}:hired",
        ["2024-02-29T12:00:00Z", "2024-01-01T00:00:00.125+01:00", "2024-01-01T00:00:00"],
        ["2023-02-29T12:00:00Z", "2024-01-01", "12:00:00", "2024-01-01 00:00:00Z", "2024-13-01T00:00:00Z", 0, "now"],
    ),
    (
        f"{LAB}:page",
        ["https://x.example/a?b=%20#c", "../Users/1", "", "urn:x:y", "https://x.example/é"],
        ["a b", "https://x.example/<y>", "50%", "a\nb", 5, "\ud800", {"value": "x"}],
    ),
    (
        f"{LAB}:seal",
        ["", "AA==", "AA", "AAA=", "AAA", "AAAA", "-_8=", "+/8="],
        ["A", "AAAAA", "A===", "AA=", "AAA==", "+_8=", "not base64!", "AA\n==", 5],
    ),
]


@pytest.mark.parametrize(("path", "good", "bad"), VALUES, ids=lambda value: value if isinstance(value, str) else "")
def test_a_value_has_the_type_of_its_attribute(path: str, good: list[Any], bad: list[Any]) -> None:
    """RFC 7643 §2.3; a number is no string and a string no number, and 3.0 has a fraction (§2.3.4)."""
    for value in good:
        after = apply_patch(LAB_PAT, {"schemas": [urns.PATCH_OP], "Operations": [put(path, value)]}, USER)
        home = after[LAB] if path.startswith(LAB) else after
        assert home[path.rpartition(":")[2]] == value
    for value in bad:
        with pytest.raises(ScimError) as error:
            apply_patch(LAB_PAT, {"schemas": [urns.PATCH_OP], "Operations": [put(path, value)]}, USER)
        assert (error.value.status, error.value.scim_type) == (400, "invalidValue"), value
