"""The entry point: finds the command, runs it, and turns every end into an exit code.

Rule: ``--version`` and ``--help``, here and of each command, import nothing heavy (held by tests/cli/test_imports.py).
A user's mistake is one line on stderr; a mistake of ours is one line and a file with the traceback.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from scimrig.cli.arguments import Parser
from scimrig.cli.complaint import ERROR, USAGE, Complaint
from scimrig.suggestion import did_you_mean

INTERRUPTED = 130

COMMANDS = {
    "run": "play the scenarios against a target and judge it",
    "serve": "run the reference server, sound or with a named fault",
    "act": "play one act of an IdP by hand against your server",
    "idp": "show what an IdP sends and how it reacts, with the evidence",
    "simulate": "live through a company that keeps changing, as its IdPs provision it",
    "consumer": "send webhooks to a receiver, genuine and forged, and judge it",
    "receiver": "run the sample receiver of webhooks, sound or with a named fault",
    "doctor": "see whether a target can be reached, and what it lacks",
    "report": "render what came of a simulation from its log",
    "judge": "judge a finished run again from its log",
    "list": "list scenarios, checks, faults, variants, dialects or targets",
    "explain": "say what a scenario, check, requirement, fault or dialect is",
    "sweep": "delete what interrupted runs left on a target",
}

HELP = """usage: scimrig [--version] [--help] COMMAND ...

Plays the provisioning traffic of Okta, Entra and Google against a SCIM server and says what breaks, for whom, and why.

commands:
{commands}

Exit codes: 0 sound · 1 findings · 2 usage · 3 could not decide · 4 nothing judged · 130 interrupted
`scimrig COMMAND --help` says more. Start with `scimrig run`: it judges the built-in reference server."""


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line ``words`` (default: the process's) and return the exit code."""
    _speak_utf8()
    words = list(sys.argv[1:] if words is None else words)
    prog = "scimrig"
    try:
        if words and words[0] in COMMANDS:
            prog = f"scimrig {words[0]}"
        return _flushed(_dispatch(words))
    except Complaint as complaint:
        return _say(f"{prog}: {complaint}", complaint.code)
    except KeyboardInterrupt:
        return _say(f"{prog}: interrupted", INTERRUPTED)
    except BrokenPipeError:
        _mute(sys.stdout)
        return 0
    except Exception as bug:
        return _say(f"{prog}: {_report_bug(bug)}", ERROR)


def _dispatch(words: list[str]) -> int:
    if not words:
        print(_help_text(), file=sys.stderr)
        return USAGE
    first = words[0]
    if first in ("-h", "--help", "help"):
        print(_help_text())
        return 0
    if first in ("-V", "--version"):
        from scimrig import __version__

        print(f"scimrig {__version__}")
        return 0
    if first not in COMMANDS:
        kind = "option" if first.startswith("-") else "command"
        known = ("--help", "--version") if kind == "option" else tuple(COMMANDS)
        raise Complaint(f"unknown {kind} {first.partition('=')[0]!r}{did_you_mean(first, known)}")
    return _command(first, words[1:])


def _command(name: str, words: list[str]) -> int:
    """Import one command and run it."""
    from importlib import import_module

    module = import_module(f"scimrig.cli.{name}")
    parser = Parser(prog=f"scimrig {name}", description=(module.__doc__ or "").split("\n\n")[0])
    module.add_arguments(parser)
    try:
        arguments = parser.parse(words)
    except SystemExit as end:  # argparse leaves like this after --help
        return int(end.code or 0)
    return int(module.run(arguments))


def _help_text() -> str:
    return HELP.format(commands="\n".join(f"  {name:<8} {what}" for name, what in COMMANDS.items()))


def _speak_utf8() -> None:
    """Print UTF-8 in every locale; what cannot be encoded (lone surrogates) is escaped, never an error."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="backslashreplace")


def _flushed(code: int) -> int:
    """Flush stdout here, where a reader that went away or a full disk can still be answered."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _mute(sys.stdout)
    except OSError as error:
        _mute(sys.stdout)
        raise Complaint(f"cannot write the output: {error.strerror or error}", ERROR) from None
    return code


def _mute(stream: TextIO) -> None:
    """Point a dead stream at nothing, or Python complains about it once more at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, stream.fileno())
    except (OSError, ValueError):
        pass
    finally:
        os.close(nowhere)


def _say(message: str, code: int) -> int:
    try:
        sys.stdout.flush()
    except OSError:
        _mute(sys.stdout)
    try:
        print(message, file=sys.stderr, flush=True)
    except OSError:
        _mute(sys.stderr)
    return code


def _report_bug(bug: Exception) -> str:
    """Write the traceback to a file, without the token; return the line for the user."""
    import traceback

    from scimrig.cli.secrecy import without_secrets

    text = without_secrets("".join(traceback.format_exception(bug)))
    what = without_secrets(f"{type(bug).__name__}: {bug}").splitlines()[0]
    path = _keep(text)
    where = f"the traceback is in {path}" if path is not None else f"traceback:\n{text}"
    return f"this is a bug in scimrig ({what}); {where}. Please report it with that file."


def _keep(text: str) -> Path | None:
    """A new file below .scimrig, else in the system's temporary folder; None where neither can be written."""
    import tempfile

    for folder in (Path(".scimrig"), Path(tempfile.gettempdir())):
        try:
            folder.mkdir(exist_ok=True)
            handle, name = tempfile.mkstemp(prefix="scimrig-bug-", suffix=".txt", dir=folder, text=True)
        except OSError:
            continue
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
        return Path(name)
    return None


if __name__ == "__main__":
    sys.exit(main())
