"""What every engine has in common: its table of knobs, its acts, what it believes, what it means to leave behind.

An engine speaks one dialect for one case. Its acts are flows (``wire.Flow``): they choose the next request from the
last answer and return an ``Outcome`` in the IdP's own words. Intents come from the person and the engine's own mapping,
never from re-reading a request.

Rule: no I/O, no clock, no server-side semantics. Beliefs change only inside acts and through ``adopt``.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

from scimrig_simulator.idp.fate import fated
from scimrig_simulator.idp.intent import Intent, Outcome
from scimrig_simulator.idp.mapping import Values
from scimrig_simulator.idp.promises import Promises
from scimrig_simulator.wire import Flow, Headers, Json, QueryStyle, Reply, Send, segment, send

if TYPE_CHECKING:
    from scimrig_simulator.workforce.person import Person
    from scimrig_simulator.workforce.team import Team

Mark: TypeAlias = Literal["doc", "observed", "inferred"]

USER_ACTS = ("connect", "assign", "update", "rename", "deactivate", "reactivate", "delete")
GROUP_ACTS = ("push_group", "set_members")
ACTS = USER_ACTS + GROUP_ACTS
PARTINGS = frozenset({"deactivate", "delete"})
"""Acts that switch somebody off, which a target must never refuse because of an address."""

NO_PROMISES = Promises()
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True, slots=True)
class Knob:
    """One trait of a dialect: its value, how well it is known, and where from (``okta:1 [O8]``)."""

    name: str
    value: str
    mark: Mark
    source: str


@dataclass(frozen=True, slots=True)
class ActGround:
    """What an act stands on.

    chapter: of the dialect's part of idp-dialects.md
    needs:   what the target must offer: users groups filter patch put delete enterprise
    knobs:   those in play: a sound server's refusal could turn on them
    """

    chapter: int
    needs: frozenset[str]
    knobs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dialect:
    """One way of speaking SCIM. ``acts`` lacks what this IdP never does."""

    name: str
    title: str
    knobs: tuple[Knob, ...]
    acts: Mapping[str, ActGround]

    def knob(self, name: str) -> Knob:
        """The knob of that name. Raises KeyError where the dialect has none."""
        for knob in self.knobs:
            if knob.name == name:
                return knob
        raise KeyError(f"{self.name} has no knob {name!r}")


def ground(chapter: int, needs: str, knobs: str) -> ActGround:
    """Short hand for tables: needs and knobs are separated by blanks."""
    return ActGround(chapter, frozenset(needs.split()), tuple(knobs.split()))


class Engine:
    """An IdP with one target, for one case. Subclasses set ``dialect``, ``query`` and play the acts.

    Ids are kept by the person's number and key, so that a changed person is still the same one.
    """

    dialect: Dialect
    query: QueryStyle
    _drops_users: ClassVar[bool] = True  # does the act ``delete`` end with a row gone?
    _clears: ClassVar[bool] = True  # is an attribute that the person lost cleared at the target?
    _switch_acts: ClassVar[frozenset[str]] = frozenset({"deactivate", "delete"})  # acts that send ``active`` alone

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._users: dict[str, str] = {}
        self._groups: dict[str, str] = {}
        self._gone: set[str] = set()  # linked once, link forgotten; the id stays readable for observers
        self._off: set[str] = set()  # switched off by an act of ours
        self._sent: dict[str, set[str]] = {}  # user key → paths that were ever given a value, or cleared
        self._members: dict[str, dict[str, str]] = {}  # team key → member's user key → id
        self._touched: dict[str, set[str]] = {}  # act → knobs that its last run brought into play
        self._act = ""

    # What the rig asks for -------------------------------------------------------------------------------------------

    def can(self, act: str) -> str:
        """ "" where this IdP does the act, else the reason why not. Raises ValueError for an act that nobody has."""
        if act not in ACTS:
            raise ValueError(f"{act!r} is not an act; acts are {', '.join(ACTS)}")
        if act in self.dialect.acts:
            return ""
        return f"{self.dialect.title} does not do {act}"

    def inferred(self, act: str) -> tuple[str, ...]:
        """Names of knobs in play that rest on inference alone, so that a refusal can't be blamed with certainty.

        Besides those of the act's ground, the ones that its last run brought into play (an unusual branch).
        """
        grounds = self.dialect.acts.get(act)
        names = [*(grounds.knobs if grounds else ()), *sorted(self._touched.get(act, ()))]
        return tuple(dict.fromkeys(name for name in names if self.dialect.knob(name).mark == "inferred"))

    def headers(self, body: bool) -> Headers:
        """The dialect's header block; ``body``: with the lines that only go with a body."""
        raise NotImplementedError

    def id_of(self, person: Person) -> str:
        """The id the engine has for a person, also after a delete; "" where it never had one."""
        return self._users.get(_key(person), "")

    def group_id(self, team: Team) -> str:
        """The id the engine has for a team; "" where it has none."""
        return self._groups.get(_key(team), "")

    def external_id(self, person: Person) -> str:
        """What this IdP sends as externalId; "" where it sends none."""
        raise NotImplementedError

    def adopt(self, person: Person, id: str) -> None:
        """Take an id as linked that came about by other means (a probe's own POST)."""
        self._link(person, id)

    def adopt_group(self, team: Team, id: str, members: Sequence[Person] = ()) -> None:
        """Take a group's id as linked, with the members it is known to have."""
        self._groups[_key(team)] = id
        self._members[_key(team)] = self._known(members)

    # What it means to leave behind -----------------------------------------------------------------------------------

    def expected_user(
        self, person: Person, act: str, promises: Promises = NO_PROMISES, held: Intent | None = None
    ) -> Intent:
        """What a sound server holds of a person after an act: every attribute that this IdP maps and has sent.

        held: what was in force before the act (``intent.in_force``), None where that is not known. An act that the
        ``promises`` have refused leaves it as it was; ask after the act was played.
        """
        if act in PARTINGS and not promises.keeps_leavers:
            return Intent("User", exists=False)
        granted = {} if held is None or not held.exists else self._granted(act, held)
        return fated(self._intended(person, act), held, promises, parts=act in PARTINGS, granted=granted)

    def expected_group(self, team: Team, members: Sequence[Person]) -> Intent:
        """What a sound server holds of a group afterwards; members whose id is unknown are never sent."""
        values: dict[str, Json] = {"displayName": team.display_name}
        external = self._group_external_id(team)
        if external:
            values["externalId"] = external
        return Intent("Group", values=values, members=frozenset(self._known(members).values()))

    # Acts ------------------------------------------------------------------------------------------------------------

    def play(self, act: str, who: Person | Team | None = None, members: Sequence[Person] = ()) -> Flow[Outcome]:
        """The act of that name (one of ``ACTS``). ``who``: None for connect; ``members``: for acts on a team."""
        subjects = () if who is None else (who, members) if act in GROUP_ACTS else (who,)
        flow: Flow[Outcome] = getattr(self, act)(*subjects)
        return flow

    def connect(self) -> Flow[Outcome]:
        """Test the credentials and the address."""
        raise NotImplementedError

    def assign(self, person: Person) -> Flow[Outcome]:
        """Give a person the app: link who is there, create who is not."""
        raise NotImplementedError

    def update(self, person: Person) -> Flow[Outcome]:
        """Bring the server's copy up to the person as they are now."""
        raise NotImplementedError

    def rename(self, person: Person) -> Flow[Outcome]:
        """The person has another name, and perhaps another userName and e-mail."""
        raise NotImplementedError

    def deactivate(self, person: Person) -> Flow[Outcome]:
        """Take the app away."""
        raise NotImplementedError

    def reactivate(self, person: Person) -> Flow[Outcome]:
        """Give the app back to somebody who had it."""
        raise NotImplementedError

    def delete(self, person: Person) -> Flow[Outcome]:
        """The person is deleted at the IdP."""
        raise NotImplementedError

    def push_group(self, team: Team, members: Sequence[Person]) -> Flow[Outcome]:
        """Create or link a group and bring its members."""
        self._begin("push_group")
        return (yield from self._provision_group(team, members))

    def set_members(self, team: Team, members: Sequence[Person]) -> Flow[Outcome]:
        """The team's members are now these."""
        self._begin("set_members")
        return (yield from self._provision_group(team, members))

    # For the subclasses ----------------------------------------------------------------------------------------------

    def _provision_group(self, team: Team, members: Sequence[Person]) -> Flow[Outcome]:
        """Bring a group to its name and members, whether or not it is there. For IdPs that do both acts alike."""
        raise NotImplementedError

    def _intended(self, person: Person, act: str) -> Intent:
        """What an act is meant to leave behind on a target that takes whatever it is sent."""
        if act == "delete" and self._drops_users:
            return Intent("User", exists=False)
        if act in self._switch_acts:
            return Intent("User", values={"active": act == "reactivate"})
        sent = self._sent.get(_key(person), set())
        values: dict[str, Json] = {}
        for path, value in self._values(person).items():
            if value != "":
                values[path] = value
            elif path in sent and self._clears:
                values[path] = None
        values["active"] = self._leaves_active(person, act)
        return Intent("User", values=values)

    def _granted(self, act: str, held: Intent) -> Values:
        """What an act has brought about by requests of its own before the one that carries the address."""
        return {}

    def _values(self, person: Person) -> Values:
        """The mapping: SCIM path → value, "" where the person has none; without ``active``."""
        raise NotImplementedError

    def _group_external_id(self, team: Team) -> str:
        return ""

    def _leaves_active(self, person: Person, act: str) -> bool:
        if act in ("deactivate", "reactivate"):
            return act == "reactivate"
        return person.active if act == "assign" else self._is_active(person)

    def _is_active(self, person: Person) -> bool:
        return person.active and _key(person) not in self._off

    def _begin(self, act: str) -> None:
        self._act = act
        self._touched[act] = set()

    def _touch(self, knob: str) -> None:
        self._touched[self._act].add(knob)

    def _link(self, person: Person, id: str) -> None:
        self._users[_key(person)] = id
        self._gone.discard(_key(person))

    def _forget(self, person: Person) -> None:
        self._gone.add(_key(person))

    def _linked(self, person: Person) -> str:
        return "" if _key(person) in self._gone else self.id_of(person)

    def _switch(self, person: Person, *, on: bool) -> None:
        (self._off.discard if on else self._off.add)(_key(person))

    def _note_sent(self, person: Person, paths: Sequence[str] | frozenset[str]) -> None:
        self._sent.setdefault(_key(person), set()).update(paths)

    def _known(self, members: Sequence[Person]) -> dict[str, str]:
        """User key → id of the members that are linked, in the order given."""
        return {_key(person): self._linked(person) for person in members if self._linked(person)}

    def _believed(self, team: Team) -> dict[str, str]:
        return self._members.setdefault(_key(team), {})

    def _joiners(self, team: Team, members: Sequence[Person]) -> list[Person]:
        """Linked members that the group is not yet believed to have."""
        known = set(self._believed(team).values())
        return [person for person in members if self._linked(person) and self._linked(person) not in known]

    def _leavers(self, team: Team, members: Sequence[Person]) -> list[str]:
        """Ids that the group is believed to have and should have no longer."""
        wanted = set(self._known(members).values())
        return [id for id in self._believed(team).values() if id not in wanted]

    def _link_group(self, team: Team, id: str) -> None:
        self._groups[_key(team)] = id
        self._members[_key(team)] = {}

    def _forget_group(self, team: Team) -> None:
        self._groups.pop(_key(team), None)
        self._members.pop(_key(team), None)

    def _send(self, method: str, path: str, purpose: str, *, query: Sequence[tuple[str, str]] = (),
              body: Json = None) -> Flow[Reply]:
        """Send a request in this dialect's headers and query encoding."""
        headers = self.headers(body is not None)
        return send(Send(method, path, self.query.encode(query), headers, body, purpose))


def user_path(id: str) -> str:
    """``/Users/{id}``, the id percent-encoded."""
    return f"/Users/{segment(id)}"


def group_path(id: str) -> str:
    """``/Groups/{id}``, the id percent-encoded."""
    return f"/Groups/{segment(id)}"


def label(person: Person) -> str:
    """How transcripts call a person: the scenario's key, else the userName."""
    return person.key or person.user_name


def token(length: int, *parts: object) -> str:
    """Letters and digits that follow from ``parts`` alone, the same on every machine."""
    digest = hashlib.blake2b("\x1f".join(map(str, parts)).encode()).digest()
    number = int.from_bytes(digest, "big")
    letters: list[str] = []
    for _ in range(length):
        number, index = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[index])
    return "".join(letters)


def guid(*parts: object) -> str:
    """A GUID that follows from ``parts`` alone, in the form of a random one (RFC 9562 version 4)."""
    digest = hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=16).digest()
    return str(uuid.UUID(bytes=digest, version=4))


def _key(subject: Person | Team) -> str:
    return f"{subject.number}:{subject.key}"


def subject_key(subject: Person | Team) -> str:
    """What tells people and teams apart through all their changes."""
    return _key(subject)
