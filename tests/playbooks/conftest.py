"""People, teams and bodies that the playbooks share. Literal bodies are typed off idp-dialects.md, chapter 10."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest

from scimrig_simulator.idp.job import Scope
from scimrig_simulator.wire import FailureKind, Reply, TransportFailure
from scimrig_simulator.workforce.company import Company
from scimrig_simulator.workforce.person import Person
from scimrig_simulator.workforce.team import Team

_NOTHING: dict[str, Any] = dict.fromkeys(
    ("given_name", "middle_name", "family_name", "display_name", "formatted", "user_name", "email", "title",
     "department", "employee_number", "phone_work", "phone_mobile", "locale", "street", "locality", "region",
     "postal_code", "country", "login"),
    "",
)


def _person(key: str, number: int = 1, **fields: Any) -> Person:
    return Person(number=number, key=key, **{**_NOTHING, "active": True, **fields})


@pytest.fixture
def person() -> Callable[..., Person]:
    """``person("ada", user_name=…)``: a person who has these fields and no others."""
    return _person


@pytest.fixture
def ada() -> Person:
    return _person(
        "ada", 1, given_name="Ada", family_name="Sample", display_name="Ada Sample", formatted="Ada Sample",
        user_name="ada@example.com", email="ada@example.com", locale="en-US", login="ada",
    )


@pytest.fixture
def ben() -> Person:
    return _person(
        "ben", 2, given_name="Ben", family_name="Sample", display_name="Ben Sample", formatted="Ben Sample",
        user_name="ben@example.com", email="ben@example.com", title="Tester", employee_number="701", department="QA",
        login="ben",
    )


@pytest.fixture
def blue() -> Team:
    return Team(1, "blue", "Team Blue")


@pytest.fixture
def exactly() -> Callable[..., bytes]:
    """JSON as typed here → the compact bytes that must leave the socket, key order too; ``<name>`` is filled in."""

    def compact(text: str, **values: str) -> bytes:
        for name, value in values.items():
            text = text.replace(f"<{name}>", value)
        return json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":")).encode()

    return compact


@pytest.fixture
def empty() -> Reply:
    """200 with an empty ListResponse."""
    return found_reply()


@pytest.fixture
def found() -> Callable[..., Reply]:
    """200 with a ListResponse of these rows."""
    return found_reply


def found_reply(*rows: dict[str, Any]) -> Reply:
    body = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": len(rows), "Resources": list(rows), "startIndex": 1, "itemsPerPage": len(rows),
    }
    return Reply(200, (("Content-Type", "application/scim+json"),), json.dumps(body).encode())


@pytest.fixture
def refused() -> Callable[..., Reply]:
    """An error answer with a SCIM Error body."""

    def reply(status: int, detail: str) -> Reply:
        body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": str(status), "detail": detail}
        return Reply(status, (), json.dumps(body).encode())

    return reply


@pytest.fixture
def timeout() -> Reply:
    return Reply(0, failure=TransportFailure(FailureKind.TIMEOUT, "no answer within 30 s"))


@pytest.fixture
def held_back() -> Reply:
    return Reply(0, failure=TransportFailure(FailureKind.HELD_BACK, "held back: /Users/u-9 is not a row of this run"))


class Town:
    """A directory that a test changes as it likes: who is there, in which scope, and in which team."""

    def __init__(self) -> None:
        self.company = Company(1)
        self.people: dict[int, Person] = {}
        self.scopes: dict[int, Scope] = {}
        self.teams: dict[int, Team] = {}
        self.belongs: dict[int, list[int]] = {}

    def settle(self, *numbers: int, scope: Scope = "in") -> None:
        """People of the company move in, or to another scope."""
        for number in numbers:
            self.people.setdefault(number, self.company.person(number))
            self.scopes[number] = scope

    def change(self, number: int, **fields: Any) -> None:
        """Somebody is another from now on."""
        self.people[number] = dataclasses.replace(self.people[number], **fields)

    def gather(self, number: int, *members: int, name: str = "") -> None:
        """A team is founded, renamed, or has other members."""
        team = self.teams.get(number, self.company.team(number))
        self.teams[number] = dataclasses.replace(team, display_name=name or team.display_name)
        self.belongs[number] = list(members)

    def person(self, number: int) -> Person:
        return self.people[number]

    def scope(self, number: int) -> Scope:
        return self.scopes.get(number, "unknown")

    def team(self, number: int) -> Team | None:
        return self.teams.get(number)

    def members(self, number: int) -> list[Person]:
        return [self.people[n] for n in self.belongs[number] if self.scopes.get(n) == "in"]


@pytest.fixture
def town() -> Town:
    """A ``World`` for jobs."""
    return Town()
