"""How many people a second the workforce makes, next to plain Faker.

Run by hand, with the dev dependencies:  python benchmarks/workforce.py
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import faker

sys.path.insert(0, str(Path(__file__).parents[1] / "simulator"))

from scimrig_simulator.workforce import Company


def main() -> int:
    """Print people per second, and their ratio."""
    company = Company(seed=1)
    company.person(0)  # reads the vocabulary
    ours = rate(company.person, 50_000)
    source = faker.Faker("en_US")
    source.seed_instance(1)
    theirs = rate(lambda n: plain_faker(source, n), 500)
    print(f"workforce {ours:>10,.0f} people/s")
    print(f"Faker     {theirs:>10,.0f} people/s")
    print(f"ratio     {ours / theirs:>10,.0f}")
    return 0


def plain_faker(source: faker.Faker, number: int) -> dict[str, str]:
    """The same fields, each asked of Faker."""
    given, family = source.first_name(), source.last_name()
    return {
        "given": given,
        "middle": source.first_name(),
        "family": family,
        "email": f"{given}.{family}.{number}@example.com".lower(),
        "title": source.job(),
        "department": source.bs(),
        "work": source.phone_number(),
        "mobile": source.phone_number(),
        "street": source.street_address(),
        "locality": source.city(),
        "region": source.state_abbr(),
        "postal_code": source.postcode(),
    }


def rate(make: Callable[[int], object], count: int) -> float:
    """Calls a second, over ``count`` calls."""
    started = time.perf_counter()
    for number in range(count):
        make(number)
    return count / (time.perf_counter() - started)


if __name__ == "__main__":
    sys.exit(main())
