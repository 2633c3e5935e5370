"""Synthetic months with a known truth: the method's training generator, rebuilt."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

DAY_S = 86_400
T0 = 1_759_276_800  # 1 October 2025, 00:00 UTC
DAYS = 30
WEEKDAYS = np.array([1.1, 1.0, 0.95, 0.95, 1.0, 0.9, 1.1])
DEVICE_SHARES = np.array([0.30, 0.12, 0.06, 0.27, 0.20, 0.05])
BLOCKED = np.array([0.25, 0.15, 0.45, 0.20, 0.08, 0.12])
SERVER_SHARES = np.array([0.88, 0.84, 0.86, 0.72, 0.85, 0.65])
SAFARI = np.array([False, True, False, True, False, False])
DEVICES = ["desktop chrome", "desktop safari", "desktop", "ios", "android", "in-app"]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Scenario:
    """One way the world may be. The defaults are the everyday case."""

    level: str = "attribution"
    odds_ratio: float = 2.0
    heavy: bool = False
    factor: tuple[float, float] = (-0.03, 0.08)  # hidden, drawn from this range
    window_days: int = 7
    offset_h: float = 0.0
    by_click: bool = False
    links: float | None = None  # share of broken links; None = random
    duplicates: float | None = None


@dataclass
class World:
    """Real orders, who saw them, and how likely that was."""

    at_s: Floats
    click_s: Floats
    value: Floats
    device: NDArray[np.int64]
    hops: NDArray[np.int64]
    p_tag: Floats
    p_server: Floats
    p_server_only: Floats
    tag: NDArray[np.bool_]
    server: NDArray[np.bool_]


def world(rng: np.random.Generator, volume: float, scenario: Scenario) -> World:
    first, last = -2, DAYS + 33
    n_days = last - first
    overdispersion = 0.4 if scenario.heavy else 0.05
    rate = WEEKDAYS[(np.arange(n_days) + rng.integers(7)) % 7] / WEEKDAYS.mean()
    rate = rate * rng.gamma(1 / overdispersion, overdispersion, n_days)
    per_day = rng.poisson(rate * volume / DAYS)
    day = np.repeat(np.arange(n_days), per_day)
    n = len(day)
    hour = np.clip(rng.normal(15, 5, n), 0, 23.99)
    at_s = np.floor(T0 + (day + first) * DAY_S + hour * 3600)
    scale = rng.choice([0.3, 3.0, 12.0], n, p=[0.6, 0.3, 0.1])
    lag = rng.exponential(1, n) * scale
    keep = lag <= 30
    day, at_s, lag = day[keep], at_s[keep], lag[keep]
    n = len(day)
    device = rng.choice(6, n, p=DEVICE_SHARES)
    multi = rng.random(n) < 0.35
    p_tag, p_server = _chances(scenario, device, multi)
    heavy = scenario.heavy
    tag_down = rng.random(n_days) < (0.10 if heavy else 0.03)
    p_tag = _shaken(rng, p_tag, day, tag_down, heavy)
    server_down = rng.random(n_days) < (0.05 if heavy else 0.015)
    p_server = _shaken(rng, p_server, day, server_down, heavy)
    if scenario.level == "attribution":
        p_tag = np.where(SAFARI[device] & (lag > 7), p_tag * 0.1, p_tag)
    both = plackett(p_tag, p_server, scenario.odds_ratio)
    u = rng.random(n)
    return World(
        at_s=at_s,
        click_s=np.floor(at_s - lag * DAY_S),
        value=rng.lognormal(3.7, 0.8, n),
        device=device,
        hops=np.where(multi, 2, 1),
        p_tag=p_tag,
        p_server=p_server,
        p_server_only=p_server - both,
        tag=u < p_tag,
        server=(u < both) | ((u >= p_tag) & (u < p_tag + p_server - both)),
    )


def _chances(
    scenario: Scenario, device: NDArray[np.int64], multi: NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    if scenario.level == "delivery":
        p_tag = (1 - BLOCKED[device]) * np.where(multi, 0.93, 1.0)
        return p_tag, np.full(len(device), 0.97)
    p_tag = (1 - BLOCKED[device]) * 0.88 * np.where(multi, 0.70, 1.0)
    return p_tag, SERVER_SHARES[device] * np.where(multi, 0.88, 1.0)


def _shaken(
    rng: np.random.Generator,
    p: Floats,
    day: NDArray[np.int64],
    down: NDArray[np.bool_],
    heavy: bool,  # noqa: FBT001 the generator's one switch
) -> Floats:
    day_effect = rng.normal(0, 0.5 if heavy else 0.25, len(down))
    logit = np.log(p / (1 - p)) + rng.normal(0, 0.3) + day_effect[day]
    return 1 / (1 + np.exp(-logit)) * np.where(down, 0.4, 1.0)[day]


def plackett(p: Floats, q: Floats, odds_ratio: float) -> Floats:
    if abs(odds_ratio - 1) < 1e-9:
        return p * q
    s = 1 + (p + q) * (odds_ratio - 1)
    root = np.sqrt(s * s - 4 * odds_ratio * (odds_ratio - 1) * p * q)
    return (s - root) / (2 * (odds_ratio - 1))


def server_columns(w: World, keep: NDArray[np.bool_]) -> dict[str, Any]:
    index = np.flatnonzero(keep)
    return {
        "event_id": index + 1,
        "order_id": index + 1_000_001,
        "ts": w.at_s[index],
        "click_ts": w.click_s[index],
        "value": w.value[index],
        "device": w.device[index],
        "hops": w.hops[index],
    }


def repeated(
    columns: dict[str, Any], rng: np.random.Generator, share: float = 0.03
) -> dict[str, Any]:
    """Return the columns with some rows twice and all of them shuffled."""
    n = len(columns["event_id"])
    index = np.concatenate([np.arange(n), np.flatnonzero(rng.random(n) < share)])
    index = rng.permutation(index)
    return {name: np.asarray(column)[index] for name, column in columns.items()}


def aggregate_month(
    rng: np.random.Generator, volume: float, scenario: Scenario
) -> tuple[dict[str, Any], dict[str, float]]:
    """Return a month file and its truth."""
    return aggregate_of(world(rng, volume, scenario), rng, scenario)


def aggregate_of(
    w: World, rng: np.random.Generator, scenario: Scenario
) -> tuple[dict[str, Any], dict[str, float]]:
    """Return the daily totals of any world, and the truth."""
    clock = w.click_s if scenario.by_click else w.at_s
    day = np.floor((clock + scenario.offset_h * 3600 - T0) / DAY_S)
    inside = (day >= 0) & (day < DAYS)
    inside &= w.at_s - w.click_s <= scenario.window_days * DAY_S
    tag_day = day[inside & w.tag].astype(np.int64)
    tag_value = w.value[inside & w.tag]
    factor = rng.uniform(*scenario.factor)
    if factor < 0:
        copies = (rng.random(len(tag_day)) >= -factor).astype(np.int64)
    else:
        copies = 1 + (rng.random(len(tag_day)) < factor)
    tag_day, tag_value = np.repeat(tag_day, copies), np.repeat(tag_value, copies)
    month = {
        "mode": "aggregate",
        "level": scenario.level,
        "days": DAYS,
        "t0": T0,
        "devices": DEVICES[: int(w.device.max(initial=0)) + 1],
        "server": repeated(server_columns(w, w.server), rng),
        "tag_daily": {
            "count": np.bincount(tag_day, minlength=DAYS),
            "value": np.bincount(tag_day, tag_value, minlength=DAYS),
        },
        "report": {
            "utc_offset_hours": scenario.offset_h,
            "click_window_days": scenario.window_days,
            "report_time": "TIME_OF_AD_ACTION"
            if scenario.by_click
            else "TIME_OF_CONVERSION",
        },
        "assume": {"systematic_range": _range(scenario)},
    }
    return month, _gaps(w, inside)


def _range(scenario: Scenario) -> list[float]:
    """Return what is assumed: nothing where nothing is hidden."""
    return [0.0, 0.0] if scenario.factor == (0.0, 0.0) else [-0.03, 0.08]


def _gaps(w: World, inside: NDArray[np.bool_]) -> dict[str, float]:
    p_tag, p_server, value = w.p_tag[inside], w.p_server[inside], w.value[inside]
    return {
        "gap": 1 - float(p_tag.sum() / p_server.sum()),
        "revenue_gap": 1 - float((p_tag * value).sum() / (p_server * value).sum()),
    }


def event_month(
    rng: np.random.Generator, volume: float, scenario: Scenario, *, ledger: bool
) -> tuple[dict[str, Any], dict[str, float]]:
    """Return a month file with a mirrored tag list, and its truth."""
    return event_of(world(rng, volume, scenario), rng, scenario, ledger=ledger)


def event_of(
    w: World, rng: np.random.Generator, scenario: Scenario, *, ledger: bool
) -> tuple[dict[str, Any], dict[str, float]]:
    """Return the two joined lists of any world, and the truth."""
    inside = (w.at_s >= T0) & (w.at_s < T0 + DAYS * DAY_S)
    links = rng.uniform(0, 0.01) if scenario.links is None else scenario.links
    twice = (
        rng.uniform(0, 0.005) if scenario.duplicates is None else scenario.duplicates
    )
    truth = _gaps(w, inside)
    n = int(inside.sum())
    truth |= {
        "N": n,
        "uplift": float(w.p_server_only[inside].sum() / w.p_tag[inside].sum()),
        "tag_coverage": float(w.p_tag[inside].sum() / n),
        "server_coverage": float(w.p_server[inside].sum() / n),
    }
    month = {
        "mode": "event",
        "level": scenario.level,
        "days": DAYS,
        "t0": T0,
        "devices": DEVICES[: int(w.device.max(initial=0)) + 1],
        "server": repeated(server_columns(w, w.server), rng),
        "tag": _tag_columns(w, inside & w.tag, links, twice, rng),
        "ledger_total": n if ledger else None,
        "assume": {
            "or_range": [1, 3],
            "link_failure_max": 0.01,
            "duplicate_max": 0.005,
        },
    }
    return month, truth


def _tag_columns(
    w: World,
    keep: NDArray[np.bool_],
    links: float,
    twice: float,
    rng: np.random.Generator,
) -> dict[str, Any]:
    columns = server_columns(w, keep)
    n = len(columns["event_id"])
    other = rng.random(n) < 0.02  # another id, rescued by the order
    torn = rng.random(n) < links
    no_order = torn | (rng.random(n) < 0.1)
    columns["event_id"] = np.where(
        torn | other, columns["event_id"] + 10_000_000, columns["event_id"]
    )
    columns["order_id"] = np.where(no_order & ~other | torn, 0, columns["order_id"])
    extra = np.flatnonzero(rng.random(n) < twice)
    reloads = np.flatnonzero((rng.random(n) < 0.01) & (columns["order_id"] > 0))
    index = np.concatenate([np.arange(n), extra, reloads])
    result = {name: column[index] for name, column in columns.items()}
    copies = np.arange(n, len(index))
    result["event_id"][copies] += 20_000_000
    result["order_id"][np.arange(n, n + len(extra))] = 0
    return repeated(result, rng)
