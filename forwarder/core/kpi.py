"""What Pinterest counts of an account and its Pins, in the words of today.

Pin clicks were once called close-ups, outbound clicks link clicks, saves repins.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple


class Scope(StrEnum):
    """Whose counts a row holds."""

    ACCOUNT = "account"
    PIN = "pin"


class Counts(NamedTuple):
    """Counts of a day or of a period; rates are always computed anew from them.

    A tuple: a board makes ten thousand, each in a third of a data class's time.
    """

    impressions: int = 0
    pin_clicks: int = 0
    outbound_clicks: int = 0
    saves: int = 0


def total(counts: Iterable[Counts]) -> Counts:
    """Return the sum; nothing counted for nothing."""
    return Counts(*map(sum, zip(*counts, strict=True)))


@dataclass(frozen=True, slots=True, kw_only=True)
class KpiDay:
    """One day of the account, or of one Pin when `pin_id` names it."""

    on: date
    counts: Counts
    pin_id: str = ""
    title: str = ""
    is_final: bool = True


class PinFacts(NamedTuple):
    """What is told of a Pin itself; an empty text is not known.

    `page` is where it leads, without the query.
    """

    pin_id: str
    title: str = ""
    created_on: date | None = None
    pin_format: str = ""
    board_id: str = ""
    page: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """One board of the account and how many Pins stand on it."""

    board_id: str
    name: str
    n_pins: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceDay:
    """One day of the account in one kind of app: MOBILE, TABLET or WEB."""

    on: date
    device: str
    counts: Counts
    is_final: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a fired rule asks for in a month: a test that is due, and how it ended.

    `closed_at` None: still open. `note` is the outcome, or why it was dismissed.
    """

    rule: str
    month: str
    opened_on: date
    earliest_on: date
    due_on: date
    closed_at: datetime | None = None
    is_dismissed: bool = False
    note: str = ""
    who: str = ""
