"""Access tokens for programs: the client credentials grant (RFC 6749 §4.4), and the keys that would check them.

There is one client, ``client_ref``, whose secret is the server's own token. An access token is opaque: nobody but this
server has to understand it, since the server that grants is the one that is asked. So it is a token on file like those
of directories, of the "tenant" ``PROGRAMS``: known by its digest, gone a day later, good in every process on the file.
A signed one would need an asymmetric signature, and nothing that this server stands on brings one along; a key set that
checks nothing is empty, and says so.

Rule: grants and refuses; whom the API lets in is for the office, which asks ``admits``. May not import ``faults``,
``idp`` or ``drive``.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import unquote_plus

from scimrig_simulator.calls import Admits
from scimrig_simulator.server.house import House
from scimrig_simulator.server.operations import Asked, Body, Operation, Trouble
from scimrig_simulator.server.tenants import Tenants, only

CLIENT_ID = "client_ref"
LIFE = 86_399
"""Seconds for which an access token is good."""

PROGRAMS = -1
"""The number under which access tokens are on file; no tenant has it."""

_BASIC = {"WWW-Authenticate": 'Basic realm="oauth", charset="UTF-8"'}


def operations(house: House) -> tuple[Operation, ...]:
    """The table."""
    grants = _Grants(house)
    return (
        Operation("GrantToken", "POST", "/oauth/token", grants.grant, public=True, form=True),
        Operation("ListKeys", "GET", "/keys", lambda _: {"keys": []}, public=True),
    )


def admits(house: House) -> Admits:
    """Whom the API lets in: the bearer of the server's own token, and of an access token that is good still."""
    root, register = only(house.token), _register(house)
    return lambda given: root(given) or register.admits(PROGRAMS, given)


def _register(house: House) -> Tenants:
    """Access tokens are judged soundly, whatever a saboteur does to those of directories."""
    return Tenants(house.store, house.clock)


@dataclass(frozen=True, slots=True)
class _Grants:
    house: House

    def grant(self, asked: Asked) -> Body:
        """POST of a form. Raises Trouble 400 and 401 in the form of RFC 6749 §5.2."""
        known, secret, basic = _client(asked)
        if asked.body.get("grant_type") is None:
            _refuse("invalid_request", "'grant_type' is missing; send a form, as in grant_type=client_credentials")
        if asked.body["grant_type"] != "client_credentials":
            _refuse("unsupported_grant_type", "The one grant there is here is client_credentials.")
        if not known or not secret:
            _refuse("invalid_client", "Say who you are: client_id and client_secret.", 401, _BASIC)
        if known != CLIENT_ID or not only(self.house.token)(secret):
            challenge = _BASIC if basic else None
            _refuse("invalid_client", "There is no such client, or its secret is another.", 401, challenge)
        _, text = _register(self.house).issue(PROGRAMS, LIFE)
        return {"access_token": text, "token_type": "Bearer", "expires_in": LIFE, "scope": ""}


def _client(asked: Asked) -> tuple[str, str, bool]:
    """Name and secret of the client, and whether they came by HTTP Basic (RFC 6749 §2.3.1)."""
    form = str(asked.body.get("client_id", "")), str(asked.body.get("client_secret", ""))
    scheme, _, credentials = asked.headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() != "basic":
        return *form, False
    if form[1]:
        _refuse("invalid_request", "Say who you are in one way: in the form, or by HTTP Basic.")
    try:
        name, _, secret = base64.b64decode(credentials.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        name, secret = "", ""
    return unquote_plus(name), unquote_plus(secret), True


def _refuse(error: str, words: str, status: int = 400, headers: Mapping[str, str] | None = None) -> NoReturn:
    trouble = Trouble(status, words, headers)
    trouble.body = {"error": error, "error_description": words}
    raise trouble
