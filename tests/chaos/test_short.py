"""The short form of `make chaos`: one cell of each kind, with few events.

The whole matrix runs by `make chaos`; docs/reliability.md holds its table.
"""

import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from random import Random  # noqa: TID251 - with a seed that is written down
from time import monotonic

import pytest

from forwarder.broker import QUEUE
from forwarder.nudge import publisher
from tests.chaos import power_cut, syncs
from tests.chaos.matrix import Cell, run
from tests.chaos.oracle import check
from tests.chaos.proxy import proxy_before
from tests.chaos.scenario import at, in_turn
from tests.chaos.world import Servers, World
from tests.e2e import canary
from tests.rabbit import RabbitServer
from tests.servers import RedisServer, missing

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SEED = int(os.environ.get("CHAOS_SEED", "20261122"))
N_EVENTS = 120  # in each
PATIENCE_S = 3.0
TRIES = 5
HARM = (
    "DELETE FROM deliveries WHERE id = 1",
    "UPDATE deliveries SET status = 'pending', claim_id = 7 WHERE id = 2",
)
# Each configuration once, each with several things that break one after another.
CELLS = {
    "sqlite+folder": ("F18", "F13", "F12", "F14", "F51"),
    # The full disk is a small file system, which only root may mount.
    "sqlite+redis": ("F11", "F41o") if os.geteuid() == 0 else ("F41o",),
    "sqlite+rabbitmq": ("F60", "F42"),
    "postgresql+folder": ("F15",),
    "postgresql+redis": ("F01", "F38", "F40", "F43s"),
    "postgresql+rabbitmq": ("F17",),
}


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with Servers() as found:
        yield found


@pytest.mark.parametrize("where", CELLS)
def test_whatever_breaks_each_answered_event_is_counted_once(
    servers: Servers, where: str
) -> None:
    scenario = in_turn(*CELLS[where])
    cell = Cell(scenario=scenario, configuration=at(where)[0], seed=SEED)
    result = run(cell, servers, N_EVENTS)

    assert [] == result.finding.wrong, f"again: {cell}"
    assert (0, 0) == (result.finding.n_lost, result.finding.n_doubled)
    assert result.finding.n_events >= N_EVENTS / 2


def test_the_check_sees_what_is_lost_and_what_is_left(
    servers: Servers, tmp_path: Path
) -> None:
    where = at("sqlite+folder")[0]
    world = World(where, servers, tmp_path, Random(SEED), 100)  # noqa: S311
    with world:
        world.start()
        with world.traffic():
            pass
        world.drain()
        well = check(world)
        with world.box.store.write() as connection:
            for statement in HARM:
                connection.exec_driver_sql(statement)
        world.book.notice_ids.add(10**9)
        (tmp_path / "some.log").write_text(canary.NAME)
        ill = check(world)

    assert [] == well.wrong
    assert (1, 0) == (ill.n_lost, ill.n_doubled)
    assert [
        "1 events lost",
        "1 events in no final state",
        "1 leases left",
        "1 answered notices are not in the database",
        "a person stands in clear in the files",
    ] == [one for one in ill.wrong if "history" not in one]


@pytest.mark.parametrize(("synchronous", "is_safe"), [("FULL", True), ("OFF", False)])
def test_a_power_cut_takes_nothing_that_was_answered_and_without_syncs_it_would(
    synchronous: str, *, is_safe: bool
) -> None:
    if not syncs.is_possible():
        missing("a kernel that reports syncs")
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-m", "tests.chaos.power_cut", synchronous],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    found = json.loads(done.stdout)

    assert power_cut.N == found["answered"]
    assert is_safe == (found["missing"] == 0)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("broker", ["redis", "rabbitmq"])
def test_a_wake_up_never_waits_long_for_a_silent_broker(
    servers: Servers, broker: str, tmp_path: Path
) -> None:
    server: RedisServer | RabbitServer = getattr(servers, broker)
    server.flush()
    with proxy_before(server.port) as line:
        url = server.url.replace(str(server.port), str(line.port))
        publish = publisher(url, tmp_path)
        publish("main")
        line.deafen()
        took_s = [_fails(publish)]
        _gets_through(publish)
        line.hold()
        took_s += [_fails(publish), _fails(publish)]
        line.cut()
        line.heal()
        _gets_through(publish)
    del publish  # it lives as long as its process, and is never closed
    gc.collect()

    assert max(took_s) < PATIENCE_S
    assert 3 == _n_waiting(server)


def _fails(publish: Callable[[str], None]) -> float:
    """Return how long it took to give a wake-up up."""
    started_s = monotonic()
    with pytest.raises(Exception):  # noqa: B017, PT011 - whatever the transport raises
        publish("main")
    return monotonic() - started_s


def _gets_through(publish: Callable[[str], None]) -> None:
    """Wake somebody up; on a crowded machine the broker may greet too late at first."""
    for _ in range(TRIES - 1):
        with suppress(Exception):
            return publish("main")
    return publish("main")


def _n_waiting(server: RedisServer | RabbitServer) -> int:
    """Return how many wake-ups lie in the queue, and throw them away."""
    if isinstance(server, RabbitServer):
        with server.client() as line:
            n: int = line.channel().queue_purge(QUEUE)
        return n
    with server.client() as client:
        n = int(client.llen(f"forwarder:{QUEUE}"))
    server.flush()
    return n
