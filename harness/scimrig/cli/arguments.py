"""Command-line parsing that answers a slip with what was probably meant.

Rule: starts fast (argparse only) and never repeats the value of an option it refuses: it may be a secret.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

from scimrig.cli.complaint import Complaint
from scimrig.suggestion import did_you_mean


class Parser(argparse.ArgumentParser):
    """An ArgumentParser without abbreviations whose errors are Complaints with a pointer to ``--help``."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        raise Complaint(f"{message} ({self.prog} --help lists what there is)")

    def parse(self, words: Sequence[str]) -> argparse.Namespace:
        """Parse everything or raise Complaint about the first word that is too much."""
        parsed, extra = self.parse_known_intermixed_args(list(words))
        for word in extra:
            if word.startswith("-"):
                name = word.partition("=")[0]
                self.error(f"unknown option {name}{did_you_mean(name, self._option_names())}")
        if extra:
            self.error(f"one argument too many: {extra[0]!r}")
        return parsed

    def _option_names(self) -> list[str]:
        shown = (action for action in self._actions if action.help is not argparse.SUPPRESS)
        return [name for action in shown for name in action.option_strings if name.startswith("--")]


class RefuseToken(argparse.Action):
    """``--token`` where it must not be: a command line can be read by every user of the machine."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object, **__: object) -> NoReturn:
        raise Complaint(
            "no token on this command line: other users of this machine can read it, and shells and CI logs keep it."
            " Put it into the environment variable SCIMRIG_TOKEN, or name another with --token-env NAME"
        )


def refuse_token(parser: argparse.ArgumentParser) -> None:
    """Make ``--token`` an error with its reason, whatever follows it."""
    parser.add_argument("--token", action=RefuseToken, nargs="?", help=argparse.SUPPRESS)


def at_least_one(text: str) -> int:
    """An integer ≥ 1. Raises ArgumentTypeError."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"a whole number from 1 up was expected, not {text!r}")
    return number


def port_number(text: str) -> int:
    """A TCP port, 0 for any free one. Raises ArgumentTypeError."""
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"a port (0 to 65535) was expected, not {text!r}")
    return int(text)


def some_seconds(text: str) -> float:
    """A time in seconds, above 0 and at most a day. Raises ArgumentTypeError."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 86_400:
        raise argparse.ArgumentTypeError(f"a time in seconds above 0 was expected, not {text!r}")
    return seconds


def dialects(text: str) -> list[str]:
    """``okta:create=off,groups=off,entra`` → two dialects. Raises ArgumentTypeError where one is empty."""
    from scimrig_simulator import idp

    parts = [part.strip() for part in idp.several(text)]
    if not all(parts):
        raise argparse.ArgumentTypeError(f"a dialect or a comma list of dialects was expected, not {text!r}")
    return parts


def names(text: str) -> list[str]:
    """``okta,entra`` → two names. Raises ArgumentTypeError where one is empty."""
    parts = [part.strip() for part in text.split(",")]
    if not all(parts):
        raise argparse.ArgumentTypeError(f"a name or a comma list of names was expected, not {text!r}")
    return parts
