"""The management API of a server with a policy: what its owner sets up, and what there is to see of it.

Rule: reads and sets; what follows from a setting is for ``policy.py`` and the outbox. May not import ``faults``,
``idp`` or ``drive``.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from scimrig_simulator.policy.rules import canonical_domain
from scimrig_simulator.scim.schemas import Definitions
from scimrig_simulator.seams import Resource
from scimrig_simulator.server.desk import Desk
from scimrig_simulator.server.office import PLACE, Body, Handler, Trouble, nothing_at, only
from scimrig_simulator.server.policy import GROUP, USER, Policy

_ROLE = re.compile(r"[^\s\x00-\x1f](?:[^\x00-\x1f]{0,98}[^\s\x00-\x1f])?")


class Management:
    """What can be done below ``PLACE`` of one tenant."""

    def __init__(self, policy: Policy, definitions: Definitions) -> None:
        self._policy = policy
        self._desk = Desk(policy.store, definitions, policy.clock, "")

    def methods(self, segments: Sequence[str]) -> Mapping[str, Handler]:
        """What can be done at a path. Raises Trouble 404."""
        match segments:
            case ["domains"]:
                return {"GET": self._domains, "PUT": self._set_domains}
            case ["roles"]:
                return {"GET": self._roles, "PUT": self._set_default_role}
            case ["roles", "map", id]:
                return {"PUT": lambda body: self._map_role(id, body), "DELETE": lambda _: self._unmap_role(id)}
            case ["users", id, "roles"]:
                return {"GET": lambda _: self._roles_of(id)}
            case ["users", id, "access"]:
                return {"GET": lambda _: self._access_of(id)}
            case ["webhook"]:
                return {"GET": self._webhook, "PUT": self._register, "DELETE": self._unregister}
            case ["deliveries"]:
                return {"GET": lambda _: {"deliveries": self._policy.outbox.deliveries()}}
        raise nothing_at(PLACE, segments)

    # Domains

    def _domains(self, _: Body) -> Body:
        with self._policy.store.lock:
            return {"domains": list(self._policy.rules().domains)}

    def _set_domains(self, body: Body) -> Body:
        wanted = only(body, "domains")
        if not isinstance(wanted, list) or not all(isinstance(item, str) for item in wanted):
            raise Trouble(400, '\'domains\' must be an array of domain names, as in {"domains": ["acme.test"]}.')
        names = {text: canonical_domain(text) for text in wanted}
        wrong = next((text for text, name in names.items() if not name), None)
        if wrong is not None:
            raise Trouble(400, f"{wrong!r} is no domain name; write it as it stands behind the @ of an address.")
        self._policy.set_domains(sorted(set(names.values())))
        return self._domains({})

    # Roles

    def _roles(self, _: Body) -> Body:
        with self._policy.store.lock:
            rules = self._policy.rules()
        return {"default": rules.default_role, "map": dict(rules.roles)}

    def _set_default_role(self, body: Body) -> Body:
        self._policy.set_default_role(_role(only(body, "default"), "default"))
        return self._roles({})

    def _map_role(self, group_id: str, body: Body) -> Body:
        role = _role(only(body, "role"), "role")
        with self._policy.store.lock:
            if self._policy.store.fetch(GROUP, group_id) is None:
                raise Trouble(404, f"There is no group with id {group_id!r}.")
            self._policy.map_role(group_id, role)
        return {"role": role}

    def _unmap_role(self, group_id: str) -> None:
        with self._policy.store.lock:
            if group_id not in self._policy.rules().roles:
                raise Trouble(404, f"The group {group_id!r} gives no role.")
            self._policy.map_role(group_id, None)

    # Users

    def _roles_of(self, id: str) -> Body:
        with self._policy.store.lock:
            user = self._user(id)
            if user is None:
                raise Trouble(404, f"There is no user with id {id!r}.")
            return {"roles": list(self._policy.roles(user, self._policy.rules()))}

    def _access_of(self, id: str) -> Body:
        with self._policy.store.lock:
            user = self._user(id)
            allowed = self._policy.seams.access(user)
        return {"allowed": allowed, "reason": "" if allowed else "unknown" if user is None else "deactivated"}

    def _user(self, id: str) -> Resource | None:
        return self._desk.fetch(self._desk.definitions.resource_type(USER), id)

    # Webhook

    def _webhook(self, _: Body) -> Body:
        endpoint = self._policy.outbox.endpoint()
        if endpoint is None:
            raise Trouble(404, 'No webhook is registered; PUT {"url": "https://…"} here.')
        return {"url": endpoint.url}

    def _register(self, body: Body) -> Body:
        url = _url(only(body, "url"))
        return {"url": url, "secret": self._policy.outbox.register(url)}

    def _unregister(self, _: Body) -> None:
        self._policy.outbox.unregister()


def _role(value: Any, key: str) -> str:
    if not isinstance(value, str) or not _ROLE.fullmatch(value):
        raise Trouble(400, f"{key!r} must be the name of a role, of 100 characters at most.")
    return value


def _url(value: Any) -> str:
    """A URL that webhooks may go to: they hold people's data, so they leave this machine encrypted (CAP-47)."""
    try:
        parts = urlsplit(value if isinstance(value, str) else "")
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    plain = isinstance(value, str) and value.isascii() and value.isprintable() and " " not in value
    if not plain or not host or parts.scheme not in ("https", "http") or "@" in parts.netloc or parts.fragment:
        raise Trouble(400, "'url' must be a whole URL, as in https://app.example.com/hook.")
    if parts.scheme == "http" and not _loopback(host):
        raise Trouble(400, "'url' must be https; http is for a host on this machine only.")
    return str(value)


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
