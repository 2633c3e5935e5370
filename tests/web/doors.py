"""The machine-facing half of the web: hooks, API and vitals over a store of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from flask import Flask

from forwarder.core.event import Notice
from forwarder.core.source import Options
from forwarder.pipeline.receive import Endpoint
from forwarder.samples import TEST_SECRETS, fresh
from forwarder.sources import SOURCES
from forwarder.store import Store, access
from forwarder.store.access import ApiKey
from forwarder.web.api import api
from forwarder.web.api_alerts import api_alerts
from forwarder.web.api_audit import api_audit
from forwarder.web.api_deliveries import api_deliveries
from forwarder.web.api_desk import api_desk
from forwarder.web.api_jobs import api_jobs
from forwarder.web.api_kpi import api_kpi
from forwarder.web.api_links import api_links
from forwarder.web.api_reports import api_reports
from forwarder.web.api_sources import api_sources
from forwarder.web.api_users import api_users
from forwarder.web.desk import EXTENSION, WebDesk
from forwarder.web.hooks import hooks
from forwarder.web.vitals import vitals
from tests.web.console_desk import NOW, Clock, StandIn

NOWHERE = "postgresql://nobody@127.0.0.1:9/none"  # a port that nobody listens on


def endpoint(name: str, source: str, *, is_paused: bool = False) -> Endpoint:
    return Endpoint(
        name=name,
        source_name=source,
        source=SOURCES[source],
        secrets=[TEST_SECRETS[source]],
        destination="main",
        options=Options(shop=name),
        is_paused=is_paused,
    )


@dataclass(slots=True)
class Doors:
    """An application with every source connected, and what it was nudged for."""

    store: Store
    clock: Clock = field(default_factory=Clock)
    destination: StandIn = field(default_factory=StandIn)
    nudged: list[str] = field(default_factory=list)
    app: Flask = field(default_factory=lambda: Flask("forwarder.web"))

    def __post_init__(self) -> None:
        known = {name: endpoint(name, name) for name in SOURCES}
        known["paused"] = endpoint("paused", "shopify", is_paused=True)
        self.app.extensions[EXTENSION] = WebDesk(
            store=self.store,
            endpoints=known,
            destinations={"main": self.destination},
            nudge=self.nudged.append,
            clock=self.clock,
            public_url="https://events.example.com",
            version="1.2.3",
        )
        more_api = (
            api_alerts,
            api_audit,
            api_deliveries,
            api_desk,
            api_jobs,
            api_links,
            api_reports,
            api_sources,
            api_users,
        )
        for blueprint in (hooks, api, *more_api, vitals, api_kpi):
            self.app.register_blueprint(blueprint)

    def add_destination(self, name: str) -> None:
        desk = self.app.extensions[EXTENSION]
        other = replace(self.destination, name=name)
        self.app.extensions[EXTENSION] = replace(
            desk, destinations={**desk.destinations, name: other}
        )

    def key(self, scope: str) -> Mapping[str, str]:
        """Make an API key; return the header that shows it."""
        text = f"fwd_{scope}_key"
        access.add_api_key(
            self.store, ApiKey(name=scope, scope=scope, created_at=NOW), text
        )
        return {"Authorization": f"Bearer {text}"}


def an_order(serial: int = 912_345, case: str = "orders-paid") -> Notice:
    """A genuine order of a Shopify shop, signed just now."""
    return fresh("shopify", case, TEST_SECRETS["shopify"], NOW, serial)
