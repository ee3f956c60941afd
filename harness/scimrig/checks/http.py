"""Standing checks on HTTP itself: JSON, media type, 5xx, challenges, Allow.

Rule: only what one answer shows. An endpoint that we don't know (``/Me``, ``/Bulk``, the base URL) may be a web page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from scimrig.checks.answer import Answer, Body, Place, clip
from scimrig.checks.check import Check, Problem
from scimrig.verdicts import Severity, Status
from scimrig_simulator.wire import SCIM_JSON

PLAIN_JSON = "application/json"
_NO_CONTENT = frozenset({202, 204, 205})
_ANYTHING = frozenset({"", "*/*", "application/*"})
_SCHEME = re.compile(r"(?:^|,)\s*([A-Za-z][A-Za-z0-9._~+-]*)(?=\s|,|$)")


def server_error(answer: Answer) -> list[Problem]:
    """rfc-notes 56: 500 is never a proper answer to client input, FAIL whatever the check was about; 52: any other 5xx,
    but for 501 (not implemented) and 503 (not now), is none either."""
    status = answer.status
    if status < 500 or status in (501, 503):
        return []
    return [
        Problem(
            f"a request was answered with {status}",
            "2xx, or a 4xx that says what is wrong with the request",
            f"{status} {clip(answer.exchange.reply_body)}".rstrip(),
            f"status {status}",
            Status.FAIL,
        )
    ]


def json_body(answer: Answer) -> list[Problem] | None:
    """2xx that must carry JSON. Errors are for ``error-body``, empty answers to writes for the checks on writes."""
    if not answer.ok or answer.status in _NO_CONTENT or answer.method in ("HEAD", "DELETE"):
        return None
    if answer.place is Place.OTHER:
        return None
    if answer.body_state is Body.EMPTY:
        reads = answer.method == "GET" or answer.place is Place.SEARCH
        return [Problem(f"a {answer.status} has no body", "a JSON object", "no body", "empty")] if reads else None
    if answer.body_state is Body.BROKEN:
        actual = f"{clip(answer.exchange.reply_body)!r} ({clip(answer.why)})"
        return [Problem(f"the body of a {answer.status} is not JSON", "a JSON object", actual, "not JSON")]
    if answer.object is None and not answer.listing:  # a query's answer is for list-shape
        actual = f"a {type(answer.body).__name__}: {clip(answer.exchange.reply_body)}"
        return [Problem("the body is JSON, but not an object", "a JSON object", actual, "not an object")]
    if answer.exchange.reply_body.startswith("\ufeff"):
        # RFC 7159 §8.1: a BOM must not be added; parsers may pass over it, and some don't
        return [Problem("the body begins with a byte order mark", "'{'", "U+FEFF", "byte order mark", Status.WARN)]
    return []


def media_type(answer: Answer) -> list[Problem] | None:
    """The Content-Type of a JSON body, by what the request accepts (rfc-notes 53). A body that is no JSON is one defect
    and belongs to ``json-body`` or ``error-body``."""
    judged = answer.ok or 400 <= answer.status < 500 or answer.status == 501
    if not judged or answer.body_state is not Body.JSON or answer.place is Place.OTHER:
        return None
    header = answer.exchange.header("Content-Type")
    if header is None or not header.strip():
        problem = Problem(
            "an answer with a body has no Content-Type",
            SCIM_JSON,
            "no Content-Type",
            "none",
            requirement="RFC9110-8.3-R01",
        )
        return [problem]
    kind, _, parameters = header.partition(";")
    kind = kind.strip().lower()
    wrong = _success_type(answer, kind) if answer.ok else _error_type(answer, kind)
    return [problem for problem in (wrong, _charset(answer, parameters)) if problem is not None]


def _success_type(answer: Answer, kind: str) -> Problem | None:
    accepted = _accepted(answer)
    if kind == SCIM_JSON:
        return None
    asked_scim, open_to_all = SCIM_JSON in accepted, bool(accepted & _ANYTHING)
    if kind == PLAIN_JSON:
        if PLAIN_JSON in accepted or not (asked_scim or open_to_all):
            return None
        if open_to_all:  # rfc-notes 53: application/json to no Accept = WARN
            requirement = "RFC7644-3.8-R04"
            return Problem(_typed(kind), SCIM_JSON, kind, "no Accept", Status.WARN, requirement)
        return Problem(
            f"{_typed(kind)}, though {SCIM_JSON} was asked for", SCIM_JSON, kind, f"{kind}, asked for scim+json"
        )
    if not (asked_scim or open_to_all or PLAIN_JSON in accepted):
        return None
    requirement = "" if asked_scim else "RFC7644-3.8-R04"
    return Problem(_typed(clip(kind)), SCIM_JSON, clip(kind), clip(kind, 40), requirement=requirement)


def _error_type(answer: Answer, kind: str) -> Problem | None:
    if kind == SCIM_JSON or (kind == PLAIN_JSON and PLAIN_JSON in _accepted(answer)):
        return None
    # RFC7644-3.12-R24 grades application/json as WARN; rfc-notes 54: a 401 is often made by a gateway
    soft = kind == PLAIN_JSON or answer.status == 401
    title = f"an error has the media type {clip(kind)}"
    shape = f"error, {clip(kind, 40)}"
    return Problem(title, SCIM_JSON, clip(kind), shape, Status.WARN if soft else None, "RFC7644-3.12-R24")


def _charset(answer: Answer, parameters: str) -> Problem | None:
    found = re.search(r"charset\s*=\s*\"?([^\";\s]+)", parameters, re.IGNORECASE)
    if found is None or found[1].lower() in ("utf-8", "utf8") or answer.exchange.reply_body.isascii():
        return None
    charset = clip(found[1], 20)
    title = f"the Content-Type claims charset {charset}; SCIM is UTF-8"
    return Problem(title, "no charset, or utf-8", charset, "charset", requirement="RFC7644-3.8-R01")


def _typed(kind: str) -> str:
    return f"a resource or list has the media type {kind}"


def _accepted(answer: Answer) -> frozenset[str]:
    accept = answer.exchange.sent_header("Accept") or ""
    return frozenset(part.partition(";")[0].strip().lower() for part in accept.split(","))


def auth_challenge(answer: Answer) -> list[Problem] | None:
    """401 and what it says about how to come in (rfc-notes 54)."""
    if answer.status != 401:
        return None
    challenges = [value for name, value in answer.exchange.reply_headers if name.lower() == "www-authenticate"]
    if not any(value.strip() for value in challenges):
        problem = Problem(
            "a 401 without WWW-Authenticate", "WWW-Authenticate: Bearer …", "no such header", "no challenge"
        )
        return [problem]
    return list(_bearer(", ".join(challenges), (answer.exchange.sent_header("Authorization") or "").split(None, 1)))


def _bearer(challenge: str, sent: list[str]) -> Iterator[Problem]:
    scheme = sent[0].lower() if sent else ""
    if "bearer" not in {name.lower() for name in _SCHEME.findall(challenge)}:
        if scheme == "bearer":
            # rfc-notes 54 wants Bearer "when bearer is used"; one exchange doesn't show that bearer is what works: WARN
            title, actual = "a Bearer token is refused with a challenge for another scheme", clip(challenge)
            yield Problem(title, "WWW-Authenticate: Bearer …", actual, "other scheme", Status.WARN, "RFC6750-3-R01")
        return
    code = re.search(r"\berror\s*=\s*\"?([a-z_]+)", challenge)
    if scheme == "bearer" and len(sent) > 1 and code is None:
        title = "a refused token is not called invalid"
        yield Problem(title, 'error="invalid_token"', clip(challenge), "no error code", requirement="RFC6750-3.1-R01")
    if not scheme and code is not None:
        title = "a request without credentials is told an error code"
        yield Problem(title, "a bare challenge", clip(challenge), "error code", requirement="RFC6750-3.1-R02")


def method_not_allowed(answer: Answer) -> list[Problem] | None:
    if answer.status != 405:
        return None
    if answer.exchange.header("Allow") is not None:  # an empty Allow is legal (RFC 9110 §10.2.1)
        return []
    return [Problem(f"{answer.method} is answered 405 without Allow", "Allow: GET, …", "no Allow header", "no Allow")]


CHECKS = (
    Check(
        "server-error",
        "No request makes the server fail",
        "RFC7644-3.12-R22",
        Severity.BREAKS,
        "every IdP: it takes a 5xx for a passing fault and sends the same request again, for ever",
        "the status of every answer",
        server_error,
    ),
    Check(
        "json-body",
        "A success that carries something carries a JSON object",
        "RFC7644-3.8-R01",
        Severity.BREAKS,
        "every IdP: Okta shows its admin a JSON parse error",
        "bodies of 2xx at SCIM endpoints",
        json_body,
    ),
    Check(
        "media-type",
        "Answers are application/scim+json",
        "RFC7644-3.8-R02",
        Severity.BREAKS,
        "Entra's validator and strict clients, which stop at another media type",
        "Content-Type of every JSON body against the Accept sent",
        media_type,
        "any body",
    ),
    Check(
        "auth-challenge",
        "A 401 says how to authenticate",
        "RFC9110-15.5.2-R01",
        Severity.COSMETIC,
        "clients that choose or renew their credentials by the challenge",
        "WWW-Authenticate of every 401",
        auth_challenge,
        "any 401",
    ),
    Check(
        "method-not-allowed",
        "A 405 lists what is allowed",
        "RFC9110-15.5.6-R01",
        Severity.COSMETIC,
        "whoever has to find out which method the server wants",
        "Allow of every 405",
        method_not_allowed,
        "any 405",
    ),
)
