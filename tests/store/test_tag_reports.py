from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from forwarder.core.columns import NOT_TOLD
from forwarder.core.event import Kind, Person
from forwarder.core.reports import Level, TagDay, TagReport
from forwarder.store import Store
from forwarder.store.inbox import accept
from forwarder.store.schema import to_us
from forwarder.store.tag_reports import (
    load_tag_reports,
    save_tag_report,
    server_columns,
)
from tests.store.shop import NOW, an_arrival, an_event, take

REPORT = TagReport(
    rows=(
        TagDay(on=date(2026, 10, 1), kind=Kind.CHECKOUT, count=7, value=Decimal("9.5")),
        TagDay(on=date(2026, 10, 2), kind=Kind.SIGNUP, count=2),
    ),
    first_on=date(2026, 10, 1),
    last_on=date(2026, 10, 31),
    level=Level.DELIVERY,
    currency="EUR",
)
OCTOBER = (date(2026, 10, 1), date(2026, 10, 31))


def test_a_report_is_kept_once_and_comes_back_unchanged(store: Store) -> None:
    assert save_tag_report(store, REPORT, NOW)
    assert not save_tag_report(store, REPORT, NOW)
    assert [REPORT] == load_tag_reports(store, *OCTOBER)


def test_the_latest_import_comes_last(store: Store) -> None:
    newer = replace(REPORT, currency="USD")
    save_tag_report(store, REPORT, NOW)
    save_tag_report(store, newer, NOW + timedelta(days=1))

    assert ["EUR", "USD"] == [one.currency for one in load_tag_reports(store, *OCTOBER)]


def test_only_reports_of_these_days_are_given(store: Store) -> None:
    save_tag_report(store, REPORT, NOW)

    last = date(2026, 10, 31)
    assert 1 == len(load_tag_reports(store, last, last + timedelta(days=9)))
    after = last + timedelta(days=1)
    assert [] == load_tag_reports(store, after, after)


def test_our_own_side_has_one_entry_per_conversion(store: Store) -> None:
    clicked = replace(
        an_event(1), person=Person(email=("a@example.org",), click_id="c")
    )
    take(store, clicked, an_event(2, at=NOW - timedelta(days=40)))

    held = server_columns(
        store, "main", NOW - timedelta(days=1), NOW + timedelta(days=1)
    )

    words = list(held.words)
    assert 1 == len(held)
    assert [to_us(NOW)] == list(held.at_us) == list(held.click_us)
    assert [2935] == list(held.value_minor)
    assert ["checkout", "EUR", "pending", ""] == [
        words[column[0]]
        for column in (held.kind, held.currency, held.status, held.reason)
    ]
    assert ([0], [0], [-1]) == (
        list(held.order), list(held.is_reversed), list(held.hops)
    )  # fmt: skip


def test_what_is_not_known_is_marked_so(store: Store) -> None:
    bare = replace(an_event(1), order=None)
    take(store, bare)

    held = server_columns(store, "main", NOW, NOW + timedelta(days=1))

    assert ([NOT_TOLD], [NOT_TOLD]) == (list(held.value_minor), list(held.click_us))


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
