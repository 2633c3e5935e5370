"""What the joined lists say, as estimates with their bands."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from forwarder.reconcile.bands import (
    ALPHAS,
    Band,
    im_critical,
    leaning,
    ratio_of_days,
    wilson,
)
from forwarder.reconcile.capture import (
    Assumed,
    PairedRatio,
    count_ratio,
    paired_gap_band,
    server_coverage_band,
    tag_coverage_band,
    uplift_band,
    value_ratio,
)
from forwarder.reconcile.compare import (
    MAX_UNTOLD_SHARE,
    MIN_DAYS,
    USUAL_CV2,
    USUAL_CV2_ORDERS,
    Estimate,
    each,
)
from forwarder.reconcile.pairs import Pairs
from forwarder.reconcile.total import total_bands, total_bands_at

ODDS_RATIOS = (1.0, 1.5, 2.0, 3.0, 6.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependence:
    """How strongly the lists depend on each other: an odds ratio and its 95% band."""

    value: float
    low: float
    high: float


def event_estimates(
    pairs: Pairs, assumed: Assumed, ledger_total: int | None
) -> dict[str, Estimate]:
    """Return what the joined lists can tell; what cannot be given is left out."""
    result = _gaps(pairs, assumed)
    a, b, c = pairs.counts
    n = pairs.n_server
    uplift = _given(lambda alpha: uplift_band(pairs.counts, assumed, alpha))
    if uplift is not None:
        result["uplift"] = _same(c / (a + b), uplift, n)
        times = {k: (lo * (a + b), hi * (a + b)) for k, (lo, hi) in uplift.items()}
        result["recovered"] = _same(c, times, n)
    if ledger_total is None and a + b + c:
        total = total_bands(pairs.strata, assumed)
        low, high = total["90"]
        result["N"] = _same((low + high) / 2, total, n)
    if ledger_total:
        result |= _coverages(pairs, assumed, ledger_total)
    result |= _shares(pairs)
    return result


def _gaps(pairs: Pairs, assumed: Assumed) -> dict[str, Estimate]:
    if pairs.n_server == 0 or pairs.n_days < MIN_DAYS:
        return {}
    cluster = _cluster_se(pairs)
    count = count_ratio(pairs.counts, pairs.n_days)
    result = {"gap": _gap(count, cluster, assumed, pairs.n_server)}
    n = sum(pairs.counts)
    if pairs.n_untold > MAX_UNTOLD_SHARE * n:
        return result
    cv2 = leaning(pairs.worth.cv2(n), n, USUAL_CV2, USUAL_CV2_ORDERS)
    value = value_ratio(pairs.counts, pairs.worth, pairs.n_days, cv2)
    if value is not None:
        wide = cluster * math.sqrt(1 + cv2)
        result["revenue_gap"] = _gap(value, wide, assumed, pairs.n_server)
    return result


def _cluster_se(pairs: Pairs) -> float:
    tag, server = (
        series.astype(np.float64) for series in (pairs.daily_tag, pairs.daily_server)
    )
    ratio = ratio_of_days(tag, server, float(tag.sum()), float(server.sum()), 0.0)
    return ratio.spread.cluster


def _gap(ratio: PairedRatio, cluster: float, assumed: Assumed, n: int) -> Estimate:
    usual = PairedRatio(
        value=ratio.value, se=max(ratio.se, cluster), n_days=ratio.n_days
    )
    return Estimate(
        value=1 - ratio.value,
        bands=each(lambda alpha: paired_gap_band(ratio, assumed, alpha)),
        usual_bands=each(lambda alpha: paired_gap_band(usual, assumed, alpha)),
        n=n,
    )


def _coverages(pairs: Pairs, assumed: Assumed, total: int) -> dict[str, Estimate]:
    tag = _given(lambda alpha: tag_coverage_band(pairs.n_tag, total, assumed, alpha))
    ours = _given(lambda alpha: server_coverage_band(pairs.n_server, total, alpha))
    found = {
        "tag_coverage": (pairs.n_tag, tag),
        "server_coverage": (pairs.n_server, ours),
    }
    return {
        name: _same(min(n / total, 1.0), bands, pairs.n_server)
        for name, (n, bands) in found.items()
        if bands is not None
    }


def _shares(pairs: Pairs) -> dict[str, Estimate]:
    """Return overlap and id-match rate: plain shares of what was seen."""
    both, seen = pairs.counts[0], sum(pairs.counts)
    found = {
        "overlap": (both, seen),
        "id_match": (pairs.by_event, pairs.by_event + pairs.by_order),
    }
    return {
        name: _same(x / n, each(lambda a, x=x, n=n: _wilson(x, n, a)), pairs.n_server)  # type: ignore[misc]
        for name, (x, n) in found.items()
        if n
    }


def _wilson(x: int, n: int, alpha: float) -> Band:
    return wilson(x, n, im_critical(0, 1, alpha))


def _same(value: float, bands: dict[str, Band], n: int) -> Estimate:
    return Estimate(value=value, bands=bands, usual_bands=bands, n=n)


def _given(band: Callable[[float], Band | None]) -> dict[str, Band] | None:
    found = {name: band(alpha) for name, alpha in ALPHAS.items()}
    given = {name: ends for name, ends in found.items() if ends is not None}
    return given if len(given) == len(found) else None


def dependence(pairs: Pairs, ledger_total: int | None) -> Dependence | None:
    """Return the measured odds ratio; None without a ledger that holds them all."""
    a, b, c = pairs.counts
    if ledger_total is None or ledger_total < a + b + c or not (a and b + c):
        return None
    cells = [n + 0.5 for n in (a, ledger_total - a - b - c, b, c)]
    value = cells[0] * cells[1] / (cells[2] * cells[3])
    reach = math.exp(im_critical(0, 1, 0.05) * math.sqrt(sum(1 / n for n in cells)))
    return Dependence(value=value, low=value / reach, high=value * reach)


def totals_by_dependence(pairs: Pairs, assumed: Assumed) -> dict[float, Band]:
    """Return the 95% band of the true total for one odds ratio after the other."""
    if not sum(pairs.counts):
        return {}
    return total_bands_at(pairs.strata, assumed, ODDS_RATIOS)
