"""The log: what is written reads back the same, a cut log is still of use, a damaged one is named by line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scimrig import runlog
from scimrig.evidence import (
    CaseEnded,
    CaseStarted,
    Exchange,
    Leftover,
    Observed,
    Reading,
    Record,
    RunEnded,
    RunStarted,
    Sight,
    StepPlayed,
    Surveyed,
)
from scimrig_simulator.wire import FailureKind, TransportFailure

STARTED = RunStarted("0.1.0", "r1", "ref:", "http://localhost", "p-", 1, ("okta",), ("okta",), "2026-01-01T00:00:00Z")
ENDED = RunEnded("complete", "", 1, 2, 0.5)


def exchange(number: int = 1, **changed: object) -> Exchange:
    values: dict[str, object] = {
        "number": number, "case": "a[okta]", "step": "s", "by": "idp", "dialect": "okta", "purpose": "look up",
        "method": "GET", "path": "/Users", "query": "", "request_headers": (("Accept", "x"),), "request_body": None,
        "status": 200, "reply_headers": (("Content-Type", "y"), ("content-type", "z")), "reply_body": "{}",
        "elapsed": 0.25, "failure": None,
    }
    return Exchange(**{**values, **changed})  # type: ignore[arg-type]


ALL: list[Record] = [
    STARTED,
    exchange(1),
    exchange(2, status=0, failure=TransportFailure(FailureKind.TIMEOUT, "30 s")),
    Surveyed({"offers": {"users": {"state": "yes", "why": ""}}}),
    CaseStarted("a[okta]", "a", "okta", {"off": False}, "A", "create", "cosmetic", ("bug:LIFE-01",), (), "", False),
    Observed("a[okta]", "", (
        Sight("ada", "User", "7", False, Reading("found", {"id": "7"}, 1, 3), Reading("absent"), Reading("not-looked")),
    ), (3, 4)),
    StepPlayed("a[okta]", "s", "assign ada", "act", "assign", "ada", {"kind": "User"}, None, [], {"idp": "x"}, (1, 2)),
    CaseEnded("a[okta]", "played"),
    Leftover("/Users/7", "ada", "405"),
    ENDED,
]


def written(path: Path, records: list[Record]) -> Path:
    with runlog.LogWriter(path) as log:
        for record in records:
            log.write(record)
    return path


def test_every_kind_of_record_reads_back_the_same(tmp_path: Path) -> None:
    assert list(runlog.read(written(tmp_path / "log.ndjson", ALL))) == ALL


@given(body=st.text(st.characters(), max_size=40), header=st.text(st.characters(), max_size=20))
@settings(max_examples=40, deadline=None)
def test_whatever_a_server_answers_survives_the_log(
    tmp_path_factory: pytest.TempPathFactory, body: str, header: str
) -> None:
    """Also line separators, NUL and lone surrogates, which no UTF-8 file holds as they are."""
    records = [STARTED, exchange(reply_body=body, reply_headers=(("X", header),)), ENDED]
    path = written(tmp_path_factory.mktemp("log") / "log.ndjson", records)
    assert list(runlog.read(path)) == records
    assert len(path.read_bytes().splitlines()) == 3


def test_a_record_is_on_disk_as_soon_as_it_is_written(tmp_path: Path) -> None:
    log = runlog.LogWriter(tmp_path / "log.ndjson")
    log.write(STARTED)
    assert json.loads((tmp_path / "log.ndjson").read_text())["type"] == "run-started"
    log.close()


def test_the_traces_of_runs_stay_out_of_version_control(tmp_path: Path) -> None:
    written(tmp_path / ".scimrig" / "runs" / "r1" / "log.ndjson", ALL)
    assert (tmp_path / ".scimrig" / ".gitignore").read_text() == "*\n"
    assert (tmp_path / ".scimrig" / "runs" / "r1").stat().st_mode & 0o077 == 0


def test_a_killed_run_leaves_a_log_that_still_reads(tmp_path: Path) -> None:
    path = written(tmp_path / "log.ndjson", ALL)
    whole = path.read_bytes()
    cut = whole[: whole.rindex(b'{"type":"leftover"') + 15]
    path.write_bytes(cut)
    notes: list[str] = []
    assert list(runlog.read(path, notes.append)) == ALL[:-2]
    assert notes == [runlog.NO_FOOTER]


def test_a_log_without_footer_is_noted(tmp_path: Path) -> None:
    notes: list[str] = []
    list(runlog.read(written(tmp_path / "log.ndjson", ALL[:-1]), notes.append))
    assert notes == [runlog.NO_FOOTER]
    notes.clear()
    list(runlog.read(written(tmp_path / "other.ndjson", ALL), notes.append))
    assert notes == []


@pytest.mark.parametrize(
    ("lines", "line", "word"),
    [
        (["{}"], 1, "record"),
        (["not json at all", "{}"], 1, "record"),
        (['{"type":"leftover","path":"/Users/7","name":"ada","reason":"405"}'], 1, "run-started"),
        (["STARTED", '{"type":"leftover","path":"/Users/7"}', "ENDED"], 2, "name"),
        (["STARTED", '{"type":"dance"}', "ENDED"], 2, "dance"),
        (["STARTED", "[]", "ENDED"], 2, "object"),
        (["STARTED", "{broken", "ENDED"], 2, "record"),
        (["STARTED", "ENDED", "STARTED"], 3, "after the footer"),
    ],
)
def test_a_damaged_log_is_named_by_line(tmp_path: Path, lines: list[str], line: int, word: str) -> None:
    good = written(tmp_path / "good.ndjson", [STARTED, ENDED]).read_text().splitlines()
    path = tmp_path / "bad.ndjson"
    text = "\n".join({"STARTED": good[0], "ENDED": good[1]}.get(one, one) for one in lines) + "\n"
    path.write_text(text)
    with pytest.raises(runlog.LogError) as caught:
        list(runlog.read(path))
    assert f"bad.ndjson:{line}:" in str(caught.value)
    assert word in str(caught.value)


def test_an_empty_and_a_missing_log_are_errors(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    for name in ("empty", "missing"):
        with pytest.raises(runlog.LogError, match=name):
            list(runlog.read(tmp_path / name))


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / ".scimrig").write_text("a file where the folder should be")
    with pytest.raises(runlog.LogError, match=r"cannot write .*log\.ndjson"):
        runlog.LogWriter(tmp_path / ".scimrig" / "runs" / "r1" / "log.ndjson")


def test_a_full_disk_is_said_at_every_write(tmp_path: Path) -> None:
    log = runlog.LogWriter(tmp_path / "log.ndjson")
    log._file.close()
    log._file = open("/dev/full", "w", buffering=1)  # noqa: SIM115  # closed by the writer
    for _ in range(2):
        with pytest.raises(runlog.LogError, match="No space left"):
            log.write(STARTED)
    log.close()


def test_an_older_log_is_never_overwritten(tmp_path: Path) -> None:
    written(tmp_path / "log.ndjson", ALL)
    with pytest.raises(runlog.LogError, match="exists"):
        runlog.LogWriter(tmp_path / "log.ndjson")


def test_a_run_is_found_by_id_folder_file_and_as_the_last_one(tmp_path: Path) -> None:
    first = written(tmp_path / "runs" / "20260101-aaa" / "log.ndjson", ALL)
    last = written(tmp_path / "runs" / "20260102-bbb" / "log.ndjson", ALL)
    assert runlog.locate("20260101-aaa", tmp_path) == first
    assert runlog.locate(str(first.parent), tmp_path) == first
    assert runlog.locate(str(first), tmp_path) == first
    assert runlog.locate("last", tmp_path) == last


def test_an_unknown_run_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(runlog.LogError, match="no run has left a log"):
        runlog.locate("last", tmp_path)
    written(tmp_path / "runs" / "20260101-aaa" / "log.ndjson", ALL)
    with pytest.raises(runlog.LogError, match="20260101-aaa"):
        runlog.locate("20270101-zzz", tmp_path)
