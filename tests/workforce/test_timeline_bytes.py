"""A timeline is the same to the byte in every process, and does not grow with its company."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import subprocess
import sys
import tracemalloc
from datetime import date
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimrig_simulator.workforce import Company, Timeline
from scimrig_simulator.workforce.shuffle import Shuffle
from scimrig_simulator.workforce.splitmix import draw, halves

DAY = 86_400
MEBIBYTE = 2**20


def digest(seed):
    """Of a company of 50 over 60 days: each happening with its words and whoever or whatever it is about."""
    line = Timeline(Company(seed), 50, 60, date(2026, 1, 5))
    told = []
    for happening in line.happenings():
        n, t, at = happening.person, happening.team, happening.at
        about = line.team(t, at) if n is None else line.person(n, at)
        members = [line.members(team, at) for team in happening.teams]
        facts = [at, happening.kind.value, n, t, happening.teams, line.words(happening), members]
        told.append([*facts, about and dataclasses.asdict(about)])
    text = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


# A difference means that every seed that was ever reported tells another story than before.
DIGESTS = {
    1: "7872b556880f269ca1571a7cbb0e2e5aaf1047d0478e2b1535c47b9de4608b09",
    2**64 - 1: "1a4ae317b06db37ac13986cb727f370586b6694a8247643cafd57fff0b2ac6c5",
}


class TestTheSameBytes:
    @pytest.mark.parametrize("seed", DIGESTS)
    def test_a_seed_tells_the_story_that_was_written_down_once(self, seed):
        assert digest(seed) == DIGESTS[seed]

    def test_no_process_tells_another(self):
        program = f"import runpy; print(runpy.run_path({__file__!r})['digest'](1))"
        for hash_seed in ("0", "4711"):
            environment = {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": hash_seed}
            command = [sys.executable, "-c", program]
            done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
            assert done.stdout.strip() == DIGESTS[1]


class TestShuffles:
    @given(key=st.integers(0, 2**64 - 1), size=st.integers(1, 300))
    def test_everybody_has_one_place_and_is_found_there(self, key, size):
        shuffle = Shuffle(key, size)
        ranks = [shuffle.rank(number) for number in range(size)]
        assert sorted(ranks) == list(range(size))
        assert [shuffle.number(rank) for rank in ranks] == list(range(size))

    @given(key=st.integers(0, 2**64 - 1), size=st.integers(1, 2**40), number=st.integers(0))
    def test_so_it_is_in_a_company_of_any_size(self, key, size, number):
        shuffle = Shuffle(key, size)
        rank = shuffle.rank(number % size)
        assert 0 <= rank < size
        assert shuffle.number(rank) == number % size

    def test_neighbours_do_not_stay_together(self):
        for key in range(50):
            shuffle = Shuffle(draw(key, 1), 10_000)
            ranks = [shuffle.rank(number) for number in range(1_000)]
            tenths = [sum(rank * 10 // 10_000 == tenth for rank in ranks) for tenth in range(10)]
            assert all(50 < count < 160 for count in tenths)
            assert sum(abs(one - other) < 100 for one, other in pairwise(ranks)) < 60

    @given(row=st.integers(0, 2**64 - 1))
    def test_many_draws_at_once_are_the_single_ones(self, row):
        fields = (1, 2, 4, 5, 6)
        expected = [half for field in fields for half in (draw(row, field) & 0xFFFFFFFF, draw(row, field) >> 32)]
        assert list(halves(fields)(row)) == expected


def streamed(people):
    """The most memory held while a company's first people and a Monday with a mass onboarding go by, in bytes."""
    tracemalloc.start()
    try:
        line = Timeline(Company(1), people, 10, date(2026, 1, 5))
        for since, until in ((0, 1), (7 * DAY, 7 * DAY + 9 * 3600 + 60)):
            for happening in islice(line.happenings(since, until), 2_000):
                if happening.person is not None:
                    line.person(happening.person, happening.at)
                for team in happening.teams[:1]:
                    line.team(team, happening.at)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


class TestMemory:
    @pytest.mark.slow
    def test_a_million_people_take_a_few_megabytes_more_than_a_thousand(self):
        streamed(1_000)  # reads the vocabulary
        assert streamed(1_000_000) - streamed(1_000) < 4 * MEBIBYTE
