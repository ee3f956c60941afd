"""The outbox on time that costs nothing: what is recorded is sent, tried again, and known for what became of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimrig_simulator.clock import SystemClock, VirtualClock
from scimrig_simulator.policy.events import Event, payload
from scimrig_simulator.policy.signing import sign
from scimrig_simulator.seams import Seams
from scimrig_simulator.server.deliveries import Deliveries
from scimrig_simulator.server.outbox import Outbox
from scimrig_simulator.server.sender import Lanes
from scimrig_simulator.server.store import MEMORY, Store
from scimrig_simulator.wire import Headers, Posted

URL = "http://127.0.0.1:9/hook"
START = 1_767_225_600.0
LADDER = (5.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0, 36_000.0)


@dataclass(frozen=True, slots=True)
class Sent:
    """What an endpoint was sent, and when."""

    at: float
    url: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


@dataclass(slots=True)
class Place:
    """An outbox with a clock that stands still, and an endpoint that answers from a list, then 200."""

    db: str = MEMORY
    seams: Seams = field(default_factory=Seams)
    answers: list[Posted | BaseException] = field(default_factory=list)
    clock: VirtualClock = field(default_factory=lambda: VirtualClock(START))
    sent: list[Sent] = field(default_factory=list)
    store: Store = field(init=False)
    outbox: Outbox = field(init=False)

    def __post_init__(self) -> None:
        self.store = Store(self.db)
        self.outbox = Outbox(self.store, self.clock, self.seams, Lanes(self.clock, self.post))

    def post(self, url: str, headers: Headers, body: bytes, timeout: float) -> Posted:
        assert timeout == 10.0
        self.sent.append(Sent(self.clock.now(), url, dict(headers), body))
        answer = self.answers.pop(0) if self.answers else Posted(200)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def tell(self, *events: Event) -> None:
        with self.store.transaction():
            self.outbox.record(events)
        self.outbox.kick()

    def restarted(self) -> Place:
        """Another process that opens the same file, at the same time."""
        self.outbox.close()
        self.store.close()
        return Place(self.db, self.seams, clock=self.clock)

    def deliveries(self) -> list[dict[str, Any]]:
        return Deliveries(self.store, self.outbox).listed()[0]

    def states(self) -> dict[str, str]:
        return {delivery["event_id"]: delivery["state"] for delivery in self.deliveries()}


def event(id: str = "evt_1", **data: Any) -> Event:
    """An event about somebody of its own, unless ``data`` says whom."""
    return Event(id, "organization.directory.user_created", START, "DirectoryUser", {"id": f"diruser_{id}", **data})


@pytest.fixture
def place() -> Place:
    made = Place()
    made.outbox.register(URL)
    return made


# What is recorded


def test_nothing_is_sent_inside_the_request_and_everything_right_after_it(place: Place) -> None:
    place.tell(event())
    assert place.sent == []
    place.clock.sleep(0.0)
    assert [(sent.id, sent.url, sent.body) for sent in place.sent] == [("evt_1", URL, payload(event()))]
    (endpoint,) = place.outbox.endpoints.all()
    assert place.deliveries() == [{
        "id": "evt_1.1", "event_id": "evt_1", "endpoint_id": endpoint.id,
        "type": "organization.directory.user_created", "state": "delivered", "next_attempt_at": None,
        "attempts": [{
            "number": 1, "started_at": "2026-01-01T00:00:00.000Z", "duration": 0.0, "status": 200, "failure": "",
            "response": "", "next_attempt_at": None,
        }],
    }]  # fmt: skip


def test_what_is_rolled_back_is_never_sent(place: Place) -> None:
    def fails() -> None:
        with place.store.transaction():
            place.outbox.record([event("evt_gone")])
            raise LookupError

    with pytest.raises(LookupError):
        fails()
    place.outbox.kick()
    place.tell(event("evt_kept"))
    place.clock.sleep(100_000.0)
    assert [sent.id for sent in place.sent] == ["evt_kept"]
    assert place.states() == {"evt_kept": "delivered"}


def test_another_thread_s_kick_sends_nothing_before_the_commit() -> None:
    """The clock may call while a transaction is open: the attempt waits for its end, and finds the row or doesn't."""
    posted, clock = threading.Event(), SystemClock()
    store = Store()

    def post(url: str, headers: Headers, body: bytes, timeout: float) -> Posted:
        posted.set()
        return Posted(200)

    outbox = Outbox(store, clock, Seams(), Lanes(clock, post))
    outbox.register(URL)
    with store.transaction():
        outbox.record([event()])
        outbox.kick()
        assert not posted.wait(0.2)
    assert posted.wait(10.0)


def test_without_an_endpoint_nothing_is_kept() -> None:
    place = Place()
    place.tell(event("evt_before"))
    place.outbox.register(URL)
    place.tell(event("evt_after"))
    place.clock.sleep(0.0)
    assert [sent.id for sent in place.sent] == ["evt_after"]
    assert place.states() == {"evt_after": "delivered"}


@given(st.lists(st.integers(1, 4), min_size=1, max_size=8), st.lists(st.booleans(), min_size=1, max_size=40))
def test_first_attempts_are_made_in_the_order_of_commits_whatever_becomes_of_them(
    commits: list[int], fails: list[bool]
) -> None:
    """commits: how many events each holds."""
    place = Place(answers=[Posted(503 if failing else 200) for failing in fails])
    place.outbox.register(URL)
    expected = []
    for number, size in enumerate(commits):
        ids = [f"evt_{number}_{index}" for index in range(size)]
        expected += ids
        place.tell(*map(event, ids))
    place.clock.sleep(100_000.0)
    assert list(dict.fromkeys(sent.id for sent in place.sent)) == expected
    assert list(place.states()) == expected


def test_a_change_and_what_is_told_of_it_are_written_together_or_not_at_all(make_tenant: Callable[..., Any]) -> None:
    """The event can't be made: the user isn't there either."""

    class Broken(Seams):
        def payload(self, event: Event) -> bytes:
            raise RuntimeError("no bytes")

    tenant = make_tenant(seams=Broken())
    body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada@acme.test", "active": True}
    assert tenant.send("POST", "/Users", body=body).status == 500
    assert tenant.get("/Users")["totalResults"] == 0
    assert tenant.managed("/deliveries") == {"deliveries": [], "next": ""}


# Trying again


def test_a_delivery_climbs_the_ladder_each_step_from_the_failure_before_it(place: Place) -> None:
    place.answers[:] = [Posted(500)] * 8
    place.tell(event())
    place.clock.sleep(200_000.0)
    hours = ["00:00:00", "00:00:05", "00:05:05", "00:35:05", "02:35:05", "07:35:05", "17:35:05", "27:35:05"]
    assert [clocked(sent.at - START) for sent in place.sent] == hours
    (delivery,) = place.deliveries()
    assert delivery["state"] == "failed"
    assert [attempt["status"] for attempt in delivery["attempts"]] == [500] * 8
    assert delivery["attempts"][2]["started_at"] == "2026-01-01T00:05:05.000Z"


class Hesitant(Seams):
    """First attempts leave seven seconds after what they tell of."""

    def ladder(self, attempt: int) -> float | None:
        return super().ladder(attempt) if attempt else 7.0


def test_what_had_to_wait_for_another_delivery_leaves_no_sooner_than_by_itself() -> None:
    place = Place(seams=Hesitant())
    place.outbox.register(URL)
    place.answers.append(Posted(500))
    whom = {"id": "diruser_7"}
    place.tell(Event("evt_1", event().type, START, "DirectoryUser", whom))
    place.clock.sleep(11.9)  # the first attempt has failed; the second, at 12 s, will succeed
    place.tell(Event("evt_2", event().type, place.clock.now(), "DirectoryUser", whom))
    place.clock.sleep(60.0)
    assert [(sent.id, round(sent.at - START, 1)) for sent in place.sent] == [
        ("evt_1", 7.0), ("evt_1", 12.0), ("evt_2", 18.9),
    ]


def test_an_attempt_that_takes_its_time_puts_off_the_next_one() -> None:
    place = Place(seams=Seams())

    def hangs(url: str, headers: Headers, body: bytes, timeout: float) -> Posted:
        place.sent.append(Sent(place.clock.now(), url, dict(headers), body))
        place.clock.sleep(timeout)
        return Posted(0, "timeout")

    outbox = Outbox(place.store, place.clock, place.seams, Lanes(place.clock, hangs))
    outbox.register(URL)
    with place.store.transaction():
        outbox.record([event()])
    outbox.kick()
    place.clock.sleep(30.0)
    assert [sent.at - START for sent in place.sent] == [0.0, 15.0]


def test_every_attempt_has_the_id_and_bytes_of_the_first_and_a_time_and_signature_of_its_own(place: Place) -> None:
    place.answers[:] = [Posted(500), Posted(0, "reset: hung up"), Posted(201)]
    secret = place.outbox.register(URL)
    place.tell(event())
    place.clock.sleep(1000.0)
    assert {(sent.id, sent.body) for sent in place.sent} == {("evt_1", payload(event()))}
    times = [int(sent.headers["webhook-timestamp"]) for sent in place.sent]
    assert times == [int(START), int(START) + 5, int(START) + 305]
    expected = [sign(secret, "evt_1", at, payload(event())) for at in times]
    assert [sent.headers["webhook-signature"] for sent in place.sent] == expected
    (delivery,) = place.deliveries()
    assert [(attempt["status"], attempt["failure"]) for attempt in delivery["attempts"]] == [
        (500, ""), (0, "reset: hung up"), (201, ""),
    ]  # fmt: skip
    assert delivery["state"] == "delivered"


@pytest.mark.parametrize("status", [200, 201])
def test_200_and_201_are_the_end(status: int, place: Place) -> None:
    place.answers[:] = [Posted(status)]
    place.tell(event())
    place.clock.sleep(100_000.0)
    assert (len(place.sent), place.states()) == (1, {"evt_1": "delivered"})


@pytest.mark.parametrize("status", [0, 100, 202, 204, 299, 301, 302, 304, 308, 400, 401, 404, 410, 429, 500, 503])
def test_whatever_else_is_answered_is_tried_again(status: int, place: Place) -> None:
    place.answers[:] = [Posted(status)]
    place.tell(event())
    place.clock.sleep(4.9)
    assert (len(place.sent), place.states()) == (1, {"evt_1": "pending"})
    place.clock.sleep(0.2)
    assert (len(place.sent), place.states()) == (2, {"evt_1": "delivered"})


def test_a_sender_that_breaks_costs_an_attempt_and_no_event(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    place.answers[:] = [MemoryError("full")]
    place.tell(event())
    place.clock.sleep(10.0)
    (delivery,) = place.deliveries()
    assert [attempt["failure"] for attempt in delivery["attempts"]] == ["not sent: MemoryError", ""]
    assert delivery["state"] == "delivered"


@given(st.lists(st.lists(st.sampled_from([200, 500, 302, 0]), max_size=9), min_size=1, max_size=6))
def test_each_event_ends_as_its_own_answers_say_and_keeps_no_other_waiting(answers: list[list[int]]) -> None:
    script = {f"evt_{number}": list(own) for number, own in enumerate(answers)}
    place = Place()

    def post(url: str, headers: Headers, body: bytes, timeout: float) -> Posted:
        id = dict(headers)["webhook-id"]
        place.sent.append(Sent(place.clock.now(), url, dict(headers), body))
        return Posted(script[id].pop(0) if script[id] else 200)

    outbox = Outbox(place.store, place.clock, place.seams, Lanes(place.clock, post))
    outbox.register(URL)
    with place.store.transaction():
        outbox.record([event(id) for id in script])
    outbox.kick()
    place.clock.sleep(200_000.0)
    for number, own in enumerate(answers):
        fails = next((index for index, status in enumerate([*own, 200]) if status == 200), len(own))
        attempts = min(fails + 1, 8)
        made = [sent.at - START for sent in place.sent if sent.id == f"evt_{number}"]
        assert made == pytest.approx([sum(LADDER[:index]) for index in range(attempts)])
        expected = "delivered" if fails < 8 else "failed"
        assert place.states()[f"evt_{number}"] == expected


# The endpoint


def test_each_registration_has_a_secret_of_its_own_that_signs_from_then_on(place: Place) -> None:
    place.answers[:] = [Posted(500)]
    first = secret_of(place)
    place.tell(event())
    place.clock.sleep(1.0)
    second = place.outbox.register(URL)
    assert second != first
    place.clock.sleep(10.0)
    signatures = [sent.headers["webhook-signature"] for sent in place.sent]
    assert signatures == [
        sign(first, "evt_1", int(START), payload(event())),
        sign(second, "evt_1", int(START) + 5, payload(event())),
    ]


@pytest.mark.parametrize("leave", ["unregister", "register another"])
def test_what_an_endpoint_that_leaves_still_waits_for_is_given_up_and_goes_to_no_other(
    leave: str, place: Place
) -> None:
    place.answers[:] = [Posted(500)]
    place.tell(event("evt_old"))
    place.clock.sleep(1.0)
    if leave == "unregister":
        place.outbox.unregister()
        assert place.outbox.endpoints.main() is None
    else:
        place.outbox.register("http://127.0.0.1:10/new")
    place.tell(event("evt_new"))
    place.clock.sleep(100_000.0)
    heard = [] if leave == "unregister" else [("evt_new", "http://127.0.0.1:10/new")]
    assert [(sent.id, sent.url) for sent in place.sent] == [("evt_old", URL), *heard]
    assert place.states()["evt_old"] == "failed"


def test_an_endpoint_that_leaves_and_comes_back_hears_only_of_what_is_new(place: Place) -> None:
    place.answers[:] = [Posted(500)]
    place.tell(event("evt_old"))
    place.clock.sleep(1.0)
    place.outbox.unregister()
    place.outbox.register(URL)
    place.tell(event("evt_new"))
    place.clock.sleep(100_000.0)
    assert [sent.id for sent in place.sent] == ["evt_old", "evt_new"]
    assert place.states() == {"evt_old": "failed", "evt_new": "delivered"}


# A new process


@pytest.fixture
def kept(tmp_path: Path) -> Callable[[Sequence[Posted]], Place]:
    def make(answers: Sequence[Posted]) -> Place:
        place = Place(str(tmp_path / "db"), answers=list(answers))
        place.outbox.register(URL)
        return place

    return make


def test_what_was_committed_and_never_attempted_is_sent_by_the_next_process(kept: Callable[..., Place]) -> None:
    before = kept([])
    before.tell(*map(event, ["evt_1", "evt_2"]))
    after = before.restarted()
    after.outbox.resume()
    after.clock.sleep(0.0)
    assert (before.sent, [sent.id for sent in after.sent]) == ([], ["evt_1", "evt_2"])


def test_the_next_process_goes_on_where_the_ladder_was(kept: Callable[..., Place]) -> None:
    before = kept([Posted(500), Posted(500)])
    before.tell(event())
    before.clock.sleep(100.0)
    after = before.restarted()
    after.answers[:] = [Posted(500)]
    after.outbox.resume()
    after.clock.sleep(10_000.0)
    assert [sent.at - START for sent in [*before.sent, *after.sent]] == [0.0, 5.0, 305.0, 2105.0]
    assert {sent.id for sent in after.sent} == {"evt_1"}
    (delivery,) = after.deliveries()
    assert ([attempt["status"] for attempt in delivery["attempts"]], delivery["state"]) == (
        [500, 500, 500, 200], "delivered",
    )  # fmt: skip


def test_a_step_of_the_ladder_that_passed_meanwhile_is_made_up_for_at_once(kept: Callable[..., Place]) -> None:
    before = kept([Posted(500)])
    before.tell(event())
    before.clock.sleep(1.0)
    before.outbox.close()
    before.clock.sleep(5000.0)
    after = before.restarted()
    after.outbox.resume()
    after.clock.sleep(0.0)
    assert [sent.at - START for sent in after.sent] == [5001.0]


def test_what_is_done_is_not_sent_again_by_the_next_process(kept: Callable[..., Place]) -> None:
    before = kept([Posted(200), *[Posted(500)] * 8])
    before.tell(event("evt_1"), event("evt_2"))
    before.clock.sleep(200_000.0)
    after = before.restarted()
    after.outbox.resume()
    after.clock.sleep(200_000.0)
    assert (after.sent, after.states()) == ([], {"evt_1": "delivered", "evt_2": "failed"})


def test_an_attempt_that_ends_after_the_store_is_closed_breaks_nothing_and_is_made_again(
    kept: Callable[..., Place], caplog: pytest.LogCaptureFixture
) -> None:
    before = kept([])

    def closing(url: str, headers: Headers, body: bytes, timeout: float) -> Posted:
        outbox.close()
        before.store.close()
        return Posted(200)

    outbox = Outbox(before.store, before.clock, before.seams, Lanes(before.clock, closing))
    with before.store.transaction():
        outbox.record([event()])
    outbox.kick()
    before.clock.sleep(1.0)
    after = Place(before.db, clock=before.clock)
    after.outbox.resume()
    after.clock.sleep(0.0)
    assert ([sent.id for sent in after.sent], caplog.records) == (["evt_1"], [])


def secret_of(place: Place) -> str:
    (endpoint,) = place.outbox.endpoints.all()
    (secret,) = place.outbox.endpoints.secrets(endpoint.number)
    return secret


def clocked(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
