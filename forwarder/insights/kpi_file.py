"""Read an export of Pinterest's counts: one row a day, of the account or of a Pin."""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from hashlib import sha256
from sys import intern
from typing import Final

from forwarder.core.kpi import Counts, KpiDay, Scope
from forwarder.insights.kpi_headings import COUNTS, is_header, role_of, roles_of
from forwarder.reconcile.figures import (
    DateOrder,
    Unclear,
    date_order,
    read_count,
    read_date,
)
from forwarder.reconcile.tag_file import NoText, decoded, delimiter_of

HEADER_WITHIN_LINES: Final = 30
ONCE: Final = ("date", *COUNTS, "close_ups")
TITLE_MAX_CHARS: Final = 200
COUNT_MAX: Final = 10**12
PLAIN_DIGITS: Final = 13  # shorter is no larger than any count
_SHORT: Final = re.compile(r"(\d{1,6}(?:[.,]\d{1,3})?)\s*([kKmM])")
_PIN_URL: Final = re.compile(r"/pin/(?:[^/]*--)?(\d{5,20})(?:/|\?|#|$)")
_LINE: Final = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+\Z")
_PIN_ID: Final = re.compile(r"\d{1,20}")
TWICE: Final = "stands twice with other numbers: the first is kept"


class WrongFile(ValueError):
    """The file as a whole cannot be read; the text says what to change."""


@dataclass(frozen=True, slots=True)
class RowError:
    """A row that was left out. `line` counts the rows with something in them."""

    line: int
    column: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KpiFile:
    """What was understood of a file."""

    scope: Scope
    fingerprint: str
    days: Sequence[KpiDay]
    errors: Sequence[RowError]
    warnings: Sequence[str]
    columns: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Reader:
    """Reads row by row; dates repeat, so that each text is read once."""

    roles: dict[str, int]
    scope: Scope
    order: DateOrder | None
    newest_on: date | None
    known: dict[str, date] = field(default_factory=dict)
    n_differing: int = 0

    def day(self, cells: Sequence[str]) -> KpiDay:
        pin_id = self._pin_id(cells) if self.scope is Scope.PIN else ""
        counts = {name: self._count(cells, name) for name in COUNTS}
        title = self._cell(cells, "title") if self.scope is Scope.PIN else ""
        return KpiDay(
            on=self._date(cells),
            counts=Counts(**counts),
            pin_id=pin_id,
            title=intern(title[:TITLE_MAX_CHARS]),  # likewise
        )

    def _cell(self, cells: Sequence[str], role: str) -> str:
        place = self.roles.get(role)
        return cells[place].strip() if place is not None and place < len(cells) else ""

    def _date(self, cells: Sequence[str]) -> date:
        text = self._cell(cells, "date")
        found = self.known.get(text)
        if found is None:
            with _named("date"):
                found = self.known[text] = read_date(text, self.order, self.newest_on)
        return found

    def _pin_id(self, cells: Sequence[str]) -> str:
        text = self._cell(cells, "pin_id").strip("'\"")
        url = _PIN_URL.search(text)
        if url is not None:
            return intern(url[1])
        with _named("pin_id"):
            if not _PIN_ID.fullmatch(text):
                raise Unclear("is no Pin id: digits, or the Pin's address")
        return intern(text)  # a Pin has hundreds of days

    def _count(self, cells: Sequence[str], name: str) -> int:
        if name != "pin_clicks" or "close_ups" not in self.roles:
            return _count(name, self._cell(cells, name))
        if "pin_clicks" not in self.roles:
            return _count(name, self._cell(cells, "close_ups"))
        now, once = (self._cell(cells, role) for role in ("pin_clicks", "close_ups"))
        self.n_differing += now != once
        return _count(name, now)


class _named:  # noqa: N801  reads as a phrase
    """Says in which column a cell has no meaning."""

    def __init__(self, column: str) -> None:
        self.column = column

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        if isinstance(error, Unclear) and not hasattr(error, "column"):
            error.column = self.column  # type: ignore[attr-defined]


def _count(name: str, text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < PLAIN_DIGITS:
        return int(text)  # nearly all of 200,000 rows: three times as fast
    with _named(name):
        if not text:
            raise Unclear("is empty: write 0 where nothing was counted")
        short = _SHORT.fullmatch(text)
        found = read_count(text) if short is None else _shortened(short)
        if found > COUNT_MAX:
            raise Unclear("is larger than any count of a day")
        return found


def _shortened(found: re.Match[str]) -> int:
    """Return 1200 for 1.2K."""
    factor = 1000 if found[2] in "kK" else 1_000_000
    return int(Decimal(found[1].replace(",", ".")) * factor)


def read_kpi_file(
    data: bytes,
    scope: Scope | None = None,
    order: DateOrder | None = None,
    newest_on: date | None = None,
) -> KpiFile:
    """Return the rows of an export, and each row that cannot be read.

    `scope` None takes it from the columns: a Pin's id makes it Pins. A day after
    `newest_on`, if given, has not come and cannot be read. Raises: WrongFile.
    """
    try:
        text = decoded(data)
    except NoText as none:
        raise WrongFile(str(none)) from None
    rows = _rows(text)
    header = _header(rows)
    roles = roles_of(header)
    kind = scope if scope is not None else _scope(roles)
    _check_columns(header, roles, kind)
    shown = order if order is not None else _order(rows, roles)
    reader = _Reader(roles, kind, shown, newest_on)
    again = _rows(text)  # twice through the text: the rows as a list cost 100 MB
    _header(again)
    days, errors = _read(reader, again)
    n_twice = sum(one.message == TWICE for one in errors)
    if n_twice and kind is Scope.ACCOUNT and "pin_id" in roles:
        raise WrongFile(
            f"days stand there again with other numbers ({n_twice:,} of the rows), and "
            "there are Pin ids: it looks like Pins, so give --level pin"
        )
    return KpiFile(
        scope=kind,
        fingerprint=sha256(kind.value.encode() + b"\0" + data).hexdigest(),
        days=days,
        errors=errors,
        warnings=_warnings(reader, days),
        columns={role: header[place].strip() for role, place in roles.items()},
    )


def _rows(text: str) -> Iterator[list[str]]:
    head = [line for line in text[:4000].splitlines() if line.strip()]
    if not head:
        raise WrongFile("the file is empty")
    csv.field_size_limit(1_000_000)
    return csv.reader(_lines(text), delimiter=_delimiter(head))


def _lines(text: str) -> Iterator[str]:
    """Give one line after the other: a stream would hold the text four bytes wide."""
    return (found[0] for found in _LINE.finditer(text))


def _delimiter(lines: Sequence[str]) -> str:
    header = next((line for line in lines if "mpressi" in line or "mpresi" in line), "")
    return delimiter_of([header] if header else lines)


def _header(rows: Iterator[list[str]]) -> list[str]:
    try:
        for number, cells in enumerate(rows):
            if is_header(cells):
                return cells
            if number >= HEADER_WITHIN_LINES:
                break
    except csv.Error:
        raise WrongFile("the file is no CSV: export it again, unchanged") from None
    raise WrongFile(
        "no header was found: a line must name Date and Impressions, Pin clicks, "
        "Outbound clicks and Saves"
    )


def _scope(roles: dict[str, int]) -> Scope:
    return Scope.PIN if "pin_id" in roles else Scope.ACCOUNT


def _order(rows: Iterator[list[str]], roles: dict[str, int]) -> DateOrder | None:
    """Return how 03/04/2026 is meant, from all the dates of the file."""
    place = roles["date"]
    return date_order(sorted({row[place].strip() for row in rows if place < len(row)}))


def _check_columns(header: Sequence[str], roles: dict[str, int], scope: Scope) -> None:
    known_by = Counter(map(role_of, header))
    for name in ONCE:
        if known_by[name] > 1:
            raise WrongFile(
                f"{known_by[name]} columns are {name.replace('_', ' ')}: take out all "
                "but the one that counts"
            )
    wanted = {*COUNTS, *(("pin_id",) if scope is Scope.PIN else ())}
    known = set(roles) | ({"pin_clicks"} if "close_ups" in roles else set())
    missing = sorted(wanted - known)
    if missing:
        words = ", ".join(name.replace("_", " ") for name in missing)
        raise WrongFile(f"the header lacks {words}: export these columns too")


def _read(
    reader: _Reader, rows: Iterator[list[str]]
) -> tuple[list[KpiDay], list[RowError]]:
    days: dict[tuple[str, date], KpiDay] = {}
    errors: list[RowError] = []
    filled = (row for row in rows if any(cell.strip() for cell in row))
    for line, cells in enumerate(filled, 1):
        try:
            day = reader.day(cells)
        except Unclear as unclear:
            errors.append(RowError(line, getattr(unclear, "column", ""), str(unclear)))
            continue
        key = (day.pin_id, day.on)
        if key in days and days[key].counts != day.counts:
            errors.append(RowError(line, "date", TWICE))
        else:
            days[key] = day
    return list(days.values()), errors


def _warnings(reader: _Reader, days: Sequence[KpiDay]) -> list[str]:
    found = []
    if reader.n_differing:
        found.append(
            f"{reader.n_differing} rows hold other close-ups than Pin clicks: "
            "Pin clicks were taken"
        )
    n_more = sum(d.counts.outbound_clicks > d.counts.pin_clicks for d in days)
    if n_more:
        found.append(
            f"{n_more} rows hold more outbound clicks than Pin clicks: some exports "
            "count that way; the exit rate is shown as at most 100 %"
        )
    return found
