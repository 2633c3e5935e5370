from dataclasses import replace
from datetime import UTC, date, datetime

import sqlalchemy as sa

from forwarder.core.kpi import Counts, KpiDay, Scope
from forwarder.store import Store, kpi, kpi_windows
from forwarder.store.kpi import Kept
from forwarder.store.schema_kpi import kpi_revisions
from forwarder.store.schema_pins import kpi_sums

NOW = datetime(2026, 11, 20, tzinfo=UTC)
ON = date(2026, 10, 3)
DAY = KpiDay(on=ON, counts=Counts(1000, 50, 7, 8), pin_id="12", title="Ten ideas")
ACCOUNT = KpiDay(on=ON, counts=Counts(9000, 500, 70, 80))


def test_the_same_days_twice_change_nothing(store: Store) -> None:
    assert Kept(n_new=2) == kpi.keep(store, [DAY, ACCOUNT], NOW)
    assert Kept(n_same=2) == kpi.keep(store, [DAY, ACCOUNT], NOW)
    assert {"12": DAY.counts} == kpi.pin_sums(store, ON, ON)
    assert {ON: ACCOUNT.counts} == kpi.account_days(store, ON, ON)
    assert {"12": "Ten ideas"} == kpi.titles(store)
    assert {ON: DAY.counts} == kpi.summed_days(store, ON, ON)


def test_a_changed_day_keeps_what_was_told_before(store: Store) -> None:
    kpi.keep(store, [DAY], NOW)
    later = replace(DAY, counts=Counts(1001, 50, 7, 8))

    assert Kept(n_changed=1) == kpi.keep(store, [later], NOW)
    assert {"12": later.counts} == kpi.pin_sums(store, ON, ON)
    with store.read() as connection:
        (row,) = connection.execute(sa.select(kpi_revisions)).mappings()
    assert ("12", 1000) == (row["pin_id"], row["impressions"])


def test_days_that_are_not_final_feed_no_rule(store: Store) -> None:
    kpi.keep(store, [replace(ACCOUNT, is_final=False)], NOW)

    assert {} == kpi.account_days(store, ON, ON)
    assert ON == kpi.newest_day(store)


def test_clicks_are_given_by_day(store: Store) -> None:
    kpi.keep(store, [DAY, replace(DAY, pin_id="13")], NOW)

    assert {"12": {ON: 7}, "99": {}} == kpi.clicks_by_day(store, ["12", "99"], ON, ON)


def test_a_file_is_remembered(store: Store) -> None:
    assert kpi.imported_at(store, "abc") is None
    kpi.note_import(store, "abc", Scope.PIN, 3, NOW)
    kpi.note_import(store, "abc", Scope.PIN, 3, NOW)

    assert NOW == kpi.imported_at(store, "abc")
    assert kpi.newest_day(store) is None


def sums_kept(store: Store) -> int:
    with store.read() as connection:
        found: int = connection.execute(
            sa.select(sa.func.count()).select_from(kpi_sums)
        ).scalar_one()
    return found


def test_windows_that_were_made_say_what_adding_up_says(store: Store) -> None:
    days = [replace(DAY, on=date(2026, 9, n), pin_id=f"{n % 3}") for n in range(1, 31)]
    kpi.keep(store, days, NOW)
    ends = [(date(2026, 9, 30), 28), (date(2026, 9, 20), 10)]
    by_hand = [kpi_windows.window_sums(store, *one) for one in ends]

    assert 2 == kpi_windows.make(store, ends)
    assert by_hand == [kpi_windows.window_sums(store, *one) for one in ends]
    assert ["2", "0"] == kpi_windows.most_clicked(store, *ends[1], 2)
    assert 0 == kpi_windows.make(store, ends)


def test_a_changed_day_and_an_unwanted_window_leave_no_sums(store: Store) -> None:
    ends = [(ON, 28), (date(2026, 10, 2), 28)]
    kpi.keep(store, [DAY, replace(DAY, on=ends[1][0])], NOW)
    kpi_windows.make(store, ends)
    kpi.keep(store, [replace(DAY, counts=Counts(1, 1, 1, 1))], NOW)

    assert Counts(1001, 51, 8, 9) == kpi_windows.window_sums(store, *ends[0])["12"]
    assert 1 == kpi_windows.make(store, ends)
    assert 2 == sums_kept(store)
    kpi_windows.make(store, ends[:1])
    assert 1 == sums_kept(store)


def test_the_last_day_is_the_accounts_or_else_that_of_its_pins(store: Store) -> None:
    first, last = date(2026, 10, 1), date(2026, 10, 31)
    kpi.keep(store, [replace(DAY, on=last), replace(DAY, on=first)], NOW)

    assert last == kpi.last_day(store, first, last)
    kpi.keep(store, [ACCOUNT, replace(ACCOUNT, on=last, is_final=False)], NOW)
    assert ON == kpi.last_day(store, first, last)
    assert kpi.last_day(store, date(2026, 8, 1), date(2026, 8, 31)) is None
