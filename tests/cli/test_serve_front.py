"""``scimrig serve`` over TLS: what its options are, and that HTTP is what it was.

What speaks gRPC behind it is for tests/peers.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import sys
import threading
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import trustme

from scimrig.cli.main import main

USER = "urn:ietf:params:scim:schemas:core:2.0:User"


@dataclass(frozen=True, slots=True)
class Pem:
    """A certificate for this machine, its key, and the authority that a client trusts for it."""

    cert: Path
    key: Path
    authority: Path

    @property
    def options(self) -> Sequence[str]:
        return ("--tls-cert", str(self.cert), "--tls-key", str(self.key))

    def client(self, *protocols: str) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.authority)
        if protocols:
            context.set_alpn_protocols(protocols)
        return context


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Pem:
    folder = tmp_path_factory.mktemp("pem")
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1", "localhost")
    made = Pem(folder / "cert.pem", folder / "key.pem", folder / "authority.pem")
    made.cert.write_bytes(b"".join(one.bytes() for one in issued.cert_chain_pems))
    issued.private_key_pem.write_to_path(made.key)
    authority.cert_pem.write_to_path(made.authority)
    return made


def asked(url: str, token: str, trusted: ssl.SSLContext, method: str = "GET", body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/scim+json"}
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, content, headers, method=method)
    with urllib.request.urlopen(request, timeout=10, context=trusted) as reply:
        return json.loads(reply.read())


def spoken(port: int, context: ssl.SSLContext) -> str | None:
    """What a client and the server agree to speak."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
        return context.wrap_socket(plain, server_hostname="127.0.0.1").selected_alpn_protocol()


def test_with_a_certificate_it_serves_https_and_says_so(shell: Any, serve: Callable[..., Any], pem: Pem) -> None:
    server = serve(*pem.options)
    assert server.url.startswith("https://127.0.0.1:")
    token = shell.env["SCIMRIG_TOKEN"]
    user = asked(f"{server.url}/Users", token, pem.client(), "POST", {"schemas": [USER], "userName": "zoë"})
    assert user["meta"]["location"] == f"{server.url}/Users/{user['id']}"
    assert asked(user["meta"]["location"], token, pem.client()) == user


def test_whoever_does_not_trust_the_certificate_or_speaks_plain_http_gets_nothing(
    shell: Any, serve: Callable[..., Any], pem: Pem
) -> None:
    server = serve(*pem.options)
    port = urlsplit(server.url).port
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
        plain.sendall(b"GET /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\n\r\n")
        assert plain.recv(1000)[:5] != b"HTTP/"
    with pytest.raises(ssl.SSLCertVerificationError):
        spoken(port, ssl.create_default_context())
    assert asked(f"{server.url}/Users", shell.env["SCIMRIG_TOKEN"], pem.client())["totalResults"] == 0
    assert server.stop().err.count("\n") == 1  # where its token is from, and no word of these two


def test_http_2_is_not_spoken_where_nobody_asked_for_it(serve: Callable[..., Any], pem: Pem) -> None:
    port = urlsplit(serve(*pem.options).url).port
    assert spoken(port, pem.client("h2", "http/1.1")) == "http/1.1"
    assert spoken(port, pem.client()) is None  # and then it is HTTP/1.1
    assert spoken(port, pem.client("h2")) is None


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--tls-cert", "c"], 2, "--tls-cert: a certificate and its key belong together; give --tls-key as well"),
        (["--tls-key", "k"], 2, "--tls-key: a certificate and its key belong together; give --tls-cert as well"),
        (["--grpc"], 2, "--grpc: the SDKs speak it over TLS only"),
        (["--grpc", "--tls-cert", "c", "--tls-key", "k"], 2, "--grpc: under the policy open there is no API"),
        (["--tls-cert", "/nowhere", "--tls-key", "/nowhere"], 3, "/nowhere: No such file"),
    ],
)
def test_options_that_make_no_sense_are_said_so(
    options: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", *options]) == code
    assert words in capsys.readouterr().err


def test_a_file_that_is_no_certificate_is_said_so(pem: Pem, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--tls-cert", str(pem.key), "--tls-key", str(pem.cert)]) == 3
    assert f"Can't use the certificate {pem.key} with the key {pem.cert}" in capsys.readouterr().err


def test_without_the_extra_grpc_names_it(
    pem: Pem, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "grpc", None)
    monkeypatch.delitem(sys.modules, "scimrig_simulator.server.grpc_facade", raising=False)
    assert main(["serve", "--policy", "scalekit", "--grpc", *pem.options]) == 3
    assert "--grpc: grpc isn't installed; pip install 'scimrig[scalekit]'" in capsys.readouterr().err


# What goes through to whoever speaks HTTP/2

ECHO = """
import asyncio, sys, tempfile
from scimrig_simulator.server.app import Settings, build
from scimrig_simulator.server.front import Certificate
from scimrig_simulator.server.serve import serve

class Back(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
        self.data_received = transport.write
        self.pause_writing = transport.pause_reading
        self.resume_writing = transport.resume_reading
        open_ones.append(transport)

open_ones = []

class Echo:
    async def start(self, origin):
        socket = tempfile.mkdtemp() + "/echo"
        self.server = await asyncio.get_running_loop().create_unix_server(Back, socket)
        return socket
    async def stop(self, grace):
        self.server.close()
        for transport in open_ones:
            transport.abort()

serve(build(Settings("t")), ready=lambda url: print(url, flush=True), behind=Echo(),
      certificate=Certificate(*sys.argv[1:]))
"""


@pytest.fixture
def echo(pem: Pem, tmp_path: Path) -> Any:
    import subprocess

    command = [sys.executable, "-c", ECHO, str(pem.cert), str(pem.key)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield process, urlsplit(process.stdout.readline()).port
    process.kill()
    process.communicate()


def connected(port: int, pem: Pem) -> ssl.SSLSocket:
    plain = socket.create_connection(("127.0.0.1", port), timeout=10)
    return pem.client("h2").wrap_socket(plain, server_hostname="127.0.0.1")


def test_bytes_go_through_unchanged_both_ways_and_http_1_is_beside_it(echo: Any, pem: Pem) -> None:
    _, port = echo
    sent = bytes(range(256)) * 8192
    with connected(port, pem) as there:
        assert there.selected_alpn_protocol() == "h2"
        sender = threading.Thread(target=there.sendall, args=(sent,))
        sender.start()
        got = bytearray()
        while len(got) < len(sent):
            got += there.recv(65536)
        sender.join()
        assert got == sent
        assert spoken(port, pem.client("h2", "http/1.1")) == "http/1.1"


def test_whoever_does_not_read_is_not_read_from(echo: Any, pem: Pem) -> None:
    _, port = echo
    with connected(port, pem) as there:
        there.settimeout(1)
        taken = 0
        with contextlib.suppress(TimeoutError):
            while taken < 64 << 20:
                taken += there.send(b"x" * 65536)
        assert taken < 32 << 20


def test_it_stops_while_such_connections_are_open(echo: Any, pem: Pem) -> None:
    process, port = echo
    with connected(port, pem) as there:
        there.sendall(b"ping")
        assert there.recv(10) == b"ping"
        process.terminate()
        _, err = process.communicate(timeout=10)
    assert (process.returncode, err) == (0, "")
