"""The worker's day for the KPI board: pull, record, and the board by e-mail."""

from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from forwarder import lookout
from forwarder.insights.pulling import Subject
from forwarder.insights.thresholds import Thresholds
from forwarder.store import conversions, duties, kpi
from forwarder.wiring import Wired
from tests.alerts.test_channels import PostOffice, by_mail, served
from tests.insights.test_pulling import Bench, row
from tests.pulls.pinterest_box import pinterest
from tests.store.shop import an_event, take
from workers import kpi as work


def test_the_day_pulls_once_and_without_mail_sends_nothing(
    wired: Wired, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "wired", lambda: wired)
    with pinterest() as box:
        box.clock.now_s = wired.store.now().timestamp()
        bench = Bench(box, wired.store)
        told = row(1, 1000, 2)
        told["date"] = f"{wired.store.now():%Y-%m-%d}"
        bench.seed(told)
        subject = Subject(store=wired.store, organic=bench.organic, limits=Thresholds())
        monkeypatch.setattr(work, "kpi_subject", lambda *_: subject)
        earlier = wired.store.now() - timedelta(hours=1)
        take(wired.store, an_event(1, at=earlier), at=earlier)
        with capture_logs() as lines:
            work.kpi_day()
            work.kpi_day()

    assert 0 == conversions.count(wired.store, wired.store.now())  # all is counted
    assert 1 == conversions.between(wired.store, earlier.date(), earlier.date())
    assert ["counts pulled"] == [line["event"] for line in lines]
    assert kpi.newest_day(wired.store) is None  # today is not over


def test_a_failed_pull_is_told_and_the_board_goes_out_all_the_same(
    wired: Wired, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = wired.settings
    mailed = replace(settings, kpi=replace(settings.kpi, email_to=("o@example.com",)))
    installed = replace(wired, settings=mailed)
    monkeypatch.setattr(work, "wired", lambda: installed)
    office = PostOffice()
    with pinterest() as box, served(office):
        bench = Bench(box, wired.store)
        bench.fail({"fault": "http", "status": 401, "times": 9})
        subject = Subject(store=wired.store, organic=bench.organic, limits=Thresholds())
        monkeypatch.setattr(work, "kpi_subject", lambda *_: subject)
        way = by_mail(office.server_address[1])
        monkeypatch.setattr(lookout, "_email", lambda *_: way)
        with capture_logs() as lines:
            work.kpi_day()
            work.kpi_day()

    assert ["counts not pulled", "board sent"] == [line["event"] for line in lines]
    assert "user_accounts:read" in lines[0]["reason"]
    [letter] = office.letters
    assert "What to change next: nothing asks for a change" in letter
    week = f"{wired.store.now():%G-W%V}"
    assert duties.is_taken(wired.store, lookout.BOARD_JOB, week)


def test_a_board_that_cannot_be_sent_is_told_and_tried_again(
    wired: Wired, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = wired.settings
    mailed = replace(settings, kpi=replace(settings.kpi, email_to=("o@example.com",)))
    installed = replace(wired, settings=mailed)
    monkeypatch.setattr(work, "wired", lambda: installed)
    monkeypatch.setattr(lookout, "_email", lambda *_: by_mail(9))
    with capture_logs() as lines:
        work.kpi_day()

    assert ["board not sent"] == [line["event"] for line in lines]
    week = f"{wired.store.now():%G-W%V}"
    assert not duties.is_taken(wired.store, lookout.BOARD_JOB, week)
