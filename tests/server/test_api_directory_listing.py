"""What an application reconciles with: the users and groups of a directory, page by page (CAP-49, CAP-52, D9)."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

PLACE = "/organizations/org_ref/directories/dir_ref"
USERS, GROUPS = f"{PLACE}/users", f"{PLACE}/groups"
BADGE = "urn:acme:2.0:User:badge"


def pages(tenant: Any, path: str = USERS, **query: str) -> Iterator[dict[str, Any]]:
    """All pages, from the first to the last."""
    token = ""
    while True:
        page = tenant.told_by_api(path, page_token=token, **query)
        yield page
        token = page["next_page_token"]
        if not token:
            return


def ids(tenant: Any, path: str = USERS, **query: str) -> list[str]:
    kind = "users" if path == USERS else "groups"
    return [one["id"].partition("_")[2] for page in pages(tenant, path, **query) for one in page[kind]]


@pytest.fixture
def crowd(make_tenant: Callable[..., Any]) -> Any:
    """Thirty-five users; the tenth is switched off, the eleventh deleted."""
    tenant = make_tenant()
    tenant.people = [tenant.person(f"p{number:02}") for number in range(36)]
    tenant.put(tenant.people[10], active=False)
    tenant.send("DELETE", f"/Users/{tenant.people.pop(11)['id']}")
    return tenant


def test_a_user_is_shown_by_the_names_of_the_protocol_and_of_its_samples(tenant: Any) -> None:
    ada = tenant.person("ada", externalId="x-1", displayName="Ada Sample")
    name = {"op": "add", "path": "name", "value": {"givenName": "Ada", "familyName": "Sample"}}
    assert tenant.patch(f"/Users/{ada['id']}", name).status == 200
    crew = tenant.group("Crew", ada)
    (shown,) = tenant.told_by_api(USERS)["users"]
    moved = tenant.get(f"/Users/{ada['id']}")["meta"]["lastModified"]
    group = {"id": f"dirgroup_{crew['id']}", "display_name": "Crew", "name": "Crew"}
    assert shown == {
        "id": f"diruser_{ada['id']}", "email": "ada@acme.test", "preferred_username": "ada", "given_name": "Ada",
        "family_name": "Sample", "emails": ["ada@acme.test"], "groups": [group], "updated_at": moved,
        "name": "Ada Sample", "active": True, "external_id": "x-1",
    }  # fmt: skip


def test_what_a_user_has_not_is_said_to_be_empty(tenant: Any) -> None:
    tenant.user("bo@acme.test")
    (shown,) = tenant.told_by_api(USERS)["users"]
    empty = {name: value for name, value in shown.items() if value in ("", [])}
    assert empty == {"given_name": "", "family_name": "", "name": "", "external_id": "", "groups": []}
    assert shown["emails"] == ["bo@acme.test"]


def test_details_come_where_they_are_asked_for_and_never_a_password(tenant: Any) -> None:
    ada = tenant.person("ada", password="s3cr3t-Pa55", title="Lead")
    tenant.api("PUT", f"{PLACE}/attributes", {"attributes": [{"key": "title", "map_to": "rank"}]})
    (shown,) = tenant.told_by_api(USERS, include_detail="true")["users"]
    detail = shown["user_detail"]
    assert (detail["title"], detail["active"], detail["roles"]) == ("Lead", True, [{"role_name": "member"}])
    assert detail["custom_attributes"] == {"rank": "Lead"}
    assert detail["raw_attributes"]["userName"] == "ada"
    location = detail["raw_attributes"]["meta"]["location"]
    assert location == f"http://127.0.0.1:8080/api/v1/directories/dir_ref/scim/v2/Users/{ada['id']}"
    assert "password" not in json.dumps(shown)
    assert "user_detail" not in tenant.told_by_api(USERS, include_detail="false")["users"][0]


def test_who_is_switched_off_is_listed_and_who_is_deleted_is_not(crowd: Any) -> None:
    listed = [user for page in pages(crowd) for user in page["users"]]
    assert [user["id"] for user in listed] == [f"diruser_{person['id']}" for person in crowd.people]
    assert [user["preferred_username"] for user in listed if not user["active"]] == ["p10"]


@pytest.mark.parametrize(
    ("asked", "sizes"), [("", [10, 10, 10, 5]), ("0", [10, 10, 10, 5]), ("12", [12, 12, 11]), ("30", [30, 5]),
                         ("31", [30, 5]), ("500", [30, 5]), ("-1", [10, 10, 10, 5])],
)  # fmt: skip
def test_a_page_has_ten_users_or_as_many_as_asked_for_up_to_thirty(crowd: Any, asked: str, sizes: list[int]) -> None:
    found = list(pages(crowd, page_size=asked))
    assert [len(page["users"]) for page in found] == sizes
    assert {page["total_size"] for page in found} == {35}


def test_one_gets_back_the_way_one_came_and_the_ends_are_said_to_be_ends(crowd: Any) -> None:
    forward = list(pages(crowd))
    assert (forward[0]["prev_page_token"], forward[-1]["next_page_token"]) == ("", "")
    backward, token = [forward[-1]], forward[-1]["prev_page_token"]
    while token:
        backward.append(crowd.told_by_api(USERS, page_token=token))
        token = backward[-1]["prev_page_token"]
    walked = [user for page in reversed(backward) for user in page["users"]]
    assert walked == [user for page in forward for user in page["users"]]
    assert backward[-1]["next_page_token"] != ""


def test_an_empty_directory_has_one_empty_page(tenant: Any) -> None:
    assert tenant.told_by_api(USERS) == {"users": [], "total_size": 0, "next_page_token": "", "prev_page_token": ""}


def test_who_comes_or_goes_between_two_pages_makes_nobody_be_missed_or_met_twice(crowd: Any) -> None:
    first = crowd.told_by_api(USERS)
    crowd.send("DELETE", f"/Users/{crowd.people[3]['id']}")
    crowd.send("DELETE", f"/Users/{crowd.people[9]['id']}")  # the very row that the token is about
    crowd.put(crowd.people[12], title="Lead")
    late = crowd.person("late")
    seen, token = [user["id"] for user in first["users"]], first["next_page_token"]
    while token:
        page = crowd.told_by_api(USERS, page_token=token)
        seen, token = [*seen, *(user["id"] for user in page["users"])], page["next_page_token"]
    assert seen == [f"diruser_{person['id']}" for person in [*crowd.people, late]]


def test_a_token_stays_good_where_everything_behind_it_is_gone(crowd: Any) -> None:
    tokens = [page["next_page_token"] for page in pages(crowd)]
    for person in crowd.people[30:]:
        crowd.send("DELETE", f"/Users/{person['id']}")
    page = crowd.told_by_api(USERS, page_token=tokens[2])
    assert (page["users"], page["next_page_token"]) == ([], "")
    back = crowd.told_by_api(USERS, page_token=page["prev_page_token"])
    assert [user["preferred_username"] for user in back["users"]][-1] == "p30"


def test_a_token_is_that_of_one_listing_and_nobody_can_make_one(crowd: Any) -> None:
    token = crowd.told_by_api(USERS)["next_page_token"]
    letters = [(at, letter) for at in range(len(token)) for letter in "AB_" if token[at] != letter]
    flipped = [f"{token[:at]}{letter}{token[at + 1 :]}" for at, letter in letters]
    group = crowd.group("Crew", *crowd.people)
    wrong = [
        *((USERS, {"page_token": one}) for one in flipped), (USERS, {"page_token": "x"}), (USERS, {"page_token": "1"}),
        (GROUPS, {"page_token": token}), (USERS, {"page_token": token, "updated_after": "2026-01-01T00:00:00Z"}),
        (USERS, {"page_token": token, "directory_group_id": f"dirgroup_{group['id']}"}),
        ("/organizations/org_ref/users", {"page_token": token}),
    ]  # fmt: skip
    for path, query in wrong:
        reply = crowd.api("GET", path, **query)
        assert (reply.status, reply.resource()["code"]) == (400, 3), query
        assert reply.resource()["details"] == [{"error_code": "INVALID_PAGE_TOKEN"}]


@pytest.mark.parametrize(
    "query", [{"page_size": "ten"}, {"updated_after": "yesterday"}, {"include_detail": "maybe"}]
)
def test_a_query_that_makes_no_sense_is_refused(tenant: Any, query: dict[str, str]) -> None:
    reply = tenant.api("GET", USERS, **query)
    assert (reply.status, reply.resource()["code"]) == (400, 3)
    assert next(iter(query)) in reply.resource()["message"]


def test_what_is_not_there_is_not_found(tenant: Any, make_tenant: Callable[..., Any]) -> None:
    for path, code in (
        ("/organizations/org_x/directories/dir_ref/users", "ORGANIZATION_NOT_FOUND"),
        ("/organizations/org_ref/directories/dir_x/users", "DIRECTORY_NOT_FOUND"),
        (f"{USERS}?directory_group_id=dirgroup_x", "GROUP_NOT_FOUND"),
    ):
        path, _, rest = path.partition("?")
        reply = tenant.api("GET", path, **dict([rest.split("=")] if rest else []))
        assert (reply.status, reply.resource()["code"]) == (404, 5)
        assert reply.resource()["details"] == [{"error_code": code}]
    tenant.manage("PUT", "/tenants/acme")
    assert tenant.api("GET", "/organizations/org_acme/directories/dir_ref/users").status == 404
    assert tenant.api("GET", "/organizations/org_acme/directories/dir_acme/users").status == 200


# What has changed


def later(tenant: Any) -> str:
    """The present moment, after which everything that is done now happens."""
    now = datetime.fromtimestamp(tenant.clock.now(), UTC)
    tenant.clock.sleep(1)
    return (now + timedelta(milliseconds=500)).isoformat()


def test_what_has_changed_after_a_moment_is_listed_and_nothing_else(tenant: Any) -> None:
    ada, ben, cleo, dan, eve = (tenant.person(name) for name in ("ada", "ben", "cleo", "dan", "eve"))
    crew, band = tenant.group("Crew"), tenant.group("Band", cleo)
    moment = later(tenant)
    assert ids(tenant, updated_after=moment) == []
    tenant.put(ben, title="Lead")
    tenant.put(ada)  # changes nothing
    tenant.patch(f"/Groups/{crew['id']}", {"op": "add", "path": "members", "value": [{"value": dan["id"]}]})
    tenant.send("DELETE", f"/Users/{eve['id']}")
    assert ids(tenant, updated_after=moment) == [ben["id"], dan["id"]]
    assert tenant.told_by_api(USERS, updated_after=moment)["total_size"] == 2
    assert ids(tenant, GROUPS, updated_after=moment) == [crew["id"]]
    again = later(tenant)
    tenant.send("DELETE", f"/Groups/{band['id']}")
    assert ids(tenant, updated_after=again) == [cleo["id"]]
    assert ids(tenant, GROUPS, updated_after=again) == []


def test_the_moment_of_a_change_is_no_moment_after_it(tenant: Any) -> None:
    ada = tenant.person("ada")
    moved = ada["meta"]["lastModified"]
    assert ids(tenant, updated_after=moved) == []
    assert ids(tenant, updated_after="2025-12-31T23:59:59.999Z") == [ada["id"]]
    assert ids(tenant, updated_after="2026-01-01T00:59:59.999+01:00") == [ada["id"]]


def test_a_member_of_a_nested_group_changes_with_the_group_around_it(tenant: Any) -> None:
    ada = tenant.person("ada")
    inner, outer = tenant.group("Inner", ada), tenant.group("Outer")
    moment = later(tenant)
    tenant.patch(f"/Groups/{outer['id']}", {"op": "add", "path": "members", "value": [{"value": inner["id"]}]})
    assert ids(tenant, updated_after=moment) == [ada["id"]]


def test_who_changes_between_two_pages_of_changes_comes_at_the_end(crowd: Any) -> None:
    first = crowd.told_by_api(USERS, updated_after="2025-01-01T00:00:00Z")
    crowd.clock.sleep(1)
    crowd.put(crowd.people[20], title="Lead")
    seen, token = [user["id"] for user in first["users"]], first["next_page_token"]
    while token:
        page = crowd.told_by_api(USERS, page_token=token, updated_after="2025-01-01T00:00:00Z")
        seen, token = [*seen, *(user["id"] for user in page["users"])], page["next_page_token"]
    assert sorted(seen) == sorted(f"diruser_{person['id']}" for person in crowd.people)
    assert seen[-1] == f"diruser_{crowd.people[20]['id']}"


@pytest.mark.parametrize("seed", range(5))
def test_after_anything_the_listing_is_what_scim_holds_and_changes_are_what_differs(tenant: Any, seed: int) -> None:
    """The oracle is SCIM's own list: what is in it, and whose representation is another than at some moment before."""
    chance, users, groups = random.Random(seed), [], []
    for turn in range(40):
        if turn == 20:
            before, moment = _by_scim(tenant), later(tenant)
        deed = chance.choice(["create", "create", "join", "join", "leave", "edit", "off", "drop", "group", "ungroup"])
        someone, group = (chance.choice(pool) if pool else None for pool in (users, groups))
        if deed == "create" or someone is None:
            users.append(tenant.person(f"u{turn}")["id"])
        elif deed == "drop":
            users.remove(someone)
            tenant.send("DELETE", f"/Users/{someone}")
        elif deed in ("edit", "off"):
            value = {"title": f"T{turn}"} if deed == "edit" else {"active": chance.random() < 0.5}
            tenant.patch(f"/Users/{someone}", {"op": "replace", "value": value})
        elif deed == "group" or group is None:
            groups.append(tenant.group(f"g{turn}", {"id": someone})["id"])
        elif deed == "ungroup":
            groups.remove(group)
            tenant.send("DELETE", f"/Groups/{group}")
        else:
            operation = {"op": "add", "path": "members", "value": [{"value": someone}]}
            gone = {"op": "remove", "path": f'members[value eq "{someone}"]'}
            tenant.patch(f"/Groups/{group}", operation if deed == "join" else gone)
        tenant.clock.sleep(0.01)
    after = _by_scim(tenant)
    listed = {user["id"].partition("_")[2]: user for page in pages(tenant, page_size="7") for user in page["users"]}
    assert {id: (user["active"], sorted(group["name"] for group in user["groups"])) for id, user in listed.items()} == {
        id: (user["active"], sorted(group["display"] for group in user.get("groups", ()))) for id, user in after.items()
    }
    changed = {id for id, user in after.items() if before.get(id) != user}
    told = set(ids(tenant, updated_after=moment))
    assert changed <= told
    assert {id for id in told - changed if id not in before} == set()
    stats = tenant.told_by_api(PLACE)["directory"]["stats"]
    assert (stats["total_users"], stats["total_groups"]) == (len(after), len(groups))


def _by_scim(tenant: Any) -> dict[str, Any]:
    """What each user is, but for when that was written."""
    found = tenant.get("/Users")["Resources"]
    return {user["id"]: {name: value for name, value in user.items() if name != "meta"} for user in found}


# Groups


def test_the_users_of_a_group_are_those_in_it_at_any_depth(crowd: Any) -> None:
    inner = crowd.group("Inner", *crowd.people[:12])
    outer = crowd.group("Outer", crowd.people[20], crowd.people[0])
    crowd.patch(f"/Groups/{outer['id']}", {"op": "add", "path": "members", "value": [{"value": inner["id"]}]})
    wanted = [person["id"] for person in [*crowd.people[:12], crowd.people[20]]]
    group_id = f"dirgroup_{outer['id']}"
    assert ids(crowd, directory_group_id=group_id) == wanted
    assert crowd.told_by_api(USERS, directory_group_id=group_id)["total_size"] == 13
    back = list(pages(crowd, directory_group_id=group_id))[-1]["prev_page_token"]
    listed = crowd.told_by_api(USERS, directory_group_id=group_id, page_token=back)["users"]
    assert [user["id"] for user in listed] == [f"diruser_{id}" for id in wanted[:10]]
    moment = later(crowd)
    crowd.put(crowd.people[5], title="Lead")
    crowd.put(crowd.people[30], title="Lead")
    assert ids(crowd, directory_group_id=group_id, updated_after=moment) == [crowd.people[5]["id"]]


def test_a_group_is_shown_by_the_names_of_the_protocol_and_of_its_samples(tenant: Any) -> None:
    ada, ben = tenant.person("ada"), tenant.person("ben", active=False)
    crew = tenant.send("POST", "/Groups", body={
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Crew", "externalId": "g-1",
        "members": [{"value": ada["id"]}, {"value": ben["id"]}],
    }).resource()  # fmt: skip
    (shown,) = tenant.told_by_api(GROUPS, include_external_groups="true")["groups"]
    assert shown == {
        "id": f"dirgroup_{crew['id']}", "display_name": "Crew", "name": "Crew", "total_users": 2, "member_count": 2,
        "external_id": "g-1", "updated_at": crew["meta"]["lastModified"],
    }  # fmt: skip
    (whole,) = tenant.told_by_api(GROUPS, include_detail="true")["groups"]
    assert [member["value"] for member in whole["group_detail"]["members"]] == [ada["id"], ben["id"]]


def test_groups_come_in_pages_and_their_names_all_at_once(tenant: Any) -> None:
    made = [tenant.group(f"g{number}")["id"] for number in range(12)]
    assert ids(tenant, GROUPS) == made
    summary = tenant.told_by_api(f"{GROUPS}/summary")
    assert summary["groups"][3] == {"id": f"dirgroup_{made[3]}", "display_name": "g3", "name": "g3"}
    assert [len(summary["groups"]), summary["total_size"], summary["next_page_token"]] == [12, 12, ""]


# Mappings


def test_what_is_mapped_is_shown_by_its_new_name(tenant: Any) -> None:
    enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
    mappings = [
        {"key": f"{enterprise}:costCenter", "map_to": "cost"},
        {"key": 'emails[type eq "home"].value', "map_to": "home"},
        {"key": "emails.value", "map_to": "all"}, {"key": "nickName", "map_to": "nick"},
        {"key": f"{enterprise}:manager.value", "map_to": "boss"},
    ]  # fmt: skip
    reply = tenant.api("PUT", f"{PLACE}/attributes", {"attributes": mappings})
    assert (reply.status, reply.resource()) == (200, {"attribute_mappings": {"attributes": mappings}})
    emails = [{"value": "ada@acme.test", "primary": True}, {"value": "ada@home.test", "type": "home"}]
    work = {"costCenter": "C1", "department": "QA", "manager": {"value": "7"}}
    tenant.person("ada", emails=emails, **{enterprise: work, "schemas": [USER, enterprise]})
    tenant.clock.sleep(5)
    custom = {"cost": "C1", "home": "ada@home.test", "all": ["ada@acme.test", "ada@home.test"], "boss": "7"}
    assert tenant.receiver.events[-1]["data"]["custom_attributes"] == custom
    detail = tenant.told_by_api(USERS, include_detail="true")["users"][0]["user_detail"]
    assert detail["custom_attributes"] == {**custom, "all": '["ada@acme.test","ada@home.test"]'}
    assert tenant.api("PUT", f"{PLACE}/attributes", {"attributes": []}).status == 200
    detail = tenant.told_by_api(USERS, include_detail="true")["users"][0]["user_detail"]
    assert (detail["custom_attributes"], detail["raw_attributes"][enterprise]) == ({}, work)


USER = "urn:ietf:params:scim:schemas:core:2.0:User"


@pytest.mark.parametrize(
    "attributes",
    [
        None, {}, [1], [{"key": "title"}], [{"key": "title", "map_to": ""}], [{"key": "", "map_to": "x"}],
        [{"key": "title", "map_to": "a b"}], [{"key": "emails[", "map_to": "x"}], [{"key": "password", "map_to": "x"}],
        [{"key": "urn:ietf:params:scim:schemas:core:2.0:User:password", "map_to": "x"}],
        [{"key": "title", "map_to": "x"}, {"key": "nickName", "map_to": "x"}],
        [{"key": "title", "map_to": "x", "more": 1}], [{"key": "title", "map_to": f"x{n}"} for n in range(101)],
    ],
)  # fmt: skip
def test_a_mapping_that_makes_no_sense_or_shows_a_secret_is_refused(tenant: Any, attributes: Any) -> None:
    reply = tenant.api("PUT", f"{PLACE}/attributes", {"attributes": attributes})
    assert (reply.status, reply.resource()["code"]) == (400, 3)
    directory = tenant.told_by_api(PLACE)["directory"]
    assert directory["attribute_mappings"]["attributes"] == []


# What it costs


@pytest.mark.slow
def test_a_page_costs_no_more_in_a_large_directory(make_tenant: Callable[..., Any]) -> None:
    """Counted in steps of the database's machine, which a busy computer doesn't change."""
    steps = []
    for size in (100, 800):
        tenant = make_tenant()
        made = [tenant.person(f"p{number}") for number in range(size)]
        group = tenant.group("Crew", *made[:: size // 20])
        moment = later(tenant)
        tenant.put(made[size // 2], title="Lead")
        token = tenant.told_by_api(USERS, page_size="30")["next_page_token"]
        steps.append([
            _steps(tenant, page_token=token, page_size="30"),
            _steps(tenant, updated_after=moment),
            _steps(tenant, directory_group_id=f"dirgroup_{group['id']}"),
        ])  # fmt: skip
    small, large = steps
    assert all(after <= before * 1.5 for before, after in zip(small, large, strict=True)), steps


def _steps(tenant: Any, **query: str) -> int:
    connection = tenant.app._tenants._store._db._connection
    counted = [0]

    def count() -> int:
        counted[0] += 1
        return 0

    connection.set_progress_handler(count, 10)
    assert tenant.api("GET", USERS, **query).status == 200
    connection.set_progress_handler(None, 10)
    return counted[0]
