"""The texts by which values are told apart: the same exactly where the schema takes the values as the same."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scimrig_simulator.scim.keys import comparable, unique_values
from scimrig_simulator.scim.schema_files import merge
from scimrig_simulator.scim.schemas import Attribute, ResourceType, builtin, unique_places

THING, EXTRA = "urn:example:Thing", "urn:example:Extra"

DOCUMENTS = [
    {
        "id": THING, "attributes": [
            {"name": "serial", "caseExact": True, "uniqueness": "global"},
            {"name": "free"},
            {"name": "number", "type": "integer", "uniqueness": "server"},
            {"name": "names", "multiValued": True, "uniqueness": "server"},
            {
                "name": "ports", "type": "complex", "multiValued": True,
                "subAttributes": [{"name": "mac", "uniqueness": "server"}, {"name": "speed", "type": "integer"}],
            },
            {
                "name": "home", "type": "complex",
                "subAttributes": [{"name": "rooms", "multiValued": True, "uniqueness": "server"}],
            },
        ],
    },
    {"id": EXTRA, "attributes": [{"name": "tag", "uniqueness": "server"}]},
    {
        "name": "Thing", "endpoint": "/Things", "schema": THING,
        "schemaExtensions": [{"schema": EXTRA, "required": False}],
    },
]


@pytest.fixture(scope="module")
def thing() -> ResourceType:
    return merge(builtin(), [("thing.json", json.dumps(DOCUMENTS))]).resource_type("Thing")


def attribute(kind: str, exact: bool = False) -> Attribute:
    return Attribute("x", kind, case_exact=exact)


@pytest.mark.parametrize(
    ("kind", "exact", "one", "other"),
    [
        ("string", False, "Ada", "aDA"), ("string", False, "straße", "STRASSE"), ("string", False, "É", "e\u0301"),
        ("string", True, "\u00e9", "e\u0301"), ("reference", True, "a\u00e9", "ae\u0301"),
        ("integer", False, 1, 1.0), ("decimal", False, 1e3, 1000), ("decimal", False, -0.0, 0),
        ("decimal", False, 0.5, 5e-1), ("decimal", False, 1e22, 10**22),
        ("dateTime", False, "2024-06-01T12:00:00Z", "2024-06-01T14:00:00.000+02:00"),
        ("dateTime", False, "2024-06-01T12:00:00", "2024-06-01T12:00:00Z"),
    ],
)
def test_same_values_have_one_text(kind: str, exact: bool, one: Any, other: Any) -> None:
    assert comparable(one, attribute(kind, exact)) == comparable(other, attribute(kind, exact)) is not None


@pytest.mark.parametrize(
    ("kind", "exact", "one", "other"),
    [
        ("string", True, "Ada", "ada"), ("string", False, "a", "b"), ("string", False, "a", "a "),
        ("reference", True, "/A", "/a"), ("binary", True, "QUJD", "qujd"),
        ("integer", False, 1, 2), ("integer", False, 10**17, 10**17 + 1), ("decimal", False, 0.1, 0.2),
        ("boolean", False, True, False), ("dateTime", False, "2024-06-01T12:00:00Z", "2024-06-01T12:00:00.000001Z"),
        ("dateTime", False, "0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00-14:00"),
    ],
)
def test_other_values_have_other_texts(kind: str, exact: bool, one: Any, other: Any) -> None:
    assert comparable(one, attribute(kind, exact)) != comparable(other, attribute(kind, exact))


@pytest.mark.parametrize("value", [None, {"a": 1}, ["a"]])
def test_what_is_not_simple_has_no_text(value: Any) -> None:
    assert comparable(value, attribute("string")) is None


def test_places_of_unique_values_go_by_their_paths(thing: ResourceType) -> None:
    assert [place.name for place in unique_places(thing)] == [
        "serial", "number", "names", "ports.mac", "home.rooms", f"{EXTRA}:tag",
    ]


def test_the_username_of_a_user_is_not_among_them() -> None:
    """Stores know it by a key of its own."""
    assert unique_places(builtin().resource_type("User")) == ()


def test_unique_values_are_found_wherever_they_are(thing: ResourceType) -> None:
    resource = {
        "serial": "S-1", "free": "x", "number": 5, "names": ["B", "a"],
        "ports": [{"mac": "AA", "speed": 1}, {"speed": 2}, {"mac": "bb"}], "home": {"rooms": ["R1"]},
        EXTRA: {"tag": "T"},
    }
    assert list(unique_values(resource, thing)) == [
        ("serial", "S-1"), ("number", "5"), ("names", "b"), ("names", "a"), ("ports.mac", "aa"), ("ports.mac", "bb"),
        ("home.rooms", "r1"), (f"{EXTRA}:tag", "t"),
    ]


@pytest.mark.parametrize(
    "resource", [{}, {"serial": None, "ports": [], EXTRA: {}}, {"ports": "x", EXTRA: "y", "home": 1}]
)
def test_what_is_not_there_yields_nothing(thing: ResourceType, resource: dict[str, Any]) -> None:
    assert list(unique_values(resource, thing)) == []
