"""Domains of an organization over the API (CAP-01, CAP-02, CAP-03). The short way is PUT /manage/domains.

Whose users may be provisioned is said by domains of the type ORGANIZATION_DOMAIN that are verified; an
ALLOWED_EMAIL_DOMAIN doesn't count. The owner of a server vouches for the domains that it registers, unless the
organization has ``domain_verification`` switched on: such a domain waits until the owner says ``:verify``.

Rule: reads and answers; what is registered stands in ``server/organizations.py``. May not import ``faults``, ``idp`` or
``drive``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scimrig_simulator.clock import printed
from scimrig_simulator.policy.events import ENVIRONMENT_ID
from scimrig_simulator.policy.rules import canonical_domain
from scimrig_simulator.server.api.organizations import found
from scimrig_simulator.server.house import House
from scimrig_simulator.server.operations import Asked, Body, Code, Operation, known, number, refusal, text
from scimrig_simulator.server.organizations import (
    ALLOWED_EMAIL_DOMAIN,
    ORGANIZATION_DOMAIN,
    PENDING,
    REGISTERED,
    Domain,
    Organization,
)
from scimrig_simulator.server.steward import Steward

PLACE = "/api/v1/organizations/{organization_id}/domains"
TYPES = (ORGANIZATION_DOMAIN, ALLOWED_EMAIL_DOMAIN)

_ALL = "DOMAIN_TYPE_UNSPECIFIED"
_VERIFIED, _AUTOMATICALLY = REGISTERED


def operations(house: House) -> tuple[Operation, ...]:
    """The table."""
    desk = _Domains(house, Steward(house))
    one = f"{PLACE}/{{id}}"
    return (
        Operation("CreateDomain", "POST", PLACE, desk.create, 201),
        Operation("ListDomains", "GET", PLACE, desk.all),
        Operation("GetDomain", "GET", one, desk.get),
        Operation("DeleteDomain", "DELETE", one, desk.delete),
        Operation("VerifyDomain", "PATCH", f"{one}:verify", desk.verify),
    )


@dataclass(frozen=True, slots=True)
class _Domains:
    house: House
    steward: Steward

    def create(self, asked: Asked) -> Body:
        """POST."""
        body = known(asked.body, "domain", "domain_type")
        written, type = text(body, "domain"), _type(text(body, "domain_type", "")) or ORGANIZATION_DOMAIN
        name = canonical_domain(written.strip())
        if not name:
            words = f"{written[:100]!r} is no domain name; write it as it stands behind the @ of an address."
            raise refusal(Code.INVALID_ARGUMENT, words)
        with self.house.store.transaction():
            organization = found(self.house, asked.path["organization_id"])
            if any((held.domain, held.type) == (name, type) for held in self._domains(organization)):
                raise refusal(Code.ALREADY_EXISTS, f"{organization.id} has the domain {name!r} already.")
            made = self.house.organizations.register(organization.number, name, type, _status(type, organization))
            self._note(asked, "create", organization, made)
        return {"domain": _shown(made, organization)}

    def all(self, asked: Asked) -> Body:
        """GET of all, or those of one domain_type; by pages where page_size says so, from page_number 1 on."""
        organization = found(self.house, asked.path["organization_id"])
        type = _type(asked.query.get("domain_type", ""))
        held = [one for one in self._domains(organization) if type in ("", one.type)]
        size = number(asked.query, "page_size", 0) or max(1, len(held))
        page = number(asked.query, "page_number", 1, 1)
        part = held[(page - 1) * size : page * size]
        return {"page_size": size, "page_number": page, "domains": [_shown(one, organization) for one in part]}

    def get(self, asked: Asked) -> Body:
        """GET of one."""
        organization = found(self.house, asked.path["organization_id"])
        return {"domain": _shown(self._domain(asked, organization), organization)}

    def delete(self, asked: Asked) -> None:
        """DELETE of one. Who is here stays (CAP-03)."""
        with self.house.store.transaction():
            organization = found(self.house, asked.path["organization_id"])
            domain = self._domain(asked, organization)
            self.house.organizations.unregister(organization.number, domain.id)
            self._note(asked, "delete", organization, domain)

    def verify(self, asked: Asked) -> Body:
        """PATCH: the owner vouches for it. Nobody looks it up."""
        with self.house.store.transaction():
            organization = found(self.house, asked.path["organization_id"])
            domain = self._domain(asked, organization)
            if domain.status not in REGISTERED:
                self.house.organizations.verify(domain)
                self._note(asked, "verify", organization, domain)
        return {"verified": True}

    def _domains(self, organization: Organization) -> list[Domain]:
        return self.house.organizations.domains(organization.number)

    def _domain(self, asked: Asked, organization: Organization) -> Domain:
        id = asked.path["id"]
        domain = next((one for one in self._domains(organization) if one.id == id), None)
        if domain is None:
            raise refusal(Code.NOT_FOUND, f"There is no domain {id!r} in {organization.id}.", "DOMAIN_NOT_FOUND")
        return domain

    def _note(self, asked: Asked, deed: str, organization: Organization, domain: Domain) -> None:
        told = {"domain": domain.domain, "domain_type": domain.type}
        before, after = (told, {}) if deed == "delete" else ({}, told)
        target = {"type": "Domain", "id": domain.id}
        self.steward.note(asked, f"domain.{deed}", organization, target=target, before=before, after=after)


def _type(given: str) -> str:
    """A type that is named, "" where none is."""
    if given in ("", _ALL):
        return ""
    if given not in TYPES:
        raise refusal(Code.INVALID_ARGUMENT, f"'domain_type' must be {' or '.join(TYPES)}.")
    return given


def _status(type: str, organization: Organization) -> str:
    if type == ALLOWED_EMAIL_DOMAIN:
        return _AUTOMATICALLY  # nobody has to prove anything for it
    return PENDING if organization.features.get("domain_verification") else _VERIFIED


def _shown(domain: Domain, organization: Organization) -> Mapping[str, Any]:
    """A domain as the API shows it; there is no record that anybody would look up."""
    return {
        "id": domain.id,
        "domain": domain.domain,
        "environment_id": ENVIRONMENT_ID,
        "organization_id": organization.id,
        "domain_type": domain.type,
        "verification_status": domain.status,
        "verification_method": "ADMIN" if domain.type == ORGANIZATION_DOMAIN else "NOT_APPLICABLE",
        "txt_record_key": "",
        "txt_record_secret": "",
        "create_time": printed(domain.created / 1000),
        "update_time": printed(domain.modified / 1000),
    }
