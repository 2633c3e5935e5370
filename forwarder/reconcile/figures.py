"""Dates and numbers as people's spreadsheets write them, read without guessing.

What can be read in two ways is decided by the rest of its column, or refused with a
sentence that says how to settle it.
"""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final, Literal

DecimalMark = Literal[",", "."]
DateOrder = Literal["day first", "month first"]

_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]00:00(?::00(?:\.0+)?)?Z?)?")
_WRITTEN = ("%b %d, %Y", "%B %d, %Y", "%d %b %Y", "%d %B %Y", "%b %d %Y", "%Y/%m/%d")
_DECORATION = re.compile(r"[\s\[\]€$£¥]|^[A-Z]{2,3}(?=\W)|(?<=\W)[A-Z]{3}$")
_PLAIN = re.compile(r"[+-]?(?=\.?[0-9])[0-9]{0,15}(?:\.[0-9]{0,15})?")
_MONTHS_IN_YEAR = 12
_GROUP_DIGITS = 3
_FIRST_DAWN: Final = timedelta(hours=14)  # before UTC, where a day begins first


class Unclear(ValueError):
    """A cell that has no single meaning: the sentence says how to settle it."""


def date_order(cells: Sequence[str]) -> DateOrder | None:
    """Return how 03/04/2026 is meant, from its column; None when it does not show."""
    parts = [found.groups() for cell in cells if (found := _SLASHED.fullmatch(cell))]
    day_first = any(int(first) > _MONTHS_IN_YEAR for first, _, _ in parts)
    month_first = any(int(second) > _MONTHS_IN_YEAR for _, second, _ in parts)
    if day_first == month_first:
        return None
    return "day first" if day_first else "month first"


def newest_day(now: datetime) -> date:
    """Return the last day that has begun anywhere on earth."""
    return (now + _FIRST_DAWN).date()


def read_date(
    cell: str, order: DateOrder | None, newest_on: date | None = None
) -> date:
    """Return the day a cell names, none after `newest_on` if given. Raises: Unclear."""
    text = cell.strip()
    try:
        found = _date(text, order)
    except ValueError as error:
        if isinstance(error, Unclear):
            raise
        raise Unclear("is not a day; write it as YYYY-MM-DD") from error
    if newest_on is not None and found > newest_on:
        raise Unclear(
            "has not come yet; correct it, or say `--date-order` if day and month are "
            "swapped"
        )
    return found


def _date(text: str, order: DateOrder | None) -> date:
    if _ISO.fullmatch(text):
        return date.fromisoformat(text[:10])
    if dotted := _DOTTED.fullmatch(text):
        return date(int(dotted[3]), int(dotted[2]), int(dotted[1]))
    slashed = _SLASHED.fullmatch(text)
    if slashed is None:
        return _written(text)
    first, second, year = (int(part) for part in slashed.groups())
    if order is None:
        raise Unclear(
            "can be read in two ways; say `--date-order`, or write YYYY-MM-DD"
        )
    day, month = (first, second) if order == "day first" else (second, first)
    return date(year, month, day)


def _written(text: str) -> date:
    for form in _WRITTEN:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    raise Unclear("is not a day; write it as YYYY-MM-DD")


def decimal_mark(cells: Sequence[str]) -> DecimalMark | None:
    """Return the decimal mark that a column shows; None when it does not show.

    Raises: Unclear when the column shows both.
    """
    marks = {mark for cell in cells if (mark := _mark(_digits(cell))) is not None}
    if len(marks) > 1:
        raise Unclear("mixes decimal commas and decimal points")
    return marks.pop() if marks else None


def _mark(text: str) -> DecimalMark | None:
    last = max(text.rfind(","), text.rfind("."))
    if last < 0:
        return None
    mark: DecimalMark = "," if text[last] == "," else "."
    other = "." if mark == "," else ","
    if text.count(mark) > 1:
        return "." if mark == "," else ","
    if other in text or len(text) - last - 1 != _GROUP_DIGITS or text[0] == "0":
        return mark
    return None


def read_value(cell: str, mark: DecimalMark | None) -> Decimal:
    """Return an amount in major units. Raises: Unclear."""
    text = _digits(cell)
    if mark is None and re.search(r"[.,]", text):
        raise Unclear("can be read in two ways; say `--decimal`, or write 1234.50")
    thousands = "." if mark == "," else ","
    plain = text.replace(thousands, "").replace("'", "").replace(",", ".")
    return _decimal(plain)


def read_count(cell: str) -> int:
    """Return a whole number, thousands grouped or not. Raises: Unclear."""
    text = _digits(cell)
    grouped = re.fullmatch(r"\d{1,3}(?:([.,'])\d{3})(?:\1\d{3})*", text)
    number = _decimal(re.sub(r"[.,']", "", text) if grouped else text)
    if number < 0 or number != number.to_integral_value():
        raise Unclear("must be a whole number, 0 or more")
    return int(number)


def _digits(cell: str) -> str:
    return _DECORATION.sub("", cell).replace("\u2212", "-").replace("\u2019", "'")


def _decimal(text: str) -> Decimal:
    if not _PLAIN.fullmatch(text):
        raise Unclear("is not a number of at most 15 digits")
    return Decimal(text)
