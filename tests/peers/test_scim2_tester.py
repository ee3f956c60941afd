"""scim2-tester, a conformance checker of others, against our reference server, served by URL.

It judges us as we judge others: no check may report an error. What it calls a deviation it prints.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

ALLOWED: frozenset[str] = frozenset()
"""Checks that are wrong about us, by title; each is explained in docs/peers/scim2-tester.md."""


@pytest.mark.peer
@pytest.mark.slow
def test_no_check_reports_an_error(reference: Any) -> None:
    with Client(base_url=reference.url, headers={"Authorization": f"Bearer {reference.token}"}) as client:
        results = check_server(SyncSCIMClient(client))
    print("scim2-tester:", dict(Counter(result.status.name for result in results)))
    assert len(results) > 100, "the tester gave up early"
    wrong = [result for result in results if result.status in (Status.ERROR, Status.CRITICAL)]
    assert [result for result in wrong if result.title not in ALLOWED] == []
    assert {result.title for result in wrong} >= ALLOWED, "an allowance that nothing needs any more"
