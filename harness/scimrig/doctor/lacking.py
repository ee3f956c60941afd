"""What the target file does not declare yet, as lines to paste: each makes more checks possible.

Rule: it names what may be declared, and never says what is true of a server that it does not know.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

from scimrig.declarations import KEYS, TABLES, Declarations
from scimrig.doctor.line import Line, fine, worth
from scimrig.target import Target
from scimrig.target_meaning import mistakes

_SETTINGS = frozenset({
    "hooks.base_url", "hooks.token", "hooks.before_run", "hooks.after_run", "webhooks.secret", "webhooks.unregister",
    "webhooks.public_url", "webhooks.hmac", "second_tenant.token",
    "oauth.token_url", "oauth.client_id", "oauth.client_secret", "oauth.client_assertion",
})
"""Keys without a default that enable no check by themselves."""
_FIRST_CLAUSE = re.compile("[:;] ")
_ASKED = frozenset({"policy.subdomains_match"})
"""Keys with a default that a check asks for by name all the same."""


def lacking(target: Target) -> tuple[Line, list[str]]:
    """A line about the target file, and the lines of TOML that would enable more checks."""
    keys = list(_undeclared(target.declared))
    declared = sum(_held(target.declared, key) for key in KEYS)
    says = f"{declared} declared" if declared else "nothing is declared about this target"
    if not keys:
        return fine("target file", f"{says}; every check that can be enabled is"), []
    skipped, every = _skipped(target.declared)
    more = f"{skipped} of {every} scenarios are skipped for want of declarations" if skipped else "more may be declared"
    advice = "copy what is true of your server from the lines below into scimrig.toml; where there is a …, fill it in"
    return worth("target file", f"{says}; {more}", advice), list(_toml(target, keys))


def _undeclared(declared: Declarations) -> Iterator[str]:
    for name, key in KEYS.items():
        enables = (key.default is None and name not in _SETTINGS) or name in _ASKED
        needed = enables or (name == "webhooks.public_url" and declared.distant)
        if needed and not _held(declared, name):
            yield name


def _held(declared: Declarations, key: str) -> bool:
    return declared.value(key) is not None


def _skipped(declared: Declarations) -> tuple[int, int]:
    """How many of our scenarios need declarations that are not there."""
    from scimrig.playable import undeclared
    from scimrig.scenario.load import load

    scenarios = load()
    return sum(bool(undeclared(scenario, declared)) for scenario in scenarios), len(scenarios)


def _toml(target: Target, keys: list[str]) -> Iterator[str]:
    url, inside = "://" in target.name, "" if target.name.startswith("ref:") else f"targets.{target.name}."
    if url:
        inside = "targets.mine."
        yield "[targets.mine]"
        yield f'base_url = "{target.base_url}"'
        yield f'token = "{target.token_source if target.token is not None else "env:SCIMRIG_TOKEN"}"'
    for table in TABLES:
        names = [key.partition(".")[2] for key in keys if key.startswith(f"{table}.")]
        if names:
            known = table in target.declared.data  # a table may stand in a file only once
            yield f"# in [{inside}{table}]:" if known else f"[{inside}{table}]"
        for name in names:
            key = KEYS[f"{table}.{name}"]
            value, others = _first(key.example)
            title = _FIRST_CLAUSE.split(key.title)[0]
            wait = "" if _stands_alone(target, table, name, value) else "# "
            yield f"{wait}{name} = {value}   # {f'{others}: ' if others else ''}{title}"


def _first(example: str) -> tuple[str, str]:
    """An example as TOML, and what else may stand there: ``"reject", "ignore" or "allow"`` → ``"reject"``, the rest."""
    for end in (len(example), example.find(", "), example.find(" or ")):
        value = example[:end] if end > 0 else ""
        if value and _is_toml(value):
            rest = example[end:].removeprefix(", ").removeprefix(" or ").strip()
            return value, f"or {rest.removeprefix('or ')}" if rest else ""
    return example, ""


def _stands_alone(target: Target, table: str, name: str, value: str) -> bool:
    """Whether a line may go into a target file as it is; others are for the owner to fill in first."""
    held = dict(target.declared.data.get(table, {}))
    said = tomllib.loads(f"x = {value}")["x"]
    return "…" not in value and not list(mistakes({table: {**held, name: said}}))


def _is_toml(value: str) -> bool:
    try:
        tomllib.loads(f"x = {value}")
    except tomllib.TOMLDecodeError:
        return False
    return True
