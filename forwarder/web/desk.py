"""What every request handler needs, handed over once by the door."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from flask import current_app

from forwarder.core.delivery import Destination
from forwarder.core.event import Notice
from forwarder.hookups import Hookup
from forwarder.insights.thresholds import Thresholds
from forwarder.pipeline.receive import Endpoint
from forwarder.store import Store
from forwarder.web.refused import Refused
from forwarder.web.sheet import Sheet

EXTENSION = "forwarder"


def nobody_asks(endpoint: Endpoint, notice: Notice) -> None:
    """Keep nothing of a webhook that was turned away."""
    del endpoint, notice


def cannot_ask(endpoint: str) -> Hookup | str:
    """Reach no platform."""
    return f"The API behind {endpoint} is not asked here."


def no_samples(source: str) -> Sequence[str]:
    """Know no sample of a source."""
    del source
    return ()


def no_sample(endpoint: str, case: str, now: datetime) -> Notice | str:
    """Make no sample."""
    del case, now
    return f"No sample of {endpoint} is made here."


@dataclass(frozen=True, slots=True, kw_only=True)
class WebDesk:
    """The store, the addresses and the clock of this process.

    `nudge` wakes the worker of a destination and returns at once. `destinations` are
    by the name that stands in their deliveries. `refused` is told of each webhook that
    was turned away; `last_refused` tells why the last one of an endpoint was.
    `hookup` reaches the endpoint's webhooks at its platform, or tells in a sentence why
    it can not. `sheet` is what the settings say. `samples` names those of a source that
    can be sent as a test; `sample` makes one that an endpoint's shop might have signed,
    or tells in a sentence why it can not.
    Links may lead to `link_hosts` alone; an order belongs to the link clicked last, or
    with `counts_first_click` to the first. A person is found in the log for
    `found_for_days`. In the sandbox nothing reaches Pinterest.
    """

    store: Store
    endpoints: Mapping[str, Endpoint]
    destinations: Mapping[str, Destination]
    nudge: Callable[[str], None]
    clock: Callable[[], datetime]
    public_url: str
    version: str
    link_hosts: Sequence[str] = ()
    counts_first_click: bool = False
    found_for_days: int = 7
    is_sandbox: bool = False
    refused: Callable[[Endpoint, Notice], None] = nobody_asks
    limits: Thresholds = field(default_factory=Thresholds)
    last_refused: Callable[[str], Refused | None] = lambda _: None
    hookup: Callable[[str], Hookup | str] = cannot_ask
    samples: Callable[[str], Sequence[str]] = no_samples
    sample: Callable[[str, str, datetime], Notice | str] = no_sample
    sheet: Sheet = field(default_factory=Sheet)


def web_desk() -> WebDesk:
    """Return the desk of the running application."""
    desk: WebDesk = current_app.extensions[EXTENSION]
    return desk
