"""Bulk jobs: many operations in one request, each as if it had come alone (RFC 7644 §3.7)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scimrig_simulator.calls import Answer, Call, Resource
from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.seams import Seams

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
BULK_REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
BULK_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
BASE = "http://127.0.0.1:8080/scim/v2"


def person(name: str, **attributes: Any) -> dict[str, Any]:
    return {"schemas": [USER], "userName": name, **attributes}


def post(bulk_id: str, data: Any, path: str = "/Users", **more: Any) -> dict[str, Any]:
    return {"method": "POST", "path": path, "bulkId": bulk_id, "data": data, **more}


def patched(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"schemas": [PATCH_OP], "Operations": list(operations)}


def patch(path: str, *operations: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"method": "PATCH", "path": path, "data": patched(*operations), **more}


def put(path: str, data: Any, **more: Any) -> dict[str, Any]:
    return {"method": "PUT", "path": path, "data": data, **more}


def delete(path: str, **more: Any) -> dict[str, Any]:
    return {"method": "DELETE", "path": path, **more}


def title(text: str) -> dict[str, Any]:
    return {"op": "replace", "path": "title", "value": text}


def results(reply: Any) -> list[dict[str, Any]]:
    """The results of a job that was processed."""
    assert reply.status == 200, reply.body
    assert reply.header("Content-Type") == "application/scim+json"
    body = reply.resource()
    assert body.keys() == {"schemas", "Operations"}
    assert body["schemas"] == [BULK_RESPONSE]
    return list(body["Operations"])


def statuses(reply: Any) -> list[str]:
    return [result["status"] for result in results(reply)]


def refused(reply: Any, status: int, scim_type: str | None = None) -> str:
    """The detail of the error that a whole job was answered with."""
    error = reply.resource()
    assert (reply.status, error["schemas"], error["status"]) == (status, [ERROR], str(status)), error
    assert error.get("scimType") == scim_type
    return str(error["detail"])


# What a job looks like, and its answer


def test_each_operation_is_answered_with_what_became_of_it(client: Any) -> None:
    ada, ben, cyn = client.user("ada"), client.user("ben"), client.user("cyn")
    posted, *others = results(client.bulk(
        post("new", person("dan")),
        put(f"/Users/{ada['id']}", person("ada", title="Lead")),
        patch(f"/Users/{ben['id']}", title("Boss")),
        delete(f"/Users/{cyn['id']}"),
    ))  # fmt: skip
    ada, ben, dan = client.get("/Users")["Resources"]
    assert posted == {
        "location": f"{BASE}/Users/{dan['id']}", "method": "POST", "bulkId": "new", "version": dan["meta"]["version"],
        "status": "201",
    }  # fmt: skip
    assert others == [
        {"location": ada["meta"]["location"], "method": "PUT", "version": ada["meta"]["version"], "status": "200"},
        {"location": ben["meta"]["location"], "method": "PATCH", "version": ben["meta"]["version"], "status": "200"},
        {"location": cyn["meta"]["location"], "method": "DELETE", "status": "204"},
    ]
    assert (ada["title"], ben["title"], client.names()) == ("Lead", "Boss", ["ada", "ben", "dan"])


def test_a_failed_operation_holds_the_error_that_it_would_have_got_alone(client: Any) -> None:
    client.user("ada")
    alone = client.send("POST", "/Users", body=person("ADA")).resource()
    (result,) = results(client.bulk(post("twice", person("ADA"))))
    assert result == {"method": "POST", "bulkId": "twice", "status": "409", "response": alone}
    assert alone["scimType"] == "uniqueness"


@pytest.mark.parametrize(
    "operation", [put("/Users/nobody", person("x")), patch("/Users/nobody", title("x")), delete("/Users/nobody")]
)
def test_a_failed_operation_on_a_resource_names_its_location(client: Any, operation: dict[str, Any]) -> None:
    (result,) = results(client.bulk(operation))
    assert (result["status"], result["location"]) == ("404", f"{BASE}/Users/nobody")
    assert "version" not in result


def test_what_one_operation_fails_at_stops_no_other(client: Any) -> None:
    ada, ben = post("2", person("ada")), post("3", person("ben"))
    reply = client.bulk(post("1", {"schemas": [USER]}), ada, delete("/Nope/x"), ben)
    assert statuses(reply) == ["400", "201", "404", "201"]
    assert client.names() == ["ada", "ben"]


def test_operations_on_one_resource_are_done_in_their_order(client: Any) -> None:
    path = f"/Users/{client.user('ada')['id']}"
    first, last = (put(path, person("ada", title=text)) for text in "AC")
    reply = client.bulk(first, patch(path, title("B")), last)
    assert statuses(reply) == ["200", "200", "200"]
    assert client.get(path)["title"] == "C"
    reply = client.bulk(delete(path), post("again", person("ada")))
    assert statuses(reply) == ["204", "201"]


def test_a_bulk_id_comes_back_whatever_the_method(client: Any) -> None:
    path = f"/Users/{client.user('ada')['id']}"
    reply = client.bulk(patch(path, title("x"), bulkId="p"), delete(path, bulkId="d"), post("c", person("ben")))
    assert [result["bulkId"] for result in results(reply)] == ["p", "d", "c"]


def test_names_of_the_message_have_no_case(client: Any) -> None:
    body = {"SCHEMAS": [BULK_REQUEST.upper()], "operations": [{"Method": "POST", "PATH": "/Users", "BulkID": "x",
            "DATA": person("ada")}]}  # fmt: skip
    assert statuses(client.send("POST", "/Bulk", body=body)) == ["201"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_bulk_takes_posts_and_nothing_else(client: Any, method: str) -> None:
    reply = client.send(method, "/Bulk")
    assert (reply.status, reply.header("Allow")) == (405, "POST")


def test_bulk_is_for_whoever_has_the_token(client: Any) -> None:
    body = {"schemas": [BULK_REQUEST], "Operations": [post("x", person("ada"))]}
    for value in (None, "Bearer wrong"):
        assert client.send("POST", "/Bulk", body=body, headers={"Authorization": value}).status == 401
    assert client.names() == []


def test_parameters_of_the_job_say_nothing_about_its_operations(client: Any) -> None:
    change = patch(f"/Users/{client.user('ada')['id']}", title("Lead"))
    body = {"schemas": [BULK_REQUEST], "Operations": [post("x", person("ben")), change]}
    reply = client.send("POST", "/Bulk", {"attributes": "a", "excludedAttributes": "b"}, body, {"If-Match": 'W/"9"'})
    assert statuses(reply) == ["201", "200"]


# What is wrong with an operation


@pytest.mark.parametrize(
    ("operation", "status", "scim_type"),
    [
        ({"path": "/Users", "bulkId": "x", "data": person("x")}, "400", "invalidSyntax"),
        ({"method": 7, "path": "/Users", "bulkId": "x", "data": person("x")}, "400", "invalidValue"),
        ({"method": "GET", "path": "/Users/x"}, "400", "invalidValue"),
        ({"method": "post", "path": "/Users", "bulkId": "x", "data": person("x")}, "400", "invalidValue"),
        ({"method": "POST", "path": "/Users", "data": person("x")}, "400", "invalidSyntax"),
        (post("", person("x")), "400", "invalidSyntax"),
        ({**post("", person("x")), "bulkId": 7}, "400", "invalidSyntax"),
        ({"method": "POST", "bulkId": "x", "data": person("x")}, "400", "invalidSyntax"),
        (post("x", person("x"), path="/"), "400", "invalidSyntax"),
        (post("x", person("x"), path=7), "400", "invalidSyntax"),
        ({"method": "POST", "path": "/Users", "bulkId": "x"}, "400", "invalidSyntax"),
        (post("x", json.dumps(person("x"))), "400", "invalidSyntax"),
        (post("x", [person("x")]), "400", "invalidSyntax"),
        ({"method": "PUT", "path": "/Users/x"}, "400", "invalidSyntax"),
        ({"method": "PATCH", "path": "/Users/x", "data": None}, "400", "invalidSyntax"),
        (delete("/Users/x", version=7), "400", "invalidSyntax"),
        # A path says where below the base URL, and nothing else
        (post("x", person("x"), path=f"{BASE}/Users"), "400", "invalidValue"),
        (post("x", person("x"), path="//evil.test/Users"), "400", "invalidValue"),
        (post("x", person("x"), path="/Users?attributes=id"), "400", "invalidValue"),
        (delete("/Users/x#y"), "400", "invalidValue"),
        (post("x", person("x"), path="/scim/v2/Users"), "404", None),
        (post("x", person("x"), path="/users"), "404", None),
        (delete("/Users/x/y"), "404", None),
        (delete("/Users/../Groups/x"), "404", None),
        (delete("/Users/..%2FGroups%2Fx"), "404", None),
        # POST goes to a resource type, everything else to a resource
        (post("x", person("x"), path="/Users/y"), "405", None),
        (put("/Users", person("x")), "405", None),
        (patch("/Users", title("x")), "405", None),
        (delete("/Users"), "405", None),
        # What isn't a resource can't be in a job
        (post("x", {"schemas": [BULK_REQUEST], "Operations": []}, path="/Bulk"), "400", "invalidValue"),
        (post("x", {}, path="/.search"), "400", "invalidValue"),
        (post("x", {}, path="/Users/.search"), "400", "invalidValue"),
        (post("x", {}, path="/Schemas"), "400", "invalidValue"),
        (put("/ServiceProviderConfig", {}), "400", "invalidValue"),
        (patch("/Me", title("x")), "501", None),
    ],
)  # fmt: skip
def test_an_operation_that_can_t_be_is_an_error_of_its_own(
    client: Any, operation: dict[str, Any], status: str, scim_type: str | None
) -> None:
    wrong, right = results(client.bulk(operation, post("good", person("good"))))
    assert (wrong["status"], wrong["response"]["status"], right["status"]) == (status, status, "201")
    assert wrong["response"].get("scimType") == scim_type
    assert wrong["response"]["schemas"] == [ERROR]
    assert len(wrong["response"]["detail"]) < 300
    assert client.names() == ["good"]


def test_a_path_may_do_without_its_first_slash_and_have_one_at_the_end(client: Any) -> None:
    (made,) = results(client.bulk(post("x", person("ada"), path="Users/")))
    id = made["location"].rpartition("/")[2]
    assert statuses(client.bulk(patch(f"Users/{id}/", title("x")), delete(f"Users/{id}"))) == ["200", "204"]


def test_an_id_in_a_path_may_be_percent_encoded(client: Any) -> None:
    id = client.user("ada")["id"]
    assert statuses(client.bulk(delete(f"/Users/{id.replace('-', '%2D')}"))) == ["204"]


# A job does what the single requests do, and no more (bug BULK-03)


@pytest.mark.parametrize(
    ("method", "path", "data"),
    [
        ("POST", "/Users", {"schemas": [USER]}),
        ("POST", "/Users", person("ben", active="perhaps")),
        ("POST", "/Users", person("ada")),
        ("POST", "/Groups", {"schemas": [GROUP], "displayName": "G", "members": [{"value": "nobody"}]}),
        ("PUT", "/Users/{ada}", person("ben")),
        ("PUT", "/Users/{ada}", {"schemas": [USER]}),
        ("PATCH", "/Users/{ada}", patched({"op": "replace", "path": "id", "value": "x"})),
        ("PATCH", "/Users/{ada}", patched(title("x"), {"op": "move", "path": "title"})),
        ("PATCH", "/Users/{ada}", patched({"op": "add", "path": "a b", "value": 1})),
        ("PATCH", "/Users/{ada}", {"title": "x"}),
        ("PATCH", "/Groups/{ada}", patched(title("x"))),
        ("DELETE", "/Groups/{ada}", None),
    ],
)  # fmt: skip
def test_what_is_refused_alone_is_refused_in_a_job_in_the_same_words(
    client: Any, method: str, path: str, data: Any
) -> None:
    before = [client.user("ada"), client.user("ben")]
    path = path.format(ada=before[0]["id"])
    alone = client.send(method, path, body=data)
    (result,) = results(client.bulk({"method": method, "path": path, "bulkId": "x", "data": data}))
    assert alone.status >= 400
    assert (result["status"], result["response"]) == (str(alone.status), alone.resource())
    assert client.get("/Users")["Resources"] == before


def test_what_a_client_can_t_set_alone_it_can_t_set_in_a_job(client: Any) -> None:
    data = person("ada", id="mine", groups=[{"value": "admins"}], meta={"created": "x"})
    (made,) = results(client.bulk(post("x", data)))
    ada = client.get("/Users")["Resources"][0]
    assert ada["id"] != "mine"
    assert "groups" not in ada
    assert made["location"] == ada["meta"]["location"] == f"{BASE}/Users/{ada['id']}"


def test_a_job_reaches_nothing_of_another_tenant(house: Any) -> None:
    acme, beta = house.guests["acme"], house.guests["beta"]
    ada = acme.user("ada")
    path = f"/Users/{ada['id']}"
    group = post("g", {"schemas": [GROUP], "displayName": "G", "members": [{"value": ada["id"]}]}, path="/Groups")
    over_there = delete(f"/../acme/scim/v2{path}")
    reply = beta.bulk(put(path, person("x")), patch(path, title("x")), delete(path), group, over_there)
    assert statuses(reply) == ["404", "404", "404", "400", "404"]
    assert acme.get(path) == ada


def test_no_password_comes_back(client: Any) -> None:
    path = f"/Users/{client.user('ada', password='Str0ng-secret')['id']}"
    value = {"op": "replace", "path": "password", "value": "Str0ng-secret"}
    ada, ben = (person(name, password="Str0ng-secret") for name in ("ada", "ben"))
    reply = client.bulk(post("x", ben), put(path, ada), patch(path, value), post("y", ada))
    assert statuses(reply) == ["201", "200", "200", "409"]
    assert b"Str0ng" not in reply.body
    assert b"scrypt" not in reply.body


# Versions


def test_a_version_guards_a_write(client: Any) -> None:
    ada = client.user("ada")
    path, version = f"/Users/{ada['id']}", ada["meta"]["version"]
    reply = client.bulk(patch(path, title("A"), version=version), patch(path, title("B"), version=version),
                        put(path, person("ada"), version=version), delete(path, version=version))  # fmt: skip
    assert statuses(reply) == ["200", "412", "412", "412"]
    now = client.get(path)
    assert (now["title"], now["meta"]["version"]) == ("A", results(reply)[0]["version"])
    assert statuses(client.bulk(delete(path, version=now["meta"]["version"]))) == ["204"]


def test_a_version_of_a_new_resource_means_nothing(client: Any) -> None:
    assert statuses(client.bulk(post("x", person("ada"), version='W/"7"'))) == ["201"]


# failOnErrors


@pytest.mark.parametrize(
    ("most", "expected"),
    [
        (None, ["201", "400", "201", "404", "201", "404"]),
        (1, ["201", "400"]),
        (2, ["201", "400", "201", "404"]),
        (3, ["201", "400", "201", "404", "201", "404"]),
        (4, ["201", "400", "201", "404", "201", "404"]),
    ],
)
def test_a_job_ends_with_the_error_that_is_one_too_many(client: Any, most: int | None, expected: list[str]) -> None:
    reply = client.bulk(
        post("1", person("a")), post("2", {}), post("3", person("b")), delete("/Users/x"), post("4", person("c")),
        delete("/Users/y"), failOnErrors=most,
    )  # fmt: skip
    assert statuses(reply) == expected
    assert client.names() == ["a", "b", "c"][: expected.count("201")]


@pytest.mark.parametrize("value", [0, -1, 1.5, 1.0, "1", True, False, [], {}])
def test_a_number_of_errors_that_is_none_is_refused_and_nothing_done(client: Any, value: Any) -> None:
    assert "failOnErrors" in refused(client.bulk(post("x", person("ada")), failOnErrors=value), 400, "invalidValue")
    assert client.names() == []


# What is wrong with a job


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"7", {}, {"Operations": [post("x", person("x"))]},
        {"schemas": [PATCH_OP], "Operations": [post("x", person("x"))]},
        {"schemas": BULK_REQUEST, "Operations": [post("x", person("x"))]},
        {"schemas": [BULK_REQUEST]}, {"schemas": [BULK_REQUEST], "Operations": None},
        {"schemas": [BULK_REQUEST], "Operations": []},
        {"schemas": [BULK_REQUEST], "Operations": post("x", person("x"))},
        {"schemas": [BULK_REQUEST], "Operations": [post("x", person("x")), None]},
        {"schemas": [BULK_REQUEST], "Operations": [post("x", person("x")), "POST"]},
    ],
)  # fmt: skip
def test_a_job_of_another_form_is_refused_and_nothing_done(client: Any, body: Any) -> None:
    refused(client.send("POST", "/Bulk", body=body), 400, "invalidSyntax")
    assert client.names() == []


def test_two_posts_of_one_bulk_id_can_t_be_told_apart(client: Any) -> None:
    job = (post("x", person("ada")), post("x", person("ben")))
    assert "'x'" in refused(client.bulk(*job), 400, "invalidSyntax")
    assert client.names() == []


def test_a_job_in_another_media_type_is_refused(client: Any) -> None:
    reply = client.send("POST", "/Bulk", body=b"x=1", headers={"Content-Type": "application/x-www-form-urlencoded"})
    refused(reply, 415)


# Limits (bug BULK-01)


def test_a_job_of_as_many_operations_as_promised_is_done_and_one_more_is_413(client: Any) -> None:
    most = client.get("/ServiceProviderConfig")["bulk"]["maxOperations"]
    job = [post(f"u{number}", person(f"user-{number}")) for number in range(most + 1)]
    detail = refused(client.bulk(*job), 413)
    assert "maxOperations" in detail
    assert str(most) in detail
    assert client.get("/Users")["totalResults"] == 0
    assert set(statuses(client.bulk(*job[:-1]))) == {"201"}
    assert client.get("/Users", count="0")["totalResults"] == most


def test_a_job_of_as_many_bytes_as_promised_is_done_and_one_more_is_413(client: Any) -> None:
    most = client.get("/ServiceProviderConfig")["bulk"]["maxPayloadSize"]
    job = json.dumps({"schemas": [BULK_REQUEST], "Operations": [post("x", person("ada"))]}).encode()
    padded = job + b" " * (most - len(job))
    detail = refused(client.send("POST", "/Bulk", body=padded + b" "), 413)
    assert str(most) in detail
    assert client.names() == []
    assert statuses(client.send("POST", "/Bulk", body=padded)) == ["201"]


# The seams, and promises


class Clumsy(Seams):
    """Fails in its own way over whoever is called so."""

    def accept(self, call: Call, body: Resource, existing: Resource | None) -> Resource:
        if body["userName"] == "crash":
            raise ZeroDivisionError
        if body["userName"] == "refuse":
            raise ScimError(418, None, "Not here.")
        return super().accept(call, body, existing)

    def emit(self, call: Call, answer: Answer) -> Answer:
        if call.method == "POST" and answer.status == 201:
            answer.status = 202
        return super().emit(call, answer)


def test_a_saboteur_has_its_say_in_a_job_and_spoils_one_operation_only(make_client: Callable[..., Any]) -> None:
    client = make_client(seams=Clumsy())
    reply = client.bulk(*(post(name, person(name)) for name in ("ada", "crash", "refuse", "ben")))
    assert statuses(reply) == ["202", "500", "418", "202"]
    assert results(reply)[1]["response"]["status"] == "500"
    assert b"ZeroDivision" not in reply.body
    assert client.names() == ["ada", "ben"]


def test_each_operation_is_told_of_as_if_it_had_come_alone(tenant: Any) -> None:
    def someone(name: str) -> dict[str, Any]:
        return post(name, person(name, emails=[{"value": f"{name}@acme.test", "primary": True}]))

    ada = tenant.person("ada")
    tenant.told()
    reply = tenant.bulk(
        someone("ben"), patch(f"/Users/{ada['id']}", title("Lead")), post("joe", person("joe")), someone("cyn"),
        delete(f"/Users/{ada['id']}"), patch(f"/Users/{ada['id']}", title("Lost")),
    )  # fmt: skip
    assert statuses(reply) == ["201", "200", "400", "201", "204", "404"]
    ben, _, _, cyn, *_ = (result.get("location", "").rpartition("/")[2] for result in results(reply))
    assert tenant.told() == [
        ("user_created", ben), ("user_updated", ada["id"]), ("user_created", cyn), ("user_deleted", ada["id"])
    ]  # fmt: skip


def test_what_was_done_stays_done_in_a_file(make_client: Callable[..., Any], tmp_path: Any) -> None:
    first = make_client(db=str(tmp_path / "users.db"))
    assert statuses(first.bulk(post("1", person("ada")), post("2", {}), post("3", person("ben")), failOnErrors=1)) == [
        "201", "400"
    ]  # fmt: skip
    first.close()
    assert make_client(db=str(tmp_path / "users.db")).names() == ["ada"]


# Laws

NAMES = st.sampled_from(["ada", "ben", "cyn"])
TITLES = st.sampled_from(["x", "y"])
WHERE = st.one_of(st.integers(0, 5).map(lambda number: f"/Users/bulkId:{number}"), st.just("/Users/nobody"))
DATA = st.builds(lambda name, text: person(name, title=text), NAMES, TITLES)
WRITES = st.one_of(
    st.builds(lambda data: post("", data), DATA),
    st.builds(put, WHERE, DATA),
    st.builds(lambda path, text: patch(path, title(text)), WHERE, TITLES),
    st.builds(delete, WHERE),
)


@given(writes=st.lists(WRITES, max_size=10), most=st.one_of(st.none(), st.integers(1, 4)))
@settings(max_examples=60, deadline=None)
def test_a_job_does_what_its_operations_do_one_by_one(client_class: Any, writes: list[Any], most: int | None) -> None:
    """References lead backwards here, so that a single request can be made of each operation."""
    job = [{**one, "bulkId": str(number)} if one["method"] == "POST" else one for number, one in enumerate(writes)]
    made = {one["bulkId"] for number, one in enumerate(job) if "bulkId" in one}
    job = [one for number, one in enumerate(job) if _backward(one["path"], number, made)]
    if not job:
        return
    bulk, single = client_class(), client_class()
    try:
        expected = _one_by_one(single, job, most)
        assert statuses(bulk.bulk(*job, failOnErrors=most)) == expected
        assert _state(bulk) == _state(single)
        errors = sum(status >= "400" for status in expected)
        assert len(expected) == len(job) or (errors == most and expected[-1] >= "400")
    finally:
        bulk.close()
        single.close()


def _backward(path: str, number: int, made: set[str]) -> bool:
    name = path.partition("bulkId:")[2]
    return not name or (name in made and int(name) < number)


def _one_by_one(client: Any, job: list[Any], most: int | None) -> list[str]:
    ids: dict[str, str] = {}
    expected: list[str] = []
    for one in job:
        place, _, name = one["path"].partition("bulkId:")
        if name and name not in ids:
            expected.append("409")  # refers to what wasn't created
        else:
            reply = client.send(one["method"], place + ids.get(name, ""), body=one.get("data"))
            expected.append(str(reply.status))
            if reply.status == 201:
                ids[one["bulkId"]] = reply.resource()["id"]
        if sum(status >= "400" for status in expected) == most:
            break
    return expected


def _state(client: Any) -> list[Any]:
    return [(user["userName"], user.get("title")) for user in client.get("/Users")["Resources"]]


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8)
    | st.sampled_from(["bulkId:x", "bulkId:", "/Users", "/Users/bulkId:x", "POST", "PATCH", "/\x00", "bulkId:\\"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["schemas", "userName", "members", "value", "path"]), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
JUNK_OPERATION = st.fixed_dictionaries({}, optional={
    "method": st.sampled_from(["POST", "PUT", "PATCH", "DELETE"]) | JUNK,
    "path": st.sampled_from(["/Users", "/Groups", "/Users/bulkId:x", "/Users/%", "/Users/%00", "\u20ac"]) | JUNK,
    "bulkId": st.sampled_from(["x", "y"]) | JUNK,
    "version": JUNK,
    "data": st.builds(person, st.text(max_size=3), members=JUNK, manager=JUNK) | JUNK,
})  # fmt: skip


@given(operations=st.lists(JUNK_OPERATION, max_size=4) | JUNK, most=JUNK, known=st.booleans())
@settings(max_examples=200, deadline=None)
def test_junk_is_never_more_than_an_error_of_its_client(shared: Any, operations: Any, most: Any, known: bool) -> None:
    body = {"schemas": [BULK_REQUEST], "Operations": operations, **({} if known else {"failOnErrors": most})}
    reply = shared.send("POST", "/Bulk", body=body)
    answer = reply.resource()
    assert reply.status in (200, 400, 413), answer
    for result in answer.get("Operations", ()):
        assert result["status"] in {"200", "201", "204", "400", "404", "405", "409", "412", "501"}, result
    assert all("bulkId" not in user["id"] for user in shared.get("/Users")["Resources"])


@pytest.fixture(scope="module")
def shared(client_class: Any) -> Any:
    """One server for all examples: what stays of one may stand in the way of the next."""
    made = client_class()
    yield made
    made.close()
