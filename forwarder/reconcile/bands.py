"""How far a number may be off: critical values, the clip estimator, proportions.

Every band answers "what happened this month"; `Spread.usual` alone answers "is this
different from other months" and is wider. Shares and ratios, never percent.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

FloatArray = NDArray[np.float64]
Band = tuple[float, float]

ALPHAS = {"90": 0.10, "95": 0.05}
WIDE_SET_SE = 6.0  # beyond this many standard errors the set counts as infinite
BISECTIONS = 60  # halvings, enough for the last bit of a float

_normal = NormalDist()


def im_critical(width: float, se: float, alpha: float) -> float:
    """Return c with Phi(c + width/se) - Phi(-c) = 1 - alpha.

    From z(1 - alpha/2) for a point to z(1 - alpha) for a wide set. Limits: both
    `width` and `se` >= 0. Source: Imbens and Manski 2004, Econometrica 72(6).
    """
    low, high = _normal.inv_cdf(1 - alpha), _normal.inv_cdf(1 - alpha / 2)
    if width <= 0:
        return high
    if se <= 0 or width / se > WIDE_SET_SE:
        return low
    gain = width / se
    return _rising_root(
        lambda c: _normal.cdf(c + gain) - _normal.cdf(-c) - (1 - alpha), low, high
    )


def t_critical(normal_quantile: float, df: int) -> float:
    """Return Student's quantile at the probability of a normal one."""
    return float(stdtrit(df, _normal.cdf(normal_quantile)))


def never_narrower(
    band: Callable[[float], Band], critical: float, largest: float, floor: float
) -> Band:
    """Return band(c) for the smallest c in [critical, largest] of width >= `floor`.

    The critical value of a set shrinks as the set grows, a little faster than the
    set widens while it is small beside the noise. Knowing less must not look like
    knowing more, so the band never falls below that of the smaller set.
    """
    low, high = band(critical)
    if high - low >= floor:
        return low, high
    return band(
        _rising_root(lambda c: band(c)[1] - band(c)[0] - floor, critical, largest)
    )


def _rising_root(f: Callable[[float], float], low: float, high: float) -> float:
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if f(middle) < 0 else (low, middle)
    return high


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Three standard errors of log(tag / server).

    Limits: `floor` holds when the longer list covers about 80% of the shorter,
    `cap` when the lists are not negatively dependent.
    """

    cluster: float
    floor: float
    cap: float

    @property
    def this_month(self) -> float:
        """The error of what happened in this month."""
        return min(max(self.cluster, self.floor), self.cap)

    @property
    def usual(self) -> float:
        """The error as a sample of usual months: for comparing months."""
        return max(self.cluster, self.floor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """Tag divided by aligned server, with its errors, over `n_days` days."""

    value: float
    spread: Spread
    n_days: int


def ratio_of_days(
    tag: FloatArray, server: FloatArray, n_tag: float, n_server: float, cv2: float
) -> Ratio:
    """Return the ratio of two daily series.

    Shape: one number per day, same days: counts with `cv2` 0, or sums of values with
    the squared coefficient of variation of one order's value. `n_tag` and `n_server`
    are the numbers of conversions. Limits: 2 days, `n_server` > 0, a positive sum.
    """
    half = 0.5 * float(server.sum()) / n_server  # half a conversion
    rho = float((tag.sum() + half) / (server.sum() + half))
    spread = Spread(
        cluster=_cluster_se(tag, server, rho),
        floor=math.sqrt((1 + cv2) * _floor_variance(n_tag, n_server)),
        cap=math.sqrt((1 + cv2) / (min(n_tag, n_server) + 0.5)),
    )
    return Ratio(value=rho, spread=spread, n_days=len(tag))


def _cluster_se(tag: FloatArray, server: FloatArray, rho: float) -> float:
    residuals = tag - tag.sum() / server.sum() * server
    n_days = len(tag)
    scale = n_days / (n_days - 1)
    return float(math.sqrt(scale * float((residuals**2).sum())) / server.sum() / rho)


def _floor_variance(n_tag: float, n_server: float) -> float:
    shorter, longer = min(n_tag, n_server) + 0.5, max(n_tag, n_server) + 0.5
    return max(1 / shorter - 0.6 / longer, 0.25 / shorter)


def ratio_band(ratio: Ratio, se: float, factor: Band, alpha: float) -> Band:
    """Return the band of the ratio when `factor` bounds what counts cannot show.

    Shape: `factor` = (1 + b_low, 1 + b_high), the range the tag's number may be
    inflated or deflated by.
    """
    low_factor, high_factor = factor
    width = math.log(high_factor / low_factor)

    def ends(c: float) -> Band:
        return (
            ratio.value / high_factor * math.exp(-c * se),
            ratio.value / low_factor * math.exp(c * se),
        )

    largest = t_critical(im_critical(0, se, alpha), ratio.n_days - 1)
    critical = t_critical(im_critical(width, se, alpha), ratio.n_days - 1)
    floor = 2 * ratio.value / low_factor * math.sinh(largest * se)
    return never_narrower(ends, critical, largest, floor)


def gap_band(ratio: Ratio, se: float, factor: Band, alpha: float) -> Band:
    """Return the band of gap = 1 - ratio."""
    low, high = ratio_band(ratio, se, factor, alpha)
    return 1 - high, 1 - low


def wilson(x: float, n: float, z: float) -> Band:
    """Return Wilson's interval for a share of x in n, inside [0, 1].

    Limits: n > 0, 0 <= x <= n; neither need be whole.
    """
    p = x / n
    centre = p + z * z / (2 * n)
    reach = z * math.sqrt(max(p * (1 - p), 0.0) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low = 0.0 if x <= 0 else max((centre - reach) / scale, 0.0)
    return low, 1.0 if x >= n else min((centre + reach) / scale, 1.0)


def squared_cv(values: FloatArray, expected: float, weight: float) -> float:
    """Return the squared coefficient of variation, leaning on `expected` when few."""
    mean = float(values.mean()) if len(values) else 0.0
    own = float(values.var()) / mean**2 if mean > 0 else None
    return leaning(own, len(values), expected, weight)


def leaning(own: float | None, n: int, expected: float, weight: float) -> float:
    """Return the own spread of `n` values, leaning on the expected one when few.

    A handful of orders hardly ever holds the big basket of the month, so their own
    spread is too small: `weight` orders of the expected spread are mixed in.
    """
    return expected if own is None else (n * own + weight * expected) / (n + weight)
