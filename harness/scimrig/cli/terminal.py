"""The user's terminal: output that survives a reader who left, and the question before writing to somebody's server.

Rule: losing the output never ends a run half-way, since rows must be cleared away and the log finished.
"""

from __future__ import annotations

import os
import sys
from typing import TextIO, cast

from scimrig.cli.complaint import ERROR, USAGE, Complaint


class Outlet:
    """A text stream that goes silent when it breaks, and remembers why.

    ``failure`` is None while all is well. A reader that closed the pipe (``scimrig run | head``) is no trouble; any
    other failure, such as a full disk, is for the command to report when it is done.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.failure: OSError | None = None
        self.encoding = getattr(stream, "encoding", None) or "utf-8"

    def write(self, text: str) -> int:
        if self.failure is None:
            try:
                return self._stream.write(text)
            except OSError as error:
                self._break(error)
        return len(text)

    def flush(self) -> None:
        if self.failure is None:
            try:
                self._stream.flush()
            except OSError as error:
                self._break(error)

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()

    def as_text(self) -> TextIO:
        """Itself, for code that asks for a text stream and uses it to write."""
        return cast(TextIO, self)

    def trouble(self) -> Complaint | None:
        """What to tell the user at the end, None where all came out or nobody was listening any more."""
        self.flush()
        if self.failure is None or isinstance(self.failure, BrokenPipeError):
            return None
        return Complaint(f"the output could not be written: {self.failure.strerror or self.failure}", ERROR)

    def _break(self, error: OSError) -> None:
        self.failure = error
        nowhere = os.open(os.devnull, os.O_WRONLY)  # or Python complains about the lost rest once more at exit
        try:
            os.dup2(nowhere, self._stream.fileno())
        except (OSError, ValueError):
            return
        finally:
            os.close(nowhere)


def wants_color(no_color: bool) -> bool:
    """Colour only on a terminal, and only where neither --no-color, NO_COLOR nor a dumb terminal speaks against it."""
    plain = no_color or bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    return sys.stdout.isatty() and not plain


def ask_consent(what: str, base_url: str) -> None:
    """Have the user agree to writes on a server that is not on this machine. Raises Complaint (exit 2) where not.

    ``what`` says what will be done, e.g. "create, change and delete users and groups".
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Complaint(f"this would {what} on {base_url}; if that is what you want, say so with --yes", USAGE)
    print(f"This will {what} on {base_url}.", file=sys.stderr)
    if base_url.startswith("http:"):
        print("The token will travel unencrypted (http).", file=sys.stderr)
    print('Type "yes" to go on: ', end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() != "yes":
        raise Complaint("nothing was sent", USAGE)
