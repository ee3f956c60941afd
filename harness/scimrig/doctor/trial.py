"""Makes one user of our own, reads it, has the declared calls look at it, and deletes it again.

Rule: whatever happens in between, the user is cleared away and what was declared for after a run is called.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from scimrig import hooks
from scimrig.cast import plain_body
from scimrig.courier import Courier
from scimrig.doctor import timing
from scimrig.doctor.line import Line, broken, fine, worth
from scimrig.doctor.reach import ADVICE
from scimrig.evidence import Leftover
from scimrig.preparation import Preparation
from scimrig.rows import clear
from scimrig.sink import Sink
from scimrig.survey import ABSENT
from scimrig.target import Target
from scimrig_simulator.wire import Reply, Send, segment, send
from scimrig_simulator.workforce.person import Person

_POLL = 0.1
_READBACKS = {
    "roles.readback": (),
    "deprovision.access_probe": (401, 403),
}
"""Declared call about a user → statuses beside 2xx that are an answer too."""


@dataclass(slots=True)
class Trial:
    """One user of ours on the target.

    courier: of no case, so that it still clears away at the very end;  sink: None where webhooks are left alone
    skew:    of the target's Date header (``timing.skew``)
    """

    target: Target
    courier: Courier
    person: Person
    sink: Sink | None = None
    skew: int | None = None
    _told: list[Line] = field(default_factory=list)

    def lines(self) -> Iterator[Line]:
        """Play it through; a line for each thing that was looked at."""
        preparation = Preparation(self.target.declared, self.courier, self.sink)
        try:
            yield from self._prepared(preparation)
            yield from self._user()
        finally:
            left, _ = self.courier.play(clear(self.courier.rows), "keeper")
            undone = list(preparation.end())
        yield from _stays(left, undone)

    def _prepared(self, preparation: Preparation) -> Iterator[Line]:
        declared = self.target.declared
        try:
            preparation.begin()
        except hooks.HookError as error:
            yield broken("hooks", str(error), "see the call in the target file, and the server's log; a run ends here")
            return
        calls = len(declared.value("hooks.before_run") or ())
        if calls:
            yield fine("hooks", f"hooks.before_run: {calls} call{'' if calls == 1 else 's'} answered")

    def _user(self) -> Iterator[Line]:
        now = self.courier.clock.now
        reply = self._ask(Send("POST", "/Users", body=plain_body(self.person), purpose="create a user of our own"))
        made, identifier = now(), reply.resource().get("id")
        if not reply.ok or not isinstance(identifier, str) or not identifier:
            yield _not_created(reply)
            return
        path = f"/Users/{segment(identifier)}"
        read = self._ask(Send("GET", path, purpose="read it back"))
        told = [*self._called(identifier), *self._delivered(identifier, made)]
        deleted = self._ask(Send("DELETE", path, purpose="delete it"))
        gone = self._ask(Send("GET", path, purpose="is it gone?"))
        yield self._made(reply, read, deleted, gone)
        late = timing.created((read.resource().get("meta") or {}).get("created"), made - reply.elapsed / 2, self.skew)
        if late is not None:
            yield late
        yield from told

    def _made(self, created: Reply, read: Reply, deleted: Reply, gone: Reply) -> Line:
        name = self.person.user_name
        shown = read.resource().get("userName")
        if not read.ok or not isinstance(shown, str) or shown.casefold() != name.casefold():
            was = f"{read.status}" if not read.ok else f"with userName {shown!r}"
            return broken("own user", f"POST /Users answered {created.status}, but GET of the new id answered {was}",
                          "an IdP keeps the id and asks by it; look at how the server finds a user by id")
        made = f"{name} created ({created.status}), read back"
        if deleted.status in ABSENT:
            return worth("own user", f"{made}; DELETE answered {deleted.status}",
                         "scimrig cannot clear away what it makes here: expect rows that begin with rig to stay")
        if not deleted.ok or gone.ok:
            what = f"DELETE answered {deleted.status}" + (", and it is still there" if gone.ok else "")
            return broken("own user", f"{made}; {what}", "a deleted user must not be found any more (RFC 7644 §3.6)")
        return fine("own user", f"{made} and deleted ({deleted.status})")

    def _called(self, identifier: str) -> Iterator[Line]:
        """The declared calls about a user: do they answer?"""
        person = self.person
        variables = {
            "user_id": identifier, "email": person.email, "user_name": person.user_name, "external_id": "",
            "display_name": person.display_name,
        }
        for key, telling in _READBACKS.items():
            spec: Mapping[str, Any] | None = self.target.declared.value(key)
            if spec is None:
                continue
            flow = hooks.call(spec, variables, purpose=key, telling=() if "read" in spec else telling)
            try:
                answer, _ = self.courier.play(flow, "hook")
            except hooks.HookError as error:
                yield broken("hooks", str(error), f"see {key} in the target file: what it checks cannot be decided")
                continue
            value = "" if "read" not in spec else f", {spec['read']} is {_words(answer.value)}"
            yield fine("hooks", f"{key}: {answer.status}{value}")

    def _delivered(self, identifier: str, made: float) -> Iterator[Line]:
        """Whether a webhook about the new user comes. The sink was registered before."""
        if self.sink is None:
            return
        clock, declared = self.courier.clock, self.target.declared
        within = float(declared.setting("webhooks.max_first_attempt_ms")) / 1000
        marks = {identifier, self.person.user_name, self.person.email}
        while not (found := self.sink.about(marks)) and clock.now() - made < within:
            clock.sleep(_POLL)
        if not found:
            text = f"{self.sink.url} is registered, but nothing about our user came within {within:g} s"
            yield worth("webhooks", text, "see the target's log; beyond this machine it needs webhooks.public_url")
            return
        signature = str(found[0].facts.get("signature"))
        after = max(0.0, found[0].at - made) * 1000
        text = f"a delivery about our user came {after:.0f} ms later; its signature is {signature}"
        if signature == "valid" or declared.value("webhooks.signing") == "none":
            yield fine("webhooks", text)
        else:
            yield broken("webhooks", text, "see webhooks.signing and webhooks.secret in the target file")

    def _ask(self, request: Send) -> Reply:
        reply, _ = self.courier.play(send(request), "keeper")
        return reply


def _not_created(reply: Reply) -> Line:
    if reply.failure is not None:
        return broken("own user", f"POST /Users: {reply.failure.detail}", ADVICE[reply.failure.kind])
    said = f"POST /Users answered {reply.status}"
    if reply.ok:
        return broken("own user", f"{said} without an id", "answer 201 with the whole user (RFC 7644 §3.3)")
    body = reply.resource()
    detail = " ".join(str(body.get(name)) for name in ("scimType", "detail") if body.get(name))
    advice = {
        401: "the token may read but not create; give it the right to",
        403: "the token may read but not create; give it the right to",
        409: "a row of this name is there already, which is odd: names are made up anew each time",
    }.get(reply.status, "see the server's log")
    if reply.status in ABSENT:
        advice = "users cannot be created here, so no IdP can provision any"
    elif reply.status == 400:
        advice = "the user sent has userName, name, e-mail and a phone; email_domain in the target file sets the domain"
    return broken("own user", f"{said}: {detail}" if detail else said, advice)


def _stays(left: list[Leftover], undone: list[Leftover]) -> Iterator[Line]:
    for row in left:
        text = f"{row.path} ({row.name}): {row.reason}"
        yield worth("left over", text, "scimrig sweep tries again; or delete it by hand")
    for row in undone:
        yield worth("left over", row.reason, f"see {row.name} in the target file")


def _words(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "nothing"
    return "true" if value is True else "false" if value is False else str(value)
