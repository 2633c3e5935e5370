from pathlib import Path

import pytest
import sqlalchemy as sa

from forwarder.pipeline.progress import progress
from forwarder.store import Store, open_store, probe
from forwarder.store.faults import fault_of
from forwarder.store.migrate import upgrade
from forwarder.store.writer import StoreDown
from tests.store.shop import NOW, an_event, take
from tests.web.console_desk import DATA_KEY


def fill(connection: sa.Connection) -> None:
    """Leave no room in the file, as a full disk does."""
    n_pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    connection.exec_driver_sql(f"PRAGMA max_page_count={n_pages}")


def test_a_full_disk_is_told_and_the_end_of_it_noticed_without_a_webhook(
    tmp_path: Path,
) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'f.db'}", [DATA_KEY], "web")
    upgrade(store)
    take(store, an_event(1))
    assert "" == probe.write_fault(store, NOW)
    store.commit(fill)
    with pytest.raises(StoreDown):
        take_many(store)

    found = progress(store, NOW).troubles
    assert [one for one in found if "database or disk is full" in one]
    assert [one for one in found if "make room on the disk" in one]
    store._writer.submit(_empty)  # noqa: SLF001  somebody made room
    assert not [one for one in progress(store, NOW).troubles if "disk" in one]
    assert "" == store.write_fault
    store.close()


def take_many(store: Store) -> None:
    for number in range(2, 2_000):
        take(store, an_event(number))


def _empty(connection: sa.Connection) -> None:
    connection.exec_driver_sql("PRAGMA max_page_count=1073741823")


def test_a_fault_of_one_row_is_no_fault_of_the_database() -> None:
    lost = sa.exc.OperationalError("INSERT", {}, Exception("disk I/O error"))
    dead = sa.exc.OperationalError("INSERT", {}, Exception("who knows"))
    twice = sa.exc.IntegrityError("INSERT", {}, Exception("UNIQUE failed"))

    assert ["disk I/O error", "the database did not take it", "", ""] == [
        fault_of(cause) for cause in (lost, dead, twice, ValueError("x"))
    ]
