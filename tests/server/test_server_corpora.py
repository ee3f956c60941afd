"""The filter and PATCH corpora, over HTTP: data goes in by POST, the answers are those that the corpora expect."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from scimrig_simulator.scim.schemas import Definitions, Extension, schema_from_json
from scimrig_simulator.scim.tolerances import NONE, STANDARD, TOLERANCES, Tolerance
from scimrig_simulator.seams import Seams

CORPORA = Path(__file__).parents[2] / "scenarios" / "corpora"
FILTERS = json.loads((CORPORA / "filter-corpus.json").read_text("utf-8"))
PATCHES = json.loads((CORPORA / "patch-corpus.json").read_text("utf-8"))
NEEDS = tomllib.loads((Path(__file__).parents[1] / "patch-tolerances.toml").read_text("utf-8"))
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


@pytest.fixture(scope="module", params=[STANDARD, NONE], ids=["standard", "strict"])
def loaded(request: pytest.FixtureRequest, client_class: Callable[..., Any]) -> Iterator[Loaded]:
    """No tolerance is about filters: the data is by the book, and a strict server finds the same in it."""
    client = client_class(seams=WithLab(), tolerances=request.param)
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
    """A server with the resources that PATCH cases name; each case gets a resource of its own."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.ids = {f"${{user.{name}}}": client.user(f"other-{name}")["id"] for name in ("a", "b", "c", "boss")}
        self.ids |= {"${group.g}": client.group("Other")["id"], "${user.nobody}": "nobody"}

    def filled(self, value: Any, own_id: str = "") -> Any:
        text = json.dumps(value)
        for name, id in (self.ids | {"${self}": own_id}).items():
            text = text.replace(name, id)
        return json.loads(text)

    def ended(self, case: dict[str, Any]) -> Ended:
        taken = self.client.user("taken")["id"] if "precondition" in case else None
        collection = f"/{case['resource_type']}s"
        fixture = self.filled(PATCHES["fixtures"][case["fixture"]]["resource"])
        path = f"{collection}/{self.client.send('POST', collection, body=fixture).resource()['id']}"
        before = self.client.get(path)
        self.client.clock.sleep(60)
        reply = self.client.send("PATCH", path, body=self.filled(case["request"], before["id"]))
        after = self.client.get(path)
        for gone in (path, None if taken is None else f"/Users/{taken}"):
            assert gone is None or self.client.send("DELETE", gone).status == 204
        return Ended(reply.status, reply.resource(), before, after, self)


@dataclass(frozen=True)
class Ended:
    """How a case ended: the answer, and the resource before and after it."""

    status: int
    answer: dict[str, Any]
    before: dict[str, Any]
    after: dict[str, Any]
    fixtures: Fixtures

    def unlike(self, expect: dict[str, Any]) -> str:
        """What isn't as ``expect`` or an alternative says, "" where all is."""
        wanted = self.fixtures.filled(expect, self.before["id"])
        if self.status not in (wanted["status"] if isinstance(wanted["status"], list) else [wanted["status"]]):
            return f"status {self.status}"
        if self.status == 200 and self.answer != self.after:
            return "the answer isn't what a GET gives"
        if self.status != 200 and self.answer["scimType"] not in wanted["scimType"]:
            return f"scimType {self.answer['scimType']}"
        if self.status != 200 and self.after != self.before:
            return "the resource was changed by a PATCH that was refused"
        if wanted.get("lastModified") == "unchanged" and self.after["meta"] != self.before["meta"]:
            return "meta"
        changed = wanted["changed"]
        if not set(changed.get("schemas", [])) <= set(self.after["schemas"]):
            return "schemas"
        for name in sorted((self.before.keys() | self.after.keys() | changed.keys()) - {"meta", "schemas"}):
            value = changed[name] if name in changed else self.before.get(name)
            if _plain(self.after.get(name), name) != _plain(value, name):
                return name
        return ""


def _plain(value: Any, name: str) -> Any:
    """A value without what doesn't count: order, primary: false, what the server adds (the corpus' conventions)."""
    if isinstance(value, list):
        return sorted((_plain(item, name) for item in value), key=repr) or None
    if isinstance(value, dict):
        added = {"members": {"$ref", "display", "type"}, "manager": {"$ref", "displayName"}}.get(name, set())
        kept = {key: _plain(item, key) for key, item in value.items() if key not in added}
        return sorted((key, item) for key, item in kept.items() if item not in (None, False)) or None
    return value


@pytest.mark.parametrize("case", PATCHES["cases"], ids=lambda case: case["id"])
def test_patch(client: Any, case: dict[str, Any]) -> None:
    assert Fixtures(client).ended(case).unlike(case["expect"]) == ""


@pytest.mark.parametrize("case", PATCHES["cases"], ids=lambda case: case["id"])
def test_patch_of_a_strict_server(make_client: Callable[..., Any], case: dict[str, Any]) -> None:
    """By the letter: what is by the book ends as it should, what a dialect bends as the strict alternative says."""
    ended = Fixtures(make_client(tolerances=NONE)).ended(case)
    alternatives = case.get("alternatives", [])
    refusals = [other for other in alternatives if other["status"] not in ([200, 204], 200)]
    allowed = refusals if case["dialect"] != "rfc" and refusals else [case["expect"], *alternatives]
    assert any(ended.unlike(one) == "" for one in allowed), (ended.status, ended.answer)


@pytest.mark.parametrize("tolerance", TOLERANCES, ids=lambda tolerance: tolerance.name)
def test_patch_of_a_server_without_one_tolerance(make_client: Callable[..., Any], tolerance: Tolerance) -> None:
    """The cases that need it end in another way, and no others."""
    fixtures = Fixtures(make_client(tolerances=STANDARD - {tolerance}))
    others = [case["id"] for case in PATCHES["cases"] if fixtures.ended(case).unlike(case["expect"])]
    assert others == NEEDS.get(tolerance.name, {"cases": []})["cases"]
