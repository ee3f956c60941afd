"""Asking for help costs nothing: which modules the command line loads before it has something to do."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

ALLOWED = (
    "__future__", "argparse", "dataclasses", "difflib", "gettext", "importlib", "locale", "os", "pathlib", "shlex",
    "shutil", "textwrap", "typing",
)
"""Standard modules that help may load, with whatever these bring along."""
OURS = ("scimrig", "scimrig.cli", "scimrig.suggestion")
HEAVY = ("httpx", "httpcore", "ssl", "starlette", "uvicorn", "asyncio", "yaml", "jsonschema", "sqlite3", "logging")

SCRIPT = f"""
import json, sys
import {", ".join(ALLOWED)}
before = set(sys.modules)
from scimrig.cli.main import main
code = main(json.loads(sys.argv[1]))
print(json.dumps({{"code": code, "loaded": sorted(set(sys.modules) - before)}}), file=sys.stderr)
"""


def loaded(shell: Any, *words: str) -> tuple[int, list[str]]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(words)], env=shell.env, cwd=shell.folder,
        capture_output=True, text=True, check=True, timeout=30,
    )
    assert done.stdout
    report = json.loads(done.stderr.splitlines()[-1])
    return report["code"], report["loaded"]


@pytest.mark.parametrize(
    "words",
    [("--version",), ("--help",), *((command, "--help") for command in
     ("run", "serve", "act", "doctor", "judge", "list", "explain", "sweep", "consumer", "receiver"))],
)
def test_help_and_version_load_nothing_heavy(shell: Any, words: tuple[str, ...]) -> None:
    code, modules = loaded(shell, *words)
    assert code == 0
    ours = [module for module in modules if module in OURS or module.startswith("scimrig.cli.")]
    assert sorted(set(modules) - set(ours)) == []
    assert not {module.partition(".")[0] for module in modules} & set(HEAVY)


def test_only_the_command_asked_for_is_loaded(shell: Any) -> None:
    _, modules = loaded(shell, "serve", "--help")
    assert "scimrig.cli.serve" in modules
    assert "scimrig.cli.run" not in modules
