"""The administration of tenants and their tokens, below /manage/tenants of the tenant that is served without a name.

It takes the token that the server was started with, and no other: a tenant's own tokens say nothing about tenants. The
tenant without a name is called ``default`` here; it can't be made or removed.

Rule: reads and sets; what a tenant is stands in ``tenants.py``. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scimrig_simulator.clock import printed
from scimrig_simulator.server.office import Body, Handler, Trouble, nothing_at
from scimrig_simulator.server.tenants import DEFAULT, LONGEST_LIFE, Tenants, Token

PLACE = "/manage/tenants"


@dataclass(frozen=True, slots=True)
class Administration:
    """What can be done below ``PLACE``. base_path: of the tenant without a name; others have it behind theirs."""

    tenants: Tenants
    base_path: str

    def methods(self, segments: Sequence[str]) -> Mapping[str, Handler]:
        """What can be done at a path. Raises Trouble 404."""
        match segments:
            case []:
                return {"GET": self._list}
            case [name]:
                return {"PUT": lambda body: self._create(name, body), "DELETE": lambda _: self._delete(name)}
            case [name, "tokens"]:
                return {"GET": lambda _: self._tokens(name), "POST": lambda body: self._issue(name, body)}
            case [name, "tokens", id]:
                return {"DELETE": lambda _: self._revoke(name, id)}
        raise nothing_at(PLACE, segments)

    # Tenants

    def _list(self, _: Body) -> Body:
        return {"tenants": [self._shown(name) for name in (DEFAULT, *self.tenants.names())]}

    def _create(self, name: str, body: Body) -> Body:
        if body:
            raise Trouble(400, "A tenant has nothing to be set; send no body, or {}.")
        try:
            self.tenants.create(name)
        except ValueError as error:
            raise Trouble(400, str(error)) from None
        return self._shown(name)

    def _delete(self, name: str) -> None:
        if name == DEFAULT:
            raise Trouble(400, f"The tenant {DEFAULT!r} is part of the server and can't be removed.")
        if not self.tenants.delete(name):
            raise _no_tenant(name)

    def _shown(self, name: str) -> Body:
        return {"name": name, "path": self.base_path if name == DEFAULT else f"/{name}{self.base_path}"}

    # Tokens

    def _tokens(self, name: str) -> Body:
        return {"tokens": [_shown(token) for token in self.tenants.tokens(self._number(name))]}

    def _issue(self, name: str, body: Body) -> Body:
        number = self._number(name)
        if not set(body) <= {"expires_in"}:
            raise Trouble(400, "The body may hold 'expires_in' and nothing else.")
        seconds = body.get("expires_in")
        plain = isinstance(seconds, int | float) and not isinstance(seconds, bool)
        if seconds is not None and not (plain and 0 < seconds <= LONGEST_LIFE):
            raise Trouble(400, f"'expires_in' must be a number of seconds up to {LONGEST_LIFE}, or null for ever.")
        token, text = self.tenants.issue(number, seconds)
        return {**_shown(token), "token": text}

    def _revoke(self, name: str, id: str) -> None:
        if not self.tenants.revoke(self._number(name), id):
            raise Trouble(404, f"The tenant {name!r} has no token with id {id!r}.")

    def _number(self, name: str) -> int:
        number = 0 if name == DEFAULT else self.tenants.number(name)
        if number is None:
            raise _no_tenant(name)
        return number


def _shown(token: Token) -> Body:
    expires = None if token.expires is None else printed(token.expires)
    return {"id": token.id, "suffix": token.suffix, "created": printed(token.created), "expires": expires}


def _no_tenant(name: str) -> Trouble:
    return Trouble(404, f"There is no tenant {name!r}; PUT {PLACE}/NAME makes one.")
