"""The values of a finished report: one comparison per kind and level, and the month."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from forwarder.core.event import Kind
from forwarder.core.reports import Definitions, Level, Measures
from forwarder.reconcile.align import Step
from forwarder.reconcile.bands import Band
from forwarder.reconcile.capture import Assumed
from forwarder.reconcile.cause import Cause
from forwarder.reconcile.compare import Estimate
from forwarder.reconcile.event_level import Dependence
from forwarder.reconcile.evidence import Evidence
from forwarder.reconcile.pairs import Pairs
from forwarder.reconcile.systematic import Part
from forwarder.reconcile.tipping import Tipping
from forwarder.reconcile.verdict import Grade, Verdict


class Mode(StrEnum):
    """How the two lists were compared."""

    EVENT = "event"  # order by order
    AGGREGATE = "aggregate"  # day by day


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day of both lists. `tag` is None where no report covers it."""

    on: date
    tag: int | None
    server: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One kind at one level: what was counted, how far apart, how sure.

    Units: counts of conversions in the period `first_on` to `last_on`; values in
    major units of `currency`. `so_far_on` is the last day there was when the days had
    not all gone by, None when they had. `n_tag` is None when there is no report,
    `tag_value` when it tells no value. `pairs`, `assumed` and `dependence` stand for
    themselves in event mode only.
    """

    month: str
    kind: Kind
    level: Level
    mode: Mode
    measures: Measures
    definitions: Definitions
    first_on: date
    last_on: date
    so_far_on: date | None
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
    days: tuple[Day, ...]
    causes: tuple[Cause, ...]
    tipping: Tipping | None
    evidence: Evidence
    pairs: Pairs | None = None
    assumed: Assumed | None = None
    dependence: Dependence | None = None
    totals: Mapping[float, Band] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether neither list holds anything, and nothing was taken out of ours."""
        is_moved = any(step.after != step.before for step in self.steps)
        return not self.n_tag and not self.n_server and not is_moved


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthReport:
    """All comparisons of one month, in a fixed order."""

    month: str
    made_at: datetime
    comparisons: tuple[Comparison, ...]
    inputs: str  # fingerprint of all that the report was made from

    def in_order(self) -> list[Comparison]:
        """Return what is told at length as people read it: purchases first."""
        told = [c for c in self.comparisons if not c.is_empty]
        return sorted(told, key=lambda c: c.kind is not Kind.CHECKOUT)

    @property
    def empty(self) -> list[Comparison]:
        """Return what holds nothing on either side."""
        return [c for c in self.comparisons if c.is_empty]
