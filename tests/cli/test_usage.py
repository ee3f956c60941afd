"""What is wrong with a command is said before anything is sent: exit 2, one message, no traceback."""

from __future__ import annotations

import os
import pty
import time
from pathlib import Path
from typing import Any

import pytest

BASELINE = "- check: expect\n  scenario: '*'\n  dialect: okta\n  reasn: x\n  owner: ada\n"
NOT_TAKEN = "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), ["usage: scimrig"]),
        (("rnu",), ["unknown command 'rnu'", "did you mean 'run'"]),
        (("--versoin",), ["unknown option", "did you mean '--version'"]),
        (("run", "--fali-fast"), ["unknown option --fali-fast", "did you mean '--fail-fast'", "scimrig run --help"]),
        (("run", "ref:", "ref:"), ["one argument too many"]),
        (("run", "--jobs", "0"), ["--jobs", "'0'"]),
        (("run", "--timeout", "-1"), ["--timeout", "'-1'"]),
        (("run", "--fail-on", "maybe"), ["--fail-on", "maybe"]),
        (("run", "--idp", "oktaa"), ["there is no dialect 'oktaa'", "did you mean 'okta'"]),
        (("run", "--idp", "okta,,entra"), ["--idp", "comma list"]),
        (("run", "ref:fault=noop-pach"), ["noop-patch"]),
        (("run", "ref:variant=patch-205"), ["patch-204"]),
        (("run", "staging"), ["no target 'staging'", "--target-file"]),
        (("run", "staging", "--target-file", "missing.toml"), ["cannot read missing.toml"]),
        (("run", "staging", "--config", "x.toml"), ["unknown option --config"]),
        (("run", "ftp://example.com"), ["no base URL"]),
        (("run", "--token-env", "NOT_SET", NOT_TAKEN), ["NOT_SET is not set"]),
        (("run", "--baseline", "missing.yaml"), ["cannot read missing.yaml"]),
        (("run", "--junit", "no/such/folder/x.xml"), ["--junit", "there is no folder no/such/folder"]),
        (("run", "--scenarios", "missing"), ["missing", "nothing was sent"]),
        (("list",), ["WHAT"]),
        (("list", "scenaros"), ["scenarios"]),
        (("list", "faults", "--target-file", "x.toml"), ["--target-file goes with"]),
        (("list", "faults", "--scenarios", "x"), ["--scenarios goes with"]),
        (("explain",), ["ID"]),
        (("explain", "lifecycle/leavr"), ["nothing here is called"]),
        (("explain", "RFC7644-3.6-R0"), ["did you mean 'RFC7644-3.6-R0"]),
        (("judge",), ["no run has left a log"]),
        (("judge", "20990101-nope"), ["20990101-nope"]),
        (("serve", "--port", "70000"), ["--port", "70000"]),
        (("serve", "--fault", "noop-pach"), ["noop-patch"]),
        (("serve", "--fault", "noop-patch", "--variant", "patch-204"), ["not allowed with"]),
        (("serve", "--token", ""), ["empty token"]),
        (("serve", "--host", "0.0.0.0"), ["unknown option --host"]),
        (("sweep", "staging"), ["no target 'staging'"]),
    ],
)
def test_a_wrong_command_line_exits_2_and_says_why(shell: Any, words: tuple[str, ...], says: list[str]) -> None:
    done = shell(*words)
    done.complains(*says)
    assert done.code == 2
    assert done.out == ""
    assert not (shell.folder / ".scimrig").exists()


@pytest.mark.parametrize("command", ["run", "sweep"])
@pytest.mark.parametrize("words", [("--token", "s3cret-value"), ("--token=s3cret-value",), ("--token",)])
def test_a_token_on_the_command_line_is_refused_with_the_reason(
    shell: Any, command: str, words: tuple[str, ...]
) -> None:
    done = shell(command, NOT_TAKEN, *words)
    done.complains("other users of this machine can read it", "--token-env")
    assert done.code == 2
    assert "s3cret-value" not in done.out + done.err


def test_a_broken_scenario_is_named_by_place(shell: Any, pack: Path) -> None:
    leaver = pack / "tiny" / "leaver.yaml"
    leaver.write_text(leaver.read_text().replace("  - deactivate: ada", "  - deactvate: ada"))
    (pack / "tiny" / "joiner.yaml").write_text("scenario: ]")
    done = shell("run", "--scenarios", str(pack))
    done.complains("leaver.yaml:11:", "deactvate", "did you mean 'deactivate'", "joiner.yaml:1:", "nothing was sent")
    assert done.code == 2


def test_a_mistake_in_the_target_file_is_named(shell: Any) -> None:
    (shell.folder / "scimrig.toml").write_text('[targets.staging]\nbase_url = "http://127.0.0.1:9"\ntokn = "env:X"\n')
    for command in ("run", "sweep"):
        done = shell(command, "staging")
        done.complains("scimrig.toml", "[targets.staging]", "'tokn'", "did you mean 'token'")
        assert done.code == 2
    listed = shell("list", "targets")
    listed.complains("did you mean 'token'")
    assert listed.code == 2


@pytest.mark.parametrize("words", [("ref:",), (NOT_TAKEN,), ()])
def test_a_mistake_in_what_is_declared_stops_every_run_that_it_is_about(shell: Any, words: tuple[str, ...]) -> None:
    (shell.folder / "mine.toml").write_text(
        '[policy]\nemail_change = "rejct"\n[hooks]\nbefore_run = [{method = "GET", path = "/{user}"}]\n'
    )
    done = shell("run", *words, "--target-file", "mine.toml")
    done.complains("mine.toml: policy.email_change", "did you mean 'reject'")
    assert done.code == 2
    assert not (shell.folder / ".scimrig").exists()


def test_a_mistake_in_the_baseline_is_named(shell: Any) -> None:
    """Also in the one that is taken because it is there."""
    (shell.folder / "scimrig-baseline.yaml").write_text(BASELINE)
    done = shell("run")
    done.complains("scimrig-baseline.yaml:4:", "did you mean 'reason'")
    assert done.code == 2


def test_a_server_beyond_this_machine_is_not_written_to_without_consent(shell: Any, pack: Path) -> None:
    done = shell("run", "https://scim.example.invalid/v2", "--scenarios", str(pack))
    done.complains("https://scim.example.invalid/v2", "--yes")
    assert done.code == 2


def test_declared_calls_leave_this_machine_only_with_consent_too(shell: Any, pack: Path) -> None:
    (shell.folder / "mine.toml").write_text(
        '[hooks]\nbase_url = "https://hooks.example.invalid/v1"\nafter_run = [{method = "POST", path = "/done"}]\n'
    )
    done = shell("run", NOT_TAKEN, "--target-file", "mine.toml", "--scenarios", str(pack))
    done.complains("make the calls that the target file declares", "https://hooks.example.invalid", "--yes")
    assert done.code == 2


@pytest.mark.parametrize(("answer", "code", "says"), [("no", 2, "nothing was sent"), ("yes", 3, "example.invalid")])
def test_on_a_terminal_consent_is_asked_for(shell: Any, pack: Path, answer: str, code: int, says: str) -> None:
    ours, theirs = pty.openpty()
    process = shell.start(
        "run", "http://scim.example.invalid/v2", "--scenarios", str(pack), "--idp", "okta", "--timeout", "5",
        stdin=theirs, stdout=theirs, stderr=theirs,
    )
    os.close(theirs)
    screen = _read_until(ours, 'Type "yes"')
    assert "create, change and delete" in screen
    assert "unencrypted" in screen
    os.write(ours, f"{answer}\n".encode())
    screen = _read_until(ours, says)
    _drain(ours)
    assert process.wait(timeout=30) == code
    os.close(ours)


def _read_until(terminal: int, words: str) -> str:
    seen, deadline = "", time.monotonic() + 30
    while words not in seen:
        assert time.monotonic() < deadline, seen
        try:
            seen += os.read(terminal, 4096).decode("utf-8", "replace")
        except OSError:  # the other side was closed
            assert words in seen, seen
    return seen


def _drain(terminal: int) -> None:
    try:
        while os.read(terminal, 4096):
            pass
    except OSError:
        return
