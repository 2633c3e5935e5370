"""`python -m tests.chaos`: the whole matrix, or a part of it, and its table.

Two lanes run side by side, each with servers of its own: most of a run is waiting.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.chaos.matrix import Cell, Result, cells, run
from tests.chaos.world import Servers

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- matrix begin -->\n", "<!-- matrix end -->\n"
SEED = 20_261_122
N_EVENTS = 2_600
N_LANES = 2
HEADINGS = ("Scenario", "What breaks", "Configuration", "Events", "Lost", "Doubled",
            "Sent again", "Seconds", "Seed")  # fmt: skip
COUNTS = ("events", "lost", "doubled", "resent")
Row = Mapping[str, Any]


def main(arguments: Sequence[str]) -> int:
    told = _parser().parse_args(arguments)
    only = [word for word in told.only.split(",") if word]
    chosen = list(cells(told.seed, only))
    if told.list:
        say(*chosen, f"{len(chosen)} runs")
        return 0
    rows = _known(told.rows, chosen)
    done = {row["cell"] for row in rows}
    alone = [c for c in chosen if c.scenario.is_alone and str(c) not in done]
    beside = [c for c in chosen if not c.scenario.is_alone and str(c) not in done]
    if told.lane is not None:
        run_all(beside[told.lane :: told.lanes], told.events, told.rows)
        return 0
    if beside:
        rows += in_lanes(arguments, told.lanes)
    rows += run_all(alone, told.events, told.rows)
    table = "\n".join(as_table(rows, [str(one) for one in chosen]))
    say(table)
    if told.write:
        write(PAGE, table, told.seed)
    return int(len(rows) < len(chosen) or any(row["wrong"] for row in rows))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make chaos")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--only", default="", help="such as F17,sqlite")
    parser.add_argument("--events", type=int, default=N_EVENTS, help="in each run")
    parser.add_argument("--list", action="store_true", help="say what would run")
    parser.add_argument("--write", action="store_true", help="into docs/reliability.md")
    parser.add_argument("--lanes", type=int, default=N_LANES, help="side by side")
    parser.add_argument("--rows", type=Path, help="keep results here, and go on there")
    parser.add_argument("--lane", type=int, help=argparse.SUPPRESS)
    return parser


def _known(file: Path | None, chosen: Iterable[Cell]) -> list[Row]:
    """Return the good results of an earlier part of the same run."""
    if file is None or not file.exists():
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


def run_all(
    chosen: Iterable[Cell], n_events: int, file: Path | None = None
) -> list[Row]:
    """Run one after another; each result is a line of JSON for whoever listens."""
    rows = []
    with Servers() as servers:
        for cell in chosen:
            rows.append(_row(run(cell, servers, n_events)))
            say(json.dumps(rows[-1]))
            if file is not None:
                with file.open("a") as kept:
                    kept.write(f"{json.dumps(rows[-1])}\n")
    return rows


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


def as_table(rows: Sequence[Row], order: Sequence[str]) -> list[str]:
    """Return the table, in the order of the roll."""
    sorted_ = sorted(rows, key=lambda row: order.index(row["cell"]))
    lines = [_line(HEADINGS), _line(["---"] * len(HEADINGS))]
    lines += [_line(_cells_of(row)) for row in sorted_]
    sums = [str(sum(row[name] for row in rows)) for name in COUNTS]
    seconds = str(sum(row["seconds"] for row in rows))
    return [*lines, _line(["**all**", f"{len(rows)} runs", "", *sums, seconds, ""])]


def _cells_of(row: Row) -> list[str]:
    wrong = f" **{row['wrong'][0]}**" if row["wrong"] else ""
    told = f" ({'; '.join(row['notes'])})" if row["notes"] else ""
    counts = [str(row[name]) for name in COUNTS]
    words = [row["name"], f"{row['title']}{told}{wrong}", row["configuration"]]
    return [*words, *counts, str(row["seconds"]), str(row["seed"])]


def _line(words: Sequence[str]) -> str:
    return f"| {' | '.join(words)} |"


def write(page: Path, table: str, seed: int) -> None:
    """Put the table between its two marks."""
    text = page.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    on = datetime.now(UTC).date()  # noqa: TID251 - a door
    said = f"{on:%-d %B %Y}, seed {seed}."
    page.write_text(f"{head}{BEGIN}{said}\n\n{table}\n{END}{tail}", encoding="utf-8")


def say(*lines: object) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
