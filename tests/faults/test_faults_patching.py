"""Faults of PATCH and of membership: each test states what a sound server answers and what the broken one does."""

from __future__ import annotations

from typing import Any

import pytest

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def status_of(reply: Any) -> tuple[int, str | None]:
    return reply.status, reply.resource().get("scimType")


def members_of(server: Any, group: str) -> int:
    return len(server.get(group).get("members", []))


def id_of(path: str) -> str:
    return path.rpartition("/")[2]


def replace(path: str, value: Any) -> dict[str, Any]:
    return {"op": "replace", "path": path, "value": value}


def crew(server: Any) -> tuple[str, str, str]:
    """A group of two, and its members."""
    ada, ben = server.user("ada"), server.user("ben")
    return server.group("Crew", ada, ben), ada, ben


# Patching


@pytest.mark.breaks("noop-patch", sound=(200, "Lead"), broken=(200, None))
def test_patched(server: Any, expected: Any) -> None:
    ada = server.user("ada")
    assert (server.patch(ada, replace("title", "Lead")).status, server.get(ada).get("title")) == expected


@pytest.mark.breaks("noop-patch-fails", sound=[200, 200], broken=[200, 400])
def test_patched_twice(server: Any, expected: Any) -> None:
    ada = server.user("ada")
    assert [server.patch(ada, replace("title", "Lead")).status for _ in range(2)] == expected


@pytest.mark.breaks("lower-case-ops-only", sound=[(200, None)] * 2, broken=[(200, None), (400, "invalidSyntax")])
def test_capital_op(server: Any, expected: Any) -> None:
    ada = server.user("ada")
    operations = [{**replace("title", "Lead"), "op": op} for op in ("replace", "Replace")]
    assert [status_of(server.patch(ada, operation)) for operation in operations] == expected


@pytest.mark.breaks("truthy-false", sound=[False, False], broken=[True, True])
@pytest.mark.breaks("string-boolean-stored", sound=[False, False], broken=["False", False])
def test_the_string_false(server: Any, expected: Any) -> None:
    ada, ben = server.user("ada", active=True), server.user("ben", active=True)
    server.patch(ada, {"op": "Replace", "path": "active", "value": "False"})
    server.patch(ben, {"op": "Replace", "value": {"active": "False"}})
    assert [server.get(path)["active"] for path in (ada, ben)] == expected


@pytest.mark.breaks("pathless-refused", sound=(200, False), broken=(400, True))
def test_without_a_path(server: Any, expected: Any) -> None:
    ada = server.user("ada", active=True)
    reply = server.patch(ada, {"op": "replace", "value": {"active": False}})
    assert (reply.status, server.get(ada)["active"]) == expected


@pytest.mark.breaks("dotted-keys-literal", sound=("Ada", False, "Lead"), broken=(None, True, "Lead"))
def test_a_dotted_key(server: Any, expected: Any) -> None:
    ada = server.user("ada")
    assert server.patch(ada, {"op": "replace", "value": {"name.givenName": "Ada", "title": "Lead"}}).status == 200
    after = server.get(ada)
    assert (after.get("name", {}).get("givenName"), "name.givenName" in after, after["title"]) == expected


@pytest.mark.breaks("value-path-add-refused", sound=(200, 1), broken=(400, 0))
def test_add_through_a_filter(server: Any, expected: Any) -> None:
    ada = server.user("ada")
    reply = server.patch(ada, {"op": "Add", "path": 'emails[type eq "work"].value', "value": "a@example.com"})
    assert (reply.status, len(server.get(ada).get("emails", []))) == expected


@pytest.mark.breaks("sibling-touched", sound=["new@example.com", "home@example.com"], broken=["new@example.com"] * 2)
def test_filtered_replace(server: Any, expected: Any) -> None:
    kinds = ("work", "home")
    ada = server.user("ada", emails=[{"value": f"{kind}@example.com", "type": kind} for kind in kinds])
    server.patch(ada, replace('emails[type eq "work"].value', "new@example.com"))
    assert [email["value"] for email in server.get(ada)["emails"]] == expected


@pytest.mark.breaks("not-atomic", sound=(400, None), broken=(400, "Lead"))
def test_half_a_patch(server: Any, expected: Any) -> None:
    ada = server.user("ada")
    reply = server.patch(ada, replace("title", "Lead"), replace("id", "x"))
    assert (reply.status, server.get(ada).get("title")) == expected


@pytest.mark.breaks("readonly-patchable", sound=[400, 400, 400], broken=[200, 200, 200])
def test_readonly(server: Any, expected: Any) -> None:
    ada = server.user("ada")
    operations = [replace("id", "x"), replace("meta.created", "2020-01-01T00:00:00Z"), replace("groups", [])]
    assert [server.patch(ada, operation).status for operation in operations] == expected


@pytest.mark.breaks("manager-string-refused", sound=(200, "object"), broken=(400, None))
@pytest.mark.breaks("manager-string-stored", sound=(200, "object"), broken=(200, "string"))
def test_manager_as_a_string(server: Any, expected: Any) -> None:
    ada, boss = server.user("ada"), server.user("boss")
    reply = server.patch(ada, {"op": "Add", "path": f"{ENTERPRISE}:manager", "value": id_of(boss)})
    manager = server.get(ada).get(ENTERPRISE, {}).get("manager")
    kind = {dict: "object", str: "string"}.get(type(manager))
    assert (reply.status, kind) == expected


@pytest.mark.breaks("urn-path-split", sound=(200, None), broken=(400, "invalidPath"))
def test_urn_path(server: Any, expected: Any) -> None:
    assert status_of(server.patch(server.user("ada"), replace(f"{ENTERPRISE}:department", "X"))) == expected


@pytest.mark.breaks("patch-creates", sound=(404, 0), broken=(200, 1))
def test_patch_of_nobody(server: Any, expected: Any) -> None:
    reply = server.patch("/Users/nobody", replace("title", "Lead"))
    assert (reply.status, server.get("/Users")["totalResults"]) == expected


@pytest.mark.breaks("patch-200-empty", sound=(200, True), broken=(200, False))
def test_body_of_a_patch(server: Any, expected: Any) -> None:
    reply = server.patch(server.user("ada"), replace("title", "Lead"))
    assert (reply.status, bool(reply.body)) == expected


@pytest.mark.breaks("stale-patch-body", sound=("Lead", "Lead"), broken=(None, "Lead"))
def test_values_in_the_answer(server: Any, expected: Any) -> None:
    ada = server.user("ada")
    assert (server.patch(ada, replace("title", "Lead")).resource().get("title"), server.get(ada)["title"]) == expected


@pytest.mark.breaks("schemas-echo-patchop", sound=([USER], [USER]), broken=([PATCH_OP], [USER]))
def test_schemas_in_the_answer(server: Any, expected: Any) -> None:
    ada = server.user("ada")
    assert (server.patch(ada, replace("title", "Lead")).resource()["schemas"], server.get(ada)["schemas"]) == expected


@pytest.mark.breaks("patch-errors-swallowed", sound=[400, 400, 200], broken=[200, 200, 200])
def test_what_cannot_be_done(server: Any, expected: Any) -> None:
    ada = server.user("ada")
    bodies = ({"op": "remove"}, replace("shoeSize", 42), replace("title", "Lead"))
    assert [server.patch(ada, body).status for body in bodies] == expected
    assert server.get(ada)["title"] == "Lead"


@pytest.mark.breaks("wrong-type-500", sound=[400, 200], broken=[500, 200])
def test_a_number_for_a_name(server: Any, expected: Any) -> None:
    ada = server.user("ada")
    assert [server.patch(ada, operation).status for operation in (replace("userName", 7), replace("active", True))] == (
        expected
    )


@pytest.mark.breaks("deep-path-500", sound=400, broken=500)
def test_a_deep_path(server: Any, expected: Any) -> None:
    path = "emails[" + "(" * 500 + "type pr" + ")" * 500 + "]"
    assert server.patch(server.user("ada"), {"op": "remove", "path": path}).status == expected


@pytest.mark.breaks("deep-json-500", sound=400, broken=500)
def test_deep_json(server: Any, expected: Any) -> None:
    assert server.send("PATCH", server.user("ada"), b"[" * 5000).status == expected


@pytest.mark.breaks("prototype-pollution", sound=[(None, None)] * 2, broken=[(False, 1)] * 2)
def test_the_prototype(server: Any, expected: Any) -> None:
    ada, ben = server.user("ada"), server.user("ben")
    server.patch(ada, {"op": "add", "path": "__proto__.active", "value": False})
    server.patch(ada, {"op": "replace", "value": {"__proto__": {"shoeSize": 1}}})
    assert [(server.get(path).get("active"), server.get(path).get("shoeSize")) for path in (ada, ben)] == expected


# Groups


@pytest.mark.breaks("remove-one-removes-all", sound=(200, 1), broken=(200, 0))
@pytest.mark.breaks("remove-one-ignored", sound=(200, 1), broken=(200, 2))
def test_one_removed(server: Any, expected: Any) -> None:
    group, ada, _ = crew(server)
    reply = server.patch(group, {"op": "remove", "path": f'members[value eq "{id_of(ada)}"]'})
    assert (reply.status, members_of(server, group)) == expected


@pytest.mark.breaks("remove-value-ignored", sound=(200, 1), broken=(200, 2))
@pytest.mark.breaks("remove-value-removes-all", sound=(200, 1), broken=(200, 0))
def test_one_removed_by_value(server: Any, expected: Any) -> None:
    group, ada, _ = crew(server)
    reply = server.patch(group, {"op": "Remove", "path": "members", "value": [{"value": id_of(ada)}]})
    assert (reply.status, members_of(server, group)) == expected


@pytest.mark.breaks("add-replaces-members", sound=3, broken=1)
def test_one_added(server: Any, expected: Any) -> None:
    group, _, _ = crew(server)
    server.patch(group, {"op": "add", "path": "members", "value": [{"value": id_of(server.user("cyn"))}]})
    assert members_of(server, group) == expected


@pytest.mark.breaks("replace-adds-members", sound=[1, 0], broken=[3, 3])
def test_members_replaced(server: Any, expected: Any) -> None:
    group, _, _ = crew(server)
    found = []
    for value in ([{"value": id_of(server.user("cyn"))}], []):
        server.patch(group, replace("members", value))
        found.append(members_of(server, group))
    assert found == expected


@pytest.mark.breaks("member-twice", sound=(200, 2), broken=(200, 3))
@pytest.mark.breaks("second-add-409", sound=(200, 2), broken=(409, 2))
def test_added_again(server: Any, expected: Any) -> None:
    group, ada, _ = crew(server)
    reply = server.patch(group, {"op": "add", "path": "members", "value": [{"value": id_of(ada)}]})
    assert (reply.status, members_of(server, group)) == expected


@pytest.mark.breaks("mirror-missing", sound=1, broken=0)
def test_the_mirror(server: Any, expected: Any) -> None:
    _, ada, _ = crew(server)
    assert len(server.get(ada).get("groups", [])) == expected


@pytest.mark.breaks("member-value-missing", sound=[True, True], broken=[False, False])
def test_ids_of_members(server: Any, expected: Any) -> None:
    group, _, _ = crew(server)
    assert ["value" in member for member in server.get(group)["members"]] == expected


@pytest.mark.breaks("dangling-members", sound=1, broken=2)
def test_members_after_a_deletion(server: Any, expected: Any) -> None:
    group, ada, _ = crew(server)
    server.send("DELETE", ada)
    assert members_of(server, group) == expected
