"""Why somebody does not appear, in the four questions that support asks (CAP-39), from what was sent and answered.

Rule: pure; it reads exchanges and declarations, and judges nothing. No address is repeated: findings about different
people are one defect, told once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from scimrig.declarations import Declarations
from scimrig.evidence import Exchange, Sight, StepPlayed
from scimrig_simulator.scim.compare import member

_ADVICE = (
    "; its answer speaks of a domain: add policy.allowed_domains to the target file, so that scimrig makes up people"
    " whom the target takes"
)


def appears(step: StepPlayed, after: Sequence[Sight]) -> bool:
    """Whether the person whom an act is to provision is there; True for every other act, which nobody asks about."""
    if step.act != "assign":
        return True
    sight = next((sight for sight in after if sight.key == step.subject), None)
    looked = () if sight is None else (sight.by_id, sight.by_filter, sight.in_list)
    return any(reading.state == "found" for reading in looked)


def diagnosis(sent: Sequence[Exchange], declared: Declarations) -> str:
    """Four answers in one line: seen in a request, e-mail address, domain, token."""
    return "Why they do not appear: " + "; ".join(_answers(sent, declared)) + "."


def _answers(sent: Sequence[Exchange], declared: Declarations) -> Iterator[str]:
    writes = [exchange for exchange in sent if exchange.method in ("POST", "PUT", "PATCH")]
    told = "; ".join(dict.fromkeys(f"{one.method} answered {one.status or 'nothing'}" for one in writes))
    yield f"seen in a request - {f'yes ({told})' if writes else 'no, nothing was sent that would make them'}"
    email = next((found for one in reversed(writes) if (found := _address(one))), "")
    yield f"an e-mail address - {'yes' if email else 'no'}"
    if declared.promises.domains is None:
        yield "its domain - nothing is declared (policy.allowed_domains)"
    else:
        yield f"its domain - {'allowed' if declared.promises.takes(email) else 'not among policy.allowed_domains'}"
    denied = next((one.status for one in sent if one.status in (401, 403)), 0)
    yield f"the token - {f'not accepted ({denied})' if denied else 'accepted'}"


def _address(exchange: Exchange) -> str:
    """The e-mail address in a request: a primary one, the first one, or a userName that is one (CAP-04)."""
    try:
        body = json.loads(exchange.request_body or "")
    except ValueError:
        return ""
    if not isinstance(body, dict):
        return ""
    emails = member(body, "emails")
    listed: list[Any] = [one for one in emails if isinstance(one, dict)] if isinstance(emails, list) else []
    listed.sort(key=lambda one: one.get("primary") is not True)
    named = member(body, "userName")
    found = next((one["value"] for one in listed if isinstance(one.get("value"), str)), named)
    return found if isinstance(found, str) and "@" in found else ""


def advice(answer: str) -> str:
    """What to do where the survey's own people are refused for their domain; "" where the answer names none."""
    return _ADVICE if "domain" in answer.casefold() else ""
