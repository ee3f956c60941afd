"""Faults of profiles, the listing, the API and the audit log: what a sound server tells, and what a broken one does."""

from __future__ import annotations

import json
from typing import Any

import pytest

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PHONES = [{"value": "+1", "type": "work"}, {"value": "+2", "type": "mobile", "primary": True}]


@pytest.mark.breaks("profile-frozen", sound=("Adeline", "+2", None, "7001"), broken=("Ada", "+2", None, "7001"))
@pytest.mark.breaks("profile-phone-of-work", sound=("Adeline", "+2", None, "7001"),
        broken=("Adeline", "+1", None, "7001"))  # fmt: skip
@pytest.mark.breaks("profile-removed-kept", sound=("Adeline", "+2", None, "7001"),
        broken=("Adeline", "+2", "Analyst", "7001"))  # fmt: skip
@pytest.mark.breaks("custom-attributes-dropped", sound=("Adeline", "+2", None, "7001"),
        broken=("Adeline", "+2", None, None))  # fmt: skip
def test_the_profile_after_a_new_name_and_without_a_title(policed: Any, expected: Any) -> None:
    mapping = {"key": f"{ENTERPRISE}:costCenter", "map_to": "cost_code"}
    policed.manage("PUT", f"{policed.api}/directories/dir_ref/attributes", {"attributes": [mapping]})
    ada = policed.person(
        name={"givenName": "Ada"}, phoneNumbers=PHONES, title="Analyst", **{ENTERPRISE: {"costCenter": "7001"}}
    )
    assert policed.set(ada, "name.givenName", "Adeline") == 200
    assert policed.patch(f"/Users/{ada}", {"op": "remove", "path": "title"}).ok
    told = policed.manage("GET", f"/manage/normalized/{ada}")
    shown = tuple(told.get(name) for name in ("given_name", "phone_number", "title"))
    assert (*shown, told["custom_attributes"].get("cost_code")) == expected


@pytest.mark.breaks("listing-omits-inactive", sound=(11, True, False), broken=(10, False, False))
@pytest.mark.breaks("listing-keeps-deleted", sound=(11, True, False), broken=(12, True, True))
@pytest.mark.breaks("listing-skips-one", sound=(11, True, False), broken=(10, True, False))
def test_the_listing_with_one_inactive_and_one_deleted(policed: Any, expected: Any) -> None:
    ids = [policed.person() for _ in range(12)]
    listed(policed)
    policed.set(ids[0], "active", False)
    policed.send("DELETE", f"/scim/v2/Users/{ids[1]}")
    found = listed(policed)
    assert (len(found), ids[0] in found, ids[1] in found) == expected


def listed(policed: Any) -> list[str]:
    """The SCIM ids on all pages."""
    found, page = [], {"next_page_token": ""}
    while True:
        token = page["next_page_token"]
        page = policed.manage("GET", f"{policed.api}/directories/dir_ref/users", page_token=token)
        found += [user["id"].removeprefix("diruser_") for user in page["users"]]
        if not page["next_page_token"]:
            return found


@pytest.mark.breaks("api-write-lost", sound=["Augusta", "Augusta"], broken=["Ada", "Ada"])
@pytest.mark.breaks("api-write-overwritten", sound=["Augusta", "Augusta"], broken=["Augusta", "Ada"])
def test_a_name_of_the_apis_and_a_title_of_scims_after_it(policed: Any, expected: Any) -> None:
    ada = policed.person(name={"givenName": "Ada"})
    policed.manage("PATCH", f"/api/v1/users/usr_{ada}", {"user_profile": {"given_name": "Augusta"}})
    seen = [given_name(policed, ada)]
    assert policed.set(ada, "title", "Lead") == 200
    assert [*seen, given_name(policed, ada)] == expected


def given_name(policed: Any, id: str) -> Any:
    return policed.send("GET", f"/scim/v2/Users/{id}").resource()["name"]["givenName"]


@pytest.mark.breaks("api-delete-keeps", sound=404, broken=200)
def test_somebody_whom_the_api_has_deleted(policed: Any, expected: Any) -> None:
    ada = policed.person()
    assert policed.send("DELETE", f"/api/v1/memberships/organizations/org_ref/users/usr_{ada}").ok
    assert policed.send("GET", f"/scim/v2/Users/{ada}").status == expected


WHY = "domain_not_registered"


@pytest.mark.breaks("audit-without-refusals", sound=(2, False, False, [WHY]), broken=(1, False, False, []))
@pytest.mark.breaks("audit-doubled", sound=(2, False, False, [WHY]), broken=(4, False, False, [WHY, WHY]))
@pytest.mark.breaks("audit-without-reason", sound=(2, False, False, [WHY]), broken=(2, False, False, [""]))
@pytest.mark.breaks("audit-holds-password", sound=(2, False, False, [WHY]), broken=(2, True, False, [WHY]))
@pytest.mark.breaks("audit-holds-token", sound=(2, False, False, [WHY]), broken=(2, False, True, [WHY]))
def test_the_audit_log_of_a_create_and_of_a_refusal(policed: Any, expected: Any) -> None:
    policed.person(password="correct-horse-7")
    assert policed.create(policed.work("joe@other.test")).status == 400
    entries = [one for one in policed.manage("GET", "/manage/audit")["entries"] if one["action"] == "user.create"]
    text = json.dumps(entries)
    reasons = [one["reason"] for one in entries if one["outcome"] == "rejected"]
    assert (len(entries), "correct-horse-7" in text, "s3cret" in text, reasons) == expected
