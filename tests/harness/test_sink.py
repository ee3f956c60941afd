"""The sink: bytes as they came, over a socket and in process; answers on a schedule; nothing a sender does hurts."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import queue
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from scimrig.courier import Redactor
from scimrig.declarations import Declarations
from scimrig.envelope import mentions, strong
from scimrig.evidence import Delivered, from_json, to_json
from scimrig.receiver import LARGEST, ListenError
from scimrig.sink import Sink, SinkSettings
from scimrig_simulator.clock import SystemClock, VirtualClock
from scimrig_simulator.wire import Posted

KEY = bytes(range(1, 25))
SECRET = "whsec_" + base64.b64encode(KEY).decode()
TOKEN = "a-long-secret-token"
ADA = {"type": "user_created", "data": {"id": "u-000001", "email": "ada@acme.test"}}


def body_of(value: Any = ADA) -> bytes:
    return json.dumps(value).encode()


class Log:
    """Everything that a sink tells the run."""

    def __init__(self) -> None:
        self.delivered: list[Delivered] = []

    def __call__(self, delivered: Delivered) -> None:
        self.delivered.append(delivered)


def sink_of(log: Log | None = None, **settings: Any) -> Sink:
    redactor = Redactor.of(f"Bearer {TOKEN}")
    return Sink(SystemClock(), log or Log(), redactor.text, SinkSettings(**settings))


@contextmanager
def listening(log: Log | None = None, **settings: Any) -> Iterator[Sink]:
    sink = sink_of(log, **settings)
    sink.open()
    try:
        yield sink
    finally:
        sink.close()


def origin(sink: Sink) -> tuple[str, int]:
    host, _, port = sink.url.split("/")[2].rpartition(":")
    return host, int(port)


def path_of(sink: Sink) -> str:
    return "/" + sink.url.split("/", 3)[3]


def connected(sink: Sink, timeout: float = 10.0) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(*origin(sink), timeout=timeout)


def request(
    sink: Sink, body: bytes | None = None, *, method: str = "POST", path: str = "",
    headers: dict[str, str] | None = None,
) -> http.client.HTTPResponse:
    connection = connected(sink)
    connection.request(method, path or path_of(sink), body_of() if body is None else body, headers or {})
    return connection.getresponse()


def raw(sink: Sink, *parts: bytes) -> bytes:
    """What comes back for bytes on the wire, until the connection is closed."""
    with socket.create_connection(origin(sink), timeout=10.0) as connection:
        for part in parts:
            connection.sendall(part)
        answer = b""
        while data := connection.recv(4096):
            answer += data
        return answer


def head(sink: Sink, *lines: str) -> bytes:
    return "\r\n".join([f"POST {path_of(sink)} HTTP/1.1", "Host: sink", "Connection: close", *lines, "", ""]).encode()


# As it came ----------------------------------------------------------------------------------------------------------


def test_bytes_and_headers_are_kept_as_they_came() -> None:
    log = Log()
    with listening(log) as sink:
        lines = ("X-Zulu: 1", "webhook-ID: evt_1", "x-alpha:  two ", "X-zulu: 3", "Content-Length: 13")
        answer = raw(sink, head(sink, *lines), b'{"b": 1,"a":2', b"")
        assert b"200 OK" in answer
    (kept,) = log.delivered
    assert kept.body == '{"b": 1,"a":2'
    assert [line for line in kept.headers if line[0].lower().startswith(("x-", "webhook"))] == [
        ("X-Zulu", "1"), ("webhook-ID", "evt_1"), ("x-alpha", "two"), ("X-zulu", "3"),
    ]
    assert (kept.number, kept.answered) == (1, "200")
    assert from_json(to_json(kept)) == kept


def test_a_body_in_chunks_is_put_together() -> None:
    log = Log()
    with listening(log) as sink:
        chunks = b"4\r\n{\"a\"\r\n5;extension=1\r\n: 12}\r\n0\r\nTrailer: x\r\n\r\n"
        assert b"200 OK" in raw(sink, head(sink, "Transfer-Encoding: chunked"), chunks)
    assert [one.body for one in log.delivered] == ['{"a": 12}']


def test_a_sender_that_waits_for_leave_to_send_gets_it() -> None:
    log = Log()
    with listening(log) as sink, socket.create_connection(origin(sink), timeout=10.0) as connection:
        connection.sendall(head(sink, "Expect: 100-continue", "Content-Length: 2"))
        assert connection.recv(100).startswith(b"HTTP/1.1 100")
        connection.sendall(b"{}")
        assert b"200" in connection.recv(100)
    assert len(log.delivered) == 1


@pytest.mark.parametrize("body", [b"\xff\xfe ada@acme.test", b"", b"not json", b'{"half":', b"[1]", b"\x00"])
def test_a_body_that_is_no_json_or_no_text_is_kept_too(body: bytes) -> None:
    log = Log()
    with listening(log) as sink:
        assert request(sink, body).status == 200
        assert len(sink.about(["ada@acme.test"])) == (b"ada" in body)
    assert len(log.delivered) == 1


def test_the_signature_is_examined_before_anything_is_redacted() -> None:
    log = Log()
    with listening(log, signing="standard-webhooks") as sink:
        sink.secret = SECRET
        body = body_of({**ADA, "password": "Horse-Battery-9", "note": f"token {TOKEN}"})
        stamp = str(int(time.time()))
        mac = hmac.new(KEY, f"evt_1.{stamp}.".encode() + body, hashlib.sha256).digest()
        request(sink, body, headers={
            "webhook-id": "evt_1", "webhook-timestamp": stamp,
            "webhook-signature": "v1," + base64.b64encode(mac).decode(), "authorization": f"Bearer {TOKEN}",
        })
    (kept,) = log.delivered
    assert (kept.facts["signature"], kept.facts["fresh"], kept.facts["id"]) == ("valid", True, "evt_1")
    assert kept.facts["leaks"] == ["a password", "a credential"]
    told = json.dumps(to_json(kept))
    assert "Horse" not in told
    assert TOKEN not in told


def test_a_password_in_json_that_is_the_text_of_other_json_is_redacted_and_told() -> None:
    log = Log()
    inner = json.dumps({"password": "Horse-Battery-9", "deeper": json.dumps({"password": "Deep-Water-7"})})
    with listening(log) as sink:
        request(sink, body_of({**ADA, "raw": inner}))
    assert "Horse" not in log.delivered[0].body
    assert "Deep-Water" not in log.delivered[0].body
    assert log.delivered[0].facts["leaks"] == ["a password"]


@pytest.mark.parametrize("value", ["", "***", "••••••", "xxxxxxxx", "[REDACTED]", "<hidden>", "null"])
def test_a_masked_password_is_no_leak(value: str) -> None:
    log = Log()
    with listening(log) as sink:
        request(sink, body_of({**ADA, "password": value}))
    assert log.delivered[0].facts["leaks"] == []


def test_a_token_so_short_that_it_stands_anywhere_is_no_leak() -> None:
    log = Log()
    sink = Sink(VirtualClock(), log, Redactor.of("Bearer acme").text, SinkSettings(in_process=True))
    sink.post(sink.url, (), body_of(), 1.0)
    assert log.delivered[0].facts["leaks"] == []


# Whom it is about ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mark", "value", "found"),
    [
        ("ada@acme.test", {"to": "ADA@acme.test"}, True),
        ("ada@acme.test", {"text": "mail <ada@acme.test>, please."}, True),
        ("ada@acme.test", {"to": "jada@acme.test"}, False),
        ("ada@acme.test", {"to": "x.ada@acme.test"}, False),
        ("ada@acme.test", {"to": "ada@acme.test.evil.test"}, False),
        ("zoë@acme.test", {"to": "ZOË@acme.test"}, True),
        ("c0ffee00-1", {"id": "diruser_c0ffee00-1"}, True),
        ("c0ffee00-1", {"id": "c0ffee00-12"}, False),
        ("12", {"user": {"id": 12}}, True),
        ("12", {"user_id": "12"}, True),
        ("12", {"ref": "https://x/scim/Users/12"}, True),
        ("12", {"at": "2026-12-12", "count": 12, "ref": "/Groups/12"}, False),
        ("Ada Lovelace", {"payload": '{"name": "ada lovelace"}'}, True),
        ("", {"a": ""}, False),
    ],
)
def test_a_subject_is_found_by_its_marks_and_nobody_elses(mark: str, value: Any, found: bool) -> None:
    assert mentions(body_of(value).decode(), [mark]) is found  # json.dumps escapes what is not ASCII


@given(st.text(min_size=8), st.lists(st.text(max_size=20), max_size=3))
def test_a_long_mark_is_found_wherever_it_is_a_value(mark: str, others: list[str]) -> None:
    assume(strong(mark))
    text = json.dumps({"data": [*others, {"name": mark}]})
    assert mentions(text, ["somebody-else@nowhere", mark])


def test_deliveries_are_counted_from_a_position() -> None:
    with listening() as sink:
        assert sink.position == 0
        request(sink)
        request(sink, body_of({"about": "ben@acme.test"}))
        position = sink.position
        request(sink)
        assert [one.number for one in sink.about(["ada@acme.test"])] == [1, 3]
        assert [one.number for one in sink.about(["ada@acme.test", "ben@acme.test"], since=1)] == [2, 3]
        assert [one.number for one in sink.about(["u-000001"], since=position)] == [3]


# Answers -------------------------------------------------------------------------------------------------------------


def test_answers_are_given_in_order_to_deliveries_about_a_subject_and_to_nobody_else() -> None:
    log = Log()
    with listening(log) as sink:
        sink.answer(["ada@acme.test"], [500, "302", 204])
        ben = body_of({"about": "ben@acme.test"})
        bodies = [None, ben, None, None, ben, None]
        answers = [request(sink, body) for body in bodies]
        assert [answer.status for answer in answers] == [500, 200, 302, 204, 200, 200]
        assert answers[2].getheader("Location") == "/elsewhere"
    assert [one.answered for one in log.delivered] == ["500", "200", "302", "204", "200", "200"]


def test_a_mark_learnt_later_counts_for_the_schedule() -> None:
    with listening() as sink:
        sink.answer(["ada@acme.test"], [503, 503])
        sink.learn({"ada@acme.test", "u-000001"})
        assert request(sink, body_of({"data": {"id": "u-000001"}})).status == 503
        sink.answer(["u-000001"], [])
        assert request(sink).status == 200


def test_what_is_answered_without_a_schedule_is_a_declared_success() -> None:
    declared = Declarations({"webhooks": {"success": [201], "timeout_s": 3, "signing": "svix", "tolerance_s": 60}})
    settings = SinkSettings.of(declared)
    assert (settings.success, settings.timeout, settings.signing, settings.tolerance) == (201, 3.0, "svix", 60.0)
    sink = Sink(SystemClock(), Log(), str, settings)
    sink.open()
    try:
        assert request(sink).status == 201
    finally:
        sink.close()


def test_hanging_up_means_no_answer_at_all() -> None:
    with listening() as sink:
        sink.answer(["ada@acme.test"], ["close"])
        with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
            request(sink)
        assert request(sink).status == 200


def test_a_slow_answer_outlasts_the_sender_and_ends_when_the_sink_closes() -> None:
    with listening(timeout=30.0) as sink:
        sink.answer(["ada@acme.test"], ["slow"])
        connection = connected(sink, timeout=0.3)
        connection.request("POST", path_of(sink), body_of())
        with pytest.raises(TimeoutError):
            connection.getresponse()
        assert request(sink).status == 200  # and nobody else waits
    assert not threads()


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("sink")]


# What senders do -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "", 405), ("PUT", "", 405), ("HEAD", "", 405), ("DELETE", "", 405), ("GET", "/", 404),
        ("POST", "/", 410), ("POST", "/0123456789abcdef0123456789abcdef", 410),
    ],
)
def test_what_is_not_posted_to_our_own_path_is_refused_and_not_recorded(method: str, path: str, status: int) -> None:
    log = Log()
    with listening(log) as sink:
        assert request(sink, method=method, path=path).status == status
    assert log.delivered == []


def test_a_tunnel_may_put_a_path_before_ours_or_leave_its_own_out() -> None:
    log = Log()
    sink = sink_of(log, public_url="https://tunnel.example.com/deep/hook/")
    sink.open()
    try:
        assert sink.url.startswith("https://tunnel.example.com/deep/hook/")
        token = sink.url.rpartition("/")[2]
        assert sink._receiver is not None
        here = http.client.HTTPConnection(sink._receiver.url.removeprefix("http://"), timeout=10.0)
        for path in (f"/deep/hook/{token}", f"/{token}", f"/{token}/?from=tunnel"):
            here.request("POST", path, body_of())
            answer = here.getresponse()
            assert answer.status == 200
            answer.read()
    finally:
        sink.close()
    assert len(log.delivered) == 3


def test_two_sinks_never_share_a_path() -> None:
    assert sink_of(in_process=True).url != sink_of(in_process=True).url
    assert sink_of().url == ""


@pytest.mark.parametrize(
    "lines",
    [
        ("Content-Length: many",), ("Content-Length: -1",), ("Transfer-Encoding: chunked",),
        ("Content-Length: 5", "Transfer-Encoding: gzip, chunked"),
    ],
)
def test_broken_framing_is_refused_and_not_recorded(lines: tuple[str, ...]) -> None:
    log = Log()
    with listening(log) as sink:
        assert b" 400 " in raw(sink, head(sink, *lines), b"no chunk\r\n")
    assert log.delivered == []


def test_half_a_body_is_no_delivery() -> None:
    log = Log()
    with listening(log) as sink:
        with socket.create_connection(origin(sink), timeout=10.0) as connection:
            connection.sendall(head(sink, "Content-Length: 100") + b"{")
            connection.shutdown(socket.SHUT_WR)
            connection.recv(100)
        assert request(sink).status == 200
    assert len(log.delivered) == 1


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_too_large_is_refused_but_not_overlooked(chunked: bool) -> None:
    log = Log()
    with listening(log, signing="standard-webhooks") as sink:
        sink.secret = SECRET
        size = LARGEST + 1
        framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {size}"
        text = b" " * LARGEST
        chunks = b"%x\r\n%s\r\n2\r\n{}\r\n0\r\n\r\n" % (LARGEST, text)
        with socket.create_connection(origin(sink), timeout=10.0) as connection:
            connection.sendall(head(sink, framing) + (chunks if chunked else text))
            assert b" 413 " in connection.recv(1000)
    (kept,) = log.delivered
    assert (kept.answered, kept.facts["signature"]) == ("413", "unverified")


def test_connections_are_used_again() -> None:
    log = Log()
    with listening(log) as sink:
        connection = connected(sink)
        for _ in range(3):
            connection.request("POST", path_of(sink), body_of())
            connection.getresponse().read()
        connection.close()
    assert len(log.delivered) == 3


def test_many_senders_at_once_are_all_heard_and_numbered_in_the_order_of_the_log() -> None:
    log = Log()
    with listening(log) as sink:
        statuses: queue.SimpleQueue[int] = queue.SimpleQueue()

        def send_five() -> None:
            for _ in range(5):
                statuses.put(request(sink).status)

        senders = [threading.Thread(target=send_five) for _ in range(20)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        assert {statuses.get() for _ in range(100)} == {200}
    assert [one.number for one in log.delivered] == list(range(1, 101))


def test_nothing_is_left_behind_whatever_is_still_connected() -> None:
    sink = sink_of()
    sink.open()
    idle = socket.create_connection(origin(sink))
    waiting = socket.create_connection(origin(sink))
    waiting.sendall(head(sink, "Content-Length: 10"))
    address = origin(sink)
    sink.close()
    sink.close()
    assert not threads()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=1.0)
    idle.close()
    waiting.close()


@pytest.mark.parametrize("listen", ["127.0.0.1:99999", "203.0.113.7:0", "nowhere.invalid:0", "127.0.0.1:x"])
def test_where_it_cannot_listen_it_says_what_to_change(listen: str) -> None:
    with pytest.raises(ListenError, match=r"webhooks\.listen"):
        sink_of(listen=listen).open()


@pytest.mark.parametrize(
    ("listen", "host"), [("[::1]:0", "[::1]"), ("0.0.0.0:0", "127.0.0.1"), ("localhost:0", "localhost")]
)
def test_it_is_reachable_by_the_url_it_names_wherever_it_listens(listen: str, host: str) -> None:
    if listen.startswith("[") and not has_ipv6():
        pytest.skip("this machine has no IPv6 loopback")
    with listening(listen=listen) as sink:
        name, port = origin(sink)
        assert name == host
        with socket.create_connection((name.strip("[]"), port), timeout=10.0) as connection:
            connection.sendall(head(sink, "Content-Length: 2") + b"{}")
            assert b"200 OK" in connection.recv(100)


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def test_a_port_in_use_is_named() -> None:
    with listening() as sink, pytest.raises(ListenError, match="another program"):
        sink_of(listen=f"127.0.0.1:{origin(sink)[1]}").open()


# In process ----------------------------------------------------------------------------------------------------------


def test_in_process_a_delivery_needs_no_socket_and_no_time() -> None:
    log, clock = Log(), VirtualClock(1000.0)
    sink = Sink(clock, log, str, SinkSettings(in_process=True))
    sink.open()
    sink.answer(["ada@acme.test"], [500, "slow", "close"])
    posted = [sink.post(sink.url, (("webhook-id", "e"),), body_of(), 10.0) for _ in range(4)]
    assert [one.status for one in posted] == [500, 0, 0, 200]
    assert "10 s" in posted[1].failure
    assert posted[2].failure
    assert [one.at for one in log.delivered] == [1000.0] * 4
    assert not threads()


def test_in_process_only_our_own_url_is_heard_and_only_until_it_is_closed() -> None:
    log = Log()
    sink = Sink(VirtualClock(), log, str, SinkSettings(in_process=True))
    assert sink.post("http://127.0.0.1/elsewhere", (), b"{}", 1.0) == Posted(410)
    sink.close()
    assert sink.post(sink.url, (), b"{}", 1.0).status == 0
    assert log.delivered == []
