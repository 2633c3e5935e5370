"""Tag's daily totals against our aligned log: the estimates with their bands."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from forwarder.reconcile.align import Aligned
from forwarder.reconcile.bands import (
    ALPHAS,
    Band,
    Ratio,
    gap_band,
    ratio_of_days,
    squared_cv,
)
from forwarder.reconcile.log import FloatArray
from forwarder.reconcile.tag_days import TagTotals

MIN_DAYS = 2
USUAL_CV2 = 0.9  # squared coefficient of variation of an order's value
USUAL_CV2_ORDERS = 20  # how many orders that prior knowledge is worth
MAX_UNTOLD_SHARE = 0.01  # conversions without a value that a revenue gap may ignore


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One number with its bands.

    Units: as the number itself; `n` is how many conversions of ours it is a share of.
    `bands` answer "what happened this month", `usual_bands` "is it different from
    other months".
    """

    value: float
    bands: Mapping[str, Band]
    usual_bands: Mapping[str, Band]
    n: int


def estimates(
    tag: TagTotals | None, aligned: Aligned, factor: Band
) -> dict[str, Estimate]:
    """Return `gap`, `net_recorded` and, when values are told, `revenue_gap`.

    Empty when there is nothing to divide by: no report, a single day, or no
    conversion of ours. `net_recorded` is ours minus the tag's, in conversions.
    """
    if tag is None or aligned.n == 0 or len(tag.daily_count) < MIN_DAYS:
        return {}
    ours = aligned.daily_count.astype(np.float64)
    theirs = tag.daily_count.astype(np.float64)
    n = aligned.n
    gap = _gap(ratio_of_days(theirs, ours, tag.n, aligned.n, 0.0), factor, n)
    result = {"gap": gap, "net_recorded": _scaled(gap, aligned.n)}
    if tag.daily_value is not None and values_usable(aligned):
        cv2 = order_cv2(aligned.values)
        values = ratio_of_days(
            tag.daily_value, aligned.daily_value, tag.n, aligned.n, cv2
        )
        result["revenue_gap"] = _gap(values, factor, n)
    return result


def values_usable(aligned: Aligned) -> bool:
    """Say whether our values can stand beside the tag's: told, and worth something."""
    untold = int(np.isnan(aligned.values).sum())
    return aligned.value > 0 and untold <= MAX_UNTOLD_SHARE * aligned.n


def order_cv2(values: FloatArray) -> float:
    """Return the squared coefficient of variation of the orders' values."""
    told = values[~np.isnan(values)]
    return squared_cv(told, USUAL_CV2, USUAL_CV2_ORDERS)


def _gap(ratio: Ratio, factor: Band, n: int) -> Estimate:
    return Estimate(
        value=1 - ratio.value,
        bands=each(lambda a: gap_band(ratio, ratio.spread.this_month, factor, a)),
        usual_bands=each(lambda a: gap_band(ratio, ratio.spread.usual, factor, a)),
        n=n,
    )


def _scaled(gap: Estimate, n: int) -> Estimate:
    return Estimate(
        value=gap.value * n,
        bands={k: (low * n, high * n) for k, (low, high) in gap.bands.items()},
        usual_bands={k: (lo * n, hi * n) for k, (lo, hi) in gap.usual_bands.items()},
        n=gap.n,
    )


def each(band: Callable[[float], Band]) -> dict[str, Band]:
    """Return the band at every level that is printed."""
    return {name: band(alpha) for name, alpha in ALPHAS.items()}
