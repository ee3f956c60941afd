"""What the IdPs that replace make of answers that are no plain success.

Where the evidence says nothing of an IdP ("unknown" in the cross-IdP table of idp-dialects.md), the row stands on
inference and says what our engine does, as its knobs are by themselves.

Rule: data only; names no dialect. ``answer`` is one of ``answers.kinds`` where a failed act finds its consequence here.
"""

from __future__ import annotations

from scimrig_simulator.idp.knobs import Mark, Reaction


def usual(idp: str, source: str, again: str, *known: Reaction) -> tuple[Reaction, ...]:
    """The rows of an IdP: ``known`` ones as they are, every other inferred.

    again: how long a failed task stays failed, as the end of a sentence ("until an admin has it tried again")
    """
    every = (*_lists(idp, source, again), *_writes(idp, source), *_any(idp, source, again), *known)
    return tuple({row.answer: row for row in every}.values())


def _lists(idp: str, source: str, again: str) -> list[Reaction]:
    unread = f"{idp} cannot tell whether the user exists: it neither links nor creates anybody {again}."
    return [
        _row("404 to a look-up", "taken as nobody found; a create follows", source),
        _row("several matches", "the first one is linked, whoever it is", source),
        _row("no totalResults", "the look-up fails, and the task with it", source, unread),
        _row("totalResults no integer", "the look-up fails, and the task with it", source, unread),
        _row("no JSON", "the look-up or the create fails, and the task with it", source, unread),
        _row("inactive hidden from the look-up", "created again", source,
             f"{idp} reads this as: no such user. It creates a second one, or fails with a conflict."),
        _row("group without members", "taken for empty: everybody who should be in it is added", source),
    ]


def _writes(idp: str, source: str) -> list[Reaction]:
    lost = f"{idp} has no id to link: it counts the user as not created, while the account is there."
    return [
        _row("empty body", "the task fails after a create; an update is done", source, lost),
        _row("no id", "the task fails after a create", source, lost),
        _row("204 to an update", "taken as done: of the answer to a change the status alone is read", source),
        _row("409 to a create", "the task fails; nobody is linked", source,
             f"{idp} never links the account that is there; whoever it is stays out of its hands."),
        _row("404 to a read", "the task fails; the id is kept", source,
             f"{idp} keeps the id, and goes on asking for an account that is gone."),
        _row("404 to an update", "the task fails; the id is kept", source,
             f"{idp} keeps the id, and goes on writing to an account that is gone."),
        _row("404 to a delete", "taken as done", source),
        _row("501", "the task fails; the same request comes again the next time", source,
             f"{idp} has no other way to say it: the change never arrives."),
    ]


def _any(idp: str, source: str, again: str) -> list[Reaction]:
    stays = f"{idp} shows the change as failed; the two sides differ {again}."
    limited = f"{idp} takes being asked to wait for a failure; the two sides differ {again}."
    unsure = f"{idp} does not know whether its request took effect; the two sides may differ {again}."
    at_once = "the task fails at once"
    return [
        *(_row(status, "the task fails and shows the answer as it stands, plain text too", source, stays)
          for status in ("400", "401", "403", "4xx", "5xx")),
        _row("412", "the task fails: no ETag was sent that could be put right", source, stays),
        _row("429 with Retry-After in seconds", at_once, source, limited),
        _row("429 with Retry-After as a date", at_once, source, limited),
        _row("429 with a malformed Retry-After", at_once, source, limited),
        _row("429 without Retry-After", at_once, source, limited),
        _row("timeout", at_once, source, unsure),
        _row("reset", at_once, source, unsure),
        _row("no answer", at_once, source, stays),
    ]


def _row(answer: str, then: str, source: str, means: str = "", mark: Mark = "inferred") -> Reaction:
    return Reaction(answer, then, mark, source, means)
