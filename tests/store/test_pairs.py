"""Deliveries joined with what browsers told: worked out by hand, on both databases."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from forwarder.core.event import Kind
from forwarder.core.mirror import Allowed, Device, MirrorEvent, TagState
from forwarder.core.pairs import Joined, PairedRow, Seen
from forwarder.reconcile.pairing import paired_rows
from forwarder.store import Store, mirror
from forwarder.store.our_columns import server_columns
from forwarder.store.pairs import unpaired_rows
from forwarder.store.schema import deliveries
from tests.store.shop import an_event, take

FIRST = datetime(2026, 10, 1, tzinfo=UTC)
NEXT = datetime(2026, 11, 1, tzinfo=UTC)
SHOP = ("my-shop",)
MARGIN = timedelta(days=2)


def word(number: int, tag: TagState = TagState.ALIVE, **changes: object) -> MirrorEvent:
    told = MirrorEvent(
        endpoint="my-shop",
        kind=Kind.CHECKOUT,
        device=Device.ANDROID,
        tag=tag,
        consent=Allowed.GRANTED,
        has_gpc=False,
        received_at=FIRST + timedelta(days=2, minutes=number),
        event_id=f"shopify:my-shop:{number}:checkout",
        order_id=str(number),
        value_minor=2935,
        currency="EUR",
    )
    return replace(told, **changes)  # type: ignore[arg-type]


def sell(store: Store, *numbers: int, at: datetime = FIRST + timedelta(days=2)) -> None:
    for number in numbers:
        take(store, an_event(number, at=at))


def settle(store: Store, status: str = "delivered", **where: str) -> None:
    query = sa.update(deliveries).values(status=status, reason=where.pop("reason", ""))
    for name, value in where.items():
        query = query.where(deliveries.c[name] == value)
    with store.write() as connection:
        connection.execute(query)


def found(store: Store) -> list[PairedRow]:
    return paired(store, "main")


def paired(store: Store, destination: str) -> list[PairedRow]:
    """What the report makes of both lists."""
    columns = server_columns(store, destination, FIRST - MARGIN, NEXT + MARGIN)
    unpaired = unpaired_rows(store, destination, SHOP, FIRST, NEXT)
    return paired_rows(columns, unpaired, FIRST, (NEXT - FIRST).days)


def seen(store: Store) -> dict[Seen, int]:
    counts: Counter[Seen] = Counter()
    for row in found(store):
        counts[row.seen] += row.n
    return dict(counts)


def test_event_ids_join_first_and_orders_rescue_the_rest(store: Store) -> None:
    sell(store, 1, 2, 3)
    settle(store)
    mirror.add(store, [word(1), word(2, event_id="random"), word(9)])

    rows = found(store)

    assert {(Seen.BOTH, Joined.EVENT_ID), (Seen.BOTH, Joined.ORDER_ID),
            (Seen.SERVER, Joined.NOT_AT_ALL), (Seen.TAG, Joined.NOT_AT_ALL)} == {
        (row.seen, row.joined) for row in rows
    }  # fmt: skip
    assert {2} == {row.day for row in rows}
    assert 4 == sum(row.n for row in rows)


def test_values_and_their_squares_are_summed_in_minor_units(store: Store) -> None:
    sell(store, 1, 2)
    settle(store)

    (row,) = found(store)

    assert (2, 2, 2 * 2935, 2.0 * 2935**2) == (
        row.n,
        row.n_told,
        row.value_minor,
        row.squares,
    )
    assert (None, Device.UNKNOWN) == (row.tag, row.device)


def test_a_blocked_tag_is_known_with_its_device(store: Store) -> None:
    sell(store, 1)
    settle(store)
    mirror.add(store, [word(1, TagState.BLOCKED), word(7, TagState.BLOCKED)])

    assert {
        (Seen.SERVER, TagState.BLOCKED, Device.ANDROID, 1),
        (Seen.NEITHER, TagState.BLOCKED, Device.ANDROID, 1),
    } == {(row.seen, row.tag, row.device, row.n) for row in found(store)}


def test_reloads_and_an_order_under_two_ids_count_once(store: Store) -> None:
    sell(store, 1)
    take(store, replace(an_event(1, at=FIRST), event_id="another"))
    settle(store)
    reloads = [word(8, event_id=f"random-{i}") for i in range(3)]
    mirror.add(store, [word(1), word(1), word(1, event_id="reloaded"), *reloads])

    assert {Seen.BOTH: 1, Seen.TAG: 1} == seen(store)


def test_the_browser_may_have_told_the_second_id_of_an_order(store: Store) -> None:
    sell(store, 1)
    take(store, replace(an_event(1, at=FIRST), event_id="another"))
    settle(store)
    mirror.add(store, [word(1, event_id="another")])

    assert {(Seen.BOTH, Joined.ORDER_ID, 1)} == {
        (row.seen, row.joined, row.n) for row in found(store)
    }


def test_what_was_sent_late_is_counted_whoever_saw_it(store: Store) -> None:
    sell(store, 1, 2, 3)
    settle(store)
    with store.write() as connection:
        connection.execute(
            sa.update(deliveries)
            .where(deliveries.c.order_id != "3")
            .values(settled_at=FIRST + timedelta(days=20))
        )
    mirror.add(store, [word(1, event_id="random")])

    assert {(Seen.BOTH, 1, 1), (Seen.SERVER, 2, 1)} == {
        (row.seen, row.n, row.n_late) for row in found(store)
    }


def test_a_reload_with_a_living_tag_counts_as_seen_by_the_tag(store: Store) -> None:
    blocked = word(8, TagState.BLOCKED, event_id="first")
    mirror.add(store, [blocked, word(8, event_id="second")])

    assert {Seen.TAG: 1} == seen(store)


def test_what_pinterest_refused_is_the_tags_alone(store: Store) -> None:
    sell(store, 1)
    settle(store, "refused", reason="rejected")
    mirror.add(store, [word(1)])

    assert {Seen.TAG: 1} == seen(store)


def test_tests_and_missing_consent_belong_to_neither_list(store: Store) -> None:
    sell(store, 1, 2)
    take(store, replace(an_event(4, at=FIRST + timedelta(days=2)), is_test=True))
    settle(store, "skipped", order_id="1", reason="consent")
    settle(store, "skipped", order_id="2", reason="test_order")
    settle(store, "refused", order_id="4", reason="rejected")
    mirror.add(
        store, [word(1), word(2), word(3, event_id=None, order_id=None), word(4)]
    )

    assert {} == seen(store)


def test_a_pair_belongs_to_the_period_by_our_time(store: Store) -> None:
    sell(store, 1, at=FIRST - timedelta(seconds=1))
    sell(store, 2, at=NEXT - timedelta(seconds=1))
    settle(store)
    mirror.add(store, [word(1, received_at=FIRST), word(2, received_at=NEXT)])

    assert [(Seen.BOTH, 30, 1)] == [(r.seen, r.day, r.n) for r in found(store)]


def test_other_shops_and_destinations_stay_out(store: Store) -> None:
    sell(store, 1)
    settle(store)
    mirror.add(store, [word(5, endpoint="other-shop")])

    assert [] == paired(store, "second")
    assert {Seen.SERVER: 1} == seen(store)
