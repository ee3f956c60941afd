"""The data of the filter corpus, loaded once for whoever tries filters on it; values and users made up from schemas."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from scimrig_simulator.scim.filters import parse_filter, predicate
from scimrig_simulator.scim.schemas import (
    Attribute,
    Extension,
    ResourceType,
    builtin,
    common_schema,
    schema_from_json,
)

_CORPUS = Path(__file__).parents[2] / "scenarios" / "corpora" / "filter-corpus.json"

Kinds = Callable[[str], list[tuple[ResourceType, list[dict[str, Any]], str]]]


@pytest.fixture(scope="session")
def kinds() -> Kinds:
    """The resource types an endpoint spans, each with its resources and the attribute that names them in the corpus."""
    corpus = json.loads(_CORPUS.read_text("utf-8"))
    lab = corpus["schemas"]["lab_extension"]
    schema = schema_from_json(
        {"id": lab["id"], "attributes": [{"name": name, **facts} for name, facts in lab["attributes"].items()]}
    )
    user, group = builtin().resource_type("User"), builtin().resource_type("Group")
    user = replace(user, extensions=(*user.extensions, Extension(schema)))
    spans = {"/Users": (user, corpus["dataset"]["users"], "userName")}
    spans["/Groups"] = (group, corpus["dataset"]["groups"], "displayName")
    return lambda endpoint: list(spans.values()) if endpoint == "/" else [spans[endpoint]]


@pytest.fixture(scope="session")
def search(kinds: Kinds) -> Callable[[str, str], list[str]]:
    """The names of the resources at an endpoint that a filter selects. Raises FilterError."""

    def find(expression: str, endpoint: str) -> list[str]:
        found = []
        for kind, resources, name in kinds(endpoint):
            holds = predicate(parse_filter(expression), kind)
            found += [resource[name] for resource in resources if holds(resource)]
        return found

    return find


# --- resources and values made up from a schema

_WORDS = ["work", "Work", "WORK", "ada", "Ada", "ß", "SS", "é", "e\u0301", "İ", "a and (b)", '"', "\\", "", "\u0345"]
_TIMES = ["2024-01-01T00:00:00Z", "2024-01-01T01:00:00+01:00", "2024-01-01T00:00:00.5Z", "2023-12-31T24:00:00Z"]
_TIMES += ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999-14:00"]
_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "string": st.sampled_from(_WORDS) | st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    "reference": st.sampled_from(["https://example.com/Users/1", "https://example.com/users/1", "Users/2"]),
    "binary": st.sampled_from(["AAAA", "aaaa", "AQID"]),
    "boolean": st.booleans(),
    "integer": st.sampled_from([0, 1, -1, 42, 2**63, 10**30]) | st.integers(-50, 50),
    "decimal": st.sampled_from([0.0, 1.0, 3.5, -1.5, 1e22, 1e300]) | st.floats(-9, 9),
    "dateTime": st.sampled_from(_TIMES),
}


def _value(attribute: Attribute) -> st.SearchStrategy[Any]:
    """Any value that an attribute of this definition may have."""
    if attribute.type == "complex":
        needed = {sub.name: _value(sub) for sub in attribute.sub_attributes if sub.required}
        others = {sub.name: _value(sub) for sub in attribute.sub_attributes if not sub.required}
        one: st.SearchStrategy[Any] = st.fixed_dictionaries(needed, optional=others)
    else:
        one = _VALUES[attribute.type]
    return st.lists(one, max_size=3) if attribute.multi_valued else one


@pytest.fixture(scope="session")
def user_type(kinds: Kinds) -> ResourceType:
    """User with the enterprise extension and the corpus's lab extension, which has numbers and a binary."""
    return kinds("/Users")[0][0]


@pytest.fixture(scope="session")
def values() -> Callable[[Attribute], st.SearchStrategy[Any]]:
    """``values(attribute)``: any value it may have; of one that has several, a list of up to three."""
    return _value


@pytest.fixture(scope="session")
def users(user_type: ResourceType) -> st.SearchStrategy[dict[str, Any]]:
    """Users as somebody might store them: any attributes, any values, nothing checked but the types."""
    meta = common_schema().attribute("meta")
    assert meta is not None
    parts = {attribute.name: _value(attribute) for attribute in (*user_type.schema.attributes, meta)}
    for extension in user_type.extensions:
        inner = {attribute.name: _value(attribute) for attribute in extension.schema.attributes}
        parts[extension.schema.id] = st.fixed_dictionaries({}, optional=inner)
    parts["title"] = st.none() | parts["title"]
    whole = {"userName": parts.pop("userName"), "id": _VALUES["string"]}
    whole["schemas"] = st.just([user_type.schema.id, *(extension.schema.id for extension in user_type.extensions)])
    return st.fixed_dictionaries(whole, optional=parts)
