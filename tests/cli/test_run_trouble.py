"""``scimrig run`` when something of its own goes wrong: the disk, the output, secrets, our mistakes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow  # each test is a process or two

TOKEN = "canary-t0ken-5f1e"
QUICK = ("--idp", "okta")


def records(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "log.ndjson").read_text().splitlines()]


def last_line(out: str) -> str:
    return out.rstrip().splitlines()[-1]


# Output and disk --------------------------------------------------------------------------------------------------


def test_an_unwritable_folder_is_one_clear_line(shell: Any, pack: Path, serve: Callable[..., Any]) -> None:
    server = serve()
    (shell.folder / ".scimrig").write_text("a file where the folder should be")
    done = shell("run", server.url, "--scenarios", str(pack))
    done.complains("cannot write", ".scimrig")
    assert done.code == 3
    assert len(done.err.splitlines()) == 1
    assert server.users() == 0


@pytest.mark.parametrize("size", [6_000, 60_000])
def test_a_disk_that_fills_up_ends_the_run_in_order(
    shell: Any, pack: Path, serve: Callable[..., Any], size: int
) -> None:
    """What was found so far is printed, and no row of ours stays on the target."""
    server = serve()
    done = shell.with_files_of(size, "run", server.url, "--scenarios", str(pack))
    done.complains("cannot write", "log.ndjson")
    assert done.code == 3
    assert last_line(done.out).startswith("ERROR")
    assert server.users() == 0


def test_a_full_disk_under_stdout_does_not_cut_the_run(shell: Any, pack: Path) -> None:
    with open("/dev/full", "w") as full:
        done = shell("run", "--scenarios", str(pack), *QUICK, stdout=full)
    done.complains("the output could not be written", "No space left")
    assert done.code == 3
    assert records(shell.run_folders()[0])[-1]["state"] == "complete"


def test_a_reader_that_leaves_early_does_not_cut_the_run(shell: Any, pack: Path) -> None:
    process = shell.start("run", "--scenarios", str(pack), *QUICK)
    process.stdout.close()
    process.stdout = None
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert err == ""
    assert records(shell.run_folders()[0])[-1]["state"] == "complete"


def test_reports_are_utf8_without_colour_when_piped(shell: Any, pack: Path) -> None:
    shell.env.update(LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    done = shell("run", "ref:fault=noop-patch", "--scenarios", str(pack), *QUICK)
    assert done.code == 1, done.err
    assert "§" in done.out or "·" in done.out
    assert "\x1b" not in done.out


# Secrets and our own mistakes -------------------------------------------------------------------------------------


def patched(shell: Any, tmp_path: Path, code: str) -> None:
    """Have every process of this shell run some code of ours first."""
    (tmp_path / "patch").mkdir()
    (tmp_path / "patch" / "sitecustomize.py").write_text(code)
    shell.env["PYTHONPATH"] = f"{tmp_path / 'patch'}:{shell.env['PYTHONPATH']}"


@pytest.mark.parametrize("fault", [None, "token-echoed", "noop-patch"])
def test_no_secret_is_in_any_artefact(
    shell: Any, pack: Path, serve: Callable[..., Any], fault: str | None
) -> None:
    server = serve(*(("--fault", fault) if fault else ()))
    done = shell("run", server.url, "--scenarios", str(pack), "--junit", "report.xml", "--idp", "okta,rfc")
    assert done.code in (0, 1), done.err
    traces = shell.traces()
    assert "tiny/leaver" in traces
    for place in (done.out, done.err, traces):
        assert TOKEN not in place


FULL_JOURNAL = """
import errno, itertools, scimrig.rows

class Full:
    def __init__(self, file):
        self.file, self.name, self.count = file, file.name, itertools.count()
    def write(self, text):
        if next(self.count) > 20:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.file.write(text)
    def flush(self):
        self.file.flush()
    def close(self):
        self.file.close()

def make(self, *words, _make=scimrig.rows.Rows.__init__):
    _make(self, *words)
    self._file = Full(self._file)

scimrig.rows.Rows.__init__ = make
"""


def test_a_journal_that_cannot_be_kept_ends_the_run_in_order(
    shell: Any, pack: Path, serve: Callable[..., Any], tmp_path: Path
) -> None:
    """What cannot be noted down is not created, and what was created before is cleared away."""
    server = serve()
    patched(shell, tmp_path, FULL_JOURNAL)
    done = shell("run", server.url, "--scenarios", str(pack))
    done.complains()
    assert done.code == 3
    assert "rows.ndjson: No space left on device" in " ".join(done.out.split())
    assert last_line(done.out).startswith("ERROR")
    assert server.users() == 0


BUG = """
import scimrig.judge

def feed(self, record, _feed=scimrig.judge.Judge.feed):
    if record.type == "step-played":
        import os
        raise RuntimeError("boom " + os.environ["SCIMRIG_TOKEN"])
    return _feed(self, record)

scimrig.judge.Judge.feed = feed
"""


def test_a_mistake_of_ours_is_owned_up_to_and_leaves_nothing_on_the_target(
    shell: Any, pack: Path, serve: Callable[..., Any], tmp_path: Path
) -> None:
    server = serve()
    patched(shell, tmp_path, BUG)
    done = shell("run", server.url, "--scenarios", str(pack), *QUICK)
    assert done.code == 3
    assert "this is a bug in scimrig (RuntimeError: boom" in done.err
    assert "Traceback" not in done.err + done.out
    (kept,) = (shell.folder / ".scimrig").glob("scimrig-bug-*.txt")
    assert str(kept.relative_to(shell.folder)) in done.err
    assert "Traceback" in kept.read_text()
    assert TOKEN not in done.err + done.out + shell.traces()
    assert server.users() == 0


RUN_BUG = """
import os, scimrig.stage

def act(self, *words, _act=scimrig.stage.Stage._act):
    _act(self, *words)
    raise RuntimeError("boom " + os.environ["SCIMRIG_TOKEN"])

scimrig.stage.Stage._act = act
"""


@pytest.mark.parametrize("jobs", ["1", "3"])
def test_a_mistake_in_the_midst_of_a_case_leaves_nothing_on_the_target(
    shell: Any, pack: Path, serve: Callable[..., Any], tmp_path: Path, jobs: str
) -> None:
    server = serve()
    patched(shell, tmp_path, RUN_BUG)
    done = shell("run", server.url, "--scenarios", str(pack), "--jobs", jobs)
    assert done.code == 3
    assert "this is a bug in scimrig (RuntimeError: boom" in done.err
    assert TOKEN not in done.err + done.out + shell.traces()
    assert server.users() == 0
