"""scim2-client, a client of others that reads answers strictly, does all it can with our reference server, by URL.

It checks each answer's status, media type and payload against the schemas that the server itself publishes, and sends
``If-Match`` and ``If-None-Match`` because the server says it has ETags.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from httpx2 import Client
from scim2_client import Me
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_models import (
    BulkOperation,
    BulkRequest,
    NotFoundException,
    PatchOp,
    PatchOperation,
    PreconditionFailedException,
    ResourceType,
    ResponseParameters,
    Schema,
    SCIMException,
    SearchRequest,
    ServiceProviderConfig,
    UniquenessException,
)

pytestmark = [pytest.mark.peer, pytest.mark.slow]

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
NAMES = ["ada", "bob", "cy", "dan", "eve"]


@pytest.fixture
def scim(reference: Any) -> Iterator[SyncSCIMClient]:
    """A client that has discovered a new server."""
    with Client(base_url=reference.url, headers={"Authorization": f"Bearer {reference.token}"}) as http:
        client = SyncSCIMClient(http)
        client.discover()
        yield client


def test_it_discovers_what_the_server_has(scim: SyncSCIMClient) -> None:
    provider = scim.provider
    assert {str(kind.id): str(kind.endpoint) for kind in provider.resource_types} == {
        "User": "/Users", "Group": "/Groups",
    }  # fmt: skip
    config = provider.config
    assert config is not None
    supported = {name: getattr(config, name).supported for name in ("patch", "bulk", "filter", "sort", "etag")}
    assert supported == dict.fromkeys(supported, True)
    assert config.pagination is not None
    assert config.pagination.cursor is True
    for model in (Schema, ResourceType):
        for one in scim.query(model).resources:
            assert scim.query(model, one.id).id == one.id
    assert scim.query(ServiceProviderConfig).meta.resource_type == "ServiceProviderConfig"
    assert scim.request("DELETE", "/Schemas").status_code == 405


def test_it_creates_reads_replaces_changes_and_deletes_a_user(scim: SyncSCIMClient) -> None:
    user = scim.create(person(scim, "ada", title="Countess"))
    assert (user.user_name, user.title, user[ENTERPRISE].department) == ("ada", "Countess", "Engines")
    assert user.password is None
    assert user.meta.version
    with pytest.raises(UniquenessException):
        scim.create(person(scim, "ADA"))

    assert scim.query(user) is user  # 304: its version is still the same
    parameters = ResponseParameters(attributes=["userName"])
    part = scim.query(type(user), user.id, parameters)
    assert (part.id, part.user_name, part.title) == (user.id, "ada", None)
    part = scim.query(type(user), user.id, ResponseParameters(excluded_attributes=["title"]))
    assert (part.user_name, part.title) == ("ada", None)

    user.title = "Programmer"
    replaced = scim.replace(user)
    assert (replaced.id, replaced.title) == (user.id, "Programmer")
    with pytest.raises(PreconditionFailedException):
        scim.replace(user)  # it still has the version that was

    changed = scim.modify(replaced, changes(replaced, ("replace", "title", "Author"), ("add", "nickName", "A")))
    if changed is None:  # 204 is an answer too
        changed = scim.query(type(replaced), replaced.id)
    assert (changed.title, changed.nick_name) == ("Author", "A")
    scim.modify(changed, changes(changed, ("remove", "nickName", None)))
    again = scim.query(type(user), user.id)
    assert (again.title, again.nick_name) == ("Author", None)

    assert scim.delete(again) is None
    with pytest.raises(NotFoundException):
        scim.query(type(user), user.id)
    with pytest.raises(NotFoundException):
        scim.delete(type(user), user.id)


def test_it_changes_the_members_of_a_group(scim: SyncSCIMClient) -> None:
    ada, bob = (scim.create(person(scim, name)) for name in ("ada", "bob"))
    kind = scim.get_resource_model("Group")
    crew = {"schemas": [str(kind.__schema__)], "displayName": "Crew", "members": [{"value": ada.id}]}
    crew = scim.create(kind.model_validate(crew))
    assert [one.value for one in crew.members] == [ada.id]
    scim.modify(type(crew), crew.id, changes(crew, ("add", "members", [{"value": bob.id}])))
    assert {one.value for one in scim.query(type(crew), crew.id).members} == {ada.id, bob.id}
    assert [one.value for one in scim.query(type(bob), bob.id).groups] == [crew.id]
    scim.modify(type(crew), crew.id, changes(crew, ("remove", f'members[value eq "{ada.id}"]', None)))
    assert [one.value for one in scim.query(type(crew), crew.id).members] == [bob.id]
    scim.delete(type(bob), bob.id)  # by id: his groups are part of what he was when he was read
    assert not scim.query(type(crew), crew.id).members


@pytest.mark.parametrize("by", ["query", "search"])
def test_it_filters_sorts_and_turns_pages(scim: SyncSCIMClient, by: str) -> None:
    kind = crowd(scim)

    def names(**wanted: Any) -> list[str]:
        request = SearchRequest(**wanted)
        found = scim.query(kind, request) if by == "query" else scim.search(kind, request)
        return [user.user_name for user in found.resources or []]

    assert sorted(names()) == NAMES
    assert names(filter='userName eq "CY"') == ["cy"]
    assert names(filter='userName gt "cy" and emails[value ew "example.com"]', sort_by="userName") == ["dan", "eve"]
    assert names(sort_by="userName", sort_order="descending") == NAMES[::-1]
    assert names(sort_by="userName", start_index=2, count=2) == ["bob", "cy"]
    assert names(filter="title pr") == []
    with pytest.raises(SCIMException) as refused:
        names(filter="active gt true")  # RFC 7644 §3.4.2.2: there is no order of booleans
    assert refused.value.scim_type == "invalidFilter"


@pytest.mark.parametrize("by", ["query", "search"])
def test_it_follows_cursors_forth_and_back(scim: SyncSCIMClient, by: str) -> None:
    kind = crowd(scim)

    def page(cursor: str) -> Any:
        request = SearchRequest(cursor=cursor, count=2, sort_by="userName")
        return scim.query(kind, request) if by == "query" else scim.search(kind, request)

    pages, cursor = [], ""
    while cursor is not None:
        pages.append(page(cursor))
        cursor = pages[-1].next_cursor
    assert [[user.user_name for user in one.resources] for one in pages] == [NAMES[:2], NAMES[2:4], NAMES[4:]]
    assert {one.total_results for one in pages} == {len(NAMES)}
    if pages[1].previous_cursor is not None:
        assert [user.user_name for user in page(pages[1].previous_cursor).resources] == NAMES[:2]
    with pytest.raises(SCIMException) as refused:
        page("no-cursor-of-ours")
    assert refused.value.scim_type == "invalidCursor"


@pytest.mark.parametrize("by", ["query", "search"])
def test_it_reads_users_and_groups_together(scim: SyncSCIMClient, by: str) -> None:
    scim.create(person(scim, "ada"))
    kind = scim.get_resource_model("Group")
    scim.create(kind.model_validate({"schemas": [str(kind.__schema__)], "displayName": "Crew"}))

    def kinds(**wanted: Any) -> list[str]:
        request = SearchRequest(**wanted)
        found = scim.query(query_parameters=request) if by == "query" else scim.search(request)
        return sorted(one.meta.resource_type for one in found.resources or [])

    assert kinds() == ["Group", "User"]
    assert kinds(filter='meta.resourceType eq "User"') == ["User"]


def test_it_does_many_operations_in_one_bulk(scim: SyncSCIMClient) -> None:
    user, group = scim.get_resource_model("User"), scim.get_resource_model("Group")
    crew = {"schemas": [str(group.__schema__)], "displayName": "Crew", "members": [{"value": "bulkId:ada"}]}
    operations = [
        BulkOperation[user](method="POST", path="/Users", bulk_id="ada", data=person(scim, "ada")),
        BulkOperation[group](method="POST", path="/Groups", bulk_id="crew", data=group.model_validate(crew)),
        BulkOperation[user](method="POST", path="/Users", bulk_id="again", data=person(scim, "ada")),
    ]
    answer = scim.bulk(BulkRequest[user | group](operations=operations))
    assert [int(operation.status) for operation in answer.operations] == [201, 201, 409]
    ada, made = (str(operation.location).rpartition("/")[2] for operation in answer.operations[:2])
    assert [member.value for member in scim.query(group, made).members] == [ada]
    rest = [BulkOperation[user](method="DELETE", path=f"/Users/{ada}"),
            BulkOperation[group](method="DELETE", path=f"/Groups/{made}")]  # fmt: skip
    answer = scim.bulk(BulkRequest[user | group](operations=rest))
    assert [int(operation.status) for operation in answer.operations] == [204, 204]
    assert scim.query().total_results == 0


def test_me_is_answered_with_501_since_a_token_is_nobody(scim: SyncSCIMClient) -> None:
    """RFC 7644 §3.11: a provider that doesn't know who asks answers 501."""
    for ask in (lambda: scim.query(Me), lambda: scim.delete(Me)):
        with pytest.raises(SCIMException) as refused:
            ask()
        assert refused.value.status == 501


def person(scim: SyncSCIMClient, name: str, **attributes: Any) -> Any:
    """A user as the server's own schemas describe one."""
    model = scim.get_resource_model("User")
    return model.model_validate({
        "schemas": [str(model.__schema__), ENTERPRISE], "userName": name, "password": "c0rrect-h0rse",
        "emails": [{"value": f"{name}@example.com", "type": "work", "primary": True}],
        ENTERPRISE: {"department": "Engines"}, **attributes,
    })  # fmt: skip


def crowd(scim: SyncSCIMClient) -> Any:
    """The model of users, of whom there is one for each of NAMES."""
    for name in NAMES:
        scim.create(person(scim, name))
    return scim.get_resource_model("User")


def changes(resource: Any, *operations: tuple[str, str, Any]) -> Any:
    """A PATCH of that kind of resource."""
    model = type(resource)
    return PatchOp[model](
        operations=[PatchOperation[model](op=op, path=path, value=value) for op, path, value in operations]
    )
