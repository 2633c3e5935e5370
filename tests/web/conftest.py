"""A console over a store of its own, with everything an operator may meet in it."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from forwarder.core.delivery import Blocked, Deferred, Delivered, Refused
from forwarder.core.event import Kind, Person
from forwarder.core.source import Options
from forwarder.pipeline.receive import Endpoint
from forwarder.sources import SOURCES
from forwarder.store import Store, access, health, open_store
from forwarder.store.access import User, add_user
from forwarder.store.migrate import upgrade
from forwarder.web.desk import WebDesk
from tests.web.apps import console_app
from tests.web.console_desk import (
    DATA_KEY,
    NOW,
    PASSWORD,
    Clock,
    Desktop,
    StandIn,
    event_of,
    token_in,
)


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with its tables and nothing in them, made once."""
    path = tmp_path_factory.mktemp("console") / "empty.db"
    store = open_store(f"sqlite:///{path}", [DATA_KEY])
    upgrade(store)
    store.close()
    return path


@pytest.fixture
def desktop(tmp_path: Path, empty_file: Path) -> Iterator[Desktop]:
    """A console without users and deliveries."""
    with desktop_in(tmp_path, empty_file) as made:
        yield made


@contextmanager
def desktop_in(folder: Path, empty_file: Path) -> Iterator[Desktop]:
    """Open a console on a store of its own."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(access, "_hasher", cheap)  # half a second each otherwise
        patch.setattr(access, "_NOBODY", cheap.hash("nobody's password"))
        path = shutil.copy(empty_file, folder / "forwarder.db")
        with desktop_on(open_store(f"sqlite:///{path}", [DATA_KEY], "web")) as made:
            yield made


@contextmanager
def desktop_on(store: Store) -> Iterator[Desktop]:
    """Open a console on a store, and close that at the end."""
    clock, destination, nudged = Clock(), StandIn(), list[str]()
    desk = WebDesk(
        store=store,
        endpoints={"my-shop": _endpoint()},
        destinations={"main": destination},
        nudge=nudged.append,
        clock=clock,
        public_url="https://events.example.com",
        version="0",
    )
    with console_app(desk) as app:
        yield Desktop(store, clock, destination, app, nudged)
    store.close()


def add_admin(store: Store) -> User:
    """Make somebody who may do everything."""
    user = User(name="admin", role="admin", created_at=NOW)
    add_user(store, user, PASSWORD)
    return user


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
    fill(desktop)
    return desktop


def fill(desktop: Desktop) -> None:
    """Take a delivery of every status and several reasons."""
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


@pytest.fixture
def blocked(full: Desktop) -> Desktop:
    """The same, and Pinterest does not accept the token."""
    block(full)
    return full


def block(desktop: Desktop) -> None:
    """Let Pinterest not accept the token any more."""
    desktop.clock.now += timedelta(minutes=2)
    desktop.take(event_of(10))
    desktop.drain(Blocked("auth", "Authentication failed."))
    health.note_worker(desktop.store, "w", desktop.clock.now, has_worked=True)


@pytest.fixture
def served(desktop: Desktop) -> Iterator[str]:
    """The console on a loopback port; its address."""
    with serving(desktop.app) as address:
        yield address


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """Serve an application on a loopback port; its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
