"""The steps that look beside SCIM (call, profile, reconcile, audited) and the second tenant, played and judged.

The product behind the declared calls is a table of answers; where SCIM is needed too, it is the reference server, and
the product a command that the target file declares.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from scimrig.caller import Caller
from scimrig.cast import Cast
from scimrig.channels import Hooks
from scimrig.courier import Courier, Redactor
from scimrig.declarations import Declarations
from scimrig.evidence import Exchange, Leftover, Reading, Record, Sight, StepPlayed, to_json
from scimrig.hooks import HookError
from scimrig.judge import Judge
from scimrig.plan import Plan, plan_cases
from scimrig.playable import alone, beyond_patience, undeclared
from scimrig.promised import Promised
from scimrig.rows import Rows
from scimrig.runner import Run
from scimrig.scenario.errors import ScenarioErrors
from scimrig.scenario.load import load_text
from scimrig.scenario.model import Step
from scimrig.sink import Sink, SinkSettings
from scimrig.target import Target, from_argument, load_target_file
from scimrig.verdicts import RunResult, Status
from scimrig.wakeful import WakefulClock
from scimrig.watching import Watching
from scimrig_simulator import idp
from scimrig_simulator.clock import VirtualClock
from scimrig_simulator.wire import Reply, Send

HEAD = """
scenario: pack/story
title: The product keeps its word
area: policy
severity: security
cites: [policy:roles.default]
given: {ada: {}, ben: {}, eng: {kind: team}}
"""


class Product:
    """Answers declared calls from a table: path with its query → JSON, or a status."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def exchange(self, request: Send) -> Reply:
        self.asked.append(f"{request.method} {request.target}")
        told = self.answers.get(request.target, 404)
        return Reply(told) if isinstance(told, int) else Reply(200, body=json.dumps(told).encode())

    def close(self) -> None:
        """Nothing is open."""


def plan_of(steps: str, target: Target, head: str = HEAD, dialects: Sequence[str] = ("rfc",)) -> Plan:
    scenarios = load_text(f"{head}steps:\n{steps}")
    return Plan(
        target, tuple(dialects), tuple(dialects), plan_cases(scenarios, dialects), seed=3, jobs=1, timeout=30,
        run="r1", prefix="rig-", domain=target.email_domain, folder=None,
    )


def watching(data: dict[str, Any], product: Product, sights: Sequence[Sight] = ()) -> tuple[Watching, Cast]:
    declared = Declarations(data)
    plan = plan_of("  - assign: ada\n  - assign: ben\n", from_argument("ref:", None, {}))
    engine = idp.engage("rfc", 1)
    cast = Cast(plan.cases[0], plan, engine, declared)
    clock = VirtualClock()
    ways = Hooks("http://product.test", {}, lambda url, credentials: product)
    courier = Courier(product, clock, Rows(), Redactor(), lambda exchange: None, hooks=ways, case="c")
    return Watching(Caller(declared, courier, clock, engine), cast, lambda: sights), cast


STEP = Step("s", "step", "call", "", None, (), {}, load_text(f"{HEAD}steps: [assign: ada]")[0].place)


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("call: hooks.rotat_token", "is no call; did you mean 'hooks.rotate_token'?"),
        ("call: hooks.before_run", "'hooks.before_run' is no call"),
        ("call: write_api.update_user", "is about somebody: add 'about'"),
        ("{call: write_api.update_user, about: ada, with: {valu: x}}", "'valu' is no variable of write_api"),
        ("{call: hooks.rotate_token, expect: [{status: 200}]}", "'expect' of a call is accepted or refused"),
        ("{call: hooks.rotate_token, keep: {a: /id}}", "a call keeps read, not '/id'"),
        ("{assign: ada, with: {a: b}}", "'with' belongs to a 'call', not to 'assign'"),
        ("{profile: {eng: {email: x}}}", "'eng' is a team; a person belongs here"),
        ("{audited: {about: ada}}", "an audit needs 'entries'"),
        ("{reconcile: [ada, eng]}", "'eng' is a team; a person belongs here"),
        ("wait: soon", "'wait' must be a number of seconds"),
    ],
)
def test_a_mistake_in_a_step_is_found_before_anything_is_sent(step: str, told: str) -> None:
    with pytest.raises(ScenarioErrors) as caught:
        load_text(f"{HEAD}steps:\n  - assign: ada\n  - {step}\n")
    assert told in str(caught.value)


# Profiles ------------------------------------------------------------------------------------------------------------


def test_a_profile_is_read_by_the_declared_places_and_what_has_none_is_named() -> None:
    product = Product({})
    data = {"normalized": {
        "readback": {"method": "GET", "path": "/u/{email}"},
        "map": {"given_name": "/first", "locale": "/lang"}, "custom": {"badge": "/more/badge"},
    }}
    looked, cast = watching(data, product)
    email = cast.person("ada").email.replace("@", "%40")
    product.answers[f"/u/{email}"] = {"first": "Ada", "lang": None, "more": {"badge": "teal"}}
    wanted = {"given_name": "Ada", "locale": {"absent": True}, "custom.badge": "teal", "title": "X", "custom.x": "y"}
    subject, expect, seen, numbers = looked.profile(STEP, {"ada": wanted})
    assert (subject, len(numbers)) == ("ada", 1)
    assert set(expect["profile"]) == {"given_name", "locale", "custom.badge"}
    assert seen["profile"] == {"given_name": "Ada", "custom.badge": "teal"}
    assert seen["lacking"] == ["custom.x", "title"]


def test_a_profile_is_looked_at_again_until_reads_must_show_a_write() -> None:
    product = Product({})
    data = {"consistency": {"within": 2}, "normalized": {
        "readback": {"method": "GET", "path": "/u"}, "map": {"given_name": "/first"},
    }}
    product.answers["/u"] = {"first": "X"}
    looked, _ = watching(data, product)
    _, _, seen, numbers = looked.profile(STEP, {"ada": {"given_name": "Ada"}})
    assert seen["after"] >= 2
    assert len(numbers) > 4


# The listing ---------------------------------------------------------------------------------------------------------

LISTING = {"method": "GET", "path": "/users?size=2", "items": "/users/*", "next": "/next", "page_param": "page"}
PLACES = {"email": "/email", "active": "/active"}


def sight(key: str, active: bool | None) -> Sight:
    """Somebody as SCIM shows them: active or not, None where they are gone."""
    reading = Reading("absent") if active is None else Reading("found", {"id": key, "active": active}, 1)
    return Sight(key, "User", key, False, reading, reading, reading)


def listing_of(cast: Cast, *rows: tuple[str, bool]) -> dict[str, Any]:
    """Two pages: strangers on the first, these on the second."""
    mine = [{"email": cast.person(key).email.upper(), "active": active} for key, active in rows]
    return {
        "/users?size=2": {"users": [{"email": "x@y.test"}, {"email": None}], "next": "p/2"},
        "/users?size=2&page=p%2F2": {"users": mine, "next": ""},
    }


@pytest.mark.parametrize(
    ("listed", "shown", "shape"),
    [
        ([("ada", True), ("ben", False)], {"ada": True, "ben": False}, ""),
        ([("ada", True)], {"ada": True, "ben": None}, ""),
        ([("ben", False)], {"ada": True, "ben": False}, "not listed"),
        ([("ada", True), ("ben", True)], {"ada": True, "ben": False}, "another active"),
        ([("ada", True), ("ada", True), ("ben", True)], {"ada": True, "ben": True}, "listed twice"),
        ([("ada", True), ("ben", True)], {"ada": True, "ben": None}, "listed though gone"),
    ],
)
def test_a_listing_is_read_to_its_last_page_and_must_agree_with_scim(
    listed: list[tuple[str, bool]], shown: dict[str, bool | None], shape: str
) -> None:
    from scimrig.watched import differences

    product = Product({})
    sights = [sight(key, active) for key, active in shown.items()]
    data = {"directory_api": {"list_users": LISTING}, "normalized": {"map": PLACES}}
    looked, cast = watching(data, product, sights)
    product.answers |= listing_of(cast, *listed)
    _, _, seen, numbers = looked.reconcile(STEP, ["ada", "ben"])
    assert product.asked == ["GET /users?size=2", "GET /users?size=2&page=p%2F2"]
    assert (seen["pages"], seen["rows"], len(numbers)) == (2, 2 + len(listed), 2)
    found = [told[0] for one in sights for told in differences(seen["listed"][one.key], one)]
    assert found == ([shape] if shape else [])


def test_a_listing_that_leads_back_to_itself_is_an_error_and_no_verdict() -> None:
    page = {"users": [], "next": "a"}
    data = {"directory_api": {"list_users": LISTING, "map": PLACES}}
    looked, _ = watching(data, Product({"/users?size=2": page, "/users?size=2&page=a": page}))
    with pytest.raises(HookError, match="leads to itself"):
        looked.reconcile(STEP, ["ada"])


# The audit log -------------------------------------------------------------------------------------------------------


def test_only_entries_whose_target_somebody_is_count_as_theirs_and_secrets_in_them_are_told() -> None:
    product = Product({})
    data = {"audit": {
        "list": {"method": "GET", "path": "/log", "read": "/e/*"},
        "fields": {"action": "/do", "outcome": "/end", "target": "/of/id", "wanted": "/for"},
    }}
    looked, cast = watching(data, product)
    product.answers["/log"] = {"e": [
        {"do": "user.create", "end": "rejected", "of": {}, "for": {"email": cast.person("ada").email}},
        {"do": "user.create", "end": "success", "of": {"id": "17"}, "password": "Pa55phrase"},
        {"do": "group.update", "end": "success", "of": {"id": "4"}, "members": ["17"]},
    ]}
    wanted = {"about": "ada", "entries": [{"outcome": "success"}, {"outcome": "rejected"}]}
    subject, _, seen, _ = looked.audited(STEP, wanted, {"17", cast.person("ada").email})
    assert [entry["action"] for entry in seen["entries"]] == ["user.create", "user.create"]
    assert (subject, seen["leaks"]) == ("ada", ["a password"])


@pytest.mark.parametrize(
    ("entries", "missing", "surplus"),
    [
        ([{"action": "a"}, {"action": "b"}], 0, 0),
        ([{"action": "a"}], 0, 1),
        ([{"action": "a"}, {"action": "b"}, {"action": "b"}], 1, 0),
        ([{"outcome": "ok"}, {"action": "a", "outcome": "ok"}], 0, 0),
        ([{"action": "c"}, {"action": "a"}], 1, 1),
        ([{"action": "a", "reason": "why"}, {"action": "b", "reason": "not mapped, so not compared"}], 0, 0),
    ],
)
def test_each_expected_entry_finds_one_of_its_own(entries: list[Any], missing: int, surplus: int) -> None:
    from scimrig.watched import compared

    seen = [{"action": "b", "outcome": "ok"}, {"action": "a", "outcome": "ok"}]
    lacking, left = compared(entries, seen, ["action", "outcome"])
    assert (len(lacking), len(left)) == (missing, surplus)


# With SCIM -----------------------------------------------------------------------------------------------------------

HOOK = """
import json, sys
told = json.load(sys.stdin)
match told["hook"]:
    case "normalized.readback":
        print(json.dumps({"first": sys.argv[1] if len(sys.argv) > 1 else told["given_name"], "mail": told["email"]}))
    case "hooks.portal_link":
        print(json.dumps({"link": "https://elsewhere.test/portal/s3cret-link-value"}))
    case "hooks.rotate_webhook_secret":
        print("no json")
    case "write_api.update_user":
        print(json.dumps({"seen": told["value"], "many": [1, 2]}))
    case _:
        sys.exit(7)
"""


@pytest.fixture
def product(tmp_path: Path) -> Any:
    """Makes a target: the reference server, and beside it what the command answers. ``more``: TOML lines."""
    (tmp_path / "hook.py").write_text(HOOK)

    def target(more: str) -> Target:
        file = tmp_path / "scimrig.toml"
        file.write_text(more.replace("HOOK", f'"{sys.executable}", "hook.py"'))
        return from_argument("ref:", load_target_file(file), {})

    return target


def played(plan: Plan) -> tuple[RunResult, list[Record]]:
    judge = Judge()
    records = [record for record in Run(plan) if (judge.feed(record), True)]
    return judge.result(), records


PROFILE = '[normalized]\nreadback = {command = [HOOK%s]}\nmap = {given_name = "/first", email = "/mail"}\n'
SEES = "  - assign: ada\n  - profile: {ada: {given_name: '${{ ada.givenName }}', email: '${{ ada.email }}'%s}}\n"


def test_a_product_that_shows_another_name_is_found_by_the_name_and_the_log_finds_it_again(product: Any) -> None:
    result, records = played(plan_of(SEES % "", product(PROFILE % ', "Somebody"')))
    (case,) = result.cases
    (finding,) = case.findings
    assert (finding.check, finding.authority, finding.shape) == ("promise/profile", "policy:normalized.map",
                                                                 "given_name")
    assert finding.status is Status.FAIL
    assert "Somebody" in finding.actual
    again = Judge()
    for record in records:
        again.feed(type(record)(**{f.name: getattr(record, f.name) for f in dataclasses.fields(record)}))
    assert again.result().cases == result.cases


def test_a_name_that_nobody_says_a_place_of_is_told_and_does_not_fail(product: Any) -> None:
    result, _ = played(plan_of(SEES % ", picture: x", product(PROFILE % "")))
    (case,) = result.cases
    assert case.status is Status.INFO
    assert 'add normalized.map.picture = "/…"' in case.findings[0].actual


def test_a_command_is_told_all_that_is_known_and_its_answer_can_be_kept_and_matched(product: Any) -> None:
    target = product('[write_api]\nupdate_user = {command = [HOOK], read = "/seen"}\n')
    steps = """
  - assign: ada
  - {call: write_api.update_user, about: ada, with: {value: "Ada ${{ ada.id }}"}, keep: {it: read}, finds: {starts: A}}
  - {call: write_api.update_user, about: ada, with: {value: "${{ kept.it }}!"}, finds: {is: "Ada ${{ ada.id }}!"}}
  - {call: write_api.update_user, about: ada, with: {value: other}, finds: Ada}
"""
    result, records = played(plan_of(steps, target))
    (finding,) = result.cases[0].findings
    assert (finding.check, finding.step) == ("promise/call", "4-call")
    assert finding.authority == "policy:write_api.update_user"
    run = [one for one in records if isinstance(one, Exchange) and one.by == "hook"]
    assert all(one.method == "RUN" and one.elsewhere for one in run)
    told = json.loads(run[0].request_body or "")
    assert {"hook", "user_id", "email", "user_name", "external_id", "display_name", "value"} <= set(told)


@pytest.mark.parametrize(
    ("key", "words"),
    [("hooks.register_plain_http", "failed with exit code 7"), ("hooks.rotate_webhook_secret", "is not JSON")],
)
def test_a_command_that_fails_or_answers_nonsense_is_an_error_and_no_verdict(
    product: Any, key: str, words: str
) -> None:
    table, _, name = key.partition(".")
    target = product(f'[{table}]\n{name} = {{command = [HOOK], read = "/secret"}}\n')
    result, _ = played(plan_of(f"  - call: {key}\n", target))
    assert (result.cases[0].status, words in result.cases[0].reason) == (Status.ERROR, True)


def test_a_secret_that_a_call_tells_is_in_no_record_and_leads_nowhere_else(product: Any) -> None:
    target = product('[hooks]\nportal_link = {command = [HOOK], read = "/link"}\n')
    steps = """
  - {call: hooks.portal_link, keep: {link: read}}
  - {send: {GET: "${{ kept.link }}", at: origin}, expect: {status: 200}}
"""
    result, records = played(plan_of(steps, target, f"{HEAD}dialect: rfc\n"))
    assert result.cases[0].status is Status.ERROR
    assert "is not where the target is" in result.cases[0].reason
    assert "s3cret-link-value" not in json.dumps([to_json(record) for record in records])


def test_a_call_that_must_be_refused_and_is_accepted_breaks_its_promise(product: Any) -> None:
    hooks = 'register_plain_http = {method = "PUT", path = "/manage/roles?of={url}", body = {default = "x"}}\n'
    domains = 'before_run = [{method = "PUT", path = "/manage/domains", body = {domains = ["example.com"]}}]\n'
    target = product(f'[ref]\npolicy = "scalekit"\n[hooks]\n{domains}{hooks}')
    result, _ = played(plan_of("  - {call: hooks.register_plain_http, expect: refused}\n", target))
    (finding,) = result.cases[0].findings
    assert (finding.check, finding.authority) == ("promise/call", "policy:hooks.register_plain_http")


# The second tenant ---------------------------------------------------------------------------------------------------

SECOND = """
[second_tenant]
base_url = "/other/scim/v2"
[hooks]
before_run = [{method = "PUT", path = "/manage/tenants/other"}]
issue_token = {method = "POST", path = "/manage/tenants/other/tokens", read = "/token"}
"""
ELSEWHERE = """
  - {send: {GET: "/Users/${{ ada.id }}", at: second_tenant}, expect: {status: 404, unchanged: ada}}
  - {send: {GET: "/Users/${{ ada.id }}", at: second_tenant, token: own}, expect: {status: 401}}
  - {send: {GET: "/Users/${{ ada.id }}", token: second_tenant}, expect: {status: 401}}
  - send:
      POST: /Users
      at: second_tenant
      body: {schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"], userName: "${{ run.prefix }}${{ nobody.id }}"}
    expect: {status: 201}
    keep: {theirs: /id}
  - {send: {GET: "/Users/${{ kept.theirs }}"}, expect: {status: 404}}
  - {call: hooks.issue_token, keep: {fresh: read}}
  - send: {GET: "/Users/${{ kept.theirs }}", at: second_tenant, token: "Bearer ${{ kept.fresh }}"}
    expect: {status: 200}
"""
PROBE = HEAD.replace("ada: {}", "ada: {exists: true}") + "dialect: rfc\n"


def test_another_tenant_is_asked_with_its_own_token_and_what_was_made_there_is_cleared_away(product: Any) -> None:
    result, records = played(plan_of(ELSEWHERE, product(SECOND), PROBE))
    assert [case.status for case in result.cases] == [Status.PASS], result.cases
    there = [one for one in records if isinstance(one, Exchange) and "/other/scim/v2" in one.path]
    assert [one.method for one in there][-1] == "DELETE"
    assert there[-1].status == 204
    assert not [one for one in records if isinstance(one, Leftover)]
    (step,) = (one for one in records if isinstance(one, StepPlayed) and one.verb == "call")
    assert step.seen["status"] in (200, 201)
    assert not [check for check in result.checks if any(finding.status is Status.FAIL for finding in check.findings)]


def test_without_a_second_tenant_the_story_is_skipped_with_what_to_add() -> None:
    scenario = load_text(f"{PROBE}steps:{ELSEWHERE}")[0]
    told = undeclared(scenario, Declarations())
    assert told.startswith("needs hook: hooks.issue_token (add ")
    hooks = {"issue_token": {"method": "POST", "path": "/t", "read": "/t"}}
    assert undeclared(scenario, Declarations({"hooks": hooks})).startswith("no channel: second_tenant.base_url (add ")
    assert undeclared(scenario, Declarations({"hooks": hooks, "second_tenant": {"base_url": "/x"}})) == ""


# Time, and cases by themselves ---------------------------------------------------------------------------------------


def test_on_a_clock_of_our_own_an_hour_passes_at_once(product: Any) -> None:
    result, _ = played(plan_of("  - assign: ada\n  - wait: 3600\n  - wait: 86400\n  - deactivate: ada\n", product("")))
    assert [case.status for case in result.cases] == [Status.PASS]


ADVANCE = {"hooks": {"advance_clock": {"method": "POST", "path": "/c", "body": {"by": "{seconds}"}}}}
LADDER = {"webhooks": {"retry_schedule": [0, 5, 300]}}


@pytest.mark.parametrize(
    ("steps", "declared", "plays"),
    [
        ("wait: 4", {}, True),
        ("wait: 3600", {}, False),
        ("wait: 3600", ADVANCE, True),
        ("await: {about: ada, event: user_created, attempts: 2}", LADDER, True),
        ("await: {about: ada, event: user_created, attempts: 3}", LADDER, False),
        ("await: {about: ada, event: user_created, attempts: 3}", {**LADDER, **ADVANCE}, True),
    ],
)
def test_what_takes_longer_than_anybody_waits_needs_a_clock_that_can_be_moved(
    steps: str, declared: dict[str, Any], plays: bool
) -> None:
    scenario = load_text(f"{HEAD}steps: [assign: ada, {steps}]")[0]
    told = beyond_patience(scenario.steps, Declarations(declared), 60.0)
    assert (told == "") is plays
    assert plays or told.startswith("needs hook: hooks.advance_clock (add ")
    assert beyond_patience(scenario.steps, Declarations(declared), float("inf")) == ""


class Hurried(WakefulClock):
    """Wall time on which sleeping takes none."""

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)


@pytest.mark.parametrize("apart", [True, False])
def test_time_is_moved_on_for_a_webhook_only_where_nobody_else_would_feel_it(apart: bool) -> None:
    product, clock = Product({"/c": {}}), Hurried(threading.Event())
    told = {**ADVANCE, "webhooks": {"max_first_attempt_ms": 60_000}}
    plan, declared = plan_of("  - assign: ada\n", from_argument("ref:", None, {})), Declarations(told)
    engine = idp.engage("rfc", 1)
    cast = Cast(plan.cases[0], plan, engine, declared)
    ways = Hooks("http://product.test", {}, lambda url, credentials: product)
    courier = Courier(product, clock, Rows(), Redactor(), lambda exchange: None, hooks=ways, case="c")
    sink = Sink(clock, lambda delivered: None, str, SinkSettings(in_process=True))
    promised = Promised(declared, courier, sink, clock, engine, cast, alone=apart)
    promised.answered("assign", 201)
    (waits,) = load_text(f"{HEAD}steps: [assign: ada, await: {{about: ada, event: user_created}}]")
    promised.play(waits.steps[1], waits.steps[1].argument)
    assert ("POST /c" in product.asked) is apart


@pytest.mark.parametrize(
    ("steps", "apart"),
    [
        ("- assign: ada", False),
        ("- wait: 5", True),
        ("- {call: hooks.set_domains, with: {domains: [a.test]}}", True),
        ("- {call: write_api.delete_user, about: ada}", False),
        ("- {send: {GET: /Users, at: second_tenant}, expect: {status: 200}}", True),
    ],
)
def test_what_others_would_feel_is_played_while_no_other_case_is(steps: str, apart: bool) -> None:
    head = f"{HEAD}dialect: rfc\n" if "send" in steps else HEAD
    assert alone(load_text(f"{head}steps:\n  {steps}")[0], Declarations()) is apart


def test_cases_by_themselves_are_played_last_and_one_by_one(product: Any) -> None:
    plan = plan_of("  - assign: ada\n", product(""))
    waits = load_text(f"{HEAD.replace('pack/story', 'pack/wait')}steps: [assign: ada, wait: 9]")
    cases = (*plan_cases(waits, ("rfc", "okta", "entra")), *plan.cases)
    records = list(Run(dataclasses.replace(plan, cases=cases, jobs=3)))
    begun = [record.case for record in records if record.type == "case-started"]
    assert begun[0] == "pack/story[rfc]"
    marks = [record.type for record in records if record.type in ("case-started", "case-ended")]
    assert marks == ["case-started", "case-ended"] * 4
    assert len(set(begun)) == len(list(itertools.chain(begun)))


# Groups that give roles by their names -------------------------------------------------------------------------------

MAPPED = """
[ref]
policy = "scalekit"
[policy]
allowed_domains = ["acme.test"]
[roles]
default = "member"
mapping = {Engineering = "member", Operations = "root"}
readback = {method = "GET", path = "/manage/users/{user_id}/roles", read = "/roles/*"}
[hooks]
before_run = [
  {method = "PUT", path = "/manage/domains", body = {domains = ["acme.test"]}},
  {method = "PUT", path = "/manage/roles", body = {default = "member"}},
]
"""
BY_NAME = "  - assign: ada\n  - push_group: {eng: [ada]}\n  - hook: {map_group: %s}\n  - roles: {ada: [eng]}\n"


def test_a_team_is_pushed_under_the_name_that_gives_its_role(product: Any) -> None:
    """The server knows nothing of these names: whoever is promised its default role has it, and no other."""
    result, records = played(plan_of(BY_NAME % "eng", product(MAPPED)))
    assert [case.status for case in result.cases] == [Status.PASS]
    sent = [one for one in records if isinstance(one, Exchange) and (one.method, one.path) == ("POST", "/Groups")]
    assert "Engineering" in [json.loads(one.request_body or "")["displayName"] for one in sent]
    result, _ = played(plan_of(BY_NAME % "{eng: 2}", product(MAPPED)))
    assert [finding.expected for finding in result.cases[0].findings] == ["root"]


def test_a_group_that_is_there_already_is_left_alone(product: Any) -> None:
    taken = 'before_run = [\n  {method = "POST", path = "/scim/v2/Groups", body = {displayName = "Engineering"}},'
    result, _ = played(plan_of(BY_NAME % "eng", product(MAPPED.replace("before_run = [", taken))))
    assert result.cases[0].status is Status.SKIP
    assert "'Engineering' is on the target already" in result.cases[0].reason


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"roles": {"apply": "on_login"}}, 'not testable: roles.apply = "on_login"'),
        ({"roles": {"mapping": {"Engineering": "x"}}}, "not testable: groups give their roles from the start"),
    ],
)
def test_what_nobody_can_watch_is_said_to_be_so(more: dict[str, Any], told: str) -> None:
    readback = {"method": "GET", "path": "/{email}", "read": "/r/*"}
    data = {"roles": {"default": "member", "readback": readback, "mapping": {"E": "x"}, **more["roles"]}}
    steps = "  - assign: ada\n  - roles: {ada: default}\n  - push_group: {eng: []}\n  - hook: {map_group: eng}\n"
    assert undeclared(load_text(f"{HEAD}steps:\n{steps}")[0], Declarations(data)).startswith(told)


# What is told besides ------------------------------------------------------------------------------------------------


def test_whoever_does_not_appear_is_explained_by_the_four_questions_of_support(product: Any) -> None:
    target = product(MAPPED.replace('allowed_domains = ["acme.test"]', 'allowed_domains = ["acme.test", "other.test"]'))
    head = HEAD.replace("ada: {}", "ada: {email: ada@other.test}")
    result, _ = played(plan_of("  - assign: ada\n", target, head))
    (finding,) = result.cases[0].findings
    assert finding.check == "outcome"
    assert (
        "Why they do not appear: seen in a request - yes (POST answered 400); an e-mail address - yes; "
        "its domain - allowed; the token - accepted."
    ) in finding.consequence


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://scim.example.com/v2", ["survey/tls"]),
        ("https://scim.example.com/v2", []),
        ("http://127.0.0.1:8080/scim/v2", []),
        ("http://localhost/scim/v2", []),
        ("", []),
    ],
)
def test_plain_http_beyond_this_machine_is_one_fail(url: str, told: list[str]) -> None:
    from scimrig.survey import Survey
    from scimrig.surveyed import findings

    found = [one for one in findings(Survey(), url) if one.check == "survey/tls"]
    assert [one.check for one in found] == told
    assert all((one.status, one.authority) == (Status.FAIL, "rfc:RFC7644-7.4-R01") for one in found)
