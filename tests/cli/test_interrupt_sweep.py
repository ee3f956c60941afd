"""Runs that end before their time: Ctrl-C, a server that dies or hangs; and ``scimrig sweep`` after them."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow  # servers and runs in processes of their own

AFTER_SETUP = 60  # requests after which the first case is under way


def log_of(shell: Any) -> list[dict[str, Any]]:
    folders = shell.run_folders()
    if not folders or not (folders[-1] / "log.ndjson").exists():
        return []
    lines = (folders[-1] / "log.ndjson").read_text().split("\n")
    return [json.loads(line) for line in lines[:-1]]


def wait_for_steps(shell: Any, process: subprocess.Popen[str]) -> None:
    """Until rows of a case are on the target."""
    deadline = time.monotonic() + 30
    while not any(record["type"] == "step-played" for record in log_of(shell)):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def finish(process: subprocess.Popen[str], timeout: float = 30) -> tuple[str, str]:
    out, err = process.communicate(timeout=timeout)
    assert "Traceback" not in out + err, out + err
    return out, err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_ends_the_run_in_order(
    shell: Any, pack: Path, serve: Callable[..., Any], tmp_path: Path, number: signal.Signals
) -> None:
    server = serve(awkward=("slow", "20", str(tmp_path / "db")))
    process = shell.start("run", server.url, "--scenarios", str(pack))
    wait_for_steps(shell, process)
    process.send_signal(number)
    out, err = finish(process)
    assert process.returncode == 130
    assert "stopping" in err
    assert log_of(shell)[-1]["state"] == "interrupted"
    assert "INTERRUPTED" in out
    assert server.users() == 0
    assert not (shell.run_folders()[0] / "rows.ndjson").exists()
    assert shell("judge").code == 130


def test_the_second_signal_leaves_at_once_and_sweep_cleans_up(
    shell: Any, pack: Path, serve: Callable[..., Any], tmp_path: Path
) -> None:
    server = serve(awkward=("hang", str(AFTER_SETUP), str(tmp_path / "db")))
    process = shell.start("run", server.url, "--scenarios", str(pack), "--timeout", "60")
    wait_for_quiet(shell, process)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    assert "stopping" in process.stderr.readline() + process.stderr.readline()  # the first signal has arrived
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, err = finish(process, timeout=5)
    assert process.returncode == 130
    assert f"scimrig sweep {server.url}" in err
    swept(shell, serve, server, tmp_path)


@pytest.mark.parametrize("mode", ["die", "hang"])
def test_a_server_that_is_gone_in_mid_run_is_an_error_and_sweep_cleans_up(
    shell: Any, pack: Path, serve: Callable[..., Any], tmp_path: Path, mode: str
) -> None:
    server = serve(awkward=(mode, str(AFTER_SETUP), str(tmp_path / "db")))
    done = shell("run", server.url, "--scenarios", str(pack), "--timeout", "0.5")
    assert "Traceback" not in done.out + done.err
    assert done.code == 3, done.out + done.err
    assert log_of(shell)[-1]["type"] == "run-ended"
    assert log_of(shell)[-1]["state"] == "error"
    assert any(record["type"] == "leftover" for record in log_of(shell))
    swept(shell, serve, server, tmp_path)


def test_a_killed_run_is_swept(shell: Any, pack: Path, serve: Callable[..., Any], tmp_path: Path) -> None:
    server = serve(awkward=("slow", "20", str(tmp_path / "db")))
    process = shell.start("run", server.url, "--scenarios", str(pack))
    wait_for_steps(shell, process)
    held = shell("sweep", server.url)
    assert "still going" in held.out
    process.kill()
    process.communicate()
    assert server.users() > 0
    done = shell("sweep")
    assert done.code == 0, done.out + done.err
    assert "cleared away" in done.out
    assert server.users() == 0
    assert "nothing to sweep" in shell("sweep").out


def test_sweep_touches_no_row_of_others(shell: Any, pack: Path, serve: Callable[..., Any], tmp_path: Path) -> None:
    from scimrig_simulator.clock import SystemClock
    from scimrig_simulator.drive import HttpTransport
    from scimrig_simulator.wire import Send

    server = serve(awkward=("slow", "20", str(tmp_path / "db")))
    transport = HttpTransport(
        server.url, f"Bearer {shell.env['SCIMRIG_TOKEN']}", timeout=5.0, clock=SystemClock()
    )
    body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "somebody-else"}
    assert transport.exchange(Send("POST", "/Users", body=body)).status == 201
    transport.close()
    process = shell.start("run", server.url, "--scenarios", str(pack))
    wait_for_steps(shell, process)
    process.kill()
    process.communicate()
    assert shell("sweep", server.url).code == 0
    assert server.users() == 1


def test_what_cannot_be_deleted_is_listed_and_stays_in_the_journal(
    shell: Any, pack: Path, serve: Callable[..., Any], tmp_path: Path
) -> None:
    server = serve(awkward=("slow", "20", str(tmp_path / "db")))
    process = shell.start("run", server.url, "--scenarios", str(pack))
    wait_for_steps(shell, process)
    process.kill()
    process.communicate()
    server.stop()
    gone = shell("sweep", server.url)
    gone.complains()
    assert gone.code == 3
    assert "left: /Users/" in gone.out
    swept(shell, serve, server, tmp_path)


def test_sweep_needs_consent_too(shell: Any) -> None:
    folder = shell.folder / ".scimrig" / "runs" / "20260101-000000-abcde"
    folder.mkdir(parents=True)
    url = "https://scim.example.invalid/v2"
    events = [
        {"event": "run", "run": folder.name, "target": url, "base_url": url},
        {"event": "made", "collection": "/Users", "id": "7", "name": "rigabcde-ada", "case": "c"},
    ]
    (folder / "rows.ndjson").write_text("".join(json.dumps(event) + "\n" for event in events))
    done = shell("sweep")
    done.complains("delete 1 rows", url, "--yes")
    assert done.code == 2
    agreed = shell("sweep", "--yes", "--timeout", "5")
    agreed.complains()
    assert agreed.code == 3
    assert "left: /Users/7 (rigabcde-ada)" in agreed.out


def test_what_an_embedded_server_held_is_gone_with_it(shell: Any) -> None:
    folder = shell.folder / ".scimrig" / "runs" / "20260101-000000-abcde"
    folder.mkdir(parents=True)
    (folder / "rows.ndjson").write_text(
        '{"event":"run","target":"ref:","base_url":"http://localhost/scim/v2"}\n'
        '{"event":"made","collection":"/Users","id":"7","name":"rig-ada","case":"c"}\n'
    )
    assert "nothing to sweep" in shell("sweep").out
    assert not (folder / "rows.ndjson").exists()


def wait_for_quiet(shell: Any, process: subprocess.Popen[str]) -> None:
    """Until the server has stopped answering: the log does not grow any more."""
    wait_for_steps(shell, process)
    before = -1
    while len(log_of(shell)) != before:
        before = len(log_of(shell))
        time.sleep(1)


def swept(shell: Any, serve: Callable[..., Any], server: Any, tmp_path: Path) -> None:
    """With the server back on its feet, sweep leaves nothing of ours behind."""
    if server.process.poll() is None:
        server.process.kill()
    server.process.communicate()
    back = serve("--db", str(tmp_path / "db"), "--port", server.port)
    assert back.users() > 0
    done = shell("sweep", back.url)
    assert done.code == 0, done.out + done.err
    assert back.users() == 0
