"""scim2-cli, the command line of another project, does all its commands with our reference server, by URL.

Each command discovers the server anew, and ends with an error where an answer is not as it should be. They are run as
``scim2`` runs them, in this process: it takes its libraries longer to load than the command takes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner
from scim2_cli import cli

pytestmark = [pytest.mark.peer, pytest.mark.slow]

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
BULK_REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"

Command = Callable[..., Any]


@pytest.fixture
def scim2(reference: Any) -> Command:
    """``scim2("query", "user")``: what the command printed, read as JSON; it has to end with ``code``."""
    variables = {"SCIM_CLI_URL": reference.url, "SCIM_CLI_HEADERS": f"Authorization: Bearer {reference.token}"}

    def run(*words: str, code: int = 0, **body: Any) -> Any:
        done = CliRunner(env=variables).invoke(cli, words, input=json.dumps(body) if body else "")
        assert done.exit_code == code, done.output
        return json.loads(done.stdout) if done.stdout.startswith("{") else done.output

    return run


def test_it_creates_reads_replaces_changes_and_deletes(scim2: Command) -> None:
    emails = json.dumps([{"value": "ada@example.com", "primary": True}])
    ada = scim2("create", "user", "--user-name", "ada", "--name", '{"givenName": "Ada"}', "--emails", emails)
    assert ada["name"] == {"givenName": "Ada"}
    assert scim2("query", "user", ada["id"])["emails"][0]["value"] == "ada@example.com"
    part = scim2("query", "user", ada["id"], "--attribute", "userName")
    assert part.keys() - {"meta"} == {"schemas", "id", "userName"}  # it makes a meta of its own, with the ETag
    assert scim2("create", "user", "--user-name", "ADA", code=1)["scimType"] == "uniqueness"

    replaced = scim2("replace", "user", "--id", ada["id"], "--user-name", "ada", "--title", "Countess")
    assert (replaced["title"], "emails" in replaced) == ("Countess", False)
    scim2("modify", "user", ada["id"], "replace", "title", "Author", "add", "nickName", "A")
    changed = scim2("query", "user", ada["id"])
    assert (changed["title"], changed["nickName"]) == ("Author", "A")

    crew = scim2("create", "group", "--display-name", "Crew")
    scim2("modify", "group", crew["id"], "add", "members", json.dumps([{"value": ada["id"]}]))
    assert [member["value"] for member in scim2("query", "group", crew["id"])["members"]] == [ada["id"]]
    scim2("delete", "user", ada["id"])
    assert scim2("query", "user", ada["id"], code=1)["status"] == "404"
    assert not scim2("query", "group", crew["id"]).get("members")


@pytest.mark.parametrize("by", ["query", "search"])
def test_it_filters_sorts_and_turns_pages(scim2: Command, by: str) -> None:
    for name in ("cy", "ada", "bob"):
        scim2("create", schemas=[USER], userName=name)

    def names(*words: str) -> list[str]:
        return [user["userName"] for user in scim2(by, "user", *words).get("Resources", [])]

    assert names("--filter", 'userName sw "B"') == ["bob"]
    assert names("--sort-by", "userName", "--sort-order", "descending") == ["cy", "bob", "ada"]
    assert names("--sort-by", "userName", "--start-index", "2", "--count", "1") == ["bob"]
    first = scim2(by, "user", "--cursor", "", "--count", "2", "--sort-by", "userName")
    assert [user["userName"] for user in first["Resources"]] == ["ada", "bob"]
    assert names("--cursor", first["nextCursor"], "--count", "2", "--sort-by", "userName") == ["cy"]
    assert scim2(by)["totalResults"] == 3
    assert scim2(by, "user", "--filter", "active gt true", code=1)["scimType"] == "invalidFilter"


def test_it_sends_a_bulk(scim2: Command) -> None:
    operations = [
        {"method": "POST", "path": "/Users", "bulkId": "ada", "data": {"schemas": [USER], "userName": "ada"}},
        {"method": "POST", "path": "/Users", "bulkId": "bob", "data": {"schemas": [USER], "userName": "bob"}},
    ]
    answer = scim2("bulk", schemas=[BULK_REQUEST], Operations=operations)
    assert [operation["status"] for operation in answer["Operations"]] == ["201", "201"]
    assert scim2("query", "user")["totalResults"] == 2


def test_me_is_answered_with_501(scim2: Command) -> None:
    assert scim2("query", "--me", code=1)["status"] == "501"
    assert scim2("delete", "--me", code=1)["status"] == "501"
    assert scim2("modify", "--me", "replace", "displayName", "Me", code=1)["status"] == "501"


def test_its_own_check_of_the_server_finds_no_error(scim2: Command) -> None:
    said = scim2("test")
    assert "SUCCESS" in said
    assert "ERROR" not in said
