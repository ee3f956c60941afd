"""Loading scenarios: what is read, from one text and from files and folders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scimrig.scenario.errors import ScenarioErrors
from scimrig.scenario.load import load, load_text, scenario_root
from scimrig.verdicts import Severity

EXAMPLES = Path(__file__).parent / "examples"
STORY = (EXAMPLES / "story.yaml").read_text(encoding="utf-8")
PROBE = (EXAMPLES / "probe.yaml").read_text(encoding="utf-8")
PROMISES = (EXAMPLES / "promises.yaml").read_text(encoding="utf-8")


def changed(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, f"{old!r} must stand once"
    return text.replace(old, new)


def test_a_story_is_read() -> None:
    (story,) = load_text(STORY)
    assert (story.id, story.area, story.severity) == ("pack/leaver", "deactivation", Severity.SECURITY)
    assert story.dialects == ()
    assert not story.probe
    assert story.rows == ({},)
    assert [(step.verb, step.act, step.argument) for step in story.steps[:2]] == [
        ("act", "assign", "ada"), ("act", "deactivate", "ada"),
    ]
    assert story.steps[2].verb == "check"
    assert [step.name for step in story.steps] == ["assign ada", "deactivate ada", "check ada"]
    assert len({step.id for step in story.steps}) == 3
    assert story.given[0].fields == {"department": "Analysis"}


def test_a_probe_is_read() -> None:
    (probe,) = load_text(PROBE)
    assert probe.probe
    assert probe.dialects == ("entra",)
    assert probe.rows == (
        {"off": "False", "times": 1}, {"off": "False", "times": 2},
        {"off": False, "times": 1}, {"off": False, "times": 2},
    )
    ada, analysts = probe.given
    assert (ada.kind, ada.exists, analysts.kind, analysts.exists) == ("person", True, "team", False)
    switch, again = probe.steps
    assert switch.id == "switch"
    assert switch.keep == {"tag": "header:ETag"}
    assert len(switch.expect) == 2
    assert again.expect == ({"status": 304},)  # one outcome may stand without a list
    assert (switch.place.line, switch.place.column) == (10, 5)


def test_a_story_about_promises_is_read() -> None:
    (story,) = load_text(PROMISES)
    assert not story.probe
    assert story.dialects == ()
    assert story.promises == ("policy.email_change=reject", "webhooks.retry_schedule")
    assert story.needs == ("any-domain",)
    assert [(step.verb, step.act) for step in story.steps] == [
        ("sink", ""), ("act", "assign"), ("await", ""), ("act", "push_group"), ("hook", ""), ("roles", ""),
        ("hook", ""), ("roles", ""), ("access", ""), ("silence", ""),
    ]
    assert [step.name for step in story.steps if step.verb != "act"] == [
        "sink joe", "await user_created about joe", "map group eng", "roles joe", "map group eng", "roles joe",
        "access joe", "silence joe",
    ]


def test_several_scenarios_stand_in_one_file() -> None:
    both = load_text(f"{STORY}---\n{PROBE}---\n")
    assert [scenario.id for scenario in both] == ["pack/leaver", "pack/probe"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("no", "no"), ("yes", "yes"), ("on", "on"), ("True", "True"), ("12:30", "12:30"), ("0777", "0777"),
        ("0x1f", "0x1f"), ("1_000", "1_000"), ("2026-01-31", "2026-01-31"), ("~", "~"), ("+1", "+1"), (".5", ".5"),
        ("'true'", "true"), ('"1"', "1"), ("true", True), ("false", False), ("null", None), ("7", 7), ("-7", -7),
        ("1.50", 1.5), ("1e3", 1000.0), (".inf", ".inf"), ("<<", "<<"),
    ],
)
def test_only_true_false_decimal_numbers_and_null_are_typed(written: str, meant: Any) -> None:
    body = load_text(changed(PROBE, "{Operations: ", f"{{it: {written}, Operations: "))[0].steps[0].argument["body"]
    assert body["it"] == meant
    assert type(body["it"]) is type(meant)


def test_an_alias_means_what_its_anchor_says() -> None:
    text = changed(PROBE, "    expect: {status: 304}", "    expect: &not-modified {status: 304}")
    text += '  - send: {GET: "/Users/${{ ada.id }}"}\n    expect: *not-modified\n'
    assert load_text(text)[0].steps[2].expect == ({"status": 304},)


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def test_all_mistakes_of_all_files_are_told_at_once_and_in_order(tmp_path: Path) -> None:
    write(tmp_path, "pack.yaml", changed(STORY, "area: deactivation", "area: x") + "---\n" + STORY)
    write(tmp_path, "a/broken.yaml", "title: A: B")
    write(tmp_path, "a/empty.yaml", "# nothing\n---\n")
    write(tmp_path, "a/latin.yaml", "").write_bytes(b"title: Zo\xeb")
    with pytest.raises(ScenarioErrors) as raised:
        load([tmp_path])
    places = [str(error.place).removeprefix(f"{tmp_path}/") for error in raised.value.errors]
    assert places == ["a/broken.yaml:1:9", "a/empty.yaml:1:1", "a/latin.yaml:1:1", "pack.yaml:3:7"]
    assert str(raised.value).count("\n") == 3


def test_an_id_begins_with_the_path_of_its_file(tmp_path: Path) -> None:
    write(tmp_path, "pack.yaml", STORY)
    write(tmp_path, "pack/leaver.yaml", changed(STORY, "pack/leaver", "pack/leaver/twice"))
    assert [scenario.id for scenario in load([tmp_path])] == ["pack/leaver", "pack/leaver/twice"]
    stray = write(tmp_path, "other.yml", STORY)
    with pytest.raises(ScenarioErrors, match="the id 'pack/leaver' must be 'other' or begin with 'other/', after its"):
        load([stray])


def test_one_id_in_two_files_is_a_mistake(tmp_path: Path) -> None:
    write(tmp_path, "pack.yaml", STORY)
    write(tmp_path, "pack/leaver.yaml", STORY)
    with pytest.raises(ScenarioErrors, match=r"pack\.yaml:1:11: the id 'pack/leaver' is taken already by .*leaver\."):
        load([tmp_path])


def test_a_file_that_is_not_there_and_a_folder_without_scenarios_are_mistakes(tmp_path: Path) -> None:
    with pytest.raises(ScenarioErrors) as raised:
        load([tmp_path / "none.yaml", tmp_path])
    assert [error.message for error in raised.value.errors] == [
        "no scenario files (*.yaml) in this folder", "there is no such file or folder",
    ]


def test_the_shipped_catalogue_of_requirements_is_no_scenario() -> None:
    assert (scenario_root() / "requirements.yaml").is_file()
    assert load([scenario_root()]) == load()
