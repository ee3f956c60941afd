"""The reference server as an ASGI application: how it is set up, and what it is put together from.

Rule: puts together; what is served, and where, is for ``site.py``. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial

from scimrig_simulator.calls import Admits
from scimrig_simulator.clock import Clock, SystemClock
from scimrig_simulator.policy.addresses import network
from scimrig_simulator.scim.schemas import Definitions, builtin
from scimrig_simulator.scim.tolerances import STANDARD, Tolerance
from scimrig_simulator.seams import Seams
from scimrig_simulator.server import api, clockwork, openapi
from scimrig_simulator.server.administration import Administration
from scimrig_simulator.server.approach import Approach
from scimrig_simulator.server.audit import Audit
from scimrig_simulator.server.database import StoreError
from scimrig_simulator.server.description import Description
from scimrig_simulator.server.directory import Directory
from scimrig_simulator.server.discovery import Discovery
from scimrig_simulator.server.entrance import Entrance
from scimrig_simulator.server.health import LIVE, READY, Health
from scimrig_simulator.server.house import DIRECTORIES, SCIM, House
from scimrig_simulator.server.management import Management
from scimrig_simulator.server.office import Office
from scimrig_simulator.server.operations import Operations
from scimrig_simulator.server.policy import OPEN, PRESETS, Policy
from scimrig_simulator.server.portal import Portal
from scimrig_simulator.server.records import Records
from scimrig_simulator.server.routes import Routes
from scimrig_simulator.server.search import Search
from scimrig_simulator.server.sender import Lanes, Sender
from scimrig_simulator.server.sending_process import SendingProcess
from scimrig_simulator.server.service import Service
from scimrig_simulator.server.site import Site, Tenancy, Vacant
from scimrig_simulator.server.steward import Steward
from scimrig_simulator.server.store import MEMORY, Store
from scimrig_simulator.server.tenants import Tenants, only
from scimrig_simulator.wire import Poster

BASE_PATH = "/scim/v2"


@dataclass(frozen=True, slots=True)
class Settings:
    """How a server is set up.

    token: the bearer token of the tenant without a name and of whoever administers the others; an empty one lets nobody
    in.  db: path of the database, ":memory:" for none on disk.  base_path: with leading slash, without trailing one.
    public_url: base URL as clients see it; None = the host that a request names, where that is a loopback name.
    tolerances: what is let pass against the letter of the RFC; none of them = strict.
    policy: what is promised beyond SCIM, one of ``PRESETS``.  poster: sends webhooks; None = over HTTP.
    definitions: schemas and resource types on offer, User among them (``scim.schema_files`` merges files into them).
    opening: is shown the register of tenants before anything is served.
    trusted_proxies: networks whose X-Forwarded-For and -Proto are believed, as CIDRs (CAP-20).
    dev: plain http will do; without it, nothing is served but https (CAP-21).
    """

    token: str = field(repr=False)
    db: str = MEMORY
    base_path: str = BASE_PATH
    clock: Clock = field(default_factory=SystemClock)
    public_url: str | None = None
    tolerances: frozenset[Tolerance] = STANDARD
    policy: str = OPEN
    poster: Poster | None = None
    definitions: Definitions = field(default_factory=builtin)
    opening: Callable[[Tenants], None] | None = None
    trusted_proxies: tuple[str, ...] = ()
    dev: bool = True

    @property
    def place(self) -> str | None:
        """Where the server is as clients see it, without SCIM's base path."""
        return None if self.public_url is None else self.public_url.rstrip("/").removesuffix(self.base_path)


def build(settings: Settings, seams: Seams | None = None) -> Site:
    """The reference server, sabotaged where ``seams`` says so.

    Raises StoreError where the database can't be opened or holds what no resource type is defined for, ValueError for a
    policy that isn't there and a proxy's network that is none.
    """
    if settings.policy not in PRESETS:
        raise ValueError(f"There is no policy preset {settings.policy!r}, only {' and '.join(PRESETS)}.")
    seams = seams or Seams()
    seams.clock = settings.clock
    seams.tolerances = settings.tolerances
    closing = ExitStack()
    store = Store(settings.db)
    closing.callback(store.close)
    _refuse_strangers(store, settings.definitions)
    tenants = Tenants(store, settings.clock, seams.vouch)
    if settings.opening is not None:
        settings.opening(tenants)
    root, approach = only(settings.token), Approach(tuple(map(network, settings.trusted_proxies)))
    house = None if settings.policy == OPEN else _house(settings, seams, store, tenants, closing)
    definitions = seams.definitions(settings.definitions)
    landlord = _Landlord(settings, seams, definitions, store, tenants, root, approach, house)
    steward = None if house is None else Steward(house)
    desk = (*Administration(tenants, settings.base_path, steward).operations(), *clockwork.operations(settings.clock))
    admin = Office(root, "", Operations(desk), approach=approach)
    health = Health(store)
    scim = Description(partial(openapi.document, landlord.definitions, settings.base_path))
    pages = {LIVE: health.live, READY: health.ready, openapi.PLACE: scim.page}
    if house is not None:
        pages[api.openapi.PLACE] = Description(lambda: api.openapi.document(site.operations)).page
    programs = None if house is None else api.office(house, approach)
    gone = (lambda _: None) if house is None else house.gone
    secure = None if settings.dev else approach.secure
    portal = None if house is None or programs is None else Portal(house, programs.operations, approach)
    site = Site(tenants, landlord.let, admin, programs, pages, closing, gone, secure, portal)
    if portal is not None:
        portal.site = site
    if house is not None:
        house.resume()
    return site


def _house(settings: Settings, seams: Seams, store: Store, tenants: Tenants, closing: ExitStack) -> House:
    """What a policy needs beside SCIM; closed before the store is."""
    house = House(
        settings.token, settings.place, store, settings.clock, seams, seams.definitions(settings.definitions),
        tenants, tenants.organizations, Audit(store, seams), _sender(settings, closing),
    )  # fmt: skip
    closing.callback(tenants.settle)
    closing.callback(house.close)
    return house


def _refuse_strangers(store: Store, definitions: Definitions) -> None:
    """What was stored under other schemas couldn't be shown. Raises StoreError, and closes the store then."""
    with store.lock:
        stored = {kind for (kind,) in store.execute("SELECT kind FROM tally WHERE block = -1 AND stored > 0")}
    strangers = sorted(stored - {kind.name for kind in definitions.resource_types})
    if strangers:
        store.close()
        raise StoreError(
            f"it holds resources of type {', '.join(strangers)}, which no schema here defines."
            " Load the schemas that it was filled with."
        )


def _sender(settings: Settings, closing: ExitStack) -> Sender:
    """What sends webhooks: over HTTP from another process, but in this one where a clock has to wait for them."""
    if settings.poster is not None:
        return Lanes(settings.clock, settings.poster)
    if isinstance(settings.clock, SystemClock):
        process = SendingProcess()
        closing.callback(process.close)
        return process
    from scimrig_simulator.server.sending import HttpPoster  # with an HTTP client, which nobody else here needs

    poster = HttpPoster()
    closing.callback(poster.close)
    return Lanes(settings.clock, poster)


@dataclass(frozen=True, slots=True)
class _Landlord:
    """What the tenants of one server share, and what each is given of its own."""

    settings: Settings
    seams: Seams
    definitions: Definitions
    store: Store
    tenants: Tenants
    root: Admits
    approach: Approach
    house: House | None

    def let(self, number: int | None, place: str, name: str) -> Tenancy:
        """What the tenant is served with at a place; for number None, how whoever asks there is answered."""
        if number is None:
            vacant = Vacant(name, self._routes(self.store, None))
            scim = Service(self.seams, vacant, self.root, *self._addresses(place), "")
            return Tenancy(None, scim, None if self.house is None else Office(self.root, place, vacant.operations))
        policy = None if self.house is None else self.house.policy(number)
        admits = self._admits(number)
        scim = Service(
            self.seams, self._routes(self.store.of(number), policy), admits, *self._addresses(place), name,
            None if policy is None else policy.witness, None if policy is None else self._entrance(number),
        )  # fmt: skip
        if policy is None or self.house is None:
            return Tenancy(number, scim)
        operations = Operations((
            *Management(self.house, policy).operations(), *Records(self.house, number).operations(),
        ))  # fmt: skip
        return Tenancy(number, scim, Office(self._manages(admits), place, operations, name, approach=self.approach))

    def _entrance(self, number: int) -> Entrance:
        return Entrance(self.seams, replace(self.approach, whence=self.seams.whence), self.tenants, number)

    def _addresses(self, place: str) -> tuple[str, str | None]:
        """The base path at a place, and the base URL as clients see it."""
        path, url = self.settings.base_path, self.settings.public_url
        if place.startswith(DIRECTORIES):
            path = SCIM
        if url is not None:
            url = url.rstrip("/")
            url = url.removesuffix(self.settings.base_path) + place + path if place else url
        return place + path, url

    def _manages(self, admits: Admits) -> Admits:
        """Whoever administers the server may manage each of its tenants."""
        return lambda given: self.root(given) or admits(given)

    def _admits(self, number: int) -> Admits:
        own = partial(self.tenants.admits, number)
        return own if number else lambda given: self.root(given) or own(given)

    def _routes(self, store: Store, policy: Policy | None) -> Routes:
        directory = Directory(store, self.seams, self.definitions, self.settings.clock, policy)
        search = Search(store, self.seams, self.definitions, self.settings.clock)
        return Routes(self.definitions, directory, search, Discovery(self.seams, self.definitions))
