"""Directories over the API: what they are, what has become of them, and that their figures are those of SCIM."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NONE = "DIRECTORY_PROVIDER_UNSPECIFIED"


def place(directory: dict[str, Any], verb: str = "") -> str:
    return f"/organizations/{directory['organization_id']}/directories/{directory['id']}{verb}"


def person(client: Any, name: str) -> dict[str, Any]:
    return dict(client.user(name, emails=[{"value": f"{name}@acme.test", "primary": True}]))


def test_a_new_directory_says_all_there_is_to_say_zeros_too(programs: Any) -> None:
    acme = programs.organization()
    made = programs.directory(acme, directory_type="SCIM", directory_provider="OKTA")
    assert made == {
        "id": made["id"],
        "name": "Okta",
        "directory_type": "SCIM",
        "directory_provider": "OKTA",
        "organization_id": acme["id"],
        "enabled": True,
        "status": "DRAFT",
        "directory_endpoint": f"http://127.0.0.1:8080/api/v1/directories/{made['id']}/scim/v2",
        "email": "",
        "groups_tracked": "ALL",
        "allowed_addresses": [],
        "total_users": 0,
        "total_groups": 0,
        "stats": {"total_users": 0, "total_groups": 0},
        "secrets": [],
        "role_assignments": {"assignments": []},
        "attribute_mappings": {"attributes": []},
    }
    assert programs.seen(made) == made
    assert programs.asked("GET", f"/organizations/{acme['id']}/directories") == {"directories": [made]}


@pytest.mark.parametrize(
    "provider", ["OKTA", "GOOGLE", "MICROSOFT_AD", "AUTH0", "ONELOGIN", "JUMPCLOUD", "PING_IDENTITY", NONE]
)
@pytest.mark.parametrize("type", ["SCIM", "LDAP", "POLL"])
def test_every_kind_of_directory_can_be_made(programs: Any, type: str, provider: str) -> None:
    """CAP-11."""
    made = programs.directory(programs.organization(), directory_type=type, directory_provider=provider, name="Ours")
    assert (made["directory_type"], made["directory_provider"], made["name"]) == (type, provider, "Ours")


@pytest.mark.parametrize(
    "body",
    [{"directory_type": "CSV"}, {"directory_provider": "GITLAB"}, {"directory_type": 1}, {"name": 7}, {"status": ""}],
)
def test_what_makes_no_directory_is_refused(programs: Any, body: dict[str, Any]) -> None:
    assert programs.refused("POST", "/organizations/org_ref/directories", body) == (400, 3, "INVALID_ARGUMENT")
    assert len(programs.asked("GET", "/organizations/org_ref/directories")["directories"]) == 1


def test_a_custom_directory_is_made_of_nothing(programs: Any) -> None:
    made = programs.directory(programs.organization())
    assert (made["directory_type"], made["directory_provider"], made["name"]) == ("SCIM", NONE, "Custom directory")


def test_the_endpoint_is_where_the_directory_answers(programs: Any) -> None:
    directory = programs.directory(programs.organization())
    client = programs.idp(directory)
    ada = person(client, "ada")
    assert ada["meta"]["location"] == f"{directory['directory_endpoint']}/Users/{ada['id']}"
    assert programs.names() == [], "and none of it is in another directory"


@pytest.mark.parametrize(
    "url", ["https://id.example.com/scim/v2", "https://id.example.com/scim/v2/", "https://example.com/id/scim/v2"]
)
def test_the_endpoint_lies_where_clients_know_the_server(make_programs: Callable[..., Any], url: str) -> None:
    programs = make_programs(public_url=url)
    directory = programs.directory(programs.organization())
    endpoint = f"{url.partition('/scim')[0]}/api/v1/directories/{directory['id']}/scim/v2"
    assert directory["directory_endpoint"] == endpoint
    inside = {**directory, "directory_endpoint": f"http://127.0.0.1:8080{endpoint[endpoint.index('/api'):]}"}
    assert person(programs.idp(inside), "ada")["meta"]["location"].startswith(f"{endpoint}/Users/")


def test_a_host_that_anybody_can_invent_is_no_endpoint(programs: Any) -> None:
    """READ-02."""
    reply = programs.ask("GET", "/organizations/org_ref/directories/dir_ref", Host="evil.example.com")
    assert reply.resource()["directory"]["directory_endpoint"].startswith("http://127.0.0.1:8080/")


# From a draft to one that works


def test_the_status_follows_the_first_secret_and_the_first_write(programs: Any) -> None:
    directory = programs.directory(programs.organization())
    client = programs.idp(directory)
    assert programs.seen(directory)["status"] == "IN_PROGRESS"
    client.get("/Users")
    assert client.send("POST", "/Users", body={"schemas": [], "userName": "x"}).status == 400
    seen = programs.seen(directory)
    assert (seen["status"], "last_synced_at" in seen) == ("IN_PROGRESS", False), "neither a read nor a refusal counts"
    programs.clock.sleep(10)
    ada = person(client, "ada")
    seen = programs.seen(directory)
    assert (seen["status"], seen["last_synced_at"]) == ("COMPLETED", "2026-01-01T00:00:10.000Z")
    programs.clock.sleep(10)
    assert client.put(ada).status == 200
    assert programs.seen(directory)["last_synced_at"] == "2026-01-01T00:00:20.000Z", "accepted, though nothing changes"
    programs.clock.sleep(10)
    foreign = [{"value": "ada@elsewhere.test", "primary": True}]
    assert client.put(ada, emails=foreign).status == 400
    assert programs.seen(directory)["last_synced_at"] == "2026-01-01T00:00:20.000Z"
    assert client.send("DELETE", f"/Users/{ada['id']}").status == 204
    assert programs.seen(directory)["last_synced_at"] == "2026-01-01T00:00:30.000Z"


def test_figures_say_how_many_and_when_the_last_one_changed(programs: Any) -> None:
    directory = programs.directory(programs.organization())
    client = programs.idp(directory)
    ada = person(client, "ada")
    programs.clock.sleep(60)
    crew = client.group("Crew")
    assert programs.seen(directory)["stats"] == {
        "total_users": 1, "total_groups": 1,
        "user_updated_at": ada["meta"]["lastModified"], "group_updated_at": crew["meta"]["lastModified"],
    }  # fmt: skip
    programs.clock.sleep(60)
    assert client.patch(f"/Users/{ada['id']}", {"op": "replace", "path": "active", "value": False}).status == 200
    stats = programs.seen(directory)["stats"]
    assert (stats["total_users"], stats["user_updated_at"]) == (1, "2026-01-01T00:02:00.000Z"), "who is off is here"


_DEEDS = st.lists(
    st.tuples(st.sampled_from(["user", "group", "rename", "off", "gone", "gone-group", "nonsense"]), st.integers(0, 5)),
    max_size=14,
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=_DEEDS)
def test_figures_are_those_of_scim_whatever_happened(programs: Any, deeds: list[tuple[str, int]]) -> None:
    """CAP-51, recomputed from what SCIM shows."""
    directory = programs.directory(programs.organization())
    client = programs.idp(directory)
    accepted = False
    for deed, number in deeds:
        programs.clock.sleep(1)
        users, groups = (client.get(path)["Resources"] for path in ("/Users", "/Groups"))
        chosen = {"user": [0], "group": [0], "nonsense": [0], "gone-group": groups}.get(deed, users)
        if not chosen:
            continue
        one = chosen[number % len(chosen)]
        match deed:
            case "user":
                name = f"u{number}"
                body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name,
                        "emails": [{"value": f"{name}@acme.test"}]}  # fmt: skip
                reply = client.send("POST", "/Users", body=body)
            case "group":
                body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": f"g{number}",
                        "members": [{"value": user["id"]} for user in users[:number]]}  # fmt: skip
                reply = client.send("POST", "/Groups", body=body)
            case "rename":
                reply = client.patch(f"/Users/{one['id']}", {"op": "replace", "path": "title", "value": f"t{number}"})
            case "off":
                reply = client.patch(f"/Users/{one['id']}", {"op": "replace", "path": "active", "value": False})
            case "gone":
                reply = client.send("DELETE", f"/Users/{one['id']}")
            case "gone-group":
                reply = client.send("DELETE", f"/Groups/{one['id']}")
            case _:
                reply = client.send("POST", "/Users", body={"userName": "x"})
        accepted = accepted or reply.status // 100 == 2
    stats, seen = {}, programs.seen(directory)
    for kind in ("user", "group"):
        found = client.get(f"/{kind.capitalize()}s", count="100")
        stats[f"total_{kind}s"] = found["totalResults"]
        if found["Resources"]:
            stats[f"{kind}_updated_at"] = max(one["meta"]["lastModified"] for one in found["Resources"])
    assert seen["stats"] == stats
    assert (seen["total_users"], seen["total_groups"]) == (stats["total_users"], stats["total_groups"])
    assert seen["status"] == ("COMPLETED" if accepted else "IN_PROGRESS")


# Set, switched, removed


def test_an_update_sets_what_it_names_and_nothing_else(programs: Any) -> None:
    made = programs.directory(programs.organization(), directory_provider="OKTA")
    wanted = {"name": "HR", "directory_provider": "MICROSOFT_AD", "email": "it@acme.test"}
    assert programs.asked("PATCH", place(made), wanted)["directory"] == {**made, **wanted}
    told = programs.audited(made["organization_id"])
    assert programs.asked("PATCH", place(made), wanted)["directory"] == {**made, **wanted}
    assert programs.audited(made["organization_id"]) == told
    for body in ({"name": ""}, {"directory_type": "CSV"}, {"enabled": "no"}, {"allowed_addresses": "all"},
                 {"allowed_addresses": ["10.0.0.0/40"]}, {"allowed_addresses": ["acme"]}, {"id": "x"}):  # fmt: skip
        assert programs.refused("PATCH", place(made), body)[:2] == (400, 3), body
    assert programs.seen(made) == {**made, **wanted}


def test_a_switch_is_told_of_once_in_an_event_and_once_in_the_log(programs: Any) -> None:
    """CAP-08, over the directory of the server itself, which has a webhook."""
    ref = programs.asked("GET", "/organizations/org_ref/directories/dir_ref")["directory"]
    for verb, enabled in ((":disable", False), (":disable", False), (":enable", True), (":enable", True)):
        assert programs.asked("PATCH", place(ref, verb)) == {"enabled": enabled}
        assert programs.seen(ref)["enabled"] is enabled
    programs.clock.sleep(5)
    told = programs.receiver.events
    assert [event["type"] for event in told] == ["organization.directory_disabled", "organization.directory_enabled"]
    assert [event["object"] for event in told] == ["Directory", "Directory"]
    assert told[0]["display_name"] == "Directory Disabled"
    assert told[0]["data"] == {
        "id": "dir_ref", "organization_id": "org_ref", "directory_type": "SCIM", "provider": NONE, "enabled": False,
        "updated_at": "2026-01-01T00:00:00.000Z",
    }  # fmt: skip
    deeds = [action for action, _, _ in programs.audited() if action.startswith("directory.")]
    assert deeds == ["directory.disable", "directory.enable"]


def test_a_directory_goes_with_all_that_it_has(programs: Any) -> None:
    acme = programs.organization()
    first, second = programs.directory(acme), programs.directory(acme)
    client, other = programs.idp(first), programs.idp(second)
    person(client, "ada")
    bob = person(other, "bob")
    assert programs.ask("DELETE", place(first)).status == 204
    assert client.send("GET", "/Users").status == 401, "its token has gone with it"
    assert client.send("GET", "/ServiceProviderConfig", headers={"Authorization": None}).status == 200
    assert programs.refused("GET", place(first)) == (404, 5, "DIRECTORY_NOT_FOUND")
    assert other.get(f"/Users/{bob['id']}") == bob
    assert [one["id"] for one in programs.asked("GET", f"/organizations/{acme['id']}/directories")["directories"]] == [
        second["id"]
    ]
    assert programs.refused("DELETE", "/organizations/org_ref/directories/dir_ref") == (400, 9, "FAILED_PRECONDITION")


def test_a_tenant_is_a_directory_by_another_name(programs: Any) -> None:
    assert programs.manage("PUT", "/tenants/acme").status == 200
    seen = programs.asked("GET", "/organizations/org_acme/directories/dir_acme")["directory"]
    assert (seen["id"], seen["organization_id"], seen["status"]) == ("dir_acme", "org_acme", "DRAFT")
    assert programs.ask("DELETE", place(seen)).status == 204
    assert [one["name"] for one in programs.managed("/tenants")["tenants"]] == ["default"]
    assert programs.manage("PUT", "/tenants/acme").status == 200
    assert programs.manage("DELETE", "/tenants/acme").status == 204
    assert programs.refused("GET", place(seen))[0] == 404


def test_a_directory_is_found_in_its_own_organization_only(programs: Any) -> None:
    """CAP-10."""
    acme, other = programs.organization(), programs.organization("Other")
    directory = programs.directory(acme)
    elsewhere = {**directory, "organization_id": other["id"]}
    for method, verb in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("PATCH", ":enable"), ("PATCH", ":disable"),
                         ("PUT", "/groups/-/roles:assign"), ("GET", ":sync"), ("POST", "/secrets"),
                         ("POST", "/secrets:regenerate")):  # fmt: skip
        body = {"assignments": []} if method == "PUT" else {}
        assert programs.refused(method, place(elsewhere, verb), body) == (404, 5, "DIRECTORY_NOT_FOUND"), verb
    assert programs.seen(directory) == directory


def test_there_is_nothing_to_be_polled_where_an_idp_pushes(programs: Any) -> None:
    directory = programs.directory(programs.organization())
    assert programs.asked("GET", place(directory, ":sync")) == {}
    assert programs.seen(directory) == directory


# Groups that give roles


def test_roles_are_assigned_to_groups_as_a_whole(programs: Any) -> None:
    """CAP-31."""
    ada = programs.person()
    crew, pilots = programs.group("Crew", ada), programs.group("Pilots", ada)
    ref = programs.asked("GET", "/organizations/org_ref/directories/dir_ref")["directory"]
    verb = place(ref, "/groups/-/roles:assign")

    def assign(**roles: str) -> list[dict[str, str]]:
        ids = {"crew": crew["id"], "pilots": pilots["id"]}
        wanted = [{"group_id": f"dirgroup_{ids[name]}", "role_name": role} for name, role in roles.items()]
        told = programs.asked("PUT", verb, {"assignments": wanted})["role_assignments"]["assignments"]
        assert sorted((one["group_id"], one["role_name"]) for one in told) == sorted(
            (one["group_id"], one["role_name"]) for one in wanted
        )
        assert programs.seen(ref)["role_assignments"]["assignments"] == told
        return list(told)

    assign(crew="dev", pilots="admin")
    assert programs.roles(ada) == ["admin", "dev"]
    assert programs.managed("/roles")["map"] == {crew["id"]: "dev", pilots["id"]: "admin"}
    assign(pilots="dev")
    assert programs.roles(ada) == ["dev"]
    assign()
    assert programs.roles(ada) == ["member"]


@pytest.mark.parametrize(
    ("assignments", "status"),
    [([{"group_id": "dirgroup_nobody", "role_name": "dev"}], 404), ([{"group_id": "nobody", "role_name": "dev"}], 400),
     ([{"group_id": "dirgroup_x"}], 400), ("all", 400), (["dev"], 400), (None, 400),
     ([{"group_id": "dirgroup_x", "role_name": "a"}, {"group_id": "dirgroup_x", "role_name": "b"}], 400)],
)  # fmt: skip
def test_an_assignment_that_makes_no_sense_changes_nothing(programs: Any, assignments: Any, status: int) -> None:
    crew = programs.group("Crew")
    programs.manage("PUT", f"/roles/map/{crew['id']}", {"role": "dev"})
    verb = "/organizations/org_ref/directories/dir_ref/groups/-/roles:assign"
    assert programs.refused("PUT", verb, {"assignments": assignments})[0] == status
    assert programs.managed("/roles")["map"] == {crew["id"]: "dev"}


# Two processes


def test_two_servers_on_one_file_see_each_other_s_directories(make_programs: Callable[..., Any], tmp_path: Any) -> None:
    """As two processes are: nothing of a directory is kept in memory for good."""
    one = make_programs(db=str(tmp_path / "db"))
    two = make_programs(db=str(tmp_path / "db"))
    directory = one.directory(one.organization())
    token = one.secret(directory)["plain_secret"]
    here, there = one.idp(directory, token), two.idp(directory, token)
    person(there, "ada")
    assert here.names() == ["ada"]
    assert (two.seen(directory)["status"], two.seen(directory)["total_users"]) == ("COMPLETED", 1)
    assert two.asked("PATCH", place(directory, ":disable")) == {"enabled": False}
    assert here.send("GET", "/Users").status == 403
    assert one.asked("PATCH", place(directory, ":enable")) == {"enabled": True}
    assert there.names() == ["ada"]
    assert two.ask("DELETE", place(directory)).status == 204
    assert [here.send("GET", "/Users").status, there.send("GET", "/Users").status] == [401, 401]
