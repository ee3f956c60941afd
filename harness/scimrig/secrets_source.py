"""Fetches a secret from where a target file or a command line says that it is: env:NAME, file:PATH or cmd:COMMAND.

Rule: a secret is never repeated, neither in an error nor half of it; what a command printed is not shown.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from scimrig.target_error import TargetError

COMMAND_SECONDS = 60.0


def fetch(source: str, env: Mapping[str, str], folder: Path, where: str) -> str:
    """The secret behind a source; paths and commands are relative to ``folder``. ``where`` names the key in errors.

    May run a command. Raises TargetError.
    """
    kind, _, rest = source.partition(":")
    rest = rest.strip()
    if kind == "env":
        return from_env(rest, env, where)
    if kind == "file":
        return _from_file(folder / Path(rest).expanduser(), where)
    return _from_command(rest, folder, where)


def shown(source: str) -> str:
    """A source for people: of a command its first word, since the others may be half of the secret."""
    kind, _, rest = source.partition(":")
    return f"cmd:{rest.split()[0]}" if kind == "cmd" else source


def from_env(name: str, env: Mapping[str, str], where: str) -> str:
    """The secret in an environment variable. Raises TargetError."""
    value = env.get(name, "")
    if not value.strip():
        raise TargetError(f"{where}: the environment variable {name} is not set (or empty)")
    return clean(value, name)


def clean(value: str, source: str) -> str:
    """A secret without the blanks around it, fit for a header. Raises TargetError without repeating it."""
    secret = value.strip()
    if not secret:
        raise TargetError(f"the token from {source} is empty")
    if not all("!" <= character <= "~" for character in secret):
        raise TargetError(
            f"the token from {source} holds a blank or a character outside ASCII; give the token alone,"
            " without 'Bearer' before it"
        )
    return secret


def _from_file(path: Path, where: str) -> str:
    try:
        return clean(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise TargetError(f"{where}: cannot read {path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise TargetError(f"{where}: {path} is not text") from None


def _from_command(command: str, folder: Path, where: str) -> str:
    """Run a command (no shell) and take its output."""
    import shlex

    try:
        words = shlex.split(command)
    except ValueError as error:
        raise TargetError(f"{where}: cannot run the command: {error}") from None
    try:
        done = subprocess.run(words, cwd=folder, stdout=subprocess.PIPE, timeout=COMMAND_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise TargetError(f"{where}: {words[0]!r} gave nothing within {COMMAND_SECONDS:.0f} s") from None
    except (OSError, ValueError) as error:
        raise TargetError(f"{where}: cannot run the command: {error}") from None
    if done.returncode != 0:
        raise TargetError(f"{where}: {words[0]!r} failed with exit code {done.returncode}")
    return clean(done.stdout.decode("utf-8", "replace"), words[0])
