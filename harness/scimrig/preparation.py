"""What a target's owner declared is to be done around a run: calls before and after it, and the sink's registration.

Everything goes over HTTP, through declared hooks; what cannot be undone afterwards is told as a leftover.

Rule: it calls nothing that is not declared, and it judges nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scimrig import hooks
from scimrig.courier import Courier
from scimrig.declarations import Declarations
from scimrig.evidence import Leftover
from scimrig.sink import Sink


class Preparation:
    """Sets the target up for a run, and back. ``courier``: one of no case, so that it still calls at the very end."""

    def __init__(self, declared: Declarations, courier: Courier, sink: Sink | None) -> None:
        self._declared, self._courier, self._sink = declared, courier, sink
        self._registered = False

    def begin(self) -> None:
        """Call ``hooks.before_run`` in order, then register the sink. Raises HookError: the run cannot begin then."""
        for spec in self._declared.value("hooks.before_run") or ():
            self._call("hooks.before_run", spec)
        spec = self._declared.value("webhooks.register")
        if self._sink is None or spec is None:
            return
        answer = self._call("webhooks.register", spec, self._sink.url)
        self._registered = True
        if "read" not in spec:
            return
        if not isinstance(answer.value, str) or not answer.value:
            raise hooks.HookError(f"webhooks.register: what stands at {spec['read']} of the answer is no secret")
        self._sink.secret = answer.value

    def end(self) -> Iterator[Leftover]:
        """Undo the registration, call ``hooks.after_run``; a call that fails is a leftover, and the rest goes on."""
        if self._registered and (spec := self._declared.value("webhooks.unregister")) is not None:
            yield from self._undone("webhooks.unregister", spec, self._sink.url if self._sink else "")
        for spec in self._declared.value("hooks.after_run") or ():
            yield from self._undone("hooks.after_run", spec)

    def _undone(self, key: str, spec: Mapping[str, Any], url: str = "") -> Iterator[Leftover]:
        try:
            self._call(key, spec, url)
        except hooks.HookError as error:
            yield Leftover(str(spec["path"]), key, str(error))

    def _call(self, key: str, spec: Mapping[str, Any], url: str = "") -> hooks.HookAnswer:
        variables = {"url": url} if url else {}
        flow = hooks.call(spec, variables, purpose=key, secret=key == "webhooks.register")
        answer, _ = self._courier.play(flow, "hook")
        return answer
