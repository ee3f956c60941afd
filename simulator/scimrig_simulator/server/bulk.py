"""Bulk jobs: many operations in one request (RFC 7644 §3.7).

Operations are done in the order of the request, except that a POST to which an earlier operation refers is done just
before that one. Where it fails there it is tried again in its own place, so that it never fails for having been brought
forward; whoever refers to it meanwhile fails ("MAY stop after a failed attempt", §3.7.1). POSTs that refer to each
other in a circle are one transaction: each is created without what isn't there yet, which is added as soon as it is, or
none of them is created. Every other operation is a transaction of its own.

Rule: an operation is the single request it stands for: same route, same directory, same seams, same answer. May not
import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import unquote

from scimrig_simulator import limits
from scimrig_simulator.calls import Answer, Call, Resource
from scimrig_simulator.scim import references, urns
from scimrig_simulator.scim.bulk import BulkJob, BulkOperation, bulk_job, bulk_response
from scimrig_simulator.scim.errors import ScimError, invalid_value
from scimrig_simulator.server.directory import Directory
from scimrig_simulator.server.mishaps import as_error, outline
from scimrig_simulator.wire import Json, encode_json, segment

if TYPE_CHECKING:
    from scimrig_simulator.server.routes import Route

_ABOUT_THE_JOB = frozenset({"if-match", "if-none-match", "content-length"})
_log = logging.getLogger(__name__)


def process(call: Call, find: Callable[[Sequence[str]], Route], directory: Directory) -> Answer:
    """POST to /Bulk. Raises ScimError 400 or 413 where the job can't be begun; nothing is done then.

    find: the route of a path's segments.
    """
    job = bulk_job(directory.seams.parse(call), limits.BULK_OPERATIONS, directory.seams.tolerances)
    return Answer(200, bulk_response(_Work(call, job, find, directory).results()))


class _Work:
    """One job under way. Operations are known by their index in the request."""

    def __init__(
        self, call: Call, job: BulkJob, find: Callable[[Sequence[str]], Route], directory: Directory
    ) -> None:
        headers = {name: value for name, value in call.headers.items() if name not in _ABOUT_THE_JOB}
        self._call = replace(call, headers=headers, query={}, content=b"")
        self._operations = job.operations
        self._errors_left = job.fail_on_errors
        self._find = find
        self._directory = directory
        self._makers = {one.bulk_id: index for index, one in enumerate(job.operations) if one.method == "POST"}
        self._ids: dict[str, str] = {}  # of what was created, by bulkId
        self._tried: dict[int, tuple[int, ...]] = {}  # failed ahead of its turn, with what has failed along with it
        self._results: dict[int, Resource] = {}

    def results(self) -> list[Resource]:
        """Do the job. The results of what was processed, in the order of the request."""
        for index in range(len(self._operations)):
            for other in self._tried.get(index, ()):
                del self._tried[other]
            for circle in () if index in self._results else references.rounds(index, self._needs):
                self._round(circle, ahead=circle[0] > index)
                if self._errors_left == 0:
                    return self._in_order()
        return self._in_order()

    def _in_order(self) -> list[Resource]:
        return [result for _, result in sorted(self._results.items())]

    def _needs(self, index: int) -> list[int]:
        """The POSTs that an operation refers to and that are still to be done."""
        makers = {self._makers[name] for name in self._operations[index].refers if name in self._makers}
        return sorted(makers - self._results.keys() - self._tried.keys())

    # One round: an operation, or several that refer to each other

    def _round(self, circle: tuple[int, ...], ahead: bool) -> None:
        calls = {index: self._call_of(self._operations[index]) for index in circle}
        answers: dict[int, Answer] = {}
        later: dict[int, list[Json]] = {}
        at = circle[0]
        try:
            with _sound(), self._directory.store.transaction() if self._is_circle(circle) else nullcontext():
                for at in circle:
                    later[at] = self._begin(at, circle, calls[at], answers)
                for at in circle:
                    self._complete(calls[at], answers[at], later[at])
        except ScimError as error:
            self._ids = {name: id for name, id in self._ids.items() if self._makers[name] not in circle}
            if ahead:
                self._tried |= dict.fromkeys(circle, circle)
            else:
                self._fail(circle, at, calls, error)
            return
        for index in circle:
            self._record(index, calls[index], answers[index])

    def _is_circle(self, circle: tuple[int, ...]) -> bool:
        return any(self._makers.get(name) in circle for index in circle for name in self._operations[index].refers)

    def _begin(self, index: int, circle: Sequence[int], call: Call, answers: dict[int, Answer]) -> list[Json]:
        """Do an operation without what the circle has yet to make; PATCH operations that add it."""
        operation = self._operations[index]
        missing = operation.refers - self._ids.keys()
        pending = {name for name in missing if self._makers.get(name) in circle}
        data, later = references.parted(operation.data, pending) if pending else (operation.data, [])
        call.half = 1 if later else 0
        answers[index] = self._do(operation, call, data, missing - pending)
        return later

    def _do(self, operation: BulkOperation, call: Call, data: Resource, missing: Set[str]) -> Answer:
        """The operation as the single request it stands for. Raises ScimError."""
        if operation.error is not None:
            raise operation.error
        for name in sorted(missing):
            if name not in self._makers:
                raise invalid_value(f"No POST of this job has the bulkId {name[:80]!r}.")
            raise ScimError(409, None, f"bulkId {name[:80]!r} stands for a resource that wasn't created.")
        route = self._find(self._segments(operation))
        if not route.in_bulk:
            raise invalid_value("A bulk operation goes to a resource type, such as /Users, or to one resource.")
        handler = route.handler(operation.method)
        call.resource_type, call.id = route.resource_type, route.id
        if operation.method != "DELETE":
            call.content = encode_json(references.resolved(data, self._ids))
        answer = handler(call)
        if operation.method == "POST" and operation.bulk_id is not None:
            self._ids[operation.bulk_id] = _made(answer)
        return answer

    def _complete(self, call: Call, answer: Answer, later: list[Json]) -> None:
        """Add what had to be left out when a resource was created."""
        if not later:
            return
        body: Json = {"schemas": [urns.PATCH_OP], "Operations": references.resolved(later, self._ids)}
        patch = replace(call, method="PATCH", id=_made(answer), content=encode_json(body), notes={}, half=2)
        try:
            whole = self._directory.patch(patch)
        except ScimError as error:
            raise ScimError(409, None, f"It refers to itself through bulkIds, which can't be: {error.detail}") from None
        answer.headers["ETag"] = whole.headers["ETag"]

    # Results

    def _fail(self, circle: Sequence[int], culprit: int, calls: dict[int, Call], error: ScimError) -> None:
        """Record why a round has failed, and of those that fail along with it as many as failOnErrors lets be."""
        self._refuse(culprit, calls[culprit], error)
        for index in circle:
            if index != culprit and self._errors_left != 0:
                detail = f"It refers, in a circle, to what operation {culprit + 1} was to create."
                self._refuse(index, calls[index], ScimError(409, None, detail))

    def _refuse(self, index: int, call: Call, error: ScimError) -> None:
        if self._directory.policy is not None:
            self._directory.policy.witness.refused(call, error)
        self._record(index, call, self._directory.seams.fail(call, error))

    def _record(self, index: int, call: Call, answer: Answer) -> None:
        answer = self._directory.seams.emit(call, answer)
        self._results[index] = self._result(self._operations[index], answer)
        if _is_error(answer) and self._errors_left is not None:
            self._errors_left -= 1

    def _result(self, operation: BulkOperation, answer: Answer) -> Resource:
        """How an operation has ended (§3.7.3); the body only where it tells of an error."""
        location: str | None = "/".join([self._call.base_url, *map(segment, self._segments(operation))])
        if operation.method == "POST":
            location = answer.headers.get("Location")
        failed = _is_error(answer)
        result = {
            "location": location if operation.segments else None,
            "method": operation.method or None,
            "bulkId": operation.bulk_id,
            "version": None if failed else answer.headers.get("ETag"),
            "status": str(answer.status),
            "response": _shown(answer) if failed else None,
        }
        return {name: value for name, value in result.items() if value is not None}

    # Calls

    def _segments(self, operation: BulkOperation) -> list[str]:
        """The path with ids in place of bulkIds, as far as they are known."""
        return [self._ids.get(references.whole(text) or "", text) for text in operation.segments]

    def _call_of(self, operation: BulkOperation) -> Call:
        headers = dict(self._call.headers)
        if operation.version is not None:
            headers["if-match"] = operation.version
        return replace(self._call, method=operation.method, headers=headers, notes={})


@contextmanager
def _sound() -> Iterator[None]:
    """Whatever goes wrong is an error of the operation, so that the results of the others get home."""
    try:
        yield
    except ScimError:
        raise
    except Exception as mishap:
        _log.error("An operation of a bulk job failed\n%s", outline(mishap))
        raise as_error(mishap) from None


def _made(answer: Answer) -> str:
    """The id of what a POST has created."""
    return unquote(answer.headers["Location"].rpartition("/")[2])


def _is_error(answer: Answer) -> bool:
    return not 200 <= answer.status < 300


def _shown(answer: Answer) -> Json:
    return answer.body.decode("utf-8", "replace") if isinstance(answer.body, bytes) else answer.body
