"""Okta's templates and wizard apps, and every knob that can be turned. Typed off idp-dialects.md, Okta 1-10."""

from __future__ import annotations

import pytest

from scimrig_simulator.idp import engage
from scimrig_simulator.playbook import answer, expect, playbook
from scimrig_simulator.wire import Reply, encode_json

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ROW = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "u-1001", "userName": "ada@example.com",
    "name": {"givenName": "Ada", "familyName": "Sample"},
    "emails": [{"primary": True, "value": "ada@example.com", "type": "work"}],
    "displayName": "Ada Sample", "locale": "en-US", "active": True, "meta": {"resourceType": "User"},
}
LOOK_UP = "filter=userName%20eq%20%22ada%40example.com%22&startIndex=1&count=100"

BLUE = "filter=displayName%20eq%20%22Team%20Blue%22&startIndex=1&count=100"


def replaced(value):
    return {"schemas": [PATCH_OP], "Operations": [{"op": "replace", "value": value}]}


def linked(dialect, *people, **settings):
    engine = engage(dialect, 7, **settings)
    for number, person in enumerate(people, 1001):
        engine.adopt(person, f"u-{number}")
    return engine


# Verbs


@pytest.mark.cites("okta-wizard", "deactivation")
@pytest.mark.parametrize("dialect", ["okta-wizard", "okta:deactivation=put"])
@pytest.mark.parametrize("act", ["deactivate", "unassign", "delete"])
def test_a_wizard_app_switches_off_by_get_and_put(dialect, act, ada):
    engine = linked(dialect, ada)
    outcome = playbook(engine.play(act, ada), [
        (expect("GET", "/Users/u-1001"), answer(200, ROW)),
        (expect("PUT", "/Users/u-1001", body={**ROW, "active": False}), answer(200, {**ROW, "active": False})),
    ])
    assert (outcome.state, outcome.ok) == ("done", True)
    assert playbook(engine.play(act, ada), []).state == "unchanged" if act != "deactivate" else True


@pytest.mark.cites("okta-template", "profile-update", "deactivation", "membership", "patch-body")
@pytest.mark.parametrize("dialect", ["okta-template", "okta:profile_update=patch"])
def test_a_template_app_patches_what_has_changed_and_nothing_when_nothing_has(dialect, ada):
    engine = linked(dialect, ada)
    changed = ada.changed({"familyName": "Example", "title": "Analyst"})
    outcome = playbook(engine.update(changed), [
        (expect("GET", "/Users/u-1001"), answer(200, ROW)),
        (expect("PATCH", "/Users/u-1001", body=replaced({
            "name": {"givenName": "Ada", "familyName": "Example"}, "displayName": "Ada Example", "title": "Analyst",
        })), answer(204)),
    ])
    assert (outcome.state, outcome.ok) == ("updated", True)
    held = {**ROW, "name": {"givenName": "Ada", "familyName": "Example"}, "displayName": "Ada Example",
            "title": "Analyst"}
    assert playbook(engine.update(changed), [(expect("GET", "/Users/u-1001"), answer(200, held))]).state == "unchanged"
    assert engine.dialect.acts["update"].needs == {"users", "patch"}
    assert playbook(engine.deactivate(ada), [
        (expect("PATCH", "/Users/u-1001", body=replaced({"active": False})), answer(204)),
    ]).ok


@pytest.mark.cites("okta-wizard", "membership", "profile-update")
@pytest.mark.parametrize("dialect", ["okta-wizard", "okta:membership=put"])
def test_a_wizard_app_puts_the_whole_group(dialect, ada, ben, blue, empty):
    engine = linked(dialect, ada, ben)
    first = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Team Blue", "members": []}
    both = [{"value": "u-1001", "display": "ada@example.com"}, {"value": "u-1002", "display": "ben@example.com"}]
    assert playbook(engine.push_group(blue, [ada, ben]), [
        (expect("GET", "/Groups", BLUE), empty),
        (expect("POST", "/Groups", body=first), answer(201, {"id": "g-2001"})),
        (expect("PUT", "/Groups/g-2001", body={**first, "members": both}), answer(200, {"id": "g-2001"})),
    ]).state == "created"
    assert playbook(engine.set_members(blue, [ben]), [
        (expect("PUT", "/Groups/g-2001", body={**first, "members": both[1:]}), answer(200, {"id": "g-2001"})),
    ]).state == "updated"
    navy = blue.changed({"displayName": "Team Navy"})
    assert playbook(engine.rename_group(navy, [ben]), [
        (expect("PUT", "/Groups/g-2001", body={**first, "displayName": "Team Navy", "members": both[1:]}),
         answer(204)),
    ]).state == "updated"


# Groups


def test_a_rename_is_a_patch_with_the_id_inside_the_value(ada, blue):
    engine = linked("okta", ada)
    engine.adopt_group(blue, "g-2001", [ada])
    navy = blue.changed({"displayName": "Team Navy"})
    assert playbook(engine.rename_group(navy, [ada]), [
        (expect("PATCH", "/Groups/g-2001", body=replaced({"id": "g-2001", "displayName": "Team Navy"})), answer(204)),
    ]).state == "updated"


@pytest.mark.cites("okta", "group-delete")
@pytest.mark.parametrize("gone", [answer(204), answer(404, {})])
def test_a_group_is_deleted_or_left_as_the_admin_says(gone, blue):
    engine = engage("okta", 7)
    engine.adopt_group(blue, "g-2001")
    assert playbook(engine.delete_group(blue), [(expect("DELETE", "/Groups/g-2001"), gone)]).state == "done"
    assert playbook(engine.delete_group(blue), []).state == "unchanged"
    leaving = engage("okta", 7, group_delete="leave")
    leaving.adopt_group(blue, "g-2001")
    assert playbook(leaving.delete_group(blue), []).state == "skipped"
    assert leaving.expected_group(blue, [], "delete_group").exists
    assert not engine.expected_group(blue, [], "delete_group").exists


@pytest.mark.cites("okta", "batch-size")
def test_members_go_out_in_batches_where_the_vendor_asks_for_it(ada, ben, person, blue):
    cleo = person("cleo", 3, user_name="cleo@example.com")
    engine = linked("okta:batch_size=2", ada, ben, cleo)
    engine.adopt_group(blue, "g-2001")
    name = replaced({"id": "g-2001", "displayName": "Team Blue"})
    named = (expect("PATCH", "/Groups/g-2001", body=name), answer(204))

    def adding(*members):
        return {"schemas": [PATCH_OP], "Operations": [{"op": "add", "path": "members", "value": [
            {"value": id, "display": name} for id, name in members]}]}

    first = adding(("u-1001", "ada@example.com"), ("u-1002", "ben@example.com"))
    second = adding(("u-1003", "cleo@example.com"))
    outcome = playbook(engine.set_members(blue, [ada, ben, cleo]), [
        named, (expect("PATCH", "/Groups/g-2001", body=first), answer(204)),
        (expect("PATCH", "/Groups/g-2001", body=second), answer(500)),
    ])
    assert not outcome.ok
    assert playbook(engine.set_members(blue, [ada, ben, cleo]), [
        named, (expect("PATCH", "/Groups/g-2001", body=second), answer(204)),
    ]).ok  # what was taken before the refusal is not sent again


@pytest.mark.cites("okta", "link-renames")
@pytest.mark.parametrize(("dialect", "renames"), [("okta", False), ("okta:link_renames=on", True)])
def test_a_group_that_was_found_is_renamed_only_where_names_are_to_match(dialect, renames, blue, found):
    engine = engage(dialect, 7)
    row = {"id": "g-2001", "displayName": "team blue"}
    name = (expect("PATCH", "/Groups/g-2001", body=replaced({"id": "g-2001", "displayName": "Team Blue"})),
            answer(204))
    members = {"schemas": [PATCH_OP], "Operations": [{"op": "replace", "path": "members", "value": []}]}
    assert playbook(engine.push_group(blue, []), [
        (expect("GET", "/Groups", BLUE), found(row)), *([name] if renames else []),
        (expect("PATCH", "/Groups/g-2001", body=members), answer(204)),
    ]).state == "linked"


def test_a_group_may_be_created_with_all_its_members_who_are_then_added_again(ada, blue, empty):
    engine = linked("okta:group_create=full", ada)
    members = [{"value": "u-1001", "display": "ada@example.com"}]
    created = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Team Blue",
               "members": members}
    assert playbook(engine.push_group(blue, [ada]), [
        (expect("GET", "/Groups", BLUE), empty),
        (expect("POST", "/Groups", body=created), answer(201, {"id": "g-2001"})),
        (expect("PATCH", "/Groups/g-2001"), answer(204)),
        (expect("PATCH", "/Groups/g-2001", body={"schemas": [PATCH_OP], "Operations": [
            {"op": "add", "path": "members", "value": members}]}), answer(204)),
    ]).state == "created"


# The rest of the knobs


def test_older_clients_write_a_blank_as_a_plus(ada, empty):
    flow = engage("okta:query_encoding=+", 7).assign(ada)
    assert next(flow).query == "filter=userName+eq+%22ada%40example.com%22&startIndex=1&count=100"
    flow.close()


@pytest.mark.cites("okta", "password-sync")
def test_a_synced_password_has_a_patch_of_its_own_or_goes_with_the_put(ada):
    patching = linked("okta-template:password_sync=on", ada)
    steps = [(expect("GET", "/Users/u-1001"), answer(200, ROW)), (expect("PATCH", "/Users/u-1001"), answer(204))]
    flow = patching.update(ada)
    next(flow)
    sent = flow.send(Reply(200, (), encode_json(ROW)))
    assert set(sent.body["Operations"][0]["value"]) == {"password"}
    flow.close()
    assert playbook(patching.update(ada), steps).ok
    putting = linked("okta:password_sync=on", ada)
    flow = putting.update(ada)
    next(flow)
    assert "password" in flow.send(Reply(200, (), encode_json(ROW))).body
    flow.close()


def test_a_conflict_may_be_tried_again_every_half_hour(ada, empty):
    outcome = playbook(engage("okta:conflict=retry", 7).assign(ada), [
        (expect("GET", "/Users", LOOK_UP), empty), (expect("POST", "/Users"), answer(409, {"detail": "taken"})),
    ])
    assert (outcome.state, outcome.ok) == ("rescheduled", False)


def test_somebody_inactive_may_be_switched_on_by_the_profile_alone(ada, found):
    engine = engage("okta:activate=profile", 7)
    off = {**ROW, "active": False}
    flow = engine.assign(ada)
    next(flow)
    assert flow.send(found(off)).method == "GET"
    put = flow.send(Reply(200, (), encode_json(off)))
    assert (put.method, put.body["active"]) == ("PUT", True)
    flow.close()


# The admin's toggles


@pytest.mark.cites("okta", "create", "update", "deactivate", "out-of-scope")
def test_what_is_switched_off_is_never_sent(ada, blue, empty, found):
    no_create = engage("okta:create=off", 7)
    assert playbook(no_create.play("assign", ada), [(expect("GET", "/Users", LOOK_UP), empty)]).state == "skipped"
    assert not no_create.expected_user(ada, "assign").exists
    no_update = linked("okta:update=off", ada)
    for act in ("update", "rename"):
        outcome = playbook(no_update.play(act, ada), [])
        assert (outcome.state, outcome.ok) == ("skipped", True)
        assert "update is switched off" in outcome.words
    finding = engage("okta:update=off", 7)
    assert playbook(finding.play("assign", ada), [(expect("GET", "/Users", LOOK_UP), found(ROW))]).state == "linked"
    assert finding.expected_user(ada, "assign").values == {"active": True}
    no_parting = linked("okta:deactivate=off", ada)
    for act in ("deactivate", "unassign", "delete"):
        assert playbook(no_parting.play(act, ada), []).state == "skipped"
    no_groups = linked("okta:groups=off", ada)
    for act in ("push_group", "set_members", "rename_group", "delete_group"):
        assert playbook(no_groups.play(act, blue, [ada]), []).state == "skipped"


# Import


def page_of(total, rows):
    return answer(200, {"totalResults": total, "Resources": rows, "startIndex": 1, "itemsPerPage": len(rows)})


@pytest.mark.cites("okta", "import", "import-every", "short-page", "rows missing from an import")
def test_an_import_walks_by_a_hundred_whatever_the_server_says_and_takes_active_users_only():
    engine = engage("okta", 7)
    rows = [{"id": f"u-{n}", "active": n != 3} for n in range(50)]
    outcome = playbook(engine.import_users(), [
        (expect("GET", "/Users", "startIndex=1&count=100"), page_of(120, rows)),
        (expect("GET", "/Users", "startIndex=101&count=100"), page_of(120, [{"id": "u-x", "active": True}])),
        (expect("GET", "/Groups", "startIndex=1&count=100"), page_of(1, [{"id": "g-1"}])),
    ])
    assert outcome.ok
    assert engine.imported == {f"u-{n}" for n in range(50) if n != 3} | {"u-x"}  # a page of 50 costs Okta fifty rows
    assert engine.inferred("import_users") == ("short-page",)


@pytest.mark.cites("okta", "entitlements")
def test_with_entitlements_an_import_reads_the_types_first():
    engine = engage("okta:entitlements=on,groups=off", 7)
    types = [{"id": "User", "endpoint": "/Users"}, {"id": "Role", "endpoint": "/Roles"}]
    assert playbook(engine.import_users(), [
        (expect("GET", "/ResourceTypes"), page_of(2, types)),
        (expect("GET", "/Schemas"), page_of(0, [])),
        (expect("GET", "/Roles", "startIndex=1&count=100"), page_of(0, [])),
        (expect("GET", "/Users", "startIndex=1&count=100"), page_of(0, [])),
    ]).ok


@pytest.mark.parametrize(("reply", "said"), [
    (answer(500, {"detail": "no"}), "500"), (answer(200, {"Resources": []}), "totalResults is missing"),
])
def test_an_import_that_fails_says_where(reply, said):
    outcome = playbook(engage("okta", 7).import_users(), [
        (expect("GET", "/Users", "startIndex=1&count=100"), reply),
    ])
    assert not outcome.ok
    assert "/Users" in outcome.words
    assert said in outcome.words


@pytest.mark.cites("okta", "cadence", "parallel", "task-retry")
def test_okta_works_change_by_change_and_waits_for_an_admin():
    okta = engage("okta", 7)
    assert "change by change" in okta.can("cycle")
    assert (okta.setting("cadence"), okta.setting("task-retry")) == ("0", "never")


# Consequences


@pytest.mark.cites("okta", "400", "401", "404 to an update", "409", "412", "reset", "no answer")
@pytest.mark.parametrize(("reply", "means"), [
    (answer(400, {}), "until an admin presses Retry"), (answer(401, {}), "takes the credentials for wrong"),
    (answer(404, {}), "never creates the user again"), (answer(409, {}), "until an admin presses Retry"),
    (answer(412, {}), "until an admin presses Retry"), (answer(501, {}), "manual task"),
    (answer(503, {}), "until an admin presses Retry"), (answer(200, b"<html>"), "its parser's complaint"),
])
def test_a_failed_act_says_what_okta_makes_of_the_answer(reply, means, ada):
    outcome = playbook(linked("okta", ada).play("deactivate", ada), [(expect("PATCH", "/Users/u-1001"), reply)])
    assert not outcome.ok
    assert means in outcome.means
