from dataclasses import replace
from datetime import UTC, date, datetime

import sqlalchemy as sa

from forwarder.core.kpi import Counts, KpiDay, Scope
from forwarder.store import Store, kpi
from forwarder.store.kpi import Kept
from forwarder.store.schema_kpi import kpi_revisions

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
