"""Users over the API: invited ones, provisioned ones, and one person who becomes both (CAP-02, CAP-35, CAP-38, D8)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scimrig_simulator.in_process import InProcessTransport
from scimrig_simulator.seams import Seams
from scimrig_simulator.wire import BY_THE_BOOK, Send

USERS = "/organizations/org_ref/users"
MEMBERS = "/memberships/organizations/org_ref/users"


def invite(tenant: Any, email: str = "joe@contractor.test", **more: Any) -> dict[str, Any]:
    reply = tenant.api("POST", USERS, {"email": email, **more})
    assert reply.status == 201, reply.body
    return dict(reply.resource()["user"])


def user_of(tenant: Any, id: str) -> dict[str, Any]:
    return dict(tenant.told_by_api(f"/users/usr_{id.removeprefix('usr_')}")["user"])


def update(tenant: Any, id: str, **body: Any) -> Any:
    return tenant.api("PATCH", f"/users/usr_{id.removeprefix('usr_')}", body)


def profile(tenant: Any, id: str, **wanted: str) -> None:
    assert update(tenant, id, user_profile=wanted).status == 200


def scim(tenant: Any, id: str, path: str, value: Any, op: str = "replace") -> None:
    assert tenant.patch(f"/Users/{id}", {"op": op, "path": path, "value": value}).status == 200


def refused(reply: Any) -> tuple[int, int, str]:
    """Status, code and error code."""
    body = reply.resource()
    return reply.status, body["code"], body["details"][0]["error_code"]


# Invited


def test_anybody_may_be_invited_of_whatever_domain(tenant: Any) -> None:
    made = invite(
        tenant, external_id="app-7", metadata={"team": "red"},
        user_profile={"given_name": "Joe", "family_name": "Contractor", "phone_number": "+1", "gender": "x",
                      "custom_attributes": {"badge": "9"}},
        membership={"roles": [{"name": "guest"}], "metadata": {"until": "May"}},
    )  # fmt: skip
    assert made["id"].startswith("usr_")
    assert (made["email"], made["external_id"], made["metadata"]) == ("joe@contractor.test", "app-7", {"team": "red"})
    shown = made["user_profile"]
    names = ("given_name", "first_name", "phone_number", "gender")
    assert [shown[name] for name in names] == ["Joe", "Joe", "+1", "x"]
    assert (shown["custom_attributes"], shown["email_verified"], shown["locale"]) == ({"badge": "9"}, False, "")
    (membership,) = made["memberships"]
    assert (membership["organization_id"], membership["membership_status"]) == ("org_ref", "PENDING_INVITE")
    assert [role["name"] for role in membership["roles"]] == ["guest"]
    assert (membership["metadata"], membership["provisioning_method"]) == ({"until": "May"}, "invitation")
    assert user_of(tenant, made["id"]) == made
    assert tenant.get("/Users")["totalResults"] == 0, "an invited user is in no directory"
    assert tenant.told() == []


def test_who_is_invited_has_the_default_role_unless_another_is_named(tenant: Any) -> None:
    made = invite(tenant)
    assert [role["name"] for role in made["memberships"][0]["roles"]] == ["member"]


@pytest.mark.parametrize("email", ["joe@contractor.test", "JOE@contractor.test", "ada@acme.test", "off@ACME.test"])
def test_an_address_is_that_of_one_user_of_the_organization(tenant: Any, email: str) -> None:
    invite(tenant)
    tenant.person("ada")
    tenant.person("off", active=False)
    assert refused(tenant.api("POST", USERS, {"email": email})) == (409, 6, "USER_ALREADY_EXISTS")


def test_in_another_organization_the_address_is_free(tenant: Any) -> None:
    invite(tenant)
    tenant.manage("PUT", "/tenants/acme")
    reply = tenant.api("POST", "/organizations/org_acme/users", {"email": "joe@contractor.test"})
    assert reply.status == 201
    other = reply.resource()["user"]["id"]
    assert refused(tenant.api("DELETE", f"{MEMBERS}/{other}")) == (404, 5, "USER_NOT_FOUND")


@pytest.mark.parametrize(
    "body",
    [
        {}, {"email": ""}, {"email": "joe"}, {"email": "joe@"}, {"email": "a@b@c.test"}, {"email": 7},
        {"email": "joe@x.test", "more": 1}, {"email": "joe@x.test", "metadata": {"a": 1}},
        {"email": "joe@x.test", "user_profile": {"email": "x"}}, {"email": "joe@x.test", "user_profile": []},
        {"email": "joe@x.test", "user_profile": {"given_name": "x" * 256}},
        {"email": "joe@x.test", "user_profile": {"groups": ["Eng"]}}, {"email": "joe@x.test", "membership": "x"},
        {"email": "joe@x.test", "membership": {"roles": ["admin"]}},
        {"email": "joe@x.test", "membership": {"roles": [{"name": ""}]}},
    ],
)  # fmt: skip
def test_an_invitation_that_makes_no_sense_is_refused(tenant: Any, body: Any) -> None:
    reply = tenant.api("POST", USERS, body)
    assert (reply.status, reply.resource()["code"]) == (400, 3)
    assert tenant.told_by_api(USERS)["total_size"] == 0


def test_an_invited_user_is_updated_and_removed(tenant: Any) -> None:
    made = invite(tenant, user_profile={"given_name": "Joe", "locale": "en"}, metadata={"a": "1"})
    profile(tenant, made["id"], given_name="Jo", locale="")
    after = user_of(tenant, made["id"])
    assert (after["user_profile"]["given_name"], after["user_profile"]["locale"]) == ("Jo", "")
    assert after["metadata"] == {"a": "1"}
    assert after["update_time"] > made["update_time"]
    assert tenant.api("DELETE", f"{MEMBERS}/{made['id']}").status == 204
    assert refused(tenant.api("GET", f"/users/{made['id']}")) == (404, 5, "USER_NOT_FOUND")
    invite(tenant)


# Invited, then provisioned


def test_a_directory_that_provisions_who_is_invited_adopts_them(tenant: Any) -> None:
    made = invite(
        tenant, "Joe@acme.test", external_id="app-7", metadata={"team": "red"},
        user_profile={"given_name": "Joe", "gender": "x"}, membership={"roles": [{"name": "guest"}]},
    )  # fmt: skip
    joe = tenant.person("joe", externalId="x-1")
    assert made["id"] == f"usr_{joe['id']}", "one user, with one id"
    assert tenant.told() == [("user_created", joe["id"])]
    after = user_of(tenant, joe["id"])
    assert (after["external_id"], after["metadata"], after["user_profile"]["gender"]) == ("app-7", {"team": "red"}, "x")
    assert after["memberships"][0]["membership_status"] == "ACTIVE"
    assert after["memberships"][0]["provisioning_method"] == "direct_provision"
    assert [role["name"] for role in after["memberships"][0]["roles"]] == ["guest"]
    assert tenant.told_by_api(USERS)["total_size"] == 1
    assert refused(tenant.api("POST", USERS, {"email": "joe@acme.test"})) == (409, 6, "USER_ALREADY_EXISTS")


def test_of_a_foreign_domain_an_invitation_opens_no_way_in(tenant: Any) -> None:
    made = invite(tenant, "joe@ext.acme.test")
    emails = [{"value": "joe@ext.acme.test", "primary": True}]
    body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "joe", "emails": emails}
    reply = tenant.send("POST", "/Users", body=body)
    assert (reply.status, reply.resource()["scimType"]) == (400, "invalidValue")
    assert user_of(tenant, made["id"]) == made


def test_a_provisioning_that_is_refused_leaves_the_invitation(tenant: Any) -> None:
    made = invite(tenant, "joe@acme.test")
    tenant.person("jo")
    body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "JO",
            "emails": [{"value": "joe@acme.test"}]}  # fmt: skip
    assert tenant.send("POST", "/Users", body=body).status == 409
    assert user_of(tenant, made["id"]) == made


# Provisioned


def test_a_provisioned_user_is_the_scim_resource(tenant: Any) -> None:
    ada = tenant.person("ada", displayName="Ada Sample", locale="en-GB", externalId="x-1")
    crew = tenant.group("Crew", ada)
    shown = user_of(tenant, ada["id"])
    assert (shown["email"], shown["environment_id"], shown["external_id"]) == ("ada@acme.test", "env_ref", "")
    assert shown["create_time"] == ada["meta"]["created"]
    assert shown["user_profile"]["name"] == "Ada Sample"
    assert (shown["user_profile"]["groups"], shown["user_profile"]["email_verified"]) == (["Crew"], True)
    assert shown["memberships"][0]["membership_status"] == "ACTIVE"
    scim(tenant, ada["id"], "active", False)
    assert user_of(tenant, ada["id"])["memberships"][0]["membership_status"] == "INACTIVE"
    assert refused(tenant.api("GET", f"/users/usr_{crew['id']}")) == (404, 5, "USER_NOT_FOUND")
    assert refused(tenant.api("GET", f"/users/{ada['id']}")) == (404, 5, "USER_NOT_FOUND")


def test_an_update_writes_to_the_scim_resource_and_is_told_once(tenant: Any) -> None:
    ada = tenant.person("ada", displayName="Ada", phoneNumbers=[{"value": "1", "type": "mobile"}], title="Lead")
    tenant.told()
    profile(tenant, ada["id"], given_name="Augusta", phone_number="2", locale="en", name="Augusta", picture="http://x/p")
    after = tenant.get(f"/Users/{ada['id']}")
    assert (after["name"], after["displayName"], after["locale"]) == ({"givenName": "Augusta"}, "Augusta", "en")
    assert (after["phoneNumbers"], after["photos"]) == ([{"value": "2", "type": "mobile"}], [{"value": "http://x/p"}])
    assert (after["title"], after["emails"]) == ("Lead", ada["emails"])
    assert after["meta"]["version"] != ada["meta"]["version"]
    assert after["meta"]["lastModified"] > ada["meta"]["lastModified"]
    assert tenant.told() == [("user_updated", ada["id"])]
    profile(tenant, ada["id"], given_name="Augusta")
    assert tenant.get(f"/Users/{ada['id']}") == after, "what changes nothing leaves no trace"
    assert tenant.told() == []


def test_an_update_may_clear_and_may_name_the_old_names(tenant: Any) -> None:
    ada = tenant.person("ada", locale="en")
    profile(tenant, ada["id"], first_name="Ada", last_name="Sample", locale="")
    after = tenant.get(f"/Users/{ada['id']}")
    assert after["name"] == {"givenName": "Ada", "familyName": "Sample"}
    assert "locale" not in after


def test_what_the_application_notes_is_none_of_the_directory_s_business(tenant: Any) -> None:
    ada = tenant.person("ada", externalId="x-1")
    tenant.told()
    reply = update(tenant, ada["id"], external_id="app-7", metadata={"a": "1"}, user_profile={"gender": "f"})
    shown = reply.resource()["user"]
    assert (shown["external_id"], shown["metadata"], shown["user_profile"]["gender"]) == ("app-7", {"a": "1"}, "f")
    assert tenant.get(f"/Users/{ada['id']}") == ada
    assert tenant.told() == []
    assert update(tenant, ada["id"], metadata={}).resource()["user"]["external_id"] == "app-7"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"email": "new@acme.test"}, "EMAIL_IMMUTABLE"),
        ({"user_profile": {"email": "new@acme.test"}}, "EMAIL_IMMUTABLE"),
        ({"user_profile": {"preferred_username": "new@acme.test"}}, "EMAIL_IMMUTABLE"),
        ({"user_profile": {"preferred_username": ""}}, "INVALID_ARGUMENT"),
        ({"user_profile": {"picture": "no uri"}}, "INVALID_ARGUMENT"),
        ({"user_profile": {"custom_attributes": {"a": "1"}}}, "CUSTOM_ATTRIBUTES_MAPPED"),
        ({"user_profile": {"groups": ["Eng"]}}, "INVALID_ARGUMENT"),
        ({"user_profile": {"locale": 7}}, "INVALID_ARGUMENT"),
        ({"more": 1}, "INVALID_ARGUMENT"), ({"metadata": {"a": 1}}, "INVALID_ARGUMENT"),
    ],
)  # fmt: skip
def test_an_update_that_may_not_be_is_refused_whole(tenant: Any, body: dict[str, Any], error: str) -> None:
    ada = tenant.user("ada@acme.test")
    before = user_of(tenant, ada["id"])
    asked = {**body, "metadata": {"b": "2"}} if "metadata" not in body else body
    asked["user_profile"] = {"given_name": "Eve", **body.get("user_profile", {})}
    status, _, told = refused(update(tenant, ada["id"], **asked))
    assert (status, told) == (400, error)
    assert user_of(tenant, ada["id"]) == before


def test_a_user_name_that_is_not_the_address_may_change_to_one_that_is_free(tenant: Any) -> None:
    ada = tenant.person("ada")
    tenant.person("ben")
    assert update(tenant, ada["id"], user_profile={"preferred_username": "BEN"}).status == 409
    profile(tenant, ada["id"], preferred_username="countess")
    assert tenant.get("/Users", filter='userName eq "countess"')["totalResults"] == 1


def test_a_domain_that_is_given_up_does_not_stop_the_application(tenant: Any) -> None:
    ada = tenant.person("ada")
    tenant.manage("PUT", "/domains", {"domains": []})
    profile(tenant, ada["id"], given_name="Ada")


def test_who_is_removed_is_gone_from_scim_and_comes_back_as_another(tenant: Any) -> None:
    ada = tenant.person("ada")
    crew = tenant.group("Crew", ada)
    update(tenant, ada["id"], external_id="app-7")
    tenant.told()
    assert tenant.api("DELETE", f"{MEMBERS}/usr_{ada['id']}").status == 204
    assert tenant.send("GET", f"/Users/{ada['id']}").status == 404
    assert tenant.patch(f"/Users/{ada['id']}", {"op": "replace", "path": "title", "value": "x"}).status == 404
    assert "members" not in tenant.get(f"/Groups/{crew['id']}")
    assert tenant.told() == [("user_deleted", ada["id"])]
    assert refused(tenant.api("DELETE", f"{MEMBERS}/usr_{ada['id']}")) == (404, 5, "USER_NOT_FOUND")
    again = tenant.person("ada")
    assert again["id"] != ada["id"]
    assert user_of(tenant, again["id"])["external_id"] == ""


# Listed


def test_the_users_of_an_organization_are_those_of_its_directories_and_the_invited_ones(tenant: Any) -> None:
    made = [tenant.person(f"p{number:02}")["id"] for number in range(11)]
    directory = tenant.api("POST", "/organizations/org_ref/directories", {"directory_type": "SCIM"}).resource()
    assert directory["directory"]["organization_id"] == "org_ref"
    guests = [invite(tenant, f"g{number}@x.test")["id"] for number in range(12)]
    seen, token, sizes = [], "", []
    while True:
        page = tenant.told_by_api(USERS, page_token=token)
        seen, token = [*seen, *(user["id"] for user in page["users"])], page["next_page_token"]
        sizes.append(len(page["users"]))
        if not token:
            break
    assert seen == [*(f"usr_{id}" for id in made), *guests]
    assert (sizes, page["total_size"]) == ([10, 10, 3], 23)
    back = tenant.told_by_api(USERS, page_token=page["prev_page_token"])
    assert [user["id"] for user in back["users"]] == seen[10:20]
    assert len(tenant.told_by_api(USERS, page_size="100")["users"]) == 23


def test_two_directories_of_an_organization_share_its_addresses(tenant: Any) -> None:
    tenant.person("ada")
    made = tenant.api("POST", "/organizations/org_ref/directories", {"directory_type": "SCIM"}).resource()["directory"]
    secret = tenant.api("POST", f"/organizations/org_ref/directories/{made['id']}/secrets").resource()["plain_secret"]
    base = f"http://127.0.0.1:8080/api/v1/directories/{made['id']}/scim/v2"
    other = InProcessTransport(tenant.app, base, f"Bearer {secret}", tenant.clock)
    emails = [{"value": "ADA@acme.test", "primary": True}]
    body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada", "emails": emails}
    reply = other.exchange(Send("POST", "/Users", "", BY_THE_BOOK, body))
    assert (reply.status, reply.resource()["scimType"]) == (409, "uniqueness")
    mine = {**body, "emails": [{"value": "ben@acme.test"}]}
    assert other.exchange(Send("POST", "/Users", "", BY_THE_BOOK, mine)).status == 201
    other.close()


# Who writes last (CAP-35, D8)


def test_of_each_attribute_the_last_write_stands(tenant: Any) -> None:
    ada = tenant.person("ada")
    scim(tenant, ada["id"], "displayName", "X", "add")
    profile(tenant, ada["id"], name="Y")
    assert tenant.managed(f"/normalized/{ada['id']}")["name"] == "Y"
    scim(tenant, ada["id"], "title", "Lead", "add")
    assert tenant.managed(f"/normalized/{ada['id']}")["name"] == "Y", "a write of another attribute leaves it"
    scim(tenant, ada["id"], "displayName", "Z")
    assert user_of(tenant, ada["id"])["user_profile"]["name"] == "Z"


def test_of_concurrent_writes_the_one_that_is_committed_last_stands(
    make_tenant: Callable[..., Any], tmp_path: Path
) -> None:
    """Both sides write at once, a hundred times: the version of each answer says in which order that was."""
    tenant = make_tenant()
    ada = tenant.person("ada")
    path, wrong = f"/Users/{ada['id']}", []
    for turn in range(100):
        start, versions = threading.Barrier(2), {}

        def by_scim(value: str = f"S{turn}", start: Any = start, versions: Any = versions) -> None:
            start.wait()
            reply = tenant.patch(path, {"op": "replace", "path": "displayName", "value": value})
            versions[reply.resource()["meta"]["lastModified"]] = value

        def by_api(value: str = f"A{turn}", start: Any = start, versions: Any = versions) -> None:
            start.wait()
            reply = update(tenant, ada["id"], user_profile={"name": value})
            versions[reply.resource()["user"]["update_time"]] = value

        threads = [threading.Thread(target=write) for write in (by_scim, by_api)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if len(versions) != 2 or tenant.get(path)["displayName"] != versions[max(versions)]:
            wrong.append(turn)
    assert wrong == []


def test_writers_of_different_attributes_both_win(tenant: Any) -> None:
    ada = tenant.person("ada")
    path = f"/Users/{ada['id']}"

    def by_scim() -> None:
        for turn in range(30):
            scim(tenant, ada["id"], "title", f"T{turn}", "add")

    def by_api() -> None:
        for turn in range(30):
            profile(tenant, ada["id"], given_name=f"G{turn}")

    threads = [threading.Thread(target=write) for write in (by_scim, by_api)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    after = tenant.get(path)
    assert (after["title"], after["name"]["givenName"]) == ("T29", "G29")
    assert after["meta"]["version"] == 'W/"61"'


# On record


def test_every_write_leaves_one_entry_in_the_log(tenant: Any) -> None:
    ada = tenant.person("ada")
    joe = invite(tenant)
    profile(tenant, ada["id"], given_name="Ada")
    profile(tenant, joe["id"], given_name="Joe")
    tenant.api("DELETE", f"{MEMBERS}/usr_{ada['id']}")
    tenant.api("DELETE", f"{MEMBERS}/{joe['id']}")
    assert update(tenant, ada["id"], metadata={}).status == 404
    entries = [entry for entry in tenant.managed("/audit")["entries"] if entry["actor"]["type"] == "api"]
    told = [(entry["action"], entry["target"]["id"], entry["outcome"]) for entry in entries]
    joe_id = joe["id"].removeprefix("usr_")
    assert told == [
        ("user.invite", joe_id, "success"), ("user.update", ada["id"], "success"), ("user.update", joe_id, "success"),
        ("user.delete", ada["id"], "success"), ("user.delete", joe_id, "success"),
    ]  # fmt: skip
    (change,) = entries[1]["changes"]
    assert (change["attribute"], change["before"], change["after"]) == ("name.givenName", None, "Ada")
    assert entries[1]["request"] == {"method": "PATCH", "path": "/api/v1/users/{id}", "status": 200}


# Saboteurs


def test_a_write_of_the_api_can_be_lost(make_tenant: Callable[..., Any]) -> None:
    class Loses(Seams):
        def overwrite(self, before: Any, after: Any) -> Any:
            return before

    tenant = make_tenant(seams=Loses())
    ada = tenant.person("ada", displayName="X")
    profile(tenant, ada["id"], name="Y")
    assert tenant.get(f"/Users/{ada['id']}")["displayName"] == "X"
