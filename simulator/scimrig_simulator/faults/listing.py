"""Saboteurs of what a list or a projection shows.

Rule: each class overrides what it breaks and asks ``super()`` for the rest. May not import ``server`` or ``idp``.
"""

from __future__ import annotations

from dataclasses import replace

from scimrig_simulator.calls import Call, Page, Resource, Window
from scimrig_simulator.faults.sabotage import Fault
from scimrig_simulator.scim import urns
from scimrig_simulator.scim.schemas import ResourceType
from scimrig_simulator.seams import LARGEST_PAGE, Seams

_LEFT_OUT = ("name", "emails")
_FEW = 2


class _CountIgnored(Seams):
    def window(self, call: Call, start: int | None, count: int | None) -> Window:
        return super().window(call, start, None if count is None or count < 1 else LARGEST_PAGE)


COUNT_IGNORED = Fault(
    "count-ignored", "count is ignored",
    "Who asks for two rows, or for the total alone, is sent all of them.",
    ("PAGE-03", "PAGE-05"), _CountIgnored,
)


class _ShortPages(Seams):
    def window(self, call: Call, start: int | None, count: int | None) -> Window:
        wanted = super().window(call, start, count)
        return replace(wanted, count=min(wanted.count, _FEW))


SHORT_PAGES = Fault(
    "short-pages", "A page holds two resources, however many are asked for",
    "Nothing that the RFC forbids; a client that counts on by what it asked for never sees the rest.",
    ("PAGE-03",), _ShortPages,
)


class _ListRowTwice(Seams):
    def listing(self, call: Call, page: Page) -> Resource:
        room = int(call.query.get("count", LARGEST_PAGE)) > len(page.resources)
        if room and page.resources and "filter" not in call.query:
            page = replace(page, resources=[*page.resources, page.resources[0]], total=page.total + 1)
        return super().listing(call, page)


LIST_ROW_TWICE = Fault(
    "list-row-twice", "A list shows one resource twice",
    "A query that joins another table answers a row for each match: an import counts one account as two.",
    ("PAGE-04",), _ListRowTwice,
)


class _ListSummary(Seams):
    def render(self, call: Call, resource: Resource, resource_type: ResourceType) -> Resource:
        shown = super().render(call, resource, resource_type)
        return {name: value for name, value in shown.items() if not (call.listing and name in _LEFT_OUT)}


LIST_SUMMARY = Fault(
    "list-summary", "Lists leave out name and emails",
    "A user read by id is whole, the same user in a list is a summary; an import takes the rest for empty.",
    ("READ-07",), _ListSummary,
)


class _IdExcluded(Seams):
    def render(self, call: Call, resource: Resource, resource_type: ResourceType) -> Resource:
        shown = super().render(call, resource, resource_type)
        if "id" in (call.projection.excluded or ()):
            shown.pop("id", None)
        return shown


ID_EXCLUDED = Fault(
    "id-excluded", "excludedAttributes=id leaves the id out",
    "id is always returned by its schema; without it a client can't address what it has read.",
    ("PROJ-03",), _IdExcluded,
)


class _SearchLags(Seams):
    def __init__(self) -> None:
        self._indexed: dict[str, Resource] = {}

    def store(self, call: Call, before: Resource | None, after: Resource) -> Resource:
        if before is not None:
            self._indexed[str(before["id"])] = before
        return super().store(call, before, after)

    def render(self, call: Call, resource: Resource, resource_type: ResourceType) -> Resource:
        old = self._indexed.get(str(resource["id"]), resource) if call.listing else resource
        return super().render(call, {**old, "meta": resource["meta"]}, resource_type)


SEARCH_LAGS = Fault(
    "search-lags", "Lists and searches show a user as before the last change",
    "The index behind them is not told of updates; an IdP that looks a user up by name sees old values.",
    ("READ-07",), _SearchLags,
)


class _LookupFallsBack(Seams):
    def listing(self, call: Call, page: Page) -> Resource:
        if "filter" in call.query and page.total == 0 and call.resource_type is not None:
            page = Page([_owner(call)], 1, 1) if call.kind.schema.id == urns.USER else page
        return super().listing(call, page)


def _owner(call: Call) -> Resource:
    location = f"{call.base_url}/Users/00000000-0000-4000-8000-000000000001"
    return {
        "schemas": [urns.USER], "id": location.rpartition("/")[2], "userName": "owner@example.org", "active": True,
        "meta": {"resourceType": "User", "location": location},
    }


LOOKUP_FALLS_BACK = Fault(
    "lookup-falls-back", "A look-up that finds nobody answers with the owner's account",
    "Every new hire is taken for the owner, whose account the IdP then overwrites.",
    ("CREA-04", "FILT-01"), _LookupFallsBack,
)
