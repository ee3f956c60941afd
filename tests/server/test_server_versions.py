"""ETags and conditional requests (RFC 7644 §3.14)."""

from __future__ import annotations

from typing import Any

import pytest

USER = "urn:ietf:params:scim:schemas:core:2.0:User"


def test_the_etag_is_meta_version_in_every_answer_with_one_resource(client: Any) -> None:
    created = client.send("POST", "/Users", body={"schemas": [USER], "userName": "ada"})
    path = f"/Users/{created.resource()['id']}"
    replies = [
        created,
        client.send("GET", path),
        client.send("PUT", path, body={"schemas": [USER], "userName": "ada", "title": "x"}),
        client.patch(path, {"op": "replace", "path": "title", "value": "y"}),
    ]
    for reply in replies:
        assert reply.header("ETag") == reply.resource()["meta"]["version"]
        assert reply.header("ETag").startswith('W/"')
    assert len({reply.header("ETag") for reply in replies}) == 3


@pytest.mark.parametrize("form", ["{}", '"other", {}', "*"])
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "GET"])
def test_a_current_if_match_lets_pass(client: Any, form: str, method: str) -> None:
    ada = client.user("ada")
    headers = {"If-Match": form.format(ada["meta"]["version"])}
    assert send(client, method, ada, headers).ok


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "GET"])
def test_a_stale_if_match_is_412_and_nothing_happens(client: Any, method: str) -> None:
    ada = client.user("ada")
    stale = {"If-Match": ada["meta"]["version"]}
    client.patch(f"/Users/{ada['id']}", {"op": "replace", "path": "title", "value": "Lead"})
    before = client.get(f"/Users/{ada['id']}")
    reply = send(client, method, ada, stale)
    assert (reply.status, reply.resource()["status"]) == (412, "412")
    assert client.get(f"/Users/{ada['id']}") == before


def test_if_none_match_spares_the_body(client: Any) -> None:
    ada = client.user("ada")
    unchanged = client.send("GET", f"/Users/{ada['id']}", headers={"If-None-Match": ada["meta"]["version"]})
    assert (unchanged.status, unchanged.body) == (304, b"")
    assert unchanged.header("ETag") == ada["meta"]["version"]
    assert client.send("GET", f"/Users/{ada['id']}", headers={"If-None-Match": '"other"'}).status == 200


def test_if_none_match_guards_a_write(client: Any) -> None:
    ada = client.user("ada")
    assert send(client, "PUT", ada, {"If-None-Match": "*"}).status == 412


def test_an_unknown_id_is_404_whatever_the_condition(client: Any) -> None:
    assert client.send("DELETE", "/Users/nobody", headers={"If-Match": '"x"'}).status == 404


def test_a_user_s_version_covers_its_groups(client: Any) -> None:
    ada = client.user("ada")
    group = client.group("Crew", ada)
    held = client.get(f"/Users/{ada['id']}")
    assert held["meta"]["version"] != ada["meta"]["version"]
    assert held["meta"]["lastModified"] == ada["meta"]["lastModified"]
    client.patch(f"/Groups/{group['id']}", {"op": "replace", "path": "displayName", "value": "Team"})
    renamed = client.send("GET", f"/Users/{ada['id']}", headers={"If-None-Match": held["meta"]["version"]})
    assert renamed.resource()["groups"][0]["display"] == "Team"


def send(client: Any, method: str, user: dict[str, Any], headers: dict[str, str]) -> Any:
    bodies = {
        "PUT": {"schemas": [USER], "userName": "ada", "title": "New"},
        "PATCH": {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "replace", "path": "title", "value": "New"}],
        },
    }
    return client.send(method, f"/Users/{user['id']}", body=bodies.get(method), headers=headers)


@pytest.mark.parametrize("form", ["*", '"other", {}', "{}", " {} ,", ',"other",{}', "{strong}"])
def test_if_none_match_is_a_list_compared_weakly(client: Any, form: str) -> None:
    """RFC 9110 §13.1.2: the strong form of a weak tag names it as well."""
    version = client.user("ada")["meta"]["version"]
    ada = client.get("/Users")["Resources"][0]
    field = form.format(version, strong=version.removeprefix("W/"))
    assert client.send("GET", f"/Users/{ada['id']}", headers={"If-None-Match": field}).status == 304


def test_a_304_has_what_describes_the_version_and_nothing_about_a_body(client: Any) -> None:
    """RFC 9110 §15.4.5."""
    ada = client.user("ada")
    for method in ("GET", "HEAD"):
        reply = client.send(method, f"/Users/{ada['id']}", headers={"If-None-Match": "*"})
        assert (reply.status, reply.body) == (304, b"")
        assert [name.lower() for name, _ in reply.headers] == ["etag"]


UNREADABLE = ["1", "W/1", "'x'", '"', '"x', "**", '*, "x"', "", ",", "w/\"x\"", '"x" y', '"a"' * 2000 + "b"]


@pytest.mark.parametrize("field", UNREADABLE)
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("name", ["If-Match", "If-None-Match"])
def test_a_write_under_a_condition_that_can_t_be_read_is_400(client: Any, name: str, method: str, field: str) -> None:
    ada = client.user("ada")
    reply = send(client, method, ada, {name: field})
    assert (reply.status, reply.resource()["status"]) == (400, "400")
    assert reply.resource()["detail"].startswith(f"{name} takes")
    assert client.get(f"/Users/{ada['id']}") == ada


@pytest.mark.parametrize("field", UNREADABLE)
def test_a_read_goes_on_without_an_if_none_match_that_can_t_be_read(client: Any, field: str) -> None:
    ada = client.user("ada")
    assert client.send("GET", f"/Users/{ada['id']}", headers={"If-None-Match": field}).resource() == ada


def test_if_match_is_looked_at_before_if_none_match(client: Any) -> None:
    """RFC 9110 §13.2.2."""
    ada = client.user("ada")
    both = {"If-Match": '"stale"', "If-None-Match": ada["meta"]["version"]}
    assert client.send("GET", f"/Users/{ada['id']}", headers=both).status == 412


def test_dates_are_no_conditions_here(client: Any) -> None:
    """RFC 9110 §13.1.3: they are ignored where a resource has no Last-Modified."""
    ada = client.user("ada")
    old = {"If-Modified-Since": "Tue, 01 Jan 2030 00:00:00 GMT", "If-Unmodified-Since": "Tue, 01 Jan 2019 00:00:00 GMT"}
    assert client.send("GET", f"/Users/{ada['id']}", headers=old).status == 200
    assert send(client, "DELETE", ada, old).status == 204


def test_a_deletion_under_a_stale_tag_deletes_nothing_and_under_the_current_one_does(client: Any) -> None:
    ada = client.user("ada")
    assert send(client, "DELETE", ada, {"If-Match": '"stale"'}).status == 412
    assert send(client, "DELETE", ada, {"If-Match": ada["meta"]["version"]}).status == 204
    assert client.send("GET", f"/Users/{ada['id']}").status == 404
