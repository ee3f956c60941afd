"""References between the operations of a bulk job: ``bulkId:x`` in place of an id (RFC 7644 §3.7.1, §3.7.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scimrig_simulator.calls import Call, Resource, Rows
from scimrig_simulator.seams import Seams

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
BASE = "http://127.0.0.1:8080/scim/v2"


def user(name: str, manager: str | None = None, bulk_id: str | None = None, **attributes: Any) -> dict[str, Any]:
    """Creates a user; the bulkId is the name, unless given."""
    data: dict[str, Any] = {"schemas": [USER], "userName": name, **attributes}
    if manager is not None:
        data["schemas"] = [USER, ENTERPRISE]
        data[ENTERPRISE] = {"manager": {"value": manager}, "department": "Tours"}
    return {"method": "POST", "path": "/Users", "bulkId": bulk_id or name, "data": data}


def group(name: str, *members: str, bulk_id: str | None = None) -> dict[str, Any]:
    """Creates a group; members are ids or references."""
    data = {"schemas": [GROUP], "displayName": name, "members": [{"value": value} for value in members]}
    return {"method": "POST", "path": "/Groups", "bulkId": bulk_id or name, "data": data}


def patch(path: str, *operations: dict[str, Any]) -> dict[str, Any]:
    return {"method": "PATCH", "path": path, "data": {"schemas": [PATCH_OP], "Operations": list(operations)}}


def add(path: str, value: Any) -> dict[str, Any]:
    return {"op": "add", "path": path, "value": value}


def results(reply: Any) -> list[dict[str, Any]]:
    assert reply.status == 200, reply.body
    return list(reply.resource()["Operations"])


def statuses(reply: Any) -> list[str]:
    return [result["status"] for result in results(reply)]


def made(reply: Any) -> dict[str, str]:
    """bulkId → id of what was created."""
    return {
        result["bulkId"]: result["location"].rpartition("/")[2]
        for result in results(reply) if result["status"] == "201"
    }  # fmt: skip


def members(client: Any, id: str) -> list[str]:
    return [member["value"] for member in client.get(f"/Groups/{id}").get("members", [])]


def manager(client: Any, id: str) -> str | None:
    value: str | None = client.get(f"/Users/{id}").get(ENTERPRISE, {}).get("manager", {}).get("value")
    return value


def everything(client: Any) -> str:
    """All that is stored, as text."""
    return str(client.get("/Users")["Resources"]) + str(client.get("/Groups")["Resources"])


# Ids take the place of bulkIds


def test_a_new_group_gets_a_new_user_as_a_member(client: Any) -> None:
    reply = client.bulk(user("alice", bulk_id="qwerty"), group("Tour Guides", "bulkId:qwerty", bulk_id="ytrewq"))
    assert statuses(reply) == ["201", "201"]
    ids = made(reply)
    alice = {"value": ids["qwerty"], "$ref": f"{BASE}/Users/{ids['qwerty']}", "type": "User", "display": "alice"}
    assert client.get(f"/Groups/{ids['ytrewq']}")["members"] == [alice]


def test_a_new_user_gets_a_new_manager(client: Any) -> None:
    ids = made(client.bulk(user("bob"), user("alice", manager="bulkId:bob")))
    assert manager(client, ids["alice"]) == ids["bob"]


def test_who_refers_may_come_before_who_is_referred_to_and_answers_keep_the_order_of_the_job(client: Any) -> None:
    crew, inner = group("Crew", "bulkId:alice", "bulkId:Inner"), group("Inner", "bulkId:bob")
    reply = client.bulk(crew, user("alice", manager="bulkId:bob"), inner, user("bob"))
    assert [result["bulkId"] for result in results(reply)] == ["Crew", "alice", "Inner", "bob"]
    assert statuses(reply) == ["201"] * 4
    ids = made(reply)
    assert members(client, ids["Crew"]) == [ids["alice"], ids["Inner"]]
    assert members(client, ids["Inner"]) == [ids["bob"]]
    assert manager(client, ids["alice"]) == ids["bob"]


@pytest.mark.parametrize("first", [True, False])
def test_a_path_may_be_to_what_the_job_creates(client: Any, first: bool) -> None:
    writes = [
        patch("/Users/bulkId:ada", add("title", "Lead")),
        patch("/Groups/bulkId:Crew", add("members", [{"value": "bulkId:ada"}])),
        {"method": "PUT", "path": "/Users/bulkId:ben", "data": {"schemas": [USER], "userName": "ben", "title": "New"}},
        {"method": "DELETE", "path": "Users/bulkId:cyn"},
    ]
    creates = [user("ada"), user("ben"), user("cyn"), group("Crew")]
    reply = client.bulk(*(writes + creates if first else creates + writes))
    assert sorted(statuses(reply)) == ["200", "200", "200", "201", "201", "201", "201", "204"]
    ids = made(reply)
    found = [(one["userName"], one["title"]) for one in client.get("/Users")["Resources"]]
    assert found == [("ada", "Lead"), ("ben", "New")]
    assert members(client, ids["Crew"]) == [ids["ada"]]
    shown = [result["location"] for result in results(reply) if result["method"] == "DELETE"]
    assert shown == [f"{BASE}/Users/{ids['cyn']}"]


@pytest.mark.parametrize(
    "operation",
    [
        add("members", [{"value": "bulkId:ben"}]),
        add("members", {"value": "bulkId:ben", "$ref": "../Users/bulkId:ben"}),
        {"op": "replace", "path": "members", "value": [{"value": "bulkId:ben"}]},
        {"op": "add", "value": {"members": [{"value": "bulkId:ben"}]}},
    ],
)
def test_a_patch_may_bring_in_what_the_job_creates(client: Any, operation: dict[str, Any]) -> None:
    crew = client.group("Crew")
    ids = made(client.bulk(patch(f"/Groups/{crew['id']}", operation), user("ben")))
    assert members(client, crew["id"]) == [ids["ben"]]


def test_the_filter_of_a_patch_may_name_what_the_job_creates(client: Any) -> None:
    one = 'members[value eq "bulkId:ben"]'
    reply = client.bulk(user("ada"), user("ben"), group("Crew", "bulkId:ada", "bulkId:ben"),
                        patch("/Groups/bulkId:Crew", {"op": "remove", "path": one}))  # fmt: skip
    ids = made(reply)
    assert statuses(reply)[-1] == "200"
    assert members(client, ids["Crew"]) == [ids["ada"]]


def test_a_replaced_resource_may_refer_to_what_the_job_creates(client: Any) -> None:
    ada, crew = client.user("ada"), client.group("Crew")
    reply = client.bulk(
        {"method": "PUT", "path": f"/Groups/{crew['id']}", "data": group("Crew", "bulkId:bob")["data"]},
        {"method": "PUT", "path": f"/Users/{ada['id']}", "data": user("ada", manager="bulkId:bob")["data"]},
        user("bob"),
    )
    ids = made(reply)
    assert members(client, crew["id"]) == [ids["bob"]]
    assert manager(client, ada["id"]) == ids["bob"]


def test_a_uri_that_ends_in_a_reference_leads_to_the_resource(client: Any) -> None:
    ada = user("ada", manager="bulkId:bob b")
    ada["data"][ENTERPRISE]["manager"]["$ref"] = "../Users/bulkId:bob%20b"
    ids = made(client.bulk(ada, user("bob", bulk_id="bob b")))
    assert client.get(f"/Users/{ids['ada']}")[ENTERPRISE]["manager"]["$ref"] == f"../Users/{ids['bob b']}"


@pytest.mark.parametrize(
    "bulk_id", ["x", "1", "bulkId:x", "a b", "a:b", 'say "x"', "back\\slash", "\u00e9\u4e2d", "a%2Fb"]
)
def test_a_bulk_id_may_be_any_text(client: Any, bulk_id: str) -> None:
    ids = made(client.bulk(group("Crew", f"bulkId:{bulk_id}"), user("ada", bulk_id=bulk_id)))
    assert members(client, ids["Crew"]) == [ids[bulk_id]]


def test_a_password_is_no_reference(client: Any) -> None:
    reply = client.bulk(user("ada", password="bulkId:Secr3t!"), user("ben", password="bulkId:ada"))
    assert statuses(reply) == ["201", "201"]
    assert b"Secr3t" not in reply.body


def test_a_chain_may_be_as_long_as_the_job(client: Any) -> None:
    chain = [user(f"u{number}", manager=f"bulkId:u{number + 1}") for number in range(999)]
    reply = client.bulk(*chain, user("u999"))
    assert set(statuses(reply)) == {"201"}
    ids = made(reply)
    assert all(manager(client, ids[f"u{number}"]) == ids[f"u{number + 1}"] for number in (0, 500, 998))


# What can't be resolved


@pytest.mark.parametrize(
    "operation",
    [
        group("Crew", "bulkId:nobody"),
        user("ada", manager="bulkId:nobody"),
        user("ada", externalId="bulkId:nobody"),
        user("ada", manager="bulkId:"),
        user("ada", profileUrl="https://x.test/bulkId:nobody"),
        patch("/Users/bulkId:nobody", add("title", "x")),
        patch("/Groups/{crew}", add("members", [{"value": "bulkId:nobody"}])),
        patch("/Groups/{crew}", {"op": "remove", "path": 'members[value eq "bulkId:nobody"]'}),
        patch("/Groups/{crew}", {"op": "remove", "path": 'members[value eq "bulkId:\n"]'}),
    ],
)
def test_who_refers_to_nobody_fails_and_nothing_is_stored(client: Any, operation: dict[str, Any]) -> None:
    crew = client.group("Old")
    job = {**operation, "path": operation["path"].format(crew=crew["id"])}
    wrong, right = results(client.bulk(job, user("ben")))
    assert (wrong["status"], wrong["response"]["scimType"], right["status"]) == ("400", "invalidValue", "201")
    assert "bulkId" not in everything(client)
    assert client.get("/Groups")["Resources"] == [crew]


@pytest.mark.parametrize("late", [True, False])
def test_who_refers_to_what_has_failed_fails_too_and_others_go_on(client: Any, late: bool) -> None:
    client.user("ada")
    refers = [group("Crew", "bulkId:ada"), group("Outer", "bulkId:Crew"), patch("/Users/bulkId:ada", add("title", "x"))]
    job = [*refers, user("ada"), user("ben")] if late else [user("ada"), *refers, user("ben")]
    reply = client.bulk(*job)
    found = {result.get("bulkId", "patch"): result["status"] for result in results(reply)}
    assert found == {"ada": "409", "Crew": "409", "Outer": "409", "patch": "409", "ben": "201"}
    assert results(reply)[job.index(user("ada"))]["response"]["scimType"] == "uniqueness"
    assert "bulkId" not in everything(client)
    assert client.get("/Groups")["totalResults"] == 0


def test_only_a_post_stands_for_a_new_resource(client: Any) -> None:
    ada = client.user("ada")
    change = {**patch(f"/Users/{ada['id']}", add("title", "x")), "bulkId": "ada"}
    assert statuses(client.bulk(change, group("Crew", "bulkId:ada"))) == ["200", "400"]
    assert statuses(client.bulk(user("ben", bulk_id="x"), {**change, "bulkId": "x", "path": "/Users/no"},
                                group("Crew", "bulkId:x"))) == ["201", "404", "201"]  # fmt: skip


# An operation never fails for having been brought forward


def test_a_user_is_created_after_the_one_whose_name_it_takes_has_gone(client: Any) -> None:
    old = client.user("ada")
    gone = {"method": "DELETE", "path": f"/Users/{old['id']}"}
    reply = client.bulk(group("Crew", "bulkId:ada"), gone, user("ada"))
    assert statuses(reply) == ["409", "204", "201"]
    assert client.names() == ["ada"]
    assert statuses(client.bulk(group("Crew", "bulkId:x"), gone, user("ada", bulk_id="x"), failOnErrors=1)) == ["409"]


def test_what_fails_ahead_of_its_place_is_not_tried_again_and_again(make_client: Callable[..., Any]) -> None:
    class Counting(Seams):
        tried = 0

        def unique(self, call: Call, after: Resource, rows: Rows) -> None:
            self.tried += after.get("userName") == "ada"
            super().unique(call, after, rows)

    seams = Counting()
    client = make_client(seams=seams)
    client.user("ada")
    refers = [group(f"{number}", "bulkId:ada") for number in range(50)]
    assert set(statuses(client.bulk(*refers, user("ada")))) == {"409"}
    assert seams.tried == 1 + 2  # the first ada; once for all groups, and once in its own place


def test_a_circle_is_closed_in_its_own_place_where_it_failed_before(client: Any) -> None:
    old = client.user("ada")
    reply = client.bulk(
        group("Crew", "bulkId:ada"), {"method": "DELETE", "path": f"/Users/{old['id']}"},
        user("ada", manager="bulkId:ben"), user("ben", manager="bulkId:ada"), group("Late", "bulkId:ben"),
    )  # fmt: skip
    assert statuses(reply) == ["409", "204", "201", "201", "201"]
    ids = made(reply)
    assert (manager(client, ids["ada"]), manager(client, ids["ben"])) == (ids["ben"], ids["ada"])


# Circles


def test_two_groups_may_hold_each_other(client: Any) -> None:
    one = group("Group A", "bulkId:ytrewq", bulk_id="qwerty")
    reply = client.bulk(one, group("Group B", "bulkId:qwerty", bulk_id="ytrewq"))
    assert statuses(reply) == ["201", "201"]
    ids = made(reply)
    assert members(client, ids["qwerty"]) == [ids["ytrewq"]]
    assert members(client, ids["ytrewq"]) == [ids["qwerty"]]


def test_the_version_of_a_member_of_a_circle_is_that_of_the_closed_one(client: Any) -> None:
    for result in results(client.bulk(group("A", "bulkId:B"), group("B", "bulkId:C"), group("C", "bulkId:A"))):
        assert client.get(result["location"].removeprefix(BASE))["meta"]["version"] == result["version"]


@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_managers_may_stand_in_a_ring(client: Any, size: int) -> None:
    ring = [user(f"u{number}", manager=f"bulkId:u{(number + 1) % size}") for number in range(size)]
    reply = client.bulk(*ring)
    ids = made(reply)
    assert len(ids) == size
    assert [manager(client, ids[f"u{number}"]) for number in range(size)] == [
        ids[f"u{(number + 1) % size}"] for number in range(size)
    ]
    departments = [one[ENTERPRISE]["department"] for one in client.get("/Users")["Resources"]]
    assert departments == ["Tours"] * size


def test_a_circle_keeps_whatever_else_its_members_hold(client: Any) -> None:
    ada = client.user("ada")
    reply = client.bulk(group("A", ada["id"], "bulkId:B", "bulkId:ben"), group("B", "bulkId:A"), user("ben"),
                        user("cyn", manager="bulkId:cyn", active=False, title="Lead"))  # fmt: skip
    ids = made(reply)
    cyn = client.get(f"/Users/{ids['cyn']}")
    assert (cyn["active"], cyn["title"], manager(client, cyn["id"])) == (False, "Lead", cyn["id"])
    assert sorted(members(client, ids["A"])) == sorted([ada["id"], ids["B"], ids["ben"]])
    assert members(client, ids["B"]) == [ids["A"]]


def test_a_group_that_would_hold_itself_is_a_conflict(client: Any) -> None:
    alone, right = results(client.bulk(group("A", "bulkId:A"), group("B")))
    assert (alone["status"], alone["response"]["status"], right["status"]) == ("409", "409", "201")
    assert [one["displayName"] for one in client.get("/Groups")["Resources"]] == ["B"]


def test_a_circle_comes_as_a_whole_or_not_at_all(client: Any) -> None:
    client.user("ada")
    reply = client.bulk(
        user("ben", manager="bulkId:cyn"), user("cyn", manager="bulkId:ada"), user("ada", manager="bulkId:ben"),
        user("dan", manager="bulkId:ben"), user("eve"), group("Crew", "bulkId:cyn"),
    )  # fmt: skip
    assert statuses(reply) == ["409", "409", "409", "409", "201", "409"]
    errors = [result.get("response", {}).get("scimType") for result in results(reply)]
    assert errors == [None, None, "uniqueness", None, None, None]
    assert client.names() == ["ada", "eve"]
    assert "bulkId" not in everything(client)


def test_what_a_circle_needs_stays_where_the_circle_fails(client: Any) -> None:
    reply = client.bulk(group("A", "bulkId:ada", "bulkId:B"), group("B", "bulkId:A", "nobody"), user("ada"))
    assert statuses(reply) == ["409", "400", "201"]
    assert client.names() == ["ada"]
    assert client.get("/Groups")["totalResults"] == 0


def test_a_failed_circle_counts_no_more_errors_than_are_left(client: Any) -> None:
    nameless = user("", bulk_id="cyn", manager="bulkId:ada")
    ring = [user("ada", manager="bulkId:ben"), user("ben", manager="bulkId:cyn"), nameless]
    (result,) = results(client.bulk(*ring, user("dan"), failOnErrors=1))
    assert (result["bulkId"], result["status"]) == ("cyn", "400")
    assert statuses(client.bulk(*ring, user("dan"), failOnErrors=3)) == ["409", "409", "400"]
    assert client.names() == []


def test_nothing_is_told_of_a_circle_that_failed(tenant: Any) -> None:
    def person(name: str, manager: str, domain: str = "acme.test") -> dict[str, Any]:
        return user(name, manager=manager, emails=[{"value": f"{name}@{domain}", "primary": True}])

    stranger = person("ben", "bulkId:ada", "other.test")
    assert statuses(tenant.bulk(person("ada", "bulkId:ben"), stranger)) == ["409", "400"]
    assert tenant.told() == []
    ids = made(tenant.bulk(person("cyn", "bulkId:dan"), person("dan", "bulkId:cyn")))
    assert sorted(tenant.told()) == sorted([("user_created", ids["cyn"]), ("user_created", ids["dan"])])


def test_a_circle_in_a_file_is_one_too(make_client: Callable[..., Any], tmp_path: Any) -> None:
    first = make_client(db=str(tmp_path / "users.db"))
    ids = made(first.bulk(group("A", "bulkId:B"), group("B", "bulkId:A")))
    assert statuses(first.bulk(group("C", "bulkId:D"), group("D", "bulkId:C", "nobody"))) == ["409", "400"]
    first.close()
    again = make_client(db=str(tmp_path / "users.db"))
    assert [one["displayName"] for one in again.get("/Groups")["Resources"]] == ["A", "B"]
    assert members(again, ids["A"]) == [ids["B"]]


# A law


@given(
    order=st.permutations(range(6)),
    holds=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5)), max_size=8, unique=True),
    managers=st.lists(st.integers(3, 5), min_size=3, max_size=3),
)
@settings(max_examples=80, deadline=None)
def test_the_order_of_a_job_makes_no_difference_to_who_holds_whom(
    client_class: Any, order: list[int], holds: list[tuple[int, int]], managers: list[int]
) -> None:
    """Groups 0 to 2 hold groups and users, users 3 to 5 have managers among themselves; circles as they come."""
    wanted = {number: [held for holder, held in holds if holder == number != held] for number in range(3)}
    creates = [group(f"{number}", *(f"bulkId:{held}" for held in wanted[number])) for number in range(3)]
    creates += [user(f"{number}", manager=f"bulkId:{managers[number - 3]}") for number in range(3, 6)]
    client = client_class()
    try:
        reply = client.bulk(*(creates[number] for number in order))
        assert [result["bulkId"] for result in results(reply)] == [str(number) for number in order]
        ids = made(reply)
        assert len(ids) == 6
        for number, held in wanted.items():
            assert sorted(members(client, ids[str(number)])) == sorted(ids[str(one)] for one in held)
        for number in range(3, 6):
            assert manager(client, ids[str(number)]) == ids[str(managers[number - 3])]
    finally:
        client.close()
