"""schemathesis against a served server: whatever it makes of the document, no answer is a 5xx or an undeclared one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import scimrig
import scimrig_reports
import scimrig_simulator

pytestmark = [pytest.mark.slow, pytest.mark.peer]

TOKEN = "schemathesis-t0ken"
ROOTS = [str(Path(str(package.__file__)).parent.parent) for package in (scimrig, scimrig_reports, scimrig_simulator)]
CONFIGURATION = """
hooks = {hooks}

[checks]
# SCIM has a server ignore what it doesn't know and what is readOnly (RFC 7644 §3.3), and real clients need more of it
negative_data_rejection.enabled = false
# no JSON Schema says what a filter, a path or the id of a member is
positive_data_acceptance.enabled = false
# the only one is Authorization, which goes with every request here; ignored_auth looks after it
missing_required_header.enabled = false
# ids are exchanged between requests here, see hooks.py
ensure_resource_availability.enabled = false
use_after_free.enabled = false

[[operations]]
include-path = "/Me"
# 501 whatever the method (RFC 7644 §3.11)
checks.not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", "501"]
checks.unsupported_method.enabled = false
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return {**kept, "PYTHONPATH": os.pathsep.join(ROOTS), "LANG": "C.UTF-8", "SCIMRIG_TOKEN": TOKEN,
            "SEEN": str(tmp_path / "seen")}  # fmt: skip


@pytest.fixture
def origin(environment: dict[str, str]) -> Iterator[str]:
    """A server with the example schemas."""
    schemas = str(Path(__file__).parents[3] / "examples" / "schemas")
    command = [sys.executable, "-m", "scimrig.cli.main", "serve", "--schemas", schemas]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    yield process.stdout.readline().strip().removesuffix("/scim/v2")
    process.terminate()
    assert process.wait(10) == 0
    process.stdout.close()


def test_the_document_is_openapi_3_1(document: dict[str, Any]) -> None:
    import schemathesis

    schemathesis.openapi.from_dict(document).validate()


def test_schemathesis_finds_nothing(
    origin: str, environment: dict[str, str], tmp_path: Path, document: dict[str, Any]
) -> None:
    """And every operation has succeeded in the meantime, so that it has looked at something."""
    configuration = tmp_path / "schemathesis.toml"
    configuration.write_text(CONFIGURATION.format(hooks=json.dumps(str(Path(__file__).with_name("hooks.py")))), "utf-8")
    command = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", str(configuration), "run", f"{origin}/openapi.json",
        "--header", f"Authorization: Bearer {TOKEN}", "--max-examples", "20",
        "--seed", "1", "--generation-database", "none", "--warnings", "off", "--no-color",
    ]  # fmt: skip
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600)
    assert ended.returncode == 0, ended.stdout[-6000:] + ended.stderr[-2000:]
    seen: dict[str, set[str]] = defaultdict(set)
    for line in Path(environment["SEEN"]).read_text("utf-8").splitlines():
        name, status = line.split()
        seen[name].add(status)
    for item in document["paths"].values():
        for operation in (one for one in item.values() if "operationId" in one):
            wanted = {status for status in operation["responses"] if status[0] == "2"} or {"501"}
            assert seen[operation["operationId"]] & wanted, operation["operationId"]
