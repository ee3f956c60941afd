"""``scimrig run`` and ``scimrig judge``: exit codes, evidence, and what they leave behind."""

from __future__ import annotations

import json
import re
import shlex
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("here")]

QUICK = ("--idp", "okta")
PUSH = """
scenario: tiny/team
title: A team is pushed
area: groups
severity: silent-drift
cites: [idp:okta:6]
given: {ada: {}, crew: {kind: team}}
steps:
  - assign: ada
  - push_group: {crew: [ada]}
"""
KNOWN = """
- check: {check}
  scenario: tiny/leaver
  dialect: okta
  reason: the vendor fixes it in spring
  owner: ada@example.com
"""


def records(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "log.ndjson").read_text().splitlines()]


def last_line(out: str) -> str:
    return out.rstrip().splitlines()[-1]




# The verdict and its exit code ------------------------------------------------------------------------------------


def test_a_sound_server_passes(shell: Any, pack: Path) -> None:
    done = shell("run", "--scenarios", str(pack))
    assert done.code == 0, done.out + done.err
    assert done.err == ""
    assert last_line(done.out).startswith("OK")
    (folder,) = shell.run_folders()
    assert records(folder)[-1]["type"] == "run-ended"
    assert records(folder)[-1]["state"] == "complete"
    assert not (folder / "rows.ndjson").exists()


def test_a_broken_server_fails(shell: Any, pack: Path) -> None:
    done = shell("run", "ref:fault=noop-patch", "--scenarios", str(pack), *QUICK)
    assert done.code == 1, done.out + done.err
    assert last_line(done.out).startswith("FAIL")
    assert "active" in done.out


def test_a_broken_server_by_url_gets_the_same_verdict(
    shell: Any, pack: Path, serve: Callable[..., Any]
) -> None:
    server = serve("--fault", "noop-patch")
    done = shell("run", server.url, "--scenarios", str(pack), *QUICK)
    assert done.code == 1, done.out + done.err
    assert server.users() == 0


def test_with_nothing_judged_the_exit_code_is_4(shell: Any, pack: Path) -> None:
    """Google pushes no groups: the only scenario is skipped."""
    (pack / "tiny" / "team.yaml").write_text(PUSH)
    done = shell("run", "--scenarios", str(pack), "--idp", "google", "-k", "team")
    assert done.code == 4, done.out + done.err


def test_a_selection_that_fits_nothing_sends_nothing(shell: Any, pack: Path) -> None:
    done = shell("run", "--scenarios", str(pack), "-k", "no-such-scenario")
    done.complains("no case fits")
    assert done.code == 4
    assert not (shell.folder / ".scimrig").exists()


def test_selection_by_name_glob_tag_and_dialect(shell: Any, pack: Path) -> None:
    def played(*words: str) -> list[str]:
        done = shell("run", "--scenarios", str(pack), *words)
        assert done.code == 0, done.out + done.err
        return [record["case"] for record in records(shell.run_folders()[-1]) if record["type"] == "case-started"]

    assert played("--idp", "okta,rfc", "-k", "joiner") == ["tiny/joiner[okta]", "tiny/joiner[rfc]"]
    assert played("-k", "tiny/*[rfc]") == ["tiny/joiner[rfc]", "tiny/leaver[rfc]"]
    assert played("--tag", "smoke", "--idp", "rfc") == ["tiny/leaver[rfc]"]


def test_fail_fast_stops_at_the_first_fail(shell: Any, pack: Path) -> None:
    words = ("run", "ref:fault=noop-patch", "--scenarios", str(pack), "--fail-fast", "--idp", "okta,entra,google")
    done = shell(*words, "-k", "leaver")
    assert done.code == 1, done.out + done.err
    log = records(shell.run_folders()[-1])
    assert log[-1]["state"] == "stopped"
    assert any(record.get("state") == "skip" for record in log if record["type"] == "case-ended")


def test_more_workers_find_the_same(shell: Any, pack: Path) -> None:
    def cases(*words: str) -> dict[str, str]:
        shell("run", "ref:fault=noop-patch", "--scenarios", str(pack), "--junit", "r.xml", *words)
        suite = ElementTree.parse(shell.folder / "r.xml").getroot()
        return {f"{case.get('classname')} {case.get('name')}": ",".join(sorted({child.tag for child in case}))
                for case in suite.iter("testcase")}

    assert cases("--jobs", "1") == cases("--jobs", "4")


def test_the_rerun_command_of_a_finding_shows_it_again(shell: Any, pack: Path) -> None:
    done = shell("run", "ref:fault=noop-patch", "--scenarios", str(pack), *QUICK)
    rerun = next(line.split("rerun", 1)[1] for line in done.out.splitlines() if line.strip().startswith("rerun"))
    words = shlex.split(rerun)
    assert words[:2] == ["scimrig", "run"]
    again = shell(*words[1:])
    assert again.code == 1, again.out + again.err
    assert "tiny/leaver" in again.out


@pytest.mark.parametrize("fault", ["inactive-hidden", "string-boolean-stored", "filter-ignored"])
def test_whatever_found_something_can_be_explained(shell: Any, pack: Path, fault: str) -> None:
    done = shell("run", f"ref:fault={fault}", "--scenarios", str(pack))
    said = " ".join(done.out.split())
    found = set(re.findall(r"; found by ([\w/-]+)", said))
    assert found
    for identifier in found:
        assert shell("explain", identifier).code == 0, identifier


# The log ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["ref:", "ref:fault=noop-patch"])
def test_judging_the_log_finds_the_same(shell: Any, pack: Path, target: str) -> None:
    ran = shell("run", target, "--scenarios", str(pack), *QUICK, "--junit", "ran.xml")
    (folder,) = shell.run_folders()
    for name in ("last", folder.name, str(folder), str(folder / "log.ndjson")):
        judged = shell("judge", name, "--junit", "judged.xml")
        assert judged.code == ran.code
        assert judged.out == ran.out
        assert (shell.folder / "judged.xml").read_text() == (shell.folder / "ran.xml").read_text()


def test_a_cut_log_is_judged_as_far_as_it_goes(shell: Any, pack: Path) -> None:
    shell("run", "ref:fault=noop-patch", "--scenarios", str(pack), *QUICK)
    log = shell.run_folders()[0] / "log.ndjson"
    lines = log.read_text().splitlines(keepends=True)
    log.write_text("".join(lines[:-2]) + lines[-2][: len(lines[-2]) // 2])
    judged = shell("judge")
    assert judged.code == 1
    assert "no footer" in judged.err


def test_a_damaged_log_exits_3_and_names_the_line(shell: Any, pack: Path) -> None:
    shell("run", "--scenarios", str(pack), *QUICK)
    log = shell.run_folders()[0] / "log.ndjson"
    lines = log.read_text().splitlines()
    lines[4] = "{broken"
    log.write_text("\n".join(lines) + "\n")
    judged = shell("judge")
    judged.complains("log.ndjson:5:")
    assert judged.code == 3


# Baseline and JUnit -----------------------------------------------------------------------------------------------


def test_known_deviations_pass_and_vanished_ones_fail(shell: Any, pack: Path) -> None:
    words = ("run", "ref:fault=noop-patch", "--scenarios", str(pack), *QUICK)
    ran = shell(*words)
    checks = sorted(set(re.findall(r"; found by ([\w/-]+)", " ".join(ran.out.split()))))
    assert checks
    text = "".join(KNOWN.format(check=check) for check in checks)
    (shell.folder / "known.yaml").write_text(text)
    assert shell(*words, "--baseline", "known.yaml").code == 0
    assert shell("judge", "--baseline", "known.yaml").code == 0
    sound = shell("run", "--scenarios", str(pack), *QUICK, "--baseline", "known.yaml")
    assert sound.code == 1
    assert "known.yaml:2" in sound.out
    (shell.folder / "scimrig-baseline.yaml").write_text(text)
    assert shell(*words).code == 0  # taken because it is there


def test_junit_names_its_cases_alike_in_every_run(shell: Any, pack: Path) -> None:
    def names(target: str) -> list[str]:
        shell("run", target, "--scenarios", str(pack), "--junit", "r.xml")
        suite = ElementTree.parse(shell.folder / "r.xml").getroot()
        return sorted(f"{case.get('classname')}·{case.get('name')}" for case in suite.iter("testcase"))

    sound = names("ref:")
    assert sound == names("ref:fault=noop-patch")
    assert len(sound) == len(set(sound))
    assert any("tiny/leaver[okta]" in name for name in sound)


# Targets that cannot be judged ------------------------------------------------------------------------------------


def test_a_dead_port_is_an_error(shell: Any, pack: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/scim/v2"
        done = shell("run", url, "--scenarios", str(pack))
    assert "Traceback" not in done.err + done.out
    assert done.code == 3
    assert "refused" in done.out.lower()


def test_a_wrong_token_is_an_error_not_a_fail(shell: Any, pack: Path, serve: Callable[..., Any]) -> None:
    server = serve()
    shell.env["SCIMRIG_TOKEN"] = "not-the-token"
    done = shell("run", server.url, "--scenarios", str(pack))
    assert "Traceback" not in done.err + done.out
    assert done.code == 3, done.out
    assert "401" in done.out
    assert "not-the-token" not in done.out + done.err + shell.traces()


def test_a_page_in_place_of_scim_is_an_error(
    shell: Any, pack: Path, serve: Callable[..., Any], tmp_path: Path
) -> None:
    server = serve(awkward=("html", "0", str(tmp_path / "db")))
    done = shell("run", server.url, "--scenarios", str(pack))
    assert "Traceback" not in done.err + done.out
    assert done.code == 3, done.out
    assert "HTML" in done.out or "text/html" in done.out


def test_a_server_that_never_answers_is_an_error(
    shell: Any, pack: Path, serve: Callable[..., Any], tmp_path: Path
) -> None:
    server = serve(awkward=("hang", "0", str(tmp_path / "db")))
    done = shell("run", server.url, "--scenarios", str(pack), "--timeout", "0.5")
    assert "Traceback" not in done.err + done.out
    assert done.code == 3, done.out
