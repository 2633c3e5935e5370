"""The month report as plain data: the same numbers as the text, never renamed."""

from collections.abc import Mapping
from typing import Any

from forwarder.reconcile.align import Step
from forwarder.reconcile.compare import Estimate
from forwarder.reconcile.report import Comparison, MonthReport
from forwarder.reconcile.systematic import Part

SCHEMA_VERSION = 1
DIGITS = 6
UNITS = {
    "gap": "share of our conversions",
    "revenue_gap": "share of our value",
    "net_recorded": "conversions",
}


def as_json(report: MonthReport) -> list[dict[str, Any]]:
    """Return one object per kind and level, in a fixed order.

    Units: gaps are shares, 0.27 = the tag shows 27% less than we do; counts are exact.
    """
    return [_comparison(report, comparison) for comparison in report.comparisons]


def _comparison(report: MonthReport, comparison: Comparison) -> dict[str, Any]:
    return {
        "schema": SCHEMA_VERSION,
        "month": report.month,
        "kind": comparison.kind.value,
        "level": comparison.level.value,
        "mode": "aggregate",
        "measures": comparison.measures.value,
        "period": _period(comparison),
        "counts": _counts(comparison),
        "estimates": {k: _estimate(k, e) for k, e in comparison.estimates.items()},
        "grade": comparison.grade.value,
        "stamp": "final" if comparison.is_final else "provisional",
        "assumptions": [_part(part) for part in comparison.parts],
        "alignment": [_step(step) for step in comparison.steps],
        "causes": [],
        "verdict": comparison.verdict.value,
        "tolerance": comparison.tolerance_share,
        "doubts": list(comparison.doubts),
    }


def _period(comparison: Comparison) -> dict[str, Any]:
    definitions = comparison.definitions
    return {
        "from": comparison.first_on.isoformat(),
        "to": comparison.last_on.isoformat(),
        "utc_offset_hours": definitions.utc_offset_h,
        "click_window_days": definitions.click_window_days,
        "report_time": definitions.report_time.value,
        "click_only": definitions.click_only,
    }


def _counts(comparison: Comparison) -> dict[str, Any]:
    steps = comparison.steps
    return {
        "tag": comparison.n_tag,
        "server": comparison.n_server,
        "server_before_alignment": steps[0].before if steps else comparison.n_server,
        "refunded": comparison.n_refunded,
        "tag_value": _rounded(comparison.tag_value),
        "server_value": _rounded(comparison.server_value),
        "currency": comparison.currency,
    }


def _estimate(name: str, estimate: Estimate) -> dict[str, Any]:
    return {
        "value": _rounded(estimate.value),
        "unit": UNITS[name],
        "bands": _bands(estimate.bands),
        "comparison_bands": _bands(estimate.usual_bands),
    }


def _bands(bands: Mapping[str, tuple[float, float]]) -> dict[str, list[float | None]]:
    return {level: [_rounded(end) for end in ends] for level, ends in bands.items()}


def _part(part: Part) -> dict[str, Any]:
    return {
        "name": part.name,
        "range": [_rounded(part.low), _rounded(part.high)],
        "status": part.evidence.value,
        "source": part.source,
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "step": step.name,
        "why": step.why,
        "before": step.before,
        "after": step.after,
        "value_before": _rounded(step.value_before),
        "value_after": _rounded(step.value_after),
        "certainty": "exact",
    }


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, DIGITS) + 0.0  # never -0.0
