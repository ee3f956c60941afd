"""What is declared, what holds where nothing is, and how a story says what it lacks."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimrig.declarations import KEYS, NOTHING, Declarations
from scimrig_simulator.idp.promises import Promises

SOME = Declarations(
    {
        "policy": {"email_change": "reject", "allowed_domains": ["acme.test"], "subdomains_match": False},
        "webhooks": {"signing": "svix", "register": {"method": "PUT", "path": "/w"}, "events": {"user_created": "u"}},
    }
)


CHANNELS = {
    "roles.readback", "deprovision.access_probe", "webhooks.register", "webhooks.public_url",
    *(key for key in KEYS if key.partition(".")[0] in
      ("normalized", "directory_api", "write_api", "audit", "second_tenant")),
}


def test_a_value_is_found_by_its_dotted_key_and_what_is_not_declared_is_none() -> None:
    assert SOME.value("policy.email_change") == "reject"
    assert SOME.value("policy.subdomains_match") is False
    assert SOME.value("webhooks.events.user_created") == "u"
    for key in ("policy.foreign_domain", "roles.readback", "webhooks.events.user_deleted", "policy.email_change.x"):
        assert SOME.value(key) is None


def test_a_setting_falls_back_to_the_default_of_the_catalogue() -> None:
    assert NOTHING.setting("webhooks.tolerance_s") == 300
    assert Declarations({"webhooks": {"tolerance_s": 5}}).setting("webhooks.tolerance_s") == 5
    assert SOME.setting("policy.subdomains_match") is False
    with pytest.raises(KeyError):
        NOTHING.setting("webhooks.tolerance")


def test_engines_are_told_what_is_promised_about_addresses() -> None:
    assert NOTHING.promises == Promises()
    assert SOME.promises == Promises("reject", ("acme.test",), False)


@given(st.lists(st.sampled_from(sorted(KEYS)), min_size=1))
def test_where_nothing_is_declared_each_key_is_missing_once_on_one_line_with_what_to_add(keys: list[str]) -> None:
    told = NOTHING.missing(keys)
    assert "\n" not in told
    for key in keys:
        code = "needs hook" if key.startswith("hooks.") else "no channel" if key in CHANNELS else "undeclared"
        assert f"{code}: " in told
        assert told.count(f"(add {key} = {KEYS[key].example} to the target file)") == 1


def test_the_line_says_what_somebody_can_do() -> None:
    assert NOTHING.missing(["policy.email_change"]) == (
        'undeclared: policy.email_change (add policy.email_change = "reject", "ignore" or "allow" to the target file)'
    )
    assert NOTHING.missing([]) == ""
    assert SOME.missing(["policy.email_change", "policy.subdomains_match"]) == ""


def test_one_of_several_will_do() -> None:
    either = ["webhooks.register|webhooks.public_url"]
    assert SOME.missing(either) == ""
    told = NOTHING.missing(either)
    assert "add webhooks.register = " in told
    assert ' or webhooks.public_url = "https://' in told


@pytest.mark.parametrize(
    ("wanted", "lacks"),
    [
        ("policy.email_change=reject", ""),
        ("policy.email_change=reject|ignore", ""),
        ("policy.subdomains_match=false", ""),
        ("policy.email_change=allow", 'policy.email_change = "reject", and this is about allow'),
        ("policy.email_change=allow|ignore", "this is about allow or ignore"),
        ("policy.subdomains_match=true", "policy.subdomains_match = false, and this is about true"),
        ("roles.default=member", "undeclared: roles.default"),
    ],
)
def test_a_story_may_be_about_certain_values_only(wanted: str, lacks: str) -> None:
    told = SOME.missing([wanted])
    assert (lacks in told) if lacks else told == ""


def test_an_event_is_missing_by_its_own_name() -> None:
    assert SOME.missing(["webhooks.events.user_created"]) == ""
    assert "add webhooks.events.user_deleted = " in SOME.missing(["webhooks.events.user_deleted"])


@pytest.mark.parametrize(
    ("more", "reachable"),
    [
        ({}, False),
        ({"listen": "127.0.0.1:8787"}, False),
        ({"listen": "0.0.0.0:8787"}, False),
        ({"listen": "192.0.2.7:8787"}, True),
        ({"public_url": "https://tunnel.example.com/sink"}, True),
    ],
)
def test_a_target_elsewhere_needs_a_way_to_the_sink(more: dict[str, Any], reachable: bool) -> None:
    data = {"webhooks": {**SOME.data["webhooks"], **more}}
    assert Declarations(data).missing(["webhooks.signing"]) == ""
    told = Declarations(data, distant=True).missing(["webhooks.signing"])
    assert (told == "") is reachable
    assert reachable or "webhooks.public_url" in told
    assert Declarations(data, distant=True).missing(["webhooks.events.user_created"]) == told
    assert Declarations(data, distant=True).missing(["policy.email_change"]).startswith("undeclared: policy")


def test_of_a_list_that_is_declared_a_promise_may_ask_for_one_value_or_for_all() -> None:
    declared = Declarations({"policy": {"domain_enforce_on": ["create", "reactivate"]}})
    for asked in ("create", "update|reactivate", '["create", "reactivate"]'):
        assert declared.missing([f"policy.domain_enforce_on={asked}"]) == ""
    for asked in ("update", '["create"]'):
        assert "declared otherwise" in declared.missing([f"policy.domain_enforce_on={asked}"])
