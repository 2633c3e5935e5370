"""What a rule says is wrong, and how counts and times are put into words."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

Severity = Literal["warn", "page"]
WARN: Final[Severity] = "warn"
PAGE: Final[Severity] = "page"
_DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One thing that is wrong now. `link` leads to the console's list of it, if any."""

    subject: str
    severity: Severity
    summary: str
    mend: str
    link: str = ""


def number(n: float, one: str, many: str = "") -> str:
    """Return a count with its noun: `1 event`, `2 events`."""
    return f"{n:,} {one if n == 1 else many or f'{one}s'}"


def span(time: timedelta) -> str:
    """Return a length of time in its largest fitting unit."""
    for unit, length_s in (("day", _DAY_S), ("hour", 3_600), ("minute", 60)):
        if abs(time.total_seconds()) >= 2 * length_s:
            return number(round(time.total_seconds() / length_s), unit)
    return number(round(time.total_seconds()), "second")
