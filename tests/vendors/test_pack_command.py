"""``--pack`` on the command line, and the credentials that Microsoft's gallery asks for."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from scimrig import runlog
from scimrig.cli.main import main
from scimrig.judge import Judge
from scimrig.verdicts import RunResult, Status

CREDENTIALS = ("-k", "validate-credentials", "-k", "federated-identity")
SECRET, ASSERTION, GRANTED = "s3cret/with+signs", "eyJ.federated.token", "granted-t0ken-7c1"
ANSWER = {"access_token": GRANTED, "token_type": "bearer", "expires_in": 3600}
EMPTY = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": 0, "Resources": []}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def judged(folder: Path) -> RunResult:
    judge = Judge()
    for record in runlog.read(runlog.locate("last", folder / runlog.STATE_DIR)):
        judge.feed(record)
    return judge.result()


def test_a_page_has_a_line_for_each_request_and_says_whose_test_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "ref:", "--pack", "okta-crud"]) == 0
    page = capsys.readouterr().out
    assert "mirrored by scimrig, not Okta's own run" in page
    assert "  ok         Verify if user is created in SCIM App · 5 of 5" in page
    assert "ours: Okta itself." in page
    assert "okta-crud: 13 of 13 requests, 21 of 21 assertions" in page
    assert "standing checks" not in page
    assert main(["judge", "last"]) == 0
    assert capsys.readouterr().out == page


def test_a_miss_is_told_with_its_authority_and_the_command_that_shows_it_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["run", "ref:fault=duplicate-created", "--pack", "okta-spec", "-k", "recreate-user"]) == 1
    page = capsys.readouterr().out
    assert "okta-spec: 0 of 1 requests, 0 of 1 assertions" in page
    assert "authority Okta's SCIM 2.0 SPEC test: 12 requests, 52 assertions (mirrored, docs/vendors.md)" in page
    told = " ".join(page.split())
    assert "Okta's bar is not met. It is Okta's demand, and says nothing about conformance." in told
    assert "-k 'vendors/okta-spec/recreate-user[okta]' --seed 1 --idp okta --pack okta-spec" in page


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--pack", "okta-spce"], "--pack: there is no pack 'okta-spce'; did you mean 'okta-spec'?"),
        (["--pack", "google", "--scenarios", "."], "--pack brings its own scenarios and dialects: leave --scenarios"),
        (["--pack", "google", "--twins", "okta,entra"], "leave --twins out"),
    ],
)
def test_a_slip_is_told_before_anything_is_sent(
    words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "ref:", *words]) == 2
    assert says in capsys.readouterr().err


def test_packs_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "packs"]) == 0
    assert capsys.readouterr().out.split() == ["okta-spec", "okta-crud", "entra-validator", "entra-gallery", "google"]


def test_what_a_pack_is_can_be_looked_up(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "vendor:entra-gallery"]) == 0
    told = capsys.readouterr().out
    assert "Restore_Group_Test · optional" in told
    assert "Ours:" in told
    assert main(["explain", "vendors/okta-spec/get-user"]) == 0
    assert "Rerun: scimrig run --pack okta-spec -k vendors/okta-spec/get-user" in capsys.readouterr().out


# Credentials


@pytest.fixture
def server(answering: Callable[..., str], here: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """A server that grants tokens and lists nobody; returns the bodies that its token endpoint was sent."""

    def start(granted: dict[str, Any]) -> list[str]:
        asked: list[str] = []

        def answer(method: str, path: str, headers: list[tuple[str, str]], body: str) -> tuple[int, str]:
            if path == "/oauth/token":
                asked.append(body)
                return 200, json.dumps(granted)
            let_in = dict(headers).get("Authorization") in (f"Bearer {GRANTED}", "Bearer static-t0ken")
            return (200, json.dumps(EMPTY)) if let_in else (401, "{}")

        origin = answering(answer)
        for name, value in (("SCIMRIG_TOKEN", "static-t0ken"), ("SECRET", SECRET), ("ASSERTION", ASSERTION)):
            monkeypatch.setenv(name, value)
        (here / "scimrig.toml").write_text(
            f'[targets.it]\nbase_url = "{origin}/scim/v2"\n[targets.it.oauth]\ntoken_url = "/oauth/token"\n'
            'client_id = "me"\nclient_secret = "env:SECRET"\nclient_assertion = "env:ASSERTION"\n'
        )
        return asked

    return start


def test_a_token_is_asked_for_as_oauth_has_it_and_used(server: Callable[..., list[str]], here: Path) -> None:
    asked = server(ANSWER)
    main(["run", "it", "--pack", "entra-gallery", *CREDENTIALS])
    assert {case.status for case in judged(here).cases} == {Status.PASS}
    own, federated = (parse_qs(body) for body in asked)
    assert own == {"grant_type": ["client_credentials"], "client_id": ["me"], "client_secret": [SECRET]}
    assert federated["client_assertion"] == [ASSERTION]
    assert federated["client_assertion_type"] == ["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"]
    assert "client_secret" not in federated


def test_no_secret_and_no_token_is_written_down(
    server: Callable[..., list[str]], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server(ANSWER)
    main(["run", "it", "--pack", "entra-gallery", *CREDENTIALS])
    traces = "\n".join(file.read_text() for file in (here / ".scimrig").rglob("*") if file.is_file())
    for secret in (SECRET, "s3cret%2Fwith%2Bsigns", ASSERTION, GRANTED):
        assert secret not in traces + capsys.readouterr().out


@pytest.mark.parametrize(
    ("granted", "status"),
    [
        ({**ANSWER, "expires_in": 21_600}, Status.PASS),
        ({**ANSWER, "expires_in": 21_601}, Status.WARN),
        ({**ANSWER, "expires_in": 3599}, Status.WARN),
        ({**ANSWER, "access_token": "another"}, Status.FAIL),
        ({"token_type": "Bearer"}, Status.FAIL),
    ],
)
def test_a_token_must_open_and_live_between_one_hour_and_six(
    server: Callable[..., list[str]], here: Path, granted: dict[str, Any], status: Status
) -> None:
    server(granted)
    main(["run", "it", "--pack", "entra-gallery", "-k", "validate-credentials"])
    assert [case.status for case in judged(here).cases] == [status]


def test_the_reference_servers_tokens_live_a_day_and_are_for_its_api_alone(here: Path) -> None:
    (here / "scimrig.toml").write_text(
        '[ref]\npolicy = "scalekit"\n[oauth]\ntoken_url = "/oauth/token"\nclient_id = "client_ref"\n'
    )
    assert main(["run", "ref:", "--pack", "entra-gallery", "-k", "validate-credentials"]) == 1
    (case,) = judged(here).cases
    life, use = case.findings
    assert (life.status, use.status) == (Status.WARN, Status.FAIL)
    assert "between 60 and 360 minutes" in life.actual
    assert use.actual == "status is 401; expected 200"


def test_a_token_endpoint_elsewhere_must_be_https(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "scimrig.toml").write_text(
        '[targets.it]\nbase_url = "http://127.0.0.1:9/scim/v2"\n[targets.it.oauth]\n'
        'token_url = "http://login.example.com/token"\nclient_id = "me"\n'
    )
    assert main(["run", "it", "--pack", "entra-gallery"]) == 2
    assert "oauth.token_url: 'http://login.example.com/token' must be https://" in capsys.readouterr().err
