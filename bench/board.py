"""The KPI board over 5,000 Pins and a year, and the import of 200,000 rows."""

import gc
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson
import sqlalchemy as sa
from flask import Flask, g

from bench.measure import AT_MOST, Goal, Row, Size, alone, timed_s
from bench.servers import KEY, ROOT, Room
from forwarder.core.kpi import Board, PinFacts, Scope
from forwarder.insights.as_json import as_json
from forwarder.insights.board import Board as KpiBoard
from forwarder.insights.board import build_board
from forwarder.insights.gather import gather, prepare
from forwarder.insights.kpi_file import read_kpi_file
from forwarder.insights.period import Month, month_of
from forwarder.insights.thresholds import Thresholds
from forwarder.store import Store, kpi, open_store, pins
from forwarder.store.migrate import upgrade
from forwarder.store.schema_kpi import kpi_days
from forwarder.web.console import console
from forwarder.web.console_kpi import render_board

TODAY: Final = date(2026, 11, 5)
MONTH: Final = month_of(date(2026, 10, 1))
PAST: Final = month_of(date(2026, 1, 1))
FIRST: Final = date(2025, 11, 1)
LAST: Final = MONTH.last_on
MS: Final = 1e3
N_TIMES: Final = 5
ROWS: Final = 200_000
AT_ONCE: Final = 50_000
KB_IN_MB: Final = 1024
N_BOARDS: Final = 40


def run(room: Room, size: Size) -> list[Row]:
    """Return the rows of this bench."""
    rows = []
    for word, is_sqlite in (("SQLite", True), ("PostgreSQL", False)):
        if size.is_quick and not is_sqlite:
            continue
        url = "" if is_sqlite else room.postgres_url()
        box = room.install(f"board-{word.lower()}", url)
        store = open_store(box.database_url, [KEY])
        upgrade(store)
        fill(store, size.of(5_000, 50), LAST)
        describe(store, size.of(5_000, 50), LAST)
        # As the worker does after a pull, and the command line after an import.
        prepare(store, TODAY, Thresholds())
        goal = Goal(value=300, reach=AT_MOST)
        for what, month in (("", MONTH), (", nine months ago", PAST)):
            for form, draw in (("page", page), ("JSON", twin)):
                draw(store, month)  # the first one compiles the template
                gc.freeze()  # as the web process does when it is ready
                times_ms = [_once_ms(draw, store, month) for _ in range(N_TIMES)]
                gc.unfreeze()
                name = f"KPI board, 5,000 Pins x 365 days{what}, {form}, {word}"
                rows.append(alone(name, "ms", times_ms, goal))
        store.close()
    return [*rows, *_import(room, size)]


def _once_ms(
    draw: Callable[[Store, Month], object], store: Store, month: Month
) -> float:
    return timed_s(lambda: draw(store, month)) * MS


def fill(store: Store, n_pins: int, last_on: date) -> None:
    """Keep a year of days until one, quicker than by the product's own door."""
    days = list(_days(n_pins, last_on))
    for start in range(0, len(days), AT_ONCE):
        with store.write() as connection:
            connection.execute(sa.insert(kpi_days), days[start : start + AT_ONCE])
    with store.write() as connection:
        connection.execute(sa.text("ANALYZE"))


def describe(store: Store, n_pins: int, last_on: date) -> None:
    """Keep what Pinterest tells of the Pins and boards, as a pull does."""
    at = datetime.combine(last_on, time(), UTC)
    facts = [
        PinFacts(
            pin_id=pin_id(pin),
            title=f"Ten ideas for corner {pin}",
            created_on=last_on - timedelta(days=pin % 500),
            pin_format="ORGANIC_IMAGE" if pin % 3 else "ORGANIC_VIDEO",
            board_id=f"{pin % N_BOARDS}",
            page=f"https://shop.example/ideas/{pin // 2}",
        )
        for pin in range(n_pins)
    ]
    pins.keep_facts(store, facts, at)
    each = n_pins // N_BOARDS
    pins.keep_boards(
        store,
        [
            Board(board_id=f"{n}", name=f"Board {n}", n_pins=each)
            for n in range(N_BOARDS)
        ],
        at,
    )


def pin_id(pin: int) -> str:
    return f"{880_000_000_000 + pin}"


def _days(n_pins: int, last_on: date) -> Iterator[dict[str, Any]]:
    now = datetime.combine(last_on, time(), UTC)
    for n in range(365):
        on = f"{last_on - timedelta(days=364 - n)}"
        for pin in range(n_pins + 1):
            shown = 40 + pin * 7919 % 400 + n % 7
            yield {
                "pin_id": "" if pin == n_pins else pin_id(pin),
                "on_day": on,
                "impressions": shown * n_pins if pin == n_pins else shown,
                "pin_clicks": shown // 50,
                "outbound_clicks": (pin + n) % 3,
                "saves": shown // 150,
                "is_final": True,
                "fetched_at": now,
            }


def made(store: Store, month: Month) -> KpiBoard:
    """Return the board of a month."""
    limits = Thresholds()
    return build_board(gather(store, month, TODAY, limits), limits)


@cache
def _app() -> Flask:
    app = Flask(__name__)
    app.secret_key = KEY
    app.register_blueprint(console)
    return app


def page(store: Store, month: Month) -> str:
    """Make the board and draw its page, as the console does."""
    with _app().test_request_context("/console/kpi"):
        g.user = None
        return render_board(made(store, month), (), TODAY)


def twin(store: Store, month: Month) -> bytes:
    """Make the board and its JSON, with every Pin."""
    return orjson.dumps(as_json(made(store, month)))


def _import(room: Room, size: Size) -> list[Row]:
    """Import a file in a process of its own, so that its memory is its own."""
    path = room.folder / "pins.csv"
    path.write_text("".join(_lines(size.of(ROWS, 2_000))), encoding="utf-8")
    told = subprocess.run(  # noqa: S603  our own interpreter
        [sys.executable, "-m", "bench.board", str(path)],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    ).stdout
    found = json.loads(told)
    return [
        alone(
            "import of 200,000 CSV rows",
            "s",
            [found["seconds"]],
            Goal(value=20, reach=AT_MOST),
        ),
        alone(
            "memory of that import",
            "MB",
            [found["mb"]],
            Goal(value=200, reach=AT_MOST),
        ),
    ]


def _lines(n_rows: int) -> Iterator[str]:
    yield "Date,Pin ID,Title,Impressions,Pin clicks,Outbound clicks,Saves\n"
    for n in range(n_rows):
        on, pin = FIRST + timedelta(days=n % 365), 880_000_000_000 + n // 365
        yield f"{on},{pin},Pin {pin},{40 + n % 400},{n % 9},{n % 3},{n % 4}\n"


def main() -> None:
    """Import the file that is named, into a database beside it; print what it took."""
    path = Path(sys.argv[1])
    store = open_store(f"sqlite:///{path.with_suffix('.db')}", [KEY])
    upgrade(store)
    now = datetime(2026, 11, 5, tzinfo=UTC)

    def take() -> None:
        read = read_kpi_file(path.read_bytes(), Scope.PIN, None)
        kpi.keep(store, read.days, now)

    seconds = timed_s(take)
    print(json.dumps({"seconds": seconds, "mb": peak_mb()}))
    store.close()


def peak_mb() -> float:
    """Return the most memory this program had at once.

    Not `ru_maxrss`: that begins with what the process that started it had.
    """
    told = Path("/proc/self/status").read_text(encoding="ascii")
    lines = dict(line.split(":", 1) for line in told.splitlines())
    return int(lines["VmHWM"].split()[0]) / KB_IN_MB


if __name__ == "__main__":
    main()
