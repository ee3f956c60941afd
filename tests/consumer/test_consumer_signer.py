"""How scimrig signs as a sender: published vectors, and what independent verifiers make of each way to go wrong."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimrig.consumer.letters import Letter, occurred, written
from scimrig.consumer.signer import FOREIGN, Signer, new_secret
from scimrig.signing import examine
from scimrig.signing_hmac import WORKOS, Scheme, examine_hmac
from scimrig_simulator.wire import Headers

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW = 1_790_000_000.0
URL = "http://localhost/webhooks"


def sent(letter: Letter, signer: Signer) -> tuple[Headers, bytes]:
    request = letter.posted(URL, signer, NOW, "")
    return request.headers, request.content or b""


def verdict(letter: Letter, family: str = "standard-webhooks", now: float = NOW) -> str:
    headers, body = sent(letter, Signer(SECRET, family))
    facts = examine(headers, body, [SECRET], family, now)
    return str(facts["signature"]) if facts["fresh"] or facts["signature"] != "valid" else "not fresh"


def test_the_vector_of_standard_webhooks_is_signed_as_published() -> None:
    entry = Signer(SECRET).entry("own", "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')
    assert entry == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("family", ["standard-webhooks", "scalekit", "svix"])
def test_a_genuine_letter_is_valid_in_each_family(family: str) -> None:
    assert verdict(Letter("user_created", "ada", "evt_1", '{"name":"Zoë"}'), family) == "valid"


@given(body=st.text(st.characters(exclude_categories=["Cs"])), flip=st.integers(0))
def test_what_was_changed_after_signing_is_not_valid(body: str, flip: int) -> None:
    other = f"{body[: flip % (len(body) + 1)]}~{body[flip % (len(body) + 1):]}"
    assert verdict(Letter("user_created", "ada", "evt_1", body)) == "valid"
    assert verdict(Letter("user_created", "ada", "evt_1", body, sent=other)) != "valid"


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"sent_id": "evt_2"}, "wrong"),
        ({"sent_skew": 7.0}, "wrong"),
        ({"entries": ("foreign",)}, "wrong"),
        ({"entries": ("keyless",)}, "wrong"),
        ({"entries": ("own-v1a",)}, "malformed"),
        ({"entries": ("=",)}, "missing"),
        ({"entries": ("=v1,c2hvcnQ=",)}, "malformed"),
        ({"entries": ("foreign", "own")}, "valid"),
        ({"entries": ("ed25519", "own")}, "valid"),
        ({"omit": ("id",)}, "missing"),
        ({"omit": ("timestamp",)}, "missing"),
        ({"stamp": "milliseconds"}, "malformed"),
        ({"stamp": "iso"}, "malformed"),
        ({"stamp": "fraction"}, "malformed"),
        ({"stamp": "=nan"}, "malformed"),
        ({"skew": -301.0}, "not fresh"),
        ({"skew": 302.0}, "not fresh"),
        ({"skew": -298.0}, "valid"),
        ({"title_case": True}, "valid"),
    ],
)
def test_each_way_to_go_wrong_is_what_it_is_called(changes: dict[str, object], wanted: str) -> None:
    letter = Letter("user_created", "ada", "evt_1", '{"a":1}', **changes)  # type: ignore[arg-type]
    assert verdict(letter) == wanted


def test_a_keyless_signature_is_an_hmac_with_an_empty_key() -> None:
    entry = Signer(SECRET).entry("keyless", "i", "1", b"b")
    assert entry == Signer("whsec_").entry("own", "i", "1", b"b")


@pytest.mark.parametrize(
    "scheme",
    [
        WORKOS, Scheme("x-signature"), Scheme("x-hub-signature-256", "sha256="),
        Scheme("x-sig", "", "base64", "base64", "{timestamp}:{body}", "x-time", "s"),
        Scheme("x-sig", "v0=", "hex", "text", "v0:{timestamp}:{body}", "x-time", "ms"),
    ],
)
def test_other_schemes_are_signed_as_they_are_declared(scheme: Scheme) -> None:
    secret = "c2VjcmV0LXNlY3JldC1zZWNyZXQtcw=="
    signer = Signer(secret, "hmac-sha256", scheme)
    genuine = Letter("user_created", "ada", "evt_1", '{"name":"Zoë"}')
    headers, body = sent(genuine, signer)
    facts = examine_hmac(headers, body, [secret], scheme, NOW, 180)
    assert facts["signature"] == "valid"
    assert facts["fresh"] is (True if scheme.stamp else None)
    forged, body = sent(Letter("user_created", "ada", "evt_1", '{"name":"Zoë"}', entries=("foreign",)), signer)
    assert examine_hmac(forged, body, [secret], scheme, NOW, 180)["signature"] == "wrong"


def test_a_workos_header_is_what_its_documentation_shows() -> None:
    signer = Signer("s3cret", "workos", WORKOS)
    headers = dict(sent(Letter("user_created", "ada", "evt_1", "{}"), signer)[0])
    digest = hmac.new(b"s3cret", b"1790000000000.{}", hashlib.sha256).hexdigest()
    assert headers["workos-signature"] == f"t=1790000000000, v1={digest}"
    assert "webhook-id" not in headers


def test_the_right_answer_to_a_forgery_is_the_signature_that_would_have_been_right() -> None:
    letter = Letter("user_created", "ada", "evt_1", '{"a":1}', sent='{"a":2}', sent_id="evt_2", entries=("foreign",))
    right = Signer(SECRET).entry("own", "evt_2", "1790000000", b'{"a":2}')
    assert letter.right_answer(Signer(SECRET), NOW) == right.removeprefix("v1,")


def test_a_letter_comes_back_from_the_log_as_it_was() -> None:
    letter = Letter("user_created", "ada", "e", "b", "s", "i", 1.5, -3, "iso", ("own", "foreign"), ("id",), True)
    assert Letter.from_json(letter.to_json()) == letter


def test_new_secrets_need_no_padding_and_are_never_the_foreign_one() -> None:
    made = {new_secret() for _ in range(20)}
    assert len(made) == 20
    assert FOREIGN not in made
    assert not any(secret.endswith("=") for secret in made)


@pytest.mark.parametrize(
    ("digits", "text"),
    [(0, "2026-09-21T14:13:20Z"), (3, "2026-09-21T14:13:20.500Z"), (9, "2026-09-21T14:13:20.500000000Z")],
)
def test_moments_of_events_have_as_many_digits_as_asked(digits: int, text: str) -> None:
    assert occurred(1_790_000_000.5, digits) == text


def test_a_timestamp_is_written_in_the_unit_of_the_scheme_or_in_the_other_one() -> None:
    assert (written("seconds", NOW), written("milliseconds", NOW)) == ("1790000000", "1790000000000")
    assert (written("seconds", NOW, True), written("milliseconds", NOW, True)) == ("1790000000000", "1790000000")
