"""Stories about promises, played on the reference server: what is called, seen, skipped and cleared away."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from scimrig.courier import Courier, Redactor
from scimrig.declarations import NOTHING, Declarations
from scimrig.evidence import Exchange, Leftover, Observed, Record, StepPlayed
from scimrig.judge import Judge
from scimrig.plan import Plan, plan_cases
from scimrig.playable import beyond_leaving
from scimrig.rows import Rows
from scimrig.runner import Run
from scimrig.scenario.load import load_text
from scimrig.stage import Stage
from scimrig.survey import Survey
from scimrig.target import REF_BASE_URL, RefSpec, Target, from_argument, load_target_file
from scimrig.verdicts import CaseVerdict, RunResult, Status
from scimrig_simulator import idp
from scimrig_simulator.clock import VirtualClock
from scimrig_simulator.drive import InProcessTransport
from scimrig_simulator.server.app import Settings, build

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "scalekit.toml"
HEAD = """
scenario: pack/story
title: A promise is kept
area: policy
severity: security
cites: [policy:roles.default]
given: {ada: {}, joe: {email: "${{ run.prefix }}joe@${{ promised.foreign }}"}, eng: {kind: team}, ops: {kind: team}}
"""


def plan_of(steps: str, target: Target, dialects: Sequence[str], head: str = "") -> Plan:
    scenarios = load_text(f"{HEAD}{head}steps:\n{steps}")
    return Plan(
        target, tuple(dialects), tuple(dialects), plan_cases(scenarios, dialects), seed=3, jobs=1, timeout=30,
        run="r1", prefix="rig-", domain=target.email_domain, folder=None,
    )


def target_of(text: str = "ref:", *, declared: bool = True) -> Target:
    return from_argument(text, load_target_file(EXAMPLE) if declared else None, {})


def played(plan: Plan) -> tuple[RunResult, list[Record]]:
    records = list(Run(plan))
    judge = Judge()
    for record in records:
        judge.feed(record)
    return judge.result(), records


def steps_of(records: Sequence[Record], verb: str) -> list[StepPlayed]:
    return [one for one in records if isinstance(one, StepPlayed) and one.verb == verb]


ALL = idp.CORE
WITH_GROUPS = tuple(name for name in ALL if name != "google")


def test_a_story_goes_on_after_a_refusal_that_is_promised_and_looks_for_whom_nobody_knows_an_id_of() -> None:
    result, records = played(plan_of("  - assign: joe\n  - assign: ada\n", target_of(), ALL))
    assert {case.status for case in result.cases} == {Status.PASS}
    refused = [step for step in steps_of(records, "act") if step.subject == "joe"]
    assert [(step.intent or {})["fate"] for step in refused] == ["refused"] * len(ALL)
    observed = [one for one in records if isinstance(one, Observed) and one.step == refused[0].step]
    for one in observed:
        (joe,) = (sight for sight in one.sights if sight.key == "joe")
        assert (joe.id, joe.by_id.state, joe.by_filter.state, joe.in_list.state) == (
            "", "not-looked", "absent", "absent")
    assert not [one for one in records if isinstance(one, Leftover)]


def test_a_story_ends_where_a_promised_refusal_does_not_come() -> None:
    target = target_of("ref:fault=foreign-domain-accepted")
    result, records = played(plan_of("  - assign: joe\n  - assign: ada\n", target, ALL))
    assert {case.status for case in result.cases} == {Status.FAIL}
    assert {step.subject for step in steps_of(records, "act")} == {"joe"}
    assert not [one for one in records if isinstance(one, Leftover)]


def test_what_was_refused_stays_refused_as_long_as_it_is_pending() -> None:
    steps = """
  - assign: ada
  - update: {ada: {email: "${{ run.prefix }}new@${{ promised.domain }}"}}
  - update: {ada: {title: Lead}}
  - update: {ada: {email: "${{ ada.userName }}"}}
  - check: {user: ada, has: {title: Lead}}
"""
    result, records = played(plan_of(steps, target_of(), ALL))
    assert {case.status for case in result.cases} == {Status.PASS}
    fates = [(step.intent or {})["fate"] for step in steps_of(records, "act")]
    assert fates == ["applied", "refused", "refused", "applied"] * len(ALL)


@pytest.mark.parametrize(
    ("fault", "check"),
    [("email-change-ignored", ""), ("email-change-accepted", "promise/ignored"), ("", "promise/ignored")],
)
def test_an_address_that_is_promised_to_be_ignored_neither_changes_nor_hinders_the_rest(fault: str, check: str) -> None:
    """The server refuses by itself, and with one fault or the other ignores or accepts."""
    target = target_of(f"ref:fault={fault}" if fault else "ref:")
    declared = Declarations({**target.declared.data, "policy": {"email_change": "ignore"}})
    steps = """
  - assign: ada
  - update: {ada: {email: "${{ run.prefix }}new@${{ promised.domain }}", title: Lead}}
  - check: {user: ada, has: {title: Lead}}
"""
    result, records = played(plan_of(steps, _with(target, declared), ALL))
    assert {(step.intent or {})["fate"] for step in steps_of(records, "act") if step.act == "update"} == {"ignored"}
    found = {finding.check for case in result.cases for finding in case.findings}
    assert found == ({check} if check else set())
    assert all(len(case.findings) == bool(check) for case in result.cases)


def test_roles_follow_from_the_groups_to_which_they_were_given() -> None:
    steps = """
  - assign: ada
  - roles: {ada: default}
  - push_group: {eng: [ada]}
  - push_group: {ops: [ada]}
  - hook: {map_group: eng}
  - hook: {map_group: {ops: 2}}
  - roles: {ada: [eng, ops]}
"""
    result, records = played(plan_of(steps, target_of(), ALL))
    assert {case.dialect for case in result.cases if case.status is Status.PASS} == set(WITH_GROUPS)
    assert [step.seen["role"] for step in steps_of(records, "hook")] == ["developer", "admin"] * len(WITH_GROUPS)
    asked = steps_of(records, "roles")
    assert [step.expect[0]["roles"] for step in asked] == [["member"], ["admin", "developer"]] * len(WITH_GROUPS)
    calls = {one.number: one for one in records if isinstance(one, Exchange)}
    for step in asked:
        (number,) = step.exchanges
        assert (calls[number].by, calls[number].method) == ("hook", "GET")
        assert step.seen["roles"] == step.expect[0]["roles"]


def test_roles_are_asked_for_again_until_reads_must_show_a_write() -> None:
    """On a server where they never come: once where reads are promised to show writes at once, else until then."""
    target = target_of("ref:fault=default-role-missing")
    steps = "  - assign: ada\n  - roles: {ada: default}\n"
    asked = {}
    for within in (0, 3):
        declared = Declarations({**target.declared.data, "consistency": {"within": within}})
        _, records = played(plan_of(steps, _with(target, declared), ["rfc"]))
        (step,) = steps_of(records, "roles")
        asked[within] = len(step.exchanges)
    assert asked[0] == 1 < asked[3]


def test_access_is_watched_until_the_time_that_is_promised_is_up() -> None:
    steps = "  - assign: ada\n  - access: {ada: allowed}\n  - deactivate: ada\n  - access: {ada: refused}\n"
    result, records = played(plan_of(steps, target_of(), ALL))
    assert {case.status for case in result.cases} == {Status.PASS}
    assert [step.seen["access"] for step in steps_of(records, "access")] == ["allowed", "refused"] * len(ALL)
    assert all(len(step.exchanges) == 1 for step in steps_of(records, "access"))

    result, records = played(plan_of(steps, target_of("ref:fault=deactivation-late"), ["okta"]))
    late = steps_of(records, "access")[1]
    assert (late.seen["access"], late.seen["after"] >= 5.0, len(late.exchanges) > 5) == ("allowed", True, True)
    assert result.cases[0].status is Status.FAIL


@pytest.mark.parametrize(
    ("probe", "status", "wanted", "state"),
    [
        ({"method": "GET", "path": "/manage/users/{user_id}/access", "read": "/reason"}, 0, "allowed", Status.ERROR),
        ({"method": "GET", "path": "/manage/domains"}, 200, "allowed", Status.PASS),
        ({"method": "GET", "path": "/manage/domains", "headers": {"Authorization": "Bearer x"}}, 401, "refused",
         Status.PASS),
        ({"method": "GET", "path": "/manage/nowhere"}, 404, "refused", Status.ERROR),
    ],
)
def test_without_a_place_to_read_the_status_tells_whether_somebody_may_come_in(
    probe: dict[str, Any], status: int, wanted: str, state: Status
) -> None:
    target = target_of()
    deprovision = {**target.declared.data["deprovision"], "access_probe": probe}
    declared = Declarations({**target.declared.data, "deprovision": deprovision})
    result, _ = played(plan_of(f"  - assign: ada\n  - access: {{ada: {wanted}}}\n", _with(target, declared), ["rfc"]))
    (case,) = result.cases
    assert case.status is state, (case.reason, case.findings)
    if state is Status.ERROR:
        assert "deprovision.access_probe" in case.reason


def test_whoever_is_deleted_is_out_also_where_the_probe_knows_nobody_of_that_id() -> None:
    target = target_of()
    probe = {"method": "GET", "path": "/scim/v2/Users/{user_id}"}
    declared = Declarations({**target.declared.data, "deprovision": {"access_probe": probe}})
    steps = "  - assign: ada\n  - access: {ada: allowed}\n  - delete: ada\n  - access: {ada: refused}\n"
    result, _ = played(plan_of(steps, _with(target, declared), ["rfc", "google"]))
    assert {case.status for case in result.cases} == {Status.PASS}


# Skipped -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "steps", "told"),
    [
        ("promises: [policy.email_change=reject]\n", "  - assign: ada\n", "add policy.email_change = "),
        ("", "  - assign: ada\n  - roles: {ada: default}\n", "add roles.readback = "),
        ("", "  - assign: ada\n  - access: {ada: allowed}\n", "add deprovision.access_probe = "),
        ("", "  - push_group: {eng: []}\n  - hook: {map_group: eng}\n", "add hooks.map_group = "),
        ("", "  - assign: ada\n  - await: {about: ada, event: user_created}\n", "add webhooks.signing = "),
        ("", "  - assign: ada\n  - silence: ada\n", "add webhooks.register = "),
    ],
)
def test_what_is_not_declared_is_skipped_with_the_key_to_add(head: str, steps: str, told: str) -> None:
    result, records = played(plan_of(steps, target_of(declared=False), ["rfc"], head))
    (case,) = result.cases
    assert case.status is Status.SKIP
    assert told in case.reason
    assert not [one for one in records if isinstance(one, Exchange) and one.case == case.case]


@pytest.mark.parametrize(
    ("data", "head", "steps", "told"),
    [
        ({"policy": {"email_change": "allow"}}, "promises: [policy.email_change=reject]\n", "  - assign: ada\n",
         "policy.email_change = \"allow\""),
        ({"policy": {"email_change": "ignore"}}, "promises: [policy.email_change=reject|allow]\n", "  - assign: ada\n",
         "policy.email_change = \"ignore\""),
        ({"policy": {"email_change": "allow"}}, "promises: [policy.email_change=reject|allow]\n", "  - assign: ada\n",
         ""),
        ({"policy": {"email_change": "reject"}}, "needs: [email-change]\n", "  - assign: ada\n",
         "it needs email-change: the target declares policy.email_change"),
        ({"policy": {"email_change": "allow"}}, "needs: [email-change]\n", "  - assign: ada\n", ""),
        ({"policy": {"allowed_domains": ["example.com"]}}, "needs: [any-domain]\n", "  - assign: ada\n",
         "it needs any-domain: the target declares policy.allowed_domains"),
        ({"hooks": {"map_group": {}}, "roles": {"assignable": ["developer"]}}, "",
         "  - push_group: {eng: []}\n  - hook: {map_group: {eng: 2}}\n", "roles.assignable names 1"),
    ],
)
def test_what_is_declared_otherwise_is_skipped_with_the_declaration(
    data: dict[str, Any], head: str, steps: str, told: str
) -> None:
    target = _with(target_of(declared=False), Declarations(data))
    result, _ = played(plan_of(steps, target, ["rfc"], head))
    (case,) = result.cases
    assert (case.status is Status.SKIP) is bool(told), case
    assert told in case.reason


@pytest.mark.parametrize(
    ("steps", "plays"),
    [
        ("  - deactivate: ada\n", True),
        ("  - deactivate: ada\n  - update: {joe: {title: X}}\n", True),
        ("  - deactivate: ada\n  - reactivate: ada\n", False),
        ("  - deactivate: ada\n  - check: {user: ada, has: {active: false}}\n", False),
        ("  - deactivate: ada\n  - push_group: {eng: [joe, ada]}\n", False),
        ("  - deactivate: ada\n  - push_group: {eng: [joe]}\n", True),
    ],
)
def test_where_leavers_are_gone_for_good_no_story_goes_on_with_one(steps: str, plays: bool) -> None:
    declared = Declarations({"deprovision": {"mode": "hard"}})
    (story,) = load_text(f"{HEAD}steps:\n  - assign: ada\n  - assign: joe\n{steps}")
    reason = beyond_leaving(story.steps, declared)
    assert reason == "" if plays else "deprovision.mode" in reason
    assert beyond_leaving(story.steps, NOTHING) == ""
    if not plays:
        target = _with(target_of(declared=False), declared)
        assert played(plan_of(f"  - assign: ada\n{steps}", target, ["rfc"]))[0].cases[0].reason == reason


def test_an_idp_that_does_not_do_the_act_is_told_before_what_is_undeclared() -> None:
    steps = "  - push_group: {eng: []}\n  - hook: {map_group: eng}\n"
    result, _ = played(plan_of(steps, target_of(declared=False), ["google"]))
    assert result.cases[0].reason.startswith("Google pushes no groups")


# Webhooks ------------------------------------------------------------------------------------------------------------


def test_silence_is_kept_only_after_everything_before_has_been_told() -> None:
    steps = "  - assign: ada\n  - update: {ada: {title: Lead}}\n  - assign: joe\n  - silence: joe\n  - silence: ada\n"
    result, records = played(plan_of(steps, target_of(), ALL))
    assert {case.status for case in result.cases} == {Status.PASS}
    assert len(steps_of(records, "silence")) == 2 * len(ALL)


def test_what_is_told_after_a_silence_does_not_break_it() -> None:
    steps = """
  - assign: ada
  - update: {ada: {title: "${{ ada.title }}"}}
  - silence: ada
  - deactivate: ada
  - await: {about: ada, event: user_deactivated}
"""
    result, _ = played(plan_of(steps, target_of(), ALL))
    assert {case.status for case in result.cases} == {Status.PASS}


def test_a_deletion_is_awaited_as_what_the_idp_makes_of_it() -> None:
    steps = "  - assign: ada\n  - delete: ada\n  - await: {about: ada, event: user_deleted}\n"
    target = target_of()
    _, records = played(plan_of(steps, target, ["okta", "entra"]))
    events = [step.seen["event"] for step in steps_of(records, "await")]
    assert events == ["user_deactivated", "user_deleted"]  # Okta deletes nobody (okta:5)


# Servers of another kind ---------------------------------------------------------------------------------------------


Asgi: TypeAlias = Callable[[Any, Any, Callable[[Any], Any]], Any]


def _lying(app: Asgi) -> Asgi:
    """Answers 400 to every create, and creates all the same."""

    async def lying(scope: Any, receive: Any, send: Callable[[Any], Any]) -> None:
        async def told(message: Any) -> None:
            if message["type"] == "http.response.start" and message["status"] == 201:
                message = {**message, "status": 400}
            await send(message)

        await app(scope, receive, told)

    return lying


def _forgetful(app: Asgi) -> Asgi:
    """Deletes whoever is switched off, after it has answered."""

    async def forgetful(scope: Any, receive: Any, send: Callable[[Any], Any]) -> None:
        message = await receive()
        await app(scope, _once(message), send)
        body = message.get("body", b"").lower().replace(b" ", b"")
        if re.search(rb'"active"(?:,"value")?:"?false', body):
            await app({**scope, "method": "DELETE"}, _once({**message, "body": b""}), _nowhere)

    return forgetful


def _once(message: Any) -> Callable[[], Any]:
    async def receive() -> Any:
        return message

    return receive


async def _nowhere(message: Any) -> None:
    pass


def staged(
    steps: str, dialect: str, wrap: Callable[[Asgi], Asgi], declared: Declarations
) -> tuple[CaseVerdict, list[Record]]:
    """One case on a server that is wrapped in something, judged as a run would judge it."""
    clock, token = VirtualClock(tick=0.001), "t0ken-of-the-test"
    target = Target("ref:", REF_BASE_URL, token, "made", ("rfc",), ref=RefSpec(), declared=declared)
    app = wrap(build(Settings(token=token, clock=clock)))
    transport = InProcessTransport(app, REF_BASE_URL, target.credentials, clock, 30)
    plan = plan_of(steps, target, [dialect])
    (case,) = plan.cases
    records: list[Any] = []
    rows, redactor = Rows(), Redactor.of(target.credentials)
    courier = Courier(
        transport, clock, rows, redactor, records.append, target.credentials, case=case.name, dialect=dialect
    )
    Stage(case, plan, Survey(), idp.engage(dialect, 7), courier, (), records.append, declared).play()
    transport.close()
    assert rows.open() == ()
    judge = Judge()
    (verdict,) = filter(None, map(judge.feed, records))
    return verdict, records


@pytest.mark.parametrize("dialect", ALL)
def test_a_row_that_was_made_against_the_answer_is_found_and_cleared_away(dialect: str) -> None:
    declared = Declarations({"policy": {"allowed_domains": ["example.com"]}})
    verdict, records = staged("  - assign: joe\n", dialect, _lying, declared)
    assert [(found.check, found.status) for found in verdict.findings] == [("promise/atomic", Status.FAIL)]
    deleted = [one for one in records if isinstance(one, Exchange) and one.method == "DELETE"]
    assert [one.status for one in deleted] == [204]


@pytest.mark.parametrize("dialect", ALL)
@pytest.mark.parametrize("mode", ["soft", "hard"])
def test_a_leaver_may_be_gone_where_that_is_declared(dialect: str, mode: str) -> None:
    declared = Declarations({"deprovision": {"mode": mode}})
    verdict, _ = staged("  - assign: ada\n  - deactivate: ada\n", dialect, _forgetful, declared)
    assert verdict.status is (Status.PASS if mode == "hard" else Status.FAIL), verdict


def test_without_declarations_nobody_is_refused_and_nobody_is_looked_up_by_name() -> None:
    target = target_of(declared=False)
    assert target.declared == NOTHING
    result, records = played(plan_of("  - assign: joe\n", target, ALL))
    assert {case.status for case in result.cases} == {Status.PASS}
    assert all((step.intent or {})["fate"] == "applied" for step in steps_of(records, "act"))


def _with(target: Target, declared: Declarations) -> Target:
    return dataclasses.replace(target, declared=declared)
