"""How a request has come: from which address, encrypted or not, under which name of the server.

Rule: reads the head of a request and believes what a proxy says only where it is a trusted one. May not import
``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from scimrig_simulator.policy import addresses
from scimrig_simulator.server.asgi import Scope, headers_of

Whence: TypeAlias = Callable[[str, str, Sequence[str]], str]

_LOOPBACK = re.compile(r"(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Approach:
    """What a server believes of a request's way. proxies: networks of those that may say whom they speak for, as CIDRs.

    whence: says where a request has come from, as ``Seams.whence``.
    """

    proxies: tuple[str, ...] = ()
    whence: Whence = addresses.client

    def address(self, scope: Scope, headers: Mapping[str, str]) -> str:
        """The address of the client, "" where it is unknown (CAP-20)."""
        return self.whence(_peer(scope), headers.get("x-forwarded-for", ""), self.proxies)

    def scheme(self, scope: Scope, headers: Mapping[str, str]) -> str:
        """``http`` or ``https``, as the client knows it: the last trusted proxy's word stands for its connection."""
        told = headers.get("x-forwarded-proto", "").rpartition(",")[2].strip().lower()
        if told in ("http", "https") and self.proxies and addresses.within(_peer(scope), self.proxies):
            return told
        return str(scope["scheme"])

    def secure(self, scope: Scope) -> bool:
        """Whether a request has come encrypted (CAP-21)."""
        return self.scheme(scope, headers_of(scope)) == "https"

    def origin(self, scope: Scope, headers: Mapping[str, str]) -> str:
        """Scheme and host of a request."""
        return origin(self.scheme(scope, headers), headers.get("host", ""), tuple(scope["server"] or ()))


STRAIGHT = Approach()
"""Nobody is believed."""


def _peer(scope: Scope) -> str:
    return str((scope.get("client") or ("",))[0])


@lru_cache(maxsize=64)
def origin(scheme: str, host: str, server: tuple[str, int | None] | tuple[()]) -> str:
    """Scheme and host of a request. A Host that isn't a loopback name may be anybody's invention (bug READ-02)."""
    if _LOOPBACK.fullmatch(host):
        return f"{scheme}://{host}"
    address, port = server if server else ("localhost", None)
    standard = {"http": 80, "https": 443}.get(scheme)
    return f"{scheme}://{address}" if port in (None, standard) else f"{scheme}://{address}:{port}"
