"""The seams of the reference server: the named places where a saboteur may cut in.

The server asks a ``Seams`` object whenever the protocol has a say: who may come in, what a body means, which rows fit,
what is kept, how it looks on the wire. What stands here is the sound answer; a fault is a subclass that overrides one
method. So the server holds no ``if fault``, and a fault holds no copy of the server.

Rule: methods are called in the order in which they stand here (``admit`` between ``store`` and ``unique``), and get all
they need as arguments. This module leans on ``calls``, ``scim``, ``policy``, ``wire`` and ``clock`` only: it may not
import ``server`` or ``faults``, which both lean on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NoReturn

from scimrig_simulator import limits
from scimrig_simulator.calls import (
    Admits,
    Answer,
    Call,
    Credential,
    Door,
    Link,
    Page,
    Projection,
    Resource,
    Rows,
    Window,
)
from scimrig_simulator.clock import Clock, SystemClock
from scimrig_simulator.policy.addresses import client, loopback, within
from scimrig_simulator.policy.delivery import SUCCESS, Delivery, headers, ladder
from scimrig_simulator.policy.entries import Entry
from scimrig_simulator.policy.events import Event, payload
from scimrig_simulator.policy.rules import Rules, primary_email, registered, roles_of, same_email, with_email
from scimrig_simulator.scim import filters, messages, patch, projection, urns, validation
from scimrig_simulator.scim.bodies import check_coding, check_media_type, json_object
from scimrig_simulator.scim.errors import ScimError, invalid_value, not_mutable
from scimrig_simulator.scim.filters import Filter, Predicate
from scimrig_simulator.scim.keys import values_at
from scimrig_simulator.scim.schemas import Definitions, ResourceType, unique_places
from scimrig_simulator.scim.sizes import check_sizes
from scimrig_simulator.scim.tolerances import STANDARD, Tolerance
from scimrig_simulator.scim.written import shown_after
from scimrig_simulator.wire import Headers

DUPLICATE = "duplicate"
_FIXED = "A user's primary e-mail address can't be changed; nothing of this request was applied."

LARGEST_PAGE = limits.LARGEST_PAGE
USUAL_PAGE = limits.USUAL_PAGE


class Seams:
    """The sound server's answers. Every method that gets a ``Call`` may raise ScimError, which goes out as such.

    clock, tolerances: the server's, set when it is built.
    """

    clock: Clock = SystemClock()
    tolerances: frozenset[Tolerance] = STANDARD

    # Coming in

    def definitions(self, known: Definitions) -> Definitions:
        """Schemas and resource types on offer. Asked once, when the server is built."""
        return known

    def authorize(self, call: Call, admits: Admits) -> None:
        """Let a request pass whose bearer token ``admits`` knows. Raises ScimError 401 with a challenge (RFC 6750 §3).

        Asked again when the body of a request is there: what let its client in may be gone by then.
        """
        scheme, _, credentials = call.headers.get("authorization", "").strip().partition(" ")
        if not scheme:
            refuse("This server wants a bearer token: send 'Authorization: Bearer …'.", 'Bearer realm="scim"')
        if scheme.lower() != "bearer" or not admits(credentials.strip()):
            refuse("The bearer token is not valid here.", 'Bearer realm="scim", error="invalid_token"')

    def vouch(self, held: Credential, tenant: int, now: float) -> bool:
        """Whether a token on file lets its bearer in to ``tenant`` (CAP-10, CAP-14, CAP-15)."""
        return held.tenant == tenant and held.active and (held.expires is None or held.expires > now)

    def whence(self, peer: str, forwarded: str, proxies: Sequence[str]) -> str:
        """The address of the client, "" where it is unknown: of ``peer``, who is connected, unless it is a proxy.

        forwarded: the X-Forwarded-For of the request.  proxies: the networks whose word is taken for it (CAP-20).
        """
        return client(peer, forwarded, proxies)

    def enter(self, call: Call, door: Door) -> None:
        """After ``authorize``, where there is a policy. Raises ScimError 403: the token is good, and the door is shut.

        401 would tell an IdP that its credentials are wrong, and it would stop for good (D7).
        """
        if not door.scim:
            raise ScimError(403, None, "SCIM is switched off for this organization.", reason="scim_disabled")
        if not door.enabled:
            raise ScimError(403, None, "This directory is disabled.", reason="directory_disabled")
        if door.allowed and not within(door.address, door.allowed):
            raise ScimError(403, None, "This directory can't be reached from your network.", reason="address_refused")

    def discover(self, call: Call) -> None:
        """Before a discovery document is served. Raises ScimError 403 for a filter (RFC 7644 §4)."""
        if "filter" in call.query:
            raise ScimError(403, None, "Discovery endpoints take no filter; read the whole list instead.")

    def parse(self, call: Call) -> Resource:
        """The request body as a JSON object. Raises ScimError 415 or 400 invalidSyntax."""
        check_media_type(call.headers.get("content-type"))
        check_coding(call.headers.get("content-encoding"))
        return json_object(call.content)

    def project(self, call: Call, attributes: Sequence[str] | None, excluded: Sequence[str] | None) -> Projection:
        """What the client wants to see. Raises ScimError 400 where both lists are given (RFC 7644 §3.9)."""
        if attributes and excluded:
            detail = "Send either 'attributes' or 'excludedAttributes', not both."
            raise ScimError(400, "invalidValue", detail)
        return Projection(tuple(attributes) if attributes else None, tuple(excluded) if excluded else None)

    # Finding

    def filter(self, call: Call, text: str | None) -> Filter | None:
        """The filter to apply; None for none, as ``text`` is where the request has none. Raises FilterError."""
        return None if text is None else filters.parse_filter(text)

    def match(self, call: Call, wanted: Filter, resource_type: ResourceType) -> Predicate:
        """What says whether a resource (whole, but for its password) fits the filter. Raises FilterError."""
        return filters.predicate(wanted, resource_type)

    def window(self, call: Call, start: int | None, count: int | None) -> Window:
        """Bounds of a page from startIndex and count, None where not given (RFC 7644 §3.4.2.4)."""
        most = min(LARGEST_PAGE, max(0, USUAL_PAGE if count is None else count))
        return Window(max(1, start or 1), most, call.cursor)

    def listing(self, call: Call, page: Page) -> Resource:
        """The ListResponse of a page; one by cursor has no place to name (RFC 9865 §2)."""
        if page.cursors is None:
            return messages.list_response(page.resources, page.total, page.start)
        return messages.list_response(page.resources, page.total, None, cursors=page.cursors)

    def find(self, call: Call, rows: Rows) -> Resource:
        """The resource that the path names. Raises ScimError 404."""
        resource = rows.fetch(call.kind, call.id or "")
        if resource is None:
            raise ScimError(404, None, f"There is no {call.kind.name} with id {call.id!r}.")
        return resource

    # Writing

    def accept(self, call: Call, body: Resource, existing: Resource | None) -> Resource:
        """What a POST (``existing`` None) or PUT body asks to be stored.

        A PUT of a user without ``active`` keeps it, so that it can't let a leaver in again (RFC 7644 §3.5.1; bug
        PUT-04).
        """
        resource = validation.accept(body, call.kind, existing=existing, leniency=self.tolerances)
        if existing is not None and "active" in existing and call.kind.schema.id == urns.USER:
            resource.setdefault("active", existing["active"])
        _show_what_was_written(call, body)
        return resource

    def patch(self, call: Call, resource: Resource, body: Resource) -> Resource:
        """The resource after a PATCH: a new object, or ScimError and nothing has happened."""
        after = patch.apply_patch(resource, body, call.kind, leniency=self.tolerances)
        _show_what_was_written(call, body)
        return after

    def store(self, call: Call, before: Resource | None, after: Resource) -> Resource:
        """Last look at what is about to be stored; ``before`` is None for a new resource. A member counts once.

        Raises ScimError 400 invalidValue for a value that is too long, and for too many of them.
        """
        check_sizes(after, call.kind)
        if after.get("members") and call.kind.schema.id == urns.GROUP:
            after["members"] = list({member["value"]: member for member in after["members"]}.values())
        return after

    def unique(self, call: Call, after: Resource, rows: Rows) -> None:
        """Raises ScimError 409 uniqueness where a value is another's that the schema wants to be unique (RFC 7643 §7).

        A userName in any case (§4.1.1), everything else by its own case rule; two values of one resource don't clash.
        """
        name = after.get("userName")
        alike = rows.named(call.kind, name) if isinstance(name, str) and call.kind.schema.id == urns.USER else ()
        if any(id != call.id for id, _ in alike):
            raise ScimError(409, "uniqueness", f"A user with userName {name!r} exists already.", reason=DUPLICATE)
        for place in unique_places(call.kind):
            for value in values_at(after, place):
                if any(id != call.id for id in rows.holders(call.kind, place.name, value)):
                    detail = f"{place.name}: another {call.kind.name} has the same value, and it must be unique."
                    raise ScimError(409, "uniqueness", detail, reason=DUPLICATE)

    def changed(self, call: Call, before: Resource, after: Resource) -> bool:
        """True where a write changes something: only then version and lastModified move (RFC 7644 §3.5.2.1)."""
        return not validation.identical(before, after, call.kind)

    def delete(self, call: Call, rows: Rows) -> None:
        """Delete the resource that the path names."""
        rows.remove(call.kind, call.id or "")

    # Policy: asked only where the server has one

    def admit(self, call: Call, before: Resource | None, after: Resource, rules: Rules) -> Resource:
        """What of a user may be stored; ``before`` is None for a new one. Raises ScimError 400: nothing is stored then.

        ``mutability`` where the e-mail address would change (policy page D1); another case is no change, and the
        address keeps its letters. ``invalidValue`` where there is no address, or its domain isn't registered (D2):
        whoever comes in, comes back or is written to; switching a user off is never refused for that.
        """
        email = primary_email(after)
        held = primary_email(before or {})
        if held and not same_email(held, email):
            raise not_mutable(_FIXED, "email_immutable")
        if held:
            after = with_email(after, held)
        if before is None or not _switched_off(before, after, call.kind):
            _let_in(email, rules)
        return after

    def taken(self, email: str, holders: Sequence[str]) -> None:
        """Raises ScimError 409 where others of the organization have the address: users by their ids (CAP-06)."""
        if holders:
            raise ScimError(409, "uniqueness", f"Another user has the e-mail address {email!r}.", reason=DUPLICATE)

    def roles(self, user_id: str, group_ids: Sequence[str], rules: Rules) -> tuple[str, ...]:
        """The roles of who is in these groups, asked whenever they are looked at (policy page D3)."""
        return roles_of(group_ids, rules)

    def grant(self, before: Sequence[str], after: Sequence[str]) -> Sequence[str]:
        """The roles that a user has once the API has given or taken some: ``after`` (CAP-35)."""
        return after

    def forgets(self, user_id: str) -> bool:
        """Whether roles that the API has set are forgotten when a user's groups change: always (CAP-35)."""
        return True

    def profile(self, user: Resource, profile: Mapping[str, Any]) -> Mapping[str, Any]:
        """The profile of a user as events and both APIs show it (CAP-24, CAP-50)."""
        return profile

    def access(self, user: Resource | None) -> bool:
        """Whether a user may come in; None is one that isn't there (CAP-27)."""
        return user is not None and present(user)

    def offboard(self, user_id: str) -> bool:
        """Whether the sessions of a user end who is switched off or gone: all, at once, for good (CAP-26)."""
        return True

    def session(self, user: Resource | None) -> bool:
        """Whether a session that was never ended lets its user in: as long as there is one who is switched on."""
        return user is not None and present(user)

    def overwrite(self, before: Resource, after: Resource) -> Resource:
        """What the API makes of a provisioned user: what was asked for, whoever wrote it last (D8)."""
        return after

    def resume(self, page_token: str) -> str:
        """Where a listing of the API goes on; "" is the beginning."""
        return page_token

    def since(self, moment: float | None) -> float | None:
        """After which moment the API lists what has changed, in seconds since the epoch; None = everything."""
        return moment

    def listed(self, entries: list[Resource]) -> list[Resource]:
        """The users or groups of a page of the directory API, as it shows them (CAP-52)."""
        return entries

    def announce(self, call: Call, events: list[Event]) -> list[Event]:
        """What of the events of a write that has succeeded goes out: all; none where nothing has changed (D4)."""
        return events

    def refused(self, call: Call, error: ScimError) -> list[Event]:
        """What goes out about a write that was refused: nothing."""
        return []

    def audit(self, call: Call | None, entry: Entry) -> Sequence[Entry]:
        """What the audit log keeps of something that was done or refused: its entry (CAP-54). ``call``: if SCIM's."""
        return (entry,)

    def opens(self, link: Link, now: float) -> bool:
        """Whether a link to the portal opens: once, and before it expires (CAP-16)."""
        return link.opened is None and now < link.expires

    def unencrypted(self, host: str) -> bool:
        """Whether webhooks may go to a host by http: they hold people's data, so to this machine only (CAP-47)."""
        return loopback(host)

    def payload(self, event: Event) -> bytes:
        """The body of an event's deliveries. Asked once an event: attempts send the same bytes."""
        return payload(event)

    def headers(self, delivery: Delivery) -> Headers:
        """The headers of an attempt: Standard Webhooks, signed over the very bytes that are sent (D5)."""
        return headers(delivery)

    def delivered(self, status: int) -> bool:
        """Whether an endpoint that answers so has the event; 0 = no answer came (D6)."""
        return status in SUCCESS

    def ladder(self, attempt: int) -> float | None:
        """Seconds to wait after attempt ``attempt`` has failed, 0 being the commit itself; None = give up (D6)."""
        return ladder(attempt)

    # Going out

    def render(self, call: Call, resource: Resource, resource_type: ResourceType) -> Resource:
        """One resource as the client sees it."""
        wanted = call.projection
        return projection.project(
            resource,
            resource_type,
            list(wanted.attributes) if wanted.attributes is not None else None,
            list(wanted.excluded) if wanted.excluded is not None else None,
            wanted.written,
        )

    def fail(self, call: Call, error: ScimError) -> Answer:
        """The answer that an error becomes (RFC 7644 §3.12)."""
        return Answer(error.status, error.body(), dict(error.headers))

    def emit(self, call: Call, answer: Answer) -> Answer:
        """Last look at every answer, errors included, before it is put into bytes."""
        return answer


def _show_what_was_written(call: Call, body: Resource) -> None:
    """Attributes that are returned on request only are shown to whoever has just written them."""
    written = shown_after(body, call.kind)
    if written:
        call.projection = replace(call.projection, written=written)


def present(user: Resource) -> bool:
    """Whether a stored user counts as one: ``active`` says no, or nothing."""
    return user.get("active") is not False


def _switched_off(before: Resource, after: Resource, kind: ResourceType) -> bool:
    """Whether a write switches a user off, or says so again of one who is."""
    return not present(after) and (present(before) or validation.identical(before, after, kind))


def _let_in(email: str, rules: Rules) -> None:
    if not email:
        detail = "A user needs an e-mail address: send 'emails', or a userName that is one."
        raise invalid_value(detail, "email_missing")
    if not registered(email, rules):
        domain = email.rpartition("@")[2]
        detail = f"The e-mail domain {domain!r} is not registered here, so its users can't be provisioned."
        raise invalid_value(detail, "domain_not_registered")


def refuse(detail: str, challenge: str) -> NoReturn:
    """Raise the 401 that carries ``challenge`` in WWW-Authenticate (RFC 9110 §11.6.1)."""
    raise ScimError(401, None, detail, headers=(("WWW-Authenticate", challenge),))
