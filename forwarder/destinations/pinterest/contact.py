"""E-mail addresses and phone numbers in the one form that is hashed.

Source: Pinterest's API description 5.23 and its page on enhanced match, read
2026-11-21; where both are silent, docs/destinations/pinterest.md says what we chose.
"""

import re
from functools import lru_cache
from typing import Final

from forwarder.destinations.pinterest.texts import (
    JUNK,
    ZERO_WIDTH,
    Drop,
    Mended,
    ascii_digits,
)

NOT_AN_EMAIL: Final = Drop("not_an_email")
RESERVED_DOMAIN: Final = Drop("reserved_domain")
PHONE_NO_COUNTRY: Final = Drop("phone_no_country")
NOT_A_PHONE: Final = Drop("not_a_phone")

# Nearly all addresses: decided at once. The exceptions below are told apart later.
_PLAIN_ADDRESS = re.compile(
    r"(?!no-?reply@|donotreply@|test@test\.)[a-z0-9!#$%&'*+/=?^_`{|}~.-]+"
    r"@(?:(?!example\.)[a-z0-9-]+\.)+(?!(?:example|test|invalid|localhost)\Z)[a-z0-9-]+",
    re.ASCII,
)
_PART = rf"[^\s@,;:<>()\[\]\"{ZERO_WIDTH}]+"
_ADDRESS = re.compile(rf"{_PART}@{_PART}\.{_PART}")
_IN_BRACKETS = re.compile(r"<([^<>]*)>\s*$")
_NOBODY: Final = ("noreply@", "no-reply@", "donotreply@", "test@test.")
_RESERVED_ENDS: Final = (".example", ".test", ".invalid", ".localhost")
_NO_ZERO_WIDTH: Final = dict.fromkeys(map(ord, ZERO_WIDTH))

_PLAIN_PHONE = re.compile(r"\+?[0-9 ().-]+")
_SEPARATORS: Final = " -()."
_LABEL = re.compile(r"^[^\d+(]*:\s*")
_EXTENSION = re.compile(r"(?i)(?<=[\d)\s.])[\s,]*(?:extension|extn?|x|#|;).*$")
_TRUNK_MARK = re.compile(r"\(\s*0\s*\)")
_MIN_DIGITS: Final = 7
_MAX_DIGITS: Final = 15
_INTERNATIONAL_DIGITS: Final = range(11, _MAX_DIGITS + 1)
_NANP_DIGITS: Final = 10  # North America: no trunk prefix worth stripping


def email(
    text: str, _context: str | None = None, *, drop_reserved: bool
) -> str | Mended | Drop:
    """Return the bare address in small letters, or why it identifies nobody."""
    lower = text.lower()
    if _PLAIN_ADDRESS.fullmatch(lower) is not None:
        return lower
    address = lower if _is_address(lower) else _mended_address(lower)
    if not _is_address(address):
        return NOT_AN_EMAIL
    verdict = _nobody(address, drop_reserved=drop_reserved)
    if verdict is not None:
        return verdict
    return address if address == lower else Mended(address, "email repaired")


def _mended_address(lower: str) -> str:
    """Take the address out of `Name <a@b>` and the white space out of the address."""
    inside = _IN_BRACKETS.search(lower)
    address = lower if inside is None else inside[1]
    bare = "".join(address.split()).translate(_NO_ZERO_WIDTH)
    return bare.removeprefix("mailto:")


def _is_address(lower: str) -> bool:
    if _ADDRESS.fullmatch(lower) is None:
        return False
    domain = lower.partition("@")[2]
    return domain[0] != "." and domain[-1] != "." and ".." not in domain


def _nobody(address: str, *, drop_reserved: bool) -> Drop | None:
    """Return why nobody reads this address, None if somebody may."""
    if address.startswith(_NOBODY):
        return JUNK
    domain = f".{address.partition('@')[2]}"
    is_reserved = domain.endswith(_RESERVED_ENDS) or ".example." in domain
    return RESERVED_DOMAIN if drop_reserved and is_reserved else None


def phone(text: str, home: str | None) -> str | Drop:
    """Return the digits with calling code, 7 to 15 of them, no leading zero.

    `home` is the ISO alpha-2 code, in small letters, that a national number is read
    in; without one a national number is dropped.
    """
    if _PLAIN_PHONE.fullmatch(text) is None:
        text = _plain_phone(text)
        if _PLAIN_PHONE.fullmatch(text) is None:
            return NOT_A_PHONE
    is_foreign = text.startswith(("+", "00", "(00"))
    if is_foreign and "(" in text:
        text = _TRUNK_MARK.sub("", text)
    return _checked(_bare(text), home)


def phone_with_trunk_zero(text: str, _normal: str) -> tuple[str, ...]:
    """Return what others hash of `+44 (0)20 ...`: the number with its bracketed 0."""
    if not text.startswith(("+", "00")) or _TRUNK_MARK.search(text) is None:
        return ()
    found = _checked(_bare(ascii_digits(text)), None)
    return () if isinstance(found, Drop) else (found,)


def _bare(text: str) -> str:
    for separator in _SEPARATORS:
        text = text.replace(separator, "")
    return text


def _plain_phone(text: str) -> str:
    """Cut label and extension; leave digits, a leading plus and plain separators.

    A letter that is left over stays and makes the number unfit.
    """
    ascii_text = ascii_digits(text).replace("\uff0b", "+")
    number = _EXTENSION.sub("", _LABEL.sub("", ascii_text))
    plus = "+" if number.lstrip("( ").startswith("+") else ""
    kept = "".join(c for c in number if c.isalnum() or c in "() ")
    return plus + kept.strip()


def _checked(digits: str, home: str | None) -> str | Drop:
    bare = digits.removeprefix("+")
    if not bare or bare == bare[0] * len(bare):
        return JUNK if bare else NOT_A_PHONE
    if digits[0] == "+":
        number: str | Drop = bare
    elif digits.startswith("00"):
        number = digits[2:]
    else:
        number = _national(digits, home)
    if isinstance(number, Drop):
        return number
    if not _MIN_DIGITS <= len(number) <= _MAX_DIGITS or number[0] == "0":
        return NOT_A_PHONE
    return JUNK if number == number[0] * len(number) else number


def _national(digits: str, home: str | None) -> str | Drop:
    """Return the number with its calling code; the common shapes without the library.

    The library takes 50 µs a number, a whole event may take 33.
    """
    code, has_zero_trunk = (None, False) if home is None else _dialling(home)
    if home is None or code is None:
        return digits if _looks_international(digits) else PHONE_NO_COUNTRY
    if code == "1" and digits[0] != "0":
        if len(digits) == _NANP_DIGITS and digits[0] != "1":
            return "1" + digits
        if len(digits) == _NANP_DIGITS + 1 and digits[0] == "1":
            return digits
    if has_zero_trunk and digits[0] == "0":
        return code + digits[1:]
    return _by_library(digits, home)


def _looks_international(digits: str) -> bool:
    return digits[0] != "0" and len(digits) in _INTERNATIONAL_DIGITS


@lru_cache(maxsize=512)
def _dialling(home: str) -> tuple[str | None, bool]:
    """Return a country's calling code and if a 0 before its numbers is only a trunk."""
    from phonenumbers import PhoneMetadata  # noqa: PLC0415  0.1 s; the web needs it not

    found = PhoneMetadata.metadata_for_region(home.upper())
    if found is None:
        return None, False
    is_simple = found.national_prefix_transform_rule is None
    return str(found.country_code), is_simple and (
        found.national_prefix_for_parsing == "0"
    )


@lru_cache(maxsize=4096)
def _by_library(digits: str, home: str) -> str | Drop:
    import phonenumbers  # noqa: PLC0415  likewise

    try:
        found = phonenumbers.parse(digits, home.upper())
    except phonenumbers.NumberParseException:
        return NOT_A_PHONE
    verdict = phonenumbers.is_possible_number_with_reason(found)
    if verdict == phonenumbers.ValidationResult.IS_POSSIBLE:
        national = phonenumbers.national_significant_number(found)
        return f"{found.country_code}{national}"
    return digits if _looks_international(digits) else NOT_A_PHONE
