"""The words of an experiment: what varies, what it is for, and its arms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Variable(StrEnum):
    """What one batch may vary."""

    HEADLINE = "headline"
    IMAGE = "image"
    CALL_TO_ACTION = "call_to_action"
    LANDING_HEADLINE = "landing_headline"


class Objective(StrEnum):
    """What the experiment is for; how often a Pin was shown is never one."""

    VISITS = "visits"
    DISTRIBUTION = "distribution"
    CLARITY = "clarity"


class Phase(StrEnum):
    """The three steps; each but the first stands on a winner of the one before."""

    CREATIVE = "creative"
    DESTINATION = "destination"
    SCALE = "scale"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One arm: what it is made of, its Pins, the days it is published on."""

    name: str
    attributes: Mapping[str, str]
    pin_ids: Sequence[str] = ()
    slots: Sequence[date] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """An experiment as it was created; nothing of it changes afterwards.

    `rho` is the account's rate of the metric before the start, frozen; `after` the
    experiment whose winner this one builds on.
    """

    name: str
    objective: Objective
    variable: Variable
    phase: Phase
    variants: Sequence[Variant]
    rho: float
    after: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What one variant did on one day, all its Pins summed."""

    variant: int
    on: date
    impressions: int
    successes: int
