"""Standing checks on secrets: passwords and tokens in answers.

Rule: a finding never repeats the secret. What we sent is known from the request; a redacted request gives nothing to
compare with, and the member's name alone tells.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from scimrig.checks.answer import DISCOVERY, Answer, Body, parse, same
from scimrig.checks.check import Check, Problem
from scimrig.evidence import REDACTED
from scimrig.verdicts import Severity
from scimrig_simulator.scim import urns
from scimrig_simulator.scim.compare import member

_SHORTEST = 8
"""A shorter password may stand in any text by chance."""

# as a word: a token such as "token" also turns error="invalid_token" into a marker
_MARKER = re.compile(r"(?<![A-Za-z0-9_-])" + re.escape(REDACTED) + r"(?![A-Za-z0-9_-])")
# the log has every value of a member "password" replaced: that is the password's matter, not the token's
_PASSWORD_MEMBER = re.compile(r'"password"\s*:\s*"' + re.escape(REDACTED) + r'"', re.IGNORECASE)


def returned_never(answer: Answer) -> list[Problem] | None:
    """rfc-notes 35: no password in any answer, also not in error details."""
    if answer.body_state is Body.EMPTY or answer.place in DISCOVERY:
        return None
    sent = set(_sent_passwords(answer))
    if not answer.rows and not sent:
        return None
    found = []
    for row in answer.rows:
        holders = [row.resource, member(row.resource, urns.USER)]
        held = [member(holder, "password") for holder in holders if isinstance(holder, dict)]
        if any(value is not None for value in held):
            title = f"{row.where}a password is returned"
            found.append(Problem(title, "no `password`", "a `password` member (value withheld)", "member"))
    text = answer.exchange.reply_body
    if not found and any(password in text or json.dumps(password)[1:-1] in text for password in sent):
        where = f"the body of a {answer.status}"
        found.append(
            Problem(f"the password that was sent stands in {where}", "no trace of it", f"{where} (withheld)", "value")
        )
    return found


def _sent_passwords(answer: Answer) -> Iterator[str]:
    body, _ = parse(answer.exchange.request_body or "")
    for value in _password_values(body) if isinstance(body, dict) else ():
        telling = isinstance(value, str) and len(value) >= _SHORTEST and value != REDACTED and not value.isalpha()
        if telling:
            yield value


def _password_values(body: Mapping[str, Any]) -> Iterator[Any]:
    yield member(body, "password")
    operations = member(body, "Operations")
    for operation in operations if isinstance(operations, list) else []:
        if isinstance(operation, dict):
            path, value = member(operation, "path"), member(operation, "value")
            if isinstance(path, str) and same(path.rpartition(":")[2], "password"):
                yield value
            if isinstance(value, dict):
                yield member(value, "password")


def secret_echo(answer: Answer) -> list[Problem] | None:
    """The redactor put its marker where the token stood: in an answer that is an echo, whatever the text around it.

    RFC 6750 §5.2 guards the token against disclosure; an answer that holds it lands in logs and tickets.
    """
    if not answer.status:
        return None
    places = [f"the header {name}" for name, value in answer.exchange.reply_headers if _MARKER.search(value)]
    # a request body that holds the marker itself (a token that is also a name) comes back as data
    if _stands_in(answer.exchange.reply_body) and not _stands_in(answer.exchange.request_body or ""):
        places.append(f"the body of a {answer.status}")
    return [
        Problem(
            f"the token that was sent stands in {place}",
            "no secret in an answer",
            f"{place} ({REDACTED})",
            place.partition(" of ")[0],
        )
        for place in places
    ]


def _stands_in(body: str) -> bool:
    return REDACTED in body and _MARKER.search(_PASSWORD_MEMBER.sub("", body)) is not None


CHECKS = (
    Check(
        "returned-never",
        "No answer holds a password",
        "RFC7643-4.1.1-R08",
        Severity.SECURITY,
        "everybody whose password lands in the IdP's log",
        "Users in answers, and any answer to a request with a password",
        returned_never,
        "any answer",
    ),
    Check(
        "secret-echo",
        "No answer repeats the token",
        "RFC6750-5.2-R01",
        Severity.SECURITY,
        "the tenant: whoever reads the log of an IdP may act as it",
        "headers and bodies of every answer",
        secret_echo,
        "any answer",
    ),
)
