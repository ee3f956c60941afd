"""Published verifiers as receivers: what consumer mode says of them, with nothing around them but ``return 200``.

They are what a developer would use, so that they pass what is about signatures; where one does not, the reason is here.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import standardwebhooks.webhooks
import svix.webhooks

from scimrig.consumer.cases import Case, chosen

from .conftest import SECRET, played

with warnings.catch_warnings(action="ignore"):  # its models are written for an older pydantic
    from scalekit import ScalekitClient

pytestmark = [pytest.mark.peer, pytest.mark.slow]

DECLARED = '[consumer]\nsecret = "env:WEBHOOK_SECRET"\ntimeout_s = 5\n'
Verify = Callable[[dict[str, str], bytes], Any]


def scalekit(headers: dict[str, str], body: bytes) -> Any:
    return ScalekitClient.__new__(ScalekitClient).verify_webhook_payload(SECRET, headers, body)


def standard(headers: dict[str, str], body: bytes) -> Any:
    return standardwebhooks.webhooks.Webhook(SECRET).verify(body, headers)


def svix_one(headers: dict[str, str], body: bytes) -> Any:
    return svix.webhooks.Webhook(SECRET).verify(body, headers)


NO_COMMA = "consumer/forged/odd-signature[row=word]"  # an entry without a comma: unpacking it raises ValueError
NOT_BASE64 = "consumer/forged/odd-signature[row=not-base64]"  # decoded before it is compared: binascii.Error
VERIFIERS: dict[str, tuple[Verify, set[str]]] = {
    "scalekit-sdk-python": (scalekit, {NOT_BASE64}),
    "standardwebhooks": (standard, {NO_COMMA, NOT_BASE64}),
    "svix": (svix_one, {NO_COMMA, NOT_BASE64}),
}
"""Name → the verifier, and the cases in which it raises something else than its own error: a 500 where nobody catches
that too. Nothing forged is let in by any of them."""
REFUSALS = ("WebhookVerificationError",)


@pytest.fixture
def receiver(request: pytest.FixtureRequest) -> Iterator[str]:
    verify: Verify = request.param

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            try:
                verify({name.lower(): value for name, value in self.headers.items()}, body)
                status = 200
            except Exception as error:
                status = 400 if type(error).__name__ in REFUSALS else 500
            self.answer(status)

        def do_GET(self) -> None:
            self.answer(405)

        def answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/webhooks"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("receiver", "crashes"), VERIFIERS.values(), ids=VERIFIERS, indirect=["receiver"]
)
def test_a_published_verifier_passes_what_is_about_signatures(
    receiver: str, crashes: set[str], target_at: Any, cases: tuple[Case, ...]
) -> None:
    result, _ = played(target_at(receiver, DECLARED), chosen(cases, ["consumer/genuine/", "consumer/forged/"], ()))
    wrong = {case.case: {f.check for f in case.findings} for case in result.cases if case.findings}
    assert wrong == {name: {"consumer/crash"} for name in crashes}
    judged = {case.case for case in result.cases if case.status.value in ("pass", "fail")}
    assert len(judged) >= 45
