"""Saboteurs that fail on input which a sound server refuses, or takes in its stride: each ends in 500.

Rule: each class overrides what it breaks and asks ``super()`` for the rest. May not import ``server`` or ``idp``.
"""

from __future__ import annotations

from scimrig_simulator.calls import Answer, Call, Resource
from scimrig_simulator.faults.patching import operations, path_of
from scimrig_simulator.faults.sabotage import Fault
from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.scim.filters import Filter
from scimrig_simulator.seams import Seams

_LONG = 1000
_DEEP = 50


class _BadCountCrashes(Seams):
    def fail(self, call: Call, error: ScimError) -> Answer:
        unread = error.status == 400 and not call.listing and {"startIndex", "count"} & call.query.keys()
        return super().fail(call, ScimError(500, None, "NumberFormatException") if unread else error)


BAD_COUNT_CRASHES = Fault(
    "bad-count-500", "A startIndex or count that is no number ends in 500",
    "?count=abc is answered 500 rather than 400, as if the server were down.",
    ("PAGE-05",), _BadCountCrashes,
)


class _DeepJsonCrashes(Seams):
    def parse(self, call: Call) -> Resource:
        if b"[" * _DEEP in call.content:
            raise ScimError(500, None, "maximum recursion depth exceeded")
        return super().parse(call)


DEEP_JSON_CRASHES = Fault(
    "deep-json-500", "Deeply nested JSON ends in 500",
    "A body of many brackets overflows the parser's stack.",
    ("DOS-04",), _DeepJsonCrashes,
)


class _DeepPathCrashes(Seams):
    def patch(self, call: Call, resource: Resource, body: Resource) -> Resource:
        if any(path_of(operation).count("(") > _DEEP for operation in operations(body)):
            raise ScimError(500, None, "maximum recursion depth exceeded")
        return super().patch(call, resource, body)


DEEP_PATH_CRASHES = Fault(
    "deep-path-500", "A deeply nested path of a PATCH ends in 500",
    "The filter in a path overflows the parser's stack; the one in a query may be guarded, this one isn't.",
    ("DOS-01",), _DeepPathCrashes,
)


class _LongFilterCrashes(Seams):
    def filter(self, call: Call, text: str | None) -> Filter | None:
        if text is not None and len(text) > _LONG and "(" not in text:
            raise ScimError(500, None, "regular expression timed out")
        return super().filter(call, text)


LONG_FILTER_CRASHES = Fault(
    "long-filter-500", "A filter with a very long value ends in 500",
    "The expression that takes filters apart backtracks until the request is cut off.",
    ("DOS-02",), _LongFilterCrashes,
)


class _MethodCrashes(Seams):
    def fail(self, call: Call, error: ScimError) -> Answer:
        return super().fail(call, ScimError(500, None, "no such action") if error.status == 405 else error)


METHOD_CRASHES = Fault(
    "method-500", "A method that a path doesn't take ends in 500",
    "Where 405 would name the methods that work, the client is told of a server error.",
    ("ERR-03",), _MethodCrashes,
)


class _WrongTypeCrashes(Seams):
    def patch(self, call: Call, resource: Resource, body: Resource) -> Resource:
        values = [operation.get("value") for operation in operations(body)]
        if any(isinstance(value, int) and not isinstance(value, bool) for value in values):
            raise ScimError(500, None, "'int' object has no attribute 'strip'")
        return super().patch(call, resource, body)


WRONG_TYPE_CRASHES = Fault(
    "wrong-type-500", "A number where a string belongs ends in 500",
    "A value of the wrong type is a client's mistake; the server says it is its own.",
    ("TYPE-03", "ERR-03"), _WrongTypeCrashes,
)
