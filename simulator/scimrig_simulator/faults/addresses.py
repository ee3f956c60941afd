"""Saboteurs of e-mail addresses and domains under the preset ``scalekit``: whose an address is, and how it is compared.

Rule: each class overrides what it breaks and asks ``super()`` for the rest. May not import ``server`` or ``idp``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from scimrig_simulator.calls import Call, Resource, Rows
from scimrig_simulator.faults.patching import operations, path_of
from scimrig_simulator.faults.policy import readdressed, registering
from scimrig_simulator.faults.sabotage import Fault
from scimrig_simulator.policy.rules import Rules, primary_email
from scimrig_simulator.scim.bodies import json_object
from scimrig_simulator.scim.errors import ScimError, invalid_value, not_mutable
from scimrig_simulator.seams import Seams

_POLICY = "scalekit"
_LOOK_ALIKES = str.maketrans("асеорху", "aceopxy")  # Cyrillic letters, and the Latin ones that they look like

# Whose an address is


class _EmailMissingAccepted(Seams):
    def admit(self, call: Call, before: Resource | None, after: Resource, rules: Rules) -> Resource:
        try:
            return super().admit(call, before, after, rules)
        except ScimError as error:
            if error.reason != "email_missing":
                raise
            return after


EMAIL_MISSING_ACCEPTED = Fault(
    "email-missing-accepted", "Users without an e-mail address are provisioned",
    "No rule about domains applies to them, and nobody can write to them.",
    ("POLI-01", "MULT-02"), _EmailMissingAccepted, policy=_POLICY,
)


class _OnlyPrimaryCounts(Seams):
    def admit(self, call: Call, before: Resource | None, after: Resource, rules: Rules) -> Resource:
        if not any(entry.get("primary") is True for entry in after.get("emails") or ()):
            raise invalid_value("A user needs a primary e-mail address.", "email_missing")
        return super().admit(call, before, after, rules)


EMAIL_WITHOUT_PRIMARY_REFUSED = Fault(
    "email-without-primary-refused", "An e-mail address that isn't marked as primary counts as none",
    "Of an IdP that marks no address, or sends the login alone, nobody can be provisioned.",
    ("MULT-02", "CREA-09"), _OnlyPrimaryCounts, policy=_POLICY,
)


class _FirstCounts(Seams):
    def admit(self, call: Call, before: Resource | None, after: Resource, rules: Rules) -> Resource:
        first = (after.get("emails") or [{}])[0].get("value")
        if before is None and first:
            super().admit(call, None, {**after, "emails": [{"value": first}]}, rules)
            return after
        return super().admit(call, before, after, rules)


DOMAIN_OF_FIRST_EMAIL = Fault(
    "domain-of-first-email", "The domain is that of the first address, whichever is the primary one",
    "An address of the customer's put in front lets anybody in under another one.",
    ("POLI-01", "MULT-02"), _FirstCounts, policy=_POLICY,
)


class _DuplicateAccepted(Seams):
    def taken(self, email: str, holders: Sequence[str]) -> None:
        pass


EMAIL_DUPLICATE_ACCEPTED = Fault(
    "email-duplicate-accepted", "Two users may have one e-mail address",
    "The product knows people by their address, so the second one is let into the account of the first.",
    ("CREA-01", "SEC-03"), _DuplicateAccepted, policy=_POLICY,
)


class _DeletedEmailReserved(Seams):
    def __init__(self) -> None:
        self._deleted: set[str] = set()

    def delete(self, call: Call, rows: Rows) -> None:
        self._deleted.add(primary_email(rows.fetch(call.kind, call.id or "") or {}).lower())
        super().delete(call, rows)

    def taken(self, email: str, holders: Sequence[str]) -> None:
        super().taken(email, [*holders, *({email.lower()} & self._deleted)])


DELETED_EMAIL_RESERVED = Fault(
    "deleted-email-reserved", "The e-mail address of somebody deleted is never free again",
    "Who was deleted by mistake, or comes back after years, can't be provisioned any more.",
    ("CREA-01", "LIFE-09"), _DeletedEmailReserved, policy=_POLICY,
)

# A fixed address


class _ComparedInFirstOnly(Seams):
    def admit(self, call: Call, before: Resource | None, after: Resource, rules: Rules) -> Resource:
        same = before is not None and _first(before) == _first(after) != ""
        return super().admit(call, readdressed(before, after) if same else before, after, rules)


def _first(user: Resource) -> Any:
    return (user.get("emails") or [{}])[0].get("value", "")


EMAIL_COMPARED_IN_FIRST_ONLY = Fault(
    "email-compared-in-first-only", "Only the first e-mail address is fixed, whichever is the primary one",
    "Another address is added and made the primary one, and the account is known by it from then on.",
    ("POLI-02", "MULT-01", "SEC-03"), _ComparedInFirstOnly, policy=_POLICY,
)


class _ChangeAcceptedByUserName(Seams):
    def admit(self, call: Call, before: Resource | None, after: Resource, rules: Rules) -> Resource:
        by_login = before is not None and not before.get("emails") and not after.get("emails")
        return super().admit(call, readdressed(before, after) if by_login else before, after, rules)


EMAIL_CHANGE_ACCEPTED_BY_USER_NAME = Fault(
    "email-change-accepted-by-user-name", "A userName that serves as the address can be changed",
    "emails is guarded, and whoever has none changes their address by changing their login.",
    ("POLI-02", "SEC-03"), _ChangeAcceptedByUserName, policy=_POLICY,
)


class _ChangeAcceptedWithoutPath(Seams):
    def admit(self, call: Call, before: Resource | None, after: Resource, rules: Rules) -> Resource:
        body = json_object(call.content) if call.method == "PATCH" else {}
        loose = any(not path_of(operation) for operation in operations(body))
        return super().admit(call, readdressed(before, after) if loose else before, after, rules)


EMAIL_CHANGE_ACCEPTED_WITHOUT_PATH = Fault(
    "email-change-accepted-without-path", "A PATCH without a path changes the e-mail address",
    "Paths are looked at, and what stands in the value of an operation is not.",
    ("POLI-02", "PATC-03", "SEC-03"), _ChangeAcceptedWithoutPath, policy=_POLICY,
)


class _RemovalAccepted(Seams):
    def admit(self, call: Call, before: Resource | None, after: Resource, rules: Rules) -> Resource:
        return super().admit(call, before if after.get("emails") else readdressed(before, after), after, rules)


EMAIL_REMOVAL_ACCEPTED = Fault(
    "email-removal-accepted", "An e-mail address can be removed",
    "Nothing is compared where nothing was sent, so the account falls back on whatever the login is.",
    ("POLI-02", "PUT-03"), _RemovalAccepted, policy=_POLICY,
)


class _FurtherRefused(Seams):
    def admit(self, call: Call, before: Resource | None, after: Resource, rules: Rules) -> Resource:
        if before is not None and _addresses(before) != _addresses(after):
            raise not_mutable("The e-mail addresses can't be changed.", "email_immutable")
        return super().admit(call, before, after, rules)


def _addresses(user: Resource) -> set[str]:
    return {str(entry.get("value", "")).lower() for entry in user.get("emails") or ()}


FURTHER_EMAIL_REFUSED = Fault(
    "further-email-refused", "A second e-mail address is refused as a change of the first",
    "Whoever gets an address at home can't be updated any more.",
    ("POLI-02", "MULT-01"), _FurtherRefused, policy=_POLICY,
)

# Registered domains


class _IdnLiteral(Seams):
    def admit(self, call: Call, before: Resource | None, after: Resource, rules: Rules) -> Resource:
        plain = primary_email(after).isascii()
        return super().admit(call, before, after, rules if plain else replace(rules, domains=()))


IDN_NOT_NORMALISED = Fault(
    "idn-not-normalised", "A domain with letters beyond ASCII is compared letter by letter",
    "bücher.test is registered in one spelling and sent in the other, and its people are turned away.",
    ("POLI-01", "TYPE-02"), _IdnLiteral, policy=_POLICY,
)


class _LookalikeLetters(Seams):
    def admit(self, call: Call, before: Resource | None, after: Resource, rules: Rules) -> Resource:
        domain = primary_email(after).rpartition("@")[2].translate(_LOOK_ALIKES)
        return super().admit(call, before, after, registering(after, rules, lambda _, known: domain == known))


LOOKALIKE_LETTERS_ACCEPTED = Fault(
    "lookalike-letters-accepted", "Letters that look alike count as the same in a domain",
    "Somebody registers the customer's name with a Cyrillic a, and provisions themselves.",
    ("POLI-01", "TYPE-02"), _LookalikeLetters, policy=_POLICY,
)


class _LeaverOfRemovedDomainStuck(Seams):
    def admit(self, call: Call, before: Resource | None, after: Resource, rules: Rules) -> Resource:
        admitted = super().admit(call, before, after, rules)
        super().admit(call, None, admitted, rules)
        return admitted


LEAVER_OF_REMOVED_DOMAIN_STUCK = Fault(
    "leaver-of-removed-domain-stuck", "Nobody can be switched off whose domain is registered no longer",
    "The part of the company that was sold keeps its accounts, since every request about them is refused.",
    ("POLI-01", "LIFE-01"), _LeaverOfRemovedDomainStuck, policy=_POLICY,
)


class _RemovedDomainForgotten(Seams):
    def admit(self, call: Call, before: Resource | None, after: Resource, rules: Rules) -> Resource:
        known = before is not None
        return super().admit(call, before, after, registering(after, rules, lambda *_: True) if known else rules)


REMOVED_DOMAIN_FORGOTTEN = Fault(
    "removed-domain-forgotten", "The domain is looked at when somebody is created, and never again",
    "Whoever has bought the domain goes on switching on and editing the people of before.",
    ("POLI-01",), _RemovedDomainForgotten, policy=_POLICY,
)
