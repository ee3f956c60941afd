"""What a simulation costs beside the company and beside its requests. Two ratios, each within one run.

    python benchmarks/simulate.py              # both: 1,000 people and 1,000,000; a few minutes
    python benchmarks/simulate.py --people 100000

Memory: a null transport answers at once, so that nothing is measured but us: resident memory after a simulation of the
first day of a thousand people, and of very many; the second may be 16 MB above the first.

Cost: CPU seconds of this process for a simulation against a small server in a process of its own, and for a bare
client's doing the same requests again; the first may be 25 % above the second. The bare client has the requests ready:
it encodes their bodies as JSON, sends them through the same transport on as many threads, and reads each answer as
JSON. So what comes on top is all else: the people and what happens to them, the job, the IdP's state machine and what
it builds its bodies of, beliefs on disk, log and figures. Both take turns for a few rounds; the medians count.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from scimrig.simulating.order import START, Order
from scimrig.simulating.places import Place
from scimrig.simulating.session import Simulation, live
from scimrig.simulating.simlog import SimLog
from scimrig.simulating.state import Parameters, StateFile
from scimrig.target import from_argument
from scimrig_simulator.clock import SystemClock
from scimrig_simulator.drive import HttpTransport
from scimrig_simulator.wire import Reply, Send

FEW, MANY, DAYS = 1_000, 1_000_000, 1
MEMORY_LIMIT, COST_LIMIT = 16.0, 0.25
WORKERS, ROUNDS = 4, 5


class Null:
    """Answers at once, and knows nothing afterwards: nobody is ever found, whatever is created has a new id."""

    def __init__(self) -> None:
        self.made, self.carried = 0, 0
        self.lock = threading.Lock()

    def exchange(self, request: Send) -> Reply:
        status, body = answer(request.method, request.path, self)
        return Reply(status, (("Content-Type", "application/scim+json"),), body)

    def close(self) -> None:
        pass


def answer(method: str, path: str, counter: Any) -> tuple[int, bytes]:
    """What the null server says: status and body."""
    with counter.lock:
        counter.carried += 1
        counter.made += method == "POST"
        number = counter.made
    id = path[1:].partition("/")[2]
    if method == "GET" and not id:
        return 200, (b'{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":0,'
                     b'"startIndex":1,"itemsPerPage":0,"Resources":[]}')
    if method == "POST":
        return 201, b'{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"%d"}' % number
    if method == "GET":
        return 200, json.dumps({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": id,
                                "userName": f"rig-{id}"}).encode()
    return (204, b"") if method in ("DELETE", "PATCH") else (200, b'{"id":"%s"}' % id.encode())


def simulated(place: Place, people: int, dialect: str, days: int, folder: Path) -> Simulation:
    """A simulation that has been lived through, and is closed."""
    state = StateFile(folder / f"{dialect}-{people}.sqlite")
    parameters = Parameters(dialect, "http://localhost/scim/v2", people, days, 7, START.isoformat(), "example.com",
                            "rig-", {})
    state.begin(parameters)
    log = SimLog(folder / f"{dialect}-{people}.ndjson", fresh=True)
    stop = threading.Event()
    one = Simulation(dialect, place, state, parameters, log, Order(workers=WORKERS), stop)
    live([one], stop, lambda snapshots: None)
    one.close("complete")
    return one


# Memory ---------------------------------------------------------------------------------------------------------------


def memory_of(people: int, dialect: str) -> None:
    """Print the most that this process ever had, in MB, and how many requests it made. Runs in a process of its own."""
    null = Null()
    place = Place(from_argument("ref:", None, {}), null, null, SystemClock())
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        one = simulated(place, people, dialect, DAYS, Path(folder))
        took = time.perf_counter() - started
    gc.collect()
    print(json.dumps({
        "mb": resident(), "requests": null.carried,
        "acts": one.figures.acts, "seconds": took,
    }))


def resident() -> float:
    """The most memory that this process ever had, in MB; ``ru_maxrss`` would tell its parent's where that had more."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    [line] = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def memory(people: int, dialect: str) -> bool:
    """Compare a few people with many; whether the difference is within its limit."""
    found = []
    for count in (FEW, people):
        words = [sys.executable, __file__, "--memory-of", str(count), "--dialect", dialect]
        found.append(json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout))
        print(f"  {dialect:<6} {count:>9,} people: {found[-1]['mb']:6.1f} MB, {found[-1]['requests']:,} requests"
              f" in {found[-1]['seconds']:.1f} s")
    more = found[1]["mb"] - found[0]["mb"]
    print(f"  {more:+.1f} MB for {people // FEW:,} times as many people (limit {MEMORY_LIMIT:.0f} MB)")
    return bool(more <= MEMORY_LIMIT)


# Cost -----------------------------------------------------------------------------------------------------------------


class Recording:
    """Another transport, and what went through it."""

    def __init__(self, transport: HttpTransport) -> None:
        self.transport, self.sent = transport, list[Send]()

    def exchange(self, request: Send) -> Reply:
        self.sent.append(request)
        return self.transport.exchange(request)

    def close(self) -> None:
        pass


class Line(asyncio.Protocol):
    """One connection of a server that says what ``Null`` says, over HTTP."""

    counter = Null()

    def connection_made(self, transport: Any) -> None:
        self.transport, self.rest = transport, b""

    def data_received(self, data: bytes) -> None:
        self.rest += data
        while b"\r\n\r\n" in self.rest:
            head, _, body = self.rest.partition(b"\r\n\r\n")
            lines = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
            length = int(lines[0][15:]) if lines else 0
            if len(body) < length:
                return
            self.rest = body[length:]
            method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
            status, said = answer(method, target.partition("?")[0], self.counter)
            self.transport.write(b"HTTP/1.1 %d X\r\nContent-Type: application/scim+json\r\n" % status
                                 + (b"" if status == 204 else b"Content-Length: %d\r\n" % len(said)) + b"\r\n" + said)


async def serve() -> None:
    """Serve until the parent has enough; the port is the first line of the output."""
    server = await asyncio.get_running_loop().create_server(Line, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def cost(dialect: str, people: int, days: int) -> bool:
    """Compare the simulation's CPU with the bare client's; whether what comes on top is within its limit."""
    server = subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        url = f"http://127.0.0.1:{server.stdout.readline().strip()}"
        transport = HttpTransport(url, "Bearer t", clock=SystemClock())
        recording = Recording(transport)
        place = Place(from_argument("ref:", None, {}), recording, recording, SystemClock())
        lived(place, 20, "rfc", 5)  # what is read once is read
        rounds = []
        for _ in range(ROUNDS):
            recording.sent.clear()
            rounds.append((lived(place, people, dialect, days), replayed(transport, recording.sent)))
        transport.close()
    finally:
        server.terminate()
    ours, bare = (statistics.median(seconds) for seconds in zip(*rounds, strict=True))
    count, more = len(recording.sent), ours / bare - 1
    print(f"  {dialect:<6} {count:,} requests: {ours / count * 1e6:.0f} µs of CPU each in the simulation,"
          f" {bare / count * 1e6:.0f} µs in the bare client: {more:+.0%} (limit {COST_LIMIT:+.0%})")
    return more <= COST_LIMIT


def lived(place: Place, people: int, dialect: str, days: int) -> float:
    """CPU seconds of a simulation with a state of its own."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.process_time()
        simulated(place, people, dialect, days, Path(folder))
        return time.process_time() - began


def replayed(transport: HttpTransport, sent: list[Send]) -> float:
    """CPU seconds of doing it all again, on as many threads, as fast as it goes."""
    queue, lock = iter([replace(request) for request in sent]), threading.Lock()  # nothing of them is known yet

    def work() -> None:
        while True:
            with lock:
                request = next(queue, None)
            if request is None:
                return
            transport.exchange(request).resource()

    began = time.process_time()
    with ThreadPoolExecutor(WORKERS) as pool:
        for each in [pool.submit(work) for _ in range(WORKERS)]:
            each.result()
    return time.process_time() - began


def main() -> int:
    """0 where both ratios are within their limits."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=MANY)
    parser.add_argument("--dialect", default="okta")
    parser.add_argument("--memory-of", type=int)
    parser.add_argument("--serve", action="store_true")
    arguments = parser.parse_args()
    if arguments.serve:
        asyncio.run(serve())
    if arguments.memory_of is not None:
        memory_of(arguments.memory_of, arguments.dialect)
        return 0
    cheap = [cost(dialect, 1000, 30) for dialect in ("okta", "entra", "rfc")]
    return 0 if all([*cheap, memory(arguments.people, arguments.dialect)]) else 1


if __name__ == "__main__":
    sys.exit(main())
