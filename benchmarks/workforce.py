"""What person n of the workforce costs, next to plain Faker; and whether it is the same in any order and process.

Run by hand, with the dev dependencies:  python benchmarks/workforce.py

Both are asked for person n by itself, whoever was asked for before: Faker is seeded with n for that. Plain Faker is
``Faker()``, one locale; the workforce draws from fifteen.
"""

from __future__ import annotations

import dataclasses
import gc
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path

import faker

sys.path.insert(0, str(Path(__file__).parents[1] / "simulator"))

from scimrig_simulator.workforce import Company, Timeline

ROUNDS = 15
PEOPLE = 2_000


def main() -> int:
    """Print microseconds and ratios, of which the first should be 60 or more. Exit code 1 where the bytes differ."""
    if sys.argv[1:] == ["--digest"]:
        print(digest(range(PEOPLE)))
        return 0
    company, source = Company(seed=1), faker.Faker()
    ours, alone, in_order = cheapest(
        (company.person, 4_000), (lambda n: plain_faker(source, n), 200), (lambda n: fields(source, n), 200)
    )
    print(f"person n of the workforce      {ours:>8.2f} µs")
    print(f"person n of plain Faker        {alone:>8.2f} µs   ratio {alone / ours:.0f}")
    print(f"the next one of plain Faker    {in_order:>8.2f} µs   ratio {in_order / ours:.0f}")
    print(f"a happening with its person    {happening():>8.2f} µs")
    same = len({digest(range(PEOPLE)), digest(shuffled()), elsewhere("1"), elsewhere("2")}) == 1
    print(f"{PEOPLE} people in any order and in other processes: {'the same bytes' if same else 'OTHER BYTES'}")
    return 0 if same else 1


def plain_faker(source: faker.Faker, number: int) -> dict[str, str]:
    """Person ``number`` by itself."""
    source.seed_instance(number)
    return fields(source, number)


def fields(source: faker.Faker, number: int) -> dict[str, str]:
    """What the workforce draws for a person, each asked of Faker; what follows from it is put together here as well."""
    given, middle, family = source.first_name(), source.first_name(), source.last_name()
    address = f"{given}.{family}.{number}@example.com".lower()
    return {
        "given": given,
        "middle": middle,
        "family": family,
        "display": f"{given} {family}",
        "formatted": f"{given} {middle} {family}",
        "user_name": address,
        "email": address,
        "employee_number": f"{number:06d}",
        "title": source.job(),
        "department": source.bs(),
        "work": source.phone_number(),
        "mobile": source.phone_number(),
        "locale": source.locale(),
        "street": source.street_address(),
        "locality": source.city(),
        "region": source.state_abbr(),
        "postal_code": source.postcode(),
        "country": source.current_country_code(),
    }


def cheapest(*contestants: tuple[Callable[[int], object], int]) -> list[float]:
    """Microseconds of processor time a call, for each the best of several rounds in turn; the first is a warm-up."""
    best = [float("inf")] * len(contestants)
    gc.disable()  # as timeit has it
    for _ in range(ROUNDS):
        for place, (make, count) in enumerate(contestants):
            started = time.process_time()
            for number in range(count):
                make(number)
            best[place] = min(best[place], (time.process_time() - started) / count * 1e6)
    gc.enable()
    return best


def happening() -> float:
    """Microseconds of processor time for one happening and the person it is about, after the first staff has come."""
    timeline = Timeline(Company(seed=1), 100_000, 30, date(2026, 1, 5))
    started, count = time.process_time(), 0
    for count, what in enumerate(timeline.happenings(since=1), start=1):  # noqa: B007
        if what.person is not None:
            timeline.person(what.person, what.at)
    return (time.process_time() - started) / count * 1e6


def digest(order: Iterable[int]) -> str:
    """Of everybody as JSON, whatever the order in which they were asked for."""
    company = Company(seed=1)
    people = {n: dataclasses.asdict(company.person(n)) for n in order}
    text = json.dumps([people[n] for n in sorted(people)], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def shuffled() -> Iterable[int]:
    """The people's numbers in another order: 1,009 has no divisor in common with how many they are."""
    return (n * 1_009 % PEOPLE for n in range(PEOPLE))


def elsewhere(hash_seed: str) -> str:
    """The digest that another process comes to."""
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, __file__, "--digest"]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
