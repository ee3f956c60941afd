"""A sample receiver of directory webhooks, sound: what `scimrig consumer ref:` judges, and a developer may copy from.

    POST /webhooks       a delivery: 200, or 400 where it is not genuine
    GET  /state/{id}     the mirror's row of a user; 404 for one it never heard of
    POST /reconcile      {"api_url", "organization_id", "directory_id"}: read the directory API to its end, mirror it

Bytes are verified before anything reads them. An id counts as seen once its event has been taken in, so that a retry
after a crash is no repeat.

Rule: no socket; ``fetch`` is the way to the directory API. What a request does wrong is a 4xx.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias
from urllib.parse import quote, unquote

from scimrig_simulator.clock import Clock
from scimrig_simulator.receivers.mirror import Mirror, moment
from scimrig_simulator.receivers.verification import Refusal, Verifier
from scimrig_simulator.wire import Headers, Json

PATH = "/webhooks"
LARGEST = 1024 * 1024
"""Bytes of a body that are taken."""
PAGE = 30

Fetch: TypeAlias = Callable[[str], tuple[int, bytes]]
"""GET of a URL: status (0 where none came) and body."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and JSON, None for no body."""

    status: int
    body: Json = None
    headers: Headers = ()


class Receiver:
    """Answers requests; safe to share by threads. Each method is one decision, which a fault may take wrongly."""

    verifying: ClassVar[type[Verifier]] = Verifier
    mirroring: ClassVar[type[Mirror]] = Mirror

    def __init__(self, secret: str, clock: Clock, fetch: Fetch) -> None:
        self.clock, self.fetch = clock, fetch
        self.verifier, self.mirror = self.verifying(secret), self.mirroring()
        self.seen: set[str] = set()  # ids of deliveries that were taken in
        self.lock = threading.Lock()

    def answer(self, method: str, path: str, headers: Headers, body: bytes) -> Answer:
        """Answer one request. headers: as they came, names in any case. May raise what a fault raises: a crash."""
        path = path.partition("?")[0]
        if path == PATH:
            return self.delivered(headers, body) if method == "POST" else self.not_a_delivery(method)
        if path.startswith("/state/") and method == "GET":
            row = self.mirror.rows.get(unquote(path.removeprefix("/state/")))
            return Answer(404) if row is None else Answer(200, row.to_json())
        if path == "/reconcile" and method == "POST":
            return self.reconcile(body)
        return Answer(404)

    def not_a_delivery(self, method: str) -> Answer:
        return Answer(405, headers=(("Allow", "POST"),))

    def delivered(self, headers: Headers, body: bytes) -> Answer:
        """Verify, then read, then act."""
        if len(body) > LARGEST:
            return Answer(413)
        try:
            id = self.verifier.verify(self.lowered(headers), body, self.clock.now())
        except Refusal as refusal:
            return self.refused(str(refusal), headers, body)
        try:
            event = self.read(body)
        except ValueError:
            return Answer(400, {"error": "the body is no event"})
        return self.accepted(id, event)

    def lowered(self, headers: Headers) -> dict[str, str]:
        """Headers by name; names are the same in any case (RFC 9110 §5.1)."""
        return {name.lower(): value for name, value in headers}

    def refused(self, why: str, headers: Headers, body: bytes) -> Answer:
        return Answer(400, {"error": why})

    def read(self, body: bytes) -> dict[str, Any]:
        """The event in a body. Raises ValueError (of which UnicodeDecodeError is one)."""
        event = json.loads(body.decode("utf-8"))
        if not isinstance(event, dict) or not isinstance(event.get("type"), str):
            raise ValueError("an object with a type was expected")
        return event

    def accepted(self, id: str, event: Mapping[str, Any]) -> Answer:
        """A genuine delivery: taken in once, answered alike however often it comes."""
        with self.lock:
            if not self.repeated(id):
                self.take_in(event)
                self.remember(id)
        return self.thanks()

    def repeated(self, id: str) -> bool:
        return id in self.seen

    def remember(self, id: str) -> None:
        self.seen.add(id)

    def thanks(self) -> Answer:
        return Answer(200, {"ok": True})

    def take_in(self, event: Mapping[str, Any]) -> None:
        """Act on events about users; others are none of a mirror of users' business, and no mistake."""
        type = str(event["type"]).rpartition(".")[2]
        if type in ("user_created", "user_updated", "user_deleted"):
            self.mirror.told(type, event["data"], moment(event["occurred_at"]))

    # Reconciliation -------------------------------------------------------------------------------------------------

    def reconcile(self, body: bytes) -> Answer:
        """One pass over the directory API; 502 where that does not answer."""
        try:
            where = json.loads(body)
            organization, directory = quote(where["organization_id"]), quote(where["directory_id"])
            base = f"{where['api_url'].rstrip('/')}/api/v1/organizations/{organization}/directories/{directory}/users"
        except (ValueError, KeyError, TypeError, AttributeError):
            return Answer(400, {"error": "api_url, organization_id and directory_id were expected"})
        began = moment_of(self.clock.now())
        users = self.listed(base)
        if users is None:
            return Answer(502, {"error": "the directory API did not answer"})
        with self.lock:
            self.mirror.reconciled(users, began)
        return Answer(200, {"users": len(users)})

    def listed(self, url: str) -> list[Mapping[str, Any]] | None:
        """Every user, page by page; None where a page could not be had."""
        users: list[Mapping[str, Any]] = []
        token = ""
        while True:
            status, body = self.fetch(f"{url}?page_size={PAGE}&page_token={quote(token)}")
            if status != 200:
                return None
            page = json.loads(body)
            users += page["users"]
            token = page.get("next_page_token", "")
            if not token:
                return users


def moment_of(seconds: float) -> tuple[int, str]:
    """Seconds since the epoch as ``mirror.Moment``."""
    whole = int(seconds)
    return whole, f"{round((seconds - whole) * 10**6):06d}".ljust(12, "0")
