"""The tables of a state file: dicts, but for where they are kept."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scimrig.simulating.state import Parameters, Shelf, StateError, StateFile
from scimrig.simulating.table import AT_HAND, BATCH, SqliteTable

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=5,
)
KEYS = st.sampled_from(["a", "b", "c", "User:1", "Grüße", "\ud800", ""])
STEPS = st.lists(
    st.tuples(st.sampled_from(["set", "del", "pop", "get", "in", "flush", "len", "clear", "setdefault"]), KEYS, JSON),
    max_size=40,
)


def table() -> SqliteTable:
    return SqliteTable(sqlite3.connect(":memory:", isolation_level=None), threading.RLock(), 'an "odd" name')


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_a_table_does_what_a_dict_does_in_the_same_order(steps: list[tuple[str, str, Any]]) -> None:
    ours, plain = table(), dict[str, Any]()
    for step, key, value in steps:
        if step == "set":
            ours[key] = plain[key] = value
        elif step == "del":
            assert (key in ours) is (key in plain)
            if key in plain:
                del ours[key], plain[key]
            else:
                with pytest.raises(KeyError):
                    del ours[key]
        elif step == "pop":
            assert ours.pop(key, "nothing") == plain.pop(key, "nothing")
        elif step == "get":
            assert ours.get(key, 0) == plain.get(key, 0)
        elif step == "in":
            assert (key in ours) is (key in plain)
        elif step == "setdefault":
            assert ours.setdefault(key, value) == plain.setdefault(key, value)
        elif step == "len":
            assert len(ours) == len(plain)
        elif step == "clear":
            ours.clear()
            plain.clear()
        else:
            ours.flush()
    assert list(ours.items()) == list(plain.items())
    assert list(ours) == list(plain)
    assert list(ours.values()) == list(plain.values())
    assert ours == plain


def test_what_is_kept_at_hand_does_not_grow_with_the_table() -> None:
    many = table()
    for number in range(5 * AT_HAND):
        many[str(number)] = number
        assert many[str(number // 2)] == number // 2
        assert len(many._hand) + len(many._old) <= AT_HAND + 4 * BATCH
    assert len(many) == 5 * AT_HAND


def test_a_table_may_be_walked_while_it_changes() -> None:
    many = table()
    many.update({str(number): number for number in range(600)})
    for key in many:
        del many[key]
    assert len(many) == 0


def test_threads_share_a_table() -> None:
    shared = table_across_threads()
    threads = [
        threading.Thread(target=lambda base: shared.update({f"{base}/{n}": n for n in range(500)}), args=(base,))
        for base in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(shared) == 2000


def table_across_threads() -> SqliteTable:
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    return SqliteTable(connection, threading.RLock(), "shared")


# The file -------------------------------------------------------------------------------------------------------------

PARAMETERS = Parameters("okta", "http://127.0.0.1:1/scim/v2", 20, 10, 7, "2026-01-05", "example.com", "rig-", {})


def test_what_was_committed_is_there_again_and_what_was_not_is_not(tmp_path: Path) -> None:
    first = StateFile(tmp_path / "a.sqlite")
    first.begin(PARAMETERS)
    first.table("t")["kept"] = [1, 2]
    first.commit()
    first.table("t")["lost"] = True
    first.table("t").flush()
    first._file.close()  # as when the process is killed
    second = StateFile(tmp_path / "a.sqlite")
    assert second.parameters == PARAMETERS
    assert dict(second.table("t")) == {"kept": [1, 2]}
    second.close()


def test_shelves_of_one_file_have_tables_of_the_same_name_apart(tmp_path: Path) -> None:
    file = StateFile(tmp_path / "a.sqlite")
    Shelf(file, "idp").table("users")["0:"] = "42"
    assert dict(file.table("users")) == {}
    assert dict(file.table("idp/users")) == {"0:": "42"}
    file.close()


def test_a_file_in_use_and_a_file_of_something_else_are_said_in_words(tmp_path: Path) -> None:
    held = StateFile(tmp_path / "a.sqlite")
    with pytest.raises(StateError, match="in use by another simulation"):
        StateFile(tmp_path / "a.sqlite")
    held.close()
    (tmp_path / "b.sqlite").write_text("not a database at all, but long enough to be looked at " * 20)
    with pytest.raises(StateError, match="no state of a simulation"):
        StateFile(tmp_path / "b.sqlite")


def test_other_parameters_are_named() -> None:
    assert PARAMETERS.unlike({"people": 30, "seed": None, "days": 10}) == ["people is 20, not 30"]


def test_a_state_is_for_its_owner_alone(tmp_path: Path) -> None:
    file = StateFile(tmp_path / "deep" / "a.sqlite")
    file.close()
    assert (tmp_path / "deep" / "a.sqlite").stat().st_mode & 0o077 == 0
