"""scim-sanity, a conformance checker of others, against our reference server, served by URL.

It judges us as we judge others: what it calls a failure is named here, and why it is none is said in docs/peers/.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

COMMAND = Path(sys.executable).parent / "scim-sanity"
ALLOWED = frozenset({"PATCH /Groups/{id} add member"})
"""Checks that are wrong about us, by name; each is explained in docs/peers/scim-sanity.md."""


@pytest.mark.peer
@pytest.mark.slow
def test_no_check_fails_but_those_that_are_explained(
    reference: Any, environment: dict[str, str], tmp_path: Path
) -> None:
    assert COMMAND.exists(), "scim-sanity is not installed; pip install --group peers"
    probe = (str(COMMAND), "probe", reference.url, "--token", reference.token)
    done = subprocess.run(
        [*probe, "--i-accept-side-effects", "--json-output"], cwd=tmp_path, env=environment, capture_output=True,
        text=True, encoding="utf-8", check=False, timeout=120,
    )
    results = json.loads(done.stdout)["results"]
    print("scim-sanity:", dict(Counter(result["status"] for result in results)))
    assert len(results) > 25, "the checker gave up early"
    wrong = {result["name"] for result in results if result["status"] not in ("pass", "skip")}
    assert wrong == ALLOWED
