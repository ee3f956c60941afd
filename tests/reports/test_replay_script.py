"""What stands in a replay script: the requests of the run on fresh rows, and no secret."""

from __future__ import annotations

import re
import subprocess

import pytest

from scimrig.evidence import REDACTED
from scimrig.verdicts import RunResult, Status
from scimrig_reports import replay, shell
from scimrig_reports.captures import Capture, captures, rewritten

CASE = "entra/off[entra]"
OTHER_ID = "5a1d9e0c-1111-4222-8333-944445555666"


def create(make, number: int, identifier: str, **values):
    sound = {
        "by": "idp", "method": "POST", "path": "/Users", "step": "assign", "purpose": "create ada", "status": 201,
        "request_body": '{"userName":"scimrig-4f2a1c-ada@example.com"}',
        "reply_body": f'{{"schemas":[],"id":"{identifier}"}}',
    }
    return make.exchange(number, **{**sound, **values})


def run_of(make, *exchanges, **finding) -> RunResult:
    found = make.finding(**finding)
    return make.result(make.case(found.case, Status.FAIL, findings=(found,)), exchanges=exchanges)


def script(result: RunResult, folder) -> str:
    (path,) = replay.scripts(result, folder / "replay").values()
    checked = subprocess.run(["sh", "-n", str(path)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    return path.read_text(encoding="utf-8")


def calls(text: str) -> list[str]:
    return re.findall(r"^call (.*?) \\$", text, re.MULTILINE)


def test_every_case_that_fails_or_warns_has_a_script_and_no_other_has(make, tmp_path):
    cases = [
        make.case(f"{status}[okta]", status, findings=(make.finding(case=f"{status}[okta]", status=status),))
        for status in (Status.FAIL, Status.WARN, Status.INFO)
    ]
    exchanges = tuple(make.exchange(n, case=case.case) for n, case in enumerate((*cases, make.case("ok[okta]")), 1))
    paths = replay.scripts(make.result(*cases, exchanges=exchanges), tmp_path)
    assert set(paths) == {"fail[okta]", "warn[okta]"}
    assert sorted(tmp_path.iterdir()) == sorted(paths.values())


def test_no_folder_is_made_where_nothing_failed(make, tmp_path):
    assert replay.scripts(make.result(make.case()), tmp_path / "replay") == {}
    assert not (tmp_path / "replay").exists()


def test_file_names_are_safe_and_never_shared():
    names = [replay.file_name(f'off[entra,off={value}]') for value in ('"False"', "False", "../x", "a/b", "a-b", "")]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9-]+\.sh", name) for name in names)


def test_requests_stand_in_order_with_ids_from_the_answers(make, tmp_path):
    first = create(make, 3, "2819c223-7f76-453a-919d-413861904646")
    text = script(run_of(make, make.exchange(7), first), tmp_path)
    assert calls(text) == ["POST /Users 201", 'PATCH "/Users/${user1_path}" 200']
    assert text.index("keep user1 id") < text.index("call PATCH")


def test_reads_of_the_observer_are_left_out_but_for_those_after_the_step_that_went_wrong(make, tmp_path):
    reads = [
        make.exchange(n, by="observer", method="GET", request_body=None, query=f"n={n}", step=step)
        for n, step in ((3, "assign"), (8, "switch"), (12, "later"), (13, "later"))
    ]
    text = script(run_of(make, make.exchange(7), *reads, exchanges=(7, 13)), tmp_path)
    assert re.findall(r"n=(\d+)", text) == ["8", "13"]


def test_a_standing_check_needs_no_reading_back(make, tmp_path):
    read = make.exchange(8, by="observer", method="GET", request_body=None)
    finding = make.finding(check="error-shape")
    checks = (make.check("error-shape", Status.FAIL, findings=(finding,)),)
    text = script(make.result(checks=checks, exchanges=(make.exchange(7), read)), tmp_path)
    assert len(calls(text)) == 1


def test_setting_up_is_played_and_clearing_away_is_left_to_the_script(make, tmp_path):
    before = create(make, 1, OTHER_ID, by="keeper", purpose="ben exists beforehand")
    after = make.exchange(9, by="keeper", method="DELETE", request_body=None, path=f"/Users/{OTHER_ID}", status=204)
    text = script(run_of(make, before, make.exchange(7), after), tmp_path)
    assert "POST /Users 201" in calls(text)
    assert not any(call.startswith("DELETE") for call in calls(text))


def test_rows_that_other_cases_share_are_made_first(make, tmp_path):
    outside = {"by": "keeper", "case": "bystanders-1", "step": ""}
    bystander = create(make, 1, "8", **outside)
    group = create(
        make, 2, "1", path="/Groups", request_body='{"displayName":"crowd","members":[{"value":"8"}]}', **outside
    )
    stranger = create(make, 3, "77", **outside)
    read = make.exchange(9, by="observer", method="GET", path="/Groups/1", request_body=None)
    text = script(run_of(make, bystander, group, stranger, make.exchange(7), read, exchanges=(7, 9)), tmp_path)
    assert [call.split()[0:2] for call in calls(text)][:2] == [["POST", "/Users"], ["POST", "/Groups"]]
    assert 'GET "/Groups/${group1_path}" 200' in calls(text)
    assert '"members":[{"value":"${user1}"}]' in text
    assert len(calls(text)) == 4


def test_names_get_a_fresh_prefix_in_every_spelling(make, tmp_path):
    lookup = make.exchange(
        7, method="GET", path="/Users", request_body=None,
        query="filter=userName%20eq%20%22SCIMRIG-4F2A1C-ADA%40example.com%22",
    )
    text = script(run_of(make, create(make, 3, OTHER_ID), lookup), tmp_path)
    assert '{"userName":"${prefix}ada@example.com"}' in text
    assert "%22${prefix_upper}ADA%40example.com%22" in text
    assert "4f2a1c-ada" not in text


def test_header_lines_are_sent_as_they_were(make, tmp_path):
    headers = (
        ("Host", "127.0.0.1:8080"), ("Accept-Encoding", "gzip"), ("Authorization", REDACTED), ("X-Empty", ""),
        ("Content-Type", "application/scim+json; charset=utf-8"), ("Content-Length", "131"),
    )
    text = script(run_of(make, make.exchange(7, request_headers=headers)), tmp_path)
    options = re.findall(r"^  (.*?)(?: \\)?$", text[text.index("call PATCH") :], re.MULTILINE)
    assert options == [
        "-H 'Accept-Encoding: gzip'", '-H "@$token"', "-H 'X-Empty;'",
        "-H 'Content-Type: application/scim+json; charset=utf-8'",
        "-H User-Agent:", "-H Accept:", "-H Expect:", "--compressed", "--data-binary @- <<'BODY'",
    ]


def test_another_host_is_sent_when_the_run_sent_it(make, tmp_path):
    text = script(run_of(make, make.exchange(7, request_headers=(("Host", "tenant.example"),))), tmp_path)
    assert "-H 'Host: tenant.example'" in text


@pytest.mark.parametrize(
    ("value", "by", "expected"),
    [
        (REDACTED, "idp", '-H "@$token"'),
        (f"Bearer {REDACTED}", "probe", '-H "@$token"'),
        (f"bearer {REDACTED}", "probe", '-H "Authorization: bearer ${bearer}"'),
        ("Bearer wrong", "probe", "-H 'Authorization: Bearer wrong'"),
        ("Bearer canary-7f3e", "idp", '-H "@$token"'),
    ],
)
def test_the_token_comes_from_the_environment_and_a_wrong_one_from_the_scenario(make, tmp_path, value, by, expected):
    text = script(run_of(make, make.exchange(7, by=by, request_headers=(("Authorization", value),))), tmp_path)
    assert expected in text
    assert "canary" not in text


def test_a_run_without_a_token_asks_for_none(make, tmp_path):
    text = script(run_of(make, make.exchange(7, request_headers=())), tmp_path)
    assert ":?put the bearer token" not in text


def test_no_secret_of_the_environment_reaches_a_script(make, tmp_path, monkeypatch):
    monkeypatch.setenv("SCIMRIG_TOKEN", "canary-7f3e")
    result = make.started(make.broken(), base_url="http://ada:canary-7f3e@127.0.0.1:8080/scim/v2")
    assert "canary" not in script(result, tmp_path)


def test_a_run_on_the_built_in_server_says_how_to_start_one_like_it(make, tmp_path):
    result = make.started(make.broken(), target="ref:fault=truthy-false", base_url="http://localhost/scim/v2")
    text = script(result, tmp_path)
    assert "scimrig serve --fault truthy-false" in text
    assert "base=${1:?" in text


def test_the_survey_has_a_script_too(make, tmp_path):
    exchange = create(make, 1, OTHER_ID, case="survey", by="survey", step="")
    cleared = make.exchange(2, case="survey", by="keeper", method="DELETE", request_body=None)
    finding = make.finding(case="survey", dialect="rfc", exchanges=())
    text = script(make.result(survey_findings=(finding,), exchanges=(exchange, cleared)), tmp_path)
    assert calls(text) == ["POST /Users 201"]
    assert text.splitlines()[1].startswith("# Plays the survey again")


def test_text_of_a_server_or_a_scenario_never_becomes_a_command(make, tmp_path):
    evil = "$(touch pwned) `touch pwned` '; touch pwned; \" \\ $HOME\nBODY\n"
    exchange = make.exchange(
        7, case="x\ntouch pwned[rfc]", purpose="a\ntouch pwned", path="/Users/$(touch pwned)", query="a='`touch pwned`",
        request_headers=(("X-Evil", "'$(touch pwned)"),), request_body=evil + "scimrig-4f2a1c-ada",
    )
    finding = make.finding(case="x\ntouch pwned[rfc]", title="t\ntouch pwned")
    result = make.result(
        make.case(finding.case, Status.FAIL, findings=(finding,)), exchanges=(exchange,)
    )
    text = script(result, tmp_path)
    path = next((tmp_path / "replay").iterdir())
    subprocess.run(
        ["sh", str(path), "http://127.0.0.1:9"], cwd=tmp_path, capture_output=True, timeout=20, check=False,
        env={"PATH": "/usr/bin:/bin", "SCIMRIG_TOKEN": "t"},
    )
    assert not (tmp_path / "pwned").exists()
    assert "<<BODY_" in text


def test_short_ids_are_replaced_where_ids_stand_and_nowhere_else(make):
    known = [Capture("user1", 1, "7", "id")]
    exchange = make.exchange(
        2, path="/Groups/77/7", query='count=7&filter=members.value%20eq%20%227%22',
        request_body='{"title":"7","members":[{"value":"7"}],"path":"members[value eq \\"7\\"]","phone":"+7 7",'
        '"$ref":"https://x/Users/7","n":7}',
    )
    got = rewritten(exchange, known, {})
    assert got.path == "/Groups/77/\x00user1_path\x00"
    assert got.query == "count=7&filter=members.value%20eq%20%22\x00user1_path\x00%22"
    assert got.request_body == (
        '{"title":"7","members":[{"value":"\x00user1\x00"}],"path":"members[value eq \\"\x00user1\x00\\"]",'
        '"phone":"+7 7","$ref":"https://x/Users/\x00user1\x00","n":7}'
    )


def test_an_id_that_comes_back_means_the_latest_row(make):
    first, second = create(make, 1, "1"), create(make, 3, "1")
    gone, read = make.exchange(2, path="/Users/1", method="DELETE"), make.exchange(4, path="/Users/1")
    found = captures([first, gone, second, read])
    assert [(capture.variable, capture.exchange) for capture in found] == [("user1", 1), ("user2", 3)]


@pytest.mark.parametrize(
    ("reply", "headers", "where"),
    [
        (f'{{"id":"{OTHER_ID}"}}', (), "id"),
        ("", (("Location", f"http://x/Users/{OTHER_ID}"),), "segment:Location"),
        (f'{{"totalResults":1,"Resources":[{{"id":"{OTHER_ID}"}}]}}', (), "Resources/0/id"),
    ],
)
def test_an_id_is_learnt_from_wherever_it_was_told(make, reply, headers, where):
    telling = create(make, 1, OTHER_ID, reply_body=reply, reply_headers=headers)
    (capture,) = captures([telling, make.exchange(2, path=f"/Users/{OTHER_ID}")])
    assert (capture.variable, capture.value, capture.where) == ("user1", OTHER_ID, where)


def test_an_entity_tag_is_learnt_where_a_later_request_has_it_as_a_condition(make):
    told = create(make, 1, OTHER_ID, reply_headers=(("ETag", 'W/"3"'),))
    asked = make.exchange(2, path=f"/Users/{OTHER_ID}", request_headers=(("If-Match", 'W/"3"'),))
    found = captures([told, asked])
    assert [(capture.variable, capture.where) for capture in found] == [("user1", "id"), ("etag1", "header:ETag")]
    assert rewritten(asked, found, {}).request_headers == (("If-Match", "\x00etag1\x00"),)


def test_a_word_with_variables_keeps_everything_else_literal():
    assert shell.word("\x00a\x00$b`c\"d\\e") == '"${a}\\$b\\`c\\"d\\\\e"'
    assert shell.word("it's $x") == "'it'\"'\"'s $x'"


# Declared calls ---------------------------------------------------------------------------------------------------

ORIGIN = "http://127.0.0.1:8080"


def hook(make, number: int, path: str, **values):
    """A call that the target's owner declares, as a run records it."""
    sound = {
        "by": "hook", "dialect": "rfc", "method": "PUT", "path": path if "://" in path else ORIGIN + path,
        "purpose": "hooks.map_group", "request_headers": (("Authorization", REDACTED),), "request_body": '{"a":1}',
    }
    return make.exchange(number, **{**sound, **values})


def test_what_a_declared_call_sets_up_is_part_of_the_case_and_what_it_only_reads_is_not(make, tmp_path):
    group = create(make, 2, OTHER_ID, path="/Groups", request_body='{"displayName":"scimrig-4f2a1c-team"}')
    calls_made = [
        hook(make, 1, "/manage/domains", case="", purpose="hooks.before_run"),
        hook(make, 3, f"/manage/roles/map/{OTHER_ID}"),
        hook(make, 8, "/manage/users/7/roles", method="GET", request_body=None, purpose="roles.readback"),
        hook(make, 9, "/manage/domains", case="", purpose="hooks.after_run"),
    ]
    text = script(run_of(make, group, make.exchange(7), *calls_made), tmp_path)
    assert calls(text) == [
        'PUT "${origin}/manage/domains" 200', "POST /Groups 201",
        'PUT "${origin}/manage/roles/map/${group1_path}" 200', f"PATCH /Users/{make.exchange(7).path[7:]} 200",
    ]


def test_a_readback_that_shows_the_defect_is_played_too(make, tmp_path):
    read = hook(make, 8, "/manage/users/7/roles", method="GET", request_body=None, purpose="roles.readback")
    text = script(run_of(make, make.exchange(7), read, exchanges=(7, 8)), tmp_path)
    assert calls(text)[-1] == 'GET "${origin}/manage/users/7/roles" 200'


def test_nothing_is_registered_for_webhooks_since_nobody_would_listen(make, tmp_path):
    register = hook(make, 1, "/manage/webhook", case="", purpose="webhooks.register")
    assert "webhook" not in script(run_of(make, register, make.exchange(7)), tmp_path)


def test_a_call_elsewhere_keeps_its_url_and_what_it_makes_is_no_row_of_ours(make, tmp_path):
    made = hook(
        make, 3, "https://api.example.com/roles", method="POST", status=201, reply_body='{"id":"12345678"}',
        request_headers=(),
    )
    text = script(run_of(make, made, make.exchange(7)), tmp_path)
    assert calls(text)[0] == "POST https://api.example.com/roles 201"
    assert "keep" not in text.partition("header() {")[2].partition("call POST")[2]


@pytest.mark.parametrize(
    ("declared", "path", "variable"),
    [
        ({}, ORIGIN, "token"),
        ({"token": "env:X"}, ORIGIN, "hooks_token"),
        ({"token": "env:X", "base_url": "https://api.example.com/v1"}, "https://api.example.com", "hooks_token"),
        ({"token": "env:X", "base_url": "https://api.example.com/v1"}, ORIGIN, "token"),
    ],
)
def test_each_origin_gets_the_token_that_it_had_in_the_run(make, tmp_path, declared, path, variable):
    result = run_of(make, hook(make, 3, f"{path}/x"), make.exchange(7, request_headers=()))
    text = script(make.started(result, declared={"hooks": declared}), tmp_path)
    call = text[text.index("call PUT") :].partition("--data-binary")[0]
    assert f'-H "@${variable}"' in call
    needed = {"token": "SCIMRIG_TOKEN", "hooks_token": "SCIMRIG_HOOKS_TOKEN"}
    assert re.findall(r"^: \"\$\{(\w+):\?put", text, re.MULTILINE) == [needed[variable]]


def test_for_the_built_in_server_the_script_says_how_to_start_one_that_can_be_called(make, tmp_path):
    result = run_of(make, hook(make, 3, "http://localhost/x"), make.exchange(7))
    embedded = make.started(result, target="ref:fault=noop-patch", base_url="http://localhost/scim/v2")
    text = script(embedded, tmp_path)
    assert "scimrig serve --fault noop-patch --policy scalekit" in text
    assert calls(text)[0] == 'PUT "${origin}/x" 200'
