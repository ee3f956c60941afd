"""How Entra reads an answer: what it is good for, and where it is not, the outcome in Entra's own words.

Rule: pure; nothing here decides what is sent next.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from scimrig_simulator.idp import answers
from scimrig_simulator.idp.intent import Outcome
from scimrig_simulator.wire import Reply

_MISSING = "HTTP/404 Not Found response was returned rather than the expected HTTP/200"


def refusal(reply: Reply, id: str = "") -> Outcome:
    """What an answer other than 2xx means for the object, or for the whole job (entra:8)."""
    said = answers.raw(reply)
    if reply.status == 401:
        return _quarantined(said, id)
    if reply.status == 400:
        words = (f"SystemForCrossDomainIdentityManagementBadRequest: {said}. This operation was retried 0 times. "
                 "It will be retried again after this date")
    elif reply.status == 409:
        words = f"The target already has such an object: {said}. Tried again in a later cycle"
    else:
        words = f"The target did not carry the request out: {said}. Tried again in the next cycle"
    return Outcome("object-error", False, words, id)


def stuck(reply: Reply, id: str) -> Outcome:
    """A 404 to an id that Entra does not let go of (the knob ``unknown-id``)."""
    return replace(refusal(reply, id), means="Entra keeps the id, and asks for it in vain in every cycle.")


def misread(fault: str, id: str = "") -> Outcome:
    """An answer that is no SCIM. ``fault``: why, as ``answers`` says it."""
    return Outcome("object-error", False, _incompatible(fault), id)


def test(reply: Reply) -> Outcome:
    """What the answer to the test query makes of the job: any trouble is quarantine (entra:2, entra:8)."""
    if not reply.ok:
        return _quarantined(_MISSING if reply.status == 404 else answers.raw(reply))
    fault = answers.listing(reply).fault
    return _quarantined(_incompatible(fault)) if fault else Outcome("done", True)


def only_match(reply: Reply, what: str) -> tuple[dict[str, Any] | None, Outcome | None]:
    """The one row of a look-up, None where there is none; or the outcome that ends the object's turn."""
    if reply.status == 404:
        return None, Outcome("object-error", False, f"{_MISSING}. {answers.raw(reply)}")
    if not reply.ok:
        return None, refusal(reply)
    found = answers.listing(reply)
    if found.fault:
        return None, misread(found.fault)
    count = max(found.total, len(found.rows))
    if found.total >= 1 and count > 1:
        words = f"DuplicateTargetEntries: {count} objects at the target match {what}; the object is skipped"
        return None, Outcome("object-error", False, words)
    if found.total <= 0:
        return None, None
    if not found.first_id:
        return None, misread("the resource has no id")
    return found.rows[0], None


def created(reply: Reply) -> tuple[str, Outcome | None]:
    """The id in the answer to a POST, or the outcome that ends the object's turn."""
    if not reply.ok:
        return "", refusal(reply)
    held = answers.parsed(reply)
    id = answers.identifier(held.value)
    return id, None if id else misread(held.fault or "the resource has no id")


def _quarantined(why: str, id: str = "") -> Outcome:
    return Outcome("quarantined", False, f"EncounteredQuarantineException: {why}", id)


def _incompatible(fault: str) -> str:
    return ("SystemForCrossDomainIdentityManagementServiceIncompatible: We are not able to deserialize the resource "
            f"received from your SCIM endpoint: {fault}")
