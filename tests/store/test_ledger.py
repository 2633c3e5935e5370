from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from forwarder.core.event import Kind
from forwarder.core.ledger import (
    LedgerOrder,
    LedgerTotal,
    OrderState,
    Origin,
    shop_days,
)
from forwarder.store import Store, ledger
from forwarder.store.inbox import accept
from forwarder.store.inbox_sql import TRIED
from tests.store.shop import NOW, an_arrival, an_event, take

DAY = timedelta(days=1)
PERIOD = (NOW - DAY, NOW + DAY)
SHOP = ["my-shop"]
SALE = LedgerOrder(
    endpoint="my-shop",
    kind=Kind.CHECKOUT,
    order_id="1",
    occurred_at=NOW,
    value_minor=2935,
    currency="EUR",
)


def orders(*numbers: int, **changes: object) -> list[LedgerOrder]:
    return [replace(SALE, order_id=str(n), **changes) for n in numbers]  # type: ignore[arg-type]


def total(store: Store) -> LedgerTotal:
    found = ledger.ledger_total(store, SHOP, *PERIOD)
    assert 1 == len(found)
    return found[0]


def test_the_same_orders_twice_change_nothing(store: Store) -> None:
    first = ledger.add(store, orders(1, 2, 2), Origin.FILE, NOW)
    again = ledger.add(store, orders(1, 2), Origin.FILE, NOW + DAY)

    assert ledger.Added(n_new=2) == first
    assert ledger.Added(n_known=2) == again


def test_an_order_that_changed_is_brought_up_to_date(store: Store) -> None:
    ledger.add(store, orders(1, 2), Origin.FILE, NOW)
    changed = ledger.add(
        store, orders(1, state=OrderState.REFUNDED, value_minor=0), Origin.PULL, NOW
    )

    assert ledger.Added(n_changed=1) == changed
    assert (2, 1, 2935) == (
        total(store).n,
        total(store).n_undone,
        total(store).value_minor,
    )


def test_many_orders_are_written_in_batches(store: Store) -> None:
    many = orders(*range(1000))

    assert 1000 == ledger.add(store, many, Origin.FILE, NOW).n_new
    assert 1000 == ledger.add(store, many, Origin.FILE, NOW).n_known


def test_log_and_books_are_laid_over_each_other(store: Store) -> None:
    take(store, an_event(1), an_event(2), an_event(3))
    ledger.add(store, orders(2, 3, 4, value_minor=1000), Origin.FILE, NOW)

    assert LedgerTotal(
        kind=Kind.CHECKOUT,
        currency="EUR",
        n=4,
        value_minor=2935 + 3 * 1000,
        n_webhook=3,
        n_books=3,
        n_both=2,
    ) == total(store)


def test_what_no_tag_could_see_is_counted_apart(store: Store) -> None:
    take(store, an_event(1))
    for number, reason in enumerate(("test_order", "consent", "offline_order"), 10):
        accept(store, replace(an_arrival(an_event(number)), skips=[reason]))
    ledger.add(store, orders(20, state=OrderState.UNPAID), Origin.FILE, NOW)
    ledger.add(store, orders(21, state=OrderState.CANCELLED), Origin.FILE, NOW)

    found = total(store)
    assert (2, 1) == (found.n, found.n_undone)
    assert {
        OrderState.UNPAID: 1,
        OrderState.OFFLINE: 1,
        OrderState.DENIED: 1,
        OrderState.TEST: 1,
    } == found.left_out


def test_a_test_is_no_order_whatever_became_of_it(store: Store) -> None:
    sample = replace(an_event(1), event_id=f"{TRIED}1", is_test=True)
    late = replace(an_event(2), is_test=True)
    take(store, an_event(1), sample)
    accept(store, replace(an_arrival(late), skips=["too_old"]))
    ledger.add(store, orders(2), Origin.FILE, NOW)
    found = total(store)

    assert (1, 2935, 1, 0) == (
        found.n,
        found.value_minor,
        found.n_webhook,
        found.n_books,
    )
    assert {OrderState.TEST: 2} == found.left_out


def test_what_is_skipped_for_our_own_reasons_still_counts(store: Store) -> None:
    accept(store, replace(an_arrival(an_event(1)), skips=["too_old"]))

    assert 1 == total(store).n


def test_refund_notices_are_no_conversions(store: Store) -> None:
    refund = an_event(1, Kind.REFUND)
    accept(store, replace(an_arrival(refund), skips=["not_mapped"]))

    assert [] == ledger.ledger_total(store, SHOP, *PERIOD)


def test_the_logs_time_decides_the_month_and_the_books_fill_in(store: Store) -> None:
    take(store, an_event(1, at=NOW + DAY), at=NOW + DAY)
    ledger.add(store, orders(1), Origin.FILE, NOW)
    ledger.add(store, orders(2, occurred_at=NOW - DAY), Origin.FILE, NOW)

    assert (1, 0) == (total(store).n, total(store).n_webhook)


def test_currencies_and_kinds_are_never_added_up(store: Store) -> None:
    ledger.add(store, orders(1), Origin.FILE, NOW)
    ledger.add(store, orders(2, currency="USD"), Origin.FILE, NOW)
    valueless = orders(3, kind=Kind.SIGNUP, value_minor=None, currency=None)
    ledger.add(store, valueless, Origin.PULL, NOW)

    assert {
        (Kind.CHECKOUT, "EUR", 1),
        (Kind.CHECKOUT, "USD", 1),
        (Kind.SIGNUP, None, 1),
    } == {
        (one.kind, one.currency, one.n)
        for one in ledger.ledger_total(store, SHOP, *PERIOD)
    }


def test_other_shops_are_left_alone(store: Store) -> None:
    ledger.add(store, orders(1, endpoint="other"), Origin.FILE, NOW)

    assert [] == ledger.ledger_total(store, SHOP, *PERIOD)


@pytest.mark.parametrize(
    ("zone", "since", "until"),
    [
        (
            "UTC",
            datetime(2026, 10, 1, tzinfo=UTC),
            datetime(2026, 11, 1, tzinfo=UTC),
        ),
        (
            "Europe/Berlin",  # summer time ends within the month
            datetime(2026, 9, 30, 22, tzinfo=UTC),
            datetime(2026, 10, 31, 23, tzinfo=UTC),
        ),
        (
            "America/Los_Angeles",
            datetime(2026, 10, 1, 7, tzinfo=UTC),
            datetime(2026, 11, 1, 7, tzinfo=UTC),
        ),
    ],
)
def test_a_shops_month_begins_at_its_own_midnight(
    zone: str, since: datetime, until: datetime
) -> None:
    assert (since, until) == shop_days(date(2026, 10, 1), date(2026, 10, 31), zone)


def test_whether_there_are_books_is_told_without_counting(store: Store) -> None:
    take(store, an_event(1))
    assert not ledger.has_books(store, SHOP, *PERIOD)
    ledger.add(store, orders(1), Origin.FILE, NOW)

    assert ledger.has_books(store, SHOP, *PERIOD)
    assert not ledger.has_books(store, ["other"], *PERIOD)
