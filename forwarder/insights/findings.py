"""What a rule says: fired, weak signal, not fired, not enough data; and the numbers."""

from collections.abc import Mapping
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType
from typing import Final, NamedTuple


class RuleState(StrEnum):
    """How a rule ended."""

    FIRED = "fired"
    WEAK_SIGNAL = "weak_signal"
    NOT_FIRED = "not_fired"
    INSUFFICIENT_DATA = "insufficient_data"


Number = int | float | Fraction | None
NO_NUMBERS: Final[Mapping[str, Number]] = MappingProxyType({})


class Finding(NamedTuple):
    """One rule for the account, or for one Pin of the `n_judged` that were looked at.

    `is_confirmed`: chance alone seldom does that (docs/kpi.md, "Confirmed").
    """

    rule: str
    state: RuleState
    pin_id: str | None = None
    is_pin_rule: bool = False
    is_confirmed: bool = False
    numbers: Mapping[str, Number] = NO_NUMBERS
    n_judged: int = 0


def settled(rule: str, *, fired: bool, **numbers: Number) -> Finding:
    """Return what an account rule over enough data says."""
    state = RuleState.FIRED if fired else RuleState.NOT_FIRED
    return Finding(rule=rule, state=state, is_confirmed=fired, numbers=numbers)


def unknown(rule: str, **numbers: Number) -> Finding:
    """Return an account rule that has too little to go by."""
    return Finding(rule=rule, state=RuleState.INSUFFICIENT_DATA, numbers=numbers)


def graded(
    rule: str, *, fired: bool, has_enough: bool, is_likely: bool, **numbers: Number
) -> Finding:
    """Return a drop rule: one that chance may explain is a weak signal."""
    if not fired and not has_enough:
        return unknown(rule, **numbers)
    if fired and not (has_enough and is_likely):
        return Finding(rule=rule, state=RuleState.WEAK_SIGNAL, numbers=numbers)
    return settled(rule, fired=fired, **numbers)
