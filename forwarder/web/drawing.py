"""Charts as inline SVG: no script, colours by class, a name each, gaps stay gaps.

Beside every chart stands a table with the same numbers.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import log10
from typing import Final

from markupsafe import Markup, escape

Value = float | int | None
SPARK: Final = (120.0, 28.0)
TREND: Final = (320.0, 90.0)
SCATTER: Final = 420.0
SCATTER_EDGE: Final = 40.0
DOT: Final = 3.0
DOT_MAX: Final = 12.0
LEAST_RATE: Final = 1e-4  # rates of nought stand at the edge of a logarithmic axis
MOST_RATE: Final = 0.1


def _svg(size: tuple[float, float], name: str, *parts: Markup, kind: str) -> Markup:
    head = Markup(
        '<svg class="chart {kind}" role="img" aria-label="{name}" '
        'preserveAspectRatio="xMinYMin meet" '
        'viewBox="0 0 {width:g} {height:g}"><title>{name}</title>'
    ).format(kind=kind, name=name, width=size[0], height=size[1])
    return head + Markup("").join(parts) + Markup("</svg>")


def _runs(points: Iterable[tuple[float, float | None]]) -> Iterator[list[str]]:
    """Give the points of each unbroken line."""
    run: list[str] = []
    for x, y in points:
        if y is None:
            if run:
                yield run
            run = []
        else:
            run.append(f"{x:.1f},{y:.1f}")
    if run:
        yield run


def _line(values: Sequence[Value], size: tuple[float, float], top: float) -> Markup:
    width, height = size
    step = width / max(len(values) - 1, 1)
    points = (
        (at * step, None if value is None else height - 2 - (height - 4) * value / top)
        for at, value in enumerate(values)
    )
    # A lone day between gaps is a dot, which a line of one point would not show.
    return Markup("").join(
        Markup('<polyline points="{}"/>').format(" ".join(run))
        if len(run) > 1
        else Markup('<circle cx="{}" cy="{}" r="1.6"/>').format(*run[0].split(","))
        for run in _runs(points)
    )


def _top(values: Iterable[Value]) -> float:
    return max((float(value) for value in values if value is not None), default=0) or 1


def spark(values: Sequence[Value], name: str) -> Markup:
    """Return a small line from nought to the largest value."""
    return _svg(SPARK, name, _line(values, SPARK, _top(values)), kind="spark")


def trend(days: Sequence[Value], means: Sequence[Value], name: str) -> Markup:
    """Return the days faint and their running mean strong, on one scale."""
    top = _top(days)
    return _svg(
        TREND,
        name,
        Markup('<g class="faint">{}</g>').format(_line(days, TREND, top)),
        _line(means, TREND, top),
        kind="trend",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """One Pin of the quadrant. `weight` sets its size; `kind` its shape and colour."""

    x: float
    y: float
    weight: float
    kind: str
    name: str


def quadrant(dots: Sequence[Dot], cuts: tuple[float, float], name: str) -> Markup:
    """Return both rates of many Pins on logarithmic axes, with the two cuts."""
    most = max((dot.weight for dot in dots), default=0) or 1
    x, y = _across(cuts[0]), _up(cuts[1])
    far, near = SCATTER - 6, SCATTER_EDGE
    frame = Markup(
        '<path class="axis" d="M{near:g} 6V{low:g}H{far:g}"/>'
        '<path class="cut" d="M{x:.1f} 6V{low:g}M{near:g} {y:.1f}H{far:g}"/>'
    ).format(near=near, far=far, low=SCATTER - near, x=x, y=y)
    marks = Markup("").join(_mark(dot, most) for dot in dots)
    words = Markup("").join(_ticks())
    return _svg((SCATTER, SCATTER), name, frame, words, marks, kind="quadrant")


def _share(rate: float) -> float:
    """Return where a rate lies between the ends of an axis."""
    held = min(max(rate, LEAST_RATE), MOST_RATE)
    return log10(held / LEAST_RATE) / log10(MOST_RATE / LEAST_RATE)


def _across(rate: float) -> float:
    return SCATTER_EDGE + (SCATTER - 6 - SCATTER_EDGE) * _share(rate)


def _up(rate: float) -> float:
    return SCATTER - SCATTER_EDGE - (SCATTER - 6 - SCATTER_EDGE) * _share(rate)


def _ticks() -> Iterator[Markup]:
    for rate in (0.0001, 0.001, 0.01, 0.1):
        told = f"{rate:.2%}" if rate < 0.001 else f"{rate:.1%}"  # noqa: PLR2004
        anchor = "end" if rate == MOST_RATE else "middle"
        yield Markup('<text x="{:.1f}" y="{:g}" text-anchor="{}">{}</text>').format(
            _across(rate), SCATTER - 16, anchor, told
        )
        yield Markup('<text x="2" y="{:.1f}">{}</text>').format(_up(rate) + 4, told)
    yield Markup('<text x="{:g}" y="14">save rate</text>').format(SCATTER_EDGE + 6)
    yield Markup(
        '<text x="{:g}" y="{:g}" text-anchor="end">outbound click rate</text>'
    ).format(SCATTER - 6, SCATTER - 3)


def _mark(dot: Dot, most: float) -> Markup:
    size = DOT + (DOT_MAX - DOT) * (dot.weight / most) ** 0.5
    drawn = _shape(dot.kind, _across(dot.x), _up(dot.y), size)
    # Hundreds a page: `Markup.format` takes ten times as long.
    return Markup(  # noqa: S704  the name is escaped, the rest is ours
        f'<path class="q-{dot.kind}" d="{drawn}"><title>{escape(dot.name)}</title>'
        "</path>"
    )


def _shape(kind: str, x: float, y: float, size: float) -> str:
    match kind:
        case "distribution_multiplier":
            return (
                f"M{x - size:.1f} {y:.1f}"
                f"a{size:.1f} {size:.1f} 0 1 0 {2 * size:.1f} 0"
                f"a{size:.1f} {size:.1f} 0 1 0 {-2 * size:.1f} 0z"
            )
        case "transactional":
            return (
                f"M{x - size:.1f} {y - size:.1f}h{2 * size:.1f}v{2 * size:.1f}"
                f"h{-2 * size:.1f}z"
            )
        case "useful_not_pitched":
            return f"M{x:.1f} {y - size:.1f}l{size:.1f} {2 * size:.1f}h{-2 * size:.1f}z"
    return (
        f"M{x:.1f} {y - size:.1f}l{size:.1f} {size:.1f} {-size:.1f} {size:.1f} "
        f"{-size:.1f} {-size:.1f}z"
    )


def shares(parts: Sequence[tuple[str, float, str]], name: str) -> Markup:
    """Return one bar in parts. Shape: (class, share of one, words) from the left."""
    size, at = (SCATTER, 26.0), 0.0
    drawn = []
    for class_, share, told in parts:
        drawn.append(
            Markup(
                '<rect class="{}" x="{:.1f}" width="{:.1f}" height="26"><title>{}'
                "</title></rect>"
            ).format(class_, at * SCATTER, share * SCATTER, told)
        )
        at += share
    return _svg(size, name, *drawn, kind="shares")
