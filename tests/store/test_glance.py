from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from forwarder.core.delivery import NoticeStatus
from forwarder.store import Store, glance, open_store, volumes
from forwarder.store.inbox import accept
from forwarder.store.migrate import upgrade
from forwarder.store.schema import deliveries
from tests.store.conftest import KEY
from tests.store.shop import NOW, an_arrival, an_event, take


def settle(store: Store, order_id: str, **values: object) -> None:
    with store.write() as connection:
        connection.execute(
            sa.update(deliveries)
            .where(deliveries.c.order_id == order_id)
            .values(next_attempt_at=None, **values)
        )


def test_an_empty_store_has_nothing_at_a_glance(store: Store) -> None:
    found = glance.funnel(store, NOW)

    assert (0, 0, 0, 0) == (
        found.n_webhooks,
        found.n_events,
        found.n_delivered,
        found.n_fresh,
    )
    assert found.is_whole
    assert [] == glance.refused_groups(store)
    assert [] == glance.held_groups(store)
    assert {} == glance.last_received(store)
    assert {} == glance.busy_hours(store, NOW)


def test_the_funnel_counts_what_came_and_what_was_there_within_an_hour(
    store: Store,
) -> None:
    take(store, an_event(1), an_event(2), an_event(3))
    take(store, an_event(4), at=NOW - timedelta(days=2))
    hour = timedelta(hours=1)
    settle(store, "1", status="delivered", settled_at=NOW + hour)
    late = NOW + hour + timedelta(microseconds=1)
    settle(store, "2", status="delivered", settled_at=late)
    found = glance.funnel(store, NOW - timedelta(days=1))

    assert (1, 3, 2, 1) == (
        found.n_webhooks,
        found.n_events,
        found.n_delivered,
        found.n_fresh,
    )
    assert {"delivered": 2, "pending": 1} == found.by_status


def test_what_no_shop_posted_is_counted_by_itself(store: Store) -> None:
    for number, key in enumerate(("import:1", "import:2", "test:1", "posted")):
        arrival = replace(an_arrival(an_event(number)), delivery_key=key)
        accept(store, arrival)
    found = glance.funnel(store, NOW)
    later = glance.funnel(store, NOW + timedelta(hours=1))

    assert (1, 2, 1, 4) == (
        found.n_webhooks,
        found.n_fetched,
        found.n_tests,
        found.n_events,
    )
    assert (0, 0, 0) == (later.n_webhooks, later.n_fetched, later.n_tests)


def test_of_very_many_the_newest_are_counted(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(glance, "LOOKED_AT", 2)
    take(store, *(an_event(number) for number in range(3)))
    found = glance.funnel(store, NOW)

    assert 2 == found.n_events
    assert not found.is_whole


def test_what_was_refused_is_grouped_by_endpoint_and_reason(store: Store) -> None:
    take(store, an_event(1), an_event(2))
    later = NOW + timedelta(minutes=5)
    take(store, an_event(3), at=later)
    for order_id, reason in (("1", "invalid"), ("2", "too_large"), ("3", "invalid")):
        settle(store, order_id, status="refused", reason=reason, settled_at=later)

    assert [
        ("my-shop", "invalid", 2, NOW, later, 3),
        ("my-shop", "too_large", 1, NOW, NOW, 2),
    ] == [
        (
            one.endpoint,
            one.reason,
            one.n,
            one.oldest_at,
            one.newest_at,
            one.newest_id,
        )
        for one in glance.refused_groups(store)
    ]


def test_quarantined_webhooks_are_grouped_too(store: Store) -> None:
    for key in ("a", "b"):
        held = replace(
            an_arrival(an_event(1), key=key),
            status=NoticeStatus.QUARANTINED,
            reason="no order",
            events=(),
            skips=[],
        )
        accept(store, held)

    assert [("my-shop", "shopify", "no order", 2)] == [
        (one.endpoint, one.source, one.reason, one.n)
        for one in glance.held_groups(store)
    ]


def test_an_endpoint_that_was_last_heard_of_long_ago_is_told_to_the_hour(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = NOW + timedelta(minutes=20)
    take(store, an_event(1), at=at)
    assert {"my-shop": at} == glance.last_received(store)
    volumes.count_volumes(store, NOW + timedelta(hours=3))
    monkeypatch.setattr(glance, "WEBHOOKS_READ", 0)

    assert {"my-shop": NOW} == glance.last_received(store)
    assert {"my-shop": [NOW]} == glance.busy_hours(store, NOW)
    assert {NOW: 1} == glance.events_by_hour(store, NOW)
    assert {} == glance.events_by_hour(store, NOW + timedelta(hours=1))


def test_groups_and_funnel_read_through_their_indexes(sqlite_url: str) -> None:
    """PostgreSQL reads so small a table whole, whatever indexes it has."""
    store = open_store(sqlite_url, [KEY])
    upgrade(store)
    told: list[tuple[str, Any]] = []

    def note(*at: Any) -> None:  # noqa: ANN401 - what the driver is given
        told.append((str(at[2]), at[3]))

    sa.event.listen(store.engine, "before_cursor_execute", note)
    glance.refused_groups(store)
    glance.held_groups(store)
    glance.funnel(store, NOW)
    sa.event.remove(store.engine, "before_cursor_execute", note)
    selects = [one for one in told if one[0].startswith("SELECT")]
    plans = []
    with store.read() as connection:
        for text, values in selects:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values)
            plans.append(" ".join(row.detail for row in rows))
    store.close()

    for index, plan in zip(
        (
            "deliveries_refused",
            "notices_quarantined",
            "USING INTEGER PRIMARY KEY (rowid>?)",
            "notices_received",
            "notices_not_posted (received_at>?)",
        ),
        plans,
        strict=True,
    ):
        assert index in plan
