"""A finished report with its history: what every rendering starts from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from forwarder.reconcile.comparison import Comparison, MonthReport


@dataclass(frozen=True, slots=True, kw_only=True)
class PastMonth:
    """What an earlier report said. The gap is a share of our conversions then."""

    month: str
    gap: float
    low: float
    high: float
    usual_low: float
    usual_high: float
    stamp: str
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One month's report and what the months before it said."""

    report: MonthReport
    past: Mapping[tuple[str, str], Sequence[PastMonth]]  # by kind and level

    def history(self, c: Comparison) -> Sequence[PastMonth]:
        """Return the earlier months of one comparison, oldest first."""
        return self.past.get((c.kind.value, c.level.value), ())


def document(report: MonthReport, contents: Mapping[str, bytes]) -> Document:
    """Return the document: `contents` are the JSON reports of earlier months."""
    past: dict[tuple[str, str], list[PastMonth]] = {}
    for month, content in contents.items():
        for one in orjson.loads(content):
            gap = one["estimates"].get("gap")
            if gap is not None:
                known = past.setdefault((one["kind"], one["level"]), [])
                known.append(_past(month, one, gap))
    return Document(report=report, past=past)


def _past(month: str, one: Mapping[str, Any], gap: Mapping[str, Any]) -> PastMonth:
    low, high = gap["bands"]["95"]
    usual_low, usual_high = gap["comparison_bands"]["95"]
    return PastMonth(
        month=month,
        gap=gap["value"],
        low=low,
        high=high,
        usual_low=usual_low,
        usual_high=usual_high,
        stamp=one["stamp"],
        verdict=one["verdict"],
    )


def movement(c: Comparison, past: Sequence[PastMonth]) -> str | None:
    """Say whether the gap moved since the month before; None without one.

    By the bands that compare months: apart means moved, an overlap decides little.
    """
    gap = c.estimates.get("gap")
    if gap is None or not past:
        return None
    low, high = gap.usual_bands["95"]
    last = past[-1]
    if low > last.usual_high:
        return f"larger than in {last.month}"
    if high < last.usual_low:
        return f"smaller than in {last.month}"
    is_inside = last.usual_low <= gap.value <= last.usual_high
    if is_inside and low <= last.gap <= high:
        return f"no sign that it moved since {last.month}"
    return f"cannot tell whether it moved since {last.month}"
