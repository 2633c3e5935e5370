"""Bands from joined lists: uplift, coverage, and both gaps.

Two lists never show how strongly they depend on each other, so the odds ratio is
bounded, not guessed; broken links and repeats without any key are bounded likewise.
"""

import math
from dataclasses import dataclass

from forwarder.reconcile.bands import (
    Band,
    im_critical,
    never_narrower,
    t_critical,
    wilson,
)
from forwarder.reconcile.cells import Counts, Worth

UPLIFT_CAUTION = 1.05  # on the critical value: bad days shared by both lists


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumed:
    """What the lists cannot show. Shares 0 to 1.

    Units: `or_range` odds ratio of being seen by one list given the other;
    `link_failure_max` share of true pairs without a common key; `duplicate_max` share
    of the tag's conversions counted twice without an order id.
    """

    or_range: Band = (1.0, 3.0)
    link_failure_max: float = 0.01
    duplicate_max: float = 0.005

    def broken_links(self, n_both: float) -> float:
        """How many true pairs may be torn apart, at most, on average."""
        return n_both * self.link_failure_max / (1 - self.link_failure_max)


def uplift_band(counts: Counts, assumed: Assumed, alpha: float) -> Band | None:
    """Return the band of server-only conversions per conversion of the tag.

    None when nothing was seen, or when the tag may have seen nothing.
    """
    a, b, c = counts
    n = a + b + c
    if n == 0 or a + b == 0:
        return None
    torn = assumed.broken_links(a)
    c_low, n_low = max(c - torn, 0.0), max(n - torn, 1.0)
    n_high = max(n - assumed.duplicate_max * (a + b), float(c))
    p = c / n
    se = math.sqrt(max(p * (1 - p), 1 / (4 * n)) / n)

    def ends(z: float) -> Band:
        return wilson(c_low, n_low, z)[0], wilson(c, n_high, z)[1]

    largest = UPLIFT_CAUTION * im_critical(0, se, alpha)
    point = wilson(c, n, largest)
    width = c / n_high - c_low / n_low
    critical = UPLIFT_CAUTION * im_critical(width, se, alpha)
    low, high = never_narrower(ends, critical, largest, point[1] - point[0])
    return (low / (1 - low), high / (1 - high)) if high < 1 else None


def tag_coverage_band(
    n_tag: int, total: int, assumed: Assumed, alpha: float
) -> Band | None:
    """Return the band of the tag's share of a known total; None without a total."""
    if total <= 0:
        return None
    n_tag = min(n_tag, total)
    p = n_tag / total
    se = math.sqrt(p * max(1 - p, 0.02) / total)
    fewer = n_tag * (1 - assumed.duplicate_max)

    def ends(z: float) -> Band:
        return wilson(fewer, total, z)[0], wilson(n_tag, total, z)[1]

    largest = im_critical(0, se, alpha)
    point = wilson(n_tag, total, largest)
    critical = im_critical((n_tag - fewer) / total, se, alpha)
    return never_narrower(ends, critical, largest, point[1] - point[0])


def server_coverage_band(n_server: int, total: int, alpha: float) -> Band | None:
    """Return the band of the server's share of a known total; None without one."""
    if total <= 0:
        return None
    return wilson(min(n_server, total), total, im_critical(0, 1, alpha))


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedRatio:
    """Tag divided by server from joined lists: `se` on the log scale."""

    value: float
    se: float
    n_days: int


def count_ratio(counts: Counts, n_days: int) -> PairedRatio:
    """Return the ratio of the two counts."""
    a, b, c = counts
    tag, server = a + b + 0.5, a + c + 0.5
    variance = a * (1 / tag - 1 / server) ** 2
    variance += (b + 0.5) / tag**2 + (c + 0.5) / server**2
    return PairedRatio(value=tag / server, se=math.sqrt(variance), n_days=n_days)


def value_ratio(
    counts: Counts, worth: Worth, n_days: int, cv2: float
) -> PairedRatio | None:
    """Return the ratio of the two sums of values; None when one of them is zero."""
    (both, tag_only, server_only), squares = worth.sums, worth.squares
    tag, server = both + tag_only, both + server_only
    if min(tag, server) <= 0 or not math.isfinite(tag + server):
        return None
    variance = squares[0] * (1 / tag - 1 / server) ** 2
    variance += squares[1] / tag**2 + squares[2] / server**2
    variance = max(variance, (1 + cv2) * count_ratio(counts, n_days).se ** 2)
    return PairedRatio(value=tag / server, se=math.sqrt(variance), n_days=n_days)


def paired_gap_band(ratio: PairedRatio, assumed: Assumed, alpha: float) -> Band:
    """Return the band of gap = 1 - tag / server. Repeats can only flatter the tag."""
    fewer = 1 - assumed.duplicate_max
    df = ratio.n_days - 1

    def ends(c: float) -> Band:
        low = ratio.value * fewer * math.exp(-c * ratio.se)
        return low, ratio.value * math.exp(c * ratio.se)

    largest = t_critical(im_critical(0, ratio.se, alpha), df)
    critical = t_critical(im_critical(-math.log(fewer), ratio.se, alpha), df)
    floor = 2 * ratio.value * math.sinh(largest * ratio.se)
    low, high = never_narrower(ends, critical, largest, floor)
    return 1 - high, 1 - low
