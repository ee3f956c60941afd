"""Organizations over the API (CAP-07, CAP-09, CAP-09a).

Rule: reads and answers; what an organization is stands in ``server/organizations.py``, what is done to it in
``server/steward.py``. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scimrig_simulator.clock import printed
from scimrig_simulator.server.api.paging import Place, part
from scimrig_simulator.server.house import House
from scimrig_simulator.server.operations import Asked, Body, Code, Operation, flag, known, refusal, text
from scimrig_simulator.server.organizations import Organization
from scimrig_simulator.server.steward import Steward

PLACE = "/api/v1/organizations"

REGIONS = ("US", "EU")
FEATURES = ("scim", "sso", "domain_verification")
"""What an organization can switch on and off; of these, ``scim`` and ``domain_verification`` make a difference here."""

_MOST = 50
_UNSAID = ("", "REGION_CODE_UNSPECIFIED")


def operations(house: House) -> tuple[Operation, ...]:
    """The table."""
    desk = _Organizations(house, Steward(house))
    one = f"{PLACE}/{{id}}"
    return (
        Operation("CreateOrganization", "POST", PLACE, desk.create, 201),
        Operation("ListOrganization", "GET", PLACE, desk.all),
        Operation("GetOrganization", "GET", one, desk.get),
        Operation("GetOrganizationByExternalId", "GET", f"{PLACE}:external/{{external_id}}", desk.find),
        Operation("UpdateOrganization", "PATCH", one, desk.update),
        Operation("DeleteOrganization", "DELETE", one, desk.delete),
        Operation("UpdateOrganizationSettings", "PATCH", f"{one}/settings", desk.settle),
        Operation("UpdateDefaultOrganizationRoles", "PATCH", f"{PLACE}/{{org_id}}/roles:set_defaults", desk.set_role),
    )


def found(house: House, id: str) -> Organization:
    """The organization that a path names. Raises Trouble 404."""
    organization = house.organizations.organization(id)
    if organization is None:
        raise refusal(Code.NOT_FOUND, f"There is no organization {id!r}.", "ORGANIZATION_NOT_FOUND")
    return organization


@dataclass(frozen=True, slots=True)
class _Organizations:
    house: House
    steward: Steward

    def create(self, asked: Asked) -> Body:
        """POST."""
        body = known(asked.body, "display_name", "external_id", "region_code", "metadata")
        region = text(body, "region_code", "")
        if region not in (*_UNSAID, *REGIONS):
            raise refusal(Code.INVALID_ARGUMENT, f"'region_code' must be {' or '.join(REGIONS)}.")
        name, external_id, metadata = text(body, "display_name"), text(body, "external_id", ""), _metadata(body)
        with self.house.store.transaction():
            self._free(external_id)
            made = self.house.organizations.create(
                name, external_id or None, REGIONS[0] if region in _UNSAID else region, metadata
            )
            after = {"name": name, "external_id": external_id, "region": made.region, "metadata": metadata}
            self.steward.note(asked, "organization.create", made, after=after)
        return {"organization": shown(made)}

    def all(self, asked: Asked) -> Body:
        """GET of all, in pages."""
        wanted = asked.query.get("external_id", "")
        if wanted:
            one = self.house.organizations.by_external_id(wanted)
            only = [] if one is None else [one]
            return _page(only, {"next_page_token": "", "prev_page_token": ""}, len(only))

        def take(place: Place, forward: bool, limit: int) -> list[Organization]:
            return self.house.organizations.beside(place[1], forward, limit)

        with self.house.store.reading():
            page = part(self.house, ("organizations",), asked, take, lambda one: (0, one.number))
            return _page(page.found, page.tokens, self.house.organizations.count())

    def get(self, asked: Asked) -> Body:
        """GET of one."""
        return {"organization": shown(found(self.house, asked.path["id"]))}

    def find(self, asked: Asked) -> Body:
        """GET of one by the id that its owner knows it by."""
        external_id = asked.path["external_id"]
        organization = self.house.organizations.by_external_id(external_id)
        if organization is None:
            words = f"There is no organization with the external_id {external_id!r}."
            raise refusal(Code.NOT_FOUND, words, "ORGANIZATION_NOT_FOUND")
        return {"organization": shown(organization)}

    def update(self, asked: Asked) -> Body:
        """PATCH: what is named is set; metadata as a whole."""
        body = known(asked.body, "display_name", "external_id", "metadata")
        values: dict[str, Any] = {}
        if "display_name" in body:
            values["name"] = text(body, "display_name")
        if "external_id" in body:
            values["external_id"] = text(body, "external_id", "") or None
        if "metadata" in body:
            values["metadata"] = _metadata(body)
        with self.house.store.transaction():
            organization = found(self.house, asked.path["id"])
            self._free(values.get("external_id") or "", organization.id)
            return {"organization": shown(self.steward.change(asked, organization, **values))}

    def delete(self, asked: Asked) -> None:
        """DELETE, with its directories."""
        try:
            self.steward.disband(asked, found(self.house, asked.path["id"]))
        except ValueError as error:
            raise refusal(Code.FAILED_PRECONDITION, str(error)) from None

    def settle(self, asked: Asked) -> Body:
        """PATCH of the switches; those that aren't named stay (CAP-07)."""
        wanted = _switches(known(asked.body, "features").get("features"))
        with self.house.store.transaction():
            organization = found(self.house, asked.path["id"])
            scim = wanted.pop("scim", organization.scim)
            features = {**organization.features, **wanted}
            changed = self.steward.change(asked, organization, scim=scim, features=features)
            return {"organization": shown(changed)}

    def set_role(self, asked: Asked) -> Body:
        """PATCH of the default role (CAP-32)."""
        role = text(known(asked.body, "default_member_role"), "default_member_role", longest=100).strip()
        self.steward.set_default_role(asked, found(self.house, asked.path["org_id"]), role)
        return {"default_member": {"name": role, "display_name": role, "default_member": True}}

    def _free(self, external_id: str, but_of: str = "") -> None:
        """Raises Trouble 409 where an external id is another's."""
        holder = self.house.organizations.by_external_id(external_id) if external_id else None
        if holder is not None and holder.id != but_of:
            raise refusal(Code.ALREADY_EXISTS, f"Another organization has the external_id {external_id!r}.")


def _metadata(body: Body) -> dict[str, str]:
    given = body.get("metadata", {})
    if not isinstance(given, Mapping) or len(given) > _MOST or not all(map(_noted, given.items())):
        raise refusal(
            Code.INVALID_ARGUMENT,
            f"'metadata' must be an object of {_MOST} strings at most, with keys of up to 100 and values of up to 500"
            " characters.",
        )
    return dict(given)


def _noted(pair: tuple[str, Any]) -> bool:
    key, value = pair
    return isinstance(value, str) and len(value) <= 500 and len(key) <= 100


def _switches(given: Any) -> dict[str, bool]:
    """Switches by name. One that doesn't say ``enabled`` is off, as its zero value goes unsaid in protobuf's JSON."""
    if not isinstance(given, list) or not all(isinstance(one, Mapping) for one in given):
        words = '\'features\' must be an array, as in {"features": [{"name": "scim", "enabled": true}]}.'
        raise refusal(Code.INVALID_ARGUMENT, words)
    wanted = {}
    for one in given:
        name = text(known(one, "name", "enabled"), "name")
        if name not in FEATURES:
            words = f"There is no feature {name!r}, only {', '.join(FEATURES)}."
            raise refusal(Code.INVALID_ARGUMENT, words)
        wanted[name] = flag(one, "enabled", False)
    return wanted


def _page(organizations: Any, tokens: Mapping[str, str], total: int) -> Body:
    return {"organizations": [shown(one) for one in organizations], "total_size": total, **tokens}


def shown(organization: Organization) -> Mapping[str, Any]:
    """An organization as the API shows it."""
    switches = {"scim": organization.scim, **organization.features}
    return {
        "id": organization.id,
        "create_time": printed(organization.created / 1000),
        "update_time": printed(organization.modified / 1000),
        "display_name": organization.name,
        "region_code": organization.region,
        "external_id": organization.external_id or "",
        "metadata": dict(organization.metadata),
        "settings": {"features": [{"name": name, "enabled": switches.get(name, False)} for name in FEATURES]},
    }
