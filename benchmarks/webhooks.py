"""What twenty webhook endpoints cost, three of them dead and two slow: nothing lost, order kept, SCIM as quick as ever.

Run by hand:  python benchmarks/webhooks.py [--events 10000] [--rate 100] [--db memory|file|both]

`scimrig serve` runs in a process of its own, the receivers in another, and this one writes users over HTTP at a steady
rate: a while without any endpoint, then with all of them, then without again. SCIM's 99th percentile with endpoints is
compared with that of both times without. Afterwards the receivers say what they have heard, and the server what waits
for those that are dead. It ends by itself: what isn't delivered DRAIN seconds after the last write counts as lost.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[1]
TOKEN = "s3cret-of-nobody"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

REFUSED, BROKEN, SLOW, SOUND = 1, 2, 2, 15
"""Endpoints: where nobody listens, that answer 500, that take ``DELAY`` seconds, and that answer at once."""

DELAY = 1.0
DRAIN = 900.0
SETTLE = 20.0  # seconds in which the server has written down what it was answered
CHANGES = 4  # events about each user
WARM_UP = 300  # writes whose time isn't counted
ACCEPTED = 1.2


def main() -> int:
    """Print the figures; 1 where something was lost, out of order, or more than ``ACCEPTED`` times as slow."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=100.0, help="writes a second")
    parser.add_argument("--db", choices=("memory", "file", "both"), default="both")
    parser.add_argument("--receive", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.receive:
        asyncio.run(receive())
        return 0
    with tempfile.TemporaryDirectory() as folder:
        places = {"memory": ":memory:", "file": str(Path(folder) / "scim.db")}
        wanted = places if arguments.db == "both" else {arguments.db: places[arguments.db]}
        sound = [measured(name, place, arguments.events, arguments.rate) for name, place in wanted.items()]
    return 0 if all(sound) else 1


def measured(name: str, db: str, events: int, rate: float) -> bool:
    """Everything with one kind of database. Whether all is as it should be."""
    print(f"{name}: {events} events at {rate:g} a second to {REFUSED + BROKEN + SLOW + SOUND} endpoints", flush=True)
    with Process([sys.executable, __file__, "--receive"]) as receivers, Process(serving(db)) as server:
        port = int(receivers.line())
        api = Api(server.line())
        api.send("PUT", "/manage/domains", {"domains": ["acme.test"]})
        writes = Writes(api)
        writes.play(WARM_UP, rate)
        before = writes.play(events // 4, rate)
        for url in urls(port):
            api.send("POST", "/manage/webhooks", {"url": url})
        began = time.monotonic()
        with_endpoints = writes.play(events, rate)
        drained = wait(lambda: heard(port)["told"] >= events * (SLOW + SOUND), DRAIN)
        took = time.monotonic() - began
        wait(lambda: pending(api) <= events * (REFUSED + BROKEN), SETTLE)
        told, waits = heard(port), pending(api)
        for endpoint in api.send("GET", "/manage/webhooks")["webhooks"]:
            api.send("DELETE", f"/manage/webhooks/{endpoint['id']}")
        time.sleep(2.0)
        after = writes.play(events // 4, rate)
    return report(events, before + after, with_endpoints, told, waits, took if drained else None)


def report(
    events: int, without: Sequence[float], with_endpoints: Sequence[float], told: Counts, waits: int,
    took: float | None,
) -> bool:  # fmt: skip
    """Print what was found. Whether it is as it should be."""
    lost = events * (SLOW + SOUND) - told["told"] + events * (REFUSED + BROKEN) - waits
    ratio = percentile(with_endpoints, 99) / percentile(without, 99)
    for label, times in (("without endpoints", without), ("with endpoints", with_endpoints)):
        figures = "  ".join(f"p{share} {percentile(times, share) * 1000:6.2f} ms" for share in (50, 90, 99))
        print(f"  SCIM {label:18} {figures}")
    print(f"  ratio of p99            {ratio:.2f} (accepted: {ACCEPTED})")
    speed = f"{told['told'] / took:,.0f} a second, {took:.0f} s from the first write to the last" if took else "no end"
    print(f"  deliveries that arrived {told['told']:,} ({speed})")
    print(f"  lost                    {lost}")
    print(f"  out of order            {told['disordered']}")
    print(f"  told more than once     {told['repeated']}")
    print(f"  waiting for the dead    {waits:,}", flush=True)
    return lost == 0 and told["disordered"] == 0 and ratio <= ACCEPTED


def percentile(times: Sequence[float], share: int) -> float:
    """Seconds within which that share of the requests was answered."""
    return statistics.quantiles(times, n=100)[share - 1]


def urls(port: int) -> Iterator[str]:
    """Where the endpoints are: the kind stands in the path."""
    yield from (f"http://127.0.0.1:1/refused-{number}" for number in range(REFUSED))
    for kind, count in (("broken", BROKEN), ("slow", SLOW), ("sound", SOUND)):
        yield from (f"http://127.0.0.1:{port}/{kind}-{number}" for number in range(count))


# The writer


class Api:
    """The server over one connection. base: base URL of SCIM."""

    def __init__(self, base: str) -> None:
        parts = urlsplit(base)
        self._connection = http.client.HTTPConnection("127.0.0.1", parts.port or 0, timeout=60)
        self._used = 0.0

    def send(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """A request; raises RuntimeError for an error."""
        if time.monotonic() - self._used > 2.0:
            self._connection.close()  # it opens again; the server closes what is idle for longer
        self._used = time.monotonic()
        headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
        self._connection.request(method, path, None if body is None else json.dumps(body), headers)
        reply = self._connection.getresponse()
        content = reply.read()
        if reply.status >= 300:
            raise RuntimeError(f"{method} {path}: {reply.status} {content[:500]!r}")
        return json.loads(content) if content else {}


@dataclass(slots=True)
class Writes:
    """Users that come, and change ``CHANGES - 1`` times; each write is one event. The title counts."""

    api: Api
    done: int = 0
    ids: list[str] | None = None

    def play(self, count: int, rate: float) -> list[float]:
        """So many writes at a steady rate; seconds that each took."""
        times: list[float] = []
        start = time.perf_counter()
        for number in range(count):
            time.sleep(max(0.0, start + number / rate - time.perf_counter()))
            began = time.perf_counter()
            self._one()
            times.append(time.perf_counter() - began)
        return times

    def _one(self) -> None:
        crowd = 100  # users are changed while others are, not one after the other
        ids = self.ids = self.ids if self.ids is not None else []
        turn, place = divmod(self.done % (crowd * CHANGES), crowd)
        if turn == 0:
            body = {"schemas": [USER], "userName": f"u{self.done}@acme.test", "title": "1", "active": True}
            if place == 0:
                ids.clear()
            ids.append(self.api.send("POST", "/scim/v2/Users", body)["id"])
        else:
            change = {"op": "replace", "path": "title", "value": str(turn + 1)}
            self.api.send("PATCH", f"/scim/v2/Users/{ids[place]}", {"schemas": [PATCH_OP], "Operations": [change]})
        self.done += 1


def pending(api: Api) -> int:
    """Deliveries that the server still means to make, or has given up."""
    count, after = 0, ""
    for state in ("pending", "failed"):
        while True:
            page = api.send("GET", f"/manage/deliveries?state={state}&limit=1000&after={after}")
            count += len(page["deliveries"])
            after = page["next"]
            if not after:
                break
    return count


# The receivers

Counts = Counter[str]

_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
_ID = re.compile(rb"webhook-id: (\S+)", re.IGNORECASE)
_SUBJECT = re.compile(rb'"data":\{"id":"([^"]+)"')
_TITLE = re.compile(rb'"title":"(\d+)"')
_ANSWERS = {code: f"HTTP/1.1 {code} x\r\ncontent-length: 0\r\n\r\n".encode() for code in (200, 500)}


class Receivers:
    """What all endpoints have heard."""

    def __init__(self) -> None:
        self.counts: Counts = Counter()
        self.ids: set[tuple[bytes, bytes]] = set()
        self.last: dict[tuple[bytes, bytes], int] = {}

    def hears(self, path: bytes, head: bytes, body: bytes) -> None:
        """One delivery to an endpoint that answers 200."""
        id, subject, title = (found(pattern, text) for pattern, text in ((_ID, head), (_SUBJECT, body), (_TITLE, body)))
        if (path, id) in self.ids:
            self.counts["repeated"] += 1
            return
        self.ids.add((path, id))
        self.counts["told"] += 1
        if int(title) <= self.last.get((path, subject), 0):
            self.counts["disordered"] += 1
        self.last[path, subject] = int(title)


class Connection(asyncio.Protocol):
    """One connection, request after request."""

    def __init__(self, receivers: Receivers) -> None:
        self._receivers = receivers
        self._buffer = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while b"\r\n\r\n" in self._buffer:
            head, _, rest = self._buffer.partition(b"\r\n\r\n")
            length = int(match[1]) if (match := _LENGTH.search(head)) else 0
            if len(rest) < length:
                return
            self._buffer = rest[length:]
            self._answer(head.split(b" ", 2)[1], head, rest[:length])

    def _answer(self, path: bytes, head: bytes, body: bytes) -> None:
        if path == b"/heard":
            text = json.dumps(self._receivers.counts).encode()
            self._write(b"HTTP/1.1 200 x\r\ncontent-length: %d\r\n\r\n" % len(text) + text)
        elif path.startswith(b"/broken"):
            self._write(_ANSWERS[500])
        else:
            self._receivers.hears(path, head, body)
            later = DELAY if path.startswith(b"/slow") else 0.0
            asyncio.get_running_loop().call_later(later, self._write, _ANSWERS[200])

    def _write(self, answer: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(answer)


def found(pattern: re.Pattern[bytes], text: bytes) -> bytes:
    """What a pattern finds, "0" for nothing."""
    match = pattern.search(text)
    return match[1] if match else b"0"


async def receive() -> None:
    """The process of the receivers: prints its port, and ends with its input."""
    receivers, loop = Receivers(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(receivers), "127.0.0.1", 0, backlog=1000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    os._exit(0)


def heard(port: int) -> Counts:
    """What the receivers have counted."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/heard")
    counts: Counts = Counter(json.loads(connection.getresponse().read()))
    connection.close()
    return counts


# Processes


class Process:
    """A process that prints where it is found, and is ended with its block."""

    def __init__(self, words: Sequence[str]) -> None:
        path = os.pathsep.join(str(ROOT / name) for name in ("harness", "simulator", "reports"))
        environment = {**os.environ, "PYTHONPATH": path}
        self._process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
        )

    def line(self) -> str:
        """The next line that it prints."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        if not line:
            raise RuntimeError(f"{self._process.args!r} did not start")
        return line

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()


def serving(db: str) -> list[str]:
    """The command of a server with a policy."""
    return [sys.executable, "-m", "scimrig.cli.main", "serve", "--policy", "scalekit", "--token", TOKEN, "--db", db]


def wait(true: Callable[[], bool], seconds: float) -> bool:
    """Whether something comes true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.5)
    return False


if __name__ == "__main__":
    sys.exit(main())
