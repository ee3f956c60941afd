"""``scimrig serve --schemas``: resource types and extensions from files, and what is told of mistakes in them."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples" / "schemas"


def names(url: str) -> list[str]:
    """The resource types that a server has; discovery needs no token."""
    with urllib.request.urlopen(f"{url}/ResourceTypes", timeout=10) as reply:
        return [kind["name"] for kind in json.loads(reply.read())["Resources"]]


@pytest.mark.slow
def test_a_folder_or_single_files_are_served(serve: Callable[..., Any]) -> None:
    assert names(serve("--schemas", str(EXAMPLES)).url) == ["User", "Group", "Device"]
    files = [word for path in sorted(EXAMPLES.glob("*.json")) for word in ("--schemas", str(path))]
    assert names(serve(*files).url) == ["User", "Group", "Device"]


@pytest.mark.slow
def test_a_database_is_not_opened_without_the_schemas_that_it_was_filled_with(
    shell: Any, serve: Callable[..., Any], tmp_path: Path
) -> None:
    server = serve("--db", str(tmp_path / "db"), "--schemas", str(EXAMPLES))
    headers = {"Authorization": f"Bearer {shell.env['SCIMRIG_TOKEN']}", "Content-Type": "application/scim+json"}
    body = json.dumps({"serialNumber": "SN-1", "displayName": "x"}).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{server.url}/Devices", body, headers), timeout=10) as reply:
        assert reply.status == 201
    server.stop()
    done = shell("serve", "--db", str(tmp_path / "db"))
    done.complains("--db: it holds resources of type Device, which no schema here defines.")
    assert done.code == 3
    assert names(serve("--db", str(tmp_path / "db"), "--schemas", str(EXAMPLES)).url) == ["User", "Group", "Device"]


def test_every_mistake_is_told_with_its_file_and_place(shell: Any) -> None:
    attributes = [{"name": "a", "type": "strng"}, {"name": "b", "mutabilty": "x"}]
    (shell.folder / "one.json").write_text(json.dumps({"id": "urn:example:Thing", "attributes": attributes}))
    (shell.folder / "two.json").write_text("{")
    done = shell("serve", "--schemas", "one.json", "--schemas", "two.json")
    done.complains(
        "--schemas: one.json: /attributes/0/type: 'strng' is none of its values; did you mean 'string'?",
        "--schemas: one.json: /attributes/1/mutabilty: 'mutabilty' is unknown here; did you mean 'mutability'?",
        "--schemas: two.json: no JSON: ",
    )
    assert done.code == 2
    assert done.out == ""


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("gone.json", None, "gone.json: No such file or directory"),
        ("latin.json", b'{"name": "\xe9"}', "latin.json: it isn't in UTF-8"),
        ("folder/none.txt", b"", "there is no *.json file in folder"),
    ],
)
def test_what_can_not_be_read_is_told(shell: Any, name: str, content: bytes | None, told: str) -> None:
    path = shell.folder / name
    path.parent.mkdir(exist_ok=True)
    if content is not None:
        path.write_bytes(content)
    done = shell("serve", "--schemas", name.partition("/")[0])
    done.complains(told)
    assert done.code == 2
