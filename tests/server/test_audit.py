"""The audit log (CAP-54): each SCIM write leaves one entry, whatever became of it, and no entry holds a secret."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from scimrig_simulator.calls import Call
from scimrig_simulator.policy.entries import Entry
from scimrig_simulator.seams import Seams
from scimrig_simulator.wire import BY_THE_BOOK, Reply, Send

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
TOKEN = "s3cret"


def asked(tenant: Any, **query: object) -> Reply:
    text = "&".join(f"{name}={value}" for name, value in query.items())
    reply: Reply = tenant.management.exchange(Send("GET", "/audit", text, BY_THE_BOOK))
    return reply


def everything(tenant: Any) -> list[dict[str, Any]]:
    """The log from its beginning, with what was done to set the server up."""
    reply = asked(tenant, limit=500)
    assert reply.status == 200, reply.body
    return list(reply.resource()["entries"])


def log(tenant: Any) -> list[dict[str, Any]]:
    """What the IdP has done."""
    return [entry for entry in everything(tenant) if entry["actor"]["type"] == "idp"]


def last(tenant: Any) -> dict[str, Any]:
    return log(tenant)[-1]


def told(entry: dict[str, Any]) -> tuple[str, str, str]:
    return entry["action"], entry["outcome"], entry["reason"]


def replace(path: str, value: Any) -> dict[str, Any]:
    return {"op": "replace", "path": path, "value": value}


def at(resource: dict[str, Any]) -> str:
    return f"/{resource['meta']['resourceType']}s/{resource['id']}"


def email(address: str) -> list[dict[str, Any]]:
    return [{"value": address, "primary": True}]


# One entry for each write


def test_a_life_is_told_in_order(tenant: Any) -> None:
    ada = tenant.person("ada")
    tenant.patch(at(ada), replace("title", "Lead"))
    tenant.patch(at(ada), replace("active", False))
    tenant.put(ada, active=True)
    crew = tenant.group("Crew", ada)
    tenant.patch(at(crew), replace("displayName", "Team"))
    tenant.send("DELETE", at(crew))
    tenant.send("DELETE", at(ada))
    assert [entry["action"] for entry in log(tenant)] == [
        "user.create", "user.update", "user.deactivate", "user.reactivate",
        "group.create", "group.update", "group.delete", "user.delete",
    ]  # fmt: skip
    assert {entry["outcome"] for entry in log(tenant)} == {"success"}
    numbers = [entry["sequence"] for entry in everything(tenant)]
    assert numbers == list(range(1, len(numbers) + 1))


def test_an_entry_says_who_did_what_to_whom_and_when(tenant: Any) -> None:
    tenant.clock.sleep(1.5)
    ada = tenant.person("ada", externalId="x-1")
    tenant.send("DELETE", at(ada), headers={"User-Agent": "Idp/1.0"})
    entry = last(tenant)
    assert entry["actor"] == {"type": "idp", "token_suffix": "cret", "ip": "127.0.0.1", "user_agent": "Idp/1.0"}
    assert entry["target"] == {"type": "User", "id": ada["id"], "external_id": "x-1", "email": "ada@acme.test"}
    assert {**entry["request"], "id": ""} == {"id": "", "method": "DELETE", "path": "/Users/{id}", "status": 204}
    assert (entry["organization_id"], entry["directory_id"]) == ("org_ref", "dir_ref")
    assert entry["occurred_at"] == "2026-01-01T00:00:01.500Z"
    assert entry["id"].startswith("aud_")
    assert len({entry["id"] for entry in log(tenant)}) == 2


def test_changes_are_told_as_before_and_after(tenant: Any) -> None:
    ada = tenant.person("ada", title="Lead", displayName="Ada")
    name, work = {"givenName": "Ada", "familyName": "Osei"}, {"department": "Ops"}
    ada = tenant.put(ada, title=None, name=name, **{ENTERPRISE: work, "schemas": [USER, ENTERPRISE]}).resource()
    assert last(tenant)["changes"] == [
        {"attribute": "name.familyName", "before": None, "after": "Osei"},
        {"attribute": "name.givenName", "before": None, "after": "Ada"},
        {"attribute": "title", "before": "Lead", "after": None},
        {"attribute": f"{ENTERPRISE}:department", "before": None, "after": "Ops"},
    ]
    tenant.patch(at(ada), replace("emails", [*email("ada@acme.test"), {"value": "a@home.test"}]))
    (change,) = last(tenant)["changes"]
    assert change["attribute"] == "emails"
    assert [one["value"] for one in change["after"]] == ["ada@acme.test", "a@home.test"]


def test_a_creation_tells_all_that_came_and_a_deletion_all_that_went(tenant: Any) -> None:
    ada = tenant.person("ada")
    came = {change["attribute"]: change["after"] for change in last(tenant)["changes"]}
    assert came["userName"] == "ada"
    assert "id" not in came
    assert "meta" not in came
    tenant.send("DELETE", at(ada))
    assert {change["attribute"]: change["before"] for change in last(tenant)["changes"]} == came


def test_a_write_that_changes_nothing_leaves_an_entry_without_changes(tenant: Any) -> None:
    ada = tenant.person("ada")
    assert tenant.put(ada).status == 200
    assert (told(last(tenant)), last(tenant)["changes"]) == (("user.update", "success", ""), [])
    assert len(log(tenant)) == 2


def test_members_are_told_as_who_came_and_who_left(tenant: Any) -> None:
    ada, ben = tenant.person("ada"), tenant.person("ben")
    crew = tenant.group("Crew", ada)
    tenant.patch(at(crew), {"op": "add", "path": "members", "value": [{"value": ben["id"]}]})
    assert last(tenant)["changes"] == [{"attribute": "members", "added": [ben["id"]], "removed": []}]
    tenant.put(tenant.get(at(crew)), members=[{"value": ben["id"]}])
    assert last(tenant)["changes"] == [{"attribute": "members", "added": [], "removed": [ada["id"]]}]


def test_the_answer_to_a_large_group_is_told_as_it_was(tenant: Any) -> None:
    crew = tenant.group("Crew", *(tenant.person(f"u{number}") for number in range(101)))
    reply = tenant.patch(at(crew), replace("displayName", "Team"))
    assert reply.status == 204
    assert last(tenant)["request"]["status"] == 204


def test_an_entry_stays_short_however_much_is_written(tenant: Any) -> None:
    people = [tenant.person(f"u{number}") for number in range(60)]
    tenant.group("Crew", *people)
    (_, change) = last(tenant)["changes"]
    assert (len(change["added"]), change["more"]) == (50, 10)
    phones = [{"value": f"+{number}"} for number in range(70)]
    tenant.person("long", displayName="x" * 3000, phoneNumbers=phones)
    assert len(json.dumps(last(tenant))) < 10_000


# Refused writes


def wrong(tenant: Any, ada: dict[str, Any]) -> dict[str, Callable[[], Reply]]:
    """What is refused, by the reason that is to be told."""
    post = lambda **body: lambda: tenant.send("POST", "/Users", body={"schemas": [USER], **body})  # noqa: E731
    send = lambda *words, **named: lambda: tenant.send(*words, **named)  # noqa: E731
    return {
        "email_missing": post(userName="joe"),
        "domain_not_registered": post(userName="joe", emails=email("joe@other.test")),
        "duplicate": post(userName="ADA", emails=email("a@acme.test")),
        "email_immutable": lambda: tenant.put(ada, emails=email("new@acme.test")),
        "invalidValue": post(),
        "invalidSyntax": send("POST", "/Users", body=b"{nonsense"),
        "invalidPath": lambda: tenant.patch(at(ada), replace("nonsense.here", 1)),
        "404": send("DELETE", "/Users/nobody"),
        "405": send("DELETE", "/Users"),
        "412": send("DELETE", at(ada), headers={"If-Match": 'W/"0"'}),
        "413": send("POST", "/Users", body=b"x" * 3_000_000),
        "415": send("POST", "/Users", body=b"{}", headers={"Content-Type": "text/plain"}),
        "token_unknown": send("DELETE", at(ada), headers={"Authorization": "Bearer other"}),
    }


@pytest.mark.parametrize("reason", wrong(None, {"id": "", "meta": {"resourceType": "User"}}))
def test_a_refused_write_leaves_one_entry_that_says_why(tenant: Any, reason: str) -> None:
    ada = tenant.person("ada")
    reply = wrong(tenant, ada)[reason]()
    created, refused = log(tenant)
    assert 400 <= reply.status < 500
    assert (refused["outcome"], refused["reason"]) == ("rejected", reason)
    assert refused["request"]["status"] == reply.status
    assert refused["changes"] == []
    assert created["outcome"] == "success"


def test_whom_a_refused_creation_was_about_is_kept(tenant: Any) -> None:
    body = {"schemas": [USER], "userName": "joe", "externalId": "x-9", "emails": email("joe@other.test")}
    tenant.send("POST", "/Users", body=body)
    assert last(tenant)["target"] == {"type": "User", "external_id": "x-9", "email": "joe@other.test"}
    assert last(tenant)["wanted"] == {"user_name": "joe", "external_id": "x-9", "email": "joe@other.test"}


def test_a_refused_change_is_about_whoever_is_there(tenant: Any) -> None:
    ada = tenant.person("ada")
    tenant.patch(at(ada), replace('emails[type eq "work"].value', "new@acme.test"))
    assert last(tenant)["target"] == {"type": "User", "id": ada["id"], "email": "ada@acme.test"}
    assert last(tenant)["wanted"] == {"email": "new@acme.test"}


def test_what_fails_inside_the_server_is_an_error_and_leaves_one_entry(make_tenant: Callable[..., Any]) -> None:
    class Clumsy(Seams):
        def render(self, call: Call, resource: Any, resource_type: Any) -> Any:
            raise RuntimeError("oops")

    tenant = make_tenant(seams=Clumsy())
    body = {"schemas": [USER], "userName": "ada", "emails": email("ada@acme.test")}
    assert tenant.send("POST", "/Users", body=body).status == 500
    assert [told(entry) for entry in log(tenant)] == [("user.create", "error", "500")]


def test_reads_leave_nothing_unless_the_door_is_shut(tenant: Any) -> None:
    tenant.get("/Users")
    assert tenant.send("GET", "/Users/nobody").status == 404
    assert tenant.send("GET", "/Users", "filter=nonsense").status == 400
    assert tenant.send("POST", "/Users/.search", body={"filter": "nonsense"}).status == 400
    assert log(tenant) == []
    assert tenant.send("GET", "/Users", headers={"Authorization": "Bearer other"}).status == 401
    assert [told(entry) for entry in log(tenant)] == [("user.read", "rejected", "token_unknown")]


def test_a_flood_of_bad_tokens_leaves_thirty_entries_a_minute(tenant: Any) -> None:
    for _ in range(50):
        tenant.send("POST", "/Users", body={}, headers={"Authorization": "Bearer other"})
    assert len(log(tenant)) == 30
    tenant.person("ada")
    assert len(log(tenant)) == 31, "whoever has a good token is told as ever"
    tenant.clock.sleep(61)
    tenant.send("POST", "/Users", body={}, headers={"Authorization": "Bearer other"})
    assert last(tenant)["request"]["unrecorded"] == 20
    assert len(log(tenant)) == 32


def test_nothing_is_kept_without_a_policy(client: Any) -> None:
    client.user("ada")
    assert client.manage("GET", "/audit").status == 404


# Bulk


def post(name: str, domain: str = "acme.test", **data: Any) -> dict[str, Any]:
    data = {"schemas": [USER], "userName": name, "emails": email(f"{name}@{domain}"), **data}
    return {"method": "POST", "path": "/Users", "bulkId": name, "data": data}


def test_a_bulk_job_leaves_an_entry_for_each_operation(tenant: Any) -> None:
    nobody = {"method": "DELETE", "path": "/Users/nobody"}
    tenant.bulk(post("ada"), post("joe", "other.test"), nobody, {"method": "GET", "path": "/Users"}, post("ben"))
    assert [told(entry) for entry in log(tenant)] == [
        ("user.create", "success", ""),
        ("user.create", "rejected", "domain_not_registered"),
        ("user.delete", "rejected", "404"),
        ("user.create", "success", ""),
    ]
    assert log(tenant)[1]["target"]["email"] == "joe@other.test"


def test_a_bulk_job_that_cant_be_begun_leaves_one_entry(tenant: Any) -> None:
    assert tenant.send("POST", "/Bulk", body={"Operations": 1}).status == 400
    (entry,) = log(tenant)
    assert (entry["action"], entry["outcome"], entry["request"]["path"]) == ("scim.bulk", "rejected", "/Bulk")


def test_operations_that_refer_to_each_other_leave_one_entry_each(tenant: Any) -> None:
    def friend(name: str, other: str) -> dict[str, Any]:
        return post(name, schemas=[USER, ENTERPRISE], **{ENTERPRISE: {"manager": {"value": f"bulkId:{other}"}}})

    tenant.bulk(friend("ada", "ben"), friend("ben", "ada"))
    assert [told(entry) for entry in log(tenant)] == [("user.create", "success", "")] * 2
    changed = [[change["attribute"] for change in entry["changes"]] for entry in log(tenant)]
    assert all(any("manager" in name for name in names) for names in changed), "each is told whole"
    assert len({entry["target"]["id"] for entry in log(tenant)}) == 2


def test_operations_that_fail_together_leave_one_entry_each(tenant: Any) -> None:
    ring = {ENTERPRISE: {"manager": {"value": "bulkId:ben"}}, "schemas": [USER, ENTERPRISE]}
    back = {ENTERPRISE: {"manager": {"value": "bulkId:ada"}}, "schemas": [USER, ENTERPRISE]}
    tenant.bulk(post("ada", **ring), post("ben", "other.test", **back))
    assert sorted(told(entry) for entry in log(tenant)) == [
        ("user.create", "rejected", "409"), ("user.create", "rejected", "domain_not_registered")
    ]  # fmt: skip


# No secret


def test_no_entry_holds_a_secret(tenant: Any) -> None:
    secrets = [TOKEN, "hunter2-first", "hunter2-second", "hunter2-refused", "t0ken-of-nobody"]
    secrets.append(tenant.manage("PUT", "/webhook", {"url": "http://127.0.0.1:9/hook"}).resource()["secret"])
    ada = tenant.person("ada", password="hunter2-first")
    tenant.patch(at(ada), replace("password", "hunter2-second"))
    assert last(tenant)["changes"] == [{"attribute": "password", "before": None, "after": "changed"}]
    tenant.patch(at(ada), replace("password", "hunter2-refused"), replace("userName", ""))
    tenant.put(ada, password="hunter2-refused", emails=email("new@acme.test"))
    tenant.send("POST", "/Users", body={"schemas": [USER], "userName": "joe", "password": "hunter2-refused"})
    tenant.send("DELETE", "/Users/t0ken-of-nobody", headers={"Authorization": "Bearer t0ken-of-nobody"})
    tenant.send("DELETE", f"/Users/{TOKEN}", headers={"User-Agent": f"curl {TOKEN}"})
    tenant.send("POST", "/Users", body={"schemas": [USER], "userName": f"{TOKEN}@other.test"})
    tenant.send("DELETE", at(ada))
    text = json.dumps(everything(tenant))
    assert len(log(tenant)) == 9
    for secret in secrets:
        assert secret not in text
    for mark in ("pbkdf2", "scrypt", "argon", "$"):
        assert mark not in text


# Nothing can be changed


def test_entries_can_neither_be_changed_nor_removed(tenant: Any, tmp_path: Path) -> None:
    path = str(tmp_path / "server.db")
    made = type(tenant)(db=path)
    made.person("ada")
    made.close()
    db = sqlite3.connect(path)
    for sql in ("UPDATE audit SET outcome = 'error'", "DELETE FROM audit"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            db.execute(sql)
    db.close()


def test_what_a_removed_tenant_has_done_stays_on_record(make_house: Callable[..., Any]) -> None:
    house = make_house("acme", policy="scalekit", poster=lambda *_: None)
    house.guests["acme"].group("Crew")
    assert house.manage("DELETE", "/tenants/acme").status == 204
    again = house.let("acme")
    again.group("Team")
    assert [entry["changes"][0]["after"] for entry in log(again)] == ["Crew", "Team"]


def test_a_tenant_sees_its_own_log_and_no_other(make_house: Callable[..., Any]) -> None:
    house = make_house("acme", "beta", policy="scalekit", poster=lambda *_: None)
    house.guests["acme"].group("Crew")
    assert [entry["action"] for entry in log(house.guests["acme"])] == ["group.create"]
    assert log(house.guests["beta"]) == []
    for name in ("acme", "beta"):
        entries = everything(house.guests[name])
        assert {entry["organization_id"] for entry in entries} <= {f"org_{name}"}
        assert [entry["sequence"] for entry in entries] == list(range(1, len(entries) + 1)), "a sequence of its own"


# Sequences


def test_sequences_have_no_gaps_whoever_writes_at_once(make_tenant: Callable[..., Any]) -> None:
    tenant = make_tenant()

    def write(number: int) -> int:
        domain = "acme.test" if number % 2 else "other.test"
        body = {"schemas": [USER], "userName": f"u{number}", "emails": email(f"u{number}@{domain}")}
        return int(tenant.send("POST", "/Users", body=body).status)

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(write, range(60)))
    assert (statuses.count(201), statuses.count(400)) == (30, 30)
    numbers = [entry["sequence"] for entry in everything(tenant)]
    assert (len(log(tenant)), numbers) == (60, list(range(1, len(numbers) + 1)))


def test_two_servers_on_one_file_number_as_one(make_tenant: Callable[..., Any], tmp_path: Path) -> None:
    path = str(tmp_path / "server.db")
    servers = [make_tenant(db=path), make_tenant(db=path)]

    def write(number: int) -> int:
        body = {"schemas": [GROUP], "displayName": f"G{number}"}
        return int(servers[number % 2].send("POST", "/Groups", body=body).status)

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(write, range(24))) == {201}
    numbers = [entry["sequence"] for entry in everything(servers[0])]
    assert (len(log(servers[1])), numbers) == (24, list(range(1, len(numbers) + 1)))


# Reading


@pytest.fixture
def busy(tenant: Any) -> Any:
    """The IdP's five entries, from 00:01 a minute apart: ada comes, joe is refused, ada changes twice, a stranger."""
    tenant.clock.sleep(60)
    tenant.ada = tenant.person("ada")
    tenant.clock.sleep(60)
    tenant.send("POST", "/Users", body={"schemas": [USER], "userName": "joe", "emails": email("joe@other.test")})
    for title in ("Lead", "Head"):
        tenant.clock.sleep(60)
        tenant.patch(at(tenant.ada), replace("title", title))
    tenant.clock.sleep(60)
    tenant.send("GET", "/Users", headers={"Authorization": "Bearer other"})
    return tenant


def numbered(busy: Any, **query: str) -> list[int]:
    """Which of the five are found."""
    order = [entry["id"] for entry in log(busy)]
    found = asked(busy, **query).resource()["entries"]
    return [order.index(entry["id"]) + 1 for entry in found if entry["id"] in order]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"since": "2026-01-01T00:03:00Z"}, [3, 4, 5]),
        ({"until": "2026-01-01T00:03:00Z"}, [1, 2]),
        ({"since": "2026-01-01T00:02:00.000Z", "until": "2026-01-01T00:04:00Z"}, [2, 3]),
        ({"since": "1767225900"}, [5]),
        ({"outcome": "rejected"}, [2, 5]),
        ({"outcome": "success"}, [1, 3, 4]),
        ({"outcome": "error"}, []),
        ({"action": "user.update"}, [3, 4]),
        ({"reason": "domain_not_registered"}, [2]),
        ({"target": "ADA@acme.test"}, [1, 3, 4]),
        ({"target": "joe@other.test"}, [2]),
        ({"actor": "idp"}, [1, 2, 3, 4, 5]),
        ({"actor": "cret"}, [1, 2, 3, 4]),
        ({"actor": "system"}, []),
        ({"target": "ada@acme.test", "action": "user.update", "since": "2026-01-01T00:04:00Z"}, [4]),
    ],
)
def test_entries_are_found_by(busy: Any, query: dict[str, str], found: list[int]) -> None:
    assert numbered(busy, **query) == found


def test_entries_are_found_by_the_id_of_their_target(busy: Any) -> None:
    assert numbered(busy, target=busy.ada["id"]) == [1, 3, 4]


def test_entries_come_in_pages(busy: Any) -> None:
    pages, after = [], ""
    while not pages or after:
        answer = asked(busy, limit=2, after=after, actor="idp").resource()
        pages.append([entry["id"] for entry in answer["entries"]])
        after = answer["next"]
    order = [entry["id"] for entry in log(busy)]
    assert pages == [order[:2], order[2:4], order[4:]]


@pytest.mark.parametrize(
    "query", [{"since": "yesterday"}, {"until": "1e999"}, {"after": "AAAA"}, {"limit": "many"}, {"outcome": "fine"}]
)
def test_nonsense_is_refused(tenant: Any, query: dict[str, str]) -> None:
    assert asked(tenant, **query).status == 400


# The seam


def test_a_saboteur_may_leave_out_or_double_an_entry(make_tenant: Callable[..., Any]) -> None:
    class Stutter(Seams):
        def audit(self, call: Call | None, entry: Entry) -> Sequence[Entry]:
            assert call is None or call.method
            return () if entry.outcome == "rejected" else (entry, entry)

    tenant = make_tenant(seams=Stutter())
    tenant.group("Crew")
    tenant.send("DELETE", "/Groups/nobody")
    assert [told(entry) for entry in log(tenant)] == [("group.create", "success", "")] * 2
