"""Sends webhooks from a process of its own, so that sending takes no time from the answers to SCIM.

Two threads of one Python process take turns; a server that signs, connects and waits for twenty endpoints in its own
process answers everybody more slowly. The process gets batches of jobs on its standard input, has them done by the same
lanes as anybody (``sender.py``), and writes how they ended. It yields to whoever wants the processor more urgently, and
ends when its input does: with the server, however that ends.

Rule: what is said between the two processes is said here. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

import itertools
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO

import scimrig_simulator
from scimrig_simulator.clock import SystemClock
from scimrig_simulator.server.sender import Done, Job, Lanes, Sent, UnderWay
from scimrig_simulator.wire import Posted

_ROOT = str(Path(scimrig_simulator.__file__).parents[1])
_COMMAND = (sys.executable, "-m", "scimrig_simulator.server.sending_process")
_NICE = 10
_GATHER = 0.005  # seconds in which the process gathers what has ended, before it tells
_LOST = "not sent: the process that sends webhooks has ended"


class SendingProcess:
    """A ``Sender`` whose process is started when it is first needed, and again after it has died."""

    pause = 0.05

    def __init__(self) -> None:
        self._under_way = UnderWay()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._jobs: dict[int, tuple[Job, Done]] = {}
        self._numbers = itertools.count(1)
        self._closed = False
        self.room = self._under_way.room

    def ready(self) -> None:
        """Start the process, which takes a moment."""
        with self._lock, suppress(OSError):
            self._running()

    def send(self, jobs: Sequence[Job], done: Done) -> None:
        """As ``Sender.send``."""
        self._under_way.began(jobs)
        batch = [(next(self._numbers), job) for job in jobs]
        with self._lock:
            self._jobs.update((number, (job, done)) for number, job in batch)
            try:
                stream = self._running().stdin
                assert stream is not None
                pickle.dump(batch, stream, pickle.HIGHEST_PROTOCOL)
                stream.flush()
            except OSError:  # it can't be started, or has just died
                lost = [number for number, _ in batch]
            else:
                return
        self._end([(number, _failed()) for number in lost])

    def close(self) -> None:
        """End the process; what is under way is not told of any more."""
        with self._lock:
            self._closed = True
            process, self._process = self._process, None
            self._jobs.clear()
        if process is None:
            return
        with suppress(OSError):
            process.stdin.close()  # type: ignore[union-attr]
        try:
            process.wait(1.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _running(self) -> subprocess.Popen[bytes]:
        """The process; lock held. Raises OSError."""
        if self._closed:
            raise OSError("closed")
        if self._process is None or self._process.poll() is not None:
            path = os.pathsep.join(filter(None, (_ROOT, os.environ.get("PYTHONPATH"))))
            self._process = subprocess.Popen(
                _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path}
            )
            threading.Thread(target=self._listen, args=(self._process,), daemon=True).start()
        return self._process

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        """Pass on what the process tells; what it never tells of has failed."""
        stream = process.stdout
        assert stream is not None
        with stream, suppress(EOFError, OSError, pickle.UnpicklingError):
            while True:
                self._end(pickle.load(stream))
        with self._lock:
            lost = [] if self._process is not process else list(self._jobs)
            if self._process is process:
                self._process = None
        self._end([(number, _failed()) for number in lost])

    def _end(self, ended: Sequence[tuple[int, Sent]]) -> None:
        with self._lock:
            told = [(self._jobs.pop(number), sent) for number, sent in ended if number in self._jobs]
        for (job, done), sent in told:
            self._under_way.ended(job)
            done(job, sent)


def _failed() -> Sent:
    return Sent(Posted(0, _LOST), SystemClock().now(), 0.0)


def main() -> None:
    """The process: reads jobs, sends, and tells, until its input ends."""
    from scimrig_simulator.server.sending import HttpPoster

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which then closes the input
    if hasattr(os, "nice"):
        os.nice(_NICE)
    ended: queue.SimpleQueue[tuple[int, Sent]] = queue.SimpleQueue()
    threading.Thread(target=_tell, args=(ended, sys.stdout.buffer), daemon=True).start()
    lanes = Lanes(SystemClock(), HttpPoster())
    with suppress(EOFError):
        while True:
            batch = pickle.load(sys.stdin.buffer)
            numbers = {job: number for number, job in batch}
            lanes.send(list(numbers), partial(_note, ended, numbers))
    os._exit(0)  # what hangs in a receiver shall not keep the process


def _note(ended: queue.SimpleQueue[tuple[int, Sent]], numbers: Mapping[Job, int], job: Job, sent: Sent) -> None:
    ended.put((numbers[job], sent))


def _tell(ended: queue.SimpleQueue[tuple[int, Sent]], stream: BinaryIO) -> None:
    clock = SystemClock()
    with suppress(OSError):
        while True:
            batch = [ended.get()]
            clock.sleep(_GATHER)
            while not ended.empty():
                batch.append(ended.get())
            pickle.dump(batch, stream, pickle.HIGHEST_PROTOCOL)
            stream.flush()


if __name__ == "__main__":
    main()
