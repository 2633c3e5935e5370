"""R44, R45, R46, R70: which way of measuring is worth its work, as things stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import sqrt
from typing import Final

from forwarder.insights.account_rules import Outside
from forwarder.insights.thresholds import Thresholds, percent

CHANCE_95: Final = 1.96


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to measure: what it is good for, and what is advised now."""

    name: str
    strength: str
    weakness: str
    now: str


def advise(outside: Outside, limits: Thresholds, *, has_links: bool) -> Sequence[Way]:
    """Return the three ways in the order in which to take them up."""
    return (
        Way(
            name="Tag",
            strength="easy; works with ads and analytics",
            weakness="blocked by privacy tools, limited by cookie rules",
            now=_tag(outside),
        ),
        Way(
            name="Server events",
            strength="resilient to blockers; attribution one can rely on",
            weakness="needs work on the shop, and a look at privacy law",
            now=_server(outside, limits),
        ),
        Way(
            name="First-party link",
            strength="shows the way after the exit, in one place",
            weakness="needs one strategy for links; orders still need the server",
            now="in use: clicks are captured"
            if has_links
            else "make one for the bio: `forwarder links add`",
        ),
    )


def gap(outside: Outside) -> Fraction | None:
    """Return the share of what the server saw that the tag missed; None: not known."""
    seen, sent = outside.tag_events, outside.server_events
    if seen is None or not sent:
        return None
    return Fraction(sent - seen, sent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """How far apart two counts may be without a cause. Units: `share` 0 to 1.

    `is_too_few`: chance alone takes them further apart than any band allows.
    """

    share: float
    is_too_few: bool


def tolerance(n_orders: int, limits: Thresholds) -> Tolerance:
    """R46: 10 to 20 per cent are usual; of few orders chance alone does more.

    The interval of chance is 1.96 / sqrt(n), at 95 %.
    """
    chance = CHANCE_95 / sqrt(n_orders) if n_orders else 1.0
    least, most = limits.band_min_percent / 100, limits.band_max_percent / 100
    routed = chance + limits.band_routing_percent / 100
    band = max(least, min(most, routed))
    return Tolerance(share=max(band, chance), is_too_few=chance > most)


def _tag(outside: Outside) -> str:
    if outside.tag_events is None:
        return "not known: import what it counted (`forwarder import tag-report`)"
    told = f"{outside.tag_events:,} conversions counted"
    if outside.windows is None:
        return told
    return (
        f"{told}, within {outside.windows.click_days} days of a click and "
        f"{outside.windows.view_days} of a view"
    )


def _server(outside: Outside, limits: Thresholds) -> str:
    found = gap(outside)
    if found is None:
        return "not known: the tag's numbers are missing"
    allowed = tolerance(outside.server_events or 0, limits)
    told = f"the tag misses {float(found):.0%}, give or take {allowed.share:.1%}"
    if found <= percent(limits.gap_percent):
        return f"{told}: the tag is enough for now"
    if allowed.is_too_few or (outside.server_events or 0) < limits.gap_min_orders:
        return f"{told}, of too few orders to judge: wait"
    return f"{told}: turn on server events"
