"""Gather from the store what a month's board is made of."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from forwarder.core.kpi import Counts, total
from forwarder.core.links import ClickClass
from forwarder.insights.account_rules import Outside
from forwarder.insights.board import Facts
from forwarder.insights.period import Month, compare, settled_until, window
from forwarder.insights.thresholds import Thresholds
from forwarder.store import clicks, kpi, links
from forwarder.store.engine import Store

LOOK_BACK: Final = timedelta(days=90)
ARRIVED: Final = timedelta(days=14)
TOP_PINS: Final = 50  # decay is judged for those clicked most


def gather(store: Store, month: Month, today: date, limits: Thresholds) -> Facts:
    """Return the facts of a month as they are known today."""
    until = settled_until(month, today, limits.settle_days)
    days, notes = _account(store, month, until)
    known = [day for day in days if month.first_on <= day <= until]
    settled_on = max(known, default=None)
    recent, pins = _recent(store, days, settled_on)
    return Facts(
        month=month,
        account=compare(month, days, until),
        recent=recent,
        pins=pins,
        daily_clicks=_daily_clicks(store, settled_on),
        outside=_outside(store, month, until),
        settled_on=settled_on,
        notes=notes if settled_on is not None else [_nothing(month)],
    )


def _account(
    store: Store, month: Month, until: date
) -> tuple[Mapping[date, Counts], list[str]]:
    """Return the account's days of this month and the one before, or the Pins' sums."""
    first = month.before.first_on
    days = kpi.account_days(store, first, until)
    if any(day >= month.first_on for day in days):
        return days, []
    told = "no account totals are known: the sum of the Pins stands for the account"
    return kpi.summed_days(store, first, until), [told]


def _nothing(month: Month) -> str:
    return f"nothing is known of {month.text}: import it with `forwarder import kpi`"


def _recent(
    store: Store, days: Mapping[date, Counts], settled_on: date | None
) -> tuple[Counts, Mapping[str, Counts]]:
    if settled_on is None:
        return Counts(), {}
    first, last = window(settled_on)
    account = total(one for day, one in days.items() if first <= day <= last)
    return account, kpi.pin_sums(store, first, last)


def _daily_clicks(
    store: Store, settled_on: date | None
) -> Mapping[str, Mapping[date, int]]:
    if settled_on is None:
        return {}
    first = settled_on - LOOK_BACK + timedelta(days=1)
    sums = kpi.pin_sums(store, first, settled_on)
    ranked = sorted(sums, key=lambda pin: (-sums[pin].outbound_clicks, pin))
    top = [pin for pin in ranked[:TOP_PINS] if sums[pin].outbound_clicks]
    return kpi.clicks_by_day(store, top, first, settled_on)


def _outside(store: Store, month: Month, until: date) -> Outside:
    """Return our own conversions in both months, as many days of each."""
    n_days = (until - month.first_on).days
    before_until = min(
        month.before.last_on, month.before.first_on + timedelta(days=n_days)
    )
    if until == month.last_on:
        before_until = month.before.last_on
    captured, counted = _arrived(store, until)
    return Outside(
        captured_clicks=captured,
        platform_clicks=counted,
        conversions=kpi.conversions(store, month.first_on, until),
        conversions_before=kpi.conversions(store, month.before.first_on, before_until),
    )


def _arrived(store: Store, until: date) -> tuple[int | None, int | None]:
    """Return our clicks and Pinterest's of the last 14 days, of Pins with a link.

    Clicks of other Pins never come by our links, so they are left out.
    """
    first = until - ARRIVED + timedelta(days=1)
    slugs = {link.slug: link.pin_id for link in links.every(store) if link.pin_id}
    if not slugs:
        return None, None
    found = clicks.counts(store, first, until)
    captured = sum(found.get(slug, {}).get(ClickClass.HUMAN, 0) for slug in slugs)
    sums = kpi.pin_sums(store, first, until)
    pins = set(slugs.values()) & set(sums)
    return captured, sum(sums[pin].outbound_clicks for pin in pins)
