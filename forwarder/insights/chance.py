"""How likely chance alone does as much: counts that come one by one (Poisson)."""

from math import exp
from statistics import NormalDist
from typing import Final

EXACT_UP_TO: Final = 500.0  # expected events; beyond, the normal curve is as good


def chance_of_so_few(count: int, expected: float) -> float:
    """Return the chance of at most `count` events where `expected` come on average."""
    if count < 0:
        return 0.0
    if expected <= 0:
        return 1.0
    if expected > EXACT_UP_TO:
        return NormalDist(expected, expected**0.5).cdf(count + 0.5)
    term = found = exp(-expected)
    for n in range(1, count + 1):
        term *= expected / n
        found += term
    return min(1.0, found)
