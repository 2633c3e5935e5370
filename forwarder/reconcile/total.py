"""The true total: both lists drawn again, at either end of what may be assumed.

The draws do not depend on the odds ratio or the level, so they are made once.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from scipy.special import ndtri, pdtrik

from forwarder.reconcile.bands import (
    ALPHAS,
    Band,
    FloatArray,
    im_critical,
    never_narrower,
)
from forwarder.reconcile.capture import Assumed
from forwarder.reconcile.cells import Strata

N_DRAWS = 2_000
MANY_UNSEEN = 100  # from here the approximation is off by one at the very most
MAX_CAUTION_LOW = 1.10


def total_bands(cells: Strata, assumed: Assumed) -> dict[str, Band]:
    """Return the bands of the true total by level, in whole conversions.

    Never below what was seen, less the allowance for broken links and repeats.
    """
    return _Ends(cells, assumed).bands(assumed.or_range, ALPHAS)


def total_bands_at(
    cells: Strata, assumed: Assumed, odds_ratios: Sequence[float]
) -> dict[float, Band]:
    """Return the 95% band of the true total for one odds ratio after the other."""
    ends, level = _Ends(cells, assumed), {"95": ALPHAS["95"]}
    return {odds: ends.bands((odds, odds), level)["95"] for odds in odds_ratios}


class _Ends:
    """The total rises with the odds ratio and falls with faults: two ends bound it."""

    def __init__(self, cells: Strata, assumed: Assumed) -> None:
        self._low = _draw(cells, assumed)
        self._high = _draw(cells, Assumed(link_failure_max=0, duplicate_max=0))
        self._caution = cells.caution
        seen = int(cells.both.sum() + cells.tag_only.sum() + cells.server_only.sum())
        self._least = seen - _allowance(cells, assumed)

    def bands(self, or_range: Band, alphas: dict[str, float]) -> dict[str, Band]:
        low = self._low.totals(or_range[0] / min(self._caution, MAX_CAUTION_LOW))
        high = self._high.totals(or_range[1] * self._caution)
        width = max(float(np.median(high) - np.median(low)), 0.0)
        se = max(float(low.std()), float(high.std()))
        sides = np.sort(low), np.sort(high)
        return {
            name: self._whole(_between(sides, im_critical(width, se, alpha), alpha))
            for name, alpha in alphas.items()
        }

    def _whole(self, band: Band) -> Band:
        bottom = max(math.floor(band[0]), self._least)
        return float(bottom), float(max(math.ceil(band[1]), bottom))


def _allowance(cells: Strata, assumed: Assumed) -> int:
    n_tag = float(cells.both.sum() + cells.tag_only.sum())
    links = assumed.broken_links(float(cells.both.sum()))
    return math.ceil(links + assumed.duplicate_max * n_tag)


def _between(sides: tuple[FloatArray, FloatArray], c: float, alpha: float) -> Band:
    low, high = sides

    def ends(critical: float) -> Band:
        tail = math.erfc(critical / math.sqrt(2)) / 2
        return _quantile(low, tail), _quantile(high, 1 - tail)

    largest = im_critical(0, 1, alpha)
    floor = max(
        _quantile(side, 1 - alpha / 2) - _quantile(side, alpha / 2) for side in sides
    )
    return never_narrower(ends, c, largest, floor)


def _quantile(rising: FloatArray, share: float) -> float:
    """Return what `np.quantile` does, which would sort anew for each of 60 halvings."""
    at = share * (len(rising) - 1)
    low, high = rising[int(at)], rising[math.ceil(at)]
    return float(low + (high - low) * (at % 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draws:
    """Cells as they might have come out. Shape: one row a draw, one column a stratum.

    `levels` say, for each draw, which quantile of the unseen is taken.
    """

    seen: FloatArray
    pairs: FloatArray
    only_tag: FloatArray
    only_server: FloatArray
    levels: FloatArray

    def totals(self, odds_ratio: float) -> FloatArray:
        """Return the total of each draw under one odds ratio."""
        unseen = odds_ratio * self.only_tag * self.only_server / self.pairs
        return self.seen + poisson_quantiles(unseen.sum(axis=1), self.levels)


def _draw(cells: Strata, assumed: Assumed) -> _Draws:
    rng = np.random.default_rng(_seed(cells))
    shape = (N_DRAWS, len(cells.both))
    a, b, c = cells.both, cells.tag_only, cells.server_only
    torn = rng.poisson(np.broadcast_to(_torn(cells, assumed), shape))
    torn = np.minimum(torn, np.minimum(b, c))
    repeats = rng.poisson(np.broadcast_to(assumed.duplicate_max * (a + b), shape))
    repeats = np.minimum(repeats, b - torn)
    rng = np.random.default_rng(_seed(cells) + 1)
    return _Draws(
        seen=(a + b + c - torn - repeats).sum(axis=1).astype(np.float64),
        pairs=rng.standard_gamma(a + torn + 1.0),
        only_tag=rng.standard_gamma(b - torn - repeats + 0.5),
        only_server=rng.standard_gamma(c - torn + 0.5),
        levels=(rng.permutation(N_DRAWS) + 0.5) / N_DRAWS,
    )


def _torn(cells: Strata, assumed: Assumed) -> FloatArray:
    share = assumed.link_failure_max
    return np.asarray(cells.both * share / (1 - share), dtype=np.float64)


def poisson_quantiles(mean: FloatArray, levels: FloatArray) -> FloatArray:
    """Return the quantile of each mean at its level: a larger mean never gives less.

    Limits: where all means are over 100 the expansion of Cornish and Fisher stands in
    for the exact inverse, which takes seconds; it is off by one at most.
    """
    if mean.min() > MANY_UNSEEN:
        z = ndtri(levels)
        draws = np.rint(mean + z * np.sqrt(mean) + (z * z - 1) / 6)
    else:
        draws = np.ceil(pdtrik(levels, np.maximum(mean, 1e-9)))
    return np.asarray(np.maximum(np.nan_to_num(draws), 0), dtype=np.float64)


def _seed(cells: Strata) -> int:
    """Return a seed made of the counts: same month, same draws, any row order."""
    counts = np.sort(np.stack([cells.both, cells.tag_only, cells.server_only]), axis=1)
    digest = sha256(counts.astype("<i8").tobytes()).digest()
    return int.from_bytes(digest[:6], "little")
