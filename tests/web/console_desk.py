"""What console tests work with: a store, a clock and a destination that obeys."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from flask import Flask

from forwarder.alerts import states
from forwarder.alerts.conditions import Condition
from forwarder.alerts.states import Telling
from forwarder.core.delivery import (
    Answer,
    Delivered,
    Dropped,
    Encoded,
    NoticeStatus,
    Outcome,
    Refused,
    Skipped,
)
from forwarder.core.event import Event, Kind, Money, Notice, Order, Person
from forwarder.pipeline.drain import Desk, drain
from forwarder.store import Store, alerts
from forwarder.store.arrival import Arrival
from forwarder.store.inbox import Receipt, accept

DATA_KEY = "a2V5LW9mLXRlc3RzLWtleS1vZi10ZXN0cy1rZXkuLi4="
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"
SHOWN = (
    b'{"event_name":"checkout","user_data":{"em":["' + b"ab" * 32 + b'"],'
    b'"client_ip_address":"***"},"custom_data":{"order_id":"1001"}}'
)


@dataclass(slots=True)
class Clock:
    """A clock that stands still until a test moves it."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass(slots=True)
class StandIn:
    """A destination that says what a test tells it to say."""

    says: Outcome = field(default_factory=Delivered)
    name: str = "main"
    max_batch: int = 1000
    max_age: timedelta = timedelta(days=7)
    credential: str = "fingerprint"

    def encode(self, event: Event) -> Encoded | Refused | Skipped:
        if not event.person.email:
            return Refused("no_identity", "nobody in it")
        dropped = (Dropped(field="phone", reason="phone_no_country"),)
        return Encoded(
            body=SHOWN, shown=SHOWN, dropped=dropped, warnings=event.warnings
        )

    def unmask(self, shown: bytes, ip: str | None, user_agent: str | None) -> bytes:
        del ip, user_agent
        return shown

    def send(self, batch: Sequence[bytes]) -> Iterator[Answer]:
        is_ok = isinstance(self.says, Delivered)
        yield Answer(
            outcomes=(self.says,) * len(batch),
            n_events=len(batch),
            http_status=200 if is_ok else 401,
            request_id="rid-0001",
            duration_ms=132,
        )


@dataclass(slots=True)
class Desktop:
    """What a console test works with."""

    store: Store
    clock: Clock
    destination: StandIn
    app: Flask
    nudged: list[str]

    def take(
        self, event: Event, skip: str = "", key: str = "", endpoint: str = "my-shop"
    ) -> Receipt:
        """Write one event down, as a webhook of the shop would."""
        arrival = Arrival(
            endpoint=endpoint,
            source="shopify",
            destination="main",
            delivery_key=key or f"{event.event_id}-{event.kind}",
            notice=Notice(headers={}, body=event.event_id.encode()),
            received_at=self.clock.now,
            status=NoticeStatus.ACCEPTED,
            events=[event],
            skips=[skip],
        )
        return accept(self.store, arrival)

    def drain(self, says: Outcome) -> int:
        """Send what is due; the platform answers `says`."""
        self.destination.says = says
        desk = Desk(store=self.store, worker="w", clock=self.clock, jitter=lambda: 0.0)
        return drain(self.destination, desk)


def event_of(number: int, kind: Kind = Kind.CHECKOUT, **changes: object) -> Event:
    """Return an order of an invented person."""
    fields: dict[str, object] = {
        "event_id": f"shopify:my-shop:{number}:{kind.value}",
        "kind": kind,
        "occurred_at": NOW - timedelta(minutes=number % 50),
        "person": Person(email=("ada@example.com",), ip="192.0.2.7"),
        "order": Order(
            id=str(1000 + number),
            value=Money(amount=Decimal(f"{19 + number % 80}.90"), currency="EUR"),
        ),
    }
    return Event(**{**fields, **changes})  # type: ignore[arg-type]


def open_alert(desktop: Desktop, subject: str = "my-shop") -> int:
    """Let one rule find something wrong; return the number of its alert."""
    condition = Condition(
        subject=subject,
        severity="warn",
        summary="3 webhooks at my-shop are quarantined.",
        mend="`forwarder events webhooks` shows why.",
    )
    telling = Telling(channels=(), public_url="https://events.example.com")
    states.update(desktop.store, "quarantined", [condition], telling, desktop.clock())
    return alerts.list_alerts(desktop.store)[0].id


def quarantine(desktop: Desktop, key: str = "q") -> None:
    """Take a webhook that is genuine and not understood."""
    accept(
        desktop.store,
        Arrival(
            endpoint="my-shop",
            source="shopify",
            destination="main",
            delivery_key=key,
            notice=Notice(headers={}, body=b"?"),
            received_at=desktop.clock(),
            status=NoticeStatus.QUARANTINED,
            reason="no order in it",
        ),
    )


def token_in(page: str) -> str:
    """Return the token of a page's forms."""
    return page.partition('name="token" value="')[2].partition('"')[0]
