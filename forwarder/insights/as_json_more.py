"""The rest of the board as JSON: trends, both halves of the funnel, boards, health."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from fractions import Fraction
from typing import Any, Final

from forwarder.clicks.funnel import told_money
from forwarder.core.kpi import Counts, total
from forwarder.insights.advisor import advise
from forwarder.insights.board import Board
from forwarder.insights.boards import BoardLine
from forwarder.insights.checklist import Answer, checklist
from forwarder.insights.findings import Finding, RuleState
from forwarder.insights.halves import FirstParty, Halves
from forwarder.insights.health import Health
from forwarder.insights.peers import by_format
from forwarder.insights.rates import close_up_rate, outbound_click_rate, ratio
from forwarder.insights.series import MonthLine, by_month, in_a_row, week_means

TREND_PINS: Final = 5
TREND_DAYS: Final = 90


def more_json(board: Board, n_pins: int | None = None) -> dict[str, Any]:
    """Return what stands below the rules on the page. Rates are fractions of one.

    Limits: lists of Pins end after `n_pins`, if given.
    """
    facts, limits = board.facts, board.limits
    halves = facts.halves
    return {
        "health": _health(board.health),
        "conversions": facts.outside.conversions,
        "conversions_before": facts.outside.conversions_before,
        "trends": list(_trends(board)),
        "months": [_month(one) for one in by_month(facts.days, facts.month)],
        "funnel": None if halves is None else _halves(halves, board),
        "campaigns": [
            {"name": one.name, "pages": one.pages, "is_mixed": one.is_mixed}
            | _halves(one, board)
            for one in facts.campaigns
        ],
        "first_clicks": None
        if facts.first_clicks is None
        else facts.first_clicks.as_json(),
        "decay": [_decay(one) for one in decayed(board)[:n_pins]],
        "almost_famous": [_missed(one) for one in almost(board)[:n_pins]],
        "boards": [_board(one) for one in board.boards],
        "devices": _shares(facts.devices),
        "formats": _shares(by_format(facts.pins, facts.pin_facts)),
        "checklist": [_answer(one) for one in checklist(board)],
        "ways_to_measure": [
            {
                "name": one.name,
                "strength": one.strength,
                "weakness": one.weakness,
                "now": one.now,
            }
            for one in advise(facts.outside, limits, has_links=_has_links(halves))
        ],
    }


def _answer(one: Answer) -> dict[str, Any]:
    return {
        "question": one.question,
        "answer": one.answer,
        "evidence": one.evidence,
        "link": one.link,
        "red": one.is_red,
    }


def _has_links(halves: Halves | None) -> bool:
    return halves is not None and halves.first_party is not None


def _fraction(value: Fraction | None) -> float | None:
    return None if value is None else float(value)


def _counts(counts: Counts) -> dict[str, Any]:
    return {
        "impressions": counts.impressions,
        "pin_clicks": counts.pin_clicks,
        "outbound_clicks": counts.outbound_clicks,
        "saves": counts.saves,
        "outbound_click_rate": _fraction(outbound_click_rate(counts)),
    }


def _shares(sums: Mapping[str, Counts]) -> dict[str, Any]:
    """Return each kind of app, or of Pin, with its share of all impressions."""
    shown = total(sums.values()).impressions
    return {
        kind: {
            **_counts(one),
            "share_of_impressions": _fraction(ratio(one.impressions, shown)),
        }
        for kind, one in sums.items()
    }


def _health(health: Health) -> dict[str, Any]:
    return {
        "state": health.state.value,
        "active_days": health.active_days,
        "outbound_click_rate_slope": _fraction(health.ocr_slope),
        "save_rate_slope": _fraction(health.save_slope),
    }


def _trends(board: Board) -> Iterator[dict[str, Any]]:
    """Give the days of the Pins most clicked; a day nobody told is null, not nought."""
    last_on, series = board.facts.settled_on, board.facts.daily_clicks
    if last_on is None:
        return
    first_on = last_on - timedelta(days=TREND_DAYS - 1)
    for pin in list(series)[:TREND_PINS]:
        clicks = in_a_row(series[pin], first_on, last_on)
        yield {
            "pin_id": pin,
            "title": board.title(pin),
            "first_on": f"{first_on}",
            "outbound_clicks": clicks,
            "week_means": week_means(clicks),
        }


def _month(line: MonthLine) -> dict[str, Any]:
    return {
        "month": line.month.text,
        "days": line.n_days,
        "is_whole": line.is_whole,
        **_counts(line.counts),
        "save_rate": _fraction(ratio(line.counts.saves, line.counts.impressions)),
        "close_up_rate": _fraction(close_up_rate(line.counts)),
    }


def _halves(one: Halves, board: Board) -> dict[str, Any]:
    return {
        "platform": None if one.platform is None else _counts(one.platform),
        "first_party": None
        if one.first_party is None
        else _first_party(one.first_party),
        "capture_ratio": _fraction(one.capture_ratio),
        "has_gap": one.has_gap(board.limits),
    }


def _first_party(ours: FirstParty) -> dict[str, Any]:
    return {
        "clicks": ours.clicks,
        "landings": ours.landings,
        "sign_ups": ours.sign_ups,
        "orders": ours.orders,
        "repeat_orders": ours.repeat_orders,
        "revenue": told_money(ours.revenue),
        "repeat_revenue": told_money(ours.repeat_revenue),
    }


def decayed(board: Board) -> list[Finding]:
    """Return the Pins whose peak is known, those that fell first."""
    found = [one for one in board.findings if one.rule == "decay" and one.pin_id]
    return sorted(found, key=lambda one: one.state is not RuleState.FIRED)


def _decay(one: Finding) -> dict[str, Any]:
    return {
        "pin_id": one.pin_id,
        "has_decayed": one.state is RuleState.FIRED,
        "confirmed": one.is_confirmed,
        **one.numbers,
    }


def almost(board: Board) -> list[Finding]:
    """Return the Pins that miss clicks, those that miss most first."""
    return [
        one
        for one in board.findings
        if one.rule == "almost_famous" and one.state is RuleState.FIRED
    ]


def _missed(one: Finding) -> dict[str, Any]:
    return {
        "pin_id": one.pin_id,
        "confirmed": one.is_confirmed,
        **{name: float(value or 0) for name, value in one.numbers.items()},
    }


def _board(line: BoardLine) -> dict[str, Any]:
    return {
        "board_id": line.board.board_id,
        "name": line.board.name,
        "pins": line.board.n_pins,
        "impressions": line.counts.impressions,
        "impressions_per_pin": _fraction(line.per_pin),
        "outbound_click_rate": _fraction(line.outbound_click_rate),
        "is_stuffed": line.is_stuffed,
    }
