"""Plays ``call`` (any declared call) and ``wait`` (time passes), and puts back what a case has switched.

Tokens and switches are played with at the second tenant only (``channels.SecondTenant``): the run's own way in stays as
it is. Whatever a scenario made there is deleted after the case.

Rule: it judges nothing; a call that is not answered as it can be judged is ``HookError``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, urlencode

from scimrig import hooks
from scimrig.addresses import origin
from scimrig.caller import Caller, Numbers
from scimrig.cast import Cast
from scimrig.declared_calls import CALLS
from scimrig.evidence import Leftover
from scimrig.hooks import HookSend
from scimrig.scenario.matchers import ABSENT, match
from scimrig.scenario.model import Step
from scimrig.wakeful import WakefulClock
from scimrig_simulator.wire import CREDENTIALS, LENGTH, Flow, Headers, Reply, Send, segment, send

if TYPE_CHECKING:
    from scimrig.sink import Sink

REFUSALS = frozenset(range(400, 500)) - {401, 404, 429}
"""Statuses that say no to what was asked, and to nothing else."""

_FORM: Headers = (
    ("Accept", "application/json"), ("Content-Type", "application/x-www-form-urlencoded"), ("Content-Length", LENGTH),
)
_TELLS_TOKEN = ("hooks.issue_token", "hooks.rotate_token", "hooks.replace_token")


class Calling:
    """Plays these steps for one case. Call ``put_back`` when it has ended. ``sink``: learns a new secret."""

    def __init__(self, caller: Caller, cast: Cast, sink: Sink | None) -> None:
        self._caller, self._cast, self._sink = caller, cast, sink
        self._switched: dict[str, Mapping[str, Any]] = {}  # key → variables that put it back
        self._rows: list[str] = []  # URLs of rows made at the second tenant

    def play(self, step: Step, argument: Mapping[str, Any]) -> tuple[str, dict[str, Any], dict[str, Any], Numbers]:
        """Play a ``call``; returns (subject, expect, seen, exchanges). Raises HookError."""
        key, about = str(argument["key"]), argument.get("about")
        kind, wanted = CALLS[key], argument.get("expect", "accepted")
        player = None if about is None else self._cast[about]
        variables = {**(kind.given or {}), **({} if player is None else self._caller.variables(player))}
        variables |= _with_verb(argument.get("with", {}))
        telling = REFUSALS if wanted == "refused" else ()
        fits = argument.get("finds", ABSENT)

        def look() -> tuple[hooks.HookAnswer, Numbers]:
            return self._caller.call(step.id, key, variables, telling)

        def done(answer: hooks.HookAnswer) -> bool:
            return fits is ABSENT or match(fits, _or_absent(answer.value)) is None

        within = self._caller.within if fits is not ABSENT else 0.0
        answer, after, numbers = self._caller.until(look, done, self._caller.clock.now(), within)
        self._learn(key, answer, variables)
        for name in step.keep:
            if answer.status < 300 and answer.value is None:
                raise hooks.HookError(f"{key}: there is nothing to keep as {name}; say with read where it stands")
            self._cast.kept[name] = answer.value
        expect: dict[str, Any] = {"call": key, "expect": wanted}
        seen: dict[str, Any] = {"status": answer.status, "after": after}
        if fits is not ABSENT:
            expect["finds"] = fits
            seen["found"] = None if kind.secret else self._caller.redacted(answer.value)
        return about or "", expect, seen, numbers

    def _learn(self, key: str, answer: hooks.HookAnswer, variables: Mapping[str, Any]) -> None:
        second, back = self._caller.courier.second, self._back(key)
        if second is not None and key in _TELLS_TOKEN and isinstance(answer.value, str):
            second.token = answer.value
        if key == "hooks.rotate_webhook_secret" and isinstance(answer.value, str) and self._sink is not None:
            self._sink.renew(answer.value)
        if back is not None and answer.status < 300:
            self._switched.pop(key, None)
            if any(variables.get(name) != value for name, value in back.items()):
                self._switched[key] = _with_verb(back)

    def _back(self, key: str) -> Mapping[str, Any] | None:
        if key == "hooks.set_domains":
            domains = self._caller.declared.value("policy.allowed_domains")
            return None if domains is None else {"domains": list(domains)}
        return CALLS[key].back

    def wait(self, step: Step, seconds: float) -> Numbers:
        """Have so many seconds pass, on the target too where its clock can be moved."""
        if not self.moves_clocks:
            self._caller.clock.sleep(seconds)
            return ()
        return self.advance(seconds, step.id)

    @property
    def moves_clocks(self) -> bool:
        """Whether time is moved on by a declared call; a clock that is the target's too needs none."""
        own = isinstance(self._caller.clock, WakefulClock)
        return own and self._caller.declared.value("hooks.advance_clock") is not None

    def advance(self, seconds: float, step: str = "") -> Numbers:
        """Move the target's clock on, and ours by as much; ``moves_clocks`` holds."""
        clock = self._caller.clock
        _, numbers = self._caller.call(step, "hooks.advance_clock", {"seconds": _number(seconds)})
        if isinstance(clock, WakefulClock):
            clock.advance(seconds)
        return numbers

    # The second tenant

    def elsewhere(self, step: Step, request: Send, at: str | None, token: str | None) -> Send:
        """A probe's request as it is to go: to another place, or with the token of another tenant.

        at: None | "second_tenant" | "origin" | "token_endpoint"
        token: "own" | "second_tenant" | anything else the request has already
        """
        courier = self._caller.courier
        if at == "origin":
            return _sent_to(request, self._at_home(request), None)
        if at == "token_endpoint":
            return self._token_request(request)
        if at is None and token != "second_tenant":
            return request
        if courier.second is None:
            raise hooks.HookError("nothing is known of a second tenant: add second_tenant.base_url to the target file")
        path = request.path if at is None else f"{courier.second.base_url}{request.path}"
        own = token == "own"
        return _sent_to(request, path, courier.credentials if own else f"Bearer {self._token(step)}")

    def _token_request(self, request: Send) -> HookSend:
        """The request as a form to the token endpoint, with the client's id and secret; the log knows no token."""
        client = self._caller.courier.client
        if client is None or not isinstance(request.body, dict):
            raise hooks.HookError("nothing is known of a token endpoint: add oauth.token_url to the target file")
        fields = client.form(request.body)
        for name, value in fields:
            if name in ("client_secret", "client_assertion"):
                self._caller.courier.redactor.learn(quote_plus(value))
        body = urlencode(fields).encode()
        return HookSend("POST", client.token_url, "", _FORM, body, request.purpose, "/access_token")

    def _at_home(self, request: Send) -> str:
        """The whole URL of a request beside SCIM, which goes to the target and nowhere else."""
        ways = self._caller.courier.hooks
        url = request.path if ways is None else ways.url(request)
        if ways is None or origin(url) != ways.origin:
            raise hooks.HookError(f"{origin(url)} is not where the target is, so nothing is sent there")
        return url

    def answered(self, request: Send, reply: Reply) -> None:
        """A probe has been answered; a row made at the second tenant is noted, so that it can be deleted."""
        courier, identifier = self._caller.courier, reply.resource().get("id")
        second = courier.second
        elsewhere = second is not None and request.path.startswith(f"{second.base_url}/")
        if elsewhere and request.method == "POST" and reply.ok and isinstance(identifier, str) and identifier:
            self._rows.append(f"{request.path.rstrip('/')}/{segment(identifier)}")
            self._caller.courier.rows.mint(identifier)  # ours too, and nobody's at home: probes may write at it there
            courier.rows.mint(identifier)  # at home it is nobody's, so that it may be tried there

    def _token(self, step: Step) -> str:
        second = self._caller.courier.second
        assert second is not None
        if second.token is None:
            answer, _ = self._caller.call(step.id, "hooks.issue_token", {})
            if not isinstance(answer.value, str) or not answer.value:
                raise hooks.HookError("hooks.issue_token: what read points at is no token")
            second.token = answer.value
        return second.token

    def put_back(self) -> Iterator[Leftover]:
        """Switch back what was switched, delete what was made at the second tenant; what cannot be is left over."""
        for key, variables in self._switched.items():
            flow = hooks.call(self._caller.declared.value(key) or {}, variables, purpose=key)
            try:
                self._caller.courier.play(flow, "keeper")
            except hooks.HookError as error:
                yield Leftover(str((self._caller.declared.value(key) or {}).get("path", key)), key, str(error))
        second = self._caller.courier.second
        for url in reversed(self._rows):
            credentials = f"Bearer {second.token}" if second is not None and second.token else None
            reply, _ = self._caller.courier.play(_deleted(url, credentials), "keeper")
            if not reply.ok and reply.status not in (404, 410):
                yield Leftover(url, "at the second tenant", f"DELETE answered {reply.status}")


def _deleted(url: str, credentials: str | None) -> Flow[Reply]:
    headers = () if credentials is None else (("Authorization", credentials),)
    return (yield from send(Send("DELETE", url, headers=headers, purpose="clear away what was made there")))


def _sent_to(request: Send, path: str, credentials: str | None) -> Send:
    """The request with another path, and with ``credentials`` where the target's own would stand (None: nothing)."""
    lines = ((name, credentials if value == CREDENTIALS else value) for name, value in request.headers)
    headers = tuple((name, value) for name, value in lines if value is not None)
    return Send(request.method, path, request.query, headers, request.body, request.purpose)


def _with_verb(variables: Mapping[str, Any]) -> dict[str, Any]:
    """``{enabled: false}`` is also ``{verb: disable}``."""
    if "enabled" not in variables:
        return dict(variables)
    return {"verb": "enable" if variables["enabled"] else "disable", **variables}


def _or_absent(value: Any) -> Any:
    return ABSENT if value is None else value


def _number(seconds: float) -> float | int:
    return int(seconds) if seconds == int(seconds) else round(seconds, 3)
