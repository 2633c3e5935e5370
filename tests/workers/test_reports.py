from collections.abc import Callable
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from forwarder.core.snapshots import Windows
from forwarder.pipeline.snapshots import Subject
from forwarder.store import duties, snapshots
from forwarder.wiring import Wired
from tests.pulls.pinterest_box import YESTERDAY, Pinterest, pinterest
from workers import reports

Of = Callable[[Pinterest], None]


@pytest.fixture
def of(wired: Wired, monkeypatch: pytest.MonkeyPatch) -> Of:
    """Let the worker pull from a sandbox."""

    def chosen(box: Pinterest) -> None:
        subject = Subject(
            store=wired.store,
            destination="main",
            reports=box.reports(),
            windows=Windows(),
        )
        monkeypatch.setattr(reports, "wired", lambda: wired)
        monkeypatch.setattr(reports, "snapshot_subjects", lambda *_: [subject])

    return chosen


def test_the_worker_takes_one_snapshot_a_day(wired: Wired, of: Of) -> None:
    with pinterest() as box:
        box.clock.now_s = wired.store.now().timestamp()
        of(box)
        with capture_logs() as told:
            reports.pull_reports()
            reports.pull_reports()

    assert ["reports pulled"] == [line["event"] for line in told]
    assert 89 * 10 == told[0]["n_new"]  # 4 kinds daily, 3 kinds of 2 sources
    day = wired.store.now().date() - timedelta(days=1)
    assert 4 <= len(snapshots.history(wired.store, "main", day, day))


def test_a_failed_pull_is_logged_and_tried_again_later(wired: Wired, of: Of) -> None:
    with pinterest() as box:
        of(box)
        box.fail({"fault": "http", "on": "reports", "status": 500, "times": 99})
        with capture_logs() as told:
            reports.pull_reports()

    assert [("reports not pulled", "Pinterest answered 500")] == [
        (line["event"], line["reason"]) for line in told
    ]
    today = f"{wired.store.now():%Y-%m-%d}"
    assert not duties.is_taken(wired.store, "reports of main", today)
    assert snapshots.history(wired.store, "main", YESTERDAY, YESTERDAY) == []


def test_an_installation_without_report_token_pulls_nothing(
    wired: Wired, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "wired", lambda: wired)
    with capture_logs() as told:
        reports.pull_reports()

    assert [] == told
