"""Which calls a target file may declare, and what each of them is told and tells: the catalogue behind ``call: KEY``.

Rule: plain data; ``declarations.KEYS`` says what each key means, ``target_meaning.py`` holds a file against this.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scimrig.declarations import Declarations

_USER = ("user_id", "email", "user_name", "external_id")
_PERSON = (*_USER, "display_name", "given_name", "family_name")
_GROUP = ("group_id", "display_name")
_SWITCH = ("enabled", "verb")
_MIRRORED = ("user_id", "email", "external_id")


@dataclass(frozen=True, slots=True)
class CallKind:
    """What a declared call knows and what it must say.

    variables: what its path, headers and body may hold in braces
    needs:     one of these must stand in it
    many:      its ``read`` may point at many values (``*``)
    secret:    what ``read`` finds is a secret, and stands in no log
    alone:     it changes what every case relies on: a case with it is played while no other is
    second:    it is about the second tenant
    given:     variables that have a value where the step says nothing
    back:      what the call is made with once more after the case, to put things back; None = nothing is put back
    playable:  a scenario may make it as a step (``call: KEY``)
    """

    variables: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    many: bool = False
    secret: bool = False
    alone: bool = False
    second: bool = False
    given: Mapping[str, Any] | None = None
    back: Mapping[str, Any] | None = None
    playable: bool = True


_TOGGLE = CallKind(_SWITCH, _SWITCH, alone=True, second=True, back={"enabled": True})
_TOKEN = CallKind(("seconds",), secret=True, alone=True, second=True)

CALLS: Mapping[str, CallKind] = {
    "roles.readback": CallKind(_USER, _USER, many=True),
    "deprovision.access_probe": CallKind(_USER, _USER),
    "normalized.readback": CallKind(_PERSON, _USER),
    "webhooks.register": CallKind(("url",), ("url",), secret=True, playable=False),
    "webhooks.unregister": CallKind(("url",), playable=False),
    "directory_api.list_users": CallKind(playable=False),
    "write_api.update_user": CallKind((*_PERSON, "value"), _USER),
    "write_api.assign_role": CallKind((*_PERSON, "role"), _USER),
    "write_api.remove_role": CallKind((*_PERSON, "role"), _USER),
    "write_api.invite_user": CallKind(_PERSON, _USER),
    "write_api.delete_user": CallKind(_PERSON, _USER),
    "audit.list": CallKind((*_PERSON, "subject", "since"), many=True),
    "hooks.before_run": CallKind(playable=False),
    "hooks.after_run": CallKind(playable=False),
    "hooks.map_group": CallKind((*_GROUP, "role"), _GROUP),
    "hooks.unmap_group": CallKind((*_GROUP, "role"), _GROUP),
    "hooks.set_domains": CallKind(("domains",), ("domains",), alone=True),
    "hooks.set_scim_enabled": _TOGGLE,
    "hooks.set_directory_enabled": _TOGGLE,
    "hooks.set_ip_allowlist": CallKind(
        ("addresses",), ("addresses",), alone=True, second=True, back={"addresses": []},
    ),
    "hooks.issue_token": _TOKEN,
    "hooks.rotate_token": _TOKEN,
    "hooks.replace_token": _TOKEN,
    "hooks.expire_token": CallKind(("seconds", "token"), secret=True, alone=True, second=True),
    "hooks.rotate_webhook_secret": CallKind(secret=True, alone=True),
    "hooks.register_plain_http": CallKind(
        ("url",), ("url",), given={"url": "http://webhooks.scimrig.example/plain"},
    ),
    "hooks.portal_link": CallKind(secret=True),
    "hooks.advance_clock": CallKind(("seconds",), ("seconds",), alone=True),
    "consumer.state_probe": CallKind(_MIRRORED, _MIRRORED, playable=False),
    "consumer.reconcile": CallKind(("api_url", "organization_id", "directory_id"), playable=False),
}
"""Dotted key → what its call may say. Both lists of a run (``hooks.before_run``) hold calls of their kind."""


def calls(declared: Declarations) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every call that is declared, with the key that it stands under (``hooks.before_run[0]``)."""
    for key in CALLS:
        found = declared.value(key)
        if isinstance(found, list):
            yield from ((f"{key}[{number}]", call) for number, call in enumerate(found))
        elif found is not None:
            yield key, found
