"""A dialect as a table: its knobs, what it does with an answer, and what each act stands on.

A knob is one trait of a dialect with its evidence beside it. Where other values are known it has choices, and an option
may turn it (``okta:profile_update=patch``); engines read the value that holds by ``Engine.setting``.

Rule: plain data; imports nothing of ours.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Mark: TypeAlias = Literal["doc", "observed", "inferred"]

NUMBER, TEXT = "a whole number", "any text"
"""What a knob that takes more than its choices may be set to."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Another value that a knob may take. ``words``: what the IdP does then."""

    value: str
    words: str
    mark: Mark
    source: str


@dataclass(frozen=True, slots=True)
class Knob:
    """One trait of a dialect: its value, how well it is known, and where from (``okta:1 [O8]``).

    words:   what the value means, where it is a word to choose by; "" where the value says it all
    choices: the other values that are known
    free:    ``NUMBER`` or ``TEXT`` where any such value may be set besides, "" where not
    """

    name: str
    value: str
    mark: Mark
    source: str
    words: str = ""
    choices: tuple[Choice, ...] = ()
    free: str = ""

    def turned(self, value: str) -> Knob:
        """The knob set to another value, with that value's own evidence. Raises ValueError, saying what it may be."""
        if value == self.value:
            return self
        for choice in self.choices:
            if choice.value == value:
                return dataclasses.replace(
                    self, value=value, words=choice.words, mark=choice.mark, source=choice.source
                )
        if self.free == TEXT or (self.free == NUMBER and value.isascii() and value.isdigit()):
            return dataclasses.replace(self, value=value, mark="inferred", source=f"{self.source}; set by an option")
        known = ", ".join([self.value, *(choice.value for choice in self.choices)])
        if self.free:
            raise ValueError(f"{self.name} is {self.free}, not {value!r}")
        if not self.choices:
            raise ValueError(f"{self.name} cannot be set: nothing but {self.value!r} is known ({self.source})")
        raise ValueError(f"{self.name} cannot be {value!r}: it is one of {known}")


@dataclass(frozen=True, slots=True)
class Reaction:
    """What an IdP makes of one kind of answer.

    answer: the kind, one of those of ``answers.kinds`` ("404 to a look-up", "429 without Retry-After", "5xx", "no id")
            where there is such a one; else in words of its own, for what a job reacts to ("many failures")
    then:   what the IdP does ("waits 120 s and sends it again, ten attempts in all")
    means:  the consequence as a finding prints it, with the IdP as its subject; "" where nothing goes wrong
    """

    answer: str
    then: str
    mark: Mark
    source: str
    means: str = ""


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
    """One way of speaking SCIM. ``acts`` lacks what this IdP never does.

    name: with the knobs that were turned, where any were: ``okta:profile_update=patch``
    """

    name: str
    title: str
    knobs: tuple[Knob, ...]
    acts: Mapping[str, ActGround]
    reactions: tuple[Reaction, ...] = ()

    def knob(self, name: str) -> Knob:
        """The knob of that name. Raises KeyError where the dialect has none."""
        for knob in self.knobs:
            if knob.name == name:
                return knob
        raise KeyError(f"{self.name} has no knob {name!r}")

    def turned(self, settings: Mapping[str, str]) -> Dialect:
        """The dialect with these knobs turned. Raises ValueError for a knob or a value that it does not know."""
        if not settings:
            return self
        names = [knob.name for knob in self.knobs]
        for name in settings:
            if name not in names:
                near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
                hint = f"did you mean {near[0]!r}?" if near else f"`scimrig idp show {self.name}` lists its knobs"
                raise ValueError(f"dialect {self.name} has no knob {name!r}: {hint}")
        knobs = tuple(knob.turned(settings[knob.name]) if knob.name in settings else knob for knob in self.knobs)
        return dataclasses.replace(self, knobs=knobs)


def ground(chapter: int, needs: str, knobs: str) -> ActGround:
    """Short hand for tables: needs and knobs are separated by blanks."""
    return ActGround(chapter, frozenset(needs.split()), tuple(knobs.split()))


def switch(name: str, what: str, mark: Mark, source: str) -> Knob:
    """An admin's toggle: on, or off, and then ``what`` is never sent."""
    return Knob(name, "on", mark, source, f"{what} is sent", (Choice("off", f"{what} is never sent", mark, source),))


def toggles(mark: Mark, source: str, *, out_of_scope: str, others: Iterable[str] = (), groups: bool = True) -> Knobs:
    """The admin's toggles that every dialect has.

    out_of_scope: what becomes of somebody who is no longer assigned: deactivate, delete or leave; ``others``: what the
    admin may choose instead.  groups: False for an IdP that pushes none
    """
    words = {
        "deactivate": "who leaves the scope is switched off", "delete": "who leaves the scope is deleted",
        "leave": "who leaves the scope stays as they are",
    }
    made = (
        switch("create", "a create", mark, source),
        switch("update", "a profile update", mark, source),
        switch("deactivate", "a deactivation or a delete", mark, source),
        Knob("out-of-scope", out_of_scope, mark, source, words[out_of_scope],
             tuple(Choice(other, words[other], mark, source) for other in others)),
    )
    return (*made, switch("groups", "a request about groups", mark, source)) if groups else made


Knobs: TypeAlias = tuple[Knob, ...]
