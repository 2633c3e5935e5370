from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from forwarder.core.delivery import Status
from forwarder.core.event import Kind, Person
from forwarder.core.reports import Level, TagDay, TagReport
from forwarder.store import Store
from forwarder.store.inbox import accept
from forwarder.store.tag_reports import load_tag_reports, save_tag_report, server_rows
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


def test_our_own_side_has_one_row_per_conversion(store: Store) -> None:
    clicked = replace(
        an_event(1), person=Person(email=("a@example.org",), click_id="c")
    )
    take(store, clicked, an_event(2, at=NOW - timedelta(days=40)))

    rows = list(
        server_rows(store, "main", NOW - timedelta(days=1), NOW + timedelta(days=1))
    )

    assert [("1", Kind.CHECKOUT, NOW, 2935, "EUR", Status.PENDING, "")] == [
        (
            row.order_id,
            row.kind,
            row.occurred_at,
            row.value_minor,
            row.currency,
            row.status,
            row.reason,
        )
        for row in rows
    ]


def test_a_later_refund_of_the_period_comes_along(store: Store) -> None:
    since = datetime(2026, 11, 1, tzinfo=UTC)
    until = datetime(2026, 11, 20, tzinfo=UTC)
    refund = an_event(1, Kind.REFUND, at=NOW)
    accept(store, replace(an_arrival(refund), skips=["not_mapped"]))

    assert [Kind.REFUND] == [
        row.kind for row in server_rows(store, "main", since, until)
    ]
    assert [] == list(server_rows(store, "main", NOW + timedelta(days=1), NOW))
