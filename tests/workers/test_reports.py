from collections.abc import Callable
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from forwarder import lookout
from forwarder.core.snapshots import Windows
from forwarder.pipeline.snapshots import Subject
from forwarder.reconcile.posting import Mailbag
from forwarder.store import duties, report_requests, report_versions, snapshots
from forwarder.wiring import Wired
from tests.alerts.test_channels import PostOffice, by_mail, served
from tests.pulls.pinterest_box import YESTERDAY, Pinterest, pinterest
from tests.reconcile.kept import settle_all
from tests.store.shop import an_event, take
from workers import reports, state

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


def test_the_worker_finishes_sends_and_makes_what_is_asked_for(
    wired: Wired, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = wired.store
    this_month = store.now().replace(day=1, hour=0)
    months_ago = (this_month - timedelta(days=75)).replace(day=1)
    for at in (months_ago, this_month - timedelta(days=2)):
        take(store, an_event(at.month, at=at))
    settle_all(store)
    monkeypatch.setattr(reports, "wired", lambda: wired)
    monkeypatch.setattr(reports, "due", state.Every(reports.DUTY_EVERY))
    office = PostOffice()
    with served(office):
        ways = Mailbag(channels=[by_mail(office.server_address[1])])
        monkeypatch.setattr(lookout, "mailbag", lambda _: ways)
        reports.reports()
        last = f"{this_month - timedelta(days=2):%Y-%m}"
        assert report_requests.ask(store, "main", last, "anna", store.now())
        reports.reports()

    heads = {one.id: one for one in report_versions.list_heads(store, "main")}
    (asked,) = report_requests.recent_requests(store, "main")
    old = [one for one in heads.values() if one.month == f"{months_ago:%Y-%m}"]
    assert ["final"] == [one.stamp for one in old]
    assert asked.version_id is not None
    assert last == heads[asked.version_id].month
    assert any("final (main)" in letter for letter in office.letters)
