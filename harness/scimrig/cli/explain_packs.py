"""What ``scimrig explain`` says of the vendors' packs and their tests.

Rule: words only; what a pack is stands in ``scimrig.packs``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scimrig.scenario.model import Scenario


def names() -> list[str]:
    """The packs."""
    from scimrig import packs

    return list(packs.catalogue())


def tell(name: str) -> Iterator[str]:
    """The lines about a pack."""
    from scimrig import packs

    pack = packs.catalogue()[name]
    yield f"{pack.name} · a vendor's bar, mirrored; never {pack.vendor}'s own run"
    yield pack.title
    yield f"Mirrors: {pack.mirrors}"
    yield f"Ours: {pack.ours}"
    yield f"Source: {pack.source}"
    yield ""
    yield "Tests:"
    yield from (f"  {one.title} · {one.bar} · {one.id}" for one in packs.tests(name))
    yield ""
    yield f"Run it: scimrig run TARGET --pack {name}"


def tests() -> list[str]:
    """The tests of all packs, by the ids of their scenarios."""
    from scimrig import packs

    return [one.id for name in packs.catalogue() for one in packs.tests(name)]


def test(name: str) -> Scenario:
    """The test of this id."""
    from scimrig import packs

    return next(one for one in packs.tests(_pack(name)) if one.id == name)


def rerun(name: str) -> list[str]:
    """The words that play a test."""
    return ["scimrig", "run", "--pack", _pack(name), "-k", name]


def _pack(name: str) -> str:
    return name.split("/")[1]
