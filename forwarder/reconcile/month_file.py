"""A month file read without trust: each fault is one sentence with its field."""

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from forwarder.core.reports import Definitions, Level, Measures, ReportTime
from forwarder.reconcile.bands import Band, FloatArray
from forwarder.reconcile.capture import Assumed
from forwarder.reconcile.cells import Events
from forwarder.reconcile.log import BoolArray, IntArray, Log
from forwarder.reconcile.systematic import Circumstances, factor, parts_for

DAYS_MAX: Final = 366
HOURS_MAX: Final = 24
ORDERS_MAX: Final = 2**62
NO_DEVICE: Final = -1  # a stratum of its own
DEFAULTS: Final = Assumed()
LARGEST_VALUE: Final = 1e12  # of one order; beyond that it is no value
_NEEDED = ("event_id", "ts")
_OTHERS = ("order_id", "click_ts", "value", "device", "hops")


class NotAMonth(ValueError):
    """The file is not a month file: the message names the field to mend."""


def part(month: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return one part of the file. Raises: NotAMonth."""
    found = month.get(name)
    if not isinstance(found, Mapping):
        raise NotAMonth(f'month file: "{name}" is missing')
    return found


def number(of: Mapping[str, Any], name: str) -> float:
    """Return a finite number. Raises: NotAMonth."""
    try:
        found = float(of[name])
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise NotAMonth(f'month file: "{name}" must be a number') from error
    if not math.isfinite(found):
        raise NotAMonth(f'month file: "{name}" must be a number')
    return found


def whole(of: Mapping[str, Any], name: str, least: int, most: int) -> int:
    """Return a whole number between the two. Raises: NotAMonth."""
    found = number(of, name)
    if not (found.is_integer() and least <= found <= most):
        raise NotAMonth(
            f'month file: "{name}" must be a whole number from {least} to {most}'
        )
    return int(found)


def ledger_total(month: Mapping[str, Any]) -> int | None:
    """Return how many orders the shop counted; None when nobody counted."""
    if month.get("ledger_total") is None:
        return None
    return whole(month, "ledger_total", 0, ORDERS_MAX)


def _share(of: Mapping[str, Any], name: str, default: float) -> float:
    if of.get(name) is None:
        return default
    found = number(of, name)
    if not 0 <= found < 1:
        raise NotAMonth(f'month file: "{name}" must be a share, 0 to below 1')
    return found


def _pair(of: Mapping[str, Any], name: str, above: float) -> Band:
    try:
        low, high = (float(end) for end in of[name])
    except (TypeError, ValueError) as error:
        raise NotAMonth(f'month file: "{name}" must be [low, high]') from error
    if not above < low <= high < math.inf:
        raise NotAMonth(f'month file: "{name}" must rise, above {above:g}')
    return low, high


def assumed(month: Mapping[str, Any]) -> Assumed:
    """Return what two lists cannot show, with the defaults for what is not said."""
    given = month.get("assume")
    own = given if isinstance(given, Mapping) else {}
    told = own.get("or_range") is not None
    return Assumed(
        or_range=_pair(own, "or_range", 0) if told else DEFAULTS.or_range,
        link_failure_max=_share(own, "link_failure_max", DEFAULTS.link_failure_max),
        duplicate_max=_share(own, "duplicate_max", DEFAULTS.duplicate_max),
    )


def hidden_factor(month: Mapping[str, Any], definitions: Definitions) -> Band:
    """Return the range of what totals cannot show, as (1 + low, 1 + high)."""
    given = month.get("assume")
    if isinstance(given, Mapping) and given.get("systematic_range") is not None:
        low, high = _pair(given, "systematic_range", -1)
        return 1 + low, 1 + high
    is_delivery = month.get("level") == Level.DELIVERY
    level = Level.DELIVERY if is_delivery else Level.ATTRIBUTION
    unknown = Circumstances(
        level=level, measures=Measures.TAG, definitions=definitions, is_final=False
    )
    return factor(parts_for(unknown))


def counts(of: Mapping[str, Any], name: str) -> FloatArray:
    """Return daily counts: no number may be missing or below zero."""
    found = floats(of, name)
    if not (np.isfinite(found).all() and (found >= 0).all()):
        raise NotAMonth(f'month file: "{name}" must be numbers, 0 or more')
    return found


def floats(of: Mapping[str, Any], name: str) -> FloatArray:
    """Return a column of numbers; what is empty is NaN."""
    return _column(of, name, np.float64, "numbers")


def _ints(of: Mapping[str, Any], name: str) -> IntArray:
    column = _column(of, name, None, "whole numbers")
    if not len(column):
        return column.astype(np.int64)
    if column.dtype.kind not in "iuf" or (
        column.dtype.kind == "f" and not (np.floor(column) == column).all()
    ):
        raise NotAMonth(f'month file: "{name}" must be whole numbers')
    return column.astype(np.int64)


def _column(
    of: Mapping[str, Any],
    name: str,
    kind: type[np.float64] | None,
    what: str,
) -> NDArray[Any]:
    try:
        found = np.asarray(of[name], dtype=kind)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise NotAMonth(f'month file: "{name}" must be {what}') from error
    if found.ndim != 1:
        raise NotAMonth(f'month file: "{name}" must be a plain list of {what}')
    return found


def _checked(of: Mapping[str, Any]) -> int:
    lengths = {len(_column(of, name, None, "numbers")) for name in _NEEDED}
    lengths |= {
        len(_column(of, name, None, "numbers")) for name in _OTHERS if name in of
    }
    if len(lengths) != 1:
        raise NotAMonth("month file: the columns must have one length")
    return lengths.pop()


def _orders(of: Mapping[str, Any], n_rows: int) -> IntArray:
    """Return the orders, 0 where none is given; an empty cell gives none."""
    if "order_id" not in of:
        return np.zeros(n_rows, np.int64)
    found = _column(of, "order_id", None, "whole numbers")
    if found.dtype == np.object_:
        found = np.array([0 if one is None else one for one in found])
    return _ints({"order_id": found}, "order_id")


def _optional(of: Mapping[str, Any], name: str, n_rows: int) -> FloatArray:
    return floats(of, name) if name in of else np.full(n_rows, np.nan)


def _values(of: Mapping[str, Any], n_rows: int) -> FloatArray:
    """Return the values; what is empty, infinite or absurd is not told."""
    found = _optional(of, "value", n_rows)
    return np.where(np.abs(found) <= LARGEST_VALUE, found, np.nan)


def _codes(of: Mapping[str, Any], name: str, n_rows: int, missing: int) -> IntArray:
    """Return small whole numbers, `missing` where there is none."""
    found = _optional(of, name, n_rows)
    usable = np.isfinite(found) & (found >= 0) & (found < LARGEST_VALUE)
    return np.where(usable, found, missing).astype(np.int64)


def log(of: Mapping[str, Any]) -> Log:
    """Return our list as a log; no or no positive click time is no known click."""
    n_rows = _checked(of)
    click_s = _optional(of, "click_ts", n_rows)
    hops = _optional(of, "hops", n_rows)
    return Log(
        event=_ints(of, "event_id"),
        order=_orders(of, n_rows),
        at_s=floats(of, "ts"),
        click_s=np.where(click_s > 0, click_s, np.nan),
        value=_values(of, n_rows),
        fate=np.zeros(n_rows, dtype=np.int64),
        refunded=np.zeros(n_rows, dtype=np.bool_),
        multi_hop=np.where(np.isnan(hops), np.nan, hops > 1),
    )


def events(of: Mapping[str, Any]) -> Events:
    """Return one of two lists to be joined."""
    n_rows = _checked(of)
    return Events(
        event=_ints(of, "event_id"),
        order=_orders(of, n_rows),
        at_s=floats(of, "ts"),
        value=_values(of, n_rows),
        device=_codes(of, "device", n_rows, NO_DEVICE),
        hops=_codes(of, "hops", n_rows, 1),
    )


def definitions(month: Mapping[str, Any], own: Log) -> Definitions:
    """Return the report's definitions. Raises: NotAMonth."""
    report = part(month, "report")
    window: int | None = None
    if report.get("click_window_days") is not None:
        window = whole(report, "click_window_days", 0, DAYS_MAX)
    no_click: BoolArray = np.isnan(own.click_s)
    if month.get("level") == Level.DELIVERY and no_click.any():
        window = None  # the question is who saw it, not who sent the buyer
    try:
        report_time = ReportTime(report.get("report_time", ReportTime.CONVERSION))
    except ValueError as error:
        raise NotAMonth('month file: "report_time" is not known') from error
    offset_h = number(report, "utc_offset_hours")
    if abs(offset_h) > HOURS_MAX:
        raise NotAMonth('month file: "utc_offset_hours" must be hours, -24 to 24')
    return Definitions(
        utc_offset_h=offset_h, click_window_days=window, report_time=report_time
    )
