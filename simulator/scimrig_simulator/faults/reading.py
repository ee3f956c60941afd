"""Saboteurs of look-ups: filters, lists, pages and single reads.

Rule: each class overrides what it breaks and asks ``super()`` for the rest. May not import ``server`` or ``idp``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from scimrig_simulator.calls import Answer, Call, Page, Projection, Resource, Rows, Window
from scimrig_simulator.faults.sabotage import Fault
from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.scim.filters import And, AttrPath, Compare, Filter, FilterError, Not, Or, Predicate
from scimrig_simulator.scim.schemas import ResourceType
from scimrig_simulator.seams import USUAL_PAGE, Seams

_STRING = re.compile(r'"(?:\\.|[^"\\])*"')
_OPERATOR = re.compile(r"\b(?:eq|ne|co|sw|ew|pr|gt|ge|lt|le|and|or|not)\b", re.IGNORECASE)


class _FilterIgnored(Seams):
    def filter(self, call: Call, text: str | None) -> Filter | None:
        return None


FILTER_IGNORED = Fault(
    "filter-ignored", "A filter is not applied",
    "Every search answers with all resources, so an IdP links the first account it sees.",
    ("FILT-01",), _FilterIgnored,
)


class _FilterCaseSensitive(Seams):
    def match(self, call: Call, wanted: Filter, resource_type: ResourceType) -> Predicate:
        fits = super().match(call, wanted, resource_type)
        if isinstance(wanted, Compare) and wanted.attr.name.lower() == "username" and wanted.op == "eq":
            return lambda resource: fits(resource) and resource.get("userName") == wanted.value
        return fits


FILTER_CASE_SENSITIVE = Fault(
    "filter-case-sensitive", "userName is compared with regard to case in filters",
    "ADA@example.com is not found where ada@example.com is stored, so a second account is made.",
    ("FILT-04",), _FilterCaseSensitive,
)


class _CoreUrnUnknown(Seams):
    def match(self, call: Call, wanted: Filter, resource_type: ResourceType) -> Predicate:
        if isinstance(wanted, Compare) and wanted.attr.uri is not None:
            return lambda resource: False
        return super().match(call, wanted, resource_type)


CORE_URN_UNKNOWN = Fault(
    "core-urn-unknown", "An attribute that a filter names with the URN of its schema is not known",
    "urn:ietf:params:scim:schemas:core:2.0:User:userName eq …: nobody is found, so a second account is made.",
    ("EXTN-01",), _CoreUrnUnknown,
)


class _OperatorsCaseSensitive(Seams):
    def filter(self, call: Call, text: str | None) -> Filter | None:
        words = _OPERATOR.findall(_STRING.sub('""', text or ""))
        if any(word != word.lower() for word in words):
            raise FilterError(1, "operators are written in lower case")
        return super().filter(call, text)


OPERATORS_CASE_SENSITIVE = Fault(
    "operators-case-sensitive", "Filter operators in capitals are refused",
    'userName EQ "ada" is answered 400, although operators have no case.',
    ("FILT-03",), _OperatorsCaseSensitive,
)


class _ExternalIdFilterUnsupported(Seams):
    def filter(self, call: Call, text: str | None) -> Filter | None:
        if "externalid" in (text or "").lower():
            raise FilterError(1, "externalId can't be searched by")
        return super().filter(call, text)


EXTERNAL_ID_FILTER_UNSUPPORTED = Fault(
    "external-id-filter-unsupported", "A filter on externalId is refused",
    "Who matches accounts by externalId (Entra can) gets 400 for each of them.",
    ("FILT-05",), _ExternalIdFilterUnsupported,
)


class _ExternalIdFilterIgnored(Seams):
    def filter(self, call: Call, text: str | None) -> Filter | None:
        return super().filter(call, None if "externalid" in (text or "").lower() else text)


EXTERNAL_ID_FILTER_IGNORED = Fault(
    "external-id-filter-ignored", "A filter on externalId answers with everybody",
    "A search by externalId is served as if it had no filter.",
    ("FILT-01", "FILT-05"), _ExternalIdFilterIgnored,
)


class _ApostropheBreaksFilter(Seams):
    def filter(self, call: Call, text: str | None) -> Filter | None:
        if "'" in (text or ""):
            raise ScimError(500, None, "unterminated quoted string")
        return super().filter(call, text)


APOSTROPHE_BREAKS_FILTER = Fault(
    "apostrophe-breaks-filter", "An apostrophe in a filter value ends in 500",
    "Nobody called O'Brien can be looked up.",
    ("FILT-07",), _ApostropheBreaksFilter,
)


def _attributes(wanted: Filter) -> list[AttrPath]:
    if isinstance(wanted, And | Or):
        return _attributes(wanted.left) + _attributes(wanted.right)
    if isinstance(wanted, Not):
        return _attributes(wanted.expr)
    return [wanted.attr]


class _UnknownFilterReturnsAll(Seams):
    def filter(self, call: Call, text: str | None) -> Filter | None:
        wanted = super().filter(call, text)
        if wanted is None or call.resource_type is None:
            return wanted
        known = all(call.resource_type.find(attribute) is not None for attribute in _attributes(wanted))
        return wanted if known else None


UNKNOWN_FILTER_RETURNS_ALL = Fault(
    "unknown-filter-returns-all", "A filter on an unknown attribute answers with everybody",
    "A filter that the server can't map to an attribute is dropped, and all resources come back.",
    ("FILT-01",), _UnknownFilterReturnsAll,
)


class _BadFilterCrashes(Seams):
    def filter(self, call: Call, text: str | None) -> Filter | None:
        try:
            return super().filter(call, text)
        except FilterError as error:
            raise ScimError(500, None, error.detail) from None


BAD_FILTER_CRASHES = Fault(
    "500-on-bad-filter", "A filter that can't be read ends in 500",
    "A syntax error in a filter is answered 500 rather than 400 invalidFilter, and IdPs retry it for ever.",
    ("FILT-08",), _BadFilterCrashes,
)


class _DeepFilterCrashes(Seams):
    def filter(self, call: Call, text: str | None) -> Filter | None:
        if (text or "").count("(") > 50:
            raise ScimError(500, None, "maximum recursion depth exceeded")
        return super().filter(call, text)


DEEP_FILTER_CRASHES = Fault(
    "deep-filter-500", "A deeply nested filter ends in 500",
    "A filter of many parentheses overflows the parser's stack.",
    ("DOS-01",), _DeepFilterCrashes,
)


class _EmptyLookup404(Seams):
    def emit(self, call: Call, answer: Answer) -> Answer:
        if call.listing and isinstance(answer.body, dict) and answer.body.get("totalResults") == 0:
            return super().emit(call, self.fail(call, ScimError(404, None, "Nothing matches.")))
        return super().emit(call, answer)


EMPTY_LOOKUP_404 = Fault(
    "empty-lookup-404", "A search without a match is answered 404",
    "Entra's test connection and every look-up of a new user fail, since an empty list is expected.",
    ("FILT-02",), _EmptyLookup404,
)


class _InactiveHidden(Seams):
    def filter(self, call: Call, text: str | None) -> Filter | None:
        wanted = super().filter(call, text)
        enabled = Not(Compare("eq", AttrPath(None, "active"), False))
        return enabled if wanted is None else And(wanted, enabled)

    def find(self, call: Call, rows: Rows) -> Resource:
        resource = super().find(call, rows)
        if call.method == "GET" and resource.get("active") is False:
            raise ScimError(404, None, f"There is no {call.kind.name} with id {call.id!r}.")
        return resource


INACTIVE_HIDDEN = Fault(
    "inactive-hidden", "Inactive users are hidden from reads, searches and lists",
    "A deactivated user looks deleted, so the IdP creates the account again when the person returns.",
    ("READ-06",), _InactiveHidden,
)


class _TotalIsPageLength(Seams):
    def listing(self, call: Call, page: Page) -> Resource:
        return super().listing(call, replace(page, total=len(page.resources)))


TOTAL_IS_PAGE_LENGTH = Fault(
    "total-is-page-length", "totalResults is the number of resources on the page",
    "A client that reads pages until it has totalResults stops after the first.",
    ("PAGE-02",), _TotalIsPageLength,
)


class _StartIndexIgnored(Seams):
    def window(self, call: Call, start: int | None, count: int | None) -> Window:
        return super().window(call, 1, count)


START_INDEX_IGNORED = Fault(
    "start-index-ignored", "startIndex is ignored",
    "Every page is the first one, so that most accounts are never seen.",
    ("PAGE-03",), _StartIndexIgnored,
)


class _PagingCap(Seams):
    CAP = 3  # real ones stand at 100 and more; a small one shows the same without a hundred rows

    def listing(self, call: Call, page: Page) -> Resource:
        room = max(0, self.CAP - page.start + 1)
        return super().listing(call, Page(page.resources[:room], min(page.total, self.CAP), page.start))


PAGING_CAP = Fault(
    "paging-cap", "Lists are silently cut at a fixed length, with no way on",
    "Resources beyond the third of a result can't be reached, and totalResults denies them.",
    ("PAGE-03",), _PagingCap,
)


class _ItemsPerPageWrong(Seams):
    def listing(self, call: Call, page: Page) -> Resource:
        asked = super().window(call, 1, int(call.query["count"]) if "count" in call.query else USUAL_PAGE)
        return {**super().listing(call, page), "itemsPerPage": asked.count}


ITEMS_PER_PAGE_WRONG = Fault(
    "items-per-page-wrong", "itemsPerPage echoes the count that was asked for",
    "It says 100 above two resources; Okta's review wants the number returned.",
    ("PAGE-01",), _ItemsPerPageWrong,
)


class _ListCountString(Seams):
    def listing(self, call: Call, page: Page) -> Resource:
        body = super().listing(call, page)
        return {name: str(value) if isinstance(value, int) else value for name, value in body.items()}


LIST_COUNT_STRING = Fault(
    "list-count-string", "totalResults, startIndex and itemsPerPage are strings",
    'An import stops at once where a client meets "1" for 1.',
    ("PAGE-06",), _ListCountString,
)


class _ListEmptyNulls(Seams):
    def listing(self, call: Call, page: Page) -> Resource:
        body = super().listing(call, page)
        return body if page.resources else {**body, "Resources": None}


LIST_EMPTY_NULLS = Fault(
    "list-empty-nulls", "An empty list has Resources: null",
    "Clients that walk Resources fail on the first search without a match.",
    ("READ-04",), _ListEmptyNulls,
)


class _GroupMembersMissingInList(Seams):
    def render(self, call: Call, resource: Resource, resource_type: ResourceType) -> Resource:
        shown = super().render(call, resource, resource_type)
        return _without(shown, "members") if call.listing else shown


GROUP_MEMBERS_MISSING_IN_LIST = Fault(
    "group-members-missing-in-list", "Groups in lists have no members",
    "A group read by id has members, the same group in a list has none.",
    ("READ-07",), _GroupMembersMissingInList,
)


class _Get404Is500(Seams):
    def fail(self, call: Call, error: ScimError) -> Answer:
        if error.status == 404 and call.method == "GET" and call.id is not None:
            return super().fail(call, ScimError(500, None, "null"))
        return super().fail(call, error)


GET_404_IS_500 = Fault(
    "get-404-is-500", "GET of an unknown id ends in 500",
    "An IdP takes it for an outage and retries, where 404 would make it look the user up again.",
    ("READ-05", "ERR-03"), _Get404Is500,
)


class _UnknownId200(Seams):
    def fail(self, call: Call, error: ScimError) -> Answer:
        if error.status == 404 and call.method == "GET" and call.id is not None:
            return Answer(200, super().listing(call, Page([], 0, 1)))
        return super().fail(call, error)


UNKNOWN_ID_200 = Fault(
    "unknown-id-200", "GET of an unknown id is answered 200 with an empty list",
    "A client can't tell a missing resource from one without data.",
    ("READ-05",), _UnknownId200,
)


class _ExcludedMembersIgnored(Seams):
    def project(self, call: Call, attributes: Sequence[str] | None, excluded: Sequence[str] | None) -> Projection:
        kept = [name for name in excluded or () if name.rpartition(":")[2].lower() != "members"]
        return super().project(call, attributes, kept)


EXCLUDED_MEMBERS_IGNORED = Fault(
    "excluded-members-ignored", "excludedAttributes=members is ignored",
    "Entra reads every group without its members; large groups come back whole each time and time out.",
    ("PROJ-01",), _ExcludedMembersIgnored,
)


class _AttributesDropsId(Seams):
    def render(self, call: Call, resource: Resource, resource_type: ResourceType) -> Resource:
        shown = super().render(call, resource, resource_type)
        return _without(shown, "id") if call.projection.attributes else shown


ATTRIBUTES_DROPS_ID = Fault(
    "attributes-drops-id", "With ?attributes= the id is missing",
    "id is always returned by its schema, but goes missing as soon as a client asks for some attributes only.",
    ("PROJ-03",), _AttributesDropsId,
)


def _without(resource: Resource, name: str) -> Resource:
    return {key: value for key, value in resource.items() if key != name}
