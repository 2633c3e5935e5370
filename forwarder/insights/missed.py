"""Pins people look at closely and leave: how many clicks went missing there."""

from collections.abc import Mapping
from fractions import Fraction
from math import ceil
from typing import Final

from forwarder.core.kpi import Counts
from forwarder.insights.chance import chance_of_so_few
from forwarder.insights.findings import Finding, RuleState
from forwarder.insights.pin_rules import (
    UPPER,
    PinView,
    below,
    doubt,
    most_shown,
    nothing_known,
)
from forwarder.insights.rates import quartile

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


def missed_by_pin(view: PinView) -> Mapping[str, float]:
    """Return the missed clicks of each Pin that misses some, most first."""
    usual = exit_rate(view.account)
    if usual is None:
        return {}
    prior = view.limits.almost_prior
    found = {
        pin: missed_clicks(one, usual, prior)
        for pin, one in _looked_at(view).items()
        if below(one.outbound_clicks, one.pin_clicks, usual)
    }
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def _looked_at(view: PinView) -> dict[str, Counts]:
    """Return the Pins with close-ups enough; of many, only the upper quarter."""
    limits = view.limits
    found = {
        pin: one
        for pin, one in view.pins.items()
        if one.pin_clicks >= limits.almost_min_pin_clicks
    }
    if len(view.pins) < limits.almost_quartile_from_pins or not found:
        return found
    least = ceil(quartile(((one.pin_clicks, 1) for one in view.pins.values()), UPPER))
    return {pin: one for pin, one in found.items() if one.pin_clicks >= least}


def almost_famous(view: PinView, missed: Mapping[str, float]) -> list[Finding]:
    """R34: the image works, the hook or the call to action does not.

    Shape: Pins that miss clicks in the order of `missed`, which `missed_by_pin` found
    for this view; then those shown most that miss none.
    """
    usual, looked_at = exit_rate(view.account), _looked_at(view)
    if usual is None or not looked_at:
        return [nothing_known(RULE)]
    border, exits = doubt(len(looked_at), view.limits), float(usual)
    quiet = (pin for pin in most_shown(looked_at.items()) if pin not in missed)
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
            n_judged=len(looked_at),
        )
        for pin, one in ((pin, looked_at[pin]) for pin in (*missed, *quiet))
    ]
