"""The administration of tenants and their tokens, below /manage/tenants of the tenant that is served without a name.

It takes the token that the server was started with, and no other: a tenant's own tokens say nothing about tenants. The
tenant without a name is called ``default`` here; it can't be made or removed.

Rule: reads and sets; what a tenant is stands in ``tenants.py``. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

from dataclasses import dataclass

from scimrig_simulator.clock import printed
from scimrig_simulator.server.api.directories import networks
from scimrig_simulator.server.operations import Asked, Body, Operation, Trouble, flag, known, only
from scimrig_simulator.server.organizations import DirectoryRecord
from scimrig_simulator.server.steward import Steward
from scimrig_simulator.server.tenants import DEFAULT, LONGEST_LIFE, Tenants, Token

PLACE = "/manage/tenants"


@dataclass(frozen=True, slots=True)
class Administration:
    """What can be done below ``PLACE``. base_path: of the tenant without a name; others have it behind theirs.

    steward: does it where there is a policy, and so something to be switched and a log to be kept.
    """

    tenants: Tenants
    base_path: str
    steward: Steward | None = None

    def operations(self) -> tuple[Operation, ...]:
        """The table."""
        one = f"{PLACE}/{{name}}"
        switches = () if self.steward is None else _Switches(self, self.steward).operations()
        return (
            *switches,
            Operation("ListTenants", "GET", PLACE, self._list),
            Operation("CreateTenant", "PUT", one, self._create),
            Operation("DeleteTenant", "DELETE", one, self._delete),
            Operation("ListTenantTokens", "GET", f"{one}/tokens", self._tokens),
            Operation("IssueTenantToken", "POST", f"{one}/tokens", self._issue, 201),
            Operation("RevokeTenantToken", "DELETE", f"{one}/tokens/{{id}}", self._revoke),
        )

    # Tenants

    def _list(self, _: Asked) -> Body:
        return {"tenants": [self._shown(name) for name in (DEFAULT, *self.tenants.names())]}

    def _create(self, asked: Asked) -> Body:
        name = asked.path["name"]
        if asked.body:
            raise Trouble(400, "A tenant has nothing to be set; send no body, or {}.")
        try:
            with self.tenants.changing():
                fresh = self.tenants.number(name) is None
                number = self.tenants.create(name)
                if fresh and self.steward is not None:
                    self.steward.opened(asked, self.record(number))
        except ValueError as error:
            raise Trouble(400, str(error)) from None
        return self._shown(name)

    def _delete(self, asked: Asked) -> None:
        name = asked.path["name"]
        if name == DEFAULT:
            raise Trouble(400, f"The tenant {DEFAULT!r} is part of the server and can't be removed.")
        number = self.number(name)
        if self.steward is not None:
            self.steward.close(asked, self.record(number))
        else:
            self.tenants.remove(number)

    def _shown(self, name: str) -> Body:
        return {"name": name, "path": self.base_path if name == DEFAULT else f"/{name}{self.base_path}"}

    # Tokens

    def _tokens(self, asked: Asked) -> Body:
        return {"tokens": [_shown(token) for token in self.tenants.tokens(self.number(asked.path["name"]))]}

    def _issue(self, asked: Asked) -> Body:
        number, seconds = self.number(asked.path["name"]), _seconds(asked.body)
        if self.steward is None:
            token, text = self.tenants.issue(number, seconds)
        else:
            token, text = self.steward.issue(asked, self.record(number), seconds)
        return {**_shown(token), "token": text}

    def _revoke(self, asked: Asked) -> None:
        name, id = asked.path["name"], asked.path["id"]
        number = self.number(name)
        if self.steward is None:
            found = self.tenants.revoke(number, id)
        else:
            found = self.steward.revoke(asked, self.record(number), id)
        if not found:
            raise Trouble(404, f"The tenant {name!r} has no token with id {id!r}.")

    def number(self, name: str) -> int:
        """The number of a tenant. Raises Trouble 404."""
        number = 0 if name == DEFAULT else self.tenants.number(name)
        if number is None:
            raise _no_tenant(name)
        return number

    def record(self, number: int) -> DirectoryRecord:
        """The directory that a tenant is."""
        record = self.tenants.organizations.record(number)
        assert record is not None
        return record


@dataclass(frozen=True, slots=True)
class _Switches:
    """What a policy adds: the same as the API does to directories and secrets, in a few words."""

    administration: Administration
    steward: Steward

    def operations(self) -> tuple[Operation, ...]:
        """The table."""
        one = f"{PLACE}/{{name}}"
        return (
            Operation("RegenerateTenantToken", "POST", f"{one}/tokens:regenerate", self._regenerate, 201),
            Operation("SwitchTenantScim", "PUT", f"{one}/scim", self._scim),
            Operation("SwitchTenantDirectory", "PUT", f"{one}/directory", self._directory),
            Operation("SetTenantAllowed", "PUT", f"{one}/allowed", self._allow),
        )

    def _regenerate(self, asked: Asked) -> Body:
        token, text = self.steward.regenerate(asked, self._record(asked), _seconds(asked.body))
        return {**_shown(token), "token": text}

    def _scim(self, asked: Asked) -> Body:
        enabled = flag(known(asked.body, "enabled"), "enabled")
        organization = self.administration.tenants.organizations.of(self._record(asked).tenant)
        return {"enabled": self.steward.change(asked, organization, scim=enabled).scim}

    def _directory(self, asked: Asked) -> Body:
        enabled = flag(known(asked.body, "enabled"), "enabled")
        return {"enabled": self.steward.adjust(asked, self._record(asked), enabled=enabled).enabled}

    def _allow(self, asked: Asked) -> Body:
        addresses = networks(only(asked.body, "addresses"), "addresses")
        return {"addresses": list(self.steward.adjust(asked, self._record(asked), allowed=addresses).allowed)}

    def _record(self, asked: Asked) -> DirectoryRecord:
        return self.administration.record(self.administration.number(asked.path["name"]))


def _seconds(body: Body) -> float | None:
    """How long a token shall be good, None for ever. Raises Trouble 400."""
    if not set(body) <= {"expires_in"}:
        raise Trouble(400, "The body may hold 'expires_in' and nothing else.")
    seconds = body.get("expires_in")
    plain = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if seconds is not None and not (plain and 0 < seconds <= LONGEST_LIFE):
        raise Trouble(400, f"'expires_in' must be a number of seconds up to {LONGEST_LIFE}, or null for ever.")
    return seconds


def _shown(token: Token) -> Body:
    expires = None if token.expires is None else printed(token.expires)
    return {"id": token.id, "suffix": token.suffix, "created": printed(token.created), "expires": expires}


def _no_tenant(name: str) -> Trouble:
    return Trouble(404, f"There is no tenant {name!r}; PUT {PLACE}/NAME makes one.")
