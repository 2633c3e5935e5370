"""The delivery log as a file: CSV for spreadsheets, NDJSON for programs.

The same fields as a line of the JSON; nobody's data is among them. What a shop wrote
into a field is never a formula: core/cells.py.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from io import StringIO
from itertools import chain, islice
from typing import Any, Final

import orjson

from forwarder.core.cells import no_formula
from forwarder.store import Store
from forwarder.store.log import PAGE_MAX, Filter, Line, list_deliveries
from forwarder.web.shapes import line_json

CSV: Final = "csv"
NDJSON: Final = "ndjson"
FORMATS: Final[Mapping[str, str]] = {
    CSV: "text/csv; charset=utf-8; header=present",
    NDJSON: "application/x-ndjson",
}
COLUMNS: Final = (
    "id",
    "status",
    "reason",
    "kind",
    "event_id",
    "order_id",
    "value",
    "currency",
    "source",
    "endpoint",
    "destination",
    "occurred_at",
    "received_at",
    "attempts",
    "next_attempt_at",
    "settled_at",
    "is_test",
    "message",
)
LINES_A_PIECE: Final = 200


def every_line(store: Store, wanted: Filter) -> Iterator[Line]:
    """Give all lines of a filter, newest first, however many there are.

    Read page by page, so that neither memory nor a long transaction grows with them.
    """
    before_id = wanted.before_id
    while True:
        page = list_deliveries(store, replace(wanted, before_id=before_id), PAGE_MAX)
        yield from page.lines
        if page.next_id is None:
            return
        before_id = page.next_id


def pieces(lines: Iterable[Line], form: str) -> Iterator[str]:
    """Give the file piece by piece; `form` is one of `FORMATS`."""
    texts = map(_ndjson, lines) if form == NDJSON else _csv(lines)
    while piece := "".join(islice(texts, LINES_A_PIECE)):
        yield piece


def file_name(form: str, now: datetime) -> str:
    """Return what a browser calls the file."""
    return f"deliveries-{now:%Y%m%dT%H%M%SZ}.{form}"


def sheet(items: Iterable[Mapping[str, Any]], columns: Iterable[str]) -> str:
    """Return a short list as CSV: these fields of its JSON, nested ones as JSON."""
    names = list(columns)
    rows = ([_text(one[name]) for name in names] for one in items)
    return "".join(map(_csv_row, chain([names], rows)))


def _text(value: object) -> str:
    if isinstance(value, Mapping | list):
        return orjson.dumps(value).decode()
    return "" if value is None else no_formula(str(value))


def _ndjson(line: Line) -> str:
    return orjson.dumps(line_json(line)).decode() + "\n"


def _csv(lines: Iterable[Line]) -> Iterator[str]:
    rows = ([_cell(line_json(line), name) for name in COLUMNS] for line in lines)
    return map(_csv_row, chain([list(COLUMNS)], rows))


def _csv_row(cells: list[str]) -> str:
    out = StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue()


def _cell(told: Mapping[str, Any], name: str) -> str:
    value = told[name]
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    # A refund's value begins with a minus; it is our own number.
    return str(value) if name == "value" else no_formula(str(value))
