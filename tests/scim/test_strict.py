"""The tolerances, one by one: what each lets pass and how it is taken, and what the letter says to it.

Each is tried alone, and refused alone, so that none leans on another. Sources: the chapters of idp-dialects that a
tolerance cites; RFC 7644 §3.5.2, §3.12 Table 9; RFC 7643 §2.4, §3.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from scimrig_simulator.scim import tolerances, urns
from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.scim.patch import apply_patch
from scimrig_simulator.scim.schemas import builtin
from scimrig_simulator.scim.tolerances import NONE, STANDARD, Leniency, Tolerance
from scimrig_simulator.scim.validation import accept

USER = builtin().resource_type("User")
GROUP = builtin().resource_type("Group")
ENTERPRISE = urns.ENTERPRISE
MANAGER = f"{ENTERPRISE}:manager"

WORK = {"value": "a@w.example", "type": "work", "primary": True}
HOME = {"value": "a@h.example", "type": "home"}
ADA: dict[str, Any] = {
    **accept(
        {"schemas": [urns.USER], "userName": "ada", "title": "Engineer", "name": {"givenName": "Ada"},
         "emails": [WORK, HOME], ENTERPRISE: {"department": "R&D", "manager": {"value": "u-9"}}},
        USER,
    ),
    "id": "u-1",
    "meta": {"resourceType": "User", "version": 'W/"1"'},
}
CREW: dict[str, Any] = {
    **accept({"schemas": [urns.GROUP], "displayName": "Crew", "members": [{"value": "a"}, {"value": "b"}]}, GROUP),
    "id": "g-1",
}


def op(name: str, path: str | None = None, **value: Any) -> dict[str, Any]:
    return {"op": name, **({"path": path} if path is not None else {}), **value}


def body(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"schemas": [urns.PATCH_OP], "Operations": list(operations)}


def keyword(call: Any, *arguments: Any, **more: Any) -> str | None:
    with pytest.raises(ScimError) as error:
        call(*arguments, **more)
    assert error.value.status == 400
    return error.value.scim_type


# --- PATCH

PATCHED: list[tuple[Tolerance, dict[str, Any], str, dict[str, Any]]] = [
    # entra:4: E0 capitalises; an Oracle client writes REPLACE (corpus P145)
    (tolerances.CAPITAL_OP, body(op("Replace", "title", value="x")), "invalidSyntax", {"title": "x"}),
    (tolerances.CAPITAL_OP, body(op("REMOVE", "title")), "invalidSyntax", {"title": None}),
    (
        tolerances.ENVELOPE_CASE,
        {"Schemas": [urns.PATCH_OP], "operations": [{"OP": "replace", "Path": "title", "Value": "x"}]},
        "invalidSyntax", {"title": "x"},
    ),
    # by the letter 'Path' is no path; the operation must not be taken for one that has none
    (
        tolerances.ENVELOPE_CASE, body({"op": "replace", "Path": "name", "value": {"givenName": "Eve"}}),
        "invalidSyntax", {"name": {"givenName": "Eve"}},
    ),
    (tolerances.ENVELOPE_CASE, body({"op": "remove", "Path": "title"}), "invalidSyntax", {"title": None}),
    # entra:4, E1: one object with dotted and URN keys
    (tolerances.PATH_KEYS, body(op("replace", value={"name.givenName": "Zoe"})), "invalidPath",
     {"name": {"givenName": "Zoe"}}),
    (tolerances.PATH_KEYS, body(op("add", value={f"{ENTERPRISE}:division": "x"})), "invalidPath",
     {ENTERPRISE: {"department": "R&D", "division": "x", "manager": {"value": "u-9"}}}),
    (tolerances.PATH_KEYS, body(op("replace", value={ENTERPRISE: {"manager.value": "u-8"}})), "invalidPath",
     {ENTERPRISE: {"department": "R&D", "manager": {"value": "u-8"}}}),
    (tolerances.PATH_KEYS, body(op("replace", value={'emails[type eq "home"].value': "z@h.example"})), "invalidPath",
     {"emails": [WORK, {"value": "z@h.example", "type": "home"}]}),
    # entra:4: "Add with a value filter must create the element when absent"
    (tolerances.MISSING_ELEMENT, body(op("add", 'ims[type eq "xmpp"].value', value="x")), "noTarget",
     {"ims": [{"value": "x", "type": "xmpp"}]}),
    (tolerances.MISSING_ELEMENT, body(op("add", 'emails[type eq "other"]', value={"value": "o@x.example"})), "noTarget",
     {"emails": [WORK, HOME, {"value": "o@x.example", "type": "other"}]}),
    # entra:5: "False" switches off; Entra's validator sends primary as a string
    (tolerances.STRING_BOOLEAN, body(op("replace", "active", value="False")), "invalidValue", {"active": False}),
    (tolerances.STRING_BOOLEAN, body(op("replace", value={"active": "tRUE"})), "invalidValue", {"active": True}),
    (tolerances.STRING_BOOLEAN, body(op("replace", 'emails[type eq "work"].primary', value="false")), "invalidValue",
     {"emails": [{**WORK, "primary": False}, HOME]}),
    (tolerances.STRING_BOOLEAN, body(op("replace", 'emails[primary eq "True"].value', value="x")), "invalidFilter",
     {"emails": [{**WORK, "value": "x"}, HOME]}),
    # RFC 7643 §2.4: the values of a multi-valued attribute stand in an array
    (tolerances.SINGLE_VALUE, body(op("add", "emails", value={"value": "o@x.example"})), "invalidValue",
     {"emails": [WORK, HOME, {"value": "o@x.example"}]}),
    (tolerances.SINGLE_VALUE, body(op("replace", value={"emails": HOME})), "invalidValue", {"emails": [HOME]}),
    # entra:10, EN-MANAGER: the bare id; the validator clears with an empty string
    (tolerances.STRING_REFERENCE, body(op("add", MANAGER, value="u-2")), "invalidValue",
     {ENTERPRISE: {"department": "R&D", "manager": {"value": "u-2"}}}),
    (tolerances.STRING_REFERENCE, body(op("replace", MANAGER, value="")), "invalidValue",
     {ENTERPRISE: {"department": "R&D"}}),
    # okta:6: a rename says {id, displayName}; others send back all that they have read (corpus P173)
    (tolerances.READ_ONLY_ECHO, body(op("replace", value={"id": "u-1", "title": "x"})), "mutability", {"title": "x"}),
    (tolerances.READ_ONLY_ECHO, body(op("replace", value={"meta": {"version": 'W/"1"'}, "title": "x"})), "mutability",
     {"title": "x"}),
    # onelogin:3: manager comes with its displayName, which is the server's
    (tolerances.NESTED_READ_ONLY, body(op("replace", MANAGER, value={"value": "u-2", "displayName": "Bo"})),
     "mutability", {ENTERPRISE: {"department": "R&D", "manager": {"value": "u-2"}}}),
    (tolerances.UNKNOWN_SCHEMAS, body(op("replace", value={"schemas": [urns.USER, "urn:x:y"], "title": "x"})),
     "invalidValue", {"title": "x"}),
    # scim2-models writes the URN into the object of the extension, too
    (tolerances.EXTENSION_SCHEMAS, body(op("replace", ENTERPRISE, value={"schemas": [ENTERPRISE], "division": "x"})),
     "invalidPath", {ENTERPRISE: {"department": "R&D", "division": "x", "manager": {"value": "u-9"}}}),
]  # fmt: skip


@pytest.mark.parametrize(("tolerance", "request_body", "refusal", "changed"), PATCHED)
def test_a_patch_that_needs_a_tolerance(
    tolerance: Tolerance, request_body: dict[str, Any], refusal: str, changed: dict[str, Any]
) -> None:
    assert keyword(apply_patch, ADA, request_body, USER, leniency=STANDARD - {tolerance}) == refusal
    assert keyword(apply_patch, ADA, request_body, USER, leniency=NONE) == refusal
    after = apply_patch(ADA, request_body, USER, leniency=frozenset({tolerance}))
    left = {name: value for name, value in {**ADA, **changed}.items() if value is not None}
    assert after == left
    assert refusal in tolerance.otherwise


@pytest.mark.parametrize("value", [[{"value": "a"}], {"value": "a"}, [{"$ref": None, "value": "a"}], ["a"]])
def test_by_the_letter_a_remove_with_a_value_takes_all(value: Any) -> None:
    """entra:6 means those that are listed; §3.5.2.2 knows no value of a remove."""
    request = body(op("remove", "members", value=value))
    assert "members" not in apply_patch(CREW, request, GROUP, leniency=STANDARD - {tolerances.REMOVE_VALUE})
    assert apply_patch(CREW, request, GROUP)["members"] == [{"value": "b"}]
    assert apply_patch(CREW, request, GROUP, leniency=frozenset({tolerances.REMOVE_VALUE}))["members"] == [
        {"value": "b"}
    ]


# --- POST and PUT

ACCEPTED: list[tuple[Tolerance, dict[str, Any], str, dict[str, Any]]] = [
    # onelogin:3: "active": "{$user.active}" comes as a string
    (tolerances.STRING_BOOLEAN, {"active": "true"}, "invalidValue", {"active": True}),
    (tolerances.STRING_BOOLEAN, {"emails": [{"value": "a", "primary": "True"}]}, "invalidValue",
     {"emails": [{"value": "a", "primary": True}]}),
    # onelogin:3: emails as one object
    (tolerances.SINGLE_VALUE, {"emails": HOME}, "invalidValue", {"emails": [HOME]}),
    (tolerances.ABSENT_SCHEMAS, {"schemas": None}, "invalidSyntax", {}),
    # entra:6: the Group comes with a schema of Microsoft's
    (tolerances.UNKNOWN_SCHEMAS, {"schemas": [urns.USER, urns.ENTRA_GROUP]}, "invalidValue", {}),
    # entra:3: custom extension attributes travel without their URN in schemas
    (tolerances.UNDECLARED_EXTENSION, {ENTERPRISE.upper(): {"department": "QA"}}, "invalidSyntax",
     {"schemas": [urns.USER, ENTERPRISE], ENTERPRISE: {"department": "QA"}}),
]  # fmt: skip


@pytest.mark.parametrize("existing", [None, ADA], ids=["POST", "PUT"])
@pytest.mark.parametrize(("tolerance", "part", "refusal", "stored"), ACCEPTED)
def test_a_post_or_put_that_needs_a_tolerance(
    tolerance: Tolerance, part: dict[str, Any], refusal: str, stored: dict[str, Any], existing: dict[str, Any] | None
) -> None:
    sent = {name: value for name, value in {"schemas": [urns.USER], "userName": "ada", **part}.items() if value}
    assert keyword(accept, sent, USER, existing=existing, leniency=STANDARD - {tolerance}) == refusal
    after = accept(sent, USER, existing=existing, leniency=frozenset({tolerance}))
    kept = {} if existing is None else {"id": existing["id"], "meta": existing["meta"]}
    assert after == {"schemas": [urns.USER], "userName": "ada", **stored, **kept}
    assert refusal in tolerance.otherwise


# --- what needs none


@pytest.mark.parametrize("leniency", [STANDARD, NONE], ids=["standard", "strict"])
def test_what_the_rfc_itself_ignores_needs_no_tolerance(leniency: Leniency) -> None:
    """readOnly values in POST and PUT, nested ones too (§3.3, §3.5.1); names in any case (RFC 7643 §2.1)."""
    sent = {
        "SCHEMAS": [urns.USER.upper(), ENTERPRISE], "USERNAME": "ada", "id": "mine", "meta": {"version": "9"},
        "groups": [{"value": "g"}], "colour": "blue",
        ENTERPRISE: {"Manager": {"VALUE": "u-2", "displayName": "Bo"}},
    }
    assert accept(sent, USER, leniency=leniency) == {
        "schemas": [urns.USER, ENTERPRISE], "userName": "ada", ENTERPRISE: {"manager": {"value": "u-2"}},
    }


@pytest.mark.parametrize("leniency", [STANDARD, NONE], ids=["standard", "strict"])
@pytest.mark.parametrize(
    "part",
    [
        {"active": "yes"}, {"active": 1}, {"active": ""}, {"emails": "a@x.example"}, {"emails": ["a@x.example"]},
        {"name": [{"givenName": "A"}]}, {ENTERPRISE: {"manager": "u-2"}}, {ENTERPRISE: [{"department": "x"}]},
    ],
)
def test_what_no_client_needs_is_refused_either_way(part: dict[str, Any], leniency: Leniency) -> None:
    sent = {"schemas": [urns.USER, ENTERPRISE], "userName": "ada", **part}
    assert keyword(accept, sent, USER, leniency=leniency) == "invalidValue"


@pytest.mark.parametrize(
    "request_body",
    [
        {"Operations": [op("replace", "title", value="x")]},
        {"schemas": [urns.USER], "Operations": [op("replace", "title", value="x")]},
        {"schemas": urns.PATCH_OP, "Operations": [op("replace", "title", value="x")]},
        {"schemas": [urns.PATCH_OP], "Operations": op("replace", "title", value="x")},
        {"schemas": [urns.PATCH_OP], "Operations": []},
        {"schemas": [urns.PATCH_OP], "Operations": [{"op": "replace", "OP": "add", "path": "title", "value": "x"}]},
    ],
)
@pytest.mark.parametrize("leniency", [STANDARD, NONE], ids=["standard", "strict"])
def test_a_patch_without_its_schema_or_operations_is_refused_either_way(
    request_body: dict[str, Any], leniency: Leniency
) -> None:
    assert keyword(apply_patch, ADA, request_body, USER, leniency=leniency) == "invalidSyntax"


# --- the table


def test_every_tolerance_is_tried_above() -> None:
    tried = {tolerance for tolerance, *_ in [*PATCHED, *ACCEPTED]} | {tolerances.REMOVE_VALUE}
    assert tried == set(tolerances.TOLERANCES) == STANDARD
    assert frozenset() == NONE


def test_every_tolerance_is_named_once_and_says_who_needs_it() -> None:
    names = [tolerance.name for tolerance in tolerances.TOLERANCES]
    assert len(set(names)) == len(names)
    for tolerance in tolerances.TOLERANCES:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)+", tolerance.name)
        assert tolerance.sources
        assert tolerance.what
        assert tolerance.otherwise
        for source in tolerance.sources:
            assert re.fullmatch(r"(entra|okta|onelogin|rfc-notes):\d+|corpus:P\d{3}|scim2-models", source)
