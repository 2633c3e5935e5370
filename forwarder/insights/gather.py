"""Gather from the store what a month's board is made of."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from forwarder.clicks import funnel, repeats
from forwarder.core.kpi import Counts, total
from forwarder.core.links import ClickClass, Link
from forwarder.insights.account_rules import Outside
from forwarder.insights.board import Facts
from forwarder.insights.halves import by_campaign, of_account
from forwarder.insights.period import (
    WINDOW,
    Month,
    Spans,
    compare,
    month_of,
    settled_until,
    spans,
    window,
)
from forwarder.insights.series import MONTHS
from forwarder.insights.thresholds import Thresholds
from forwarder.store import (
    clicks,
    conversions,
    kpi,
    kpi_outside,
    kpi_windows,
    link_audits,
    links,
    pins,
)
from forwarder.store.engine import Store

LOOK_BACK: Final = timedelta(days=90)
YEAR: Final = timedelta(days=365)
ARRIVED: Final = timedelta(days=14)
RED: Final = "red"  # a link's last audit: what it was to carry gets lost
TOP_PINS: Final = 50  # decay is judged for those clicked most


def gather(store: Store, month: Month, today: date, limits: Thresholds) -> Facts:
    """Return the facts of a month as they are known today."""
    until = settled_until(month, today, limits.settle_days)
    days, notes = _account(store, spans(month, until, limits.period), month, until)
    known = [day for day in days if month.first_on <= day <= until]
    settled_on = max(known, default=None)
    compared = spans(month, settled_on or until, limits.period)
    recent, of_pins = _recent(store, days, settled_on)
    made = links.every(store)
    ours = _ours(store, made, settled_on)
    return Facts(
        month=month,
        account=compare(compared, days, until),
        recent=recent,
        pins=of_pins,
        daily_clicks=_daily_clicks(store, settled_on),
        outside=_outside(store, compared.so_far(until), until, made),
        settled_on=settled_on,
        notes=notes if settled_on is not None else [_nothing(month)],
        days=days,
        pin_facts=pins.facts(store),
        titles=kpi.titles(store),
        boards=pins.boards(store),
        devices={}
        if settled_on is None
        else pins.device_sums(store, *window(settled_on)),
        halves=of_account(recent, ours, made, of_pins),
        campaigns=by_campaign(ours, made, of_pins),
        conversions=_by_pin(ours, made),
        first_clicks=None
        if settled_on is None or not made
        else repeats.of_year(store, made, settled_on),
    )


def prepare(store: Store, today: date, limits: Thresholds) -> None:
    """Add up what the boards of the last twelve months need, so that none need wait."""
    month, ends = latest_month(store, today, limits), list[date]()
    for _ in range(MONTHS):
        until = settled_until(month, today, limits.settle_days)
        settled_on = kpi.last_day(store, month.first_on, until)
        ends += [] if settled_on is None else [settled_on]
        month = month.before
    lengths = (WINDOW.days, LOOK_BACK.days)
    kpi_windows.make(store, [(day, n_days) for day in ends for n_days in lengths])


def latest_month(store: Store, today: date, limits: Thresholds) -> Month:
    """Return the month of the newest settled day, as far as anything is known."""
    newest = kpi.newest_day(store)
    settled_on = today - timedelta(days=limits.settle_days)
    return month_of(settled_on if newest is None else min(newest, settled_on))


def _ours(
    store: Store, made: Sequence[Link], settled_on: date | None
) -> Sequence[funnel.Funnel]:
    """Return what our own links brought in the same 28 days."""
    if not made or settled_on is None:
        return ()
    return funnel.of_links(store, *window(settled_on))


def _by_pin(found: Sequence[funnel.Funnel], made: Sequence[Link]) -> dict[str, int]:
    """Return the orders and sign-ups that came by links, of each Pin that has one."""
    by_slug = {one.name: one.orders + one.sign_ups for one in found}
    sums: dict[str, int] = {}
    for link in made:
        if link.pin_id and link.slug in by_slug:
            sums[link.pin_id] = sums.get(link.pin_id, 0) + by_slug[link.slug]
    return sums


def _account(
    store: Store, of: Spans, month: Month, until: date
) -> tuple[Mapping[date, Counts], list[str]]:
    """Return the account's days of a year, or the sums of the Pins for both times."""
    days = kpi.account_days(store, until - YEAR, until)
    if any(day >= month.first_on for day in days):
        return days, []
    told = "no account totals are known: the sum of the Pins stands for the account"
    return kpi.summed_days(store, of.before.first_on, until), [told]


def _nothing(month: Month) -> str:
    return (
        f"nothing is known of {month.text}: import it with `forwarder import kpi FILE` "
        "or pull it with `forwarder pull kpi`"
    )


def _recent(
    store: Store, days: Mapping[date, Counts], settled_on: date | None
) -> tuple[Counts, Mapping[str, Counts]]:
    if settled_on is None:
        return Counts(), {}
    first, last = window(settled_on)
    account = total(one for day, one in days.items() if first <= day <= last)
    return account, kpi_windows.window_sums(store, last, WINDOW.days)


def _daily_clicks(
    store: Store, settled_on: date | None
) -> Mapping[str, Mapping[date, int]]:
    if settled_on is None:
        return {}
    first = settled_on - LOOK_BACK + timedelta(days=1)
    top = kpi_windows.most_clicked(store, settled_on, LOOK_BACK.days, TOP_PINS)
    return kpi.clicks_by_day(store, top, first, settled_on)


def _outside(store: Store, of: Spans, until: date, made: Sequence[Link]) -> Outside:
    """Return our own conversions of both times, as many days of each."""
    now, before = of.now, of.before
    captured, counted = _arrived(store, until, made)
    told = kpi_outside.tag_and_server(store, now.first_on, now.last_on)
    return Outside(
        tag_events=None if told is None else told.tag,
        server_events=None if told is None else told.server,
        windows=None if told is None else told.windows,
        red_audits=sum(one.verdict == RED for one in link_audits.turns(store)),
        captured_clicks=captured,
        platform_clicks=counted,
        conversions=conversions.between(store, now.first_on, now.last_on),
        conversions_before=conversions.between(store, before.first_on, before.last_on),
    )


def _arrived(
    store: Store, until: date, made: Sequence[Link]
) -> tuple[int | None, int | None]:
    """Return our clicks and Pinterest's of the last 14 days, of Pins with a link.

    Clicks of other Pins never come by our links, so they are left out.
    """
    first = until - ARRIVED + timedelta(days=1)
    slugs = {link.slug: link.pin_id for link in made if link.pin_id}
    if not slugs:
        return None, None
    found = clicks.counts(store, first, until)
    captured = sum(found.get(slug, {}).get(ClickClass.HUMAN, 0) for slug in slugs)
    sums = kpi.pin_sums(store, first, until, sorted(set(slugs.values())))
    return captured, sum(one.outbound_clicks for one in sums.values())
