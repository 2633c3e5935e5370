"""The month's gap report from a million conversions: time and memory of the command."""

import csv
import os
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from bench.measure import AT_MOST, Goal, Row, Size, alone
from bench.million import daily_counts, fill_mirror, fill_settled, one_shop
from bench.servers import KEY, ROOT, Installation, Room
from bench.stored import upgrade_box
from forwarder.store import open_store

MIRRORED: Final = 0.755  # of all; some of our deliveries are refunds
TAG_SEES: Final = 0.8  # of what we know to have a click
EPOCH_ON: Final = date(1970, 1, 1)
SENT_KINDS: Final = {"checkout", "signup", "add_to_cart", "lead", "page_visit"}
MB: Final = 1024.0  # ru_maxrss counts kilobytes


def run(room: Room, size: Size) -> list[Row]:
    """Return the rows of this bench."""
    return [*_one(room, size, "SQLite"), *_one(room, size, "PostgreSQL")]


def _one(room: Room, size: Size, word: str) -> list[Row]:
    url = "" if word == "SQLite" else room.postgres_url()
    box = room.install(f"report-{word}", url)
    upgrade_box(box)
    month = _fill(room.folder, box, size.of(1_000_000, 5_000))
    _forwarder(box, *_import_words(room.folder, "attribution"))
    times_s, peaks_mb = zip(
        *(_forwarder(box, *_report_words(month)) for _ in range(size.of(2, 1))),
        strict=True,
    )
    name = f"month report, 1 M conversions x 740 k of the tag, {word}"
    return [
        alone(f"{name}, time", "s", times_s, Goal(value=10, reach=AT_MOST)),
        alone(f"{name}, memory", "MB RSS", peaks_mb, Goal(value=1_000, reach=AT_MOST)),
    ]


def _fill(folder: Path, box: Installation, n: int) -> str:
    """Fill the last whole month and write what a tag may have seen of it."""
    now = datetime.now(UTC)  # noqa: TID251  a door: the month before this one
    end = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    first = (end - timedelta(days=1)).replace(day=1)
    store = open_store(box.database_url, [KEY])
    fill_settled(store, n, first, end)
    one_shop(store)
    fill_mirror(store, MIRRORED)
    counts = daily_counts(store)
    store.close()
    with (folder / "tag.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("Date", "Event", "Conversions"))
        for day, kind, count in sorted(counts):
            on = EPOCH_ON + timedelta(days=day)
            if kind in SENT_KINDS and first.date() <= on < end.date():
                writer.writerow((on.isoformat(), kind, round(count * TAG_SEES)))
    return f"{first:%Y-%m}"


def _import_words(folder: Path, level: str) -> list[str]:
    words = ["import", "tag-report", str(folder / "tag.csv"), "--level", level]
    return [*words, "--measures", "tag", "--yes"]


def _report_words(month: str) -> list[str]:
    return ["reconcile", "--month", month, "--format", "json"]


def _forwarder(box: Installation, *words: str) -> tuple[float, float]:
    """Run a command to its end; return its time and its most memory, in MB."""
    started_s = time.perf_counter()
    with (box.folder / "command.log").open("ab") as log:
        process = subprocess.Popen(  # noqa: S603  our own words
            [sys.executable, "-m", "forwarder", *words],
            env=dict(box.env),
            cwd=ROOT,
            stdout=log,
            stderr=log,
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        text = (box.folder / "command.log").read_text(encoding="utf-8")[-2_000:]
        raise RuntimeError(f"forwarder {' '.join(words)}: {text}")
    return time.perf_counter() - started_s, used.ru_maxrss / MB
