"""``scimrig list`` and ``scimrig explain``: whatever a report names can be looked up."""

from __future__ import annotations

import os
import pty
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("here")


@pytest.mark.parametrize(
    ("what", "one"),
    [
        ("scenarios", None),
        ("checks", None),
        ("faults", "noop-patch"),
        ("variants", "patch-204"),
        ("tolerances", "capital-op"),
        ("dialects", "entra-flag"),
        ("targets", "ref:"),
    ],
)
def test_piped_a_list_is_one_id_a_line(shell: Any, what: str, one: str | None) -> None:
    done = shell("list", what)
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines
    assert all(line and " " not in line for line in lines)
    assert len(set(lines)) == len(lines)
    assert one is None or one in lines


def test_on_a_terminal_titles_stand_beside_the_ids(shell: Any) -> None:
    ours, theirs = pty.openpty()
    process = shell.start("list", "dialects", stdout=theirs)
    os.close(theirs)
    assert process.wait(timeout=30) == 0
    lines = os.read(ours, 65536).decode().splitlines()
    os.close(ours)
    assert all(len(line.split()) > 1 for line in lines)
    assert len({len(line) - len(line.split(maxsplit=1)[1]) for line in lines}) == 1


def test_targets_come_from_the_target_file(shell: Any) -> None:
    (shell.folder / "scimrig.toml").write_text('[targets.staging]\nbase_url = "https://api.example.com"\n')
    assert shell("list", "targets").out.split() == ["ref:", "staging"]
    (shell.folder / "other.toml").write_text('[targets.production]\nbase_url = "https://api.example.com"\n')
    assert shell("list", "targets", "--target-file", "other.toml").out.split() == ["ref:", "production"]


def test_own_scenarios_can_be_listed(shell: Any, pack: Path) -> None:
    assert shell("list", "scenarios", "--scenarios", str(pack)).out.split() == ["tiny/joiner", "tiny/leaver"]


@pytest.mark.parametrize(
    ("identifier", "says"),
    [
        ("rfc:RFC7644-3.6-R04", ["RFC 7644 §3.6", "RFC7644-3.6-R04", "https://www.rfc-editor.org"]),
        ("rfc7644-3.6-r04", ["RFC7644-3.6-R04"]),
        ("okta", ["dialect", "Acts:", "deactivate", "scimrig run --idp okta"]),
        ("idp:okta:5", ["chapter 5", "deactivate", "not a requirement"]),
        ("noop-patch", ["fault", "scimrig serve --fault noop-patch"]),
        ("patch-204", ["variant", "nothing may fail"]),
        ("bug:LIFE-01", ["LIFE-01", "active"]),
        ("CAP-32", ["cap:CAP-32", "Default role", "Whoever gets no role by a group", "policy/default-role"]),
        ("cap:cap-09a", ["An organization has a name", "No scenario cites it yet."]),
        ("email-change-accepted", ["[ref] policy", "scimrig serve --policy scalekit --fault email-change-accepted"]),
        ("lag-2s", ["Its owner declares consistency.within = "]),
        ("policy.email_change", ["policy:policy.email_change", 'email_change = "reject", "ignore" or "allow"']),
        ("policy:webhooks.tolerance_s", ["[webhooks]", "tolerance_s = ", "Where it is not declared: 300"]),
    ],
)
def test_explain_says_what_an_id_is(shell: Any, identifier: str, says: list[str]) -> None:
    done = shell("explain", identifier)
    assert done.code == 0, done.err
    for words in says:
        assert words in done.out


def test_every_scenario_and_check_can_be_explained(shell: Any) -> None:
    """The first of each; a case name as reports print it means its scenario."""
    scenario = shell("list", "scenarios").out.split()[0]
    told = shell("explain", f'{scenario}[okta,off="False"]').out
    assert scenario in told
    assert f"scimrig run -k {scenario}" in told
    check = shell("list", "checks").out.split()[0]
    assert "standing check" in shell("explain", check).out


def test_a_reader_that_leaves_early_is_no_error(shell: Any) -> None:
    process = shell.start("explain", "okta")
    process.stdout.close()
    process.stdout = None
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert err == ""


def test_output_is_utf8_in_every_locale(shell: Any) -> None:
    shell.env["LC_ALL"] = "C"
    shell.env["PYTHONUTF8"] = "0"
    shell.env["PYTHONCOERCECLOCALE"] = "0"
    done = shell("explain", "rfc:RFC7644-3.6-R04")
    assert done.code == 0, done.err
    assert "§3.6" in done.out


def test_a_full_disk_under_stdout_is_said(shell: Any) -> None:
    with open("/dev/full", "w") as full:
        done = shell("list", "dialects", stdout=full)
    done.complains("No space left")
    assert done.code == 3
