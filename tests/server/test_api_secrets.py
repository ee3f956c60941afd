"""The secrets of a directory: two at a time at most, told once, and known afterwards by their ends."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

YEAR = 365 * 86_400
INVALID = 'Bearer realm="scim", error="invalid_token"'


@pytest.fixture
def directory(programs: Any) -> dict[str, Any]:
    return dict(programs.directory(programs.organization()))


def place(directory: dict[str, Any], verb: str = "") -> str:
    return f"/organizations/{directory['organization_id']}/directories/{directory['id']}{verb}"


def status(client: Any) -> int:
    return int(client.send("GET", "/Users").status)


def used(programs: Any, directory: dict[str, Any]) -> list[str | None]:
    return [secret.get("last_used_time") for secret in programs.seen(directory)["secrets"]]


def test_a_secret_says_all_there_is_to_say_and_its_text_once(programs: Any, directory: dict[str, Any]) -> None:
    made = programs.secret(directory)
    plain, secret = made["plain_secret"], made["secret"]
    assert secret == {
        "id": secret["id"],
        "directory_id": directory["id"],
        "create_time": "2026-01-01T00:00:00.000Z",
        "secret_suffix": plain[-4:],
        "status": "ACTIVE",
        "expire_time": "2027-01-01T00:00:00.000Z",
    }
    assert secret["id"].startswith("dirsec_")
    assert programs.seen(directory)["secrets"] == [secret]


def test_no_answer_and_no_log_holds_a_secret_afterwards(make_programs: Callable[..., Any], tmp_path: Any) -> None:
    """CAP-14: it is kept as a digest."""
    programs = make_programs(db=str(tmp_path / "db"))
    directory = programs.directory(programs.organization())
    plain = [programs.secret(directory, verb)["plain_secret"] for verb in ("", "", ":regenerate")]
    client = programs.idp(directory, plain[2])
    client.user("ada", emails=[{"value": "ada@acme.test"}])
    assert status(programs.idp(directory, plain[0])) == 401
    org = directory["organization_id"]
    paths = ["/organizations", f"/organizations/{org}", f"/organizations/{org}/directories", place(directory)]
    told = json.dumps([programs.asked("GET", path) for path in paths])
    told += programs.manage("GET", "/audit").body.decode() + programs.manage("GET", "/tenants").body.decode()
    with sqlite3.connect(tmp_path / "db") as file:
        told += json.dumps(file.execute("SELECT entry FROM audit").fetchall())
    file.close()
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    for text in plain:
        assert text not in told
        assert hashlib.sha256(text.encode()).hexdigest() not in told
        assert text.encode() not in kept
    deeds = [(action, kind) for action, kind, _ in programs.audited(org) if action.startswith("secret")]
    assert deeds == [("secret.create", "Secret"), ("secret.create", "Secret"), ("secret.regenerate", "Secret")]


def test_two_secrets_overlap_and_a_third_is_refused(programs: Any, directory: dict[str, Any]) -> None:
    """CAP-15."""
    clients = [programs.idp(directory) for _ in range(2)]
    assert [status(client) for client in clients] == [200, 200]
    before = programs.seen(directory)["secrets"]
    assert programs.refused("POST", place(directory, "/secrets")) == (400, 9, "TOO_MANY_SECRETS")
    assert [secret["id"] for secret in programs.seen(directory)["secrets"]] == [secret["id"] for secret in before]
    assert [status(client) for client in clients] == [200, 200]


def test_an_expired_secret_makes_room(programs: Any, directory: dict[str, Any]) -> None:
    programs.secret(directory)
    programs.clock.sleep(YEAR / 2)
    programs.secret(directory)
    programs.clock.sleep(YEAR / 2)
    fresh = programs.secret(directory)
    assert programs.seen(directory)["secrets"][-1] == fresh["secret"]
    assert programs.refused("POST", place(directory, "/secrets"))[1] == 9


def test_regenerating_withdraws_every_earlier_secret_at_once(programs: Any, directory: dict[str, Any]) -> None:
    """CAP-15, with no time of grace."""
    old = [programs.idp(directory) for _ in range(2)]
    fresh = programs.secret(directory, ":regenerate")
    new = programs.idp(directory, fresh["plain_secret"])
    assert [status(client) for client in (*old, new)] == [401, 401, 200]
    reply = old[0].send("GET", "/Users")
    assert reply.header("WWW-Authenticate") == INVALID
    secrets = programs.seen(directory)["secrets"]
    assert [secret["status"] for secret in secrets] == ["INACTIVE", "INACTIVE", "ACTIVE"]
    assert secrets[2]["id"] == fresh["secret"]["id"]
    assert status(programs.idp(directory)) == 200, "and there is room for one more"


def test_of_what_was_withdrawn_the_last_few_are_kept(programs: Any, directory: dict[str, Any]) -> None:
    made = [programs.secret(directory, ":regenerate")["secret"]["id"] for _ in range(30)]
    kept = [secret["id"] for secret in programs.seen(directory)["secrets"]]
    assert len(kept) < 20
    assert kept == made[-len(kept):]


def test_a_secret_is_good_for_a_year_and_not_a_moment_longer(programs: Any, directory: dict[str, Any]) -> None:
    """CAP-14."""
    client = programs.idp(directory)
    programs.clock.sleep(YEAR - 0.001)
    assert status(client) == 200
    programs.clock.sleep(0.001)
    reply = client.send("GET", "/Users")
    assert (reply.status, reply.header("WWW-Authenticate")) == (401, INVALID)


# When it was last used


def test_last_used_moves_with_what_is_let_in_and_with_nothing_else(programs: Any, directory: dict[str, Any]) -> None:
    client = programs.idp(directory)
    assert used(programs, directory) == [None]
    steps = [(200, "GET", "/Users", {}), (404, "GET", "/Users/nobody", {}), (400, "POST", "/Users", {"userName": "x"})]
    for second, (expected, method, path, body) in enumerate(steps, 1):
        programs.clock.sleep(1)
        assert client.send(method, path, body=body or None).status == expected
        assert used(programs, directory) == [f"2026-01-01T00:00:0{second}.000Z"], "whatever came of it"
    for verb, expected in ((":disable", 403), (":enable", 200)):
        programs.clock.sleep(1)
        programs.asked("PATCH", place(directory, verb))
        before = used(programs, directory)
        assert status(client) == expected
        assert (used(programs, directory) != before) == (expected == 200)
    before = used(programs, directory)
    programs.clock.sleep(1)
    assert client.send("GET", "/Users", headers={"Authorization": "Bearer wrong"}).status == 401
    assert client.send("GET", "/Schemas", headers={"Authorization": None}).status == 200
    assert used(programs, directory) == before
    assert client.send("GET", "/Schemas").status == 200
    assert used(programs, directory) != before


def test_each_secret_has_a_time_of_its_own(programs: Any, directory: dict[str, Any]) -> None:
    first, second = programs.idp(directory), programs.idp(directory)
    for client in (first, second, first):
        programs.clock.sleep(1)
        status(client)
    assert used(programs, directory) == ["2026-01-01T00:00:03.000Z", "2026-01-01T00:00:02.000Z"]


def test_what_is_on_file_is_never_more_than_seconds_behind(make_programs: Callable[..., Any], tmp_path: Any) -> None:
    """Another process, or this one after a crash, knows nothing else."""
    programs = make_programs(db=str(tmp_path / "db"))
    directory = programs.directory(programs.organization())
    client = programs.idp(directory)
    behind = []
    with sqlite3.connect(tmp_path / "db") as file:
        for _ in range(40):
            programs.clock.sleep(0.25)
            status(client)
            (on_file,) = file.execute("SELECT used FROM token").fetchone()
            behind.append(programs.clock.now() - on_file / 1000)
    file.close()
    assert 0 <= min(behind) < max(behind) <= 2


def _commits(file: sqlite3.Connection) -> int:
    return int(file.execute("PRAGMA data_version").fetchone()[0])


def test_a_request_that_reads_writes_nothing_but_that_now_and_then(
    make_programs: Callable[..., Any], tmp_path: Any
) -> None:
    programs = make_programs(db=str(tmp_path / "db"))
    client = programs.idp(programs.directory(programs.organization()))
    file = sqlite3.connect(tmp_path / "db")
    seen = {_commits(file)}
    for _ in range(100):
        programs.clock.sleep(0.1)
        status(client)
        seen.add(_commits(file))
    file.close()
    assert len(seen) <= 1 + 10 / 2 + 1


def test_the_last_use_is_on_file_when_a_server_has_ended(make_programs: Callable[..., Any], tmp_path: Any) -> None:
    programs = make_programs(db=str(tmp_path / "db"))
    directory = programs.directory(programs.organization())
    client = programs.idp(directory)
    for _ in range(3):
        programs.clock.sleep(0.5)
        status(client)
    programs.app.close()
    later = make_programs(db=str(tmp_path / "db"), domains=())
    assert used(later, directory) == ["2026-01-01T00:00:01.500Z"]


def test_a_file_that_another_process_holds_delays_nothing_but_that(
    make_programs: Callable[..., Any], tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scimrig_simulator.server.database.PATIENCE", 0.05)
    programs = make_programs(db=str(tmp_path / "db"))
    directory = programs.directory(programs.organization())
    client = programs.idp(directory)
    file = sqlite3.connect(tmp_path / "db", isolation_level=None)
    file.execute("BEGIN IMMEDIATE")
    programs.clock.sleep(10)
    assert status(client) == 200
    file.execute("ROLLBACK")
    file.close()
    assert used(programs, directory) == ["2026-01-01T00:00:10.000Z"]


def test_without_a_policy_nobody_notes_when_a_token_was_used(make_house: Callable[..., Any], tmp_path: Any) -> None:
    house = make_house("acme", db=str(tmp_path / "db"))
    assert house.guests["acme"].send("GET", "/Users").status == 200
    house.app.close()
    with sqlite3.connect(tmp_path / "db") as file:
        assert file.execute("SELECT used FROM token").fetchall() == [(None,)]
    file.close()


# The same below /manage/tenants


@pytest.fixture
def tenants(make_house: Callable[..., Any]) -> Any:
    return make_house("acme", policy="scalekit", poster=lambda *_: pytest.fail("nothing is to be sent"))


def test_a_tenant_s_tokens_can_be_regenerated(tenants: Any) -> None:
    old = tenants.guests["acme"]
    reply = tenants.manage("POST", "/tenants/acme/tokens:regenerate", {"expires_in": 60})
    made = reply.resource()
    assert (reply.status, made["suffix"], made["expires"]) == (201, made["token"][-4:], "2026-01-01T00:01:00.000Z")
    new = tenants.guest("acme", made["token"])
    assert [status(old), status(new)] == [401, 200]
    assert tenants.manage("POST", "/tenants/nobody/tokens:regenerate").status == 404
    assert tenants.manage("POST", "/tenants/acme/tokens:regenerate", {"expires_in": 0}).status == 400
    assert status(new) == 200
    tenants.clock.sleep(60)
    assert status(new) == 401


def test_what_is_done_to_tenants_is_on_record_without_tokens(tenants: Any) -> None:
    made = [tenants.manage("POST", f"/tenants/acme/{path}").resource() for path in ("tokens", "tokens:regenerate")]
    tenants.manage("DELETE", f"/tenants/acme/tokens/{made[1]['id']}")
    off, network = {"enabled": False}, {"addresses": ["10.1.2.3/8"]}
    for path, body in (("scim", off), ("directory", off), ("allowed", network), ("allowed", network)):
        assert tenants.manage("PUT", f"/tenants/acme/{path}", body).status == 200
    assert tenants.manage("DELETE", "/tenants/acme").status == 204
    store = tenants.app._tenants.organizations._store
    entries = [json.loads(text) for (text,) in store.execute("SELECT entry FROM audit WHERE organization = 2")]
    assert [entry["action"] for entry in entries] == [
        "directory.create", "secret.create", "secret.create", "secret.regenerate", "secret.revoke",
        "organization.update", "directory.disable", "directory.update", "directory.delete",
    ]  # fmt: skip
    assert {entry["actor"]["type"] for entry in entries} == {"admin"}
    assert entries[5]["changes"] == [{"attribute": "scim", "before": True, "after": False}]
    assert entries[7]["changes"] == [{"attribute": "allowed", "before": [], "after": ["10.0.0.0/8"]}]
    assert [token["token"] for token in made if token["token"] in json.dumps(entries)] == []
