"""Standing check on ``meta``: resource type and timestamps (RFC 7643 §2.3.5, §3.1).

Rule: timestamps compare as instants (rfc-notes 26). How long the server took between two readings of its clock, and to
how many digits it prints them, is no defect.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from scimrig.checks.answer import Answer, Place, Row, clip, shown
from scimrig.checks.check import Check, Problem
from scimrig.verdicts import Severity, Status

_DATE_TIME = re.compile(
    r"(?P<date>-?[0-9]{4,}-[0-9]{2}-[0-9]{2})T(?P<time>[0-9]{2}:[0-9]{2}:[0-9]{2})(?P<fraction>\.[0-9]+)?"
    r"(?P<zone>Z|[+-][0-9]{2}:[0-9]{2})?"
)
_A_MOMENT = timedelta(seconds=1)


def resource_meta(answer: Answer) -> list[Problem] | None:
    if not answer.rows:
        return None
    fresh = answer.status == 201 and answer.place is Place.COLLECTION
    return [problem for row in answer.rows for problem in _meta(row, answer.asked.whole, fresh)]


def _meta(row: Row, whole: bool, fresh: bool) -> Iterator[Problem]:
    meta = row.resource.get("meta")
    if meta is None:
        if whole:
            title = f"{row.where}a {row.resource_type.name} has no meta"
            yield Problem(title, "an object", "none", "no meta", requirement="RFC7643-3-R06")
        return
    if not isinstance(meta, dict):
        yield Problem(f"{row.where}meta is no object", "an object", shown(meta), "type", requirement="RFC7643-2.3-R02")
        return
    yield from _resource_type(row, meta, whole)
    if whole:
        for name in ("created", "lastModified", "location"):
            if meta.get(name) is None:
                # RFC7643-3.1-R01 has the server assign them; R14 to R17 allow for their absence: WARN
                title = f"{row.where}meta has no {name}"
                yield Problem(title, "a value", "none", f"no {name}", Status.WARN, "RFC7643-3.1-R01")
    yield from _times(row, meta, fresh)


def _resource_type(row: Row, meta: Mapping[str, Any], whole: bool) -> Iterator[Problem]:
    found, wanted = meta.get("resourceType"), row.resource_type.name
    if found is None:
        if whole:
            title = f"{row.where}meta has no resourceType"
            yield Problem(title, shown(wanted), "none", "no resourceType", Status.WARN, "RFC7643-3.1-R01")
    elif found != wanted:
        title = f"{row.where}meta.resourceType is {shown(found, 30)}, not {shown(wanted)}"
        yield Problem(title, shown(wanted), shown(found), "resourceType")


def _times(row: Row, meta: Mapping[str, Any], fresh: bool) -> Iterator[Problem]:
    for name in ("created", "lastModified"):
        found = meta.get(name)
        if found is not None:
            yield from _date_time(f"{row.where}meta.{name}", found, name)
    created, modified = instant(meta.get("created")), instant(meta.get("lastModified"))
    if created is None or modified is None:
        return
    actual = f"created {shown(meta['created'])}, lastModified {shown(meta['lastModified'])}"
    if modified < created - _A_MOMENT:
        title = f"{row.where}meta.lastModified is earlier than meta.created"
        yield Problem(title, "created ≤ lastModified", actual, "order", requirement="RFC7643-3.1-R16")
    elif fresh and modified != created:
        # §3.1 wants one value; two readings of a clock within one create are WARN
        grade = Status.WARN if modified - created < _A_MOMENT else None
        title = "a resource just created was modified at another time than it was created"
        yield Problem(title, "created = lastModified", actual, "fresh", grade, "RFC7643-3.1-R15")


def _date_time(name: str, found: Any, attribute: str) -> Iterator[Problem]:
    expected = 'an xsd:dateTime such as "2026-01-31T12:00:00Z"'
    matched = _DATE_TIME.fullmatch(found) if isinstance(found, str) else None
    if matched is None:
        day_only = isinstance(found, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}Z?", found)
        requirement = "RFC7643-2.3.5-R02" if day_only else "RFC7643-2.3.5-R01"
        yield Problem(f"{name} is no DateTime", expected, shown(found), attribute, requirement=requirement)
    elif not _exists(matched):
        title = f"{name} is no time that there is"
        yield Problem(title, expected, clip(str(found)), attribute, requirement="RFC7643-2.3.5-R01")
    elif matched["zone"] is None:
        # xsd:dateTime may lack a zone, then nobody knows the instant (open text: WARN)
        title = f"{name} has no time zone"
        expected = "Z, or an offset such as +01:00"
        yield Problem(title, expected, shown(found), "no zone", Status.WARN, "RFC7643-2.3.5-R01")


def instant(value: Any) -> datetime | None:
    """The instant that an xsd:dateTime with a zone names, to the microsecond; None for anything else."""
    matched = _DATE_TIME.fullmatch(value) if isinstance(value, str) else None
    moment = _moment(matched) if matched is not None and matched["zone"] is not None else None
    try:
        return moment.astimezone(UTC) if moment is not None else None
    except OverflowError:
        return None


def _exists(matched: re.Match[str]) -> bool:
    """False for 30 February. Long years and the midnight 24:00:00 are xsd:dateTimes; datetime has neither."""
    beyond = len(matched["date"]) > 10 or matched["date"].startswith(("-", "0000")) or matched["time"] == "24:00:00"
    return beyond or _moment(matched) is not None


def _moment(matched: re.Match[str]) -> datetime | None:
    digits = matched["fraction"][:7].ljust(7, "0") if matched["fraction"] else ""
    zone = (matched["zone"] or "").replace("Z", "+00:00")
    try:
        return datetime.fromisoformat(f"{matched['date']}T{matched['time']}{digits}{zone}")
    except ValueError:
        return None


CHECKS = (
    Check(
        "resource-meta",
        "meta tells the type and the times of a resource",
        "RFC7643-3.1-R13",
        Severity.COSMETIC,
        "IdPs that read changes by lastModified, and clients that tell types apart by resourceType",
        "`meta` of every User and Group",
        resource_meta,
        "any resource",
    ),
)
