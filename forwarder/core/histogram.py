"""Tell a quantile of values that were only counted in buckets."""

from collections.abc import Mapping
from itertools import pairwise
from math import inf, isinf


def quantile(counts: Mapping[float, float], share: float) -> float | None:
    """Return below what value a share of all lies; None of nothing.

    `counts` are by the upper edge of every bucket; the lowest begins at 0. The
    values of a bucket are taken to lie evenly in it: the answer is as exact as the
    bucket is narrow. Limits: behind the last edge, that edge is returned.
    """
    wanted = share * sum(counts.values())
    if not wanted:
        return None
    seen, edges = 0.0, sorted({*counts, 0.0, inf})
    for low, high in pairwise(edges):
        n = counts.get(high, 0.0)
        if n and seen + n >= wanted:
            return low if isinf(high) else low + (high - low) * (wanted - seen) / n
        seen += n
    return None
