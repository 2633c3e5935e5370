"""The short form of `make chaos`: one cell of each kind, with few events.

The whole matrix runs by `make chaos`; docs/reliability.md holds its table.
"""

import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random  # noqa: TID251 - with a seed that is written down
from time import monotonic

import pytest

from forwarder.broker import QUEUE
from forwarder.nudge import publisher
from tests.chaos.matrix import Cell, run
from tests.chaos.oracle import check
from tests.chaos.proxy import proxy_before
from tests.chaos.scenario import SCENARIOS, at
from tests.chaos.world import Servers, World
from tests.e2e import canary
from tests.rabbit import RabbitServer
from tests.servers import RedisServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SEED = int(os.environ.get("CHAOS_SEED", "20261122"))
N_EVENTS = 250
PATIENCE_S = 3.0
HARM = (
    "DELETE FROM deliveries WHERE id = 1",
    "UPDATE deliveries SET status = 'pending', claim_id = 7 WHERE id = 2",
)
CELLS = (
    ("F01", "sqlite+folder"),
    ("F17", "postgresql+rabbitmq"),
    ("F18", "sqlite+folder"),
    ("F51", "sqlite+folder"),
    ("F60", "sqlite+rabbitmq"),
    ("F11", "sqlite+redis"),
    ("F13", "sqlite+folder"),
    ("F38", "postgresql+redis"),
    ("F41s", "sqlite+folder"),
)


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with Servers() as found:
        yield found


@pytest.mark.parametrize(
    ("name", "where"), CELLS, ids=[f"{name}-{where}" for name, where in CELLS]
)
def test_whatever_breaks_each_answered_event_is_counted_once(
    servers: Servers, name: str, where: str
) -> None:
    cell = Cell(scenario=SCENARIOS[name], configuration=at(where)[0], seed=SEED)
    result = run(cell, servers, N_EVENTS)

    assert [] == result.finding.wrong, f"again: {cell}"
    assert (0, 0) == (result.finding.n_lost, result.finding.n_doubled)
    assert result.finding.n_events >= N_EVENTS * cell.scenario.share / 2


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
        publish("main")
        line.hold()
        took_s += [_fails(publish), _fails(publish)]
        line.cut()
        line.heal()
        publish("main")
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
