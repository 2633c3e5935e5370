"""What every request handler needs, handed over once by the door."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from flask import current_app

from forwarder.core.delivery import Destination
from forwarder.core.event import Notice
from forwarder.pipeline.receive import Endpoint
from forwarder.store import Store

EXTENSION = "forwarder"


def nobody_asks(endpoint: Endpoint, notice: Notice) -> None:
    """Keep nothing of a webhook that was turned away."""
    del endpoint, notice


@dataclass(frozen=True, slots=True, kw_only=True)
class WebDesk:
    """The store, the addresses and the clock of this process.

    `nudge` wakes the worker of a destination and returns at once. `destinations` are
    by the name that stands in their deliveries. `refused` is told of each webhook that
    was turned away.
    """

    store: Store
    endpoints: Mapping[str, Endpoint]
    destinations: Mapping[str, Destination]
    nudge: Callable[[str], None]
    clock: Callable[[], datetime]
    public_url: str
    version: str
    refused: Callable[[Endpoint, Notice], None] = nobody_asks


def web_desk() -> WebDesk:
    """Return the desk of the running application."""
    desk: WebDesk = current_app.extensions[EXTENSION]
    return desk
