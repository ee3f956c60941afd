"""Saboteurs of what keeps tenants apart under the preset ``scalekit``: tokens, switches, addresses, ids.

Rule: each class overrides what it breaks and asks ``super()`` for the rest. May not import ``server`` or ``idp``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from scimrig_simulator.calls import Admits, Call, Credential, Door, Link, Resource, Rows
from scimrig_simulator.faults.sabotage import Fault
from scimrig_simulator.scim import urns
from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.scim.schemas import ResourceType
from scimrig_simulator.seams import DUPLICATE, Seams, refuse

_POLICY = "scalekit"

# Tokens


class _ReplacedTokenGood(Seams):
    def vouch(self, held: Credential, tenant: int, now: float) -> bool:
        return super().vouch(replace(held, active=True), tenant, now)


REPLACED_TOKEN_GOOD = Fault(
    "replaced-token-good", "A token that was replaced goes on being good",
    "A token has leaked, a new one is made, and whoever found the old one works on with it.",
    ("AUTH-06", "AUTH-08"), _ReplacedTokenGood, policy=_POLICY,
)


class _ExpiredTokenGood(Seams):
    def vouch(self, held: Credential, tenant: int, now: float) -> bool:
        return super().vouch(replace(held, expires=None), tenant, now)


EXPIRED_TOKEN_GOOD = Fault(
    "expired-token-good", "A token is good after it has ended",
    "The date is kept and shown, and nobody looks at it.",
    ("AUTH-06", "AUTH-08"), _ExpiredTokenGood, policy=_POLICY,
)


class _NextTokenEndsFirst(Seams):
    def __init__(self) -> None:
        self._known: dict[str, list[str]] = {}

    def authorize(self, call: Call, admits: Admits) -> None:
        super().authorize(call, admits)
        token, known = call.headers.get("authorization", ""), self._known.setdefault(call.base_url, [])
        if token in known[:-1]:
            refuse("This token was followed by another one.", 'Bearer realm="scim", error="invalid_token"')
        if token not in known:
            known.append(token)


NEXT_TOKEN_ENDS_FIRST = Fault(
    "next-token-ends-first", "The first use of a new token ends the one before",
    "The administrator tries the new token, and the IdP stops until somebody has given it there too.",
    ("AUTH-06",), _NextTokenEndsFirst, policy=_POLICY,
)


class _AnyTenantsToken(Seams):
    def vouch(self, held: Credential, tenant: int, now: float) -> bool:
        return super().vouch(replace(held, tenant=tenant), tenant, now)


ANY_TENANTS_TOKEN = Fault(
    "any-tenants-token", "A token of one tenant opens every other",
    "Any customer reads, changes and deletes the people of all the others.",
    ("SEC-01", "AUTH-01"), _AnyTenantsToken, policy=_POLICY,
)

# Rows


class _SharedCache(Seams):
    def __init__(self) -> None:
        self._cached: dict[str, Resource] = {}

    def find(self, call: Call, rows: Rows) -> Resource:
        try:
            return super().find(call, rows)
        except ScimError:
            if call.method != "GET" or call.id not in self._cached:
                raise
            return self._cached[call.id]

    def render(self, call: Call, resource: Resource, resource_type: ResourceType) -> Resource:
        self._cached[resource["id"]] = resource
        return super().render(call, resource, resource_type)

    def delete(self, call: Call, rows: Rows) -> None:
        self._cached.pop(call.id or "", None)
        super().delete(call, rows)


CACHE_SHARED_BY_TENANTS = Fault(
    "cache-shared-by-tenants", "A user can be read at any tenant by whoever has the id",
    "A cache goes by ids alone, and ids stand in logs, links and webhooks.",
    ("SEC-01",), _SharedCache, policy=_POLICY,
)


class _NamesShared(Seams):
    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def unique(self, call: Call, after: Resource, rows: Rows) -> None:
        super().unique(call, after, rows)
        if call.kind.schema.id != urns.USER:
            return
        if self._names.setdefault(str(after.get("userName")).lower(), call.base_url) != call.base_url:
            raise ScimError(409, "uniqueness", "A user with this userName exists already.", reason=DUPLICATE)

    def delete(self, call: Call, rows: Rows) -> None:
        gone = rows.fetch(call.kind, call.id or "") or {}
        super().delete(call, rows)
        self._names.pop(str(gone.get("userName")).lower(), None)


NAMES_SHARED_BY_TENANTS = Fault(
    "names-shared-by-tenants", "A userName that one tenant has is taken at every other",
    "Consultants can't have an account at two customers, and each learns of the other from the answer.",
    ("SEC-07", "CREA-10"), _NamesShared, policy=_POLICY,
)

# Switches and addresses


class _ScimSwitchIgnored(Seams):
    def enter(self, call: Call, door: Door) -> None:
        super().enter(call, replace(door, scim=True))


SCIM_SWITCH_IGNORED = Fault(
    "scim-switch-ignored", "Where SCIM is switched off it works as before",
    "Provisioning is paused because something is wrong, and what is wrong goes on.",
    ("AUTH-06",), _ScimSwitchIgnored, policy=_POLICY,
)


class _DirectorySwitchIgnored(Seams):
    def enter(self, call: Call, door: Door) -> None:
        super().enter(call, replace(door, enabled=door.enabled or call.method == "GET"))


DISABLED_DIRECTORY_READABLE = Fault(
    "disabled-directory-readable", "A directory that is disabled can be read",
    "Writing stops, and whoever was to be kept out reads on.",
    ("AUTH-06",), _DirectorySwitchIgnored, policy=_POLICY,
)


class _DoorAnswers401(Seams):
    def enter(self, call: Call, door: Door) -> None:
        try:
            super().enter(call, door)
        except ScimError as error:
            refuse(error.detail, 'Bearer realm="scim", error="invalid_token"')


DISABLED_IS_401 = Fault(
    "disabled-is-401", "A directory that is disabled says that the token is wrong",
    "The IdP stops for good and asks for a new token, although the one it has is fine.",
    ("AUTH-06",), _DoorAnswers401, policy=_POLICY,
)


class _AddressesIgnored(Seams):
    def enter(self, call: Call, door: Door) -> None:
        super().enter(call, replace(door, allowed=()))


ALLOWED_ADDRESSES_IGNORED = Fault(
    "allowed-addresses-ignored", "The list of allowed addresses is kept and not looked at",
    "A stolen token works from everywhere.",
    ("AUTH-01",), _AddressesIgnored, policy=_POLICY,
)


class _ForwardedForBelieved(Seams):
    def whence(self, peer: str, forwarded: str, proxies: Sequence[str]) -> str:
        return forwarded.partition(",")[0].strip() or super().whence(peer, forwarded, proxies)


FORWARDED_FOR_BELIEVED = Fault(
    "forwarded-for-believed", "X-Forwarded-For is believed, whoever sends it",
    "One header, and every list of allowed addresses is open.",
    ("AUTH-01",), _ForwardedForBelieved, policy=_POLICY,
)

# The set-up portal


class _LinkOpensAgain(Seams):
    def opens(self, link: Link, now: float) -> bool:
        return super().opens(replace(link, opened=None), now)


PORTAL_LINK_OPENS_AGAIN = Fault(
    "portal-link-opens-again", "A link to the set-up portal opens it as often as anybody likes",
    "Whoever finds it in a mail or a browser's history sets up the customer's provisioning.",
    ("AUTH-08",), _LinkOpensAgain, policy=_POLICY,
)


class _LinkLasts(Seams):
    def opens(self, link: Link, now: float) -> bool:
        return super().opens(replace(link, expires=now + 1), now)


PORTAL_LINK_LASTS = Fault(
    "portal-link-lasts", "A link to the set-up portal that nobody has opened stays good",
    "The mail with it is forgotten, and found years later by somebody else.",
    ("AUTH-08",), _LinkLasts, policy=_POLICY,
)
