"""Reproducible picks: SplitMix64 as a hash of (seed, number, field).

Python's own generator may change between versions, and it has to run through 1..n-1 to reach n. This one does neither.

Rule: pure arithmetic, no imports of this project.
"""

from __future__ import annotations

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15  # the odd number next to 2**64 / golden ratio: SplitMix64's step


def mix(value: int) -> int:
    """SplitMix64's output for the state ``value``: 64 bits in which each bit of the input moves half of them."""
    z = (value + _GOLDEN) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


def draw(row: int, field: int) -> int:
    """64 bits for one field (a small integer) of one row (itself a ``mix``)."""
    return mix(row + field * _GOLDEN)


def high(bits: int, count: int) -> int:
    """An index below ``count`` from the upper half of 64 bits."""
    return (bits >> 32) * count >> 32


def low(bits: int, count: int) -> int:
    """An index below ``count`` from the lower half of 64 bits."""
    return (bits & 0xFFFFFFFF) * count >> 32
