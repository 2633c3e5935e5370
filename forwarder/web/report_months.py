"""What finished reports said, month by month: read from them as they were kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from forwarder.reconcile.calendar_of import first_day
from forwarder.store import Store, report_versions
from forwarder.store.report_versions import Head
from forwarder.web.shapes import moment

YEARS = range(2000, 2100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the first page of a report says. The gap is a share of our conversions.

    `gap` and its band are None where none could be given.
    """

    title: str
    n_tag: int | None
    n_server: int
    gap: float | None
    low: float | None
    high: float | None
    verdict: str
    grade: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportMonth:
    """One month with its reports, newest first; `told` is what the newest says."""

    month: str
    heads: Sequence[Head]
    told: Told | None


def months(store: Store, destination: str) -> list[ReportMonth]:
    """Return the months that have a report, newest first."""
    contents = report_versions.latest_contents(store, destination)
    by_month: dict[str, list[Head]] = {}
    for head in report_versions.list_heads(store, destination):
        by_month.setdefault(head.month, []).append(head)
    return [
        ReportMonth(
            month=month,
            heads=heads,
            told=_told(contents[month]) if month in contents else None,
        )
        for month, heads in by_month.items()
    ]


def _told(content: bytes) -> Told | None:
    """Return what a report's first page is about; None when nothing happened."""
    first = next((one for one in orjson.loads(content) if one["is_lead"]), None)
    if first is None:
        return None
    gap = first["estimates"].get("gap")
    low, high = (None, None) if gap is None else gap["bands"]["95"]
    return Told(
        title=first["title"],
        n_tag=first["counts"]["tag"],
        n_server=first["counts"]["server"],
        gap=None if gap is None else gap["value"],
        low=low,
        high=high,
        verdict=first["verdict"],
        grade=first["grade"],
    )


def is_month(text: str) -> bool:
    """Say whether a text is a month that a report may be of, as YYYY-MM."""
    try:
        return first_day(text).year in YEARS
    except ValueError:
        return False


def head_json(head: Head) -> dict[str, Any]:
    """Return which report it is as data."""
    return {
        "id": head.id,
        "destination": head.destination,
        "month": head.month,
        "stamp": head.stamp,
        "inputs": head.inputs,
        "made_at": moment(head.made_at),
    }


def month_json(one: ReportMonth) -> dict[str, Any]:
    """Return a month as data: what its newest report says, and all of its reports."""
    return {
        "month": one.month,
        "told": None if one.told is None else _told_json(one.told),
        "versions": [head_json(head) for head in one.heads],
    }


def _told_json(told: Told) -> Mapping[str, Any]:
    gap = None
    if told.gap is not None:
        gap = {
            "value": told.gap,
            "bands": {"95": [told.low, told.high]},
            "unit": "share of our conversions",
        }
    return {
        "title": told.title,
        "tag": told.n_tag,
        "server": told.n_server,
        "gap": gap,
        "verdict": told.verdict,
        "grade": told.grade,
    }
