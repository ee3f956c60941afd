"""The filter and PATCH corpora, over HTTP: data goes in by POST, the answers are those that the corpora expect."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scimrig_simulator.scim.schemas import Definitions, Extension, schema_from_json
from scimrig_simulator.seams import Seams

CORPORA = Path(__file__).parents[2] / "scenarios" / "corpora"
FILTERS = json.loads((CORPORA / "filter-corpus.json").read_text("utf-8"))
PATCHES = json.loads((CORPORA / "patch-corpus.json").read_text("utf-8"))
LAB = FILTERS["schemas"]["lab_extension"]


class WithLab(Seams):
    """The reference server with the corpus' own extension of User."""

    def definitions(self, known: Definitions) -> Definitions:
        attributes = [{"name": name, **definition} for name, definition in LAB["attributes"].items()]
        lab = schema_from_json({"id": LAB["id"], "attributes": attributes})
        user, *others = known.resource_types
        user = replace(user, extensions=(*user.extensions, Extension(lab)))
        return Definitions((*known.schemas, lab), (user, *others))


# Filters


class Loaded:
    """The data set on a server, and the ids that its resources got there."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.ids: dict[str, str] = {}
        users = {user["id"]: user for user in FILTERS["dataset"]["users"]}
        for id in sorted(users, key=lambda id: id != "Uid-02x"):  # a manager comes first
            self.post("/Users", users[id])
        for group in FILTERS["dataset"]["groups"]:
            self.post("/Groups", group)

    def post(self, path: str, resource: dict[str, Any]) -> None:
        reply = self.client.send("POST", path, body=json.loads(self.here(json.dumps(resource))))
        assert reply.status == 201, reply.body
        self.ids[resource["id"]] = reply.resource()["id"]

    def here(self, text: str) -> str:
        for id, real in self.ids.items():
            text = text.replace(id, real)
        return text


@pytest.fixture(scope="module")
def loaded(client_class: Callable[..., Any]) -> Iterator[Loaded]:
    client = client_class(seams=WithLab())
    yield Loaded(client)
    client.transport.close()


def _clients_can_set(case: dict[str, Any]) -> bool:
    """Times in meta are the server's, so the corpus' can't be loaded over HTTP."""
    return "meta.created" not in case["expression"] and "meta.lastModified" not in case["expression"]


@pytest.mark.parametrize("case", list(filter(_clients_can_set, FILTERS["cases"])), ids=lambda case: case["id"])
def test_filter(loaded: Loaded, case: dict[str, Any]) -> None:
    query = {"filter": loaded.here(case["expression"]), "count": "200"}
    reply = loaded.client.send("GET", case["endpoint"], query)
    expect = case["expect"]
    assert reply.status == expect["status"]
    if reply.status == 200:
        found = [item.get("userName") or item["displayName"] for item in reply.resource()["Resources"]]
        assert sorted(found) == sorted(expect["matches"])
        by_post = loaded.client.send("POST", f"{case['endpoint'].rstrip('/')}/.search", body={
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": query["filter"], "count": 200,
        })
        assert by_post.body == reply.body
    else:
        assert reply.resource()["scimType"] == expect["scimType"]


# PATCH


class Fixtures:
    """A server with the resources that PATCH cases name."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.ids = {f"${{user.{name}}}": client.user(f"other-{name}")["id"] for name in ("a", "b", "c", "boss")}
        self.ids |= {"${group.g}": client.group("Other")["id"], "${user.nobody}": "nobody"}

    def filled(self, value: Any, own_id: str = "") -> Any:
        text = json.dumps(value)
        for name, id in (self.ids | {"${self}": own_id}).items():
            text = text.replace(name, id)
        return json.loads(text)


@pytest.mark.parametrize("case", PATCHES["cases"], ids=lambda case: case["id"])
def test_patch(client: Any, case: dict[str, Any]) -> None:
    fixtures = Fixtures(client)
    if "precondition" in case:
        client.user("taken")
    collection = f"/{case['resource_type']}s"
    made = client.send("POST", collection, body=fixtures.filled(PATCHES["fixtures"][case["fixture"]]["resource"]))
    path = f"{collection}/{made.resource()['id']}"
    before = client.get(path)
    client.clock.sleep(60)
    reply = client.send("PATCH", path, body=fixtures.filled(case["request"], before["id"]))
    after = client.get(path)
    expect = fixtures.filled(case["expect"], before["id"])
    if reply.status == 200:
        assert expect["status"] == [200, 204]
        assert reply.resource() == after
    else:
        assert reply.status in (expect["status"] if isinstance(expect["status"], list) else [expect["status"]])
        assert reply.resource()["scimType"] in expect["scimType"]
        assert after == before
    _assert_changed(before, after, expect["changed"])
    if expect.get("lastModified") == "unchanged":
        assert after["meta"] == before["meta"]


def _assert_changed(before: dict[str, Any], after: dict[str, Any], changed: dict[str, Any]) -> None:
    assert set(changed.get("schemas", [])) <= set(after["schemas"])
    for name in (before.keys() | after.keys() | changed.keys()) - {"meta", "schemas"}:
        wanted = changed[name] if name in changed else before.get(name)
        assert _plain(after.get(name), name) == _plain(wanted, name), name


def _plain(value: Any, name: str) -> Any:
    """A value without what doesn't count: order, primary: false, what the server adds (the corpus' conventions)."""
    if isinstance(value, list):
        return sorted((_plain(item, name) for item in value), key=repr) or None
    if isinstance(value, dict):
        added = {"members": {"$ref", "display", "type"}, "manager": {"$ref", "displayName"}}.get(name, set())
        kept = {key: _plain(item, key) for key, item in value.items() if key not in added}
        return sorted((key, item) for key, item in kept.items() if item not in (None, False)) or None
    return value
