"""The profile of a user: one set of names for whatever an IdP has sent, read from SCIM and written back to it.

Events, the directory API and the users API show this profile and no other, so that the same person looks the same
through every IdP (CAP-50). What a user has not is left out, never null. The names, and where each comes from, are those
of the policy page, §3.5; of ``locale`` and ``language`` an IdP sends one or the other, so each stands in for the other.

Rule: pure; no password passes through here. Knows no seam, store or socket. Imports nothing but ``rules``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from scimrig_simulator.policy.rules import primary_email

Resource: TypeAlias = Mapping[str, Any]

_ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

_PLAIN = {  # name in a profile → SCIM attribute
    "dp_id": "externalId",
    "preferred_username": "userName",
    "nickname": "nickName",
    "zoneinfo": "timezone",
    "title": "title",
    "user_type": "userType",
    "profile": "profileUrl",
}
_NAME = {"given_name": "givenName", "family_name": "familyName"}
_WORK = {
    "employee_id": "employeeNumber",
    "department": "department",
    "cost_center": "costCenter",
    "division": "division",
    "organization": "organization",
}
_ADDRESS = {
    "formatted": "formatted",
    "street_address": "streetAddress",
    "locality": "locality",
    "region": "region",
    "postal_code": "postalCode",
    "country": "country",
}
_VALUED = {"picture": ("photos", ""), "phone_number": ("phoneNumbers", "work")}  # attribute, type that comes first

WRITABLE = ("given_name", "family_name", "name", "locale", "preferred_username", *_VALUED)
"""What of a profile can be set where the IdP can set it too. The e-mail address is none of it (D8)."""


def normalised(user: Resource, custom: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The profile of a user as represented. custom: what the directory's mappings make of it (CAP-25)."""
    name, work, address = _part(user, "name"), _part(user, _ENTERPRISE), _main(user, "addresses")
    locale, language = user.get("locale"), user.get("preferredLanguage")
    told = {
        **{key: user.get(attribute) for key, attribute in _PLAIN.items()},
        "email": primary_email(user),
        "name": _whole_name(user, name),
        **{key: name.get(attribute) for key, attribute in _NAME.items()},
        **{key: _main(user, attribute, type).get("value") for key, (attribute, type) in _VALUED.items()},
        "locale": locale or language,
        "language": language or locale,
        **{key: work.get(attribute) for key, attribute in _WORK.items()},
        "address": _known({key: address.get(attribute) for key, attribute in _ADDRESS.items()}),
    }
    return {"active": user.get("active") is not False, **_known(told), "custom_attributes": dict(custom or {})}


def rewritten(user: Resource, wanted: Mapping[str, str]) -> dict[str, Any]:
    """A user with parts of the profile (``WRITABLE``) set, each where it is read from; "" takes one away.

    What was passed in stays as it is.
    """
    after = dict(user)
    for key, value in wanted.items():
        if key in _NAME:
            part = {**_part(after, "name"), _NAME[key]: value}
            _set(after, "name", {name: held for name, held in part.items() if held not in (None, "")})
        elif key in _VALUED:
            attribute, type = _VALUED[key]
            _set(after, attribute, _revalued(after, attribute, type, value))
        else:
            _set(after, {"name": "displayName", "preferred_username": "userName"}.get(key, key), value)
    return after


def as_texts(custom: Mapping[str, Any]) -> dict[str, str]:
    """Custom attributes as the API shows them: strings; what is none in JSON."""
    return {name: value if isinstance(value, str) else _printed(value) for name, value in custom.items()}


def _printed(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _whole_name(user: Resource, name: Resource) -> Any:
    parts = " ".join(str(name[key]) for key in ("givenName", "familyName") if name.get(key))
    return user.get("displayName") or name.get("formatted") or parts


def _part(user: Resource, name: str) -> Resource:
    part = user.get(name)
    return part if isinstance(part, Mapping) else {}


def _main(user: Resource, name: str, type: str = "") -> Resource:
    """The primary value of a multi-valued attribute, else that of a type, else the first; {} where there is none."""
    values: Sequence[Resource] = [value for value in user.get(name) or () if isinstance(value, Mapping)]
    primary = next((value for value in values if value.get("primary") is True), None)
    typed = next((value for value in values if type and str(value.get("type")).lower() == type), None)
    return primary or typed or next(iter(values), {})


def _revalued(user: Resource, name: str, type: str, value: str) -> list[Any]:
    """The values of an attribute with that one replaced, taken away or added which the profile shows."""
    main, values = _main(user, name, type), list(user.get(name) or ())
    if not main:
        return [*values, {"value": value, **({"type": type} if type else {})}] if value else values
    kept = [{**held, "value": value} if held is main else held for held in values]
    return kept if value else [held for held in values if held is not main]


def _set(user: dict[str, Any], name: str, value: Any) -> None:
    if value in ("", {}, []):
        user.pop(name, None)
    else:
        user[name] = value


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in (None, "", {})}
