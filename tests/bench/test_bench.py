import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench.__main__ import main, table
from bench.ingest import Sample, _calm
from bench.load import Load, _by_sockets
from bench.measure import AT_MOST, Goal, Size, alone, fdatasync_ms, quantile, row
from bench.orders import (
    FIRST_SERIAL,
    SECRET,
    Serials,
    order,
    read_requests,
    write_requests,
)
from bench.servers import Room
from forwarder.core.source import Options
from forwarder.sources import shopify
from tests.servers import free_port

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
SHAPE = {"name", "unit", "ours", "baseline", "baseline_name", "ratio", "goal", "met"}
LOAD = Load(n_answered=1, per_s=1, p50_ms=1, p99_ms=1, max_ms=1, n_failed=0)


@pytest.mark.slow
def test_a_quick_run_writes_rows_of_the_promised_shape(tmp_path: Path) -> None:
    parts = ["--only", "transform", "--only", "claim"]

    assert 0 == main(["--quick", *parts, "--out", str(tmp_path)])
    rows = json.loads((tmp_path / "bench.json").read_text(encoding="utf-8"))
    assert {"transform", "claim"} == {one["part"] for one in rows}
    assert [True] * len(rows) == [set(one) >= SHAPE for one in rows]
    assert {"min", "median", "max"} == set(rows[0]["ratio"])
    told = json.loads((tmp_path / "conditions.json").read_text(encoding="utf-8"))
    assert told["quick"]
    assert told["fdatasync_ms"] > 0


def test_a_ratio_is_taken_pair_by_pair() -> None:
    found = row("a", "s", "b", [(1, 2), (6, 2), (4, 2)], Goal(value=2))

    assert {"min": 0.5, "median": 2.0, "max": 3.0} == found["ratio"]
    assert (4.0, 2.0, True) == (found["ours"], found["baseline"], found["met"])


@pytest.mark.parametrize(
    ("goal", "verdict"),
    [
        (Goal(value=2.5), True),
        (Goal(value=3.5), False),
        (Goal(value=3.5, reach=AT_MOST), True),
        (Goal(value=2.5, reach=AT_MOST), False),
        (Goal(value=None), None),
    ],
)
def test_a_figure_alone_is_judged_by_itself(goal: Goal, verdict: object) -> None:
    assert verdict is alone("a", "s", [2.0, 3.0, 9.0], goal)["met"]


def test_a_table_names_goal_and_verdict() -> None:
    rows = [
        row("a", "s", "b", [(3, 1)], Goal(value=2)),
        alone("c", "MB", [250], Goal(value=200, reach=AT_MOST)),
    ]
    lines = table(rows).splitlines()

    assert lines[2] == "| a | s | 3 | 1 | b | 3 (3-3) | ratio ≥ 2 | yes |"
    assert lines[3].endswith("| ours ≤ 200 | NO |")


def test_a_quick_run_is_small() -> None:
    assert (1, 5) == (Size(is_quick=True).n_pairs, Size().n_pairs)


def test_a_quantile_is_a_value_that_was_measured() -> None:
    assert [1, 5, 10] == [quantile(range(1, 11), one) for one in (0.0, 0.5, 1.0)]


def test_the_disk_is_timed(tmp_path: Path) -> None:
    assert fdatasync_ms(tmp_path, 3) > 0
    assert [] == list(tmp_path.iterdir())


def test_every_order_is_genuine_and_somebody_elses() -> None:
    serials = Serials()
    first, second = (order(one, NOW) for one in serials.take(2))

    assert FIRST_SERIAL + 2 == serials.take(1)[0]
    assert first.body != second.body
    assert shopify.delivery_key(first) != shopify.delivery_key(second)
    options = Options(shop="my-shop")
    shopify.verify(first, SECRET, NOW, options)
    events = [shopify.parse(one, options).events[0] for one in (first, second)]
    assert events[0].person.email != events[1].person.email


def test_requests_are_read_as_they_were_written(tmp_path: Path) -> None:
    file = write_requests(tmp_path, range(10_000_000, 10_000_003), NOW)
    found = read_requests(file)

    assert 3 == len(found)
    assert found[2].endswith(order(10_000_002, NOW).body)


def test_what_was_disturbed_is_left_out_unless_little_is_left() -> None:
    def taken(*, is_disturbed: bool) -> dict[str, Sample]:
        one = Sample(load=LOAD, cpu_us=1, no_op_per_s=1, is_disturbed=is_disturbed)
        return {"sqlite": one}

    calm, wild = taken(is_disturbed=False), taken(is_disturbed=True)
    assert [calm, calm] == _calm([calm, wild, calm], "sqlite")
    assert [wild, calm, wild] == _calm([wild, calm, wild], "sqlite")


@pytest.mark.slow
def test_our_own_client_counts_what_was_answered(tmp_path: Path) -> None:
    with Room.open() as room:
        port, serials = free_port(), room.serials.take(50)
        command = [sys.executable, "-m", "bench.doors", "no_op", str(port)]
        room.start("door", command, os.environ, port)
        file = write_requests(tmp_path, serials, NOW)
        found = _by_sockets(port, file, 0.3)

    assert 0 == found.n_failed
    assert found.n_answered > 0
    assert found.p50_ms <= found.p99_ms <= found.max_ms
