"""A company lived through on SCIM servers of others: what they do not hold in the end is told with its true reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

MANAGER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value"
REFUSED = "answered 400"

EXPECTED: dict[tuple[str, str], set[tuple[str, str, str]]] = {
    ("scim2-server", "okta-wizard"): set(),
    ("scimmy", "okta-wizard"): set(),
    ("scim2-server", "entra"): {  # it knows neither a manager as a bare id nor the URN in the schemas of Entra's groups
        ("attribute", MANAGER, REFUSED), ("missing", "", REFUSED),
    },
    ("scimmy", "entra"): {  # it refuses managers as bare ids, and "False" where a boolean belongs
        ("attribute", MANAGER, REFUSED), ("still active", "active", REFUSED),
    },
}
"""Peer, dialect → what differs in the end, where, and how its reason ends: true defects of theirs (``docs/peers``)."""


@pytest.mark.peer
@pytest.mark.slow
@pytest.mark.parametrize(("name", "dialect"), EXPECTED)
def test_every_difference_in_the_end_has_its_true_reason(
    name: str, dialect: str, peer: Callable[[str], str], rig: Callable[..., Any], tmp_path: Path
) -> None:
    done = rig("simulate", peer(name), "--idp", dialect, "--people", "20", "--days", "10", "--seed", "7", "--flat-out")
    assert done.code == bool(EXPECTED[name, dialect]), done.out + done.err
    (log,) = (tmp_path / ".scimrig" / "simulate").glob(f"*/{dialect}.log.ndjson")
    records = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    (end,) = (record for record in records if record["type"] == "convergence")
    counted = [one for one in end["differences"] if one["counts"]]
    assert {
        (one["what"], one["path"], REFUSED if one["why"].endswith(REFUSED) else one["why"]) for one in counted
    } == EXPECTED[name, dialect]
