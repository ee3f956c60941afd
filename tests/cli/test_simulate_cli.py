"""``scimrig simulate`` and ``scimrig report`` as a user meets them, on a server in a process of its own."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

FEW = ("--idp", "okta", "--people", "20", "--days", "10", "--seed", "7")


def logs(shell: Any) -> list[Path]:
    return list((shell.folder / ".scimrig" / "simulate").rglob("*.log.ndjson"))


def test_a_simulation_is_stopped_gone_on_with_reported_and_swept(shell: Any, serve: Callable[..., Any]) -> None:
    server = serve()
    process = shell.start("simulate", server.url, *FEW, "--rate", "20/s", "--flat-out")
    deadline = time.monotonic() + 30
    while server.users() < 3:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "stopping" in err
    assert f"scimrig simulate {server.url} --idp okta --resume" in " ".join(out.split())
    assert 0 < server.users() < 20

    again = shell("simulate", server.url, *FEW)
    again.complains("--resume", "--sweep")
    assert again.code == 2
    other = shell("simulate", server.url, "--idp", "okta", "--resume", "--people", "30")
    other.complains("people is 20, not 30")
    done = shell("simulate", server.url, "--idp", "okta", "--resume", "--flat-out")
    assert done.code == 0, done.out + done.err
    assert "CONVERGED" in done.out

    [log] = logs(shell)
    told = shell("report", str(log))
    assert told.code == 0
    assert "exactly as the directory has them" in told.out
    assert shell("report", str(log), "--markdown").out.startswith("# okta on http://")
    assert server.process.poll() is None
    assert "canary-t0ken" not in shell.traces()

    swept = shell("simulate", server.url, "--idp", "okta", "--sweep")
    assert swept.code == 0, swept.out + swept.err
    assert server.users() == 0
    assert logs(shell) == []


def test_two_idps_on_the_embedded_server_have_a_tenant_each(shell: Any, here: None) -> None:
    done = shell("simulate", "--idp", "okta", "--idp", "entra", "--people", "5", "--days", "3", "--json")
    assert done.code == 0, done.err
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert [line["idp"] for line in lines if line["type"] == "convergence"] == ["okta", "entra"]
    assert all(line["exact_people"] == line["people"] > 0 for line in lines if line["type"] == "convergence")


def test_a_difference_makes_the_exit_code_one_and_is_in_the_report(shell: Any, here: None) -> None:
    done = shell("simulate", "ref:fault=deactivate-ignored", *FEW)
    assert done.code == 1, done.err
    assert "does not hold it" in " ".join(done.out.split())
    [log] = logs(shell)
    assert shell("report", str(log)).code == 1


def test_a_file_that_is_no_log_is_said_in_words(shell: Any, here: None, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("{}\n")
    shell("report", str(tmp_path / "x")).complains("is no log of a simulation")
    shell("report", str(tmp_path / "y")).complains("cannot read")
