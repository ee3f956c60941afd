"""Reproducible picks: SplitMix64 as a hash of (seed, number, field).

Python's own generator may change between versions, and it has to run through 1..n-1 to reach n. This one does neither.

Rule: pure arithmetic, no imports of this project.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15  # the odd number next to 2**64 / golden ratio: SplitMix64's step


def mix(value: int) -> int:
    """SplitMix64's output for the state ``value``: 64 bits in which each bit of the input moves half of them."""
    z = (value + _GOLDEN) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


def draw(row: int, field: int) -> int:
    """64 bits for one field (a small integer) of one row (itself a ``mix``): ``mix(row + field * 2**64 / golden)``."""
    z = (row + (field + 1) * _GOLDEN) & _MASK  # written out: whatever is made from a seed spends its time here
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


def halves(fields: tuple[int, ...]) -> Callable[[int], tuple[int, ...]]:
    """What makes, from a row, the lower and the upper half of its ``draw`` for each of the fields, in one go.

    Each field has a lane of 128 bits in one long integer: Python takes hardly longer for that than for a short one.
    """
    ones = sum(1 << 128 * lane for lane in range(len(fields)))
    steps = sum((field + 1) * _GOLDEN % (1 << 64) << 128 * lane for lane, field in enumerate(fields))
    lanes = _MASK * ones
    length, unpack = 16 * len(fields), Struct("<" + "II8x" * len(fields)).unpack

    def drawn(row: int) -> tuple[int, ...]:
        z = (row * ones + steps) & lanes
        z = ((z ^ (z >> 30)) & lanes) * 0xBF58476D1CE4E5B9 & lanes
        z = ((z ^ (z >> 27)) & lanes) * 0x94D049BB133111EB & lanes
        return unpack((z ^ (z >> 31)).to_bytes(length, "little"))

    return drawn


def high(bits: int, count: int) -> int:
    """An index below ``count`` from the upper half of 64 bits."""
    return (bits >> 32) * count >> 32


def low(bits: int, count: int) -> int:
    """An index below ``count`` from the lower half of 64 bits."""
    return (bits & 0xFFFFFFFF) * count >> 32
