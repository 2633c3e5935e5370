"""Every page of the console over a million deliveries, on both databases."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from statistics import median
from typing import Final

from bench import board
from bench.claim import with_settled
from bench.measure import AT_MOST, Goal, Row, Size, alone, quantile
from bench.million import fill_history, fill_notices, fill_payloads
from bench.servers import ROOT, Room
from bench.stored import fill
from forwarder.core.links import Click, ClickClass, Link
from forwarder.insights.gather import prepare
from forwarder.insights.thresholds import Thresholds
from forwarder.store import Store, clicks, conversions, links, volumes

N_SHOWN: Final = 8
WITHIN_S: Final = 600
MEDIAN_MS: Final = 150
P99_MS: Final = 400
N_PINS: Final = 300
N_LINKS: Final = 20
N_CLICKS: Final = 2_000
Times = Mapping[str, Sequence[float]]


def run(room: Room, size: Size) -> list[Row]:
    """Return the rows of this bench."""
    rows = []
    for word, is_sqlite in (("SQLite", True), ("PostgreSQL", False)):
        if size.is_quick and not is_sqlite:
            continue
        times_ms = _times_ms(room, word.lower(), size, is_sqlite=is_sqlite)
        rows += [_worst(word, times_ms), _slowest(word, times_ms)]
    return rows


def fill_board(store: Store) -> None:
    """Know an account of Pinterest until yesterday, and links with clicks on them."""
    last_on = store.now().date() - timedelta(days=1)
    board.fill(store, N_PINS, last_on)
    board.describe(store, N_PINS, last_on)
    for n in range(N_LINKS):
        pin = board.pin_id(n)
        made = Link(slug=f"to-{n}", to="https://shop.example/", pin_id=pin)
        links.add(store, made, store.now())
    clicked = [
        Click(
            id=f"{n}",
            slug=f"to-{n % N_LINKS}",
            at=store.now() - timedelta(hours=n % 700),
            kind=ClickClass.HUMAN,
        )
        for n in range(N_CLICKS)
    ]
    clicks.keep(store, clicked)
    today, limits = store.now().date(), Thresholds()
    prepare(store, today, limits)


def count(store: Store) -> None:
    """Count what a worker counts in the background, from the first event on."""
    conversions.count(store, store.now())
    while store.now() - volumes.count_volumes(store, store.now()) > 2 * volumes.LAG:
        pass


def _worst(word: str, times_ms: Times) -> Row:
    """Return the median of the page or filter that takes longest."""
    medians = {name: median(taken) for name, taken in times_ms.items()}
    worst = sorted(medians, key=medians.__getitem__, reverse=True)
    found = alone(
        f"console, 1 M deliveries: the slowest page or filter, median, {word}",
        "ms",
        [max(medians.values())],
        Goal(value=MEDIAN_MS, reach=AT_MOST),
    )
    found["ours_range"] = [min(medians.values()), max(medians.values())]
    found["addresses"] = len(medians)
    found["slowest"] = {name: medians[name] for name in worst[:N_SHOWN]}
    return found


def _slowest(word: str, times_ms: Times) -> Row:
    """Return the 99th percentile of all requests together."""
    every = [one for taken in times_ms.values() for one in taken]
    found = alone(
        f"console, 1 M deliveries: all pages and filters, p99, {word}",
        "ms",
        [quantile(every, 0.99)],
        Goal(value=P99_MS, reach=AT_MOST),
    )
    found["requests"] = len(every)
    found["p50_ms"] = quantile(every, 0.5)
    return found


def _times_ms(room: Room, word: str, size: Size, *, is_sqlite: bool) -> Times:
    box = room.install(f"console-{word}", "" if is_sqlite else room.postgres_url())
    fill(room, box, 20)
    store = with_settled(box, size.of(1_000_000, 5_000))
    fill_history(store)
    fill_notices(store)
    fill_payloads(store, size.of(20_000, 1_000))
    fill_board(store)
    count(store)
    store.close()
    told = subprocess.run(
        [sys.executable, "-m", "bench.pages"],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **box.env},
        cwd=ROOT,
        timeout=WITHIN_S,
    ).stdout
    found: Times = json.loads(told)
    return found
