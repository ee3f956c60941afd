"""schemathesis against the API of a served server: no answer is a 5xx, undeclared, or other than its schema says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

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
# what a domain name, an address or a mapping is, no JSON Schema says
positive_data_acceptance.enabled = false
# parameters that say nothing here are taken and left alone
negative_data_rejection.enabled = false
# ids are exchanged between requests here, see api_hooks.py
ensure_resource_availability.enabled = false
use_after_free.enabled = false
missing_required_header.enabled = false
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return {**kept, "PYTHONPATH": os.pathsep.join(ROOTS), "LANG": "C.UTF-8", "SCIMRIG_TOKEN": TOKEN,
            "SEEN": str(tmp_path / "seen")}  # fmt: skip


@pytest.fixture
def origin(environment: dict[str, str]) -> Iterator[str]:
    """A server with a policy and the tenant beta."""
    command = [sys.executable, "-m", "scimrig.cli.main", "serve", "--policy", "scalekit", "--tenant", "beta"]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    yield process.stdout.readline().strip().removesuffix("/scim/v2")
    process.terminate()
    assert process.wait(10) == 0
    process.stdout.close()


def test_the_document_of_the_api_is_openapi_3_1(origin: str) -> None:
    import schemathesis

    with urllib.request.urlopen(f"{origin}/api/openapi.json", timeout=10) as reply:
        schemathesis.openapi.from_dict(json.loads(reply.read())).validate()


def test_schemathesis_finds_nothing_amiss_with_the_api(
    origin: str, environment: dict[str, str], tmp_path: Path
) -> None:
    """And most operations have succeeded in the meantime; that all can, is for test_openapi_api."""
    configuration = tmp_path / "schemathesis.toml"
    hooks = json.dumps(str(Path(__file__).with_name("api_hooks.py")))
    configuration.write_text(CONFIGURATION.format(hooks=hooks), "utf-8")
    command = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", str(configuration), "run",
        f"{origin}/api/openapi.json", "--header", f"Authorization: Bearer {TOKEN}", "--phases", "coverage,fuzzing",
        "--max-examples", "3", "--seed", "1", "--generation-database", "none", "--warnings", "off", "--no-color",
    ]  # fmt: skip
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600)
    assert ended.returncode == 0, ended.stdout[-6000:] + ended.stderr[-2000:]
    lines = Path(environment["SEEN"]).read_text("utf-8").splitlines()
    succeeded = {name for name, status in (line.split() for line in lines) if status[0] == "2"}
    assert len(succeeded) >= 50
