"""The catalogue of requirements: whole, quick, and at hand for every check."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scimrig import checks, requirements
from scimrig.verdicts import Status

ENTRY = """
- id: RFC7644-3.12-R02
  rfc: RFC7644
  section: '3.12'
  level: MUST
  actor: service-provider
  feature: error
  text: A text.
  test: A test.
  condition: always
  observable: "yes"
  basis: keyword
"""


def test_the_catalogue_is_whole() -> None:
    known = requirements.catalogue()
    assert len(known) == 448
    assert all(name == entry.id for name, entry in known.items())
    levels = [entry.level for entry in known.values()]
    counted = {level: levels.count(level) for level in set(levels)}
    assert counted == {"MUST": 313, "SHOULD": 71, "MAY": 31, "MUST NOT": 26, "SHOULD NOT": 7}
    assert sum(entry.actor == "client" for entry in known.values()) == 11


@pytest.mark.parametrize(
    ("level", "status"),
    [
        ("MUST", Status.FAIL),
        ("MUST NOT", Status.FAIL),
        ("SHOULD", Status.WARN),
        ("SHOULD NOT", Status.WARN),
        ("MAY", Status.INFO),
    ],
)
def test_a_level_decides_what_a_breach_is(level: str, status: Status) -> None:
    assert requirements.status(level) is status


def test_a_word_that_is_no_level_is_refused() -> None:
    with pytest.raises(ValueError, match="did you mean 'SHOULD'"):
        requirements.status("SHOULDN")


def test_an_entry_is_found_in_any_case_and_explained() -> None:
    entry = requirements.get("rfc7644-3.12-r02")
    assert (entry.id, entry.clause, entry.status) == ("RFC7644-3.12-R02", "RFC 7644 §3.12", Status.FAIL)
    words = requirements.explain("RFC7644-3.12-R02")
    assert entry.text in words
    assert entry.test in words
    assert "https://www.rfc-editor.org/rfc/rfc7644#section-3.12" in words


@pytest.mark.parametrize(
    ("identifier", "hint"),
    [("RFC7644-3.12-R99", "RFC7644-3.12-R24"), ("RFC7644-3.99-R01", "did you mean"), ("nonsense", "known are ")],
)
def test_an_unknown_id_comes_with_a_suggestion(identifier: str, hint: str) -> None:
    with pytest.raises(requirements.UnknownRequirement, match=hint):
        requirements.get(identifier)


def test_every_check_has_a_name_of_its_own_and_a_requirement() -> None:
    every = checks.all()
    assert len({check.id for check in every}) == len(every)
    for check in every:
        assert requirements.get(check.requirement).actor == "service-provider"
        assert check.title
        assert check.hurts
        assert check.examines
        assert check.id == check.id.lower().replace("_", "-")


def test_every_requirement_that_a_check_names_in_passing_exists() -> None:
    """Problems may cite another requirement than their check's; those ids stand in the sources as literals."""
    import re

    folder = Path(str(checks.__file__)).parent
    named = {
        name for file in folder.glob("*.py") for name in re.findall(r'"(RFC[\d.-]+-R\d+)"', file.read_text("utf-8"))
    }
    assert len(named) > 40
    assert named <= set(requirements.catalogue())


def test_an_unknown_check_comes_with_a_suggestion() -> None:
    assert checks.get("resource-id").id == "resource-id"
    with pytest.raises(LookupError, match="did you mean 'resource-id'"):
        checks.get("resource-ids")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{}", "is a list"),
        ("- 7", "entry 1 is not an object"),
        ("- [", "can't be read"),
        (ENTRY + ENTRY, "entry 2: RFC7644-3.12-R02 stands twice"),
        (ENTRY.replace("'3.12'", "3.12"), "section is not text"),
        (ENTRY.replace("'3.12'", "'3.13'"), "does not fit"),
        (ENTRY.replace("MUST", "MUSTER"), "level 'MUSTER'"),
        (ENTRY.replace("feature:", "featur:"), "did you mean 'feature'"),
        (ENTRY.replace("  test: A test.\n", ""), "lacks test"),
    ],
)
def test_a_damaged_catalogue_says_where(text: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "requirements.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(requirements.CatalogueError, match=words.replace("[", r"\[")):
        requirements.read(file)


def test_the_catalogue_is_read_on_the_first_question_not_before() -> None:
    program = "import sys, scimrig.requirements; sys.exit('yaml' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", program], check=False, env={"PYTHONPATH": ":".join(sys.path)}).returncode
        == 0
    )


def test_the_wheel_carries_it_where_it_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "scimrig"
    (package / "_scenarios").mkdir(parents=True)
    (package / "_scenarios" / "requirements.yaml").write_text(ENTRY, encoding="utf-8")
    monkeypatch.setattr(requirements, "__file__", str(package / "requirements.py"))
    assert list(requirements.read(requirements.path())) == ["RFC7644-3.12-R02"]
    (package / "_scenarios" / "requirements.yaml").unlink()
    with pytest.raises(requirements.CatalogueError, match="install scimrig again"):
        requirements.path()
