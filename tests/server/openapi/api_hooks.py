"""What a schemathesis run of the API does between its requests, so that they get somewhere.

Most requests are about the organization and the directory that are always there. Of each answer, operation and status
are written to the file ``SEEN``, a line each.
"""

from __future__ import annotations

import itertools
import os
import re
from typing import Any

import schemathesis

numbers = itertools.count()


@schemathesis.hook
def before_call(ctx: Any, case: Any, kwargs: Any) -> None:
    number = next(numbers)
    if number % 4:
        known = {"organization_id": "org_ref", "org_id": "org_ref", "directory_id": "dir_ref"}
        if re.search(r"/organizations/\{id\}", case.path):
            known["id"] = "org_ref"
        elif re.search(r"/directories/\{id\}", case.path):
            known["id"] = "dir_ref"
        elif "/tenants/{name}" in case.path:
            known["name"] = "beta" if case.method != "DELETE" else f"t{number}"
        case.path_parameters = {name: known.get(name, value) for name, value in (case.path_parameters or {}).items()}
    if "page_token" in (case.query or {}) and number % 2:
        case.query = {name: value for name, value in case.query.items() if name != "page_token"}


@schemathesis.hook
def after_call(ctx: Any, case: Any, response: Any) -> None:
    with open(os.environ["SEEN"], "a", encoding="utf-8") as seen:
        print(case.operation.definition.raw.get("operationId"), response.status_code, file=seen)
