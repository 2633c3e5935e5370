"""Our own side as columns, on both databases."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from forwarder.core.columns import NOT_TOLD, Said
from forwarder.core.event import Kind, Person
from forwarder.store import Store, our_columns
from forwarder.store.inbox import accept
from forwarder.store.our_columns import server_columns
from forwarder.store.schema import deliveries, to_us
from tests.store.shop import NOW, an_arrival, an_event, take


def test_our_own_side_has_one_entry_per_conversion(store: Store) -> None:
    clicked = replace(
        an_event(1), person=Person(email=("a@example.org",), click_id="c")
    )
    take(store, clicked, an_event(2, at=NOW - timedelta(days=40)))

    held = server_columns(
        store, "main", NOW - timedelta(days=1), NOW + timedelta(days=1)
    )

    assert 1 == len(held)
    assert [to_us(NOW)] == list(held.at_us)
    assert [2935] == list(held.value_minor)
    assert [Said("checkout", "EUR", "pending", "", has_click=True)] == list(held.words)
    assert [0] == list(held.said)
    assert ([0], [0], [-1]) == (
        list(held.order), list(held.is_reversed), list(held.hops)
    )  # fmt: skip


def test_what_is_not_known_is_marked_so(store: Store) -> None:
    bare = replace(an_event(1), order=None)
    take(store, bare)

    held = server_columns(store, "main", NOW, NOW + timedelta(days=1))

    assert ([NOT_TOLD], [NOT_TOLD]) == (list(held.value_minor), list(held.click_us))
    assert [Said("checkout", None, "pending", "")] == list(held.words)


def test_an_order_under_two_ids_and_one_with_a_later_refund_are_marked(
    store: Store,
) -> None:
    since, until = NOW - timedelta(days=20), NOW - timedelta(days=1)
    sold = NOW - timedelta(days=9)
    twin = replace(an_event(1, at=sold), event_id="another")
    take(store, an_event(1, at=sold), twin, an_event(2, at=sold))
    accept(store, replace(an_arrival(an_event(2, Kind.REFUND)), skips=["not_mapped"]))

    held = server_columns(store, "main", since, until)

    assert [1, 2] == sorted(Counter(held.order).values())  # the twins share a number
    assert [0, 0, 1] == sorted(held.is_reversed)
    assert 0 == len(server_columns(store, "main", NOW + timedelta(days=1), NOW))


def test_a_test_is_no_conversion_whatever_became_of_it(store: Store) -> None:
    take(store, an_event(1), replace(an_event(1), event_id="test:1", is_test=True))
    with store.write() as connection:
        connection.execute(sa.update(deliveries).values(status="delivered"))
    held = server_columns(store, "main", NOW, NOW + timedelta(days=1))

    assert {
        Said("checkout", "EUR", "delivered", ""),
        Said("checkout", "EUR", "skipped", "test_order"),
    } == set(held.words)
    assert [0, 0] == list(held.is_again)


def test_the_log_may_be_read_in_any_spans(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(store, *(an_event(number) for number in range(5)))
    since, until = NOW - timedelta(days=1), NOW + timedelta(days=1)
    whole = server_columns(store, "main", since, until)
    monkeypatch.setattr(our_columns, "SQLITE_IDS_AT_ONCE", 2)
    monkeypatch.setattr(our_columns, "POSTGRES_IDS_AT_ONCE", 2)

    spans = server_columns(store, "main", since, until)

    assert whole == spans
    assert 5 == len(set(spans.event)) == len(spans.said)
