"""Organizations over the API: what they are called, what they have switched on, and what there is of them in a list."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import pytest


def test_an_organization_is_made_and_found_by_either_id(programs: Any) -> None:
    sent = {"display_name": "Acme", "external_id": "crm-7", "region_code": "EU", "metadata": {"plan": "gold"}}
    reply = programs.ask("POST", "/organizations", sent)
    made = reply.resource()["organization"]
    assert (reply.status, made["id"][:4]) == (201, "org_")
    assert made == {
        "id": made["id"],
        "create_time": "2026-01-01T00:00:00.000Z",
        "update_time": "2026-01-01T00:00:00.000Z",
        **sent,
        "settings": {
            "features": [
                {"name": "scim", "enabled": True},
                {"name": "sso", "enabled": False},
                {"name": "domain_verification", "enabled": False},
            ]
        },
    }
    assert programs.asked("GET", f"/organizations/{made['id']}") == {"organization": made}
    assert programs.asked("GET", "/organizations:external/crm-7") == {"organization": made}
    assert programs.audited(made["id"]) == [("organization.create", "Organization", made["id"])]


def test_what_isn_t_said_of_an_organization_is_shown_as_nothing(programs: Any) -> None:
    made = programs.asked("POST", "/organizations", {"display_name": "Acme"})["organization"]
    assert (made["external_id"], made["metadata"], made["region_code"]) == ("", {}, "US")
    again = programs.asked("POST", "/organizations", {"display_name": "Acme", "external_id": ""})["organization"]
    assert (again["external_id"], again["id"] != made["id"]) == ("", True), "no id is nobody's, and names may be alike"


@pytest.mark.parametrize(
    "body",
    [{}, {"display_name": ""}, {"display_name": 7}, {"display_name": "x" * 501},
     {"display_name": "Acme", "region_code": "DE"}, {"display_name": "Acme", "metadata": []},
     {"display_name": "Acme", "metadata": {"plan": 7}}, {"display_name": "Acme", "colour": "red"},
     {"display_name": "Acme", "external_id": 7}, [], b"{"],
)  # fmt: skip
def test_what_makes_no_organization_is_refused_and_none_is_there(programs: Any, body: Any) -> None:
    before = programs.asked("GET", "/organizations")
    assert programs.refused("POST", "/organizations", body) == (400, 3, "INVALID_ARGUMENT")
    assert programs.asked("GET", "/organizations") == before


def test_an_external_id_is_one_organization_s_alone(programs: Any) -> None:
    first = programs.organization(external_id="crm-7")
    other = programs.organization(external_id="crm-8")
    assert programs.refused("POST", "/organizations", {"display_name": "B", "external_id": "crm-7"})[:2] == (409, 6)
    place = f"/organizations/{other['id']}"
    assert programs.refused("PATCH", place, {"external_id": "crm-7"})[:2] == (409, 6)
    assert programs.asked("PATCH", place, {"external_id": "crm-8"})["organization"]["external_id"] == "crm-8"
    assert programs.asked("PATCH", f"/organizations/{first['id']}", {"external_id": ""})
    assert programs.asked("PATCH", place, {"external_id": "crm-7"})["organization"]["external_id"] == "crm-7"


def test_an_update_sets_what_it_names(programs: Any) -> None:
    made = programs.organization(external_id="crm-7", metadata={"plan": "gold", "seats": "7"})
    programs.clock.sleep(60)
    place = f"/organizations/{made['id']}"
    changed = programs.asked("PATCH", place, {"display_name": "Acme 2", "metadata": {"plan": "iron"}})["organization"]
    assert changed == {
        **made, "display_name": "Acme 2", "metadata": {"plan": "iron"}, "update_time": "2026-01-01T00:01:00.000Z",
    }  # fmt: skip
    assert programs.refused("PATCH", place, {"region_code": "EU"})[:2] == (400, 3), "data stays where it is"
    told = programs.audited(made["id"])
    assert programs.asked("PATCH", place, {"display_name": "Acme 2"})["organization"] == changed
    assert programs.audited(made["id"]) == told, "nothing has changed, and nothing is told"


def test_organizations_come_in_pages_that_lead_both_ways(programs: Any) -> None:
    names = [programs.organization(f"O{number}", "")["display_name"] for number in range(7)]
    expected = ["Reference organization", *names]

    def page(query: str) -> dict[str, Any]:
        return dict(programs.asked("GET", "/organizations", query=query))

    seen, tokens, token = [], [], ""
    while True:
        found = page(f"page_size=3&page_token={token}")
        assert found["total_size"] == 8
        seen.append([one["display_name"] for one in found["organizations"]])
        tokens.append(found["prev_page_token"])
        token = found["next_page_token"]
        if not token:
            break
    assert seen == [expected[:3], expected[3:6], expected[6:]]
    assert tokens[0] == ""
    back = page(f"page_size=3&page_token={tokens[2]}")
    assert [one["display_name"] for one in back["organizations"]] == expected[3:6]
    assert len(page("page_size=50")["organizations"]) == 8
    assert programs.refused("GET", "/organizations", query="page_token=x")[:2] == (400, 3)


def test_a_list_can_be_of_the_one_with_an_external_id(programs: Any) -> None:
    made = programs.organization(external_id="crm-7")
    found = programs.asked("GET", "/organizations", query="external_id=crm-7")
    assert ([one["id"] for one in found["organizations"]], found["total_size"]) == ([made["id"]], 1)
    assert programs.asked("GET", "/organizations", query="external_id=crm-8")["total_size"] == 0


# Switches (CAP-07) and the default role (CAP-32)


def test_a_switch_that_isn_t_named_stays_as_it_is(programs: Any) -> None:
    made = programs.organization()
    place = f"/organizations/{made['id']}/settings"

    def switches(*features: dict[str, Any]) -> dict[str, bool]:
        shown = programs.asked("PATCH", place, {"features": list(features)})["organization"]["settings"]["features"]
        return {one["name"]: one["enabled"] for one in shown}

    assert switches({"name": "sso", "enabled": True}) == {"scim": True, "sso": True, "domain_verification": False}
    assert switches({"name": "scim", "enabled": False}) == {"scim": False, "sso": True, "domain_verification": False}
    assert switches({"name": "scim", "enabled": True}, {"name": "sso"}) == {
        "scim": True, "sso": False, "domain_verification": False,
    }, "in protobuf's JSON, false goes unsaid"  # fmt: skip
    assert programs.refused("PATCH", place, {"features": [{"name": "telepathy", "enabled": True}]})[:2] == (400, 3)
    assert programs.refused("PATCH", place, {"features": [{"name": "scim", "enabled": "no"}]})[:2] == (400, 3)
    assert programs.refused("PATCH", place, {"features": {"scim": True}})[:2] == (400, 3)


def test_the_default_role_is_set(programs: Any) -> None:
    place = "/organizations/org_ref/roles:set_defaults"
    ada = programs.person()
    assert programs.asked("PATCH", place, {"default_member_role": "guest"})["default_member"]["name"] == "guest"
    assert programs.roles(ada) == ["guest"]
    assert programs.refused("PATCH", place, {"default_member_role": ""})[:2] == (400, 3)
    nowhere = "/organizations/org_none/roles:set_defaults"
    assert programs.refused("PATCH", nowhere, {"default_member_role": "x"})[0] == 404


# Removed


def test_an_organization_goes_with_its_directories_and_what_it_did_stays(make_programs: Any, tmp_path: Any) -> None:
    programs = make_programs(db=str(tmp_path / "db"))
    made = programs.organization(external_id="crm-7")
    directories = [programs.directory(made) for _ in range(2)]
    clients = [programs.idp(directory) for directory in directories]
    assert programs.ask("DELETE", f"/organizations/{made['id']}").status == 204
    assert [client.send("GET", "/Users").status for client in clients] == [401, 401]
    place = f"/organizations/{made['id']}"
    for path in (place, f"{place}/domains", f"{place}/directories", "/organizations:external/crm-7"):
        assert programs.refused("GET", path) == (404, 5, "ORGANIZATION_NOT_FOUND")
    assert programs.refused("DELETE", place)[0] == 404
    with sqlite3.connect(tmp_path / "db") as file:
        sql = "SELECT action FROM audit WHERE organization = 2 ORDER BY sequence"
        told = [action for (action,) in file.execute(sql)]
    file.close()
    assert told[-3:] == ["directory.delete", "directory.delete", "organization.delete"]
    again = programs.organization(external_id="crm-7")
    assert programs.asked("GET", f"/organizations/{again['id']}/directories") == {"directories": []}


def test_the_organization_of_the_server_itself_can_t_be_removed(programs: Any) -> None:
    ada = programs.person()
    assert programs.refused("DELETE", "/organizations/org_ref") == (400, 9, "FAILED_PRECONDITION")
    assert programs.get(f"/Users/{ada['id']}") == ada


# Who may ask


def test_the_api_is_for_the_server_s_own_token_and_tells_strangers_nothing(programs: Any) -> None:
    secret = programs.secret(programs.directory(programs.organization()))["plain_secret"]
    for credentials in ("", "Bearer wrong", f"Bearer {secret}", "Basic czNjcmV0"):
        for method, path in (("GET", "/organizations"), ("GET", "/organizations/org_ref"), ("GET", "/nowhere"),
                             ("POST", "/organizations"), ("DELETE", "/organizations/org_ref")):  # fmt: skip
            reply = programs.ask(method, path, Authorization=credentials)
            assert (reply.status, reply.resource()["code"]) == (401, 16), (credentials, method, path)
            assert reply.header("WWW-Authenticate").startswith("Bearer")


def test_without_a_policy_there_is_no_api(make_client: Callable[..., Any]) -> None:
    client = make_client(base_url="http://127.0.0.1:8080")
    for path in ("/api/v1/organizations", "/oauth/token", "/keys", "/api/v1/directories/dir_ref/scim/v2/Users"):
        reply = client.send("GET", path)
        assert (reply.status, reply.resource()["schemas"]) == (404, ["urn:ietf:params:scim:api:messages:2.0:Error"])
    for switch in ("scim", "directory", "allowed"):
        assert client.send("PUT", f"/manage/tenants/default/{switch}", body={"enabled": False}).status == 404
    assert client.send("POST", "/manage/tenants/default/tokens:regenerate").status == 404


def test_what_is_set_below_manage_leaves_an_entry_where_something_changes(programs: Any) -> None:
    """CAP-54: one for each change, whichever way it was asked for."""
    crew = programs.group("Crew")
    before = len(programs.audited())
    for _ in range(2):
        programs.manage("PUT", "/domains", {"domains": ["acme.test", "beta.test"]})
        programs.manage("PUT", "/roles", {"default": "guest"})
        programs.manage("PUT", f"/roles/map/{crew['id']}", {"role": "dev"})
    programs.manage("DELETE", f"/roles/map/{crew['id']}")
    told = [(entry["action"], entry["actor"]["type"], entry["changes"][0]["attribute"])
            for entry in programs.managed("/audit")["entries"][before:]]  # fmt: skip
    assert told == [
        ("organization.update", "admin", "domains"),
        ("organization.update", "admin", "default_role"),
        ("directory.assign_roles", "admin", f"roles.{crew['id']}"),
        ("directory.assign_roles", "admin", f"roles.{crew['id']}"),
    ]
