"""Turn settings into the values the floors below work with, in one place."""

import os
import random  # noqa: TID251  the jitter starts here
import socket
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial

import requests

from config.settings import (
    SANDBOX_URL,
    DestinationSettings,
    EndpointSettings,
    Secret,
    Settings,
)
from forwarder.core.delivery import Destination
from forwarder.core.event import Kind
from forwarder.core.source import Options
from forwarder.destinations import DESTINATIONS
from forwarder.enrich import LOOK_UPS
from forwarder.pipeline.drain import Desk
from forwarder.pipeline.enrich import LookUp
from forwarder.pipeline.receive import Endpoint
from forwarder.sources import SOURCES
from forwarder.store import Store, open_store

_OPTIONS = tuple(name for name in Options.__slots__ if name != "shop")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wired:
    """One installation, ready to work. Destinations are by the word in the settings."""

    settings: Settings
    store: Store
    endpoints: Mapping[str, Endpoint]
    destinations: Mapping[str, Destination]

    def desk(self, is_stopping: Callable[[], bool]) -> Desk:
        """Return the working place of this process."""
        return Desk(
            store=self.store,
            worker=f"{socket.gethostname()}:{os.getpid()}",
            clock=self.store.now,
            jitter=random.SystemRandom().random,
            is_stopping=is_stopping,
        )


def wire(settings: Settings, role: str) -> Wired:
    """Return everything built and connected. Raises: BadKey."""
    settings = _sandboxed(settings)
    service = settings.service
    destinations = {
        name: _destination(name, found) for name, found in settings.destinations.items()
    }
    return Wired(
        settings=settings,
        store=open_store(
            service.database_url,
            service.data_keys,
            role,
            service.web_threads if role == "web" else service.worker_threads + 2,
        ),
        endpoints={
            name: _endpoint(name, found, destinations)
            for name, found in settings.endpoints.items()
        },
        destinations=destinations,
    )


def _sandboxed(settings: Settings) -> Settings:
    """Return the settings with every destination led to the sandbox, if there is one.

    The real token then stays here.
    """
    sandbox_url = os.environ.get(SANDBOX_URL)
    if sandbox_url is None:
        return settings
    fakes = {
        name: replace(
            found,
            base_url=sandbox_url,
            token=Secret("sandbox"),
            drop_reserved_domains=False,  # the samples' people live at example.com
        )
        for name, found in settings.destinations.items()
    }
    return replace(settings, destinations=fakes)


def _destination(name: str, found: DestinationSettings) -> Destination:
    """Build a destination.

    In the sandbox its deliveries carry another name: they never mix with real ones.
    """
    word = f"{name}:sandbox" if SANDBOX_URL in os.environ else name
    return DESTINATIONS[found.platform](word, asdict(found))


def _endpoint(
    name: str, found: EndpointSettings, destinations: Mapping[str, Destination]
) -> Endpoint:
    return Endpoint(
        name=name,
        source_name=found.source,
        source=SOURCES[found.source],
        secrets=found.secrets,
        destination=destinations[found.destination].name,
        options=_options(name, found),
        is_paused=found.paused,
    )


def _options(name: str, found: EndpointSettings) -> Options:
    values = {option: getattr(found, option) for option in _OPTIONS}
    values["newsletter_kind"] = Kind(found.newsletter_kind)
    values["form_kind"] = Kind(found.form_kind)
    return Options(shop=name, **values)


def look_ups(wired: Wired) -> Mapping[str, LookUp]:
    """Return, by endpoint, what looks up the rest of a thin event."""
    session = requests.Session()
    session.trust_env = False
    return {
        name: partial(
            LOOK_UPS[endpoint.source_name],
            api_key=endpoint.options.api_key,
            session=session,
        )
        for name, endpoint in wired.endpoints.items()
        if endpoint.source_name in LOOK_UPS and endpoint.options.api_key
    }
