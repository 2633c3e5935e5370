"""The report as plain tables: what CSV and Markdown are made of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from forwarder.reconcile.as_json import as_json
from forwarder.reconcile.comparison import Comparison
from forwarder.reconcile.document import Document

Json = dict[str, object]
HEAD = (
    "month", "from", "to", "kind", "level", "table", "row", "side", "value", "low",
    "high", "unit", "certainty",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One number with all that belongs to it."""

    table: str
    row: str
    side: str
    value: object
    low: object
    high: object
    unit: object
    certainty: object


def lines(document: Document) -> Iterator[tuple[Comparison, Line]]:
    """Give every number of the report, one line each, from its JSON."""
    for c, data in zip(document.report.comparisons, as_json(document), strict=True):
        for line in _lines(data):
            yield c, line


def _lines(data: dict[str, object]) -> Iterator[Line]:
    yield from _columns(_list(data["columns"]))
    yield from _estimates(data["estimates"])
    for step in _list(data["alignment"]):
        yield _line("alignment", f"{step['step']}", step, step["after"])
    for cause in _list(data["causes"]):
        yield _line("causes", f"{cause['cause']}", cause, cause["share"],
                    (cause["low"], cause["high"]))  # fmt: skip
    for one in _list(data["assumptions"]):
        low, high = _pair(one["range"])
        yield _line("assumptions", f"{one['name']} ({one['status']})", one, None,
                    (low, high))  # fmt: skip
    yield from _devices(_list(data.get("devices", [])))
    for one in _list(data["routes"]):
        row = f"{one['device']}, {one['way']}"
        yield _line("routes", f"{row}: ours", one, one["n"])
        yield _line("routes", f"{row}: the tag took", one, one["n_tag"])
    for one in _list(data.get("sensitivity", [])):
        band = _pair(_dict(one["N"])["95"])
        yield _line("sensitivity", f"odds ratio {one['odds_ratio']}", one, None, band)
    yield from _days(_list(data["days"]))
    for past in _list(data["history"]):
        band = _pair(_dict(past["bands"])["95"])
        yield _line("history", f"{past['month']}", past, past["value"], band)


def _columns(rows: Sequence[Json]) -> Iterator[Line]:
    for row in rows:
        for side in ("platform", "first_party"):
            if row[side] is not None:
                cell = _dict(row[side])
                yield _line("columns", f"{row['row']}", cell, cell["value"])


def _estimates(found: object) -> Iterator[Line]:
    for name, one in _dict(found).items():
        estimate = _dict(one)
        for level, band in _dict(estimate["bands"]).items():
            row = f"{name} ({level}% band)"
            yield _line("estimates", row, estimate, estimate["value"], _pair(band))


def _devices(rows: Sequence[Json]) -> Iterator[Line]:
    for row in rows:
        for cell in ("both", "tag_only", "server_only"):
            yield _line("devices", f"{row['device']}: {cell}", row, row[cell])


def _days(rows: Sequence[Json]) -> Iterator[Line]:
    for row in rows:
        for side in ("platform", "first_party"):
            if row[side] is not None:
                cell = _dict(row[side])
                yield _line("days", f"{row['on']}", cell, cell["value"])


def _line(
    table: str,
    row: str,
    told: Json,
    value: object,
    band: tuple[object, object] = (None, None),
) -> Line:
    return Line(
        table=table,
        row=row,
        side=f"{told['side']}",
        value=value,
        low=band[0],
        high=band[1],
        unit=told["unit"],
        certainty=told["certainty"],
    )


def _list(value: object) -> list[Json]:
    return value if isinstance(value, list) else []


def _dict(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _pair(value: object) -> tuple[object, object]:
    low, high = value if isinstance(value, list) else (None, None)
    return low, high


def cells(c: Comparison, line: Line) -> list[object]:
    """Return one line as the columns of `HEAD`."""
    period = (c.month, c.first_on.isoformat(), c.last_on.isoformat())
    what = (c.kind.value, c.level.value, line.table, line.row, line.side)
    return [*period, *what, line.value, line.low, line.high, line.unit, line.certainty]
