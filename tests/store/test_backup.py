import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from forwarder.core.delivery import Deferred
from forwarder.pipeline.drain import drain
from forwarder.store import Store, audit, open_store
from forwarder.store.backup import backup, check, open_copy
from forwarder.store.migrate import NEWEST, upgrade
from forwarder.store.seal import Sealer
from tests.pipeline.stand_in import Bench, say
from tests.store.conftest import KEY
from tests.store.shop import NOW, an_event, take
from tests.store.test_retention import deliver

OTHER_KEY = "b3RoZXJvdGhlcm90aGVyb3RoZXJvdGhlcm90aGVyb3Q"


@pytest.fixture
def full(sqlite_url: str) -> Iterator[Store]:
    store = open_store(sqlite_url, [KEY])
    upgrade(store)
    for number in range(3):
        deliver(store, number)
    take(store, an_event(7))
    audit.note(store, "anna", "replay", "order 7", NOW)
    yield store
    store.close()


@pytest.fixture
def file(full: Store, tmp_path: Path) -> Path:
    found = tmp_path / "copy of it.db"
    backup(full, found)
    return found


def faults(file: Path, *keys: str) -> tuple[str, ...]:
    copy = open_copy(file, Sealer(keys or [KEY]))
    try:
        return check(copy).faults
    finally:
        copy.close()


def test_a_good_copy_is_told_with_its_counts(file: Path) -> None:
    copy = open_copy(file, Sealer([KEY]))
    found = check(copy)
    copy.close()

    assert () == found.faults
    assert (NEWEST, {"notices": 4, "deliveries": 4}, NOW, 11) == (
        found.version,
        found.counts,
        found.newest_at,
        found.n_sampled,
    )


def test_a_check_changes_nothing(file: Path) -> None:
    before = file.read_bytes()
    faults(file)

    assert before == file.read_bytes()
    assert [file.name] == [one.name for one in file.parent.glob("copy*")]


def test_a_copy_whose_key_is_gone_is_told(file: Path) -> None:
    assert "11 of 11 sealed values do not open" in faults(file, OTHER_KEY)[0]


def test_a_damaged_copy_is_told(file: Path) -> None:
    data = bytearray(file.read_bytes())
    for page in range(8, len(data) // 4096):
        data[page * 4096 : page * 4096 + 200] = b"\xff" * 200
    file.write_bytes(data)

    assert faults(file)


@pytest.mark.parametrize("content", [b"", b"no database at all" * 100])
def test_a_file_of_something_else_is_told(tmp_path: Path, content: bytes) -> None:
    other = tmp_path / "x.db"
    other.write_bytes(content)

    assert 1 == len(faults(other))


@pytest.mark.parametrize(
    ("version", "sentence"),
    [("9999", "newer than this program"), ("0001", "it can be used")],
)
def test_another_version_is_told(file: Path, version: str, sentence: str) -> None:
    connection = sqlite3.connect(file)
    connection.execute("UPDATE alembic_version SET version_num = ?", (version,))
    connection.commit()
    connection.close()

    assert sentence in faults(file)[0]


def test_a_changed_audit_log_is_told(file: Path) -> None:
    connection = sqlite3.connect(file)
    connection.execute("DROP TRIGGER audit_no_update")
    connection.execute("UPDATE audit SET who = 'ben'")
    connection.commit()
    connection.close()

    assert "the audit log was changed" in faults(file)[0]


def test_a_database_in_use_is_checked_too(store: Store) -> None:
    take(store, an_event(1))

    assert () == check(store).faults


def test_a_restored_backup_sends_the_same_under_the_same_ids(
    sqlite_url: str, tmp_path: Path
) -> None:
    """What left after the backup leaves again byte for byte, so it counts once."""
    store = open_store(sqlite_url, [KEY])
    upgrade(store)
    live = Bench(store)
    take(store, an_event(1), an_event(2))
    live.destination.script = [say(Deferred("server_error"))]
    drain(live.destination, live.desk())  # frozen, then not taken
    take(store, an_event(3))
    file = tmp_path / "copy.db"
    backup(store, file)
    live.clock.skip(hours=1)
    drain(live.destination, live.desk())
    store.close()

    restored = open_store(f"sqlite:///{file}", [KEY])
    again = Bench(restored)
    again.clock.now = live.clock.now
    repeated = take(restored, an_event(3))  # the shop sends it again
    drain(again.destination, again.desk())

    assert 1 == repeated.duplicates
    assert 3 == len(_sent(live))
    assert _sent(live) == _sent(again)
    restored.close()


def _sent(bench: Bench) -> set[bytes]:
    return {body for batch in bench.destination.sent for body in batch}
