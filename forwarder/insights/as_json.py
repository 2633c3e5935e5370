"""The board as JSON: counts are integers, rates fractions of one."""

from collections.abc import Mapping
from typing import Any

from forwarder.insights.advice import Card, advice
from forwarder.insights.as_json_more import more_json
from forwarder.insights.board import Board, Metric, PinLine
from forwarder.insights.findings import Finding, Number
from forwarder.insights.thresholds import Thresholds


def as_json(board: Board) -> dict[str, Any]:
    """Return the board in the shape that `forwarder kpi --json` promises."""
    facts, shares = board.facts, board.concentration
    return {
        "month": facts.month.text,
        "period": board.limits.period,
        "settled_on": None if facts.settled_on is None else f"{facts.settled_on}",
        "days": facts.account.n_days,
        "days_before": facts.account.n_days_before,
        "is_partial": facts.account.is_partial,
        "metrics": {name: _metric(one) for name, one in board.metrics.items()},
        "rules": [_finding(one) for one in board.findings],
        "do_next": [_card(card) for card in board.cards],
        "pins": [_pin(line, board.limits) for line in board.pins],
        "concentration": {
            "top3_share": _number(shares.top3_share),
            "top10_share": _number(shares.top10_share),
            "effective_pins": shares.effective_pins,
        },
        "notes": facts.notes,
        **more_json(board),
    }


def page_json(board: Board, n_pins: int) -> dict[str, Any]:
    """Return what the page draws from: the cards and what stands below the rules.

    Limits: lists of Pins end after `n_pins`.
    """
    cards = [_card(card) for card in board.cards]
    return {"do_next": cards, **more_json(board, n_pins)}


def _metric(one: Metric) -> dict[str, Any]:
    return {
        "value": _number(one.value),
        "previous": _number(one.previous),
        "delta": _number(one.delta),
        "delta_percent": one.delta_percent,
        "band": one.band,
        "is_new": one.previous == 0 and bool(one.value),
    }


def _finding(one: Finding) -> dict[str, Any]:
    return {
        "rule": one.rule,
        "scope": "pin" if one.is_pin_rule else "account",
        "pin_id": one.pin_id,
        "state": one.state.value,
        "confirmed": one.is_confirmed,
        "numbers": _numbers(one.numbers),
        "action": advice()[one.rule].action,
    }


def _card(card: Card) -> dict[str, Any]:
    told, first = card.advice, card.findings[0]
    return {
        "rule": card.rule,
        "title": told.title,
        "hypothesis": told.hypothesis,
        "action": told.action,
        "numbers": _numbers(first.numbers),
        "pin_ids": [one.pin_id for one in card.findings if one.pin_id is not None],
        "confirmed": any(one.is_confirmed for one in card.findings),
        "creative_check": told.creative,
        "measurement_check": told.measurement,
        "experiment": {"variable": told.variable, "objective": told.objective},
    }


def _pin(line: PinLine, limits: Thresholds) -> dict[str, Any]:
    """Return a Pin; without fractions, of which thousands would cost their time."""
    one = line.counts
    shown = one.impressions
    base = shown if limits.save_rate_denominator == "impressions" else one.pin_clicks
    return {
        "pin_id": line.pin_id,
        "quadrant": line.quadrant.value,
        "outbound_click_rate": one.outbound_clicks / shown if shown else None,
        "save_rate": one.saves / base if base else None,
        "missed_clicks": line.missed_clicks,
        "impressions": shown,
        "pin_clicks": one.pin_clicks,
        "outbound_clicks": one.outbound_clicks,
        "saves": one.saves,
    }


def _numbers(numbers: Mapping[str, Number]) -> dict[str, Any]:
    return {name: _number(one) for name, one in numbers.items()}


def _number(one: Number) -> int | float | None:
    return one if one is None or isinstance(one, (int, float)) else float(one)
