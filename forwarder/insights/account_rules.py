"""The rules over the whole account: this month against the one before, and levels."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from forwarder.core.kpi import Counts
from forwarder.core.snapshots import Windows
from forwarder.insights.findings import Finding, graded, settled, unknown
from forwarder.insights.rates import (
    chance_of_drop,
    change,
    outbound_click_rate,
    save_rate,
)
from forwarder.insights.thresholds import Thresholds, per_100k, percent


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What is known from elsewhere; None where nobody counted.

    `captured_clicks` and `platform_clicks` are of the same 14 days, `tag_events` and
    `server_events` of the same month, counted by `windows`. `red_audits` are links
    whose last audit found the way to lose something.
    """

    conversions: int | None = None
    conversions_before: int | None = None
    captured_clicks: int | None = None
    platform_clicks: int | None = None
    tag_events: int | None = None
    server_events: int | None = None
    windows: Windows | None = None
    red_audits: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """Two months, the last 28 days, the Pins' clicks in them, and the world outside."""

    now: Counts
    before: Counts
    recent: Counts
    pin_clicks_out: tuple[int, ...]  # outbound clicks of each Pin in the 28 days
    outside: Outside
    limits: Thresholds

    @property
    def impressions_change(self) -> Fraction | None:
        """Return how impressions moved."""
        return change(self.before.impressions, self.now.impressions)

    @property
    def ocr_change(self) -> Fraction | None:
        """Return how the outbound click rate moved."""
        return change(outbound_click_rate(self.before), outbound_click_rate(self.now))

    @property
    def save_change(self) -> Fraction | None:
        """Return how the save rate moved."""
        return change(
            save_rate(self.before, self.limits), save_rate(self.now, self.limits)
        )

    @property
    def has_enough(self) -> bool:
        """Tell whether both months have impressions enough to compare rates."""
        least = min(self.before.impressions, self.now.impressions)
        return least >= self.limits.min_impressions


def _within(moved: Fraction | None, at_most: int) -> bool:
    return moved is not None and abs(moved) <= percent(at_most)


def _drop(view: AccountView, rule: str, *, steady: bool) -> Finding:
    """Judge a fall of the outbound click rate, with impressions steady or not."""
    limits, moved = view.limits, view.ocr_change
    if moved is None:
        return unknown(rule)
    before, now = view.before, view.now
    probability = chance_of_drop(
        (before.outbound_clicks, before.impressions),
        (now.outbound_clicks, now.impressions),
    )
    is_steady = _within(view.impressions_change, limits.steady_percent)
    enough = before.outbound_clicks >= limits.min_previous_clicks
    return graded(
        rule,
        fired=moved < -percent(limits.drop_percent) and is_steady == steady,
        has_enough=view.has_enough and enough,
        is_likely=probability >= limits.confirm_percent / 100,
        ocr_change=moved,
        impressions_change=view.impressions_change,
        probability=probability,
    )


def creative_friction(view: AccountView) -> Finding:
    """R25: the outbound click rate fell while impressions were steady."""
    return _drop(view, "creative_friction", steady=True)


def ocr_drop(view: AccountView) -> Finding:
    """R26: it fell while impressions moved as well."""
    return _drop(view, "ocr_drop", steady=False)


def value_mismatch(view: AccountView) -> Finding:
    """R27: saves fell while the outbound click rate was stable."""
    limits, before, now = view.limits, view.before, view.now
    by_rate = limits.value_mismatch_basis == "save_rate"
    moved = view.save_change if by_rate else change(before.saves, now.saves)
    if moved is None or view.ocr_change is None:
        return unknown("value_mismatch")
    probability = chance_of_drop(
        (before.saves, before.impressions), (now.saves, now.impressions)
    )
    return graded(
        "value_mismatch",
        fired=moved < -percent(limits.value_mismatch_drop_percent)
        and _within(view.ocr_change, limits.value_mismatch_stable_percent),
        has_enough=view.has_enough and before.saves >= limits.min_previous_clicks,
        is_likely=not by_rate or probability >= limits.confirm_percent / 100,
        save_change=moved,
        ocr_change=view.ocr_change,
        probability=probability,
    )


def low_save_rate(view: AccountView) -> Finding:
    """R28: too few people keep what they see, over 28 days."""
    limits, rate = view.limits, save_rate(view.recent, view.limits)
    shown = view.recent.impressions
    if rate is None or shown < limits.min_impressions or _other_base(limits):
        return unknown("low_save_rate", save_rate=rate, impressions=shown)
    return settled(
        "low_save_rate",
        fired=rate < per_100k(limits.save_low_per_100k),
        save_rate=rate,
        impressions=shown,
    )


def _other_base(limits: Thresholds) -> bool:
    """Tell whether the breaks, which are per impression, say nothing."""
    return limits.save_rate_denominator != "impressions"


def _concentrated(view: AccountView, rule: str, n_pins: int, share: int) -> Finding:
    clicks = sorted(view.pin_clicks_out, reverse=True)
    whole = max(view.recent.outbound_clicks, sum(clicks))
    clicked = sum(1 for one in clicks if one)
    limits = view.limits
    if (
        whole < limits.concentration_min_clicks
        or clicked < limits.concentration_min_pins
    ):
        return unknown(rule, outbound_clicks=whole, clicked_pins=clicked)
    found = Fraction(sum(clicks[:n_pins]), whole)
    return settled(
        rule,
        fired=found > percent(share),
        share=found,
        outbound_clicks=whole,
        effective_pins=effective_pins(clicks, whole),
    )


def effective_pins(clicks: list[int], whole: int) -> float | None:
    """Return how many equal Pins would be as concentrated: 1 / sum of shares squared.

    Clicks of Pins that are not listed count in `whole` alone.
    """
    squares = sum(one * one for one in clicks)
    return whole * whole / squares if squares else None


def top3_concentration(view: AccountView) -> Finding:
    """R30: three Pins bring most clicks."""
    return _concentrated(view, "top3_concentration", 3, view.limits.top3_percent)


def top10_concentration(view: AccountView) -> Finding:
    """R31: ten Pins bring nearly all clicks."""
    return _concentrated(view, "top10_concentration", 10, view.limits.top10_percent)


def vanity_growth(view: AccountView) -> Finding:
    """R16: more impressions, no more clicks and conversions."""
    limits, grown = view.limits, view.impressions_change
    clicks = change(view.before.outbound_clicks, view.now.outbound_clicks)
    if grown is None or clicks is None or not view.has_enough:
        return unknown("vanity_growth", impressions_change=grown)
    outside = view.outside
    converted = _moved(outside.conversions_before, outside.conversions)
    stable = _within(clicks, limits.stable_percent) and _within(
        converted, limits.stable_percent
    )
    return settled(
        "vanity_growth",
        fired=grown >= percent(limits.vanity_percent) and stable,
        impressions_change=grown,
        clicks_change=clicks,
        conversions_change=converted,
    )


def _moved(before: int | None, now: int | None) -> Fraction | None:
    """Return the change; none to none, and nobody counting, is no change."""
    if not before and not now:
        return Fraction(0)
    return change(before, now)


def distribution_collapse(view: AccountView) -> Finding:
    """R73: shown half as often with both rates stable: distribution, not creative."""
    limits, moved = view.limits, view.impressions_change
    if moved is None or view.before.impressions < limits.min_impressions:
        return unknown("distribution_collapse", impressions_change=moved)
    stable = all(
        _within(rate, limits.stable_percent)
        for rate in (view.ocr_change, view.save_change)
    )
    return settled(
        "distribution_collapse",
        fired=moved <= -percent(limits.collapse_percent) and stable,
        impressions_change=moved,
        ocr_change=view.ocr_change,
        save_change=view.save_change,
    )


def clicks_missing_on_site(view: AccountView) -> Finding:
    """R38, R68: fewer clicks arrive than Pinterest counts, or an audit found why."""
    captured, counted = view.outside.captured_clicks, view.outside.platform_clicks
    n_red = view.outside.red_audits
    found = Fraction(captured, counted) if captured is not None and counted else None
    if found is None and not n_red:
        return unknown("clicks_missing_on_site")
    is_low = found is not None and found < percent(view.limits.capture_min_percent)
    return settled(
        "clicks_missing_on_site",
        fired=is_low or n_red > 0,
        capture_ratio=found,
        captured_clicks=captured,
        outbound_clicks=counted,
        red_audits=n_red,
    )


def tag_low_attribution(view: AccountView) -> Finding:
    """R39: the tag sees fewer conversions than the server."""
    seen, sent = view.outside.tag_events, view.outside.server_events
    if not seen or sent is None:
        return unknown("tag_low_attribution")
    found = Fraction(sent, seen)
    return settled(
        "tag_low_attribution",
        fired=found > percent(view.limits.tag_ratio_percent),
        ratio=found,
        tag_events=seen,
        server_events=sent,
        **_rules_of_counting(view.outside.windows),
    )


def _rules_of_counting(windows: Windows | None) -> dict[str, int]:
    """R62: no count of conversions without its windows. Units: days."""
    if windows is None:
        return {}
    return {"click_window": windows.click_days, "view_window": windows.view_days}


ACCOUNT_RULES: Final[tuple[Callable[[AccountView], Finding], ...]] = (
    creative_friction,
    ocr_drop,
    value_mismatch,
    low_save_rate,
    top3_concentration,
    top10_concentration,
    clicks_missing_on_site,
    tag_low_attribution,
    vanity_growth,
    distribution_collapse,
)
