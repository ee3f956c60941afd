"""Saboteurs that lack a part of SCIM: a method, an endpoint, an attribute. Each says of itself that it has it.

Rule: each class overrides what it breaks and asks ``super()`` for the rest. May not import ``server`` or ``idp``.
"""

from __future__ import annotations

from scimrig_simulator.calls import Call, Resource, Rows
from scimrig_simulator.faults.sabotage import Fault
from scimrig_simulator.scim import urns
from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.scim.filters import Filter
from scimrig_simulator.seams import Seams

_PLAIN = ("title", "addresses", "locale", "preferredLanguage")


class _Lacking(Seams):
    method = ""

    def find(self, call: Call, rows: Rows) -> Resource:
        if call.method == self.method:
            raise ScimError(501, None, f"{self.method} is not implemented.")
        return super().find(call, rows)


class _Patch501(_Lacking):
    method = "PATCH"


PATCH_501 = Fault(
    "patch-501", "PATCH is advertised and not implemented",
    "Entra changes everything by PATCH; nobody can be updated or switched off.",
    ("DISC-02",), _Patch501,
)


class _Put501(_Lacking):
    method = "PUT"


PUT_501 = Fault(
    "put-501", "PUT is not implemented",
    "Okta's wizard apps use PUT for every update, deactivation included.",
    ("PUT-01",), _Put501,
)


class _Delete501(_Lacking):
    method = "DELETE"


DELETE_501 = Fault(
    "delete-501", "DELETE is not implemented",
    "Accounts can be switched off, and never be removed.",
    ("LIFE-09",), _Delete501,
)


class _Groups501(Seams):
    def parse(self, call: Call) -> Resource:
        if call.resource_type is not None and call.kind.schema.id == urns.GROUP:
            raise ScimError(501, None, "Groups can't be written.")
        return super().parse(call)


GROUPS_501 = Fault(
    "groups-501", "Groups are advertised and can't be created",
    "/ResourceTypes lists /Groups; whoever pushes a group is answered 501.",
    ("CREA-13", "DISC-02"), _Groups501,
)


class _Filter501(Seams):
    def filter(self, call: Call, text: str | None) -> Filter | None:
        if text is not None:
            raise ScimError(501, None, "Filters are not implemented.")
        return None


FILTER_501 = Fault(
    "filter-501", "Filters are advertised and not implemented",
    "An IdP that looks an account up before it creates one gets no further than that.",
    ("DISC-02",), _Filter501,
)


class _Config404(Seams):
    def discover(self, call: Call) -> None:
        if call.id is None:
            raise ScimError(404, None, "There is no discovery here.")
        super().discover(call)


CONFIG_404 = Fault(
    "config-404", "There is no discovery document",
    "ServiceProviderConfig, Schemas and ResourceTypes are 404, although the RFC wants all three.",
    ("DISC-01",), _Config404,
)


class _ExtensionDropped(Seams):
    def store(self, call: Call, before: Resource | None, after: Resource) -> Resource:
        kept = {name: value for name, value in after.items() if name != urns.ENTERPRISE}
        return super().store(call, before, {**kept, "schemas": [call.kind.schema.id]})


EXTENSION_DROPPED = Fault(
    "extension-dropped", "The enterprise extension is accepted and lost",
    "Department, employee number and manager are answered 201 and not stored.",
    ("EXTN-03",), _ExtensionDropped,
)


class _AttributesDropped(Seams):
    def store(self, call: Call, before: Resource | None, after: Resource) -> Resource:
        return super().store(call, before, {name: value for name, value in after.items() if name not in _PLAIN})


ATTRIBUTES_DROPPED = Fault(
    "attributes-dropped", "Title, address and language are accepted and lost",
    "What the product has no field for is answered as if it had been stored.",
    ("DISC-07",), _AttributesDropped,
)


class _EmailTypeDropped(Seams):
    def store(self, call: Call, before: Resource | None, after: Resource) -> Resource:
        emails = [{name: item for name, item in email.items() if name != "type"} for email in after.get("emails", [])]
        return super().store(call, before, {**after, "emails": emails} if emails else after)


EMAIL_TYPE_DROPPED = Fault(
    "email-type-dropped", "E-mails lose their type",
    'emails[type eq "work"] selects nothing, so that Entra adds the same address in every cycle.',
    ("PATC-04",), _EmailTypeDropped,
)
