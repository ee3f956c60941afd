"""Replay scripts, really played with sh and curl against a small server that writes down what it gets."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import unquote

import pytest

from scimrig.evidence import REDACTED
from scimrig.verdicts import Status
from scimrig_reports import replay

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed; replay scripts need it")

OLD_ID = "2819c223-7f76-453a-919d-413861904646"


@dataclass
class Request:
    method: str
    target: str
    headers: list[tuple[str, str]]
    body: str


@dataclass
class Directory:
    """Answers creates with new ids (odd ones, since ids are opaque) and everything else with what it knows."""

    requests: list[Request] = field(default_factory=list)
    rows: set[str] = field(default_factory=set)
    numbers: itertools.count = field(default_factory=lambda: itertools.count(1))

    def answer(self, request: Request) -> tuple[int, str]:
        self.requests.append(request)
        path = request.target.removeprefix("/scim/v2").partition("?")[0]
        if request.method == "POST":
            identifier = f'id "{next(self.numbers)}"/é'
            self.rows.add(f"{path}/{identifier}")
            nested = {"schemas": [], "meta": {"id": "not this"}, "emails": [{"id": "nor this"}], "id": identifier}
            return 201, json.dumps(nested, ensure_ascii=False, indent=1)
        known = unquote(path, encoding="utf-8") in self.rows
        if request.method == "DELETE":
            self.rows.discard(unquote(path))
            return (204 if known else 404), ""
        return (200 if known or path.count("/") == 1 else 404), '{"active":true}'


@pytest.fixture
def directory(answering):
    served = Directory()
    served.url = answering(lambda *request: served.answer(Request(*request))) + "/scim/v2"
    return served


def result_of(make, directory, *exchanges):
    finding = make.finding(exchanges=(9,))
    result = make.result(make.case(status=Status.FAIL, findings=(finding,)), exchanges=exchanges)
    return make.started(result, base_url=directory.url)


def recorded(make):
    """Create ada, push her into a group, switch her off, read her back: as a run would have recorded it."""
    headers = (
        ("Authorization", REDACTED), ("Accept", "application/scim+json"),
        ("Content-Type", "application/scim+json; charset=utf-8"), ("Content-Length", "99"),
    )
    ada = make.exchange(
        1, by="idp", method="POST", path="/Users", status=201, request_headers=headers, purpose="create ada",
        request_body='{"userName":"scimrig-4f2a1c-o\'brien@example.com","displayName":"Zoë \\"Z\\" $HOME `x` \\\\ é"}',
        reply_body=f'{{"id":"{OLD_ID}"}}',
    )
    look = make.exchange(
        2, by="idp", method="GET", path="/Users", request_body=None, request_headers=(("Authorization", REDACTED),),
        query="filter=userName+eq+%22scimrig-4f2a1c-o%27brien%40example.com%22", purpose="look her up",
    )
    group = make.exchange(
        3, by="idp", method="POST", path="/Groups", status=201, purpose="push analysts",
        request_body=f'{{"members":[{{"value":"{OLD_ID}","$ref":"http://h/Users/{OLD_ID}"}}]}}',
        reply_body='{"id":"5a1d9e0c-1111-4222-8333-944445555666"}',
    )
    off = make.exchange(7, path=f"/Users/{OLD_ID}", request_headers=headers)
    read = make.exchange(9, by="observer", method="GET", path=f"/Users/{OLD_ID}", request_body=None, purpose="read ada")
    return ada, look, group, off, read


def play(path: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if name in ("PATH", "TMPDIR")}
    return subprocess.run(
        ["sh", str(path), *arguments], capture_output=True, text=True, encoding="utf-8", timeout=30, check=False,
        env={**inherited, "SCIMRIG_TOKEN": "secret-token", **environment},
    )


@pytest.fixture
def script(make, directory, tmp_path):
    (path,) = replay.scripts(result_of(make, directory, *recorded(make)), tmp_path).values()
    return path


def test_the_whole_scenario_is_played_on_fresh_rows(script, directory):
    played = play(script, SCIMRIG_PREFIX="again-")
    assert played.returncode == 0, played.stderr
    assert played.stderr == ""
    first = 'id "1"/é'
    quoted = "id%20%221%22%2F%C3%A9"
    assert [(request.method, request.target) for request in directory.requests[:5]] == [
        ("POST", "/scim/v2/Users"),
        ("GET", "/scim/v2/Users?filter=userName+eq+%22again-o%27brien%40example.com%22"),
        ("POST", "/scim/v2/Groups"),
        ("PATCH", f"/scim/v2/Users/{quoted}"),
        ("GET", f"/scim/v2/Users/{quoted}"),
    ]
    assert json.loads(directory.requests[2].body)["members"] == [{"value": first, "$ref": f"http://h/Users/{first}"}]


def test_bodies_are_byte_for_byte_what_the_run_sent(script, directory, make):
    play(script, SCIMRIG_PREFIX="again-")
    create, _, _, off, _ = recorded(make)
    assert directory.requests[0].body == create.request_body.replace("scimrig-4f2a1c-", "again-")
    assert directory.requests[3].body == off.request_body


def test_header_lines_arrive_in_the_order_of_the_run_and_curl_adds_none(script, directory):
    play(script)
    names = [name for name, _ in directory.requests[0].headers if name not in ("Host", "Content-Length")]
    assert names == ["Authorization", "Accept", "Content-Type"]
    assert dict(directory.requests[0].headers)["Authorization"] == "Bearer secret-token"
    assert [name for name, _ in directory.requests[1].headers] == ["Host", "Authorization"]


def test_it_prints_each_status_beside_the_one_of_the_run(script):
    out = play(script).stdout
    assert "[1] POST /Users\n    HTTP/1.0 201" in out or "[1] POST /Users\n    HTTP/1.1 201" in out
    assert "(in the run: 201)" in out
    assert '{"active":true}' in out
    assert "not as in the run" not in out


def test_it_says_where_an_answer_differs_from_the_run(make, directory, tmp_path):
    exchanges = [replace(e, status=500) if e.number == 7 else e for e in recorded(make)]
    (path,) = replay.scripts(result_of(make, directory, *exchanges), tmp_path).values()
    assert "(in the run: 500)   <-- not as in the run" in play(path).stdout


def test_what_it_made_is_deleted_again_newest_first(script, directory):
    out = play(script).stdout
    assert [r.target.split("/")[3] for r in directory.requests if r.method == "DELETE"] == ["Groups", "Users"]
    assert directory.rows == set()
    assert out.count("(cleared away: DELETE") == 2


def test_what_it_made_can_be_kept(script, directory):
    play(script, SCIMRIG_KEEP="1")
    assert len(directory.rows) == 2


def test_it_can_be_played_twice_with_other_names(script, directory):
    play(script)
    first = len(directory.requests)
    play(script, SCIMRIG_PREFIX="second-")
    names = [json.loads(directory.requests[place].body)["userName"] for place in (0, first)]
    assert names[0] != names[1]
    assert names[0].startswith("replay")


def test_another_server_can_be_named(make, directory, tmp_path):
    result = make.started(result_of(make, directory, *recorded(make)), base_url="http://127.0.0.1:9/scim/v2")
    (path,) = replay.scripts(result, tmp_path).values()
    play(path, directory.url + "/")
    assert directory.requests[0].target == "/scim/v2/Users"


def test_without_a_token_it_says_what_is_missing_and_sends_nothing(script, directory):
    played = play(script, SCIMRIG_TOKEN="")
    assert played.returncode != 0
    assert "put the bearer token for the target into SCIMRIG_TOKEN" in played.stderr
    assert directory.requests == []


def test_a_dead_server_is_no_end(make, directory, tmp_path):
    result = make.started(result_of(make, directory, *recorded(make)), base_url="http://127.0.0.1:9/scim/v2")
    (path,) = replay.scripts(result, tmp_path).values()
    out = play(path).stdout
    assert out.count("no answer") == 5
    assert "(no id in this answer: what follows lacks it)" in out


def test_it_leaves_no_file_behind(script, tmp_path, directory):
    (tmp_path / "scratch").mkdir()
    play(script, TMPDIR=str(tmp_path / "scratch"))
    assert list((tmp_path / "scratch").iterdir()) == []


@pytest.mark.parametrize("other", ["dash", "bash", "busybox"])
def test_other_shells_play_it_alike(script, directory, other, tmp_path):
    if shutil.which(other) is None:
        pytest.skip(f"{other} is not installed")
    command = [other, "sh"] if other == "busybox" else [other]
    played = subprocess.run(
        [*command, str(script)], capture_output=True, text=True, encoding="utf-8", timeout=30, check=False,
        env={"PATH": os.environ["PATH"], "SCIMRIG_TOKEN": "t"},
    )
    assert played.returncode == 0
    assert len(directory.requests) == 7


def test_declared_calls_are_made_where_they_belong_with_their_own_token(make, directory, tmp_path):
    origin = directory.url.removesuffix("/scim/v2")
    create, _, group, off, read = recorded(make)
    call = make.exchange(
        4, by="hook", method="PUT", path=f"{origin}/manage/roles/5a1d9e0c-1111-4222-8333-944445555666", query="x=1",
        purpose="hooks.map_group", request_headers=(("Authorization", f"Bearer {REDACTED}"),),
        request_body='{"role":"développeur"}',
    )
    made = replace(call, number=5, method="POST", path=f"{origin}/manage/things", status=201)
    result = result_of(make, directory, create, group, call, made, off, read)
    result = make.started(result, declared={"hooks": {"token": "env:HOOKS"}})
    (path,) = replay.scripts(result, tmp_path).values()
    other = directory.url.replace("127.0.0.1", "localhost")
    played = play(path, other, SCIMRIG_HOOKS_TOKEN="hooks-secret")
    assert played.returncode == 0, played.stderr
    (asked,) = (request for request in directory.requests if request.method == "PUT")
    assert asked.target == "/manage/roles/id%20%222%22%2F%C3%A9?x=1"
    assert asked.body == '{"role":"développeur"}'
    assert dict(asked.headers)["Authorization"] == "Bearer hooks-secret"
    assert dict(asked.headers)["Host"].startswith("localhost:")
    assert not any(request.target.startswith("/manage/things/") for request in directory.requests)
    assert "hooks-secret" not in played.stdout + path.read_text(encoding="utf-8")
