"""Pins people look at closely and leave: how many clicks went missing there."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Final

from forwarder.core.kpi import Counts
from forwarder.insights.chance import chance_of_so_few
from forwarder.insights.findings import Finding, RuleState
from forwarder.insights.pin_rules import (
    UPPER,
    PinView,
    doubt,
    most_shown,
    nothing_known,
)
from forwarder.insights.rates import count_quartile
from forwarder.insights.thresholds import Thresholds

RULE: Final = "almost_famous"


def exit_rate(account: Counts) -> Fraction | None:
    """Return outbound clicks per Pin click of the whole account, at most 1."""
    if account.pin_clicks <= 0:
        return None
    return min(Fraction(account.outbound_clicks, account.pin_clicks), Fraction(1))


def missed_clicks(one: Counts, usual: Fraction, prior: int) -> float:
    """Return how many clicks a Pin would have more at the account's usual rate.

    Its own rate is drawn towards the usual one: a Pin with ten clicks knows little.
    """
    a, b, looks = usual.numerator, usual.denominator, one.pin_clicks
    # looks * (usual - (clicks + prior * usual) / (looks + prior)), rounded once
    return looks * (a * looks - one.outbound_clicks * b) / (b * (looks + prior))


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """The Pins people look at enough, the account's exit rate, the clicks they miss.

    `missed` has those that miss some, most first. `usual` None: nobody looked.
    """

    usual: Fraction | None
    pins: Mapping[str, Counts]
    missed: Mapping[str, float]


def look(view: PinView) -> Looked:
    """Return the Pins people look at, and what each misses."""
    usual = exit_rate(view.account)
    if usual is None:
        return Looked(usual=None, pins={}, missed={})
    pins, prior = _looked_at(view), view.limits.almost_prior
    part, whole = usual.as_integer_ratio()
    found = {
        pin: missed_clicks(one, usual, prior)
        for pin, one in pins.items()
        if one.outbound_clicks * whole < part * one.pin_clicks
    }
    most_first = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return Looked(usual=usual, pins=pins, missed=dict(most_first))


def _looked_at(view: PinView) -> dict[str, Counts]:
    """Return the Pins with close-ups enough; of many, only the upper quarter."""
    limits, looks = view.limits, [one.pin_clicks for one in view.pins.values()]
    least = limits.almost_min_pin_clicks
    if looks and len(looks) >= limits.almost_quartile_from_pins:
        least = max(least, ceil(count_quartile(looks, UPPER)))
    return {pin: one for pin, one in view.pins.items() if one.pin_clicks >= least}


def almost_famous(looked: Looked, limits: Thresholds) -> list[Finding]:
    """R34: the image works, the hook or the call to action does not.

    Shape: Pins that miss clicks, most first; then those shown most that miss none.
    """
    pins, missed = looked.pins, looked.missed
    if looked.usual is None or not pins:
        return [nothing_known(RULE)]
    border, exits = doubt(len(pins), limits), float(looked.usual)
    quiet = (pin for pin in most_shown(pins) if pin not in missed)
    return [
        Finding(
            rule=RULE,
            state=RuleState.FIRED if pin in missed else RuleState.NOT_FIRED,
            pin_id=pin,
            is_pin_rule=True,
            is_confirmed=pin in missed
            and chance_of_so_few(one.outbound_clicks, exits * one.pin_clicks) <= border,
            numbers={
                "pin_clicks": one.pin_clicks,
                "outbound_clicks": one.outbound_clicks,
                "missed_clicks": missed.get(pin, 0.0),
            },
            n_judged=len(pins),
        )
        for pin, one in ((pin, pins[pin]) for pin in (*missed, *quiet))
    ]
