"""R22, R47, R48: what Pinterest counted and what we counted, side by side.

The two are never added, averaged or put into one cell: neither sees all of the other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from urllib.parse import urlsplit

from forwarder.clicks.funnel import Funnel
from forwarder.core.kpi import Counts, total
from forwarder.core.links import Link
from forwarder.insights.thresholds import Thresholds, percent


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstParty:
    """What our own links and webhooks counted. Units: money in minor units.

    `repeat_revenue` is that part of it which came from people who had bought before.
    """

    clicks: int
    landings: int
    sign_ups: int
    orders: int
    repeat_orders: int
    revenue: Mapping[str, int]
    repeat_revenue: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Halves:
    """One funnel: Pinterest's half and ours. None: nobody counted that half."""

    name: str
    platform: Counts | None
    first_party: FirstParty | None
    has_all_pins: bool = True
    pages: tuple[str, ...] = ()

    @property
    def capture_ratio(self) -> Fraction | None:
        """Return people who arrived per click that Pinterest counted of those Pins."""
        if self.platform is None or self.first_party is None or not self.has_all_pins:
            return None
        clicks = self.platform.outbound_clicks
        return Fraction(self.first_party.clicks, clicks) if clicks else None

    def has_gap(self, limits: Thresholds) -> bool:
        """Tell whether so much differs that the measurement wants a look."""
        ratio = self.capture_ratio
        return ratio is not None and not (
            percent(limits.capture_min_percent)
            <= ratio
            <= percent(limits.capture_max_percent)
        )

    @property
    def is_mixed(self) -> bool:
        """Tell whether one campaign leads to several pages: then a sum means little."""
        return len(self.pages) > 1


def of_account(
    account: Counts,
    found: Sequence[Funnel],
    links: Sequence[Link],
    pins: Mapping[str, Counts],
) -> Halves:
    """Return the account's funnel. Our half holds only what came by our own links."""
    linked = {link.pin_id for link in links}
    return Halves(
        name="all",
        platform=account,
        first_party=_summed(found) if links else None,
        # Clicks of a Pin without a link of ours never come by one.
        has_all_pins=all(
            pin in linked for pin, one in pins.items() if one.outbound_clicks
        ),
    )


def by_campaign(
    found: Sequence[Funnel], links: Sequence[Link], pins: Mapping[str, Counts]
) -> list[Halves]:
    """Return a funnel for each campaign that a link names, by its name."""
    by_name = {one.name: one for one in found}
    campaigns: dict[str, list[Link]] = {}
    for link in links:
        if link.campaign:
            campaigns.setdefault(link.campaign, []).append(link)
    return [
        _campaign(name, mine, by_name, pins) for name, mine in sorted(campaigns.items())
    ]


def _campaign(
    name: str,
    links: Sequence[Link],
    found: Mapping[str, Funnel],
    pins: Mapping[str, Counts],
) -> Halves:
    counted = {link.pin_id for link in links if link.pin_id in pins}
    return Halves(
        name=name,
        platform=total(pins[pin] for pin in counted) if counted else None,
        first_party=_summed([found[one.slug] for one in links if one.slug in found]),
        # A link without a Pin would make the ratio of the others look better.
        has_all_pins=all(link.pin_id in pins for link in links),
        pages=tuple(sorted({_page(link.to) for link in links})),
    )


def _page(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _summed(found: Sequence[Funnel]) -> FirstParty:
    return FirstParty(
        clicks=sum(one.captured for one in found),
        landings=sum(one.landings for one in found),
        sign_ups=sum(one.sign_ups for one in found),
        orders=sum(one.orders for one in found),
        repeat_orders=sum(one.repeat_orders for one in found),
        revenue=_added([one.revenue for one in found]),
        repeat_revenue=_added([one.repeat_revenue for one in found]),
    )


def _added(parts: Sequence[Mapping[str, int]]) -> Mapping[str, int]:
    sums: dict[str, int] = {}
    for part in parts:
        for currency, minor in part.items():
            sums[currency] = sums.get(currency, 0) + minor
    return sums
