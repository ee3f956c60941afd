"""Domains over the API: which of them let users in, how they are written, and how they come to count."""

from __future__ import annotations

from typing import Any

import pytest

PLACE = "/organizations/org_ref/domains"
OWN, ALLOWED = "ORGANIZATION_DOMAIN", "ALLOWED_EMAIL_DOMAIN"


@pytest.fixture
def bare(make_programs: Any) -> Any:
    """Nothing is registered."""
    return make_programs(domains=())


def register(programs: Any, domain: str, type: str = "") -> dict[str, Any]:
    body = {"domain": domain, **({"domain_type": type} if type else {})}
    return dict(programs.asked("POST", PLACE, body)["domain"])


def comes_in(programs: Any, domain: str) -> bool:
    reply = programs.send("POST", "/Users", body={
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": f"ada.{domain}",
        "emails": [{"value": f"ada@{domain}", "primary": True}],
    })  # fmt: skip
    if reply.status == 201:
        programs.send("DELETE", f"/Users/{reply.resource()['id']}")
        return True
    assert (reply.status, reply.resource()["scimType"]) == (400, "invalidValue")
    return False


def listed(programs: Any, query: str = "") -> list[str]:
    return [one["domain"] for one in programs.asked("GET", PLACE, query=query)["domains"]]


def test_a_domain_lets_its_users_in_until_it_is_removed(bare: Any) -> None:
    """CAP-01."""
    assert not comes_in(bare, "acme.test")
    made = register(bare, "acme.test")
    assert made == {
        "id": made["id"],
        "domain": "acme.test",
        "environment_id": "env_ref",
        "organization_id": "org_ref",
        "domain_type": OWN,
        "verification_status": "VERIFIED",
        "verification_method": "ADMIN",
        "txt_record_key": "",
        "txt_record_secret": "",
        "create_time": "2026-01-01T00:00:00.000Z",
        "update_time": "2026-01-01T00:00:00.000Z",
    }
    assert made["id"].startswith("dom_")
    assert bare.asked("GET", f"{PLACE}/{made['id']}") == {"domain": made}
    assert comes_in(bare, "acme.test")
    assert not comes_in(bare, "ext.acme.test"), "a sub-domain is somebody else's (CAP-02)"
    assert bare.managed("/domains") == {"domains": ["acme.test"]}
    assert bare.ask("DELETE", f"{PLACE}/{made['id']}").status == 204
    assert not comes_in(bare, "acme.test")
    assert bare.refused("DELETE", f"{PLACE}/{made['id']}") == (404, 5, "DOMAIN_NOT_FOUND")


def test_an_allowed_email_domain_lets_nobody_in(bare: Any) -> None:
    """CAP-01: it is about who may sign up, not about who is provisioned."""
    made = register(bare, "acme.test", ALLOWED)
    assert (made["domain_type"], made["verification_status"]) == (ALLOWED, "AUTO_VERIFIED")
    assert made["verification_method"] == "NOT_APPLICABLE"
    assert not comes_in(bare, "acme.test")
    assert bare.managed("/domains") == {"domains": []}
    register(bare, "acme.test", OWN)
    assert comes_in(bare, "acme.test")
    assert bare.ask("DELETE", f"{PLACE}/{made['id']}").status == 204
    assert comes_in(bare, "acme.test"), "each counts for itself"


@pytest.mark.parametrize(
    ("written", "kept"),
    [("ACME.test", "acme.test"), ("acme.test.", "acme.test"), (" acme.test ", "acme.test"),
     ("bücher.example", "xn--bcher-kva.example"), ("BÜCHER.example", "xn--bcher-kva.example"),
     ("XN--BCHER-KVA.example", "xn--bcher-kva.example"), ("faß.example", "xn--fa-hia.example")],
)  # fmt: skip
def test_a_domain_is_kept_in_one_form_however_it_is_written(bare: Any, written: str, kept: str) -> None:
    """CAP-02, D2. The forms are those of IDNA 2008 (RFC 5891)."""
    assert register(bare, written)["domain"] == kept
    assert bare.refused("POST", PLACE, {"domain": kept}) == (409, 6, "ALREADY_EXISTS")
    assert listed(bare) == [kept]
    assert comes_in(bare, written.strip())


@pytest.mark.parametrize(
    "body",
    [{}, {"domain": ""}, {"domain": 7}, {"domain": "acme_test"}, {"domain": "@acme.test"}, {"domain": "ada@acme.test"},
     {"domain": "a b.test"}, {"domain": "acme..test"}, {"domain": "https://acme.test"}, {"domain": "x" * 64 + ".test"},
     {"domain": "*.acme.test"}, {"domain": "acme.test", "domain_type": "MINE"},
     {"domain": "acme.test", "status": "VERIFIED"}],
)  # fmt: skip
def test_what_is_no_domain_is_refused(bare: Any, body: dict[str, Any]) -> None:
    assert bare.refused("POST", PLACE, body) == (400, 3, "INVALID_ARGUMENT")
    assert listed(bare) == []


def test_a_list_can_be_of_one_type_and_of_a_part(bare: Any) -> None:
    for name in ("b.test", "c.test", "a.test"):
        register(bare, name)
    register(bare, "b.test", ALLOWED)
    assert listed(bare) == ["a.test", "b.test", "b.test", "c.test"]
    assert listed(bare, f"domain_type={OWN}") == ["a.test", "b.test", "c.test"]
    assert listed(bare, f"domain_type={ALLOWED}") == ["b.test"]
    assert listed(bare, "domain_type=DOMAIN_TYPE_UNSPECIFIED") == listed(bare)
    assert listed(bare, "page_size=3&page_number=2") == ["c.test"]
    assert listed(bare, "page_size=3&page_number=3") == []
    assert bare.refused("GET", PLACE, query="domain_type=MINE")[:2] == (400, 3)


def test_a_domain_that_wants_verification_waits_for_it(bare: Any) -> None:
    """CAP-01: only what is verified counts."""
    switch = {"features": [{"name": "domain_verification", "enabled": True}]}
    bare.asked("PATCH", "/organizations/org_ref/settings", switch)
    made = register(bare, "acme.test")
    assert made["verification_status"] == "PENDING"
    assert not comes_in(bare, "acme.test")
    assert bare.asked("PATCH", f"{PLACE}/{made['id']}:verify") == {"verified": True}
    assert comes_in(bare, "acme.test")
    assert bare.asked("GET", f"{PLACE}/{made['id']}")["domain"]["verification_status"] == "VERIFIED"
    waiting = register(bare, "beta.test")
    assert bare.manage("PUT", "/domains", {"domains": ["beta.test"]}).resource() == {"domains": ["beta.test"]}
    assert bare.asked("GET", f"{PLACE}/{waiting['id']}")["domain"]["verification_status"] == "VERIFIED"


def test_domains_are_each_organization_s_own(bare: Any) -> None:
    """CAP-10."""
    acme, other = bare.organization("Acme", "acme.test"), bare.organization("Other", "other.test")
    (held,) = bare.asked("GET", f"/organizations/{acme['id']}/domains")["domains"]
    for method, verb in (("GET", ""), ("DELETE", ""), ("PATCH", ":verify")):
        path = f"/organizations/{other['id']}/domains/{held['id']}{verb}"
        assert bare.refused(method, path) == (404, 5, "DOMAIN_NOT_FOUND")
    client = bare.idp(bare.directory(other))
    assert [comes_in(client, name) for name in ("acme.test", "other.test")] == [False, True]
    register(bare, "acme.test")
    assert comes_in(bare, "acme.test"), "a name may be more than one organization's"


def test_what_was_done_to_domains_is_on_record(bare: Any) -> None:
    made = register(bare, "acme.test")
    bare.refused("POST", PLACE, {"domain": "acme.test"})
    bare.asked("PATCH", f"{PLACE}/{made['id']}:verify")
    bare.ask("DELETE", f"{PLACE}/{made['id']}")
    told = [entry for entry in bare.audited() if entry[0].startswith("domain")]
    assert told == [("domain.create", "Domain", made["id"]), ("domain.delete", "Domain", made["id"])]
