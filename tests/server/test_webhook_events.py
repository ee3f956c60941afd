"""What webhooks say: envelope and data as the policy page has them in §2.4, checked by a schema written from it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from scimrig_simulator.policy import events
from scimrig_simulator.policy.events import Event, group_event, payload, user_event

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
NOW = 1_772_600_767.123


def identifier(prefix: str) -> dict[str, Any]:
    return {"type": "string", "pattern": f"^{prefix}_[^.]+$"}


TEXT = {"type": "string", "minLength": 1}
WHOLE_USER = {
    "type": "object",
    "required": ["id", "organization_id", "email", "active", "groups", "roles", "custom_attributes", "raw_attributes"],
    "properties": {
        "id": identifier("diruser"), "organization_id": identifier("org"), "dp_id": TEXT,
        "email": {"type": "string", "format": "email"}, "active": {"const": True},
        **dict.fromkeys(
            ["name", "given_name", "family_name", "preferred_username", "nickname", "picture", "phone_number", "locale",
             "language", "zoneinfo", "title", "user_type", "profile", "employee_id", "department", "cost_center",
             "division", "organization"], TEXT,
        ),
        "address": {
            "type": "object", "minProperties": 1, "additionalProperties": False,
            "properties": dict.fromkeys(
                ["formatted", "street_address", "locality", "region", "postal_code", "country"], TEXT
            ),
        },
        "groups": {"type": "array", "items": {
            "type": "object", "required": ["id", "name"], "additionalProperties": False,
            "properties": {"id": identifier("dirgroup"), "name": TEXT},
        }},
        "roles": {"type": "array", "minItems": 1, "uniqueItems": True, "items": {
            "type": "object", "required": ["role_name"], "properties": {"role_name": TEXT}, "maxProperties": 1,
        }},
        "custom_attributes": {"type": "object"},
        "raw_attributes": {"type": "object", "required": ["schemas", "id", "userName"],
                           "not": {"required": ["password"]}},
    },
    "additionalProperties": False,
}  # fmt: skip
LOST_USER = {
    "type": "object",
    "required": ["id", "organization_id", "email", "active", "reason"],
    "properties": {
        "id": identifier("diruser"), "organization_id": identifier("org"), "dp_id": TEXT,
        "email": {"type": "string", "format": "email"}, "active": {"const": False},
        "reason": {"enum": ["deactivated", "deleted"]},
    },
    "additionalProperties": False,
}  # fmt: skip
GROUP = {
    "type": "object",
    "required": ["id", "organization_id", "directory_id", "display_name", "external_id", "raw_attributes"],
    "properties": {
        "id": identifier("dirgroup"), "organization_id": identifier("org"), "directory_id": identifier("dir"),
        "display_name": TEXT, "external_id": {"type": ["string", "null"]}, "dp_id": TEXT,
        "raw_attributes": {"type": "object", "not": {"required": ["members"]}},
    },
    "additionalProperties": False,
}  # fmt: skip


def envelope(types: list[str], object: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "if": {"properties": {"type": {"enum": [f"organization.directory.{name}" for name in types]}}},
        "then": {"properties": {"object": {"const": object}, "data": data}},
    }


SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["spec_version", "id", "type", "occurred_at", "environment_id", "organization_id", "object", "data"],
    "properties": {
        "spec_version": {"const": "1"}, "id": identifier("evt"), "environment_id": identifier("env"),
        "organization_id": identifier("org"), "display_name": TEXT, "object": True, "data": True,
        "type": {"enum": [f"organization.directory.{kind}_{fate}" for kind in ("user", "group")
                          for fate in ("created", "updated", "deleted")]},
        "occurred_at": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,9}Z$"},
    },
    "additionalProperties": False,
    "allOf": [
        envelope(["user_created", "user_updated"], "DirectoryUser", WHOLE_USER),
        envelope(["user_deleted"], "DirectoryUser", LOST_USER),
        envelope(["group_created", "group_updated", "group_deleted"], "DirectoryGroup", GROUP),
    ],
}  # fmt: skip
ORACLE = Draft202012Validator(SCHEMA, format_checker=FormatChecker(["email"]))

AMARA: dict[str, Any] = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
    "id": "9001", "externalId": "00u-amara", "userName": "amara.osei", "active": True, "password": "$scrypt$hash",
    "name": {"givenName": "Amara", "familyName": "Osei"}, "nickName": "Ama", "title": "Engineer",
    "userType": "Employee",
    "locale": "en-GB", "preferredLanguage": "en", "timezone": "Europe/London", "profileUrl": "https://x.test/amara",
    "emails": [{"value": "old@acme.test"}, {"value": "amara.osei@acme.test", "primary": True}],
    "phoneNumbers": [{"value": "+44 20 7946 0000", "type": "work"}, {"value": "+44 20 7946 0001"}],
    "photos": [{"value": "https://x.test/amara.png", "type": "photo"}],
    "addresses": [{"streetAddress": "1 High St", "locality": "Leeds", "country": "GB", "type": "work"}],
    "groups": [{"value": "31", "$ref": "…/Groups/31", "display": "Engineering", "type": "direct"}],
    ENTERPRISE: {"department": "Platform", "employeeNumber": "77", "costCenter": "C1", "division": "D",
                 "organization": "Acme", "manager": {"value": "9000"}},
    "meta": {"resourceType": "User", "version": 'W/"1"'},
}  # fmt: skip


def told(event: Event) -> dict[str, Any]:
    """The delivery, read as a receiver reads it and checked against the page."""
    body: dict[str, Any] = json.loads(payload(event))
    assert [problem.message for problem in ORACLE.iter_errors(body)] == []
    return body


def test_the_oracle_accepts_the_sample_of_the_page() -> None:
    sample = {
        "spec_version": "1", "id": "evt_7301998", "type": "organization.directory.user_updated",
        "occurred_at": "2026-03-04T05:06:07.123456Z", "environment_id": "env_4402", "organization_id": "org_5117",
        "object": "DirectoryUser", "display_name": "Directory User Updated",
        "data": {
            "id": "diruser_9001", "organization_id": "org_5117", "dp_id": "00u-amara", "email": "amara.osei@acme.test",
            "active": True, "name": "Amara Osei", "groups": [{"id": "dirgroup_31", "name": "Engineering"}],
            "roles": [{"role_name": "developer"}], "custom_attributes": {"badge_colour": "teal"},
            "raw_attributes": {"schemas": [], "id": "9001", "userName": "amara.osei"},
        },
    }  # fmt: skip
    assert list(ORACLE.iter_errors(sample)) == []
    assert list(ORACLE.iter_errors({**sample, "data": {**sample["data"], "roles": []}})) != []  # type: ignore[dict-item]


@pytest.mark.parametrize("type", [events.USER_CREATED, events.USER_UPDATED])
def test_a_user_is_told_by_the_names_of_the_directory_api(type: str) -> None:
    body = told(user_event(type, AMARA, now=NOW, roles=("admin", "developer")))
    assert body["type"] == type
    assert body["occurred_at"] == "2026-03-04T05:06:07.123Z"
    raw = body["data"].pop("raw_attributes")
    assert body["data"] == {
        "id": "diruser_9001", "organization_id": "org_ref", "dp_id": "00u-amara", "email": "amara.osei@acme.test",
        "active": True, "name": "Amara Osei", "given_name": "Amara", "family_name": "Osei",
        "preferred_username": "amara.osei", "nickname": "Ama", "picture": "https://x.test/amara.png",
        "phone_number": "+44 20 7946 0000", "locale": "en-GB", "language": "en", "zoneinfo": "Europe/London",
        "title": "Engineer", "user_type": "Employee", "profile": "https://x.test/amara", "employee_id": "77",
        "department": "Platform", "cost_center": "C1", "division": "D", "organization": "Acme",
        "address": {"street_address": "1 High St", "locality": "Leeds", "country": "GB"},
        "groups": [{"id": "dirgroup_31", "name": "Engineering"}],
        "roles": [{"role_name": "admin"}, {"role_name": "developer"}], "custom_attributes": {},
    }  # fmt: skip
    assert raw == {name: value for name, value in AMARA.items() if name != "password"}


def test_what_a_user_has_not_is_left_out() -> None:
    bare = {"schemas": [], "id": "7", "userName": "bo@acme.test", "active": True}
    data = told(user_event(events.USER_CREATED, bare, now=NOW, roles=("member",)))["data"]
    assert data == {
        "id": "diruser_7", "organization_id": "org_ref", "email": "bo@acme.test", "active": True,
        "preferred_username": "bo@acme.test", "groups": [], "roles": [{"role_name": "member"}],
        "custom_attributes": {}, "raw_attributes": bare,
    }  # fmt: skip


@pytest.mark.parametrize("reason", ["deactivated", "deleted"])
def test_a_user_who_is_gone_is_told_in_an_excerpt_with_the_reason(reason: str) -> None:
    gone = user_event(events.USER_DELETED, {**AMARA, "active": reason == "deleted"}, now=NOW, reason=reason)
    assert told(gone)["data"] == {
        "id": "diruser_9001", "organization_id": "org_ref", "dp_id": "00u-amara", "email": "amara.osei@acme.test",
        "active": False, "reason": reason,
    }  # fmt: skip


@pytest.mark.parametrize("external_id", [None, "g-31"])
@pytest.mark.parametrize("type", [events.GROUP_CREATED, events.GROUP_UPDATED, events.GROUP_DELETED])
def test_a_group_is_told_without_its_members(type: str, external_id: str | None) -> None:
    group = {"schemas": [], "id": "31", "displayName": "Engineering", "meta": {"resourceType": "Group"}}
    group |= {"externalId": external_id} if external_id else {}
    data = told(group_event(type, {**group, "members": [{"value": "9001"}]}, now=NOW))["data"]
    assert data.pop("raw_attributes") == group
    assert data == {
        "id": "dirgroup_31", "organization_id": "org_ref", "directory_id": "dir_ref", "display_name": "Engineering",
        "external_id": external_id, **({"dp_id": external_id} if external_id else {}),
    }  # fmt: skip


def test_the_bytes_are_compact_utf_8_so_that_every_encoder_s_round_trip_keeps_them() -> None:
    zoe = {**AMARA, "name": {"formatted": "Zoë 李 😀"}}
    body = payload(user_event(events.USER_CREATED, zoe, now=NOW, roles=("member",)))
    assert "Zoë 李 😀".encode() in body
    assert json.dumps(json.loads(body), ensure_ascii=False, separators=(",", ":")).encode() == body


def test_every_event_has_an_id_of_its_own() -> None:
    ids = {user_event(events.USER_UPDATED, AMARA, now=NOW).id for _ in range(100)}
    assert len(ids) == 100


PLAIN = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
SPECIFIC = {
    "displayName": PLAIN, "externalId": PLAIN, "title": PLAIN, "nickName": PLAIN, "password": PLAIN,
    "name": st.dictionaries(st.sampled_from(["formatted", "givenName", "familyName"]), PLAIN),
    "phoneNumbers": st.lists(st.fixed_dictionaries({"value": PLAIN}, optional={"primary": st.booleans()}), max_size=3),
    "addresses": st.lists(st.dictionaries(st.sampled_from(["region", "country", "type"]), PLAIN), max_size=2),
    "groups": st.lists(st.fixed_dictionaries({"value": PLAIN.map(lambda text: text.replace(".", "")).filter(bool),
                                              "display": PLAIN}), max_size=3),
    ENTERPRISE: st.dictionaries(st.sampled_from(["department", "division"]), PLAIN),
}  # fmt: skip


@given(
    user=st.fixed_dictionaries(
        {"schemas": st.just([]), "id": st.uuids().map(str), "userName": st.just("zoë@acme.test"),
         "active": st.just(True)},
        optional=SPECIFIC,
    ),
    type=st.sampled_from([events.USER_CREATED, events.USER_UPDATED, events.USER_DELETED]),
)  # fmt: skip
def test_whatever_a_user_is_like_the_event_fits_the_page_and_has_no_password(user: dict[str, Any], type: str) -> None:
    body = told(user_event(type, user, now=NOW, roles=("member",)))
    assert "password" not in body["data"]
    assert "password" not in body["data"].get("raw_attributes", {})
