"""What every engine has in common: its table of knobs, its acts, what it believes, what it means to leave behind.

An engine speaks one dialect for one case. Its acts are flows (``wire.Flow``): they choose the next request from the
last answer and return an ``Outcome`` in the IdP's own words. Intents come from the person and the engine's own mapping,
never from re-reading a request.

Rule: no I/O, no clock, no server-side semantics. Beliefs change only inside acts and through ``adopt``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from scimrig_simulator.idp import answers
from scimrig_simulator.idp.acts import ACTS, GROUP_ACTS, PARTINGS, Directory
from scimrig_simulator.idp.fate import fated
from scimrig_simulator.idp.intent import Intent, Outcome, in_force
from scimrig_simulator.idp.knobs import Dialect
from scimrig_simulator.idp.mapping import Values
from scimrig_simulator.idp.memory import Memory, PlainMemory, Table
from scimrig_simulator.idp.promises import Promises
from scimrig_simulator.idp.subjects import subject_key
from scimrig_simulator.wire import Flow, Headers, Json, QueryStyle, Reply, Send, Step, overheard, send

if TYPE_CHECKING:
    from scimrig_simulator.workforce.person import Person
    from scimrig_simulator.workforce.team import Team

NO_PROMISES = Promises()
_TOGGLES = {
    "update": "update", "rename": "update",
    "deactivate": "deactivate", "unassign": "deactivate", "delete": "deactivate",
}


class Engine:
    """An IdP with one target. Subclasses set ``dialect``, ``query`` and play the acts.

    Ids are kept by the person's number and key, so that a changed person is still the same one.

    dialect:  the table; the class's own where None
    memory:   where beliefs are kept; in memory where None
    settings: knob → value, for those that are turned. Raises ValueError for one that the dialect cannot have
    """

    dialect: Dialect
    query: QueryStyle
    _drops_users: ClassVar[bool] = True  # does the act ``delete`` end with a row gone?
    _clears: ClassVar[bool] = True  # is an attribute that the person lost cleared at the target?
    _switch_acts: ClassVar[frozenset[str]] = frozenset({"deactivate", "delete"})  # acts that send ``active`` alone

    def __init__(
        self, seed: int, dialect: Dialect | None = None, memory: Memory | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.seed = seed
        self.dialect = (dialect or self.dialect).turned(settings or {})
        self._settings = {knob.name: knob.value for knob in self.dialect.knobs}
        self._memory = memory or PlainMemory()
        self.tables: dict[str, Table] = {}
        self._users = self._table("users")  # user key → id
        self._numbers = self._table("numbers")  # number of a person → user key
        self._groups = self._table("groups")  # team key → id
        self._gone = self._table("gone")  # user keys: linked once, link forgotten; the id stays readable for observers
        self._off = self._table("off")  # user keys: switched off by an act of ours
        self._sent = self._table("sent")  # user key → paths that were ever given a value, or cleared; sorted
        self._members = self._table("members")  # team key → member's user key → id
        self.nobody = "nobody@example.com"  # userName that nobody has, for connection tests; whoever plays gives one
        self.imported: frozenset[str] = frozenset()  # ids that the last ``import_users`` has read
        self._headers: dict[bool, Headers] = {}  # with a body, without: the same for every request
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

    def setting(self, knob: str) -> str:
        """The value that a knob has, by itself or by an option. Raises KeyError for a knob that there is none of."""
        return self._settings[knob]

    def on(self, toggle: str) -> bool:
        """Whether an admin's toggle is on; one that the dialect doesn't have is."""
        return self._settings.get(toggle, "on") != "off"

    def switched_off(self, act: str) -> str:
        """The toggle that keeps an act from being played at all, "" where none does.

        ``create`` is not among those of ``assign``: who is there already is linked all the same.
        """
        toggle = _TOGGLES.get(act, "groups" if act in GROUP_ACTS else "")
        return toggle if toggle and not self.on(toggle) else ""

    def inferred(self, act: str) -> tuple[str, ...]:
        """Names of knobs in play that rest on inference alone, so that a refusal can't be blamed with certainty.

        Besides those of the act's ground, the ones that its last run brought into play (an unusual branch).
        """
        grounds = self.dialect.acts.get(act)
        names = [*(grounds.knobs if grounds else ()), *sorted(self._touched.get(act, ()))]
        return tuple(dict.fromkeys(name for name in names if self.dialect.knob(name).mark == "inferred"))

    def reads_as(self, *kinds: str) -> str:
        """What this IdP makes of an answer, as a finding prints it: by the first of its kinds (``answers.kinds``) that
        the dialect has a reaction to; "" where there is none.
        """
        means = {reaction.answer: reaction.means for reaction in self.dialect.reactions}
        return next((means[kind] for kind in kinds if kind in means), "")

    def table(self, name: str) -> Table:
        """A table of this name beside the engine's own, kept and recalled with them."""
        return self._table(name)

    def headers(self, body: bool) -> Headers:
        """The dialect's header block; ``body``: with the lines that only go with a body."""
        raise NotImplementedError

    def id_of(self, person: Person) -> str:
        """The id the engine has for a person, also after a delete; "" where it never had one."""
        return str(self._users.get(subject_key(person), ""))

    def id_of_number(self, number: int) -> str:
        """The id of the linked person of that number, such as somebody's manager; "" where there is none."""
        key = self._numbers.get(str(number))
        return "" if key is None or key in self._gone else str(self._users.get(key, ""))

    def group_id(self, team: Team) -> str:
        """The id the engine has for a team; "" where it has none."""
        return str(self._groups.get(subject_key(team), ""))

    def external_id(self, person: Person) -> str:
        """What this IdP sends as externalId; "" where it sends none."""
        raise NotImplementedError

    def adopt(self, person: Person, id: str) -> None:
        """Take an id as linked that came about by other means (a probe's own POST)."""
        self._link(person, id)

    def adopt_group(self, team: Team, id: str, members: Sequence[Person] = ()) -> None:
        """Take a group's id as linked, with the members it is known to have."""
        self._groups[subject_key(team)] = id
        self._members[subject_key(team)] = self._known(members)

    # What it means to leave behind -----------------------------------------------------------------------------------

    def expected_user(
        self, person: Person, act: str, promises: Promises = NO_PROMISES, held: Intent | None = None
    ) -> Intent:
        """What a sound server holds of a person after an act: every attribute that this IdP maps and has sent.

        held: what was in force before the act (``intent.in_force``), None where that is not known. An act that the
        ``promises`` have refused leaves it as it was; ask after the act was played.
        """
        if act == "unassign":
            act = self._parting()
        uncreated = act == "assign" and not self.on("create") and not self._linked(person)
        if not act or uncreated or self.switched_off(act):
            return replace(in_force(held, held), fate="applied") if held is not None else Intent("User", exists=False)
        if act in PARTINGS and not promises.keeps_leavers:
            return Intent("User", exists=False)
        granted = {} if held is None or not held.exists else self._granted(act, held)
        return fated(self._intended(person, act), held, promises, parts=act in PARTINGS, granted=granted)

    def expected_group(self, team: Team, members: Sequence[Person], act: str = "set_members") -> Intent:
        """What a sound server holds of a group after an act; members whose id is unknown are never sent."""
        if act == "delete_group":
            return Intent("Group", exists=False)
        values: dict[str, Json] = {"displayName": team.display_name}
        external = self._group_external_id(team)
        if external:
            values["externalId"] = external
        return Intent("Group", values=values, members=frozenset(self._known(members).values()))

    # Acts ------------------------------------------------------------------------------------------------------------

    def play(
        self, act: str, who: Person | Team | None = None, members: Sequence[Person] = (),
        directory: Directory | None = None,
    ) -> Flow[Outcome]:
        """The act of that name (one of ``ACTS``), unless an admin's toggle keeps it from being sent.

        who: None for ``LONE_ACTS``; members: for acts on a team but ``delete_group``; directory: for ``cycle``
        """
        toggle = self.switched_off(act)
        if toggle:
            return self._skipped(act, toggle)
        subjects: tuple[object, ...] = () if who is None else (who,)
        if act == "cycle":
            subjects = (directory or Directory(()),)
        elif act in GROUP_ACTS and act != "delete_group":
            subjects = (who, members)
        flow: Flow[Outcome] = getattr(self, act)(*subjects)
        return self._understood(flow)

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

    def unassign(self, person: Person) -> Flow[Outcome]:
        """The person is no longer in scope: what follows is the knob ``out-of-scope``."""
        raise NotImplementedError

    def delete(self, person: Person) -> Flow[Outcome]:
        """The person is deleted at the IdP."""
        raise NotImplementedError

    def import_users(self) -> Flow[Outcome]:
        """Read who and what is at the target already; ``imported`` holds the ids afterwards."""
        raise NotImplementedError

    def cycle(self, directory: Directory) -> Flow[Outcome]:
        """One pass over the whole directory, as after a restart of the job: an identical second one writes nothing."""
        raise NotImplementedError

    def refers(self, person: Person) -> bool:
        """Whether a reference of theirs, such as the manager, is still to be sent in a request of its own."""
        return False

    def references(self, person: Person) -> Values:
        """What the server should hold of such references: SCIM path → value, as far as whom they mean is known."""
        return {}

    def bring_references(self, person: Person) -> Flow[Outcome]:
        """Send the references that ``refers`` speaks of."""
        raise NotImplementedError

    def push_group(self, team: Team, members: Sequence[Person]) -> Flow[Outcome]:
        """Create or link a group and bring its members."""
        self._begin("push_group")
        return (yield from self._provision_group(team, members))

    def set_members(self, team: Team, members: Sequence[Person]) -> Flow[Outcome]:
        """The team's members are now these."""
        self._begin("set_members")
        return (yield from self._provision_group(team, members))

    def rename_group(self, team: Team, members: Sequence[Person]) -> Flow[Outcome]:
        """The team has another name; its members are still these."""
        self._begin("rename_group")
        return (yield from self._provision_group(team, members))

    def delete_group(self, team: Team) -> Flow[Outcome]:
        """The team is no longer pushed, and its group goes."""
        raise NotImplementedError

    # For the subclasses ----------------------------------------------------------------------------------------------

    def _provision_group(self, team: Team, members: Sequence[Person]) -> Flow[Outcome]:
        """Bring a group to its name and members, whether or not it is there. For IdPs that do both acts alike."""
        raise NotImplementedError

    def _skipped(self, act: str, toggle: str) -> Flow[Outcome]:
        self._begin(act)
        yield from ()
        return Outcome("skipped", True, f"{self.dialect.title} sends nothing: {toggle} is switched off")

    def _understood(self, flow: Flow[Outcome]) -> Flow[Outcome]:
        """The same act; where it fails, the outcome says what the IdP makes of the answer that ended it."""
        last: list[tuple[Send, Reply]] = []

        def hear(step: Step, reply: Reply | None) -> None:
            if isinstance(step, Send) and reply is not None:
                last[:] = [(step, reply)]

        outcome = yield from overheard(flow, hear)
        if outcome.ok or outcome.means or not last:
            return outcome
        return replace(outcome, means=self.reads_as(*answers.kinds(*last[0])))

    def _parting(self) -> str:
        """The act that ``unassign`` comes to, "" where nothing is sent."""
        how = self.setting("out-of-scope")
        return "" if how == "leave" else how

    def _intended(self, person: Person, act: str) -> Intent:
        """What an act is meant to leave behind on a target that takes whatever it is sent."""
        if act == "delete" and self._drops_users:
            return Intent("User", exists=False)
        if act in self._switch_acts:
            return Intent("User", values={"active": act == "reactivate"})
        sent = set(self._sent.get(subject_key(person), ()))
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
        return person.active and subject_key(person) not in self._off

    def _table(self, name: str) -> Table:
        """A table of beliefs. Values taken out are never changed in place."""
        table = self.tables[name] = self._memory.table(name)
        return table

    def _begin(self, act: str) -> None:
        self._act = act
        self._touched[act] = set()

    def _touch(self, knob: str) -> None:
        self._touched[self._act].add(knob)

    def _link(self, person: Person, id: str) -> None:
        self._users[subject_key(person)] = id
        self._numbers[str(person.number)] = subject_key(person)
        self._gone.pop(subject_key(person), None)

    def _forget(self, person: Person) -> None:
        self._gone[subject_key(person)] = True

    def _linked(self, person: Person) -> str:
        key = subject_key(person)
        return "" if key in self._gone else str(self._users.get(key, ""))

    def _switch(self, person: Person, *, on: bool) -> None:
        if on:
            self._off.pop(subject_key(person), None)
        else:
            self._off[subject_key(person)] = True

    def _note_sent(self, person: Person, paths: Sequence[str] | frozenset[str]) -> None:
        known = self._sent.get(subject_key(person), [])
        if not set(paths).issubset(known):
            self._sent[subject_key(person)] = sorted({*known, *paths})

    def _known(self, members: Sequence[Person]) -> dict[str, str]:
        """User key → id of the members that are linked, in the order given."""
        return {subject_key(person): id for person in members if (id := self._linked(person))}

    def _believed(self, team: Team) -> dict[str, str]:
        members: dict[str, str] = self._members.get(subject_key(team), {})
        return members

    def _joiners(self, team: Team, members: Sequence[Person]) -> list[Person]:
        """Linked members that the group is not yet believed to have."""
        known = set(self._believed(team).values())
        return [person for person in members if (id := self._linked(person)) and id not in known]

    def _leavers(self, team: Team, members: Sequence[Person]) -> list[str]:
        """Ids that the group is believed to have and should have no longer."""
        wanted = set(self._known(members).values())
        return [id for id in self._believed(team).values() if id not in wanted]

    def _link_group(self, team: Team, id: str) -> None:
        self._groups[subject_key(team)] = id
        self._members[subject_key(team)] = {}

    def _forget_group(self, team: Team) -> None:
        self._groups.pop(subject_key(team), None)
        self._members.pop(subject_key(team), None)

    def _send(self, method: str, path: str, purpose: str, *, query: Sequence[tuple[str, str]] = (),
              body: Json = None) -> Flow[Reply]:
        """Send a request in this dialect's headers and query encoding."""
        headers = self._headers.get(body is not None)
        if headers is None:
            headers = self._headers[body is not None] = self.headers(body is not None)
        return send(Send(method, path, self.query.encode(query), headers, body, purpose))
