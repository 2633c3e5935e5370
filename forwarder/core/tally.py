"""Counts what happens in this process, until the store adds it to other counts."""

import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

Key = tuple[str, tuple[str, ...]]


class Tally:
    """Counts by name and label values. Thread-safe; a count costs under a µs."""

    def __init__(self) -> None:
        """Start with nothing counted."""
        self._lock = threading.Lock()
        self._new: defaultdict[Key, float] = defaultdict(float)

    def add(self, name: str, labels: tuple[str, ...], n: float = 1) -> None:
        """Count `n` more."""
        with self._lock:
            self._new[name, labels] += n

    def observe(
        self, name: str, labels: tuple[str, ...], value: float, edges: Sequence[float]
    ) -> None:
        """Count a value into the first bucket it fits in, and into the sum."""
        edge = next((edge for edge in edges if value <= edge), float("inf"))
        with self._lock:
            self._new[f"{name}_bucket", (*labels, f"{edge:g}")] += 1
            self._new[f"{name}_sum", labels] += value

    def take(self) -> Mapping[Key, float]:
        """Return what is new since the last time, and begin anew."""
        with self._lock:
            new, self._new = self._new, defaultdict(float)
        return new

    def uncounted(self) -> Mapping[Key, float]:
        """Return what nobody has taken yet."""
        with self._lock:
            return dict(self._new)

    def put_back(self, counted: Mapping[Key, float]) -> None:
        """Count again what could not be written."""
        with self._lock:
            for key, n in counted.items():
                self._new[key] += n


tally = Tally()  # one per process: whoever counts need not know who writes

SHORT_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
CALL_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30)
WAY_S: Final = (1, 2, 5, 10, 30, 60, 300, 900, 3_600, 21_600, 86_400, 604_800)
TAKEN_S: Final = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 86_400)
BATCH: Final = (1, 2, 5, 10, 50, 100, 200, 500, 1_000)
