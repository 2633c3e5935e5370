"""An experiment as it stands: its verdict, its arms, and what to say about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil, isfinite

from forwarder.core.experiment import Objective, Phase, Plan, Shown, Variable
from forwarder.insights.eprocess import (
    FUTILE_DAYS,
    Day,
    State,
    Terms,
    Verdict,
    judge,
    mean,
)
from forwarder.insights.experiment import (
    METRICS,
    RUN_DAYS,
    days_to_verdict,
    is_replicated,
    warnings,
)

REVISED_MUCH = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """What a variant did in all its settled days."""

    name: str
    impressions: int
    successes: int

    @property
    def rate(self) -> float | None:
        """Return successes per impression; None without impressions."""
        return self.successes / self.impressions if self.impressions else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An experiment with all that is known about it today."""

    plan: Plan
    verdict: Verdict
    arms: Sequence[Arm]
    warnings: Sequence[str]
    beat_control: Sequence[bool] = ()

    @property
    def metric(self) -> str:
        """Return the rate that the objective is judged by."""
        return METRICS[self.plan.objective]

    @property
    def winner(self) -> str | None:
        """Return the winner's name; None without a verdict."""
        number = self.verdict.winner
        return None if number is None else self.plan.variants[number].name

    @property
    def is_replicated(self) -> bool | None:
        """Tell a winner from a spike; None before the phase that repeats a winner."""
        if self.plan.phase is not Phase.SCALE:
            return None
        return is_replicated(self.beat_control)

    @property
    def meaning(self) -> str:
        """Return in words what may be concluded."""
        is_spent = self.verdict.day >= FUTILE_DAYS
        if is_spent and self.verdict.state is State.DIRECTIONAL:
            return UNDECIDED
        return WORDS[self.verdict.state]

    @property
    def days_to_verdict(self) -> int | None:
        """Return in how many days, at least, control and best arm are told apart."""
        if self.verdict.day == 0 or self.winner is not None:
            return None
        terms = Terms(rho=self.plan.rho)
        pair = [self.arms[0], max(self.arms[1:], key=lambda arm: arm.rate or 0.0)]
        days = days_to_verdict(
            [mean(arm.impressions, arm.successes, terms) for arm in pair],
            [arm.impressions / self.verdict.day for arm in pair],
            terms.alpha / (len(self.arms) - 1),
            self.verdict.dispersion,
        )
        return ceil(days) if isfinite(days) else None


def standing(
    plan: Plan,
    days: Sequence[Shown],
    revised: Sequence[Shown],
    decided: Verdict | None = None,
) -> Standing:
    """Return how an experiment stands. Days in any order; `revised` came later.

    What was `decided` before stands, whatever days were told since.
    """
    columns, terms = _columns(plan, days), Terms(rho=plan.rho)
    if decided is None:
        decided = judge(columns, terms)
    arms = [
        Arm(
            name=variant.name,
            impressions=sum(day.impressions for day in column if day is not None),
            successes=sum(day.successes for day in column if day is not None),
        )
        for variant, column in zip(plan.variants, columns, strict=True)
    ]
    return Standing(
        plan=plan,
        verdict=decided,
        arms=arms,
        warnings=[
            *warnings(plan.variants),
            *_impossible(arms),
            *_revisions(plan, days, revised),
        ],
        beat_control=_beat_control(columns, terms) if plan.phase is Phase.SCALE else (),
    )


def _beat_control(columns: Sequence[Sequence[Day | None]], terms: Terms) -> list[bool]:
    """Tell of each new variant whether a verdict of its own says that it won.

    By bare rates two of five would, in two of three experiments without a difference.
    """
    control, *others = columns
    return [judge([control, other], terms).winner == 1 for other in others]


def _columns(plan: Plan, days: Sequence[Shown]) -> list[list[Day | None]]:
    by_day: dict[date, dict[int, Day]] = {}
    for one in days:
        by_day.setdefault(one.on, {})[one.variant] = Day(one.impressions, one.successes)
    return [
        [by_day[on].get(number) for on in sorted(by_day)]
        for number in range(len(plan.variants))
    ]


def _impossible(arms: Sequence[Arm]) -> list[str]:
    return [
        f"{arm.name}: more successes than impressions; if a day was told wrong, plan "
        "the experiment anew, for a recorded day stays"
        for arm in arms
        if arm.successes > arm.impressions
    ]


def _revisions(
    plan: Plan, days: Sequence[Shown], revised: Sequence[Shown]
) -> list[str]:
    first = {(day.variant, day.on): day for day in days}
    return [
        f"{plan.variants[new.variant].name} on {new.on}: the counts changed by more "
        "than 5 % after they were used; the verdict stands on the first ones"
        for new in revised
        if _is_much(first[new.variant, new.on], new)
    ]


def _is_much(old: Shown, new: Shown) -> bool:
    pairs = ((old.impressions, new.impressions), (old.successes, new.successes))
    return any(abs(b - a) > REVISED_MUCH * max(a, 1) for a, b in pairs)


WORDS = {
    State.COLLECTING: "still collecting: too few impressions or days to say anything",
    State.DIRECTIONAL: f"a direction, no proof: go on, {RUN_DAYS} days as a rule and "
    f"{FUTILE_DAYS} at most, and do not act on it yet",
    State.CONCLUSIVE: "decided: this verdict stands however the days go on",
    State.FUTILE: "no difference worth waiting for: try a bolder variant",
}
UNDECIDED = (
    f"undecided after {FUTILE_DAYS} days: end it without a winner and try a bolder "
    "variant"
)
LIMITS = (
    "Impressions are not independent people and Pinterest does not draw lots: this is "
    "evidence on these Pins, no proof on the idea. The division by the dispersion is "
    "checked by simulation, not proved."
)
CHOICES = {
    "objective": [one.value for one in Objective],
    "variable": [one.value for one in Variable],
    "phase": [one.value for one in Phase],
}
