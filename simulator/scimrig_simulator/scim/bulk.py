"""The messages of a bulk job: what a BulkRequest asks for, and what a BulkResponse looks like (RFC 7644 §3.7).

An operation that isn't built as it should be is an error of its own, and the others go on ("as many changes as
possible"); what is wrong with the job as a whole is an error of the job.

Rule: form only. Whether an operation can be done, and what it refers to, is for whoever does it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from scimrig_simulator.scim import references, tolerances, urns
from scimrig_simulator.scim.compare import member
from scimrig_simulator.scim.errors import ScimError, invalid_syntax, invalid_value
from scimrig_simulator.scim.tolerances import Tolerance

METHODS = ("POST", "PUT", "PATCH", "DELETE")

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")


@dataclass(frozen=True, slots=True)
class BulkOperation:
    """One operation of a job, as far as it can be read.

    number: 1-based.  method: "" where it isn't text.  bulk_id, version: None where there is none.
    segments: its path below the base URL, decoded one by one; empty where there is no usable one.
    refers: the bulkIds that its path and its data refer to.
    error: what is wrong with its form; None where nothing is.
    """

    number: int
    method: str
    segments: tuple[str, ...]
    data: dict[str, Any]
    bulk_id: str | None = None
    version: str | None = None
    refers: frozenset[str] = frozenset()
    error: ScimError | None = None


@dataclass(frozen=True, slots=True)
class BulkJob:
    """What a BulkRequest asks for. fail_on_errors: after how many errors to stop; None = never."""

    operations: tuple[BulkOperation, ...]
    fail_on_errors: int | None


def bulk_job(body: Any, most: int, leniency: frozenset[Tolerance] = tolerances.STANDARD) -> BulkJob:
    """The job that a BulkRequest asks for, with ``most`` operations (§3.7.4).

    Raises ScimError: 413 for more operations; 400 ``invalidSyntax`` for a message of another form, two POSTs of one
    bulkId included, for nobody could tell which of them is referred to; 400 ``invalidValue`` for a failOnErrors that
    isn't a positive integer.
    """
    schemas, operations, errors = (_member(body, name, leniency) for name in ("schemas", "Operations", "failOnErrors"))
    known = [urn.lower() for urn in schemas if isinstance(urn, str)] if isinstance(schemas, list) else []
    if urns.BULK_REQUEST.lower() not in known:
        raise invalid_syntax(f"schemas of a bulk request must hold {urns.BULK_REQUEST}")
    if not isinstance(operations, list) or not operations:
        raise invalid_syntax("Operations must be an array with one operation at least")
    if len(operations) > most:
        raise ScimError(413, None, f"The job has {len(operations)} operations; maxOperations is {most}. Send several.")
    if errors is not None and (not isinstance(errors, int) or isinstance(errors, bool) or errors < 1):
        raise invalid_value("failOnErrors must be an integer of 1 or more; leave it out to have everything tried")
    read = tuple(_operation(item, number, leniency) for number, item in enumerate(operations, 1))
    for bulk_id, count in Counter(one.bulk_id for one in read if one.method == "POST").items():
        if bulk_id is not None and count > 1:
            raise invalid_syntax(f"bulkId {bulk_id[:80]!r} stands in {count} POST operations; it must be unique")
    return BulkJob(read, errors)


def bulk_response(results: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """A BulkResponse of the results of all operations that were processed (§3.7.3)."""
    return {"schemas": [urns.BULK_RESPONSE], "Operations": [dict(result) for result in results]}


def _operation(item: Any, number: int, leniency: frozenset[Tolerance]) -> BulkOperation:
    if not isinstance(item, dict):
        raise invalid_syntax(f"Operation {number} must be an object with method, path and data")
    names = ("method", "bulkId", "version", "path", "data")
    method, bulk_id, version, path, data = (_member(item, name, leniency) for name in names)
    refers: frozenset[str] = frozenset()
    segments: tuple[str, ...] = ()
    error: ScimError | None = None
    try:
        segments = _segments(path)
        _check(method, bulk_id, version, data)
        refers = references.named([list(segments), data])
    except ScimError as problem:
        error = ScimError(problem.status, problem.scim_type, f"Operation {number}: {problem.detail}")
    return BulkOperation(
        number, _text(method) or "", segments, data if isinstance(data, dict) else {}, _text(bulk_id), _text(version),
        refers, error,
    )  # fmt: skip


def _check(method: Any, bulk_id: Any, version: Any, data: Any) -> None:
    if method is None:
        raise invalid_syntax(f"method is missing; it is one of {', '.join(METHODS)}")
    if method not in METHODS:
        raise invalid_value(f"method must be one of {', '.join(METHODS)}, not {str(method)[:40]!r}")
    if bulk_id is not None and not _text(bulk_id):
        raise invalid_syntax("bulkId must be a string of one character at least")
    if method == "POST" and bulk_id is None:
        raise invalid_syntax("a POST needs a bulkId")
    if version is not None and not isinstance(version, str):
        raise invalid_syntax("version must be a string, the ETag of the resource")
    if method != "DELETE" and not isinstance(data, dict):
        raise invalid_syntax(f"data must be an object, the body of a single {method}")


def _segments(path: Any) -> tuple[str, ...]:
    """The segments of a path relative to the base URL, with or without a slash in front or behind."""
    if not isinstance(path, str) or not path.strip("/"):
        raise invalid_syntax("path must be a string such as /Users or /Users/{id}")
    if _ABSOLUTE.match(path) or "?" in path or "#" in path:
        raise invalid_value("path must be relative to the base URL and nothing more, such as /Users or /Users/{id}")
    segments = tuple(unquote(segment) for segment in path.removeprefix("/").split("/"))
    return segments[:-1] if not segments[-1] else segments


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _member(body: Any, name: str, leniency: frozenset[Tolerance]) -> Any:
    if tolerances.ENVELOPE_CASE in leniency:
        return member(body, name)
    return body.get(name) if isinstance(body, dict) else None
