"""URLs that a user gives: which ones may be used, which stay on this machine, where an origin ends.

Rule: pure. User information in a URL may hold a password, so it is refused and never repeated.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

_PORTS = {"http": 80, "https": 443}


def url_trouble(text: str) -> str:
    """Why a text is no base URL, "" where it is one."""
    try:
        parts: SplitResult = urlsplit(text)
        _ = parts.port
    except ValueError as error:
        return f"not a URL: {error}"
    if "@" in parts.netloc:
        return "no user or password in the URL (it would end up in logs); give a token instead"
    if parts.scheme not in _PORTS or not parts.hostname:
        return f"{text!r} is no base URL; it looks like https://api.example.com/scim/v2"
    if parts.query or parts.fragment or re.search(r"[\s\x00-\x1f\x7f]", text):
        return "a base URL has no query, no fragment and no blanks"
    return ""


def is_loopback(url: str) -> bool:
    """True for ``localhost`` and literal loopback addresses; a name that merely resolves to one does not count."""
    return is_loopback_host(urlsplit(url).hostname or "")


def is_loopback_host(host: str) -> bool:
    """The same for a host alone, in brackets or not."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_private(url: str) -> bool:
    """Whether nobody on the way can read along: https, or a host on this machine."""
    return urlsplit(url).scheme == "https" or is_loopback(url)


def origin(url: str) -> str:
    """``https://api.example.com`` of a URL: what stands before its path, port left out where it is the scheme's own."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    port = parts.port or _PORTS.get(parts.scheme)
    return f"{parts.scheme}://{host}" if port == _PORTS.get(parts.scheme) else f"{parts.scheme}://{host}:{port}"
