"""Pages of the API's listings: opaque tokens that hold a place in the order, not a number of rows (D9).

So nothing is missed or met twice when users come and go between two pages, and a page costs the same wherever it is.
A token is that of one listing, and nobody can make one: it is sealed like a SCIM cursor.

Rule: knows places, not what is listed. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.server import cursors
from scimrig_simulator.server.cursors import Cursor, Seal
from scimrig_simulator.server.house import House
from scimrig_simulator.server.operations import Asked, Code, number, refusal

USUAL = 10
LARGEST = 30

T = TypeVar("T")
Place: TypeAlias = tuple[int, int]
Take: TypeAlias = Callable[[Place, bool, int], Sequence[T]]
"""What comes after a place (or, not forward, before it), nearest first, so many at most."""

FIRST: Place = (-1, -1)


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """A page. tokens: ``next_page_token`` and ``prev_page_token``, "" at the ends."""

    found: Sequence[T]
    tokens: Mapping[str, str]


def part(
    house: House, listing: Sequence[str], asked: Asked, take: Take[T], place: Callable[[T], Place], most: int = LARGEST
) -> Part[T]:
    """The page that is asked for. listing: what its pages have in common.  Raises Trouble 400 for a bad token."""
    size = number(asked.query, "page_size", USUAL, 0, most) or USUAL
    seal = Seal(cursors.key(house.store), cursors.search(*listing), house.clock.now())
    cursor = _read(seal, house.seams.resume(asked.query.get("page_token", "")))
    start = FIRST if cursor.position is None else (int(cursor.position[0]), cursor.position[1])  # type: ignore[arg-type]
    found = list(take(start, cursor.forward, size + 1))
    beyond = len(found) > size
    found = found[:size] if cursor.forward else found[:size][::-1]
    step = 1 if cursor.forward else -1
    first, last = (place(found[0]), place(found[-1])) if found else ((start[0], start[1] + step),) * 2
    behind = start != FIRST and bool(take(first, False, 1)) if cursor.forward else beyond
    ahead = beyond if cursor.forward else bool(take(last, True, 1))
    tokens = {
        "next_page_token": seal.written(Cursor(last, True)) if ahead else "",
        "prev_page_token": seal.written(Cursor(first, False)) if behind else "",
    }
    return Part(found, tokens)


def _read(seal: Seal, token: str) -> Cursor:
    try:
        return seal.read(token)
    except ScimError as error:
        words = f"'page_token' leads nowhere: {error.detail}"
        raise refusal(Code.INVALID_ARGUMENT, words, "INVALID_PAGE_TOKEN") from None
