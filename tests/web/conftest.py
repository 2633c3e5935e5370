"""A console over a store of its own, with everything an operator may meet in it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Thread

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from forwarder.core.delivery import (
    Answer,
    Blocked,
    Deferred,
    Delivered,
    Dropped,
    Encoded,
    NoticeStatus,
    Outcome,
    Refused,
    Skipped,
)
from forwarder.core.event import Event, Kind, Money, Notice, Order, Person
from forwarder.core.source import Options
from forwarder.pipeline.drain import Desk, drain
from forwarder.pipeline.receive import Endpoint
from forwarder.sources import SOURCES
from forwarder.store import Store, health, open_store
from forwarder.store.access import User, add_user
from forwarder.store.inbox import Arrival, Receipt, accept
from forwarder.store.migrate import upgrade
from forwarder.web.console import console
from forwarder.web.desk import EXTENSION, WebDesk

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


@pytest.fixture
def desktop(tmp_path: Path) -> Iterator[Desktop]:
    """A console without users and deliveries."""
    store = open_store(f"sqlite:///{tmp_path / 'forwarder.db'}", [DATA_KEY], "web")
    upgrade(store)
    clock, destination, nudged = Clock(), StandIn(), list[str]()
    app = Flask("forwarder.web")
    app.secret_key = store.sealer.secret("console sessions")
    app.extensions[EXTENSION] = WebDesk(
        store=store,
        endpoints={"my-shop": _endpoint()},
        destinations={"main": destination},
        nudge=nudged.append,
        clock=clock,
        public_url="https://events.example.com",
        version="0",
    )
    app.register_blueprint(console)
    yield Desktop(store, clock, destination, app, nudged)
    store.close()


def _endpoint() -> Endpoint:
    return Endpoint(
        name="my-shop",
        source_name="shopify",
        source=SOURCES["shopify"],
        secrets=["s" * 32],
        destination="main",
        options=Options(shop="my-shop"),
    )


@pytest.fixture
def client(desktop: Desktop) -> FlaskClient:
    """A browser without log-in."""
    return desktop.app.test_client()


@pytest.fixture
def add_users(desktop: Desktop) -> Callable[..., None]:
    """Make users named like their role."""

    def add(*roles: str) -> None:
        for role in roles:
            add_user(
                desktop.store, User(name=role, role=role, created_at=NOW), PASSWORD
            )

    return add


def token_in(page: str) -> str:
    """Return the token of a page's forms."""
    return page.partition('name="token" value="')[2].partition('"')[0]


@pytest.fixture
def log_in(
    client: FlaskClient, add_users: Callable[..., None]
) -> Callable[[str], FlaskClient]:
    """Log the client in as a new user of a role."""

    def enter(role: str) -> FlaskClient:
        add_users(role)
        page = client.get("/console/login").text
        form = {"name": role, "password": PASSWORD, "token": token_in(page)}
        answer = client.post("/console/login", data=form)
        assert answer.status_code == 303
        return client

    return enter


@pytest.fixture
def full(desktop: Desktop) -> Desktop:
    """A console with a delivery of every status and several reasons."""
    desktop.take(event_of(1))
    desktop.take(event_of(2, warnings=("line items not fetched: no API key",)))
    desktop.drain(Delivered())
    desktop.take(event_of(2))
    desktop.take(event_of(3, person=Person()))
    desktop.drain(Delivered())
    desktop.take(event_of(4))
    desktop.drain(Refused("invalid", "<img src=x onerror=alert(1)> currency"))
    desktop.take(event_of(5, Kind.SIGNUP, order=None), skip="consent")
    desktop.take(event_of(6, is_test=True), skip="test_order")
    desktop.take(event_of(7, Kind.REFUND), skip="not_mapped")
    desktop.take(event_of(8, occurred_at=NOW - timedelta(days=9)))
    desktop.drain(Deferred("rate_limited", "slow down", 60.0, counts=False))
    desktop.take(event_of(9))
    desktop.drain(Deferred("rate_limited", "slow down", 60.0, counts=False))
    health.note_worker(desktop.store, "w", desktop.clock.now, has_worked=True)
    return desktop


@pytest.fixture
def blocked(full: Desktop) -> Desktop:
    """The same, and Pinterest does not accept the token."""
    full.clock.now += timedelta(minutes=2)
    full.take(event_of(10))
    full.drain(Blocked("auth", "Authentication failed."))
    health.note_worker(full.store, "w", full.clock.now, has_worked=True)
    return full


@pytest.fixture
def served(desktop: Desktop) -> Iterator[str]:
    """The console on a loopback port; its address."""
    server = make_server("127.0.0.1", 0, desktop.app, threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
