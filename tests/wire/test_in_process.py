"""In process, a server meets the same requests and is heard the same way as over a socket."""

from __future__ import annotations

import asyncio
import gc
import gzip
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import uvicorn

from scimrig_simulator.clock import SystemClock, VirtualClock
from scimrig_simulator.drive import HttpTransport, InProcessTransport, play_all
from scimrig_simulator.wire import CREDENTIALS, LENGTH, FailureKind, Send, send


async def app(scope, receive, send_message):
    """Echoes what it got; some paths misbehave."""
    path = scope["path"].removeprefix("/scim/v2")
    if path == "/crash":
        raise RuntimeError("boom")
    if path == "/silent":
        return
    if path == "/cut":
        await start(send_message, 200, [(b"content-length", b"100")])
        await send_message({"type": "http.response.body", "body": b'{"half":', "more_body": True})
        raise RuntimeError("boom")
    if path == "/late-crash":
        await start(send_message, 500, [(b"content-type", b"application/scim+json"), (b"content-length", b"2")])
        await send_message({"type": "http.response.body", "body": b"{}"})
        raise RuntimeError("boom")
    if path == "/none":
        await start(send_message, 204, [])
        await send_message({"type": "http.response.body", "body": b""})
        return
    if path == "/gzip":
        packed = gzip.compress(b'{"packed":true}')
        await start(send_message, 200, [(b"content-encoding", b"gzip"), (b"content-length", b"%d" % len(packed))])
        await send_message({"type": "http.response.body", "body": packed})
        return
    if path == "/yields":
        await asyncio.sleep(0.001)
        await asyncio.gather(asyncio.sleep(0), asyncio.sleep(0))
    await echo(scope, receive, send_message)


async def start(send_message, status, headers):
    await send_message({"type": "http.response.start", "status": status, "headers": headers})


async def echo(scope, receive, send_message):
    body = b""
    while True:
        message = await receive()
        body += message["body"]
        if not message["more_body"]:
            break
    seen = {name: scope[name] for name in ("type", "http_version", "method", "scheme", "path", "root_path")}
    seen["raw_path"] = scope["raw_path"].decode("ascii")
    seen["query"] = scope["query_string"].decode("ascii")
    seen["headers"] = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in scope["headers"]]
    seen["server"] = list(scope["server"])
    seen["body"] = body.decode("latin-1")
    content = json.dumps(seen).encode()
    lines = [(b"content-type", b"application/scim+json"), (b"x-a", b"1"), (b"x-a", b"2")]
    await start(send_message, 200, [*lines, (b"content-length", b"%d" % len(content))])
    await send_message({"type": "http.response.body", "body": content[:10], "more_body": True})
    await send_message({"type": "http.response.body", "body": content[10:]})


@pytest.fixture(scope="module")
def served_url():
    """The app behind uvicorn on a loopback port."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", lifespan="off", http="h11"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/scim/v2"
    server.should_exit = True
    thread.join(5)


@pytest.fixture(scope="module")
def both(served_url):
    """The same app, behind the same base URL, both ways."""
    over_http = HttpTransport(served_url, "Bearer t", 5.0, clock=SystemClock())
    in_process = InProcessTransport(app, served_url, "Bearer t", SystemClock(), 5.0)
    yield over_http, in_process
    over_http.close()
    in_process.close()


HEADERS = (
    ("User-Agent", "x"),
    ("Authorization", CREDENTIALS),
    ("X-Two", "b"),
    ("X-Two", "a"),
    ("Content-Length", LENGTH),
)
SERVER_MADE = {"date", "server", "transfer-encoding"}


@pytest.mark.parametrize(
    "request_",
    [
        Send("GET", "/Users", query="filter=userName+eq+%22o%27brien%22&count=1", headers=HEADERS),
        Send("GET", "/Users/caf%C3%A9%2F%20x%ff", headers=()),
        Send("GET", ""),
        Send("POST", "/Users", headers=HEADERS, body={"userName": "zoë"}),
        Send("PUT", "/Users/1", headers=(("Host", "scim.example.com"),), body=b"\x00\xff"),
        Send("POST", "/Users", body=b""),
        Send("PATCH", "/Users/1", headers=HEADERS),
        Send("DELETE", "/none"),
        Send("GET", "/yields"),
        Send("GET", "/gzip"),
        Send("HEAD", "/Users"),
        Send("GET", "/crash"),
        Send("GET", "/silent"),
        Send("GET", "/cut"),
        Send("GET", "/late-crash"),
    ],
    ids=lambda request: f"{request.method} {request.target}",
)
def test_both_ways_are_the_same(both, request_):
    over_http, in_process = (transport.exchange(request_) for transport in both)
    assert in_process.status == over_http.status
    assert in_process.body == over_http.body
    assert (in_process.failure and in_process.failure.kind) == (over_http.failure and over_http.failure.kind)
    assert in_process.headers == tuple(line for line in over_http.headers if line[0].lower() not in SERVER_MADE)


def test_what_the_app_sees(both):
    _, in_process = both
    reply = in_process.exchange(
        Send(
            "PUT",
            "/Users/a%2Fb",
            query="a=%20",
            headers=(("X-Case", "1"), ("Authorization", CREDENTIALS)),
            body={"a": 1},
        )
    )
    seen = reply.json()
    assert seen["path"] == "/scim/v2/Users/a/b"
    assert (seen["raw_path"], seen["query"]) == ("/scim/v2/Users/a%2Fb", "a=%20")
    assert [name for name, _ in seen["headers"]] == ["host", "x-case", "authorization", "content-length"]
    assert seen["body"] == '{"a":1}'
    assert reply.headers[1:3] == (("x-a", "1"), ("x-a", "2"))


def test_a_crash_is_the_500_of_a_real_server(both):
    reply = both[1].exchange(Send("GET", "/crash"))
    assert (reply.status, reply.body) == (500, b"Internal Server Error")
    assert reply.header("content-type") == "text/plain; charset=utf-8"


def test_an_answer_cut_off_in_the_middle_is_a_reset(both):
    assert both[1].exchange(Send("GET", "/cut")).failure.kind is FailureKind.RESET


@pytest.fixture
def in_process():
    """``in_process(app)``: a transport of its own, closed after the test."""
    opened = []

    def make(application, timeout=5.0, clock=None):
        opened.append(InProcessTransport(application, "http://scim.test/scim", None, clock or SystemClock(), timeout))
        return opened[-1]

    yield make
    for transport in opened:
        transport.close()


def test_an_app_that_waits_for_ever_times_out(in_process):
    async def hanging(scope, receive, send_message):
        await asyncio.Event().wait()

    async def waiting_for_the_client_to_leave(scope, receive, send_message):
        while (await receive())["type"] != "http.disconnect":
            pass

    for application in (hanging, waiting_for_the_client_to_leave):
        started = time.monotonic()
        transport = in_process(application, timeout=0.1)
        reply = transport.exchange(Send("GET", "/"))
        assert (reply.status, reply.failure.kind) == (0, FailureKind.TIMEOUT)
        assert "0.1 s" in reply.failure.detail
        assert time.monotonic() - started < 20, "the usual timeout is 30 s"


def test_elapsed_is_told_by_the_runs_clock(in_process):
    clock = VirtualClock()

    async def slow(scope, receive, send_message):
        clock.sleep(7.5)
        await start(send_message, 200, [])
        await send_message({"type": "http.response.body", "body": b"{}"})

    assert in_process(slow, clock=clock).exchange(Send("GET", "/")).elapsed == 7.5


def test_an_app_that_breaks_asgi_is_a_500(in_process):
    async def body_first(scope, receive, send_message):
        await send_message({"type": "http.response.body", "body": b"{}"})

    assert in_process(body_first).exchange(Send("GET", "/")).status == 500


def test_threads_share_one_transport(in_process):
    async def echo_path(scope, receive, send_message):
        await asyncio.sleep(0)
        await start(send_message, 200, [])
        await send_message({"type": "http.response.body", "body": scope["path"].encode()})

    transport = in_process(echo_path)

    def flow(number):
        bodies = []
        for turn in range(20):
            reply = yield from send(Send("GET", f"/{number}/{turn}"))
            bodies.append(reply.body.decode())
        return bodies

    results = play_all([flow(number) for number in range(6)], transport, SystemClock(), workers=3)
    assert results == [[f"/scim/{number}/{turn}" for turn in range(20)] for number in range(6)]


def test_short_lived_threads_leave_no_event_loops_behind(in_process, monkeypatch):
    made = []
    new_event_loop = asyncio.new_event_loop
    monkeypatch.setattr(asyncio, "new_event_loop", lambda: made.append(new_event_loop()) or made[-1])
    transport = in_process(app)
    for _ in range(20):
        thread = threading.Thread(target=transport.exchange, args=(Send("GET", "/"),))
        thread.start()
        thread.join()
    assert len(made) == 1
    transport.close()
    assert made[0].is_closed()


def test_ctrl_c_in_the_middle_of_a_call_comes_out_quietly(in_process, caplog):
    interrupts = [KeyboardInterrupt()]

    async def interrupted(scope, receive, send_message):
        if interrupts:
            raise interrupts.pop()
        await echo(scope, receive, send_message)

    transport = in_process(interrupted)
    with pytest.raises(KeyboardInterrupt):
        transport.exchange(Send("GET", "/"))
    gc.collect()
    assert caplog.records == []
    assert transport.exchange(Send("GET", "/")).status == 200


def test_after_close_nothing_is_called(in_process):
    transport = in_process(app)
    with ThreadPoolExecutor(1) as other_thread:
        other_thread.submit(transport.exchange, Send("GET", "/")).result()
        transport.exchange(Send("GET", "/"))
        transport.close()
        with pytest.raises(RuntimeError, match="closed"):
            transport.exchange(Send("GET", "/"))


def test_the_same_mistakes_are_refused_as_over_http(in_process):
    with pytest.raises(ValueError, match="http:// or https://"):
        InProcessTransport(app, "scim.test", None, SystemClock())
    with pytest.raises(ValueError, match="line break"):
        InProcessTransport(app, "http://scim.test", "Bearer a\n", SystemClock())
    with pytest.raises(ValueError, match="percent-encoded"):
        in_process(app).exchange(Send("GET", "/a b"))
