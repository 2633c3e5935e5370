"""Every source's samples through verify and parse, beside decoding the JSON alone."""

import json
import statistics
import time
from collections.abc import Callable
from typing import Final

from bench.measure import AT_MOST, Goal, Row, Size, row
from bench.servers import Room
from forwarder.core import bodies
from forwarder.core.event import Notice, Unreadable
from forwarder.core.source import Options, Source
from forwarder.samples import SIGNED_AT, TEST_SECRETS, cases, load
from forwarder.sources import SOURCES

GOAL_MS: Final = 1.0  # verify and parse, at the median of all sources
OPTIONS: Final = Options(shop="bench", api_key="bench")
Sample = tuple[Source, str, Notice]


def run(room: Room, size: Size) -> list[Row]:
    """Return the rows of this bench."""
    del room
    samples = _samples()
    n_rounds = size.of(15, 3)
    pairs = [_pair(samples, n_rounds) for _ in range(size.n_pairs)]
    slowest = max(samples, key=lambda s: _median_ms(lambda: _take_in(s), 3))
    top = [
        (_median_ms(lambda: _take_in(slowest), n_rounds), _alone_ms(slowest, n_rounds))
        for _ in range(size.n_pairs)
    ]
    name = f"verify and parse, {len(SOURCES)} sources"
    goal = Goal(value=GOAL_MS, reach=AT_MOST, by="ours")
    decoding = "json.loads, or parsing the form, alone"
    return [
        row(f"{name}, median webhook", "ms", decoding, pairs, goal),
        row(f"{name}, slowest sample", "ms", decoding, top, goal),
    ]


def _samples() -> list[Sample]:
    return [
        (module, TEST_SECRETS[source], load(source, case))
        for source, module in SOURCES.items()
        for case in cases(source)
        if not case.startswith("refused-")
    ]


def _pair(samples: list[Sample], n_rounds: int) -> tuple[float, float]:
    """Return the medians over all samples, taken one after the other."""
    ours, alone = [], []
    for sample in samples:
        ours.append(_median_ms(lambda s=sample: _take_in(s), n_rounds))
        alone.append(_alone_ms(sample, n_rounds))
    return statistics.median(ours), statistics.median(alone)


def _take_in(sample: Sample) -> None:
    source, secret, notice = sample
    source.verify(notice, secret, SIGNED_AT, OPTIONS)
    source.delivery_key(notice)
    try:
        source.parse(notice, OPTIONS)
    except Unreadable:
        return


def _alone_ms(sample: Sample, n_rounds: int) -> float:
    body = sample[2].body
    if body[:1] in {b"{", b"["}:
        return _median_ms(lambda: json.loads(body), n_rounds)
    return _median_ms(lambda: bodies.read_form(body), n_rounds)


def _median_ms(work: Callable[[], object], n_rounds: int) -> float:
    times_s = []
    for _ in range(n_rounds):
        started_s = time.perf_counter()
        work()
        times_s.append(time.perf_counter() - started_s)
    return statistics.median(times_s) * 1000
