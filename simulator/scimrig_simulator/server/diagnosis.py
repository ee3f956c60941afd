"""Why a user isn't there (CAP-39): four questions in their order, and the switches, answered from what is on record.

Was a request about them seen? Do they have an e-mail address? Is its domain registered? Is the token good? A request
that was refused for its token names nobody, so the newest such refusal counts for everybody until a request succeeds.

Rule: ``diagnosed`` concludes and looks nowhere; ``Doctor`` looks and concludes nothing. Changes nothing. May not import
``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scimrig_simulator.calls import Resource
from scimrig_simulator.clock import printed
from scimrig_simulator.policy.entries import IDP, SUCCESS
from scimrig_simulator.policy.rules import Rules, primary_email, registered
from scimrig_simulator.scim.compare import fold
from scimrig_simulator.scim.schemas import ResourceType
from scimrig_simulator.seams import present
from scimrig_simulator.server.audit import REFUSED, Wanted
from scimrig_simulator.server.house import House
from scimrig_simulator.server.policy import USER

NEVER_SENT = "never_sent"
EMAIL_MISSING = "email_missing"
DOMAIN = "domain_not_registered"
SCIM_DISABLED = "scim_disabled"
DIRECTORY_DISABLED = "directory_disabled"
DEACTIVATED = "deactivated"
DELETED = "deleted"
TOKEN_UNKNOWN, TOKEN_INACTIVE, TOKEN_EXPIRED = "token_unknown", "token_inactive", "token_expired"

_TOKEN_WORDS = {
    TOKEN_UNKNOWN: "the IdP sends a token that was never issued here, or has been withdrawn. Give it a new one.",
    TOKEN_INACTIVE: "the IdP still sends a token that another has replaced. Give it the new one.",
    TOKEN_EXPIRED: "the token of the IdP has expired. Give it a new one.",
}
_REFUSED_WORDS = {
    "duplicate": "another user has the same userName or address.",
    "email_immutable": "a user's primary address can't be changed; the IdP asked for that.",
    EMAIL_MISSING: "the IdP sent no address.",
    DOMAIN: "the domain of the address wasn't registered.",
}


@dataclass(frozen=True, slots=True)
class Findings:
    """What is known of somebody who is missed. user: as stored, None where they aren't.  rules: what is set now.

    email: as asked for, or as it was last sent.  refused: the newest refused request about them since one succeeded.
    gone: the entry of their deletion.  denied: the newest entry about a bad token since any request succeeded.
    tokens: what is amiss with the tokens on file, "" where one is good.  scim, enabled: the switches.
    """

    user: Resource | None
    email: str
    rules: Rules
    refused: Mapping[str, Any] | None = None
    gone: Mapping[str, Any] | None = None
    denied: Mapping[str, Any] | None = None
    tokens: str = ""
    scim: bool = True
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """One question. answer: "yes", "no" or "unknown".  reasons: what stands in the way.  at: when, if known."""

    question: str
    answer: str
    detail: str
    reasons: tuple[str, ...] = ()
    at: str | None = None

    def shown(self) -> Mapping[str, Any]:
        """As JSON."""
        return {"question": self.question, "answer": self.answer, "detail": self.detail, "at": self.at}


def diagnosed(findings: Findings) -> list[Step]:
    """The steps, in their order; each reason stands in one of them."""
    return [_sent(findings), _addressed(findings), _domain(findings), _token(findings), *_switches(findings)]


def _sent(found: Findings) -> Step:
    question = "Has a request about this user been seen?"
    refused = found.refused
    if refused is not None:
        reason = str(refused["reason"])
        words = _REFUSED_WORDS.get(reason, f"it was answered with {refused['request']['status']}.")
        return Step(question, "yes", f"The last one was refused: {words}", (reason,), str(refused["occurred_at"]))
    if found.user is not None:
        if present(found.user):
            return Step(question, "yes", "The user is here.", at=found.user["meta"]["lastModified"])
        words = "The IdP has switched the user off; it has to switch them on again."
        return Step(question, "yes", words, (DEACTIVATED,), found.user["meta"]["lastModified"])
    if found.gone is not None:
        words = "The user was here and has been deleted; the IdP has to create them again."
        return Step(question, "yes", words, (DELETED,), str(found.gone["occurred_at"]))
    words = "No request has named this user: look whether they are assigned to the application at the IdP."
    return Step(question, "no", words, (NEVER_SENT,))


def _addressed(found: Findings) -> Step:
    question = "Does the user have an e-mail address?"
    if found.email:
        return Step(question, "yes", f"It is {found.email}.")
    if found.user is None and found.refused is None:
        return Step(question, "unknown", "Nothing has been sent.")
    words = "The IdP must send 'emails', or a userName that is an address."
    return Step(question, "no", words, (EMAIL_MISSING,))


def _domain(found: Findings) -> Step:
    question = "Is the domain of the address registered?"
    if not found.email:
        return Step(question, "unknown", "There is no address.")
    domain = found.email.rpartition("@")[2]
    if registered(found.email, found.rules):
        late = found.refused is not None and found.refused["reason"] == DOMAIN
        words = f"{domain} is registered" + (" by now: the IdP has to send the user again." if late else ".")
        return Step(question, "yes", words)
    known = ", ".join(found.rules.domains) or "none"
    return Step(question, "no", f"{domain} isn't; registered are: {known}. Sub-domains don't count.", (DOMAIN,))


def _token(found: Findings) -> Step:
    question = "Is the token good that the IdP sends?"
    if found.denied is not None:
        reason = str(found.denied["reason"])
        words = f"The last request was refused: {_TOKEN_WORDS.get(reason, reason)}"
        return Step(question, "no", words, (reason,), str(found.denied["occurred_at"]))
    if found.tokens:
        return Step(question, "no", f"No token is good here: {found.tokens}. Make a new one.", (found.tokens,))
    return Step(question, "yes", "No request has been refused for its token since the last one that succeeded.")


def _switches(found: Findings) -> Iterator[Step]:
    for question, on, reason in (
        ("Is SCIM switched on for the organization?", found.scim, SCIM_DISABLED),
        ("Is the directory enabled?", found.enabled, DIRECTORY_DISABLED),
    ):
        no = Step(question, "no", "It isn't: every request is answered with 403.", (reason,))
        yield Step(question, "yes", "It is.") if on else no


@dataclass(frozen=True, slots=True)
class Doctor:
    """Finds out about the users of one directory."""

    house: House
    tenant: int

    def diagnose(self, email: str = "", user_name: str = "", external_id: str = "") -> dict[str, Any]:
        """``{"email", "appears", "reasons", "steps"}``; one of the three says who is missed (CAP-39)."""
        with self.house.store.reading():
            findings = self._findings(email, user_name, external_id)
        steps = diagnosed(findings)
        reasons = dict.fromkeys(reason for step in steps for reason in step.reasons)
        return {
            "email": findings.email,
            "appears": findings.user is not None and present(findings.user),
            "reasons": list(reasons),
            "steps": [dict(step.shown()) for step in steps],
        }

    def _findings(self, email: str, user_name: str, external_id: str) -> Findings:
        house, tenant = self.house, self.tenant
        organization, record = house.organizations.of(tenant), house.organizations.record(tenant)
        user = self._user(email, user_name, external_id)
        who = user["id"] if user else email
        last = self._newest(Wanted(outcome=SUCCESS, tenant=tenant, target=who)) if who else None
        about = Wanted(
            outcome=REFUSED, tenant=tenant, email=email, user_name=user_name or email, external_id=external_id
        )
        refused = self._newest(about, last["sequence"] if last else 0)
        if refused is not None and refused["request"]["status"] in (401, 403):
            refused = None  # the token and the switches have steps of their own
        sent = (refused or {}).get("wanted", {}).get("email", "")
        gone = last if user is None and last is not None and last["action"] == "user.delete" else None
        return Findings(
            user, email or sent or primary_email(user or {}), house.policy(tenant).rules(), refused, gone,
            self._denied(), self._tokens(), organization.scim, record is None or record.enabled,
        )  # fmt: skip

    # What is stored

    @property
    def _kind(self) -> ResourceType:
        return self.house.definitions.resource_type(USER)

    def _user(self, email: str, user_name: str, external_id: str) -> Resource | None:
        """The user of this address, name or external id."""
        desk = self.house.desk(self.tenant)
        store = desk.store
        if email:
            for id in store.holders(USER, "emails.value", fold(email)):
                user = desk.fetch(self._kind, id)
                if user is not None and fold(primary_email(user)) == fold(email):
                    return user
        rows = [
            row
            for key, value in (("user_name", fold(user_name or email)), ("external_id", external_id))
            for row in (store.keyed([USER], key, value) if value else ())
        ]
        return desk.portrait(rows[0]) if rows else None

    # What is on record

    def _newest(self, wanted: Wanted, after: int = 0) -> dict[str, Any] | None:
        organization = self.house.organizations.of(self.tenant).number
        found = self.house.audit.entries(organization, wanted, 1, after, newest=True)
        return found[0][1] if found else None

    def _denied(self) -> dict[str, Any] | None:
        """The newest refusal of a token, unless a request has succeeded since."""
        denied = None
        for reason in _TOKEN_WORDS:
            held = self._newest(Wanted(outcome=REFUSED, tenant=self.tenant, reason=reason))
            if held is not None and (denied is None or held["sequence"] > denied["sequence"]):
                denied = held
        if denied is None:
            return None
        newest = self._newest(Wanted(outcome=SUCCESS, tenant=self.tenant, actor=IDP), denied["sequence"])
        since = [printed(token.used) for token in self.house.tenants.tokens(self.tenant) if token.used is not None]
        return denied if newest is None and not any(used > denied["occurred_at"] for used in since) else None

    def _tokens(self) -> str:
        """What is amiss with the tokens on file, "" where one is good. The tenant without a name has the server's."""
        tokens, now = self.house.tenants.tokens(self.tenant), self.house.clock.now()
        if self.tenant == 0 or any(token.active and (token.expires is None or token.expires > now) for token in tokens):
            return ""
        if not tokens:
            return TOKEN_UNKNOWN
        return TOKEN_EXPIRED if any(token.active for token in tokens) else TOKEN_INACTIVE
