"""Standing check on versions: the ETag header and ``meta.version`` (RFC 7644 §3.14).

Rule: ETags are OPTIONAL. What a proxy may have added is a warning, unless the server advertises ETags itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from scimrig.checks.answer import Answer, Place, shown
from scimrig.checks.check import Check, Problem
from scimrig.verdicts import Severity, Status

_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\U0010ffff]*"')


def etag_agrees(answer: Answer) -> list[Problem] | None:
    """Form of the header, equality with ``meta.version``; presence where the server advertises ETags."""
    header = answer.exchange.header("ETag")
    single = answer.ok and answer.place is Place.RESOURCE and len(answer.rows) == 1 and not answer.rows[0].where
    version = _version(answer) if single else None
    due = single and answer.known.advertises("etag") is True
    if header is None and version is None and not due:
        return None
    problems = list(_form(header)) if header is not None else []
    if header is None and due:
        # rfc-notes 51: no ETag on the answer to a write = WARN (RFC 9110 §9.3.4 forbids it on most PUT answers)
        grade = None if answer.method == "GET" else Status.WARN
        title = "etag.supported is true, yet the resource comes without ETag"
        problems.append(Problem(title, "an ETag header", "none", "no ETag", grade, "RFC7644-3.14-R01"))
    if header is not None and version is not None and header != version:
        problems.append(_disagree(answer, header, version))
    if header is not None and version is None and due and answer.asked.whole and "meta" in answer.rows[0].resource:
        title = "the ETag is not in meta.version"
        problems.append(Problem(title, shown(header), "no meta.version", "no version", requirement="RFC7644-3.14-R02"))
    return problems


def _form(header: str) -> Iterator[Problem]:
    if not _TAG.fullmatch(header.strip()):
        title = "the ETag is not a quoted string"
        yield Problem(title, '"…" or W/"…"', shown(header), "form", requirement="RFC9110-8.8.3-R01")


def _disagree(answer: Answer, header: str, version: str) -> Problem:
    """Other spelling of one tag: WARN (a proxy weakens tags, rfc-notes 51 calls spelling cosmetic). Two tags: FAIL
    where the server answers for its tags."""
    spelling = _bare(header) == _bare(version)
    ours = answer.known.advertises("etag") is True
    title = "ETag header and meta.version " + ("are spelt differently" if spelling else "differ")
    grade = Status.WARN if spelling or not ours else None
    return Problem(title, f"meta.version {shown(header)}", shown(version), "spelling" if spelling else "differ", grade)


def _bare(tag: str) -> str:
    """The opaque part; Apache appends ``-gzip`` to the tag of what it compresses."""
    return tag.strip().removeprefix("W/").removeprefix("w/").strip('"').removesuffix("-gzip")


def _version(answer: Answer) -> str | None:
    meta = answer.rows[0].resource.get("meta")
    found = meta.get("version") if isinstance(meta, dict) else None
    return found if isinstance(found, str) and found else None


CHECKS = (
    Check(
        "etag-agrees",
        "The ETag is well formed and equal to meta.version",
        "RFC7643-3.1-R18",
        Severity.DRIFT,
        "clients that guard their writes with If-Match and are told 412 for ever",
        "ETag headers, and meta.version of single resources",
        etag_agrees,
        "any resource",
    ),
)
