"""Standing checks on the answers to POST, PUT, PATCH and DELETE: status, body, Location.

Rule: whether the write did what it should is for the frame; here only the form of the answer counts. A 202 belongs to
asynchronous servers (RFC 9967 §2.5.1.1) and is at most a warning.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from scimrig.checks.answer import Answer, Body, Place, clip
from scimrig.checks.check import Check, Problem
from scimrig.verdicts import Severity, Status

_PORTS = {"http": 80, "https": 443}


def create_answer(answer: Answer) -> list[Problem] | None:
    if answer.method != "POST" or answer.place is not Place.COLLECTION or not answer.ok:
        return None
    if answer.status == 202:
        return [_asynchronous("201")]
    if answer.status != 201:
        # rfc-notes 43: 200 with the existing user = FAIL; any other 2xx is no 201 either
        return [
            Problem(f"a create is answered with {answer.status}", "201", str(answer.status), f"status {answer.status}")
        ]
    if answer.body_state is Body.EMPTY:
        title = "a create is answered without the new resource"
        return [Problem(title, "the resource with its id", "no body", "no body", requirement="RFC7644-3.3-R04")]
    return []


def put_answer(answer: Answer) -> list[Problem] | None:
    if answer.method != "PUT" or answer.place is not Place.RESOURCE or not answer.ok:
        return None
    if answer.status == 202:
        return [_asynchronous("200")]
    if answer.status == 201:
        title = "a PUT is answered with 201, as if it had created something"
        return [
            Problem(title, "200, or 404 where the id is unknown", "201", "status 201", requirement="RFC7644-3.5.1-R01")
        ]
    if answer.status != 200:
        title = f"a PUT is answered with {answer.status}"
        return [Problem(title, "200 with the whole resource", str(answer.status), f"status {answer.status}")]
    if answer.body_state is Body.EMPTY:
        return [Problem("a PUT is answered without the resource", "200 with the whole resource", "no body", "no body")]
    return []


def patch_answer(answer: Answer) -> list[Problem] | None:
    """rfc-notes 16: 200 with the resource or 204; with ``attributes`` it must be 200."""
    if answer.method != "PATCH" or answer.place is not Place.RESOURCE or not answer.ok:
        return None
    empty, expected = answer.body_state is Body.EMPTY, "200 with the resource, or 204 without a body"
    if answer.status == 202:
        return [_asynchronous("200 or 204")]
    if answer.status not in (200, 204):
        title = f"a PATCH is answered with {answer.status}"
        return [Problem(title, expected, str(answer.status), f"status {answer.status}")]
    if answer.status == 200 and empty:
        return [Problem("a PATCH is answered with 200 and no body", expected, "200, no body", "200 empty")]
    if answer.status == 204 and not empty:
        return [Problem("a 204 to a PATCH has a body", expected, clip(answer.exchange.reply_body), "204 with body")]
    if answer.status == 204 and answer.asked.attributes is not None:
        title = "a PATCH with `attributes` is answered with 204"
        expected = "200 with the attributes asked for"
        return [Problem(title, expected, "204", "204 to attributes", requirement="RFC7644-3.5.2-R14")]
    return []


def delete_answer(answer: Answer) -> list[Problem] | None:
    """rfc-notes 48: 200 with a body = FAIL; without one it is not the 204 that §3.6 asks for either."""
    if answer.method != "DELETE" or answer.place is not Place.RESOURCE or not answer.ok:
        return None
    if answer.status == 202:
        return [_asynchronous("204")]
    body = "no body" if answer.body_state is Body.EMPTY else f"the body {clip(answer.exchange.reply_body, 60)}"
    if answer.status != 204 or answer.body_state is not Body.EMPTY:
        title = f"a DELETE is answered with {answer.status} and {'no body' if body == 'no body' else 'a body'}"
        shape = f"{answer.status}, {'empty' if body == 'no body' else 'with body'}"
        return [Problem(title, "204 without a body", f"{answer.status}, {body}", shape)]
    return []


def _asynchronous(sound: str) -> Problem:
    title = f"a write is answered 202 where {sound} is due"
    return Problem(title, sound, "202 Accepted", "status 202", Status.WARN)


def location(answer: Answer) -> list[Problem] | None:
    """``Location`` of a 201 and ``meta.location`` of whatever carries one: one URI, absolute, of this resource."""
    created = answer.status == 201 and answer.method == "POST" and answer.place is Place.COLLECTION
    located = [row for row in answer.rows if _meta_location(row.resource) is not None]
    if not (created or located):
        return None
    problems = list(_header(answer)) if created else []
    for row in located:
        problems += _meta(answer, str(_meta_location(row.resource)), row.resource.get("id"), row.where)
    return problems


def _header(answer: Answer) -> Iterator[Problem]:
    found = (answer.exchange.header("Location") or "").strip()
    if not found:
        yield Problem("a 201 has no Location header", "Location: the URI of the new resource", "none", "no Location")
        return
    if not _absolute(found):
        # RFC 9110 §10.2.2 allows it; clients that don't resolve it are lost (bug READ-01): WARN
        yield Problem("Location is relative", "an absolute URI", clip(found), "Location relative", Status.WARN)
    body = next((_meta_location(row.resource) for row in answer.rows), None)
    if body is not None and not _one_uri(found, body):
        title = "Location and meta.location name two URIs"
        yield Problem(title, clip(body), clip(found), "two URIs", requirement="RFC7644-3.3-R06")
    identifier = next((row.resource.get("id") for row in answer.rows), None)
    if not _names(found, identifier):
        title = "Location does not end in the id of the new resource"
        yield Problem(title, f"…/{clip(str(identifier))}", clip(found), "Location, other id", Status.WARN)


def _meta(answer: Answer, found: str, identifier: object, where: str) -> Iterator[Problem]:
    if not _absolute(found):
        # RFC 7643 §2.3.7 lets a reference be relative, READ-01 says whom it bites: WARN
        title = f"{where}meta.location is relative"
        yield Problem(title, "an absolute URI", clip(found), "meta.location relative", Status.WARN, "RFC7643-3.1-R17")
    if not _names(found, identifier):
        # one exchange can't follow the URI, and its form is the server's: WARN
        title = f"{where}meta.location does not end in the id"
        expected = f"…/{clip(str(identifier))}"
        yield Problem(title, expected, clip(found), "meta.location, other id", Status.WARN, "RFC7643-3.1-R17")
    header = answer.exchange.header("Content-Location")
    if header and not where and not answer.exchange.query and not _one_uri(header, found):
        title = "meta.location and the Content-Location header name two URIs"
        yield Problem(title, clip(found), clip(header), "Content-Location", requirement="RFC7643-3.1-R17")


def _meta_location(resource: object) -> str | None:
    meta = resource.get("meta") if isinstance(resource, dict) else None
    found = meta.get("location") if isinstance(meta, dict) else None
    return found.strip() if isinstance(found, str) and found.strip() else None


def _absolute(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    return bool(parts.scheme and parts.netloc)


def _parts(uri: str) -> tuple[str, str, int | None, str]:
    """Scheme, host, port and decoded path; spelling that makes no difference is gone (RFC 3986 §6.2)."""
    try:
        parts = urlsplit(uri)
        port = parts.port or _PORTS.get(parts.scheme.lower())
        return parts.scheme.lower(), (parts.hostname or "").lower(), port, unquote(parts.path).rstrip("/")
    except ValueError:
        return "", "", None, uri


def _one_uri(one: str, other: str) -> bool:
    """Equal; a relative form is equal to what it may resolve to (RFC 7643 §2.3.7)."""
    first, second = _parts(one), _parts(other)
    if _absolute(one) and _absolute(other):
        return first == second
    short, long = sorted((first[3].strip("/").removeprefix("../"), second[3].strip("/").removeprefix("../")), key=len)
    return long == short or long.endswith("/" + short)


def _names(uri: str, identifier: object) -> bool:
    """True where the URI ends in the id, and where there is no id to compare with (``resource-id`` says so)."""
    if not isinstance(identifier, str) or not identifier:
        return True
    path = _parts(uri)[3]
    return path == identifier or path.endswith(("/" + identifier, "/" + unquote(identifier)))


CHECKS = (
    Check(
        "create-answer",
        "A create is answered 201 with the resource",
        "RFC7644-3.3-R03",
        Severity.BREAKS,
        "every IdP that links the account by the id in the answer; a 200 for an existing user links the wrong one",
        "2xx to POST on a collection",
        create_answer,
    ),
    Check(
        "put-answer",
        "A PUT is answered 200 with the resource",
        "RFC7644-3.5.1-R11",
        Severity.BREAKS,
        "Okta, which reads the resource in the answer to its PUT",
        "2xx to PUT on a resource",
        put_answer,
    ),
    Check(
        "patch-answer",
        "A PATCH is answered 200 with the resource or 204",
        "RFC7644-3.5.2-R13",
        Severity.BREAKS,
        "Okta and Entra, which parse the body of a 200",
        "2xx to PATCH on a resource",
        patch_answer,
    ),
    Check(
        "delete-answer",
        "A DELETE is answered 204 without a body",
        "RFC7644-3.6-R01",
        Severity.COSMETIC,
        "strict clients that wait for 204",
        "2xx to DELETE on a resource",
        delete_answer,
    ),
    Check(
        "location",
        "Location and meta.location are the URI of the resource",
        "RFC7644-3.3-R05",
        Severity.COSMETIC,
        "clients that follow it; behind a proxy a wrong host can't be reached",
        "Location of every 201, meta.location of every resource",
        location,
        "any resource",
    ),
)
