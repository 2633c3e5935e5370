"""Orders that name a campaign of ours, on a day its links were clicked: sums only.

Tier 5, the weakest evidence: the page an order's visit began on names the campaign, and
nothing ties the order to a click. So it is counted per campaign, beside all else: no
order is tied to a link by it, and none gets a click id.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from forwarder.core.links import MARKS, Link, mark_of, plain
from forwarder.store import clicks
from forwarder.store.engine import Store
from forwarder.store.join_marks import CAMPAIGN
from forwarder.store.untied import Untied, untied

TIER: Final = 5


@dataclass(slots=True, kw_only=True)
class SameDay:
    """What these orders come to. Units: minor units by currency, less refunds."""

    orders: int = 0
    revenue: dict[str, int] = field(default_factory=dict)


def same_day(
    store: Store, known: Sequence[Link], first: date, last: date
) -> Mapping[str, SameDay]:
    """Return the sums of each campaign over some days, both included."""
    campaigns = {link.slug: link.campaign for link in known if link.campaign}
    if not campaigns:
        return {}
    keys = [key for _, key in store.sealer.secrets(MARKS)]
    names = {
        mark_of(key, CAMPAIGN, plain(name)): name
        for key in keys
        for name in sorted(set(campaigns.values()))
    }
    clicked_on = {
        (campaigns[slug], on)
        for slug, on in clicks.days(store, first, last)
        if slug in campaigns
    }
    sums = {name: SameDay() for name in campaigns.values()}
    for one in untied(store, sorted(names), first, last):
        name = names[one.mark]
        if (name, one.on) in clicked_on:
            _add(sums[name], one)
    return sums


def _add(to: SameDay, one: Untied) -> None:
    to.orders += one.n
    if one.currency is not None:
        before = to.revenue.get(one.currency, 0)
        to.revenue[one.currency] = before + one.value_minor
