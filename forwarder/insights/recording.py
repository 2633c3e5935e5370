"""Record the days of experiments, by hand or from the days of their Pins.

A day counts as it was first told, and the first final verdict is kept: nothing that is
told later changes it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

import msgspec

from forwarder.core.experiment import Objective, Phase, Plan, Shown
from forwarder.core.kpi import Counts, KpiDay, total
from forwarder.insights.eprocess import State, Verdict
from forwarder.insights.thresholds import Thresholds
from forwarder.insights.trial import Standing, standing
from forwarder.store import experiments, kpi
from forwarder.store.engine import Store

FINAL: Final = frozenset({State.CONCLUSIVE, State.FUTILE})
SUCCESSES: Final[Mapping[Objective, str]] = {
    Objective.VISITS: "outbound_clicks",
    Objective.DISTRIBUTION: "saves",
    Objective.CLARITY: "pin_clicks",
}


def standing_of(store: Store, plan: Plan) -> Standing:
    """Return how an experiment stands by its recorded days."""
    days = experiments.told(store, plan.name)
    kept = experiments.decided(store, plan.name)
    return standing(
        plan,
        [day.shown for day in days],
        [day.revised for day in days if day.revised is not None],
        None if kept is None else msgspec.json.decode(kept, type=Verdict),
    )


class WrongDay(ValueError):
    """A day that somebody tells would spoil the verdict for good; the text says why."""


def record_days(
    store: Store,
    plan: Plan,
    days: Sequence[Shown],
    now: datetime,
    limits: Thresholds,
) -> int:
    """Keep days that somebody tells, all or none; return how many are new.

    Raises: WrongDay.
    """
    last_on = settled(now, limits)
    for day in days:
        _check(plan.variants[day.variant].name, day, last_on)
    return keep_days(store, plan, days, now)


def _check(variant: str, day: Shown, last_on: date) -> None:
    if day.on > last_on:
        raise WrongDay(
            f"{day.on} is not settled: a recorded day stays as it is, so record days "
            f"until {last_on}"
        )
    if day.successes > day.impressions:
        raise WrongDay(
            f"{variant} on {day.on} has more successes than impressions: look them up "
            "again, for a recorded day stays as it is"
        )


def keep_days(store: Store, plan: Plan, days: Sequence[Shown], now: datetime) -> int:
    """Keep days of an experiment, and its verdict once final; return how many are new.

    A day that is there stays; other numbers for it stand beside it. Days of Pins may
    have more successes than impressions: a click of today is of a Pin seen yesterday.
    """
    known = {
        (one.shown.variant, one.shown.on): one.shown
        if one.revised is None
        else one.revised
        for one in experiments.told(store, plan.name)
    }
    fresh = [day for day in days if known.get((day.variant, day.on)) != day]
    n_new = experiments.record(store, plan.name, fresh)
    verdict = standing_of(store, plan).verdict
    if verdict.state in FINAL:
        experiments.decide(store, plan.name, msgspec.json.encode(verdict), now)
    return n_new


def record_from_pins(
    store: Store, limits: Thresholds, now: datetime
) -> Mapping[str, int]:
    """Record the settled days of every undecided experiment that names its Pins.

    One that repeats a winner goes on: others of its variants may win as well. Returns
    how many days of variants are new, by experiment.
    """
    begun, last_on = experiments.begun(store), settled(now, limits)
    found = {}
    for plan in experiments.plans(store):
        if not all(variant.pin_ids for variant in plan.variants):
            continue
        is_open = experiments.decided(store, plan.name) is None
        if is_open or plan.phase is Phase.SCALE:
            days = days_from_pins(store, plan, begun[plan.name].date(), last_on)
            found[plan.name] = keep_days(store, plan, days, now)
    return found


def settled(now: datetime, limits: Thresholds) -> date:
    """Return the last day whose counts no longer move."""
    return now.date() - timedelta(days=limits.settle_days)


def days_from_pins(
    store: Store, plan: Plan, first_on: date, last_on: date
) -> Sequence[Shown]:
    """Return what the Pins of each variant did on each day that all variants have.

    A day with a Pin whose counts are not final is left for later, with all after it:
    the verdict takes days in their order.
    """
    pins = [pin for variant in plan.variants for pin in variant.pin_ids]
    by_day: dict[date, dict[str, KpiDay]] = {}
    for day in kpi.days_of(store, pins, first_on):
        by_day.setdefault(day.on, {})[day.pin_id] = day
    found: list[Shown] = []
    for on in sorted(day for day in by_day if day <= last_on):
        if not all(day.is_final for day in by_day[on].values()):
            break
        found += _of_day(plan, on, by_day[on])
    return found


def _of_day(plan: Plan, on: date, days: Mapping[str, KpiDay]) -> Iterable[Shown]:
    arms = [
        [days[pin].counts for pin in variant.pin_ids if pin in days]
        for variant in plan.variants
    ]
    if not all(arms):
        return
    for number, arm in enumerate(arms):
        yield _shown(plan, number, on, total(arm))


def _shown(plan: Plan, number: int, on: date, counts: Counts) -> Shown:
    return Shown(
        variant=number,
        on=on,
        impressions=counts.impressions,
        successes=getattr(counts, SUCCESSES[plan.objective]),
    )
