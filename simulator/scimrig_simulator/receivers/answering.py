"""Faults of the sample receiver in reading, answering and reconciling.

Rule: each class overrides what it breaks and asks ``super()`` for the rest.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from scimrig_simulator.receivers.receiver import Answer, Receiver
from scimrig_simulator.receivers.verification import ID, TIMESTAMP
from scimrig_simulator.wire import Headers


class CaseSensitive(Receiver):
    def lowered(self, headers: Headers) -> dict[str, str]:
        return dict(headers)


class OkToForgery(Receiver):
    def refused(self, why: str, headers: Headers, body: bytes) -> Answer:
        return Answer(200, {"ok": False})


class ServerErrorToForgery(Receiver):
    def refused(self, why: str, headers: Headers, body: bytes) -> Answer:
        return Answer(500)


class TellsTheSignature(Receiver):
    def refused(self, why: str, headers: Headers, body: bytes) -> Answer:
        found = self.lowered(headers)
        right = self.verifier.expected(found.get(ID, ""), found.get(TIMESTAMP, ""), body)
        return Answer(400, {"error": why, "expected": right})


class EchoesPeople(Receiver):
    def accepted(self, id: str, event: Mapping[str, Any]) -> Answer:
        answer = super().accepted(id, event)
        return Answer(answer.status, {"ok": True, "received": dict(event)})


class Ascii(Receiver):
    def read(self, body: bytes) -> dict[str, Any]:
        body.decode("ascii").encode("latin-1")
        return super().read(body)

    def delivered(self, headers: Headers, body: bytes) -> Answer:
        body.decode("ascii")
        return super().delivered(headers, body)


class Latin1(Receiver):
    def read(self, body: bytes) -> dict[str, Any]:
        return super().read(body.decode("latin-1").encode("utf-8"))


class SmallBodies(Receiver):
    def delivered(self, headers: Headers, body: bytes) -> Answer:
        return Answer(413) if len(body) > 100 * 1024 else super().delivered(headers, body)


class UnknownCrashes(Receiver):
    def take_in(self, event: Mapping[str, Any]) -> None:
        if "user" not in str(event["type"]) and "group" not in str(event["type"]):
            raise KeyError(event["type"])
        super().take_in(event)


class UnknownRefused(Receiver):
    def accepted(self, id: str, event: Mapping[str, Any]) -> Answer:
        known = ("user", "group")
        return super().accepted(id, event) if any(word in event["type"] for word in known) else Answer(422)


class GroupsCrash(Receiver):
    def take_in(self, event: Mapping[str, Any]) -> None:
        if "group" in str(event["type"]):
            _ = event["data"]["email"]
        super().take_in(event)


class StrictMembers(Receiver):
    KNOWN = frozenset(
        {"spec_version", "id", "type", "occurred_at", "environment_id", "organization_id", "object", "data",
         "display_name"}
    )

    def accepted(self, id: str, event: Mapping[str, Any]) -> Answer:
        return super().accepted(id, event) if set(event) <= self.KNOWN else Answer(422)


class JunkCrashes(Receiver):
    def read(self, body: bytes) -> dict[str, Any]:
        try:
            return super().read(body)
        except ValueError as junk:
            raise RuntimeError from junk


class GetCrashes(Receiver):
    def not_a_delivery(self, method: str) -> Answer:
        raise RuntimeError(method)


class Slow(Receiver):
    def thanks(self) -> Answer:
        self.clock.sleep(11)
        return super().thanks()


class NoEffect(Receiver):
    def take_in(self, event: Mapping[str, Any]) -> None:
        return


class TimesAsText(Receiver):
    """``…07.5Z`` stands before ``…07Z`` in the order of characters."""

    def take_in(self, event: Mapping[str, Any]) -> None:
        type = str(event["type"]).rpartition(".")[2]
        if type in ("user_created", "user_updated", "user_deleted"):
            self.mirror.told(type, event["data"], (0, str(event["occurred_at"])))


class FirstPage(Receiver):
    def listed(self, url: str) -> list[Mapping[str, Any]] | None:
        status, body = self.fetch(f"{url}?page_size=100")
        users: list[Mapping[str, Any]] = json.loads(body)["users"] if status == 200 else []
        return users if status == 200 else None


class ReconcileNothing(Receiver):
    def reconcile(self, body: bytes) -> Answer:
        return Answer(202)
