"""Send deliveries again, and read quarantined notices again: count first, then run."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from forwarder.core.delivery import Destination, NoticeStatus
from forwarder.core.event import Unreadable
from forwarder.pipeline.receive import Endpoint, with_reading
from forwarder.store import Store, quarantine
from forwarder.store import replay as rows
from forwarder.store.inbox import Arrival
from forwarder.store.log import Filter
from forwarder.store.quarantine import Held

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What a replay did. `plans` holds the counts it was decided on."""

    plans: Sequence[rows.Plan]
    n_set_back: int


def plan(
    store: Store, wanted: Filter, destinations: Iterable[Destination], now: datetime
) -> list[rows.Plan]:
    """Count what a replay would send, per destination."""
    return [
        rows.plan(store, wanted, destination.name, now - destination.max_age, now)
        for destination in _chosen(wanted, destinations)
    ]


def replay(
    store: Store, wanted: Filter, destinations: Iterable[Destination], now: datetime
) -> Replayed:
    """Set every delivery that can still be sent back to pending."""
    chosen = _chosen(wanted, destinations)
    plans = plan(store, wanted, chosen, now)
    n_set_back = sum(
        rows.run(store, wanted, destination.name, now - destination.max_age, now)
        for destination in chosen
    )
    return Replayed(plans=plans, n_set_back=n_set_back)


def _chosen(wanted: Filter, destinations: Iterable[Destination]) -> list[Destination]:
    return [d for d in destinations if wanted.destination in {None, d.name}]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reparsed:
    """What became of quarantined notices. Units: notices."""

    n_read: int
    n_still_unreadable: int


def reparse(
    store: Store, endpoints: Mapping[str, Endpoint], now: datetime, *, is_dry_run: bool
) -> Reparsed:
    """Read every quarantined notice again, after its adapter was mended.

    Its signature was proven when it came, so its age is no fault now.
    """
    n_read = n_unreadable = 0
    for held in quarantine.held_notices(store):
        arrival = _read_again(held, endpoints.get(held.endpoint), now)
        if arrival is None:
            n_unreadable += 1
            continue
        n_read += 1
        if not is_dry_run:
            quarantine.let_go(store, held, arrival)
    return Reparsed(n_read=n_read, n_still_unreadable=n_unreadable)


def _read_again(held: Held, endpoint: Endpoint | None, now: datetime) -> Arrival | None:
    if endpoint is None or held.notice is None:
        return None
    try:
        reading = endpoint.source.parse(held.notice, endpoint.options)
    except Unreadable:
        return None
    except Exception:  # the others are read all the same
        log.exception("adapter failed", source=endpoint.source_name)
        return None
    arrival = Arrival(
        endpoint=endpoint.name,
        source=endpoint.source_name,
        destination=endpoint.destination,
        delivery_key=held.delivery_key,
        notice=held.notice,
        received_at=held.received_at,
        status=NoticeStatus.ACCEPTED,
    )
    return replace(with_reading(arrival, reading, now), received_at=held.received_at)
