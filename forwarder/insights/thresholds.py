"""Every number the rules compare with; the settings of `[kpi]` change them."""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """The thresholds at their defaults: whole numbers, so that borders are exact.

    Source: docs/kpi.md tells where each comes from.
    """

    period: str = "calendar_month"
    settle_days: int = 2
    save_rate_denominator: str = "impressions"
    ocr_low_per_100k: int = 100
    ocr_high_per_100k: int = 400
    save_low_per_100k: int = 200
    save_high_per_100k: int = 800
    duet_cut: str = "low_break"
    duet_min_impressions: int = 1000
    drop_percent: int = 25
    steady_percent: int = 10
    stable_percent: int = 10
    value_mismatch_basis: str = "save_rate"
    value_mismatch_drop_percent: int = 25
    value_mismatch_stable_percent: int = 10
    confirm_percent: int = 90
    min_previous_clicks: int = 20
    min_impressions: int = 3000
    vanity_percent: int = 25
    collapse_percent: int = 50
    close_up_percent: int = 50
    top3_percent: int = 60
    top10_percent: int = 70
    concentration_min_clicks: int = 50
    concentration_min_pins: int = 10
    decay_percent: int = 50
    decay_days: int = 28
    decay_min_peak_clicks: int = 20
    almost_min_pin_clicks: int = 50
    almost_prior: int = 200
    almost_quartile_from_pins: int = 20
    capture_min_percent: int = 80
    capture_max_percent: int = 120
    tag_ratio_percent: int = 120
    gap_percent: int = 20
    gap_min_orders: int = 100
    band_min_percent: int = 10
    band_max_percent: int = 20
    band_routing_percent: int = 0
    min_account_days: int = 60
    board_max_pins: int = 200
    board_min_per_pin: int = 2


def per_100k(count: int) -> Fraction:
    """Return a rate of so many per 100,000 impressions."""
    return Fraction(count, 100_000)


def percent(number: int) -> Fraction:
    """Return so many hundredths."""
    return Fraction(number, 100)
