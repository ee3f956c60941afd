"""A keyed order of the numbers below a size, walked in both directions: who stands where, and who stands there.

It is how a stream of events can be enumerated without a look at everybody: where somebody stands says on which day
something happens to them, and a day's stretch of the order says to whom.

Rule: pure arithmetic on integers. Imports ``splitmix`` only.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from scimrig_simulator.workforce.splitmix import draw

_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Shuffle:
    """The numbers 0 … ``size - 1`` in an order that ``key`` (64 bits) decides.

    A round is a step of SplitMix64 narrowed to as many bits as the numbers need: multiply, add, fold the upper half
    into the lower one. Each can be undone. What falls outside of the size is sent on until it comes to lie inside.
    """

    key: int
    size: int
    _mask: int = field(init=False, repr=False)
    _fold: int = field(init=False, repr=False)
    _there: tuple[int, ...] = field(init=False, repr=False)
    _back: tuple[int, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        bits = max(self.size - 1, 1).bit_length()
        mask = (1 << bits) - 1
        factors = [draw(self.key, step) & mask | 1 for step in range(_ROUNDS)]
        summands = [draw(self.key, _ROUNDS + step) & mask for step in range(_ROUNDS)]
        inverses = [pow(factor, -1, mask + 1) for factor in factors]
        object.__setattr__(self, "_mask", mask)
        object.__setattr__(self, "_fold", bits + 1 >> 1)
        object.__setattr__(self, "_there", (*factors, *summands))
        object.__setattr__(self, "_back", (*inverses, *summands))

    def rank(self, number: int) -> int:
        """Where ``number`` stands. Both are below the size."""
        mask, fold, size = self._mask, self._fold, self.size
        first, second, third, add_first, add_second, add_third = self._there
        while True:
            number = number * first + add_first & mask
            number = (number ^ number >> fold) * second + add_second & mask
            number = (number ^ number >> fold) * third + add_third & mask
            number ^= number >> fold
            if number < size:
                return number

    def number(self, rank: int) -> int:
        """Who stands at ``rank``."""
        mask, fold, size = self._mask, self._fold, self.size
        first, second, third, add_first, add_second, add_third = self._back
        while True:
            # a fold undoes itself: it is at least half of the bits
            rank = ((rank ^ rank >> fold) - add_third) * third & mask
            rank = ((rank ^ rank >> fold) - add_second) * second & mask
            rank = ((rank ^ rank >> fold) - add_first) * first & mask
            if rank < size:
                return rank
