"""What an engine expects of a target that does not take every address, and what stays pending in it after a refusal.

The rules are those of the policy page, D1 and D2: a request is refused whole, an address in other capitals is no
change, only registered domains are taken, and nobody is kept from being switched off.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimrig_simulator import idp
from scimrig_simulator.idp import engage
from scimrig_simulator.idp.fate import address
from scimrig_simulator.idp.intent import Intent, in_force
from scimrig_simulator.idp.promises import Promises
from scimrig_simulator.playbook import answer, expect, playbook
from scimrig_simulator.workforce.company import Company

REJECT = Promises(email_change="reject")
IGNORE = Promises(email_change="ignore")
OWN = Promises(domains=("example.com",))
EMAIL = 'emails[type eq "work"].value'
PROFILE_ACTS = ("assign", "update", "rename")
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = '{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[%s]}'
every_dialect = pytest.mark.parametrize("dialect", idp.names())


@pytest.fixture
def ben(person):
    return person("ben", 2, given_name="Ben", family_name="Sample", formatted="Ben Sample", display_name="Ben Sample",
                  user_name="ben@example.com", email="ben@example.com", title="Tester", login="ben")


@pytest.fixture
def row(ben):
    """What a target holds of Ben, as every dialect has left it."""
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "u-1", "userName": "ben@example.com",
        "name": {"formatted": "Ben Sample", "familyName": "Sample", "givenName": "Ben"}, "active": True,
        "displayName": "Ben Sample", "title": "Tester", "locale": "en-US",
        "emails": [{"value": "ben@example.com", "type": "work", "primary": True}],
    }


@pytest.fixture
def immutable(refused):
    return refused(400, "the e-mail address cannot be changed")


def held(engine, who, **values):
    """What is in force after ``who`` was assigned."""
    engine.adopt(who, "u-1")
    intent = in_force(None, engine.expected_user(who, "assign"))
    return Intent(intent.kind, True, {**intent.values, **values})


# Fates ---------------------------------------------------------------------------------------------------------------


@every_dialect
@given(act=st.sampled_from(["assign", "update", "rename", "deactivate", "reactivate", "delete"]),
       email=st.sampled_from(["new@example.com", "ben@elsewhere.example", "", "a@b@example.com"]))
def test_who_promises_nothing_takes_everything(dialect, act, email):
    engine, before = engage(dialect, 3), Company(5).person(3, "ada")
    was, after = held(engine, before), before.changed({"email": email})
    intent = engine.expected_user(after, act, Promises(), was)
    assert intent == engine.expected_user(after, act)
    assert (intent.fate, intent.key) == ("applied", "")


@every_dialect
@pytest.mark.parametrize("act", PROFILE_ACTS)
def test_a_changed_address_is_refused_with_all_that_goes_with_it(dialect, act, ben):
    engine = engage(dialect, 3)
    was = held(engine, ben)
    changed = ben.changed({"email": "ben.new@example.com", "familyName": "Married"})
    intent = engine.expected_user(changed, act, REJECT, was)
    assert (intent.fate, intent.key, intent.exists) == ("refused", "policy.email_change", True)
    assert intent.values == was.values


@every_dialect
@pytest.mark.parametrize("act", PROFILE_ACTS)
def test_an_ignored_address_leaves_the_rest_of_the_act_applied(dialect, act, ben):
    engine = engage(dialect, 3)
    changed = ben.changed({"email": "ben.new@example.com", "familyName": "Married"})
    intent = engine.expected_user(changed, act, IGNORE, held(engine, ben))
    assert (intent.fate, intent.key) == ("ignored", "policy.email_change")
    assert intent.values[EMAIL] == "ben@example.com"
    assert intent.values["name.familyName"] == "Married"


@every_dialect
@pytest.mark.parametrize("promises", [REJECT, IGNORE])
def test_the_same_address_in_other_capitals_is_no_change(dialect, promises, ben):
    engine = engage(dialect, 3)
    intent = engine.expected_user(ben.changed({"email": "BEN@Example.Com"}), "update", promises, held(engine, ben))
    assert intent.fate == "applied"


@every_dialect
def test_a_new_user_name_is_no_change_of_address_as_long_as_there_is_an_e_mail(dialect, ben):
    engine = engage(dialect, 3)
    intent = engine.expected_user(ben.changed({"userName": "b2@example.com"}), "rename", REJECT, held(engine, ben))
    assert intent.fate == "applied"
    nameless = ben.changed({"email": None})
    engine = engage(dialect, 3)
    was = held(engine, nameless)
    assert address(was.values) == "ben@example.com"
    renamed = nameless.changed({"userName": "b2@example.com"})
    assert engine.expected_user(renamed, "rename", REJECT, was).fate == "refused"
    assert engine.expected_user(renamed, "rename", IGNORE, was).values["userName"] == "ben@example.com"


@every_dialect
def test_a_first_address_is_no_change_since_there_was_none(dialect, ben):
    engine = engage(dialect, 3)
    assert engine.expected_user(ben, "assign", REJECT, None).fate == "applied"
    gone = Intent("User", exists=False)
    assert engine.expected_user(ben.changed({"email": "b2@example.com"}), "assign", REJECT, gone).fate == "applied"


@every_dialect
@pytest.mark.parametrize("email", ["joe@sub.example.com", "joe@notexample.com", "joe@example.com.evil.example",
                                   "JOE@ELSEWHERE.EXAMPLE", "joe@elsewhere.example.", "joe@example.com@evil.example"])
def test_somebody_of_another_domain_is_not_created(dialect, ben, email):
    engine = engage(dialect, 3)
    intent = engine.expected_user(ben.changed({"email": email}), "assign", OWN, None)
    assert intent.to_json() == {"kind": "User", "exists": False, "values": {}, "members": None, "fate": "refused",
                                "key": "policy.allowed_domains"}


@every_dialect
@pytest.mark.parametrize("email", ["joe@example.com", "joe@EXAMPLE.COM", "joe@example.com."])
def test_somebody_of_a_registered_domain_is_created_in_any_spelling(dialect, ben, email):
    assert engage(dialect, 3).expected_user(ben.changed({"email": email}), "assign", OWN, None).fate == "applied"


@every_dialect
def test_a_move_to_another_domain_is_refused_and_the_domain_is_the_reason(dialect, ben):
    engine = engage(dialect, 3)
    was, moved = held(engine, ben), ben.changed({"email": "ben@elsewhere.example"})
    both = Promises(email_change="reject", domains=("example.com",))
    for promises in (OWN, both):
        intent = engine.expected_user(moved, "update", promises, was)
        assert (intent.fate, intent.key, intent.values) == ("refused", "policy.allowed_domains", was.values)
    kept = Promises(email_change="ignore", domains=("example.com",))
    assert engine.expected_user(moved, "update", kept, was).fate == "ignored"


@every_dialect
def test_nobody_is_kept_from_being_switched_off_because_of_a_domain(dialect, ben):
    engine = engage(dialect, 3)
    was = held(engine, ben)
    for act in ("deactivate", "delete"):
        assert engine.expected_user(ben, act, Promises(domains=("elsewhere.example",)), was).fate == "applied"


@every_dialect
def test_somebody_whose_domain_is_no_longer_registered_does_not_come_back(dialect, ben):
    engine = engage(dialect, 3)
    was = held(engine, ben, active=False)
    intent = engine.expected_user(ben, "reactivate", Promises(domains=("elsewhere.example",)), was)
    assert (intent.fate, intent.key) == ("refused", "policy.allowed_domains")


@every_dialect
def test_where_leavers_are_gone_for_good_a_deactivation_leaves_nobody(dialect, ben):
    engine = engage(dialect, 3)
    was, gone = held(engine, ben), Promises(keeps_leavers=False)
    assert [engine.expected_user(ben, act, gone, was).exists for act in ("deactivate", "delete", "update")] == [
        False, False, True]


def test_what_an_act_leaves_alone_stays_in_force():
    first = in_force(None, Intent("User", values={"userName": "a", "active": True}))
    second = in_force(first, Intent("User", values={"active": False}, fate="ignored", key="policy.email_change"))
    assert second == Intent("User", values={"userName": "a", "active": False})
    assert in_force(second, Intent("User", exists=False)).values == {}
    assert in_force(Intent("User", exists=False), first) == first


# Pending in each dialect ---------------------------------------------------------------------------------------------


def test_okta_puts_the_refused_address_again_until_it_is_withdrawn(ben, row, immutable):
    okta = engage("okta", 7)
    was = held(okta, ben)
    moved = ben.changed({"email": "ben.new@example.com"})
    pending = {**row, "emails": [{"value": "ben.new@example.com", "type": "work", "primary": True}]}
    for person, put in ((moved, pending), (moved.changed({"title": "Lead"}), {**pending, "title": "Lead"})):
        outcome = playbook(okta.update(person), [
            (expect("GET", "/Users/u-1"), answer(200, row)), (expect("PUT", "/Users/u-1", body=put), immutable),
        ])
        assert not outcome.ok
        assert "cannot be changed" in outcome.words
        assert okta.expected_user(person, "update", REJECT, was).values == was.values
    withdrawn = ben.changed({"title": "Lead"})
    outcome = playbook(okta.update(withdrawn), [
        (expect("GET", "/Users/u-1"), answer(200, row)),
        (expect("PUT", "/Users/u-1", body={**row, "title": "Lead"}), answer(200, row)),
    ])
    assert outcome.ok
    intent = okta.expected_user(withdrawn, "update", REJECT, was)
    assert (intent.fate, intent.values["title"], intent.values[EMAIL]) == ("applied", "Lead", "ben@example.com")


def test_entra_patches_the_refused_address_again_by_its_path(ben, row, immutable, exactly):
    entra = engage("entra", 7)
    was = held(entra, ben)
    has = {**row, "externalId": "ben"}
    moved = ben.changed({"email": "ben.new@example.com"})
    mail = r'{"op":"Replace","path":"emails[type eq \"work\"].value","value":"ben.new@example.com"}'
    title = '{"op":"Replace","path":"title","value":"Lead"}'
    for person, operations in ((moved, mail), (moved.changed({"title": "Lead"}), f"{mail},{title}")):
        outcome = playbook(entra.update(person), [
            (expect("GET", "/Users/u-1"), answer(200, has)),
            (expect("PATCH", "/Users/u-1", body=exactly(PATCH % operations)), immutable),
        ])
        assert not outcome.ok
        assert entra.expected_user(person, "update", REJECT, was).fate == "refused"
    outcome = playbook(entra.update(ben.changed({"title": "Lead"})), [
        (expect("GET", "/Users/u-1"), answer(200, has)),
        (expect("PATCH", "/Users/u-1", body=exactly(PATCH % title)), answer(204)),
    ])
    assert outcome.ok


def test_entra_with_the_flag_patches_it_again_beside_the_merged_object(ben, row, immutable, exactly):
    entra = engage("entra-flag", 7)
    entra.adopt(ben, "u-1")
    has = {**row, "externalId": "ben"}
    mail = r'{"op":"replace","path":"emails[type eq \"work\"].value","value":"ben.new@example.com"}'
    title = '{"op":"replace","value":{"title":"Lead"}}'
    moved = ben.changed({"email": "ben.new@example.com"})
    for person, operations in ((moved, mail), (moved.changed({"title": "Lead"}), f"{mail},{title}")):
        assert not playbook(entra.update(person), [
            (expect("GET", "/Users/u-1"), answer(200, has)),
            (expect("PATCH", "/Users/u-1", body=exactly(PATCH % operations)), immutable),
        ]).ok
    assert playbook(entra.update(ben.changed({"title": "Lead"})), [
        (expect("GET", "/Users/u-1"), answer(200, has)),
        (expect("PATCH", "/Users/u-1", body=exactly(PATCH % title)), answer(204)),
    ]).ok


def test_google_goes_on_looking_under_the_old_address_after_a_refused_rename(ben, row, found, empty, immutable):
    google = engage("google", 7)
    look_up = "filter=userName%20eq%20%22ben%40example.com%22&startIndex=1"
    playbook(google.assign(ben), [(expect("GET", "/Users", look_up), empty), (expect("POST", "/Users"),
                                                                               answer(201, row))])
    moved = ben.changed({"userName": "ben.new@example.com", "email": "ben.new@example.com"})
    pending = {**row, "userName": "ben.new@example.com",
               "emails": [{"value": "ben.new@example.com", "type": "work", "primary": True}]}
    for _ in range(2):
        assert not playbook(google.rename(moved), [
            (expect("GET", "/Users", look_up), found(row)), (expect("GET", "/Users/u-1"), answer(200, row)),
            (expect("PUT", "/Users/u-1", body=pending), immutable),
        ]).ok
    assert playbook(google.update(ben.changed({"title": "Lead"})), [
        (expect("GET", "/Users", look_up), found(row)), (expect("GET", "/Users/u-1"), answer(200, row)),
        (expect("PUT", "/Users/u-1", body={**row, "title": "Lead"}), answer(200, row)),
    ]).ok


@pytest.mark.parametrize("update", ["patch", "put"])
def test_a_client_by_the_book_sends_what_was_refused_again(ben, row, immutable, update):
    rfc = engage("rfc", 7, profile_update=update)
    rfc.adopt(ben, "u-1")
    has = {**row, "externalId": rfc.external_id(ben)}
    has.pop("locale")
    emails = [{"value": "ben.new@example.com", "type": "work", "primary": True}]
    moved = ben.changed({"email": "ben.new@example.com"})
    changes = ((moved, {"emails": emails}), (moved.changed({"title": "Lead"}), {"title": "Lead", "emails": emails}))
    for person, values in (*changes, (ben.changed({"title": "Lead"}), {"title": "Lead"})):
        operations = [{"op": "replace", "path": path, "value": value} for path, value in values.items()]
        patch = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations}
        write = expect("PATCH", "/Users/u-1", body=patch) if update == "patch" else (
            expect("PUT", "/Users/u-1", body={**has, **values}))
        refusal = "emails" in values
        outcome = playbook(rfc.update(person), [
            (expect("GET", "/Users/u-1"), answer(200, has)), (write, immutable if refusal else answer(200, has)),
        ])
        assert outcome.ok is not refusal


@every_dialect
def test_a_refused_create_links_nobody_and_is_tried_again(dialect, ben, empty, refused):
    engine = engage(dialect, 7)
    for _ in range(2):
        flow = engine.assign(ben)
        next(flow)
        if dialect == "entra-on-demand":  # that was the test of the connection
            flow.send(empty)
        assert flow.send(empty).method == "POST"
        with pytest.raises(StopIteration) as end:
            flow.send(refused(400, "the domain is not registered"))
        assert not end.value.value.ok
        assert engine.id_of(ben) == ""


# Acts of several requests --------------------------------------------------------------------------------------------


def test_okta_has_somebody_switched_on_although_the_profile_after_it_is_refused(ben, row, found, immutable):
    okta = engage("okta", 7)
    was = held(okta, ben, active=False)
    playbook(okta.deactivate(ben), [(expect("PATCH", "/Users/u-1"), answer(204))])
    moved = ben.changed({"email": "ben.new@example.com"})
    asleep = {**row, "active": False}
    look_up = "filter=userName%20eq%20%22ben%40example.com%22&startIndex=1&count=100"
    outcome = playbook(okta.reactivate(moved), [
        (expect("GET", "/Users", look_up), found(asleep)), (expect("PATCH", "/Users/u-1"), answer(200, row)),
        (expect("GET", "/Users/u-1"), answer(200, row)), (expect("PUT", "/Users/u-1"), immutable),
    ])
    assert not outcome.ok
    intent = okta.expected_user(moved, "reactivate", REJECT, was)
    assert (intent.fate, intent.values) == ("refused", {**was.values, "active": True})
    assert okta.expected_user(ben, "update", REJECT, in_force(was, intent)).values["active"] is True
    deleted = playbook(okta.delete(ben), [(expect("PATCH", "/Users/u-1"), answer(204))])
    assert deleted.ok, "who was seen to be on is switched off again"


@pytest.mark.parametrize("dialect", ["entra", "entra-flag", "google"])
def test_where_one_request_brings_somebody_back_a_refusal_leaves_them_off(dialect, ben):
    engine = engage(dialect, 7)
    was = held(engine, ben, active=False)
    intent = engine.expected_user(ben.changed({"email": "ben.new@example.com"}), "reactivate", REJECT, was)
    assert (intent.fate, intent.values["active"]) == ("refused", False)


def test_by_the_book_somebody_comes_back_without_the_pending_address_being_sent(ben):
    rfc = engage("rfc", 7)
    was = held(rfc, ben, active=False)
    intent = rfc.expected_user(ben.changed({"email": "ben.new@example.com"}), "reactivate", REJECT, was)
    assert (intent.fate, intent.values) == ("applied", {"active": True})


def test_google_sends_the_whole_profile_with_a_suspension_so_that_a_pending_address_hinders_it(ben):
    google = engage("google", 7)
    moved = ben.changed({"email": "ben.new@example.com"})
    assert google.expected_user(moved, "deactivate", REJECT, held(google, ben)).fate == "refused"
    assert google.expected_user(ben, "deactivate", REJECT, held(google, ben)).fate == "applied"
