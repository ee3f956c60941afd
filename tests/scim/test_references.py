"""References to what a bulk job creates: found, replaced, left out, and put in order (RFC 7644 §3.7.1, §3.7.2)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimrig_simulator.scim import references

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GRAPHS = st.integers(1, 7).flatmap(
    lambda size: st.lists(st.sets(st.integers(0, size - 1)), min_size=size, max_size=size).map(
        lambda edges: {node: sorted(needs) for node, needs in enumerate(edges)}
    )
)


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("bulkId:x", {"x"}), ("bulkId:bulkId:x", {"bulkId:x"}), ("bulkId:", {""}), ("/Users/bulkId:x", {"x"}),
        ("https://x.test/scim/v2/Users/bulkId:a%20b", {"a b"}), (["bulkId:x", {"value": "bulkId:y"}], {"x", "y"}),
        ({"path": 'members[value eq "bulkId:x" or value eq "bulkId:y"]'}, {"x", "y"}),
        ({"path": r'members[value eq "bulkId:say \"x\""]'}, {'say "x"'}),
        # None of these
        ("BULKID:x", set()), ("my bulkId:x", set()), ("see /Users/bulkId:x", set()), ("bulkid", set()),
        ({"title": 'members[value eq "bulkId:x"]'}, set()), ({"bulkId:x": 1}, set()), ({"password": "bulkId:x"}, set()),
        ({"Password": ["bulkId:x"]}, set()), (None, set()), (7, set()),
    ],
)  # fmt: skip
def test_a_reference_is_a_whole_text_the_end_of_a_uri_or_a_text_in_a_path_s_filter(value: Any, names: set[str]) -> None:
    assert references.named(value) == names


def test_ids_take_the_place_of_references_and_nothing_else_changes() -> None:
    ids = {"x": "1/2", "y": 'a"b'}
    before = {"n": 1, "a": ["bulkId:x", "bulkIdx"], "$ref": "../Users/bulkId:x", "path": 'm[v eq "bulkId:y" or v pr]'}
    after = {"n": 1, "a": ["1/2", "bulkIdx"], "$ref": "../Users/1%2F2", "path": 'm[v eq "a\\"b" or v pr]'}
    assert references.resolved(before, ids) == after


def test_what_refers_to_what_is_pending_is_left_out_and_added_later() -> None:
    resource = {
        "active": False, "externalId": "bulkId:x", "nickName": None, "tags": [],
        "members": [{"value": "bulkId:x"}, {"value": "bulkId:y"}, {"value": "1"}],
        ENTERPRISE: {"manager": {"value": "bulkId:x"}, "department": ""},
    }  # fmt: skip
    kept, later = references.parted(resource, {"x"})
    assert kept == {
        "active": False, "nickName": None, "tags": [], "members": [{"value": "bulkId:y"}, {"value": "1"}],
        ENTERPRISE: {"department": ""},
    }  # fmt: skip
    assert later == [
        {"op": "add", "path": "externalId", "value": "bulkId:x"},
        {"op": "add", "path": "members", "value": [{"value": "bulkId:x"}]},
        {"op": "add", "path": f"{ENTERPRISE}:manager", "value": {"value": "bulkId:x"}},
    ]


def _reached(graph: dict[int, list[int]], start: int) -> set[int]:
    """Everything that ``start`` needs, itself included."""
    reached, fresh = {start}, [start]
    while fresh:
        for need in graph[fresh.pop()]:
            if need not in reached:
                reached.add(need)
                fresh.append(need)
    return reached


@given(graph=GRAPHS)
def test_needs_are_done_first_and_circles_together(graph: dict[int, list[int]]) -> None:
    rounds = references.rounds(0, graph.__getitem__)
    done: set[int] = set()
    for circle in rounds:
        together = {other for other in _reached(graph, circle[0]) if circle[0] in _reached(graph, other)}
        assert list(circle) == sorted(together)
        assert _reached(graph, circle[0]) <= done | together
        done |= together
    assert sum(map(len, rounds)) == len(done)
    assert done == _reached(graph, 0)
