"""CPU time per operation of the reference server, next to scim2-server's under the same uvicorn and the same driver.

Run by hand, with the dev and peer dependencies, on a machine that has little else to do:

    python benchmarks/server.py                  both servers at 100 and 10,000 users, in rounds: A, B, A, B …
    python benchmarks/server.py --wsgi           theirs as its command serves it, by WSGI; else by its ASGI application
    python benchmarks/server.py --application    both in this process: the applications alone, without HTTP
    python benchmarks/server.py --ours           ours alone: over HTTP, and the application without HTTP
    python benchmarks/server.py --profile get    where the time of one operation goes (cProfile, in process)

What counts is CPU time of the server's process, kernel included, and ratios of figures taken in the same round: times
of a shared machine prove nothing. Requests go out in waves over a few kept connections; every answer is checked.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from contestants import BRIDGED, OURS, SMALL_GROUP, THEIRS, Contestant, InProcess, Json, Request, served, user

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
MEMORY = ":memory:"
GROWTH = 1.3
"""How much more an operation may cost at the larger of two sizes."""


@dataclass
class Field:
    """A contestant filled with ``size`` users, and what has been asked of it so far."""

    name: str
    size: int
    contestant: Contestant
    users: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    spare: list[str] = field(default_factory=list)
    asked: int = 0

    def some(self, ids: Sequence[str]) -> str:
        """One of them, another each time, from all over the store."""
        return ids[self.asked * 7919 % len(ids)]


def create(on: Field) -> Request:
    return "POST", "/Users", user(on.asked, "new")


def get(on: Field) -> Request:
    return "GET", f"/Users/{on.some(on.users)}", None


def equal(on: Field) -> Request:
    number = on.asked * 7919 % on.size
    return "GET", f"/Users?filter=userName%20eq%20%22u{number}@example.com%22", None


def retitle(on: Field) -> Request:
    return "PATCH", f"/Users/{on.some(on.users)}", patch("replace", "title", f"Title {on.asked}")


def page(on: Field) -> Request:
    return "GET", f"/Users?count=100&startIndex={on.asked * 7919 % max(1, on.size - 99) + 1}", None


def join_small(on: Field) -> Request:
    return "PATCH", f"/Groups/{on.some(on.groups[1:])}", joining(on)


def join_large(on: Field) -> Request:
    return "PATCH", f"/Groups/{on.groups[0]}", joining(on)


def joining(on: Field) -> Json:
    return patch("add", "members", [{"value": on.spare[on.asked % len(on.spare)]}])


def patch(op: str, path: str, value: object) -> Json:
    return {"schemas": [PATCH_OP], "Operations": [{"op": op, "path": path, "value": value}]}


@dataclass(frozen=True, slots=True)
class Operation:
    """What is measured. target: how many times cheaper than scim2-server it has to be; None: there is no target.

    grouped: asked when every user is in two groups, one of them with everybody in it; else nobody is in any.
    finds: how many users the answer has to show, where so many are stored.
    effort: repetitions of ours for each one of ``--repeat``.
    """

    label: str
    request: Callable[[Field], Request]
    target: float | None
    grouped: bool = False
    finds: int = 0
    effort: float = 1.0


OPERATIONS = {
    "create": Operation("create, no password", create, 4),
    "get": Operation("get", get, 4, finds=1),
    "eq": Operation("userName eq", equal, 6, finds=1),
    "patch": Operation("PATCH title", retitle, 5),
    "page": Operation("page of 100 users", page, 150, finds=100, effort=0.2),
    "member": Operation(f"a member into a group of {SMALL_GROUP}", join_small, None, grouped=True),
    "member-all": Operation("a member into a group of all", join_large, 1000, grouped=True),
    "get-grouped": Operation("get, in 2 groups", get, None, grouped=True, finds=1),
    "page-grouped": Operation("page of 100 users, in 2 groups", page, None, grouped=True, finds=100, effort=0.2),
}
GUIDE = {"create": 2995, "get": 1881, "eq": 2845, "patch": 3309, "page": 151_000, "member-all": 990_000}
"""scim2-server's µs as once measured: what ``--ours`` sets ours against where there is no time to measure both."""

Costs = dict[tuple[str, int, str], list[float]]
"""(contestant, size, operation) → µs CPU per operation, one for each round."""


def main() -> int:
    """Print what was asked for; 0."""
    wanted = arguments()
    chosen = {name: OPERATIONS[name] for name in wanted.ops or OPERATIONS}
    if wanted.profile:
        profile(wanted.profile, wanted.users[-1], wanted.repeat, wanted.db)
        return 0
    with ExitStack() as running, tempfile.TemporaryDirectory() as folder:
        fields = list(contestants(wanted, running, Path(folder)))
        costs = measure(fields, chosen, wanted)
    if wanted.ours:
        print_ours(costs, chosen, wanted.users)
    else:
        print_both(costs, chosen, wanted.users)
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", action="store_true", help="our server alone")
    parser.add_argument("--wsgi", action="store_true", help="theirs through its WSGI application and uvicorn's bridge")
    parser.add_argument("--application", action="store_true", help="both in this process: no HTTP, no uvicorn")
    parser.add_argument("--profile", choices=OPERATIONS, metavar="OP", help=f"one of {', '.join(OPERATIONS)}")
    parser.add_argument("--users", type=int, nargs="+", default=[100, 10_000], metavar="N", help="stored users")
    parser.add_argument("--rounds", type=int, default=7, metavar="N")
    parser.add_argument("--repeat", type=int, default=100, metavar="N", help="repetitions of ours in a round")
    parser.add_argument("--ops", nargs="+", choices=OPERATIONS, metavar="OP", help="these operations only")
    parser.add_argument("--db", choices=("memory", "file"), default="memory", help="where ours keeps what it stores")
    return parser.parse_args()


def contestants(wanted: argparse.Namespace, running: ExitStack, folder: Path) -> Iterator[Field]:
    """All that take part, filled with users, not yet with groups."""
    for size in wanted.users:
        place = MEMORY if wanted.db == "memory" else str(folder / f"{size}.db")
        if wanted.application:
            yield filled(Field(OURS, size, InProcess(OURS, place)))
            yield filled(Field(THEIRS, size, InProcess(THEIRS, MEMORY)))
            continue
        yield filled(Field(OURS, size, running.enter_context(served(OURS, place))))
        if wanted.ours:
            inner = MEMORY if wanted.db == "memory" else str(folder / f"{size}-inner.db")
            yield filled(Field("application", size, InProcess(OURS, inner)))
        else:
            yield filled(Field(THEIRS, size, running.enter_context(served(BRIDGED if wanted.wsgi else THEIRS, MEMORY))))


def filled(one: Field) -> Field:
    one.users = one.contestant.fill(one.size, groups=False)
    return one


def measure(fields: list[Field], chosen: dict[str, Operation], wanted: argparse.Namespace) -> Costs:
    """Every operation on every contestant in turn, round by round; first without groups, then with them."""
    costs: Costs = {}
    for grouped in (False, True):
        operations = {name: operation for name, operation in chosen.items() if operation.grouped is grouped}
        for one in fields:
            if grouped and operations:
                group(one, wanted.rounds * wanted.repeat)
        for turn in range(-1, wanted.rounds):  # the first one warms up
            for name, operation in operations.items():
                for one in fields:
                    cost = timed(one, operation, repetitions(one, operation, wanted.repeat))
                    if turn >= 0:
                        costs.setdefault((one.name, one.size, name), []).append(cost)
    return costs


def group(one: Field, joins: int) -> None:
    """Groups over all users, and users outside who are going to join."""
    one.groups = one.contestant.fill(0, groups=True)
    spare: list[Request] = [("POST", "/Users", user(number, "spare")) for number in range(min(joins, 500))]
    for status, body in one.contestant.ask(spare):
        assert status == 201, body
        one.spare.append(body.decode().partition('"id":')[2].split('"')[1])


def repetitions(one: Field, operation: Operation, repeat: int) -> int:
    """How often in a round. scim2-server gets fewer, and fewest where one request takes it a second."""
    count = repeat * operation.effort
    if one.name == THEIRS:
        count /= 5 if one.size <= 1000 and operation.effort == 1 else 20
    if one.name == THEIRS and operation.request in (join_large, page) and one.size > 1000:
        count = 1
    return max(1, round(count))


def timed(one: Field, operation: Operation, count: int) -> float:
    """µs CPU per request. Raises SystemExit for an answer that isn't what was asked for."""
    requests = []
    for _ in range(count):
        one.asked += 1
        requests.append(operation.request(one))
    idle = one.contestant.cpu()
    begun = one.contestant.cpu()
    answers = one.contestant.ask(requests)
    used = one.contestant.cpu() - begun
    for status, body in answers:
        if status // 100 != 2 or body.count(b'"userName"') < min(operation.finds, one.size):
            raise SystemExit(f"{one.name} at {one.size} users, {operation.label}: {status} {body[:300]!r}")
    return max(0, used - (begun - idle)) / count / 1000  # what reading the clock costs is not the operation's


def print_both(costs: Costs, chosen: dict[str, Operation], sizes: list[int]) -> None:
    """A row for each operation and size: µs of both, ratio, target."""
    print(f"{'µs CPU per operation':<34}{'users':>8}{OURS:>12}{THEIRS:>14}{'ratio':>9}{'target':>9}{'':>3}")
    for name, operation in chosen.items():
        for size in sizes:
            ours, theirs = costs[OURS, size, name], costs[THEIRS, size, name]
            ratio = median(their / max(our, 0.1) for our, their in zip(ours, theirs, strict=True))
            aim = operation.target if name != "member-all" or size >= 10_000 else None
            target = "" if aim is None else f"≥ {aim:,.0f}"
            verdict = "" if aim is None else "ok" if ratio >= aim else "NO"
            print(f"{operation.label:<34}{size:>8,}{median(ours):>12,.0f}{median(theirs):>14,.0f}"
                  f"{ratio:>9,.1f}{target:>9}{verdict:>3}")  # fmt: skip
    print_growth(costs, chosen, sizes, OURS)


def print_ours(costs: Costs, chosen: dict[str, Operation], sizes: list[int]) -> None:
    """A row for each operation and size: µs over HTTP and without, and what scim2-server's figure allows."""
    print(f"{'µs CPU per operation':<34}{'users':>8}{'over HTTP':>12}{'application':>13}{'may be':>9}")
    for name, operation in chosen.items():
        for size in sizes:
            outer, inner = (median(costs[who, size, name]) for who in (OURS, "application"))
            allowed = f"{GUIDE[name] / operation.target:,.0f}" if operation.target and name in GUIDE else ""
            print(f"{operation.label:<34}{size:>8,}{outer:>12,.0f}{inner:>13,.0f}{allowed:>9}")
    print_growth(costs, chosen, sizes, OURS)


def print_growth(costs: Costs, chosen: dict[str, Operation], sizes: list[int], who: str) -> None:
    """How much dearer each operation is at the last size than at the first."""
    if len(sizes) < 2:
        return
    print(f"\n{f'growth of {who}, {sizes[0]:,} → {sizes[-1]:,}':<42}{'factor':>12}{f'≤ {GROWTH}':>14}")
    for name, operation in chosen.items():
        few, many = costs[who, sizes[0], name], costs[who, sizes[-1], name]
        factor = median(later / max(first, 0.1) for first, later in zip(few, many, strict=True))
        print(f"{operation.label:<42}{factor:>12.2f}{'ok' if factor <= GROWTH else 'NO':>14}")


def profile(name: str, size: int, repeat: int, db: str) -> None:
    """Where the CPU time of one operation goes, in process."""
    operation = OPERATIONS[name]
    with tempfile.TemporaryDirectory() as folder:
        place = MEMORY if db == "memory" else str(Path(folder) / "profile.db")
        one = filled(Field(OURS, size, InProcess(OURS, place)))
        if operation.grouped:
            group(one, repeat)
        timed(one, operation, max(1, repeat // 10))
        cost = timed(one, operation, repeat)
        print(f"{operation.label}, {size:,} users: {cost:,.0f} µs CPU without the profiler")
        profiler = cProfile.Profile()
        profiler.runcall(timed, one, operation, repeat)
        for order in ("tottime", "cumulative"):
            pstats.Stats(profiler).strip_dirs().sort_stats(order).print_stats(35)


if __name__ == "__main__":
    sys.exit(main())
