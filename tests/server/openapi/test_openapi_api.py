"""The OpenAPI document of what is beside SCIM: every operation is in it, and answers as is said there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from scimrig_simulator.clock import AdvancingClock, SystemClock
from scimrig_simulator.server.api.openapi_shapes import SHAPES
from scimrig_simulator.server.app import Settings, build
from scimrig_simulator.wire import Posted

from .conftest import Visitor

PLACE = "/api/openapi.json"
BEARER = "Bearer s3cret"
METHODS = ("get", "put", "post", "patch", "delete")


@dataclass
class Tour:
    """Goes round a server with its document in hand. seen: the statuses that each operation has answered with."""

    visitor: Visitor
    document: Mapping[str, Any]
    seen: dict[str, set[int]] = field(default_factory=dict)

    @property
    def operations(self) -> dict[str, tuple[str, str, dict[str, Any]]]:
        """Name → (method, path, operation)."""
        return {
            item[method]["operationId"]: (method.upper(), path, item[method])
            for path, item in self.document["paths"].items() for method in METHODS if method in item
        }  # fmt: skip

    def ask(
        self, name: str, /, body: Any = None, query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str | None] | None = None, **variables: str,
    ) -> tuple[int, Any]:  # fmt: skip
        """Status and body of an operation's answer, which is as declared."""
        method, path, operation = self.operations[name]
        url = re.sub(r"\{([a-z_]+)\}", lambda found: variables[found.group(1)], path)
        kind = {"Content-Type": "application/json"} | dict(headers or {})
        reply = self.visitor.send(method, url, body, kind, urlencode(query or {}))
        declared = operation["responses"].get(str(reply.status))
        assert declared is not None, f"{name}: {reply.status} {reply.body!r}"
        self.seen.setdefault(name, set()).add(reply.status)
        if "$ref" in declared:
            declared = self.document["components"]["responses"][declared["$ref"].rpartition("/")[2]]
        if "content" not in declared:
            assert reply.body == b"", name
            return reply.status, None
        schema = declared["content"][reply.header("Content-Type")]["schema"]
        whole = {**schema, "components": self.document["components"]}
        Draft202012Validator(whole, format_checker=FormatChecker()).validate(reply.json())
        return reply.status, reply.json()

    def done(self, name: str, /, body: Any = None, query: Any = None, headers: Any = None, **variables: str) -> Any:
        status, answer = self.ask(name, body, query, headers, **variables)
        assert status < 300, f"{name}: {answer}"
        return answer


@pytest.fixture
def app() -> Iterator[Any]:
    clock = AdvancingClock()
    made = build(Settings("s3cret", clock=clock, policy="scalekit", poster=lambda *_: Posted(200)))
    yield made
    made.close()


@pytest.fixture
def tour(app: Any) -> Iterator[Tour]:
    visitor = Visitor(SimpleNamespace(app=app, clock=SystemClock()))
    reply = visitor.send("GET", PLACE, headers={"Authorization": None})
    assert reply.status == 200
    yield Tour(visitor, reply.resource())
    visitor.transport.close()


# Its form


def test_it_is_openapi_and_refers_to_nothing_that_is_not_there(tour: Tour) -> None:
    document = tour.document
    assert document["openapi"].startswith("3.1.")
    named = set(re.findall(r'"\$ref": ?"#/components/([^"]+)"', json.dumps(document)))
    there = {f"{kind}/{name}" for kind in ("schemas", "responses") for name in document["components"][kind]}
    assert named <= there
    assert {one for one in there - named if one.startswith("schemas/")} == set()
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_it_is_there_for_everybody_under_a_policy_only(tour: Tour, make_client: Callable[..., Any]) -> None:
    assert tour.visitor.send("GET", PLACE, headers={"Authorization": "Bearer nobody-s"}).status == 200
    assert tour.visitor.send("POST", PLACE).status == 405
    assert Visitor(make_client()).send("GET", PLACE).status == 404


def test_every_operation_there_is_stands_in_it_and_no_other(tour: Tour, app: Any) -> None:
    tables = {(one.name, one.method, one.path) for one in app.operations}
    assert {(name, method, path) for name, (method, path, _) in tour.operations.items()} == tables
    assert SHAPES.keys() == tour.operations.keys()


def test_zero_values_are_required_of_every_answer(tour: Tour) -> None:
    """Policy page §3.2: the first value of an enumeration, a flag that is false, a count of 0."""
    schemas = tour.document["components"]["schemas"]
    assert "status" in schemas["Secret"]["required"]
    assert {"enabled", "total_users", "total_groups", "email"} <= set(schemas["Directory"]["required"])
    assert {"total_size", "next_page_token"} <= set(schemas["DirectoryUserList"]["required"])


# What is answered


def round_trip(tour: Tour) -> None:
    """Every operation once, so that it succeeds."""
    done = tour.done
    form = "grant_type=client_credentials&client_id=client_ref&client_secret=s3cret"
    done("GrantToken", form.encode(), headers={"Content-Type": "application/x-www-form-urlencoded"})
    done("ListKeys")
    # an organization, its domains and its directory
    made = done("CreateOrganization", {"display_name": "Acme", "external_id": "acme-1", "metadata": {"tier": "gold"}})
    organization = {"organization_id": made["organization"]["id"]}
    org = {"id": made["organization"]["id"]}
    done("ListOrganization")
    done("GetOrganization", **org)
    done("GetOrganizationByExternalId", external_id="acme-1")
    done("UpdateOrganization", {"display_name": "Acme Ltd"}, **org)
    done("UpdateOrganizationSettings", {"features": [{"name": "sso", "enabled": True}]}, **org)
    done("UpdateDefaultOrganizationRoles", {"default_member_role": "guest"}, org_id=org["id"])
    domain = done("CreateDomain", {"domain": "acme.test"}, **organization)["domain"]
    done("ListDomains", **organization)
    done("GetDomain", id=domain["id"], **organization)
    done("VerifyDomain", id=domain["id"], **organization)
    made = done("CreateDirectory", {"directory_type": "SCIM", "directory_provider": "OKTA"}, **organization)
    directory = {**organization, "directory_id": made["directory"]["id"]}
    dir = {**organization, "id": made["directory"]["id"]}
    secret = done("CreateDirectorySecret", **directory)
    assert (secret["secret"]["status"], secret["secret"]["secret_suffix"]) == ("ACTIVE", secret["plain_secret"][-4:])
    user, group = provisioned(tour, directory["directory_id"], secret["plain_secret"])
    done("GetDirectory", **dir)
    done("UpdateDirectory", {"name": "Staff", "allowed_addresses": []}, **dir)
    done("DisableDirectory", **dir)
    done("EnableDirectory", **dir)
    done("TriggerDirectorySync", **directory)
    done("AssignRoles", {"assignments": [{"group_id": f"dirgroup_{group}", "role_name": "developer"}]}, **dir)
    done("UpdateAttributes", {"attributes": [{"key": "title", "map_to": "job"}]}, **dir)
    done("ListDirectories", **organization)
    detail = {"include_detail": "true", "page_size": 1}
    listed = done("ListDirectoryUsers", query=detail, **directory)
    assert (listed["users"][0]["id"], listed["users"][0]["user_detail"]["roles"]) == (
        f"diruser_{user}", [{"role_name": "developer"}]
    )  # fmt: skip
    done("ListDirectoryGroups", query=detail, **directory)
    done("ListDirectoryGroupsSummary", **directory)
    # its users
    person = {"user_id": f"usr_{user}", **organization}
    done("GetUser", id=f"usr_{user}")
    done("UpdateUser", {"user_profile": {"given_name": "Grace"}, "metadata": {"desk": "4"}}, id=f"usr_{user}")
    done("ListUserRoles", **person)
    done("AssignUserRoles", {"roles": [{"role_name": "admin"}]}, **person)
    done("UpdateMembership", {"roles": [{"name": "admin"}, {"name": "editor"}]}, id=f"usr_{user}", **organization)
    done("RemoveUserRole", role_name="admin", **person)
    invited = done("CreateUserAndMembership", {"email": "joe@contractor.test"}, **organization)["user"]
    done("ListOrganizationUsers", **organization)
    done("DeleteMembership", id=invited["id"], **organization)
    # the portal, and events
    link = done("GeneratePortalLink", **org)["link"]
    done("GetPortalLinks", **org)
    done("DeletePortalLinkByID", link_id=link["id"], **org)
    done("DeletePortalLink", **org)
    events = done("ListEventsPaginated", {"organization_id": org["id"]}, {"page_size": 30})["events"]
    assert {event["object"] for event in events} == {"Directory", "DirectoryUser", "DirectoryGroup"}
    done("SendTestEvent", event_type="organization.directory.user_created")
    # what is taken away
    done("RegenerateDirectorySecret", **directory)
    done("DeleteDomain", id=domain["id"], **organization)
    done("DeleteDirectory", **dir)
    done("DeleteOrganization", **org)
    administered(tour)
    managed(tour)


def provisioned(tour: Tour, directory: str, token: str) -> tuple[str, str]:
    """The ids of a user and a group that the IdP has brought."""
    base, headers = f"/api/v1/directories/{directory}/scim/v2", {"Authorization": f"Bearer {token}"}

    def post(endpoint: str, body: Any) -> str:
        reply = tour.visitor.send("POST", f"{base}/{endpoint}", body, headers)
        assert reply.status == 201, reply.body
        return str(reply.resource()["id"])

    urn = "urn:ietf:params:scim:schemas:core:2.0:"
    user = post("Users", {"schemas": [f"{urn}User"], "userName": "ada@acme.test", "title": "Dr"})
    group = post("Groups", {"schemas": [f"{urn}Group"], "displayName": "Crew", "members": [{"value": user}]})
    return user, group


def administered(tour: Tour) -> None:
    """Every operation below /manage/tenants."""
    done, name = tour.done, {"name": "beta"}
    done("CreateTenant", **name)
    done("ListTenants")
    token = done("IssueTenantToken", {"expires_in": 60}, **name)
    done("ListTenantTokens", **name)
    done("RegenerateTenantToken", **name)
    done("RevokeTenantToken", id=token["id"], **name)
    done("SwitchTenantScim", {"enabled": False}, **name)
    done("SwitchTenantDirectory", {"enabled": False}, **name)
    done("SetTenantAllowed", {"addresses": ["127.0.0.0/8"]}, **name)
    done("DeleteTenant", **name)


def managed(tour: Tour) -> None:
    """Every other operation below /manage."""
    done = tour.done
    done("ManageSetDomains", {"domains": ["acme.test"]})
    done("ManageListDomains")
    done("ManageSetWebhook", {"url": "http://127.0.0.1:9/hook"})
    done("ManageGetWebhook")
    done("ManageRotateWebhookSecret")
    endpoint = done("ManageCreateEndpoint", {"url": "https://app.acme.test/hook", "events": []})
    done("ManageListEndpoints")
    done("ManageGetEndpoint", id=endpoint["id"])
    done("ManageUpdateEndpoint", {"description": "Spare"}, id=endpoint["id"])
    done("ManageRotateEndpointSecret", id=endpoint["id"])
    issued = done("IssueTenantToken", {"expires_in": None}, name="default")["token"]
    user, group = provisioned(tour, "dir_ref", issued)
    done("ManageSetDefaultRole", {"default": "member"})
    done("ManageMapRole", {"role": "developer"}, group_id=group)
    assert done("ManageGetRoles") == {"default": "member", "map": {group: "developer"}}
    assert done("ManageGetUserRoles", id=user) == {"roles": ["developer"]}
    done("ManageUnmapRole", group_id=group)
    done("ManageGetUserAccess", id=user)
    done("ManageGetProfile", id=user)
    done("ManageFindProfile", query={"email": "ada@acme.test"})
    session = done("ManageOpenSession", id=user)["token"]
    assert done("ManageGetSession", headers={"x-session": session}) == {"user_id": user}
    done("ManageAdvanceClock", {"seconds": 1})
    deliveries = done("ManageListDeliveries")["deliveries"]
    assert deliveries
    done("ManageRedeliver", id=deliveries[0]["id"])
    assert done("ManageListAudit", query={"limit": 500})["entries"]
    done("ManageDiagnose", query={"email": "ada@acme.test"})
    done("ManageDeleteEndpoint", id=endpoint["id"])
    done("ManageDeleteWebhook")


def test_every_operation_succeeds_as_is_declared(tour: Tour) -> None:
    round_trip(tour)
    assert {name for name, statuses in tour.seen.items() if min(statuses) < 300} == tour.operations.keys()


def test_whoever_has_no_token_is_told_so_in_the_form_of_the_place(tour: Tour) -> None:
    for name, (_, path, operation) in tour.operations.items():
        if "security" in operation:
            continue
        status, answer = tour.ask(name, headers={"Authorization": None}, **nowhere(path))
        assert status == 401, name
        assert set(answer) == ({"error"} if path.startswith("/manage") else {"code", "message", "details"})


def test_what_is_not_there_is_said_so(tour: Tour) -> None:
    """Under a token, with a body that is right."""
    bodies = {
        "UpdateOrganizationSettings": {"features": []}, "UpdateDefaultOrganizationRoles": {"default_member_role": "a"},
        "CreateDomain": {"domain": "acme.test"}, "UpdateAttributes": {"attributes": []},
        "AssignRoles": {"assignments": []}, "CreateUserAndMembership": {"email": "a@acme.test"},
        "AssignUserRoles": {"roles": [{"name": "a"}]}, "ManageMapRole": {"role": "a"},
        "SwitchTenantScim": {"enabled": True}, "SwitchTenantDirectory": {"enabled": True},
        "SetTenantAllowed": {"addresses": []},
    }  # fmt: skip
    other = {"CreateTenant", "ManageGetUserAccess", "SendTestEvent"}  # made; nobody may; 400
    for name, (_, path, _) in tour.operations.items():
        if "{" in path and name not in other:
            status, _ = tour.ask(name, bodies.get(name), **nowhere(path))
            assert status == 404, name


def test_a_body_that_is_none_is_refused_by_every_operation_that_takes_one(tour: Tour) -> None:
    for name, (_, path, operation) in tour.operations.items():
        if "requestBody" in operation:
            for body in (b"{", b"[]", b'"x"', b"\xff", b'{"nothing": 1}'):
                status, _ = tour.ask(name, body, **nowhere(path))
                assert status in (400, 404), (name, body)


def nowhere(path: str) -> dict[str, str]:
    return dict.fromkeys(re.findall(r"\{([a-z_]+)\}", path), "nowhere")
