"""Finds out once, before anything is judged, what the target advertises and what it really does.

The result is frozen into the log and decides every scenario's ``needs``, so that verdicts depend neither on the order
of the scenarios nor on ``--jobs``. A feature is *offered* when the target reacts to it at all: whether it does the
right thing is for the scenarios to find. It is *broken* when it is advertised and answered as if it did not exist.

Rule: by the book, on our own rows only, the same requests on every target.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scimrig import demands
from scimrig.diagnosis import advice
from scimrig_simulator.scim import paths, schemas, urns
from scimrig_simulator.wire import PERCENT_20, Flow, Json, Reply, Send, filter_string, segment, send
from scimrig_simulator.workforce.person import Person
from scimrig_simulator.workforce.team import Team

ABSENT = frozenset({404, 405, 501})
"""Answers by which a server says that it has no such endpoint or method (rfc-notes 52)."""

DISCOVERY = {"config": "/ServiceProviderConfig", "resource-types": "/ResourceTypes", "schemas": "/Schemas"}


class UnusableTarget(Exception):
    """The survey cannot begin: nothing answers, the credentials are refused, or this is no SCIM endpoint."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Whether a feature is there. ``state``: yes | no | broken; ``why`` in words, ``exchange`` shows it (0 = none)."""

    state: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Survey:
    """What a target is like.

    advertised: what ServiceProviderConfig says of patch, filter, etag, sort, bulk (None = it does not say)
    offers:     feature → Offer
    kept:       SCIM paths of the attributes that a create kept
    dropped:    paths that were sent and did not come back
    normalised: path → what became of the value ("lower-case")
    required:   path of what a user needs besides userName → how that is known ("its /Schemas says so")
    """

    advertised: Mapping[str, bool | None] = field(default_factory=dict)
    offers: Mapping[str, Offer] = field(default_factory=dict)
    kept: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    normalised: Mapping[str, str] = field(default_factory=dict)
    required: Mapping[str, str] = field(default_factory=dict)

    def offer(self, feature: str) -> Offer:
        """The offer of a feature; one that was never looked for counts as there."""
        return self.offers.get(feature, Offer("yes"))

    def to_json(self) -> dict[str, Any]:
        return {
            "advertised": dict(self.advertised),
            "offers": {name: {"state": offer.state, "why": offer.why} for name, offer in self.offers.items()},
            "kept": list(self.kept),
            "dropped": list(self.dropped),
            "normalised": dict(self.normalised),
            "required": dict(self.required),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Survey:
        offers = {name: Offer(**offer) for name, offer in data.get("offers", {}).items()}
        return cls(
            data.get("advertised", {}), offers,
            tuple(data.get("kept", ())), tuple(data.get("dropped", ())), data.get("normalised", {}),
            data.get("required", {}),
        )


def knock(token_source: str = "") -> Flow[None]:
    """Is a SCIM endpoint there, and does it let us in? Raises UnusableTarget, saying what to do.

    token_source: where our token came from (``Target.token_source``), so that its owner knows which one was refused
    """
    query = PERCENT_20.encode([("startIndex", "1"), ("count", "1")])
    reply = yield from send(Send("GET", "/Users", query, purpose="knock: is this a SCIM endpoint?"))
    if reply.failure is not None:
        raise UnusableTarget(f"the target does not answer: {reply.failure.detail}")
    if reply.status in (401, 403):
        raise UnusableTarget(refused_credentials(f"GET /Users answered {reply.status}", token_source))
    if reply.status >= 500:
        raise UnusableTarget(f"the target is not well: GET /Users answered {reply.status}")
    if reply.body.lstrip()[:1] == b"<":
        raise UnusableTarget(
            f"GET /Users answered {reply.status} with an HTML page; is the base URL the SCIM root (often …/scim/v2)?"
        )
    if reply.status in ABSENT and urns.ERROR not in str(reply.resource().get("schemas")):
        raise UnusableTarget(f"GET /Users answered {reply.status}; is the base URL the SCIM root (often …/scim/v2)?")
    if not reply.resource():
        raise UnusableTarget(f"GET /Users answered {reply.status} and no JSON object; this is no SCIM endpoint")


def refused_credentials(answer: str, token_source: str) -> str:
    """What to tell whose token was refused by an ``answer``, the token itself left out."""
    if token_source == "none":
        advice = "no token was sent: put one into SCIMRIG_TOKEN, or name its variable with --token-env"
    else:
        which = f"the token from {token_source}" if token_source else "the token"
        advice = f"{which} is not taken; is it the right one for this target, and still valid?"
    return f"the target refused our credentials ({answer}): {advice}"


def explore(person: Person, team: Team) -> Flow[Survey]:
    """The whole survey on one user and one group of ours. The caller clears the rows away."""
    offers: dict[str, Offer] = {}
    config, types, catalogue = yield from _discover(offers)
    advertised = {name: _supported(config, name) for name in ("patch", "filter", "etag", "sort", "bulk")}
    sent, created = yield from _create(full_body(person), offers)
    found = Survey(advertised, offers)
    if created:
        read = (yield from _read("/Users", created)) or created
        kept, dropped = _kept(full_body(person), read)
        yield from _users(str(created["id"]), person, read, offers, advertised)
        required = yield from demands.find_out(sent, catalogue)
        found = Survey(advertised, offers, kept, dropped, _normalised(full_body(person), read), required)
    yield from _groups(team, str(created.get("id", "")), offers, types)
    return found


def full_body(person: Person) -> dict[str, Any]:
    """A user with everything on it that an IdP maps.

    A userName and an e-mail with capitals, a formatted name and a displayName that nobody would make from the parts: so
    the survey sees what a server makes of values, where it does not keep them.
    """
    return {
        "schemas": [urns.USER, urns.ENTERPRISE],
        "userName": _with_a_capital(person.user_name),
        "externalId": f"scimrig-{person.number}",
        "name": {
            "formatted": f"{person.family_name}, {person.given_name}", "givenName": person.given_name,
            "middleName": "Robin", "familyName": person.family_name,
        },
        "displayName": f"{person.given_name} (survey)",
        "title": person.title,
        "locale": person.locale,
        "preferredLanguage": person.locale,
        "active": True,
        "emails": [{"value": _capitalised(person.email), "type": "work", "primary": True}],
        "phoneNumbers": [
            {"value": person.phone_work, "type": "work"},
            {"value": person.phone_mobile, "type": "mobile"},
        ],
        "addresses": [
            {
                "type": "work", "streetAddress": person.street, "locality": person.locality,
                "region": person.region, "postalCode": person.postal_code, "country": person.country,
            }
        ],
        urns.ENTERPRISE: {"employeeNumber": person.employee_number, "department": person.department},
    }


SURVEYED = (
    "userName", "externalId", "name.formatted", "name.givenName", "name.middleName", "name.familyName", "displayName",
    "title", "locale", "preferredLanguage", "active", 'emails[type eq "work"].value',
    'phoneNumbers[type eq "work"].value', 'phoneNumbers[type eq "mobile"].value',
    'addresses[type eq "work"].streetAddress', 'addresses[type eq "work"].locality', 'addresses[type eq "work"].region',
    'addresses[type eq "work"].postalCode', 'addresses[type eq "work"].country',
    f"{urns.ENTERPRISE}:employeeNumber", f"{urns.ENTERPRISE}:department",
)
"""The paths whose fate the survey follows."""

TYPED_EMAIL, BARE_EMAIL = 'emails[type eq "work"].value', "emails.value"
"""A server that keeps an e-mail but not its type drops the first path and keeps the second."""

COMPOSED = "made from the parts of the name"
"""What becomes of name.formatted and displayName on a server that stores the parts alone."""


def _ask(request: Send) -> Flow[Reply]:
    """Send; where no answer comes, knock again: a target that is gone ends the survey, one crash is an answer too."""
    reply = yield from send(request)
    if reply.failure is not None:
        yield from knock()
    return reply


def _discover(offers: dict[str, Offer]) -> Flow[tuple[dict[str, Any], set[str], dict[str, Any]]]:
    """ServiceProviderConfig, the endpoints in /ResourceTypes, and /Schemas; empty where not served."""
    bodies: dict[str, dict[str, Any]] = {}
    for feature, path in DISCOVERY.items():
        reply = yield from _ask(Send("GET", path, purpose="discovery"))
        bodies[feature] = reply.resource() if reply.ok else {}
        offers[feature] = Offer("yes") if bodies[feature] else Offer("no", f"GET {path} answered {_answer(reply)}")
    listed = bodies["resource-types"].get("Resources", [])
    endpoints = {
        str(item.get("endpoint", "")).rstrip("/").lower()
        for item in (listed if isinstance(listed, list) else [])
        if isinstance(item, dict)
    }
    return bodies["config"], endpoints, bodies["schemas"]


def _create(sent: dict[str, Any], offers: dict[str, Offer]) -> Flow[tuple[dict[str, Any], dict[str, Any]]]:
    """(the user that was taken, as answered), or {} for the latter where none could be created."""
    reply = yield from _ask(Send("POST", "/Users", body=sent, purpose="survey: create a full user"))
    if not (reply.ok and reply.resource().get("id")):
        small = {name: sent[name] for name in ("userName", "name", "emails", "active")}
        small["schemas"] = [urns.USER]
        sent = small
        reply = yield from _ask(Send("POST", "/Users", body=small, purpose="survey: create a plain user"))
    body = reply.resource()
    if reply.ok and body.get("id"):
        offers["users"] = Offer("yes")
        return sent, body
    hint = advice(str(body.get("detail", "")))
    offers["users"] = Offer("broken", f"no user could be created: POST /Users answered {_answer(reply)}{hint}")
    return sent, {}


def _users(
    identifier: str, person: Person, read: dict[str, Any], offers: dict[str, Offer], said: Mapping[str, bool | None]
) -> Flow[None]:
    name = _with_a_capital(person.user_name)
    query = PERCENT_20.encode([("filter", f"userName eq {filter_string(name)}")])
    reply = yield from _ask(Send("GET", "/Users", query, purpose="survey: filter"))
    offers["filter"] = _filter_offer(reply, said["filter"])
    path = f"/Users/{segment(identifier)}"
    reply = yield from _patch(path, "displayName", read.get("displayName") or person.display_name)
    if reply.status in ABSENT:  # a server may refuse one attribute by 501 and change others
        reply = yield from _patch(path, "active", True)
    offers["patch"] = _method_offer("PATCH", reply, said["patch"])
    reply = yield from _ask(Send("PUT", path, body=read, purpose="survey: PUT what was read"))
    offers["put"] = _method_offer("PUT", reply, True)
    has_extension = isinstance(read.get(urns.ENTERPRISE), dict)
    offers["enterprise"] = Offer("yes") if has_extension else Offer("no", "the enterprise extension is not kept")
    reply = yield from _ask(Send("DELETE", path, purpose="survey: DELETE"))
    offers["delete"] = _method_offer("DELETE", reply, None)
    yield from _ask(Send("GET", path, purpose="survey: is it gone?"))


def _patch(path: str, attribute: str, value: Json) -> Flow[Reply]:
    """Ask for a value that is there already: whether the target knows PATCH, not whether it obeys."""
    operation = {"op": "replace", "path": attribute, "value": value}
    body: dict[str, Any] = {"schemas": [urns.PATCH_OP], "Operations": [operation]}
    reply: Reply = yield from _ask(Send("PATCH", path, body=body, purpose=f"survey: PATCH {attribute}"))
    return reply


def _groups(team: Team, member: str, offers: dict[str, Offer], types: set[str]) -> Flow[None]:
    body: dict[str, Any] = {"schemas": [urns.GROUP], "displayName": team.display_name}
    reply = yield from _ask(Send("POST", "/Groups", body=body, purpose="survey: create a group"))
    if reply.status in ABSENT:
        advertised = "/groups" in types
        state = "broken" if advertised else "no"
        words = "advertised in /ResourceTypes, yet" if advertised else "the target has no groups:"
        offers["groups"] = Offer(state, f"{words} POST /Groups answered {reply.status}")
        return
    offers["groups"] = Offer("yes")
    identifier = reply.resource().get("id")
    if reply.ok and identifier:
        path = f"/Groups/{segment(str(identifier))}"
        yield from _ask(Send("DELETE", path, purpose="survey: DELETE the group"))
        yield from _ask(Send("GET", path, purpose="survey: is it gone?"))


def _read(collection: str, created: dict[str, Any]) -> Flow[dict[str, Any]]:
    path = f"{collection}/{segment(str(created['id']))}"
    reply = yield from _ask(Send("GET", path, purpose="survey: read it back"))
    return reply.resource() if reply.ok else {}


def _filter_offer(reply: Reply, advertised: bool | None) -> Offer:
    if reply.ok:
        return Offer("yes")
    if reply.status == 404:
        return Offer("yes")  # an empty look-up answered with 404 is a defect that scenarios find
    why = f"a look-up by userName answered {_answer(reply)}"
    return Offer("no" if advertised is False else "broken", why)


def _method_offer(method: str, reply: Reply, advertised: bool | None) -> Offer:
    if reply.status not in ABSENT:
        return Offer("yes")
    why = f"{method} answered {reply.status}"
    return Offer("broken", f"advertised, yet {why}") if advertised else Offer("no", why)


def _supported(config: dict[str, Any], name: str) -> bool | None:
    entry = config.get(name)
    supported = entry.get("supported") if isinstance(entry, dict) else None
    return supported if isinstance(supported, bool) else None


def _kept(sent: dict[str, Any], read: dict[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    user = schemas.builtin().resource_type("User")
    asked = [path for path in SURVEYED if paths.select(sent, path, user)]
    kept = tuple(path for path in asked if paths.select(read, path, user))
    dropped = tuple(path for path in asked if path not in kept)
    untyped = TYPED_EMAIL in dropped and paths.select(read, BARE_EMAIL, user)
    return (*kept, BARE_EMAIL) if untyped else kept, dropped


def _normalised(sent: dict[str, Any], read: dict[str, Any]) -> dict[str, str]:
    user = schemas.builtin().resource_type("User")
    changes: dict[str, str] = {}
    for path in SURVEYED:
        before, after = paths.select(sent, path, user), paths.select(read, path, user)
        if before and after and before[0] != after[0] and isinstance(before[0], str):
            changes[path] = COMPOSED if _composed(path, sent, after[0]) else _how(before[0], after[0])
    return changes


def _composed(path: str, sent: dict[str, Any], after: Json) -> bool:
    """Whether a server answers with the names put together where something else was sent."""
    parts = (str(sent["name"]["givenName"]), str(sent["name"]["familyName"]))
    return path in ("name.formatted", "displayName") and isinstance(after, str) and all(part in after for part in parts)


def _how(before: str, after: Json) -> str:
    if after == before.lower():
        return "lower-case"
    return "lower-case letters" if str(after).casefold() == before.casefold() else f"{before!r} became {after!r}"


def _capitalised(email: str) -> str:
    local, at, domain = email.partition("@")
    return f"{local.capitalize() if local[:1].isalpha() else local.upper()}{at}{domain}"


def _with_a_capital(user_name: str) -> str:
    """The userName with the last letter of its local part in upper case; by how it begins a run's rows are known."""
    local, at, domain = user_name.partition("@")
    last = max((place for place, letter in enumerate(local) if letter.isalpha()), default=0)
    return f"{local[:last]}{local[last:].upper()}{at}{domain}"


def _answer(reply: Reply) -> str:
    return reply.failure.detail if reply.failure is not None else str(reply.status)
