"""The sample receiver of webhooks: its mirror ends up right whatever the order, and its words are careful."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimrig_simulator.clock import VirtualClock
from scimrig_simulator.policy.signing import sign
from scimrig_simulator.receivers import chosen, twist
from scimrig_simulator.receivers.mirror import Mirror, moment
from scimrig_simulator.receivers.receiver import LARGEST, Receiver

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
TYPES = ("user_created", "user_updated", "user_deleted")
EVENTS = st.lists(
    st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(TYPES), st.text(max_size=3)), min_size=1, max_size=8
)


def told(mirror: Mirror, events: list[tuple[int, tuple[str, str, str]]]) -> dict[str, Any]:
    for at, (id, type, name) in events:
        mirror.told(type, {"id": id, "name": name, "email": f"{id}@acme.test"}, (at, ""))
    return {id: (row.present, row.name if row.present else "") for id, row in mirror.rows.items()}


@given(EVENTS, st.data())
def test_any_order_of_arrival_with_any_repeats_ends_in_the_state_of_the_right_order(
    events: list[tuple[str, str, str]], data: st.DataObject
) -> None:
    dated = list(enumerate(events))
    arrived = data.draw(st.permutations(dated + data.draw(st.lists(st.sampled_from(dated), max_size=4))))
    assert told(Mirror(), arrived) == told(Mirror(), dated)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("2026-03-04T05:06:07Z", "2026-03-04T05:06:07.5Z"),
        ("2026-03-04T05:06:07.123Z", "2026-03-04T05:06:07.123456789Z"),
        ("2026-03-04T05:06:07.999999999Z", "2026-03-04T05:06:08Z"),
    ],
)
def test_moments_are_compared_exactly_whatever_their_digits(earlier: str, later: str) -> None:
    assert moment(earlier) < moment(later)
    assert moment("2026-03-04T05:06:07.500Z") == moment("2026-03-04T05:06:07.5Z")


def receiver() -> tuple[Receiver, VirtualClock]:
    clock = VirtualClock(1_790_000_000.0)
    return Receiver(SECRET, clock, lambda url: (0, b"")), clock


def headers(body: bytes, id: str = "evt_1") -> tuple[tuple[str, str], ...]:
    return (("Webhook-Id", id), ("Webhook-Timestamp", "1790000000"),
            ("Webhook-Signature", sign(SECRET, id, 1_790_000_000, body)))


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/webhooks", 405), ("PUT", "/webhooks", 405), ("GET", "/state/nobody", 404), ("POST", "/reconcile", 400),
     ("GET", "/", 404), ("POST", "/webhooks", 400)],
)
def test_what_is_no_delivery_is_a_4xx(method: str, path: str, status: int) -> None:
    assert receiver()[0].answer(method, path, (), b"").status == status


@given(st.binary(max_size=60))
def test_a_signed_body_of_any_bytes_is_answered_and_never_crashes(body: bytes) -> None:
    assert receiver()[0].answer("POST", "/webhooks", headers(body), body).status in (200, 400)


def test_a_body_that_is_too_large_is_refused_before_it_is_read() -> None:
    body = b" " * (LARGEST + 1)
    assert receiver()[0].answer("POST", "/webhooks", headers(body), body).status == 413


@pytest.mark.parametrize("body", [b"", b"[]", b'{"api_url": 3}', b'{"api_url":"http://x"}'])
def test_a_reconciliation_that_does_not_say_where_is_a_400(body: bytes) -> None:
    assert receiver()[0].answer("POST", "/reconcile", (), body).status == 400


def test_a_directory_that_does_not_answer_leaves_the_mirror_alone() -> None:
    one, _ = receiver()
    one.mirror.told("user_created", {"id": "a", "name": "A", "email": "a@acme.test"}, (1, ""))
    body = b'{"api_url":"http://x","organization_id":"o","directory_id":"d"}'
    assert one.answer("POST", "/reconcile", (), body).status == 502
    assert one.mirror.rows["a"].present


def test_an_unknown_name_gets_the_nearest_one_suggested() -> None:
    with pytest.raises(ValueError, match="Did you mean 'timestamp-nan'"):
        twist("fault", "timestamp-nam")
    assert chosen() is Receiver
