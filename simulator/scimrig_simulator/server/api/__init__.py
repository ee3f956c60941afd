"""The API for programs: organizations, directories, users and what goes with them, over REST (policy page §3).

Names and shapes are those of the vendor's protocol, so that its clients find what they look for. Each module is a table
of operations on a ``House``.

Rule: one module a noun. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

from collections.abc import Callable

from scimrig_simulator.server import cursors
from scimrig_simulator.server.api import (
    attributes,
    directories,
    directory_groups,
    directory_users,
    domains,
    events,
    memberships,
    oauth,
    openapi,
    organizations,
    portal_links,
    roles,
    secrets,
    users,
    webhooks,
)
from scimrig_simulator.server.approach import Approach
from scimrig_simulator.server.house import House
from scimrig_simulator.server.office import Office, by_code
from scimrig_simulator.server.operations import Operation, Operations

__all__ = ["office", "openapi", "operations"]

_TABLES: tuple[Callable[[House], tuple[Operation, ...]], ...] = (
    attributes.operations,
    directories.operations,
    directory_groups.operations,
    directory_users.operations,
    domains.operations,
    events.operations,
    memberships.operations,
    oauth.operations,
    organizations.operations,
    portal_links.operations,
    roles.operations,
    secrets.operations,
    users.operations,
    webhooks.operations,
)


def operations(house: House) -> tuple[Operation, ...]:
    """All of them."""
    return tuple(operation for table in _TABLES for operation in table(house))


def office(house: House, approach: Approach) -> Office:
    """Where they are served."""
    with house.store.lock:
        cursors.key(house.store)  # made before anybody asks: a page is read where nothing can be written
    return Office(oauth.admits(house), "", Operations(operations(house)), kind="api", told=by_code, approach=approach)
