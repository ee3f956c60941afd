"""What a user orders an IdP to do: the words of a command line, read strictly.

Rule: every slip is told with what was probably meant, before anything is made or sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scimrig.acting.state import KEY, made_up
from scimrig.suggestion import did_you_mean
from scimrig_simulator import idp
from scimrig_simulator.idp.acts import ACTS, GROUP_ACTS, LONE_ACTS
from scimrig_simulator.workforce.team import Team

READING = frozenset({"connect", "import_users"})
"""Acts that write nothing."""

_SEND_NO_PROFILE = frozenset({*LONE_ACTS, "deactivate", "unassign", "delete", "delete_group"})

WORDS = "scimrig act IDP ACT [SUBJECT] TARGET"


class OrderError(Exception):
    """The order makes no sense, in itself or as things are; the text says what to do first."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be played.

    subject: key of a person, of a team for group acts, "" for acts about nobody
    changes: fields of the person or team that change with it
    members: keys of people; None = those that the team has
    """

    dialect: str
    act: str
    subject: str = ""
    changes: Mapping[str, Any] = field(default_factory=dict)
    members: tuple[str, ...] | None = None

    @property
    def of_group(self) -> bool:
        return self.act in GROUP_ACTS


def read(words: Sequence[str], changes: Sequence[str], members: str | None) -> tuple[Order, str]:
    """The order that a command line means, and its target as named there. Raises OrderError.

    words: IDP ACT [SUBJECT] TARGET;  changes: NAME=VALUE each;  members: keys with commas between, None = as they are
    """
    dialect, act = _idp_and_act(words)
    subject, target = _whom_and_where(dialect, act, words[2:])
    order = Order(dialect, act, subject, _changes(changes), _members(members))
    _check(order)
    return order, target


def _idp_and_act(words: Sequence[str]) -> tuple[str, str]:
    if not words:
        raise OrderError(f"usage: {WORDS} (scimrig act --help says more)")
    dialect = words[0]
    if idp.base(dialect) not in idp.names():
        swapped = dialect.replace("-", "_") in ACTS and len(words) > 1 and words[1] in idp.names()
        hint = f"; the IdP comes first: scimrig act {words[1]} {dialect}" if swapped else ""
        raise OrderError(f"there is no IdP {dialect!r}{hint or did_you_mean(dialect, idp.names())}")
    try:
        engine = idp.engage(dialect, 1)
    except ValueError as wrong:
        raise OrderError(str(wrong)) from None
    if len(words) < 2:
        raise OrderError(f"what shall {dialect} do? Acts are {', '.join(ACTS)}")
    act = words[1].replace("-", "_").lower()
    if act not in ACTS:
        raise OrderError(f"there is no act {words[1]!r}{did_you_mean(act, ACTS)}")
    reason = engine.can(act)
    if reason:
        raise OrderError(reason)
    return dialect, act


def _whom_and_where(dialect: str, act: str, rest: Sequence[str]) -> tuple[str, str]:
    wanted = 1 if act in LONE_ACTS else 2
    if len(rest) > wanted:
        why = f" ({act} is about nobody)" if act in LONE_ACTS else ""
        raise OrderError(f"one word too many: {rest[wanted]!r}{why}; usage: {WORDS}")
    kind, example = ("a team", "engineers") if act in GROUP_ACTS else ("a person", "ada")
    if wanted == 2 and (not rest or "://" in rest[0] or rest[0].startswith("ref:")):
        where = rest[0] if rest else "TARGET"
        said = f"scimrig act {dialect} {act} {example} {where}"
        raise OrderError(f"{act} is about {kind}; say whom, by any key you like: {said}")
    if len(rest) < wanted:
        said = " ".join(["scimrig act", dialect, act, *rest, "http://127.0.0.1:8080/scim/v2"])
        raise OrderError(
            f"on which target? A base URL, or a name in scimrig.toml: {said}"
            " (`scimrig serve --port 8080` starts a server to try it on)"
        )
    return ("", rest[0]) if wanted == 1 else (_key(rest[0]), rest[1])


def _key(word: str) -> str:
    key = word.strip().lower()
    if not KEY.match(key):
        more = "; the address is made up, give another with --set userName=…" if "@" in word else ""
        raise OrderError(
            f"{word!r} is no key: take up to 30 letters, digits, '-' and '_', with a letter first, such as ada{more}"
        )
    return key


def _changes(given: Sequence[str]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals or not name:
            raise OrderError(f"--set {text!r}: write NAME=VALUE, e.g. --set title='Lead Engineer'; NAME= takes it away")
        spoken = {"true": True, "false": False}.get(value.lower(), value) if name == "active" else value
        changes[name] = None if spoken == "" else spoken
    return changes


def _members(given: str | None) -> tuple[str, ...] | None:
    if given is None:
        return None
    return tuple(dict.fromkeys(_key(word) for word in given.split(",") if word.strip()))


def _check(order: Order) -> None:
    """Whether the parts of an order go together; changes are tried out on somebody whom nobody knows."""
    if order.changes and order.act in _SEND_NO_PROFILE:
        raise OrderError(f"--set does not go with {order.act}: nothing of the profile is sent")
    if order.members is not None and not order.of_group:
        raise OrderError(f"--members does not go with {order.act}: it is about one person")
    if order.act == "rename" and not order.changes:
        raise OrderError("rename to what? --set familyName=Lovelace, say, or --set userName=…")
    if order.members is not None and order.act in ("rename_group", "delete_group"):
        raise OrderError(f"--members does not go with {order.act}: who is in the group stays as it is")
    if order.act == "rename_group" and not order.changes:
        raise OrderError('rename to what? --set displayName="Team Navy", say')
    if order.act == "set_members" and order.members is None:
        raise OrderError('who is in it from now on? --members ada,bob (--members "" for nobody)')
    try:
        if order.of_group:
            Team(1, order.subject, "a team").changed(order.changes)
        elif order.subject:
            boss = order.changes.get("manager")
            if boss is not None and (not KEY.match(str(boss)) or boss == order.subject):
                raise ValueError(f"manager is another person's key, such as ben, not {boss!r}")
            plain = {name: value for name, value in order.changes.items() if name != "manager"}
            made_up(order.subject, 1, "rig00000", "example.com").changed(plain)
    except ValueError as wrong:
        raise OrderError(f"--set: {wrong}") from None
