"""What an act by hand makes of what a target shows, and what it keeps between two calls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimrig.acting import state
from scimrig.acting.compared import compared, learned, readable
from scimrig.acting.order import OrderError, read
from scimrig.evidence import Reading, Sight
from scimrig.rows import Rows
from scimrig.survey import BARE_EMAIL, COMPOSED, TYPED_EMAIL, Survey
from scimrig_simulator.idp.intent import Intent
from scimrig_simulator.wire import Reply, Send, encode_json
from scimrig_simulator.workforce.person import FIELDS

ADA = Intent("User", values={"userName": "ada", "title": "Boss", "locale": "de-DE", "active": True})
URL = "http://127.0.0.1:8080/scim/v2"


def sight(by_id: dict[str, Any] | None, **others: Reading) -> Sight:
    found = Reading("found", by_id, 1) if by_id is not None else Reading("absent")
    readings = {"by_id": found, "by_filter": found, "in_list": found, **others}
    return Sight("ada", "User", "1", False, **readings)


def states(*looked: Any) -> dict[str, str]:
    return {line.path: line.state for line in compared(*looked, {})}


# What counts ----------------------------------------------------------------------------------------------------------


def test_an_attribute_that_was_never_shown_is_told_and_does_not_count() -> None:
    shown = sight({"userName": "ada", "title": "Boss", "active": True})
    survey = learned(Survey(), ADA, None, shown, forced=True)
    assert survey.dropped == ("locale",)
    assert states(ADA, None, shown, survey) == {
        "userName": "as-it-should", "title": "as-it-should", "locale": "not-kept", "active": "as-it-should",
    }


def test_an_attribute_that_was_shown_once_counts_from_then_on() -> None:
    survey = learned(Survey(), ADA, None, sight({"userName": "ada", "locale": "de-DE"}), forced=False)
    lost = sight({"userName": "ada", "active": True})
    after = learned(survey, ADA, ADA, lost, forced=True)
    assert states(ADA, None, lost, after)["locale"] == "wrong"


def test_what_this_act_changes_counts_although_it_was_never_kept() -> None:
    shown = sight({"userName": "ada", "title": "Boss", "active": True})
    survey = learned(Survey(), ADA, None, shown, forced=False)
    later = Intent("User", values={**ADA.values, "locale": "fr-FR"})
    assert states(later, shown, shown, learned(survey, later, ADA, shown, forced=True))["locale"] == "wrong"
    assert learned(survey, later, ADA, shown, forced=False).dropped == ("locale",)


def test_what_idps_depend_on_counts_always() -> None:
    shown = sight({"userName": "ada"})
    assert states(ADA, None, shown, learned(Survey(), ADA, None, shown, forced=True))["active"] == "wrong"


def test_an_e_mail_without_its_type_is_still_that_e_mail() -> None:
    intent = Intent("User", values={TYPED_EMAIL: "ada@example.com"})
    shown = sight({"emails": [{"value": "ada@example.com"}]})
    survey = learned(Survey(), intent, None, shown, forced=True)
    assert (TYPED_EMAIL in survey.dropped, BARE_EMAIL in survey.kept) == (True, True)
    assert "wrong" not in states(intent, None, shown, survey).values()


def test_a_name_that_the_server_puts_together_itself_is_no_loss() -> None:
    values = {"name.givenName": "Ada", "name.familyName": "Lovelace", "displayName": "Lovelace Ada"}
    shown = sight({"name": {"givenName": "Ada", "familyName": "Lovelace"}, "displayName": "Ada Lovelace"})
    survey = learned(Survey(), Intent("User", values=values), None, shown, forced=True)
    assert survey.normalised == {"displayName": COMPOSED}
    assert "wrong" not in states(Intent("User", values=values), None, shown, survey).values()


def test_a_way_of_looking_that_is_not_offered_is_told_once_and_says_nothing() -> None:
    told: list[str] = []
    seen = readable(sight({"userName": "ada"}, by_filter=Reading("unreadable", note="answered 501")), told)
    assert seen.by_filter.state == "not-looked"
    assert told == ["Users could not be looked up by userName: answered 501."]
    gone = sight(None, by_filter=Reading("unreadable", note="answered 501"))
    assert readable(gone, told) is gone


# What is kept ---------------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_what_is_kept_reads_back_the_same() -> None:
    kept = state.load(URL, "okta", "example.com", None)
    kept.people["ada"] = kept.person("ada").changed({"title": "Boss", "userName": "grace@example.org"})
    kept.team("engineers")
    kept.members["engineers"] = ("ada",)
    kept.beliefs = {"users": {"1:ada": "7"}}
    kept.in_force["User ada"] = ADA
    kept.in_force["Group engineers"] = Intent("Group", members=frozenset({"7"}))
    kept.surveys["User"] = Survey(kept=("title",), dropped=("locale",))
    kept.save()
    assert state.load(URL, "okta", "example.com", None) == kept
    assert state.load(URL, "entra", "example.com", None).is_ours("GRACE@example.org")
    assert not kept.is_ours("root@example.org")


URLS = (URL, f"{URL}/x", "https://a.example/scim", "https://a.example:444/scim", "http://a.example/scim", "http://[::1]/")


@given(st.sets(st.sampled_from(URLS)))
def test_every_base_url_has_a_folder_of_its_own(urls: set[str]) -> None:
    assert len({state.folder_of(url) for url in urls}) == len(urls)


@given(st.from_regex(state.KEY, fullmatch=True), st.integers())
def test_whoever_is_made_up_can_be_told_from_everybody_else(key: str, seed: int) -> None:
    person = state.made_up(key, seed, "rig00000", "example.com")
    assert person == state.made_up(key, seed, "rig00000", "example.com")
    assert person.user_name == person.email == f"{key}.rig00000@example.com"
    assert person.given_name.lower() == key


def test_a_folder_with_rows_to_clear_away_stays() -> None:
    folder = state.folder_of(URL)
    with state.held(folder):
        (folder / "rows.ndjson").write_text("{}\n")
    state.tidy(folder)
    assert folder.is_dir()
    (folder / "rows.ndjson").unlink()
    state.tidy(folder)
    assert not folder.exists()


def test_a_journal_goes_on_where_it_stopped_even_in_mid_line(tmp_path: Path) -> None:
    journal = tmp_path / "rows.ndjson"
    create = Send("POST", "/Users", body={"userName": "ada"})
    first = Rows.continued(journal, {"target": "x"})
    first.sending(create, "act")
    first.answered(create, Reply(201, body=encode_json({"id": "7"})), "act")
    first.close()
    with journal.open("a") as file:
        file.write('{"event": "made", "collec')
    second = Rows.continued(journal, {"target": "y"})
    assert [row.id for row in second.open()] == ["7"]
    assert second.refusal(Send("PATCH", "/Users/7")) == ""
    assert second.refusal(Send("PATCH", "/Users/8")) != ""
    second.gone("/Users", "7")
    second.close()
    assert not journal.exists()


# Orders ---------------------------------------------------------------------------------------------------------------


@given(st.sampled_from(sorted(set(FIELDS) - {"active", "userName"})), st.text())
def test_any_text_may_be_set_and_none_takes_it_away(name: str, value: str) -> None:
    order, _ = read(["okta", "update", "Ada", URL], [f"{name}={value}"], None)
    assert order.subject == "ada"
    assert order.changes == {name: value or None}


TYPED = st.sampled_from(["okta", "google", "assign", "push-group", "connect", "ada", URL, "ref:"]) | st.text(max_size=9)


@given(st.lists(TYPED, max_size=5), st.lists(st.text(max_size=12), max_size=2), st.none() | st.text(max_size=9))
def test_whatever_is_typed_is_an_order_or_a_slip(words: list[str], changes: list[str], members: str | None) -> None:
    try:
        order, target = read(words, changes, members)
    except OrderError:
        return
    assert (order.dialect, target) == (words[0], words[-1])
