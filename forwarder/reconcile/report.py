"""The month's attribution gap: two lists in, one report out, per kind and level."""

import calendar
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Literal

import numpy as np

from forwarder.core.event import Kind
from forwarder.core.reports import (
    USUAL,
    Definitions,
    Level,
    Measures,
    ServerRow,
    TagReport,
)
from forwarder.reconcile.align import Aligned, Period, Step, align
from forwarder.reconcile.compare import Estimate, estimates
from forwarder.reconcile.doubts import doubts
from forwarder.reconcile.log import Gather, Log
from forwarder.reconcile.systematic import Circumstances, Part, factor, parts_for
from forwarder.reconcile.tag_days import TagTotals, tag_totals

SETTLES_H = 48  # the platform goes on correcting a day for so long
FEW = 30  # conversions below which no single number is given


class Verdict(StrEnum):
    """What the month says, at the tolerance that was set."""

    AGREES = "agrees"
    DISAGREES = "does not agree"
    TOO_FEW = "too little traffic to tell"
    CANNOT_TELL = "cannot tell"  # traffic suffices, the assumptions are too wide
    NOTHING = "nothing to compare"


class Grade(StrEnum):
    """What evidence a band stands on, A best."""

    A = "A"  # order ledger and mirrored tag
    B = "B"  # mirrored tag
    C = "C"  # the tag's daily totals and our own clicks and conversions
    D = "D"  # totals only


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How the month is to be judged.

    Units: `tolerance_share` is the gap, either way, that still counts as agreement.
    `measured` replaces default parts of the systematic range by name.
    """

    tolerance_share: float = 0.15
    refunds: Literal["keep", "drop"] = "keep"
    measured: Mapping[str, Part] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One kind at one level: what was counted, how far apart, how sure.

    Units: counts of conversions in the period `first_on` to `last_on`; values in
    major units of `currency`. `n_tag` is None when there is no report, `tag_value`
    when it tells no value.
    """

    month: str
    kind: Kind
    level: Level
    measures: Measures
    definitions: Definitions
    first_on: date
    last_on: date
    is_final: bool
    n_tag: int | None
    n_server: int
    n_refunded: int
    tag_value: float | None
    server_value: float
    currency: str | None
    steps: tuple[Step, ...]
    parts: tuple[Part, ...]
    estimates: Mapping[str, Estimate]
    grade: Grade
    verdict: Verdict
    tolerance_share: float
    doubts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthReport:
    """All comparisons of one month, in a fixed order."""

    month: str
    made_at: datetime
    comparisons: tuple[Comparison, ...]


def build_report(
    month: str,
    rows: Iterable[ServerRow],
    tag_reports: Sequence[TagReport],
    now: datetime,
    rules: Rules | None = None,
) -> MonthReport:
    """Return the report of one month: every kind seen, at both levels.

    Shape: `month` as YYYY-MM; `rows` in any order, from 2 days before the month to
    the longest click window after it, of every kind incl. refunds; of several tag
    reports for one kind and level the last one that touches the month counts.
    Raises: ValueError when `month` is not a month.
    """
    first = first_day(month)
    gathered = Gather().add(rows)
    used = rules if rules is not None else Rules()
    kinds = {row.kind for report in tag_reports for row in report.rows}
    desk = _Desk(month, first, gathered, tuple(tag_reports), now, used)
    return MonthReport(
        month=month,
        made_at=now,
        comparisons=tuple(
            _comparison(desk, _case(desk, kind, level))
            for kind in sorted({*kinds, *gathered.kinds})
            for level in (Level.DELIVERY, Level.ATTRIBUTION)
        ),
    )


def first_day(month: str) -> date:
    """Return the first day of YYYY-MM. Raises: ValueError."""
    try:
        return datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError as error:
        raise ValueError("month: write it as YYYY-MM, such as 2026-10") from error


@dataclass(frozen=True, slots=True)
class _Desk:
    month: str
    first: date
    gathered: Gather
    tag_reports: tuple[TagReport, ...]
    now: datetime
    rules: Rules

    @property
    def n_days(self) -> int:
        return calendar.monthrange(self.first.year, self.first.month)[1]

    @property
    def start_s(self) -> float:
        first = self.first
        return datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp()

    def tag(self, kind: Kind, level: Level) -> TagTotals | None:
        return tag_totals(self.tag_reports, kind, level, self.first, self.n_days)


@dataclass(frozen=True, slots=True)
class _Case:
    """One kind at one level, cut and aligned."""

    kind: Kind
    level: Level
    tag: TagTotals | None
    definitions: Definitions
    period: Period
    currency: str | None
    currencies: Mapping[str, int]
    log: Log
    aligned: Aligned


def _case(desk: _Desk, kind: Kind, level: Level) -> _Case:
    tag = desk.tag(kind, level)
    definitions = USUAL[level] if tag is None else tag.report.definitions
    period = _period(desk, tag)
    currencies = desk.gathered.currencies(kind)
    currency = _currency(tag, currencies)
    log = desk.gathered.log(kind, currency)
    drop = desk.rules.refunds == "drop"
    aligned = align(log, definitions, period, drop_refunds=drop)
    return _Case(
        kind, level, tag, definitions, period, currency, currencies, log, aligned
    )


def _comparison(desk: _Desk, case: _Case) -> Comparison:
    tag, aligned, tolerance = case.tag, case.aligned, desk.rules.tolerance_share
    circumstances = _circumstances(desk, case)
    parts = parts_for(circumstances, desk.rules.measured)
    found = estimates(tag, aligned, factor(parts))
    return Comparison(
        month=desk.month,
        kind=case.kind,
        level=case.level,
        measures=circumstances.measures,
        definitions=case.definitions,
        first_on=desk.first + timedelta(days=case.period.first_day),
        last_on=desk.first + timedelta(days=case.period.end_day - 1),
        is_final=circumstances.is_final,
        n_tag=None if tag is None else tag.n,
        n_server=aligned.n,
        n_refunded=int(case.log.refunded[aligned.kept].sum()),
        tag_value=None if tag is None else tag.value,
        server_value=aligned.value,
        currency=case.currency,
        steps=aligned.steps,
        parts=parts,
        estimates=found,
        grade=_grade(case.level, case.log),
        verdict=verdict(found, factor(parts), tolerance),
        tolerance_share=tolerance,
        doubts=doubts(tag, aligned, case.currencies, case.currency),
    )


def _circumstances(desk: _Desk, case: _Case) -> Circumstances:
    return Circumstances(
        level=case.level,
        measures=_measures(case.tag, case.level),
        definitions=case.definitions,
        is_final=desk.now >= final_at(desk.first, case.definitions),
        multi_hop_share=_multi_hop_share(case.log, case.aligned),
    )


def final_at(first: date, definitions: Definitions) -> datetime:
    """Return when the month's numbers stop moving: the window and two days after it."""
    n_days = calendar.monthrange(first.year, first.month)[1]
    window = definitions.click_window_days or 0
    start = datetime(first.year, first.month, first.day, tzinfo=UTC)
    return start + timedelta(
        days=n_days + window, hours=SETTLES_H - definitions.utc_offset_h
    )


def _period(desk: _Desk, tag: TagTotals | None) -> Period:
    if tag is None:
        return Period(start_s=desk.start_s, n_days=desk.n_days)
    return Period(
        start_s=desk.start_s,
        n_days=desk.n_days,
        first_day=tag.first_day,
        last_day=tag.last_day,
    )


def _currency(tag: TagTotals | None, currencies: Mapping[str, int]) -> str | None:
    if tag is not None and tag.report.currency is not None:
        return tag.report.currency
    return next(iter(currencies), None)


def _measures(tag: TagTotals | None, level: Level) -> Measures:
    if tag is not None:
        return tag.report.measures
    return Measures.TAG if level is Level.DELIVERY else Measures.PLATFORM


def _multi_hop_share(log: Log, aligned: Aligned) -> float | None:
    hops = log.multi_hop[aligned.kept]
    known = hops[~np.isnan(hops)]
    return float(known.mean()) if len(known) else None


def _grade(level: Level, log: Log) -> Grade:
    if level is Level.DELIVERY or not np.isnan(log.click_s).all():
        return Grade.C
    return Grade.D


def verdict(
    found: Mapping[str, Estimate], hidden: tuple[float, float], tolerance: float
) -> Verdict:
    """Return what the 90% band of the gap says at a tolerance: an equivalence test."""
    gap = found.get("gap")
    if gap is None:
        return Verdict.NOTHING
    low, high = gap.bands["90"]
    if -tolerance <= low and high <= tolerance:
        return Verdict.AGREES
    if low > tolerance or high < -tolerance:
        return Verdict.DISAGREES
    if gap.n < FEW:
        return Verdict.TOO_FEW
    best, worst = 1 - (1 - gap.value) / hidden[0], 1 - (1 - gap.value) / hidden[1]
    decided = max(abs(best), abs(worst)) <= tolerance
    decided = decided or best > tolerance or worst < -tolerance
    return Verdict.TOO_FEW if decided else Verdict.CANNOT_TELL
