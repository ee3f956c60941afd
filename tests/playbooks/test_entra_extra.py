"""App roles and custom attributes of Microsoft Entra. Literals: idp-dialects.md, EN-ROLES and EN-EXTENSION."""

from __future__ import annotations

import json

import pytest

from scimrig_simulator.idp import engage
from scimrig_simulator.playbook import answer, expect, playbook

PATCH = '{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[%s]}'
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
ACME = "urn:ietf:params:scim:schemas:extension:acme:2.0:User"
FULL = '{"primary":false,"type":"WindowsAzureActiveDirectoryRole","display":"%s","value":"%s"}'
ROW = {
    "id": "u-1", "externalId": "ben", "userName": "ben@example.com", "active": True, "displayName": "Ben Sample",
    "emails": [{"primary": True, "type": "work", "value": "ben@example.com"}],
    "name": {"formatted": "Ben Sample", "familyName": "Sample", "givenName": "Ben"}, "title": "Admin",
    ENTERPRISE: {"employeeNumber": "701", "department": "QA"},
}


@pytest.fixture
def admin(ben):
    return ben.changed({"title": "Admin"})


@pytest.fixture
def updates(admin, exactly):
    """One update of the admin against a row with these members, ending in a PATCH of this operation ("" = none)."""

    def update(dialect, operation, held, **settings):
        engine = engage(dialect, 7, **settings)
        engine.adopt(admin, "u-1")
        body = exactly(PATCH % operation) if operation else None
        write = [(expect("PATCH", "/Users/u-1", body=body), answer(204))] if operation else []
        playbook(engine.update(admin), [(expect("GET", "/Users/u-1"), answer(200, {**ROW, **held})), *write])
        return dict(engine.expected_user(admin, "update").values)

    return update


@pytest.mark.cites("entra", "roles", "create-body", "both-urns", "default-mapping")
@pytest.mark.parametrize(("form", "roles", "expected"), [
    ("none", "[]", {}),
    ("single", '[{"primary":true,"type":"WindowsAzureActiveDirectoryRole","value":"Admin"}]',
     {"roles[primary eq true].value": "Admin"}),
    ("complex", f'[{FULL % ("Admin", "Admin")},{FULL % ("QA", "QA")}]',
     {'roles[value eq "Admin"].value': "Admin", 'roles[value eq "QA"].value': "QA"}),
    ("assertive", f'[{FULL % ("Admin", "Admin")},{FULL % ("QA", "QA")}]',
     {'roles[value eq "Admin"].value': "Admin", 'roles[value eq "QA"].value': "QA"}),
])
def test_a_create_says_roles_in_the_form_of_the_mapping(form, roles, expected, admin, empty, exactly):
    engine = engage("entra", 7, roles=form)
    body = exactly("""
        {"schemas":["urn:ietf:params:scim:schemas:core:2.0:User",
                    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
         "externalId":"ben","userName":"ben@example.com","active":true,"displayName":"Ben Sample",
         "emails":[{"primary":true,"type":"work","value":"ben@example.com"}],"meta":{"resourceType":"User"},
         "name":{"formatted":"Ben Sample","familyName":"Sample","givenName":"Ben"},"title":"Admin",
         "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":"701","department":"QA"},
         "roles":""" + roles + "}")
    playbook(engine.assign(admin), [
        (expect("GET", "/Users", "filter=userName+eq+%22ben%40example.com%22"), empty),
        (expect("POST", "/Users", body=body), answer(201, ROW)),
    ])
    values = engine.expected_user(admin, "assign").values
    assert {path: value for path, value in values.items() if path.startswith("roles")} == expected


def test_a_single_role_is_patched_by_a_path_with_a_quoted_boolean(updates):
    add = r'{"op":"Add","path":"roles[primary eq \"True\"].value","value":"Admin"}'
    replace = add.replace("Add", "Replace")
    values = updates("entra", add, {}, roles="single")
    assert values["roles[primary eq true].value"] == "Admin"
    updates("entra", replace, {"roles": [{"primary": True, "value": "Guest"}]}, roles="single")
    values = updates("entra", "", {"roles": [{"value": "Guest"}, {"primary": True, "value": "Admin"}]}, roles="single")
    assert values["roles[primary eq true].value"] == "Admin"


@pytest.mark.cites("entra", "roles-patch")
def test_complex_roles_are_patched_as_json_inside_a_string_and_none_is_taken_away(admin):
    engine = engage("entra", 7, roles="complex")
    engine.adopt(admin, "u-1")
    flow = engine.update(admin)
    next(flow)
    patch = flow.send(answer(200, {**ROW, "roles": [{"value": "Guest"}, {"value": "QA"}]}))
    (operation,) = patch.body["Operations"]
    assert (operation["op"], operation["path"], len(operation["value"])) == ("Add", "roles", 1)
    text = operation["value"][0]["value"]
    inside = json.loads(text)
    assert text.startswith('{"id":"')
    assert (len(inside.pop("id")), inside) == (36, {"value": "Admin", "displayName": "Admin"})
    with pytest.raises(StopIteration):
        flow.send(answer(204))
    kept = set(engine.expected_user(admin, "update").values.values())
    assert {"Guest", "QA", text} <= kept  # values are kept verbatim, so a sound server holds the string
    playbook(engine.update(admin), [
        (expect("GET", "/Users/u-1"), answer(200, {**ROW, "roles": [{"value": text}, {"value": "QA"}]})),
    ])


def test_assertive_roles_are_replaced_as_a_whole(updates):
    whole = f'{{"op":"replace","path":"roles","value":[{FULL % ("Admin", "Admin")},{FULL % ("QA", "QA")}]}}'
    for held in ([], [{"value": "Admin"}], [{"value": "Admin"}, {"value": "QA"}, {"value": "Guest"}]):
        values = updates("entra", whole, {"roles": held}, roles="assertive")
    assert values['roles[value eq "Guest"].value'] is None
    updates("entra", "", {"roles": [{"value": "QA"}, {"value": "Admin"}]}, roles="assertive")


@pytest.mark.cites("entra-flag", "roles-patch")
@pytest.mark.parametrize(("form", "operation"), [
    ("single", '{"op":"add","path":"roles","value":'
               '[{"primary":true,"type":"WindowsAzureActiveDirectoryRole","value":"Admin"}]}'),
    ("complex", f'{{"op":"add","path":"roles","value":[{FULL % ("Admin", "Admin")},{FULL % ("QA", "QA")}]}}'),
    ("assertive", f'{{"op":"replace","path":"roles","value":[{FULL % ("Admin", "Admin")},{FULL % ("QA", "QA")}]}}'),
])
def test_with_the_flag_a_patch_says_roles_as_a_create_does(form, operation, updates):
    updates("entra-flag", operation, {}, roles=form)


@pytest.mark.parametrize("held", [None, "Admin", 7, [7], [{"value": 7}], [{"value": "{"}], [{"value": "{\"id\":1}"}]])
@pytest.mark.parametrize("form", ["single", "complex", "assertive"])
def test_roles_that_make_no_sense_are_no_roles(form, held, admin):
    engine = engage("entra", 7, roles=form)
    engine.adopt(admin, "u-1")
    flow = engine.update(admin)
    next(flow)
    assert flow.send(answer(200, {**ROW, "roles": held})).method == "PATCH"


@pytest.mark.cites("entra", "custom-attribute")
@pytest.mark.parametrize(("dialect", "operation"), [
    ("entra", f'{{"op":"Add","path":"{ACME}:badge","value":"701"}}'),
    ("entra-flag", f'{{"op":"add","value":{{"{ACME}:badge":"701"}}}}'),
])
def test_a_custom_attribute_stands_under_its_urn_and_the_urn_not_in_schemas(dialect, operation, admin, empty, updates):
    engine = engage(dialect, 7, custom_attribute=f"{ACME}:badge")
    flow = engine.assign(admin)
    next(flow)
    body = flow.send(empty).body
    assert body[ACME] == {"badge": "701"}
    assert ACME not in body["schemas"]
    flow.close()
    values = updates(dialect, operation, {}, custom_attribute=f"{ACME}:badge")
    assert values[f"{ACME}:badge"] == "701"
    updates(dialect, "", {ACME: {"badge": "701"}}, custom_attribute=f"{ACME}:badge")


@pytest.mark.parametrize(("dialect", "op"), [("entra", "Add"), ("entra-flag", "add")])
def test_a_custom_attribute_of_several_values_has_a_path_with_an_unquoted_boolean(dialect, op, admin, empty, updates):
    path = f"{ACME}:contacts[primary eq true].value"
    engine = engage(dialect, 7, custom_attribute=path)
    flow = engine.assign(admin)
    next(flow)
    assert flow.send(empty).body[ACME] == {"contacts": [{"primary": True, "value": "701"}]}
    flow.close()
    updates(dialect, f'{{"op":"{op}","path":"{path}","value":"701"}}', {}, custom_attribute=path)
    updates(dialect, "", {ACME: {"contacts": [{"primary": True, "value": "701"}]}}, custom_attribute=path)
