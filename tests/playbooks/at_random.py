"""Companies that change at random, and a target that answers amiss now and then, to try properties of engines on.

The target keeps what it is sent as far as an engine needs it, in dictionaries: so a thousand companies take seconds.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from urllib.parse import unquote_plus

from scimrig_simulator.idp.acts import Directory
from scimrig_simulator.idp.job import Job
from scimrig_simulator.wire import FailureKind, Pause, Reply, TransportFailure, encode_json


def body(request):
    """The body of a request as an object, an empty one where it has none."""
    return request.body if isinstance(request.body, dict) else {}


def operations(request):
    """The operations of a PATCH."""
    return body(request).get("Operations", ())


def reply(status, value=None, *headers):
    return Reply(status, headers, b"" if value is None else encode_json(value))


AMISS = (
    *(reply(status, {"detail": "no"}) for status in (400, 401, 403, 404, 409, 412, 500, 501, 503)),
    reply(429), reply(429, None, ("Retry-After", "7")), reply(429, None, ("Retry-After", "tomorrow")),
    reply(200), reply(201), reply(204), reply(200, {"totalResults": "1", "Resources": [{"id": "x"}]}),
    reply(200, {"totalResults": 2, "Resources": [{"id": "x"}, {"id": "y"}]}), reply(200, {"Resources": []}),
    reply(200, {"id": 7}), Reply(200, (), b"<html>"), reply(200, []),
    *(Reply(0, failure=TransportFailure(kind, "no")) for kind in (FailureKind.TIMEOUT, FailureKind.RESET)),
)


class Target:
    """Keeps what it is sent, as far as anybody needs; answers amiss now and then."""

    def __init__(self, rng, amiss):
        self._rng, self._amiss = rng, amiss
        self._rows = {"Users": {}, "Groups": {}}
        self._number = 0

    def answer(self, request):
        if self._rng.random() < self._amiss:
            return self._rng.choice(AMISS)
        _, kind, *rest = request.path.split("/")
        rows = self._rows.get(kind, {})
        if not rest:
            return self._created(rows, body(request)) if request.method == "POST" else self._listed(rows, request)
        if rest[0] not in rows:
            return reply(404, {"detail": "there is none"})
        return self._changed(rows, rest[0], request)

    def _created(self, rows, value):
        self._number += 1
        id = str(self._number)
        rows[id] = {**value, "id": id}
        return reply(201, rows[id])

    def _listed(self, rows, request):
        asked = re.search(r'filter=(\w+)[^"]* eq ("(?:[^"\\]|\\.)*")', unquote_plus(request.query), re.IGNORECASE)
        found = list(rows.values())
        if asked:
            name, value = asked[1].lower(), json.loads(asked[2])
            found = [row for row in found if {key.lower(): one for key, one in row.items()}.get(name) == value]
        return reply(200, {"totalResults": len(found), "Resources": found, "startIndex": 1, "itemsPerPage": len(found)})

    def _changed(self, rows, id, request):
        if request.method == "DELETE":
            del rows[id]
            return reply(204)
        if request.method == "PUT":
            rows[id] = {**body(request), "id": id}
        for op in operations(request):
            value = op.get("value")
            rows[id] |= value if "path" not in op else {op["path"]: value} if op["path"].isalpha() else {}
        return reply(200, rows[id])


class Life:
    """A company that changes at random, and the engine that follows it; ``sent``: act and request."""

    def __init__(self, engine, town, seed, amiss=0.1):
        self.engine, self.town, self.rng = engine, town, random.Random(seed)
        self.target = Target(self.rng, amiss)
        self.job = Job(engine, town, 0.0)
        self.now, self.sent, self.acts = 0.0, [], Counter()

    def live(self, moves=24):
        self._hire()
        for _ in range(moves):
            self._happen()
            self.now += self.rng.choice((1, 600, 2400, 86_400, 2_592_000))
            self._turns()
        self._lone()
        self.job.retry(self.now)
        self._turns()
        return self

    def _happen(self):
        happening = self.rng.choice((self._hire, self._hire, self._change, self._change, self._scope, self._gather,
                                     self._gather, self._dissolve))
        happening()

    def _hire(self):
        for number in self.rng.sample(range(12), 2):
            self.town.settle(number)
            self.job.tell("User", number, self.now)

    def _change(self):
        if self.town.people:
            number = self.rng.choice(list(self.town.people))
            name = self.rng.choice(("user_name", "email", "family_name", "title", "department", "phone_work"))
            value = self.rng.choice(("", f"x{self.rng.random()}@example.com")) if name != "user_name" else f"x{number}"
            self.town.change(number, **{name: value, "manager": self.rng.choice((None, *self.town.people))})
            self.job.tell("User", number, self.now)

    def _scope(self):
        if self.town.people:
            number = self.rng.choice(list(self.town.people))
            self.town.scopes[number] = self.rng.choice(("in", "off", "out", "deleted"))
            self.town.change(number, active=self.town.scopes[number] == "in")
            self.job.tell("User", number, self.now)
            for team in self.town.teams:
                self.job.tell("Group", team, self.now)

    def _gather(self):
        number = self.rng.randrange(3)
        members = [one for one in self.town.people if self.rng.random() < 0.5]
        self.town.gather(number, *members, name=self.rng.choice(("", "", "Team Other")))
        self.job.tell("Group", number, self.now)

    def _dissolve(self):
        if self.town.teams:
            number = self.rng.choice(list(self.town.teams))
            del self.town.teams[number]
            self.job.tell("Group", number, self.now)

    def _turns(self):
        for tasks in self.job.turns(self.now):
            for task in tasks:
                self.job.ended(task, self._play(task.act, task.flow), self.now)

    def _lone(self):
        """What nobody is told of: an admin has it done."""
        people = [person for number, person in self.town.people.items() if self.town.scope(number) == "in"]
        teams = [(team, self.town.members(number)) for number, team in self.town.teams.items()]
        for act in ("import_users", "cycle"):
            if not self.engine.can(act):
                directory = Directory(people, teams) if act == "cycle" else None
                self._play(act, self.engine.play(act, directory=directory))

    def _play(self, act, flow):
        self.acts[act] += 1
        answer = None
        while True:
            try:
                step = flow.send(answer)
            except StopIteration as end:
                return end.value
            answer = None
            if not isinstance(step, Pause):
                self.sent.append((act, step))
                answer = self.target.answer(step)
