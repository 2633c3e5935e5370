"""The worker's watch, and the web's when no worker watches."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from forwarder import lookout
from forwarder.alerts.probes import Seen
from forwarder.core.tally import tally
from forwarder.lookout import Keeper
from forwarder.store import alerts, tallies, watch
from forwarder.wiring import Wired
from workers import state
from workers import watch as watching
from workers.pulse import NOTE_FILE


@pytest.fixture
def watched(wired: Wired, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wired]:
    monkeypatch.setattr(watching, "wired", lambda: wired)
    monkeypatch.setattr(watching, "machine", state.Every(timedelta(minutes=1)))
    monkeypatch.setattr(lookout.probes, "skew_s", lambda *_: 90.0)
    watching._post.cache_clear()  # noqa: SLF001
    yield wired
    watching._post.cache_clear()  # noqa: SLF001


def measured(wired: Wired) -> dict[str, float]:
    return {one.name: one.value for one in watch.all_measures(wired.store)}


def test_a_look_takes_readings_and_judges(watched: Wired) -> None:
    watching.look()
    found = {one.rule for one in alerts.list_alerts(watched.store)}

    assert {"disk_free_share", "disk_free_bytes", "clock_skew_seconds"} <= set(
        measured(watched)
    )
    assert {"clock", "worker"} <= found  # nobody drains in this test


@pytest.mark.usefixtures("watched")
def test_the_outside_is_asked_once_in_ten_minutes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[datetime] = []
    monkeypatch.setattr(lookout, "note_outside", lambda _, now: asked.append(now))
    watching.look()
    watching.look()

    assert 1 == len(asked)


def test_the_public_address_is_not_asked_while_the_sandbox_runs(
    watched: Wired, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Wired] = []

    def look(wired: Wired, _: datetime) -> Seen:
        asked.append(wired)
        return Seen(fault="", certificate_left=None)

    monkeypatch.setattr(lookout, "look_at_ourselves", look)
    service = replace(watched.settings.service, public_url="https://x.example.com")
    settings = replace(watched.settings, service=service, destinations={})
    real = replace(watched, settings=settings)
    now = watched.store.now()
    lookout.note_outside(replace(real, is_sandbox=True), now)
    lookout.note_outside(real, now)

    assert [False] == [wired.is_sandbox for wired in asked]


def test_a_worker_owns_up_that_the_one_before_was_ended(watched: Wired) -> None:
    file = watched.settings.service.data_dir / NOTE_FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("stuck")
    watching._own_up()  # noqa: SLF001
    watching.look()

    assert not file.exists()
    assert "worker_restarted" in {one.rule for one in alerts.list_alerts(watched.store)}


def test_a_fault_does_not_end_the_watch(
    watched: Wired, monkeypatch: pytest.MonkeyPatch
) -> None:
    naps = iter([False, False, True])
    looks: list[int] = []

    def fail() -> None:
        looks.append(1)
        raise OSError

    monkeypatch.setattr(watching, "rest", lambda _: next(naps))
    monkeypatch.setattr(watching, "look", fail)
    tally.add("forwarder_db_busy_total", ())
    watching.watch_on()

    assert 2 == len(looks)
    assert tallies.totals(watched.store, "forwarder_db_busy_total")


def test_the_beat_leaves_its_mark(watched: Wired) -> None:
    watching.beat_seen()

    assert 1 == measured(watched)["beat_seen"]


def test_faults_of_the_public_address_are_counted_in_a_row(watched: Wired) -> None:
    told = []
    for fault in ("", "no answer", "no answer", ""):
        lookout._note_seen(  # noqa: SLF001
            watched,
            "https://x",
            Seen(fault=fault, certificate_left=timedelta(days=1)),
            watched.store.now(),
        )
        told.append(measured(watched)["public_url_faults"])

    assert [0, 1, 2, 0] == told
    assert 86_400 == measured(watched)["certificate_left_seconds"]


def test_the_web_watches_when_no_worker_does(wired: Wired) -> None:
    keeper = Keeper(wired, wired.store.now)
    keeper._stand_in()  # noqa: SLF001
    first = {one.rule for one in alerts.list_alerts(wired.store)}
    changed = watch.last_duty(wired.store, "watch")
    keeper._stand_in()  # noqa: SLF001

    assert "worker" in first
    assert changed == watch.last_duty(wired.store, "watch")


def test_the_disk_of_a_folder_that_is_not_there_yet_is_told(tmp_path: Path) -> None:
    share, n_bytes = lookout.free_share(tmp_path / "not" / "yet")

    assert 0 < share <= 1
    assert n_bytes > 0
