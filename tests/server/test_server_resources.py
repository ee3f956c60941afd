"""One resource: what create, read, replace, patch and delete do to it (RFC 7644 §3.3 to §3.6)."""

from __future__ import annotations

from typing import Any

import pytest

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def test_a_created_user_comes_back_with_id_meta_and_location(client: Any) -> None:
    reply = client.send("POST", "/Users", body={"schemas": [USER], "userName": "ada", "active": True})
    user = reply.resource()
    assert reply.status == 201
    assert user["userName"] == "ada"
    assert user["active"] is True
    assert user["schemas"] == [USER]
    assert user["meta"]["resourceType"] == "User"
    assert user["meta"]["created"] == user["meta"]["lastModified"] == "2026-01-01T00:00:00.000Z"
    assert user["meta"]["location"] == reply.header("Location") == f"http://127.0.0.1:8080/scim/v2/Users/{user['id']}"
    assert client.get(f"/Users/{user['id']}") == user


def test_the_extension_is_declared_where_it_is_used(client: Any) -> None:
    user = client.user(**{ENTERPRISE: {"department": "Analysis"}})
    assert user["schemas"] == [USER, ENTERPRISE]
    assert user[ENTERPRISE] == {"department": "Analysis"}


def test_readonly_and_unknown_attributes_of_a_body_are_ignored(client: Any) -> None:
    user = client.user(id="mine", meta={"created": "1999-01-01T00:00:00Z"}, groups=[], shoeSize=42)
    assert user["id"] != "mine"
    assert user["meta"]["created"].startswith("2026")
    assert "shoeSize" not in user


def test_a_user_without_a_name_is_refused(client: Any) -> None:
    reply = client.send("POST", "/Users", body={"schemas": [USER], "displayName": "Ada"})
    assert (reply.status, reply.resource()["scimType"]) == (400, "invalidValue")


@pytest.mark.parametrize("again", ["ada", "ADA", "Ada"])
def test_a_username_is_taken_in_any_case(client: Any, again: str) -> None:
    client.user("ada")
    reply = client.send("POST", "/Users", body={"schemas": [USER], "userName": again})
    assert (reply.status, reply.resource()["scimType"]) == (409, "uniqueness")
    assert client.get("/Users")["totalResults"] == 1


def test_an_update_can_t_take_another_s_username(client: Any) -> None:
    client.user("ada")
    ben = client.user("ben")
    replaced = client.send("PUT", f"/Users/{ben['id']}", body={"schemas": [USER], "userName": "ADA"})
    patched = client.patch(f"/Users/{ben['id']}", {"op": "replace", "path": "userName", "value": "ADA"})
    assert [replaced.status, patched.status] == [409, 409]
    assert client.get(f"/Users/{ben['id']}") == ben


def test_one_s_own_username_may_change_its_case(client: Any) -> None:
    ada = client.user("ada")
    reply = client.send("PUT", f"/Users/{ada['id']}", body={"schemas": [USER], "userName": "Ada"})
    assert (reply.status, reply.resource()["userName"]) == (200, "Ada")


def test_the_external_id_need_not_be_unique(client: Any) -> None:
    client.user("ada", externalId="x")
    client.user("ben", externalId="x")
    assert client.names(filter='externalId eq "x"') == ["ada", "ben"]
    assert client.names(filter='externalId eq "X"') == []  # caseExact


def test_put_clears_what_it_leaves_out(client: Any) -> None:
    ada = client.user("ada", title="Analyst", **{ENTERPRISE: {"department": "Analysis"}})
    reply = client.send("PUT", f"/Users/{ada['id']}", body={"schemas": [USER], "userName": "ada", "nickName": "A."})
    user = client.get(f"/Users/{ada['id']}")
    assert reply.resource() == user
    assert "title" not in user
    assert ENTERPRISE not in user
    assert user["schemas"] == [USER]
    assert user["nickName"] == "A."


def test_put_without_active_lets_no_leaver_in(client: Any) -> None:
    ada = client.user("ada", active=False)
    client.send("PUT", f"/Users/{ada['id']}", body={"schemas": [USER], "userName": "ada", "title": "Analyst"})
    assert client.get(f"/Users/{ada['id']}")["active"] is False


def test_put_of_what_was_read_changes_nothing(client: Any) -> None:
    ada = client.user("ada", password="pa55", title="Analyst")
    group = client.group("Crew", ada)
    read = client.get(f"/Users/{ada['id']}")
    client.clock.sleep(60)
    assert client.send("PUT", f"/Users/{ada['id']}", body=read).resource() == read
    assert client.send("PUT", f"/Groups/{group['id']}", body=group).resource() == group


def test_put_never_creates(client: Any) -> None:
    reply = client.send("PUT", "/Users/nobody", body={"schemas": [USER], "userName": "ada"})
    assert reply.status == 404
    assert client.get("/Users")["totalResults"] == 0


def test_lastmodified_and_version_move_only_with_a_change(client: Any) -> None:
    ada = client.user("ada", title="Analyst")
    client.clock.sleep(60)
    same = client.patch(f"/Users/{ada['id']}", {"op": "replace", "path": "title", "value": "Analyst"})
    assert same.resource()["meta"] == ada["meta"]
    other = client.patch(f"/Users/{ada['id']}", {"op": "replace", "path": "title", "value": "Lead"}).resource()
    assert other["meta"]["lastModified"] == "2026-01-01T00:01:00.000Z"
    assert other["meta"]["created"] == ada["meta"]["created"]
    assert other["meta"]["version"] != ada["meta"]["version"]


def test_lastmodified_moves_even_where_the_clock_stands_still(client: Any) -> None:
    ada = client.user("ada")
    after = client.patch(f"/Users/{ada['id']}", {"op": "add", "path": "title", "value": "Lead"}).resource()
    assert after["meta"]["lastModified"] > ada["meta"]["lastModified"]


def test_a_failed_patch_leaves_everything_as_it_was(client: Any) -> None:
    ada = client.user("ada", title="Analyst")
    good = {"op": "replace", "path": "title", "value": "Lead"}
    reply = client.patch(f"/Users/{ada['id']}", good, {"op": "replace", "path": "id", "value": "x"})
    assert (reply.status, reply.resource()["scimType"]) == (400, "mutability")
    assert client.get(f"/Users/{ada['id']}") == ada


def test_an_unknown_id_is_404_before_the_body_is_judged(client: Any) -> None:
    for method in ("PATCH", "PUT"):
        assert client.send(method, "/Users/nobody", body={"schemas": "rubbish"}).status == 404


def test_an_id_belongs_to_one_type(client: Any) -> None:
    ada = client.user("ada")
    assert client.send("GET", f"/Groups/{ada['id']}").status == 404


def test_deleted_is_gone_and_its_name_is_free(client: Any) -> None:
    ada = client.user("ada")
    path = f"/Users/{ada['id']}"
    gone = client.send("DELETE", path)
    assert (gone.status, gone.body) == (204, b"")
    assert [client.send(method, path, body={"schemas": [USER], "userName": "ada"}).status for method in
            ("GET", "PUT", "PATCH", "DELETE")] == [404, 404, 404, 404]
    assert client.names() == []
    assert client.user("ada")["id"] != ada["id"]


def test_a_password_is_kept_but_never_shown(client: Any) -> None:
    ada = client.user("ada", password="pa55word!")
    path = f"/Users/{ada['id']}"
    answers = [
        client.send("GET", path, "attributes=password"),
        client.send("GET", "/Users", "attributes=password,userName"),
        client.send("PUT", path, body={"schemas": [USER], "userName": "ada", "password": "other55"}),
        client.patch(path, {"op": "replace", "path": "password", "value": "third55"}),
    ]
    for reply in answers:
        assert reply.ok
        assert b"pa55" not in reply.body
        assert b"scrypt" not in reply.body
        assert b'"password"' not in reply.body


@pytest.mark.parametrize("text", ["password pr", 'password sw "p"', 'password eq "pa55"', "not (password pr)"])
def test_nothing_is_learnt_about_a_password_by_a_filter(client: Any, text: str) -> None:
    client.user("ada", password="pa55")
    client.user("ben")
    assert client.names(filter=text) in ([], ["ada", "ben"])


def test_the_same_password_again_is_no_change(client: Any) -> None:
    ada = client.user("ada", password="pa55")
    for value, moved in (("pa55", False), ("new55", True)):
        after = client.patch(f"/Users/{ada['id']}", {"op": "replace", "path": "password", "value": value}).resource()
        assert (after["meta"] != ada["meta"]) is moved


def test_projection_holds_for_every_answer_with_a_resource(client: Any) -> None:
    body = {"schemas": [USER], "userName": "ada", "title": "Analyst"}
    created = client.send("POST", "/Users", "attributes=title", body=body).resource()
    assert "userName" not in created
    assert created["title"] == "Analyst"
    path = f"/Users/{created['id']}"
    assert "title" not in client.send("PUT", path, "excludedAttributes=title", body=body).resource()
    patch = {"op": "replace", "path": "title", "value": "Lead"}
    patched = client.send("PATCH", path, "attributes=USERNAME", body={
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [patch],
    }).resource()
    assert patched["userName"] == "ada"
    assert patched["id"] == created["id"]
    assert "title" not in patched


def test_both_projections_at_once_are_refused(client: Any) -> None:
    assert client.send("GET", "/Users", "attributes=id&excludedAttributes=title").status == 400
