"""What holds for every filter and every path (RFC 7644 §3.4.2.2, §3.5.2, §3.10), tried on made-up ones."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scimrig_simulator.scim.expressions import And, AttrPath, Compare, Filter, Not, Or, Path, Present, ValuePath
from scimrig_simulator.scim.filters import FilterError, matches, parse_filter, to_text
from scimrig_simulator.scim.paths import PathError, parse_attr_path, parse_path, select
from scimrig_simulator.scim.schemas import Attribute, ResourceType, Schema, common_schema

Users = st.SearchStrategy[dict[str, Any]]
Filters = st.SearchStrategy[Filter]
Values = Callable[[Attribute], st.SearchStrategy[Any]]
Holds = Callable[[Filter, dict[str, Any]], bool]

few = settings(max_examples=60)
many = settings(max_examples=500)

ORDERED = ("string", "reference", "dateTime", "integer", "decimal")
TEXTUAL = ("string", "reference")


# --- filters made up from a schema: every node, every type, names in odd case and with URNs


def operators(attribute: Attribute) -> list[str]:
    """What Table 3 lets the type of an attribute take, apart from pr."""
    ordered = ["gt", "ge", "lt", "le"] if attribute.type in ORDERED else []
    return ["eq", "ne", *ordered, *(["co", "sw", "ew"] if attribute.type in TEXTUAL else [])]


def odd(name: str) -> st.SearchStrategy[str]:
    return st.sampled_from([name, name.upper(), name.lower(), name.swapcase()])


def nullable(path: st.SearchStrategy[AttrPath]) -> Filters:
    return st.builds(Present, path) | st.builds(Compare, st.sampled_from(["eq", "ne"]), path, st.none())


def comparison(leaf: Attribute, path: st.SearchStrategy[AttrPath], values: Values) -> Filters:
    literal = values(leaf).filter(bool).map(lambda several: several[0]) if leaf.multi_valued else values(leaf)
    return st.builds(Compare, st.sampled_from(operators(leaf)), path, literal)


def trees(leaves: Filters) -> Filters:
    return st.recursive(
        leaves, lambda inner: st.builds(And, inner, inner) | st.builds(Or, inner, inner) | st.builds(Not, inner),
        max_leaves=5,
    )


def expressible(attribute: Attribute) -> list[Attribute]:
    return [sub for sub in attribute.sub_attributes if sub.name != "$ref"]  # no ATTRNAME of Figure 1 has a $


def of_attribute(uris: list[str | None], attribute: Attribute, values: Values) -> Iterator[Filters]:
    """Terms about one attribute: itself, its sub-attributes, its values one by one."""
    uri = st.sampled_from(uris).flatmap(lambda urn: st.none() if urn is None else odd(urn))
    here = st.builds(AttrPath, uri, odd(attribute.name))
    yield nullable(here)
    value = attribute.sub("value")
    if attribute.type != "complex":
        yield comparison(attribute, here, values)
    elif attribute.multi_valued and value is not None:
        yield comparison(value, here, values)
    inside: list[Filters] = []
    for sub in expressible(attribute):
        dotted = st.builds(AttrPath, uri, odd(attribute.name), odd(sub.name))
        bare = st.builds(AttrPath, st.none(), odd(sub.name))
        yield nullable(dotted) | comparison(sub, dotted, values)
        inside.append(nullable(bare) | comparison(sub, bare, values))
    if inside:
        yield st.builds(ValuePath, here, trees(st.one_of(inside)))


@pytest.fixture(scope="session")
def filters(user_type: ResourceType, values: Values) -> Filters:
    """Filters that are right for a User: no operator and no literal that an attribute's type doesn't take."""
    homes: list[tuple[list[str | None], Schema]] = [([None, user_type.schema.id], user_type.schema)]
    homes += [([None, user_type.schema.id], common_schema())]
    homes += [([extension.schema.id], extension.schema) for extension in user_type.extensions]
    terms = [of_attribute(uris, attribute, values) for uris, schema in homes for attribute in schema.attributes]
    return trees(st.one_of([term for some in terms for term in some]))


@pytest.fixture(scope="session")
def holds(user_type: ResourceType) -> Holds:
    return lambda expression, user: matches(expression, user, user_type)


# --- text


def sloppy(expression: Filter, chance: random.Random) -> str:
    """A text for a filter that nobody would write: needless parentheses and escapes, operators in any case."""
    if isinstance(expression, And | Or):
        word = _shaken("and" if isinstance(expression, And) else "or", chance)
        left = sloppy(expression.left, chance)
        if (isinstance(expression, And) and isinstance(expression.left, Or)) or chance.random() < 0.3:
            left = f"({left})"
        right = sloppy(expression.right, chance)
        simple = not isinstance(expression.right, And | Or)
        return f"{left} {word} {right}" if simple and chance.random() < 0.7 else f"{left} {word} ({right})"
    if isinstance(expression, Not):
        return f"{_shaken('not', chance)}{chance.choice(['', ' '])}({sloppy(expression.expr, chance)})"
    if isinstance(expression, ValuePath):
        return f"{expression.attr}[{sloppy(expression.filter, chance)}]"
    if isinstance(expression, Present):
        return f"{expression.attr} {_shaken('pr', chance)}"
    literal = json.dumps(expression.value, ensure_ascii=chance.random() < 0.5)
    return f"{expression.attr} {_shaken(expression.op, chance)} {literal}"


def _shaken(word: str, chance: random.Random) -> str:
    return "".join(chance.choice([letter.lower(), letter.upper()]) for letter in word)


def exactly(expression: Filter | Path) -> str:
    """For comparing: unlike ``==``, tells 1 from 1.0 and from true."""
    return repr(expression)


def parsing_prints_back(filters: Filters, data: st.DataObject) -> None:
    expression = data.draw(filters)
    text = to_text(expression)
    assert exactly(parse_filter(text)) == exactly(expression)
    assert to_text(parse_filter(text)) == text


@few
@given(st.data())
def test_a_filter_survives_its_text(filters: Filters, data: st.DataObject) -> None:
    parsing_prints_back(filters, data)


@pytest.mark.slow
@many
@given(st.data())
def test_many_filters_survive_their_text(filters: Filters, data: st.DataObject) -> None:
    parsing_prints_back(filters, data)


@few
@given(st.data(), st.integers(0, 10_000))
def test_parentheses_case_and_escapes_do_not_matter(filters: Filters, data: st.DataObject, seed: int) -> None:
    expression = data.draw(filters)
    text = sloppy(expression, random.Random(seed))
    assert exactly(parse_filter(text)) == exactly(expression)
    assert to_text(parse_filter(to_text(parse_filter(text)))) == to_text(expression)


PIECES = ["(", ")", "[", "]", '"', " ", "  ", ".", ":", "not", " and ", " or ", " eq ", "pr", "1", "-", "\\", "\0", "ſ"]


def mangled(text: str, chance: random.Random) -> str:
    """A text with one to three places cut, doubled, swapped or filled with something that means something."""
    for _ in range(chance.randint(1, 3)):
        start, end = sorted((chance.randint(0, len(text)), chance.randint(0, len(text))))
        piece = chance.choice([chance.choice(PIECES), "", text[start:end], text[start:end][::-1]])
        text = text[:start] + piece + text[chance.choice([start, end]):]
    return text


def refused_at(error: FilterError | PathError, text: str, keyword: str) -> None:
    assert 1 <= error.position <= len(text) + 1
    assert (error.status, error.scim_type) == (400, keyword)
    assert error.detail.isprintable()


def any_text_is_read_or_refused(text: str, kind: ResourceType) -> None:
    try:
        matches(parse_filter(text), {}, kind)
    except FilterError as error:
        refused_at(error, text, "invalidFilter")
    for read in (parse_path, parse_attr_path):
        try:
            read(text)
        except PathError as error:
            refused_at(error, text, "invalidPath")


NEARLY = st.text(max_size=40) | st.text(alphabet='aei.:[]()" eqandortpx10-\\', max_size=60)


@settings(max_examples=150)
@given(st.data(), NEARLY, st.integers(0, 10_000))
def test_any_text_is_read_or_refused_at_a_place_in_it(
    filters: Filters, user_type: ResourceType, data: st.DataObject, text: str, seed: int
) -> None:
    any_text_is_read_or_refused(text, user_type)
    any_text_is_read_or_refused(mangled(to_text(data.draw(filters)), random.Random(seed)), user_type)


@pytest.mark.slow
@settings(max_examples=1_000)
@given(st.data(), st.text(max_size=200), st.integers())
def test_many_texts_are_read_or_refused(
    filters: Filters, user_type: ResourceType, data: st.DataObject, text: str, seed: int
) -> None:
    any_text_is_read_or_refused(text, user_type)
    any_text_is_read_or_refused(mangled(to_text(data.draw(filters)), random.Random(seed)), user_type)


# --- meaning


def the_laws_of_logic_hold(a: Filter, b: Filter, c: Filter, user: dict[str, Any], holds: Holds) -> None:
    twins = [
        (Not(And(a, b)), Or(Not(a), Not(b))), (Not(Or(a, b)), And(Not(a), Not(b))), (Not(Not(a)), a),
        (And(a, b), And(b, a)), (Or(a, b), Or(b, a)), (And(a, a), a), (Or(a, a), a),
        (And(And(a, b), c), And(a, And(b, c))), (Or(Or(a, b), c), Or(a, Or(b, c))),
        (And(a, Or(b, c)), Or(And(a, b), And(a, c))), (Or(a, And(b, c)), And(Or(a, b), Or(a, c))),
        (Or(a, And(a, b)), a), (And(a, Or(a, b)), a), (Or(And(a, b), And(a, Not(b))), a),
    ]
    for one, other in twins:
        assert holds(one, user) is holds(other, user), (to_text(one), to_text(other))
    assert holds(Not(a), user) is not holds(a, user)


@few
@given(st.data())
def test_the_laws_of_logic_hold(filters: Filters, users: Users, holds: Holds, data: st.DataObject) -> None:
    a, b, c = (data.draw(filters) for _ in range(3))
    the_laws_of_logic_hold(a, b, c, data.draw(users), holds)


@pytest.mark.slow
@many
@given(st.data())
def test_the_laws_of_logic_hold_for_many(
    filters: Filters, users: Users, holds: Holds, data: st.DataObject
) -> None:
    a, b, c = (data.draw(filters) for _ in range(3))
    the_laws_of_logic_hold(a, b, c, data.draw(users), holds)


def respelt(expression: Filter, spell: Callable[[str], str], urn: str | None) -> Filter:
    """The same filter with every name spelled otherwise, and with the URN of the schema at names that have none."""
    if isinstance(expression, And | Or):
        return type(expression)(respelt(expression.left, spell, urn), respelt(expression.right, spell, urn))
    if isinstance(expression, Not):
        return Not(respelt(expression.expr, spell, urn))
    path = expression.attr
    uri = path.uri if path.uri is not None else urn
    attr = AttrPath(
        None if uri is None else spell(uri), spell(path.name), None if path.sub is None else spell(path.sub)
    )
    if isinstance(expression, ValuePath):
        return ValuePath(attr, respelt(expression.filter, spell, None))
    return Present(attr) if isinstance(expression, Present) else Compare(expression.op, attr, expression.value)


@few
@given(st.data())
def test_the_case_of_names_and_the_urn_of_the_core_schema_do_not_matter(
    filters: Filters, users: Users, holds: Holds, user_type: ResourceType, data: st.DataObject
) -> None:
    expression, user = data.draw(filters), data.draw(users)
    wanted = holds(expression, user)
    for spell in (str.upper, str.lower, str.swapcase):
        for urn in (None, user_type.schema.id):
            assert holds(respelt(expression, spell, urn), user) is wanted


@few
@given(st.data())
def test_the_case_of_names_in_a_resource_does_not_matter(
    filters: Filters, users: Users, holds: Holds, data: st.DataObject
) -> None:
    def shouted(value: Any) -> Any:
        if isinstance(value, dict):
            return {name.upper(): shouted(item) for name, item in value.items()}
        return [shouted(item) for item in value] if isinstance(value, list) else value

    expression, user = data.draw(filters), data.draw(users)
    assert holds(expression, shouted(user)) is holds(expression, user)


@few
@given(st.data(), st.sampled_from(["emails", "addresses", "roles", "x509Certificates", "groups", "entitlements"]))
def test_a_value_path_of_one_term_is_the_dotted_term(
    users: Users, values: Values, holds: Holds, user_type: ResourceType, data: st.DataObject, name: str
) -> None:
    """But for ne, which an attribute without any value meets, too (rfc-notes 22); and for null, which asks of all."""
    attribute = user_type.attribute(name)
    assert attribute is not None
    sub = data.draw(st.sampled_from(expressible(attribute)))
    term, user = data.draw(comparison(sub, st.just(AttrPath(None, sub.name)), values)), data.draw(users)
    assert isinstance(term, Compare)
    dotted = AttrPath(None, name, sub.name)
    grouped = holds(ValuePath(AttrPath(None, name), term), user)
    assert holds(Compare(term.op, dotted, term.value), user) is (grouped or (term.op == "ne" and not user.get(name)))
    present = ValuePath(AttrPath(None, name), Present(term.attr))
    assert holds(Present(dotted), user) is holds(present, user)


SINGLE = ("userName", "title", "active", "meta.created", "name.familyName", "profileUrl", "id")


@few
@given(st.data(), st.sampled_from(SINGLE))
def test_the_operators_of_a_single_value_agree(
    users: Users, values: Values, holds: Holds, user_type: ResourceType, data: st.DataObject, text: str
) -> None:
    path, user = parse_attr_path(text), data.draw(users)
    leaf = user_type.find(path)
    assert leaf is not None
    literal = data.draw(values(leaf))
    met = {op: holds(Compare(op, path, literal), user) for op in operators(leaf)}
    present, null = holds(Present(path), user), holds(Compare("eq", path, None), user)
    assert met["ne"] is not met["eq"]
    assert null is not present
    assert holds(Compare("ne", path, None), user) is present
    if "ge" in met:
        assert met["ge"] is (met["gt"] or met["eq"])
        assert met["le"] is (met["lt"] or met["eq"])
        assert [met["lt"], met["eq"], met["gt"]].count(True) <= 1
        assert [met["lt"], met["eq"], met["gt"]].count(True) == 1 or not select(user, text, user_type)
    if "co" in met:
        assert met["co"] or not (met["sw"] or met["ew"] or met["eq"])


@few
@given(st.data())
def test_a_complex_attribute_of_several_values_compares_by_their_value(
    users: Users, values: Values, holds: Holds, user_type: ResourceType, data: st.DataObject
) -> None:
    name, user = data.draw(st.sampled_from(["emails", "roles", "x509Certificates", "photos"])), data.draw(users)
    attribute = user_type.attribute(name)
    value = attribute.sub("value") if attribute is not None else None
    assert value is not None
    term = data.draw(comparison(value, st.just(AttrPath(None, name)), values))
    assert isinstance(term, Compare)
    assert holds(term, user) is holds(Compare(term.op, AttrPath(None, name, "value"), term.value), user)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["value", "type", "primary", "name", "x"]) | st.text(max_size=3), inner),
    max_leaves=6,
)


@few
@given(st.data())
def test_no_resource_is_at_fault(
    filters: Filters, user_type: ResourceType, holds: Holds, data: st.DataObject
) -> None:
    attributes = [attribute.name for attribute in (*user_type.schema.attributes, *common_schema().attributes)]
    urns = [extension.schema.id for extension in user_type.extensions]
    resource = data.draw(st.dictionaries(st.sampled_from([*attributes, *urns]), ANYTHING))
    assert holds(data.draw(filters), resource) in (True, False)
    path = data.draw(st.sampled_from([*attributes, "emails.value", 'emails[type eq "work"].value', *urns]))
    assert None not in select(resource, path, user_type)


# --- paths


@few
@given(st.data(), st.none() | st.sampled_from(["value", "$ref", "TYPE"]))
def test_a_path_survives_its_text(filters: Filters, data: st.DataObject, sub: str | None) -> None:
    found = [node for node in nodes(data.draw(filters)) if isinstance(node, Present | Compare | ValuePath)]
    for node in found:
        path = Path(node.attr, node.filter, sub) if isinstance(node, ValuePath) else Path(node.attr)
        tail = f".{sub}" if path.filter is not None and sub is not None else ""
        text = f"{path.attr}[{to_text(path.filter)}]{tail}" if path.filter is not None else str(path.attr)
        assert exactly(parse_path(text)) == exactly(path)


@few
@given(st.data())
def test_a_path_selects_the_values_that_its_filter_matches(
    filters: Filters, users: Users, holds: Holds, user_type: ResourceType, data: st.DataObject
) -> None:
    user = data.draw(users)
    for node in nodes(data.draw(filters)):
        if isinstance(node, ValuePath):
            every = select(user, Path(node.attr), user_type)
            some = select(user, Path(node.attr, node.filter), user_type)
            assert all(item in every for item in some)
            assert holds(node, user) or not some


def nodes(expression: Filter) -> list[Filter]:
    if isinstance(expression, And | Or):
        return [expression, *nodes(expression.left), *nodes(expression.right)]
    return [expression, *nodes(expression.expr)] if isinstance(expression, Not) else [expression]
