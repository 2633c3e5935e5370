"""Numbers as people read them, the same in every rendering."""

from forwarder.reconcile import words
from forwarder.reconcile.labels import LABELS, Assumption


def band_text(name: str, band: tuple[float, float]) -> str:
    """Return a band of one estimate."""
    low, high = band
    if name == "net_recorded":
        return f"{round(low):+,} to {round(high):+,}"
    if LABELS[name].is_count:
        return f"{round(low):,} to {round(high):,}"
    if name.endswith("gap"):
        return words.percent_span(low, high)
    digits = 1 if low < high and f"{low:.0%}" == f"{high:.0%}" else 0
    return f"{low:.{digits}%} to {high:.{digits}%}"


def value_text(name: str, value: float) -> str:
    """Return the single number of one estimate."""
    if LABELS[name].is_count:
        return f"{round(value):,}"
    return words.percent(value) if name.endswith("gap") else f"{value:.0%}"


def range_text(one: Assumption) -> str:
    """Return what was assumed: 0 where nothing is left open."""
    if one.unit == "odds ratio":
        return f"{one.low:g} to {one.high:g}"
    low, high = round(one.low, 3) + 0, round(one.high, 3) + 0  # never -0.0%
    return f"{low:+.1%} to {high:+.1%}" if high - low else "0"


def number_text(n: float) -> str:
    """Return a signed whole number without a minus before zero."""
    return f"{round(n) + 0:+,}" if round(n) else "0"
