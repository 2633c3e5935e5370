"""Read the JSON file that `experiments simulate` runs the verdict over."""

from collections.abc import Mapping, Sequence
from math import isfinite

from forwarder.insights.eprocess import Day, Terms

ARMS_MIN = 2
PAIR = 2


class WrongFile(ValueError):
    """The file is no trial; the text says what is wrong and where."""


def read_trial(data: object) -> tuple[Sequence[Sequence[Day | None]], Terms]:
    """Return the arms and the terms of a decoded file. Raises: WrongFile.

    Shape: `{"arms": [[[impressions, events], … one per day], …], "alpha": 0.05,
    "rho": 0.002, "k": 500}`; arm 0 is the control, null a day that is missing.
    """
    if not isinstance(data, Mapping):
        raise WrongFile("the file must hold one JSON object with arms and rho")
    terms = Terms(
        rho=_number(data, "rho", low=0.0, high=1.0),
        alpha=_number(data, "alpha", low=0.0, high=1.0, default=0.05, is_open=True),
        k=_number(data, "k", low=0.0, high=1e12, default=500.0, is_open=True),
    )
    arms = data.get("arms")
    if not isinstance(arms, Sequence) or isinstance(arms, str) or len(arms) < ARMS_MIN:
        raise WrongFile("arms must be a list of at least two lists of days")
    return [_arm(number, arm) for number, arm in enumerate(arms)], terms


def _number(
    data: Mapping[str, object],
    name: str,
    *,
    low: float,
    high: float,
    default: float | None = None,
    is_open: bool = False,
) -> float:
    value = data.get(name, default)
    if (
        not isinstance(value, (int, float))
        or isinstance(value, bool)
        or not isfinite(value)
        or not low <= value < high
        or (is_open and value == low)
    ):
        border = "above" if is_open else "from"
        raise WrongFile(f"{name} must be a number {border} {low:g} and below {high:g}")
    return float(value)


def _arm(number: int, arm: object) -> Sequence[Day | None]:
    if not isinstance(arm, Sequence) or isinstance(arm, str):
        raise WrongFile(f"arm {number} must be a list of days")
    return [_day(number, at, day) for at, day in enumerate(arm, 1)]


def _day(number: int, at: int, day: object) -> Day | None:
    if day is None:
        return None
    if isinstance(day, Sequence) and not isinstance(day, str) and len(day) == PAIR:
        counts = [_count(value) for value in day]
        if all(count is not None for count in counts):
            return Day(*(count for count in counts if count is not None))
        if all(
            value is None or count is not None
            for value, count in zip(day, counts, strict=True)
        ):
            return None
    raise WrongFile(
        f"arm {number}, day {at} must be [impressions, events], two whole numbers"
    )


def _count(value: object) -> int | None:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return None
