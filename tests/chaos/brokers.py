"""A broker that is away, deaf, slow, full or empty costs time, never an event."""

from collections.abc import Callable
from contextlib import suppress
from time import monotonic, sleep

from tests.chaos.load import by_webhook
from tests.chaos.scenario import at, scenario
from tests.chaos.world import World
from tests.e2e.shops import Webhook
from tests.rabbit import RabbitServer

HEALED_WITHIN_S = 30.0
AWAKE_S = 1.0  # a wake-up takes 0.3 s; without one, the next look comes after 5 s
IN_A_ROW = 3
ALL = at("postgresql+redis", "postgresql+rabbitmq")
BOTH = at("postgresql+redis", "sqlite+rabbitmq")
PROBES = 900_000


def heals(world: World) -> float:
    """Return after how long wake-ups arrive again. Raises: AssertionError at 30 s."""
    world.drain()
    started_s = monotonic()
    n_quick, since_s = 0, 0.0
    for place in range(1_000):
        took_s = _one_order(world, place)
        if took_s > AWAKE_S:
            n_quick = 0
        else:
            since_s = since_s if n_quick else monotonic() - started_s
            n_quick += 1
        if n_quick == IN_A_ROW:
            world.notes.append(f"woken again after {since_s:.0f} s")
            return since_s
        late = f"no wake-up arrives, {HEALED_WITHIN_S:.0f} s after the fault"
        assert monotonic() - started_s < HEALED_WITHIN_S, late
    raise AssertionError("unreachable: time is over first")


def _one_order(world: World, place: int) -> float:
    serial = PROBES + 1_000 * len(world.notes) + place
    started_s = monotonic()
    with world.posting([by_webhook(Webhook("shopify", serial))]):
        pass
    world.wait_for("the order is sent", world.box.is_drained, 20)
    return monotonic() - started_s


def meanwhile(world: World, fault: Callable[[], None], end: Callable[[], None]) -> None:
    """Post before, during and after a fault; it lasts for some seconds."""
    posted = world.steps(3)
    next(posted)()
    fault()
    try:
        next(posted)()
        sleep(3)
    finally:
        end()
    next(posted)()
    heals(world)


@scenario("F04", "the broker is emptied in mid-flight (F04)", ALL)
def emptied(world: World) -> None:
    with world.traffic():
        for _ in range(5):
            sleep(0.3)
            world.broker_server.flush()
    heals(world)


@scenario("F05", "the broker is killed, and comes back empty (F05, F06)", BOTH)
def away(world: World) -> None:
    server = world.broker_server
    meanwhile(world, server.stop, server.start)


@scenario("F06", "the broker hangs with its lines open (F06)", ALL)
def hung(world: World) -> None:
    server = world.broker_server
    meanwhile(world, server.hang, server.resume)


@scenario("F07", "a black hole before the broker, then through again (F07)", ALL)
def black_hole(world: World) -> None:
    meanwhile(world, world.broker_line.hold, world.broker_line.heal)


@scenario("F60", "every line to the broker is half-open for good (F60)", BOTH)
def half_open(world: World) -> None:
    meanwhile(world, world.broker_line.deafen, world.broker_line.heal)


@scenario("F60b", "half-open, and the broker heard the end (F60)", ALL)
def half_closed(world: World) -> None:
    def deafen() -> None:
        world.broker_line.deafen(they_hear_an_end=True)

    meanwhile(world, deafen, world.broker_line.heal)


@scenario("F06r", "the broker's lines are reset again and again", ALL)
def flapping(world: World) -> None:
    with world.traffic():
        for _ in range(6):
            sleep(0.4)
            world.broker_line.cut()
    heals(world)


@scenario("F07s", "the broker is half a second away", at("sqlite+redis"))
def slow(world: World) -> None:
    world.broker_line.delay_s = 0.5
    with world.traffic():
        pass
    world.broker_line.heal()
    heals(world)


@scenario("F08", "the broker takes no writes (F08)", ALL)
def full(world: World) -> None:
    """Celery ends a worker whose Redis takes no writes; it is started again."""
    world.excuse = "Unrecoverable error"
    server = world.broker_server

    def set_full(*, is_full: bool) -> None:
        if isinstance(server, RabbitServer):
            server.set_full(is_full=is_full)
            return
        with server.client() as client:
            client.config_set("min-replicas-to-write", int(is_full))

    def fill() -> None:
        set_full(is_full=True)

    def empty() -> None:
        set_full(is_full=False)

    meanwhile(world, fill, empty)


@scenario("F09", "the queue itself is thrown away (F09)", ALL)
def forgotten(world: World) -> None:
    server = world.broker_server
    with world.traffic():
        sleep(0.5)
        if isinstance(server, RabbitServer):
            server.forget()
        else:
            with server.client() as client:
                for key in client.keys("*_kombu.binding.*"):
                    client.delete(key)
    heals(world)


@scenario("F08d", "the folder of wake-ups is taken away and put back", at("folder"))
def folder_gone(world: World) -> None:
    queue = world.folder / "var" / "broker" / "queue"
    away_ = queue.with_name("away")

    def take() -> None:
        queue.rename(away_)

    def put() -> None:
        with suppress(FileNotFoundError):
            queue.rmdir()
        if not queue.exists():
            away_.rename(queue)

    meanwhile(world, take, put)
