"""The portal: where a customer's administrator sets a directory up and sees how it fares (CAP-16, CAP-17).

A link opens a session, which a cookie carries; whatever changes something has to bring what only a page of the session
knows. Pages work without a script, and may be framed: over TLS the cookie is the framing site's own (``Partitioned``),
so that no other site's frame is anybody's session.

Rule: lets in, reads and answers; what can be done stands in ``portal_functions.py``, how it looks in
``portal_pages.py``. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from scimrig_simulator import limits
from scimrig_simulator.policy.entries import ADMIN, Entry, cut
from scimrig_simulator.scim.bodies import PLAIN_JSON, json_object
from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.server.access_log import note_route
from scimrig_simulator.server.api.listings import directory_of
from scimrig_simulator.server.approach import Approach
from scimrig_simulator.server.asgi import (
    App,
    Receive,
    Scope,
    Send,
    below,
    content_of,
    headers_of,
    parameters_of,
    path_of,
    respond,
)
from scimrig_simulator.server.house import House
from scimrig_simulator.server.mishaps import as_error, outline
from scimrig_simulator.server.operations import Asked, Body, Caller, Operation, Operations, Trouble
from scimrig_simulator.server.organizations import Organization
from scimrig_simulator.server.portal_functions import TEST, Functions
from scimrig_simulator.server.portal_links import LASTS, Links, Session
from scimrig_simulator.server.portal_markup import POLICY
from scimrig_simulator.server.portal_pages import FORMS, Form, Pages, refusal_page
from scimrig_simulator.server.portal_probe import Probe
from scimrig_simulator.wire import encode_json

PLACE = "/portal"
COOKIE = "scimrig_portal"
PROOF = "x-portal-proof"
"""Header of a request to the JSON twin that changes something; forms have a field ``proof``."""

_TOKEN = 40  # characters; a link's has more, and no other path does
_SAFE = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_HTML = "text/html; charset=utf-8"
_USED = "This link has been used, or its minute is over. Ask whoever gave it to you for a new one."
_OUT = "Nobody is signed in here, or the session is over. Ask for a new link to the portal, and open it."
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Reply:
    """An answer on its way."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    media_type: str = _HTML


@dataclass(frozen=True, slots=True)
class _Visit:
    """A request of somebody who is signed in. key: of the session."""

    session: Session
    organization: Organization
    key: str
    scope: Scope
    headers: Mapping[str, str]


class Portal:
    """The portal of a server, as an ASGI application. lent: the API's operations.  site: the server, once it is."""

    def __init__(self, house: House, lent: Operations, approach: Approach) -> None:
        self._house = house
        self._links = Links(house.store, house.clock, house.seams)
        self._functions = Functions(house, lent)
        self._pages = Pages(self._functions)
        self._approach = approach
        self.site: App | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        segments = below(PLACE, path_of(scope)) or []
        try:
            reply = await self._answer(scope, receive, segments)
        except Exception as mishap:  # whatever it is, there is a page that says so, or JSON
            reply = self._told(_trouble(mishap, scope["method"]), segments)
        head = scope["method"] == "HEAD"
        await respond(send, reply.status, {**_SAFE, **reply.headers}, reply.body, reply.media_type, head=head)

    def _told(self, trouble: Trouble, segments: Sequence[str]) -> _Reply:
        headers = dict(trouble.headers)
        if segments[:1] == ["api"]:
            return _Reply(trouble.status, encode_json({"error": trouble.words}), headers, PLAIN_JSON)
        return _Reply(trouble.status, refusal_page(trouble.words), headers)

    async def _answer(self, scope: Scope, receive: Receive, segments: list[str]) -> _Reply:
        headers = headers_of(scope)
        if len(segments) == 1 and len(segments[0]) >= _TOKEN:
            note_route(scope, f"{PLACE}/{{link}}", "")
            return self._open(scope, headers, segments[0])
        visit = self._visit(scope, headers)
        if segments[:1] == ["api"]:
            return await self._twin(visit, receive, segments[1:])
        if scope["method"] == "POST":
            return await self._submitted(visit, receive, segments)
        if scope["method"] not in ("GET", "HEAD"):
            raise Trouble(405, "Pages are read with GET, and forms are sent with POST.", {"Allow": "GET, HEAD, POST"})
        note_route(scope, f"{PLACE}/{{page}}", "")
        asked = self._asked(visit, {}, {})
        return _Reply(200, self._pages.show(visit.organization, visit.session.proof, segments, asked))

    # Coming in

    def _open(self, scope: Scope, headers: Mapping[str, str], token: str) -> _Reply:
        """Open a link. Only a GET does: whoever looks what is behind it leaves it for the one it was made for."""
        if scope["method"] != "GET":
            raise Trouble(405, "A link is opened with GET.", {"Allow": "GET"})
        with self._house.store.transaction():
            entered = self._links.enter(token)
            organization = None if entered is None else self._house.organizations.numbered(entered[0].organization)
            if entered is None or organization is None:
                raise Trouble(410, _USED)
            session, key = entered
            actor = {"type": ADMIN, "id": session.link, "ip": self._approach.address(scope, headers)}
            actor["user_agent"] = cut(headers.get("user-agent", ""))
            target = {"type": "Organization", "id": organization.id}
            entry = Entry(
                "portal.open", self._house.clock.now(), actor=actor, target=target, organization_id=organization.id
            )
            self._house.audit.record(organization.number, None, entry)
        cookie = self._cookie(scope, headers, key, round(LASTS))
        return _Reply(303, b"", {"Location": f"{PLACE}/", "Set-Cookie": cookie})

    def _cookie(self, scope: Scope, headers: Mapping[str, str], key: str, lasts: int) -> str:
        public = urlsplit(self._house.public_url or "").scheme
        secure = (public or self._approach.scheme(scope, headers)) == "https"
        how = "SameSite=None; Secure; Partitioned" if secure else "SameSite=Lax"
        return f"{COOKIE}={key}; Path={PLACE}; Max-Age={lasts}; HttpOnly; {how}"

    def _visit(self, scope: Scope, headers: Mapping[str, str]) -> _Visit:
        """Whose session a request belongs to. Raises Trouble 401."""
        pairs = (pair.strip().partition("=") for pair in headers.get("cookie", "").replace(",", ";").split(";"))
        key = next((value for name, _, value in pairs if name == COOKIE), "")
        session = self._links.session(key) if key else None
        organization = None if session is None else self._house.organizations.numbered(session.organization)
        if session is None or organization is None:
            raise Trouble(401, _OUT)
        return _Visit(session, organization, key, scope, headers)

    # Doing

    async def _twin(self, visit: _Visit, receive: Receive, segments: list[str]) -> _Reply:
        """The JSON twin: GET session tells the proof, everything else is an operation."""
        method = "GET" if visit.scope["method"] == "HEAD" else visit.scope["method"]
        if segments == ["session"] and method == "GET":
            told = {"organization_id": visit.organization.id, "proof": visit.session.proof}
            return _Reply(200, encode_json(told), {}, PLAIN_JSON)
        methods, variables = self._functions.find(visit.organization, segments)
        operation = methods.get(method)
        if operation is None:
            allowed = ", ".join(methods)
            raise Trouble(405, f"{method} is not possible here, only {allowed}.", {"Allow": allowed})
        note_route(visit.scope, f"{PLACE}/api", "")
        body: Body = {}
        if method != "GET":
            content = await content_of(visit.headers, receive, limits.MANAGEMENT_BODY)
            self._prove(visit, visit.headers.get(PROOF, ""))
            body = json_object(content) if content.strip() else {}
        found = await self._do(visit, operation, self._asked(visit, variables, body))
        return _Reply(204 if found is None else operation.status, encode_json(dict(found or {})), {}, PLAIN_JSON)

    async def _submitted(self, visit: _Visit, receive: Receive, segments: list[str]) -> _Reply:
        """A form: the same operation, and a page afterwards."""
        note_route(visit.scope, f"{PLACE}/{{form}}", "")
        content = await content_of(visit.headers, receive, limits.MANAGEMENT_BODY)
        pairs = parse_qsl(content.decode("utf-8", "replace"), keep_blank_values=True)
        self._prove(visit, next((value for name, value in pairs if name == "proof"), ""))
        if segments == ["leave"]:
            self._links.leave(visit.key)
            gone = self._cookie(visit.scope, visit.headers, "", 0)
            return _Reply(200, refusal_page("You have left the portal.", title="Good-bye"), {"Set-Cookie": gone})
        form = _form(segments)
        methods, variables = self._functions.find(visit.organization, form.path(segments))
        asked = self._asked(visit, variables, form.body(pairs))
        try:
            found = await self._do(visit, methods[form.method], asked)
        except Trouble as trouble:
            page = self._pages.again(visit.organization, visit.session.proof, segments, asked, trouble.words)
            return _Reply(trouble.status, page)
        if form.shows:
            page = self._pages.outcome(visit.organization, visit.session.proof, segments, asked, found or {})
            return _Reply(200, page)
        back = "/".join((PLACE, *segments[:2])) if len(segments) > 1 else f"{PLACE}/"
        return _Reply(303, b"", {"Location": f"{back}?done={form.done}"})

    async def _do(self, visit: _Visit, operation: Operation, asked: Asked) -> Body | None:
        if operation.name == TEST:
            assert self.site is not None
            directory = directory_of(self._house, asked)
            found = await Probe(self._house, self.site).test(directory, visit.scope)
            asked = Asked(asked.path, asked.query, found, asked.caller, asked.origin, asked.headers)
        return self._functions.do(visit.organization, operation, asked)

    def _prove(self, visit: _Visit, proof: str) -> None:
        """Raises Trouble 403 where a request may be another page's, sent along with the cookie."""
        if not hmac.compare_digest(proof.encode("utf-8", "replace"), visit.session.proof.encode()):
            raise Trouble(403, "This didn't come from a page of your session. Open the portal again, and repeat it.")

    def _asked(self, visit: _Visit, variables: Mapping[str, str], body: Body) -> Asked:
        scope, headers = visit.scope, visit.headers
        caller = Caller(
            ADMIN, visit.session.link, self._approach.address(scope, headers), headers.get("user-agent", "")
        )
        query = parameters_of(scope) if scope["query_string"] else {}
        path = {"organization_id": visit.organization.id, **variables}
        return Asked(path, query, body, caller, self._approach.origin(scope, headers), headers)


def _form(segments: Sequence[str]) -> Form:
    form = next((form for form in FORMS if form.fits(segments)), None)
    if form is None:
        raise Trouble(404, "There is no such form at the portal.")
    return form


def _trouble(mishap: Exception, method: str) -> Trouble:
    if isinstance(mishap, Trouble):
        return mishap
    told = mishap if isinstance(mishap, ScimError) else as_error(mishap)
    if told is not mishap:
        _log.error("%s failed below %s\n%s", method, PLACE, outline(mishap))
    return Trouble(told.status, told.detail, dict(told.headers))
