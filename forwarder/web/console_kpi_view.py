"""The KPI board in the words and pictures of its page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Final

from markupsafe import Markup

from forwarder.clicks.funnel import told_money
from forwarder.core.kpi import Counts, Task, total
from forwarder.core.money import money_text
from forwarder.insights.advice import Advice, advice, band_advice
from forwarder.insights.as_text import change_text, metric_text
from forwarder.insights.board import Board, Metric, Value
from forwarder.insights.finding_words import STATES, number_text
from forwarder.insights.findings import Finding, RuleState
from forwarder.insights.halves import FirstParty
from forwarder.insights.quadrant import Quadrant
from forwarder.insights.rates import close_up_rate, outbound_click_rate, save_rate
from forwarder.web import drawing

WEEKS: Final = 13  # a quarter of a year
WEEK: Final = timedelta(days=7)
GROUPS: Final = (
    ("Intent", ("outbound_clicks", "outbound_click_rate")),
    ("Endorsement", ("saves", "save_rate")),
    ("Attention", ("pin_clicks", "close_up_rate")),
)
NAMES: Final = {
    "outbound_clicks": "Outbound clicks",
    "outbound_click_rate": "Outbound click rate",
    "saves": "Saves",
    "save_rate": "Save rate",
    "pin_clicks": "Pin clicks (close-ups)",
    "close_up_rate": "Close-up rate",
    "impressions": "Impressions",
}
TONES: Final = {
    RuleState.FIRED: "bad",
    RuleState.WEAK_SIGNAL: "busy",
    RuleState.NOT_FIRED: "good",
    RuleState.INSUFFICIENT_DATA: "over",
}
LOUDEST: Final = tuple(TONES)
DOTS_MAX: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One number with its band, its change and its way over a quarter."""

    name: str
    value: str
    band: str
    change: str
    direction: str  # up, down, or empty where nothing is known to compare with
    action: str
    spark: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleLine:
    """One rule in the table: what it found, on which numbers, and its task."""

    rule: str
    told: Advice
    tone: str
    state: str
    numbers: str
    n_confirmed: int
    pin_ids: Sequence[str]
    task: Task | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekLine:
    """One week behind the small charts."""

    until: date
    counts: Counts | None


def weeks(board: Board) -> list[WeekLine]:
    """Return the weeks of a quarter that end with the last settled day."""
    last_on, days = board.facts.settled_on, board.facts.days
    if last_on is None:
        return []
    found = []
    for number in reversed(range(WEEKS)):
        until = last_on - number * WEEK
        known = [
            days[day]
            for day in (until - timedelta(days=n) for n in range(WEEK.days))
            if day in days
        ]
        found.append(WeekLine(until=until, counts=total(known) if known else None))
    return found


def week_values(name: str, line: WeekLine, board: Board) -> Value:
    """Return what a metric was in one week."""
    if line.counts is None:
        return None
    match name:
        case "outbound_click_rate":
            return outbound_click_rate(line.counts)
        case "close_up_rate":
            return close_up_rate(line.counts)
        case "save_rate":
            return save_rate(line.counts, board.limits)
    found: int = getattr(line.counts, name)
    return found


def tiles(board: Board) -> list[tuple[str, list[Tile]]]:
    """Return the tiles by group: intent first, attention last."""
    known = weeks(board)
    return [
        (group, [tile(name, board, known) for name in names]) for group, names in GROUPS
    ]


def tile(name: str, board: Board, known: Sequence[WeekLine]) -> Tile:
    """Return the tile of one metric."""
    metric = board.metrics[name]
    values = [week_values(name, line, board) for line in known]
    label = f"{NAMES[name]} by week, {len(values)} weeks"
    return Tile(
        name=NAMES[name],
        value="n/a" if metric.value is None else metric_text(metric.value),
        band=metric.band or "",
        change=_change(metric),
        direction=_direction(metric),
        action=band_advice(name, metric.band),
        spark=drawing.spark([_float(value) for value in values], label),
    )


def _float(value: Value) -> float | None:
    return None if value is None else float(value)


def _change(metric: Metric) -> str:
    if metric.previous == 0 and metric.value:
        return "new"
    return "" if metric.delta is None else change_text(metric)


def _direction(metric: Metric) -> str:
    if not metric.delta:
        return ""
    return "up" if metric.delta > 0 else "down"


def rules(board: Board, tasks: Sequence[Task]) -> list[RuleLine]:
    """Return a line per rule, what fired first."""
    by_task = {task.rule: task for task in tasks}
    by_rule: dict[str, list[Finding]] = {}
    for one in board.findings:
        by_rule.setdefault(one.rule, []).append(one)
    lines = [_line(rule, found, by_task.get(rule)) for rule, found in by_rule.items()]
    return sorted(lines, key=lambda line: _loudness(by_rule[line.rule]))


def _loudness(found: Sequence[Finding]) -> int:
    return min(LOUDEST.index(one.state) for one in found)


def _line(rule: str, found: Sequence[Finding], task: Task | None) -> RuleLine:
    state = LOUDEST[_loudness(found)]
    loudest = [one for one in found if one.state is state]
    pins = [one.pin_id for one in loudest if one.pin_id is not None]
    is_loud = state is RuleState.FIRED
    return RuleLine(
        rule=rule,
        told=advice()[rule],
        tone=TONES[state],
        state=STATES[state],
        numbers=number_text(loudest[0]) if is_loud or not pins else "",
        n_confirmed=sum(one.is_confirmed for one in loudest),
        pin_ids=pins if is_loud else (),
        task=task,
    )


def revenue_text(ours: FirstParty) -> str:
    """Return what the orders brought; empty where they brought nothing."""
    return money_text(told_money(ours.revenue))


QUADRANTS: Final[Mapping[Quadrant, str]] = {
    Quadrant.DISTRIBUTION_MULTIPLIER: "both high: a distribution multiplier",
    Quadrant.TRANSACTIONAL: "clicked, not kept: transactional; check that the page "
    "holds what the Pin promises",
    Quadrant.USEFUL_NOT_PITCHED: "kept, not clicked: useful, not pitched",
    Quadrant.REWORK: "neither: rework the concept (our own word)",
    Quadrant.NOT_ENOUGH_DATA: "shown too seldom to say",
}


def quadrant_counts(board: Board) -> list[tuple[str, str, int]]:
    """Return each quadrant's word, its meaning, and how many Pins stand in it."""
    found = [line.quadrant for line in board.pins]
    return [(one.value, told, found.count(one)) for one, told in QUADRANTS.items()]


def quadrant_chart(board: Board, cuts: tuple[Fraction, Fraction]) -> Markup:
    """Draw the Pins most clicked by both rates."""
    dots = [
        drawing.Dot(
            x=float(line.outbound_click_rate or 0),
            y=float(line.save_rate or 0),
            weight=line.counts.outbound_clicks,
            kind=line.quadrant.value,
            name=f"{board.title(line.pin_id)}: {line.quadrant.value.replace('_', ' ')}",
        )
        for line in board.pins[:DOTS_MAX]
    ]
    name = f"{len(dots)} Pins by outbound click rate and save rate"
    return drawing.quadrant(dots, (float(cuts[0]), float(cuts[1])), name)


def concentration_chart(board: Board) -> Markup | None:
    """Draw the clicks of the top three, of the next seven, and of all others."""
    found = board.concentration
    if found.top3_share is None or found.top10_share is None:
        return None
    top3, top10 = float(found.top3_share), float(found.top10_share)
    return drawing.shares(
        [
            ("part-1", top3, f"top 3: {top3:.0%}"),
            ("part-2", top10 - top3, f"next 7: {top10 - top3:.0%}"),
            ("part-3", 1 - top10, f"all others: {1 - top10:.0%}"),
        ],
        f"Clicks: top 3 Pins {top3:.0%}, top 10 {top10:.0%}",
    )


def trends(found: Sequence[Mapping[str, object]]) -> Iterator[tuple[str, Markup]]:
    """Give the title and the picture of each trend in the board's JSON."""
    for one in found:
        title = str(one["title"])
        days, means = one["outbound_clicks"], one["week_means"]
        if isinstance(days, list) and isinstance(means, list):
            label = f"Outbound clicks of {title}, {len(days)} days"
            yield title, drawing.trend(days, means, label)
