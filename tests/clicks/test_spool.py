"""Clicks reach the database once, whatever happens between."""

import fcntl
import os
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from forwarder.clicks import spool
from forwarder.clicks.spool import Importer, Spool, take_in
from forwarder.core.links import Click, ClickClass
from forwarder.core.mirror import Device
from forwarder.core.tally import tally
from forwarder.store import clicks
from forwarder.store.writer import StoreDown
from tests.clicks.following import NOW, a_store


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


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.01)

    assert is_so()


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
    tally.take()

    assert 1 == take_in(tmp_path, len)
    assert 1 == tally.take()[spool.DROPPED, ("cut_off",)]
    assert [] == list(tmp_path.iterdir())


def test_a_full_queue_is_counted_and_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "WAITING_MAX", 0)
    tally.take()
    opened = Spool(tmp_path)

    assert not opened.put(a_click())
    assert 1 == tally.take()["forwarder_clicks_dropped_total", ("no_room",)]


def test_a_disk_that_is_full_for_a_while_loses_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "clicks"
    folder.write_text("in the way")
    opened = Spool(folder)
    opened.put(a_click())
    time.sleep(3 * spool.EVERY_S)
    folder.unlink()
    opened.stop()

    assert 1 == take_in(folder, len)


@contextmanager
def room_for(n_bytes: int) -> Iterator[None]:
    """Let no file of this process grow further: writes are cut, then refused."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("capsys")  # what is logged goes to no file then
def test_a_disk_that_fills_in_the_middle_of_a_line_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "AGAIN_S", spool.EVERY_S)
    tally.take()
    opened = Spool(tmp_path)
    opened.put(a_click(1))
    until(lambda: any(one.stat().st_size for one in tmp_path.glob("*.clicks")))
    with room_for(700):
        for number in range(2, 6):
            opened.put(a_click(number))
        until(lambda: tally.uncounted().get((spool.UNWRITTEN, ()), 0) > 1)
        n_files = len(list(tmp_path.iterdir()))
    opened.put(a_click(6))
    opened.stop()
    found: list[Click] = []
    take_in(tmp_path, lambda part: found.extend(part) or len(part))

    assert n_files <= 2  # that of the first click, and one that is tried
    assert [a_click(number) for number in range(1, 7)] == sorted(
        found, key=lambda click: click.id
    )
    assert spool.DROPPED not in {name for name, _ in tally.take()}


STRANGE = [
    b"[]", b"null", b"7", b"{}", b"{", b"\xff\x00",
    b'{"at": 1e300, "kind": "human", "device": "unknown"}',
    spool._line(WHOLE).strip().replace(b'"spring"', b"null"),  # noqa: SLF001
    spool._line(WHOLE).strip().replace(b'"arm":2', b'"arm":"2"'),  # noqa: SLF001
    spool._line(a_click(3)).strip().replace(b'"arm":0', b'"arm":9223372036854775808'),  # noqa: SLF001
]  # fmt: skip


def test_a_line_that_is_no_click_costs_itself_only(
    tmp_path: Path, sqlite_url: str
) -> None:
    folder = tmp_path / "clicks"
    written(folder, a_click(1), a_click(2))
    (path,) = folder.iterdir()
    first, second = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([first, *STRANGE, second, b""]))
    store = a_store(sqlite_url)
    tally.take()

    assert 2 == take_in(folder, partial(clicks.keep, store))
    assert len(STRANGE) == tally.take()[spool.DROPPED, ("refused",)]
    (put_by,) = folder.iterdir()
    assert (path.stem, spool.REFUSED) == (put_by.stem, put_by.suffix)
    assert 0 == take_in(folder, partial(clicks.keep, store))
    os.utime(put_by, (0, 0))
    take_in(folder, partial(clicks.keep, store))
    assert [] == list(folder.iterdir())
    store.close()


def test_postgresql_refuses_a_click_alone(tmp_path: Path, postgres_url: str) -> None:
    odd = [a_click(2, label="a\0b"), a_click(3, arm=2**40)]
    written(tmp_path, a_click(1), *odd, a_click(4))
    store = a_store(postgres_url)
    tally.take()

    assert 2 == take_in(tmp_path, partial(clicks.keep, store))
    assert 2 == tally.take()[spool.DROPPED, ("refused",)]
    assert {"spring": {ClickClass.HUMAN: 2}} == clicks.counts(store)
    store.close()


def test_a_file_that_can_not_be_read_keeps_no_other_waiting(tmp_path: Path) -> None:
    (tmp_path / f"0{spool.SUFFIX}").mkdir()
    written(tmp_path, a_click())

    assert 1 == take_in(tmp_path, len)


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
    until(lambda: bool(found))
    importer.stop()

    assert [a_click()] == found
