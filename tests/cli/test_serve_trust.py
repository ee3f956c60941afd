"""``scimrig serve``: whose word is taken for how a request has come, and what is refused where that isn't encrypted."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from scimrig.cli.main import main


def status(url: str, token: str, **headers: str) -> int:
    lines = {"Authorization": f"Bearer {token}", **{name.replace("_", "-"): text for name, text in headers.items()}}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=lines), timeout=10) as reply:
            return int(reply.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_behind_a_trusted_proxy_https_is_what_it_says(shell: Any, serve: Callable[..., Any]) -> None:
    server = serve("--require-tls", "--trusted-proxy", "127.0.0.1")
    token = shell.env["SCIMRIG_TOKEN"]
    assert status(f"{server.url}/Users", token) == 403
    assert status(f"{server.url}/Users", "wrong") == 403, "nobody has looked at it"
    assert status(f"{server.url}/Users", token, X_Forwarded_Proto="https") == 200


@pytest.mark.parametrize(
    ("options", "told"),
    [(["--require-tls"], "--tls-cert"), (["--trusted-proxy", "10.0.0"], "'10.0.0' is neither a network")],
)
def test_options_that_lead_nowhere_are_refused(
    capsys: pytest.CaptureFixture[str], options: list[str], told: str
) -> None:
    assert main(["serve", *options]) != 0
    assert told in capsys.readouterr().err
