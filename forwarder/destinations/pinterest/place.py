"""City, state, postal code and country in the one form that is hashed."""

import re
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

import orjson
import pycountry

from forwarder.destinations.pinterest.texts import JUNK, Drop, Mended, ascii_digits

STATE_NOT_CODE: Final = Drop("state_not_code")
COUNTRY_UNKNOWN: Final = Drop("country_unknown")
NOT_A_POSTAL_CODE: Final = Drop("not_a_postal_code")

# Names that forms offer and ISO 3166 does not list.
_COUNTRY_ALIASES: Final = {
    "america": "us",
    "belgie": "be",
    "belgique": "be",
    "brasil": "br",
    "czech republic": "cz",
    "danmark": "dk",
    "deutschland": "de",
    "el": "gr",
    "england": "gb",
    "espana": "es",
    "great britain": "gb",
    "holland": "nl",
    "italia": "it",
    "ivory coast": "ci",
    "kosovo": "xk",
    "macau": "mo",
    "magyarorszag": "hu",
    "nederland": "nl",
    "norge": "no",
    "northern ireland": "gb",
    "osterreich": "at",
    "polska": "pl",
    "russia": "ru",
    "schweiz": "ch",
    "scotland": "gb",
    "suisse": "ch",
    "suomi": "fi",
    "sverige": "se",
    "the netherlands": "nl",
    "turkey": "tr",
    "turkiye": "tr",
    "uae": "ae",
    "uk": "gb",
    "united states of america": "us",
    "usa": "us",
    "wales": "gb",
    "xk": "xk",
}
_STATE_ALIASES: Final = {
    "us": {"washington dc": "dc"},
    "ca": {"newfoundland": "nl"},
}
_STATES_WITHOUT_COUNTRY: Final = ("us", "ca")
_ZIP_COUNTRIES: Final = frozenset({"us", "as", "gu", "mp", "pr", "vi"})
_ISO_3166_2 = re.compile(r"([a-z]{2})-([a-z0-9]{1,3})")
_ZIP_PLUS_4 = re.compile(r"[0-9]{5}-[0-9]{4}")
_LETTER_CODE = re.compile(r"[a-z]{2,3}")
_NOT_WORD = re.compile(r"[\W_]+")
_MAX_POSTAL_CHARS: Final = 16
_ZIP_DIGITS: Final = 5
_ZIP4_DIGITS: Final = 9


def city(text: str, _context: str | None) -> str | Drop:
    """Return the name in small letters without white space and punctuation."""
    lower = text.lower()
    if lower.isalnum():
        return lower
    kept = "".join(
        c for c in lower if not (c.isspace() or unicodedata.category(c)[0] == "P")
    )
    return kept or JUNK


def country(text: str, _context: str | None) -> str | Drop:
    """Return the ISO 3166 alpha-2 code in small letters."""
    lower = text.lower()
    codes = _countries()
    found = codes.get(lower)
    if found is None:
        found = codes.get(_key(lower))
    return COUNTRY_UNKNOWN if found is None else found


def state(text: str, place: str | None) -> str | Drop:
    """Return the code of a state in small letters; names only where they are known.

    `place` is the country of the address; without one a name is taken as one of the
    United States or Canada.
    """
    lower = text.lower()
    prefixed = _ISO_3166_2.fullmatch(lower)
    if prefixed is not None and prefixed[1] in _countries():
        return prefixed[2]
    for home in _STATES_WITHOUT_COUNTRY if place is None else (place,):
        codes = _states(home)
        found = codes.get(lower) or codes.get(_key(lower))
        if found is not None:
            return found
    return lower if _LETTER_CODE.fullmatch(lower) else STATE_NOT_CODE


def postal_code(text: str, place: str | None) -> str | Mended | Drop:
    """Return a ZIP as five digits, others as their letters and digits.

    `place` is the country of the address; ZIP+4 is known by its form without one.
    """
    kept = "".join(c for c in ascii_digits(text).lower() if c.isalnum())
    if not kept or len(kept) > _MAX_POSTAL_CHARS:
        return NOT_A_POSTAL_CODE
    is_plus_4 = place is None and _ZIP_PLUS_4.fullmatch(text.strip()) is not None
    return _zip(kept) if is_plus_4 or place in _ZIP_COUNTRIES else kept


def digits_only(text: str, normal: str) -> tuple[str, ...]:
    """Return the digits alone, as the letter of Pinterest's rule has it, if others."""
    kept = "".join(c for c in ascii_digits(text) if c.isdecimal())
    return (kept,) if kept and kept != normal else ()


def _zip(kept: str) -> str | Mended | Drop:
    digits = kept if kept.isdecimal() else "".join(c for c in kept if c.isdecimal())
    if len(digits) in (_ZIP_DIGITS, _ZIP4_DIGITS):
        return digits[:_ZIP_DIGITS]
    if len(digits) in (_ZIP_DIGITS - 1, _ZIP4_DIGITS - 1):
        # Spreadsheets eat the leading zero of New England.
        return Mended(f"0{digits}"[:_ZIP_DIGITS], "postal_code repaired")
    return NOT_A_POSTAL_CODE


def _key(lower: str) -> str:
    """Return a name without accents and punctuation, for looking it up only."""
    bare = "".join(
        c for c in unicodedata.normalize("NFKD", lower) if not unicodedata.combining(c)
    )
    return _NOT_WORD.sub(" ", bare.replace(".", "").replace("'", "")).strip()


@cache
def _countries() -> Mapping[str, str]:
    """Return every code and name of a country with its code, all in small letters."""
    codes = dict(_COUNTRY_ALIASES)
    for one in pycountry.countries:
        alpha_2 = one.alpha_2.lower()
        names = (
            getattr(one, n, None) for n in ("name", "common_name", "official_name")
        )
        for name in filter(None, names):
            codes.setdefault(name.lower(), alpha_2)
            codes.setdefault(_key(name.lower()), alpha_2)
        codes[alpha_2] = codes[one.alpha_3.lower()] = alpha_2
    return codes


@lru_cache(maxsize=256)  # there are no more countries with states
def _states(home: str) -> Mapping[str, str]:
    """Return the code of each code and name of a country, in small letters.

    Read from pycountry's file, 15 ms each: the objects it makes of all 5,000 would
    stay, with 8 MB.
    """
    file = Path(pycountry.subdivisions.filename)
    divisions = sorted(
        (one["code"].lower().partition("-")[2], _key(one["name"].lower()))
        for one in orjson.loads(file.read_bytes())["3166-2"]
        if one["code"].lower().startswith(f"{home}-")
    )
    names = {name: code for code, name in divisions}
    codes = {code: code for code, _ in divisions}  # win over another one's name
    return names | codes | _STATE_ALIASES.get(home, {})
