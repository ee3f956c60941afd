"""What an owner declares about a target: promises, and the calls by which they can be watched.

``KEYS`` (``declared_keys.py``) is the catalogue of what may be declared. Reading a file is the business of
``target_file.py``.

Rule: plain data, sends nothing, holds no secret: of a secret it knows only where it comes from.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scimrig.declared_keys import KEYS, TABLES, Key
from scimrig_simulator.idp.promises import Promises

__all__ = ["KEYS", "NOTHING", "TABLES", "Declarations", "Key", "reason_code"]

_CHANNELS = frozenset({"roles.readback", "deprovision.access_probe", "webhooks.register", "webhooks.public_url"})
_CHANNEL_TABLES = frozenset({"normalized", "directory_api", "write_api", "audit", "second_tenant"})
"""What lets promises be watched, and promises nothing by itself."""


@dataclass(frozen=True, slots=True)
class Declarations:
    """What the owner of one target declares.

    data:    the tables of the target file as nested mappings, checked; secrets by their source ("env:NAME")
    distant: whether the target is beyond this machine, so that it cannot reach the sink by itself
    """

    data: Mapping[str, Any] = field(default_factory=dict)
    distant: bool = False

    def value(self, key: str) -> Any | None:
        """What is declared under a dotted key ("policy.email_change"), None where nothing is."""
        found: Any = self.data
        for part in key.split("."):
            if not isinstance(found, Mapping) or part not in found:
                return None
            found = found[part]
        return found

    def setting(self, key: str) -> Any:
        """What is declared under a key of the catalogue, else its default. Raises KeyError for an unknown key."""
        declared = self.value(key)
        return KEYS[key].default if declared is None else declared

    @property
    def promises(self) -> Promises:
        """What an engine's expectations depend on."""
        domains = self.value("policy.allowed_domains")
        return Promises(
            self.value("policy.email_change") or "allow",
            None if domains is None else tuple(domains),
            bool(self.setting("policy.subdomains_match")),
            self.value("deprovision.mode") != "hard",
        )

    def missing(self, keys: Iterable[str]) -> str:
        """One line on what must be declared for something to be played, "" where all of it is.

        A key may ask for a value, or one of several (``policy.email_change=reject|ignore``), and may name what would do
        as well (``webhooks.register|webhooks.public_url``). Webhooks from a distant target need an address of the sink
        that it can reach.
        """
        wanted = list(dict.fromkeys(keys))
        if any(key.startswith("webhooks.") for key in wanted) and not self._reachable():
            wanted.append("webhooks.public_url")
        return " and ".join(dict.fromkeys(self._lacks(wanted)))

    def _lacks(self, keys: Iterable[str]) -> Iterator[str]:
        said = ""
        for key in keys:
            name, _, value = key.partition("=")
            names = name.split("|")
            declared = next((found for found in map(self.value, names) if found is not None), None)
            if declared is None:
                code = reason_code(names[0])
                head = "" if code == said else f"{code}: "
                yield f"{head}{names[0]} (add {_lines(names)} to the target file)"
                said = code
            elif value and not any(_text(held) in value.split("|") for held in _held(declared)):
                yield f"declared otherwise: {name} = {_toml(declared)}, and this is about {value.replace('|', ' or ')}"
                said = ""

    def _reachable(self) -> bool:
        """Whether the target can reach the sink, as far as can be told from here."""
        if not self.distant or self.value("webhooks.public_url") is not None:
            return True
        host = str(self.setting("webhooks.listen")).rpartition(":")[0]
        return not (host in ("localhost", "[::1]", "[::]", "0.0.0.0") or host.startswith("127."))


NOTHING = Declarations()
"""What is declared where there is no target file."""


def reason_code(name: str) -> str:
    """Why something cannot be judged without a key: nothing is promised, or there is no way to see or to do it."""
    if name.startswith("hooks."):
        return "needs hook"
    return "no channel" if name in _CHANNELS or name.partition(".")[0] in _CHANNEL_TABLES else "undeclared"


def _lines(names: list[str]) -> str:
    return " or ".join(f"{name} = {_known(name).example}" for name in names)


def _known(name: str) -> Key:
    """The entry of a key, or of the table that it stands in (``webhooks.events.user_created``)."""
    if name in KEYS:
        return KEYS[name]
    return Key("", '"…"')


def _held(declared: Any) -> Sequence[Any]:
    """The values of which one must be the one asked for: a list, and all that it names."""
    return [declared, *declared] if isinstance(declared, list) else [declared]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else _toml(value)


def _toml(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
