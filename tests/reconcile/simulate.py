"""`make simulate`: how often the bands hold the truth, and how wide they are.

Three worlds: the method's own generator, and two of other mechanisms on which nothing
was tuned. Prints the tables and writes them into docs/reconciliation.md.
"""

import argparse
import os
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from forwarder.reconcile import estimate_month
from tests.reconcile.formulas import plain_bands
from tests.reconcile.months import Scenario, aggregate_month, event_month
from tests.reconcile.other_months import (
    OTHERS,
    Other,
    other_aggregate_month,
    other_event_month,
)

PAGE = Path(__file__).parents[2] / "docs" / "reconciliation.md"
BLOCK = re.compile(r"(<!-- simulated -->\n).*?(<!-- simulated end -->)", re.DOTALL)
VOLUMES = (30, 100, 300, 1_000, 3_000, 10_000)
MONTHS = {30: 300, 100: 300, 300: 300, 1_000: 300, 3_000: 200, 10_000: 150}
NEEDED = {"95": 0.93, "90": 0.875}
WIDEST, WIDEST_ELSEWHERE = 1.10, 1.15  # times the published widths, times the formulas
COMPARED = 40  # months of a cell on which the plain formulas are run as well
CHUNK = 50
ALPHAS = {"95": 0.05, "90": 0.10}
PUBLISHED = {  # mean width: percent of the truth's ratio or total; points for shares
    ("event", "N", "95"): (73.0, 38.3, 27.7, 21.7, 18.6, 17.3),
    ("event", "N", "90"): (58.1, 32.6, 24.8, 20.2, 17.7, 16.8),
    ("event", "uplift", "95"): (86.5, 42.1, 23.7, 13.0, 7.7, 4.5),
    ("event", "uplift", "90"): (70.9, 35.1, 19.8, 10.9, 6.4, 3.8),
    ("event", "gap", "95"): (69.7, 36.2, 20.5, 11.3, 6.5, 3.6),
    ("event", "gap", "90"): (57.5, 30.0, 17.1, 9.4, 5.4, 3.0),
    ("event", "tag_coverage", "95"): (31.8, 18.1, 10.6, 5.9, 3.4, 2.0),
    ("event", "tag_coverage", "90"): (27.0, 15.3, 8.9, 4.9, 2.9, 1.6),
    ("aggregate", "gap", "95"): (83.5, 45.8, 29.0, 19.1, 13.5, 9.6),
    ("aggregate", "gap", "90"): (68.8, 38.0, 24.3, 16.3, 11.8, 8.6),
    ("aggregate", "revenue_gap", "95"): (116.9, 61.2, 37.3, 23.5, 16.5, 11.4),
    ("aggregate", "revenue_gap", "90"): (95.5, 50.7, 31.1, 19.9, 14.2, 10.1),
}
EVENT = {
    "odds ratio 1": Scenario(odds_ratio=1),
    "odds ratio 1, links worst": Scenario(odds_ratio=1, links=0.01),
    "odds ratio 2, heavy outages": Scenario(odds_ratio=2, heavy=True),
    "odds ratio 3": Scenario(odds_ratio=3),
    "odds ratio 3, links kept": Scenario(odds_ratio=3, links=0.0),
    "odds ratio 1 to 3": Scenario(odds_ratio=0),  # drawn for each month
    "delivery, odds ratio 1": Scenario(level="delivery", odds_ratio=1),
    "delivery, odds ratio 3": Scenario(level="delivery", odds_ratio=3),
}
NO_FACTOR = (0.0, 0.0)
AGGREGATE = {
    "booked by click, UTC-8": Scenario(
        factor=NO_FACTOR, by_click=True, offset_h=-8, window_days=30
    ),
    "clean": Scenario(factor=NO_FACTOR, window_days=30),
    "factor +8%": Scenario(factor=(0.08, 0.08), window_days=30),
    "factor -3%": Scenario(factor=(-0.03, -0.03), window_days=30),
    "heavy outages": Scenario(heavy=True, window_days=30),
    "7 days of 30": Scenario(factor=NO_FACTOR, window_days=7),
    "UTC+7": Scenario(factor=NO_FACTOR, offset_h=7, window_days=30),
}


@dataclass
class Tally:
    """What a cell has seen so far: per band how often it held, and its width."""

    n: int = 0
    held: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    width: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    n_compared: int = 0
    ours: float = 0.0
    plain: float = 0.0

    def add(self, other: "Tally") -> None:
        self.n += other.n
        self.n_compared += other.n_compared
        self.ours += other.ours
        self.plain += other.plain
        for level in ALPHAS:
            self.held[level] += other.held[level]
            self.width[level] += other.width[level]

    def share(self, level: str) -> float:
        return self.held[level] / self.n


Cell = tuple[str, str, str, str, int]  # world, mode, scenario, estimand, volume


@dataclass(frozen=True)
class Job:
    world: str
    mode: str
    scenario: str
    volume: int
    first: int
    last: int


def run_job(job: Job) -> dict[Cell, Tally]:
    found: dict[Cell, Tally] = defaultdict(Tally)
    for number in range(job.first, job.last):
        for month, truth in _months(job, number):
            _judge(job, month, truth, found, compare=_is_compared(job, number))
    return dict(found)


def _is_compared(job: Job, number: int) -> bool:
    """Say whether to run the plain formulas too; the reference has published widths."""
    return job.world != "reference" and number < COMPARED


def _months(job: Job, number: int) -> Iterator[tuple[dict[str, Any], dict[str, float]]]:
    words = f"{job.world}|{job.mode}|{job.scenario}|{job.volume}"
    seed = [number, *words.encode()]
    for ledger in (False, True) if job.mode == "event" else (False,):
        rng = np.random.default_rng(seed)
        if job.world != "reference":
            other = next(one for one in OTHERS if one.name == job.scenario)
            yield _other(rng, job, other, ledger=ledger)
        elif job.mode == "aggregate":
            yield aggregate_month(rng, job.volume, AGGREGATE[job.scenario])
        else:
            scenario = EVENT[job.scenario]
            if scenario.odds_ratio == 0:
                drawn = float(np.exp(rng.uniform(0, np.log(3))))
                scenario = Scenario(odds_ratio=drawn)
            yield event_month(rng, job.volume, scenario, ledger=ledger)


def _other(
    rng: np.random.Generator, job: Job, other: Other, *, ledger: bool
) -> tuple[dict[str, Any], dict[str, float]]:
    if job.mode == "aggregate":
        return other_aggregate_month(rng, job.volume, other)
    return other_event_month(rng, job.volume, other, ledger=ledger)


def _judge(
    job: Job,
    month: dict[str, Any],
    truth: dict[str, float],
    found: dict[Cell, Tally],
    *,
    compare: bool,
) -> None:
    bands = estimate_month(month)
    if month.get("ledger_total") is not None:  # the rest was judged without it
        bands = {k: v for k, v in bands.items() if k.endswith("coverage")}
    plain = plain_bands(month, 0.05) if compare else {}
    for name, ends in bands.items():
        tally = found[job.world, job.mode, job.scenario, name, job.volume]
        tally.n += 1
        scale = _scale(name, truth)
        for level, (low, high) in ends.items():
            tally.held[level] += low <= truth[name] <= high
            tally.width[level] += (high - low) * scale
        if name in plain:
            tally.n_compared += 1
            tally.ours += (ends["95"][1] - ends["95"][0]) * scale
            tally.plain += (plain[name][1] - plain[name][0]) * scale


def _scale(name: str, truth: dict[str, float]) -> float:
    if name == "N":
        return 100 / truth["N"]
    return 100 / (1 - truth[name]) if name.endswith("gap") else 100


def jobs(months: Callable[[int], int], volumes: Iterable[int]) -> list[Job]:
    scenarios = [("reference", "event", name) for name in EVENT]
    scenarios += [("reference", "aggregate", name) for name in AGGREGATE]
    scenarios += [
        (other.mechanism, mode, other.name)
        for other in OTHERS
        for mode in ("event", "aggregate")
    ]
    return [
        Job(*scenario, volume, first, min(first + CHUNK, months(volume)))
        for volume in sorted(volumes, reverse=True)
        for scenario in scenarios
        for first in range(0, months(volume), CHUNK)
    ]


def simulate(todo: list[Job], n_processes: int) -> dict[Cell, Tally]:
    total: dict[Cell, Tally] = defaultdict(Tally)
    with ProcessPoolExecutor(n_processes) as pool:
        for number, found in enumerate(pool.map(run_job, todo), 1):
            for cell, tally in found.items():
                total[cell].add(tally)
            if number % 50 == 0:
                print(f"{number}/{len(todo)}", file=sys.stderr, flush=True)  # noqa: T201
    return dict(total)


Row = tuple[str, str, str]  # world, mode, estimand


def rows_of(found: dict[Cell, Tally]) -> dict[Row, dict[int, list[Tally]]]:
    rows: dict[Row, dict[int, list[Tally]]] = {}
    for (world, mode, _, name, volume), tally in sorted(found.items()):
        rows.setdefault((world, mode, name), {}).setdefault(volume, []).append(tally)
    return rows


def table(found: dict[Cell, Tally], level: str) -> list[str]:
    volumes = sorted({cell[-1] for cell in found})
    lines = [
        f"| {level}% bands | " + " | ".join(f"{volume:,}" for volume in volumes) + " |",
        "|---" * (len(volumes) + 1) + "|",
    ]
    for row, cells in rows_of(found).items():
        shown = [_cell(row, volume, cells[volume], level) for volume in volumes]
        lines.append(f"| {row[0]}, {row[1]}: {row[2]} | " + " | ".join(shown) + " |")
    return lines


def _cell(row: Row, volume: int, tallies: list[Tally], level: str) -> str:
    worst = min(tally.share(level) for tally in tallies)
    width = _mean_width(tallies, level)
    ratio = _ratio(row, volume, tallies, level)
    beside = "" if ratio is None else f" ({ratio:.2f}x)"
    return f"{worst:.1%} / {width:.1f}{beside}"


def _mean_width(tallies: list[Tally], level: str) -> float:
    return sum(t.width[level] / t.n for t in tallies) / len(tallies)


def _ratio(row: Row, volume: int, tallies: list[Tally], level: str) -> float | None:
    """Return our width over the published one, or over the plain formulas'."""
    published = PUBLISHED.get((row[1], row[2], level))
    if row[0] == "reference" and published is not None:
        return _mean_width(tallies, level) / published[VOLUMES.index(volume)]
    plain = sum(t.plain for t in tallies)
    return sum(t.ours for t in tallies) / plain if level == "95" and plain else None


def failures(found: dict[Cell, Tally]) -> Iterator[str]:
    for cell, tally in sorted(found.items()):
        for level, needed in NEEDED.items():
            if tally.share(level) < needed:
                held = f"{tally.held[level]} of {tally.n}"
                yield f"{', '.join(map(str, cell))}: the {level}% band held {held}"
    for row, cells in rows_of(found).items():
        for volume, tallies in cells.items():
            yield from _too_wide(row, volume, tallies)


def _too_wide(row: Row, volume: int, tallies: list[Tally]) -> Iterator[str]:
    is_published = row[0] == "reference" and (row[1], row[2], "95") in PUBLISHED
    for level in NEEDED:
        ratio = _ratio(row, volume, tallies, level)
        widest = WIDEST if is_published else WIDEST_ELSEWHERE
        if ratio is not None and ratio > widest:
            told = f"{', '.join(row)} at {volume:,}"
            yield f"{told}: {ratio:.2f} times as wide ({level}%)"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--months", type=int, help="per cell, at every volume")
    parser.add_argument("--volumes", type=int, nargs="*", default=VOLUMES)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--dry-run", action="store_true", help="leave the page alone")
    given = parser.parse_args()
    todo = jobs(lambda volume: given.months or MONTHS[volume], given.volumes)
    found = simulate(todo, given.processes)
    text = "\n".join([*table(found, "95"), "", *table(found, "90")])
    print(text)  # noqa: T201
    faults = list(failures(found))
    print("\n".join(faults) or "every cell holds")  # noqa: T201
    if not given.dry_run:
        n_months = sum(tally.n for tally in found.values())
        block = f"{n_months:,} bands of each size were judged.\n\n{text}\n"
        page = PAGE.read_text("utf-8")
        PAGE.write_text(
            BLOCK.sub(lambda m: m[1] + block + m[2], page), encoding="utf-8"
        )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
