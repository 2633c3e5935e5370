"""Send a sample through our own front door, so that it can never count as an order.

The sample is signed like a webhook of the shop and read by its adapter. What comes of
it is marked as a test, which a destination takes in its test mode only, and has ids of
its own: a real order with the same number is no duplicate of it.
"""

from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from forwarder.core.event import LOCAL_KINDS, Event, Notice, Reading, Unreadable
from forwarder.core.source import EVENT_ID_MAX_CHARS, Options, Source, storable
from forwarder.pipeline.receive import Endpoint, receive
from forwarder.store import Store
from forwarder.store.inbox import Receipt
from forwarder.store.inbox_sql import TRIED

KEY_MAX_CHARS = 255
MODES = frozenset({"live_order", "test_order"})  # the destination decides that here
log = structlog.get_logger(__name__)


def try_out(endpoint: Endpoint, sample: Notice, store: Store, now: datetime) -> Receipt:
    """Return once a signed sample is committed, marked as a test.

    Raises: Forged where the endpoint does not know its signature, Stale, StoreDown.
    """
    tried = replace(endpoint, source=_Tried(endpoint.source))
    return receive(tried, sample, store, now)


@dataclass(frozen=True, slots=True)
class _Tried:
    """A shop's dialect whose events are tests."""

    source: Source

    def verify(
        self, notice: Notice, secret: str, now: datetime, options: Options
    ) -> None:
        """Return if `secret` signed the notice. Raises: Forged, Stale."""
        self.source.verify(notice, secret, now, options)

    def sign(self, notice: Notice, secret: str, now: datetime) -> Notice:
        """Return the notice as the shop would sign it."""
        return self.source.sign(notice, secret, now)

    def redacted(self, notice: Notice) -> Notice:
        """Return the notice as it may be written down."""
        return storable(self.source, notice)

    def delivery_key(self, notice: Notice) -> str:
        """Return a key that no webhook of the shop has."""
        return f"{TRIED}{self.source.delivery_key(notice)}"[:KEY_MAX_CHARS]

    def parse(self, notice: Notice, options: Options) -> Reading:
        """Return the events as tests; never raises.

        What is held as unreadable could be read again later, and not as a test.
        """
        try:
            reading = self.source.parse(notice, options)
        except Unreadable as unreadable:
            return Reading(ignored=f"the sample is not understood: {unreadable}")
        except Exception as fault:
            log.exception("adapter failed", source=options.shop)
            return Reading(ignored=f"the adapter failed: {type(fault).__name__}")
        events = [_as_test(e) for e in reading.events if e.kind not in LOCAL_KINDS]
        return replace(reading, events=tuple(events))


def _as_test(event: Event) -> Event:
    """Return the event as a test, which nobody looks up and nothing is tied to."""
    return replace(
        event,
        event_id=f"{TRIED}{event.event_id}"[:EVENT_ID_MAX_CHARS],
        is_test=True,
        skip=None if event.skip in MODES else event.skip,
        enrich=None,
        enrich_ref=None,
        click_token=None,
    )
