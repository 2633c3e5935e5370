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
    major units of `currency`. `n_tag` is None when there is no report, `tag_value`
    when it tells no value. `pairs`, `assumed` and `dependence` stand for themselves
    in event mode only.
    """

    month: str
    kind: Kind
    level: Level
    mode: Mode
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
    days: tuple[Day, ...]
    causes: tuple[Cause, ...]
    tipping: Tipping | None
    evidence: Evidence
    pairs: Pairs | None = None
    assumed: Assumed | None = None
    dependence: Dependence | None = None
    totals: Mapping[float, Band] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthReport:
    """All comparisons of one month, in a fixed order."""

    month: str
    made_at: datetime
    comparisons: tuple[Comparison, ...]
    inputs: str  # fingerprint of all that the report was made from
