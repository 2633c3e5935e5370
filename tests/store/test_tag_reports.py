from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from forwarder.core.event import Kind
from forwarder.core.reports import Level, TagDay, TagReport
from forwarder.store import Store
from forwarder.store.tag_reports import load_tag_reports, save_tag_report
from tests.store.shop import NOW

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
