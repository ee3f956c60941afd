"""No engine ever sends what its IdP never sends, whatever becomes of the company and whatever the target answers.

Each prohibition has its source in docs/idp-dialects.md, and a request that breaks it: an engine that slips it into one
of its acts is caught. A thousand companies change at random, against a target that answers amiss now and then.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl

import pytest

from scimrig_simulator import idp
from scimrig_simulator.idp.acts import ACTS
from scimrig_simulator.scim.urns import GROUP, PATCH_OP, USER
from scimrig_simulator.wire import BY_THE_BOOK, Send

from .at_random import Life, body, operations

OKTA, ENTRA = "okta okta-template okta-wizard", "entra entra-flag entra-on-demand"
PING, GATEWAYS = "pingfederate pingone", "ad-connect ldap-gateway"
PUTTING = f"google onelogin jumpcloud {PING} {GATEWAYS}"
EVERYBODY = " ".join(idp.names())
COMPANIES = 1000


def header(request, name):
    return next((value for key, value in request.headers if key.lower() == name.lower()), None)


def asks_for(request, *names):
    return any(name in names for name, _ in parse_qsl(request.query, keep_blank_values=True))


def on(request, *requests):
    """Whether a request is one of these, such as ``"PUT /Users"``, with an id or without."""
    return f"{request.method} /{request.path.split('/')[1]}" in requests


def put(path, **members):
    return Send("PUT", path, body={"schemas": [USER], **members})


def patch(path, *ops):
    return Send("PATCH", path, body={"schemas": [PATCH_OP], "Operations": list(ops)})


@dataclass(frozen=True)
class Never:
    """What some dialects never send. ``breaks``: whether a request does; ``planted``: one that does."""

    dialects: str
    what: str
    source: str
    breaks: object
    planted: Send

    @property
    def id(self):
        return f"{self.dialects.split()[0]}: {self.what}"


NEVER = (
    Never(EVERYBODY, "another resource than users and groups", "okta:7 [O3], entra:7 [M1]",
          lambda it: not re.fullmatch(r"/(Users|Groups)(/[^/.]+)?", it.path), Send("GET", "/ServiceProviderConfig")),
    Never(EVERYBODY, "a search by POST", "okta:7 [O3], entra:7 [M1]",
          lambda it: it.path.endswith(".search"), Send("POST", "/Users/.search", body={})),
    Never(EVERYBODY, "Bulk", "okta:7 [O3], entra:7 [M1]",
          lambda it: it.path.startswith("/Bulk"), Send("POST", "/Bulk", body={"Operations": []})),
    Never(EVERYBODY, "Me", "okta:7 [O3], entra:7 [M1]", lambda it: it.path == "/Me", Send("GET", "/Me")),
    Never(EVERYBODY, "a precondition", "okta:1 [O8, O9]; no chapter 1 has one",
          lambda it: header(it, "If-Match") or header(it, "If-None-Match"),
          Send("GET", "/Users/1", headers=(("If-Match", '"1"'),))),
    Never(EVERYBODY, "an order of rows", "okta:1 [O1]; no chapter has one",
          lambda it: asks_for(it, "sortBy", "sortOrder"), Send("GET", "/Users", "sortBy=userName")),
    Never(EVERYBODY, "a body with a read or a delete", "RFC 9110 §9.3",
          lambda it: it.method in ("GET", "DELETE") and it.body is not None, Send("DELETE", "/Users/1", body={})),
    Never(OKTA, "DELETE of a user", "okta:5 [O1]", lambda it: on(it, "DELETE /Users"), Send("DELETE", "/Users/1")),
    Never("okta okta-template", "PUT of a group", "okta:6 [O1]",
          lambda it: on(it, "PUT /Groups"), put("/Groups/1", displayName="Blue")),
    Never("okta-template", "PUT", "okta:4 [O3]", lambda it: it.method == "PUT", put("/Users/1", active=False)),
    Never("okta-wizard", "PATCH", "okta:4, okta:5 [O1]",
          lambda it: it.method == "PATCH", patch("/Users/1", {"op": "replace", "value": {"active": False}})),
    Never("okta", "PATCH of a profile", "okta:4 [O1]",
          lambda it: on(it, "PATCH /Users")
          and any("path" not in op and set(op["value"]) - {"active"} for op in operations(it)),
          patch("/Users/1", {"op": "replace", "value": {"displayName": "Ada"}})),
    Never(OKTA, "a path to active", "okta:5 [O1]",
          lambda it: any(op.get("path") == "active" for op in operations(it)),
          patch("/Users/1", {"op": "replace", "path": "active", "value": False})),
    Never(OKTA, "a capital op", "okta:10 [O1]",
          lambda it: any(not op["op"].islower() for op in operations(it)),
          patch("/Groups/1", {"op": "Add", "path": "members", "value": []})),
    Never(OKTA, "a part of a resource asked for", "okta:6",
          lambda it: asks_for(it, "attributes", "excludedAttributes"),
          Send("GET", "/Groups", "excludedAttributes=members")),
    Never(OKTA, "null for what is empty", "okta:4 [O1, O7]",
          lambda it: it.method == "PUT" and None in body(it).values(), put("/Users/1", title=None)),
    Never(OKTA, "type or $ref of a member", "okta:6 [O1]",
          lambda it: on(it, "POST /Groups", "PUT /Groups")
          and any({"type", "$ref"} & set(one) for one in body(it).get("members", ())),
          Send("POST", "/Groups", body={"schemas": [GROUP], "members": [{"value": "1", "$ref": None}]})),
    Never(ENTRA, "PUT", "entra:4 [M1, M3]", lambda it: it.method == "PUT", put("/Users/1", active=False)),
    Never(ENTRA, "a page of a look-up", "entra:1 [M1]",
          lambda it: asks_for(it, "filter") and asks_for(it, "count", "startIndex"),
          Send("GET", "/Users", "filter=userName+eq+%22a%22&count=1")),
    Never(ENTRA, "a read of members", "entra:6 [M1]",
          lambda it: on(it, "GET /Groups") and "excludedAttributes=members" not in it.query, Send("GET", "/Groups/1")),
    Never(ENTRA, "a group created with members", "entra:6 [M1]",
          lambda it: on(it, "POST /Groups") and "members" in body(it),
          Send("POST", "/Groups", body={"schemas": [GROUP], "members": []})),
    Never(ENTRA, "User-Agent", "entra:1 [M15]",
          lambda it: header(it, "User-Agent"), Send("GET", "/Users", headers=(("User-Agent", "x"),))),
    Never(ENTRA, "a password", "entra:5 [M6]",
          lambda it: "password" in body(it), Send("POST", "/Users", body={"password": "x"})),
    Never(ENTRA, "a filter with another operator than eq and and", "entra:3 [M1]",
          lambda it: re.search(r'" or |\bco |\bsw |\bne ', dict(parse_qsl(it.query)).get("filter", "")),
          Send("GET", "/Users", "filter=userName+eq+%22a%22+or+userName+eq+%22b%22")),
    Never("entra entra-on-demand", "a small op", "entra:4 [M2]",
          lambda it: any(op["op"] not in ("Add", "Replace", "Remove") for op in operations(it)),
          patch("/Users/1", {"op": "replace", "path": "title", "value": "x"})),
    Never("entra entra-on-demand", "an op without a path", "entra:4 [M2]",
          lambda it: any("path" not in op for op in operations(it)),
          patch("/Users/1", {"op": "Replace", "value": {"title": "x"}})),
    Never("entra entra-on-demand", "a JSON boolean in a PATCH", "entra:4 [M2]",
          lambda it: any(isinstance(op.get("value"), bool) for op in operations(it)),
          patch("/Users/1", {"op": "Replace", "path": "active", "value": False})),
    Never("entra-flag", "a capital op", "entra:4 [M2]",
          lambda it: any(not op["op"].islower() for op in operations(it)),
          patch("/Users/1", {"op": "Replace", "path": "active", "value": False})),
    Never("entra-flag", "active as a string", "entra:4 [M2]",
          lambda it: any(op.get("path") == "active" and isinstance(op["value"], str) for op in operations(it)),
          patch("/Users/1", {"op": "replace", "path": "active", "value": "False"})),
    Never("entra-flag", "members to remove as a value", "entra:4, entra:6 [M2]",
          lambda it: any(op["op"] == "remove" and "value" in op for op in operations(it)),
          patch("/Groups/1", {"op": "remove", "path": "members", "value": [{"value": "1"}]})),
    Never("google", "a request about groups", "google:6 [G1, G2]",
          lambda it: it.path.startswith("/Groups"), Send("GET", "/Groups")),
    Never("google", "count", "google:1 [G4]", lambda it: asks_for(it, "count"), Send("GET", "/Users", "count=1")),
    Never("google", "application/scim+json", "google:1 [G3]",
          lambda it: "scim" in (header(it, "Content-Type") or ""), put("/Users/1")),
    Never(PUTTING, "PATCH of a user", "onelogin:4 [L1], jumpcloud:4 [J2], pingfederate:4 [P1], CAP-12",
          lambda it: on(it, "PATCH /Users"), patch("/Users/1", {"op": "replace", "path": "active", "value": False})),
    Never("onelogin", "PUT or DELETE of a group", "onelogin:6 [L1]",
          lambda it: on(it, "PUT /Groups", "DELETE /Groups"), Send("DELETE", "/Groups/1")),
    Never("onelogin", "a JSON boolean for active", "onelogin:3 [L3, L4]",
          lambda it: isinstance(body(it).get("active"), bool), put("/Users/1", active=False)),
    Never("jumpcloud", "the enterprise extension itself", "jumpcloud:3 [J1]",
          lambda it: any(":enterprise:" in name for name in body(it)),
          put("/Users/1", **{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {}})),
    Never("jumpcloud", "keys of a user in another order than the alphabet's", "jumpcloud:3 [J2]",
          lambda it: it.path.startswith("/Users") and list(body(it)) != sorted(body(it)), put("/Users/1", active=True)),
    Never("pingfederate", "a filter on groups", "pingfederate:6 [P1]",
          lambda it: on(it, "GET /Groups") and asks_for(it, "filter"), Send("GET", "/Groups", "filter=a+eq+1")),
    Never(f"jumpcloud {GATEWAYS}", "PATCH", "jumpcloud:6 [J1], CAP-12",
          lambda it: it.method == "PATCH", patch("/Groups/1", {"op": "add", "path": "members", "value": []})),
    Never("rfc", "PUT", "RFC 7644 §3.5.2, as the knob says", lambda it: it.method == "PUT", put("/Users/1")),
    Never("rfc", "a boolean as a string", "RFC 7643 §2.3.2",
          lambda it: any(op.get("value") in ("true", "false", "True", "False") for op in operations(it)),
          patch("/Users/1", {"op": "replace", "path": "active", "value": "False"})),
)  # fmt: skip

LINES = {
    OKTA: ("okta:1 [O8, O9]", "Accept Accept-Charset Content-Type User-Agent Authorization Content-Length Connection"
           " Accept-Encoding"),
    ENTRA: ("entra:1 [X1, M12, M15]", "Authorization ADSCIMVersion Content-Type Content-Length"),
    "google": ("google:1 [G2, G3]", "Authorization User-Agent Content-Type Content-Length"),
    f"onelogin jumpcloud {PING} {GATEWAYS}": ("onelogin:1; of others unknown",
                                              "Authorization Content-Type Content-Length"),
    "rfc": ("RFC 7644 §3.1, §3.8", "Accept Authorization Content-Type Content-Length"),
}
"""Dialects → source, and the header lines that they may send, in their order."""

QUERIES = {
    OKTA: ("okta:1 [O1]", "filter startIndex count"),
    ENTRA: ("entra:1, entra:6 [M1]", "excludedAttributes filter startIndex count"),
    "google": ("google:3 [G4]", "filter startIndex"),
    f"onelogin jumpcloud {PING} {GATEWAYS}": ("onelogin:2 [L1]; of others unknown", "filter startIndex count"),
    "rfc": ("RFC 7644 §3.4.2", "filter startIndex count"),
}
"""Dialects → source, and the query's parameters, in their order."""


def _of(table, dialect):
    return next(words.split() for dialects, (_, words) in table.items() if dialect in dialects.split())


def in_order(names, order):
    """Whether there are no other names than these, in this order."""
    places = [order.index(name) if name in order else -1 for name in names]
    return -1 not in places and places == sorted(places)


def no_other_header(order):
    return lambda it: not in_order([name for name, _ in it.headers], order)


def no_other_parameter(order):
    return lambda it: not in_order([name for name, _ in parse_qsl(it.query)], order)


NEVER += tuple(
    Never(dialects, "another header, or in another order", source, no_other_header(words.split()),
          Send("GET", "/Users", headers=(("X-Request-Id", "1"),)))
    for dialects, (source, words) in LINES.items()
) + tuple(
    Never(dialects, "another parameter, or in another order", source, no_other_parameter(words.split()),
          Send("GET", "/Users", "cursor=1"))
    for dialects, (source, words) in QUERIES.items()
)  # fmt: skip


@pytest.fixture
def new_town(town):
    return type(town)


def broken(dialect, requests):
    """Prohibitions that a dialect has broken, each with the request."""
    rules = [rule for rule in NEVER if dialect in rule.dialects.split()]
    return [(rule.id, request) for request in requests for rule in rules if rule.breaks(request)]


@pytest.mark.slow
@pytest.mark.parametrize("dialect", idp.names())
def test_nothing_is_sent_that_the_dialect_never_sends(dialect, new_town):
    acts = Counter()
    for seed in range(-(-COMPANIES // len(idp.names()))):
        life = Life(idp.engage(dialect, seed), new_town(), f"{dialect} {seed}").live()
        assert not broken(dialect, [request for _, request in life.sent])
        acts += life.acts
    possible = {act for act in ACTS if not life.engine.can(act)}
    assert possible <= set(acts), "an act that was never played proves nothing"


@pytest.mark.slow
@pytest.mark.parametrize("dialect", idp.names())
def test_what_an_admin_has_switched_off_is_never_sent(dialect, new_town):
    toggles = [knob.name for knob in idp.engage(dialect, 1).dialect.knobs
               if knob.name in FORBIDDEN and knob.value == "on"]
    for seed in range(8):
        for off in (*([one] for one in toggles), toggles):
            engine = idp.engage(dialect, seed, **dict.fromkeys(off, "off"))
            life = Life(engine, new_town(), f"{dialect} {seed}", amiss=0.0).live()
            sent = [one for one in life.sent if one[0] != "connect"]
            assert not [one for one in sent if any(FORBIDDEN[toggle](*one) for toggle in off)], off
            assert set(off) != set(toggles) or all(request.method == "GET" for _, request in sent)


FORBIDDEN = {
    "create": lambda _, it: on(it, "POST /Users"),
    "update": lambda act, _: act in ("update", "rename"),
    "deactivate": lambda act, it: on(it, "DELETE /Users") or act in ("deactivate", "unassign", "delete"),
    "groups": lambda _, it: it.path.startswith("/Groups"),
}
"""Toggle that is off → whether a request of an act is what it forbids (the connection test of JumpCloud writes)."""


# A prohibition that is broken is found -------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", NEVER, ids=lambda rule: rule.id)
def test_an_engine_that_breaks_a_prohibition_is_caught(rule, new_town):
    dialect = rule.dialects.split()[0]
    engine = idp.engage(dialect, 7)
    honest, planted = engine.assign, rule.planted
    if planted.headers == BY_THE_BOOK and "header" not in rule.what:
        given = engine.headers(planted.body is not None)
        planted = replace(planted, headers=given if dialect != "google" or "scim" not in rule.what else BY_THE_BOOK)

    def assign(person):
        yield planted
        return (yield from honest(person))

    caught = broken(dialect, [request for _, request in Life(engine, new_town(), "quiet", 0.0).live(4).sent])
    assert not caught
    engine = idp.engage(dialect, 7)
    honest, engine.assign = engine.assign, assign
    caught = broken(dialect, [request for _, request in Life(engine, new_town(), "quiet", 0.0).live(4).sent])
    assert rule.id in [id for id, _ in caught]


@pytest.mark.parametrize(("toggle", "act", "request_"), [
    ("create", "assign", Send("POST", "/Users", body={})), ("update", "rename", put("/Users/1")),
    ("deactivate", "delete", Send("DELETE", "/Users/1")), ("groups", "push_group", Send("GET", "/Groups")),
])
def test_what_breaks_a_toggle_is_seen(toggle, act, request_):
    assert FORBIDDEN[toggle](act, request_)
    assert not FORBIDDEN[toggle]("assign", Send("GET", "/Users"))


def test_each_dialect_has_its_header_lines_and_parameters():
    for dialect in idp.names():
        assert _of(LINES, dialect)
        assert _of(QUERIES, dialect)
