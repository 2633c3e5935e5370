"""A year of an invented Pinterest account: 300 Pins, and stories planted in them.

Each story is one that a rule of the KPI board tells; whatever is not planted is chance.
"""

import random  # noqa: TID251  seeded: the same account every time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from math import exp
from typing import Final

from forwarder.core.kpi import Board, Counts, KpiDay, PinFacts, total
from forwarder.insights.period import Month, month_of

N_PINS: Final = 300
N_BOARDS: Final = 12
MONTHS: Final = 12
OLD_PINS: Final = 120  # were there before the year began
SHOWN_A_DAY: Final = 150.0
CLOSE_UPS: Final = 0.02
CLICKS: Final = 0.0024
SAVES: Final = 0.0048
BY_KNUTH: Final = 30.0  # above, the normal curve is as good
FIRST_ID: Final = 880_000_000_000_000_000
TRIO: Final = (0, 1, 2)
TRIO_SHARE: Final = 0.75  # of all clicks in their month
FADING: Final = 3
SCROLLED_PAST: Final = 4
UNFOLLOWED: Final = 5
FAMOUS: Final = 6
HARDLY_CLICKED: Final = 7
ONLY_KEPT: Final = 8


@dataclass(frozen=True, slots=True)
class Rates:
    """What a Pin does on an average day: impressions, and events per impression."""

    shown: float = SHOWN_A_DAY
    close_ups: float = CLOSE_UPS
    clicks: float = CLICKS
    saves: float = SAVES

    def times(
        self,
        shown: float = 1,
        close_ups: float = 1,
        clicks: float = 1,
        saves: float = 1,
    ) -> "Rates":
        """Return these, each so many times."""
        return Rates(
            self.shown * shown,
            self.close_ups * close_ups,
            self.clicks * clicks,
            self.saves * saves,
        )


# By how many months a month lies before the newest: what happened to the account.
STORIES: Final[Mapping[int, tuple[tuple[str, ...], Rates]]] = {
    0: (("creative_friction",), Rates(1, 1, 0.62, 1)),
    2: (("vanity_growth",), Rates(1.29, 1 / 1.29, 1 / 1.29, 1 / 1.29)),
    3: (("clicks_missing_on_site",), Rates(1, 1, 1, 1)),  # see demo_clicks
    4: (("distribution_collapse",), Rates(0.44, 1, 1, 1)),
    5: (("tag_low_attribution",), Rates(1, 1, 1, 1)),  # see demo_clicks
    6: (("ocr_drop",), Rates(1.32, 1, 0.6, 1)),
    8: (("value_mismatch", "low_save_rate"), Rates(1, 1, 1, 0.33)),
    11: (("top3_concentration", "top10_concentration"), Rates(1, 1, 1, 1)),
}
# What happened to single Pins in the newest month.
PIN_STORIES: Final[Mapping[str, frozenset[int]]] = {
    "low_close_up": frozenset({SCROLLED_PAST}),
    "close_ups_without_clicks": frozenset({UNFOLLOWED}),
    # Whoever is looked at and not followed misses clicks as well.
    "almost_famous": frozenset({FAMOUS, UNFOLLOWED, HARDLY_CLICKED}),
    "high_impressions_low_clicks": frozenset({HARDLY_CLICKED, UNFOLLOWED}),
    "high_saves_low_conversions": frozenset({ONLY_KEPT}),
    "decay": frozenset({FADING, HARDLY_CLICKED}),
}
TRIO_FADES: Final = (9, 10)  # months before the newest, after the trio's own
ODD: Final[Mapping[int, Rates]] = {
    SCROLLED_PAST: Rates(1400, 0.004, 0.0024, SAVES),
    UNFOLLOWED: Rates(900, 0.045, 0.0002, SAVES),
    FAMOUS: Rates(700, 0.06, 0.0022, SAVES),
    HARDLY_CLICKED: Rates(2500, CLOSE_UPS, 0.0003, SAVES),
    ONLY_KEPT: Rates(600, CLOSE_UPS, 0.0011, 0.02),
}


def planted(back: int) -> dict[str, frozenset[str]]:
    """Return what a month must show as confirmed: by rule, the Pins it is about."""
    rules, _ = STORIES.get(back, ((), Rates()))
    found: dict[str, frozenset[str]] = {rule: frozenset() for rule in rules}
    if back == 0:
        of_pins = PIN_STORIES.items()
        found |= {rule: frozenset(map(pin_id, pins)) for rule, pins in of_pins}
    if back in TRIO_FADES:
        found["decay"] = frozenset(map(pin_id, TRIO))
    return found


def pin_id(number: int) -> str:
    """Return the id of one of the Pins."""
    return f"{FIRST_ID + number * 7}"


@dataclass(frozen=True)
class Account:
    """The year until the end of one month. The same month, the same account."""

    newest: Month
    dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        """Seed the chance."""
        seeded = random.Random("an invented account")  # noqa: S311  no secret
        object.__setattr__(self, "dice", seeded)

    @cached_property
    def months(self) -> Sequence[Month]:
        """Return the twelve months, newest first."""
        found = [self.newest]
        while len(found) < MONTHS:
            found.append(found[-1].before)
        return found

    def month(self, back: int) -> Month:
        """Return the month so many before the newest."""
        return self.months[back]

    def facts(self) -> Iterator[PinFacts]:
        """Give the Pins: old and new ones, on twelve boards, with their pages."""
        first = self.months[-1].first_on
        for number in range(N_PINS):
            yield PinFacts(
                pin_id=pin_id(number),
                title=_title(number),
                created_on=self._created_on(number, first),
                pin_format="ORGANIC_IMAGE",
                board_id=f"{number % N_BOARDS + 1}",
                page=f"https://shop.example/ideas/{number // 2}",
            )

    def _created_on(self, number: int, first: date) -> date:
        """Return when a Pin was made; none in the last months."""
        if number < OLD_PINS:
            return first - timedelta(days=200 + number)
        made = 10 + (number - OLD_PINS) * 220 // (N_PINS - OLD_PINS)
        return first + timedelta(days=made)

    def boards(self) -> Iterator[Board]:
        """Give the boards."""
        for number in range(N_BOARDS):
            n_pins = len(range(number, N_PINS, N_BOARDS))
            yield Board(
                board_id=f"{number + 1}", name=f"Board {number + 1}", n_pins=n_pins
            )

    def days(self) -> Iterator[KpiDay]:
        """Give each day of each Pin, and of the account, whose days are their sums."""
        created = [self._created_on(n, self.months[-1].first_on) for n in range(N_PINS)]
        for back in reversed(range(MONTHS)):
            rates = [self._rates(number, back) for number in range(N_PINS)]
            for day in self.months[back].days():
                yield from self._day(day, rates, created)

    def _day(
        self, on: date, rates: Sequence[Rates], created: Sequence[date]
    ) -> Iterator[KpiDay]:
        counts = {
            number: self._counts(self._faded(number, on, rates[number]))
            for number in range(N_PINS)
            if created[number] <= on
        }
        for number, found in counts.items():
            yield KpiDay(on=on, counts=found, pin_id=pin_id(number))
        yield KpiDay(on=on, counts=total(counts.values()))

    def _rates(self, number: int, back: int) -> Rates:
        """Return what a Pin does in a month, with what happened to the account."""
        _, story = STORIES.get(back, ((), Rates(1, 1, 1, 1)))
        spread = 0.6 + 0.8 * (number * 37 % N_PINS) / N_PINS
        usual = Rates(shown=SHOWN_A_DAY * spread)
        if number in ODD and back <= 1:  # shown as often in the month before
            usual = replace(usual, shown=ODD[number].shown)
        if number in ODD and back == 0:
            return ODD[number]
        if back == MONTHS - 1:
            share = self._concentrated(number)
            usual = usual.times(close_ups=share, clicks=share)
        return usual.times(story.shown, story.close_ups, story.clicks, story.saves)

    def _concentrated(self, number: int) -> float:
        """Return how often the clicks: three Pins take most, the sum stays."""
        others = OLD_PINS - len(TRIO)
        if number in TRIO:
            return TRIO_SHARE * OLD_PINS / len(TRIO)
        return (1 - TRIO_SHARE) * OLD_PINS / others

    def _faded(self, number: int, on: date, rates: Rates) -> Rates:
        """Return the rates of the fading Pin: a peak, halved every ten days."""
        peak_on = self.newest.first_on - timedelta(days=5)
        if number != FADING or on < peak_on:
            return rates
        return rates.times(clicks=60 * 0.5 ** ((on - peak_on).days / 10))

    def _counts(self, rates: Rates) -> Counts:
        shown = self._drawn(rates.shown)
        return Counts(
            shown,
            self._drawn(shown * rates.close_ups),
            self._drawn(shown * rates.clicks),
            self._drawn(shown * rates.saves),
        )

    def _drawn(self, mean: float) -> int:
        """Return a count as chance gives it (Poisson)."""
        if mean > BY_KNUTH:
            return max(0, round(self.dice.gauss(mean, mean**0.5)))
        n, left, least = 0, self.dice.random(), exp(-mean)
        while left > least:
            n += 1
            left *= self.dice.random()
        return n


def _title(number: int) -> str:
    things = ("shelves", "autumn table", "herb garden", "reading corner", "gift wrap")
    ways = ("Ten ideas for", "How to plan", "A checklist for", "Before and after:")
    return f"{ways[number % len(ways)]} {things[number % len(things)]} {number + 1}"


def account_until(today: date) -> Account:
    """Return the account whose newest month is the last whole one."""
    return Account(month_of(today).before)
