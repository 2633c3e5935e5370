"""The report's pictures as inline SVG: no script, colours by class, a title each."""

from collections.abc import Sequence

from forwarder.reconcile.bands import Band
from forwarder.reconcile.cause import UNTOLD, Cause
from forwarder.reconcile.control import ControlDay
from forwarder.reconcile.document import PastMonth
from forwarder.reconcile.markup import Markup, el, joined
from forwarder.reconcile.shown import number_text

WIDTH = 720.0
PHONE_W = 360.0  # the picture of the first page is read on phones as well
LABEL_W = 190.0
TAG_W = 150.0
ROW_H = 26.0


def _svg(height: float, title: str, *children: Markup) -> Markup:
    """Return a picture that is as wide as the page; on a phone it is moved sideways."""
    drawn = _drawn(WIDTH, height, title, children, "chart")
    return el("div", drawn, class_="wide", tabindex="0", role="group", aria_label=title)


def _drawn(
    width: float, height: float, title: str, children: Sequence[Markup], class_: str
) -> Markup:
    return el(
        "svg",
        el("title", title),
        *children,
        viewBox=f"0 0 {width:g} {height:g}",
        role="img",
        aria_label=title,
        class_=class_,
    )


def _text(x: float, y: float, words: str, class_: str = "", anchor: str = "") -> Markup:
    return el(
        "text",
        words,
        x=f"{x:.1f}",
        y=f"{y:.1f}",
        class_=class_ or None,
        text_anchor=anchor or None,
    )


def _rect(x: float, y: float, w: float, h: float, class_: str) -> Markup:
    return el(
        "rect", x=f"{x:.1f}", y=f"{y:.1f}", width=f"{max(w, 0):.1f}",
        height=f"{h:.1f}", class_=class_,
    )  # fmt: skip


def _line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    return el(
        "line", x1=f"{x1:.1f}", y1=f"{y1:.1f}", x2=f"{x2:.1f}", y2=f"{y2:.1f}",
        class_=class_,
    )  # fmt: skip


def of_hundred(gap: float | None, low: float, high: float) -> Markup:
    """Draw 100 of ours: how many the tag has, and between which ends that may lie."""
    unit = (PHONE_W - 20) / max(1 - low, 1.0)

    def at(share: float) -> float:
        return 10 + max(share, 0.0) * unit

    title = f"Of 100 that our server saw the tag has {_ends(1 - high, 1 - low)}"
    marks = [
        _rect(10, 34, at(1) - 10, 34, "ours"),
        _rect(10, 78, at(1 - high) - 10, 34, "tag"),
        _rect(at(1 - high), 78, at(1 - low) - at(1 - high), 34, "open"),
        _line(at(1), 26, at(1), 120, "axis"),
        _text(16, 56, "our server: 100", "on-bar"),
        _of_tag(at(1 - high), at(1 - low), _ends(1 - high, 1 - low)),
        _text(10, 18, "Of every 100 that our server saw", "small"),
        _likely(at(1 - high), at(1 - low)),
    ]
    if gap is not None:
        marks.append(_line(at(1 - gap), 72, at(1 - gap), 118, "point"))
    return _drawn(PHONE_W, 140, title, marks, "chart first-sight")


def _likely(begins_x: float, ends_x: float) -> Markup:
    """Write below the band what it is, towards the side where there is room."""
    words = "likely range (95%)"
    if begins_x > PHONE_W / 2:
        return _text(ends_x, 132, words, "small", "end")
    return _text(begins_x, 132, words, "small")


def _of_tag(sure_x: float, likely_x: float, ends: str) -> Markup:
    """Write the tag's label where there is room: on its bar, in the band, behind it."""
    words = f"the tag: {ends}"
    if sure_x >= TAG_W:
        return _text(16, 100, words, "on-bar")
    has_room = likely_x - sure_x >= TAG_W
    return _text((sure_x if has_room else likely_x) + 6, 100, words, "in-band")


def _ends(low: float, high: float) -> str:
    return f"{round(max(low, 0) * 100)} to {round(max(high, 0) * 100)}"


def waterfall(causes: Sequence[Cause], before: int, tag: int) -> Markup:
    """Draw the way from our log down to the tag's number, one bar per cause."""
    steps = [c for c in causes if round(c.n) and c.certainty not in UNTOLD]
    top = max([before, tag, *_levels(before, steps)], default=1) or 1
    unit = (WIDTH - LABEL_W - 60) / top
    rows = [_bar(0, "our log", (0, before), unit, (f"{before:,}", "ours"))]
    level = float(before)
    for number, cause in enumerate(steps, 1):
        following = level - cause.n
        ends = min(level, following), max(level, following)
        class_ = "down" if cause.n > 0 else "up"
        words = number_text(-cause.n)
        rows.append(_bar(number, cause.name, ends, unit, (words, class_)))
        level = following
    rows.append(_bar(len(steps) + 1, "the tag", (0, tag), unit, (f"{tag:,}", "tag")))
    title = f"From {before:,} in our log to {tag:,} of the tag"
    return _svg((len(steps) + 2) * ROW_H + 8, title, *rows)


def _levels(before: int, steps: Sequence[Cause]) -> list[float]:
    levels, level = [], float(before)
    for cause in steps:
        level -= cause.n
        levels.append(level)
    return levels


def _bar(
    row: int, name: str, ends: Band, unit: float, shown: tuple[str, str]
) -> Markup:
    (low, high), (words, class_) = ends, shown
    y = row * ROW_H + 4
    x = LABEL_W + max(low, 0) * unit
    width = max((high - max(low, 0)) * unit, 1.5)
    return joined(
        _text(LABEL_W - 8, y + 15, name, "", "end"),
        _rect(x, y, width, ROW_H - 8, class_),
        _text(x + width + 5, y + 15, words, "small"),
    )


def daily(days: Sequence[ControlDay]) -> Markup:
    """Draw the tag's daily counts inside the limits of chance; odd days stand out."""
    height, bottom, top = 190.0, 165.0, 12.0
    most = max([1.0, *(max(day.tag, day.high) for day in days)])
    step = (WIDTH - 50) / max(len(days), 1)

    def y(count: float) -> float:
        return bottom - (bottom - top) * count / most

    marks = [_line(40, bottom, WIDTH - 5, bottom, "axis"),
             _text(34, y(most) + 4, f"{round(most):,}", "small", "end"),
             _text(34, bottom, "0", "small", "end")]  # fmt: skip
    for number, day in enumerate(days):
        x = 42 + number * step
        marks += [
            _rect(x, y(day.high), step - 1, y(day.low) - y(day.high), "limits"),
            _line(x, y(day.expected), x + step - 1, y(day.expected), "expected"),
            el("circle", cx=f"{x + step / 2:.1f}", cy=f"{y(day.tag):.1f}", r="4",
               class_="odd" if day.is_odd else "dot"),
        ]  # fmt: skip
        if number % 5 == 0:
            marks.append(_text(x + step / 2, 182, f"{day.on.day}", "small", "middle"))
    odd = sum(day.is_odd for day in days)
    return _svg(
        height, f"The tag's daily counts; {odd} days outside the limits", *marks
    )


def history(past: Sequence[PastMonth]) -> Markup:
    """Draw the gap of each month with its band."""
    ends = [0.0, *(end for one in past for end in (one.low, one.high))]
    low, high = max(min(ends), -1.0), min(max(ends), 1.0)
    unit = (WIDTH - LABEL_W - 60) / max(high - low, 0.01)

    def x(share: float) -> float:
        return LABEL_W + (min(max(share, low), high) - low) * unit

    marks = [_line(x(0), 0, x(0), len(past) * ROW_H + 4, "axis")]
    for row, one in enumerate(past):
        y = row * ROW_H + 4
        words = f"{one.month} ({one.stamp})"
        marks += [
            _text(LABEL_W - 8, y + 14, words, "small", "end"),
            _rect(x(one.low), y + 4, x(one.high) - x(one.low), 10, "limits"),
            _line(x(one.gap), y, x(one.gap), y + 18, "point"),
        ]
    title = f"Gap by month with 95% bands, {low:+.0%} to {high:+.0%}"
    return _svg(len(past) * ROW_H + 10, title, *marks)
