"""Standing checks on the frame of a resource: schemas, id, meta, required attributes, names (RFC 7643 §2.1, §3).

Rule: a representation that was narrowed (``attributes``, ``excludedAttributes``) may lack schemas and meta: the RFC's
examples show it both ways (rfc-notes 39). Attributes that we don't know are the server's own business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from scimrig.checks.answer import Answer, Place, Row, clip, has_urn, same, shown, unassigned
from scimrig.checks.check import Check, Problem
from scimrig.verdicts import Severity, Status
from scimrig_simulator.scim.compare import member

_MESSAGES = "urn:ietf:params:scim:api:"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9$_-]*")  # RFC 7643 §2.1


def resource_schemas(answer: Answer) -> list[Problem] | None:
    if not answer.rows:
        return None
    return [problem for row in answer.rows for problem in _schemas(row, answer.asked.whole)]


def _schemas(row: Row, whole: bool) -> Iterator[Problem]:
    found, base = row.resource.get("schemas"), row.resource_type.schema.id
    if found is None and not whole:
        return
    if not isinstance(found, list) or not found or not all(isinstance(item, str) for item in found):
        actual = "no `schemas`" if found is None else shown(found)
        requirement = "RFC7643-3-R02" if found == [] else "RFC7643-2.1-R02"
        title = f"{row.where}`schemas` is missing or no list of URNs"
        yield Problem(title, f'["{base}", …]', actual, "none", requirement=requirement)
        return
    folded = [item.casefold() for item in found]
    if base.casefold() not in folded:
        yield Problem(
            f"{row.where}`schemas` lacks the URN of the {row.resource_type.name}", base, shown(found), "no base URN"
        )
    if len(set(folded)) < len(folded):
        title = f"{row.where}`schemas` names a URN twice"
        yield Problem(title, "each URN once", shown(found, 160), "twice", requirement="RFC7643-3-R04")
    message = next((item for item in found if item.casefold().startswith(_MESSAGES)), None)
    if message is not None:
        title = f"{row.where}`schemas` of a resource names the message {clip(message.rpartition(':')[2])}"
        yield Problem(title, f'["{base}", …]', shown(found, 160), "message URN", requirement="RFC7643-3-R03")
    for extension in row.resource_type.extensions:
        held = member(row.resource, extension.schema.id)
        if not unassigned(held) and not has_urn(row.resource, extension.schema.id):
            title = f"{row.where}the body has data of an extension that `schemas` does not name"
            shape = f"undeclared {extension.schema.name}"
            yield Problem(title, extension.schema.id, shown(found, 160), shape, requirement="RFC7643-3-R01")


def resource_id(answer: Answer) -> list[Problem] | None:
    """Present, a string, the one in the URL. A list where one resource was asked for has no id either."""
    addressed = answer.place is Place.RESOURCE
    if addressed and answer.status == 200 and answer.method == "GET" and answer.is_list and answer.asked.filter is None:
        title = "a GET by id is answered with a list"
        actual = f"a ListResponse, totalResults {shown((answer.object or {}).get('totalResults'), 20)}"
        return [Problem(title, "the resource, or 404", actual, "a list", requirement="RFC7644-3.4.1-R01")]
    if not answer.rows:
        return None
    return [problem for row in answer.rows for problem in _id(answer, row, answer.target.id if addressed else "")]


def _id(answer: Answer, row: Row, wanted: str) -> Iterator[Problem]:
    found = row.resource.get("id")
    if not isinstance(found, str) or not found:
        actual = "no `id`" if found is None else shown(found)
        shape = "number" if isinstance(found, (int, float)) else "none"
        yield Problem(f"{row.where}a resource has no id", "a non-empty string", actual, shape)
        return
    if "bulkId" in found:  # exact case: id is caseExact (RFC 7643 §3.1)
        yield Problem(
            f"{row.where}an id contains bulkId", "an id without it", clip(found), "bulkId", None, "RFC7643-3.1-R06"
        )
    if wanted and found != wanted:
        # rfc-notes 28: a URL with the id in another case may resolve (UUIDs): WARN
        grade = Status.WARN if same(found, wanted) else None
        title = f"the id in the answer is not the id in the URL of the {answer.method}"
        shape = f"other {'case' if grade else 'id'} to a {answer.method}"
        yield Problem(title, clip(wanted), clip(found), shape, grade, "RFC7643-3.1-R04")


def required_attributes(answer: Answer) -> list[Problem] | None:
    if not answer.rows or not answer.asked.whole:
        return None
    problems = []
    for row in answer.rows:
        user = row.resource_type.name == "User"
        name = "userName" if user else "displayName"
        found = member(row.resource, name)
        if row.resource_type.name in ("User", "Group") and (unassigned(found) or found == ""):
            title = f"{row.where}a {row.resource_type.name} has no {name}"
            requirement = "" if user else "RFC7643-4.2-R02"
            # the printed schema of Group says required false, the text REQUIRED (note of RFC7643-4.2-R02): WARN
            grade = None if user else Status.WARN
            actual = "none" if found is None else shown(found)
            problems.append(Problem(title, "a non-empty string", actual, f"no {name}", grade, requirement))
    return problems


def attribute_names(answer: Answer) -> list[Problem] | None:
    """Names that are no attribute names: a path stored as a key (rfc-notes 13), one attribute in two spellings."""
    if not answer.rows:
        return None
    return [problem for row in answer.rows for problem in _names(row)]


def _names(row: Row) -> Iterator[Problem]:
    containers = {extension.schema.id.casefold() for extension in row.resource_type.extensions}
    yield from _spellings(row.resource, row.where)
    for key, value in row.resource.items():
        if _is_urn(key):
            stems = containers | {row.resource_type.schema.id.casefold()}
            if any(key.casefold().startswith(stem + ":") for stem in stems):
                yield _literal(row, key)
            elif isinstance(value, dict):
                yield from (
                    _literal(row, f"{key} → {name}") for name in value if ":" in name or _dotted(row, name, key)
                )
        elif not _NAME.fullmatch(key):
            yield _literal(row, key) if _dotted(row, key) else _odd(row, key)


def _is_urn(key: str) -> bool:
    return key.casefold().startswith(("urn:", "http:", "https:"))


def _dotted(row: Row, key: str, urn: str = "") -> bool:
    """``name.givenName``, ``emails[type eq "work"].value``: a path to an attribute of this resource type."""
    stem = re.split(r"[.\[]", key, maxsplit=1)[0]
    if stem == key:
        return False
    if not urn:
        return row.resource_type.attribute(stem) is not None
    schema = row.resource_type.extension(urn)
    return schema is not None and schema.attribute(stem) is not None


def _literal(row: Row, key: str) -> Problem:
    title = f"{row.where}a path was stored as the name of an attribute: {clip(key)}"
    return Problem(title, "the value at that path", f"a member named {clip(key)}", "path as a name", Status.FAIL)


def _odd(row: Row, key: str) -> Problem:
    # a name of the server's own that breaks the grammar does no harm to what a client maps: WARN
    title = f"{row.where}{clip(key)!r} is no attribute name"
    return Problem(title, "a letter, then letters, digits, $, - or _", shown(key), "grammar", Status.WARN)


def _spellings(holder: Mapping[str, Any], where: str) -> Iterator[Problem]:
    if len({key.casefold() for key in holder}) == len(holder):
        return
    first: dict[str, str] = {}
    for key in holder:
        twin = first.setdefault(key.casefold(), key)
        if twin != key:
            title = f"{where}one attribute stands twice, as {clip(twin)} and as {clip(key)}"
            actual = f"{clip(twin)} and {clip(key)}"
            yield Problem(
                title, "one member: names are case-insensitive", actual, "two spellings", None, "RFC7643-2.1-R01"
            )


CHECKS = (
    Check(
        "resource-schemas",
        "`schemas` names the schemas of a resource",
        "RFC7643-3.3-R01",
        Severity.BREAKS,
        "Entra, which does not read data of an extension that is not declared",
        "`schemas` of every User and Group",
        resource_schemas,
        "any resource",
    ),
    Check(
        "resource-id",
        "A resource carries its id",
        "RFC7643-3.1-R02",
        Severity.BREAKS,
        "every IdP: it can't link the account, or links another one",
        "`id` of every User and Group",
        resource_id,
        "any resource",
    ),
    Check(
        "required-attributes",
        "A User has a userName, a Group a displayName",
        "RFC7643-4.1.1-R01",
        Severity.BREAKS,
        "IdPs that match accounts by it",
        "every User and Group that is shown whole",
        required_attributes,
        "any resource",
    ),
    Check(
        "attribute-names",
        "Members of a resource are attributes",
        "RFC7643-2.1-R03",
        Severity.DRIFT,
        "Entra and Okta, whose update is reported as done and changed nothing that anybody reads",
        "names of the members of every User and Group",
        attribute_names,
        "any resource",
    ),
)
