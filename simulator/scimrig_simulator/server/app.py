"""The reference server as an ASGI application: how it is set up, and what it is put together from.

Rule: puts together; what is served, and where, is for ``site.py``. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial

from scimrig_simulator.clock import Clock, SystemClock
from scimrig_simulator.scim.schemas import Definitions, builtin
from scimrig_simulator.scim.tolerances import STANDARD, Tolerance
from scimrig_simulator.seams import Admits, Seams
from scimrig_simulator.server import administration, openapi
from scimrig_simulator.server.administration import Administration
from scimrig_simulator.server.database import StoreError
from scimrig_simulator.server.description import Description
from scimrig_simulator.server.directory import Directory
from scimrig_simulator.server.discovery import Discovery
from scimrig_simulator.server.health import LIVE, READY, Health
from scimrig_simulator.server.management import Management
from scimrig_simulator.server.office import PLACE, Methods, Office
from scimrig_simulator.server.outbox import Outbox
from scimrig_simulator.server.policy import OPEN, PRESETS, Policy
from scimrig_simulator.server.routes import Routes
from scimrig_simulator.server.search import Search
from scimrig_simulator.server.service import Finds, Service
from scimrig_simulator.server.site import Site, Tenancy, Vacant
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


def build(settings: Settings, seams: Seams | None = None) -> Site:
    """The reference server, sabotaged where ``seams`` says so.

    Raises StoreError where the database can't be opened or holds what no resource type is defined for, ValueError for a
    policy that isn't there.
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
    tenants = Tenants(store, settings.clock)
    if settings.opening is not None:
        settings.opening(tenants)
    root = only(settings.token)
    poster = None if settings.policy == OPEN else settings.poster or _http(closing)
    landlord = _Landlord(settings, seams, seams.definitions(settings.definitions), store, tenants, root, poster)
    admin = Office(root, administration.PLACE, Administration(tenants, settings.base_path).methods)
    health, description = Health(store), Description(landlord.definitions, settings.base_path)
    pages = {LIVE: health.live, READY: health.ready, openapi.PLACE: description.page}
    site = Site(tenants, landlord.let, admin, pages, closing)
    if poster is not None:
        site.resume()
    return site


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


def _http(closing: ExitStack) -> Poster:
    from scimrig_simulator.server.sending import HttpPoster  # with an HTTP client, which nobody else here needs

    poster = HttpPoster()
    closing.callback(poster.close)
    return poster


@dataclass(frozen=True, slots=True)
class _Landlord:
    """What the tenants of one server share, and what each is given of its own."""

    settings: Settings
    seams: Seams
    definitions: Definitions
    store: Store
    tenants: Tenants
    root: Admits
    poster: Poster | None

    def let(self, number: int | None, name: str) -> Tenancy:
        """What the tenant is served with; for number None, how whoever asks for that name is answered."""
        place = f"/{name}" if name else ""
        if number is None:
            vacant = Vacant(name, self._routes(self.store, None))
            return self._tenancy(None, place, self.root, vacant, None if self.poster is None else vacant.methods)
        store = self.store.of(number)
        policy = None if self.poster is None else self._policy(store, self.poster)
        methods = None if policy is None else Management(policy, self.definitions).methods
        tenancy = self._tenancy(number, place, self._admits(number), self._routes(store, policy), methods)
        return tenancy if policy is None else replace(tenancy, outbox=policy.outbox)

    def _tenancy(
        self, number: int | None, place: str, admits: Admits, routes: Finds, methods: Methods | None
    ) -> Tenancy:
        url = self.settings.public_url
        if url is not None:
            url = url.rstrip("/")
            url = url.removesuffix(self.settings.base_path) + place + self.settings.base_path if place else url
        name = place[1:] if number is not None else ""  # one that nobody has is anybody's invention
        scim = Service(self.seams, routes, admits, place + self.settings.base_path, url, name)
        return Tenancy(number, scim, None if methods is None else Office(admits, place + PLACE, methods, name))

    def _admits(self, number: int) -> Admits:
        own = partial(self.tenants.admits, number)
        return own if number else lambda given: self.root(given) or own(given)

    def _policy(self, store: Store, poster: Poster) -> Policy:
        outbox = Outbox(store, self.settings.clock, self.seams, poster)
        return Policy(store, self.seams, self.settings.clock, outbox)

    def _routes(self, store: Store, policy: Policy | None) -> Routes:
        directory = Directory(store, self.seams, self.definitions, self.settings.clock, policy)
        search = Search(store, self.seams, self.definitions, self.settings.clock)
        return Routes(self.definitions, directory, search, Discovery(self.seams, self.definitions))
