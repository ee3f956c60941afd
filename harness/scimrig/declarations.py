"""What an owner declares about a target: promises, and the calls by which they can be watched.

``KEYS`` is the catalogue of what may be declared; a test holds it together with the structure of a target file,
``scenarios/target-file.schema.json``. Reading a file is the business of ``target_file.py``.

Rule: plain data, sends nothing, holds no secret: of a secret it knows only where it comes from.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from scimrig_simulator.idp.promises import Promises

TABLES = ("consistency", "policy", "roles", "deprovision", "webhooks", "hooks")
"""The tables of a target file that hold declarations."""

_CALL = '{method = "PUT", path = "/…"}'


@dataclass(frozen=True, slots=True)
class Key:
    """One thing that may be declared.

    title:   what it promises or names, one line
    example: what stands behind the ``=``, as TOML
    default: what holds where it is not declared (``Declarations.setting``); None = nothing is promised
    """

    title: str
    example: str
    default: Any = None


KEYS: Mapping[str, Key] = {
    "consistency.within": Key("seconds after which reads show a write; without it: at once", "3", 0),
    "policy.email_change": Key(
        "what a write that changes an e-mail address does: it is refused, it leaves the address as it was,"
        " or it changes the address",
        '"reject", "ignore" or "allow"',
    ),
    "policy.allowed_domains": Key(
        "the only e-mail domains whose users are taken; others are refused when created, changed or reactivated",
        '["acme.test"]',
    ),
    "policy.foreign_domain": Key(
        "an e-mail domain that is refused, for the people who must not get in", '"contractor.test"',
        "not-registered.test",
    ),
    "policy.subdomains_match": Key("whether a sub-domain of an allowed domain is allowed too", "true or false", False),
    "roles.default": Key("the role of a user to whom no group gives another", '"member"'),
    "roles.assignable": Key("roles that hooks.map_group may give, at least one", '["developer", "admin"]'),
    "roles.cardinality": Key(
        "what somebody in several mapped groups has: all of their roles, or one", '"union" or "one"'
    ),
    "roles.readback": Key(
        "the call that tells a user's roles; read points at each of them",
        '{method = "GET", path = "/…/{user_id}/…", read = "/roles/*"}',
    ),
    "deprovision.mode": Key("what active=false does: the user stays readable, or is gone", '"soft" or "hard"'),
    "deprovision.max_latency_ms": Key("milliseconds after which a deactivated user is out", "5000", 5000),
    "deprovision.access_probe": Key(
        "the call that tells whether a user may come in: true or false where read points,"
        " or without read 2xx for yes and 401 or 403 for no",
        '{method = "GET", path = "/…/{user_id}/…", read = "/allowed"}',
    ),
    "webhooks.signing": Key("how webhooks are signed", '"standard-webhooks", "svix" or "none"'),
    "webhooks.secret": Key(
        "where the signing secret is, unless the answer to webhooks.register tells it", '"env:WEBHOOK_SECRET"'
    ),
    "webhooks.register": Key(
        "the call that has webhooks sent to {url}; read points at the signing secret in its answer",
        '{method = "PUT", path = "/…", body = {url = "{url}"}, read = "/secret"}',
    ),
    "webhooks.unregister": Key("the call that ends what webhooks.register began", '{method = "DELETE", path = "/…"}'),
    "webhooks.success": Key("answers that the sender takes for delivered", "[200, 201]", (200,)),
    "webhooks.retry_schedule": Key(
        "seconds before attempt 1, 2 and so on, each counted from the failure before it", "[0, 5, 300]"
    ),
    "webhooks.tolerance_s": Key("seconds by which a timestamp may be off", "300", 300),
    "webhooks.max_first_attempt_ms": Key("milliseconds after which the first attempt has been made", "10000", 10_000),
    "webhooks.suppress_noop": Key("whether a write that changes nothing is not announced", "true or false"),
    "webhooks.timeout_s": Key("seconds that the sender waits for an answer", "10", 10),
    "webhooks.public_url": Key(
        "how the target reaches scimrig's sink; needed where the target is not on this machine",
        '"https://tunnel.example.com/sink"',
    ),
    "webhooks.listen": Key("where scimrig's sink listens, port 0 for any free one", '"127.0.0.1:8787"', "127.0.0.1:0"),
    "webhooks.events": Key(
        "what the target calls its events; those that are named can be awaited",
        '{user_created = "…", user_updated = "…", user_deleted = "…"}',
    ),
    "webhooks.envelope": Key(
        "where in a delivery things stand, as JSON Pointers", '{type = "/type"}', {"type": "/type"}
    ),
    "hooks.base_url": Key(
        "where the paths of declared calls begin; without it: the origin of the target's base_url",
        '"https://api.example.com"',
    ),
    "hooks.token": Key(
        "where the bearer token for declared calls is; without it: the target's own, to its own origin only",
        '"env:HOOKS_TOKEN"',
    ),
    "hooks.before_run": Key("calls that set the target up before a run", f"[{_CALL}]"),
    "hooks.after_run": Key("calls that put things back after a run", f"[{_CALL}]"),
    "hooks.map_group": Key(
        "the call that has the members of a group given a role",
        '{method = "PUT", path = "/…/{group_id}", body = {role = "{role}"}}',
    ),
}
"""Dotted key → what it means. The order is that of a target file."""


@dataclass(frozen=True, slots=True)
class Declarations:
    """What the owner of one target declares.

    data:    the tables of the target file as nested mappings, checked; secrets by their source ("env:NAME")
    distant: whether the target is beyond this machine, so that it cannot reach the sink by itself
    """

    data: Mapping[str, Any] = field(default_factory=dict)
    distant: bool = False

    def value(self, key: str) -> Any | None:
        """What is declared under a dotted key ("policy.email_change"), None where nothing is."""
        found: Any = self.data
        for part in key.split("."):
            if not isinstance(found, Mapping) or part not in found:
                return None
            found = found[part]
        return found

    def setting(self, key: str) -> Any:
        """What is declared under a key of the catalogue, else its default. Raises KeyError for an unknown key."""
        declared = self.value(key)
        return KEYS[key].default if declared is None else declared

    @property
    def promises(self) -> Promises:
        """What an engine's expectations depend on."""
        domains = self.value("policy.allowed_domains")
        return Promises(
            self.value("policy.email_change") or "allow",
            None if domains is None else tuple(domains),
            bool(self.setting("policy.subdomains_match")),
            self.value("deprovision.mode") != "hard",
        )

    def missing(self, keys: Iterable[str]) -> str:
        """One line on what must be declared for something to be played, "" where all of it is.

        A key may ask for a value, or one of several (``policy.email_change=reject|ignore``), and may name what would do
        as well (``webhooks.register|webhooks.public_url``). Webhooks from a distant target need an address of the sink
        that it can reach.
        """
        wanted = list(dict.fromkeys(keys))
        if any(key.startswith("webhooks.") for key in wanted) and not self._reachable():
            wanted.append("webhooks.public_url")
        return " and ".join(dict.fromkeys(self._lacks(wanted)))

    def _lacks(self, keys: Iterable[str]) -> Iterator[str]:
        head = "undeclared: "
        for key in keys:
            name, _, value = key.partition("=")
            names = name.split("|")
            declared = next((found for found in map(self.value, names) if found is not None), None)
            if declared is None:
                yield f"{head}{names[0]} (add {_lines(names)} to the target file)"
                head = ""
            elif value and _text(declared) not in value.split("|"):
                yield f"declared otherwise: {name} = {_toml(declared)}, and this is about {value.replace('|', ' or ')}"
                head = "undeclared: "

    def _reachable(self) -> bool:
        """Whether the target can reach the sink, as far as can be told from here."""
        if not self.distant or self.value("webhooks.public_url") is not None:
            return True
        host = str(self.setting("webhooks.listen")).rpartition(":")[0]
        return not (host in ("localhost", "[::1]", "[::]", "0.0.0.0") or host.startswith("127."))


NOTHING = Declarations()
"""What is declared where there is no target file."""


def _lines(names: list[str]) -> str:
    return " or ".join(f"{name} = {_known(name).example}" for name in names)


def _known(name: str) -> Key:
    """The entry of a key, or of the table that it stands in (``webhooks.events.user_created``)."""
    if name in KEYS:
        return KEYS[name]
    return Key("", '"…"')


def _text(value: Any) -> str:
    return value if isinstance(value, str) else _toml(value)


def _toml(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
