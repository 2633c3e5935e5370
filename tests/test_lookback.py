"""A database that went back in time is noticed, a new one is not mistaken for one."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from forwarder.lookback import FILE, SET_BACK_FROM, SET_BACK_TO, look_back
from forwarder.store import Store, open_store, outbox, watch
from forwarder.store.backup import backup
from forwarder.store.migrate import upgrade
from tests.store.conftest import KEY
from tests.store.shop import NOW, an_event, take

URL = "sqlite:///forwarder.db"
LATER = NOW + timedelta(minutes=10)


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Store]:
    opened = open_store(sqlite_url, [KEY])
    upgrade(opened)
    yield opened
    opened.close()


def sent(store: Store, number: int) -> None:
    take(store, an_event(number))
    assert outbox.claim(store, "main", "w", 10, NOW) is not None


def test_what_was_restored_from_a_copy_is_told_with_the_gap(
    store: Store, tmp_path: Path
) -> None:
    sent(store, 1)
    copy = tmp_path / "copy.db"
    backup(store, copy)
    sent(store, 2)
    is_back_before = look_back(store, URL, tmp_path, LATER)
    restored = open_store(f"sqlite:///{copy}", [KEY])
    is_back = look_back(restored, URL, tmp_path, LATER + timedelta(minutes=5))
    told = {one.name: one.value for one in watch.all_measures(restored)}
    is_told_twice = look_back(restored, URL, tmp_path, LATER + timedelta(minutes=6))
    restored.close()

    assert (False, True, False) == (is_back_before, is_back, is_told_twice)
    assert {SET_BACK_FROM: NOW.timestamp(), SET_BACK_TO: LATER.timestamp()} == told


def test_another_database_in_the_same_folder_is_no_old_copy(
    store: Store, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.db"
    backup(store, empty)
    sent(store, 1)
    look_back(store, URL, tmp_path, LATER)
    other = open_store(f"sqlite:///{empty}", [KEY])
    is_back = look_back(other, "sqlite:///other.db", tmp_path, LATER)
    other.close()

    assert not is_back


@pytest.mark.parametrize("content", ["", "{", '{"claim": 9}', '["x"]'])
def test_an_unreadable_memory_is_written_anew(
    store: Store, tmp_path: Path, content: str
) -> None:
    (tmp_path / FILE).write_text(content)

    assert not look_back(store, URL, tmp_path, LATER)
    assert '"at_s"' in (tmp_path / FILE).read_text()


def test_a_folder_that_takes_nothing_stops_nobody(store: Store, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    shutil.rmtree(gone)

    assert not look_back(store, URL, gone, LATER)
