"""``scimrig consumer`` and ``scimrig receiver`` as a user meets them."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest

from .conftest import COMMAND, Server

pytestmark = pytest.mark.usefixtures("here")

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NAMED = """
[targets.app.consumer]
url = "{url}"
secret = "env:WEBHOOK_SECRET"
"""
FORGED = "consumer/forged/changed-id"


@pytest.fixture
def receiver(listening: Callable[..., Server], shell: Any) -> Callable[..., Server]:
    """Start ``scimrig receiver`` in a process of its own."""
    shell.env["WEBHOOK_SECRET"] = SECRET
    return lambda *words: listening(*COMMAND, "receiver", *words)


def declare(shell: Any, text: str) -> None:
    (shell.folder / "scimrig.toml").write_text(text, encoding="utf-8")


def test_the_sample_receiver_is_judged_where_no_target_is_named(shell: Any) -> None:
    ended = shell("consumer", "--tag", "smoke")
    assert ended.code == 0, ended.out + ended.err
    assert ended.out.startswith("ref: · seed 1")
    assert "nothing that counts fails" in ended.out
    assert "standing checks" not in ended.out


def test_a_finding_says_what_was_sent_what_came_back_who_is_hurt_and_how_to_send_it_again(shell: Any) -> None:
    ended = shell("consumer", "ref:fault=id-from-body", "-k", FORGED, "--junit", "out.xml")
    assert ended.code == 1
    for words in (
        "FAIL · security", "under another id than was signed", "> webhook-id: evt_", "< 200", "expected  4xx",
        "authority consumer.signing", "hurts ", "replay    sh .scimrig/runs/",
        f"rerun     scimrig consumer ref:fault=id-from-body -k {FORGED} --seed 1\n",
    ):
        assert words in ended.out, words
    root = ElementTree.fromstring((shell.folder / "out.xml").read_text(encoding="utf-8"))
    assert [case.get("name") for case in root.iter("testcase")] == [FORGED]
    assert len(list(root.iter("failure"))) == 1


def test_a_log_is_judged_again_to_the_same_page_and_exit_code(shell: Any) -> None:
    first = shell("consumer", "ref:fault=no-tombstone", "-k", "consumer/order")
    again = shell("judge", "last")
    assert (again.code, again.out) == (first.code, first.out) == (1, first.out)


def test_by_url_only_statuses_are_judged_without_a_way_to_look_and_the_rest_names_its_keys(
    shell: Any, receiver: Callable[..., Server]
) -> None:
    declare(shell, NAMED.format(url=receiver().url))
    ended = shell("consumer", "app")
    assert ended.code == 0, ended.out + ended.err
    for key in ("consumer.state_probe", "consumer.dedupe", "consumer.order", "consumer.reconcile"):
        assert re.search(rf"undeclared: .*{key} \(add {key} = ", " ".join(ended.out.split())), key
    assert SECRET not in shell.traces() + ended.out
    assert SECRET.removeprefix("whsec_") not in shell.traces() + ended.out


def test_a_bare_url_takes_what_stands_at_the_top_of_the_file(shell: Any, receiver: Callable[..., Server]) -> None:
    declare(shell, '[consumer]\nsecret = "env:WEBHOOK_SECRET"\n')
    assert shell("consumer", receiver("--fault", "id-from-body").url, "-k", FORGED).code == 1


@pytest.mark.slow
@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("openssl")), reason="needs curl and openssl")
def test_a_replay_signs_anew_and_shows_the_same_until_it_is_mended(shell: Any, receiver: Callable[..., Server]) -> None:
    declare(shell, NAMED.format(url=receiver("--fault", "signature-not-checked").url))
    assert shell("consumer", "app", "-k", "consumer/forged", "-k", "consumer/answers/nothing").code == 1
    (folder,) = shell.run_folders()
    scripts = sorted((folder / "replay").glob("*.sh"))
    assert len(scripts) >= 12
    sound = receiver().url
    env = {**shell.env, "WEBHOOK_SECRET": SECRET}
    for script in scripts:
        assert SECRET.removeprefix("whsec_") not in script.read_text(encoding="utf-8")
        for url, status in ((None, "200"), (sound, "400")):
            words = ["sh", str(script), *([url] if url else [])]
            done = subprocess.run(words, env=env, capture_output=True, text=True, timeout=30, check=False)
            assert done.stderr == ""
            told = re.findall(r"^(\d+) \(then (\d+)\)", done.stdout, re.MULTILINE)
            assert told[0] == ("200", "200")
            assert told[-1] == (status, "200"), script.name


def test_a_receiver_that_is_not_there_is_no_finding(shell: Any) -> None:
    shell.env["WEBHOOK_SECRET"] = SECRET
    declare(shell, NAMED.format(url="http://127.0.0.1:9/webhooks"))
    ended = shell("consumer", "app")
    assert ended.code == 3
    assert "cannot be reached" in ended.out
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("consumer", "ref:fault=nope"), ("no fault of the sample receiver", "nope")),
        (("consumer", "nope"), ("no target 'nope'", "a receiver is ref:")),
        (("consumer", "http://127.0.0.1:9/x"), ("consumer.secret is missing", "add [consumer]")),
        (("consumer", "app"), ("WEBHOOK_SECRET is not set",)),
        (("consumer", "https://u:p@app.test/x"), ("no user or password",)),
        (("run", "app"), ("receiver of webhooks alone", "scimrig consumer app")),
        (("receiver", "--fault", "timestamp-nam"), ("Did you mean 'timestamp-nan'",)),
    ],
)
def test_a_mistake_in_the_command_is_one_line(shell: Any, words: tuple[str, ...], told: tuple[str, ...]) -> None:
    declare(shell, NAMED.format(url="http://127.0.0.1:9/webhooks"))
    ended = shell(*words)
    assert ended.code == 2
    ended.complains(*told)


def test_no_case_that_fits_is_nothing_judged(shell: Any) -> None:
    assert shell("consumer", "-k", "nothing-like-it").code == 4


def test_a_secret_that_signs_nothing_is_refused_without_repeating_it(shell: Any) -> None:
    shell.env["WEBHOOK_SECRET"] = "not base64 at all!".replace(" ", "-")
    declare(shell, NAMED.format(url="http://127.0.0.1:9/webhooks"))
    ended = shell("consumer", "app")
    assert ended.code == 2
    ended.complains("no signing secret")
    assert "not-base64" not in ended.err


def test_deliveries_beyond_this_machine_need_consent(shell: Any) -> None:
    shell.env["WEBHOOK_SECRET"] = SECRET
    declare(shell, NAMED.format(url="https://app.example.test/webhooks"))
    ended = shell("consumer", "app")
    assert ended.code == 2
    ended.complains("deliver webhooks", "--yes")


@pytest.mark.parametrize(
    ("what", "words"),
    [(FORGED, "consumer mode"), ("receiver:timestamp-nan", "scimrig consumer ref:fault=timestamp-nan"),
     ("consumer/accepted", "does not refuse a forged delivery"), ("consumer.order", "when they occurred")],
)
def test_everything_is_explained(shell: Any, what: str, words: str) -> None:
    ended = shell("explain", what)
    assert ended.code == 0
    assert words in ended.out


def test_cases_and_receivers_are_listed(shell: Any) -> None:
    assert FORGED in shell("list", "consumer").out.splitlines()
    assert "receiver:timestamp-nan" in shell("list", "receivers").out.splitlines()
