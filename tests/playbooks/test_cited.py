"""Every row of a dialect's tables has a playbook test that cites it.

A test cites with ``@pytest.mark.cites("okta", "look-up", "404 to a look-up")``: the dialect (or several, with commas
between), then names of knobs and kinds of answers that it has a reaction to. What dialects have in common is proved for
one of them: where two have the same row, a test of either will do.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from scimrig_simulator import idp

HERE = Path(__file__).parent


def _cited() -> set[tuple[str, str]]:
    found = set()
    for path in sorted(HERE.glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.cites":
                dialects, *names = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
                found |= {(dialect.strip(), name) for dialect in str(dialects).split(",") for name in names}
    return found


CITED = _cited()
ROWS = {
    name: {knob.name: knob for knob in dialect.knobs} | {reaction.answer: reaction for reaction in dialect.reactions}
    for name, dialect in ((name, idp.engage(name, 1).dialect) for name in idp.names())
}


@pytest.mark.parametrize("dialect", idp.names())
def test_every_knob_and_every_reaction_has_a_test_that_cites_it(dialect: str) -> None:
    proved = [ROWS[other][name] for other, name in CITED if name in ROWS.get(other, ())]
    missing = sorted(name for name, row in ROWS[dialect].items() if (dialect, name) not in CITED and row not in proved)
    assert not missing


def test_what_is_cited_exists() -> None:
    assert not sorted((dialect, name) for dialect, name in CITED if name not in ROWS.get(dialect, ()))
