"""Every case of the filter corpus, in process: the syntax tree and exactly the resources that match.

The expectations were written by hand from RFC 7644 §3.4.2.2; they are never taken from this program.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scimrig_simulator.scim.filters import (
    And,
    AttrPath,
    Compare,
    Filter,
    FilterError,
    Not,
    Or,
    Present,
    matches,
    parse_filter,
    to_text,
)
from scimrig_simulator.scim.schemas import ResourceType

CORPUS = json.loads(
    (Path(__file__).parents[2] / "scenarios" / "corpora" / "filter-corpus.json").read_text("utf-8")
)

Search = Callable[[str, str], list[str]]
Kinds = Callable[[str], list[tuple[ResourceType, list[dict[str, Any]], str]]]


def path_json(path: AttrPath) -> dict[str, Any]:
    """Names compare without case; the corpus prints them in schema case."""
    low = [part.lower() if part is not None else None for part in (path.uri, path.name, path.sub)]
    return dict(zip(("uri", "name", "sub"), low, strict=True))


def tree(node: Filter) -> dict[str, Any]:
    """An expression in the corpus's form."""
    if isinstance(node, And | Or):
        return {"op": type(node).__name__.lower(), "left": tree(node.left), "right": tree(node.right)}
    if isinstance(node, Not):
        return {"op": "not", "expr": tree(node.expr)}
    if isinstance(node, Present):
        return {"op": "pr", "attr": path_json(node.attr)}
    if isinstance(node, Compare):
        return {"op": node.op, "attr": path_json(node.attr), "value": node.value}
    return {"op": "valuePath", "attr": path_json(node.attr), "filter": tree(node.filter)}


def lowered(node: Any) -> Any:
    """The corpus's tree with its attribute names in lower case."""
    if not isinstance(node, dict):
        return node
    if set(node) == {"uri", "name", "sub"}:
        return {key: part.lower() if part is not None else None for key, part in node.items()}
    return {key: lowered(part) if key != "value" else part for key, part in node.items()}


@pytest.mark.parametrize("case", CORPUS["cases"], ids=lambda case: case["id"])
def test_the_corpus_case_selects_what_it_expects(search: Search, case: dict[str, Any]) -> None:
    if case["expect"]["status"] == 200:
        assert sorted(search(case["expression"], case["endpoint"])) == sorted(case["expect"]["matches"])
        return
    with pytest.raises(FilterError) as refused:
        search(case["expression"], case["endpoint"])
    assert (refused.value.status, refused.value.scim_type) == (400, case["expect"]["scimType"])


@pytest.mark.parametrize(
    "case", [case for case in CORPUS["cases"] if case["ast"] is not None], ids=lambda case: case["id"]
)
def test_the_corpus_case_has_the_tree_it_expects(case: dict[str, Any]) -> None:
    parsed = parse_filter(case["expression"])
    assert tree(parsed) == lowered(case["ast"])
    assert parse_filter(to_text(parsed)) == parsed


@pytest.mark.parametrize(
    "case", [case for case in CORPUS["cases"] if case["ast"] is None], ids=lambda case: case["id"]
)
def test_the_corpus_case_without_a_tree_is_refused_at_a_place(case: dict[str, Any]) -> None:
    with pytest.raises(FilterError) as refused:
        parse_filter(case["expression"])
    assert 1 <= refused.value.position <= len(case["expression"]) + 1


def test_the_corpus_is_whole() -> None:
    assert len(CORPUS["cases"]) == CORPUS["count"] == len({case["id"] for case in CORPUS["cases"]})


def test_matches_is_the_predicate_on_one_resource(kinds: Kinds) -> None:
    kind, resources, _ = kinds("/Users")[0]
    wanted = parse_filter('userName eq "LEE"')
    assert [matches(wanted, resource, kind) for resource in resources].count(True) == 1
