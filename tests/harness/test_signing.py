"""Signatures of webhooks: what is told apart, for all bodies and keys; receivers' libraries give a second opinion."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from scimrig.signing import examine, renderings
from scimrig_simulator.wire import Headers

NOW = 1_767_225_600.0
KEY = bytes(range(1, 25))
SECRET = "whsec_" + base64.b64encode(KEY).decode()
OTHER = "whsec_" + base64.b64encode(bytes(range(24))).decode()
BODY = '{"type":"user_created","data":{"name":"Zoë","url":"https://x/y"}}'.encode()

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def digest(text: bytes, key: bytes = KEY) -> str:
    return base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()


def signed(
    body: bytes = BODY, *, key: bytes = KEY, id: str = "evt_1", at: float = NOW, family: str = "webhook",
    of: bytes | None = None, entries: str = "v1,{}",
) -> Headers:
    """Headers of a delivery. ``of``: the body that is signed, where it is not the one that is sent."""
    stamp = str(int(at))
    text = f"{id}.{stamp}.".encode() + (body if of is None else of)
    values = (id, stamp, entries.format(digest(text, key)))
    return tuple(zip((f"{family}-id", f"{family}-timestamp", f"{family}-signature"), values, strict=True))


def verdict(headers: Headers, body: bytes = BODY, *, signing: str = "standard-webhooks", **known: Any) -> str:
    return str(facts(headers, body, signing=signing, **known)["signature"])


def facts(headers: Headers, body: bytes = BODY, *, signing: str = "standard-webhooks", **known: Any) -> dict[str, Any]:
    return examine(headers, body, known.get("secrets", (SECRET,)), signing, known.get("now", NOW))


def without(headers: Headers, name: str) -> Headers:
    return tuple(line for line in headers if line[0] != name)


def replaced(headers: Headers, name: str, value: str) -> Headers:
    return tuple((key, value if key == name else old) for key, old in headers)


def test_a_signature_over_the_bytes_sent_is_valid() -> None:
    assert facts(signed()) == {
        "id": "evt_1", "timestamp": "1767225600", "skew": 0.0, "fresh": True, "missing": [], "signed": "",
        "signature": "valid", "why": "", "by": [0],
    }


@given(st.binary(max_size=300), st.binary(min_size=1, max_size=64))
def test_any_body_verifies_with_the_key_it_was_signed_with(body: bytes, key: bytes) -> None:
    secret = "whsec_" + base64.b64encode(key).decode()
    assert verdict(signed(body, key=key), body, secrets=(secret,)) == "valid"


@given(st.binary(min_size=1, max_size=200), st.data())
def test_no_body_verifies_after_a_single_bit_has_changed(body: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(body) * 8 - 1))
    changed = bytearray(body)
    changed[place // 8] ^= 1 << place % 8
    assert verdict(signed(body), bytes(changed)) != "valid"


@given(st.sampled_from(["webhook-id", "webhook-timestamp"]), st.integers(0, 9))
def test_another_id_or_timestamp_breaks_the_signature(name: str, digit: int) -> None:
    headers = signed(id="5", at=1_767_225_605)
    value = dict(headers)[name][:-1] + str(digit)
    assume(digit != 5)
    assert verdict(replaced(headers, name, value)) == "wrong"


@given(st.binary(max_size=200), st.text(max_size=40), st.text(max_size=40), st.text(max_size=60))
def test_nothing_that_a_sender_writes_into_the_headers_makes_it_fail(
    body: bytes, id: str, stamp: str, signature: str
) -> None:
    headers = (("webhook-id", id), ("webhook-timestamp", stamp), ("webhook-signature", signature))
    found = facts(headers, body)
    assert found["signature"] in ("missing", "malformed", "wrong")
    assert found["why"]
    assert json.loads(json.dumps(found)) == found


def test_a_secret_may_lack_prefix_or_padding_and_several_may_be_in_force() -> None:
    bare = base64.b64encode(bytes(25)).decode().rstrip("=")
    assert verdict(signed(key=bytes(25)), secrets=(bare,)) == "valid"
    assert verdict(signed(), secrets=(OTHER, SECRET)) == "valid"
    assert verdict(signed(key=bytes(range(24))), secrets=(SECRET,)) == "wrong"


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_it_is_said_which_header_is_missing(name: str) -> None:
    for headers in (without(signed(), name), replaced(signed(), name, " ")):
        found = facts(headers)
        assert (found["signature"], found["missing"]) == ("missing", [name])
        assert name in found["why"]


def test_names_of_headers_count_in_any_case() -> None:
    assert verdict(tuple((name.title(), value) for name, value in signed())) == "valid"


def test_receivers_of_svix_know_both_families_and_others_only_theirs() -> None:
    svix = signed(family="svix")
    assert verdict(svix, signing="svix") == "valid"
    assert verdict(signed(), signing="svix") == "valid"
    assert verdict((*svix[:2], signed()[2]), signing="svix") == "valid"
    found = facts(svix)
    assert found["missing"] == ["webhook-id", "webhook-timestamp", "webhook-signature"]
    assert 'webhooks.signing is "svix"' in found["why"]


@pytest.mark.parametrize(
    "entries",
    [
        "v1,{}", "v1a,c29tZXRoaW5n v1,{}", "v1,{} v1a,c29tZXRoaW5n", "v2,x v1,{}",
        "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= v1,{}", "v1,{} nonsense",
    ],
)
def test_one_matching_entry_among_several_is_enough(entries: str) -> None:
    assert verdict(signed(entries=entries)) == "valid"


def test_entries_may_stand_in_several_header_lines() -> None:
    headers = (*signed()[:2], ("webhook-signature", "v1a,eA=="), signed()[2])
    assert verdict(headers) == "valid"


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        ("v1a,{}", "no v1 entry, only v1a"),
        ("V1,{}", "no v1 entry, only V1"),
        ("{}", "is not VERSION,SIGNATURE"),
        ("v1={}", "is not VERSION,SIGNATURE"),
        ("nonsense v1,{}", "is not VERSION,SIGNATURE"),
        ("v1,%&%", "not base64"),
        ("v1,_-_-", "url-safe base64"),
        ("v1,c2hvcnQ=", "has 5 bytes"),
        ("v1," + "ab" * 32, "in hex"),
        ("v1," + "A" * 43, "without its padding"),
    ],
)
def test_what_receivers_cannot_read_is_malformed(entries: str, why: str) -> None:
    found = facts(signed(entries=entries))
    assert found["signature"] == "malformed"
    assert why in found["why"]


@pytest.mark.parametrize(
    ("stamp", "why"),
    [
        ("1767225600.5", "fraction"), ("2026-01-01T00:00:00Z", "is a date"), ("1767225600000", "milliseconds"),
        ("soon", "not a number"), ("-5", "not a number"), ("١٢", "not a number"),
    ],
)
def test_a_timestamp_that_is_not_whole_seconds_is_malformed(stamp: str, why: str) -> None:
    headers = (("webhook-id", "e"), ("webhook-timestamp", stamp), ("webhook-signature", "v1,x"))
    found = facts(headers)
    assert (found["signature"], found["skew"], found["fresh"]) == ("malformed", None, None)
    assert why in found["why"]


@given(st.integers(-100_000, 100_000))
def test_the_skew_is_what_the_timestamp_lies_behind(seconds: int) -> None:
    found = facts(signed(), now=NOW + seconds)
    assert (found["skew"], found["fresh"], found["signature"]) == (seconds, abs(seconds) <= 300, "valid")


@given(JSON, st.booleans(), st.booleans(), st.sampled_from([None, (",", ":"), (", ", ": ")]), st.data())
def test_a_signature_of_the_payload_printed_anew_is_found_out(
    value: Any, sort: bool, ascii: bool, separators: Any, data: st.DataObject
) -> None:
    sent = json.dumps(value, ensure_ascii=False, indent=1).encode("utf-8", "surrogatepass")
    anew = json.dumps(value, sort_keys=sort, ensure_ascii=ascii, separators=separators)
    signed_body = anew.encode("utf-8", "surrogatepass")
    assume(signed_body != sent)
    found = facts(signed(sent, of=signed_body), sent)
    assert found["signature"] == "re-serialised"
    assert found["signed"]
    assert found["signed"] in found["why"]


@pytest.mark.parametrize(
    ("of", "words"),
    [
        (json.dumps(json.loads(BODY)).encode(), 'with a blank behind each "," and ":"'),
        (json.dumps(json.loads(BODY), separators=(",", ":")).encode(), "as \\u escapes"),
        (json.dumps(json.loads(BODY), separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode(), "sorted"),
        (BODY.replace(b"/", b"\\/"), '"/" as "\\/"'),
        (BODY + b"\n", "line break"),
        (json.dumps(json.loads(BODY), indent=2, ensure_ascii=False).encode(), "indented by 2"),
    ],
)
def test_it_is_said_how_the_signed_payload_was_printed(of: bytes, words: str) -> None:
    found = facts(signed(of=of))
    assert found["signature"] == "re-serialised"
    assert words in found["signed"]


@given(st.binary(max_size=100))
def test_other_renderings_differ_from_the_body_and_from_each_other(body: bytes) -> None:
    others = [other for _, other in renderings(body)]
    assert body not in others
    assert len(set(others)) == len(others)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BODY, "only the body"), (b"1767225600." + BODY, "without the id"), (b"evt_1." + BODY, "without the timestamp"),
        (b"1767225600.evt_1." + BODY, "wrong order"), (b"evt_11767225600" + BODY, "without dots"),
    ],
)
def test_a_signature_of_something_else_is_wrong_and_it_is_said_of_what(text: bytes, words: str) -> None:
    found = facts(replaced(signed(), "webhook-signature", f"v1,{digest(text)}"))
    assert found["signature"] == "wrong"
    assert words in found["signed"]


def test_a_secret_that_was_not_decoded_is_recognised() -> None:
    for key, words in ((SECRET.encode(), "the text of the secret"), (SECRET[6:].encode(), "the text behind whsec_")):
        found = facts(signed(key=key))
        assert found["signature"] == "wrong"
        assert words in found["why"]


def test_a_secret_in_url_safe_base64_is_one_that_no_library_reads_as_meant() -> None:
    key = b"\xff\xef\xfe" * 8
    secret = "whsec_" + base64.urlsafe_b64encode(key).decode()
    found = facts(signed(key=key), secrets=(secret,))
    assert found["signature"] == "wrong"
    assert "url-safe" in found["why"]


def test_without_a_usable_secret_nothing_is_verified_and_nothing_blamed() -> None:
    assert verdict(signed(), secrets=()) == "unverified"
    assert verdict(signed(), secrets=("whsec_!",)) == "unverified"
    assert verdict(signed()[:2], secrets=()) == "missing"


def test_where_no_signature_is_declared_only_ids_and_times_are_noted() -> None:
    found = facts((("svix-id", "m1"), ("svix-timestamp", "1767225600")), signing="none")
    assert (found["signature"], found["id"], found["skew"]) == ("undeclared", "m1", 0.0)


def test_facts_never_hold_the_secret_or_a_signature_that_would_fit() -> None:
    for headers in (signed(), signed(of=b"{}"), signed(key=SECRET.encode())):
        told = json.dumps(facts(headers))
        assert SECRET[6:] not in told
        assert digest(b"evt_1.1767225600." + BODY) not in told


def accepts(library: Any, headers: Headers, body: bytes) -> bool:
    try:
        library.Webhook(SECRET).verify(body, dict(headers))
    except Exception:  # what a receiver gets is a refusal, be it meant as one or a crash
        return False
    return True


@pytest.mark.parametrize(("name", "signing"), [("standardwebhooks", "standard-webhooks"), ("svix.webhooks", "svix")])
def test_receivers_libraries_see_it_the_same_way(name: str, signing: str) -> None:
    library = pytest.importorskip(name)
    now = time.time()
    fine, anew = signed(at=now), json.dumps(json.loads(BODY)).encode()
    lines = ("v1a,x v1,{}", "v1,{} v1,AAAA", "v1,AAAA v1,{}", "odd v1,{}", "v1,{} odd", "v1a,{}", "{}", "v1={}")
    deliveries = [
        (fine, BODY), (signed(at=now, family="svix"), BODY), (signed(at=now, of=anew), BODY),
        (fine, BODY + b" "), (without(fine, "webhook-id"), BODY), (signed(at=now - 290), BODY),
        (signed(at=now - 310), BODY), (signed(at=now + 310), BODY), (signed(at=now, key=b"x"), BODY),
        (replaced(fine, "webhook-timestamp", "2026-01-01T00:00:00Z"), BODY),
        *((signed(at=now, entries=entries), BODY) for entries in lines),
    ]
    for headers, body in deliveries:
        found = examine(headers, body, (SECRET,), signing, now)
        ours = found["signature"] == "valid" and found["fresh"] is True
        assert ours == accepts(library, headers, body), (headers, found)
