"""What clicks and browsers tell of a person goes when the person is erased."""

import os
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from forwarder.clicks.join import join
from forwarder.core.event import Kind, Person
from forwarder.core.mirror import Allowed, Device, MirrorEvent, TagState
from forwarder.store import Store, click_traces, clicks, erase, links, mirror
from forwarder.store.schema import bodies
from forwarder.store.schema_clicks import click_counts, click_joins, click_marks
from forwarder.store.schema_clicks import clicks as click_rows
from forwarder.store.schema_customers import (
    customer_marks,
    customer_orders,
    customers,
)
from forwarder.store.schema_report import mirror_events
from tests.clicks.following import NOW, a_link, a_store
from tests.clicks.test_join import LATER, WINDOW, bought, clicked, ring
from tests.store.shop import take

ADA = Person(email=("Ada1@example.org ",))


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    opened = a_store(database_url)
    links.add(opened, a_link(), NOW)
    tokens = [ring(opened).mint(os.urandom(16)) for _ in range(2)]
    clicks.keep(
        opened,
        [clicked(opened, n, one, f"epik{n}") for n, one in enumerate(tokens, 1)],
    )
    for number, token in enumerate(tokens, 1):
        take(opened, bought(number, token))
        mirror.add(opened, [told(number)])
    join(opened, WINDOW, LATER)
    yield opened
    opened.close()


def told(number: int) -> MirrorEvent:
    return MirrorEvent(
        endpoint="my-shop", kind=Kind.CHECKOUT,
        event_id=f"shopify:my-shop:{number}:checkout", order_id=f"{number}",
        value_minor=2935, currency="EUR", device=Device.ANDROID, tag=TagState.ALIVE,
        consent=Allowed.GRANTED, has_gpc=False, received_at=NOW,
    )  # fmt: skip


def rows(store: Store, *columns: sa.Column[object]) -> list[tuple[object, ...]]:
    with store.read() as connection:
        return [tuple(row) for row in connection.execute(sa.select(*columns))]


def test_a_person_is_parted_from_the_clicks_and_others_are_not(store: Store) -> None:
    (mine,) = click_traces.deliveries_of(store, ADA, None)
    erase.erase_deliveries(store, [mine], NOW)

    left = rows(store, click_rows.c.token_sha256, click_rows.c.epik_mac)
    assert 1 == left.count((None, None))
    assert 2 == len(left)
    assert [("2",)] == rows(store, click_joins.c.order_id)
    assert mine not in {one for (one,) in rows(store, click_marks.c.delivery_id)}
    assert {(None, None), ("2", "shopify:my-shop:2:checkout")} == set(
        rows(store, mirror_events.c.order_id, mirror_events.c.event_id)
    )
    assert [(2,)] == rows(store, sa.func.sum(click_counts.c.n))  # type: ignore[arg-type]
    assert 0 == join(store, WINDOW, LATER)


def test_a_person_is_found_when_only_the_ties_are_left(store: Store) -> None:
    with store.write() as connection:
        connection.execute(sa.delete(bodies))
    found = click_traces.deliveries_of(store, ADA, "my-shop")

    assert 1 == len(found)
    assert 2 == len(click_traces.deliveries_of(store, None, "my-shop"))
    assert [] == click_traces.deliveries_of(store, ADA, "other-shop")
    assert [] == click_traces.deliveries_of(store, Person(), None)


def test_what_a_person_ordered_counts_for_no_first_click_any_more(store: Store) -> None:
    (mine,) = click_traces.deliveries_of(store, ADA, None)
    erase.erase_deliveries(store, [mine], NOW)

    assert [("2",)] == rows(store, customer_orders.c.order_id)
    assert 1 == len(rows(store, customer_marks.c.mark))
    assert 1 == len(rows(store, customers.c.id))
