"""What the grammar of filters has and hasn't (RFC 7644 §3.4.2.2, Figure 1; errata 4690, 7319, 7322)."""

from __future__ import annotations

import pytest

from scimrig_simulator.scim import urns
from scimrig_simulator.scim.filters import (
    MAX_DEPTH,
    MAX_LENGTH,
    MAX_TERMS,
    And,
    AttrPath,
    Compare,
    Filter,
    FilterError,
    Not,
    Or,
    Present,
    ValuePath,
    parse_filter,
    predicate,
    to_text,
)
from scimrig_simulator.scim.paths import PathError, parse_attr_path
from scimrig_simulator.scim.schemas import builtin

A, B, C, D = (Present(AttrPath(None, name)) for name in "abcd")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a pr or b pr and c pr or d pr", Or(Or(A, And(B, C)), D)),
        ("a pr and b pr or c pr and d pr", Or(And(A, B), And(C, D))),
        ("a pr and (b pr or c pr) and d pr", And(And(A, Or(B, C)), D)),
        ("(a pr or b pr) and c pr", And(Or(A, B), C)),
        ("a pr and (b pr and c pr)", And(A, And(B, C))),
        ("a pr or (b pr or c pr)", Or(A, Or(B, C))),
        ("not (a pr) and b pr", And(Not(A), B)),
        ("not(a pr and b pr) or not (not (c pr))", Or(Not(And(A, B)), Not(Not(C)))),
        ("(not (a pr))", Not(A)),
        ("a[b pr] and not (c[d pr or a pr])", And(ValuePath(A.attr, B), Not(ValuePath(C.attr, Or(D, A))))),
        ("a[not (b pr) and (c pr or d pr)]", ValuePath(A.attr, And(Not(B), Or(C, D)))),
        ("a[(b pr)] or (c[d pr])", Or(ValuePath(A.attr, B), ValuePath(C.attr, D))),
        ("a.b[c pr]", ValuePath(AttrPath(None, "a", "b"), C)),  # attrPath may have a subAttr there, too
        ("eq eq true", Compare("eq", AttrPath(None, "eq"), True)),
        ("and pr and or pr or not pr", Or(And(*map(Present, (AttrPath(None, "and"), AttrPath(None, "or")))),
                                          Present(AttrPath(None, "not")))),
        ("true eq null", Compare("eq", AttrPath(None, "true"), None)),
        ("a-b_2.C-d_3 pr", Present(AttrPath(None, "a-b_2", "C-d_3"))),
        ("urn:x-y:a.b:2.0:C:a.b pr", Present(AttrPath("urn:x-y:a.b:2.0:C", "a", "b"))),
        ("http://example.com/x.y/2.0:a pr", Present(AttrPath("http://example.com/x.y/2.0", "a"))),
        (f"{urns.USER} pr", Present(AttrPath("urn:ietf:params:scim:schemas:core:2.0", "User"))),
        (f"{urns.USER}:emails[a pr]", ValuePath(AttrPath(urns.USER, "emails"), A)),
        ('a eq ") and (b pr or c[d eq \\"]"', Compare("eq", A.attr, ') and (b pr or c[d eq "]')),
    ],
)
def test_a_filter_has_the_tree_the_grammar_gives_it(text: str, tree: Filter) -> None:
    assert parse_filter(text) == tree
    assert parse_filter(to_text(tree)) == tree


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0), ("-7", -7), ("10", 10), ("0.5", 0.5), ("-0.0", -0.0), ("1e3", 1000.0), ("1E+3", 1000.0),
        ("12.5e-1", 1.25), ("9" * 40, int("9" * 40)), ("true", True), ("false", False), ("null", None), ('""', ""),
        (r'"\"\\\/\b\f\n\r\t"', '"\\/\b\f\n\r\t'), (r'"\u00e9\u00E9"', "éé"), (r'"\ud83d\ude00"', "😀"),
        ('"😀\x7f"', "😀\x7f"),
    ],
)
def test_a_literal_is_what_json_says(text: str, value: object) -> None:
    parsed = parse_filter(f"a eq {text}")
    assert isinstance(parsed, Compare)
    assert (type(parsed.value), repr(parsed.value)) == (type(value), repr(value))


# Figure 1, RFC 8259 for literals: one space between two tokens, none elsewhere; names of letters, digits, - and _.
@pytest.mark.parametrize(
    "expression",
    [
        # terms
        "", " ", "userName eq", "userName eq ", 'userName "lee"', 'eq "lee"', '"userName" eq "lee"',
        '"a" eq "a"', "userName eq title", 'userName pr "x"', "userName pr true", "userName prx", "userName present",
        'userName eqx "a"', 'userName is "a"', 'userName = "a"', 'userName == "a"', 'userName != "a"',
        'userName in ("a")', 'userName eq ("a")', 'userName eq ["a"]', 'userName eq {"a": 1}', 'userName not eq "a"',
        'userName ſw "a"', '*', "filter=userName pr", "%20",
        # strings
        'userName eq "lee', 'userName eq lee"', "userName eq 'lee'", "userName eq lee", "userName eq “lee”",
        'userName eq"lee"', 'userName eq "a" "b"', 'userName eq "a"b', 'userName eq "\\x"', 'userName eq "\\u00"',
        'userName eq "\\u00zz"', 'userName eq "\\"', 'userName eq "\\ud83d"', 'userName eq "\\ude00"',
        'userName eq "\ud83d"', 'userName eq "a\tb"', 'userName eq "a\nb"', 'userName eq "\x00"',
        # numbers and constants
        *(f"title eq {text}" for text in (
            ".5", "5.", "+5", "0x1F", "1_000", "042", "--1", "1e", "1e+", "1.e1", "-", "NaN", "Infinity", "-Infinity",
            "1e999", "-1e999", "9" * 41, "١", "5a", "5 5", "True", "FALSE", "Null", "nil", "undefined", "truee",
        )),
        # joining
        'userName eq "a" and', 'userName eq "a" or ', "and userName pr", "or", "userName pr and and title pr",
        "userName pr or and title pr", "userName pr title pr", "userName pr && title pr", "userName pr, title pr",
        "userName pr; title pr", "userName pr xor title pr", "userName pr andtitle pr", 'userName eq "a"and title pr',
        "userName pr and(title pr)", "(userName pr)and title pr", "(userName pr)(title pr)", "userName pr()",
        # grouping and not
        "()", "(", ")", "(userName pr", "userName pr)", "((userName pr)", "(userName pr))", "(userName) pr",
        "not", "not ()", "not (", "not(userName pr", "not userName pr", "not not (userName pr)", "!(userName pr)",
        "userName pr not (title pr)", "not (userName pr) title pr",
        # blanks
        " userName pr", "userName pr ", "userName  pr", "userName pr  and title pr", "userName pr and  title pr",
        "( userName pr)", "(userName pr )", "not  (userName pr)", "userName\tpr", "userName pr\tand title pr",
        "userName pr\n", "\nuserName pr", "userName\u00a0pr", 'userName eq\u00a0"a"', "\ufeffuserName pr",
        "userName\x00 pr", "userName\x0bpr",
        # names
        "1userName pr", "_userName pr", "-x pr", "$ref pr", "user$Name pr", "userName! pr", "üserName pr",
        "uſerName pr", "user name pr", "userName. pr", ".userName pr", "name..familyName pr", "name.first.second pr",
        "name.1 pr", "name.$ref pr", "name/familyName pr", "emails[0] pr", "emails[*].value pr",
        f"{urns.USER}: userName pr", f"{urns.USER}: pr", ":userName pr", "core:userName pr", "1urn:x:userName pr",
        f"{urns.USER}:userName:x.y.z pr", "urn:exämple:userName pr",
        # value paths
        "emails[]", "emails[type]", "emails[type eq]", 'emails[type eq "work"', 'emails[type eq "work"]]',
        "emails[ type pr]", "emails[type pr ]", "emails [type pr]", "[type pr]", "emails]type pr[",
        "emails[type pr].value pr", "emails[type pr]pr", "emails[type pr] pr", 'emails[type pr] eq "x"',
        "emails[[type pr]]", "emails[emails[type pr]]", "emails[(type pr]", "emails[type pr)]", "emails(type pr)",
        "emails[not type pr]", 'emails["work"]', "emails[type pr][value pr]", "emails[$ref pr]",
        "emails[type pr,value pr]",
    ],
)
def test_what_the_grammar_does_not_have_is_refused_at_a_place(expression: str) -> None:
    with pytest.raises(FilterError) as refused:
        parse_filter(expression)
    assert (refused.value.status, refused.value.scim_type) == (400, "invalidFilter")
    assert 1 <= refused.value.position <= len(expression) + 1
    assert refused.value.detail.isprintable()


@pytest.mark.parametrize(
    ("text", "position", "expected"),
    [
        ("a pr and  b pr", 10, "attribute name"),
        ("a pr  and b pr", 5, "'and', 'or' or the end"),
        ("(a pr or b pr", 14, "')'"),
        ("(a pr b pr)", 6, "')'"),
        ("a[b pr", 7, "']'"),
        ("a[b pr and c pr d pr]", 16, "']'"),
        ("a[b]", 4, "space and an operator"),
        ("a[]", 3, "attribute name"),
        ("not (a)", 7, "space and an operator"),
        ("not not (a pr)", 5, "operator"),
        ("a eq", 5, "space and a value"),
        ('a eq "x" b', 9, "the end of the filter"),
        ('a eq "é\\q"', 8, "JSON string"),
        ('😀 eq "x"', 1, "attribute name"),
        ('a eq "😀" and', 9, "'and', 'or' or the end"),
        ("a.1 pr", 3, "sub-attribute"),
        ("a.b.c pr", 4, "one sub-attribute"),
        ("urn:x:y:1a pr", 9, "attribute name"),
        ("a! pr", 2, "attribute name"),
        ("a eq 1.", 7, "'and', 'or' or the end"),
        ("a eq -", 6, "a value"),
        ("a eq " + "1" * 41, 6, "40 characters"),
        ("x:y pr", 1, "schema URN"),
    ],
)
def test_an_error_points_at_the_first_character_that_cannot_stand(text: str, position: int, expected: str) -> None:
    with pytest.raises(FilterError) as refused:
        parse_filter(text)
    assert (refused.value.position, expected in refused.value.detail) == (position, True), refused.value.detail


@pytest.mark.parametrize(
    "text",
    [
        "(" * 10_000, "not (" * 3_000, "not(" * 4_000 + "a pr" + ")" * 99, "a[" * 8_000, "a[(" * 5_000,
        "(a pr and " * 1_600, "a[b pr] and " * 1_300 + "a pr", "a pr and " * 1_800 + "a pr", "a pr or not (" * 1_000,
        "a eq " + '"' * 16_000, "a eq " + "\\" * 16_000, "a" * MAX_LENGTH, "a." * 8_000, "a:" * 8_000,
        " " * MAX_LENGTH, "a eq " + "-" * 16_000, "a eq 1e" + "9" * 16_000, "x" * 10_000_000,
    ],
)
def test_length_depth_and_number_have_limits_that_refuse(text: str) -> None:
    with pytest.raises(FilterError) as refused:
        parse_filter(text)
    assert 1 <= refused.value.position <= len(text) + 1
    assert len(refused.value.detail) < 300


@pytest.mark.parametrize(
    "text",
    [
        " or ".join(["a pr"] * MAX_TERMS),
        " and ".join(["a pr"] * MAX_TERMS),
        " and ".join(["a pr or b pr"] * (MAX_TERMS // 2)),
        "(" * MAX_DEPTH + " or ".join(["a pr"] * MAX_TERMS) + ")" * MAX_DEPTH,
        "not (" * (MAX_DEPTH - 1) + f"emails[{' and '.join(['type pr'] * (MAX_TERMS - 1))}]" + ")" * (MAX_DEPTH - 1),
        "not (a pr and " * MAX_DEPTH + "b pr" + ")" * MAX_DEPTH,
    ],
)
def test_what_the_limits_allow_is_printed_compiled_and_tried_on_little_stack(text: str) -> None:
    parsed, user = parse_filter(text), builtin().resource_type("User")

    def deeper(levels: int) -> bool:
        if levels:
            return deeper(levels - 1)
        again = to_text(parse_filter(to_text(parsed)))
        return again == to_text(parsed) and predicate(parsed, user)({}) in (True, False)

    assert deeper(300)


def test_outside_filters_names_are_what_a_schema_may_define() -> None:
    """RFC 7643 §2.1 has ``$`` in names, Figure 1 of RFC 7644 doesn't."""
    assert parse_attr_path("cost$.$REF") == AttrPath(None, "cost$", "$REF")
    for text in ("$ref", "members.$x", "members.$", "memberſ.$ref", "members.$reſ"):
        with pytest.raises(PathError):
            parse_attr_path(text)
