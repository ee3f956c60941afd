"""What a fault is: a name, what it breaks, and how.

Rule: a fault breaks the named thing and leaves the rest sound. It overrides a seam, or it is ASGI middleware where it
sits on the wire, so it may not import ``server`` or ``idp``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from scimrig_simulator.calls import Asgi
from scimrig_simulator.seams import Seams


@dataclass(frozen=True, slots=True)
class Fault:
    """A way to break the reference server, or (a variant) to make it sound but awkward.

    title: one line.  breaks: what a client meets, in a sentence.  bugs: classes of the bug catalogue ("LIFE-01").
    seams: made anew for every server.  middleware: wraps the application.
    policy: the policy preset whose promise it breaks, "" where it shows under any.
    declares: what the owner of such a server says in the target file, as nested tables: {"consistency": {"within": 3}}.
    """

    name: str
    title: str
    breaks: str
    bugs: tuple[str, ...] = ()
    seams: type[Seams] | None = None
    middleware: Callable[[Asgi], Asgi] | None = None
    policy: str = ""
    declares: Mapping[str, Any] = field(default_factory=dict)

    def server(self, build: Callable[[Seams], Asgi]) -> Asgi:
        """The sabotaged application; ``build`` makes one from seams: ``lambda seams: app.build(settings, seams)``."""
        app = build(self.seams() if self.seams is not None else Seams())
        return self.middleware(app) if self.middleware is not None else app
