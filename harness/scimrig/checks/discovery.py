"""Standing checks on discovery: /ServiceProviderConfig, /Schemas, /ResourceTypes (RFC 7644 §4, RFC 7643 §5–§7).

Rule: what is missing altogether (404) is the survey's finding. What is served must have the form that clients read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scimrig.checks.answer import CATALOGUES, DISCOVERY, Answer, Place, clip, has_urn, same, shown
from scimrig.checks.check import Check, Problem
from scimrig.verdicts import Severity
from scimrig_simulator.scim import urns

_MESSAGES = "urn:ietf:params:scim:api:"

# section 5: feature → (requirement, members besides ``supported``, all integers)
_FEATURES = {
    "patch": ("RFC7643-5-R02", ()),
    "bulk": ("RFC7643-5-R03", ("maxOperations", "maxPayloadSize")),
    "filter": ("RFC7643-5-R04", ("maxResults",)),
    "changePassword": ("RFC7643-5-R05", ()),
    "sort": ("RFC7643-5-R06", ()),
    "etag": ("RFC7643-5-R07", ()),
}


def discovery_shape(answer: Answer) -> list[Problem] | None:
    if answer.place not in DISCOVERY or answer.method != "GET" or answer.status != 200 or answer.object is None:
        return None
    if answer.is_error:
        return None
    if answer.place is Place.CONFIG:
        return list(_config(answer.object))
    name = answer.target.endpoint[1:]
    if answer.place is Place.ENTRY:
        return [*_entry(name, answer.object, ""), *_addressed(name, answer)]
    entries = enumerate(answer.listed)
    return [
        p for index, entry in entries if isinstance(entry, dict) for p in _entry(name, entry, f"Resources[{index}]: ")
    ]


def _config(body: Mapping[str, Any]) -> Iterator[Problem]:
    if "Resources" in body:
        title = "/ServiceProviderConfig answers with a list"
        yield Problem(title, "one object", "a member Resources", "a list")
        return
    if not has_urn(body, urns.SERVICE_PROVIDER_CONFIG):
        title = "`schemas` of /ServiceProviderConfig lacks its URN"
        actual = shown(body.get("schemas"))
        yield Problem(title, urns.SERVICE_PROVIDER_CONFIG, actual, "config URN", requirement="RFC7643-5-R01")


def _entry(name: str, entry: Mapping[str, Any], where: str) -> Iterator[Problem]:
    if not has_urn(entry, CATALOGUES[name]):
        # the samples in RFC 7643 §8.7 have no schemas, its text asks for it (rfc-notes 57: FAIL, and say so)
        note = " (the samples of RFC 7643 §8.7 lack it, too; §7 asks for it)" if name == "Schemas" else ""
        requirement = "RFC7643-7-R02" if name == "Schemas" else "RFC7643-6-R01"
        title = f"{where}an entry of /{name} does not name its schema{note}"
        actual = shown(entry.get("schemas"))
        yield Problem(title, CATALOGUES[name], actual, f"{name} URN", requirement=requirement)
    needed = ("id",) if name == "Schemas" else ("name", "endpoint", "schema")
    for key in needed:
        found = entry.get(key)
        if not isinstance(found, str) or not found:
            requirement = "RFC7643-7-R03" if name == "Schemas" else "RFC7643-6-R02"
            title = f"{where}an entry of /{name} has no {key}"
            yield Problem(title, "a non-empty string", shown(found), f"{name} {key}", requirement=requirement)
    if name == "Schemas" and str(entry.get("id")).casefold().startswith(_MESSAGES):
        title = f"{where}/Schemas serves the schema of a message"
        yield Problem(title, "schemas of resources", shown(entry.get("id")), "message", requirement="RFC7644-3.1-R03")


def _addressed(name: str, answer: Answer) -> Iterator[Problem]:
    found = (answer.object or {}).get("id")
    if name == "Schemas" and isinstance(found, str) and not same(found, answer.target.id):
        title = "another schema is served than was asked for"
        yield Problem(title, clip(answer.target.id), clip(found), "other schema", requirement="RFC7643-7-R03")


def config_members(answer: Answer) -> list[Problem] | None:
    body = answer.object
    if answer.place is not Place.CONFIG or answer.method != "GET" or answer.status != 200 or body is None:
        return None
    if answer.is_error or "Resources" in body:
        return None
    found = [problem for name in _FEATURES for problem in _feature(name, body.get(name))]
    return [*found, *_schemes(body.get("authenticationSchemes"))]


def _feature(name: str, held: Any) -> Iterator[Problem]:
    requirement, numbers = _FEATURES[name]
    if not isinstance(held, dict):
        title = f"/ServiceProviderConfig has no {name}"
        yield Problem(title, '{"supported": …}', "none" if held is None else shown(held), name, None, requirement)
        return
    if not isinstance(held.get("supported"), bool):
        title = f"{name}.supported is no boolean"
        yield Problem(title, "true or false", shown(held.get("supported")), f"{name}.supported", None, requirement)
    for key in numbers:
        if not isinstance(held.get(key), int) or isinstance(held.get(key), bool):
            title = f"{name}.{key} is no integer"
            yield Problem(title, "an integer", shown(held.get(key)), f"{name}.{key}", None, requirement)


def _schemes(held: Any) -> Iterator[Problem]:
    requirement = "RFC7643-5-R08"
    if not isinstance(held, list):
        title = "/ServiceProviderConfig has no authenticationSchemes"
        actual = "none" if held is None else shown(held)
        yield Problem(title, "an array", actual, "authenticationSchemes", None, requirement)
        return
    for index, scheme in enumerate(held):
        for key in ("type", "name", "description"):
            value = scheme.get(key) if isinstance(scheme, dict) else None
            if not isinstance(value, str) or not value:
                title = f"authenticationSchemes[{index}] has no {key}"
                yield Problem(title, "a string", shown(value), f"authenticationSchemes.{key}", None, requirement)


CHECKS = (
    Check(
        "discovery-shape",
        "Discovery answers in the form that clients read",
        "RFC7644-4-R01",
        Severity.BREAKS,
        "IdPs and connectors that read what the server can do before they connect",
        "200 of /ServiceProviderConfig, /Schemas and /ResourceTypes",
        discovery_shape,
    ),
    Check(
        "config-members",
        "ServiceProviderConfig says all that it must",
        "RFC7643-5-R02",
        Severity.COSMETIC,
        "clients that decide by it whether to send PATCH, filters or bulk",
        "200 of /ServiceProviderConfig",
        config_members,
    ),
)
