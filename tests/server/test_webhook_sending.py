"""Posting a webhook over real sockets: these bytes and no others, one deadline, and a reason where no answer came."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scimrig_simulator.server.sending import KEPT, LARGEST_ANSWER, HttpPoster
from scimrig_simulator.wire import Posted

CERTIFICATES = Path(__file__).parents[1] / "wire"
ENOUGH = 10.0
SOON = 0.4
HEADERS = (("content-type", "application/json"), ("webhook-id", "evt_1"))
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"

Answer = Callable[[socket.socket], None]


class Receiver:
    """A bare socket that reads whole requests and answers each as told; every connection in its own thread."""

    def __init__(self, answer: bytes | Answer, tls: bool = False) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self._answer = answer
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if tls else None
        if self._context:
            self._context.load_cert_chain(CERTIFICATES / "localhost-cert.pem", CERTIFICATES / "localhost-key.pem")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://localhost:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError):
            if self._context:
                connection = self._context.wrap_socket(connection, server_side=True)
            with connection:
                while (request := whole_request(connection)) is not None:
                    self.requests.append(request)
                    if callable(self._answer):
                        self._answer(connection)
                        return
                    connection.sendall(self._answer)

    @property
    def body(self) -> bytes:
        return self.requests[-1].partition(b"\r\n\r\n")[2]


def whole_request(connection: socket.socket) -> bytes | None:
    read = b""
    while b"\r\n\r\n" not in read:
        part = connection.recv(65536)
        if not part:
            return None
        read += part
    head, _, body = read.partition(b"\r\n\r\n")
    (length,) = (int(line[16:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length: "))
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


@pytest.fixture
def receiver() -> Iterator[Callable[..., Receiver]]:
    made: list[Receiver] = []

    def make(answer: bytes | Answer = OK, tls: bool = False) -> Receiver:
        made.append(Receiver(answer, tls))
        return made[-1]

    yield make
    for one in made:
        one.listener.close()


@pytest.fixture
def post() -> Iterator[HttpPoster]:
    poster = HttpPoster()
    yield poster
    poster.close()


def test_what_leaves_is_what_was_given_with_names_in_lower_case(
    receiver: Callable[..., Receiver], post: HttpPoster
) -> None:
    there = receiver()
    body = '{"name":"Zoë"}'.encode()
    posted = post(f"{there.url}/hook?tenant=a%20b", (*HEADERS, ("Webhook-Timestamp", "1")), body, ENOUGH)
    assert posted == Posted(200, answer=b"ok")
    head, _, sent = there.requests[0].partition(b"\r\n\r\n")
    assert sent == body
    assert head.split(b"\r\n") == [
        b"POST /hook?tenant=a%20b HTTP/1.1",
        f"host: localhost:{there.port}".encode(),
        b"user-agent: scimrig-webhooks",
        b"content-type: application/json",
        b"webhook-id: evt_1",
        b"webhook-timestamp: 1",
        b"content-length: 15",
    ]


def test_whatever_the_bytes_they_arrive_unchanged() -> None:
    there, post = Receiver(OK), HttpPoster()

    @settings(max_examples=40)
    @given(st.binary(max_size=3000))
    def arrives(body: bytes) -> None:
        assert post(there.url, HEADERS, body, ENOUGH) == Posted(200, answer=b"ok")
        assert there.body == body

    arrives()
    post.close()
    there.listener.close()


def test_a_connection_is_used_again(receiver: Callable[..., Receiver], post: HttpPoster) -> None:
    there = receiver()
    for _ in range(5):
        assert post(there.url, HEADERS, b"{}", ENOUGH) == Posted(200, answer=b"ok")
    assert (len(there.requests), there.connections) == (5, 1)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 400, 404, 410, 429, 500, 503])
def test_a_status_is_told_as_it_is(status: int, receiver: Callable[..., Receiver], post: HttpPoster) -> None:
    line = f"HTTP/1.1 {status} Whatever\r\n".encode() + (b"" if status == 204 else b"content-length: 0\r\n") + b"\r\n"
    assert post(receiver(line).url, HEADERS, b"{}", ENOUGH) == Posted(status)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(status: int, receiver: Callable[..., Receiver], post: HttpPoster) -> None:
    elsewhere = receiver()
    there = receiver(f"HTTP/1.1 {status} Moved\r\nlocation: {elsewhere.url}/\r\ncontent-length: 0\r\n\r\n".encode())
    assert post(there.url, HEADERS, b"{}", ENOUGH) == Posted(status)
    assert elsewhere.connections == 0


def silent(connection: socket.socket) -> None:
    connection.recv(1)  # until the other side hangs up


def dripping(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
    for _ in range(1000):
        connection.sendall(b"x")
        time.sleep(0.05)


@pytest.mark.parametrize("answer", [silent, dripping])
def test_the_time_is_for_the_whole_exchange(
    answer: Answer, receiver: Callable[..., Receiver], post: HttpPoster
) -> None:
    posted = post(receiver(answer).url, HEADERS, b"{}", SOON)
    assert (posted.status, posted.failure.partition(":")[0]) == (0, "timeout")
    assert f"within {SOON:g} s" in posted.failure


def test_an_answer_without_end_is_left_when_its_status_is_known(
    receiver: Callable[..., Receiver], post: HttpPoster
) -> None:
    def endless(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n")
        while True:
            connection.sendall(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")

    assert LARGEST_ANSWER < 1 << 20
    assert post(receiver(endless).url, HEADERS, b"{}", ENOUGH) == Posted(201, answer=b"x" * KEPT)


def hang_up(connection: socket.socket) -> None:
    connection.close()


def half(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")


def babble(connection: socket.socket) -> None:
    connection.sendall(b"220 mail.test ESMTP\r\n")


@pytest.mark.parametrize(("answer", "kind"), [(hang_up, "reset"), (half, "reset"), (babble, "not-http")])
def test_where_no_whole_answer_comes_the_failure_says_why(
    answer: Answer, kind: str, receiver: Callable[..., Receiver], post: HttpPoster
) -> None:
    posted = post(receiver(answer).url, HEADERS, b"{}", ENOUGH)
    assert (posted.status, posted.failure.partition(":")[0]) == (0, kind)


def test_a_webhook_is_never_sent_twice_in_one_attempt(receiver: Callable[..., Receiver], post: HttpPoster) -> None:
    """Also not where a kept connection turns out to be closed: the ladder decides when to try again."""
    there = receiver(hang_up)
    post(there.url, HEADERS, b"{}", ENOUGH)
    post(there.url, HEADERS, b"{}", ENOUGH)
    assert len(there.requests) == 2


def test_where_nobody_listens_the_failure_says_so(post: HttpPoster) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    posted = post(f"http://127.0.0.1:{port}/", HEADERS, b"{}", ENOUGH)
    assert (posted.status, posted.failure.partition(":")[0]) == (0, "refused")


@pytest.mark.parametrize(
    "url",
    ["", "ftp://localhost/", "http://", "http://localhost:99999/", "http://u:p@localhost/", "http://localhost/a b",
     "http://localhost/ä", "http://local host/", "//localhost", "http://[::1/"],
)  # fmt: skip
def test_a_url_that_can_t_be_posted_to_is_a_failure_and_no_exception(url: str, post: HttpPoster) -> None:
    posted = post(url, HEADERS, b"{}", SOON)
    assert (posted.status, posted.failure.partition(":")[0]) == (0, "not sent")


@pytest.mark.parametrize("header", [("x", "line\nbreak"), ("x y", "1"), ("x", "ä")])
def test_a_header_that_http_can_t_carry_is_a_failure_and_no_exception(
    header: tuple[str, str], receiver: Callable[..., Receiver], post: HttpPoster
) -> None:
    there = receiver()
    assert post(there.url, (header,), b"{}", ENOUGH).failure.startswith("not sent")
    assert there.requests == []


def test_a_certificate_that_nobody_vouches_for_is_refused_and_nothing_is_sent(
    receiver: Callable[..., Receiver], post: HttpPoster
) -> None:
    there = receiver(tls=True)
    posted = post(there.url, HEADERS, b"{}", ENOUGH)
    assert (posted.status, posted.failure.partition(":")[0]) == (0, "tls")
    assert there.requests == []


def test_a_certificate_that_the_environment_vouches_for_is_taken(
    receiver: Callable[..., Receiver], post: HttpPoster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATES / "localhost-cert.pem"))
    there = receiver(tls=True)
    assert post(there.url, HEADERS, b"{}", ENOUGH) == Posted(200, answer=b"ok")
    assert there.body == b"{}"


def test_a_ca_file_that_is_not_there_is_a_failure_and_no_exception(
    receiver: Callable[..., Receiver], post: HttpPoster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    assert post(receiver(tls=True).url, HEADERS, b"{}", ENOUGH).failure.startswith("not sent")


def test_many_hanging_endpoints_keep_no_other_from_being_reached(
    receiver: Callable[..., Receiver], post: HttpPoster
) -> None:
    hanging, there = receiver(silent), receiver()
    threads = [threading.Thread(target=post, args=(hanging.url, HEADERS, b"{}", 2.0)) for _ in range(30)]
    for thread in threads:
        thread.start()
    while hanging.connections < len(threads):
        time.sleep(0.01)
    assert post(there.url, HEADERS, b"{}", 1.0) == Posted(200, answer=b"ok")
    for thread in threads:
        thread.join()
