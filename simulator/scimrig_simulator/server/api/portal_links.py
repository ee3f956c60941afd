"""Links to the portal over the API: each opens a session of somebody at the customer's, once, within a minute (CAP-16).

Rule: reads and answers; what a link is stands in ``server/portal_links.py``. May not import ``faults``, ``idp`` or
``drive``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from scimrig_simulator.clock import printed
from scimrig_simulator.server.api.organizations import PLACE, found
from scimrig_simulator.server.house import House
from scimrig_simulator.server.operations import Asked, Body, Code, Operation, known, refusal
from scimrig_simulator.server.organizations import Organization
from scimrig_simulator.server.portal_links import Links
from scimrig_simulator.server.steward import Steward

_KEYS = ("id", "sso", "directory_sync", "features")


def operations(house: House) -> tuple[Operation, ...]:
    """The table."""
    links, place = _PortalLinks(house), f"{PLACE}/{{id}}/portal_links"
    return (
        Operation("GeneratePortalLink", "PUT", place, links.make),
        Operation("GetPortalLinks", "GET", place, links.list),
        Operation("DeletePortalLink", "DELETE", place, links.delete),
        Operation("DeletePortalLinkByID", "DELETE", f"{place}/{{link_id}}", links.delete_one),
    )


@dataclass(frozen=True, slots=True)
class _PortalLinks:
    house: House

    def make(self, asked: Asked) -> Body:
        """PUT. What the portal is opened for ("features") may be said, and makes no difference: it has directories."""
        known(asked.body, *_KEYS)
        organization = found(self.house, asked.path["id"])
        with self.house.store.transaction():
            link, token = self._links.make(organization.number)
            self._note(asked, "create", organization, link.id)
        return {"link": {"id": link.id, "location": self._location(asked, token), "expire_time": printed(link.expires)}}

    def list(self, asked: Asked) -> Body:
        """GET: the links that can still be opened. Where they lead was told once."""
        organization = found(self.house, asked.path["id"])
        return {
            "links": [
                {"id": link.id, "location": "", "expire_time": printed(link.expires)}
                for link in self._links.open(organization.number)
            ]
        }

    def delete(self, asked: Asked) -> None:
        """DELETE of all: none opens any more, and the sessions that were opened end."""
        self._withdraw(asked, None)

    def delete_one(self, asked: Asked) -> None:
        """DELETE of one, with the session that it opened."""
        if not self._withdraw(asked, asked.path["link_id"]):
            raise refusal(Code.NOT_FOUND, "There is no such link.", "LINK_NOT_FOUND")

    def _withdraw(self, asked: Asked, id: str | None) -> Sequence[str]:
        organization = found(self.house, asked.path["id"])
        with self.house.store.transaction():
            gone = self._links.withdraw(organization.number, id)
            for one in gone:
                self._note(asked, "delete", organization, one)
        return gone

    def _note(self, asked: Asked, deed: str, organization: Organization, id: str) -> None:
        Steward(self.house).note(asked, f"portal_link.{deed}", organization, target={"type": "PortalLink", "id": id})

    @property
    def _links(self) -> Links:
        return Links(self.house.store, self.house.clock, self.house.seams)

    def _location(self, asked: Asked, token: str) -> str:
        origin = asked.origin
        if self.house.public_url is not None:
            parts = urlsplit(self.house.public_url)
            origin = f"{parts.scheme}://{parts.netloc}"
        return f"{origin}/portal/{token}"
