"""`python -m bench`: this machine's numbers, side by side with the usual ways."""

import argparse
import json
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import pytest

from bench import (
    board,
    claim,
    clicks,
    console,
    forward,
    ingest,
    report,
    serve,
    sources,
    transform,
)
from bench.measure import Row, Size, conditions
from bench.servers import ROOT, Room

OUT: Final = ROOT / "bench-output"
QUICK_TRANSFORM: Final = {"N_PEOPLE": 1_000, "N_ROUNDS": 1, "N_CHECKED": 1_000}
Part = Callable[[Room, Size], list[Row]]


def _transform(room: Room, size: Size) -> list[Row]:
    """Measure what needs no server."""
    del room
    fewer = QUICK_TRANSFORM if size.is_quick else {}
    with patch.multiple(transform, **fewer) if fewer else nullcontext():
        rows: list[Row] = transform.run()["rows"]
    return rows


PARTS: Final[Mapping[str, Part]] = {
    "transform": _transform,
    "sources": sources.run,
    "ingest": ingest.run,
    "forward": forward.run,
    "claim": claim.run,
    "clicks": clicks.run,
    "serve": serve.run,
    "report": report.run,
    "console": console.run,
    "board": board.run,
}
HEAD: Final = (
    "What",
    "Unit",
    "Ours",
    "Baseline",
    "Beside",
    "Ratio (min-max)",
    "Goal",
    "Met",
)
MARKS: Final = {True: "yes", False: "NO", None: "-"}


def main(words: Sequence[str] | None = None) -> int:
    """Run the bench; the exit code says only whether it ran, not what was reached."""
    given = _options(words)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stops the servers
    size = Size(is_quick=given.quick)
    names = given.only or list(PARTS)
    rows: list[Row] = []
    notes: list[str] = []
    with Room.open() as room:
        about = conditions(room.folder)
    for name in names:
        started_s = time.monotonic()
        print(f"{name} …", file=sys.stderr, flush=True)
        try:
            with Room.open() as room:  # each part leaves nothing behind
                rows += [{**one, "part": name} for one in PARTS[name](room, size)]
        except pytest.skip.Exception as missing:  # a server that is not here
            notes.append(f"{name} is left out: {missing}")
        print(f"{name}: {time.monotonic() - started_s:.0f} s", file=sys.stderr)
    _write(given.out, rows, about, notes, is_quick=size.is_quick)
    print(table(rows))
    print("\n".join(notes))
    return 0


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smoke test, no figures")
    parser.add_argument(
        "--only", action="append", choices=list(PARTS), help="one part; may be repeated"
    )
    parser.add_argument("--out", type=Path, default=OUT, help="where bench.json goes")
    return parser.parse_args(words)


def _write(
    out: Path,
    rows: Sequence[Row],
    about: Mapping[str, Any],
    notes: Sequence[str],
    *,
    is_quick: bool,
) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / "bench.json").write_text(json.dumps(rows, indent=2), encoding="utf-8")
    told = {**about, "quick": is_quick, "notes": list(notes)}
    (out / "conditions.json").write_text(json.dumps(told, indent=2), encoding="utf-8")
    (out / "bench.md").write_text(table(rows) + "\n", encoding="utf-8")


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a table in Markdown, readable as it is."""
    rule = tuple("---" for _ in HEAD)
    lines = [HEAD, rule, *(_line(one) for one in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _line(found: Row) -> tuple[str, ...]:
    ratio = found["ratio"]
    goal = "" if found["goal"] is None else f"{_kind_of_goal(found)} {found['goal']:,g}"
    return (
        found["name"],
        found["unit"],
        f"{found['ours']:,g}",
        f"{found['baseline']:,g}",
        found["baseline_name"],
        f"{ratio['median']:,g} ({ratio['min']:,g}-{ratio['max']:,g})",
        goal,
        MARKS[found["met"]],
    )


def _kind_of_goal(found: Row) -> str:
    by, _, reach = found.get("goal_is", "ours at least").partition(" ")
    return f"{by} {'≥' if reach == 'at least' else '≤'}"


if __name__ == "__main__":
    sys.exit(main())
