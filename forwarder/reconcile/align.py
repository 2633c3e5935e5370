"""Our log re-expressed in the report's definitions, one visible step at a time.

Never compare raw totals: a different time zone, click window or booking day moves
more conversions than a broken tag does, and all of that is known exactly.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from forwarder.core.reports import Definitions, ReportTime
from forwarder.reconcile.log import (
    NO_CONSENT,
    NOT_ACCEPTED,
    TEST,
    BoolArray,
    FloatArray,
    IntArray,
    Log,
)

DAY_S = 86_400
HOUR_S = 3_600
MICRO = 1e6
UNACCEPTED = "not accepted"  # the step that a person can do something about


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The days that are compared. `first_day` and `last_day` count from 0, inclusive.

    Units: `start_s` epoch seconds at 00:00 UTC of the month's first day.
    """

    start_s: float
    n_days: int
    first_day: int = 0
    last_day: int | None = None  # None = to the end of the month

    @property
    def end_day(self) -> int:
        """The day after the last one compared."""
        return self.n_days if self.last_day is None else self.last_day + 1

    @property
    def n_compared(self) -> int:
        """How many days are compared."""
        return max(self.end_day - self.first_day, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One definition taken over from the report, and what it moved. Exact.

    Units: conversions, and their value in major units.
    """

    name: str
    why: str
    before: int
    after: int
    value_before: float
    value_after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Aligned:
    """Our log in the report's definitions.

    Shape: `daily_count` and `daily_value` have one number per compared day; `values`
    one per conversion, NaN = not told.
    """

    steps: tuple[Step, ...]
    daily_count: IntArray
    daily_value: FloatArray
    values: FloatArray
    kept: BoolArray

    @property
    def n(self) -> int:
        """How many conversions are left."""
        return int(self.daily_count.sum())

    @property
    def value(self) -> float:
        """What they are worth together, as far as told."""
        return float(self.daily_value.sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """A way to look at the log: which rows, and on which day each counts."""

    keep: BoolArray
    day: FloatArray
    first_day: int = 0
    end_day: int = 0

    @property
    def inside(self) -> BoolArray:
        """Mark the rows that count."""
        return self.keep & (self.day >= self.first_day) & (self.day < self.end_day)


_Named = tuple[str, str, _View]


def align(
    log: Log, definitions: Definitions, period: Period, *, drop_refunds: bool = False
) -> Aligned:
    """Return the log in the report's definitions, with every step on the way.

    Each step counts again from the rows, so the steps add up exactly: the `after` of
    one is the `before` of the next.
    """
    whole = view = _View(
        keep=np.ones(len(log), dtype=np.bool_),
        day=_day_of(log.at_s, 0.0, period),
        end_day=period.n_days,
    )
    micro = _micro(log.value)
    steps: list[Step] = []
    last = _tally(micro, whole)
    for name, why, view in _views(log, whole, definitions, period, drop_refunds):
        now = _tally(micro, view)
        steps.append(_step(name, why, last, now))
        last = now
    return _aligned(log.value, micro, view, period.n_compared, tuple(steps))


def _step(
    name: str, why: str, before: tuple[int, float], after: tuple[int, float]
) -> Step:
    return Step(
        name=name,
        why=why,
        before=before[0],
        after=after[0],
        value_before=before[1],
        value_after=after[1],
    )


def _views(
    log: Log,
    view: _View,
    definitions: Definitions,
    period: Period,
    drop_refunds: bool,  # noqa: FBT001 one of two ways to read the same log
) -> Iterator[_Named]:
    for name, why, following in _scope(log, view, drop_refunds):
        view = following
        yield name, why, view
    for name, why, following in _clicks(log, view, definitions):
        view = following
        yield name, why, view
    for name, why, following in _days(log, view, definitions, period):
        view = following
        yield name, why, view
    accepted = replace(view, keep=view.keep & (log.fate != NOT_ACCEPTED))
    yield UNACCEPTED, "Pinterest has not said yes to it", accepted


def _scope(
    log: Log,
    view: _View,
    drop_refunds: bool,  # noqa: FBT001 one of two ways to read the same log
) -> Iterator[_Named]:
    keep = view.keep & log.distinct()
    yield "repeats", "the same event twice in our log", replace(view, keep=keep)
    keep = log.distinct_orders(keep)
    yield "same order", "one order under two event ids", replace(view, keep=keep)
    keep = keep & (log.fate != TEST)
    yield "test orders", "a test is not a sale", replace(view, keep=keep)
    keep = keep & (log.fate != NO_CONSENT)
    yield "no consent", "neither list may count it", replace(view, keep=keep)
    if drop_refunds:
        keep = keep & ~log.refunded
        yield "refunds", "the report takes refunds back", replace(view, keep=keep)


def _clicks(log: Log, view: _View, definitions: Definitions) -> Iterator[_Named]:
    if definitions.click_window_days is None:
        return
    keep = view.keep & ~np.isnan(log.click_s)
    yield "no click", "no Pinterest click is known", replace(view, keep=keep)
    days = definitions.click_window_days
    lag_s = log.at_s - log.click_s
    keep = keep & (lag_s <= days * DAY_S)
    yield "click window", f"{days} days at most", replace(view, keep=keep)


def _days(
    log: Log, view: _View, definitions: Definitions, period: Period
) -> Iterator[_Named]:
    hours = definitions.utc_offset_h
    view = replace(view, day=_day_of(log.at_s, hours * HOUR_S, period))
    yield "time zone", f"days begin at midnight UTC{hours + 0:+g} h", view
    if definitions.report_time is ReportTime.AD_ACTION:
        booked_s = np.where(np.isnan(log.click_s), log.at_s, log.click_s)
        view = replace(view, day=_day_of(booked_s, hours * HOUR_S, period))
        yield "booking day", "booked on the day of the click", view
    view = replace(view, first_day=period.first_day, end_day=period.end_day)
    yield "days covered", "only the days that the report covers", view


def _day_of(at_s: FloatArray, shift_s: float, period: Period) -> FloatArray:
    day: FloatArray = np.floor((at_s + shift_s - period.start_s) / DAY_S)
    return day


def _tally(micro: IntArray, view: _View) -> tuple[int, float]:
    inside = view.inside
    return int(inside.sum()), float(micro[inside].sum()) / MICRO


def _aligned(
    values: FloatArray,
    micro: IntArray,
    view: _View,
    n_days: int,
    steps: tuple[Step, ...],
) -> Aligned:
    kept = view.inside
    index = view.day[kept].astype(np.int64) - view.first_day
    daily = np.bincount(index, micro[kept], minlength=n_days)
    return Aligned(
        steps=steps,
        daily_count=np.bincount(index, minlength=n_days).astype(np.int64),
        daily_value=daily.astype(np.float64) / MICRO,
        values=np.sort(values[kept]),
        kept=kept,
    )


def _micro(values: FloatArray) -> IntArray:
    """Return whole millionths: their sum does not depend on the order of the rows."""
    return np.rint(np.nan_to_num(values) * MICRO).astype(np.int64)
