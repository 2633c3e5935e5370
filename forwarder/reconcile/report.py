"""The month's attribution gap: two lists in, one report out, per kind and level."""

import calendar
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Literal

import numpy as np

from forwarder.core.columns import ServerColumns
from forwarder.core.event import Kind
from forwarder.core.reports import (
    USUAL,
    Level,
    Measures,
    ServerRow,
    TagReport,
)
from forwarder.reconcile.align import Period, align
from forwarder.reconcile.bands import Band
from forwarder.reconcile.calendar_of import final_at, first_day, so_far
from forwarder.reconcile.capture import Assumed
from forwarder.reconcile.case import Case
from forwarder.reconcile.cause import Cause
from forwarder.reconcile.causes import Ground, waterfall
from forwarder.reconcile.compare import Estimate, estimates
from forwarder.reconcile.comparison import Comparison, Day, Mode, MonthReport
from forwarder.reconcile.doubts import doubts
from forwarder.reconcile.event_level import (
    dependence,
    event_estimates,
    totals_by_dependence,
)
from forwarder.reconcile.evidence import Beside
from forwarder.reconcile.inputs import fingerprint
from forwarder.reconcile.log import Gather
from forwarder.reconcile.measured import measured_parts, multi_hop_share
from forwarder.reconcile.pairs import Pairs, pairs_of
from forwarder.reconcile.systematic import Circumstances, Part, factor, parts_for
from forwarder.reconcile.tag_days import TagTotals, tag_totals
from forwarder.reconcile.tipping import tipping
from forwarder.reconcile.verdict import Grade, verdict

ALONE, USUALLY_ASSUMED = Beside(), Assumed()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How the month is to be judged.

    Units: `tolerance_share` is the gap, either way, that still counts as agreement.
    `measured` replaces default parts of the systematic range by name; `assumed` is
    what joined lists cannot show.
    """

    tolerance_share: float = 0.15
    refunds: Literal["keep", "drop"] = "keep"
    measured: Mapping[str, Part] = field(default_factory=dict)
    assumed: Assumed = USUALLY_ASSUMED


USUAL_RULES = Rules()


def build_report(
    month: str,
    rows: Iterable[ServerRow] | ServerColumns,
    tag_reports: Sequence[TagReport],
    now: datetime,
    rules: Rules | None = None,
    beside: Beside = ALONE,
) -> MonthReport:
    """Return the report of one month: every kind seen, at both levels.

    Shape: `month` as YYYY-MM; `rows` in any order, from 2 days before the month to
    the longest click window after it, of every kind incl. refunds; of several tag
    reports for one kind and level the last one that touches the month counts.
    Raises: ValueError when `month` is not a month.
    """
    first, gathered = first_day(month), Gather(rows)
    used = USUAL_RULES if rules is None else rules
    desk = _Desk(month, first, gathered, tuple(tag_reports), now, used, beside)
    told = {row.kind for report in tag_reports for row in report.rows}
    told |= {row.kind for row in beside.pairs or ()}
    return MonthReport(
        month=month,
        made_at=now,
        comparisons=tuple(
            _comparison(desk, _case(desk, kind, level))
            for kind in sorted({*told, *gathered.kinds})
            for level in (Level.DELIVERY, Level.ATTRIBUTION)
        ),
        inputs=fingerprint(gathered, desk.tag_reports, beside, repr(used)),
    )


@dataclass(frozen=True, slots=True)
class _Desk:
    month: str
    first: date
    gathered: Gather
    tag_reports: tuple[TagReport, ...]
    now: datetime
    rules: Rules
    beside: Beside

    @property
    def n_days(self) -> int:
        return calendar.monthrange(self.first.year, self.first.month)[1]

    @property
    def start_s(self) -> float:
        first = self.first
        return datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp()

    @property
    def first_whole_day(self) -> int:
        """The first day on which our log was kept from its beginning."""
        return self._first_since(self.beside.began_at)

    def _first_since(self, began_at: datetime | None) -> int:
        if began_at is None or began_at.timestamp() <= self.start_s:
            return 0
        return (began_at.date() - self.first).days + 1

    def tag(self, kind: Kind, level: Level) -> TagTotals | None:
        found = tag_totals(self.tag_reports, kind, level, self.first, self.n_days)
        return None if found is None else found.since(self.first_whole_day)

    def pairs(self, kind: Kind, currency: str | None) -> Pairs | None:
        mirrored = self._first_since(self.beside.mirror_began_at)
        days = range(max(self.first_whole_day, mirrored), self.n_days)
        return pairs_of(self.beside.pairs, kind, currency, days)


def _case(desk: _Desk, kind: Kind, level: Level) -> Case:
    tag = desk.tag(kind, level)
    currencies = desk.gathered.currencies(kind)
    currency = _currency(tag, currencies)
    pairs = desk.pairs(kind, currency) if level is Level.DELIVERY else None
    if pairs is not None:
        tag = None
    definitions = USUAL[level] if tag is None else tag.report.definitions
    period = _period(desk, tag, pairs)
    log = desk.gathered.log(kind, currency)
    drop = desk.rules.refunds == "drop"
    return Case(
        kind=kind,
        level=level,
        tag=tag,
        pairs=pairs,
        definitions=definitions,
        period=period,
        currency=currency,
        currencies=currencies,
        log=log,
        aligned=align(log, definitions, period, drop_refunds=drop),
        evidence=desk.beside.of(kind),
        first_whole_day=desk.first_whole_day,
    )


def _comparison(desk: _Desk, case: Case) -> Comparison:
    circumstances, tolerance = _circumstances(desk, case), desk.rules.tolerance_share
    parts = parts_for(circumstances, _measured(desk, case, circumstances))
    found, hidden = _estimates(desk, case, factor(parts))
    said = verdict(found, hidden, tolerance)
    pairs, in_pairs = case.pairs, case.pairs is not None
    assumed = desk.rules.assumed
    first_on = desk.first + timedelta(days=case.period.first_day)
    last_on = desk.first + timedelta(days=case.period.end_day - 1)
    return Comparison(
        month=desk.month,
        kind=case.kind,
        level=case.level,
        mode=Mode.EVENT if in_pairs else Mode.AGGREGATE,
        measures=circumstances.measures,
        definitions=case.definitions,
        first_on=first_on,
        last_on=last_on,
        so_far_on=so_far(first_on, last_on, desk.now.date()),
        is_final=circumstances.is_final,
        n_tag=case.n_tag,
        n_server=case.aligned.n,
        n_refunded=int(case.log.refunded[case.aligned.kept].sum()),
        tag_value=case.tag_value,
        server_value=case.aligned.value,
        currency=case.currency,
        steps=case.aligned.steps,
        parts=() if in_pairs else parts,
        estimates=found,
        grade=_grade(case),
        verdict=said,
        tolerance_share=tolerance,
        doubts=doubts(case),
        days=_days(desk, case),
        causes=_causes(desk, case, parts, found),
        tipping=tipping(found, said, tolerance),
        evidence=case.evidence,
        pairs=pairs,
        assumed=assumed if in_pairs else None,
        dependence=None if pairs is None else dependence(pairs, case.ledger_total),
        totals=None if pairs is None else totals_by_dependence(pairs, assumed),
    )


def _measured(
    desk: _Desk, case: Case, circumstances: Circumstances
) -> Mapping[str, Part]:
    """Return what is known of the table: by the evidence, and then by the rules."""
    pairs = desk.pairs(case.kind, case.currency)
    known = measured_parts(case.level, circumstances.measures, pairs)
    return {**known, **desk.rules.measured}


def _estimates(
    desk: _Desk, case: Case, hidden: Band
) -> tuple[dict[str, Estimate], Band]:
    if case.pairs is None:
        return estimates(case.tag, case.aligned, hidden), hidden
    assumed = desk.rules.assumed
    return event_estimates(case.pairs, assumed, case.ledger_total), (1.0, 1.0)


def _causes(
    desk: _Desk, case: Case, parts: Sequence[Part], found: Mapping[str, Estimate]
) -> tuple[Cause, ...]:
    if case.n_tag is None:
        return ()
    net = found.get("net_recorded")
    both = 0 if case.pairs is None else case.pairs.counts[0]
    return waterfall(
        Ground(
            level=case.level,
            steps=case.aligned.steps,
            n_server=case.aligned.n,
            n_tag=case.n_tag,
            gap=None if net is None else net.bands["95"],
            parts=parts,
            pairs=case.pairs,
            evidence=case.evidence,
            torn=desk.rules.assumed.broken_links(both),
        )
    )


def _days(desk: _Desk, case: Case) -> tuple[Day, ...]:
    start = desk.first + timedelta(days=case.period.first_day)
    theirs = case.daily_tag
    return tuple(
        Day(
            on=start + timedelta(days=number),
            tag=None if theirs is None else int(theirs[number]),
            server=int(ours),
        )
        for number, ours in enumerate(case.aligned.daily_count)
    )


def _circumstances(desk: _Desk, case: Case) -> Circumstances:
    return Circumstances(
        level=case.level,
        measures=_measures(case),
        definitions=case.definitions,
        is_final=desk.now >= final_at(desk.first, case.definitions),
        multi_hop_share=multi_hop_share(case.log, case.aligned),
    )


def _period(desk: _Desk, tag: TagTotals | None, pairs: Pairs | None) -> Period:
    if pairs is not None:
        days = pairs.first_day, pairs.last_day
    elif tag is not None:
        days = tag.first_day, tag.last_day
    else:
        days = 0, desk.n_days - 1
    return Period(
        start_s=desk.start_s, n_days=desk.n_days, first_day=days[0], last_day=days[1]
    )


def _currency(tag: TagTotals | None, currencies: Mapping[str, int]) -> str | None:
    if tag is not None and tag.report.currency is not None:
        return tag.report.currency
    return next(iter(currencies), None)


def _measures(case: Case) -> Measures:
    if case.tag is not None:
        return case.tag.report.measures
    return Measures.TAG if case.level is Level.DELIVERY else Measures.PLATFORM


def _grade(case: Case) -> Grade:
    if case.pairs is not None:
        return Grade.B if case.ledger_total is None else Grade.A
    if case.level is Level.DELIVERY or not np.isnan(case.log.click_s).all():
        return Grade.C
    return Grade.D
