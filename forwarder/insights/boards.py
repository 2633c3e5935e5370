"""R63, R67: boards that are stuffed, and how many boards the top Pins stand on."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import median
from typing import Final

from forwarder.core.kpi import Board, Counts, PinFacts, total
from forwarder.insights.rates import outbound_click_rate
from forwarder.insights.thresholds import Thresholds

TOP: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardLine:
    """One board in the last 28 days. `is_stuffed`: many Pins, each shown seldom."""

    board: Board
    counts: Counts
    per_pin: Fraction | None
    is_stuffed: bool = False

    @property
    def outbound_click_rate(self) -> Fraction | None:
        """Return outbound clicks per impression of all its Pins."""
        return outbound_click_rate(self.counts)


def board_lines(
    boards: Sequence[Board],
    pins: Mapping[str, Counts],
    facts: Mapping[str, PinFacts],
    limits: Thresholds,
) -> list[BoardLine]:
    """Return each board with what its Pins brought, the most shown first."""
    by_board: defaultdict[str, list[Counts]] = defaultdict(list)
    for pin, counts in pins.items():
        if pin in facts:
            by_board[facts[pin].board_id].append(counts)
    sums = {one.board_id: total(by_board[one.board_id]) for one in boards}
    per_pin = {
        one.board_id: Fraction(sums[one.board_id].impressions, one.n_pins)
        for one in boards
        if one.n_pins
    }
    border = median(per_pin.values()) / 2 if per_pin else None
    lines = [
        BoardLine(
            board=one,
            counts=sums[one.board_id],
            per_pin=per_pin.get(one.board_id),
            is_stuffed=border is not None
            and one.n_pins > limits.board_max_pins
            and per_pin[one.board_id] < border,
        )
        for one in boards
    ]
    return sorted(lines, key=lambda one: -one.counts.impressions)


def boards_of(pins: Sequence[str], facts: Mapping[str, PinFacts]) -> Mapping[str, int]:
    """Return on how many boards each of these Pins, or others to its page, stands.

    Pins whose board is not known are left out.
    """
    mine = {pin: facts[pin] for pin in pins if pin in facts and facts[pin].board_id}
    by_page: dict[str, set[str]] = {one.page: set() for one in mine.values()}
    for one in facts.values():
        if one.board_id and one.page in by_page:
            by_page[one.page].add(one.board_id)
    return {pin: len(by_page[one.page]) if one.page else 1 for pin, one in mine.items()}


def on_few_boards(
    top: Sequence[str], facts: Mapping[str, PinFacts], limits: Thresholds
) -> list[str] | None:
    """Return those of the ten top Pins on fewer boards than wished; None: not known."""
    known = boards_of(top[:TOP], facts)
    if not known:
        return None
    return [pin for pin, n in known.items() if n < limits.board_min_per_pin]
