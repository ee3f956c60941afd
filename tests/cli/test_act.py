"""``scimrig act``: one act of an identity provider, played by hand against somebody's server."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scimrig_simulator.clock import SystemClock
from scimrig_simulator.drive import HttpTransport
from scimrig_simulator.wire import Send

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("here")]

TOKEN = "canary-t0ken-5f1e"
README = Path(__file__).parents[2] / "README.md"
DIALECTS = ("okta", "entra", "entra-flag", "google", "rfc")


def flat(text: str) -> str:
    """Without the line breaks that a narrow page makes."""
    return " ".join(text.split())


def users(server: Any) -> dict[str, dict[str, Any]]:
    """What the server really holds, by the first part of userName; read by a client that is not scimrig act."""
    return {str(user["userName"]).partition(".")[0]: user for user in rows(server, "/Users")}


def rows(server: Any, collection: str) -> list[dict[str, Any]]:
    return list(ask(server, Send("GET", collection, "count=100")).resource().get("Resources", []))


def ask(server: Any, request: Send) -> Any:
    transport = HttpTransport(server.url, f"Bearer {TOKEN}", timeout=10.0, clock=SystemClock())
    try:
        return transport.exchange(request)
    finally:
        transport.close()


def sent(done: Any) -> list[tuple[str, str]]:
    """(method, path) of what the IdP sent, from ``--json``."""
    records = [json.loads(line) for line in done.out.splitlines()]
    return [(one["method"], one["path"]) for one in records if one["type"] == "exchange" and one["by"] == "idp"]


@pytest.fixture
def act(shell: Any) -> Callable[..., Any]:
    """``act(0, "okta", "assign", "ada", url)`` plays one, which must end with that exit code."""

    def play(code: int, *words: str) -> Any:
        done = shell("act", *words)
        assert done.code == code, done.out + done.err
        assert "Traceback" not in done.out + done.err
        return done

    return play


# What it does ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_career_played_act_by_act_is_what_the_server_then_holds(
    act: Callable[..., Any], serve: Callable[..., Any], dialect: str
) -> None:
    server = serve()
    act(0, dialect, "connect", server.url)
    assert users(server) == {}
    act(0, dialect, "assign", "ada", server.url)
    ada = users(server)["ada"]
    assert ada["name"]["givenName"] == "Ada"
    assert ada["active"] is True
    act(0, dialect, "update", "ada", server.url, "--set", "title=Lead Engineer")
    assert users(server)["ada"]["title"] == "Lead Engineer"
    act(0, dialect, "rename", "ada", server.url, "--set", "familyName=Lovelace")
    assert users(server)["ada"]["name"]["familyName"] == "Lovelace"
    assert users(server)["ada"]["title"] == "Lead Engineer"
    act(0, dialect, "deactivate", "ada", server.url)
    assert users(server)["ada"]["active"] is False
    act(0, dialect, "reactivate", "ada", server.url)
    assert users(server)["ada"]["active"] is True
    assert users(server)["ada"]["id"] == ada["id"]
    act(0, dialect, "delete", "ada", server.url)
    left = users(server)
    assert left == {} if dialect != "okta" else left["ada"]["active"] is False


@pytest.mark.parametrize("dialect", [name for name in DIALECTS if name != "google"])
def test_groups_know_their_members_from_one_call_to_the_next(
    act: Callable[..., Any], serve: Callable[..., Any], dialect: str
) -> None:
    server = serve()
    for key in ("ada", "bob", "cyd"):
        act(0, dialect, "assign", key, server.url)
    ids = {key: user["id"] for key, user in users(server).items()}

    def members() -> set[str]:
        (group,) = rows(server, "/Groups")
        return {member["value"] for member in group.get("members", ())}

    act(0, dialect, "push-group", "engineers", server.url, "--members", "ada,bob")
    assert members() == {ids["ada"], ids["bob"]}
    act(0, dialect, "set_members", "engineers", server.url, "--members", "bob,cyd")
    assert members() == {ids["bob"], ids["cyd"]}
    act(0, dialect, "push_group", "engineers", server.url, "--set", "displayName=Makers of things")
    assert [group["displayName"] for group in rows(server, "/Groups")] == ["Makers of things"]
    assert members() == {ids["bob"], ids["cyd"]}
    act(0, dialect, "set-members", "engineers", server.url, "--members", "")
    assert members() == set()


def test_an_update_goes_to_the_id_that_assigning_has_brought(
    act: Callable[..., Any], serve: Callable[..., Any]
) -> None:
    server = serve()
    act(0, "entra", "assign", "ada", server.url)
    path = f"/Users/{users(server)['ada']['id']}"
    done = act(0, "entra", "update", "ada", server.url, "--set", "title=Tester", "--json")
    assert sent(done) == [("GET", path), ("PATCH", path)]
    again = act(0, "entra", "update", "ada", server.url, "--json")
    assert sent(again) == [("GET", path)]
    act(0, "entra", "update", "ada", server.url, "--set", "title=")  # Entra sends nothing for what the source lost
    assert users(server)["ada"]["title"] == "Tester"


def test_a_second_idp_finds_the_account_that_the_first_one_made(
    act: Callable[..., Any], serve: Callable[..., Any]
) -> None:
    server = serve()
    act(0, "okta", "assign", "ada", server.url)
    done = act(0, "entra", "assign", "ada", server.url)
    assert "found on the target, and linked to" in flat(done.out)
    assert len(users(server)) == 1


def test_ids_of_one_target_are_not_used_on_another(act: Callable[..., Any], serve: Callable[..., Any]) -> None:
    here, there = serve(), serve()
    act(0, "okta", "assign", "ada", here.url)
    done = act(2, "okta", "deactivate", "ada", there.url)
    done.complains("ada is not assigned yet", f"scimrig act okta assign ada {there.url}")
    assert users(here)["ada"]["active"] is True


def test_keys_mean_the_same_person_in_any_case_and_everywhere(
    act: Callable[..., Any], serve: Callable[..., Any]
) -> None:
    here, there = serve(), serve()
    act(0, "okta", "assign", "Ada", here.url)
    act(0, "okta", "assign", "ada", here.url)
    act(0, "okta", "assign", "ada", there.url)
    assert len(users(here)) == 1
    assert users(here)["ada"]["userName"] == users(there)["ada"]["userName"]
    assert re.fullmatch(r"ada\.rig[a-z0-9]{5}@example\.com", users(here)["ada"]["userName"])


# What it says ---------------------------------------------------------------------------------------------------------


def test_the_page_shows_each_request_with_what_came_back_and_no_secret(
    shell: Any, act: Callable[..., Any], serve: Callable[..., Any]
) -> None:
    server = serve("--fault", "token-echoed")
    done = act(0, "okta", "assign", "ada", server.url)
    for line in ("   > POST /Users", "   > Content-Type: application/scim+json; charset=utf-8", "   < 201"):
        assert line in done.out.splitlines()
    assert '"password": "[redacted]"' in done.out
    assert "User-Agent" not in done.out
    assert "by the observer" not in done.out
    verbose = act(0, "okta", "update", "ada", server.url, "--verbose")
    assert "   > User-Agent: Okta SCIM Client 1.0.0" in verbose.out.splitlines()
    assert "   > Authorization: [redacted]" in verbose.out.splitlines()
    assert "by the observer" in verbose.out
    records = act(0, "okta", "update", "ada", server.url, "--json")
    assert json.loads(records.out.splitlines()[-1])["done"] is True
    for text in (done.out, verbose.out, records.out, shell.traces()):
        assert TOKEN not in text


@pytest.mark.parametrize(
    ("fault", "dialect", "words", "says"),
    [
        ("noop-patch", "entra", ("update", "ada", "--set", "title=Boss"), "title should be Boss, is"),
        ("put-ignored", "okta", ("update", "ada", "--set", "title=Boss"), "title should be Boss, is"),
        ("deactivate-ignored", "okta", ("deactivate", "ada"), "active should be false, is true"),
        ("truthy-false", "entra", ("deactivate", "ada"), "active should be false, is"),
        ("delete-keeps", "rfc", ("delete", "ada"), "✗ found"),
        ("add-replaces-members", "okta", ("set_members", "team", "--members", "ada,bob"), "members should be ada, bob"),
    ],
)
def test_a_200_that_did_nothing_or_not_enough_is_told_right_away(
    act: Callable[..., Any], serve: Callable[..., Any], fault: str, dialect: str, words: tuple[str, ...], says: str
) -> None:
    server = serve("--fault", fault)
    act(0, dialect, "assign", "ada", server.url)
    if "team" in words:
        act(0, dialect, "assign", "bob", server.url)
        act(0, dialect, "push_group", "team", server.url, "--members", "ada")
    done = act(1, dialect, *words[:2], server.url, *words[2:])
    assert says in flat(done.out), done.out
    assert "(docs/idp-dialects.md)" in done.out or "RFC 7644 §" in done.out
    assert done.out.splitlines()[-1].startswith("FAIL · exit 1")


def test_a_200_that_did_more_than_asked_is_told_too(act: Callable[..., Any], serve: Callable[..., Any]) -> None:
    server = serve("--fault", "update-wipes-phones")
    act(0, "entra", "assign", "ada", server.url)
    done = act(1, "entra", "deactivate", "ada", server.url)
    assert "✓ active false" in flat(done.out)
    assert "answered 200 and also touched phoneNumbers: it is gone" in flat(done.out), done.out


def test_a_refusal_is_told_in_the_words_of_the_idp(act: Callable[..., Any], tiny: Callable[..., Any]) -> None:
    server = tiny(answers={"POST /Users": [500, {"detail": "database is locked"}]})
    done = act(1, "okta", "assign", "ada", server.url)
    assert "Automatic provisioning of user" in flat(done.out)
    assert "database is locked" in flat(done.out)
    assert "RFC 7644 §3.12" not in done.out


def test_what_a_target_does_not_keep_is_told_and_not_held_against_it(
    act: Callable[..., Any], serve: Callable[..., Any]
) -> None:
    server = serve("--variant", "no-extension")
    done = act(0, "entra", "assign", "ada", server.url)
    assert "not kept by this target, and not judged: enterprise:employeeNumber, enterprise:department" in flat(done.out)
    asked = act(1, "entra", "update", "ada", server.url, "--set", "department=Analysis")
    assert "enterprise:department should be Analysis, is nothing" in flat(asked.out)


def test_a_late_target_is_waited_for_as_its_owner_declares(
    shell: Any, act: Callable[..., Any], serve: Callable[..., Any]
) -> None:
    server = serve("--variant", "lag-2s")
    done = act(1, "rfc", "assign", "ada", server.url)
    assert "[consistency] within = 3" in flat(done.out)
    (shell.folder / "scimrig.toml").write_text(
        f'[targets.late]\nbase_url = "{server.url}"\n[targets.late.consistency]\nwithin = 3\n'
    )
    act(0, "rfc", "assign", "bob", "late")
    act(0, "rfc", "delete", "bob", "late")


def test_a_promise_to_refuse_is_kept_when_it_is_refused(
    shell: Any, act: Callable[..., Any], serve: Callable[..., Any]
) -> None:
    table = (
        '[targets.local]\nbase_url = "{url}"\n[targets.local.policy]\nemail_change = "reject"\n'
        'allowed_domains = ["acme.test"]\n'
    )
    for fault, code in (("", 0), ("email-change-accepted", 1)):
        server = serve("--policy", "scalekit", *(("--fault", fault) if fault else ()))
        domains = Send("PUT", "/domains", body={"domains": ["acme.test"]})
        manage = type(server)(server.process, server.url.replace("/scim/v2", "/manage"))
        assert ask(manage, domains).status == 200
        (shell.folder / "scimrig.toml").write_text(table.format(url=server.url))
        act(0, "okta", "assign", "ada", "local")
        done = act(code, "okta", "rename", "ada", "local", "--set", "email=ada.new@acme.test")
        if code == 0:
            assert "refused, as the target promises (policy.email_change)" in flat(done.out)


# What it never does ---------------------------------------------------------------------------------------------------


def test_a_row_of_somebody_else_is_never_written_to(act: Callable[..., Any], serve: Callable[..., Any]) -> None:
    server = serve()
    body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "root@example.com"}
    assert ask(server, Send("POST", "/Users", body=body)).status == 201
    before = rows(server, "/Users")
    done = act(3, "okta", "assign", "ada", server.url, "--set", "userName=root@example.com")
    done.complains("is on the target already", "scimrig did not make it")
    assert rows(server, "/Users") == before


def test_an_id_that_is_somebody_elses_after_a_reset_is_left_alone(
    shell: Any, act: Callable[..., Any], tiny: Callable[..., Any]
) -> None:
    first = tiny()
    act(0, "rfc", "assign", "ada", first.url)
    first.process.kill()
    first.process.communicate()
    second = tiny(port=int(first.port), users=["root@example.com"])
    done = act(3, "rfc", "deactivate", "ada", second.url)
    done.complains("/Users/1 is 'root@example.com' now", "scimrig act --forget")
    forgotten = shell("act", "--forget", second.url)
    assert forgotten.code == 0, forgotten.err
    assert "left alone: /Users/1 is 'root@example.com' now" in forgotten.out
    assert list(users(second)) == ["root@example"]
    act(0, "rfc", "assign", "ada", second.url)


@pytest.mark.parametrize("status", [400, 500])
def test_a_row_that_came_about_although_its_create_was_refused_is_ours_all_the_same(
    shell: Any, act: Callable[..., Any], tiny: Callable[..., Any], status: int
) -> None:
    server = tiny(lies={"POST /Users": status})
    act(1, "rfc", "assign", "ada", server.url)
    assert list(users(server)) == ["ada"]
    act(0, "rfc", "assign", "ada", server.url)  # looks it up, and links it
    assert shell("act", "--forget", server.url).code == 0
    assert users(server) == {}


@pytest.mark.parametrize("command", [("act", "--forget"), ("sweep",)])
def test_what_acts_have_made_is_cleared_away_and_nothing_else(
    shell: Any, act: Callable[..., Any], serve: Callable[..., Any], command: tuple[str, ...]
) -> None:
    server = serve()
    body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "somebody-else"}
    assert ask(server, Send("POST", "/Users", body=body)).status == 201
    act(0, "okta", "assign", "ada", server.url)
    act(0, "rfc", "assign", "bob", server.url)
    act(0, "rfc", "push_group", "team", server.url, "--members", "bob")
    plain = shell("sweep")
    assert plain.code == 0
    assert "left alone" in plain.out
    assert len(users(server)) == 3
    done = shell(*command, server.url)
    assert done.code == 0, done.err
    assert "3 of 3 rows cleared away" in done.out
    assert [user["userName"] for user in rows(server, "/Users")] == ["somebody-else"]
    assert rows(server, "/Groups") == []
    act(2, "okta", "deactivate", "ada", server.url)
    act(0, "okta", "assign", "ada", server.url)


def test_a_target_that_is_gone_keeps_its_journal(
    shell: Any, act: Callable[..., Any], serve: Callable[..., Any]
) -> None:
    server = serve()
    act(0, "okta", "assign", "ada", server.url)
    server.stop()
    done = act(3, "--forget", server.url)
    done.complains("does not answer", "Nothing was deleted or forgotten", ".scimrig/act/127.0.0.1-")
    assert list((shell.folder / ".scimrig" / "act").glob("*/rows.ndjson"))


def test_a_server_beyond_this_machine_is_not_written_to_without_consent(act: Callable[..., Any]) -> None:
    far = "https://scim.example.invalid/v2"
    act(2, "okta", "assign", "ada", far).complains("this would assign ada", "--yes")
    act(3, "okta", "assign", "ada", far, "--yes").complains("cannot be resolved")
    act(3, "okta", "connect", far)  # which only reads


# What cannot be decided -----------------------------------------------------------------------------------------------


def test_a_target_that_does_not_answer_is_no_verdict(shell: Any, act: Callable[..., Any]) -> None:
    with socket.socket() as placeholder:
        placeholder.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{placeholder.getsockname()[1]}/scim/v2"
        act(3, "okta", "assign", "ada", url).complains("does not answer", "is the server running there?")
        act(3, "okta", "connect", url)


def test_which_token_was_refused_is_said_and_never_the_token(
    shell: Any, act: Callable[..., Any], serve: Callable[..., Any]
) -> None:
    server = serve()
    shell.env["OTHER_TOKEN"] = "s3cret-but-wrong"
    done = act(3, "okta", "assign", "ada", server.url, "--token-env", "OTHER_TOKEN")
    done.complains("the token from env:OTHER_TOKEN is not taken")
    connect = act(3, "okta", "connect", server.url, "--token-env", "OTHER_TOKEN")
    assert "the token from env:OTHER_TOKEN is not taken" in flat(connect.out)
    assert "s3cret-but-wrong" not in done.out + done.err + connect.out + shell.traces()


def test_an_idp_that_waits_for_long_is_not_waited_for(act: Callable[..., Any], tiny: Callable[..., Any]) -> None:
    server = tiny(answers={"POST /Users": [429, {}]}, retry_after=300)
    act(3, "okta", "assign", "ada", server.url).complains("would now wait 300 s")


def test_what_was_kept_by_another_version_is_no_guess(
    shell: Any, act: Callable[..., Any], serve: Callable[..., Any]
) -> None:
    server = serve()
    act(0, "okta", "assign", "ada", server.url)
    (kept,) = (shell.folder / ".scimrig" / "act").glob("*/okta.json")
    whole = kept.read_text()
    for text, says in (
        (whole.replace('"version": 1', '"version": 99'), "another version"),
        (whole[:100], "not JSON any more"),
        (whole.replace('"users"', '"friends"'), "does not fit this version"),
        (whole.replace('"given_name"', '"first_name"'), "cannot be understood"),
    ):
        kept.write_text(text)
        act(3, "okta", "update", "ada", server.url).complains(says)
    kept.write_text(whole)
    act(3, "okta", "update", "ada", server.url, "--seed", "7").complains("was made with --seed 1")
    act(0, "okta", "update", "ada", server.url)


def test_two_acts_at_once_wait_for_each_other(shell: Any, act: Callable[..., Any], serve: Callable[..., Any]) -> None:
    server = serve()
    keys = [f"p{number}" for number in range(4)]
    playing = [shell.start("act", "okta", "assign", key, server.url) for key in keys]
    assert [process.wait(timeout=60) for process in playing] == [0] * len(keys)
    for process in playing:
        process.communicate()
    assert len(users(server)) == len(keys)
    for key in keys:
        act(0, "okta", "deactivate", key, server.url)


def test_an_act_that_is_interrupted_can_be_cleared_away(
    shell: Any, act: Callable[..., Any], serve: Callable[..., Any], tmp_path: Path
) -> None:
    server = serve(awkward=("slow", "0", str(tmp_path / "db")))
    process = shell.start("act", "rfc", "assign", "ada", server.url)
    deadline = time.monotonic() + 20
    while server.users() == 0 and process.poll() is None:
        assert time.monotonic() < deadline
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert "Traceback" not in out + err
    act(0, "--forget", server.url)
    assert server.users() == 0


# Slips ----------------------------------------------------------------------------------------------------------------

URL = "http://127.0.0.1:9/scim/v2"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), ["usage: scimrig act IDP ACT"]),
        (("oktaa", "assign"), ["no IdP 'oktaa'", "did you mean 'okta'"]),
        (("assign", "okta"), ["the IdP comes first: scimrig act okta assign"]),
        (("okta",), ["what shall okta do?", "push_group"]),
        (("okta", "asign", "ada", URL), ["no act 'asign'", "did you mean 'assign'"]),
        (("okta", "assign"), ["about a person", "scimrig act okta assign ada TARGET"]),
        (("okta", "assign", URL), ["about a person", f"scimrig act okta assign ada {URL}"]),
        (("okta", "push_group", URL), ["about a team", "engineers"]),
        (("okta", "assign", "ada"), ["on which target?", "scimrig serve"]),
        (("okta", "connect", "ada", URL), ["one word too many", "about nobody"]),
        (("okta", "assign", "ada", URL, "more"), ["one word too many: 'more'"]),
        (("okta", "assign", "ada@example.com", URL), ["is no key", "--set userName="]),
        (("okta", "assign", "ada", "staging"), ["no target 'staging'"]),
        (("okta", "assign", "ada", "ref:"), ["would be gone with it", "scimrig serve --port 8080, then"]),
        (("okta", "assign", "ada", "ref:fault=noop-patch"), ["scimrig serve --port 8080 --fault noop-patch"]),
        (("google", "push_group", "eng", URL), ["Google pushes no groups"]),
        (("okta", "update", "ada", URL, "--set", "tite=x"), ["no field 'tite'", "did you mean 'title'"]),
        (("okta", "update", "ada", URL, "--set", "title"), ["NAME=VALUE"]),
        (("okta", "update", "ada", URL, "--set", "active=maybe"), ["active must be true or false"]),
        (("okta", "update", "ada", URL, "--set", "userName="), ["userName must be"]),
        (("okta", "push_group", "eng", URL, "--set", "title=x"), ["a team has no field 'title'"]),
        (("okta", "deactivate", "ada", URL, "--set", "title=x"), ["--set does not go with deactivate"]),
        (("okta", "assign", "ada", URL, "--members", "bob"), ["--members does not go with assign"]),
        (("okta", "rename", "ada", URL), ["rename to what?"]),
        (("okta", "set_members", "eng", URL), ["--members ada,bob"]),
        (("okta", "assign", "--verbos", "ada", URL), ["unknown option --verbos", "did you mean '--verbose'"]),
        (("okta", "assign", "ada", URL, "--token", "s3cret-value"), ["other users of this machine can read it"]),
        (("--forget",), ["takes a target"]),
        (("--forget", URL, "--set", "title=x"), ["neither --set nor --members"]),
    ],
)
def test_a_slip_is_told_before_anything_is_made_or_sent(shell: Any, words: tuple[str, ...], says: list[str]) -> None:
    done = shell("act", *words)
    done.complains(*says)
    assert done.code == 2
    assert done.out == ""
    assert "s3cret-value" not in done.err
    assert not (shell.folder / ".scimrig").exists()


def test_options_may_stand_between_the_words(act: Callable[..., Any], serve: Callable[..., Any]) -> None:
    server = serve()
    act(0, "okta", "--no-color", "assign", "--seed", "1", "ada", "--set", "title=Tester", server.url)
    assert users(server)["ada"]["title"] == "Tester"


def test_members_who_were_never_assigned_are_asked_for_first(
    act: Callable[..., Any], serve: Callable[..., Any]
) -> None:
    server = serve()
    act(0, "okta", "assign", "ada", server.url)
    done = act(2, "okta", "push_group", "eng", server.url, "--members", "ada,bob")
    done.complains("bob must be assigned before", f"scimrig act okta assign bob {server.url}")
    assert rows(server, "/Groups") == []
    act(0, "okta", "push_group", "eng", server.url)
    (group,) = rows(server, "/Groups")
    assert group.get("members", []) == []


# The README -----------------------------------------------------------------------------------------------------------


def blocks(section: str) -> Iterator[tuple[str, str]]:
    """(command, what it prints) of each console block of a section."""
    text = README.read_text(encoding="utf-8").partition(f"## {section}\n")[2].partition("\n## ")[0]
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        for part in re.split(r"(?m)^\$ ", block)[1:]:
            command, _, output = part.partition("\n")
            yield command, output


def masked(text: str) -> str:
    """What differs from one time to the next is left out: ids, times, our mark, ports."""
    for pattern in (
        r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}", r"rig[a-z0-9]{5}", r"\d{4}-\d\d-\d\dT[\d:.]+Z", r"(:|port )\d{4,5}",
        r"\d+ ms|under 1 ms", r"\d+ of \d+ scenarios", r"00u\w{17}",
    ):
        text = re.sub(pattern, "<…>", text)
    return text


def test_the_readme_shows_what_the_commands_really_print(shell: Any, serve: Callable[..., Any]) -> None:
    """A line "…" stands for lines that are left out."""
    server = serve("--fault", "deactivate-ignored")
    told = list(blocks("Play IdP against your own server"))
    assert [command.split()[1] for command, _ in told].count("act") >= 3
    for command, output in told:
        if "serve" in command:
            continue
        words = [word.replace("http://127.0.0.1:8080/scim/v2", server.url) for word in split(command)[1:]]
        real = masked(shell(*words).out).splitlines()
        at = 0
        for piece in masked(output).strip("\n").split("\n…\n"):
            lines = piece.strip("\n").splitlines()
            found = next((n for n in range(at, len(real)) if real[n : n + len(lines)] == lines), None)
            assert found is not None, f"{command}\n{piece}\n--- is not in\n" + "\n".join(real[at:])
            at = found + len(lines)


def split(command: str) -> list[str]:
    done = subprocess.run(["sh", "-c", f"printf '%s\\n' {command}"], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()
