"""The console's log page over a million deliveries, on both databases."""

import json
import os
import subprocess
import sys
from typing import Final

from bench.claim import with_settled
from bench.measure import AT_MOST, Goal, Row, Size, alone, quantile
from bench.servers import ROOT, Room
from bench.stored import fill

N_SHOWN: Final = 5
WITHIN_S: Final = 300


def run(room: Room, size: Size) -> list[Row]:
    """Return the rows of this bench."""
    rows = []
    for word, is_sqlite in (("SQLite", True), ("PostgreSQL", False)):
        if size.is_quick and not is_sqlite:
            continue
        times_ms = _times_ms(room, word.lower(), size, is_sqlite=is_sqlite)
        worst = sorted(times_ms, key=times_ms.__getitem__, reverse=True)
        found = alone(
            f"console log page, 1 M deliveries, worst filter, {word}",
            "ms",
            [max(times_ms.values())],
            Goal(value=150, reach=AT_MOST),
        )
        found["ours_range"] = [min(times_ms.values()), max(times_ms.values())]
        found["queries"] = len(times_ms)
        found["p50_ms"] = quantile(list(times_ms.values()), 0.5)
        found["slowest"] = {name: times_ms[name] for name in worst[:N_SHOWN]}
        rows.append(found)
    return rows


def _times_ms(
    room: Room, word: str, size: Size, *, is_sqlite: bool
) -> dict[str, float]:
    box = room.install(f"console-{word}", "" if is_sqlite else room.postgres_url())
    fill(room, box, 20)
    with_settled(box, size.of(1_000_000, 5_000)).close()
    told = subprocess.run(
        [sys.executable, "-m", "bench.pages"],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, **box.env},
        cwd=ROOT,
        timeout=WITHIN_S,
    ).stdout
    found: dict[str, float] = json.loads(told)
    return found
