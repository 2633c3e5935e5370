"""A disk that loses power, does not confirm, tears a log; and a copy of yesterday."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import sleep
from typing import Any

import psutil

from forwarder.core.event import Notice
from forwarder.lookback import SET_BACK_FROM
from forwarder.samples import TEST_SECRETS
from forwarder.sources import SOURCES
from forwarder.store import watch
from tests.apis import FakeShopify, running
from tests.chaos.load import Call
from tests.chaos.scenario import at, scenario
from tests.chaos.world import WATCHED_DISK, World, go_on, stop_process
from tests.e2e.box import Box
from tests.pulls.rows import shopify_order

DATABASE = ("forwarder.db", "forwarder.db-wal")
ONE_EACH = at("sqlite+folder", "sqlite+redis")
N_ORDERS = 40
HOUR = timedelta(hours=1)
TORN_BYTES = 3_000  # less than a page: no frame of the log is whole


@scenario(
    "F13", "the power goes: what no sync confirmed is gone (F13)",
    ONE_EACH, needs=WATCHED_DISK,
)  # fmt: skip
def power_goes(world: World) -> None:
    """Open what the disk had confirmed: every answered webhook must be in it."""
    world.confirm_disk()
    for place in range(3):
        with world.traffic(1 / 3):
            sleep(0.2 + world.random.random() / 2)
            known = set(world.book.event_ids)  # answered, so it must be there
            still = [one for role in ("web", "worker") for one in world.family(role)]
            for one in still:
                stop_process(one)
            data = world.confirmed()
            for one in still:
                go_on(one)
        folder = world.folder / f"copy{place}"
        (folder / "var").mkdir(parents=True)
        for name, content in data.items():
            (folder / "var" / name).write_bytes(content)
        missing = known - _ids_in(folder, world)
        assert not missing, f"{len(missing)} answered events are not on the disk"


def _ids_in(folder: Path, world: World) -> set[str]:
    with Box(folder) as copy:
        copy.data_key = world.box.data_key
        copy.write_settings()
        with copy.store.read() as connection:
            found = connection.exec_driver_sql("PRAGMA integrity_check").scalar_one()
            assert found == "ok", found
            ids = connection.exec_driver_sql("SELECT event_id FROM deliveries")
            return set(ids.scalars())


@scenario(
    "F12", "the disk does not confirm a write, of the web and of the worker (F12)",
    ONE_EACH, needs=WATCHED_DISK,
)  # fmt: skip
def sync_fails(world: World) -> None:
    """The process whose sync failed writes no more: it ends, and another begins."""
    for role in ("web", "worker"):
        family = world.family(role)
        world.n_crashes += 1
        world.fail_syncs(one.pid for one in family)
        with world.traffic(1 / 2):
            world.wait_for(
                f"the {role} ends",
                lambda family=family: any(_is_gone(one) for one in family),  # type: ignore[misc]
                30,
            )
            world.fail_syncs([])
            world.back(role)
    told = "the disk did not confirm a write"
    n_told = sum(told in line for line in world.box.logged())
    assert n_told >= 2, f"told {n_told} times"


def _is_gone(one: psutil.Process) -> bool:
    return not one.is_running() or one.status() == psutil.STATUS_ZOMBIE


@scenario("F14", "the machine dies in the middle of a write to the log (F14)", ONE_EACH)
def log_torn(world: World) -> None:
    """What was not committed lies torn at the end of the log: it is left out."""
    with world.traffic():
        sleep(0.3 + world.random.random() / 2)
        world.box.forget_store()  # it would go on in the old index of the log
        with world.halted():
            with (world.folder / "var" / DATABASE[1]).open("ab") as log:
                log.write(world.random.randbytes(TORN_BYTES))
            (world.folder / "var" / "forwarder.db-shm").unlink(missing_ok=True)


@scenario(
    "F14d", "the log of the database is deleted, with what is only in it (F14)",
    ONE_EACH, starts=False,
)  # fmt: skip
def log_deleted(world: World) -> None:
    """It opens, says what it lacks, and the shop's API makes up for it."""

    def empty_log() -> None:
        connection = world.box.store.engine.raw_connection()
        try:
            query = "PRAGMA wal_checkpoint(TRUNCATE)"
            connection.cursor().execute(query).fetchall()
        finally:
            connection.close()

    def delete_log() -> None:
        for suffix in ("-wal", "-shm"):
            (world.folder / "var" / f"forwarder.db{suffix}").unlink(missing_ok=True)

    _made_up_for(world, empty_log, delete_log)


@scenario(
    "F57", "a copy of yesterday is restored, and the shop is asked for the rest (F57)",
    at("sqlite+folder", "postgresql+redis"), starts=False,
)  # fmt: skip
def copy_restored(world: World) -> None:
    is_sqlite = world.configuration.database == "sqlite"
    copy = world.folder / "yesterday.db"

    def make_copy() -> None:
        if is_sqlite:
            done = world.box.run("db", "backup", str(copy))
            assert done.returncode == 0, done.stderr
        else:
            world.box.forget_store()
            with world.halted():
                world.servers.postgres.copy(world.direct_url, "yesterday")

    def restore() -> None:
        if is_sqlite:
            for name in DATABASE:
                (world.folder / "var" / name).unlink(missing_ok=True)
            shutil.copy(copy, world.folder / "var" / DATABASE[0])
        else:
            world.servers.postgres.put_back(world.direct_url, "yesterday")

    _made_up_for(world, make_copy, restore)


def _made_up_for(world: World, keep: Any, set_back: Any) -> None:  # noqa: ANN401
    """Post orders, keep, post more, go back; the shop's API has the orders too."""
    since = datetime.now(UTC) - HOUR  # noqa: TID251 - the shop's own clock
    orders = [_order(number, since) for number in range(2 * N_ORDERS)]
    with running(FakeShopify()) as api:
        assert isinstance(api, FakeShopify)
        api.rows = {"orders": orders}
        world.box.add_to_endpoint("shopify", api_key=api.key, api_url=api.url)
        world.start()
        _post(world, orders[:N_ORDERS])
        keep()
        _post(world, orders[N_ORDERS:])
        _remembered(world)
        world.box.forget_store()  # the last one to close it would write the log back
        with world.halted():
            set_back()
        world.wait_for("the gap is told", lambda: _is_told(world), 60, 0.5)
        lost = {_id(one) for one in orders} - _ids(world)
        words = ("--endpoint", "my-shopify", "--what", "orders")
        when = ("--since", since.isoformat(), "--yes", "--json")
        done = world.box.run("import-missing", *words, *when)
        assert done.returncode == 0, done.stderr
    n_found = json.loads(done.stdout)["taken_in"]
    world.book.notice_ids &= world.notice_ids()  # the loss is told, not hidden
    world.notes.append(f"{len(lost)} orders gone, {n_found} fetched")
    assert len(lost) == n_found > 0


def _order(number: int, since: datetime) -> dict[str, Any]:
    then = (since + timedelta(seconds=number)).isoformat()
    return {**shopify_order(number), "created_at": then, "processed_at": then}


def _id(order: dict[str, Any]) -> str:
    return f"shopify:my-shopify:{order['id']}:checkout"


def _post(world: World, orders: list[dict[str, Any]]) -> None:
    with world.posting([_paid(one) for one in orders]):
        pass
    world.drain()


def _paid(order: dict[str, Any]) -> Call:
    def request() -> tuple[str, bytes, dict[str, str]]:
        headers = {
            "x-shopify-topic": "orders/paid",
            "x-shopify-webhook-id": f"paid-{order['id']}",
        }
        notice = Notice(headers=headers, body=json.dumps(order).encode())
        now = datetime.now(UTC)  # noqa: TID251 - the shop's own clock
        signed = SOURCES["shopify"].sign(notice, TEST_SECRETS["shopify"], now)
        return "/hooks/my-shopify", signed.body, dict(signed.headers)

    return Call("shopify", [_id(order)], request)


def _ids(world: World) -> set[str]:
    return {one.event_id for one in world.box.lines()}


def _remembered(world: World) -> None:
    """Wait until how far the database has come is remembered beside it."""
    with world.box.store.read() as connection:
        query = "SELECT max(id) FROM claims"
        last = connection.exec_driver_sql(query).scalar_one()
    file = world.folder / "var" / "how-far.json"

    def is_so() -> bool:
        return file.exists() and json.loads(file.read_text())["claim"] >= last

    world.wait_for("it is remembered", is_so, 30)


def _is_told(world: World) -> bool:
    return any(one.name == SET_BACK_FROM for one in watch.all_measures(world.box.store))
