"""An answer that never came is a Reply too, and says why; an odd answer that did come is an ordinary Reply."""

from __future__ import annotations

import gzip
import os
import socket
import subprocess
import sys
import threading
import time
import zlib

import pytest

from scimrig_simulator import head
from scimrig_simulator.clock import SystemClock
from scimrig_simulator.drive import HttpTransport
from scimrig_simulator.wire import FailureKind, Send

LOOK = Send("GET", "/Users")
CREATE = Send("POST", "/Users", body={"userName": "ada"})


@pytest.fixture
def ask():
    """``ask(url, request, …)`` exchanges one request on a transport of its own."""
    opened = []

    def exchange(url, request=LOOK, timeout=5.0, **options):
        opened.append(HttpTransport(url, "Bearer t", timeout, clock=SystemClock(), **options))
        return opened[-1].exchange(request)

    yield exchange
    for transport in opened:
        transport.close()


def answering(data, then_close=True):
    """A handler that reads one request and sends ``data``."""

    def handle(connection, number):
        connection.request()
        connection.send(data)
        if not then_close:
            connection.request()

    return handle


def assert_failed(reply, kind, *words):
    assert reply.failure is not None, reply
    assert (reply.status, reply.body, reply.ok) == (0, b"", False)
    assert reply.failure.kind is kind, reply.failure
    for word in words:
        assert word in reply.failure.detail
    assert "\n" not in reply.failure.detail


class TestNoConnection:
    def test_nothing_listens(self, ask):
        with socket.socket() as placeholder:
            placeholder.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{placeholder.getsockname()[1]}/scim"
            assert_failed(ask(url), FailureKind.REFUSED, url, "is the server running")

    def test_the_host_has_no_address(self, ask):
        assert_failed(ask("http://no-such-host.invalid"), FailureKind.UNRESOLVED, "no-such-host.invalid", "spelling")

    def test_the_host_name_is_impossible(self, ask):
        assert_failed(ask(f"http://{'a' * 80}.example"), FailureKind.UNRESOLVED)

    def test_nobody_takes_the_connection(self, ask):
        with socket.socket() as full:
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            waiting = [socket.socket() for _ in range(4)]
            for one in waiting:
                one.setblocking(False)
                one.connect_ex(full.getsockname())
            reply = ask(f"http://127.0.0.1:{full.getsockname()[1]}", timeout=0.3)
            for one in waiting:
                one.close()
        assert_failed(reply, FailureKind.TIMEOUT, "0.3 s", "firewall")


class TestCutOff:
    def test_closed_without_an_answer(self, ask, raw_server):
        server = raw_server(answering(b""))
        assert_failed(ask(server.url), FailureKind.RESET, "before its answer was complete")
        assert server.connections == 1, "a fresh connection that fails is not tried again"

    def test_reset_without_an_answer(self, ask, raw_server):
        def handle(connection, number):
            connection.request()
            connection.reset()

        assert_failed(ask(raw_server(handle).url), FailureKind.RESET)

    @pytest.mark.parametrize(
        "part",
        [
            b"HT",
            b"HTTP/1.1 200 OK\r\nContent-",
            b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"a":',
            b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n',
        ],
    )
    def test_closed_in_the_middle(self, ask, raw_server, part):
        assert_failed(ask(raw_server(answering(part)).url, CREATE), FailureKind.RESET)


class TestTooSlow:
    def test_silence(self, ask, raw_server):
        def handle(connection, number):
            connection.request()
            connection.request()

        assert_failed(ask(raw_server(handle).url, timeout=0.2), FailureKind.TIMEOUT, "0.2 s", "hangs")

    @pytest.mark.parametrize("start", [b"HTTP/1.1 200 OK\r\nX-A: ", b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"])
    def test_dripping_bytes_does_not_buy_time(self, ask, raw_server, start):
        def handle(connection, number):
            connection.request()
            connection.send(start)
            for _ in range(200):
                time.sleep(0.02)
                connection.send(b"x")

        started = time.monotonic()
        assert_failed(ask(raw_server(handle).url, timeout=0.3), FailureKind.TIMEOUT)
        assert time.monotonic() - started < 3.5, "all of it takes 4 s"

    def test_a_server_that_never_reads(self, ask, raw_server):
        done = threading.Event()
        server = raw_server(lambda connection, number: done.wait(3))
        huge = Send("POST", "/Users", body=b"x" * 30_000_000)
        assert_failed(ask(server.url, huge, timeout=0.3), FailureKind.TIMEOUT)
        done.set()


class TestNotHttp:
    @pytest.mark.parametrize(
        ("greeting", "word"),
        [
            (b"SSH-2.0-OpenSSH_9.6\r\n", "SSH-2.0"),
            (b"220 mail.example.com ESMTP\r\n", "ESMTP"),
            (b"421 closed for today\r\n", "closed for today"),
            (b"\x00\x00\x12\x04\x00\x00\x00\x00\x00", "HTTP/1.1"),
            (b"\x15\x03\x01\x00\x02\x02\x46", "https://"),
        ],
    )
    def test_another_protocol_is_told_at_once(self, ask, raw_server, greeting, word):
        started = time.monotonic()
        reply = ask(raw_server(answering(greeting, then_close=False)).url)
        assert_failed(reply, FailureKind.NOT_HTTP, word)
        assert time.monotonic() - started < 4, "the timeout is 5 s"

    @pytest.mark.parametrize("junk", [b"HTTP/banana\r\n\r\n", b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n"])
    def test_a_broken_head(self, ask, raw_server, junk):
        assert_failed(ask(raw_server(answering(junk)).url), FailureKind.NOT_HTTP)

    def test_a_body_that_is_not_the_gzip_it_claims_to_be(self, ask, raw_server):
        data = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"
        assert_failed(ask(raw_server(answering(data)).url), FailureKind.NOT_HTTP, "gzip")

    def test_a_gzip_body_that_ends_too_early(self, ask, raw_server):
        body = gzip.compress(b"{}" * 100)[:-9]
        data = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        assert_failed(ask(raw_server(answering(data)).url), FailureKind.NOT_HTTP, "too early")


class TestTls:
    def test_a_self_signed_certificate(self, ask, raw_server):
        server = raw_server(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), tls=True)
        assert_failed(ask(server.url), FailureKind.TLS, "not trusted", "signed certificate", "SSL_CERT_FILE")

    def test_it_is_taken_where_its_file_is_named_or_checks_are_off(self, ask, raw_server, test_certificate):
        server = raw_server(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"), tls=True)
        assert ask(server.url, verify=test_certificate).body == b"{}"
        assert ask(server.url, verify=False).body == b"{}"

    def test_the_certificate_of_another_host(self, ask, raw_server, test_certificate):
        server = raw_server(answering(b""), tls=True)
        other_name = server.url.replace("127.0.0.1", "[::ffff:127.0.0.1]")  # reaches it, but isn't in the certificate
        assert_failed(ask(other_name, verify=test_certificate), FailureKind.TLS, "not trusted")

    def test_plain_http_on_the_other_side(self, ask, raw_server):
        def handle(connection, number):
            connection.socket.recv(1000)
            connection.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

        url = raw_server(handle).url.replace("http:", "https:")
        assert_failed(ask(url), FailureKind.TLS, "http://")

    def test_hanging_up_during_the_handshake(self, ask, raw_server):
        def handle(connection, number):
            connection.socket.recv(10)
            connection.reset()

        assert_failed(ask(raw_server(handle).url.replace("http:", "https:")), FailureKind.TLS)

    def test_a_handshake_that_hangs(self, ask, raw_server):
        def handle(connection, number):
            time.sleep(1)

        url = raw_server(handle).url.replace("http:", "https:")
        assert_failed(ask(url, timeout=0.2), FailureKind.TIMEOUT)

    def test_a_ca_file_that_is_not_there(self, ask):
        with pytest.raises(ValueError, match="no-such-file"):
            ask("https://127.0.0.1:1", verify="/no-such-file.pem")

    @pytest.mark.parametrize("content", [None, "not a certificate"])
    def test_a_bad_ca_file_in_the_environment(self, ask, monkeypatch, tmp_path, content):
        file = tmp_path / "ca.pem"
        if content is not None:
            file.write_text(content)
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        with pytest.raises(ValueError, match="SSL_CERT_FILE"):
            ask("https://127.0.0.1:1")


class TestOddButAnAnswer:
    def test_html(self, ask, raw_server):
        page = b"<html>login</html>"
        data = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 18\r\n\r\n" + page
        reply = ask(raw_server(answering(data)).url)
        assert (reply.status, reply.body, reply.failure) == (200, page, None)
        assert reply.resource() == {}

    def test_a_redirect_is_not_followed(self, ask, raw_server):
        server = raw_server(answering(b"HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n"))
        reply = ask(server.url)
        assert (reply.status, reply.header("location"), len(server.requests)) == (302, "/login", 1)

    def test_headers_keep_order_case_and_repeats(self, ask, raw_server):
        data = b'HTTP/1.1 200 OK\r\nx-b: 1\r\nX-a:2\r\nX-B:  3 \r\nETag: W/"\xe9"\r\nContent-length: 0\r\n\r\n'
        reply = ask(raw_server(answering(data)).url)
        assert reply.headers == (
            ("x-b", "1"), ("X-a", "2"), ("X-B", "3"), ("ETag", 'W/"é"'), ("Content-length", "0"),
        )  # fmt: skip

    def test_a_body_until_the_connection_closes(self, ask, raw_server):
        assert ask(raw_server(answering(b"HTTP/1.0 200 OK\r\n\r\n{}")).url).body == b"{}"

    def test_an_early_refusal_of_a_large_body_is_an_answer(self, ask, raw_server):
        def handle(connection, number):
            connection.socket.recv(1000)
            connection.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            connection.socket.shutdown(socket.SHUT_WR)
            while connection.socket.recv(1_000_000):
                pass

        assert ask(raw_server(handle).url, Send("POST", "/Users", body=b"x" * 5_000_000)).status == 413

    @pytest.mark.parametrize(
        ("coding", "pack"),
        [
            (b"gzip", gzip.compress),
            (b"x-gzip", gzip.compress),
            (b"GZIP", lambda body: gzip.compress(body[:5]) + gzip.compress(body[5:])),
            (b"deflate", zlib.compress),
            (b"deflate", lambda body: zlib.compress(body)[2:-4]),
            (b"deflate, gzip", lambda body: gzip.compress(zlib.compress(body))),
            (b"identity", bytes),
            (b"br", bytes),
        ],
    )
    def test_compressed_bodies_are_unpacked(self, ask, raw_server, coding, pack):
        body = b'{"userName":"ada"}'
        packed = pack(body)
        data = b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (coding, len(packed))
        reply = ask(raw_server(answering(data + packed)).url)
        assert reply.body == body
        assert reply.header("content-length") == str(len(packed)), "headers stay as they came"


class TestNoEnd:
    def test_a_body_without_end_is_cut_off(self, ask, raw_server, monkeypatch):
        monkeypatch.setattr("scimrig_simulator.drive.BODY_LIMIT", 1_000_000)

        def handle(connection, number):
            connection.request()
            connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                connection.send(b"10000\r\n" + b" " * 0x10000 + b"\r\n")

        assert_failed(ask(raw_server(handle).url), FailureKind.RESET, "scimrig hung up")

    def test_a_gzip_bomb_does_not_go_off(self, ask, raw_server, monkeypatch):
        monkeypatch.setattr(head, "BODY_LIMIT", 1_000_000)
        bomb = gzip.compress(bytes(20_000_000))
        data = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
        assert_failed(ask(raw_server(answering(data + bomb)).url), FailureKind.NOT_HTTP, "unpacks to more")


class TestKeptConnections:
    OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

    @pytest.fixture
    def connect(self):
        opened = []

        def make(server):
            opened.append(HttpTransport(server.url, None, 5.0, clock=SystemClock()))
            return opened[-1]

        yield make
        for transport in opened:
            transport.close()

    def test_a_connection_is_used_again(self, connect, always_ok):
        transport = connect(always_ok)
        before = always_ok.connections
        assert [transport.exchange(request).status for request in (LOOK, CREATE, LOOK)] == [200, 200, 200]
        assert always_ok.connections == before + 1

    def test_one_that_the_server_has_closed_meanwhile_is_not(self, connect, raw_server):
        server = raw_server(answering(self.OK))  # says nothing, and closes after each answer
        transport = connect(server)
        for request in (LOOK, CREATE, CREATE, LOOK):
            assert transport.exchange(request).status == 200
            time.sleep(0.02)
        assert (server.connections, len(server.requests)) == (4, 4)

    def closing_under_our_hands(self, raw_server):
        def handle(connection, number):
            connection.request()
            connection.send(self.OK)
            if number == 1:
                connection.request()  # takes the second request and goes away without a word
            else:
                connection.request()

        return raw_server(handle)

    def test_a_read_that_met_a_dying_connection_is_sent_once_more(self, connect, raw_server):
        server = self.closing_under_our_hands(raw_server)
        transport = connect(server)
        assert [transport.exchange(LOOK).status for _ in range(2)] == [200, 200]
        assert (server.connections, len(server.requests)) == (2, 3)

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
    def test_a_write_never_is(self, connect, raw_server, method):
        server = self.closing_under_our_hands(raw_server)
        transport = connect(server)
        transport.exchange(LOOK)
        assert_failed(transport.exchange(Send(method, "/Users/7", body={})), FailureKind.RESET)
        assert (server.connections, len(server.requests)) == (1, 2)

    @pytest.mark.parametrize(
        "no_content",
        [
            b"HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nnull",
            b"HTTP/1.1 204 No Content\r\n\r\nnull",
            b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ],
    )
    def test_a_204_with_a_body_does_not_spoil_the_next_answer(self, connect, raw_server, no_content):
        def handle(connection, number):
            while request := connection.request():
                connection.send(no_content if request.startswith(b"DELETE") else self.OK)

        transport = connect(raw_server(handle))
        for _ in range(3):
            assert transport.exchange(Send("DELETE", "/Users/7")).status == 204
            assert transport.exchange(CREATE).body == b"{}"

    def test_a_clean_204_keeps_its_connection(self, connect, raw_server):
        def handle(connection, number):
            while connection.request():
                connection.send(b"HTTP/1.1 204 No Content\r\n\r\n")

        server = raw_server(handle)
        transport = connect(server)
        assert [transport.exchange(Send("DELETE", "/Users/7")).status for _ in range(3)] == [204] * 3
        assert server.connections == 1

    def test_many_threads_share_one_transport(self, connect, raw_server):
        def handle(connection, number):
            while request := connection.request():
                body = request.split(b" ")[1]
                connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

        transport = connect(raw_server(handle))
        wrong = []

        def work(worker):
            for turn in range(25):
                path = f"/{worker}/{turn}"
                if transport.exchange(Send("GET", path)).body != path.encode():
                    wrong.append(path)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []

    def test_after_close_nothing_is_sent(self, connect, always_ok):
        transport = connect(always_ok)
        transport.exchange(LOOK)
        transport.close()
        sent = len(always_ok.requests)
        with pytest.raises(RuntimeError, match="closed"):
            transport.exchange(LOOK)
        assert len(always_ok.requests) == sent


def test_proxy_settings_of_the_environment_change_nothing(always_ok):
    # the bytes go to the target and nowhere else, whatever the shell has set
    program = (
        "from scimrig_simulator.drive import HttpTransport; from scimrig_simulator.clock import SystemClock;"
        "from scimrig_simulator.wire import Send;"
        f"print(HttpTransport({always_ok.url!r}, None, clock=SystemClock()).exchange(Send('GET', '/')).status)"
    )
    environment = {**os.environ, "HTTP_PROXY": "http://127.0.0.1:1", "http_proxy": "http://127.0.0.1:1"}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "200\n"
