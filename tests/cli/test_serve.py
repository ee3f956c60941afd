"""``scimrig serve``: ready when it says so, gone when told to."""

from __future__ import annotations

import json
import signal
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def get(url: str, token: str | None = None) -> int:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as reply:
            return int(reply.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_its_base_url_serves_and_exits_0(
    shell: Any, serve: Callable[..., Any], number: signal.Signals
) -> None:
    server = serve()
    assert server.url.startswith("http://127.0.0.1:")
    assert get(f"{server.url}/Users", shell.env["SCIMRIG_TOKEN"]) == 200
    assert get(f"{server.url}/Users") == 401
    server.process.send_signal(number)
    out, err = server.process.communicate(timeout=20)
    assert server.process.returncode == 0
    assert out == ""
    assert "Traceback" not in err


def test_a_token_from_the_environment_is_not_repeated(shell: Any, serve: Callable[..., Any]) -> None:
    ended = serve().stop()
    assert "SCIMRIG_TOKEN" in ended.err
    assert shell.env["SCIMRIG_TOKEN"] not in ended.out + ended.err


def test_a_token_can_be_given_or_is_made(shell: Any, serve: Callable[..., Any]) -> None:
    assert get(f"{serve('--token', 'given').url}/Users", "given") == 200
    del shell.env["SCIMRIG_TOKEN"]
    server = serve()
    assert get(f"{server.url}/Users", "") == 401
    hint = server.stop().err
    made = hint.split("SCIMRIG_TOKEN=", 1)[1].split()[0]
    assert f"scimrig run {server.url}" in hint
    assert len(made) >= 16


def test_what_is_kept_in_a_file_is_there_again(serve: Callable[..., Any], tmp_path: Path) -> None:
    server = serve("--db", str(tmp_path / "db"))
    server.stop()
    assert serve("--db", str(tmp_path / "db")).users() == 0
    assert (tmp_path / "db").is_file()


def test_a_taken_port_and_a_bad_file_exit_3_with_one_line(
    shell: Any, serve: Callable[..., Any], tmp_path: Path
) -> None:
    server = serve()
    for words in (("--port", server.port), ("--db", str(tmp_path)), ("--db", str(tmp_path / "no" / "db"))):
        done = shell("serve", *words)
        done.complains()
        assert done.code == 3, done.err
        assert len(done.err.splitlines()) == 1
        assert done.out == ""


def test_a_policy_is_served_with_its_management_beside_scim(shell: Any, serve: Callable[..., Any]) -> None:
    for words, status in (((), 404), (("--policy", "scalekit"), 200)):
        origin = serve(*words).url.removesuffix("/scim/v2")
        assert get(f"{origin}/manage/domains", shell.env["SCIMRIG_TOKEN"]) == status


def test_a_misspelt_policy_gets_a_suggestion(shell: Any) -> None:
    done = shell("serve", "--policy", "scalkit")
    done.complains("--policy", "did you mean 'scalekit'?")
    assert done.code == 2


def test_a_promise_that_nobody_makes_cannot_be_broken(shell: Any) -> None:
    done = shell("serve", "--fault", "email-change-accepted")
    done.complains("'email-change-accepted'", "--policy scalekit")
    assert done.code == 2


def test_requests_can_be_logged_to_stderr(shell: Any, serve: Callable[..., Any]) -> None:
    server = serve("--access-log")
    get(f"{server.url}/Users/lovelace", shell.env["SCIMRIG_TOKEN"])
    err = server.stop().err
    (line,) = [json.loads(line) for line in err.splitlines() if line.startswith("{")]
    assert (line["method"], line["route"], line["status"]) == ("GET", "/Users/{id}", 404)
    assert "lovelace" not in err
    assert shell.env["SCIMRIG_TOKEN"] not in err


def test_requests_can_be_logged_to_the_end_of_a_file(serve: Callable[..., Any], tmp_path: Path) -> None:
    log = tmp_path / "log"
    for _ in range(2):
        server = serve("--access-log", str(log))
        get(f"{server.url}/Users")
        server.stop()
    assert [json.loads(line)["status"] for line in log.read_text().splitlines()] == [401, 401]


def test_a_log_that_can_t_be_opened_is_said_before_anything_is_served(shell: Any, tmp_path: Path) -> None:
    ended = shell("serve", "--access-log", str(tmp_path / "no" / "log"))
    assert ended.code == 3
    assert "--access-log" in ended.err
    assert "Name a file that can be written to" in ended.err


def test_requests_are_not_logged_unless_asked_for(serve: Callable[..., Any]) -> None:
    server = serve()
    get(f"{server.url}/Users")
    assert "{" not in server.stop().err
