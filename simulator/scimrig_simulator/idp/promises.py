"""What a target promises to do with what an IdP sends, as far as an engine's expectations depend on it.

Rule: plain data and the arithmetic of domains; it shares nothing with the reference server's own policy.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Promises:
    """The rules that an owner declares about addresses and leavers. Without arguments: everything is taken and kept.

    email_change:     allow | reject | ignore: what happens to a changed e-mail address (policy page, D1)
    domains:          the only domains whose users are taken, None for any (D2)
    subdomains_match: whether a sub-domain of one of them counts as it
    keeps_leavers:    whether somebody who is switched off stays there, inactive
    """

    email_change: str = "allow"
    domains: tuple[str, ...] | None = None
    subdomains_match: bool = False
    keeps_leavers: bool = True

    def takes(self, email: str) -> bool:
        """Whether somebody with this address may be provisioned: by domain, in any case, a last dot left out."""
        if self.domains is None:
            return True
        domain = _plain(email.rpartition("@")[2]) if email.count("@") == 1 else ""
        return any(domain == own or (self.subdomains_match and domain.endswith(f".{own}")) for own in self._own())

    def _own(self) -> tuple[str, ...]:
        return tuple(_plain(domain) for domain in self.domains or ())


def _plain(domain: str) -> str:
    """A domain as compared: ASCII (IDNA), lower case, no trailing dot."""
    bare = domain.strip().removesuffix(".").lower()
    try:
        return bare.encode("idna").decode("ascii") if bare else bare
    except UnicodeError:
        return bare
