"""Whatever a schema allows is kept: resources made from the definitions of a file, over HTTP (RFC 7643 §2, §7).

What is to be expected is read from the file itself, not from what the server made of it.
"""

from __future__ import annotations

import base64
import json
import unicodedata
from collections.abc import Iterator
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from scimrig_simulator.scim.schema_files import merge
from scimrig_simulator.scim.schemas import builtin

TEXT = (Path(__file__).parents[3] / "examples" / "schemas" / "device.json").read_text("utf-8")
CORE, ASSET, KIND = json.loads(TEXT)
NEVER = "never"

pytestmark = pytest.mark.slow
generated = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def traits(attribute: dict[str, Any], name: str) -> Any:
    defaults = {"type": "string", "multiValued": False, "required": False, "caseExact": False}
    return attribute.get(name, {**defaults, "mutability": "readWrite", "returned": "default"}.get(name))


def same(value: Any) -> Any:
    """What two values of a list have in common that would be one."""
    if isinstance(value, dict):
        return same(value["value"])
    if isinstance(value, str):
        return unicodedata.normalize("NFC", unicodedata.normalize("NFC", value).casefold())
    return value


def date_times() -> SearchStrategy[str]:
    zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
    return st.datetimes(timezones=st.none() | zones).map(lambda when: when.isoformat().replace("+00:00", "Z"))


SIMPLE: dict[str, SearchStrategy[Any]] = {
    "string": st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip),
    "boolean": st.booleans(),
    "integer": st.integers(-(10**30), 10**30),
    "decimal": st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**15), 10**15),
    "dateTime": date_times(),
    "binary": st.binary(min_size=1).map(lambda content: base64.b64encode(content).decode()),
    "reference": st.from_regex(r"(https?://[a-z]{1,9}\.test)?(/[A-Za-z0-9_~-]{1,9}){1,3}(\?a=%20)?", fullmatch=True),
}


def values(attribute: dict[str, Any]) -> SearchStrategy[Any]:
    kind = traits(attribute, "type")
    one = objects(attribute["subAttributes"]).filter(bool) if kind == "complex" else SIMPLE[kind]
    return st.lists(one, min_size=1, max_size=4, unique_by=same) if traits(attribute, "multiValued") else one


def objects(attributes: list[dict[str, Any]]) -> SearchStrategy[dict[str, Any]]:
    """Objects with what is required and some of the rest; what the server would forget in a PUT is left out."""
    kept = [one for one in attributes if traits(one, "mutability") != "readOnly" and traits(one, "returned") != NEVER]
    required = {one["name"]: values(one) for one in kept if traits(one, "required")}
    optional = {one["name"]: values(one) for one in kept if not traits(one, "required")}
    return st.fixed_dictionaries(required, optional=optional).map(one_primary)


def one_primary(resource: dict[str, Any]) -> dict[str, Any]:
    marked = [value for value in resource.get("interfaces", ()) if value.get("primary")]
    for value in marked[1:]:
        value["primary"] = False
    return resource


def devices() -> SearchStrategy[dict[str, Any]]:
    bare = objects(CORE["attributes"]).map(lambda core: {"schemas": [CORE["id"]], **core})
    extended = st.builds(
        lambda core, extra: {**core, "schemas": [CORE["id"], ASSET["id"]], ASSET["id"]: extra},
        bare, objects(ASSET["attributes"]),
    )
    return bare | extended


def asked_for(attributes: list[dict[str, Any]]) -> list[str]:
    """Names that bring back everything, also what is returned on request only."""
    names: list[str] = []
    for one in attributes:
        subs = one.get("subAttributes", [])
        hidden = any(traits(sub, "returned") == "request" for sub in subs)
        names += [f"{one['name']}.{sub['name']}" for sub in subs] if hidden else [one["name"]]
    return names


EVERYTHING = ",".join([*asked_for(CORE["attributes"]), ASSET["id"], "schemas", "meta"])


@pytest.fixture(scope="module")
def served(client_class: Any) -> Iterator[Any]:
    client = client_class(definitions=merge(builtin(), [("device.json", TEXT)]))
    yield client
    client.close()


def stored(client: Any, body: dict[str, Any]) -> dict[str, Any]:
    """The only device there is: the last one is taken away first."""
    for one in client.get("/Devices")["Resources"]:
        assert client.send("DELETE", f"/Devices/{one['id']}").status == 204
    reply = client.send("POST", "/Devices", body=body)
    assert reply.status == 201, reply.body
    return dict(reply.resource())


def without_request(resource: dict[str, Any]) -> dict[str, Any]:
    shown = {name: value for name, value in resource.items() if name != "history"}
    if "interfaces" in shown:
        shown["interfaces"] = [
            {name: value for name, value in one.items() if name != "counters"} for one in shown["interfaces"]
        ]
    return shown


def own(resource: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in resource.items() if name not in ("id", "meta")}


@given(body=devices())
@generated
def test_what_is_posted_is_what_is_read(served: Any, body: dict[str, Any]) -> None:
    created = stored(served, body)
    place = f"/Devices/{created['id']}"
    assert own(created) == body
    assert own(served.get(place)) == without_request(body)
    assert own(served.get(place, attributes=EVERYTHING)) == body
    assert [own(one) for one in served.get("/Devices")["Resources"]] == [without_request(body)]


@given(body=devices())
@generated
def test_put_of_what_was_read_changes_nothing(served: Any, body: dict[str, Any]) -> None:
    created = stored(served, body)
    read = served.get(f"/Devices/{created['id']}", attributes=EVERYTHING)
    served.clock.sleep(1)
    after = served.put(read)
    assert after.status == 200, after.body
    assert after.resource() == created


@given(body=devices(), other=devices())
@generated
def test_put_of_another_device_leaves_that_one(served: Any, body: dict[str, Any], other: dict[str, Any]) -> None:
    created = stored(served, body)
    wanted = {**other, "serialNumber": body["serialNumber"]}
    reply = served.send("PUT", f"/Devices/{created['id']}", body=wanted)
    assert reply.status == 200, reply.body
    assert own(served.get(f"/Devices/{created['id']}", attributes=EVERYTHING)) == wanted


@given(body=devices(), data=st.data())
@generated
def test_projection_shows_what_is_asked_for_and_what_is_always_shown(
    served: Any, body: dict[str, Any], data: st.DataObject
) -> None:
    created = stored(served, body)
    place = f"/Devices/{created['id']}"
    names = data.draw(st.lists(st.sampled_from([one["name"] for one in CORE["attributes"]]), min_size=1, unique=True))
    always = {"schemas", "id", "serialNumber"}
    plain = without_request(created)
    whole = {**plain, **{name: created[name] for name in names if name == "history" and name in created}}
    shown = served.get(place, attributes=",".join(names))
    assert {name: value for name, value in shown.items() if name != "meta"} == {
        name: value for name, value in whole.items() if name in always or name in names
    }
    assert served.get(place, excludedAttributes=",".join(names)) == {
        name: value for name, value in plain.items() if name in always or name not in names
    }


@given(body=devices())
@generated
def test_a_filter_on_any_value_finds_its_device(served: Any, body: dict[str, Any]) -> None:
    """``eq`` with the value that was sent, for every simple attribute and every sub-attribute."""
    created = stored(served, body)
    for schema, home in ((CORE, body), (ASSET, body.get(ASSET["id"], {}))):
        prefix = "" if schema is CORE else f"{ASSET['id']}:"
        for attribute in schema["attributes"]:
            for path, value in simple_values(attribute, home.get(attribute["name"])):
                text = f"{prefix}{path} eq {json.dumps(value)}"
                found = served.get("/Devices", filter=text)
                assert [one["id"] for one in found["Resources"]] == [created["id"]], text


def simple_values(attribute: dict[str, Any], value: Any) -> Iterator[tuple[str, Any]]:
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict):
            for sub in attribute["subAttributes"]:
                if sub["name"] != "$ref":  # no filter can name it (RFC 7644 Figure 1)
                    inner = simple_values(sub, one.get(sub["name"]))
                    yield from ((f"{attribute['name']}.{path}", item) for path, item in inner)
        elif one is not None:
            yield attribute["name"], one
