"""Schemas and resource types from files: what may stand there, and what is told of each mistake (RFC 7643 §6, §7)."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from scimrig_simulator.scim import urns
from scimrig_simulator.scim.paths import parse_attr_path
from scimrig_simulator.scim.schema_files import SchemaError, merge
from scimrig_simulator.scim.schemas import Definitions, builtin

EXAMPLES = Path(__file__).parents[2] / "examples" / "schemas"
THING = "urn:example:Thing"
EXTRA = "urn:example:Extra"


def schema(id: str = THING, *attributes: dict[str, Any], **members: Any) -> dict[str, Any]:
    given = list(attributes or [{"name": "label", "type": "string", "multiValued": False}])
    return {"schemas": [urns.SCHEMA], "id": id, "name": "Thing", "attributes": given, **members}


def resource_type(name: str = "Thing", **members: Any) -> dict[str, Any]:
    kind = {"schemas": [urns.RESOURCE_TYPE], "name": name, "endpoint": f"/{name}s", "schema": THING, **members}
    return {key: value for key, value in kind.items() if value is not None}


def user_type(*extensions: str) -> dict[str, Any]:
    listed = [{"schema": urn, "required": False} for urn in extensions]
    return resource_type("User", schema=urns.USER, schemaExtensions=listed)


def merged(*documents: Any) -> Definitions:
    return merge(builtin(), [("a.json", json.dumps(list(documents)))])


def mistakes(*documents: Any, text: str | None = None) -> list[str]:
    with pytest.raises(SchemaError) as caught:
        merge(builtin(), [("a.json", json.dumps(list(documents)) if text is None else text)])
    return list(caught.value.mistakes)


def builtin_schema(urn: str, change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """A built-in schema as /Schemas serves it, changed: ``change`` gets its attributes by name."""
    found = builtin().schema(urn)
    assert found is not None
    served = deepcopy(found.to_json("x"))
    attributes = {attribute["name"]: attribute for attribute in served["attributes"]}
    change(attributes)
    return {**served, "attributes": list(attributes.values())}


# What may stand there


def test_a_schema_and_a_resource_type_make_a_new_kind_of_resource() -> None:
    definitions = merged(schema(), resource_type(description="Things"))
    thing = definitions.resource_type("Thing")
    assert (thing.endpoint, thing.description, thing.schema.id) == ("/Things", "Things", THING)
    assert [kind.name for kind in definitions.resource_types] == ["User", "Group", "Thing"]
    assert definitions.schema(THING) is thing.schema


def test_an_endpoint_may_be_written_without_its_slash() -> None:
    assert merged(schema(), resource_type(endpoint="Things")).by_endpoint("/Things") is not None


@pytest.mark.parametrize(
    "arranged",
    [
        lambda one, two: [one, two],
        lambda one, two: {"schemas": [urns.LIST_RESPONSE], "totalResults": 2, "Resources": [one, two]},
        lambda one, two: [[one], {"schemas": [urns.LIST_RESPONSE], "Resources": [two]}],
    ],
)
def test_documents_come_alone_in_an_array_or_as_a_list_response(arranged: Callable[..., Any]) -> None:
    text = json.dumps(arranged(schema(), resource_type()))
    assert merge(builtin(), [("a.json", text)]).by_endpoint("/Things") is not None


def test_documents_may_be_spread_over_files_in_any_order() -> None:
    files = [("b.json", json.dumps(resource_type())), ("a.json", json.dumps(schema()))]
    assert merge(builtin(), files).by_endpoint("/Things") is not None


def test_documents_without_schemas_are_known_by_what_they_hold() -> None:
    """RFC 7643 §8.7 prints schemas so."""
    documents = [schema(), resource_type()]
    for document in documents:
        del document["schemas"]
    assert merged(*documents).by_endpoint("/Things") is not None


def test_an_extension_is_added_to_users_by_a_resource_type_that_lists_it() -> None:
    user = merged(schema(EXTRA), user_type(urns.ENTERPRISE, EXTRA)).resource_type("User")
    assert [extension.schema.id for extension in user.extensions] == [urns.ENTERPRISE, EXTRA]
    assert user.find(parse_attr_path(f"{EXTRA}:label")) is not None


def test_an_extension_that_the_resource_type_no_longer_lists_is_gone() -> None:
    assert merged(user_type()).resource_type("User").extensions == ()


def test_an_own_version_of_a_built_in_schema_takes_its_place() -> None:
    def change(attributes: dict[str, Any]) -> None:
        del attributes["nickName"]
        attributes["shoeSize"] = {"name": "shoeSize", "type": "integer"}

    user = merged(builtin_schema(urns.USER, change)).resource_type("User")
    assert user.find(parse_attr_path("nickName")) is None
    shoe_size = user.find(parse_attr_path("shoeSize"))
    assert shoe_size is not None
    assert shoe_size.type == "integer"
    assert user.extension(urns.ENTERPRISE) is not None


def test_what_the_server_serves_itself_can_be_read_back() -> None:
    known = builtin()
    served = [one.to_json("x") for one in (*known.schemas, *known.resource_types)]
    again = merged(*served)
    assert [one.to_json("x") for one in (*again.schemas, *again.resource_types)] == served


def test_the_examples_are_sound() -> None:
    files = [(path.name, path.read_text("utf-8")) for path in sorted(EXAMPLES.glob("*.json"))]
    assert {kind.endpoint for kind in merge(builtin(), files).resource_types} == {"/Users", "/Groups", "/Devices"}


# What is told of mistakes


@pytest.mark.parametrize(
    ("attribute", "told"),
    [
        ({}, "/0/attributes/0: 'name' is missing"),
        ({"name": "1st"}, "/0/attributes/0/name: '1st' is no attribute name; it starts with a letter"),
        ({"name": "a.b"}, "/0/attributes/0/name: 'a.b' is no attribute name"),
        ({"name": "$ref"}, "/0/attributes/0/name: '$ref' is no attribute name"),
        ({"name": "a", "typ": "string"}, "/0/attributes/0/typ: 'typ' is unknown here; did you mean 'type'?"),
        ({"name": "a", "type": "strng"}, "/0/attributes/0/type: 'strng' is none of its values; did you mean 'string'?"),
        ({"name": "a", "type": "datetime"}, "did you mean 'dateTime'?"),
        ({"name": "a", "type": "map"}, "there is binary, boolean, complex, dateTime, decimal, integer, "),
        ({"name": "a", "type": 3}, "/0/attributes/0/type: it must be one of string, "),
        ({"name": "a", "mutability": "readonly"}, "/0/attributes/0/mutability: 'readonly' is none of its values; "),
        ({"name": "a", "returned": "Always"}, "did you mean 'always'?"),
        ({"name": "a", "uniqueness": "servers"}, "did you mean 'server'?"),
        ({"name": "a", "multiValued": "true"}, "/0/attributes/0/multiValued: it must be true or false"),
        ({"name": "a", "required": None}, "/0/attributes/0/required: null says nothing; leave the key out"),
        ({"name": "a", "canonicalValues": ["x", "x"]}, "/0/attributes/0/canonicalValues: it names a value twice"),
        ({"name": "a", "canonicalValues": [1]}, "/0/attributes/0/canonicalValues: it must be an array of strings"),
        ({"name": "a", "type": "integer", "canonicalValues": ["1"]}, "they are strings, and this attribute is of type"),
        ({"name": "a", "referenceTypes": ["User"]}, "/0/attributes/0/referenceTypes: only a reference has any"),
        (
            {"name": "a", "type": "reference", "referenceTypes": ["Usr"]},
            "'Usr' is no resource type; did you mean 'User'",
        ),
        (
            {"name": "a", "subAttributes": [{"name": "b"}]},
            "/0/attributes/0/subAttributes: only a complex attribute has",
        ),
        ({"name": "a", "type": "complex"}, "/0/attributes/0: a complex attribute needs 'subAttributes'"),
        ({"name": "a", "mutability": "writeOnly", "returned": "default"}, "what is writeOnly is never returned"),
        ({"name": "a", "type": "complex", "uniqueness": "server", "subAttributes": [{"name": "b"}]}, "can't be unique"),
        ({"name": "meta"}, "its schema defines 'meta', which every resource has already (RFC 7643 §3.1)"),
        ({"name": "ExternalID"}, "its schema defines 'ExternalID', which every resource has already"),
        ({"name": "members"}, "its schema defines 'members', which the server keeps for Group alone"),
        ({"name": "groups"}, "its schema defines 'groups', which the server keeps for User alone"),
        ({"name": "password"}, "its schema defines 'password', which the server keeps as a hash"),
    ],
)
def test_a_mistake_in_an_attribute_is_told_with_its_place(attribute: dict[str, Any], told: str) -> None:
    found = mistakes(schema(THING, attribute), resource_type())
    assert len(found) == 1
    assert found[0].startswith("a.json: /")
    assert told in found[0]


@pytest.mark.parametrize(
    ("sub", "told"),
    [
        ({"name": "b", "type": "complex"}, "/subAttributes/0/type: a sub-attribute can't be complex (RFC 7643 §2.3.8)"),
        ({"name": "primary", "type": "string"}, "/subAttributes/0: 'primary' is a single boolean (RFC 7643 §2.4)"),
        ({"name": "$ref"}, "/subAttributes/0: '$ref' is a single reference (RFC 7643 §2.4)"),
        (
            {"name": "b", "mutabilty": "readOnly"},
            "/subAttributes/0/mutabilty: 'mutabilty' is unknown here; did you mean",
        ),
    ],
)
def test_a_mistake_in_a_sub_attribute_is_told_with_its_place(sub: dict[str, Any], told: str) -> None:
    attribute = {"name": "a", "type": "complex", "multiValued": True, "subAttributes": [sub]}
    (found,) = mistakes(schema(THING, attribute), resource_type())
    assert f"a.json: /0/attributes/0{told}" in found


def test_names_are_taken_once_in_any_case() -> None:
    found = mistakes(schema(THING, {"name": "label"}, {"name": "Label"}), resource_type())
    assert found == [
        "a.json: /0/attributes/1/name: 'Label' is defined already, at /0/attributes/0; names compare case-insensitively"
    ]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"endpoint": None}, "/1: 'endpoint' is missing"),
        ({"endpoint": "/a/b"}, "/1/endpoint: it must be one path segment below the base URL, such as /Devices"),
        ({"endpoint": "/.search"}, "/1/endpoint: it must be one path segment"),
        ({"endpoint": "/me"}, "/1/endpoint: /me has a meaning of its own in SCIM"),
        ({"endpoint": "/Bulk"}, "/1/endpoint: /Bulk has a meaning of its own"),
        ({"endpoint": "/ServiceProviderConfig"}, "/1/endpoint: /ServiceProviderConfig has a meaning of its own"),
        ({"endpoint": "/users"}, "/1/endpoint: /users is where User is served"),
        ({"name": "A B"}, "/1/name: it must start with a letter"),
        ({"id": "thing"}, "/1/id: 'thing' isn't the name"),
        (
            {"schema": "urn:example:Thin"},
            f"/1/schema: no schema 'urn:example:Thin' is known or loaded; did you mean '{THING}'",
        ),
        (
            {"schemaExtensions": [{"schema": EXTRA, "required": False}]},
            f"/1/schemaExtensions/0/schema: no schema '{EXTRA}'",
        ),
        (
            {"schemaExtensions": [{"schema": THING, "required": False}]},
            "that is its own schema, not an extension of it",
        ),
        ({"schemaExtensions": [{"schema": urns.ENTERPRISE}]}, "/1/schemaExtensions/0: 'required' is missing"),
        ({"schemaExtensions": ["urn:x:y"]}, "/1/schemaExtensions/0: an extension is an object such as"),
        ({"schemaExtensions": [{"schema": urns.ENTERPRISE, "required": True}] * 2}, "is an extension of it already"),
        ({"endpont": "/Things"}, "/1/endpont: 'endpont' is unknown here; did you mean 'endpoint'?"),
        ({"schemas": [urns.USER]}, "/1: neither a Schema"),
        ({"schema": urns.GROUP}, "/1/schema: only Group can have it"),
    ],
)
def test_a_mistake_in_a_resource_type_is_told_with_its_place(change: dict[str, Any], told: str) -> None:
    found = mistakes(schema(), resource_type(**change))
    assert any(f"a.json: {told}" in mistake or told in mistake for mistake in found), found


def test_two_documents_of_one_name_clash() -> None:
    assert "a.json: /1/id: urn:example:THING is taken already, by a.json /0" in mistakes(
        schema(), schema("urn:example:THING"), resource_type()
    )
    found = mistakes(schema(), resource_type(), resource_type("thing", endpoint="/Things"))
    assert "a.json: /2/name: thing is taken already, by a.json /1" in found
    assert "a.json: /2/endpoint: /Things is taken already, by a.json /1" in found


def test_a_schema_that_nothing_uses_is_a_mistake() -> None:
    (found,) = mistakes(schema(EXTRA))
    assert found.startswith(f"a.json: /0: {EXTRA}: no resource type has this schema; load a ResourceType document")


def test_users_and_groups_stay_where_they_are() -> None:
    moved = user_type()
    moved["endpoint"] = "/People"
    assert mistakes(moved) == ["a.json: /0/endpoint: the built-in User keeps its endpoint, /Users"]
    bare = resource_type("group", endpoint="/Groups", schema=urns.GROUP)
    assert mistakes(bare) == ["a.json: /0/name: the built-in Group keeps its name, Group"]


@pytest.mark.parametrize(
    ("urn", "change", "told"),
    [
        (urns.USER, lambda its: its.pop("userName"), "/0/attributes: User needs 'userName': the server works with it"),
        (
            urns.USER, lambda its: its["userName"].update(caseExact=True),
            "/0/attributes/0: 'userName' of User keeps its caseExact, false",
        ),
        (
            urns.USER, lambda its: its["emails"].update(multiValued=False),
            "'emails' of User keeps its multiValued, true",
        ),
        (urns.USER, lambda its: its["active"].update(type="string"), "'active' of User keeps its type, \"boolean\""),
        (
            urns.USER, lambda its: its["password"].update(mutability="readWrite"),
            "'password' of User keeps its mutability",
        ),
        (urns.GROUP, lambda its: its.pop("members"), "/0/attributes: Group needs 'members': the server works with it"),
        (urns.GROUP, lambda its: its["members"]["subAttributes"][0].update(mutability="readWrite"),
         "/0/attributes/1/subAttributes/0: 'members.value' of Group keeps its mutability, \"immutable\""),
    ],
)
def test_an_own_version_of_a_built_in_schema_keeps_what_the_server_works_with(
    urn: str, change: Callable[[dict[str, Any]], None], told: str
) -> None:
    found = mistakes(builtin_schema(urn, change))
    assert any(told in mistake for mistake in found), found


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "a.json: no JSON: Expecting property name enclosed in double quotes (line 1, column 2)"),
        ("3", "a.json: expected a Schema or ResourceType document, or several of them"),
        ("{}", "a.json: neither a Schema"),
        ('{"id": "urn:a:b", "id": "urn:a:c", "attributes": []}', "a.json: the key 'id' stands twice in one object"),
        (
            f'{{"schemas": ["{urns.LIST_RESPONSE}"]}}',
            "a.json: a ListResponse has its documents in the array 'Resources'",
        ),
        ("[" * 100_000, "a.json: no schema is nested as deeply as this"),
        ('{"id": "Device", "attributes": []}', "a.json: /id: it must be a URI such as urn:"),
        ('{"id": "urn:ietf:params:scim:api:messages:2.0:PatchOp", "attributes": []}', "a.json: /id: that is a message"),
    ],
)
def test_a_file_that_holds_no_definitions_is_told_of(text: str, told: str) -> None:
    assert any(mistake.startswith(told) for mistake in mistakes(text=text))


def test_all_mistakes_of_all_files_are_told_at_once() -> None:
    files = [("a.json", "{"), ("b.json", json.dumps(schema(THING, {"name": "1"}, {"name": "a", "type": "text"})))]
    with pytest.raises(SchemaError) as caught:
        merge(builtin(), files)
    assert [mistake.partition(":")[0] for mistake in caught.value.mistakes] == ["a.json", "b.json", "b.json"]


def test_what_is_writeonly_is_never_returned_though_the_file_doesnt_say_so() -> None:
    thing = merged(schema(THING, {"name": "pin", "mutability": "writeOnly"}), resource_type()).resource_type("Thing")
    pin = thing.attribute("pin")
    assert pin is not None
    assert pin.returned == "never"


def test_references_and_binaries_are_caseexact_though_the_file_denies_it() -> None:
    """RFC 7643 §8.7 prints references as case-insensitive (erratum 6001)."""
    attributes = [{"name": "a", "type": "reference", "caseExact": False}, {"name": "b", "type": "binary"}]
    thing = merged(schema(THING, *attributes), resource_type()).resource_type("Thing")
    assert [attribute.case_exact for attribute in thing.schema.attributes] == [True, True]
