"""The estimators on a month file: for audits, simulations and other people's data."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from forwarder.core.reports import Definitions, Level, ReportTime
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
    total_band,
    uplift_band,
    value_ratio,
)
from forwarder.reconcile.cells import Events, Joined, join, strata
from forwarder.reconcile.compare import MIN_DAYS, order_cv2
from forwarder.reconcile.log import BoolArray, IntArray, Log

Bands = dict[str, dict[str, list[float]]]
_COLUMNS = ("event_id", "order_id", "ts", "click_ts", "value", "device", "hops")


class NotAMonth(ValueError):
    """The file is not a month file: the message names the field to mend."""


def bands_of(month: Mapping[str, Any]) -> Bands:
    """Return the bands of one month file. Raises: NotAMonth."""
    mode = month.get("mode")
    if mode == "aggregate":
        return aggregate_bands(month)
    if mode == "event":
        return event_bands(month)
    raise NotAMonth('month file: "mode" must be "event" or "aggregate"')


def aggregate_bands(month: Mapping[str, Any]) -> Bands:
    """Return gap and revenue gap from the tag's daily totals and our log."""
    n_days = _number(month, "days")
    daily = _part(month, "tag_daily")
    tag_count, tag_value = _floats(daily, "count"), _floats(daily, "value")
    if not len(tag_count) == len(tag_value) == n_days >= MIN_DAYS:
        raise NotAMonth('month file: "tag_daily" must have one number per day')
    log = _log(_part(month, "server"))
    period = Period(start_s=_number(month, "t0"), n_days=int(n_days))
    aligned = align(log, _definitions(month, log), period)
    low, high = _pair(_part(month, "assume"), "systematic_range")
    factor = (1 + low, 1 + high)
    n_tag, n_server = float(tag_count.sum()), float(aligned.n)
    result: Bands = {}
    if n_server > 0:
        counts = ratio_of_days(
            tag_count, aligned.daily_count.astype(np.float64), n_tag, n_server, 0.0
        )
        spread = counts.spread.this_month
        result["gap"] = _each(lambda alpha: gap_band(counts, spread, factor, alpha))
    if aligned.value > 0 and np.isfinite(tag_value).all():
        cv2 = order_cv2(aligned.values)
        values = ratio_of_days(tag_value, aligned.daily_value, n_tag, n_server, cv2)
        wide = values.spread.this_month
        result["revenue_gap"] = _each(lambda a: gap_band(values, wide, factor, a))
    return result


def event_bands(month: Mapping[str, Any]) -> Bands:
    """Return what two joined lists can tell, with or without the order ledger."""
    n_days, start_s = int(_number(month, "days")), _number(month, "t0")
    server, tag = _events(_part(month, "server")), _events(_part(month, "tag"))
    joined = join(tag, server, start_s, start_s + n_days * DAY_S)
    assumed = _assumed(_part(month, "assume"))
    result = _capture(joined, assumed, month.get("ledger_total"))
    a, _, c = joined.n
    if a + c == 0 or n_days < MIN_DAYS:
        return result
    counts = count_ratio(joined, n_days)
    result["gap"] = _each(lambda alpha: paired_gap_band(counts, assumed, alpha))
    values = value_ratio(joined, n_days, order_cv2(_all_values(joined)))
    if values is not None:
        result["revenue_gap"] = _each(lambda a: paired_gap_band(values, assumed, a))
    return result


def _capture(joined: Joined, assumed: Assumed, ledger_total: int | None) -> Bands:
    a, b, c = joined.n
    result: Bands = {}
    if ledger_total is None and a + b + c > 0:
        cells = strata(joined)
        result["N"] = _each(lambda alpha: total_band(cells, assumed, alpha))
    _add(result, "uplift", lambda alpha: uplift_band(joined, assumed, alpha))
    if ledger_total is not None:
        total = int(ledger_total)
        _add(
            result,
            "tag_coverage",
            lambda alpha: tag_coverage_band(a + b, total, assumed, alpha),
        )
        _add(
            result,
            "server_coverage",
            lambda alpha: server_coverage_band(a + c, total, alpha),
        )
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


def _part(month: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = month.get(name)
    if not isinstance(part, Mapping):
        raise NotAMonth(f'month file: "{name}" is missing')
    return part


def _number(part: Mapping[str, Any], name: str) -> float:
    try:
        return float(part[name])
    except (KeyError, TypeError, ValueError) as error:
        raise NotAMonth(f'month file: "{name}" must be a number') from error


def _pair(part: Mapping[str, Any], name: str) -> Band:
    try:
        low, high = (float(end) for end in part[name])
    except (KeyError, TypeError, ValueError) as error:
        raise NotAMonth(f'month file: "{name}" must be [low, high]') from error
    if low > high or low <= -1:
        raise NotAMonth(f'month file: "{name}" must rise, above -1')
    return low, high


def _floats(part: Mapping[str, Any], name: str) -> FloatArray:
    try:
        return np.asarray(part[name], dtype=np.float64)
    except (KeyError, TypeError, ValueError) as error:
        raise NotAMonth(f'month file: "{name}" must be numbers') from error


def _ints(part: Mapping[str, Any], name: str) -> IntArray:
    try:
        return np.asarray(part[name], dtype=np.int64)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise NotAMonth(f'month file: "{name}" must be whole numbers') from error


def _same_length(part: Mapping[str, Any], names: Sequence[str]) -> int:
    lengths = {len(part[name]) for name in names if name in part}
    if len(lengths) != 1:
        raise NotAMonth("month file: the columns must have one length")
    return lengths.pop()


def _clicks(part: Mapping[str, Any]) -> FloatArray:
    """Return the click times; empty or not positive means that no click is known."""
    click_s = _floats(part, "click_ts")
    return np.where(click_s > 0, click_s, np.nan)


def _log(part: Mapping[str, Any]) -> Log:
    n_rows = _same_length(part, _COLUMNS)
    return Log(
        event=_ints(part, "event_id"),
        order=_ints(part, "order_id"),
        at_s=_floats(part, "ts"),
        click_s=_clicks(part),
        value=_floats(part, "value"),
        fate=np.zeros(n_rows, dtype=np.int64),
        refunded=np.zeros(n_rows, dtype=np.bool_),
        multi_hop=(_ints(part, "hops") > 1).astype(np.float64),
    )


def _events(part: Mapping[str, Any]) -> Events:
    _same_length(part, _COLUMNS)
    return Events(
        event=_ints(part, "event_id"),
        order=_ints(part, "order_id"),
        at_s=_floats(part, "ts"),
        value=np.nan_to_num(_floats(part, "value")),
        device=_ints(part, "device"),
        hops=_ints(part, "hops"),
    )


def _definitions(month: Mapping[str, Any], log: Log) -> Definitions:
    report = _part(month, "report")
    window = report.get("click_window_days")
    no_click: BoolArray = np.isnan(log.click_s)
    if month.get("level") == Level.DELIVERY and no_click.any():
        window = None  # the question is who saw it, not who sent the buyer
    try:
        report_time = ReportTime(report.get("report_time", ReportTime.CONVERSION))
    except ValueError as error:
        raise NotAMonth('month file: "report_time" is not known') from error
    return Definitions(
        utc_offset_h=_number(report, "utc_offset_hours"),
        click_window_days=None if window is None else int(window),
        report_time=report_time,
    )


def _assumed(part: Mapping[str, Any]) -> Assumed:
    return Assumed(
        or_range=_pair(part, "or_range"),
        link_failure_max=_number(part, "link_failure_max"),
        duplicate_max=_number(part, "duplicate_max"),
    )
