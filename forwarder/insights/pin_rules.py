"""The rules over each Pin, in the last 28 days, against the account's other Pins."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import exp, lgamma, log
from statistics import NormalDist, median
from typing import Final

from forwarder.core.kpi import Counts
from forwarder.insights.findings import Finding, Number, RuleState
from forwarder.insights.rates import close_up_rate, quartile
from forwarder.insights.thresholds import Thresholds, per_100k, percent

UPPER: Final = Fraction(3, 4)
EXACT_UP_TO: Final = 1000  # beyond, the normal curve is as good


@dataclass(frozen=True, slots=True, kw_only=True)
class PinView:
    """All Pins with counts of the last 28 days. `conversions` None: nobody counted."""

    pins: Mapping[str, Counts]
    account: Counts
    limits: Thresholds
    conversions: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """What the Pins that were shown often enough are like together."""

    shown: Mapping[str, Counts]
    impressions_p75: Fraction
    close_up_median: Fraction
    close_up_p75: Fraction
    save_p75: Fraction
    clicks_per_save: Fraction | None


def crowd_of(view: PinView) -> Crowd | None:
    """Return the Pins to compare with; None where none was shown often enough."""
    least = view.limits.duet_min_impressions
    shown = {pin: one for pin, one in view.pins.items() if one.impressions >= least}
    if not shown:
        return None
    rates = [Fraction(one.pin_clicks, one.impressions) for one in shown.values()]
    saved = [Fraction(one.saves, one.impressions) for one in shown.values()]
    per_save = [
        Fraction(one.outbound_clicks, one.saves) for one in shown.values() if one.saves
    ]
    return Crowd(
        shown=shown,
        impressions_p75=quartile(
            [Fraction(one.impressions) for one in shown.values()], UPPER
        ),
        close_up_median=median(rates),
        close_up_p75=quartile(rates, UPPER),
        save_p75=quartile(saved, UPPER),
        clicks_per_save=median(per_save) if per_save else None,
    )


@dataclass(frozen=True, slots=True)
class Judged:
    """What one rule says of one Pin; `surprise` is how likely chance does as much."""

    is_fired: bool
    surprise: float
    numbers: Mapping[str, Number]


def low_close_up(pin: str, view: PinView, crowd: Crowd) -> Judged:
    """R29, R33: shown often, and people scroll past."""
    one = crowd.shown[pin]
    rate = Fraction(one.pin_clicks, one.impressions)
    border = percent(view.limits.close_up_percent) * crowd.close_up_median
    return Judged(
        rate < border and one.impressions >= crowd.impressions_p75,
        chance_of_so_few(one.pin_clicks, float(border * one.impressions)),
        {"close_up_rate": rate, "median": crowd.close_up_median,
         "impressions": one.impressions},
    )  # fmt: skip


def close_ups_without_clicks(pin: str, view: PinView, crowd: Crowd) -> Judged:
    """R32: people look closely and do not go on."""
    one = crowd.shown[pin]
    rate = close_up_rate(one)
    low = per_100k(view.limits.ocr_low_per_100k)
    return Judged(
        rate is not None
        and rate >= crowd.close_up_p75
        and one.outbound_clicks < low * one.impressions,
        chance_of_so_few(one.outbound_clicks, float(low * one.impressions)),
        {"close_up_rate": rate, "outbound_clicks": one.outbound_clicks,
         "impressions": one.impressions},
    )  # fmt: skip


def high_impressions_low_clicks(pin: str, view: PinView, crowd: Crowd) -> Judged:
    """R35: shown often, hardly clicked."""
    one = crowd.shown[pin]
    low = per_100k(view.limits.ocr_low_per_100k)
    return Judged(
        one.impressions >= crowd.impressions_p75
        and one.outbound_clicks < low * one.impressions,
        chance_of_so_few(one.outbound_clicks, float(low * one.impressions)),
        {"impressions": one.impressions, "outbound_clicks": one.outbound_clicks},
    )


def high_saves_low_conversions(pin: str, view: PinView, crowd: Crowd) -> Judged:
    """R36: kept for later, and later never comes."""
    one = crowd.shown[pin]
    rate = Fraction(one.saves, one.impressions)
    high = per_100k(view.limits.save_high_per_100k)
    usual = crowd.clicks_per_save
    few = usual is not None and 2 * one.outbound_clicks < usual * one.saves
    bought = None if view.conversions is None else view.conversions.get(pin, 0)
    return Judged(
        one.saves > 0
        and (rate >= high or rate > crowd.save_p75)
        and (few or bought == 0),
        max(
            1 - chance_of_so_few(one.saves - 1, float(high * one.impressions)),
            0.0 if bought == 0 and not few else chance_of_so_few(
                one.outbound_clicks, float((usual or 0) * one.saves / 2)
            ),
        ),
        {"save_rate": rate, "outbound_clicks": one.outbound_clicks,
         "conversions": bought},
    )  # fmt: skip


PIN_RULES: Final[Mapping[str, Callable[[str, PinView, Crowd], Judged]]] = {
    "low_close_up": low_close_up,
    "close_ups_without_clicks": close_ups_without_clicks,
    "high_impressions_low_clicks": high_impressions_low_clicks,
    "high_saves_low_conversions": high_saves_low_conversions,
}


def judge_pins(view: PinView) -> list[Finding]:
    """Return what each rule says of each Pin that was shown often enough."""
    crowd = crowd_of(view)
    found: list[Finding] = []
    for rule, judge in PIN_RULES.items():
        if crowd is None:
            found.append(nothing_known(rule))
            continue
        judged = {pin: judge(pin, view, crowd) for pin in crowd.shown}
        found += findings(rule, judged, view.limits)
    return found


def nothing_known(rule: str) -> Finding:
    """Return a Pin rule without a Pin to judge."""
    return Finding(rule=rule, state=RuleState.INSUFFICIENT_DATA, is_pin_rule=True)


def findings(
    rule: str, judged: Mapping[str, Judged], limits: Thresholds
) -> Sequence[Finding]:
    """Return one finding per Pin. Confirmed: not even the luckiest of so many Pins."""
    border = (1 - limits.confirm_percent / 100) / max(len(judged), 1)
    return [
        Finding(
            rule=rule,
            state=RuleState.FIRED if one.is_fired else RuleState.NOT_FIRED,
            pin_id=pin,
            is_pin_rule=True,
            is_confirmed=one.is_fired and one.surprise <= border,
            numbers=one.numbers,
        )
        for pin, one in judged.items()
    ]


def chance_of_so_few(count: int, expected: float) -> float:
    """Return the chance of at most `count` events where `expected` come on average."""
    if count < 0:
        return 0.0
    if expected <= 0:
        return 1.0
    if count > EXACT_UP_TO:
        return NormalDist(expected, expected**0.5).cdf(count + 0.5)
    terms = (
        exp(n * log(expected) - expected - lgamma(n + 1)) for n in range(count + 1)
    )
    return min(1.0, sum(terms))
