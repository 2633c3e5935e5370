from datetime import timedelta

import pytest

from forwarder.asking import NoAnswer
from forwarder.core.snapshots import Windows
from forwarder.pipeline.snapshots import Subject, snapshot_of_the_day, take_snapshot
from forwarder.store import Store, snapshots
from tests.pulls.pinterest_box import NOW, TODAY, YESTERDAY, Pinterest, pinterest

DAY = timedelta(days=1)
BROKEN = {"fault": "http", "on": "reports", "status": 500, "times": 4}


def subject(store: Store, box: Pinterest) -> Subject:
    return Subject(
        store=store, destination="main", reports=box.reports(), windows=Windows()
    )


def test_the_first_snapshot_takes_all_that_is_shown(store: Store) -> None:
    with pinterest() as box:
        box.seed_tag(YESTERDAY, 4, value_micro=98_400_000)
        taken = take_snapshot(subject(store, box), NOW)

    assert taken is not None
    assert (TODAY - 89 * DAY, YESTERDAY) == (taken.span.first_on, taken.span.last_on)
    assert (89 * 4, 0) == (taken.daily.n_new, taken.daily.n_revised)
    assert ("EUR", ()) == (taken.currency, taken.notes)
    kept = snapshots.load_quality(store, "main", TODAY)
    assert kept is not None
    assert {one.lookback for one in taken.quality} == {one.lookback for one in kept[1]}


def test_a_later_snapshot_reads_again_what_may_still_change(store: Store) -> None:
    with pinterest() as box:
        box.seed_tag(YESTERDAY, 4, value_micro=98_400_000)
        take_snapshot(subject(store, box), NOW)
        box.clock.now_s += 86_400
        box.seed_tag(YESTERDAY, 2, value_micro=49_200_000)
        taken = take_snapshot(subject(store, box), NOW + DAY)

    assert taken is not None
    assert (4, 1) == (taken.daily.n_new, taken.daily.n_revised)
    revised = [
        one.number.n
        for one in snapshots.history(store, "main", YESTERDAY, YESTERDAY)
        if one.number.kind.value == "checkout" and not one.number.source
    ]
    assert [4, 6] == revised


def test_what_one_can_do_without_is_a_note(store: Store) -> None:
    with pinterest() as box:
        box.fail({"fault": "http", "on": "reports", "status": 404, "times": 1})
        taken = take_snapshot(subject(store, box), NOW)

    assert taken is not None
    assert taken.currency is None
    assert ["currency: no report: no such ad account: see ad_account_id"] == list(
        taken.notes
    )


def test_there_is_no_day_before_the_first(store: Store) -> None:
    with pinterest() as box:
        assert take_snapshot(subject(store, box), NOW, since=TODAY) is None


def test_one_snapshot_a_day_and_one_try_an_hour(store: Store) -> None:
    with pinterest() as box:
        mine = subject(store, box)
        box.fail(*[BROKEN] * 2)
        with pytest.raises(NoAnswer):
            snapshot_of_the_day(mine, NOW)
        n_naps = len(box.naps)

        assert snapshot_of_the_day(mine, NOW) is None
        assert n_naps == len(box.naps)
        assert snapshot_of_the_day(mine, NOW + timedelta(hours=1)) is not None
        assert snapshot_of_the_day(mine, NOW + timedelta(hours=2)) is None
