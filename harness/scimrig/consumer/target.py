"""Which receiver of webhooks is meant, where it is, and what its owner declares: table ``[consumer]`` of a target file.

Rule: like ``scimrig.target``: nothing here sends; a secret is fetched from its source and never repeated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scimrig import secrets_source
from scimrig.addresses import is_loopback, origin, url_trouble
from scimrig.consumer.signer import key_of, new_secret
from scimrig.declarations import KEYS, NOTHING, Declarations
from scimrig.signing import FAMILIES, TOLERANCE
from scimrig.signing_hmac import WORKOS, WORKOS_TOLERANCE, Scheme
from scimrig.suggestion import did_you_mean
from scimrig.target_error import TargetError
from scimrig.target_file import FILE_NAME, TargetFile
from scimrig.target_meaning import EMAIL_DOMAIN, mistakes

REF_URL = "http://localhost/webhooks"
_TABLES = ("consumer", "consistency", "hooks")
_REF: Mapping[str, Any] = {
    "consumer": {
        "url": REF_URL, "signing": "standard-webhooks", "dedupe": True, "order": "occurred_at",
        "state_probe": {"method": "GET", "path": "/state/{user_id}"},
        "state": {"present": "/present", "active": "/active", "email": "/email", "name": "/name",
                  "applied": "/applied"},
        "reconcile": {
            "method": "POST", "path": "/reconcile",
            "body": {"api_url": "{api_url}", "organization_id": "{organization_id}", "directory_id": "{directory_id}"},
        },
    }
}
"""What the owner of the sample receiver declares."""


@dataclass(frozen=True, slots=True)
class ConsumerTarget:
    """The receiver under test.

    name:   as the user named it;  url: where webhooks go;  secret: what they are signed with
    fault, variant: of the sample receiver inside this process, where it is one (``embedded``)
    hooks_base, hooks_token: where the paths of declared calls begin, and their token
    """

    name: str
    url: str
    secret: str = field(repr=False)
    declared: Declarations = NOTHING
    hooks_base: str = ""
    hooks_token: str | None = field(default=None, repr=False)
    email_domain: str = EMAIL_DOMAIN
    embedded: bool = False
    fault: str | None = None
    variant: str | None = None

    @property
    def signing(self) -> str:
        return str(self.declared.setting("consumer.signing"))

    @property
    def scheme(self) -> Scheme | None:
        """How ``workos`` and ``hmac-sha256`` sign, None for the families of Standard Webhooks."""
        table = self.declared.value("consumer.hmac")
        if self.signing == "hmac-sha256" and table is not None:
            return Scheme.of(table)
        return WORKOS if self.signing == "workos" else None

    @property
    def tolerance(self) -> float:
        """Seconds by which a timestamp may be off: as declared, else as receivers of the family have it."""
        said = self.declared.value("consumer.tolerance_s")
        usual = WORKOS_TOLERANCE if self.signing == "workos" else TOLERANCE
        return usual if said is None else float(said)

    @property
    def loopback(self) -> bool:
        """True where delivering needs no consent."""
        return self.embedded or is_loopback(self.url)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be written anywhere."""
        return tuple(secret for secret in (self.secret, self.hooks_token) if secret is not None)


def from_argument(text: str | None, file: TargetFile | None, env: Mapping[str, str]) -> ConsumerTarget:
    """The receiver meant on a command line: nothing or ``ref:…``, a URL that webhooks go to, or a name. Raises
    TargetError."""
    text = text or "ref:"
    if text.startswith("ref:"):
        return _sample(text)
    shared = {} if file is None else file.shared
    if "://" in text:
        trouble = url_trouble(text.partition("?")[0])
        if trouble:
            raise TargetError(f"the target: {trouble.replace('/scim/v2', '/webhooks')}")
        return _server(text, file, None, {**shared, "consumer": {**shared.get("consumer", {}), "url": text}}, env)
    names = {} if file is None else file.targets
    if text in names:
        return _server(text, file, text, names[text], env)
    where = FILE_NAME if file is None else str(file.path)
    raise TargetError(
        f"no target {text!r} in {where}{did_you_mean(text, names)} (a receiver is ref:, ref:fault=NAME,"
        " ref:variant=NAME, the URL that webhooks go to, or a name from there)"
    )


def _server(
    name: str, file: TargetFile | None, table_name: str | None, table: Mapping[str, Any], env: Mapping[str, str]
) -> ConsumerTarget:
    before = "" if file is None else f"{file.where(table_name)} "
    consumer = table.get("consumer", {})
    for key, example in (("url", '"https://app.example.com/webhooks"'), ("secret", '"env:WEBHOOK_SECRET"')):
        if key not in consumer:
            raise TargetError(f"{before}consumer.{key} is missing: add [consumer] {key} = {example} to the target file")
    wrong = [mistake for mistake in mistakes(table) if mistake.startswith(("consumer", "hooks"))]
    wrong += _addresses(consumer)
    if wrong:
        raise TargetError("\n".join(f"{before}{mistake}" for mistake in wrong))
    folder = Path() if file is None else file.path.parent

    def fetched(source: str | None, key: str) -> str | None:
        return None if source is None else secrets_source.fetch(source, env, folder, f"{before}{key}")

    hooks = table.get("hooks", {})
    secret = fetched(consumer["secret"], "consumer.secret") or ""
    if consumer.get("signing", "standard-webhooks") in FAMILIES:
        _check(secret, f"{before}consumer.secret")
    elif consumer["signing"] == "hmac-sha256" and "hmac" not in consumer:
        example = KEYS["consumer.hmac"].example
        raise TargetError(f'{before}consumer.signing = "hmac-sha256" needs consumer.hmac = {example}')
    data = {key: _shown(table[key]) for key in _TABLES if key in table}
    base = hooks.get("base_url") or origin(consumer["url"])
    return ConsumerTarget(
        name, consumer["url"], secret, Declarations(data, not is_loopback(consumer["url"])), base.rstrip("/"),
        fetched(hooks.get("token"), "hooks.token"), str(table.get("email_domain", EMAIL_DOMAIN)),
    )


def _addresses(consumer: Mapping[str, Any]) -> list[str]:
    """What is wrong with the URLs of ``[consumer]``."""
    found = []
    trouble = url_trouble(consumer["url"].partition("?")[0])
    if trouble:
        found.append(f"consumer.url: {trouble.replace('/scim/v2', '/webhooks')}")
    listen = str(consumer.get("listen", KEYS["consumer.listen"].default))
    if "public_url" in consumer:
        trouble = url_trouble(consumer["public_url"])
        if not trouble and listen.endswith(":0"):
            trouble = 'it leads to a port of this machine, which must not change: add listen = "127.0.0.1:8788"'
        found += [f"consumer.public_url: {trouble}"] if trouble else []
    return found


def _check(secret: str, where: str) -> None:
    try:
        key = key_of(secret)
    except ValueError:
        key = b""
    if not key:
        raise TargetError(f"{where}: what is there is no signing secret: whsec_ and base64 after it")


def _shown(table: Mapping[str, Any]) -> dict[str, Any]:
    secrets = {key: secrets_source.shown(table[key]) for key in ("secret", "token") if key in table}
    return {**table, **secrets}


def _sample(text: str) -> ConsumerTarget:
    """The sample receiver inside this process, sound, broken or varied by name."""
    from scimrig_simulator import receivers

    kind, equals, name = text.removeprefix("ref:").partition("=")
    if text != "ref:" and (kind not in ("fault", "variant") or not equals or not name):
        raise TargetError(f"{text!r} is no receiver: write ref:, ref:fault=NAME or ref:variant=NAME")
    if equals:
        try:
            receivers.twist(kind, name)
        except ValueError as unknown:
            raise TargetError(str(unknown)) from None
    return ConsumerTarget(
        text, REF_URL, new_secret(), Declarations(_REF), origin(REF_URL), embedded=True,
        fault=name if kind == "fault" else None, variant=name if kind == "variant" else None,
    )
