"""What the browser tag and organic Pins did: logs that a test or a demo seeds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from threading import Lock
from typing import Any, TypeVar

_Day = TypeVar("_Day", "TagDay", "OrganicDay", "Listed")


_APP_TYPES = ("ALL", "MOBILE", "TABLET", "WEB")


class BadEntry(ValueError):
    """A seeded row cannot be read; the text says which field must be what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TagDay:
    """What the tag saw on one UTC day.

    Units: `value_micro` is 1e-6 of the account currency. `overlap` and
    `overlap_value_micro` say how much of it the server sent as well.
    """

    on: date
    kind: str
    count: int
    value_micro: int
    overlap: int
    overlap_value_micro: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganicDay:
    """The organic metrics of one UTC day; `pin_id` None means the whole account.

    `app_type` is ALL, or the kind of app alone.
    """

    on: date
    pin_id: str | None
    metrics: Mapping[str, float]
    data_status: str
    app_type: str = "ALL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A Pin or a board as Pinterest lists it; `kind` is `pins` or `boards`."""

    kind: str
    record: Mapping[str, Any]


class Books:
    """The seeded logs. Safe to use from several threads."""

    def __init__(self) -> None:
        """Start with empty books."""
        self._lock = Lock()
        self._tag_days: list[TagDay] = []
        self._organic_days: list[OrganicDay] = []
        self._listed: list[Listed] = []

    def add_tag_days(self, rows: object) -> int:
        """Append rows, return how many. Raises: BadEntry, and then adds none."""
        days = _read(rows, _tag_day)
        with self._lock:
            self._tag_days.extend(days)
        return len(days)

    def add_organic_days(self, rows: object) -> int:
        """Append rows, return how many. Raises: BadEntry, and then adds none."""
        days = _read(rows, _organic_day)
        with self._lock:
            self._organic_days.extend(days)
        return len(days)

    def add_listed(self, rows: object) -> int:
        """Append Pins and boards, return how many. Raises: BadEntry, then adds none."""
        found = _read(rows, _listed)
        with self._lock:
            self._listed.extend(found)
        return len(found)

    def listed(self, kind: str) -> list[Mapping[str, Any]]:
        """Return the Pins or the boards, in the order they were seeded."""
        with self._lock:
            return [one.record for one in self._listed if one.kind == kind]

    def clear_listed(self) -> None:
        """Forget the Pins and boards."""
        with self._lock:
            self._listed.clear()

    def tag_days(self) -> Sequence[TagDay]:
        """Return what the tag saw, in the order it was seeded."""
        with self._lock:
            return tuple(self._tag_days)

    def organic_days(self) -> Sequence[OrganicDay]:
        """Return the organic days, in the order they were seeded."""
        with self._lock:
            return tuple(self._organic_days)

    def clear_tag_days(self) -> None:
        """Forget what the tag saw."""
        with self._lock:
            self._tag_days.clear()

    def clear_organic_days(self) -> None:
        """Forget the organic days."""
        with self._lock:
            self._organic_days.clear()


def _read(rows: object, read: Callable[[Mapping[str, Any]], _Day]) -> list[_Day]:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BadEntry("The body must be a list of objects.")
    days = []
    for place, row in enumerate(rows, start=1):
        try:
            days.append(read(row))
        except BadEntry as bad:
            raise BadEntry(f"Row {place}: {bad}") from None
    return days


def _tag_day(row: Mapping[str, Any]) -> TagDay:
    known = ("date", "kind", "count", "value_micro", "overlap", "overlap_value_micro")
    _refuse_unknown(row, known)
    kind = row.get("kind")
    if not isinstance(kind, str) or not kind:
        raise BadEntry("'kind' must be an event name such as checkout.")
    day = TagDay(
        on=_date(row),
        kind=kind,
        count=_whole(row, "count"),
        value_micro=_whole(row, "value_micro"),
        overlap=_whole(row, "overlap"),
        overlap_value_micro=_whole(row, "overlap_value_micro"),
    )
    if day.overlap > day.count:
        raise BadEntry("'overlap' must not be larger than 'count'.")
    return day


def _organic_day(row: Mapping[str, Any]) -> OrganicDay:
    known = ("date", "pin_id", "metrics", "data_status", "app_type")
    _refuse_unknown(row, known)
    pin_id, metrics = row.get("pin_id"), row.get("metrics")
    if pin_id is not None and not (isinstance(pin_id, str) and pin_id.isdecimal()):
        raise BadEntry("'pin_id' must be a text of digits, or null for the account.")
    if not isinstance(metrics, dict) or not all(map(_is_number, metrics.values())):
        raise BadEntry("'metrics' must be an object of numbers.")
    status = row.get("data_status", "READY")
    if not isinstance(status, str):
        raise BadEntry("'data_status' must be a text such as READY.")
    app_type = row.get("app_type", "ALL")
    if app_type not in _APP_TYPES:
        raise BadEntry(f"'app_type' must be one of {', '.join(_APP_TYPES)}.")
    return OrganicDay(
        on=_date(row),
        pin_id=pin_id,
        metrics=metrics,
        data_status=status,
        app_type=app_type,
    )


def _listed(row: Mapping[str, Any]) -> Listed:
    """Read a Pin or a board: whatever has a `pin_count` is a board."""
    if not isinstance(row.get("id"), str):
        raise BadEntry("'id' must be a text of digits.")
    return Listed(kind="boards" if "pin_count" in row else "pins", record=row)


def _refuse_unknown(row: Mapping[str, Any], known: Sequence[str]) -> None:
    unknown = sorted(row.keys() - set(known))
    if unknown:
        raise BadEntry(f"{unknown[0]!r} is not one of {', '.join(known)}.")


def _date(row: Mapping[str, Any]) -> date:
    try:
        return date.fromisoformat(row["date"])
    except (KeyError, TypeError, ValueError):
        raise BadEntry("'date' must be a day such as 2026-11-21.") from None


def _whole(row: Mapping[str, Any], name: str) -> int:
    value = row.get(name, 0)
    if type(value) is not int or value < 0:
        raise BadEntry(f"{name!r} must be a whole number, 0 or more.")
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
