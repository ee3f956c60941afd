"""Sending webhooks from a process of its own: jobs come back as they ended, also where that process dies."""

from __future__ import annotations

import os
import queue
import signal
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from scimrig_simulator.server.sender import Job, Sent
from scimrig_simulator.server.sending_process import SendingProcess

pytestmark = pytest.mark.slow
PATIENT = 20.0


@pytest.fixture
def port() -> Iterator[int]:
    """An endpoint that answers what stands in the path of its URL, /hang when the test is over."""
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.path == "/hang":
                over.wait(PATIENT)
                return
            self.send_response(int(self.path[1:]))
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server.server_port
    over.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def sender() -> Iterator[SendingProcess]:
    made = SendingProcess()
    yield made
    made.close()


class Told:
    """What a sender tells of its jobs."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[tuple[Job, Sent]] = queue.SimpleQueue()

    def __call__(self, job: Job, sent: Sent) -> None:
        self._queue.put((job, sent))

    def next(self) -> tuple[Job, Sent]:
        return self._queue.get(timeout=PATIENT)


def job(number: int, url: str, endpoint: int = 1) -> Job:
    return Job((number, endpoint), 1, url, (("webhook-id", f"evt_{number}"),), f"body {number}".encode())


def test_each_job_comes_back_with_its_answer_in_the_order_of_its_endpoint(sender: SendingProcess, port: int) -> None:
    told, began = Told(), time.time()
    jobs = [job(number, f"http://127.0.0.1:{port}/{status}") for number, status in enumerate([200, 500, 201] * 20)]
    sender.send(jobs[:30], told)
    sender.send(jobs[30:], told)
    ended = [told.next() for _ in jobs]
    assert [job for job, _ in ended] == jobs
    assert [sent.posted.status for _, sent in ended] == [200, 500, 201] * 20
    assert [sent.posted.answer for _, sent in ended] == [f"body {number}".encode() for number in range(60)]
    assert all(began - 0.1 <= sent.began <= time.time() and 0 <= sent.duration < PATIENT for _, sent in ended)
    assert sender.room(1) == sender.room(2)


def test_an_endpoint_that_hangs_keeps_no_other_waiting(sender: SendingProcess, port: int) -> None:
    told = Told()
    sender.send([job(number, f"http://127.0.0.1:{port}/hang") for number in range(30)], told)
    sender.send([job(99, f"http://127.0.0.1:{port}/200", endpoint=2)], told)
    assert told.next()[0].delivery == (99, 2)
    assert sender.room(1) == sender.room(2) - 30


def test_where_the_process_dies_its_jobs_have_failed_and_the_next_ones_get_another(
    sender: SendingProcess, port: int
) -> None:
    told = Told()
    sender.send([job(1, f"http://127.0.0.1:{port}/hang")], told)
    assert sender._process is not None
    os.kill(sender._process.pid, signal.SIGKILL)
    _, sent = told.next()
    assert (sent.posted.status, sent.posted.failure[:8]) == (0, "not sent")
    sender.send([job(2, f"http://127.0.0.1:{port}/200")], told)
    assert told.next()[1].posted.status == 200


def test_the_process_ends_with_whoever_started_it(sender: SendingProcess, port: int) -> None:
    sender.send([job(1, f"http://127.0.0.1:{port}/hang")], Told())
    process = sender._process
    assert process is not None
    sender.close()
    assert process.poll() is not None


def test_closed_it_sends_nothing_more(sender: SendingProcess, port: int) -> None:
    told = Told()
    sender.close()
    sender.send([job(1, f"http://127.0.0.1:{port}/200")], told)
    assert told.next()[1].posted.failure.startswith("not sent")
