"""The vendor's published clients against the server, over TLS: Python and Node.js, as an application uses them (D10).

Both speak gRPC for everything but the access token (policy page §3.4). The Python client's own listing of users fails
on every answer; there the stub that it holds is called.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from .conftest import NODE_PEERS, TOKEN, node_with_peers
from .scalekit_house import NodeClient, Server

with warnings.catch_warnings(action="ignore"):  # its models are written for an older pydantic
    from google.protobuf.json_format import MessageToDict
    from scalekit import ScalekitClient
    from scalekit.common import exceptions
    from scalekit.v1.directories import directories_pb2 as directories
    from scalekit.v1.events.events_pb2 import EventFilter
    from scalekit.v1.organizations import organizations_pb2 as organizations
    from scalekit.v1.users import users_pb2 as users

pytestmark = [pytest.mark.peer, pytest.mark.slow]

URN = "urn:ietf:params:scim:schemas:core:2.0:"
numbers = itertools.count(1)


@pytest.fixture(scope="module")
def python(server: Server) -> ScalekitClient:
    return ScalekitClient(server.origin, "client_ref", TOKEN)


@pytest.fixture(scope="module")
def node(server: Server) -> Iterator[NodeClient]:
    made = NodeClient(node_with_peers(), NODE_PEERS / "scalekit-client.mjs", server.environment)
    yield made
    made.stop()


@dataclass(frozen=True, slots=True)
class Acme:
    """An organization with a directory. users: ids by name."""

    id: str
    directory: str
    endpoint: str
    token: str
    users: dict[str, str]
    group: str


@pytest.fixture
def acme(server: Server, python: ScalekitClient) -> Acme:
    """Made through the client; twelve people and a group have come over SCIM."""
    name = f"acme-{next(numbers)}"
    made, _ = python.organization.create_organization(
        organizations.CreateOrganization(display_name=name, external_id=name, metadata={"tier": "gold"})
    )
    organization = made.organization
    python.domain.create_domain(organization.id, "acme.test", "ORGANIZATION_DOMAIN")
    wanted = directories.CreateDirectory(directory_type=directories.SCIM, directory_provider=directories.OKTA)
    directory = python.directory.create_directory(organization.id, wanted)[0].directory
    place = f"/api/v1/organizations/{organization.id}/directories/{directory.id}"
    token = server.send("POST", f"{place}/secrets")["plain_secret"]
    ids = {}
    for number in range(12):
        body = {"schemas": [f"{URN}User"], "userName": f"u{number}@acme.test", "externalId": f"x-{number}",
                "name": {"givenName": "Zoë", "familyName": str(number)}, "active": number != 3}  # fmt: skip
        ids[f"u{number}"] = server.send("POST", f"{directory.directory_endpoint}/Users", body, token)["id"]
    members = [{"value": ids["u0"]}, {"value": ids["u1"]}]
    crew = {"schemas": [f"{URN}Group"], "displayName": "Crew", "members": members}
    group = server.send("POST", f"{directory.directory_endpoint}/Groups", crew, token)["id"]
    return Acme(organization.id, directory.id, directory.directory_endpoint, token, ids, group)


# Python


def pages(python: ScalekitClient, listing: Any, request: Any) -> list[Any]:
    """All pages of a listing, by the stub."""
    found = []
    while True:
        answer, _ = python.core_client.grpc_exec(listing.with_call, request)
        found.append(answer)
        if not answer.next_page_token:
            return found
        request.page_token = answer.next_page_token


def test_python_lists_directories_as_they_are(python: ScalekitClient, acme: Acme) -> None:
    listed, _ = python.directory.list_directories(acme.id)
    (directory,) = listed.directories
    assert (directory.id, directory.enabled, directory.status) == (acme.directory, True, "COMPLETED")
    assert (directory.total_users, directory.stats.total_groups) == (12, 1)
    assert directory.directory_endpoint == acme.endpoint
    assert directory.secrets[0].secret_suffix == acme.token[-4:]
    assert directory.secrets[0].status == directories.ACTIVE
    assert directory.last_synced_at.seconds > 0
    assert python.directory.get_directory(acme.id, acme.directory)[0].directory == directory


def test_python_lists_users_and_groups_with_details_page_by_page(python: ScalekitClient, acme: Acme) -> None:
    service = python.directory.directory_service
    named = {"organization_id": acme.id, "directory_id": acme.directory, "include_detail": True}
    found = pages(python, service.ListDirectoryUsers, directories.ListDirectoryUsersRequest(**named, page_size=5))
    assert [len(page.users) for page in found] == [5, 5, 2]
    assert {page.total_size for page in found} == {12}
    listed = {user.email: user for page in found for user in page.users}
    assert {user.id for user in listed.values()} == {f"diruser_{id}" for id in acme.users.values()}
    first = listed["u0@acme.test"]
    assert [(group.id, group.display_name) for group in first.groups] == [(f"dirgroup_{acme.group}", "Crew")]
    active = {email for email, user in listed.items() if MessageToDict(user.user_detail)["active"]}
    assert listed.keys() - active == {"u3@acme.test"}
    (page,) = pages(python, service.ListDirectoryGroups, directories.ListDirectoryGroupsRequest(**named))
    assert [(group.display_name, group.total_users) for group in page.groups] == [("Crew", 2)]


def test_python_switches_a_directory_and_scim_off_and_on(python: ScalekitClient, server: Server, acme: Acme) -> None:
    def comes_in() -> int:
        return int(server.ask("GET", f"{acme.endpoint}/Users", token=acme.token).status_code)

    assert python.directory.disable_directory(acme.id, acme.directory)[0].enabled is False
    assert comes_in() == 403
    assert python.directory.enable_directory(acme.id, acme.directory)[0].enabled is True
    assert comes_in() == 200
    for enabled, status in ((False, 403), (True, 200)):
        settings = [{"name": "scim", "enabled": enabled}]
        changed, _ = python.organization.update_organization_settings(acme.id, settings)
        features = {one.name: one.enabled for one in changed.organization.settings.features}
        assert (features["scim"], comes_in()) == (enabled, status)


def test_python_registers_domains(python: ScalekitClient, acme: Acme) -> None:
    made = python.domain.create_domain(acme.id, "Labs.Acme.test", "ORGANIZATION_DOMAIN")[0].domain
    assert made.domain == "labs.acme.test"
    assert {one.domain for one in python.domain.list_domains(acme.id)[0].domains} == {"acme.test", "labs.acme.test"}
    python.domain.delete_domain(acme.id, made.id)
    assert [one.domain for one in python.domain.list_domains(acme.id)[0].domains] == ["acme.test"]


def test_python_opens_the_portal(python: ScalekitClient, server: Server, acme: Acme) -> None:
    link = python.organization.generate_portal_link(acme.id)
    assert link.location.startswith(server.origin)
    assert server.ask("GET", link.location).status_code == 200
    assert server.ask("GET", link.location).status_code >= 400


def test_python_writes_to_users(python: ScalekitClient, server: Server, acme: Acme) -> None:
    email = "joe@contractor.test"
    invited = python.users.create_user_and_membership(
        acme.id, users.CreateUser(email=email, user_profile=users.CreateUserProfile(given_name="Joe"))
    )[0].user
    assert (invited.email, invited.user_profile.given_name) == (email, "Joe")
    assert MessageToDict(invited)["memberships"][0]["membershipStatus"] == "PENDING_INVITE"
    id = f"usr_{acme.users['u0']}"
    change = users.UpdateUser(user_profile=users.UpdateUserProfile(given_name="Amara"))
    assert python.users.update_user(id, change)[0].user.user_profile.given_name == "Amara"
    assert server.send("GET", f"{acme.endpoint}/Users/{acme.users['u0']}", token=acme.token)["name"]["givenName"] == (
        "Amara"
    )  # fmt: skip
    service = python.users.user_service
    request = users.AssignUserRolesRequest(
        organization_id=acme.id, user_id=id, roles=[users.AssignRoleRequest(role_name="admin")]
    )
    python.core_client.grpc_exec(service.AssignUserRoles.with_call, request)
    assert [role.name for role in python.users.list_user_roles(acme.id, id)[0].roles] == ["admin", "member"]
    removal = users.RemoveUserRoleRequest(organization_id=acme.id, user_id=id, role_name="admin")
    python.core_client.grpc_exec(service.RemoveUserRole.with_call, removal)
    assert [role.name for role in python.users.list_user_roles(acme.id, id)[0].roles] == ["member"]
    assert python.users.list_organization_users(acme.id, 30)[0].total_size == 13
    python.users.delete_membership(acme.id, invited.id)
    assert python.users.list_organization_users(acme.id, 30)[0].total_size == 12


def test_python_reads_events(python: ScalekitClient, acme: Acme) -> None:
    found, _ = python.events.list_events_paginated(30, filter=EventFilter(organization_id=acme.id))
    types = [event.type.rpartition(".")[2] for event in found.events]
    assert types.count("user_created") == 11  # one came switched off
    assert types[-3:] == ["group_created", "user_updated", "user_updated"]
    assert all(event.organization_id == acme.id for event in found.events)


def test_python_gets_errors_of_their_kind(python: ScalekitClient, server: Server, acme: Acme) -> None:
    with pytest.raises(exceptions.ScalekitNotFoundException) as missing:
        python.directory.list_directories("org_nobody")
    assert missing.value.error_code == "ORGANIZATION_NOT_FOUND"
    with pytest.raises(exceptions.ScalekitConflictException):
        python.domain.create_domain(acme.id, "acme.test", "ORGANIZATION_DOMAIN")
    with pytest.raises(exceptions.ScalekitBadRequestException):
        python.domain.create_domain(acme.id, "no domain", "ORGANIZATION_DOMAIN")
    with pytest.raises(exceptions.ScalekitNotImplementedException):
        python.roles.list_roles()
    with pytest.raises(exceptions.ScalekitServerException):
        ScalekitClient(server.origin, "client_ref", "another")
    stale = ScalekitClient(server.origin, "client_ref", TOKEN)
    stale.core_client.access_token = "withdrawn"
    with pytest.raises(exceptions.ScalekitUnauthorizedException):  # its channel says the old token as well
        stale.core_client.grpc_exec(
            stale.directory.directory_service.ListDirectories.with_call,
            directories.ListDirectoriesRequest(organization_id=acme.id), retry=0,
        )  # fmt: skip


# Node.js


def test_node_lists_what_python_lists(node: NodeClient, acme: Acme) -> None:
    """Its first call has no token, and is told so; then it fetches one."""
    (directory,) = node("directory.listDirectories", acme.id)["directories"]
    assert (directory["id"], directory["enabled"], directory["totalUsers"]) == (acme.directory, True, 12)
    listed: list[Any] = []
    token = ""
    while True:
        options = {"pageSize": 5, "pageToken": token, "includeDetail": True}
        page = node("directory.listDirectoryUsers", acme.id, acme.directory, options)
        listed += page["users"]
        token = page["nextPageToken"]
        if not token:
            break
    assert {user["id"] for user in listed} == {f"diruser_{id}" for id in acme.users.values()}
    assert [user["email"] for user in listed if not user["userDetail"]["active"]] == ["u3@acme.test"]
    (group,) = node("directory.listDirectoryGroups", acme.id, acme.directory, {"includeDetail": True})["groups"]
    assert (group["displayName"], group["totalUsers"]) == ("Crew", 2)


def test_node_sets_up_and_writes(node: NodeClient, server: Server, acme: Acme) -> None:
    assert node("directory.disableDirectory", acme.id, acme.directory)["enabled"] is False
    assert node("directory.enableDirectory", acme.id, acme.directory)["enabled"] is True
    changed = node("organization.updateOrganizationSettings", acme.id, {"features": [{"name": "sso", "enabled": True}]})
    assert {"name": "sso", "enabled": True} in [
        {"name": one["name"], "enabled": one["enabled"]} for one in changed["organization"]["settings"]["features"]
    ]
    assert node("organization.generatePortalLink", acme.id)["location"].startswith(server.origin)
    made = node("domain.createDomain", acme.id, "node.test", {"domainType": "ORGANIZATION_DOMAIN"})["domain"]
    assert {one["domain"] for one in node("domain.listDomains", acme.id)["domains"]} == {"acme.test", "node.test"}
    node("domain.deleteDomain", acme.id, made["id"])
    id = f"usr_{acme.users['u1']}"
    profile = {"userProfile": {"firstName": "Grace"}}
    assert node("user.updateUser", id, profile)["user"]["userProfile"]["givenName"] == "Grace"
    given = node("user.assignUserRoles", acme.id, id, ["admin"])["roles"]
    assert [role["name"] for role in given] == ["admin", "member"]
    node("user.removeUserRole", acme.id, id, "admin")
    assert [role["name"] for role in node("user.listUserRoles", acme.id, id)["roles"]] == ["member"]
    invited = node("user.createUserAndMembership", acme.id, {"email": "ann@contractor.test"})["user"]
    assert node("user.listOrganizationUsers", acme.id, {"pageSize": 30})["totalSize"] == 13
    node("user.deleteMembership", acme.id, invited["id"])
    assert node("events.listEventsPaginated", 30, "", {"organizationId": acme.id})["events"]


def test_node_gets_errors_of_their_kind(node: NodeClient, acme: Acme) -> None:
    missing = node.refused("directory.listDirectories", "org_nobody")
    assert missing == ("ScalekitNotFoundException", "ORGANIZATION_NOT_FOUND")
    assert node.refused("domain.createDomain", acme.id, "acme.test")[0] == "ScalekitConflictException"
    assert node.refused("domain.createDomain", acme.id, "no domain")[0] == "ScalekitBadRequestException"
    assert node.refused("role.listRoles")[0] == "ScalekitNotImplementedException"


def test_node_is_refused_with_a_secret_of_its_own(server: Server) -> None:
    environment = {**server.environment, "SCALEKIT_CLIENT_SECRET": "another"}
    stranger = NodeClient(node_with_peers(), NODE_PEERS / "scalekit-client.mjs", environment)
    try:
        assert "error" in stranger.ask("directory.listDirectories", "org_ref")
    finally:
        stranger.stop()
