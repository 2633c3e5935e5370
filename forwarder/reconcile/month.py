"""The estimators on a month file: for audits, simulations and other people's data."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from forwarder.reconcile import month_file
from forwarder.reconcile.align import DAY_S, Period, align
from forwarder.reconcile.bands import (
    ALPHAS,
    Band,
    FloatArray,
    gap_band,
    ratio_of_days,
)
from forwarder.reconcile.capture import (
    Assumed,
    count_ratio,
    paired_gap_band,
    server_coverage_band,
    tag_coverage_band,
    uplift_band,
    value_ratio,
)
from forwarder.reconcile.cells import Joined, join, strata
from forwarder.reconcile.compare import (
    MAX_UNTOLD_SHARE,
    MIN_DAYS,
    order_cv2,
    values_usable,
)
from forwarder.reconcile.month_file import NotAMonth, number, part, whole
from forwarder.reconcile.total import total_bands

Bands = dict[str, dict[str, list[float]]]


def bands_of(month: Mapping[str, Any]) -> Bands:
    """Return the bands of one month file. Raises: NotAMonth."""
    if not isinstance(month, Mapping):
        raise NotAMonth("month file: it must be an object with named fields")
    mode = month.get("mode")
    if mode == "aggregate":
        return aggregate_bands(month)
    if mode == "event":
        return event_bands(month)
    raise NotAMonth('month file: "mode" must be "event" or "aggregate"')


def aggregate_bands(month: Mapping[str, Any]) -> Bands:
    """Return gap and revenue gap from the tag's daily totals and our log."""
    n_days = whole(month, "days", MIN_DAYS, month_file.DAYS_MAX)
    daily = part(month, "tag_daily")
    tag_count = month_file.counts(daily, "count")
    tag_value = month_file.floats(daily, "value")
    if not len(tag_count) == len(tag_value) == n_days:
        raise NotAMonth('month file: "tag_daily" must have one number per day')
    log = month_file.log(part(month, "server"))
    definitions = month_file.definitions(month, log)
    aligned = align(
        log, definitions, Period(start_s=number(month, "t0"), n_days=n_days)
    )
    factor = month_file.hidden_factor(month, definitions)
    n_tag, n_server = float(tag_count.sum()), float(aligned.n)
    result: Bands = {}
    if n_server > 0:
        ours = aligned.daily_count.astype(np.float64)
        counts = ratio_of_days(tag_count, ours, n_tag, n_server, 0.0)
        spread = counts.spread.this_month
        result["gap"] = _each(lambda alpha: gap_band(counts, spread, factor, alpha))
    if values_usable(aligned) and np.isfinite(tag_value).all() and tag_value.sum() >= 0:
        cv2 = order_cv2(aligned.values)
        values = ratio_of_days(tag_value, aligned.daily_value, n_tag, n_server, cv2)
        wide = values.spread.this_month
        result["revenue_gap"] = _each(lambda a: gap_band(values, wide, factor, a))
    return result


def event_bands(month: Mapping[str, Any]) -> Bands:
    """Return what two joined lists can tell, with or without the order ledger."""
    n_days = whole(month, "days", 1, month_file.DAYS_MAX)
    start_s = number(month, "t0")
    server = month_file.events(part(month, "server"))
    tag = month_file.events(part(month, "tag"))
    joined = join(tag, server, start_s, start_s + n_days * DAY_S)
    assumed = month_file.assumed(month)
    result = _capture(joined, assumed, month_file.ledger_total(month))
    a, _, c = joined.n
    if a + c == 0 or n_days < MIN_DAYS:
        return result
    counts = count_ratio(joined.n, n_days)
    result["gap"] = _each(lambda alpha: paired_gap_band(counts, assumed, alpha))
    told = _all_values(joined)
    if np.isnan(told).sum() > MAX_UNTOLD_SHARE * len(told):
        return result
    values = value_ratio(joined.n, joined.worth, n_days, order_cv2(told))
    if values is not None:
        result["revenue_gap"] = _each(lambda a: paired_gap_band(values, assumed, a))
    return result


def _capture(joined: Joined, assumed: Assumed, ledger_total: int | None) -> Bands:
    a, b, c = joined.n
    result: Bands = {}
    if ledger_total is None and a + b + c > 0:
        totals = total_bands(strata(joined), assumed)
        result["N"] = {level: list(band) for level, band in totals.items()}
    _add(result, "uplift", lambda alpha: uplift_band(joined.n, assumed, alpha))
    if ledger_total is not None:
        tag, ours, total = a + b, a + c, ledger_total
        _add(
            result, "tag_coverage", lambda x: tag_coverage_band(tag, total, assumed, x)
        )
        _add(result, "server_coverage", lambda x: server_coverage_band(ours, total, x))
    return result


def _all_values(joined: Joined) -> FloatArray:
    parts = (joined.both, joined.tag_only, joined.server_only)
    return np.sort(np.concatenate([part.value for part in parts]))


def _each(band: Callable[[float], Band]) -> dict[str, list[float]]:
    return {name: list(band(alpha)) for name, alpha in ALPHAS.items()}


def _add(result: Bands, name: str, band: Callable[[float], Band | None]) -> None:
    bands = {level: band(alpha) for level, alpha in ALPHAS.items()}
    given = {level: list(ends) for level, ends in bands.items() if ends is not None}
    if len(given) == len(ALPHAS):
        result[name] = given
