"""A plan as a person words it, checked before anything is published."""

from collections.abc import Mapping, Sequence

from forwarder.core.experiment import Objective, Plan, Variant
from forwarder.core.kpi import PinFacts
from forwarder.insights.experiment import BEFORE, WrongPlan, check_one_variable
from forwarder.insights.recording import standing_of
from forwarder.store import experiments
from forwarder.store.engine import Store

VARIANTS_LEAST = 2  # a control and something else


def check(store: Store, plan: Plan, facts: Mapping[str, PinFacts]) -> None:
    """Return if the plan can tell what made the difference. Raises: WrongPlan."""
    names = [variant.name for variant in plan.variants]
    if len(names) < VARIANTS_LEAST:
        raise WrongPlan(
            "an experiment has at least two variants, the first the control"
        )
    if len(set(names)) < len(names):
        raise WrongPlan("two variants have the same name")
    check_one_variable(plan.variants, plan.variable)
    _check_formats(plan.variants, facts)
    needed = BEFORE[plan.phase]
    if needed is not None and not is_unlocked(store, plan):
        raise WrongPlan(
            f"phase {plan.phase.value} builds on a winner of phase {needed.value}: "
            "name a decided experiment of it"
        )


def _check_formats(variants: Sequence[Variant], facts: Mapping[str, PinFacts]) -> None:
    """R64: formats differ by nature, so a winner across them says little."""
    formats = {
        facts[pin].pin_format
        for variant in variants
        for pin in variant.pin_ids
        if pin in facts and facts[pin].pin_format
    }
    if len(formats) > 1:
        raise WrongPlan(
            f"the Pins are of several formats ({', '.join(sorted(formats))}): compare "
            "within one, or allow it on purpose (--across-formats)"
        )


def is_unlocked(store: Store, plan: Plan) -> bool:
    """Tell whether it builds on a winner of the phase before."""
    before = experiments.find(store, plan.after) if plan.after else None
    return (
        before is not None
        and before.phase is BEFORE[plan.phase]
        and standing_of(store, before).winner is not None
    )


def objective_of(word: str) -> Objective:
    """Return what an experiment is for. Raises: WrongPlan, also for impressions."""
    if word == "impressions":
        raise WrongPlan(
            "impressions are no goal: how often a Pin was shown says nothing of what "
            "it did; take visits, distribution or clarity"
        )
    try:
        return Objective(word)
    except ValueError:
        raise WrongPlan("the objective is visits, distribution or clarity") from None
