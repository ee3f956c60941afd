"""Scenario files → scenarios. Every mistake of every file is collected and raised at once, with its place.

Rule: reading and checking only; nothing here plays or judges. A document goes through three gates: YAML read strictly
(``yaml_nodes.py``), structure (``structure.py``), meaning (``meaning.py``); one that fails a gate goes no further.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from scimrig.scenario.errors import ScenarioError, ScenarioErrors
from scimrig.scenario.meaning import BESIDE_A_CALL, VERBS, Catalogue, meaning_errors
from scimrig.scenario.model import ACTS, Place, Scenario, Step, Subject
from scimrig.scenario.structure import structure_errors
from scimrig.scenario.yaml_nodes import Document, read_documents
from scimrig.verdicts import Severity

NOT_SCENARIOS = frozenset({"consumer.yaml", "packs.yaml", "requirements.yaml"})
"""YAML files in the scenarios folder that are data of another kind."""

VENDORS = "vendors"
"""The folder of the vendors' packs: a file is a pack, which is played where it is asked for by name and not otherwise.
"""

_MAX_BYTES = 2_000_000
_REQUIREMENT = re.compile(r"^- id: *[\"']?([\w.-]+)", re.MULTILINE)
_ID_KEYS = ("kind", "exists")


def scenario_root() -> Path:
    """The folder with the shipped scenarios: package data of an installed wheel, else the checkout's ``scenarios/``.

    Raises ScenarioErrors where neither is there.
    """
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "_scenarios", package.parent.parent / "scenarios"):
        if (folder / "schema.json").is_file():
            return folder
    place = Place(str(package / "_scenarios"), 1, 1)
    raise ScenarioErrors([ScenarioError(place, "the shipped scenarios are missing: install scimrig again")])


def load(paths: Sequence[str | Path] | None = None) -> tuple[Scenario, ...]:
    """Scenarios from files and folders (None: those shipped), sorted by id. Raises ScenarioErrors with all mistakes."""
    root = scenario_root()
    errors: list[ScenarioError] = []
    scenarios: list[Scenario] = []
    for file, prefix_root in _files(paths, root, errors):
        scenarios.extend(_load_file(file, prefix_root, root, errors))
    errors.extend(_twice(scenarios))
    if errors:
        raise ScenarioErrors(errors)
    return tuple(sorted(scenarios, key=lambda scenario: scenario.id))


def load_text(text: str, file: str = "scenario.yaml") -> tuple[Scenario, ...]:
    """Scenarios from a text; ids are free. Raises ScenarioErrors."""
    scenarios, mistakes = _read(text, file, scenario_root())
    errors = [*mistakes, *_twice(scenarios)]
    if errors:
        raise ScenarioErrors(errors)
    return scenarios


@cache
def catalogue(root: Path) -> Catalogue:
    """The ids that cites may point at. Reads ids alone: parsing the whole catalogue costs more than all scenarios."""
    requirements = (root / "requirements.yaml").read_text(encoding="utf-8")
    bugs, capabilities = (
        frozenset(json.loads((root / name).read_text(encoding="utf-8")))
        for name in ("bug-classes.json", "capabilities.json")
    )
    return Catalogue(frozenset(_REQUIREMENT.findall(requirements)), bugs, capabilities)


def _files(
    paths: Sequence[str | Path] | None, root: Path, errors: list[ScenarioError]
) -> Iterator[tuple[Path, Path]]:
    """Each file, and the folder that its ids are named from."""
    for path in [root] if paths is None else [Path(path) for path in paths]:
        if path.is_dir():
            found = [file for file in sorted(path.rglob("*.y*ml")) if file.suffix in (".yaml", ".yml")]
            found = [file for file in found if file.name not in NOT_SCENARIOS and not _beside(file, path, root)]
            if not found:
                errors.append(ScenarioError(Place(str(path), 1, 1), "no scenario files (*.yaml) in this folder"))
            yield from ((file, _named_from(file, path, root)) for file in found)
        elif path.is_file():
            yield path, _named_from(path, path.parent, root)
        else:
            errors.append(ScenarioError(Place(str(path), 1, 1), "there is no such file or folder"))


def _beside(file: Path, folder: Path, root: Path) -> bool:
    """Whether a file is a vendor's pack, found below a folder that holds more than packs."""
    packs = root / VENDORS
    return file.resolve().is_relative_to(packs) and not folder.resolve().is_relative_to(packs)


def _named_from(file: Path, folder: Path, root: Path) -> Path:
    return root if file.resolve().is_relative_to(root) else folder


def _load_file(file: Path, named_from: Path, root: Path, errors: list[ScenarioError]) -> Iterator[Scenario]:
    try:
        raw = file.read_bytes()
        if len(raw) > _MAX_BYTES:
            raise ValueError(f"the file is over {_MAX_BYTES} bytes; a scenario file is a few thousand")
        text = raw.decode("utf-8-sig")
    except (OSError, ValueError) as unreadable:
        errors.append(ScenarioError(Place(str(file), 1, 1), f"this file cannot be read: {unreadable}"))
        return
    prefix = file.resolve().relative_to(named_from.resolve()).with_suffix("").as_posix()
    made, mistakes = _read(text, str(file), root)
    errors.extend(mistakes)
    if not made and not mistakes:
        errors.append(ScenarioError(Place(str(file), 1, 1), "this file holds no scenario"))
    for scenario in made:
        if scenario.id != prefix and not scenario.id.startswith(f"{prefix}/"):
            message = f"the id '{scenario.id}' must be '{prefix}' or begin with '{prefix}/', after its file"
            errors.append(ScenarioError(scenario.place, message))
        if bool(scenario.bar) is not prefix.startswith(f"{VENDORS}/"):
            message = "a test of a vendor's pack, and nothing else, has a 'bar': mandatory, optional …"
            errors.append(ScenarioError(scenario.place, message))
        yield scenario


@lru_cache(maxsize=256)
def _read(text: str, file: str, root: Path) -> tuple[tuple[Scenario, ...], tuple[ScenarioError, ...]]:
    """The scenarios of a text and its mistakes; remembered, since a process may load the same files for many runs."""
    documents, broken = read_documents(text, file)
    scenarios: list[Scenario] = []
    errors = list(broken)
    for document in documents:
        mistakes = document.errors or structure_errors(document, root / "schema.json")
        mistakes = mistakes or meaning_errors(document, catalogue(root))
        if mistakes:
            errors.extend(mistakes)
        else:
            scenarios.append(_scenario(document))
    return tuple(scenarios), tuple(errors)


def _twice(scenarios: Iterable[Scenario]) -> Iterator[ScenarioError]:
    first: dict[str, Scenario] = {}
    for scenario in scenarios:
        if scenario.id in first:
            message = f"the id '{scenario.id}' is taken already by {first[scenario.id].place}"
            yield ScenarioError(scenario.place, message)
        first.setdefault(scenario.id, scenario)


def _scenario(document: Document) -> Scenario:
    data = document.data
    return Scenario(
        id=data["scenario"],
        title=data["title"],
        area=data["area"],
        severity=Severity(data["severity"]),
        cites=tuple(data["cites"]),
        tags=tuple(data.get("tags", ())),
        needs=tuple(data.get("needs", ())),
        promises=tuple(data.get("promises", ())),
        dialects=_as_tuple(data.get("dialect")),
        given=tuple(_subject(key, about) for key, about in data.get("given", {}).items()),
        rows=_rows(data.get("matrix", {})),
        steps=_steps(data["steps"], document),
        hurts=data.get("hurts", ""),
        place=document.place(("scenario",)),
        bar=data.get("bar", ""),
        against=_as_tuple(data.get("against")),
    )


def _subject(key: str, about: dict[str, Any]) -> Subject:
    fields = {name: value for name, value in about.items() if name not in _ID_KEYS}
    return Subject(key, about.get("kind", "person"), fields, about.get("exists", False))


def _rows(matrix: dict[str, list[Any]]) -> tuple[dict[str, Any], ...]:
    return tuple(dict(zip(matrix, cells, strict=True)) for cells in itertools.product(*matrix.values()))


def _steps(steps: list[dict[str, Any]], document: Document) -> tuple[Step, ...]:
    taken = {step["id"] for step in steps if "id" in step}
    return tuple(_step(number, step, taken, document) for number, step in enumerate(steps))


def _step(number: int, step: dict[str, Any], taken: set[str], document: Document) -> Step:
    word = next(name for name in VERBS if name in step)
    argument = _argument(word, step)
    identifier = step.get("id") or _free_id(f"{number + 1}-{word}", taken)
    return Step(
        id=identifier,
        name=step.get("name", _step_name(word, argument)),
        verb="act" if word in ACTS else word,
        act=word if word in ACTS else "",
        argument=argument,
        expect=() if word == "call" else _as_tuple(step.get("expect")),
        keep=dict(step.get("keep", {})),
        place=document.place(("steps", number)),
    )


def _argument(word: str, step: dict[str, Any]) -> Any:
    """What stands behind a verb; what a call says beside its key goes with it."""
    if word != "call":
        return step[word]
    return {"key": step["call"], **{name: step[name] for name in BESIDE_A_CALL if name in step}}


def _free_id(wanted: str, taken: set[str]) -> str:
    while wanted in taken:
        wanted += "-"
    return wanted


def _step_name(word: str, argument: Any) -> str:
    """``assign ada``, ``PATCH /Users/${{ ada.id }}``, ``check ada``, ``await user_created about ada``."""
    if word == "send":
        return next(f"{key} {path}" for key, path in argument.items() if key.isupper())
    if word == "check":
        return f"check {argument.get('user') or argument['group']}"
    if argument is True:
        return word
    if word == "hook":
        team = argument["map_group"]
        return f"map group {team if isinstance(team, str) else next(iter(team))}"
    if word == "await":
        return f"await {argument['event']} about {argument['about']}"
    if word == "call":
        return f"call {argument['key']}" + (f" about {argument['about']}" if "about" in argument else "")
    if word == "wait":
        return f"wait {argument:g} s"
    if word == "reconcile":
        return f"reconcile {', '.join(argument)}"
    if word == "audited":
        return f"audited {argument['about']}"
    subject = argument if isinstance(argument, str) else next(iter(argument))
    return f"{word.replace('_', ' ')} {subject}"


def _as_tuple(value: Any) -> tuple[Any, ...]:
    if value is None:
        return ()
    return tuple(value) if isinstance(value, list) else (value,)
