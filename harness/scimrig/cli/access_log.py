"""``--access-log`` of ``scimrig serve``: a line of JSON on each request, on stderr or at the end of a file.

Off unless asked for: an IdP that is being tried out makes thousands of requests, and the terminal is for its answers.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from scimrig.cli.complaint import ERROR, Complaint

_STDERR = "-"


def add_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--access-log``."""
    parser.add_argument(
        "--access-log", metavar="PATH", nargs="?", const=_STDERR, default=None,
        help="write a line of JSON on each request, free of personal data and secrets, to the end of PATH (default:"
        " to stderr)",
    )


@contextmanager
def logged(app: Any, path: str | None) -> Iterator[Any]:
    """The ASGI application, with its requests written to ``path``; None = nowhere. Raises Complaint."""
    if path is None:
        yield app
        return
    from scimrig_simulator.server.access_log import AccessLog

    if path == _STDERR:
        yield AccessLog(app, sys.stderr)
        return
    with ExitStack() as files:
        try:
            lines = files.enter_context(Path(path).open("a", encoding="utf-8"))
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise Complaint(f"--access-log: {path}: {reason}. Name a file that can be written to.", ERROR) from None
        yield AccessLog(app, lines)
