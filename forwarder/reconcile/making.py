"""Make a month's report from what the store holds: for the command, page and worker."""

import calendar
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from forwarder.core.event import Kind
from forwarder.core.mirror import Allowed, TagState
from forwarder.core.reports import Level, TagReport
from forwarder.reconcile.calendar_of import first_day
from forwarder.reconcile.comparison import MonthReport
from forwarder.reconcile.evidence import Beside, Evidence, Share
from forwarder.reconcile.report import build_report
from forwarder.store import (
    Store,
    mirror,
    report_inputs,
    snapshots,
    tag_reports,
)
from forwarder.store.ledger import has_books, ledger_total
from forwarder.store.mirror import MirrorCell
from forwarder.store.pairs import paired_rows

MARGIN_BEFORE = timedelta(days=2)  # days begin elsewhere in the world
MARGIN_AFTER = timedelta(days=62)  # conversions dated back to their click


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Whose month: a destination's delivery word, and the endpoints that feed it."""

    destination: str
    endpoints: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Month:
    first_on: date
    last_on: date
    start: datetime
    end: datetime


def make_report(store: Store, place: Place, month: str) -> MonthReport:
    """Return the report of YYYY-MM. Raises: ValueError when it is no month."""
    span = _span(month)
    since, until = span.start - MARGIN_BEFORE, span.end + MARGIN_AFTER
    with ThreadPoolExecutor(1) as pool:  # the database joins while we read
        beside = pool.submit(_beside, store, place, span)
        columns = tag_reports.server_columns(store, place.destination, since, until)
        known = _tag_side(store, place.destination, span)
        return build_report(month, columns, known, store.now(), None, beside.result())


def _span(month: str) -> _Month:
    first = first_day(month)
    n_days = calendar.monthrange(first.year, first.month)[1]
    start = datetime.combine(first, datetime.min.time(), UTC)
    return _Month(
        first_on=first,
        last_on=first.replace(day=n_days),
        start=start,
        end=start + timedelta(days=n_days),
    )


def _tag_side(store: Store, destination: str, span: _Month) -> list[TagReport]:
    """Return what was imported; what was pulled stands in where nothing was."""
    known = tag_reports.load_tag_reports(store, span.first_on, span.last_on)
    if any(report.level is Level.ATTRIBUTION for report in known):
        return known
    pulled = snapshots.tag_side(store, destination, span.first_on, span.last_on)
    return known if pulled is None else [pulled, *known]


def _beside(store: Store, place: Place, span: _Month) -> Beside:
    told = mirror.cells(store, place.endpoints, span.start, span.end)
    pairs = None
    if told:
        pairs = paired_rows(
            store, place.destination, place.endpoints, span.start, span.end
        )
    return Beside(
        pairs=pairs,
        evidence=_evidence(store, place, span, told),
        began_at=report_inputs.began_at(store, place.destination),
        mirror_began_at=report_inputs.mirror_began_at(store, place.endpoints),
    )


def _evidence(
    store: Store, place: Place, span: _Month, told: Sequence[MirrorCell]
) -> dict[Kind, Evidence]:
    late = report_inputs.late_counts(store, place.destination, span.start, span.end)
    quality = _quality(store, place.destination, span)
    books = _books(store, place, span)
    return {
        kind: Evidence(
            blocked=_blocked([cell for cell in told if cell.kind is kind]),
            opted_out=_opted_out([cell for cell in told if cell.kind is kind]),
            late=_share(late.get(kind)),
            ledger_total=books.get(kind),
            quality=quality,
        )
        for kind in {cell.kind for cell in told} | set(late) | set(books)
    }


def _books(store: Store, place: Place, span: _Month) -> dict[Kind, int]:
    """Count what the shop itself says; our own log alone would vouch for itself."""
    if not has_books(store, place.endpoints, span.start, span.end):
        return {}  # to lay a million rows over nothing takes seconds
    totals = ledger_total(store, place.endpoints, span.start, span.end)
    told = {total.kind for total in totals if total.n_books}
    return {
        kind: sum(total.n for total in totals if total.kind is kind) for kind in told
    }


def _share(counts: tuple[int, int] | None) -> Share | None:
    return None if counts is None else Share(n=counts[0], of=counts[1])


def _blocked(cells: Sequence[MirrorCell]) -> dict[str, Share] | None:
    """Count the reports on pages that have a tag, from people who allowed it."""
    asked = [
        cell
        for cell in cells
        if cell.tag is not TagState.ABSENT and not _is_opted_out(cell)
    ]
    shares: dict[str, Share] = {}
    for cell in asked:
        known = shares.get(cell.device.value, Share(n=0, of=0))
        lost = 0 if cell.tag is TagState.ALIVE else cell.n
        shares[cell.device.value] = Share(n=known.n + lost, of=known.of + cell.n)
    return dict(sorted(shares.items())) or None


def _opted_out(cells: Sequence[MirrorCell]) -> Share | None:
    if not cells:
        return None
    return Share(
        n=sum(cell.n for cell in cells if _is_opted_out(cell)),
        of=sum(cell.n for cell in cells),
    )


def _is_opted_out(cell: MirrorCell) -> bool:
    return cell.has_gpc or cell.consent is Allowed.DENIED


def _quality(store: Store, destination: str, span: _Month) -> Mapping[str, str] | None:
    found = snapshots.load_quality(store, destination, span.last_on)
    return None if found is None else {one.source: one.status for one in found[1]}
