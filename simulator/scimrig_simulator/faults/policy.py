"""Saboteurs of what the preset ``scalekit`` promises: fixed addresses, registered domains, roles, and who may come in.

Rule: each class overrides what it breaks and asks ``super()`` for the rest. May not import ``server`` or ``idp``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from scimrig_simulator.calls import Answer, Call, Resource
from scimrig_simulator.faults.sabotage import Fault
from scimrig_simulator.policy.rules import Rules, canonical_domain, primary_email, with_email
from scimrig_simulator.scim.errors import MUTABILITY, ScimError, not_mutable
from scimrig_simulator.seams import Seams, present

_POLICY = "scalekit"
_LATE = 10.0  # seconds

# A fixed address


class _EmailChangeAccepted(Seams):
    def admit(self, call: Call, before: Resource | None, after: Resource, rules: Rules) -> Resource:
        return super().admit(call, readdressed(before, after), after, rules)


def readdressed(before: Resource | None, after: Resource) -> Resource | None:
    """``before``, as if the user had had the new address all along."""
    if before is None:
        return None
    return {**before, "emails": after.get("emails", []), "userName": after.get("userName")}


EMAIL_CHANGE_ACCEPTED = Fault(
    "email-change-accepted", "The primary e-mail address can be changed",
    "The address that accounts are known by moves with the IdP, and whoever gets an old one gets the account.",
    ("POLI-02", "SEC-03"), _EmailChangeAccepted, policy=_POLICY,
)


class _EmailChangeAcceptedByPatch(Seams):
    def admit(self, call: Call, before: Resource | None, after: Resource, rules: Rules) -> Resource:
        return super().admit(call, readdressed(before, after) if call.method == "PATCH" else before, after, rules)


EMAIL_CHANGE_ACCEPTED_BY_PATCH = Fault(
    "email-change-accepted-by-patch", "PUT refuses another e-mail address, PATCH takes it",
    "What Okta is refused, Entra is allowed: the address is compared only where a whole user arrives.",
    ("POLI-02", "SEC-03"), _EmailChangeAcceptedByPatch, policy=_POLICY,
)


class _EmailChangeIgnored(Seams):
    def admit(self, call: Call, before: Resource | None, after: Resource, rules: Rules) -> Resource:
        try:
            return super().admit(call, before, after, rules)
        except ScimError as error:
            return super().admit(call, before, _without_change(before, after, error), rules)


def _without_change(before: Resource | None, after: Resource, error: ScimError) -> Resource:
    """``after`` with the address of ``before``. Raises ``error`` where it isn't about a changed address."""
    if before is None or error.scim_type != MUTABILITY:
        raise error
    kept = {name: value for name, value in after.items() if name != "emails"}
    return {**kept, "emails": before["emails"]} if before.get("emails") else {**kept, "userName": before["userName"]}


EMAIL_CHANGE_IGNORED = Fault(
    "email-change-ignored", "Another e-mail address is answered 200 and not stored",
    "The IdP takes the change for done and shows an address that the application doesn't have.",
    ("POLI-02",), _EmailChangeIgnored, policy=_POLICY,
)


class _EmailChangeAcceptedInPart(Seams):
    def admit(self, call: Call, before: Resource | None, after: Resource, rules: Rules) -> Resource:
        try:
            return super().admit(call, before, after, rules)
        except ScimError as error:
            spared = super().admit(call, before, _without_change(before, after, error), rules)
            call.notes["refusal"] = error
            return spared

    def emit(self, call: Call, answer: Answer) -> Answer:
        refusal = call.notes.get("refusal")
        return super().emit(call, answer if refusal is None else self.fail(call, refusal))


EMAIL_CHANGE_ACCEPTED_IN_PART = Fault(
    "email-change-accepted-in-part", "Another e-mail address is refused, and the rest of the request is stored",
    "The answer is 400, so the IdP holds the whole change to be pending; yet the new name is there already.",
    ("POLI-02", "PATC-07"), _EmailChangeAcceptedInPart, policy=_POLICY,
)


class _EmailCaseIsChange(Seams):
    def admit(self, call: Call, before: Resource | None, after: Resource, rules: Rules) -> Resource:
        if before is not None and primary_email(before) not in ("", primary_email(after)):
            raise not_mutable("The e-mail address can't be changed.")
        return super().admit(call, before, after, rules)


EMAIL_CASE_IS_CHANGE = Fault(
    "email-case-is-change", "The same e-mail address in other letters is refused as another one",
    "An IdP that writes Ada@acme.test for ada@acme.test can't update that user any more.",
    ("POLI-02", "FILT-04"), _EmailCaseIsChange, policy=_POLICY,
)


class _Refusal403(Seams):
    def admit(self, call: Call, before: Resource | None, after: Resource, rules: Rules) -> Resource:
        try:
            return super().admit(call, before, after, rules)
        except ScimError as error:
            raise ScimError(403, None, error.detail, reason=error.reason) from None


POLICY_REFUSAL_403 = Fault(
    "policy-refusal-403", "What a policy refuses is answered 403, without a scimType",
    "Right in effect, and an IdP takes it for a lack of rights rather than for a value that it should correct.",
    ("POLI-01",), _Refusal403, policy=_POLICY,
)

# Registered domains


class _ForeignDomainAccepted(Seams):
    def admit(self, call: Call, before: Resource | None, after: Resource, rules: Rules) -> Resource:
        return super().admit(call, before, after, registering(after, rules, lambda domain, known: True))


def registering(user: Resource, rules: Rules, passes: Callable[[str, str], bool]) -> Rules:
    """The rules with the domain of ``user`` as a registered one, where it passes for one that is."""
    domain = canonical_domain(primary_email(user).rpartition("@")[2])
    if not any(passes(domain, known) for known in rules.domains):
        return rules
    return replace(rules, domains=(*rules.domains, domain))


FOREIGN_DOMAIN_ACCEPTED = Fault(
    "foreign-domain-accepted", "Users of a domain that isn't registered are provisioned",
    "Whoever runs the IdP can make accounts in the name of another organization.",
    ("POLI-01",), _ForeignDomainAccepted, policy=_POLICY,
)


class _SubdomainAccepted(Seams):
    def admit(self, call: Call, before: Resource | None, after: Resource, rules: Rules) -> Resource:
        return super().admit(call, before, after, registering(after, rules, _below))


def _below(domain: str, known: str) -> bool:
    return domain.endswith(f".{known}")


SUBDOMAIN_ACCEPTED = Fault(
    "subdomain-accepted", "Users of a sub-domain of a registered domain are provisioned",
    "ext.acme.test counts as acme.test, and the contractors who are kept apart by it come in.",
    ("POLI-01",), _SubdomainAccepted, policy=_POLICY,
)


class _LookalikeDomainAccepted(Seams):
    def admit(self, call: Call, before: Resource | None, after: Resource, rules: Rules) -> Resource:
        return super().admit(call, before, after, registering(after, rules, _ends_like))


def _ends_like(domain: str, known: str) -> bool:
    return domain.endswith(known) and not _below(domain, known)


LOOKALIKE_DOMAIN_ACCEPTED = Fault(
    "lookalike-domain-accepted", "A domain that ends like a registered one passes for it",
    "Somebody registers notacme.test, and its users are taken for those of acme.test.",
    ("POLI-01",), _LookalikeDomainAccepted, policy=_POLICY,
)


class _TwoAtSignsAccepted(Seams):
    def admit(self, call: Call, before: Resource | None, after: Resource, rules: Rules) -> Resource:
        local, _, domain = primary_email(after).rpartition("@")
        admitted = super().admit(call, before, with_email(after, f"{local.replace('@', '.')}@{domain}"), rules)
        return with_email(admitted, f"{local}@{domain}") if "@" in local and before is None else admitted


TWO_AT_SIGNS_ACCEPTED = Fault(
    "two-at-signs-accepted", "The domain of an address is what stands behind its last @",
    "joe@contractor.test@acme.test comes in, and some mail servers deliver to the domain that stands first.",
    ("POLI-01",), _TwoAtSignsAccepted, policy=_POLICY,
)


class _DomainCaseSensitive(Seams):
    def admit(self, call: Call, before: Resource | None, after: Resource, rules: Rules) -> Resource:
        as_written = primary_email(after).rpartition("@")[2] in rules.domains
        return super().admit(call, before, after, rules if as_written else replace(rules, domains=()))


DOMAIN_CASE_SENSITIVE = Fault(
    "domain-case-sensitive", "The domain of an address is compared letter by letter",
    "ada@ACME.TEST is turned away although acme.test is registered.",
    ("POLI-01",), _DomainCaseSensitive, policy=_POLICY,
)

# Roles


class _DefaultRoleMissing(Seams):
    def roles(self, user_id: str, group_ids: Sequence[str], rules: Rules) -> tuple[str, ...]:
        return super().roles(user_id, group_ids, rules) if _mapped(group_ids, rules) else ()


def _mapped(group_ids: Sequence[str], rules: Rules) -> bool:
    return any(id in rules.roles for id in group_ids)


DEFAULT_ROLE_MISSING = Fault(
    "default-role-missing", "Who is in no mapped group has no role at all",
    "New people can sign in and see nothing until somebody gives them a role by hand.",
    ("EVNT-03",), _DefaultRoleMissing, policy=_POLICY,
)


class _DefaultRoleAdded(Seams):
    def roles(self, user_id: str, group_ids: Sequence[str], rules: Rules) -> tuple[str, ...]:
        return tuple(sorted({rules.default_role, *super().roles(user_id, group_ids, rules)}))


DEFAULT_ROLE_ADDED = Fault(
    "default-role-added", "The default role is given in addition to those of groups",
    "A group that is mapped to a narrow role can't narrow anything.",
    ("SEC-06",), _DefaultRoleAdded, policy=_POLICY,
)


class _RoleKeptAfterLeaving(Seams):
    def __init__(self) -> None:
        self._held: dict[str, set[str]] = {}

    def roles(self, user_id: str, group_ids: Sequence[str], rules: Rules) -> tuple[str, ...]:
        held = self._held.setdefault(user_id, set())
        if _mapped(group_ids, rules):
            held.update(super().roles(user_id, group_ids, rules))
        return tuple(sorted(held)) or super().roles(user_id, group_ids, rules)


ROLE_KEPT_AFTER_LEAVING = Fault(
    "role-kept-after-leaving", "Who leaves a group keeps its role",
    "Roles are given and never taken: who moves from one team to the next collects them all.",
    ("SEC-06", "GRP-01"), _RoleKeptAfterLeaving, policy=_POLICY,
)


class _MappedRoleMissing(Seams):
    def roles(self, user_id: str, group_ids: Sequence[str], rules: Rules) -> tuple[str, ...]:
        return super().roles(user_id, (), rules)


MAPPED_ROLE_MISSING = Fault(
    "mapped-role-missing", "A group gives nobody the role that it is mapped to",
    "Everybody has the default role, whatever team they join.",
    ("EVNT-03",), _MappedRoleMissing, policy=_POLICY,
)


class _RolesNotUnited(Seams):
    def roles(self, user_id: str, group_ids: Sequence[str], rules: Rules) -> tuple[str, ...]:
        return super().roles(user_id, group_ids, rules)[:1]


ROLES_NOT_UNITED = Fault(
    "roles-not-united", "Who is in several mapped groups has the role of one of them",
    "The second team's role never arrives.",
    ("EVNT-03",), _RolesNotUnited, policy=_POLICY,
)

# Who may come in


class _AccessKept(Seams):
    def access(self, user: Resource | None) -> bool:
        return user is not None


ACCESS_KEPT_AFTER_DEACTIVATION = Fault(
    "access-kept-after-deactivation", "Who is switched off may still come in",
    "SCIM shows active: false, and the application goes by something else.",
    ("LIFE-03",), _AccessKept, policy=_POLICY,
)


class _DeactivationLate(Seams):
    def access(self, user: Resource | None) -> bool:
        return super().access(user) or (user is not None and self.clock.now() < _last_modified(user) + _LATE)


def _last_modified(user: Resource) -> float:
    return datetime.fromisoformat(user["meta"]["lastModified"]).timestamp()


DEACTIVATION_LATE = Fault(
    "deactivation-late", "Who is switched off may come in for ten seconds more",
    "A cache in front of the accounts isn't told, so a session outlives the account.",
    ("LIFE-03",), _DeactivationLate, policy=_POLICY,
)


class _AccessLostForGood(Seams):
    def __init__(self) -> None:
        self._switched_off: set[str] = set()

    def store(self, call: Call, before: Resource | None, after: Resource) -> Resource:
        if before is not None and not present(after):
            self._switched_off.add(before["id"])
        return super().store(call, before, after)

    def access(self, user: Resource | None) -> bool:
        return super().access(user) and user is not None and user["id"] not in self._switched_off


ACCESS_LOST_FOR_GOOD = Fault(
    "access-lost-for-good", "Who is switched on again may not come in",
    "Somebody comes back from leave, SCIM shows active: true, and the door stays shut.",
    ("LIFE-05", "LIFE-06"), _AccessLostForGood, policy=_POLICY,
)
