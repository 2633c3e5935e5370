"""The board as text: what to do first, impressions last."""

from collections.abc import Iterable
from fractions import Fraction
from typing import Final

from forwarder.alerts.conditions import number
from forwarder.clicks.funnel import told_money
from forwarder.clicks.repeats import ByFirstClick, Within
from forwarder.core.money import money_text
from forwarder.insights.advice import Card, advice
from forwarder.insights.board import Board, Metric
from forwarder.insights.finding_words import STATES, number_text
from forwarder.insights.findings import Finding, RuleState
from forwarder.insights.period import words_of

GROUPS: Final = (
    ("Intent", ("outbound_clicks", "outbound_click_rate")),
    ("Endorsement", ("saves", "save_rate")),
    ("Attention", ("pin_clicks", "close_up_rate")),
    ("Diagnostic, never a goal", ("impressions",)),
)
PINS_SHOWN: Final = 5


def as_text(board: Board) -> str:
    """Return the board for a terminal."""
    return "\n".join(
        [
            *_head(board),
            "",
            *_cards(board),
            "",
            *_metrics(board),
            "",
            *_rules(board.findings),
            "",
            *_pins(board),
            *_first_clicks(board.facts.first_clicks),
        ]
    )


def _head(board: Board) -> Iterable[str]:
    facts, (_, before) = board.facts, words_of(board.limits.period)
    yield f"KPI board of {facts.month.text}"
    if facts.settled_on is not None:
        days = number(facts.account.n_days, "day")
        against = f"{days} against {facts.account.n_days_before}"
        yield f"settled until {facts.settled_on}; {against} of {before}"
    yield from (f"note: {note}" for note in facts.notes)
    outside = facts.outside
    now, then = map(_count, (outside.conversions, outside.conversions_before))
    yield f"conversions that our own webhooks told: {now}, {before} {then}"


def _count(n: int | None) -> str:
    return "not counted" if n is None else f"{n:,}"


def _cards(board: Board) -> Iterable[str]:
    yield "Do next"
    if not board.has_judged:
        yield "  nothing is known to judge by yet"
    elif not board.cards:
        yield "  nothing: no rule fired"
    for place, card in enumerate(board.cards, 1):
        yield from _card(place, card)


def _card(place: int, card: Card) -> Iterable[str]:
    told = card.advice
    pins = [one.pin_id for one in card.findings if one.pin_id is not None]
    of_pins = f" ({number(len(pins), 'Pin')}: {', '.join(pins[:3])})" if pins else ""
    yield f"  {place}. {told.title}{of_pins}"
    yield f"     {number_text(card.findings[0])}"
    yield f"     {told.action}"
    yield f"     test: {told.hypothesis}"
    yield f"     check: {told.creative} {told.measurement}"


def _metrics(board: Board) -> Iterable[str]:
    for group, names in GROUPS:
        yield group
        for name in names:
            yield f"  {name.replace('_', ' '):22}{_metric(board.metrics[name])}"


def _metric(one: Metric) -> str:
    if one.value is None:
        return "n/a"
    parts = [metric_text(one.value)]
    if one.band is not None:
        parts.append(one.band)
    if one.previous == 0 and one.value:
        parts.append("new")
    elif one.delta is not None:
        parts.append(change_text(one))
    return ", ".join(parts)


def change_text(one: Metric) -> str:
    """Return the change against the time before: absolute, and in per cent."""
    told = "" if one.delta_percent is None else f" ({one.delta_percent:+.1f} %)"
    if isinstance(one.value, Fraction) or isinstance(one.previous, Fraction):
        return f"{float((one.delta or 0) * 100):+.2f} pp{told}"
    return f"{one.delta or 0:+,}{told}"


def metric_text(value: int | Fraction) -> str:
    """Return a count with its thousands apart, a rate in per cent."""
    return f"{float(value):.2%}" if isinstance(value, Fraction) else f"{value:,}"


def _rules(findings: Iterable[Finding]) -> Iterable[str]:
    yield "Rules"
    by_rule: dict[str, list[Finding]] = {}
    for one in findings:
        by_rule.setdefault(one.rule, []).append(one)
    for rule, found in by_rule.items():
        yield f"  {advice()[rule].title:42}{_state(found)}"


def _state(found: list[Finding]) -> str:
    fired = [one for one in found if one.state is RuleState.FIRED]
    if not fired:
        return STATES[found[0].state]
    confirmed = sum(one.is_confirmed for one in fired)
    if not fired[0].is_pin_rule:
        return f"fired: {number_text(fired[0])}"
    of_pins = f"{len(fired):,} of {number(fired[0].n_judged, 'Pin')}"
    return f"fired for {of_pins}, {confirmed:,} confirmed"


def _pins(board: Board) -> Iterable[str]:
    yield "Top Pins, 28 days" if board.pins else "No Pin was counted in these 28 days"
    for line in board.pins[:PINS_SHOWN]:
        yield (
            f"  {line.pin_id}  "
            f"{number(line.counts.outbound_clicks, 'outbound click')}, "
            f"{line.quadrant.value.replace('_', ' ')}"
        )
    shares = board.concentration
    if shares.top3_share is not None and shares.top10_share is not None:
        yield (
            f"  top 3 {float(shares.top3_share):.0%}, top 10 "
            f"{float(shares.top10_share):.0%} of clicks; as many as "
            f"{shares.effective_pins or 0:,.0f} equal Pins"
        )


def _first_clicks(found: ByFirstClick | None) -> Iterable[str]:
    """R49: what people ordered first and again, by the link they first clicked."""
    if found is None or not found.all.people:
        return
    yield ""
    yield f"First and repeat revenue, first click {found.first_on} to {found.last_on}"
    for kind, name, one in found.parts(PINS_SHOWN):
        yield f"  {f'{kind} {name}'.strip()}, people: {one.people:,}"
        yield from (f"    {within_text(each)}" for each in one.within)


def within_text(one: Within) -> str:
    """Return what was ordered within some days of the first click, in a line."""
    first, again = (
        money_text(told_money(minor))
        for minor in (one.first_revenue, one.repeat_revenue)
    )
    return (
        f"{number(one.days, 'day')}: first {first or 'none'}, repeat {again or 'none'} "
        f"(over for {one.people_over:,} of them)"
    )
