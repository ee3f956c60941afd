"""The laws of projection (RFC 7644 §3.4.2.5, §3.9; RFC 7643 §7 ``returned``), tried on made-up resources and schemas.

The oracle is the set of leaves: (attribute, which value of several, sub-attribute, the value itself).
"""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scimrig_simulator.scim.projection import project
from scimrig_simulator.scim.schemas import Attribute, Extension, ResourceType, builtin, schema_from_json

few = settings(max_examples=100)
many = settings(max_examples=1_000)

LAB = "urn:example:params:scim:schemas:extension:lab:2.0:Thing"
RETURNED = ("always", "default", "request", "never")
PARTS = [{"name": f"{when}Part", "returned": when} for when in RETURNED]
SCHEMA = schema_from_json({"id": LAB, "attributes": [
    *({"name": f"{when}Plain", "returned": when} for when in RETURNED),
    *({"name": f"{when}List", "returned": when, "multiValued": True} for when in RETURNED),
    *({"name": f"{when}Box", "returned": when, "type": "complex", "subAttributes": PARTS} for when in RETURNED),
    *({"name": f"{when}Boxes", "returned": when, "type": "complex", "multiValued": True, "subAttributes": PARTS}
      for when in RETURNED),
]})
KIND: ResourceType = replace(builtin().resource_type("User"), extensions=(Extension(SCHEMA),))
CORE = KIND.schema.id
TOP = {"id": "always", "schemas": "always", "userName": "default", "password": "never", "name": "default",
       "emails": "default", "meta": "default"}


# --- made-up resources and lists of names


def held(attribute: Attribute) -> st.SearchStrategy[Any]:
    text = st.sampled_from(["a", "b", "c"])
    parts = {sub.name: text for sub in attribute.sub_attributes}
    one: st.SearchStrategy[Any] = text if not parts else st.fixed_dictionaries({}, optional=parts)
    return st.lists(one, max_size=3) if attribute.multi_valued else one


def resources() -> st.SearchStrategy[dict[str, Any]]:
    lab = st.fixed_dictionaries({}, optional={attribute.name: held(attribute) for attribute in SCHEMA.attributes})
    email = st.fixed_dictionaries({"value": st.sampled_from(["a@b", "c@d"])}, optional={"type": st.just("work")})
    return st.fixed_dictionaries(
        {"id": st.just("1"), "schemas": st.just([CORE, LAB]), "userName": st.just("ada")},
        optional={
            "password": st.just("secret"), "name": st.fixed_dictionaries({}, optional={"givenName": st.just("Ada")}),
            "emails": st.lists(email, max_size=2), "title": st.none(),
            "meta": st.just({"resourceType": "User", "version": 'W/"1"'}), LAB: lab,
        },
    )


NAMES = [
    "id", "schemas", "userName", "password", "name", "name.givenName", "emails", "emails.value", "emails.type", "meta",
    "meta.version", f"{CORE}:userName", f"{CORE}:emails.value", LAB, CORE, "nothing", "name.nothing", "", "a b", ":",
    *(f"{LAB}:{attribute.name}" for attribute in SCHEMA.attributes),
    *(f"{LAB}:{attribute.name}.{sub.name}" for attribute in SCHEMA.attributes for sub in attribute.sub_attributes),
]
lists = st.lists(st.sampled_from(NAMES), max_size=5)
some = st.lists(st.sampled_from(NAMES), min_size=1, max_size=5)

Leaf = tuple[str, ...]


def leaves(resource: dict[str, Any]) -> list[Leaf]:
    """Every simple value in a resource with the names that lead to it; which of several values it stands in is not
    told, since those that nothing is left of go."""
    found: list[Leaf] = []

    def walk(value: Any, path: Leaf) -> None:
        if isinstance(value, dict):
            for name, item in value.items():
                walk(item, (*path, name))
        elif isinstance(value, list):
            for item in value:
                walk(item, path)
        elif value is not None:
            found.append((*path, json.dumps(value)))

    walk(resource, ())
    return sorted(found)


def returned(leaf: Leaf) -> tuple[str, ...]:
    """``returned`` of the attribute that a leaf lies in and, where it lies in one, of the sub-attribute."""
    if leaf[0] != LAB:
        return (TOP[leaf[0]], *(["default"] if len(leaf) > 2 else []))
    attribute = SCHEMA.attribute(leaf[1])
    assert attribute is not None
    sub = attribute.sub(leaf[2]) if attribute.sub_attributes else None
    return (attribute.returned,) if sub is None else (attribute.returned, sub.returned)


def always(leaf: Leaf) -> bool:
    return set(returned(leaf)) == {"always"}


def within(part: list[Leaf], whole: list[Leaf]) -> bool:
    return all(part.count(leaf) <= whole.count(leaf) for leaf in part)


# --- the laws


def the_laws_hold(resource: dict[str, Any], attributes: list[str] | None, excluded: list[str] | None) -> None:
    untouched = deepcopy(resource)
    shown = project(resource, KIND, attributes, excluded)
    assert resource == untouched
    assert project(shown, KIND, attributes, excluded) == shown
    assert within(leaves(shown), leaves(resource))
    assert not any("never" in returned(leaf) for leaf in leaves(shown))
    assert within([leaf for leaf in leaves(resource) if always(leaf)], leaves(shown))
    assert not _empties(shown)


def _empties(value: Any) -> bool:
    """Whether something unassigned is shown (RFC 7643 §2.5: it needn't, and it isn't)."""
    if isinstance(value, dict):
        return any(item in (None, [], {}) or _empties(item) for item in value.values())
    return isinstance(value, list) and any(item in (None, [], {}) or _empties(item) for item in value)


@few
@given(resources(), st.none() | lists, st.none() | lists)
def test_the_laws_of_projection_hold(resource: dict[str, Any], attributes: Any, excluded: Any) -> None:
    the_laws_hold(resource, attributes, excluded)


@pytest.mark.slow
@many
@given(resources(), st.none() | lists, st.none() | lists)
def test_the_laws_of_projection_hold_for_many(resource: dict[str, Any], attributes: Any, excluded: Any) -> None:
    the_laws_hold(resource, attributes, excluded)


@few
@given(resources(), some)
def test_what_is_asked_for_and_what_is_left_without_it_make_the_whole(
    resource: dict[str, Any], names: list[str]
) -> None:
    asked, rest = leaves(project(resource, KIND, names)), leaves(project(resource, KIND, None, names))
    whole = leaves(project(resource, KIND))
    for leaf in {*whole, *asked, *rest}:
        assert max(asked.count(leaf), rest.count(leaf)) >= whole.count(leaf)
        if leaf not in whole:
            assert "request" in returned(leaf)


@few
@given(resources(), some)
def test_nothing_is_both_asked_for_and_left_out_but_what_always_comes(
    resource: dict[str, Any], names: list[str]
) -> None:
    asked, rest = leaves(project(resource, KIND, names)), leaves(project(resource, KIND, None, names))
    both = leaves(project(resource, KIND, names, names))
    assert all("always" in returned(leaf) for leaf in both)
    assert within([leaf for leaf in asked if leaf in rest], both)
    assert within(both, asked)


@few
@given(resources(), some)
def test_more_names_show_more_and_hide_more(resource: dict[str, Any], names: list[str]) -> None:
    for cut in range(1, len(names)):
        assert within(leaves(project(resource, KIND, names[:cut])), leaves(project(resource, KIND, names)))
        fewer, more = project(resource, KIND, None, names), project(resource, KIND, None, names[:cut])
        assert within(leaves(fewer), leaves(more))


@few
@given(resources(), some, st.randoms(use_true_random=False))
def test_order_repetition_case_and_blanks_around_names_do_not_matter(
    resource: dict[str, Any], names: list[str], chance: Any
) -> None:
    other = [f" {chance.choice([name.upper(), name.lower(), name])} " for name in (*names, *names)]
    chance.shuffle(other)
    assert project(resource, KIND, other) == project(resource, KIND, names)
    assert project(resource, KIND, None, other) == project(resource, KIND, None, names)


@few
@given(resources(), lists)
def test_the_urn_of_the_core_schema_does_not_matter(resource: dict[str, Any], names: list[str]) -> None:
    plain = [name for name in names if name.partition(".")[0] in TOP]
    with_urn = [f"{CORE}:{name}" for name in plain]
    assert project(resource, KIND, with_urn) == project(resource, KIND, plain)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["value", "alwaysPart", "x"]), inner),
    max_leaves=5,
)


@few
@given(st.dictionaries(st.sampled_from([*TOP, LAB, "x", "EMAILS"]), JUNK), st.lists(st.text(max_size=30), max_size=3))
def test_no_resource_and_no_name_is_at_fault(resource: dict[str, Any], names: list[str]) -> None:
    for shown in (project(resource, KIND, names), project(resource, KIND, None, names)):
        assert set(shown) <= set(resource) - {"password", "x"}
