"""Opens what an examination needs, and closes it again: the ways to the target, a journal, perhaps a receiver.

Rule: a row of ours that a crash leaves behind is in a journal that ``scimrig sweep`` finds.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass

from scimrig.courier import Courier, Redactor
from scimrig.doctor.examine import Examination
from scimrig.doctor.line import Line, broken, worth
from scimrig.receiver import ListenError
from scimrig.rows import JournalError, Rows
from scimrig.runlog import run_folder
from scimrig.sink import Sink, SinkSettings
from scimrig.target import Target, open_channels
from scimrig_simulator.clock import Clock, SystemClock
from scimrig_simulator.workforce.company import Company
from scimrig_simulator.workforce.person import Person

_UNDECLARED = re.compile(r"([a-z]+\.[a-z_]+) \(add ")
_PLAIN_LOGIN = re.compile(r"[a-z0-9.-]+")


@dataclass(frozen=True, slots=True)
class Wishes:
    """timeout: seconds a request;  writes: make a user of our own;  webhooks: receive a delivery about it."""

    timeout: float
    writes: bool = True
    webhooks: bool = False


def visit(target: Target, wishes: Wishes, run: str, prefix: str) -> Iterator[Line]:
    """Examine a target. ``run``: id under which sweep finds our rows;  ``prefix``: what their names begin with."""
    clock = SystemClock()
    redactor = Redactor.of(target.credentials, *target.secrets)
    sink = None
    if wishes.webhooks:
        missing = target.declared.missing(["webhooks.signing", "webhooks.register|webhooks.public_url"])
        if missing:
            keys = " and ".join(dict.fromkeys(_UNDECLARED.findall(missing)))
            text = f"left alone, since undeclared: {keys}" if keys else missing
            yield worth("webhooks", text, "declare it in the target file, and --webhooks tries it out")
        else:
            sink = _sink(target, redactor, clock)
    try:
        with ExitStack() as opened:
            if sink is not None:
                opened.enter_context(closing(sink)).open()
            yield from _examined(target, wishes, run, prefix, sink, redactor, clock, opened)
    except ListenError as error:
        yield broken("webhooks", str(error), "see webhooks.listen in the target file")
    except JournalError as error:
        yield broken("journal", str(error), "what could not be found again after a crash is not created")


def _examined(
    target: Target, wishes: Wishes, run: str, prefix: str, sink: Sink | None, redactor: Redactor, clock: Clock,
    opened: ExitStack,
) -> Iterator[Line]:
    folder = run_folder(run)
    journal = folder / "rows.ndjson" if wishes.writes and target.ref is None else None
    rows = Rows(journal, {"run": run, "target": target.name, "base_url": target.base_url})
    if journal is not None:
        opened.callback(lambda: None if any(folder.iterdir()) else folder.rmdir())
    opened.enter_context(closing(rows))
    channels = opened.enter_context(
        closing(open_channels(target, wishes.timeout, clock, None if sink is None else sink.post))
    )
    courier = Courier(
        channels.scim, clock, rows, redactor, lambda exchange: None, target.credentials, hooks=channels.hooks
    )
    person = _plain(Company(1, target.email_domain, prefix)) if wishes.writes else None
    yield from Examination(target, courier, clock, wishes.timeout, person, sink).lines()


def _plain(company: Company) -> Person:
    """Somebody whose login holds nothing that a target could stumble over: that is for scenarios to try."""
    people = (company.person(number, "doctor") for number in itertools.count(1))
    return next(person for person in people if _PLAIN_LOGIN.fullmatch(person.login))


def _sink(target: Target, redactor: Redactor, clock: Clock) -> Sink:
    settings = SinkSettings.of(target.declared, in_process=target.ref is not None)
    sink = Sink(clock, lambda delivered: None, redactor.text, settings)
    sink.secret = target.webhook_secret
    return sink
