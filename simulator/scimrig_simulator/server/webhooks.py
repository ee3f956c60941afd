"""Webhooks below /manage of one tenant: its endpoints and their secrets, and what became of its events.

/manage/webhook is the main endpoint, registered and replaced as a whole; /manage/webhooks are all of them. A secret is
told when it is made, and never again: what is listed has its last four characters.

Rule: reads and answers; what follows is for the outbox. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from scimrig_simulator.clock import printed
from scimrig_simulator.server.deliveries import LARGEST_PAGE, Deliveries
from scimrig_simulator.server.endpoints import Endpoint
from scimrig_simulator.server.office import PLACE
from scimrig_simulator.server.operations import Asked, Body, Operation, Trouble, flag, known, number, only, text
from scimrig_simulator.server.outbox import STATES, Outbox
from scimrig_simulator.server.store import Store

_MAIN = f"{PLACE}/webhook"
_ALL = f"{PLACE}/webhooks"
_DELIVERIES = f"{PLACE}/deliveries"
_FIELDS = ("url", "description", "events", "enabled")
_MOST_TYPES = 100


@dataclass(frozen=True, slots=True)
class Webhooks:
    """What can be asked about the webhooks of one tenant."""

    store: Store
    outbox: Outbox

    def operations(self) -> tuple[Operation, ...]:
        """The table."""
        return (
            Operation("ManageGetWebhook", "GET", _MAIN, self._main),
            Operation("ManageSetWebhook", "PUT", _MAIN, self._register),
            Operation("ManageDeleteWebhook", "DELETE", _MAIN, self._unregister),
            Operation("ManageRotateWebhookSecret", "POST", f"{_MAIN}/secret:rotate", self._rotate_main),
            Operation("ManageListEndpoints", "GET", _ALL, self._list),
            Operation("ManageCreateEndpoint", "POST", _ALL, self._create, 201),
            Operation("ManageGetEndpoint", "GET", f"{_ALL}/{{id}}", self._get),
            Operation("ManageUpdateEndpoint", "PATCH", f"{_ALL}/{{id}}", self._update),
            Operation("ManageDeleteEndpoint", "DELETE", f"{_ALL}/{{id}}", self._delete),
            Operation("ManageRotateEndpointSecret", "POST", f"{_ALL}/{{id}}/secrets:rotate", self._rotate),
            Operation("ManageListDeliveries", "GET", _DELIVERIES, self._deliveries),
            Operation("ManageRedeliver", "POST", f"{_DELIVERIES}/{{id}}:redeliver", self._redeliver),
        )

    # The main endpoint

    def _main(self, _: Asked) -> Body:
        return {"url": self._the_main().url}

    def _register(self, asked: Asked) -> Body:
        url = endpoint_url(only(asked.body, "url"), self.outbox.unencrypted)
        try:
            return {"url": url, "secret": self.outbox.register(url)}
        except ValueError as error:
            raise Trouble(409, f"Nothing was registered: {error}.") from None

    def _unregister(self, _: Asked) -> None:
        self.outbox.unregister()

    def _rotate_main(self, asked: Asked) -> Body:
        known(asked.body)
        with self.store.transaction():
            return {"secret": self.outbox.endpoints.rotate(self._the_main())}

    def _the_main(self) -> Endpoint:
        endpoint = self.outbox.endpoints.main()
        if endpoint is None:
            raise Trouble(404, 'No webhook is registered; PUT {"url": "https://…"} here.')
        return endpoint

    # All endpoints

    def _list(self, _: Asked) -> Body:
        with self.store.lock:
            return {"webhooks": [self._shown(endpoint) for endpoint in self.outbox.endpoints.all()]}

    def _create(self, asked: Asked) -> Body:
        body = known(asked.body, *_FIELDS)
        url = endpoint_url(body.get("url"), self.outbox.unencrypted)
        events = _types(body.get("events", []))
        try:
            endpoint, secret = self.outbox.endpoints.create(
                url, text(body, "description", ""), events, flag(body, "enabled", True)
            )
        except ValueError as error:
            raise Trouble(409, f"Nothing was registered: {error}.") from None
        self.outbox.resume()
        return {**self._shown(endpoint), "secret": secret}

    def _get(self, asked: Asked) -> Body:
        with self.store.lock:
            return self._shown(self._one(asked))

    def _update(self, asked: Asked) -> Body:
        body = known(asked.body, *_FIELDS)
        url = endpoint_url(body["url"], self.outbox.unencrypted) if "url" in body else None
        events = _types(body["events"]) if "events" in body else None
        description = text(body, "description", "") if "description" in body else None
        enabled = flag(body, "enabled") if "enabled" in body else None
        with self.store.transaction():
            self.outbox.endpoints.change(self._one(asked), url, description, events, enabled)
            shown = self._shown(self._one(asked))
        self.outbox.resume()
        return shown

    def _delete(self, asked: Asked) -> None:
        with self.store.transaction():
            self.outbox.remove(self._one(asked))

    def _rotate(self, asked: Asked) -> Body:
        known(asked.body)
        with self.store.transaction():
            return {"secret": self.outbox.endpoints.rotate(self._one(asked))}

    def _one(self, asked: Asked) -> Endpoint:
        endpoint = self.outbox.endpoints.one(asked.path["id"])
        if endpoint is None:
            raise Trouble(404, f"There is no webhook with id {asked.path['id']!r}.")
        return endpoint

    def _shown(self, endpoint: Endpoint) -> dict[str, Any]:
        return {
            "id": endpoint.id,
            "url": endpoint.url,
            "description": endpoint.description,
            "events": list(endpoint.events),
            "enabled": endpoint.enabled,
            "created": printed(endpoint.created / 1000),
            "secrets": [{"suffix": secret[-4:]} for secret in self.outbox.endpoints.secrets(endpoint.number)],
        }

    # Deliveries

    def _deliveries(self, asked: Asked) -> Body:
        state = asked.query.get("state", "")
        if state and state not in STATES:
            raise Trouble(400, f"'state' must be one of {', '.join(STATES)}, not {state[:40]!r}.")
        limit, after = number(asked.query, "limit", LARGEST_PAGE, 1, LARGEST_PAGE), asked.query.get("after", "")
        try:
            found, more = Deliveries(self.store, self.outbox).listed(state, after, limit)
        except LookupError:
            raise Trouble(400, f"'after' must be the id of a delivery, and {after[:80]!r} is none.") from None
        return {"deliveries": found, "next": more}

    def _redeliver(self, asked: Asked) -> Body:
        known(asked.body)
        id = asked.path["id"]
        try:
            return {"deliveries": Deliveries(self.store, self.outbox).again(id)}
        except LookupError:
            raise Trouble(404, f"There is no delivery or event with id {id!r}.") from None
        except ValueError as error:
            raise Trouble(409, f"It can't be sent again: {error}.") from None


def endpoint_url(value: Any, unencrypted: Callable[[str], bool]) -> str:
    """A URL that webhooks may go to. unencrypted: which hosts by http (CAP-47). Raises Trouble 400."""
    try:
        parts = urlsplit(value if isinstance(value, str) else "")
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    plain = isinstance(value, str) and value.isascii() and value.isprintable() and " " not in value
    if not plain or not host or parts.scheme not in ("https", "http") or "@" in parts.netloc or parts.fragment:
        raise Trouble(400, "'url' must be a whole URL, as in https://app.example.com/hook.")
    if parts.scheme == "http" and not unencrypted(host):
        raise Trouble(400, "'url' must be https; http is for a host on this machine only.")
    return str(value)


def _types(value: Any) -> Sequence[str]:
    if (
        not isinstance(value, list) or len(value) > _MOST_TYPES
        or not all(isinstance(type, str) and 0 < len(type) <= _MOST_TYPES for type in value)
    ):  # fmt: skip
        raise Trouble(400, "'events' must be an array of event types, as in [\"organization.directory.user_created\"].")
    return tuple(dict.fromkeys(value))
