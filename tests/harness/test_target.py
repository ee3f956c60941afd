"""Which server a command line means, with which token, and how a target file goes wrong."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from scimrig import target
from scimrig.target import RefSpec, TargetError, from_argument, load_target_file

GOOD = """
[targets.staging]
base_url = "https://api.example.com/scim/v2/"
token = "env:STAGING_TOKEN"
dialects = ["okta", "entra"]
email_domain = "test.example.org"
"""


def config(tmp_path: Path, text: str = GOOD) -> target.TargetFile:
    path = tmp_path / "scimrig.toml"
    path.write_text(text, encoding="utf-8")
    return load_target_file(path)


# What a command line means ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        (None, RefSpec()),
        ("ref:", RefSpec()),
        ("ref:fault=noop-patch", RefSpec(fault="noop-patch")),
        ("ref:variant=patch-204", RefSpec(variant="patch-204")),
    ],
)
def test_the_embedded_server_with_or_without_a_twist(text: str | None, spec: RefSpec) -> None:
    found = from_argument(text, None, {})
    assert found.ref == spec
    assert found.name == (text or "ref:")
    assert found.loopback
    assert found.credentials is not None
    assert found.credentials.startswith("Bearer ")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ref:fault=noop-pach", ["noop-pach", "noop-patch"]),
        ("ref:variant=users-onyl", ["users-only"]),
        ("ref:fault=", ["ref:fault=NAME"]),
        ("ref:falt=noop-patch", ["ref:fault=NAME"]),
        ("ref:fault=noop-patch,variant=patch-204", ["one fault or one variant"]),
    ],
)
def test_a_wrong_twist_is_an_error_that_helps(text: str, words: list[str]) -> None:
    with pytest.raises(TargetError) as caught:
        from_argument(text, None, {})
    for word in words:
        assert word in str(caught.value)


def test_a_url_takes_its_token_from_the_environment() -> None:
    found = from_argument("http://127.0.0.1:8080/scim/v2/", None, {"SCIMRIG_TOKEN": " s3cret\n"})
    assert found.base_url == "http://127.0.0.1:8080/scim/v2"
    assert found.credentials == "Bearer s3cret"
    assert found.token_source == "env:SCIMRIG_TOKEN"
    assert found.dialects == ("okta", "entra", "google", "rfc")
    assert from_argument("http://127.0.0.1:8080", None, {}).credentials is None


def test_the_token_may_stand_in_another_variable() -> None:
    env = {"SCIMRIG_TOKEN": "one", "OTHER": "two"}
    assert from_argument("http://localhost", None, env, "OTHER").token == "two"
    with pytest.raises(TargetError, match="MISSING is not set"):
        from_argument("http://localhost", None, env, "MISSING")


def test_a_token_is_not_shown_by_accident() -> None:
    assert "s3cret" not in repr(from_argument("http://localhost", None, {"SCIMRIG_TOKEN": "s3cret"}))


@pytest.mark.parametrize("token", ["Bearer abc", "q9 z8", "q9\nz8", "tökén"])
def test_a_token_that_cannot_go_into_a_header_is_refused_without_repeating_it(token: str) -> None:
    with pytest.raises(TargetError, match="SCIMRIG_TOKEN") as caught:
        from_argument("http://localhost", None, {"SCIMRIG_TOKEN": token})
    assert token not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["ftp://example.com/scim", "https:///scim", "https://example.com/scim?tenant=1", "https://example.com/#x",
     "https://example.com:notaport/", "http://[::1/", "https://exa mple.com/"],
)
def test_what_is_no_base_url_is_refused(text: str) -> None:
    with pytest.raises(TargetError):
        from_argument(text, None, {})


def test_a_password_in_the_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(TargetError) as caught:
        from_argument("https://ada:hunter2@example.com/scim", None, {})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://localhost:1/scim", True),
        ("http://127.0.0.1/scim", True),
        ("http://127.9.9.9/scim", True),
        ("http://[::1]:8080/scim", True),
        ("http://0.0.0.0/scim", False),
        ("http://10.0.0.1/scim", False),
        ("http://127.0.0.1.example.com/scim", False),
        ("http://localhost.example.com/scim", False),
        ("https://api.example.com/127.0.0.1", False),
    ],
)
def test_only_this_machine_needs_no_consent(url: str, loopback: bool) -> None:
    assert from_argument(url, None, {}).loopback is loopback


# The target file -------------------------------------------------------------------------------------------------


def test_a_named_target_brings_what_its_owner_declared(tmp_path: Path) -> None:
    found = from_argument("staging", config(tmp_path), {"STAGING_TOKEN": "t0ken"})
    assert found.name == "staging"
    assert found.base_url == "https://api.example.com/scim/v2"
    assert found.token == "t0ken"
    assert found.dialects == ("okta", "entra")
    assert found.email_domain == "test.example.org"
    assert found.ref is None


def test_a_token_is_fetched_only_for_the_target_that_is_used(tmp_path: Path) -> None:
    text = GOOD + '[targets.other]\nbase_url = "https://other.example.com"\ntoken = "cmd:touch fetched"\n'
    from_argument("staging", config(tmp_path, text), {"STAGING_TOKEN": "t0ken"})
    assert not (tmp_path / "fetched").exists()


def test_a_token_may_stand_in_a_file_beside_the_target_file(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("from-file\n")
    text = GOOD.replace("env:STAGING_TOKEN", "file:secret.txt")
    assert from_argument("staging", config(tmp_path, text), {}).token == "from-file"
    (tmp_path / "secret.txt").unlink()
    with pytest.raises(TargetError, match=r"secret\.txt"):
        from_argument("staging", config(tmp_path, text), {})


def test_a_token_may_come_from_a_command(tmp_path: Path) -> None:
    script = tmp_path / "vault.sh"
    script.write_text("#!/bin/sh\necho \"from-$1\"\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    text = GOOD.replace("env:STAGING_TOKEN", "cmd:./vault.sh 'the vault'").replace("the vault", "vault")
    found = from_argument("staging", config(tmp_path, text), {})
    assert found.token == "from-vault"
    assert found.token_source == "cmd:./vault.sh"


@pytest.mark.parametrize(
    ("command", "word"), [("false", "exit code 1"), ("no-such-program-here", "cannot run"), ("true", "is empty")]
)
def test_a_command_that_gives_no_token_is_named(tmp_path: Path, command: str, word: str) -> None:
    text = GOOD.replace("env:STAGING_TOKEN", f"cmd:{command}")
    with pytest.raises(TargetError, match=word):
        from_argument("staging", config(tmp_path, text), {})


def test_a_literal_token_in_the_file_is_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="does not belong in this file") as caught:
        config(tmp_path, GOOD.replace("env:STAGING_TOKEN", "eyJhbGciOi"))
    assert "eyJhbGciOi" not in str(caught.value)


def test_an_unknown_name_is_answered_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="did you mean 'staging'"):
        from_argument("stagign", config(tmp_path), {})
    with pytest.raises(TargetError, match="there is none in this folder"):
        from_argument("staging", None, {})


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="cannot read"):
        load_target_file(tmp_path / "scimrig.toml")
