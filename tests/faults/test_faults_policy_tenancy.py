"""Faults of what keeps tenants apart. Each test states what a sound server answers and what the broken one does."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.breaks("replaced-token-good", sound=401, broken=200)
def test_a_token_that_was_replaced(policed: Any, expected: Any) -> None:
    first = policed.token()
    assert policed.enters(first) == 200
    assert policed.enters(policed.token()) == 200
    assert policed.enters(first) == expected


@pytest.mark.breaks("expired-token-good", sound=401, broken=200)
def test_a_token_of_a_minute_after_a_minute(policed: Any, expected: Any) -> None:
    token = policed.token(expires_in=60)
    assert policed.enters(token) == 200
    policed.clock.sleep(61)
    assert policed.enters(token) == expected


@pytest.mark.breaks("next-token-ends-first", sound=200, broken=401)
def test_the_first_token_after_the_second_was_used(policed: Any, expected: Any) -> None:
    first, second = policed.token(), policed.token(expires_in=3600)
    assert [policed.enters(first), policed.enters(second)] == [200, 200]
    assert policed.enters(first) == expected


@pytest.mark.breaks("any-tenants-token", sound=401, broken=200)
def test_a_token_at_another_tenant(policed: Any, expected: Any) -> None:
    assert policed.enters(policed.token(), at="") == expected


@pytest.mark.breaks("cache-shared-by-tenants", sound=404, broken=200)
def test_an_id_at_another_tenant(policed: Any, expected: Any) -> None:
    token = policed.token()
    made = policed.create(policed.work("ada@acme.test"), at="/other", token=token)
    assert made.status == 201
    path = f"/scim/v2/Users/{made.resource()['id']}"
    assert policed.send("GET", f"/other{path}", authorization=f"Bearer {token}").status == 200
    assert policed.send("GET", path).status == expected


@pytest.mark.breaks("names-shared-by-tenants", sound=201, broken=409)
def test_a_name_at_another_tenant(policed: Any, expected: Any) -> None:
    policed.person("ada@acme.test", userName="ada")
    made = policed.create(policed.work("ada@acme.test"), at="/other", token=policed.token(), userName="ada")
    assert made.status == expected


@pytest.mark.breaks("scim-switch-ignored", sound=[403, 403, 403, 200], broken=[200, 403, 403, 200])
@pytest.mark.breaks("disabled-directory-readable", sound=[403, 403, 403, 200], broken=[403, 200, 403, 200])
@pytest.mark.breaks("disabled-is-401", sound=[403, 403, 403, 200], broken=[401, 401, 401, 200])
def test_scim_off_the_directory_off_for_reading_and_writing_and_both_on(policed: Any, expected: Any) -> None:
    token = policed.token()
    policed.manage("PUT", f"{policed.other}/scim", {"enabled": False})
    seen = [policed.enters(token)]
    policed.manage("PUT", f"{policed.other}/scim", {"enabled": True})
    policed.manage("PUT", f"{policed.other}/directory", {"enabled": False})
    seen += [policed.enters(token), policed.create(policed.work("ada@acme.test"), at="/other", token=token).status]
    policed.manage("PUT", f"{policed.other}/directory", {"enabled": True})
    assert [*seen, policed.enters(token)] == expected


@pytest.mark.breaks("allowed-addresses-ignored", sound=[403, 403], broken=[200, 200])
@pytest.mark.breaks("forwarded-for-believed", sound=[403, 403], broken=[403, 200])
def test_from_an_address_that_is_not_listed_and_one_that_says_it_is(policed: Any, expected: Any) -> None:
    token = policed.token()
    policed.manage("PUT", f"{policed.other}/allowed", {"addresses": ["192.0.2.0/24"]})
    says = {"authorization": f"Bearer {token}", "x_forwarded_for": "192.0.2.7"}
    seen = [policed.enters(token), policed.send("GET", "/other/scim/v2/Users", **says).status]
    assert seen == expected
    assert policed.enters("s3cret", at="") == 200


@pytest.mark.breaks("portal-link-opens-again", sound=[True, False, False], broken=[True, True, False])
@pytest.mark.breaks("portal-link-lasts", sound=[True, False, False], broken=[True, False, True])
def test_a_portal_link_twice_and_another_after_a_minute(policed: Any, expected: Any) -> None:
    def link() -> str:
        made = policed.manage("PUT", f"{policed.api}/portal_links")["link"]["location"]
        return str(made).removeprefix("http://127.0.0.1:8080")

    def opens(path: str) -> bool:
        return policed.send("GET", path).status < 400

    first, second = link(), link()
    seen = [opens(first), opens(first)]
    policed.clock.sleep(61)
    assert [*seen, opens(second)] == expected
