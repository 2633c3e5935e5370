from pathlib import Path

import pytest
import sqlalchemy as sa

from forwarder.store import open_store
from forwarder.store.migrate import upgrade
from forwarder.store.writer import StoreDown
from tests.store.conftest import KEY

COUNT = "SELECT count(*) FROM claims"
INSERT = "INSERT INTO claims (worker, destination, claimed_at) VALUES ('w', 'd', 1)"


def write_one(connection: sa.Connection) -> int:
    connection.exec_driver_sql(INSERT)
    found: int = connection.exec_driver_sql(COUNT).scalar_one()
    return found


def test_the_writer_works_again_after_a_lock_it_did_not_get(sqlite_url: str) -> None:
    store = open_store(sqlite_url, [KEY], "web")
    other = open_store(sqlite_url, [KEY], "worker")
    upgrade(store)

    assert 1 == store.commit(write_one)
    with other.write(), pytest.raises(StoreDown):
        store.commit(write_one)
    assert 2 == store.commit(write_one)
    store.close()
    other.close()


def test_a_fault_in_the_work_leaves_nothing_and_stops_nobody(sqlite_url: str) -> None:
    store = open_store(sqlite_url, [KEY], "web")
    upgrade(store)

    def fail(connection: sa.Connection) -> int:
        write_one(connection)
        raise ValueError("a bad row")

    with pytest.raises(StoreDown):
        store.commit(fail)
    assert 1 == store.commit(write_one)
    store.close()


def test_nothing_is_open_after_the_end(tmp_path: Path) -> None:
    file = tmp_path / "forwarder.db"
    store = open_store(f"sqlite:///{file}", [KEY], "web")
    upgrade(store)
    store.commit(write_one)
    store.close()

    # The last connection that closes folds the log into the database.
    assert ["forwarder.db"] == sorted(one.name for one in tmp_path.iterdir())
