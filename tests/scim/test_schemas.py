"""The definitions: what RFC 7643 binds (§4, §7, §8.7), and that names are found in any case."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scimrig_simulator.scim import urns
from scimrig_simulator.scim.paths import parse_attr_path
from scimrig_simulator.scim.schemas import Attribute, attribute_from_json, builtin, common_schema, schema_from_json

DEFINITIONS = builtin()
USER = DEFINITIONS.resource_type("User")
GROUP = DEFINITIONS.resource_type("Group")

NAMES = {
    urns.USER: {
        "userName", "name", "displayName", "nickName", "profileUrl", "title", "userType", "preferredLanguage", "locale",
        "timezone", "active", "password", "emails", "phoneNumbers", "ims", "photos", "addresses", "groups",
        "entitlements", "roles", "x509Certificates",
    },
    urns.GROUP: {"displayName", "members"},
    urns.ENTERPRISE: {"employeeNumber", "costCenter", "organization", "division", "department", "manager"},
    urns.SERVICE_PROVIDER_CONFIG: {
        "documentationUri", "patch", "bulk", "filter", "changePassword", "sort", "pagination", "etag",
        "authenticationSchemes",
    },
    urns.RESOURCE_TYPE: {"id", "name", "description", "endpoint", "schema", "schemaExtensions"},
    urns.SCHEMA: {"id", "name", "description", "attributes"},
}


def every(attributes: tuple[Attribute, ...]) -> Iterator[Attribute]:
    for attribute in attributes:
        yield attribute
        yield from every(attribute.sub_attributes)


def found(text: str) -> Attribute:
    attribute = USER.find(parse_attr_path(text)) or GROUP.find(parse_attr_path(text))
    assert attribute is not None, text
    return attribute


@pytest.mark.parametrize("urn", NAMES)
def test_a_schema_has_the_attributes_of_the_rfc(urn: str) -> None:
    schema = DEFINITIONS.schema(urn.upper())
    assert schema is not None
    assert {attribute.name for attribute in schema.attributes} == NAMES[urn]


@pytest.mark.parametrize(
    ("path", "facts"),
    [
        ("userName", {"required": True, "uniqueness": "server", "case_exact": False, "mutability": "readWrite"}),
        ("password", {"mutability": "writeOnly", "returned": "never"}),
        ("groups", {"mutability": "readOnly", "multi_valued": True, "type": "complex"}),
        ("groups.type", {"canonical_values": ("direct", "indirect"), "mutability": "readOnly"}),
        ("active", {"type": "boolean", "multi_valued": False}),
        ("emails.primary", {"type": "boolean"}),
        ("emails.type", {"canonical_values": ("work", "home", "other")}),
        ("phoneNumbers.type", {"canonical_values": ("work", "home", "mobile", "fax", "pager", "other")}),
        ("x509Certificates.value", {"type": "binary", "case_exact": True}),
        ("photos.value", {"type": "reference", "reference_types": ("external",)}),
        ("id", {"mutability": "readOnly", "returned": "always", "case_exact": True}),
        ("externalId", {"mutability": "readWrite", "case_exact": True}),
        ("meta.lastModified", {"type": "dateTime", "mutability": "readOnly"}),
        ("members", {"mutability": "readWrite", "multi_valued": True}),
        ("members.value", {"mutability": "immutable"}),
        ("members.$ref", {"type": "reference", "reference_types": ("User", "Group")}),
        (f"{urns.ENTERPRISE}:manager.displayName", {"mutability": "readOnly"}),
        (f"{urns.ENTERPRISE}:manager", {"type": "complex", "multi_valued": False}),
    ],
)
def test_an_attribute_has_the_characteristics_of_the_rfc(path: str, facts: dict[str, object]) -> None:
    attribute = found(path)
    assert {name: getattr(attribute, name) for name in facts} == facts


@pytest.mark.parametrize("path", ["department", "name.shoeSize", f"{urns.ENTERPRISE}:userName", "urn:x:y:userName"])
def test_what_is_not_defined_is_not_found(path: str) -> None:
    assert USER.find(parse_attr_path(path)) is None


@pytest.mark.parametrize(
    "path", ["USERNAME", "Name.FamilyName", f"{urns.USER}:emails.VALUE", f"{urns.ENTERPRISE.upper()}:division"]
)
def test_names_and_urns_are_found_in_any_case(path: str) -> None:
    assert USER.find(parse_attr_path(path)) is not None


def test_every_characteristic_has_a_value_the_rfc_knows() -> None:
    kinds = {"string", "boolean", "decimal", "integer", "dateTime", "reference", "complex", "binary"}
    for schema in (*DEFINITIONS.schemas, common_schema()):
        for attribute in every(schema.attributes):
            assert attribute.type in kinds
            assert attribute.mutability in {"readOnly", "readWrite", "immutable", "writeOnly"}
            assert attribute.returned in {"always", "never", "default", "request"}
            assert attribute.uniqueness in {"none", "server", "global"}
            assert bool(attribute.sub_attributes) == (attribute.type == "complex")
            assert bool(attribute.reference_types) == (attribute.type == "reference")
            assert attribute.description


def test_a_schema_is_served_and_read_back() -> None:
    for schema in DEFINITIONS.schemas:
        served = schema.to_json(f"https://example.com/Schemas/{schema.id}")
        assert served["schemas"] == [urns.SCHEMA]
        assert served["meta"] == {"resourceType": "Schema", "location": f"https://example.com/Schemas/{schema.id}"}
        assert schema_from_json(served).to_json("x") == schema.to_json("x")


def test_what_the_rfc_defaults_may_be_left_out() -> None:
    assert attribute_from_json({"name": "x"}).to_json() == {
        "name": "x", "type": "string", "multiValued": False, "description": "", "required": False, "caseExact": False,
        "mutability": "readWrite", "returned": "default", "uniqueness": "none",
    }


def test_resource_types_are_served() -> None:
    served = USER.to_json("https://example.com/ResourceTypes/User")
    assert served == {
        "schemas": [urns.RESOURCE_TYPE], "id": "User", "name": "User", "endpoint": "/Users",
        "description": "User accounts", "schema": urns.USER,
        "schemaExtensions": [{"schema": urns.ENTERPRISE, "required": False}],
        "meta": {"resourceType": "ResourceType", "location": "https://example.com/ResourceTypes/User"},
    }
    assert "schemaExtensions" not in GROUP.to_json("x")


def test_resource_types_are_found_by_name_and_endpoint() -> None:
    assert DEFINITIONS.by_endpoint("/Groups") is GROUP
    assert DEFINITIONS.by_endpoint("/Nothing") is None
    with pytest.raises(KeyError, match="User, Group"):
        DEFINITIONS.resource_type("Device")


def test_extensions_do_not_repeat_core_names() -> None:
    core = {attribute.name.lower() for attribute in (*USER.schema.attributes, *common_schema().attributes)}
    for extension in USER.extensions:
        assert not core & {attribute.name.lower() for attribute in extension.schema.attributes}
