"""The directory that webhooks tell of: people, what has happened to them, and what its API answers about them.

Shapes are Scalekit's (policy page §2.4, §3.2): events for webhooks, users and groups for the directory API.

Rule: pure; made from a seed, so that the same run tells the same people. It knows nothing of deliveries.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote

from scimrig.consumer.letters import TYPES, occurred
from scimrig_simulator.workforce.company import Company
from scimrig_simulator.workforce.person import Person

PAGE, LARGEST_PAGE = 10, 30
"""How many users a page of the directory API has: by default, and at most (D9)."""


@dataclass(slots=True)
class Somebody:
    """A person of the directory. data: as events tell them;  at: of the last change;  exists: False once deleted."""

    key: str
    data: dict[str, Any]
    at: float = 0.0
    exists: bool = False

    @property
    def id(self) -> str:
        return str(self.data["id"])


@dataclass(slots=True)
class Source:
    """People by their key. mark: part of every id, so that no two runs share one."""

    company: Company
    mark: str
    organization_id: str
    directory_id: str
    people: dict[str, Somebody] = field(default_factory=dict)
    _events: int = 0
    _plain: Iterator[Person] = field(init=False)

    def __post_init__(self) -> None:
        people = map(self.company.person, itertools.count(1))
        self._plain = (one for one in people if f"{one.display_name}{one.title}{one.department}".isascii())

    def person(self, key: str) -> Somebody:
        """Whoever has this key; made when asked for the first time, and in the directory when an event says so."""
        if key not in self.people:
            self.people[key] = Somebody(key, self._data(len(self.people) + 1))
        return self.people[key]

    def _data(self, number: int) -> dict[str, Any]:
        # plain people: what other letters than ASCII do to a receiver is a case of its own
        who = next(self._plain)
        return {
            "id": f"diruser_{self.mark}{number:04d}", "organization_id": self.organization_id,
            "dp_id": f"dp-{self.mark}{number:04d}", "email": who.email, "active": True, "name": who.display_name,
            "given_name": who.given_name, "family_name": who.family_name, "preferred_username": who.user_name,
            "locale": who.locale, "phone_number": who.phone_work, "title": who.title, "department": who.department,
            "groups": [], "roles": [{"role_name": "member"}], "custom_attributes": {}, "raw_attributes": {},
        }

    def event(self, event: str, key: str, changes: Mapping[str, Any], at: float, digits: int = 3) -> dict[str, Any]:
        """The payload of an event as it would be told at ``at``; the directory stays as it is (see ``happened``)."""
        self._events += 1
        type, object = TYPES[event]
        return {
            "spec_version": "1", "id": f"evt_{self.mark}{self._events:05d}", "type": type,
            "occurred_at": occurred(at, digits), "environment_id": "env_scimrig",
            "organization_id": self.organization_id, "object": object, "data": self._told(event, key, changes),
        }

    def _told(self, event: str, key: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        data = {**self.person(key).data, **changes}
        if event == "group_created":
            return {
                "id": f"dirgroup_{self.mark}", "organization_id": self.organization_id,
                "directory_id": self.directory_id, "display_name": "Engineering", "external_id": None,
            }
        if event == "unheard_of":
            return {"id": f"dirbadge_{self.mark}", "user_id": data["id"], "organization_id": self.organization_id}
        if event in ("user_deleted", "user_deactivated"):
            reason = event.removeprefix("user_")
            who = {name: data[name] for name in ("id", "organization_id", "dp_id", "email")}
            return {**who, "active": False, "reason": reason}
        return data | {"active": True}

    def happened(self, event: str, key: str, changes: Mapping[str, Any], at: float) -> None:
        """An event is true from now on, whether it is told or not; one that is older than the state changes nothing."""
        if not event.startswith("user_"):
            return
        somebody = self.person(key)
        if at < somebody.at:
            return
        somebody.data |= {**changes, "active": event not in ("user_deleted", "user_deactivated")}
        somebody.at, somebody.exists = at, event != "user_deleted"

    # Its API --------------------------------------------------------------------------------------------------------

    def answer(self, target: str) -> tuple[int, dict[str, Any]]:
        """What ``GET target`` (path and query) of the directory API answers: status and JSON."""
        path, _, query = target.partition("?")
        parts = [unquote(part) for part in path.strip("/").split("/")]
        asked = {name: values[-1] for name, values in parse_qs(query).items()}
        match parts:
            case ["api", "v1", "organizations", self.organization_id, "directories", *rest]:
                return self._directory(rest, asked)
        return 404, {"code": 5, "message": "no such resource", "details": []}

    def _directory(self, rest: list[str], asked: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        about = {"id": self.directory_id, "organization_id": self.organization_id, "directory_type": "SCIM",
                 "enabled": True, "status": "COMPLETED"}
        match rest:
            case []:
                return 200, {"directories": [about]}
            case [self.directory_id]:
                return 200, {"directory": about}
            case [self.directory_id, "users"]:
                return self._page("users", self._users(asked), asked)
            case [self.directory_id, "groups"]:
                return self._page("groups", [], asked)
        return 404, {"code": 5, "message": "no such directory", "details": []}

    def _users(self, asked: Mapping[str, str]) -> list[dict[str, Any]]:
        since = asked.get("updated_after", "")
        there = [one for one in self.people.values() if one.exists and (not since or occurred(one.at, 9) > since)]
        return [self._user(one, asked.get("include_detail", "") == "true") for one in there]

    @staticmethod
    def _user(one: Somebody, detailed: bool) -> dict[str, Any]:
        plain = ("id", "email", "preferred_username", "given_name", "family_name", "name", "active")
        user = {name: one.data[name] for name in plain}
        user |= {"emails": [one.data["email"]], "external_id": one.data["dp_id"], "groups": [],
                 "updated_at": occurred(one.at, 6)}
        return user | {"user_detail": dict(one.data)} if detailed else user

    @staticmethod
    def _page(name: str, rows: list[dict[str, Any]], asked: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        size, token = asked.get("page_size", str(PAGE)), asked.get("page_token", "")
        start = token.removeprefix("page-") or "0"
        if not (size.isdigit() and start.isdigit()):
            return 400, {"code": 3, "message": "page_size or page_token is none that was given out", "details": []}
        first, many = int(start), min(int(size) or PAGE, LARGEST_PAGE)
        return 200, {
            name: rows[first : first + many], "total_size": len(rows),
            "next_page_token": f"page-{first + many}" if first + many < len(rows) else "",
            "prev_page_token": f"page-{max(0, first - many)}" if first else "",
        }
