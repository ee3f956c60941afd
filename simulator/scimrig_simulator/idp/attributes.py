"""Attributes of a person that several dialects map alike: phones, the work address, the enterprise extension.

Each comes twice: as SCIM path → value for intents and comparisons, and as JSON for a body that is built whole.

Rule: no dialect's name in here; where a dialect differs, it differs in its own file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scimrig_simulator.idp.mapping import typed, without_empty
from scimrig_simulator.scim.urns import ENTERPRISE
from scimrig_simulator.wire import Json

if TYPE_CHECKING:
    from scimrig_simulator.workforce.person import Person

WORK_EMAIL = 'emails[type eq "work"].value'


def profile(person: Person) -> dict[str, Json]:
    """Everything that we know how to map, but for an externalId."""
    return {
        "userName": person.user_name,
        "name.formatted": person.formatted,
        "name.familyName": person.family_name,
        "name.givenName": person.given_name,
        "name.middleName": person.middle_name,
        "displayName": person.display_name,
        "title": person.title,
        "locale": person.locale,
        WORK_EMAIL: person.email,
        **phones(person),
        **addresses(person),
        **enterprise(person),
    }


def addresses(person: Person) -> dict[str, Json]:
    """The work address, by sub-attribute."""
    return {f'addresses[type eq "work"].{name}': value for name, value in _address(person).items()}


def phones(person: Person) -> dict[str, Json]:
    """Work and mobile phone."""
    return {
        'phoneNumbers[type eq "work"].value': person.phone_work,
        'phoneNumbers[type eq "mobile"].value': person.phone_mobile,
    }


def enterprise(person: Person) -> dict[str, Json]:
    """Employee number and department."""
    return {
        f"{ENTERPRISE}:employeeNumber": person.employee_number,
        f"{ENTERPRISE}:department": person.department,
    }


def body(person: Person) -> dict[str, Any]:
    """addresses, phoneNumbers and the extension as members of a User; what the person lacks is left out."""
    return without_empty({
        "addresses": typed({"type": "work", **_address(person)}),
        "phoneNumbers": typed(
            {"type": "work", "value": person.phone_work}, {"type": "mobile", "value": person.phone_mobile}
        ),
        ENTERPRISE: {"employeeNumber": person.employee_number, "department": person.department},
    })


def _address(person: Person) -> dict[str, Json]:
    return {
        "streetAddress": person.street,
        "locality": person.locality,
        "region": person.region,
        "postalCode": person.postal_code,
        "country": person.country,
    }
