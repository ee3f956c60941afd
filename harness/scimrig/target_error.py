"""The one error of everything that makes out a target: argument, target file, secrets.

Rule: imports nothing, so that each of them can raise it.
"""

from __future__ import annotations


class TargetError(Exception):
    """The target cannot be made out; the text says which file and key, and what to do. One mistake a line."""
