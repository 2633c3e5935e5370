"""The duet of outbound click rate and save rate: what kind of Pin this is."""

from collections.abc import Mapping
from enum import StrEnum
from fractions import Fraction
from statistics import median

from forwarder.core.kpi import Counts
from forwarder.insights.thresholds import Thresholds, per_100k


class Quadrant(StrEnum):
    """Where a Pin stands; "rework" for low in both is our own word."""

    DISTRIBUTION_MULTIPLIER = "distribution_multiplier"
    TRANSACTIONAL = "transactional"
    USEFUL_NOT_PITCHED = "useful_not_pitched"
    REWORK = "rework"
    NOT_ENOUGH_DATA = "not_enough_data"


_BY_SIDES = {
    (True, True): Quadrant.DISTRIBUTION_MULTIPLIER,
    (True, False): Quadrant.TRANSACTIONAL,
    (False, True): Quadrant.USEFUL_NOT_PITCHED,
    (False, False): Quadrant.REWORK,
}


def cuts(pins: Mapping[str, Counts], limits: Thresholds) -> tuple[Fraction, Fraction]:
    """Return where high begins, for clicks and for saves, as the settings say."""
    lows = per_100k(limits.ocr_low_per_100k), per_100k(limits.save_low_per_100k)
    if limits.duet_cut == "mid":
        highs = per_100k(limits.ocr_high_per_100k), per_100k(limits.save_high_per_100k)
        return (lows[0] + highs[0]) / 2, (lows[1] + highs[1]) / 2
    shown = [p for p in pins.values() if p.impressions >= limits.duet_min_impressions]
    if limits.duet_cut == "account_median" and shown:
        return (
            median(Fraction(one.outbound_clicks, one.impressions) for one in shown),
            median(Fraction(one.saves, one.impressions) for one in shown),
        )
    return lows


def quadrant(
    one: Counts, cut: tuple[Fraction, Fraction], limits: Thresholds
) -> Quadrant:
    """Return the quadrant of a Pin; on a cut is not above it."""
    base = one.impressions
    if limits.save_rate_denominator == "closeups":
        base = one.pin_clicks
    if one.impressions < limits.duet_min_impressions or not base:
        return Quadrant.NOT_ENOUGH_DATA
    is_clicked = _is_above(one.outbound_clicks, one.impressions, cut[0])
    return _BY_SIDES[is_clicked, _is_above(one.saves, base, cut[1])]


def _is_above(part: int, whole: int, border: Fraction) -> bool:
    return part * border.denominator > border.numerator * whole
