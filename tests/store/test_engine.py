"""How the database is reached: what must hold before anything breaks."""

import pytest
import sqlalchemy as sa

from forwarder.store import open_store
from forwarder.store.engine import connect
from forwarder.store.writer import StoreDown
from tests.store.conftest import KEY


def test_a_line_to_postgresql_that_died_is_given_up(postgres_url: str) -> None:
    engine = connect(postgres_url, "web")
    with engine.connect() as connection:
        line = connection.connection.dbapi_connection
        assert line is not None
        told = line.info.get_parameters()
    engine.dispose()

    assert "10000" == told["tcp_user_timeout"]
    assert ("10", "3", "3") == tuple(
        told[f"keepalives_{name}"] for name in ("idle", "interval", "count")
    )


class FailedSync(Exception):
    """What SQLite's driver raises when the disk did not confirm."""

    sqlite_errorname = "SQLITE_IOERR"


def test_only_a_statement_over_a_whole_month_gets_more_room(postgres_url: str) -> None:
    store = open_store(postgres_url, [KEY])
    asked = sa.text("SHOW work_mem")

    with store.read_much() as connection:
        roomy = connection.execute(asked).scalar_one()
    with store.read() as connection:  # the same line to the server, given back
        usual = connection.execute(asked).scalar_one()
    store.close()

    assert ("64MB", "4MB") == (roomy, usual)


def test_after_a_failed_sync_this_process_writes_nothing_more(sqlite_url: str) -> None:
    """Each of a batch by itself would be the second try that must not be."""
    store = open_store(sqlite_url, [KEY])
    tries: list[int] = []

    def fail(_: object) -> None:
        tries.append(1)
        raise FailedSync

    with pytest.raises(StoreDown):
        store.commit(fail)
    is_unsure = store.is_unsure
    with pytest.raises(StoreDown):
        store.commit(fail)
    with pytest.raises(StoreDown), store.write():
        tries.append(1)
    store.close()

    assert is_unsure
    assert [1] == tries


def test_another_fault_is_tried_again(sqlite_url: str) -> None:
    store = open_store(sqlite_url, [KEY])
    with pytest.raises(ValueError, match="a bad row"), store.write():
        raise ValueError("a bad row")

    assert not store.is_unsure
    assert 7 == store.commit(lambda _: 7)
    store.close()
