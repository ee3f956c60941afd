"""When a job does what: at once, in cycles, after a failure, in quarantine. To the second, and without a target.

The outcomes of acts are given here; whose fault they were is the engines' affair. Chapters: idp-dialects.md.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from scimrig_simulator import idp
from scimrig_simulator.idp.cadence import Cadence, cadence_of
from scimrig_simulator.idp.intent import Outcome
from scimrig_simulator.idp.job import PIECE, Job, Task
from scimrig_simulator.idp.memory import PlainMemory, recall, remember
from scimrig_simulator.idp.quarantine import DAY, Quarantine

HOUR = 3600.0
CYCLE = 2400.0

Answers = Callable[[Task], Outcome]


def fails(task: Task) -> Outcome:
    """The target refuses everybody, and its connection is fine."""
    return Outcome("done", True) if task.act == "connect" else Outcome("object-error", False, "500 Oops")


def refuses(task: Task) -> Outcome:
    return Outcome("quarantined", False, "401 Unauthorized")


def works(job: Job) -> Answers:
    """The target takes everything, and gives ids."""
    def answer(task: Task) -> Outcome:
        if task.act == "assign":
            job.engine.adopt(job.world.person(task.number), f"id-{task.number}")
        return Outcome("done", True)
    return answer


def turn(job: Job, now: float, answer: Answers | None = None) -> list[list[str]]:
    """Play what is due; the phases as they came, such as ``[["connect"], ["assign 1", "assign 2"]]``."""
    phases = []
    for tasks in job.turns(now):
        phases.append([f"{task.act} {task.number}" if task.kind else task.act for task in tasks])
        for task in tasks:
            job.ended(task, (answer or works(job))(task), now)
    return phases


def moments(job: Job, start: float, count: int, answer: Answers) -> list[float]:
    """The next moments at which the job has something to do, each played."""
    found, now = [], start
    while len(found) < count and (due := job.next(now)) is not None:
        now = due
        found.append(now)
        turn(job, now, answer)
    return found


@pytest.fixture
def entra(town: Any) -> Job:
    return Job(idp.engage("entra", 7), town, 0.0)


@pytest.fixture
def okta(town: Any) -> Job:
    return Job(idp.engage("okta", 7), town, 0.0)


# At once --------------------------------------------------------------------------------------------------------------


@pytest.mark.cites("okta", "cadence", "task-retry", "reschedule", "import-every")
def test_the_knobs_of_an_event_driven_idp_say_when(okta: Job) -> None:
    assert okta.cadence == Cadence(every=0.0, retry=None, reschedule=1800.0, imports=0.0,
                                   delays={"unassign": 0.0, "deactivate": 0.0, "delete": 0.0})


def test_an_event_driven_idp_begins_by_connecting_and_brings_each_change_at_once(okta: Job, town: Any) -> None:
    assert okta.next(0.0) == 0.0
    assert turn(okta, 0.0) == [["connect"]]
    assert okta.next(5.0) is None
    town.settle(1)
    okta.tell("User", 1, 17.0)
    assert okta.next(17.0) == 17.0
    assert turn(okta, 17.0) == [["assign 1"]]  # and no second test of the connection
    assert okta.next(18.0) is None


def test_people_come_before_teams_whoever_was_told_first(okta: Job, town: Any) -> None:
    town.settle(1, 2)
    town.gather(1, 1, 2)
    for kind, number in (("Group", 1), ("User", 2), ("User", 1)):
        okta.tell(kind, number, 0.0)
    assert turn(okta, 0.0) == [["connect"], ["assign 2", "assign 1"], ["push_group 1"]]


def test_what_changes_twice_before_its_turn_is_brought_once(okta: Job, town: Any) -> None:
    town.settle(1)
    for now in (0.0, 1.0, 2.0):
        okta.tell("User", 1, now)
    assert turn(okta, 2.0) == [["connect"], ["assign 1"]]


def test_what_changes_while_it_is_being_brought_is_brought_again(okta: Job, town: Any) -> None:
    town.settle(1)
    okta.tell("User", 1, 0.0)

    told = []

    def meanwhile(task: Task) -> Outcome:
        if task.act == "assign" and not told:
            told.append(True)
            town.change(1, title="Queen")
            okta.tell("User", 1, 0.5)
            okta.engine.adopt(town.company.person(1), "id-1")  # created as they were before
        return Outcome("done", True)

    assert turn(okta, 0.0, meanwhile) == [["connect"], ["assign 1"], ["update 1"]]
    assert okta.state.pending == 0


@pytest.mark.cites("okta", "task-retry")
def test_a_failed_task_waits_until_the_admin_presses_retry(okta: Job, town: Any) -> None:
    """okta:8 [O16, O17]."""
    turn(okta, 0.0)
    town.settle(1, 2)
    okta.tell("User", 1, 10.0)
    okta.tell("User", 2, 10.0)
    assert turn(okta, 10.0, fails) == [["assign 1", "assign 2"]]
    assert okta.next(10.0) is None
    assert (okta.state.failed, okta.state.pending) == (2, 0)
    assert okta.trouble["User:1"] == {"act": "assign", "tries": 1, "words": "500 Oops", "since": 10.0}
    assert okta.retry(99 * DAY) == 2
    assert okta.next(99 * DAY) == 99 * DAY
    assert turn(okta, 99 * DAY) == [["assign 1", "assign 2"]]
    assert (okta.state.failed, dict(okta.trouble), okta.next(99 * DAY)) == (0, {}, None)


def test_a_failed_task_comes_again_when_its_person_changes_again(okta: Job, town: Any) -> None:
    town.settle(1)
    okta.tell("User", 1, 0.0)
    turn(okta, 0.0, fails)
    okta.tell("User", 1, 60.0)
    assert turn(okta, 60.0) == [["assign 1"]]
    assert okta.state.failed == 0


def test_a_failed_task_that_nobody_needs_any_more_is_dropped(okta: Job, town: Any) -> None:
    town.settle(1)
    okta.tell("User", 1, 0.0)
    turn(okta, 0.0, fails)
    town.settle(1, scope="out")
    okta.retry(60.0)
    assert turn(okta, 60.0) == []
    assert (okta.state.failed, dict(okta.trouble)) == (0, {})


def test_a_failed_task_comes_again_by_itself_where_the_knob_says_so(town: Any) -> None:
    job = Job(idp.engage("rfc", 7), town, 0.0, Cadence(retry=600.0))
    town.settle(1)
    job.tell("User", 1, 0.0)
    assert moments(job, 0.0, 4, fails) == [0.0, 600.0, 1200.0, 1800.0]


@pytest.mark.cites("okta", "reschedule", "still inactive")
def test_a_rescheduled_job_comes_again_by_itself(okta: Job, town: Any) -> None:
    """okta:5 [O18]: "delay in reactivating remote User. Rescheduling provision job."; every 30 min okta:3 [O20]."""
    town.settle(1)
    okta.tell("User", 1, 0.0)

    def delayed(task: Task) -> Outcome:
        return fails(task) if task.act == "connect" else Outcome("rescheduled", False, "Rescheduling provision job.")

    assert moments(okta, 0.0, 3, delayed) == [0.0, 1800.0, 3600.0]
    assert okta.state.failed == 1


def test_nothing_is_brought_before_the_connection_has_been_tested(okta: Job, town: Any) -> None:
    """okta:2 [O7]: a configuration with bad credentials isn't saved."""
    town.settle(1)
    okta.tell("User", 1, 0.0)
    assert turn(okta, 0.0, refuses) == [["connect"]]
    assert (okta.state.phase, okta.state.why, okta.state.until) == ("connecting", "401 Unauthorized", None)
    assert okta.next(HOUR) is None
    okta.retry(2 * HOUR)
    assert okta.next(2 * HOUR) == 2 * HOUR
    assert turn(okta, 2 * HOUR) == [["connect"], ["assign 1"]]
    assert (okta.state.phase, okta.state.since) == ("active", 2 * HOUR)


def test_connecting_is_tried_again_where_the_knob_says_so(town: Any) -> None:
    job = Job(idp.engage("rfc", 7), town, 0.0, Cadence(retry=600.0))
    assert moments(job, 0.0, 3, refuses) == [0.0, 600.0, 1200.0]
    assert job.state.until == 1800.0


@pytest.mark.cites("okta", "import-every")
def test_imports_come_as_often_as_the_admin_has_set(town: Any) -> None:
    """okta:7 [O2]."""
    job = Job(idp.engage("okta", 7, import_every="86400"), town, 0.0)
    assert turn(job, 0.0) == [["connect"], ["import_users"]]
    assert job.next(1.0) == DAY
    assert turn(job, DAY) == [["import_users"]]


@pytest.mark.cites("google", "deactivate-delay", "delete-delay")
def test_switching_off_and_deleting_wait_for_their_delays(town: Any) -> None:
    """google:5 [G2]: each trigger has a delay of its own."""
    job = Job(idp.engage("google", 7, cadence="0", deactivate_delay="86400", delete_delay="604800"), town, 0.0)
    town.settle(1, 2, 3)
    for number in town.people:
        job.tell("User", number, 0.0)
    turn(job, 0.0)
    town.settle(1, 2, scope="out")
    town.settle(3, scope="deleted")
    for number in (1, 2, 3):
        job.tell("User", number, HOUR)
    assert turn(job, HOUR) == []
    assert (job.state.delayed, job.state.pending, job.next(HOUR)) == (3, 0, HOUR + DAY)
    town.settle(2)  # is back before the day is over
    job.tell("User", 2, 2 * HOUR)
    job.tell("User", 1, 2 * HOUR)  # changes a title meanwhile: the delay counts from when the app was lost
    assert turn(job, 2 * HOUR) == []
    assert turn(job, HOUR + DAY) == [["unassign 1"]]
    assert job.next(HOUR + DAY) == HOUR + 7 * DAY
    assert turn(job, HOUR + 7 * DAY) == [["delete 3"]]
    assert job.next(HOUR + 7 * DAY) is None


# In cycles ------------------------------------------------------------------------------------------------------------


@pytest.mark.cites("entra", "cadence", "first-cycle", "escrow-gap", "unchanged", "quarantine-cadence",
                   "quarantine-days", "quarantine-share", "quarantine-least", "quarantine-most", "quarantine-absolute")
@pytest.mark.parametrize("dialect", ["entra", "entra-flag"])
def test_the_knobs_of_entra_say_when(dialect: str) -> None:
    cadence = cadence_of(idp.engage(dialect, 7))
    assert (cadence.every, cadence.first, cadence.compares) == (CYCLE, 0.0, True)
    assert cadence.gaps == (1, 2, 4, 8, 16, 32)
    assert cadence.quarantine == Quarantine((6 * HOUR, 12 * HOUR, 24 * HOUR), 28, 40, 5_000, 40_000, 60_000)


@pytest.mark.cites("entra", "cadence", "test-query")
def test_cycles_are_forty_minutes_apart_and_each_begins_with_the_test_query(entra: Job, town: Any) -> None:
    """entra:1 [M3], entra:2 [M17]."""
    town.settle(1, 2, 3, 4)
    entra.tell("User", 1, 0.0)
    assert turn(entra, 0.0) == [["connect"], ["assign 1"]]
    entra.tell("User", 2, 1.0)
    assert turn(entra, 1.0) == []
    entra.tell("User", 3, CYCLE - 1)
    assert entra.next(CYCLE - 1) == CYCLE
    assert turn(entra, CYCLE) == [["connect"], ["assign 2", "assign 3"]]
    assert entra.next(CYCLE) is None  # a cycle that would bring nothing is left out
    entra.tell("User", 4, 10 * CYCLE + 1)
    assert entra.next(10 * CYCLE + 1) == 11 * CYCLE
    assert turn(entra, 11 * CYCLE) == [["connect"], ["assign 4"]]
    assert entra.state.rounds == 3


@pytest.mark.cites("entra", "first-cycle")
def test_the_initial_cycle_may_begin_later(town: Any) -> None:
    job = Job(idp.engage("entra", 7, first_cycle="900"), town, 100.0)
    town.settle(1)
    job.tell("User", 1, 100.0)
    assert moments(job, 100.0, 2, fails) == [1000.0, 1000.0 + CYCLE]


def test_a_cycle_that_is_told_of_late_is_not_lost(entra: Job, town: Any) -> None:
    turn(entra, 0.0)
    town.settle(1)
    entra.tell("User", 1, 100.0)
    assert entra.next(CYCLE + 17) == CYCLE + 17
    assert turn(entra, CYCLE + 17) == [["connect"], ["assign 1"]]


def test_a_cycle_that_takes_longer_skips_the_one_that_it_runs_into(entra: Job, town: Any) -> None:
    town.settle(1)
    entra.tell("User", 1, 0.0)
    for tasks in entra.turns(0.0):
        for task in tasks:
            entra.ended(task, fails(task), CYCLE + 100)
    assert entra.next(CYCLE + 100) == 2 * CYCLE


@pytest.mark.cites("entra", "escrow-gap", "any failure on an object")
def test_what_fails_waits_in_escrow_for_longer_and_longer(entra: Job, town: Any) -> None:
    """entra:8 [M3]: retried in the next cycle, then with growing gaps: of 1, 2, 4, 8, 16, 32, 32 … cycles."""
    town.settle(1)
    entra.tell("User", 1, 0.0)
    tried, now = [], 0.0
    for cycle in range(100):
        assert now == cycle * CYCLE
        phases = turn(entra, now, fails)
        tried += [cycle] if ["assign 1"] in phases else []
        assert phases in ([["connect"]], [["connect"], ["assign 1"]])
        now = entra.next(now) or 0.0
    assert tried == [0, 1, 3, 7, 15, 31, 63, 95]
    assert (entra.state.escrowed, entra.trouble["User:1"]["tries"]) == (1, 8)


@pytest.mark.cites("entra", "escrow-gap")
def test_a_change_brings_an_object_out_of_escrow(entra: Job, town: Any) -> None:
    town.settle(1)
    entra.tell("User", 1, 0.0)
    for cycle in range(4):
        turn(entra, cycle * CYCLE, fails)
    entra.tell("User", 1, 4 * CYCLE - 1)
    assert turn(entra, 4 * CYCLE) == [["connect"], ["assign 1"]]
    assert (entra.state.escrowed, dict(entra.trouble)) == (0, {})


@pytest.mark.cites("entra", "escrow-gap")
def test_retry_is_for_tasks_and_leaves_escrow_alone_until_the_job_is_restarted(entra: Job, town: Any) -> None:
    town.settle(1)
    entra.tell("User", 1, 0.0)
    turn(entra, 0.0, fails)
    turn(entra, CYCLE, fails)
    assert (entra.retry(CYCLE), entra.state.escrowed) == (0, 1)
    entra.restart(CYCLE + 1)
    assert turn(entra, CYCLE + 1) == [["connect"], ["assign 1"]]


@pytest.mark.cites("google", "cadence", "task-retry")
def test_an_idp_without_escrow_tries_again_in_the_first_cycle_after_the_delay(town: Any) -> None:
    """google:1 [G1]: within a few hours; the connection is tested once."""
    job = Job(idp.engage("google", 7, cadence="14400", task_retry="14400"), town, 0.0)
    town.settle(1)
    job.tell("User", 1, 0.0)
    assert turn(job, 0.0, fails) == [["connect"], ["assign 1"]]
    for cycle in (1, 2):
        assert job.next(60.0) == cycle * 4 * HOUR
        for tasks in job.turns(cycle * 4 * HOUR):
            assert [task.act for task in tasks] == ["assign"]
            job.ended(tasks[0], fails(tasks[0]), cycle * 4 * HOUR + 7)  # which takes its time
        assert job.state.failed == 1


# Quarantine -----------------------------------------------------------------------------------------------------------


@pytest.mark.cites("entra", "401", "test-404", "404 on the test query", "quarantine", "quarantine-cadence")
def test_a_test_query_that_fails_quarantines_the_job_and_each_try_comes_later(entra: Job, town: Any) -> None:
    """entra:8 [M4; observed M18]: after 6 h, 12 h, 24 h, then every 24 h."""
    town.settle(1)
    entra.tell("User", 1, 0.0)
    assert moments(entra, 0.0, 5, refuses) == [0.0, 6 * HOUR, 18 * HOUR, 42 * HOUR, 66 * HOUR]
    state = entra.state
    assert (state.phase, state.since, state.until, state.why) == (
        "quarantined", 0.0, 90 * HOUR, "401 Unauthorized")
    assert (state.pending, state.escrowed) == (1, 0)  # it is nobody's fault


@pytest.mark.cites("entra", "quarantine")
def test_a_try_that_works_ends_the_quarantine(entra: Job, town: Any) -> None:
    town.settle(1, 2)
    entra.tell("User", 1, 0.0)
    turn(entra, 0.0, refuses)
    assert turn(entra, 6 * HOUR) == [["connect"], ["assign 1"]]
    assert (entra.state.phase, entra.state.since, entra.state.why) == ("active", 6 * HOUR, "")
    entra.tell("User", 2, 6 * HOUR + 1)
    assert entra.next(6 * HOUR + 1) == 6 * HOUR + CYCLE
    turn(entra, 6 * HOUR + CYCLE, refuses)  # and another one begins with its own six hours
    assert entra.next(6 * HOUR + CYCLE) == 12 * HOUR + CYCLE


@pytest.mark.cites("entra", "401")
def test_an_object_that_is_answered_401_stops_the_cycle_and_keeps_its_place(entra: Job, town: Any) -> None:
    """entra:8 [M4]."""
    town.settle(1, 2)
    town.gather(1, 1, 2)
    for number in (1, 2):
        entra.tell("User", number, 0.0)
    entra.tell("Group", 1, 0.0)
    phases = turn(entra, 0.0, lambda task: refuses(task) if task.number == 2 else works(entra)(task))
    assert phases == [["connect"], ["assign 1", "assign 2"]]
    assert (entra.state.phase, entra.state.pending) == ("quarantined", 2)
    assert turn(entra, 6 * HOUR) == [["connect"], ["assign 2"], ["push_group 1"]]


@pytest.mark.cites("entra", "quarantine", "quarantine-cadence")
def test_a_token_that_dies_in_mid_cycle_begins_another_quarantine_each_time(entra: Job, town: Any) -> None:
    """The test query had passed, so the credentials had been good meanwhile: 28 days begin anew (entra:8 [M4])."""
    def dies(task: Task) -> Outcome:
        return Outcome("done", True) if task.act == "connect" else refuses(task)

    town.settle(1)
    entra.tell("User", 1, 0.0)
    assert moments(entra, 0.0, 4, dies) == [0.0, 6 * HOUR, 12 * HOUR, 18 * HOUR]
    assert (entra.state.phase, entra.state.since, entra.state.escrowed) == ("quarantined", 18 * HOUR, 0)
    assert moments(entra, 18 * HOUR, 200, dies)[-1] > 28 * DAY
    assert entra.state.phase == "quarantined"


@pytest.mark.cites("entra", "quarantine", "quarantine-days")
def test_after_28_days_of_quarantine_the_job_is_off_until_somebody_restarts_it(entra: Job, town: Any) -> None:
    """entra:8 [M4]."""
    town.settle(1)
    entra.tell("User", 1, 0.0)
    tries = moments(entra, 0.0, 99, refuses)
    assert tries[-2:] == [42 * HOUR + 26 * DAY, 28 * DAY]
    assert (entra.state.phase, entra.state.since, entra.state.until) == ("off", 28 * DAY, None)
    assert entra.state.rounds == len(tries) - 1  # nothing was sent when it was switched off
    town.settle(2)
    entra.tell("User", 2, 30 * DAY)
    assert entra.next(30 * DAY) is None
    assert turn(entra, 31 * DAY) == []
    entra.restart(40 * DAY)
    assert turn(entra, 40 * DAY) == [["connect"], ["assign 1", "assign 2"]]
    assert entra.state.phase == "active"


@pytest.mark.cites("entra", "quarantine-share", "quarantine-least", "quarantine-most", "quarantine-absolute",
                   "many failures", "too many escrowed objects")
@pytest.mark.parametrize(("failed", "played", "quarantined"), [
    (4_999, 4_999, False),      # every one of them, but too few
    (5_000, 12_500, False),     # 40 % is not more than 40 %
    (5_000, 12_499, True),
    (40_000, 1_000_000, False),
    (40_001, 1_000_000, True),
    (60_000, 10_000_000, True),
])
def test_many_failures_quarantine_the_job(failed: int, played: int, quarantined: bool) -> None:
    """entra:8 [M4]: above 40 % once 5,000 have failed, above 40,000, or 60,000."""
    quarantine = cadence_of(idp.engage("entra", 7)).quarantine
    assert quarantine is not None
    assert quarantine.verdict(failed, played).startswith("EncounteredEscrowProportionThreshold") == quarantined


@pytest.mark.cites("entra", "quarantine-absolute")
def test_an_absolute_number_of_failures_is_too_many_wherever_the_others_are_set() -> None:
    quarantine = Quarantine((1.0,), 28, share=100, least=0, most=10**9, absolute=60_000)
    assert not quarantine.verdict(59_999, 10**8)
    assert quarantine.verdict(60_000, 10**8)


@pytest.mark.cites("entra", "quarantine-least")
def test_a_cycle_in_which_too_many_fail_is_the_last_one_before_quarantine(town: Any) -> None:
    """With a least number of 5, so that six people will do."""
    job = Job(idp.engage("entra", 7, quarantine_least="5"), town, 0.0)
    town.settle(*range(6))
    for number in range(6):
        job.tell("User", number, 0.0)
    turn(job, 0.0, lambda task: works(job)(task) if task.number == 0 else fails(task))
    assert (job.state.phase, job.state.escrowed) == ("quarantined", 5)
    assert job.state.why == "EncounteredEscrowProportionThreshold: 5 of 6 objects failed in one cycle"
    assert turn(job, 6 * HOUR) == [["connect"], [f"assign {n}" for n in range(1, 6)]]
    assert (job.state.phase, job.state.escrowed) == ("active", 0)


@pytest.mark.cites("entra", "quarantine")
def test_a_try_at_leaving_quarantine_is_one_at_everything_in_escrow(town: Any) -> None:
    job = Job(idp.engage("entra", 7, quarantine_least="2"), town, 0.0)
    town.settle(1, 2)
    for number in (1, 2):
        job.tell("User", number, 0.0)
    assert moments(job, 0.0, 4, fails) == [0.0, 6 * HOUR, 18 * HOUR, 42 * HOUR]  # though their gap is 8 cycles by now
    assert job.trouble["User:1"]["tries"] == 4


@pytest.mark.cites("entra", "quarantine-most")
def test_a_cycle_is_broken_off_once_too_many_have_failed(town: Any) -> None:
    job = Job(idp.engage("entra", 7, quarantine_most=str(PIECE)), town, 0.0)
    town.settle(*range(3 * PIECE))
    for number in town.people:
        job.tell("User", number, 0.0)
    phases = turn(job, 0.0, fails)
    assert [len(phase) for phase in phases] == [1, PIECE, PIECE]
    assert (job.state.phase, job.state.pending, job.state.escrowed) == ("quarantined", PIECE, 2 * PIECE)


@pytest.mark.cites("entra", "many failures")
def test_references_that_fail_do_not_count(town: Any) -> None:
    """entra:8 [M4]: reference failures don't count."""
    job = Job(idp.engage("entra", 7, quarantine_least="1"), town, 0.0)
    town.settle(1)
    job.tell("User", 1, 0.0)
    no_manager = Outcome("reference-error", False, "400 who is that?")
    turn(job, 0.0, lambda task: no_manager if task.act == "assign" else fails(task))
    assert (job.state.phase, job.state.escrowed) == ("active", 1)


# What outlives the process --------------------------------------------------------------------------------------------


def test_whoever_comes_after_a_job_goes_on_where_it_stopped(town: Any) -> None:
    memory = PlainMemory()

    def job() -> Job:
        return Job(idp.engage("entra", 7, memory), town, 0.0)

    town.settle(1, 2, 3)
    job().tell("User", 1, 0.0)
    assert turn(job(), 0.0, fails) == [["connect"], ["assign 1"]]
    job().tell("User", 2, 60.0)
    assert turn(job(), CYCLE, refuses) == [["connect"]]
    job().tell("User", 3, CYCLE + 60)
    assert (job().state.phase, job().state.escrowed, job().state.pending) == ("quarantined", 1, 2)
    assert job().next(CYCLE + 60) == CYCLE + 6 * HOUR
    last = job()
    assert turn(last, CYCLE + 6 * HOUR) == [["connect"], ["assign 2", "assign 3", "assign 1"]]


def test_what_was_handed_out_and_never_ended_is_handed_out_again(okta: Job, town: Any) -> None:
    town.settle(1, 2)
    for number in (1, 2):
        okta.tell("User", number, 0.0)
    turn(okta, 0.0, lambda task: Outcome("done", True) if task.act == "connect" else fails(task))
    okta.retry(1.0)
    for tasks in okta.turns(1.0):
        okta.ended(tasks[0], works(okta)(tasks[0]), 1.0)
        break  # the process ends here
    assert okta.next(1.0) == 1.0
    assert turn(okta, 1.0) == [["assign 2"]]


def test_a_job_is_remembered_and_recalled_with_its_engine(okta: Job, town: Any) -> None:
    town.settle(1, 2)
    for number in (1, 2):
        okta.tell("User", number, 0.0)
    turn(okta, 0.0, lambda task: fails(task) if task.number == 1 else works(okta)(task))
    other = Job(idp.engage("okta", 7), town, 0.0)
    recall(other.engine, remember(okta.engine))
    assert other.state == okta.state
    assert other.retry(1.0) == 1
    assert turn(other, 1.0) == [["assign 1"]]


def test_a_phase_comes_in_pieces_of_a_size_that_does_not_grow_with_the_company(okta: Job, town: Any) -> None:
    town.settle(*range(3 * PIECE + 1))
    for team in range(4):
        town.gather(team, *range(PIECE - 1))
        okta.tell("Group", team, 0.0)
    for number in town.people:
        okta.tell("User", number, 0.0)
    assert [len(phase) for phase in turn(okta, 0.0)] == [1, PIECE, PIECE, PIECE, 1, 1, 1, 1, 1]


# For whoever watches --------------------------------------------------------------------------------------------------


def test_the_state_counts_the_outcomes_of_the_last_round(okta: Job, town: Any) -> None:
    town.settle(1, 2, 3)
    for number in town.people:
        okta.tell("User", number, 0.0)
    created = Outcome("created", True, id="x")
    turn(okta, 0.0, lambda task: created if task.number in (1, 2) else fails(task))
    assert okta.state.counts == {"done": 1, "created": 2, "failed": 1}


@pytest.mark.parametrize(("knob", "value"), [("cadence", "often"), ("escrow-gap", "soon"), ("quarantine-days", "-1")])
def test_a_knob_that_is_no_number_is_an_error_that_names_it(knob: str, value: str, monkeypatch: Any, town: Any) -> None:
    engine = idp.engage("entra", 7)
    monkeypatch.setitem(engine._settings, knob, value)
    with pytest.raises(ValueError, match=f"knob {knob} is '{value}': write a whole number"):
        Job(engine, town, 0.0)
