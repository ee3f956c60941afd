"""Two parsers of others read our filters, and one evaluates them: every disagreement has its reason in a table.

``scim2-filter-parser`` gives a syntax tree; ``scim2-models`` (``ScimFilter``) selects resources. An unexplained
disagreement fails, and so does an explanation that nothing needs any more. Whose reading follows the text is said at
each row; "open" is where the text leaves it open.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scimrig_simulator.scim import urns
from scimrig_simulator.scim.expressions import And, AttrPath, Compare, Filter, Not, Or, Present, ValuePath
from scimrig_simulator.scim.filters import FilterError, parse_filter, predicate, to_text
from scimrig_simulator.scim.schemas import Extension, builtin, schema_from_json

models = pytest.importorskip("scim2_models", reason="pip install --group peers")
parser = pytest.importorskip("scim2_filter_parser.parser", reason="pip install --group peers")
lexer = pytest.importorskip("scim2_filter_parser.lexer", reason="pip install --group peers")
nodes = pytest.importorskip("scim2_filter_parser.ast", reason="pip install --group peers")

pytestmark = pytest.mark.peer

CORPUS = json.loads((Path(__file__).parents[2] / "scenarios" / "corpora" / "filter-corpus.json").read_text("utf-8"))
REFUSED = "refused"

OTHERS = [
    # beside the corpus: what only one of two readers takes, and plain filters that all must read alike
    'title eq "a" and title eq "b" or title eq "c"', 'title eq "a" or title eq "b" and title eq "c"',
    'not (title pr) or not(name pr)', 'emails[not (type pr) and value pr]', "active eq TRUE", "title eq Null",
    'title eq "tab\\there"', 'title eq "\\/"', 'title eq "\\ud83d\\ude00"', 'title eq "\\ud83d"', 'title eq "a\nb"',
    "title eq 1", "title eq -1", "title eq 1.5", "title eq 1e2", "title eq 10", "title eq nul", "title eq truest",
    "core:title pr", "urn:x pr", "http://example.com/2.0:title pr", "cost$ pr", "members.$ref pr",
    "emails.value[type pr]", "emails[type pr].value", "emails[emails[type pr]]", "trueName pr", "nothing pr",
    "title  pr", "title pr\tand name pr", "(title pr )", "title pr and(name pr)", "a.b.c pr", "not title pr", "",
    'title eq ""', 'title eq "\\"', "emails[type pr]pr", "eq pr", "pr pr", "nOt (title PR) aNd name Pr",
    'emails.value co "@"', 'emails co "x" or emails[value co "x"]', 'name[familyName eq "Lee"]', "name eq null",
    "emails eq null", "emails.type eq null", "emails.primary ne true", "favouriteColour ne \"x\"", 'password eq "x"',
    'password ne "x"', "password gt null", 'title co null', 'schemas[value co "lab"]',
    'meta.created eq "2024-01-01T00:00:00"',
    'meta.created lt "9999-12-31T23:59:59Z"', 'displayName eq "STRASSE"', 'name.familyName eq "Garci\u0301a"',
    'name.familyName eq "GARCÍA"', 'userName eq "ｌｅｅ"', 'members.value eq "uid-02X"', 'members.type eq "user"',
    f'{urns.USER}:name.familyName eq "lee"', f"{urns.ENTERPRISE} pr", f'{urns.ENTERPRISE}:manager.value eq "Uid-02x"',
    f'{urns.ENTERPRISE}:manager[value eq "Uid-02x"]', f'{urns.ENTERPRISE}:manager eq "Uid-02x"', "x509Certificates pr",
    'x509Certificates.value eq "MIIB"', 'profileUrl eq "https://example.com/x"', "addresses eq \"x\"", "active ne null",
]


@dataclass(frozen=True, slots=True)
class Case:
    """A filter that two read differently. ``ours``, ``theirs``: a tree or the names selected, or ``REFUSED``."""

    text: str
    tree: Filter | None
    ours: Any
    theirs: Any

    def has(self, test: Callable[[Any], bool]) -> bool:
        """Whether a node of our tree is so."""
        return self.tree is not None and any(test(node) for node in walked(self.tree))


@dataclass(frozen=True, slots=True)
class Reason:
    """Why two readers disagree about a class of filters. ``right``: "we", "they" or "open"."""

    applies: Callable[[Case], bool]
    right: str
    words: str


def walked(tree: Filter) -> list[Filter]:
    if isinstance(tree, And | Or):
        return [tree, *walked(tree.left), *walked(tree.right)]
    if isinstance(tree, Not):
        return [tree, *walked(tree.expr)]
    return [tree, *walked(tree.filter)] if isinstance(tree, ValuePath) else [tree]


def parsed(text: str) -> Filter | None:
    try:
        return parse_filter(text)
    except FilterError:
        return None


def unexplained(cases: list[Case], reasons: list[Reason]) -> list[Case]:
    return [case for case in cases if not any(reason.applies(case) for reason in reasons)]


def idle(cases: list[Case], reasons: list[Reason]) -> list[str]:
    """Reasons that explain nothing which another one doesn't explain already."""
    needed: set[int] = set()
    for case in cases:
        needed.update([place for place, reason in enumerate(reasons) if reason.applies(case)][:1])
    return [reason.words for place, reason in enumerate(reasons) if place not in needed]


# --- scim2-filter-parser: the tree


def tree_of_theirs(text: str) -> str:
    try:
        found = parser.SCIMParser().parse(lexer.SCIMLexer().tokenize(text))
        return REFUSED if found is None else repr(_converted(found))
    except (parser.SCIMParserError, ValueError):
        return REFUSED


def _converted(node: Any) -> Filter:
    """Their tree as ours. Raises ValueError for what has no counterpart: a value path in place of a name."""
    if isinstance(node, nodes.Filter):
        inner = _converted(node.expr)
        if node.namespace is not None:
            inner = ValuePath(_path(node.namespace), inner)
        return Not(inner) if node.negated else inner
    if isinstance(node, nodes.LogExpr):
        return (And if node.op.lower() == "and" else Or)(_converted(node.expr1), _converted(node.expr2))
    attr = _path(node.attr_path)
    return Present(attr) if node.comp_value is None else Compare(node.value.lower(), attr, node.comp_value.value)


def _path(node: Any) -> AttrPath:
    if not isinstance(node.attr_name, str):
        raise ValueError("a value path in place of a name")
    return AttrPath(node.uri, node.attr_name, node.sub_attr.value if node.sub_attr is not None else None)


def tree_of_ours(text: str) -> str:
    tree = parsed(text)
    return REFUSED if tree is None else repr(_as_words(tree))


def _as_words(tree: Filter) -> Filter:
    """Our tree with literals as text, the only form theirs has."""
    if isinstance(tree, And | Or):
        return type(tree)(_as_words(tree.left), _as_words(tree.right))
    if isinstance(tree, Not):
        return Not(_as_words(tree.expr))
    if isinstance(tree, ValuePath):
        return ValuePath(tree.attr, _as_words(tree.filter))
    if isinstance(tree, Compare) and not isinstance(tree.value, str):
        return Compare(tree.op, tree.attr, json.dumps(tree.value))
    return tree


def parsing_disagreements(texts: list[str]) -> list[Case]:
    cases = [Case(text, parsed(text), tree_of_ours(text), tree_of_theirs(text)) for text in texts]
    return [case for case in cases if case.ours != case.theirs]


SPACING = re.compile(r"^\s|\s$|\s\s|[\t\n]|\( | [)\[]|\w\"|[a-z]\(|\)[a-z]")


def outside_strings(text: str) -> str:
    return re.sub(r'"(?:[^"\\]|\\.)*"', '""', text)


PARSING = [
    Reason(lambda c: "\\" in c.text, "we", "it takes no escapes in strings; RFC 8259 §7 has them"),
    Reason(lambda c: c.ours == REFUSED and "\n" in c.text, "we", "control characters must be escaped (RFC 8259 §7)"),
    Reason(lambda c: c.has(lambda n: isinstance(n, Compare) and type(n.value) in (int, float)), "we",
           "its numbers are one digit; RFC 8259 §6 has sign, fraction and exponent"),
    Reason(lambda c: c.has(lambda n: isinstance(n, Or)) and c.has(lambda n: isinstance(n, And)), "we",
           "it gives and and or one precedence; and binds tighter (RFC 7644 §3.4.2.2)"),
    Reason(lambda c: c.ours == REFUSED and SPACING.search(outside_strings(c.text)) is not None, "we",
           "it drops blanks before it parses; Figure 1 has one SP and says where"),
    Reason(lambda c: c.ours == REFUSED and "$" in c.text, "we",
           "nameChar of Figure 1 has no $ (RFC 7643 §2.1 has, so PATCH paths and attributes= take it)"),
    Reason(lambda c: c.ours == REFUSED and re.search(r"\[[^]]*\[", c.text) is not None, "open",
           "the printed ABNF lets a value path into another through logExp, errata 4690 and 7322 do not"),
    Reason(lambda c: "http:" in c.text, "we", "its URIs are urn: only; Figure 1 says URI of RFC 3986"),
    Reason(lambda c: c.theirs == REFUSED and c.has(
        lambda n: isinstance(n, Present) and re.match(r"(true|false|null)|(eq|pr)$", n.attr.name) is not None),
        "we", "its words can't begin or be a name; ATTRNAME of Figure 1 may be any"),
]


def corpus_texts() -> list[str]:
    return [case["expression"] for case in CORPUS["cases"]]


def test_every_disagreement_of_scim2_filter_parser_is_explained() -> None:
    found = parsing_disagreements([*corpus_texts(), *OTHERS])
    assert unexplained(found, PARSING) == []
    assert idle(found, PARSING) == []


# --- scim2-models: the resources selected


@dataclass(frozen=True, slots=True, repr=False)
class Bench:
    """One resource type of both: our data and definition, its data and model, the attribute that names a resource."""

    kind: Any
    ours: list[dict[str, Any]]
    model: Any
    theirs: list[Any]
    name: str

    def select(self, text: str) -> Any:
        try:
            holds = predicate(parse_filter(text), self.kind)
        except FilterError:
            return REFUSED
        return sorted(resource[self.name] for resource in self.ours if holds(resource))

    def select_theirs(self, text: str) -> Any:
        try:
            chosen = models.ScimFilter[self.model](text)
            found = [resource for resource in self.theirs if chosen.match(resource)]
        except models.SCIMException:
            return REFUSED
        return sorted(resource.model_dump()[self.name] for resource in found)

    def disagreements(self, texts: list[str]) -> list[Case]:
        cases = [Case(text, parsed(text), self.select(text), self.select_theirs(text)) for text in texts]
        return [case for case in cases if case.ours != case.theirs]


@pytest.fixture(scope="module")
def benches() -> dict[str, Bench]:
    """By endpoint. Their model of the lab extension is made from the schema document that we serve of it."""
    text = json.dumps(CORPUS["dataset"]).replace("evil.test", "evil.example")  # its e-mails refuse the domain .test
    data, lab = json.loads(text), CORPUS["schemas"]["lab_extension"]
    attributes = [{"name": name, **facts} for name, facts in lab["attributes"].items()]
    schema = schema_from_json({"id": lab["id"], "name": "Lab", "attributes": attributes})
    extension = models.Extension.from_schema(models.Schema.model_validate(schema.to_json("https://scim.test/Schemas/1")))
    user, group = builtin().resource_type("User"), builtin().resource_type("Group")
    theirs = models.User[models.EnterpriseUser | extension]
    return {
        "/Users": Bench(
            replace(user, extensions=(*user.extensions, Extension(schema))), data["users"], theirs,
            [theirs.model_validate(one) for one in data["users"]], "userName",
        ),
        "/Groups": Bench(
            group, data["groups"], models.Group, [models.Group.model_validate(one) for one in data["groups"]],
            "displayName",
        ),
    }


SEVERAL = ("emails", "roles", "groups", "schemas", "members", "addresses", "phonenumbers", "ims", "photos")


def compares(node: Filter, *ops: str) -> bool:
    return isinstance(node, Compare) and (not ops or node.op in ops)


def about(node: Filter, *names: str) -> bool:
    return not isinstance(node, And | Or | Not) and node.attr.name.lower() in names


def unknown(case: Case) -> bool:
    """Whether a name is none of the resource type: then they say no to every comparison with it."""
    known = {"emails", "members", "title", "name", "password", "favouritecolour"}
    return case.has(lambda n: about(n, *known) and (compares(n, "ne") or (compares(n, "eq") and n.value is None)))


SELECTING = [
    Reason(lambda c: c.ours == REFUSED and SPACING.search(outside_strings(c.text)) is not None, "we",
           "it drops blanks before it parses; Figure 1 has one SP and says where"),
    Reason(lambda c: c.ours == REFUSED and re.search(r" (NULL|Null|TRUE)$", c.text) is not None, "we",
           "the constants of JSON are in lower case (RFC 8259 §3)"),
    Reason(lambda c: c.ours == REFUSED and "$" in c.text, "we", "nameChar of Figure 1 has no $"),
    Reason(lambda c: c.ours == REFUSED and "\\ud83d" in c.text, "we",
           "half a surrogate pair is no Unicode character, so no UTF-8 (RFC 8259 §8.2, RFC 7643 §2.3.1)"),
    Reason(lambda c: c.ours == REFUSED and "]." in c.text, "we",
           "a value path with a sub-attribute is a PATH of PATCH only (§3.5.2); it takes it since Entra sends it"),
    Reason(lambda c: c.theirs == REFUSED and "http:" in c.text, "we",
           "its URIs are urn: only; Figure 1 says URI of RFC 3986"),
    Reason(lambda c: c.theirs == REFUSED and c.has(
        lambda n: isinstance(n, ValuePath) and (about(n, "name", "manager") or n.attr.sub is not None)), "open",
        "a value path at a complex attribute with one value, or of another type: Table 5 says parent attribute only"),
    Reason(lambda c: c.theirs == REFUSED and c.has(lambda n: about(n, "password") and not compares(n, "eq", "ne")),
           "open", "passwords take no operator but eq (RFC 7643 §4.1.1): it refuses, we find nobody"),
    Reason(lambda c: c.theirs == REFUSED and c.has(lambda n: about(n, "emails") and compares(n, "lt")), "we",
           "it wants an e-mail address as operand; emails.value is a string and has an order (Table 3)"),
    Reason(lambda c: c.ours == REFUSED and c.has(lambda n: compares(n, "gt", "co") and n.value is None), "we",
           "null has no order and no substring; an unsupported combination is invalidFilter (Table 9)"),
    Reason(lambda c: c.ours == REFUSED and c.has(
        lambda n: about(n, "active", "badgenumber") and compares(n) and isinstance(n.value, str)), "we",
        "a string is no boolean and no number (Table 9: unsupported combination)"),
    Reason(lambda c: c.ours == REFUSED and c.has(lambda n: about(n, "meta") and compares(n)), "we",
           "a date or a number is no xsd:dateTime (RFC 7643 §2.3.5)"),
    Reason(lambda c: c.ours == REFUSED and c.has(
        lambda n: compares(n) and about(n, "name", "manager", "addresses") and n.attr.sub is None), "we",
        "a sub-attribute MUST be named (§3.4.2.2); it finds nobody"),
    Reason(lambda c: c.has(lambda n: about(n, "meta") and compares(n) and re.search(r"T[\d:]+$", str(n.value))), "open",
           "a time without an offset: XSD leaves the order to the implementation, we read UTC"),
    Reason(lambda c: c.has(lambda n: about(n, "emails", "primary") and compares(n) and isinstance(n.value, bool)), "we",
           "primary that is absent is false (RFC 7643 §2.4)"),
    Reason(lambda c: c.has(lambda n: about(n, *SEVERAL) and compares(n, "ne")), "open",
           "ne and several values: for us one that differs will do (§3.4.2.2: any), for it none may be equal"),
    Reason(lambda c: c.has(lambda n: about(n, *SEVERAL) and compares(n, "eq") and n.value is None), "we",
           "an empty list is unassigned (RFC 7643 §2.5); it tests null against each value, so against none"),
    Reason(unknown, "open", "an undefined attribute has no value (§3.4.2.1): so it is null and no literal's equal"),
    Reason(lambda c: not c.text.isascii(), "we",
           "userName is compared as PRECIS prepares it, of one width (RFC 7644 §5); it stops at NFC and lower case"),
    Reason(lambda c: c.has(lambda n: about(n, "members") and compares(n, "eq") and n.attr.sub == "value"), "open",
           "members.value is caseExact false as RFC 7643 §8.7.1 prints it; it publishes true"),
]


@pytest.fixture(scope="module")
def selecting_disagreements(benches: dict[str, Bench]) -> list[Case]:
    found: list[Case] = []
    for endpoint, bench in benches.items():
        texts = [case["expression"] for case in CORPUS["cases"] if case["endpoint"] == endpoint]
        found += bench.disagreements([*texts, *OTHERS])
    return found


def test_every_disagreement_of_scim2_models_is_explained(selecting_disagreements: list[Case]) -> None:
    assert unexplained(selecting_disagreements, SELECTING) == []
    assert idle(selecting_disagreements, SELECTING) == []


# --- made-up filters

PLAIN = {
    "userName": ["bjensen", "LEE", "o.", ""], "displayName": ["müller", "MARÍA", "lee", "b"],
    "externalId": ["ext-", "Ext-701984"], "name.familyName": ["jensen", "Lee", "garcía"],
    "emails.type": ["work", "HOME"], "emails.value": ["lee@example.net", "BOB@corp.example"],
    "roles.value": ["admin", "Guide"],
    "addresses.country": ["US", "de"], "meta.created": ["2024-01-01T00:00:00Z", "2024-06-01T02:00:00+02:00"],
    "active": [True, False], f"{urns.ENTERPRISE}:department": ["Engineering", "tour operations"],
    "urn:example:params:scim:schemas:extension:lab:2.0:User:badgeNumber": [42, 7, 0, -1],
}
TEXTUAL = ["eq", "co", "sw", "ew", "gt", "ge", "lt", "le"]


def terms(names: list[str]) -> st.SearchStrategy[Filter]:
    def one(name: str) -> st.SearchStrategy[Filter]:
        uri, _, rest = name.rpartition(":")
        attr, _, sub = rest.partition(".")
        path, literals = AttrPath(uri or None, attr, sub or None), PLAIN.get(name, PLAIN.get(f"emails.{name}", []))
        ordered = ["eq"] if isinstance(literals[0], bool) else ["eq", "gt", "ge", "lt", "le"]
        textual = isinstance(literals[0], str) and not name.startswith("meta.")
        ops = st.sampled_from(TEXTUAL if textual else ordered)
        return st.builds(Compare, ops, st.just(path), st.sampled_from(literals)) | st.just(Present(path))

    return st.sampled_from(names).flatmap(one)


def trees(leaves: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    return st.recursive(
        leaves, lambda inner: st.builds(And, inner, inner) | st.builds(Or, inner, inner) | st.builds(Not, inner),
        max_leaves=6,
    )


grouped = st.builds(ValuePath, st.just(AttrPath(None, "emails")), trees(terms(["type", "value"])))
made_up = trees(terms(sorted(PLAIN)) | grouped)


@pytest.mark.slow
@settings(max_examples=300)
@given(made_up)
def test_made_up_filters_select_the_same_in_scim2_models(benches: dict[str, Bench], tree: Filter) -> None:
    assert unexplained(benches["/Users"].disagreements([to_text(tree)]), SELECTING) == []


@pytest.mark.slow
@settings(max_examples=300)
@given(made_up)
def test_made_up_filters_have_the_same_tree_in_scim2_filter_parser(tree: Filter) -> None:
    assert unexplained(parsing_disagreements([to_text(tree)]), PARSING) == []
