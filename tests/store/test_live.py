"""What is new in the log, told once and never missed."""

from datetime import UTC, datetime

import sqlalchemy as sa

from forwarder.store import Store, live
from forwarder.store.live import Follower
from forwarder.store.log import Filter
from forwarder.store.schema import deliveries
from tests.store.shop import an_event, take

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ALL = Filter()


def renumber(store: Store, old: int, new: int) -> None:
    with store.write() as connection:
        change = sa.update(deliveries).where(deliveries.c.id == old)
        connection.execute(change.values(id=new))


def test_a_number_that_comes_to_light_late_is_given_all_the_same(store: Store) -> None:
    for number in (1, 2, 3):
        take(store, an_event(number), at=NOW)
    renumber(store, 3, 9)
    follower = Follower(store, ALL, 0)
    first = [line.order_id for line in follower.catch_up()]
    take(store, an_event(4), at=NOW)
    renumber(store, 4 if not store.is_sqlite else 10, 5)

    assert ["1", "2", "3"] == first
    assert ["4"] == [line.order_id for line in follower.catch_up()]
    assert [] == list(follower.catch_up())
    assert 9 == follower.reached_id


def test_whoever_follows_begins_behind_the_number_they_name(store: Store) -> None:
    for number in range(1, 6):
        take(store, an_event(number), at=NOW)
    follower = Follower(store, Filter(kind="checkout"), 3)

    assert [4, 5] == [line.id for line in follower.catch_up()]


def test_news_counts_what_a_filter_finds_and_goes_on_from_the_newest(
    store: Store,
) -> None:
    assert (0, 0) == (live.newest_id(store), live.news(store, ALL, 0).n_new)
    take(store, an_event(1), an_event(2), at=NOW)
    found = live.news(store, Filter(order_id="2"), 0)

    assert (1, 2) == (found.n_new, found.newest_id)
    assert (0, 2) == ((again := live.news(store, ALL, 2)).n_new, again.newest_id)
    assert ["2", "1"] == [line.order_id for line in live.by_number(store, [1, 2, 7])]
