"""Whatever is thrown at the server, it answers in SCIM, soon, and is as well afterwards as before.

Each test throws one kind of thing; what has to be true of every answer stands in ``conftest.py``. The quick tests throw
a few, the slow ones more than 20,000 in all.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scimrig_simulator.limits import HEAD

MARK = "mallory"
SECRET = "hush0hush"
FEW = 25
MANY = 650  # of eight kinds, sent to two servers: 10,400

# Values


def mostly(usual: st.SearchStrategy[Any], *odd: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """The usual thing nine times out of ten, so that what is odd elsewhere is reached."""
    oddity = st.one_of(odd)

    @st.composite  # which keeps what a strategy is made of out of its name
    def chosen(draw: st.DrawFn) -> Any:
        return draw(usual if draw(st.integers(0, 9)) < 9 else oddity)

    return chosen()


ODD_TEXT = st.one_of(
    st.text(st.characters(categories=["Cs", "Cc", "Mn", "Lo", "So", "Nd"]), max_size=5),
    st.sampled_from(["\ud800", "\udc00\ud800", "a" * 5_000, "[" * 3_000, "\x00", "\ufeff", "\r\nX-Evil: 1", ""]),
)
TEXT = mostly(st.text(max_size=8) | st.sampled_from([
    "", MARK, f"{MARK}@acme.test", "é", "e\u0301", "ß", "İ", "true", "False", "work", "home", "bulkId:a", "{u0}",
    "{g1}",
    "2020-01-01T00:00:00Z", "9999-99-99T99:99:99Z", "' OR 1=1 --", "%s%n", "../..", "urn:x", "{u1}", "direct", "User",
]), ODD_TEXT)  # fmt: skip
NUMBER = st.one_of(
    st.integers(), st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0, 1, -1, -0.0, 2**31, 2**63, -(2**63) - 1, 10**39, 1e308, 5e-324]),
)  # fmt: skip
ODD_NUMBER = st.sampled_from([float("inf"), float("nan"), 10**41, -(10**4_000)])
URN = "urn:ietf:params:scim:schemas:"
NAMES = [
    "schemas", "id", "externalId", "meta", "userName", "name", "displayName", "emails", "active", "groups", "members",
    "password", "title", "addresses", "phoneNumbers", "roles", "x509Certificates", "value", "type", "primary", "$ref",
    "display", "givenName", "op", "path", "Operations", "manager", "USERNAME", "Active", "nickName", "ims", "photos",
    "entitlements", "profileUrl", "locale", "timezone", "formatted", "created", "version", "location", "country",
    f"{URN}extension:enterprise:2.0:User", f"{URN}core:2.0:User", f"{URN}core:2.0:User:userName", f"{URN}x:2.0:Y",
    f"{URN}extension:enterprise:2.0:User:manager.value", "emails.value", 'emails[type eq "work"].value',
    "name.givenName", "emails.type", "meta.lastModified", "members.value", "groups.value", "addresses.country",
]  # fmt: skip
NAME = mostly(st.sampled_from(NAMES), TEXT | st.sampled_from(["", ".", "__proto__", "a" * 300]))
VALUE: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | mostly(NUMBER, ODD_NUMBER) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAME, inner, max_size=4),
    max_leaves=10,
)


def some(base: dict[str, Any] | None = None, **members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """An object with ``base``, some of these members, and now and then one that nobody asked for."""
    known = st.fixed_dictionaries({}, optional=members)
    more = mostly(st.just({}), st.dictionaries(NAME, VALUE, max_size=1))
    return st.builds(lambda first, then: {**(base or {}), **first, **then}, known, more)


PEOPLE = mostly(st.lists(mostly(
    some(value=TEXT, type=TEXT, primary=mostly(st.booleans(), TEXT), display=TEXT), VALUE), max_size=4),
    VALUE)  # fmt: skip
ENTERPRISE = some(manager=mostly(some(value=TEXT), VALUE), department=TEXT, employeeNumber=mostly(TEXT, VALUE))
USER_PARTS = {
    "userName": mostly(st.integers(0, 10**9).map(lambda n: f"{MARK}{n}"), TEXT), "active": mostly(st.booleans(), VALUE),
    "emails": mostly(st.just([{"value": f"{MARK}@acme.test", "primary": True}]), PEOPLE), "roles": PEOPLE,
    "name": mostly(some(givenName=TEXT, familyName=TEXT), VALUE), "externalId": mostly(TEXT, VALUE), "title": TEXT,
    "password": st.sampled_from([SECRET, {"a": SECRET}, [SECRET]]), "id": TEXT, "meta": VALUE, "schemas": VALUE,
    "x509Certificates": PEOPLE, "addresses": PEOPLE, f"{URN}extension:enterprise:2.0:User": mostly(ENTERPRISE, VALUE),
}  # fmt: skip
USER_BASE = {"schemas": [f"{URN}core:2.0:User"], "emails": [{"value": "a@acme.test"}], "userName": MARK}
USER = mostly(
    st.builds(lambda user, n: {**USER_BASE, "userName": f"{MARK}{n}", **user}, st.fixed_dictionaries({}, optional={
        name: part for name, part in USER_PARTS.items() if name != "schemas"}), st.integers(0, 10**9)),
    some(USER_BASE, **USER_PARTS),
)  # fmt: skip
MEMBER = mostly(some({"value": "{u0}"}, value=st.sampled_from(["{u1}", "{g0}", "{g1}", "{u2}"]) | TEXT, display=TEXT),
    VALUE)
GROUP = some(
    {"schemas": [f"{URN}core:2.0:Group"], "displayName": MARK}, displayName=TEXT,
    members=mostly(st.lists(MEMBER, max_size=5), VALUE), schemas=mostly(st.just([f"{URN}core:2.0:Group"]), VALUE),
)  # fmt: skip

# Filters and paths

WORDS = [*NAMES, " ", " ", " ", "(", ")", "[", "]", ".", ":", '"', "\\", ",", "not", "and", "or", "eq", "ne", "co",
    "sw",
         "ew", "gt", "ge", "lt", "le", "pr", "EQ", "true", "null", "1", "-1e400", "1.5", '"work"', f'"{MARK}"',
         '"\\ud800"', '"\\u0000"', '"2020-01-01T00:00:00Z"', '"x']  # fmt: skip
LITERAL = st.one_of(
    TEXT.map(json.dumps), NUMBER.map(str), st.sampled_from(["true", "false", "null", '"2020-01-01T00:00:00+14:00"'])
)
ATTRIBUTE = st.sampled_from([name for name in NAMES if "[" not in name])
TERM = mostly(
    st.builds("{} {} {}".format, ATTRIBUTE, st.sampled_from(["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"]),
        LITERAL),
    st.builds("{} pr".format, ATTRIBUTE),
)
SOUND = st.recursive(TERM, lambda inner: st.one_of(
    st.builds("{} and {}".format, inner, inner), st.builds("({}) or {}".format, inner, inner),
    st.builds("not ({})".format, inner), st.builds("{}[{}]".format, ATTRIBUTE, inner),
), max_leaves=6)  # fmt: skip
JUNK_FILTER = st.one_of(
    st.lists(st.sampled_from(WORDS), max_size=12).map("".join),
    st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join),
    st.sampled_from(["(" * 10_000, "not (" * 5_000, "emails[" * 3_000, "a" * 20_000, "a pr or " * 5_000, '"' * 9_000]),
)
FILTER = mostly(SOUND, JUNK_FILTER)
INSIDE = st.sampled_from(['type eq "work"', 'value eq "{u0}"', "primary eq true", "value pr", 'not (type eq "x")'])
PATH = mostly(
    st.sampled_from(NAMES) | st.builds(
        "{}[{}]{}".format, st.sampled_from(["emails", "members", "roles", "addresses", "name", "groups"]), INSIDE
        | SOUND,
        st.sampled_from(["", ".value", ".type", ".primary", ".display", ".x"])),
    FILTER,
)  # fmt: skip
MESSAGE = "urn:ietf:params:scim:api:messages:2.0:"
VERB = st.sampled_from(["add", "remove", "replace", "Add", "Replace"])


def patch(parts: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """A PATCH of a resource that has these attributes."""
    fitting = st.one_of([st.tuples(st.just(name), part) for name, part in parts.items()])
    operation = mostly(
        st.one_of(
            st.builds(lambda op, pair: {"op": op, "path": pair[0], "value": pair[1]}, VERB, fitting),
            st.builds(lambda op, path, value: {"op": op, "path": path, "value": value}, VERB, PATH, TEXT | VALUE
                | PEOPLE),
            st.builds(lambda op, value: {"op": op, "value": value}, VERB, st.fixed_dictionaries({}, optional=parts)),
            st.builds(lambda path: {"op": "remove", "path": path}, PATH),
        ),
        some(op=VALUE, path=PATH | VALUE, value=VALUE) | VALUE,
    )
    return mostly(
        st.lists(operation, min_size=1, max_size=3).map(lambda ops: {"schemas": [f"{MESSAGE}PatchOp"],
            "Operations": ops}),
        some({"schemas": [f"{MESSAGE}PatchOp"]}, Operations=VALUE, schemas=VALUE),
    )


USER_PATCH = patch({name: part for name, part in USER_PARTS.items() if name not in ("id", "meta", "schemas")})
GROUP_PATCH = patch({"members": mostly(st.lists(MEMBER, max_size=3), VALUE), "displayName": TEXT, "externalId": TEXT})
SEARCH = some(
    {"schemas": [f"{MESSAGE}SearchRequest"]}, schemas=mostly(st.just([f"{MESSAGE}SearchRequest"]), VALUE),
    filter=mostly(FILTER, VALUE), attributes=mostly(st.lists(PATH, max_size=3), VALUE),
    excludedAttributes=mostly(st.lists(PATH, max_size=3), VALUE), sortBy=mostly(ATTRIBUTE, PATH, VALUE),
    sortOrder=mostly(st.sampled_from(["ascending", "descending"]), VALUE), cursor=mostly(st.just(""), TEXT, VALUE),
    startIndex=mostly(st.integers(-5, 40), NUMBER, VALUE), count=mostly(st.integers(-5, 400), NUMBER, VALUE),
)  # fmt: skip
TARGET = st.sampled_from(["/Users/{u0}", "/Users/{u1}", "/Groups/{g0}", "/Groups/{g1}", "/Groups/{g2}",
    "/Users/bulkId:a"])
HELD = st.just({"schemas": [f"{URN}core:2.0:Group"], "displayName": MARK, "members": [{"value": "bulkId:a"}]})
JOB = mostly(
    st.one_of(
        st.builds(lambda user: {"method": "POST", "path": "/Users", "data": user}, USER),
        st.builds(lambda group: {"method": "POST", "path": "/Groups", "data": group}, GROUP | HELD),
        st.builds(lambda path, data: {"method": "PUT", "path": path, "data": data}, TARGET, USER | GROUP),
        st.builds(lambda path, data: {"method": "PATCH", "path": path, "data": data}, TARGET, USER_PATCH | GROUP_PATCH),
        st.builds(lambda path: {"method": "DELETE", "path": path}, TARGET),
    ),
    some(method=VALUE, path=TARGET | TEXT, bulkId=VALUE, version=VALUE, data=VALUE) | VALUE,
)
BULK = mostly(
    st.builds(
        lambda jobs, named, rest: {
            "schemas": [f"{MESSAGE}BulkRequest"], "Operations": [{**jobs[0], "bulkId": named}, *jobs[1:]], **rest},
        st.lists(JOB.filter(lambda job: isinstance(job, dict)), min_size=1, max_size=5),
        st.sampled_from(["a", "a", "b", ""]) | VALUE, st.sampled_from([{}, {}, {"failOnErrors": 1}]),
    ),
    some({"schemas": [f"{MESSAGE}BulkRequest"]}, schemas=VALUE, failOnErrors=VALUE, Operations=st.lists(JOB) | VALUE),
)  # fmt: skip

# Bytes


def _dumped(value: Any, ascii_only: bool, encoding: str) -> bytes:
    return json.dumps(value, ensure_ascii=ascii_only).encode(encoding, "surrogatepass")


def written(values: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
    """Values as JSON, in UTF-8 as a rule, some of them damaged somewhere."""
    encoding = mostly(st.just("utf-8"), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32-le"]))
    sound = st.builds(_dumped, values, st.booleans(), encoding)
    junk = st.sampled_from([b"", b"\x00", b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"{", b"]", b'"', b",", b"\\u",
        b"\\ud800",
                            b"NaN", b"-Infinity", b"1e400", b"9" * 5_000, b"[" * 12_000, b'{"a":' * 12_000,
                                b" " * 70_000,
                            b'"userName":"x",', b'"active":false,', b"-0", b"01", b"'", b"//", b"\\x"])  # fmt: skip
    cut = st.integers(0, 400)
    return mostly(sound, st.builds(lambda raw, i, put, n: raw[:i] + put + raw[i + n :], sound, cut, junk,
        st.integers(0, 9)))


HUGE = [
    b"[" * 500_000, b'{"a":' * 200_000, b'{"a":' + b"[" * 60 + b"]" * 60 + b"}",
        b'{"a":' + b"[" * 400 + b"]" * 400 + b"}",
    b'{"a":"' + b"a" * 1_048_560, b" " * 1_048_577, b'{"a":' + b"9" * 5_000 + b"}",
    b'{"emails":[' + b'{"value":"a@acme.test"},' * 40_000 + b"{}]}", b'{"a":[' + b"1," * 500_000 + b"1]}",
    b'{"userName":"' + b"\\ud83d" * 9_000 + b'"}',
]
WRAPPED = st.sampled_from([b"", b" ", b"[]", b"null", b"{}", b"[{}]", b'"x"', b"1", *HUGE])

# Heads

SEGMENT = st.sampled_from([
    "Users", "Groups", "Me", "Bulk", ".search", "Schemas", "ResourceTypes", "ServiceProviderConfig", "users", "", ".",
    "..",
    "%00", "%ZZ", "%C0%AF", "%2F", "%", "%E9", "%ED%A0%80", "{u0}", "{g1}", MARK, "a" * 9_000, "%0D%0AX:%20y", ";",
    "é", "\x7f",
    "urn:ietf:params:scim:schemas:core:2.0:User", "User", "Bulk%20", "%55sers", "*", "@", "\\", "tenants", "tokens",
])  # fmt: skip
ODD_PLACE = st.builds(
    lambda base, segments: (base + "/" + "/".join(segments)).encode("utf-8"),
    st.sampled_from(["/scim/v2"] * 9 + ["/scim", "", "/manage", "/manage/tenants", "/other/scim/v2",
                     "/other/manage", f"/{MARK}/scim/v2", "/livez", "/readyz", "/openapi.json", "/scim/v2/Users"]),
    st.lists(SEGMENT, max_size=4),
)  # fmt: skip
PLACE = mostly(st.sampled_from([
    b"/scim/v2/Users", b"/scim/v2/Users/{u0}", b"/scim/v2/Groups/{g0}", b"/scim/v2/.search", b"/scim/v2/Bulk",
    b"/scim/v2/Groups", b"/scim/v2/Users/{u1}/", b"/scim/v2", b"/scim/v2/Schemas", b"/scim/v2/Users/.search",
    b"/scim/v2/Me",
]), ODD_PLACE)  # fmt: skip
METHOD = st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] * 3 + ["OPTIONS", "TRACE", "CONNECT", MARK,
    "get", "X"])
RAW = st.binary(max_size=12).map(lambda raw: raw.translate(None, b"\r\n\x00")) | TEXT.map(
    lambda text: text.encode("utf-8", "surrogatepass").translate(None, b"\r\n\x00")
)
LINE = st.one_of(
    st.tuples(st.just(b"accept"), RAW | st.sampled_from([
        b"application/json", b"*/*;q=nan", b"application/scim+json;q=1e400", b",,,", b"*", b"text/html", b"*/*;q=0",
        b'application/json;x=",";q=.1', b"a/b," * 9_000, b"application/*;q=-1", b"*/*; q = 1",
        b"application/json;q="])),
    st.tuples(st.just(b"content-type"), RAW | st.sampled_from([
        b"application/json", b"application/scim+json;charset=utf-16", b"text/plain", b";", b"application/json;charset=",
        b"application/json; charset=\xff", b"multipart/form-data", b"application/json;" * 9_000])),
    st.tuples(st.just(b"content-length"), RAW | st.sampled_from([b"-1", b"1e9", b"9" * 5_000, "²".encode("latin-1"),
        b"0x10",
                                                                 b"5, 5", b"1048577", b"+5", b""])),
    st.tuples(st.sampled_from([b"if-match", b"if-none-match"]), RAW | st.sampled_from([
        b"*", b'W/"1"', b'"1", W/"2"', b"W/1", b'"', b"*, *", b'"a' * 9_000, b'w/"1"', b"", b'"\xff"'])),
    st.tuples(st.just(b"authorization"), RAW | st.sampled_from([
        b"Bearer", b"Bearer \xff", b"Basic !!!", b"Bearer " + b"x" * 90_000, b"Digest a=b", b"bearer  x", b" "])),
    st.tuples(st.just(b"host"), RAW | st.sampled_from([b"evil.test", b"127.0.0.1:99999", b"[::1]:1", b"a" * 9_000])),
    st.tuples(st.sampled_from([b"content-encoding", b"transfer-encoding", b"expect", b"range", b"prefer", b"cookie",
                               b"x-http-method-override", b"x-forwarded-for", b"x-request-id", b"upgrade", b"te"]),
              RAW | st.sampled_from([b"gzip", b"chunked", b"100-continue", b"bytes=0-1", b"DELETE", MARK.encode()])),
)  # fmt: skip
LINES = mostly(st.lists(LINE.filter(lambda line: line[0] != b"authorization"), max_size=3), st.lists(LINE,
    max_size=4)) | st.builds(lambda line, n: [line] * min(n, HEAD // len(b": \r\n".join(line))), LINE,
    st.sampled_from([2, 3_000]))  # fmt: skip
KEYS = st.sampled_from(["filter", "attributes", "excludedAttributes", "sortBy", "sortOrder", "startIndex", "count",
    "cursor",
                        "access_token", "FILTER", MARK, "", "\x00"])  # fmt: skip
PARAMETER = st.builds(
    "{}={}".format, KEYS.map(quote),
    FILTER.map(lambda text: quote(text, errors="replace"))
    | st.sampled_from(["", "-1", "0", "1", "9" * 5_000, "1e9", "%00", "%ZZ", "%ff", "%ED%A0%80", "+", "²", "1_0",
        "NaN", "&&",
                       "=", "userName," * 9_000, "meta.lastModified", "ascending"]),
)  # fmt: skip
QUERY = st.one_of(
    st.lists(PARAMETER, max_size=4).map(lambda parts: "&".join(parts).encode("utf-8", "surrogatepass")),
    st.binary(max_size=20),
    st.builds(lambda part, n: "&".join([part] * n).encode()[:60_000], PARAMETER, st.sampled_from([2, 300])),
)  # fmt: skip

USERS = st.sampled_from([b"/scim/v2/Users/{u0}", b"/scim/v2/Users/{u1}"])
GROUPS = st.sampled_from([b"/scim/v2/Groups/{g0}", b"/scim/v2/Groups/{g1}"])
LISTS = st.sampled_from([b"/scim/v2/Users", b"/scim/v2/Groups", b"/scim/v2", b"/scim/v2/", b"/scim/v2/Users/{u0}"])


def request(**parts: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(parts)


def either(method: str, users: Any, groups: Any, user: Any, group: Any) -> st.SearchStrategy[dict[str, Any]]:
    """The same for users and groups; now and then, what is for one is sent to the other."""
    of_users = request(method=st.just(method), path=users, body=written(mostly(user, group)))
    return of_users | request(method=st.just(method), path=groups, body=written(mostly(group, user)))


KINDS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "creations": either("POST", st.just(b"/scim/v2/Users"), st.just(b"/scim/v2/Groups"), USER, GROUP),
    "replacements": either("PUT", USERS, GROUPS, USER, GROUP),
    "patches": either("PATCH", USERS, GROUPS, USER_PATCH, GROUP_PATCH),
    "searches": request(
        method=st.just("POST"), body=written(SEARCH),
        path=st.sampled_from([b"/scim/v2/Users/.search", b"/scim/v2/Groups/.search", b"/scim/v2/.search"]),
    ),
    "bulk": request(method=st.just("POST"), path=st.just(b"/scim/v2/Bulk"), body=written(BULK)),
    "queries": request(method=st.sampled_from(["GET", "HEAD"]), path=LISTS, query=QUERY),
    "heads": request(
        method=METHOD, path=PLACE, headers=LINES, query=mostly(st.just(b""), QUERY),
        body=mostly(written(USER | USER_PATCH | BULK | SEARCH), WRAPPED),
        authorized=mostly(st.just(True), st.booleans()),
    ),
    "settings": request(
        method=st.sampled_from(["GET", "PUT", "POST", "DELETE"]),
        path=st.sampled_from([
            b"/manage/domains", b"/manage/roles", b"/manage/roles/map/{g0}", b"/manage/users/{u0}/roles",
            b"/manage/webhook",
            b"/manage/users/{u1}/access", b"/manage/deliveries", b"/manage/tenants/other",
            b"/manage/tenants/other/tokens",
            b"/manage/tenants/%00", b"/manage/tenants/default/tokens/x", b"/other/manage/domains", b"/manage/nothing"]),
        body=written(VALUE | some(
            domains=st.just(["acme.test"]) | st.lists(TEXT) | VALUE, default=TEXT | VALUE, role=TEXT | VALUE,
            url=st.sampled_from(["https://a.test/x", "http://[::1", "https://\x00"]) | VALUE, expires_in=NUMBER | VALUE,
        )),
    ),
}  # fmt: skip


def throw(rigs: list[Any], kind: str, times: int) -> None:
    thrown_before = sum(rig.requests for rig in rigs)

    @settings(max_examples=times, deadline=None, suppress_health_check=list(HealthCheck), print_blob=False)
    @given(KINDS[kind])
    def thrown(parts: dict[str, Any]) -> None:
        for rig in rigs:
            rig.send(**parts)

    thrown()
    assert sum(rig.requests for rig in rigs) - thrown_before >= times * len(rigs)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_that_is_thrown_at_it_makes_it_fail(rigs: list[Any], kind: str) -> None:
    throw(rigs, kind, FEW)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_that_is_thrown_at_it_long_and_hard_makes_it_fail(rigs: list[Any], kind: str) -> None:
    throw(rigs, kind, MANY)


@pytest.mark.parametrize("path", [b"/scim/v2/Users", b"/scim/v2/Groups", b"/scim/v2/Bulk", b"/scim/v2/.search"])
def test_a_body_that_is_huge_or_deep_is_refused(rigs: list[Any], path: bytes) -> None:
    for body in HUGE:
        answer = rigs[0].send(method="POST", path=path, body=body)
        assert answer.status in (400, 413) or path.endswith(b".search")  # where what isn't known is left alone
