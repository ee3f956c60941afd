"""The benchmark of the server works, with numbers too small to mean anything: in earnest it is run by hand."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.peer, pytest.mark.slow]

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "server.py"
OPERATIONS = 9
SMALL = ("--users", "12", "25", "--rounds", "1", "--repeat", "2")


def test_it_measures_both_servers_and_sets_one_against_the_other() -> None:
    printed = benchmark(*SMALL)
    table, _, growth = printed.partition("growth of scimrig")
    rows = re.findall(r"^(\S.*?) +(12|25) +([\d,]+) +([\d,]+) +([\d,.]+)", table, re.MULTILINE)
    assert len(rows) == 2 * OPERATIONS
    assert {size for _, size, *_ in rows} == {"12", "25"}
    assert all(int(figure.replace(",", "")) > 0 for _, _, ours, theirs, _ in rows for figure in (ours, theirs))
    assert len(re.findall(r"(ok|NO)$", growth, re.MULTILINE)) == OPERATIONS


def test_it_measures_ours_alone_on_a_file() -> None:
    printed = benchmark("--ours", "--db", "file", "--ops", "create", "member-all", *SMALL)
    assert len(re.findall(r"^\S.* (12|25) +[\d,]+ +[\d,]+", printed, re.MULTILINE)) == 4


@pytest.mark.parametrize("operation", ["get", "member"])
def test_it_profiles_an_operation(operation: str) -> None:
    printed = benchmark("--profile", operation, *SMALL)
    assert "µs CPU without the profiler" in printed
    assert "cumtime" in printed


def benchmark(*words: str) -> str:
    done = subprocess.run(
        [sys.executable, str(BENCHMARK), *words], capture_output=True, text=True, encoding="utf-8", check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
