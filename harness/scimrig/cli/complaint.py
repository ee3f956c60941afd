"""An end that the user can do something about: one message and an exit code, no traceback.

Rule: imports nothing of this project, so that it costs nothing at start.
"""

from __future__ import annotations

USAGE = 2
ERROR = 3


class Complaint(Exception):
    """Raised by a command to end with a message on stderr. ``code``: 2 before anything was sent, else 3."""

    def __init__(self, message: str, code: int = USAGE) -> None:
        super().__init__(message)
        self.code = code
