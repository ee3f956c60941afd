"""What each act of each dialect sends is what its golden file says, wherever that is documented or was observed.

``tools/golden_transcripts.py`` plays the career and keeps the files; a reader gives each line its mark, by holding it
against docs/idp-dialects.md. An inferred line is shown and not asserted: where one has drifted, a warning says so.
"""

from __future__ import annotations

import importlib.util
import re
import sys
import warnings
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

from scimrig_simulator import idp

ROOT = Path(__file__).resolve().parents[2]
PAPER = (ROOT / "docs" / "idp-dialects.md").read_text(encoding="utf-8")
MARK = re.compile(r"(doc|observed|inferred) \S.*")
KEY = re.compile(r"\b[OMGLJPX]\d+\b")
CHAPTER = re.compile(r"\b(okta|entra|google|onelogin|jumpcloud|pingfederate):(\d+)")


def _tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("golden_transcripts", ROOT / "tools" / "golden_transcripts.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = tool
    spec.loader.exec_module(tool)
    return tool


tool = _tool()


@cache
def golden(dialect):
    """Heading → lines, as the file has them."""
    return tool.read(dialect)


@cache
def sent(dialect):
    """Heading → lines, as the program has them today."""
    return {
        heading: [line.strip() for line in lines if not line.startswith("#")]
        for heading, lines in tool.transcript(idp.engage(dialect, tool.SEED)).items()
    }


def stretches(lines):
    """What must be sent, in stretches; between two of them anything may be, since inferred lines stand there.

    An empty stretch at an end means that anything may stand there, too.
    """
    found = [[]]
    for line in lines:
        if line.asserted:
            found[-1].append(line.text)
        elif line.mark and (found[-1] or len(found) == 1):
            found.append([])
    return found


def first_missing(lines, today):
    """The first line that must be sent and isn't, or one that is sent and has no place; "" where all is as it must."""
    parts = stretches(lines)
    if len(parts) == 1:
        differing = [one for one in zip([*parts[0], ""], [*today, ""], strict=False) if one[0] != one[1]]
        return "" if parts[0] == today else next((one or other for one, other in differing), "one line too many")
    *inner, end = parts
    at = 0
    for number, part in enumerate(inner):
        starts = range(at, at + 1) if number == 0 else range(at, len(today) + 1)
        place = next((start for start in starts if today[start : start + len(part)] == part), None)
        if place is None:
            return next((line for line in part if line not in today[at:]), part[0])
        at = place + len(part)
    if end and (len(today) - len(end) < at or today[-len(end) :] != end):
        return next((line for line in end if line not in today[at:]), end[-1])
    return ""


@pytest.mark.parametrize("dialect", idp.names())
def test_each_act_is_done_or_never_done_as_the_golden_file_has_it(dialect):
    assert list(sent(dialect)) == list(golden(dialect))


@pytest.mark.parametrize("dialect", idp.names())
def test_what_is_documented_or_observed_is_sent_and_in_this_order(dialect):
    for heading, lines in golden(dialect).items():
        today = sent(dialect)[heading]
        missing = first_missing(lines, today)
        assert not missing, f"{heading}:\n{missing}\nToday:\n" + "\n".join(today)


@pytest.mark.parametrize("dialect", idp.names())
def test_a_reader_has_given_each_line_a_mark_and_a_source_that_there_is(dialect):
    keys, chapters = set(KEY.findall(PAPER.partition("## Dialect knobs")[0])), chapters_of(PAPER)
    for heading, lines in golden(dialect).items():
        for line in lines:
            assert not line.mark or MARK.fullmatch(line.mark), f"{heading}: [{line.mark}] {line.text}"
            assert set(KEY.findall(line.mark)) <= keys, line
            assert set(CHAPTER.findall(line.mark)) <= chapters, line


@pytest.mark.parametrize("dialect", idp.names())
def test_where_inferred_lines_have_drifted_a_warning_says_so(dialect):
    kept = {heading: [line.text for line in lines if line.mark] for heading, lines in golden(dialect).items()}
    if kept != sent(dialect):
        warnings.warn(f"{dialect}: inferred lines differ; python tools/golden_transcripts.py {dialect}", stacklevel=1)


def chapters_of(paper):
    """Dialect and chapter: ``### Okta 3. …``, or ``3. **Match & create.**`` below ``# OneLogin``."""
    found = {(name.lower(), number) for name, number in re.findall(r"^### (\w+) (\d+)", paper, re.MULTILINE)}
    found |= {("google", number) for number in "789"}  # one heading for the three
    for name, title in (("onelogin", "# OneLogin"), ("jumpcloud", "# JumpCloud"), ("pingfederate", "**PingFederate")):
        part = paper.partition(f"\n{title}")[2].partition("\n---")[0]
        found |= {(name, number) for number in re.findall(r"^(\d+)\. ", part, re.MULTILINE)}
        found |= {(name, number) for number in "89"}
    return found


def test_the_career_has_every_act():
    assert not tool.never()


# The comparison can fail ---------------------------------------------------------------------------------------------

GET, POST, NAME, TITLE = "GET /Users", "POST /Users", '"userName":"ada"', '"title":"Engineer"'


def lines_of(*marked):
    return [tool.Line(mark, text) for mark, text in marked]


ALL_KNOWN = lines_of(("doc okta:3 O1", GET), ("observed okta:3 O1", POST), ("doc okta:3 O1", NAME))
GUESSED = lines_of(("doc okta:3 O1", GET), ("inferred okta:3", POST), ("doc okta:3 O1", NAME))
GUESSED_END = lines_of(("doc okta:3 O1", GET), ("inferred okta:3", POST))


@pytest.mark.parametrize("today", [[GET, POST], [POST, GET, NAME], [GET, POST, NAME, TITLE], [GET, TITLE, POST, NAME],
                                   [TITLE, GET, POST, NAME], []])
def test_a_known_line_that_is_missing_moved_or_joined_by_another_is_found(today):
    assert not first_missing(ALL_KNOWN, [GET, POST, NAME])
    assert first_missing(ALL_KNOWN, today)


@pytest.mark.parametrize("today", [[GET, NAME], [GET, TITLE, NAME], [GET, POST, TITLE, NAME]])
def test_in_place_of_an_inferred_line_anything_may_be_sent(today):
    assert not first_missing(GUESSED, today)


@pytest.mark.parametrize("today", [[NAME, GET], [GET, POST], [POST, GET, NAME], [GET, POST, NAME, TITLE]])
def test_around_an_inferred_line_nothing_but_the_known_ones_may_be_sent(today):
    assert first_missing(GUESSED, today)


def test_an_act_may_end_with_inferred_lines():
    assert not first_missing(GUESSED_END, [GET])
    assert not first_missing(GUESSED_END, [GET, TITLE])
    assert first_missing(GUESSED_END, [TITLE])


def test_where_nothing_is_sent_nothing_may_be():
    silent = lines_of(("", "# nothing is sent"))
    assert not first_missing(silent, [])
    assert first_missing(silent, [GET])


@pytest.mark.parametrize(("turned", "act"), [
    ("okta:profile_update=patch", "update ada: a title"), ("okta:query_encoding=+", "assign ada: nobody has the name"),
    ("entra:envelope=operations-first", "deactivate ada"),
    ("jumpcloud:profile_update=patch", "update ada: a title"), ("rfc:profile_update=put", "deactivate ada"),
])
def test_an_engine_that_speaks_otherwise_is_found(turned, act):
    assert first_missing(golden(idp.base(turned))[act], sent(turned)[act])


def test_a_line_that_nobody_has_read_is_marked_as_such(tmp_path, monkeypatch):
    monkeypatch.setattr(tool, "GOLDEN", tmp_path)
    (tmp_path / "rfc.txt").write_text("== connect: the connection is tested\n", encoding="utf-8")
    assert "[??]                               GET /Users?startIndex=1&count=1\n" in tool.written("rfc")
    (tmp_path / "rfc.txt").write_text("== delete ada\n[doc RFC 7644 §3.6]  DELETE /Users/{U-ada}\n", encoding="utf-8")
    assert "[doc RFC 7644 §3.6]                DELETE /Users/{U-ada}\n" in tool.written("rfc")


def test_a_line_of_another_form_is_an_error_that_says_where(tmp_path, monkeypatch):
    monkeypatch.setattr(tool, "GOLDEN", tmp_path)
    (tmp_path / "rfc.txt").write_text("== delete ada\nDELETE /Users/{U-ada}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=re.escape("rfc.txt:2: neither a heading nor [mark] and line")):
        tool.read("rfc")
