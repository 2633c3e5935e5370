import subprocess
import sys
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from forwarder.store import Store, migrate, open_store
from forwarder.store.engine import connect
from forwarder.store.migrate import NEWEST, current_version, upgrade
from forwarder.store.schema import deliveries
from forwarder.store.schema_customers import customer_orders
from forwarder.store.seal import BadKey, Sealer, Unopenable
from forwarder.store.tables import metadata
from forwarder.store.writer import StoreDown
from tests.store.conftest import KEY
from tests.store.shop import NOW, an_event, take

ORDER = {
    "customer": 1, "endpoint": "my-shop", "value_minor": 100, "undone_minor": 0,
    "occurred_at": NOW, "is_repeat": False,
}  # fmt: skip
pytestmark = pytest.mark.usefixtures("real_migrations")


def test_an_empty_database_has_no_version(database_url: str) -> None:
    store = open_store(database_url, [KEY])

    assert current_version(store) is None
    assert upgrade(store)
    assert NEWEST == current_version(store)
    assert not upgrade(store)
    store.close()


def test_the_newest_version_is_the_last_file() -> None:
    folder = Path(migrate.__file__).parent / "migrations" / "versions"
    files = sorted(file.name for file in folder.glob("[0-9]*.py"))

    assert NEWEST == files[-1].partition("_")[0]


def test_the_migrations_make_the_tables_of_the_schema(store: Store) -> None:
    with store.write() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        found = compare_metadata(context, metadata)

    assert [] == [one for one in found if one[0] != "modify_comment"]


def test_a_new_file_gets_what_the_migrations_make(tmp_path: Path) -> None:
    made = open_store(f"sqlite:///{tmp_path / 'made.db'}", [KEY])
    migrated = open_store(f"sqlite:///{tmp_path / 'migrated.db'}", [KEY])
    upgrade(made)
    with migrated.write() as connection:  # with a table of its own it is not new
        connection.exec_driver_sql("CREATE TABLE older (id INTEGER)")
    upgrade(migrated)
    with migrated.write() as connection:
        connection.exec_driver_sql("DROP TABLE older")

    assert _everything(migrated) == _everything(made)
    assert "trigger" in {kind for kind, _ in _everything(made)}
    for store in (made, migrated):
        store.close()


def _everything(store: Store) -> dict[tuple[str, str], list[str]]:
    """Return all that is in a SQLite file: its definitions, and its rows by table.

    A column that came later stands last: the order of columns is no difference.
    """
    found: dict[tuple[str, str], list[str]] = {}
    with store.read() as connection:
        for kind, name, statement in connection.exec_driver_sql(
            "SELECT type, name, sql FROM sqlite_schema"
        ).all():
            text = " ".join((statement or "").replace('"', "").split())
            found[kind, name] = sorted(part.strip(" ()") for part in text.split(","))
            if kind == "table":
                rows = connection.exec_driver_sql(f"SELECT * FROM {name}")  # noqa: S608
                found["rows", name] = [str(row) for row in rows]
    return found


def test_an_older_file_gives_no_number_again(sqlite_url: str) -> None:
    store = open_store(sqlite_url, [KEY])
    with store.write() as connection:
        command.upgrade(migrate._config(connection), "0015")  # noqa: SLF001
    take(store, an_event(1))
    with store.write() as connection:  # as if the log had held seven and forgotten them
        connection.exec_driver_sql(
            "INSERT INTO click_marks (delivery_id, what, mark, at) "
            "VALUES (0, 'cursor', '7', 0)"
        )
        connection.exec_driver_sql("UPDATE deliveries SET notice_id = 5")
        connection.exec_driver_sql("DELETE FROM notices")
    upgrade(store)
    take(store, an_event(2))

    with store.read() as connection:
        numbers = connection.execute(
            sa.select(deliveries.c.id, deliveries.c.notice_id).order_by("id")
        ).all()
        healthy = connection.exec_driver_sql("PRAGMA integrity_check").scalar()
    assert [(1, 5), (8, 6)] == numbers
    assert "ok" == healthy
    store.close()


def test_an_order_that_was_kept_twice_stays_once(database_url: str) -> None:
    store = open_store(database_url, [KEY])
    with store.write() as connection:
        command.upgrade(migrate._config(connection), "0016")  # noqa: SLF001
        rows = [
            {"delivery_id": number, "order_id": order_id, **ORDER}
            for number, order_id in enumerate(("7", "7", "8", None, None), 1)
        ]
        connection.execute(sa.insert(customer_orders), rows)
    upgrade(store)

    with store.read() as connection:
        query = sa.select(customer_orders.c.delivery_id).order_by("delivery_id")
        assert [1, 3, 4, 5] == connection.execute(query).scalars().all()
    store.close()


def test_a_new_file_is_made_without_alembic(tmp_path: Path) -> None:
    code = (
        "import sys; from forwarder.store import migrate, open_store; "
        f"store = open_store('sqlite:///{tmp_path / 'new.db'}', ['{KEY}']); "
        "print(migrate.upgrade(store), 'alembic' in sys.modules)"
    )
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert "True False" == done.stdout.strip()


def test_two_that_upgrade_at_once_do_it_once(database_url: str) -> None:
    stores = [open_store(database_url, [KEY]) for _ in range(2)]
    done: list[str | None] = []

    def work(store: Store) -> None:
        upgrade(store)
        done.append(current_version(store))

    threads = [threading.Thread(target=work, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [NEWEST, NEWEST] == done
    for store in stores:
        store.close()


def test_a_database_that_is_not_there_is_down_in_our_words() -> None:
    store = open_store("postgresql://nobody@127.0.0.1:9/none", [KEY], "web")

    with pytest.raises(StoreDown):
        current_version(store)
    with pytest.raises(StoreDown):
        take(store, an_event(1))
    with pytest.raises(StoreDown):
        store.now()
    store.close()


def test_a_database_without_tables_is_down_in_our_words(sqlite_url: str) -> None:
    store = open_store(sqlite_url, [KEY])

    with pytest.raises(StoreDown) as caught:
        take(store, an_event(1))
    assert "ada" not in repr(caught.value.__cause__)
    store.close()


def test_an_address_without_file_is_refused() -> None:
    with pytest.raises(ValueError, match="names no file"):
        connect("sqlite://", "web")


def test_the_clock_is_the_databases(store: Store) -> None:
    first, second = store.now(), store.now()

    assert first <= second
    assert first.tzinfo is not None


def test_errors_quote_no_values(store: Store) -> None:
    statement = sa.text("SELECT * FROM nowhere WHERE email = :email")
    with (
        pytest.raises((sa.exc.SQLAlchemyError, StoreDown)) as caught,
        store.read() as connection,
    ):
        connection.execute(statement, {"email": "ada@example.org"})

    assert "ada@" not in str(caught.value)
    assert "ada@" not in str(caught.value.__cause__)


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ([], "no data key"),
        (["c2hvcnQ"], "5 bytes instead of 32"),
        (["a"], "not base64url"),
        (["é" * 43], "not base64url"),
    ],
)
def test_an_unusable_key_is_told(keys: list[str], fault: str) -> None:
    with pytest.raises(BadKey, match=fault):
        Sealer(keys)


def test_an_old_key_still_opens_and_a_lost_one_does_not() -> None:
    old, new = Sealer([KEY]), Sealer(["bmV3" * 10 + "bmU", KEY])
    sealed = old.seal(b"someone", "row", NOW)

    assert b"someone" == new.open(sealed, "row")
    assert old.secret("a") != old.secret("b")
    assert old.secret("a") != new.secret("a")
    with pytest.raises(Unopenable):
        old.open(new.seal(b"someone", "row", NOW), "row")
    for broken in (b"", b"x", sealed[:10], sealed[:-1], sealed + b"x"):
        with pytest.raises(Unopenable):
            old.open(broken, "row")
