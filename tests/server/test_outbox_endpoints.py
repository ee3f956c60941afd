"""Several endpoints of one tenant, on time that costs nothing: who hears what, in which order, how signed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimrig_simulator.clock import VirtualClock
from scimrig_simulator.policy.events import Event, payload
from scimrig_simulator.policy.signing import sign
from scimrig_simulator.seams import Seams
from scimrig_simulator.server import outbox as outboxes
from scimrig_simulator.server.deliveries import Deliveries
from scimrig_simulator.server.endpoints import MOST, Endpoint
from scimrig_simulator.server.outbox import LEASE, Outbox
from scimrig_simulator.server.sender import BESIDE, CROWD, Job, Lanes, Sent, UnderWay
from scimrig_simulator.server.store import MEMORY, Store
from scimrig_simulator.wire import Headers, Posted

START = 1_767_225_600.0
CREATED = "organization.directory.user_created"
UPDATED = "organization.directory.user_updated"
EVER = 1_000_000.0
LADDER = (0, 5, 300, 1800, 7200, 18_000, 36_000, 36_000)


@dataclass(slots=True)
class Town:
    """An outbox on time that stands still, and endpoints that each answer from a list of their own, then 200."""

    db: str = MEMORY
    clock: VirtualClock = field(default_factory=lambda: VirtualClock(START))
    answers: dict[str, list[int]] = field(default_factory=dict)
    sent: list[tuple[float, str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    store: Store = field(init=False)
    outbox: Outbox = field(init=False)

    def __post_init__(self) -> None:
        self.store = Store(self.db)
        self.outbox = Outbox(self.store, self.clock, Seams(), Lanes(self.clock, self.post))

    def post(self, url: str, headers: Headers, body: bytes, timeout: float) -> Posted:
        """Each entry: when, the endpoint, the event."""
        self.sent.append((self.clock.now() - START, url, dict(headers)["webhook-id"]))
        self.headers.append(dict(headers))
        answers = self.answers.get(url)
        return Posted(answers.pop(0) if answers else 200)

    def open(self, *urls: str, **what: Any) -> list[Endpoint]:
        return [self.outbox.endpoints.create(url, **what)[0] for url in urls]

    def tell(self, id: str, about: str = "", type: str = CREATED) -> None:
        with self.store.transaction():
            event = Event(id, type, START, "DirectoryUser", {"id": about or f"diruser_{id}"})
            self.outbox.record([event])
        self.outbox.kick()

    def heard(self, url: str) -> list[str]:
        return [id for _, at, id in self.sent if at == url]

    def when(self, url: str, id: str) -> list[float]:
        return [time for time, at, one in self.sent if (at, one) == (url, id)]

    def listed(self, **what: Any) -> list[dict[str, Any]]:
        return Deliveries(self.store, self.outbox).listed(**what)[0]

    def again(self, id: str) -> list[dict[str, Any]]:
        return Deliveries(self.store, self.outbox).again(id)


@pytest.fixture
def town() -> Town:
    return Town()


# Who hears what


def test_every_endpoint_hears_of_every_event_under_one_id(town: Town) -> None:
    town.open("a", "b", "c")
    town.tell("evt_1")
    town.tell("evt_2")
    town.clock.sleep(1.0)
    assert {url: town.heard(url) for url in "abc"} == {url: ["evt_1", "evt_2"] for url in "abc"}
    assert [(one["event_id"], one["state"]) for one in town.listed()] == [
        *[("evt_1", "delivered")] * 3, *[("evt_2", "delivered")] * 3,
    ]  # fmt: skip


def test_an_endpoint_hears_of_the_types_it_asked_for_and_of_all_where_it_asked_for_none(town: Town) -> None:
    town.open("created", events=[CREATED])
    town.open("both", events=[CREATED, UPDATED])
    town.open("all")
    town.tell("evt_1", type=CREATED)
    town.tell("evt_2", type=UPDATED)
    town.tell("evt_3", type="organization.directory.group_created")
    town.clock.sleep(1.0)
    assert [town.heard(url) for url in ("created", "both", "all")] == [
        ["evt_1"], ["evt_1", "evt_2"], ["evt_1", "evt_2", "evt_3"],
    ]  # fmt: skip


def test_an_endpoint_that_is_switched_off_hears_of_nothing_and_what_waited_goes_on_afterwards(town: Town) -> None:
    (endpoint,) = town.open("a")
    town.answers["a"] = [500]
    town.tell("evt_before")
    town.clock.sleep(1.0)
    town.outbox.endpoints.change(endpoint, enabled=False)
    town.tell("evt_meanwhile")
    town.clock.sleep(100.0)
    assert town.heard("a") == ["evt_before"]
    (endpoint,) = town.outbox.endpoints.all()
    town.outbox.endpoints.change(endpoint, enabled=True)
    town.outbox.resume()
    town.clock.sleep(1.0)
    assert town.heard("a") == ["evt_before", "evt_before"]


def test_an_endpoint_that_is_removed_hears_no_more_and_its_deliveries_stay_listed(town: Town) -> None:
    town.open("stays")
    (leaves,) = town.open("leaves")
    town.answers.update(stays=[500], leaves=[500])
    town.tell("evt_1")
    town.clock.sleep(1.0)
    town.outbox.remove(leaves)
    town.clock.sleep(EVER)
    assert (town.heard("leaves"), town.heard("stays")) == (["evt_1"], ["evt_1", "evt_1"])
    assert [(one["endpoint_id"] is None, one["state"]) for one in town.listed()] == [
        (False, "delivered"), (True, "failed"),
    ]  # fmt: skip


def test_the_main_endpoint_is_replaced_alone(town: Town) -> None:
    town.open("other")
    town.outbox.register("first")
    town.outbox.register("second")
    town.tell("evt_1")
    town.clock.sleep(1.0)
    assert [town.heard(url) for url in ("other", "first", "second")] == [["evt_1"], [], ["evt_1"]]
    town.outbox.unregister()
    assert [endpoint.url for endpoint in town.outbox.endpoints.all()] == ["other"]


def test_there_is_a_bound_to_the_number_of_endpoints(town: Town) -> None:
    town.open(*(f"url {number}" for number in range(MOST)))
    with pytest.raises(ValueError, match=f"there are {MOST} endpoints already"):
        town.open("one more")


# In which order


def test_a_dead_endpoint_keeps_no_other_waiting_and_climbs_the_whole_ladder_by_itself(town: Town) -> None:
    town.open("dead", "alive")
    town.answers["dead"] = [500] * 1000
    town.tell("evt_1")
    town.tell("evt_2")
    town.clock.sleep(EVER)
    assert (town.when("alive", "evt_1"), town.when("alive", "evt_2")) == ([0.0], [0.0])
    offsets = [float(sum(LADDER[: step + 1])) for step in range(8)]
    assert offsets[-1] == 27 * 3600 + 35 * 60 + 5
    assert town.when("dead", "evt_1") == town.when("dead", "evt_2") == offsets


def test_what_is_tried_again_keeps_only_later_events_about_the_same_person_waiting(town: Town) -> None:
    town.open("a", "b")
    town.answers["a"] = [500, 200, 503]
    town.tell("evt_ada_came", about="ada")
    town.clock.sleep(1.0)
    town.tell("evt_ben_came", about="ben")
    town.tell("evt_ada_moved", about="ada")
    town.tell("evt_ada_left", about="ada")
    town.clock.sleep(EVER)
    assert town.heard("b") == ["evt_ada_came", "evt_ben_came", "evt_ada_moved", "evt_ada_left"]
    assert [(time, id) for time, at, id in town.sent if at == "a"] == [
        (0.0, "evt_ada_came"), (1.0, "evt_ben_came"), (5.0, "evt_ada_came"), (305.0, "evt_ada_came"),
        (305.0, "evt_ada_moved"), (305.0, "evt_ada_left"),
    ]  # fmt: skip


def test_who_waited_goes_on_when_what_was_ahead_is_given_up(town: Town) -> None:
    town.open("a")
    town.answers["a"] = [500] * 8
    town.tell("evt_1", about="ada")
    town.tell("evt_2", about="ada")
    town.clock.sleep(EVER)
    assert town.when("a", "evt_2") == [float(sum(LADDER))]
    assert [one["state"] for one in town.listed()] == ["failed", "delivered"]


@given(
    plan=st.lists(st.tuples(st.sampled_from(["ada", "ben", "cat"]), st.sampled_from([0.0, 1.0, 400.0])), max_size=12),
    answers=st.lists(st.lists(st.sampled_from([200, 500]), max_size=12), min_size=2, max_size=3),
)
def test_nobody_is_told_something_older_after_something_newer_about_anybody(
    plan: Sequence[tuple[str, float]], answers: Sequence[Sequence[int]]
) -> None:
    """plan: whom each event is about, and how long after it nothing happens."""
    town = Town()
    urls = [f"endpoint {number}" for number in range(len(answers))]
    town.answers.update({url: list(own) for url, own in zip(urls, answers, strict=True)})
    town.open(*urls)
    for number, (about, pause) in enumerate(plan):
        town.tell(f"evt_{number}", about)
        town.clock.sleep(pause)
    town.clock.sleep(EVER * 10)
    for url in urls:
        for about in {about for about, _ in plan}:
            numbers = [number for number, (one, _) in enumerate(plan) if one == about]
            told = [int(id.removeprefix("evt_")) for id in town.heard(url)]
            told = [number for number in told if number in numbers]
            assert told == sorted(told)
            assert sorted(set(told)) == numbers
    assert {one["state"] for one in town.listed()} <= {"delivered", "failed"}


# Under which signature


def test_after_a_rotation_both_secrets_sign_for_a_day_the_new_one_first(town: Town) -> None:
    endpoint, first = town.outbox.endpoints.create("a")
    town.tell("evt_1")
    town.clock.sleep(1.0)
    second = town.outbox.endpoints.rotate(endpoint)
    town.tell("evt_2")
    town.clock.sleep(86_400.0 - 1.0)
    town.tell("evt_3")
    town.clock.sleep(1.0)
    town.tell("evt_4")
    town.clock.sleep(1.0)
    expected = [
        (START, [first]), (START + 1.0, [second, first]), (START + 86_400.0, [second, first]),
        (START + 86_401.0, [second]),
    ]  # fmt: skip
    made = [
        " ".join(sign(secret, f"evt_{number}", int(at), body(number)) for secret in secrets)
        for number, (at, secrets) in enumerate(expected, 1)
    ]
    assert [headers["webhook-signature"] for headers in town.headers] == made
    assert len({first, second}) == 2


def test_a_retry_is_signed_by_the_secrets_of_its_own_time(town: Town) -> None:
    endpoint, first = town.outbox.endpoints.create("a")
    town.answers["a"] = [500]
    town.tell("evt_1")
    town.clock.sleep(1.0)
    second = town.outbox.endpoints.rotate(endpoint)
    town.clock.sleep(5.0)
    signatures = [headers["webhook-signature"] for headers in town.headers]
    assert signatures == [
        sign(first, "evt_1", int(START), body(1)),
        f"{sign(second, 'evt_1', int(START) + 5, body(1))} {sign(first, 'evt_1', int(START) + 5, body(1))}",
    ]


def test_rotated_twice_within_a_day_three_secrets_sign(town: Town) -> None:
    endpoint, first = town.outbox.endpoints.create("a")
    second, third = town.outbox.endpoints.rotate(endpoint), town.outbox.endpoints.rotate(endpoint)
    assert town.outbox.endpoints.secrets(endpoint.number) == (third, second, first)


# What became of it


def test_deliveries_are_listed_by_state_and_page_by_page(town: Town) -> None:
    town.open("good", "bad")
    town.answers["bad"] = [500] * 8 + [500] * 3
    town.tell("evt_1")
    town.clock.sleep(EVER)
    town.tell("evt_2")
    town.clock.sleep(1.0)
    assert [(one["event_id"], one["state"]) for one in town.listed()] == [
        ("evt_1", "delivered"), ("evt_1", "failed"), ("evt_2", "delivered"), ("evt_2", "pending"),
    ]  # fmt: skip
    for state in ("delivered", "failed", "pending"):
        assert {one["state"] for one in town.listed(state=state)} == {state}
    pages, after = [], ""
    while True:
        page, after = Deliveries(town.store, town.outbox).listed("", after, 1)
        pages += page
        if not after:
            break
    assert pages == town.listed()
    (pending,) = town.listed(state="pending")
    assert pending["next_attempt_at"] == pending["attempts"][-1]["next_attempt_at"] == "2026-01-12T13:46:45.000Z"
    assert [attempt["number"] for attempt in town.listed(state="failed")[0]["attempts"]] == list(range(1, 9))


def test_a_delivery_that_has_failed_is_sent_again_under_its_id_with_a_fresh_time_and_a_ladder_of_its_own(
    town: Town,
) -> None:
    town.open("a")
    town.answers["a"] = [500] * 9
    town.tell("evt_1")
    town.clock.sleep(EVER)
    (failed,) = town.listed(state="failed")
    (shown,) = town.again(failed["id"])
    assert shown["state"] == "pending"
    town.clock.sleep(EVER)
    assert town.when("a", "evt_1")[-2:] == [EVER, EVER + 5.0]
    assert town.headers[-1]["webhook-timestamp"] == str(int(START + EVER + 5.0))
    (after,) = town.listed()
    assert (after["state"], len(after["attempts"])) == ("delivered", 10)


def test_what_was_delivered_can_be_sent_again_to_one_endpoint_or_to_all(town: Town) -> None:
    town.open("a", "b")
    town.tell("evt_1")
    town.clock.sleep(1.0)
    first, _ = town.listed()
    town.again(first["id"])
    town.clock.sleep(1.0)
    assert (town.heard("a"), town.heard("b")) == (["evt_1"] * 2, ["evt_1"])
    town.again("evt_1")
    town.clock.sleep(1.0)
    assert (town.heard("a"), town.heard("b")) == (["evt_1"] * 3, ["evt_1"] * 2)


def test_what_is_sent_again_waits_for_what_is_under_way_about_the_same_person(town: Town) -> None:
    town.open("a")
    town.tell("evt_1", about="ada")
    town.clock.sleep(1.0)
    town.answers["a"] = [500]
    town.tell("evt_2", about="ada")
    town.clock.sleep(1.0)
    town.again("evt_1")
    town.clock.sleep(100.0)
    assert town.heard("a") == ["evt_1", "evt_2", "evt_2", "evt_1"]


@pytest.mark.parametrize("id", ["evt_2", "evt_1.9", "evt_1.", ".1", "", "nonsense"])
def test_what_is_not_there_is_not_sent_again(town: Town, id: str) -> None:
    town.open("a")
    town.tell("evt_1")
    town.clock.sleep(1.0)
    with pytest.raises(LookupError):
        town.again(id)


def test_what_belongs_to_an_endpoint_that_is_gone_is_not_sent_again(town: Town) -> None:
    (endpoint,) = town.open("a")
    town.tell("evt_1")
    town.clock.sleep(1.0)
    town.outbox.remove(endpoint)
    with pytest.raises(ValueError, match=r"the endpoint of delivery evt_1\.1 has been removed"):
        town.again("evt_1")


def test_what_has_arrived_is_forgotten_after_so_many_events_and_what_has_not_is_kept(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outboxes, "KEPT", 20)
    town.open("good", "bad")
    town.answers["bad"] = [500] * 8
    town.tell("evt_failed")
    town.clock.sleep(EVER)
    for number in range(100):
        town.tell(f"evt_{number}")
        town.clock.sleep(1.0)
    assert [one["event_id"] for one in town.listed(state="failed")] == ["evt_failed"]
    kept = {one["event_id"] for one in town.listed(state="delivered")}
    assert {f"evt_{number}" for number in range(80, 100)} <= kept
    assert len(kept) <= 40
    with town.store.lock:
        counts = [town.store.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0] for table in ("event", "attempt")]
    assert counts == [len(kept) + 1, 8 + 2 * len(kept)]


# Others at the same file


@pytest.fixture
def twins(tmp_path: Path) -> Callable[[], tuple[Town, Town]]:
    def make() -> tuple[Town, Town]:
        clock = VirtualClock(START)
        one, other = Town(str(tmp_path / "db"), clock), Town(str(tmp_path / "db"), clock)
        one.open("a")
        return one, other

    return make


def test_of_two_processes_at_one_file_one_sends(twins: Callable[[], tuple[Town, Town]]) -> None:
    one, other = twins()
    for number in range(5):
        one.tell(f"evt_{number}")
        other.outbox.kick()
    one.clock.sleep(1.0)
    heard = [*one.heard("a"), *other.heard("a")]
    assert sorted(heard) == [f"evt_{number}" for number in range(5)]
    assert [one["state"] for one in other.listed()] == ["delivered"] * 5


def test_what_a_process_took_and_never_sent_is_sent_by_the_other_once_its_lease_is_over(
    twins: Callable[[], tuple[Town, Town]],
) -> None:
    dying, other = twins()
    dying.outbox._sender.send = lambda jobs, done: None  # type: ignore[method-assign]  # it dies on the way
    dying.tell("evt_1")
    dying.clock.sleep(0.0)
    dying.outbox._closed = True
    other.outbox.kick()
    other.clock.sleep(LEASE - 1.0)
    assert (dying.sent, other.sent) == ([], [])
    other.clock.sleep(1.0)
    assert other.sent == [(LEASE, "a", "evt_1")]


# How many at once


def test_an_endpoint_has_so_many_under_way_and_in_a_crowd_each_still_has_one() -> None:
    under_way = UnderWay()
    job = [Job((1, endpoint), 1, "", (), b"") for endpoint in range(CROWD // BESIDE + 2)]
    for endpoint in range(CROWD // BESIDE):
        assert under_way.room(endpoint) == BESIDE
        under_way.began([job[endpoint]] * BESIDE)
        assert under_way.room(endpoint) == 0
    assert under_way.room(CROWD // BESIDE) == 1
    under_way.began([job[CROWD // BESIDE]])
    assert (under_way.room(CROWD // BESIDE), under_way.room(CROWD // BESIDE + 1)) == (0, 1)
    for _ in range(BESIDE):
        under_way.ended(job[0])
    assert under_way.room(0) == BESIDE


def test_more_than_fit_at_once_are_sent_all_the_same(town: Town) -> None:
    town.open("a", "b")
    with town.store.transaction():
        for number in range(300):
            town.outbox.record([Event(f"evt_{number}", CREATED, START, "DirectoryUser", {"id": str(number)})])
    town.outbox.kick()
    town.clock.sleep(60.0)
    assert town.heard("a") == town.heard("b") == [f"evt_{number}" for number in range(300)]


def test_a_seam_that_breaks_costs_a_moment_and_no_event(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Seams):
        def headers(self, delivery: Any) -> Headers:
            if delivery.now < START + 1.0:
                raise RuntimeError("no headers")
            return super().headers(delivery)

    town.outbox._seams = Broken()
    town.open("a")
    town.tell("evt_1")
    town.clock.sleep(EVER)
    assert town.when("a", "evt_1") == [LEASE]
    assert "no headers" in caplog.text


def body(number: int) -> bytes:
    return payload(Event(f"evt_{number}", CREATED, START, "DirectoryUser", {"id": f"diruser_evt_{number}"}))


def test_a_job_does_not_show_what_is_in_it() -> None:
    job = Job((1, 1), 1, "http://127.0.0.1/", (("webhook-signature", "v1,secret"),), b"person")
    assert "secret" not in repr(job)
    assert "person" not in repr(Sent(Posted(200), 0.0, 0.0)) + repr(job)
