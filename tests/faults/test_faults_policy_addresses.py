"""Faults of e-mail addresses and domains. Each test states what a sound server answers and what the broken one does."""

from __future__ import annotations

from typing import Any

import pytest

HOME = {"value": "home@acme.test", "type": "home"}


@pytest.mark.breaks("email-missing-accepted", sound=[400, 201, 201], broken=[201, 201, 201])
@pytest.mark.breaks("email-without-primary-refused", sound=[400, 201, 201], broken=[400, 400, 400])
def test_no_address_one_that_is_not_primary_and_a_login_that_is_one(policed: Any, expected: Any) -> None:
    created = [policed.create(), policed.create({"value": "ada@acme.test"}), policed.create(userName="ben@acme.test")]
    assert [reply.status for reply in created] == expected


@pytest.mark.breaks("domain-of-first-email", sound=400, broken=201)
def test_the_first_address_in_the_domain_and_the_primary_one_elsewhere(policed: Any, expected: Any) -> None:
    assert policed.create({"value": "joe@acme.test"}, policed.work("joe@other.test")).status == expected


@pytest.mark.breaks("email-duplicate-accepted", sound=[409, 201], broken=[201, 201])
@pytest.mark.breaks("deleted-email-reserved", sound=[409, 201], broken=[409, 409])
def test_an_address_that_is_anothers_and_one_that_was(policed: Any, expected: Any) -> None:
    ada = policed.person("ada@acme.test")
    taken = policed.create(policed.work("ADA@acme.test")).status
    policed.send("DELETE", f"/scim/v2/Users/{ada}")
    assert [taken, policed.create(policed.work("ada@acme.test")).status] == expected


@pytest.mark.breaks("email-change-accepted-without-path", sound=[400, 400], broken=[200, 400])
@pytest.mark.breaks("email-removal-accepted", sound=[400, 400], broken=[400, 200])
def test_a_change_without_a_path_and_a_removal(policed: Any, expected: Any) -> None:
    ada = policed.person("ada@acme.test", userName="ada.login@acme.test")
    loose = {"op": "replace", "value": {"emails": [policed.work("new@acme.test")]}}
    changes = (loose, {"op": "remove", "path": "emails"})
    assert [policed.patch(f"/Users/{ada}", change).status for change in changes] == expected


@pytest.mark.breaks("email-compared-in-first-only", sound=[200, 400], broken=[200, 200])
@pytest.mark.breaks("further-email-refused", sound=[200, 400], broken=[400, 400])
def test_a_second_address_and_the_second_as_the_primary_one(policed: Any, expected: Any) -> None:
    ada = policed.person()
    added = policed.patch(f"/Users/{ada}", {"op": "add", "path": "emails", "value": [HOME]}).status
    assert [added, policed.set(ada, 'emails[type eq "home"].primary', True)] == expected


@pytest.mark.breaks("email-change-accepted-by-user-name", sound=400, broken=200)
def test_a_new_login_where_it_is_the_address(policed: Any, expected: Any) -> None:
    ada = policed.create(userName="ada@acme.test").resource()["id"]
    assert policed.set(ada, "userName", "new@acme.test") == expected


@pytest.mark.breaks("idn-not-normalised", sound=[201, 201, 400], broken=[400, 201, 400])
@pytest.mark.breaks("lookalike-letters-accepted", sound=[201, 201, 400], broken=[201, 201, 201])
def test_domains_in_other_letters(policed: Any, expected: Any) -> None:
    policed.manage("PUT", "/manage/domains", {"domains": ["bücher.test", "acme.test"]})
    addresses = ("a@BÜCHER.test", "b@xn--bcher-kva.test", "c@\u0430cme.test")
    assert [policed.create(policed.work(address)).status for address in addresses] == expected


@pytest.mark.breaks("leaver-of-removed-domain-stuck", sound=[400, 200, 400], broken=[400, 400, 400])
@pytest.mark.breaks("removed-domain-forgotten", sound=[400, 200, 400], broken=[200, 200, 200])
def test_a_title_leave_and_return_once_the_domain_is_gone(policed: Any, expected: Any) -> None:
    ada = policed.person()
    policed.manage("PUT", "/manage/domains", {"domains": ["other.test"]})
    writes = (("title", "Lead"), ("active", False), ("active", True))
    assert [policed.set(ada, path, value) for path, value in writes] == expected
