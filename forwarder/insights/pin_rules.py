"""The rules over each Pin, in the last 28 days, against the account's other Pins."""

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from heapq import nsmallest
from math import ceil
from statistics import NormalDist
from typing import Final

from forwarder.core.kpi import Counts, PinFacts
from forwarder.insights.chance import chance_of_so_few
from forwarder.insights.findings import Finding, Number, RuleState
from forwarder.insights.peers import PEERS_MIN, kinds
from forwarder.insights.rates import quartile, quartiles
from forwarder.insights.thresholds import Thresholds, per_100k, percent

UPPER: Final = Fraction(3, 4)
HALF: Final = Fraction(1, 2)
PIN_RULES_N: Final = 6  # that share the doubt: four here, almost famous, decay
QUIET_MAX: Final = 50  # of the Pins for which a rule did not fire, the most shown


@dataclass(frozen=True, slots=True, kw_only=True)
class PinView:
    """All Pins with counts of the 28 days that end `on` a day.

    `conversions` of a Pin that is not in it: nobody counted.
    """

    pins: Mapping[str, Counts]
    account: Counts
    limits: Thresholds
    conversions: Mapping[str, int] = field(default_factory=dict)
    facts: Mapping[str, PinFacts] = field(default_factory=dict)
    on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """What the Pins that were shown often enough are like together; the borders."""

    shown: Mapping[str, Counts]
    impressions_least: int  # of a Pin in the upper quarter
    close_up_median: Fraction
    close_up_p75: Fraction
    save_p75: Fraction
    clicks_per_save: Fraction | None
    close_up_low: Fraction
    click_low: Fraction
    save_high: Fraction
    conversions: Mapping[str, int]


def crowd_of(view: PinView) -> Crowd | None:
    """Return the Pins to compare with; None where none was shown often enough."""
    limits, least = view.limits, view.limits.duet_min_impressions
    shown = {pin: one for pin, one in view.pins.items() if one.impressions >= least}
    if not shown:
        return None
    all_of = shown.values()
    per_save = [(one.outbound_clicks, one.saves) for one in all_of if one.saves]
    close_ups = [(one.pin_clicks, one.impressions) for one in all_of]
    middle, close_up_p75 = quartiles(close_ups, HALF, UPPER)
    often = quartile(((one.impressions, 1) for one in all_of), UPPER)
    return Crowd(
        shown=shown,
        impressions_least=ceil(often),
        close_up_median=middle,
        close_up_p75=close_up_p75,
        save_p75=quartile(((one.saves, one.impressions) for one in all_of), UPPER),
        clicks_per_save=quartile(per_save, HALF) if per_save else None,
        close_up_low=percent(limits.close_up_percent) * middle,
        click_low=per_100k(limits.ocr_low_per_100k),
        save_high=per_100k(limits.save_high_per_100k),
        conversions=view.conversions,
    )


def below(part: int, whole: int, border: Fraction) -> bool:
    """Tell whether part / whole is under a border, in whole numbers."""
    return part * border.denominator < border.numerator * whole


@dataclass(frozen=True, slots=True, kw_only=True)
class PinRule:
    """One rule: whether it fires, how likely chance does as much, and its numbers."""

    name: str
    fires: Callable[[str, Counts, Crowd], bool]
    chance: Callable[[str, Counts, Crowd], float]
    numbers: Callable[[str, Counts, Crowd], Mapping[str, Number]]


def _is_scrolled_past(_: str, one: Counts, crowd: Crowd) -> bool:
    """R29, R33: shown often, and people scroll past."""
    is_often = one.impressions >= crowd.impressions_least
    return is_often and below(one.pin_clicks, one.impressions, crowd.close_up_low)


def _is_unfollowed(_: str, one: Counts, crowd: Crowd) -> bool:
    """R32: people look closely and do not go on."""
    is_low = below(one.outbound_clicks, one.impressions, crowd.click_low)
    return is_low and not below(one.pin_clicks, one.impressions, crowd.close_up_p75)


def _is_hardly_clicked(_: str, one: Counts, crowd: Crowd) -> bool:
    """R35: shown often, hardly clicked."""
    is_often = one.impressions >= crowd.impressions_least
    return is_often and below(one.outbound_clicks, one.impressions, crowd.click_low)


def _is_only_kept(pin: str, one: Counts, crowd: Crowd) -> bool:
    """R36: kept for later, and later never comes."""
    if not one.saves:
        return False
    top = crowd.save_p75
    is_much = not below(one.saves, one.impressions, crowd.save_high) or (
        one.saves * top.denominator > top.numerator * one.impressions
    )
    return is_much and (
        _is_seldom_clicked(one, crowd) or crowd.conversions.get(pin) == 0
    )


def _is_seldom_clicked(one: Counts, crowd: Crowd) -> bool:
    """Tell whether it has less than half the usual clicks per save."""
    usual = crowd.clicks_per_save
    return usual is not None and below(2 * one.outbound_clicks, one.saves, usual)


def _chance_of_close_ups(_: str, one: Counts, crowd: Crowd) -> float:
    expected = float(crowd.close_up_low * one.impressions)
    return chance_of_so_few(one.pin_clicks, expected)


def _chance_of_clicks(_: str, one: Counts, crowd: Crowd) -> float:
    expected = float(crowd.click_low * one.impressions)
    return chance_of_so_few(one.outbound_clicks, expected)


def _chance_of_saves(pin: str, one: Counts, crowd: Crowd) -> float:
    usual = crowd.clicks_per_save
    expected = float(crowd.save_high * one.impressions)
    so_many = 1 - chance_of_so_few(one.saves - 1, expected)
    if crowd.conversions.get(pin) == 0 and not _is_seldom_clicked(one, crowd):
        return so_many
    half = 0.0 if usual is None else float(usual * one.saves / 2)
    return max(so_many, chance_of_so_few(one.outbound_clicks, half))


PIN_RULES: Final = (
    PinRule(
        name="low_close_up",
        fires=_is_scrolled_past,
        chance=_chance_of_close_ups,
        numbers=lambda _, one, crowd: {
            "close_up_rate": Fraction(one.pin_clicks, one.impressions),
            "median": crowd.close_up_median,
            "impressions": one.impressions,
        },
    ),
    PinRule(
        name="close_ups_without_clicks",
        fires=_is_unfollowed,
        chance=_chance_of_clicks,
        numbers=lambda _, one, __: {
            "close_up_rate": Fraction(one.pin_clicks, one.impressions),
            "outbound_clicks": one.outbound_clicks,
            "impressions": one.impressions,
        },
    ),
    PinRule(
        name="high_impressions_low_clicks",
        fires=_is_hardly_clicked,
        chance=_chance_of_clicks,
        numbers=lambda _, one, __: {
            "impressions": one.impressions,
            "outbound_clicks": one.outbound_clicks,
        },
    ),
    PinRule(
        name="high_saves_low_conversions",
        fires=_is_only_kept,
        chance=_chance_of_saves,
        numbers=lambda pin, one, crowd: {
            "save_rate": Fraction(one.saves, one.impressions),
            "outbound_clicks": one.outbound_clicks,
            "conversions": crowd.conversions.get(pin),
        },
    ),
)


def judge_pins(view: PinView) -> list[Finding]:
    """Return what each rule says of the Pins that were shown often enough.

    All for which it fired, and of the others the most shown.
    """
    crowds = _crowds(view)
    n_judged = sum(len(crowd.shown) for crowd in crowds)
    border = doubt(n_judged, view.limits)
    quiet = most_shown(pin for crowd in crowds for pin in crowd.shown.items())
    found: list[Finding] = []
    for rule in PIN_RULES:
        mine = [
            one
            for crowd in crowds
            for one in _findings(rule, crowd, quiet, border, n_judged)
        ]
        found += mine or [nothing_known(rule.name)]
    return found


def _crowds(view: PinView) -> list[Crowd]:
    """Return the Pins to compare with one another: of one age and one format.

    Where nothing is told of any Pin they are one crowd, however small.
    """
    parts = kinds(view.pins, view.facts, view.on)
    crowds = [crowd_of(replace(view, pins=pins)) for pins in parts.values()]
    known = [crowd for crowd in crowds if crowd is not None]
    least = PEERS_MIN if len(parts) > 1 else 1
    return [crowd for crowd in known if len(crowd.shown) >= least]


def most_shown(pins: Iterable[tuple[str, Counts]]) -> Mapping[str, Counts]:
    """Return the Pins shown most by their ids, most first."""
    return dict(
        nsmallest(QUIET_MAX, pins, key=lambda item: (-item[1].impressions, item[0]))
    )


def _findings(
    rule: PinRule, crowd: Crowd, quiet: Container[str], border: float, n_judged: int
) -> Iterable[Finding]:
    for pin, one in crowd.shown.items():
        is_fired = rule.fires(pin, one, crowd)
        if is_fired or pin in quiet:
            yield Finding(
                rule=rule.name,
                state=RuleState.FIRED if is_fired else RuleState.NOT_FIRED,
                pin_id=pin,
                is_pin_rule=True,
                is_confirmed=is_fired and rule.chance(pin, one, crowd) <= border,
                numbers=rule.numbers(pin, one, crowd),
                n_judged=n_judged,
            )


def doubt(n_judged: int, limits: Thresholds) -> float:
    """Return how unlikely a finding must be to be confirmed.

    So that of all rules over Pins and all Pins together not even the unluckiest looks
    like that, but in one of ten months.
    """
    return (1 - limits.confirm_percent / 100) / (PIN_RULES_N * max(n_judged, 1))


def nothing_known(rule: str) -> Finding:
    """Return a Pin rule without a Pin to judge."""
    return Finding(rule=rule, state=RuleState.INSUFFICIENT_DATA, is_pin_rule=True)


def sigmas(n_judged: int, limits: Thresholds) -> float:
    """Return the same doubt as standard deviations of the normal curve."""
    return NormalDist().inv_cdf(1 - doubt(n_judged, limits))
