"""A company that keeps changing: what its stream of happenings tells is what is the case at every second."""

from __future__ import annotations

import dataclasses
import re
import string
from datetime import date, timedelta
from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scimrig_simulator.workforce import Company, Happening, Kind, Standing, Timeline
from scimrig_simulator.workforce.team_lives import TeamLives

DAY = 86_400
MONDAY = date(2026, 1, 5)

ARRIVALS = {Kind.HIRED, Kind.ONBOARDED, Kind.CONTRACTED}
AFTER = {
    **dict.fromkeys((*ARRIVALS, Kind.RETURNED, Kind.REHIRED), Standing.EMPLOYED),
    Kind.LEFT_FOR_A_WHILE: Standing.ON_LEAVE,
    Kind.TERMINATED: Standing.LEFT,
    Kind.PURGED: Standing.PURGED,
}
TOUCHES = {
    Kind.MOVED: {"title", "department"},
    Kind.MARRIED: {"family_name", "display_name", "formatted", "user_name", "email"},
    Kind.MANAGER: {"manager"},
    Kind.LEFT_FOR_A_WHILE: {"active"},
    Kind.RETURNED: {"active"},
    Kind.TERMINATED: {"active"},
    Kind.TOMBSTONED: {"user_name"},
    Kind.REHIRED: {"active", "user_name", "manager"},
    Kind.PURGED: set(),
}
IN_SERVICE = {Standing.EMPLOYED, Standing.ON_LEAVE}


def timeline(seed=7, people=20, days=10, start=MONDAY, **company):
    return Timeline(Company(seed, **company), people, days, start)


def of_kind(line, kind):
    return [happening for happening in line.happenings() if happening.kind is kind]


class Told:
    """What somebody knows who has heard the happenings and looked only at what each was about."""

    def __init__(self, line):
        self.line, self.standing, self.people, self.teams, self.members = line, {}, {}, {}, {}

    def hear_all(self, happenings):
        for at, together in groupby(happenings, key=lambda happening: happening.at):
            self._hear(at, list(together))

    def _hear(self, at, happenings):
        for happening in happenings:
            n, kind = happening.person, happening.kind
            if n is not None:
                self._fits(n, kind)
                self.standing[n] = AFTER.get(kind, self.standing.get(n))
        for n in {happening.person for happening in happenings} - {None}:
            person = self.line.person(n, at)
            kinds = {happening.kind for happening in happenings if happening.person == n}
            if not kinds & ARRIVALS:
                assert differences(self.people[n], person) <= set().union(*(TOUCHES[kind] for kind in kinds))
                assert kinds <= {Kind.PURGED} or differences(self.people[n], person)
            self.people[n] = person
        for t in {t for happening in happenings for t in happening.teams}:
            self.teams[t], self.members[t] = self.line.team(t, at), self.line.members(t, at)

    def _fits(self, n, kind):
        before = self.standing.get(n, Standing.NOT_YET)
        if kind in ARRIVALS:
            assert before is Standing.NOT_YET
        elif kind is Kind.RETURNED:
            assert before is Standing.ON_LEAVE
        elif kind in (Kind.TOMBSTONED, Kind.REHIRED, Kind.PURGED):
            assert before is Standing.LEFT
        elif kind is Kind.MANAGER:
            assert before in IN_SERVICE
        else:
            assert before is Standing.EMPLOYED

    def is_what_is_the_case(self, at):
        line = self.line
        assert list(line.numbers(at)) == sorted(self.people)
        assert list(line.teams(at)) == sorted(self.teams)
        for n, person in self.people.items():
            assert line.person(n, at) == person
            assert line.standing(n, at) is self.standing[n]
            assert line.manager(n, at) == person.manager
            assert person.active is (self.standing[n] is Standing.EMPLOYED)
        for t, team in self.teams.items():
            assert line.team(t, at) == team
            assert line.members(t, at) == self.members[t]
            assert self.members[t] == [n for n in sorted(self.people) if line.team_of(n, at) == t]
            assert team is not None or not self.members[t]
        self._is_sound()

    def _is_sound(self):
        there = [person for n, person in self.people.items() if self.standing[n] is not Standing.PURGED]
        names = [person.user_name.casefold() for person in there]
        assert len(set(names)) == len(names)
        for n, person in self.people.items():
            if person.manager is not None:
                assert person.manager < n
                assert self.standing[n] not in IN_SERVICE or self.standing[person.manager] in IN_SERVICE


def differences(before, after):
    return {
        field.name
        for field in dataclasses.fields(before)
        if getattr(before, field.name) != getattr(after, field.name)
    }


LINES = st.builds(
    timeline,
    seed=st.integers(0, 2**64 - 1),
    people=st.integers(1, 200),
    days=st.integers(1, 40),
    start=st.integers(0, 6).map(lambda days: MONDAY + timedelta(days)),
)


class TestTheStreamTellsEverything:
    @settings(max_examples=25, deadline=None)
    @given(LINES, st.data())
    def test_who_has_heard_it_knows_what_is_the_case(self, line, data):
        happenings = list(line.happenings())
        stops = data.draw(st.lists(st.integers(0, line.days * DAY - 1), max_size=2), label="seconds")
        stops += [data.draw(st.sampled_from(happenings), label="happening").at, line.days * DAY - 1]
        told = Told(line)
        for stop in sorted(set(stops)):
            told.hear_all(happening for happening in happenings if happening.at <= stop)
            happenings = [happening for happening in happenings if happening.at > stop]
            told.is_what_is_the_case(stop)

    @settings(max_examples=25, deadline=None)
    @given(LINES, st.data())
    def test_it_can_begin_and_end_at_any_second(self, line, data):
        whole = list(line.happenings())
        seconds = st.integers(0, line.days * DAY) | st.sampled_from([happening.at for happening in whole])
        since, until = data.draw(seconds), data.draw(seconds)
        assert list(line.happenings(since)) == [happening for happening in whole if happening.at >= since]
        assert list(line.happenings(since, until)) == [one for one in whole if since <= one.at < until]
        assert [happening.at for happening in whole] == sorted(happening.at for happening in whole)
        assert len(set(whole)) == len(whole)

    @settings(max_examples=15, deadline=None)
    @given(LINES, st.randoms(use_true_random=False))
    def test_it_does_not_matter_what_was_asked_before(self, line, random):
        end = line.days * DAY - 1
        questions = [(n, random.randrange(end)) for n in line.numbers(0)] + [(n, end) for n in line.numbers(end)]
        answers = {question: line.person(*question) for question in questions}
        other = Timeline(line.company, line.people, line.days, line.start)
        random.shuffle(questions)
        assert {question: other.person(*question) for question in questions} == answers
        assert list(other.happenings()) == list(line.happenings())

    def test_a_longer_one_begins_with_the_shorter_one(self):
        longer, shorter = timeline(days=800, people=50), timeline(days=30, people=50)
        assert list(longer.happenings(until=30 * DAY)) == list(shorter.happenings())

    @pytest.mark.parametrize(("seed", "people", "days"), [(7, 100, 800), (8, 100, 800), (10, 30, 1500)])
    def test_years_go_by(self, seed, people, days):
        line = timeline(seed, people, days)
        told = Told(line)
        told.hear_all(line.happenings())
        told.is_what_is_the_case(line.days * DAY - 1)
        assert len(told.people) > people

    def test_a_seed_makes_its_own_company(self):
        streams = {tuple(timeline(seed=seed, days=40).happenings(since=11 * DAY)) for seed in range(20)}
        assert len(streams) == 20


class TestWhatHappens:
    @pytest.mark.parametrize("weekday", range(7))
    @pytest.mark.parametrize("seed", [0, 1, 2])
    def test_in_ten_days_of_twenty_people_everything_but_a_purge(self, seed, weekday):
        line = timeline(seed=seed, start=MONDAY + timedelta(weekday))
        assert {happening.kind for happening in line.happenings()} == set(Kind) - {Kind.PURGED}

    def test_thirty_days_after_leaving_an_account_is_purged_unless_they_are_back(self):
        line = timeline(people=300, days=200)
        left = {}
        for happening in line.happenings():
            if happening.kind is Kind.TERMINATED:
                left[happening.person] = happening.at
            elif happening.kind is Kind.REHIRED:
                assert happening.at - left.pop(happening.person) < 30 * DAY
            elif happening.kind is Kind.PURGED:
                assert happening.at - left.pop(happening.person) == 30 * DAY
        assert all(at > 170 * DAY for at in left.values())

    def test_a_large_company_changes_at_plausible_rates(self):
        people, days = 20_000, 56
        counts = dict.fromkeys(Kind, 0)
        for happening in timeline(people=people, days=70).happenings(since=14 * DAY):
            counts[happening.kind] += 1
        # per cent of the people in a year; of some 1,400 teams for what happens to teams
        yearly = {kind: count * 365 / days * 100 / people for kind, count in counts.items()}
        for kind, least, most in [
            (Kind.MOVED, 20, 30), (Kind.MARRIED, 1.5, 4), (Kind.MANAGER, 20, 50), (Kind.LEFT_FOR_A_WHILE, 6, 11),
            (Kind.TERMINATED, 11, 18), (Kind.REHIRED, 0.8, 3), (Kind.TOMBSTONED, 4, 10), (Kind.PURGED, 8, 18),
            (Kind.HIRED, 3, 8), (Kind.CONTRACTED, 0.3, 1.5), (Kind.ONBOARDED, 10, 16),
        ]:  # fmt: skip
            assert least < yearly[kind] < most, kind
        teams = sum(1 for _ in timeline(people=people).teams(0))
        for kind, least, most in [
            (Kind.TEAM_CREATED, 3, 8), (Kind.TEAM_RENAMED, 20, 45),
            (Kind.TEAM_MERGED, 5, 20), (Kind.TEAM_DISSOLVED, 4, 14),
        ]:  # fmt: skip
            assert least < counts[kind] * 365 / days * 100 / teams < most, kind

    def test_weekends_are_quiet_but_for_what_runs_by_itself(self):
        by_itself = {Kind.TOMBSTONED, Kind.PURGED}
        line = timeline(people=400, days=130)
        days = {happening.kind: set() for happening in line.happenings()}
        for happening in line.happenings(since=1):
            days[happening.kind].add(happening.at // DAY % 7)
        assert all(weekdays <= set(range(5)) for kind, weekdays in days.items() if kind not in by_itself)
        assert days[Kind.ONBOARDED] == {0}

    def test_a_mass_onboarding_is_over_in_a_minute(self):
        onboarded = of_kind(timeline(people=1_000, days=40), Kind.ONBOARDED)
        minutes = {(happening.at // 60, happening.at // 60 % 1440) for happening in onboarded}
        assert {minute for _, minute in minutes} == {9 * 60}
        assert len(onboarded) == 10 * len(minutes) == 20

    def test_the_first_staff_comes_at_once_and_its_teams_after_it(self):
        line = timeline(people=20)
        first = list(line.happenings(until=1))
        assert [happening.person for happening in first[:20]] == list(range(20))
        assert [happening.team for happening in first[20:]] == list(line.teams(0))
        assert {happening.teams for happening in first[:20]} == {()}
        assert [happening.teams for happening in first[20:]] == [(t,) for t in line.teams(0)]


class TestPeople:
    def test_marrying_changes_name_user_name_and_e_mail_and_leaves_the_login(self):
        line = timeline(people=2_000, days=90, prefix="rig.")
        married = of_kind(line, Kind.MARRIED)
        assert len(married) > 5
        for happening in married:
            before, after = line.person(happening.person, happening.at - 1), line.person(happening.person, happening.at)
            assert before.family_name != after.family_name
            assert before.user_name != after.user_name == after.email
            assert after.login == before.login
            assert re.fullmatch(rf"rig\.[a-z0-9'-]+(\.[a-z0-9'-]+)?\.{after.number}@[a-z.]+", after.user_name)
            assert after.given_name in after.display_name
            assert after.family_name in after.display_name

    def test_somebody_takes_a_name_with_every_awkward_character(self):
        line = timeline()
        happening = of_kind(line, Kind.MARRIED)[0]
        name = line.person(happening.person, happening.at).family_name
        assert set(string.punctuation) <= set(name)
        assert any(ord(character) > 0xFFFF for character in name)  # beyond what two bytes hold
        assert any("\u0590" <= character <= "\u05ff" for character in name)  # written from right to left
        assert {"’", "ß", "ź", " "} <= set(name)

    def test_contractors_have_an_address_of_a_foreign_domain_that_is_nobodys(self):
        line = timeline(people=200, domain="corp.example")
        contracted = of_kind(line, Kind.CONTRACTED)
        assert {happening.at > 0 for happening in contracted} == {True, False}
        for happening in contracted:
            person = line.person(happening.person, happening.at)
            # RFC 2606 §3
            assert person.user_name == person.email == f"{person.login}@contractor.example.net"
        others = set(line.numbers(0)) - {happening.person for happening in contracted}
        assert {line.person(n, 0).user_name.partition("@")[2] for n in others} == {"corp.example"}

    @pytest.mark.parametrize("seed", range(5))
    def test_two_people_have_one_name_and_two_logins(self, seed):
        line = timeline(seed=seed)
        people = [line.person(n, DAY) for n in line.numbers(DAY)]
        newcomer = people[20]
        twins = [person for person in people[:20] if person.display_name == newcomer.display_name]
        assert twins
        assert all(twin.login != newcomer.login and twin.user_name != newcomer.user_name for twin in twins)
        assert newcomer.login.endswith(".20")

    def test_a_tombstone_is_32_hex_digits_before_the_old_name_and_goes_with_a_rehire(self):
        line = timeline()
        tombstoned = of_kind(line, Kind.TOMBSTONED)
        rehired = of_kind(line, Kind.REHIRED)[0]
        assert rehired.person in {happening.person for happening in tombstoned}
        for happening in tombstoned:
            before, after = line.person(happening.person, happening.at - 1), line.person(happening.person, happening.at)
            assert re.fullmatch(r"[0-9a-f]{32}" + re.escape(before.user_name), after.user_name)
            assert (after.email, after.login, after.active) == (before.email, before.login, False)
        back, at_first = line.person(rehired.person, rehired.at), line.person(rehired.person, 0)
        assert (back.user_name, back.login, back.active) == (at_first.user_name, at_first.login, True)

    def test_a_move_is_to_another_title_and_sometimes_to_another_team(self):
        line = timeline(people=2_000, days=60)
        moved = of_kind(line, Kind.MOVED)
        for happening in moved:
            n, at = happening.person, happening.at
            assert line.person(n, at - 1).title != line.person(n, at).title
            between = [team for team in (line.team_of(n, at - 1), line.team_of(n, at)) if team is not None]
            assert happening.teams in ((), tuple(between))
        assert 0.3 < sum(happening.teams != () for happening in moved) / len(moved) < 0.7

    def test_whoever_is_on_leave_keeps_team_and_manager_and_is_not_active(self):
        line = timeline(people=500, days=30)
        for happening in of_kind(line, Kind.LEFT_FOR_A_WHILE):
            n, at = happening.person, happening.at
            assert line.standing(n, at) is Standing.ON_LEAVE
            assert line.team_of(n, at) == line.team_of(n, at - 1)
            assert n in line.members(line.team_of(n, at), at)
            assert not line.person(n, at).active

    def test_reports_of_a_manager_who_leaves_go_to_that_managers_manager(self):
        line = timeline(people=600, days=60)
        for happening in of_kind(line, Kind.TERMINATED):
            n, at = happening.person, happening.at
            reports = [m for m in line.numbers(at - 1) if m > n and line.manager(m, at - 1) == n]
            if reports:
                break
        changed = {one.person for one in line.happenings(at, at + 1) if one.kind is Kind.MANAGER}
        assert {m for m in reports if line.standing(m, at) in IN_SERVICE} == changed
        assert {line.manager(m, at) for m in changed} == {line.manager(n, at - 1)}

    def test_one_who_is_not_hired_yet_is_nobody(self):
        line = timeline()
        late = [n for n in line.numbers(10 * DAY) if n >= 20][-1]
        for n in (late, 10**9):
            assert line.standing(n, 0) is Standing.NOT_YET
            assert line.manager(n, 0) is line.team_of(n, 0) is None
            with pytest.raises(ValueError, match=f"person {n} is not hired by second 0"):
                line.person(n, 0)
        assert list(line.numbers(-1)) == list(line.teams(-1)) == []

    @pytest.mark.parametrize(("people", "days"), [(0, 1), (1, 0), (-5, 10)])
    def test_a_company_of_nobody_or_for_no_day_is_refused(self, people, days):
        with pytest.raises(ValueError, match="at least one person for one day"):
            timeline(people=people, days=days)


class TestTeams:
    def test_there_are_usual_ones_some_big_ones_and_an_empty_one(self):
        line = timeline(people=2_000)
        sizes = [len(line.members(t, 0)) for t in line.teams(0)]
        assert sum(sizes) == 2_000
        assert sizes.count(0) == 1
        assert 2 <= sum(size >= 100 for size in sizes) <= 5
        usual = sorted(sizes)[len(sizes) // 2]
        assert 10 <= usual <= 14

    def test_the_empty_one_stays_empty(self):
        line = timeline(people=300, days=400)
        empty = max(line.teams(0))
        assert all(line.members(empty, at) == [] for at in range(0, 400 * DAY, 20 * DAY))
        assert line.team(empty, 399 * DAY) is not None

    def test_a_merger_takes_everybody_along(self):
        line = timeline(people=500, days=200)
        for happening in of_kind(line, Kind.TEAM_MERGED):
            gone, into = happening.teams
            assert happening.team == gone
            assert set(line.members(gone, happening.at - 1)) <= set(line.members(into, happening.at))
            assert line.team(gone, happening.at) is None
            assert line.members(gone, happening.at) == []

    def test_none_is_merged_into_one_that_is_gone(self):
        lives = TeamLives(key=5, staffed=60, days=4_000, weekday=0)
        ends = [end for end in map(lives.end, range(lives.intake.total)) if end is not None and end.into is not None]
        assert len(ends) > 20
        assert all(lives.exists(end.into, end.at) for end in ends)

    def test_a_dissolved_one_leaves_its_members_without(self):
        line = timeline(people=500, days=200)
        for happening in of_kind(line, Kind.TEAM_DISSOLVED):
            for n in line.members(happening.team, happening.at - 1):
                assert line.team_of(n, happening.at) is None

    def test_a_new_one_is_made_out_of_an_older_one(self):
        line = timeline(people=500, days=200)
        created = [happening for happening in of_kind(line, Kind.TEAM_CREATED) if happening.at > 0]
        assert any(line.members(happening.team, happening.at) for happening in created)
        for happening in created:
            new, *older = happening.teams
            assert new == happening.team
            for n in line.members(new, happening.at):
                assert line.team_of(n, happening.at - 1) in (*older, None)

    def test_a_renamed_one_has_another_unique_name(self):
        line = timeline(people=1_000, days=300)
        for happening in of_kind(line, Kind.TEAM_RENAMED):
            was, now = line.team(happening.team, happening.at - 1), line.team(happening.team, happening.at)
            assert was.display_name != now.display_name
        names = [line.team(t, 300 * DAY).display_name for t in line.teams(300 * DAY) if line.team(t, 300 * DAY)]
        assert len(set(names)) == len(names)


class TestWords:
    def test_each_happening_is_told_in_one_line(self):
        line = timeline(people=40, days=60)
        for happening in line.happenings():
            words = line.words(happening)
            assert words
            assert words == words.strip()
            assert "\n" not in words
            assert "None" not in words

    def test_a_marriage(self):
        line = timeline(people=2_000, days=30)
        happening = of_kind(line, Kind.MARRIED)[-1]
        before, after = line.person(happening.person, happening.at - 1), line.person(happening.person, happening.at)
        assert line.words(happening) == (
            f"{before.display_name} marries and is now {after.display_name}: {after.user_name}"
        )

    def test_a_happening_about_nobody_is_none(self):
        with pytest.raises(ValueError, match="about nobody"):
            timeline().words(Happening(0, Kind.TEAM_CREATED))
