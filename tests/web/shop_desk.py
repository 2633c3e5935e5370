"""A shop that can be asked, samples that can be sent, and a worker that does both."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from forwarder.core.event import Notice
from forwarder.core.source import Options
from forwarder.pipeline import fetching
from forwarder.pipeline.drain import Desk
from forwarder.pipeline.fetching import Alive, Errand
from forwarder.pipeline.missing import Window
from forwarder.pipeline.receive import Endpoint
from forwarder.samples import fresh, sendable
from forwarder.store import jobs
from forwarder.web.desk import EXTENSION, WebDesk
from tests.web.console_desk import NOW, Desktop

SECRET = "s" * 32


def orders(*days: float) -> list[Notice]:
    """Orders as the API of the shop tells them, so many days old."""
    return [
        fresh("shopify", "orders-paid", SECRET, NOW - timedelta(days=day), 910_000 + n)
        for n, day in enumerate(days)
    ]


def with_samples(desk: WebDesk) -> WebDesk:
    """The desk as the door hands it down."""

    def sample(name: str, case: str, now: datetime) -> Notice | str:
        endpoint = desk.endpoints[name]
        return fresh(endpoint.source_name, case, endpoint.secrets[0], now, 912_345)

    return replace(desk, samples=sendable, sample=sample)


def with_key(desktop: Desktop) -> None:
    """Let the shop be asked, and a test be sent."""
    desk: WebDesk = with_samples(desktop.app.extensions[EXTENSION])
    key = Options(shop="my-shop", api_key="shpat_x")
    endpoint = replace(desk.endpoints["my-shop"], options=key)
    desktop.app.extensions[EXTENSION] = replace(desk, endpoints={"my-shop": endpoint})


def work(desktop: Desktop, notices: list[Notice]) -> None:
    """Let a worker do what is asked of shops, which tell these."""

    def tell(_: Endpoint, __: str, ___: Window, alive: Alive) -> Iterator[Notice]:
        alive()
        return iter(notices)

    desk: WebDesk = desktop.app.extensions[EXTENSION]
    working = Desk(store=desktop.store, worker="w", clock=desktop.clock, jitter=float)
    errand = Errand(
        desk=working,
        endpoints=desk.endpoints,
        destinations=desk.destinations.values(),
        tell=tell,
    )
    fetching.work(errand)


def fill_shop(desktop: Desktop) -> tuple[int, int]:
    """Ask a shop, take in what is missing, ask again; the numbers of the last two."""
    with_key(desktop)
    store, now = desktop.store, desktop.clock()
    window = Window(since=now - timedelta(days=30), until=now)
    told = orders(1, 3, 9, 45)
    first = fetching.start_ask(store, "my-shop", "all", window, "admin", now)
    work(desktop, told)
    assert first is not None
    counted = jobs.find(store, first.id)
    assert counted is not None
    taken = fetching.start_import(store, counted, "admin", now)
    work(desktop, told)
    again = fetching.start_ask(store, "my-shop", "orders", window, "admin", now)
    work(desktop, orders(1, 3, 9, 45, 2, 4, 5, 6, 7))
    assert taken is not None
    assert again is not None
    return taken.id, again.id
