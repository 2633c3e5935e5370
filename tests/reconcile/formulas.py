"""The method's published formulas, written down once more and as plainly as can be.

They share nothing with the product but the text they come from: the simulation sets the
product's bands beside these, on the same months. Used by the simulation only.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import norm, t

Band = tuple[float, float]
Month = dict[str, Any]


def plain_bands(month: Month, alpha: float) -> dict[str, Band]:
    if month["mode"] == "aggregate":
        return _aggregate(month, alpha)
    return _event(month, alpha)


def _critical(w: float, s: float, alpha: float) -> float:
    if w <= 0:
        return float(norm.ppf(1 - alpha / 2))
    if w / s > 6:
        return float(norm.ppf(1 - alpha))
    return float(
        brentq(
            lambda c: norm.cdf(c + w / s) - norm.cdf(-c) - 1 + alpha,
            norm.ppf(1 - alpha) - 1e-9,
            norm.ppf(1 - alpha / 2) + 1e-9,
        )
    )


def _student(c: float, days: int) -> float:
    return float(t.ppf(norm.cdf(c), days - 1))


def _wilson(x: float, n: float, z: float) -> Band:
    p = x / n
    mid, reach = p + z * z / 2 / n, z * math.sqrt(p * (1 - p) / n + z * z / 4 / n / n)
    return (mid - reach) / (1 + z * z / n), (mid + reach) / (1 + z * z / n)


def _aggregate(month: Month, alpha: float) -> dict[str, Band]:
    s = {k: np.asarray(v) for k, v in month["server"].items()}
    _, once = np.unique(s["event_id"], return_index=True)
    s = {k: v[once] for k, v in s.items()}
    report, days = month["report"], month["days"]
    by_click = report["report_time"] == "TIME_OF_AD_ACTION"
    clock = s["click_ts"] if by_click else s["ts"]
    day = np.floor((clock + report["utc_offset_hours"] * 3600 - month["t0"]) / 86400)
    keep = (day >= 0) & (day < days)
    keep &= s["ts"] - s["click_ts"] <= report["click_window_days"] * 86400
    day, value = day[keep].astype(int), s["value"][keep]
    tag = np.asarray(month["tag_daily"]["count"], float)
    ours = np.bincount(day, minlength=days).astype(float)
    if not ours.sum():
        return {}
    b = month["assume"]["systematic_range"]
    n_tag, n_ours = tag.sum(), ours.sum()
    rho = (n_tag + 0.5) / (n_ours + 0.5)
    result = {"gap": _clip(tag, ours, rho, (n_tag, n_ours, 0.0), b, alpha)}
    tag_v = np.asarray(month["tag_daily"]["value"], float)
    ours_v = np.bincount(day, value, minlength=days)
    cv2 = 0.9
    if tag_v.sum() > 0:
        rho = tag_v.sum() / ours_v.sum()
        sizes = (n_tag, n_ours, cv2)
        result["revenue_gap"] = _clip(tag_v, ours_v, rho, sizes, b, alpha)
    return result


def _clip(
    tag: NDArray[np.float64],
    ours: NDArray[np.float64],
    rho: float,
    sizes: tuple[float, float, float],
    b: Band,
    alpha: float,
) -> Band:
    days = len(tag)
    r = tag - tag.sum() / ours.sum() * ours
    cluster = math.sqrt(days / (days - 1) * (r**2).sum()) / ours.sum() / rho
    m, longest = min(sizes[:2]) + 0.5, max(sizes[:2]) + 0.5
    wide = math.sqrt(1 + sizes[2])
    floor = wide * math.sqrt(max(1 / m - 0.6 / longest, 0.25 / m))
    se = min(max(cluster, floor), wide * math.sqrt(1 / m))
    w = math.log((1 + b[1]) / (1 + b[0]))
    c = _student(_critical(w, se, alpha), days)
    low, high = (
        rho / (1 + b[1]) * math.exp(-c * se),
        rho / (1 + b[0]) * math.exp(c * se),
    )
    return 1 - high, 1 - low


def _cells(month: Month) -> tuple[dict[str, NDArray[Any]], ...]:
    """Return both, tag only and server only, joined with dictionaries."""
    server = _one_per_order(_once(month["server"]), set())
    ids = set(server["event_id"].tolist())
    tag = _one_per_order(_once(month["tag"]), ids)
    by_order = {
        o: e for e, o in zip(server["event_id"], server["order_id"], strict=True) if o
    }
    partner = [
        e if e in ids else by_order.get(o)
        for e, o in zip(tag["event_id"], tag["order_id"], strict=True)
    ]
    matched = {p for p in partner if p is not None}
    has = np.array([p is not None for p in partner], dtype=bool)
    in_both = np.array([e in matched for e in server["event_id"]], dtype=bool)
    cells = (
        {k: v[in_both] for k, v in server.items()},
        {k: v[~has] for k, v in tag.items()},
        {k: v[~in_both] for k, v in server.items()},
    )
    start, end = month["t0"], month["t0"] + month["days"] * 86400
    return tuple(
        {k: v[(c["ts"] >= start) & (c["ts"] < end)] for k, v in c.items()}
        for c in cells
    )


def _once(columns: Month) -> dict[str, NDArray[Any]]:
    rows = {k: np.asarray(v) for k, v in columns.items()}
    _, index = np.unique(rows["event_id"], return_index=True)
    return {k: v[index] for k, v in rows.items()}


def _one_per_order(
    rows: dict[str, NDArray[Any]], preferred: set[int]
) -> dict[str, NDArray[Any]]:
    best: dict[int, int] = {}
    for i, order in enumerate(rows["order_id"].tolist()):
        known = best.get(order)
        if not order:
            best[-i - 1] = i
        elif known is None or (
            rows["event_id"][i] in preferred
            and rows["event_id"][known] not in preferred
        ):
            best[order] = i
    index = np.array(sorted(best.values()), dtype=int)
    return {k: v[index] for k, v in rows.items()}


def _event(month: Month, alpha: float) -> dict[str, Band]:
    cells = _cells(month)
    a, b, c = (len(cell["event_id"]) for cell in cells)
    f, g = month["assume"]["link_failure_max"], month["assume"]["duplicate_max"]
    result: dict[str, Band] = {}
    if month["ledger_total"]:
        result |= _coverage(a, b, c, month["ledger_total"], g, alpha)
    elif a + b + c:
        result["N"] = _total(cells, month["assume"]["or_range"], f, g, alpha)
    if a + b:
        result["uplift"] = _uplift(a, b, c, f, g, alpha)
    if a + c:
        tag, ours = a + b + 0.5, a + c + 0.5
        var = a * (1 / tag - 1 / ours) ** 2
        var += (b + 0.5) / tag**2 + (c + 0.5) / ours**2
        result["gap"] = _paired(tag / ours, var, g, month["days"], alpha)
        both, only_tag, only_ours = (cell["value"] for cell in cells)
        vt, vs = both.sum() + only_tag.sum(), both.sum() + only_ours.sum()
        own = (both**2).sum() * (1 / vt - 1 / vs) ** 2 if min(vt, vs) > 0 else 0
        if min(vt, vs) > 0:
            own += (only_tag**2).sum() / vt**2 + (only_ours**2).sum() / vs**2
            pooled = np.concatenate([both, only_tag, only_ours])
            cv2 = float(pooled.var() / pooled.mean() ** 2)
            value_var = max(own, (1 + cv2) * var)
            result["revenue_gap"] = _paired(vt / vs, value_var, g, month["days"], alpha)
    return result


def _paired(rho: float, var: float, g: float, days: int, alpha: float) -> Band:
    s = math.sqrt(var)
    c = _student(_critical(-math.log(1 - g), s, alpha), days)
    return 1 - rho * math.exp(c * s), 1 - rho * (1 - g) * math.exp(-c * s)


def _coverage(
    a: int, b: int, c: int, n: int, g: float, alpha: float
) -> dict[str, Band]:
    seen = min(a + b, n)
    p = seen / n
    s = math.sqrt(p * max(1 - p, 0.02) / n)
    z = _critical(g * p, s, alpha)
    plain = float(norm.ppf(1 - alpha / 2))
    return {
        "tag_coverage": (_wilson(seen * (1 - g), n, z)[0], _wilson(seen, n, z)[1]),
        "server_coverage": _wilson(min(a + c, n), n, plain),
    }


def _uplift(a: int, b: int, c: int, f: float, g: float, alpha: float) -> Band:
    n = a + b + c
    x = a * f / (1 - f)
    low_c, low_n, high_n = max(c - x, 0), n - x, n - g * (a + b)
    p = c / n
    s = math.sqrt(max(p * (1 - p), 1 / (4 * n)) / n)
    z = _critical(c / high_n - low_c / low_n, s, alpha)
    low, high = _wilson(low_c, low_n, z)[0], _wilson(c, high_n, z)[1]
    return low / (1 - low), high / (1 - high)


_SPLITS = (((True, True), 1.05), ((True, False), 1.08), ((False, True), 1.10))


def _total(cells: Any, psi: Band, f: float, g: float, alpha: float) -> Band:  # noqa: ANN401
    counts, h = _strata(cells)
    low = _draws(counts, psi[0] / min(h, 1.1), f, g)
    high = _draws(counts, psi[1] * h, 0.0, 0.0)
    w = max(float(np.median(high) - np.median(low)), 0.0)
    c = _critical(w, max(low.std(), high.std()), alpha)
    tail = 1 - norm.cdf(c)
    bottom, top = np.quantile(low, tail), np.quantile(high, 1 - tail)
    a, b = counts[0].sum(), counts[1].sum()
    allowance = math.ceil(a * f / (1 - f) + g * (a + b))
    return max(math.floor(bottom), int(counts.sum()) - allowance), math.ceil(top)


def _strata(cells: Any) -> tuple[NDArray[np.int64], float]:  # noqa: ANN401
    pooled = np.array([[len(cell["event_id"])] for cell in cells])
    if pooled.sum() >= 1_000:
        for (device, route), h in _SPLITS:
            codes = [2 * device * cell["device"] + route * (cell["hops"] > 1)
                     for cell in cells]  # fmt: skip
            size = max(int(code.max(initial=0)) for code in codes) + 1
            counts = np.array(
                [np.bincount(code.astype(int), minlength=size) for code in codes]
            )
            counts = counts[:, counts.sum(axis=0) > 0]
            if counts[0].min() >= 25:
                return counts, h
    return pooled, 1.10


def _draws(
    counts: NDArray[np.int64], psi: float, f: float, g: float
) -> NDArray[np.float64]:
    rng, shape = np.random.default_rng(7), (2_000, counts.shape[1])
    a, b, c = counts
    x = np.minimum(rng.poisson(a * f / (1 - f), shape), np.minimum(b, c))
    d = np.minimum(rng.poisson(g * (a + b), shape), b - x)
    ga = rng.gamma(a + x + 1.0)
    gb, gc = rng.gamma(b - x - d + 0.5), rng.gamma(c - x + 0.5)
    unseen = rng.poisson((psi * gb * gc / ga).sum(axis=1))
    return np.asarray((a + b + c - x - d).sum(axis=1) + unseen, dtype=np.float64)
