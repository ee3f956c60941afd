"""Only our rows are written to, and every row of ours is found again, also after a crash at any moment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scimrig.rows import Rows, clear
from scimrig_simulator.playbook import answer, expect, playbook
from scimrig_simulator.scim import urns
from scimrig_simulator.wire import FailureKind, Reply, Send, TransportFailure

TIMEOUT = Reply(0, failure=TransportFailure(FailureKind.TIMEOUT, "no answer"))
USER_NAME = "userName%20eq%20%22sr-ada%40example.com%22"


def create(name: str = "sr-ada@example.com", path: str = "/Users") -> Send:
    key = "userName" if path == "/Users" else "displayName"
    return Send("POST", path, body={"schemas": [urns.USER], key: name})


def made(rows: Rows, identifier: str = "u1", *, case: str = "c", **kind: Any) -> None:
    request = create(**kind)
    rows.sending(request, case)
    rows.answered(request, answer(201, {"id": identifier}), case)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/Users/stranger", "/users/stranger", "/Groups/stranger", "/./Users/stranger"])
def test_a_write_to_a_row_that_is_not_ours_is_held_back(method: str, path: str) -> None:
    rows = Rows()
    made(rows)
    assert "did not make" in rows.refusal(Send(method, path))


@pytest.mark.parametrize(
    "request_",
    [
        Send("GET", "/Users/stranger"),
        Send("POST", "/Users"),
        Send("POST", "/Users/.search"),
        Send("PATCH", "/Users/u1"),
        Send("PUT", "/Users/u%31"),  # the same row, otherwise spelled
        Send("PUT", "/Users"),
        Send("DELETE", "/Me"),
        Send("PATCH", "/Users/nobody-has-this"),
    ],
)
def test_everything_else_may_be_sent(request_: Send) -> None:
    rows = Rows()
    made(rows)
    rows.mint("nobody-has-this")
    assert rows.refusal(request_) == ""


def test_a_row_is_open_from_its_create_until_it_is_seen_to_be_gone() -> None:
    rows = Rows()
    made(rows)
    assert [row.path for row in rows.open("c")] == ["/Users/u1"]
    rows.answered(Send("DELETE", "/Users/u1"), answer(204), "c")
    assert rows.open("c"), "an answer to DELETE is a claim, not a proof"
    rows.answered(Send("GET", "/Users/u1"), answer(404), "c")
    assert rows.open("c") == ()


@pytest.mark.parametrize("reply", [TIMEOUT, answer(201), answer(500), answer(201, {"userName": "x"})])
def test_a_create_whose_answer_tells_no_id_leaves_its_name_open(reply: Reply) -> None:
    rows = Rows()
    rows.sending(create(), "c")
    rows.answered(create(), reply, "c")
    assert [(row.id, row.name) for row in rows.open("c")] == [("", "sr-ada@example.com")]


def test_a_refused_create_leaves_nothing_open() -> None:
    rows = Rows()
    rows.sending(create(), "c")
    rows.answered(create(), answer(409, {"status": "409"}), "c")
    assert rows.open() == ()


def test_clearing_deletes_groups_first_and_believes_only_a_404() -> None:
    rows = Rows()
    made(rows)
    made(rows, "g1", name="sr-crew", path="/Groups")
    left = playbook(
        clear(rows, "c"),
        [
            (expect("DELETE", "/Groups/g1"), answer(204)),
            (expect("GET", "/Groups/g1"), answer(404)),
            (expect("DELETE", "/Users/u1"), answer(204)),
            (expect("GET", "/Users/u1"), answer(200, {"id": "u1"})),
        ],
    )
    assert [(row.path, row.reason) for row in left] == [
        ("/Users/u1", "DELETE answered 204, yet the row is still there")
    ]
    assert playbook(clear(rows), []) == [], "what stays is told once"


@pytest.mark.parametrize(
    ("reply", "reason"), [(answer(405), "DELETE answered 405"), (TIMEOUT, "no answer to DELETE: no answer")]
)
def test_what_a_target_cannot_delete_is_left_by_id_with_the_reason(reply: Reply, reason: str) -> None:
    rows = Rows()
    made(rows)
    (left,) = playbook(clear(rows), [(expect("DELETE", "/Users/u1"), reply)])
    assert (left.path, left.name, left.reason) == ("/Users/u1", "sr-ada@example.com", reason)


def test_a_row_whose_create_was_never_answered_is_cleared_by_its_exact_name() -> None:
    rows = Rows()
    rows.sending(create(), "c")
    rows.answered(create(), TIMEOUT, "c")
    found = {"totalResults": 2, "Resources": [
        {"id": "u7", "userName": "SR-ada@example.com"}, {"id": "stranger", "userName": "boss@example.com"},
    ]}
    left = playbook(
        clear(rows),
        [
            (expect("GET", "/Users", query=f"filter={USER_NAME}"), answer(200, found)),
            (expect("DELETE", "/Users/u7"), answer(204)),
            (expect("GET", "/Users/u7"), answer(404)),
        ],
    )
    assert left == []
    assert rows.open() == ()


def test_a_journal_tells_a_later_process_what_is_still_there(tmp_path: Path) -> None:
    journal = tmp_path / "rows.ndjson"
    rows = Rows(journal, {"target": "http://127.0.0.1:1/scim/v2"})
    made(rows)
    made(rows, "u2", name="sr-ben@example.com")
    rows.answered(Send("GET", "/Users/u2"), answer(404), "c")
    rows.sending(create("sr-cy@example.com"), "c")
    with journal.open("a", encoding="utf-8") as file:
        file.write('{"event": "ma')  # the crash
    again, header = Rows.reopened(journal)
    assert header["target"] == "http://127.0.0.1:1/scim/v2"
    assert {(row.id, row.name) for row in again.open()} == {("u1", "sr-ada@example.com"), ("", "sr-cy@example.com")}
    assert again.refusal(Send("DELETE", "/Users/u1")) == ""


def test_a_run_that_left_nothing_behind_leaves_no_journal(tmp_path: Path) -> None:
    journal = tmp_path / "rows.ndjson"
    rows = Rows(journal, {})
    made(rows)
    rows.gone("/Users", "u1")
    rows.close()
    assert not journal.exists()


def test_a_file_that_is_no_journal_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "rows.ndjson"
    other.write_text("hello\n", encoding="utf-8")
    with pytest.raises(ValueError, match="no journal"):
        Rows.reopened(other)
