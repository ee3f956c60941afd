"""gRPC calls as the requests that they stand for: what of a message goes where, and how answers and errors come back.

The operations here are made up; those of the server are called in test_scalekit_clients.
"""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio
import pytest
from google.rpc import status_pb2

from scimrig_simulator.server.app import only
from scimrig_simulator.server.grpc_facade import Facade
from scimrig_simulator.server.office import Office, by_code
from scimrig_simulator.server.operations import Asked, Body, Code, Operation, Operations, refusal

with warnings.catch_warnings(action="ignore"):
    from google.protobuf.timestamp_pb2 import Timestamp
    from scalekit.v1.directories import directories_pb2 as directories
    from scalekit.v1.directories.directories_pb2_grpc import DirectoryServiceStub
    from scalekit.v1.domains import domains_pb2 as domains
    from scalekit.v1.domains.domains_pb2_grpc import DomainServiceStub
    from scalekit.v1.errdetails.errdetails_pb2 import ErrorInfo
    from scalekit.v1.organizations import organizations_pb2 as organizations
    from scalekit.v1.organizations.organizations_pb2_grpc import OrganizationServiceStub
    from scalekit.v1.users import users_pb2 as users
    from scalekit.v1.users.users_pb2_grpc import UserServiceStub

pytestmark = pytest.mark.peer

TOKEN = "facade-t0ken"
BEARER = (("authorization", f"Bearer {TOKEN}"),)
ORGANIZATION = "/api/v1/organizations/{organization_id}"


@dataclass
class Back:
    """What stands behind the facade: it keeps what it is asked, and answers what it is told to."""

    answer: Callable[[], Body | None] = dict
    asked: list[tuple[str, Asked]] = field(default_factory=list)

    def office(self) -> Office:
        table = {
            "toggle": ("PATCH", f"{ORGANIZATION}/directories/{{id}}:enable"),
            "users": ("GET", f"{ORGANIZATION}/directories/{{directory_id}}/users"),
            "create": ("POST", f"{ORGANIZATION}/directories"),
            "settings": ("PATCH", "/api/v1/organizations/{id}/settings"),
            "roles": ("POST", f"{ORGANIZATION}/users/{{user_id}}/roles"),
            "update": ("PATCH", "/api/v1/users/{user_id}"),  # the vendor calls it {id}
            "delete": ("DELETE", f"{ORGANIZATION}/domains/{{id}}"),
            "invite": ("POST", f"{ORGANIZATION}/users"),
            "link": ("PUT", "/api/v1/organizations/{id}/portal_links"),
            "external": ("GET", "/api/v1/organizations:external/{external_id}"),
        }

        def handler(name: str) -> Callable[[Asked], Body | None]:
            def handle(asked: Asked) -> Body | None:
                self.asked.append((name, asked))
                return self.answer()

            return handle

        operations = [Operation(name, method, path, handler(name)) for name, (method, path) in table.items()]
        return Office(only(TOKEN), "", Operations(operations), kind="api", told=by_code)

    @property
    def parts(self) -> tuple[str, Mapping[str, str], Mapping[str, str], Body]:
        """The last request: operation, path, query and body."""
        name, asked = self.asked[-1]
        return name, asked.path, asked.query, asked.body


@pytest.fixture
def back() -> Back:
    return Back()


@pytest.fixture
def call(back: Back) -> Callable[..., Any]:
    """``call(Stub, "Method", request)``: the answer of the facade, which is there for this one call."""

    def play(stub: Any, method: str, request: Any, metadata: Any = BEARER) -> Any:
        async def played() -> Any:
            facade = Facade(back.office())
            socket = await facade.start("https://ref.test:8443")
            async with grpc.aio.insecure_channel(f"unix:{socket}") as channel:
                try:
                    return await getattr(stub(channel), method)(request, metadata=metadata, timeout=10)
                finally:
                    await facade.stop(0)

        return asyncio.run(played())

    return play


def refused(call: Callable[..., Any], *words: Any) -> tuple[grpc.StatusCode, str, str]:
    """Code, message and the vendor's error code of a call that fails."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        call(*words)
    error = caught.value
    details = dict(error.trailing_metadata()).get("grpc-status-details-bin")
    info = ErrorInfo()
    if details:
        status = status_pb2.Status.FromString(details)
        assert (status.code, status.message) == (error.code().value[0], error.details())
        status.details[0].Unpack(info)
    return error.code(), error.details() or "", info.error_code


# What goes where


def test_path_variables_are_taken_from_the_message(back: Back, call: Any) -> None:
    call(DirectoryServiceStub, "EnableDirectory", directories.ToggleDirectoryRequest(organization_id="org_1", id="d"))
    assert back.parts == ("toggle", {"organization_id": "org_1", "id": "d"}, {}, {})


def test_they_keep_the_names_of_the_operation(back: Back, call: Any) -> None:
    call(UserServiceStub, "UpdateUser", users.UpdateUserRequest(
        id="usr_1", user=users.UpdateUser(user_profile=users.UpdateUserProfile(given_name="Ada", picture="")),
    ))  # fmt: skip
    body = {"user_profile": {"given_name": "Ada", "picture": ""}}  # an empty text that was set is set
    assert back.parts == ("update", {"user_id": "usr_1"}, {}, body)


@pytest.mark.parametrize("id", ["dir_1:disable", "../org_2", "a/b", "a%2Fb", "{id}", "é"])
def test_an_id_is_an_id_whatever_it_looks_like(back: Back, call: Any, id: str) -> None:
    call(DirectoryServiceStub, "EnableDirectory", directories.ToggleDirectoryRequest(organization_id="org_1", id=id))
    assert back.parts[:2] == ("toggle", {"organization_id": "org_1", "id": id})


def test_what_is_neither_path_nor_body_is_the_query(back: Back, call: Any) -> None:
    request = directories.ListDirectoryUsersRequest(
        organization_id="org_1", directory_id="dir_1", page_size=7, page_token="p", include_detail=False,
        updated_after=Timestamp(seconds=1790000000),
    )  # fmt: skip
    call(DirectoryServiceStub, "ListDirectoryUsers", request)
    query = {"page_size": "7", "page_token": "p", "include_detail": "false", "updated_after": "2026-09-21T14:13:20Z"}
    assert back.parts == ("users", {"organization_id": "org_1", "directory_id": "dir_1"}, query, {})


def test_several_values_of_a_parameter_count_as_over_http_the_first(back: Back, call: Any) -> None:
    call(OrganizationServiceStub, "GeneratePortalLink",
         organizations.GeneratePortalLinkRequest(id="org_1", features=["dir_sync", "sso"]))  # fmt: skip
    assert back.parts == ("link", {"id": "org_1"}, {"features": "dir_sync"}, {})


def test_the_body_is_the_part_that_the_annotation_names(back: Back, call: Any) -> None:
    user = users.CreateUser(email="ada@acme.test", metadata={"desk": "4"})
    call(UserServiceStub, "CreateUserAndMembership",
         users.CreateUserAndMembershipRequest(organization_id="o", user=user, send_invitation_email=True))  # fmt: skip
    body = {"email": "ada@acme.test", "metadata": {"desk": "4"}}
    assert back.parts == ("invite", {"organization_id": "o"}, {"send_invitation_email": "true"}, body)
    made = directories.CreateDirectory(directory_type=directories.SCIM, directory_provider=directories.OKTA)
    call(DirectoryServiceStub, "CreateDirectory",
         directories.CreateDirectoryRequest(organization_id="org_1", directory=made))  # fmt: skip
    assert back.parts[3] == {"directory_type": "SCIM", "directory_provider": "OKTA"}


def test_a_part_that_is_a_list_is_sent_under_its_name(back: Back, call: Any) -> None:
    call(UserServiceStub, "AssignUserRoles", users.AssignUserRolesRequest(
        organization_id="org_1", user_id="usr_1", roles=[users.AssignRoleRequest(role_name="admin")],
    ))  # fmt: skip
    assert back.parts[3] == {"roles": [{"role_name": "admin"}]}


def test_what_is_zero_goes_unsaid_as_in_the_vendor_s_own_json(back: Back, call: Any) -> None:
    feature = organizations.OrganizationSettingsFeature(name="scim", enabled=False)
    settings = organizations.OrganizationSettings(features=[feature])
    call(OrganizationServiceStub, "UpdateOrganizationSettings",
         organizations.UpdateOrganizationSettingsRequest(id="org_1", settings=settings))  # fmt: skip
    assert back.parts[3] == {"features": [{"name": "scim"}]}


def test_a_method_is_played_by_whichever_of_its_requests_it_has_the_words_for(back: Back, call: Any) -> None:
    call(OrganizationServiceStub, "GetOrganizationByExternalId", organizations.GetOrganizationRequest(external_id="x"))
    assert back.parts[:2] == ("external", {"external_id": "x"})
    code, words, _ = refused(call, DomainServiceStub, "DeleteDomain", domains.DeleteDomainRequest(id="dom_1"))
    assert (code, words) == (grpc.StatusCode.INVALID_ARGUMENT, "DeleteDomain needs organization_id and id.")


def test_who_asks_and_where_is_known_to_the_operation(back: Back, call: Any) -> None:
    call(DirectoryServiceStub, "EnableDirectory", directories.ToggleDirectoryRequest(organization_id="o", id="d"))
    asked = back.asked[-1][1]
    assert (asked.caller.kind, asked.origin) == ("api", "https://ref.test:8443")
    assert "grpc" in asked.caller.user_agent


# Who may


@pytest.mark.parametrize(
    "metadata", [(), (("authorization", "Bearer other"),), (("authorization", TOKEN),), (("x-token", TOKEN),)]
)
def test_whoever_has_no_token_is_unauthenticated_whatever_they_ask_for(back: Back, call: Any, metadata: Any) -> None:
    request = directories.ToggleDirectoryRequest(organization_id="o", id="d")
    for method in ("EnableDirectory", "TriggerDirectorySync"):
        code, _, error_code = refused(call, DirectoryServiceStub, method, request, metadata)
        assert (code, error_code) == (grpc.StatusCode.UNAUTHENTICATED, "UNAUTHENTICATED")
    assert back.asked == []


def test_a_token_may_be_said_twice_but_not_beside_another(back: Back, call: Any) -> None:
    request = directories.ToggleDirectoryRequest(organization_id="o", id="d")
    call(DirectoryServiceStub, "EnableDirectory", request, BEARER * 2)
    assert len(back.asked) == 1
    both = (*BEARER, ("authorization", "Bearer other"))
    code, _, _ = refused(call, DirectoryServiceStub, "EnableDirectory", request, both)
    assert (code, len(back.asked)) == (grpc.StatusCode.UNAUTHENTICATED, 1)


# What comes back


def test_an_answer_becomes_the_message_and_what_it_has_no_field_for_is_left_out(back: Back, call: Any) -> None:
    back.answer = lambda: {
        "users": [{
            "id": "diruser_1", "email": "ada@acme.test", "active": False, "updated_at": "2026-03-04T05:06:07.125Z",
            "groups": [{"id": "dirgroup_1", "display_name": "Crew", "name": "Crew", "total_users": 0}],
            "user_detail": {"active": False, "name": None, "tags": [1, None]},
        }],
        "total_size": 1, "next_page_token": "", "prev_page_token": "",
    }  # fmt: skip
    answer = call(DirectoryServiceStub, "ListDirectoryUsers",
                  directories.ListDirectoryUsersRequest(organization_id="o", directory_id="d"))  # fmt: skip
    user = answer.users[0]
    assert (user.id, user.email, user.groups[0].display_name) == ("diruser_1", "ada@acme.test", "Crew")
    assert user.updated_at.ToJsonString() == "2026-03-04T05:06:07.125Z"
    assert (user.user_detail["active"], "name" in user.user_detail) == (False, False)
    assert (answer.total_size, answer.next_page_token) == (1, "")


def test_what_has_no_answer_is_empty(back: Back, call: Any) -> None:
    back.answer = lambda: None
    answer = call(DomainServiceStub, "DeleteDomain", domains.DeleteDomainRequest(organization_id="o", id="d"))
    assert answer.ByteSize() == 0


@pytest.mark.parametrize("code", list(Code))
def test_an_error_keeps_its_kind_its_words_and_its_code(back: Back, call: Any, code: Code) -> None:
    def fail() -> Body:
        raise refusal(code, "No – « é ».", "TOO_BAD")

    back.answer = fail
    said = refused(call, DirectoryServiceStub, "EnableDirectory",
                   directories.ToggleDirectoryRequest(organization_id="o", id="d"))  # fmt: skip
    assert (said[0].name, *said[1:]) == (code.name, "No – « é ».", "TOO_BAD")


def test_a_mistake_of_ours_tells_nothing(back: Back, call: Any, caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> Body:
        raise RuntimeError("ada@acme.test")

    back.answer = fail
    code, words, _ = refused(call, DirectoryServiceStub, "EnableDirectory",
                             directories.ToggleDirectoryRequest(organization_id="o", id="d"))  # fmt: skip
    assert (code, words) == (grpc.StatusCode.INTERNAL, "The server failed; its log says more.")
    assert "RuntimeError" in caplog.text
    assert "ada@acme.test" not in caplog.text


def test_what_no_operation_stands_behind_is_unimplemented(call: Any) -> None:
    request = directories.TriggerDirectorySyncRequest(organization_id="o", directory_id="d")
    code, words, _ = refused(call, DirectoryServiceStub, "TriggerDirectorySync", request)
    assert code == grpc.StatusCode.UNIMPLEMENTED
    assert "scalekit.v1.directories.DirectoryService.TriggerDirectorySync" in words


@pytest.mark.parametrize("path", ["/nobody.Service/Method", "/scalekit.v1.directories.DirectoryService/Nothing", "/x"])
def test_what_the_vendor_does_not_know_is_unimplemented(call: Any, path: str) -> None:
    def stub(channel: Any) -> Any:
        method = channel.unary_unary(path)
        return type("Stub", (), {"Method": staticmethod(method)})

    assert refused(call, stub, "Method", b"")[0] == grpc.StatusCode.UNIMPLEMENTED


def test_a_message_that_is_too_large_or_none_is_refused(back: Back, call: Any) -> None:
    request = directories.ToggleDirectoryRequest(organization_id="o" * 70_000, id="d")
    assert refused(call, DirectoryServiceStub, "EnableDirectory", request)[0] == grpc.StatusCode.RESOURCE_EXHAUSTED

    def stub(channel: Any) -> Any:
        method = channel.unary_unary("/scalekit.v1.directories.DirectoryService/EnableDirectory")
        return type("Stub", (), {"Method": staticmethod(method)})

    assert refused(call, stub, "Method", b"\xff\xff\xff")[0] == grpc.StatusCode.INVALID_ARGUMENT
    assert back.asked == []
