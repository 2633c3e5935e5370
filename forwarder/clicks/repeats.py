"""R49: what people ordered first and again, by the link that they first clicked.

Of the people whose first click lies in the year that ends with a day, and of orders
until that day. Who clicked lately has had no time to come again: beside each horizon
stands how many people have had theirs.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from forwarder.clicks.funnel import told_money
from forwarder.core.links import Link
from forwarder.store import customers
from forwarder.store.customers import HORIZONS, YEAR, Brought
from forwarder.store.engine import Store

NOBODY: Final = (0,) * (1 + len(HORIZONS))


@dataclass(frozen=True, slots=True)
class Within:
    """What was ordered within so many days of the first click.

    `people_over` are those whose days are over. Money: minor units by currency, less
    what was given back.
    """

    days: int
    people_over: int
    first_orders: int
    first_revenue: Mapping[str, int]
    repeat_orders: int
    repeat_revenue: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeats:
    """The people of one link, campaign or Pin, or all, and what they ordered."""

    people: int
    within: Sequence[Within]

    def as_json(self) -> dict[str, Any]:
        """Return it as data, money as decimal texts by currency."""
        return {
            "people": self.people,
            "within": [
                {
                    "days": one.days,
                    "people_over": one.people_over,
                    "first_orders": one.first_orders,
                    "first_revenue": told_money(one.first_revenue),
                    "repeat_orders": one.repeat_orders,
                    "repeat_revenue": told_money(one.repeat_revenue),
                }
                for one in self.within
            ],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ByFirstClick:
    """The same people by link, by campaign and by Pin, and all of them together."""

    first_on: date
    last_on: date
    all: Repeats
    links: Mapping[str, Repeats]
    campaigns: Mapping[str, Repeats]
    pins: Mapping[str, Repeats]

    def parts(self, most: int | None = None) -> list[tuple[str, str, Repeats]]:
        """Return each part with its kind and its name: all, then the most people.

        Limits: of each kind as many as are told, and none without people.
        """
        kinds = (("campaign", self.campaigns), ("link", self.links), ("pin", self.pins))
        return [
            ("all", "", self.all),
            *(
                (kind, name, one)
                for kind, found in kinds
                for name, one in _most_first(found)[:most]
            ),
        ]

    def as_json(self) -> dict[str, Any]:
        """Return all of it as data."""
        kinds = {"links": self.links, "campaigns": self.campaigns, "pins": self.pins}
        return {
            "first_on": f"{self.first_on}",
            "last_on": f"{self.last_on}",
            "all": self.all.as_json(),
            **{
                kind: {name: one.as_json() for name, one in found.items()}
                for kind, found in kinds.items()
            },
        }


def _most_first(found: Mapping[str, Repeats]) -> list[tuple[str, Repeats]]:
    known = (item for item in found.items() if item[1].people)
    return sorted(known, key=lambda item: (-item[1].people, item[0]))


def of_year(store: Store, known: Sequence[Link], last_on: date) -> ByFirstClick:
    """Return what the first clicks of a year led to, by what their links are of now."""
    first_on = last_on - YEAR + timedelta(days=1)
    since = datetime.combine(first_on, time(), UTC)
    until = datetime.combine(last_on, time(), UTC) + timedelta(days=1)
    people = customers.people(store, since, until)
    brought: dict[str, list[Brought]] = {}
    for one in customers.brought(store, since, until):
        brought.setdefault(one.slug, []).append(one)

    def of(slugs: Iterable[str]) -> Repeats:
        mine = list(slugs)
        numbers = zip(NOBODY, *(people.get(slug, NOBODY) for slug in mine), strict=True)
        lines = [one for slug in mine for one in brought.get(slug, ())]
        return _repeats([sum(each) for each in numbers], lines)

    return ByFirstClick(
        first_on=first_on,
        last_on=last_on,
        all=of(people),
        links={link.slug: of([link.slug]) for link in known},
        campaigns={
            name: of(slugs)
            for name, slugs in _grouped((one.campaign, one) for one in known).items()
        },
        pins={
            pin: of(slugs)
            for pin, slugs in _grouped((one.pin_id, one) for one in known).items()
        },
    )


def _grouped(links: Iterable[tuple[str, Link]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, link in links:
        if name:
            found.setdefault(name, []).append(link.slug)
    return found


def _repeats(people: Sequence[int], lines: Sequence[Brought]) -> Repeats:
    over = dict(zip(HORIZONS, people[1:], strict=True))
    return Repeats(
        people=people[0],
        within=[
            _within(days, over[days], [one for one in lines if one.days <= days])
            for days in HORIZONS
        ],
    )


def _within(days: int, over: int, lines: Sequence[Brought]) -> Within:
    first = [one for one in lines if not one.is_repeat]
    again = [one for one in lines if one.is_repeat]
    return Within(
        days=days,
        people_over=over,
        first_orders=sum(one.n for one in first),
        first_revenue=_summed(first),
        repeat_orders=sum(one.n for one in again),
        repeat_revenue=_summed(again),
    )


def _summed(lines: Sequence[Brought]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for one in lines:
        if one.currency is not None:
            sums[one.currency] = sums.get(one.currency, 0) + one.minor
    return sums
