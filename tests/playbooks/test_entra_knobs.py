"""The knobs of Microsoft Entra, turned one by one. Literals are typed off idp-dialects.md, Entra 1-10."""

from __future__ import annotations

import dataclasses

import pytest

from scimrig_simulator.idp import engage
from scimrig_simulator.playbook import answer, expect, playbook
from scimrig_simulator.wire import CREDENTIALS, LENGTH, Pause

LOOK_UP = "filter=userName+eq+%22ben%40example.com%22"
GROUP_LOOK_UP = "excludedAttributes=members&filter=displayName+eq+%22Team+Blue%22"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = '{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[%s]}'
ROW = {
    "id": "u-1", "externalId": "ben", "userName": "ben@example.com", "active": True, "displayName": "Ben Sample",
    "emails": [{"primary": True, "type": "work", "value": "ben@example.com"}],
    "name": {"formatted": "Ben Sample", "familyName": "Sample", "givenName": "Ben"}, "title": "Tester",
    ENTERPRISE: {"employeeNumber": "701", "department": "QA"},
}


@pytest.fixture
def linked(ben):
    """``linked("entra", op_case="lower")``: an engine with these knobs, to which Ben is u-1."""

    def engaged(dialect="entra", **settings):
        engine = engage(dialect, 7, **settings)
        engine.adopt(ben, "u-1")
        return engine

    return engaged


@pytest.fixture
def patches(exactly):
    """One update that ends in a PATCH of these operations; ``<urn>`` is the enterprise extension's."""

    def update(engine, person, operations, row=None):
        body = exactly(PATCH % operations, urn=ENTERPRISE)
        read = (expect("GET", "/Users/u-1"), answer(200, row or ROW))
        assert playbook(engine.update(person), [read, (expect("PATCH", "/Users/u-1", body=body), answer(204))]).ok
        return engine

    return update


# Transport and test query --------------------------------------------------------------------------------------------


@pytest.mark.cites("entra", "headers", "user-agent", "accept", "adscimversion", "content-type", "auth")
def test_the_header_block_is_that_of_the_knobs():
    plain = engage("entra", 7)
    assert plain.headers(False)[0] == ("Authorization", CREDENTIALS)
    name, version = plain.headers(False)[1]
    assert (name, version[:11], len(version)) == ("ADSCIMVersion", "2024-03-01 ", 11 + 36)
    assert plain.headers(True)[2:] == (
        ("Content-Type", "application/scim+json; charset=utf-8"), ("Content-Length", LENGTH),
    )
    turned = engage("entra", 7, accept="application/scim+json", adscimversion="7.1")
    assert turned.headers(False) == (
        ("Authorization", CREDENTIALS), ("ADSCIMVersion", "7.1"), ("Accept", "application/scim+json"),
    )


def test_a_guess_about_every_request_is_named_when_one_is_refused(linked, ben):
    engine = linked(accept="text/html")
    playbook(engine.update(ben), [(expect("GET", "/Users/u-1"), answer(406))])
    assert engine.inferred("update") == ("accept",)


@pytest.mark.cites("entra-flag", "flag-on-the-wire")
def test_the_flag_stays_in_the_tenant_url_unless_the_knob_sends_it(linked, ben):
    playbook(linked("entra-flag").update(ben), [(expect("GET", "/Users/u-1", ""), answer(200, ROW))])
    engine = engage("entra-flag", 7, flag_on_the_wire="sent")
    playbook(engine.assign(ben), [
        (expect("GET", "/Users", f"aadOptscim062020&{LOOK_UP}"), answer(200, {"totalResults": 0})),
        (expect("POST", "/Users", "aadOptscim062020"), answer(201, ROW)),
    ])
    assert engine.inferred("assign") == ("flag-on-the-wire",)


@pytest.mark.cites("entra", "retry-after")
def test_a_429_is_a_failure_like_any_other_unless_retry_after_is_obeyed(linked, ben):
    limited = answer(429, headers=[("Retry-After", "120")])
    playbook(linked().update(ben), [(expect("GET", "/Users/u-1"), limited)])
    engine = linked(retry_after="obeyed")
    outcome = playbook(engine.update(ben), [
        (expect("GET", "/Users/u-1"), limited), (Pause(120), None), (expect("GET", "/Users/u-1"), answer(200, ROW)),
    ])
    assert outcome.ok
    assert engine.inferred("update") == ("retry-after",)


@pytest.mark.cites("entra", "test-query", "group-probe", "paging-parameters", "query-encoding")
def test_a_probe_of_groups_follows_the_test_query_where_the_admin_maps_groups(empty):
    query = next(engage("entra", 7).connect()).query
    guid = query.removeprefix("filter=userName+eq+%22").removesuffix("%22")
    assert len(guid) == 36
    groups = f"excludedAttributes=members&filter=displayName+eq+%22{guid}%22"
    outcome = playbook(engage("entra", 7, group_probe="on").connect(), [
        (expect("GET", "/Users", query), empty), (expect("GET", "/Groups", groups), empty),
    ])
    assert outcome.ok
    playbook(engage("entra", 7, group_probe="on", groups="off").connect(), [(expect("GET", "/Users", query), empty)])


# Matching ------------------------------------------------------------------------------------------------------------


@pytest.mark.cites("entra", "matching", "look-up-many")
@pytest.mark.parametrize(("value", "query"), [
    ("userName", "filter=userName+eq+%22ben%40example.com%22"),
    ("externalId", "filter=externalId+eq+%22ben%22"),
    ('emails[type eq "work"].value', "filter=emails%5Btype+eq+%22work%22%5D.value+eq+%22ben%40example.com%22"),
])
def test_people_are_looked_up_by_the_matching_attribute(value, query, ben, found):
    outcome = playbook(engage("entra", 7, matching=value).assign(ben), [(expect("GET", "/Users", query), found(ROW))])
    assert (outcome.state, outcome.id) == ("linked", "u-1")
    attribute = query.removeprefix("filter=").split("+eq+%22")[0] if "emails" not in query else "emails"
    assert next(engage("entra", 7, matching=value).connect()).query.startswith(f"filter={attribute}")


def test_matching_attributes_are_tried_in_order_and_the_first_hit_counts(ben, empty, found):
    by_external_id = "filter=externalId+eq+%22ben%22"
    engine = engage("entra", 7, matching="externalId-then-userName")
    playbook(engine.assign(ben), [
        (expect("GET", "/Users", by_external_id), empty), (expect("GET", "/Users", LOOK_UP), found(ROW)),
    ])
    engine = engage("entra", 7, matching="externalId-then-userName")
    playbook(engine.assign(ben), [(expect("GET", "/Users", by_external_id), found(ROW))])
    nameless = engage("entra", 7, matching="externalId-then-userName")
    playbook(nameless.assign(dataclasses.replace(ben, login="")), [
        (expect("GET", "/Users", LOOK_UP), empty), (expect("POST", "/Users"), answer(201, ROW)),
    ])


@pytest.mark.cites("entra", "look-up-compared")
def test_who_is_found_may_be_read_before_they_are_compared(ben, found, exactly):
    engine = engage("entra", 7, look_up_compared="read")
    body = exactly(PATCH % '{"op":"Replace","path":"title","value":"Tester"}')
    assert playbook(engine.assign(ben), [
        (expect("GET", "/Users", LOOK_UP), found({"id": "u-1"})),
        (expect("GET", "/Users/u-1"), answer(200, {**ROW, "title": "Guest"})),
        (expect("PATCH", "/Users/u-1", body=body), answer(204)),
    ]).state == "linked"


@pytest.mark.cites("entra", "unknown-id")
def test_an_id_that_is_gone_may_fail_the_object_instead(linked, ben, blue, refused):
    engine = linked(unknown_id="fail")
    engine.adopt_group(blue, "g-1")
    for flow, path in ((engine.update(ben), "/Users/u-1"), (engine.push_group(blue, []), "/Groups/g-1")):
        query = "excludedAttributes=members" if "Groups" in path else ""
        outcome = playbook(flow, [(expect("GET", path, query), refused(404, "gone"))])
        assert (outcome.state, outcome.means) == (
            "object-error", "Entra keeps the id, and asks for it in vain in every cycle.",
        )
    assert engine.id_of(ben) == "u-1"


# The shape of a PATCH ------------------------------------------------------------------------------------------------


@pytest.mark.cites("entra", "op-case", "profile-update", "op-order")
def test_ops_are_capital_and_may_be_lower_case(linked, patches, ben):
    changed = ben.changed({"title": "Lead", "department": "Support"})
    row = {**ROW, ENTERPRISE: {"employeeNumber": "701"}}
    operations = '{"op":"%s","path":"title","value":"Lead"},{"op":"%s","path":"<urn>:department","value":"Support"}'
    patches(linked(), changed, operations % ("Replace", "Add"), row)
    patches(linked(op_case="lower"), changed, operations % ("replace", "add"), row)


@pytest.mark.cites("entra-flag", "op-case")
def test_with_the_flag_ops_are_lower_case_and_may_be_capital(linked, patches, ben):
    operations = '{"op":"%s","value":{"title":"Lead"}}'
    changed = ben.changed({"title": "Lead"})
    patches(linked("entra-flag"), changed, operations % "replace")
    patches(linked("entra-flag", op_case="capital"), changed, operations % "Replace")


@pytest.mark.cites("entra", "patch-shape")
def test_changes_have_a_path_each_and_may_be_merged(linked, patches, ben):
    changed = ben.changed({"title": "Lead", "department": "Support"})
    patches(linked(), changed, '{"op":"Replace","path":"title","value":"Lead"},'
                               '{"op":"Replace","path":"<urn>:department","value":"Support"}')
    patches(linked(patch_shape="merged"), changed,
            '{"op":"Replace","value":{"title":"Lead","<urn>:department":"Support"}}')


@pytest.mark.cites("entra-flag", "patch-shape")
def test_with_the_flag_changes_are_merged_and_may_have_a_path_each(linked, patches, ben):
    changed = ben.changed({"title": "Lead", "department": "Support"})
    patches(linked("entra-flag"), changed,
            '{"op":"replace","value":{"title":"Lead","<urn>:department":"Support"}}')
    patches(linked("entra-flag", patch_shape="path-each"), changed,
            '{"op":"replace","path":"title","value":"Lead"},'
            '{"op":"replace","path":"<urn>:department","value":"Support"}')


@pytest.mark.cites("entra-flag", "lone-change")
def test_a_lone_change_is_merged_and_may_have_its_path(linked, patches, ben):
    changed = ben.changed({"title": "Lead"})
    engine = patches(linked("entra-flag"), changed, '{"op":"replace","value":{"title":"Lead"}}')
    assert engine.inferred("update") == ()
    engine = patches(linked("entra-flag", lone_change="path"), changed,
                     '{"op":"replace","path":"title","value":"Lead"}')
    assert engine.inferred("update") == ("lone-change",)


@pytest.mark.cites("entra-flag", "both-verbs")
def test_merged_replaces_may_come_before_merged_adds(linked, patches, ben):
    row = {**ROW, "displayName": "B", "title": None}
    adds, replaces = '{"op":"add","value":{"title":"Tester"}}', '{"op":"replace","value":{"displayName":"Ben Sample"}}'
    patches(linked("entra-flag"), ben, f"{adds},{replaces}", row)
    patches(linked("entra-flag", both_verbs="replaces-first"), ben, f"{replaces},{adds}", row)


@pytest.mark.cites("entra", "boolean", "disable-once")
def test_active_is_a_string_and_may_be_a_boolean(linked, ben, exactly):
    for value, engine in (('"False"', linked()), ("false", linked(boolean="json"))):
        body = exactly(PATCH % f'{{"op":"Replace","path":"active","value":{value}}}')
        playbook(engine.deactivate(ben), [(expect("PATCH", "/Users/u-1", body=body), answer(204))])


@pytest.mark.cites("entra-flag", "boolean")
def test_with_the_flag_active_is_a_boolean_and_nothing_else(linked, ben, exactly):
    body = exactly(PATCH % '{"op":"replace","path":"active","value":false}')
    playbook(linked("entra-flag").deactivate(ben), [(expect("PATCH", "/Users/u-1", body=body), answer(204))])
    with pytest.raises(ValueError, match="boolean cannot be set"):
        engage("entra-flag", 7, boolean="string")


@pytest.mark.cites("entra", "add-or-replace")
@pytest.mark.parametrize(("value", "ops"), [
    ("by-copy", ("Add", "Replace")), ("add", ("Add", "Add")), ("replace", ("Replace", "Replace")),
])
def test_whether_a_change_is_an_add_or_a_replace(value, ops, linked, patches, ben):
    row = {**ROW, "title": None, ENTERPRISE: {"employeeNumber": "701", "department": "Ops"}}
    patches(linked(add_or_replace=value), ben,
            f'{{"op":"{ops[0]}","path":"title","value":"Tester"}},'
            f'{{"op":"{ops[1]}","path":"<urn>:department","value":"QA"}}', row)


@pytest.mark.cites("entra", "envelope")
def test_the_members_of_the_envelope_may_stand_the_other_way_round(linked, ben, exactly):
    body = exactly('{"Operations":[{"op":"Replace","path":"active","value":"False"}],'
                   '"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"]}')
    engine = linked(envelope="operations-first")
    playbook(engine.deactivate(ben), [(expect("PATCH", "/Users/u-1", body=body), answer(204))])


@pytest.mark.cites("entra", "empty-values", "empty-strings", "null-values")
def test_a_value_that_the_source_lost_stays_unless_the_knob_removes_it(linked, patches, ben):
    cleared = ben.changed({"title": None, "department": None})
    engine = linked()
    assert playbook(engine.update(cleared), [(expect("GET", "/Users/u-1"), answer(200, ROW))]).state == "unchanged"
    assert "title" not in engine.expected_user(cleared, "update").values
    engine = patches(linked(empty_values="remove"), cleared,
                     '{"op":"Remove","path":"title"},{"op":"Remove","path":"<urn>:department"}')
    assert engine.expected_user(cleared, "update").values["title"] is None
    assert engine.inferred("update") == ("empty-values",)
    patches(linked("entra-flag", empty_values="remove"), cleared.changed({"displayName": "Ben"}),
            '{"op":"remove","path":"title"},{"op":"remove","path":"<urn>:department"},'
            '{"op":"replace","value":{"displayName":"Ben"}}')


# Groups --------------------------------------------------------------------------------------------------------------


@pytest.mark.cites("entra", "member-object")
def test_a_member_has_a_null_reference_and_may_have_none(linked, ben, blue, exactly):
    for member, settings in (('{"$ref":null,"value":"u-1"}', {}), ('{"value":"u-1"}', {"member_object": "value-only"})):
        engine = linked(**settings)
        engine.adopt_group(blue, "g-1")
        held = {"id": "g-1", **engine.expected_group(blue, []).values}
        body = exactly(PATCH % f'{{"op":"Add","path":"members","value":[{member}]}}')
        playbook(engine.set_members(blue, [ben]), [
            (expect("GET", "/Groups/g-1", "excludedAttributes=members"), answer(200, held)),
            (expect("PATCH", "/Groups/g-1", body=body), answer(204)),
        ])


@pytest.mark.parametrize(("dialect", "settings", "operation"), [
    pytest.param("entra", {}, '{"op":"Remove","path":"members","value":[{"$ref":null,"value":"u-1"}]}',
                 marks=pytest.mark.cites("entra", "remove-member")),
    ("entra", {"remove_member": "filter-path"}, r'{"op":"Remove","path":"members[value eq \"u-1\"]"}'),
    pytest.param("entra-flag", {}, r'{"op":"remove","path":"members[value eq \"u-1\"]"}',
                 marks=pytest.mark.cites("entra-flag", "remove-member")),
    ("entra-flag", {"remove_member": "value-array"},
     '{"op":"remove","path":"members","value":[{"$ref":null,"value":"u-1"}]}'),
])
def test_how_a_member_is_taken_out(dialect, settings, operation, linked, ben, blue, exactly):
    engine = linked(dialect, **settings)
    engine.adopt_group(blue, "g-1", [ben])
    held = {"id": "g-1", **engine.expected_group(blue, []).values}
    playbook(engine.set_members(blue, []), [
        (expect("GET", "/Groups/g-1", "excludedAttributes=members"), answer(200, held)),
        (expect("PATCH", "/Groups/g-1", body=exactly(PATCH % operation)), answer(204)),
    ])


@pytest.mark.cites("entra", "members-per-request", "replace-all")
def test_members_go_in_one_request_unless_there_is_a_bound(person, blue, exactly):
    crowd = [person(f"p{number}", number) for number in range(1, 6)]
    engine = engage("entra", 7, members_per_request="2")
    for number, one in enumerate(crowd, 1):
        engine.adopt(one, f"u-{number}")
    engine.adopt_group(blue, "g-1", crowd[:2])
    held = {"id": "g-1", **engine.expected_group(blue, []).values}

    def body(op, *ids):
        members = ",".join(f'{{"$ref":null,"value":"{id}"}}' for id in ids)
        return exactly(PATCH % f'{{"op":"{op}","path":"members","value":[{members}]}}')

    playbook(engine.set_members(blue, crowd[2:]), [
        (expect("GET", "/Groups/g-1", "excludedAttributes=members"), answer(200, held)),
        (expect("PATCH", "/Groups/g-1", body=body("Add", "u-3", "u-4")), answer(204)),
        (expect("PATCH", "/Groups/g-1", body=body("Add", "u-5")), answer(204)),
        (expect("PATCH", "/Groups/g-1", body=body("Remove", "u-1", "u-2")), answer(204)),
    ])
    assert engine.inferred("set_members") == ("members-per-request",)


@pytest.mark.parametrize(("dialect", "settings", "operation"), [
    pytest.param("entra", {}, '{"op":"Replace","path":"displayName","value":"Team Navy"}',
                 marks=pytest.mark.cites("entra", "group-rename")),
    pytest.param("entra-flag", {}, '{"op":"replace","path":"displayName","value":"Team Navy"}',
                 marks=pytest.mark.cites("entra-flag", "group-rename")),
    ("entra-flag", {"group_rename": "merged"}, '{"op":"replace","value":{"displayName":"Team Navy"}}'),
])
def test_how_a_group_is_renamed(dialect, settings, operation, linked, ben, blue, exactly):
    engine = linked(dialect, **settings)
    engine.adopt_group(blue, "g-1", [ben])
    held = {"id": "g-1", **engine.expected_group(blue, []).values}
    outcome = playbook(engine.rename_group(blue.changed({"displayName": "Team Navy"}), [ben]), [
        (expect("GET", "/Groups/g-1", "excludedAttributes=members"), answer(200, held)),
        (expect("PATCH", "/Groups/g-1", body=exactly(PATCH % operation)), answer(204)),
    ])
    assert outcome.state == "updated"


# The table itself ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("settings", "said"), [
    ({"patch_shape": "pathless"}, "patch-shape cannot be 'pathless': it is one of path-each, merged"),
    ({"headers": "fewer"}, "headers cannot be set: nothing but"),
    ({"members_per_request": "many"}, "members-per-request is a whole number, not 'many'"),
    ({"custom_attribute": "badge"}, "custom-attribute cannot be 'badge': write urn:…:User:badge"),
    ({"flag_on_the_wire": "sent"}, "dialect entra has no knob 'flag-on-the-wire'"),
])
def test_a_knob_takes_nothing_that_it_does_not_know(settings, said):
    with pytest.raises(ValueError, match=said.replace("(", r"\(")):
        engage("entra", 7, **settings)


@pytest.mark.cites("entra", "tls", "source-addresses", "requests-per-second", "parallel", "password", "nested-groups",
                   "unused-endpoints", "schemas-read", "late-manager", "hard-delete-after", "multi-valued", "duration")
@pytest.mark.parametrize(("name", "value", "mark", "source"), [
    ("tls", "1.2, RSA 2048 or ECC 256 and more, a public root", "doc", "entra:1 [M1]"),
    ("source-addresses", "those of the service tag AzureActiveDirectory", "doc", "entra:1 [M1]"),
    ("requests-per-second", "25", "doc", "entra:1 [M1]"),
    ("parallel", "across objects", "inferred", "entra:1"),
    ("password", "never sent", "doc", "entra:5 [M6]"),
    ("nested-groups", "not expanded", "doc", "entra:6 [M6]"),
    ("unused-endpoints", "ServiceProviderConfig, Bulk, .search, Me", "doc", "entra:7 [M1]"),
    ("schemas-read", "never by the job", "doc", "entra:7 [M1]"),
    ("late-manager", "not sent until a restart", "doc", "entra:10, EN-MANAGER [M5, M6]"),
    ("hard-delete-after", "30 days from the soft one, or a purge", "doc", "entra:5 [M1, M3]"),
    ("multi-valued", "one value a type; arrays are not sorted", "doc", "entra:4 [M1]"),
    ("duration", "0.01 to 0.08 minutes an object", "doc", "entra:1 [M11]"),
])
def test_what_no_request_shows_is_told_in_the_table_and_cannot_be_turned(name, value, mark, source):
    knob = engage("entra", 7).dialect.knob(name)
    assert (knob.value, knob.mark, knob.source, knob.choices, knob.free) == (value, mark, source, (), "")


@pytest.mark.cites("entra", "cadence", "first-cycle", "escrow-gap", "task-retry", "quarantine-share",
                   "quarantine-least", "quarantine-most", "quarantine-absolute", "quarantine-cadence",
                   "quarantine-days", "unchanged", "transient", "test-repeated")
def test_the_jobs_numbers_are_those_of_the_documentation():
    for dialect in ("entra", "entra-flag"):
        engine = engage(dialect, 7)
        said = {name: engine.setting(name) for name in (
            "cadence", "first-cycle", "escrow-gap", "task-retry", "quarantine-share", "quarantine-least",
            "quarantine-most", "quarantine-absolute", "quarantine-cadence", "quarantine-days", "unchanged",
            "transient", "test-repeated")}
        assert said == {
            "cadence": str(40 * 60), "first-cycle": "0", "escrow-gap": str(40 * 60), "task-retry": "never",
            "quarantine-share": "40", "quarantine-least": "5000", "quarantine-most": "40000",
            "quarantine-absolute": "60000", "quarantine-cadence": f"{6 * 3600} {12 * 3600} {24 * 3600}",
            "quarantine-days": "28", "unchanged": "compared", "transient": "retried in the next cycle",
            "test-repeated": "at the start of each cycle",
        }
