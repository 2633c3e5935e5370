"""The demo's month: who is in it, what it waits for, and the report it leaves."""

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from config.settings import load
from forwarder.cli import demo_clicks
from forwarder.cli.demo import settings_text
from forwarder.cli.demo_counts import wait_until_quiet
from forwarder.cli.demo_month import ENDPOINTS, Post, play
from forwarder.cli.demo_report import keep_for_the_end, write_reports
from forwarder.core.delivery import Status
from forwarder.core.event import Event, Forged, Kind, Unreadable
from forwarder.core.source import Options
from forwarder.pipeline import erase as pipeline_erase
from forwarder.pipeline.erase import Eraser
from forwarder.pipeline.receive import receive
from forwarder.reconcile import schedule
from forwarder.sources import SOURCES
from forwarder.store import erase, report_versions
from forwarder.store.migrate import upgrade
from forwarder.store.schema import deliveries
from forwarder.wiring import Wired, wire
from tests.cli.conftest import DATA_KEY

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
OCTOBER = date(2026, 10, 1)


@pytest.fixture
def wired(tmp_path: Path) -> Iterator[Wired]:
    """The demo's own settings, and nothing that runs."""
    (tmp_path / "forwarder.toml").write_text(settings_text(1, 2))
    env = {
        "FORWARDER_CONFIG": str(tmp_path / "forwarder.toml"),
        "FORWARDER_DATA_KEY": DATA_KEY,
    }
    found = wire(load(env, sources=SOURCES), "worker")
    upgrade(found.store)
    yield found
    found.store.close()


def take(wired: Wired, posts: Iterable[Post]) -> None:
    for one in posts:
        with suppress(Forged):
            receive(wired.endpoints[one.endpoint], one.notice, wired.store, NOW)


def events_of(post: Post) -> tuple[Event, ...]:
    try:
        source = SOURCES[ENDPOINTS[post.endpoint]]
        return source.parse(post.notice, Options(shop=post.endpoint)).events
    except Unreadable:
        return ()


def test_the_month_is_the_same_every_time() -> None:
    assert list(play(OCTOBER, 300, NOW)) == list(play(OCTOBER, 300, NOW))


def test_who_is_to_be_erased_bought_nothing_and_nobody_shares_a_number() -> None:
    told = [event for post in play(OCTOBER, 2_400, NOW) for event in events_of(post)]
    known = defaultdict(set)
    for event in told:
        for number in event.person.phone:
            known[number.replace(" ", "")[-9:]].add(event.person.email)
    gone = {e.person.email for e in told if e.kind is Kind.ERASE}

    assert gone
    assert not gone & {e.person.email for e in told if e.kind is Kind.CHECKOUT}
    assert {1} == {len(people) for people in known.values()}


def test_what_is_given_back_was_sold() -> None:
    told = [
        (post.endpoint, event)
        for post in play(OCTOBER, 600, NOW)
        for event in events_of(post)
    ]
    orders, returned = (
        {(e.order.id, on) for on, e in told if e.kind in kinds and e.order is not None}
        for kinds in ({Kind.CHECKOUT}, {Kind.REFUND, Kind.CANCEL})
    )

    assert returned
    assert returned <= orders


def test_the_links_of_the_demo_lead_where_its_settings_allow(wired: Wired) -> None:
    assert (demo_clicks.SHOP_HOST,) == wired.settings.clicks.allowed_hosts


def test_it_waits_until_everybody_is_erased(wired: Wired) -> None:
    wishes = [
        post
        for post in play(OCTOBER, 60, NOW)
        if any(event.kind is Kind.ERASE for event in events_of(post))
    ]
    take(wired, wishes)
    eraser = Eraser(
        store=wired.store,
        destinations=tuple(wired.destinations.values()),
        endpoints=wired.endpoints,
    )
    slow = threading.Timer(0.4, pipeline_erase.carry_out, (eraser, lambda: NOW))

    assert erase.requests(wired.store)
    slow.start()
    wait_until_quiet(wired.store)
    left = erase.requests(wired.store)
    slow.join()

    assert [] == left


def test_the_only_report_that_is_kept_is_that_of_the_whole_month(
    wired: Wired, tmp_path: Path
) -> None:
    take(wired, play(OCTOBER, 90, NOW))
    keep_for_the_end(wired.store, NOW)
    of_a_part = schedule.open_reports(wired.store, "main", NOW)
    settle(wired)
    faults = write_reports(wired, OCTOBER, tmp_path / "out")
    (kept,) = report_versions.list_heads(wired.store, "main")

    assert ([], []) == (of_a_part, faults)
    assert "2026-10" == kept.month


def settle(wired: Wired) -> None:
    """Let the platform have taken everything."""
    of = deliveries.c
    with wired.store.write() as connection:
        connection.execute(
            sa.update(deliveries)
            .where(of.status == Status.PENDING.value)
            .values(status=Status.DELIVERED.value, next_attempt_at=None, settled_at=NOW)
        )
