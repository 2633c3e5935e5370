"""What all parts of the bench share: pairs, rows, and the state of the machine."""

import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

N_PAIRS: Final = 5
AT_LEAST: Final = "at least"
AT_MOST: Final = "at most"
PACKAGES: Final = (
    "celery",
    "cryptography",
    "flask",
    "granian",
    "msgspec",
    "orjson",
    "psycopg",
    "redis",
    "requests",
    "sqlalchemy",
)

Row = dict[str, Any]
Pair = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much of everything; `--quick` shrinks it to a smoke test."""

    is_quick: bool = False

    def of(self, full: int, quick: int) -> int:
        return quick if self.is_quick else full

    @property
    def n_pairs(self) -> int:
        return self.of(N_PAIRS, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A number to reach, by the ratio of the pair or by our own figure."""

    value: float | None
    reach: str = AT_LEAST
    by: str = "ratio"

    def is_met(self, figure: float) -> bool | None:
        if self.value is None:
            return None
        if self.reach == AT_LEAST:
            return figure >= self.value
        return figure <= self.value


NO_GOAL: Final = Goal(value=None)


def row(
    name: str, unit: str, baseline_name: str, pairs: Sequence[Pair], goal: Goal
) -> Row:
    """Return a row of paired samples: ours and the baseline, taken close together."""
    ours, baseline = zip(*pairs, strict=True)
    ratio = spread([one / other for one, other in pairs])
    own = statistics.median(ours)
    return {
        "name": name,
        "unit": unit,
        "ours": figure(own),
        "ours_range": [figure(min(ours)), figure(max(ours))],
        "baseline": figure(statistics.median(baseline)),
        "baseline_name": baseline_name,
        "ratio": ratio,
        **_goal(goal, ratio["median"] if goal.by == "ratio" else own),
        "pairs": len(pairs),
        "load": round(os.getloadavg()[0], 1),
    }


def alone(name: str, unit: str, samples: Sequence[float], goal: Goal) -> Row:
    """Return a row that stands for itself: no baseline, the goal is absolute.

    Its ratio is that of the samples to the goal, or to their median without one.
    """
    own = statistics.median(samples)
    measure = own if goal.value is None else goal.value
    return {
        "name": name,
        "unit": unit,
        "ours": figure(own),
        "ours_range": [figure(min(samples)), figure(max(samples))],
        "baseline": figure(measure),
        "baseline_name": "its own median" if goal.value is None else "the goal",
        "ratio": spread([one / measure for one in samples]),
        **_goal(replace(goal, by="ours"), own),
        "pairs": len(samples),
        "load": round(os.getloadavg()[0], 1),
    }


def _goal(goal: Goal, reached: float) -> Row:
    return {
        "goal": None if goal.value is None else figure(goal.value),
        "goal_is": f"{goal.by} {goal.reach}",
        "met": goal.is_met(reached),
    }


def spread(values: Sequence[float]) -> dict[str, float]:
    return {
        "min": figure(min(values)),
        "median": figure(statistics.median(values)),
        "max": figure(max(values)),
    }


def figure(value: float) -> float:
    """Return the value with three significant digits, enough for a noisy machine."""
    return float(f"{value:.3g}")


def quantile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that this share of all values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered)) - 1))]


def timed_s(work: Callable[[], object]) -> float:
    started_s = time.perf_counter()
    work()
    return time.perf_counter() - started_s


def conditions(folder: Path) -> Mapping[str, Any]:
    """Return what decides the figures besides the code."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "cpu": _cpu_name(),
        "cores": len(os.sched_getaffinity(0)),
        "load_at_start": [round(one, 1) for one in os.getloadavg()],
        "fdatasync_ms": fdatasync_ms(folder),
        "packages": {name: version(name) for name in PACKAGES},
    }


def fdatasync_ms(folder: Path, n: int = 200) -> float:
    """Return the median time to append 6 KB and have the disk acknowledge it."""
    path = folder / "fdatasync"
    piece = os.urandom(6 * 1024)
    with path.open("wb", buffering=0) as file:

        def append() -> None:
            file.write(piece)
            os.fdatasync(file.fileno())

        times_s = [timed_s(append) for _ in range(n)]
    path.unlink()
    return figure(statistics.median(times_s) * 1000)


def _cpu_name() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = (line.partition(":")[2].strip() for line in lines if "model name" in line)
    return next(names, platform.machine())
