"""Plan an experiment: one variable, a fair schedule, and what its result would mean."""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import combinations
from math import ceil, inf, log
from statistics import NormalDist
from typing import Final

from forwarder.core.experiment import Objective, Phase, Variable, Variant
from forwarder.insights.eprocess import MIN_RATE

VARIANTS_MIN: Final = 6
VARIANTS_MAX: Final = 10
SCHEDULE_DAYS: Final = (8, 14)  # the slots of two weeks, also of one weekday
RUN_DAYS: Final = 21  # as a rule
EVEN_PERCENT: Final = 20  # so much may the slots of a variant differ from even shares
REPLICATED_FROM: Final = 2  # of five new variants
POWER: Final = sum(map(NormalDist().inv_cdf, (0.975, 0.8))) ** 2  # 5 %, power 80 %


METRICS: Final[Mapping[Objective, str]] = {
    Objective.VISITS: "outbound_click_rate",
    Objective.DISTRIBUTION: "save_rate",
    Objective.CLARITY: "close_up_rate",
}


PHASE_DAYS: Final[Mapping[Phase, tuple[int, int]]] = {
    Phase.CREATIVE: (7, 14),
    Phase.DESTINATION: (14, 21),
    Phase.SCALE: (30, 60),
}
PHASE_ASKS: Final[Mapping[Phase, str]] = {
    Phase.CREATIVE: "value first against mood first, by close-ups and outbound clicks",
    Phase.DESTINATION: (
        "call to action or landing headline of a winner; two pages behind one link "
        "keep its UTM fields"
    ),
    Phase.SCALE: "one or two winners in five variants, on more keywords and boards",
}
BEFORE: Final[Mapping[Phase, Phase | None]] = {
    Phase.CREATIVE: None,
    Phase.DESTINATION: Phase.CREATIVE,
    Phase.SCALE: Phase.DESTINATION,
}


class WrongPlan(ValueError):
    """The plan would not tell what made the difference; the text says why."""


def check_one_variable(variants: Sequence[Variant], variable: Variable) -> None:
    """Return if the variants differ in `variable` alone. Raises: WrongPlan."""
    varied = [
        one.value
        for one in Variable
        if len({variant.attributes.get(one.value, "") for variant in variants}) > 1
    ]
    others = [word for word in varied if word != variable.value]
    if others:
        told = " and ".join(sorted({variable.value, *others}))
        raise WrongPlan(f"the variants differ in {told}: vary one thing per experiment")
    values = [variant.attributes.get(variable.value, "") for variant in variants]
    if len(set(values)) < len(values):
        raise WrongPlan(f"two variants have the same {variable.value}")


def warnings(variants: Sequence[Variant]) -> list[str]:
    """Return what makes the comparison weaker than it could be."""
    found = []
    if not VARIANTS_MIN <= len(variants) <= VARIANTS_MAX:
        found.append(
            f"{len(variants)} variants: plan {VARIANTS_MIN} to {VARIANTS_MAX}, enough "
            "to find a difference and few enough to feed"
        )
    return found + _schedule_faults(variants)


def _schedule_faults(variants: Sequence[Variant]) -> list[str]:
    planned = [variant for variant in variants if variant.slots]
    if len(planned) < 2:  # noqa: PLR2004  nothing to compare
        return []
    n_days = _n_days([slot for variant in planned for slot in variant.slots])
    n_slots = sum(len(variant.slots) for variant in planned)
    found = [
        f"{variant.name} is published {len(variant.slots)} times, an even share "
        f"would be {n_slots / len(planned):.3g}"
        for variant in planned
        if 100 * abs(len(variant.slots) * len(planned) - n_slots)
        > EVEN_PERCENT * n_slots
    ]
    if not SCHEDULE_DAYS[0] <= n_days <= SCHEDULE_DAYS[1]:
        found.append(
            f"published within {n_days} days: spread the slots over two weeks, so that "
            "no single week decides"
        )
    if any(_is_confounded(one, other) for one, other in combinations(planned, 2)):
        found.append(
            "schedule confounded: a variant has other weeks or weekdays than another; "
            "spread each over the same weeks and the same days of the week"
        )
    return found


def _n_days(slots: Sequence[date]) -> int:
    return (max(slots) - min(slots)).days + 1


def _is_confounded(one: Variant, other: Variant) -> bool:
    weeks = [{slot.isocalendar()[:2] for slot in each.slots} for each in (one, other)]
    weekdays = [{slot.weekday() for slot in each.slots} for each in (one, other)]
    return weeks[0] != weeks[1] or weekdays[0] != weekdays[1]


def needed_impressions(rate: float, change: float) -> int:
    """Return the impressions per arm that show a relative change four times in five.

    One look at the end, two-sided 5 %. Raises: ValueError where there is no change.
    """
    changed = rate * (1 + change)
    if changed == rate or not 0 < rate < 1 or not 0 < changed < 1:
        raise ValueError("a change of a rate between 0 and 1 is needed")
    spread = rate * (1 - rate) + changed * (1 - changed)
    return ceil(POWER * spread / (rate - changed) ** 2)


def days_to_see(rate: float, change: float, daily_impressions: float) -> int | None:
    """Return how many days an arm needs for that, at least 7; None if none will do."""
    if daily_impressions <= 0:
        return None
    return max(7, ceil(needed_impressions(rate, change) / daily_impressions))


def power_hint(rate: float, change: float, daily_impressions: float) -> str:
    """Return in words, before the start, how long it takes to see a change."""
    told = f"change of {change:+.0%}"
    if rate * (1 + change) >= 1:
        return f"at a rate of {rate:.0%} there can be no {told}"
    days = days_to_see(max(rate, MIN_RATE), change, daily_impressions)
    if days is None:
        return f"without impressions no day shows a {told}"
    return (
        f"at {daily_impressions:,.0f} impressions per variant and day it takes at "
        f"least {days} days to see a {told}"
    )


def days_to_verdict(
    means: Sequence[float],
    daily: Sequence[float],
    alpha: float,
    dispersion: float = 1.0,
) -> float:
    """Return the days until a verdict if rates and dispersion stay as they are.

    At least so many, since learning costs some; infinite where the rates are equal, or
    one is none: a day may tell more successes than impressions.
    """
    total = sum(daily)
    if total <= 0 or max(means) >= 1:
        return inf
    null = sum(m * p for m, p in zip(daily, means, strict=True)) / total
    gain = sum(
        m * (p * log(p / null) + (1 - p) * log((1 - p) / (1 - null)))
        for m, p in zip(daily, means, strict=True)
    )
    return max(7.0, 1 + dispersion * log(1 / alpha) / gain) if gain > 0 else inf


READINGS: Final[Mapping[tuple[str, str], str]] = {
    ("up", "up"): "Both rose: double down on it, but replicate it first.",
    ("up", "flat"): (
        "More people go on, no more keep it: check that the Pin promises no more than "
        "the page holds."
    ),
    ("up", "down"): (
        "It is clicked at the cost of its lasting value: check the promise, and give "
        "people a reason to keep the Pin."
    ),
    ("flat", "up"): (
        "It is kept, not followed: change the call to action and the first screen of "
        "the page."
    ),
    ("flat", "flat"): "No difference to act on: try a bolder variant.",
    ("flat", "down"): "It is kept less and followed as before: leave it.",
    ("down", "up"): (
        "It is kept instead of followed: add a reason to go on now, and change the "
        "call to action."
    ),
    ("down", "flat"): "It is followed less: leave it.",
    ("down", "down"): "Worse in both: leave it and note what it changed.",
}


def is_replicated(beats_control: Sequence[bool]) -> bool:
    """Tell a winner from a spike: at least two new variants of it won again."""
    return sum(beats_control) >= REPLICATED_FROM
