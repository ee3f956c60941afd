"""Groups of the dialects that replace users whole: how they are found, made, filled, renamed and dissolved."""

from __future__ import annotations

import pytest

from scimrig_simulator.idp import engage
from scimrig_simulator.playbook import answer, expect, playbook

PUSHING = ("onelogin", "jumpcloud", "pingfederate", "pingone", "ad-connect", "ldap-gateway")
pushing = pytest.mark.parametrize("name", PUSHING)


@pytest.fixture
def fay(person):
    return person("fay", 6, given_name="Fay", family_name="Sample", display_name="Fay Sample", formatted="Fay Sample",
                  user_name="fay@example.com", email="fay@example.com", login="fay")


def linked(name, fay, **settings):
    engine = engage(name, 7, **settings)
    engine.adopt(fay, "u-1")
    return engine


GROUPS = {"onelogin": "walk", "pingfederate": "walk", "jumpcloud": "filter", "pingone": "filter",
          "ad-connect": "filter", "ldap-gateway": "filter"}
BY_NAME = "filter=displayName%20eq%20%22Team%20Blue%22"
GROUP = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "id": "g-1", "displayName": "Team Blue"}


@pytest.mark.cites("onelogin, jumpcloud, pingfederate, pingone, ad-connect, ldap-gateway", "group-look-up")
@pushing
@pytest.mark.parametrize("how", ["walk", "filter"])
def test_a_group_is_found_by_reading_all_or_by_its_name(name, how, blue, found):
    blank = "+" if name == "onelogin" else "%20"
    query = BY_NAME.replace("%20", blank) if how == "filter" else ""
    assert engage(name, 7).setting("group-look-up") == GROUPS[name]
    engine = engage(name, 7, group_look_up=how, membership="merge" if name == "pingone" else "patch")
    entries = [(expect("GET", "/Groups", query), found(GROUP))]
    if how == "walk":
        page = {"totalResults": 3, "Resources": [{"id": "g-7", "displayName": "Red"}, {"id": "g-8"}]}
        entries = [(expect("GET", "/Groups"), answer(200, page)), (expect("GET", "/Groups", "startIndex=3"),
                                                                    answer(200, {**page, "Resources": [GROUP]}))]
    outcome = playbook(engine.push_group(blue, []), entries)
    assert (outcome.state, outcome.id) == ("linked", "g-1")


@pytest.mark.cites("onelogin, jumpcloud, pingfederate, pingone, ad-connect, ldap-gateway", "page-size")
@pushing
def test_a_page_size_is_sent_where_there_is_one(name, blue, found):
    merge = "merge" if name == "pingone" else "patch"
    engine = engage(name, 7, page_size="50", group_look_up="walk", membership=merge)
    assert playbook(engine.push_group(blue, []), [(expect("GET", "/Groups", "startIndex=1&count=50"), found(GROUP))]).ok


@pytest.mark.cites("onelogin, jumpcloud, pingfederate, pingone, ad-connect, ldap-gateway",
                   "group-create", "membership", "remove-member", "member-object")
@pushing
@pytest.mark.parametrize(("create", "put"), [("bare", True), ("bare", False), ("with-members", False)])
def test_a_new_group_and_its_members(name, create, put, fay, blue, empty):
    way = {True: "overwrite", False: "merge"} if name == "pingone" else {True: "put", False: "patch"}
    engine = linked(name, fay, membership=way[put], group_create=create, group_look_up="walk")
    members = {"members": [{"value": "u-1"}]}
    bare = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Team Blue"}
    add = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
           "Operations": [{"op": "add", "path": "members", "value": [{"value": "u-1"}]}]}
    entries = [(expect("GET", "/Groups"), empty),
               (expect("POST", "/Groups", body={**bare, **(members if create != "bare" else {})}), answer(201, GROUP))]
    if create == "bare":
        second = expect("PUT", "/Groups/g-1", body={**bare, **members}) if put else expect(
            "PATCH", "/Groups/g-1", body=add)
        entries.append((second, answer(200, GROUP)))
    assert playbook(engine.push_group(blue, [fay]), entries).state == "created"
    assert engine.expected_group(blue, [fay]).members == {"u-1"}
    assert playbook(engine.set_members(blue, [fay]), []).state == "unchanged"
    gone = [{"op": "remove", "path": 'members[value eq "u-1"]'}]
    last = expect("PUT", "/Groups/g-1", body={**bare, "members": []}) if put else expect(
        "PATCH", "/Groups/g-1", body={**add, "Operations": gone})
    assert playbook(engine.set_members(blue, []), [(last, answer(204))]).ok


@pytest.mark.cites("onelogin, jumpcloud, pingfederate, pingone, ad-connect, ldap-gateway",
                   "remove-member", "member-object", "group without members")
@pushing
def test_other_shapes_of_membership(name, fay, blue, found):
    merge = "merge" if name == "pingone" else "patch"
    engine = linked(name, fay, membership=merge, remove_member="by-value", member_object="value-display",
                    group_look_up="walk")
    add = {"op": "add", "path": "members", "value": [{"value": "u-1", "display": "fay@example.com"}]}
    remove = {"op": "remove", "path": "members", "value": [{"value": "u-1"}]}

    def patch(operation):
        urn = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
        return expect("PATCH", "/Groups/g-1", body={"schemas": [urn], "Operations": [operation]})

    linking = [(expect("GET", "/Groups"), found(GROUP)), (patch(add), answer(204))]
    assert playbook(engine.push_group(blue, [fay]), linking).state == "linked"
    assert playbook(engine.set_members(blue, []), [(patch(remove), answer(204))]).ok


@pytest.mark.cites("jumpcloud, pingfederate, pingone, ad-connect, ldap-gateway", "group-rename", "group-delete")
@pytest.mark.parametrize("name", PUSHING[1:])
def test_a_team_is_renamed_and_dissolved(name, fay, blue, refused):
    engine = linked(name, fay)
    engine.adopt_group(blue, "g-1", [fay])
    renamed = blue.changed({"displayName": "Team Green"})
    puts = engine.setting("membership") in ("put", "overwrite")
    bare = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Team Green"}
    urn = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
    write = expect("PUT", "/Groups/g-1", body={**bare, "members": [{"value": "u-1"}]}) if puts else expect(
        "PATCH", "/Groups/g-1", body={"schemas": [urn], "Operations": [
            {"op": "replace", "path": "displayName", "value": "Team Green"}]})
    assert playbook(engine.rename_group(renamed, [fay]), [(write, answer(204))]).ok
    assert engine.expected_group(renamed, [fay], "rename_group").values == {"displayName": "Team Green"}
    gone = [(expect("DELETE", "/Groups/g-1", body=None), refused(404, "gone"))]
    assert playbook(engine.delete_group(renamed), gone).ok
    assert (engine.group_id(blue), engine.expected_group(blue, [], "delete_group").exists) == ("", False)


@pushing
def test_a_group_that_is_refused_is_not_believed(name, fay, blue, empty, refused):
    engine = linked(name, fay, group_look_up="walk")
    for entries in ([(expect("GET", "/Groups"), answer(500))],
                    [(expect("GET", "/Groups"), empty), (expect("POST", "/Groups"), refused(400, "no"))]):
        assert not playbook(engine.push_group(blue, [fay]), entries).ok
        assert engine.group_id(blue) == ""


@pytest.mark.cites("onelogin, jumpcloud, pingfederate, pingone, ad-connect, ldap-gateway", "groups")
@pushing
def test_where_groups_are_off_none_is_sent(name, fay, blue):
    engine = linked(name, fay, groups="off")
    for act in ("push_group", "set_members", "rename_group", "delete_group"):
        if not engine.can(act):
            assert playbook(engine.play(act, blue, [fay]), []).state == "skipped"
