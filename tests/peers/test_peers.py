"""The whole suite on SCIM servers of others: what it finds is known, entry by entry, and nothing known has gone.

``docs/peers/`` says of each finding why it is right. A new one is either a defect of the peer, and gets an entry in its
baseline with the reason, or a mistake of ours.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from scimrig import baseline
from scimrig.judge import Judge
from scimrig.runlog import read
from scimrig.verdicts import RunResult, Status

HERE = Path(__file__).parent
DOCS = HERE.parent.parent / "docs" / "peers"
PEERS = ("scim2-server", "django-scim2", "scimmy", "better-auth")
OWNER = "scimrig maintainers"


@pytest.mark.peer
@pytest.mark.slow
@pytest.mark.parametrize("name", PEERS)
def test_every_finding_is_known_and_every_known_one_is_found(
    name: str, peer: Callable[[str], str], rig: Callable[..., Any], tmp_path: Path
) -> None:
    known, report = HERE / f"{name}-baseline.yaml", tmp_path / "report.xml"
    done = rig(
        "run", peer(name), "--token-env", "SCIMRIG_TOKEN", "--junit", str(report), "--baseline", str(known),
        "--fail-on", "warn", "--jobs", "4",
    )
    assert done.code == 0, done.out + done.err
    result = judged(tmp_path, known)
    print(f"{name}: {done.seconds:.0f} s; cases {counted(result.cases)}; findings {counted(result.known)}, all known")
    assert (result.findings, result.stale, result.leftovers) == ((), (), ())
    suites = ElementTree.parse(report).getroot()
    assert suites.findall(".//failure") == []
    assert len(suites.findall(".//testcase")) > len(result.cases)
    page = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    authorities = {finding.authority.removeprefix("rfc:") for finding in result.known if finding.status is Status.FAIL}
    assert {authority for authority in authorities if ":" not in authority and authority not in page} == set()


@pytest.mark.parametrize("name", PEERS)
def test_a_baseline_says_who_holds_it_and_by_what_authority(name: str) -> None:
    entries = baseline.load(HERE / f"{name}-baseline.yaml").entries
    assert entries
    for entry in entries:
        assert entry.owner == OWNER, entry
        assert entry.authority, entry
        assert len(entry.reason) > 20, entry


def judged(folder: Path, known: Path) -> RunResult:
    """The one run below a folder, judged again from its log."""
    (log,) = (folder / ".scimrig" / "runs").glob("*/log.ndjson")
    judge = Judge()
    for record in read(log):
        judge.feed(record)
    return baseline.apply(judge.result(), baseline.load(known), date.today())


def counted(things: Any) -> str:
    """``350 pass, 20 known``."""
    counts = Counter(thing.status.value for thing in things)
    return ", ".join(f"{number} {status}" for status, number in counts.most_common())
