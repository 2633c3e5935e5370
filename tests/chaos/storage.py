"""A database that is locked, full, or gone."""

import signal
from pathlib import Path
from time import monotonic, sleep

import psycopg

from tests.chaos.scenario import at, scenario
from tests.chaos.world import DATABASE_LINE, SMALL_DISK, World

BUSY_S = 3.0
BALLAST = "ballast"
PIECE_BYTES = 64 * 1024


@scenario(
    "F10", "somebody else holds the write lock for three seconds (F10, F16)",
    at("sqlite+folder", "sqlite+redis", "postgresql+rabbitmq"),
)  # fmt: skip
def locked(world: World) -> None:
    world.n_crashes += 1
    with world.traffic():
        sleep(0.5)
        with world.box.store.write() as connection:
            if world.configuration.database == "postgresql":
                connection.exec_driver_sql("LOCK TABLE notices, deliveries")
            sleep(BUSY_S)


@scenario(
    "F11", "the disk of the database is full, then not (F11)",
    at("sqlite+folder", "postgresql+folder"),
    needs=SMALL_DISK,
)  # fmt: skip
def disk_full(world: World) -> None:
    """Fill what is left of a small file system, and take it back later."""
    world.n_crashes += 1
    assert world.disk is not None
    posted = world.steps(3)
    next(posted)()
    ballast = world.disk / BALLAST
    _fill(ballast)
    n_before = world.book.statuses.get(503, 0)
    with world.posting(world.some_calls(round(world.n_events / 10))):
        world.wait_for(
            "a full disk is answered 503",
            lambda: world.book.statuses.get(503, 0) > n_before,
            60,
        )
        sleep(2)
        ballast.unlink()
    for rest in posted:
        rest()
    with world.box.store.read() as connection:
        if world.configuration.database == "sqlite":
            found = connection.exec_driver_sql("PRAGMA integrity_check").scalar_one()
            assert found == "ok", found


def _fill(ballast: Path) -> None:
    with ballast.open("wb") as file:
        try:
            while True:
                file.write(b"\0" * PIECE_BYTES)
                file.flush()
        except OSError:
            return


@scenario(
    "F15", "PostgreSQL crashes under load and is started again (F15)",
    at("postgresql+folder", "postgresql+rabbitmq"),
)  # fmt: skip
def postgres_crashes(world: World) -> None:
    world.n_crashes += 1
    server = world.servers.postgres
    for number in (signal.SIGQUIT, signal.SIGINT):  # at once; and as a restart
        with world.traffic(1 / 2):
            sleep(0.5 + world.random.random() / 2)
            assert server.process is not None
            server.process.send_signal(number)
            server.process.wait(30)
            sleep(1)
            server.start()


@scenario(
    "F16", "PostgreSQL has no connection left (F16)",
    at("postgresql+redis", "postgresql+rabbitmq"),
)  # fmt: skip
def no_connection_left(world: World) -> None:
    world.n_crashes += 1
    taken: list[psycopg.Connection[tuple[object, ...]]] = []
    with world.traffic():
        sleep(0.5)
        _cut_all(world)
        until_s = monotonic() + 4
        try:
            while monotonic() < until_s:
                _take_all(world, taken)
                sleep(0.1)
        finally:
            for one in taken:
                one.close()


def _take_all(
    world: World, taken: list[psycopg.Connection[tuple[object, ...]]]
) -> None:
    try:
        while True:
            taken.append(psycopg.connect(world.box.direct_url))
    except psycopg.OperationalError:
        return


def _cut_all(world: World) -> None:
    with psycopg.connect(world.box.direct_url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@scenario(
    "F15p", "the way to PostgreSQL is a black hole, then cut, then well",
    at("postgresql+redis"), share=0.5, needs=DATABASE_LINE,
)  # fmt: skip
def postgres_unreachable(world: World) -> None:
    world.n_crashes += 1
    with world.traffic():
        sleep(0.5)
        world.database_line.hold()
        sleep(4)
        world.database_line.cut()
        world.database_line.heal()
        sleep(1)
        world.database_line.refuse()
        sleep(2)
        world.database_line.heal()
