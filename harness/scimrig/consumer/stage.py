"""Plays one case: delivers, asks what the receiver's mirror shows, has it reconcile; notes what it saw.

Everything that judging needs is in the records, so that a log can be judged again (``judged.py``).

Rule: it judges nothing but whether there is any point in going on. An answer that asks to come again (5xx, 429, none)
is taken at its word, on a short ladder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from scimrig.consumer.cases import GONE, Case
from scimrig.consumer.judged import answered_well, differing
from scimrig.consumer.letters import Letter, altered, described, skew_of, spelt
from scimrig.consumer.signer import Signer
from scimrig.consumer.source import Source
from scimrig.consumer.target import ConsumerTarget
from scimrig.courier import Courier
from scimrig.evidence import StepPlayed
from scimrig.hooks import call
from scimrig.pointer import find
from scimrig_simulator.clock import Clock
from scimrig_simulator.wire import Flow, Reply, Send, send

_AGAIN = frozenset({0, 429})
_POLL = 0.05
_HANDS = 8
"""How many deliveries are under way at once where a case sends many."""


class Blocked(Exception):
    """What a case needs beforehand did not work, which another case judges."""


@dataclass(frozen=True, slots=True)
class Hand:
    """What a stage plays with.

    courier, caller: make a courier for deliveries, and for declared calls;  api_url: of the directory API
    emit:    takes every record;  ladder: seconds before each further attempt at a delivery that found no ear
    """

    target: ConsumerTarget
    source: Source
    signer: Signer
    clock: Clock
    courier: Callable[[str], Courier]
    caller: Callable[[str], Courier]
    api_url: str
    emit: Callable[[Any], None]
    ladder: tuple[float, ...]


@dataclass(slots=True)
class _Told:
    """A delivery that was given a name. letter: of one person; states: what each person was told to be."""

    letters: dict[str, Letter] = field(default_factory=dict)
    states: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Played:
    """What a step did. seen, expect: plain data for the record;  exchanges: their numbers;  name: in words."""

    seen: dict[str, Any]
    expect: dict[str, Any]
    exchanges: tuple[int, ...]
    name: str

    @property
    def well(self) -> bool:
        """Whether it went as expected: enough for a step beforehand."""
        deliveries = self.seen.get("deliveries", ())
        states = self.expect.get("states", {}) if "states" in self.seen else {}
        return all(answered_well(one["status"]) for one in deliveries) and not any(
            differing(state, self.seen["states"].get(key, {})) for key, state in states.items()
        )


class Stage:
    """One case on one receiver.

    prefix: of the keys of its people;  quiet: play it outside every case, for the answer of ``play`` alone
    """

    def __init__(self, case: Case, hand: Hand, prefix: str, quiet: bool = False) -> None:
        self._case, self._hand, self._prefix, self._quiet = case, hand, prefix, quiet
        self._told: dict[str, _Told] = {}
        self._base = hand.clock.now() - 600  # events lie in the past, as they do
        self._last = 0.0
        name = "" if quiet else case.name
        self._courier, self._caller = hand.courier(name), hand.caller(name)
        self._fences = 0
        self._step = ""

    def play(self) -> str:
        """Play every step; the name of the first that did not go well, "" where all did.

        Raises Blocked, HookError, and what couriers raise.
        """
        failed = ""
        for number, step in enumerate((*self._case.before, *self._case.steps), start=1):
            self._step = f"{number}-{_verb(step)}"
            before = number <= len(self._case.before)
            played = self._played(step)
            failed = failed or ("" if played.well else played.name)
            if not self._quiet:
                self._emit(step, played, before)
            if before and failed:
                raise Blocked(f"its preparation failed, which is judged elsewhere: {played.name}")
        return failed

    def _emit(self, step: Mapping[str, Any], played: Played, before: bool) -> None:
        ground = {"before": before, "promise": self._case.promise}
        self._hand.emit(
            StepPlayed(
                self._case.name, self._step, played.name, _verb(step), "", str(step.get("about", "")), None, None,
                [played.expect], ground, played.exchanges, played.seen,
            )
        )

    def _played(self, step: Mapping[str, Any]) -> Played:
        match _verb(step):
            case "deliver" | "again":
                return self._deliver(step)
            case "drop":
                return self._drop(step)
            case "shows":
                return self._shows(step["shows"])
            case "still":
                fenced = self._fence()
                shown = self._shows(step["still"], patience=0.0)
                return replace(
                    shown, exchanges=(*shown.exchanges, *fenced), name=f"still shows {_listed(step['still'])}"
                )
            case "applied":
                return self._applied(step["applied"])
            case "reconcile":
                return self._reconcile()
        asked = Send("GET", self._hand.target.url, headers=(("accept", "*/*"),), purpose="a GET of the URL")
        reply, numbers = self._courier.play(send(asked), "sender", self._step)
        seen = {"deliveries": [{"exchanges": list(numbers), "status": reply.status}]}
        return Played(seen, {"answer": step["answer"]}, numbers, asked.purpose)

    # Delivering -----------------------------------------------------------------------------------------------------

    def _deliver(self, step: Mapping[str, Any]) -> Played:
        answer = str(step.get("answer", "accepted"))
        letters = self._letters(step)
        copies = [letter for letter in letters for _ in range(int(step.get("copies", 1)))]
        if len(copies) > 1:
            with ThreadPoolExecutor(_HANDS) as hands:
                sent = list(hands.map(lambda letter: self._posted(letter, answer, step, fresh=True), copies))
        else:
            sent = [self._posted(copies[0], answer, step)]
        numbers = tuple(number for one in sent for number in one["exchanges"])
        return Played({"deliveries": sent}, {"answer": answer}, numbers, described(copies[0], step))

    def _letters(self, step: Mapping[str, Any]) -> list[Letter]:
        how: Mapping[str, Any] = step.get("with", {})
        if "again" in step:
            known = self._told[step["again"]].letters.values()
            return [replace(letter, skew=skew_of(how, self._hand.target.tolerance)) for letter in known]
        at = self._moment(how)
        told = self._told.setdefault(str(step.get("as", self._step)), _Told())
        letters = []
        for key in self._keys(step):
            changes = dict(how.get("set", {}))
            event = str(step["deliver"])
            payload = self._payload(event, key, changes, at, how)
            letter = Letter(event, key, payload["id"], spelt(payload, how.get("spelling", "compact")))
            letter = altered(letter, how, self._hand.target.tolerance)
            genuine = step.get("answer") != "refused" and not how.get("unlisted")
            if genuine:
                self._hand.source.happened(event, key, changes, at)
            told.letters[key] = letter
            told.states[key] = _state(payload["data"]) if event.startswith("user_") else {}
            letters.append(letter)
        return letters

    def _payload(
        self, event: str, key: str, changes: dict[str, Any], at: float, how: Mapping[str, Any]
    ) -> dict[str, Any]:
        if event == "junk":
            payload = self._hand.source.event("unheard_of", key, {}, at)
            return {"id": payload["id"], "data": ["no", "event"]}
        payload = self._hand.source.event(event, key, changes, at, how.get("digits", 3))
        if how.get("more"):
            payload |= {"trace": {"hops": [1, 2]}, "links": []}
            payload["data"]["badge_colour"] = None
        if "kilobytes" in how:
            limit = min(int(how["kilobytes"]), int(self._hand.target.declared.setting("consumer.max_body_kb")))
            rest = max(0, limit * 1000 - len(spelt(payload, "compact").encode("utf-8")) - 200)
            groups = [{"value": f"{number:06d}", "display": "Engineering " * 6} for number in range(rest // 108)]
            payload["data"]["raw_attributes"] = {"groups": groups}
        return payload

    def _posted(
        self, letter: Letter, answer: str, step: Mapping[str, Any], fresh: bool = False
    ) -> dict[str, Any]:
        """Deliver one letter, again where it found no ear and should have; what became of it, for the log."""
        courier = self._hand.courier(self._case.name) if fresh else self._courier
        purpose = described(letter, step)
        flow = attempts(letter, self._hand, purpose, self._hand.ladder if answer == "accepted" else ())
        (replies, leaked), numbers = courier.play(flow, "sender", self._step)
        return {
            "letter": letter.to_json(), "exchanges": list(numbers), "status": replies[-1].status,
            "leaks": leaked if step.get("quiet") else [],
            "private": self._private(letter.about) if step.get("quiet") else [],
        }

    def _private(self, key: str) -> list[str]:
        """What an answer about somebody should not repeat."""
        data = self._hand.source.person(key).data
        return [text for text in (data["email"], data["name"], data["phone_number"]) if len(text) > 4]

    def _drop(self, step: Mapping[str, Any]) -> Played:
        """Something happens in the directory, and its webhook is lost."""
        how: Mapping[str, Any] = step.get("with", {})
        at = self._moment(how)
        told = self._told.setdefault(str(step.get("as", self._step)), _Told())
        for key in self._keys(step):
            self._hand.source.happened(step["drop"], key, how.get("set", {}), at)
            told.states[key] = _state(self._hand.source.person(key).data)
        return Played({}, {}, (), f"{step['drop']} about {step['about']} happens, and its webhook is lost")

    def _keys(self, step: Mapping[str, Any]) -> list[str]:
        own = f"{self._prefix}{step['about']}"
        return [f"{own}-{number}" for number in range(step["people"])] if "people" in step else [own]

    def _moment(self, how: Mapping[str, Any]) -> float:
        self._last = float(how["at"]) if "at" in how else self._last + 1
        return int(self._base) + self._last

    # Looking --------------------------------------------------------------------------------------------------------

    def _shows(
        self, states: Mapping[str, str], patience: float | None = None
    ) -> Played:
        """Wait until the mirror shows these states, and note what it shows at last."""
        name = f"shows {_listed(states)}"
        expected = {key: state for word, told in states.items() for key, state in self._expected(word, told)}
        declared = self._hand.target.declared
        if declared.value("consumer.state_probe") is None:
            return Played({}, {"states": expected}, (), name)
        within = float(declared.setting("consumer.within_s")) if patience is None else patience
        end = self._hand.clock.now() + within
        seen: dict[str, Any] = {}
        numbers: tuple[int, ...] = ()
        waiting = list(expected)
        while waiting:
            for key in waiting:
                seen[key], looked = self._probe(key)
                numbers = looked if len(expected) == 1 else (*looked, *numbers)
            waiting = [key for key in waiting if differing(expected[key], seen[key])]
            if not waiting or self._hand.clock.now() >= end:
                break
            self._hand.clock.sleep(_POLL)
        return Played({"states": seen}, {"states": expected}, numbers, name)

    def _expected(self, word: str, told: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """(key, state) of a person, or of each of a crowd."""
        own = f"{self._prefix}{word}"
        if told == GONE:
            yield own, {"gone": True}
            return
        states = self._told[told].states
        yield from ((key, state) for key, state in states.items() if key == own or key.startswith(f"{own}-"))

    def _probe(self, key: str) -> tuple[dict[str, Any], tuple[int, ...]]:
        declared = self._hand.target.declared
        spec = declared.value("consumer.state_probe") or {}
        data = self._hand.source.person(key).data
        variables = {"user_id": data["id"], "email": data["email"], "external_id": data["dp_id"]}
        flow = call({"read": "", **spec}, variables, purpose="consumer.state_probe", telling=(404, 410))
        answer, numbers = self._caller.play(flow, "hook", self._step)
        places: Mapping[str, str] = declared.value("consumer.state") or {}
        found = {name: _at(answer.value, pointer) for name, pointer in places.items()}
        present = answer.value is not None and found.get("present", True) not in (False, None, 0, "")
        return {**found, "present": present}, numbers

    def _applied(
        self, counts: Mapping[str, int]
    ) -> Played:
        numbers: tuple[int, ...] = ()
        seen = {}
        for word in counts:
            state, looked = self._probe(f"{self._prefix}{word}")
            seen[word] = state.get("applied")
            numbers += looked
        return Played({"applied": seen}, {"applied": dict(counts)}, numbers, f"had effect: {_listed(counts)}")

    def _fence(self) -> tuple[int, ...]:
        """Deliver news of somebody else and wait for its effect: what came before it has had its own by then."""
        if self._hand.target.declared.value("consumer.state_probe") is None:
            return ()
        self._fences += 1
        word = f"fence-{self._fences}"
        sent = self._deliver({"deliver": "user_created", "about": word, "as": word})
        if not (sent.well and self._shows({word: word}).well):
            raise Blocked("a delivery about somebody else, behind which one would look, had no effect")
        return sent.exchanges

    def _reconcile(self) -> Played:
        source = self._hand.source
        spec = self._hand.target.declared.value("consumer.reconcile") or {}
        variables = {
            "api_url": self._hand.api_url, "organization_id": source.organization_id,
            "directory_id": source.directory_id,
        }
        _, numbers = self._caller.play(call(spec, variables, purpose="consumer.reconcile"), "hook", self._step)
        return Played({}, {}, numbers, "reconcile")


def attempts(
    letter: Letter, hand: Hand, purpose: str, ladder: tuple[float, ...]
) -> Flow[tuple[list[Reply], list[str]]]:
    """One attempt, and more where the answer asks for them; and what any answer told that no answer should."""
    replies: list[Reply] = []
    leaked: list[str] = []
    for delay in (0.0, *ladder):
        if delay:
            hand.clock.sleep(delay)
        now = hand.clock.now()
        reply = yield from send(letter.posted(hand.target.url, hand.signer, now, purpose))
        replies.append(reply)
        text = reply.body.decode("utf-8", "replace")
        if letter.right_answer(hand.signer, now) in text:
            leaked.append("the signature that would have been right")
        if hand.target.secret in text or hand.target.secret.removeprefix("whsec_") in text:
            leaked.append("the secret")
        if reply.status < 500 and reply.status not in _AGAIN:
            break
    return replies, leaked


def _state(data: Mapping[str, Any]) -> dict[str, Any]:
    """What a mirror should show of somebody, as told."""
    if data.get("active") is False:
        return {"gone": True}
    return {"present": True, "active": True, "email": data["email"], "name": data["name"]}


def _verb(step: Mapping[str, Any]) -> str:
    verbs = ("deliver", "again", "drop", "shows", "still", "applied", "reconcile", "ask")
    return next(verb for verb in verbs if verb in step)


def _listed(words: Mapping[str, Any]) -> str:
    return ", ".join(f"{who} {what}" for who, what in words.items())


def _at(document: Any, pointer: str) -> Any:
    return next((value for _, value in find(document, pointer)), None)

