"""A server that speaks TLS and gRPC, and the vendor's published clients as its applications use them."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import trustme

CLIENT_ID = "client_ref"


@dataclass(frozen=True, slots=True)
class Pem:
    """A certificate for this machine, its key, and the authority that a client trusts for it."""

    cert: Path
    key: Path
    authority: Path

    @classmethod
    def made(cls, folder: Path) -> Pem:
        authority = trustme.CA()
        issued = authority.issue_cert("127.0.0.1", "localhost")
        pem = cls(folder / "cert.pem", folder / "key.pem", folder / "authority.pem")
        pem.cert.write_bytes(b"".join(one.bytes() for one in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(pem.key)
        authority.cert_pem.write_to_path(pem.authority)
        return pem

    @property
    def trust(self) -> dict[str, str]:
        """The environment in which the clients trust the authority."""
        return dict.fromkeys(
            ("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"), str(self.authority)
        )


class Server:
    """``scimrig serve --grpc`` over TLS. origin: "https://127.0.0.1:port"."""

    def __init__(self, pem: Pem, token: str, environment: Mapping[str, str]) -> None:
        self.pem, self.token = pem, token
        self.trusting = ssl.create_default_context(cafile=pem.authority)
        words = ("serve", "--policy", "scalekit", "--token", token, "--grpc",
                 "--tls-cert", str(pem.cert), "--tls-key", str(pem.key))  # fmt: skip
        self.process = subprocess.Popen(
            [sys.executable, "-m", "scimrig.cli.main", *words], env={**environment, **pem.trust},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        base = urlsplit(self.process.stdout.readline().strip())
        self.origin = f"{base.scheme}://{base.netloc}"
        self.environment = {
            **environment, **pem.trust, "SCALEKIT_URL": self.origin, "SCALEKIT_CLIENT_ID": CLIENT_ID,
            "SCALEKIT_CLIENT_SECRET": token,
        }  # fmt: skip

    def stop(self) -> tuple[int, str]:
        """Exit status and what was said on stderr."""
        self.process.terminate()
        _, err = self.process.communicate(timeout=20)
        return self.process.returncode, err

    def send(self, method: str, url: str, body: Any = None, token: str | None = None) -> Any:
        """An answer over HTTPS, which is a success."""
        reply = self.ask(method, url, body, token or self.token)
        assert reply.is_success, reply.text
        return reply.json() if reply.content else None

    def ask(self, method: str, url: str, body: Any = None, token: str = "") -> httpx.Response:
        """An answer over HTTPS, whatever it is."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        place = url if url.startswith("https://") else self.origin + url
        return httpx.request(
            method, place, json=body, headers=headers, verify=self.trusting, trust_env=False, follow_redirects=True,
            timeout=20,
        )  # fmt: skip


class NodeClient:
    """The client for Node.js, in a process of its own that is asked line by line."""

    def __init__(self, node: str, script: Path, environment: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            [node, str(script)], env=dict(environment), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, call: str, *arguments: Any) -> dict[str, Any]:
        """``{"answer"}`` or ``{"error"}`` of a call such as "directory.listDirectories"."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"call": call, "arguments": arguments}) + "\n")
        self.process.stdin.flush()
        return dict(json.loads(self.process.stdout.readline()))

    def __call__(self, call: str, *arguments: Any) -> Any:
        """The answer of a call that succeeds."""
        said = self.ask(call, *arguments)
        assert "answer" in said, said
        return said["answer"]

    def refused(self, call: str, *arguments: Any) -> tuple[str, str]:
        """Class and error code of the error of a call that fails."""
        error = self.ask(call, *arguments)["error"]
        return error["name"], error["code"]

    def stop(self) -> None:
        self.process.kill()
        self.process.communicate()


def clean_environment(roots: list[str]) -> dict[str, str]:
    """What a process of these tests sees."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return {**kept, "PYTHONPATH": os.pathsep.join(roots), "LANG": "C.UTF-8"}
