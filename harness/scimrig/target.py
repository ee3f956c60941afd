"""The target: which server is judged, with which token, and what its owner declares about it (``scimrig.toml``).

Rule: strict. An unknown key is an error with a suggestion; a secret stands in the environment, in a file of its own or
behind a command, never in ``scimrig.toml`` and never on a command line. Sends nothing.
"""

from __future__ import annotations

import ipaddress
import re
import subprocess
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from scimrig.suggestion import did_you_mean

if TYPE_CHECKING:
    from scimrig_simulator.clock import Clock
    from scimrig_simulator.drive import Transport
    from scimrig_simulator.faults.sabotage import Fault

CONFIG_NAME = "scimrig.toml"
DEFAULT_TOKEN_ENV = "SCIMRIG_TOKEN"
COUNTED_BY_DEFAULT = ("okta", "entra", "google", "rfc")
REF_BASE_URL = "http://localhost/scim/v2"
EMAIL_DOMAIN = "example.com"
COMMAND_SECONDS = 60.0

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*\Z")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})+\Z")
_KEYS = ("base_url", "token", "dialects", "email_domain")


class TargetError(Exception):
    """The target cannot be made out; the text says which file and key, and what to do."""


@dataclass(frozen=True, slots=True)
class RefSpec:
    """The reference server inside this process, sound or broken by name."""

    fault: str | None = None
    variant: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """The server under test.

    name:         as the user named it
    token:        bearer token, None = none is sent; token_source says where it came from, for messages
    dialects:     those that the exit code counts
    ref:          set where the reference server is embedded; base_url is then only for show
    email_domain: domain of the e-mail addresses of the people we make up
    """

    name: str
    base_url: str
    token: str | None = field(repr=False)
    token_source: str
    dialects: tuple[str, ...]
    ref: RefSpec | None = None
    email_domain: str = EMAIL_DOMAIN

    @property
    def credentials(self) -> str | None:
        """The whole Authorization value (RFC 6750 §2.1), None where no token is known."""
        return None if self.token is None else f"Bearer {self.token}"

    @property
    def loopback(self) -> bool:
        """True where writing needs no consent: the embedded server, and addresses that never leave this machine."""
        return self.ref is not None or is_loopback(self.base_url)


@dataclass(frozen=True, slots=True)
class Declared:
    """One ``[targets.NAME]`` table as written, checked but with its token not yet fetched."""

    name: str
    base_url: str
    token: str | None
    dialects: tuple[str, ...] | None
    email_domain: str


@dataclass(frozen=True, slots=True)
class TargetFile:
    """A loaded ``scimrig.toml``."""

    path: Path
    targets: Mapping[str, Declared]


def load_config(path: Path) -> TargetFile:
    """Read and check a target file. Raises TargetError naming file, key and what was probably meant."""
    try:
        with path.open("rb") as file:
            data = tomllib.load(file)
    except OSError as error:
        raise TargetError(f"cannot read {path}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TargetError(f"{path} is not TOML: {error}") from None
    _only(data, ("targets",), str(path), "top level")
    tables = data.get("targets", {})
    if not isinstance(tables, dict):
        raise TargetError(f"{path}: 'targets' must be tables: [targets.NAME]")
    return TargetFile(path, {name: _declared(name, table, path) for name, table in tables.items()})


def from_argument(
    text: str | None, config: TargetFile | None, env: Mapping[str, str], token_env: str | None = None
) -> Target:
    """The target meant on a command line: nothing or ``ref:…``, a URL, or a name from the target file.

    ``token_env`` names an environment variable and overrides what the target file says; without either the token comes
    from SCIMRIG_TOKEN where that is set. Fetching a token may run a command (``cmd:``). Raises TargetError.
    """
    text = text or "ref:"
    if text.startswith("ref:"):
        return _reference(text)
    if "://" in text:
        base_url = _checked_url(text, "the target")
        token, source = _token(token_env, None, env, Path())
        return Target(text, base_url, token, source, COUNTED_BY_DEFAULT)
    declared = _named(text, config)
    assert config is not None
    where = f"{config.path}: [targets.{text}] token"
    token, source = _token(token_env, declared.token, env, config.path.parent, where)
    counted = declared.dialects if declared.dialects is not None else COUNTED_BY_DEFAULT
    return Target(text, declared.base_url, token, source, counted, email_domain=declared.email_domain)


def is_loopback(base_url: str) -> bool:
    """True for ``localhost`` and literal loopback addresses; a name that merely resolves to one does not count."""
    host = urlsplit(base_url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def open_transport(target: Target, timeout: float, clock: Clock) -> Transport:
    """What plays flows against the target: over HTTP, or in process for ``ref:``. ``timeout`` in seconds a request."""
    if target.ref is None:
        from scimrig_simulator.drive import HttpTransport

        return HttpTransport(target.base_url, target.credentials, timeout=timeout, clock=clock)
    from scimrig_simulator.drive import InProcessTransport

    app = reference_app(target.ref, token=target.token or "", clock=clock)
    return InProcessTransport(app, target.base_url, target.credentials, clock, timeout)


def reference_app(spec: RefSpec, *, token: str, clock: Clock, db: str = ":memory:") -> Any:
    """The reference server as an ASGI app, broken or varied as ``spec`` says. Raises TargetError for unknown names."""
    from scimrig_simulator.server.app import Settings, build

    settings = Settings(token=token, db=db, clock=clock)
    twist = _twist(spec)
    return build(settings) if twist is None else twist.server(lambda seams: build(settings, seams))


def _twist(spec: RefSpec) -> Fault | None:
    from scimrig_simulator import faults

    try:
        if spec.fault is not None:
            return faults.fault(spec.fault)
        return None if spec.variant is None else faults.variant(spec.variant)
    except ValueError as unknown:
        raise TargetError(str(unknown)) from None


def _reference(text: str) -> Target:
    import secrets

    spec = _ref_spec(text.removeprefix("ref:"))
    _twist(spec)
    token = f"ref-{secrets.token_urlsafe(18)}"
    return Target(text, REF_BASE_URL, token, "made for this run", COUNTED_BY_DEFAULT, ref=spec)


def _ref_spec(text: str) -> RefSpec:
    if not text:
        return RefSpec()
    key, equals, value = text.partition("=")
    if key not in ("fault", "variant") or not equals or not value:
        raise TargetError(f"'ref:{text}' is no target: write ref:, ref:fault=NAME or ref:variant=NAME")
    if "," in value or "=" in value:
        raise TargetError(f"'ref:{text}': one fault or one variant at a time")
    return RefSpec(fault=value) if key == "fault" else RefSpec(variant=value)


def _named(text: str, config: TargetFile | None) -> Declared:
    names = config.targets if config is not None else {}
    if text in names:
        return names[text]
    where = str(config.path) if config is not None else f"{CONFIG_NAME} (there is none in this folder; see --config)"
    raise TargetError(
        f"no target {text!r} in {where}{did_you_mean(text, names)}"
        " (a target is ref:, ref:fault=NAME, ref:variant=NAME, a URL with https:// or http://, or a name from there)"
    )


def _declared(name: str, table: Any, path: Path) -> Declared:
    where = f"{path}: [targets.{name}]"
    if not _NAME.match(name):
        raise TargetError(f"{where}: a target's name is letters, digits, '.', '_' and '-'")
    if not isinstance(table, dict):
        raise TargetError(f"{where} must be a table with base_url, token, dialects, email_domain")
    _only(table, _KEYS, str(path), f"[targets.{name}]")
    if "base_url" not in table:
        raise TargetError(f"{where} lacks base_url, e.g. base_url = \"https://api.example.com/scim/v2\"")
    return Declared(
        name,
        _checked_url(_text(table, "base_url", where), f"{where} base_url"),
        _token_source(_text(table, "token", where), where) if "token" in table else None,
        _dialects(table["dialects"], where) if "dialects" in table else None,
        _domain(_text(table, "email_domain", where), where) if "email_domain" in table else EMAIL_DOMAIN,
    )


def _only(table: Mapping[str, Any], known: tuple[str, ...], file: str, where: str) -> None:
    for key in table:
        if key not in known:
            raise TargetError(f"{file}: {where} has an unknown key {key!r}{did_you_mean(key, known)}")


def _text(table: Mapping[str, Any], key: str, where: str) -> str:
    value = table[key]
    if not isinstance(value, str):
        raise TargetError(f"{where} {key}: a string was expected, not {type(value).__name__}")
    return value


def _checked_url(text: str, what: str) -> str:
    """The base URL without a trailing slash. Never repeats user information, which may hold a password."""
    try:
        parts: SplitResult = urlsplit(text)
        _ = parts.port
    except ValueError as error:
        raise TargetError(f"{what}: not a URL: {error}") from None
    if "@" in parts.netloc:
        raise TargetError(f"{what}: no user or password in the URL (it would end up in logs); give a token instead")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise TargetError(f"{what}: {text!r} is no base URL; it looks like https://api.example.com/scim/v2")
    if parts.query or parts.fragment or re.search(r"[\s\x00-\x1f\x7f]", text):
        raise TargetError(f"{what}: a base URL has no query, no fragment and no blanks")
    return text.rstrip("/")


def _token_source(text: str, where: str) -> str:
    kind, colon, rest = text.partition(":")
    if not colon or kind not in ("env", "file", "cmd") or not rest.strip():
        raise TargetError(
            f"{where} token: a token itself does not belong in this file, which gets committed and shared;"
            ' write where it is: "env:NAME", "file:PATH" or "cmd:COMMAND"'
        )
    return text


def _dialects(value: Any, where: str) -> tuple[str, ...]:
    from scimrig_simulator import idp

    if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
        raise TargetError(f'{where} dialects: a list of names was expected, e.g. ["okta", "entra"]')
    known = tuple(idp.names())
    for name in value:
        if name not in known:
            raise TargetError(f"{where} dialects: unknown dialect {name!r}{did_you_mean(name, known)}")
    return tuple(dict.fromkeys(value))


def _domain(text: str, where: str) -> str:
    if not _DOMAIN.match(text):
        raise TargetError(f"{where} email_domain: {text!r} is no domain name, e.g. \"test.example.com\"")
    return text


def _token(
    token_env: str | None, source: str | None, env: Mapping[str, str], folder: Path, where: str = ""
) -> tuple[str | None, str]:
    """The token and where it came from."""
    if token_env is not None:
        return _from_env(token_env, env, "--token-env"), f"env:{token_env}"
    if source is None:
        given = env.get(DEFAULT_TOKEN_ENV, "")
        return (_clean(given, DEFAULT_TOKEN_ENV), f"env:{DEFAULT_TOKEN_ENV}") if given.strip() else (None, "none")
    kind, _, rest = source.partition(":")
    rest = rest.strip()
    if kind == "env":
        return _from_env(rest, env, where), source
    if kind == "file":
        return _from_file(folder / Path(rest).expanduser(), where), source
    return _from_command(rest, folder, where), f"cmd:{rest.split()[0]}"


def _from_env(name: str, env: Mapping[str, str], where: str) -> str:
    value = env.get(name, "")
    if not value.strip():
        raise TargetError(f"{where}: the environment variable {name} is not set (or empty)")
    return _clean(value, name)


def _from_file(path: Path, where: str) -> str:
    try:
        return _clean(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise TargetError(f"{where}: cannot read {path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise TargetError(f"{where}: {path} is not text") from None


def _from_command(command: str, folder: Path, where: str) -> str:
    """Run a command (no shell) and take its output. What it printed is never shown: it may be half a secret."""
    import shlex

    try:
        words = shlex.split(command)
        done = subprocess.run(words, cwd=folder, stdout=subprocess.PIPE, timeout=COMMAND_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise TargetError(f"{where}: {words[0]!r} gave no token within {COMMAND_SECONDS:.0f} s") from None
    except (OSError, ValueError) as error:
        raise TargetError(f"{where}: cannot run the command: {error}") from None
    if done.returncode != 0:
        raise TargetError(f"{where}: {words[0]!r} failed with exit code {done.returncode}")
    return _clean(done.stdout.decode("utf-8", "replace"), words[0])


def _clean(value: str, source: str) -> str:
    token = value.strip()
    if not token:
        raise TargetError(f"the token from {source} is empty")
    if not all("!" <= character <= "~" for character in token):
        raise TargetError(
            f"the token from {source} holds a blank or a character outside ASCII; give the token alone,"
            " without 'Bearer' before it"
        )
    return token
