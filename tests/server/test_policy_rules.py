"""The rules by themselves: which address counts, which domain is registered, which roles follow."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from scimrig_simulator.policy.rules import Rules, canonical_domain, primary_email, registered, roles_of, with_email

RULES = Rules(("acme.test", "bücher.test"), "member", {"g1": "developer", "g2": "admin", "g3": "developer"})
LABEL = st.from_regex(r"[a-z0-9]([a-z0-9]{0,8}[a-z0-9])?", fullmatch=True)
DOMAIN = st.lists(LABEL, min_size=1, max_size=4).map(".".join)
LOCAL = st.from_regex(r"[a-z0-9.+-]{1,12}", fullmatch=True)


@pytest.mark.parametrize(
    ("user", "address"),
    [
        ({"emails": [{"value": "a@x.test"}, {"value": "b@x.test", "primary": True}]}, "b@x.test"),
        ({"emails": [{"value": "a@x.test"}], "userName": "c@x.test"}, "a@x.test"),
        ({"emails": [{"value": "a@x.test", "primary": False}, {"value": "b@x.test"}]}, "a@x.test"),
        ({"emails": [{"display": "nothing"}, {"value": "b@x.test"}]}, "b@x.test"),
        ({"emails": [], "userName": "c@x.test"}, "c@x.test"),
        ({"userName": "c@x.test"}, "c@x.test"),
        ({"userName": "ada"}, ""),
        ({"userName": "a@b@x.test"}, ""),
        ({"userName": "ada lovelace@x.test"}, ""),
        ({}, ""),
    ],
)
def test_the_primary_address_is_the_one_marked_else_the_first_else_a_user_name_that_is_one(
    user: dict[str, object], address: str
) -> None:
    assert primary_email(user) == address


@pytest.mark.parametrize(
    "email",
    ["ada@acme.test", "ada@ACME.Test", "ada@acme.test.", "ada@bücher.test", "ada@xn--bcher-kva.test", "a@BÜCHER.TEST"],
)
def test_a_domain_is_registered_however_it_is_written(email: str) -> None:
    assert registered(email, RULES)


@pytest.mark.parametrize(
    "email",
    [
        "joe@ext.acme.test", "joe@notacme.test", "joe@acme.test.evil.test", "joe@acme", "joe@acme.test..",
        "joe@acme..test",
        "joe@evil.test@acme.test", "joe@acme.test@evil.test", "joe@@acme.test", "@acme.test", "joe@", "acme.test", "",
        "joe@acme.test ", "joe@acme.test\n", "joe@acme.test\x00", "joe@аcme.test", "joe@bucher.test", "joe@.acme.test",
    ],
)  # fmt: skip
def test_sub_domains_lookalikes_and_malformed_addresses_are_foreign(email: str) -> None:
    assert not registered(email, RULES)


def test_domains_that_idna_tells_apart_are_two() -> None:
    """In IDNA 2003 "straße" was "strasse"; today another person may own it."""
    assert not registered("joe@straße.test", Rules(("strasse.test",)))
    assert not registered("joe@strasse.test", Rules(("straße.test",)))


@given(LOCAL, DOMAIN)
def test_without_a_registered_domain_nobody_is_in(local: str, domain: str) -> None:
    assert not registered(f"{local}@{domain}", Rules())


@given(LOCAL, DOMAIN, DOMAIN, st.data())
def test_a_domain_fits_in_any_case_and_no_other_does(local: str, domain: str, other: str, data: st.DataObject) -> None:
    assume(domain != other)
    flips = data.draw(st.lists(st.booleans(), min_size=len(domain), max_size=len(domain)))
    written = "".join(letter.upper() if up else letter for letter, up in zip(domain, flips, strict=True))
    assert registered(f"{local}@{written}", Rules((domain,)))
    assert not registered(f"{local}@{written}", Rules((other,)))
    assert not registered(f"{local}@{other}.{written}", Rules((domain,)))


@given(st.text())
def test_any_text_is_a_domain_or_none_and_a_canonical_one_stays_as_it_is(text: str) -> None:
    name = canonical_domain(text)
    assert canonical_domain(name) == name


@pytest.mark.parametrize(
    ("groups", "roles"),
    [
        ((), ("member",)),
        (("unmapped",), ("member",)),
        (("g1",), ("developer",)),
        (("unmapped", "g1"), ("developer",)),
        (("g1", "g2"), ("admin", "developer")),
        (("g3", "g1"), ("developer",)),
    ],
)
def test_roles_are_the_union_of_the_mapped_groups_and_the_default_only_where_there_is_none(
    groups: tuple[str, ...], roles: tuple[str, ...]
) -> None:
    assert roles_of(groups, RULES) == roles


@given(st.lists(st.sampled_from(["g1", "g2", "g3", "x", "y"])))
def test_roles_hang_on_which_groups_there_are_and_not_on_their_order(groups: list[str]) -> None:
    assert roles_of(groups, RULES) == roles_of(sorted(set(groups)), RULES)


@given(st.lists(st.fixed_dictionaries({"value": st.sampled_from(["", "a@x.test", "b@x.test"])},
                                      optional={"primary": st.booleans()})),
       st.sampled_from(["ada", "c@x.test"]))  # fmt: skip
def test_an_address_is_written_where_it_is_read(emails: list[dict[str, object]], user_name: str) -> None:
    user = {"userName": user_name, "emails": emails, "title": "Lead"}
    assume(primary_email(user))
    assert primary_email(with_email(user, "NEW@x.test")) == "NEW@x.test"
    assert with_email(user, primary_email(user)) == user
