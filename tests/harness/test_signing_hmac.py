"""Signatures that are a bare HMAC-SHA256 in a header: as declared, as WorkOS has it, and what is told of wrong ones."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from scimrig.declarations import Declarations
from scimrig.signing_hmac import Scheme, examine_hmac, scheme_of, tolerance_of
from scimrig_simulator.wire import Headers

NOW = 1_767_225_600.0
SECRET = "a secret as text"
BODY = '{"event": "dsync.user.created", "data": {"name": "Zoë"}}'.encode()
HUB = {"header": "X-Hub-Signature-256", "prefix": "sha256="}
STAMPED = {
    "header": "X-Signature", "encoding": "base64", "key": "base64", "signed": "{timestamp}.{body}",
    "timestamp_header": "X-Time", "timestamp_unit": "ms",
}


def mac(text: bytes, key: bytes = SECRET.encode()) -> bytes:
    return hmac.new(key, text, hashlib.sha256).digest()


def workos(body: bytes = BODY, at: float = NOW, secret: str = SECRET) -> Headers:
    stamp = str(int(at * 1000))
    return (("WorkOS-Signature", f"t={stamp}, v1={mac(stamp.encode() + b'.' + body, secret.encode()).hex()}"),)


def facts(headers: Headers, body: bytes = BODY, declared: Any = None, *secrets: str) -> dict[str, Any]:
    signing = {"signing": "workos"} if declared is None else {"signing": "hmac-sha256", "hmac": declared}
    promises = Declarations({"webhooks": signing})
    scheme = scheme_of(promises)
    assert scheme is not None
    return examine_hmac(headers, body, secrets or (SECRET,), scheme, NOW, tolerance_of(promises))


def test_workos_signs_a_time_in_milliseconds_and_the_body_with_the_secret_as_text() -> None:
    found = facts(workos())
    assert (found["signature"], found["fresh"], found["skew"], found["by"]) == ("valid", True, 0.0, [0])
    assert found["timestamp"] == "1767225600000"


@pytest.mark.parametrize(("seconds", "fresh"), [(-179, True), (-181, False), (179, True), (181, False)])
def test_its_receivers_allow_three_minutes(seconds: float, fresh: bool) -> None:
    found = facts(workos(at=NOW + seconds))
    assert (found["signature"], found["fresh"]) == ("valid", fresh)
    assert tolerance_of(Declarations({"webhooks": {"signing": "workos", "tolerance_s": 7}})) == 7


@pytest.mark.parametrize(
    ("headers", "signature", "why"),
    [
        ((), "missing", "no header workos-signature"),
        ((("WorkOS-Signature", "v1=00"),), "missing", "no header workos-signature"),
        ((("WorkOS-Signature", "t=soon, v1=00"),), "malformed", "the timestamp 'soon'"),
        ((("WorkOS-Signature", f"t=1767225600000, v1={'0' * 63}"),), "malformed", "32 bytes in hex"),
        ((("WorkOS-Signature", f"t=1767225600000, v1={'0' * 64}"),), "wrong", "neither the bytes sent"),
        (workos(secret="another"), "wrong", "neither the bytes sent"),
        (workos(body=BODY + b"!"), "wrong", "neither the bytes sent"),
    ],
)
def test_what_is_not_as_receivers_read_it_is_told_with_the_reason(headers: Headers, signature: str, why: str) -> None:
    found = facts(headers)
    assert (found["signature"], why in found["why"]) == (signature, True)


def test_a_body_printed_again_and_a_text_put_together_otherwise_are_told_apart() -> None:
    again = json.dumps(json.loads(BODY), separators=(",", ":"), ensure_ascii=False).encode()
    assert facts(workos(body=again))["signature"] == "re-serialised"
    only = (("WorkOS-Signature", f"t=1767225600000, v1={mac(BODY).hex()}"),)
    assert facts(only)["why"] == "it signs '{body}', not '{timestamp}.{body}'"


def test_a_declared_scheme_is_taken_by_its_word() -> None:
    hub = (("x-hub-signature-256", f"sha256={mac(BODY).hex()}"),)
    assert facts(hub, BODY, HUB)["signature"] == "valid"
    assert facts(hub, BODY, HUB)["fresh"] is None
    assert facts((("x-hub-signature-256", mac(BODY).hex()),), BODY, HUB)["signature"] == "missing"
    key = bytes(range(32))
    secret = base64.b64encode(key).decode()
    stamp = str(int(NOW * 1000))
    signed = base64.b64encode(mac(f"{stamp}.".encode() + BODY, key)).decode()
    headers = (("x-signature", signed), ("x-time", stamp))
    assert facts(headers, BODY, STAMPED, secret)["signature"] == "valid"
    assert facts(headers[:1], BODY, STAMPED, secret)["missing"] == ["x-time"]
    assert facts(headers, BODY, STAMPED, "no base64!")["signature"] == "unverified"


def test_while_a_secret_is_replaced_it_is_told_which_one_has_signed() -> None:
    assert facts(workos(secret="old"), BODY, None, "new", "old")["by"] == [1]
    assert facts(workos(secret="new"), BODY, None, "new", "old")["by"] == [0]


def test_nothing_of_the_secret_is_in_the_facts() -> None:
    assert SECRET not in json.dumps([facts(workos()), facts(workos(secret="x")), facts(())])


def test_a_scheme_is_known_only_where_one_is_declared() -> None:
    assert scheme_of(Declarations({"webhooks": {"signing": "svix", "hmac": HUB}})) is None
    assert scheme_of(Declarations({"webhooks": {"signing": "hmac-sha256"}})) is None
    assert Scheme.of(HUB) == Scheme("x-hub-signature-256", "sha256=")
