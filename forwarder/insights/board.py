"""The KPI board of a month, as a value: what changed, what to change next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Final, NamedTuple

from forwarder.clicks.repeats import ByFirstClick
from forwarder.core.kpi import Board as PinBoard
from forwarder.core.kpi import Counts, PinFacts
from forwarder.insights.account_rules import (
    ACCOUNT_RULES,
    AccountView,
    Outside,
    effective_pins,
)
from forwarder.insights.advice import Card, do_next
from forwarder.insights.boards import BoardLine, board_lines
from forwarder.insights.decay import decay_findings
from forwarder.insights.findings import Finding, RuleState
from forwarder.insights.halves import Halves
from forwarder.insights.health import Health, health
from forwarder.insights.missed import almost_famous, look
from forwarder.insights.period import Compared, Month
from forwarder.insights.pin_rules import PinView, judge_pins
from forwarder.insights.quadrant import Quadrant, cuts, quadrants
from forwarder.insights.rates import (
    change,
    close_up_rate,
    ocr_band,
    outbound_click_rate,
    save_band,
    save_rate,
    save_rate_by,
)
from forwarder.insights.thresholds import Thresholds

Value = int | Fraction | None
TOP3: Final = 3
TOP10: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that the board is made of.

    `account` compares two months; `recent`, `pins`, `devices`, `halves`, `campaigns`
    and `conversions`, of Pins with a link of ours, are of the last 28 settled days,
    `daily_clicks` the outbound clicks a day of the Pins most clicked, 90 days back,
    `days` the account's of a year, `first_clicks` those of a year; None without links.
    """

    month: Month
    account: Compared
    recent: Counts
    pins: Mapping[str, Counts]
    daily_clicks: Mapping[str, Mapping[date, int]]
    outside: Outside
    settled_on: date | None
    notes: Sequence[str] = ()
    days: Mapping[date, Counts] = field(default_factory=dict)
    pin_facts: Mapping[str, PinFacts] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    boards: Sequence[PinBoard] = ()
    devices: Mapping[str, Counts] = field(default_factory=dict)
    halves: Halves | None = None
    campaigns: Sequence[Halves] = ()
    conversions: Mapping[str, int] = field(default_factory=dict)
    first_clicks: ByFirstClick | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One number now and before; rates are fractions, counts integers."""

    value: Value
    previous: Value
    band: str | None = None

    @property
    def delta(self) -> Value:
        """Return the difference; None where one side is missing."""
        if self.value is None or self.previous is None:
            return None
        return self.value - self.previous

    @property
    def delta_percent(self) -> float | None:
        """Return the relative change in per cent; None from nothing."""
        moved = change(self.previous, self.value)
        return None if moved is None else float(moved * 100)


class PinLine(NamedTuple):
    """One Pin of the last 28 days."""

    pin_id: str
    counts: Counts
    quadrant: Quadrant
    save_rate_denominator: str
    missed_clicks: float = 0.0

    @property
    def outbound_click_rate(self) -> Fraction | None:
        """Return outbound clicks per impression."""
        return outbound_click_rate(self.counts)

    @property
    def save_rate(self) -> Fraction | None:
        """Return saves per impression, or per Pin click if the settings say so."""
        return save_rate_by(self.counts, self.save_rate_denominator)


@dataclass(frozen=True, slots=True, kw_only=True)
class Concentration:
    """How few Pins bring the clicks; None where nothing was clicked."""

    top3_share: Fraction | None
    top10_share: Fraction | None
    effective_pins: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """The whole board."""

    facts: Facts
    metrics: Mapping[str, Metric]
    findings: Sequence[Finding]
    cards: Sequence[Card]
    pins: Sequence[PinLine]
    concentration: Concentration
    health: Health
    boards: Sequence[BoardLine]
    limits: Thresholds

    @property
    def has_judged(self) -> bool:
        """Tell whether a single rule had enough to judge by."""
        return any(
            one.state is not RuleState.INSUFFICIENT_DATA for one in self.findings
        )

    def title(self, pin_id: str) -> str:
        """Return a Pin's title; its id where none is known."""
        return self.facts.titles.get(pin_id, "") or pin_id


def build_board(facts: Facts, limits: Thresholds) -> Board:
    """Return the board of these facts under these thresholds."""
    view = PinView(
        pins=facts.pins,
        account=facts.recent,
        limits=limits,
        conversions=facts.conversions,
        facts=facts.pin_facts,
        on=facts.settled_on,
    )
    looked = look(view)
    findings = [
        *_account_findings(facts, limits),
        *judge_pins(view),
        *almost_famous(looked, limits),
        *decay_findings(facts.daily_clicks, limits),
    ]
    return Board(
        facts=facts,
        metrics=metrics(facts.account, limits),
        findings=findings,
        cards=do_next(findings),
        pins=_pin_lines(view, looked.missed),
        concentration=_concentration(facts),
        health=health(facts.days, facts.settled_on, limits),
        boards=board_lines(facts.boards, facts.pins, facts.pin_facts, limits),
        limits=limits,
    )


def _account_findings(facts: Facts, limits: Thresholds) -> list[Finding]:
    view = AccountView(
        now=facts.account.now,
        before=facts.account.before,
        recent=facts.recent,
        pin_clicks_out=tuple(one.outbound_clicks for one in facts.pins.values()),
        outside=facts.outside,
        limits=limits,
    )
    return [rule(view) for rule in ACCOUNT_RULES]


def metrics(account: Compared, limits: Thresholds) -> dict[str, Metric]:
    """Return each number of the month and of the one before."""
    now, before = account.now, account.before
    has_now, has_before = account.n_days > 0, account.n_days_before > 0
    found = {
        name: Metric(
            value=getattr(now, name) if has_now else None,
            previous=getattr(before, name) if has_before else None,
        )
        for name in ("impressions", "pin_clicks", "outbound_clicks", "saves")
    }
    clicks, saves = outbound_click_rate(now), save_rate(now, limits)
    band = save_band(limits)
    found["outbound_click_rate"] = Metric(
        value=clicks,
        previous=outbound_click_rate(before),
        band=ocr_band(limits).word(clicks),
    )
    found["save_rate"] = Metric(
        value=saves,
        previous=save_rate(before, limits),
        band=None if band is None else band.word(saves),
    )
    found["close_up_rate"] = Metric(
        value=close_up_rate(now), previous=close_up_rate(before)
    )
    return found


def _pin_lines(view: PinView, missed: Mapping[str, float]) -> list[PinLine]:
    found = quadrants(view.pins, cuts(view.pins, view.limits), view.limits)
    per = view.limits.save_rate_denominator
    lines = [
        PinLine(pin, one, found[pin], per, missed.get(pin, 0.0))
        for pin, one in sorted(view.pins.items())
    ]
    lines.sort(key=lambda line: line.counts.outbound_clicks, reverse=True)
    return lines


def _concentration(facts: Facts) -> Concentration:
    clicks = sorted((one.outbound_clicks for one in facts.pins.values()), reverse=True)
    whole = max(facts.recent.outbound_clicks, sum(clicks))
    if not sum(clicks):
        return Concentration(top3_share=None, top10_share=None, effective_pins=None)
    return Concentration(
        top3_share=Fraction(sum(clicks[:TOP3]), whole),
        top10_share=Fraction(sum(clicks[:TOP10]), whole),
        effective_pins=effective_pins(clicks, whole),
    )
