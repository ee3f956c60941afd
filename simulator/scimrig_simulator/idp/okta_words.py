"""How Okta words what went wrong (okta:8 [O16, O17]).

Rule: pure functions of a reply.
"""

from __future__ import annotations

from scimrig_simulator.idp import answers
from scimrig_simulator.wire import Reply


def refused(reply: Reply, *, known: bool = False) -> str:
    """``known``: asked for an id that Okta has; a 404 has words of its own then (okta:4 [O16])."""
    reason = "Matching user not found" if known and reply.status == 404 else answers.reason(reply)
    return f"{reason}. Errors reported by remote server: {answers.detail(reply)}"


def refusal(reply: Reply, *, known: bool = False) -> str:
    """Why a PUT or PATCH failed, "" where it did not: 200 with JSON, or 2xx with nothing (okta:5, okta:8)."""
    if not reply.ok:
        return refused(reply, known=known)
    return answers.parsed(reply).fault if reply.body.strip() else ""


def inactive(reply: Reply) -> bool:
    """Whether an answer shows somebody who is switched off."""
    return answers.parsed(reply).value.get("active") is False


def unfit(reply: Reply) -> str:
    """Why an answer to the credentials test is not what Okta wants, "" where it is (okta:2)."""
    if not reply.ok:
        return refused(reply)
    return answers.listing(reply).fault or answers.uneven(reply)
