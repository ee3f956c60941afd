"""Standing check on filters: every row that is returned satisfies the filter, as it is serialized (RFC 7644 §3.4.2.2).

A filter that the server ignores or misreads makes an IdP link the wrong account (bugs FILT-01, FILT-12).

Rule: only what a row shows is held against it. A condition that can't be decided from the row is *open*, and openness
carries through and, or, not. Open are: ``ne`` and ordering (rfc-notes 22, 23, 26), null and "" as operands (27),
operands of another type than the attribute (25), names of extensions without their URN (32), attributes that may be
hidden (``returned``, projection, long member lists), and values that differ in case or Unicode form alone.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from scimrig.checks.answer import Answer, Row, clip, same, shown
from scimrig.checks.check import Check, Problem
from scimrig.verdicts import Severity, Status
from scimrig_simulator.scim.expressions import And, AttrPath, Compare, Filter, Not, Or, Path, Present, ValuePath
from scimrig_simulator.scim.filters import FilterError, matches, parse_filter
from scimrig_simulator.scim.paths import select
from scimrig_simulator.scim.schemas import Attribute, Located

_DECIDABLE = frozenset({"eq", "co", "sw", "ew"})
_TEXT = frozenset({"string", "reference", "binary"})
_CAPPED = 100
"""A list of members this long may have been cut."""


def list_filter_honoured(answer: Answer) -> list[Problem] | None:
    text = answer.asked.filter
    if text is None or not answer.asked.clear or not answer.listing or not answer.is_list:
        return None
    if answer.target.resource_type is None:  # a search over all types, or discovery, which has no filters
        return None
    try:
        condition = parse_filter(text)
    except FilterError:
        return None
    found = []
    for row in answer.rows:
        judge = _Judge(row, answer.asked.whole)
        if judge.holds(condition) is False:
            found.append(_broken(answer, text, condition, judge))
    return found


def _broken(answer: Answer, text: str, condition: Filter, judge: _Judge) -> Problem:
    grade, requirement = None, ""
    if answer.known.advertises("filter") is False:
        grade, requirement = Status.WARN, "RFC7644-3.4.2.2-R28"  # rfc-notes 34: filtering is OPTIONAL then
    elif judge.lacking and len(answer.rows) == 1:
        # the right row, perhaps, without the attribute that it was found by (as after a create that drops externalId)
        grade = Status.WARN
    seen = ", ".join(f"{leaf.attr} {shown(judge.values(leaf.attr), 60)}" for leaf in _leaves(condition)[:3])
    names = " ".join(sorted({str(leaf.attr) for leaf in _leaves(condition)}))
    title = f"{judge.row.where}a row is returned that does not satisfy the filter {clip(text)}"
    title += " (it lacks the attribute)" if judge.lacking else ""
    return Problem(
        title, clip(text, 160), f"{len(answer.rows)} rows; this one has {seen}", f"filter {names}", grade, requirement
    )


@dataclass(slots=True)
class _Judge:
    """Decides a filter on one row. ``lacking`` turns true where an attribute was looked for that the row has not."""

    row: Row
    whole: bool
    lacking: bool = False

    def holds(self, condition: Filter) -> bool | None:
        """True, False, or None where it is open (Kleene's logic)."""
        if isinstance(condition, (And, Or)):
            sides = (self.holds(condition.left), self.holds(condition.right))
            decisive = isinstance(condition, Or)
            return decisive if decisive in sides else None if None in sides else not decisive
        if isinstance(condition, Not):
            inner = self.holds(condition.expr)
            return None if inner is None else not inner
        return self._leaf(condition)

    def values(self, attr: AttrPath) -> list[Any]:
        return select(dict(self.row.resource), Path(attr), self.row.resource_type)

    def _leaf(self, leaf: Compare | Present | ValuePath) -> bool | None:
        located = self.row.resource_type.locate(leaf.attr)
        if located is None:
            return self._unknown(leaf)
        if self._hidden(located, leaf) or not _decidable(located, leaf):
            return None
        if matches(leaf, dict(self.row.resource), self.row.resource_type):  # decidable leaves don't raise
            return True
        values = self.values(leaf.attr)
        if isinstance(leaf, Present):
            return None if values else False  # "" is a value of type string, yet empty (rfc-notes 44)
        if not values:
            self.lacking = True
            return False if isinstance(leaf, Compare) and leaf.op == "eq" and isinstance(leaf.value, str) else None
        return self._but_for_case(leaf)

    def _but_for_case(self, leaf: Compare | ValuePath) -> bool | None:
        """False, or open where the row matches once case and Unicode form are put aside; externalId is never open."""
        folded = matches(_folded_filter(leaf), _folded(self.row.resource), self.row.resource_type)
        exact = isinstance(leaf, Compare) and same(leaf.attr.name, "externalId")  # rfc-notes 28: wrong = FAIL
        return None if folded and not exact else False

    def _unknown(self, leaf: Compare | Present | ValuePath) -> bool | None:
        """An attribute that we don't know counts as unassigned (rfc-notes 32), unless it may be the server's own."""
        name = leaf.attr.name
        kind = self.row.resource_type
        if leaf.attr.sub is not None and kind.locate(replace(leaf.attr, sub=None)) is not None:
            return None  # a sub-attribute of the server's own
        if leaf.attr.uri is None and any(extension.schema.attribute(name) for extension in kind.extensions):
            return None
        holders = [self.row.resource, *(value for value in self.row.resource.values() if isinstance(value, dict))]
        if not self.whole or any(same(key, name) for holder in holders for key in holder):
            return None
        if isinstance(leaf, Compare) and not (leaf.op == "eq" and isinstance(leaf.value, str) and leaf.value):
            return None
        self.lacking = True
        return False

    def _hidden(self, located: Located, leaf: Compare | Present | ValuePath) -> bool:
        attribute = located.attribute
        if {attribute.returned, located.leaf.returned} & {"never", "request"}:
            return True
        values = self.values(replace(leaf.attr, sub=None))
        if attribute.name in ("members", "groups") and (not values or len(values) >= _CAPPED):
            return True  # some servers return them on request only (rfc-notes 39), or a part of them
        if attribute.name == "meta" and not values:
            return True
        return not self.whole and (isinstance(leaf, ValuePath) or not self.values(leaf.attr))


def _decidable(located: Located, leaf: Compare | Present | ValuePath) -> bool:
    """Whether operator and operand leave one reading."""
    if isinstance(leaf, Present):
        return True
    if isinstance(leaf, ValuePath):
        return located.sub is None and _inside(located.attribute, leaf.filter)
    return _comparable(located.leaf, leaf)


def _inside(attribute: Attribute, condition: Filter) -> bool:
    if isinstance(condition, (And, Or)):
        return _inside(attribute, condition.left) and _inside(attribute, condition.right)
    if isinstance(condition, Not):
        return _inside(attribute, condition.expr)
    if isinstance(condition, ValuePath):
        return False
    sub = attribute.sub(condition.attr.name) if condition.attr.uri is None and condition.attr.sub is None else None
    return sub is not None and (isinstance(condition, Present) or _comparable(sub, condition))


def _comparable(attribute: Attribute, leaf: Compare) -> bool:
    if leaf.op not in _DECIDABLE or leaf.value is None or leaf.value == "":
        return False
    if attribute.type == "complex":
        value = attribute.sub("value") if attribute.multi_valued else None  # rfc-notes 21
        return value is not None and _comparable(value, leaf)
    if attribute.type == "boolean":
        return leaf.op == "eq" and isinstance(leaf.value, bool)
    return attribute.type in _TEXT and isinstance(leaf.value, str)


def _leaves(condition: Filter) -> list[Compare | Present | ValuePath]:
    if isinstance(condition, (And, Or)):
        return [*_leaves(condition.left), *_leaves(condition.right)]
    return _leaves(condition.expr) if isinstance(condition, Not) else [condition]


def _folded(value: Any) -> Any:
    if isinstance(value, str):
        return unicodedata.normalize("NFKC", value).casefold().strip()
    if isinstance(value, Mapping):
        return {key: _folded(item) for key, item in value.items()}
    return [_folded(item) for item in value] if isinstance(value, list) else value


def _folded_filter(condition: Filter) -> Filter:
    if isinstance(condition, (And, Or)):
        return replace(condition, left=_folded_filter(condition.left), right=_folded_filter(condition.right))
    if isinstance(condition, Not):
        return Not(_folded_filter(condition.expr))
    if isinstance(condition, ValuePath):
        return replace(condition, filter=_folded_filter(condition.filter))
    return replace(condition, value=_folded(condition.value)) if isinstance(condition, Compare) else condition


CHECKS = (
    Check(
        "list-filter-honoured",
        "Every row of a filtered list satisfies the filter",
        "RFC7644-3.4.2.2-R01",
        Severity.SECURITY,
        "the people behind the accounts: an IdP that looks for one person and is handed another links, updates and "
        "switches off the wrong one",
        "rows of lists that were asked for with a filter",
        list_filter_honoured,
    ),
)
