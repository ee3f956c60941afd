"""One profile for the same person, whatever IdP tells of them and in whatever dialect (CAP-24, CAP-50; page §3.5)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimrig_simulator.drive import play
from scimrig_simulator.idp import engage
from scimrig_simulator.policy.profile import WRITABLE, as_texts, normalised, rewritten
from scimrig_simulator.wire import BY_THE_BOOK, Send
from scimrig_simulator.workforce.person import Person

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
BARE: dict[str, Any] = {"schemas": [], "id": "7", "userName": "bo"}
ALWAYS = {"active": True, "preferred_username": "bo", "custom_attributes": {}}


def values(*pairs: tuple[str, str | None], primary: int | None = None) -> list[dict[str, Any]]:
    found = [{"value": value, **({"type": type} if type else {})} for value, type in pairs]
    return [{**one, "primary": True} if place == primary else one for place, one in enumerate(found)]


# SCIM → profile, row by row of the table
READ: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {}),
    ({"emails": values(("a@x.test", "home"), ("b@x.test", "work"), primary=1)}, {"email": "b@x.test"}),
    ({"emails": values(("a@x.test", "home"), ("b@x.test", "work"))}, {"email": "a@x.test"}),
    ({"userName": "bo@x.test"}, {"email": "bo@x.test", "preferred_username": "bo@x.test"}),
    ({"displayName": "D", "name": {"formatted": "F", "givenName": "G", "familyName": "N"}},
     {"name": "D", "given_name": "G", "family_name": "N"}),
    ({"name": {"formatted": "F", "givenName": "G"}}, {"name": "F", "given_name": "G"}),
    ({"name": {"givenName": "G", "familyName": "N"}}, {"name": "G N", "given_name": "G", "family_name": "N"}),
    ({"photos": values(("p1", "thumbnail"), ("p2", "photo"))}, {"picture": "p1"}),
    ({"photos": values(("p1", "thumbnail"), ("p2", "photo"), primary=1)}, {"picture": "p2"}),
    ({"phoneNumbers": values(("1", "mobile"), ("2", "work"), ("3", "home"), primary=2)}, {"phone_number": "3"}),
    ({"phoneNumbers": values(("1", "mobile"), ("2", "work"))}, {"phone_number": "2"}),
    ({"phoneNumbers": values(("1", "mobile"), ("2", None))}, {"phone_number": "1"}),
    ({"locale": "en-GB", "preferredLanguage": "de"}, {"locale": "en-GB", "language": "de"}),
    ({"locale": "en-GB"}, {"locale": "en-GB", "language": "en-GB"}),
    ({"preferredLanguage": "de"}, {"locale": "de", "language": "de"}),
    ({"externalId": "x"}, {"dp_id": "x"}),
    ({"active": False}, {"active": False}),
    ({ENTERPRISE: {"department": "D", "division": "V", "costCenter": "C", "employeeNumber": "E", "organization": "O"}},
     {"department": "D", "division": "V", "cost_center": "C", "employee_id": "E", "organization": "O"}),
    ({"title": "T", "userType": "U", "nickName": "N", "timezone": "Z", "profileUrl": "P"},
     {"title": "T", "user_type": "U", "nickname": "N", "zoneinfo": "Z", "profile": "P"}),
    ({"addresses": [{"locality": "A"}, {"locality": "B", "postalCode": "1", "primary": True, "type": "home"}]},
     {"address": {"locality": "B", "postal_code": "1"}}),
    ({"password": "s3cret", "name": {}, "title": "", "emails": []}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("stored", "told"), READ)
def test_each_name_is_read_from_where_the_table_says(stored: dict[str, Any], told: dict[str, Any]) -> None:
    assert normalised({**BARE, **stored}) == {**ALWAYS, **told}


def test_custom_attributes_are_json_in_a_profile_and_text_in_the_api() -> None:
    custom = {"a": "é", "b": True, "c": [1, "x"], "d": {"e": None}}
    assert normalised(BARE, custom)["custom_attributes"] == custom
    assert as_texts(custom) == {"a": "é", "b": "true", "c": '[1,"x"]', "d": '{"e":null}'}


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
USERS = st.fixed_dictionaries(
    {"schemas": st.just([]), "id": st.just("7"), "userName": TEXT},
    optional={
        "displayName": TEXT, "locale": TEXT, "title": TEXT,
        "name": st.dictionaries(st.sampled_from(["formatted", "givenName", "familyName"]), TEXT),
        "phoneNumbers": st.lists(st.fixed_dictionaries(
            {"value": TEXT}, optional={"primary": st.booleans(), "type": st.sampled_from(["work", "home"])}),
            max_size=3),
        "photos": st.lists(st.fixed_dictionaries({"value": TEXT}), max_size=2),
    },
)  # fmt: skip


@given(user=USERS, wanted=st.dictionaries(st.sampled_from(WRITABLE), TEXT, min_size=1))
def test_what_is_written_is_what_is_read_and_nothing_else_changes(user: dict[str, Any], wanted: dict[str, str]) -> None:
    before, shown = repr(user), normalised(user)
    after = rewritten(user, wanted)
    assert repr(user) == before
    told = normalised(after)
    assert {name: told[name] for name in wanted} == wanted
    follows = {"name": {"given_name", "family_name"}, "language": {"locale"}, "email": {"preferred_username"}}
    free = {name for name in {*shown, *told} - set(wanted) if not follows.get(name, set()) & set(wanted)}
    assert {name: told.get(name) for name in free} == {name: shown.get(name) for name in free}
    assert rewritten(after, wanted) == after


@given(user=USERS)
def test_an_empty_text_takes_away(user: dict[str, Any]) -> None:
    after = rewritten(user, dict.fromkeys([name for name in WRITABLE if name != "preferred_username"], ""))
    assert not {"displayName", "locale"} & set(after)
    assert {"givenName", "familyName"}.isdisjoint(after.get("name", {}))
    assert len(after.get("phoneNumbers", ())) == max(0, len(user.get("phoneNumbers", ())) - 1)


# The same person through every dialect

ADA = Person(
    number=1, key="ada", given_name="Ada", middle_name="", family_name="Sample", display_name="Ada Sample",
    formatted="Ada Sample", user_name="ada@acme.test", email="ada@acme.test", active=True, title="Engineer",
    department="Platform", employee_number="0701", phone_work="+44 20 7946 0000", phone_mobile="+44 7700 900000",
    locale="en-GB", street="1 High St", locality="Leeds", region="Yorkshire", postal_code="LS1", country="GB",
    login="ada",
)  # fmt: skip
WHOLE = {
    "active": True, "email": "ada@acme.test", "preferred_username": "ada@acme.test", "name": "Ada Sample",
    "given_name": "Ada", "family_name": "Sample", "title": "Engineer", "department": "Platform",
    "employee_id": "0701", "phone_number": "+44 20 7946 0000", "locale": "en-GB", "language": "en-GB",
    "custom_attributes": {}, "groups": [], "roles": ["member"],
    "address": {"street_address": "1 High St", "locality": "Leeds", "region": "Yorkshire", "postal_code": "LS1",
                "country": "GB"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("dialect", "options", "never_sent"),
    [
        ("okta", {"wide_mapping": "on"}, set()), ("entra", {}, set()), ("entra-flag", {}, set()), ("rfc", {}, set()),
        ("rfc", {"profile_update": "put"}, set()), ("google", {}, {"locale", "language"}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("act", ["assign", "update"])
def test_the_same_person_is_the_same_through_every_idp_but_for_ids(
    tenant: Any, dialect: str, options: dict[str, Any], never_sent: set[str], act: str
) -> None:
    engine = engage(dialect, 7, **options)
    first = ADA if act == "assign" else replace(ADA, title="Clerk", given_name="Augusta", display_name="Augusta Sample")
    assert play(engine.play("assign", first), tenant.transport, tenant.clock).ok
    if act == "update":
        assert play(engine.play("update", ADA), tenant.transport, tenant.clock).ok
    told = tenant.managed(f"/normalized/{engine.id_of(ADA)}")
    ids = {name: told.pop(name, None) for name in ("id", "dp_id", "external_id")}
    assert ids["id"] == f"diruser_{engine.id_of(ADA)}"
    assert told == {name: value for name, value in WHOLE.items() if name not in never_sent}


def test_a_profile_is_found_by_id_and_by_address_in_any_case(tenant: Any) -> None:
    ada = tenant.person("ada", externalId="x-1")
    tenant.person("ben")
    by_id = tenant.managed(f"/normalized/{ada['id']}")
    assert (by_id["dp_id"], by_id["external_id"], by_id["email"]) == ("x-1", "x-1", "ada@acme.test")
    assert tenant.managed(f"/normalized/diruser_{ada['id']}") == by_id
    found = tenant.management.exchange(Send("GET", "/normalized", "email=ADA%40acme.test", BY_THE_BOOK))
    assert found.resource() == by_id
    for path, query, status in (("/x", "", 404), ("", "email=joe%40acme.test", 404), ("", "", 400)):
        assert tenant.management.exchange(Send("GET", f"/normalized{path}", query, BY_THE_BOOK)).status == status
