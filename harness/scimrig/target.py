"""The target: which server is judged, with which token, and what its owner declares about it.

Rule: strict. A secret stands in the environment, in a file of its own or behind a command, never in a target file and
never on a command line. Sends nothing.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scimrig import secrets_source
from scimrig.addresses import is_loopback, origin, url_trouble
from scimrig.declarations import NOTHING, TABLES, Declarations
from scimrig.declared_calls import calls
from scimrig.suggestion import did_you_mean
from scimrig.target_error import TargetError
from scimrig.target_file import FILE_NAME, TargetFile, load_target_file, overlaid
from scimrig.target_meaning import EMAIL_DOMAIN, email_domain, mistakes

if TYPE_CHECKING:
    from scimrig.channels import Channels, OAuthClient, SecondTenant
    from scimrig_simulator.clock import Clock
    from scimrig_simulator.drive import Transport
    from scimrig_simulator.faults.sabotage import Fault
    from scimrig_simulator.wire import Poster

__all__ = [
    "COUNTED_BY_DEFAULT", "DEFAULT_TOKEN_ENV", "FILE_NAME", "RefSpec", "Target", "TargetError", "TargetFile",
    "from_argument", "is_loopback", "load_target_file", "open_channels", "open_transport", "reference_app",
]

DEFAULT_TOKEN_ENV = "SCIMRIG_TOKEN"
COUNTED_BY_DEFAULT = ("okta", "entra", "google", "rfc")
REF_BASE_URL = "http://localhost/scim/v2"

_SIGNED = ("standard-webhooks", "svix")


@dataclass(frozen=True, slots=True)
class RefSpec:
    """The reference server inside this process, sound or broken by name. ``policy``: the preset of its promises."""

    fault: str | None = None
    variant: str | None = None
    policy: str = "open"


@dataclass(frozen=True, slots=True)
class Target:
    """The server under test.

    name:           as the user named it
    token:          bearer token, None = none is sent; token_source says where it came from, for messages
    dialects:       those that the exit code counts
    ref:            set where the reference server is embedded; base_url is then only for show
    email_domain:   domain of the e-mail addresses of the people we make up
    declared:       what its owner promises, and the calls by which that can be watched
    hooks_base:     where the paths of declared calls begin
    hooks_token:    bearer token for declared calls, None = the target's own, to its own origin only
    webhook_secret: what its webhooks are signed with, None where it is told by the answer to webhooks.register
    second_token:   bearer token of the second tenant, None where a call tells it
    client_secret, client_assertion: what an OAuth client shows; without a secret of its own: the target's token
    folder:         that of the target file, where the commands it declares are run
    """

    name: str
    base_url: str
    token: str | None = field(repr=False)
    token_source: str
    dialects: tuple[str, ...]
    ref: RefSpec | None = None
    email_domain: str = EMAIL_DOMAIN
    declared: Declarations = NOTHING
    hooks_base: str = ""
    hooks_token: str | None = field(default=None, repr=False)
    webhook_secret: str | None = field(default=None, repr=False)
    second_token: str | None = field(default=None, repr=False)
    client_secret: str | None = field(default=None, repr=False)
    client_assertion: str | None = field(default=None, repr=False)
    folder: Path = Path()

    @property
    def credentials(self) -> str | None:
        """The whole Authorization value (RFC 6750 §2.1), None where no token is known."""
        return None if self.token is None else f"Bearer {self.token}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """Everything about this target that must not be written anywhere."""
        known = (
            self.token, self.hooks_token, self.webhook_secret, self.second_token, self.client_secret,
            self.client_assertion,
        )
        return tuple(secret for secret in known if secret is not None)

    @property
    def second(self) -> SecondTenant | None:
        """Another tenant of the same product, None where none is declared."""
        from scimrig.channels import SecondTenant

        url = self.declared.value("second_tenant.base_url")
        if url is None:
            return None
        whole = f"{origin(self.base_url)}{url}" if url.startswith("/") else str(url)
        return SecondTenant(whole.rstrip("/"), self.second_token)

    @property
    def client(self) -> OAuthClient | None:
        """A client that asks for access tokens, None where none is declared."""
        from scimrig.channels import OAuthClient

        url = self.declared.value("oauth.token_url")
        if url is None:
            return None
        return OAuthClient(
            url, self.declared.value("oauth.client_id"), self.client_secret or self.token, self.client_assertion
        )

    @property
    def loopback(self) -> bool:
        """True where writing needs no consent: the embedded server, and addresses that never leave this machine."""
        return self.ref is not None or is_loopback(self.base_url)

    @property
    def called_elsewhere(self) -> tuple[str, ...]:
        """Where declared calls go beyond this machine and beyond the target itself, by origin."""
        urls = [call["path"] for key, call in calls(self.declared) if "path" in call and "consumer" not in key]
        urls += [second.base_url] if (second := self.second) is not None else []
        urls += [client.token_url] if (client := self.client) is not None else []
        origins = {origin(self.hooks_base if url.startswith("/") else url) for url in urls}
        return tuple(sorted(one for one in origins - {origin(self.base_url)} if not is_loopback(one)))


def from_argument(
    text: str | None, file: TargetFile | None, env: Mapping[str, str], token_env: str | None = None
) -> Target:
    """The target meant on a command line: nothing or ``ref:…``, a URL, or a name from the target file.

    ``token_env`` names an environment variable and overrides what the target file says; without either the token comes
    from SCIMRIG_TOKEN where that is set. Fetching a secret may run a command (``cmd:``). Raises TargetError.
    """
    text = text or "ref:"
    if text.startswith("ref:"):
        return _reference(text, file)
    if "://" in text:
        trouble = url_trouble(text)
        if trouble:
            raise TargetError(f"the target: {trouble}")
        shared = {} if file is None else file.shared
        return _server(text, _Table(file, None, {**shared, "base_url": text}), env, token_env)
    table = _named(text, file)
    if "base_url" not in table:
        raise TargetError(f"{text!r} is a receiver of webhooks alone; judge it with: scimrig consumer {text}")
    return _server(text, _Table(file, text, table), env, token_env)


def open_transport(target: Target, timeout: float, clock: Clock) -> Transport:
    """What plays flows against the target: over HTTP, or in process for ``ref:``. ``timeout`` in seconds a request."""
    return open_channels(target, timeout, clock).scim


def open_channels(target: Target, timeout: float, clock: Clock, poster: Poster | None = None) -> Channels:
    """The ways to the target: SCIM, and the calls that its owner declares; on ``ref:`` both lead to the same app.

    ``timeout`` in seconds a request. ``poster`` takes the webhooks of ``ref:``, None = they go over HTTP.
    """
    from scimrig.channels import Channels, Hooks
    from scimrig_simulator.drive import HttpTransport, InProcessTransport

    tokens = {origin(target.base_url): target.credentials} if target.credentials is not None else {}
    base = target.hooks_base or origin(target.base_url)
    if target.hooks_token is not None:
        tokens[origin(base)] = f"Bearer {target.hooks_token}"
    spec = target.ref
    if spec is None:
        def over_http(url: str, credentials: str | None) -> Transport:
            return HttpTransport(url, credentials, timeout=timeout, clock=clock)

        hooks = Hooks(base, tokens, over_http, target.folder)
        return Channels(over_http(target.base_url, target.credentials), hooks, target.second, target.client)
    app = reference_app(spec, token=target.token or "", clock=clock, poster=poster)

    def in_process(url: str, credentials: str | None) -> Transport:
        return InProcessTransport(app, url, credentials, clock, timeout)

    hooks = Hooks(base, tokens, in_process, target.folder)
    return Channels(in_process(target.base_url, target.credentials), hooks, target.second, target.client)


def reference_app(spec: RefSpec, *, token: str, clock: Clock, **more: Any) -> Any:
    """The reference server as an ASGI app, broken or varied as ``spec`` says. more: whatever else ``Settings`` takes.

    Raises TargetError for unknown names, and what ``build`` raises.
    """
    from scimrig_simulator.server.app import Settings, build

    settings = Settings(token=token, clock=clock, policy=spec.policy, **more)
    twist = _twist(spec)
    return build(settings) if twist is None else twist.server(lambda seams: build(settings, seams))


_SECRETS = (
    ("webhooks", "secret"), ("hooks", "token"), ("second_tenant", "token"), ("oauth", "client_secret"),
    ("oauth", "client_assertion"), ("consumer", "secret"),
)


@dataclass(frozen=True, slots=True)
class _Table:
    """What is declared for one target, and where: ``name`` of its table, None for what stands at the top."""

    file: TargetFile | None
    name: str | None
    data: Mapping[str, Any]

    def where(self, key: str) -> str:
        return key if self.file is None else f"{self.file.where(self.name)} {key}"

    def check(self, home: str | None = None) -> None:
        found = [self.where(mistake) for mistake in mistakes(self.data, home)]
        if found:
            raise TargetError("\n".join(found))

    def declared(self, distant: bool) -> Declarations:
        """The declarations; of a secret only where it is, and of a command only its name."""
        data = {key: self.data[key] for key in TABLES if key in self.data}
        for table, key in _SECRETS:
            if key in data.get(table, {}):
                data[table] = {**data[table], key: secrets_source.shown(data[table][key])}
        return Declarations(data, distant)

    def secret(self, key: str, env: Mapping[str, str]) -> str | None:
        """A secret fetched from where a dotted key says that it is, None where it says nothing."""
        source = Declarations(self.data).value(key)
        if source is None:
            return None
        return secrets_source.fetch(source, env, self.folder, self.where(key))

    @property
    def folder(self) -> Path:
        """Where commands and files of the target file are looked for."""
        return Path() if self.file is None else self.file.path.parent


def _server(name: str, table: _Table, env: Mapping[str, str], token_env: str | None) -> Target:
    """A target behind a URL."""
    table.check()
    data = table.data
    base_url = str(data["base_url"]).rstrip("/")
    token, source = _token(table, env, token_env)
    declared = table.declared(distant=not is_loopback(base_url))
    hooks_base = declared.value("hooks.base_url") or origin(base_url)
    return Target(
        name, base_url, token, source, tuple(dict.fromkeys(data.get("dialects", COUNTED_BY_DEFAULT))),
        email_domain=email_domain(data), declared=declared, hooks_base=hooks_base.rstrip("/"),
        hooks_token=table.secret("hooks.token", env), webhook_secret=_webhook_secret(table, env),
        second_token=table.secret("second_tenant.token", env),
        client_secret=table.secret("oauth.client_secret", env),
        client_assertion=table.secret("oauth.client_assertion", env), folder=table.folder,
    )


def _token(table: _Table, env: Mapping[str, str], token_env: str | None) -> tuple[str | None, str]:
    """The target's own token and where it came from."""
    if token_env is not None:
        return secrets_source.from_env(token_env, env, "--token-env"), f"env:{token_env}"
    if "token" in table.data:
        return table.secret("token", env), secrets_source.shown(table.data["token"])
    given = env.get(DEFAULT_TOKEN_ENV, "")
    if not given.strip():
        return None, "none"
    return secrets_source.clean(given, DEFAULT_TOKEN_ENV), f"env:{DEFAULT_TOKEN_ENV}"


def _webhook_secret(table: _Table, env: Mapping[str, str]) -> str | None:
    """The declared secret of webhooks. Raises TargetError where nothing can be signed with it."""
    secret = table.secret("webhooks.secret", env)
    if secret is not None and Declarations(table.data).value("webhooks.signing") in _SIGNED:
        try:
            base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except binascii.Error:
            where = table.where("webhooks.secret")
            raise TargetError(f"{where}: what is there is no signing secret: whsec_ and base64 after it") from None
    return secret


def _reference(text: str, file: TargetFile | None) -> Target:
    """The embedded server. It makes its own token and tells its own webhook secret; declared calls stay in it."""
    import secrets

    shared = {} if file is None else file.shared
    spec = _ref_spec(text.removeprefix("ref:"), shared.get("ref", {}).get("policy", "open"))
    twist = _twist(spec)
    below = twist.declares if twist is not None and spec.variant is not None else {}
    table = _Table(file, None, overlaid(below, shared))
    table.check(home=REF_BASE_URL)
    counted = tuple(dict.fromkeys(table.data.get("dialects", COUNTED_BY_DEFAULT)))
    return Target(
        text, REF_BASE_URL, f"ref-{secrets.token_urlsafe(18)}", "made for this run", counted, ref=spec,
        email_domain=email_domain(table.data), declared=table.declared(distant=False), hooks_base=origin(REF_BASE_URL),
        folder=table.folder,
    )


def _ref_spec(text: str, policy: str) -> RefSpec:
    if not text:
        return RefSpec(policy=policy)
    key, equals, value = text.partition("=")
    if key not in ("fault", "variant") or not equals or not value:
        raise TargetError(f"'ref:{text}' is no target: write ref:, ref:fault=NAME or ref:variant=NAME")
    if "," in value or "=" in value:
        raise TargetError(f"'ref:{text}': one fault or one variant at a time")
    return RefSpec(fault=value, policy=policy) if key == "fault" else RefSpec(variant=value, policy=policy)


def _twist(spec: RefSpec) -> Fault | None:
    """The fault or variant that is asked for; a promise that nobody makes cannot be broken."""
    from scimrig_simulator import faults

    try:
        if spec.fault is None:
            return None if spec.variant is None else faults.variant(spec.variant)
        fault = faults.fault(spec.fault)
    except ValueError as unknown:
        raise TargetError(str(unknown)) from None
    if fault.policy and fault.policy != spec.policy:
        raise TargetError(
            f"the fault {spec.fault!r} breaks a promise of the policy {fault.policy!r}, and that is not on;"
            f' add [ref] policy = "{fault.policy}" to the target file (for `scimrig serve`: --policy {fault.policy})'
        )
    return fault


def _named(text: str, file: TargetFile | None) -> Mapping[str, Any]:
    names = file.targets if file is not None else {}
    if text in names:
        return names[text]
    where = str(file.path) if file is not None else f"{FILE_NAME} (there is none in this folder; see --target-file)"
    raise TargetError(
        f"no target {text!r} in {where}{did_you_mean(text, names)}"
        " (a target is ref:, ref:fault=NAME, ref:variant=NAME, a URL with https:// or http://, or a name from there)"
    )
