"""``scimrig doctor``: what a developer is told about a target before anything is judged."""

from __future__ import annotations

import io
import json
import re
import signal
import socket
import time
import tomllib
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scimrig.declarations import KEYS
from scimrig.doctor import timing
from scimrig.doctor.line import Line, Mark
from scimrig.doctor.reach import ADVICE
from scimrig_reports.doctor_page import DoctorPage
from scimrig_simulator.wire import FailureKind, Reply

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("here")]

TOKEN = "canary-t0ken-5f1e"
CERTIFICATE = Path(__file__).parents[1] / "wire" / "localhost-cert.pem"
KEY = CERTIFICATE.with_name("localhost-key.pem")

POLICED = """
[targets.local]
base_url = "{url}"
[targets.local.policy]
allowed_domains = ["acme.test"]
[targets.local.roles]
default = "member"
readback = {{method = "GET", path = "/manage/users/{{user_id}}/roles", read = "/roles/*"}}
[targets.local.deprovision]
access_probe = {{method = "GET", path = "{probe}", read = "/allowed"}}
[targets.local.webhooks]
signing = "standard-webhooks"
success = [200]
register = {{method = "PUT", path = "/manage/webhook", body = {{url = "{{url}}"}}, read = "/secret"}}
unregister = {{method = "DELETE", path = "/manage/webhook"}}
[targets.local.hooks]
before_run = [{{method = "PUT", path = "/manage/domains", body = {{domains = ["acme.test"]}}}}]
"""
PROBE = "/manage/users/{user_id}/access"


def flat(text: str) -> str:
    """Without the line breaks that a narrow page makes."""
    return " ".join(text.split())


def seen(server: Any) -> list[str]:
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/seen", timeout=10) as reply:
        return str(reply.read().decode()).splitlines()


def told(done: Any, topic: str) -> list[str]:
    """The lines about a topic, with their marks, each with its advice."""
    joined = re.sub(r"\n {10,}", " ", done.out)
    return [line for line in joined.splitlines() if line[2:].startswith(topic)]


# A target that is well ----------------------------------------------------------------------------------------------


def test_a_sound_target_has_nothing_broken_and_nothing_of_ours_stays_on_it(
    shell: Any, serve: Callable[..., Any]
) -> None:
    server = serve()
    done = shell("doctor", server.url)
    assert done.code == 0, done.out + done.err
    assert "✗" not in done.out
    for topic in ("address", "transport", "SCIM", "token", "discovery", "features", "clock", "own user", "speed"):
        assert [line[0] for line in told(done, topic)] == ["✓"], topic
    assert [line[0] for line in told(done, "target file")] == ["!"]
    assert "the token from env:SCIMRIG_TOKEN is taken" in flat(done.out)
    assert server.users() == 0
    assert not list(shell.folder.rglob("rows.ndjson"))


def test_the_embedded_server_is_the_default(shell: Any) -> None:
    done = shell("doctor")
    assert done.code == 0
    assert told(done, "address") == []
    assert told(done, "own user")[0].startswith("✓")


def test_read_only_sends_no_write(shell: Any, tiny: Callable[..., Any]) -> None:
    server = tiny()
    done = shell("doctor", server.url, "--read-only")
    assert done.code == 0, done.out
    assert told(done, "own user") == []
    assert {line.split()[0] for line in seen(server)} == {"GET"}


def test_a_server_beyond_this_machine_is_not_written_to_without_consent(shell: Any) -> None:
    done = shell("doctor", "https://scim.example.invalid/v2")
    done.complains("create, read and delete one user", "https://scim.example.invalid/v2", "--yes", "--read-only")
    assert done.code == 2
    agreed = shell("doctor", "https://scim.example.invalid/v2", "--read-only")
    assert agreed.code == 3


def test_no_token_is_in_anything_that_is_printed_or_written(shell: Any, serve: Callable[..., Any]) -> None:
    for words in ((), ("--fault", "no-auth"), ("--fault", "token-echoed")):
        server = serve(*words)
        done = shell("doctor", server.url)
        assert TOKEN not in done.out + done.err + shell.traces()


# Not reached --------------------------------------------------------------------------------------------------------


def test_a_port_where_nobody_listens_is_unreachable(shell: Any) -> None:
    with socket.socket() as placeholder:
        placeholder.bind(("127.0.0.1", 0))
        done = shell("doctor", f"http://127.0.0.1:{placeholder.getsockname()[1]}/scim/v2")
    assert done.code == 3
    assert told(done, "address")[0].startswith("✗ address")
    assert "start the server, or look at the port" in flat(done.out)
    assert "UNREACHABLE" in done.out
    done.complains()


def test_a_host_without_an_address_is_unreachable(shell: Any) -> None:
    done = shell("doctor", "http://no-such-host.invalid/scim", "--read-only")
    assert done.code == 3
    assert "look at the spelling of the host" in flat(done.out)


@pytest.fixture
def mute() -> Iterator[str]:
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/scim/v2"


def test_a_server_that_never_answers_is_unreachable(shell: Any, mute: str) -> None:
    done = shell("doctor", mute, "--timeout", "0.5")
    assert done.code == 3
    assert "--timeout SECONDS allows more time" in flat(done.out)
    done.complains()


def test_every_way_of_not_getting_an_answer_has_advice_of_its_own() -> None:
    assert set(ADVICE) == set(FailureKind)
    assert len(set(ADVICE.values())) == len(ADVICE)


# TLS ----------------------------------------------------------------------------------------------------------------


def test_a_certificate_that_nobody_vouches_for_is_told_with_its_names_and_its_end(
    shell: Any, tiny: Callable[..., Any]
) -> None:
    server = tiny(tls=[str(CERTIFICATE), str(KEY)])
    done = shell("doctor", server.url)
    assert done.code == 1
    line = flat(told(done, "TLS")[0])
    assert line.startswith("✗ TLS")
    for words in ("is signed by itself", "localhost, 127.0.0.1", "2120", "SSL_CERT_FILE"):
        assert words in line
    done.complains()


def test_a_certificate_that_is_vouched_for_is_told_with_the_days_that_are_left(
    shell: Any, tiny: Callable[..., Any]
) -> None:
    shell.env["SSL_CERT_FILE"] = str(CERTIFICATE)
    server = tiny(tls=[str(CERTIFICATE), str(KEY)])
    done = shell("doctor", server.url)
    assert done.code == 0, done.out
    assert re.search(r"✓ TLS +TLS 1\.[23], and a certificate for .*days more", flat(told(done, "TLS")[0]))
    elsewhere = shell("doctor", tiny(tls=[str(CERTIFICATE), str(KEY)], host="127.0.0.2").url)
    assert elsewhere.code == 1
    assert "is for another host" in flat(elsewhere.out)


def test_http_and_https_mixed_up_are_told_apart(shell: Any, tiny: Callable[..., Any]) -> None:
    plain, secured = tiny(), tiny(tls=[str(CERTIFICATE), str(KEY)])
    done = shell("doctor", plain.url.replace("http:", "https:"))
    assert done.code == 1
    assert "should the base URL begin with http:// ?" in flat(done.out)
    done = shell("doctor", secured.url.replace("https:", "http:"))
    assert told(done, "SCIM")[0].startswith("✗")
    done.complains()


# Not the root of SCIM -----------------------------------------------------------------------------------------------


def test_a_page_in_place_of_scim_is_told_and_the_right_base_url_is_found(
    shell: Any, tiny: Callable[..., Any]
) -> None:
    config = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"], "patch": {"supported": True}}
    server = tiny(root="/api/scim", answers={"GET /ServiceProviderConfig": [200, config]})
    origin = f"http://127.0.0.1:{server.port}"
    for wrong in (origin, f"{origin}/app", f"{server.url}/Users"):
        done = shell("doctor", wrong)
        assert done.code == 1
        assert f"use {server.url} as the base URL" in flat(done.out), done.out
        assert all(line.split()[0] == "GET" for line in seen(server))


def test_a_page_with_no_scim_anywhere_near(shell: Any, tiny: Callable[..., Any]) -> None:
    server = tiny(root="/nowhere-near")
    done = shell("doctor", f"http://127.0.0.1:{server.port}")
    assert done.code == 1
    assert "with an HTML page" in flat(done.out)
    assert "it often ends in /scim/v2" in flat(done.out)


@pytest.mark.parametrize(
    ("location", "says"),
    [
        ("/v2/scim/Users?count=1", "use http://127.0.0.1:{port}/v2/scim as the base URL"),
        ("/scim/v2/Users/", "without a slash at the end"),
        ("https://login.example.com/sign-in", "a login page"),
    ],
)
def test_a_redirect_is_followed_by_advice_and_by_nobody_else(
    shell: Any, tiny: Callable[..., Any], location: str, says: str
) -> None:
    server = tiny(location=location)
    done = shell("doctor", server.url)
    assert done.code == 1
    assert says.format(port=server.port) in flat(done.out), done.out


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ([500, {}], "its log should say why"),
        ([200, {"users": []}], "JSON that is no ListResponse"),
        ([200, []], "no JSON object"),
        ([404, {"detail": "nope"}], "nope"),
        ([400, {"detail": "count must not be 1"}], "count must not be 1"),
    ],
)
def test_other_answers_to_the_first_question_are_told_as_they_are(
    shell: Any, tiny: Callable[..., Any], answer: list[Any], says: str
) -> None:
    done = shell("doctor", tiny(answers={"GET /Users": answer}).url)
    assert done.code == 1
    assert says in flat(done.out)
    done.complains()


# Credentials --------------------------------------------------------------------------------------------------------


def test_a_server_that_lets_anybody_in_is_broken(shell: Any, serve: Callable[..., Any]) -> None:
    done = shell("doctor", serve("--fault", "no-auth").url)
    assert done.code == 1
    assert "with a made-up token is answered 200" in flat(done.out)


def test_which_token_was_refused_is_said_and_never_the_token(shell: Any, serve: Callable[..., Any]) -> None:
    server = serve()
    shell.env["OTHER_TOKEN"] = "s3cret-but-wrong"
    done = shell("doctor", server.url, "--token-env", "OTHER_TOKEN")
    assert done.code == 1
    assert "the token from env:OTHER_TOKEN is refused" in flat(done.out)
    assert "s3cret-but-wrong" not in done.out + done.err
    del shell.env["SCIMRIG_TOKEN"]
    none = shell("doctor", server.url)
    assert none.code == 1
    assert "no token was sent" in flat(none.out)
    assert "SCIMRIG_TOKEN" in none.out


def test_a_run_says_too_which_token_was_refused(shell: Any, serve: Callable[..., Any], pack: Path) -> None:
    server = serve()
    shell.env["OTHER_TOKEN"] = "s3cret-but-wrong"
    done = shell("run", server.url, "--scenarios", str(pack), "--token-env", "OTHER_TOKEN")
    assert done.code == 3
    assert "the token from env:OTHER_TOKEN is not taken" in flat(done.out)
    assert "s3cret-but-wrong" not in done.out + done.err + shell.traces()


def test_a_server_that_asks_for_no_token_is_worth_a_look_on_this_machine(
    shell: Any, tiny: Callable[..., Any]
) -> None:
    del shell.env["SCIMRIG_TOKEN"]
    done = shell("doctor", tiny(open=True).url)
    assert done.code == 0, done.out
    assert told(done, "token")[0].startswith("! token")


# Clock and speed ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("knobs", "code", "says"),
    [
        ({"date": 3600}, 1, r"✗ clock +its clock is (3599|3600|3601) s ahead of ours"),
        ({"date": -60}, 0, r"! clock +its clock is (59|60|61) s behind ours"),
        ({"date": None}, 0, r"! clock +no Date header"),
        ({"created": "2001-01-01T00:00:00Z"}, 1, r"✗ clock +meta.created is \d+ s behind ours"),
        ({"created": "2001-01-01T00:00:00"}, 0, r"! clock +meta.created is '2001-01-01T00:00:00', without a time"),
        ({"created": None}, 0, r"✓ clock +its clock is right"),
    ],
)
def test_a_clock_that_is_off_is_told_in_seconds(
    shell: Any, tiny: Callable[..., Any], knobs: dict[str, Any], code: int, says: str
) -> None:
    done = shell("doctor", tiny(**knobs).url)
    assert done.code == code, done.out
    assert re.search(says, flat(done.out)), done.out


def test_a_date_that_cuts_off_fractions_is_no_skew() -> None:
    reply = Reply(200, (("Date", "Sun, 06 Nov 1994 08:49:37 GMT"),))
    assert {timing.skew(reply, 784111777.0 + part / 10) for part in range(10)} <= {0, 1}


def test_slow_answers_are_worth_a_look() -> None:
    assert timing.speed([0.01, 0.02, 3.0]).mark is Mark.FINE
    assert timing.speed([1.2, 1.3]).mark is Mark.WORTH


# One user of our own ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "code", "says"),
    [
        ({"POST /Users": [403, {"detail": "read only"}]}, 1, "POST /Users answered 403: read only"),
        ({"POST /Users": [400, {"scimType": "invalidValue"}]}, 1, "email_domain in the target file"),
        ({"POST /Users": [405, {}]}, 1, "users cannot be created here"),
        ({"POST /Users": [201, {"userName": "x"}]}, 1, "without an id"),
        ({"POST /Users": [201, {"id": "77"}]}, 1, "GET of the new id answered 404"),
        ({"DELETE /Users": [405, {}]}, 0, "DELETE answered 405"),
        ({"DELETE /Users": [204, None]}, 1, "it is still there"),
    ],
)
def test_what_becomes_of_the_user_is_told(
    shell: Any, tiny: Callable[..., Any], answers: dict[str, Any], code: int, says: str
) -> None:
    done = shell("doctor", tiny(answers=answers).url)
    assert done.code == code, done.out
    assert says in flat(done.out), done.out
    done.complains()


def test_a_user_that_would_not_go_is_left_to_sweep(shell: Any, tiny: Callable[..., Any]) -> None:
    server = tiny(answers={"DELETE /Users": [405, {}]})
    done = shell("doctor", server.url)
    assert "left over" in done.out
    swept = shell("sweep", server.url)
    assert swept.code == 3
    assert "left: /Users/1" in swept.out


def test_an_interrupted_doctor_leaves_nothing_behind(
    shell: Any, serve: Callable[..., Any], tmp_path: Path
) -> None:
    server = serve(awkward=("slow", "0", str(tmp_path / "db")))
    process = shell.start("doctor", server.url)
    deadline = time.monotonic() + 20
    while server.users() == 0 and process.poll() is None:
        assert time.monotonic() < deadline
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert "Traceback" not in out + err
    assert server.users() == 0


# The target file ----------------------------------------------------------------------------------------------------


def pasted(out: str) -> str:
    """The lines to paste: from the first table to the last line of the page."""
    lines = out.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(("[", "# in [")))
    return "\n".join(lines[start:-1])


def test_what_is_not_declared_comes_as_lines_that_a_target_file_takes(shell: Any, serve: Callable[..., Any]) -> None:
    server = serve()
    lines = pasted(shell("doctor", server.url).out)
    for table in ("policy", "roles", "deprovision", "webhooks", "hooks"):
        assert f"[targets.mine.{table}]" in lines
    (shell.folder / "scimrig.toml").write_text(lines, encoding="utf-8")
    assert "mine" in shell("list", "targets").out
    again = shell("doctor", "mine")
    assert again.code == 0, again.out + again.err
    uncommented = re.sub(r"(?m)^# (\w+ = )", r"\1", lines)
    said = tomllib.loads(uncommented)["targets"]["mine"]
    for key, entry in KEYS.items():
        if entry.default is None and key.partition(".")[0] in ("policy", "roles", "deprovision"):
            table, _, name = key.partition(".")
            assert name in said[table], key
    left = pasted(again.out)
    assert "email_change" not in left
    assert "# in [targets.mine.roles]:" in left


def test_declared_calls_are_tried_on_our_own_user(shell: Any, serve: Callable[..., Any]) -> None:
    server = serve("--policy", "scalekit")
    (shell.folder / "scimrig.toml").write_text(POLICED.format(url=server.url, probe=PROBE))
    done = shell("doctor", "local")
    assert done.code == 0, done.out + done.err
    text = flat(done.out)
    assert "hooks.before_run: 1 call answered" in text
    assert "roles.readback: 200, /roles/* is member" in text
    assert "deprovision.access_probe: 200, /allowed is true" in text
    assert "a delivery about our user" not in text
    assert server.users() == 0


def test_a_receiver_is_registered_only_when_asked_for(shell: Any, serve: Callable[..., Any]) -> None:
    server = serve("--policy", "scalekit")
    (shell.folder / "scimrig.toml").write_text(POLICED.format(url=server.url, probe=PROBE))
    done = shell("doctor", "local", "--webhooks")
    assert done.code == 0, done.out + done.err
    assert re.search(r"a delivery about our user came \d+ ms later; its signature is valid", flat(done.out))
    assert "whsec_" not in done.out + done.err
    silent = serve("--policy", "scalekit", "--fault", "webhook-missing")
    (shell.folder / "scimrig.toml").write_text(
        POLICED.format(url=silent.url, probe=PROBE).replace("success", "max_first_attempt_ms = 500\nsuccess")
    )
    done = shell("doctor", "local", "--webhooks")
    assert "nothing about our user came within 0.5 s" in flat(done.out)
    undeclared = shell("doctor", server.url, "--webhooks")
    assert "undeclared: webhooks.signing and webhooks.register" in flat(undeclared.out)
    assert shell("doctor", "local", "--webhooks", "--read-only").code == 2


def test_a_declared_call_that_does_not_answer_is_broken(shell: Any, serve: Callable[..., Any]) -> None:
    server = serve("--policy", "scalekit")
    (shell.folder / "scimrig.toml").write_text(POLICED.format(url=server.url, probe="/manage/nothing/{user_id}"))
    done = shell("doctor", "local")
    assert done.code == 1
    assert "see deprovision.access_probe in the target file" in flat(done.out)
    assert server.users() == 0


# The page -----------------------------------------------------------------------------------------------------------


def test_the_page_is_ascii_where_it_must_be() -> None:
    raw = io.BytesIO()
    page = DoctorPage(io.TextIOWrapper(raw, encoding="ascii", write_through=True), color=False)
    lines = [Line(mark, "topic", "text – “quoted” ✓", "advice → here") for mark in Mark]
    page.begins("http://x")
    for line in lines:
        page.line(line)
    page.paste(['a = "…"   # what it is'])
    page.ends(lines, 1)
    text = raw.getvalue().decode("ascii")
    assert [line.split()[0] for line in text.splitlines() if "topic" in line] == ["ok", "!", "X"]


def test_colour_only_where_it_is_wanted(shell: Any) -> None:
    assert "\x1b" not in shell("doctor").out
    assert json.dumps(shell("doctor", "--no-color").code) == "0"
