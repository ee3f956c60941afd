"""Standing checks on errors: the SCIM Error body, its status, its keyword (RFC 7644 §3.12).

Rule: what an HTTP layer in front of the server may have answered by itself is a warning, never a fail (rfc-notes 54).
"""

from __future__ import annotations

from scimrig.checks.answer import Answer, Body, Place, clip, shown
from scimrig.checks.check import Check, Problem
from scimrig.verdicts import Severity, Status
from scimrig_simulator.scim import urns

KEYWORDS = frozenset({
    "invalidFilter", "tooMany", "uniqueness", "mutability", "invalidSyntax", "invalidPath", "noTarget", "invalidValue",
    "invalidVers", "sensitive",  # RFC 7644 Table 9
    "invalidCursor", "expiredCursor", "invalidCount",  # RFC 9865 §2.1
})  # fmt: skip

# Statuses that a proxy, an API gateway or the HTTP library itself gives before a SCIM server sees the request.
# rfc-notes 54 says so of 401; Table 8 does not name the others but 413, which proxies give, too.
_MADE_IN_FRONT = frozenset({401, 405, 406, 407, 408, 411, 413, 414, 415, 417, 421, 426, 429, 431})
_UNROUTED = frozenset({403, 404, 405, 501})
# RFC 7644 §3.2, Table 1. A router that knows pairs of method and path answers the others before SCIM is asked.
_METHODS = {
    Place.COLLECTION: frozenset({"GET", "POST"}),
    Place.RESOURCE: frozenset({"GET", "PUT", "PATCH", "DELETE"}),
}


def _soft(answer: Answer) -> bool:
    """True where the error may not come from the SCIM server, or the endpoint is not offered at all."""
    if answer.status in _MADE_IN_FRONT or answer.place is Place.OTHER:
        return True
    if answer.exchange.path.endswith("/") and answer.status in _UNROUTED:  # no path that SCIM names: a router's answer
        return True
    if answer.status in _UNROUTED and answer.method not in _METHODS.get(answer.place, {answer.method}):
        return True
    if answer.place in (Place.COLLECTION, Place.RESOURCE) and answer.target.endpoint == "/Users":
        return False
    offered = answer.target.endpoint == "/Groups" and answer.known.offers("groups") == "yes"
    offered = offered and answer.place is not Place.SEARCH  # .search is nobody's duty (rfc-notes 40)
    return not offered and answer.status in _UNROUTED


def error_body(answer: Answer) -> list[Problem] | None:
    if not (400 <= answer.status < 500 or answer.status == 501) or answer.method == "HEAD":
        return None
    grade = Status.WARN if _soft(answer) else None
    expected = f'a JSON object with schemas ["{urns.ERROR}"]'
    in_front = ", perhaps made in front" if grade else ""
    if answer.body_state is Body.EMPTY:
        return [Problem(f"a {answer.status} has no body", expected, "no body", f"empty{in_front}", grade)]
    if answer.object is None:
        actual = clip(answer.exchange.reply_body) or "nothing but blanks"
        return [
            Problem(f"the body of a {answer.status} is no JSON object", expected, actual, f"no JSON{in_front}", grade)
        ]
    if not answer.is_error:
        found = answer.object.get("schemas")
        actual = "no `schemas`" if found is None else f"`schemas` is {shown(found)}"
        title = f"the body of a {answer.status} is not a SCIM Error"
        return [
            Problem(title, expected, f"{actual}; {clip(answer.exchange.reply_body)}", f"no Error URN{in_front}", grade)
        ]
    return _detail(answer)


def _detail(answer: Answer) -> list[Problem]:
    body = answer.object or {}
    found = body.get("detail")
    if found is None or (isinstance(found, str) and not found.strip()):
        return [
            Problem(
                "an error without `detail`", "a sentence for a human", "none", "no detail", None, "RFC7644-3.12-R03"
            )
        ]
    if not isinstance(found, str):
        # §3.12 calls it a message for humans and rfc-notes 56 calls it free: another type is WARN, not FAIL
        return [Problem("`detail` of an error is no string", "a string", shown(found), "detail type", Status.WARN)]
    return []


def error_status_string(answer: Answer) -> list[Problem] | None:
    if answer.status < 400 or not answer.is_error or answer.object is None:
        return None
    expected = f'the string "{answer.status}"'
    if "status" not in answer.object:
        return [Problem("an Error body has no `status`", expected, "no `status`", "missing")]
    found = answer.object["status"]
    if found == str(answer.status):
        return []
    if not isinstance(found, str):
        kind = "null" if found is None else "a boolean" if isinstance(found, bool) else "a number"
        kind = kind if not isinstance(found, (list, dict)) else "no string"
        title = f"`status` of an error is {kind}: {shown(found)}"
        return [Problem(title, expected, f"{shown(found)}, {kind}", kind)]
    title = f"`status` of the body and the HTTP status differ: {shown(found, 20)} and {answer.status}"
    return [Problem(title, expected, shown(found), "differs")]


def error_scim_type(answer: Answer) -> list[Problem] | None:
    """The keyword. A neighbouring or a missing one is WARN at most (rfc-notes 17)."""
    if answer.status < 400 or not answer.is_error or answer.object is None:
        return None
    found = answer.object.get("scimType")
    if found is not None and not (isinstance(found, str) and found in KEYWORDS):
        close = next((word for word in KEYWORDS if isinstance(found, str) and word.lower() == found.lower()), None)
        expected = f'"{close}"' if close else f"one of {', '.join(sorted(KEYWORDS))}, or no scimType"
        return [
            Problem(
                f"`scimType` {shown(found)} is none of the defined keywords", expected, shown(found), "unknown keyword"
            )
        ]
    created = answer.method == "POST" and answer.place is Place.COLLECTION and answer.status == 409
    if created and found != "uniqueness":
        # RFC 7644 §3.3 prints the keyword, so that its absence is WARN (rfc-notes 17)
        actual = shown(found) if found is not None else "no `scimType`"
        title = "a conflicting create is refused without the keyword uniqueness"
        return [Problem(title, '"uniqueness"', actual, "conflict", Status.WARN, "RFC7644-3.12-R07")]
    return []


def error_as_success(answer: Answer) -> list[Problem] | None:
    if not answer.ok or answer.object is None:
        return None
    if not answer.is_error:
        return []
    said = shown(answer.object.get("detail") or answer.object.get("status"))
    title = f"a {answer.status} carries a SCIM Error"
    # a 2xx without its effect is always a fail: the client believes the status
    return [
        Problem(title, "an error status", f"{answer.status}, Error says {said}", f"status {answer.status}", Status.FAIL)
    ]


CHECKS = (
    Check(
        "error-body",
        "An error says what went wrong in a SCIM Error",
        "RFC7644-3.12-R01",
        Severity.BREAKS,
        "admins of Okta and Entra, who read a parse error in place of the cause",
        "bodies of 4xx and 501",
        error_body,
        "any error",
    ),
    Check(
        "error-status-string",
        "`status` of an Error is the HTTP status as a string",
        "RFC7644-3.12-R02",
        Severity.COSMETIC,
        "typed clients; one vendor's app was turned down in Okta's review for it",
        "every SCIM Error",
        error_status_string,
        "any error",
    ),
    Check(
        "error-scim-type",
        "`scimType` is a defined keyword",
        "RFC7644-3.12-R04",
        Severity.COSMETIC,
        "clients that decide by the keyword what to do next",
        "`scimType` of every SCIM Error",
        error_scim_type,
        "any error",
    ),
    Check(
        "error-as-success",
        "No 2xx carries a SCIM Error",
        "RFC7644-3.2-R03",
        Severity.DRIFT,
        "every IdP: it takes the status at its word and never sends the change again",
        "JSON bodies of 2xx",
        error_as_success,
    ),
)
