"""Reads an exported report of the tag's daily numbers: a preview first, never a guess.

Nothing is stored here. The same rows give the same fingerprint, whatever the file's
encoding, delimiter or column order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from forwarder.core.event import Kind
from forwarder.core.reports import (
    USUAL,
    Definitions,
    Level,
    Measures,
    TagDay,
    TagReport,
)
from forwarder.reconcile.figures import DateOrder, DecimalMark
from forwarder.reconcile.headings import Column, Credit, Role, column, named, shown
from forwarder.reconcile.tag_file import NoText, table_of
from forwarder.reconcile.tag_rows import Cells, read_rows

MAX_BYTES = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """Why a file was not taken: every fault at once, in sentences without its data."""

    messages: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What would be imported. Nothing is stored before somebody has seen it.

    Shape: `mapping` pairs each heading with what it was taken for; `totals` count and
    value per kind, value None when not told.
    """

    report: TagReport
    mapping: tuple[tuple[str, str], ...]
    totals: Mapping[Kind, tuple[int, Decimal | None]]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """What the file itself does not say.

    `kind` is what the rows count when no column names it; `columns` settles headings
    by hand (heading to date, event, conversions, value, currency or ignore);
    `first_on` and `last_on` are the days the export was made for, when rows of zero
    were left out. `measures` None takes the careful reading of the level.
    `date_order` and `decimal` settle what can be read in two ways. Rows of days after
    `newest_on` are faults; None allows any.
    """

    level: Level = Level.ATTRIBUTION
    measures: Measures | None = None
    definitions: Definitions | None = None
    kind: Kind | None = None
    currency: str | None = None
    columns: Mapping[str, str] | None = None
    first_on: date | None = None
    last_on: date | None = None
    taken_at: datetime | None = None
    date_order: DateOrder | None = None
    decimal: DecimalMark | None = None
    newest_on: date | None = None


def read_tag_report(
    data: bytes, options: ImportOptions | None = None
) -> Preview | Faults:
    """Return what the file holds, or everything that is wrong with it.

    Limits: 5 MiB; UTF-8, UTF-16 or Latin-1; comma, semicolon or tab.
    """
    used = options if options is not None else ImportOptions()
    if len(data) > MAX_BYTES:
        return Faults(messages=(f"The file is larger than {MAX_BYTES:,} bytes.",))
    try:
        table = table_of(data)
    except NoText as none:
        return Faults(messages=(str(none),))
    if not table:
        return Faults(messages=("The file is empty.",))
    heading_at = _heading_row(table, used)
    columns, faults = _columns(table[heading_at], used)
    if faults:
        return Faults(messages=faults)
    chosen, ignored = _chosen(columns)
    cells = Cells(
        rows=table[heading_at + 1 :],
        columns=chosen,
        kind=used.kind,
        first_line=heading_at + 2,
        date_order=used.date_order,
        decimal=used.decimal,
        newest_on=used.newest_on,
    )
    rows, currencies, notes, row_faults = read_rows(cells)
    faults = (*row_faults, *_currency_faults(rows, currencies, used))
    if faults:
        return Faults(messages=faults)
    report = _report(rows, currencies, chosen, used)
    return Preview(
        report=report,
        mapping=_mapping(table[heading_at], columns, chosen),
        totals=_totals(rows),
        warnings=(*notes, *ignored, *_warnings(report, used)),
    )


def _heading_row(table: Sequence[Sequence[str]], options: ImportOptions) -> int:
    """Return the first row that has a date column: exports may begin with a title."""
    for index, row in enumerate(table[:10]):
        known = [_meaning(heading, options) for heading in row]
        if any(found is not None and found.role is Role.DATE for found in known):
            return index
    return 0


def _meaning(heading: str, options: ImportOptions) -> Column | None:
    by_hand = (options.columns or {}).get(heading)
    known = column(heading)
    if by_hand is None or by_hand not in set(Role):
        return known
    role = Role(by_hand)
    return replace(known, role=role) if known is not None else Column(role=role)


def _columns(
    headings: Sequence[str], options: ImportOptions
) -> tuple[tuple[Column, ...], tuple[str, ...]]:
    wrong = {word for word in (options.columns or {}).values() if word not in set(Role)}
    if wrong:
        known = ", ".join(Role)
        return (), (f"Columns can be taken for {known}; nothing else.",)
    found = [_meaning(heading, options) for heading in headings]
    faults = [
        f"Column {number} ({shown(heading)}) is not known: say what it holds, such as "
        f"`--column '{named(heading)}=ignore'`."
        for number, (heading, meaning) in enumerate(
            zip(headings, found, strict=True), start=1
        )
        if meaning is None
    ]
    known_columns = tuple(meaning for meaning in found if meaning is not None)
    faults += _shape_faults(known_columns, options)
    return known_columns, tuple(faults)


def _shape_faults(columns: Sequence[Column], options: ImportOptions) -> list[str]:
    roles = [one.role for one in columns]
    faults = [
        f"There is more than one {role} column."
        for role in (Role.DATE, Role.KIND, Role.CURRENCY)
        if roles.count(role) > 1
    ]
    faults += [
        f"There is no {role} column."
        for role in (Role.DATE, Role.COUNT)
        if role not in roles
    ]
    counts = [one for one in columns if one.role is Role.COUNT]
    nameless = any(one.kind is None for one in counts)
    if nameless and Role.KIND not in roles and options.kind is None:
        faults.append(
            "Nothing says which kind of event is counted: add `--kind checkout`."
        )
    named = {one.kind for one in counts}
    if any(one.role is Role.VALUE and one.kind not in named for one in columns):
        faults.append("A value column has no count column of the same event.")
    return faults


def _chosen(columns: Sequence[Column]) -> tuple[tuple[Column, ...], tuple[str, ...]]:
    """Keep, per kind, the click-only metric where there is one; say what is left out.

    A web-only metric gives way to the one that counts everything.
    """
    keep: list[Column] = []
    notes: set[str] = set()
    for one in columns:
        if one.kind is None or one.role not in {Role.COUNT, Role.VALUE}:
            keep.append(one)
            continue
        rivals = [c for c in columns if (c.role, c.kind) == (one.role, one.kind)]
        if one is min(rivals, key=_preference) and one.credit is not Credit.OTHER:
            keep.append(one)
        else:
            keep.append(replace(one, role=Role.IGNORE))
            notes.add(f"A second {one.role} column for {one.kind} is left out.")
    return tuple(keep), tuple(sorted(notes))


def _preference(one: Column) -> tuple[int, bool]:
    return list(Credit).index(one.credit), one.web_only


def _currency_faults(
    rows: Sequence[TagDay], currencies: frozenset[str], options: ImportOptions
) -> list[str]:
    told = {*currencies, *([options.currency] if options.currency else [])}
    if len(told) > 1:
        listed = ", ".join(sorted(told))
        return [f"Values are in more than one currency ({listed}): export one."]
    if any(row.value for row in rows) and not told:
        return ["Nothing says which currency the values are in: `--currency EUR`."]
    return []


def _report(
    rows: tuple[TagDay, ...],
    currencies: frozenset[str],
    columns: Sequence[Column],
    options: ImportOptions,
) -> TagReport:
    days = [row.on for row in rows]
    has_value = any(row.value is not None for row in rows)
    currency = options.currency or next(iter(currencies), None)
    usual = USUAL[options.level]
    definitions = options.definitions if options.definitions is not None else usual
    if any(one.credit is Credit.ANY and one.kind is not None for one in columns):
        definitions = replace(definitions, click_only=_counts_clicks_only(columns))
    return TagReport(
        rows=rows,
        first_on=options.first_on if options.first_on is not None else min(days),
        last_on=options.last_on if options.last_on is not None else max(days),
        level=options.level,
        measures=options.measures or _careful(options.level),
        definitions=definitions,
        currency=currency if has_value else None,
        taken_at=options.taken_at,
    )


def _counts_clicks_only(columns: Sequence[Column]) -> bool:
    counts = [one for one in columns if one.role is Role.COUNT]
    return all(one.credit is Credit.CLICK for one in counts)


def _careful(level: Level) -> Measures:
    """Once the server sends too, attributed numbers are the union of both."""
    return Measures.PLATFORM if level is Level.ATTRIBUTION else Measures.TAG


def _mapping(
    headings: Sequence[str], columns: Sequence[Column], chosen: Sequence[Column]
) -> tuple[tuple[str, str], ...]:
    result = []
    for heading, found, used in zip(headings, columns, chosen, strict=True):
        kind = f" of {found.kind}" if found.kind is not None else ""
        result.append((heading, f"{used.role}{kind if used is found else ''}"))
    return tuple(result)


def _totals(rows: Sequence[TagDay]) -> dict[Kind, tuple[int, Decimal | None]]:
    result: dict[Kind, tuple[int, Decimal | None]] = {}
    for row in rows:
        count, value = result.get(row.kind, (0, None))
        if row.value is not None:
            value = row.value if value is None else value + row.value
        result[row.kind] = (count + row.count, value)
    return result


def _warnings(report: TagReport, options: ImportOptions) -> list[str]:
    kinds = {row.kind for row in report.rows}
    absent = report.n_days * len(kinds) - len(report.rows)
    result = []
    if absent:
        result.append(f"Days without a row, taken as zero: {absent:,}.")
    if options.first_on is None or options.last_on is None:
        result.append(
            f"The days from {report.first_on} to {report.last_on} count as exported; "
            "give `--from` and `--to` if the export covers more."
        )
    if report.measures is Measures.PLATFORM:
        result.append(
            "Taken as Pinterest's own count of tag and server together; add "
            "`--measures tag` if it is the tag alone."
        )
    outside = [row for row in report.rows if not _inside(row, report)]
    if outside:
        result.append(f"{len(outside)} rows lie outside the days given.")
    if not report.definitions.click_only:
        result.append("The report also credits views and engagements, not only clicks.")
    return result


def _inside(row: TagDay, report: TagReport) -> bool:
    return report.first_on <= row.on < report.last_on + timedelta(days=1)
