"""What every test shares: hypothesis without deadlines (time is measured in benchmarks/, never asserted in a test).

In CI the examples are the same in every run, so that a change is judged by what it changes; elsewhere they are new.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "scimrig",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,
)
settings.load_profile("scimrig")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The long ones first, so that no worker is left alone with one of them at the end.

    Workers begin with one stretch of the list each, so each stretch begins with its share of them.
    """
    items.sort(key=lambda item: (item.get_closest_marker("peer") is None, item.get_closest_marker("slow") is None))
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    items[:] = [item for first in range(workers) for item in items[first::workers]]


Answering = Callable[[str, str, list[tuple[str, str]], str], tuple[int, str]]
"""(method, path and query, headers, body) → (status, text)."""


@contextmanager
def _answering(answer: Answering) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def reply(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            status, text = answer(self.command, self.path, list(self.headers.items()), body)
            content = text.encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = reply

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def answering() -> Iterator[Callable[[Answering], str]]:
    """Serve what a function answers, on a socket of this machine; returns the origin."""
    with ExitStack() as servers:
        yield lambda answer: servers.enter_context(_answering(answer))
