"""Writes tests/playbooks/golden/<dialect>.txt: what each act of each dialect sends, line by line, with its evidence.

Run it after an engine has changed: ``python tools/golden_transcripts.py [DIALECT…]``. A line that was there keeps its
mark; a new one gets ``[??]`` until somebody has held it against docs/idp-dialects.md and written ``[doc okta:3 O1]``,
``[observed …]`` or ``[inferred …]`` in its place. Where the program says something else than a documented or observed
line, the paper is right: a test fails until they agree.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "playbooks" / "golden"
sys.path[:0] = [str(ROOT / folder) for folder in ("simulator", "harness", "reports")]

from scimrig_simulator import idp  # noqa: E402
from scimrig_simulator.clock import VirtualClock  # noqa: E402
from scimrig_simulator.drive import InProcessTransport, play  # noqa: E402
from scimrig_simulator.idp.acts import ACTS, Directory  # noqa: E402
from scimrig_simulator.idp.engine import Engine  # noqa: E402
from scimrig_simulator.server.app import Settings, build  # noqa: E402
from scimrig_simulator.wire import CREDENTIALS, LENGTH, Reply, Send, send  # noqa: E402
from scimrig_simulator.workforce.person import Person  # noqa: E402
from scimrig_simulator.workforce.team import Team  # noqa: E402

SEED = 7
BASE = "http://x/scim/v2"
NEW = "??"
WITHOUT, WITH = "headers of a request without a body", "headers of a request with a body"
_WIDTH = 34
_LINE = re.compile(r"\[(?P<mark>[^]]*)\] +(?P<text>\S.*)")
_FILLED = {CREDENTIALS: "{credentials}", LENGTH: "{length}"}
_SHAPES = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"), "{GUID}"),
    (re.compile(r"ADSCIMVersion: \d{4}-\d\d-\d\d"), "ADSCIMVersion: {date}"),
    (re.compile(r'"00u[A-Za-z0-9]{17}"'), '"00u{17 characters}"'),
    (re.compile(r'"password":"[A-Za-z0-9]{8}"'), '"password":"{8 characters}"'),
    (re.compile(r'"externalId":"[0-9a-f]{24}"'), '"externalId":"{24 hexadecimal digits}"'),
)
"""Values that follow from the seed → what is known of their form."""

HEAD = """\
# {title} ({name}): what each act sends. Made by tools/golden_transcripts.py, each mark given by a reader.
#
# [doc SOURCE], [observed SOURCE]: this line must be sent, in this order. [inferred SOURCE]: shown, not asserted.
# A source is a chapter of docs/idp-dialects.md and a key of its list of sources. The weakest part of a line decides.
# Filled in: {{U-ada}} {{G-blue}} ids that the target gave; {{meta}} what it said of a row, sent back; {{GUID}} …
"""


def _person(number: int, key: str, **known: Any) -> Person:
    given, address = key.capitalize(), f"{key}@example.com"
    empty: dict[str, Any] = {one.name: "" for one in fields(Person) if one.name not in ("manager", "active")}
    return Person(**{
        **empty, "number": number, "key": key, "given_name": given, "family_name": "Sample",
        "display_name": f"{given} Sample", "formatted": f"{given} Sample", "user_name": address, "email": address,
        "active": True, "login": key, **known,
    })  # fmt: skip


ADA = _person(1, "ada", locale="en-US")
BEN = _person(2, "ben", title="Tester", department="QA", employee_number="701", phone_work="+1 202 555 0100", manager=1)
CY, DAN, EVE = _person(3, "cy"), _person(4, "dan"), _person(5, "eve")
BLUE = Team(1, "blue", "Team Blue")
NAVY = replace(BLUE, display_name="Team Navy")

TITLED = ADA.changed({"title": "Engineer"})
MOVED = BEN.changed({"title": None, "department": "Support", "phone": "+1 202 555 0111"})
MARRIED = TITLED.changed({"userName": "ada.example@example.com", "email": "ada.example@example.com",
                          "familyName": "Example"})

THERE: tuple[Mapping[str, Any], ...] = tuple(
    {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": f"{key}@example.com",
     "name": {"givenName": given, "familyName": "Sample"}, "active": active}
    for key, given, active in (("cy", "Cyrus", True), ("dan", "Dan", False))
)  # fmt: skip
"""Who is at the target before the IdP comes."""


@dataclass(frozen=True, slots=True)
class Step:
    """One act of the career; what it is about as a heading says it."""

    act: str
    about: str
    who: Person | Team | None = None
    members: Sequence[Person] = ()
    directory: Directory | None = None


CAREER = (
    Step("connect", "connect: the connection is tested"),
    Step("assign", "assign ada: nobody has the name", ADA),
    Step("assign", "assign ben, who reports to ada: nobody has the name", BEN),
    Step("assign", "assign cy: who is there, under another given name", CY),
    Step("assign", "assign dan: who is there, and inactive", DAN),
    Step("update", "update ada: a title", TITLED),
    Step("update", "update ada: nothing has changed", TITLED),
    Step("update", "update ben: no title any more, another department and phone", MOVED),
    Step("rename", "rename ada: another family name, userName and e-mail", MARRIED),
    Step("deactivate", "deactivate ada", MARRIED),
    Step("reactivate", "reactivate ada", MARRIED),
    Step("push_group", "push_group blue, with ada: nothing has the name", BLUE, [MARRIED]),
    Step("set_members", "set_members of blue: ben and cy join", BLUE, [MARRIED, MOVED, CY]),
    Step("set_members", "set_members of blue: ada leaves, dan joins", BLUE, [MOVED, CY, DAN]),
    Step("set_members", "set_members of blue: cy leaves", BLUE, [MOVED, DAN]),
    Step("rename_group", "rename_group: blue is navy", NAVY, [MOVED, DAN]),
    Step("import_users", "import_users"),
    Step("cycle", "cycle: eve is new, and in the team like cy; dan is out of scope", None, (),
         Directory([MARRIED, MOVED, CY, EVE], [(NAVY, [MOVED, CY, EVE])])),
    Step("cycle", "cycle: nothing has changed", None, (),
         Directory([MARRIED, MOVED, CY, EVE], [(NAVY, [MOVED, CY, EVE])])),
    Step("unassign", "unassign ben", MOVED),
    Step("delete", "delete ada", MARRIED),
    Step("delete_group", "delete_group", NAVY),
)

Sections = dict[str, list[str]]
"""Heading → lines."""


def transcript(engine: Engine) -> Sections:
    """What the career sends, act by act; an act that this IdP never does says why not."""
    sections: Sections = {WITHOUT: [], WITH: []}
    with _Target() as target:
        for step in CAREER:
            why = engine.can(step.act)
            if why:
                sections[f"{step.act}: never"] = [f"# {why}"]
                continue
            target.sent.clear()
            outcome = play(engine.play(step.act, step.who, step.members, step.directory), target, target.clock)
            if isinstance(step.who, Person) and outcome.ok and engine.refers(step.who):
                outcome = play(engine.bring_references(step.who), target, target.clock)
            assert outcome.ok, f"{engine.dialect.name}: {step.about}: {outcome.words}"
            lines = [target.named(line) for request in target.sent for line in _lines(request, sections)]
            sections[step.about] = lines or ["# nothing is sent"]
    return {heading: [target.named(line) for line in lines] for heading, lines in sections.items()}


class _Target:
    """A reference server in this process; hears which ids it gives to whom."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        app = build(Settings(token="t", clock=self.clock))
        self._transport = InProcessTransport(app, BASE, "Bearer t", self.clock, 5.0)
        self.sent: list[Send] = []
        self._ids: dict[str, str] = {}

    def __enter__(self) -> _Target:
        for row in THERE:
            play(send(Send("POST", "/Users", body=dict(row))), self, self.clock)
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the server."""
        self._transport.close()

    def exchange(self, request: Send) -> Reply:
        self.sent.append(request)
        reply = self._transport.exchange(request)
        held = reply.resource()
        for row in (held, *held.get("Resources", ())):
            if "userName" in row and "id" in row:
                self._ids.setdefault(row["id"], f"{{U-{row['userName'].partition('@')[0]}}}")
            elif "id" in row:
                self._ids.setdefault(row["id"], f"{{G-{row['displayName'].rpartition(' ')[2].lower()}}}")
        return reply

    def named(self, line: str) -> str:
        """The line with ids and whatever follows from the seed filled in."""
        for id, name in self._ids.items():
            line = line.replace(id, name)
        for shape, name in _SHAPES:
            line = shape.sub(name, line)
        return line.replace(BASE, "{base}")


def _lines(request: Send, sections: Sections) -> Iterator[str]:
    """Request line and body; the headers too where they are not those of the file's head."""
    yield f"{request.method} {request.target}"
    headers = [f"{name}: {_FILLED.get(value, value)}" for name, value in request.headers]
    usual = sections[WITHOUT if request.body is None else WITH]
    if not usual:
        usual += headers
    if headers != usual:
        yield from (f"    {line}" for line in headers)
    body = request.body
    for name, value in body.items() if isinstance(body, dict) else ():
        if name == "meta" and "location" in value:
            yield '    "meta":{meta}'
        elif name == "Operations":
            yield from (f'    "Operations": {_compact(operation)}' for operation in value)
        else:
            yield f"    {_compact(name)}:{_compact(value)}"


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a golden file. mark: "doc okta:3 O1", ``NEW`` where nobody has read it, "" for a remark."""

    mark: str
    text: str

    @property
    def asserted(self) -> bool:
        """Whether it must be sent just so."""
        return self.mark.startswith(("doc ", "observed "))


def read(dialect: str) -> dict[str, list[Line]]:
    """A golden file, heading → lines. Raises ValueError for a line that is none."""
    path = GOLDEN / f"{dialect}.txt"
    sections: dict[str, list[Line]] = {}
    lines: list[Line] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines() if path.exists() else (), 1):
        if line.startswith("== "):
            lines = sections[line[3:]] = []
        elif line.startswith("#"):
            lines.append(Line("", line))
        elif line:
            found = _LINE.fullmatch(line)
            if found is None:
                raise ValueError(f"{path.name}:{number}: neither a heading nor [mark] and line: {line!r}")
            lines.append(Line(found["mark"], found["text"]))
    return sections


def written(dialect: str) -> str:
    """The file as it should be: today's lines, with the marks of those that were there."""
    engine, known = idp.engage(dialect, SEED), read(dialect)
    parts = [HEAD.format(title=engine.dialect.title, name=dialect)]
    for heading, texts in transcript(engine).items():
        marks: dict[str, list[str]] = {}
        for line in known.get(heading, ()):
            marks.setdefault(line.text, []).append(line.mark)
        parts.append(f"\n== {heading}\n")
        for text in texts:
            found = marks.get(text.strip())
            parts.append(f"{text}\n" if text.startswith("#") else _marked(found.pop(0) if found else NEW, text))
    return "".join(parts)


def _marked(mark: str, text: str) -> str:
    return f"{f'[{mark}]':<{_WIDTH}} {text}\n"


def never() -> tuple[str, ...]:
    """Acts that the career leaves out; none."""
    return tuple(act for act in ACTS if act not in {step.act for step in CAREER})


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for one in sys.argv[1:] or idp.names():
        (GOLDEN / f"{one}.txt").write_text(written(one), encoding="utf-8")
