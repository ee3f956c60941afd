"""What a schemathesis run does between its requests, so that they get somewhere.

What it creates has a name of its own, or nearly every POST and PUT would be a 409; most requests to one resource go to
one that is there, and half of them without conditions, which hardly any resource meets. Of each answer, operation and
status are written to the file ``SEEN``, a line each.
"""

from __future__ import annotations

import itertools
import os
from typing import Any

import schemathesis

UNIQUE = ("userName", "serialNumber", "hostName")
CONDITIONS = ("If-Match", "If-None-Match")
numbers = itertools.count()
stored: dict[str, list[tuple[str, int]]] = {}
"""By endpoint: the ids of what there is, and what its names end in."""


@schemathesis.hook
def before_call(ctx: Any, case: Any, kwargs: Any) -> None:
    number = next(numbers)
    if number % 2:
        for name in CONDITIONS:
            case.headers.pop(name, None)
    there = stored.get(endpoint(case))
    if there and "{id}" in case.path and number % 5:
        case.path_parameters = {"id": there[-1][0]}
        number = there[-1][1]
    if isinstance(case.body, dict):
        names = [name for name in UNIQUE if isinstance(case.body.get(name), str) and case.body[name].strip()]
        case.body = case.body | {name: f"{name}{number}" for name in names}
    case.headers["X-Number"] = str(number)


@schemathesis.hook
def after_call(ctx: Any, case: Any, response: Any) -> None:
    if response.status_code == 201:
        stored.setdefault(endpoint(case), []).append((response.json()["id"], int(case.headers["X-Number"])))
    elif response.status_code == 204 and case.method == "DELETE":
        gone = response.request.url.rpartition("/")[2]
        stored[endpoint(case)] = [one for one in stored.get(endpoint(case), []) if one[0] != gone]
    with open(os.environ["SEEN"], "a", encoding="utf-8") as seen:
        print(case.operation.definition.raw.get("operationId"), response.status_code, file=seen)


def endpoint(case: Any) -> str:
    return str(case.path.split("/")[1])
