"""Runs a command that a target file declares in place of a request: one JSON object in, one JSON object out.

Rule: no shell, and nothing but what the target file says; whatever goes wrong is an answer that did not come, so that
nobody is to blame for it. What the command writes to stderr goes where scimrig's own goes.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from scimrig_simulator.wire import FailureKind, Reply, TransportFailure

SECONDS = 60.0
"""How long a command may take."""


def run(words: Sequence[str], told: bytes, folder: Path) -> Reply:
    """Run a program with ``told`` on stdin; what it prints is the body of a reply with status 200.

    Where it cannot be run, fails, or takes too long, the reply has a failure and no status.
    """
    try:
        done = subprocess.run(words, input=told, cwd=folder, stdout=subprocess.PIPE, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return _failed(FailureKind.TIMEOUT, f"{words[0]!r} gave nothing within {SECONDS:.0f} s")
    except (OSError, ValueError) as error:
        return _failed(FailureKind.REFUSED, f"cannot run {words[0]!r}: {error}")
    if done.returncode != 0:
        return _failed(FailureKind.RESET, f"{words[0]!r} failed with exit code {done.returncode}")
    return Reply(200, (("Content-Type", "application/json"),), done.stdout)


def _failed(kind: FailureKind, detail: str) -> Reply:
    return Reply(0, failure=TransportFailure(kind, detail))
