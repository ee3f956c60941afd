"""Quarantine: when a job has failed too often to go on as usual, and when it tries again.

Rule: numbers in, numbers and words out. Knows no engine and no clock.
"""

from __future__ import annotations

from dataclasses import dataclass

DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Quarantine:
    """How an IdP quarantines its job (entra:8 [M4]).

    cadence:  seconds from one cycle to the next while in quarantine, the last one repeating
    days:     how long it may last before the job is switched off
    share:    more failures than this, in percent of the objects of a cycle, are too many …
    least:    … where there are at least so many
    most:     more than this are too many at any share, and so are ``absolute`` or more
    """

    cadence: tuple[float, ...]
    days: float
    share: float
    least: int
    most: int
    absolute: int

    @property
    def limit(self) -> float:
        """Seconds after which the job is switched off."""
        return self.days * DAY

    def gap(self, attempts: int) -> float:
        """Seconds to the next cycle after so many in vain."""
        return self.cadence[min(attempts, len(self.cadence) - 1)]

    def flood(self, failed: int) -> str:
        """Why a cycle that has so many failures is broken off, "" where it goes on. References don't count."""
        if failed > self.most or failed >= self.absolute:
            return f"EncounteredEscrowProportionThreshold: {failed} objects failed in one cycle"
        return ""

    def verdict(self, failed: int, played: int) -> str:
        """Why a cycle that is over puts the job into quarantine, "" where it doesn't. References don't count."""
        if failed >= self.least and failed * 100 > self.share * played:
            return f"EncounteredEscrowProportionThreshold: {failed} of {played} objects failed in one cycle"
        return self.flood(failed)
