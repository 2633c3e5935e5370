"""How fast stored events reach the sandbox and are settled, beside the usual ways.

The counter is the sandbox's. Enqueueing is left out of the usual ways' time, although
it costs them as much again.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psycopg
from celery import Celery

from bench import naive
from bench.batches import python_with_batches
from bench.measure import AT_MOST, Goal, Row, Size, row
from bench.orders import order
from bench.servers import ACCOUNT, Room, cpu_s
from bench.stored import Pattern, drop, fill

N_CPU: Final = 2
WARM_N: Final = 20
BATCH: Final = 1_000  # ours warms up with one
WITHIN_S: Final = 60.0
US: Final = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What one way did with its events."""

    per_s: float
    cpu_us: float  # of the worker and its children, per event


Way = Callable[[], Sample]


@dataclass(slots=True)
class CeleryWay:
    """A running Celery worker that is measured on one task."""

    room: Room
    name: str
    task: str
    n_events: int
    python: Path
    pool: Sequence[str]
    app: Celery | None = None
    process: "subprocess.Popen[bytes] | None" = None
    marks_url: str = ""

    def start(self) -> None:
        """Start the worker on a queue of its own and let it send a few events."""
        redis_url = f"{self.room.redis.url[:-1]}{_database_of(self.task)}"
        self.marks_url = self.room.postgres_url()
        with psycopg.connect(self.marks_url, autocommit=True) as connection:
            connection.execute(naive.MARKS)
        env = {
            **os.environ,
            naive.REDIS_URL: redis_url,
            naive.MARKS_URL: self.marks_url,
            naive.EVENTS_URL: (
                f"{self.room.sandbox.base_url}/ad_accounts/{ACCOUNT}/events"
            ),
        }
        command = [str(self.python), "-m", "celery", "-A", "bench.naive", "worker"]
        command += ["--loglevel=WARNING", "-Q", naive.WARM, *self.pool]
        self.app = Celery("bench-forward", broker=redis_url)
        self.process = self.room.start(self.name, command, env)
        self._run(naive.WARM, WARM_N, lambda _: None)

    def __call__(self) -> Sample:
        return self._run(naive.WORK, self.n_events, self._release)

    def _run(
        self, queue: str, n_events: int, release: Callable[[Celery], None]
    ) -> Sample:
        process, app = self.process, self.app
        if process is None or app is None:
            raise RuntimeError("the worker has not been started")
        self.room.sandbox.clear()
        self._enqueue(app, queue, n_events)
        used_s, started_s = cpu_s(process.pid), time.perf_counter()
        release(app)
        self.room.sandbox.wait_for(n_events, WITHIN_S)
        wall_s = time.perf_counter() - started_s
        self._wait_for_marks()
        used_s = cpu_s(process.pid) - used_s
        app.control.cancel_consumer(naive.WORK, reply=True, timeout=1)
        return Sample(per_s=n_events / wall_s, cpu_us=used_s / n_events * US)

    def _enqueue(self, app: Celery, queue: str, n_events: int) -> None:
        now = datetime.now(UTC)  # noqa: TID251  a door: the orders are made now
        orders = [order(one, now) for one in self.room.serials.take(n_events)]
        ids = [(naive.event_id(json.loads(one.body)), "pending") for one in orders]
        with psycopg.connect(self.marks_url, autocommit=True) as connection:
            connection.execute("TRUNCATE marks")
            connection.cursor().executemany("INSERT INTO marks VALUES (%s, %s)", ids)
        with app.producer_pool.acquire(block=True) as producer:
            for one in orders:
                app.send_task(
                    self.task,
                    args=[one.body.decode()],
                    queue=queue,
                    producer=producer,
                    ignore_result=True,
                )

    def _release(self, app: Celery) -> None:
        app.control.add_consumer(naive.WORK)

    def _wait_for_marks(self) -> None:
        until_s = time.monotonic() + WITHIN_S
        query = "SELECT count(*) FROM marks WHERE status = 'pending'"
        with psycopg.connect(self.marks_url, autocommit=True) as connection:
            while _count(connection, query):
                if time.monotonic() > until_s:
                    raise TimeoutError(f"{self.name} left events unmarked")
                time.sleep(0.02)


def _count(connection: "psycopg.Connection[Any]", query: str) -> int:
    found = connection.execute(query.encode()).fetchone()
    return 0 if found is None else int(found[0])


def _database_of(task: str) -> int:
    """Return a Redis database for each way, so that their queues never mix."""
    return ("one", "kept", "many").index(task) + 1


@dataclass(frozen=True, slots=True)
class OurWay:
    """A worker process of ours, started anew on a copy of a filled database."""

    room: Room
    name: str
    pattern: Pattern

    def __call__(self) -> Sample:
        box = self.pattern.copy(self.room, self.name)
        self.room.sandbox.clear()
        command = [sys.executable, "-m", "bench.drainer"]
        process = self.room.start(self.name, command, box.env)
        told(process)
        say(process)
        taken = told(process)
        process.wait()
        self._check(taken["n"])
        drop(self.room, box)
        return Sample(
            per_s=taken["n"] / taken["wall_s"], cpu_us=taken["cpu_s"] / taken["n"] * US
        )

    def _check(self, n_settled: int) -> None:
        n_unique = self.room.sandbox.counts()["unique"]
        if not n_settled + BATCH == n_unique == self.pattern.n_events:
            raise RuntimeError(
                f"{n_settled} settled, {n_unique} in the sandbox, "
                f"{self.pattern.n_events} stored"
            )


def told(process: "subprocess.Popen[bytes]") -> dict[str, Any]:
    """Return the next line of JSON that a process prints."""
    if process.stdout is None:
        raise RuntimeError("the process has no output")
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{process.args!r} ended early, see its log")
    found: dict[str, Any] = json.loads(line)
    return found


def say(process: "subprocess.Popen[bytes]") -> None:
    """Tell a process to go on."""
    if process.stdin is None:
        raise RuntimeError("the process takes no input")
    process.stdin.write(b"go\n")
    process.stdin.flush()


def run(room: Room, size: Size) -> list[Row]:
    """Return the rows of this bench."""
    rounds = []
    ways = _ways(room, size)
    for number in range(size.n_pairs):
        names = list(ways)[:: -1 if number % 2 else 1]
        taken = {name: ways[name]() for name in names}
        rounds.append(taken)
    return list(_rows(rounds))


def _ways(room: Room, size: Size) -> dict[str, Way]:
    n_ours = size.of(5_000, 1_000) + BATCH
    url = room.postgres_url()
    ways: dict[str, Way] = {
        "pg": OurWay(room, "drain-pg", fill(room, room.install("pg", url), n_ours)),
        "sqlite": OurWay(room, "drain", fill(room, room.install("lite"), n_ours)),
    }
    n_naive, python = size.of(500, 100), Path(sys.executable)
    prefork = ("--pool=prefork", f"--concurrency={N_CPU}")
    celery = [
        CeleryWay(room, "naive", "one", n_naive, python, prefork),
        CeleryWay(room, "kept", "kept", n_naive, python, prefork),
    ]
    own = None if size.is_quick else python_with_batches()
    if own is not None:
        celery.append(CeleryWay(room, "batches", "many", 2_000, own, prefork))
    for way in celery:
        way.start()
        ways[way.name] = way
    return ways


def _rows(rounds: Sequence[Mapping[str, Sample]]) -> Iterator[Row]:
    naive_name = "one Celery task and one requests.post per event, prefork 2"
    kept_name = "one Celery task per event, connection kept open, prefork 2"
    yield _rate("forward, PostgreSQL", "pg", "naive", naive_name, rounds, 15)
    yield _rate("forward, SQLite", "sqlite", "naive", naive_name, rounds, 15)
    yield _rate("forward, PostgreSQL, over kept", "pg", "kept", kept_name, rounds, None)
    if "batches" in rounds[0]:
        name = "celery-batches of 1,000, prefork 2"
        yield _rate(
            "forward, PostgreSQL, over batches", "pg", "batches", name, rounds, 4
        )
        yield _rate(
            "forward, SQLite, over batches", "sqlite", "batches", name, rounds, 4
        )
    for word, mine in (("PostgreSQL", "pg"), ("SQLite", "sqlite")):
        yield row(
            f"forward, worker CPU, {word}",
            "us/event",
            naive_name,
            [(one[mine].cpu_us, one["naive"].cpu_us) for one in rounds],
            Goal(value=1 / 15, reach=AT_MOST),
        )


def _rate(
    name: str,
    mine: str,
    other: str,
    other_name: str,
    rounds: Sequence[Mapping[str, Sample]],
    goal: float | None,
) -> Row:
    pairs = [(one[mine].per_s, one[other].per_s) for one in rounds]
    return row(name, "events/s", other_name, pairs, Goal(value=goal))
