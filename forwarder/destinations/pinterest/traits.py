"""Names, gender, birthday and the ids of shop and device, as they are hashed."""

import re
from datetime import date
from typing import Final

from forwarder.destinations.pinterest.texts import JUNK, Drop

GENDER_UNKNOWN: Final = Drop("gender_unknown")
BIRTHDAY_UNREADABLE: Final = Drop("birthday_unreadable")
BIRTHDAY_AMBIGUOUS: Final = Drop("birthday_ambiguous")
BIRTHDAY_IMPOSSIBLE: Final = Drop("birthday_impossible")

_GENDERS: Final = {
    "f": "f",
    "female": "f",
    "woman": "f",
    "m": "m",
    "male": "m",
    "man": "m",
    "n": "n",
    "nonbinary": "n",
}
_YEAR_FIRST = re.compile(
    r"(\d{4})(?:([-/.])(\d{1,2})\2(\d{1,2})|(\d\d)(\d\d))(?:[t ].*)?", re.ASCII
)
_YEAR_LAST = re.compile(r"(\d{1,2})([-/. ])(\d{1,2})\2(\d{4})", re.ASCII)
_MAX_MONTH: Final = 12
_FIRST_BIRTHDAY: Final = date(1900, 1, 2)  # the 1st is what forms send for "none"


def name(text: str, _context: str | None) -> str | Drop:
    """Return the name in small letters, single spaces; accents and hyphens stay."""
    lower = text.lower()
    if lower.isalpha():
        return lower
    if not any(map(str.isalnum, lower)):
        return JUNK
    return " ".join(lower.split())


def name_without_spaces(_text: str, normal: str) -> tuple[str, ...]:
    """Return the name as those write it who leave all spaces out, if it has any."""
    return (normal.replace(" ", ""),) if " " in normal else ()


def gender(text: str, _context: str | None) -> str | Drop:
    """Return f, m or n; n is non-binary and never "not told"."""
    word = text.lower().replace("-", "").replace(" ", "").replace("_", "")
    return _GENDERS.get(word, GENDER_UNKNOWN)


def birthday(text: str, today: str | None) -> str | Drop:
    """Return YYYYMMDD if the date can be read in one way only.

    `today` is the day of the event as YYYYMMDD: nobody buys before being born.
    """
    parts = _parts(text.lower())
    if isinstance(parts, Drop):
        return parts
    try:
        born_on = date(*parts)
    except ValueError:
        return BIRTHDAY_IMPOSSIBLE
    normal = f"{born_on.year:04}{born_on.month:02}{born_on.day:02}"
    if born_on < _FIRST_BIRTHDAY or (today is not None and normal > today):
        return BIRTHDAY_IMPOSSIBLE
    return normal


def _parts(lower: str) -> tuple[int, int, int] | Drop:
    found = _YEAR_FIRST.fullmatch(lower)
    if found is not None:
        return int(found[1]), int(found[3] or found[5]), int(found[4] or found[6])
    found = _YEAR_LAST.fullmatch(lower)
    if found is None:
        return BIRTHDAY_UNREADABLE
    first, second, year = int(found[1]), int(found[3]), int(found[4])
    if first == second or second > _MAX_MONTH:
        return year, first, second
    return (year, second, first) if first > _MAX_MONTH else BIRTHDAY_AMBIGUOUS


def external_id(text: str, _context: str | None = None, *, keep_case: bool) -> str:
    """Return the shop's id for its customer, as the site's tag is told to send it."""
    return text if keep_case else text.lower()


def maid(text: str, _context: str | None) -> str:
    """Return the advertising id of a phone in small letters."""
    return text.lower()


def maid_in_capitals(text: str, _normal: str) -> tuple[str, ...]:
    """Return the id in capitals, as two of five senders hash it."""
    return (text.upper(),)
