"""The daily look for what no webhook told."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from config.settings import load
from forwarder.pipeline import fetching
from forwarder.pipeline.missing import Window
from forwarder.store import audit, jobs, log
from forwarder.store.jobs import State
from forwarder.store.log import Filter
from forwarder.store.migrate import upgrade
from forwarder.wiring import Wired, wire
from tests.apis import FakeStripe, running
from tests.pulls.rows import stripe_event
from tests.workers.conftest import SETTINGS
from workers import missing


@pytest.fixture
def stripe() -> Iterator[FakeStripe]:
    with running(FakeStripe()) as api:
        assert isinstance(api, FakeStripe)
        yield api


@pytest.fixture
def asking(
    stripe: FakeStripe, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Wired]:
    file = tmp_path / "asking.toml"  # type: ignore[operator]
    more = f'api_key = "{stripe.key}"\napi_url = "{stripe.url}"\n'
    file.write_text(f'{SETTINGS}{more}import_missing = "orders"\n')
    made = wire(load({}, file), "worker")
    upgrade(made.store)
    monkeypatch.setattr(missing, "wired", lambda: made)
    yield made
    made.store.close()


def ids(wired: Wired) -> set[str]:
    lines = log.list_deliveries(wired.store, Filter()).lines
    return {line.event_id for line in lines}


def fill(wired: Wired, stripe: FakeStripe, *hours: float) -> None:
    now = wired.store.now()
    stripe.rows = [
        {
            **stripe_event(number),
            "created": int((now - timedelta(hours=back)).timestamp()),
        }
        for number, back in enumerate(hours)
    ]


def test_once_a_day_what_is_missing_is_taken_in(
    asking: Wired, stripe: FakeStripe
) -> None:
    fill(asking, stripe, 1, 30, 24 * 5, 0.1)
    missing.import_missing()

    assert {f"stripe:my-shop:cs_live_{n}:checkout" for n in (0, 1)} == ids(asking)
    n_asked = len(stripe.asked)
    missing.import_missing()
    assert n_asked == len(stripe.asked)
    (entry,) = audit.entries(asking.store, audit.Wanted()).entries
    assert ("worker", "missing imported") == (entry.who, entry.action)


def test_a_shop_that_refuses_stops_nothing(asking: Wired, stripe: FakeStripe) -> None:
    stripe.key = "renewed"
    missing.import_missing()

    assert set() == ids(asking)


def test_nobody_is_asked_unless_the_settings_say_so(
    asking: Wired, stripe: FakeStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = replace(asking.settings.endpoints["my-shop"], import_missing="off")
    settings = replace(asking.settings, endpoints={"my-shop": endpoint})
    monkeypatch.setattr(missing, "wired", lambda: replace(asking, settings=settings))
    missing.import_missing()

    assert [] == stripe.asked


def test_what_somebody_wants_to_know_is_asked_and_then_taken_in(
    asking: Wired, stripe: FakeStripe
) -> None:
    store = asking.store
    now = store.now()
    fill(asking, stripe, 1, 30, 24 * 9)
    week = Window(since=now - timedelta(days=7), until=now)
    ask = fetching.start_ask(store, "my-shop", "orders", week, "ada", now)
    missing.ask_shops()

    assert ask is not None
    asked = jobs.find(store, ask.id)
    assert asked is not None
    assert (State.DONE, 2, set()) == (asked.state, asked.n_planned, ids(asking))
    taken = fetching.start_import(store, asked, "ada", now)
    missing.ask_shops()
    assert {f"stripe:my-shop:cs_live_{n}:checkout" for n in (0, 1)} == ids(asking)
    assert taken is not None
    done = jobs.find(store, taken.id)
    assert done is not None
    assert (State.DONE, 2) == (done.state, done.n_done)


def test_a_pause_that_a_shop_asks_for_ends_with_the_worker(
    asking: Wired, stripe: FakeStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = asking.store
    now = store.now()
    week = Window(since=now - timedelta(days=7), until=now)
    ask = fetching.start_ask(store, "my-shop", "orders", week, "ada", now)
    stripe.trouble = [(429, {"Retry-After": "60"}, {})]
    stopping = threading.Event()
    monkeypatch.setattr(missing, "is_stopping", stopping.is_set)
    monkeypatch.setattr(missing, "rest", lambda _: stopping.set())
    missing.ask_shops()

    assert ask is not None
    left = jobs.find(store, ask.id)
    assert left is not None
    assert State.RUNNING is left.state
    assert 1 == len(stripe.asked)
    again = jobs.take(store, store.now(), kinds=jobs.OF_SHOPS)  # at once, by another
    assert again is not None
    assert 2 == again.turn
