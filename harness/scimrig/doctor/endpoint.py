"""Is this a SCIM endpoint, does it let us in and others not, and what does it say of itself?

Rule: reads only, by the book; tokens go to the target's own origin and nowhere else.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias
from urllib.parse import urljoin, urlsplit

from scimrig.addresses import is_loopback, origin
from scimrig.doctor.line import Line, Mark, broken, fine, worth
from scimrig.doctor.reach import ADVICE
from scimrig.survey import ABSENT
from scimrig.target import Target
from scimrig_simulator.wire import BY_THE_BOOK, CREDENTIALS, PERCENT_20, Headers, Reply, Send

Ask: TypeAlias = Callable[[Send], Reply]
"""Sends one request to the target and returns its answer."""

_KNOCK = PERCENT_20.encode([("startIndex", "1"), ("count", "1")])
_REDIRECTS = (301, 302, 303, 307, 308)
_LOOKED_FOR = ("/scim/v2", "/scim", "/v2", "/api/scim/v2", "/api/scim")
_RESOURCES = ("/users", "/groups", "/serviceproviderconfig", "/resourcetypes", "/schemas", "/.search", "/me", "/bulk")
_FEATURES = ("patch", "filter", "sort", "etag", "bulk", "changePassword")
_NEEDED = {
    "patch": "Okta and Entra switch people off, and change members, by PATCH alone",
    "filter": "every IdP looks people up by a filter before it creates them",
}
"""Feature → why an endpoint that does not offer it is worth a second look (docs/idp-dialects.md, chapters 3 and 5)."""


def knock(headers: Headers = BY_THE_BOOK, purpose: str = "knock: is this a SCIM endpoint?") -> Send:
    """The least that any SCIM endpoint answers: one user of the list."""
    return Send("GET", "/Users", _KNOCK, headers, purpose=purpose)


def scim(reply: Reply, target: Target, search: Callable[[], str]) -> Line:
    """What an answer to the knock says of the base URL. ``search`` looks for a better one, "" where there is none."""
    if reply.failure is not None:
        return broken("SCIM", reply.failure.detail, ADVICE[reply.failure.kind])
    said = f"GET /Users answered {reply.status}"
    if reply.status in _REDIRECTS:
        return _redirected(reply, said, target)
    body = reply.resource()
    html = reply.body.lstrip()[:1] == b"<"
    if html or reply.status in ABSENT:
        better = search()
        advice = f"use {better} as the base URL: SCIM answers there" if better else _LOOK
        told = "with an HTML page" if html else f"({_detail(reply)})" if body else "and no SCIM error"
        return broken("SCIM", f"{said} {told}: this is not the root of SCIM", advice)
    if reply.status >= 500:
        return broken("SCIM", said, "the server is not well; its log should say why")
    if not reply.ok:
        return broken("SCIM", f"{said}: {_detail(reply)}", "a list of users must be answered 200 (RFC 7644 §3.4.2)")
    total = body.get("totalResults")
    if not isinstance(total, int) or isinstance(total, bool):
        what = "no JSON object" if not body else "JSON that is no ListResponse (totalResults is missing)"
        return broken("SCIM", f"{said} with {what}", "another service may be at this address; see RFC 7644 §3.4.2")
    return fine("SCIM", f"{said} with a list; {total} user{'' if total == 1 else 's'} there")


_LOOK = "look up the base URL in the server's documentation; it often ends in /scim/v2"


def better_base(base_url: str, get: Callable[[str], Reply]) -> str:
    """A base URL on the same origin under which SCIM answers, "" where none of the usual ones does.

    get: asks for a path of the same origin, with our credentials
    """
    for base in _candidates(base_url):
        body = get(f"{urlsplit(base).path}/ServiceProviderConfig").resource()
        if isinstance(body.get("patch"), dict) or "ServiceProviderConfig" in str(body.get("schemas")):
            return base
    return ""


def _candidates(base_url: str) -> list[str]:
    here, path = origin(base_url), urlsplit(base_url).path.rstrip("/")
    for resource in _RESOURCES:
        if path.lower().endswith(resource):
            path = path[: -len(resource)]
            break
    parent = path.rpartition("/")[0]
    paths = [path, *(path + tail for tail in _LOOKED_FOR), *_LOOKED_FOR, parent]
    found = dict.fromkeys(f"{here}{one}" for one in paths)
    return [base for base in found if base != base_url.rstrip("/")]


def _redirected(reply: Reply, said: str, target: Target) -> Line:
    location = reply.header("Location") or ""
    whole = urljoin(f"{target.base_url}/Users", location).partition("?")[0].rstrip("/")
    base = whole.removesuffix("/Users") if whole.endswith("/Users") else ""
    what = f"{said}, a redirect to {whole or 'nowhere'}"
    if base and base != target.base_url:
        return broken("SCIM", what, f"use {base} as the base URL: IdPs do not follow redirects of writes")
    if base:
        return broken("SCIM", what, "have the server answer there without a slash at the end: IdPs send none")
    return broken("SCIM", what, "a login page, or a proxy: SCIM clients bring a token and follow no redirect")


def credentials(target: Target, ask: Ask) -> Iterator[Line]:
    """Our token is taken; is nobody let in without one?"""
    whose = _whose(target)
    nobody = ask(knock(_without(CREDENTIALS), "without a token"))
    if target.token is None:
        yield from _open_to_all(nobody, target)
        return
    wrong = ask(knock(_with(f"Bearer scimrig-{secrets.token_hex(12)}"), "with a token that nobody was given"))
    let_in = [how for how, answer in (("without a token", nobody), ("with a made-up token", wrong)) if answer.ok]
    if let_in:
        yield broken(
            "token", f"{whose} is taken, but so is anybody: GET /Users {' and '.join(let_in)} is"
            " answered 200", "check the token on every request: whoever finds this URL reads and changes your users",
        )
        return
    odd = [_answer(answer) for answer in (nobody, wrong) if answer.status != 401]
    if odd:
        yield worth(
            "token", f"{whose} is taken; no token and a wrong one are answered {' and '.join(odd)}",
            "answer 401: by it an IdP tells a bad token from a missing right (RFC 7644 §3.12)",
        )
        return
    yield fine("token", f"{whose} is taken; none and a wrong one are refused")


def _whose(target: Target) -> str:
    return f"the token from {target.token_source}" if target.ref is None else "the token made for this run"


def _open_to_all(nobody: Reply, target: Target) -> Iterator[Line]:
    if not nobody.ok:
        return
    text, advice = "none was given, and none is asked for", "protect it before anybody else can reach this address"
    yield Line(Mark.WORTH if is_loopback(target.base_url) else Mark.BROKEN, "token", text, advice)


def refused(reply: Reply, target: Target) -> Line:
    """What it means that the knock was answered 401 or 403, and which token it was."""
    answered = f"GET /Users answered {reply.status}"
    if "<" in reply.body.lstrip()[:1].decode("latin-1"):
        answered += " with an HTML page, so the base URL may be wrong too"
    if target.token is None:
        return broken("token", f"{answered}, and no token was sent",
                      "put the token into SCIMRIG_TOKEN, or name its variable with --token-env")
    if reply.status == 403:
        return broken("token", f"{_whose(target)} is known but may not read users ({answered})",
                      "give it the right to read, create, change and delete users and groups")
    return broken("token", f"{_whose(target)} is refused ({answered}): {_detail(reply)}",
                  "see that it is the one of this server, that it has not expired, and that it stands there alone,"
                  " without 'Bearer'")


def discovery(ask: Ask) -> Iterator[Line]:
    """Which of the three documents are there, and what the first one advertises."""
    answers = {path: ask(Send("GET", path, purpose="discovery")) for path in _DOCUMENTS}
    there = [_found(path, reply) for path, reply in answers.items() if _is_document(path, reply)]
    lacking = [f"{path} ({_answer(reply)})" for path, reply in answers.items() if not _is_document(path, reply)]
    if not lacking:
        yield fine("discovery", ", ".join(there))
    else:
        has = f"{', '.join(there)}; " if there else ""
        yield worth("discovery", f"{has}not there: {', '.join(lacking)}",
                    "the IdPs that scimrig plays do without; clients that read them do not (RFC 7644 §4)")
    config = answers["/ServiceProviderConfig"].resource()
    if config and answers["/ServiceProviderConfig"].ok:
        yield _advertised(config)


_DOCUMENTS = {"/ServiceProviderConfig": "", "/ResourceTypes": "name", "/Schemas": "name"}


def _is_document(path: str, reply: Reply) -> bool:
    return reply.ok and bool(reply.resource())


def _found(path: str, reply: Reply) -> str:
    rows = reply.resource().get("Resources")
    names = [str(row.get("name") or row.get("id")) for row in rows if isinstance(row, dict)] if isinstance(rows, list) \
        else []
    return f"{path} ({', '.join(names)})" if path == "/ResourceTypes" and names else path


def _advertised(config: dict[str, Any]) -> Line:
    said = {name: config[name].get("supported") for name in _FEATURES if isinstance(config.get(name), dict)}
    yes = [name for name, supported in said.items() if supported is True]
    no = [name for name, supported in said.items() if supported is not True]
    text = f"advertised: {', '.join(yes) or 'nothing'}" + (f"; not: {', '.join(no)}" if no else "")
    lost = [f"{name}: {why}" for name, why in _NEEDED.items() if name in no]
    if lost:
        return worth("features", text, "; ".join(lost))
    return fine("features", text)


def _with(credentials: str) -> Headers:
    return tuple((name, credentials if value == CREDENTIALS else value) for name, value in BY_THE_BOOK)


def _without(slot: str) -> Headers:
    return tuple(line for line in BY_THE_BOOK if line[1] != slot)


def _answer(reply: Reply) -> str:
    if reply.failure is not None:
        return reply.failure.kind.value
    return str(reply.status) if not reply.ok else f"{reply.status} without a JSON object"


def _detail(reply: Reply) -> str:
    """What the server says, in a line."""
    said = reply.resource().get("detail") or reply.body[:200].decode("utf-8", "replace")
    return " ".join(str(said).split())[:200] or "nothing more was said"
