"""The rules over each Pin, in the last 28 days, against the account's other Pins."""

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from math import ceil
from statistics import NormalDist
from typing import Final

from forwarder.core.kpi import Counts, PinFacts
from forwarder.insights.chance import chance_of_so_few
from forwarder.insights.findings import Finding, Number, RuleState
from forwarder.insights.peers import PEERS_MIN, kinds
from forwarder.insights.rates import count_quartile, quartiles
from forwarder.insights.thresholds import Thresholds, per_100k, percent

SHOWN, LOOKS, CLICKS = (  # places in the counts
    Counts._fields.index(name)
    for name in ("impressions", "pin_clicks", "outbound_clicks")
)
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
    impressions, looks, _, saves = zip(*shown.values(), strict=True)
    middle, close_up_p75 = quartiles(looks, impressions, HALF, UPPER)
    (save_p75,) = quartiles(saves, impressions, UPPER)
    kept = [one for one in shown.values() if one.saves]
    clicked, saved = [one.outbound_clicks for one in kept], [one.saves for one in kept]
    return Crowd(
        shown=shown,
        impressions_least=ceil(count_quartile(impressions, UPPER)),
        close_up_median=middle,
        close_up_p75=close_up_p75,
        save_p75=save_p75,
        clicks_per_save=quartiles(clicked, saved, HALF)[0] if kept else None,
        close_up_low=percent(limits.close_up_percent) * middle,
        click_low=per_100k(limits.ocr_low_per_100k),
        save_high=per_100k(limits.save_high_per_100k),
        conversions=view.conversions,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PinRule:
    """One rule: the Pins it fires for, how likely chance does as much, its numbers.

    `fires` goes through thousands of Pins: it compares whole numbers, each border as
    its numerator and denominator.
    """

    name: str
    fires: Callable[[Crowd], Container[str]]
    chance: Callable[[str, Counts, Crowd], float]
    numbers: Callable[[str, Counts, Crowd], Mapping[str, Number]]


def _scrolled_past(crowd: Crowd) -> set[str]:
    """R29, R33: shown often, and people scroll past."""
    return _often_and_low(crowd, LOOKS, crowd.close_up_low)


def _often_and_low(crowd: Crowd, place: int, border: Fraction) -> set[str]:
    """Return the Pins shown often whose count at a place is under a border."""
    least = crowd.impressions_least
    part, whole = border.as_integer_ratio()
    return {
        pin
        for pin, one in crowd.shown.items()
        if one[SHOWN] >= least and one[place] * whole < part * one[SHOWN]
    }


def _unfollowed(crowd: Crowd) -> set[str]:
    """R32: people look closely and do not go on."""
    part, whole = crowd.click_low.as_integer_ratio()
    top, of = crowd.close_up_p75.as_integer_ratio()
    return {
        pin
        for pin, (shown, looks, clicks, _) in crowd.shown.items()
        if clicks * whole < part * shown and looks * of >= top * shown
    }


def _hardly_clicked(crowd: Crowd) -> set[str]:
    """R35: shown often, hardly clicked."""
    return _often_and_low(crowd, CLICKS, crowd.click_low)


def _only_kept(crowd: Crowd) -> set[str]:
    """R36: kept for later, and later never comes."""
    high, of_high = crowd.save_high.as_integer_ratio()
    top, of_top = crowd.save_p75.as_integer_ratio()
    much = (
        (pin, one)
        for pin, one in crowd.shown.items()
        if one.saves * of_high >= high * one.impressions
        or one.saves * of_top > top * one.impressions
    )
    return {
        pin
        for pin, one in much
        if one.saves
        and (crowd.conversions.get(pin) == 0 or _is_seldom_clicked(one, crowd))
    }


def _is_seldom_clicked(one: Counts, crowd: Crowd) -> bool:
    """Tell whether it has less than half the usual clicks per save."""
    usual = crowd.clicks_per_save
    if usual is None:
        return False
    return 2 * one.outbound_clicks * usual.denominator < usual.numerator * one.saves


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
        fires=_scrolled_past,
        chance=_chance_of_close_ups,
        numbers=lambda _, one, crowd: {
            "close_up_rate": Fraction(one.pin_clicks, one.impressions),
            "median": crowd.close_up_median,
            "impressions": one.impressions,
        },
    ),
    PinRule(
        name="close_ups_without_clicks",
        fires=_unfollowed,
        chance=_chance_of_clicks,
        numbers=lambda _, one, __: {
            "close_up_rate": Fraction(one.pin_clicks, one.impressions),
            "outbound_clicks": one.outbound_clicks,
            "impressions": one.impressions,
        },
    ),
    PinRule(
        name="high_impressions_low_clicks",
        fires=_hardly_clicked,
        chance=_chance_of_clicks,
        numbers=lambda _, one, __: {
            "impressions": one.impressions,
            "outbound_clicks": one.outbound_clicks,
        },
    ),
    PinRule(
        name="high_saves_low_conversions",
        fires=_only_kept,
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
    judged = {pin: one for crowd in crowds for pin, one in crowd.shown.items()}
    quiet = frozenset(most_shown(judged))
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


def most_shown(pins: Mapping[str, Counts]) -> list[str]:
    """Return the Pins shown most, most first."""
    often = sorted((one.impressions for one in pins.values()), reverse=True)
    least = often[:QUIET_MAX][-1] if often else 0
    found = [pin for pin, one in pins.items() if one.impressions >= least]
    found.sort(key=lambda pin: (-pins[pin].impressions, pin))
    return found[:QUIET_MAX]


def _findings(
    rule: PinRule, crowd: Crowd, quiet: Container[str], border: float, n_judged: int
) -> Iterable[Finding]:
    fired = rule.fires(crowd)
    for pin, one in crowd.shown.items():
        is_fired = pin in fired
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
