"""`GET /go/<slug>` at a steady 1,000 a second: how long, and whether all were kept."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from bench.load import Load
from bench.measure import AT_MOST, Goal, Row, Size, alone
from bench.servers import KEY, Installation, Room, end_tree, wait_until_ready
from forwarder.core.links import Link
from forwarder.store import Store, links, open_store
from forwarder.store.migrate import upgrade
from forwarder.store.schema_clicks import click_counts, clicks
from tests.servers import find_program, free_port

SCRIPT: Final = Path(__file__).with_name("clicks.lua")
N_CONNECTIONS: Final = 35
PAUSE_MS: Final = 30  # of each connection: with the answers about 1,080 a second
SECONDS: Final = 60
QUICK_SECONDS: Final = 4
NO_OP_SECONDS: Final = 10
P99_MS: Final = 20.0
KEPT_WITHIN_S: Final = 120.0
SETTINGS: Final = '\n[clicks]\nallowed_hosts = ["shop.example.com"]\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What the database holds of a run: rows, different clicks, and their count."""

    n_rows: int
    n_different: int
    n_counted: int


def run(room: Room, size: Size) -> list[Row]:
    """Return the rows of this bench."""
    seconds, no_op = size.of(SECONDS, QUICK_SECONDS), _no_op(room)
    return [_steady(room, seconds, no_op), _cut(room, seconds, no_op)]


def _no_op(room: Room) -> int:
    """Start a route of the same server that leads on and does nothing; give its port.

    What it takes under the same clicks is not ours: the machine's, and the server's.
    """
    port = free_port()
    command = [sys.executable, "-m", "bench.doors", "no_op", str(port)]
    room.start("no-op", command, os.environ, port)
    return port


def _steady(room: Room, seconds: int, no_op: int) -> Row:
    """Measure one box: SQLite, web, worker and beat."""
    idle = put_clicks(no_op, min(seconds, NO_OP_SECONDS), "n")
    box, port = _installed(room, "clicks", ""), free_port()
    served = room.forwarder(box, "serve", port=port)
    wait_until_ready(port)
    with closing(_opened(box)) as store:
        _warm(port, store)
        load = put_clicks(port, seconds, "s")
        kept = _wait_for(store, load.n_answered)
    end_tree(served)
    return _row("GET /go, p99 at 1,000/s, one box", load, kept, idle)


def _cut(room: Room, seconds: int, no_op: int) -> Row:
    """Measure a web process while its PostgreSQL is gone for the middle third."""
    idle = put_clicks(no_op, min(seconds, NO_OP_SECONDS), "n")
    box, port = _installed(room, "clicks-cut", room.postgres_url()), free_port()
    with closing(_opened(box)) as store:
        served = room.forwarder(box, "web", port=port)
        _warm(port, store)
        outage = threading.Thread(
            target=_outage,
            args=(room.postgres.stop, room.postgres.start, seconds / 3),
        )
        outage.start()
        load = put_clicks(port, seconds, "c")
        outage.join()
        kept = _wait_for(store, load.n_answered)
    end_tree(served)
    return _row("GET /go, p99 at 1,000/s, its PostgreSQL stopped", load, kept, idle)


def _outage(
    stop: Callable[[], None], start: Callable[[], None], third_s: float
) -> None:
    time.sleep(third_s)
    stop()
    time.sleep(third_s)
    start()


def _installed(room: Room, name: str, database_url: str) -> Installation:
    box = room.install(name, database_url)
    file = box.folder / "forwarder.toml"
    file.write_text(file.read_text(encoding="utf-8") + SETTINGS, encoding="utf-8")
    return box


def _opened(box: Installation) -> Store:
    store = open_store(box.database_url, [KEY])
    upgrade(store)
    link = Link(slug="bench", to="https://shop.example.com/spring?ref=a#top")
    links.add(store, link, store.now())
    return store


def _warm(port: int, store: Store) -> None:
    """Follow the link until the web process knows it, then forget those clicks."""
    n_answered = put_clicks(port, 1, "w").n_answered
    _wait_for(store, n_answered)
    time.sleep(1)
    with store.write() as connection:
        for table in (clicks, click_counts):
            connection.execute(sa.delete(table))


def put_clicks(port: int, seconds: float, name: str) -> Load:
    """Click for so long, about 1,000 times a second, each time as somebody else."""
    command = [find_program("wrk"), "-t1", f"-c{N_CONNECTIONS}"]
    command += [f"-d{round(seconds)}s", "--timeout", "10s", "-s", str(SCRIPT)]
    command += [f"http://127.0.0.1:{port}/", "--", str(PAUSE_MS), name]
    told = subprocess.run(  # noqa: S603  our own words
        command, check=True, capture_output=True, text=True
    ).stdout
    found = json.loads(told.strip().splitlines()[-1])
    n_answered = found["requests"] - found["failed"]
    return Load(
        n_answered=n_answered,
        per_s=n_answered / found["duration_s"],
        p50_ms=found["p50_ms"],
        p99_ms=found["p99_ms"],
        max_ms=found["max_ms"],
        n_failed=found["failed"],
    )


def _wait_for(store: Store, n_clicks: int) -> Kept:
    """Return what is kept, once there are so many and no more come."""
    until_s = time.monotonic() + KEPT_WITHIN_S
    last, found = None, kept_in(store)
    while (found.n_rows < n_clicks or found != last) and time.monotonic() < until_s:
        time.sleep(2.5)
        last, found = found, kept_in(store)
    return found


def kept_in(store: Store) -> Kept:
    """Return what the database holds now."""
    different = sa.func.count(clicks.c.epik_mac.distinct())
    with store.read() as connection:
        n_rows, n_different = connection.execute(
            sa.select(sa.func.count(), different).select_from(clicks)
        ).one()
        n_counted = connection.execute(
            sa.select(sa.func.coalesce(sa.func.sum(click_counts.c.n), 0))
        ).scalar_one()
    return Kept(n_rows=n_rows, n_different=n_different, n_counted=int(n_counted))


def _row(name: str, load: Load, kept: Kept, idle: Load) -> Row:
    """Return the row; it is met only if no click was lost and none counted twice."""
    n_lost = max(0, load.n_answered - kept.n_different)
    n_twice = max(kept.n_rows, kept.n_counted) - kept.n_different
    found = alone(name, "ms", [load.p99_ms], Goal(value=P99_MS, reach=AT_MOST))
    is_whole = n_lost == 0 and n_twice == 0 and load.n_failed == 0
    return {
        **found,
        "met": bool(found["met"]) and is_whole,
        "per_s": round(load.per_s),
        "p50_ms": load.p50_ms,
        "max_ms": load.max_ms,
        "no_op_p99_ms": idle.p99_ms,
        "n_answered": load.n_answered,
        "n_failed": load.n_failed,
        "n_lost": n_lost,
        "n_twice": n_twice,
    }
