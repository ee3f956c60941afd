"""What a filter selects, as SQL on the columns and indexes of the store.

A condition is exact, or it lets more rows through than the filter does, never fewer: what no index knows is left out of
it, and whoever asks has to match the rest in memory (``scim.matching``, whose meaning this keeps to the letter). All
text columns compare by code point, as strings do there, and no value becomes a pattern: a prefix is a range.

Rule: pure; knows the store's columns and terms, runs no statement. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from scimrig_simulator.scim.compare import fold, instant
from scimrig_simulator.scim.expressions import And, AttrPath, Compare, Filter, Not, Or, Present, ValuePath, operands
from scimrig_simulator.scim.schemas import Located, ResourceType, unique_places

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DEEPEST = 12
"""Levels of nesting that become SQL; SQLite's own parser takes no more than a hundred symbols at a time."""
_MOST_VALUES = 30_000
"""Values in one statement, of which SQLite takes 32,766; only dozens of types and a filter of 200 terms come near."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of ``resource``. type: of the attribute in it.  folded: whether it holds text as ``fold`` makes it."""

    name: str
    type: str = "string"
    folded: bool = False


_COLUMNS = {
    "id": Column("id"),
    "externalId": Column("external_id"),
    "userName": Column("user_name", folded=True),
    "displayName": Column("display_name", folded=True),
    "active": Column("active", "boolean"),
    "meta.resourceType": Column("kind"),
    "meta.created": Column("created", "dateTime"),
    "meta.lastModified": Column("modified", "dateTime"),
}
_ALWAYS = ("id", "kind", "created", "modified")
_TERM = "id IN (SELECT id FROM term WHERE tenant = ? AND kind = ? AND name = ? AND {test})"
_HOLDING = "id IN (SELECT group_id FROM membership WHERE tenant = ? AND member_id IN (?, ?))"
_BELOW = """id IN (WITH RECURSIVE below (id) AS (
  SELECT member_id FROM membership WHERE tenant = ? AND group_id IN (?, ?)
  UNION SELECT member_id FROM below CROSS JOIN membership ON membership.tenant = ? AND membership.group_id = below.id
) SELECT id FROM below)"""


@dataclass(frozen=True, slots=True)
class Condition:
    """SQL on the columns of ``resource`` with its values.

    exact: no row meets it that doesn't meet the filter.  bound: it names the kind of its rows.
    """

    sql: str
    values: tuple[object, ...] = ()
    exact: bool = True
    bound: bool = False


ALL = Condition("1")
NOTHING = Condition("0")
UNKNOWN = Condition("1", exact=False)
"""What no index can say anything about."""


def column(place: Located, kind: ResourceType) -> Column | None:
    """The column that holds exactly the values of a place as they compare; None where none does."""
    found = _COLUMNS.get(place.name) if place.extension is None else None
    if found is None or place.attribute.multi_valued or place.leaf.type != found.type:
        return None
    return found if found.type != "string" or found.folded is not place.leaf.case_exact else None


def condition(wanted: Filter | None, kind: ResourceType, tenant: int, grouping: bool = True) -> Condition:
    """What a filter asks of the rows of one type. grouping: users have ``groups``. Never raises.

    It says itself of which kind the rows are, so that conditions for several types can be joined by ``either``.
    """
    found = ALL if wanted is None else _Clauses(kind, tenant, grouping).of(wanted, _DEEPEST)
    if found.bound or found == NOTHING:
        return found
    return _joined(" AND ", (every(kind.name), found))


def every(kind: str) -> Condition:
    """All rows of one type."""
    return Condition("kind = ?", (kind,), bound=True)


def either(conditions: Mapping[str, Condition]) -> Condition:
    """The rows of several types, each with its condition."""
    if sum(len(one.values) for one in conditions.values()) > _MOST_VALUES:
        return replace(_joined(" OR ", [every(kind) for kind in conditions]), exact=False)
    return _joined(" OR ", list(conditions.values()))


@dataclass(frozen=True, slots=True)
class _Clauses:
    """Makes the conditions for one type."""

    kind: ResourceType
    tenant: int
    grouping: bool

    def of(self, wanted: Filter, levels: int) -> Condition:
        if isinstance(wanted, Compare):
            return self._comparison(wanted)
        if isinstance(wanted, Present):
            place = self._place(wanted.attr)
            return NOTHING if place is None else self._presence(place)
        if levels == 0:
            return UNKNOWN
        if isinstance(wanted, Not):
            return _negated(self.of(wanted.expr, levels - 1))
        if isinstance(wanted, ValuePath):
            place = self._place(wanted.attr)
            return NOTHING if place is None else self._element(wanted.filter, place, levels - 1)
        return _joined(_word(wanted), [self.of(term, levels - 1) for term in operands(wanted)])

    def _place(self, path: AttrPath) -> Located | None:
        place = self.kind.locate(path)
        hidden = place is None or "never" in (place.attribute.returned, place.leaf.returned)
        return None if hidden else place

    def _comparison(self, wanted: Compare) -> Condition:
        place = self._place(wanted.attr)
        if place is None:
            return ALL if (wanted.op == "ne") is not (wanted.value is None) and wanted.op in ("eq", "ne") else NOTHING
        if wanted.value is None:
            present = self._presence(place)
            return present if wanted.op == "ne" else _negated(present)
        place = _valued(place)
        held = column(place, self.kind)
        if held is not None:
            return self._column(held, wanted)
        if place.attribute.multi_valued:
            return self._any_value(place, wanted)
        term = self._term(place, wanted.op if wanted.op != "ne" else "eq", wanted.value)
        return _negated(term) if wanted.op == "ne" else term

    def _presence(self, place: Located) -> Condition:
        held = column(place, self.kind)
        if held is None:
            return self._term(place, "pr", "")
        if held.name in _ALWAYS:
            return ALL
        test = f"{held.name} > ''" if held.type == "string" else f"{held.name} IS NOT NULL"
        return self._of_kind(test)

    def _column(self, held: Column, wanted: Compare) -> Condition:
        if held.type == "boolean":
            test = "active IS NOT ?" if wanted.op == "ne" else "active = ?"
            usable = isinstance(wanted.value, bool) and wanted.op in ("eq", "ne")
            return self._of_kind(test, int(bool(wanted.value))) if usable else UNKNOWN
        if not isinstance(wanted.value, str):
            return UNKNOWN
        if held.type == "dateTime":
            found = _moment(held.name, wanted.op, wanted.value)
        else:
            found = _text(held.name, wanted.op, wanted.value, held.folded)
        return found if found in (ALL, NOTHING, UNKNOWN) else self._of_kind(found.sql, *found.values)

    def _any_value(self, place: Located, wanted: Compare) -> Condition:
        """``ne`` asks for a value that differs, or for none at all: no index knows."""
        if wanted.op == "ne" or not isinstance(wanted.value, str):
            return UNKNOWN
        if place.name in ("members.value", "groups.value") and place.leaf.type == "string":
            return self._link(place, wanted.value) if wanted.op == "eq" else UNKNOWN
        return self._term(place, wanted.op, wanted.value)

    def _link(self, place: Located, value: str) -> Condition:
        """The ids that the server makes are in lower case: who asks without regard to case means such a one."""
        if not _storable(value):
            return UNKNOWN
        ids = (value, value if place.leaf.case_exact else fold(value))
        if place.attribute.name == "members" and self.kind.name == "Group":
            return self._of_kind(_HOLDING, self.tenant, *ids)
        if place.attribute.name == "groups" and self.kind.name == "User" and self.grouping:
            return self._of_kind(_BELOW, self.tenant, *ids, self.tenant)
        return UNKNOWN

    def _term(self, place: Located, op: str, value: object) -> Condition:
        """By the index of terms: e-mail addresses, and what is unique. It holds exact text in one normal form only."""
        indexed = place.name == "emails.value" or any(place.name == unique.name for unique in unique_places(self.kind))
        if not indexed or place.leaf.type != "string" or not isinstance(value, str):
            return UNKNOWN
        test = _text("value", op, value, folded=True) if op != "pr" else Condition("value > ''")
        if place.leaf.case_exact or test in (NOTHING, UNKNOWN):
            return UNKNOWN
        sql = _TERM.format(test=test.sql)
        return self._of_kind(sql, self.tenant, self.kind.name, place.name, *test.values)

    def _element(self, wanted: Filter, place: Located, levels: int) -> Condition:
        """``attr[filter]``: some one value meets the filter. Each clause is known of some value, not of the same."""
        if place.sub is not None or not place.attribute.multi_valued or levels == 0:
            return UNKNOWN
        if isinstance(wanted, And | Or):
            terms = [self._element(term, place, levels - 1) for term in operands(wanted)]
            found = _joined(_word(wanted), terms)
            return found if isinstance(wanted, Or) else replace(found, exact=False)
        if not isinstance(wanted, Compare | Present) or wanted.attr.name.lower() != "value":
            return UNKNOWN
        value = place.attribute.sub("value")
        if value is None or value.returned == "never" or wanted.attr.uri or wanted.attr.sub:
            return UNKNOWN
        inner = Located(place.extension, place.attribute, value)
        return self._presence(inner) if isinstance(wanted, Present) else self._any_value(inner, wanted)

    def _of_kind(self, test: str, *values: object) -> Condition:
        """Each clause names the kind: every index begins with it, and an ``OR`` looks at each clause by itself."""
        return Condition(f"(kind = ? AND {test})", (self.kind.name, *values), bound=True)


def _word(wanted: And | Or) -> str:
    return " AND " if isinstance(wanted, And) else " OR "


def _joined(word: str, terms: Sequence[Condition]) -> Condition:
    """Terms joined by ``AND`` or ``OR``; what is known to hold, or never to hold, isn't asked."""
    every = word == " AND "
    if any(term.sql == ("0" if every else "1") for term in terms):
        return NOTHING if every else ALL if ALL in terms else UNKNOWN
    exact = all(term.exact for term in terms)
    asked = [term for term in terms if term.sql not in ("0", "1")]
    if not asked:
        return Condition("1" if every else "0", exact=exact)
    sql = word.join(term.sql for term in asked)
    values = tuple(value for term in asked for value in term.values)
    bound = any(term.bound for term in asked) if every else all(term.bound for term in asked)
    return Condition(sql if len(asked) == 1 else f"({sql})", values, exact, bound)


def _negated(term: Condition) -> Condition:
    """What isn't exact can't be turned round. A row of which a clause knows nothing (NULL) doesn't meet it."""
    if not term.exact:
        return UNKNOWN
    if term.sql in ("0", "1"):
        return NOTHING if term.sql == "1" else ALL
    return Condition(f"{term.sql} IS NOT TRUE", term.values)


def _valued(place: Located) -> Located:
    """``emails`` compares by its ``value`` (RFC 7644 Figure 2)."""
    value = place.leaf.sub("value") if place.leaf.type == "complex" and place.leaf.multi_valued else None
    hidden = value is None or value.returned == "never"
    return place if hidden else Located(place.extension, place.attribute, value)


def _text(name: str, op: str, value: str, folded: bool) -> Condition:
    """A comparison of text. Bytes compare as code points do, and a character's bytes are part of no other's."""
    if not _storable(value):
        return UNKNOWN
    wanted = fold(value) if folded else value
    match op:
        case "eq" | "ne":
            return Condition(f"{name} {'=' if op == 'eq' else 'IS NOT'} ?", (wanted,))
        case "gt" | "ge" | "lt" | "le":
            sign = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}[op]
            return Condition(f"{name} {sign} ?", (wanted,))
        case "sw":
            end = _after(wanted)
            if end is None:
                return Condition(f"{name} >= ?", (wanted,))
            return Condition(f"{name} >= ? AND {name} < ?", (wanted, end))
        case "co" | "ew" if wanted == "":
            return Condition(f"{name} IS NOT NULL")
        case "co":
            return Condition(f"instr(CAST({name} AS BLOB), ?) > 0", (wanted.encode(),))
        case "ew":
            tail = wanted.encode()
            return Condition(f"substr(CAST({name} AS BLOB), -{len(tail)}) = ?", (tail,))
    return UNKNOWN


def _after(prefix: str) -> str | None:
    """The first text behind all that begin with ``prefix``; None where nothing can be."""
    stem = prefix.rstrip("\U0010ffff")
    if not stem:
        return None
    code = ord(stem[-1]) + 1
    return stem[:-1] + chr(0xE000 if code == 0xD800 else code)  # what lies between stands for no character


def _storable(text: str) -> bool:
    """Whether text can be a value in SQL at all: one with half a surrogate pair can't."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _moment(name: str, op: str, value: str) -> Condition:
    """A comparison with a point in time. Rows know theirs to the millisecond, filters to the microsecond."""
    try:
        micros = (instant(value) - _EPOCH) // timedelta(microseconds=1)
    except ValueError:
        return UNKNOWN
    whole, rest = divmod(micros, 1000)
    match op:
        case "eq" | "ne" if rest:
            return NOTHING if op == "eq" else ALL
        case "eq" | "ne":
            return Condition(f"{name} {'=' if op == 'eq' else '<>'} ?", (whole,))
        case "gt" | "le":
            return Condition(f"{name} {'>' if op == 'gt' else '<='} ?", (whole,))
        case "ge" | "lt":
            return Condition(f"{name} {'>=' if op == 'ge' else '<'} ?", (whole + bool(rest),))
    return UNKNOWN
