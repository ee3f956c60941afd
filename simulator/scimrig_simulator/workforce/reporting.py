"""Who reports to whom: a tree of eight to a manager, in which everybody's superiors have smaller numbers than they.

So it has no cycle, whatever changes. Where a manager is gone, the manager's manager stands in until they are back.

Rule: a pure function of everybody's lives.
"""

from __future__ import annotations

from collections.abc import Iterator

from scimrig_simulator.workforce.happenings import IN_SERVICE, Kind, Standing
from scimrig_simulator.workforce.lives import Lives

_SPAN = 8


class Reporting:
    """The managers of a company."""

    def __init__(self, lives: Lives) -> None:
        self._lives = lives

    def manager(self, n: int, at: int) -> int | None:
        """The number of ``n``'s manager; who has left keeps the last one; None for whoever stands above all others."""
        standing = self._lives.standing(n, at)
        if standing is Standing.NOT_YET:
            return None
        if standing not in IN_SERVICE:
            at = max(when for when, kind in self._lives.life(n) if kind is Kind.TERMINATED and when <= at)
        superior = self._superior(n, at)
        while superior is not None and self._lives.standing(superior, at) not in IN_SERVICE:
            superior = self._superior(superior, at)
        return superior

    def touched(self, manager: int, at: int) -> Iterator[int]:
        """Those in service whose manager may be another because ``manager`` leaves or comes back at that second."""
        # a change of managers swaps two neighbours, so nobody else can be meant to report to this one
        for superior in {manager: None, _neighbour(manager): None}:
            for n in range(_SPAN * superior + 1, _SPAN * superior + 1 + _SPAN):
                if self._superior(n, at) == manager or self._superior(n, at - 1) == manager:
                    standing = self._lives.standing(n, at)
                    if standing in IN_SERVICE:
                        yield n
                    elif standing is not Standing.NOT_YET:
                        yield from self.touched(n, at)

    def _superior(self, n: int, at: int) -> int | None:
        """Whom ``n`` is meant to report to, there or not."""
        if n == 0 or n >= self._lives.intake.total:
            return None
        superior = (n - 1) // _SPAN
        changes = sum(kind is Kind.MANAGER and when <= at for when, kind in self._lives.life(n))
        return _neighbour(superior) if changes % 2 else superior


def _neighbour(n: int) -> int:
    """The other of two who stand next to each other on one level (1 and 2, 3 and 4 …); nobody stands beside 0."""
    return (n - 1 ^ 1) + 1 if n else 0
