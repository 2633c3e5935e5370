"""Two more worlds to be judged in: nothing in the estimators was tuned on them.

`Traits` ties the two lists together by a hidden normal trait of each buyer, with
promotion days, hourly outages and catalogue prices. `Classes` mixes two kinds of
buyers inside every device, with runs of quiet and busy days, one outage of the tag of
several days, faults that sit on one device, and baskets with a heavy tail.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from tests.reconcile.months import (
    DAY_S,
    DAYS,
    T0,
    Floats,
    Scenario,
    World,
    aggregate_of,
    event_of,
)

FIRST, LAST = -2, DAYS + 33
N_DAYS = LAST - FIRST
PRICES = np.array([9.0, 19.0, 29.0, 49.0, 89.0, 149.0])
POPULAR = np.array([0.2, 0.3, 0.2, 0.15, 0.1, 0.05])
NODES, WEIGHTS = np.polynomial.legendre.leggauss(12)


PLAIN = Scenario(window_days=30)


@dataclass(frozen=True)
class Other:
    """One scenario of one of the two worlds.

    Units: `strength` correlation of the hidden trait, or the share of private buyers.
    """

    name: str
    mechanism: str
    strength: float
    level: str = "attribution"
    rough: bool = False
    report: Scenario = PLAIN


OTHERS = (
    Other("traits, none", "traits", 0.0),
    Other("traits, strong", "traits", 0.3),
    Other("traits, rough", "traits", 0.15, rough=True, report=Scenario(offset_h=7)),
    Other("traits, delivery", "traits", 0.3, level="delivery"),
    Other("classes, few private", "classes", 0.1),
    Other(
        "classes, many private",
        "classes",
        0.3,
        report=Scenario(window_days=7, offset_h=-8, by_click=True),
    ),
    Other("classes, rough", "classes", 0.2, rough=True),
    Other("classes, delivery", "classes", 0.2, level="delivery", rough=True),
)


def other_world(rng: np.random.Generator, volume: float, other: Other) -> World:
    make = {"traits": _traits, "classes": _classes}[other.mechanism]
    return make(rng, volume, other)


def other_event_month(
    rng: np.random.Generator, volume: float, other: Other, *, ledger: bool
) -> tuple[dict[str, Any], dict[str, float]]:
    w = other_world(rng, volume, other)
    return event_of(w, rng, Scenario(level=other.level), ledger=ledger)


def other_aggregate_month(
    rng: np.random.Generator, volume: float, other: Other
) -> tuple[dict[str, Any], dict[str, float]]:
    return aggregate_of(other_world(rng, volume, other), rng, other.report)


def _traits(rng: np.random.Generator, volume: float, other: Other) -> World:
    promo = np.where(rng.random(N_DAYS) < 0.08, 4.0, 1.0)  # days of a promotion
    trend = np.exp(np.linspace(-0.2, 0.2, N_DAYS) * rng.choice([-1, 1]))
    rate = promo * trend
    at_s, lag = _arrivals(rng, rate / rate.mean() * volume / DAYS, evening=True)
    n = len(at_s)
    device = rng.choice(4, n, p=[0.45, 0.30, 0.20, 0.05])
    multi = rng.random(n) < np.array([0.2, 0.5, 0.5, 0.8])[device]
    seen_tag = np.array([0.80, 0.66, 0.86, 0.50])[device]
    seen_server = np.array([0.90, 0.80, 0.86, 0.70])[device]
    if other.level == "delivery":
        seen_server = np.full(n, 0.965)
    seen_tag = np.where(multi, seen_tag - 0.18, seen_tag)
    a, b = ndtri(seen_tag), ndtri(seen_server)
    day = ((at_s - T0) // DAY_S).astype(int) - FIRST
    swing = 0.35 if other.rough else 0.15
    a = a + rng.normal(0, 0.15) + rng.normal(0, swing, N_DAYS)[day]
    b = b + rng.normal(0, 0.15) + rng.normal(0, swing / 2, N_DAYS)[day]
    a = np.where(_hours_down(rng, at_s, 10 if other.rough else 3), a - 1.5, a)
    b = np.where(_hours_down(rng, at_s, 4 if other.rough else 1), b - 1.5, b)
    p_tag, p_server = ndtr(a), ndtr(b)
    both = _both(a, b, other.strength)
    u = rng.random(n)
    return World(
        at_s=at_s,
        click_s=np.floor(at_s - lag * DAY_S),
        value=rng.choice(PRICES, n, p=POPULAR) * rng.integers(1, 4, n),
        device=device,
        hops=np.where(multi, 2, 1),
        p_tag=p_tag,
        p_server=p_server,
        p_server_only=p_server - both,
        tag=u < p_tag,
        server=(u < both) | ((u >= p_tag) & (u < p_tag + p_server - both)),
    )


def _both(a: Floats, b: Floats, rho: float) -> Floats:
    """Return P(Z1 < a and Z2 < b) of two normals with correlation rho."""
    total = ndtr(a) * ndtr(b)
    for node, weight in zip(NODES, WEIGHTS, strict=True):
        r = rho * (node + 1) / 2
        density = np.exp(-(a * a - 2 * r * a * b + b * b) / (2 * (1 - r * r)))
        total = total + weight * rho / 2 * density / (2 * np.pi * np.sqrt(1 - r * r))
    return np.asarray(total)


def _hours_down(
    rng: np.random.Generator, at_s: Floats, n_outages: int
) -> NDArray[np.bool_]:
    down = np.zeros(len(at_s), dtype=np.bool_)
    for _ in range(rng.poisson(n_outages)):
        start = T0 + rng.uniform(FIRST, LAST) * DAY_S
        down |= (at_s >= start) & (at_s < start + rng.exponential(6) * 3_600)
    return down


def _classes(rng: np.random.Generator, volume: float, other: Other) -> World:
    busy = np.zeros(N_DAYS, dtype=np.bool_)
    for day in range(1, N_DAYS):  # quiet and busy days come in runs
        busy[day] = rng.random() < (0.75 if busy[day - 1] else 0.2)
    rate = np.where(busy, 1.8, 0.7) * rng.gamma(8, 1 / 8, N_DAYS)
    at_s, lag = _arrivals(rng, rate / rate.mean() * volume / DAYS, evening=False)
    n = len(at_s)
    device = rng.choice(5, n, p=[0.35, 0.10, 0.30, 0.20, 0.05])
    multi = rng.random(n) < 0.25
    odds = np.array([1.0, 1.6, 1.2, 0.5, 0.8])[device] * other.strength
    private = rng.random(n) < np.clip(odds, 0, 0.6)
    p_tag = np.where(private, 0.45, 0.84)
    p_server = np.where(private, 0.80, 0.93)
    if other.level == "delivery":
        p_server = np.where(private, 0.94, 0.98)
    else:
        p_tag = p_tag * np.where(multi, 0.8, 1.0)
    day_of = ((at_s - T0) // DAY_S).astype(int) - FIRST
    depth = 0.30 if other.rough else 0.10
    p_tag = p_tag * rng.uniform(1 - depth, 1, N_DAYS)[day_of]
    p_server = p_server * rng.uniform(1 - depth / 3, 1, N_DAYS)[day_of]
    if other.rough:  # the tag was broken for some days on end
        start = rng.integers(0, N_DAYS)
        broken = (day_of >= start) & (day_of < start + rng.integers(2, 7))
        p_tag = np.where(broken, p_tag * 0.3, p_tag)
    return World(
        at_s=at_s,
        click_s=np.floor(at_s - lag * DAY_S),
        value=15 * (1 + rng.pareto(3.2, n)),
        device=device,
        hops=np.where(multi, 3, 1),
        p_tag=p_tag,
        p_server=p_server,
        p_server_only=(1 - p_tag) * p_server,
        tag=rng.random(n) < p_tag,
        server=rng.random(n) < p_server,
    )


def _arrivals(
    rng: np.random.Generator, rate: Floats, *, evening: bool
) -> tuple[Floats, Floats]:
    """Return order times and the days since the click, at most 30."""
    day = np.repeat(np.arange(N_DAYS), rng.poisson(rate))
    n = len(day)
    if evening:
        hour, lag = 24 * rng.beta(5, 2, n), rng.lognormal(-0.5, 1.6, n)
    else:
        hour, lag = rng.uniform(0, 24, n), rng.weibull(0.6, n) * 2
    at_s = np.floor(T0 + (day + FIRST) * DAY_S + np.minimum(hour, 23.999) * 3_600)
    keep = lag <= 30
    return at_s[keep], lag[keep]
