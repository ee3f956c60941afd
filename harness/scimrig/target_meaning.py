"""What the keys of a target file mean together, for one target: everything that a schema cannot see.

Rule: pure; yields one line a mistake, key first. It is asked before the first request, so that a run never ends in the
middle because of a word in a file.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from scimrig.addresses import is_private, origin, url_trouble
from scimrig.declarations import TABLES, Declarations
from scimrig.declared_calls import CALLS, CallKind, calls
from scimrig.hooks import VARIABLE
from scimrig.suggestion import did_you_mean

EMAIL_DOMAIN = "example.com"

WEBHOOKS_COME = "webhooks.register|webhooks.public_url"
"""Declarations of which one is needed for webhooks to be seen."""

_CREDENTIALS = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key"})


def email_domain(table: Mapping[str, Any]) -> str:
    """The e-mail domain of the people that we make up: as declared, else one that is allowed, else our own."""
    allowed = table.get("policy", {}).get("allowed_domains") or (EMAIL_DOMAIN,)
    return str(table.get("email_domain", allowed[0]))


def mistakes(table: Mapping[str, Any], home: str | None = None) -> Iterator[str]:
    """What is wrong with the declarations for one target; the structure is sound already.

    home: the base URL that declared calls may not leave, None where they may go elsewhere
    """
    declared = Declarations({key: table[key] for key in TABLES if key in table})
    odd = list(_odd(table, ""))
    yield from odd
    if odd:
        return
    if "base_url" in table:
        yield from _url("base_url", table["base_url"])
    yield from _dialects(table.get("dialects", ()))
    yield from _domains(table, declared)
    yield from _hooks(declared)
    yield from _webhooks(declared, embedded=home is not None, preset="extends" in table)
    token_url = declared.value("oauth.token_url")
    if token_url is not None and not token_url.startswith("/"):
        yield from _whole_url("oauth.token_url", token_url, home)
    for place, call in calls(declared):
        yield from _call(place, call, CALLS[place.partition("[")[0]], home)


def _odd(value: Any, key: str) -> Iterator[str]:
    """Values that TOML has and JSON has not, and line breaks where a schema's ``$`` overlooks them."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _odd(item, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _odd(item, f"{key}[{number}]")
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"{key}: {value} is no number that JSON has"
    elif not isinstance(value, (str, int, float, bool)):
        yield f"{key}: a date or time stands in quotes: \"{value}\""
    elif isinstance(value, str) and value.endswith("\n") and ".body" not in key:
        yield f"{key} ends in a line break"


def _dialects(names: Any) -> Iterator[str]:
    from scimrig_simulator import idp

    known = tuple(idp.names())
    for name in names:
        if name not in known:
            yield f"dialects: unknown dialect {name!r}{did_you_mean(name, known)}"


def _domains(table: Mapping[str, Any], declared: Declarations) -> Iterator[str]:
    promises = declared.promises
    own = email_domain(table)
    if not promises.takes(f"ada@{own}"):
        first = (promises.domains or ("",))[0]
        yield (
            f"email_domain: {own!r} is not among policy.allowed_domains, so nobody that scimrig makes up could be"
            f' provisioned; write email_domain = "{first}"'
        )
    foreign = declared.setting("policy.foreign_domain")
    if promises.domains is not None and promises.takes(f"ada@{foreign}"):
        yield f"policy.foreign_domain: {foreign!r} is allowed by policy.allowed_domains; name one that is refused"


def _hooks(declared: Declarations) -> Iterator[str]:
    base = declared.value("hooks.base_url")
    if base is not None:
        yield from _url("hooks.base_url", base)
        if not url_trouble(base) and not is_private(base):
            yield f"hooks.base_url: {base!r} must be https:// (http:// only to this machine): a token goes there"
    if declared.value("hooks.map_group") is not None and declared.value("roles.assignable") is None:
        yield 'hooks.map_group needs to know which roles it may give: add roles.assignable = ["developer"]'


def _webhooks(declared: Declarations, embedded: bool, preset: bool) -> Iterator[str]:
    public = declared.value("webhooks.public_url")
    host, _, port = str(declared.setting("webhooks.listen")).rpartition(":")
    if int(port) > 65535 or not host:
        yield f"webhooks.listen: {port} is no port (0 to 65535)"
    if public is not None:
        yield from _url("webhooks.public_url", public)
        if int(port) == 0:
            yield (
                "webhooks.public_url leads to a port of this machine, which must not change:"
                ' add webhooks.listen = "127.0.0.1:8787"'
            )
    if declared.value("webhooks.signing") in (None, "none"):
        return
    register = declared.value("webhooks.register") or {}
    if "read" in register:
        return
    if preset and declared.missing([WEBHOOKS_COME]):
        return  # what the preset says of webhooks is not used
    if embedded and register:
        yield 'webhooks.register: the built-in server tells the secret in its answer; add read = "/secret"'
    elif declared.value("webhooks.secret") is None:
        yield (
            'webhooks.signing needs the secret: add webhooks.secret = "env:WEBHOOK_SECRET",'
            " or read to webhooks.register where its answer tells it"
        )


def _call(place: str, call: Mapping[str, Any], kind: CallKind, home: str | None) -> Iterator[str]:
    if not kind.many and "*" in call.get("read", "").split("/"):
        yield f"{place}.read: {call['read']!r} points at many values; one is needed"
    if "command" in call:
        return  # it is told everything that is known
    texts = dict(_texts(call))
    used = {name for text in texts.values() for name in VARIABLE.findall(text)}
    for name in sorted(used.difference(kind.variables)):
        known = [f"{{{one}}}" for one in kind.variables]
        yield f"{place}: {{{name}}} is no variable of this call{did_you_mean(f'{{{name}}}', known) or '; it has none'}"
    if kind.needs and not used.intersection(kind.variables):
        wanted = " or ".join(f"{{{name}}}" for name in kind.needs)
        yield f"{place} does not say whom or what it is about: put {wanted} into its path or body"
    for name in call.get("headers", {}):
        if name.lower() in _CREDENTIALS:
            yield f"{place}.headers: {name} does not belong in this file; hooks.token says where a bearer token is"
    if not call["path"].startswith("/"):
        yield from _whole_url(f"{place}.path", call["path"], home)


def _whole_url(place: str, path: str, home: str | None) -> Iterator[str]:
    bare = path.partition("?")[0]
    trouble = url_trouble(bare)
    if trouble:
        yield f"{place}: {trouble}"
    elif VARIABLE.search(urlsplit(bare).netloc):
        yield f"{place}: no variable in the name of a host"
    elif not is_private(bare):
        yield f"{place}: {bare!r} must be https:// (http:// only to this machine)"
    elif home is not None and origin(bare) != origin(home):
        yield f"{place}: {bare!r} leads out of the built-in server; write a path, or use this file with a URL"


def _texts(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Every string in a call that may hold variables, by its place."""
    if isinstance(value, str) and place not in ("/method", "/read"):
        yield place, value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _texts(item, f"{place}/{name}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _texts(item, f"{place}/{number}")


def _url(key: str, text: str) -> Iterator[str]:
    trouble = url_trouble(text)
    if trouble:
        yield f"{key}: {trouble}"
