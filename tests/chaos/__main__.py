"""`python -m tests.chaos`: the whole matrix, or a part of it, and its table.

Two lanes run side by side, each with servers of its own: most of a run is waiting.
Results are kept as they come; `--resume` goes on where a run of this seed was broken
off. A part that is written replaces its own lines of the table, and no others.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import time  # noqa: TID251 - a door
from typing import Any

from tests.chaos.matrix import Cell, Result, cells, run
from tests.chaos.world import Servers

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reliability.md"
OUTPUT = ROOT / "test-output"
BEGIN, END = "<!-- matrix begin -->\n", "<!-- matrix end -->\n"
SEED = 20_261_122
N_EVENTS = 2_600
N_LANES = 2
HEADINGS = ("Scenario", "What breaks", "Configuration", "Events", "Lost", "Doubled",
            "Sent again", "Seconds", "Seed")  # fmt: skip
COUNTS = ("events", "lost", "doubled", "resent")
Row = Mapping[str, Any]
Lines = Mapping[tuple[str, ...], Sequence[str]]


def main(arguments: Sequence[str]) -> int:
    told = _parser().parse_args(arguments)
    only = [word for word in told.only.split(",") if word]
    chosen = list(cells(told.seed, only))
    if told.cell_seed is not None:
        chosen = [replace(one, seed=told.cell_seed) for one in chosen]
    if told.list:
        say(*chosen, f"{len(chosen)} runs")
        return 0
    file = told.rows or OUTPUT / f"chaos-{told.seed}.jsonl"
    if told.lane is None:
        file.parent.mkdir(exist_ok=True)
        if not told.resume:
            file.unlink(missing_ok=True)
    rows = _known(file, chosen)
    done = {row["cell"] for row in rows}
    alone = [c for c in chosen if c.scenario.is_alone and str(c) not in done]
    beside = [c for c in chosen if not c.scenario.is_alone and str(c) not in done]
    if told.lane is not None:
        run_all(beside[told.lane :: told.lanes], told.events, file)
        return 0
    if beside:
        rows += in_lanes(arguments, told.lanes)
    rows += run_all(alone, told.events, file)
    known = [str(one) for one in cells(told.seed)]
    say("\n".join(as_table(as_lines(rows), known)), took(rows))
    if told.write:
        write(PAGE, rows, told.seed)
    return int(len(rows) < len(chosen) or any(row["wrong"] for row in rows))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make chaos")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--cell-seed", type=int, help="the last column of the table")
    parser.add_argument("--only", default="", help="such as F17,sqlite")
    parser.add_argument("--events", type=int, default=N_EVENTS, help="in each run")
    parser.add_argument("--list", action="store_true", help="say what would run")
    parser.add_argument("--write", action="store_true", help="into docs/reliability.md")
    parser.add_argument("--lanes", type=int, default=N_LANES, help="side by side")
    parser.add_argument("--rows", type=Path, help="keep the results in this file")
    parser.add_argument("--resume", action="store_true", help="run what is not there")
    parser.add_argument("--lane", type=int, help=argparse.SUPPRESS)
    return parser


def _known(file: Path, chosen: Iterable[Cell]) -> list[Row]:
    """Return the good results of an earlier part of the same run."""
    if not file.exists():
        return []
    names = {str(one) for one in chosen}
    found = [json.loads(line) for line in file.read_text().splitlines()]
    good = {row["cell"]: row for row in found if not row["wrong"]}
    return [row for name, row in good.items() if name in names]


def in_lanes(arguments: Sequence[str], n_lanes: int) -> list[Row]:
    """Run what may run beside something else, in processes of their own."""
    with ThreadPoolExecutor(n_lanes) as pool:
        lanes = [pool.submit(_lane, arguments, place) for place in range(n_lanes)]
        return [row for lane in lanes for row in lane.result()]


def _lane(arguments: Sequence[str], place: int) -> list[Row]:
    command = [sys.executable, "-m", "tests.chaos", *arguments, f"--lane={place}"]
    rows = []
    with subprocess.Popen(  # noqa: S603 - our own words
        command, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            rows.append(json.loads(line))
            say(_told(rows[-1]))
    return rows


def run_all(chosen: Iterable[Cell], n_events: int, file: Path) -> list[Row]:
    """Run one after another; each result is a line of JSON for whoever listens."""
    rows = []
    with Servers() as servers:
        for cell in chosen:
            began_s = time()
            row = _row(run(cell, servers, n_events))
            rows.append({**row, "from_s": began_s, "to_s": time()})
            say(json.dumps(rows[-1]))
            with file.open("a") as kept:
                kept.write(f"{json.dumps(rows[-1])}\n")
    return rows


def took(rows: Iterable[Row]) -> str:
    """Say how long it took on the clock: what ran side by side counts once."""
    wall_s, end_s = 0.0, 0.0
    for from_s, to_s in sorted((row["from_s"], row["to_s"]) for row in rows):
        wall_s += max(0.0, to_s - max(from_s, end_s))
        end_s = max(end_s, to_s)
    return f"{wall_s / 60:.0f} min on {os.cpu_count()} cores"


def _row(result: Result) -> Row:
    finding, cell = result.finding, result.cell
    return {
        "cell": str(cell),
        "name": cell.scenario.name,
        "title": cell.scenario.title,
        "configuration": str(cell.configuration),
        "seed": cell.seed,
        "events": finding.n_events,
        "lost": finding.n_lost,
        "doubled": finding.n_doubled,
        "resent": finding.n_resent,
        "statuses": finding.statuses,
        "seconds": round(result.seconds),
        "wrong": finding.wrong,
        "notes": list(result.notes),
    }


def _told(row: Row) -> str:
    word = "BAD" if row["wrong"] else "ok "
    counts = ", ".join(f"{row[name]} {name}" for name in COUNTS)
    more = "; ".join([*row["wrong"], *row["notes"]])
    return f"{word} {row['cell']}: {counts}, {row['seconds']} s {more}"


def as_lines(rows: Iterable[Row]) -> Lines:
    """Return the words of each line of the table, by name and configuration."""
    return {(row["name"], row["configuration"]): _words_of(row) for row in rows}


def as_table(lines: Lines, order: Sequence[str]) -> list[str]:
    """Return the table, in the order of the roll; what is on no roll is left out."""
    keys = [tuple(name.split(" ")[:2]) for name in order]
    found = [lines[key] for key in keys if key in lines]
    columns = [[int(words[place]) for words in found] for place in range(3, 8)]
    sums = [str(sum(column)) for column in columns]
    total = ["**all**", f"{len(found)} runs", "", *sums, ""]
    return [_line(one) for one in (HEADINGS, ["---"] * len(HEADINGS), *found, total)]


def _words_of(row: Row) -> list[str]:
    wrong = f" **{row['wrong'][0]}**" if row["wrong"] else ""
    told = f" ({'; '.join(row['notes'])})" if row["notes"] else ""
    counts = [str(row[name]) for name in COUNTS]
    words = [row["name"], f"{row['title']}{told}{wrong}", row["configuration"]]
    return [*words, *counts, str(row["seconds"]), str(row["seed"])]


def _line(words: Sequence[str]) -> str:
    return f"| {' | '.join(words)} |"


def write(page: Path, rows: Sequence[Row], seed: int) -> None:
    """Put the rows between the two marks, in place of those of the same cells."""
    text = page.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    before, _, tail = rest.partition(END)
    order = [str(one) for one in cells(seed)]
    lines = {**_written(before), **as_lines(rows)}
    on = datetime.now(UTC).date()  # noqa: TID251 - a door
    part = "" if len(rows) == len(order) else f", {len(rows)} of {len(order)} runs"
    said = f"{on:%-d %B %Y}, seed {seed}{part}, {took(rows)}."
    table = "\n".join(as_table(lines, order))
    page.write_text(f"{head}{BEGIN}{said}\n\n{table}\n{END}{tail}", encoding="utf-8")


def _written(text: str) -> Lines:
    """Return the lines that stand on the page."""
    found = [line[2:-2].split(" | ") for line in text.splitlines() if line[:1] == "|"]
    return {(one[0], one[2]): one for one in found if one[-1].isdigit()}


def say(*lines: object) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
