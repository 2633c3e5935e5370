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


def quadrants(
    pins: Mapping[str, Counts], cut: tuple[Fraction, Fraction], limits: Thresholds
) -> dict[str, Quadrant]:
    """Return the quadrant of each Pin; on a cut is not above it.

    Whole numbers only, each cut as its numerator and denominator: Pins are thousands.
    """
    (click, of_click), (save, of_save) = (one.as_integer_ratio() for one in cut)
    least, per_look = limits.duet_min_impressions, limits.save_rate_denominator
    found = {}
    for pin, (shown, looks, clicks, saves) in pins.items():
        base = looks if per_look == "closeups" else shown
        if shown < least or not base:
            found[pin] = Quadrant.NOT_ENOUGH_DATA
        else:
            sides = clicks * of_click > click * shown, saves * of_save > save * base
            found[pin] = _BY_SIDES[sides]
    return found
