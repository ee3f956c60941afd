"""The awkward but sound servers: each does what it says, tells so where the RFC has a place for it, and no more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from scimrig_simulator.faults import variant
from scimrig_simulator.wire import Reply

Serve = Callable[..., Any]

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def config(server: Any) -> dict[str, Any]:
    return dict(server.get("/ServiceProviderConfig"))


def refusal(reply: Reply) -> tuple[int, Any]:
    return reply.status, reply.resource().get("scimType")


# Offering less


def test_patch_204_has_no_body_unless_attributes_are_asked_for(serve: Serve) -> None:
    server = serve(variant("patch-204"))
    ada = server.user("ada")
    silent = server.patch(ada, {"op": "add", "path": "title", "value": "Lead"})
    assert (silent.status, silent.body) == (204, b"")
    assert server.get(ada)["title"] == "Lead"
    body = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "add", "path": "title", "value": "Lead"}],
    }
    asked = server.send("PATCH", ada, body, attributes="title")
    assert (asked.status, asked.resource()["title"]) == (200, "Lead")


def test_no_schemas_has_no_discovery_at_all(serve: Serve) -> None:
    server = serve(variant("no-schemas"))
    paths = ("/Schemas", "/ResourceTypes", "/ServiceProviderConfig", f"/Schemas/{USER}", "/ResourceTypes/User")
    for path in paths:
        assert (server.send("GET", path).status, server.get(path)["status"]) == (404, "404")


def test_users_only_neither_has_groups_nor_speaks_of_them(serve: Serve) -> None:
    server = serve(variant("users-only"))
    assert server.send("GET", "/Groups").status == 404
    assert [kind["name"] for kind in server.get("/ResourceTypes")["Resources"]] == ["User"]
    assert not any(schema["id"].endswith(":Group") for schema in server.get("/Schemas")["Resources"])
    server.user("ada")
    assert server.names(filter='groups.value eq "x"') == []
    assert server.get("/")["totalResults"] == 1


def test_put_only_has_no_patch_and_says_so(serve: Serve) -> None:
    server = serve(variant("put-only"))
    ada, crew = server.user("ada"), server.group("Crew")
    for path in (ada, crew, "/Users/unknown"):
        assert server.patch(path, {"op": "replace", "path": "displayName", "value": "X"}).status == 501
    assert config(server)["patch"] == {"supported": False}
    assert server.send("PUT", ada, {"schemas": [USER], "userName": "ada", "title": "Lead"}).status == 200
    assert server.get(ada)["title"] == "Lead"


def test_page_50_shows_fifty_at_a_time_and_every_row_once(serve: Serve) -> None:
    server = serve(variant("page-50"))
    made = [server.user(f"user{number}") for number in range(120)]
    assert config(server)["filter"] == {"supported": True, "maxResults": 50}
    for asked in ({}, {"count": "100"}, {"count": "200"}):
        page = server.get("/Users", **asked)
        assert (len(page["Resources"]), page["itemsPerPage"], page["totalResults"]) == (50, 50, 120)
    assert len(server.get("/Users", count="7")["Resources"]) == 7
    assert "Resources" not in server.get("/Users", count="0") or server.get("/Users", count="0")["Resources"] == []
    pages = [server.get("/Users", startIndex=str(start), count="100")["Resources"] for start in (1, 51, 101)]
    assert [f"/Users/{row['id']}" for page in pages for row in page] == made


def test_no_etag_knows_no_versions(serve: Serve) -> None:
    server = serve(variant("no-etag"))
    ada = server.user("ada")
    assert config(server)["etag"] == {"supported": False}
    answers = [
        server.send("GET", ada),
        server.send("GET", ada, headers={"If-None-Match": 'W/"1"'}),
        server.send("PUT", ada, {"schemas": [USER], "userName": "ada"}, {"If-Match": 'W/"99"'}),
    ]
    for reply in answers:
        assert (reply.status, reply.header("ETag")) == (200, None)
        assert "version" not in reply.resource()["meta"]
        assert reply.resource()["meta"]["location"]
    assert server.names(filter="meta.version pr") == []


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "add", "path": f"{ENTERPRISE}:department", "value": "Research"},
        {"op": "Add", "path": ENTERPRISE, "value": {"department": "Research"}},
        {"op": "add", "value": {ENTERPRISE: {"department": "Research"}}},
        {"op": "add", "value": {f"{ENTERPRISE}:department": "Research"}},
        {"op": "remove", "path": f"{ENTERPRISE.upper()}:department"},
    ],
)
def test_no_extension_ignores_what_is_patched_into_it(serve: Serve, operation: dict[str, Any]) -> None:
    server = serve(variant("no-extension"))
    ada = server.user("ada")
    before = server.get(ada)
    assert server.patch(ada, operation).status == 200
    assert server.get(ada) == before
    assert server.patch(ada, operation, {"op": "add", "path": "title", "value": "Lead"}).status == 200
    assert server.get(ada)["title"] == "Lead"
    assert ENTERPRISE not in server.get(ada)


def test_no_extension_neither_has_it_nor_speaks_of_it(serve: Serve) -> None:
    server = serve(variant("no-extension"))
    ada = server.user("ada", **{"schemas": [USER, ENTERPRISE], ENTERPRISE: {"department": "Research"}})
    assert server.get(ada)["schemas"] == [USER]
    assert ENTERPRISE not in server.get(ada)
    assert ENTERPRISE not in [schema["id"] for schema in server.get("/Schemas")["Resources"]]
    assert all("schemaExtensions" not in kind for kind in server.get("/ResourceTypes")["Resources"])
    assert server.patch(ada, {"op": "add", "value": {f"{ENTERPRISE}:department": "X", "title": "Lead"}}).status == 200
    assert server.get(ada)["title"] == "Lead"
    assert server.patch(ada, {"op": "add", "path": "noSuch", "value": 1}).status == 400


# Making something of values


def test_lower_casing_keeps_user_name_and_e_mails_in_lower_case(serve: Serve) -> None:
    server = serve(variant("lower-casing"))
    ada = server.user("Ada@Example.COM", emails=[{"value": "Ada@Example.com", "type": "Work"}], displayName="Ada")
    shown = server.get(ada)
    assert shown["userName"] == "ada@example.com"
    assert shown["emails"] == [{"value": "ada@example.com", "type": "Work"}]
    assert shown["displayName"] == "Ada"
    server.patch(ada, {"op": "replace", "path": 'emails[type eq "Work"].value', "value": "ADA@example.com"})
    assert server.get(ada) == shown  # nothing has changed, so that lastModified and version stay
    assert server.names(filter='userName eq "ADA@example.com"') == ["ada@example.com"]


def test_relative_locations_lack_the_base_url_and_nothing_else(serve: Serve) -> None:
    server = serve(variant("relative-location"))
    body = {"schemas": [USER], "userName": "ada", "profileUrl": "http://127.0.0.1:8080/scim/v2/x"}
    created = server.send("POST", "/Users", body)
    place = f"Users/{created.resource()['id']}"
    assert created.header("Location") == place
    assert created.resource()["meta"]["location"] == place
    assert created.resource()["profileUrl"] == body["profileUrl"]
    crew = server.group("Crew", f"/{place}")
    assert server.get(crew)["members"][0]["$ref"] == place
    assert server.get(f"/{place}")["groups"][0]["$ref"] == crew[1:]
    assert server.get("/ServiceProviderConfig")["meta"]["location"] == "ServiceProviderConfig"
    assert {row["meta"]["location"] for row in server.get("/Users")["Resources"]} == {place}


def test_the_extra_required_attribute_is_declared_and_wanted_in_every_write(serve: Serve) -> None:
    server = serve(variant("extra-required-attribute"))
    user = next(schema for schema in server.get("/Schemas")["Resources"] if schema["id"] == USER)
    assert [one["name"] for one in user["attributes"] if one["required"]] == ["userName", "emails"]
    emails = [{"value": "ada@example.com", "type": "work"}]
    assert refusal(server.send("POST", "/Users", {"schemas": [USER], "userName": "ben"})) == (400, "invalidValue")
    ada = server.user("ada", emails=emails)
    put = server.send("PUT", ada, {"schemas": [USER], "userName": "ada"})
    assert refusal(put) == (400, "invalidValue")
    removed = server.patch(ada, {"op": "remove", "path": "emails"})
    assert refusal(removed) == (400, "mutability")  # RFC 7644 §3.5.2.2
    assert server.get(ada)["emails"] == emails
    assert server.patch(ada, {"op": "replace", "path": "title", "value": "Lead"}).status == 200


@pytest.mark.parametrize("odd", ["7", "no-such-id", "%E2%82%AC", "00000000000040008000000000000001"])
def test_uuid_ids_only_knows_no_other_ids(serve: Serve, odd: str) -> None:
    server = serve(variant("uuid-ids-only"))
    for method, body in (("GET", None), ("DELETE", None), ("PUT", {"schemas": [USER], "userName": "ada"})):
        assert server.send(method, f"/Users/{odd}", body).status == 400
    crew = server.group("Crew")
    added = server.patch(crew, {"op": "add", "path": "members", "value": [{"value": odd}]})
    assert refusal(added) == (400, "invalidValue")


def test_uuid_ids_only_knows_an_unknown_uuid_for_what_it_is(serve: Serve) -> None:
    server = serve(variant("uuid-ids-only"))
    assert server.send("GET", "/Users/0b44f1ac-2e47-4b2a-8a08-2b1f8a0f8a9d").status == 404
    ada = server.user("ada")
    assert server.get(server.group("Crew", ada))["members"][0]["value"] == ada.rpartition("/")[2]


def test_soft_delete_hides_a_user_for_every_request(serve: Serve) -> None:
    server = serve(variant("soft-delete-404"))
    ada = server.user("ada")
    crew = server.group("Crew", ada)
    assert server.send("DELETE", ada).status == 204
    for method, body in (("GET", None), ("DELETE", None), ("PUT", {"schemas": [USER], "userName": "ada"})):
        assert server.send(method, ada, body).status == 404
    assert server.names() == []
    assert server.names(filter='userName eq "ada"') == []
    assert "members" not in server.get(crew)


def test_soft_delete_brings_the_old_id_back_and_nothing_else(serve: Serve) -> None:
    server = serve(variant("soft-delete-404"))
    ada = server.user("ada", title="Lead")
    crew = server.group("Crew", ada)
    server.send("DELETE", ada)
    assert server.user("ADA", active=True) == ada
    back = server.get(ada)
    assert (back["userName"], back["active"]) == ("ADA", True)
    assert "title" not in back
    assert "groups" not in back
    assert "members" not in server.get(crew)
    assert back["meta"]["created"] == back["meta"]["lastModified"]
    assert server.send("POST", "/Users", {"schemas": [USER], "userName": "ada"}).status == 409


def test_soft_delete_gives_an_old_id_away_once(serve: Serve) -> None:
    server = serve(variant("soft-delete-404"))
    ada = server.user("ada")
    server.send("DELETE", ada)
    assert server.user("ada") == ada
    server.patch(ada, {"op": "replace", "path": "userName", "value": "ben"})
    assert server.user("ada") != ada


# Taking time


def test_a_lagging_index_learns_of_a_create_two_seconds_later(serve: Serve) -> None:
    server = serve(variant("lag-2s"))
    ada = server.user("ada")
    assert server.get(ada)["userName"] == "ada"
    for query in ({}, {"filter": 'userName eq "ada"'}, {"filter": "userName pr"}, {"count": "1"}):
        assert server.names(**query) == []
        assert server.get("/Users", **query)["totalResults"] == 0
    server.clock.sleep(1.9)
    assert server.names() == []
    server.clock.sleep(0.2)
    assert server.names() == server.names(filter='userName eq "ada"') == ["ada"]


def test_a_lagging_index_shows_a_user_as_before_the_change(serve: Serve) -> None:
    server = serve(variant("lag-2s"))
    ada, ben = server.user("ada"), server.user("ben")
    server.clock.sleep(3)
    server.patch(ada, {"op": "replace", "path": "userName", "value": "ada.new"})
    server.clock.sleep(1)
    server.patch(ada, {"op": "replace", "path": "userName", "value": "ada.newer"})
    assert server.get(ada)["userName"] == "ada.newer"
    assert server.names() == ["ada", "ben"]
    assert server.names(filter='userName eq "ada"') == ["ada"]
    assert server.names(filter='userName eq "ada.newer"') == []
    server.clock.sleep(1.5)  # the first change shows, the second one not yet
    assert server.names() == ["ada.new", "ben"]
    server.clock.sleep(1)
    assert server.names() == ["ada.newer", "ben"]
    assert server.get(ben)["userName"] == "ben"


def test_a_lagging_index_still_lists_whom_is_gone_in_the_old_place(serve: Serve) -> None:
    server = serve(variant("lag-2s"))
    paths = []
    for name in ("ada", "ben", "cleo"):
        paths.append(server.user(name))
        server.clock.sleep(1)
    server.clock.sleep(3)
    server.send("DELETE", paths[1])
    assert server.send("GET", paths[1]).status == 404
    assert server.names() == ["ada", "ben", "cleo"]
    assert server.names(startIndex="2", count="1") == ["ben"]
    page = server.get("/Users", startIndex="2", count="1")
    assert (page["totalResults"], page["itemsPerPage"], page["startIndex"]) == (3, 1, 2)
    server.clock.sleep(3)
    assert server.names() == ["ada", "cleo"]


def test_a_lagging_index_refuses_a_taken_name_at_once_and_hides_passwords(serve: Serve) -> None:
    server = serve(variant("lag-2s"))
    ada = server.user("ada", password="s3cret-Passw0rd")
    assert server.send("POST", "/Users", {"schemas": [USER], "userName": "ada"}).status == 409
    server.clock.sleep(3)
    server.patch(ada, {"op": "replace", "path": "title", "value": "Lead"})
    assert server.names(filter="password pr") == []
    assert "password" not in str(server.get("/Users"))


def test_a_lagging_index_covers_groups_and_the_root(serve: Serve) -> None:
    server = serve(variant("lag-2s"))
    crew = server.group("Crew", server.user("ada"))
    assert server.get(crew)["members"]
    assert server.get("/Groups")["totalResults"] == server.get("/")["totalResults"] == 0
    server.clock.sleep(3)
    assert server.get("/Groups")["Resources"][0]["members"]
    server.patch(crew, {"op": "remove", "path": "members"})
    assert server.get("/Groups")["Resources"][0]["members"]
    assert "members" not in server.get(crew)
    assert server.get("/")["totalResults"] == 2


def test_its_owner_declares_the_lag() -> None:
    assert variant("lag-2s").declares == {"consistency": {"within": 3}}


def test_slow_answers_take_half_a_second_of_the_servers_clock(serve: Serve) -> None:
    server = serve(variant("slow-500ms"))
    before = server.clock.now()
    replies = [server.send("GET", path) for path in ("/Users", "/Users/unknown", "/nowhere", "/ServiceProviderConfig")]
    assert server.clock.now() - before == pytest.approx(2.0)
    assert all(reply.elapsed == pytest.approx(0.5) for reply in replies)
