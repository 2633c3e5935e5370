from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from forwarder.core.event import Kind
from forwarder.core.reports import Level, Measures
from forwarder.core.snapshots import DayNumber, Quality, Windows
from forwarder.store import Store, snapshots
from tests.store.shop import NOW

FIRST = date(2026, 10, 1)
LAST = date(2026, 10, 31)
DAY = timedelta(days=1)
SALES = DayNumber(
    windows=Windows(), on=FIRST, kind=Kind.CHECKOUT, n=4, value_micro=98_400_000
)
GOOD = Quality(
    source="TAG", platform="WEB", lookback="1d", status="GOOD", components={"x": {}}
)


def days(n: int, number: DayNumber = SALES) -> list[DayNumber]:
    return [replace(number, on=FIRST + k * DAY) for k in range(n)]


def test_a_number_is_new_then_the_same_then_revised(store: Store) -> None:
    first = snapshots.save(store, "main", [SALES], "EUR", NOW)
    again = snapshots.save(store, "main", [SALES, SALES], "EUR", NOW + DAY)
    more = snapshots.save(store, "main", [replace(SALES, n=5)], "EUR", NOW + 2 * DAY)

    assert [(1, 0, 0), (0, 0, 1), (0, 1, 0)] == [
        (one.n_new, one.n_revised, one.n_same) for one in (first, again, more)
    ]
    assert [(4, NOW, NOW + DAY), (5, NOW + 2 * DAY, NOW + 2 * DAY)] == [
        (one.number.n, one.taken_at, one.confirmed_at)
        for one in snapshots.history(store, "main", FIRST, LAST)
    ]


def test_a_number_that_goes_back_is_a_revision_too(store: Store) -> None:
    for day, n in enumerate((4, 5, 4)):
        at = NOW + day * DAY
        snapshots.save(store, "main", [replace(SALES, n=n)], "EUR", at)

    report = snapshots.tag_side(store, "main", FIRST, LAST)
    assert report is not None
    assert [4] == [row.count for row in report.rows]


def test_other_rules_and_other_accounts_are_other_numbers(store: Store) -> None:
    week = replace(SALES, windows=Windows(click_days=7), n=3)
    snapshots.save(store, "main", [SALES, week], "EUR", NOW)
    snapshots.save(store, "other", [replace(SALES, n=9)], "EUR", NOW)

    assert [3, 4] == sorted(
        one.number.n for one in snapshots.history(store, "main", FIRST, LAST)
    )


def test_nothing_pulled_is_nothing_saved(store: Store) -> None:
    assert snapshots.Saved(n_new=0, n_revised=0, n_same=0) == snapshots.save(
        store, "main", [], "EUR", NOW
    )
    assert snapshots.last_day(store, "main") is None
    assert snapshots.tag_side(store, "main", FIRST, LAST) is None


def test_the_month_comes_as_the_platforms_report(store: Store) -> None:
    snapshots.save(store, "main", days(31), "EUR", NOW)

    report = snapshots.tag_side(store, "main", FIRST, LAST)

    assert report is not None
    assert (FIRST, LAST, 31, "EUR") == (
        report.first_on,
        report.last_on,
        len(report.rows),
        report.currency,
    )
    assert (Level.ATTRIBUTION, Measures.PLATFORM) == (report.level, report.measures)
    assert Decimal("98.4") == report.rows[0].value
    assert Windows().definitions == report.definitions


def test_the_tags_own_numbers_come_first(store: Store) -> None:
    tag = replace(SALES, source="TAG", n=3, windows=Windows(click_only=False))
    snapshots.save(store, "main", [SALES, tag], "EUR", NOW)

    report = snapshots.tag_side(store, "main", FIRST, LAST)

    assert report is not None
    assert (Measures.TAG, [3], False) == (
        report.measures,
        [row.count for row in report.rows],
        report.definitions.click_only,
    )


def test_days_that_were_never_pulled_are_no_days_of_none(store: Store) -> None:
    pulled = days(31)
    del pulled[9]
    snapshots.save(store, "main", pulled, "EUR", NOW)

    report = snapshots.tag_side(store, "main", FIRST, LAST)

    assert report is not None
    assert date(2026, 10, 11) == report.first_on
    assert 21 == len(report.rows)


def test_without_a_currency_there_are_counts_and_no_values(store: Store) -> None:
    snapshots.save(store, "main", [SALES], None, NOW)

    report = snapshots.tag_side(store, "main", FIRST, LAST)

    assert report is not None
    assert (None, None) == (report.currency, report.rows[0].value)


def test_the_newest_event_quality_up_to_a_day_is_given(store: Store) -> None:
    fair = replace(GOOD, status="FAIR")
    snapshots.save_quality(store, "main", [GOOD], FIRST)
    snapshots.save_quality(store, "main", [GOOD], LAST)
    snapshots.save_quality(store, "main", [fair], LAST)
    snapshots.save_quality(store, "main", [], LAST + DAY)

    assert (LAST, [fair]) == snapshots.load_quality(store, "main", LAST + DAY)
    assert (FIRST, [GOOD]) == snapshots.load_quality(store, "main", LAST - DAY)
    assert snapshots.load_quality(store, "other", LAST) is None
