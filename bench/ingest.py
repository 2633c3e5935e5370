"""How many webhooks a second the door takes, beside doors that do less or otherwise.

All doors run at once and only one is under load. A no-op sample stands before and
after each other sample; where the two differ by more than a quarter, somebody else
used the machine, and the round is taken again.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench.doors import REDIS_URL
from bench.load import Load, client_name, put_load
from bench.measure import AT_MOST, NO_GOAL, Goal, Pair, Row, Size, row
from bench.orders import write_requests
from bench.servers import Installation, Room, cpu_s
from forwarder.store import open_store
from forwarder.store.migrate import upgrade
from tests.servers import free_port

N_MORE_ROUNDS: Final = 2
NO_OP_MAY_DIFFER: Final = 0.25
ORDERS_PER_S: Final = 8_000  # more than any door takes, so that no order comes twice
US: Final = 1e6
OURS: Final = "sqlite"
OURS_PG: Final = "postgresql"
DELAY: Final = "delaying"
EACH: Final = "committing_each"
NO_OP: Final = "no_op"


@dataclass(frozen=True, slots=True)
class Door:
    """A server under test."""

    name: str
    port: int
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One door under load, and the no-op just before and after it."""

    load: Load
    cpu_us: float  # of the web process per request
    no_op_per_s: float
    is_disturbed: bool


Round = Mapping[str, Sample]


def run(room: Room, size: Size) -> list[Row]:
    """Return the rows of this bench."""
    doors, boxes = _doors(room)
    rounds = list(_rounds(room, size, doors))
    _check_stored(boxes, rounds)
    return _rows(rounds)


def _doors(room: Room) -> tuple[dict[str, Door], dict[str, Installation]]:
    room.redis.flush()
    boxes = {
        OURS: room.install("ingest"),
        OURS_PG: room.install("ingest-pg", room.postgres_url(), room.redis.url),
        EACH: room.install("ingest-each"),
    }
    _upgrade(boxes[OURS_PG])
    env = {**boxes[EACH].env, REDIS_URL: room.redis.url}
    doors = {}
    for name in (OURS, OURS_PG):
        port = free_port()
        web = room.forwarder(boxes[name], "web", port=port)
        doors[name] = Door(name, port, web.pid)
    for name in (EACH, DELAY, NO_OP):
        port = free_port()
        command = [sys.executable, "-m", "bench.doors", name, str(port)]
        doors[name] = Door(name, port, room.start(name, command, env, port).pid)
    return doors, boxes


def _upgrade(box: Installation) -> None:
    store = open_store(box.database_url, [box.env["FORWARDER_DATA_KEY"]])
    upgrade(store)
    store.close()


def _rounds(room: Room, size: Size, doors: Mapping[str, Door]) -> Iterator[Round]:
    """Yield rounds until enough of them were undisturbed, or patience ends."""
    seconds = size.of(2, 1)
    for door in doors.values():  # the first requests pay for imports and connections
        put_load(door.port, _orders(room, 1), 1)
    n_clean = 0
    for number in range(size.n_pairs + (0 if size.is_quick else N_MORE_ROUNDS)):
        taken = _round(room, doors, seconds, is_reversed=number % 2 == 1)
        n_clean += not any(one.is_disturbed for one in taken.values())
        yield taken
        if n_clean == size.n_pairs:
            return


def _orders(room: Room, seconds: float) -> Path:
    now = datetime.now(UTC)  # noqa: TID251  a door: the orders are made now
    serials = room.serials.take(round(ORDERS_PER_S * seconds))
    return write_requests(room.folder, serials, now)


def _round(
    room: Room, doors: Mapping[str, Door], seconds: float, *, is_reversed: bool
) -> Round:
    """Sample each door once, a no-op between any two. Each has a database of its own,
    so that the same orders are fresh to all of them."""
    file = _orders(room, seconds)
    names = [OURS, DELAY, EACH, OURS_PG]
    names = names[::-1] if is_reversed else names
    samples: dict[str, Sample] = {}
    before = put_load(doors[NO_OP].port, file, seconds)
    for name in names:
        started_s = cpu_s(doors[name].pid)
        load = put_load(doors[name].port, file, seconds)
        used_s = cpu_s(doors[name].pid) - started_s
        room.redis.flush()
        after = put_load(doors[NO_OP].port, file, seconds)
        samples[name] = Sample(
            load=load,
            cpu_us=used_s / max(1, load.n_answered) * US,
            no_op_per_s=(before.per_s + after.per_s) / 2,
            is_disturbed=_differ(before.per_s, after.per_s),
        )
        before = after
    file.unlink()
    return samples


def _differ(one: float, other: float) -> bool:
    return abs(one - other) / max(one, other) > NO_OP_MAY_DIFFER


def _check_stored(boxes: Mapping[str, Installation], rounds: list[Round]) -> None:
    """Compare what was answered with what is there: a fast door must not lose any."""
    for name, box in boxes.items():
        n_answered = sum(one[name].load.n_answered for one in rounds)
        n_stored = count_deliveries(box)
        if n_stored < n_answered:
            raise RuntimeError(f"{name}: {n_answered} answered, {n_stored} stored")


def count_deliveries(box: Installation) -> int:
    from forwarder.store.log import Filter, count_by_status  # noqa: PLC0415

    store = open_store(box.database_url, [box.env["FORWARDER_DATA_KEY"]])
    n_stored = sum(count_by_status(store, Filter()).values())
    store.close()
    return n_stored


def _rows(rounds: list[Round]) -> list[Row]:
    samples = [one for taken in rounds for one in taken.values()]
    about = {
        "client": client_name(),
        "samples_disturbed": sum(one.is_disturbed for one in samples),
        "samples": len(samples),
        "failed": sum(one.load.n_failed for one in samples),
    }
    return [{**found, **about} for found in _all_rows(rounds)]


def _all_rows(rounds: list[Round]) -> Iterator[Row]:
    unit = "requests/s"
    for name, word, goal in ((OURS, "SQLite", 0.2), (OURS_PG, "PostgreSQL", 0.22)):
        pairs = [
            (one[name].load.per_s, one[name].no_op_per_s) for one in _calm(rounds, name)
        ]
        about = "a no-op route of the same server"
        yield row(f"ingest, {word}", unit, about, pairs, Goal(value=goal))
    for name, word in ((OURS, "SQLite"), (OURS_PG, "PostgreSQL")):
        pairs = _side_by_side(rounds, name, DELAY, lambda sample: sample.load.per_s)
        about = "verify, then task.delay(body)"
        yield row(f"ingest, {word}, over .delay", unit, about, pairs, Goal(value=2.5))
    yield row(
        "ingest p99, SQLite",
        "ms",
        "one SQLite commit per request",
        _side_by_side(rounds, OURS, EACH, lambda sample: sample.load.p99_ms),
        Goal(value=1 / 8, reach=AT_MOST),
    )
    yield row(
        "ingest, CPU of the web process",
        "us/request",
        "verify, then task.delay(body)",
        _side_by_side(rounds, OURS, DELAY, lambda sample: sample.cpu_us),
        NO_GOAL,
    )


def _side_by_side(
    rounds: list[Round], ours: str, other: str, figure: Callable[[Sample], float]
) -> list[Pair]:
    return [
        (figure(one[ours]), figure(one[other])) for one in _calm(rounds, ours, other)
    ]


def _calm(rounds: list[Round], *names: str) -> list[Round]:
    """Return the rounds in which nobody disturbed these, all if they are too few."""
    calm = [one for one in rounds if not any(one[name].is_disturbed for name in names)]
    return calm if len(calm) * 2 >= len(rounds) else rounds
