"""`forwarder serve` as one box runs it: start, latency, memory, all at once."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

import requests

from bench.ingest import ORDERS_PER_S
from bench.load import Load, put_load
from bench.measure import AT_MOST, Goal, Row, Size, alone, quantile
from bench.orders import ENDPOINT, order, write_requests
from bench.servers import (
    HTTP_TIMEOUT_S,
    Room,
    end_tree,
    pss_mb,
    wait_until_ready,
)
from tests.servers import free_port

N_STARTS: Final = 5
N_EVENTS: Final = 50
PAUSES_S: Final = (0.31, 0.47, 0.23, 0.59, 0.41)  # out of step with every tick
SETTLE_S: Final = 3.0
SAMPLE_EVERY_S: Final = 0.5
DRAINED_WITHIN_S: Final = 120.0
MS: Final = 1e3


def run(room: Room, size: Size) -> list[Row]:
    """Return the rows of this bench."""
    starts_s = [_start_s(room, number) for number in range(size.of(N_STARTS, 1))]
    box, port = room.install("serve"), free_port()
    served = room.forwarder(box, "serve", port=port)
    wait_until_ready(port)
    time.sleep(SETTLE_S)
    idle_mb = [pss_mb(served.pid) for _ in range(3)]
    latencies_s = _latencies_s(room, port, size.of(N_EVENTS, 3))
    with _peak(lambda: pss_mb(served.pid)) as peaks_mb:
        loads, wall_s, n_events = _flood(room, port, size)
    end_tree(served)
    p95_s = quantile(latencies_s, 0.95)
    return [
        alone("serve, start to ready", "s", starts_s, Goal(value=3, reach=AT_MOST)),
        {
            **alone(
                "received to accepted by the sandbox, p95",
                "ms",
                [p95_s * MS],
                Goal(value=1_000, reach=AT_MOST),
            ),
            "p50_ms": round(quantile(latencies_s, 0.5) * MS, 1),
            "ours_range": [
                round(min(latencies_s) * MS, 1),
                round(max(latencies_s) * MS, 1),
            ],
            "events": len(latencies_s),
        },
        alone("serve, memory idle", "MB PSS", idle_mb, Goal(value=200, reach=AT_MOST)),
        alone(
            "serve, memory under load, peak",
            "MB PSS",
            [max(peaks_mb)],
            Goal(value=300, reach=AT_MOST),
        ),
        alone(
            "serve, ingest while its worker drains",
            "requests/s",
            [one.per_s for one in loads],
            Goal(value=None),
        ),
        {
            **alone(
                "serve, webhooks to settled in one go",
                "events/s",
                [n_events / wall_s],
                Goal(value=None),
            ),
            "events": n_events,
            "p99_ms_of_ingest": round(max(one.p99_ms for one in loads), 1),
        },
    ]


def _start_s(room: Room, number: int) -> float:
    """Return the time from the command to `/readyz` on a fresh data folder."""
    box, port = room.install(f"start-{number}"), free_port()
    started_s = time.perf_counter()
    served = room.forwarder(box, "serve", port=port)
    wait_until_ready(port)
    taken_s = time.perf_counter() - started_s
    end_tree(served)
    return taken_s


def _latencies_s(room: Room, port: int, n_events: int) -> list[float]:
    """Return, for single orders on an idle system, the time from post to accepted."""
    room.sandbox.clear()
    session = requests.Session()
    sent_at: dict[str, datetime] = {}
    for number, serial in enumerate(room.serials.take(n_events)):
        time.sleep(PAUSES_S[number % len(PAUSES_S)])
        now = datetime.now(UTC)  # noqa: TID251  a door: it is measured
        made = order(serial, now)
        url = f"http://127.0.0.1:{port}/hooks/{ENDPOINT}"
        sent_at[str(serial)] = datetime.now(UTC)  # noqa: TID251
        reply = session.post(
            url, data=made.body, headers=dict(made.headers), timeout=HTTP_TIMEOUT_S
        )
        reply.raise_for_status()
    room.sandbox.wait_for(n_events, DRAINED_WITHIN_S)
    return [
        (
            datetime.fromisoformat(entry["received_at"])
            - _sent(sent_at, entry["event"]["custom_data"]["order_id"])
        ).total_seconds()
        for entry in room.sandbox.entries()
    ]


def _sent(sent_at: dict[str, datetime], order_id: str) -> datetime:
    return next(at for serial, at in sent_at.items() if order_id.endswith(serial))


def _flood(room: Room, port: int, size: Size) -> tuple[list[Load], float, int]:
    """Post for a while as fast as the door takes it; wait until all is delivered."""
    room.sandbox.clear()
    seconds = size.of(5, 1)
    loads = []
    started_s = time.perf_counter()
    for _ in range(size.of(5, 1)):
        now = datetime.now(UTC)  # noqa: TID251  a door: the orders are made now
        serials = room.serials.take(ORDERS_PER_S * seconds)
        file = write_requests(room.folder, serials, now)
        loads.append(put_load(port, file, seconds))
        file.unlink()
    n_events = sum(one.n_answered for one in loads)
    room.sandbox.wait_for(n_events, DRAINED_WITHIN_S, poll_s=0.2)
    return loads, time.perf_counter() - started_s, n_events


@contextmanager
def _peak(measure: Callable[[], float]) -> Iterator[list[float]]:
    """Take samples in a thread as long as the block runs."""
    samples = [measure()]
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(SAMPLE_EVERY_S):
            samples.append(measure())

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield samples
    finally:
        ended.set()
        thread.join()
