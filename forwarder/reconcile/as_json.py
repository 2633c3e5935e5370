"""The month report as plain data: the same numbers as the text, never renamed.

Each object with numbers says their unit, whose they are and how certain they are; the
period stands once, at the top of each comparison.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from forwarder.reconcile import advice, words
from forwarder.reconcile.align import Step
from forwarder.reconcile.cause import UNTOLD, Cause
from forwarder.reconcile.compare import Estimate
from forwarder.reconcile.comparison import Comparison
from forwarder.reconcile.control import control_days
from forwarder.reconcile.document import Document, PastMonth, movement
from forwarder.reconcile.labels import LABELS, Assumption, assumptions
from forwarder.reconcile.routes import routes
from forwarder.reconcile.systematic import Evidence
from forwarder.reconcile.tipping import Tipping

SCHEMA_VERSION = 2
DIGITS = 6
EXACT = "exact"
OURS, THEIRS, BETWEEN, METHOD = "first_party", "platform", "comparison", "method"


def as_json(document: Document) -> list[dict[str, Any]]:
    """Return one object per kind and level, in a fixed order.

    Units: gaps are shares, 0.27 = the tag shows 27% less than we do; counts are exact.
    """
    first = advice.lead(document.report.comparisons)
    return [
        {**_comparison(document, one), "is_lead": one is first}
        for one in document.report.comparisons
    ]


def _comparison(document: Document, c: Comparison) -> dict[str, Any]:
    past = document.history(c)
    return {
        "schema": {"version": SCHEMA_VERSION, "unit": "version", "certainty": EXACT},
        "month": c.month,
        "kind": c.kind.value,
        "level": c.level.value,
        "title": words.headline(c),
        "mode": c.mode.value,
        "measures": c.measures.value,
        "inputs": document.report.inputs,
        "period": _period(c),
        "counts": _counts(c),
        "columns": _columns(c),
        "estimates": {k: _estimate(k, e) for k, e in c.estimates.items()},
        "grade": c.grade.value,
        "stamp": "final" if c.is_final else "provisional",
        "assumptions": [
            _assumption(one)
            for one in assumptions(c)
            if one.status != Evidence.NOT_APPLICABLE  # neither measured nor assumed
        ],
        "alignment": [_step(step) for step in c.steps],
        "causes": [_cause(c, cause) for cause in c.causes],
        **_joined(c),
        "routes": [
            {**asdict(one), "unit": "conversions", "certainty": EXACT, "side": BETWEEN}
            for one in routes(c)
        ],
        "days": _days(c),
        "verdict": c.verdict.value,
        "tolerance": c.tolerance_share,
        "tolerance_unit": LABELS["gap"].unit,
        "tipping": None if c.tipping is None else _tipping(c.tipping),
        "doubts": list(c.doubts),
        "actions": advice.actions(c),
        "decision_matrix": [asdict(way) for way in _ways(document)],
        "history": [_past(one) for one in past],
        "movement": movement(c, past),
    }


def _ways(document: Document) -> Sequence[advice.Way]:
    return advice.ways(document.report.comparisons)


def _period(c: Comparison) -> dict[str, Any]:
    definitions = c.definitions
    return {
        "from": c.first_on.isoformat(),
        "to": c.last_on.isoformat(),
        "utc_offset_hours": definitions.utc_offset_h,
        "click_window_days": definitions.click_window_days,
        "report_time": definitions.report_time.value,
        "click_only": definitions.click_only,
        "unit": "hours and days, as named",
        "certainty": EXACT,
        "side": METHOD,
    }


def _counts(c: Comparison) -> dict[str, Any]:
    return {
        "tag": c.n_tag,
        "server": c.n_server,
        "server_before_alignment": c.steps[0].before if c.steps else c.n_server,
        "refunded": c.n_refunded,
        "tag_value": _rounded(c.tag_value),
        "server_value": _rounded(c.server_value),
        "currency": c.currency,
        "unit": "conversions",
        "value_unit": c.currency,
        "certainty": EXACT,
        "sides": {"tag": THEIRS, "tag_value": THEIRS, "others": OURS},
    }


def _columns(c: Comparison) -> list[dict[str, Any]]:
    """Return both columns side by side; a cell never holds a number of the other."""
    rows: list[dict[str, Any]] = [
        _row("conversions", "conversions", c.n_tag, c.n_server),
        _row("refunded later", "conversions", None, c.n_refunded),
    ]
    if c.currency is not None:
        rows.append(_row("value", c.currency, c.tag_value, c.server_value))
    if c.evidence.ledger_total is not None:
        total = c.evidence.ledger_total
        rows.append(_row("orders the shop counted", "conversions", None, total))
    return rows


def _row(
    name: str, unit: str, platform: float | None, ours: float | None
) -> dict[str, Any]:
    def cell(value: float | None, side: str) -> dict[str, Any] | None:
        if value is None:
            return None
        told = {"value": _rounded(value), "unit": unit}
        return {**told, "certainty": EXACT, "side": side}

    return {"row": name, THEIRS: cell(platform, THEIRS), OURS: cell(ours, OURS)}


def _estimate(name: str, estimate: Estimate) -> dict[str, Any]:
    return {
        "value": _rounded(estimate.value),
        "unit": LABELS[name].unit,
        "bands": _bands(estimate.bands),
        "comparison_bands": _bands(estimate.usual_bands),
        "certainty": "band",
        "side": BETWEEN,
    }


def _bands(bands: Mapping[str, tuple[float, float]]) -> dict[str, list[float | None]]:
    return {level: [_rounded(end) for end in ends] for level, ends in bands.items()}


def _assumption(one: Assumption) -> dict[str, Any]:
    return {
        "name": one.name,
        "range": [_rounded(one.low), _rounded(one.high)],
        "unit": one.unit,
        "status": one.status,
        "source": one.source,
        "certainty": "range",
        "side": METHOD,
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "step": step.name,
        "why": step.why,
        "before": step.before,
        "after": step.after,
        "value_before": _rounded(step.value_before),
        "value_after": _rounded(step.value_after),
        "unit": "conversions, and their value in the currency of the counts",
        "certainty": EXACT,
        "side": OURS,
    }


def _cause(c: Comparison, cause: Cause) -> dict[str, Any]:
    is_known = cause.certainty not in UNTOLD
    before = c.steps[0].before if c.steps else c.n_server

    def share(n: float) -> float | None:
        return _rounded(n / before) if is_known and before else None

    return {
        "cause": cause.name,
        "share": share(cause.n),
        "low": share(cause.low),
        "high": share(cause.high),
        "unit": "share of our log before alignment",
        "conversions": _rounded(cause.n) if is_known else None,
        "certainty": cause.certainty.value,
        "evidence": cause.evidence,
        "remedy": cause.remedy,
        "side": BETWEEN,
    }


def _joined(c: Comparison) -> dict[str, Any]:
    """Return what only the joined lists hold; nothing in aggregate mode."""
    if c.pairs is None:
        return {}
    both, tag, server = c.pairs.counts
    exact = {"unit": "conversions", "certainty": EXACT, "side": BETWEEN}
    found: dict[str, Any] = {
        "cells": {"both": both, "tag_only": tag, "server_only": server,
                  "neither_but_mirrored": c.pairs.n_neither, **exact},
        "joins": {"by_event_id": c.pairs.by_event, "by_order_id": c.pairs.by_order,
                  **exact},
        "devices": [
            {"device": device, "both": n[0], "tag_only": n[1], "server_only": n[2],
             **exact}
            for device, n in c.pairs.devices.items()
        ],
        "sensitivity": [
            {"odds_ratio": odds, "N": {"95": list(band)},
             "unit": "odds ratio, and conversions", "certainty": "band",
             "side": BETWEEN}
            for odds, band in (c.totals or {}).items()
        ],
    }  # fmt: skip
    if c.dependence is not None:
        found["dependence"] = {
            "value": _rounded(c.dependence.value),
            "bands": {"95": [_rounded(c.dependence.low), _rounded(c.dependence.high)]},
            "unit": "odds ratio",
            "certainty": "band",
            "side": BETWEEN,
        }
    return found


def _days(c: Comparison) -> list[dict[str, Any]]:
    limits = {day.on: day for day in control_days(c.days)}
    rows = []
    for day in c.days:
        exact = {"unit": "conversions", "certainty": EXACT}
        known = limits.get(day.on)
        theirs = (
            None if day.tag is None else {"value": day.tag, "side": THEIRS, **exact}
        )
        row = {
            "on": day.on.isoformat(),
            THEIRS: None if day.tag is None else theirs,
            OURS: {"value": day.server, "side": OURS, **exact},
            "limits": None,
        }
        if known is not None:
            row["limits"] = {
                "value": _rounded(known.expected),
                "bands": {"99.7": [_rounded(known.low), _rounded(known.high)]},
                "unit": "conversions of the tag",
                "certainty": "band",
                "side": BETWEEN,
            }
        rows.append(row)
    return rows


def _tipping(turn: Tipping) -> dict[str, Any]:
    return {
        "share": _rounded(turn.share),
        "unit": "share of the tag's number",
        "certainty": EXACT,
        "side": METHOD,
        "sentence": turn.sentence,
    }


def _past(one: PastMonth) -> dict[str, Any]:
    return {
        "month": one.month,
        "value": one.gap,
        "bands": {"95": [one.low, one.high]},
        "comparison_bands": {"95": [one.usual_low, one.usual_high]},
        "unit": LABELS["gap"].unit,
        "certainty": "band",
        "side": BETWEEN,
        "stamp": one.stamp,
        "verdict": one.verdict,
    }


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, DIGITS) + 0.0  # never -0.0
