"""From the click on a Pin to the order: what Pinterest counted, what we counted.

The two halves are never mixed: Pinterest counts clicks of its own, we count people who
arrived, and neither sees all that the other sees.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, TypeVar

from forwarder.clicks import same_day
from forwarder.clicks.same_day import SameDay
from forwarder.core.event import Kind
from forwarder.core.links import ClickClass, Link
from forwarder.core.money import from_minor
from forwarder.store import clicks, funnel, kpi, links
from forwarder.store.engine import Store
from forwarder.store.funnel import Led

SIGN_UPS: Final = frozenset({Kind.SIGNUP, Kind.LEAD, Kind.SUBSCRIBE})
RATIO_LOW, RATIO_HIGH = 0.8, 1.2
Key = TypeVar("Key", int, str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Funnel:
    """One link, or one campaign, over some days. None: nobody counted it."""

    name: str
    platform_clicks: int | None
    captured: int
    landings: int
    sign_ups: int
    orders: int
    repeat_orders: int
    orders_by_tier: Mapping[int, int]
    # Minor units by currency, less what was given back; the second of people who had
    # bought before.
    revenue: Mapping[str, int]
    repeat_revenue: Mapping[str, int]
    same_day: SameDay | None = None  # of a campaign; part of no other number

    @property
    def capture_ratio(self) -> float | None:
        """Return people who arrived per click that Pinterest counted."""
        return self.captured / self.platform_clicks if self.platform_clicks else None

    @property
    def says(self) -> str:
        """Return what the ratio means, in a sentence."""
        ratio = self.capture_ratio
        if ratio is None:
            return (
                "Pinterest's clicks are not known: import them (forwarder import kpi)"
            )
        if ratio < RATIO_LOW:
            return (
                f"{ratio:.0%} of the clicks Pinterest counted arrived here: people "
                "left before the page came, or the way loses them; try `forwarder "
                "audit`"
            )
        if ratio > RATIO_HIGH:
            return (
                f"{ratio:.0%} of the clicks Pinterest counted arrived here: this link "
                "is used elsewhere as well"
            )
        return f"{ratio:.0%} of the clicks Pinterest counted arrived here, as it should"

    def as_json(self) -> dict[str, Any]:
        """Return the funnel with its two halves apart."""
        return {
            "name": self.name,
            "platform": {"outbound_clicks": self.platform_clicks},
            "first_party": {
                "clicks": self.captured,
                "landings": self.landings,
                "sign_ups": self.sign_ups,
                "orders": self.orders,
                "repeat_orders": self.repeat_orders,
                "orders_by_tier": {
                    f"{tier}": n for tier, n in sorted(self.orders_by_tier.items())
                },
                "revenue": told_money(self.revenue),
                "repeat_revenue": told_money(self.repeat_revenue),
            },
            "capture_ratio": self.capture_ratio,
            "meaning": self.says,
            "campaign_and_day": None if self.same_day is None else _day(self.same_day),
        }


def _day(found: SameDay) -> dict[str, Any]:
    return {
        "tier": same_day.TIER,
        "orders": found.orders,
        "revenue": told_money(found.revenue),
    }


def told_money(minor: Mapping[str, int]) -> dict[str, str]:
    """Return amounts as decimal texts by currency."""
    money = {name: from_minor(amount, name) for name, amount in minor.items()}
    return {
        name: format(told.amount, "f")
        for name, told in money.items()
        if told is not None
    }


def of_links(
    store: Store, first: date, last: date, *, by_first: bool = False
) -> Sequence[Funnel]:
    """Return the funnel of each link over some days, both included.

    An order belongs to the link clicked last, or with `by_first` to the first one.
    """
    since = datetime.combine(first, time(), UTC)
    until = datetime.combine(last, time(), UTC) + timedelta(days=1)
    counts = clicks.counts(store, first, last)
    led = funnel.led(store, since, until, by_first=by_first)
    landed = funnel.landings(store, since, until)
    every = links.every(store)
    pins = kpi.pin_sums(store, first, last, [one.pin_id for one in every])
    return [
        _funnel(
            link.slug,
            pins[link.pin_id].outbound_clicks if link.pin_id in pins else None,
            counts.get(link.slug, {}).get(ClickClass.HUMAN, 0),
            landed.get(link.slug, 0),
            [one for one in led if one.slug == link.slug],
        )
        for link in every
    ]


def of_campaigns(
    store: Store,
    found: Sequence[Funnel],
    known: Sequence[Link],
    first: date,
    last: date,
) -> Sequence[Funnel]:
    """Return the campaigns of the links found over some days, both included."""
    sums = same_day.same_day(store, known, first, last)
    return [replace(one, same_day=sums[one.name]) for one in _by_campaign(found, known)]


def _by_campaign(found: Sequence[Funnel], known: Sequence[Link]) -> Sequence[Funnel]:
    """Return the sums of links that have a campaign, by campaign."""
    campaigns = {link.slug: link.campaign for link in known if link.campaign}
    names = sorted(set(campaigns.values()))
    return [
        _summed(name, [one for one in found if campaigns.get(one.name) == name])
        for name in names
    ]


def _funnel(
    name: str,
    platform_clicks: int | None,
    captured: int,
    landings: int,
    led: Sequence[Led],
) -> Funnel:
    sales = [one for one in led if one.kind is Kind.CHECKOUT]
    return Funnel(
        name=name,
        platform_clicks=platform_clicks,
        captured=captured,
        landings=landings,
        sign_ups=sum(one.n for one in led if one.kind in SIGN_UPS),
        orders=sum(one.n for one in sales),
        repeat_orders=sum(one.n_repeat for one in sales),
        orders_by_tier=_added({one.tier: one.n} for one in sales),
        revenue=_added(
            {one.currency: one.value_minor - one.undone_minor}
            for one in sales
            if one.currency is not None
        ),
        repeat_revenue=_added(
            {one.currency: one.repeat_minor}
            for one in sales
            if one.currency is not None and one.n_repeat
        ),
    )


def _added(parts: Iterable[Mapping[Key, int]]) -> dict[Key, int]:
    """Return the sums of several mappings, by key."""
    total: dict[Key, int] = {}
    for part in parts:
        for key, n in part.items():
            total[key] = total.get(key, 0) + n
    return total


def _summed(name: str, found: Sequence[Funnel]) -> Funnel:
    known = [f.platform_clicks for f in found if f.platform_clicks is not None]
    return Funnel(
        name=name,
        # A link without a Pin would make the ratio of the others look better.
        platform_clicks=sum(known) if len(known) == len(found) else None,
        captured=sum(one.captured for one in found),
        landings=sum(one.landings for one in found),
        sign_ups=sum(one.sign_ups for one in found),
        orders=sum(one.orders for one in found),
        repeat_orders=sum(one.repeat_orders for one in found),
        orders_by_tier=_added(one.orders_by_tier for one in found),
        revenue=_added(one.revenue for one in found),
        repeat_revenue=_added(one.repeat_revenue for one in found),
    )
