"""``scim2-models`` reads what we make and applies the PATCHes that we apply: every disagreement has its reason.

Resources, lists, errors, schemas and resource types must validate as it reads an answer; attribute by attribute its
schemas are compared with ours; of a PATCH the outcomes are compared. An unexplained disagreement fails, and so does an
explanation that nothing needs any more.
"""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scimrig_simulator.scim import urns
from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.scim.messages import error_body, list_response
from scimrig_simulator.scim.patch import apply_patch
from scimrig_simulator.scim.projection import project
from scimrig_simulator.scim.schemas import ResourceType, builtin
from scimrig_simulator.scim.validation import accept, identical

models = pytest.importorskip("scim2_models", reason="pip install --group peers")

pytestmark = pytest.mark.peer

Json = dict[str, Any]
CORPUS = json.loads((Path(__file__).parents[2] / "scenarios" / "corpora" / "patch-corpus.json").read_text("utf-8"))
IDS = {"${user.a}": "u-a", "${user.b}": "u-b", "${user.c}": "u-c", "${user.boss}": "u-boss", "${user.nobody}": "u-none",
       "${group.g}": "g-g", "${self}": "r-self"}
MODELS = {"User": models.User[models.EnterpriseUser], "Group": models.Group}
ANSWER = models.Context.RESOURCE_QUERY_RESPONSE
META = {"created": "2024-01-01T00:00:00Z", "lastModified": "2024-01-01T00:00:00Z", "version": 'W/"1"'}


def with_ids(value: Any) -> Any:
    text = json.dumps(value)
    for name, made in IDS.items():
        text = text.replace(name, made)
    return json.loads(text)


def stored(fixture: Json) -> tuple[ResourceType, Json]:
    """A fixture of the corpus as a server stores it."""
    resource = with_ids(fixture["resource"])
    kind = builtin().resource_type("Group" if urns.GROUP in resource.get("schemas", ()) else "User")
    location = f"https://scim.test/v2{kind.endpoint}/r-self"
    meta = {"resourceType": kind.name, "location": location, **META}
    return kind, {**accept(resource, kind), "id": "r-self", "meta": meta}


FIXTURES = [stored(fixture) for fixture in CORPUS["fixtures"].values()]

# --- what we make is what it reads


@pytest.mark.parametrize(("kind", "resource"), FIXTURES)
def test_a_resource_as_we_return_it_is_valid_and_survives(kind: ResourceType, resource: Json) -> None:
    shown = project(resource, kind)
    read = MODELS[kind.name].model_validate(shown, scim_ctx=ANSWER)
    again = json.loads(read.model_dump_json(scim_ctx=ANSWER))
    assert identical(shown, again, kind)
    assert sorted(again["schemas"]) == sorted(shown["schemas"])


def test_a_list_as_we_return_it_is_valid() -> None:
    page = [project(resource, kind) for kind, resource in FIXTURES]
    read = models.ListResponse[MODELS["User"] | MODELS["Group"]].model_validate(
        list_response(page, total=99, start_index=1), scim_ctx=ANSWER
    )
    assert (read.total_results, read.items_per_page, len(read.resources)) == (99, len(page), len(page))
    assert [one.id for one in read.resources] == ["r-self"] * len(page)


@pytest.mark.parametrize("keyword", ["invalidFilter", "uniqueness", None])
def test_an_error_as_we_return_it_is_valid(keyword: str | None) -> None:
    read = models.Error.model_validate(error_body(400, "no", keyword))
    assert (int(read.status), read.scim_type, read.detail) == (400, keyword, "no")


@pytest.mark.parametrize("kind", builtin().resource_types, ids=lambda kind: kind.name)
def test_a_resource_type_as_we_serve_it_is_valid(kind: ResourceType) -> None:
    served = kind.to_json(f"https://scim.test/v2/ResourceTypes/{kind.name}")
    read = models.ResourceType.model_validate(served, scim_ctx=ANSWER)
    assert (read.id, str(read.endpoint), str(read.schema_)) == (kind.name, kind.endpoint, kind.schema.id)
    assert [str(one.schema_) for one in read.schema_extensions or []] == [e.schema.id for e in kind.extensions]


# --- the definitions of the RFC, attribute by attribute

OWN = {urns.USER: models.User, urns.GROUP: models.Group, urns.ENTERPRISE: models.EnterpriseUser,
       urns.SERVICE_PROVIDER_CONFIG: models.ServiceProviderConfig, urns.RESOURCE_TYPE: models.ResourceType,
       urns.SCHEMA: models.Schema}
FACTS = ("type", "multiValued", "required", "caseExact", "mutability", "returned", "uniqueness", "referenceTypes")
CASED = ("string", "reference", "binary")

IDENTIFIER = "open: printed caseExact false in RFC 7643 §8.7.1, yet what it holds is an id, which is caseExact (§3.1)"
DISCOVERY_ID = "we: every id is caseExact (RFC 7643 §3.1); it is printed false in §8.7.2"
DESCRIPTION = "open: words for people, printed caseExact true in RFC 7643 §8.7.2; nothing compares them"
NAMES_A_TYPE = "open: printed uniqueness none in RFC 7643 §8.7.2, though no two types have one name or endpoint"
SCHEMA_REASONS: dict[tuple[str, str, str], str] = {
    ("User", "password", "caseExact"): "open: printed false in RFC 7643 §8.7.1; only hashes of passwords are compared",
    ("User", "groups.value", "caseExact"): IDENTIFIER,
    ("User", "groups.$ref", "referenceTypes"): "we: printed User and Group in RFC 7643 §8.7.1",
    ("Group", "members.value", "caseExact"): IDENTIFIER,
    ("Group", "members.display", "mutability"): "we: printed immutable in RFC 7643 §8.7.1 as all parts of a member are",
    ("EnterpriseUser", "manager.value", "caseExact"): IDENTIFIER,
    ("EnterpriseUser", "manager.value", "required"): "open: RFC 7643 §4.3 has RECOMMENDED, §8.7.1 REQUIRED and false",
    ("EnterpriseUser", "manager.$ref", "required"): "open: RFC 7643 §4.3 has RECOMMENDED, §8.7.1 REQUIRED and false",
    ("ServiceProviderConfig", "id", "there"): "we: none is printed, and it isn't required (RFC 7643 §5, §8.7.2)",
    ("ResourceType", "id", "caseExact"): DISCOVERY_ID,
    ("ResourceType", "name", "caseExact"): "open: printed false in RFC 7643 §8.7.2; it equals id, which is caseExact",
    ("ResourceType", "name", "uniqueness"): NAMES_A_TYPE,
    ("ResourceType", "endpoint", "uniqueness"): NAMES_A_TYPE,
    ("ResourceType", "schemaExtensions", "required"): "we: OPTIONAL in RFC 7643 §6, though §8.7.2 prints true",
    ("Schema", "id", "caseExact"): DISCOVERY_ID,
    ("Schema", "attributes.description", "caseExact"): DESCRIPTION,
    ("Schema", "attributes.subAttributes.description", "caseExact"): DESCRIPTION,
}


def described(attributes: list[Json] | None, prefix: str = "") -> dict[str, Json]:
    found: dict[str, Json] = {}
    for attribute in attributes or []:
        name = prefix + attribute["name"]
        found[name] = {fact: attribute.get(fact) for fact in FACTS if fact != "caseExact" or attribute["type"] in CASED}
        found |= described(attribute.get("subAttributes"), f"{name}.")
    return found


def schema_disagreements() -> set[tuple[str, str, str]]:
    different: set[tuple[str, str, str]] = set()
    for schema in builtin().schemas:
        label = OWN[schema.id].__name__
        ours = described(schema.to_json("https://scim.test/v2/Schemas/1")["attributes"])
        theirs = described(OWN[schema.id].to_schema().model_dump()["attributes"])
        different |= {(label, name, "there") for name in ours.keys() ^ theirs.keys()}
        different |= {
            (label, name, fact)
            for name in ours.keys() & theirs.keys() for fact in ours[name] if ours[name][fact] != theirs[name][fact]
        }
    return different


def test_every_disagreement_about_the_schemas_of_the_rfc_is_explained() -> None:
    assert schema_disagreements() == set(SCHEMA_REASONS)


@pytest.mark.parametrize("schema", builtin().schemas, ids=lambda schema: schema.name)
def test_a_schema_as_we_serve_it_is_valid_and_survives(schema: Any) -> None:
    served = schema.to_json(f"https://scim.test/v2/Schemas/{schema.id}")
    read = models.Schema.model_validate(served, scim_ctx=ANSWER)
    assert described(read.model_dump()["attributes"]).keys() == described(served["attributes"]).keys()


# --- PATCH

MADE_UP = "open: it takes 'add' through a filter without a match for noTarget (Table 9), we make the value (§3.5.2.1)"
LISTED = "open: remove knows no value (§3.5.2.2); Entra sends one, and we remove what it lists"
BARE = "we, for Entra's sake: manager takes an object (RFC 7643 §4.3), and a bare id is taken for its value"
PATCH_REASONS = {
    "P019": MADE_UP, "P153": MADE_UP, "P157": MADE_UP, "P158": LISTED, "P159": LISTED, "P174": LISTED,
    "P161": BARE, "P162": BARE,
    "P084": "open: a matched record is replaced or, by the rule for complex attributes, completed (§3.5.2.3)",
    "P110": "we: a value SHOULD NOT stand twice (RFC 7643 §2.4); it stores both",
    "P131": "we: the body MUST hold the PatchOp URN (§3.5.2); it defaults it",
    "bare-sub": "we: what isn't there is added (§3.5.2.1, §3.5.2.3); it answers success and does nothing",
    "manager-value": "open: it takes manager.value for required, see SCHEMA_REASONS",
    "P149": "we, for Entra's sake: a key with a value filter is taken as a path; it takes dotted ones only",
}


OTHERS: dict[str, tuple[str, Json]] = {  # beside the corpus: fixture and operation
    "bare-sub": ("u_min", {"op": "replace", "path": "emails.display", "value": "Minnie"}),
    "manager-value": ("u_ent", {"op": "remove", "path": f"{urns.ENTERPRISE}:manager.value"}),
    "whole-name": ("u_full", {"op": "remove", "path": "name"}),
}


def ours(resource: Json, request: Json, kind: ResourceType) -> Json | None:
    """The resource after a PATCH, None where it is refused."""
    try:
        return apply_patch(resource, request, kind)
    except ScimError:
        return None


def theirs(resource: Json, request: Json, kind: ResourceType) -> Json | None:
    model = MODELS[kind.name]
    read = model.model_validate(resource)
    try:
        message = models.PatchOp[model].model_validate(
            deepcopy(request), scim_ctx=models.Context.RESOURCE_PATCH_REQUEST
        )
        message.patch(read)
    except (models.SCIMException, ValueError):  # pydantic's ValidationError is a ValueError
        return None
    after: Json = json.loads(json.dumps(read.model_dump(scim_ctx=models.Context.DEFAULT), default=str))
    return after


def agree(resource: Json, request: Json, kind: ResourceType) -> bool:
    one, other = ours(resource, request, kind), theirs(resource, request, kind)
    return one is other if one is None or other is None else identical(one, other, kind)


def test_every_disagreement_about_a_patch_is_explained() -> None:
    cases = [(case["id"], case["fixture"], with_ids(case["request"])) for case in CORPUS["cases"]]
    cases += [
        (name, fixture, {"schemas": [urns.PATCH_OP], "Operations": [operation]})
        for name, (fixture, operation) in OTHERS.items()
    ]
    different = set()
    for name, fixture, request in cases:
        kind, resource = stored(CORPUS["fixtures"][fixture])
        if not agree(resource, request, kind):
            different.add(name)
    assert different == set(PATCH_REASONS)


words = st.sampled_from(["ada", "Ada", "work", "home", "é"])
address = words.map("{}@example.com".format)
email = st.fixed_dictionaries({"value": address}, optional={"type": words, "display": words})
emails = st.lists(email, min_size=1, max_size=3, unique_by=lambda one: one["value"].lower())
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "title": words, "active": st.booleans(), "externalId": words, "name.givenName": words, "emails": emails,
    "name": st.fixed_dictionaries({"givenName": words}, optional={"familyName": words}),
    f"{urns.ENTERPRISE}:department": words, f"{urns.ENTERPRISE}:manager.value": words,
    'emails[type eq "work"].display': words, 'emails[value co "ada"].type': words,
    'phoneNumbers[type eq "fax"]': words, "nothing": words, "id": words, "meta.created": words, "emails[": words,
}


def writes(path: str) -> st.SearchStrategy[Json]:
    ops = ["replace"] if "[" in path else ["replace", "add"]  # add through a filter: see MADE_UP
    return st.fixed_dictionaries({"op": st.sampled_from(ops), "path": st.just(path), "value": VALUES[path]})


removable = sorted(path for path in VALUES if not path.endswith("manager.value"))  # see "manager-value"
operations = st.sampled_from(sorted(VALUES)).flatmap(writes) | st.sampled_from(removable).map(
    lambda path: {"op": "remove", "path": path}
)
USERS = [resource for kind, resource in FIXTURES if kind.name == "User"]


@pytest.mark.slow
@settings(max_examples=300)
@given(st.sampled_from(USERS), st.lists(operations, min_size=1, max_size=3))
def test_made_up_patches_come_out_the_same(resource: Json, ops: list[Json]) -> None:
    assert agree(resource, {"schemas": [urns.PATCH_OP], "Operations": ops}, builtin().resource_type("User"))
