"""Networks that may reach a directory, and whose word counts about where a request has come from (CAP-20).

Rule: answers questions and refuses nothing. Imports nothing of this project.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

_LONGEST = 80  # an IPv6 address with a zone and a port
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
_WITH_PORT = re.compile(r"\[([^\]]*)\](?::\d+)?|([^:]*):\d+")  # as some proxies write it: 192.0.2.1:5678, [::1]:5678


def network(text: str) -> str:
    """A network or a single address as a CIDR in canonical form. Raises ValueError for anything else."""
    found = ipaddress.ip_network(text.strip(), strict=False)
    if isinstance(found, ipaddress.IPv6Network) and found.subnet_of(_MAPPED):
        low = int(found.network_address) & 0xFFFF_FFFF
        return str(ipaddress.IPv4Network((low, found.prefixlen - 96)))
    return str(found)


def address(text: str) -> str:
    """An address in canonical form, without port; "" where it is none. An IPv4 address in IPv6 dress is undressed."""
    return _address(text.strip()) if len(text) <= _LONGEST else ""


@lru_cache(maxsize=1024)
def _address(text: str) -> str:
    dressed = _WITH_PORT.fullmatch(text)
    try:
        found = ipaddress.ip_address((dressed[1] or dressed[2]) if dressed else text)
    except ValueError:
        return ""
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)


def within(text: str, networks: Iterable[str]) -> bool:
    """Whether an address lies in one of these."""
    found = address(text)
    return found != "" and any(ipaddress.ip_address(found) in _network(one) for one in networks)


def loopback(host: str) -> bool:
    """Whether the host of a URL is this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


_network = lru_cache(maxsize=1024)(ipaddress.ip_network)


def client(peer: str, forwarded: str, proxies: Sequence[str]) -> str:
    """Where a request has come from, "" where nobody knows. peer: who is connected.  forwarded: its X-Forwarded-For.

    Each proxy adds whom it was called by. So the list is read from its end for as long as those who added to it are
    among ``proxies``, and what stands before that is anybody's invention.
    """
    hops = [hop for hop in forwarded.split(",") if hop.strip()] if proxies and within(peer, proxies) else []
    while hops:
        peer = hops.pop()
        if not within(peer, proxies):
            break
    return address(peer)
