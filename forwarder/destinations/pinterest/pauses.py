"""How long Pinterest asks to be left alone: three headers, each in several forms."""

import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final

MIN_PAUSE_S: Final = 1.0
MAX_PAUSE_S: Final = 3600.0

_NUMBER = re.compile(r"\s*(\d{1,12})(?:\.\d+)?\s*(?:[,;].*)?", re.ASCII)


def pause_s(headers: Mapping[str, str]) -> float | None:
    """Return the pause asked for, 1 s to 1 h; None when nobody asked in words.

    `Retry-After` comes first, then `X-RateLimit-Reset`; garbage counts as absent.
    """
    told = headers.get("retry-after", "")
    wait_s = _number(told)
    if wait_s is None:
        wait_s = _until(told, headers.get("date", ""))
    if wait_s is None:
        wait_s = _number(headers.get("x-ratelimit-reset", ""))
    return None if wait_s is None else min(max(wait_s, MIN_PAUSE_S), MAX_PAUSE_S)


def spent_pause_s(headers: Mapping[str, str]) -> float | None:
    """Return the pause after the last request that was allowed, None before it."""
    is_spent = _number(headers.get("x-ratelimit-remaining", "")) == 0
    return pause_s(headers) if is_spent else None


def _number(text: str) -> float | None:
    found = _NUMBER.fullmatch(text)
    return None if found is None else float(found[1])


def _until(retry_at: str, answered_at: str) -> float | None:
    """Return the seconds between two HTTP dates, both by the platform's clock."""
    until, now = _date(retry_at), _date(answered_at)
    return None if until is None or now is None else (until - now).total_seconds()


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return None if found.tzinfo is None else found
