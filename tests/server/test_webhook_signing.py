"""Signatures of webhooks: the published scheme, byte for byte. Verifiers of others have their say in tests/peers."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimrig_simulator.policy.delivery import Delivery, headers
from scimrig_simulator.policy.signing import key_of, new_secret, secret_of, sign

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_example_that_the_scheme_is_published_with_comes_out_the_same() -> None:
    signature = sign(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_delivery_is_headed_in_lower_case_by_what_it_is_and_by_what_signs_it() -> None:
    delivery = Delivery("msg_p5jXN8AQM9LWM0D4loKWxJek", 1, 1614265330.987, b'{"test": 2432232314}', (SECRET,))
    assert headers(delivery) == (
        ("content-type", "application/json"),
        ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
        ("webhook-timestamp", "1614265330"),
        ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
    )


def test_a_delivery_does_not_show_its_secret() -> None:
    assert SECRET not in repr(Delivery("evt_1", 1, 0.0, b"{}", (SECRET,)))


def test_a_new_secret_is_24_random_bytes_in_standard_base64_without_padding() -> None:
    secrets = {new_secret() for _ in range(200)}
    assert len(secrets) == 200
    for secret in secrets:
        assert secret.startswith("whsec_")
        assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 24
        assert not secret.endswith("=")


@given(st.binary(min_size=1, max_size=80))
def test_a_secret_stands_for_its_key(key: bytes) -> None:
    assert key_of(secret_of(key)) == key


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_a", "whsec_-_-_", "whsec_a b="]
)
def test_what_is_no_secret_is_refused_without_being_repeated(secret: str) -> None:
    with pytest.raises(ValueError, match="webhook secret") as refusal:
        key_of(secret)
    assert len(secret) <= 6 or secret not in str(refusal.value)


def test_a_blank_more_is_another_body() -> None:
    bodies = [b"{}", b"{} ", b" {}", b"{}\n", b"{}\r\n", b"\xef\xbb\xbf{}", b"{ }", b""]
    assert len({sign(SECRET, "evt_1", 1, body) for body in bodies}) == len(bodies)


@given(
    st.binary(max_size=200),
    st.binary(max_size=200),
    st.integers(0, 2**33),
    st.integers(0, 2**33),
    st.text("abc123_", min_size=1, max_size=12),
    st.text("abc123_", min_size=1, max_size=12),
)
def test_another_body_time_or_id_has_another_signature(
    body: bytes, other_body: bytes, at: int, other_at: int, id: str, other_id: str
) -> None:
    same = (body, at, id) == (other_body, other_at, other_id)
    assert (sign(SECRET, id, at, body) == sign(SECRET, other_id, other_at, other_body)) is same
