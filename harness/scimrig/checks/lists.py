"""Standing checks on ListResponses: form, arithmetic, rows that stand twice, queries without a match (RFC 7644 §3.4.2).

Rule: the store may change between counting and reading (§3.4.2.4), so that a total that is a few rows short of an
unfiltered page is a warning. Cursor paging (RFC 9865) needs neither totalResults nor startIndex.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scimrig.checks.answer import Answer, Body, Place, clip, shown
from scimrig.checks.check import Check, Problem
from scimrig.verdicts import Severity, Status
from scimrig_simulator.scim import urns

_WHILE_READING = 3
"""Rows that other workers of a run may add between a server's count and its read."""

_URN_RULE = {"/Schemas": "RFC7644-4-R02", "/ResourceTypes": "RFC7644-4-R04"}


def list_shape(answer: Answer) -> list[Problem] | None:
    if not answer.listing or answer.body_state is not Body.JSON:
        return None
    body = answer.object
    if body is None or not answer.is_list:
        rule = _URN_RULE.get(answer.target.endpoint, "")
        title = f"a query of {answer.target.words} is not answered with a ListResponse"
        actual = clip(answer.exchange.reply_body) if body is None else f"`schemas` is {shown(body.get('schemas'))}"
        return [Problem(title, f'schemas ["{urns.LIST_RESPONSE}"]', actual, "no ListResponse", requirement=rule)]
    return [*_numbers(answer, body), *_resources(answer, body), *_partial(answer, body)]


def _numbers(answer: Answer, body: Mapping[str, Any]) -> Iterator[Problem]:
    if "totalResults" not in body and not _by_cursor(answer, body):
        title, actual = "a ListResponse has no totalResults", _misspelt(body, "totalResults")
        yield Problem(title, "an integer", actual, "no totalResults", requirement="RFC7644-3.4.2-R03")
    for name in ("totalResults", "startIndex", "itemsPerPage"):
        found = body.get(name)
        if name in body and found is not None and number(found) is None:
            title = f"{name} is {shown(found, 30)}; expected an integer"
            requirement = "RFC7644-3.4.2-R03" if name == "totalResults" else "RFC7643-2.3-R02"
            yield Problem(title, "an integer", shown(found), f"{name} type", requirement=requirement)


def _resources(answer: Answer, body: Mapping[str, Any]) -> Iterator[Problem]:
    found, total = body.get("Resources"), number(body.get("totalResults"))
    if found is None:
        start, count = answer.asked.start_index or 1, answer.asked.count
        if total is not None and total >= max(start, 1) and (count is None or count > 0):
            actual = _misspelt(body, "Resources")
            title = f"totalResults is {total}, yet there is no Resources"
            yield Problem(title, "an array", actual, "no Resources", requirement="RFC7644-3.4.2-R04")
        elif "Resources" in body:
            # null = absent (RFC 7643 §2.5); RFC7644-3.4.2-R07 knows absent and [] only, Okta wants an array: WARN
            title = "Resources of an empty list is null"
            yield Problem(title, "[], or no Resources", "null", "Resources null", Status.WARN, "RFC7644-3.4.2-R07")
    elif not isinstance(found, list):
        yield Problem(
            "Resources is no array", "an array", shown(found), "Resources type", requirement="RFC7644-3.4.2-R04"
        )
    elif not all(isinstance(item, dict) for item in found):
        odd = next(item for item in found if not isinstance(item, dict))
        title = "an element of Resources is no object"
        yield Problem(title, "resources", shown(odd), "element type", requirement="RFC7644-3.4.2-R08")


def _partial(answer: Answer, body: Mapping[str, Any]) -> Iterator[Problem]:
    """rfc-notes 37, 38: both are required for partial results only, and then their absence is FAIL."""
    total, rows = number(body.get("totalResults")), len(answer.listed)
    if total is None or not 0 < rows < total:
        return
    title = f"{rows} of {total} results come without "
    if body.get("startIndex") is None and not _by_cursor(answer, body):
        requirement = "RFC7644-3.4.2-R05"
        yield Problem(
            f"{title}startIndex", "an integer", _misspelt(body, "startIndex"), "no startIndex", None, requirement
        )
    if body.get("itemsPerPage") is None:
        requirement = "RFC7644-3.4.2-R06"
        actual = _misspelt(body, "itemsPerPage")
        yield Problem(f"{title}itemsPerPage", str(rows), actual, "no itemsPerPage", None, requirement)


def list_arithmetic(answer: Answer) -> list[Problem] | None:
    if not answer.listing or not answer.is_list or answer.object is None:
        return None
    body, rows = answer.object, len(answer.listed)
    found = list(_total(answer, body, rows))
    per_page = number(body.get("itemsPerPage"))
    if per_page is not None and per_page != rows:
        # rfc-notes 37: the number returned, not the count asked for; another value = WARN (Figure 9 prints one itself)
        title = f"itemsPerPage is {per_page} over {rows} resources"
        found.append(Problem(title, str(rows), str(per_page), "itemsPerPage", Status.WARN, "RFC7644-3.4.2-R06"))
    if answer.place is not Place.CATALOGUE and answer.asked.clear:  # §4: discovery ignores paging
        found += list(_window(answer, body, rows))
    return found


def _total(answer: Answer, body: Mapping[str, Any], rows: int) -> Iterator[Problem]:
    total = number(body.get("totalResults"))
    if total is None:
        return
    if answer.place is Place.CATALOGUE:
        if total != rows:
            title = f"{answer.target.words} lists {rows} of {total} entries"
            rule = _URN_RULE[answer.target.endpoint]
            yield Problem(title, "all of them: paging is ignored", f"{rows} of {total}", "catalogue", None, rule)
        return
    start = max(answer.asked.start_index or 1, 1) if answer.asked.clear and not _by_cursor(answer, body) else 1
    excess = start - 1 + rows - total
    if rows and excess > 0:
        racing = answer.asked.filter is None and excess <= _WHILE_READING and total > 0
        title = f"totalResults is {total}, yet {rows} resources stand from position {start} on"
        expected = f"at least {start - 1 + rows}"
        shape = "more rows than the total"
        yield Problem(title, expected, str(total), shape, Status.WARN if racing else None, "RFC7644-3.4.2.4-R06")


def _window(answer: Answer, body: Mapping[str, Any], rows: int) -> Iterator[Problem]:
    count = answer.asked.count
    if count is not None and rows > max(count, 0):
        requirement = "RFC7644-3.4.2.4-R03" if count > 0 else "RFC7644-3.4.2.4-R04" if count else "RFC7644-3.4.2.4-R05"
        title = f"count={count} was asked for, {rows} resources came"
        yield Problem(title, f"at most {max(count, 0)}", str(rows), "more than count", None, requirement)
    wanted, said = answer.asked.start_index, number(body.get("startIndex"))
    if wanted is None or said is None or not rows or _by_cursor(answer, body):
        return
    if said != max(wanted, 1):
        requirement = "RFC7644-3.4.2.4-R07" if wanted > 0 else "RFC7644-3.4.2.4-R02"
        title = f"startIndex={wanted} was asked for, the answer says {said}"
        yield Problem(title, str(max(wanted, 1)), str(said), "startIndex", None, requirement)


def duplicates_in_list(answer: Answer) -> list[Problem] | None:
    if not answer.listing or not answer.rows:
        return None
    seen: set[str] = set()
    for row in answer.rows:
        found = row.resource.get("id")
        if isinstance(found, str) and found in seen:
            title = "one page shows an id twice"
            return [Problem(title, "each resource once", clip(found), "id twice")]
        if isinstance(found, str):
            seen.add(found)
    return []


def empty_result(answer: Answer) -> list[Problem] | None:
    """rfc-notes 38: an empty result is 200, never 404 (FAIL); 37: a page past the end is WARN."""
    if answer.method != "GET" or answer.place is not Place.COLLECTION or answer.asked.filter is None:
        return None
    if answer.status == 404 and (answer.target.endpoint == "/Users" or answer.known.offers("groups") == "yes"):
        past = (answer.asked.start_index or 1) > 1
        title = "a query without a match is answered with 404"
        return [Problem(title, "200, totalResults 0", "404", "404", Status.WARN if past else None)]
    return [] if answer.status == 200 else None


def number(value: Any) -> int | None:
    """An integer as JSON has it; true and 1.0 are none (RFC 7643 §2.3.4)."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _by_cursor(answer: Answer, body: Mapping[str, Any]) -> bool:
    return answer.asked.cursor or "nextCursor" in body or "previousCursor" in body


def _misspelt(body: Mapping[str, Any], name: str) -> str:
    """rfc-notes 38: the spelling is exact in practice, so say where only the case is wrong."""
    twin = next((key for key in body if key.casefold() == name.casefold() and key != name), None)
    return f"`{twin}`" if twin is not None else "none" if name not in body else "null"


CHECKS = (
    Check(
        "list-shape",
        "A query is answered with a ListResponse",
        "RFC7644-3.4.2-R02",
        Severity.BREAKS,
        "Okta's import, which stops silently at a string in place of a number",
        "200 to queries, /Schemas and /ResourceTypes",
        list_shape,
        "any list",
    ),
    Check(
        "list-arithmetic",
        "The numbers of a list add up",
        "RFC7644-3.4.2.4-R06",
        Severity.DRIFT,
        "Okta's import and every client that pages: it loses rows or never ends",
        "numbers of every ListResponse",
        list_arithmetic,
        "any list",
    ),
    Check(
        "duplicates-in-list",
        "A page shows each resource once",
        "RFC7643-3.1-R03",
        Severity.DRIFT,
        "IdPs that match by id: one account is linked twice",
        "ids in every list of Users or Groups",
        duplicates_in_list,
        "any list",
    ),
    Check(
        "empty-result",
        "A query without a match is a 200 with an empty list",
        "RFC7644-3.4.2-R07",
        Severity.BREAKS,
        "Entra: its connection test and every look-up before a create fail",
        "answers to filters on /Users and /Groups",
        empty_result,
    ),
)
