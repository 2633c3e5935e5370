"""An experiment as JSON: alike in the command line, the API and the console."""

from typing import Any

from forwarder.insights import trial


def standing_json(found: trial.Standing) -> dict[str, Any]:
    """Return how an experiment stands. Units: rates are fractions of one."""
    plan, verdict = found.plan, found.verdict
    return {
        "name": plan.name,
        "state": verdict.state.value,
        "day": verdict.day,
        "winner": found.winner,
        "log_e": verdict.log_e,
        "l": verdict.l,
        "threshold": verdict.threshold,
        "objective": plan.objective.value,
        "metric": found.metric,
        "variable": plan.variable.value,
        "phase": plan.phase.value,
        "rate_before": plan.rho,
        "after": plan.after or None,
        "note": plan.note,
        "variants": [
            {
                "name": arm.name,
                "value": variant.attributes[plan.variable.value],
                "attributes": variant.attributes,
                "pin_ids": variant.pin_ids,
                "impressions": arm.impressions,
                "successes": arm.successes,
                "rate": arm.rate,
            }
            for arm, variant in zip(found.arms, plan.variants, strict=True)
        ],
        "replicated": found.is_replicated,
        "days_to_verdict": found.days_to_verdict,
        "meaning": found.meaning,
        "warnings": found.warnings,
    }
