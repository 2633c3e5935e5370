"""Conversions per day and source, from the ledger and the seeded tag log."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from forwarder.sandbox.books import TagDay
from forwarder.sandbox.box import Box
from forwarder.sandbox.ledger import Kept
from forwarder.sandbox.values import EVENT_NAMES

TAG, API = "TAG", "CONVERSIONS_API"
_OVERLAP = "OVERLAP"  # what both saw, as a negative tally
_COLUMN = re.compile(
    r"TOTAL_(WEB_|OFFLINE_)?(CLICK_)?([A-Z_]+?)(_VALUE_IN_MICRO_DOLLAR)?"
)
_MICRO = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Conversions of one kind, day and source. Units: 1e-6 of the currency."""

    on: date
    source: str
    kind: str
    is_offline: bool
    count: int
    value_micro: int
    has_click: bool = True  # what the tag saw counts as clicked, and so does overlap


def tallies(box: Box, ad_account_id: str, start: date, end: date) -> list[Tally]:
    """Return what both sides brought in the period, each conversion counted once.

    What both saw counts for the tag, which is first; with `sum_mode` inclusive the
    server's side keeps it as well, and the sum of both sides is then too large.
    """
    found = [_from_api(kept) for kept in box.ledger.kept(ad_account_id)]
    for day in box.books.tag_days():
        found += _from_tag(day)
    return [tally for tally in found if start <= tally.on <= end]


def by_source(found: Sequence[Tally], source: str, sum_mode: str) -> list[Tally]:
    """Return what a report filtered by this source counts."""
    sources = {source}
    if source == API and sum_mode == "exclusive":
        sources.add(_OVERLAP)
    return [tally for tally in found if tally.source in sources]


def _from_tag(day: TagDay) -> list[Tally]:
    seen = Tally(
        on=day.on,
        source=TAG,
        kind=day.kind,
        is_offline=False,
        count=day.count,
        value_micro=day.value_micro,
    )
    shared = replace(
        seen,
        source=_OVERLAP,
        count=-day.overlap,
        value_micro=-day.overlap_value_micro,
    )
    return [seen, shared]


def _from_api(kept: Kept) -> Tally:
    event = orjson.loads(kept.raw)
    return Tally(
        on=datetime.fromtimestamp(event["event_time"], UTC).date(),
        source=API,
        kind=event["event_name"],
        is_offline=kept.is_offline,
        count=1,
        value_micro=_value_micro(event),
        has_click=bool(event["user_data"].get("click_id")),
    )


def _value_micro(event: Mapping[str, Any]) -> int:
    text = (event.get("custom_data") or {}).get("value")
    if text is None:
        return 0
    try:
        return int(Decimal(text) * _MICRO)
    except (InvalidOperation, OverflowError, ValueError):
        return 0


def periods(
    found: Iterable[Tally], granularity: str
) -> Mapping[date | None, list[Tally]]:
    """Return the tallies grouped by the day that stands for their period.

    Hours have no conversion data any more, so they give no groups.
    """
    groups: defaultdict[date | None, list[Tally]] = defaultdict(list)
    for tally in found:
        if granularity != "HOUR":
            groups[_period_start(tally.on, granularity)].append(tally)
    return dict(sorted(groups.items(), key=lambda item: item[0] or date.min))


def _period_start(on: date, granularity: str) -> date | None:
    match granularity:
        case "DAY":
            return on
        case "WEEK":
            return on - timedelta(days=on.weekday())
        case "MONTH":
            return on.replace(day=1)
        case _:
            return None


def metric(column: str, found: Iterable[Tally]) -> int | None:
    """Return the column's number, or None for a column the sandbox has no data for."""
    if column == "TOTAL_CONVERSIONS":
        return sum(tally.count for tally in found)
    match_ = _COLUMN.fullmatch(column)
    if match_ is None:
        return None
    place, click, kind, is_value = match_.groups()
    chosen = [tally for tally in found if _is_in(tally, place, kind.lower())]
    if kind.lower() not in EVENT_NAMES | {"unknown"}:
        return None
    sizes = [(t, t.value_micro if is_value else t.count) for t in chosen]
    if not click:
        return sum(size for _, size in sizes)
    seen = sum(size for tally, size in sizes if tally.source == TAG)
    added = sum(size for t, size in sizes if t.source != TAG and t.has_click)
    return seen + max(added, 0)


def _is_in(tally: Tally, place: str | None, kind: str) -> bool:
    if place is not None and tally.is_offline != (place == "OFFLINE_"):
        return False
    return tally.kind == kind or (kind == "unknown" and tally.kind not in EVENT_NAMES)
