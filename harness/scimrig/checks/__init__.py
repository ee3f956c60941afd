"""Standing checks: what every exchange of a run must keep to, whoever sent it and why.

``all`` lists them, ``examine`` puts one exchange to all of them. To add one: a function ``Answer → problems or None``
in the file of its theme, an entry in that file's ``CHECKS``, sound and broken exchanges in ``tests/checks``.

Rule: pure. Each exchange stands alone: it is judged the same in every order and from the log alone.
"""

from __future__ import annotations

from functools import cache

from scimrig.checks import (
    discovery,
    errors,
    filtering,
    http,
    lists,
    meta,
    projection,
    resources,
    secrets,
    values,
    versions,
    writes,
)
from scimrig.checks.answer import read
from scimrig.checks.check import Check, Known, Problem
from scimrig.evidence import Exchange
from scimrig.suggestion import did_you_mean
from scimrig.verdicts import Finding

__all__ = ["Check", "Known", "Problem", "all", "examine", "get"]

_THEMES = (http, errors, writes, resources, meta, values, lists, filtering, projection, secrets, versions, discovery)


@cache
def all() -> tuple[Check, ...]:  # the contract's name; nobody here needs the builtin
    """Every standing check, in the order in which reports list them."""
    return tuple(check for theme in _THEMES for check in theme.CHECKS)


def get(identifier: str) -> Check:
    """A check by its id. Raises LookupError with a suggestion."""
    found = next((check for check in all() if check.id == identifier), None)
    if found is None:
        raise LookupError(f"no check {identifier!r}{did_you_mean(identifier, (check.id for check in all()))}")
    return found


def examine(exchange: Exchange, known: Known) -> tuple[tuple[str, ...], list[Finding]]:
    """(ids of the checks that the exchange reached, what they found). Without an HTTP answer it reaches none."""
    if exchange.failure is not None or exchange.status < 200:
        return (), []
    answer = read(exchange, known)
    examined: list[str] = []
    found: list[Finding] = []
    for check in all():
        findings = check.findings(answer)
        if findings is not None:
            examined.append(check.id)
            found += findings
    return tuple(examined), found
