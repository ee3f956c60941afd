"""Makes a mirror of a directory equal to the directory: all of its people and groups, read through the vendor's SDK.

    pip install scalekit-sdk-python
    export SCALEKIT_URL=https://… SCALEKIT_CLIENT_ID=… SCALEKIT_CLIENT_SECRET=…
    python directory_sync.py ORGANIZATION [DIRECTORY]

Run it at the start, on demand and every night: webhooks tell sooner, and this finds what they missed.

Ask for details: without them nobody says who is switched off. Follow the pages to the last: one has 30 people at most,
whatever is asked for. The SDK's own ``list_directory_users`` fails on every answer (2.16 to 2.21), so the call is made
through the stub that it holds.
"""

import json
import os
import sys
from collections.abc import Iterator
from typing import Any

from google.protobuf.json_format import MessageToDict
from scalekit import ScalekitClient
from scalekit.v1.directories.directories_pb2 import ListDirectoryGroupsRequest, ListDirectoryUsersRequest

PAGE = 30


def everything(client: ScalekitClient, listing: Any, request: Any, found: str) -> Iterator[Any]:
    """All items of a listing, page after page."""
    while True:
        answer, _ = client.core_client.grpc_exec(listing.with_call, request)
        yield from getattr(answer, found)
        if not answer.next_page_token:
            return
        request.page_token = answer.next_page_token


def synchronise(client: ScalekitClient, organization: str, directory: str, mirror: dict[str, dict[str, Any]]) -> None:
    """Add and update everybody who is in the directory; switch off whoever isn't any more."""
    service = client.directory.directory_service
    asked = {"organization_id": organization, "directory_id": directory, "page_size": PAGE, "include_detail": True}
    people = everything(client, service.ListDirectoryUsers, ListDirectoryUsersRequest(**asked), "users")
    found = set()
    for user in people:
        detail = MessageToDict(user.user_detail)
        found.add(user.id)
        mirror[user.id] = {
            "email": user.email, "name": detail["name"], "active": detail["active"],
            "groups": sorted(group.display_name for group in user.groups),
        }  # fmt: skip
    for id in mirror.keys() - found:
        mirror[id]["active"] = False


def groups(client: ScalekitClient, organization: str, directory: str) -> dict[str, dict[str, Any]]:
    """Groups by id, with how many are in each."""
    request = ListDirectoryGroupsRequest(organization_id=organization, directory_id=directory, page_size=PAGE)
    listing = client.directory.directory_service.ListDirectoryGroups
    return {
        group.id: {"name": group.display_name, "members": group.total_users}
        for group in everything(client, listing, request, "groups")
    }


def main() -> None:
    """Print the mirror."""
    client = ScalekitClient(*(os.environ[f"SCALEKIT_{name}"] for name in ("URL", "CLIENT_ID", "CLIENT_SECRET")))
    organization, *chosen = sys.argv[1:]
    listed, _ = client.directory.list_directories(organization_id=organization)
    mirror: dict[str, dict[str, Any]] = {}
    crews: dict[str, dict[str, Any]] = {}
    for directory in chosen or [one.id for one in listed.directories]:
        synchronise(client, organization, directory, mirror)
        crews |= groups(client, organization, directory)
    json.dump({"people": mirror, "groups": crews}, sys.stdout, ensure_ascii=False)


if __name__ == "__main__":
    main()
