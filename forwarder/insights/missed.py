"""Pins people look at closely and leave: how many clicks went missing there."""

from collections.abc import Mapping
from fractions import Fraction
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


def missed_clicks(one: Counts, usual: Fraction, prior: int) -> Fraction:
    """Return how many clicks a Pin would have more at the account's usual rate.

    Its own rate is drawn towards the usual one: a Pin with ten clicks knows little.
    """
    a, b, looks = usual.numerator, usual.denominator, one.pin_clicks
    # looks * (usual - (clicks + prior * usual) / (looks + prior)), as one fraction
    return Fraction(looks * (a * looks - one.outbound_clicks * b), b * (looks + prior))


def missed_by_pin(view: PinView) -> Mapping[str, Fraction]:
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
    return dict(sorted(found.items(), key=lambda item: (-float(item[1]), item[0])))


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
    least = quartile(((one.pin_clicks, 1) for one in view.pins.values()), UPPER)
    return {pin: one for pin, one in found.items() if one.pin_clicks >= least}


def almost_famous(view: PinView, missed: Mapping[str, Fraction]) -> list[Finding]:
    """R34: the image works, the hook or the call to action does not.

    `missed` are the clicks that `missed_by_pin` found for this view.
    """
    usual, looked_at = exit_rate(view.account), _looked_at(view)
    if usual is None or not looked_at:
        return [nothing_known(RULE)]
    border, quiet = doubt(len(looked_at), view.limits), most_shown(looked_at.items())
    return [
        Finding(
            rule=RULE,
            state=RuleState.FIRED if pin in missed else RuleState.NOT_FIRED,
            pin_id=pin,
            is_pin_rule=True,
            is_confirmed=pin in missed
            and chance_of_so_few(one.outbound_clicks, float(usual * one.pin_clicks))
            <= border,
            numbers={
                "pin_clicks": one.pin_clicks,
                "outbound_clicks": one.outbound_clicks,
                "missed_clicks": missed.get(pin, Fraction(0)),
            },
            n_judged=len(looked_at),
        )
        for pin, one in looked_at.items()
        if pin in missed or pin in quiet
    ]
