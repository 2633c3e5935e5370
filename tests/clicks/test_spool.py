"""Clicks reach the database once, whatever happens between."""

import fcntl
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from forwarder.clicks import spool
from forwarder.clicks.spool import Importer, Spool, take_in
from forwarder.core.links import Click, ClickClass
from forwarder.core.mirror import Device
from forwarder.core.tally import tally
from forwarder.store.writer import StoreDown
from tests.clicks.following import NOW


def a_click(number: int = 1, **changes: object) -> Click:
    told = {
        "id": f"{number:032x}", "slug": "spring", "kind": ClickClass.HUMAN,
        "at": NOW + timedelta(microseconds=number), **changes,
    }  # fmt: skip
    return Click(**told)  # type: ignore[arg-type]


WHOLE = a_click(
    device=Device.IN_APP, token_sha256="ab", epik_mac="cd", sealed=b"\x00\xff",
    is_repeat=True, is_oversize=True, is_qr=True, is_landing=True, arm=2,
    label="caf\xe9",
)  # fmt: skip


def written(folder: Path, *clicks: Click) -> None:
    opened = Spool(folder)
    for click in clicks:
        assert opened.put(click)
    opened.stop()


def test_a_click_comes_back_as_it_was(tmp_path: Path) -> None:
    written(tmp_path / "clicks", WHOLE, a_click(2))
    found: list[Click] = []

    assert 2 == take_in(tmp_path / "clicks", lambda part: found.extend(part) or 2)
    assert [WHOLE, a_click(2)] == found
    assert [] == list((tmp_path / "clicks").iterdir())
    assert 0 == take_in(tmp_path / "clicks", len)


def test_a_file_that_is_being_written_is_left_alone(tmp_path: Path) -> None:
    written(tmp_path, a_click())
    (path,) = tmp_path.iterdir()
    with path.open() as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)

        assert 0 == take_in(tmp_path, len)
    assert 1 == take_in(tmp_path, len)


def test_what_the_database_did_not_take_stays(tmp_path: Path) -> None:
    written(tmp_path, a_click())

    def down(_: Sequence[Click]) -> int:
        raise StoreDown("gone")

    with pytest.raises(StoreDown):
        take_in(tmp_path, down)
    assert 1 == take_in(tmp_path, len)


def test_a_file_goes_in_parts_and_stays_until_the_last(tmp_path: Path) -> None:
    written(tmp_path, *(a_click(number) for number in range(7)))
    parts: list[int] = []

    def keep(part: Sequence[Click]) -> int:
        parts.append(len(part))
        if len(parts) == 2:
            raise StoreDown("gone")
        return len(part)

    with pytest.raises(StoreDown):
        take_in(tmp_path, keep, at_once=3)
    assert 7 == take_in(tmp_path, keep, at_once=3)
    assert [3, 3, 3, 3, 1] == parts
    assert [] == list(tmp_path.iterdir())


def test_a_line_that_was_cut_off_costs_itself_only(tmp_path: Path) -> None:
    written(tmp_path, a_click(1), a_click(2))
    (path,) = tmp_path.iterdir()
    path.write_text(path.read_text()[:-9])

    assert 1 == take_in(tmp_path, len)


def test_a_full_queue_is_counted_and_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "WAITING_MAX", 0)
    tally.take()
    opened = Spool(tmp_path)

    assert not opened.put(a_click())
    assert 1 == tally.take()["forwarder_clicks_dropped_total", ()]


def test_a_disk_that_is_full_for_a_while_loses_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "clicks"
    folder.write_text("in the way")
    opened = Spool(folder)
    opened.put(a_click())
    time.sleep(3 * spool.EVERY_S)
    folder.unlink()
    opened.stop()

    assert 1 == take_in(folder, len)


def test_a_machine_without_a_worker_imports_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "IMPORT_EVERY_S", 0.01)
    written(tmp_path, a_click())
    found: list[Click] = []
    answers = iter([StoreDown("gone"), ValueError("odd")])

    def keep(part: Sequence[Click]) -> int:
        fault = next(answers, None)
        if fault is not None:
            raise fault
        found.extend(part)
        return len(part)

    importer = Importer(tmp_path, keep)
    deadline = time.monotonic() + 10
    while not found and time.monotonic() < deadline:
        time.sleep(0.01)
    importer.stop()

    assert [a_click()] == found
