"""Find what happened at a shop and never came by webhook, and take it in.

What the platform tells afterwards is read by the same adapter as its webhooks, so that
an event has the same id whichever way it came: it is counted once.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from itertools import islice

from forwarder.core.event import LOCAL_KINDS, Event, Notice, Order
from forwarder.core.ledger import STATE_OF_SKIP, LedgerOrder, OrderState, Origin
from forwarder.pipeline.receive import Endpoint, read
from forwarder.pulls import ALL, PULLS
from forwarder.store import ledger
from forwarder.store.arrival import Arrival, minor
from forwarder.store.engine import Store
from forwarder.store.inbox import accept
from forwarder.store.inbox_sql import FETCHED
from forwarder.store.missing import Key, unknown

PAGE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a pull brought. Units: notices for the first three, else events by kind.

    `kinds` counts what is missing; `outside` happened before or after the window.
    `books` are all conversions told, missing or not.
    """

    n_told: int = 0
    n_ignored: int = 0
    n_unreadable: int = 0
    known: Mapping[str, int] = field(default_factory=dict)
    outside: Mapping[str, int] = field(default_factory=dict)
    kinds: Mapping[str, int] = field(default_factory=dict)
    missing: Sequence[Arrival] = field(default=(), repr=False)
    books: Sequence[LedgerOrder] = field(default=(), repr=False)

    @property
    def n_missing(self) -> int:
        """Return how many events are missing."""
        return sum(self.kinds.values())

    def too_old(self, oldest: datetime) -> Mapping[str, int]:
        """Count those of them that are too old to be sent, by kind."""
        events = [event for arrival in self.missing for event in arrival.events]
        return Counter(e.kind.value for e in events if e.occurred_at < oldest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """When the missing happened: since <= t < until."""

    since: datetime
    until: datetime

    def holds(self, event: Event) -> bool:
        """Tell whether an event happened within."""
        return self.since <= event.occurred_at < self.until


@dataclass(slots=True)
class _Count:
    """A plan while it is made."""

    n: Counter[str] = field(default_factory=Counter)
    known: Counter[str] = field(default_factory=Counter)
    outside: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    missing: list[Arrival] = field(default_factory=list)
    books: list[LedgerOrder] = field(default_factory=list)

    def plan(self) -> Plan:
        """Return what was counted."""
        return Plan(
            n_told=self.n["told"],
            n_ignored=self.n["ignored"],
            n_unreadable=self.n["quarantined"],
            known=self.known,
            outside=self.outside,
            kinds=self.kinds,
            missing=self.missing,
            books=self.books,
        )


def why_not(endpoint: Endpoint, what: str = ALL) -> str:
    """Return why a shop can not be asked for that afterwards; empty if it can."""
    source = endpoint.source_name
    parts = PULLS.get(source, {})
    if not parts:
        known = ", ".join(sorted(PULLS))
        return f"{source} cannot be asked afterwards; these can: {known}"
    if what not in {*parts, ALL}:
        return f"{source} tells only {', '.join(parts)}"
    if not endpoint.options.api_key:
        return f"set api_key in [endpoints.{endpoint.name}]: see docs/missing.md"
    return ""


def plan(
    endpoint: Endpoint,
    notices: Iterable[Notice],
    store: Store,
    window: Window,
    now: datetime,
) -> Plan:
    """Return what of the notices is not in the log yet; nothing is written.

    Raises: whatever the pull raises, StoreDown.
    """
    count, seen = _Count(), set[Key]()
    for page in _pages(endpoint, notices, now):
        _add(count, page, store, window, seen)
    return count.plan()


def plans(
    endpoint: Endpoint,
    notices: Iterable[Notice],
    store: Store,
    window: Window,
    now: datetime,
) -> Iterator[Plan]:
    """Give the same page by page, so that a year of a shop needs no more memory.

    Raises: whatever the pull raises, StoreDown.
    """
    seen = set[Key]()
    for page in _pages(endpoint, notices, now):
        count = _Count()
        _add(count, page, store, window, seen)
        yield count.plan()


def _pages(
    endpoint: Endpoint, notices: Iterable[Notice], now: datetime
) -> Iterator[list[Arrival]]:
    rest = iter(notices)
    while page := list(islice(rest, PAGE)):
        yield [_arrival(endpoint, notice, now) for notice in page]


def _arrival(endpoint: Endpoint, notice: Notice, now: datetime) -> Arrival:
    key = f"{FETCHED}{sha256(notice.body).hexdigest()}"
    return read(endpoint, notice, key, now)


def _add(
    count: _Count,
    arrivals: Sequence[Arrival],
    store: Store,
    window: Window,
    seen: set[Key],
) -> None:
    destination = arrivals[0].destination
    keys = {_key(event) for arrival in arrivals for event in arrival.events}
    new = unknown(store, destination, keys) - seen
    for arrival in arrivals:
        count.n["told"] += 1
        if not arrival.events:
            count.n[arrival.status.value] += 1
            continue
        count.books += _booked(arrival, window)
        missing = list(_missing(count, arrival, new, window))
        seen.update(_key(event) for event, _ in missing)
        if missing:
            events, skips = zip(*missing, strict=True)
            count.missing.append(replace(arrival, events=events, skips=skips))


def _missing(
    count: _Count, arrival: Arrival, new: set[Key], window: Window
) -> Iterator[tuple[Event, str]]:
    for event, skip in zip(arrival.events, arrival.skips, strict=True):
        key = _key(event)
        if key not in new:
            count.known[event.kind.value] += 1
        elif not window.holds(event):
            count.outside[event.kind.value] += 1
        else:
            new.discard(key)
            count.kinds[event.kind.value] += 1
            yield event, skip


def _booked(arrival: Arrival, window: Window) -> Iterator[LedgerOrder]:
    """Give what the shop tells of the window as rows of its own books."""
    for event, skip in zip(arrival.events, arrival.skips, strict=True):
        if event.kind in LOCAL_KINDS or not window.holds(event):
            continue
        order = Order() if event.order is None else event.order
        value = order.value
        yield LedgerOrder(
            endpoint=arrival.endpoint,
            kind=event.kind,
            order_id=event.event_id if order.id is None else order.id,
            occurred_at=event.occurred_at,
            value_minor=minor(value),
            currency=None if value is None else value.currency,
            state=STATE_OF_SKIP.get(skip, OrderState.COUNTED),
        )


def _key(event: Event) -> Key:
    return event.event_id, event.kind.value


def feed(plan: Plan, store: Store) -> int:
    """Write down what a plan found missing; return how many events are new.

    Safe to run twice, and beside the webhooks: who comes second is a duplicate.
    """
    return sum(accept(store, arrival).accepted for arrival in plan.missing)


def book(plan: Plan, store: Store, now: datetime) -> int:
    """Write what the shop told into its books; return how many orders are new there."""
    return ledger.add(store, plan.books, Origin.PULL, now).n_new
